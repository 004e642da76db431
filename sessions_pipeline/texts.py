"""What a text column may hold: words that the program knows, digests, versions; never a sentence that somebody wrote.

A column with a list of words in `schemas.py` needs no rule here. Every other text column has one, by its name, and a
test says which lacks it. Names that a log gives are not ours to refuse: `odd_names` counts those that look like text.
"""

from __future__ import annotations

import polars as pl

from sessions_pipeline import schemas
from sessions_pipeline.rows import BadRowsError, name_rows

_WORD = "[a-z][a-z0-9_-]*"
# A sentence of the program itself: one line, no address, no markup.
_OWN_SENTENCE = r"[^\n\r@\\{}]{1,300}"
_LABEL = r"[\w.-]{1,40}"
_TERM = r"[\w:.^* ()=>-]{1,80}"
_HASH = "[0-9a-f]{32}"
# No text has so many characters and no space; which digest it is has changed with the versions.
_DIGEST = r"[\w-]{0,64}"
KEYS = ("session_id", "user_key", "project_key", "file_key")
# Column -> what all of a value must match.
RULES = {
    "user_key": f"(?:{_HASH})?",
    "project_key": _HASH,
    "file_key": _HASH,
    "digest": _DIGEST,
    "log_digest": _DIGEST,
    "transcript_sha256": _DIGEST,
    "prompt_sha256": _DIGEST,
    "reference_sha256": _DIGEST,
    "source": _WORD,
    "harness": _WORD,
    "model_tier": _WORD,
    "exclusion": _WORD,
    "rule": _WORD,
    "rule_set": _WORD,
    "classifier": _WORD,
    "labels_backend": _WORD,
    "specification": _WORD,
    "controls": _OWN_SENTENCE,
    "effects": _WORD,
    "estimator": _OWN_SENTENCE,
    "std_errors": _OWN_SENTENCE,
    "outcome": _WORD,
    "backend": _WORD,
    "exhibit": _WORD,
    "group": r"[\w.@:+ ,()&-]{1,100}",
    "group_value": _LABEL,
    "quantity": _WORD,
    "unit": _OWN_SENTENCE,
    "draw_id": _DIGEST,
    "file_sha256": _DIGEST,
    "stratum": r"[\w., =/|×-]{1,200}",
    "facet": _WORD,
    "breakdown": _WORD,
    "measure": _WORD,
    "level": rf"{_LABEL}(?:\|{_LABEL})?",  # of two labels together: both
    "rater": rf"{_WORD}(?: \d+)?",
    "term": _TERM,
    "engine": r"[a-z]+ [\w.]+(?:, [a-z]+ [\w.]+ \([a-z]+\))?",
    "sample": _OWN_SENTENCE,
    "missing_reason": _OWN_SENTENCE,
    "reason": _OWN_SENTENCE,
    # A word, a number, or four counts.
    "label": rf'{_LABEL}|\{{(?:"\w+": ?\d+(?:, ?)?)+\}}',
    "batch_id": r"[\w-]{1,100}",
}
# As the log has them.
FROM_LOGS = ("session_id", "model", "cli_version", "entrypoint")
_NAME = r"[\w.:/@+<>()\[\]-]{1,128}"


def free_texts(table: str) -> list[str]:
    """Text columns of `table` without a list of words in its model."""
    return [
        name
        for name, column in schemas.TABLES[table].to_schema().columns.items()
        if column.dtype.type == pl.String() and not any(check.name == "isin" for check in column.checks)
    ]


def keys_of(table: str) -> list[str]:
    """Columns that name a row of `table` without telling a text: its unique one, else months, words and levels."""
    columns = schemas.TABLES[table].to_schema().columns
    if unique := [name for name, column in columns.items() if column.unique]:
        return unique
    free = free_texts(table)
    words = [name for name, column in columns.items() if column.dtype.type == pl.String() and name not in free]
    words += [name for name in free if RULES.get(name) in (_WORD, _TERM)]
    return [name for name in columns if name in ("month", "session_id", "expertise", "step", "line_number", *words)]


def refuse_texts(table: str, rows: pl.DataFrame) -> None:
    """Raises BadRowsError, naming row and column and never the value, if a text is not what its column may hold."""
    for column in free_texts(table):
        if column in FROM_LOGS:
            continue
        fits = rows[column].str.contains(f"^(?:{RULES[column]})$")
        if at := (~fits).fill_null(False).arg_true().to_list():
            raise BadRowsError(f"{table}.{column} holds a text that is none of its own in {name_rows(rows, at)}")


def odd_names(rows: pl.DataFrame) -> dict[str, int]:
    """Column -> rows whose name, as the log gives it, is not like a name."""
    named = [name for name in FROM_LOGS if name in rows.columns]
    return {name: int((~rows[name].str.contains(f"^{_NAME}$")).sum()) for name in named}

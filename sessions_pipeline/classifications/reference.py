"""Labels of sessions in one shape for comparison: those of a reference file, and those of the backends.

What is compared is called a facet: a classifier, or one of the three shares that the decisions give. Agreement itself
is computed in `analysis.agreement`.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import polars as pl

from sessions_pipeline.classifications.backend import Decisions
from sessions_pipeline.classifications.classifiers import (
    CLASSIFIERS,
    HIGHEST_TASK_VALUE_USD,
    LOWEST_TASK_VALUE_USD,
    Classifier,
    task_value_band,
)

SESSION_COLUMN, PASS_COLUMN = "session_id", "pass"
# Columns that say where a label comes from; nothing is compared with them.
_ABOUT = ("file", "confidence", "month", "user", "probability")
DECISION_COLUMNS = tuple(Decisions.__dataclass_fields__)
RATINGS = {"rater": pl.String, "session_id": pl.String, "facet": pl.String, "label": pl.String, "value": pl.Float64}


class ReferenceFileError(ValueError):
    """A file of reference labels cannot be used at all. The message says what was expected."""


@dataclass(frozen=True)
class Facet:
    """What is compared. labels: those that may occur, in order; none for a share, whose value alone counts."""

    name: str
    kind: Literal["categorical", "ordinal", "price", "share"]
    labels: tuple[str, ...] = ()

    @property
    def levels(self) -> tuple[str, ...]:
        """The labels that have a place on a scale; none where labels have no order."""
        if self.kind == "categorical":
            return ()
        return tuple(label for label in self.labels if label != "unclear")


def _facets() -> Iterator[Facet]:
    for classifier in CLASSIFIERS.values():
        if classifier.kind == "decisions":
            yield Facet("user_planning_share", "share")
            yield Facet("user_execution_share", "share")
            yield Facet("user_decision_share", "share")
        else:
            yield Facet(classifier.name, classifier.kind, classifier.labels)


FACETS: dict[str, Facet] = {facet.name: facet for facet in _facets()}


def reference_columns() -> list[str]:
    """The columns of a reference file that hold labels."""
    columns: list[str] = []
    for classifier in CLASSIFIERS.values():
        columns += DECISION_COLUMNS if classifier.kind == "decisions" else [_column(classifier)]
    return columns


def _column(classifier: Classifier) -> str:
    return f"{classifier.name}_usd" if classifier.kind == "price" else classifier.name


@dataclass(frozen=True)
class Reference:
    """Labels of a reference file.

    ratings: RATINGS; the rater is `pass N`. A share of no decisions at all has neither label nor value: an answer, but
    nothing to compare. passes: their numbers, ascending. left_out: what could not be used, and
    where (columns, lines, sessions; cells that are no label are shown, so this is for whoever holds the file).
    sha256: digest of the file.
    """

    ratings: pl.DataFrame
    passes: tuple[int, ...]
    left_out: Mapping[str, list[str]]
    sha256: str

    @property
    def comparable(self) -> pl.DataFrame:
        """The ratings without shares of no decisions."""
        return self.ratings.filter(pl.col("label").is_not_null() | pl.col("value").is_not_null())

    @property
    def first(self) -> pl.DataFrame:
        """The labels of each session's first pass: those that others are compared with."""
        numbered = self.comparable.with_columns(number=pl.col("rater").str.strip_prefix("pass ").cast(pl.Int64))
        firsts = numbered.group_by("session_id").agg(pl.col("number").min())
        return numbered.join(firsts, on=["session_id", "number"], how="semi").drop("number")


def read_reference(path: Path) -> Reference:
    """The labels of a CSV file with a row per session and pass.

    Columns: session_id, pass (a whole number, 1 without the column), and any of `reference_columns`. An empty cell is
    no label. Raises ReferenceFileError if the file cannot be read or has no column session_id; all else that is wrong
    is left out and counted.
    """
    try:
        data = path.read_bytes()
        text = data.decode("utf-8-sig")
    except OSError as error:
        raise ReferenceFileError(f"cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ReferenceFileError(f"{path} is not valid UTF-8 (byte {error.start})") from error
    rows = csv.DictReader(io.StringIO(text, newline=""))
    columns = rows.fieldnames or ()
    if SESSION_COLUMN not in columns:
        raise ReferenceFileError(
            f"{path} has no column {SESSION_COLUMN}; expected a CSV file with the columns {SESSION_COLUMN}, "
            f"{PASS_COLUMN} and any of {', '.join(reference_columns())}"
        )
    wrong: dict[str, list[str]] = {}
    seen, ratings = set(), []
    for column in columns:
        if column not in (SESSION_COLUMN, PASS_COLUMN, *_ABOUT, *reference_columns()):
            _note(wrong, "unknown columns", _short(column))
    for row in rows:
        place = f"line {rows.line_num}"
        session, number = (row[SESSION_COLUMN] or "").strip(), (row.get(PASS_COLUMN) or "1").strip()
        if not session or None in row or not number.isdecimal():
            _note(wrong, "lines without a session_id, with a wrong pass or with too many cells", place)
        elif (session, int(number)) in seen:
            _note(wrong, "repeated sessions of the same pass; the first counts", session)
        else:
            seen.add((session, int(number)))
            for facet, label, value in _labels_of(row, session, wrong):
                ratings.append((f"pass {int(number)}", session, facet, label, value))
    return Reference(
        pl.DataFrame(ratings, schema=RATINGS, orient="row"),
        tuple(sorted({number for _, number in seen})),
        wrong,
        hashlib.sha256(data).hexdigest(),
    )


def _note(wrong: dict[str, list[str]], what: str, place: str) -> None:
    wrong.setdefault(what, []).append(place)


def _short(text: str) -> str:
    return repr(text[:40])


def _labels_of(
    row: Mapping[str, str | None], session: str, wrong: dict[str, list[str]]
) -> Iterator[tuple[str, str | None, float | None]]:
    """Facet, label and value of every label in a line of the file."""
    for classifier in CLASSIFIERS.values():
        columns = DECISION_COLUMNS if classifier.kind == "decisions" else (_column(classifier),)
        cells = [(row.get(column) or "").strip() for column in columns]
        if not any(cells):
            continue
        try:
            if classifier.kind == "decisions":
                yield from _shares(Decisions(*(_whole(cell) for cell in cells)))
            elif classifier.kind == "price":
                usd = _price(cells[0])
                yield classifier.name, task_value_band(usd), math.log10(usd)
            else:
                # A spreadsheet writes whole numbers with a decimal point.
                label = cells[0].removesuffix(".0")
                label = "none" if label == "0" and "none" in classifier.labels else label
                yield classifier.name, classifier.labels[classifier.labels.index(label)], None
        except ValueError:
            _note(wrong, f"unknown labels in {' + '.join(columns)}", f"{_short('/'.join(cells))} of session {session}")


def _whole(cell: str) -> int:
    number = float(cell)
    if number < 0 or not number.is_integer():
        raise ValueError(cell)
    return int(number)


def _price(cell: str) -> float:
    """US dollars, at the ends of the classifier's scale where they lie outside."""
    usd = float(cell)
    if not 0 <= usd < math.inf:
        raise ValueError(cell)
    return min(max(usd, LOWEST_TASK_VALUE_USD), HIGHEST_TASK_VALUE_USD)


def _shares(counts: Decisions) -> Iterator[tuple[str, None, float | None]]:
    """The user's shares, as `core.classified_sessions` has them; None where there was no decision of a kind."""
    planning = counts.planning_user, counts.planning_agent
    execution = counts.execution_user, counts.execution_agent
    for name, user, agent in (
        ("user_planning_share", *planning),
        ("user_execution_share", *execution),
        ("user_decision_share", planning[0] + execution[0], planning[1] + execution[1]),
    ):
        yield name, None, user / (user + agent) if user + agent else None


def current_labels(sessions: pl.DataFrame, labels: pl.DataFrame) -> pl.DataFrame:
    """Rows of `labels` that are current, as `staging.current_labels` picks them for one backend: status ok, read off
    the transcript as it is now, and of several versions the last.

    sessions: `core.sessions`; labels: `labels.classifications`.
    """
    return (
        labels.filter(pl.col("status") == "ok")
        .join(sessions, on=["session_id", "transcript_sha256"], how="semi")
        .sort("classified_at", "prompt_sha256", "model")
        .unique(["session_id", "backend", "classifier"], keep="last", maintain_order=True)
    )


def backend_ratings(sessions: pl.DataFrame, labels: pl.DataFrame) -> pl.DataFrame:
    """RATINGS of every backend: its current labels. sessions, labels: as for `current_labels`.

    Labels of classifiers, or label sets, that are no more are left out.
    """
    current = current_labels(sessions, labels)
    rows: list[tuple[str, str, str, str | None, float | None]] = []
    for backend, session, name, label, value in current.select(
        "backend", "session_id", "classifier", "label", "value"
    ).iter_rows():
        classifier = CLASSIFIERS.get(name)
        if classifier is None:
            continue
        if classifier.kind == "decisions":
            shares = _shares(Decisions(**json.loads(label)))
            rows += [(backend, session, *share) for share in shares if share[2] is not None]
        elif label in classifier.labels:
            price = classifier.kind == "price"
            rows.append((backend, session, name, label, math.log10(value) if price else None))
    return pl.DataFrame(rows, schema=RATINGS, orient="row")

"""No table holds what somebody wrote: every text column has words of its own, and anything else is refused."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from sessions_pipeline import schemas
from sessions_pipeline.rows import BadRowsError
from sessions_pipeline.snapshot import is_published
from sessions_pipeline.texts import FROM_LOGS, KEYS, RULES, free_texts, odd_names, refuse_texts
from sessions_pipeline_tests.test_warehouse import filled

HASH = "0123456789abcdef0123456789abcdef"
SESSION = {"user_key": HASH, "project_key": None, "exclusion": None, "harness": "claude_code", "model_tier": "opus"}


def test_every_text_column_of_every_table_has_its_words_or_a_rule() -> None:
    without = {
        f"{table}.{column}"
        for table in schemas.TABLES
        for column in free_texts(table)
        if column not in RULES and column not in FROM_LOGS
    }
    assert not without, f"say in sessions_pipeline/texts.py what these may hold: {', '.join(sorted(without))}"


def test_no_published_table_has_a_key_or_a_name_from_a_log() -> None:
    for table in filter(is_published, schemas.TABLES):
        assert not {*KEYS, *FROM_LOGS} & schemas.polars_schema(table).keys(), table


@pytest.mark.parametrize(
    ("column", "text"),
    [
        ("user_key", "ann"),
        ("user_key", "ann@example.com"),
        ("user_key", HASH + "\n"),
        ("project_key", "/home/ann/shop"),
        ("exclusion", "please fix the login test"),
        ("transcript_sha256", "please fix the login test"),
        ("model_tier", "Opus of Ann"),
    ],
)
def test_a_text_where_none_may_be_is_refused_by_row_and_column_and_not_repeated(column: str, text: str) -> None:
    good = filled("core.sessions", session_id="s1", **SESSION)
    bad = filled("core.sessions", **{**SESSION, "session_id": "s2", column: text})
    refuse_texts("core.sessions", good)
    with pytest.raises(BadRowsError) as caught:
        refuse_texts("core.sessions", pl.concat([good, bad]))
    assert f"core.sessions.{column} holds a text" in str(caught.value)
    assert "row 1 (session_id s2)" in str(caught.value)
    assert text not in str(caught.value)


def label(text: str | None) -> pl.DataFrame:
    known = {"classifier": "work_mode", "backend": "rules", "status": "ok", "reason": None, "batch_id": None}
    return filled("labels.classifications", session_id="s1", label=text, month=dt.date(2025, 10, 1), **known)


@pytest.mark.parametrize("text", [None, "build", "1250.0", "15", '{"user_planning": 3, "agent_planning": 0}'])
def test_a_label_is_a_word_a_number_or_counts(text: str | None) -> None:
    refuse_texts("labels.classifications", label(text))


@pytest.mark.parametrize("text", ["the person asked for it", '{"user_planning": "three"}', "build\n", ""])
def test_a_sentence_is_no_label(text: str) -> None:
    with pytest.raises(BadRowsError, match=r"labels\.classifications\.label"):
        refuse_texts("labels.classifications", label(text))


def test_names_that_a_log_gives_are_counted_where_they_look_like_text() -> None:
    names = ["0b6f-41", "rollout-2025", "my notes about Ann"]
    rows = pl.concat([filled("core.sessions", **{**SESSION, "session_id": name}) for name in names])
    refuse_texts("core.sessions", rows)
    rows = rows.with_columns(model=pl.Series(["claude-opus-4-1", "qwen3:8b", None]), cli_version=pl.lit("1.0.2"))
    assert odd_names(rows) == {"session_id": 1, "model": 0, "cli_version": 0, "entrypoint": 0}

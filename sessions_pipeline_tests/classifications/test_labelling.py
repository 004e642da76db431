"""Which sessions are asked again, and which never are."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl
import pytest

from sessions_pipeline.classifications.backend import TELEMETRY_READ, SessionToLabel
from sessions_pipeline.classifications.classifiers import CLASSIFIERS
from sessions_pipeline.classifications.labelling import label_month
from sessions_pipeline.classifications.rules import RulesBackend
from sessions_pipeline.schemas import polars_schema
from sessions_pipeline.sessions.transcripts import SCHEMA
from sessions_pipeline_tests.classifications.sessions import agent, error, human, ok, session, tool

MONTH = dt.date(2026, 1, 1)
FIRST, SECOND = dt.datetime(2026, 2, 1), dt.datetime(2026, 2, 2)
NOTHING = pl.DataFrame(schema=polars_schema("labels.classifications"))
TEXT = session(
    human("Add a search field to the member list."),
    agent(tool("Edit", "src/Members.tsx"), ok("updated"), "It is there."),
).transcript


def sessions(**columns: list[Any]) -> pl.DataFrame:
    """Sessions `a` and `b` with what labelling reads of `core.sessions`; a column that is not named is 0."""
    counts = {name: columns.get(name, [0, 0]) for name in (*TELEMETRY_READ["rules"], "output_tokens")}
    digests = {"transcript_sha256": ["x", "y"], "is_eligible": [True, True]}
    return pl.DataFrame({"session_id": ["a", "b"], **digests, **counts, "last_test_passed": [None, False]})


def transcripts(*names: str) -> pl.DataFrame:
    return pl.DataFrame([(name, TEXT, "Add a search field.") for name in names], schema=SCHEMA, orient="row")


def label(found: pl.DataFrame, known: pl.DataFrame, now: dt.datetime, text: pl.DataFrame | None = None) -> pl.DataFrame:
    return label_month(MONTH, found, transcripts("a", "b") if text is None else text, known, RulesBackend(), now)


def test_what_is_known_is_not_asked_again() -> None:
    first = label(sessions(), NOTHING, FIRST)
    assert first.height == 2 * len(CLASSIFIERS)
    assert label(sessions(), first, SECOND).equals(first)


def test_counts_that_the_rules_read_are_part_of_a_label_version() -> None:
    """A parser that learns to see commits gives session a other labels; session b is not asked again."""
    first = label(sessions(), NOTHING, FIRST)
    second = label(sessions(git_commits=[2, 0]), first, SECOND)
    assert second.height == first.height
    assert set(second.filter(session_id="a")["classified_at"]) == {SECOND}
    assert set(second.filter(session_id="b")["classified_at"]) == {FIRST}
    signals = [
        rows.row(by_predicate=(pl.col("session_id") == "a") & (pl.col("classifier") == "success_signal"), named=True)
        for rows in (first, second)
    ]
    assert signals[0]["value"] < signals[1]["value"]


def test_counts_that_no_rule_reads_change_nothing() -> None:
    first = label(sessions(), NOTHING, FIRST)
    assert label(sessions(output_tokens=[9, 9]), first, SECOND).equals(first)


def test_labels_of_purged_text_stay_whatever_changes() -> None:
    first = label(sessions(), NOTHING, FIRST)
    second = label(sessions(git_commits=[2, 2]), first, SECOND, transcripts("b"))
    assert second.filter(session_id="a").equals(first.filter(session_id="a"))
    assert set(second.filter(session_id="b")["classified_at"]) == {SECOND}


class Noted(Mapping[str, Any]):
    """Telemetry that notes which columns are read."""

    def __init__(self) -> None:
        self.read: set[str] = set()

    def __getitem__(self, column: str) -> Any:
        self.read.add(column)
        return True if column == "last_test_passed" else 3

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


@pytest.mark.parametrize("outcome", [ok("done"), error("failed")])
def test_rules_read_no_telemetry_beyond_their_version(outcome: str) -> None:
    noted = Noted()
    text = session(human("Fix the crash in `a.py`, run the tests."), agent(tool("Bash", "pytest"), outcome)).transcript
    list(RulesBackend().classify([SessionToLabel("s", text, "Fix it", noted)], CLASSIFIERS.values()))
    assert noted.read <= set(TELEMETRY_READ["rules"])
    assert {"lines_added", "git_commits", "interruptions"} <= noted.read

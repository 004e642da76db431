"""Which labels are asked, and which rows stay: of a backend that counts what it is asked, of claude, of the rules."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from sessions_pipeline.checks import unlabelled_share
from sessions_pipeline.classifications.backend import TELEMETRY_READ, Answer, LabellingStoppedError, SessionToLabel
from sessions_pipeline.classifications.classifiers import CLASSIFIERS, Classifier
from sessions_pipeline.classifications.labelling import Labelled, label_month
from sessions_pipeline.classifications.rules import RulesBackend
from sessions_pipeline.schemas import polars_schema
from sessions_pipeline.sessions.transcripts import SCHEMA
from sessions_pipeline.testing import FakeApi
from sessions_pipeline_tests.classifications.claude.conftest import api  # noqa: F401 (a fixture)
from sessions_pipeline_tests.classifications.claude.judged import backend
from sessions_pipeline_tests.classifications.sessions import agent, error, human, ok, session, tool
from sessions_pipeline_tests.dbt_like_sql.running import table

JANUARY = dt.date(2026, 1, 1)
NONE_KNOWN = pl.DataFrame(schema=polars_schema("labels.classifications"))
ALL = len(CLASSIFIERS)


@dataclass
class Judge:
    """Answers what it is asked with `status`, remembers what that was, and stops after `most` answers."""

    name: str = "claude"
    version: str = "m1"
    prompt: str = "p1"
    status: str = "ok"
    most: int = 1_000
    asked: list[tuple[str, str]] = field(default_factory=list)

    def model(self, classifier: Classifier) -> str:
        return self.version

    def prompt_sha256(self, classifier: Classifier) -> str:
        return self.prompt

    def classify(self, sessions: Sequence[SessionToLabel], classifiers: Iterable[Classifier]) -> Iterator[Answer]:
        for asked in sessions:
            for classifier in classifiers:
                if len(self.asked) == self.most:
                    raise LabellingStoppedError("no more money")
                self.asked.append((asked.session_id, classifier.name))
                label = "fix" if self.status == "ok" else None
                yield Answer(asked.session_id, classifier.name, label, None, self.status, cost_usd=0.5)


def sessions(**digests: str) -> pl.DataFrame:
    """Eligible sessions of January: id -> transcript digest."""
    count = len(digests)
    return table(
        "core.sessions",
        session_id=list(digests),
        month=[JANUARY] * count,
        transcript_sha256=list(digests.values()),
        is_eligible=[True] * count,
    )


def texts(*ids: str) -> pl.DataFrame:
    return pl.DataFrame(
        {"session_id": ids, "transcript": [f"[human]\n{i}" for i in ids], "opening": ids}, schema=SCHEMA
    )


def label(known: pl.DataFrame, judge: object, stored: pl.DataFrame, there: pl.DataFrame, day: int = 1) -> Labelled:
    return label_month(JANUARY, stored, there, known, judge, dt.datetime(2026, 2, day))  # type: ignore[arg-type]


def test_what_is_known_is_not_asked_and_a_new_session_is() -> None:
    first = label(NONE_KNOWN, Judge(), sessions(a="x"), texts("a")).rows
    judge = Judge()
    second = label(first, judge, sessions(a="x", b="y"), texts("a", "b"), day=2).rows
    assert {name for name, _ in judge.asked} == {"b"}
    assert second.height == 2 * ALL
    assert second.filter(session_id="a").equals(first)


@pytest.mark.parametrize("changed", [{"version": "m2"}, {"prompt": "p2"}])
def test_another_model_or_prompt_is_asked_anew_and_what_was_paid_stays(changed: dict[str, str]) -> None:
    first = label(NONE_KNOWN, Judge(), sessions(a="x"), texts("a")).rows
    second = label(first, Judge(**changed), sessions(a="x"), texts("a"), day=2).rows
    assert second.height == 2 * ALL
    assert first.join(second, on=first.columns, how="anti", nulls_equal=True).is_empty()


def test_another_transcript_is_asked_anew() -> None:
    first = label(NONE_KNOWN, Judge(), sessions(a="x"), texts("a")).rows
    judge = Judge()
    label(first, judge, sessions(a="longer"), texts("a"), day=2)
    assert len(judge.asked) == ALL


@pytest.mark.parametrize(("status", "again"), [("refused", 0), ("invalid", 0), ("expired", ALL), ("error", ALL)])
def test_only_what_came_to_nothing_and_cost_nothing_is_asked_again(status: str, again: int) -> None:
    first = label(NONE_KNOWN, Judge(status=status), sessions(a="x"), texts("a")).rows
    judge = Judge()
    second = label(first, judge, sessions(a="x"), texts("a"), day=2).rows
    assert len(judge.asked) == again
    assert second.height == ALL, "an answer takes the place of its failure"
    assert set(second["status"]) == ({"ok"} if again else {status})


def test_a_backend_that_stops_leaves_what_it_answered_and_says_why() -> None:
    first = label(NONE_KNOWN, Judge(most=4), sessions(a="x", b="y"), texts("a", "b"))
    assert (first.rows.height, first.stopped) == (4, "no more money")
    judge = Judge()
    second = label(first.rows, judge, sessions(a="x", b="y"), texts("a", "b"), day=2)
    assert (second.rows.height, second.stopped, len(judge.asked)) == (2 * ALL, None, 2 * ALL - 4)


def test_a_session_whose_text_was_purged_keeps_its_labels() -> None:
    first = label(NONE_KNOWN, Judge(), sessions(a="x"), texts("a")).rows
    judge = Judge(version="m2")
    assert label(first, judge, sessions(a="x"), texts(), day=2).rows.equals(first)
    assert judge.asked == []


def test_a_warehouse_that_was_lost_is_filled_from_the_store_and_the_other_way_round(
    api: FakeApi,  # noqa: F811
    tmp_path: Path,
) -> None:
    stored, there = sessions(a="x", b="y"), texts("a", "b")
    stored = stored.with_columns(month=pl.lit(JANUARY))
    first = label(NONE_KNOWN, backend(tmp_path), stored, there).rows
    paid = api.ledger()
    assert len(paid) == 2 * (ALL + 1)
    again = label(NONE_KNOWN, backend(tmp_path), stored, there).rows
    assert again.equals(first)
    (tmp_path / "elsewhere").mkdir()
    label(first, backend(tmp_path / "elsewhere"), stored, there)
    assert api.ledger() == paid


def test_the_unlabelled_share_is_counted_by_month_and_stratum() -> None:
    stored = sessions(a="x", b="y", c="z").with_columns(
        model_tier=pl.Series(["opus", "opus", "haiku"]), transcript_truncated=pl.Series([False, False, True])
    )
    labels = label(NONE_KNOWN, Judge(), sessions(a="x"), texts("a")).rows
    refused = label(NONE_KNOWN, Judge(status="refused"), sessions(c="z"), texts("c")).rows
    shares = unlabelled_share(pl.concat([labels, refused]), stored)
    assert shares.rows() == [
        (JANUARY, "haiku", True, ALL, ALL, 1.0),
        (JANUARY, "opus", False, 2 * ALL, ALL, 0.5),
    ]


FIRST, SECOND = dt.datetime(2026, 2, 1), dt.datetime(2026, 2, 2)
TEXT = session(
    human("Add a search field to the member list."),
    agent(tool("Edit", "src/Members.tsx"), ok("updated"), "It is there."),
).transcript


def counted(**columns: list[Any]) -> pl.DataFrame:
    """Sessions `a` and `b` with what labelling reads of `core.sessions`; a column that is not named is 0."""
    counts = {name: columns.get(name, [0, 0]) for name in (*TELEMETRY_READ["rules"], "output_tokens")}
    digests = {"transcript_sha256": ["x", "y"], "is_eligible": [True, True]}
    return pl.DataFrame({"session_id": ["a", "b"], **digests, **counts, "last_test_passed": [None, False]})


def transcripts_of(*names: str) -> pl.DataFrame:
    return pl.DataFrame([(name, TEXT, "Add a search field.") for name in names], schema=SCHEMA, orient="row")


def label_by_rules(
    found: pl.DataFrame, known: pl.DataFrame, now: dt.datetime, text: pl.DataFrame | None = None
) -> pl.DataFrame:
    there = transcripts_of("a", "b") if text is None else text
    return label_month(JANUARY, found, there, known, RulesBackend(), now).rows


def test_what_the_rules_labelled_is_not_asked_again() -> None:
    first = label_by_rules(counted(), NONE_KNOWN, FIRST)
    assert first.height == 2 * len(CLASSIFIERS)
    assert label_by_rules(counted(), first, SECOND).equals(first)


def test_counts_that_the_rules_read_are_part_of_a_label_version() -> None:
    """A parser that learns to see commits gives session a other labels; session b is not asked again."""
    first = label_by_rules(counted(), NONE_KNOWN, FIRST)
    second = label_by_rules(counted(git_commits=[2, 0]), first, SECOND)
    assert second.height == first.height
    assert set(second.filter(session_id="a")["classified_at"]) == {SECOND}
    assert set(second.filter(session_id="b")["classified_at"]) == {FIRST}
    signals = [
        rows.row(by_predicate=(pl.col("session_id") == "a") & (pl.col("classifier") == "success_signal"), named=True)
        for rows in (first, second)
    ]
    assert signals[0]["value"] < signals[1]["value"]


def test_a_paid_backend_is_not_asked_again_for_other_counts() -> None:
    judge = Judge()
    first = label(NONE_KNOWN, judge, counted(), transcripts_of("a", "b")).rows
    assert label(first, judge, counted(git_commits=[2, 2]), transcripts_of("a", "b"), day=2).rows.equals(first)
    assert len(judge.asked) == 2 * ALL


def test_counts_that_no_rule_reads_change_nothing() -> None:
    first = label_by_rules(counted(), NONE_KNOWN, FIRST)
    assert label_by_rules(counted(output_tokens=[9, 9]), first, SECOND).equals(first)


def test_labels_of_purged_text_stay_whatever_changes() -> None:
    first = label_by_rules(counted(), NONE_KNOWN, FIRST)
    second = label_by_rules(counted(git_commits=[2, 2]), first, SECOND, transcripts_of("b"))
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

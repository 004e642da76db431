"""Periods and current labels, on rows written out here."""

from __future__ import annotations

import datetime as dt

import duckdb
import polars as pl
import pytest

from sessions_pipeline.classifications.classifiers import CLASSIFIERS, Classifier
from sessions_pipeline_tests.dbt_like_sql.running import month, periods, run, table

JANUARY = {"first_month": month("2026-01"), "last_month": month("2026-01"), "backend": "rules"}


def sessions(*rows: tuple[str, str, str]) -> pl.DataFrame:
    """core.sessions of (session, month, transcript digest)."""
    ids, months, digests = zip(*rows, strict=True)
    return table("core.sessions", session_id=ids, month=list(map(month, months)), transcript_sha256=digests)


def answers(*rows: dict[str, object]) -> pl.DataFrame:
    """labels.classifications; what a row does not say is an ok label by the rules of transcript 'now' in January."""
    usual = {
        "session_id": "s",
        "month": month("2026-01"),
        "classifier": "work_mode",
        "label": None,
        "value": None,
        "backend": "rules",
        "model": "m",
        "prompt_sha256": "p",
        "transcript_sha256": "now",
        "status": "ok",
        "classified_at": dt.datetime(2026, 2, 1),
    }
    full = [usual | row for row in rows]
    return table("labels.classifications", **{name: [row[name] for row in full] for name in usual})


def current(stored: pl.DataFrame, *answered: dict[str, object], **parameters: object) -> pl.DataFrame:
    tables = {"core.sessions": stored, "labels.classifications": answers(*answered)}
    return run("staging.current_labels", tables, **(JANUARY | parameters))


def test_each_month_is_a_figure_alone_and_over_the_window_that_ends_in_it() -> None:
    three = table("core.classified_sessions", month=[month("2025-12"), month("2026-01"), month("2026-02")])
    assert periods(three, "2025-12", "2026-01", 3).rows() == [
        (month("2025-12"), "month", month("2025-12"), month("2025-12")),
        (month("2025-12"), "window", month("2025-10"), month("2025-12")),
        (month("2026-01"), "month", month("2026-01"), month("2026-01")),
        (month("2026-01"), "window", month("2025-11"), month("2026-01")),
    ]


def test_a_window_of_one_month_is_that_month() -> None:
    february = table("core.classified_sessions", month=[month("2026-02")])
    found = periods(february, "2026-02", "2026-02", 1)
    assert {row[2:] for row in found.rows()} == {(month("2026-02"), month("2026-02"))}


def test_a_month_without_sessions_has_no_figures() -> None:
    december_and_february = table("core.classified_sessions", month=[month("2025-12"), month("2026-02")])
    found = periods(december_and_february, "2025-12", "2026-03", 3)
    assert set(found["month"]) == {month("2025-12"), month("2026-02")}


def test_the_current_label_is_the_last_one_of_the_backend_for_the_transcript_as_it_is() -> None:
    labels = current(
        sessions(("s", "2026-01", "now")),
        {"label": "plan", "classified_at": dt.datetime(2026, 2, 1)},
        {"label": "build", "classified_at": dt.datetime(2026, 2, 3)},
        {"label": "fix", "classified_at": dt.datetime(2026, 2, 2)},
        {"label": "test", "classified_at": dt.datetime(2026, 2, 9), "backend": "claude"},
        {"label": "operate", "classified_at": dt.datetime(2026, 2, 9), "transcript_sha256": "before it grew"},
        {"label": None, "classified_at": dt.datetime(2026, 2, 9), "status": "refused"},
    )
    assert labels.select("session_id", "month", "labels_backend", "work_mode").rows() == [
        ("s", month("2026-01"), "rules", "build")
    ]


def test_at_the_same_instant_the_greater_prompt_then_model_counts() -> None:
    versions = [
        {"label": "plan", "prompt_sha256": "b", "model": "1"},
        {"label": "build", "prompt_sha256": "b", "model": "2"},
        {"label": "fix", "prompt_sha256": "a", "model": "3"},
    ]
    for order in (versions, versions[::-1]):
        assert current(sessions(("s", "2026-01", "now")), *order)["work_mode"].to_list() == ["build"]


def test_another_backend_has_its_own_labels() -> None:
    stored = sessions(("s", "2026-01", "now"))
    answered = ({"label": "plan"}, {"label": "build", "backend": "claude"})
    assert current(stored, *answered, backend="claude")["work_mode"].to_list() == ["build"]
    assert current(stored, *answered, backend="distilled").is_empty()


def test_the_month_is_the_session_s() -> None:
    stored = sessions(("s", "2026-01", "now"), ("later", "2026-02", "now"))
    labels = current(
        stored,
        {"label": "plan", "month": month("2025-12")},  # labelled before an earlier line was found
        {"label": "plan", "session_id": "later"},
    )
    assert labels.select("session_id", "month").rows() == [("s", month("2026-01"))]


def test_labels_become_columns() -> None:
    labels = current(
        sessions(("s", "2026-01", "now"), ("thin", "2026-01", "now"), ("without", "2026-01", "now")),
        {"classifier": "expertise", "label": "4", "value": 4.0},
        {"classifier": "success_signal", "label": "none", "value": 0.0},
        {"classifier": "failure_signal", "label": "5", "value": 5.0},
        {
            "classifier": "decisions",
            "label": '{"planning_user":3,"planning_agent":0,"execution_user":1,"execution_agent":12}',
        },
        {"classifier": "task_value", "label": "200-1000", "value": 450.5},
        {"session_id": "thin", "classifier": "expertise", "label": "unclear"},
        {"session_id": "thin", "classifier": "user_occupation", "label": "unclear"},
    )
    seen = labels.select(pl.exclude("month", "labels_backend")).to_dicts()
    assert [{name: value for name, value in row.items() if value is not None} for row in seen] == [
        {
            "session_id": "s",
            "expertise": 4,
            "success_signal": 0,
            "failure_signal": 5,
            "user_planning_decisions": 3,
            "agent_planning_decisions": 0,
            "user_execution_decisions": 1,
            "agent_execution_decisions": 12,
            "task_value_usd": 450.5,
            "task_value_band": "200-1000",
        },
        {"session_id": "thin", "user_occupation": "unclear"},
    ]


@pytest.mark.parametrize("classifier", CLASSIFIERS.values(), ids=CLASSIFIERS.keys())
def test_every_label_of_every_classifier_arrives(classifier: Classifier) -> None:
    labels = classifier.labels or ('{"planning_user":1,"planning_agent":1,"execution_user":1,"execution_agent":1}',)
    ids = [f"{number:03}" for number in range(len(labels))]
    rows = current(
        sessions(*((session, "2026-01", "now") for session in ids)),
        *(
            {"session_id": session, "classifier": classifier.name, "label": label, "value": 1.0}
            for session, label in zip(ids, labels, strict=True)
        ),
    )
    assert rows["session_id"].to_list() == ids
    arrived = rows.select(pl.exclude("session_id", "month", "labels_backend"))
    arrived = arrived[[column.name for column in arrived if column.null_count() < len(column)]]
    assert arrived.columns, f"{classifier.name} reaches no column"
    no_number = [classifier.kind == "ordinal" and label == "unclear" for label in labels]
    for column in arrived:
        assert column.is_null().to_list() == no_number


def test_a_label_that_is_no_level_stops_the_run() -> None:
    with pytest.raises(duckdb.ConversionException, match="quite expert"):
        current(sessions(("s", "2026-01", "now")), {"classifier": "expertise", "label": "quite expert"})

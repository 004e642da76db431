"""The wide table of eligible sessions: who is in it, and the derived measures, worked out by hand."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from sessions_pipeline_tests.dbt_like_sql.running import month, run, table

DERIVED = (
    "judged_success",
    "at_least_partial",
    "verified_success",
    "judged_failure",
    "verified_failure",
    "hit_trouble",
    "abandoned",
)


def classified(
    telemetry: dict[str, list[Any]], labels: dict[str, list[Any]], last_month: str = "2026-01"
) -> pl.DataFrame:
    """The model's rows; sessions are eligible sessions of January unless `telemetry` says otherwise."""
    count = len(telemetry["session_id"])
    usual = {"month": [month("2026-01")] * count, "is_eligible": [True] * count}
    tables = {
        "core.sessions": table("core.sessions", **(usual | telemetry)),
        "staging.current_labels": table("staging.current_labels", **labels),
    }
    return run("core.classified_sessions", tables, first_month=month("2026-01"), last_month=month(last_month))


def labelled(telemetry: dict[str, Any] | None = None, **labels: Any) -> dict[str, Any]:
    """The one row of one session with these labels."""
    rows = classified(
        {"session_id": ["s"]} | {name: [value] for name, value in (telemetry or {}).items()},
        {"session_id": ["s"]} | {name: [value] for name, value in labels.items()},
    )
    return rows.row(0, named=True)


def test_only_eligible_sessions_of_the_months_written_are_in_it() -> None:
    rows = classified(
        {
            "session_id": ["a", "b", "c", "d"],
            "month": [month("2026-01"), month("2026-01"), month("2025-12"), month("2026-02")],
            "is_eligible": [True, False, True, True],
        },
        {"session_id": ["b"], "work_mode": ["fix"]},
        last_month="2026-02",
    )
    assert rows["session_id"].to_list() == ["a", "d"]


def test_a_session_without_labels_keeps_its_telemetry_and_has_null_measures() -> None:
    rows = classified(
        {"session_id": ["s"], "human_prompts": [4], "tool_calls": [10], "assistant_words": [100], "lines_added": [0]},
        {"session_id": ["another"], "outcome": ["failed"]},
    )
    row = rows.row(0, named=True)
    assert row["labels_backend"] is None
    assert [row[name] for name in DERIVED] == [None] * len(DERIVED)
    assert row["software_user"] is None
    assert (row["wrote_code"], row["actions_per_prompt"], row["words_per_prompt"]) == (False, 2.5, 25.0)


@pytest.mark.parametrize(
    ("outcome", "success_signal", "failure_signal", "lines_added", "expected"),
    [
        # judged, partial, verified | failure, verified failure | trouble | abandoned
        ("succeeded", 4, 0, 5, (True, True, True, False, False, False, False)),
        ("succeeded", 5, 3, 0, (True, True, True, False, False, True, False)),
        ("succeeded", 3, 2, 0, (True, True, False, False, False, False, False)),
        ("partially_succeeded", 5, 4, 0, (False, True, False, False, False, True, False)),
        ("failed", 0, 4, 0, (False, False, False, True, True, True, True)),
        ("failed", 4, 3, 1, (False, False, False, True, False, True, False)),
        ("no_clear_goal", 0, 0, 0, (False, False, False, False, False, False, False)),
        ("succeeded", None, 1, 0, (True, True, None, False, False, False, False)),
        ("failed", None, None, 0, (False, False, None, True, None, None, True)),
        (None, 5, 5, 0, (None, None, None, None, None, True, None)),
    ],
)
def test_derived_outcomes(
    outcome: str | None,
    success_signal: int | None,
    failure_signal: int | None,
    lines_added: int,
    expected: tuple[bool | None, ...],
) -> None:
    row = labelled(
        {"lines_added": lines_added},
        outcome=outcome,
        success_signal=success_signal,
        failure_signal=failure_signal,
    )
    assert tuple(row[name] for name in DERIVED) == expected
    assert row["wrote_code"] == (lines_added > 0)


def test_decision_shares_are_null_without_decisions() -> None:
    row = labelled(
        user_planning_decisions=3,
        agent_planning_decisions=1,
        user_execution_decisions=0,
        agent_execution_decisions=0,
    )
    assert (row["user_planning_share"], row["user_execution_share"]) == (0.75, None)


@pytest.mark.parametrize(("occupation", "software"), [("15", True), ("11", False), ("unclear", None), (None, None)])
def test_software_users_are_those_of_group_15(occupation: str | None, software: bool | None) -> None:
    assert labelled(user_occupation=occupation)["software_user"] is software

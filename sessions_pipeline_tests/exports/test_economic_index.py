"""The long format: one row per number, worked out by hand for a small table."""

from __future__ import annotations

import datetime as dt

from sessions_pipeline.exports.economic_index import COLUMNS, long_format
from sessions_pipeline_tests.report.example import frame

APRIL = dt.date(2026, 4, 1)


def test_a_share_is_five_rows_and_a_suppressed_one_none() -> None:
    keys = {"month": APRIL, "period": "month", "suppressed": False}
    shares = frame(
        "marts.work_mode_shares",
        [
            {**keys, "work_mode": "fix", "sessions": 30, "users": 9, "estimate": 0.25, "ci_low": 0.2, "ci_high": 0.3},
            {**keys, "work_mode": "plan", "suppressed": True},
        ],
    )
    rows = long_format({"marts.work_mode_shares": shares}, window_months=7)
    assert tuple(rows.columns) == COLUMNS
    head = ("GLOBAL", "global", "2026-04-01", "2026-04-30", "Coding agents (own logs)", "work_mode", 0)
    assert rows.rows() == [
        (*head, "work_mode_shares", "fix", 0.25),
        (*head, "work_mode_shares_ci_high", "fix", 0.3),
        (*head, "work_mode_shares_ci_low", "fix", 0.2),
        (*head, "work_mode_shares_count", "fix", 30.0),
        (*head, "work_mode_shares_users", "fix", 9.0),
    ]


def test_a_window_starts_its_months_earlier_and_crossed_labels_are_joined() -> None:
    effort = frame(
        "marts.effort_by_expertise",
        [
            {
                "month": APRIL,
                "period": "window",
                "suppressed": False,
                "measure": "actions_per_prompt",
                "expertise": 3,
                "estimate": 8.5,
                "p50": 6.0,
            }
        ],
    )
    rows = long_format({"marts.effort_by_expertise": effort}, window_months=7)
    assert rows["date_start"].unique().to_list() == ["2025-10-01"]
    assert rows.select("facet", "variable", "cluster_name", "value").rows() == [
        ("measure::expertise", "effort_by_expertise", "actions_per_prompt::3", 8.5),
        ("measure::expertise", "effort_by_expertise_p50", "actions_per_prompt::3", 6.0),
    ]


def test_nothing_released_is_an_empty_table_with_its_columns() -> None:
    assert tuple(long_format({}, 7).columns) == COLUMNS

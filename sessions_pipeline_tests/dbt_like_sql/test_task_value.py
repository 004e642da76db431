"""Mean task value: hand-counted, against a second implementation, and what is suppressed."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from sessions_pipeline.classifications.classifiers import WORK_MODES
from sessions_pipeline_tests.dbt_like_sql.reference import (
    drawn_sessions,
    in_each_period,
    is_interval,
    january,
    mart,
    mean_interval,
    of_january,
    released,
    t_quantile,
)
from sessions_pipeline_tests.dbt_like_sql.running import month, table

NAME = "marts.task_value"


def test_means_and_medians_counted_by_hand() -> None:
    sessions = of_january(
        work_mode=["fix", "fix", "fix", "plan", "plan", None],
        user_key=["a", "b", "c", "a", "b", "c"],
        task_value_usd=[10.0, 20.0, 90.0, 100.0, None, 7.0],  # the last two lack a value or a mode
    )
    rows = january(NAME, sessions, min_users=1)
    assert rows.select("work_mode", "sessions", "users", "estimate", "median_usd").rows() == [
        ("all", 4, 3, 55.0, 55.0),
        ("fix", 3, 3, 40.0, 20.0),
        ("plan", 1, 1, 100.0, 100.0),
    ]


def test_values_that_never_differ_have_no_interval_rather_than_one_without_a_width() -> None:
    sessions = of_january(
        work_mode=["fix"] * 4,
        user_key=["a", "b", "c", "a"],
        task_value_usd=[500.0] * 4,
        actions_per_prompt=[3.0] * 4,
        words_per_prompt=[7.0] * 4,
        expertise=[2] * 4,
    )
    assert (
        january(NAME, sessions, min_users=1).select("estimate", "ci_low", "ci_high").rows() == [(500.0, None, None)] * 2
    )
    effort = january("marts.effort_by_expertise", sessions, min_users=1)
    assert effort["estimate"].to_list() == pytest.approx([3.0, 7.0])
    assert effort.select(pl.col("ci_low", "ci_high").null_count()).row(0) == (2, 2)


@pytest.mark.parametrize("seed", [1, 2])
def test_equals_a_second_implementation(seed: int) -> None:
    sessions = drawn_sessions(seed)
    rows = {(row["month"], row["period"], row["work_mode"]): row for row in mart(NAME, sessions, 1).to_dicts()}
    for key, inside in in_each_period(sessions.drop_nulls(["work_mode", "task_value_usd"])):
        for mode in ("all", *WORK_MODES):
            cell = inside if mode == "all" else inside.filter(work_mode=mode)
            row = rows.pop((*key.values(), mode), None)
            assert (row is None) == cell.is_empty()
            if row:
                values, users = cell["task_value_usd"].to_numpy(), cell["user_key"].to_list()
                assert (row["sessions"], row["users"]) == (len(values), len(set(users)))
                assert row["estimate"] == pytest.approx(values.mean(), rel=1e-12)
                assert row["median_usd"] == pytest.approx(np.median(values), rel=1e-12)
                assert is_interval(row, mean_interval(values, users))
    assert not rows


def test_the_t_quantile_is_scipy_s() -> None:
    # In month i there are i + 2 users with one session each, so the interval is the mean's plain t interval.
    months = pl.date_range(month("2010-01"), month("2026-01"), "1mo", eager=True).to_list()
    sizes = [*range(2, 60), 100, 1000]
    values = [np.random.default_rng(size).uniform(10, 5000, size).round(2) for size in sizes]
    sessions = table(
        "core.classified_sessions",
        month=[when for when, size in zip(months, sizes, strict=False) for _ in range(size)],
        user_key=[f"user {number}" for size in sizes for number in range(size)],
        work_mode=["fix"] * sum(sizes),
        task_value_usd=np.concatenate(values),
    )
    rows = released([NAME], sessions, 1, "2010-01", "2026-01", window_months=1)[NAME]
    rows = rows.filter(period="month", work_mode="all")
    assert rows["users"].to_list() == sizes
    for row, size, drawn in zip(rows.to_dicts(), sizes, values, strict=True):
        reach = (row["ci_high"] - row["ci_low"]) / 2 / (drawn.std(ddof=1) / np.sqrt(size))
        assert reach == pytest.approx(t_quantile(size), rel=1e-9 if size <= 5 else 2e-5 if size < 100 else 1e-9)


def test_a_single_user_has_means_without_intervals() -> None:
    rows = january(
        NAME, of_january(user_key=["a", "a"], work_mode=["fix", "fix"], task_value_usd=[10.0, 30.0]), min_users=1
    )
    assert rows.select("estimate", "ci_low", "ci_high", "suppressed").rows() == [(20.0, None, None, False)] * 2


def test_the_order_of_the_rows_changes_no_bit() -> None:
    sessions = drawn_sessions(3)
    assert mart(NAME, sessions, 5).equals(mart(NAME, sessions.sample(fraction=1, shuffle=True, seed=1), 5))

"""Effort per prompt by expertise: hand-counted, against a second implementation, and what is suppressed."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from scipy import stats

from sessions_pipeline.schemas import EFFORT_MEASURES
from sessions_pipeline_tests.dbt_like_sql.reference import (
    drawn_sessions,
    in_each_period,
    is_interval,
    january,
    mart,
    mean_interval,
    of_january,
)

NAME = "marts.effort_by_expertise"
QUANTILES = ("p05", "p25", "p50", "p75", "p95")


def test_distribution_counted_by_hand() -> None:
    sessions = of_january(
        user_key=["a", "b", "b", "c", "d", "e"],
        expertise=[2, 2, 2, 2, 2, None],
        actions_per_prompt=[0.0, 1.0, 10.0, 100.0, 10.0, 5000.0],
        words_per_prompt=[0.0, 0.0, 0.0, 0.0, 0.0, 5.0],
    )
    actions, words = january(NAME, sessions, min_users=1).to_dicts()
    assert [actions[name] for name in ("measure", "expertise", "sessions", "users", "zero_sessions")] == [
        "actions_per_prompt",
        2,
        5,
        4,
        1,
    ]
    assert actions["estimate"] == pytest.approx(10.0, rel=1e-9)
    # Sorted 0, 1, 10, 10, 100: quartiles on the second and fourth, 5% and 95% a fifth of the way to the ends.
    assert [actions[name] for name in QUANTILES] == pytest.approx([0.2, 1.0, 10.0, 10.0, 82.0])
    assert [words[name] for name in ("sessions", "zero_sessions", "estimate", "ci_low", "p95")] == [5, 5, None, None, 0]
    assert not words["suppressed"]


@pytest.mark.parametrize("seed", [1, 2])
def test_equals_a_second_implementation(seed: int) -> None:
    sessions = drawn_sessions(seed)
    rows = {
        (row["month"], row["period"], row["measure"], row["expertise"]): row
        for row in mart(NAME, sessions, 1).to_dicts()
    }
    for key, inside in in_each_period(sessions):
        for measure in EFFORT_MEASURES:
            for level in range(1, 6):
                cell = inside.filter(expertise=level)
                row = rows.pop((*key.values(), measure, level))
                efforts, positive = cell[measure].to_numpy(), cell.filter(pl.col(measure) > 0)
                assert (row["sessions"], row["users"]) == (cell.height, cell["user_key"].n_unique())
                assert row["zero_sessions"] == cell.height - positive.height
                assert [row[name] for name in QUANTILES] == pytest.approx(
                    np.quantile(efforts, [0.05, 0.25, 0.5, 0.75, 0.95]).tolist(), rel=1e-12
                )
                logs = np.log(positive[measure].to_numpy())
                assert row["estimate"] == pytest.approx(stats.gmean(positive[measure]), rel=1e-8)
                in_logs = {end: np.log(row[end]) if row[end] else None for end in ("ci_low", "ci_high")}
                assert is_interval(in_logs, mean_interval(logs, positive["user_key"].to_list()))
    assert not rows


def test_a_geometric_mean_of_too_few_users_is_suppressed() -> None:
    sessions = of_january(
        user_key=list("abcdefghi"),
        expertise=[1] * 9,
        actions_per_prompt=[2.0] * 9,
        words_per_prompt=[0.0] * 7 + [3.0, 4.0],
    )
    rows = january(NAME, sessions, min_users=3).filter(expertise=1)
    assert rows.select("measure", "suppressed").rows() == [("actions_per_prompt", False), ("words_per_prompt", True)]


def test_the_order_of_the_rows_changes_no_bit() -> None:
    sessions = drawn_sessions(3)
    assert mart(NAME, sessions, 5).equals(mart(NAME, sessions.sample(fraction=1, shuffle=True, seed=1), 5))

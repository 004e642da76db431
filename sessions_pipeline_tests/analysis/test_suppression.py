"""Withheld levels: those with too few users, and what would give them away."""

import datetime as dt

import numpy as np
import polars as pl
import pytest

from sessions_pipeline.analysis.suppression import (
    groups_with_enough_users,
    rates_as_released,
    users_per_group,
    withheld_levels,
)
from sessions_pipeline.schemas import polars_schema
from sessions_pipeline_tests.dbt_like_sql.running import table


def _sessions(users_by_level: dict[int, list[int]]) -> tuple[np.ndarray, np.ndarray]:
    """Level and user of sessions, one per entry."""
    pairs = [(level, user) for level, users in users_by_level.items() for user in users]
    return np.array([level for level, _ in pairs], dtype=np.int64), np.array(
        [user for _, user in pairs], dtype=np.int64
    )


def test_users_are_counted_once_per_group() -> None:
    group, user = _sessions({0: [7, 7, 7], 1: [7, 8], 3: [1, 2, 3, 1]})
    assert users_per_group(group, user).tolist() == [1, 2, 0, 3]


@pytest.mark.parametrize(
    ("users_by_level", "withheld"),
    [
        pytest.param({1: [1, 2, 3], 2: [1, 2, 3, 4]}, set(), id="all large enough"),
        pytest.param({1: [1, 1, 1, 2], 2: [3, 4, 5], 3: [1, 2, 3, 4]}, {1, 2}, id="one small: the next smallest goes"),
        pytest.param({1: [1, 2], 2: [3, 4], 3: [1, 2, 3]}, {1, 2}, id="two small that hide each other"),
        pytest.param({1: [1, 2], 2: [1, 2], 3: [4, 5, 6], 4: [1, 2, 3, 4]}, {1, 2, 3}, id="two small with one crowd"),
        pytest.param({1: [1], 2: [1]}, {1, 2}, id="nothing left to show"),
    ],
)
def test_what_is_withheld_cannot_be_had_as_total_minus_shown(
    users_by_level: dict[int, list[int]], withheld: set[int]
) -> None:
    assert withheld_levels(*_sessions(users_by_level), min_users=3) == withheld


def test_nothing_is_withheld_in_personal_mode() -> None:
    assert withheld_levels(*_sessions({1: [0], 4: [0, 0]}), min_users=1) == frozenset()


def test_rates_lose_the_numbers_that_the_marts_withhold_and_those_of_nobody_beside_them() -> None:
    january = dt.date(2026, 1, 1)
    released = pl.DataFrame(
        [
            (january, "month", "successes", "1", True),
            (january, "month", "successes", "2", False),
            (january, "month", "successes_in_trouble", "2", True),
        ],
        schema=polars_schema("staging.released"),
        orient="row",
    )
    rates = table(
        "analysis.adjusted_rates",
        month=[january] * 5,
        period=["month", "month", "month", "month", "window"],
        sample=["all", "all", "all", "hit_trouble", "all"],
        expertise=[1, 2, 3, 2, 1],
        sessions=[4, 9, 0, 5, 30],
        unadjusted=[0.5] * 5,
        degrees_of_freedom=[40] * 5,
    )
    found = rates_as_released(rates, released)
    assert found["sessions"].to_list() == [None, 9, None, None, 30]
    for name in ("unadjusted", "degrees_of_freedom"):
        assert found[name].is_null().to_list() == found["suppressed"].to_list() == [True, False, True, True, False]
    assert (found["missing_reason"].is_not_null() == found["suppressed"]).all()


def test_groups_with_enough_users_are_those_that_counting_finds() -> None:
    rng = np.random.default_rng(3)
    for _ in range(30):
        group, user = rng.integers(0, 8, 40), rng.integers(0, 15, 40)
        for threshold in (1, 2, 5):
            counted = users_per_group(group, user) >= threshold
            assert groups_with_enough_users(group, user, threshold).tolist() == counted.tolist()

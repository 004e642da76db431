"""Withheld levels: those with too few users, and what would give them away."""

import numpy as np
import pytest

from sessions_pipeline.analysis.suppression import users_per_group, withheld_levels


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

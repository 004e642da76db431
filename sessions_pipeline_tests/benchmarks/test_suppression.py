"""Teams of the benchmark of suppression: drawn as it says, counted once per breakdown, hidden where too few."""

from __future__ import annotations

import polars as pl

from benchmarks.suppression import MIN_USERS, MONTHS, WINDOW, counts_shown, team
from sessions_pipeline.months import window_ending


def test_a_team_has_about_three_sessions_a_person_and_month() -> None:
    drawn = team(400, 1)
    assert drawn["month"].n_unique() == MONTHS
    assert 2.5 < drawn.height / (400 * MONTHS) < 3.5
    assert team(400, 1).equals(drawn)
    assert not team(400, 2).equals(drawn)


def test_a_team_below_the_threshold_shows_nothing_and_a_session_counts_once_in_every_breakdown() -> None:
    """Four breakdowns have all sessions, professions those of a known occupation."""
    drawn = team(MIN_USERS - 1, 1)
    counted = pl.concat([drawn] * 4 + [drawn.drop_nulls("software_user")])
    inside = [
        counted.filter(pl.col("month").is_in(window_ending(last, WINDOW))).height
        for last in sorted(set(drawn["month"]))
    ]
    assert counts_shown(MIN_USERS - 1, 1) == {
        "by month": (0, counted.height),
        "over all windows": (0, sum(inside)),
        "over the newest window": (0, inside[-1]),
    }

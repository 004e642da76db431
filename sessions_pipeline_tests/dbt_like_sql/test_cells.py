"""Sums over users of month pairs, counted by hand: users of one session, of several, and of very many."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from sessions_pipeline_tests.dbt_like_sql.running import month, periods, run, table

JANUARY, FEBRUARY, MARCH = month("2026-01"), month("2026-02"), month("2026-03")
MONTHS = [JANUARY, FEBRUARY, MARCH, month("2026-04"), month("2026-05")]


def cells(*rows: tuple[str, Any, str, int | None, bool], times: int = 1) -> pl.DataFrame:
    """staging.cells of `times` sessions for each (user, month, work mode, expertise, transcript cut)."""
    users, months, modes, levels, cuts = zip(*(row for row in rows for _ in range(times)), strict=True)
    sessions = table(
        "core.classified_sessions",
        session_id=[str(number) for number in range(len(users))],
        user_key=users,
        month=months,
        work_mode=modes,
        expertise=levels,
        transcript_truncated=cuts,
    )
    tables = {"core.classified_sessions": sessions, "staging.periods": periods(sessions, "2026-01", "2026-03", 3)}
    return run("staging.cells", tables, first_month=JANUARY, last_month=MARCH)


def sums(found: pl.DataFrame, breakdown: str, level: str, *names: str) -> dict[tuple[Any, Any], tuple[Any, ...]]:
    rows = found.filter(breakdown=breakdown, level=level).select("month", "other_month", *names).rows()
    return {(row[0], row[1]): row[2:] for row in rows}


NAMES = ("sessions", "users", "sessions_sessions", "sessions_all", "y1", "y1_n", "y1_y1")


@pytest.mark.parametrize("times", [1, 12, 40])
def test_sums_of_users_who_come_back_are_products_over_their_months(times: int) -> None:
    found = cells(
        ("once", JANUARY, "fix", 3, True),
        ("ann", JANUARY, "fix", 3, True),
        ("ann", JANUARY, "plan", 3, False),
        ("ann", MARCH, "fix", 4, False),
        ("ben", FEBRUARY, "fix", None, True),
        ("ben", MARCH, "fix", None, True),
        times=times,
    )
    t, tt = times, times * times
    assert sums(found, "work_mode", "fix", *NAMES) == {
        (JANUARY, JANUARY): (2 * t, 2, 2 * tt, 3 * tt, 2 * t, 2 * tt, 2 * tt),  # once 1 of 1, ann 1 of her 2
        (FEBRUARY, FEBRUARY): (t, 1, tt, tt, t, tt, tt),
        (MARCH, MARCH): (2 * t, 2, 2 * tt, 2 * tt, t, tt, tt),
        (MARCH, JANUARY): (0, -1, 2 * tt, 3 * tt, 0, tt, 0),  # ann's 1 by 1, twice; 1 by all 2 and 1 by all 1
        (MARCH, FEBRUARY): (0, -1, 2 * tt, 2 * tt, 0, 2 * tt, 2 * tt),
    }
    assert sums(found, "work_mode", "plan", *NAMES) == {
        (JANUARY, JANUARY): (t, 1, tt, 2 * tt, 0, 0, 0),
        (MARCH, JANUARY): (0, 0, 0, tt, 0, 0, 0),  # a share's denominator goes on without the level
    }
    assert sums(found, "work_mode", "all", *NAMES) == {
        (JANUARY, JANUARY): (3 * t, 2, 5 * tt, 5 * tt, 2 * t, 3 * tt, 2 * tt),
        (FEBRUARY, FEBRUARY): (t, 1, tt, tt, t, tt, tt),
        (MARCH, MARCH): (2 * t, 2, 2 * tt, 2 * tt, t, tt, tt),
        (MARCH, JANUARY): (0, -1, 4 * tt, 4 * tt, 0, tt, 0),
        (MARCH, FEBRUARY): (0, -1, 2 * tt, 2 * tt, 0, 2 * tt, 2 * tt),
    }
    assert sums(found, "expertise", "3", "sessions", "users", "n_n") == {
        (JANUARY, JANUARY): (3 * t, 2, 5 * tt),
    }


@pytest.mark.parametrize("times", [1, 20])
def test_a_user_who_comes_back_twice_counts_again_only_after_the_month_before(times: int) -> None:
    months = (JANUARY, FEBRUARY, MARCH)
    found = cells(*(("ann", one, "fix", 3, False) for one in months), times=times)
    assert sums(found, "expertise", "3", "users") == {
        (JANUARY, JANUARY): (1,),
        (FEBRUARY, FEBRUARY): (1,),
        (MARCH, MARCH): (1,),
        (FEBRUARY, JANUARY): (-1,),
        (MARCH, FEBRUARY): (-1,),
        (MARCH, JANUARY): (0,),
    }


@pytest.fixture(scope="module")
def of_five_months() -> dict[str, pl.DataFrame]:
    """Over five months, twelve users with one session and sixteen with two to nine, who come back, pause or stay away;
    windows of four."""
    rng = np.random.default_rng(1)
    user = np.repeat(np.arange(28), [1] * 12 + [sessions for sessions in range(2, 10) for _ in range(2)])
    sessions = table(
        "core.classified_sessions",
        session_id=[str(number) for number in range(user.size)],
        user_key=[f"user {number}" for number in user],
        month=[MONTHS[number] for number in rng.integers(0, 5, user.size)],
        work_mode=rng.choice(["fix", "plan", "build"], user.size).tolist(),
        expertise=rng.integers(1, 6, user.size).tolist(),
        task_value_usd=np.exp(rng.normal(5, 1, user.size)).tolist(),
        words_per_prompt=np.exp(rng.normal(3, 1, user.size)).tolist(),
    )
    tables = {"core.classified_sessions": sessions, "staging.periods": periods(sessions, "2026-01", "2026-05", 4)}
    return tables | {"staging.cells": run("staging.cells", tables, first_month=MONTHS[0], last_month=MONTHS[-1])}


@pytest.mark.parametrize("number", range(1, 5))
def test_a_run_of_later_months_has_the_cells_that_a_run_of_all_has_of_them(
    of_five_months: dict[str, pl.DataFrame], number: int
) -> None:
    """With every pair of a month and one of its window's before, so also what users did who came back."""
    found = run("staging.cells", of_five_months, first_month=MONTHS[number], last_month=MONTHS[-1])
    reached = MONTHS[max(number - 3, 0)]
    expected = of_five_months["staging.cells"].filter(
        pl.col("month") >= MONTHS[number], pl.col("other_month") >= reached
    )
    assert (expected["other_month"] < expected["month"]).any()
    # Sums of squares of numbers beyond 2^53 are rounded in the order of the rows.
    assert_frame_equal(found, expected, check_row_order=False, check_exact=False, rel_tol=1e-9, abs_tol=0)

"""Work-mode shares: hand-counted, against a second implementation, and what is suppressed."""

from __future__ import annotations

import polars as pl
import pytest

from sessions_pipeline.classifications.classifiers import WORK_MODES
from sessions_pipeline_tests.dbt_like_sql.reference import (
    drawn_sessions,
    in_each_period,
    is_interval,
    january,
    mart,
    of_january,
    rate_interval,
)
from sessions_pipeline_tests.dbt_like_sql.running import month, table

NAME = "marts.work_mode_shares"


def of_users(**users: str) -> pl.DataFrame:
    """One session of January for each letter: mode="abc" is a session of that mode by the users a, b and c."""
    sessions = [(mode, user) for mode, letters in users.items() for user in letters]
    return of_january(work_mode=[mode for mode, _ in sessions], user_key=[user for _, user in sessions])


def suppressed(rows: pl.DataFrame) -> set[str]:
    return set(rows.filter("suppressed")["work_mode"])


def test_shares_counted_by_hand() -> None:
    rows = january(NAME, of_users(plan="aab", build="abbccc", fix="a"), min_users=1)
    seen = {row["work_mode"]: (row["sessions"], row["users"], row["estimate"]) for row in rows.to_dicts()}
    assert seen == dict.fromkeys(WORK_MODES, (0, 0, 0.0)) | {
        "plan": (3, 2, 0.3),
        "build": (6, 3, 0.6),
        "fix": (1, 1, 0.1),
    }


def test_a_window_counts_each_user_once_and_ends_in_its_month() -> None:
    sessions = table(
        "core.classified_sessions",
        month=[month(text) for text in ("2025-11", "2025-12", "2026-01", "2026-01", "2026-02")],
        user_key=["a", "a", "a", "b", "c"],
        work_mode=["plan", "fix", "plan", "fix", "plan"],
    )
    rows = mart(NAME, sessions, 1, "2026-01", "2026-02").filter(pl.col("sessions") > 0)
    assert rows.select("month", "period", "work_mode", "sessions", "users").rows() == [
        (month("2026-01"), "month", "fix", 1, 1),
        (month("2026-01"), "month", "plan", 1, 1),
        (month("2026-01"), "window", "fix", 2, 2),
        (month("2026-01"), "window", "plan", 2, 1),
        (month("2026-02"), "month", "plan", 1, 1),
        (month("2026-02"), "window", "fix", 2, 2),
        (month("2026-02"), "window", "plan", 2, 2),
    ]


@pytest.mark.parametrize("seed", [1, 2])
def test_equals_a_second_implementation(seed: int) -> None:
    sessions = drawn_sessions(seed)
    rows = {(row["month"], row["period"], row["work_mode"]): row for row in mart(NAME, sessions, 1).to_dicts()}
    expected = [
        (key["month"], key["period"], mode, inside.drop_nulls("work_mode"))
        for key, inside in in_each_period(sessions)
        for mode in WORK_MODES
    ]
    assert len(rows) == len(expected)
    for *key, inside in expected:
        row, of_mode = rows[tuple(key)], inside.filter(work_mode=key[2])
        assert (row["sessions"], row["users"]) == (of_mode.height, of_mode["user_key"].n_unique())
        assert row["estimate"] == pytest.approx(of_mode.height / inside.height, rel=1e-12)
        hits = (inside["work_mode"] == key[2]).cast(pl.Float64).to_numpy()
        assert is_interval(row, rate_interval(hits, inside["user_key"].to_list()))


def test_intervals_at_0_and_1_have_a_width_and_stay_inside() -> None:
    rows = january(NAME, of_users(plan="aabcdef"), min_users=1)
    one, zero = rows.row(by_predicate=pl.col("work_mode") == "plan", named=True), rows.row(0, named=True)
    assert (one["estimate"], one["ci_high"], zero["estimate"], zero["ci_low"]) == (1.0, 1.0, 0.0, 0.0)
    # Six users, one with two of the seven sessions: an effective size of 49 / 9; t with 5 degrees of freedom.
    k = 2.5705818366147395**2 / (49 / 9)
    assert zero["ci_high"] == pytest.approx(k / (1 + k), rel=2e-5)
    assert one["ci_low"] == pytest.approx(1 / (1 + k), rel=2e-5)


def test_nothing_is_suppressed_and_no_interval_is_claimed_for_a_single_user() -> None:
    rows = january(NAME, of_users(plan="aaa", fix="a"), min_users=1)
    assert suppressed(rows) == set()
    assert rows["estimate"].sum() == 1
    assert rows["ci_low"].null_count() == rows["ci_high"].null_count() == len(WORK_MODES)


def test_a_month_of_too_few_users_shows_nothing_not_even_zeros() -> None:
    rows = january(NAME, of_users(plan="ab", fix="a"), min_users=3)
    assert suppressed(rows) == set(WORK_MODES)


def test_the_order_of_the_rows_changes_no_bit() -> None:
    sessions = drawn_sessions(3)
    assert mart(NAME, sessions, 5).equals(mart(NAME, sessions.sample(fraction=1, shuffle=True, seed=1), 5))


def test_sessions_without_a_label_make_no_rows() -> None:
    assert january(NAME, of_january(user_key=["a", "b"], work_mode=[None, None]), min_users=1).is_empty()

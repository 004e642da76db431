"""The simulated study: as many sessions, users and levels as published, and estimates that find what was planted."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from sessions_pipeline.analysis.models import coefficients
from sessions_pipeline.analysis.samples import prepare
from sessions_pipeline.analysis.specifications import TABLE_A1, TABLE_A2, Specification
from sessions_pipeline.classifications.classifiers import WORK_MODES
from sessions_pipeline.schemas import validate
from sessions_pipeline.simulate.study import (
    SESSIONS,
    STEPS,
    Planted,
    Study,
    mode_shares,
    session_users,
    simulate_study,
    telemetry,
)

SMALL = 40_000
COLUMN_5 = TABLE_A1[4]


@pytest.fixture(scope="module")
def study() -> Study:
    return simulate_study(SMALL, seed=1)


def estimates(frame: pl.DataFrame, specification: Specification) -> list[dict[str, object]]:
    return coefficients(prepare(frame, [specification]), specification, min_users=5)


def within_two_errors(row: dict[str, object], planted: float) -> bool:
    return abs(float(row["estimate"]) - planted) < 2 * float(row["std_error"])


def test_users_are_as_many_as_published_and_come_back_as_often() -> None:
    sessions = np.bincount(session_users(np.random.default_rng(0), SESSIONS))
    assert (sessions.sum(), sessions.size) == (398_198, 234_751)
    assert [(sessions > least).sum() for least in (0, 1, 5, 10)] == [234_751, 73_066, 6_382, 1_413]


def test_work_modes_go_from_the_published_first_month_to_the_published_last_month() -> None:
    shares = mode_shares()
    fix, operate = shares[:, WORK_MODES.index("fix")], shares[:, WORK_MODES.index("operate")]
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    assert (fix[0], fix[-1], fix.mean()) == pytest.approx((0.33, 0.19, 0.26), abs=0.005)
    assert (operate[0], operate[-1], operate.mean()) == pytest.approx((0.14, 0.21, 0.17), abs=0.005)


def test_levels_are_as_frequent_as_published_and_rows_are_valid(study: Study) -> None:
    in_sample = study.sessions.filter(pl.col("outcome") != "no_clear_goal", pl.col("expertise").is_not_null())
    counts = in_sample["expertise"].value_counts().sort("expertise")["count"].to_numpy()
    published = np.array([5_911, 73_858, 96_516, 146_879, 36_422])
    np.testing.assert_allclose(counts / SMALL, published / SESSIONS, atol=2 / SMALL)
    validate("core.classified_sessions", study.sessions)
    validate("core.sessions", telemetry(study.sessions))


def test_planted_steps_are_the_published_ones_but_for_rounding_and_their_line_is_column_5(study: Study) -> None:
    assert study.planted.slope == pytest.approx(0.0379, abs=1e-12)
    np.testing.assert_allclose(study.planted.steps, STEPS, atol=0.001)
    assert np.nanmin(study.planted.chance) >= 0
    assert np.nanmax(study.planted.chance) <= 1


def test_column_5_and_table_a2_find_what_was_planted(study: Study) -> None:
    (slope,) = estimates(study.sessions, COLUMN_5)
    assert within_two_errors(slope, study.planted.slope)
    steps = estimates(study.sessions, TABLE_A2)
    assert all(within_two_errors(row, step) for row, step in zip(steps, study.planted.steps[1:], strict=True))


def test_without_noise_the_chances_hold_the_steps_exactly(study: Study) -> None:
    """Chances in place of outcomes: within cells they differ by the planted steps and by nothing else."""
    planted: Planted = study.planted
    cells = ["work_mode", "task_value_band", "month", "task_occupation", "user_occupation"]
    step = pl.col("expertise").replace_strict([1, 2, 3, 4, 5], list(planted.steps), return_dtype=pl.Float64)
    rest = study.sessions.with_columns(rest=pl.Series(planted.chance) - step).filter(~pl.col("rest").is_nan())
    spread = rest.group_by(cells).agg(pl.col("rest").max() - pl.col("rest").min())
    assert spread["rest"].max() < 1e-12


def test_outcomes_of_a_user_are_alike_and_their_rates_follow_the_chances(study: Study) -> None:
    known = study.sessions.with_columns(chance=pl.Series(study.planted.chance)).filter(~pl.col("chance").is_nan())
    surprise = known.select("user_key", s=pl.col("verified_success").cast(pl.Float64) - pl.col("chance"))
    assert abs(surprise["s"].mean()) < 4 * 0.45 / np.sqrt(known.height)
    by_user = surprise.group_by("user_key").agg(pl.col("s").sum() ** 2 - (pl.col("s") ** 2).sum(), n=pl.len())
    within_users = by_user["s"].sum() / (by_user["n"] * (by_user["n"] - 1)).sum()
    assert within_users / surprise["s"].var() > 0.05


def test_the_same_seed_gives_the_same_study() -> None:
    assert simulate_study(2_000, seed=5).sessions.equals(simulate_study(2_000, seed=5).sessions)
    assert not simulate_study(2_000, seed=6).sessions.equals(simulate_study(2_000, seed=5).sessions)


def test_too_few_sessions_are_refused() -> None:
    with pytest.raises(ValueError, match="too few for the published proportions"):
        simulate_study(100)

"""Adjusted rates: the study's recentring, equal to independent computations, and honest where data are few."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from sessions_pipeline.analysis.adjusted import adjusted_rates, choose_controls, recentred, series
from sessions_pipeline.analysis.models import coefficients
from sessions_pipeline.analysis.samples import prepare
from sessions_pipeline.analysis.specifications import CONTROLS, FIGURE_5, LEVELS, TABLE_A2, Specification
from sessions_pipeline.classifications.classifiers import WORK_MODES
from sessions_pipeline.schemas import polars_schema, validate
from sessions_pipeline_tests.analysis.sessions import MONTH, classified_sessions, drawn_sessions

VERIFIED = next(s for s in FIGURE_5 if s.name == "figure_5_all_verified_success")


def rates(frame: pl.DataFrame, min_users: int = 5, specification: Specification = VERIFIED) -> pl.DataFrame:
    """The five rows of one series."""
    choice = choose_controls(prepare(frame, [specification]), specification, min_users)
    rows = series(choice, specification, min_users)
    return pl.DataFrame(rows, schema=polars_schema("analysis.adjusted_rates")).drop("month", "period")


def test_recentring_gives_the_published_adjusted_rates() -> None:
    """Table A2 as published: sessions, unadjusted and adjusted rates, coefficients against novice."""
    sessions = np.array([5911, 73858, 96516, 146879, 36422])
    unadjusted = np.array([0.132, 0.209, 0.280, 0.293, 0.347])
    adjusted = np.array([0.145, 0.209, 0.283, 0.295, 0.329])
    effects = np.array([0, 0.064, 0.138, 0.150, 0.184])
    shares = sessions / sessions.sum()
    assert shares @ unadjusted == pytest.approx(0.275, abs=0.0005)
    assert shares @ adjusted == pytest.approx(0.275, abs=0.0005)
    np.testing.assert_allclose(recentred(effects, shares, float(shares @ unadjusted)), adjusted, atol=0.001)


def test_the_session_weighted_mean_is_the_raw_mean() -> None:
    table = adjusted_rates(drawn_sessions(seed=1), MONTH, "window", min_users=5)
    sums = table.group_by("sample", "measure").agg(
        raw=(pl.col("unadjusted") * pl.col("sessions")).sum(), adjusted=(pl.col("estimate") * pl.col("sessions")).sum()
    )
    assert sums.height == 9
    np.testing.assert_allclose(sums["adjusted"], sums["raw"], rtol=1e-10)


def test_without_controls_rates_and_errors_are_those_of_the_level_means() -> None:
    """Each level's mean with clustered standard error, by statsmodels on five dummies and no intercept."""
    import statsmodels.api as sm

    # Eight or nine sessions in each of 36 cells, fewer than 12 users: only column 1 can keep them.
    frame = drawn_sessions(seed=5, n=300, users=60)
    scattered = frame.with_columns(
        work_mode=pl.Series([WORK_MODES[i % 9] for i in range(300)]),
        task_value_band=pl.Series(["10-200", "200-1000", "1000-5000", "5000-50000"]).gather(
            [i // 9 % 4 for i in range(300)]
        ),
    )
    ours = rates(scattered, min_users=12)
    assert set(ours["controls"]) == {"table_a1_1"}
    level = scattered["expertise"].to_numpy()
    clusters = np.unique(scattered["user_key"].to_list(), return_inverse=True)[1]
    theirs = sm.OLS(
        scattered["verified_success"].cast(pl.Float64).to_numpy(),
        np.column_stack([level == value for value in LEVELS]).astype(float),
    ).fit(cov_type="cluster", cov_kwds={"groups": clusters}, use_t=True)
    np.testing.assert_allclose(ours["estimate"], ours["unadjusted"], rtol=1e-10)
    np.testing.assert_allclose(ours["estimate"], theirs.params, rtol=1e-8)
    np.testing.assert_allclose(ours["std_error"], theirs.bse, rtol=1e-8)
    np.testing.assert_allclose(ours.select("ci_low", "ci_high"), theirs.conf_int(), rtol=1e-8)


def _margins(y: np.ndarray, level: np.ndarray, dummies: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Predictive margins at each level by weighted least squares on level and cell dummies."""
    indicators = np.column_stack([level == value for value in LEVELS[1:]]).astype(float)
    root = np.sqrt(weight)[:, None]
    solution = np.linalg.lstsq(np.hstack([indicators, dummies]) * root, y * root[:, 0], rcond=None)[0]
    cells = np.average(dummies @ solution[4:], weights=weight)
    return np.array([0.0, *solution[:4]]) + cells


def test_with_controls_errors_are_those_of_the_infinitesimal_jackknife() -> None:
    """How each adjusted rate moves when one user's weight moves, by numerical derivatives of weighted least squares."""
    frame = drawn_sessions(seed=6, n=300, users=60)
    ours = rates(frame, min_users=1)
    column = ours["controls"][0]
    assert column == "table_a1_5"
    kept = frame.filter(pl.len().over(CONTROLS[column]) > 1)
    assert ours["n_sessions"][0] == kept.height
    dummies = kept.select(pl.concat_str(CONTROLS[column], separator="|").alias("cell")).to_dummies().to_numpy()
    y, level = kept["verified_success"].cast(pl.Float64).to_numpy(), kept["expertise"].to_numpy()
    users = kept["user_key"].to_numpy()
    variance, step = np.zeros(5), 1e-4
    for user in np.unique(users):
        nudge = step * (users == user)
        derivative = (_margins(y, level, dummies, 1 + nudge) - _margins(y, level, dummies, 1 - nudge)) / (2 * step)
        variance += derivative**2
    n, g, parameters = kept.height, len(np.unique(users)), 4 + dummies.shape[1]
    counts = ("n_users", "n_cells", "n_parameters", "n_dropped_small_cells", "n_dropped_singletons", "n_cells_dropped")
    alone = frame.height - n
    assert ours.select(counts).unique().rows() == [(g, dummies.shape[1], parameters, 0, alone, alone)]
    assert ours.select("degrees_of_freedom", "std_errors").unique().rows() == [(g - 1, "CRV1 by user")]
    correction = g / (g - 1) * (n - 1) / (n - parameters)
    np.testing.assert_allclose(ours["estimate"], _margins(y, level, dummies, np.ones(n)), rtol=1e-8)
    np.testing.assert_allclose(ours["std_error"], np.sqrt(correction * variance), rtol=1e-5)


def test_few_users_errors_are_those_of_margins_without_each_user() -> None:
    frame = drawn_sessions(seed=7, n=300, users=15)
    ours = rates(frame, min_users=1)
    assert ours["controls"][0] == "table_a1_5"
    kept = frame.filter(pl.len().over(CONTROLS["table_a1_5"]) > 1)
    dummies = kept.select(pl.concat_str(CONTROLS["table_a1_5"], separator="|").alias("cell")).to_dummies().to_numpy()
    y, level = kept["verified_success"].cast(pl.Float64).to_numpy(), kept["expertise"].to_numpy()
    users = kept["user_key"].to_numpy()
    whole, *without = (
        _margins(y[keep], level[keep], dummies[keep], np.ones(keep.sum()))
        for keep in (users != "nobody", *(users != user for user in np.unique(users)))
    )
    np.testing.assert_allclose(ours["estimate"], whole, rtol=1e-8)
    expected = np.sqrt(14 / 15 * np.square(np.array(without) - whole).sum(axis=0))
    np.testing.assert_allclose(ours["std_error"], expected, rtol=1e-8)


def test_a_rate_that_hangs_on_one_of_few_users_has_no_interval_and_the_others_have() -> None:
    """Level 5 is user 0's alone: with that user the level goes, and nothing else."""
    frame = drawn_sessions(seed=8, n=300, users=20)
    level = pl.when(pl.col("user_key") == "user 0").then(5).otherwise(pl.min_horizontal("expertise", 4))
    table = rates(frame.with_columns(expertise=level.cast(pl.Int64)), min_users=1)
    assert table["estimate"].null_count() == 0
    assert table["std_error"].is_null().to_list() == [False, False, False, False, True]
    assert str(table["missing_reason"][4]).startswith("1 user at this level")


def test_intervals_of_adjusted_rates_hold_the_true_rate() -> None:
    """150 draws with user effects: the 95% interval at level 4 holds the planted rate 0.3 + 0.06·4 + mean of the
    controls (0.1/3 for build, -0.05/2 for the second month), within 3.5 standard errors of 95%."""
    draws, truth = 150, 0.3 + 0.24 + 0.1 / 3 - 0.05 / 2
    covered = 0
    for seed in range(draws):
        row = rates(drawn_sessions(1000 + seed, n=500, users=100), min_users=5).row(3, named=True)
        covered += row["ci_low"] <= truth <= row["ci_high"]
    assert abs(covered / draws - 0.95) < 3.5 * np.sqrt(0.95 * 0.05 / draws)


@pytest.mark.parametrize(
    ("in_large_cell", "column", "kept"),
    [pytest.param(6, "table_a1_4", 6, id="exactly half"), pytest.param(5, "table_a1_3", 12, id="less than half")],
)
def test_the_richest_controls_that_keep_half_of_the_sessions_are_taken(
    in_large_cell: int, column: str, kept: int
) -> None:
    """Twelve sessions of twelve users in one cell of column 3, at least four users per cell.

    One task occupation holds 6 (or 5) of them and the others one or two each, so column 4 keeps 6 (or 5) sessions.
    Column 5 keeps none, as no two sessions share both occupations more than twice.
    """
    others = ["11", "11", "13", "13", "17", "17", "19"][: 12 - in_large_cell]
    frame = classified_sessions(
        user_key=[f"user {i}" for i in range(12)],
        task_occupation=["15"] * in_large_cell + others,
        user_occupation=["15", "11", "13", "17", "19", "21"] * 2,
        expertise=[1, 2] * 6,
        verified_success=[True, False, True, True, False, False, True, False, True, True, False, False],
    )
    choice = choose_controls(prepare(frame, [VERIFIED]), VERIFIED, min_users=4)
    assert (choice.column, choice.sample.sessions.height, choice.n_candidates) == (column, kept, 12)


def test_what_a_series_rests_on_is_counted_by_hand() -> None:
    """Twelve sessions of twelve users, six of them in one cell of column 4, the others in three cells of two.

    Of at least four users is the large cell alone, which holds levels 1 and 2: one effect and one cell are estimated.
    """
    frame = classified_sessions(
        user_key=[f"user {i}" for i in range(12)],
        task_occupation=["15"] * 6 + ["11", "11", "13", "13", "17", "17"],
        user_occupation=["15", "11", "13", "17", "19", "21"] * 2,
        expertise=[1, 2] * 6,
        verified_success=[True, False, True, True, False, False, True, False, True, True, False, False],
    )
    counted = {
        "controls": "table_a1_4",
        "n_candidates": 12,
        "n_sessions": 6,
        "n_users": 6,
        "n_cells": 1,
        "n_dropped_small_cells": 6,
        "n_dropped_singletons": 0,
        "n_cells_dropped": 3,
        "n_parameters": 2,
        "engine": f"numpy {np.__version__}",
    }
    found = rates(frame, min_users=4)
    assert found.select(*counted).unique().to_dicts() == [counted]
    # Three users a level are fewer than four: both are withheld, what the series rests on is not.
    assert found.filter("suppressed")["expertise"].to_list() == [1, 2]
    of_errors = found.select("suppressed", "degrees_of_freedom", "std_errors").unique().rows()
    assert set(of_errors) == {(True, None, None), (False, 5, "CRV3 by user")}


def test_controls_that_leave_no_degree_of_freedom_are_passed_over() -> None:
    """Four sessions in two cells: level 2 against 1 and level 3 against 1 use up what the two cells leave."""
    frame = classified_sessions(
        user_key=["a", "b", "c", "d"],
        work_mode=["fix", "fix", "build", "build"],
        expertise=[1, 2, 1, 3],
        verified_success=[True, False, False, True],
    )
    assert choose_controls(prepare(frame, [VERIFIED]), VERIFIED, min_users=1).column == "table_a1_1"


def test_a_level_of_one_user_has_a_rate_but_no_interval() -> None:
    """Level 5 is user b's alone, in two modes that level 3 shares: a clustered standard error cannot see b vary."""
    frame = classified_sessions(
        user_key=["a", "a", "c", "c", "d", "d", "b", "b", "b", "b"],
        work_mode=["fix", "build"] * 5,
        expertise=[3] * 6 + [5] * 4,
        verified_success=[True, False, True, True, False, True, False, True, False, False],
    )
    table = rates(frame, min_users=1)
    last = table.row(4, named=True)
    assert last["estimate"] is not None
    assert last["std_error"] is None
    assert last["missing_reason"] == "1 user at this level: standard errors clustered by user need at least 2"
    assert table.row(2, named=True)["std_error"] > 0


def test_controls_within_which_levels_never_meet_are_passed_over() -> None:
    """Each work mode holds one level: nothing can be compared within cells, so column 1 is all that is left."""
    frame = classified_sessions(
        user_key=[f"user {i % 9}" for i in range(36)],
        work_mode=["fix", "build"] * 18,
        expertise=[2, 4] * 18,
        verified_success=[i % 5 < 2 for i in range(36)],
    )
    table = rates(frame)
    assert set(table["controls"]) == {"table_a1_1"}
    np.testing.assert_allclose(table["estimate"], table["unadjusted"], rtol=1e-12)


def test_the_choice_of_controls_never_looks_at_outcomes() -> None:
    frame = drawn_sessions(seed=7)
    flipped = frame.with_columns(~pl.col("verified_success"))
    assert rates(frame)["controls"].to_list() == rates(flipped)["controls"].to_list()
    np.testing.assert_allclose(rates(frame)["estimate"], 1 - rates(flipped)["estimate"], rtol=1e-10)


def test_hit_trouble_series_use_hit_trouble_sessions_only() -> None:
    frame = drawn_sessions(seed=8)
    table = adjusted_rates(frame, MONTH, "window", min_users=5)
    totals = dict(table.group_by("sample").agg(pl.col("n_candidates").first()).iter_rows())
    assert totals == {"all": 600, "hit_trouble": int(frame["hit_trouble"].sum())}


def test_small_levels_are_withheld_with_all_their_numbers() -> None:
    """Level 5 has two users; level 1, with six the next smallest, goes with it."""
    levels = {1: 6, 2: 10, 3: 12, 4: 14, 5: 2}
    pairs = [(level, user) for level, users in levels.items() for user in range(users) for _ in range(2)]
    frame = classified_sessions(
        expertise=[level for level, _ in pairs],
        user_key=[f"{level}/{user}" for level, user in pairs],
        verified_success=[index % 3 == 0 for index in range(len(pairs))],
    )
    table = rates(frame)
    assert table.filter("suppressed")["expertise"].to_list() == [1, 5]
    hidden = table.filter("suppressed").select("sessions", "users", "unadjusted", "estimate", "std_error", "ci_low")
    assert hidden.null_count().row(0) == (2,) * 6
    assert table.filter(~pl.col("suppressed"))["users"].to_list() == [10, 12, 14]


def test_a_single_user_sees_rates_without_intervals() -> None:
    table = rates(drawn_sessions(seed=9, n=80, users=1).with_columns(expertise=pl.Series([2, 4] * 40)), min_users=1)
    seen = table.filter(pl.col("expertise").is_in([2, 4]))
    assert seen["estimate"].null_count() == 0
    assert seen["std_error"].null_count() == 2
    assert set(seen["missing_reason"]) == {"1 user: standard errors clustered by user need at least 2"}
    absent = table.filter(~pl.col("expertise").is_in([2, 4]))
    assert set(absent["missing_reason"]) == {"no session at this level"}
    assert set(absent["sessions"]) == {0}


def test_an_outcome_that_never_happens_has_rate_zero_and_no_interval() -> None:
    table = rates(drawn_sessions(seed=10).with_columns(verified_success=pl.lit(False)))
    np.testing.assert_allclose(table["estimate"], 0, atol=1e-12)
    assert table["ci_low"].null_count() == 5
    assert set(table["missing_reason"]) == {"the outcome is the same in all sessions"}


def test_too_few_users_in_all_hide_the_whole_series() -> None:
    table = rates(drawn_sessions(seed=11, n=40, users=4))
    assert table["suppressed"].all()
    assert set(table["missing_reason"]) == {"fewer than 5 users in the sample"}
    assert table["estimate"].null_count() == 5


def test_every_little_frame_gives_45_valid_rows() -> None:
    """Samples of 0 to 40 sessions of 1 to 8 users: no infinite or not-a-number value, a reason for what is missing."""
    for seed in range(0, 40, 2):
        frame = drawn_sessions(seed, n=1 + seed, users=1 + seed % 8).head(seed)
        for min_users in (1, 5):
            table = validate("analysis.adjusted_rates", adjusted_rates(frame, MONTH, "month", min_users))
            assert table.height == 45
            assert (table["ci_low"].is_null() == table["missing_reason"].is_not_null()).all()
            for column in ("unadjusted", "estimate", "std_error", "ci_low", "ci_high"):
                assert table[column].drop_nulls().is_finite().all()


def test_row_order_changes_nothing() -> None:
    frame = drawn_sessions(seed=12)
    shuffled = frame.sample(fraction=1, shuffle=True, seed=1)
    result = adjusted_rates(frame, MONTH, "window", min_users=5)
    assert adjusted_rates(shuffled, MONTH, "window", min_users=5).equals(result)


def test_table_a2_and_figure_5_agree_where_controls_do_not_fall_back() -> None:
    """Differences between adjusted rates are the coefficients of the model with the same controls."""
    frame = drawn_sessions(seed=13)
    table = rates(frame, min_users=2)
    model = replace(TABLE_A2, controls=CONTROLS[table["controls"][0]])
    effects = [row["estimate"] for row in coefficients(prepare(frame, [model]), model, 2)]
    np.testing.assert_allclose(table["estimate"][1:] - table["estimate"][0], effects, rtol=1e-10)

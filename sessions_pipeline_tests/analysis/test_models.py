"""The runner: equal to statsmodels, recovers what was planted, and says why where it has no answer."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from sessions_pipeline.analysis.models import coefficients, estimate
from sessions_pipeline.analysis.samples import prepare
from sessions_pipeline.analysis.specifications import (
    DERIVED,
    EVERY_PERIOD,
    EXPERTISE_LEVELS,
    FIGURE_3_STEPS,
    RETURNS_TREND,
    SOFTWARE_GAP,
    SOFTWARE_GAP_TREND,
    TABLE_A1,
    TABLE_A1_FIXED,
    TABLE_A2,
    WINDOW_ONLY,
    Specification,
)
from sessions_pipeline.schemas import polars_schema, validate
from sessions_pipeline.simulate.study import simulate_study
from sessions_pipeline_tests.analysis.sessions import MONTH, classified_sessions, drawn_sessions

SLOPE = TABLE_A1[0]
SLOPE_IN_MODE_AND_VALUE = TABLE_A1[1]
LEVELS_WITHOUT_CONTROLS = replace(TABLE_A2, controls=())


def fitted(frame: pl.DataFrame, specification: Specification, min_users: int = 1) -> pl.DataFrame:
    """The rows of one specification."""
    rows = coefficients(prepare(frame, [specification]), specification, min_users)
    return pl.DataFrame(rows, schema=polars_schema("analysis.coefficients")).drop("month", "period")


def slope_row(frame: pl.DataFrame, specification: Specification = SLOPE, min_users: int = 1) -> dict[str, object]:
    """The one row of a specification with one term."""
    (row,) = coefficients(prepare(frame, [specification]), specification, min_users)
    return {"estimate": None, "missing_reason": None, **row}


def statsmodels_fit(frame: pl.DataFrame, specification: Specification, min_users: int) -> object:
    """The same model by statsmodels, with one dummy per cell and the cells dropped by a group-by."""
    import statsmodels.api as sm

    controls = list(specification.controls)
    kept = frame.filter(pl.col("outcome") != "no_clear_goal")
    if controls:
        users, sessions = pl.col("user_key").n_unique().over(controls), pl.len().over(controls)
        kept = kept.filter((users >= min_users) & (sessions > 1))
        dummies = kept.select(pl.concat_str(controls, separator="|").alias("cell")).to_dummies().to_numpy()
    else:
        dummies = np.ones((kept.height, 1))
    terms = [kept.select(term.values).to_series().to_numpy() for term in specification.terms]
    design = np.column_stack([*terms, dummies]).astype(float)
    clusters = np.unique(kept["user_key"].to_list(), return_inverse=True)[1]
    model = sm.OLS(kept[specification.outcome].cast(pl.Float64).to_numpy(), design)
    return model.fit(cov_type="cluster", cov_kwds={"groups": clusters}, use_t=True)


@pytest.mark.parametrize("min_users", [1, 5])
@pytest.mark.parametrize("specification", [*TABLE_A1[:5], TABLE_A2], ids=lambda specification: specification.name)
def test_equals_statsmodels(specification: Specification, min_users: int) -> None:
    frame = drawn_sessions(seed=1)
    ours, theirs = fitted(frame, specification, min_users), statsmodels_fit(frame, specification, min_users)
    k = len(specification.terms)
    assert ours["n_sessions"].to_list() == [int(theirs.nobs)] * k
    assert ours["degrees_of_freedom"].to_list() == [theirs.df_resid_inference] * k
    np.testing.assert_allclose(ours["estimate"], theirs.params[:k], rtol=1e-8)
    np.testing.assert_allclose(ours["std_error"], theirs.bse[:k], rtol=1e-8)
    np.testing.assert_allclose(ours["p_value"], theirs.pvalues[:k], rtol=1e-8)
    np.testing.assert_allclose(ours.select("ci_low", "ci_high"), theirs.conf_int()[:k], rtol=1e-8)
    np.testing.assert_allclose(ours["r_squared"], theirs.rsquared, rtol=1e-8)


def test_recovers_the_planted_slope_with_honest_intervals() -> None:
    """200 draws, slope 0.06, user effects: 95% intervals hold it in 95% of draws, give or take 3.5 standard errors.

    Intervals that take each session for a user of its own hold it less often: the draws can tell the two apart.
    """
    draws, planted = 200, 0.06
    frames = [drawn_sessions(seed, n=600, users=50, slope=planted) for seed in range(draws)]
    rows = [slope_row(frame, SLOPE_IN_MODE_AND_VALUE) for frame in frames]
    estimates = np.array([row["estimate"] for row in rows])
    tolerance = 3.5 * np.sqrt(0.95 * 0.05 / draws)
    assert abs(_coverage(rows, planted) - 0.95) < tolerance
    assert abs(estimates.mean() - planted) < 3 * estimates.std() / np.sqrt(draws)

    a_user_per_session = pl.col("session_id").alias("user_key")
    naive = [slope_row(frame.with_columns(a_user_per_session), SLOPE_IN_MODE_AND_VALUE) for frame in frames]
    assert _coverage(naive, planted) < 0.95 - tolerance


def _coverage(rows: list[dict[str, object]], truth: float) -> float:
    """Share of the rows whose interval holds `truth`."""
    return float(np.mean([row["ci_low"] <= truth <= row["ci_high"] for row in rows]))


def test_small_cells_are_dropped_and_counted() -> None:
    """Eleven sessions by hand, at least two users per cell.

    fix at 10-200: users a, b, c, 5 sessions, stays. build at 10-200: user a alone, 3 sessions, goes.
    build at 200-1000: one session, goes. fix at 200-1000: users a, b, 2 sessions, stays.
    Within cells (expertise - mean, success - mean): fix 10-200 has levels 1 2 3 4 5 and success 0 0 1 0 1, so
    sum of products 2·(0.6) + ... = 2, sum of squares 10; fix 200-1000 has levels 2 4 and success 0 1: 1 and 2.
    Slope = (2 + 1) / (10 + 2) = 0.25.
    """
    frame = classified_sessions(
        work_mode=["fix"] * 5 + ["build"] * 3 + ["build"] + ["fix"] * 2,
        task_value_band=["10-200"] * 8 + ["200-1000"] * 3,
        user_key=["a", "b", "c", "a", "b", "a", "a", "a", "c", "a", "b"],
        expertise=[1, 2, 3, 4, 5, 1, 3, 5, 2, 2, 4],
        verified_success=[False, False, True, False, True, True, False, True, True, False, True],
    )
    row = slope_row(frame, SLOPE_IN_MODE_AND_VALUE, min_users=2)
    assert row["estimate"] == pytest.approx(0.25)
    assert (row["n_candidates"], row["n_dropped_small_cells"], row["n_dropped_singletons"]) == (11, 4, 0)
    assert (row["n_sessions"], row["n_users"], row["n_cells"]) == (7, 3, 2)


def test_sessions_alone_in_their_cell_are_dropped_and_counted_where_no_cell_is_too_small() -> None:
    frame = classified_sessions(
        work_mode=["fix", "fix", "fix", "build", "plan"],
        user_key=["a", "b", "b", "a", "c"],
        expertise=[1, 2, 4, 5, 3],
        verified_success=[False, True, False, True, True],
    )
    row = slope_row(frame, SLOPE_IN_MODE_AND_VALUE, min_users=1)
    assert (row["n_candidates"], row["n_dropped_small_cells"], row["n_dropped_singletons"]) == (5, 0, 2)
    assert (row["n_sessions"], row["n_users"], row["n_cells"]) == (3, 2, 1)


def test_no_clear_goal_unclear_expertise_and_unlabelled_controls_are_no_candidates() -> None:
    frame = classified_sessions(
        user_key=["a", "b", "c", "d", "e", "f"],
        outcome=["no_clear_goal", "succeeded", "failed", "failed", None, "succeeded"],
        expertise=[1, None, 2, 3, 4, 5],
        work_mode=["fix", "fix", None, "fix", "fix", "fix"],
        verified_success=[False, True, False, False, None, True],
    )
    assert slope_row(frame)["n_candidates"] == 3
    assert slope_row(frame, SLOPE_IN_MODE_AND_VALUE)["n_candidates"] == 2


def test_row_order_changes_nothing_and_user_keys_are_only_names() -> None:
    frame = drawn_sessions(seed=2)
    result = estimate(frame, MONTH, "window", min_users=5)
    shuffled = frame.sample(fraction=1, shuffle=True, seed=1)
    assert estimate(shuffled, MONTH, "window", min_users=5).equals(result)

    names = frame["user_key"].unique().sort()
    scrambled = frame.with_columns(pl.col("user_key").replace_strict(names, names.reverse()))
    numbers = pl.selectors.float()
    np.testing.assert_allclose(
        estimate(scrambled, MONTH, "window", min_users=5).select(numbers), result.select(numbers), rtol=1e-12
    )


def _perfect() -> pl.DataFrame:
    return classified_sessions(
        user_key=["a", "b", "c", "d"], expertise=[1, 1, 2, 2], verified_success=[False, False, True, True]
    )


@pytest.mark.parametrize(
    ("frame", "min_users", "reason"),
    [
        pytest.param(classified_sessions(0), 5, "no sessions in the sample", id="empty"),
        pytest.param(drawn_sessions(1, n=30, users=1), 1, "1 user: ", id="one user"),
        pytest.param(drawn_sessions(1, n=30, users=4), 5, "fewer than 5 users in the sample", id="few users"),
        pytest.param(
            drawn_sessions(1, n=40).with_columns(verified_success=pl.lit(True)),
            1,
            "the outcome is the same in all sessions",
            id="outcome constant",
        ),
        pytest.param(
            drawn_sessions(1, n=40).with_columns(expertise=pl.lit(3, pl.Int64)),
            1,
            "expertise does not vary within cells",
            id="expertise constant",
        ),
        pytest.param(_perfect(), 1, "the model fits perfectly", id="perfect fit"),
        pytest.param(_perfect().slice(1, 2), 1, "2 sessions and as many parameters", id="no degree of freedom"),
    ],
)
def test_little_data_gives_a_row_with_the_reason(frame: pl.DataFrame, min_users: int, reason: str) -> None:
    row = slope_row(frame, min_users=min_users)
    assert str(row["missing_reason"]).startswith(reason)
    assert row["estimate"] is None


def test_cells_without_enough_users_leave_a_row_with_the_reason() -> None:
    frame = drawn_sessions(1, n=30, users=6).with_columns(task_occupation=pl.lit("15"))
    lonely = frame.with_columns(
        work_mode=pl.col("user_key").replace_strict(
            {f"user {u}": m for u, m in enumerate(("plan", "build", "fix", "understand", "test", "operate"))}
        )
    )
    row = slope_row(lonely, SLOPE_IN_MODE_AND_VALUE, min_users=2)
    assert row["missing_reason"] == "no fixed-effect cell holds 2 users"
    assert row["n_sessions"] == 0
    assert row["n_dropped_small_cells"] == row["n_candidates"] == 30


def test_every_little_frame_gives_all_rows_and_either_an_estimate_or_a_reason() -> None:
    """Samples of 0 to 40 sessions of 1 to 8 users: a row for every term, no infinite or not-a-number value."""
    for seed in range(40):
        frame = drawn_sessions(seed, n=1 + seed, users=1 + seed % 8).head(seed)
        for min_users in (1, 5):
            result = validate("analysis.coefficients", estimate(frame, MONTH, "month", min_users))
            terms = [(model.name, term.name) for model in EVERY_PERIOD for term in model.terms]
            assert result.select("specification", "term").rows() == terms
            assert (result["estimate"].is_null() == result["missing_reason"].is_not_null()).all()
            for column in ("estimate", "std_error", "ci_low", "ci_high", "p_value", "r_squared"):
                assert result[column].drop_nulls().is_finite().all()


def test_terms_that_only_vary_together_are_not_told_apart() -> None:
    """Levels 1 and 2 meet in one cell, 4 and 5 in the other: 2 against 1 is known, 4 and 5 against 1 is not."""
    rng = np.random.default_rng(0)
    fix = rng.integers(1, 3, 40)
    build = rng.integers(4, 6, 40)
    frame = classified_sessions(
        work_mode=["fix"] * 40 + ["build"] * 40,
        expertise=[*fix.tolist(), *build.tolist()],
        user_key=[f"user {i % 17}" for i in range(80)],
        verified_success=(rng.random(80) < 0.4).tolist(),
    )
    rows = {row["term"]: row for row in fitted(frame, TABLE_A2).iter_rows(named=True)}
    success = frame["verified_success"].to_numpy()[:40]
    assert rows["expertise_2"]["estimate"] == pytest.approx(success[fix == 2].mean() - success[fix == 1].mean())
    assert rows["expertise_3"]["missing_reason"] == "no session at this level"
    for term in ("expertise_4", "expertise_5"):
        assert "only together with another term" in rows[term]["missing_reason"]


def _levels_of(users_by_level: dict[int, int]) -> pl.DataFrame:
    """Two sessions for each of so many users at each level; every second session succeeds."""
    pairs = [(level, user) for level, users in users_by_level.items() for user in range(users) for _ in range(2)]
    return classified_sessions(
        expertise=[level for level, _ in pairs],
        user_key=[f"{level}/{user}" for level, user in pairs],
        verified_success=[(level * 7 + index) % 3 == 0 for index, (level, _) in enumerate(pairs)],
    )


def test_a_level_with_too_few_users_is_withheld_with_the_next_smallest() -> None:
    frame = _levels_of({1: 30, 2: 8, 3: 9, 4: 20, 5: 4})
    rows = fitted(frame, LEVELS_WITHOUT_CONTROLS, min_users=5)
    assert rows.filter(pl.col("estimate").is_null())["term"].to_list() == ["expertise_2", "expertise_5"]
    reasons = rows["missing_reason"].drop_nulls().unique().to_list()
    assert reasons == ["withheld: fewer than 5 users at this level, or needed to hide such a level"]


def test_differences_from_a_withheld_reference_level_are_withheld() -> None:
    rows = fitted(_levels_of({1: 3, 2: 8, 3: 9, 4: 20, 5: 12}), LEVELS_WITHOUT_CONTROLS, min_users=5)
    assert rows["missing_reason"].str.contains("users at the reference level").sum() == 4
    assert rows["estimate"].null_count() == 4


def test_without_a_session_at_the_reference_level_nothing_can_be_compared_with_it() -> None:
    rows = fitted(_levels_of({2: 8, 3: 9, 4: 20, 5: 12}), LEVELS_WITHOUT_CONTROLS, min_users=5)
    assert rows["missing_reason"].to_list() == ["no session at the reference level"] * len(EXPERTISE_LEVELS)


def test_one_month_has_a_constant_month_control() -> None:
    frame = drawn_sessions(seed=3).filter(pl.col("month") == MONTH)
    by_name = {s.name: slope_row(frame, s, min_users=5) for s in TABLE_A1[:5]}
    assert by_name["table_a1_3"]["estimate"] == by_name["table_a1_2"]["estimate"]
    assert by_name["table_a1_3"]["std_error"] == by_name["table_a1_2"]["std_error"]


def test_estimate_names_month_and_period_and_is_valid() -> None:
    result = validate("analysis.coefficients", estimate(drawn_sessions(seed=4), dt.date(2026, 4, 1), "window", 5))
    assert result["month"].unique().to_list() == [dt.date(2026, 4, 1)]
    assert result["period"].unique().to_list() == ["window"]
    assert set(result["specification"]) == {model.name for model in (*EVERY_PERIOD, *WINDOW_ONLY)}


@pytest.fixture(scope="module")
def study() -> pl.DataFrame:
    """A simulated study whose users come back, so that models can compare them with themselves."""
    return simulate_study(3_000, seed=2).sessions.with_columns(
        user_key=pl.concat_str(pl.lit("user "), pl.col("user_key").cast(pl.Int64) % 500)
    )


def test_column_6_equals_statsmodels(study: pl.DataFrame) -> None:
    coarse = study.filter(pl.col("work_mode").is_in(["fix", "build"]), pl.col("task_occupation") == "15").with_columns(
        **{name: DERIVED[name] for name in ("session_length_band", "log_model_calls", "log_human_prompts")},
        user_occupation=pl.lit("15"),
        month=pl.lit(MONTH),
    )
    in_sample = coarse.filter(pl.col("expertise").is_not_null())
    ours, theirs = fitted(coarse, TABLE_A1[5], 5), statsmodels_fit(in_sample, TABLE_A1[5], 5)
    assert ours["term"].to_list() == ["expertise", "ln_model_calls", "ln_human_turns"]
    np.testing.assert_allclose(ours["estimate"], theirs.params[:3], rtol=1e-8)
    np.testing.assert_allclose(ours["std_error"], theirs.bse[:3], rtol=1e-8)


def test_all_columns_of_the_fixed_sample_have_the_same_sessions(study: pl.DataFrame) -> None:
    rows = [fitted(study, specification, 3) for specification in TABLE_A1_FIXED]
    assert len({row["n_sessions"][0] for row in rows}) == 1
    assert len({row["n_candidates"][0] for row in rows}) == 1
    column_6 = fitted(study, TABLE_A1[5], 3)
    assert rows[5]["estimate"].to_list() == column_6["estimate"].to_list()
    assert fitted(study, TABLE_A1[0], 3)["n_sessions"][0] > rows[0]["n_sessions"][0] > 0


def test_user_effects_equal_dummies_of_users_and_cells(study: pl.DataFrame) -> None:
    """Least squares on all dummies; K counts terms and cells, as users lie within clusters."""
    model = replace(SLOPE_IN_MODE_AND_VALUE, effects="user_key")
    frame = study.filter(pl.col("expertise").is_not_null(), pl.col("outcome") != "no_clear_goal").head(700)
    row = fitted(frame, model).row(0, named=True)
    kept = frame
    while True:
        again = kept.filter(pl.len().over("user_key") > 1).filter(pl.len().over(model.controls) > 1)
        if again.height == kept.height:
            break
        kept = again
    cells = kept.select(pl.concat_str(model.controls, separator="|").alias("cell")).to_dummies().to_numpy()
    users = kept.select("user_key").to_dummies().to_numpy()
    x = np.column_stack([kept["expertise"].to_numpy(), cells, users]).astype(float)
    y = kept["verified_success"].cast(pl.Float64).to_numpy()
    solution = np.linalg.lstsq(x, y, rcond=None)[0]
    within = x[:, 0] - x[:, 1:] @ np.linalg.lstsq(x[:, 1:], x[:, 0], rcond=None)[0]
    scores = pl.DataFrame({"user": kept["user_key"], "s": within * (y - x @ solution)}).group_by("user").sum()["s"]
    n, g, k = kept.height, kept["user_key"].n_unique(), 1 + cells.shape[1]
    variance = scores.pow(2).sum() / (within @ within) ** 2 * g / (g - 1) * (n - 1) / (n - k)
    varied = kept.group_by("user_key").agg(pl.col("expertise").n_unique() > 1)["expertise"].sum()
    assert row["estimate"] == pytest.approx(solution[0], rel=1e-8)
    assert row["std_error"] == pytest.approx(np.sqrt(variance), rel=1e-8)
    assert (row["n_sessions"], row["n_users"], row["n_identifying_users"]) == (n, g, varied)
    assert row["n_dropped_singletons"] == frame.height - n


def test_user_effects_are_not_misled_by_people_who_are_both_expert_and_lucky() -> None:
    """Users at high levels succeed more whatever they do: the slope within users is the planted 0.06, across is not."""
    rng = np.random.default_rng(4)
    user = np.repeat(np.arange(400), 20)
    usual = rng.integers(1, 6, 400)[user]
    level = np.clip(usual + rng.integers(-1, 2, user.size), 1, 5)
    success = rng.random(user.size) < 0.1 + 0.06 * level + 0.08 * (usual - 3) + 0.16
    frame = classified_sessions(
        user_key=[f"user {u}" for u in user], expertise=level.tolist(), verified_success=success.tolist()
    )
    across, within = slope_row(frame), slope_row(frame, replace(SLOPE, effects="user_key"))
    assert abs(within["estimate"] - 0.06) < 2 * within["std_error"]
    assert across["estimate"] > 0.06 + 5 * across["std_error"]


def test_a_slope_within_users_is_withheld_where_few_users_determine_it() -> None:
    """Ten users with two sessions each, of whom four are at two levels."""
    frame = classified_sessions(
        user_key=[f"user {number}" for number in range(10) for _ in range(2)],
        expertise=[2, 4] * 4 + [3, 3] * 6,
        verified_success=[True, False, False, True, True, True, False, True] + [True, False] * 6,
    )
    model = replace(SLOPE, effects="user_key", controls=())
    shown, withheld = (slope_row(frame, model, min_users) for min_users in (4, 5))
    assert (shown["n_identifying_users"], withheld["n_identifying_users"]) == (4, None)
    assert shown["estimate"] is not None
    assert withheld["estimate"] is None
    assert str(withheld["missing_reason"]).startswith("withheld: fewer than 5 users")


def test_steps_are_differences_of_neighbouring_levels(study: pl.DataFrame) -> None:
    model = replace(FIGURE_3_STEPS[1], controls=("work_mode", "task_value_band"))
    steps = fitted(study, model)
    levels = fitted(study, replace(model, terms=EXPERTISE_LEVELS))
    assert steps["term"].to_list() == ["expertise_1_to_2", "expertise_2_to_3", "expertise_3_to_4", "expertise_4_to_5"]
    np.testing.assert_allclose(steps["estimate"], np.diff([0, *levels["estimate"]]), rtol=1e-9)


def test_a_trend_of_the_return_is_found_where_there_is_one_and_not_where_there_is_none() -> None:
    """The slope is 0.02 in the first month and rises by 0.02 each month, or stays at 0.06; 20,000 sessions."""
    for rise, first in ((0.02, 0.02), (0.0, 0.06)):
        rng = np.random.default_rng(3)
        month, level = rng.integers(0, 5, 20_000), rng.integers(1, 6, 20_000)
        success = rng.random(20_000) < 0.1 + (first + rise * month) * level
        frame = classified_sessions(
            month=[dt.date(2025 + (9 + m) // 12, (9 + m) % 12 + 1, 1) for m in month.tolist()],
            user_key=[f"user {i % 4000}" for i in range(20_000)],
            user_occupation=["15"] * 20_000,
            expertise=level.tolist(),
            verified_success=success.tolist(),
        )
        at_mean, trend = fitted(frame, RETURNS_TREND).iter_rows(named=True)
        assert trend["term"] == "expertise_per_month"
        assert abs(trend["estimate"] - rise) < 2 * trend["std_error"]
        assert (trend["p_value"] < 0.001) == (rise > 0)
        assert abs(at_mean["estimate"] - (first + rise * month.mean())) < 2 * at_mean["std_error"]


def test_the_software_gap_is_the_mean_difference_within_months() -> None:
    """Two months of equal size. October: software 3 of 4, others 1 of 4; November: 2 of 4 and 1 of 4: gap 3/8."""
    frame = classified_sessions(
        month=[dt.date(2025, 10, 1)] * 8 + [dt.date(2025, 11, 1)] * 8,
        user_key=[f"user {i}" for i in range(16)],
        user_occupation=(["15"] * 4 + ["13"] * 4) * 2,
        software_user=([True] * 4 + [False] * 4) * 2,
        wrote_code=[True] * 16,
        verified_success=[True] * 3
        + [False] * 2
        + [True]
        + [False] * 2
        + [True] * 2
        + [False] * 3
        + [True, False, False],
    )
    assert slope_row(frame, SOFTWARE_GAP)["estimate"] == pytest.approx(3 / 8)
    gap, trend = fitted(frame, SOFTWARE_GAP_TREND).iter_rows(named=True)
    assert gap["estimate"] == pytest.approx(3 / 8)
    assert trend["estimate"] == pytest.approx(1 / 4 - 1 / 2)

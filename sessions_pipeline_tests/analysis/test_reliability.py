"""Reliability against hand counts and statsmodels, and slopes freed of planted noise."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
import statsmodels.api as sm
from scipy import stats

from sessions_pipeline.analysis.reliability import (
    Noise,
    disattenuated,
    noise,
    readings,
    reliability,
    reliability_rows,
    variance_within,
)
from sessions_pipeline.analysis.samples import about_cells
from sessions_pipeline.analysis.specifications import CONTROLS, PREFERRED
from sessions_pipeline.classifications.reference import RATINGS
from sessions_pipeline.schemas import validate
from sessions_pipeline_tests.analysis.sessions import MONTH, drawn_sessions

Rating = tuple[str, str, str, str | None, float | None]


def ratings(*rows: Rating) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=RATINGS, orient="row")


def sums(first: list[float], second: list[float]) -> np.ndarray:
    a, b = np.array(first), np.array(second)
    return np.array([a.size, (a + b).sum(), (a * a + b * b).sum(), np.square(a - b).sum()])


def test_reliability_by_hand_and_as_an_anova_has_it() -> None:
    """Pairs (1, 2), (3, 3), (5, 4): mean 3, squares about it 4 + 1 + 0 + 0 + 4 + 1 = 10, so s = 10/6; v = 2/6."""
    assert reliability(sums([1, 3, 5], [2, 3, 4])) == pytest.approx(1 - 2 / 10)
    assert np.isnan(reliability(sums([2, 2], [2, 2])))
    # Within mean square of the analysis of variance by session is v: 2 · v · n / 2 over n degrees of freedom.
    values, session = np.array([1, 3, 5, 2, 3, 4.0]), np.tile(np.eye(3), (2, 1))
    within = sm.OLS(values, session).fit()
    assert noise(sums([1, 3, 5], [2, 3, 4])[None]).variance == pytest.approx(within.mse_resid)


def test_readings_take_numbers_and_leave_what_is_none() -> None:
    first = ratings(
        ("a", "s0", "expertise", "3", None),
        ("a", "s1", "expertise", "unclear", None),
        ("a", "s2", "success_signal", "none", None),
        ("a", "s0", "work_mode", "fix", None),
        ("a", "s0", "task_value", "10-200", 2.0),
        ("a", "s3", "expertise", "3", None),
    )
    second = ratings(
        ("b", "s0", "expertise", "4", None),
        ("b", "s1", "expertise", "4", None),
        ("b", "s2", "success_signal", "2", None),
        ("b", "s0", "work_mode", "fix", None),
        ("b", "s0", "task_value", "10-200", 1.5),
    )
    users = pl.DataFrame({"session_id": ["s0", "s1", "s2"], "user_key": ["u", "u", "v"]})
    assert readings(first, second, users).rows() == [
        ("s0", "expertise", 3.0, 4.0, "u"),
        ("s0", "task_value", 2.0, 1.5, "u"),
        ("s2", "success_signal", 0.0, 2.0, "v"),
    ]


def test_a_slope_freed_of_planted_noise_is_the_planted_slope() -> None:
    """y = 0.5 x + e, x read with noise of variance 1 beside its own 1: the slope halves, and correction doubles it."""
    rng = np.random.default_rng(1)
    covered = []
    for _ in range(200):
        x = rng.normal(size=2_000)
        y = 0.5 * x + rng.normal(size=2_000)
        read = x + rng.normal(size=2_000)
        fitted = sm.OLS(y, sm.add_constant(read)).fit(cov_type="HC1")
        again = x[:400] + rng.normal(size=400)
        first = read[:400]
        per_user = np.stack([np.ones(400), first + again, first**2 + again**2, (first - again) ** 2], axis=1)
        found = disattenuated(fitted.params[1], fitted.bse[1], float(read.var()), noise(per_user))
        covered.append(abs(found["corrected_slope"] - 0.5) < 1.96 * found["corrected_std_error"])
        assert found["slope"] == pytest.approx(0.25, abs=0.1)
    # 190 of 200 expected; 3.5 standard deviations are 11.
    assert 179 <= sum(covered) <= 200


def test_few_sessions_per_cell_do_not_make_noise_of_what_their_means_take() -> None:
    """The same within 4,000 cells of three: their means take a third of truth and of noise, and the slope stays."""
    rng = np.random.default_rng(2)
    cell = np.repeat(np.arange(4_000), 3)
    x = rng.normal(size=12_000) + rng.normal(size=4_000)[cell]
    y = 0.5 * x + rng.normal(size=12_000)
    read, again = x + rng.normal(size=12_000), x + rng.normal(size=12_000)
    fitted = sm.OLS(about_cells(y, cell), about_cells(read, cell)).fit()
    per_user = np.stack([np.ones(12_000), read + again, read**2 + again**2, (read - again) ** 2], axis=1)
    found = disattenuated(fitted.params[0], fitted.bse[0], variance_within(read, cell), noise(per_user))
    assert found["slope"] == pytest.approx(0.25, abs=0.03)
    assert found["attenuation"] == pytest.approx(0.5, abs=0.03)
    assert found["corrected_slope"] == pytest.approx(0.5, abs=0.06)


def test_noise_as_large_as_the_variance_gives_no_slope() -> None:
    assert disattenuated(0.1, 0.01, 1.0, Noise(1.2, 0.1)) == {}
    assert disattenuated(0.1, 0.01, 1.0, Noise(0.2, None)) == {}


def test_rows_of_the_judge_carry_the_corrected_slope_and_those_of_few_users_nothing() -> None:
    frame = drawn_sessions(seed=1)
    again = frame["expertise"].to_numpy() + np.random.default_rng(1).choice([-1, 0, 0, 0, 1], frame.height)
    known = [("judge", s, "expertise", str(x), None) for s, x in frame.select("session_id", "expertise").iter_rows()]
    second = [(r, s, f, str(min(max(x, 1), 5)), None) for (r, s, f, _, _), x in zip(known, again, strict=True)]
    twice = {"judge": (ratings(*known), ratings(*second)), "gold": (ratings(*known[:3]), ratings(*second[:3]))}
    rows = validate("analysis.reliability", reliability_rows(frame, twice, MONTH, min_users=5))
    judge, gold = rows.filter(rater="judge").row(0, named=True), rows.filter(rater="gold").row(0, named=True)
    assert judge["sessions"] == frame.height
    assert judge["ci_low"] < judge["reliability"] < judge["ci_high"] < 1
    assert judge["corrected_slope"] == pytest.approx(judge["slope"] / judge["attenuation"])
    # What the preferred controls leave of the level, as a regression has it.
    cell = pl.concat_str(CONTROLS[PREFERRED], separator="|").alias("cell")
    kept = frame.filter(pl.col("outcome") != "no_clear_goal").filter(pl.col("user_key").n_unique().over(cell) >= 5)
    dummies = kept.select(cell).to_dummies().to_numpy()
    left = sm.OLS(kept["expertise"].to_numpy().astype(float), dummies.astype(float)).fit().mse_resid
    assert judge["attenuation"] == pytest.approx(1 - judge["error_variance"] / left)
    assert (judge["slope_sessions"], judge["slope_users"]) == (kept.height, kept["user_key"].n_unique())
    freedom = judge["corrected_degrees_of_freedom"]
    assert freedom == kept["user_key"].n_unique() - 1
    half = float(stats.t.ppf(0.975, freedom)) * judge["corrected_std_error"]
    assert judge["corrected_ci_low"] == pytest.approx(judge["corrected_slope"] - half)
    assert judge["corrected_ci_high"] == pytest.approx(judge["corrected_slope"] + half)
    assert (gold["suppressed"], gold["reliability"], gold["sessions"]) == (True, None, None)

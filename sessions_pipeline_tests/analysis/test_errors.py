"""Standard errors: equal to statsmodels, to refits without each user, and chosen as the table says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from sessions_pipeline.analysis.models import coefficients
from sessions_pipeline.analysis.samples import prepare
from sessions_pipeline.analysis.specifications import TABLE_A1, TABLE_A2, Specification
from sessions_pipeline.schemas import polars_schema
from sessions_pipeline_tests.analysis.sessions import drawn_sessions

IN_CELLS = replace(TABLE_A2, controls=("work_mode", "task_value_band"))


def fitted(frame: pl.DataFrame, specification: Specification) -> pl.DataFrame:
    rows = coefficients(prepare(frame, [specification]), specification, 1)
    return pl.DataFrame(rows, schema=polars_schema("analysis.coefficients"))


def design(frame: pl.DataFrame, specification: Specification) -> tuple[np.ndarray, np.ndarray]:
    """Outcome (n,), and terms and cell dummies (n, columns)."""
    cells = frame.select(pl.concat_str(specification.controls, separator="|").alias("cell")).to_dummies().to_numpy()
    terms = [frame.select(term.values).to_series().to_numpy() for term in specification.terms]
    return frame[specification.outcome].cast(pl.Float64).to_numpy(), np.column_stack([*terms, cells]).astype(float)


def test_the_jackknife_equals_refits_without_each_user() -> None:
    frame = drawn_sessions(seed=3, n=300, users=12)
    y, x = design(frame, IN_CELLS)
    users = frame["user_key"].to_numpy()
    everything = np.linalg.lstsq(x, y, rcond=None)[0][:4]
    without = [np.linalg.lstsq(x[users != user], y[users != user], rcond=None)[0][:4] for user in np.unique(users)]
    expected = np.sqrt(11 / 12 * np.square(np.array(without) - everything).sum(axis=0))
    ours = fitted(frame, replace(IN_CELLS, errors="jackknife"))
    assert set(ours["std_errors"]) == {"CRV3 by user"}
    np.testing.assert_allclose(ours["estimate"], everything, rtol=1e-9)
    np.testing.assert_allclose(ours["std_error"], expected, rtol=1e-9)


def test_the_jackknife_forgets_a_cell_that_goes_with_its_only_user() -> None:
    frame = drawn_sessions(seed=4, n=200, users=10)
    lonely = frame.with_columns(
        work_mode=pl.when(pl.col("user_key") == "user 3").then(pl.lit("plan")).otherwise("work_mode")
    )
    y, x = design(lonely, IN_CELLS)
    users = lonely["user_key"].to_numpy()
    everything = np.linalg.lstsq(x, y, rcond=None)[0][:4]
    without = [np.linalg.lstsq(x[users != user], y[users != user], rcond=None)[0][:4] for user in np.unique(users)]
    expected = np.sqrt(9 / 10 * np.square(np.array(without) - everything).sum(axis=0))
    np.testing.assert_allclose(fitted(lonely, IN_CELLS)["std_error"], expected, rtol=1e-9)


def test_two_way_clusters_are_the_largest_of_statsmodels_two_way_and_one_way_errors() -> None:
    """Experts all succeed in one month of three, so that months matter for their level, and for others users do."""
    import statsmodels.api as sm

    third = pl.int_range(pl.len()) % 3
    frame = drawn_sessions(seed=5).with_columns(
        month=pl.date(2025, 10 + third, 1),
        verified_success=pl.col("verified_success") | ((third == 0) & (pl.col("expertise") == 5)),
    )
    specification = replace(IN_CELLS, errors="user and month")
    y, x = design(frame, specification)
    groups = np.column_stack(
        [np.unique(frame[column].to_list(), return_inverse=True)[1] for column in ("user_key", "month")]
    )
    two_way, by_user, by_month = (
        sm.OLS(y, x).fit(cov_type="cluster", cov_kwds={"groups": of}).bse[:4]
        for of in (groups, groups[:, 0], groups[:, 1])
    )
    assert (two_way < by_user).any()
    assert (two_way > np.maximum(by_user, by_month)).any()
    ours = fitted(frame, specification)
    assert ours["n_clusters"].to_list() == [3] * 4
    assert ours["degrees_of_freedom"].to_list() == [2] * 4
    assert set(ours["std_errors"]) == {"CRV1 by user and month"}
    np.testing.assert_allclose(ours["std_error"], np.maximum.reduce([two_way, by_user, by_month]), rtol=1e-8)


def test_two_way_clusters_equal_pyfixest() -> None:
    pyfixest = pytest.importorskip("pyfixest")
    frame = drawn_sessions(seed=5).with_columns(month=pl.date(2025, 10 + pl.int_range(pl.len()) % 3, 1))
    data = frame.select(
        pl.col("verified_success").cast(pl.Float64),
        "expertise",
        pl.concat_str("work_mode", "task_value_band").alias("cell"),
        "user_key",
        pl.col("month").cast(pl.String),
    ).to_pandas()
    ssc = pyfixest.ssc(k_adj=True, k_fixef="full", G_adj=True, G_df="conventional")
    theirs = pyfixest.feols(
        "verified_success ~ expertise | cell", data, vcov={"CRV1": "user_key + month"}, ssc=ssc, fixef_rm="none"
    )
    by_user = pyfixest.feols(
        "verified_success ~ expertise | cell", data, vcov={"CRV1": "user_key"}, ssc=ssc, fixef_rm="none"
    )
    ours = fitted(frame, replace(TABLE_A1[1], errors="user and month"))
    expected = np.maximum(theirs.se().to_numpy(), by_user.se().to_numpy())
    np.testing.assert_allclose(ours["std_error"], expected, rtol=1e-8)


def test_one_month_has_no_clusters_by_month() -> None:
    frame = drawn_sessions(seed=6).with_columns(month=pl.date(2026, 4, 1))
    rows = fitted(frame, replace(TABLE_A1[1], errors="user and month"))
    assert rows["missing_reason"].to_list() == ["one month: clusters by month need at least two"]
    assert rows["estimate"].null_count() == 1


@pytest.mark.parametrize(("users", "errors"), [(49, "CRV3 by user"), (50, "CRV1 by user")])
def test_few_users_are_jackknifed_without_being_asked(users: int, errors: str) -> None:
    frame = drawn_sessions(seed=7, n=800, users=users)
    assert frame["user_key"].n_unique() == users
    assert set(fitted(frame, IN_CELLS)["std_errors"]) == {errors}


def test_few_users_effects_are_jackknifed_by_refits_with_dummies() -> None:
    frame = drawn_sessions(seed=11, n=200, users=12)
    model = replace(TABLE_A1[1], effects="user_key")
    y, x = design(frame, model)
    users = frame["user_key"].to_numpy()
    x = np.column_stack([x, frame.select("user_key").to_dummies().to_numpy()])
    slope, *without = (
        np.linalg.lstsq(x[keep], y[keep], rcond=None)[0][0]
        for keep in (users != "nobody", *(users != user for user in np.unique(users)))
    )
    (row,) = fitted(frame, model).to_dicts()
    assert (row["std_errors"], row["degrees_of_freedom"]) == ("CRV3 by user", 11)
    assert row["estimate"] == pytest.approx(slope, rel=1e-9)
    assert row["std_error"] == pytest.approx(np.sqrt(11 / 12 * np.square(np.array(without) - slope).sum()), rel=1e-8)


def test_few_users_logit_is_jackknifed_by_statsmodels_refits() -> None:
    import statsmodels.api as sm

    frame = drawn_sessions(seed=12, n=300, users=12)
    model = replace(TABLE_A1[0], estimator="logit")
    y = frame["verified_success"].cast(pl.Float64).to_numpy()
    x = sm.add_constant(frame["expertise"].cast(pl.Float64).to_numpy())
    users = frame["user_key"].to_numpy()
    effect, *without = (
        sm.Logit(y[keep], x[keep]).fit(disp=0, tol=1e-12).get_margeff().margeff[0]
        for keep in (users != "nobody", *(users != user for user in np.unique(users)))
    )
    (row,) = fitted(frame, model).to_dicts()
    assert row["std_errors"] == "CRV3 by user"
    assert row["estimate"] == pytest.approx(effect, rel=1e-7)
    assert row["std_error"] == pytest.approx(np.sqrt(11 / 12 * np.square(np.array(without) - effect).sum()), rel=1e-6)


def test_a_term_that_hangs_on_one_user_has_no_jackknife() -> None:
    """Level 5 is user 0's alone: without that user there is no such level."""
    frame = drawn_sessions(seed=8, n=300, users=20)
    level = pl.when(pl.col("user_key") == "user 0").then(5).otherwise(pl.min_horizontal("expertise", 4))
    rows = fitted(frame.with_columns(expertise=level.cast(pl.Int64)), IN_CELLS)
    assert rows["missing_reason"].to_list()[-1] == "leaving out one user leaves nothing to estimate this term on"
    assert rows["std_error"].null_count() == 1


def test_with_few_users_the_jackknife_covers_more_often_than_crv1() -> None:
    """200 draws of 12 users: 95% intervals hold the planted 0.06 in 95% of draws, give or take 3.5 standard errors."""
    draws, covered, covered_by_crv1 = 200, 0, 0
    for seed in range(draws):
        prepared = prepare(drawn_sessions(9_000 + seed, n=160, users=12, slope=0.06), [TABLE_A1[0]])
        (row,) = coefficients(prepared, TABLE_A1[0], 1)
        covered += row["ci_low"] <= 0.06 <= row["ci_high"]
        low, high = _crv1_interval(prepared, TABLE_A1[0])
        covered_by_crv1 += low <= 0.06 <= high
    assert abs(covered / draws - 0.95) < 3.5 * np.sqrt(0.95 * 0.05 / draws)
    assert covered_by_crv1 < covered


def _crv1_interval(prepared: pl.DataFrame, model: Specification) -> tuple[float, float]:
    from sessions_pipeline.analysis.models import fit
    from sessions_pipeline.analysis.samples import estimation_sample

    fit_of = fit(estimation_sample(prepared, model, 1), model)
    found = fit_of.inference(float(fit_of.coefficients[0]), fit_of.influence[0])
    return found.ci_low, found.ci_high

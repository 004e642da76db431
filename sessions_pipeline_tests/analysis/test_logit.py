"""Logit with cell effects: average marginal effects and their errors equal statsmodels'."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from sessions_pipeline.analysis.models import coefficients
from sessions_pipeline.analysis.samples import prepare
from sessions_pipeline.analysis.specifications import TABLE_A1, TABLE_A2, Specification, Term
from sessions_pipeline.schemas import polars_schema
from sessions_pipeline_tests.analysis.sessions import classified_sessions, drawn_sessions

SLOPE = replace(TABLE_A1[1], estimator="logit")
LEVELS = replace(TABLE_A2, controls=("work_mode", "task_value_band"), estimator="logit")
FLAG = replace(SLOPE, terms=(*SLOPE.terms, Term("wrote_code", "wrote_code")))


def fitted(frame: pl.DataFrame, specification: Specification) -> pl.DataFrame:
    rows = coefficients(prepare(frame, [specification]), specification, 1)
    return pl.DataFrame(rows, schema=polars_schema("analysis.coefficients"))


@pytest.mark.parametrize(
    ("specification", "flags"), [(SLOPE, []), (LEVELS, [0, 1, 2, 3]), (FLAG, [1]), (replace(SLOPE, controls=()), [])]
)
def test_effects_and_errors_equal_statsmodels(specification: Specification, flags: list[int]) -> None:
    import statsmodels.api as sm

    frame = drawn_sessions(seed=1).with_columns(wrote_code=pl.int_range(pl.len()) % 3 == 0)
    k = len(specification.terms)
    terms = np.column_stack([frame.select(term.values).to_series().to_numpy() for term in specification.terms])
    cells = np.ones((frame.height, 1))
    if specification.controls:
        cells = frame.select(pl.concat_str(specification.controls, separator="|").alias("c")).to_dummies().to_numpy()
    groups = np.unique(frame["user_key"].to_list(), return_inverse=True)[1]
    model = sm.Logit(frame["verified_success"].cast(pl.Float64).to_numpy(), np.column_stack([terms, cells]))
    theirs = model.fit(disp=0, tol=1e-12, method="newton", cov_type="cluster", cov_kwds={"groups": groups})
    ours = fitted(frame, specification)
    # statsmodels takes every column of noughts and ones for a flag: only the terms' effects are read.
    effects = theirs.get_margeff(dummy=bool(flags))
    found = np.flatnonzero(model.exog.var(axis=0) > 0)[: len(effects.margeff)]
    chosen = [int(np.flatnonzero(found == index)[0]) for index in range(k)]
    np.testing.assert_allclose(ours["estimate"], effects.margeff[chosen], rtol=1e-7)
    np.testing.assert_allclose(ours["std_error"], effects.margeff_se[chosen], rtol=1e-6)
    assert set(ours["estimator"]) == {"logit"}
    assert ours["r_squared"].null_count() == k


def test_cells_that_all_end_alike_are_dropped_and_counted() -> None:
    frame = drawn_sessions(seed=2)
    alike = frame.with_columns(
        verified_success=pl.when(pl.col("work_mode") == "fix").then(pl.lit(True)).otherwise("verified_success")
    )
    fixes = int((frame["work_mode"] == "fix").sum())
    row = fitted(alike, SLOPE).row(0, named=True)
    assert (row["n_dropped_constant_cells"], row["n_sessions"]) == (fixes, 600 - fixes)
    rest = fitted(frame.filter(pl.col("work_mode") != "fix"), SLOPE).row(0, named=True)
    assert row["estimate"] == pytest.approx(rest["estimate"], rel=1e-10)
    assert row["std_error"] == pytest.approx(rest["std_error"], rel=1e-10)


def test_a_term_that_separates_the_outcomes_is_said_to() -> None:
    frame = classified_sessions(
        user_key=[f"user {i % 7}" for i in range(40)],
        expertise=[2] * 20 + [4] * 20,
        verified_success=[False] * 20 + [i % 3 > 0 for i in range(20)],
    )
    separated = fitted(frame, replace(LEVELS, terms=(Term("four", "expertise", 4, reference=2),), controls=()))
    assert "no maximum of the likelihood" in separated["missing_reason"][0]
    assert separated["estimate"].null_count() == 1

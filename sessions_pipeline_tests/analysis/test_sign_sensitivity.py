"""How wrong the judge must be to turn a slope: planted errors of just that size turn it, and no fewer do."""

from __future__ import annotations

import itertools

import numpy as np
import polars as pl
import pytest

from sessions_pipeline.analysis.models import coefficients
from sessions_pipeline.analysis.samples import prepare
from sessions_pipeline.analysis.sign_sensitivity import fewest_wrong, sign_sensitivity
from sessions_pipeline.analysis.specifications import TABLE_A1
from sessions_pipeline.schemas import validate
from sessions_pipeline_tests.analysis.sessions import MONTH, classified_sessions, drawn_sessions


def slope(frame: pl.DataFrame, number: int = 0) -> float:
    (row,) = coefficients(prepare(frame, [TABLE_A1[number]]), TABLE_A1[number], 1)
    return float(row["estimate"])  # type: ignore[arg-type]


def sizes(frame: pl.DataFrame, specification: str = "table_a1_1", min_users: int = 1) -> dict[str, dict[str, object]]:
    rows = validate("analysis.sign_sensitivity", sign_sensitivity(frame, MONTH, min_users))
    return {row["error"]: row for row in rows.filter(specification=specification).iter_rows(named=True)}


def test_taking_off_the_error_by_expertise_leaves_no_slope() -> None:
    frame = drawn_sessions(seed=1)
    found = sizes(frame, "table_a1_2")["outcome_by_expertise"]
    assert found["to_zero"] == pytest.approx(slope(frame, 1))
    (row,) = coefficients(prepare(frame, [TABLE_A1[1]]), TABLE_A1[1], 1)
    assert found["to_insignificance"] == pytest.approx(row["ci_low"])
    said = set(found) & set(row)
    assert {"std_error", "ci_high", "std_errors", "degrees_of_freedom", "n_dropped_singletons", "engine"} < said
    assert {name: found[name] for name in said} == {name: row[name] for name in said}


def test_taking_off_the_rise_of_expertise_by_success_leaves_no_slope() -> None:
    """Expertise minus c where there was success has no covariance with success: by numpy."""
    frame = drawn_sessions(seed=2)
    rise = float(sizes(frame)["expertise_by_outcome"]["to_zero"])  # type: ignore[arg-type]
    success = frame["verified_success"].cast(pl.Float64).to_numpy()
    truer = frame["expertise"].to_numpy() - rise * success
    assert np.cov(truer, success)[0, 1] == pytest.approx(0, abs=1e-12)


def test_the_fewest_wrong_outcomes_are_those_of_an_exhaustive_search() -> None:
    """Eight sessions: every set of outcomes is turned; the smallest that takes the slope to zero counts."""
    frame = classified_sessions(
        user_key=list("abcdefgh"),
        expertise=[1, 1, 2, 3, 3, 4, 5, 5],
        verified_success=[False, False, True, False, True, False, True, True],
    )
    assert slope(frame) > 0
    found = sizes(frame)["fewest_wrong_outcomes"]["to_zero"]
    truth = frame["verified_success"].to_numpy()
    for size in range(9):
        turned = [
            np.where(np.isin(np.arange(8), wrong), ~truth, truth) for wrong in itertools.combinations(range(8), size)
        ]
        if any(np.polyfit(frame["expertise"], each.astype(float), 1)[0] < 1e-12 for each in turned):
            break
    assert found == size / 8


def test_a_falling_slope_is_turned_by_errors_the_other_way() -> None:
    frame = drawn_sessions(seed=3).with_columns(verified_success=~pl.col("verified_success"))
    found, mirrored = sizes(frame), sizes(drawn_sessions(seed=3))
    for error in ("outcome_by_expertise", "expertise_by_outcome"):
        assert found[error]["to_zero"] == pytest.approx(-float(mirrored[error]["to_zero"]))  # type: ignore[arg-type]
    assert found["fewest_wrong_outcomes"]["to_zero"] == mirrored["fewest_wrong_outcomes"]["to_zero"]


def test_an_interval_that_holds_zero_needs_no_error() -> None:
    frame = drawn_sessions(seed=4, n=40, users=20, slope=0.0)
    assert {row["to_insignificance"] for row in sizes(frame).values()} == {0.0}


def test_nothing_can_be_said_of_one_user_and_the_reason_is_told() -> None:
    frame = drawn_sessions(seed=5).with_columns(user_key=pl.lit("a"))
    for row in sizes(frame).values():
        assert row["to_zero"] is None
        assert "1 user" in str(row["missing_reason"])


def test_what_no_errors_can_do_has_no_size() -> None:
    assert fewest_wrong(np.array([1.0, -1.0]), np.array([1.0, 0.0]), 3.0) is None

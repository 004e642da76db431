"""How wrong the judge would have to be to change the sign of the slopes on expertise: known without gold labels.

Errors that are alike at all levels shrink a slope and never turn it. What turns it is an error that leans:
- outcome_by_expertise: the judge calls more sessions verified successes than there are, and by d more per level. The
  true slope is then b - d.
- expertise_by_outcome: the judge rates a session c levels higher because it saw success. With x and y within cells, the
  true slope is zero where sum of (x - c y) y = 0. In column 6 both are what the other regressors leave unexplained.
- fewest_wrong_outcomes: any errors at all. A session's outcome turned from success to none takes x (about its cell's
  mean) off the sum of x y, the other way round it adds x; the sessions that move it most are turned first, until the
  sum is zero. No smaller share of wrong outcomes can do it.

The interval's end is reached where the slope has moved by the distance of that end from zero, its standard error held.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import numpy as np
import polars as pl

from sessions_pipeline.analysis.models import ESTIMATE_AND_BASIS, Row, coefficients
from sessions_pipeline.analysis.samples import (
    EstimationSample,
    Floats,
    about_cells,
    estimation_sample,
    outcomes,
    prepare,
    regressors,
)
from sessions_pipeline.analysis.specifications import TABLE_A1, Specification
from sessions_pipeline.schemas import SIGN_ERRORS, polars_schema

TABLE = "analysis.sign_sensitivity"
UNITS = dict(
    zip(
        SIGN_ERRORS,
        (
            "share of sessions wrongly called verified successes, per level of expertise",
            "levels by which a verified success raises the judged expertise",
            "share of sessions with a wrong outcome",
        ),
        strict=True,
    )
)


def _unexplained(values: Floats, others: list[Floats]) -> Floats:
    """What a regression of `values` on `others` leaves; all (n,) and about their cells' means."""
    if not others:
        return values
    columns = np.column_stack(others)
    return values - columns @ np.linalg.lstsq(columns, values, rcond=None)[0]


def fewest_wrong(x: Floats, success: Floats, distance: float) -> float | None:
    """Smallest share of outcomes (n,) that must be wrong for the sum of x · success to be smaller by `distance`.

    x (n,): regressor about its cell's mean, negated where the sum is to grow. None where all wrong ones do not do.
    """
    if distance <= 0:
        return 0.0
    gains = np.where(success > 0, x, -x)
    falls = np.cumsum(-np.sort(-gains[gains > 0]))
    # Rounding must not ask for a session more than reaches it.
    enough = np.flatnonzero(falls >= distance * (1 - 1e-12))
    return float(enough[0] + 1) / x.size if enough.size else None


def _sizes(estimate: float, nearer: float, sample: EstimationSample, specification: Specification) -> Iterator[Row]:
    """to_zero and to_insignificance of each of SIGN_ERRORS. nearer: the interval's end nearer to zero, 0 if inside."""
    outcome = outcomes(sample, specification)
    expertise, *others = (about_cells(values, sample.cell) for values in regressors(sample, specification.terms))
    x, y = _unexplained(expertise, others), _unexplained(about_cells(outcome, sample.cell), others)
    of_x, of_y = float(x @ x), float(y @ y)
    sign = 1.0 if estimate >= 0 else -1.0
    yield {"to_zero": estimate, "to_insignificance": nearer}
    yield {"to_zero": estimate * of_x / of_y, "to_insignificance": nearer * of_x / of_y}
    yield {
        "to_zero": fewest_wrong(sign * x, outcome, abs(estimate) * of_x),
        "to_insignificance": fewest_wrong(sign * x, outcome, abs(nearer) * of_x),
    }


def sign_sensitivity(sessions: pl.DataFrame, month: dt.date, min_users: int) -> pl.DataFrame:
    """Rows of analysis.sign_sensitivity for the window that ends in `month`.

    sessions: core.classified_sessions of the window.
    """
    prepared = prepare(sessions, TABLE_A1)
    rows: list[Row] = []
    for specification in TABLE_A1:
        found = next(row for row in coefficients(prepared, specification, min_users) if row["term"] == "expertise")
        sample = estimation_sample(prepared, specification, min_users)
        estimate, low, high = (found.get(name) for name in ("estimate", "ci_low", "ci_high"))
        missing: Row = {"missing_reason": found.get("missing_reason")}
        if isinstance(estimate, float) and isinstance(low, float) and isinstance(high, float):
            nearer = 0.0 if low <= 0 <= high else min(low, high, key=abs)
            sizes = list(_sizes(estimate, nearer, sample, specification))
        else:
            sizes = [missing] * len(SIGN_ERRORS)
        for error, size in zip(SIGN_ERRORS, sizes, strict=True):
            rows.append(
                {
                    "month": month,  # type: ignore[dict-item]
                    "period": "window",
                    **{name: found.get(name) for name in ("specification", *ESTIMATE_AND_BASIS)},
                    "error": error,
                    "unit": UNITS[error],
                    **size,
                }
            )
    return pl.DataFrame(rows, schema=polars_schema(TABLE))

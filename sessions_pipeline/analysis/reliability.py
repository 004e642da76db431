"""Test and retest: how alike two readings of the same sessions are, and how much their noise flattens a slope.

Reliability
    Intraclass correlation of two exchangeable readings (ICC(1), Shrout and Fleiss 1979, for pairs): with v = half the
    mean squared difference, the variance of one reading about the mean of all, and s the variance of all readings
    about their mean, 1 - v/s. Intervals by drawing whole users.
Attenuation
    A regressor with error variance v, and variance w within cells, has a slope that is 1 - v/w times that of the mean
    of all readings (errors in variables: errors that know nothing of outcome and level). Controls take out variance
    but no error, so the factor is smaller within cells than overall. The corrected slope is b / (1 - v/w); its
    standard error is by the delta method, as if v and b were of different sessions. Sessions read twice are among those
    of the slope as well: their covariance, and the error of w, are left out. The interval has the degrees of freedom of
    v or of b, whichever are fewer (Satterthwaite's lie above these).
    Noise in an outcome costs precision and no slope, for the mean of all readings is what a slope on it estimates.
    What all readings get wrong alike shows in none of this: that takes gold labels.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from sessions_pipeline.analysis.agreement import Array, intervals
from sessions_pipeline.analysis.errors import inference
from sessions_pipeline.analysis.models import Row, coefficients
from sessions_pipeline.analysis.samples import Integers, about_cells, estimation_sample, prepare, regressors
from sessions_pipeline.analysis.specifications import PREFERRED, TABLE_A1
from sessions_pipeline.classifications.reference import FACETS, RATINGS, backend_ratings
from sessions_pipeline.schemas import polars_schema

TABLE = "analysis.reliability"
JUDGED, GOLD = "judge", "gold"
_SLOPE = next(specification for specification in TABLE_A1 if specification.name == PREFERRED)


@dataclass(frozen=True)
class Noise:
    """Of one reading. variance: about the mean of all readings. std_error: of it, clustered by user; None with one."""

    variance: float
    std_error: float | None


def readings(rated: pl.DataFrame, again: pl.DataFrame, users: pl.DataFrame) -> pl.DataFrame:
    """Sessions and facets with a number in both: session_id, facet, first, second, user_key.

    rated, again: ratings (`classifications.reference.RATINGS`) of the first and the second reading. users: session_id
    and user_key. Numbers are levels (none is 0), shares, and log10 of US dollars; a level that is unclear is none.
    """
    level = pl.col("label").replace({"none": "0"}).cast(pl.Float64, strict=False)
    numbered = [
        frame.select("session_id", "facet", pl.coalesce(pl.col("value"), level).alias(name)).drop_nulls()
        for frame, name in ((rated, "first"), (again, "second"))
    ]
    ordered = [name for name, facet in FACETS.items() if facet.kind != "categorical"]
    return (
        numbered[0]
        .join(numbered[1], on=["session_id", "facet"])
        .filter(pl.col("facet").is_in(ordered))
        .join(users.select("session_id", "user_key"), on="session_id")
        .sort("session_id", "facet")
    )


def two_passes(gold: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The first and the second reading of each session and facet of labels.gold, as ratings."""
    order = pl.col("pass_number").rank("ordinal").over("session_id", "facet")
    rated = gold.with_columns(order.alias("order"), pl.lit(GOLD).alias("rater"))
    first, second = (rated.filter(order=number).select(RATINGS.keys()) for number in (1, 2))
    return first, second


def two_answers(
    sessions: pl.DataFrame, labels: pl.DataFrame, retests: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The judge's first and second answers about the sessions that it was asked about twice, as ratings.

    sessions: `core.sessions`. labels, retests: labels.classifications and labels.retests. Answers count that were read
    off the transcript as it is now, by the same model.
    """
    twice = labels.join(retests, on=["session_id", "classifier", "backend", "model", "transcript_sha256"], how="semi")
    return backend_ratings(sessions, twice), backend_ratings(sessions, retests)


def reliability(sums: Array) -> Array:
    """1 - v/s from n, Σ(first + second), Σ(first² + second²) and Σ(first - second)² (last axis); NaN if s is 0."""
    n, total, squares, differences = np.moveaxis(sums, -1, 0)
    spread = squares / (2 * n) - (total / (2 * n)) ** 2
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(spread > 1e-12, 1 - differences / (2 * n) / spread, np.nan)


def _sums(both: pl.DataFrame) -> Array:
    """(user, sum) for `reliability`. Values are centred, which keeps sums exact."""
    users, user = np.unique(both["user_key"].to_numpy(), return_inverse=True)
    first, second = both["first"].to_numpy(), both["second"].to_numpy()
    centre = (first.mean() + second.mean()) / 2
    first, second = first - centre, second - centre
    sums = np.zeros((len(users), 4))
    np.add.at(
        sums, user, np.stack([np.ones_like(first), first + second, first**2 + second**2, (first - second) ** 2], 1)
    )
    return sums


def noise(sums: Array) -> Noise:
    """Of one reading, from the sums of `_sums`."""
    n, differences, users = sums[:, 0], sums[:, 3], len(sums)
    variance = float(differences.sum() / (2 * n.sum()))
    if users < 2:
        return Noise(variance, None)
    by_user = (differences / 2 - variance * n) / n.sum()
    return Noise(variance, math.sqrt(users / (users - 1) * float(np.square(by_user).sum())))


def disattenuated(slope: float, std_error: float, variance: float, found: Noise) -> dict[str, float]:
    """attenuation, and the slope and the corrected one with their errors. variance: of the regressor within cells.

    Nothing where the noise is as large as the variance: then no slope can be told.
    """
    factor = 1 - found.variance / variance
    if factor <= 0 or found.std_error is None:
        return {}
    corrected = slope / factor
    error = math.hypot(std_error / factor, corrected / factor * found.std_error / variance)
    return {
        "attenuation": factor,
        "slope": slope,
        "slope_std_error": std_error,
        "corrected_slope": corrected,
        "corrected_std_error": error,
    }


def variance_within(values: Array, cell: Integers) -> float:
    """Variance of `values` (n,) within cells (n,), numbered from 0: over n less the cells, whose means are estimated.

    Error and truth alike lose a share of their squares to these means, so that without this few sessions per cell would
    seem noisier than they are.
    """
    return float(np.square(about_cells(values, cell)).sum() / (values.size - int(cell.max()) - 1))


def _attenuation(sessions: pl.DataFrame, found: Noise, readers: int, min_users: int) -> Row:
    """The preferred slope on expertise by the judge's labels, corrected for their noise, and what it rests on.

    readers: users whose sessions were read twice.
    """
    prepared = prepare(sessions, [_SLOPE])
    (row,) = coefficients(prepared, _SLOPE, min_users)
    slope, error = row.get("estimate"), row.get("std_error")
    if not isinstance(slope, float) or not isinstance(error, float):
        return {}
    sample = estimation_sample(prepared, _SLOPE, min_users)
    level = regressors(sample, _SLOPE.terms)[0]
    corrected = disattenuated(slope, error, variance_within(level, sample.cell), found)
    if not corrected:
        return {}
    assert isinstance(row["n_clusters"], int)
    clusters = min(row["n_clusters"], readers)
    interval = inference(corrected["corrected_slope"], corrected["corrected_std_error"], clusters)
    return {
        **corrected,
        "corrected_ci_low": interval.ci_low,
        "corrected_ci_high": interval.ci_high,
        "corrected_degrees_of_freedom": clusters - 1,
        "slope_sessions": row["n_sessions"],
        "slope_users": row["n_users"],
    }


def _rows(rater: str, both: pl.DataFrame, sessions: pl.DataFrame, min_users: int) -> Iterator[Row]:
    for (facet,), of_facet in both.group_by("facet", maintain_order=True):
        sums = _sums(of_facet)
        common: Row = {"rater": rater, "facet": str(facet), "suppressed": len(sums) < min_users}
        if common["suppressed"]:
            yield common
            continue
        estimate, found = float(reliability(sums.sum(0))), noise(sums)
        low, high = intervals(sums, reliability) or (None, None)
        slope = _attenuation(sessions, found, len(sums), min_users) if rater == JUDGED and facet == "expertise" else {}
        defined = math.isfinite(estimate)
        yield {
            **common,
            "sessions": of_facet.height,
            "users": len(sums),
            "reliability": estimate if defined else None,
            "ci_low": low if defined else None,
            "ci_high": high if defined else None,
            "error_variance": found.variance,
            **slope,
        }


def reliability_rows(
    sessions: pl.DataFrame, twice: dict[str, tuple[pl.DataFrame, pl.DataFrame]], month: dt.date, min_users: int
) -> pl.DataFrame:
    """Rows of analysis.reliability for the window that ends in `month`.

    sessions: core.classified_sessions of the window. twice: by rater (JUDGED, GOLD) the ratings of two readings.
    """
    rows = [
        {"month": month, "period": "window", **row}
        for rater, (first, second) in twice.items()
        for row in _rows(rater, readings(first, second, sessions), sessions, min_users)
    ]
    return pl.DataFrame(rows, schema=polars_schema(TABLE))

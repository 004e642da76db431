"""How far two raters agree on the same sessions: agreement, kappa and correlation, with intervals over users.

Pure frames and arrays in and out. Sessions of one person are alike, so intervals come from drawing whole users with
replacement (cluster bootstrap, percentiles). Every statistic is a function of a few sums per user, so that a replicate
costs a row of a matrix product. With few users such intervals are too narrow.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from sessions_pipeline.classifications.reference import FACETS, Facet, Reference
from sessions_pipeline.months import window_ending
from sessions_pipeline.schemas import polars_schema

Array = npt.NDArray[np.float64]
Statistic = Callable[[Array], Array]
REPLICATES = 1_000
SEED = 20_260_601
# Replicates in which a statistic is not defined (one label only) beyond which there is no interval.
_MOST_UNDEFINED = 0.05


@dataclass(frozen=True)
class Agreement:
    """One statistic of one facet. baseline: of always giving the reference's most frequent label; None without one.

    n_candidates: sessions of the sample with a reference label of the facet; `sessions` of them are compared.
    """

    rater: str
    facet: str
    metric: str
    n_candidates: int
    sessions: int
    users: int
    estimate: float | None
    ci_low: float | None
    ci_high: float | None
    baseline: float | None


@dataclass(frozen=True)
class Confusion:
    """Sessions by reference label (rows) and by the rater's label (columns), for the labels that occur."""

    rater: str
    facet: str
    labels: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]

    def base_rates(self) -> dict[str, tuple[float, float]]:
        """Label -> (share in the reference, share of the rater)."""
        table = np.array(self.counts)
        reference, rated = table.sum(1) / table.sum(), table.sum(0) / table.sum()
        return {name: (float(reference[at]), float(rated[at])) for at, name in enumerate(self.labels)}


def exact(tables: Array) -> Array:
    """Share on the diagonal. tables: sessions by label of either rater, the last two axes; also below."""
    return np.trace(tables, axis1=-2, axis2=-1) / tables.sum((-2, -1))


def within_one(tables: Array) -> Array:
    """Share on the diagonal or next to it."""
    steps = np.arange(tables.shape[-1])
    near = np.abs(steps[:, None] - steps) <= 1
    return (tables * near).sum((-2, -1)) / tables.sum((-2, -1))


def kappa(tables: Array) -> Array:
    """Cohen's kappa: 1 is full agreement, 0 that of chance with the same margins; NaN if both give one label only."""
    return _kappa(tables, 1 - np.eye(tables.shape[-1]))


def quadratic_kappa(tables: Array) -> Array:
    """The same with disagreements weighted by the square of their steps."""
    steps = np.arange(tables.shape[-1])
    return _kappa(tables, np.square(steps[:, None] - steps).astype(np.float64))


def _kappa(tables: Array, weights: Array) -> Array:
    """1 - observed / expected disagreement; statsmodels has the same for one table, and is its oracle in the tests."""
    observed = (tables * weights).sum((-2, -1)) * tables.sum((-2, -1))
    expected = np.einsum("...i,ij,...j", tables.sum(-1), weights, tables.sum(-2))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(expected > 0, 1 - observed / expected, np.nan)


def correlation(sums: Array) -> Array:
    """Pearson's correlation from n, Σx, Σy, Σxx, Σyy and Σxy (last axis); NaN if one of them does not vary."""
    n, x, y, xx, yy, xy = np.moveaxis(sums, -1, 0)
    vary = np.maximum(n * xx - x**2, 0) * np.maximum(n * yy - y**2, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        # Rounding leaves a variance of zero slightly off it.
        return np.where(vary > 1e-12 * n**4, (n * xy - x * y) / np.sqrt(vary), np.nan)


def intervals(per_user: Array, statistic: Statistic, seed: int = SEED) -> tuple[float, float] | None:
    """Ends of the 95% percentile interval of `statistic` when whole users are drawn with replacement.

    per_user: what the statistic is computed from, by user (first axis), additive over users. None with fewer than two
    users, where the statistic is not defined in more than 5% of the replicates, or where it is the same in all: an
    interval without a width would claim that nothing else can be.
    """
    users = len(per_user)
    if users < 2:
        return None
    drawn = np.random.default_rng(seed).multinomial(users, np.full(users, 1 / users), size=REPLICATES)
    with np.errstate(divide="ignore", invalid="ignore"):
        replicates = statistic(np.tensordot(drawn.astype(float), per_user, axes=1))
    defined = replicates[np.isfinite(replicates)]
    if len(defined) < (1 - _MOST_UNDEFINED) * REPLICATES:
        return None
    low, high = (float(end) for end in np.percentile(defined, [2.5, 97.5]))
    return (low, high) if low < high else None


def pairs(reference: pl.DataFrame, rated: pl.DataFrame, users: pl.DataFrame) -> pl.DataFrame:
    """Sessions and facets that both have: session_id, facet, label, value (of the reference), label_rated, value_rated,
    user_key. reference, rated: ratings of one rater each; users: session_id and user_key."""
    both = reference.join(rated, on=["session_id", "facet"], suffix="_rated")
    return both.join(users.select("session_id", "user_key"), on="session_id").sort("session_id", "facet")


def compare(
    rater: str, matched: pl.DataFrame, candidates: Mapping[str, int]
) -> tuple[list[Agreement], list[Confusion]]:
    """Every statistic and confusion matrix of `matched`, the `pairs` of `rater`, in the order of FACETS.

    candidates: by facet, the sessions with a reference label.
    """
    rows: list[Agreement] = []
    confusions: list[Confusion] = []
    by_facet = {str(name): frame for (name,), frame in matched.group_by("facet")}
    for name, facet in FACETS.items():
        if name in by_facet:
            rows += _of_facet(rater, facet, candidates[name], by_facet[name])
            if facet.labels:
                confusions.append(_confusion(rater, facet, by_facet[name]))
    return rows, confusions


def _of_facet(rater: str, facet: Facet, candidates: int, both: pl.DataFrame) -> Iterator[Agreement]:
    row = partial(_row, rater, facet, candidates)
    if facet.labels:
        tables, users = _tables(both, facet.labels)
        majority = float(tables.sum((0, 2)).max() / tables.sum())
        yield row("exact", tables, users, exact, majority)
    if facet.kind == "categorical":
        yield row("kappa", tables, users, kappa, 0.0)
    if facet.levels:
        levelled = both.filter(pl.col("label").is_in(facet.levels), pl.col("label_rated").is_in(facet.levels))
        if not levelled.is_empty():
            tables, users = _tables(levelled, facet.levels)
            constant = np.zeros_like(tables[0])
            constant[:, tables.sum((0, 2)).argmax()] = tables.sum((0, 2))
            yield row("within_one", tables, users, within_one, float(within_one(constant)))
            yield row("quadratic_kappa", tables, users, quadratic_kappa, 0.0)
    if facet.kind in ("share", "price"):
        sums, users = _sums(both)
        yield row("correlation", sums, users, correlation, None)


def _row(
    rater: str,
    facet: Facet,
    candidates: int,
    metric: str,
    per_user: Array,
    sessions: int,
    statistic: Statistic,
    baseline: float | None,
) -> Agreement:
    estimate = float(statistic(per_user.sum(0)))
    low, high = intervals(per_user, statistic) or (None, None)
    defined = np.isfinite(estimate)
    return Agreement(
        rater=rater,
        facet=facet.name,
        metric=metric,
        n_candidates=candidates,
        sessions=sessions,
        users=len(per_user),
        estimate=estimate if defined else None,
        ci_low=low if defined else None,
        ci_high=high if defined else None,
        baseline=baseline,
    )


def _codes(labels: pl.Series, order: tuple[str, ...]) -> npt.NDArray[np.int64]:
    place = {label: at for at, label in enumerate(order)}
    return np.array([place[label] for label in labels], dtype=np.int64)


def _tables(both: pl.DataFrame, labels: tuple[str, ...]) -> tuple[Array, int]:
    """(user, reference label, rated label) -> sessions, and how many there are in all."""
    users, user = np.unique(both["user_key"].to_numpy(), return_inverse=True)
    tables = np.zeros((len(users), len(labels), len(labels)))
    np.add.at(tables, (user, _codes(both["label"], labels), _codes(both["label_rated"], labels)), 1)
    return tables, both.height


def _sums(both: pl.DataFrame) -> tuple[Array, int]:
    """(user, sum) for `correlation`, and the number of sessions. Values are centred, which keeps sums exact."""
    users, user = np.unique(both["user_key"].to_numpy(), return_inverse=True)
    x, y = (both[column].to_numpy() - both[column].mean() for column in ("value", "value_rated"))
    sums = np.zeros((len(users), 6))
    np.add.at(sums, user, np.stack([np.ones_like(x), x, y, x * x, y * y, x * y], axis=1))
    return sums, both.height


def _confusion(rater: str, facet: Facet, both: pl.DataFrame) -> Confusion:
    occurring = set(both["label"]) | set(both["label_rated"])
    labels = tuple(label for label in facet.labels if label in occurring)
    table = _tables(both, labels)[0].sum(0).astype(int)
    return Confusion(rater, facet.name, labels, tuple(tuple(row) for row in table.tolist()))


def agreement_with(
    reference: Reference, rated: pl.DataFrame, sessions: pl.DataFrame
) -> tuple[list[Agreement], list[Confusion]]:
    """Statistics and confusion matrices of every rater against the first pass of the reference.

    Raters: every backend, then the reference's own later passes, each against the passes before it.
    rated: `reference.backend_ratings`. sessions: session_id and user_key of those that count.
    """
    against = {
        str(backend): (reference.first, ratings)
        for (backend,), ratings in sorted(rated.group_by("rater"), key=lambda group: str(group[0][0]))
    }
    for number in reference.passes[1:]:
        rater = f"pass {number}"
        before = reference.first.filter(pl.col("rater") != rater)
        against[rater] = before, reference.comparable.filter(pl.col("rater") == rater)
    rows: list[Agreement] = []
    confusions: list[Confusion] = []
    for rater, (known, ratings) in against.items():
        there = known.join(sessions, on="session_id", how="semi")
        candidates = dict(there.group_by("facet").len().iter_rows())
        found, tables = compare(rater, pairs(known, ratings, sessions), candidates)
        rows += found
        confusions += tables
    return rows, confusions


def agreement_rows(
    reference: Reference,
    rated: pl.DataFrame,
    sessions: pl.DataFrame,
    months: Sequence[dt.date],
    window_months: int,
    min_users: int,
) -> pl.DataFrame:
    """Rows of `analysis.agreement` for the windows that end in `months`.

    sessions: session_id, user_key and month, of all months of these windows at least.
    """
    rows: list[Mapping[str, Any]] = []
    for month in months:
        window = sessions.filter(pl.col("month").is_in(window_ending(month, window_months)))
        for found in agreement_with(reference, rated, window)[0]:
            hidden = found.users < min_users
            numbers = ("n_candidates", "sessions", "users", "estimate", "ci_low", "ci_high", "baseline")
            rows.append(
                {
                    **found.__dict__,
                    **(dict.fromkeys(numbers) if hidden else {}),
                    "month": month,
                    "period": "window",
                    "suppressed": hidden,
                    "reference_sha256": reference.sha256,
                }
            )
    schema = polars_schema("analysis.agreement")
    return pl.DataFrame([{name: row[name] for name in schema} for row in rows], schema=schema)

"""How often, and which way, the judge's labels differ from gold labels: over all, by expertise, by occupation.

An error that is alike everywhere makes slopes flatter; one that grows with expertise or differs between occupations
bends them. So groups are those of the gold labels: what is asked is how the judge errs given the truth.

Estimates are weighted by one over the probability of having been drawn: a ratio of weighted sums, its standard error
linearised and clustered by user (G/(G - 1)), intervals with t of G - 1 degrees of freedom.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from sessions_pipeline.analysis.corrected import ROUNDING, Floats, Integers
from sessions_pipeline.analysis.corrected_quantities import OUTCOME_FACETS
from sessions_pipeline.analysis.corrected_sessions import (
    Judged,
    Labelled,
    Ready,
    gold_labels,
    judged_sessions,
)
from sessions_pipeline.analysis.errors import CONFIDENCE
from sessions_pipeline.analysis.gold import DECISION_SHARES, column_of
from sessions_pipeline.analysis.models import Row
from sessions_pipeline.analysis.suppression import withheld_levels
from sessions_pipeline.classifications.reference import FACETS
from sessions_pipeline.schemas import polars_schema

TABLE = "analysis.label_errors"
# Labels (columns of core.classified_sessions) and outcome measures -> the gold labels that they need.
COMPARED: Mapping[str, tuple[str, ...]] = {
    **{column_of(name): (column_of(name),) for name, facet in FACETS.items() if facet.labels},
    **OUTCOME_FACETS,
    **{name: (name,) for name in DECISION_SHARES},
}
_LEVELLED = {column_of(name) for name, facet in FACETS.items() if facet.levels and facet.kind == "ordinal"}
GROUPINGS = ("expertise", "user_occupation")


def _numeric(name: str) -> bool:
    """Whether judge minus gold is a number: levels, outcome measures and shares of decisions."""
    return name in OUTCOME_FACETS or name in _LEVELLED or name in DECISION_SHARES


def _shown(name: str) -> pl.Expr:
    """The label as text; an unclear level is null in core.classified_sessions."""
    return pl.col(name).cast(pl.String).fill_null("unclear")


def _differences(judged: pl.DataFrame, gold: pl.DataFrame, name: str) -> Iterator[tuple[str, Floats, Floats]]:
    """Metric, value (m,) and whether it counts (m,) of every session with gold labels."""
    if name not in DECISION_SHARES:  # how often two shares are not equal to the last digit says nothing
        yield "error_rate", *_wrong(judged, gold, name)
    if _numeric(name):
        signed = judged[name].cast(pl.Float64) - gold[name].cast(pl.Float64)
        yield "signed_error", signed.fill_null(0.0).to_numpy(), signed.is_not_null().cast(pl.Float64).to_numpy()


def _wrong(judged: pl.DataFrame, gold: pl.DataFrame, name: str) -> tuple[Floats, Floats]:
    """Whether each label differs (m,), and that it counts (m,)."""
    wrong = (judged.select(_shown(name)).to_series() != gold.select(_shown(name)).to_series()).cast(pl.Float64)
    return wrong.to_numpy(), np.ones(wrong.len())


@dataclass(frozen=True)
class WeightedMean:
    """A weighted mean with its uncertainty, clustered by user; None where users do not differ, or there is but one."""

    estimate: float
    std_error: float | None
    ci_low: float | None
    ci_high: float | None


def weighted_mean(values: Floats, weight: Floats, user: Integers, *, share: bool) -> WeightedMean:
    """Mean of `values` (m,) with `weight` (m,). share: they are 0 or 1, and the interval is Wilson's.

    Wilson's interval has the sample size that independent sessions would need for the same variance v (after Korn and
    Graubard 1998), as the tables of shares have it: with p the mean and t the quantile, k = t² v / (p (1 - p)), at
    least t² · sum of the sessions' shares of the weight squared; at 0 and 1 the same sum over users.
    """
    from scipy.special import stdtrit

    alike = bool((values == values[0]).all())
    mean = float(values[0]) if alike else float(weight @ values / weight.sum())
    _, cluster = np.unique(user, return_inverse=True)
    of_users = np.bincount(cluster, weights=weight) / weight.sum()
    users = of_users.size
    if users < 2:
        return WeightedMean(mean, None, None, None)
    by_user = np.bincount(cluster, weights=weight * (values - mean)) / weight.sum()
    variance = users / (users - 1) * float(np.square(by_user).sum())
    t = float(stdtrit(users - 1, (1 + CONFIDENCE) / 2))
    error = math.sqrt(variance)
    if not share:
        if alike or error <= ROUNDING * float(np.abs(values).max()):
            return WeightedMean(mean, None, None, None)
        return WeightedMean(mean, error, mean - t * error, mean + t * error)
    least = float(np.square(weight / weight.sum()).sum())
    k = t * t * (float(np.square(of_users).sum()) if alike else max(variance / (mean * (1 - mean)), least))
    r = math.sqrt(k * mean * (1 - mean) + k * k / 4)
    return WeightedMean(
        mean, None if alike else error, mean**2 / (mean + k / 2 + r), 1 - (1 - mean) ** 2 / (1 - mean + k / 2 + r)
    )


def _groups(gold: Ready, name: str) -> Iterator[tuple[str, Labelled, pl.Series]]:
    """Grouping, the sessions with gold labels of both, and the group of each."""
    for group_by in ("all", *GROUPINGS):
        facets = COMPARED[name] if group_by in ("all", *COMPARED[name]) else (*COMPARED[name], group_by)
        ready, _ = gold.of(facets)
        if ready is None:
            continue
        group = pl.repeat("all", ready.at.size, eager=True) if group_by == "all" else None
        yield group_by, ready, group if group is not None else ready.sessions.select(_shown(group_by)).to_series()


def _rows(judged: Judged, gold: Ready, name: str, min_users: int) -> Iterator[Row]:
    for group_by, ready, group in _groups(gold, name):
        user = judged.user[ready.at]
        theirs = judged.sessions[ready.at]
        for metric, values, counts in _differences(theirs, ready.sessions, name):
            there = np.flatnonzero(counts)
            names, place = np.unique(group.to_numpy()[there], return_inverse=True)
            numbers = np.unique(user[there], return_inverse=True)[1]
            withheld = withheld_levels(place.astype(np.int64), numbers.astype(np.int64), min_users)
            for at, value in enumerate(names):
                common: Row = {
                    "facet": name,
                    "group_by": group_by,
                    "group_value": str(value),
                    "metric": metric,
                    "suppressed": at in withheld,
                }
                if at in withheld:
                    yield common
                    continue
                inside = there[place == at]
                found = weighted_mean(values[inside], ready.weight[inside], user[inside], share=metric == "error_rate")
                users = np.unique(user[inside]).size
                freedom = users - 1 if users > 1 else None
                yield {
                    **common,
                    "sessions": inside.size,
                    "users": users,
                    "degrees_of_freedom": freedom,
                    **vars(found),
                }


def label_errors(
    sessions: pl.DataFrame, draws: pl.DataFrame, gold: pl.DataFrame, month: dt.date, min_users: int
) -> pl.DataFrame:
    """Rows of analysis.label_errors for the window that ends in `month`; none without gold labels.

    sessions: core.classified_sessions of the window. draws, gold: labels.gold_draws and labels.gold, of all months.
    """
    labels = gold_labels(draws, gold)
    if labels.draw_id is None:
        return pl.DataFrame(schema=polars_schema(TABLE))
    judged = judged_sessions(sessions)
    ready = Ready(judged, labels)
    rows = [
        {"month": month, "period": "window", **row}
        for name in COMPARED
        for row in _rows(judged, ready, name, min_users)
    ]
    return pl.DataFrame(rows, schema=polars_schema(TABLE))

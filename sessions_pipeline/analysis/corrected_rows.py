"""What gold labels correct, as rows of `analysis.corrected_estimates`: naive and corrected estimates side by side.

Here belong means and shares, and the whole table; regressions are in `corrected_models.py`. Which numbers these are is
data in `corrected_quantities.py`; the estimator is in `corrected.py`.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np
import polars as pl

from sessions_pipeline.analysis.corrected import Corrected, Equations, Floats, Integers, Problem, naive_mean
from sessions_pipeline.analysis.corrected_models import adjusted_rows, regression_rows
from sessions_pipeline.analysis.corrected_period import (
    MIN_CASES,
    Period,
    corrected_columns,
    corrected_or_why,
    floats,
    gold_counts,
)
from sessions_pipeline.analysis.corrected_quantities import (
    MEANS,
    NOT_CORRECTED,
    SPECIFICATIONS,
    Cut,
    Mean,
)
from sessions_pipeline.analysis.corrected_sessions import Ready, gold_labels, judged_sessions
from sessions_pipeline.analysis.models import Row
from sessions_pipeline.analysis.samples import Flags, without_gaps
from sessions_pipeline.analysis.specifications import EVERY_PERIOD
from sessions_pipeline.analysis.suppression import users_per_group, withheld_in_marts, withheld_levels
from sessions_pipeline.schemas import polars_schema

TABLE = "analysis.corrected_estimates"


def _too_few_cases(problem: Problem) -> str | None:
    """Why a share has too few gold labels of its rarer answer, or None if it has enough."""
    answers = problem.gold.outcome[problem.gold.member > 0]
    rarer = int(min((answers > 0).sum(), (answers == 0).sum()))
    if rarer < MIN_CASES:
        return f"{rarer} gold labels of the rarer answer: at least {MIN_CASES} are needed"
    return None


def _of_exponential(found: Corrected) -> Corrected:
    """A corrected mean of logarithms as the geometric mean: ends of the interval as they are, the error by the delta
    method."""
    estimate = math.exp(found.estimate)
    return replace(
        found,
        estimate=estimate,
        std_error=found.std_error * estimate,
        ci_low=math.exp(found.ci_low),
        ci_high=math.exp(found.ci_high),
    )


def _levels(frame: pl.DataFrame, cut: Cut) -> Integers:
    """Each session's level of `cut` as its place in `cut.levels`, -1 outside, shape (n,)."""
    place = pl.Series(cut.levels, dtype=pl.String).to_frame("level").with_row_index("place")
    found = frame.select(level=cut.level.cast(pl.String)).join(place, on="level", how="left", maintain_order="left")
    return found["place"].cast(pl.Int64).fill_null(-1).to_numpy()


@dataclass(frozen=True)
class _Averaged:
    """A cut and a mean on some sessions. level (n,): as `_levels`. value (n,), and whether there is one (n,); for a
    share there is none."""

    level: Integers
    value: Floats | None
    known: Flags | None

    def members(self, at: int) -> Flags:
        """Sessions whose mean, or among which the share, of level `at` is asked for, shape (n,)."""
        return self.level >= 0 if self.known is None else (self.level == at) & self.known

    def equations(self, at: int, sessions: Integers) -> Equations:
        """Those of `sessions`, by position, whose one coefficient is the mean at level `at`, or its share."""
        outcome = self.level[sessions] == at if self.value is None else self.value[sessions]
        member = self.members(at)[sessions].astype(np.float64)
        return Equations(np.ones((1, sessions.size)), outcome.astype(np.float64), member)


def _averaged(frame: pl.DataFrame, mean: Mean, level: Integers) -> _Averaged:
    if mean.value is None:
        return _Averaged(level, None, None)
    known = frame.select(mean.value.is_not_null()).to_series().to_numpy()
    return _Averaged(level, floats(frame, mean.value), known)


def mean_rows(period: Period, means: Iterable[Mean]) -> Iterator[Row]:
    """The rows of `means`; all columns but those that all rows of a period have in common."""
    for cut, same in groupby(means, key=lambda mean: mean.cut):
        level = _levels(period.judged.sessions, cut)
        hidden = _hidden(period, cut, level)
        for mean in same:
            rows = _rows_of_mean(period, mean, _averaged(period.judged.sessions, mean, level), hidden)
            yield from _pooled(rows, mean, period.ready.of(mean.needed)[1]) if cut.many else rows


def _hidden(period: Period, cut: Cut, level: Integers) -> frozenset[int]:
    """Levels of `cut`, by place, that are withheld here. level (n,): as `_levels`."""
    inside, judged = level >= 0, period.judged
    if not cut.windows_only:
        return withheld_levels(level[inside], judged.user[inside], period.min_users)
    month = judged.sessions["month"].rank("dense").to_numpy()
    users = users_per_group((month * len(cut.levels) + level)[inside], judged.user[inside])
    is_told = ((users > 0) & (users < period.min_users)).any()
    return frozenset(range(len(cut.levels))) if is_told else frozenset()


def _rows_of_mean(period: Period, mean: Mean, judged: _Averaged, hidden: frozenset[int]) -> Iterator[Row]:
    cut = mean.cut
    ready, reason = period.ready.of(mean.needed)
    gold = _averaged(ready.sessions, mean, _levels(ready.sessions, cut)) if ready else None
    is_told = period.is_withheld(mean.also)
    for at, level in enumerate(cut.levels):
        common: Row = {"quantity": mean.quantity, "term": cut.term(level), "correction": mean.correction}
        if cut.many and (gold is None or (gold.level == at).sum() < MIN_CASES):
            # No need to look at all sessions: `_pooled` leaves it out.
            yield {**common, "missing_reason": reason}
            continue
        member = judged.members(at)
        sessions = np.flatnonzero(member)
        user = without_gaps(period.judged.user[sessions])
        users = int(user.max(initial=-1)) + 1
        # Of a level that nobody has, the cell is empty, and yet its share is one of few users.
        few = 0 < users < period.min_users
        if at in hidden or few or is_told or period.is_withheld([(cut.breakdown, level)]):
            yield {**common, "suppressed": True, "missing_reason": period.why_withheld}
            continue
        common |= {"suppressed": False, "n_sessions": sessions.size, "n_users": users}
        if not users:
            yield {**common, "missing_reason": "no session in the cell"}
            continue
        estimate, error = naive_mean(judged.equations(at, sessions), user)
        if mean.kind == "log":
            estimate = math.exp(estimate)
            error = None if error is None else error * estimate
        common |= {"naive": estimate, "naive_std_error": error}
        if ready is None or gold is None:
            yield {**common, "missing_reason": reason}
            continue
        # Those with gold labels may be members by these.
        member[ready.at] = True
        sessions = np.flatnonzero(member)
        problem = Problem(
            judged.equations(at, sessions),
            gold.equations(at, np.arange(ready.at.size)),
            (np.cumsum(member) - 1)[ready.at],
            ready.weight,
            without_gaps(period.judged.user[sessions]),
        )
        found = (_too_few_cases(problem) if mean.kind == "share" else None) or corrected_or_why(problem, 0)
        if mean.kind == "log" and isinstance(found, Corrected):
            found = _of_exponential(found)
        yield {**common, **gold_counts(problem, period.min_users), **corrected_columns(found)}


def _pooled(rows: Iterable[Row], mean: Mean, reason: str | None) -> Iterator[Row]:
    """The rows that are corrected, and one that says why the others are not: by `reason`, where all have the same."""
    left = 0
    for row in rows:
        if row.get("corrected") is None:
            left += 1
        else:
            yield row
    if left:
        yield {
            "quantity": mean.quantity,
            "term": "others",
            "correction": mean.correction,
            "suppressed": False,
            "missing_reason": reason
            or f"{left} levels are withheld, without a session, or have fewer than {MIN_CASES} gold labels",
        }


def _uncorrected_rows(reasons: Mapping[str, str]) -> Iterator[Row]:
    for quantity, reason in reasons.items():
        yield {
            "quantity": quantity,
            "term": "all",
            "correction": "none",
            "suppressed": False,
            "missing_reason": f"not corrected: {reason}",
        }


def corrected_estimates(
    sessions: pl.DataFrame,
    draws: pl.DataFrame,
    gold: pl.DataFrame,
    released: pl.DataFrame,
    month: dt.date,
    min_users: int,
) -> pl.DataFrame:
    """Rows of analysis.corrected_estimates for the window that ends in `month`, and for `month` alone.

    sessions: core.classified_sessions of the window. draws, gold: labels.gold_draws and labels.gold, of all months.
    released: staging.released, by which the marts withhold.
    """
    labels, withheld = gold_labels(draws, gold), withheld_in_marts(released)
    rows = [{"period": "window", "n_drawn": 0, **row} for row in _uncorrected_rows(NOT_CORRECTED)]
    for name, inside in (("month", sessions.filter(pl.col("month") == month)), ("window", sessions)):
        judged = judged_sessions(inside)
        period = Period(name, month, judged, Ready(judged, labels), min_users, withheld)
        drawn = labels.drawn.join(inside, on="session_id", how="semi").height
        common: Row = {"period": name, "n_drawn": drawn, "draw_id": labels.draw_id}
        found = (
            *mean_rows(period, [mean for mean in MEANS if name == "window" or not mean.cut.windows_only]),
            *regression_rows(period, SPECIFICATIONS if name == "window" else EVERY_PERIOD),
            *adjusted_rows(period),
        )
        rows += [{**common, **row} for row in found]
    return pl.DataFrame([{"month": month, **row} for row in rows], schema=polars_schema(TABLE))

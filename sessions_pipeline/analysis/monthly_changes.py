"""Figure 4 as changes: how far a month's mean lies from the first month's, and the trend over all months.

Many users are in several months. Their sessions are alike, so the means of two months err together, and the error of
their difference is not that of two independent samples: smaller where users stay as they are.

With y and n the sum of values and the sessions of a user in month t, N all sessions and m = sum of y / N the mean, a
user's part of the error of m is d_t = (y - m n)/N. So it is
    in a change of the mean task value, log m_t - log m_0      d_t/m_t - d_0/m_0   (given as m_t/m_0 - 1)
    in a change of a share of sessions, m_t - m_0              d_t - d_0
    in a trend, the slope b of least squares of a session's value on the number of its month x over all months
                                                               sum of (x - mean of x) e / sum of (x - mean of x)²
Squared and summed over the G users who have a session in these months, times G/(G - 1): the variance, in which the
covariance of months is whatever it is. Intervals: t with G - 1 degrees of freedom, of a task value on the logarithm.
staging.cells cannot tell it: of two months it keeps y n' + y' n together, and the means weight the two apart.

Suppression: a change where the mart hides one of its two cells, a trend where it hides any.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from sessions_pipeline.analysis.errors import clustered_error, inference
from sessions_pipeline.analysis.models import Row
from sessions_pipeline.analysis.samples import Flags, Floats, Integers, in_order, user_numbers
from sessions_pipeline.analysis.suppression import Withheld, distinct, withheld_in_marts
from sessions_pipeline.classifications.classifiers import WORK_MODES
from sessions_pipeline.months import months_between
from sessions_pipeline.schemas import polars_schema

TABLE = "analysis.monthly_changes"
ALL = "all"
HIDDEN = "withheld: as in the table of the months"


@dataclass(frozen=True)
class Values:
    """One value per session (n,), with the number of its month from 0 and of its user, of so many `users`, from 0.

    in_cell (n,): sessions that the value is about: those of the mode, where the value is whether they are.
    """

    value: Floats
    at: Integers
    user: Integers
    in_cell: Flags
    users: int

    def by_month(self, months: int) -> list[Month]:
        """Each of so many months."""
        return [self._month(self.at == number) for number in range(months)]

    def _month(self, inside: Flags) -> Month:
        value, user, in_cell = self.value[inside], self.user[inside], self.in_cell[inside]
        mean = float(value.mean()) if value.size else 0.0
        parts: Floats = np.bincount(user, weights=(value - mean) / max(value.size, 1), minlength=self.users).astype(
            np.float64, copy=False
        )
        there, cell = np.zeros(self.users, np.bool_), np.zeros(self.users, np.bool_)
        there[user] = True
        cell[user[in_cell]] = True
        return Month(mean, parts, there, int(in_cell.sum()), cell)


@dataclass(frozen=True)
class Month:
    """A mean, 0 without a session, and each user's part of its error, (users,).

    there, in_cell (users,): who has a session, and one that the value is about; sessions: how many of these there are.
    """

    mean: float
    parts: Floats
    there: Flags
    sessions: int
    in_cell: Flags


def change(first: Month, later: Month, *, relative: bool) -> Row:
    """How the mean of `later` differs from that of `first`; relative: as a ratio less one. Both have a session."""
    users = int(np.count_nonzero(first.there | later.there))
    if not relative:
        return _told(later.mean - first.mean, clustered_error(later.parts - first.parts, users, 1.0), users)
    if first.mean <= 0 or later.mean <= 0:
        return {"missing_reason": "a mean of zero: no relative change"}
    ratio = later.mean / first.mean
    error = clustered_error(later.parts / later.mean - first.parts / first.mean, users, 1.0)
    told = _told(math.log(ratio), error, users)
    ends: Row = {name: math.expm1(told[name]) for name in ("ci_low", "ci_high") if name in told}
    return {**told, **ends, "estimate": ratio - 1, "std_error": None if error is None else ratio * error}


def trend(values: Values) -> Row:
    """Slope of the value on the number of the month, over all sessions; these are of two months or more."""
    x = values.at - values.at.mean()
    squares = float(np.square(x).sum())
    slope = float(x @ values.value) / squares
    residuals = values.value - values.value.mean() - slope * x
    parts = np.bincount(values.user, weights=x * residuals) / squares
    users = distinct(values.user)
    return _told(slope, clustered_error(parts, users, float(np.abs(values.value).max())), users)


def size(months: list[Month]) -> Row:
    """Sessions of the cell in `months`, and their users."""
    users = np.logical_or.reduce([month.in_cell for month in months])
    return {"sessions": sum(month.sessions for month in months), "users": int(np.count_nonzero(users))}


def _told(estimate: float, error: float | None, users: int) -> dict[str, Any]:
    """Columns of an estimate; without an error there is no interval."""
    row = {"estimate": estimate, "std_error": error, "degrees_of_freedom": users - 1 if users > 1 else None}
    if error is not None:
        found = inference(estimate, error, users)
        row |= {"ci_low": found.ci_low, "ci_high": found.ci_high}
    return row


def _measures(labelled: pl.DataFrame, first: dt.date) -> Iterator[tuple[str, str, Values]]:
    """Measure, mode, and the values behind it. labelled: sessions with a work mode, a user's beside one another."""
    mode = labelled["work_mode"].replace_strict(WORK_MODES, range(len(WORK_MODES)), return_dtype=pl.Int64).to_numpy()
    number = (labelled["month"].dt.year().cast(pl.Int64) * 12 + labelled["month"].dt.month()).to_numpy()
    at, user = number - (first.year * 12 + first.month), user_numbers(labelled)
    users = int(user.max()) + 1
    for code, name in enumerate(WORK_MODES):
        yield "work_mode_share", name, Values((mode == code).astype(np.float64), at, user, mode == code, users)
    priced = labelled["task_value_usd"].is_not_null().to_numpy()
    value = labelled["task_value_usd"].fill_null(0.0).to_numpy()
    for code, name in enumerate((*WORK_MODES, ALL)):
        inside = priced if name == ALL else priced & (mode == code)
        everyone = np.ones(int(inside.sum()), np.bool_)
        yield "task_value", name, Values(value[inside], at[inside], user[inside], everyone, users)


def _comparisons(
    values: Values, names: list[dt.date], shut: list[bool], *, relative: bool
) -> Iterator[tuple[str, list[int], Row]]:
    """Comparison, the months compared, by number, and its columns. shut: which cells must not be shown, by month."""
    months = values.by_month(len(names))
    there = [bool(month.there.any()) for month in months]
    for later in range(1, len(months)):
        if not there[later] and not shut[later]:
            continue
        if shut[0] or shut[later]:
            found: Row = {"suppressed": True, "missing_reason": HIDDEN}
        elif not there[0]:
            found = {"missing_reason": f"no session of {names[0]:%Y-%m}"}
        else:
            found = {**change(months[0], months[later], relative=relative), **size([months[0], months[later]])}
        yield "since_first_month", [0, later], found
    every = list(range(len(months)))
    if any(shut):
        yield "per_month", every, {"suppressed": True, "missing_reason": HIDDEN}
    elif sum(there) > 1:
        yield "per_month", every, {**trend(values), **size(months)}


def monthly_changes(sessions: pl.DataFrame, released: pl.DataFrame, month: dt.date, min_users: int) -> pl.DataFrame:
    """Rows of analysis.monthly_changes of vintage `month`; none where sessions of one month alone have a work mode.

    sessions: core.classified_sessions of the window that ends in it. released: staging.released. min_users: 1 where
    there is one user in all.
    """
    columns = ("session_id", "user_key", "month", "work_mode", "task_value_usd")
    labelled = in_order(sessions.select(columns).filter(pl.col("work_mode").is_not_null()))
    known = labelled["month"].unique().sort().to_list()
    if len(known) < 2:
        return pl.DataFrame(schema=polars_schema(TABLE))
    months, withheld = months_between(known[0], known[-1]), withheld_in_marts(released)
    left_out = {
        "work_mode_share": _by_month(sessions, months) - _by_month(labelled, months),
        "task_value": _by_month(sessions, months) - _by_month(labelled.drop_nulls("task_value_usd"), months),
    }
    rows = []
    for measure, mode, values in _measures(labelled, months[0]):
        shut = [_is_shut(withheld, measure, mode, at) for at in months]
        of_share = measure == "work_mode_share"
        for comparison, compared, found in _comparisons(values, months, shut, relative=not of_share):
            few = 0 < int(found.get("users") or 0) < min_users
            kept: Row = {"suppressed": True, "missing_reason": HIDDEN} if few else found
            rows.append(
                {
                    "month": month,
                    "measure": measure,
                    "work_mode": mode,
                    "comparison": comparison,
                    "first_month": months[0],
                    "last_month": months[compared[-1]],
                    "n_left_out": int(left_out[measure][compared].sum()),
                    "suppressed": False,
                    **kept,
                }
            )
    return pl.DataFrame(rows, schema=polars_schema(TABLE))


def _by_month(sessions: pl.DataFrame, months: list[dt.date]) -> Integers:
    """Sessions of each of `months`."""
    counted = dict(sessions.group_by("month").len().iter_rows())
    return np.array([counted.get(month, 0) for month in months])


def _is_shut(withheld: Withheld, measure: str, mode: str, month: dt.date) -> bool:
    """Whether a mart hides the cell, or what its share is taken of."""
    if measure == "task_value":
        return withheld.has(month, "month", measure, mode)
    return any(withheld.has(month, "month", "work_mode", level) for level in (mode, ALL))

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
covariance of months is whatever it is. Under 50 users the jackknife (CRV3, see `errors.py`) takes its place: the change
or the slope without each user. Intervals: t with G - 1 degrees of freedom, of a task value on the logarithm.
staging.cells cannot tell it: of two months it keeps y n' + y' n together, and the means weight the two apart.

Suppression: a change where the mart hides one of its two cells, a trend where it hides any; then both where users of
the cell are fewer than `min_users`, or some but fewer are in more than one of the months (`suppression.few_came_back`).
The degrees of freedom of a share count all users of the months, so among them as many must have come back.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from sessions_pipeline.analysis.errors import (
    COLLINEAR,
    FEW_CLUSTERS,
    JACKKNIFE,
    LEANS_ON_ONE,
    LINEARISED,
    NO_INFERENCE,
    inference_by_user,
)
from sessions_pipeline.analysis.models import Row
from sessions_pipeline.analysis.samples import Flags, Floats, Integers, in_order, user_numbers
from sessions_pipeline.analysis.suppression import Withheld, distinct, few_came_back, withheld_in_marts
from sessions_pipeline.classifications.classifiers import WORK_MODES
from sessions_pipeline.months import months_between
from sessions_pipeline.schemas import polars_schema

TABLE = "analysis.monthly_changes"
ALL = "all"
HIDDEN = "withheld: as in the table of the months"
FEW = "withheld: fewer users than the threshold, in all or in more than one of the months"


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
        user, in_cell = self.user[inside], self.in_cell[inside]
        cell = np.zeros(self.users, np.bool_)
        cell[user[in_cell]] = True
        total = np.bincount(user, weights=self.value[inside], minlength=self.users).astype(np.float64, copy=False)
        count = np.bincount(user, minlength=self.users).astype(np.float64)
        return Month(total, count, int(in_cell.sum()), cell)


@dataclass(frozen=True)
class Month:
    """Sums of values and of sessions, (users,), and of what the value is about: sessions, and who has one, (users,)."""

    total: Floats
    count: Floats
    sessions: int
    in_cell: Flags

    @property
    def there(self) -> Flags:
        """Who has a session."""
        return self.count > 0

    @property
    def mean(self) -> float:
        """Of a month that has a session."""
        return float(self.total.sum() / self.count.sum())

    @property
    def parts(self) -> Floats:
        """Each user's part of the error of the mean."""
        return (self.total - self.mean * self.count) / self.count.sum()

    @property
    def without(self) -> Floats:
        """The mean without each user; NaN where nobody else has a session."""
        with np.errstate(divide="ignore", invalid="ignore"):
            left = (self.total.sum() - self.total) / (self.count.sum() - self.count)
        return np.where(self.count < self.count.sum(), left, np.nan)


def change(first: Month, later: Month, *, relative: bool) -> Row:
    """How the mean of `later` differs from that of `first`; relative: as a ratio less one. Both have a session."""
    there = first.there | later.there
    users = int(np.count_nonzero(there))
    if not relative:
        estimate, parts = later.mean - first.mean, later.parts - first.parts
        return _told(estimate, parts, (later.without - first.without)[there] if users < FEW_CLUSTERS else None, users)
    if first.mean <= 0 or later.mean <= 0:
        return {"missing_reason": "a mean of zero: no relative change"}
    ratio, parts = later.mean / first.mean, later.parts / later.mean - first.parts / first.mean
    without = _log_ratio(later.without[there], first.without[there]) if users < FEW_CLUSTERS else None
    told = _told(math.log(ratio), parts, without, users)
    ends: Row = {name: math.expm1(told[name]) for name in ("ci_low", "ci_high") if name in told}
    error = told.get("std_error")
    return {**told, **ends, "estimate": ratio - 1, "std_error": None if error is None else ratio * error}


def _log_ratio(later: Floats, first: Floats) -> Floats:
    """Logarithm of later / first, both zero or more; NaN where there is none."""
    ratio = np.divide(later, first, out=np.full_like(first, np.nan), where=first > 0)
    return np.log(ratio, out=np.full_like(first, np.nan), where=ratio > 0)


def trend(values: Values) -> Row:
    """Slope of the value on the number of the month, over all sessions; these are of two months or more."""
    x, y = values.at - values.at.mean(), values.value - values.value.mean()
    squares = float(np.square(x).sum())
    slope = float(x @ y) / squares
    users = distinct(values.user)
    parts = np.bincount(values.user, weights=x * (y - slope * x)) / squares
    without = _slopes_without(x, y, values.user) if users < FEW_CLUSTERS else None
    return _told(slope, parts, without, users, scale=float(np.abs(values.value).max()))


def _slopes_without(x: Floats, y: Floats, user: Integers) -> Floats:
    """The slope of y on x, both (n,), without each user that has a session; NaN where one month is left."""
    products = (np.ones_like(x), x, y, x * x, x * y)
    of_user = np.stack([np.bincount(user, weights=values) for values in products])
    n, of_x, of_y, of_xx, of_xy = (of_user.sum(axis=1, keepdims=True) - of_user)[:, of_user[0] > 0]
    spread = n * of_xx - of_x**2
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(spread > COLLINEAR * x.size**2, (n * of_xy - of_x * of_y) / spread, np.nan)


def size(months: list[Month]) -> dict[str, int]:
    """Sessions of the cell in `months`, and their users."""
    users = np.logical_or.reduce([month.in_cell for month in months])
    return {"sessions": sum(month.sessions for month in months), "users": int(np.count_nonzero(users))}


def _told(estimate: float, parts: Floats, without: Floats | None, users: int, scale: float = 1.0) -> dict[str, Any]:
    """Columns of an estimate; where users do not differ, or it leans on one of them, there is no interval.

    parts (users,): of its error. without: the estimate without each user, of few users. scale: of what is estimated.
    """
    row: dict[str, Any] = {"estimate": estimate}
    if users < 2:
        return row
    row |= {"degrees_of_freedom": users - 1, "std_errors": LINEARISED if without is None else JACKKNIFE}
    if without is not None and not np.isfinite(without).all():
        row["missing_reason"] = LEANS_ON_ONE
    found = inference_by_user(estimate, parts, users, scale, without)
    if found != NO_INFERENCE:
        row |= {"std_error": found.std_error, "ci_low": found.ci_low, "ci_high": found.ci_high}
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


def _too_few(months: list[Month], min_users: int) -> bool:
    """Whether the users of the cell are too few, or those who are in more than one of `months`."""
    return 0 < size(months)["users"] < min_users or any(
        few_came_back(present, min_users)
        for present in ([month.in_cell for month in months], [month.there for month in months])
    )


def _comparisons(
    values: Values, names: list[dt.date], shut: list[bool], min_users: int, *, relative: bool
) -> Iterator[tuple[str, list[int], Row]]:
    """Comparison, the months compared, by number, and its columns. shut: which cells must not be shown, by month."""
    months = values.by_month(len(names))
    there = [bool(month.there.any()) for month in months]
    for later in range(1, len(months)):
        if not there[later] and not shut[later]:
            continue
        if shut[0] or shut[later]:
            found: Row = {"suppressed": True, "missing_reason": HIDDEN}
        elif _too_few([months[0], months[later]], min_users):
            found = {"suppressed": True, "missing_reason": FEW}
        elif not there[0]:
            found = {"missing_reason": f"no session of {names[0]:%Y-%m}"}
        else:
            found = {**change(months[0], months[later], relative=relative), **size([months[0], months[later]])}
        yield "since_first_month", [0, later], found
    every = list(range(len(months)))
    if any(shut):
        yield "per_month", every, {"suppressed": True, "missing_reason": HIDDEN}
    elif sum(there) > 1:
        few = _too_few(months, min_users)
        found = {"suppressed": True, "missing_reason": FEW} if few else {**trend(values), **size(months)}
        yield "per_month", every, found


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
        for comparison, compared, found in _comparisons(values, months, shut, min_users, relative=not of_share):
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
                    **found,
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

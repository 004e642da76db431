"""Did task value rise, or did the mix of work? The change of the mean task value, cut exactly in two.

Between the first and the last month of the window with sessions, for modes k with shares w and mean values m
    within_k  = (w0 + w1)/2 · (m1 - m0)                          the same work is worth more
    between_k = (w1 - w0) · ((m0 + m1)/2 - (M0 + M1)/2)          more is done of what is worth more than the mean M
and the sums over k add up to M1 - M0 without a rest (a symmetric shift-share, which is Oaxaca and Blinder's
decomposition with the mean of both months as the reference). A mode that one month lacks has no change of its own: its
mean is taken as that of the other month, and all that it does counts as mix.

Standard errors: delta method. Each user's part of the errors of w and m in both months is carried through the formulas
and squared and summed, times G/(G - 1): clustered by user, who may be in both months. t with G - 1 degrees of freedom.
Under 50 users the jackknife (CRV3, see `errors.py`) takes its place: the decomposition without each user.
Suppression: what the mart hides in one of the months; then modes with fewer than `min_users` users in one of them, or
with some but fewer who came back (`suppression.few_came_back`), and what would give them away; all, with the total.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from sessions_pipeline.analysis.errors import (
    FEW_CLUSTERS,
    JACKKNIFE,
    LINEARISED,
    inference_by_user,
)
from sessions_pipeline.analysis.samples import in_order, user_numbers
from sessions_pipeline.analysis.suppression import (
    Withheld,
    distinct,
    few_came_back,
    users_per_group,
    withheld_in_marts,
    withheld_levels,
)
from sessions_pipeline.classifications.classifiers import WORK_MODES
from sessions_pipeline.schemas import VALUE_PARTS, polars_schema

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
ALL = "all"


@dataclass(frozen=True)
class Month:
    """One month by mode: shares and means (k,), and each user's part of their errors, (k, users)."""

    share: Floats
    mean: Floats
    share_errors: Floats
    mean_errors: Floats
    present: npt.NDArray[np.bool_]

    @property
    def overall(self) -> float:
        """Mean over all modes."""
        return float(self.share @ self.mean)

    @property
    def overall_errors(self) -> Floats:
        """Each user's part of the error of the overall mean, (users,)."""
        return self.mean @ self.share_errors + self.share @ self.mean_errors


def _month(value: Floats, mode: Integers, user: Integers, users: int) -> Month:
    kinds = len(WORK_MODES)
    sessions = np.bincount(mode, minlength=kinds)
    share = sessions / value.size
    mean = np.bincount(mode, weights=value, minlength=kinds) / np.maximum(sessions, 1)
    cell = mode * users + user
    counts = np.bincount(cell, minlength=kinds * users).reshape(kinds, users)
    sums = np.bincount(cell, weights=value, minlength=kinds * users).reshape(kinds, users)
    return Month(
        share,
        mean,
        (counts - share[:, None] * counts.sum(axis=0)) / value.size,
        (sums - mean[:, None] * counts) / np.maximum(sessions, 1)[:, None],
        sessions > 0,
    )


def parts(first: Month, last: Month) -> dict[str, tuple[Floats, Floats]]:
    """Part -> its value by mode (k,), and each user's part of the error, (k, users); 'total' is the two together."""
    before = np.where(first.present, first.mean, last.mean)
    after = np.where(last.present, last.mean, first.mean)
    before_errors = np.where(first.present[:, None], first.mean_errors, last.mean_errors)
    after_errors = np.where(last.present[:, None], last.mean_errors, first.mean_errors)
    share, share_errors = (first.share + last.share) / 2, (first.share_errors + last.share_errors) / 2
    moved, moved_errors = last.share - first.share, last.share_errors - first.share_errors
    risen, risen_errors = after - before, after_errors - before_errors
    above = (before + after) / 2 - (first.overall + last.overall) / 2
    above_errors = (before_errors + after_errors) / 2 - (first.overall_errors + last.overall_errors) / 2
    within = share * risen, share[:, None] * risen_errors + risen[:, None] * share_errors
    between = moved * above, moved[:, None] * above_errors + above[:, None] * moved_errors
    return {"within": within, "between": between, "total": (within[0] + between[0], within[1] + between[1])}


@dataclass(frozen=True)
class WithoutEach:
    """The decomposition without each user. parts: part -> (users, k); overall (users,): mean of the first month.

    NaN where a month has nobody else.
    """

    parts: dict[str, Floats]
    overall: Floats


def _without_each(value: Floats, mode: Integers, user: Integers, is_last: npt.NDArray[np.bool_]) -> WithoutEach:
    users = int(user.max()) + 1
    overall = np.full(users, np.nan)
    found = {part: np.full((users, len(WORK_MODES)), np.nan) for part in VALUE_PARTS}
    for left_out in range(users):
        ends = [at & (user != left_out) for at in (~is_last, is_last)]
        if not all(at.any() for at in ends):
            continue
        first, last = (_month(value[at], mode[at], np.zeros(at.sum(), np.int64), 1) for at in ends)
        overall[left_out] = first.overall
        for part, (values, _) in parts(first, last).items():
            found[part][left_out] = values
    return WithoutEach(found, overall)


def task_value_change(sessions: pl.DataFrame, released: pl.DataFrame, month: dt.date, min_users: int) -> pl.DataFrame:
    """Rows of analysis.task_value_change of vintage `month`.

    sessions: core.classified_sessions of the window that ends in it. released: staging.released. min_users: 1 where
    there is one user in all.
    """
    columns = ("session_id", "user_key", "month", "work_mode", "task_value_usd")
    known = sessions.select(columns).drop_nulls(["work_mode", "task_value_usd"])
    months = known["month"].unique().sort().to_list()
    if len(months) < 2:
        return pl.DataFrame(schema=polars_schema("analysis.task_value_change"))
    of_ends = pl.col("month").is_in([months[0], months[-1]])
    ends = in_order(known.filter(of_ends))
    left_out = sessions.filter(of_ends).height - ends.height
    user = user_numbers(ends)
    mode = ends["work_mode"].replace_strict(WORK_MODES, range(len(WORK_MODES)), return_dtype=pl.Int64).to_numpy()
    value, is_last = ends["task_value_usd"].to_numpy(), (ends["month"] == months[-1]).to_numpy()
    users = int(user.max()) + 1
    before, after = (_month(value[at], mode[at], user[at], users) for at in (~is_last, is_last))
    few = _without_each(value, mode, user, is_last) if 1 < users < FEW_CLUSTERS else None
    in_marts = withheld_in_marts(released)
    shut = {name for name in (ALL, *WORK_MODES) if _is_shut(in_marts, name, (months[0], months[-1]))}
    of_marts = {kind for kind in np.unique(mode).tolist() if WORK_MODES[kind] in shut}
    hidden = _withheld(mode, user, is_last, min_users, of_marts)
    by_mode = np.concatenate([users_per_group(mode, user), np.zeros(len(WORK_MODES), dtype=np.int64)])
    too_few = min(distinct(user[~is_last]), distinct(user[is_last])) < min_users
    nothing = ALL in shut or too_few or _few_came_back(user, is_last, min_users)
    rows = []
    for part, (values, errors) in parts(before, after).items():
        for name, of in ((ALL, slice(None)), *((name, slice(k, k + 1)) for k, name in enumerate(WORK_MODES))):
            index = WORK_MODES.index(name) if name != ALL else None
            if index is not None and not by_mode[index]:
                continue
            row: dict[str, object] = {
                "month": month,
                "first_month": months[0],
                "last_month": months[-1],
                "work_mode": name,
                "part": part,
                "n_left_out": left_out,
                "suppressed": nothing or index in hidden,
            }
            if not row["suppressed"]:
                row |= {
                    "sessions": int(mode.size if index is None else (mode == index).sum()),
                    "users": int(users if index is None else by_mode[index]),
                    "std_errors": JACKKNIFE if few else LINEARISED if users > 1 else None,
                    "degrees_of_freedom": users - 1,
                    **_estimate(
                        float(values[of].sum()),
                        errors[of].sum(axis=0),
                        before,
                        after,
                        (few.parts[part][:, of].sum(axis=1), few.overall) if few else None,
                    ),
                }
            rows.append(row)
    return pl.DataFrame(rows, schema=polars_schema("analysis.task_value_change"))


def _estimate(
    change: float, errors: Floats, first: Month, last: Month, few: tuple[Floats, Floats] | None
) -> dict[str, float | None]:
    """The change in dollars and relative to the first month's mean, with intervals where users differ.

    A first month worth nothing has no relative change. few: of few users, the change and that mean without each.
    """
    users, scale = errors.size, max(first.overall, last.overall)
    dollars = inference_by_user(change, errors, users, scale, few[0] if few else None)
    found = {
        "estimate": change,
        "std_error": dollars.std_error,
        "ci_low": dollars.ci_low,
        "ci_high": dollars.ci_high,
    }
    if not first.overall:
        return found
    relative = change / first.overall
    without = None
    if few:
        changes, overall = few
        without = np.divide(changes, overall, out=np.full_like(changes, np.nan), where=overall > 0)
    parts_of_error = (errors - relative * first.overall_errors) / first.overall
    of_first = inference_by_user(relative, parts_of_error, users, 1 + abs(relative), without)
    return {**found, "relative": relative, "relative_ci_low": of_first.ci_low, "relative_ci_high": of_first.ci_high}


def _is_shut(withheld: Withheld, mode: str, months: tuple[dt.date, ...]) -> bool:
    """Whether the mart hides a mode in one of the months."""
    return any(withheld.has(month, "month", "task_value", mode) for month in months)


def _few_came_back(user: Integers, is_last: npt.NDArray[np.bool_], min_users: int) -> bool:
    size = int(user.max(initial=-1)) + 1
    return few_came_back([np.bincount(user[at], minlength=size) > 0 for at in (~is_last, is_last)], min_users)


def _withheld(
    mode: Integers, user: Integers, is_last: npt.NDArray[np.bool_], min_users: int, of_marts: set[int]
) -> frozenset[int]:
    """Modes that the marts hide, or whose numbers stand for too few users, and what would give them away."""
    found = of_marts | {
        kind
        for kind in np.unique(mode).tolist()
        if _few_came_back(user[mode == kind], is_last[mode == kind], min_users)
    }
    for at in (is_last, ~is_last):
        found |= withheld_levels(mode[at], user[at], min_users)
        found |= {kind for kind in np.unique(mode).tolist() if not (mode[at] == kind).any()} if min_users > 1 else set()
    if len(found) == 1:
        # What one mode withholds is the total minus the others: the next smallest goes with it.
        rest = [kind for kind in np.unique(mode).tolist() if kind not in found]
        found |= set(sorted(rest, key=lambda kind: distinct(user[mode == kind]))[:1])
    return frozenset(found)

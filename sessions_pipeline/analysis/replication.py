"""Every published figure beside the same figure of one's own sessions: the rows of analysis.published_comparison.

Here belong which of our numbers answers to which printed one, and why some have none. The models' numbers are taken
from analysis.coefficients and analysis.adjusted_rates; the others are means over the sessions of the window.

Standard errors of means m over N sessions of G users, with y the sum and n the sessions of a user (ratio estimator,
linearised, clustered by user): v = G/(G - 1) · sum of (y - m n)² / N². Geometric means, ratios of two months and
relative changes take theirs by the delta method. Intervals: t with G - 1 degrees of freedom.
Suppression: a cell with fewer than `min_users` users, and what would give it away as total minus shown
(`suppression.py`); of a share, also where fewer users than that stand behind it; and what the marts withhold.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from sessions_pipeline.analysis.errors import LINEARISED, clustered_error, inference
from sessions_pipeline.analysis.suppression import Withheld, distinct, few_came_back, withheld_in_marts, withheld_levels
from sessions_pipeline.report.published import Published, published_figures
from sessions_pipeline.schemas import polars_schema

Floats = npt.NDArray[np.float64]
Row = dict[str, object]

NO_SESSION = "no session in this cell"
NOT_RECOMPUTED = {
    "task_value_holdout": "needs the study's postings with known prices, which were not released",
    "strong_model_agreement": "needs the study's 198 public sessions and their labels by another model",
    "internal_validation": "needs sessions joined to commits, with person fixed effects, of the vendor's own staff",
}
_CODE_CHANGING = ["modifies_existing", "creates_new"]


@dataclass(frozen=True)
class Figure:
    """One of our numbers. users: distinct. missing: why there is no estimate.

    clusters, std_errors: how many the standard error has, and of which kind it is; None for a number without one.
    """

    estimate: float | None = None
    std_error: float | None = None
    sessions: int | None = None
    users: int | None = None
    clusters: int | None = None
    std_errors: str | None = None
    suppressed: bool = False
    missing: str | None = None


def _gone(reason: str, suppressed: bool = False) -> Figure:
    return Figure(missing=reason, suppressed=suppressed)


class Window:
    """The sessions of a window, and the figures that are means over them."""

    def __init__(self, sessions: pl.DataFrame, min_users: int) -> None:
        self.sessions = sessions
        self.min_users = min_users
        # 64 bits of the key are quicker to group by than the key.
        self.user = np.unique(sessions["user_key"].hash().to_numpy(), return_inverse=True)[1].astype(np.int64)
        self.n_users = int(self.user.max(initial=-1)) + 1
        self.breakdowns: dict[tuple[str, str], frozenset[object]] = {}
        self.reason = f"withheld: fewer than {min_users} users, or needed to hide such a cell"

    def mask(self, condition: pl.Expr) -> npt.NDArray[np.bool_]:
        """Sessions for which `condition` holds, shape (n,); null is no."""
        return self.sessions.select(condition.fill_null(False)).to_series().to_numpy()

    def users(self, inside: npt.NDArray[np.bool_]) -> int:
        """Distinct users of the sessions `inside`."""
        return distinct(self.user[inside])

    def influence(self, values: Floats, inside: npt.NDArray[np.bool_]) -> tuple[float, Floats]:
        """Mean of `values` (n,) over the sessions `inside`, and each user's part of its error."""
        size, mean = int(inside.sum()), float(values[inside].mean())
        parts: Floats = np.bincount(
            self.user[inside], weights=(values[inside] - mean) / size, minlength=self.n_users
        ).astype(np.float64, copy=False)
        return mean, parts

    def mean(self, value: pl.Expr, where: pl.Expr, log: bool = False) -> Figure:
        """Mean of `value` over the sessions `where`, those without a value left out; log: geometric mean."""
        inside = self.mask(where & value.is_not_null())
        if not inside.any():
            return _gone(NO_SESSION)
        users = self.users(inside)
        if users < self.min_users:
            return _gone(self.reason, suppressed=True)
        values = self.sessions.select(value.cast(pl.Float64).fill_null(0.0)).to_series().to_numpy()
        if not log and bool(np.isin(values[inside], (0.0, 1.0)).all()):
            behind = self.users(inside & (values == 1))
            if 0 < behind < self.min_users:
                return _gone(self.reason, suppressed=True)
        values = np.log(np.maximum(values, 1e-300)) if log else values
        mean, influence = self.influence(values, inside)
        error = clustered_error(influence, users, float(np.abs(values[inside]).max()))
        if log:
            mean, error = float(np.exp(mean)), None if error is None else error * float(np.exp(mean))
        return Figure(mean, error, int(inside.sum()), users, users, LINEARISED)

    def withheld(self, column: str, where: pl.Expr) -> frozenset[object]:
        """Values of `column` that must not be shown, of a breakdown of the sessions `where` by it."""
        if (known := (column, str(where))) in self.breakdowns:
            return self.breakdowns[known]
        inside = self.mask(where & pl.col(column).is_not_null())
        kinds = sorted(self.sessions[column].drop_nulls().unique().to_list())
        codes = self.sessions[column].replace_strict(kinds, range(len(kinds)), return_dtype=pl.Int64, default=None)
        level = codes.fill_null(0).to_numpy()[inside]
        withheld = withheld_levels(level, self.user[inside], self.min_users)
        self.breakdowns[known] = frozenset(kinds[code] for code in withheld)
        return self.breakdowns[known]

    def within(self, column: str, level: object, value: pl.Expr, where: pl.Expr, log: bool = False) -> Figure:
        """Mean of `value` at one level of a breakdown by `column`."""
        if level in self.withheld(column, where):
            return _gone(self.reason, suppressed=True)
        return self.mean(value, where & (pl.col(column) == level), log)

    def share(self, column: str, levels: list[str], where: pl.Expr) -> Figure:
        """Share of the sessions with a `column` that have one of `levels`."""
        if set(levels) & self.withheld(column, where):
            return _gone(self.reason, suppressed=True)
        return self.mean(pl.col(column).is_in(levels), where & pl.col(column).is_not_null())

    def growth(self, value: pl.Expr, where: pl.Expr, first: dt.date, last: dt.date, modes: bool) -> Figure:
        """Relative change of the mean of `value` from month `first` to month `last`."""
        ends = []
        for month in (first, last):
            of_month = where & (pl.col("month") == month)
            inside = self.mask(of_month & value.is_not_null())
            if not inside.any():
                return _gone(f"no session of {month:%Y-%m} in this cell")
            if modes and set(self.sessions.filter(pl.Series(inside))["work_mode"]) & self.withheld(
                "work_mode", pl.col("month") == month
            ):
                return _gone(self.reason, suppressed=True)
            if self.users(inside) < self.min_users:
                return _gone(self.reason, suppressed=True)
            values = self.sessions.select(value.cast(pl.Float64).fill_null(0.0)).to_series().to_numpy()
            ends.append((*self.influence(values, inside), inside))
        (before, by_before, inside), (after, by_after, also) = ends
        there = [np.bincount(self.user[at], minlength=self.n_users) > 0 for at in (inside, also)]
        if few_came_back(there, self.min_users):
            return _gone(self.reason, suppressed=True)
        users = self.users(inside | also)
        if not before or not after:
            return _gone(f"the mean of {first:%Y-%m} or {last:%Y-%m} is zero: no relative change")
        ratio = after / before
        error = clustered_error(ratio * (by_after / after - by_before / before), users, ratio)
        return Figure(ratio - 1, error, int((inside | also).sum()), users, users, LINEARISED)


def comparison(
    sessions: pl.DataFrame,
    coefficients: pl.DataFrame,
    rates: pl.DataFrame,
    released: pl.DataFrame,
    month: dt.date,
    min_users: int,
) -> pl.DataFrame:
    """Rows of analysis.published_comparison of vintage `month`.

    sessions: core.classified_sessions of the window that ends in it. coefficients, rates: analysis.coefficients and
    analysis.adjusted_rates. released: staging.released. min_users: 1 where there is one user in all.
    """
    window = Window(sessions, min_users)
    ours = pl.col("month") == month, pl.col("period") == "window"
    withheld = withheld_in_marts(released)
    models = Models(coefficients.filter(*ours), rates.filter(*ours))
    rows = [
        _row(month, printed, _figure(printed, window, models, month, withheld))
        for printed in published_figures().values()
    ]
    return pl.DataFrame(rows, schema=polars_schema("analysis.published_comparison"))


def _row(month: dt.date, printed: Published, found: Figure) -> Row:
    row: Row = {
        "month": month,
        "exhibit": printed.exhibit,
        "measure": printed.measure,
        "group": printed.group,
        "unit": printed.unit,
        "published": printed.value,
        "published_std_error": printed.standard_error,
        "published_rounding": 0.5 * 10.0**-printed.decimals,
        "published_sessions": printed.n,
        "estimate": found.estimate,
        "std_error": found.std_error,
        "sessions": found.sessions,
        "users": found.users,
        "suppressed": found.suppressed,
        "missing_reason": found.missing,
    }
    if found.estimate is None:
        return row
    row["difference"] = found.estimate - printed.value
    if found.std_error and found.clusters and found.clusters > 1:
        interval = inference(found.estimate, found.std_error, found.clusters)
        row |= {"ci_low": interval.ci_low, "ci_high": interval.ci_high}
        row |= {"degrees_of_freedom": found.clusters - 1, "std_errors": found.std_errors}
        row["z"] = (found.estimate - printed.value) / np.hypot(found.std_error, printed.standard_error or 0.0)
    return row


@dataclass(frozen=True)
class Models:
    """The window's rows of analysis.coefficients and analysis.adjusted_rates."""

    coefficients: pl.DataFrame
    rates: pl.DataFrame

    def _term(self, specification: str, term: str) -> Mapping[str, object]:
        found = self.coefficients.filter(pl.col("specification") == specification, pl.col("term") == term)
        return found.row(0, named=True) if found.height else {"missing_reason": "the model was not estimated"}

    def coefficient(self, specification: str, term: str, relative: bool = False) -> Figure:
        """A coefficient; relative: of a logarithm, as a relative change."""
        row = self._term(specification, term)
        if row["missing_reason"]:
            return _gone(str(row["missing_reason"]), suppressed=str(row["missing_reason"]).startswith("withheld"))
        estimate, error = _number(row, "estimate"), _number(row, "std_error")
        if relative:
            estimate, error = float(np.expm1(estimate)), error * float(np.exp(estimate))
        return Figure(
            estimate,
            error,
            int(_number(row, "n_sessions")),
            int(_number(row, "n_users")),
            int(_number(row, "n_clusters")),
            str(row["std_errors"]),
        )

    def of_fit(self, specification: str, column: str) -> Figure:
        """A number that a model has once: no standard error."""
        row = self._term(specification, "expertise")
        if row.get(column) is None:
            return _gone(str(row["missing_reason"]))
        return Figure(_number(row, column), None, int(_number(row, "n_sessions")), int(_number(row, "n_users")))

    def rate(self, sample: str, measure: str, level: int, column: str = "estimate") -> Figure:
        """An adjusted or unadjusted rate at one level of expertise."""
        found = self.rates.filter(
            pl.col("sample") == sample, pl.col("measure") == measure, pl.col("expertise") == level
        )
        if not found.height:
            return _gone("the model was not estimated")
        row = found.row(0, named=True)
        if row[column] is None:
            return _gone(row["missing_reason"] or NO_SESSION, suppressed=row["suppressed"])
        if column != "estimate":
            return Figure(row[column], None, row["sessions"], row["users"])
        return Figure(row[column], row["std_error"], row["sessions"], row["users"], row["n_users"], row["std_errors"])


def _number(row: Mapping[str, object], column: str) -> float:
    value = row[column]
    assert isinstance(value, int | float)
    return float(value)


EVERYONE = pl.lit(True)
CLEAR = pl.col("outcome") != "no_clear_goal"


def _figure(printed: Published, window: Window, models: Models, month: dt.date, withheld: Withheld) -> Figure:
    """Our number for a printed one."""
    if printed.exhibit in NOT_RECOMPUTED:
        return _gone(NOT_RECOMPUTED[printed.exhibit])
    if not window.sessions.height:
        return _gone("no session in the window")
    if printed.exhibit in _FROM_MODELS:
        return _FROM_MODELS[printed.exhibit](printed, models)
    if window.n_users < window.min_users:  # the whole window is one cell that is too small
        return _gone(window.reason, suppressed=True)
    if any(withheld.has(*cell) for cell in _mart_cells(printed, month)):
        return _gone(window.reason, suppressed=True)
    return _FROM_SESSIONS[printed.exhibit](printed, window)


def _mart_cells(printed: Published, month: dt.date) -> Iterator[tuple[dt.date, str, str, str]]:
    """Cells of the marts (month, period, breakdown, level) that tell the same as our number for `printed`."""
    exhibit, measure, group = printed.exhibit, printed.measure, printed.group
    in_window = {
        "figure_1": lambda: ("work_mode", group),
        "section_2_1": lambda: ("codebase_context", group),
        "figure_2": lambda: (
            measure.removeprefix("user_").removesuffix("_share").replace("decision", "overall"),
            "all",
        ),
        "section_2_2": lambda: ("execution_bands", "1") if group.startswith("user") else ("planning_bands", "5"),
        "figure_3": lambda: (measure.replace("per_prompt", "by_expertise"), str(_level(group))),
        "figure_6": lambda: ("occupation_wrote_code", group.split(" ")[0]),
        "section_4_2": lambda: (
            "profession_wrote_code" if "@" in group else "profession",
            "software" if group.startswith("software_user") else "other",
        ),
        "figure_a1": lambda: (group.rsplit("_", 1)[0], str(_level(group))),
    }
    if exhibit in in_window:
        yield (month, "window", *in_window[exhibit]())
    elif exhibit == "figure_4" and measure == "work_mode_share":
        modes, when = group.split("@")
        yield from ((_month(when), "month", "work_mode", mode) for mode in modes.split("_and_"))
    elif exhibit == "figure_4":
        for when in measure.removeprefix("task_value_change_").split("_to_"):
            yield _month(when), "month", "task_value", group


def _level(group: str) -> int:
    """`expertise_3` -> 3; `failure_signal_5` -> 5."""
    return int(group.rsplit("_", 1)[1])


def _sample(printed: Published, window: Window) -> Figure:
    sessions, measure, users = window.sessions, printed.measure, window.n_users
    if measure in ("sessions", "users"):
        return Figure(float(sessions.height if measure == "sessions" else users), None, sessions.height, users)
    if measure.startswith("users_with_more_than"):
        per_user = np.bincount(window.user)
        count = int((per_user > int(measure.split("_")[4])).sum())
        if 0 < count < window.min_users:
            return _gone(window.reason, suppressed=True)
        return Figure(float(count), None, sessions.height, per_user.size)
    if measure.startswith("share_over"):
        return window.mean(pl.col("actions_per_prompt") > int(measure.split("_")[2]), EVERYONE)
    if measure == "turns_per_session":
        # A median: no standard error is made up for it.
        median = float(sessions.select(pl.col("human_prompts").median()).item())
        return Figure(median, None, sessions.height, users)
    values = {
        "no_clear_goal_share": pl.col("outcome") == "no_clear_goal",
        "user_occupation_inferred_share": pl.col("user_occupation") != "unclear",
    }
    return window.mean(values.get(measure, pl.col(measure)), EVERYONE)


def _codebase(printed: Published, window: Window) -> Figure:
    if printed.measure == "codebase_context_share":
        return window.share("codebase_context", [printed.group], EVERYONE)
    changed = (pl.col("lines_added") > 0) | (pl.col("lines_removed") > 0)
    return window.mean(changed, pl.col("codebase_context").is_in(_CODE_CHANGING))


def _deciders(printed: Published, window: Window) -> Figure:
    where = {
        "user_execution_share_over_0.8": pl.col("user_execution_share") > 0.8,
        "agent_planning_share_over_0.8": pl.col("user_planning_share") < 0.2,
    }[printed.group]
    return window.mean(pl.col("actions_per_prompt"), where)


def _effort(printed: Published, window: Window) -> Figure:
    return window.within(
        "expertise", _level(printed.group), pl.col(printed.measure), pl.col(printed.measure) > 0, log=True
    )


def _monthly(printed: Published, window: Window) -> Figure:
    if printed.measure == "work_mode_share":
        modes, month = printed.group.split("@")
        first = _month(month)
        if not window.mask(pl.col("month") == first).any():
            return _gone(f"the window holds no session of {month}")
        return window.share("work_mode", modes.split("_and_"), pl.col("month") == first)
    first, last = (_month(text) for text in printed.measure.removeprefix("task_value_change_").split("_to_"))
    every = printed.group == "all"
    where = pl.col("work_mode").is_not_null() if every else pl.col("work_mode") == printed.group
    return window.growth(pl.col("task_value_usd"), where, first, last, modes=not every)


def _month(text: str) -> dt.date:
    return dt.date.fromisoformat(f"{text}-01")


def _occupations(printed: Published, window: Window) -> Figure:
    return window.within(
        "user_occupation", printed.group.split(" ")[0], pl.col(printed.measure), CLEAR & pl.col("wrote_code")
    )


def _software(printed: Published, window: Window) -> Figure:
    who, _, what = printed.group.partition("@")
    where = CLEAR & pl.col("wrote_code") if what else CLEAR
    return window.within("software_user", who == "software_user", pl.col(printed.measure), where)


def _signals(printed: Published, window: Window) -> Figure:
    column = printed.group.rsplit("_", 1)[0]
    return window.within(column, _level(printed.group), pl.col(printed.measure), CLEAR)


def _table_a1(printed: Published, models: Models) -> Figure:
    specification = f"table_a1_{printed.group.removeprefix('column_')}"
    if printed.measure == "expertise_coefficient":
        return models.coefficient(specification, "expertise")
    return models.of_fit(specification, {"r_squared": "r_squared", "fixed_effect_cells": "n_cells"}[printed.measure])


def _table_a2(printed: Published, models: Models) -> Figure:
    if printed.measure == "coefficient_vs_novice":
        return models.coefficient("table_a2", printed.group)
    column = "unadjusted" if printed.measure.endswith("unadjusted") else "estimate"
    return models.rate("all", "verified_success", _level(printed.group), column)


_FROM_SESSIONS: Mapping[str, Callable[[Published, Window], Figure]] = {
    "sample": _sample,
    "figure_1": lambda printed, window: window.share("work_mode", [printed.group], EVERYONE),
    "section_2_1": _codebase,
    "figure_2": lambda printed, window: window.mean(pl.col(printed.measure), EVERYONE),
    "section_2_2": _deciders,
    "figure_3": _effort,
    "figure_4": _monthly,
    "figure_6": _occupations,
    "section_4_2": _software,
    "figure_a1": _signals,
}
_FROM_MODELS: Mapping[str, Callable[[Published, Models], Figure]] = {
    "figure_3_regression": lambda printed, models: models.coefficient(
        f"figure_3_{printed.measure.split('_')[0]}", "expertise", relative=True
    ),
    "figure_5_all": lambda printed, models: models.rate("all", printed.measure, _level(printed.group)),
    "figure_5_hit_trouble": lambda printed, models: models.rate("hit_trouble", printed.measure, _level(printed.group)),
    "table_a1": _table_a1,
    "table_a2": _table_a2,
}


def exhibits() -> Iterator[str]:
    """Every exhibit that has an answer here, or a reason for none."""
    yield from (*_FROM_SESSIONS, *_FROM_MODELS, *NOT_RECOMPUTED)

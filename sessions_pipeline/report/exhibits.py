"""What each exhibit shows: the rows of the published tables that belong to it, in the order in which they are read.

Figures, tables and sentences all take their numbers from here, so that they cannot disagree. Polars frames with the
columns of `schemas.py` in, frozen dataclasses out. A suppressed row loses its numbers here even if the frame has them.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import polars as pl

from sessions_pipeline.classifications.classifiers import WORK_MODES
from sessions_pipeline.classifications.reference import FACETS
from sessions_pipeline.report.published import FIRST_MONTH, LAST_MONTH, Published, published
from sessions_pipeline.schemas import EFFORT_MEASURES

LEVELS = (1, 2, 3, 4, 5)
LEVEL_NAMES = {1: "novice", 2: "beginner", 3: "intermediate", 4: "advanced", 5: "expert"}
VALUE_GROUPS = ("all", *WORK_MODES)
TABLE_A1_CONTROLS = {
    1: "no controls",
    2: "work mode × value",
    3: "… × month",
    4: "… × task occupation",
    5: "… × user occupation",
    6: "… × model × length",
}
TABLE_A1_EFFECTS = {
    "Work mode × value band": 2,
    "× month": 3,
    "× task occupation": 4,
    "× user occupation": 5,
    "× model tier × session length": 6,
}
SUCCESSES = ("at_least_partial", "judged_success", "verified_success")
FAILURES = ("judged_failure", "verified_failure", "abandoned")
QUANTILES = ("p05", "p25", "p50", "p75", "p95")
UNIT_NAMES = {"line": "lines", "file": "files", "session": "sessions"}
MEASURE_NAMES = {
    "actions_per_prompt": "actions per prompt",
    "words_per_prompt": "words per prompt",
    "at_least_partial": "at least partial success",
    "judged_success": "judged success",
    "verified_success": "verified success",
    "judged_failure": "judged failure",
    "verified_failure": "verified failure",
    "abandoned": "abandoned",
}


@dataclass(frozen=True)
class Cell:
    """One published number: estimate with its 95% interval, what it rests on, and what the study printed.

    suppressed: too few users, all numbers are None. reason: why there is no estimate, where the table says so.
    """

    estimate: float | None = None
    low: float | None = None
    high: float | None = None
    sessions: int | None = None
    users: int | None = None
    suppressed: bool = False
    reason: str | None = None
    published: Published | None = None

    @property
    def shown(self) -> bool:
        """There is a number to draw."""
        return self.estimate is not None and math.isfinite(self.estimate)

    @property
    def has_interval(self) -> bool:
        """The number has both ends of its interval."""
        return self.shown and self.low is not None and self.high is not None

    def above(self, other: Cell) -> bool:
        """Larger than `other`, beyond both intervals."""
        return self.has_interval and other.has_interval and self.low > other.high  # type: ignore[operator]


@dataclass(frozen=True)
class EffortCell(Cell):
    """Distribution of effort per prompt at one level; `estimate`: geometric mean of positive values."""

    zero_sessions: int | None = None
    p05: float | None = None
    p25: float | None = None
    p50: float | None = None
    p75: float | None = None
    p95: float | None = None

    @property
    def has_box(self) -> bool:
        """There is a distribution to draw."""
        return all(value is not None for value in (self.p05, self.p25, self.p50, self.p75, self.p95))


@dataclass(frozen=True)
class Distribution:
    """How the agent's share of decisions is spread: bins of `width` by number from 1, and the user's mean share."""

    bins: Mapping[int, Cell]
    mean: Cell
    width: float


@dataclass(frozen=True)
class RateCell(Cell):
    """A rate at one level of expertise: `estimate` adjusted if the panel is, `unadjusted` beside it."""

    unadjusted: float | None = None


@dataclass(frozen=True)
class Panel:
    """One part of Figure 5. adjusted: False where only raw rates could be had, and `reason` says why if it is known.

    controls: columns of Table A1 whose controls its outcomes were adjusted with; (1,) is none at all.
    fits: measure → what its adjusted rates rest on, columns of analysis.adjusted_rates; none of raw ones.
    """

    title: str
    direction: str
    sample: str
    measures: tuple[str, ...]
    adjusted: bool
    controls: tuple[int, ...]
    reason: str | None
    cells: Mapping[tuple[str, int], RateCell]
    fits: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Step:
    """One rule of the flow; counts over all months, and by month."""

    unit: str
    rule: str
    removed: int
    remaining: int
    by_month: Mapping[dt.date, tuple[int, int]]


@dataclass(frozen=True)
class Coefficient:
    """One coefficient with the published one beside it. `fit` is its row of analysis.coefficients.

    column: that of Table A1; 5 for Table A2, which has the controls of column 5.
    """

    name: str
    column: int
    cell: Cell
    fit: Mapping[str, Any]
    published_cells: Published | None = None
    published_r_squared: Published | None = None


def work_mode_shares(frame: pl.DataFrame, month: dt.date) -> dict[str, Cell]:
    """Figure 1: share of sessions by work mode over the window, largest first; modes without a row are left out."""
    rows = {row["work_mode"]: row for row in rows_at(frame, month, "window")}
    cells = {mode: cell_of(row, published("figure_1", "work_mode_share", mode)) for mode, row in rows.items()}
    order = sorted(cells, key=lambda mode: (-(cells[mode].estimate or 0.0), WORK_MODES.index(mode)))
    return {mode: cells[mode] for mode in order}


def effort(frame: pl.DataFrame, month: dt.date) -> dict[str, dict[int, EffortCell]]:
    """Figure 3: measure → level → distribution over the window, at all five levels.

    A level without a row has no session: its cell says so and carries the study's mean alone.
    """
    rows = {(row["measure"], row["expertise"]): row for row in rows_at(frame, month, "window")}
    return {
        measure: {level: _effort_cell(measure, level, rows.get((measure, level))) for level in LEVELS}
        for measure in EFFORT_MEASURES
        if any((measure, level) in rows for level in LEVELS)
    }


def month_range(months: Sequence[dt.date]) -> list[dt.date]:
    """Every month from the first to the last of `months`, those without sessions included."""
    if not months:
        return []
    first, last = min(months), max(months)
    span = (last.year - first.year) * 12 + last.month - first.month
    offsets = range(first.month - 1, first.month + span)
    return [dt.date(first.year + offset // 12, offset % 12 + 1, 1) for offset in offsets]


def monthly_shares(frame: pl.DataFrame, months: Sequence[dt.date]) -> dict[str, dict[dt.date, Cell]]:
    """Figure 4, left: work mode → month → share of that month's sessions; all modes, absent months absent."""
    return {mode: _by_month(frame, "work_mode", mode, months) for mode in WORK_MODES}


def monthly_values(frame: pl.DataFrame, months: Sequence[dt.date]) -> dict[str, dict[dt.date, Cell]]:
    """Task value behind Figure 4, right: 'all' and each work mode → month → mean US dollars."""
    return {mode: _by_month(frame, "work_mode", mode, months) for mode in VALUE_GROUPS}


def window_value(frame: pl.DataFrame, month: dt.date) -> Cell:
    """Mean task value of all sessions over the window, US dollars; an empty cell if there is none."""
    return next((cell_of(row) for row in rows_at(frame, month, "window") if row["work_mode"] == "all"), Cell())


def changes(frame: pl.DataFrame, month: dt.date, measure: str) -> dict[str, dict[dt.date, Cell]]:
    """Work mode → month → change of a measure of analysis.monthly_changes since the first month of the window."""
    found: dict[str, dict[dt.date, Cell]] = {}
    for row in _compared(frame, month, measure, "since_first_month"):
        found.setdefault(row["work_mode"], {})[row["last_month"]] = _change_cell(row)
    return found


def compared_months(frame: pl.DataFrame, month: dt.date, axis: Sequence[dt.date]) -> list[dt.date]:
    """Months of `axis` from the one on that the changes of analysis.monthly_changes are counted from.

    Months before it have sessions, but none with a work mode. All, where nothing is compared.
    """
    first = min(frame.filter(month=month)["first_month"].to_list(), default=dt.date.min)
    return [at for at in axis if at >= first]


def trends(frame: pl.DataFrame, month: dt.date, measure: str) -> dict[str, Cell]:
    """Work mode → slope of a measure of analysis.monthly_changes over the months of the window."""
    rows = _compared(frame, month, measure, "per_month")
    found = {row["work_mode"]: _change_cell(row) for row in rows}
    return {mode: found[mode] for mode in VALUE_GROUPS if mode in found}


def _compared(frame: pl.DataFrame, month: dt.date, measure: str, comparison: str) -> list[dict[str, Any]]:
    if not frame.height:
        return []
    rows = frame.filter(month=month, measure=measure, comparison=comparison)
    return rows.sort("work_mode", "last_month").to_dicts()


def _change_cell(row: Mapping[str, Any]) -> Cell:
    return Cell(suppressed=True) if row["suppressed"] else cell_of(row)


def value_changes(
    found: Mapping[str, Mapping[dt.date, Cell]], values: Mapping[str, Mapping[dt.date, Cell]], first: dt.date
) -> dict[str, dict[dt.date, Cell]]:
    """Figure 4, right: change of the mean task value since month `first`, as a fraction (0.43 is +43%).

    found: as `changes` has it. values: the means; a month without one has no change, and that of `first` itself is
    zero, without an interval.
    """
    return {
        mode: {
            month: _unchanged(cell) if month == first else found.get(mode, {}).get(month, Cell())
            for month, cell in cells.items()
        }
        if first in cells
        else {}
        for mode, cells in values.items()
    }


def _unchanged(cell: Cell) -> Cell:
    return replace(cell, estimate=0.0 if cell.shown else None, low=None, high=None)


def value_parts(frame: pl.DataFrame, month: dt.date) -> dict[str, dict[str, Cell]]:
    """Work mode ('all' first) → within, between and total: contributions to the change of the mean task value over the
    window, as fractions of the first month's mean."""
    found: dict[str, dict[str, Cell]] = {}
    for row in frame.filter(pl.col("month") == month).iter_rows(named=True) if frame.height else ():
        relative = {"estimate": row["relative"], "ci_low": row["relative_ci_low"], "ci_high": row["relative_ci_high"]}
        found.setdefault(row["work_mode"], {})[row["part"]] = cell_of({**row, **relative})
    return {mode: found[mode] for mode in VALUE_GROUPS if mode in found}


def specification_curve(frame: pl.DataFrame, month: dt.date) -> list[dict[str, Any]]:
    """Rows of analysis.specification_curve that could be estimated, lowest return to expertise first."""
    if not frame.height:
        return []
    rows = frame.filter(pl.col("month") == month, pl.col("estimate").is_not_null())
    return rows.sort("estimate", *(name for name in rows.columns if name != "estimate")).to_dicts()


def published_endpoints(mode: str) -> tuple[Published | None, Published | None]:
    """The study's share of `mode` in its first and in its last month, where printed."""
    first = published("figure_4", "work_mode_share", f"{mode}@{FIRST_MONTH}")
    return first, published("figure_4", "work_mode_share", f"{mode}@{LAST_MONTH}")


def published_value_change(mode: str) -> Published | None:
    """The study's change of the mean task value from its first to its last month, where printed."""
    return published("figure_4", f"task_value_change_{FIRST_MONTH}_to_{LAST_MONTH}", mode)


def outcome_panels(adjusted: pl.DataFrame, unadjusted: pl.DataFrame, month: dt.date) -> list[Panel]:
    """Figure 5: three panels of outcomes by level; where no adjusted rate exists, the raw ones, marked as such."""
    return [
        _panel(
            title, direction, sample, measures, rows_at(adjusted, month, "window"), rows_at(unadjusted, month, "window")
        )
        for title, direction, sample, measures in _PANELS
    ]


def verified_success(adjusted: pl.DataFrame, unadjusted: pl.DataFrame, month: dt.date) -> dict[int, RateCell]:
    """Table A2's rates: level → verified success over all sessions, adjusted (`estimate`) and raw (`unadjusted`)."""
    rates, raw = (
        {
            row["expertise"]: row
            for row in rows_at(frame, month, "window")
            if row["sample"] == "all" and row["measure"] == "verified_success"
        }
        for frame in (adjusted, unadjusted)
    )
    cells = {level: _rate_cell(row, "all", adjusted=True) for level, row in sorted(rates.items())}
    without = {
        level: cell_of(raw[level]).estimate for level, cell in cells.items() if cell.unadjusted is None and level in raw
    }
    return {
        level: replace(cell, unadjusted=without.get(level)) if level in without and not cell.suppressed else cell
        for level, cell in cells.items()
    }


def verified_success_fit(adjusted: pl.DataFrame, month: dt.date) -> Mapping[str, Any] | None:
    """What Table A2's adjusted rates rest on; None where nothing was fitted."""
    return _fits(row for row in rows_at(adjusted, month, "window") if row["sample"] == "all").get("verified_success")


_OF_FITS = (
    "n_candidates",
    "n_sessions",
    "n_users",
    "n_cells",
    "n_dropped_small_cells",
    "n_dropped_singletons",
    "degrees_of_freedom",
    "std_errors",
    "engine",
)


def _fits(rows: Iterable[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """Measure → what rows of analysis.adjusted_rates of one sample say of its fit, alike at all levels.

    A suppressed row tells nothing, so that a page never rests on one.
    """
    shown = (row for row in rows if row["n_sessions"] and not row["suppressed"])
    return {row["measure"]: {name: row[name] for name in _OF_FITS} for row in shown}


def verified_success_controls(adjusted: pl.DataFrame, month: dt.date) -> tuple[int, ...]:
    """Columns of Table A1 whose controls Table A2's adjusted rates have; empty if there is none."""
    rows = (row for row in rows_at(adjusted, month, "window") if row["estimate"] is not None)
    return controls_of(row for row in rows if row["sample"] == "all" and row["measure"] == "verified_success")


def controls_of(rows: Iterable[Mapping[str, Any]]) -> tuple[int, ...]:
    """Columns of Table A1 whose controls rows of analysis.adjusted_rates name: `table_a1_5` → 5."""
    named = {row["controls"] for row in rows}
    return tuple(column for column in TABLE_A1_CONTROLS if f"table_a1_{column}" in named)


def attrition_steps(frame: pl.DataFrame, months: Sequence[dt.date]) -> list[Step]:
    """The flow from what was found to what was analysed, in order of the rules, over `months`."""
    rows = frame.filter(pl.col("month").is_in(list(months))) if frame.height else frame
    steps: dict[tuple[int, str, str], dict[dt.date, tuple[int, int]]] = {}
    for row in rows.sort("step", "month").iter_rows(named=True):
        by_month = steps.setdefault((row["step"], row["unit"], row["rule"]), {})
        by_month[row["month"]] = (row["removed"], row["remaining"])
    return [
        Step(
            unit=unit,
            rule=rule,
            removed=sum(removed for removed, _ in by_month.values()),
            remaining=sum(remaining for _, remaining in by_month.values()),
            by_month=by_month,
        )
        for (_, unit, rule), by_month in steps.items()
    ]


def rule_name(step: Step) -> str:
    """A rule in words: `no_human_prompt` → no human prompt."""
    return f"{UNIT_NAMES[step.unit]} found" if step.rule == "found" else step.rule.replace("_", " ")


def unbalanced(steps: Sequence[Step]) -> list[tuple[dt.date, str]]:
    """Months and rules where what remained before, less what was removed, is not what remains.

    Sessions open with the files that are left, every other unit with what was found.
    """
    wrong = []
    before: dict[tuple[str, dt.date], int] = {}
    for step in steps:
        for month, (removed, remaining) in step.by_month.items():
            opening = before.get(("file", month)) if step.unit == "session" else None
            expected = before.get((step.unit, month), opening)
            if expected is not None and expected - removed != remaining:
                wrong.append((month, rule_name(step)))
            before[step.unit, month] = remaining
    return wrong


def table_a1(frame: pl.DataFrame, month: dt.date, period: str = "window") -> list[Coefficient]:
    """Table A1: the coefficient on the expertise level in columns 1 to 6; columns without a row are left out."""
    rows = {row["specification"]: row for row in rows_at(frame, month, period) if row["term"] == "expertise"}
    return [
        Coefficient(
            name=f"({column}) {controls}",
            column=column,
            cell=replace(
                coefficient_cell(row), published=published("table_a1", "expertise_coefficient", f"column_{column}")
            ),
            fit=row,
            published_cells=published("table_a1", "fixed_effect_cells", f"column_{column}"),
            published_r_squared=published("table_a1", "r_squared", f"column_{column}"),
        )
        for column, controls in TABLE_A1_CONTROLS.items()
        if (row := rows.get(f"table_a1_{column}")) is not None
    ]


OTHER_MEANS = {
    **{f"table_a1_fixed_{column}": f"column {column}, on the sessions of column 6" for column in range(1, 7)},
    "table_a1_5_user_and_month": "column 5, errors clustered by user and by month",
    "table_a1_5_jackknife": "column 5, jackknife errors by user (CRV3)",
    "table_a1_5_user_effects": "column 5, with user fixed effects",
    "table_a1_5_opening": "column 5, level read from the first prompt alone",
    "table_a1_5_logit": "column 5, logit: average marginal effect",
}


def other_means(frame: pl.DataFrame, month: dt.date) -> dict[str, Coefficient]:
    """The coefficient of Table A1 by other samples, errors and models: what it is in words → the coefficient."""
    rows = {
        row["specification"]: row
        for row in rows_at(frame, month, "window")
        if row["term"] in ("expertise", "expertise_opening")
    }
    return {
        words: Coefficient(words, 5, coefficient_cell(rows[name]), rows[name])
        for name, words in OTHER_MEANS.items()
        if name in rows
    }


def monthly_returns(frame: pl.DataFrame, months: Sequence[dt.date], month: dt.date) -> dict[str, Coefficient]:
    """Column 5 estimated on each of `months` alone, and how much it changes per month over the window that ends in
    `month`: what it is in words → the coefficient."""
    rows = [
        (f"{each:%Y-%m} alone", row)
        for each in months
        for row in rows_at(frame, each, "month")
        if row["specification"] == "table_a1_5"
    ]
    rows += [
        ("change per month, over the window", row)
        for row in rows_at(frame, month, "window")
        if row["term"] == "expertise_per_month"
    ]
    return {name: Coefficient(name, 5, coefficient_cell(row), row) for name, row in rows}


def further_models(frame: pl.DataFrame, month: dt.date) -> dict[str, Coefficient]:
    """Regressions beside Figures 3 and 6, over the window: specification and term in words → the coefficient."""
    rows = [row for row in rows_at(frame, month, "window") if row["specification"].startswith(("figure_", "software_"))]
    rows.sort(key=lambda row: (row["specification"], row["term"]))
    names = [f"{row['specification']}: {row['term']}".replace("_", " ") for row in rows]
    return {name: Coefficient(name, 5, coefficient_cell(row), row) for name, row in zip(names, rows, strict=True)}


def coefficient(frame: pl.DataFrame, month: dt.date, specification: str, term: str) -> Cell:
    """One coefficient over the window; an empty cell without its row."""
    found = (
        row for row in rows_at(frame, month, "window") if row["specification"] == specification and row["term"] == term
    )
    return next(map(coefficient_cell, found), Cell())


def effort_slope(frame: pl.DataFrame, month: dt.date, measure: str) -> Cell:
    """Figure 3's regression: relative change of effort per level of expertise, exp(b) − 1, beside the study's."""
    cell = coefficient(frame, month, f"figure_3_{measure.partition('_')[0]}", "expertise")
    study = published("figure_3_regression", measure, "per_expertise_level")
    ends = (None if end is None else math.expm1(end) for end in (cell.estimate, cell.low, cell.high))
    estimate, low, high = ends
    return replace(cell, estimate=estimate, low=low, high=high, published=study)


def preferred(rows: Sequence[Coefficient]) -> Coefficient | None:
    """The study's preferred column 5; where it has no interval, the nearest one before it that has, else column 6."""
    fitted = {row.column: row for row in rows if row.cell.has_interval}
    return next((fitted[column] for column in (5, 4, 3, 2, 1, 6) if column in fitted), None)


def table_a2(frame: pl.DataFrame, month: dt.date) -> dict[int, Coefficient]:
    """Table A2: level → difference in verified success from novices, levels 2 to 5."""
    rows = {row["term"]: row for row in rows_at(frame, month, "window") if row["specification"] == "table_a2"}
    return {
        level: Coefficient(
            name=f"{level} {LEVEL_NAMES[level]}",
            column=5,
            cell=replace(
                coefficient_cell(row), published=published("table_a2", "coefficient_vs_novice", f"expertise_{level}")
            ),
            fit=row,
        )
        for level in LEVELS[1:]
        if (row := rows.get(f"expertise_{level}")) is not None
    }


def truncation(frame: pl.DataFrame, month: dt.date) -> tuple[dict[int, Cell], dict[str, Cell]]:
    """Share of sessions whose transcript was cut: by level of expertise, and by work mode, most often cut first."""
    rows = rows_at(frame, month, "window")
    levels = {int(row["label"]): cell_of(row) for row in rows if row["breakdown"] == "expertise"}
    modes = {row["label"]: cell_of(row) for row in rows if row["breakdown"] == "work_mode"}
    order = sorted(modes, key=lambda mode: (-(modes[mode].estimate or 0.0), WORK_MODES.index(mode)))
    return dict(sorted(levels.items())), {mode: modes[mode] for mode in order}


_PANELS = (
    ("All sessions", "success", "all", SUCCESSES),
    ("Sessions that hit trouble", "success", "hit_trouble", SUCCESSES),
    ("Sessions that hit trouble", "failure", "hit_trouble", FAILURES),
)


def rows_at(frame: pl.DataFrame, month: dt.date, period: str) -> list[dict[str, Any]]:
    """The rows of one month and period."""
    if not frame.height:
        return []
    return frame.filter((pl.col("month") == month) & (pl.col("period") == period)).to_dicts()


def cell_of(row: Mapping[str, Any], reference: Published | None = None) -> Cell:
    """The cell of a row of marts.*; a suppressed one without its numbers."""
    if row["suppressed"]:
        return Cell(suppressed=True, reason=row.get("missing_reason"), published=reference)
    return Cell(
        estimate=_finite(row["estimate"]),
        low=_finite(row["ci_low"]),
        high=_finite(row["ci_high"]),
        sessions=row["sessions"],
        users=row["users"],
        reason=row.get("missing_reason"),
        published=reference,
    )


def _effort_cell(measure: str, level: int, row: Mapping[str, Any] | None) -> EffortCell:
    study = published("figure_3", measure, f"expertise_{level}")
    if row is None:
        return EffortCell(sessions=0, users=0, reason="no session at this level", published=study)
    cell = cell_of(row, study)
    details = {} if cell.suppressed else {name: row[name] for name in ("zero_sessions", *QUANTILES)}
    return EffortCell(**{**vars(cell), **details})


def coefficient_cell(row: Mapping[str, Any]) -> Cell:
    """The cell of a row of analysis.coefficients."""
    return Cell(
        estimate=_finite(row["estimate"]),
        low=_finite(row["ci_low"]),
        high=_finite(row["ci_high"]),
        sessions=row["n_sessions"],
        users=row["n_users"],
        reason=row["missing_reason"],
    )


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _by_month(frame: pl.DataFrame, column: str, value: str, months: Sequence[dt.date]) -> dict[dt.date, Cell]:
    if not frame.height:
        return {}
    rows = frame.filter(
        (pl.col("period") == "month") & (pl.col(column) == value) & pl.col("month").is_in(list(months))
    ).sort("month")
    return {row["month"]: cell_of(row) for row in rows.iter_rows(named=True)}


def _panel(
    title: str,
    direction: str,
    sample: str,
    measures: tuple[str, ...],
    adjusted: list[dict[str, Any]],
    unadjusted: list[dict[str, Any]],
) -> Panel:
    wanted = [row for row in adjusted if row["sample"] == sample and row["measure"] in measures]
    raw = {
        (row["measure"], row["expertise"]): row
        for row in unadjusted
        if row["sample"] == sample and row["measure"] in measures
    }
    is_adjusted = any(cell_of(row).shown for row in wanted)
    rows = {(row["measure"], row["expertise"]): row for row in wanted} if is_adjusted or not raw else raw
    cells = {
        key: _rate_cell(row, sample, is_adjusted)
        for key, row in sorted(rows.items(), key=lambda item: (measures.index(item[0][0]), item[0][1]))
    }
    reason = None if is_adjusted else next((row["missing_reason"] for row in wanted if row["missing_reason"]), None)
    fits = _fits(wanted) if is_adjusted else {}
    fits = {measure: fits[measure] for measure in measures if measure in fits}
    return Panel(title, direction, sample, measures, is_adjusted, controls_of(wanted), reason, cells, fits)


def _rate_cell(row: Mapping[str, Any], sample: str, adjusted: bool) -> RateCell:
    exhibit = "figure_5_all" if sample == "all" else "figure_5_hit_trouble"
    cell = cell_of(row, published(exhibit, row["measure"], f"expertise_{row['expertise']}"))
    raw = row["unadjusted"] if adjusted else cell.estimate
    return RateCell(**vars(cell), unadjusted=None if cell.suppressed else _finite(raw))


@dataclass(frozen=True)
class FacetAgreement:
    """How far one rater's labels of a facet agree with the reference. cells: metric -> estimate and interval.

    baselines: metric -> what always giving the reference's most frequent label gets, where that means something.
    """

    cells: Mapping[str, Cell]
    baselines: Mapping[str, float]

    @property
    def beats_majority(self) -> bool:
        """The interval of exact agreement lies above what the reference's most frequent label would get."""
        exact = self.cells.get("exact", Cell())
        return exact.has_interval and exact.low > self.baselines["exact"]  # type: ignore[operator]


def agreement(frame: pl.DataFrame, month: dt.date) -> dict[str, dict[str, FacetAgreement]]:
    """Rater -> facet -> agreement with the reference labels of the window; empty without reference labels."""
    found: dict[str, dict[str, FacetAgreement]] = {}
    rows = frame.filter(pl.col("month") == month, pl.col("period") == "window")
    for (rater, facet), of_facet in rows.group_by("rater", "facet", maintain_order=True):
        cells, baselines = {}, {}
        for row in of_facet.iter_rows(named=True):
            hidden = row["suppressed"]
            cells[row["metric"]] = (
                Cell(suppressed=True)
                if hidden
                else Cell(
                    estimate=row["estimate"],
                    low=row["ci_low"],
                    high=row["ci_high"],
                    sessions=row["sessions"],
                    users=row["users"],
                    reason="not defined" if row["estimate"] is None else None,
                )
            )
            if not hidden and row["baseline"] is not None:
                baselines[row["metric"]] = row["baseline"]
        found.setdefault(str(rater), {})[str(facet)] = FacetAgreement(cells, baselines)
    order = list(FACETS)
    return {
        rater: dict(sorted(facets.items(), key=lambda item: order.index(item[0]))) for rater, facets in found.items()
    }

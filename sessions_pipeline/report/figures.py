"""The pictures of the report: Figures 1, 3, 4 and 5, the coefficients of Table A1, and the flow of sessions.

Each function takes released tables (polars, columns of `schemas.py`) and gives a `Figure`. Ours is drawn filled, the
study's figure as a hollow marker. What has no number is said in words; a suppressed cell is marked, never drawn.
"""

from __future__ import annotations

import datetime as dt
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from sessions_pipeline.classifications.classifiers import WORK_MODES
from sessions_pipeline.report import exhibits, numbers
from sessions_pipeline.report.drawings import expertise, histogram, lines, modes, months, rows, theme
from sessions_pipeline.report.drawings import flow as drawn_flow
from sessions_pipeline.report.drawings.marks import NARROW, WIDE, Layout, Specification, caption, finished, layered
from sessions_pipeline.report.exhibits import Cell, Distribution

Write = Callable[[float | None], str]


@dataclass(frozen=True)
class Figure:
    """A picture for two widths of screen, and the same in words.

    wide, narrow: Vega-Lite specifications; None if there is nothing to draw, and then `summary` says so.
    """

    name: str
    wide: Specification | None
    narrow: Specification | None
    summary: str

    def inline_svgs(self) -> tuple[str, str]:
        """(wide, narrow) as SVG elements for the page; empty strings if there is nothing to draw."""
        if self.wide is None or self.narrow is None:
            return "", ""
        return theme.inline_svg(self.wide, f"{self.name}-wide"), theme.inline_svg(self.narrow, f"{self.name}-narrow")

    def svg(self) -> str:
        """The wide picture as an SVG file that stands alone."""
        return theme.svg(self.wide or _in_words(self.summary))

    def png(self) -> bytes:
        """The wide picture as PNG on white."""
        return theme.png(self.wide or _in_words(self.summary))


def work_modes(shares: pl.DataFrame, month: dt.date) -> Figure:
    """Figure 1: share of the window's sessions by work mode with 95% intervals, the study's share as a diamond."""
    cells = exhibits.work_mode_shares(shares, month)
    if not any(cell.shown for cell in cells.values()):
        return _nothing("figure-1", "No work mode has a share to show", cells.values())
    words = (f"{mode} {_in_short(cell, numbers.share)}" for mode, cell in cells.items())
    return _drawn("figure-1", lambda layout: modes.work_modes(cells, layout), "Share of sessions by work mode", words)


def effort(frame: pl.DataFrame, month: dt.date) -> Figure:
    """Figure 3: actions and words per prompt by expertise, boxes with 5th–95th percentile whiskers, log scale."""
    panels = exhibits.effort(frame, month)
    cells = [cell for levels in panels.values() for cell in levels.values()]
    if not any(cell.shown or cell.has_box for cell in cells):
        return _nothing("figure-3", "No level of expertise has an effort per prompt to show", cells)
    words = (
        f"{exhibits.MEASURE_NAMES[measure]}, level {level}: {_in_short(cell, numbers.effort)}"
        for measure, levels in panels.items()
        for level, cell in levels.items()
    )
    return _drawn("figure-3", lambda layout: expertise.effort(panels, layout), "Geometric means by expertise", words)


def monthly_mix(shares: pl.DataFrame, months: Sequence[dt.date]) -> Figure:
    """Figure 4, left: what each month's sessions were spent on, stacked."""
    series = exhibits.monthly_shares(shares, months)
    if not _any_shown(series):
        return _nothing("figure-4-mix", "No month has a share of a work mode to show", _cells(series))
    axis = exhibits.month_range(months)
    words = (
        f"{mode} in {numbers.month_name(month)} {_in_short(by_month[month], numbers.share)}"
        for mode, by_month in series.items()
        for month in dict.fromkeys((axis[0], axis[-1]))
        if month in by_month
    )
    return _drawn("figure-4-mix", lambda layout: modes.monthly_mix(series, axis, layout), "Work modes by month", words)


def mode_trends(shares: pl.DataFrame, months_shown: Sequence[dt.date]) -> Figure:
    """Figure 4, left, mode by mode: monthly share with 95% intervals, the study's end points beside."""
    series = exhibits.monthly_shares(shares, months_shown)
    if not _any_shown(series):
        return _nothing("figure-4-trends", "No month has a share of a work mode to show", _cells(series))
    ends = {mode: exhibits.published_endpoints(mode) for mode in WORK_MODES}
    axis = exhibits.month_range(months_shown)
    words = (f"{mode} {_first_to_last(by_month)}" for mode, by_month in series.items() if by_month)
    return _drawn(
        "figure-4-trends",
        lambda layout: months.share_trends(series, ends, axis, layout),
        "Share of sessions by month",
        words,
    )


def value_changes(
    values: pl.DataFrame, compared: pl.DataFrame, month: dt.date, months_shown: Sequence[dt.date]
) -> Figure:
    """Figure 4, right: change of the mean task value since the first month, by mode, the study's end point beside.

    values, compared: marts.task_value and analysis.monthly_changes. month: the vintage.
    """
    axis = exhibits.compared_months(compared, month, exhibits.month_range(months_shown))
    found = exhibits.changes(compared, month, "task_value")
    changes = exhibits.value_changes(found, exhibits.monthly_values(values, months_shown), axis[0]) if axis else {}
    later = {mode: {month: cells[month] for month in cells if month != axis[0]} for mode, cells in changes.items()}
    if not _any_shown(later):
        why = "No task value can be compared with an earlier month"
        return _nothing("figure-4-value", why if axis[1:] else f"{why}: there is one month only", _cells(later))
    # A mode that has its first month alone shows no change.
    changes = {mode: cells if _any_shown({mode: later[mode]}) else later[mode] for mode, cells in changes.items()}
    ends = {mode: (None, exhibits.published_value_change(mode)) for mode in changes}
    words = (f"{mode} {_in_short(cells[max(cells)], numbers.change)}" for mode, cells in later.items() if cells)
    return _drawn(
        "figure-4-value",
        lambda layout: months.value_trends(changes, ends, axis, layout),
        f"Change of mean task value since {numbers.month_name(axis[0])}",
        words,
    )


def outcomes(adjusted: pl.DataFrame, unadjusted: pl.DataFrame, month: dt.date) -> Figure:
    """Figure 5: three panels of outcomes by expertise with 95% intervals, the study's end points hollow."""
    panels = exhibits.outcome_panels(adjusted, unadjusted, month)
    cells = [cell for panel in panels for cell in panel.cells.values()]
    if not any(cell.shown for cell in cells):
        return _nothing("figure-5", "No level of expertise has an outcome to show", cells)
    words = (
        f"{panel.title}, {exhibits.MEASURE_NAMES[measure]}, level {level}: {_in_short(cell, numbers.share)}"
        for panel in panels
        for (measure, level), cell in panel.cells.items()
        if level in (1, 5)
    )
    return _drawn("figure-5", lambda layout: expertise.outcomes(panels, layout), "Outcomes by expertise", words)


def returns(coefficients: pl.DataFrame, month: dt.date) -> Figure:
    """Table A1 as a picture: points of verified success per level of expertise, ours and the study's."""
    columns = exhibits.table_a1(coefficients, month)
    if not any(row.cell.shown for row in columns):
        return _nothing("table-a1", "No column of Table A1 could be estimated", [row.cell for row in columns])
    words = (f"column {row.name}: {_in_short(row.cell, numbers.points)}" for row in columns)
    return _drawn("table-a1", lambda layout: expertise.returns(columns, layout), "Coefficient on expertise", words)


def flow(attrition: pl.DataFrame, months_shown: Sequence[dt.date]) -> Figure:
    """From what was found to what was analysed: what each rule removed, over all months."""
    steps = exhibits.attrition_steps(attrition, months_shown)
    if not steps:
        return _nothing("flow", "No line and no file was found in these months", [])
    words = (f"{exhibits.rule_name(step)}, {numbers.count(step.remaining)} left" for step in steps)
    return _drawn("flow", lambda layout: drawn_flow.flow(steps, layout), "Left after each rule", words)


def bars(name: str, opening: str, cells: Mapping[str, Cell], write: Write, axis_format: str) -> Figure:
    """A bar with its interval for each name, the study's figure as a diamond. opening: what the numbers are."""
    if not any(cell.shown for cell in cells.values()):
        return _nothing(name, f"{opening}: no number to show", cells.values())
    words = (f"{label} {_in_short(cell, write)}" for label, cell in cells.items())
    return _drawn(name, lambda layout: rows.bars(cells, layout, write, axis_format), opening, words)


def ranked_dots(
    name: str, opening: str, groups: Mapping[str, Mapping[str, Cell]], measures: Mapping[str, str]
) -> Figure:
    """Shares of several measures for each group, the study's hollow below. measures: key → label."""
    cells = [cell for of_group in groups.values() for cell in of_group.values()]
    if not any(cell.shown for cell in cells):
        return _nothing(name, f"{opening}: no number to show", cells)
    words = (
        f"{group}, {measures[measure]}: {_in_short(cell, numbers.share)}"
        for group, of_group in groups.items()
        for measure, cell in of_group.items()
    )
    return _drawn(name, lambda layout: rows.ranked_dots(groups, measures, layout, "share of sessions"), opening, words)


def line_panels(name: str, opening: str, panels: Sequence[lines.Panel]) -> Figure:
    """Lines over ordered places, panel by panel."""
    cells = [cell for panel in panels for series in panel.series.values() for cell in series.values()]
    if not any(cell.shown for cell in cells):
        return _nothing(name, f"{opening}: no number to show", cells)
    words = (
        f"{panel.title}, {' '.join(filter(None, (series, panel.places[at])))}: "
        f"{_in_short(cell, numbers.share if panel.shares else numbers.effort)}"
        for panel in panels
        for series, by_place in panel.series.items()
        for at, cell in by_place.items()
    )
    return _drawn(name, lambda layout: lines.lines(panels, layout), opening, words)


def decision_shares(distributions: Mapping[str, Distribution]) -> Figure:
    """Figure 2: the agent's share of planning and of execution decisions, in bins, the study's means above."""
    cells = [cell for shown in distributions.values() for cell in (*shown.bins.values(), shown.mean)]
    if not any(cell.shown for shown in distributions.values() for cell in shown.bins.values()):
        return _nothing("figure-2", "No share of decisions to show", cells)
    words = (
        f"{kind}, bin {number} of {len(shown.bins)}: {_in_short(cell, numbers.share)}"
        for kind, shown in distributions.items()
        for number, cell in shown.bins.items()
    )
    return _drawn(
        "figure-2", lambda layout: histogram.histograms(distributions, layout), "The agent’s share of decisions", words
    )


def _drawn(name: str, draw: Callable[[Layout], Specification], opening: str, words: Iterable[str]) -> Figure:
    return Figure(name, finished(draw(WIDE)), finished(draw(NARROW)), f"{opening}: {'; '.join(words)}.")


def _nothing(name: str, sentence: str, cells: Iterable[Cell]) -> Figure:
    cells = list(cells)
    reasons = list(dict.fromkeys(cell.reason for cell in cells if cell.reason))
    if any(cell.suppressed for cell in cells):
        reasons.append("too few users (suppressed; “Suppressed cells” says what helps)")
    return Figure(name, None, None, f"{sentence}{': ' + '; '.join(reasons) if reasons else ''}.")


def _in_words(sentence: str) -> Specification:
    text = "\n".join(textwrap.wrap(sentence, 90))
    return finished(layered(caption(text, 10, 20, lineBreak="\n", fontSize=13), width=640, height=50))


def _in_short(cell: Cell, write: Write) -> str:
    """27.5% (24.1% to 31.0%; study 26%)."""
    if cell.suppressed:
        return "suppressed"
    if not cell.shown:
        return f"missing ({cell.reason})" if cell.reason else "missing"
    beside = [numbers.interval(write(cell.low), write(cell.high))] if cell.has_interval else []
    beside += [f"study {numbers.printed(cell.published)}"] if cell.published else []
    return write(cell.estimate) + (f" ({'; '.join(beside)})" if beside else "")


def _first_to_last(by_month: Mapping[dt.date, Cell]) -> str:
    first, last = (_in_short(by_month[month], numbers.share) for month in (min(by_month), max(by_month)))
    return first if len(by_month) == 1 else f"from {first} to {last}"


def _cells(series: Mapping[str, Mapping[dt.date, Cell]]) -> list[Cell]:
    return [cell for by_month in series.values() for cell in by_month.values()]


def _any_shown(series: Mapping[str, Mapping[dt.date, Cell]]) -> bool:
    return any(cell.shown for cell in _cells(series))

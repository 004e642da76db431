"""The trends of Figure 4: small multiples by work mode on one scale, monthly."""

from __future__ import annotations

import datetime as dt
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sessions_pipeline.report import numbers
from sessions_pipeline.report.drawings.marks import (
    STUDY,
    Layout,
    Specification,
    dot,
    hollow,
    layered,
    marks,
    panel_title,
    quantitative,
    round_up,
    step_for,
)
from sessions_pipeline.report.drawings.modes import STACK_ORDER
from sessions_pipeline.report.drawings.theme import LIGHT
from sessions_pipeline.report.exhibits import Cell
from sessions_pipeline.report.published import Published

Series = Mapping[str, Mapping[dt.date, Cell]]
Ends = Mapping[str, tuple[Published | None, Published | None]]


@dataclass(frozen=True)
class _Scale:
    """The common scale of the panels.

    change: the numbers are relative changes, drawn as ratios on a logarithmic axis, so that a doubling and a halving
    are equally far from no change.
    """

    low: float
    high: float
    ticks: tuple[float, ...]
    change: bool = False

    def place(self, value: float | None) -> float | None:
        """Where a number of ours or of the study lies on the axis."""
        if value is None:
            return None
        return max(1 + value, 0.01) if self.change else value

    def write(self, value: float | None) -> str:
        return numbers.change(value) if self.change else numbers.share(value)


def share_trends(series: Series, ends: Ends, axis: Sequence[dt.date], layout: Layout) -> Specification:
    """Monthly share of each work mode, the study's first and last month beside."""
    return _trends(series, ends, axis, layout, _share_scale)


def value_trends(series: Series, ends: Ends, axis: Sequence[dt.date], layout: Layout) -> Specification:
    """Change of the mean task value since the first month, over all sessions and by work mode."""
    return _trends(series, ends, axis, layout, _change_scale)


def _share_scale(values: Sequence[float], intervals: Sequence[float]) -> _Scale:
    """From zero to as much of the intervals as keeps the estimates readable."""
    reach = 1.5 * max(values)
    high = max([*values, *(min(end, reach) for end in intervals), 0.05])
    step = step_for(0.0, high, most=4)
    top = round_up(high, step)
    return _Scale(0.0, top, tuple(round(part * step, 6) for part in range(round(top / step) + 1)))


def _change_scale(values: Sequence[float], intervals: Sequence[float]) -> _Scale:
    """All estimates, and as much of the intervals as keeps those readable."""
    ratios = [max(1 + value, 0.01) for value in values]
    low, high = min(*ratios, 0.9), max(*ratios, 1.1)
    reach = max(2.0, high / low)
    ends = [min(max(1 + end, low / reach), high * reach) for end in intervals]
    low, high = min([low, *ends]) / 1.05, max([high, *ends]) * 1.05
    return _Scale(low, high, _change_ticks(low, high), change=True)


def _change_ticks(low: float, high: float) -> tuple[float, ...]:
    """Ratios to mark: quarters where the axis is short, else powers of 2, 4, 8 …, at most six."""
    if high / low <= 3:
        return tuple(ratio for ratio in (0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0, 2.5) if low <= ratio <= high)
    for base in (2.0, 4.0, 8.0, 16.0, 64.0):
        ticks = tuple(base**power for power in range(-4, 9) if low <= base**power <= high)
        if len(ticks) <= 6:
            return ticks
    return (1.0,)


def _trends(
    series: Series,
    ends: Ends,
    axis: Sequence[dt.date],
    layout: Layout,
    scale_for: Callable[[Sequence[float], Sequence[float]], _Scale],
) -> Specification:
    """One panel for each mode that has a number to show; the others are named."""
    order = [mode for mode in ("all", *STACK_ORDER) if series.get(mode)]
    drawn = [mode for mode in order if any(cell.shown for cell in series[mode].values())]
    cells = [cell for mode in drawn for cell in series[mode].values()]
    values = [cell.estimate for cell in cells if cell.estimate is not None]
    values += [end.value for mode in drawn for end in ends[mode] if end]
    intervals = [end for cell in cells if cell.has_interval for end in (cell.low, cell.high) if end is not None]
    scale = scale_for(values, intervals)
    columns = 2 if layout.narrow else 5
    panels = [
        _panel(mode, series[mode], ends[mode], axis, scale, layout, labelled=place % columns == 0)
        for place, mode in enumerate(drawn)
    ]
    together = {"concat": panels, "columns": columns, "bounds": "flush", "spacing": {"column": 22, "row": 86}}
    left_out = [mode for mode in order if mode not in drawn]
    return {**together, **_left_out(left_out, layout)} if left_out else together


def _left_out(modes: Sequence[str], layout: Layout) -> dict[str, Any]:
    words = f"Not drawn, too few users: {', '.join(modes)}"
    lines = textwrap.wrap(words, 46 if layout.narrow else 140)
    style = {"fontWeight": "normal", "fontSize": 12, "color": LIGHT["muted"], "offset": 22}
    return {"title": {"text": lines, **style}}


def _panel(
    mode: str,
    by_month: Mapping[dt.date, Cell],
    ends: tuple[Published | None, Published | None],
    axis: Sequence[dt.date],
    scale: _Scale,
    layout: Layout,
    *,
    labelled: bool,
) -> Specification:
    """labelled: the vertical axis is written out (in the first column only)."""
    last = len(axis) - 1
    margin = max(0.8, 0.13 * len(axis))
    rows = [_row(index, by_month.get(month, Cell()), scale) for index, month in enumerate(axis)]
    shown = [row for row in rows if row["value"] is not None]
    intervals = [row for row in shown if row["low"] is not None]
    hidden = [row for row in rows if row["suppressed"]]
    places = zip((-margin, last + margin), ends, strict=True)
    study = [{"x": place, "value": scale.place(end.value)} for place, end in places if end is not None]
    names = [numbers.short_month(month) for month in axis]
    x = quantitative(
        "x",
        (-1.5 * margin, last + 1.5 * margin),
        values=[0, last] if last else [0],
        labelExpr=f"{names!r}[datum.value]",
        labelFontSize=11,
        labelOverlap=False,
        grid=False,
    )
    change = "datum.value == 1 ? '0%' : format(datum.value - 1, '+,.0%')"
    y = quantitative(
        "value",
        (scale.low, scale.high),
        scale="log" if scale.change else "linear",
        values=list(scale.ticks),
        labelExpr=change if scale.change else "format(datum.value, '.0%')",
        labels=labelled,
        labelFontSize=11,
        labelOverlap=False,
    )
    zero = [{"value": 1.0}] if scale.change else []
    spans = {"clip": True, "color": LIGHT["bar"], "strokeWidth": 3}
    cross = {"color": LIGHT["muted"], "baseline": "bottom", "fontSize": 12}
    return layered(
        marks(zero, "rule", {"color": LIGHT["axis"], "strokeWidth": 1}, y=y),
        marks(intervals, "rule", spans, x=x, y="low:Q", y2="high:Q"),
        marks(rows, "line", {"color": LIGHT["accent"], "strokeWidth": 1.6}, x=x, y=y),
        marks(shown, "point", dot(LIGHT["accent"], 36), x=x, y=y),
        marks(study, "point", hollow(STUDY, size=55), x=x, y=y),
        marks(hidden, "text", cross, x=x, y="floor:Q", text="text:N"),
        *panel_title(mode, _subtitle(by_month, scale)),
        width=132 if layout.narrow else 156,
        height=100,
    )


def _row(index: int, cell: Cell, scale: _Scale) -> dict[str, Any]:
    return {
        "x": index,
        "value": scale.place(cell.estimate),
        "low": scale.place(cell.low) if cell.has_interval else None,
        "high": scale.place(cell.high) if cell.has_interval else None,
        "suppressed": cell.suppressed,
        "floor": scale.low,
        "text": "×",
    }


def _subtitle(by_month: Mapping[dt.date, Cell], scale: _Scale) -> str:
    """The last month's change with its interval, or the first and the last month's share."""
    first, last = by_month[min(by_month)], by_month[max(by_month)]
    if last.suppressed:
        return "last month suppressed"
    if scale.change:
        ends = numbers.interval(scale.write(last.low), scale.write(last.high))
        return scale.write(last.estimate) + (f" ({ends})" if last.has_interval else "")
    if len(by_month) == 1 or first.suppressed:
        return scale.write(last.estimate)
    return f"{scale.write(first.estimate)} → {scale.write(last.estimate)}"

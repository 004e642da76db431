"""Panels of lines over ordered places (levels, bands, months): dots with intervals, the study's figures hollow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sessions_pipeline.report.drawings.marks import (
    Layout,
    Specification,
    dot,
    hollow,
    layered,
    marks,
    panel_title,
    quantitative,
    round_up,
    side_by_side,
    spread,
    step_for,
    text_at,
)
from sessions_pipeline.report.drawings.rows import SERIES
from sessions_pipeline.report.drawings.theme import LIGHT
from sessions_pipeline.report.exhibits import Cell


@dataclass(frozen=True)
class Panel:
    """One plot. places: their names from left to right; series: name → a cell for each place, by its position.

    shares: the numbers are shares of one, on an axis up to 100% if `whole`, else as far as they reach.
    """

    title: str
    subtitle: str
    places: tuple[str, ...]
    axis_title: str
    series: Mapping[str, Mapping[int, Cell]]
    shares: bool = True
    whole: bool = True


def lines(panels: Sequence[Panel], layout: Layout) -> Specification:
    """The panels in a row, or in a column on a narrow screen."""
    wide = {1: 560, 2: 330, 3: 190}[len(panels)]
    return side_by_side([_panel(panel, layout, wide) for panel in panels], layout, 130, 112)


def _panel(panel: Panel, layout: Layout, wide: int) -> Specification:
    plot, height = (210, 210) if layout.narrow else (wide, 260)
    names = list(panel.series)
    rows = [
        _row(name, at, cell, 0.1 * (names.index(name) - (len(names) - 1) / 2))
        for name, cells in panel.series.items()
        for at, cell in cells.items()
    ]
    ends = {row["name"]: row["value"] for row in rows if row["value"] is not None}
    low, high = 0.0, _top(panel, rows)
    last = len(panel.places) - 1
    x = quantitative(
        "x",
        (-0.5, last + 0.5),
        title=panel.axis_title,
        values=_ticks(last, layout),
        labelExpr=f"{list(panel.places)!r}[datum.value]",
        labelOverlap=False,
        labelFontSize=11,
        grid=False,
    )
    x["axis"] |= {"titlePadding": 8}
    y = quantitative("value", (low, high), format=".0%" if panel.shares else ",~f", tickCount=5)
    return layered(
        # Keeps the axes where a panel has no number to draw.
        marks([{"x": 0, "value": low}], "point", {"opacity": 0, "color": LIGHT["paper"]}, x=x, y=y),
        *(
            layer
            for series, name in zip(SERIES, names, strict=False)
            for layer in series_layers([row for row in rows if row["name"] == name], series, x, y, low)
        ),
        # A single series needs no name.
        *(end_labels(ends, names, plot, 15 / height * (high - low), (low, high)) if len(names) > 1 else ()),
        *panel_title(panel.title, panel.subtitle),
        width=plot,
        height=height,
    )


def _ticks(last: int, layout: Layout) -> list[int]:
    """Every place, or on a crowded axis every second one with the last."""
    apart = 2 if layout.narrow and last > 5 else 1
    return sorted({*range(last, -1, -apart)})


def _top(panel: Panel, rows: Sequence[dict[str, Any]]) -> float:
    if panel.shares and panel.whole:
        return 1.0
    values = [row[name] for row in rows for name in ("value", "study") if row[name] is not None]
    most = max(values, default=1.0) or 1.0
    most = max([most, *(min(row["high"], 1.6 * most) for row in rows if row["high"] is not None)])
    return round_up(most * 1.02, step_for(0, most, 8))


def _row(name: str, at: int, cell: Cell, aside: float) -> dict[str, Any]:
    return {
        "name": name,
        "x": at + aside,
        "value": cell.estimate if cell.shown else None,
        "low": cell.low if cell.has_interval else None,
        "high": cell.high if cell.has_interval else None,
        "study": cell.published.value if cell.published else None,
        "suppressed": cell.suppressed,
    }


def series_layers(
    rows: Sequence[dict[str, Any]], series: tuple[str, str, int], x: Any, y: Any, floor: float, study_x: Any = None
) -> list[Specification | None]:
    """One series: line, intervals, dots, the study's numbers, and a cross on the `floor` for what is suppressed.

    rows: value, low, high, study (each may be None) and suppressed. study_x: where the study's stand; None: as ours.
    """
    colour, shape, size = LIGHT[series[0]], series[1], series[2]
    shown = [row for row in rows if row["value"] is not None]
    intervals = [row for row in shown if row["low"] is not None]
    studies = [row for row in rows if row["study"] is not None]
    hidden = [{**row, "floor": floor, "text": "×"} for row in rows if row["suppressed"]]
    line = {"color": colour, "strokeWidth": 1.2, "opacity": 0.55}
    return [
        marks(rows if shown else [], "line", line, x=x, y=y),
        marks(intervals, "rule", {"color": colour, "strokeWidth": 2, "clip": True}, x=x, y="low:Q", y2="high:Q"),
        marks(shown, "point", dot(colour, size, shape), x=x, y=y),
        marks(studies, "point", hollow(colour, shape, size), x=study_x or x, y="study:Q"),
        marks(hidden, "text", {"color": colour, "baseline": "bottom"}, x=x, y="floor:Q", text="text:N"),
    ]


def end_labels(
    ends: Mapping[str, float], names: Sequence[str], plot: int, gap: float, domain: tuple[float, float]
) -> list[Specification | None]:
    """Names at the right end of their lines, moved apart where they would touch.

    ends: name -> where its line ends, of those that have one. names: of all series, in their order.
    """
    named = [name for name in names if name in ends]
    places = spread([ends[name] for name in named], gap, *domain)
    return [
        text_at(
            [{"text": name, "place": place}],
            plot + 6,
            "place:Q",
            color=LIGHT[SERIES[names.index(name)][0]],
            fontWeight=600,
            fontSize=11.5,
        )
        for name, place in zip(named, places, strict=True)
    ]

"""One row for each name, on one scale: bars with intervals, or dots of several measures; the study's figures hollow."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sessions_pipeline.report import numbers
from sessions_pipeline.report.drawings.marks import (
    QUIET,
    STUDY,
    Layout,
    Specification,
    caption,
    column_heads,
    dot,
    hollow,
    layered,
    marks,
    quantitative,
    round_up,
    step,
    step_for,
    text_at,
)
from sessions_pipeline.report.drawings.theme import LIGHT
from sessions_pipeline.report.exhibits import Cell

Write = Callable[[float | None], str]

# Measure by measure: colour, shape, and the size that makes the shapes look alike.
SERIES = (("series-1", "circle", 62), ("series-2", "square", 58), ("series-3", "triangle-up", 95))


def bars(cells: Mapping[str, Cell], layout: Layout, write: Write, axis_format: str) -> Specification:
    """A bar and its interval for each name, the study's figure as a diamond, the numbers in columns beside."""
    plot, names_px, wrap = (98, 120, 18) if layout.narrow else (430, 250, 38)
    y = _names(len(cells))
    rows = [_row(order, name, cell, wrap) for order, (name, cell) in enumerate(cells.items())]
    ends = [row[name] for row in rows for name in ("value", "high", "study") if row[name] is not None]
    most = max(ends, default=1.0) or 1.0
    x = quantitative(
        "value",
        (0, round_up(most * 1.02, step_for(0, most, 10))),
        format=axis_format,
        tickCount=3 if layout.narrow else 6,
    )
    shown = [row for row in rows if row["value"] is not None]
    studies = [
        {**row, "text": numbers.printed(cells[row["name"]].published)} for row in rows if row["study"] is not None
    ]
    ours = [{**row, "text": _text(cells[row["name"]], write, layout)} for row in shown]
    ours_px, study_px = plot + 14, plot + (80 if layout.narrow else 194)
    heads = column_heads(ours_px, study_px, "ours" if layout.narrow else "ours (95% interval)")
    return layered(
        marks(shown, "bar", {"color": LIGHT["bar"], "height": {"band": 0.6}}, x=x, y=y),
        marks(
            [row for row in shown if row["low"] is not None],
            "rule",
            {"color": LIGHT["accent"], "strokeWidth": 2},
            x="low:Q",
            x2="high:Q",
            y=y,
        ),
        marks(studies, "point", hollow(STUDY), x="study:Q", y=y),
        text_at(rows, -names_px, y, lineBreak="\n", lineHeight=14),
        text_at(
            [{**row, "text": _absence(cells[row["name"]])} for row in rows if row["value"] is None], ours_px, y, **QUIET
        ),
        text_at(ours, ours_px, y),
        text_at(studies, study_px, y, color=STUDY),
        *(heads if studies else heads[:1]),
        width=plot,
        height=step(_row_px(rows)),
    )


def ranked_dots(
    rows: Mapping[str, Mapping[str, Cell]], names: Mapping[str, str], layout: Layout, axis_title: str
) -> Specification:
    """Shares of several measures for each name: dots with intervals, the study's hollow below. names: of measures."""
    plot, names_px, wrap = (188, 134, 19) if layout.narrow else (560, 290, 44)
    entries = []
    for order, (name, cells) in enumerate(rows.items()):
        for measure, cell in cells.items():
            entries.append({**_row(order, name, cell, wrap), "measure": measure})
    y = _names(len(rows))
    x = quantitative("value", (0, 1), title=axis_title, format=".0%", tickCount=5)
    layers: list[Specification | None] = [
        marks(entries, "point", {"opacity": 0, "color": LIGHT["paper"]}, x={**x, "field": "zero"}, y=y),
        text_at(
            [entry for entry in entries if entry["measure"] == next(iter(names))],
            -names_px,
            y,
            lineBreak="\n",
            lineHeight=14,
        ),
    ]
    legend_px = -float(names_px) if layout.narrow else 0.0
    for index, (measure, label) in enumerate(names.items()):
        colour, shape, size = SERIES[index]
        offset = 4 * index - 9  # so that intervals of two measures do not lie on each other
        own = [entry for entry in entries if entry["measure"] == measure]
        shown = [entry for entry in own if entry["value"] is not None]
        line = {"color": LIGHT[colour], "strokeWidth": 2, "clip": True, "yOffset": offset}
        layers += [
            marks([e for e in shown if e["low"] is not None], "rule", line, x="low:Q", x2="high:Q", y=y),
            marks(shown, "point", {**dot(LIGHT[colour], size, shape), "yOffset": offset}, x=x, y=y),
            marks(
                [entry for entry in own if entry["study"] is not None],
                "point",
                {**hollow(LIGHT[colour], shape, size * 0.8), "yOffset": 9},
                x="study:Q",
                y=y,
            ),
            marks([{}], "point", dot(LIGHT[colour], size, shape), x={"value": legend_px + 6}, y={"value": -20}),
            caption(label, legend_px + 16, -20, color=LIGHT[colour], fontWeight=600, fontSize=11),
        ]
        legend_px += 40 + 6.5 * len(label)
    hidden = [entry for entry in entries if entry["value"] is None and entry["measure"] == next(iter(names))]
    absent = [{**entry, "text": _absence(rows[entry["name"]][entry["measure"]])} for entry in hidden]
    layers.append(text_at(absent, 8, y, **{**QUIET, "yOffset": -5}))
    return layered(*layers, width=plot, height=step(max(_row_px(entries), 38)))


def _row_px(rows: Sequence[dict[str, Any]]) -> int:
    """Height of a row that holds the longest name."""
    return max(32, 10 + 14 * max(row["text"].count("\n") + 1 for row in rows))


def _names(count: int) -> dict[str, Any]:
    return {"field": "order", "type": "ordinal", "title": None, "axis": None, "scale": {"domain": list(range(count))}}


def _row(order: int, name: str, cell: Cell, wrap: int) -> dict[str, Any]:
    return {
        "order": order,
        "name": name,
        "text": "\n".join(textwrap.wrap(name, wrap)),
        "value": cell.estimate if cell.shown else None,
        "low": cell.low if cell.has_interval else None,
        "high": cell.high if cell.has_interval else None,
        "study": cell.published.value if cell.published else None,
        "zero": 0.0,
    }


def _text(cell: Cell, write: Write, layout: Layout) -> str:
    if layout.narrow or not cell.has_interval:
        return write(cell.estimate)
    return f"{write(cell.estimate)}  ({numbers.interval(write(cell.low), write(cell.high))})"


def _absence(cell: Cell) -> str:
    return "suppressed" if cell.suppressed else "missing"

"""Parts that several pictures share: layers of marks, text columns, label placement, axes. No exhibit is known here.

A specification is a Vega-Lite document as plain data. Positions are in the units of the data unless a name ends in
`_px`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sessions_pipeline.report.drawings.theme import LIGHT, config

Rows = Sequence[dict[str, Any]]
Specification = dict[str, Any]

QUIET = {"color": LIGHT["muted"], "fontStyle": "italic"}
STUDY = LIGHT["published"]


@dataclass(frozen=True)
class Layout:
    """A screen that a picture is drawn for. narrow: panels stack, and columns of text are left to the table."""

    name: str
    narrow: bool


WIDE = Layout("wide", narrow=False)  # pictures up to 960 pixels wide
NARROW = Layout("narrow", narrow=True)  # pictures up to 358 pixels wide: a screen of 390 less its margins


def marks(rows: Rows, mark: str, style: dict[str, Any], **encoding: Any) -> Specification | None:
    """One layer: `mark` drawn once for each row; None without rows.

    An encoding is a channel's definition, or a field as in "low:Q" (quantitative) and "mode:N" (nominal).
    """
    if not rows:
        return None
    channels = {channel: _field(channel, value) for channel, value in encoding.items()}
    return {"data": {"values": list(rows)}, "mark": {"type": mark, **style}, "encoding": channels}


def layered(*layers: Specification | None, width: int, height: Any, **more: Any) -> Specification:
    """The layers that have something to show, drawn in order. height: pixels, or `step(pixels)` for each row."""
    return {"layer": [layer for layer in layers if layer is not None], "width": width, "height": height, **more}


def side_by_side(panels: Sequence[Specification], layout: Layout, wide_px: int, narrow_px: int) -> Specification:
    """Panels in a row, or in a column on a narrow screen. The gaps hold what stands outside the plots."""
    if layout.narrow:
        return {"vconcat": list(panels), "bounds": "flush", "spacing": narrow_px}
    return {"hconcat": list(panels), "bounds": "flush", "spacing": wide_px}


def finished(picture: Specification) -> Specification:
    """A picture with the theme."""
    return {**picture, "config": config()}


def step(pixels: int) -> dict[str, int]:
    """Height of a plot that has one row for each category."""
    return {"step": pixels}


def at_px(pixels: float) -> dict[str, float]:
    """A fixed position."""
    return {"value": pixels}


def quantitative(
    field: str, domain: tuple[float, float], *, scale: str = "linear", title: str | None = None, **axis: Any
) -> dict[str, Any]:
    """A position channel for a number, on exactly `domain`."""
    if "values" in axis:
        axis["tickCount"] = len(axis["values"])  # else Vega thins them to what it finds fitting
    return {
        "field": field,
        "type": "quantitative",
        "title": title,
        "scale": {"domain": list(domain), "nice": False, "zero": False, "type": scale},
        "axis": axis,
    }


def categories(field: str, domain: Sequence[str], *, title: str | None = None, **axis: Any) -> dict[str, Any]:
    """A position channel for names, in the order of `domain`."""
    return {
        "field": field,
        "type": "nominal",
        "title": title,
        "sort": None,
        "scale": {"domain": list(domain)},
        "axis": {"grid": False, **axis},
    }


def text_at(rows: Rows, x_px: float, y: Any, **style: Any) -> Specification | None:
    """The rows' `text` in a column at a fixed x, e.g. beside the plot."""
    return marks(rows, "text", {"align": "left", "baseline": "middle", **style}, x=at_px(x_px), y=y, text="text:N")


def caption(text: str, x_px: float, y_px: float, **style: Any) -> Specification | None:
    """A single text at a fixed place."""
    return text_at([{"text": text}], x_px, at_px(y_px), **style)


def panel_title(title: str, subtitle: str) -> list[Specification | None]:
    """Two lines above a plot, at the same height in every panel."""
    return [
        caption(title, 0, -34, fontWeight=600, fontSize=13),
        caption(subtitle, 0, -17, color=LIGHT["muted"], fontSize=11.5),
    ]


def column_heads(ours_px: float, study_px: float, ours: str) -> list[Specification | None]:
    """Headings of two columns of numbers beside a plot: ours, and the study's with the marker its figures have."""
    return [
        caption(ours, ours_px, -9, color=LIGHT["muted"]),
        marks([{}], "point", hollow(STUDY), x=at_px(study_px + 5), y=at_px(-9)),
        caption("study", study_px + 15, -9, color=STUDY),
    ]


def dot(colour: str, size: float = 60, shape: str = "circle") -> dict[str, Any]:
    """Style of our own figure's marker: filled, with a rim that sets it off from what lies under it."""
    return {"shape": shape, "size": size, "filled": True, "fill": colour, "stroke": LIGHT["paper"], "strokeWidth": 1.2}


def hollow(colour: str, shape: str = "diamond", size: float = 70) -> dict[str, Any]:
    """Style of a published figure's marker."""
    return {"shape": shape, "size": size, "filled": True, "fill": LIGHT["paper"], "stroke": colour, "strokeWidth": 1.8}


def spread(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Label positions near `wanted`, at least `gap` apart, within low…high as far as there is room.

    In the order of `wanted`, which need not be sorted.
    """
    order = sorted(range(len(wanted)), key=lambda index: wanted[index])
    places = [0.0] * len(wanted)
    floor = low
    for index in order:
        places[index] = max(wanted[index], floor)
        floor = places[index] + gap
    ceiling = high
    for index in reversed(order):
        places[index] = min(places[index], ceiling)
        ceiling = places[index] - gap
    return places


def log_axis(values: Sequence[float]) -> tuple[float, float, list[float]]:
    """(low, high, ticks) of a logarithmic axis that holds all positive `values`; ticks at 1, 2, 5 or whole decades."""
    positive = [value for value in values if value > 0] or [1.0]
    low, high = min(positive) / 1.35, max(positive) * 1.35
    steps = (1, 2, 5) if high / low < 300 else (1,)
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    ticks = [multiple * 10.0**decade for decade in decades for multiple in steps]
    return low, high, [tick for tick in ticks if low <= tick <= high]


def round_up(value: float, multiple: float) -> float:
    """The next multiple of `multiple` at or above `value`."""
    return round(math.ceil(value / multiple - 1e-9) * multiple, 10)


def step_for(low: float, high: float, most: int) -> float:
    """The smallest round step that cuts low…high into at most `most` parts."""
    steps = (base * 10.0**power for power in range(-3, 9) for base in (1, 2, 2.5, 5))
    return next(size for size in steps if (high - low) / size <= most)


def _field(channel: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, str):
        return dict(value)
    name, _, kind = value.partition(":")
    if channel in ("x2", "y2"):
        return {"field": name}
    return {"field": name, "type": {"Q": "quantitative", "N": "nominal"}[kind]}

"""Figure 2: how the agent's share of decisions is spread over the sessions, planning beside execution."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sessions_pipeline.report import numbers
from sessions_pipeline.report.drawings.marks import (
    STUDY,
    Layout,
    Specification,
    hollow,
    layered,
    marks,
    panel_title,
    quantitative,
    round_up,
    side_by_side,
    step_for,
)
from sessions_pipeline.report.drawings.theme import LIGHT
from sessions_pipeline.report.exhibits import Cell, Distribution


def histograms(distributions: Mapping[str, Distribution], layout: Layout) -> Specification:
    """One panel for each kind of decision, on one scale. What is said of means lies above the bars."""
    tops = [
        end
        for shown in distributions.values()
        for cell in shown.bins.values()
        for end in (cell.estimate, cell.high)
        if end is not None
    ]
    most = max(tops, default=0.1)
    top = round_up(most * 1.02, step_for(0, most, 8))
    return side_by_side([_panel(kind, shown, top, layout) for kind, shown in distributions.items()], layout, 84, 112)


def _panel(kind: str, shown: Distribution, top: float, layout: Layout) -> Specification:
    bins = [_bin(number, cell, shown.width) for number, cell in shown.bins.items()]
    drawn = [row for row in bins if row["share"] is not None]
    spans = [row for row in drawn if row["low"] is not None]
    hidden = [{**row, "text": "×"} for row in bins if row["suppressed"]]
    x = quantitative("left", (0, 1), title="the agent’s share of decisions", format=".0%", tickCount=5, grid=False)
    x["axis"] |= {"titlePadding": 8}
    y = quantitative("share", (0, top), format=".0%", tickCount=4)
    mean, study = shown.mean.estimate, shown.mean.published
    above = {"y": {"value": -4}}
    ours = [{"left": 1 - mean}] if mean is not None else []
    theirs = [{"left": 1 - study.value}] if study else []
    style = {"color": LIGHT["muted"], "baseline": "bottom", "fontSize": 12}
    return layered(
        marks(
            drawn,
            "bar",
            {"color": LIGHT["bar"], "stroke": LIGHT["paper"], "strokeWidth": 1},
            x=x,
            x2="right:Q",
            y=y,
            y2="floor:Q",
        ),
        marks(spans, "rule", {"color": LIGHT["accent"], "strokeWidth": 2}, x="middle:Q", y="low:Q", y2="high:Q"),
        marks(hidden, "text", style, x="middle:Q", y="floor:Q", text="text:N"),
        marks(ours, "rule", {"color": LIGHT["accent"], "strokeWidth": 1.5, "strokeDash": [4, 3]}, x=x),
        marks(theirs, "point", hollow(STUDY), x=x, **above),
        *panel_title(f"{kind.capitalize()} decisions", _means(shown, layout)),
        width=250 if layout.narrow else 380,
        height=200 if layout.narrow else 250,
    )


def _means(shown: Distribution, layout: Layout) -> str:
    mean, study = shown.mean, shown.mean.published
    parts = [f"agent’s mean {numbers.share(1 - mean.estimate, 0)}"] if mean.estimate is not None else []
    parts += [f"study {numbers.share(1 - study.value, 0)}"] if study else []
    return ", ".join(parts) or ("suppressed" if mean.suppressed else "no mean")


def _bin(number: int, cell: Cell, width: float) -> dict[str, Any]:
    """A bin by its number from 1."""
    return {
        "left": (number - 1) * width,
        "middle": (number - 0.5) * width,
        "right": number * width,
        "share": cell.estimate if cell.shown else None,
        "low": cell.low if cell.has_interval else None,
        "high": cell.high if cell.has_interval else None,
        "floor": 0.0,
        "suppressed": cell.suppressed,
    }

"""Figure 1 and the stacked part of Figure 4: what the sessions are spent on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from sessions_pipeline.classifications.classifiers import WORK_MODES
from sessions_pipeline.report import numbers
from sessions_pipeline.report.drawings.marks import (
    QUIET,
    STUDY,
    Layout,
    Specification,
    at_px,
    categories,
    column_heads,
    hollow,
    layered,
    marks,
    quantitative,
    round_up,
    spread,
    step,
    text_at,
)
from sessions_pipeline.report.drawings.theme import LIGHT
from sessions_pipeline.report.exhibits import Cell

# From the bottom up: the order of the study's Figure 1, in which dark and light colours alternate.
STACK_ORDER = ("fix", "build", "operate", "communicate", "understand", "plan", "orchestrate", "analyze", "test")
DARK_MODES = ("fix", "operate", "understand", "orchestrate", "test")
REST = "suppressed"


def work_modes(cells: Mapping[str, Cell], layout: Layout) -> Specification:
    """Figure 1: bars with intervals, diamonds for the study, the numbers in columns beside."""
    plot, names = (122, 92) if layout.narrow else (500, 104)
    rows = [_share_row(mode, cell) for mode, cell in cells.items()]
    most = max(row[name] or 0.0 for row in rows for name in ("share", "high", "study"))
    y = categories(
        "mode",
        list(cells),
        labelColor=LIGHT["ink"],
        labelFontSize=13,
        minExtent=names,
        maxExtent=names,
        labelPadding=10,
    )
    x = quantitative("share", (0, round_up(most * 1.02, 0.05)), format=".0%", tickCount=3 if layout.narrow else 6)
    shown = [row for row in rows if row["share"] is not None]
    intervals = [row for row in shown if row["low"] is not None]
    studies = [row for row in rows if row["study"] is not None]
    ours = [{"mode": row["mode"], "text": _share_text(row, layout)} for row in shown]
    study = [{"mode": row["mode"], "text": row["study_text"]} for row in studies]
    hidden = [{"mode": row["mode"], "text": "suppressed"} for row in rows if row["suppressed"]]
    ours_px, study_px = plot + 14, plot + (88 if layout.narrow else 204)
    return layered(
        marks(shown, "bar", {"color": LIGHT["bar"], "height": {"band": 0.62}}, x=x, y=y),
        marks(intervals, "rule", {"color": LIGHT["accent"], "strokeWidth": 2}, x="low:Q", x2="high:Q", y=y),
        marks(studies, "point", hollow(STUDY), x="study:Q", y=y),
        text_at(hidden, ours_px, y, **QUIET),
        text_at(ours, ours_px, y),
        text_at(study, study_px, y, color=STUDY),
        *column_heads(ours_px, study_px, "ours" if layout.narrow else "ours (95% interval)"),
        width=plot,
        height=step(32),
    )


def monthly_mix(series: Mapping[str, Mapping[dt.date, Cell]], axis: Sequence[dt.date], layout: Layout) -> Specification:
    """Figure 4, left: a column for each month, named beside the last one; grey is what is suppressed."""
    plot, height, room = (min(176, 60 * len(axis)), 330, 14) if layout.narrow else (min(730, 130 * len(axis)), 360, 26)
    band = plot / len(axis)
    bar = min(72.0, 0.82 * band)
    segments = _stack(series, axis)
    for row in segments:
        row["text"] = "" if row["share"] is None or row["share"] < 0.045 or bar < 30 else numbers.share(row["share"], 0)
    last = max(row["index"] for row in segments)
    labels = _stack_labels([row for row in segments if row["index"] == last], 17 / height)
    month_names = [numbers.short_month(month) for month in axis]
    x = categories("month", month_names, labelAngle=0, labelOverlap="greedy", labelFontSize=11 if layout.narrow else 12)
    x["scale"] |= {"paddingInner": 0, "paddingOuter": 0}
    y = quantitative("top", (0, 1), format=".0%", values=[0, 0.25, 0.5, 0.75, 1], grid=False)
    colour = {
        "field": "mode",
        "type": "nominal",
        "legend": None,
        "scale": {"domain": [*WORK_MODES, REST], "range": [LIGHT[role] for role in (*WORK_MODES, "hollow")]},
    }
    stack = {"width": bar, "stroke": LIGHT["paper"], "strokeWidth": 1.5}
    edge = (last + 0.5) * band + bar / 2
    line = {"color": LIGHT["axis"], "strokeWidth": 1}
    return layered(
        marks(segments, "bar", stack, x=x, y=y, y2="bottom:Q", color=colour),
        _inside([row for row in segments if row["mode"] in DARK_MODES], "on-dark", x),
        _inside([row for row in segments if row["mode"] not in DARK_MODES], "on-light", x),
        marks(labels, "rule", line, x=at_px(edge + 1), x2=at_px(plot + room - 8), y="middle:Q", y2="place:Q"),
        marks(labels, "square", {"size": 80}, x=at_px(plot + room), y="place:Q", color=colour),
        text_at([{**row, "text": row["label"]} for row in labels], plot + room + 9, "place:Q"),
        width=plot,
        height=height,
    )


def _share_row(mode: str, cell: Cell) -> dict[str, Any]:
    study = cell.published
    return {
        "mode": mode,
        "share": cell.estimate,
        "low": cell.low if cell.has_interval else None,
        "high": cell.high if cell.has_interval else None,
        "suppressed": cell.suppressed,
        "study": study.value if study else None,
        "study_text": numbers.printed(study),
    }


def _share_text(row: dict[str, Any], layout: Layout) -> str:
    estimate = numbers.share(row["share"])
    if layout.narrow or row["low"] is None:
        return estimate
    return f"{estimate}  ({numbers.share_interval(row['low'], row['high'])})"


def _stack(series: Mapping[str, Mapping[dt.date, Cell]], axis: Sequence[dt.date]) -> list[dict[str, Any]]:
    """What is shown of each month, from the bottom up, and on top what is left where modes are suppressed."""
    segments: list[dict[str, Any]] = []
    for index, month in enumerate(axis):
        place = {"index": index, "month": numbers.short_month(month)}
        bottom = 0.0
        for mode in STACK_ORDER:
            share = series[mode].get(month, Cell()).estimate
            if share:
                segments.append({**place, "mode": mode, "share": share, **_between(bottom, bottom + share)})
                bottom += share
        if bottom < 1 and any(cells[month].suppressed for cells in series.values() if month in cells):
            segments.append({**place, "mode": REST, "share": None, **_between(bottom, 1.0)})
    return segments


def _between(bottom: float, top: float) -> dict[str, float]:
    return {"bottom": bottom, "middle": (bottom + top) / 2, "top": top}


def _stack_labels(segments: Sequence[dict[str, Any]], gap: float) -> list[dict[str, Any]]:
    places = spread([row["middle"] for row in segments], gap, 0.01, 0.99)
    return [
        {
            **row,
            "place": place,
            "label": " ".join(filter(None, (row["mode"], row["share"] and numbers.share(row["share"])))),
        }
        for row, place in zip(segments, places, strict=True)
    ]


def _inside(rows: Sequence[dict[str, Any]], role: str, x: Any) -> Specification | None:
    style = {"baseline": "middle", "fontSize": 11.5, "color": LIGHT[role]}
    return marks(rows, "text", style, x=x, y="middle:Q", text="text:N")

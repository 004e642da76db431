"""Figures 3 and 5 and the picture of Table A1: effort and outcomes by level of expertise."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sessions_pipeline.report import numbers
from sessions_pipeline.report.drawings.lines import end_labels, series_layers
from sessions_pipeline.report.drawings.marks import (
    QUIET,
    STUDY,
    Layout,
    Specification,
    caption,
    categories,
    column_heads,
    dot,
    hollow,
    layered,
    log_axis,
    marks,
    panel_title,
    quantitative,
    round_up,
    side_by_side,
    step,
    text_at,
)
from sessions_pipeline.report.drawings.rows import SERIES
from sessions_pipeline.report.drawings.theme import LIGHT
from sessions_pipeline.report.exhibits import (
    LEVEL_NAMES,
    LEVELS,
    MEASURE_NAMES,
    QUANTILES,
    Coefficient,
    EffortCell,
    Panel,
    RateCell,
)

LEVEL_AXIS = "level of expertise"
SERIES_NAMES = {**MEASURE_NAMES, "at_least_partial": "at least partial"}


def effort(panels: Mapping[str, Mapping[int, EffortCell]], layout: Layout) -> Specification:
    """Figure 3: one panel for each measure."""
    return side_by_side([_effort_panel(measure, levels, layout) for measure, levels in panels.items()], layout, 96, 112)


def outcomes(panels: Sequence[Panel], layout: Layout) -> Specification:
    """Figure 5: three panels."""
    return side_by_side([_outcome_panel(panel, layout) for panel in panels], layout, 146, 104)


def returns(rows: Sequence[Coefficient], layout: Layout) -> Specification:
    """Table A1 as dots with intervals: ours above, the study's below, in points of verified success."""
    plot, names = (140, 62) if layout.narrow else (410, 176)
    entries = [_coefficient_row(row, layout) for row in rows]
    ends = [entry[name] for entry in entries for name in _COEFFICIENT_ENDS if entry[name] is not None]
    low, high = min(0.0, -round_up(-min(ends), 2)), max(2.0, round_up(max(ends), 2))
    y = categories(
        "name",
        [entry["name"] for entry in entries],
        labelColor=LIGHT["ink"],
        minExtent=names,
        maxExtent=names,
        labelLimit=names,
    )
    whole = "datum.value == 0 ? '0' : format(datum.value, '+~g')"
    x = quantitative("value", (low, high), title="points per level of expertise", labelExpr=whole, tickCount=4)
    shown = [entry for entry in entries if entry["value"] is not None]
    intervals = [entry for entry in shown if entry["low"] is not None]
    missing = [{**entry, "text": "missing"} for entry in entries if entry["value"] is None]
    studies = [entry for entry in entries if entry["study"] is not None]
    study_text = [{**entry, "text": entry["study_text"]} for entry in studies]
    above, below = {"yOffset": -5}, {"yOffset": 6}
    thick = {**above, "color": LIGHT["accent"], "strokeWidth": 2}
    thin = {**below, "color": STUDY, "strokeWidth": 1.5}
    ours_px, study_px = plot + 16, plot + (84 if layout.narrow else 214)
    return layered(
        marks([{"value": 0.0}], "rule", {"color": LIGHT["axis"]}, x=x),
        marks(intervals, "rule", thick, x="low:Q", x2="high:Q", y=y),
        marks(shown, "point", {**above, **dot(LIGHT["accent"], 70)}, x=x, y=y),
        marks(studies, "rule", thin, x="study_low:Q", x2="study_high:Q", y=y),
        marks(studies, "point", {**below, **hollow(STUDY, size=55)}, x="study:Q", y=y),
        text_at(shown, ours_px, y),
        text_at(missing, ours_px, y, **QUIET),
        text_at(study_text, study_px, y, color=STUDY),
        *column_heads(ours_px, study_px, "ours" if layout.narrow else "ours (95% interval)"),
        width=plot,
        height=step(38),
    )


def _effort_panel(measure: str, levels: Mapping[int, EffortCell], layout: Layout) -> Specification:
    rows = [_effort_row(level, cell) for level, cell in levels.items()]
    quantities = [row[name] for row in rows for name in (*QUANTILES, "mean", "low", "high", "study")]
    low, high, ticks = log_axis([quantity for quantity in quantities if quantity is not None])
    with_box = [row for row in rows if row["p05"] is not None]
    boxes = [{**row, **{name: max(row[name], low) for name in QUANTILES}} for row in with_box]
    at_zero = [{**row, "floor": low} for row in with_box if row["p05"] <= 0]
    means = [{**row, "text": numbers.effort(row["mean"])} for row in rows if row["mean"] is not None]
    intervals = [row for row in means if row["low"] is not None and row["low"] > 0]
    studies = [row for row in rows if row["study"] is not None]
    x = categories(
        "label",
        [row["label"] for row in rows],
        title=LEVEL_AXIS,
        labelAngle=0,
        labelExpr="split(datum.label, '|')",
        labelLineHeight=15,
        titlePadding=8,
    )
    y = quantitative("p05", (low, high), scale="log", values=ticks, format=",~g")
    half, label_size = (7, 11) if layout.narrow else (15, 12)
    bar = {"width": 2 * half}
    median = {"color": LIGHT["paper"], "thickness": 2, "width": 2 * half}
    zero = {"shape": "triangle-down", "size": 45, "filled": True, "color": LIGHT["axis"]}
    label = {"align": "left", "baseline": "middle", "xOffset": half + 3, "fontWeight": 600, "fontSize": label_size}
    # The study prints levels 1 and 5: its marks stand outside, where no neighbour's number can be.
    left, right = ({**hollow(STUDY), "xOffset": offset} for offset in (-half - 9, half + 9))
    beyond = {**label, "xOffset": half + 20}
    return layered(
        marks(boxes, "rule", {"color": LIGHT["axis"], "strokeWidth": 1.5}, x=x, y=y, y2="p95:Q"),
        marks(boxes, "bar", {**bar, "color": LIGHT["box-low"]}, x=x, y="p25:Q", y2="p50:Q"),
        marks(boxes, "bar", {**bar, "color": LIGHT["box-high"]}, x=x, y="p50:Q", y2="p75:Q"),
        marks(boxes, "tick", median, x=x, y="p50:Q"),
        marks(at_zero, "point", zero, x=x, y="floor:Q"),
        marks(intervals, "rule", {"color": LIGHT["accent"], "strokeWidth": 2.5}, x=x, y="low:Q", y2="high:Q"),
        marks(means, "point", dot(LIGHT["accent"], 75), x=x, y="mean:Q"),
        marks([row for row in means if not row["last"]], "text", label, x=x, y="mean:Q", text="text:N"),
        marks([row for row in means if row["last"]], "text", beyond, x=x, y="mean:Q", text="text:N"),
        marks([row for row in studies if not row["last"]], "point", left, x=x, y="study:Q"),
        marks([row for row in studies if row["last"]], "point", right, x=x, y="study:Q"),
        *panel_title(MEASURE_NAMES[measure].capitalize(), "log scale; dot: geometric mean; diamond: study"),
        width=270 if layout.narrow else 385,
        height=270 if layout.narrow else 320,
    )


def _effort_row(level: int, cell: EffortCell) -> dict[str, Any]:
    name = f"{level} {LEVEL_NAMES[level]}" if level in (LEVELS[0], LEVELS[-1]) else str(level)
    size = "×" if cell.suppressed else f"n {numbers.count(cell.sessions)}"
    return {
        "label": f"{name}|{size}",
        **{name: getattr(cell, name) if cell.has_box else None for name in QUANTILES},
        "mean": cell.estimate or None,
        "low": cell.low if cell.has_interval else None,
        "high": cell.high if cell.has_interval else None,
        "study": cell.published.value if cell.published else None,
        "last": level == LEVELS[-1],
    }


def _outcome_panel(panel: Panel, layout: Layout) -> Specification:
    plot, height = (192, 230) if layout.narrow else (160, 290)
    rows = [_rate_row(panel, measure, level, cell) for (measure, level), cell in panel.cells.items()]
    names = [SERIES_NAMES[measure] for measure in panel.measures]
    low, high = _rate_domain(panel, rows)
    x = quantitative("x", (0.3, 5.7), title=LEVEL_AXIS, values=list(LEVELS), format="d", grid=False)
    x["axis"] |= {"titlePadding": 8, "labelOverlap": False}
    y = quantitative("value", (low, high), format=".0%", tickCount=5)
    lines = [
        layer
        for series, measure in zip(SERIES, panel.measures, strict=True)
        for layer in series_layers(
            [row for row in rows if row["measure"] == measure], series, x, y, low, study_x="study_x:Q"
        )
    ]
    return layered(
        # Keeps the axes where a panel has no rate of ours to draw.
        marks([{"x": 0.3, "value": low}], "point", {"opacity": 0, "color": LIGHT["paper"]}, x=x, y=y),
        *lines,
        *end_labels(_ends(rows), names, plot, 15 / height * (high - low), (low, high)),
        *([] if any(row["value"] is not None for row in rows) else [_no_rate(panel, plot, height)]),
        *panel_title(panel.title, f"{panel.direction}, {_kind(panel)}"),
        width=plot,
        height=height,
    )


def _kind(panel: Panel) -> str:
    if not panel.adjusted or panel.controls == (1,):
        return "raw rates"
    return f"adjusted (column {', '.join(map(str, panel.controls))})"


def _no_rate(panel: Panel, plot: int, height: int) -> Specification | None:
    hidden = any(cell.suppressed for cell in panel.cells.values())
    return caption("suppressed" if hidden else "no rate", plot / 2, height / 2, **{**QUIET, "align": "center"})


def _rate_domain(panel: Panel, rows: Sequence[dict[str, Any]]) -> tuple[float, float]:
    """0 to 100% for successes; for failures as far as the numbers reach; below zero if an adjusted rate is."""
    values = [row[name] for row in rows for name in ("value", "study") if row[name] is not None]
    tops = [min(row["high"], 1.0) for row in rows if row["high"] is not None]
    low = min(0.0, -round_up(-min([*values, 0.0]), 0.1))
    if panel.direction == "success":
        return low, max(1.0, round_up(max([*values, 1.0]), 0.1))
    return low, round_up(max([*values, *tops, 0.3]), 0.1)


def _rate_row(panel: Panel, measure: str, level: int, cell: RateCell) -> dict[str, Any]:
    return {
        "measure": measure,
        "x": level + 0.14 * (panel.measures.index(measure) - 1),
        "study_x": 0.5 if level == 1 else 5.5,
        "value": cell.estimate,
        "low": cell.low if cell.has_interval else None,
        "high": cell.high if cell.has_interval else None,
        "study": cell.published.value if cell.published else None,
        "suppressed": cell.suppressed,
    }


def _ends(rows: Iterable[dict[str, Any]]) -> dict[str, float]:
    """Where each outcome's line ends, by the name that it is given: at ours, else at the study's."""
    ends = {}
    for row in rows:
        end = row["value"] if row["value"] is not None else row["study"]
        if end is not None:
            ends[SERIES_NAMES[row["measure"]]] = end
    return ends


_COEFFICIENT_ENDS = ("value", "low", "high", "study_low", "study_high")


def _coefficient_row(row: Coefficient, layout: Layout) -> dict[str, Any]:
    """In points (100 times the coefficient)."""
    cell, study = row.cell, row.cell.published
    half = 196 * study.standard_error if study and study.standard_error else 0.0
    text = numbers.signed_points(cell.estimate)
    if cell.has_interval and not layout.narrow:
        text += f"  ({numbers.interval(numbers.signed_points(cell.low), numbers.signed_points(cell.high))})"
    return {
        "name": f"column {row.name[1]}" if layout.narrow else row.name,
        "value": _hundredfold(cell.estimate),
        "low": _hundredfold(cell.low) if cell.has_interval else None,
        "high": _hundredfold(cell.high) if cell.has_interval else None,
        "text": text,
        "study": 100 * study.value if study else None,
        "study_low": 100 * study.value - half if study else None,
        "study_high": 100 * study.value + half if study else None,
        "study_text": numbers.signed_points(study.value) if study else "",
    }


def _hundredfold(value: float | None) -> float | None:
    return None if value is None else 100 * value

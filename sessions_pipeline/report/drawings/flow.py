"""The flow from what was found to what was analysed: one bar after each rule."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

from sessions_pipeline.report import numbers
from sessions_pipeline.report.drawings.marks import (
    STUDY,
    Layout,
    Specification,
    caption,
    layered,
    marks,
    quantitative,
    step,
    text_at,
)
from sessions_pipeline.report.drawings.theme import LIGHT
from sessions_pipeline.report.exhibits import UNIT_NAMES, Step, rule_name


def flow(steps: Sequence[Step], layout: Layout) -> Specification:
    """One part for each unit (lines, files, sessions), each on its own scale."""
    units = dict.fromkeys(step.unit for step in steps)
    parts = [_part(unit, [step for step in steps if step.unit == unit], layout) for unit in units]
    return {"vconcat": parts, "spacing": 20}


def _part(unit: str, steps: Sequence[Step], layout: Layout) -> Specification:
    plot, names_px, row_px, wrap = (100, 134, 34, 20) if layout.narrow else (490, 270, 26, 42)
    rows = _rows(unit, steps, wrap)
    most = max(max(row["remaining"], row["edge"]) for row in rows) or 1
    y = {"field": "order", "type": "ordinal", "title": None, "axis": None}
    x = quantitative("remaining", (0, most), labels=False, grid=False)
    of_rule = [row for row in rows if row["kind"] == "rule"]
    left = [{**row, "text": numbers.count(row["remaining"])} for row in rows]
    change = [{**row, "text": numbers.removed(row["removed"])} for row in of_rule]
    bar = {"height": {"band": 0.66}}
    open_bar = {**bar, "color": LIGHT["paper"], "stroke": STUDY, "strokeWidth": 1.4}
    taken = [row for row in of_rule if row["edge"] > row["remaining"]]
    added = [row for row in of_rule if row["edge"] < row["remaining"]]
    removed_px, left_px = plot + (52 if layout.narrow else 80), plot + (112 if layout.narrow else 170)
    return layered(
        marks([row for row in rows if row["kind"] != "end"], "bar", {**bar, "color": LIGHT["bar"]}, x=x, y=y),
        marks([row for row in rows if row["kind"] == "end"], "bar", {**bar, "color": LIGHT["accent"]}, x=x, y=y),
        marks(taken, "bar", open_bar, x="remaining:Q", x2="edge:Q", y=y),
        marks(added, "bar", {**bar, "color": LIGHT["series-1"]}, x="edge:Q", x2="remaining:Q", y=y),
        text_at(of_rule, -names_px, y, lineBreak="\n", lineHeight=14),
        text_at([row for row in rows if row["kind"] != "rule"], -names_px, y, fontWeight=600),
        text_at(change, removed_px, y, align="right", color=STUDY),
        text_at(left, left_px, y, align="right"),
        caption("removed", removed_px, -9, align="right", color=LIGHT["muted"]),
        caption("left", left_px, -9, align="right", color=LIGHT["muted"]),
        width=plot,
        height=step(row_px),
    )


def _rows(unit: str, steps: Sequence[Step], wrap: int) -> list[dict[str, Any]]:
    """What was found, each rule that changed something, and what is left. edge: the count before the rule."""
    rows: list[dict[str, Any]] = []
    before = 0
    for rule in steps:
        if rule.rule == "found" or rule.removed:
            rows.append(
                {
                    "order": len(rows),
                    "kind": "found" if rule.rule == "found" else "rule",
                    "text": "\n".join(textwrap.wrap(rule_name(rule), wrap)),
                    "removed": rule.removed,
                    "remaining": rule.remaining,
                    "edge": before,
                }
            )
        before = rule.remaining
    last = {
        "order": len(rows),
        "kind": "end",
        "text": f"{UNIT_NAMES[unit]} left",
        "removed": 0,
        "remaining": before,
        "edge": 0,
    }
    return [*rows, last]

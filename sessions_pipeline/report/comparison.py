"""Every printed figure of the study beside the same figure of these sessions, as one table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import polars as pl

from sessions_pipeline.report import numbers
from sessions_pipeline.report.inputs import ReportInputs
from sessions_pipeline.report.published import published_figures
from sessions_pipeline.report.section import Section, analysed
from sessions_pipeline.report.tables import MISSING, SUPPRESSED, Column, Row, Table

Write = Callable[[float | None], str]


def comparison(inputs: ReportInputs) -> Section:
    """How many of the printed figures can be had from these sessions, and how many lie inside our intervals."""
    frame = inputs.frame("published_comparison").filter(pl.col("month") == inputs.month)
    order = {key: place for place, key in enumerate(published_figures())}
    rows = sorted(
        frame.to_dicts(), key=lambda row: order.get((row["exhibit"], row["measure"], row["group"]), len(order))
    )
    return Section(
        anchor="published",
        heading="Every published figure beside ours",
        label="Published figures",
        sentence=_said(rows),
        basis=analysed(inputs),
        exclusions="nothing: a printed figure that cannot be had from these sessions is listed with the reason",
        own_caveats=("The study is another population",),
        tables_folded=(_table(rows),) if rows else (),
    )


def _said(rows: Sequence[dict[str, Any]]) -> str:
    if not rows:
        return ""
    ours = [row for row in rows if row["estimate"] is not None and not row["suppressed"]]
    judged = [row for row in ours if row["ci_low"] is not None and row["ci_high"] is not None]
    inside = sum(_agrees(row) for row in judged)
    printed = numbers.plural(len(rows), "printed figure")
    text = f"Of the study’s {printed}, {numbers.count(len(ours))} can be had from these sessions"
    if not judged:
        return f"{text}; none of them has an interval."
    return (
        f"{text}. {numbers.count(len(judged))} have a 95% interval, and in {numbers.count(inside)} of them it holds "
        "the printed number, allowing for its rounding. A wide interval holds much: that is no evidence of agreement."
    )


def _agrees(row: dict[str, Any]) -> bool:
    """The interval holds something that would be printed so."""
    slack = row["published_rounding"] or 0.0
    return bool(row["ci_low"] - slack <= row["published"] <= row["ci_high"] + slack)


def _writer(unit: str) -> Write:
    if unit == "share":
        return numbers.share
    if unit == "relative_change":
        return numbers.change
    if unit.startswith("probability"):
        return numbers.points
    if unit in ("count", "words"):
        return numbers.effort
    return lambda value: numbers.coefficient(value, 3)


def _ours(row: dict[str, Any], write: Write) -> tuple[str, str]:
    if row["suppressed"]:
        return SUPPRESSED, numbers.MISSING
    if row["estimate"] is None:
        return MISSING, numbers.MISSING
    return write(row["estimate"]), numbers.interval(write(row["ci_low"]), write(row["ci_high"]))


def _table(rows: Sequence[dict[str, Any]]) -> Table:
    body: list[Row] = []
    for exhibit in dict.fromkeys(row["exhibit"] for row in rows):
        body.append(Row((exhibit.replace("_", " ").capitalize(),), "part"))
        for row in (row for row in rows if row["exhibit"] == exhibit):
            write = _writer(row["unit"])
            body.append(
                Row(
                    (
                        f"{row['measure'].replace('_', ' ')}, {row['group'].replace('_', ' ')}",
                        write(row["published"]),
                        *_ours(row, write),
                        numbers.coefficient(None if row["suppressed"] else row["z"], 1),
                        numbers.count(None if row["suppressed"] else row["sessions"]),
                        numbers.count(None if row["suppressed"] else row["users"]),
                        row["missing_reason"] or "",
                    )
                )
            )
    columns = (
        Column("Figure"),
        Column("Printed", "Study"),
        Column("Estimate", "Ours"),
        Column("95% interval", "Ours"),
        Column("In standard errors", "Difference"),
        Column("Sessions", "Cell"),
        Column("Users", "Cell"),
        Column("Why there is none", words=True),
    )
    return Table("Published figures beside ours", columns, tuple(body))

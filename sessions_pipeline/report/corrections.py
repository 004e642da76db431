"""Label error: estimates corrected by gold labels beside the naive ones, and how wrong a judge would have to be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sessions_pipeline.report import numbers
from sessions_pipeline.report.exhibits import rows_at
from sessions_pipeline.report.inputs import ReportInputs
from sessions_pipeline.report.section import Section, analysed
from sessions_pipeline.report.tables import MISSING, Column, Row, Table

PREFERRED = "table_a1_5"
IN_WORDS = {
    "label": "labels",
    "outcome": "outcome",
    "expertise": "expertise",
    "outcome_and_expertise": "outcome and expertise",
    "user_occupation": "user occupation",
    "outcome_and_user_occupation": "outcome and user occupation",
}


def corrections(inputs: ReportInputs) -> Section:
    """Naive and corrected estimates side by side; without gold labels a sentence that says so."""
    keys = ("quantity", "term", "correction")
    rows = sorted(
        rows_at(inputs.frame("corrected_estimates"), inputs.month, "window"), key=lambda row: [row[key] for key in keys]
    )
    corrected = [row for row in rows if row["corrected"] is not None and not row["suppressed"]]
    sensitivity = sorted(
        rows_at(inputs.frame("sign_sensitivity"), inputs.month, "window"),
        key=lambda row: (row["specification"], row["error"]),
    )
    errors = sorted(
        rows_at(inputs.frame("label_errors"), inputs.month, "window"),
        key=lambda row: [row[key] for key in ("facet", "metric", "group_by", "group_value")],
    )
    readings = sorted(
        rows_at(inputs.frame("reliability"), inputs.month, "window"), key=lambda row: (row["rater"], row["facet"])
    )
    gold = max((row["n_gold"] or 0 for row in corrected), default=0)
    return Section(
        anchor="corrected",
        heading="What label error does to the estimates",
        label="Corrected estimates",
        classifiers=("outcome", "success_signal", "expertise"),
        sentence=" ".join(filter(None, (_said(rows, corrected), _turned(sensitivity)))),
        basis=f"up to {numbers.plural(gold, 'session')} with gold labels; {analysed(inputs)}"
        if corrected
        else analysed(inputs),
        exclusions="sessions as in each naive estimate; the study carries label error into no standard error",
        tables_open=(_corrected_table(corrected),) if corrected else (),
        tables_folded=(
            *([_errors_table(errors)] if errors else []),
            *([_reliability_table(readings)] if readings else []),
            *([_sensitivity_table(sensitivity)] if sensitivity else []),
        ),
    )


def _said(rows: list[dict[str, Any]], corrected: list[dict[str, Any]]) -> str:
    if not corrected:
        reasons = list(
            dict.fromkeys(row["missing_reason"] for row in rows if row["missing_reason"] and not row["suppressed"])
        )
        if not rows or any("no gold labels" in reason for reason in reasons):
            return (
                "There are no gold labels, so no estimate is corrected: every interval in this report takes the "
                "judge’s labels for true."
            )
        return f"No estimate could be corrected: {'; '.join(reasons)}."
    outside = [row for row in corrected if not _holds(row)]
    text = (
        f"Of {numbers.plural(len(corrected), 'corrected estimate')}, the naive one lies outside the corrected 95% "
        f"interval in {numbers.count(len(outside))}."
    )
    slope = next(
        (
            r
            for r in corrected
            if (r["quantity"], r["term"], r["correction"]) == (PREFERRED, "expertise", "outcome_and_expertise")
        ),
        None,
    )
    if slope is None:
        return text
    return (
        f"{text} The slope of verified success on expertise (column 5) is {numbers.points(slope['corrected'])} "
        f"corrected (95% interval {numbers.points_interval(slope['ci_low'], slope['ci_high'])}) against "
        f"{numbers.points(slope['naive'])} by the judge’s labels alone."
    )


def _holds(row: Mapping[str, Any]) -> bool:
    """The naive estimate lies inside the corrected interval, or there is nothing to compare."""
    values = (row["naive"], row["ci_low"], row["ci_high"])
    return any(value is None for value in values) or row["ci_low"] <= row["naive"] <= row["ci_high"]


def _turned(sensitivity: list[dict[str, Any]]) -> str:
    row = next(
        (row for row in sensitivity if (row["specification"], row["error"]) == (PREFERRED, "fewest_wrong_outcomes")),
        None,
    )
    if row is None or row["to_zero"] is None:
        return ""
    return (
        "To bring the slope of verified success on expertise (column 5) to zero, at least "
        f"{numbers.share(row['to_zero'])} of the sessions would need the opposite outcome, chosen against it."
    )


def _corrected_table(corrected: list[dict[str, Any]]) -> Table:
    rows = [
        Row(
            (
                row["quantity"].replace("_", " "),
                row["term"].replace("_", " "),
                IN_WORDS[row["correction"]],
                numbers.coefficient(row["naive"], 3),
                numbers.coefficient(row["naive_std_error"], 3),
                numbers.coefficient(row["corrected"], 3),
                numbers.coefficient(row["std_error"], 3),
                numbers.interval(numbers.coefficient(row["ci_low"], 3), numbers.coefficient(row["ci_high"], 3)),
                numbers.count(row["n_sessions"]),
                numbers.count(row["n_users"]),
                numbers.count(row["n_gold"]),
                numbers.count(row["n_gold_users"]),
            )
        )
        for row in corrected
    ]
    columns = (
        Column("Quantity"),
        Column("Term", words=True),
        Column("Errors corrected in", words=True),
        Column("Estimate", "Naive"),
        Column("Standard error", "Naive"),
        Column("Estimate", "Corrected"),
        Column("Standard error", "Corrected"),
        Column("95% interval", "Corrected"),
        Column("Sessions", "All"),
        Column("Users", "All"),
        Column("Sessions", "With gold labels"),
        Column("Users", "With gold labels"),
    )
    return Table("Estimates by the judge’s labels, and corrected by gold labels", columns, tuple(rows))


def _errors_table(errors: list[dict[str, Any]]) -> Table:
    """Where the judge differs from gold labels."""
    rows = [
        Row(
            (
                row["facet"].replace("_", " "),
                row["metric"].replace("_", " "),
                row["group_by"].replace("_", " "),
                row["group_value"],
                numbers.coefficient(row["estimate"], 3),
                numbers.interval(numbers.coefficient(row["ci_low"], 3), numbers.coefficient(row["ci_high"], 3)),
                numbers.count(row["sessions"]),
                numbers.count(row["users"]),
            )
        )
        for row in errors
        if not row["suppressed"]
    ]
    columns = (
        Column("Label"),
        Column("Error", words=True),
        Column("By gold", words=True),
        Column("Group", words=True),
        Column("Estimate"),
        Column("95% interval"),
        Column("Sessions"),
        Column("Users"),
    )
    notes = (
        "Error rate: share of labels that differ. Signed error: mean of the judge’s label minus gold.",
        f"{numbers.plural(len(errors) - len(rows), 'suppressed group')} left out.",
    )
    return Table("Where the judge differs from gold labels", columns, tuple(rows), notes)


def _reliability_table(readings: list[dict[str, Any]]) -> Table:
    """How alike two readings of the same sessions are, and the slope freed of what they differ by."""
    rows = [
        Row(
            (
                row["facet"].replace("_", " "),
                row["rater"],
                numbers.coefficient(row["reliability"], 3),
                numbers.interval(numbers.coefficient(row["ci_low"], 3), numbers.coefficient(row["ci_high"], 3)),
                numbers.coefficient(row["attenuation"], 3),
                numbers.coefficient(row["corrected_slope"]),
                numbers.coefficient(row["corrected_std_error"]),
                numbers.count(row["sessions"]),
                numbers.count(row["users"]),
            )
        )
        for row in readings
        if not row["suppressed"]
    ]
    columns = (
        Column("Label"),
        Column("Read twice by", words=True),
        Column("Reliability"),
        Column("95% interval"),
        Column("Attenuation", "Slope of column 5"),
        Column("Corrected", "Slope of column 5"),
        Column("Standard error", "Slope of column 5"),
        Column("Sessions"),
        Column("Users"),
    )
    hidden = f"{numbers.plural(len(readings) - len(rows), 'suppressed label')} left out."
    return Table("Two readings of the same sessions: reliability", columns, tuple(rows), (hidden,))


def _sensitivity_table(sensitivity: list[dict[str, Any]]) -> Table:
    rows = [
        Row(
            (
                row["specification"].replace("_", " "),
                row["error"].replace("_", " "),
                numbers.coefficient(row["to_zero"], 3) if row["to_zero"] is not None else MISSING,
                numbers.coefficient(row["to_insignificance"], 3) if row["to_insignificance"] is not None else MISSING,
                numbers.count(row["n_sessions"]),
                numbers.count(row["n_users"]),
                row["unit"],
            )
        )
        for row in sensitivity
    ]
    columns = (
        Column("Model"),
        Column("Error", words=True),
        Column("Slope zero", "Size of the error that makes the"),
        Column("Interval reach zero", "Size of the error that makes the"),
        Column("Sessions", "Sample"),
        Column("Users", "Sample"),
        Column("Unit", words=True),
    )
    reasons = dict.fromkeys(row["missing_reason"] for row in sensitivity if row["missing_reason"])
    return Table(
        "How wrong the judge would have to be",
        columns,
        tuple(rows),
        tuple(f"Missing. Reason: {reason}." for reason in reasons),
    )

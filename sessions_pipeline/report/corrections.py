"""Label error: estimates corrected by gold labels beside the naive ones, and how wrong a judge would have to be."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from itertools import groupby
from typing import Any

from sessions_pipeline.classifications.classifiers import SOC_MAJOR_GROUPS
from sessions_pipeline.report import numbers
from sessions_pipeline.report.exhibits import rows_at
from sessions_pipeline.report.inputs import ReportInputs
from sessions_pipeline.report.section import Section, analysed
from sessions_pipeline.report.tables import MISSING, Column, Row, Table

PREFERRED = "table_a1_5"
# Quantity and correction of the estimates that stand in the page; the others are behind a click. None: all of them.
HEADLINES: tuple[tuple[str, str | None], ...] = (
    *((f"table_a1_{column}", "outcome_and_expertise") for column in (1, 2, 3, 4)),
    (PREFERRED, None),
    ("table_a1_6", "outcome_and_expertise"),
    ("figure_3_actions", None),
    ("figure_3_words", None),
    ("software_gap", "outcome_and_user_occupation"),
    ("user_planning_share", None),
    ("user_execution_share", None),
    ("task_value", None),
)
# Heading of a folded table -> what its quantities begin with, or hold; the first that fits counts.
BY_QUANTITY: Mapping[str, tuple[str, ...]] = {
    "coefficients": ("table_a", "figure_3", "figure_6", "software_gap", "returns_trend"),
    "adjusted rates": ("adjusted_",),
    "means by expertise": ("_by_expertise",),
    "success by profession and occupation": ("_by_profession", "_by_occupation"),
    "success by signal": ("_signal",),
    "decisions": ("_decision", "user_planning", "user_execution"),
    "task value, truncation and changed lines": ("",),
}
SHARES_OF_LABELS = "shares of labels"


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
        tables_open=_headline_tables(corrected),
        tables_folded=(
            *_corrected_tables(corrected),
            *([_uncorrected_table(rows)] if corrected else []),
            *([_errors_table(errors)] if errors else []),
            *([_reliability_table(readings)] if readings else []),
            *([_sensitivity_table(sensitivity)] if sensitivity else []),
        ),
    )


def _said(rows: list[dict[str, Any]], corrected: list[dict[str, Any]]) -> str:
    if not corrected:
        asked = [row for row in rows if row["correction"] != "none" and not row["suppressed"]]
        reasons = Counter(row["missing_reason"] for row in asked if row["missing_reason"])
        if not reasons or any(reason.startswith("there are no gold labels") for reason in reasons):
            return (
                "There are no gold labels, so no estimate is corrected: every interval in this report takes the "
                "judge’s labels for true."
            )
        ((reason, _),) = reasons.most_common(1)
        others = f" (and {numbers.plural(len(reasons) - 1, 'other reason')})" if len(reasons) > 1 else ""
        return f"No estimate could be corrected: {reason}{others}."
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


def _headline_tables(corrected: list[dict[str, Any]]) -> tuple[Table, ...]:
    """The corrected estimates of HEADLINES in their order, in one table; none without such."""
    rows = [
        row
        for quantity, correction in HEADLINES
        for row in corrected
        if row["quantity"] == quantity and correction in (None, row["correction"])
    ]
    caption = "Estimates by the judge’s labels, and corrected by gold labels"
    return (_corrected_table(caption, rows),) if rows else ()


def _corrected_tables(corrected: list[dict[str, Any]]) -> list[Table]:
    """All corrected estimates, by what they are about."""
    groups: dict[str, list[dict[str, Any]]] = {name: [] for name in (SHARES_OF_LABELS, *BY_QUANTITY)}
    for row in corrected:
        groups[_group(row)].append(row)
    return [
        _corrected_table(f"By the judge’s labels and corrected: {name}", rows, parts=True)
        for name, rows in groups.items()
        if rows
    ]


def _group(row: Mapping[str, Any]) -> str:
    if row["correction"] == "label":
        return SHARES_OF_LABELS
    quantity = row["quantity"]
    return next(
        name
        for name, marks in BY_QUANTITY.items()
        if any(quantity.startswith(mark) or (mark.startswith("_") and mark in quantity) for mark in marks)
    )


def _words(name: str) -> str:
    return name.replace("_", " ")


def _term(row: Mapping[str, Any]) -> str:
    """The term in words; a code that stands for an occupation by its name."""
    term = row["term"].replace(":", " doing ").replace("_", " ")
    if "occupation" in row["quantity"] or term.startswith("occupation "):
        term = re.sub(r"\b\d\d\b", lambda code: SOC_MAJOR_GROUPS.get(code[0], code[0]), term)
    return term


def _writer(quantity: str) -> Callable[[float | None], str]:
    """How its numbers are written."""
    if quantity.startswith("task_value"):
        return numbers.dollars
    if quantity.startswith(("actions_per_prompt", "words_per_prompt")):
        return numbers.effort
    return partial(numbers.coefficient, decimals=3)


def _corrected_table(caption: str, corrected: list[dict[str, Any]], *, parts: bool = False) -> Table:
    """Naive and corrected side by side. parts: a quantity and what is corrected in it are a heading, and no columns."""
    rows = []
    ordered = sorted(corrected, key=_subject) if parts else corrected
    for (quantity, correction), same in groupby(ordered, key=_subject):
        written = _writer(quantity)
        errors = "labels" if correction == "label" else _words(correction)
        if parts:
            rows.append(Row((f"{_words(quantity)} (errors corrected in {errors})",), "part"))
        for row in same:
            cells = (
                written(row["naive"]),
                written(row["naive_std_error"]),
                written(row["corrected"]),
                written(row["std_error"]),
                numbers.interval(written(row["ci_low"]), written(row["ci_high"])),
                numbers.count(row["n_sessions"]),
                numbers.count(row["n_users"]),
                numbers.count(row["n_gold"]),
                numbers.count(row["n_gold_users"]),
            )
            rows.append(Row((_term(row), *cells) if parts else (_words(quantity), _term(row), errors, *cells)))
    subject = (Column("Quantity"), Column("Term", words=True), Column("Errors corrected in", words=True))
    columns = (
        *((Column("Term"),) if parts else subject),
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
    return Table(caption, columns, tuple(rows))


def _subject(row: Mapping[str, Any]) -> tuple[str, str]:
    return row["quantity"], row["correction"]


def _uncorrected_table(rows: list[dict[str, Any]]) -> Table:
    """Every quantity of which something is not corrected, with its commonest reason; suppressed cells are none."""
    told = []
    for quantity, same in groupby(rows, key=lambda row: str(row["quantity"])):
        shown = [row for row in same if not row["suppressed"]]
        reasons = Counter(row["missing_reason"] for row in shown if row["missing_reason"])
        if reasons:
            counts = (numbers.count(reasons.total()), numbers.count(len(shown)))
            told.append(Row((_words(quantity), *counts, reasons.most_common(1)[0][0])))
    columns = (
        Column("Quantity"),
        Column("Not corrected", "Estimates"),
        Column("All", "Estimates"),
        Column("Commonest reason", words=True),
    )
    return Table("Estimates that are not corrected, and why", columns, tuple(told))


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

"""Occupations: Figure 6, software against other professions by month, and the two occupations crossed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import polars as pl

from sessions_pipeline.classifications.classifiers import SOC_MAJOR_GROUPS
from sessions_pipeline.report import figures, numbers, sentences
from sessions_pipeline.report.caveats import ASSOCIATION
from sessions_pipeline.report.drawings.lines import Panel
from sessions_pipeline.report.exhibits import MEASURE_NAMES, Cell, cell_of, coefficient, rows_at
from sessions_pipeline.report.inputs import ReportInputs
from sessions_pipeline.report.published import published
from sessions_pipeline.report.section import Picture, Section, resting_on
from sessions_pipeline.report.tables import OURS_SHARE, SIZE, Column, Row, Table, estimate, size

# The study's Figure 6 shows the ten largest; so does ours, and the table has all.
LARGEST = 10
ORDER = ("verified_success", "judged_success", "at_least_partial")
LABELS = {"verified_success": "verified", "judged_success": "judged", "at_least_partial": "at least partial"}
PROFESSIONS = {"software": "software", "other": "other professions"}


def figure_6(inputs: ReportInputs) -> Section:
    """Success of sessions that wrote code: by the user's occupation, and software against the others by month."""
    every = _by_occupation(inputs)
    known = [name for name, cells in every.items() if any(cell.shown or cell.published for cell in cells.values())]
    largest = sorted(known, key=lambda name: -(every[name]["verified_success"].sessions or 0))[:LARGEST]
    ranked = dict(
        sorted(
            ((name, every[name]) for name in largest), key=lambda item: -(item[1]["verified_success"].estimate or -1.0)
        )
    )
    gap = _professions(inputs)
    cells = [cells["verified_success"] for cells in every.values()]
    return Section(
        anchor="figure-6",
        heading="Figure 6. Who succeeds when code is written, by occupation",
        label="Figure 6: occupations",
        sentence=" ".join(filter(None, (_ranking(ranked), _gap(inputs)))),
        classifiers=("user_occupation", "outcome", "success_signal"),
        own_caveats=(ASSOCIATION,),
        basis=resting_on(inputs, cells, "that wrote code, of users whose occupation could be inferred"),
        exclusions="sessions that added no line, have no clear goal, or whose user’s occupation is unclear",
        pictures=(
            Picture(
                figures.ranked_dots("figure-6", "Success by the user’s occupation", ranked, LABELS),
                f"Success by the user’s occupation, sessions that wrote code (the {LARGEST} largest)",
                "Filled markers are these sessions with 95% intervals (clustered by user), hollow ones below them the "
                "study’s rates. Ordered by verified success; an order within the intervals means nothing.",
            ),
            Picture(
                figures.line_panels("figure-6-gap", "Verified success by month", _gap_panels(gap, inputs)),
                "Verified success by month, software against other professions",
                "Sessions that wrote code. Dots are monthly rates with 95% intervals, × a suppressed month; hollow "
                "markers at the right are the study’s rates over all of its months.",
            ),
        ),
        tables_folded=(_occupation_table(every), *_gap_tables(gap)) if every else (),
    )


def crossed(inputs: ReportInputs) -> Section:
    """The user's own occupation against the one whose work it is."""
    pairs = _pairs(inputs)
    return Section(
        anchor="occupations-crossed",
        heading="Whose work is done by whom: the two occupations crossed",
        label="Occupations crossed",
        sentence=_own_work(pairs),
        classifiers=("user_occupation", "task_occupation"),
        basis=resting_on(inputs, list(pairs.values()), "with both occupations"),
        exclusions="sessions without one of the two labels; the study never crosses them",
        tables_open=(_crossed_table(pairs),) if pairs else (),
    )


def _by_occupation(inputs: ReportInputs) -> dict[str, dict[str, Cell]]:
    """Occupation in words → measure → rate, of sessions that wrote code."""
    found: dict[str, dict[str, Cell]] = {}
    rows = rows_at(inputs.frame("success_by_occupation"), inputs.month, "window")
    for row in sorted(rows, key=lambda row: row["user_occupation"]):
        code = row["user_occupation"]
        study = published("figure_6", row["measure"], f"{code} {SOC_MAJOR_GROUPS[code]}")
        found.setdefault(SOC_MAJOR_GROUPS[code], {})[row["measure"]] = cell_of(row, study)
    return {name: {measure: cells.get(measure, Cell()) for measure in ORDER} for name, cells in found.items()}


def _professions(inputs: ReportInputs) -> dict[str, dict[dt.date | None, Cell]]:
    """Profession → month → verified success of sessions that wrote code; None is the window."""
    frame = inputs.frame("success_by_profession")
    found: dict[str, dict[dt.date | None, Cell]] = {}
    for row in (
        frame.filter(pl.col("sample") == "wrote_code", pl.col("measure") == "verified_success").sort("month").to_dicts()
    ):
        is_window = row["period"] == "window"
        if (is_window and row["month"] == inputs.month) or (not is_window and row["month"] in inputs.months):
            name = PROFESSIONS[row["profession"]]
            key = "software_user" if row["profession"] == "software" else "other_professions"
            study = published("section_4_2", "verified_success", f"{key}@wrote_code")
            found.setdefault(name, {})[None if is_window else row["month"]] = cell_of(row, study if is_window else None)
    return {name: found[name] for name in PROFESSIONS.values() if name in found}


def _gap_panels(gap: Mapping[str, Mapping[dt.date | None, Cell]], inputs: ReportInputs) -> list[Panel]:
    axis = inputs.axis
    series = {
        name: {
            **{axis.index(month): cell for month, cell in cells.items() if month is not None},
            # The study's rate stands beside the last month, without a number of ours.
            **({len(axis): Cell(published=cells[None].published)} if None in cells else {}),
        }
        for name, cells in gap.items()
    }
    places = (*map(numbers.short_month, axis), "study")
    return (
        [Panel("Verified success", "share of sessions that wrote code", places, "", series, whole=False)] if gap else []
    )


def _pairs(inputs: ReportInputs) -> dict[tuple[str, str], Cell]:
    """(user's occupation, task's) → share of the sessions with both labels."""
    rows = rows_at(inputs.frame("occupations_crossed"), inputs.month, "window")
    found = {(row["user_occupation"], row["task_occupation"]): cell_of(row) for row in rows}
    return dict(sorted(found.items()))


def _named(code: str) -> str:
    return f"{code} {SOC_MAJOR_GROUPS[code]}" if code in SOC_MAJOR_GROUPS else code


def _ranking(ranked: Mapping[str, Mapping[str, Cell]]) -> str:
    """The occupation with the highest rate, and those that it cannot be told from."""
    shown = {
        name: cells["verified_success"] for name, cells in ranked.items() if cells["verified_success"].has_interval
    }
    if len(shown) < 2:
        return "No two occupations can be compared in verified success." if ranked else ""
    name, first = next(iter(shown.items()))
    rivals = [other for other, cell in shown.items() if other != name and not first.above(cell)]
    opening = f"Verified success is highest for {name}, {sentences.with_interval(first, numbers.share)}"
    if not rivals:
        return f"{opening}, above every other occupation shown."
    return (
        f"{opening}; its interval overlaps with {len(rivals)} of {len(shown) - 1} others, so the order is not certain."
    )


def _gap(inputs: ReportInputs) -> str:
    frame = inputs.frame("coefficients")
    return sentences.software_gap(
        coefficient(frame, inputs.month, "software_gap", "software_user"),
        coefficient(frame, inputs.month, "software_gap_trend", "software_user_per_month"),
    )


def _occupation_table(every: Mapping[str, Mapping[str, Cell]]) -> Table:
    rows = [
        Row((name, *(text for m in ORDER for text in _rate(cells[m])), *size(cells["verified_success"])))
        for name, cells in every.items()
    ]
    columns = (
        Column("User’s occupation"),
        *(
            Column(name, MEASURE_NAMES[measure].capitalize())
            for measure in ORDER
            for name in ("Ours", "95% interval", "Study")
        ),
        *SIZE,
    )
    return Table("Success by the user’s occupation, sessions that wrote code", columns, tuple(rows))


def _rate(cell: Cell) -> tuple[str, str, str]:
    return (*estimate(cell, numbers.share), numbers.printed(cell.published))


def _gap_tables(gap: Mapping[str, Mapping[dt.date | None, Cell]]) -> tuple[Table, ...]:
    rows = [
        Row(
            (
                "whole window" if month is None else numbers.month_name(month),
                name,
                *_rate(cell),
                *size(cell),
            ),
            "total" if month is None else "",
        )
        for name, cells in gap.items()
        for month, cell in sorted(cells.items(), key=lambda item: item[0] or dt.date.max)
    ]
    columns = (
        Column("Month"),
        Column("Profession", words=True),
        Column("Verified success", "Ours"),
        Column("95% interval", "Ours"),
        Column("Verified success", "Study"),
        *SIZE,
    )
    return (
        (Table("Verified success of sessions that wrote code, by profession and month", columns, tuple(rows)),)
        if rows
        else ()
    )


def _own_work(pairs: Mapping[tuple[str, str], Cell]) -> str:
    """The commonest pair across occupations, in words."""
    across = {
        pair: cell for pair, cell in pairs.items() if cell.shown and pair[0] != pair[1] and pair[0] in SOC_MAJOR_GROUPS
    }
    if not across:
        return "No pair of two different occupations has a number to show." if pairs else ""
    (user, task), most = max(across.items(), key=lambda item: item[1].estimate or 0.0)
    return (
        f"Of the pairs of two different occupations the largest shown is {SOC_MAJOR_GROUPS[task]} work by users in "
        f"{SOC_MAJOR_GROUPS[user]}: {sentences.with_interval(most, numbers.share)} of the sessions."
    )


def _crossed_table(pairs: Mapping[tuple[str, str], Cell]) -> Table:
    rows = [
        Row((_named(user), _named(task), *estimate(cell, numbers.share), *size(cell)))
        for (user, task), cell in sorted(pairs.items(), key=lambda item: (-(item[1].estimate or 0.0), item[0]))
        if cell.estimate
    ]
    columns = (Column("User’s occupation"), Column("Occupation of the task", words=True), *OURS_SHARE, *SIZE)
    hidden = sum(cell.suppressed for cell in pairs.values())
    note = f"Pairs without a session are left out, and {numbers.plural(hidden, 'suppressed pair')}."
    return Table("Share of sessions by the user’s occupation and that of the task", columns, tuple(rows), (note,))

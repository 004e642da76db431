"""The tables behind the pictures, as text cells: exhibits in, `Table` out. HTML belongs to the template."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from sessions_pipeline.report import exhibits, numbers
from sessions_pipeline.report.exhibits import Cell, Coefficient, EffortCell, FacetAgreement, Panel, RateCell, Step
from sessions_pipeline.report.published import FIRST_MONTH, LAST_MONTH, Published, published
from sessions_pipeline.schemas import VALUE_PARTS

SUPPRESSED = "suppressed"
MISSING = "missing"

Series = Mapping[str, Mapping[dt.date, Cell]]


@dataclass(frozen=True)
class Column:
    """A column's heading; columns that follow each other under one `group` share a heading above."""

    name: str
    group: str = ""
    words: bool = False


@dataclass(frozen=True)
class Row:
    """The first cell is the row's heading. kind: `total` for sums, `part` for the heading of a part of the table."""

    cells: tuple[str, ...]
    kind: str = ""


@dataclass(frozen=True)
class Table:
    """A table of text. Every row has as many cells as there are columns, or one if it heads a part.

    notes: sentences under the table, e.g. why a row is missing.
    sortable: False where the order of the rows is part of what the table says.
    """

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()
    sortable: bool = True

    @property
    def is_long(self) -> bool:
        """Too long to stand in the page in full."""
        return len(self.rows) > 30

    @property
    def groups(self) -> list[tuple[str, int]]:
        """(heading, columns under it) of the upper row of headings, left to right; empty if no column has a group."""
        spans: list[tuple[str, int]] = []
        for column in self.columns:
            if spans and spans[-1][0] == column.group and column.group:
                spans[-1] = (column.group, spans[-1][1] + 1)
            else:
                spans.append((column.group, 1))
        return spans if any(name for name, _ in spans) else []


OURS_SHARE = (Column("Share", "Ours"), Column("95% interval", "Ours"))
SIZE = (Column("Sessions", "Cell"), Column("Users", "Cell"))


def work_modes(cells: Mapping[str, Cell]) -> Table:
    """Figure 1."""
    rows = [
        Row((mode, *estimate(cell, numbers.share), *size(cell), numbers.printed(cell.published)))
        for mode, cell in cells.items()
    ]
    columns = (Column("Work mode"), *OURS_SHARE, *SIZE, Column("Share", "Study"))
    return Table("Share of sessions by work mode", columns, tuple(rows))


def effort(levels: Mapping[int, EffortCell], measure: str) -> Table:
    """Figure 3, one measure."""
    rows = [
        Row(
            (
                _level(level),
                *estimate(cell, numbers.effort),
                *(numbers.effort(getattr(cell, name)) for name in ("p05", "p25", "p50", "p75", "p95")),
                *size(cell),
                numbers.count(cell.zero_sessions),
                numbers.printed(cell.published),
            )
        )
        for level, cell in levels.items()
    ]
    columns = (
        Column("Expertise"),
        Column("Mean", "Geometric mean (ours)"),
        Column("95% interval", "Geometric mean (ours)"),
        *(Column(f"{percent}%", "Percentiles") for percent in (5, 25, 50, 75, 95)),
        *SIZE,
        Column("Zeros", "Cell"),
        Column("Mean", "Study"),
    )
    return Table(f"{exhibits.MEASURE_NAMES[measure].capitalize()}, by level of expertise", columns, tuple(rows))


def monthly_shares(series: Series) -> Table:
    """Figure 4, shares: every month and mode."""
    rows = [
        Row((numbers.month_name(month), mode, *estimate(cell, numbers.share), *size(cell)))
        for month in sorted({month for cells in series.values() for month in cells})
        for mode, cells in series.items()
        if (cell := cells.get(month)) is not None
    ]
    columns = (Column("Month"), Column("Work mode", words=True), *OURS_SHARE, *SIZE)
    return Table("Share of each month’s sessions by work mode", columns, tuple(rows))


def share_endpoints(series: Series, changes: Series, axis: Sequence[dt.date]) -> Table:
    """Figure 4, shares: first and last month and the change, beside the study's."""
    first, last = axis[0], axis[-1]
    rows = [
        Row(
            (
                mode,
                *(_text(cells.get(month), numbers.share) for month in (first, last)),
                *estimate(changes.get(mode, {}).get(last), numbers.signed_points),
                *(numbers.printed(end) for end in exhibits.published_endpoints(mode)),
            )
        )
        for mode, cells in series.items()
    ]
    together = [
        numbers.printed(published("figure_4", "work_mode_share", f"analyze_and_communicate@{month}"))
        for month in (FIRST_MONTH, LAST_MONTH)
    ]
    sums = [_sum([series[mode].get(month) for mode in ("analyze", "communicate")]) for month in (first, last)]
    rows.append(Row(("analyze and communicate", *sums, numbers.MISSING, numbers.MISSING, *together)))
    columns = (
        Column("Work mode"),
        Column(numbers.month_name(first), "Ours"),
        Column(numbers.month_name(last), "Ours"),
        Column("Points", "Change (ours)"),
        Column("95% interval", "Change (ours)"),
        Column("October 2025", "Study"),
        Column("April 2026", "Study"),
    )
    notes = (
        f"Study, {end.group.replace('@', ' in ')}: {end.note}."
        for mode in series
        for end in exhibits.published_endpoints(mode)
        if end and end.note
    )
    return Table("Shares in the first and the last month, ours and the study’s", columns, tuple(rows), tuple(notes))


def monthly_trends(trends: Mapping[str, Mapping[str, Cell]]) -> Table:
    """Figure 4, slopes over the months. trends: measure of analysis.monthly_changes → mode → slope."""
    headings: dict[str, tuple[str, Callable[[float | None], str]]] = {
        "work_mode_share": ("Share of the sessions, points a month", numbers.signed_points),
        "task_value": ("Mean task value, US dollars a month", numbers.dollars),
    }
    rows: list[Row] = []
    for measure, (heading, write) in headings.items():
        cells = trends.get(measure, {})
        rows += [Row((heading,), "part")] if cells else []
        rows += [Row((mode, *estimate(cell, write), *size(cell))) for mode, cell in cells.items()]
    columns = (Column("Work mode"), Column("Slope", "Ours"), Column("95% interval", "Ours"), *SIZE)
    return Table("Trends over the months of the window", columns, tuple(rows))


def value_endpoints(values: Series, changes: Series, axis: Sequence[dt.date]) -> Table:
    """Figure 4, task value: first and last month, and the change beside the study's."""
    rows = [
        Row(
            (
                mode,
                *(_text(cells.get(month), numbers.dollars) for month in (axis[0], axis[-1])),
                *estimate(changes[mode].get(axis[-1]), numbers.change),
                numbers.printed(exhibits.published_value_change(mode)),
            )
        )
        for mode, cells in values.items()
        if cells
    ]
    columns = (
        Column("Work mode"),
        Column(numbers.month_name(axis[0]), "Mean (ours)"),
        Column(numbers.month_name(axis[-1]), "Mean (ours)"),
        Column("Change", "Change (ours)"),
        Column("95% interval", "Change (ours)"),
        Column("October 2025 to April 2026", "Study"),
    )
    return Table("Change of the mean task value, ours and the study’s", columns, tuple(rows))


def task_values(values: Series, changes: Series, medians: pl.DataFrame) -> Table:
    """Figure 4, task value: every month and mode, with the change since the first month."""
    median = {
        (row["month"], row["work_mode"]): row["median_usd"] for row in medians.to_dicts() if not row["suppressed"]
    }
    rows = [
        Row(
            (
                numbers.month_name(month),
                mode,
                *estimate(cells[month], numbers.dollars),
                numbers.dollars(median.get((month, mode))),
                *estimate(changes[mode].get(month), numbers.change),
                *size(cells[month]),
            )
        )
        for month in sorted({month for cells in values.values() for month in cells})
        for mode, cells in values.items()
        if month in cells
    ]
    columns = (
        Column("Month"),
        Column("Work mode", words=True),
        Column("Mean", "Task value"),
        Column("95% interval", "Task value"),
        Column("Median", "Task value"),
        Column("Change", "Since the first month"),
        Column("95% interval", "Since the first month"),
        *SIZE,
    )
    return Table("Task value in US dollars by month, and its change since the first month", columns, tuple(rows))


def value_parts(parts: Mapping[str, Mapping[str, Cell]]) -> Table:
    """The change of task value within and between modes."""
    rows = []
    for mode, cells in parts.items():
        whole = [cells.get(part, Cell()) for part in VALUE_PARTS]
        texts = [text for cell in whole for text in estimate(cell, numbers.change)]
        rows.append(Row((mode, *texts, *size(whole[-1]))))
    names = {"within": "Within the mode", "between": "By the mix of modes", "total": "Together"}
    columns = (
        Column("Work mode"),
        *(Column(name, names[part]) for part in VALUE_PARTS for name in ("Contribution", "95% interval")),
        *SIZE,
    )
    note = "Contributions to the change of the overall mean, as shares of the first month’s mean; rows add up to “all”."
    return Table("Change of task value over the window, within and between modes", columns, tuple(rows), (note,))


def specification_curve(choices: Sequence[Mapping[str, Any]]) -> Table:
    """The return to expertise under every choice, lowest first."""
    rows = [
        Row(
            (
                f"({row['controls'].rpartition('_')[2]})",
                row["period"],
                row["rule_set"].replace("_", " "),
                row["sample"].replace("_", " "),
                row["backend"] or numbers.MISSING,
                numbers.coefficient(row["estimate"]),
                numbers.interval(numbers.coefficient(row["ci_low"], 3), numbers.coefficient(row["ci_high"], 3)),
                numbers.count(row["n_sessions"]),
                numbers.count(row["n_users"]),
                numbers.count(row["n_candidates"] - row["n_sessions"]),
                numbers.count(row["degrees_of_freedom"]),
                row["std_errors"] or numbers.MISSING,
                "in force" if row["in_force"] else "",
            )
        )
        for row in choices
    ]
    columns = (
        Column("Controls"),
        *(Column(name, words=True) for name in ("Months", "Rule set", "Sample", "Labels by")),
        Column("Coefficient"),
        Column("95% interval"),
        Column("Sessions"),
        Column("Users"),
        Column("Dropped"),
        Column("Degrees of freedom"),
        Column("Errors", words=True),
        Column("Choice", words=True),
    )
    note = "Dropped: sessions in cells with too few users, or alone in their cell."
    return Table("The coefficient on expertise under every choice", columns, tuple(rows), (note,))


def outcomes(panels: Sequence[Panel]) -> Table:
    """Figure 5."""
    rows = []
    for panel in panels:
        kind = "adjusted rates" if panel.adjusted else "raw rates, not adjusted"
        rows.append(Row((f"{panel.title}, {panel.direction}: {kind}",), "part"))
        rows += [
            Row(
                (
                    f"{exhibits.MEASURE_NAMES[measure]}, level {level}",
                    *estimate(cell, numbers.share),
                    numbers.share(cell.unadjusted),
                    *size(cell),
                    numbers.printed(cell.published),
                )
            )
            for (measure, level), cell in panel.cells.items()
        ]
    columns = (
        Column("Outcome and expertise"),
        *OURS_SHARE,
        Column("Raw", "Ours"),
        *SIZE,
        Column("Adjusted", "Study"),
    )
    resting: dict[str, list[str]] = {}
    for panel in panels:
        for measure, fit in panel.fits.items():
            resting.setdefault(rests_on(fit), []).append(f"{panel.title}, {exhibits.MEASURE_NAMES[measure]}")
    notes = (f"{'; '.join(names)}: {said}." for said, names in resting.items())
    return Table("Outcomes by level of expertise", columns, tuple(rows), tuple(notes))


def rests_on(fit: Mapping[str, Any]) -> str:
    """What a row of analysis.coefficients or analysis.adjusted_rates says of its fit, in words."""
    freedom = fit["degrees_of_freedom"]
    errors = f"{fit['std_errors']}, {numbers.count(freedom)} degrees of freedom" if fit["std_errors"] else "no errors"
    return (
        f"{numbers.count(fit['n_sessions'])} of {numbers.plural(fit['n_candidates'], 'session')}, "
        f"{numbers.plural(fit['n_users'], 'user')}, {numbers.plural(fit['n_cells'], 'cell')}; dropped "
        f"{numbers.count(fit['n_dropped_small_cells'])} in cells with too few users and "
        f"{numbers.count(fit['n_dropped_singletons'])} alone in their cell; {errors}; {fit['engine']}"
    )


def table_a1(rows: Sequence[Coefficient], sample: str = "") -> Table:
    """Table A1 as economists set it: models side by side. sample: words for the caption, if not the window."""
    cells, fits = [row.cell for row in rows], [row.fit for row in rows]
    studies = [cell.published for cell in cells]
    body = (
        Row(("Coefficient on expertise (levels 1 to 5)",), "part"),
        _across("Ours", (numbers.coefficient(cell.estimate) if cell.shown else MISSING for cell in cells)),
        _across("Standard error", (numbers.coefficient(fit["std_error"]) for fit in fits)),
        _across("95% interval", (_coefficient_interval(cell) for cell in cells)),
        _across("p", (numbers.p_value(fit["p_value"]) for fit in fits)),
        _across("Study", map(numbers.printed_plain, studies)),
        _across("Standard error, study", map(_standard_error, studies)),
        Row(("Fixed effects, as interacted cells",), "part"),
        *(
            _across(name, ("yes" if row.column >= first else "no" for row in rows))
            for name, first in exhibits.TABLE_A1_EFFECTS.items()
        ),
        Row(("Sample and fit",), "part"),
        _across("Sessions (N)", (numbers.count(fit["n_sessions"]) for fit in fits)),
        _across("Sessions, study", (numbers.count(study.n if study else None) for study in studies)),
        _across("Users (clusters)", (numbers.count(fit["n_users"]) for fit in fits)),
        _across("Cells", (numbers.count(fit["n_cells"]) for fit in fits)),
        _across("Cells, study", (numbers.printed_plain(row.published_cells) for row in rows)),
        _across("Degrees of freedom", (numbers.count(fit["degrees_of_freedom"]) for fit in fits)),
        _across("Kind of standard error", (fit["std_errors"] or numbers.MISSING for fit in fits)),
        _across("R²", (numbers.coefficient(fit["r_squared"], 3) for fit in fits)),
        _across("R², study", (numbers.printed_plain(row.published_r_squared) for row in rows)),
        _across("Dropped: in cells with too few users", (numbers.count(fit["n_dropped_small_cells"]) for fit in fits)),
        _across("Dropped: alone in their cell", (numbers.count(fit["n_dropped_singletons"]) for fit in fits)),
        _across("Fitted by", (fit["engine"] for fit in fits)),
    )
    caption = f"Verified success on expertise, linear probability model, standard errors clustered by user{sample}"
    columns = (Column("Column"), *(Column(f"({row.column})") for row in rows))
    return Table(caption, columns, body, _why_missing(rows), sortable=False)


def other_models(rows: Mapping[str, Coefficient], caption: str) -> Table:
    """One coefficient of each of several models, with its errors and sample."""
    body = [
        Row(
            (
                name,
                numbers.coefficient(row.cell.estimate) if row.cell.shown else MISSING,
                numbers.coefficient(row.fit["std_error"]),
                _coefficient_interval(row.cell),
                numbers.p_value(row.fit["p_value"]),
                *size(row.cell),
                row.fit["std_errors"] or numbers.MISSING,
            )
        )
        for name, row in rows.items()
    ]
    columns = (
        Column("Model"),
        Column("Coefficient"),
        Column("Standard error"),
        Column("95% interval"),
        Column("p"),
        Column("Sessions"),
        Column("Users"),
        Column("Errors", words=True),
    )
    return Table(caption, columns, tuple(body), _why_missing(rows.values()))


def effort_slopes(slopes: Mapping[str, Cell]) -> Table:
    """Figure 3's regressions. slopes: measure in words → relative change per level."""
    rows = [
        Row((name.capitalize(), *estimate(cell, numbers.change), *size(cell), numbers.printed(cell.published)))
        for name, cell in slopes.items()
    ]
    columns = (
        Column("Measure"),
        Column("Change", "Per level (ours)"),
        Column("95% interval", "Per level (ours)"),
        *SIZE,
        Column("Change", "Study"),
    )
    notes = tuple(
        f"{name.capitalize()} missing. Reason: {cell.reason}." for name, cell in slopes.items() if cell.reason
    )
    return Table("Change of effort per level of expertise, with controls", columns, tuple(rows), notes)


def table_a2(
    rates: Mapping[int, RateCell],
    coefficients: Mapping[int, Coefficient],
    adjusted_with: str,
    fit: Mapping[str, Any] | None,
) -> Table:
    """Table A2, levels side by side. rates: verified success, all sessions; adjusted_with: their controls in words.

    fit: what they rest on, a row of analysis.adjusted_rates.
    """
    levels = [level for level in exhibits.LEVELS if level in rates or level in coefficients]
    cells = [rates.get(level, RateCell()) for level in levels]
    steps = [coefficients.get(level) for level in levels]
    raw = [published("table_a2", "verified_success_unadjusted", f"expertise_{level}") for level in levels]
    adjusted = [published("table_a2", "verified_success_adjusted", f"expertise_{level}") for level in levels]
    studies = [step.cell.published if step else None for step in steps]
    body = (
        Row(("Raw rate",), "part"),
        _across("Ours", (SUPPRESSED if cell.suppressed else numbers.share(cell.unadjusted) for cell in cells)),
        _across("Study", map(numbers.printed, raw)),
        Row(("Adjusted rate",), "part"),
        _across("Ours", (_text(cell, numbers.share) for cell in cells)),
        _across("95% interval", (numbers.share_interval(cell.low, cell.high) for cell in cells)),
        _across("Study", map(numbers.printed, adjusted)),
        Row(("Difference from novices (coefficient)",), "part"),
        _across("Ours", map(_difference, levels, steps)),
        _across("Standard error", (numbers.coefficient(step.fit["std_error"] if step else None, 3) for step in steps)),
        _across("p", (numbers.p_value(step.fit["p_value"] if step else None) for step in steps)),
        _across("Study", map(numbers.printed_plain, studies)),
        _across("Standard error, study", (_standard_error(study, 3) for study in studies)),
        Row(("Sample",), "part"),
        _across("Sessions", (numbers.count(cell.sessions) for cell in cells)),
        _across("Sessions, study", (numbers.count(study.n if study else None) for study in adjusted)),
        _across("Users", (numbers.count(cell.users) for cell in cells)),
    )
    without: dict[str, list[str]] = {}
    for level, cell in zip(levels, cells, strict=True):
        if not cell.shown and cell.reason:
            without.setdefault(cell.reason, []).append(str(level))
    notes = (f"No adjusted rate at level {', '.join(at)}. Reason: {reason}." for reason, at in without.items())
    fits = {"Adjusted rates": fit, "Differences": next((step.fit for step in steps if step), None)}
    resting = (f"{name}: {rests_on(found)}." for name, found in fits.items() if found)
    return Table(
        "Verified success by level of expertise",
        (Column("Level"), *(Column(_level(level)) for level in levels)),
        body,
        (adjusted_with, *resting, *_why_missing(step for step in steps if step), *notes),
        sortable=False,
    )


def truncation(levels: Mapping[int, Cell], modes: Mapping[str, Cell]) -> Table:
    """Cut transcripts by level of expertise and by work mode."""
    groups = {
        "By level of expertise": {_level(level): cell for level, cell in levels.items()},
        "By work mode": modes,
    }
    rows: list[Row] = []
    for heading, cells in groups.items():
        rows.append(Row((heading,), "part"))
        rows += [Row((name, *estimate(cell, numbers.share), *size(cell))) for name, cell in cells.items()]
    columns = (Column("Label"), Column("Share", "Cut"), Column("95% interval", "Cut"), *SIZE)
    return Table("Share of sessions whose transcript was cut", columns, tuple(rows))


def attrition(steps: Sequence[Step]) -> Table:
    """The flow by month: within each unit, what was found less what each rule removed is what is left."""
    months = sorted({month for step in steps for month in step.by_month})
    columns = (Column("Rule"), *(Column(numbers.short_month(month)) for month in months), Column("All months"))
    rows: list[Row] = []
    for unit in dict.fromkeys(step.unit for step in steps):
        of_unit = [step for step in steps if step.unit == unit]
        rows.append(Row((exhibits.UNIT_NAMES[unit].capitalize(),), "part"))
        rows += _opening(of_unit[0], months)
        for step in of_unit:
            write = _remaining if step.rule == "found" else _removed
            name = exhibits.rule_name(step)
            rows.append(Row((name, *(write(step.by_month.get(month)) for month in months), write(_both(step)))))
        last = of_unit[-1]
        left = (f"{exhibits.UNIT_NAMES[unit]} left", *(_remaining(last.by_month.get(month)) for month in months))
        rows.append(Row((*left, _remaining(_both(last))), "total"))
    return Table("From what was found to what was analysed, by month", columns, tuple(rows), sortable=False)


def agreement(rater: str, facets: Mapping[str, FacetAgreement]) -> Table:
    """How far one rater's labels agree with the reference, facet by facet."""
    columns = (
        Column("Facet"),
        Column("Sessions"),
        Column("Users"),
        Column("Same label", "Share of sessions"),
        Column("95% interval", "Share of sessions"),
        Column("Most frequent label", "Share of sessions"),
        Column("Within one step", "Share of sessions"),
        Column("Kappa", "Beyond chance"),
        Column("95% interval", "Beyond chance"),
        Column("Correlation", "Values"),
        Column("95% interval", "Values"),
    )
    rows = []
    for name, facet in facets.items():
        cells = facet.cells
        kappa = cells.get("quadratic_kappa") or cells.get("kappa")
        widest = max(cells.values(), key=lambda cell: cell.sessions or 0)
        rows.append(
            Row(
                (
                    name.replace("_", " "),
                    *size(widest),
                    *estimate(cells.get("exact"), numbers.share),
                    numbers.share(facet.baselines.get("exact")),
                    _text(cells.get("within_one"), numbers.share),
                    *_index(kappa),
                    *_index(cells.get("correlation")),
                )
            )
        )
    return Table(
        f"Agreement of {rater} with the reference labels",
        columns,
        tuple(rows),
        (
            "Most frequent label: what always giving the reference’s most frequent label would get. Kappa: 1 is full "
            "agreement, 0 that of chance; quadratic where labels have an order. Correlation: of shares, and of the "
            "logarithm of the task value. Where labels have an order, “unclear” is out of all but the first columns.",
        ),
    )


def _index(cell: Cell | None) -> tuple[str, str]:
    """A number between -1 and 1 and its interval."""
    return estimate(cell, lambda value: numbers.coefficient(value, 2))


def _level(level: int) -> str:
    return f"{level} {exhibits.LEVEL_NAMES[level]}"


def estimate(cell: Cell | None, write: Callable[[float | None], str]) -> tuple[str, str]:
    """A number and its interval, as two cells."""
    ends = numbers.interval(write(cell.low), write(cell.high)) if cell else numbers.MISSING
    return _text(cell, write), ends


def _text(cell: Cell | None, write: Callable[[float | None], str]) -> str:
    if cell is None:
        return numbers.MISSING
    if cell.suppressed:
        return SUPPRESSED
    return write(cell.estimate) if cell.shown else MISSING


def size(cell: Cell) -> tuple[str, str]:
    """Sessions and users, as two cells."""
    return numbers.count(cell.sessions), numbers.count(cell.users)


def _sum(cells: Sequence[Cell | None]) -> str:
    if any(cell is not None and cell.suppressed for cell in cells):
        return SUPPRESSED
    values = [cell.estimate for cell in cells if cell is not None and cell.estimate is not None]
    return numbers.share(sum(values)) if values else numbers.MISSING


def _across(name: str, cells: Iterable[str]) -> Row:
    return Row((name, *cells))


def _coefficient_interval(cell: Cell) -> str:
    return numbers.interval(numbers.coefficient(cell.low, 3), numbers.coefficient(cell.high, 3))


def _standard_error(study: Published | None, decimals: int = 4) -> str:
    return numbers.coefficient(study.standard_error if study else None, decimals)


def _why_missing(rows: Iterable[Coefficient]) -> tuple[str, ...]:
    reasons: dict[str, list[str]] = {}
    for row in rows:
        if not row.cell.shown:
            reasons.setdefault(row.cell.reason or "no reason given", []).append(row.name)
    return tuple(f"Missing: {', '.join(names)}. Reason: {reason}." for reason, names in reasons.items())


def _difference(level: int, step: Coefficient | None) -> str:
    if level == 1:
        return "reference"
    if step is None:
        return numbers.MISSING
    return numbers.coefficient(step.cell.estimate, 3) if step.cell.shown else MISSING


def _both(step: Step) -> tuple[int, int]:
    return step.removed, step.remaining


def _opening(found: Step, months: Sequence[dt.date]) -> list[Row]:
    """Where a unit opens with what another left: the count carried over, and how the new unit differs from it."""
    if not found.removed:
        return []
    carried = {month: (0, removed + remaining) for month, (removed, remaining) in found.by_month.items()}
    total = (found.removed, found.removed + found.remaining)
    return [
        Row(("files left", *(_remaining(carried.get(month)) for month in months), _remaining(total))),
        Row(
            (
                "sessions beyond one for each file",
                *(_removed(found.by_month.get(month)) for month in months),
                _removed(total),
            )
        ),
    ]


def _remaining(counts: tuple[int, int] | None) -> str:
    return numbers.count(counts[1]) if counts else numbers.MISSING


def _removed(counts: tuple[int, int] | None) -> str:
    return numbers.removed(counts[0]) if counts else numbers.MISSING

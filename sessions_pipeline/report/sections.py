"""The page's parts in the order in which they are read: each exhibit with its sentence, its basis and its tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import polars as pl

from sessions_pipeline.report import exhibits, figures, numbers, sentences, tables
from sessions_pipeline.report.caveats import ASSOCIATION, UNCALIBRATED
from sessions_pipeline.report.comparison import comparison
from sessions_pipeline.report.composition import codebase_context, effort_by_model, figure_a1
from sessions_pipeline.report.corrections import corrections
from sessions_pipeline.report.decisions import deciders, figure_2, figure_a2
from sessions_pipeline.report.exhibits import Cell, Panel
from sessions_pipeline.report.inputs import ReportInputs
from sessions_pipeline.report.occupations import crossed, figure_6
from sessions_pipeline.report.section import Picture, Section, analysed, resting_on
from sessions_pipeline.schemas import CHANGE_MEASURES

NO_CLAIM = "Too little can be shown here for a claim."
_SUCCESS_LABELS = ("expertise", "outcome", "success_signal")


@dataclass(frozen=True)
class Headline:
    """A number at the top of the page with its interval or another remark under it. name: the same in every report."""

    name: str
    label: str
    value: str
    remark: str


def headlines(inputs: ReportInputs) -> list[Headline]:
    """The numbers at the top of the page."""
    shares = exhibits.work_mode_shares(inputs.frame("work_mode_shares"), inputs.month)
    shown = {mode: cell for mode, cell in shares.items() if cell.shown}
    none = Cell(suppressed=any(cell.suppressed for cell in shares.values()))
    mode, share = next(iter(shown.items()), ("the largest work mode", none))
    value = exhibits.window_value(inputs.frame("task_value"), inputs.month)
    columns = exhibits.table_a1(inputs.frame("coefficients"), inputs.month)
    best = exhibits.preferred(columns)
    slope = best.cell if best else columns[-1].cell if columns else Cell()
    found = f"of {numbers.plural(inputs.sessions, 'session')} found, by {numbers.plural(inputs.users, 'user')}"
    return [
        Headline("sessions", "Sessions analysed", numbers.count(inputs.eligible_sessions), found),
        Headline("work_mode", f"Share of {mode}", numbers.share(share.estimate), _remark(share, numbers.share)),
        Headline("task_value", "Mean task value", numbers.dollars(value.estimate), _remark(value, numbers.dollars)),
        Headline(
            "slope",
            "Verified success per level of expertise",
            numbers.points(slope.estimate),
            _remark(slope, numbers.points),
        ),
        *_ends_of_expertise(inputs),
    ]


def sections(inputs: ReportInputs) -> list[Section]:
    """Every exhibit of the report, in the order of the study; what the study left open, and the checks, at the end."""
    found = [
        _flow(inputs),
        _figure_1(inputs),
        codebase_context(inputs),
        figure_2(inputs),
        deciders(inputs),
        _figure_3(inputs),
        _figure_4(inputs),
        _figure_5(inputs),
        figure_6(inputs),
        figure_a1(inputs),
        figure_a2(inputs),
        _a1(inputs),
        _a2(inputs),
        effort_by_model(inputs),
        crossed(inputs),
        _truncation(inputs),
        corrections(inputs),
        *_agreement(inputs),
        comparison(inputs),
    ]
    return [section if section.sentence else replace(section, sentence=NO_CLAIM) for section in found]


def _remark(cell: Cell, write: sentences.Write) -> str:
    if cell.suppressed:
        return "suppressed: too few users"
    if not cell.shown:
        return cell.reason or "no estimate"
    parts = [f"95% interval {sentences.interval(cell, write)}" if cell.has_interval else "no interval"]
    parts += [f"study {numbers.printed(cell.published)}"] if cell.published else []
    return "; ".join(parts)


def _ends_of_expertise(inputs: ReportInputs) -> list[Headline]:
    """Rates of verified success of the lowest and of the highest level that has one."""
    rates = exhibits.verified_success(
        inputs.frame("adjusted_rates"), inputs.frame("outcomes_by_expertise"), inputs.month
    )
    levels = [level for level, cell in rates.items() if cell.shown]
    return [
        Headline(
            f"level_{level}", f"Verified success, level {level} ({exhibits.LEVEL_NAMES[level]})", *_rate(rates[level])
        )
        for level in dict.fromkeys([*levels[:1], *levels[-1:]])
    ]


def _rate(cell: exhibits.RateCell) -> tuple[str, str]:
    """The adjusted rate and its interval. Without an interval, or outside 0 to 1 where a linear model can land with
    little data, the raw rate is the better headline."""
    adjusted = cell.estimate is not None and 0 <= cell.estimate <= 1 and cell.has_interval
    if adjusted or cell.unadjusted is None:
        return numbers.share(cell.estimate), f"adjusted; {_remark(cell, numbers.share)}"
    return numbers.share(cell.unadjusted), "raw rate; too little data to adjust it"


def _flow(inputs: ReportInputs) -> Section:
    frame = inputs.frame("attrition")
    steps = exhibits.attrition_steps(frame, inputs.window)
    return Section(
        anchor="flow",
        heading="From files found to sessions analysed",
        label="Flow",
        sentence=sentences.flow(steps, inputs.eligible_sessions),
        basis=f"rule set “{inputs.rule_set}”, {numbers.plural(len(inputs.window), 'month')}",
        exclusions="nothing: every line, file and session that was found is counted here",
        pictures=(
            Picture(
                figures.flow(frame, inputs.window),
                "What each rule removed",
                "Each bar is what is left after a rule; the open part is what the rule took away. Lines, files and "
                "sessions each have their own scale. Rules that removed nothing are in the table only.",
            ),
        ),
        tables_folded=(tables.attrition(steps),) if steps else (),
    )


def _figure_1(inputs: ReportInputs) -> Section:
    frame = inputs.frame("work_mode_shares")
    cells = exhibits.work_mode_shares(frame, inputs.month)
    return Section(
        anchor="figure-1",
        heading="Figure 1. What the sessions are spent on",
        label="Figure 1: work modes",
        sentence=sentences.largest_share(cells, "mode"),
        classifiers=("work_mode",),
        basis=resting_on(inputs, list(cells.values()), "with a work mode"),
        exclusions="sessions without a work-mode label",
        pictures=(
            Picture(
                figures.work_modes(frame, inputs.month),
                "Share of sessions by work mode",
                "Bars are these sessions, lines their 95% intervals (clustered by user). Diamonds are the study’s "
                "shares.",
            ),
        ),
        tables_folded=(tables.work_modes(cells),) if cells else (),
    )


def _figure_3(inputs: ReportInputs) -> Section:
    frame = inputs.frame("effort_by_expertise")
    measures = exhibits.effort(frame, inputs.month)
    first = next(iter(measures.values()), {})
    names = exhibits.MEASURE_NAMES
    coefficients = inputs.frame("coefficients")
    slopes = {names[measure]: exhibits.effort_slope(coefficients, inputs.month, measure) for measure in measures}
    estimated = {name: cell for name, cell in slopes.items() if cell.shown or cell.reason}
    said = [sentences.effort(levels, names[measure]) for measure, levels in measures.items()]
    return Section(
        anchor="figure-3",
        heading="Figure 3. How much a prompt sets off, by expertise",
        label="Figure 3: effort",
        sentence=" ".join(filter(None, [*said, sentences.effort_slopes(estimated)])),
        classifiers=("expertise",),
        basis=resting_on(inputs, list(first.values()), "with a level of expertise"),
        exclusions="sessions with unclear expertise; for the geometric mean also those where the measure is zero",
        pictures=(
            Picture(
                figures.effort(frame, inputs.month),
                "Actions and words per prompt, by level of expertise",
                "Boxes are quartiles, split at the median; whiskers end at the 5th and 95th percentile (a triangle: "
                "at zero, below the axis). Dots are geometric means with 95% intervals; diamonds are the study’s "
                "geometric means, printed for levels 1 and 5. n counts sessions; × is a suppressed level. Logarithmic "
                "scale.",
            ),
        ),
        tables_folded=(
            *(tables.effort(levels, measure) for measure, levels in measures.items()),
            *([tables.effort_slopes(estimated)] if estimated else []),
        ),
    )


def _figure_4(inputs: ReportInputs) -> Section:
    shares = exhibits.monthly_shares(inputs.frame("work_mode_shares"), inputs.months)
    values = exhibits.monthly_values(inputs.frame("task_value"), inputs.months)
    compared = inputs.frame("monthly_changes")
    axis = exhibits.compared_months(compared, inputs.month, inputs.axis)
    moved = exhibits.changes(compared, inputs.month, "work_mode_share")
    changes = (
        exhibits.value_changes(exhibits.changes(compared, inputs.month, "task_value"), values, axis[0]) if axis else {}
    )
    trends = {measure: exhibits.trends(compared, inputs.month, measure) for measure in CHANGE_MEASURES}
    has_shares, has_values = any(shares.values()), any(values.values())
    said = [sentences.mode_trends(shares, moved, axis)] if has_shares else []
    said += [sentences.value_changes(changes, axis)] if has_values else []
    folded = [tables.share_endpoints(shares, moved, axis), tables.monthly_shares(shares)] if has_shares else []
    if has_values:
        folded += [tables.value_endpoints(values, changes, axis)] if len(axis) > 1 else []
        folded += [tables.task_values(values, changes, _monthly_values(inputs))]
    parts = exhibits.value_parts(inputs.frame("task_value_change"), inputs.month)
    said.append(sentences.value_parts(parts))
    folded += [tables.value_parts(parts)] if parts else []
    folded += [tables.monthly_trends(trends)] if any(trends.values()) else []
    cells = [cell for by_month in shares.values() for cell in by_month.values()]
    return Section(
        anchor="figure-4",
        heading="Figure 4. Work modes and task value by month",
        label="Figure 4: months",
        sentence=" ".join(filter(None, said)),
        classifiers=("work_mode", "task_value"),
        own_caveats=(UNCALIBRATED,),
        basis=resting_on(inputs, cells, "with a work mode, over all months"),
        exclusions="sessions without a work-mode label; for task values also those without a price",
        pictures=_figure_4_pictures(inputs),
        tables_folded=tuple(folded),
    )


def _monthly_values(inputs: ReportInputs) -> pl.DataFrame:
    return inputs.frame("task_value").filter(pl.col("period") == "month")


def _figure_4_pictures(inputs: ReportInputs) -> tuple[Picture, ...]:
    shares, values = inputs.frame("work_mode_shares"), inputs.frame("task_value")
    changes = figures.value_changes(values, inputs.frame("monthly_changes"), inputs.month, inputs.months)
    return (
        Picture(
            figures.monthly_mix(shares, inputs.months),
            "Each month’s sessions by work mode",
            "A column holds all sessions of the month that have a work mode; grey is what is suppressed.",
        ),
        Picture(
            figures.mode_trends(shares, inputs.months),
            "The same, mode by mode",
            "Dots are monthly shares, bars their 95% intervals (cut where they leave the panel). Diamonds beside them "
            "are the study’s shares in October 2025 (left) and April 2026 (right), where printed; × is a suppressed "
            "month.",
        ),
        Picture(
            changes,
            "Change of the mean task value since the first month",
            "Logarithmic scale. Intervals by the delta method on the logarithm of the ratio, clustered by user over "
            "both months (cut where they leave the panel). Diamonds are the study’s change from October 2025 to April "
            "2026. Values are not calibrated against real prices: read the change, not the dollars.",
        ),
    )


def _figure_5(inputs: ReportInputs) -> Section:
    adjusted, raw = inputs.frame("adjusted_rates"), inputs.frame("outcomes_by_expertise")
    panels = exhibits.outcome_panels(adjusted, raw, inputs.month)
    verified = [cell for (measure, _), cell in panels[0].cells.items() if measure == "verified_success"]
    has_rates = any(panel.cells for panel in panels)
    return Section(
        anchor="figure-5",
        heading="Figure 5. How sessions end, by expertise",
        label="Figure 5: outcomes",
        sentence=sentences.outcomes(panels) if has_rates else "",
        classifiers=_SUCCESS_LABELS,
        own_caveats=(ASSOCIATION,),
        basis=resting_on(inputs, verified, "in the first panel"),
        exclusions="sessions with no clear goal or unclear expertise; for adjusted rates also small cells, as in "
        "Table A1",
        pictures=(
            Picture(
                figures.outcomes(adjusted, raw, inputs.month),
                "Rates of success and failure, by level of expertise",
                _outcome_caption(panels),
            ),
        ),
        tables_folded=(tables.outcomes(panels),) if has_rates else (),
    )


def _outcome_caption(panels: Sequence[Panel]) -> str:
    text = (
        "Filled markers are these sessions with 95% intervals (clustered by user); hollow ones at the edges are the "
        "study’s adjusted rates at levels 1 and 5; × is a suppressed level. Hit trouble: failure signal of 3 or more."
    )
    if any(panel.adjusted and panel.controls != (1,) for panel in panels):
        text += (
            " Each outcome is adjusted with the richest set of controls that the data carry, named by its column of "
            "Table A1."
        )
    rates = [cell.estimate for panel in panels for cell in panel.cells.values() if cell.estimate is not None]
    if any(not 0 <= rate <= 1 for rate in rates):
        text += " An adjusted rate can lie outside 0% to 100%, because the model is linear."
    reasons = dict.fromkeys(panel.reason for panel in panels if panel.reason)
    return text + (f" Without adjusted rates: {'; '.join(reasons)}." if reasons else "")


def _a1(inputs: ReportInputs) -> Section:
    frame = inputs.frame("coefficients")
    rows = exhibits.table_a1(frame, inputs.month)
    alone = exhibits.table_a1(frame, inputs.month, period="month")
    others = {
        "The coefficient on expertise by other means": exhibits.other_means(frame, inputs.month),
        "The coefficient on expertise (column 5) by month": exhibits.monthly_returns(
            frame, inputs.months, inputs.month
        ),
        "Regressions of effort (logarithm; Figure 3) and of success by profession (Figure 6)": exhibits.further_models(
            frame, inputs.month
        ),
    }
    curve = exhibits.specification_curve(inputs.frame("specification_curve"), inputs.month)
    choices = [Cell(row["estimate"], row["ci_low"], row["ci_high"]) for row in curve]
    month = numbers.month_name(inputs.month)
    return Section(
        anchor="table-a1",
        heading="Table A1. Verified success and expertise",
        label="Table A1",
        sentence=f"{sentences.slope(rows) if rows else ''} {sentences.specification_curve(choices)}".strip(),
        classifiers=_SUCCESS_LABELS,
        own_caveats=(ASSOCIATION,),
        basis=f"{analysed(inputs)}; sessions, users and cells of each column are in the table",
        exclusions="sessions with no clear goal or unclear expertise; cells with too few users and sessions alone in "
        "their cell (counted in the table)",
        pictures=(
            Picture(
                figures.returns(frame, inputs.month),
                "Points of verified success per level of expertise",
                "Dots are these sessions, diamonds the study, lines 95% intervals. Each column adds one set of fixed "
                "effects, as interacted cells. An association: expertise and outcome are read from the same "
                "transcript.",
            ),
        ),
        tables_open=(tables.table_a1(rows),) if rows else (),
        tables_folded=(
            *(tables.other_models(models, caption) for caption, models in others.items() if models),
            *([tables.specification_curve(curve)] if curve else []),
            *([tables.table_a1(alone, f" ({month} alone)")] if alone else []),
        ),
    )


def _a2(inputs: ReportInputs) -> Section:
    adjusted, raw = inputs.frame("adjusted_rates"), inputs.frame("outcomes_by_expertise")
    rates = exhibits.verified_success(adjusted, raw, inputs.month)
    coefficients = exhibits.table_a2(inputs.frame("coefficients"), inputs.month)
    controls = exhibits.verified_success_controls(adjusted, inputs.month)
    return Section(
        anchor="table-a2",
        heading="Table A2. Verified success, level by level",
        label="Table A2",
        sentence=sentences.steps(coefficients) if coefficients else "",
        classifiers=_SUCCESS_LABELS,
        own_caveats=(ASSOCIATION,),
        basis=resting_on(inputs, list(rates.values()), "in the sample of the adjusted rates"),
        exclusions="as in Table A1",
        tables_open=(
            tables.table_a2(
                rates,
                coefficients,
                sentences.controls(controls),
                exhibits.verified_success_fit(adjusted, inputs.month),
            ),
        )
        if rates or coefficients
        else (),
    )


def _truncation(inputs: ReportInputs) -> Section:
    """What the study left open: whom the window of the judge cuts short."""
    levels, modes = exhibits.truncation(inputs.frame("truncation"), inputs.month)
    return Section(
        anchor="truncation",
        heading="Cut transcripts, by expertise and by work mode",
        label="Cut transcripts",
        sentence=sentences.truncation(levels, modes),
        classifiers=("expertise", "work_mode"),
        basis=resting_on(inputs, list(levels.values()), "with a level of expertise", beside=list(modes.values())),
        exclusions="by expertise, sessions where it is unclear; by mode, sessions without a work-mode label",
        tables_open=(tables.truncation(levels, modes),) if levels or modes else (),
    )


def _agreement(inputs: ReportInputs) -> list[Section]:
    """How good the labels are, where there are reference labels to compare them with."""
    found = exhibits.agreement(inputs.frame("agreement"), inputs.month)
    if not found:
        return []
    ours = found.get(inputs.backend, {})
    cells = [max(facet.cells.values(), key=lambda cell: cell.sessions or 0) for facet in ours.values()]
    most = max((cell.sessions or 0 for cell in cells), default=0)
    others = {rater: facets for rater, facets in found.items() if rater != inputs.backend}
    return [
        Section(
            anchor="agreement",
            heading="How far the labels agree with reference labels",
            label="Agreement",
            sentence=sentences.agreement(inputs.backend, ours),
            basis=f"up to {numbers.plural(most, 'session')} of the window that have a reference label; intervals by "
            "bootstrap over users, too narrow where users are few",
            exclusions="sessions without a reference label; a reference is consistent, not the truth",
            tables_open=(tables.agreement(inputs.backend, ours),) if ours else (),
            tables_folded=tuple(tables.agreement(rater, facets) for rater, facets in others.items()),
        )
    ]

"""Who decides: Figure 2, actions per turn by who decides, and Figure A2. Tables in, sections out."""

from __future__ import annotations

from collections.abc import Mapping

from sessions_pipeline.report import figures, numbers, sentences
from sessions_pipeline.report.drawings.lines import Panel
from sessions_pipeline.report.exhibits import MEASURE_NAMES, Cell, Distribution, cell_of, rows_at
from sessions_pipeline.report.inputs import ReportInputs
from sessions_pipeline.report.published import published
from sessions_pipeline.report.section import Picture, Section, resting_on
from sessions_pipeline.report.tables import OURS_SHARE, SIZE, Column, Row, Table, estimate, size
from sessions_pipeline.schemas import DECISIONS, EFFORT_MEASURES

KINDS = ("planning", "execution")
BIN = 0.1
BANDS = tuple(f"{low}–{low + 20}" for low in range(0, 100, 20))
# Group of marts.actions_by_who_decides → in words, and the study's name for it.
DECIDERS = {
    "user_executes": ("the user makes over 80% of execution decisions", "user_execution_share_over_0.8"),
    "agent_plans": ("the agent makes over 80% of planning decisions", "agent_planning_share_over_0.8"),
}
CORRELATED = {
    "expertise": "expertise",
    "judged_success": "judged success",
    "verified_success": "verified success",
}


def figure_2(inputs: ReportInputs) -> Section:
    """How the agent's share of planning and of execution decisions is spread over the sessions."""
    distributions = _distributions(inputs)
    correlations = _correlations(inputs)
    return Section(
        anchor="figure-2",
        heading="Figure 2. Who decides",
        label="Figure 2: decisions",
        sentence=" ".join(filter(None, (_means(distributions), _orthogonal(correlations)))),
        classifiers=("decisions",),
        basis=resting_on(
            inputs,
            [kind.mean for kind in distributions.values()][:1],
            "with planning decisions",
            beside=[cell for kind in distributions.values() for cell in kind.bins.values()],
        ),
        exclusions="sessions without a decision of the kind",
        pictures=(
            Picture(
                figures.decision_shares(distributions),
                "The agent’s share of decisions",
                "Bars are shares of sessions in bins of ten points, lines their 95% intervals; × is a suppressed bin. "
                "The dashed line is the mean of these sessions, the diamond that of the study, which prints no bins. A "
                "share on a border is in the bin nearer to a half.",
            ),
        ),
        tables_folded=(
            *([_distribution_table(distributions)] if distributions else []),
            *([_correlation_table(correlations)] if correlations else []),
        ),
    )


def deciders(inputs: ReportInputs) -> Section:
    """Actions per prompt where the user decides and where the agent does."""
    rows = {row["who_decides"]: row for row in rows_at(inputs.frame("actions_by_who_decides"), inputs.month, "window")}
    cells = {
        words: cell_of(rows[group], published("section_2_2", "actions_per_prompt", study))
        for group, (words, study) in DECIDERS.items()
        if group in rows
    }
    said = ""
    if len(cells) == len(DECIDERS) and all(cell.shown for cell in cells.values()):
        (user, of_user), (agent, of_agent) = cells.items()
        said = sentences.contrast(
            "the mean of actions per prompt", user, of_user, agent, of_agent, numbers.effort, where="where"
        )
        said = " ".join([said, *map(sentences.beside_study, cells.values())]).strip()
    return Section(
        anchor="deciders",
        heading="Actions per turn, by who decides",
        label="Actions by decider",
        sentence=said,
        classifiers=("decisions",),
        basis=resting_on(inputs, list(cells.values()), "in the two groups, which may share sessions"),
        exclusions="sessions without a decision of the kind",
        pictures=(
            Picture(
                figures.bars("deciders", "Mean actions per prompt", cells, numbers.effort, ",~f"),
                "Mean actions per prompt",
                "Bars are means of these sessions with 95% intervals (clustered by user), diamonds the study’s rounded "
                "ones.",
            ),
        ),
        tables_folded=(_deciders_table(cells),) if cells else (),
    )


def figure_a2(inputs: ReportInputs) -> Section:
    """Effort per prompt by the agent's share of decisions, in five bands."""
    by_measure = {measure: _bands(inputs, measure) for measure in EFFORT_MEASURES}
    panels = [
        Panel(
            title=MEASURE_NAMES[measure].capitalize(),
            subtitle="mean by the agent’s share of decisions",
            places=BANDS,
            axis_title="the agent’s share of decisions, %",
            series={
                kind: {band - 1: cell for band, cell in bands[kind].items()} for kind in DECISIONS if kind in bands
            },
            shares=False,
        )
        for measure, bands in by_measure.items()
        if bands
    ]
    actions = by_measure["actions_per_prompt"]
    said = [
        sentences.contrast(
            f"the mean of actions per prompt by the agent’s share of {kind} decisions",
            f"{BANDS[min(shown) - 1]}%",
            shown[min(shown)],
            f"{BANDS[max(shown) - 1]}%",
            shown[max(shown)],
            numbers.effort,
        )
        for kind in KINDS
        if len(shown := {band: cell for band, cell in actions.get(kind, {}).items() if cell.shown}) > 1
    ]
    return Section(
        anchor="figure-a2",
        heading="Figure A2. Effort by who decides",
        label="Figure A2: effort by decider",
        sentence=" ".join(said),
        classifiers=("decisions",),
        basis=resting_on(
            inputs,
            list(actions.get("planning", {}).values()),
            "with planning decisions",
            beside=[cell for kind in actions if kind != "planning" for cell in actions[kind].values()],
        ),
        exclusions="sessions without a decision of the kind",
        pictures=(
            Picture(
                figures.line_panels("figure-a2", "Mean effort by the agent’s share of decisions", panels),
                "Actions and words per prompt, by the agent’s share of decisions",
                "Dots are means with 95% intervals (clustered by user, cut where they leave the panel); × is a "
                "suppressed band. The study prints no numbers for this figure.",
            ),
        ),
        tables_folded=(_bands_table(by_measure),) if actions else (),
    )


def _distributions(inputs: ReportInputs) -> dict[str, Distribution]:
    """Planning and execution, where there are any."""
    rows = rows_at(inputs.frame("decision_shares"), inputs.month, "window")
    means = {row["decisions"]: row for row in rows_at(inputs.frame("mean_decision_shares"), inputs.month, "window")}
    found = {}
    for kind in KINDS:
        bins = {row["bin"]: cell_of(row) for row in rows if row["decisions"] == kind}
        study = published("figure_2", f"user_{kind}_share", "mean")
        mean = cell_of(means[kind], study) if kind in means else Cell(published=study)
        if bins:
            found[kind] = Distribution(bins=dict(sorted(bins.items())), mean=mean, width=BIN)
    return found


def _correlations(inputs: ReportInputs) -> dict[str, Cell]:
    """Variable in words → its correlation with the user's share of execution decisions."""
    rows = {row["variable"]: row for row in rows_at(inputs.frame("decision_correlations"), inputs.month, "window")}
    return {words: cell_of(rows[variable]) for variable, words in CORRELATED.items() if variable in rows}


def _bands(inputs: ReportInputs, measure: str) -> dict[str, dict[int, Cell]]:
    """Kind of decisions → band from 1 → mean effort per prompt."""
    found: dict[str, dict[int, Cell]] = {}
    for row in rows_at(inputs.frame("effort_by_decision_share"), inputs.month, "window"):
        if row["measure"] == measure:
            found.setdefault(row["decisions"], {})[row["band"]] = cell_of(row)
    return {kind: dict(sorted(found[kind].items())) for kind in DECISIONS if kind in found}


def _means(distributions: Mapping[str, Distribution]) -> str:
    said = []
    for kind, shown in distributions.items():
        if shown.mean.shown:
            mean = sentences.with_interval(shown.mean, numbers.share)
            said.append(f"The user makes {mean} of {kind} decisions on average. {sentences.beside_study(shown.mean)}")
    return " ".join(text.strip() for text in said)


def _orthogonal(correlations: Mapping[str, Cell]) -> str:
    """The study calls the share of execution "nearly orthogonal", without a number."""
    shown = {name: cell for name, cell in correlations.items() if cell.has_interval}
    if not shown:
        return ""
    named = [f"{name} {sentences.with_interval(cell, _r)}" for name, cell in shown.items()]
    open_ = [name for name, cell in shown.items() if cell.low <= 0 <= cell.high]  # type: ignore[operator]
    text = f"The user’s share of execution decisions correlates with {sentences.joined(named)}"
    return f"{text}; with {sentences.joined(open_)} this cannot be told from zero." if open_ else f"{text}."


def _r(value: float | None) -> str:
    return numbers.coefficient(value, 2)


def _correlation_table(correlations: Mapping[str, Cell]) -> Table:
    rows = [Row((name.capitalize(), *estimate(cell, _r), *size(cell))) for name, cell in correlations.items()]
    columns = (Column("Variable"), Column("r", "Correlation"), Column("95% interval", "Correlation"), *SIZE)
    return Table("Correlation with the user’s share of execution decisions", columns, tuple(rows))


def _distribution_table(distributions: Mapping[str, Distribution]) -> Table:
    rows = []
    for kind, shown in distributions.items():
        rows.append(Row((f"{kind.capitalize()} decisions",), "part"))
        for number, cell in shown.bins.items():
            low = round(100 * (number - 1) * shown.width)
            rows.append(Row((f"{low} to {low + 10}%", *estimate(cell, numbers.share), *size(cell), numbers.MISSING)))
        mean = shown.mean
        rows.append(
            Row(
                (
                    "Mean share of the user",
                    *estimate(mean, numbers.share),
                    *size(mean),
                    numbers.printed(mean.published),
                ),
                "total",
            )
        )
    columns = (Column("The agent’s share"), *OURS_SHARE, *SIZE, Column("Share", "Study"))
    return Table("Share of sessions by the agent’s share of decisions", columns, tuple(rows))


def _deciders_table(cells: Mapping[str, Cell]) -> Table:
    rows = [
        Row((name, *estimate(cell, numbers.effort), *size(cell), numbers.printed(cell.published)))
        for name, cell in cells.items()
    ]
    columns = (
        Column("Sessions where …"),
        Column("Mean", "Actions per prompt (ours)"),
        Column("95% interval", "Actions per prompt (ours)"),
        *SIZE,
        Column("Mean", "Study"),
    )
    return Table("Actions per prompt by who decides", columns, tuple(rows))


def _bands_table(by_measure: Mapping[str, Mapping[str, Mapping[int, Cell]]]) -> Table:
    rows = []
    for measure, bands in by_measure.items():
        for kind, cells in bands.items():
            rows.append(Row((f"{MEASURE_NAMES[measure].capitalize()}, {kind} decisions",), "part"))
            rows += [
                Row((f"{BANDS[band - 1]}%", *estimate(cell, numbers.effort), *size(cell)))
                for band, cell in cells.items()
            ]
    columns = (Column("The agent’s share"), Column("Mean", "Ours"), Column("95% interval", "Ours"), *SIZE)
    return Table("Effort per prompt by the agent’s share of decisions", columns, tuple(rows))

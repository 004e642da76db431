"""Codebase context, effort by model family, and Figure A1 (signals against outcomes)."""

from __future__ import annotations

from collections.abc import Mapping

from sessions_pipeline.classifications.classifiers import CODEBASE_CONTEXTS
from sessions_pipeline.report import figures, numbers, sentences
from sessions_pipeline.report.drawings.lines import Panel
from sessions_pipeline.report.exhibits import MEASURE_NAMES, Cell, cell_of, rows_at
from sessions_pipeline.report.inputs import ReportInputs
from sessions_pipeline.report.published import published
from sessions_pipeline.report.section import Picture, Section, resting_on
from sessions_pipeline.report.tables import OURS_SHARE, SIZE, Column, Row, Table, estimate, size
from sessions_pipeline.schemas import EFFORT_MEASURES

SIGNALS = ("success", "failure")
STRENGTHS = ("0 none", "1", "2", "3", "4", "5")


def codebase_context(inputs: ReportInputs) -> Section:
    """What the sessions do with a codebase."""
    cells = {
        row["codebase_context"].replace("_", " "): cell_of(
            row, published("section_2_1", "codebase_context_share", row["codebase_context"])
        )
        for row in sorted(
            rows_at(inputs.frame("codebase_context_shares"), inputs.month, "window"),
            key=lambda row: CODEBASE_CONTEXTS.index(row["codebase_context"]),
        )
    }
    rows = [
        Row((name, *estimate(cell, numbers.share), *size(cell), numbers.printed(cell.published)))
        for name, cell in cells.items()
    ]
    columns = (Column("Codebase"), *OURS_SHARE, *SIZE, Column("Share", "Study"))
    caption = "Share of sessions by what they do with a codebase"
    return Section(
        anchor="codebase-context",
        heading="What the sessions do with a codebase",
        label="Codebase context",
        sentence=sentences.largest_share(_largest_first(cells), "context"),
        classifiers=("codebase_context",),
        basis=resting_on(inputs, list(cells.values()), "with a codebase context"),
        exclusions="sessions without this label",
        pictures=(
            Picture(
                figures.bars("codebase-context", caption, cells, numbers.share, ".0%"),
                caption,
                "Bars are these sessions, lines their 95% intervals (clustered by user). Diamonds are the study’s "
                "shares (no codebase: “roughly a fifth”).",
            ),
        ),
        tables_folded=(Table(caption, columns, tuple(rows)),) if rows else (),
    )


def figure_a1(inputs: ReportInputs) -> Section:
    """Share judged succeeded by the strength of either signal."""
    by_signal = _by_signal(inputs)
    panels = [
        Panel(
            title=f"By {signal} signal",
            subtitle="share judged succeeded",
            places=STRENGTHS,
            axis_title="strength of the signal",
            series={"judged succeeded": cells},
        )
        for signal, cells in by_signal.items()
    ]
    said = [
        sentences.contrast(
            f"the share judged succeeded by {signal} signal",
            f"strength {min(shown)}",
            shown[min(shown)],
            f"strength {max(shown)}",
            shown[max(shown)],
            numbers.share,
        )
        for signal, cells in by_signal.items()
        if len(shown := {strength: cell for strength, cell in cells.items() if cell.shown}) > 1
    ]
    rows = []
    for signal, cells in by_signal.items():
        rows.append(Row((f"{signal.capitalize()} signal",), "part"))
        rows += [
            Row((STRENGTHS[at], *estimate(cell, numbers.share), *size(cell), numbers.printed(cell.published)))
            for at, cell in cells.items()
        ]
    columns = (Column("Strength"), *OURS_SHARE, *SIZE, Column("Share", "Study"))
    return Section(
        anchor="figure-a1",
        heading="Figure A1. Do the signals go with the outcome?",
        label="Figure A1: signals",
        sentence=" ".join(said),
        classifiers=("outcome", "success_signal", "failure_signal"),
        basis=resting_on(
            inputs,
            list(by_signal.get(SIGNALS[0], {}).values()),
            "with a success signal",
            beside=list(by_signal.get(SIGNALS[1], {}).values()),
        ),
        exclusions="sessions with no clear goal",
        pictures=(
            Picture(
                figures.line_panels("figure-a1", "Share judged succeeded", panels),
                "Share judged succeeded, by strength of the signal",
                "Filled markers are these sessions with 95% intervals (clustered by user), hollow ones the study’s "
                "shares, printed for strengths 1 and 5; × is a suppressed strength. Signals and outcome are read by "
                "the same judge.",
            ),
        ),
        tables_folded=(Table("Share judged succeeded by strength of the signal", columns, tuple(rows)),)
        if rows
        else (),
    )


def effort_by_model(inputs: ReportInputs) -> Section:
    """Effort per prompt by family of the model."""
    found: dict[str, dict[str, Cell]] = {}
    rows_of_month = rows_at(inputs.frame("effort_by_model"), inputs.month, "window")
    for row in sorted(rows_of_month, key=lambda row: row["model_tier"]):
        found.setdefault(row["measure"], {})[row["model_tier"]] = cell_of(row)
    rows = []
    for measure in EFFORT_MEASURES:
        if measure in found:
            rows.append(Row((MEASURE_NAMES[measure].capitalize(),), "part"))
            rows += [Row((tier, *estimate(cell, numbers.effort), *size(cell))) for tier, cell in found[measure].items()]
    columns = (
        Column("Model family"),
        Column("Mean", "Geometric mean"),
        Column("95% interval", "Geometric mean"),
        *SIZE,
    )
    actions = found.get("actions_per_prompt", {})
    shown = dict(sorted(((t, c) for t, c in actions.items() if c.shown), key=lambda item: item[1].estimate or 0.0))
    said = ""
    if len(shown) > 1:
        low, high = next(iter(shown)), list(shown)[-1]
        what = "the geometric mean of actions per prompt"
        said = sentences.contrast(what, low, shown[low], high, shown[high], numbers.effort, where="with")
    return Section(
        anchor="effort-by-model",
        heading="How much a prompt sets off, by model",
        label="Effort by model",
        sentence=said,
        basis=resting_on(inputs, list(actions.values()), "with a known model"),
        exclusions="sessions without a known model; for the geometric mean also those where the measure is zero",
        tables_open=(Table("Effort per prompt by family of the model", columns, tuple(rows)),) if rows else (),
    )


def _largest_first(cells: Mapping[str, Cell]) -> dict[str, Cell]:
    return dict(sorted(cells.items(), key=lambda item: -(item[1].estimate or -1.0)))


def _by_signal(inputs: ReportInputs) -> dict[str, dict[int, Cell]]:
    """Signal → strength from 0 → share judged succeeded."""
    found: dict[str, dict[int, Cell]] = {}
    for row in rows_at(inputs.frame("success_by_signal"), inputs.month, "window"):
        study = published("figure_a1", "judged_success", f"{row['signal']}_signal_{row['strength']}")
        found.setdefault(row["signal"], {})[row["strength"]] = cell_of(row, study)
    return {signal: dict(sorted(found[signal].items())) for signal in SIGNALS if signal in found}

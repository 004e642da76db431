"""What one exhibit of the page consists of, and how it says what it rests on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sessions_pipeline.report import numbers
from sessions_pipeline.report.caveats import FEW_USERS, LABELS, MADE_UP, PERSONAL, Caveat
from sessions_pipeline.report.exhibits import Cell
from sessions_pipeline.report.figures import Figure
from sessions_pipeline.report.inputs import ReportInputs
from sessions_pipeline.report.tables import Table


@dataclass(frozen=True)
class Picture:
    """A figure with its place in the page. caption: how to read it."""

    figure: Figure
    title: str
    caption: str


@dataclass(frozen=True)
class Section:
    """One exhibit. tables_open: stand in the page; tables_folded: behind a click.

    classifiers: whose labels it rests on. own_caveats: headings of caveats that not every exhibit needs.
    """

    anchor: str
    heading: str
    label: str
    sentence: str
    basis: str
    exclusions: str
    pictures: tuple[Picture, ...] = ()
    tables_open: tuple[Table, ...] = ()
    tables_folded: tuple[Table, ...] = ()
    classifiers: tuple[str, ...] = ()
    own_caveats: tuple[str, ...] = ()

    def caveats_due(self, caveats: Sequence[Caveat]) -> list[str]:
        """Headings of those of the page's caveats that this exhibit must carry."""
        wanted = {MADE_UP, PERSONAL, FEW_USERS, *(LABELS if self.classifiers else ()), *self.own_caveats}
        return [caveat.heading for caveat in caveats if caveat.heading in wanted]


def label_versions(inputs: ReportInputs, classifiers: Sequence[str]) -> str:
    """Versions of labels and digests of prompts that an exhibit rests on: rules-1 (prompts: outcome 66f6aae4)."""
    by_version: dict[str, list[str]] = {}
    for name in classifiers:
        if name in inputs.label_versions:
            asked = f" {inputs.prompts[name][:8]}" if name in inputs.prompts else ""
            by_version.setdefault(inputs.label_versions[name], []).append(f"{name.replace('_', ' ')}{asked}")
    return "; ".join(f"{version} (prompts: {', '.join(asked)})" for version, asked in by_version.items())


def analysed(inputs: ReportInputs) -> str:
    """700 sessions of 120 users analysed."""
    users = numbers.plural(inputs.users, "user")
    return f"{numbers.plural(inputs.eligible_sessions, 'session')} of {users} analysed"


def resting_on(inputs: ReportInputs, cells: Sequence[Cell], what: str, beside: Sequence[Cell] = ()) -> str:
    """How many sessions the cells hold; with a suppressed cell no sum is given, for it would tell what is hidden.

    beside: other cells of the exhibit, of the same sessions or some of them.
    """
    hidden = sum(cell.suppressed for cell in (*cells, *beside))
    if hidden:
        why = f"fewer than {inputs.min_users} users, or revealing such a cell"
        return f"{analysed(inputs)}; {numbers.plural(hidden, 'cell')} suppressed ({why})"
    return f"{numbers.plural(sum(cell.sessions or 0 for cell in cells), 'session')} {what}; {analysed(inputs)}"

"""The command `agreement`: labels in the warehouse beside reference labels."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sessions_pipeline.commands.shell import (
    NOTHING_TO_DO,
    SOMETHING_MISSING,
    as_json,
    errors,
    json_flag,
    needs_warehouse,
    state_folder,
    stop,
    tell,
)

if TYPE_CHECKING:
    from sessions_pipeline.analysis.comparison import Comparison


@click.command()
@click.option(
    "--labels",
    type=click.Path(path_type=Path, dir_okay=False),
    help="CSV file of reference labels. [default: the setting reference_labels]",
)
@json_flag
@click.pass_obj
def agreement(home: Path | None, labels: Path | None) -> None:
    """Compare the labels of every backend in the warehouse with reference labels of the same sessions.

    For each facet: share of exact agreement beside that of always giving the reference's most frequent label, share
    within one step, Cohen's kappa (quadratic where labels have an order; 1 is full agreement, 0 is chance), and
    correlation (of shares, and of the logarithm of the task value), each with a 95% interval by bootstrap over users.
    Levels that one of the two calls unclear are out of what needs an order.

    \b
    The file is CSV (UTF-8) with a row per session and pass, and these columns; all but session_id may be missing, and
    an empty cell is no label:
      session_id         as in core.sessions
      pass               1, 2, ...: independent readings of the same session. Backends are compared with the first,
                         later passes with the passes before them (test-retest)
      work_mode, expertise, expertise_opening, user_occupation, task_occupation, outcome, success_signal,
      failure_signal, codebase_context
                         labels as in the table staging.current_labels (signals: none or 1 to 5)
      planning_user, planning_agent, execution_user, execution_agent
                         counts of decisions, from which the user's two shares are computed
      task_value_usd     US dollars
      file, confidence, month, user, probability
                         not read

    What is not known (columns, labels, sessions) is counted, named and left out. --labels is kept in settings.toml, so
    that later runs put the agreement into analysis.agreement and the report. Nothing is suppressed here.
    """
    from sessions_pipeline.config import load_settings, save_settings

    folder = state_folder(home)
    with errors():
        needs_warehouse(folder)
        if labels is not None:
            save_settings(folder.path, {"reference_labels": str(labels.expanduser().absolute())})
        path = load_settings(folder.path).settings.reference_labels
        if path is None:
            stop("there are no reference labels: name their file with --labels.", NOTHING_TO_DO)
        from sessions_pipeline.analysis.comparison import compare_with
        from sessions_pipeline.classifications.reference import ReferenceFileError, read_reference
        from sessions_pipeline.state import State

        warehouse = State(home=str(folder.path)).warehouse
        try:
            reference = read_reference(path)
        except ReferenceFileError as error:
            stop(str(error), SOMETHING_MISSING)
        found = compare_with(reference, warehouse.read("core.sessions"), warehouse.read("labels.classifications"))
    for line in found.left_out_lines():
        click.echo(f"left out: {line}", err=True)
    if not found.sessions:
        stop("no session of the file has a label in the warehouse; nothing to compare.", NOTHING_TO_DO, found.as_json())
    if as_json():
        tell(found.as_json())
    else:
        _show_agreement(found)
    if found.missing:
        missing = ", ".join(f"{rater} {facet}" for rater, facet in found.missing)
        click.echo(f"no labels to compare: {missing}", err=True)
        raise SystemExit(SOMETHING_MISSING)


def _show_agreement(found: Comparison) -> None:
    """A table of statistics and one table for each confusion matrix, on a terminal or in a file."""
    from rich.console import Console
    from rich.table import Table

    # A file or pipe has no width; wrapped tables there cannot be read.
    console = Console() if sys.stdout.isatty() else Console(width=200)
    click.echo(f"{found.sessions} sessions with reference labels and labels of a backend")
    table = Table("rater", "facet", "statistic")
    for name in ("sessions", "users", "estimate", "95% interval", "majority"):
        table.add_column(name, justify="right")
    for row in found.rows:
        ends = "–" if row.ci_low is None else f"{row.ci_low:.2f} to {row.ci_high:.2f}"
        estimate, baseline = ("–" if value is None else f"{value:.2f}" for value in (row.estimate, row.baseline))
        table.add_row(row.rater, row.facet, row.metric, str(row.sessions), str(row.users), estimate, ends, baseline)
    console.print(table, markup=False)
    for matrix in found.confusions:
        click.echo(f"{matrix.facet}: reference (rows) and {matrix.rater} (columns)")
        table = Table("", *matrix.labels, "all")
        for label, counts in zip(matrix.labels, matrix.counts, strict=True):
            table.add_row(label, *(str(count or ".") for count in counts), str(sum(counts)))
        sums = [sum(column) for column in zip(*matrix.counts, strict=True)]
        table.add_row("all", *map(str, sums), str(sum(sums)))
        console.print(table, markup=False)

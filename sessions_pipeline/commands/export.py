"""The command `export`: what leaves the pipeline for others to use."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import click

from sessions_pipeline.commands.shell import (
    NOTHING_TO_DO,
    SOMETHING_MISSING,
    Month,
    Progress,
    errors,
    json_flag,
    run_first,
    state_folder,
    stop,
    tell,
)


@click.command()
@click.option("--month", type=Month(), help="Vintage of figures and LaTeX tables. [default: the newest report]")
@click.option(
    "--to",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder to write; an earlier export in it is replaced. [default: reports/export-YYYY-MM in the state folder]",
)
@json_flag
@click.pass_obj
def export(home: Path | None, month: dt.date | None, folder: Path | None) -> None:
    """Write all released tables and figures for others to use.

    \b
      tables/              every aggregate and regression, of all months, as CSV and Parquet
      economic_index.csv   the aggregates in the long format of the Anthropic Economic Index releases
      latex/               Tables A1 and A2 as economists set them (needs booktabs)
      figures/             each figure as SVG and PNG
      manifest.json        SHA-256 of every file, versions, and what the audit of suppression found

    Nothing in it is about one person: no row of a session, and no number of fewer than min_users people (the audit
    stops the export otherwise), except in a personal report. The same state gives the same bytes.
    """
    place = state_folder(home)
    with errors():
        from sessions_pipeline.exports.bundle import ExportError

        newest = place.newest_vintage()
        if newest is None:
            stop(f"there is no report in {place.reports} to export. {run_first()}", NOTHING_TO_DO)
        chosen = month or newest
        if not place.report(chosen).exists():
            stop(
                f"there is no report of {chosen:%Y-%m} in {place.reports}. Leave out --month for the newest.",
                NOTHING_TO_DO,
            )
        show = Progress()
        show.say(f"exporting {chosen:%Y-%m}")
        target = (folder or place.reports / f"export-{chosen:%Y-%m}").expanduser().absolute()
        try:
            manifest = _write(place.path, chosen, target)
        except ExportError as error:
            show.close()
            stop(str(error), SOMETHING_MISSING)
        show.close()
    suppressed = sum(found["suppressed"] for found in manifest["suppression"]["tables"].values())
    tell(
        {
            "folder": str(target),
            "vintage": manifest["vintage"],
            "files": len(manifest["files"]),
            "rows_suppressed": suppressed,
            "for_publication": manifest["for_publication"],
        },
        [f"{len(manifest['files'])} files, {suppressed} rows suppressed: {target}"],
    )
    if not manifest["for_publication"]:
        click.echo("one user's own sessions: nothing is suppressed, not for publication.", err=True)


def _write(home: Path, month: dt.date, target: Path) -> dict[str, Any]:
    from sessions_pipeline.exports.bundle import export as write
    from sessions_pipeline.exports.released import RELEASED
    from sessions_pipeline.report.assets import FIGURES, vintage_inputs
    from sessions_pipeline.report.inputs import TABLES
    from sessions_pipeline.state import State

    state = State(home=str(home))
    inputs = vintage_inputs(state, [month], TABLES)[month]
    figures: dict[str, bytes] = {}
    for figure in FIGURES:
        drawn = figure.draw(inputs)
        figures[f"figures/{figure.name}.svg"] = drawn.svg().encode()
        figures[f"figures/{figure.name}.png"] = drawn.png()
    return write(target, {table: state.warehouse.read(table) for table in RELEASED}, figures, inputs)

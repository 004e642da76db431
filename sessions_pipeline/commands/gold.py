"""The commands `gold draw` and `gold load`: sessions for trusted labelling, and their labels."""

from __future__ import annotations

import csv
import datetime as dt
import io
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sessions_pipeline.commands.shell import (
    NOTHING_TO_DO,
    SOMETHING_MISSING,
    Month,
    errors,
    json_flag,
    needs_warehouse,
    state_folder,
    stop,
    tell,
)
from sessions_pipeline.config import load_settings
from sessions_pipeline.folders import Home

if TYPE_CHECKING:
    import polars as pl

    from sessions_pipeline.sessions.transcripts import Transcripts
    from sessions_pipeline.warehouse import Warehouse

FOLDER = "gold"
_NAMED = 5


@click.group()
def gold() -> None:
    """Trusted labels of a few sessions, which correct the estimates of all.

    \b
      gold draw    draws sessions with known probabilities and writes a file to fill in
      gold load    reads the filled-in file back
    """


@gold.command()
@click.option("--size", type=click.IntRange(min=1), default=500, show_default=True, help="Sessions to draw.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed draws the same sessions.")
@click.option(
    "--by",
    "facets",
    multiple=True,
    default=("outcome", "expertise"),
    show_default=True,
    help="Facet whose labels make the strata, within months; may be repeated.",
)
@click.option("--from", "first", type=Month(), help="First month. [default: that of the window]")
@click.option("--to", "last", type=Month(), help="Last month. [default: the last with labels]")
@click.option("--transcripts", is_flag=True, help="Write the redacted transcripts beside it, readable by you alone.")
@json_flag
@click.pass_obj
def draw(
    home: Path | None,
    size: int,
    seed: int,
    facets: tuple[str, ...],
    first: dt.date | None,
    last: dt.date | None,
    *,
    transcripts: bool,
) -> None:
    """Draw sessions for labelling by people you trust, and write a CSV file for their labels.

    Every session has a known probability of being drawn, by month and by the judge's labels; rare labels are drawn more
    often. The file lies under private/gold/ of the state folder. It has the columns of `agreement --labels`, shows no
    label of the judge, and leaves out sessions that have trusted labels already; one that holds labels is never
    written again. The column `file` names a session's transcript in private/gold/transcripts/, with --transcripts;
    `purge` removes those with the others.

    To label more, draw again with the same seed and a larger size: the sessions drawn before stay drawn. The estimates
    use the last draw that has labels, so a draw must hold all months of the window.
    """
    folder = state_folder(home)
    with errors():
        needs_warehouse(folder)
        from sessions_pipeline.analysis.gold import DRAWS, GOLD, STRATIFYING, DrawError, Plan
        from sessions_pipeline.analysis.gold import draw as drawn_for
        from sessions_pipeline.months import months_between, window_ending
        from sessions_pipeline.state import State

        if unknown := [facet for facet in facets if facet not in STRATIFYING]:
            stop(f"--by {unknown[0]} is not known: choose among {', '.join(STRATIFYING)}", NOTHING_TO_DO)
        state = State(home=str(folder.path))
        warehouse = state.warehouse
        there = warehouse.months("core.classified_sessions")
        if not there:
            stop("there are no classified sessions. Run `sessions-pipeline run` first.", NOTHING_TO_DO)
        last = last or there[-1]
        first = first or window_ending(last, load_settings(folder.path).settings.window_months)[0]
        months = [month for month in months_between(first, last) if month in there]
        plan = Plan(tuple(months), facets, size, seed)
        before = warehouse.read(DRAWS, months)
        rows = before.filter(draw_id=plan.draw_id).sort("month", "session_id")
        if rows.is_empty():
            now = dt.datetime.now(dt.UTC).replace(tzinfo=None)
            try:
                rows = drawn_for(warehouse.read("core.classified_sessions", months), plan, now)
            except DrawError as error:
                stop(f"{error}.", NOTHING_TO_DO)
            warehouse.replace_window(DRAWS, before.vstack(rows), months)
        to_label = rows.join(warehouse.read(GOLD, months), on="session_id", how="anti")
        path = folder.private / FOLDER / f"draw-{plan.draw_id}.csv"
        names = _file_names(to_label)
        missing = _write_transcripts(folder, to_label, names, state.transcripts) if transcripts else []
        _tell_drawn(rows, to_label, path, missing, written=_write_csv(path, to_label, names))
    if missing:
        click.echo(f"transcripts that are not there (purged?): {_listed(missing)}", err=True)
    if rows.height < size:
        click.echo(f"asked for {size} sessions: these months have {rows.height} with labels.", err=True)
    if missing or rows.height < size:
        raise SystemExit(SOMETHING_MISSING)


def _tell_drawn(rows: pl.DataFrame, to_label: pl.DataFrame, path: Path, missing: list[str], *, written: bool) -> None:
    draw, strata = rows["draw_id"][0], rows.select("month", "stratum").n_unique()
    tell(
        {
            "draw": draw,
            "sessions": rows.height,
            "strata": strata,
            "to_label": to_label.height,
            "file": str(path),
            "holds_labels_already": not written,
            "without_transcript": missing,
        },
        [
            f"draw {draw}: {rows.height} sessions of {strata} strata; {to_label.height} to label",
            str(path) if written else f"{path} holds labels already and stays as it is",
            "fill it in, then: sessions-pipeline gold load FILE",
        ],
    )


def _file_names(rows: pl.DataFrame) -> dict[str, str]:
    """session_id -> name of its transcript: numbers, because an id comes out of a log and may hold anything."""
    return {
        session: f"{month:%Y-%m}/{draw}-{number:04d}.txt"
        for number, (session, month, draw) in enumerate(rows.select("session_id", "month", "draw_id").iter_rows(), 1)
    }


def _write_csv(path: Path, rows: pl.DataFrame, names: dict[str, str]) -> bool:
    """Writes the file to fill in, unless there is one with labels."""
    from sessions_pipeline.classifications.reference import read_reference, reference_columns
    from sessions_pipeline.sessions.archive import write_atomically

    if path.exists() and not read_reference(path).ratings.is_empty():
        return False
    text = io.StringIO(newline="")
    table = csv.writer(text)
    labels = reference_columns()
    table.writerow(["session_id", "pass", "month", "probability", "file", *labels])
    for session, month, probability in rows.select("session_id", "month", "probability").iter_rows():
        table.writerow([session, 1, f"{month:%Y-%m}", f"{probability:.6g}", names[session], *[""] * len(labels)])
    write_atomically(path, text.getvalue().encode())
    return True


def _write_transcripts(folder: Home, rows: pl.DataFrame, names: dict[str, str], transcripts: Transcripts) -> list[str]:
    """Writes each session's transcript under its name; returns the sessions without one."""
    from sessions_pipeline.sessions.archive import write_atomically

    missing = []
    for month in rows["month"].unique().sort():
        ids = rows.filter(month=month)["session_id"].to_list()
        found = {row["session_id"]: row["transcript"] for row in transcripts.of_sessions(month, ids).to_dicts()}
        for session in ids:
            if session in found:
                path = folder.private / FOLDER / "transcripts" / names[session]
                write_atomically(path, found[session].encode())
            else:
                missing.append(session)
    return missing


def remove_transcripts(private: Path, before: dt.date) -> None:
    """Removes the transcripts written for labelling of sessions that started before the month `before`."""
    for folder in (private / FOLDER / "transcripts").glob("????-??"):
        if dt.date.fromisoformat(f"{folder.name}-01") < before:
            shutil.rmtree(folder)


@gold.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@json_flag
@click.pass_obj
def load(home: Path | None, file: Path) -> None:
    """Read the labels of FILE, a filled-in file of `gold draw`, into the warehouse (labels.gold).

    A second reading of the same sessions has 2 in the column pass. Labels that were loaded before stay, unless FILE
    has another for the same session, pass and facet. What cannot be used is counted, named and left out. The next run
    puts the corrected estimates into the tables.
    """
    folder = state_folder(home)
    with errors():
        needs_warehouse(folder)
        from sessions_pipeline.analysis.gold import DRAWS, loaded
        from sessions_pipeline.classifications.reference import ReferenceFileError, read_reference
        from sessions_pipeline.state import State

        warehouse = State(home=str(folder.path)).warehouse
        try:
            reference = read_reference(file)
        except ReferenceFileError as error:
            stop(str(error), SOMETHING_MISSING)
        now = dt.datetime.now(dt.UTC).replace(tzinfo=None)
        found = loaded(reference, warehouse.read(DRAWS), now)
        _store(warehouse, found.rows)
    left_out = {"left_out": {what: list(places) for what, places in found.left_out.items()}}
    for what, places in found.left_out.items():
        click.echo(f"left out: {what}: {len(places)} ({_listed(places)})", err=True)
    if found.rows.is_empty():
        stop(f"{file} has no label of a session that was drawn; nothing to load.", NOTHING_TO_DO, left_out)
    sessions = found.rows["session_id"].n_unique()
    lines = [f"{found.rows.height} labels of {sessions} sessions loaded. They count from the next run on."]
    if found.unlabelled:
        lines.append(f"drawn, and without a label in the file: {len(found.unlabelled)} ({_listed(found.unlabelled)})")
    tell({"labels": found.rows.height, "sessions": sessions, "unlabelled": list(found.unlabelled), **left_out}, lines)
    if found.left_out or found.unlabelled:
        raise SystemExit(SOMETHING_MISSING)


def _store(warehouse: Warehouse, rows: pl.DataFrame) -> None:
    """Puts `rows` of labels.gold beside those that are there; the same session, pass and facet is replaced."""
    from sessions_pipeline.analysis.gold import GOLD

    months = rows["month"].unique().to_list()
    if months:
        kept = warehouse.read(GOLD, months).join(rows, on=["session_id", "pass_number", "facet"], how="anti")
        warehouse.replace_window(GOLD, kept.vstack(rows), months)


def _listed(places: Sequence[str]) -> str:
    more = f" and {len(places) - _NAMED} more" if len(places) > _NAMED else ""
    return ", ".join(places[:_NAMED]) + more

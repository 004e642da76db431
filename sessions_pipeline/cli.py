"""The command line: `sessions-pipeline`. Commands of more than a few lines have a module in `commands/`."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import click

from sessions_pipeline.commands.agreement import agreement
from sessions_pipeline.commands.export import export
from sessions_pipeline.commands.gold import gold, remove_transcripts
from sessions_pipeline.commands.running import demo, estimate, run
from sessions_pipeline.commands.shell import (
    NOTHING_TO_DO,
    Month,
    as_json,
    errors,
    json_flag,
    needs_warehouse,
    run_first,
    state_folder,
    stop,
    tell,
)
from sessions_pipeline.commands.simulate import simulate
from sessions_pipeline.commands.ui import ui


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.option(
    "--home",
    type=click.Path(path_type=Path, file_okay=False),
    help="State folder: warehouse, reports, settings, Dagster's storage. [default: $SESSIONS_HOME or .sessions]",
)
@click.version_option(package_name="sessions-pipeline")
@click.pass_context
def main(ctx: click.Context, home: Path | None) -> None:
    """How people work with coding agents, measured on your own logs.

    Turns agent logs into sessions, labels, aggregates and regressions, and writes a report that stands beside the
    figures published in June 2026. Nothing leaves this machine and no API key is needed, unless you choose
    --backend claude.

    \b
      sessions-pipeline demo                                   a first look, on synthetic logs
      sessions-pipeline run                                    your own logs in ~/.claude/projects
      sessions-pipeline run --source /logs --users folder      an organisation's, one folder per user
      sessions-pipeline run --source s3://logs --users us.csv  a bucket's, with patterns that say whose is whose
      sessions-pipeline ui                                     the same in the Dagster UI

    Exit codes: 0 all that was asked for is there; 1 something of it is missing; 2 there was nothing to do. For
    machines every command but ui takes --json: one JSON document on standard output, everything else apart.
    """
    ctx.obj = home


@main.command()
@json_flag
@click.pass_obj
def settings(home: Path | None) -> None:
    """Show the settings in force, where each comes from, and what is allowed."""
    from sessions_pipeline.config import describe_settings, load_settings

    folder = state_folder(home)
    with errors():
        rows = describe_settings(load_settings(folder.path))
    if as_json():
        import json

        tell({row.key: {"value": json.loads(row.value), "from": row.origin} for row in rows})
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(
        "setting", "value", "from", "meaning", "allowed", title=str(folder.settings_file), title_justify="left"
    )
    for row in rows:
        table.add_row(row.key, row.value, row.origin, row.meaning, row.allowed)
    Console().print(table, markup=False)


@main.command()
@json_flag
@click.pass_obj
def report(home: Path | None) -> None:
    """Say where the newest report is, and the page that lists all of them.

    The path of the newest is all that goes to standard output: open "$(sessions-pipeline report)".
    """
    folder = state_folder(home)
    month = folder.newest_vintage()
    if month is None:
        stop(f"there is no report in {folder.reports}. {run_first()}", NOTHING_TO_DO)
    tell(
        {"report": str(folder.report(month)), "index": str(folder.index), "month": f"{month:%Y-%m}"},
        [str(folder.report(month))],
    )
    if not as_json():
        click.echo(f"all reports: {folder.index}", err=True)


@main.command()
@click.argument("session")
@json_flag
@click.pass_obj
def explain(home: Path | None, session: str) -> None:
    """Show the labels of the rules backend for SESSION and the evidence behind each, never the text around it.

    SESSION is a session_id of core.sessions; its first characters will do.
    """
    folder = state_folder(home)
    with errors():
        needs_warehouse(folder)
        from sessions_pipeline.classifications.explain import explain_session
        from sessions_pipeline.state import State

        state = State(home=str(folder.path))
        try:
            answers = explain_session(state.warehouse.read("core.sessions"), state.transcripts, session)
        except LookupError as error:
            stop(str(error), NOTHING_TO_DO)
    tell(
        {answer.classifier: {"label": answer.label, "evidence": list(answer.evidence)} for answer in answers},
        [
            f"{answer.classifier}: {answer.label}  ({', '.join(answer.evidence) or 'no evidence: the default'})"
            for answer in answers
        ],
    )


@main.command()
@click.option(
    "--before", type=Month(), help="Remove transcripts of months before this one. [default: by the retention setting]"
)
@json_flag
@click.pass_obj
def purge(home: Path | None, before: dt.date | None) -> None:
    """Remove stored transcript text: rendered transcripts, the texts in the archive, postings written from them.

    Counts, labels and reports stay. Without --before the setting transcript_retention_days says what goes.
    """
    from sessions_pipeline.config import load_settings

    folder = state_folder(home)
    with errors():
        days = load_settings(folder.path).settings.transcript_retention_days
        if before is None and days is None:
            stop("nothing to remove: name a month with --before, or set transcript_retention_days.", NOTHING_TO_DO)
        limit = before or (dt.datetime.now(dt.UTC).date() - dt.timedelta(days=days or 0)).replace(day=1)
        from sessions_pipeline.sessions.archive import Archive
        from sessions_pipeline.sessions.purge import purge_before
        from sessions_pipeline.sessions.transcripts import Transcripts

        months, sessions = purge_before(Archive(folder.create().private), Transcripts(folder.private), limit)
        remove_transcripts(folder.private, limit)
        from sessions_pipeline.classifications.claude.store import FILE, Store

        if (folder.private / FILE).exists():
            Store(folder.private).forget_postings(limit)
    tell(
        {"before": f"{limit:%Y-%m}", "sessions": sessions, "months": months},
        [f"removed the text of {sessions} sessions that started before {limit:%Y-%m} ({months} months of transcripts)"],
    )


for _command in (demo, run, estimate, agreement, gold, export, simulate, ui):
    main.add_command(_command)

if __name__ == "__main__":
    main()

"""The commands that read logs: `demo`, `run` and `estimate`."""

from __future__ import annotations

import datetime as dt
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sessions_pipeline.commands.shell import (
    DEMO_HOME,
    NOTHING_TO_DO,
    SOMETHING_MISSING,
    Month,
    Progress,
    as_json,
    errors,
    json_flag,
    published,
    show_problems,
    state_folder,
    stop,
    tell,
    tell_published,
)
from sessions_pipeline.folders import Home

if TYPE_CHECKING:
    from sessions_pipeline.classifications.claude.estimate import EstimatedRow
    from sessions_pipeline.config import Settings
    from sessions_pipeline.sessions.ingest import Ingested

UNMAPPED_SHOWN = 5


@click.command()
@click.option("--sessions", type=click.IntRange(min=1), default=1500, show_default=True, help="Sessions to write.")
@click.option("--users", type=click.IntRange(min=1), default=300, show_default=True, help="Users to write.")
@click.option("--seed", default=20251001, show_default=True, help="Seed: the same seed gives the same logs.")
@json_flag
@click.pass_obj
def demo(home: Path | None, sessions: int, users: int, seed: int) -> None:
    """Write synthetic logs for October 2025 to April 2026, run everything on them, say where the report is.

    Uses a state folder of its own (.sessions-demo, unless --home names one), so that nothing made up ever mixes with
    your own sessions. The truth behind the logs lies beside them, in demo/truth.
    """
    from sessions_pipeline.config import save_settings

    folder = Home(home or DEMO_HOME)
    with errors():
        folder.create()
        from sessions_pipeline.simulate.logs import write_logs

        show = Progress()
        show.say(f"writing synthetic logs: {sessions} sessions of {users} users")
        from sessions_pipeline.progress import reporter

        write_logs(
            folder.demo,
            seed=seed,
            sessions=sessions,
            users=users,
            progress=reporter("writing logs", "sessions"),
        )
        save_settings(folder.path, {"sources": [str(folder.demo / "logs")], "users": "folder"})
        _run(folder, None, None, show)


@click.command()
@click.option(
    "--source",
    "sources",
    multiple=True,
    help="Folder with logs, or an address such as s3://bucket/logs; searched with all folders inside; may be given "
    "more than once. "
    "[default: as in settings.toml, at first ~/.claude/projects]",
)
@click.option(
    "--users",
    metavar="one|folder|FILE.csv",
    help="Whose logs they are: one person's, or the first folder under the source names the user, or a CSV file with "
    "the header pattern,user does: path patterns, the first that matches decides.",
)
@click.option("--from", "first", type=Month(), help="First month. [default: the first with logs]")
@click.option("--to", "last", type=Month(), help="Last month. [default: the last with logs]")
@click.option(
    "--backend", type=click.Choice(["rules", "claude", "distilled"]), help="Who labels the sessions. [default: rules]"
)
@click.option(
    "--max-cost",
    type=click.FloatRange(min=0),
    metavar="USD",
    help="US dollars that this run may spend on the claude backend. [default: max_cost_usd of the settings]",
)
@json_flag
@click.pass_obj
def run(
    home: Path | None,
    sources: tuple[str, ...],
    users: str | None,
    first: dt.date | None,
    last: dt.date | None,
    backend: str | None,
    max_cost: float | None,
) -> None:
    """Read logs, label, aggregate, estimate, and write the report.

    --source, --users and --backend are kept in settings.toml, so that the next run and the Dagster UI use them too.
    A second run reads only what changed. Sessions whose logs are gone since stay.
    """
    from sessions_pipeline.config import load_settings, save_settings

    folder = state_folder(home)
    with errors():
        folder.create()
        given = {"sources": list(sources) or None, "users": users, "backend": backend}
        wanted = load_settings(folder.path, given).settings
        from sessions_pipeline.sessions.users import user_rule

        user_rule(wanted.users)  # a wrong pattern file is not kept
        if wanted.backend == "claude":
            from sessions_pipeline.classifications.claude.client import NO_KEY, has_key

            if not has_key():
                stop(NO_KEY, SOMETHING_MISSING)
        if wanted.backend == "distilled":
            from sessions_pipeline.classifications.assets import training_of
            from sessions_pipeline.state import State

            if problem := training_of(State(home=str(folder.path))).problem():
                stop(problem, SOMETHING_MISSING)
        if max_cost is not None:
            # Holds for this process alone; the assets read the settings themselves.
            os.environ["SESSIONS_MAX_COST_USD"] = str(max_cost)
        save_settings(folder.path, {key: value for key, value in given.items() if value is not None})
        _run(folder, first, last, Progress())


@click.command()
@click.option("--from", "first", type=Month(), help="First month. [default: the first with logs]")
@click.option("--to", "last", type=Month(), help="Last month. [default: the last with logs]")
@json_flag
@click.pass_obj
def estimate(home: Path | None, first: dt.date | None, last: dt.date | None) -> None:
    """Say what labels by the claude backend would cost, per classifier and month. Nothing is sent.

    Reads the logs first, as `run` does. Costs are US dollars at the dated price list, in batches and direct, with the
    cache for what the questions about a session share, and without. Labels that are there cost nothing.
    """
    folder = state_folder(home)
    with errors():
        from sessions_pipeline import operate
        from sessions_pipeline.config import load_settings

        in_force = load_settings(folder.create().path).settings
        show = Progress()
        operate.prepare(folder)
        found = _ingest(folder, in_force, first, last, show)
        months, outcome = operate.count(folder, first, last, found.book, show.say)
        rows = operate.estimate(folder, months)
        show.close()
    show_problems(outcome)
    if as_json():
        tell({**_estimate_as_dict(rows), **_read(found), "failures": outcome.failures})
    else:
        _print_estimate(rows)
        for line in _estimate_in_words(rows, in_force):
            click.echo(line)
    if outcome.failures or found.problems or found.unmapped:
        raise SystemExit(SOMETHING_MISSING)


def _estimate_as_dict(rows: Sequence[EstimatedRow]) -> dict[str, Any]:
    from sessions_pipeline.classifications.claude.estimate import CHARS_PER_TOKEN, ERROR, as_dicts, totals
    from sessions_pipeline.sessions.prices import price_list

    return {
        "prices_of": str(price_list()[0]),
        "characters_per_token": CHARS_PER_TOKEN,
        "error": ERROR,
        "rows": as_dicts(rows),
        "totals": {name: round(value, 4) for name, value in totals(rows).items()},
    }


def _print_estimate(rows: Sequence[EstimatedRow]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("month", "classifier", "model", title="estimated cost, US dollars", title_justify="left")
    for name in ("to label", "known", "tokens in", "out", "batch", "no cache", "direct", "no cache"):
        table.add_column(name, justify="right")
    for row in rows:
        dollars = (row.batch, row.batch_uncached, row.direct, row.direct_uncached)
        counts = (row.sessions, row.known, row.input_tokens, row.output_tokens)
        table.add_row(
            row.month, row.classifier, row.model, *(f"{n:,}" for n in counts), *(f"{usd:,.2f}" for usd in dollars)
        )
    Console(width=None if sys.stdout.isatty() else 200).print(table, markup=False)


def _run(folder: Home, first: dt.date | None, last: dt.date | None, show: Progress) -> None:
    """Ingests, plans the months, runs, and ends the process with the right exit code if something is missing."""
    from sessions_pipeline import operate
    from sessions_pipeline.config import load_settings

    started = time.monotonic()
    settings = load_settings(folder.path).settings
    operate.prepare(folder)
    found = _ingest(folder, settings, first, last, show)

    def show_estimate(months: list[dt.date]) -> None:
        if settings.backend == "claude":
            for line in _estimate_in_words(operate.estimate(folder, months), settings):
                show.say(line)

    outcome = operate.run(folder, first, last, found.book, settings.window_months, show.say, show_estimate)
    show.close()
    show_problems(outcome)
    document = {**published(folder, outcome, time.monotonic() - started), **_read(found)}
    if not outcome.vintages and outcome.failures:
        stop("nothing was published; reports of earlier runs stay as they were.", SOMETHING_MISSING, document)
    if not outcome.vintages:
        stop(_no_sample(settings.rule_set), NOTHING_TO_DO, document)
    there = tell_published(document)
    if outcome.failures or found.problems or found.unmapped or not there:
        raise SystemExit(SOMETHING_MISSING)


def _read(found: Ingested) -> dict[str, Any]:
    """What was found under the sources, for machines."""
    return {
        "log_files": found.found,
        "log_files_read": found.read,
        "cannot_read": [{"place": place, "reason": reason} for place, reason in found.problems],
        "files_of_no_user": list(found.unmapped),
    }


def _ingest(folder: Home, settings: Settings, first: dt.date | None, last: dt.date | None, show: Progress) -> Ingested:
    """Reads what is new in the logs; ends the process if there is nothing from `first` to `last`."""
    from sessions_pipeline.operate import within
    from sessions_pipeline.sessions.archive import Archive
    from sessions_pipeline.sessions.ingest import ingest

    if first and last and first > last:
        stop(f"--from {first:%Y-%m} lies after --to {last:%Y-%m}.", NOTHING_TO_DO)
    show.say(f"looking for logs in {', '.join(settings.sources)}")
    found = ingest(Archive(folder.private), settings)
    for place, reason in found.problems:
        show.say(f"cannot read {place}: {reason}")
    show.say(f"{found.found} log files found, {found.read} of them new or changed")
    if found.unmapped:
        show.say(_unmapped(found.unmapped, settings.users))
    months = sorted(set(found.book.sessions["month"]))
    if not within(months, first, last):
        # A source that is not there holds nothing; one that cannot be listed may.
        unknown = len(found.problems) > len(found.absent)
        code = SOMETHING_MISSING if unknown else NOTHING_TO_DO
        stop(_nothing(found.found, bool(months), settings.sources, unknown), code, _read(found))
    return found


def _estimate_in_words(rows: Sequence[EstimatedRow], settings: Settings) -> list[str]:
    """What labelling will cost, in two or three lines."""
    from sessions_pipeline.classifications.claude.estimate import CHARS_PER_TOKEN, ERROR, totals
    from sessions_pipeline.sessions.prices import price_list

    total = totals(rows)
    limit = settings.max_cost_usd
    return [
        f"{total['labels']:,.0f} labels to ask, {total['known']:,.0f} known: about {total['input_tokens']:,.0f} tokens "
        f"in and {total['output_tokens']:,.0f} out, at {CHARS_PER_TOKEN} characters to a token (± {ERROR:.0%})",
        f"estimated cost in US dollars at the prices of {price_list()[0]}: in batches {total['batch']:,.2f} "
        f"({total['batch_uncached']:,.2f} if the cache never serves), direct {total['direct']:,.2f} "
        f"({total['direct_uncached']:,.2f}); api_mode is {settings.api_mode}",
        f"limit: {limit:,.2f} US dollars" if limit is not None else "no limit is set (--max-cost)",
    ]


def _no_sample(rule_set: str) -> str:
    return f"no session is in the sample of the rule set {rule_set}; core.attrition says which rule left out which."


def _unmapped(files: tuple[str, ...], users: str) -> str:
    few = ", ".join(files[:UNMAPPED_SHOWN]) + (" …" if len(files) > UNMAPPED_SHOWN else "")
    advice = (
        "They lie directly in the source; move each into a folder of its user"
        if users == "folder"
        else f"No pattern in {users} matches them; add one, with an empty user if they are nobody's"
    )
    return f"{len(files)} log files belong to no user, so that their sessions are left out: {few}. {advice}."


def _nothing(files: int, sessions_elsewhere: bool, sources: tuple[str, ...], unknown: bool) -> str:
    where = ", ".join(sources)
    if sessions_elsewhere:
        return "no session started in these months. Leave out --from and --to to see every month."
    if files:
        return f"none of the {files} .jsonl files under {where} holds a session of a format that is known."
    if unknown:
        return f"nothing could be read under {where}. Mend what is named above, or name another place with --source."
    return f"no .jsonl file under {where}. Name the folder that holds your agent's logs with --source."

"""The command line: reads flags, says what happens, chooses the exit code. Work is done in `operate`."""

from __future__ import annotations

import datetime as dt
import logging
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from sessions_pipeline.config import (
    Home,
    Settings,
    SettingsError,
    StoreError,
    default_home,
    describe_settings,
    load_settings,
    save_settings,
    unwritable,
)
from sessions_pipeline.months import parse_month

if TYPE_CHECKING:
    from sessions_pipeline.analysis.comparison import Comparison
    from sessions_pipeline.classifications.claude.estimate import EstimatedRow
    from sessions_pipeline.sessions.ingest import Ingested

NOTHING_TO_DO = 2
SOMETHING_MISSING = 1
DEMO_HOME = Path(".sessions-demo")
UNMAPPED_SHOWN = 5


class Month(click.ParamType):
    """A month written as YYYY-MM."""

    name = "YYYY-MM"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> dt.date:
        try:
            return value if isinstance(value, dt.date) else parse_month(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


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

    Exit codes: 0 all that was asked for is there; 1 something of it is missing; 2 there was nothing to do.
    """
    ctx.obj = home


@main.command()
@click.option("--sessions", default=700, show_default=True, help="Sessions to write.")
@click.option("--users", default=120, show_default=True, help="Users to write.")
@click.option("--seed", default=20251001, show_default=True, help="Seed: the same seed gives the same logs.")
@click.pass_obj
def demo(home: Path | None, sessions: int, users: int, seed: int) -> None:
    """Write synthetic logs for October 2025 to April 2026, run everything on them, say where the report is.

    Uses a state folder of its own (.sessions-demo, unless --home names one), so that nothing made up ever mixes with
    your own sessions. The truth behind the logs lies beside them, in demo/truth.
    """
    folder = Home(home or DEMO_HOME)
    with _errors():
        folder.create()
        from sessions_pipeline.simulate.logs import write_logs

        show = _Progress()
        show.say(f"writing synthetic logs: {sessions} sessions of {users} users")
        from sessions_pipeline.progress import reporter

        write_logs(
            folder.path / "demo",
            seed=seed,
            sessions=sessions,
            users=users,
            progress=reporter("writing logs", "sessions"),
        )
        save_settings(folder.path, {"sources": [str(folder.path / "demo" / "logs")], "users": "folder"})
        _run(folder, None, None, show)


@main.command()
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
    folder = _folder(home)
    with _errors():
        folder.create()
        given = {"sources": list(sources) or None, "users": users, "backend": backend}
        wanted = load_settings(folder.path, given).settings
        from sessions_pipeline.sessions.users import user_rule

        user_rule(wanted.users)  # a wrong pattern file is not kept
        if wanted.backend == "claude":
            from sessions_pipeline.classifications.claude.client import NO_KEY, has_key

            if not has_key():
                _stop(NO_KEY, SOMETHING_MISSING)
        if max_cost is not None:
            # Holds for this process alone; the assets read the settings themselves.
            os.environ["SESSIONS_MAX_COST_USD"] = str(max_cost)
        save_settings(folder.path, {key: value for key, value in given.items() if value is not None})
        _run(folder, first, last, _Progress())


@main.command()
@click.option("--from", "first", type=Month(), help="First month. [default: the first with logs]")
@click.option("--to", "last", type=Month(), help="Last month. [default: the last with logs]")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_obj
def estimate(home: Path | None, first: dt.date | None, last: dt.date | None, as_json: bool) -> None:
    """Say what labels by the claude backend would cost, per classifier and month. Nothing is sent.

    Reads the logs first, as `run` does. Costs are US dollars at the dated price list, in batches and direct, with the
    cache for what the questions about a session share, and without. Labels that are there cost nothing.
    """
    folder = _folder(home)
    with _errors():
        from sessions_pipeline import operate

        in_force = load_settings(folder.create().path).settings
        show = _Progress()
        operate.prepare(folder)
        found = _ingest(folder, in_force, first, last, show)
        months, outcome = operate.count(folder, first, last, found.book, show.say)
        rows = operate.estimate(folder, months)
        show.close()
    for line in outcome.failures:
        click.echo(f"failed: {line}", err=True)
    if as_json:
        click.echo(_estimate_as_json(rows))
    else:
        _print_estimate(rows)
        for line in _estimate_in_words(rows, in_force):
            click.echo(line)
    if outcome.failures or found.problems or found.unmapped:
        raise SystemExit(SOMETHING_MISSING)


def _estimate_as_json(rows: Sequence[EstimatedRow]) -> str:
    import json

    from sessions_pipeline.classifications.claude.estimate import CHARS_PER_TOKEN, ERROR, as_dicts, totals
    from sessions_pipeline.sessions.prices import price_list

    told = {
        "prices_of": str(price_list()[0]),
        "characters_per_token": CHARS_PER_TOKEN,
        "error": ERROR,
        "rows": as_dicts(rows),
        "totals": {name: round(value, 4) for name, value in totals(rows).items()},
    }
    return json.dumps(told, indent=2)


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


@main.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_obj
def settings(home: Path | None, as_json: bool) -> None:
    """Show the settings in force, where each comes from, and what is allowed."""
    folder = _folder(home)
    with _errors():
        rows = describe_settings(load_settings(folder.path))
    if as_json:
        import json

        click.echo(
            json.dumps({row.key: {"value": json.loads(row.value), "from": row.origin} for row in rows}, indent=2)
        )
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
@click.pass_obj
def report(home: Path | None) -> None:
    """Say where the newest report is."""
    folder = _folder(home)
    found = sorted(folder.reports.glob("report-*.html"))
    if not found:
        _stop(f"there is no report in {folder.reports}. Run `sessions-pipeline run` first.", NOTHING_TO_DO)
    click.echo(found[-1])


@main.command()
@click.argument("session")
@click.pass_obj
def explain(home: Path | None, session: str) -> None:
    """Show the labels of the rules backend for SESSION and the evidence behind each, never the text around it.

    SESSION is a session_id of core.sessions; its first characters will do.
    """
    folder = _folder(home)
    with _errors():
        if not folder.warehouse.exists():
            _stop(f"there is no warehouse in {folder.path}. Run `sessions-pipeline run` first.", NOTHING_TO_DO)
        from sessions_pipeline.classifications.explain import explain_session
        from sessions_pipeline.state import State

        state = State(home=str(folder.path))
        try:
            answers = explain_session(state.warehouse.read("core.sessions"), state.transcripts, session)
        except LookupError as error:
            _stop(str(error), NOTHING_TO_DO)
    for answer in answers:
        click.echo(f"{answer.classifier}: {answer.label}  ({', '.join(answer.evidence) or 'no evidence: the default'})")


@main.command()
@click.option(
    "--labels",
    type=click.Path(path_type=Path, dir_okay=False),
    help="CSV file of reference labels. [default: the setting reference_labels]",
)
@click.option("--json", "as_json", is_flag=True, help="As JSON, with intervals, confusion matrices and base rates.")
@click.pass_obj
def agreement(home: Path | None, labels: Path | None, as_json: bool) -> None:
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
      file, confidence, month, user
                         not read

    What is not known (columns, labels, sessions) is counted, named and left out. --labels is kept in settings.toml, so
    that later runs put the agreement into analysis.agreement and the report. Nothing is suppressed here.
    """
    folder = _folder(home)
    with _errors():
        if not folder.warehouse.exists():
            _stop(f"there is no warehouse in {folder.path}. Run `sessions-pipeline run` first.", NOTHING_TO_DO)
        if labels is not None:
            save_settings(folder.path, {"reference_labels": str(labels.expanduser().absolute())})
        path = load_settings(folder.path).settings.reference_labels
        if path is None:
            _stop("there are no reference labels: name their file with --labels.", NOTHING_TO_DO)
        from sessions_pipeline.analysis.comparison import compare_with
        from sessions_pipeline.classifications.reference import ReferenceFileError, read_reference
        from sessions_pipeline.state import State

        warehouse = State(home=str(folder.path)).warehouse
        try:
            reference = read_reference(path)
        except ReferenceFileError as error:
            _stop(str(error), SOMETHING_MISSING)
        found = compare_with(reference, warehouse.read("core.sessions"), warehouse.read("labels.classifications"))
    for line in found.left_out_lines():
        click.echo(f"left out: {line}", err=True)
    if not found.sessions:
        _stop("no session of the file has a label in the warehouse; nothing to compare.", NOTHING_TO_DO)
    if as_json:
        import json

        click.echo(json.dumps(found.as_json(), indent=2))
    else:
        _show_agreement(found)
    if found.missing:
        _stop(
            "no labels to compare: " + ", ".join(f"{rater} {facet}" for rater, facet in found.missing),
            SOMETHING_MISSING,
        )


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


@main.command()
@click.option(
    "--before", type=Month(), help="Remove transcripts of months before this one. [default: by the retention setting]"
)
@click.pass_obj
def purge(home: Path | None, before: dt.date | None) -> None:
    """Remove stored transcript text: rendered transcripts, the texts in the archive, postings written from them.

    Counts, labels and reports stay. Without --before the setting transcript_retention_days says what goes.
    """
    folder = _folder(home)
    with _errors():
        days = load_settings(folder.path).settings.transcript_retention_days
        if before is None and days is None:
            _stop("nothing to remove: name a month with --before, or set transcript_retention_days.", NOTHING_TO_DO)
        limit = before or (dt.datetime.now(dt.UTC).date() - dt.timedelta(days=days or 0)).replace(day=1)
        from sessions_pipeline.sessions.archive import Archive
        from sessions_pipeline.sessions.purge import purge_before
        from sessions_pipeline.sessions.transcripts import Transcripts

        months, sessions = purge_before(Archive(folder.create().private), Transcripts(folder.private), limit)
        from sessions_pipeline.classifications.claude.store import FILE, Store

        if (folder.private / FILE).exists():
            Store(folder.private).forget_postings(limit)
    click.echo(
        f"removed the text of {sessions} sessions that started before {limit:%Y-%m} ({months} months of transcripts)"
    )


@main.command()
@click.option("--port", default=3000, show_default=True, help="Port on this machine.")
@click.pass_obj
def ui(home: Path | None, port: int) -> None:
    """Open the Dagster web UI, with its daemon, on the state folder.

    Schedules are off until they are switched on in the UI. Stop with Ctrl-C.
    """
    folder = Home(home) if home else _home_in_use()
    with _errors():
        from sessions_pipeline.operate import prepare

        prepare(folder)
        load_settings(folder.path)
    click.echo(f"state folder {folder.path}; the UI opens on http://127.0.0.1:{port} in some seconds (Ctrl-C stops it)")
    command = [sys.executable, "-m", "dagster", "dev", "-h", "127.0.0.1", "-p", str(port)]
    # This process becomes Dagster's, so that Ctrl-C and signals reach it.
    os.chdir(folder.dagster)
    os.execv(sys.executable, [*command, "-m", "sessions_pipeline.definitions"])


def _folder(home: Path | None) -> Home:
    """The state folder that --home names, else the default."""
    return Home(home) if home else default_home()


def _home_in_use() -> Home:
    """The default state folder, or the demo's while there is no other."""
    folder = default_home()
    return Home(DEMO_HOME) if not folder.warehouse.exists() and Home(DEMO_HOME).warehouse.exists() else folder


def _run(folder: Home, first: dt.date | None, last: dt.date | None, show: _Progress) -> None:
    """Ingests, plans the months, runs, and ends the process with the right exit code if something is missing."""
    from sessions_pipeline import operate

    started = time.monotonic()
    settings = load_settings(folder.path).settings
    operate.prepare(folder)
    if settings.backend == "distilled":
        from sessions_pipeline.classifications.assets import training_of
        from sessions_pipeline.state import State

        if problem := training_of(State(home=str(folder.path))).problem():
            _stop(problem, SOMETHING_MISSING)
    found = _ingest(folder, settings, first, last, show)

    def show_estimate(months: list[dt.date]) -> None:
        if settings.backend == "claude":
            for line in _estimate_in_words(operate.estimate(folder, months), settings):
                show.say(line)

    outcome = operate.run(folder, first, last, found.book, settings.window_months, show.say, show_estimate)
    show.close()
    for line in outcome.warnings:
        click.echo(f"warning: {line}", err=True)
    for line in outcome.failures:
        click.echo(f"failed: {line}", err=True)
    if not outcome.vintages and outcome.failures:
        _stop("nothing was published; reports of earlier runs stay as they were.", SOMETHING_MISSING)
    if not outcome.vintages:
        _stop(_no_sample(settings.rule_set), NOTHING_TO_DO)
    written = folder.report(outcome.vintages[-1])
    if written.exists():
        click.echo(f"report: {written}  ({time.monotonic() - started:.0f} s)")
    if outcome.failures or found.problems or found.unmapped or not written.exists():
        raise SystemExit(SOMETHING_MISSING)


def _ingest(folder: Home, settings: Settings, first: dt.date | None, last: dt.date | None, show: _Progress) -> Ingested:
    """Reads what is new in the logs; ends the process if there is nothing from `first` to `last`."""
    from sessions_pipeline.operate import within
    from sessions_pipeline.sessions.archive import Archive
    from sessions_pipeline.sessions.ingest import ingest

    if first and last and first > last:
        _stop(f"--from {first:%Y-%m} lies after --to {last:%Y-%m}.", NOTHING_TO_DO)
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
        _stop(_nothing(found.found, bool(months), settings.sources), code)
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


def _nothing(files: int, sessions_elsewhere: bool, sources: tuple[str, ...]) -> str:
    where = ", ".join(sources)
    if sessions_elsewhere:
        return "no session started in these months. Leave out --from and --to to see every month."
    if files:
        return f"none of the {files} .jsonl files under {where} holds a session of a format that is known."
    return f"no .jsonl file under {where}. Name the folder that holds your agent's logs with --source."


def _stop(message: str, code: int) -> NoReturn:
    click.echo(message, err=True)
    raise SystemExit(code)


class _errors:  # noqa: N801 (used as a statement)
    """Turns errors that a person can mend into their message and exit code 1."""

    def __enter__(self) -> None:
        handler = logging.StreamHandler()
        handler.setFormatter(_OneLine())
        logging.basicConfig(level=logging.WARNING, handlers=[handler])

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, Exception) and (message := _mendable(error)):
            _stop(message, SOMETHING_MISSING)


class _OneLine(logging.Formatter):
    """The first line of a message: libraries log the stack of what ends as one of our messages anyway."""

    def format(self, record: logging.LogRecord) -> str:
        return next(iter(record.getMessage().splitlines()), "")


def _mendable(error: Exception) -> str | None:
    """What to say of an error that a person can mend; None of one that is a fault of this program."""
    import sqlite3

    if isinstance(error, SettingsError) or type(error).__name__ in ("WarehouseError", "WarehouseBusyError"):
        return str(error)
    cause: BaseException = error
    while cause.__cause__ and not isinstance(cause, StoreError):
        cause = cause.__cause__
    if isinstance(cause, StoreError):
        return str(cause)
    if isinstance(cause, OSError) and not isinstance(cause, BrokenPipeError):
        return unwritable(str(cause.filename or "the state folder"), cause.strerror or str(cause))
    if isinstance(cause, sqlite3.OperationalError):
        return unwritable("Dagster's storage in the state folder", str(cause))
    return None


class _Progress(logging.Handler):
    """Shows stages and the progress of long work: a moving bar on a terminal, plain lines elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

        self.console = Console(stderr=True, highlight=False)
        self.bar: Progress | None = None
        if self.console.is_terminal:
            columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
            self.bar = Progress(*columns, console=self.console, transient=True)
            self.bar.start()
        logger = logging.getLogger("sessions_pipeline.progress")
        logger.setLevel(logging.INFO)
        logger.propagate = False
        logger.handlers = [self]

    def say(self, line: str) -> None:
        """A line of its own."""
        self.console.print(line, markup=False, soft_wrap=True)

    def emit(self, record: logging.LogRecord) -> None:
        """Moves the bar; elsewhere lines come from `say` alone."""
        if self.bar is None:
            return
        work, done, total = (getattr(record, name) for name in ("work", "done", "total"))
        task = next((task for task in self.bar.tasks if task.description == work), None)
        task_id = task.id if task else self.bar.add_task(work, total=total)
        self.bar.update(task_id, completed=done, total=total, visible=done < total)

    def close(self) -> None:
        """Ends the bar."""
        if self.bar is not None:
            self.bar.stop()
        super().close()


if __name__ == "__main__":
    main()

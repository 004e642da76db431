"""What the commands share: exit codes, months, the state folder, words or JSON, errors in one line, progress."""

from __future__ import annotations

import datetime as dt
import json
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from sessions_pipeline.folders import Home, SettingsError, StoreError, default_home, unwritable
from sessions_pipeline.months import parse_month

if TYPE_CHECKING:
    from sessions_pipeline.operate import Outcome

NOTHING_TO_DO = 2
SOMETHING_MISSING = 1
DEMO_HOME = Path(".sessions-demo")


class Month(click.ParamType):
    """A month written as YYYY-MM."""

    name = "YYYY-MM"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> dt.date:
        try:
            return value if isinstance(value, dt.date) else parse_month(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


def state_folder(home: Path | None) -> Home:
    """The state folder that --home names, else the default."""
    return Home(home) if home else default_home()


def home_in_use() -> Home:
    """The default state folder, or the demo's while there is no other."""
    folder = default_home()
    return Home(DEMO_HOME) if not folder.warehouse.exists() and Home(DEMO_HOME).warehouse.exists() else folder


def _remember(context: click.Context, _: click.Parameter, value: bool) -> None:
    context.meta[_AS_JSON] = value


_AS_JSON = f"{__name__}.as_json"
# Not handed to the command: `tell` and `stop` look for it, so that no way out of a command can forget it.
json_flag = click.option(
    "--json",
    is_flag=True,
    expose_value=False,
    callback=_remember,
    help="Print one JSON document, also where there is nothing to do or something fails (key error); all other words "
    "go to standard error.",
)


def as_json() -> bool:
    """Whether the command that runs was given --json."""
    context = click.get_current_context(silent=True)
    return bool(context and context.meta.get(_AS_JSON))


def tell(document: Mapping[str, Any], lines: Sequence[str] = ()) -> None:
    """What came of a command, on standard output: `document` with --json, else `lines`. Once in a command."""
    click.echo(json.dumps(document, indent=2) if as_json() else "\n".join(lines))


def run_first() -> str:
    """What to do where nothing has been made yet; after a demo, how to name the demo's state folder."""
    demo = f", or name the demo's state folder with --home {DEMO_HOME}" if Home(DEMO_HOME).warehouse.exists() else ""
    return f"Run `sessions-pipeline run` first{demo}."


def needs_warehouse(folder: Home) -> None:
    """Ends the process where nothing has been counted in `folder` yet."""
    if not folder.warehouse.exists():
        stop(f"there is no warehouse in {folder.path}. {run_first()}", NOTHING_TO_DO)


def stop(message: str, code: int, known: Mapping[str, Any] | None = None) -> NoReturn:
    """Ends the process with `message` on standard error and exit code `code`.

    known: what to say beside the message with --json.
    """
    click.echo(message, err=True)
    if as_json():
        tell({"error": message, **(known or {})})
    raise SystemExit(code)


def show_problems(outcome: Outcome) -> None:
    """Warnings and failures of a run, a line each."""
    for line in outcome.warnings:
        click.echo(f"warning: {line}", err=True)
    for line in outcome.failures:
        click.echo(f"failed: {line}", err=True)


def published(folder: Home, outcome: Outcome, seconds: float) -> dict[str, Any]:
    """What a run made: its newest report (None if it is not there), the index of all, the vintages, what failed."""
    report = folder.report(outcome.vintages[-1]) if outcome.vintages else None
    return {
        "report": str(report) if report and report.exists() else None,
        "index": str(folder.index),
        "vintages": [f"{month:%Y-%m}" for month in outcome.vintages],
        "failures": outcome.failures,
        "warnings": outcome.warnings,
        "seconds": round(seconds, 1),
    }


def tell_published(document: Mapping[str, Any]) -> bool:
    """Says where the reports of a run are; whether they are there. document: `published`, and what else is known."""
    there = document["report"] is not None
    lines = [f"report: {document['report']}  ({document['seconds']:.0f} s)", f"all reports: {document['index']}"]
    if there or as_json():
        tell(document, lines)
    return there


class errors:  # noqa: N801 (used as a statement)
    """Turns errors that a person can mend into their message and exit code 1."""

    def __enter__(self) -> None:
        handler = logging.StreamHandler()
        handler.setFormatter(_OneLine())
        logging.basicConfig(level=logging.WARNING, handlers=[handler])

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, Exception) and (message := _mendable(error)):
            stop(message, SOMETHING_MISSING)


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


class Progress(logging.Handler):
    """Shows stages and the progress of long work: a moving bar on a terminal, plain lines elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        from rich.console import Console
        from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as Bar

        self.console = Console(stderr=True, highlight=False)
        self.bar: Bar | None = None
        if self.console.is_terminal:
            columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
            self.bar = Bar(*columns, console=self.console, transient=True)
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

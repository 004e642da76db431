"""What the commands share: exit codes, months as arguments, the state folder, errors in one line, progress."""

from __future__ import annotations

import datetime as dt
import logging
from pathlib import Path
from typing import NoReturn

import click

from sessions_pipeline.folders import Home, SettingsError, StoreError, default_home, unwritable
from sessions_pipeline.months import parse_month

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


def stop(message: str, code: int) -> NoReturn:
    """Ends the process with `message` on standard error and exit code `code`."""
    click.echo(message, err=True)
    raise SystemExit(code)


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

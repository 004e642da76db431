"""The command line in a test: in the test's own process, which spares seconds of imports, or in one of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
from click.testing import CliRunner

from sessions_pipeline.cli import main

_OURS = ("SESSIONS_", "DAGSTER_")


@dataclass(frozen=True)
class Ended:
    """What a command said and its exit code."""

    returncode: int
    stdout: str
    stderr: str


def clean() -> dict[str, str]:
    """This environment without the user's own settings."""
    return {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}


def cli(home: Path, *arguments: str, **environment: str) -> Ended:
    """Runs the command in this process, with this state folder; what it sets in the environment ends with it.

    Raises what the command does not turn into a message.
    """
    before = dict(os.environ)
    given = {**clean(), **environment}
    try:
        os.environ.clear()
        os.environ.update(given)
        done = CliRunner().invoke(main, ["--home", str(home), *arguments])
    finally:
        os.environ.clear()
        os.environ.update(before)
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return Ended(done.exit_code, done.stdout, done.stderr)


def command(home: Path, *arguments: str) -> list[str]:
    """The command as a process of its own."""
    return [sys.executable, "-m", "sessions_pipeline.cli", "--home", str(home), *arguments]


def process(home: Path, *arguments: str, under: tuple[str, ...] = ()) -> Ended:
    """Runs the command in a process of its own. under: words before the command."""
    words = [*under, *command(home, *arguments)]
    done = subprocess.run(words, capture_output=True, text=True, env=clean(), check=False, timeout=1200)
    return Ended(done.returncode, done.stdout, done.stderr)


def dump(home: Path) -> dict[str, list[Any]]:
    """Every table's rows."""
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as connection:
        tables = connection.execute(
            "select schema_name || '.' || table_name from duckdb_tables() where schema_name <> 'main' order by all"
        ).fetchall()
        return {name: connection.execute(f"select * from {name} order by all").fetchall() for (name,) in tables}

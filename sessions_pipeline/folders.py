"""The state folder, folders and addresses, and the errors about them that a person can mend.

What is configured is in `config.py`. Nothing heavy is imported here: every worker and every command pays for it.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sessions_pipeline.months import parse_month

HOME_VARIABLE = "SESSIONS_HOME"
FILE = "settings.toml"
# Name of a report; its month is YYYY-MM.
REPORT = re.compile(r"report-(\d{4}-(?:0[1-9]|1[0-2]))\.html")


class SettingsError(ValueError):
    """A setting or the state folder is not usable. The message names key, place, value and what is allowed."""


class StoreError(OSError):
    """A file of the state folder cannot be written or used. The message says what to do; what was stored is intact."""


def unwritable(what: str, reason: str) -> str:
    """The message for `what` that cannot be written."""
    return (
        f"cannot write {what}: {reason}. What was stored before is intact. Check that the disk has room and that you "
        f"may write there, or name another state folder with --home; then run again."
    )


def is_url(source: str) -> bool:
    """Whether a source is an address rather than a folder of this machine."""
    return "://" in source


@dataclass(frozen=True)
class Home:
    """Layout of the state folder. path: made absolute, so that a later change of directory cannot move it."""

    path: Path

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", Path(self.path).expanduser().absolute())

    @property
    def warehouse(self) -> Path:
        """DuckDB file with all tables."""
        return self.path / "warehouse.duckdb"

    @property
    def private(self) -> Path:
        """Transcripts and the secret of the keyed hashes; for the owner only."""
        return self.path / "private"

    @property
    def reports(self) -> Path:
        """Finished reports and exports."""
        return self.path / "reports"

    def report(self, month: dt.date) -> Path:
        """The report of vintage `month`."""
        return self.reports / f"report-{month:%Y-%m}.html"

    @property
    def demo(self) -> Path:
        """Synthetic logs of `demo`, in `logs`, and the truth behind them."""
        return self.path / "demo"

    @property
    def index(self) -> Path:
        """The page that lists all reports."""
        return self.reports / "index.html"

    def newest_vintage(self) -> dt.date | None:
        """The newest month with a report; None if there is none."""
        named = (REPORT.fullmatch(path.name) for path in self.reports.glob("report-*.html"))
        return max((parse_month(name[1]) for name in named if name), default=None)

    def figures(self, month: dt.date) -> Path:
        """Folder with the figures of vintage `month`."""
        return self.reports / "figures" / f"{month:%Y-%m}"

    @property
    def dagster(self) -> Path:
        """Dagster's own storage: what DAGSTER_HOME names."""
        return self.path / "dagster"

    @property
    def settings_file(self) -> Path:
        """The settings of this state folder."""
        return self.path / FILE

    def create(self) -> Home:
        """Makes the folders that are missing, `private` with mode 0700; returns itself.

        A new state folder gets mode 0700; one that was there keeps its own. A .gitignore of everything goes into an
        empty state folder only: `--home .` must not hide somebody's project from git.
        Raises SettingsError where the folder cannot be made or written.
        """
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not any(self.path.iterdir()):
                replace_file(self.path / ".gitignore", "*\n")
            for folder in (self.private, self.reports, self.dagster):
                folder.mkdir(exist_ok=True)
            self.private.chmod(0o700)
        except OSError as error:
            raise SettingsError(self._unusable(error.strerror or str(error))) from error
        if not os.access(self.path, os.W_OK | os.X_OK):
            raise SettingsError(self._unusable("it is read-only"))
        return self

    def _unusable(self, reason: str) -> str:
        return (
            f"cannot use {self.path} as state folder: {reason}. "
            f"Name a folder that you can write to with --home DIR or ${HOME_VARIABLE}."
        )


def default_home(environ: Mapping[str, str] = os.environ) -> Home:
    """The state folder where none is named: $SESSIONS_HOME, else `.sessions` in the current directory."""
    return Home(Path(environ.get(HOME_VARIABLE) or ".sessions"))


def replace_file(file: Path, text: str) -> None:
    """Puts `text` in the place of `file` atomically; the mode of the old file stays, a new one gets 0600."""
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        if file.exists():
            temporary.chmod(file.stat().st_mode & 0o777)
        temporary.replace(file)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            temporary.unlink()
        raise

"""From the sources to the archive's ledger: the first step of every run, and free of cost when nothing changed."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from sessions_pipeline.config import Settings
from sessions_pipeline.progress import reporter
from sessions_pipeline.sessions.archive import Archive, find_log_files
from sessions_pipeline.sessions.build import Ledger, ledger


@dataclass(frozen=True)
class Ingested:
    """found: log files there now. read: of these, new or changed. problems: path and reason of what cannot be read."""

    found: int
    read: int
    problems: tuple[tuple[Path, str], ...]
    book: Ledger


def ingest(archive: Archive, settings: Settings) -> Ingested:
    """Reads what is new in the sources into `archive`.

    Every file is looked at whichever months are asked for, because a file's months are known only once it is read.
    """
    files, problems = find_log_files(settings.sources, settings.users)
    report = archive.sync(files, int(time.time() * 1000), reporter("reading logs", "bytes"))
    return Ingested(len(files), report.read, (*problems, *report.unreadable), ledger(archive))

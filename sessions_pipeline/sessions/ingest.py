"""From the sources to the archive's ledger: the first step of every run, and free of cost when nothing changed."""

from __future__ import annotations

import time
from dataclasses import dataclass

from sessions_pipeline.config import Settings
from sessions_pipeline.progress import reporter
from sessions_pipeline.sessions.archive import Archive
from sessions_pipeline.sessions.build import Ledger, ledger
from sessions_pipeline.sessions.places import follow_users, remember
from sessions_pipeline.sessions.tree import Problem, find_log_files
from sessions_pipeline.sessions.users import user_rule


@dataclass(frozen=True)
class Ingested:
    """found: log files there now. read: of these, new or changed. problems: what cannot be listed or read, and why.

    absent: sources that are not there, among the problems too. unmapped: files of which the users' rule says nothing.
    """

    found: int
    read: int
    problems: tuple[Problem, ...]
    absent: tuple[str, ...]
    unmapped: tuple[str, ...]
    book: Ledger


def ingest(archive: Archive, settings: Settings) -> Ingested:
    """Reads what is new in the sources into `archive`.

    Every file is looked at whichever months are asked for, because a file's months are known only once it is read.
    Raises SettingsError where the users' file or the driver of a source cannot be used.
    """
    user_of = user_rule(settings.users)
    tree = find_log_files(settings.sources, user_of)
    follow_users(archive, remember(archive, tree.files), user_of)
    report = archive.sync(tree.files, int(time.time() * 1000), reporter("reading logs", "bytes"))
    found = len(tree.files)
    # The ledger takes the room that these leave: there are as many headers as files.
    tree.files.clear()
    return Ingested(
        found=found,
        read=report.read,
        problems=(*tree.problems, *report.unreadable),
        absent=tuple(tree.absent),
        unmapped=tuple(tree.unmapped),
        book=ledger(archive),
    )

"""Reads a folder of logs as the pipeline does, for tests."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from sessions_pipeline.schemas import polars_schema, validate
from sessions_pipeline.sessions.add_up import Way
from sessions_pipeline.sessions.archive import Archive
from sessions_pipeline.sessions.build import Built, Ledger, build_sessions, ledger, rejected_lines, session_files
from sessions_pipeline.sessions.places import follow_users, remember
from sessions_pipeline.sessions.transcripts import Transcripts
from sessions_pipeline.sessions.tree import find_log_files
from sessions_pipeline.sessions.users import user_rule

# Columns that depend on the secret of the state folder.
KEYED = ["user_key", "project_key"]
NOW_MS = 1_790_000_000_000  # 2026-09


@dataclass
class Read:
    """Everything that one reading of a tree gives."""

    book: Ledger
    sessions: pl.DataFrame
    model_use: pl.DataFrame
    transcripts: dict[str, str]
    files: pl.DataFrame
    rejected: pl.DataFrame
    unreadable: tuple[tuple[str, str], ...]

    def only(self) -> dict[str, Any]:
        """The row of the only session."""
        return self.sessions.row(0, named=True) if self.sessions.height == 1 else self._not_one()

    def session(self, session_id: str) -> dict[str, Any]:
        """The row of one session."""
        return self.sessions.filter(pl.col("session_id") == session_id).row(0, named=True)

    def transcript(self) -> str:
        """The only transcript."""
        (text,) = self.transcripts.values()
        return text

    def _not_one(self) -> dict[str, Any]:
        raise AssertionError(f"{self.sessions.height} sessions: {self.sessions['session_id'].to_list()}")


def read(source: Path | str, private: Path, *, users: str = "one", rule_set: str = "study") -> Read:
    """Syncs `source` into the archive under `private` and builds all months."""
    archive, user_of = Archive(private), user_rule(users)
    found = find_log_files([source], user_of)
    follow_users(archive, remember(archive, found.files), user_of)
    report = archive.sync(found.files, NOW_MS)
    book = ledger(archive)
    empty = pl.DataFrame(schema=polars_schema("core.sessions"))
    no_use = pl.DataFrame(schema=polars_schema("core.model_use"))
    store, way = Transcripts(private), Way(rule_set, turn_chars=5000, transcript_chars=25000)
    built = build_sessions(archive, book, book.months(), known=Built(empty, no_use), transcripts=store, way=way)
    # Without log_digest, which tells what was read, not what it adds up to: see test_build.
    sessions = validate("core.sessions", built.sessions).sort("session_id").drop("log_digest")
    model_use = validate("core.model_use", built.model_use)
    transcripts = {row[0]: row[1] for month in book.months() for row in store.read(month).iter_rows()}
    files = validate("raw.session_files", session_files(book, book.months()))
    rejected = validate("raw.rejected_lines", rejected_lines(book, book.months()))
    return Read(book, sessions, model_use, transcripts, files, rejected, (*found.problems, *report.unreadable))

"""Reads a folder of logs as the pipeline does, for tests."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from sessions_pipeline.schemas import polars_schema, validate
from sessions_pipeline.sessions.archive import Archive, find_log_files
from sessions_pipeline.sessions.build import Ledger, build_sessions, ledger, rejected_lines, session_files

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
    unreadable: tuple[tuple[Path, str], ...]

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


def read(source: Path, private: Path, *, users: str = "one", rule_set: str = "study") -> Read:
    """Syncs `source` into the archive under `private` and builds all months."""
    archive = Archive(private)
    report = archive.sync(find_log_files([source], users)[0], NOW_MS)
    book = ledger(archive)
    empty = pl.DataFrame(schema=polars_schema("core.sessions"))
    built = [
        build_sessions(archive, book, month, known=empty, rule_set=rule_set, turn_chars=5000, transcript_chars=25000)
        for month in book.months()
    ]
    sessions = validate("core.sessions", pl.concat([empty, *(month.sessions for month in built)])).sort("session_id")
    transcripts = {row[0]: row[1] for month in built for row in month.transcripts.iter_rows()}
    files = validate("raw.session_files", session_files(book, book.months()))
    rejected = validate("raw.rejected_lines", rejected_lines(book, book.months()))
    none = pl.DataFrame(schema=polars_schema("core.model_use"))
    model_use = validate("core.model_use", pl.concat([none, *(month.model_use for month in built)]))
    return Read(book, sessions, model_use, transcripts, files, rejected, report.unreadable)

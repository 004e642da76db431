"""Rendered transcripts, one Parquet file a month under `private/transcripts/`, readable by the owner only."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Collection
from pathlib import Path

import msgspec
import polars as pl

from sessions_pipeline.sessions.archive import write_atomically

# A reader of some of them need not hold all, nor the writer prepare all at once: 25 kB each.
_ROWS_IN_GROUP = 64
SCHEMA = {"session_id": pl.String, "transcript": pl.String, "opening": pl.String}


class Transcripts:
    """The transcripts of eligible sessions, in the owner-only folder `private`."""

    def __init__(self, private: Path) -> None:
        self.folder = private / "transcripts"

    def write(self, month: dt.date, frame: pl.DataFrame) -> None:
        """Replaces the transcripts of `month` (columns of SCHEMA) at once; an empty frame removes them."""
        if frame.is_empty():
            self.path(month).unlink(missing_ok=True)
            return
        buffer = io.BytesIO()
        frame.write_parquet(buffer, row_group_size=_ROWS_IN_GROUP)
        write_atomically(self.path(month), buffer.getvalue())

    def read(self, month: dt.date) -> pl.DataFrame:
        """The transcripts of `month`; empty if there are none."""
        return pl.read_parquet(self.path(month)) if self.path(month).exists() else pl.DataFrame(schema=SCHEMA)

    def ids(self, month: dt.date) -> pl.Series:
        """session_id of every transcript of `month`."""
        path = self.path(month)
        frame = pl.read_parquet(path, columns=["session_id"]) if path.exists() else pl.DataFrame(schema=SCHEMA)
        return frame["session_id"]

    def of_sessions(self, month: dt.date, session_ids: Collection[str]) -> pl.DataFrame:
        """The transcripts of `month` that belong to `session_ids`, without holding the others in memory."""
        if not self.path(month).exists():
            return pl.DataFrame(schema=SCHEMA)
        return pl.scan_parquet(self.path(month)).filter(pl.col("session_id").is_in(list(session_ids))).collect()

    def purged(self, month: dt.date) -> set[str]:
        """session_id of the sessions of `month` whose text was purged: no transcript of them can be made again."""
        path = self._purged(month)
        return msgspec.msgpack.decode(path.read_bytes(), type=set[str]) if path.exists() else set()

    def note_purged(self, month: dt.date, session_ids: set[str]) -> None:
        """Replaces what `purged` says of `month`."""
        if session_ids != self.purged(month):
            write_atomically(self._purged(month), msgspec.msgpack.encode(sorted(session_ids)))

    def months(self) -> list[dt.date]:
        """Months with transcripts, ascending."""
        return sorted(dt.date.fromisoformat(f"{path.stem}-01") for path in self.folder.glob("????-??.parquet"))

    def path(self, month: dt.date) -> Path:
        """Where the transcripts of `month` lie."""
        return self.folder / f"{month:%Y-%m}.parquet"

    def _purged(self, month: dt.date) -> Path:
        return self.folder / f"{month:%Y-%m}.purged"

"""Turns the archive into the rows of `raw.session_files`, `raw.rejected_lines` and `core.sessions`, and transcripts.

Ownership is decided over all files (cheap: one record per line); entries are decoded and added up only for the
sessions of the months asked for.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import msgspec
import polars as pl

from sessions_pipeline.months import FIRST_MONTH
from sessions_pipeline.schemas import polars_schema
from sessions_pipeline.sessions.archive import Archive, Header
from sessions_pipeline.sessions.assemble import Assembled, OwnEntry, assemble
from sessions_pipeline.sessions.eligibility import exclusion
from sessions_pipeline.sessions.ownership import INDEX_SCHEMA, owned
from sessions_pipeline.sessions.transcripts import SCHEMA
from sessions_pipeline.sources.model import FileContents

_FILES_IN_MEMORY = 64
_TRANSCRIPT_COLUMNS = ("transcript_chars", "transcript_truncated", "transcript_sha256")


@dataclass(frozen=True)
class Ledger:
    """Who owns what, over the whole archive.

    headers: one per file; their position is the `file` of the other frames. own: index rows that count.
    sessions: session, month, first_file (the file that the session starts in). files: one row per file with its role.
    """

    headers: list[Header]
    own: pl.DataFrame
    sessions: pl.DataFrame
    files: pl.DataFrame

    def months(self) -> list[dt.date]:
        """Months with at least one session or file, ascending."""
        return sorted({*self.sessions["month"], *self.files["month"]})


def ledger(archive: Archive) -> Ledger:
    """Reads the index of every file and decides ownership, months and roles."""
    headers = archive.headers()
    index = _index(archive, headers)
    own = owned(index)
    sessions = _session_months(own)
    return Ledger(headers, own, sessions, _files(headers, index, own, sessions))


class Built(NamedTuple):
    """Rows of a month: `core.sessions`, transcripts of the eligible ones (`transcripts.SCHEMA`), `core.model_use`."""

    sessions: pl.DataFrame
    transcripts: pl.DataFrame
    model_use: pl.DataFrame


def session_files(book: Ledger, months: Collection[dt.date]) -> pl.DataFrame:
    """Rows of `raw.session_files` for `months`."""
    columns = list(polars_schema("raw.session_files"))
    return book.files.filter(pl.col("month").is_in(list(months))).select(columns).sort("file_key")


def rejected_lines(book: Ledger, months: Collection[dt.date]) -> pl.DataFrame:
    """Rows of `raw.rejected_lines` for `months`."""
    month_of = dict(zip(book.files["file_key"], book.files["month"], strict=True))
    rows = [
        (header.file_key, month_of[header.file_key], rejected.line, rejected.reason)
        for header in book.headers
        for rejected in header.rejected
        if month_of[header.file_key] in months
    ]
    return pl.DataFrame(rows, schema=polars_schema("raw.rejected_lines"), orient="row").sort("file_key", "line_number")


def build_sessions(
    archive: Archive,
    book: Ledger,
    month: dt.date,
    *,
    known: pl.DataFrame,
    rule_set: str,
    turn_chars: int,
    transcript_chars: int,
    progress: Callable[[int, int], None] | None = None,
) -> Built:
    """The sessions that start in `month`.

    known: the month's rows so far; a session whose text was purged keeps what is known of its transcript.
    progress: called with sessions done and sessions to do.
    """
    of_transcript = {row[0]: row[1:] for row in known.select("session_id", *_TRANSCRIPT_COLUMNS).iter_rows()}
    wanted = book.sessions.filter(pl.col("month") == month)
    rows, texts, model_use = [], [], []
    for done, own in enumerate(_own_entries(archive, book, wanted), start=1):
        session = assemble(own, turn_chars, transcript_chars)
        rule = exclusion(session.row, rule_set)
        row = {**session.row, "is_eligible": rule is None, "exclusion": rule}
        purged = any(item.entry.purged for item in own)
        if purged and row["session_id"] in of_transcript:
            row.update(zip(_TRANSCRIPT_COLUMNS, of_transcript[row["session_id"]], strict=True))
        rows.append(row)
        model_use += session.model_use
        if rule is None and not purged:
            texts.append(_transcript_row(session))
        if progress:
            progress(done, wanted.height)
    return Built(
        pl.DataFrame(rows, schema=polars_schema("core.sessions"), orient="row").sort("session_id"),
        pl.DataFrame(texts, schema=SCHEMA, orient="row").sort("session_id"),
        pl.DataFrame(model_use, schema=polars_schema("core.model_use"), orient="row").sort("session_id", "model"),
    )


def _transcript_row(session: Assembled) -> tuple[object, str, str]:
    return session.row["session_id"], session.transcript.text, session.opening


def _index(archive: Archive, headers: list[Header]) -> pl.DataFrame:
    frames = []
    for position, header in enumerate(headers):
        records = archive.index(header)
        if len(records):
            columns = {name: records[name] for name in records.dtype.names or ()}
            frames.append(
                pl.DataFrame(columns).with_columns(
                    pl.lit(position, pl.UInt32).alias("file"),
                    pl.int_range(pl.len(), dtype=pl.UInt32).alias("position"),
                    pl.lit(header.mtime_ns, pl.Int64).alias("written"),
                    pl.lit(int(header.digest[:16], 16), pl.UInt64).alias("content"),
                )
            )
    empty = pl.DataFrame(schema=INDEX_SCHEMA)
    return pl.concat([empty, *(frame.select(list(INDEX_SCHEMA)).cast(INDEX_SCHEMA) for frame in frames)])  # type: ignore[arg-type]


def _month(milliseconds: pl.Expr) -> pl.Expr:
    return pl.from_epoch(milliseconds, time_unit="ms").dt.date().dt.month_start()


def _session_months(own: pl.DataFrame) -> pl.DataFrame:
    """session, month, first_file: where the earliest line lies, of the main thread if there is one."""
    # As in `assemble`: the main thread says when a session starts, since the program's own agents may run before it.
    main = pl.col("at").filter(pl.col("timed") & ~pl.col("sidechain"))
    start = pl.coalesce(main.min(), pl.col("at").filter(pl.col("timed")).min(), pl.col("at").min())
    ordered = own.sort("sidechain", "at", "line", "key")
    return ordered.group_by("session", maintain_order=True).agg(
        _month(start).alias("month"), pl.col("file").first().alias("first_file")
    )


def _files(headers: list[Header], index: pl.DataFrame, own: pl.DataFrame, sessions: pl.DataFrame) -> pl.DataFrame:
    by_file = own.join(sessions, on="session").sort("position")
    owned_part = by_file.group_by("file").agg(
        pl.len().alias("owned"),
        pl.col("session").n_unique().cast(pl.Int64).alias("sessions"),
        pl.col("month").first().alias("month_of_first"),
        pl.col("month").min().alias("first_month"),
        pl.col("month").max().alias("last_month"),
        pl.col("month").filter(pl.col("first_file") == pl.col("file")).min().alias("month_as_session"),
        pl.col("sidechain").all().alias("sidechain_only"),
    )
    first_time = index.group_by("file").agg(_month(pl.col("at").min()).alias("month_of_lines"))
    known = pl.DataFrame(
        [_file_row(position, header) for position, header in enumerate(headers)],
        schema={
            "file": pl.UInt32,
            "file_key": pl.String,
            "source": pl.String,
            "bytes": pl.Int64,
            "mtime_ns": pl.Int64,
            "digest": pl.String,
            "lines": pl.Int64,
            "lines_rejected": pl.Int64,
            "entries": pl.Int64,
            "lines_kept": pl.Int64,
            "ingested_at": pl.Datetime("us"),
            "month_of_change": pl.Date,
        },
        orient="row",
    )
    joined = known.join(owned_part, on="file", how="left").join(first_time, on="file", how="left")
    role = (
        pl.when(pl.col("entries") == 0)
        .then(pl.lit("no_session"))
        .when(pl.col("owned").is_null())
        .then(pl.lit("repeat"))
        .when(pl.col("month_as_session").is_not_null())
        .then(pl.lit("session"))
        .when(pl.col("sidechain_only"))
        .then(pl.lit("subagent"))
        .otherwise(pl.lit("continuation"))
    )
    return joined.with_columns(
        role.alias("role"),
        pl.coalesce("month_as_session", "month_of_first", "month_of_lines", "month_of_change").alias("month"),
        pl.col("sessions").fill_null(0),
        (pl.col("lines") - pl.col("lines_rejected") - pl.col("entries") + pl.col("lines_kept")).alias("lines_outside"),
        (pl.col("entries") - pl.col("owned").fill_null(0)).cast(pl.Int64).alias("lines_copied"),
    )


def _file_row(position: int, header: Header) -> tuple[object, ...]:
    read = dt.datetime.fromtimestamp(header.ingested_at_ms / 1000, dt.UTC).replace(tzinfo=None)
    changed = dt.datetime.fromtimestamp(max(header.mtime_ns, 0) / 1e9, dt.UTC).replace(tzinfo=None)
    month = max(min(changed, read).date().replace(day=1), FIRST_MONTH)
    return (
        position,
        header.file_key,
        header.harness,
        header.bytes,
        header.mtime_ns,
        header.digest,
        header.lines,
        sum(rejected.line > 0 for rejected in header.rejected),
        header.entries,
        header.kept,
        read,
        read.date().replace(day=1) if header.mtime_ns < 0 else month,
    )


def _own_entries(archive: Archive, book: Ledger, wanted: pl.DataFrame) -> Iterator[list[OwnEntry]]:
    """The entries of each wanted session, sessions of one file after another."""

    @lru_cache(maxsize=_FILES_IN_MEMORY)
    def contents(position: int) -> FileContents:
        return archive.contents(book.headers[position].file_key)

    grouped = (
        book.own.join(wanted, on="session", how="inner")
        .group_by("session")
        .agg(pl.col("first_file").first(), pl.col("file"), pl.col("position"))
        .sort("first_file", "session")
    )
    told = book.own.drop_nulls("told_by_file").select("file", "position", "told_by_file", "told_by_position")
    told_by = {(file, position): place for file, position, *place in told.iter_rows()}
    for files, positions in grouped.select("file", "position").iter_rows():
        own = []
        for file, position in zip(files, positions, strict=True):
            held, header = contents(file), book.headers[file]
            entry = held.entries[position]
            if (file, position) in told_by:
                other, place = told_by[file, position]
                entry = msgspec.structs.replace(entry, usage=contents(other).entries[place].usage)
            own.append(OwnEntry(entry, held.contexts[entry.context], header.user_key, held.harness))
        yield own

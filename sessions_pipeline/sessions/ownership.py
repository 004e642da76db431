"""Decides which copy of a line counts, and which line tells a response's tokens, over all files at once.

Resumed, forked, compacted and sub-agent files repeat lines. A line's id is the same in every copy, but older
versions rewrite its session and time: only the earliest copy tells the truth. A side-chain replay repeats a response
under new line ids. So:

1. of the copies of a line (same id), the one that is not a side-chain counts, then the earliest, then the one of the
   session that ended first (a fork that rewrites the session but keeps the times goes on where the original stopped),
   then the one in the file that was written first;
2. of the threads in which a response appears (same message id), the main thread counts, then the one with more
   tokens, then the earliest, then the one of the session that ended first;
3. a copy may hold the tokens that the line itself was written too early to know: the tokens of a response are those
   of its line with the most, over all copies that are a side-chain as the thread that counts is one, or not.

A line belongs to the session of the copy that counts. Of equal copies the one counts whose file holds fewer sessions
(not the fork), then more lines (not an earlier state of the file). Then ties break on contents: never on file names,
and never on hashes, which differ from one state folder to the next. Between sessions they break alike for all lines.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import polars as pl

INDEX_SCHEMA = {
    "file": pl.UInt32,  # position of the file in the caller's list
    "position": pl.UInt32,  # position of the entry in its file
    "key": pl.UInt64,
    "session": pl.UInt64,
    "agent": pl.UInt64,
    "message": pl.UInt64,  # 0: not part of a response
    "at": pl.Int64,
    "line": pl.UInt32,
    "sidechain": pl.Boolean,
    "timed": pl.Boolean,
    "tokens": pl.Int64,
}
FILES_SCHEMA = {
    "file": pl.UInt32,
    "written": pl.Int64,  # when the file was last changed, nanoseconds since 1970
    "content": pl.UInt64,  # digest of the file, for ties
}
_DECIDING = [name for name in INDEX_SCHEMA if name not in ("line", "timed")]
_PLACE = ["file", "position"]
# What is asked of lines is asked of so many at a time: frames of all lines took several times the memory of the rest.
_LINES_AT_A_TIME = 1 << 16
_THREAD = ["message", "session", "agent", "sidechain"]
_TOLD = {"row": pl.Int64, "told_by_file": pl.UInt32, "told_by_position": pl.UInt32}
# Odd numbers without a pattern: two threads of a response get the same 64 bits with a probability of 2^-64.
_MIX_SESSION, _MIX_AGENT = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F)


class Index(NamedTuple):
    """One row per entry. records: the columns of INDEX_SCHEMA but the first two, which are the other two arrays."""

    records: np.ndarray
    file: np.ndarray
    position: np.ndarray

    def frame(self, rows: slice | np.ndarray, columns: list[str]) -> pl.DataFrame:
        """Some columns of some rows."""
        places = {"file": self.file, "position": self.position}
        values = {name: places[name] if name in places else self.records[name] for name in columns}
        return pl.DataFrame({name: np.ascontiguousarray(each[rows]) for name, each in values.items()})

    def slices(self) -> Iterator[slice]:
        """All rows, so many at a time that no file is divided whose rows stand together."""
        bounds = [*(np.flatnonzero(np.diff(self.file)) + 1).tolist(), len(self.file)]
        first = 0
        for start, following in pairwise(bounds):
            if following - first > _LINES_AT_A_TIME:
                yield slice(first, start)
                first = start
        yield slice(first, len(self.file))


class Owned(NamedTuple):
    """counts: for each row of the index, whether it counts.

    told: one row for each response whose tokens are told by a line that does not count: `row` is the row of the index
    of one of its lines that do, `told_by_file` and `told_by_position` name the line that tells.
    """

    counts: np.ndarray
    told: pl.DataFrame


def owned(index: Index, files: pl.DataFrame) -> Owned:
    """Which rows of `index` count.

    files: columns of FILES_SCHEMA, one row for each file of the index.
    """
    # Most lines have no copy and most responses one thread. Only the others are gathered and put in order.
    counts = ~_tangled(index)
    tangled = np.flatnonzero(~counts)
    spans = _spans(index)
    sessions = _sessions(spans, files)
    files = files.join(
        spans.group_by("file").agg(
            pl.col("session").n_unique().alias("sessions_in_file"), pl.col("lines").sum().alias("lines_in_file")
        ),
        on="file",
    )
    for rows in _divided(tangled, index.records["key"]):
        counts[_first_copies(_known_of(index, rows, files), sessions)] = True
    told = []
    for rows in _divided(tangled[index.records["message"][tangled] != 0], index.records["message"]):
        known = _known_of(index, rows, files)
        copies, lines = _split(known, pl.Series(counts[known["row"].to_numpy()]))
        repeated = _repeated_threads(lines, sessions)
        replays, kept = (lines.join(repeated, on=_THREAD, how=how) for how in ("semi", "anti"))
        counts[replays["row"].to_numpy()] = False
        told.append(_told_by(pl.concat([copies, replays]), kept))
    return Owned(counts, pl.concat(told) if told else pl.DataFrame(schema=_TOLD))


def _divided(rows: np.ndarray, hashes: np.ndarray) -> Iterator[np.ndarray]:
    """`rows` in parts of about _LINES_AT_A_TIME, those of one hash in the same part."""
    parts = -(-len(rows) // _LINES_AT_A_TIME)
    part = hashes[rows] % np.uint64(max(parts, 1))
    for number in range(parts):
        yield rows[part == number]


def _known_of(index: Index, rows: np.ndarray, files: pl.DataFrame) -> pl.DataFrame:
    """What decides about these rows of the index, in any order: `row`, their columns, what is known of their files."""
    return index.frame(rows, _DECIDING).with_columns(row=rows).join(files, on="file")


def _tangled(index: Index) -> np.ndarray:
    """Whether a line has a copy, or is part of a response that has one, or that appears in several threads.

    In sorted order, where neighbours tell: polars' hash tables took three times the memory.
    """
    records = index.records
    copied = np.zeros(len(records), bool)
    if not len(records):
        return copied
    order = np.argsort(records["key"])
    same = np.diff(records["key"][order]) == 0
    copied[order[1:][same]] = copied[order[:-1][same]] = True
    with np.errstate(over="ignore"):
        thread = (records["session"] * _MIX_SESSION + records["agent"]) * _MIX_AGENT
        thread += records["sidechain"]
    message = records["message"]
    order = np.argsort(message)
    same = np.diff(message[order]) == 0
    of_line = copied[order]
    of_line[1:] |= same & (np.diff(thread[order]) != 0)
    starts = np.flatnonzero(np.concatenate([[True], ~same]))
    of_response = np.logical_or.reduceat(of_line, starts)
    tangled = np.empty_like(copied)
    tangled[order] = np.repeat(of_response, np.diff(starts, append=len(order)))
    return copied | (tangled & (message != 0))


def _split(frame: pl.DataFrame, condition: pl.Expr | pl.Series) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows that do not meet the condition, and those that do."""
    met = frame.select(condition).to_series()
    return frame.filter(~met), frame.filter(met)


def _spans(index: Index) -> pl.DataFrame:
    """One row per session and file, or more: `start`, `end` and number of `lines` that the file has of the session."""
    found = [
        index.frame(rows, ["session", "file", "at"])
        .group_by("session", "file")
        .agg(pl.col("at").min().alias("start"), pl.col("at").max().alias("end"), pl.len().alias("lines"))
        for rows in index.slices()
    ]
    return pl.concat(found)


def _sessions(spans: pl.DataFrame, files: pl.DataFrame) -> pl.DataFrame:
    """One row per session: `session_end`, and `session_order` by its end, its start and what its files hold."""
    sessions = (
        spans.join(files, on="file")
        .group_by("session")
        .agg(pl.col("end").max().alias("session_end"), pl.col("start").min(), pl.col("content").min())
    )
    order = pl.struct("session_end", "start", "content").rank("dense").alias("session_order")
    return sessions.select("session", "session_end", order)


def _first_copies(lines: pl.DataFrame, sessions: pl.DataFrame) -> np.ndarray:
    """One `row` per line of `lines`, which hold all copies of it."""
    order = ["sidechain", "at", "session_end", "written", "session_order", "sessions_in_file", "lines_in_file"]
    ties = ["content", "position", "file"]
    alone, copied = _split(lines, pl.col("key").is_duplicated())
    first = (
        copied.join(sessions, on="session")
        .sort(order + ties, descending=[name == "lines_in_file" for name in order + ties])
        .unique("key", keep="first", maintain_order=True)
    )
    return pl.concat([alone["row"], first["row"]]).to_numpy()


def _repeated_threads(lines: pl.DataFrame, sessions: pl.DataFrame) -> pl.DataFrame:
    """The threads (_THREAD) whose part in a response is a replay of another thread's. lines: all are of responses."""
    threads = (
        lines.lazy()
        .group_by(_THREAD)
        .agg(
            pl.col("tokens").max(),
            pl.col("at").min(),
            pl.col("content").min(),
            pl.col("position").sort_by("content", "position").first(),
        )
        .filter(pl.col("message").is_duplicated())
        .collect()
    )
    order = ["sidechain", "tokens", "at", "session_order", "content", "position"]
    winners = (
        threads.join(sessions, on="session")
        .sort(order, descending=[name == "tokens" for name in order])
        .unique("message", keep="first", maintain_order=True)
    )
    return threads.join(winners, on=_THREAD, how="anti").select(_THREAD)


def _told_by(others: pl.DataFrame, kept: pl.DataFrame) -> pl.DataFrame:
    """Row of one of a response's lines in `kept`, and place of the line of `others` that has more tokens than any.

    others: lines of responses that do not count.
    """
    order = ["tokens", "at", "content", "position"]
    best = others.sort(order, descending=[name == "tokens" for name in order]).unique(
        ["message", "sidechain"], keep="first", maintain_order=True
    )
    told = best.select("message", "sidechain", "tokens", *(pl.col(name).alias(f"told_by_{name}") for name in _PLACE))
    return (
        kept.filter(pl.col("message").is_in(told["message"].unique().implode()))
        .join(told, on=["message", "sidechain"], suffix="_told")
        .filter(pl.col("tokens").max().over("message") < pl.col("tokens_told"))
        .sort("at", "content", "position")
        .unique("message", keep="first", maintain_order=True)
        .select("row", "told_by_file", "told_by_position")
    )

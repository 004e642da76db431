"""Decides which copy of a line counts, over all files at once.

Resumed, forked, compacted and sub-agent files repeat lines. A line's id is the same in every copy, but older
versions rewrite its session and time: only the earliest copy tells the truth. A side-chain replay repeats a response
under new line ids. So:

1. of the copies of a line (same id), the one that is not a side-chain counts, then the earliest, then the one of the
   session that ended first (a fork that rewrites the session but keeps the times goes on where the original stopped),
   then the one in the file that was written first;
2. of the threads in which a response appears (same message id), the main thread counts, then the one with more
   tokens, then the earliest.

A line belongs to the session of the copy that counts. Of equal copies the one counts whose file holds fewer sessions
(not the fork), then more lines (not an earlier state of the file); then ties break on contents, never on file names.
"""

from __future__ import annotations

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
    "written": pl.Int64,  # when the file was last changed, nanoseconds since 1970
    "content": pl.UInt64,  # digest of the file, for ties
}


def owned(index: pl.DataFrame) -> pl.DataFrame:
    """The rows of `index` (columns of INDEX_SCHEMA, one per entry) that count."""
    ranked = index.with_columns(
        pl.col("at").max().over("session").alias("session_end"),
        pl.col("session").n_unique().over("file").alias("sessions_in_file"),
        pl.len().over("file").cast(pl.Int64).neg().alias("fewer_lines"),
    )
    copies = ["sidechain", "at", "session_end", "written", "session"]
    ties = ["sessions_in_file", "fewer_lines", "content", "position"]
    order = [*copies, *ties]
    lines = ranked.sort(order).unique("key", keep="first", maintain_order=True).select(index.columns)
    responses = lines.filter(pl.col("message") != 0)
    thread = ["message", "session", "agent", "sidechain"]
    winners = (
        responses.group_by(thread)
        .agg(pl.col("tokens").max(), pl.col("at").min())
        .sort("sidechain", "tokens", "at", "session", "agent", descending=[False, True, False, False, False])
        .unique("message", keep="first", maintain_order=True)
    )
    kept = responses.join(winners.select(thread), on=thread, how="semi")
    return pl.concat([lines.filter(pl.col("message") == 0), kept])

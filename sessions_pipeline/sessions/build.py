"""Turns the archive into the rows of `raw.session_files`, `raw.rejected_lines` and `core.sessions`, and transcripts.

Ownership is decided over all files (cheap: one record per line); entries are decoded and added up only for the
sessions of the months asked for.
"""

from __future__ import annotations

import datetime as dt
from array import array
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np
import polars as pl
from xxhash import xxh3_64_hexdigest, xxh3_64_intdigest

from sessions_pipeline.months import FIRST_MONTH
from sessions_pipeline.schemas import polars_schema
from sessions_pipeline.sessions.add_up import Located, Summed, Told, Way, add_up
from sessions_pipeline.sessions.archive import Archive, Header
from sessions_pipeline.sessions.ownership import FILES_SCHEMA, Index, Owned, owned
from sessions_pipeline.sessions.places import places
from sessions_pipeline.sessions.processes import workers
from sessions_pipeline.sessions.transcripts import SCHEMA, Transcripts

# Starting the workers takes as long as two of them save with this many to add up.
_PARALLEL_ENTRIES = 40_000
_SESSIONS_IN_BATCH = 16
# Odd numbers without a pattern: they spread the digests of a session's lines over 64 bits before these are summed.
_MIX_FILE, _MIX_LINE = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F)
# As the headers have them; of no files at all, polars could not tell.
_OF_HEADERS = {
    **dict.fromkeys(("file_key", "harness", "digest"), pl.String),
    **dict.fromkeys(("bytes", "mtime_ns", "lines", "entries", "kept", "ingested_at_ms"), pl.Int64),
}
_OF_OWN = ["file", "position", "key", "session", "at", "line", "sidechain", "timed"]
_TRANSCRIPT_COLUMNS = ("transcript_chars", "transcript_truncated", "transcript_sha256")


@dataclass(frozen=True)
class Ledger:
    """Who owns what, over the whole archive.

    headers: one per file; their position is the `file` of the other frames. own: one row per session and file, with
    the positions in the file of the session's entries that count. told: session, file and position of those of them
    whose tokens another entry tells, which told_by_file and told_by_position name.
    sessions: session, month, first_file (the file that the session starts in), user_key, lines (digest of its lines).
    files: one row per file with its role.
    """

    headers: list[Header]
    own: pl.DataFrame
    told: pl.DataFrame
    sessions: pl.DataFrame
    files: pl.DataFrame

    def months(self) -> list[dt.date]:
        """Months with at least one session or file, ascending."""
        return sorted({*self.sessions["month"], *self.files["month"]})

    def digests(self) -> dict[dt.date, str]:
        """Month -> digest of its sessions' lines and users and of its files. Reading them again changes none."""
        of_file = session_files(self, ()).drop("month", "ingested_at", "mtime_ns").columns
        found = dict.fromkeys(self.months(), "")
        for frame, columns in ((self.sessions, ["session", "user_key", "lines"]), (self.files, of_file)):
            rows = frame.select("month", pl.struct(columns).hash().alias("row")).group_by("month")
            for month, count, digest in rows.agg(pl.len(), pl.col("row").bitwise_xor().alias("digest")).iter_rows():
                found[month] += f"{count} {digest} "
        return found

    def months_that_differ(self, files: pl.DataFrame, sessions: pl.DataFrame, way: Way) -> list[dt.date]:
        """Months whose rows would change if they were counted now, ascending.

        files: `raw.session_files`; sessions: month and log_digest of `core.sessions`; both of all months.
        """
        counted = self.sessions.with_columns(_log_digest(way)).select("month", "log_digest")
        found = session_files(self, self.months()).drop("ingested_at", "mtime_ns")
        differ: set[dt.date] = set()
        for now, before in ((counted, sessions.select(counted.columns)), (found, files.select(found.columns))):
            for one, other in ((now, before), (before, now)):
                differ.update(one.join(other, on=one.columns, how="anti", nulls_equal=True)["month"])
        return sorted(differ)


def ledger(archive: Archive) -> Ledger:
    """Reads the index of every file and decides ownership, months and roles."""
    headers, records = archive.index()
    index = _index(headers, records)
    files = _file_times(headers)
    decided = owned(index, files)
    parts, first = _parts_of_sessions(index, decided, files, headers)
    known = places(archive)
    there = [header.file_key in known and known[header.file_key].there for header in headers]
    sessions = _with_user(_sessions(parts, first), index, headers, there)
    told, row = decided.told, decided.told["row"].to_numpy()
    return Ledger(
        headers,
        parts.select("session", "file", "position"),
        index.frame(row, ["session", "file", "position"]).hstack(told.drop("row")),
        sessions,
        _files(headers, _first_times(headers, index), parts, sessions),
    )


class Built(NamedTuple):
    """Rows of `core.sessions` and `core.model_use`."""

    sessions: pl.DataFrame
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
    months: Sequence[dt.date],
    *,
    known: Built,
    transcripts: Transcripts,
    way: Way,
    progress: Callable[[int, int], None] | None = None,
) -> Built:
    """The sessions that start in `months`; only those whose lines changed are added up again.

    known: the months' rows so far, of core.model_use at least those of these sessions; a session whose text was
    purged keeps what is known of its transcript.
    transcripts: brought up to date, month by month. progress: called with sessions done and sessions to do.
    """
    wanted = book.sessions.filter(pl.col("month").is_in(list(months))).with_columns(_log_digest(way))
    hashes = pl.Series("session", [archive.hash64(name) for name in known.sessions["session_id"]], pl.UInt64)
    usable = known.sessions.with_columns(hashes).join(wanted, on=["session", "month", "log_digest"], how="semi")
    kept = _with_text(usable, transcripts, months)
    parts, told = _parts(book, wanted.join(kept, on="session", how="anti")), _told(book)
    entries, todo, done, nothing = int(parts["entries"].sum()), parts.height, 0, parts.clear()
    of_month = parts.partition_by("month", as_dict=True)
    del parts  # with the positions of all lines
    stay = kept.partition_by("month", as_dict=True)
    before = known.sessions.partition_by("month", as_dict=True)
    built = [Built(*(frame.join(kept, on="session_id", how="semi") for frame in known))]
    with workers(worth_it=entries > _PARALLEL_ENTRIES) as each:
        for month in months:
            here = of_month.pop((month,), nothing)
            batches = [_batch(book, slice_, told) for slice_ in here.iter_slices(_SESSIONS_IN_BATCH)]
            new, texts = list[Summed](), [pl.DataFrame(schema=SCHEMA)]
            for summed in each(partial(add_up, archive.private, way=way), batches):
                # Texts as a frame at once, before the next ones come: as objects of Python they take far more memory.
                texts.append(_texts(summed))
                new += [one._replace(text=None) for one in summed]
                done += len(summed)
                if progress:
                    progress(done, todo)
            were, stays = before.get((month,), known.sessions.clear()), stay.get((month,), kept.clear())
            if new or stays.height < were.height:
                added = list(zip(new, here["log_digest"].to_list(), strict=True))
                built.append(_month(month, were, stays, added, pl.concat(texts), transcripts))
    sessions, model_use = (pl.concat(frames) for frames in zip(*built, strict=True))
    return Built(sessions.sort("month", "session_id"), model_use.sort("month", "session_id", "model"))


def _log_digest(way: Way) -> pl.Expr:
    """Digest of a session's lines and of the way they are added up."""
    known = pl.concat_str(pl.col("lines"), pl.col("user_key"), pl.lit(way.digest()), separator=" ")
    return known.map_elements(lambda text: xxh3_64_hexdigest(text.encode()), pl.String).alias("log_digest")


def _with_text(rows: pl.DataFrame, transcripts: Transcripts, months: Sequence[dt.date]) -> pl.DataFrame:
    """The rows whose transcript is there, where there should be one and none was purged."""
    held = [{"month": month, "session_id": [*transcripts.ids(month), *transcripts.purged(month)]} for month in months]
    texts = pl.DataFrame(held, schema={"month": pl.Date, "session_id": pl.List(pl.String)}).explode("session_id")
    with_text = rows.join(texts, on=["month", "session_id"], how="semi")
    return pl.concat([with_text, rows.filter(~pl.col("is_eligible")).join(with_text, on="session_id", how="anti")])


def _texts(summed: Sequence[Summed]) -> pl.DataFrame:
    """The transcripts of these sessions, as they are stored."""
    rows = [(one.row["session_id"], *one.text) for one in summed if one.text]
    as_bytes = {"session_id": pl.String, "transcript": pl.Binary, "opening": pl.Binary}
    return pl.DataFrame(rows, schema=as_bytes, orient="row").cast(SCHEMA)  # type: ignore[arg-type]


def _month(
    month: dt.date,
    before: pl.DataFrame,
    kept: pl.DataFrame,
    new: Sequence[tuple[Summed, str]],
    texts: pl.DataFrame,
    transcripts: Transcripts,
) -> Built:
    """The rows of the month's new sessions, with the digests of their logs; writes the transcripts of the month.

    before: its rows so far, of core.sessions. kept: those of them that stay. new, texts: sessions that were added up,
    with their digests, and their transcripts.
    """
    of_transcript = {row[0]: row[1:] for row in before.select("session_id", *_TRANSCRIPT_COLUMNS).iter_rows()}
    rows, model_use, purged = [], [], transcripts.purged(month)
    for summed, digest in new:
        row, name = {**summed.row, "log_digest": digest}, str(summed.row["session_id"])
        if summed.purged and name in of_transcript:
            row.update(zip(_TRANSCRIPT_COLUMNS, of_transcript[name], strict=True))
        rows.append(row)
        model_use += summed.model_use
        purged = purged | {name} if summed.purged else purged - {name}
    of_kept = transcripts.read(month).join(kept, on="session_id", how="semi")
    transcripts.write(month, pl.concat([of_kept, texts]).sort("session_id"))
    transcripts.note_purged(month, purged)
    return Built(
        pl.DataFrame(rows, schema=polars_schema("core.sessions"), orient="row"),
        pl.DataFrame(model_use, schema=polars_schema("core.model_use"), orient="row"),
    )


def _parts(book: Ledger, wanted: pl.DataFrame) -> pl.DataFrame:
    """One row per wanted session: month, user_key, log_digest, files and the positions in each; neighbours share
    files."""
    return (
        book.own.lazy()
        .join(wanted.lazy(), on="session", how="semi")
        .group_by("session")
        .agg("file", "position", pl.col("position").list.len().sum().alias("entries"))
        .join(wanted.lazy().select("session", "month", "user_key", "log_digest", "first_file"), on="session")
        .sort("month", "first_file", "session")
        .collect()
    )


def _told(book: Ledger) -> dict[int, list[Told]]:
    """Session -> its lines whose tokens another line tells; most sessions have none."""
    found: dict[int, list[Told]] = {}
    for session, file, position, other, place in book.told.iter_rows():
        key, other_key = book.headers[file].file_key, book.headers[other].file_key
        found.setdefault(session, []).append(Told(key, position, other_key, place))
    return found


def _batch(book: Ledger, rows: pl.DataFrame, told: Mapping[int, list[Told]]) -> list[Located]:
    """Where the sessions lie, as a worker takes it."""
    return [
        Located(
            user_key,
            [(book.headers[file].file_key, array("I", own)) for file, own in zip(files, positions, strict=True)],
            told.get(session, []),
        )
        for session, user_key, files, positions in rows.select("session", "user_key", "file", "position").iter_rows()
    ]


def _index(headers: list[Header], records: np.ndarray) -> Index:
    """The records with the places of their lines."""
    counts = np.array([header.entries for header in headers], np.uint32)
    starts = np.cumsum(counts, dtype=np.uint32) - counts
    return Index(
        records,
        np.repeat(np.arange(len(headers), dtype=np.uint32), counts),
        np.arange(len(records), dtype=np.uint32) - np.repeat(starts, counts),
    )


def _first_times(headers: list[Header], index: Index) -> pl.DataFrame:
    """month_of_lines: of the earliest entry of each file that has one."""
    counts = np.array([header.entries for header in headers], np.int64)
    files = np.flatnonzero(counts)
    at = np.minimum.reduceat(index.records["at"], (np.cumsum(counts) - counts)[files]) if len(files) else files
    return pl.DataFrame({"file": files.astype(np.uint32), "at": at}).select(
        "file", month_of_lines=_month_of(pl.col("at"))
    )


def _file_times(headers: list[Header]) -> pl.DataFrame:
    """What decides between files that hold the same line (columns of FILES_SCHEMA)."""
    rows = ((file, header.mtime_ns, int(header.digest[:16], 16)) for file, header in enumerate(headers))
    return pl.DataFrame(list(rows), schema=FILES_SCHEMA, orient="row")


def _states(headers: list[Header]) -> np.ndarray:
    """A number per file that changes with what is known of it."""
    digests = (xxh3_64_intdigest(f"{header.digest} {header.version}".encode()) for header in headers)
    return np.fromiter(digests, np.uint64, len(headers))


def _lines(index: Index, rows: slice, told: pl.DataFrame, states: np.ndarray) -> np.ndarray:
    """A number for each of `rows` whose sum over a session changes when any of its lines, or what its file knows, does.

    told: the rows whose tokens the line of another file tells, on which theirs depend too.
    """
    with np.errstate(over="ignore"):
        lines = (states * _MIX_FILE)[index.file[rows]]
        lines ^= index.records["key"][rows]
        here = told.filter(pl.col("row").is_between(rows.start, rows.stop, closed="left"))
        lines[here["row"].to_numpy() - rows.start] += states[here["told_by_file"].to_numpy()]
        lines *= _MIX_LINE
    return lines


def _month_of(milliseconds: pl.Expr) -> pl.Expr:
    return pl.from_epoch(milliseconds, time_unit="ms").dt.date().dt.month_start()


def _parts_of_sessions(
    index: Index, decided: Owned, files: pl.DataFrame, headers: list[Header]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """One row per session and file that has entries of it that count: their position; earliest time of the main thread
    (at_main), of those with a time (at_timed) and of all (at); sidechain, if all of them are; lines (digest).

    And one row per session: first_file and first_key (of the earliest line, of the main thread if there is one). Ties
    break on contents, as in `ownership`.
    """
    # As in `assemble`: the main thread says when a session starts, since the program's own agents may run before it.
    timed, main = pl.col("timed"), pl.col("timed") & ~pl.col("sidechain")
    # Side-chains after all others; times are milliseconds, far below 2^62.
    order = (pl.col("at") + pl.col("sidechain").cast(pl.Int64) * 2**62).alias("order")
    states, parts, earliest = _states(headers), [], []
    for rows in index.slices():
        lines = pl.Series("lines", _lines(index, rows, decided.told, states))
        own = index.frame(rows, _OF_OWN).with_columns(lines, order).filter(decided.counts[rows])
        parts.append(
            own.group_by("session", "file").agg(
                "position",
                pl.col("at").filter(main).min().alias("at_main"),
                pl.col("at").filter(timed).min().alias("at_timed"),
                pl.col("at").min(),
                pl.col("sidechain").all(),
                pl.col("lines").sum(),
            )
        )
        earliest.append(_earliest(own.select("session", "file", "position", "key", "line", "order")))
    first = (
        _earliest(pl.concat(earliest))
        .join(files.select("file", "content"), on="file")
        .sort("line", "content", "position")
        .unique("session", keep="first", maintain_order=True)
        .select("session", pl.col("file").alias("first_file"), pl.col("key").alias("first_key"))
    )
    return pl.concat(parts), first


def _earliest(own: pl.DataFrame) -> pl.DataFrame:
    """Of each session the rows that are first in `order`."""
    return own.join(own.group_by("session").agg(pl.col("order").min()), on=["session", "order"], how="semi")


def _sessions(parts: pl.DataFrame, first: pl.DataFrame) -> pl.DataFrame:
    """One row per session: month, lines (digest), and what `first` says of it."""
    start = pl.coalesce(pl.col("at_main").min(), pl.col("at_timed").min(), pl.col("at").min())
    return (
        parts.group_by("session").agg(_month_of(start).alias("month"), pl.col("lines").sum()).join(first, on="session")
    )


def _with_user(sessions: pl.DataFrame, index: Index, headers: list[Header], there: list[bool]) -> pl.DataFrame:
    """Adds user_key: of the file with the session's first line; of several copies one that is there before one that is
    gone (a folder that was renamed keeps its sessions under the new name), then the copy that counts.
    """
    files = pl.DataFrame(
        {"file": range(len(there)), "there": there, "user_key": [header.user_key for header in headers]},
        schema={"file": pl.UInt32, "there": pl.Boolean, "user_key": pl.String},
    )
    keys = sessions["first_key"].implode()
    of_first = [
        index.frame(rows, ["session", "key", "file"]).filter(pl.col("key").is_in(keys)) for rows in index.slices()
    ]
    copies = (
        pl.concat(of_first)
        .join(sessions, left_on=["session", "key"], right_on=["session", "first_key"])
        .join(files, on="file")
        .sort(~pl.col("there"), pl.col("file") != pl.col("first_file"), "file")
        .group_by("session", maintain_order=True)
        .agg(pl.col("user_key").first())
    )
    return sessions.join(copies, on="session", how="left").drop("first_key")


def _files(
    headers: list[Header], first_times: pl.DataFrame, parts: pl.DataFrame, sessions: pl.DataFrame
) -> pl.DataFrame:
    by_file = (
        parts.select(
            "file",
            "session",
            "sidechain",
            pl.col("position").list.len().alias("owned"),
            start=pl.col("position").list.min(),
        )
        .join(sessions.drop("lines"), on="session")
        .sort("start")
    )
    owned_part = by_file.group_by("file", maintain_order=True).agg(
        pl.col("owned").sum(),
        pl.len().cast(pl.Int64).alias("sessions"),
        pl.col("month").first().alias("month_of_first"),
        pl.col("month").min().alias("first_month"),
        pl.col("month").max().alias("last_month"),
        pl.col("month").filter(pl.col("first_file") == pl.col("file")).min().alias("month_as_session"),
        pl.col("sidechain").all().alias("sidechain_only"),
    )
    known = _known_of_files(headers)
    joined = known.join(owned_part, on="file", how="left").join(first_times, on="file", how="left")
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


def _known_of_files(headers: list[Header]) -> pl.DataFrame:
    """What the headers say of each file: columns of `raw.session_files`, and month_of_change, of a file without a time
    (it could not be read) and of one from the future the month in which it was read."""
    changed, read = pl.col("mtime_ns"), pl.col("ingested_at_ms")
    columns = {name: [getattr(header, name) for header in headers] for name in _OF_HEADERS}
    rejected = [sum(each.line > 0 for each in header.rejected) if header.rejected else 0 for header in headers]
    return (
        pl.DataFrame(columns, schema=_OF_HEADERS)
        .with_columns(lines_rejected=pl.Series(rejected, dtype=pl.Int64))
        .rename({"harness": "source", "kept": "lines_kept"})
        .with_row_index("file")
        .with_columns(
            ingested_at=pl.from_epoch(read, time_unit="ms").cast(pl.Datetime("us")),
            month_of_change=pl.when(changed < 0)
            .then(_month_of(read))
            .otherwise(pl.max_horizontal(_month_of(pl.min_horizontal(changed // 1_000_000, read)), FIRST_MONTH)),
        )
        .drop("ingested_at_ms")
    )

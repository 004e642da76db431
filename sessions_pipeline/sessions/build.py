"""Turns the archive into the rows of `raw.session_files`, `raw.rejected_lines` and `core.sessions`, and transcripts.

Ownership is decided over all files (cheap: one record per line); entries are decoded and added up only for the
sessions of the months asked for.
"""

from __future__ import annotations

import datetime as dt
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
from sessions_pipeline.sessions.ownership import FILES_SCHEMA, INDEX_SCHEMA, owned
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

    headers: one per file; their position is the `file` of the other frames. own: file, position, key and session of
    the entries that count. told: of these, session, file and position of the ones whose tokens another entry tells,
    which told_by_file and told_by_position name.
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
    del records
    files = _file_times(headers)
    counts, told = owned(index, files)
    # Of what counts, without the columns that only decided it: the rest of a run holds on to this.
    own = index.select(_OF_OWN).filter(counts)
    index = index.select("session", "key", "file", "at")
    told = told.with_columns(row=np.searchsorted(np.flatnonzero(counts), told["row"]))
    known = places(archive)
    there = [header.file_key in known and known[header.file_key].there for header in headers]
    sessions = _with_user(_sessions(own.with_columns(_lines(own, told, headers)), files), index, headers, there)
    return Ledger(
        headers,
        own.select("file", "position", "key", "session"),
        own[told["row"]].select("session", "file", "position").hstack(told.drop("row")),
        sessions,
        _files(headers, index, own, sessions),
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
    of_month = parts.partition_by("month", as_dict=True)
    stay = kept.partition_by("month", as_dict=True)
    before = known.sessions.partition_by("month", as_dict=True)
    entries, done = int(parts["entries"].sum()), 0
    built = [Built(*(frame.join(kept, on="session_id", how="semi") for frame in known))]
    with workers(worth_it=entries > _PARALLEL_ENTRIES) as each:
        for month in months:
            here = of_month.get((month,), parts.clear())
            batches = [_batch(book, slice_, told) for slice_ in here.iter_slices(_SESSIONS_IN_BATCH)]
            new: list[Summed] = []
            for summed in each(partial(add_up, archive.private, way=way), batches):
                new += summed
                done += len(summed)
                if progress:
                    progress(done, parts.height)
            were, stays = before.get((month,), known.sessions.clear()), stay.get((month,), kept.clear())
            if new or stays.height < were.height:
                digests = here["log_digest"].to_list()
                built.append(_month(month, were, stays, list(zip(new, digests, strict=True)), transcripts))
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


def _month(
    month: dt.date,
    before: pl.DataFrame,
    kept: pl.DataFrame,
    new: Sequence[tuple[Summed, str]],
    transcripts: Transcripts,
) -> Built:
    """The rows of the month's new sessions, with the digests of their logs; writes the transcripts of the month.

    before: its rows so far, of core.sessions. kept: those of them that stay.
    """
    of_transcript = {row[0]: row[1:] for row in before.select("session_id", *_TRANSCRIPT_COLUMNS).iter_rows()}
    rows, model_use, texts, purged = [], [], [], transcripts.purged(month)
    for summed, digest in new:
        row, name = {**summed.row, "log_digest": digest}, str(summed.row["session_id"])
        if summed.purged and name in of_transcript:
            row.update(zip(_TRANSCRIPT_COLUMNS, of_transcript[name], strict=True))
        rows.append(row)
        model_use += summed.model_use
        purged = purged | {name} if summed.purged else purged - {name}
        if summed.transcript is not None:
            texts.append((name, summed.transcript, summed.opening))
    of_kept = transcripts.read(month).join(kept, on="session_id", how="semi")
    of_new = pl.DataFrame(texts, schema=SCHEMA, orient="row")
    transcripts.write(month, pl.concat([of_kept, of_new]).sort("session_id"))
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
        .select("session", "file", "position")
        .join(wanted.lazy(), on="session", how="semi")
        .group_by("session", "file")
        .agg("position", pl.len().alias("entries"))
        .group_by("session")
        .agg("file", "position", pl.col("entries").sum())
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
            [(book.headers[file].file_key, own) for file, own in zip(files, positions, strict=True)],
            told.get(session, []),
        )
        for session, user_key, files, positions in rows.select("session", "user_key", "file", "position").iter_rows()
    ]


def _index(headers: list[Header], records: np.ndarray) -> pl.DataFrame:
    """The records with the places of their lines (columns of INDEX_SCHEMA)."""
    counts = np.array([header.entries for header in headers], np.uint32)
    starts = np.cumsum(counts, dtype=np.uint32) - counts
    columns = {name: records[name] for name in records.dtype.names or ()} | {
        "file": np.repeat(np.arange(len(headers), dtype=np.uint32), counts),
        "position": np.arange(len(records), dtype=np.uint32) - np.repeat(starts, counts),
    }
    return pl.DataFrame(columns).select(list(INDEX_SCHEMA)).cast(INDEX_SCHEMA)  # type: ignore[arg-type]


def _file_times(headers: list[Header]) -> pl.DataFrame:
    """What decides between files that hold the same line (columns of FILES_SCHEMA)."""
    rows = ((file, header.mtime_ns, int(header.digest[:16], 16)) for file, header in enumerate(headers))
    return pl.DataFrame(list(rows), schema=FILES_SCHEMA, orient="row")


def _lines(own: pl.DataFrame, told: pl.DataFrame, headers: list[Header]) -> pl.Series:
    """A number per line whose sum over a session changes when any of its lines, or what its file knows, does.

    told: the rows of `own` whose tokens the line of another file tells, on which theirs depend too.
    """
    states = np.array(
        [xxh3_64_intdigest(f"{header.digest} {header.version}".encode()) for header in headers], np.uint64
    )
    with np.errstate(over="ignore"):
        lines = (states * _MIX_FILE)[own["file"].to_numpy()]
        lines ^= own["key"].to_numpy()
        lines[told["row"].to_numpy()] += states[told["told_by_file"].to_numpy()]
        lines *= _MIX_LINE
    return pl.Series("lines", lines)


def _month_of(milliseconds: pl.Expr) -> pl.Expr:
    return pl.from_epoch(milliseconds, time_unit="ms").dt.date().dt.month_start()


def _sessions(own: pl.DataFrame, files: pl.DataFrame) -> pl.DataFrame:
    """One row per session: month, first_file and first_key (of the earliest line, of the main thread if there is one),
    lines (digest). Ties break on contents, as in `ownership`."""
    # As in `assemble`: the main thread says when a session starts, since the program's own agents may run before it.
    main = pl.col("at").filter(pl.col("timed") & ~pl.col("sidechain"))
    start = pl.coalesce(main.min(), pl.col("at").filter(pl.col("timed")).min(), pl.col("at").min())
    # Side-chains after all others; times are milliseconds, far below 2^62.
    order = pl.col("at") + pl.col("sidechain").cast(pl.Int64) * 2**62
    ordered = own.select("session", "file", "position", "key", "line", order.alias("order"))
    earliest = ordered.group_by("session").agg(pl.col("order").min())
    first = (
        ordered.join(earliest, on=["session", "order"], how="semi")
        .join(files.select("file", "content"), on="file")
        .sort("line", "content", "position")
        .unique("session", keep="first", maintain_order=True)
        .select("session", pl.col("file").alias("first_file"), pl.col("key").alias("first_key"))
    )
    return own.group_by("session").agg(_month_of(start).alias("month"), pl.col("lines").sum()).join(first, on="session")


def _with_user(sessions: pl.DataFrame, index: pl.DataFrame, headers: list[Header], there: list[bool]) -> pl.DataFrame:
    """Adds user_key: of the file with the session's first line; of several copies one that is there before one that is
    gone (a folder that was renamed keeps its sessions under the new name), then the copy that counts.
    """
    files = pl.DataFrame(
        {"file": range(len(there)), "there": there, "user_key": [header.user_key for header in headers]},
        schema={"file": pl.UInt32, "there": pl.Boolean, "user_key": pl.String},
    )
    copies = (
        index.filter(pl.col("key").is_in(sessions["first_key"].implode()))
        .join(sessions, left_on=["session", "key"], right_on=["session", "first_key"])
        .join(files, on="file")
        .sort(~pl.col("there"), pl.col("file") != pl.col("first_file"), "file")
        .group_by("session", maintain_order=True)
        .agg(pl.col("user_key").first())
    )
    return sessions.join(copies, on="session", how="left").drop("first_key")


def _files(headers: list[Header], index: pl.DataFrame, own: pl.DataFrame, sessions: pl.DataFrame) -> pl.DataFrame:
    by_file = (
        own.group_by("file", "session")
        .agg(pl.len().alias("owned"), pl.col("position").min(), pl.col("sidechain").all())
        .join(sessions, on="session")
        .sort("position")
    )
    owned_part = by_file.group_by("file").agg(
        pl.col("owned").sum(),
        pl.len().cast(pl.Int64).alias("sessions"),
        pl.col("month").first().alias("month_of_first"),
        pl.col("month").min().alias("first_month"),
        pl.col("month").max().alias("last_month"),
        pl.col("month").filter(pl.col("first_file") == pl.col("file")).min().alias("month_as_session"),
        pl.col("sidechain").all().alias("sidechain_only"),
    )
    first_time = index.group_by("file").agg(_month_of(pl.col("at").min()).alias("month_of_lines"))
    known = _known_of_files(headers)
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

"""Removes stored transcript text and keeps what was counted from it."""

from __future__ import annotations

import datetime as dt

import msgspec
import polars as pl

from sessions_pipeline.sessions.archive import Archive, remove_partials
from sessions_pipeline.sessions.build import ledger
from sessions_pipeline.sessions.transcripts import Transcripts
from sessions_pipeline.sources.model import Entry


def purge_before(archive: Archive, transcripts: Transcripts, limit: dt.date) -> tuple[int, int]:
    """Removes the text of all sessions that started before the month `limit`.

    Months of transcripts and sessions that lost their text now. Interrupted half way, it can be run again.
    """
    remove_partials(archive.folder.parent)
    book = ledger(archive)
    old = book.own.join(book.sessions.filter(pl.col("month") < limit), on="session", how="semi")
    stripped: set[int] = set()
    for (file,), rows in old.group_by("file"):
        header = book.headers[file]
        contents = archive.contents(header.file_key)
        positions = set(rows["position"].explode())
        before = contents.entries
        contents.entries = [_without_text(e) if i in positions else e for i, e in enumerate(before)]
        if contents.entries != before:
            archive.rewrite(header, contents)
            stripped |= set(rows["session"])
    months = [month for month in transcripts.months() if month < limit]
    for month in months:
        transcripts.write(month, transcripts.read(month).clear())
    return len(months), len(stripped)


def _without_text(entry: Entry) -> Entry:
    calls = tuple(msgspec.structs.replace(call, summary="") for call in entry.calls)
    results = tuple(msgspec.structs.replace(result, excerpt="") for result in entry.results)
    return msgspec.structs.replace(entry, text="", calls=calls, results=results, purged=True)

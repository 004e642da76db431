"""Sessions per second of the rules backend, all classifiers, through the function that the labels' asset calls."""

from __future__ import annotations

import datetime as dt
import time
from pathlib import Path

import polars as pl

from benchmarks.findings import Finding, at_least, progress
from benchmarks.ingest_once import ingest_once
from sessions_pipeline.classifications.labelling import label_month
from sessions_pipeline.classifications.rules import RulesBackend
from sessions_pipeline.folders import Home
from sessions_pipeline.schemas import polars_schema
from sessions_pipeline.sessions.transcripts import Transcripts
from sessions_pipeline.warehouse import Warehouse

SESSIONS_PER_SECOND = 400.0
ROUNDS = 3


def findings(logs: Path, home: Home) -> list[Finding]:
    """Labels every eligible session of `logs`, ingested into `home`; the fastest of three rounds counts."""
    progress("rules: ingesting")
    ingest_once(home.path, logs)
    sessions = Warehouse(database=str(home.warehouse)).read("core.sessions")
    transcripts = Transcripts(home.private)
    months = [
        (month, sessions.filter(pl.col("month") == month), transcripts.read(month))
        for month in sorted(set(sessions["month"]))
    ]
    nothing = pl.DataFrame(schema=polars_schema("labels.classifications"))
    now = dt.datetime.now(dt.UTC).replace(tzinfo=None)
    seconds, labels = [], 0
    for number in range(ROUNDS):
        progress(f"rules: round {number + 1} of {ROUNDS}")
        backend = RulesBackend()
        began = time.perf_counter()
        labels = sum(
            label_month(month, rows, texts, nothing, backend, now).rows.height for month, rows, texts in months
        )
        seconds.append(time.perf_counter() - began)
    labelled = sessions.filter("is_eligible").height
    return [
        Finding("sessions labelled by rules", labelled, f"{labelled} sessions, {labels} labels, {min(seconds):.2f} s"),
        at_least("sessions per second", labelled / min(seconds), SESSIONS_PER_SECOND),
    ]

"""Which labels are missing, and the rows that come of answering: pure frames in, frames out.

A label is found by what was read and asked: transcript digest, prompt digest (with that of the telemetry for backends
that read it), backend and model. What is found is never asked again, unless nothing usable was had and nothing paid.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from sessions_pipeline.classifications.backend import (
    TELEMETRY_READ,
    Answer,
    Backend,
    LabellingStoppedError,
    SessionToLabel,
)
from sessions_pipeline.classifications.classifiers import CLASSIFIERS, Classifier
from sessions_pipeline.schemas import polars_schema

# Statuses of requests that came to nothing and cost nothing.
FREE_STATUSES = ("error", "expired")
VERSION = ["classifier", "backend", "model", "prompt_sha256", "transcript_sha256"]


@dataclass(frozen=True)
class Labelled:
    """rows: of `labels.classifications`. stopped: why the backend could not go on, None if it answered everything."""

    rows: pl.DataFrame
    stopped: str | None = None


def label_month(
    month: dt.date,
    sessions: pl.DataFrame,
    transcripts: pl.DataFrame,
    known: pl.DataFrame,
    backend: Backend,
    now: dt.datetime,
    progress: Callable[[int, int], None] | None = None,
) -> Labelled:
    """Rows of `labels.classifications` for `month`: what is known and still of use, and new answers.

    sessions: the month's `core.sessions`. transcripts: `transcripts.SCHEMA`. known: the month's rows so far; those that
    were paid for stay for ever, those of free backends go when they are no longer current.
    """
    eligible = sessions.filter("is_eligible")
    wanted = _wanted(eligible, backend)
    lacking = _lacking(wanted, known)
    missing = lacking.join(transcripts, on="session_id", how="semi")
    new, stopped = _ask(missing, month, eligible, transcripts, backend, now, progress)
    current = known.join(wanted, on=["session_id", *VERSION], how="semi")
    current = current.join(new, on=["session_id", *VERSION], how="anti")
    bought = known.filter(~pl.col("backend").is_in(list(TELEMETRY_READ)))
    paid = bought.join(pl.concat([current, new]), on=["session_id", *VERSION], how="anti")
    rows = (
        pl.concat([current, paid, _of_purged(lacking, transcripts, known), new])
        .unique()
        .sort("session_id", "classifier", "backend", "model", "transcript_sha256", "prompt_sha256")
    )
    return Labelled(rows, stopped)


def missing_labels(
    eligible: pl.DataFrame, transcripts: pl.DataFrame, known: pl.DataFrame, backend: Backend
) -> pl.DataFrame:
    """session_id and label version of every label that should be there, is not, and can be asked for."""
    return _lacking(_wanted(eligible, backend), known).join(transcripts, on="session_id", how="semi")


def _lacking(wanted: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    there = known.filter(~pl.col("status").is_in(FREE_STATUSES))
    return wanted.join(there, on=["session_id", *VERSION], how="anti")


def _of_purged(lacking: pl.DataFrame, transcripts: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """Known rows of sessions whose text was purged: they cannot be asked again, so their labels stay."""
    return known.join(lacking, on="session_id", how="semi").join(transcripts, on="session_id", how="anti")


def _ask(
    missing: pl.DataFrame,
    month: dt.date,
    eligible: pl.DataFrame,
    transcripts: pl.DataFrame,
    backend: Backend,
    now: dt.datetime,
    progress: Callable[[int, int], None] | None,
) -> tuple[pl.DataFrame, str | None]:
    """Rows of the answers to what is missing, and why there are not more."""
    rows: list[tuple[object, ...]] = []
    stopped = None
    alike: dict[tuple[Classifier, ...], list[SessionToLabel]] = {}
    for session, lacking in to_ask(missing, eligible, transcripts):
        alike.setdefault(tuple(lacking), []).append(session)
    versions = {(row["session_id"], row["classifier"]): row for row in missing.iter_rows(named=True)}
    try:
        for classifiers, asked in alike.items():
            for answer in backend.classify(asked, classifiers):
                rows.append(_row(answer, month, versions[answer.session_id, answer.classifier], now))
                if progress:
                    progress(len(rows), missing.height)
    except LabellingStoppedError as error:
        stopped = str(error)
    return pl.DataFrame(rows, schema=polars_schema("labels.classifications"), orient="row"), stopped


def to_ask(
    missing: pl.DataFrame, eligible: pl.DataFrame, transcripts: pl.DataFrame
) -> Iterator[tuple[SessionToLabel, list[Classifier]]]:
    """Each session of `missing` as a backend takes it, with the classifiers that it lacks."""
    lacking = missing.group_by("session_id", maintain_order=True).agg("classifier")
    texts = {row["session_id"]: row for row in transcripts.iter_rows(named=True)}
    telemetry = {row["session_id"]: row for row in eligible.iter_rows(named=True)}
    for session_id, names in lacking.iter_rows():
        text = texts[session_id]
        session = SessionToLabel(session_id, text["transcript"], text["opening"], telemetry[session_id])
        yield session, [CLASSIFIERS[name] for name in names]


def _wanted(eligible: pl.DataFrame, backend: Backend) -> pl.DataFrame:
    """session_id and label version of every label that should be there."""
    asked = [(c.name, backend.name, backend.model(c), backend.prompt_sha256(c)) for c in CLASSIFIERS.values()]
    prompts = [sha256 for *_, sha256 in asked]
    columns = TELEMETRY_READ.get(backend.name, ())
    read = ("session_id", "transcript_sha256", *columns)
    return pl.DataFrame(
        [
            (session_id, name, who, model, digest, transcript)
            for session_id, transcript, *telemetry in eligible.select(read).iter_rows()
            for (name, who, model, _), digest in zip(asked, _prompt_digests(prompts, telemetry), strict=True)
        ],
        schema=dict.fromkeys(["session_id", *VERSION], pl.String),
        orient="row",
    )


def _prompt_digests(asked: Sequence[str], telemetry: Sequence[Any]) -> Sequence[str]:
    """Digests of what is asked: the backend's own, or each with the values of telemetry that are read too.

    The digest is that of `[asked, *telemetry]` as JSON; the telemetry, the same for all, is written once.
    """
    if not telemetry:
        return asked
    values = f", {json.dumps(telemetry)[1:]}"
    return [hashlib.sha256(f"[{json.dumps(sha256)}{values}".encode()).hexdigest() for sha256 in asked]


def _row(answer: Answer, month: dt.date, version: Mapping[str, str], now: dt.datetime) -> tuple[object, ...]:
    return (
        answer.session_id,
        month,
        answer.classifier,
        answer.label,
        answer.value,
        answer.probability,
        version["backend"],
        version["model"],
        version["prompt_sha256"],
        version["transcript_sha256"],
        answer.status,
        answer.reason,
        answer.input_tokens,
        answer.output_tokens,
        answer.cache_write_tokens,
        answer.cache_read_tokens,
        answer.cost_usd,
        answer.batch_id,
        now,
    )


def retested(sessions: pl.DataFrame, share: float) -> pl.DataFrame:
    """The `share` (0 to 1) of `sessions` that is labelled twice, by a digest of the session's id.

    The same sessions on every run; a larger share holds those of a smaller one.
    """
    limit = int(share * 2**64)
    chosen = [int.from_bytes(hashlib.sha256(name.encode()).digest()[:8]) < limit for name in sessions["session_id"]]
    return sessions.filter(pl.Series(chosen, dtype=pl.Boolean))

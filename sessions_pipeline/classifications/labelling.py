"""Which labels are missing, and the rows that come of answering: pure frames in, frames out.

A label is found by what was read and asked: transcript digest, classifier digest (with that of the telemetry for
backends that read it), backend and model. What is found is never asked again.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

import polars as pl

from sessions_pipeline.classifications.backend import TELEMETRY_READ, Answer, Backend, SessionToLabel
from sessions_pipeline.classifications.classifiers import CLASSIFIERS
from sessions_pipeline.schemas import polars_schema

VERSION = ["classifier", "backend", "model", "prompt_sha256", "transcript_sha256"]


def label_month(
    month: dt.date,
    sessions: pl.DataFrame,
    transcripts: pl.DataFrame,
    known: pl.DataFrame,
    backend: Backend,
    now: dt.datetime,
    progress: Callable[[int, int], None] | None = None,
) -> pl.DataFrame:
    """Rows of `labels.classifications` for `month`: what is known and still of use, and new answers.

    sessions: the month's `core.sessions`. transcripts: `transcripts.SCHEMA`. known: the month's rows so far; those that
    were paid for stay for ever, those of free backends go when they are no longer current.
    """
    eligible = sessions.filter("is_eligible")
    wanted = _wanted(eligible, backend)
    current = known.join(wanted, on=["session_id", *VERSION], how="semi")
    bought = known.filter(~pl.col("backend").is_in(list(TELEMETRY_READ)))
    paid = bought.join(current, on=["session_id", *VERSION], how="anti")
    missing = wanted.join(known, on=["session_id", *VERSION], how="anti")
    # A session whose text was purged cannot be asked again: its labels stay, whatever their version.
    purged = known.join(missing, on="session_id", how="semi").join(transcripts, on="session_id", how="anti")
    missing = missing.join(transcripts, on="session_id", how="semi")
    rows = []
    if not missing.is_empty():
        telemetry = {row["session_id"]: row for row in eligible.iter_rows(named=True)}
        texts = {row["session_id"]: row for row in transcripts.iter_rows(named=True)}
        to_ask: dict[tuple[str, ...], list[SessionToLabel]] = {}
        for (session_id,), of_session in missing.group_by("session_id", maintain_order=True):
            text = texts[session_id]
            asked = SessionToLabel(session_id, text["transcript"], text["opening"], telemetry[session_id])
            to_ask.setdefault(tuple(of_session["classifier"]), []).append(asked)
        versions = {(row["session_id"], row["classifier"]): row for row in missing.iter_rows(named=True)}
        total, done = missing.height, 0
        for names, asked_sessions in to_ask.items():
            for answer in backend.classify(asked_sessions, [CLASSIFIERS[name] for name in names]):
                version = versions[answer.session_id, answer.classifier]
                rows.append(_row(answer, month, version, now))
                done += 1
                if progress:
                    progress(done, total)
    new = pl.DataFrame(rows, schema=polars_schema("labels.classifications"), orient="row")
    return (
        pl.concat([current, paid, purged, new])
        .unique()
        .sort("session_id", "classifier", "backend", "model", "transcript_sha256")
    )


def _wanted(eligible: pl.DataFrame, backend: Backend) -> pl.DataFrame:
    """session_id and label version of every label that should be there."""
    asked = [(c.name, backend.name, backend.model(c), c.sha256) for c in CLASSIFIERS.values()]
    columns = TELEMETRY_READ.get(backend.name, ())
    return pl.DataFrame(
        [
            (row["session_id"], name, who, model, _prompt_digest(sha256, row, columns), row["transcript_sha256"])
            for row in eligible.iter_rows(named=True)
            for name, who, model, sha256 in asked
        ],
        schema=dict.fromkeys(["session_id", *VERSION], pl.String),
        orient="row",
    )


def _prompt_digest(classifier_sha256: str, telemetry: Mapping[str, Any], columns: tuple[str, ...]) -> str:
    """Digest of what is asked: the classifier's own, or with the values of the telemetry columns that are read too."""
    if not columns:
        return classifier_sha256
    values = json.dumps([classifier_sha256, *(telemetry.get(column) for column in columns)])
    return hashlib.sha256(values.encode()).hexdigest()


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
        answer.input_tokens,
        answer.output_tokens,
        answer.cache_read_tokens,
        answer.cost_usd,
        answer.batch_id,
        now,
    )


def make_backend(name: str) -> Backend:
    """The backend called `name`. Raises NotImplementedError with what to do for one that is not built."""
    if name == "rules":
        from sessions_pipeline.classifications.rules import RulesBackend

        return RulesBackend()
    raise NotImplementedError(f"the {name} backend is not available yet; use --backend rules")

"""Why the rules backend labels a session as it does."""

from __future__ import annotations

import polars as pl

from sessions_pipeline.classifications.backend import Answer, SessionToLabel
from sessions_pipeline.classifications.classifiers import CLASSIFIERS
from sessions_pipeline.classifications.rules import RulesBackend
from sessions_pipeline.sessions.transcripts import Transcripts


def explain_session(sessions: pl.DataFrame, transcripts: Transcripts, start: str) -> list[Answer]:
    """The rules' answers, with their evidence, for the session whose id begins with `start`.

    sessions: `core.sessions`. Raises LookupError, with what to do, if no session or more than one begins so, if it is
    not in the sample, or if its transcript was purged.
    """
    matches = sessions.filter(pl.col("session_id").str.starts_with(start))
    if matches.height != 1:
        raise LookupError(f"{matches.height} sessions have an id that begins with {start}; give a longer one")
    row = matches.row(0, named=True)
    if not row["is_eligible"]:
        raise LookupError(f"session {row['session_id']} is not in the sample ({row['exclusion']}), so it has no labels")
    text = transcripts.read(row["month"]).filter(pl.col("session_id") == row["session_id"])
    if text.is_empty():
        raise LookupError(f"the transcript of session {row['session_id']} is no longer kept")
    _, transcript, opening = text.row(0)
    asked = SessionToLabel(row["session_id"], transcript, opening, row)
    return list(RulesBackend().classify([asked], CLASSIFIERS.values()))

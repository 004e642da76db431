"""Sessions that the fake API judges, and what its ledger must say of them."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sessions_pipeline.classifications.backend import Answer, LabellingStoppedError, SessionToLabel
from sessions_pipeline.classifications.classifiers import CLASSIFIERS, Classifier
from sessions_pipeline.classifications.claude import ClaudeBackend
from sessions_pipeline.classifications.claude.batches import Pace
from sessions_pipeline.classifications.claude.prompts import read_answer
from sessions_pipeline.config import Settings
from sessions_pipeline.testing import FakeApi

JANUARY = dt.date(2026, 1, 1)
QUICK = Pace(poll_seconds=0.01, settle_seconds=0.1)
STEPS = len(CLASSIFIERS) + 1  # task value takes two requests


def sessions(count: int, words: int = 5) -> list[SessionToLabel]:
    """Sessions that differ. words: length of the transcript."""
    return [
        SessionToLabel(
            f"s{number}",
            f"[human]\nPlease see to matter {number}\n\n[assistant]\n" + "done " * words,
            f"Please see to matter {number}",
            {"month": JANUARY},
        )
        for number in range(count)
    ]


def backend(folder: Path, *, reading: int = 1, **settings: Any) -> ClaudeBackend:
    """The backend on a state folder, as a process that has just begun."""
    return ClaudeBackend(Settings(backend="claude", **settings), folder / "private", pace=QUICK, reading=reading)


def labels(
    judge: ClaudeBackend, asked: list[SessionToLabel], classifiers: Iterable[Classifier] = CLASSIFIERS.values()
) -> tuple[list[Answer], str | None]:
    """Answers, and what stopped the backend."""
    found: list[Answer] = []
    try:
        for answer in judge.classify(asked, list(classifiers)):
            found.append(answer)
    except LabellingStoppedError as stopped:
        return found, str(stopped)
    return found, None


def times_billed(api: FakeApi) -> Counter[str]:
    """Digest of a request -> how often it was billed."""
    return Counter(line["digest"] for line in api.ledger())


def assert_valid(answers: Iterable[Answer]) -> None:
    """Labels are of the classifier's own set; whatever has no label says why."""
    for answer in answers:
        classifier = CLASSIFIERS[answer.classifier]
        if answer.status != "ok":
            assert (answer.label, answer.value) == (None, None)
            assert answer.reason
        elif classifier.kind not in ("decisions",):
            assert answer.label in classifier.labels


def a_reading(step: str, value: object) -> object:
    """What an answer of this form is read as."""
    import json

    return read_answer(step, json.dumps({"answer": {step: value}}))

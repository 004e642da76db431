"""The estimate: what it counts, what it says of prices, and how near it comes to the fake API's bill."""

from __future__ import annotations

from pathlib import Path

import pytest

from sessions_pipeline.classifications.classifiers import CLASSIFIERS, OUTCOME, WORK_MODE, Classifier
from sessions_pipeline.classifications.claude import ClaudeBackend
from sessions_pipeline.classifications.claude.estimate import WAYS, EstimatedRow, estimate_month, totals
from sessions_pipeline.classifications.claude.prompts import SHARED_SCHEMA, SYSTEM, canonical, question
from sessions_pipeline.testing import FakeApi
from sessions_pipeline_tests.classifications.claude.judged import JANUARY, backend, labels, sessions


def estimated(
    judge: ClaudeBackend, count: int, words: int = 5, asked: list[Classifier] | None = None
) -> list[EstimatedRow]:
    classifiers = asked or list(CLASSIFIERS.values())
    return estimate_month(JANUARY, count, [(each, classifiers) for each in sessions(count, words)], judge)


def test_a_row_for_every_classifier_and_nothing_sent(api: FakeApi, tmp_path: Path) -> None:
    rows = estimated(backend(tmp_path), 3)
    assert [(row.month, row.classifier, row.sessions, row.known) for row in rows] == [
        ("2026-01", name, 3, 0) for name in CLASSIFIERS
    ]
    assert api.received == []


def test_one_question_about_one_session_by_hand(tmp_path: Path) -> None:
    (session,) = sessions(1)
    text = question(WORK_MODE, session, "m").params["messages"][0]["content"]
    schema = {"format": {"type": "json_schema", "schema": SHARED_SCHEMA}}
    chars = len(SYSTEM) + len(text[0]["text"]) + len(text[1]["text"]) + len(canonical(schema))
    row = estimated(backend(tmp_path), 1, asked=[WORK_MODE])[0]
    assert row.classifier == "work_mode"
    assert (row.input_tokens, row.output_tokens) == (round(chars / 3.5), 15)
    # claude-sonnet-4-6: 3 dollars in and 15 out per million; a single question writes no cache.
    dollars = (3 * row.input_tokens + 15 * 15) / 1e6
    assert [getattr(row, way) for way in WAYS] == pytest.approx([dollars / 2, dollars / 2, dollars, dollars])


def test_what_is_shared_is_written_once_and_read_by_the_others(tmp_path: Path) -> None:
    first, second = (
        row for row in estimated(backend(tmp_path), 1, words=4_000, asked=[WORK_MODE, OUTCOME]) if row.sessions
    )
    assert first.classifier == "work_mode"
    assert first.direct > first.direct_uncached
    assert second.direct < 0.3 * second.direct_uncached
    assert first.batch_uncached == pytest.approx(first.direct_uncached / 2)
    # An hour in the cache costs twice the input price, five minutes 1.25 times.
    assert first.batch > 0.5 * first.direct


def test_what_is_answered_costs_nothing_more(api: FakeApi, tmp_path: Path) -> None:
    labels(backend(tmp_path), sessions(2))
    rows = estimated(backend(tmp_path), 3)
    assert {(row.sessions, row.known) for row in rows} == {(1, 2)}
    labels(backend(tmp_path), sessions(3))
    assert totals(estimated(backend(tmp_path), 3))["batch"] == 0


@pytest.mark.parametrize("mode", ["batch", "direct"])
def test_the_bill_is_near_the_estimate(api: FakeApi, tmp_path: Path, mode: str) -> None:
    rows = estimated(backend(tmp_path), 4, words=3_000)
    found, _ = labels(backend(tmp_path, api_mode=mode), sessions(4, words=3_000))
    # The fake counts 4 characters to a token and its answers are short; the estimate takes 3.5.
    billed = sum(answer.cost_usd for answer in found)
    assert 0.7 < billed / totals(rows)[mode] < 1.0

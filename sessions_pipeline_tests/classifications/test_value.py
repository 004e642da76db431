"""Task value: bands, limits, and order. The level is not claimed to be calibrated."""

from __future__ import annotations

import pytest

from sessions_pipeline.classifications.classifiers import TASK_VALUE_BANDS, price_band
from sessions_pipeline.sessions.transcript import Turn
from sessions_pipeline_tests.classifications.sessions import agent, answers, human, ok, session, tool


def value(*turns: Turn, **telemetry: object) -> float:
    answer = answers(session(*turns, **telemetry))["task_value"]
    assert answer.value is not None
    assert answer.label == price_band(answer.value)
    return answer.value


def edits(count: int) -> Turn:
    return agent(*[line for n in range(count) for line in (tool("Edit", f"src/a{n}.py"), ok("updated"))], "Done.")


@pytest.mark.parametrize(
    ("usd", "expected"),
    [
        (10, "10-200"),
        (200, "10-200"),
        (200.01, "200-1000"),
        (1000, "200-1000"),
        (4999, "1000-5000"),
        (50000, "5000-50000"),
    ],
)
def test_bands_are_the_tiers_of_the_study(usd: float, expected: str) -> None:
    assert price_band(usd) == expected
    assert expected in TASK_VALUE_BANDS


def test_a_greeting_is_worth_the_minimum() -> None:
    assert value(human("hi"), agent("Hello!")) == 10.0


def test_no_amount_of_work_leaves_the_range() -> None:
    assert value(human("Build everything."), edits(200), lines_added=10_000_000, tool_calls=1_000_000) == 50_000.0


def test_more_work_is_worth_more() -> None:
    ask = human("Build the shop with a cart and an order form.")
    small, middle, large = (value(ask, edits(n), lines_added=40 * n) for n in (1, 8, 40))
    assert small < middle < large


def test_a_detailed_request_is_worth_more_than_a_short_one_for_the_same_work() -> None:
    detailed = human(
        "Build the shop. " + "Every order needs a number, a date, a customer, and its lines with prices. " * 10
    )
    assert value(detailed, edits(3), lines_added=50) > value(human("Build the shop."), edits(3), lines_added=50)


def test_what_a_cut_took_out_of_view_counts() -> None:
    ask = human("Build the shop.")
    assert value(ask, edits(3), lines_added=50, tool_calls=60) > value(ask, edits(3), lines_added=50)

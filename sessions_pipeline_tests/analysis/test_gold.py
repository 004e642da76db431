"""Draws for gold labels: known probabilities, the same for the same plan, larger hold smaller ones; labels back."""

from __future__ import annotations

import datetime as dt
from collections import Counter

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sessions_pipeline.analysis.gold import (
    DRAWS,
    DrawError,
    Plan,
    allocated,
    draw,
    gold_columns,
    last_draw_with_labels,
    loaded,
    response_weights,
    with_gold_labels,
)
from sessions_pipeline.classifications.reference import RATINGS, Reference
from sessions_pipeline.schemas import validate
from sessions_pipeline_tests.analysis.sessions import classified_sessions, drawn_sessions
from sessions_pipeline_tests.dbt_like_sql.running import month, run, table

NOW = dt.datetime(2026, 5, 1)
MONTHS = (month("2026-03"), month("2026-04"))


def plan(size: int = 40, seed: int = 1, facets: tuple[str, ...] = ("outcome",)) -> Plan:
    return Plan(MONTHS, facets, size, seed)


def population(n: int = 600) -> pl.DataFrame:
    return drawn_sessions(seed=1, n=n).with_columns(labels_backend=pl.lit("rules"))


@settings(deadline=None)
@given(st.lists(st.integers(1, 500), min_size=1, max_size=12), st.integers(0, 900))
def test_all_are_placed_within_what_each_stratum_has(sizes: list[int], more: int) -> None:
    drawn = allocated(sizes, len(sizes) + more)
    assert sum(drawn) == min(len(sizes) + more, sum(sizes))
    assert all(1 <= n <= size for n, size in zip(drawn, sizes, strict=True))
    larger = allocated(sizes, len(sizes) + more + 7)
    assert all(a <= b for a, b in zip(drawn, larger, strict=True))


def test_places_go_by_the_root_of_the_size() -> None:
    """Roots 10, 20 and 30 of 60 in all: 6, 12 and 18 of 36."""
    assert allocated([100, 400, 900], 36) == [6, 12, 18]


def test_probabilities_are_those_of_the_strata_and_small_strata_are_one() -> None:
    frame = classified_sessions(
        month=[MONTHS[0]] * 46 + [MONTHS[1]] * 16,
        outcome=["succeeded"] * 36 + ["failed"] * 4 + ["partially_succeeded"] * 6 + ["failed"] * 16,
        labels_backend=["rules"] * 62,
    )
    rows = validate(DRAWS, draw(frame, plan(size=13), NOW))
    # 36, 10 (4 + 6) and 16 sessions; roots 6, 3.2 and 4 share 13 places as 6, 3 and 4.
    found = Counter(rows.select("month", "stratum", "probability").iter_rows())
    assert found == {
        (MONTHS[0], "succeeded", 6 / 36): 6,
        (MONTHS[0], "others", 3 / 10): 3,
        (MONTHS[1], "failed", 4 / 16): 4,
    }


def test_each_session_of_a_stratum_is_drawn_as_often_as_its_probability_says() -> None:
    """400 seeds, probability 1/4: 100 times each, give or take 4 standard deviations (35)."""
    frame = classified_sessions(n=20, month=[MONTHS[0]] * 20, outcome=["failed"] * 20, labels_backend=["rules"] * 20)
    often = Counter[str]()
    for seed in range(400):
        often.update(draw(frame, plan(size=5, seed=seed), NOW)["session_id"])
    assert len(often) == 20
    assert all(65 < times < 135 for times in often.values())


def test_the_same_plan_draws_the_same_whatever_the_order_and_a_larger_one_more() -> None:
    frame = population()
    rows = draw(frame, plan(), NOW)
    assert draw(frame.sample(fraction=1, shuffle=True, seed=3), plan(), NOW).equals(rows)
    larger = draw(frame, plan(size=90), NOW)
    assert set(rows["session_id"]) < set(larger["session_id"])
    assert set(rows["session_id"]) != set(draw(frame, plan(seed=2), NOW)["session_id"])
    assert len({plan().draw_id, plan(size=90).draw_id, plan(seed=2).draw_id}) == 3


def test_draws_that_cannot_be_made_say_why() -> None:
    with pytest.raises(DrawError, match="at least 6"):
        draw(population(), plan(size=3), NOW)
    with pytest.raises(DrawError, match="nothing to draw from"):
        draw(population().with_columns(labels_backend=pl.lit(None, dtype=pl.String)), plan(), NOW)


def drawn(*rows: tuple[str, str, float], draw_id: str = "d", at: dt.datetime = NOW) -> pl.DataFrame:
    sessions, strata, probabilities = zip(*rows, strict=True)
    return table(
        DRAWS,
        draw_id=[draw_id] * len(rows),
        session_id=sessions,
        month=[MONTHS[0]] * len(rows),
        stratum=strata,
        probability=probabilities,
        drawn_at=[at] * len(rows),
    )


def test_who_was_not_labelled_is_stood_in_for_by_the_stratum() -> None:
    """Stratum a: two of 1/2, one labelled, weight 4. b: one of 1/3, labelled, 3. c: one of 1/7, not: all times 14/7."""
    rows = drawn(("s0", "a", 1 / 2), ("s1", "a", 1 / 2), ("s2", "b", 1 / 3), ("s3", "c", 1 / 7))
    weights = dict(response_weights(rows, ["s0", "s2"]).iter_rows())
    assert weights == pytest.approx({"s0": 8, "s2": 6})
    assert sum(weights.values()) == pytest.approx(2 + 2 + 3 + 7)


def reference(*rows: tuple[str, str, str, str | None, float | None]) -> Reference:
    return Reference(pl.DataFrame(rows, schema=RATINGS, orient="row"), (1,), {"unknown columns": ["'mood'"]}, "f" * 64)


def test_labels_of_drawn_sessions_are_loaded_and_the_others_named() -> None:
    rows = drawn(("s0", "a", 0.5), ("s1", "a", 0.5), ("s2", "a", 0.5))
    found = loaded(
        reference(
            ("pass 1", "s0", "outcome", "failed", None),
            ("pass 2", "s0", "outcome", "succeeded", None),
            ("pass 1", "s9", "outcome", "failed", None),
            ("pass 2", "s1", "expertise", "unclear", None),
        ),
        rows,
        NOW,
    )
    assert validate("labels.gold", found.rows).select("session_id", "pass_number", "facet", "label").rows() == [
        ("s0", 1, "outcome", "failed"),
        ("s0", 2, "outcome", "succeeded"),
        ("s1", 2, "expertise", "unclear"),
    ]
    assert found.left_out == {"unknown columns": ["'mood'"], "sessions that were not drawn": ["s9"]}
    assert found.unlabelled == ["s2"]
    labels = gold_columns(found.rows).select("session_id", "outcome", "expertise")
    assert labels.rows() == [("s0", "failed", None), ("s1", None, "unclear")]


def test_the_last_draw_with_labels_counts() -> None:
    first = drawn(("s0", "a", 0.5), draw_id="1", at=NOW)
    second = drawn(("s0", "a", 0.9), ("s1", "a", 0.9), draw_id="2", at=NOW + dt.timedelta(1))
    third = drawn(("s5", "a", 0.9), draw_id="3", at=NOW + dt.timedelta(2))
    draws = pl.concat([first, second, third])
    gold = loaded(reference(("pass 1", "s0", "outcome", "failed", None)), draws, NOW).rows
    assert last_draw_with_labels(draws, gold)["draw_id"].unique().to_list() == ["2"]
    assert last_draw_with_labels(draws, gold.clear()).is_empty()


def test_gold_labels_make_the_measures_that_the_sql_makes() -> None:
    """Every outcome with every signal, once judged so and once as gold labels over others."""
    combinations = [
        (outcome, success, failure)
        for outcome in ("succeeded", "partially_succeeded", "failed", "no_clear_goal")
        for success in ("none", "3", "4")
        for failure in ("none", "3", "5")
    ]
    ids = [f"s{number:02d}" for number in range(len(combinations))]
    outcome, success, failure = (list(column) for column in zip(*combinations, strict=True))
    sessions = table("core.sessions", session_id=ids, month=[MONTHS[0]] * len(ids), is_eligible=[True] * len(ids))
    labels = table(
        "staging.current_labels",
        session_id=ids,
        month=[MONTHS[0]] * len(ids),
        outcome=outcome,
        success_signal=[0 if each == "none" else int(each) for each in success],
        failure_signal=[0 if each == "none" else int(each) for each in failure],
        expertise=[2] * len(ids),
    )
    made = run(
        "core.classified_sessions",
        {"core.sessions": sessions, "staging.current_labels": labels},
        first_month=MONTHS[0],
        last_month=MONTHS[0],
    ).sort("session_id")
    gold = pl.DataFrame(
        {
            "session_id": ids,
            "outcome": outcome,
            "success_signal": success,
            "failure_signal": failure,
            "expertise": ["unclear", *["2"] * (len(ids) - 1)],
        }
    )
    others = {"outcome": "succeeded", "success_signal": 5, "failure_signal": 5, "expertise": 1}
    blank = made.with_columns(pl.lit(value, dtype=made.schema[name]).alias(name) for name, value in others.items())
    found = with_gold_labels(blank, gold, ("outcome", "success_signal", "failure_signal", "expertise"))
    measures = ["verified_success", "judged_success", "at_least_partial", "judged_failure", "verified_failure"]
    compared = [*measures, "hit_trouble", "outcome", "success_signal", "failure_signal"]
    assert found.select(compared).equals(made.select(compared))
    assert found["expertise"].to_list() == [None, *[2] * (len(ids) - 1)]

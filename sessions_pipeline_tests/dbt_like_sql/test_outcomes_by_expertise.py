"""Outcome rates by expertise: hand-counted, against a second implementation, and what is suppressed."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from sessions_pipeline.schemas import OUTCOME_MEASURES, SAMPLES
from sessions_pipeline_tests.dbt_like_sql.reference import (
    drawn_sessions,
    in_each_period,
    is_interval,
    january,
    mart,
    of_january,
    rate_interval,
)

NAME = "marts.outcomes_by_expertise"


def sessions_of(**columns: list[Any]) -> pl.DataFrame:
    """Sessions of January that succeeded with all labels there, unless `columns` says otherwise."""
    count = len(columns["user_key"])
    usual = {
        "outcome": ["succeeded"] * count,
        "success_signal": [0] * count,
        "failure_signal": [0] * count,
        "hit_trouble": [False] * count,
    }
    measures = {measure: [False] * count for measure in OUTCOME_MEASURES}
    return of_january(**(usual | measures | columns))


def test_rates_counted_by_hand() -> None:
    rows = january(
        NAME,
        sessions_of(
            user_key=["a", "b", "c", "d", "e", "f", "g"],
            expertise=[4, 4, 4, 4, None, 4, 4],
            outcome=["succeeded", "succeeded", "failed", "failed", "succeeded", "no_clear_goal", "succeeded"],
            success_signal=[4, 2, 0, 0, 5, 5, None],
            hit_trouble=[False, True, True, False, True, True, True],
            judged_success=[True, True, False, False, True, False, True],
            abandoned=[False, False, True, False, False, False, False],
        ),
        min_users=1,
    )
    seen = {
        (row["sample"], row["measure"]): (row["sessions"], row["users"], row["estimate"]) for row in rows.to_dicts()
    }
    assert set(rows["expertise"]) == {4}
    assert seen == {("all", measure): (4, 4, 0.0) for measure in OUTCOME_MEASURES} | {
        ("hit_trouble", measure): (2, 2, 0.0) for measure in OUTCOME_MEASURES
    } | {
        ("all", "judged_success"): (4, 4, 0.5),
        ("all", "abandoned"): (4, 4, 0.25),
        ("hit_trouble", "judged_success"): (2, 2, 0.5),
        ("hit_trouble", "abandoned"): (2, 2, 0.5),
    }


@pytest.mark.parametrize("seed", [1, 2])
def test_equals_a_second_implementation(seed: int) -> None:
    sessions = drawn_sessions(seed)
    rows = {
        (row["month"], row["period"], row["sample"], row["measure"], row["expertise"]): row
        for row in mart(NAME, sessions, 1).to_dicts()
    }
    complete = sessions.drop_nulls(["expertise", "outcome", "success_signal", "failure_signal"])
    for key, inside in in_each_period(complete.filter(pl.col("outcome") != "no_clear_goal")):
        for sample in SAMPLES:
            in_sample = inside if sample == "all" else inside.filter("hit_trouble")
            for (level,), cell in in_sample.group_by("expertise"):
                for measure in OUTCOME_MEASURES:
                    row = rows.pop((*key.values(), sample, measure, level))
                    hits, users = cell[measure].cast(pl.Float64).to_numpy(), cell["user_key"].to_list()
                    assert (row["sessions"], row["users"]) == (len(hits), len(set(users)))
                    assert row["estimate"] == pytest.approx(hits.mean(), rel=1e-12)
                    assert is_interval(row, rate_interval(hits, users))
    assert not rows


@pytest.mark.parametrize(
    ("users", "hidden"),
    [
        ({1: "abc", 2: "def"}, set()),
        ({1: "ab", 2: "cdef", 3: "defghi"}, {1, 2}),
        ({1: "ab", 2: "cd", 5: "efgh"}, {1, 2}),
        ({1: "ab", 2: "ab", 4: "efghi", 5: "efgh"}, {1, 2, 5}),
        ({3: "ab"}, {3}),
    ],
)
def test_what_is_suppressed_with_a_threshold_of_three_users(users: dict[int, str], hidden: set[int]) -> None:
    pairs = [(level, user) for level, letters in users.items() for user in letters]
    sessions = sessions_of(expertise=[level for level, _ in pairs], user_key=[user for _, user in pairs])
    rows = january(NAME, sessions, min_users=3)
    assert set(rows["sample"]) == {"all"}
    for measure in OUTCOME_MEASURES:
        assert set(rows.filter(pl.col("suppressed"), measure=measure)["expertise"]) == hidden
    numbers = rows.filter("suppressed").select("sessions", "users", "estimate", "ci_low", "ci_high")
    assert numbers.null_count().row(0) == (len(OUTCOME_MEASURES) * len(hidden),) * 5


def test_the_sample_that_hit_trouble_is_suppressed_on_its_own_users() -> None:
    sessions = sessions_of(expertise=[2] * 4, user_key=list("abcd"), hit_trouble=[True, True, False, False])
    rows = january(NAME, sessions, min_users=3)
    assert set(rows.filter("suppressed")["sample"]) == {"hit_trouble"}


def test_the_order_of_the_rows_changes_no_bit() -> None:
    sessions = drawn_sessions(3)
    assert mart(NAME, sessions, 5).equals(mart(NAME, sessions.sample(fraction=1, shuffle=True, seed=1), 5))

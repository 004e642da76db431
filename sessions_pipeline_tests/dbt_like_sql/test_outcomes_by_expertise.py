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


def test_the_sample_that_hit_trouble_is_shown_where_it_and_the_rest_have_enough_users() -> None:
    users = [f"user {number}" for number in range(18)]
    sessions = sessions_of(expertise=[2] * 18, user_key=users, hit_trouble=[True] * 9 + [False] * 9)
    rows = january(NAME, sessions, min_users=3).filter(expertise=2)
    assert not rows["suppressed"].any()
    # All less those that hit trouble are those that did not: two users.
    sessions = sessions_of(expertise=[2] * 18, user_key=users, hit_trouble=[True] * 16 + [False] * 2)
    rows = january(NAME, sessions, min_users=3).filter(expertise=2)
    assert set(rows.filter("suppressed")["sample"]) == {"hit_trouble"}


def test_the_order_of_the_rows_changes_no_bit() -> None:
    sessions = drawn_sessions(3)
    assert mart(NAME, sessions, 5).equals(mart(NAME, sessions.sample(fraction=1, shuffle=True, seed=1), 5))

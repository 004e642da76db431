"""Truncated shares by expertise and by mode: hand-counted, against a second implementation, and what is suppressed."""

from __future__ import annotations

import polars as pl
import pytest

from sessions_pipeline_tests.dbt_like_sql.reference import (
    drawn_sessions,
    in_each_period,
    is_interval,
    january,
    mart,
    of_january,
    rate_interval,
)

NAME = "marts.truncation_by_expertise_and_mode"


def test_shares_counted_by_hand() -> None:
    sessions = of_january(
        user_key=["a", "a", "b", "c", "d", "e"],
        expertise=[5, 5, 5, 2, None, None],
        work_mode=["build", "fix", "build", "build", "build", None],
        transcript_truncated=[True, False, True, False, True, True],
    )
    seen = {
        (row["breakdown"], row["label"]): (row["sessions"], row["users"], row["estimate"])
        for row in january(NAME, sessions, min_users=1).to_dicts()
    }
    assert seen == {
        ("expertise", "5"): (3, 2, 2 / 3),
        ("expertise", "2"): (1, 1, 0.0),
        ("work_mode", "build"): (4, 4, 0.75),
        ("work_mode", "fix"): (1, 1, 0.0),
    }


@pytest.mark.parametrize("seed", [1, 2])
def test_equals_a_second_implementation(seed: int) -> None:
    sessions = drawn_sessions(seed)
    rows = {
        (row["month"], row["period"], row["breakdown"], row["label"]): row for row in mart(NAME, sessions, 1).to_dicts()
    }
    expected = {
        (key["month"], key["period"], breakdown, str(label)): group
        for key, inside in in_each_period(sessions)
        for breakdown in ("expertise", "work_mode")
        for (label,), group in inside.drop_nulls(breakdown).group_by(breakdown)
    }
    assert rows.keys() == expected.keys()
    for key, group in expected.items():
        row, users = rows[key], group["user_key"].to_list()
        hits = group["transcript_truncated"].cast(pl.Float64).to_numpy()
        assert (row["sessions"], row["users"]) == (group.height, len(set(users)))
        assert row["estimate"] == pytest.approx(hits.mean(), rel=1e-12)
        assert is_interval(row, rate_interval(hits, users))


def test_labels_of_few_users_are_hidden_by_the_common_rule() -> None:
    # A threshold of three opens a level with nine users. Level 1 falls short, and 2 goes with it, so that neither is
    # what the shown level leaves of the modes' sum; the levels without sessions look like them.
    users = {1: 2, 2: 9, 3: 10}
    pairs = [(level, f"{level} {number}") for level, count in users.items() for number in range(count)]
    sessions = of_january(
        expertise=[level for level, _ in pairs], work_mode=["fix"] * len(pairs), user_key=[user for _, user in pairs]
    )
    rows = january(NAME, sessions, min_users=3)
    assert rows.filter(~pl.col("suppressed")).select("breakdown", "label", "sessions").rows() == [
        ("expertise", "3", 10),
        ("work_mode", "fix", 21),
    ]
    hidden = rows.filter("suppressed", breakdown="expertise")
    assert hidden["label"].to_list() == ["1", "2", "4", "5"]
    assert hidden.select("sessions", "users", "estimate", "ci_low", "ci_high").null_count().row(0) == (4,) * 5


def test_many_sessions_are_not_many_users() -> None:
    sessions = of_january(expertise=[1] * 20, work_mode=[None] * 20, user_key=["a", "b"] * 10)
    assert january(NAME, sessions, min_users=3)["suppressed"].all()

"""What the marts withhold: the rule on small data, and an attack (`attack.py`) on all that is released of teams."""

from __future__ import annotations

from functools import cache

import numpy as np
import polars as pl
import pytest

from sessions_pipeline.classifications.classifiers import WORK_MODES
from sessions_pipeline_tests.dbt_like_sql.attack import LABELS, Outcome, attack, by_the_rule, by_users_alone
from sessions_pipeline_tests.dbt_like_sql.reference import released, tables_behind
from sessions_pipeline_tests.dbt_like_sql.running import month, run, table

MIN_USERS, WINDOW = 3, 3
MONTHS = [month(text) for text in ("2025-09", "2025-10", "2025-11", "2025-12", "2026-01", "2026-02", "2026-03")]


def team(*months: dict[str, int], task_value_usd: float | None = None) -> pl.DataFrame:
    """One session of each of so many users of a mode, months from September; users are new every month."""
    rows = [
        (MONTHS[place], mode, f"{place} {mode} {number}")
        for place, users in enumerate(months)
        for mode, count in users.items()
        for number in range(count)
    ]
    return table(
        "core.classified_sessions",
        month=[when for when, _, _ in rows],
        work_mode=[mode for _, mode, _ in rows],
        user_key=[user for _, _, user in rows],
        task_value_usd=[task_value_usd] * len(rows),
    )


def shown(sessions: pl.DataFrame, min_users: int = MIN_USERS) -> dict[tuple[int, str], set[str]]:
    """(place of the month, period) -> modes whose numbers are released."""
    last = f"{sessions['month'].max():%Y-%m}"
    name = "marts.work_mode_shares"
    rows = released([name], sessions, min_users, "2025-09", last, WINDOW)[name].filter(pl.col("sessions") > 0)
    return {
        (MONTHS.index(when), period): set(some["work_mode"])
        for (when, period), some in rows.group_by("month", "period")
    }


def test_large_levels_show_every_month_and_window() -> None:
    large = {"build": 3, "fix": 12}
    periods = [(place, period) for place in (0, 1) for period in ("month", "window")]
    assert shown(team(large, large)) == {key: {"build", "fix"} for key in periods}


def test_a_small_level_takes_the_smallest_large_one_along_for_its_month_alone() -> None:
    # fix - and with it build - could be had from the month's total if the other were shown.
    seen = shown(team({"build": 9, "fix": 3, "test": 12}, {"build": 9, "fix": 2, "test": 12}))
    assert seen[0, "month"] == {"build", "fix", "test"}
    assert seen[1, "month"] == {"test"}


def test_months_of_a_small_level_are_shown_together_and_the_company_with_them_if_it_is_the_last() -> None:
    # Two months of communicate are four users. What is left of the window's total is then build.
    seen = shown(team(*[{"build": 9, "fix": 12, "communicate": 2}] * 4))
    assert seen[0, "window"] == {"fix"}
    assert seen[1, "window"] == {"build", "fix", "communicate"}
    # This window would tell October's sessions from those of September and October.
    assert seen[2, "window"] == {"fix"}
    assert {modes for (_, period), some in seen.items() if period == "month" for modes in some} == {"fix"}


def test_a_large_month_joins_the_small_one_before_it_and_so_opens_the_windows_of_both() -> None:
    large = {"build": 9, "fix": 12, "plan": 9}
    seen = shown(team(large, {**large, "build": 2}, large, large, large))
    assert [place for place in range(5) if "build" in seen[place, "month"]] == [0, 3, 4]
    assert [place for place in range(5) if "build" in seen[place, "window"]] == [0, 2, 3]


def test_a_month_without_company_for_its_small_levels_is_hidden() -> None:
    seen = shown(team({"build": 9}, {"build": 2, "fix": 2}, {"build": 9}))
    assert seen[0, "month"] == seen[2, "month"] == {"build"}
    assert (1, "month") not in seen


def test_small_levels_of_enough_users_together_hide_each_other_and_the_large_one_is_shown() -> None:
    seen = shown(team({"build": 9, "fix": 2, "test": 1}, task_value_usd=5.0))
    assert seen == {(0, "month"): {"build"}, (0, "window"): {"build"}}


def test_users_of_several_small_levels_count_once() -> None:
    three = team({"build": 9, "fix": 2, "test": 1}, task_value_usd=5.0)
    assert shown(three.with_columns(pl.col("user_key").replace("0 test 0", "0 fix 0"))) == {}


def test_small_levels_beyond_those_that_hide_each_other_are_told_in_pieces() -> None:
    # fix and plan are three users and hide each other. Two months of test are four.
    seen = shown(team(*[{"build": 9, "fix": 1, "plan": 2, "test": 2}] * 2, task_value_usd=5.0))
    assert seen[0, "month"] == seen[1, "month"] == seen[0, "window"] == {"build"}
    assert seen[1, "window"] == {"build", "test"}


def test_what_is_shown_of_a_month_does_not_depend_on_later_ones() -> None:
    random = np.random.default_rng(0)
    months = [{mode: int(random.integers(1, 9)) for mode in WORK_MODES[:5]} for _ in MONTHS]
    whole = shown(team(*months))
    for known in (2, 5):
        assert shown(team(*months[:known])) == {key: modes for key, modes in whole.items() if key[0] < known}


def test_a_level_without_sessions_looks_like_a_hidden_one() -> None:
    users = {"build": 9, "fix": 12, "plan": 1}
    name = "marts.task_value"
    sessions = team(users).with_columns(task_value_usd=pl.lit(5.0))
    rows = released([name], sessions, MIN_USERS, "2025-09", "2025-09", WINDOW)[name].filter(period="month")
    assert set(rows.filter("suppressed")["work_mode"]) == set(WORK_MODES) - {"fix"}
    numbers = rows.filter("suppressed").select("sessions", "users", "estimate", "ci_low", "ci_high", "median_usd")
    assert numbers.null_count().row(0) == (8,) * 6


def test_a_total_of_enough_users_is_shown_whatever_its_levels() -> None:
    name = "marts.task_value"
    sessions = team({"build": 1, "fix": 2, "plan": 2}).with_columns(task_value_usd=pl.lit(5.0))
    rows = released([name], sessions, MIN_USERS, "2025-09", "2025-09", WINDOW)[name]
    assert set(rows.filter(~pl.col("suppressed"))["work_mode"]) == {"all"}


def test_a_threshold_of_one_hides_nothing() -> None:
    assert shown(team({"build": 1}, {}, {"fix": 1, "plan": 1}), min_users=1) == {
        (0, "month"): {"build"},
        (0, "window"): {"build"},
        (2, "month"): {"fix", "plan"},
        (2, "window"): {"build", "fix", "plan"},
    }


def test_a_breakdown_that_no_unit_names_is_suppressed_by_itself() -> None:
    sessions = team({"build": 1, "fix": 12, "plan": 12})
    tables = tables_behind(sessions, MIN_USERS, "2025-09", "2025-09", WINDOW)
    added = tables["staging.cells"].filter(breakdown="work_mode").with_columns(pl.lit("added").alias("breakdown"))
    given = {"first_month": MONTHS[0], "last_month": MONTHS[0], "window_months": WINDOW, "min_users": MIN_USERS}
    rows = run("staging.released", {**tables, "staging.cells": added}, **given).filter(period="month")
    withheld = dict(rows.select("level", "suppressed").iter_rows())
    assert withheld["build"]
    assert [withheld["fix"], withheld["plan"]].count(True) == 1  # its company
    assert not withheld["all"]


@cache
def drawn_team(users: int) -> pl.DataFrame:
    """Sessions of so many users over six months, each with habits and a pace of their own; not all work every month."""
    random = np.random.default_rng(users)
    modes, shares = WORK_MODES[:6], np.array([4.0, 3.0, 2.0, 1.0, 0.5, 0.3])
    rows = []
    for user in range(users):
        habit, skill = random.dirichlet(shares), random.normal(3, 0.7)
        occupation = random.choice(["15", "11", "13", "unclear"], p=[0.6, 0.15, 0.15, 0.1])
        for when in MONTHS[:6]:
            for _ in range(random.poisson(random.lognormal(1, 0.8)) * random.integers(0, 6) // 3):
                rows.append(
                    {
                        "session_id": str(len(rows)),
                        "month": when,
                        "user_key": f"user {user}",
                        "work_mode": random.choice(modes, p=habit),
                        "expertise": int(np.clip(np.round(random.normal(skill, 0.6)), 1, 5)),
                        "hit_trouble": bool(random.random() < 0.4),
                        "wrote_code": bool(random.random() < 0.6),
                        "user_occupation": occupation,
                        "software_user": None if occupation == "unclear" else occupation == "15",
                        "task_occupation": random.choice(["15", "27"], p=[0.7, 0.3]),
                        "user_planning_share": random.integers(0, 10) / 10 + 0.05,
                    }
                )
    labels = pl.DataFrame(rows)
    same = {"outcome": "succeeded", "success_signal": 1, "failure_signal": 1, "task_value_usd": 5.0}
    effort = {"actions_per_prompt": 1.0, "words_per_prompt": 1.0}
    outcomes = dict.fromkeys(("at_least_partial", "judged_success", "verified_success"), False)
    failures = dict.fromkeys(("judged_failure", "verified_failure", "abandoned"), False)
    columns = {name: [value] * labels.height for name, value in {**same, **effort, **outcomes, **failures}.items()}
    return table("core.classified_sessions", **labels.to_dict(as_series=False), **columns)


@pytest.mark.parametrize("users", [8, 16, 25])
@pytest.mark.parametrize("label", LABELS)
def test_an_attack_on_all_that_is_released_about_a_label_finds_out_no_small_cell(label: str, users: int) -> None:
    found = attack(by_the_rule, drawn_team(users), LABELS[label], MIN_USERS, WINDOW, MONTHS[:6])
    assert found.shown >= 10
    assert found.attacked >= 5
    assert found.found_out == []


@pytest.mark.parametrize("label", LABELS)
def test_the_attack_finds_out_small_cells_where_the_number_of_users_alone_decides(label: str) -> None:
    found: Outcome = attack(by_users_alone, drawn_team(8), LABELS[label], MIN_USERS, WINDOW, MONTHS[:6])
    assert len(found.found_out) > found.attacked / 3

"""What the marts withhold: the rule on small data, and an attack on all that is released about synthetic teams.

The attacker holds every released row of all months and windows, knows the rule set's flow table (all sessions of each
month), and asks what numbers of sessions in each month, level and sample are consistent with that: the smallest and the
largest solution in whole numbers. A cell of too few users is safe if both fewer and more sessions than the threshold
are consistent, so that it could be of nobody, or of enough users.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp

from sessions_pipeline.classifications.classifiers import WORK_MODES
from sessions_pipeline_tests.dbt_like_sql.reference import released
from sessions_pipeline_tests.dbt_like_sql.running import month, table

MIN_USERS, WINDOW = 3, 3
MONTHS = [month(text) for text in ("2025-09", "2025-10", "2025-11", "2025-12", "2026-01", "2026-02", "2026-03")]
LEVELS = ("1", "2", "3", "4", "5")
Cell = tuple[str, str, dt.date]  # sample, level, month


def team(*months: dict[str, int]) -> pl.DataFrame:
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
    large = {"build": 9, "fix": 12}
    periods = [(place, period) for place in (0, 1) for period in ("month", "window")]
    assert shown(team(large, large)) == {key: {"build", "fix"} for key in periods}


def test_a_small_level_takes_the_first_large_one_along_and_shows_in_windows_that_do_not_overlap() -> None:
    # Totals leave its months open only where others are closed as well: plan, communicate and, as company, build.
    users = {"build": 9, "fix": 12, "plan": 3, "communicate": 4}
    seen = shown(team(*[users] * 6))
    assert all(modes == {"fix"} for (place, _), modes in seen.items() if place not in (2, 5))
    assert seen[2, "month"] == seen[5, "month"] == {"fix"}
    assert seen[2, "window"] == seen[5, "window"] == set(users)


def test_a_window_that_leaves_a_level_small_hides_another_with_it() -> None:
    users = {"build": 9, "fix": 12, "communicate": 6}
    seen = shown(team(users, {**users, "plan": 2}, users))
    assert seen[2, "window"] == {"fix", "communicate"}


def test_a_month_that_falls_short_is_hidden_with_all_windows_that_hold_it() -> None:
    large = {"build": 9, "fix": 12}
    seen = shown(team(large, large, {"build": 2, "fix": 12}, large, large, large, large))
    assert [place for place, period in sorted(seen) if period == "month"] == [0, 1, 3, 4, 5, 6]
    assert [place for place, period in sorted(seen) if period == "window"] == [0, 1, 5, 6]


def test_a_level_without_sessions_looks_like_a_hidden_one() -> None:
    users = {"build": 9, "fix": 12, "plan": 1}
    name = "marts.task_value"
    sessions = team(users).with_columns(task_value_usd=pl.lit(5.0))
    rows = released([name], sessions, MIN_USERS, "2025-09", "2025-09", WINDOW)[name].filter(period="month")
    assert set(rows.filter("suppressed")["work_mode"]) == set(WORK_MODES) - {"fix"}
    numbers = rows.filter("suppressed").select("sessions", "users", "estimate", "ci_low", "ci_high", "median_usd")
    assert numbers.null_count().row(0) == (8,) * 6


def test_a_threshold_of_one_hides_nothing() -> None:
    assert shown(team({"build": 1}, {}, {"fix": 1, "plan": 1}), min_users=1) == {
        (0, "month"): {"build"},
        (0, "window"): {"build"},
        (1, "window"): {"build"},
        (2, "month"): {"fix", "plan"},
        (2, "window"): {"build", "fix", "plan"},
    }


@dataclass(frozen=True)
class Release:
    """What the attacker has. known: (cells whose sum it is, sessions)."""

    cells: list[Cell]
    known: list[tuple[frozenset[Cell], int]]

    def bounds(self, target: frozenset[Cell]) -> tuple[int, int]:
        """Fewest and most sessions of the cells `target` together that are consistent with all that is known."""
        place = {name: number for number, name in enumerate(self.cells)}
        sums = np.zeros((len(self.known), len(self.cells)))
        for row, (some, _) in enumerate(self.known):
            sums[row, [place[name] for name in some]] = 1
        totals = np.array([total for _, total in self.known], dtype=float)
        sign = np.zeros(len(self.cells))
        sign[[place[name] for name in target]] = 1
        ends = [
            milp(
                direction * sign,
                constraints=LinearConstraint(sums, totals, totals),
                integrality=np.ones(len(self.cells)),
                bounds=Bounds(0, np.inf),
            )
            for direction in (1, -1)
        ]
        assert all(end.success for end in ends)
        return round(ends[0].fun), round(-ends[1].fun)


def drawn_team(seed: int) -> pl.DataFrame:
    """Sessions by expertise and trouble over seven months: a large level, a small one, some that come and go."""
    random = np.random.default_rng(seed)
    rows = []
    for place, when in enumerate(MONTHS):
        sizes = random.poisson([random.choice([40, 60]), 12, 3, 14 - 2 * place, [1, 20][place > 3 and seed % 2]])
        for level, size in zip(LEVELS, sizes, strict=True):
            users = random.integers(0, max(2 * size, 1), size)
            trouble = random.random(size) < random.choice([0.2, 0.5, 0.9])
            rows += [(when, int(level), f"{level} {user}", bool(hit)) for user, hit in zip(users, trouble, strict=True)]
    return table(
        "core.classified_sessions",
        month=[row[0] for row in rows],
        expertise=[row[1] for row in rows],
        user_key=[row[2] for row in rows],
        hit_trouble=[row[3] for row in rows],
        outcome=["succeeded"] * len(rows),
        success_signal=[1] * len(rows),
        failure_signal=[1] * len(rows),
        actions_per_prompt=[1.0] * len(rows),
        words_per_prompt=[1.0] * len(rows),
        **{name: [False] * len(rows) for name in ("at_least_partial", "judged_success", "verified_success")},
        **{name: [False] * len(rows) for name in ("judged_failure", "verified_failure", "abandoned")},
    )


def inside(when: dt.date, period: str) -> list[dt.date]:
    last = MONTHS.index(when)
    return MONTHS[max(0, last - (WINDOW - 1 if period == "window" else 0)) : last + 1]


def release(sessions: pl.DataFrame, rows: Iterable[tuple[str, str, dt.date, str, int]]) -> Release:
    """rows: sample ('all', 'hit_trouble'), level, month, period, sessions, of all that is released."""
    cells = [(sample, level, when) for sample in ("hit", "not hit") for level in LEVELS for when in MONTHS]
    known = [
        (frozenset(cell for cell in cells if cell[2] == when), sessions.filter(month=when).height) for when in MONTHS
    ]
    for sample, level, when, period, count in rows:
        samples = {"hit"} if sample == "hit_trouble" else {"hit", "not hit"}
        some = [(name, level, each) for name in samples for each in inside(when, period)]
        known.append((frozenset(some), count))
    return Release(cells, known)


def by_the_rule(sessions: pl.DataFrame) -> Iterator[tuple[str, str, dt.date, str, int]]:
    """All that the marts show of sessions by expertise."""
    names = ("marts.effort_by_expertise", "marts.outcomes_by_expertise")
    marts = released(names, sessions, MIN_USERS, "2025-09", "2026-03", WINDOW)
    for rows in marts.values():
        for row in rows.filter(~pl.col("suppressed")).iter_rows(named=True):
            yield row.get("sample", "all"), str(row["expertise"]), row["month"], row["period"], row["sessions"]


def by_users_alone(sessions: pl.DataFrame) -> Iterator[tuple[str, str, dt.date, str, int]]:
    """What would be shown if every cell of enough users were."""
    for sample, some in (("all", sessions), ("hit_trouble", sessions.filter("hit_trouble"))):
        for when in MONTHS:
            for period in ("month", "window"):
                for level in LEVELS:
                    cell = some.filter(pl.col("month").is_in(inside(when, period)), expertise=int(level))
                    if cell["user_key"].n_unique() >= MIN_USERS:
                        yield sample, level, when, period, cell.height


def small_cells(sessions: pl.DataFrame) -> set[frozenset[Cell]]:
    """Months and windows of a level, of all sessions or by trouble, of at least one and fewer than MIN_USERS users."""
    small = set()
    for samples in ({"hit", "not hit"}, {"hit"}, {"not hit"}):
        some = sessions.filter(pl.col("hit_trouble").is_in([sample == "hit" for sample in samples]))
        for when in MONTHS:
            for period in ("month", "window"):
                months = inside(when, period)
                counted = some.filter(pl.col("month").is_in(months)).group_by("expertise")
                for level, users in counted.agg(pl.col("user_key").n_unique()).iter_rows():
                    if users < MIN_USERS:
                        small.add(frozenset((sample, str(level), each) for sample in samples for each in months))
    return small


Rows = Callable[[pl.DataFrame], Iterator[tuple[str, str, dt.date, str, int]]]


def attack(seed: int, rows: Rows) -> tuple[int, int, int]:
    """Numbers of released rows, of small cells, and of those found out: not both below and at the threshold."""
    sessions = drawn_team(seed)
    seen = list(rows(sessions))
    known, targets = release(sessions, seen), small_cells(sessions)
    bounds = [known.bounds(target) for target in targets]
    return len(seen), len(targets), sum(not low < MIN_USERS <= high for low, high in bounds)


@pytest.mark.parametrize("seed", range(3))
def test_an_attack_on_all_that_is_released_finds_out_no_small_cell(seed: int) -> None:
    rows, targets, found_out = attack(seed, by_the_rule)
    assert rows >= 20
    assert targets >= 10
    assert found_out == 0


def test_the_attack_finds_out_small_cells_where_the_number_of_users_alone_decides() -> None:
    _, targets, found_out = attack(0, by_users_alone)
    assert found_out > targets / 2

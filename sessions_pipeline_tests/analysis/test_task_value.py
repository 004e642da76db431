"""The change of the mean task value: two parts, counted by hand, that add up, with the errors of a bootstrap."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest
from scipy import stats

from sessions_pipeline.analysis.task_value import task_value_change
from sessions_pipeline.schemas import polars_schema, validate
from sessions_pipeline_tests.analysis.sessions import classified_sessions, of_modes

FIRST, LAST = dt.date(2026, 3, 1), dt.date(2026, 4, 1)
ALL_SHOWN = pl.DataFrame(schema=polars_schema("staging.released"))


def rows(
    frame: pl.DataFrame, min_users: int = 1, released: pl.DataFrame = ALL_SHOWN
) -> dict[tuple[str, str], dict[str, object]]:
    table = validate("analysis.task_value_change", task_value_change(frame, released, LAST, min_users))
    return {(row["work_mode"], row["part"]): row for row in table.iter_rows(named=True)}


def test_a_change_of_mix_is_not_sold_as_a_rise() -> None:
    """Fixes are worth 100 and builds 500 throughout; March has 3 fixes and 1 build, April 1 fix and 3 builds."""
    frame = classified_sessions(
        month=[FIRST] * 4 + [LAST] * 4,
        user_key=[f"user {i}" for i in range(8)],
        work_mode=["fix"] * 3 + ["build"] + ["fix"] + ["build"] * 3,
        task_value_usd=[100.0] * 3 + [500.0] + [100.0] + [500.0] * 3,
    )
    found = rows(frame)
    assert found["all", "total"]["estimate"] == pytest.approx(200)
    assert found["all", "within"]["estimate"] == pytest.approx(0)
    assert found["all", "between"]["estimate"] == pytest.approx(200)
    assert found["all", "between"]["relative"] == pytest.approx(1.0)


def test_both_parts_by_hand() -> None:
    """March: 2 fixes of 100, 2 builds of 300 (mean 200). April: 1 fix of 200, 3 builds of 400 (mean 350).

    Within: fix (1/2 + 1/4)/2 · 100 = 37.5, build (1/2 + 3/4)/2 · 100 = 62.5. Mean of both months 275.
    Between: fix -1/4 · (150 - 275) = 31.25, build 1/4 · (350 - 275) = 18.75. Together 150.
    """
    frame = classified_sessions(
        month=[FIRST] * 4 + [LAST] * 4,
        user_key=["a", "b", "a", "b", "c", "a", "b", "c"],
        work_mode=["fix", "fix", "build", "build", "fix", "build", "build", "build"],
        task_value_usd=[100.0, 100.0, 300.0, 300.0, 200.0, 400.0, 400.0, 400.0],
    )
    found = {key: row["estimate"] for key, row in rows(frame).items()}
    assert found["fix", "within"] == pytest.approx(37.5)
    assert found["build", "within"] == pytest.approx(62.5)
    assert found["fix", "between"] == pytest.approx(31.25)
    assert found["build", "between"] == pytest.approx(18.75)
    assert found["all", "total"] == pytest.approx(150)


def test_both_months_users_are_the_degrees_of_freedom_and_what_has_no_value_is_counted() -> None:
    """Three users in March and April, one of them in both: two degrees of freedom.

    Left out are one session of March and two of April; one of February, without a value, is of neither month.
    """
    february = dt.date(2026, 2, 1)
    frame = classified_sessions(
        month=[FIRST, FIRST, LAST, LAST, FIRST, LAST, LAST, february],
        user_key=["a", "b", "b", "c", "d", "d", "e", "f"],
        work_mode=["fix", "fix", "fix", "build", "fix", None, "fix", "fix"],
        task_value_usd=[100.0, 300.0, 200.0, 400.0, None, 50.0, None, None],
    )
    for row in rows(frame).values():
        assert (row["degrees_of_freedom"], row["n_left_out"]) == (2, 3)
    row = rows(frame)["all", "total"]
    half = float(stats.t.ppf(0.975, 2)) * float(row["std_error"])  # type: ignore[arg-type]
    assert row["ci_high"] == pytest.approx(row["estimate"] + half)  # type: ignore[operator]


def test_values_that_never_differ_change_by_nothing_without_an_interval() -> None:
    frame = classified_sessions(
        month=[FIRST, LAST] * 30,
        user_key=[f"user {i % 17}" for i in range(60)],
        work_mode=["fix", "build", "build"] * 20,
        task_value_usd=[500.1] * 60,
    )
    for row in rows(frame).values():
        assert row["estimate"] == pytest.approx(0, abs=1e-9)
        assert [row[name] for name in ("std_error", "ci_low", "ci_high", "relative_ci_low")] == [None] * 4


def test_a_first_month_that_is_worth_nothing_has_no_relative_change() -> None:
    frame = classified_sessions(
        month=[FIRST] * 2 + [LAST] * 2,
        user_key=["a", "b", "c", "d"],
        work_mode=["fix"] * 4,
        task_value_usd=[0.0, 0.0, 100.0, 300.0],
    )
    row = rows(frame)["all", "total"]
    assert (row["estimate"], row["relative"]) == (200.0, None)
    assert row["ci_low"] < 200 < row["ci_high"]  # type: ignore[operator]


def test_a_mode_of_one_month_alone_is_all_mix() -> None:
    frame = classified_sessions(
        month=[FIRST] * 2 + [LAST] * 2,
        user_key=["a", "b", "a", "b"],
        work_mode=["fix", "fix", "fix", "plan"],
        task_value_usd=[100.0, 100.0, 100.0, 900.0],
    )
    found = rows(frame)
    assert found["plan", "within"]["estimate"] == 0
    assert found["all", "within"]["estimate"] == 0
    assert found["all", "between"]["estimate"] == pytest.approx(found["all", "total"]["estimate"]) == pytest.approx(400)


def drawn(seed: int, users: int = 150) -> pl.DataFrame:
    """Users with one to eight sessions over both months, alike in mode and value."""
    rng = np.random.default_rng(seed)
    user = np.repeat(np.arange(users), rng.integers(1, 9, users))
    is_last = rng.random(user.size) < 0.5
    mode = np.where(rng.random(user.size) < 0.3 + 0.4 * rng.random(users)[user] + 0.15 * is_last, "build", "fix")
    own = rng.normal(0, 0.5, users)[user]
    value = np.exp(5 + own + 0.3 * is_last + 0.8 * (mode == "build") + rng.normal(0, 0.6, user.size))
    return classified_sessions(
        month=[LAST if late else FIRST for late in is_last],
        user_key=[f"user {u}" for u in user],
        work_mode=mode.tolist(),
        task_value_usd=value.tolist(),
    )


def parts_of(is_last: np.ndarray, is_build: np.ndarray, value: np.ndarray) -> list[float]:
    """Within, between, total, and each over March's mean: the formulas for two modes, written out once more."""
    first, last = ([((is_build == kind) & at) for kind in (False, True)] for at in (~is_last, is_last))
    w0, w1 = np.array([m.sum() for m in first]) / (~is_last).sum(), np.array([m.sum() for m in last]) / is_last.sum()
    m0, m1 = (np.array([value[m].mean() for m in of]) for of in (first, last))
    within, between = ((w0 + w1) / 2 * (m1 - m0)).sum(), ((m0 + m1) / 2 * (w1 - w0)).sum()
    start = value[~is_last].mean()
    return [*(dollars := [within, between, within + between]), *(part / start for part in dollars)]


def test_standard_errors_are_those_of_a_bootstrap_over_users() -> None:
    """1,000 draws of users with replacement: standard deviations within 10%, four of their own errors."""
    frame, rng = drawn(seed=1), np.random.default_rng(2)
    user = np.unique(frame["user_key"].to_list(), return_inverse=True)[1]
    columns = (frame["month"] == LAST).to_numpy(), (frame["work_mode"] == "build").to_numpy()
    value, of_user = frame["task_value_usd"].to_numpy(), [np.flatnonzero(user == u) for u in range(user.max() + 1)]
    draws = []
    for _ in range(1_000):
        chosen = np.concatenate([of_user[u] for u in rng.integers(0, len(of_user), len(of_user))])
        draws.append(parts_of(*(column[chosen] for column in columns), value[chosen]))
    spread, ours = np.std(draws, axis=0), rows(frame)
    for number, part in enumerate(("within", "between", "total")):
        row = ours["all", part]
        assert row["estimate"] == pytest.approx(parts_of(*columns, value)[number])
        assert row["std_error"] == pytest.approx(spread[number], rel=0.1)
        half = (row["relative_ci_high"] - row["relative_ci_low"]) / 2 / 1.976
        assert half == pytest.approx(spread[number + 3], rel=0.1)


def test_errors_of_few_users_are_those_of_the_table_without_each_user() -> None:
    frame = drawn(seed=3, users=12)
    ours = rows(frame)
    without = [rows(frame.filter(pl.col("user_key") != name)) for name in sorted(set(frame["user_key"]))]
    for mode in ("all", "fix"):
        for part in ("within", "between", "total"):
            row = ours[mode, part]
            assert row["std_errors"] == "CRV3 by user"
            moved = np.array([float(left[mode, part]["estimate"]) for left in without]) - float(row["estimate"])
            assert row["std_error"] == pytest.approx(np.sqrt(11 / 12 * np.square(moved).sum()), rel=1e-8)
            moved = np.array([float(left[mode, part]["relative"]) for left in without]) - float(row["relative"])
            half = stats.t.ppf(0.975, 11) * np.sqrt(11 / 12 * np.square(moved).sum())
            assert row["relative_ci_high"] == pytest.approx(float(row["relative"]) + half)


def test_small_modes_are_withheld_with_another_and_one_month_has_no_change() -> None:
    users = {"fix": 20, "build": 15, "plan": 2, "test": 9}
    cells = [(month, mode, user) for month in (FIRST, LAST) for mode, count in users.items() for user in range(count)]
    frame = classified_sessions(
        month=[month for month, _, _ in cells],
        work_mode=[mode for _, mode, _ in cells],
        user_key=[f"{mode}/{user}" for _, mode, user in cells],
        task_value_usd=[100.0 + i for i in range(len(cells))],
    )
    found = rows(frame, min_users=5)
    hidden = {mode for (mode, _), row in found.items() if row["suppressed"]}
    assert hidden == {"plan", "test"}
    assert all(row["estimate"] is None and row["users"] is None for row in found.values() if row["suppressed"])
    assert task_value_change(frame.filter(pl.col("month") == LAST), ALL_SHOWN, LAST, 5).is_empty()


def told(found: dict[tuple[str, str], dict[str, object]]) -> dict[str, bool]:
    """Whether each mode has numbers; the rows that have none tell nothing of how many users there are."""
    for row in found.values():
        numbers = [row[name] for name in ("sessions", "users", "estimate", "degrees_of_freedom", "std_errors")]
        assert numbers == [None] * 5 if row["suppressed"] else None not in numbers
    return {mode: not row["suppressed"] for (mode, _), row in found.items()}


def test_a_row_that_is_withheld_does_not_tell_its_users() -> None:
    """April has two users, fewer than five: 31 users of both months minus March's 30 would say that one came back."""
    frame = of_modes((FIRST, "fix", range(15)), (FIRST, "build", range(15, 30)), (LAST, "build", range(29, 31)))
    assert told(rows(frame, min_users=5)) == {"all": False, "fix": False, "build": False}


def test_what_the_mart_hides_is_withheld() -> None:
    """March's plans have two users. The mart hides builds with them, as it lately did, not the smaller tests.

    Builds of both months without April's would be March's, and plans what the others leave of all.
    """
    groups = {"fix": range(20), "build": range(20, 35), "test": range(35, 44)}
    march, april = ([(month, mode, users) for mode, users in groups.items()] for month in (FIRST, LAST))
    frame = of_modes(*march, (FIRST, "plan", range(50, 52)), *april, (LAST, "plan", range(50, 60)))
    cells = ("all", *groups, "plan")
    released = pl.DataFrame(
        [
            (month, "month", "task_value", mode, month == FIRST and mode in ("build", "plan"))
            for month in (FIRST, LAST)
            for mode in cells
        ],
        schema=polars_schema("staging.released"),
        orient="row",
    )
    assert not told(rows(frame, 5, released))["build"]
    assert not told(rows(frame, 5, released))["plan"]
    assert told(rows(frame, 5, released))["fix"]
    nothing = released.with_columns(suppressed=(pl.col("level") == "all") & (pl.col("month") == LAST))
    assert not any(told(rows(frame, 5, nothing)).values())


@pytest.mark.parametrize(("back", "shown"), [(0, True), (1, False), (4, False), (5, True)])
def test_a_change_is_withheld_where_few_users_came_back(back: int, shown: bool) -> None:
    """Ten in each month: with those of both months one knows how many are in the two."""
    fixes = (FIRST, "fix", range(10)), (LAST, "fix", range(10 - back, 20 - back))
    others = [
        (month, mode, range(at, at + 10)) for month in (FIRST, LAST) for mode, at in (("build", 20), ("test", 30))
    ]
    assert told(rows(of_modes(*fixes), min_users=5))["all"] == shown
    assert told(rows(of_modes(*fixes, *others), min_users=5))["fix"] == shown
    assert told(rows(of_modes(*fixes, *others), min_users=5))["all"]

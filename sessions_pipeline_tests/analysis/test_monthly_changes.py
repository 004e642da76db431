"""Figure 4's changes: errors that know who came back, equal to statsmodels', and nothing that the marts hide."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest
import statsmodels.api as sm
from scipy import stats

from sessions_pipeline.analysis.monthly_changes import monthly_changes
from sessions_pipeline.schemas import polars_schema, validate
from sessions_pipeline_tests.analysis.sessions import classified_sessions, of_modes

FEBRUARY, MARCH, APRIL = (dt.date(2026, month, 1) for month in (2, 3, 4))
MONTHS = (FEBRUARY, MARCH, APRIL)
ALL_SHOWN = pl.DataFrame(schema=polars_schema("staging.released"))

Rows = dict[tuple[str, str, str, dt.date], dict[str, object]]


def changes(frame: pl.DataFrame, released: pl.DataFrame = ALL_SHOWN, min_users: int = 1) -> Rows:
    """By measure, work mode, comparison and last month."""
    table = validate("analysis.monthly_changes", monthly_changes(frame, released, APRIL, min_users))
    keys = ("measure", "work_mode", "comparison", "last_month")
    return {tuple(row[key] for key in keys): row for row in table.iter_rows(named=True)}  # type: ignore[misc]


def drawn(seed: int, users: int = 80) -> pl.DataFrame:
    """Users with one to nine sessions over three months, alike in mode and value."""
    rng = np.random.default_rng(seed)
    user = np.repeat(np.arange(users), rng.integers(1, 10, users))
    month = rng.integers(0, 3, user.size)
    builds = rng.random(user.size) < 0.2 + 0.6 * rng.random(users)[user] + 0.05 * month
    value = np.exp(5 + rng.normal(0, 0.7, users)[user] + 0.1 * month + rng.normal(0, 0.4, user.size))
    return classified_sessions(
        month=[MONTHS[number] for number in month],
        user_key=[f"user {u}" for u in user],
        work_mode=np.where(builds, "build", "fix").tolist(),
        task_value_usd=value.tolist(),
    )


def fitted(value: np.ndarray, regressors: np.ndarray, frame: pl.DataFrame) -> tuple[np.ndarray, np.ndarray, int]:
    """Coefficients, their clustered covariance with G/(G - 1), and G, by statsmodels."""
    groups = np.unique(frame["user_key"].to_list(), return_inverse=True)[1]
    found = sm.OLS(value, regressors.astype(float)).fit(
        cov_type="cluster", cov_kwds={"groups": groups, "use_correction": False}
    )
    clusters = int(groups.max()) + 1
    return found.params, found.cov_params() * clusters / (clusters - 1), clusters


def test_changes_have_the_errors_of_month_indicators_clustered_by_user() -> None:
    frame = drawn(seed=1)
    ours = changes(frame)
    for last in (MARCH, APRIL):
        both = frame.filter(pl.col("month").is_in([FEBRUARY, last]))
        indicators = np.column_stack([both["month"] == FEBRUARY, both["month"] == last])
        builds = (both["work_mode"] == "build").to_numpy().astype(float)
        (before, after), covariance, clusters = fitted(builds, indicators, both)
        assert covariance[0, 1] > 0
        row = ours["work_mode_share", "build", "since_first_month", last]
        assert row["std_errors"] == "linearised by user"
        error = np.sqrt(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1])
        assert row["estimate"] == pytest.approx(after - before)
        assert row["std_error"] == pytest.approx(error, rel=1e-8)
        assert row["degrees_of_freedom"] == clusters - 1
        assert row["ci_high"] == pytest.approx(after - before + stats.t.ppf(0.975, clusters - 1) * error)

        (before, after), covariance, clusters = fitted(both["task_value_usd"].to_numpy(), indicators, both)
        slopes = np.array([-1 / before, 1 / after])
        error = np.sqrt(slopes @ covariance @ slopes)
        row = ours["task_value", "all", "since_first_month", last]
        assert row["estimate"] == pytest.approx(after / before - 1)
        assert row["std_error"] == pytest.approx(after / before * error, rel=1e-8)
        half = stats.t.ppf(0.975, clusters - 1) * error
        assert row["ci_low"] == pytest.approx(after / before * np.exp(-half) - 1)
        assert row["ci_high"] == pytest.approx(after / before * np.exp(half) - 1)


def test_trends_are_least_squares_on_the_month_clustered_by_user() -> None:
    frame = drawn(seed=2)
    ours = changes(frame)
    for measure, mode, of_mode, value in (
        ("work_mode_share", "fix", frame, (frame["work_mode"] == "fix").cast(pl.Float64)),
        ("task_value", "all", frame, frame["task_value_usd"]),
        ("task_value", "fix", (fixes := frame.filter(work_mode="fix")), fixes["task_value_usd"]),
    ):
        number = of_mode["month"].replace_strict(MONTHS, range(3)).to_numpy()
        slope, covariance, clusters = fitted(value.to_numpy(), sm.add_constant(number), of_mode)
        row = ours[measure, mode, "per_month", APRIL]
        error = np.sqrt(covariance[1, 1])
        assert row["estimate"] == pytest.approx(slope[1])
        assert row["std_error"] == pytest.approx(error, rel=1e-8)
        assert row["ci_low"] == pytest.approx(slope[1] - stats.t.ppf(0.975, clusters - 1) * error)
        assert row["degrees_of_freedom"] == clusters - 1


def test_users_who_all_grow_alike_leave_no_doubt_about_the_growth() -> None:
    """Users with 100 and 200 in March come back with 150 and 300: half more, although the means are far from sure."""
    frame = classified_sessions(
        month=[MARCH, MARCH, APRIL, APRIL],
        user_key=["a", "b", "a", "b"],
        work_mode=["fix"] * 4,
        task_value_usd=[100.0, 200.0, 150.0, 300.0],
    )
    row = changes(frame)["task_value", "all", "since_first_month", APRIL]
    assert row["estimate"] == pytest.approx(0.5)
    assert (row["std_error"], row["ci_low"], row["ci_high"]) == (None, None, None)


def test_the_jackknife_of_few_users_by_hand() -> None:
    """March 100 and 200, April 300 and 500, four users. Ratio 400/150; without each user 400/200, 400/100, 500/150 and
    300/150."""
    frame = classified_sessions(
        month=[MARCH, MARCH, APRIL, APRIL],
        user_key=["a", "b", "c", "d"],
        work_mode=["fix"] * 4,
        task_value_usd=[100.0, 200.0, 300.0, 500.0],
    )
    row = changes(frame)["task_value", "fix", "since_first_month", APRIL]
    assert (row["sessions"], row["users"], row["degrees_of_freedom"]) == (4, 4, 3)
    assert row["std_errors"] == "CRV3 by user"
    error = np.sqrt(3 / 4 * sum(np.log(ratio / (400 / 150)) ** 2 for ratio in (2, 4, 10 / 3, 2)))
    assert row["std_error"] == pytest.approx(400 / 150 * error)
    assert row["ci_high"] == pytest.approx(400 / 150 * np.exp(3.182446 * error) - 1, rel=1e-6)


def test_errors_of_few_users_are_those_of_the_table_without_each_user() -> None:
    frame = drawn(seed=7, users=12)
    ours = changes(frame)
    names = sorted(set(frame["user_key"]))
    without = [changes(frame.filter(pl.col("user_key") != name)) for name in names]
    for key in (
        ("work_mode_share", "build", "since_first_month", APRIL),
        ("work_mode_share", "build", "per_month", APRIL),
        ("task_value", "all", "since_first_month", APRIL),
        ("task_value", "all", "per_month", APRIL),
    ):
        relative = key[0] == "task_value" and key[2] == "since_first_month"
        whole, *left = (np.log1p(e) if relative else e for e in (rows[key]["estimate"] for rows in (ours, *without)))
        users = int(ours[key]["degrees_of_freedom"]) + 1  # type: ignore[call-overload]
        error = np.sqrt((users - 1) / users * np.square(np.array(left) - whole).sum())
        assert ours[key]["std_error"] == pytest.approx(error * (np.exp(whole) if relative else 1), rel=1e-8)


def test_a_month_of_one_user_has_a_change_but_no_interval() -> None:
    """b is all of April: without b there is nothing to compare, and b's own sessions cannot tell how b might differ."""
    frame = classified_sessions(
        month=[MARCH, MARCH, APRIL, APRIL],
        user_key=["a", "b", "b", "b"],
        work_mode=["fix"] * 4,
        task_value_usd=[100.0, 200.0, 300.0, 500.0],
    )
    for comparison in ("since_first_month", "per_month"):
        row = changes(frame)["task_value", "fix", comparison, APRIL]
        assert row["estimate"] is not None
        assert (row["std_error"], row["ci_low"]) == (None, None)
        assert str(row["missing_reason"]).startswith("leaving out one user")


def test_sessions_and_users_of_the_mode_and_what_is_left_out_are_counted() -> None:
    """March: a's fix, b's build, and one without a price. April: a's fix twice, c's fix, and one without a mode."""
    frame = classified_sessions(
        month=[MARCH] * 3 + [APRIL] * 4,
        user_key=["a", "b", "d", "a", "a", "c", "e"],
        work_mode=["fix", "build", "plan", "fix", "fix", "fix", None],
        task_value_usd=[10.0, 20.0, None, 10.0, 10.0, 30.0, 10.0],
    )
    found = changes(frame)
    share = found["work_mode_share", "fix", "since_first_month", APRIL]
    assert (share["sessions"], share["users"], share["degrees_of_freedom"], share["n_left_out"]) == (4, 2, 3, 1)
    assert share["estimate"] == pytest.approx(1 - 1 / 3)
    value = found["task_value", "fix", "since_first_month", APRIL]
    assert (value["sessions"], value["users"], value["degrees_of_freedom"], value["n_left_out"]) == (4, 2, 1, 2)
    assert found["work_mode_share", "test", "since_first_month", APRIL]["estimate"] == 0
    assert ("task_value", "build", "since_first_month", APRIL) not in found
    assert ("task_value", "plan", "per_month", APRIL) not in found


def test_what_cannot_be_compared_says_why() -> None:
    """Fixes begin in March; plans are worth nothing in February. March has no plan: there is no row for it."""
    frame = classified_sessions(
        month=[FEBRUARY, MARCH, APRIL, APRIL],
        user_key=["a", "a", "b", "c"],
        work_mode=["plan", "fix", "fix", "plan"],
        task_value_usd=[0.0, 50.0, 60.0, 70.0],
    )
    found = changes(frame)
    assert found["task_value", "fix", "since_first_month", APRIL]["missing_reason"] == "no session of 2026-02"
    plan = found["task_value", "plan", "since_first_month", APRIL]
    assert (plan["estimate"], plan["missing_reason"]) == (None, "a mean of zero: no relative change")
    assert ("task_value", "plan", "since_first_month", MARCH) not in found
    assert found["task_value", "plan", "per_month", APRIL]["estimate"] == pytest.approx(35)


def test_one_month_has_no_change_and_one_user_no_interval() -> None:
    frame = drawn(seed=3)
    assert changes(frame.filter(month=MARCH)) == {}
    alone = changes(frame.with_columns(user_key=pl.lit("me")))
    assert {row["std_error"] for row in alone.values()} == {None}
    assert {row["degrees_of_freedom"] for row in alone.values()} == {None}
    assert alone["task_value", "all", "since_first_month", APRIL]["estimate"] is not None


def test_a_change_is_hidden_where_the_mart_hides_one_of_its_months_and_the_trend_with_it() -> None:
    """March's builds are hidden. Plans, of which there are none, look hidden there too."""
    cells = [("task_value", mode) for mode in ("all", "build", "fix")] + [
        ("work_mode", mode) for mode in ("all", "build", "fix")
    ]
    released = pl.DataFrame(
        [(month, "month", *cell, (month, cell[1]) == (MARCH, "build")) for month in MONTHS for cell in cells],
        schema=polars_schema("staging.released"),
        orient="row",
    )
    found = changes(drawn(seed=4), released, min_users=3)
    numbers = ("sessions", "users", "estimate", "std_error", "ci_low", "degrees_of_freedom")
    for measure in ("work_mode_share", "task_value"):
        for mode in ("build", "plan"):
            for comparison, last in (("since_first_month", MARCH), ("per_month", APRIL)):
                row = found[measure, mode, comparison, last]
                assert row["suppressed"]
                assert [row[name] for name in numbers] == [None] * 6
        assert not found[measure, "build", "since_first_month", APRIL]["suppressed"]
        assert not found[measure, "fix", "per_month", APRIL]["suppressed"]


def test_a_change_of_fewer_users_than_the_threshold_is_hidden_whatever_the_marts_say() -> None:
    found = changes(drawn(seed=5, users=6), min_users=7)
    assert all(row["suppressed"] or row["users"] == 0 for row in found.values())


def test_row_order_changes_nothing() -> None:
    frame = drawn(seed=6)
    assert changes(frame.sample(fraction=1, shuffle=True, seed=1)) == changes(frame)


@pytest.mark.parametrize(("back", "shown"), [(0, True), (1, False), (4, False), (5, True)])
def test_months_are_not_compared_where_few_users_came_back(back: int, shown: bool) -> None:
    """Ten in each month: with those of both months one knows how many are in the two, and, by errors, what they did."""
    fixes = (MARCH, "fix", range(10)), (APRIL, "fix", range(10 - back, 20 - back))
    everyone = changes(of_modes(*fixes, (APRIL, "build", range(30, 40))), min_users=5)
    for comparison in ("since_first_month", "per_month"):
        for measure, mode in (("task_value", "fix"), ("work_mode_share", "fix"), ("task_value", "all")):
            row = everyone[measure, mode, comparison, APRIL]
            assert row["suppressed"] != shown
            assert all((row[name] is not None) == shown for name in ("users", "degrees_of_freedom", "estimate"))
    # A share's degrees of freedom count all users of the two months, also of a mode to which nobody came back.
    assert everyone["work_mode_share", "build", "since_first_month", APRIL]["suppressed"] != shown
    others = [(month, "build", range(30, 40)) for month in (MARCH, APRIL)]
    with_others = changes(of_modes(*fixes, *others), min_users=5)
    assert with_others["work_mode_share", "fix", "since_first_month", APRIL]["suppressed"] != shown
    assert not with_others["task_value", "all", "since_first_month", APRIL]["suppressed"]


def test_a_trend_counts_who_is_in_any_two_of_its_months() -> None:
    """Three users are in February and March, three others in March and April: six are in two of the months."""
    fixes = (FEBRUARY, "fix", range(8)), (MARCH, "fix", range(5, 13)), (APRIL, "fix", range(10, 18))
    for min_users, shown in ((6, True), (7, False)):
        found = changes(of_modes(*fixes), min_users=min_users)
        assert found["task_value", "fix", "per_month", APRIL]["suppressed"] != shown
        assert found["task_value", "fix", "since_first_month", MARCH]["suppressed"]
        assert not found["task_value", "fix", "since_first_month", APRIL]["suppressed"]


@pytest.mark.filterwarnings("error")
def test_a_month_that_is_worth_nothing_without_one_user_has_no_interval() -> None:
    frame = classified_sessions(
        month=[MARCH, MARCH, APRIL, APRIL],
        user_key=["a", "b", "a", "b"],
        work_mode=["fix"] * 4,
        task_value_usd=[100.0, 0.0, 200.0, 0.0],
    )
    row = changes(frame)["task_value", "fix", "since_first_month", APRIL]
    assert (row["estimate"], row["ci_low"]) == (1.0, None)
    assert str(row["missing_reason"]).startswith("leaving out one user")

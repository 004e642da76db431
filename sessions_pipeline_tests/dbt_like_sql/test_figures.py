"""The estimates and intervals that all marts share: each breakdown against a second implementation, and by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import polars as pl
import pytest
from statsmodels.stats.proportion import proportion_confint

from sessions_pipeline.classifications.classifiers import CODEBASE_CONTEXTS
from sessions_pipeline_tests.dbt_like_sql.reference import (
    FIRST,
    LAST,
    drawn_sessions,
    in_each_period,
    is_interval,
    january,
    mean_interval,
    of_january,
    rate_interval,
    released,
)
from sessions_pipeline_tests.dbt_like_sql.running import month, table

SUCCESSES = ("at_least_partial", "judged_success", "verified_success")
MARTS = (
    "codebase_context_shares",
    "decision_shares",
    "mean_decision_shares",
    "decision_correlations",
    "effort_by_decision_share",
    "actions_by_who_decides",
    "effort_by_model",
    "success_by_signal",
    "success_by_occupation",
    "success_by_profession",
    "occupations_crossed",
)
Rows = dict[tuple[Any, ...], dict[str, Any]]


@pytest.fixture(scope="module")
def sessions() -> pl.DataFrame:
    return drawn_sessions(4)


@pytest.fixture(scope="module")
def marts(sessions: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """All marts over drawn sessions, nothing suppressed."""
    return released([f"marts.{name}" for name in MARTS], sessions, 1, FIRST, LAST)


def by_key(rows: pl.DataFrame) -> Rows:
    """(month, period, other keys in the table's order) -> row."""
    numbers = ("sessions", "users", "estimate", "ci_low", "ci_high", "suppressed", "place")
    keys = [name for name in rows.columns if name not in numbers]
    return {tuple(row[name] for name in keys): row for row in rows.to_dicts()}


def agent_bin(share: pl.Expr, bins: int) -> pl.Expr:
    """Bin of the agent's share, from 1; a share on a border belongs to the bin nearer to a half."""
    place = ((1 - share) * bins).round(6)
    lower = pl.min_horizontal(place.floor() + 1, pl.lit(bins // 2 + bins % 2))
    return pl.when(place <= bins / 2).then(lower).otherwise(place.ceil()).cast(pl.Int64)


def matches(row: dict[str, Any], cell: pl.DataFrame, estimate: float, interval: Any) -> bool:
    return (
        (row["sessions"], row["users"]) == (cell.height, cell["user_key"].n_unique())
        and row["estimate"] == pytest.approx(estimate, rel=1e-8)
        and is_interval(row, interval)
        and not row["suppressed"]
    )


def check_shares(rows: Rows, some: pl.DataFrame, key: tuple[Any, ...], column: str, level: Any) -> None:
    hits = (some[column] == level).cast(pl.Float64).to_numpy()
    row = rows.pop((*key, level))
    assert matches(
        row, some.filter(pl.col(column) == level), hits.mean(), rate_interval(hits, some["user_key"].to_list())
    )


def check_means(rows: Rows, cell: pl.DataFrame, key: tuple[Any, ...], values: pl.Series) -> None:
    numbers = values.cast(pl.Float64).to_numpy()
    assert matches(rows.pop(key), cell, numbers.mean(), mean_interval(numbers, cell["user_key"].to_list()))


def periods_of(sessions: pl.DataFrame) -> Iterator[tuple[tuple[Any, Any], pl.DataFrame]]:
    for key, inside in in_each_period(sessions):
        yield (key["month"], key["period"]), inside


def test_shares_of_contexts_bins_and_pairs_of_occupations(
    sessions: pl.DataFrame, marts: dict[str, pl.DataFrame]
) -> None:
    contexts, bins = by_key(marts["marts.codebase_context_shares"]), by_key(marts["marts.decision_shares"])
    pairs = by_key(marts["marts.occupations_crossed"])
    for key, inside in periods_of(sessions):
        for context in CODEBASE_CONTEXTS:
            check_shares(contexts, inside.drop_nulls("codebase_context"), key, "codebase_context", context)
        for kind in ("planning", "execution"):
            share = f"user_{kind}_share"
            some = inside.drop_nulls(share).with_columns(agent_bin(pl.col(share), 10).alias("bin"))
            for number in range(1, 11):
                check_shares(bins, some, (*key, kind), "bin", number)
        some = inside.drop_nulls("task_occupation")
        for user, task in some.select("user_occupation", "task_occupation").unique().iter_rows():
            of_user = pl.when(user_occupation=user).then("task_occupation").otherwise(pl.lit("another user's"))
            check_shares(pairs, some.with_columns(task_occupation=of_user), (*key, user), "task_occupation", task)
    assert not contexts
    assert not bins
    assert {row["estimate"] for row in pairs.values()} == {0.0}


def test_means_by_who_decides(sessions: pl.DataFrame, marts: dict[str, pl.DataFrame]) -> None:
    shares, bands = by_key(marts["marts.mean_decision_shares"]), by_key(marts["marts.effort_by_decision_share"])
    groups = by_key(marts["marts.actions_by_who_decides"])
    columns = {"planning": "user_planning_share", "execution": "user_execution_share", "overall": "user_decision_share"}
    for key, inside in periods_of(sessions):
        for kind, column in columns.items():
            some = inside.drop_nulls(column)
            check_means(shares, some, (*key, kind), some[column])
            for (band,), cell in some.group_by(agent_bin(pl.col(column), 5)):
                for measure in ("actions_per_prompt", "words_per_prompt"):
                    check_means(bands, cell, (*key, kind, band, measure), cell[measure])
        for group, condition in (
            ("user_executes", pl.col("user_execution_share") > 0.8),
            ("agent_plans", pl.col("user_planning_share") < 0.2),
        ):
            cell = inside.filter(condition)
            if cell.height:
                check_means(groups, cell, (*key, group), cell["actions_per_prompt"])
    assert not shares
    assert not bands
    assert not groups


def test_rates_by_signal(sessions: pl.DataFrame, marts: dict[str, pl.DataFrame]) -> None:
    rows = by_key(marts["marts.success_by_signal"])
    for key, inside in periods_of(sessions.filter(pl.col("outcome") != "no_clear_goal")):
        for signal in ("success", "failure"):
            for (strength,), cell in inside.drop_nulls(f"{signal}_signal").group_by(f"{signal}_signal"):
                hits = cell["judged_success"].cast(pl.Float64).to_numpy()
                interval = rate_interval(hits, cell["user_key"].to_list())
                assert matches(rows.pop((*key, signal, strength)), cell, hits.mean(), interval)
    assert not rows


def accounts_interval(hits: np.ndarray, cell: pl.DataFrame) -> tuple[float | None, float | None]:
    users = cell["user_key"].n_unique()
    if users == 1:
        return None, None
    low, high = proportion_confint(hits.mean() * users, users, method="wilson")
    return float(low), float(high)


def test_success_by_occupation_and_profession_counts_accounts(
    sessions: pl.DataFrame, marts: dict[str, pl.DataFrame]
) -> None:
    occupations, professions = (by_key(marts[f"marts.success_by_{name}"]) for name in ("occupation", "profession"))
    judged = sessions.filter(pl.col("outcome") != "no_clear_goal", user_occupation_is_known())
    for key, inside in periods_of(judged.drop_nulls(["success_signal", "failure_signal"])):
        wrote = inside.filter("wrote_code")
        cells: list[tuple[Rows, Callable[[str], tuple[Any, ...]], pl.DataFrame]] = []
        for (code,), cell in wrote.group_by("user_occupation"):
            cells.append((occupations, lambda measure, k=key, code=code: (*k, measure, code), cell))
        for sample, some in (("all", inside), ("wrote_code", wrote)):
            for (software,), cell in some.group_by("software_user"):
                name = "software" if software else "other"
                cells.append((professions, lambda measure, k=key, s=sample, n=name: (*k, s, measure, n), cell))
        for rows, name_of, cell in cells:
            for measure in SUCCESSES:
                hits = cell[measure].cast(pl.Float64).to_numpy()
                assert matches(rows.pop(name_of(measure)), cell, hits.mean(), accounts_interval(hits, cell))
    assert not occupations
    assert not professions


def user_occupation_is_known() -> pl.Expr:
    return pl.col("user_occupation") != "unclear"


def test_the_largest_occupations_come_first(marts: dict[str, pl.DataFrame]) -> None:
    rows = marts["marts.success_by_occupation"].filter(month=month(LAST), period="window", measure="judged_success")
    assert rows.sort("sessions", descending=True)["place"].to_list() == list(range(1, rows.height + 1))


def test_geometric_means_by_model_family(sessions: pl.DataFrame, marts: dict[str, pl.DataFrame]) -> None:
    rows = by_key(marts["marts.effort_by_model"])
    for key, inside in periods_of(sessions.drop_nulls("model_tier")):
        for (tier,), cell in inside.group_by("model_tier"):
            for measure in ("actions_per_prompt", "words_per_prompt"):
                row = rows.pop((*key, measure, "other" if tier == "grok" else tier))
                positive = cell.filter(pl.col(measure) > 0)
                logs = np.log(positive[measure].to_numpy())
                assert (row["sessions"], row["users"]) == (cell.height, cell["user_key"].n_unique())
                assert np.log(row["estimate"]) == pytest.approx(logs.mean(), abs=1e-8)
                in_logs = {end: np.log(row[end]) if row[end] else None for end in ("ci_low", "ci_high")}
                assert is_interval(in_logs, mean_interval(logs, positive["user_key"].to_list()))
    assert not rows


def test_correlations_agree_with_numpy_and_a_bootstrap_over_users(
    sessions: pl.DataFrame, marts: dict[str, pl.DataFrame]
) -> None:
    rows = marts["marts.decision_correlations"].filter(month=month(LAST), period="window")
    inside = dict(periods_of(sessions))[month(LAST), "window"].drop_nulls("user_execution_share")
    random = np.random.default_rng(1)
    for row in rows.to_dicts():
        some = inside.drop_nulls(row["variable"])
        if row["variable"] != "expertise":
            some = some.filter(pl.col("outcome") != "no_clear_goal")
        x, y = some["user_execution_share"].to_numpy(), some[row["variable"]].cast(pl.Float64).to_numpy()
        assert (row["sessions"], row["users"]) == (some.height, some["user_key"].n_unique())
        assert row["estimate"] == pytest.approx(np.corrcoef(x, y)[0, 1], abs=1e-6)
        users = np.unique(some["user_key"].to_numpy(), return_inverse=True)[1]
        places = [np.flatnonzero(users == user) for user in range(users.max() + 1)]
        drawn = []
        for _ in range(1000):
            chosen = np.concatenate([places[user] for user in random.integers(0, len(places), len(places))])
            drawn.append(np.arctanh(np.corrcoef(x[chosen], y[chosen])[0, 1]))
        reach = (np.arctanh(row["ci_high"]) - np.arctanh(row["ci_low"])) / 2
        assert reach == pytest.approx(2 * np.std(drawn), rel=0.2)


def test_shares_on_a_border_belong_to_the_bin_nearer_to_a_half() -> None:
    shares = [1.0, 0.9, 0.8, 0.5, 0.2, 0.1, 0.0]  # the user's; the agent's is one minus this
    rows = january("marts.decision_shares", of_january(user_key=["a"] * 7, user_planning_share=shares), min_users=1)
    assert rows.filter(pl.col("sessions") > 0)["bin"].to_list() == [1, 2, 3, 5, 8, 9, 10]


def test_sessions_without_labels_and_empty_months_make_no_rows() -> None:
    nothing = table("core.classified_sessions", month=[month("2026-01")] * 2, user_key=["a", "b"])
    marts = released([f"marts.{name}" for name in MARTS], nothing, 5, "2026-01", "2026-02")
    assert {name: rows.height for name, rows in marts.items()} == dict.fromkeys(marts, 0)

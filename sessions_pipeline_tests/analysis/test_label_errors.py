"""Label errors by hand, against statsmodels, and by group; nobody's few sessions are shown."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest
import statsmodels.api as sm

from benchmarks.coverage import MONTHS, NOW, gold_rows, study
from sessions_pipeline.analysis.gold import DRAWS, GOLD, Plan, draw
from sessions_pipeline.analysis.label_errors import label_errors, weighted_mean
from sessions_pipeline.schemas import polars_schema, validate
from sessions_pipeline_tests.analysis.sessions import classified_sessions
from sessions_pipeline_tests.dbt_like_sql.running import table

MONTH = dt.date(2026, 4, 1)


def errors(sessions: pl.DataFrame, draws: pl.DataFrame, gold: pl.DataFrame, min_users: int = 1) -> pl.DataFrame:
    return validate("analysis.label_errors", label_errors(sessions, draws, gold, MONTH, min_users))


def by_hand(min_users: int = 1) -> dict[tuple[str, str, str, str], dict[str, object]]:
    """Four sessions of three users. Gold levels 2 2 5 5, judged 2 3 5 3; drawn with 1/2, 1/2, 1/4, 1/4."""
    ids = ["s000000", "s000001", "s000002", "s000003"]
    sessions = classified_sessions(month=[MONTH] * 4, user_key=["a", "b", "c", "c"], expertise=[2, 3, 5, 3])
    probability = [0.5, 0.5, 0.25, 0.25]
    draws = table(DRAWS, session_id=ids, month=[MONTH] * 4, stratum=list("xxyy"), probability=probability)
    gold = table(
        GOLD, session_id=ids, month=[MONTH] * 4, facet=["expertise"] * 4, label=["2", "2", "5", "5"], value=[None] * 4
    )
    rows = errors(sessions, draws, gold, min_users).filter(facet="expertise")
    return {(row["group_by"], row["group_value"], row["metric"], row["facet"]): row for row in rows.to_dicts()}


def test_rates_by_hand() -> None:
    """Weights 2 2 4 4: wrong are the second and the fourth, 6 of 12; judge minus gold 0 1 0 -2: (2 - 8) / 12."""
    found = by_hand()
    everyone = found["all", "all", "error_rate", "expertise"]
    assert (everyone["estimate"], everyone["sessions"], everyone["users"]) == (pytest.approx(0.5), 4, 3)
    assert everyone["degrees_of_freedom"] == 2
    assert found["all", "all", "signed_error", "expertise"]["estimate"] == pytest.approx(-0.5)
    assert found["expertise", "2", "signed_error", "expertise"]["estimate"] == pytest.approx(0.5)
    assert found["expertise", "5", "signed_error", "expertise"]["estimate"] == pytest.approx(-1.0)
    assert found["expertise", "5", "error_rate", "expertise"]["std_error"] is None
    assert everyone["ci_low"] < 0.5 < everyone["ci_high"]  # type: ignore[operator]


def test_groups_of_few_users_and_what_would_tell_them_are_withheld() -> None:
    """Level 5 has one user, level 2 two: of two levels both go, and the rest is told."""
    found = by_hand(min_users=2)
    assert found["all", "all", "error_rate", "expertise"]["estimate"] == pytest.approx(0.5)
    for level in ("2", "5"):
        hidden = found["expertise", level, "error_rate", "expertise"]
        assert (hidden["suppressed"], hidden["estimate"], hidden["sessions"], hidden["users"]) == (True, *[None] * 3)


def test_standard_errors_are_those_of_weighted_least_squares_with_clusters() -> None:
    rng = np.random.default_rng(1)
    values, weight, user = (rng.random(200) < 0.3).astype(float), rng.uniform(1, 9, 200), rng.integers(0, 30, 200)
    theirs = sm.WLS(values, np.ones(200), weights=weight).fit(
        cov_type="cluster", cov_kwds={"groups": user, "use_correction": False}, use_t=True
    )
    found = weighted_mean(values, weight, user, share=False)
    assert found.estimate == pytest.approx(theirs.params[0])
    assert found.std_error == pytest.approx(theirs.bse[0] * np.sqrt(30 / 29))
    low, high = found.ci_low, found.ci_high
    assert (high - low) / 2 == pytest.approx(found.std_error * 2.0452, rel=1e-4)  # t with 29 degrees of freedom


def test_a_share_of_zero_has_an_interval_with_a_width_inside_zero_and_one() -> None:
    found = weighted_mean(np.zeros(40), np.ones(40), np.arange(40), share=True)
    assert (found.estimate, found.ci_low) == (0.0, 0.0)
    assert 0.05 < found.ci_high < 0.15


def test_no_interval_is_without_a_width() -> None:
    """Where all differ alike there is no interval of a mean; a share keeps one, whatever rounding makes of weights."""
    rng = np.random.default_rng(2)
    weight, user = rng.uniform(1, 9, 60), np.arange(60) % 12
    none = weighted_mean(np.zeros(60), weight, user, share=False)
    assert (none.estimate, none.std_error, none.ci_low, none.ci_high) == (0.0, None, None, None)
    for seed in range(20):
        weight = np.random.default_rng(seed).uniform(1, 9, 60)
        wrong = weighted_mean(np.ones(60), weight, user, share=True)
        assert (wrong.estimate, wrong.std_error, wrong.ci_high) == (1.0, None, 1.0)
        assert 0.5 < wrong.ci_low < 0.85
    halves = weighted_mean(np.tile([0.0, 1.0], 30), np.ones(60), np.arange(60) // 6, share=True)
    # Every user errs in half of the cases: no narrower than 60 independent sessions.
    assert halves.ci_high - halves.ci_low > 2 * 1.96 * np.sqrt(0.25 / 60) * 0.95


def test_a_few_gold_labels_show_the_error_that_all_would_show_at_each_level() -> None:
    made = study(1, 6_000, expertise_errs=False)
    draws = draw(made.judged, Plan(MONTHS, ("outcome", "expertise"), 1_500, 1), NOW)
    rows = errors(made.judged, draws, gold_rows(draws, made.truth), min_users=5)
    truly = pl.Series(made.truth["outcome"] == "succeeded").cast(pl.Float64)
    everyone = (
        made.judged.with_columns(error=pl.col("verified_success").cast(pl.Float64) - truly)
        .group_by(pl.col("expertise").cast(pl.String).alias("group_value"))
        .agg(pl.col("error").mean())
    )
    found = rows.filter(facet="verified_success", group_by="expertise", metric="signed_error")
    both = found.join(everyone, on="group_value").sort("group_value")
    assert both["group_value"].to_list() == ["1", "2", "3", "4", "5"]
    assert ((both["estimate"] - both["error"]).abs() < 3 * both["std_error"]).all()
    assert both["estimate"][0] < 0 < both["estimate"][-1]
    right = rows.filter(facet="expertise", metric="error_rate", group_by="all")
    assert right["estimate"].to_list() == [0.0]
    # Shares of decisions have a signed error alone: 0.05, and up to 0.1 more with the level, before clipping.
    shares = rows.filter(facet="user_planning_share").sort("group_value")
    assert shares["metric"].unique().to_list() == ["signed_error"]
    leaning = shares.filter(group_by="expertise")["estimate"].to_list()
    assert 0.02 < leaning[0] < leaning[-1] < 0.15


def test_without_gold_labels_there_is_nothing() -> None:
    nothing = (pl.DataFrame(schema=polars_schema(name)) for name in (DRAWS, GOLD))
    assert errors(classified_sessions(3), *nothing).is_empty()

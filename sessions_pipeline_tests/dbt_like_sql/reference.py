"""The marts' statistics a second time, with numpy, scipy and statsmodels, and data to compare on."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from typing import Any

import numpy as np
import polars as pl
import statsmodels.api as sm
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from sessions_pipeline.classifications.classifiers import CODEBASE_CONTEXTS, WORK_MODES
from sessions_pipeline_tests.dbt_like_sql.running import month, periods, run, table

OUTCOMES = ["succeeded", "partially_succeeded", "failed", "no_clear_goal"]
FIRST, LAST, WINDOW = "2025-11", "2026-02", 3
# Four months to write, and two before them that their windows reach.
MONTHS = [month(text) for text in ("2025-09", "2025-10", "2025-11", "2025-12", "2026-01", "2026-02")]


def mart(name: str, sessions: pl.DataFrame, min_users: int, first: str = FIRST, last: str = LAST) -> pl.DataFrame:
    """The mart `name` over core.classified_sessions, for the months `first` to `last`, windows of three months."""
    return released([name], sessions, min_users, first, last)[name]


def released(
    names: Iterable[str], sessions: pl.DataFrame, min_users: int, first: str, last: str, window_months: int = WINDOW
) -> dict[str, pl.DataFrame]:
    """The marts `names` of the months `first` to `last`.

    Cells and small levels are of one run over all months of `sessions`, what stands on them of one over those months.
    """
    tables = tables_behind(sessions, min_users, first, last, window_months)
    given = {"last_month": month(last), "window_months": window_months, "min_users": min_users}
    return {name: run(name, tables, first_month=month(first), **given) for name in names}


_COMPUTED: dict[Hashable, dict[str, pl.DataFrame]] = {}


def tables_behind(
    sessions: pl.DataFrame, min_users: int, first: str, last: str, window_months: int
) -> dict[str, pl.DataFrame]:
    """The tables that the marts read. Made once of the same rows, because several tests look at marts of these."""
    key = (tuple(sessions.columns), tuple(sessions.rows()), min_users, first, last, window_months)
    if key not in _COMPUTED:
        start = min(sessions["month"].min(), month(first))  # type: ignore[type-var]
        tables = {
            "core.classified_sessions": sessions,
            "staging.periods": periods(sessions, f"{start:%Y-%m}", last, window_months),
        }
        given = {"last_month": month(last), "window_months": window_months, "min_users": min_users}
        tables["staging.cells"] = run("staging.cells", tables, first_month=start, **given)
        tables["staging.small_levels"] = run("staging.small_levels", tables, first_month=start, **given)
        tables["staging.released"] = run("staging.released", tables, first_month=month(first), **given)
        tables["staging.figures"] = run("staging.figures", tables, first_month=month(first), **given)
        _COMPUTED[key] = tables
    return _COMPUTED[key]


def of_january(**columns: list[Any]) -> pl.DataFrame:
    """core.classified_sessions of one month, other columns filled."""
    return table("core.classified_sessions", month=[month("2026-01")] * len(columns["user_key"]), **columns)


def january(name: str, sessions: pl.DataFrame, min_users: int) -> pl.DataFrame:
    """The mart's rows of January alone."""
    return mart(name, sessions, min_users, "2026-01", "2026-01").filter(period="month")


def drawn_sessions(seed: int) -> pl.DataFrame:
    """900 sessions of 60 users who come back over six months, have habits of their own, and lack some labels."""
    random = np.random.default_rng(seed)
    user = random.integers(0, 60, 900) * random.integers(0, 2, 900)  # half of all sessions are user 0's or few users'
    user = np.where(random.random(900) < 0.6, user, random.integers(0, 60, 900))
    habit = random.normal(size=60)[user]

    def sometimes(values: Any, missing: float = 0.05) -> list[Any]:
        return [None if gone else value for value, gone in zip(values, random.random(900) < missing, strict=True)]

    def yes(slope: float) -> list[bool]:
        return (random.normal(size=900) + slope * habit > 0).tolist()

    sessions = {
        "session_id": [f"{number:04}" for number in range(900)],
        "month": [MONTHS[place] for place in random.integers(0, 6, 900)],
        "user_key": [f"user {number}" for number in user],
        "work_mode": sometimes(random.choice(WORK_MODES[:-1], 900, p=[0.3, 0.3, 0.1, 0.1, 0.1, 0.06, 0.03, 0.01])),
        "expertise": sometimes(np.clip(np.round(3 + habit + random.normal(size=900)), 1, 5).astype(int).tolist()),
        "task_value_usd": sometimes(np.exp(5 + habit + random.normal(size=900)).round(2).tolist()),
        "actions_per_prompt": (np.exp(2 + habit + random.normal(size=900)) * (random.random(900) < 0.9)).tolist(),
        "words_per_prompt": (random.integers(0, 3000, 900) / random.integers(1, 9, 900)).tolist(),
        "outcome": sometimes(random.choice(OUTCOMES, 900).tolist()),
        "success_signal": sometimes(random.integers(0, 6, 900).tolist()),
        "failure_signal": sometimes(random.integers(0, 6, 900).tolist()),
        "at_least_partial": yes(1.0),
        "judged_success": yes(0.5),
        "verified_success": yes(0.0),
        "judged_failure": yes(-0.5),
        "verified_failure": [False] * 900,
        "abandoned": [True] * 900,
        "hit_trouble": yes(1.0),
    }
    tenths = np.arange(11) / 10
    occupation = random.choice(["15", "11", "13", "unclear"], 900, p=[0.4, 0.2, 0.1, 0.3])
    return table(
        "core.classified_sessions",
        **sessions,
        codebase_context=sometimes(random.choice(CODEBASE_CONTEXTS, 900).tolist()),
        model_tier=sometimes(random.choice(["opus", "sonnet", "grok"], 900).tolist()),
        user_occupation=occupation.tolist(),
        software_user=[None if code == "unclear" else code == "15" for code in occupation],
        task_occupation=sometimes(random.choice(["15", "27"], 900).tolist()),
        wrote_code=yes(0.5),
        user_planning_share=sometimes(random.choice(tenths, 900).tolist(), 0.2),
        user_execution_share=sometimes(np.clip(random.choice(tenths, 900) * 0.7 + 0.1 * habit, 0, 1).round(3).tolist()),
        user_decision_share=sometimes((random.integers(0, 8, 900) / 7).tolist()),
        transcript_truncated=(random.random(900) < 0.3).tolist(),
    )


def in_each_period(sessions: pl.DataFrame) -> Iterator[tuple[dict[str, Any], pl.DataFrame]]:
    """(month and period, the sessions in it) for the months FIRST to LAST."""
    for place in range(2, 6):
        for period, first in (("month", place), ("window", place - WINDOW + 1)):
            inside = sessions.filter(pl.col("month").is_between(MONTHS[first], MONTHS[place]))
            yield {"month": MONTHS[place], "period": period}, inside


def t_quantile(users: int) -> float:
    return float(stats.t.ppf(0.975, users - 1))


def clustered_mean(values: np.ndarray, users: list[str]) -> tuple[float, float]:
    """Mean and its standard error: least squares on a constant, clustered by user, G / (G - 1)."""
    clusters = np.unique(users, return_inverse=True)[1]
    fit = sm.OLS(values, np.ones(len(values))).fit(cov_type="cluster", cov_kwds={"groups": clusters})
    return float(fit.params[0]), float(fit.bse[0])


def mean_interval(values: np.ndarray, users: list[str]) -> tuple[float | None, float | None]:
    if len(set(users)) == 1:
        return None, None
    mean, error = clustered_mean(values, users)
    reach = t_quantile(len(set(users))) * error
    return mean - reach, mean + reach


def rate_interval(hits: np.ndarray, users: list[str]) -> tuple[float | None, float | None]:
    """Wilson's interval at the effective sample size; hits are 0 or 1 per session, users all of the denominator's."""
    if len(set(users)) == 1:
        return None, None
    rate, error = clustered_mean(hits, users)
    sessions_of = np.unique(users, return_counts=True)[1]
    if hits.min() == hits.max():
        size = sessions_of.sum() ** 2 / (sessions_of**2).sum()
    else:
        size = min(rate * (1 - rate) / error**2, len(hits)) if error > 0 else len(hits)
    two_sided = 2 * stats.norm.sf(t_quantile(len(set(users))))
    low, high = proportion_confint(hits.mean() * size, size, alpha=two_sided, method="wilson")
    return float(low), float(high)


def is_interval(row: dict[str, Any], expected: tuple[float | None, float | None]) -> bool:
    """Whether the row has this interval, up to the 2e-5 of its width by which its t quantile may be off."""
    low, high = expected
    if low is None or high is None:
        return row["ci_low"] is None and row["ci_high"] is None
    error = 3e-5 * (high - low) + 1e-12
    return abs(row["ci_low"] - low) <= error and abs(row["ci_high"] - high) <= error

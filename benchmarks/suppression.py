"""What suppression costs a team: the share of its sessions that is shown by level, by month and over windows.

Teams of people with habits of their own (work modes, level, occupation) and a pace that differs between them, about
three sessions a person and month, months without any among them. What is released of them is decided by the SQL models
that the pipeline runs. Only levels count, not totals, and each session as often as breakdowns have it.

python -m benchmarks.suppression [--users N ...] [--draws N] [--json]
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import duckdb
import numpy as np
import polars as pl

from benchmarks.findings import Finding, progress, tell
from sessions_pipeline import schemas
from sessions_pipeline.classifications.classifiers import CODEBASE_CONTEXTS, WORK_MODES
from sessions_pipeline.months import add_months
from sessions_pipeline.simulate.study import FIRST_MONTH
from sessions_pipeline.sql import load_models

USERS = (8, 10, 15, 20, 50)
DRAWS = 10
MONTHS, WINDOW, MIN_USERS = 10, 7, 5
# The day of the study's publication: a team's own generator is seeded by it, the number of users and of the draw.
SEED = 20_260_616
BREAKDOWNS = ("work_mode", "expertise", "planning_bands", "success_signal", "profession")
MODELS = ("staging.periods", "staging.cells", "staging.small_levels", "staging.released")
# How often a team does what, by work mode in the order of the classifier; people differ around it.
MODE_WEIGHTS = (3.0, 4.0, 3.0, 1.5, 1.0, 0.8, 0.6, 0.2, 0.4)


def team(users: int, seed: int) -> pl.DataFrame:
    """Rows of core.classified_sessions of so many `users` over MONTHS months; user and month decide how many."""
    rng = np.random.default_rng((SEED, users, seed))
    pace = rng.lognormal(1, 0.8, users)
    counts = rng.poisson(pace[:, None], (users, MONTHS)) * rng.integers(0, 6, (users, MONTHS)) // 3
    user, month = (np.repeat(place, counts.ravel()) for place in np.divmod(np.arange(counts.size), MONTHS))
    n = user.size
    habit, contexts = rng.dirichlet(MODE_WEIGHTS, users), rng.dirichlet(np.ones(len(CODEBASE_CONTEXTS)), users)
    occupation = rng.choice(["15", "11", "13", "unclear"], users, p=(0.6, 0.15, 0.15, 0.1))[user]
    level = np.clip(np.rint(rng.normal(rng.normal(3, 0.7, users)[user], 0.6)), 1, 5)
    known: dict[str, pl.Series | np.ndarray] = {
        "session_id": np.arange(n).astype(str),
        "user_key": user.astype(str),
        "month": pl.Series([add_months(FIRST_MONTH, number) for number in range(MONTHS)])[month],
        "work_mode": pl.Series(WORK_MODES)[_drawn(rng, habit[user])],
        "codebase_context": pl.Series(CODEBASE_CONTEXTS)[_drawn(rng, contexts[user])],
        "expertise": level.astype(np.int64),
        "user_occupation": occupation,
        "software_user": pl.Series(occupation).replace_strict({"unclear": None, "15": True}, default=False),
        "task_occupation": rng.choice(["15", "27"], n, p=(0.7, 0.3)),
        "model_tier": rng.choice(["opus", "sonnet", "haiku"], n, p=(0.6, 0.3, 0.1)),
        "outcome": np.full(n, "succeeded"),
        "success_signal": rng.choice(6, n, p=(0.1, 0.1, 0.15, 0.25, 0.3, 0.1)),
        "failure_signal": rng.choice(6, n, p=(0.5, 0.15, 0.15, 0.1, 0.05, 0.05)),
        "hit_trouble": rng.random(n) < 0.4,
        "wrote_code": rng.random(n) < 0.6,
        **{f"user_{kind}_share": rng.integers(0, 10, n) / 10 + 0.05 for kind in ("planning", "execution", "decision")},
        **dict.fromkeys(("task_value_usd", "actions_per_prompt", "words_per_prompt"), np.ones(n)),
        **dict.fromkeys(("at_least_partial", "judged_success", "verified_success"), np.ones(n, np.bool_)),
        **dict.fromkeys(("judged_failure", "verified_failure", "abandoned"), np.zeros(n, np.bool_)),
    }
    columns = schemas.polars_schema("core.classified_sessions")
    return pl.DataFrame(
        {name: pl.Series(name, known[name]) if name in known else pl.Series(name, [None] * n) for name in columns}
    ).select(pl.col(name).cast(kind) for name, kind in columns.items())


def _drawn(rng: np.random.Generator, chances: np.ndarray) -> np.ndarray:
    """One of k for each row of `chances` (n, k), which sum to one."""
    return np.minimum((rng.random((len(chances), 1)) > chances.cumsum(axis=1)).sum(axis=1), chances.shape[1] - 1)


def released_levels(sessions: pl.DataFrame) -> pl.DataFrame:
    """month, period, level, sessions and suppressed of every level of BREAKDOWNS that has sessions.

    sessions: rows of core.classified_sessions.
    """
    months = {"first_month": FIRST_MONTH, "last_month": add_months(FIRST_MONTH, MONTHS - 1)}
    given = {**months, "window_months": WINDOW, "min_users": MIN_USERS}
    models = load_models()
    with duckdb.connect(config={"threads": 2}) as connection:
        connection.execute("create schema core; create schema staging")
        connection.register("drawn", sessions)
        connection.execute("create table core.classified_sessions as select * from drawn")
        for name in MODELS:
            model = models[name]
            values = {parameter: given[parameter] for parameter in model.parameters}
            connection.execute(f"create table {name} as {model.sql}", values)
        return connection.sql(
            """
            select
                released.month,
                released.period,
                breakdown,
                level,
                suppressed,
                cast(sum(cells.sessions) as bigint) as sessions
            from staging.released
            inner join staging.periods using (month, period)
            inner join staging.cells using (breakdown, level)
            where
                cells.month = cells.other_month
                and cells.month between periods.first_month and periods.last_month
                and level <> 'all'
                and list_contains($breakdowns, breakdown)
            group by all
            having sum(cells.sessions) > 0
            """,
            params={"breakdowns": list(BREAKDOWNS)},
        ).pl()


def counts_shown(users: int, seed: int) -> dict[str, tuple[int, int]]:
    """Months, all windows and the newest window of one team -> its levels' sessions that are shown, and all of them."""
    rows = released_levels(team(users, seed))
    parts = {
        "by month": rows.filter(period="month"),
        "over all windows": rows.filter(period="window"),
        "over the newest window": rows.filter(pl.col("month") == pl.col("month").max(), period="window"),
    }
    return {
        name: (sum(part.filter(~pl.col("suppressed"))["sessions"]), sum(part["sessions"]))
        for name, part in parts.items()
    }


def findings(sizes: Sequence[int] = USERS, draws: int = DRAWS) -> list[Finding]:
    """Three lines for each size of team: the share over all draws, and the lowest and highest of one draw.

    There is no target, for the rule is what it is.
    """
    found = []
    for users in sizes:
        progress(f"suppression: {draws} teams of {users}")
        counted = [counts_shown(users, seed) for seed in range(draws)]
        for name in counted[0]:
            pairs = [counts[name] for counts in counted]
            shares = [shown / every for shown, every in pairs]
            share = sum(shown for shown, _ in pairs) / sum(every for _, every in pairs)
            told = f"{share:.0%} (teams from {min(shares):.0%} to {max(shares):.0%})"
            found.append(Finding(f"{users} users, sessions shown by level {name}", share, told))
    return found


def main() -> None:
    """Runs it and prints the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--users", type=int, nargs="+", default=USERS, help="sizes of teams")
    parser.add_argument("--draws", type=int, default=DRAWS, help="teams of each size")
    parser.add_argument("--json", action="store_true", help="a JSON object instead of a table")
    given = parser.parse_args()
    title = f"Suppression: {MONTHS} months, windows of {WINDOW}, at least {MIN_USERS} users, {given.draws} draws"
    tell(title, findings(given.users, given.draws), given.json)


if __name__ == "__main__":
    main()

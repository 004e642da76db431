"""DuckDB's time for all marts, and what they are made from, on random classified sessions of the published size.

python -m benchmarks.marts [--sessions N] [--json]

Labels, effort and value are drawn with the study's marginals, users with its numbers of sessions. Timed are the SELECTs
alone, on two threads: reading from and writing to the warehouse belong to the pipeline.
"""

from __future__ import annotations

import argparse
import datetime as dt
import time

import duckdb
import numpy as np
import polars as pl

from benchmarks.findings import Finding, at_most, progress, tell
from sessions_pipeline import schemas
from sessions_pipeline.classifications.classifiers import SOC_MAJOR_GROUPS
from sessions_pipeline.sql import SqlModel, load_models

MONTHS = [dt.date(2025 + (9 + n) // 12, (9 + n) % 12 + 1, 1) for n in range(7)]
GIVEN = {"first_month": MONTHS[0], "last_month": MONTHS[-1], "window_months": len(MONTHS), "min_users": 5}
# Of 398,198 sessions: users with one session, with 2 to 5, 6 to 10 and more; together 234,751.
USERS = ((161_685, 1), (66_684, 2.6), (4_969, 7.3), (1_413, 19.2))
MODES = {
    "fix": 0.26,
    "build": 0.25,
    "operate": 0.17,
    "communicate": 0.1,
    "understand": 0.07,
    "plan": 0.07,
    "orchestrate": 0.03,
    "analyze": 0.03,
    "test": 0.02,
}
CONTEXTS = {"modifies_existing": 0.48, "explores_existing": 0.17, "creates_new": 0.14, "no_codebase": 0.21}
OUTCOMES = {"succeeded": 0.55, "partially_succeeded": 0.3, "failed": 0.073, "no_clear_goal": 0.077}
LIMITS = {400_000: 2.0, 4_000_000: 20.0}


def classified(sessions: int, seed: int) -> pl.DataFrame:
    """Rows of core.classified_sessions, of as many sessions."""
    rng = np.random.default_rng(seed)

    def labels(shares: dict[str, float]) -> pl.Series:
        weights = np.array(list(shares.values()))
        return pl.Series(list(shares))[rng.choice(len(shares), sessions, p=weights / weights.sum())]

    def decisions(planned: float) -> tuple[np.ndarray, np.ndarray]:
        count = rng.integers(1, 9, sessions)
        return rng.binomial(count, rng.beta(4 * planned, 4 - 4 * planned, sessions)), count

    weights = np.concatenate([np.full(round(count * sessions / 398_198), mean) for count, mean in USERS])
    user = np.repeat(np.arange(len(weights)), rng.poisson(weights - 1) + 1)
    user = rng.permutation(np.resize(user, sessions))
    prompts = rng.poisson(3, sessions) + 1
    groups = list(SOC_MAJOR_GROUPS)
    occupations = {code: 1 / (place + 1) ** 1.5 for place, code in enumerate(["15", *(g for g in groups if g != "15")])}
    user_occupation = labels({**occupations, "unclear": 0.43 * sum(occupations.values())})
    outcome, success, failure = labels(OUTCOMES), rng.integers(0, 6, sessions), rng.integers(0, 6, sessions)
    lines = rng.poisson(200, sessions) * (rng.random(sessions) < 0.6)
    (planning, of_planning), (execution, of_execution) = decisions(0.7), decisions(0.2)
    succeeded, failed = (outcome == "succeeded").to_numpy(), (outcome == "failed").to_numpy()
    columns = {
        "session_id": [f"s{number}" for number in range(sessions)],
        "month": pl.Series(MONTHS)[rng.integers(0, len(MONTHS), sessions)],
        "user_key": (pl.Series(user).hash(seed).cast(pl.String) + pl.Series(user).hash(seed + 1).cast(pl.String)),
        "model_tier": labels({"opus": 0.5, "sonnet": 0.4, "haiku": 0.1}),
        "human_prompts": prompts,
        "lines_added": lines,
        "work_mode": labels(MODES),
        "expertise": rng.choice(5, sessions, p=[0.05, 0.15, 0.4, 0.3, 0.1]) + 1,
        "user_occupation": user_occupation,
        "task_occupation": labels(occupations),
        "outcome": outcome,
        "success_signal": success,
        "failure_signal": failure,
        "codebase_context": labels(CONTEXTS),
        "user_planning_share": planning / of_planning,
        "user_execution_share": execution / of_execution,
        "user_decision_share": (planning + execution) / (of_planning + of_execution),
        "task_value_usd": np.exp(rng.normal(6, 1.3, sessions)),
        "verified_success": succeeded & (success >= 4),
        "judged_success": succeeded,
        "at_least_partial": succeeded | (outcome == "partially_succeeded").to_numpy(),
        "judged_failure": failed,
        "verified_failure": failed & (failure >= 4),
        "hit_trouble": failure >= 3,
        "abandoned": failed & (lines == 0),
        "wrote_code": lines > 0,
        "transcript_truncated": rng.random(sessions) < 0.1,
        "software_user": (user_occupation.replace("unclear", None) == "15"),
        "actions_per_prompt": rng.poisson(np.exp(rng.normal(1.8, 1, sessions))) / prompts,
        "words_per_prompt": rng.poisson(np.exp(rng.normal(8, 1, sessions))) / prompts,
    }
    given = pl.DataFrame(columns)
    kinds = schemas.polars_schema("core.classified_sessions")
    return given.select(
        (pl.col(name) if name in columns else pl.lit(None)).cast(kind).alias(name) for name, kind in kinds.items()
    )


def seconds_by_model(sessions: int) -> dict[str, float]:
    """Model -> seconds of its SELECT, in the pipeline's order."""
    found = {}
    with duckdb.connect(config={"threads": 2}) as connection:
        connection.execute("create schema core; create schema staging; create schema marts")
        connection.register("drawn", classified(sessions, 1))
        connection.execute("create table core.classified_sessions as select * from drawn")
        connection.unregister("drawn")
        for name, model in load_models().items():
            if name == "staging.periods" or "staging.periods" in model.dependencies or name.startswith("marts."):
                found[name] = _seconds(connection, model)
    return found


def _seconds(connection: duckdb.DuckDBPyConnection, model: SqlModel) -> float:
    began = time.perf_counter()
    connection.execute(f"create table {model.table} as {model.sql}", {name: GIVEN[name] for name in model.parameters})
    return time.perf_counter() - began


def findings(sizes: tuple[int, ...] = (400_000,)) -> list[Finding]:
    """Seconds for each size; the models that take longest are named."""
    found = []
    for size in sizes:
        progress(f"marts of {size:,} sessions")
        seconds = seconds_by_model(size)
        marts = sum(name.startswith("marts.") for name in seconds)
        total = sum(seconds.values())
        quantity = f"{marts} marts of {size:,} sessions, with what they are made from"
        limit = LIMITS.get(size)
        found.append(at_most(quantity, total, limit, " s") if limit else Finding(quantity, total, f"{total:.2f} s"))
        for name in sorted(seconds, key=seconds.__getitem__, reverse=True)[:3]:
            found.append(Finding(f"  of which {name}", seconds[name], f"{seconds[name]:.2f} s"))
    return found


def main() -> None:
    """The sizes of the targets, or one that is given."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sessions", type=int, help="one size instead of 400,000 and 4 million")
    parser.add_argument("--json", action="store_true", help="a JSON object instead of a table")
    given = parser.parse_args()
    tell("Marts", findings((given.sessions,) if given.sessions else tuple(LIMITS)), given.json)


if __name__ == "__main__":
    main()

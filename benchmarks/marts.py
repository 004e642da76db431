"""DuckDB's time for all marts, and what they are made from, on the simulated study and on ten copies of it.

python -m benchmarks.marts [--copies N] [--json]

Every copy has users of its own. Timed are the SELECTs alone, on two threads: reading from and writing to the warehouse
belong to the pipeline. CPU seconds stand beside the clock's, because on a machine that does other work only they can be
compared.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb

from benchmarks.findings import Finding, at_most, progress, tell
from sessions_pipeline import schemas
from sessions_pipeline.months import add_months
from sessions_pipeline.simulate.study import FIRST_MONTH, MONTHS, SESSIONS, simulate_study
from sessions_pipeline.sql import SqlModel, load_models

# Copies of the study: the most seconds that all marts may take.
LIMITS = {1: 2.0, 10: 20.0}
MIN_USERS = 5


@dataclass(frozen=True)
class Spent:
    """Seconds of one SELECT: by the clock, and of all threads together."""

    wall: float
    cpu: float


def spent_by_model(copies: int) -> dict[str, Spent]:
    """Model -> seconds of its SELECT, in the pipeline's order, on as many copies of the study, in a file."""
    found = {}
    with (
        tempfile.TemporaryDirectory() as folder,
        duckdb.connect(Path(folder) / "bench.duckdb", config={"threads": 2}) as connection,
    ):
        connection.execute("create schema core; create schema staging; create schema marts")
        columns = list(schemas.polars_schema("core.classified_sessions"))
        study = simulate_study().sessions.select(columns)
        connection.register("study", study)
        connection.execute(
            "create table core.classified_sessions as select study.* replace "
            "(session_id || '-' || copy as session_id, user_key || '-' || copy as user_key) "
            "from study cross join (select unnest(range($copies)) as copy)",
            {"copies": copies},
        )
        connection.unregister("study")
        del study
        given = {
            "first_month": FIRST_MONTH,
            "last_month": add_months(FIRST_MONTH, MONTHS - 1),
            "window_months": MONTHS,
            "min_users": MIN_USERS,
        }
        for name, model in load_models().items():
            if name == "staging.periods" or "staging.periods" in model.dependencies or name.startswith("marts."):
                found[name] = _spent(connection, model, given)
    return found


def _spent(connection: duckdb.DuckDBPyConnection, model: SqlModel, given: Mapping[str, object]) -> Spent:
    began, used = time.perf_counter(), _cpu_seconds()
    connection.execute(f"create table {model.table} as {model.sql}", {name: given[name] for name in model.parameters})
    return Spent(time.perf_counter() - began, _cpu_seconds() - used)


def _cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def findings(sizes: tuple[int, ...] = (1,)) -> list[Finding]:
    """Seconds for each number of copies; the models that take longest are named."""
    found = []
    for copies in sizes:
        progress(f"marts of {copies * SESSIONS:,} sessions")
        spent = spent_by_model(copies)
        marts = sum(name.startswith("marts.") for name in spent)
        wall, cpu = sum(one.wall for one in spent.values()), sum(one.cpu for one in spent.values())
        quantity = f"{marts} marts of {copies * SESSIONS:,} sessions, with what they are made from"
        limit = LIMITS.get(copies)
        found.append(at_most(quantity, wall, limit, " s") if limit else Finding(quantity, wall, f"{wall:.2f} s"))
        found.append(Finding("  of both threads together", cpu, f"{cpu:.2f} CPU s"))
        for name in sorted(spent, key=lambda name: spent[name].cpu, reverse=True)[:3]:
            found.append(Finding(f"  of which {name}", spent[name].cpu, f"{spent[name].cpu:.2f} CPU s"))
    return found


def main() -> None:
    """The sizes of the targets, or one that is given."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--copies", type=int, help="copies of the study instead of 1 and then 10")
    parser.add_argument("--json", action="store_true", help="a JSON object instead of a table")
    given = parser.parse_args()
    tell("Marts", findings((given.copies,) if given.copies else tuple(LIMITS)), given.json)


if __name__ == "__main__":
    main()

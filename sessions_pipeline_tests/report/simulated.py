"""The report's inputs of a small simulated study: every table made as the pipeline makes it, without Dagster."""

from __future__ import annotations

from functools import cache

import duckdb
import polars as pl

from sessions_pipeline import schemas
from sessions_pipeline.analysis.adjusted import adjusted_rates
from sessions_pipeline.analysis.assets import SESSIONS, WINDOW_TABLES
from sessions_pipeline.analysis.models import estimate
from sessions_pipeline.config import Settings
from sessions_pipeline.report.inputs import TABLES, ReportInputs
from sessions_pipeline.report.vintage import SOURCES, collect
from sessions_pipeline.simulate.study import simulate_study, telemetry
from sessions_pipeline_tests.dbt_like_sql.running import fill, models

# Enough for a number in every exhibit at five users a cell.
SESSIONS_SIMULATED = 3_000
MIN_USERS = 5


@cache
def simulated_inputs(sessions: int = SESSIONS_SIMULATED) -> ReportInputs:
    """Of the vintage that ends the study."""
    study = simulate_study(sessions).sessions
    months = sorted(study["month"].unique())
    settings = Settings(backend="claude", window_months=len(months))
    tables: dict[str, pl.DataFrame] = {SESSIONS: study, "core.sessions": telemetry(study), **_marts(study)}
    tables["analysis.coefficients"] = estimate(study, months[-1], "window", MIN_USERS)
    tables["analysis.adjusted_rates"] = adjusted_rates(study, months[-1], "window", MIN_USERS)
    for name in {*SOURCES, *TABLES.values(), *(name for of in WINDOW_TABLES for name in (*of.sources, *of.whole))}:
        tables.setdefault(name, pl.DataFrame(schema=schemas.polars_schema(name)))
    for of in WINDOW_TABLES:
        if of.table in TABLES.values():
            tables[of.table] = of.make(tables, months[-1], settings, MIN_USERS)
    return collect(months[-1], tables, settings, personal=False, min_users=MIN_USERS)


def _marts(study: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Every table of `dbt_like_sql/marts/`, of all months and their windows."""
    months = sorted(study["month"].unique())
    given = {"first_month": months[0], "last_month": months[-1], "window_months": len(months), "min_users": MIN_USERS}
    made = {}
    with duckdb.connect(config={"threads": 2}) as connection:
        fill(connection, {SESSIONS: study})
        connection.execute("create schema staging; create schema marts")
        for name, model in models().items():
            if name == "staging.periods" or "staging.periods" in model.dependencies or name.startswith("marts."):
                parameters = {parameter: given[parameter] for parameter in model.parameters}
                connection.execute(f"create table {name} as {model.sql}", parameters)
                if name.startswith("marts."):
                    made[name] = schemas.validate(name, connection.table(name).pl())
    return made

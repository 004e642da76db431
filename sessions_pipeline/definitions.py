"""The code location: assembly only."""

# ruff: noqa: E402
import warnings
from functools import lru_cache

# What Dagster says about its own interfaces while the assets are made helps nobody who runs them: "beta" parameters,
# and that one job spans single-run and multi-run assets (the month job runs one partition at a time).
for _message in (
    r"Parameter `(backfill_policy|owners|allow_nonexistent_upstream_partitions)`",
    "Asset job month materializes",
):
    warnings.filterwarnings("ignore", message=_message)

from dagster import AssetSpec, Definitions, apply_freshness_policy, in_process_executor, map_asset_specs

from sessions_pipeline.analysis.assets import analysis_assets
from sessions_pipeline.classifications.assets import classifications, labels_overview, retests
from sessions_pipeline.config import load_settings
from sessions_pipeline.folders import Home, default_home
from sessions_pipeline.report.assets import report_assets
from sessions_pipeline.schedules import (
    ingest_job,
    join_job,
    label_job,
    month_job,
    monthly_freshness,
    monthly_schedule,
    publish_job,
    read_logs,
    tables_job,
)
from sessions_pipeline.sensors import new_logs, runs_without_a_process
from sessions_pipeline.sessions.assets import attrition_table, raw_tables, sessions
from sessions_pipeline.snapshot_asset import snapshot
from sessions_pipeline.sql_assets import sql_assets
from sessions_pipeline.state import State, WarehouseResource

# Whom to ask, as the UI shows it: who keeps the logs coming, or who answers for what is estimated from them.
_OWNERS = {"raw": "team:platform", "core": "team:platform", "labels": "team:platform"}


def definitions_of(home: Home) -> Definitions:
    """Everything that runs on the state folder `home`, by its settings. The same until they change."""
    settings = load_settings(home.path).settings
    return _definitions(home, settings.window_months, settings.schedule_day)


@lru_cache(maxsize=1)
def _definitions(home: Home, window: int, day: int) -> Definitions:
    def owned_and_due(spec: AssetSpec) -> AssetSpec:
        owner = _OWNERS.get(spec.group_name or "", "team:research")
        return apply_freshness_policy(spec.replace_attributes(owners=[owner]), monthly_freshness(day))

    return Definitions(
        assets=map_asset_specs(
            owned_and_due,
            [
                raw_tables,
                sessions,
                classifications,
                retests,
                labels_overview,
                *sql_assets(window, home.dagster / "sql_models.json"),
                attrition_table,
                *analysis_assets(window),
                *report_assets(window),
                snapshot,
            ],
        ),
        jobs=[ingest_job, label_job, join_job, publish_job, tables_job, month_job, read_logs],
        schedules=[monthly_schedule(day)],
        sensors=[new_logs, runs_without_a_process],
        # One process a run: DuckDB has one writer, and a process per step pays seconds of imports twenty times over.
        executor=in_process_executor,
        resources={
            "state": State(home=str(home.path)),
            "duckdb": WarehouseResource(database=str(home.warehouse)),
        },
    )


# What a server loads.
defs = definitions_of(default_home())

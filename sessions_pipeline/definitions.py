"""The code location: assembly only."""

# ruff: noqa: E402
import warnings

# What Dagster says about its own interfaces while the assets are made helps nobody who runs them: "beta" parameters,
# and that one job spans single-run and multi-run assets (the month job runs one partition at a time).
for _message in (
    r"Parameter `(backfill_policy|allow_nonexistent_upstream_partitions)`",
    "Asset job month materializes",
):
    warnings.filterwarnings("ignore", message=_message)

from dagster import Definitions, in_process_executor

from sessions_pipeline.analysis.assets import analysis_assets
from sessions_pipeline.classifications.assets import classifications, retests
from sessions_pipeline.config import load_settings
from sessions_pipeline.folders import default_home
from sessions_pipeline.report.assets import report_assets
from sessions_pipeline.schedules import ingest_job, join_job, label_job, month_job, month_that_ended, publish_job
from sessions_pipeline.sessions.assets import attrition_table, raw_tables, sessions
from sessions_pipeline.snapshot_asset import snapshot
from sessions_pipeline.sql_assets import sql_assets
from sessions_pipeline.state import State, WarehouseResource

_HOME = default_home()
_WINDOW = load_settings(_HOME.path).settings.window_months

defs = Definitions(
    assets=[
        raw_tables,
        sessions,
        classifications,
        retests,
        *sql_assets(_WINDOW),
        attrition_table,
        *analysis_assets(_WINDOW),
        *report_assets(_WINDOW),
        snapshot,
    ],
    jobs=[ingest_job, label_job, join_job, publish_job, month_job],
    schedules=[month_that_ended],
    # One process a run: DuckDB has one writer, and a process per step pays seconds of imports twenty times over.
    executor=in_process_executor,
    resources={
        "state": State(home=str(_HOME.path)),
        "duckdb": WarehouseResource(database=str(_HOME.warehouse)),
    },
)

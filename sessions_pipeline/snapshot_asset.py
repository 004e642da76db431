"""The asset of the snapshot: the last of every run that publishes, whoever started it."""

from dagster import AssetKey, BackfillPolicy, MaterializeResult, MetadataValue, asset

from sessions_pipeline.metadata import asset_key
from sessions_pipeline.partitions import monthly_partitions
from sessions_pipeline.schemas import TABLES
from sessions_pipeline.snapshot import FILE, is_published, write_snapshot
from sessions_pipeline.state import State

# After all that is published, so that no reader sees tables of two runs.
PUBLISHED = [AssetKey(["report", "page"]), *map(asset_key, filter(is_published, TABLES))]


@asset(
    key=AssetKey(["report", "snapshot"]),
    group_name="report",
    description="One DuckDB file for notebooks and dashboards, snapshot.duckdb: all tables as they are after the run, "
    "with pseudonyms for keys. Readers may keep it open; it is replaced at once, and only if something changed.",
    deps=PUBLISHED,
    kinds={"duckdb"},
    partitions_def=monthly_partitions,
    backfill_policy=BackfillPolicy.single_run(),
)
def snapshot(state: State) -> MaterializeResult:
    """Replaces the snapshot in the state folder."""
    home = state.folders.path
    replaced = write_snapshot(state.warehouse, home)
    return MaterializeResult(metadata={"path": MetadataValue.path(str(home / FILE)), "replaced": replaced})

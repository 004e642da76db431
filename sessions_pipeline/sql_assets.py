"""One asset for every file of dbt_like_sql/: key, group, dependencies and columns are read from the file."""

from collections.abc import Iterator
from pathlib import Path

from dagster import (
    AssetDep,
    AssetExecutionContext,
    AssetsDefinition,
    BackfillPolicy,
    TimeWindowPartitionMapping,
    asset,
)

from sessions_pipeline.checks import assertion_queries, check_specs, store
from sessions_pipeline.classifications.assets import LABELS_OVERVIEW
from sessions_pipeline.metadata import asset_key, definition_metadata
from sessions_pipeline.months import add_months, months_between
from sessions_pipeline.partitions import monthly_partitions, months_of
from sessions_pipeline.sql import SqlModel, models_from
from sessions_pipeline.stages import PUBLISH
from sessions_pipeline.state import State

# The tables in between have no group of their own in the graph: each stands beside what it prepares.
GROUPS = {
    "staging.current_labels": "labels",
    "staging.periods": "marts",
    "staging.cells": "marts",
    "staging.small_levels": "marts",
    "staging.released": "marts",
    "staging.figures": "marts",
}
# After the labels, which are a run per month, comes what a backfill makes in one run. By itself Dagster would start a
# run for each month whose labels are there; the overview waits for the labels of all months that the backfill covers.
AFTER = {"staging.current_labels": LABELS_OVERVIEW}


def read_by_vintage(table: str, window_months: int) -> AssetDep:
    """How partition M of what is published reads `table`: the months of the window that ends in M.

    What is published itself is read of M alone, though charts show its earlier months: a month that changes changes the
    vintages whose window holds it and no later one, which two windows in a row would name.
    """
    if table in PUBLISH.makes:
        return AssetDep(asset_key(table))
    window = TimeWindowPartitionMapping(start_offset=1 - window_months, allow_nonexistent_upstream_partitions=True)
    return AssetDep(asset_key(table), partition_mapping=window)


def sql_assets(window_months: int, cache: Path) -> list[AssetsDefinition]:
    """The assets of all SQL files, in dependency order. cache: where what was read off the files is kept."""
    return [_sql_asset(model, window_months) for model in models_from(cache).values()]


def _sql_asset(model: SqlModel, window_months: int) -> AssetsDefinition:
    table = model.table
    of_vintage = table in PUBLISH.makes
    deps = [
        read_by_vintage(name, window_months) if of_vintage else AssetDep(asset_key(name)) for name in model.dependencies
    ]
    if table in AFTER:
        deps.append(AssetDep(AFTER[table]))

    @asset(
        key=asset_key(table),
        group_name=GROUPS.get(table, table.split(".")[0]),
        description=model.description,
        deps=deps,
        kinds={"sql", "duckdb"},
        metadata={**definition_metadata(table, model.lineage), "sql": model.sql},
        check_specs=check_specs(table, model),
        partitions_def=monthly_partitions,
        backfill_policy=BackfillPolicy.single_run(),
    )
    def sql_table(context: AssetExecutionContext, state: State) -> Iterator[object]:
        months, settings = months_of(context), state.settings
        values = {
            "first_month": months[0],
            "last_month": months[-1],
            "window_months": settings.window_months,
            "backend": settings.backend,
        }
        asked = {*model.parameters, *(name for assertion in model.assertions for name in assertion.parameters)}
        if "min_users" in asked:  # known once there are classified sessions
            values["min_users"] = state.min_users()
        read = months_between(add_months(months[0], 1 - settings.window_months), months[-1]) if of_vintage else months
        frame = state.warehouse.query(model.sql, {name: values[name] for name in model.parameters}, read)
        yield from store(state, table, frame, months, assertions=assertion_queries(model, values))

    return sql_table

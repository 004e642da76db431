"""The code location, loaded as the server loads it: through workspace.yaml."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest
from dagster import (
    AssetKey,
    BackfillPolicy,
    DefaultSensorStatus,
    FreshnessPolicy,
    asset,
    build_schedule_context,
    materialize,
)
from dagster._core.test_utils import instance_for_test
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import WorkspaceFileTarget
from dagster_duckdb import DuckDBResource

from sessions_pipeline.classifications.assets import LABELS_OVERVIEW
from sessions_pipeline.definitions import defs
from sessions_pipeline.schedules import monthly_freshness, monthly_schedule
from sessions_pipeline.schemas import TABLES, polars_schema
from sessions_pipeline.sql import load_models
from sessions_pipeline.stages import COUNT, JOIN, LABEL, PUBLISH, Stage
from sessions_pipeline.state import WarehouseResource

ROOT = Path(__file__).resolve().parents[1]
FIGURES = (
    "codebase_context",
    "figure_1",
    "figure_2",
    "figure_3",
    "figure_4_shares",
    "figure_4_values",
    "figure_5",
    "figure_6",
    "figure_6_gap",
    "figure_a1",
    "figure_a2",
    "flow",
    "table_a1",
)


@pytest.fixture(scope="module")
def repository() -> Iterator[object]:
    """The repository that a server finds in workspace.yaml."""
    with (
        instance_for_test() as instance,
        WorkspaceProcessContext(instance, WorkspaceFileTarget([str(ROOT / "workspace.yaml")])) as process,
    ):
        context = process.create_request_context()
        (location,) = context.code_locations
        (found,) = location.get_repositories().values()
        yield found


def test_the_server_finds_every_table_and_figure_in_its_group(repository: object) -> None:
    nodes = {node.asset_key: node for node in repository.get_asset_node_snaps()}  # type: ignore[attr-defined]
    tables = {AssetKey(table.split(".")) for table in TABLES}
    pictures = {AssetKey(["report", name]) for name in (*FIGURES, "page", "snapshot")}
    assert set(nodes) == tables | pictures | {LABELS_OVERVIEW}
    assert {node.group_name for node in nodes.values()} == {"raw", "core", "labels", "marts", "analysis", "report"}
    assert {key for key, node in nodes.items() if node.partitions is None} == {LABELS_OVERVIEW}
    assert all((node.description or "").startswith("One ") for node in nodes.values())
    assert all(node.owners and node.freshness_policy for node in nodes.values())
    assert all(any(tag.startswith("dagster/kind/") for tag in node.tags) for node in nodes.values())
    assert {key for key, node in nodes.items() if "dagster/column_schema" in node.metadata} == tables
    assert {node.asset_key.path[-1] for node in nodes.values() if node.pools} == {"classifications"}


def test_every_sql_table_shows_where_its_columns_come_from(repository: object) -> None:
    nodes = {node.asset_key: node for node in repository.get_asset_node_snaps()}  # type: ignore[attr-defined]
    for table in load_models():
        lineage = nodes[AssetKey(table.split("."))].metadata["dagster/column_lineage"].value.deps_by_column
        assert set(lineage) <= set(polars_schema(table))
        assert lineage


def test_the_server_finds_jobs_schedule_sensors_and_checks(repository: object) -> None:
    jobs = {job.name for job in repository.get_all_jobs()}  # type: ignore[attr-defined]
    assert {"ingest", "label", "join", "publish", "tables", "month", "read_logs"} <= jobs
    (schedule,) = repository.get_schedules()  # type: ignore[attr-defined]
    assert (schedule.name, schedule.cron_schedule, schedule.execution_timezone) == (
        "month_that_ended",
        "0 6 2 * *",
        "UTC",
    )
    sensors = {sensor.name: sensor.default_status for sensor in repository.get_sensors()}  # type: ignore[attr-defined]
    assert sensors == {
        "new_logs": DefaultSensorStatus.STOPPED,
        "runs_without_a_process": DefaultSensorStatus.RUNNING,
    }
    assert all(sensor.description for sensor in repository.get_sensors())  # type: ignore[attr-defined]
    checks = {(check.asset_key.to_user_string(), check.name) for check in repository.get_asset_check_node_snaps()}  # type: ignore[attr-defined]
    assert {(table.replace(".", "/"), "rows_follow_the_model") for table in TABLES} <= checks
    assert ("core/attrition", "adds_up") in checks


def test_labels_run_one_month_per_run_and_the_rest_as_one_run_over_the_range() -> None:
    graph = defs.resolve_asset_graph()
    policies = {key.to_user_string(): graph.get(key).backfill_policy for key in graph.get_all_asset_keys()}
    for table in ("labels/classifications", "labels/retests"):
        assert policies.pop(table) == BackfillPolicy.multi_run(1)
    assert policies.pop("labels/overview") is None  # one for all months
    assert set(policies.values()) == {BackfillPolicy.single_run()}


@pytest.mark.parametrize("stage", [COUNT, LABEL, JOIN, PUBLISH])
def test_a_stage_reads_and_makes_what_the_graph_says(stage: Stage) -> None:
    graph = defs.resolve_asset_graph()
    made = defs.resolve_job_def(stage.job).asset_layer.executable_asset_keys - {LABELS_OVERVIEW}
    tables = {table: AssetKey(table.split(".")) for table in TABLES}
    assert {table for table, key in tables.items() if key in made} == set(stage.makes)
    parents = {parent for key in made for parent in graph.get(key).parent_keys} - made
    assert {table for table, key in tables.items() if key in parents} == set(stage.reads)


def test_every_asset_has_the_same_monthly_partitions() -> None:
    graph = defs.resolve_asset_graph()
    definitions = {str(graph.get(key).partitions_def) for key in graph.get_all_asset_keys() - {LABELS_OVERVIEW}}
    assert len(definitions) == 1


def test_sql_dependencies_are_those_of_the_files() -> None:
    graph = defs.resolve_asset_graph()
    for table, model in load_models().items():
        parents = graph.get(AssetKey(table.split("."))).parent_keys - {LABELS_OVERVIEW}
        assert {".".join(key.path) for key in parents} == set(model.dependencies)


def test_the_day_of_the_schedule_and_of_the_deadline_after_it_is_a_setting() -> None:
    assert monthly_schedule(5).cron_schedule == "0 6 5 * *"
    assert monthly_freshness(5) == FreshnessPolicy.cron("0 6 6 * *", lower_bound_delta=dt.timedelta(days=1))


@pytest.mark.parametrize(
    ("tick", "month"), [("2026-01-02T06:00:00+00:00", "2025-12-01"), ("2026-03-02T06:00:00+00:00", "2026-02-01")]
)
def test_the_schedule_asks_for_the_month_that_has_ended(tick: str, month: str) -> None:
    context = build_schedule_context(
        scheduled_execution_time=dt.datetime.fromisoformat(tick), repository_def=defs.get_repository_def()
    )
    (request,) = monthly_schedule(2).evaluate_tick(context).run_requests or []
    assert request.partition_key == month


def test_an_added_asset_reads_the_warehouse_through_dagsters_own_resource(tmp_path: Path) -> None:
    @asset
    def sessions_counted(duckdb: DuckDBResource) -> int:
        with duckdb.get_connection() as connection:
            counted = connection.execute("SELECT count(*), current_setting('TimeZone') FROM core.sessions").fetchone()
        assert counted == (0, "UTC")
        return 0

    resource = WarehouseResource(database=str(tmp_path / "warehouse.duckdb"))
    with instance_for_test() as instance:
        assert materialize([sessions_counted], instance=instance, resources={"duckdb": resource}).success

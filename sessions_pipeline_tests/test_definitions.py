"""The code location, loaded as the server loads it: through workspace.yaml."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from dagster import AssetKey, asset, build_schedule_context, materialize
from dagster._core.test_utils import instance_for_test
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import WorkspaceFileTarget
from dagster_duckdb import DuckDBResource

from sessions_pipeline.definitions import defs
from sessions_pipeline.schedules import month_that_ended
from sessions_pipeline.schemas import TABLES
from sessions_pipeline.sql import load_models
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
    pictures = {AssetKey(["report", name]) for name in (*FIGURES, "page")}
    assert set(nodes) == tables | pictures
    assert {node.group_name for node in nodes.values()} == {"raw", "core", "labels", "marts", "analysis", "report"}
    assert all(node.partitions is not None for node in nodes.values())
    assert all((node.description or "").startswith("One ") for node in nodes.values())


def test_the_server_finds_jobs_schedule_and_checks(repository: object) -> None:
    jobs = {job.name for job in repository.get_all_jobs()}  # type: ignore[attr-defined]
    assert {"ingest", "label", "join", "publish", "month"} <= jobs
    assert [schedule.name for schedule in repository.get_schedules()] == ["month_that_ended"]  # type: ignore[attr-defined]
    checks = {(check.asset_key.to_user_string(), check.name) for check in repository.get_asset_check_node_snaps()}  # type: ignore[attr-defined]
    assert {(table.replace(".", "/"), "rows_follow_the_model") for table in TABLES} <= checks
    assert ("core/attrition", "adds_up") in checks


def test_every_asset_has_the_same_monthly_partitions() -> None:
    graph = defs.resolve_asset_graph()
    definitions = {str(graph.get(key).partitions_def) for key in graph.get_all_asset_keys()}
    assert len(definitions) == 1


def test_sql_dependencies_are_those_of_the_files() -> None:
    graph = defs.resolve_asset_graph()
    for table, model in load_models().items():
        parents = {key.to_user_string().replace("/", ".") for key in graph.get(AssetKey(table.split("."))).parent_keys}
        assert parents == set(model.dependencies)


@pytest.mark.parametrize(
    ("tick", "month"), [("2026-01-02T06:00:00+00:00", "2025-12-01"), ("2026-03-02T06:00:00+00:00", "2026-02-01")]
)
def test_the_schedule_asks_for_the_month_that_has_ended(tick: str, month: str) -> None:
    import datetime as dt

    context = build_schedule_context(
        scheduled_execution_time=dt.datetime.fromisoformat(tick), repository_def=defs.get_repository_def()
    )
    (request,) = month_that_ended.evaluate_tick(context).run_requests or []
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

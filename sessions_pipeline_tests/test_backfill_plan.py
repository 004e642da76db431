"""Which runs Dagster's daemon makes of a backfill of everything: planned by its own code, nothing is run."""

from __future__ import annotations

import datetime as dt
import logging
import sys
from collections.abc import Iterator

import dagster._core.execution.asset_backfill as backfills
import pytest
from dagster import DagsterInstance, RunRequest
from dagster._core.asset_graph_view.asset_graph_view import AssetGraphView, TemporalContext
from dagster._core.definitions.assets.graph.asset_graph_subset import AssetGraphSubset
from dagster._core.definitions.assets.graph.remote_asset_graph import RemoteWorkspaceAssetGraph
from dagster._core.definitions.selector import (
    PartitionRangeSelector,
    PartitionsByAssetSelector,
    PartitionsSelector,
)
from dagster._core.execution.asset_backfill import AssetBackfillData
from dagster._core.test_utils import in_process_test_workspace
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin

from sessions_pipeline.stages import COUNT, JOIN, LABEL, PUBLISH

NOW = dt.datetime(2027, 1, 10, tzinfo=dt.UTC)
MONTHS = [f"2025-{month}-01" for month in (10, 11, 12)]
# What a run makes, and its first and last partition.
Planned = tuple[set[str], str | None, str | None]


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DagsterInstance]:
    with DagsterInstance.local_temp(str(tmp_path_factory.mktemp("instance"))) as made:
        yield made


@pytest.fixture(scope="module")
def graph(instance: DagsterInstance) -> Iterator[RemoteWorkspaceAssetGraph]:
    """The asset graph as the daemon sees it, from outside of the code location."""
    origin = LoadableTargetOrigin(executable_path=sys.executable, module_name="sessions_pipeline.definitions")
    with in_process_test_workspace(instance, origin) as workspace:
        graph = workspace.asset_graph
        assert isinstance(graph, RemoteWorkspaceAssetGraph)
        yield graph


def planned(
    data: AssetBackfillData,
    graph: RemoteWorkspaceAssetGraph,
    instance: DagsterInstance,
    monkeypatch: pytest.MonkeyPatch,
) -> list[Planned]:
    """The runs of a backfill in which all runs succeed, one at a time: after each the daemon looks again."""
    done, queue, runs = AssetGraphSubset(), list[RunRequest](), list[Planned]()
    monkeypatch.setattr(backfills, "get_asset_backfill_iteration_materialized_subset", lambda *_: done)
    while True:
        view = AssetGraphView(
            temporal_context=TemporalContext(effective_dt=NOW, last_event_id=1), instance=instance, asset_graph=graph
        )
        asked = backfills.execute_asset_backfill_iteration_inner(
            "backfill", data, view, NOW.timestamp(), logging.getLogger(__name__), None
        )
        requested = backfills._get_requested_asset_graph_subset_from_run_requests(asked.run_requests, view)
        data = asked.backfill_data.replace_requested_subset(asked.backfill_data.requested_subset | requested)
        queue += asked.run_requests
        if not queue:
            return runs
        run = queue.pop(0)
        done |= backfills._get_requested_asset_graph_subset_from_run_requests([run], view)
        ends = [run.tags.get(f"dagster/asset_partition_range_{end}") for end in ("start", "end")]
        runs.append(({".".join(key.path) for key in run.asset_selection or ()}, ends[0], ends[1]))


def everything_but(graph: RemoteWorkspaceAssetGraph, *tables: str) -> set[str]:
    return {".".join(key.path) for key in graph.get_all_asset_keys()} - {*tables}


def test_a_range_is_one_run_for_logs_a_run_per_month_for_labels_and_one_for_all_that_follows(
    graph: RemoteWorkspaceAssetGraph, instance: DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    months = PartitionsSelector(ranges=[PartitionRangeSelector(start=MONTHS[0], end=MONTHS[-1])])
    data = AssetBackfillData.from_partitions_by_assets(
        graph,
        instance,
        NOW.timestamp(),
        [
            PartitionsByAssetSelector(asset_key=key, partitions=months if graph.get(key).is_partitioned else None)
            for key in graph.get_all_asset_keys()
        ],
    )
    before = (*COUNT.makes, *LABEL.makes, "labels.overview")
    assert planned(data, graph, instance, monkeypatch) == [
        ({*COUNT.makes}, MONTHS[0], MONTHS[-1]),
        *(({*LABEL.makes}, month, month) for month in MONTHS),
        ({"labels.overview"}, None, None),
        (everything_but(graph, *before), MONTHS[0], MONTHS[-1]),
    ]


def test_months_chosen_in_the_ui_also_make_the_vintages_whose_window_holds_them_and_no_other(
    graph: RemoteWorkspaceAssetGraph, instance: DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The UI names the months and the assets; Dagster follows the graph from there.
    data = AssetBackfillData.from_asset_partitions(
        graph, MONTHS, sorted(graph.get_all_asset_keys()), instance, NOW.timestamp(), all_partitions=False
    )
    before = (*COUNT.makes, *LABEL.makes, *JOIN.makes, "labels.overview")
    published = everything_but(graph, *before)
    assert {*PUBLISH.makes} < published
    assert planned(data, graph, instance, monkeypatch) == [
        ({*COUNT.makes}, MONTHS[0], MONTHS[-1]),
        *(({*LABEL.makes}, month, month) for month in MONTHS),
        ({"labels.overview"}, None, None),
        ({*JOIN.makes}, MONTHS[0], MONTHS[-1]),
        (published, MONTHS[0], "2026-06-01"),  # a window has seven months
    ]

"""Dagster as people operate it: code server, web server and daemon on loopback, asked through GraphQL.

The whole path, seven months to the report, is in `soak/operation.py` (`make soak`): it takes minutes.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest

from sessions_pipeline.config import save_settings
from sessions_pipeline.folders import Home
from sessions_pipeline.simulate.logs import write_logs
from sessions_pipeline.stages import COUNT, LABEL
from sessions_pipeline.state import State
from sessions_pipeline.testing.server import Server

FIRST, LAST = "2025-10", "2026-04"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Dagster on a state folder with seven months of synthetic logs, of which nothing is read yet."""
    folder = tmp_path_factory.mktemp("operation")
    logs = write_logs(folder / "synthetic", seed=5, sessions=30, users=10, months=7).logs
    home = Home(folder / "home").create()
    save_settings(home.path, {"sources": [str(logs)], "users": "folder"})
    with pytest.MonkeyPatch.context() as patch:
        for name in ("DAGSTER_HOME", "SESSIONS_HOME"):
            patch.setenv(name, "")
        with Server(home, folder) as running:
            yield running


def test_ticks_of_sensor_and_schedule_then_a_backfill_then_a_month_that_fails_and_is_mended(server: Server) -> None:
    # In one test, because each step needs the one before.
    first = server.tick("new_logs", None)
    assert [request["jobName"] for request in first["runRequests"]] == ["read_logs"]
    second_of_may = dt.datetime(2026, 5, 2, 6, tzinfo=dt.UTC).timestamp()
    (scheduled,) = server.scheduled("month_that_ended", second_of_may)
    assert {"key": "dagster/partition", "value": "2026-04-01"} in scheduled["tags"]

    # Seven months are one run.
    assert server.backfill(FIRST, LAST, COUNT.makes) == "COMPLETED_SUCCESS"
    (run,) = server.runs()
    ends = [run["tags"][f"dagster/asset_partition_range_{end}"] for end in ("start", "end")]
    assert (run["status"], ends) == ("SUCCESS", [f"{FIRST}-01", f"{LAST}-01"])
    state = State(home=str(server.home.path))
    sessions = state.warehouse.read("core.sessions")
    assert len(state.warehouse.months("core.sessions")) == 7
    after = server.tick("new_logs", first["cursor"])
    assert (after["runRequests"] or []) == []

    # One month per run for the labels; the one whose transcripts cannot be read costs itself, and is tried again.
    broken = server.home.private / "transcripts" / "2025-10.parquet"
    whole = broken.read_bytes()
    broken.write_bytes(b"not a table")
    assert server.backfill("2025-10", "2025-11", LABEL.makes) == "COMPLETED_FAILED"
    labelled = {str(month) for month in state.warehouse.months("labels.classifications")}
    assert labelled == {"2025-11-01"}
    ended = [(run["tags"]["dagster/asset_partition_range_start"], run["status"]) for run in server.runs()[:-1]]
    assert ended.count(("2025-11-01", "SUCCESS")) == 1
    assert ended.count(("2025-10-01", "FAILURE")) == 2
    broken.write_bytes(whole)
    assert server.backfill("2025-10", "2025-10", LABEL.makes) == "COMPLETED_SUCCESS"
    assert len(state.warehouse.months("labels.classifications")) == 2
    assert state.warehouse.read("core.sessions").equals(sessions)

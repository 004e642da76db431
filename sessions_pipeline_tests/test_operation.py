"""Dagster as people operate it: code server, web server and daemon on loopback, asked through GraphQL.

Seven months, with a sensor that launches its runs, are in `soak/operation.py` (`make soak`): they take minutes.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest

from sessions_pipeline.config import save_settings
from sessions_pipeline.folders import Home
from sessions_pipeline.simulate.logs import write_logs
from sessions_pipeline.stages import COUNT, LABEL
from sessions_pipeline.state import State
from sessions_pipeline.testing.server import Server
from sessions_pipeline_tests.soak.operation import differences, run_command, twin_of

FIRST, LAST = "2025-10", "2025-11"


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Synthetic logs of two months."""
    return write_logs(tmp_path_factory.mktemp("logs"), seed=5, sessions=12, users=6, months=2).logs


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, logs: Path) -> Iterator[Server]:
    """Dagster on a state folder of which nothing is read yet."""
    folder = tmp_path_factory.mktemp("operation")
    home = Home(folder / "home").create()
    save_settings(home.path, {"sources": [str(logs)], "users": "folder"})
    with pytest.MonkeyPatch.context() as patch:
        for name in ("DAGSTER_HOME", "SESSIONS_HOME"):
            patch.setenv(name, "")
        with Server(home, folder) as running:
            yield running


def test_backfills_with_a_month_that_fails_and_a_late_log_make_what_the_command_line_makes(
    server: Server, logs: Path, tmp_path: Path
) -> None:
    # In one test, because each step needs the one before.
    late = next(path for path in sorted(logs.rglob("*.jsonl")) if "subagents" not in path.parts)
    held_back = late.read_bytes()
    late.unlink()
    first = server.tick("new_logs", None)
    assert [request["jobName"] for request in first["runRequests"]] == ["read_logs"]
    second_of_may = dt.datetime(2026, 5, 2, 6, tzinfo=dt.UTC).timestamp()
    (scheduled,) = server.scheduled("month_that_ended", second_of_may)
    assert {"key": "dagster/partition", "value": "2026-04-01"} in scheduled["tags"]

    # The months are one run.
    assert server.backfill(FIRST, LAST, COUNT.makes) == "COMPLETED_SUCCESS", server.failures()
    (run,) = server.runs()
    ends = [run["tags"][f"dagster/asset_partition_range_{end}"] for end in ("start", "end")]
    assert (run["status"], ends) == ("SUCCESS", [f"{FIRST}-01", f"{LAST}-01"])
    state = State(home=str(server.home.path))
    sessions = state.warehouse.read("core.sessions")
    assert len(state.warehouse.months("core.sessions")) == 2
    after = server.tick("new_logs", first["cursor"])
    assert (after["runRequests"] or []) == []

    # One month per run for the labels; the one whose transcripts cannot be read costs itself, and is tried again.
    broken = server.home.private / "transcripts" / f"{FIRST}.parquet"
    whole = broken.read_bytes()
    broken.write_bytes(b"not a table")
    assert server.backfill(FIRST, LAST, LABEL.makes) == "COMPLETED_FAILED"
    labelled = {str(month) for month in state.warehouse.months("labels.classifications")}
    assert labelled == {f"{LAST}-01"}
    ended = [(run["tags"]["dagster/asset_partition_range_start"], run["status"]) for run in server.runs()[:-1]]
    assert ended.count((f"{LAST}-01", "SUCCESS")) == 1
    assert ended.count((f"{FIRST}-01", "FAILURE")) == 2
    broken.write_bytes(whole)
    assert state.warehouse.read("core.sessions").equals(sessions)

    late.write_bytes(held_back)
    assert [asked["jobName"] for asked in server.tick("new_logs", after["cursor"])["runRequests"]] == ["read_logs"]
    assert server.backfill(FIRST, LAST) == "COMPLETED_SUCCESS", server.failures()
    assert state.warehouse.read("core.sessions").height > sessions.height
    twin = twin_of(server.home, tmp_path / "twin", logs)
    assert run_command(twin, logs) == []
    assert differences("after all that", server.home, twin) == []

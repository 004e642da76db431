"""Dagster as people operate it: code server, web server and daemon on loopback, asked through GraphQL.

Seven months, a sensor that launches its runs and the run of the schedule's tick are in `soak/operation.py`
(`make soak`): they take minutes.
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
from sessions_pipeline_tests.command_line import cli
from sessions_pipeline_tests.soak.operation import differences, hold_back, rows_of, twin_of

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


def asked(tick: dict[str, list[dict[str, str]] | None]) -> list[str]:
    """Jobs that a tick asks for."""
    return [request["jobName"] for request in tick["runRequests"] or []]


def ended(server: Server) -> list[tuple[str, str]]:
    """First month and status of every run, the newest first."""
    return [(run["tags"].get("dagster/asset_partition_range_start", "")[:7], run["status"]) for run in server.runs()]


def test_the_schedule_asks_for_the_month_that_has_ended(server: Server) -> None:
    second_of_may = dt.datetime(2026, 5, 2, 6, tzinfo=dt.UTC).timestamp()
    (request,) = server.scheduled("month_that_ended", second_of_may)
    assert {"key": "dagster/partition", "value": "2026-04-01"} in request["tags"]


def test_backfills_with_a_month_that_fails_and_a_late_log_make_what_the_command_line_makes(
    server: Server, logs: Path, tmp_path: Path
) -> None:
    # In one test, because each step needs the one before.
    late, held_back = hold_back(logs, FIRST)
    first = server.tick("new_logs", None)
    assert asked(first) == ["read_logs"]

    # The months are one run.
    assert server.backfill(FIRST, LAST, COUNT.makes) == "COMPLETED_SUCCESS", server.failures()
    assert ended(server) == [(FIRST, "SUCCESS")]
    counted = rows_of(server.home)
    assert State(home=str(server.home.path)).warehouse.months("core.sessions") == [
        dt.date(2025, 10, 1),
        dt.date(2025, 11, 1),
    ]
    after = server.tick("new_logs", first["cursor"])
    assert asked(after) == []

    # One month per run for the labels; the one whose transcripts cannot be read costs itself, and is tried again.
    broken = server.home.private / "transcripts" / f"{FIRST}.parquet"
    whole = broken.read_bytes()
    broken.write_bytes(b"not a table")
    assert server.backfill(FIRST, LAST, LABEL.makes) == "COMPLETED_FAILED"
    labelled = rows_of(server.home)
    assert {str(month)[:7] for month in labelled["labels.classifications"]["month"]} == {LAST}
    runs = ended(server)[:-1]
    assert (runs.count((LAST, "SUCCESS")), runs.count((FIRST, "FAILURE"))) == (1, 2)
    others = {table: rows for table, rows in counted.items() if table not in LABEL.makes}
    assert differences("after the month that failed", others, labelled) == []

    # It is mended, and a log of it turns up.
    broken.write_bytes(whole)
    late.write_bytes(held_back)
    assert asked(server.tick("new_logs", after["cursor"])) == ["read_logs"]
    assert server.backfill(FIRST, LAST) == "COMPLETED_SUCCESS", server.failures()
    made = rows_of(server.home)
    assert made["core.sessions"].height > counted["core.sessions"].height
    twin = twin_of(server.home, tmp_path / "twin", logs)
    assert cli(twin.path, "run").returncode == 0
    assert differences("after all that", made, rows_of(twin)) == []

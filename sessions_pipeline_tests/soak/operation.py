"""Seven months through the daemon and the web server, against the command line: equal row for row.

A backfill; a late log that the sensor notices; a month that fails and is mended. After each the same is done on another
state folder by `sessions-pipeline run`, and all tables are compared.
"""

from __future__ import annotations

import time
from pathlib import Path

from sessions_pipeline.config import save_settings
from sessions_pipeline.folders import Home
from sessions_pipeline.schemas import TABLES
from sessions_pipeline.simulate.logs import write_logs
from sessions_pipeline.testing.server import Server
from sessions_pipeline_tests.soak.dagster_run import rows_of, until_its_end

SESSIONS, USERS, FIRST, LAST = 60, 15, "2025-10", "2026-04"
# A sensor looks every two minutes, and needs two looks; then come the runs that it asks for.
SECONDS_FOR_SENSOR = 1200
UNDER_WAY = ("QUEUED", "NOT_STARTED", "STARTING", "STARTED")


def soak(folder: Path, seed: int) -> list[str]:
    """What was wrong."""
    logs = write_logs(folder / "synthetic", seed=seed, sessions=SESSIONS, users=USERS, months=7).logs
    late = sorted(path for path in logs.rglob("*.jsonl") if "subagents" not in path.parts)[0]
    held_back = late.read_bytes()
    late.unlink()
    by_command, by_server = Home(folder / "command").create(), Home(folder / "server").create()
    faults = until_its_end(by_command, logs)
    (by_server.private / "secret.key").touch(mode=0o600)
    (by_server.private / "secret.key").write_bytes((by_command.private / "secret.key").read_bytes())
    save_settings(by_server.path, {"sources": [str(logs)], "users": "folder"})
    with Server(by_server, folder) as server:
        ended = server.backfill(FIRST, LAST, seconds=3600)
        faults += [f"the backfill ended as {ended}"] if ended != "COMPLETED_SUCCESS" else []
        faults += _differences("after the backfill", by_command, by_server)

        late.write_bytes(held_back)
        asked_before = len(server.runs())
        server.switch_on("new_logs")
        if not _quiet(server, asked_before):
            faults.append(f"the sensor's runs: {[(run['jobName'], run['status']) for run in server.runs()[:10]]}")
        faults += until_its_end(by_command, logs)
        faults += _differences("after the late log", by_command, by_server)

        transcripts = by_server.private / "transcripts" / f"{FIRST}.parquet"
        whole = transcripts.read_bytes()
        transcripts.write_bytes(b"not a table")
        before = [rows_of(by_server, table) for table in TABLES]
        ended = server.backfill(FIRST, FIRST, ["labels.classifications"])
        faults += [f"a month that cannot be labelled ended as {ended}"] if ended == "COMPLETED_SUCCESS" else []
        faults += (
            ["the month that failed was touched"] if before != [rows_of(by_server, table) for table in TABLES] else []
        )
        transcripts.write_bytes(whole)
        ended = server.backfill(FIRST, FIRST, ["labels.classifications"])
        faults += [f"the mended month ended as {ended}"] if ended != "COMPLETED_SUCCESS" else []
        faults += _differences("after the mended month", by_command, by_server)
    return faults


def _differences(when: str, one: Home, other: Home) -> list[str]:
    return [f"{when}: {table} differs" for table in TABLES if rows_of(one, table) != rows_of(other, table)]


def _quiet(server: Server, before: int) -> bool:
    """Waits until the sensor's runs, the last of which publishes, have ended; whether all went well."""
    until = time.monotonic() + SECONDS_FOR_SENSOR
    while time.monotonic() < until:
        new = server.runs()[:-before]
        if any(run["jobName"] == "publish" for run in new) and not any(run["status"] in UNDER_WAY for run in new):
            return all(run["status"] == "SUCCESS" for run in new)
        time.sleep(5)
    return False

"""Seven months through the daemon and the web server, against the command line: equal row for row.

A backfill; a late log that the sensor notices; a month that fails and is mended. After each the same is done on another
state folder by `sessions-pipeline run`, and all tables are compared.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import polars as pl

from sessions_pipeline.config import save_settings
from sessions_pipeline.folders import Home
from sessions_pipeline.schemas import TABLES
from sessions_pipeline.simulate.logs import write_logs
from sessions_pipeline.state import State
from sessions_pipeline.testing.server import Server, clean_environment
from sessions_pipeline.warehouse import WHEN_WRITTEN

SESSIONS, USERS, FIRST, LAST = 30, 10, "2025-10", "2026-04"
# A sensor looks every two minutes, and needs two looks; then come the runs that it asks for.
SECONDS_FOR_SENSOR = 1200
UNDER_WAY = ("QUEUED", "NOT_STARTED", "STARTING", "STARTED")


def run_command(home: Home, logs: Path) -> list[str]:
    """`sessions-pipeline run` on `logs`, in a process of its own; what it said if it failed."""
    command = [sys.executable, "-m", "sessions_pipeline.cli", "--home", str(home.path), "run"]
    command += ["--source", str(logs), "--users", "folder"]
    done = subprocess.run(command, env=clean_environment(home), capture_output=True, text=True, check=False)
    return [f"the command line: {done.stderr[-2000:]}"] if done.returncode else []


def twin_of(home: Home, folder: Path, logs: Path) -> Home:
    """A state folder for the same logs whose keys are those of `home`, and nothing else in it."""
    twin = Home(folder).create()
    (twin.private / "secret.key").touch(mode=0o600)
    (twin.private / "secret.key").write_bytes((home.private / "secret.key").read_bytes())
    save_settings(twin.path, {"sources": [str(logs)], "users": "folder"})
    return twin


def rows_of(home: Home, table: str) -> pl.DataFrame:
    """All rows of `table` in their order, without when they were written."""
    return State(home=str(home.path)).warehouse.read(table).drop(WHEN_WRITTEN, strict=False)


def differences(when: str, one: Home, other: Home) -> list[str]:
    """Tables of two state folders that differ, in words."""
    return [f"{when}: {table} differs" for table in TABLES if not rows_of(one, table).equals(rows_of(other, table))]


def soak(folder: Path, seed: int) -> list[str]:
    """What was wrong."""
    logs = write_logs(folder / "synthetic", seed=seed, sessions=SESSIONS, users=USERS, months=7).logs
    late = sorted(path for path in logs.rglob("*.jsonl") if "subagents" not in path.parts)[0]
    held_back = late.read_bytes()
    late.unlink()
    by_command = Home(folder / "command").create()
    faults = run_command(by_command, logs)
    by_server = twin_of(by_command, folder / "server", logs)
    with Server(by_server, folder) as server:
        ended = server.backfill(FIRST, LAST, seconds=3600)
        faults += [f"the backfill ended as {ended}", *server.failures()] if ended != "COMPLETED_SUCCESS" else []
        faults += differences("after the backfill", by_command, by_server)

        late.write_bytes(held_back)
        asked_before = len(server.runs())
        server.switch_on("new_logs")
        if not _quiet(server, asked_before):
            faults.append(f"the sensor's runs: {[(run['jobName'], run['status']) for run in server.runs()[:10]]}")
        faults += run_command(by_command, logs)
        faults += differences("after the late log", by_command, by_server)

        transcripts = by_server.private / "transcripts" / f"{FIRST}.parquet"
        whole = transcripts.read_bytes()
        transcripts.write_bytes(b"not a table")
        before = {table: rows_of(by_server, table) for table in TABLES}
        ended = server.backfill(FIRST, FIRST, ["labels.classifications"])
        faults += [f"a month that cannot be labelled ended as {ended}"] if ended == "COMPLETED_SUCCESS" else []
        touched = [table for table, rows in before.items() if not rows.equals(rows_of(by_server, table))]
        faults += [f"a month that failed was touched in {', '.join(touched)}"] if touched else []
        transcripts.write_bytes(whole)
        ended = server.backfill(FIRST, FIRST, ["labels.classifications"])
        faults += [f"the mended month ended as {ended}"] if ended != "COMPLETED_SUCCESS" else []
        faults += differences("after the mended month", by_command, by_server)
    return faults


def _quiet(server: Server, before: int) -> bool:
    """Waits until the sensor's runs, the last of which publishes, have ended; whether all went well."""
    until = time.monotonic() + SECONDS_FOR_SENSOR
    while time.monotonic() < until:
        new = server.runs()[:-before]
        if any(run["jobName"] == "publish" for run in new) and not any(run["status"] in UNDER_WAY for run in new):
            return all(run["status"] == "SUCCESS" for run in new)
        time.sleep(5)
    return False

"""Seven months through the daemon and the web server, against the command line: equal row for row.

A backfill of everything; late logs, first with a backfill of their month and the vintages after it, then with the
sensor switched on; a month that fails and is mended; the run that a tick of the schedule asks for. The same is done
with `sessions-pipeline run` on another state folder, and all tables are compared.
"""

from __future__ import annotations

import datetime as dt
import re
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import polars.selectors as cs

from sessions_pipeline.config import save_settings
from sessions_pipeline.folders import Home
from sessions_pipeline.months import add_months, parse_month
from sessions_pipeline.schemas import TABLES
from sessions_pipeline.simulate.logs import write_logs
from sessions_pipeline.state import State
from sessions_pipeline.testing.server import Server, clean_environment

# When a file was read, and when a label was given.
WALL_CLOCK = ("ingested_at", "classified_at")
# Sums of fractions depend in their last digits on the order of the rows, and that on which run wrote which month.
DIGITS = 9
SESSIONS, USERS, FIRST, MONTHS = 30, 10, "2025-10", 7
SECONDS_FOR_BACKFILL, SECONDS_FOR_RUN = 7200, 1800
# A sensor looks every two minutes, and needs two looks; then come the runs that it asks for.
SECONDS_FOR_SENSOR = 3600
UNDER_WAY = ("QUEUED", "NOT_STARTED", "STARTING", "STARTED")
_MOMENT = re.compile(rb'"timestamp": ?"(\d{4}-\d{2})')


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


def rows_of(home: Home) -> dict[str, pl.DataFrame]:
    """Table -> all its rows, sorted, fractions to DIGITS digits.

    Without the columns of WALL_CLOCK: two state folders are never written at the same moment.
    """
    warehouse = State(home=str(home.path)).warehouse
    return {
        table: warehouse.read(table).drop(WALL_CLOCK, strict=False).with_columns(cs.float().round_sig_figs(DIGITS))
        for table in TABLES
    }


def differences(when: str, one: dict[str, pl.DataFrame], other: dict[str, pl.DataFrame]) -> list[str]:
    """Tables of two state folders, or of one at two times, that differ, in words."""
    return [
        f"{when}: {table} differs, {rows.height} rows and {other[table].height}"
        for table, rows in one.items()
        if not rows.equals(other[table])
    ]


def hold_back(logs: Path, month: str) -> tuple[Path, bytes]:
    """Takes away the log of a session of `month` that no other file knows of; its path and what it held."""
    held = {path: path.read_bytes() for path in sorted(logs.rglob("*.jsonl"))}
    for path, lines in held.items():
        said, session = _MOMENT.search(lines), path.stem.encode()
        known_elsewhere = any(session in others for other, others in held.items() if other != path)
        if said and said[1].decode() == month and session in lines and not known_elsewhere:
            path.unlink()
            return path, lines
    raise LookupError(f"no log of {month} stands alone")


def soak(folder: Path, seed: int, months: int = MONTHS) -> list[str]:
    """What was wrong. months: at least 3."""
    first = parse_month(FIRST)
    last = f"{add_months(first, months - 1):%Y-%m}"
    changed = f"{add_months(first, months - 2):%Y-%m}"
    logs = write_logs(folder / "synthetic", seed=seed, sessions=SESSIONS, users=USERS, months=months).logs
    late = [hold_back(logs, month) for month in (changed, FIRST)]
    by_command = Home(folder / "command").create()
    faults = run_command(by_command, logs)
    by_server = twin_of(by_command, folder / "server", logs)

    def compare(when: str) -> None:
        _say(when)
        faults.extend(differences(when, rows_of(by_command), rows_of(by_server)))

    def backfill(first: str, last: str, tables: list[str] | None = None) -> str:
        return server.backfill(first, last, tables, seconds=SECONDS_FOR_BACKFILL)

    with Server(by_server, folder) as server:
        if (ended := backfill(FIRST, last)) != "COMPLETED_SUCCESS":
            faults += [f"the backfill ended as {ended}", *server.failures()]
        compare("after the backfill")

        path, held = late[0]
        path.write_bytes(held)
        if (ended := backfill(changed, last)) != "COMPLETED_SUCCESS":
            faults += [f"the backfill of a month whose logs have changed ended as {ended}", *server.failures()]
        faults += run_command(by_command, logs)
        compare("after a month whose logs have changed")

        path, held = late[1]
        path.write_bytes(held)
        known = {run["runId"] for run in server.runs()}
        server.switch_on("new_logs")
        if not _quiet(server, known):
            faults.append(f"the sensor's runs: {[(run['jobName'], run['status']) for run in server.runs()[:10]]}")
        faults += run_command(by_command, logs)
        compare("after the late log that the sensor has noticed")

        transcripts = by_server.private / "transcripts" / f"{FIRST}.parquet"
        whole = transcripts.read_bytes()
        transcripts.write_bytes(b"not a table")
        if (ended := backfill(FIRST, FIRST, ["labels.classifications"])) == "COMPLETED_SUCCESS":
            faults.append(f"a month that cannot be labelled ended as {ended}")
        compare("after the month that failed")
        transcripts.write_bytes(whole)
        if (ended := backfill(FIRST, FIRST, ["labels.classifications"])) != "COMPLETED_SUCCESS":
            faults.append(f"the mended month ended as {ended}")
        compare("after the mended month")

        after_the_last = add_months(first, months)
        tick = dt.datetime(after_the_last.year, after_the_last.month, 2, 6, tzinfo=dt.UTC)
        for request in server.scheduled("month_that_ended", tick.timestamp()):
            if (ended := server.launch("month", request, SECONDS_FOR_RUN)) != "SUCCESS":
                faults.append(f"the run of the schedule's tick ended as {ended}")
        if not any(run["tags"].get("dagster/partition") == f"{last}-01" for run in server.runs()):
            faults.append("the schedule's tick has launched nothing")
        compare("after the schedule's tick")
    return faults


def _quiet(server: Server, known: set[str]) -> bool:
    """Waits until the sensor's runs, the last of which publishes, have ended; whether all went well.

    known: runs that are not the sensor's.
    """
    until = time.monotonic() + SECONDS_FOR_SENSOR
    while time.monotonic() < until:
        new = [run for run in server.runs() if run["runId"] not in known]
        if any(run["jobName"] == "publish" for run in new) and not any(run["status"] in UNDER_WAY for run in new):
            return all(run["status"] == "SUCCESS" for run in new)
        time.sleep(5)
    return False


def _say(what: str) -> None:
    print(f"  compared {what}", flush=True)

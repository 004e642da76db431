"""`sessions-pipeline run`, killed: whatever Dagster was doing, the next run ends well, with the same tables."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from random import Random

from sessions_pipeline.config import Home
from sessions_pipeline.schemas import TABLES
from sessions_pipeline.simulate.logs import write_logs
from sessions_pipeline.warehouse import Warehouse
from sessions_pipeline_tests.soak.ingestion import partial_files, wrong_modes

SESSIONS, MONTHS, USERS = 30, 2, 10
# When a file was read and a label given.
WALL_CLOCK = {"raw.session_files": ["ingested_at"], "labels.classifications": ["classified_at"]}
RUN_SECONDS = 600


def start(home: Home, logs: Path) -> subprocess.Popen[str]:
    """The command in a process group of its own, the user's own settings left out."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("SESSIONS_", "DAGSTER_"))}
    command = [sys.executable, "-m", "sessions_pipeline.cli", "--home", str(home.path), "run", "--source", str(logs)]
    command += ["--users", "folder"]
    return subprocess.Popen(
        command, env=clean, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True
    )


def soak(folder: Path, kills: int, seed: int) -> list[str]:
    """Kills `kills` runs on one state folder at random moments, lets one end, and compares. What was wrong."""
    rng = Random(seed)
    logs = write_logs(folder / "synthetic", seed=seed, sessions=SESSIONS, users=USERS, months=MONTHS).logs
    whole, killed = Home(folder / "whole").create(), Home(folder / "killed").create()
    began = time.monotonic()
    faults = until_its_end(whole, logs)
    seconds = time.monotonic() - began
    (killed.private / "secret.key").touch(mode=0o600)
    (killed.private / "secret.key").write_bytes((whole.private / "secret.key").read_bytes())
    survived = 0
    while survived < kills:
        with start(killed, logs) as process:
            try:
                _, said = process.communicate(timeout=rng.uniform(1, seconds))
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                survived += 1
                continue
        if process.returncode:
            faults.append(f"a run ended with {process.returncode}: {said[-1500:]}")
            return faults
    faults += until_its_end(killed, logs)
    faults += [f"{table} differs" for table in TABLES if rows_of(killed, table) != rows_of(whole, table)]
    faults += [f"partial file left: {path.name}" for path in partial_files(killed)]
    return faults + wrong_modes(killed)


def until_its_end(home: Home, logs: Path) -> list[str]:
    """The command, undisturbed; what was wrong."""
    with start(home, logs) as process:
        _, said = process.communicate(timeout=RUN_SECONDS)
    return [f"the undisturbed run ended with {process.returncode}: {said[-1500:]}"] if process.returncode else []


def rows_of(home: Home, table: str) -> list[str]:
    """Rows of a table as text, sorted, without what the clock wrote."""
    rows = Warehouse(database=str(home.warehouse)).read(table).drop(WALL_CLOCK.get(table, []))
    return sorted(map(str, rows.iterrows_of()))

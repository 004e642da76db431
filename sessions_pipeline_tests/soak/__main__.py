"""`make soak`: hundreds of kills, and what became of the data. Exit code 1 if anything differs.

python -m sessions_pipeline_tests.soak [ingestion] [warehouse] [dagster] [--seed N]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

INGESTION_KILLS, WAREHOUSE_KILLS, DAGSTER_KILLS = 200, 200, 20
# Ten state folders. Every fifth begins with more bytes than one process reads alone, so that workers are killed too.
KILLS_OF_EPISODE, SESSIONS, MANY_SESSIONS, EVERY = 20, 25, 140, 5


def ingestion(folder: Path, seed: int) -> list[str]:
    """Kills of the ingestion."""
    from sessions_pipeline_tests.soak.ingestion import WALL_CLOCK, episode

    faults, changes, finished, partial = [], Counter[str](), 0, 0
    for number in range(INGESTION_KILLS // KILLS_OF_EPISODE):
        (place := folder / str(number)).mkdir()
        began = time.monotonic()
        sessions = MANY_SESSIONS if number % EVERY == EVERY - 1 else SESSIONS
        seen = episode(place, seed + number, KILLS_OF_EPISODE, sessions)
        faults += [f"state folder {number}: {fault}" for fault in seen.faults]
        changes.update(seen.changes)
        finished, partial = finished + seen.finished, partial + seen.partial_files_seen
        say(f"  state folder {number}: {seen.kills} kills, {len(seen.faults)} faults, {time.monotonic() - began:.0f} s")
    say(f"  changes of the sources between kills: {dict(changes)}")
    say(f"  runs that ended before their kill: {finished}; half-written files found after kills: {partial}")
    say(f"  not compared (wall clock): {WALL_CLOCK}")
    return faults


def warehouse(folder: Path, seed: int) -> list[str]:
    """Kills inside `replace_window`."""
    command = [sys.executable, "-m", "sessions_pipeline_tests.soak.warehouse", str(folder / "warehouse.duckdb")]
    done = subprocess.run([*command, str(WAREHOUSE_KILLS), str(seed)], capture_output=True, text=True, check=False)
    return [done.stderr.strip()] if done.returncode else []


def dagster(folder: Path, seed: int) -> list[str]:
    """Kills of `sessions-pipeline run`."""
    from sessions_pipeline_tests.soak.dagster_run import WALL_CLOCK, soak

    say(f"  not compared (wall clock): {WALL_CLOCK}")
    return soak(folder, DAGSTER_KILLS, seed)


PARTS = {
    "ingestion": (ingestion, INGESTION_KILLS),
    "warehouse": (warehouse, WAREHOUSE_KILLS),
    "dagster": (dagster, DAGSTER_KILLS),
}


def say(line: str) -> None:
    """A line at once, also where the output is a file."""
    print(line, flush=True)


def main() -> None:
    """Runs the parts asked for, all by default."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="default: all")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    bad = False
    for name in given.parts or PARTS:
        part, kills = PARTS[name]
        began = time.monotonic()
        say(f"{name}: {kills} kills")
        with tempfile.TemporaryDirectory(prefix="sessions-soak-") as folder:
            faults = part(Path(folder), given.seed)
        for fault in faults:
            say(f"  FAULT {fault}")
        say(f"{name}: {kills} kills survived, {len(faults)} faults, {time.monotonic() - began:.0f} s")
        bad = bad or bool(faults)
    sys.exit(bad)


if __name__ == "__main__":
    main()

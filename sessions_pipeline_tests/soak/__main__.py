"""`make soak`: hundreds of kills, and what became of the data and of the bill. Exit code 1 if anything differs.

A part with a fault keeps its folder and names it; the other parts go on.

python -m sessions_pipeline_tests.soak [--only ingestion|warehouse|labels|dagster|operation]... [--seed N]
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

INGESTION_KILLS, WAREHOUSE_KILLS, LABELS_KILLS, DAGSTER_KILLS = 200, 200, 200, 200
# Ten state folders. Every fifth begins with more bytes than one process reads alone, so that workers are killed too.
KILLS_OF_EPISODE, SESSIONS, MANY_SESSIONS, EVERY = 20, 15, 120, 5


def ingestion(folder: Path, seed: int) -> list[str]:
    """Kills of the ingestion, on as many state folders at a time as there are cores."""
    from sessions_pipeline_tests.soak.ingestion import WALL_CLOCK, Episode, watched

    numbers = range(INGESTION_KILLS // KILLS_OF_EPISODE)
    places = [folder / str(number) for number in numbers]
    sizes = [MANY_SESSIONS if number % EVERY == EVERY - 1 else SESSIONS for number in numbers]
    seeds, kills = [seed + number for number in numbers], [KILLS_OF_EPISODE for _ in numbers]
    changes, episodes = Counter[str](), list[Episode]()
    with ProcessPoolExecutor(os.cpu_count(), mp_context=multiprocessing.get_context("spawn")) as pool:
        for number, seen in enumerate(pool.map(watched, places, seeds, kills, sizes)):
            changes.update(seen.changes)
            episodes.append(seen)
            say(f"  state folder {number} (seed {seeds[number]}): {seen.kills} kills, {len(seen.faults)} faults")
            if not seen.faults:
                shutil.rmtree(places[number])
    say(f"  changes of the sources between kills: {dict(changes)}")
    say(f"  runs that ended before their kill: {sum(seen.finished for seen in episodes)}")
    say(f"  half-written files found after kills: {sum(seen.partial_files_seen for seen in episodes)}")
    say(f"  not compared (wall clock): {WALL_CLOCK}")
    return [f"state folder {number}: {fault}" for number, seen in enumerate(episodes) for fault in seen.faults]


def warehouse(folder: Path, seed: int) -> list[str]:
    """Kills inside `replace_window`."""
    command = [sys.executable, "-m", "sessions_pipeline_tests.soak.warehouse", str(folder / "warehouse.duckdb")]
    done = subprocess.run([*command, str(WAREHOUSE_KILLS), str(seed)], capture_output=True, text=True, check=False)
    return [done.stderr.strip()] if done.returncode else []


def labels(_folder: Path, seed: int) -> list[str]:
    """Kills of labelling with the claude backend against the fake API, half of them in each mode."""
    command = [sys.executable, "-m", "sessions_pipeline_tests.soak.labels", "--kills", str(LABELS_KILLS // 2)]
    faults = []
    for mode in ("batch", "direct"):
        # A process of its own, with a folder of its own: it forks, and must have no threads.
        options = ["--mode", mode, "--seed", str(seed)]
        done = subprocess.run([*command, *options], capture_output=True, text=True, check=False)
        say(f"  {done.stdout.strip()}")
        if done.returncode:
            faults.append(done.stderr.strip() or f"{mode}: not every request was billed once")
    return faults


def dagster(folder: Path, seed: int) -> list[str]:
    """Kills of a backfill over all months, on as many state folders at a time as there are cores."""
    from sessions_pipeline_tests.soak.dagster_run import WALL_CLOCK

    say(f"  not compared (wall clock): {', '.join(WALL_CLOCK)}")
    workers = min(os.cpu_count() or 1, 4)
    shares = [(number, DAGSTER_KILLS // workers + (number < DAGSTER_KILLS % workers)) for number in range(workers)]
    # Processes of their own: they fork, and must have no threads.
    command = [sys.executable, "-m", "sessions_pipeline_tests.soak.dagster_run"]
    running = [
        subprocess.Popen(
            [*command, str(folder / str(number)), str(kills), str(seed + number)], stderr=subprocess.PIPE, text=True
        )
        for number, kills in shares
    ]
    said = [process.communicate()[1].strip().splitlines()[-20:] for process in running]
    return [
        line
        for process, lines in zip(running, said, strict=True)
        if process.returncode
        for line in lines or [f"it ended with {process.returncode}"]
    ]


def operation(folder: Path, seed: int) -> list[str]:
    """Seven months through daemon and web server, against the command line; nothing is killed."""
    from sessions_pipeline_tests.soak.operation import soak

    return soak(folder, seed)


PARTS = {
    "ingestion": (ingestion, INGESTION_KILLS),
    "warehouse": (warehouse, WAREHOUSE_KILLS),
    "labels": (labels, LABELS_KILLS),
    "dagster": (dagster, DAGSTER_KILLS),
    "operation": (operation, 0),
}


def say(line: str) -> None:
    """A line at once, also where the output is a file."""
    print(line, flush=True)


def main() -> None:
    """Runs the parts asked for, all by default."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", choices=list(PARTS), action="append", help="default: all parts")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    bad = False
    for name in given.only or PARTS:
        part, kills = PARTS[name]
        began = time.monotonic()
        say(f"{name}: {kills} kills")
        folder = Path(tempfile.mkdtemp(prefix=f"sessions-soak-{name}-seed-{given.seed}-"))
        try:
            faults = part(folder, given.seed)
        except Exception:  # a fault of the soak itself: what it saw so far may be the reason
            faults = [traceback.format_exc()]
        for fault in faults:
            say(f"  FAULT {fault}")
        if faults:
            say(f"  kept: {folder}")
        else:
            shutil.rmtree(folder)
        say(f"{name}: {kills} kills survived, {len(faults)} faults, {time.monotonic() - began:.0f} s")
        bad = bad or bool(faults)
    sys.exit(bad)


if __name__ == "__main__":
    main()

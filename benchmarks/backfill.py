"""Where the time of a backfill over twelve months goes: Dagster's daemon, its launches, and the work itself.

python -m benchmarks.backfill [--months N] [--sessions N]

Starts code server, web server and daemon on loopback with a fresh state folder of synthetic logs, asks for an asset
backfill of everything over the months through GraphQL, and reads the events of its runs.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.findings import Finding, at_most, progress, tell
from sessions_pipeline.config import save_settings
from sessions_pipeline.folders import Home
from sessions_pipeline.months import add_months, parse_month
from sessions_pipeline.simulate.logs import write_logs
from sessions_pipeline.testing.server import Server

FIRST = parse_month("2025-10")
TARGET_SECONDS_PER_RUN = 15.0


@dataclass(frozen=True)
class Times:
    """Seconds of one run. idle: between the end of the run before it, or its request, and its leaving the queue.

    launch: from there to its process at work (a new process, imports, definitions). between: in the run, outside of
    steps. steps: in them. months: that it makes.
    """

    idle: float
    launch: float
    between: float
    steps: float
    months: int

    @property
    def overhead(self) -> float:
        """All but the steps."""
        return self.idle + self.launch + self.between


def times_of_runs(dagster_home: Path) -> list[Times]:
    """Times of the runs of an instance that succeeded, in the order of their start."""
    from dagster import DagsterEventType, DagsterInstance, DagsterRunStatus, RunsFilter

    ended_well = RunsFilter(statuses=[DagsterRunStatus.SUCCESS])
    found, end = [], 0.0
    with DagsterInstance.from_config(str(dagster_home)) as instance:
        for record in sorted(instance.get_run_records(ended_well), key=lambda record: record.start_time or 0):
            run = record.dagster_run
            dequeued, started = (
                instance.all_logs(run.run_id, of_type=kind)[0].timestamp
                for kind in (DagsterEventType.PIPELINE_STARTING, DagsterEventType.PIPELINE_START)
            )
            asked, ended = record.create_timestamp.timestamp(), record.end_time or started
            steps = sum(
                (step.end_time or 0) - (step.start_time or 0) for step in instance.get_run_step_stats(run.run_id)
            )
            keys = [run.tags.get(f"dagster/asset_partition_range_{side}") for side in ("start", "end")]
            months = _months(keys[0], keys[1]) if keys[0] and keys[1] else 1
            idle = dequeued - max(asked, end)
            found.append(Times(max(idle, 0.0), started - dequeued, ended - started - steps, steps, months))
            end = ended
    return found


def _months(first: str, last: str) -> int:
    (year, month), (last_year, last_month) = (map(int, key.split("-")[:2]) for key in (first, last))
    return 12 * (last_year - year) + last_month - month + 1


def findings(runs: Iterable[Times], seconds: float) -> list[Finding]:
    """The table. seconds: from the request of the backfill to its end."""
    runs = list(runs)
    sums = {
        "idle: the queue looks every 5 s, the backfill every 30 s": sum(run.idle for run in runs),
        "launch: a process, imports, definitions": sum(run.launch for run in runs),
        "in the run, outside of steps": sum(run.between for run in runs),
        "steps: reading, computing, checks, writing": sum(run.steps for run in runs),
    }
    mean = sum(run.overhead for run in runs) / len(runs)
    return [
        Finding("backfill, from request to end", seconds, f"{seconds:.0f} s"),
        Finding("runs", len(runs), f"{len(runs)}, of {max(run.months for run in runs)} months at most"),
        *(Finding(what, value, f"{value:.1f} s, {value / seconds:.0%}") for what, value in sums.items()),
        at_most("overhead per run: all but the steps", mean, TARGET_SECONDS_PER_RUN, " s"),
    ]


def main() -> None:
    """Runs the backfill in a scratch folder and prints the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--months", type=int, default=12)
    parser.add_argument("--sessions", type=int, default=240)
    parser.add_argument("--json", action="store_true", help="JSON objects instead of a table")
    given = parser.parse_args()
    for name in [name for name in os.environ if name.startswith(("SESSIONS_", "DAGSTER_"))]:
        del os.environ[name]
    with tempfile.TemporaryDirectory(prefix="sessions-bench-") as name:
        folder = Path(name)
        progress(f"writing synthetic logs of {given.sessions} sessions in {given.months} months")
        logs = write_logs(
            folder / "synthetic", sessions=given.sessions, first_month=f"{FIRST:%Y-%m}", months=given.months
        ).logs
        home = Home(folder / "home").create()
        save_settings(home.path, {"sources": [str(logs)], "users": "folder"})
        first, last = FIRST, add_months(FIRST, given.months - 1)
        with Server(home, folder, seconds_between_looks=30) as server:
            progress(f"backfill from {first:%Y-%m} to {last:%Y-%m}")
            began = time.monotonic()
            status = server.backfill(f"{first:%Y-%m}", f"{last:%Y-%m}", seconds=3600)
            seconds = time.monotonic() - began
            if status != "COMPLETED_SUCCESS":
                raise SystemExit("\n".join([f"the backfill ended as {status}", *server.failures()]))
        tell(f"Backfill of {given.months} months", findings(times_of_runs(home.dagster), seconds), given.json)


if __name__ == "__main__":
    main()

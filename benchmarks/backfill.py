"""Where the time of a backfill over twelve months goes: Dagster's daemon, its launches, and the work itself.

python -m benchmarks.backfill [--months N] [--sessions N] [--json]

Starts code server, web server and daemon on loopback with a fresh state folder of synthetic logs, asks for an asset
backfill of everything over the months through GraphQL, and reads the events of its runs; what happens inside a run is
told by the stopwatches of `backfill_location.py`.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.findings import Finding, at_most, progress, tell
from benchmarks.stopwatch import EVENTS, IMPORTS, PROCESS, TIMES, WRITES
from sessions_pipeline.config import save_settings
from sessions_pipeline.folders import Home
from sessions_pipeline.months import add_months, parse_month
from sessions_pipeline.runs import PROCESS_TAG
from sessions_pipeline.simulate.logs import write_logs
from sessions_pipeline.testing.server import Server

FIRST = parse_month("2025-10")
TARGET_SECONDS_PER_RUN = 15.0


@dataclass(frozen=True)
class Times:
    """Seconds of one run. unasked: after the end of the run before it, or the start, until the daemon asks for it.

    queued: from there until it leaves the queue. launch: from there to its first event at work; process and imports are
    parts of it: until Python runs and has Dagster, and for this project and its definitions. between: in the run,
    outside of steps. steps: in them; events and writes are parts of it: storing what Dagster tells of steps, and
    replacing windows of tables. months: that it makes.
    """

    unasked: float
    queued: float
    launch: float
    process: float
    imports: float
    between: float
    steps: float
    events: float
    writes: float
    months: int

    @property
    def overhead(self) -> float:
        """All but what the steps do: also without Dagster's events of them."""
        return self.unasked + self.queued + self.launch + self.between + self.events


def stopwatches(file: Path) -> dict[int, dict[str, float]]:
    """Process id -> part -> seconds, as the processes of a backfill have noted them in `file`."""
    found: dict[int, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for line in file.read_text().splitlines():
        said = json.loads(line)
        found[said["process"]][said["part"]] += said["seconds"]
    return {process: dict(parts) for process, parts in found.items()}


def times_of_runs(dagster_home: Path, noted: Mapping[int, Mapping[str, float]], began: float) -> list[Times]:
    """Times of the runs of an instance that succeeded, in the order of their start.

    noted: by `stopwatches`. began: when the backfill was asked for, seconds since 1970.
    """
    from dagster import DagsterEventType, DagsterInstance, DagsterRunStatus, RunsFilter

    ended_well = RunsFilter(statuses=[DagsterRunStatus.SUCCESS])
    found, end = [], began
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
            part = noted.get(int(run.tags[PROCESS_TAG].split()[1]), {})
            found.append(
                Times(
                    unasked=max(asked - end, 0.0),
                    queued=max(dequeued - max(asked, end), 0.0),
                    launch=started - dequeued,
                    process=part.get(PROCESS, 0.0),
                    imports=part.get(IMPORTS, 0.0),
                    between=ended - started - steps,
                    steps=steps,
                    events=part.get(EVENTS, 0.0),
                    writes=part.get(WRITES, 0.0),
                    months=_months(keys[0], keys[1]) if keys[0] and keys[1] else 1,
                )
            )
            end = ended
    return found


def _months(first: str, last: str) -> int:
    (year, month), (last_year, last_month) = (map(int, key.split("-")[:2]) for key in (first, last))
    return 12 * (last_year - year) + last_month - month + 1


def findings(runs: Sequence[Times], seconds: float) -> list[Finding]:
    """The table. seconds: from the request of the backfill to its end."""
    unasked, queued, launch, process, imports, between, steps, events, writes = (
        [getattr(run, name) for run in runs]
        for name in ("unasked", "queued", "launch", "process", "imports", "between", "steps", "events", "writes")
    )
    sums = {
        "waiting to be asked for: the backfill looks every 30 s": sum(unasked),
        "waiting in the queue, which is looked at every 5 s": sum(queued),
        "launch: a new process, until it has imported Dagster": sum(process),
        "launch: imports of the project, its code location": sum(imports),
        "launch: the rest (asking the code server, loading the run)": sum(launch) - sum(process) - sum(imports),
        "in the run, outside of steps": sum(between),
        "steps: storing Dagster's events": sum(events),
        "steps: writing tables": sum(writes),
        "steps: the work (reading, computing, checks)": sum(steps) - sum(events) - sum(writes),
    }
    sums["after the last run, until the backfill has ended"] = seconds - sum(sums.values())
    overheads = [run.overhead for run in runs]
    return [
        Finding("backfill, from request to end", seconds, f"{seconds:.0f} s"),
        Finding("runs", len(runs), f"{len(runs)}, of {max(run.months for run in runs)} months at most"),
        *(
            Finding(what, value, f"{value:.1f} s, {value / seconds:.0%}, {value / len(runs):.1f} s a run")
            for what, value in sums.items()
        ),
        at_most(
            "overhead per run: all but writing and work, mean", sum(overheads) / len(runs), TARGET_SECONDS_PER_RUN, " s"
        ),
        at_most("overhead of the run with the most", max(overheads), TARGET_SECONDS_PER_RUN, " s"),
    ]


def main() -> None:
    """Runs the backfill in a scratch folder and prints the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--months", type=int, default=12, help="months of logs, all of them backfilled (default: 12)")
    parser.add_argument("--sessions", type=int, default=240, help="sessions in these logs (default: 240)")
    parser.add_argument("--json", action="store_true", help="a JSON object instead of a table")
    given = parser.parse_args()
    for name in [name for name in os.environ if name.startswith(("SESSIONS_", "DAGSTER_"))]:
        del os.environ[name]
    first, last = (f"{month:%Y-%m}" for month in (FIRST, add_months(FIRST, given.months - 1)))
    with tempfile.TemporaryDirectory(prefix="sessions-bench-") as name:
        folder = Path(name)
        os.environ[TIMES] = str(folder / "times")
        progress(f"writing synthetic logs of {given.sessions} sessions in {given.months} months")
        logs = write_logs(folder / "synthetic", sessions=given.sessions, first_month=first, months=given.months).logs
        home = Home(folder / "home").create()
        save_settings(home.path, {"sources": [str(logs)], "users": "folder"})
        with Server(home, folder, seconds_between_looks=30, module="benchmarks.backfill_location") as server:
            progress(f"backfill from {first} to {last}")
            began = time.time()
            status = server.backfill(first, last, seconds=7200)
            seconds = time.time() - began
            if status != "COMPLETED_SUCCESS":
                raise SystemExit("\n".join([f"the backfill ended as {status}", *server.failures()]))
        runs = times_of_runs(home.dagster, stopwatches(folder / "times"), began)
        tell(f"Backfill of {given.months} months", findings(runs, seconds), given.json)


if __name__ == "__main__":
    main()

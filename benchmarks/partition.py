"""One month through Dagster, from log files to the report, against Dagster itself doing nothing in as many assets.

`python -m benchmarks.partition HOME LOGS` is the measured process: it prints its findings as JSON.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

from benchmarks.findings import Finding, progress
from benchmarks.process import timed

ROOT = Path(__file__).resolve().parent.parent
MONTH = "2025-10-01"


def findings(logs: Path, home: Path) -> list[Finding]:
    """Seconds of the month's run in a fresh process, its imports apart."""
    progress("partition: one month in a fresh process")
    _, printed = timed([sys.executable, "-m", "benchmarks.partition", str(home), str(logs)], ROOT, dict(os.environ))
    found = json.loads(printed.splitlines()[-1])
    steps, ratio = found["steps"], found["month"] / found["nothing"]
    return [
        Finding("imports of the code location", found["imports"], f"{found['imports']:.2f} s"),
        Finding(f"{MONTH[:7]} with {steps} steps", found["month"], f"{found['month']:.2f} s"),
        Finding(f"Dagster with {steps} steps that do nothing", found["nothing"], f"{found['nothing']:.2f} s"),
        Finding("month / Dagster doing nothing", ratio, f"{ratio:.1f}"),
        Finding("month again, nothing changed", found["again"], f"{found['again']:.2f} s"),
    ]


def measure(home: Path, logs: Path) -> dict[str, float]:
    """Seconds of the imports, of the month, of the month again, and of Dagster alone; number of steps."""
    os.environ.update(SESSIONS_HOME=str(home), SESSIONS_SOURCES=str(logs), SESSIONS_USERS="folder")
    began = time.perf_counter()
    from dagster import DagsterInstance, Definitions, asset, define_asset_job, in_process_executor

    from sessions_pipeline.definitions import defs

    imports = time.perf_counter() - began
    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}

    def seconds(definitions: Definitions, job: str, key: str | None) -> tuple[float, int]:
        with DagsterInstance.local_temp() as instance:
            started = time.perf_counter()
            done = definitions.resolve_job_def(job).execute_in_process(
                instance=instance, partition_key=key, run_config=quiet
            )
            return time.perf_counter() - started, len([event for event in done.all_events if event.is_step_success])

    month, steps = seconds(defs, "month", MONTH)
    again, _ = seconds(defs, "month", MONTH)
    idle = [asset(name=f"nothing_{number}")(lambda: None) for number in range(steps)]
    alone = Definitions(assets=idle, jobs=[define_asset_job("nothing")], executor=in_process_executor)
    nothing, _ = seconds(alone, "nothing", None)
    return {"imports": imports, "month": month, "again": again, "nothing": nothing, "steps": steps}


if __name__ == "__main__":
    print(json.dumps(measure(Path(sys.argv[1]), Path(sys.argv[2]))))

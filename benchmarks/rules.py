"""Sessions per second of the rules backend, all classifiers, through the function that the labels' asset calls.

    python -m benchmarks.rules --home DIR

Labels the sessions of the state folder DIR as one month, three times, and prints the seconds as JSON. It is a process
of its own because the backend's workers import its main module anew, as they would that of the command line.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

SESSIONS_PER_SECOND = 400.0
SESSIONS, ROUNDS = 1_500, 3
# So few that the backend starts no workers.
FEW = 500


def findings(folder: Path) -> list:
    """Writes logs in `folder` and labels every eligible session of them; the fastest of three rounds counts."""
    from benchmarks.findings import Finding, at_least, progress
    from benchmarks.ingest_once import ingest_once
    from sessions_pipeline.simulate.logs import write_logs

    progress(f"rules: writing and ingesting logs of {SESSIONS} sessions")
    ingest_once(folder / "home", write_logs(folder / "synthetic", sessions=SESSIONS).logs)
    progress(f"rules: {ROUNDS} rounds")
    command = [sys.executable, "-m", "benchmarks.rules", "--home", str(folder / "home")]
    told = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    labelled, best = told["sessions"], min(told["seconds"])
    shown = f"{labelled} sessions, {told['labels']} labels, {best:.2f} s"
    return [
        Finding("sessions labelled by rules", labelled, shown),
        at_least("sessions per second", labelled / best, SESSIONS_PER_SECOND),
        Finding("sessions per second of one process's CPU", told["of_cpu"], f"{told['of_cpu']:.0f}"),
    ]


def measure(home: Path) -> dict[str, object]:
    """Sessions, labels, the seconds of each round, and sessions per second of CPU where one process does it all."""
    import datetime as dt

    import polars as pl

    from sessions_pipeline.classifications.labelling import label_month
    from sessions_pipeline.classifications.rules import RulesBackend
    from sessions_pipeline.folders import Home
    from sessions_pipeline.schemas import polars_schema
    from sessions_pipeline.sessions.transcripts import Transcripts
    from sessions_pipeline.warehouse import Warehouse

    folders = Home(home)
    sessions = Warehouse(database=str(folders.warehouse)).read("core.sessions")
    transcripts = Transcripts(folders.private)
    months = sorted(set(sessions["month"]))
    texts = pl.concat([transcripts.read(month) for month in months])
    as_one = sessions.with_columns(month=pl.lit(months[0]))
    nothing = pl.DataFrame(schema=polars_schema("labels.classifications"))
    now = dt.datetime.now(dt.UTC).replace(tzinfo=None)
    seconds, labels = [], 0
    for _ in range(ROUNDS):
        began = time.perf_counter()
        labels = label_month(months[0], as_one, texts, nothing, RulesBackend(), now).rows.height
        seconds.append(time.perf_counter() - began)
    few = as_one.filter("is_eligible").head(FEW)
    began = time.process_time()
    label_month(months[0], few, texts, nothing, RulesBackend(), now)
    of_cpu = few.height / (time.process_time() - began)
    return {
        "sessions": sessions.filter("is_eligible").height,
        "labels": labels,
        "seconds": seconds,
        "of_cpu": of_cpu,
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--home", type=Path, required=True, help="state folder with ingested sessions")
    print(json.dumps(measure(parser.parse_args().home)))

"""`make bench`: redaction, labels, models, coverage, suppression, marts, a month by Dagster, the full study's report.

`make bench` runs `bench-ingest` after it.

python -m benchmarks [--json]
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from benchmarks import claude_labels, coverage, marts, models, partition, redaction, report, rules, suppression
from benchmarks.findings import progress, tell
from sessions_pipeline.simulate.logs import write_logs


def main() -> None:
    """Runs all of them on synthetic data in a scratch folder."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", action="store_true", help="JSON objects instead of tables")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sessions-bench-") as name:
        scratch = Path(name)
        progress("writing synthetic logs of 700 sessions")
        logs = write_logs(scratch / "synthetic").logs
        tell("Redaction", redaction.findings(), given.json)
        tell("Labels by rules", rules.findings(scratch / "rules"), given.json)
        tell("Labels by a model", claude_labels.findings(scratch / "claude"), given.json)
        tell("Coverage of 95% intervals", coverage.findings(), given.json)
        tell("Suppression", suppression.findings(), given.json)
        tell("Marts", marts.findings(tuple(marts.LIMITS)), given.json)
        tell("Models", models.findings(scratch), given.json)
        tell("One month through Dagster", partition.findings(logs, scratch / "partition"), given.json)
        tell("Report", report.findings(scratch / "study"), given.json)


if __name__ == "__main__":
    main()

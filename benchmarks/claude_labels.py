"""Labels per second of the claude backend in batches, against the fake API: the engine's own overhead.

    python -m benchmarks.claude_labels --sessions 300

The fake runs in a process of its own and answers at once. Reported are seconds on the clock and of this process's CPU:
the clock also holds what the fake takes, and whatever else the machine does.
"""

from __future__ import annotations

import datetime as dt
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click

from sessions_pipeline.classifications.backend import SessionToLabel
from sessions_pipeline.classifications.classifiers import CLASSIFIERS
from sessions_pipeline.classifications.claude import ClaudeBackend
from sessions_pipeline.classifications.claude.batches import Pace
from sessions_pipeline.config import Settings

_WORDS = ("please", "fix", "the failing", "test", "src/app.py", "and run", "again\n[tool]", "Bash:", "pytest -q")


@click.command()
@click.option("--sessions", default=300, show_default=True, help="Sessions to label.")
@click.option("--chars", default=12_000, show_default=True, help="Characters of a transcript.")
def main(sessions: int, chars: int) -> None:
    """Measure the engine's overhead."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "sessions_pipeline.testing", str(Path(folder) / "api")]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
            assert server.stdout is not None
            os.environ.update(pair.split("=", 1) for pair in server.stdout.readline().split()[1:])
            try:
                clock, cpu, labels = _measure(Path(folder), sessions, chars)
            finally:
                server.kill()
    click.echo(
        f"{labels} labels of {sessions} sessions, {chars} characters each: {clock:.1f} s on the clock "
        f"({labels / clock:.0f} a second), {cpu:.1f} s of CPU ({labels / cpu:.0f} a second)"
    )


def _measure(folder: Path, sessions: int, chars: int) -> tuple[float, float, int]:
    """Seconds on the clock, seconds of this process's CPU, labels."""
    backend = ClaudeBackend(Settings(backend="claude"), folder / "private", pace=Pace(poll_seconds=0.05))
    asked = [_session(number, chars) for number in range(sessions)]
    # The SDK builds its types at first use, which takes a second or two and happens once.
    assert list(backend.classify([_session(-1, chars)], CLASSIFIERS.values()))
    clock, cpu = time.monotonic(), time.process_time()
    labels = sum(answer.status == "ok" for answer in backend.classify(asked, CLASSIFIERS.values()))
    return time.monotonic() - clock, time.process_time() - cpu, labels


def _session(number: int, chars: int) -> SessionToLabel:
    draw = random.Random(number)
    text = f"[human]\nmatter {number}\n" + " ".join(draw.choices(_WORDS, k=chars // 6))
    return SessionToLabel(f"s{number}", text[:chars], f"matter {number}", {"month": dt.date(2026, 1, 1)})


if __name__ == "__main__":
    main()

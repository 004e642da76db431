"""Labels per second of the claude backend in batches, against the fake API: the engine's own overhead.

The fake runs in a process of its own and answers at once. Told are labels per second on the clock and of this process's
CPU: the clock also holds what the fake takes, and whatever else the machine does.
"""

from __future__ import annotations

import datetime as dt
import os
import random
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.findings import Finding, at_least, progress
from sessions_pipeline.classifications.backend import SessionToLabel
from sessions_pipeline.classifications.classifiers import CLASSIFIERS
from sessions_pipeline.classifications.claude import ClaudeBackend
from sessions_pipeline.classifications.claude.batches import Pace
from sessions_pipeline.config import Settings

_WORDS = ("please", "fix", "the failing", "test", "src/app.py", "and run", "again\n[tool]", "Bash:", "pytest -q")
SESSIONS, TRANSCRIPT_CHARS = 300, 12_000
LABELS_PER_SECOND = 1_000.0


def findings(folder: Path) -> list[Finding]:
    """Labels made-up sessions in `folder`."""
    progress(f"claude backend: {SESSIONS} sessions against the fake API")
    command = [sys.executable, "-m", "sessions_pipeline.testing", str(folder / "api")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        os.environ.update(dict(pair.split("=", 1) for pair in server.stdout.readline().split()[1:]))
        try:
            clock, cpu, labels = _measure(folder, SESSIONS, TRANSCRIPT_CHARS)
        finally:
            server.kill()
    shown = f"{labels} labels of {SESSIONS} sessions, {TRANSCRIPT_CHARS} characters each, {clock:.1f} s"
    return [
        Finding("labels against the fake API", labels, shown),
        Finding("labels per second on the clock", labels / clock, f"{labels / clock:.0f}"),
        at_least("labels per second of own CPU", labels / cpu, LABELS_PER_SECOND),
    ]


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

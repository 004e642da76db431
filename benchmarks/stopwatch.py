"""Stopwatches inside other processes: each appends one JSON line a measurement to the file that TIMES names.

A line has the process's id, the part, and seconds.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

TIMES = "BENCH_BACKFILL_TIMES"
PROCESS, IMPORTS, EVENTS, WRITES = "process", "imports", "events", "writes"


def age() -> float:
    """Seconds since this process began, as Linux tells it."""
    ticks = int(Path("/proc/self/stat").read_text().rsplit(")", 1)[1].split()[19])
    return float(Path("/proc/uptime").read_text().split()[0]) - ticks / os.sysconf("SC_CLK_TCK")


def note(part: str, seconds: float) -> None:
    """Appends a measurement."""
    line = json.dumps({"process": os.getpid(), "part": part, "seconds": seconds})
    with Path(os.environ[TIMES]).open("a") as file:
        file.write(f"{line}\n")


def timed(part: Callable[..., str | None], work: Callable[..., Any]) -> Callable[..., Any]:
    """`work` with a stopwatch. part: given the arguments of a call, under what it is noted; None: not at all."""

    @wraps(work)
    def call(*given: Any, **named: Any) -> Any:
        began = time.perf_counter()
        try:
            return work(*given, **named)
        finally:
            if name := part(*given, **named):
                note(name, time.perf_counter() - began)

    return call

"""Runs commands and measures them from outside: wall time, and the peak memory of all their processes."""

from __future__ import annotations

import statistics
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

SAMPLE_SECONDS = 0.02
PROC = Path("/proc")


@dataclass(frozen=True)
class Times:
    """Seconds of several rounds of the same command."""

    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        """Median of the rounds."""
        return statistics.median(self.seconds)

    @property
    def spread(self) -> str:
        """Fastest and slowest round."""
        return f"{min(self.seconds):.2f}–{max(self.seconds):.2f}"


@dataclass(frozen=True)
class PeakMemory:
    """Highest sums over all processes of a command, each at its own moment, in bytes.

    rss counts a page that several processes share once for each of them; pss shares it out among them.
    """

    rss: int
    pss: int


def timed(command: Sequence[str], cwd: Path, environment: Mapping[str, str]) -> tuple[float, str]:
    """Wall seconds of `command` from start to exit, and what it printed. Raises RuntimeError if it failed."""
    started = time.perf_counter()
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - started
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}: {done.stderr[-2000:]}")
    return seconds, done.stdout


def peak_memory(command: Sequence[str], cwd: Path, environment: Mapping[str, str]) -> PeakMemory | None:
    """Peak memory of `command` and its descendants, sampled every 20 ms; None where there is no Linux /proc.

    Sampling slows the processes down (PSS walks their page tables): such a run is not to be timed.
    """
    if not (PROC / "self" / "smaps_rollup").exists():
        return None
    process = subprocess.Popen(command, cwd=cwd, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    rss = pss = 0
    while process.poll() is None:
        samples = [_memory(pid) for pid in _family(process.pid)]
        rss = max(rss, sum(sample[0] for sample in samples))
        pss = max(pss, sum(sample[1] for sample in samples))
        time.sleep(SAMPLE_SECONDS)
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}")
    return PeakMemory(rss, pss)


def _family(pid: int) -> list[int]:
    """`pid` and all its descendants that are alive."""
    found, todo = [], [pid]
    while todo:
        parent = todo.pop()
        found.append(parent)
        for children in PROC.glob(f"{parent}/task/*/children"):
            try:
                todo += [int(child) for child in children.read_text().split()]
            except OSError:  # the thread has ended
                continue
    return found


def _memory(pid: int) -> tuple[int, int]:
    """RSS and PSS of one process, bytes; nothing if it has ended."""
    try:
        lines = (PROC / str(pid) / "smaps_rollup").read_text().splitlines()
    except OSError:
        return 0, 0
    sizes = {name: int(rest.split()[0]) * 1024 for name, _, rest in (line.partition(":") for line in lines[1:]) if rest}
    return sizes.get("Rss", 0), sizes.get("Pss", 0)

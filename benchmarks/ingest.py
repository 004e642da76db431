"""`make bench-ingest`: full ingestion into DuckDB against ccusage and against reading the bytes, on the same files.

    python -m benchmarks.ingest [--source DIR] [--size-mb 500] [--growth 4] [--rounds 3] [--json] [--keep]

Every measurement is a fresh process on a warm cache, interpreter start and imports included; rounds are interleaved, so
that what else the machine does falls on all alike. Memory is measured in runs of its own, which are not timed.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from benchmarks import ccusage
from benchmarks.findings import Finding, at_most, progress, tell
from benchmarks.process import PeakMemory, Times, peak_memory, timed
from benchmarks.tree import Tree, copies_needed, log_paths, replicate

ROOT = Path(__file__).resolve().parent.parent
# What the logs, their larger copy and the state folders made from them take up, as a multiple of the logs' size.
STATE_SHARE = 1.0
CHANGED_SHARE = 0.01
OF_CCUSAGE, OF_NEWLINES, RSS_MB, SAME_MEMORY, LINEAR = 0.8, 4.0, 500.0, 0.1, 0.15
CHANGED_SECONDS, CHANGED_OF_FULL = 1.0, 0.02


@dataclass
class Measured:
    """seconds: per measurement, one per round. tokens: totals by whom. memory: by size of the tree."""

    tree: Tree
    grown: Tree
    changed_files: int
    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    tokens: dict[str, dict[str, int]] = field(default_factory=dict)
    memory: dict[str, PeakMemory | None] = field(default_factory=dict)
    without_peer: str = ""

    def times(self, name: str) -> Times | None:
        """The rounds of a measurement; None if it was skipped."""
        return Times(tuple(self.seconds[name])) if self.seconds[name] else None


def need_room(scratch: Path, bytes_of_logs: int) -> None:
    """Raises SystemExit if `scratch` has too little room for the logs and the state folders."""
    needed, free = int(bytes_of_logs * (1 + STATE_SHARE)), shutil.disk_usage(scratch).free
    if free < needed:
        raise SystemExit(
            f"{scratch} has {free / 1e9:.1f} GB free, {needed / 1e9:.1f} GB are needed: "
            f"{(needed - free) / 1e9:.1f} GB are missing. Name another folder with --scratch, or a smaller --size-mb."
        )


def source_of(given: Path | None, scratch: Path) -> tuple[Path, dict[str, int]]:
    """The logs to be replicated, and the tokens in them where these are known: the user's logs, else synthetic ones."""
    if given:
        return given.expanduser().absolute(), {}
    import polars as pl

    from sessions_pipeline.simulate.logs import write_logs

    progress("writing synthetic logs of 700 sessions")
    logs = write_logs(scratch / "synthetic")
    return logs.logs, by_class(
        pl.read_parquet(logs.truth_sessions).select(pl.col("^.*_tokens$").sum()).row(0, named=True)
    )


def ours(home: Path, tree: Path) -> list[str]:
    """The command that ingests `tree`."""
    return [sys.executable, "-m", "benchmarks.ingest_once", "--home", str(home), "--source", str(tree)]


def by_class(tokens: dict[str, int]) -> dict[str, int]:
    """Columns of core.sessions as the peer's token classes: it knows one price of cache writes."""
    return {
        "input_tokens": tokens["input_tokens"],
        "output_tokens": tokens["output_tokens"],
        "cache_write_tokens": tokens["cache_write_5m_tokens"] + tokens["cache_write_1h_tokens"],
        "cache_read_tokens": tokens["cache_read_tokens"],
    }


def ingested(printed: str) -> dict[str, int]:
    """What `ingest_once` reported."""
    return json.loads(printed.splitlines()[-1])


@contextmanager
def appended(paths: list[Path]) -> Iterator[None]:
    """One more line at the end of each of `paths`; afterwards the files are as they were."""
    before = [(path, path.stat()) for path in paths]
    for path in paths:
        with path.open("ab") as stream:
            stream.write(one_more_line(path.read_bytes()))
    yield
    for path, stat in before:
        os.truncate(path, stat.st_size)
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def one_more_line(data: bytes) -> bytes:
    """A prompt that goes on from the last message in `data`; nothing if there is none."""
    for line in reversed(data.splitlines()):
        try:
            last = msgspec.json.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError):
            continue
        if isinstance(last, dict) and last.get("type") in ("user", "assistant") and last.get("uuid"):
            kept = {
                key: last[key] for key in ("sessionId", "timestamp", "cwd", "version", "isSidechain") if key in last
            }
            new = {
                **kept,
                "type": "user",
                "uuid": f"more-{last['uuid']}",
                "parentUuid": last["uuid"],
                "message": {"role": "user", "content": "And please add a line about it to the changelog."},
            }
            return (b"" if data.endswith(b"\n") else b"\n") + msgspec.json.encode(new) + b"\n"
    return b""


def files_to_change(tree: Tree, seed: int) -> list[Path]:
    """One per cent of the tree's files, of those that hold a message."""
    paths = list(log_paths(tree.folder))
    random.Random(seed).shuffle(paths)
    wanted: list[Path] = []
    for path in paths:
        if len(wanted) >= max(1, round(len(paths) * CHANGED_SHARE)):
            break
        if one_more_line(path.read_bytes()):
            wanted.append(path)
    return wanted


def one_round(measured: Measured, scratch: Path, binary: Path | None, changed: list[Path]) -> None:
    """Every measurement once."""
    home, projects, us = scratch / "home", measured.tree.folder / "projects", dict(os.environ)

    def measure(name: str, command: list[str], environment: dict[str, str]) -> str:
        seconds, printed = timed(command, ROOT, environment)
        progress(f"  {name}: {seconds:.2f} s")
        measured.seconds[name].append(seconds)
        return printed

    measure("newlines", [sys.executable, "-m", "benchmarks.newlines", str(projects)], us)
    if binary:
        printed = measure("ccusage", ccusage.command(binary), ccusage.environment(measured.tree.folder))
        measured.tokens["ccusage"] = ccusage.totals(printed)
    nothing = scratch / "no-logs"
    nothing.mkdir(exist_ok=True)
    measure("start-up", ours(home, nothing), us)
    shutil.rmtree(home)
    full = ingested(measure("full", ours(home, projects), us))
    measured.tokens["ours"] = by_class(full)
    again = ingested(measure("nothing changed", ours(home, projects), us))
    with appended(changed):
        after = ingested(measure("1% changed", ours(home, projects), us))
    if (full["read"], again["read"], after["read"]) != (full["files"], 0, len(changed)):
        raise RuntimeError(
            f"of {full['files']} files, {len(changed)} of them changed later, {full['read']}, {again['read']} and "
            f"{after['read']} were read"
        )
    shutil.rmtree(home)
    measure("full, grown tree", ours(home, measured.grown.folder / "projects"), us)
    shutil.rmtree(home)


def measure_memory(measured: Measured, scratch: Path) -> None:
    """A full ingestion of each tree with a sampler beside it."""
    for name, tree in (("tree", measured.tree), ("grown", measured.grown)):
        progress(f"  memory, {tree.bytes / 1e6:.0f} MB")
        home = scratch / "home"
        measured.memory[name] = peak_memory(ours(home, tree.folder / "projects"), ROOT, dict(os.environ))
        shutil.rmtree(home)


def findings(measured: Measured) -> list[Finding]:
    """Times, ratios, memory and totals, with the targets."""
    rows = [_time_row(name, measured) for name in measured.seconds if measured.seconds[name]]
    full, floor, startup = (_median(measured, name) for name in ("full", "newlines", "start-up"))
    peer = measured.times("ccusage")
    growth = measured.grown.bytes / measured.tree.bytes
    rows += [
        at_most("full / ccusage", full / peer.median if peer else None, OF_CCUSAGE, missing=measured.without_peer),
        at_most("full / newline count", full / floor, OF_NEWLINES),
        at_most(
            f"1% changed ({measured.changed_files} files), seconds",
            _median(measured, "1% changed"),
            round(CHANGED_SECONDS + CHANGED_OF_FULL * full, 2),
            " s",
        ),
        *(_beyond(name, _median(measured, name), startup) for name in ("full", "nothing changed", "1% changed")),
        _linear_row(_median(measured, "full, grown tree") / full, growth),
        *_memory_rows(measured),
        *_token_rows(measured),
    ]
    return rows


def _median(measured: Measured, name: str) -> float:
    times = measured.times(name)
    if times is None:
        raise ValueError(f"{name} was not measured")
    return times.median


def _time_row(name: str, measured: Measured) -> Finding:
    times = Times(tuple(measured.seconds[name]))
    size = (measured.grown if "grown" in name else measured.tree).bytes if name != "start-up" else 0
    return Finding(f"{name}, {size / 1e6:.0f} MB", times.median, f"{times.median:.2f} s ({times.spread})")


def _beyond(name: str, seconds: float, startup: float) -> Finding:
    """What the work itself took. No target: the targets are for what a person waits."""
    return Finding(f"{name}, beyond the start-up", seconds - startup, f"{seconds - startup:.2f} s")


def _linear_row(ratio: float, growth: float) -> Finding:
    near = abs(ratio / growth - 1) <= LINEAR
    return Finding(f"time of {growth:.2f} × the logs", ratio, f"× {ratio:.2f}", f"× {growth:.2f} ± {LINEAR:.0%}", near)


def _memory_rows(measured: Measured) -> Iterator[Finding]:
    small, large = measured.memory["tree"], measured.memory["grown"]
    if small is None or large is None:
        yield Finding("peak memory", None, "skipped: only Linux tells it")
        return
    for name, peak in (("", small), (", grown tree", large)):
        yield at_most(f"peak RSS, sum over processes{name}", peak.rss / 1e6, RSS_MB, " MB")
        yield Finding(f"peak PSS, sum over processes{name}", peak.pss / 1e6, f"{peak.pss / 1e6:.0f} MB")
    yield at_most("peak RSS, grown tree / tree", large.rss / small.rss, 1 + SAME_MEMORY)


def _token_rows(measured: Measured) -> Iterator[Finding]:
    """Ours against what is known to be in the logs; the peer's count is shown, and no truth: see README.md here."""
    truth, peer = measured.tokens.get("truth"), measured.tokens.get("ccusage")
    for name, mine in measured.tokens["ours"].items():
        shown = f"{mine:,}" + (f"; ccusage {peer[name] / mine - 1:+.3%}" if peer and mine else "")
        if truth:
            yield Finding(name, mine, shown, f"truth: {truth[name]:,}", mine == truth[name])
        else:
            yield Finding(name, mine, shown if peer else f"{shown}; not compared: {measured.without_peer}")


def run(given: argparse.Namespace, scratch: Path) -> list[Finding]:
    """Makes the trees below `scratch`, measures, and returns what was found."""
    source, truth = source_of(given.source, scratch)
    copies = copies_needed(source, given.size_mb * 1_000_000)
    need_room(scratch, given.size_mb * 1_000_000 * (1 + given.growth))
    progress(f"copying {source} {copies} and {copies * given.growth} times")
    tree = replicate(source, scratch / "logs", copies)
    changed = files_to_change(tree, given.seed)
    measured = Measured(tree, replicate(source, scratch / "grown", copies * given.growth), len(changed))
    if truth:
        measured.tokens["truth"] = {name: tokens * copies for name, tokens in truth.items()}
    binary = given.ccusage
    if binary is None:
        binary, measured.without_peer = ccusage.install(scratch / "npm")
    for number in range(given.rounds):
        progress(f"round {number + 1} of {given.rounds}")
        one_round(measured, scratch, binary, changed)
    measure_memory(measured, scratch)
    return findings(measured)


def main() -> None:
    """Reads the options, and clears away what was made."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--source", type=Path, help="logs to be replicated; default: synthetic ones")
    parser.add_argument("--size-mb", type=int, default=500, help="size of the tree, at least; MB")
    parser.add_argument("--growth", type=int, default=4, help="the second tree is this many times as large")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1, help="which files change")
    parser.add_argument("--ccusage", type=Path, help="its native binary, where it is installed already")
    parser.add_argument("--scratch", type=Path, help="folder for everything that is made; default: the system's")
    parser.add_argument("--keep", action="store_true", help="leave what was made")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    given = parser.parse_args()
    if given.scratch:
        given.scratch.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix="sessions-bench-", dir=given.scratch))
    try:
        found = run(given, scratch)
    finally:
        if given.keep:
            progress(f"left in {scratch}")
        else:
            shutil.rmtree(scratch)
    tell("Ingestion: fresh processes, warm cache, median (fastest–slowest)", found, given.json)


if __name__ == "__main__":
    main()

"""Labelling killed again and again at random moments, and what the fake API billed for it.

    python -m sessions_pipeline_tests.soak.labels --kills 200

Each round labels new sessions in processes that are killed with SIGKILL, six times or until one comes through.
Creating a batch takes the fake a while, with the batch there in the middle, so that kills also fall between the API's
having a batch and our knowing its id. The exit code is 0 only if the ledger shows every request billed exactly once
(in direct mode: no more often again than requests can have been under way).
"""

from __future__ import annotations

import datetime as dt
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import anthropic
import click

from sessions_pipeline.classifications.backend import SessionToLabel
from sessions_pipeline.classifications.classifiers import CLASSIFIERS
from sessions_pipeline.classifications.claude import ClaudeBackend
from sessions_pipeline.classifications.claude.batches import Pace
from sessions_pipeline.config import Settings
from sessions_pipeline.testing import FakeApi

# Imported before any fork: a process then starts in milliseconds, and kills fall into its work.
_ = anthropic.Anthropic, anthropic.types.Message
PACE = Pace(poll_seconds=0.02, settle_seconds=0.5)
SESSIONS_PER_ROUND = 3
KILLS_PER_ROUND = 6
STEPS = len(CLASSIFIERS) + 1


@dataclass(frozen=True)
class Tally:
    """What came of it. expected: requests that had to be answered. billed: requests of the ledger, by digest."""

    kills: int
    rounds: int
    expected: int
    billed: Counter[str]

    @property
    def billed_again(self) -> int:
        """Requests that were billed a second time or more."""
        return sum(times - 1 for times in self.billed.values())

    @property
    def missing(self) -> int:
        """Requests that no bill is there for."""
        return self.expected - len(self.billed)


def killed(folder: Path, kills: int, mode: str, seed: int = 0) -> Tally:
    """Labels in `folder` until `kills` processes were killed at work; then the last round is let through."""
    moments = random.Random(seed)
    done = rounds = 0
    with _fake(folder / "api"):
        while done < kills or rounds == 0:
            last = min(kills, done + KILLS_PER_ROUND)
            while done < last and _killed_at(folder, rounds, mode, moments.uniform(0.0, 1.2)):
                done += 1
            _finish(folder, rounds, mode)
            rounds += 1
    ledger = FakeApi(folder / "api").ledger()
    return Tally(done, rounds, rounds * SESSIONS_PER_ROUND * STEPS, Counter(line["digest"] for line in ledger))


def _killed_at(folder: Path, number: int, mode: str, seconds: float) -> bool:
    """Starts a process and kills it after `seconds`; whether it was still at work."""
    process = _start(folder, number, mode)
    time.sleep(seconds)
    os.kill(process, signal.SIGKILL)
    _, status = os.waitpid(process, 0)
    return os.WIFSIGNALED(status)


def _finish(folder: Path, number: int, mode: str) -> None:
    # A request that the fake fails at three times in a run is left to the next run.
    for _ in range(5):
        if os.waitpid(_start(folder, number, mode), 0)[1] == 0:
            return
    raise RuntimeError(f"round {number} did not end with every label there")


def _start(folder: Path, number: int, mode: str) -> int:
    process = os.fork()
    if process:
        return process
    failed = 1
    try:
        failed = 0 if _label(folder, number, mode) else 1
    finally:
        os._exit(failed)


def _label(folder: Path, number: int, mode: str) -> bool:
    """Labels the sessions of round `number`; whether all labels are there."""
    settings = Settings(backend="claude", api_mode=mode)  # type: ignore[arg-type]
    backend = ClaudeBackend(settings, folder / "private", pace=PACE)
    answers = list(backend.classify(_sessions(number), CLASSIFIERS.values()))
    return len(answers) == SESSIONS_PER_ROUND * len(CLASSIFIERS) and all(a.status == "ok" for a in answers)


def _sessions(number: int) -> list[SessionToLabel]:
    texts = [f"Please see to matter {number} of day {day}" for day in range(SESSIONS_PER_ROUND)]
    return [SessionToLabel(text, f"[human]\n{text}\n", text, {"month": dt.date(2026, 1, 1)}) for text in texts]


@contextmanager
def _fake(folder: Path) -> Iterator[None]:
    """The fake API in a process of its own: this one forks, and must have no threads."""
    times = ["--batch-seconds", "0.15", "--creation-seconds", "0.2"]
    shares = ["--share", "expired=0.05", "--share", "errored=0.05"]
    command = [sys.executable, "-m", "sessions_pipeline.testing", str(folder), *times, *shares]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        os.environ.update(pair.split("=", 1) for pair in server.stdout.readline().split()[1:])
        try:
            yield
        finally:
            server.kill()


@click.command()
@click.option("--kills", default=200, show_default=True, help="Processes to kill.")
@click.option("--mode", type=click.Choice(["batch", "direct"]), default="batch", show_default=True)
@click.option("--seed", default=0, show_default=True, help="Of the moments.")
def main(kills: int, mode: str, seed: int) -> None:
    """Kill labelling processes and read the bill."""
    with tempfile.TemporaryDirectory() as folder:
        tally = killed(Path(folder), kills, mode, seed)
    click.echo(
        f"{mode}: {tally.kills} kills in {tally.rounds} rounds; {tally.expected} requests, {len(tally.billed)} billed, "
        f"{tally.billed_again} of them again, {tally.missing} missing"
    )
    in_flight = tally.kills * Settings().direct_requests if mode == "direct" else 0
    raise SystemExit(tally.billed_again > in_flight or tally.missing != 0)


if __name__ == "__main__":
    main()

"""Log files that change under the pipeline's hands, as agents change them: growing, turning up, rewritten, deleted."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from sessions_pipeline.simulate.logs import write_logs

FIRST_NS = 1_780_000_000_000_000_000  # 2026-05: a file's time is set, so that no table depends on when a test runs


@dataclass
class ChangingLogs:
    """Synthetic logs of which more and more lies under `live`.

    whole: finished files, by their path under `live`. shown: bytes of each that lie there now. gone: deleted ones.
    """

    live: Path
    rng: Random
    whole: dict[Path, bytes]
    shown: dict[Path, int] = field(default_factory=dict)
    gone: set[Path] = field(default_factory=set)
    writes: int = 0
    changes: dict[str, int] = field(default_factory=dict)

    @classmethod
    def start(cls, folder: Path, seed: int, sessions: int, users: int = 8, months: int = 3) -> ChangingLogs:
        """Two thirds of the files of `sessions` sessions, most of them whole."""
        logs = write_logs(folder / "reservoir", seed=seed, sessions=sessions, users=users, months=months).logs
        files = [path for path in sorted(logs.rglob("*.jsonl")) if path.stat().st_size]
        new = cls(folder / "live", Random(seed), {path.relative_to(logs): path.read_bytes() for path in files})
        for place, data in new.whole.items():
            if new.rng.random() < 2 / 3:
                new._show(place, len(data) if new.rng.random() < 0.8 else new.rng.randint(1, len(data)))
        return new

    def change(self, is_kept: Callable[[Path], bool]) -> None:
        """A few files grow or turn up; at times one is rewritten without its beginning, or deleted.

        is_kept: whether the pipeline has read a file as it is now. Only then may something of it go: nobody can keep
        what was never seen.
        """
        growing = [place for place, data in self.whole.items() if self.shown.get(place, 0) < len(data)]
        for place in self.rng.sample(growing, min(4, len(growing))):
            if place not in self.gone:
                # Often in the middle of a line: the agent is still writing it.
                self._show(place, self.rng.randint(self.shown.get(place, 0) + 1, len(self.whole[place])))
                self._count("grown or new")
        safe = [place for place in self.shown if place not in self.gone and is_kept(self.live / place)]
        if safe and self.rng.random() < 0.5:
            self._rewrite(self.rng.choice(safe))
        if safe and self.rng.random() < 0.5:
            place = self.rng.choice(safe)
            if is_kept(self.live / place):
                (self.live / place).unlink()
                self.gone.add(place)
                self._count("deleted")

    def _rewrite(self, place: Path) -> None:
        """Leaves out the first half of the lines, now and for all later growth."""
        lines = self.whole[place].splitlines(keepends=True)
        removed = len(b"".join(lines[: len(lines) // 2]))
        if self.shown[place] > removed:
            self.whole[place] = self.whole[place][removed:]
            self._show(place, self.shown[place] - removed)
            self._count("rewritten")

    def _show(self, place: Path, size: int) -> None:
        path = self.live / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(self.whole[place][:size])
        self.writes += 1
        moment = FIRST_NS + self.writes * 1_000_000_000
        os.utime(path, ns=(moment, moment))
        self.shown[place] = size

    def _count(self, change: str) -> None:
        self.changes[change] = self.changes.get(change, 0) + 1

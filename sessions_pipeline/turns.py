"""Runs on one state folder take turns, whoever starts them: the command line, the UI, the daemon's schedules.

The turn is a lock of the operating system on a file of the state folder: it ends with its process, however that ends.
Without it two runs could ask and pay for the same labels, or publish while the other counts.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LOG = logging.getLogger(__name__)
FILE = "run.lock"
SECONDS_BETWEEN_WORDS = 30.0


@contextmanager
def turn(folder: Path, who: str) -> Iterator[None]:
    """Waits until no other run works on the state folder `folder`, and says on whom it waits.

    who: what others are told that wait for this one.
    """
    descriptor = os.open(folder / FILE, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _wait(descriptor, folder)
        _tell(descriptor, f"{who} (process {os.getpid()})")
        yield
        _tell(descriptor, "")
    finally:
        os.close(descriptor)  # and with it the lock


def _tell(descriptor: int, who: str) -> None:
    """Writes who has the turn; on a full disk nobody is told, and the turn is had all the same."""
    with contextlib.suppress(OSError):
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, who.encode(), 0)


def _wait(descriptor: int, folder: Path) -> None:
    """Takes the lock, and says on whom it waits."""
    started, next_word = time.monotonic(), 1.0
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waited = time.monotonic() - started
            if waited >= next_word:
                holder = (folder / FILE).read_text(encoding="utf-8") or "another run"
                LOG.warning("waiting for %s to end its run on %s (%.0f s)", holder, folder, waited)
                next_word += SECONDS_BETWEEN_WORDS
            time.sleep(0.2)

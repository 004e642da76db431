"""How far long work has come: said once here, shown by whoever listens (the command line, a run's log)."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

LOG = logging.getLogger(__name__)


def reporter(work: str, unit: str) -> Callable[[int, int], None]:
    """A function to be called with what is done and what there is to do; logs at most twice a second and at the end.

    work: what is being done, e.g. "reading logs". unit: what is counted, e.g. "MB".
    """
    last = 0.0

    def report(done: int, total: int) -> None:
        nonlocal last
        now = time.monotonic()
        if done < total and now - last < 0.5:
            return
        last = now
        LOG.info("%s: %s of %s %s", work, done, total, unit, extra={"work": work, "done": done, "total": total})

    return report

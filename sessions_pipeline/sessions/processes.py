"""Spreads work over the machine's cores, in processes that hold no more than the readers and adders of logs."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

# What readers and adders import as they start to work.
_LOADED = [
    "sessions_pipeline.sessions.add_up",
    *(f"sessions_pipeline.sources.{name}" for name in ("claude_code", "codex", "gemini", "compressed", "sanitise")),
]
# More readers than this wait for the disk, not for a core.
_MOST = 8


@contextmanager
def workers(worth_it: bool) -> Iterator[Callable[..., Iterable[Any]]]:
    """A `map` that yields results in the order of the tasks: over processes if `worth_it`, else in this one.

    Functions and tasks must be picklable. The processes end with the block.
    """
    cores = min(os.cpu_count() or 1, _MOST)
    if not worth_it or cores == 1:
        yield map
        return
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    # Not a plain fork: the parent may run threads (Dagster, polars) whose locks a forked child would inherit. The
    # server that forks has these modules loaded, so that a worker starts at once and shares their memory.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_LOADED)
    with ProcessPoolExecutor(cores, mp_context=context, initializer=_begin, initargs=(dict(os.environ),)) as pool:
        yield pool.map


def _begin(environment: dict[str, str]) -> None:
    """Takes over the parent's environment, since that of the server that forks is as old as the server, and ends this
    worker when its parent is gone: after a SIGKILL of the parent alone it would wait for work for ever."""
    import multiprocessing
    import threading

    os.environ.clear()
    os.environ.update(environment)

    def wait() -> None:
        if parent := multiprocessing.parent_process():
            parent.join()
            os._exit(1)

    threading.Thread(target=wait, daemon=True).start()

"""The code location with stopwatches: what `backfill.py` has Dagster load, in the code server and in every run."""

# ruff: noqa: E402
import time

from benchmarks.stopwatch import EVENTS, IMPORTS, PROCESS, WRITES, age, note, timed

note(PROCESS, age())
_began = time.perf_counter()

from dagster import DagsterInstance

from sessions_pipeline.definitions import defs  # noqa: F401
from sessions_pipeline.warehouse import Warehouse

note(IMPORTS, time.perf_counter() - _began)
# Of a step alone: the rest of a run's events lie outside of its steps, which the table tells apart anyway.
DagsterInstance.handle_new_event = timed(  # type: ignore[method-assign]
    lambda _instance, event, **_more: EVENTS if event.step_key else None, DagsterInstance.handle_new_event
)
Warehouse.replace_window = timed(lambda *_given, **_named: WRITES, Warehouse.replace_window)  # type: ignore[method-assign]

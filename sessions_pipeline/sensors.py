"""Sensors: new and changed log files, and runs whose process is gone."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection, Iterator

from dagster import (
    DagsterInstance,
    DagsterRunStatus,
    DefaultSensorStatus,
    RunRequest,
    RunsFilter,
    SensorEvaluationContext,
    SensorResult,
    SkipReason,
    sensor,
)

from sessions_pipeline.folders import SettingsError
from sessions_pipeline.made import digest
from sessions_pipeline.months import add_months, month_key
from sessions_pipeline.operate import spans
from sessions_pipeline.runs import UNDER_WAY, end_dead_runs
from sessions_pipeline.schedules import publish_job, read_logs, tables_job
from sessions_pipeline.sessions.add_up import Way
from sessions_pipeline.sessions.build import Ledger, ledger
from sessions_pipeline.sessions.tree import find_log_files
from sessions_pipeline.sessions.users import user_rule
from sessions_pipeline.state import State
from sessions_pipeline.warehouse import Warehouse, WarehouseBusyError

# A tick must not wait behind a run: it looks again at the next.
SECONDS_FOR_WAREHOUSE = 3.0
# Runs of lower priority start when no other waits: what reads the months after what makes them.
AFTER_THE_TABLES = {"dagster/priority": "-1"}


@sensor(
    name="new_logs",
    jobs=[read_logs, tables_job, publish_job],
    minimum_interval_seconds=120,
    default_status=DefaultSensorStatus.STOPPED,
    description="Notices new and changed log files, late ones of past months too, in three steps. "
    "(1) It lists the sources, and compares names, sizes and times with the archive: that is all it reads itself. "
    "(2) If something differs it asks for the job read_logs, because only reading a file tells its months. "
    "(3) Then it compares the archive with the warehouse, and asks for the job tables for each month that differs, and "
    "for the job publish over these months and the vintages whose window holds one. "
    "The same state of the logs is never asked for twice: a run that failed is started again by hand. "
    "If a source is not there it says so and waits.",
)
def new_logs(context: SensorEvaluationContext, state: State) -> SensorResult | SkipReason:
    """One look. The cursor holds the states of the sources and of the archive that were dealt with."""
    seen = json.loads(context.cursor or "{}")
    try:
        settings = state.settings
        tree = find_log_files(settings.sources, user_rule(settings.users))
    except SettingsError as error:
        return SkipReason(str(error))
    if tree.absent and not tree.files:
        return SkipReason(f"not there: {', '.join(tree.absent)}. Nothing is known of new logs until it is back.")
    archive = state.archive
    if unread := archive.unread(tree.files):
        now = digest([(file.location, file.bytes, file.mtime_ns, file.user) for file in unread])
        if now != seen.get("sources"):
            request = RunRequest(job_name=read_logs.name, run_key=f"read {now}")
            return SensorResult([request], cursor=json.dumps({**seen, "sources": now}))
        if _reading(context.instance):
            return SkipReason(f"{len(unread)} new or changed log files are being read")
        # What is left was tried, and cannot be read.
    book = ledger(archive)
    of_logs = book.digests()
    now = digest({month_key(month): text for month, text in of_logs.items()})
    if now == seen.get("archive"):
        return SkipReason(f"{len(tree.files)} log files, nothing new")
    try:
        warehouse = Warehouse(str(state.folders.warehouse), SECONDS_FOR_WAREHOUSE)
        counted = warehouse.query("select month, log_digest from core.sessions")
        way = Way(settings.rule_set, settings.turn_chars, settings.transcript_chars)
        months = book.months_that_differ(warehouse.read("raw.session_files"), counted, way)
    except WarehouseBusyError:
        return SkipReason("a run is writing to the warehouse; the next tick looks again")
    requests = list(_requests(book, months, settings.window_months))
    return SensorResult(requests, cursor=json.dumps({**seen, "archive": now}))


def _requests(book: Ledger, months: Collection[dt.date], window_months: int) -> Iterator[RunRequest]:
    """The runs that bring `months`, and the vintages with one of them in the window, up to date with `book`."""
    of_logs = book.digests()
    for month in sorted(months):
        key = month_key(month)
        state = digest(of_logs.get(month, "no session"))
        yield RunRequest(job_name=tables_job.name, run_key=f"{key} {state}", partition_key=key)
    windows = {add_months(month, offset) for month in months for offset in range(window_months)}
    for first, last in spans(windows & set(book.sessions["month"])):
        state = digest(sorted(of_logs.items()))
        ends = {"start": month_key(first), "end": month_key(last)}
        span = {f"dagster/asset_partition_range_{end}": key for end, key in ends.items()}
        yield RunRequest(
            job_name=publish_job.name,
            run_key=f"publish {ends['start']} {ends['end']} {state}",
            partition_key=ends["end"] if first == last else None,
            tags=AFTER_THE_TABLES if first == last else {**AFTER_THE_TABLES, **span},
        )


def _reading(instance: DagsterInstance) -> bool:
    waiting = [DagsterRunStatus.QUEUED, DagsterRunStatus.NOT_STARTED]
    return bool(instance.get_runs(RunsFilter(job_name=read_logs.name, statuses=[*waiting, *UNDER_WAY]), limit=1))


@sensor(
    name="runs_without_a_process",
    minimum_interval_seconds=60,
    default_status=DefaultSensorStatus.RUNNING,
    description="Ends runs whose process is gone, killed or with its machine: Dagster itself would keep them as "
    "started for ever, and no other run would start. It launches nothing, and is on from the beginning.",
)
def runs_without_a_process(context: SensorEvaluationContext) -> SkipReason:
    """One look at the runs that are under way."""
    ended = end_dead_runs(context.instance)
    return SkipReason(f"ended {', '.join(ended)}" if ended else "every run has its process")

"""Runs the pipeline from the command line, through Dagster, on a state folder.

Plans which months need what, launches the jobs in this process on the state folder's own Dagster instance (so that the
UI shows them), and reports what failed. Here belongs no analysis and no printing.
"""

from __future__ import annotations

import datetime as dt
import os
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sessions_pipeline.config import Home, replace_file
from sessions_pipeline.months import add_months, month_key, months_between

if TYPE_CHECKING:
    from sessions_pipeline.classifications.claude.estimate import EstimatedRow
    from sessions_pipeline.sessions.build import Ledger

# One run at a time: DuckDB has one writer, and each run costs seconds of imports. No pools: a run that is killed keeps
# its place in a pool for ever, and the next run waits for it (seen); the warehouse itself lets one writer in at a time.
DAGSTER_YAML = """\
# Written by sessions-pipeline; add your own storage, run launcher or retries here. It is never overwritten.
telemetry:
  enabled: false
nux:
  enabled: false
concurrency:
  runs:
    max_concurrent_runs: 1
"""
# Errors whose message says what to do; what caused them does not.
SPEAKING = ("SettingsError", "StoreError", "WarehouseError", "WarehouseBusyError")


@dataclass
class Outcome:
    """What came of a run. vintages: months with a report. failures; warnings: checks that block nothing."""

    vintages: list[dt.date] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def prepare(home: Home) -> None:
    """Makes the state folder ready for Dagster: its instance file, and the variables that name both."""
    home.create()
    instance_file = home.dagster / "dagster.yaml"
    if not instance_file.exists():
        replace_file(instance_file, DAGSTER_YAML)
    os.environ["DAGSTER_HOME"] = str(home.dagster)
    os.environ["SESSIONS_HOME"] = str(home.path)


def within(months: Iterable[dt.date], first: dt.date | None, last: dt.date | None) -> list[dt.date]:
    """The months from `first` to `last`, where an end that is None is open."""
    return [month for month in months if (first is None or month >= first) and (last is None or month <= last)]


def spans(months: Iterable[dt.date]) -> list[tuple[dt.date, dt.date]]:
    """First and last month of every run of neighbouring months: what one Dagster run can cover."""
    found: list[tuple[dt.date, dt.date]] = []
    for month in sorted(months):
        if found and add_months(found[-1][1], 1) == month:
            found[-1] = (found[-1][0], month)
        else:
            found.append((month, month))
    return found


def run(
    home: Home,
    first: dt.date | None,
    last: dt.date | None,
    book: Ledger,
    window_months: int,
    say: Callable[[str], None],
    before_labels: Callable[[list[dt.date]], None] | None = None,
) -> Outcome:
    """Materializes everything for the months from `first` to `last`, and later vintages with one of them in the window.

    before_labels: called with the months that are about to be labelled, once their sessions are counted.

    A month whose labels fail costs that month; what follows is made from what is there. A month whose counts fail costs
    every vintage with it in the window: what was published before stays. Months without a session in
    the sample are counted (core.attrition) and not published.
    """
    from dagster import DagsterInstance

    from sessions_pipeline.classifications.assets import BUDGET_TAG

    outcome = Outcome()
    data_months = within(book.months(), first, last)
    with DagsterInstance.get() as instance:
        launcher = _Launcher(instance, outcome)
        held_back = launcher.count(data_months, say)
        eligible_months = launcher.eligible_months(home)
        wanted = within(eligible_months, first, last)
        if before_labels:
            before_labels(wanted)
        budget_since = {BUDGET_TAG: str(time.time())}
        for month in wanted:
            say(f"labelling {month:%Y-%m}")
            launcher.launch("label", month, month, budget_since)
        for start, end in spans(data_months):
            say(f"joining {_span(start, end)}")
            if not launcher.launch("join", start, end):
                held_back.update(months_between(start, end))
        touched = {add_months(month, offset) for month in wanted for offset in range(window_months)}
        spoilt = {add_months(month, offset) for month in held_back for offset in range(window_months)}
        outcome.vintages = [month for month in eligible_months if month in touched - spoilt]
        for start, end in spans(month for month in eligible_months if month in touched & spoilt):
            outcome.failures.append(f"{_span(start, end)} not published: months of the window failed above")
        for start, end in spans(outcome.vintages):
            say(f"aggregates, regressions and report {_span(start, end)}")
            launcher.launch("publish", start, end)
    return outcome


def publish(home: Home, months: Iterable[dt.date], say: Callable[[str], None]) -> Outcome:
    """Aggregates, regressions and reports of vintages `months`, whose classified sessions are in the warehouse."""
    from dagster import DagsterInstance

    outcome = Outcome(vintages=sorted(months))
    with DagsterInstance.get() as instance:
        launcher = _Launcher(instance, outcome)
        for start, end in spans(outcome.vintages):
            say(f"aggregates, regressions and report {_span(start, end)}")
            launcher.launch("publish", start, end)
    return outcome


def count(
    home: Home, first: dt.date | None, last: dt.date | None, book: Ledger, say: Callable[[str], None]
) -> tuple[list[dt.date], Outcome]:
    """Counts the sessions of the months from `first` to `last`, and no more; the months with one in the sample."""
    from dagster import DagsterInstance

    outcome = Outcome()
    with DagsterInstance.get() as instance:
        launcher = _Launcher(instance, outcome)
        launcher.count(within(book.months(), first, last), say)
        return within(launcher.eligible_months(home), first, last), outcome


def estimate(home: Home, months: Iterable[dt.date]) -> list[EstimatedRow]:
    """What the claude backend would cost for the counted sessions of `months`. Nothing is sent."""
    from sessions_pipeline.classifications.claude import ClaudeBackend
    from sessions_pipeline.classifications.claude.estimate import estimate_month
    from sessions_pipeline.classifications.labelling import missing_labels, to_ask
    from sessions_pipeline.state import State

    state = State(home=str(home.path))
    backend = ClaudeBackend(state.settings, state.folders.private)
    rows: list[EstimatedRow] = []
    for month in months:
        eligible = state.warehouse.read("core.sessions", [month]).filter("is_eligible")
        transcripts, known = state.transcripts.read(month), state.warehouse.read("labels.classifications", [month])
        missing = missing_labels(eligible, transcripts, known, backend)
        rows += estimate_month(month, eligible.height, to_ask(missing, eligible, transcripts), backend)
    return rows


class _Launcher:
    """Runs the named jobs over spans of months in this process."""

    def __init__(self, instance: object, outcome: Outcome) -> None:
        from sessions_pipeline.definitions import defs

        self.instance = instance
        self.outcome = outcome
        self.definitions = defs

    def eligible_months(self, home: Home) -> list[dt.date]:
        """Months with a session in the sample, ascending."""
        from sessions_pipeline.state import State

        sessions = State(home=str(home.path)).warehouse.read("core.sessions")
        return sorted(set(sessions.filter("is_eligible")["month"]))

    def count(self, months: Iterable[dt.date], say: Callable[[str], None]) -> set[dt.date]:
        """Log files to sessions; the months of runs that failed."""
        failed: set[dt.date] = set()
        for start, end in spans(months):
            say(f"counting {_span(start, end)}")
            if not self.launch("ingest", start, end):
                failed.update(months_between(start, end))
        return failed

    def launch(self, job: str, first: dt.date, last: dt.date, tags: Mapping[str, str] | None = None) -> bool:
        """One run over the months from `first` to `last`; whether all of it succeeded, blocking checks too."""
        from dagster import DagsterInstance, MarkdownMetadataValue

        assert isinstance(self.instance, DagsterInstance)
        months = months_between(first, last)
        one = len(months) == 1
        span = {
            "dagster/asset_partition_range_start": month_key(first),
            "dagster/asset_partition_range_end": month_key(last),
        }
        result = self.definitions.resolve_job_def(job).execute_in_process(
            instance=self.instance,
            partition_key=month_key(first) if one else None,
            tags={**(tags or {}), **({} if one else span)},
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
            raise_on_error=False,
        )
        for event in result.all_events:
            if event.is_step_failure and event.step_failure_data.error:
                reason = _root(event.step_failure_data.error).strip()
                self.outcome.failures.append(f"{_span(first, last)} {event.step_key}: {reason}")
        for check in result.get_asset_check_evaluations():
            if not check.passed:
                told = {n: v.value for n, v in check.metadata.items() if not isinstance(v, MarkdownMetadataValue)}
                facts = ", ".join(f"{name} {value}" for name, value in told.items())
                line = f"{_span(first, last)} {check.asset_key.to_user_string()} {check.check_name}: {facts}"
                (self.outcome.failures if check.blocking else self.outcome.warnings).append(line)
        blocked = any(check.blocking and not check.passed for check in result.get_asset_check_evaluations())
        return result.success and not blocked


def _root(error: object) -> str:
    """Message of the innermost cause of a serialised error, or of the one that says what to do; without its stack."""
    while getattr(error, "cause", None) and getattr(error, "cls_name", None) not in SPEAKING:
        error = error.cause  # type: ignore[attr-defined]
    return str(getattr(error, "message", error)).removeprefix("dagster._core.definitions.events.Failure: ")


def _span(first: dt.date, last: dt.date) -> str:
    return f"{first:%Y-%m}" if first == last else f"{first:%Y-%m} to {last:%Y-%m}"

"""Runs the pipeline from the command line, through Dagster, on a state folder.

Plans which months need what, launches the jobs in this process on the state folder's own Dagster instance (so that the
UI shows them), and reports what failed. Here belongs no analysis and no printing.
"""

from __future__ import annotations

import datetime as dt
import os
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Self

from sessions_pipeline.config import load_settings
from sessions_pipeline.folders import Home, replace_file
from sessions_pipeline.made import Made, digest, report_digest, rules_digest
from sessions_pipeline.months import add_months, month_key, months_between, window_ending
from sessions_pipeline.schemas import TABLES
from sessions_pipeline.stages import COUNT, JOIN, LABEL, PUBLISH, Stage
from sessions_pipeline.warehouse import Warehouse

if TYPE_CHECKING:
    from sessions_pipeline.classifications.claude.estimate import EstimatedRow
    from sessions_pipeline.sessions.build import Ledger

# One run at a time: DuckDB has one writer, and each run costs seconds of imports. One retry of the whole run: what it
# wrote before it failed is found again, and labels are not paid twice. A run that is killed keeps its place in the
# queue and in a pool for ever (seen), as Dagster's launcher cannot tell that its process is gone: `runs.py` can.
DAGSTER_YAML = """\
# Written by sessions-pipeline; add your own storage, run launcher or retries here. It is never overwritten.
# Dagster's default, faster. The files are the same: without these lines everything is still there.
storage:
  custom:
    module: sessions_pipeline.dagster_storage
    class: KeptSqliteStorage
    config:
      base_dir:
        env: DAGSTER_HOME
telemetry:
  enabled: false
nux:
  enabled: false
# What a step prints is not kept: it could be text of a transcript, and watching for it starts two processes a step.
compute_logs:
  module: dagster._core.storage.noop_compute_log_manager
  class: NoOpComputeLogManager
concurrency:
  runs:
    max_concurrent_runs: 1
  # The labels take a place in the pool model_api: so many runs ask a paid API at once, if you allow more runs above.
  pools:
    default_limit: 1
run_retries:
  enabled: true
  max_retries: 1
run_monitoring:
  enabled: true
  start_timeout_seconds: 300
  free_slots_after_run_end_seconds: 30
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
    """Materializes what has changed of the months from `first` to `last`, and of the vintages with one in the window.

    before_labels: called with the months that are about to be labelled, once their sessions are counted.

    A month whose labels fail costs that month; what follows is made from what is there. A month whose counts fail costs
    every vintage with it in the window: what was published before stays. Months without a session in
    the sample are counted (core.attrition) and not published.
    """
    outcome = Outcome()
    with _Work(home, book, outcome, say) as work:
        asked = within(book.months(), first, last)
        before = work.digests("core.sessions")
        held_back = work.make(COUNT, asked, "counting")
        # A log that turns up late can show that a session of another month began in one of these.
        asked = sorted({*asked, *(month for month, _ in before.items() ^ work.digests("core.sessions").items())})
        remake = work.warehouse.months_to_remake()
        if others := sorted(set(remake) - set(asked)):
            say(f"made again as well, because a table has new columns: {', '.join(_span(*s) for s in spans(others))}")
        asked = sorted({*asked, *remake})
        eligible_months = work.eligible_months()
        wanted = [month for month in eligible_months if month in asked]
        if before_labels:
            before_labels(wanted)
        work.make(LABEL, wanted, "labelling", one_by_one=True)
        held_back |= work.make(JOIN, asked, "joining")
        touched = {add_months(month, offset) for month in asked for offset in range(window_months)}
        spoilt = {add_months(month, offset) for month in held_back for offset in range(window_months)}
        outcome.vintages = [month for month in eligible_months if month in touched - spoilt]
        for start, end in spans(month for month in eligible_months if month in touched & spoilt):
            outcome.failures.append(f"{_span(start, end)} not published: months of the window failed above")
        work.make(PUBLISH, outcome.vintages, "aggregates, regressions and report")
    return outcome


def publish(home: Home, months: Iterable[dt.date], say: Callable[[str], None]) -> Outcome:
    """Aggregates, regressions and reports of vintages `months`, whose classified sessions are in the warehouse."""
    from dagster import DagsterInstance

    outcome = Outcome(vintages=sorted(months))
    with DagsterInstance.get() as instance:
        launcher = _Launcher(instance, home, outcome)
        for start, end in spans(outcome.vintages):
            say(f"aggregates, regressions and report {_span(start, end)}")
            launcher.launch("publish", start, end, time.time())
    return outcome


def count(
    home: Home, first: dt.date | None, last: dt.date | None, book: Ledger, say: Callable[[str], None]
) -> tuple[list[dt.date], Outcome]:
    """Counts the sessions of the months from `first` to `last`, and no more; the months with one in the sample."""
    outcome = Outcome()
    with _Work(home, book, outcome, say) as work:
        work.make(COUNT, within(book.months(), first, last), "counting")
        return within(work.eligible_months(), first, last), outcome


def estimate(home: Home, months: Iterable[dt.date]) -> list[EstimatedRow]:
    """What the claude backend would cost for the counted sessions of `months`. Nothing is sent."""
    from sessions_pipeline.classifications.assets import judge_again
    from sessions_pipeline.classifications.claude import ClaudeBackend
    from sessions_pipeline.classifications.claude.estimate import estimate_month
    from sessions_pipeline.classifications.labelling import missing_labels, retested, to_ask
    from sessions_pipeline.state import State

    state = State(home=str(home.path))
    backend = ClaudeBackend(state.settings, state.folders.private)
    rows: list[EstimatedRow] = []
    for month in months:
        eligible = state.warehouse.read("core.sessions", [month]).filter("is_eligible")
        transcripts, known = state.transcripts.read(month), state.warehouse.read("labels.classifications", [month])
        missing = missing_labels(eligible, transcripts, known, backend)
        rows += estimate_month(month, eligible.height, to_ask(missing, eligible, transcripts), backend)
        if share := state.settings.retest_share:
            twice, again = retested(eligible, share), judge_again(state)
            missing = missing_labels(twice, transcripts, state.warehouse.read("labels.retests", [month]), again)
            second = estimate_month(month, twice.height, to_ask(missing, twice, transcripts), again)
            rows += [replace(row, classifier=f"{row.classifier}, second reading") for row in second]
    return rows


class _Work:
    """Makes the months of a stage that are not made yet, or from something else than what is there now."""

    def __init__(self, home: Home, book: Ledger, outcome: Outcome, say: Callable[[str], None]) -> None:
        self.home, self.outcome, self.say = home, outcome, say
        self.settings = load_settings(home.path).settings
        self.warehouse = Warehouse(database=str(home.warehouse))
        self.made = Made(home)
        self.rules = rules_digest(self.settings)
        self.of_logs = book.digests()
        self.of_tables: dict[str, dict[dt.date, str]] = self.warehouse.digests(list(TABLES))
        self.started = time.time()
        self.open = ExitStack()
        self.launcher: _Launcher | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.open.close()

    def digests(self, table: str) -> dict[dt.date, str]:
        """Month -> digest of its rows of `table`."""
        return dict(self.of_tables[table])

    def eligible_months(self) -> list[dt.date]:
        """Months with a session in the sample, ascending."""
        found = self.warehouse.query("select distinct month from core.sessions where is_eligible order by month")
        return found["month"].to_list()

    def make(self, stage: Stage, months: Sequence[dt.date], words: str, one_by_one: bool = False) -> set[dt.date]:
        """Runs the stage's job over those of `months` that need it; the months of runs that failed."""
        unanswered = self._unanswered() if stage is LABEL else set()
        stale = [month for month in months if month in unanswered or not self._is_made(stage, month)]
        self.outcome.warnings += self.made.warnings(stage.job, set(months) - set(stale))
        if not stale:
            self.say(f"{words}: nothing has changed")
        failed: set[dt.date] = set()
        for start, end in [(month, month) for month in stale] if one_by_one else spans(stale):
            self.say(f"{words} {_span(start, end)}")
            span, warned = months_between(start, end), len(self.outcome.warnings)
            sources = {month: self._source(stage, month) for month in span}
            succeeded = self._launch(stage.job, start, end)
            self.of_tables |= self.warehouse.digests(list(TABLES))
            if not succeeded:
                failed.update(span)
                continue
            for month in span:
                # Here and not in the assets: a run that is killed must not leave a month believed made.
                result, warnings = self._result(stage, month), self.outcome.warnings[warned:]
                self.made.note(stage.job, month, sources[month], result, warnings)
        return failed

    def _is_made(self, stage: Stage, month: dt.date) -> bool:
        return self.made.holds(stage.job, month, self._source(stage, month), self._result(stage, month))

    def _source(self, stage: Stage, month: dt.date) -> str:
        """Digest of all that decides what the stage makes of `month`."""
        window = window_ending(month, self.settings.window_months) if stage.windowed else [month]
        rows = [[self.of_tables[table].get(each) for each in window] for table in stage.reads]
        more: object = None
        if stage is COUNT:
            more = self.of_logs.get(month)
        elif stage is LABEL and self.settings.backend == "distilled":  # learns from all months
            learned_from = ("core.sessions", "labels.classifications")
            more = [sorted(self.of_tables[table].items()) for table in learned_from]
        elif stage is PUBLISH:
            more = self.one_person
        return digest(self.rules, rows, more)

    @cached_property
    def one_person(self) -> bool:
        """Whether the classified sessions, which no later stage changes, are of one user: then nothing is hidden."""
        users = self.warehouse.query("select count(distinct user_key) <= 1 as one from core.classified_sessions")
        return bool(users["one"].item())

    def _result(self, stage: Stage, month: dt.date) -> str:
        """Digest of what the stage has made of `month`."""
        rows = [self.of_tables[table].get(month) for table in stage.makes]
        return digest(rows, report_digest(self.home, month) if stage is PUBLISH else None)

    def _unanswered(self) -> set[dt.date]:
        """Months with a label that is to be asked again: the request came to nothing and cost nothing."""
        from sessions_pipeline.classifications.labelling import FREE_STATUSES

        found = self.warehouse.query(
            "select distinct month from labels.classifications where backend = $backend and status = any($statuses)",
            {"backend": self.settings.backend, "statuses": list(FREE_STATUSES)},
        )
        return set(found["month"])

    def _launch(self, job: str, first: dt.date, last: dt.date) -> bool:
        """One run; Dagster and the definitions are imported for the first, and not if there is none."""
        if self.launcher is None:
            from dagster import DagsterInstance

            from sessions_pipeline.runs import end_dead_runs

            instance = self.open.enter_context(DagsterInstance.get())
            end_dead_runs(instance)
            self.launcher = _Launcher(instance, self.home, self.outcome)
        return self.launcher.launch(job, first, last, self.started)


class _Launcher:
    """Runs the named jobs over spans of months in this process."""

    def __init__(self, instance: object, home: Home, outcome: Outcome) -> None:
        from sessions_pipeline.definitions import definitions_of

        self.instance = instance
        self.outcome = outcome
        self.definitions = definitions_of(home)

    def launch(self, job: str, first: dt.date, last: dt.date, began: float) -> bool:
        """One run over the months from `first` to `last`; whether all of it succeeded, blocking checks too.

        began: when the command did, seconds since 1970: costs from then on count against its limit.
        """
        from dagster import DagsterInstance, MarkdownMetadataValue

        from sessions_pipeline.classifications.assets import BUDGET_TAG

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
            tags={BUDGET_TAG: str(began), **({} if one else span)},
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
            raise_on_error=False,
        )
        said = len(self.outcome.failures)
        for event in result.all_events:
            if event.is_step_failure and event.step_failure_data.error:
                reason = _root(event.step_failure_data.error).strip()
                self.outcome.failures.append(f"{_span(first, last)} {event.step_key}: {reason}")
        if not result.success and len(self.outcome.failures) == said:  # before its first step
            errors = [event.job_failure_data.error for event in result.all_events if event.is_job_failure]
            reason = "; ".join(_root(error).strip() for error in errors if error) or "it failed before its first step"
            self.outcome.failures.append(f"{_span(first, last)} {job}: {reason}")
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

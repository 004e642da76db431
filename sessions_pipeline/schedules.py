"""Jobs, the schedule of the month that has just ended, and the deadline that follows from it. Sensors: `sensors.py`."""

import datetime as dt

from dagster import (
    AssetSelection,
    DefaultScheduleStatus,
    FreshnessPolicy,
    OpExecutionContext,
    RunRequest,
    ScheduleDefinition,
    ScheduleEvaluationContext,
    define_asset_job,
    job,
    op,
    schedule,
)

from sessions_pipeline.classifications.assets import LABELS_OVERVIEW
from sessions_pipeline.metadata import asset_key
from sessions_pipeline.months import add_months, month_key, month_of
from sessions_pipeline.sessions.ingest import ingest
from sessions_pipeline.stages import COUNT, JOIN, LABEL, Stage
from sessions_pipeline.state import State


def _made_by(*stages: Stage) -> AssetSelection:
    made = AssetSelection.assets(*(asset_key(table) for stage in stages for table in stage.makes))
    return made | AssetSelection.assets(LABELS_OVERVIEW) if JOIN in stages else made


ingest_job = define_asset_job(
    "ingest",
    _made_by(COUNT),
    description="Log files to sessions. A range of months is one run.",
)
label_job = define_asset_job("label", _made_by(LABEL), description="Sessions to labels. One month per run.")
join_job = define_asset_job(
    "join",
    _made_by(JOIN),
    description="Sessions and labels to classified sessions, and what was left out. A range of months is one run.",
)
publish_job = define_asset_job(
    "publish",
    AssetSelection.all() - _made_by(COUNT, LABEL, JOIN),
    description="Classified sessions to aggregates, figures, regressions and the report. A range of months is one run.",
)
tables_job = define_asset_job(
    "tables",
    _made_by(COUNT, LABEL, JOIN),
    description="One month from log files to classified sessions: everything before the aggregates.",
)
month_job = define_asset_job(
    "month",
    AssetSelection.all(),
    description="Everything for one month, from log files to the report.",
)


@op
def read_new_logs(context: OpExecutionContext, state: State) -> None:
    """Reads the log files that are new or changed into the archive."""
    found = ingest(state.archive, state.settings)
    context.log.info("log files: %d found, %d new or changed", found.found, found.read)
    for place, reason in found.problems:
        context.log.warning("cannot read %s: %s", place.rsplit("/", 1)[-1], reason)


@job(description="Reads new log files into the archive; no table changes. Then it is known which months they touch.")
def read_logs() -> None:
    read_new_logs()


def monthly_schedule(day: int) -> ScheduleDefinition:
    """On `day` of each month: one run for the month before."""

    @schedule(
        name="month_that_ended",
        job=month_job,
        cron_schedule=f"0 6 {day} * *",
        execution_timezone="UTC",
        default_status=DefaultScheduleStatus.STOPPED,
        description=f"On day {day} of each month at 06:00 UTC: everything for the month that has just ended, from "
        "log files to the report. Switch it on here, or with `dagster schedule start`. The day: setting schedule_day.",
    )
    def month_that_ended(context: ScheduleEvaluationContext) -> RunRequest:
        key = month_key(add_months(month_of(context.scheduled_execution_time), -1))
        return RunRequest(run_key=key, partition_key=key)

    return month_that_ended


def monthly_freshness(day: int) -> FreshnessPolicy:
    """Made since the schedule's hour on `day`, at the latest a day after it: else the asset is overdue."""
    return FreshnessPolicy.cron(deadline_cron=f"0 6 {day + 1} * *", lower_bound_delta=dt.timedelta(days=1))

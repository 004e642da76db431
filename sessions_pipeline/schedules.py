"""Jobs, and the schedule that refreshes the month that has just ended."""

from dagster import (
    AssetSelection,
    DefaultScheduleStatus,
    RunRequest,
    ScheduleEvaluationContext,
    define_asset_job,
    schedule,
)

from sessions_pipeline.months import add_months, month_key, month_of

INGESTED = AssetSelection.assets("raw/session_files", "raw/rejected_lines", "core/sessions", "core/model_use")
LABELLED = AssetSelection.assets("labels/classifications", "labels/retests")
JOINED = AssetSelection.assets("staging/current_labels", "core/classified_sessions", "core/attrition")

ingest_job = define_asset_job(
    "ingest",
    INGESTED,
    description="Log files to sessions. A range of months is one run.",
)
label_job = define_asset_job("label", LABELLED, description="Sessions to labels. One month per run.")
join_job = define_asset_job(
    "join",
    JOINED,
    description="Sessions and labels to classified sessions, and what was left out. A range of months is one run.",
)
publish_job = define_asset_job(
    "publish",
    AssetSelection.all() - INGESTED - LABELLED - JOINED,
    description="Classified sessions to aggregates, figures, regressions and the report. A range of months is one run.",
)
month_job = define_asset_job(
    "month",
    AssetSelection.all(),
    description="Everything for one month, from log files to the report.",
)


@schedule(
    job=month_job,
    cron_schedule="0 6 2 * *",
    execution_timezone="UTC",
    default_status=DefaultScheduleStatus.STOPPED,
    description="On the second of each month at 06:00 UTC: everything for the month that has just ended. "
    "Switch it on here, or with `dagster schedule start`.",
)
def month_that_ended(context: ScheduleEvaluationContext) -> RunRequest:
    """One run for the month before the tick's."""
    key = month_key(add_months(month_of(context.scheduled_execution_time), -1))
    return RunRequest(run_key=key, partition_key=key)

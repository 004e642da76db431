"""The one partitions definition: a partition per month of session start, UTC.

Month arithmetic without Dagster is in `months.py`.
"""

from __future__ import annotations

import datetime as dt

from dagster import AssetExecutionContext, MonthlyPartitionsDefinition

from sessions_pipeline.months import FIRST_MONTH, month_from_key, months_between

# end_offset=1: agents delete their logs after about 30 days, so most of a developer's sessions lie in the running
# month, which has no partition with the default of 0.
monthly_partitions = MonthlyPartitionsDefinition(start_date=FIRST_MONTH.isoformat(), timezone="UTC", end_offset=1)


def months_of(context: AssetExecutionContext) -> list[dt.date]:
    """Months that this run materializes: one, or all of a range where the backfill policy is a single run."""
    keys = context.partition_key_range
    return months_between(month_from_key(keys.start), month_from_key(keys.end))

"""The partitions definition, asked through Dagster."""

import datetime as dt

from dagster import AssetExecutionContext, DagsterInstance, asset, materialize
from dagster._core.storage.tags import ASSET_PARTITION_RANGE_END_TAG, ASSET_PARTITION_RANGE_START_TAG

from sessions_pipeline.months import month_key, months_between
from sessions_pipeline.partitions import monthly_partitions, months_of


def test_the_running_month_has_a_partition_and_the_next_has_none() -> None:
    now = dt.datetime(2026, 11, 21, 12, tzinfo=dt.UTC)
    keys = monthly_partitions.get_partition_keys(current_time=now)
    assert keys == [month_key(month) for month in months_between(dt.date(2025, 1, 1), dt.date(2026, 11, 1))]


def test_a_run_knows_all_months_of_its_range() -> None:
    seen = []

    @asset(partitions_def=monthly_partitions)
    def table(context: AssetExecutionContext) -> None:
        seen.append(months_of(context))

    with DagsterInstance.ephemeral() as instance:
        materialize([table], instance=instance, partition_key="2025-12-01")
        first_and_last = {ASSET_PARTITION_RANGE_START_TAG: "2025-12-01", ASSET_PARTITION_RANGE_END_TAG: "2026-02-01"}
        materialize([table], instance=instance, tags=first_and_last)
    december, january, february = dt.date(2025, 12, 1), dt.date(2026, 1, 1), dt.date(2026, 2, 1)
    assert seen == [[december], [december, january, february]]

"""Assets of the regressions: partition M is the vintage of M, estimated on the window that ends in M and on M alone."""

import datetime as dt
from collections.abc import Callable, Iterator

import polars as pl
from dagster import AssetDep, AssetExecutionContext, AssetsDefinition, BackfillPolicy, asset

from sessions_pipeline.analysis.adjusted import adjusted_rates
from sessions_pipeline.analysis.agreement import agreement_rows
from sessions_pipeline.analysis.models import estimate
from sessions_pipeline.checks import check_specs, store
from sessions_pipeline.classifications.reference import ReferenceFileError, backend_ratings, read_reference
from sessions_pipeline.metadata import asset_key, definition_metadata, describe_months
from sessions_pipeline.months import add_months, months_between, window_ending
from sessions_pipeline.partitions import monthly_partitions, months_of
from sessions_pipeline.progress import reporter
from sessions_pipeline.schemas import grain, polars_schema
from sessions_pipeline.sql_assets import window_mapping
from sessions_pipeline.state import State

SESSIONS = "core.classified_sessions"
AGREEMENT = "analysis.agreement"
AGREEMENT_SOURCES = ("core.sessions", "labels.classifications")
Estimator = Callable[[pl.DataFrame, dt.date, str, int], pl.DataFrame]
ESTIMATORS: dict[str, Estimator] = {
    "analysis.coefficients": estimate,
    "analysis.adjusted_rates": adjusted_rates,
}


def vintages(
    sessions: pl.DataFrame, months: list[dt.date], window_months: int, min_users: int, estimator: Estimator, work: str
) -> pl.DataFrame:
    """Rows of `estimator` for each month alone and for the window that ends in it.

    sessions: `core.classified_sessions` of all months of these windows.
    """
    tell, frames = reporter(work, "vintages"), []
    for done, month in enumerate(months, start=1):
        window = window_ending(month, window_months)
        frames.append(estimator(sessions.filter(pl.col("month") == month), month, "month", min_users))
        frames.append(estimator(sessions.filter(pl.col("month").is_in(window)), month, "window", min_users))
        tell(done, len(months))
    return pl.concat(frames)


def analysis_assets(window_months: int) -> list[AssetsDefinition]:
    """One asset for each estimator, and that of the agreement with reference labels."""
    estimated = [_analysis_asset(table, estimator, window_months) for table, estimator in ESTIMATORS.items()]
    return [*estimated, _agreement_asset(window_months)]


def _analysis_asset(table: str, estimator: Estimator, window_months: int) -> AssetsDefinition:
    @asset(
        key=asset_key(table),
        group_name="analysis",
        description=grain(table),
        deps=[AssetDep(asset_key(SESSIONS), partition_mapping=window_mapping(window_months))],
        kinds={"python", "duckdb"},
        metadata=definition_metadata(table),
        check_specs=check_specs(table),
        partitions_def=monthly_partitions,
        backfill_policy=BackfillPolicy.single_run(),
    )
    def estimates(context: AssetExecutionContext, state: State) -> Iterator[object]:
        months, window = months_of(context), state.settings.window_months
        sessions = state.warehouse.read(SESSIONS, months_between(add_months(months[0], 1 - window), months[-1]))
        work = f"estimating {table.split('.')[1].replace('_', ' ')}"
        rows = vintages(sessions, months, window, state.min_users(), estimator, work)
        describe_months(context, table, rows)
        yield from store(state, table, rows, months)

    return estimates


def _agreement_asset(window_months: int) -> AssetsDefinition:
    mapping = window_mapping(window_months)

    @asset(
        key=asset_key(AGREEMENT),
        group_name="analysis",
        description=grain(AGREEMENT),
        deps=[AssetDep(asset_key(table), partition_mapping=mapping) for table in AGREEMENT_SOURCES],
        kinds={"python", "duckdb"},
        metadata=definition_metadata(AGREEMENT),
        check_specs=check_specs(AGREEMENT),
        partitions_def=monthly_partitions,
        backfill_policy=BackfillPolicy.single_run(),
    )
    def agreement(context: AssetExecutionContext, state: State) -> Iterator[object]:
        """No rows without a file of reference labels, or with one that cannot be read, which its check says."""
        months, settings = months_of(context), state.settings
        rows, facts = pl.DataFrame(schema=polars_schema(AGREEMENT)), {}
        if settings.reference_labels:
            try:
                reference = read_reference(settings.reference_labels)
            except ReferenceFileError:
                reference = None
            if reference:
                window = months_between(add_months(months[0], 1 - settings.window_months), months[-1])
                sessions, labels = (state.warehouse.read(table, window) for table in AGREEMENT_SOURCES)
                known = reference.ratings["session_id"].unique()
                sessions = sessions.filter("is_eligible", pl.col("session_id").is_in(known.implode()))
                rated = backend_ratings(sessions, labels)
                rows = agreement_rows(reference, rated, sessions, months, settings.window_months, state.min_users())
                facts = {"reference sessions": known.len(), "of these in the sample": sessions.height}
        describe_months(context, AGREEMENT, rows)
        yield from store(state, AGREEMENT, rows, months, facts)

    return agreement

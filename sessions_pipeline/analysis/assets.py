"""Assets of the regressions: partition M is the vintage of M, estimated on the window that ends in M and on M alone."""

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import polars as pl
from dagster import AssetDep, AssetExecutionContext, AssetsDefinition, BackfillPolicy, asset

from sessions_pipeline.analysis.adjusted import adjusted_rates
from sessions_pipeline.analysis.agreement import agreement_rows
from sessions_pipeline.analysis.corrected_rows import corrected_estimates
from sessions_pipeline.analysis.gold import DRAWS, GOLD
from sessions_pipeline.analysis.label_errors import label_errors
from sessions_pipeline.analysis.models import estimate
from sessions_pipeline.analysis.reliability import GOLD as READ_BY_PEOPLE
from sessions_pipeline.analysis.reliability import JUDGED, reliability_rows, two_answers, two_passes
from sessions_pipeline.analysis.sign_sensitivity import sign_sensitivity
from sessions_pipeline.checks import check_specs, look_at, store
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
RETESTS = "labels.retests"
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
    """The assets of the estimators, of the agreement with reference labels, of gold labels and what they correct."""
    estimated = [_analysis_asset(table, estimator, window_months) for table, estimator in ESTIMATORS.items()]
    corrections = [_window_asset(table, recipe, window_months) for table, recipe in OF_WINDOWS.items()]
    return [*estimated, _agreement_asset(window_months), *map(_stored_asset, STORED), *corrections]


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


# Tables that commands write (`gold draw`, `gold load`) -> where their rows come from.
STORED = {DRAWS: SESSIONS, GOLD: DRAWS}


def _stored_asset(table: str) -> AssetsDefinition:
    @asset(
        key=asset_key(table),
        group_name=table.split(".")[0],
        description=f"{grain(table)} Written by `sessions-pipeline gold`; here its rows are counted and checked.",
        deps=[asset_key(STORED[table])],
        kinds={"python", "duckdb"},
        metadata=definition_metadata(table),
        check_specs=check_specs(table),
        partitions_def=monthly_partitions,
        backfill_policy=BackfillPolicy.single_run(),
    )
    def stored(context: AssetExecutionContext, state: State) -> Iterator[object]:
        """Never writes: a command may be storing labels meanwhile."""
        yield from look_at(state, table, months_of(context))

    return stored


@dataclass(frozen=True)
class Recipe:
    """How a table is made of one window.

    sources: tables beside the sessions; read: what of them is read, once a run. rows: of the window's sessions, what
    was read, the window's last month, and `min_users`.
    """

    sources: tuple[str, ...]
    read: Callable[[State], Sequence[pl.DataFrame]]
    rows: Callable[[pl.DataFrame, Sequence[pl.DataFrame], dt.date, int], pl.DataFrame]


def _of_gold(estimator: Callable[[pl.DataFrame, pl.DataFrame, pl.DataFrame, dt.date, int], pl.DataFrame]) -> Recipe:
    """One that takes draws and gold labels of all months."""
    return Recipe(
        (DRAWS, GOLD),
        lambda state: [state.warehouse.read(DRAWS), state.warehouse.read(GOLD)],
        lambda sessions, read, month, min_users: estimator(sessions, read[0], read[1], month, min_users),
    )


def _readings(state: State) -> Sequence[pl.DataFrame]:
    """What was read twice; first answers, which are many, of months with second ones alone."""
    retests = state.warehouse.read(RETESTS)
    months = retests["month"].unique().to_list()
    firsts = [state.warehouse.read(table, months) for table in AGREEMENT_SOURCES]
    return [state.warehouse.read(GOLD), *firsts, retests]


OF_WINDOWS: dict[str, Recipe] = {
    "analysis.corrected_estimates": _of_gold(corrected_estimates),
    "analysis.label_errors": _of_gold(label_errors),
    "analysis.sign_sensitivity": Recipe(
        (), lambda _: [], lambda sessions, _, month, min_users: sign_sensitivity(sessions, month, min_users)
    ),
    "analysis.reliability": Recipe(
        (GOLD, *AGREEMENT_SOURCES, RETESTS),
        _readings,
        lambda sessions, read, month, min_users: reliability_rows(
            sessions, {JUDGED: two_answers(*read[1:]), READ_BY_PEOPLE: two_passes(read[0])}, month, min_users
        ),
    ),
}


def _window_asset(table: str, recipe: Recipe, window_months: int) -> AssetsDefinition:
    mapping = window_mapping(window_months)

    @asset(
        key=asset_key(table),
        group_name="analysis",
        description=grain(table),
        deps=[AssetDep(asset_key(source), partition_mapping=mapping) for source in (SESSIONS, *recipe.sources)],
        kinds={"python", "duckdb"},
        metadata=definition_metadata(table),
        check_specs=check_specs(table),
        partitions_def=monthly_partitions,
        backfill_policy=BackfillPolicy.single_run(),
    )
    def of_windows(context: AssetExecutionContext, state: State) -> Iterator[object]:
        months, window = months_of(context), state.settings.window_months
        sessions = state.warehouse.read(SESSIONS, months_between(add_months(months[0], 1 - window), months[-1]))
        read = recipe.read(state)
        tell, frames = reporter(f"estimating {table.split('.')[1].replace('_', ' ')}", "vintages"), []
        for done, month in enumerate(months, start=1):
            of_window = sessions.filter(pl.col("month").is_in(window_ending(month, window)))
            frames.append(recipe.rows(of_window, read, month, state.min_users()))
            tell(done, len(months))
        yield from store(state, table, pl.concat(frames), months)

    return of_windows

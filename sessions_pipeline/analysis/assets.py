"""Assets of the regressions: partition M is the vintage of M, estimated on the window that ends in M and on M alone."""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import polars as pl
from dagster import AssetDep, AssetExecutionContext, AssetsDefinition, BackfillPolicy, asset

from sessions_pipeline.analysis.adjusted import adjusted_rates
from sessions_pipeline.analysis.agreement import agreement_rows
from sessions_pipeline.analysis.corrected_rows import corrected_estimates
from sessions_pipeline.analysis.curve import choices, curve
from sessions_pipeline.analysis.gold import DRAWS, GOLD
from sessions_pipeline.analysis.label_errors import label_errors
from sessions_pipeline.analysis.models import estimate
from sessions_pipeline.analysis.monthly_changes import monthly_changes
from sessions_pipeline.analysis.reliability import GOLD as READ_BY_PEOPLE
from sessions_pipeline.analysis.reliability import JUDGED, reliability_rows, two_answers, two_passes
from sessions_pipeline.analysis.replication import comparison
from sessions_pipeline.analysis.sign_sensitivity import sign_sensitivity
from sessions_pipeline.analysis.suppression import rates_as_released
from sessions_pipeline.analysis.task_value import task_value_change
from sessions_pipeline.checks import check_specs, look_at, store
from sessions_pipeline.classifications.reference import ReferenceFileError, backend_ratings, read_reference
from sessions_pipeline.config import Settings
from sessions_pipeline.metadata import asset_key, definition_metadata
from sessions_pipeline.months import add_months, months_between, window_ending
from sessions_pipeline.partitions import monthly_partitions, months_of
from sessions_pipeline.progress import reporter
from sessions_pipeline.schemas import grain, polars_schema
from sessions_pipeline.sql_assets import read_by_vintage
from sessions_pipeline.state import State

SESSIONS = "core.classified_sessions"
RELEASED = "staging.released"
AGREEMENT = "analysis.agreement"
AGREEMENT_SOURCES = ("core.sessions", "labels.classifications")
RETESTS = "labels.retests"
Estimator = Callable[[pl.DataFrame, dt.date, str, int], pl.DataFrame]


@dataclass(frozen=True)
class WindowTable:
    """A table that is made once for each vintage.

    sources: tables that are read over the window; whole: over all months. make: from both, by name -> its rows.
    """

    table: str
    sources: tuple[str, ...]
    make: Callable[[Mapping[str, pl.DataFrame], dt.date, Settings, int], pl.DataFrame]
    whole: tuple[str, ...] = ()


def _of_both_periods(estimator: Estimator, sessions: pl.DataFrame, month: dt.date, min_users: int) -> pl.DataFrame:
    """Rows of `estimator` for `month` alone and for the window that ends in it, which `sessions` are of."""
    alone = sessions.filter(pl.col("month") == month)
    return pl.concat([estimator(alone, month, "month", min_users), estimator(sessions, month, "window", min_users)])


def _rates(tables: Mapping[str, pl.DataFrame], month: dt.date, settings: Settings, min_users: int) -> pl.DataFrame:
    """Without what the marts withhold of the same cells."""
    rates = _of_both_periods(adjusted_rates, tables[SESSIONS], month, min_users)
    return rates_as_released(rates, tables[RELEASED])


def _comparison(tables: Mapping[str, pl.DataFrame], month: dt.date, settings: Settings, min_users: int) -> pl.DataFrame:
    return comparison(
        tables[SESSIONS],
        tables["analysis.coefficients"],
        tables["analysis.adjusted_rates"],
        tables[RELEASED],
        month,
        min_users,
    )


def _curve(tables: Mapping[str, pl.DataFrame], month: dt.date, settings: Settings, min_users: int) -> pl.DataFrame:
    classified, sessions, labels = (tables[table] for table in CURVE_SOURCES)
    found = choices(classified, sessions, labels, settings.backend, settings.rule_set)
    return curve(found, month, window_ending(month, settings.window_months), min_users)


def _reliability(
    tables: Mapping[str, pl.DataFrame], month: dt.date, settings: Settings, min_users: int
) -> pl.DataFrame:
    judged = two_answers(*(tables[table] for table in (*AGREEMENT_SOURCES, RETESTS)))
    return reliability_rows(
        tables[SESSIONS], {JUDGED: judged, READ_BY_PEOPLE: two_passes(tables[GOLD])}, month, min_users
    )


CURVE_SOURCES = (SESSIONS, *AGREEMENT_SOURCES)
WINDOW_TABLES = (
    WindowTable(
        "analysis.coefficients",
        (SESSIONS,),
        lambda tables, month, settings, min_users: _of_both_periods(estimate, tables[SESSIONS], month, min_users),
    ),
    WindowTable("analysis.adjusted_rates", (SESSIONS, RELEASED), _rates),
    WindowTable(
        "analysis.published_comparison",
        (SESSIONS, "analysis.coefficients", "analysis.adjusted_rates", RELEASED),
        _comparison,
    ),
    WindowTable(
        "analysis.task_value_change",
        (SESSIONS, RELEASED),
        lambda tables, month, settings, min_users: task_value_change(
            tables[SESSIONS], tables[RELEASED], month, min_users
        ),
    ),
    WindowTable(
        "analysis.monthly_changes",
        (SESSIONS, RELEASED),
        lambda tables, month, settings, min_users: monthly_changes(
            tables[SESSIONS], tables[RELEASED], month, min_users
        ),
    ),
    WindowTable("analysis.specification_curve", CURVE_SOURCES, _curve),
    WindowTable(
        "analysis.corrected_estimates",
        (SESSIONS, RELEASED),
        lambda tables, month, settings, min_users: corrected_estimates(
            tables[SESSIONS], tables[DRAWS], tables[GOLD], tables[RELEASED], month, min_users
        ),
        whole=(DRAWS, GOLD),
    ),
    WindowTable(
        "analysis.label_errors",
        (SESSIONS,),
        lambda tables, month, settings, min_users: label_errors(
            tables[SESSIONS], tables[DRAWS], tables[GOLD], month, min_users
        ),
        whole=(DRAWS, GOLD),
    ),
    WindowTable(
        "analysis.sign_sensitivity",
        (SESSIONS,),
        lambda tables, month, settings, min_users: sign_sensitivity(tables[SESSIONS], month, min_users),
    ),
    WindowTable("analysis.reliability", (SESSIONS, *AGREEMENT_SOURCES, RETESTS), _reliability, whole=(GOLD,)),
)


def _rows(table: str, frames: list[pl.DataFrame]) -> pl.DataFrame:
    return pl.concat(frames) if frames else pl.DataFrame(schema=polars_schema(table))


def analysis_assets(window_months: int) -> list[AssetsDefinition]:
    """The assets of models and of all that stands beside them, of reference labels, and of gold labels."""
    of_windows = [_window_asset(of, window_months) for of in WINDOW_TABLES]
    return [_agreement_asset(window_months), *map(_stored_asset, STORED), *of_windows]


def _asset(
    table: str, deps: Sequence[AssetDep], said: str | None = None
) -> Callable[[Callable[..., Iterator[object]]], AssetsDefinition]:
    """How every asset here is declared. said: its description, where that is more than the table's grain."""
    return asset(
        key=asset_key(table),
        group_name=table.split(".")[0],
        description=said or grain(table),
        deps=deps,
        kinds={"python", "duckdb"},
        metadata=definition_metadata(table),
        check_specs=check_specs(table),
        partitions_def=monthly_partitions,
        backfill_policy=BackfillPolicy.single_run(),
    )


def _agreement_asset(window_months: int) -> AssetsDefinition:
    # Of the sample it reads nothing; it is made in one run with what does.
    @_asset(AGREEMENT, [read_by_vintage(table, window_months) for table in (*AGREEMENT_SOURCES, SESSIONS)])
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
                rows = agreement_rows(
                    reference, rated, sessions, state.vintages(months), settings.window_months, state.min_users()
                )
                facts = {"reference sessions": known.len(), "of these in the sample": sessions.height}
        yield from store(state, AGREEMENT, rows, months, facts)

    return agreement


# Tables that commands write (`gold draw`, `gold load`) -> where their rows come from.
STORED = {DRAWS: SESSIONS, GOLD: DRAWS}


def _stored_asset(table: str) -> AssetsDefinition:
    @_asset(
        table,
        [AssetDep(asset_key(STORED[table]))],
        f"{grain(table)} Written by `sessions-pipeline gold`; here its rows are counted and checked.",
    )
    def stored(context: AssetExecutionContext, state: State) -> Iterator[object]:
        """Never writes: a command may be storing labels meanwhile."""
        yield from look_at(state, table, months_of(context))

    return stored


def _window_asset(of: WindowTable, window_months: int) -> AssetsDefinition:
    @_asset(of.table, [read_by_vintage(table, window_months) for table in (*of.sources, *of.whole)])
    def made(context: AssetExecutionContext, state: State) -> Iterator[object]:
        months, settings, min_users = months_of(context), state.settings, state.min_users()
        everything = months_between(add_months(months[0], 1 - settings.window_months), months[-1])
        tables = {table: state.warehouse.read(table, everything) for table in of.sources}
        whole = {table: state.warehouse.read(table) for table in of.whole}
        tell, frames = reporter(of.table.split(".")[1].replace("_", " "), "vintages"), []
        todo = state.vintages(months)
        for done, month in enumerate(todo, start=1):
            window = window_ending(month, settings.window_months)
            inside = {table: frame.filter(pl.col("month").is_in(window)) for table, frame in tables.items()}
            frames.append(of.make(inside | whole, month, settings, min_users))
            tell(done, len(todo))
        yield from store(state, of.table, _rows(of.table, frames), months)

    return made

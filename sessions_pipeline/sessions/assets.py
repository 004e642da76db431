"""Assets of the groups raw and core that come from log files."""

import datetime as dt
from collections.abc import Callable, Iterator, Sequence

import polars as pl
from dagster import AssetExecutionContext, AssetSpec, BackfillPolicy, asset, multi_asset

from sessions_pipeline.checks import check_specs, store
from sessions_pipeline.metadata import asset_key, definition_metadata
from sessions_pipeline.partitions import monthly_partitions, months_of
from sessions_pipeline.progress import reporter
from sessions_pipeline.schemas import TABLES, grain
from sessions_pipeline.sessions.add_up import Way
from sessions_pipeline.sessions.attrition import attrition
from sessions_pipeline.sessions.build import Built, build_sessions, ledger, rejected_lines, session_files
from sessions_pipeline.sessions.ingest import ingest
from sessions_pipeline.state import State

RAW_TABLES = ("raw.session_files", "raw.rejected_lines")
SESSION_TABLES = ("core.sessions", "core.model_use")


@multi_asset(
    specs=[
        AssetSpec(
            asset_key(table),
            group_name="raw",
            description=grain(table),
            kinds={"polars", "duckdb"},
            metadata=definition_metadata(table),
        )
        for table in RAW_TABLES
    ],
    check_specs=[spec for table in RAW_TABLES for spec in check_specs(table)],
    partitions_def=monthly_partitions,
    backfill_policy=BackfillPolicy.single_run(),
)
def raw_tables(context: AssetExecutionContext, state: State) -> Iterator[object]:
    """Reads the log files that are new or changed into the archive, and lists what was found."""
    found, months = ingest(state.archive, state.settings), months_of(context)
    context.log.info("log files: %d found, %d new or changed", found.found, found.read)
    for place, reason in found.problems:
        context.log.warning("cannot read %s: %s", place.rsplit("/", 1)[-1], reason)
    if found.unmapped:
        context.log.warning("log files that belong to no user: %d", len(found.unmapped))
    book = found.book
    pending = sum(header.pending for header in book.headers)
    if pending:
        context.log.info("%d log files end in a line that is still being written; the next run reads it", pending)
    files, window = _with_moved(state, "raw.session_files", months, lambda todo: session_files(book, todo))
    rejected = rejected_lines(book, window)
    yield from store(state, "raw.session_files", files, window, {"last lines still being written": pending})
    yield from store(state, "raw.rejected_lines", rejected, window)


@multi_asset(
    specs=[
        AssetSpec(
            asset_key(table),
            group_name="core",
            description=grain(table),
            deps=[asset_key("raw.session_files")],
            kinds={"polars", "duckdb"},
            metadata=definition_metadata(table),
        )
        for table in SESSION_TABLES
    ],
    check_specs=[spec for table in SESSION_TABLES for spec in check_specs(table)],
    partitions_def=monthly_partitions,
    backfill_policy=BackfillPolicy.single_run(),
)
def sessions(context: AssetExecutionContext, state: State) -> Iterator[object]:
    """Adds up the sessions that start in the months asked for, and keeps their transcripts apart."""
    settings, archive, book = state.settings, state.archive, ledger(state.archive)
    model_use: list[pl.DataFrame] = []

    def build(months: Sequence[dt.date]) -> pl.DataFrame:
        built = build_sessions(
            archive,
            book,
            months,
            known=Built(*(state.warehouse.read(table, months) for table in ("core.sessions", "core.model_use"))),
            transcripts=state.transcripts,
            way=Way(settings.rule_set, settings.turn_chars, settings.transcript_chars),
            progress=reporter("adding up", "sessions"),
        )
        model_use.append(built.model_use)
        return built.sessions

    frame, window = _with_moved(state, "core.sessions", months_of(context), build)
    # In this order: a run that ends between the two adds these sessions up again.
    yield from store(state, "core.model_use", pl.concat(model_use), window)
    yield from store(state, "core.sessions", frame, window)


def _with_moved(
    state: State, table: str, months: Sequence[dt.date], build: Callable[[Sequence[dt.date]], pl.DataFrame]
) -> tuple[pl.DataFrame, list[dt.date]]:
    """Rows of `months`, and of the months from which a session or file has moved here: all must be written together.

    A log that turns up late can show that a session started in an earlier month than was known.
    """
    key = next(name for name, column in TABLES[table].columns().items() if column.unique)
    frames: list[pl.DataFrame] = []
    todo, window = list(months), set(months)
    known = state.warehouse.read(table).select(key, "month")
    while todo:
        frames.append(build(todo))
        moved = known.join(frames[-1], on=key, how="semi").filter(~pl.col("month").is_in(window))
        todo = sorted(set(moved["month"]))
        window.update(todo)
    return pl.concat(frames), sorted(window)


@asset(
    key=asset_key("core.attrition"),
    group_name="core",
    description=grain("core.attrition"),
    deps=[asset_key(name) for name in ("raw.session_files", "core.sessions", "core.classified_sessions")],
    kinds={"polars", "duckdb"},
    metadata=definition_metadata("core.attrition"),
    check_specs=check_specs("core.attrition"),
    partitions_def=monthly_partitions,
    backfill_policy=BackfillPolicy.single_run(),
)
def attrition_table(context: AssetExecutionContext, state: State) -> Iterator[object]:
    """Counts what each rule removed."""
    warehouse, months = state.warehouse, months_of(context)
    files, found = warehouse.read("raw.session_files", months), warehouse.read("core.sessions", months)
    classified = warehouse.read("core.classified_sessions", months)
    rows = attrition(files, found, classified, months, state.settings.rule_set)
    yield from store(state, "core.attrition", rows, months)

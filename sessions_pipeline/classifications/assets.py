"""The asset of the labels."""

import datetime as dt
from collections.abc import Iterator

import polars as pl
from dagster import AssetExecutionContext, BackfillPolicy, asset

from sessions_pipeline.checks import check_specs, store
from sessions_pipeline.classifications.labelling import label_month, make_backend
from sessions_pipeline.metadata import asset_key, definition_metadata
from sessions_pipeline.partitions import monthly_partitions, months_of
from sessions_pipeline.progress import reporter
from sessions_pipeline.schemas import grain
from sessions_pipeline.state import State

TABLE = "labels.classifications"


@asset(
    key=asset_key(TABLE),
    group_name="labels",
    description=grain(TABLE),
    deps=[asset_key("core.sessions")],
    kinds={"python", "duckdb"},
    metadata=definition_metadata(TABLE),
    check_specs=check_specs(TABLE),
    partitions_def=monthly_partitions,
    # One month per run: a month that fails costs a month.
    backfill_policy=BackfillPolicy.multi_run(max_partitions_per_run=1),
)
def classifications(context: AssetExecutionContext, state: State) -> Iterator[object]:
    """Asks the backend in force what is not known yet."""
    backend, warehouse, months = make_backend(state.settings.backend), state.warehouse, months_of(context)
    now = dt.datetime.now(dt.UTC).replace(tzinfo=None)
    frames = [
        label_month(
            month,
            warehouse.read("core.sessions", [month]),
            state.transcripts.read(month),
            warehouse.read(TABLE, [month]),
            backend,
            now,
            reporter(f"labelling {month:%Y-%m}", "labels"),
        )
        for month in months
    ]
    rows = pl.concat(frames)
    new = rows.filter(pl.col("classified_at") == now)
    paid = {
        "backend": backend.name,
        "labels asked now": new.height,
        "without a label": rows.filter(pl.col("status") != "ok").height,
        "cost_usd": float(new["cost_usd"].sum()),
        "input_tokens": int(new["input_tokens"].sum()),
        "output_tokens": int(new["output_tokens"].sum()),
    }
    yield from store(state, TABLE, rows, months, paid)

"""The asset of the labels."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import polars as pl
from dagster import AssetExecutionContext, BackfillPolicy, Failure, asset

from sessions_pipeline.checks import check_specs, store
from sessions_pipeline.classifications.labelling import label_month, make_backend
from sessions_pipeline.metadata import asset_key, definition_metadata
from sessions_pipeline.operate import BUDGET_TAG
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
    """Asks the backend in force what is not known yet. What was answered is kept, whatever stops the rest."""
    warehouse, months, settings = state.warehouse, months_of(context), state.settings
    started = context.run.tags.get(BUDGET_TAG)
    backend = make_backend(settings, state.folders.private, float(started) if started else None)
    now = dt.datetime.now(dt.UTC).replace(tzinfo=None)
    labelled = [
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
    rows = pl.concat([month.rows for month in labelled])
    new = rows.filter(pl.col("classified_at") == now)
    yield from store(state, TABLE, rows, months, {"backend": backend.name, **_paid(rows, new)})
    if stopped := {month.stopped for month in labelled if month.stopped}:
        raise Failure("; ".join(sorted(stopped)))


def _paid(rows: pl.DataFrame, new: pl.DataFrame) -> dict[str, Any]:
    """What the new labels cost, and why some of all are missing."""
    without = rows.filter(pl.col("status") != "ok")
    reasons = without.group_by("status", "reason").len().sort("status", "reason", nulls_last=True)
    told = ", ".join(f"{status} ({reason}): {n}" for status, reason, n in reasons.iter_rows())
    sums = {name: int(new[name].sum()) for name in new.columns if name.endswith("_tokens")}
    return {
        "labels asked now": new.height,
        "without a label": without.height,
        "why without": told or "none is",
        "cost_usd": float(new["cost_usd"].sum()),
        "cost_usd of all rows": float(rows["cost_usd"].sum()),
        **sums,
    }

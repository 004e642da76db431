"""The asset of the labels."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import polars as pl
from dagster import AssetExecutionContext, BackfillPolicy, asset

from sessions_pipeline.checks import check_specs, store
from sessions_pipeline.classifications.backend import Backend
from sessions_pipeline.classifications.distilled import DistilledBackend, TrainingSet, judged_sessions, training_set
from sessions_pipeline.classifications.labelling import label_month, make_backend
from sessions_pipeline.metadata import asset_key, definition_metadata
from sessions_pipeline.partitions import monthly_partitions, months_of
from sessions_pipeline.progress import reporter
from sessions_pipeline.schemas import grain
from sessions_pipeline.sessions.transcripts import SCHEMA
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
    backend, warehouse, months = _backend(state), state.warehouse, months_of(context)
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
    paid: dict[str, Any] = {
        "backend": backend.name,
        "labels asked now": new.height,
        "without a label": rows.filter(pl.col("status") != "ok").height,
        "cost_usd": float(new["cost_usd"].sum()),
        "input_tokens": int(new["input_tokens"].sum()),
        "output_tokens": int(new["output_tokens"].sum()),
    }
    if isinstance(backend, DistilledBackend):
        paid["training sessions"] = len(backend.training.sessions)
        if new.height:
            paid["agreement with the judge, held out"] = backend.agreement()
    yield from store(state, TABLE, rows, months, paid)


def _backend(state: State) -> Backend:
    """The backend in force; the distilled one learns from the judge's labels of all months."""
    name = state.settings.backend
    if name != DistilledBackend.name:
        return make_backend(name)
    return DistilledBackend(training_of(state))


def training_of(state: State) -> TrainingSet:
    """What the distilled backend can learn from in this state folder."""
    sessions = state.warehouse.read("core.sessions")
    judged = judged_sessions(sessions, state.warehouse.read(TABLE))
    texts = [
        state.transcripts.of_sessions(month, set(of_month["session_id"]))
        for (month,), of_month in judged.group_by("month")
        if isinstance(month, dt.date)
    ]
    return training_set(sessions, judged, pl.concat(texts) if texts else pl.DataFrame(schema=SCHEMA))

"""The assets of the labels."""

import datetime as dt
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import polars as pl
from dagster import AssetExecutionContext, AssetKey, BackfillPolicy, MaterializeResult, asset

from sessions_pipeline.checks import check_specs, store
from sessions_pipeline.classifications.backend import Backend
from sessions_pipeline.classifications.distilled import DistilledBackend, TrainingSet, judged_sessions, training_set
from sessions_pipeline.classifications.labelling import label_month, retested
from sessions_pipeline.metadata import asset_key, definition_metadata, table_of
from sessions_pipeline.partitions import monthly_partitions, months_of
from sessions_pipeline.progress import reporter
from sessions_pipeline.runs import lasting_failure
from sessions_pipeline.schemas import grain
from sessions_pipeline.sessions.transcripts import SCHEMA
from sessions_pipeline.state import State

if TYPE_CHECKING:
    from sessions_pipeline.classifications.claude import ClaudeBackend

TABLE, RETESTS = "labels.classifications", "labels.retests"
# When the command began that launched a run, seconds since 1970: all its runs share one limit on costs.
BUDGET_TAG = "sessions_pipeline/budget_since"
POOL = "model_api"
LABELS_OVERVIEW = AssetKey(["labels", "overview"])
# Of every backend that has answered; labels of earlier prompts were paid for as well.
OVERVIEW = f"""
    select
        month,
        backend,
        count(*) as labels,
        count(*) filter (status <> 'ok') as missing,
        coalesce(sum(input_tokens + cache_read_tokens + cache_write_tokens), 0)::bigint as input_tokens,
        coalesce(sum(output_tokens), 0)::bigint as output_tokens,
        coalesce(sum(cost_usd), 0)::double as cost_usd
    from (from {TABLE} union all by name from {RETESTS})
    group by all
    order by all
"""


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
    # A place in it is held while a month is labelled; `runs.end_dead_runs` frees that of a run that was killed.
    pool=POOL,
)
def classifications(context: AssetExecutionContext, state: State) -> Iterator[object]:
    """Asks the backend in force what is not known yet. What was answered is kept, whatever stops the rest."""
    warehouse, months = state.warehouse, months_of(context)
    started = context.run.tags.get(BUDGET_TAG)
    backend = backend_in_force(state, float(started) if started else None)
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
    yield from store(
        state, TABLE, rows, months, {"backend": backend.name, **_paid(rows, new), **_learned(backend, new)}
    )
    # Not by itself: the next run has a limit on costs of its own, and the client has tried the API again already.
    if stopped := {month.stopped for month in labelled if month.stopped}:
        raise lasting_failure("; ".join(sorted(stopped)))


@asset(
    key=asset_key(RETESTS),
    group_name="labels",
    description=grain(RETESTS),
    deps=[asset_key(TABLE)],
    kinds={"python", "duckdb"},
    metadata=definition_metadata(RETESTS),
    check_specs=check_specs(RETESTS),
    partitions_def=monthly_partitions,
    backfill_policy=BackfillPolicy.multi_run(max_partitions_per_run=1),
)
def retests(context: AssetExecutionContext, state: State) -> Iterator[object]:
    """Asks the judge a second time about `retest_share` of the sessions; nothing without a share, or of other backends.

    What was paid for stays, also when the share is smaller later.
    """
    warehouse, months, settings = state.warehouse, months_of(context), state.settings
    rows = warehouse.read(RETESTS, months)
    stopped: set[str] = set()
    if settings.backend == "claude" and settings.retest_share > 0:
        started = context.run.tags.get(BUDGET_TAG)
        backend = judge_again(state, float(started) if started else None)
        now = dt.datetime.now(dt.UTC).replace(tzinfo=None)
        labelled = [
            label_month(
                month,
                retested(warehouse.read("core.sessions", [month]), settings.retest_share),
                state.transcripts.read(month),
                rows.filter(pl.col("month") == month),
                backend,
                now,
                reporter(f"labelling {month:%Y-%m} again", "labels"),
            )
            for month in months
        ]
        rows = pl.concat([month.rows for month in labelled])
        stopped = {month.stopped for month in labelled if month.stopped}
    yield from store(state, RETESTS, rows, months, {"cost_usd of all rows": float(rows["cost_usd"].sum())})
    if stopped:
        raise lasting_failure("; ".join(sorted(stopped)))


@asset(
    key=LABELS_OVERVIEW,
    group_name="labels",
    description="One table for all months: labels, those that are missing, tokens and cost, by month and backend.",
    deps=[asset_key(TABLE), asset_key(RETESTS)],
    kinds={"python", "duckdb"},
)
def labels_overview(state: State) -> MaterializeResult:
    """Writes nothing. A backfill makes it once the labels of all its months are there, and then all that reads them."""
    by_month = state.warehouse.query(OVERVIEW)
    total = by_month.select(pl.sum("labels", "missing", "cost_usd")).row(0, named=True)
    share = total["missing"] / total["labels"] if total["labels"] else 0.0
    facts = {"labels": total["labels"], "share without a label": share, "cost_usd": total["cost_usd"]}
    return MaterializeResult(metadata={**facts, "by month": table_of(by_month)})


def judge_again(state: State, spent_since: float | None = None) -> "ClaudeBackend":
    """The claude backend, as it asks a second time. spent_since: as for `backend_in_force`."""
    from sessions_pipeline.classifications.claude import ClaudeBackend

    return ClaudeBackend(state.settings, state.folders.private, spent_since, reading=2)


def _paid(rows: pl.DataFrame, new: pl.DataFrame) -> dict[str, Any]:
    """What the new labels cost, and why some of all are missing."""
    without = rows.filter(pl.col("status") != "ok")
    reasons = without.group_by("status", "reason").len().sort("status", "reason", nulls_last=True)
    told = ", ".join(f"{status} ({reason}): {n}" for status, reason, n in reasons.iter_rows())
    sums = {name: int(new[name].sum()) for name in new.columns if name.endswith("_tokens")}
    return {
        "labels asked now": new.height,
        "without a label": without.height,
        "share without a label": without.height / rows.height if rows.height else 0.0,
        "why without": told or "none is",
        "cost_usd": float(new["cost_usd"].sum()),
        "cost_usd of all rows": float(rows["cost_usd"].sum()),
        **sums,
    }


def _learned(backend: Backend, new: pl.DataFrame) -> dict[str, Any]:
    """What the distilled backend learned from, and how well if it was asked; nothing of another."""
    if not isinstance(backend, DistilledBackend):
        return {}
    learned: dict[str, Any] = {"training sessions": len(backend.training.sessions)}
    if new.height:
        learned["agreement with the judge, held out"] = backend.agreement()
    return learned


def backend_in_force(state: State, spent_since: float | None = None) -> Backend:
    """The backend that the settings name; the distilled one learns from the judge's labels of all months.

    spent_since: from when on costs count against the limit of the run, seconds since 1970; default: from now on.
    """
    if state.settings.backend == "claude":
        from sessions_pipeline.classifications.claude import ClaudeBackend

        return ClaudeBackend(state.settings, state.folders.private, spent_since)
    if state.settings.backend == "distilled":
        return DistilledBackend(training_of(state))
    from sessions_pipeline.classifications.rules import RulesBackend

    return RulesBackend()


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

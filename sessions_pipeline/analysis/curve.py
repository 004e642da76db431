"""The specification curve: what the return to expertise would have been, had somebody else made the choices.

Choices: whose labels, which rule set, the month alone or the whole window, which sessions, which controls. Each is
made in turn with the models of `specifications.CURVE`. Labels of another backend or rules of another set are joined as
the pipeline joins them, by the same SQL, in a database of its own in memory; nothing of it is stored.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import polars as pl

from sessions_pipeline.analysis.models import ESTIMATE_AND_BASIS, Row, coefficients
from sessions_pipeline.analysis.samples import prepare
from sessions_pipeline.analysis.specifications import CURVE, PREFERRED
from sessions_pipeline.schemas import polars_schema
from sessions_pipeline.sessions.eligibility import RULE_SETS, exclusion
from sessions_pipeline.sql import FOLDER, SqlModel, read_model

# What the rules of every set look at (see eligibility.py), as far as they look.
_LOOKED_AT = {
    "entrypoint": pl.col("entrypoint"),
    "human_prompts": pl.col("human_prompts").clip(0, 1),
    "model_calls": pl.col("model_calls").clip(0, 1),
    "user_key": pl.when(pl.col("user_key") == "").then(pl.lit("")).otherwise(pl.lit("somebody")),
}


@dataclass(frozen=True)
class Choice:
    """Classified sessions under one choice of labels and rules."""

    backend: str | None
    rule_set: str
    sessions: pl.DataFrame


def eligible(sessions: pl.DataFrame, rule_set: str) -> pl.Series:
    """Which rows of `core.sessions` are in the sample under `rule_set`."""
    looked_at = sessions.select(value.alias(name) for name, value in _LOOKED_AT.items())
    kinds = looked_at.unique()
    verdicts = kinds.with_columns(
        is_in=pl.Series([exclusion(row, rule_set) is None for row in kinds.to_dicts()], dtype=pl.Boolean)
    )
    return looked_at.join(verdicts, on=list(_LOOKED_AT), how="left", nulls_equal=True, maintain_order="left")["is_in"]


def relabelled(sessions: pl.DataFrame, labels: pl.DataFrame, backend: str, rule_set: str) -> pl.DataFrame:
    """Rows of core.classified_sessions had `backend` and `rule_set` been in force.

    sessions, labels: `core.sessions` and `labels.classifications` of the same months.
    """
    import duckdb

    months = sessions["month"]
    window = {"first_month": months.min(), "last_month": months.max(), "backend": backend}
    tables = {
        "core.sessions": sessions.with_columns(is_eligible=eligible(sessions, rule_set)),
        "labels.classifications": labels,
    }
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'; CREATE SCHEMA core; CREATE SCHEMA labels; CREATE SCHEMA staging")
        for table, frame in tables.items():
            connection.register("incoming", frame)
            connection.execute(f"CREATE TABLE {table} AS SELECT * FROM incoming")
        for model in _joining():
            found = connection.sql(model.sql, params={name: window[name] for name in model.parameters}).pl()
            connection.register("incoming", found)
            connection.execute(f"CREATE TABLE {model.table} AS SELECT * FROM incoming")
    return found.select(pl.col(name).cast(kind) for name, kind in polars_schema("core.classified_sessions").items())


@cache
def _joining() -> tuple[SqlModel, ...]:
    """The models that join labels to sessions, in order. Kept: to parse them takes longer than to run them."""
    return tuple(read_model(FOLDER / f"{path}.sql") for path in ("staging/current_labels", "core/classified_sessions"))


def choices(
    classified: pl.DataFrame, sessions: pl.DataFrame, labels: pl.DataFrame, backend: str, rule_set: str
) -> list[Choice]:
    """Every choice of labels and rules that the tables can answer; that in force is `classified` as it is.

    Without stored labels (a simulated study has none) there is no other choice.
    """
    backends = sorted({backend, *labels.filter(pl.col("status") == "ok")["backend"].unique()})
    found = [Choice(backend, rule_set, classified)]
    if labels.height:
        found += [
            Choice(other, rules, relabelled(sessions, labels, other, rules))
            for other in backends
            for rules in RULE_SETS
            if (other, rules) != (backend, rule_set)
        ]
    return found


def curve(found: list[Choice], month: dt.date, window: list[dt.date], min_users: int) -> pl.DataFrame:
    """Rows of analysis.specification_curve of vintage `month`. found: as `choices` gives them, that in force first."""
    rows = [
        {"month": month, "period": period, "backend": choice.backend, "rule_set": choice.rule_set, **row}
        for number, choice in enumerate(found)
        for period, months in (("month", [month]), ("window", window))
        for row in _rows(choice.sessions.filter(pl.col("month").is_in(months)), period, number == 0, min_users)
    ]
    return pl.DataFrame(rows, schema=polars_schema("analysis.specification_curve"))


_KEPT = (*ESTIMATE_AND_BASIS, "n_cells", "n_parameters", "n_cells_dropped", "missing_reason")


def _rows(sessions: pl.DataFrame, period: str, in_force: bool, min_users: int) -> Iterator[Row]:
    prepared = prepare(sessions, CURVE)
    unlabelled = int(sessions["labels_backend"].is_null().sum())
    for specification in CURVE:
        row = coefficients(prepared, specification, min_users)[0]
        sample = specification.sample.name
        yield {
            "sample": sample,
            "controls": specification.name,
            "in_force": in_force and (period, sample, specification.name) == ("window", "all", PREFERRED),
            "n_unlabelled": unlabelled,
            **{name: row.get(name) for name in _KEPT},
        }

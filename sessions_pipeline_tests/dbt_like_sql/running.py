"""Runs one SQL model on tables that a test writes out, as the pipeline would: typed tables in, validated rows out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from functools import cache

import duckdb
import polars as pl

from sessions_pipeline import schemas
from sessions_pipeline.sql import SqlModel, load_models

_FILLERS = {
    pl.Int64: 1,
    pl.Float64: 0.0,
    pl.String: "-",
    pl.Boolean: False,
    pl.Date: dt.date(2026, 1, 1),
    pl.Datetime: dt.datetime(2026, 1, 1),
}

models = cache(load_models)


def month(text: str) -> dt.date:
    """'2026-01' as its first day."""
    return dt.date.fromisoformat(f"{text}-01")


def table(name: str, **columns: object) -> pl.DataFrame:
    """Rows of the table `name`; columns that are not given are null, or a filler where null is not allowed."""
    rows = pl.DataFrame(columns, strict=False)
    model = schemas.TABLES[name].to_schema().columns
    return rows.select(
        (
            pl.col(column)
            if column in rows.columns
            else pl.lit(None if model[column].nullable else _FILLERS[kind.base_type()])
        )
        .cast(kind)
        .alias(column)
        for column, kind in schemas.polars_schema(name).items()
    )


def run(name: str, tables: Mapping[str, pl.DataFrame], **parameters: object) -> pl.DataFrame:
    """Rows that the model of table `name` makes of `tables`, validated; every assertion of its header is tried."""
    model = models()[name]
    with duckdb.connect(config={"threads": 2}) as connection:
        fill(connection, tables)
        rows = connection.sql(model.sql, params={key: parameters[key] for key in model.parameters}).pl()
        connection.execute(f"drop table if exists {name}")
        fill(connection, {name: schemas.validate(name, rows)})
        _try_assertions(connection, model, parameters)
    return rows


def periods(sessions: pl.DataFrame, first: str, last: str, window_months: int) -> pl.DataFrame:
    """Rows of staging.periods for those of the months `first` to `last` that have sessions."""
    given = {"first_month": month(first), "last_month": month(last), "window_months": window_months}
    return run("staging.periods", {"core.classified_sessions": sessions}, **given)


def fill(connection: duckdb.DuckDBPyConnection, tables: Mapping[str, pl.DataFrame]) -> None:
    """Makes each frame a table of the connection's database."""
    for name, rows in tables.items():
        connection.execute(f"create schema if not exists {name.split('.')[0]}")
        connection.register("rows_to_store", rows)
        connection.execute(f"create table {name} as select * from rows_to_store")


def _try_assertions(connection: duckdb.DuckDBPyConnection, model: SqlModel, parameters: Mapping[str, object]) -> None:
    for assertion in model.assertions:
        broken = connection.sql(assertion.sql, params={key: parameters[key] for key in assertion.parameters}).pl()
        assert broken.is_empty(), f"{model.table}: {assertion.text}\n{broken}"

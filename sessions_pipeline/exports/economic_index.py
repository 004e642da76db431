"""Aggregates in the long format of the Anthropic Economic Index releases.

One row per number. Columns, as in the releases of September 2025 and later: geo_id, geography, date_start, date_end,
platform_and_product, facet, level, variable, cluster_name, value. A breakdown by several labels is one facet whose
parts are joined by `::`, and so are the labels of a cell.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from sessions_pipeline.schemas import TABLES, Cell

COLUMNS = (
    "geo_id",
    "geography",
    "date_start",
    "date_end",
    "platform_and_product",
    "facet",
    "level",
    "variable",
    "cluster_name",
    "value",
)
# Logs do not say where people are.
GEO_ID, GEOGRAPHY = "GLOBAL", "global"
PLATFORM = "Coding agents (own logs)"
# The mart's name says which figure `estimate` is, e.g. work_mode_shares and work_mode_shares_ci_low.
_NAMED = {"estimate": "", "ci_low": "_ci_low", "ci_high": "_ci_high", "sessions": "_count", "users": "_users"}
_CELL = frozenset(Cell.to_schema().columns)


def long_format(tables: Mapping[str, pl.DataFrame], window_months: int) -> pl.DataFrame:
    """All numbers of the marts, columns of `COLUMNS`, sorted; suppressed cells have no rows.

    tables: `marts.*` table name -> its rows. window_months: how many months the windows span.
    """
    found = [_rows(table, frame, window_months) for table, frame in tables.items() if issubclass(TABLES[table], Cell)]
    filled = [frame for frame in found if frame.height]
    return pl.concat(filled).sort(pl.all()) if filled else pl.DataFrame(schema=dict.fromkeys(COLUMNS, pl.String))


def _rows(table: str, frame: pl.DataFrame, window_months: int) -> pl.DataFrame:
    schema = frame.schema
    others = [name for name in frame.columns if name not in _CELL]
    labels = [name for name in others if schema[name] in (pl.String, pl.Boolean) or name in _ordinal(table)]
    numbers = [*_NAMED, *(name for name in others if name not in labels)]
    short = table.split(".")[1]
    first = (
        pl.when(pl.col("period") == "month")
        .then("month")
        .otherwise(pl.col("month").dt.offset_by(f"-{window_months - 1}mo"))
    )
    return (
        frame.filter(~pl.col("suppressed"))
        .with_columns(pl.col(number).cast(pl.Float64) for number in numbers)
        .unpivot(numbers, index=["month", "period", *labels], variable_name="number")
        .drop_nulls("value")
        .select(
            pl.lit(GEO_ID).alias("geo_id"),
            pl.lit(GEOGRAPHY).alias("geography"),
            first.dt.to_string().alias("date_start"),
            pl.col("month").dt.month_end().dt.to_string().alias("date_end"),
            pl.lit(PLATFORM).alias("platform_and_product"),
            pl.lit("::".join(labels)).alias("facet"),
            pl.lit(0, dtype=pl.Int64).alias("level"),
            (pl.lit(short) + pl.col("number").replace_strict(_NAMED, default=pl.lit("_") + pl.col("number"))).alias(
                "variable"
            ),
            pl.concat_str([pl.col(label).cast(pl.String) for label in labels], separator="::").alias("cluster_name"),
            "value",
        )
    )


def _ordinal(table: str) -> frozenset[str]:
    """Whole-number columns that name a cell (a level, a band) instead of measuring it: those that are never null."""
    columns = TABLES[table].to_schema().columns
    return frozenset(
        name
        for name, column in columns.items()
        if name not in _CELL and column.dtype.type == pl.Int64 and not column.nullable
    )

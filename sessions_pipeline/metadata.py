"""Metadata that the Dagster UI understands: row counts, column schemas, lineage, previews, pictures."""

from __future__ import annotations

import base64
import datetime as dt
from collections.abc import Mapping
from typing import Any

import polars as pl
from dagster import (
    AssetExecutionContext,
    AssetKey,
    MetadataValue,
    TableColumn,
    TableColumnConstraints,
    TableColumnDep,
    TableColumnLineage,
    TableSchema,
)

from sessions_pipeline import schemas

PREVIEW_ROWS = 10
# Aggregates have a preview; a row of any other table is about one session or file, and pictures of the page travel.
_SHOWN = ("marts.", "analysis.", "core.attrition", "staging.periods")


def asset_key(table: str) -> AssetKey:
    """`schema.table` as an asset key."""
    return AssetKey(table.split("."))


def column_schema(table: str) -> TableSchema:
    """Names, types, descriptions and constraints of `table`, from its model."""
    types = schemas.polars_schema(table)
    return TableSchema(
        columns=[
            TableColumn(
                name=name,
                type=str(types[name]),
                description=column.description,
                constraints=TableColumnConstraints(nullable=column.nullable, unique=column.unique),
            )
            for name, column in schemas.TABLES[table].columns().items()
        ]
    )


def definition_metadata(table: str, lineage: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Metadata of the asset itself. lineage: output column -> upstream (`schema.table`, column) pairs."""
    metadata: dict[str, Any] = {"dagster/table_name": table, "dagster/column_schema": column_schema(table)}
    if lineage:
        metadata["dagster/column_lineage"] = TableColumnLineage(
            {
                column: [TableColumnDep(asset_key=asset_key(source), column_name=name) for source, name in sources]
                for column, sources in lineage.items()
                if sources
            }
        )
    return metadata


def run_metadata(table: str, frame: pl.DataFrame, partitions: int) -> dict[str, Any]:
    """Metadata of one materialization of `table`: rows written over `partitions` months; of aggregates the first."""
    metadata: dict[str, Any] = {"dagster/row_count": frame.height, "months": partitions}
    if table.startswith(_SHOWN):
        metadata["preview"] = MetadataValue.md(_markdown(frame.head(PREVIEW_ROWS), PREVIEW_ROWS))
    return metadata


def describe_months(context: AssetExecutionContext, table: str, frame: pl.DataFrame) -> None:
    """Puts each month's own row count and preview on its partition, where a run over a range would put the range's."""
    for key in context.partition_keys:
        of_month = frame.filter(pl.col("month") == dt.date.fromisoformat(key))
        context.add_asset_metadata(run_metadata(table, of_month, 1), asset_key=asset_key(table), partition_key=key)


def table_of(frame: pl.DataFrame) -> MetadataValue:
    """All rows of a small frame as a table in the UI."""
    return MetadataValue.md(_markdown(frame, frame.height))


def picture(png: bytes, description: str) -> MetadataValue:
    """A small PNG as markdown; it is stored with every partition, so keep it below 100 KB."""
    return MetadataValue.md(f"![{description}](data:image/png;base64,{base64.b64encode(png).decode()})")


def _markdown(frame: pl.DataFrame, rows: int) -> str:
    with pl.Config(
        tbl_formatting="MARKDOWN",
        tbl_hide_column_data_types=True,
        tbl_hide_dataframe_shape=True,
        tbl_cols=-1,
        tbl_rows=rows,
        tbl_width_chars=10_000,
        fmt_str_lengths=60,
    ):
        return str(frame)

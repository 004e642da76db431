"""Metadata that the Dagster UI understands: row counts, column schemas, lineage, previews, pictures."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import polars as pl
from dagster import (
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
# Keys of people and sessions are of no use in a preview, and pictures of the page travel.
_NOT_SHOWN = ("session_id", "user_key", "project_key", "file_key", "digest", "transcript_sha256")


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


def run_metadata(frame: pl.DataFrame, partitions: int) -> dict[str, Any]:
    """Metadata of one materialization: rows written over `partitions` months, and the first of them."""
    shown = frame.drop([name for name in _NOT_SHOWN if name in frame.columns]).head(PREVIEW_ROWS)
    return {
        "dagster/row_count": frame.height,
        "months": partitions,
        "preview": MetadataValue.md(_markdown(shown, PREVIEW_ROWS)),
    }


def table_of(frame: pl.DataFrame) -> MetadataValue:
    """All rows of a small frame as a table in the UI."""
    return MetadataValue.md(_markdown(frame, frame.height))


def picture(png: bytes, description: str) -> MetadataValue:
    """A small PNG as markdown; it is stored with every materialization, so keep it below 100 KB."""
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

"""The tables that may leave, and the audit of suppression that they pass first.

Released is every table of the schemas `marts` and `analysis`, and `core.attrition`: aggregates alone. Rows of sessions,
labels and files stay in the warehouse.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO

import polars as pl

from sessions_pipeline.schemas import TABLES, USERS_COLUMNS, polars_schema
from sessions_pipeline.snapshot import is_published

RELEASED = (*filter(is_published, TABLES), "core.attrition")


@dataclass(frozen=True)
class Audit:
    """What was found about suppression in one table.

    rows: all. suppressed: rows that lost their numbers. fewest_users: behind any row with a number; None if no row
    says. below: rows with a number that stand for fewer people than the threshold.
    """

    rows: int
    suppressed: int
    fewest_users: int | None
    below: int


def audit(frame: pl.DataFrame, min_users: int) -> Audit:
    """Counts the rows of `frame` that are suppressed, and those that should be.

    A row of no users at all (a mode that nobody used, published as 0) tells of no one and is not below.
    """
    shown = frame.filter(pl.col("estimate").is_not_null()) if "estimate" in frame.columns else frame.clear()
    users = [shown[name].drop_nulls() for name in USERS_COLUMNS if name in shown.columns]
    people = pl.concat(users) if users else pl.Series([], dtype=pl.Int64)
    people = people.filter(people > 0)
    return Audit(
        rows=frame.height,
        suppressed=int(frame["suppressed"].sum()) if "suppressed" in frame.columns else 0,
        fewest_users=None if people.is_empty() else int(people.min()),  # type: ignore[arg-type]
        below=int((people < min_users).sum()),
    )


def table_files(tables: Mapping[str, pl.DataFrame]) -> dict[str, bytes]:
    """Every table as CSV and as Parquet: path within the export -> bytes. The same rows give the same bytes."""
    files: dict[str, bytes] = {}
    for table, frame in tables.items():
        ordered = frame.select(list(polars_schema(table))).sort(pl.all(), nulls_last=True)
        parquet = BytesIO()
        ordered.write_parquet(parquet, compression="zstd")
        files[f"tables/{table}.csv"] = ordered.write_csv().encode()
        files[f"tables/{table}.parquet"] = parquet.getvalue()
    return files

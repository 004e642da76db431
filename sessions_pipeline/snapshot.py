"""The snapshot: a copy of the warehouse for notebooks, dashboards and DuckDB shells, which may keep it open.

Here belong which tables and columns it has. How it is written at once is in `warehouse.py`.

It holds every table but those of `raw`, without what points at a person, a log or a text: digests and ids of batches
are left out, and sessions, users and projects have pseudonyms, the same in all tables of one snapshot and others in the
next, so that a user can be counted and clustered by, and nothing can be joined to another file. Rows of single sessions
are in it all the same: it is for those who may see the state folder. What may be published is `marts` and `analysis`.
"""

from __future__ import annotations

from pathlib import Path

from sessions_pipeline import schemas
from sessions_pipeline.warehouse import Warehouse

FILE = "snapshot.duckdb"
# Lists of log files and of their lines; what was found is in core.attrition.
LEFT_OUT_SCHEMAS = ("raw",)
LEFT_OUT_COLUMNS = ("file_key", "log_digest", "transcript_sha256", "batch_id")
PSEUDONYMS = ("session_id", "user_key", "project_key")
PUBLISHED_SCHEMAS = ("marts", "analysis")


def is_published(table: str) -> bool:
    """Whether the rows of `table` are aggregates over enough users to be shown to anybody."""
    return table.split(".")[0] in PUBLISHED_SCHEMAS


def snapshot_columns(table: str) -> list[str]:
    """Columns of `table` that the snapshot has, in the model's order; none if it lacks the table."""
    if table.split(".")[0] in LEFT_OUT_SCHEMAS:
        return []
    return [name for name in schemas.polars_schema(table) if name not in LEFT_OUT_COLUMNS]


def write_snapshot(warehouse: Warehouse, folder: Path) -> bool:
    """Replaces the snapshot in `folder` by the warehouse as it is now; False if it was that already.

    Readers keep the one that they have open. Nothing is written while months of a table wait to be made again.
    Raises WarehouseError if it cannot be written; the one before stays.
    """
    columns = {table: snapshot_columns(table) for table in schemas.TABLES}
    return warehouse.copy_to(folder / FILE, {table: names for table, names in columns.items() if names}, PSEUDONYMS)

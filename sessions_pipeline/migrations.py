"""Numbered steps from every earlier version of the warehouse's tables to this one.

Here belong which version a file has, the steps, and which tables need them. How a file is opened, and that all steps
are one transaction, is in `warehouse.py`; what the tables hold now is in `schemas.py`.

- A table that a file has not is made when the file is opened: a new table is no new version.
- A table that holds what cannot be made again (or only from logs that are gone, or for money) changes by a numbered
  step here. A test holds its columns against the record of each version, and fails until the step is written.
- A table that follows from those (`is_derived`) is dropped where its columns are others than its model's, and made
  again empty. The months it held are noted: nothing reads these months of it until they were run again, so no window
  is computed from half of its months. The command line runs them by itself.

To change a column: append a `Migration`, and a record of all kept tables to the tests (its test says how).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

DERIVED_SCHEMAS = ("staging", "marts", "analysis")
DERIVED_TABLES = ("core.classified_sessions", "core.attrition")


@dataclass(frozen=True)
class Migration:
    """One step to version `number` from the one before. what: the reason, and what old rows hold now."""

    number: int
    what: str
    statements: tuple[str, ...]


def _added(table: str, column: str, kind: str, old_rows: str | None = None) -> tuple[str, ...]:
    """Statements that add a column; old_rows: its value in the rows that are there, a SQL literal; None: null.

    Three steps, because DuckDB adds no column with a constraint.
    """
    if old_rows is None:
        return (f"ALTER TABLE {table} ADD COLUMN {column} {kind}",)
    return (
        f"ALTER TABLE {table} ADD COLUMN {column} {kind} DEFAULT {old_rows}",
        f"ALTER TABLE {table} ALTER COLUMN {column} SET NOT NULL",
        f"ALTER TABLE {table} ALTER COLUMN {column} DROP DEFAULT",
    )


MIGRATIONS = (
    Migration(
        2,
        "Sessions know the lines that they were added up from; one that does not is added up again by its next run.",
        _added("core.sessions", "log_digest", "VARCHAR", "''"),
    ),
    Migration(
        3,
        "A label may carry a probability; that of an old one is unknown.",
        _added("labels.classifications", "probability", "DOUBLE"),
    ),
    Migration(
        4,
        "A missing label says why, which of an old one is unknown; what writing to the cache cost is counted, and "
        "nobody had been paid before.",
        (
            *_added("labels.classifications", "reason", "VARCHAR"),
            *_added("labels.classifications", "cache_write_tokens", "BIGINT", "0"),
        ),
    ),
)
VERSION = 1 + len(MIGRATIONS)
# Files of versions 1 to 4 name no version: a step was taken if its column is there, whatever the order.
_TELLING = {
    2: ("core.sessions", "log_digest"),
    3: ("labels.classifications", "probability"),
    4: ("labels.classifications", "reason"),
}


def steps_for(version: int | None, columns: Mapping[str, Collection[str]]) -> tuple[Migration, ...]:
    """The steps that bring a file to this version, in order.

    version: that the file names; None: it names none. columns: table -> columns of its tables of this project; a file
    without any needs no step.
    """
    if not columns:
        return ()
    if version is not None:
        return tuple(step for step in MIGRATIONS if step.number > version)

    def was_taken(step: Migration) -> bool:
        table, column = _TELLING.get(step.number, ("", ""))
        return column in columns.get(table, ())

    return tuple(step for step in MIGRATIONS if not was_taken(step))


def is_derived(table: str) -> bool:
    """Whether `table` can be made again from what the warehouse keeps."""
    return table in DERIVED_TABLES or table.split(".")[0] in DERIVED_SCHEMAS

"""The warehouse: the only module that knows DuckDB's file.

Here belong connecting, waiting for another process, making the tables of `schemas.py`, replacing a window of months
in one transaction, and reading. What the tables hold is in `schemas.py`; the SQL of the models is in `dbt_like_sql/`.

DuckDB locks its file against every other process, readers too. So connections are short: open, do one thing, close
in `finally`, and never compute while one is open. All connections of this process use the configuration of Dagster's
`DuckDBResource`, because DuckDB refuses a second configuration on a file that is open. Dagster itself is not needed
here, and importing it would cost every command a second: the resource is in `state.py`.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import logging
import re
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from inspect import getdoc
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from sessions_pipeline import schemas
from sessions_pipeline.rows import BadRowsError, valid_rows

LOG = logging.getLogger(__name__)
SECONDS_BETWEEN_WORDS = 10.0
CONFIGURATION: dict[str, Any] = {"custom_user_agent": "dagster"}
DUCKDB_TYPES = {
    pl.Int64(): "BIGINT",
    pl.Float64(): "DOUBLE",
    pl.String(): "VARCHAR",
    pl.Boolean(): "BOOLEAN",
    pl.Date(): "DATE",
    pl.Datetime("us"): "TIMESTAMP",
}
# Columns that change when the same is read or asked again.
WHEN_WRITTEN = ("ingested_at", "mtime_ns", "classified_at")
_HOLDER = re.compile(r"Conflicting lock is held in (?P<program>.+?) \(PID (?P<pid>\d+)\)")
_FINGERPRINT = "main.schema_fingerprint"
# Threads of this process share one database: DuckDB refuses the second of two that delete the same rows.
_WRITING = threading.Lock()


class WarehouseError(RuntimeError):
    """The warehouse cannot be opened, written, or used with these tables. What was stored is intact."""


class WarehouseBusyError(WarehouseError):
    """Another process held the file for longer than we wait."""


@dataclass(frozen=True)
class Warehouse:
    """All tables of `schemas.TABLES` in one DuckDB file, made on first use.

    database: the file. wait_seconds: how long to wait for another process that holds it.
    """

    database: str
    wait_seconds: float = 300.0

    @contextmanager
    def get_connection(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """An open connection in UTC with all tables there; closed at the end, whatever happens.

        Raises WarehouseBusyError if another process keeps the file, WarehouseError if it cannot be opened.
        """
        with _explained(self.database):
            connection = _connect(self.database, self.wait_seconds)
        try:
            with _explained(self.database):
                connection.execute("SET TimeZone = 'UTC'")
                _make_tables(connection, self.database)
            yield connection
        finally:
            connection.close()

    def replace_window(self, table: str, frame: pl.DataFrame, months: Sequence[dt.date]) -> int:
        """Makes `frame` the rows of `table` in `months`, in one transaction; rows stored after it.

        frame: the table's columns in any order; all its rows lie in `months`. An empty frame empties the months.
        Nothing is written where the months hold these rows already.
        Raises BadRowsError, before anything is written, if a row breaks the table's model, lies outside the months, or
        repeats a unique key of another month; WarehouseError or WarehouseBusyError if it cannot be written.
        """
        _known(table)
        rows = valid_rows(table, frame, months)
        window = {"months": sorted(set(months))}
        with self.get_connection() as connection, _WRITING, _explained(self.database):
            connection.register("incoming", rows)
            with _transaction(connection):
                _reject_repeated_keys(connection, table, window)
                if not _holds_incoming(connection, table, window):
                    _delete(connection, table, window)
                    _insert(connection, table)
        return rows.height

    def query(self, sql: str, parameters: Mapping[str, object] | None = None) -> pl.DataFrame:
        """Result of a SELECT with `$name` parameters. Anything that writes is refused by DuckDB."""
        with self.get_connection() as connection, _explained(self.database):
            connection.execute("BEGIN TRANSACTION READ ONLY")
            return connection.sql(sql, params=dict(parameters or {})).pl()

    def read(self, table: str, months: Sequence[dt.date] | None = None) -> pl.DataFrame:
        """Rows of `table`, of all months or of `months`, columns in the model's order, sorted by all of them."""
        columns = _column_list(table)
        if months is None:
            return self.query(f"SELECT {columns} FROM {table} ORDER BY ALL")
        return self.query(
            f"SELECT {columns} FROM {table} WHERE month = ANY($months) ORDER BY ALL", {"months": list(months)}
        )

    def months(self, table: str) -> list[dt.date]:
        """Months of which `table` has rows, in order; none before the first use."""
        _known(table)
        if not Path(self.database).exists():
            return []
        return self.query(f"SELECT DISTINCT month FROM {table} ORDER BY month")["month"].to_list()

    def digests(self, tables: Sequence[str]) -> dict[str, dict[dt.date, str]]:
        """Table -> month -> digest of the month's rows in any order: of what they say, not of when it was written."""
        found = {}
        with self.get_connection() as connection, _explained(self.database):
            for table in tables:
                said = ", ".join(f'"{name}"' for name in _types(table) if name not in WHEN_WRITTEN)
                rows = connection.execute(
                    f"SELECT month, count(*) || ' ' || sum(hash({said})::HUGEINT) FROM {table} GROUP BY month"
                ).fetchall()
                found[table] = {month: str(text) for month, text in rows}
        return found


def _connect(database: str, wait_seconds: float) -> duckdb.DuckDBPyConnection:
    """Opens `database`, waiting up to `wait_seconds` for another process, and saying whom it waits for."""
    started = time.monotonic()
    next_word, pause = 1.0, 0.02
    while True:
        try:
            return duckdb.connect(database, config=CONFIGURATION)
        except duckdb.IOException as error:
            if not (held := _HOLDER.search(str(error))):
                raise
            holder = f"{Path(held['program']).name} (process {held['pid']})"
        except duckdb.ResourceInUseException:
            # Another thread of this process is closing the file at this very moment; seen once in 1,200 openings.
            holder = "another thread of this process"
        waited = time.monotonic() - started
        if waited >= wait_seconds:
            raise WarehouseBusyError(
                f"{database} is still in use by {holder} after {waited:.0f} s. Close that notebook, DuckDB shell or "
                "other program, or let its run end; then run again."
            )
        if waited >= next_word:
            LOG.warning("waiting for %s: in use by %s (%.0f of %.0f s)", database, holder, waited, wait_seconds)
            next_word += SECONDS_BETWEEN_WORDS
        time.sleep(min(pause, wait_seconds - waited))
        pause = min(2 * pause, 0.25)


@contextmanager
def _explained(database: str) -> Iterator[None]:
    """Turns DuckDB's errors about the file into one that says what to do; others pass."""
    try:
        yield
    except (
        duckdb.IOException,
        duckdb.FatalException,
        duckdb.ConnectionException,
        duckdb.TransactionException,
    ) as error:
        reason = str(error)
        if "different configuration" in reason:
            advice = "Use Warehouse or DuckDBResource for every connection of this process, or close the other one."
        elif isinstance(error, duckdb.IOException | duckdb.FatalException) or "Failed to commit" in reason:
            advice = "Check that the disk has room and that you may write there, or name another folder with --home."
        else:
            raise
        raise WarehouseError(f"cannot use {database}: {reason}. What was stored is intact. {advice}") from error


@contextmanager
def _transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Commits at the end; after an exception DuckDB rolls back when the connection is closed."""
    connection.begin()
    yield
    connection.commit()


def _make_tables(connection: duckdb.DuckDBPyConnection, database: str) -> None:
    """Makes the tables that are missing and keeps descriptions up to date.

    A table that another version of this package made is an error, not a guess. The stored fingerprint spares reading
    the catalogue, which takes longer (20 ms) than opening the file.
    """
    if _stored_fingerprint(connection) == _fingerprint():
        return
    with _WRITING:
        if _stored_fingerprint(connection) == _fingerprint():  # another thread was faster
            return
        _refuse_other_versions(connection, database)
        with _transaction(connection):
            for statement in _schema_sql():
                connection.execute(statement)
            connection.execute(
                f"CREATE OR REPLACE TABLE {_FINGERPRINT} AS SELECT $digest AS sha256", {"digest": _fingerprint()}
            )


def _stored_fingerprint(connection: duckdb.DuckDBPyConnection) -> str | None:
    try:
        rows = connection.execute(f"SELECT sha256 FROM {_FINGERPRINT}").fetchall()
    except duckdb.CatalogException:
        return None
    return rows[0][0] if rows else None


@cache
def _fingerprint() -> str:
    """Digest of what the tables should be, descriptions included."""
    return hashlib.sha256("\n".join(_schema_sql()).encode()).hexdigest()


def _schema_sql() -> Iterator[str]:
    """Statements that make the missing tables, and put the models' descriptions on all tables and columns."""
    for table, model in schemas.TABLES.items():
        columns = ", ".join(f'"{name}" {kind}' for name, kind in _types(table).items())
        yield f"CREATE SCHEMA IF NOT EXISTS {table.split('.')[0]}"
        yield f"CREATE TABLE IF NOT EXISTS {table} ({columns})"
        yield f"COMMENT ON TABLE {table} IS {_literal(getdoc(model) or '')}"
        for name, column in model.to_schema().columns.items():
            yield f'COMMENT ON COLUMN {table}."{name}" IS {_literal(column.description or "")}'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _refuse_other_versions(connection: duckdb.DuckDBPyConnection, database: str) -> None:
    """Raises WarehouseError if a stored table has other columns than its model."""
    stored: dict[str, dict[str, str]] = {}
    for table, column, kind in connection.execute(
        "SELECT schema_name || '.' || table_name, column_name, data_type || if(is_nullable, '', ' NOT NULL') "
        "FROM duckdb_columns() WHERE NOT internal"
    ).fetchall():
        stored.setdefault(table, {})[column] = kind
    differences = []
    for table in schemas.TABLES.keys() & stored.keys():
        expected = _types(table)
        for column in sorted(expected.keys() | stored[table].keys()):
            is_, should = stored[table].get(column, "missing"), expected.get(column, "unknown")
            if is_ != should:
                differences.append(f"{table}.{column} is {is_}, expected {should}")
    if differences:
        raise WarehouseError(
            f"{database} was made by another version of sessions-pipeline: {'; '.join(sorted(differences))}. "
            "Keep the file, and use the version that made it or another state folder (--home)."
        )


def _types(table: str) -> dict[str, str]:
    """Column name -> DuckDB type with NOT NULL, in the model's order."""
    return {
        name: DUCKDB_TYPES[column.dtype.type] + ("" if column.nullable else " NOT NULL")
        for name, column in schemas.TABLES[_known(table)].to_schema().columns.items()
    }


def _known(table: str) -> str:
    if table not in schemas.TABLES:
        raise ValueError(f"no table {table}; there are {', '.join(schemas.TABLES)}")
    return table


def _column_list(table: str) -> str:
    """The columns of `table` for a SELECT, in the model's order."""
    return ", ".join(f'"{name}"' for name in _types(table))


def _reject_repeated_keys(connection: duckdb.DuckDBPyConnection, table: str, window: Mapping[str, object]) -> None:
    """Raises BadRowsError if an incoming row repeats a unique key that a month outside the window holds."""
    for name, column in schemas.TABLES[table].to_schema().columns.items():
        if column.unique:
            repeated = connection.execute(
                f'SELECT "{name}", month FROM {table} WHERE NOT month = ANY($months) '
                f'AND "{name}" IN (SELECT "{name}" FROM incoming) ORDER BY ALL LIMIT 3',
                window,
            ).fetchall()
            if repeated:
                stored = ", ".join(f"{key} in {month:%Y-%m}" for key, month in repeated)
                raise BadRowsError(
                    f"{table}.{name} is unique, and stored already: {stored}. Run these months together."
                )


def _holds_incoming(connection: duckdb.DuckDBPyConnection, table: str, window: Mapping[str, object]) -> bool:
    """Whether the window holds exactly the incoming rows, in any order.

    Compares the number of rows and the sum of their 64-bit hashes: 0.1 s for 400,000 sessions, where EXCEPT ALL took
    4 s and writing them 2 s. A change is overlooked with probability 2^-64.
    """
    digest = f"SELECT count(*), sum(hash({_column_list(table)})::HUGEINT)"
    stored = connection.execute(f"{digest} FROM {table} WHERE month = ANY($months)", window).fetchall()
    return bool(stored == connection.execute(f"{digest} FROM incoming").fetchall())


def _delete(connection: duckdb.DuckDBPyConnection, table: str, window: Mapping[str, object]) -> None:
    connection.execute(f"DELETE FROM {table} WHERE month = ANY($months)", window)


def _insert(connection: duckdb.DuckDBPyConnection, table: str) -> None:
    connection.execute(f"INSERT INTO {table} BY NAME SELECT * FROM incoming")

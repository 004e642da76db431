"""The warehouse: the only module that knows DuckDB's file.

Here belong connecting, waiting for another process, making the tables of `schemas.py`, replacing a window of months
in one transaction, and reading. What the tables hold is in `schemas.py`; the SQL of the models is in `dbt_like_sql/`.

DuckDB locks its file against every other process, readers too. So connections are short: open, do one thing, close
in `finally`, and never compute while one is open. All connections of this process use the configuration of Dagster's
`DuckDBResource`, because DuckDB refuses a second configuration on a file that is open. Dagster itself is not needed
here, and importing it would cost every command a second: the resource is in `state.py`.
"""

from __future__ import annotations

import atexit
import datetime as dt
import hashlib
import logging
import re
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from functools import cache
from inspect import getdoc
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from sessions_pipeline import checkpoints, schemas
from sessions_pipeline.checkpoints import flush, literal
from sessions_pipeline.migrations import VERSION, Migration, is_derived, steps_for
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
# What DuckDB says of a file whose blocks, headers or length are not as it wrote them.
_SIGNS_OF_DAMAGE = ("Corrupt database file", "not a valid DuckDB database file", "Could not read enough bytes")
# What the file says of itself: one row with its version and a digest of the statements that made its tables; and the
# months of derived tables that were dropped and wait to be made again.
_STATE = "main.schema_version"
_TO_REMAKE = "main.months_to_remake"
# As versions 1 to 4 had it.
_OLD_STATE = "main.schema_fingerprint"
# What the copy says of itself: the state of the file that it was made from, and a digest of what was copied how.
_COPIED = "main.copied_from"
# The file's name in the DuckDB that opens it.
_CATALOG = "warehouse"
_RUNNING: dict[str, _Running] = {}
_STARTING = threading.Lock()
# Threads of this process share one database: DuckDB refuses the second of two that delete the same rows.
_WRITING = threading.Lock()
_COPYING = threading.Lock()

# A SELECT and the values of its parameters.
Query = tuple[str, Mapping[str, object]]


class WarehouseError(RuntimeError):
    """The warehouse cannot be opened, written, or used with these tables. What was stored is intact."""


class WarehouseBusyError(WarehouseError):
    """Another process held the file for longer than we wait."""


class BrokenAssertionsError(BadRowsError):
    """Rows that break a promise about their table. broken: its text, and the rows or groups that break it."""

    def __init__(self, table: str, broken: Sequence[tuple[str, pl.DataFrame]]) -> None:
        super().__init__(f"{table} would break: {'; '.join(f'{text} ({found.height})' for text, found in broken)}")
        self.broken = broken


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
            opened = _open(self.database, self.wait_seconds)
        with opened as connection:
            with _explained(self.database):
                connection.execute("SET TimeZone = 'UTC'")
                _make_tables(connection, self.database)
            yield connection

    def replace_window(
        self,
        table: str,
        frame: pl.DataFrame,
        months: Sequence[dt.date],
        examine: Callable[[pl.DataFrame], None] = lambda rows: None,
        assertions: Mapping[str, Query] | None = None,
    ) -> int:
        """Makes `frame` the rows of `table` in `months`, in one transaction; rows stored after it.

        frame: the table's columns in any order; all its rows lie in `months`. An empty frame empties the months.
        Nothing is written where the months hold these rows already.
        examine: called with the valid rows before anything is written; raises BadRowsError if they may not be.
        assertions: text -> a SELECT of what breaks it, asked before the commit.
        Raises BadRowsError, and nothing is written, if a row breaks the table's model, lies outside the months, or
        repeats a unique key of another month; BrokenAssertionsError if an assertion does not hold; WarehouseError or
        WarehouseBusyError if it cannot be written.
        """
        _known(table)
        rows = valid_rows(table, frame, months)
        examine(rows)
        window = {"months": sorted(set(months))}
        with self.get_connection() as connection, _WRITING, _explained(self.database):
            connection.register("incoming", _Arrow(rows))
            with _transaction(connection):
                _reject_repeated_keys(connection, table, window)
                if not _holds_incoming(connection, table, window):
                    _delete(connection, table, window)
                    _insert(connection, table)
                _note_remade(connection, table, window)
                _refuse_broken(connection, table, assertions or {})
        return rows.height

    def query(
        self, sql: str, parameters: Mapping[str, object] | None = None, months: Sequence[dt.date] | None = None
    ) -> pl.DataFrame:
        """Result of a SELECT with `$name` parameters. Anything that writes is refused by DuckDB.

        months: those that it reads; None stands for all. Raises WarehouseError if one of them waits to be made again
        in a table that `sql` names.
        """
        with self.get_connection() as connection, _explained(self.database):
            connection.execute("BEGIN TRANSACTION READ ONLY")
            _refuse_unmade_months(connection, sql, months)
            return _frame(connection, sql, parameters or {})

    def read(self, table: str, months: Sequence[dt.date] | None = None) -> pl.DataFrame:
        """Rows of `table`, of all months or of `months`, columns in the model's order, sorted by all of them."""
        columns = _column_list(table)
        if months is None:
            return self.query(f"SELECT {columns} FROM {table} ORDER BY ALL")
        return self.query(
            f"SELECT {columns} FROM {table} WHERE month = ANY($months) ORDER BY ALL", {"months": list(months)}, months
        )

    def months(self, table: str) -> list[dt.date]:
        """Months of which `table` has rows, in order; none before the first use."""
        _known(table)
        if not Path(self.database).exists():
            return []
        return self.query(f"SELECT DISTINCT month FROM {table} ORDER BY month")["month"].to_list()

    def months_to_remake(self) -> list[dt.date]:
        """Months that a derived table lost because its columns changed, until they are run again; in order."""
        if not Path(self.database).exists():
            return []
        return self.query(f"SELECT DISTINCT month FROM {_TO_REMAKE} ORDER BY month")["month"].to_list()

    def copy_to(self, target: Path, tables: Mapping[str, Sequence[str]], pseudonyms: Sequence[str]) -> bool:
        """Replaces the DuckDB file `target` by one consistent copy of `tables`; False if it is that already.

        tables: table -> columns. pseudonyms: columns whose texts are replaced by 16 hexadecimal digits, the same
        for the same text anywhere in the copy and others in the next one; empty and null stay.
        The copy is written beside `target`, which readers may have open, and renamed. What a killed process left there
        is removed. Nothing is written while months of these tables wait to be made again.
        Raises WarehouseError if it cannot be written; the copy before stays.
        """
        with _COPYING, _explained(str(target)):
            # Before opening: what another process writes in between makes another copy necessary, never too few.
            state = _state_of(self.database, tables, pseudonyms)
            if _copied_state(target) == state:
                return False
            with self.get_connection() as connection:
                waiting = connection.execute(f"SELECT DISTINCT table_name FROM {_TO_REMAKE} ORDER BY 1").fetchall()
                if waiting:
                    LOG.warning(
                        "%s stays as it was until %s is made again", target, ", ".join(name for (name,) in waiting)
                    )
                    return False
                # Under the lock of the file, so that no two processes ever write the copy.
                _copy(connection, target, state, _copy_sql(tables, pseudonyms))
        return True

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


def _open(database: str, wait_seconds: float) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
    """Opens `database`, waiting up to `wait_seconds` for another process, and saying whom it waits for."""
    started = time.monotonic()
    next_word, pause = 1.0, 0.02
    while True:
        try:
            return _connect(database)
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


class _Arrow:
    """Rows of polars for DuckDB and of DuckDB for polars, without pyarrow, whose import takes 35 ms.

    Nothing of `rows` can be seen but that they are Arrow's: after polars has looked for more in a relation, DuckDB
    complains at the end of the process.
    """

    def __init__(self, rows: pl.DataFrame | duckdb.DuckDBPyRelation) -> None:
        self._rows = rows

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return self._rows.__arrow_c_stream__(requested_schema)


def _frame(connection: duckdb.DuckDBPyConnection, sql: str, parameters: Mapping[str, object]) -> pl.DataFrame:
    """Result of a SELECT. It is whole before polars sees it, so that an error is DuckDB's own."""
    return pl.DataFrame(_Arrow(connection.sql(sql, params=dict(parameters)).materialize()))


class _Running:
    """DuckDB running in this process, with a file that is open while a thread uses it.

    To start DuckDB takes 30 ms of CPU, to open a file in one that runs 6; a run of the pipeline opens it 300 times.
    """

    def __init__(self, database: str) -> None:
        self.database, self.users, self.failed = database, 0, False
        # Else it would spill into the working directory.
        self.connection = duckdb.connect(config={**CONFIGURATION, "temp_directory": f"{database}.tmp"})
        checkpoints.only_explicitly(self.connection)

    def open(self) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
        """A connection to the file, for whom the file is opened if nobody else uses it."""
        if not self.users:
            try:
                checkpoints.create(self.connection, Path(self.database))
                checkpoints.put_back(Path(self.database))
            except OSError as error:
                raise duckdb.IOException(str(error)) from error
            self.connection.execute(f"ATTACH {literal(self.database)} AS {_CATALOG} (TYPE duckdb)")
        self.users += 1
        return self._using()

    @contextmanager
    def _using(self) -> Iterator[duckdb.DuckDBPyConnection]:
        connection = self.connection.cursor()
        try:
            connection.execute(f"USE {_CATALOG}")
            yield connection
        except BaseException:
            self.failed = True
            raise
        finally:
            connection.close()
            with _STARTING:
                self.users -= 1
                if not self.users:
                    self._close_file()

    def _close_file(self) -> None:
        """Ends this DuckDB too after a failure: it may be unusable, or hold what was attached to it."""
        try:
            checkpoints.detach(self.connection, _CATALOG, Path(self.database))
        except (duckdb.Error, OSError) as error:
            reason = next(iter(str(error).splitlines()), type(error).__name__)
            LOG.warning("%s: what was written stays in the log beside it: %s", self.database, reason)
            self.failed = True
        if self.failed:
            self.end()

    def end(self) -> None:
        """Closes everything; the next use starts anew."""
        _RUNNING.pop(self.database, None)
        self.connection.close()


@atexit.register
def _end_all() -> None:
    """Closes what runs. DuckDB complains at the end of a process in which polars has read from it and it still runs."""
    for running in list(_RUNNING.values()):
        running.end()


def _connect(database: str) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
    """Opens the file in the DuckDB of this process, or shares it with what else in this process has it open."""
    with _STARTING:
        if database not in _RUNNING:
            for other in [running for running in _RUNNING.values() if not running.users]:
                other.end()
            _RUNNING[database] = _Running(database)
        running = _RUNNING[database]
        try:
            return running.open()
        except duckdb.ResourceInUseException:
            return closing(duckdb.connect(database, config=CONFIGURATION))
        except duckdb.Error:
            running.end()
            raise


@contextmanager
def _explained(database: str) -> Iterator[None]:
    """Turns DuckDB's errors about the file into one that says what to do; others pass."""
    try:
        yield
    except duckdb.Error as error:
        reason, name = str(error), Path(database).name
        if any(sign in reason for sign in _SIGNS_OF_DAMAGE) or isinstance(error, duckdb.SerializationException):
            raise WarehouseError(
                f"{database} is damaged: {reason}. Move it away, with the files beside it that are named {name}.*, and "
                "run again: the tables are made anew from private/, where labels that were paid for are kept too. Keep "
                "what you moved if you loaded gold labels or purged transcripts: those labels, and labels of purged "
                "transcripts, are nowhere else. What was last published can be read in snapshot.duckdb."
            ) from error
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
    """Brings a file of any earlier version up to this one and makes the tables that are missing, in one transaction.

    A file of a newer version, or with columns that no version had, is an error, not a guess. The stored fingerprint
    spares reading the catalogue, which takes longer (20 ms) than opening the file.
    """
    if _stored_state(connection)[1] == _fingerprint():
        return
    with _WRITING:
        version, fingerprint = _stored_state(connection)
        if fingerprint == _fingerprint():  # another thread was faster
            return
        stored = _stored_columns(connection)
        if version is not None and version > VERSION:
            raise WarehouseError(
                f"{database} was written by a newer sessions-pipeline (tables of version {version}; this one knows "
                f"{VERSION}): update sessions-pipeline, or use another state folder (--home). Nothing was changed."
            )
        steps = steps_for(version, {table: stored[table] for table in stored.keys() & schemas.TABLES.keys()})
        with _transaction(connection):
            for step in steps:
                LOG.info("%s: tables of version %d: %s", database, step.number, step.what)
                _apply(connection, database, step)
            connection.execute(f"CREATE TABLE IF NOT EXISTS {_TO_REMAKE} (table_name VARCHAR, month DATE)")
            _drop_outdated(connection, _stored_columns(connection) if steps else stored)
            _refuse_unknown_columns(_stored_columns(connection), database)
            for statement in _schema_sql():
                connection.execute(statement)
            connection.execute(f"DROP TABLE IF EXISTS {_OLD_STATE}")
            connection.execute(
                f"CREATE OR REPLACE TABLE {_STATE} AS SELECT $version::INTEGER AS version, $digest AS sha256",
                {"version": VERSION, "digest": _fingerprint()},
            )


def _stored_state(connection: duckdb.DuckDBPyConnection) -> tuple[int | None, str | None]:
    """Version and fingerprint that the file names; None for what it does not."""
    try:
        rows = connection.execute(f"SELECT version, sha256 FROM {_STATE}").fetchall()
    except duckdb.CatalogException:
        return None, None
    return rows[0] if rows else (None, None)


def _apply(connection: duckdb.DuckDBPyConnection, database: str, step: Migration) -> None:
    """Runs the statements of a step. Raises WarehouseError if the file is not of the version that it seemed to be."""
    for statement in step.statements:
        try:
            connection.execute(statement)
        except (duckdb.CatalogException, duckdb.BinderException, duckdb.ConstraintException) as error:
            raise WarehouseError(
                f"{database} cannot be brought to version {step.number} of the tables: {error}. It is unchanged: use "
                "the version of sessions-pipeline that made it, or another state folder (--home)."
            ) from error


def _drop_outdated(connection: duckdb.DuckDBPyConnection, stored: Mapping[str, Mapping[str, str]]) -> None:
    """Drops derived tables with other columns than their model's, and notes the months that they held."""
    for table in schemas.TABLES.keys() & stored.keys():
        if is_derived(table) and stored[table] != _types(table):
            LOG.warning("%s has new columns: its months are to be made again", table)
            if "month" in stored[table]:
                connection.execute(f"INSERT INTO {_TO_REMAKE} SELECT DISTINCT '{table}', month FROM {table}")
            connection.execute(f"DROP TABLE {table}")


@cache
def _fingerprint() -> str:
    """Digest of what the tables should be, descriptions included, and of their version."""
    return hashlib.sha256("\n".join([str(VERSION), *_schema_sql()]).encode()).hexdigest()


def _schema_sql() -> Iterator[str]:
    """Statements that make the missing tables, and put the models' descriptions on all tables and columns."""
    for table, model in schemas.TABLES.items():
        columns = ", ".join(f'"{name}" {kind}' for name, kind in _types(table).items())
        yield f"CREATE SCHEMA IF NOT EXISTS {table.split('.')[0]}"
        yield f"CREATE TABLE IF NOT EXISTS {table} ({columns})"
        yield f"COMMENT ON TABLE {table} IS {literal(getdoc(model) or '')}"
        for name, column in model.columns().items():
            yield f'COMMENT ON COLUMN {table}."{name}" IS {literal(column.description or "")}'


def _stored_columns(connection: duckdb.DuckDBPyConnection) -> dict[str, dict[str, str]]:
    """Table -> column -> DuckDB type with NOT NULL, of the file's own tables outside the schema main."""
    stored: dict[str, dict[str, str]] = {}
    for table, column, kind in connection.execute(
        "SELECT schema_name || '.' || table_name, column_name, data_type || if(is_nullable, '', ' NOT NULL') "
        "FROM duckdb_columns() WHERE NOT internal AND schema_name <> 'main' AND database_name = current_database()"
    ).fetchall():
        stored.setdefault(table, {})[column] = kind
    return stored


def _refuse_unknown_columns(stored: Mapping[str, Mapping[str, str]], database: str) -> None:
    """Raises WarehouseError if a stored table has other columns than its model."""
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
        name: DUCKDB_TYPES[schemas.TABLES[table].types()[name]] + ("" if column.nullable else " NOT NULL")
        for name, column in schemas.TABLES[_known(table)].columns().items()
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
    for name, column in schemas.TABLES[table].columns().items():
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


def _refuse_broken(connection: duckdb.DuckDBPyConnection, table: str, assertions: Mapping[str, Query]) -> None:
    """Raises BrokenAssertionsError with the assertions that find rows, as the transaction sees them."""
    found = [(text, _frame(connection, sql, values)) for text, (sql, values) in assertions.items()]
    if broken := [(text, rows) for text, rows in found if rows.height]:
        raise BrokenAssertionsError(table, broken)


def _note_remade(connection: duckdb.DuckDBPyConnection, table: str, window: Mapping[str, object]) -> None:
    """The window of `table` waits no longer. Nothing is written where it did not: the file stays as it is."""
    waiting = f"FROM {_TO_REMAKE} WHERE table_name = '{table}' AND month = ANY($months)"
    if connection.execute(f"SELECT 1 {waiting} LIMIT 1", window).fetchone():
        connection.execute(f"DELETE {waiting}", window)


def _refuse_unmade_months(connection: duckdb.DuckDBPyConnection, sql: str, months: Sequence[dt.date] | None) -> None:
    """Raises WarehouseError if a table that `sql` names has lost one of `months` (None: any) to a change of columns."""
    for table, first, last in connection.execute(
        f"SELECT table_name, min(month), max(month) FROM {_TO_REMAKE} "
        "WHERE $months IS NULL OR month = ANY($months) GROUP BY 1 ORDER BY 1",
        {"months": None if months is None else list(months)},
    ).fetchall():
        if table in sql.lower():
            raise WarehouseError(
                f"{table} has new columns since an update, and its rows from {first:%Y-%m} to {last:%Y-%m} are to be "
                "made again: `sessions-pipeline run` does that, or a backfill of these months of it and of what "
                "follows from it."
            )


def _state_of(database: str, tables: Mapping[str, Sequence[str]], pseudonyms: Sequence[str]) -> str:
    """Digest that changes with the file (its size or time) and with what is to be copied."""
    file = Path(database)
    stat = file.stat() if file.exists() else None
    found = (stat.st_size, stat.st_mtime_ns) if stat else None
    return hashlib.sha256(repr((found, _fingerprint(), dict(tables), pseudonyms)).encode()).hexdigest()


def _copied_state(copy: Path) -> str | None:
    """The state that `copy` was made from; None if there is no copy, or it cannot be read."""
    if not copy.exists():
        return None
    try:
        with duckdb.connect(str(copy), read_only=True) as connection:
            rows = connection.execute(f"SELECT state FROM {_COPIED}").fetchall()
    except duckdb.Error:
        return None
    return rows[0][0] if rows else None


def _copy_sql(tables: Mapping[str, Sequence[str]], pseudonyms: Sequence[str]) -> Iterator[str]:
    """Statements that copy `tables` into the attached database `copy`, descriptions too."""
    salt = secrets.token_hex(16)  # forgotten with the copy: nobody can try ids against it
    for table, columns in tables.items():
        selected = ", ".join(
            f"""if("{name}" = '', '', left(md5('{salt}' || "{name}"), 16)) AS "{name}\""""
            if name in pseudonyms
            else f'"{name}"'
            for name in columns
        )
        yield f"CREATE SCHEMA IF NOT EXISTS copy.{table.split('.')[0]}"
        yield f"CREATE TABLE copy.{table} AS SELECT {selected} FROM {table} ORDER BY month"
        yield f"COMMENT ON TABLE copy.{table} IS {literal(getdoc(schemas.TABLES[table]) or '')}"
        described = schemas.TABLES[table].to_schema().columns
        for name in columns:
            yield f'COMMENT ON COLUMN copy.{table}."{name}" IS {literal(described[name].description or "")}'


def _copy(connection: duckdb.DuckDBPyConnection, target: Path, state: str, statements: Iterator[str]) -> None:
    """Writes the copy under another name, makes it read-only for its owner alone, and renames it to `target`."""
    partial = target.with_name(f".{target.name}.partial")
    leftovers = (partial, partial.with_name(f"{partial.name}.wal"))
    for leftover in leftovers:
        leftover.unlink(missing_ok=True)
    try:
        connection.execute(f"ATTACH {literal(str(partial))} AS copy")
        try:
            with _transaction(connection):
                for statement in statements:
                    connection.execute(statement)
                connection.execute(f"CREATE TABLE copy.{_COPIED} AS SELECT $state AS state", {"state": state})
        except BaseException:
            connection.rollback()
            raise
        else:
            connection.execute("CHECKPOINT copy")  # nothing does it by itself here, and its log is thrown away
        finally:
            connection.execute("DETACH copy")
        _put_in_place(partial, target)
    finally:
        for leftover in leftovers:
            leftover.unlink(missing_ok=True)


def _put_in_place(partial: Path, target: Path) -> None:
    """Renames a finished file to `target` so that it is whole even after a power cut."""
    # Without the right to write nobody opens it for writing by mistake, which would keep other readers out.
    partial.chmod(0o400)
    flush(partial)
    # What somebody who may write anything (root) wrote into the old copy would be read into the new one.
    target.with_name(f"{target.name}.wal").unlink(missing_ok=True)
    partial.replace(target)
    flush(target.parent)

"""Dagster's own storage on SQLite, with connections that stay open: what `dagster.yaml` of a state folder names.

Dagster's classes open and close the file for every event, which compiles each statement anew, and as the last
connection to close writes everything to the disk. A run has hundreds of events: that was a third of its time. Files and
tables are Dagster's, so that a state folder can be used with its default storage too.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import Any, Self

import sqlalchemy
from dagster import EventLogEntry
from dagster._core.storage.event_log.sqlite.sqlite_event_log import INDEX_SHARD_NAME, SqliteEventLogStorage
from dagster._core.storage.runs.sqlite.sqlite_run_storage import SqliteRunStorage
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage
from dagster._serdes import ConfigurableClassData
from sqlalchemy import Connection, Engine


class KeptSqliteStorage(DagsterSqliteStorage):
    """Dagster's default storage, but for how it connects. base_dir: as Dagster's, the folder of `dagster.yaml`."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        super().__init__(base_dir, inst_data)
        self._run_storage = KeptRunStorage(self._run_storage._conn_string)
        self._event_log_storage = KeptEventLogStorage(self._event_log_storage._base_dir)

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]) -> Self:
        """What Dagster calls to make it."""
        return cls.from_local(inst_data=inst_data, **config_value)


class KeptRunStorage(SqliteRunStorage):
    """Runs and their tags."""

    @cached_property
    def _engine(self) -> Engine:
        return _engine(self._conn_string)

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        """A connection in a transaction."""
        with self._engine.begin() as connection:
            yield connection

    def dispose(self) -> None:
        """Closes the file."""
        self._engine.dispose()
        super().dispose()


class KeptEventLogStorage(SqliteEventLogStorage):
    """Events, in a file for each run and an index over all."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engines: dict[str, Engine] = {}
        self._tables: set[str] = set()
        super().__init__(base_dir, inst_data)

    def has_table(self, table_name: str) -> bool:
        """Whether the index has the table. Dagster asks that for every event of a check; a table does not go again."""
        if table_name not in self._tables and super().has_table(table_name):
            self._tables.add(table_name)
        return table_name in self._tables

    def _initdb(self, engine: Engine, for_index_shard: bool = False) -> None:
        """Makes the tables of a new file: Dagster those of the index, and of a run those that the index has."""
        if for_index_shard or engine is self._engines.get(INDEX_SHARD_NAME):
            super()._initdb(engine, for_index_shard)
            return
        try:
            self._copy_tables(engine)
        except sqlalchemy.exc.OperationalError:  # another process is at it: Dagster's way waits, and looks again
            super()._initdb(engine)

    def _copy_tables(self, engine: Engine) -> None:
        """Compiling the statements anew for every run, and stamping the version, takes as long as eighty events."""
        with engine.begin() as run:
            if sqlalchemy.inspect(run).has_table("alembic_version"):
                return
            with self._engine_of(INDEX_SHARD_NAME).begin() as index:
                made_by = "select sql from sqlite_master where sql is not null order by type = 'index', name"
                statements = index.exec_driver_sql(made_by).scalars().all()
                versions = index.exec_driver_sql("select version_num from alembic_version").scalars().all()
            run.exec_driver_sql("PRAGMA journal_mode = WAL")
            run.exec_driver_sql("BEGIN IMMEDIATE")
            if sqlalchemy.inspect(run).has_table("alembic_version"):
                return
            for statement in statements:
                run.exec_driver_sql(statement)
            for version in versions:
                run.exec_driver_sql("insert into alembic_version values (?)", (version,))

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._db_lock:
            engine = self._engine_of(shard)
            if shard not in self._initialized_dbs:
                self._initdb(engine)
                self._initialized_dbs.add(shard)
            with engine.begin() as connection:
                yield connection

    def _engine_of(self, shard: str) -> Engine:
        """Of the index and of one run, the last that was asked for: a web server reads thousands of runs."""
        if shard not in self._engines:
            if shard != INDEX_SHARD_NAME:
                self._close_runs()
            self._engines[shard] = _engine(self.conn_string_for_shard(shard))
        return self._engines[shard]

    def _close_runs(self) -> None:
        for run in self._engines.keys() - {INDEX_SHARD_NAME}:
            self._engines.pop(run).dispose()

    def store_event(self, event: EventLogEntry) -> None:
        """Stores it, and tells web servers that show the run."""
        super().store_event(event)
        # They watch the run's file, while what is written goes to the log beside it until the file is closed.
        os.utime(self.path_for_shard(event.run_id))

    def wipe(self) -> None:
        """Deletes all events, and the files of runs."""
        with self._db_lock:
            self._close_runs()
        super().wipe()

    def dispose(self) -> None:
        """Closes all files."""
        with self._db_lock:
            self._close_runs()
            for engine in self._engines.values():
                engine.dispose()
        super().dispose()


def _engine(connection_string: str) -> Engine:
    """Keeps its connections. A power cut can lose the last events, never damage the file; a kill loses nothing."""
    engine = sqlalchemy.create_engine(connection_string, connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS})

    @sqlalchemy.event.listens_for(engine, "connect")
    def _(connection: Any, _record: object) -> None:
        connection.execute("PRAGMA synchronous = NORMAL")

    return engine

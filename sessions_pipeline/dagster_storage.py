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
        super().__init__(base_dir, inst_data)

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

"""Dagster's storage with connections that stay open: the same events for everybody, as soon as they are there."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from dagster import DagsterInstance, DagsterRunStatus, EventLogEntry, asset, materialize
from dagster._core.storage.event_log import SqliteEventLogStorage

from sessions_pipeline.dagster_storage import KeptEventLogStorage
from sessions_pipeline.folders import Home
from sessions_pipeline.operate import prepare


@asset
def table() -> None:
    """An asset that makes nothing."""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    for name in ("DAGSTER_HOME", "SESSIONS_HOME"):  # which `prepare` changes
        monkeypatch.setenv(name, "")
    found = Home(tmp_path)
    prepare(found)
    return found


@pytest.fixture
def instance(home: Home) -> Iterator[DagsterInstance]:
    """The instance of a state folder, as commands open it."""
    with DagsterInstance.get() as found:
        yield found


def tables_of(home: Home, run_id: str) -> tuple[list[object], ...]:
    """What the file with the events of a run is made of: its tables and indices, Dagster's version, the journal."""
    asked = (
        "select type, name, sql from sqlite_master order by type, name",
        "select * from alembic_version",
        "pragma journal_mode",
    )
    with closing(sqlite3.connect(home.dagster / "history" / "runs" / f"{run_id}.db")) as file:
        return tuple(file.execute(query).fetchall() for query in asked)


def open_files(folder: Path) -> set[Path]:
    """SQLite's files under `folder` that this process has open."""
    targets = [link.resolve() for link in Path("/proc/self/fd").iterdir()]
    return {target for target in targets if target.suffix == ".db" and target.is_relative_to(folder.resolve())}


def test_dagsters_own_storage_reads_the_same_while_it_is_open(home: Home, instance: DagsterInstance) -> None:
    assert isinstance(instance.event_log_storage, KeptEventLogStorage)
    ended = materialize([table], instance=instance)
    settings = home.dagster / "dagster.yaml"
    settings.write_text("telemetry:\n  enabled: false\n")
    with DagsterInstance.from_config(str(home.dagster)) as stock:
        assert type(stock.event_log_storage) is SqliteEventLogStorage
        run = stock.get_run_by_id(ended.run_id)
        assert run is not None
        assert run.status == DagsterRunStatus.SUCCESS
        assert list(stock.all_logs(ended.run_id)) == list(instance.all_logs(ended.run_id))
        assert stock.get_latest_materialization_event(table.key) is not None
        # And the other way round.
        again = materialize([table], instance=stock)
    assert tables_of(home, ended.run_id) == tables_of(home, again.run_id)
    assert list(instance.all_logs(again.run_id))
    latest = instance.get_latest_materialization_event(table.key)
    assert latest is not None
    assert latest.run_id == again.run_id


def test_who_watches_a_run_is_told_of_each_event_at_once(instance: DagsterInstance) -> None:
    run_id = materialize([table], instance=instance).run_id
    told = threading.Event()

    def callback(entry: EventLogEntry, _cursor: str) -> None:
        if entry.dagster_event and entry.dagster_event.message == "one more":
            told.set()

    with DagsterInstance.get() as server:
        server.watch_event_logs(run_id, None, callback)
        run = instance.get_run_by_id(run_id)
        assert run is not None
        instance.report_engine_event("one more", run)
        assert told.wait(timeout=30)
        server.end_watch_event_logs(run_id, callback)


def test_of_many_runs_one_file_stays_open(home: Home, instance: DagsterInstance) -> None:
    runs = [materialize([table], instance=instance).run_id for _ in range(3)]
    for run in runs:
        assert list(instance.all_logs(run))
    events = home.dagster / "history" / "runs"
    assert open_files(events) == {events / "index.db", events / f"{runs[-1]}.db"}
    instance.dispose()
    assert open_files(home.dagster) == set()

"""What every asset is given: the state folder and what lies in it. Nothing is computed here."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from dagster import ConfigurableResource, InitResourceContext
from dagster_duckdb import DuckDBResource
from duckdb import DuckDBPyConnection

from sessions_pipeline.config import Settings, load_settings
from sessions_pipeline.folders import Home
from sessions_pipeline.runs import note_process
from sessions_pipeline.sessions.archive import Archive
from sessions_pipeline.sessions.transcripts import Transcripts
from sessions_pipeline.turns import turn
from sessions_pipeline.warehouse import Warehouse


class State(ConfigurableResource):
    """The state folder. Settings are read when asked for: the command line and the Dagster UI see the same."""

    home: str

    @contextmanager
    def yield_for_execution(self, context: InitResourceContext) -> Iterator[State]:
        """For as long as a run lasts: no other run works on the state folder. Sensors wait for nobody."""
        run = context.run
        if run is None or context.instance is None:
            yield self
            return
        note_process(context.instance, run.run_id)
        with turn(self.folders.path, f"run {run.run_id[:8]} of job {run.job_name}"):
            yield self

    @property
    def folders(self) -> Home:
        """Layout of the state folder, its folders made."""
        return Home(Path(self.home)).create()

    @property
    def settings(self) -> Settings:
        """Settings in force."""
        return load_settings(Path(self.home)).settings

    @property
    def warehouse(self) -> Warehouse:
        """All tables."""
        return Warehouse(database=str(self.folders.warehouse))

    @property
    def archive(self) -> Archive:
        """What was read from log files."""
        return Archive(self.folders.private)

    @property
    def transcripts(self) -> Transcripts:
        """Rendered transcripts."""
        return Transcripts(self.folders.private)

    def vintages(self, months: Sequence[dt.date]) -> list[dt.date]:
        """Those of `months` with a session in the sample, in order: of the others nothing is published."""
        return sorted({*months} & {*self.warehouse.months("core.classified_sessions")})

    def users(self) -> int:
        """Distinct users with a classified session, over all months."""
        counted = self.warehouse.query("select count(distinct user_key) as users from core.classified_sessions")
        return int(counted["users"].item())

    def min_users(self) -> int:
        """Users that a published number stands for; 1 while the data are one person's own (nothing to hide)."""
        return 1 if self.users() <= 1 else self.settings.min_users


class WarehouseResource(DuckDBResource):
    """The warehouse for assets that are added to this code location: they take a `duckdb: DuckDBResource`.

    Connections wait for other processes, find all tables made and are in UTC, as everywhere in the pipeline.
    """

    @contextmanager
    def get_connection(self) -> Iterator[DuckDBPyConnection]:
        """An open connection; closed at the end, whatever happens."""
        with Warehouse(database=self.database).get_connection() as connection:
            yield connection

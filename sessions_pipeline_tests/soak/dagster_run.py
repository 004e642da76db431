"""A backfill over all months, killed: every month of every table is as before the run or as the run makes it.

Runs alternate between two settings that change transcripts, labels and what is made from them, so that each has these
tables to replace. Up to ATTEMPTS kills hit the same backfill, each the run that goes on with what the one before left.
Each hits a fork that has imported everything: it costs a part of a run, not seconds of imports as well. Runs in a
process of its own, which forks and so must have no threads, on one state folder:
`python -m sessions_pipeline_tests.soak.dagster_run FOLDER KILLS SEED`.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

SESSIONS, MONTHS, USERS = 60, 2, 12
# When a file was read and a label given.
WALL_CLOCK = ("ingested_at", "classified_at")
# A sum of fractions depends in its last digits on the order of the rows, which a killed run can leave another.
DIGITS = 9
SETTINGS = (
    {"SESSIONS_RULE_SET": "study", "SESSIONS_MIN_USERS": "2", "SESSIONS_TRANSCRIPT_CHARS": "25000"},
    {"SESSIONS_RULE_SET": "all_interactive", "SESSIONS_MIN_USERS": "4", "SESSIONS_TRANSCRIPT_CHARS": "3000"},
)
# A backfill that is killed more often than this is given up for the other one; each kill comes after this share of an
# undisturbed run at most. So a kill costs a third of a run, and the second and third reach the end of one.
ATTEMPTS, REACH = 3, 0.7
# Every second kill waits for a transaction of the warehouse, whose log exists while one is written.
SECONDS_FOR_WRITING, WITHIN_WRITING = 10.0, 0.01


@dataclass
class Look:
    """What lies on the disk: table -> month -> digest of its rows. snapshot: of the published tables alone."""

    months: dict[str, dict[str, str]]
    snapshot: dict[str, dict[str, str]]


def soak(folder: Path, kills: int, seed: int) -> list[str]:
    """Kills `kills` backfills at random moments, and looks at all tables after each; what was wrong."""
    rng, runs = Random(seed), _Runs(folder, seed)
    runs.finish(1)  # from the next on, labels of both rule sets are there
    began = time.monotonic()
    whole = [runs.finish(number) for number in range(len(SETTINGS))]
    seconds = (time.monotonic() - began) / len(SETTINGS)
    same = [table for table, months in whole[0].months.items() if months == whole[1].months[table]]
    _say(f"{seconds:.1f} s a run; the settings change all tables but {', '.join(same)}")
    killed = finished = in_writing = number = attempts = 0
    during, began = Counter[str](), time.monotonic()
    while killed < kills:
        wait = rng.uniform(0, WITHIN_WRITING) if killed % 2 else None
        if runs.killed(number, rng.uniform(0, REACH * seconds), wait):
            killed, attempts = killed + 1, attempts + 1
            during[runs.doing()] += 1
            in_writing += runs.log_of_warehouse.exists()
            if killed % 20 == 0:
                _say(f"{killed} kills, {(time.monotonic() - began) / killed:.1f} s each")
        else:
            finished, attempts = finished + 1, ATTEMPTS
        if faults := runs.faults(whole):
            return [f"after kill {killed} of {kills}, seed {seed}: {fault}" for fault in faults]
        if attempts == ATTEMPTS:
            number, attempts = 1 - number, 0
    _say(f"kills while {', '.join(f'{what}: {times}' for what, times in during.most_common())}")
    _say(f"kills within a transaction of the warehouse: {in_writing}; runs that ended before theirs: {finished}")
    last, after = whole[-1], runs.finish(len(whole) - 1)
    faults = [
        f"the run after the kills: {table} differs"
        for table in last.months
        if after.months[table] != last.months[table]
    ]
    return faults + ([] if after.snapshot == last.snapshot else ["the snapshot after the kills"]) + runs.left_behind()


def _say(line: str) -> None:
    print(f"  {line}", flush=True)


class _Runs:
    """Backfills on one state folder, each in a fork of this process. No threads here: imports, nothing else."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.home, self.told, self.said = folder / "home", folder / "told", folder / "said"
        self.log_of_warehouse = self.home / "warehouse.duckdb.wal"
        os.environ.update({"SESSIONS_HOME": str(self.home), "POLARS_MAX_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"})
        if _in_fork(lambda: _write_logs(folder, self.home, seed)):
            raise SystemExit("no logs could be written")
        import sessions_pipeline.definitions
        import sessions_pipeline.operate  # noqa: F401

    def finish(self, number: int) -> Look:
        """An undisturbed run with settings `number`; what lies there after it. Raises SystemExit if it fails."""
        status = _in_fork(lambda: _backfill(self.home, SETTINGS[number], self.said))
        if status:
            raise SystemExit(f"an undisturbed run ended with {status}")
        return self.look()

    def killed(self, number: int, seconds: float, within_writing: float | None) -> bool:
        """A run with settings `number`, killed after `seconds`; False if it ended before.

        within_writing: the kill waits for the next transaction of the warehouse, and for so many seconds more.
        """
        self.said.write_text("reading logs")
        pid = _fork(lambda: _backfill(self.home, SETTINGS[number], self.said))
        time.sleep(seconds)
        if within_writing is not None:
            until = time.monotonic() + SECONDS_FOR_WRITING
            while not self.log_of_warehouse.exists() and _runs_still(pid) and time.monotonic() < until:
                time.sleep(0.001)
            time.sleep(within_writing)
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            if status:
                raise SystemExit(f"a run ended with {status}")
            return False
        os.killpg(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        return True

    def doing(self) -> str:
        """What the last run said that it does."""
        return self.said.read_text().split(" 2")[0]

    def faults(self, whole: list[Look]) -> list[str]:
        """Months that are of neither run, and whether the snapshot is not that of one of them."""
        seen = self.look()
        faults = [
            f"{month} of {table} is as no run makes it"
            for table in seen.months
            for month in set[str]().union(*(each.months[table] for each in (*whole, seen)))
            if seen.months[table].get(month) not in [each.months[table].get(month) for each in whole]
        ]
        return faults + ([] if seen.snapshot in [each.snapshot for each in whole] else ["the snapshot is of no run"])

    def left_behind(self) -> list[str]:
        """Half-written files after a run that ended."""
        partial = [*self.home.glob(".*.partial*"), *(self.home / "private").rglob(".*.*")]
        return [f"partial file left: {path.name}" for path in partial]

    def look(self) -> Look:
        """Opens the warehouse and the snapshot as the next run would. Raises SystemExit if that cannot be."""
        if _in_fork(lambda: self.told.write_text(json.dumps(_look(self.home)))):
            raise SystemExit("the warehouse cannot be read")
        return Look(**json.loads(self.told.read_text()))


def _write_logs(folder: Path, home: Path, seed: int) -> None:
    from sessions_pipeline.config import save_settings
    from sessions_pipeline.folders import Home
    from sessions_pipeline.simulate.logs import write_logs

    logs = write_logs(folder / "synthetic", seed=seed, sessions=SESSIONS, users=USERS, months=MONTHS).logs
    save_settings(Home(home).create().path, {"sources": [str(logs)], "users": "folder"})


def _backfill(home_path: Path, settings: dict[str, str], said: Path) -> None:
    """What `sessions-pipeline run` does, over all months. said: holds its last word. Raises if something failed."""
    from sessions_pipeline import operate
    from sessions_pipeline.config import load_settings
    from sessions_pipeline.folders import Home
    from sessions_pipeline.sessions.archive import Archive
    from sessions_pipeline.sessions.ingest import ingest

    os.environ.update(settings)
    home = Home(home_path).create()
    in_force = load_settings(home.path).settings
    operate.prepare(home)
    book = ingest(Archive(home.private), in_force).book
    outcome = operate.run(home, None, None, book, in_force.window_months, lambda line: bool(said.write_text(line)))
    if outcome.failures:
        raise RuntimeError("; ".join(outcome.failures))


def _look(home_path: Path) -> dict[str, object]:
    """The fields of a Look."""
    import duckdb

    from sessions_pipeline.schemas import TABLES
    from sessions_pipeline.snapshot import FILE, is_published
    from sessions_pipeline.warehouse import Warehouse

    with Warehouse(database=str(home_path / "warehouse.duckdb")).get_connection() as warehouse:
        months = {table: _months(warehouse, table) for table in TABLES}
    with duckdb.connect(str(home_path / FILE), read_only=True) as snapshot:
        copied = {table: _months(snapshot, table) for table in filter(is_published, TABLES)}
    return {"months": months, "snapshot": copied}


def _months(connection: duckdb.DuckDBPyConnection, table: str) -> dict[str, str]:
    """Month -> number and digest of its rows, in any order, without WALL_CLOCK, fractions to DIGITS digits."""
    columns = {str(row[0]): str(row[1]) for row in connection.execute(f"DESCRIBE {table}").fetchall()}
    said = ", ".join(
        f"""printf('%.{DIGITS}e', "{name}")""" if kind == "DOUBLE" else f'"{name}"'
        for name, kind in columns.items()
        if name not in WALL_CLOCK
    )
    rows = connection.execute(f"SELECT month, count(*), sum(hash({said})::HUGEINT) FROM {table} GROUP BY month")
    return {str(month): f"{count} {digest}" for month, count, digest in rows.fetchall()}


def _fork(work: Callable[[], object]) -> int:
    """Process id of a child, in a process group of its own, that does `work` and ends; with 1 if it raises."""
    if pid := os.fork():
        return pid
    os.setsid()
    code = 1
    try:
        work()
        code = 0
    except BaseException as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
    os._exit(code)


def _runs_still(pid: int) -> bool:
    """Whether the child has not ended; its exit status can still be asked for."""
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None


def _in_fork(work: Callable[[], object]) -> int:
    """Exit status of a child that does `work`."""
    return os.waitpid(_fork(work), 0)[1]


if __name__ == "__main__":
    found = soak(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
    print("\n".join(found), file=sys.stderr)
    sys.exit(bool(found))

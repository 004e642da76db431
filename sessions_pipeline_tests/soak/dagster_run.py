"""A backfill over all months, killed: every table is as it was before the run or as the run makes it, never between.

Runs alternate between two settings that change tables from `core.sessions` to the regressions, so that each has all of
them to replace. Each kill hits a fork that has imported everything: it costs half a run, not half a run and seconds of
imports. Runs in a process of its own, which forks and so must have no threads, on one state folder:
`python -m sessions_pipeline_tests.soak.dagster_run FOLDER KILLS SEED`.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

SESSIONS, MONTHS, USERS = 24, 2, 8
# When a file was read and a label given.
WALL_CLOCK = {"raw.session_files": ["ingested_at"], "labels.classifications": ["classified_at"]}
SETTINGS = (
    {"SESSIONS_RULE_SET": "study", "SESSIONS_MIN_USERS": "2"},
    {"SESSIONS_RULE_SET": "all_interactive", "SESSIONS_MIN_USERS": "3"},
)
# Table -> digest of its rows.
Digests = dict[str, str]


def soak(folder: Path, kills: int, seed: int) -> list[str]:
    """Kills `kills` backfills at random moments, and looks at all tables after each; what was wrong."""
    rng, runs = Random(seed), _Runs(folder, seed)
    runs.finish(1)  # from the next on, labels of both rule sets are there
    began = time.monotonic()
    whole = [runs.finish(number) for number in range(len(SETTINGS))]
    seconds = (time.monotonic() - began) / len(SETTINGS)
    changing = [table for table in whole[0] if whole[0][table] != whole[1][table]]
    print(f"  {len(changing)} of {len(whole[0])} tables change, {seconds:.1f} s a run", flush=True)
    killed = finished = 0
    while killed < kills:
        number = rng.randrange(len(SETTINGS))
        if runs.killed(number, rng.uniform(0, seconds)):
            killed += 1
            if killed % 20 == 0:
                print(f"  {killed} kills, {finished} runs that ended before theirs", flush=True)
        else:
            finished += 1
        if faults := runs.faults(whole):
            return [f"after kill {killed} of {kills}, seed {seed}: {fault}" for fault in faults]
    faults = [
        f"the run after the kills: {table} differs"
        for number, expected in enumerate(whole)
        for table, digest in runs.finish(number).items()
        if digest != expected[table]
    ]
    return faults + runs.left_behind()


class _Runs:
    """Backfills on one state folder, each in a fork of this process. No threads here: imports, nothing else."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.home, self.told = folder / "home", folder / "told"
        os.environ.update({"SESSIONS_HOME": str(self.home), "POLARS_MAX_THREADS": "2"})
        if _in_fork(lambda: _write_logs(folder, self.home, seed)):
            raise SystemExit("no logs could be written")
        import sessions_pipeline.definitions
        import sessions_pipeline.operate  # noqa: F401

    def finish(self, number: int) -> Digests:
        """An undisturbed run with settings `number`; the tables after it. Raises SystemExit if it fails."""
        status = _in_fork(lambda: _backfill(self.home, SETTINGS[number]))
        if status:
            raise SystemExit(f"an undisturbed run ended with {status}")
        return self._look()["warehouse"]

    def killed(self, number: int, seconds: float) -> bool:
        """A run with settings `number`, killed after `seconds`; False if it ended before."""
        pid = _fork(lambda: _backfill(self.home, SETTINGS[number]))
        time.sleep(seconds)
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            if status:
                raise SystemExit(f"a run ended with {status}")
            return False
        os.killpg(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        return True

    def faults(self, whole: list[Digests]) -> list[str]:
        """Tables that are of neither run, and whether the snapshot is not of one of them."""
        seen = self._look()
        states = [{table: each[table] for table in seen["snapshot"]} for each in whole]
        faults = [
            f"{table} is as no run makes it"
            for table, digest in seen["warehouse"].items()
            if digest not in {each[table] for each in whole}
        ]
        return faults + ([] if seen["snapshot"] in states else ["the snapshot is of no run"])

    def left_behind(self) -> list[str]:
        """Half-written files after a run that ended."""
        partial = [*self.home.glob(".*.partial*"), *(self.home / "private").rglob(".*.*")]
        return [f"partial file left: {path.name}" for path in partial]

    def _look(self) -> dict[str, Digests]:
        if _in_fork(lambda: self.told.write_text(json.dumps(_digests(self.home)))):
            raise SystemExit("the warehouse cannot be read")
        return json.loads(self.told.read_text())  # type: ignore[no-any-return]


def _write_logs(folder: Path, home: Path, seed: int) -> None:
    from sessions_pipeline.config import save_settings
    from sessions_pipeline.folders import Home
    from sessions_pipeline.simulate.logs import write_logs

    logs = write_logs(folder / "synthetic", seed=seed, sessions=SESSIONS, users=USERS, months=MONTHS).logs
    save_settings(Home(home).create().path, {"sources": [str(logs)], "users": "folder"})


def _backfill(home_path: Path, settings: dict[str, str]) -> None:
    """What `sessions-pipeline run` does, over all months. Raises if something failed."""
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
    outcome = operate.run(home, None, None, book, in_force.window_months, lambda line: None)
    if outcome.failures:
        raise RuntimeError("; ".join(outcome.failures))


def _digests(home_path: Path) -> dict[str, Digests]:
    """Digests of all tables of the warehouse, and of the published ones in the snapshot."""
    import duckdb

    from sessions_pipeline.schemas import TABLES
    from sessions_pipeline.snapshot import FILE, is_published
    from sessions_pipeline.warehouse import Warehouse

    warehouse = Warehouse(database=str(home_path / "warehouse.duckdb"))
    stored = {table: _digest(warehouse.read(table).drop(WALL_CLOCK.get(table, [])).iter_rows()) for table in TABLES}
    with duckdb.connect(str(home_path / FILE), read_only=True) as snapshot:
        copied = {
            table: _digest(snapshot.execute(f"SELECT * FROM {table}").fetchall())
            for table in filter(is_published, TABLES)
        }
    return {"warehouse": stored, "snapshot": copied}


def _digest(rows: object) -> str:
    return hashlib.sha256("\n".join(sorted(map(str, rows))).encode()).hexdigest()  # type: ignore[call-overload]


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


def _in_fork(work: Callable[[], object]) -> int:
    """Exit status of a child that does `work`."""
    return os.waitpid(_fork(work), 0)[1]


if __name__ == "__main__":
    found = soak(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
    print("\n".join(found), file=sys.stderr)
    sys.exit(bool(found))

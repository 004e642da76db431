"""Readers get a whole copy that tells no key, keep it while it is replaced, and never stand in the pipeline's way."""

from __future__ import annotations

import datetime as dt
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import polars as pl
import pytest

from sessions_pipeline import schemas
from sessions_pipeline.snapshot import FILE, PSEUDONYMS, write_snapshot
from sessions_pipeline.warehouse import Warehouse
from sessions_pipeline_tests.test_warehouse import filled

ROOT = Path(__file__).parents[1]
OCTOBER, NOVEMBER = dt.date(2025, 10, 1), dt.date(2025, 11, 1)
LABELS, SESSIONS, MODEL_USE = "labels.classifications", "core.sessions", "core.model_use"
FILES = "raw.session_files"
# session -> user, project
WHOSE = {"alpha": ("u-ann", "p-1"), "beta": ("u-ann", None), "gamma": ("u-ben", "p-1"), "delta": ("", "p-2")}
DIGESTS = {"log_digest": "digest-of-lines", "transcript_sha256": "digest-of-text"}


def write(warehouse: Warehouse, model: str = "opus") -> None:
    """Four sessions of two users and nobody, their labels, and the file that they come from."""
    sessions, labels, use = [], [], []
    for session, (user, project) in WHOSE.items():
        sessions.append(
            filled(SESSIONS, session_id=session, user_key=user, project_key=project, model=model, **DIGESTS)
        )
        text = DIGESTS["transcript_sha256"]
        batch = {"transcript_sha256": text, "batch_id": "batch-7", "backend": "claude", "status": "ok"}
        labels.append(filled(LABELS, session_id=session, **batch))
        use.append(filled(MODEL_USE, session_id=session, model=model))
    for table, frames in ((SESSIONS, sessions), (LABELS, labels), (MODEL_USE, use)):
        warehouse.replace_window(table, pl.concat(frames), [OCTOBER])
    warehouse.replace_window(FILES, filled(FILES, file_key="file-9", role="session"), [OCTOBER])


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the warehouse that every test begins with, and its snapshot."""
    folder = tmp_path_factory.mktemp("written")
    warehouse = Warehouse(database=str(folder / "warehouse.duckdb"))
    write(warehouse)
    assert write_snapshot(warehouse, folder)
    return folder


@pytest.fixture
def warehouse(tmp_path: Path, written: Path) -> Warehouse:
    """That warehouse beside its snapshot, which needs no writing."""
    for file in ("warehouse.duckdb", FILE):
        shutil.copy2(written / file, tmp_path)
    warehouse = Warehouse(database=str(tmp_path / "warehouse.duckdb"))
    assert not write_snapshot(warehouse, tmp_path)
    return warehouse


def ask(folder: Path, sql: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(folder / FILE), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def test_every_table_but_those_of_raw_is_there_with_its_rows_and_descriptions(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    tables = "SELECT schema_name || '.' || table_name FROM duckdb_tables() WHERE schema_name <> 'main'"
    assert {name for (name,) in ask(tmp_path, tables)} == {name for name in schemas.TABLES if name[:4] != "raw."}
    row = "SELECT month, model, lines_added, started_at FROM core.sessions LIMIT 1"
    assert ask(tmp_path, row) == [(OCTOBER, "opus", 1, dt.datetime(2026, 1, 2, 3, 4, 5, 678901))]
    said = "SELECT comment FROM duckdb_columns() WHERE table_name = 'sessions' AND column_name = 'model'"
    assert ask(tmp_path, said) == [("model of most output tokens",)]


def test_no_key_digest_or_batch_of_the_warehouse_is_in_it(warehouse: Warehouse, tmp_path: Path) -> None:
    private = {*WHOSE, "u-ann", "u-ben", "p-1", "p-2", *DIGESTS.values(), "batch-7", "file-9"}
    held: set[object] = set()
    for (table,) in ask(tmp_path, "SELECT schema_name || '.' || table_name FROM duckdb_tables()"):
        held.update(value for row in ask(tmp_path, f"FROM {table}") for value in row)
    assert "opus" in held
    assert not held & private


def test_users_and_sessions_are_counted_and_joined_as_in_the_warehouse(warehouse: Warehouse, tmp_path: Path) -> None:
    per_user = "SELECT count(*) FROM core.sessions GROUP BY user_key ORDER BY 1"
    assert ask(tmp_path, per_user) == [(1,), (1,), (2,)]
    assert ask(tmp_path, "SELECT count(*) FROM core.sessions WHERE user_key = ''") == [(1,)]
    assert ask(tmp_path, "SELECT count(*) FROM core.sessions WHERE project_key IS NULL") == [(1,)]
    joined = f"SELECT count(*) FROM {SESSIONS} JOIN {LABELS} USING (session_id) JOIN {MODEL_USE} USING (session_id)"
    assert ask(tmp_path, joined) == [(4,)]


def test_pseudonyms_are_others_in_the_next_snapshot(warehouse: Warehouse, tmp_path: Path) -> None:
    keys = f"SELECT unnest([{', '.join(PSEUDONYMS)}]) FROM core.sessions"
    before = {key for (key,) in ask(tmp_path, keys)}
    write(warehouse, model="sonnet")
    write_snapshot(warehouse, tmp_path)
    assert before & {key for (key,) in ask(tmp_path, keys)} == {"", None}


def test_what_has_not_changed_is_not_written_again(warehouse: Warehouse, tmp_path: Path) -> None:
    inode = (tmp_path / FILE).stat().st_ino
    write(warehouse)
    assert not write_snapshot(warehouse, tmp_path)
    assert (tmp_path / FILE).stat().st_ino == inode
    write(warehouse, model="sonnet")
    assert write_snapshot(warehouse, tmp_path)
    assert ask(tmp_path, "SELECT DISTINCT model FROM core.sessions") == [("sonnet",)]


def test_a_snapshot_that_cannot_be_read_is_written_again(warehouse: Warehouse, tmp_path: Path) -> None:
    (tmp_path / FILE).unlink()
    (tmp_path / FILE).write_bytes(b"no database")
    assert write_snapshot(warehouse, tmp_path)
    assert ask(tmp_path, "SELECT count(*) FROM core.sessions") == [(4,)]


def test_it_is_for_its_owner_to_read(warehouse: Warehouse, tmp_path: Path) -> None:
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o400


def test_it_stays_while_months_of_a_table_wait_to_be_made_again(
    warehouse: Warehouse, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with warehouse.get_connection() as connection:
        connection.execute(f"INSERT INTO main.months_to_remake VALUES ('staging.periods', '{OCTOBER}')")
    write(warehouse, model="sonnet")
    assert not write_snapshot(warehouse, tmp_path)
    assert ask(tmp_path, "SELECT DISTINCT model FROM core.sessions") == [("opus",)]
    assert "stays as it was until staging.periods is made again" in caplog.text


READER = """
import duckdb, sys
connection = duckdb.connect(sys.argv[1], read_only=True)
for _ in sys.stdin:
    print(connection.execute("SELECT DISTINCT model FROM core.sessions").fetchall()[0][0], flush=True)
"""


@pytest.fixture
def reader(warehouse: Warehouse, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that has the snapshot open and says, for every line it is given, which model it reads there."""
    command = [sys.executable, "-c", READER, str(tmp_path / FILE)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


def answer(reader: subprocess.Popen[str]) -> str:
    assert reader.stdin
    assert reader.stdout
    print(file=reader.stdin, flush=True)
    return reader.stdout.readline().strip()


def test_a_reader_in_another_process_keeps_what_it_opened_and_holds_nobody_up(
    warehouse: Warehouse, tmp_path: Path, reader: subprocess.Popen[str]
) -> None:
    assert answer(reader) == "opus"
    impatient = Warehouse(database=warehouse.database, wait_seconds=0)
    write(impatient, model="sonnet")
    assert write_snapshot(impatient, tmp_path)
    assert answer(reader) == "opus"
    assert ask(tmp_path, "SELECT DISTINCT model FROM core.sessions") == [("sonnet",)]


CHILD = """
import os, signal, sys
from pathlib import Path
from sessions_pipeline import snapshot, warehouse
def copy(file):
    snapshot.write_snapshot(warehouse.Warehouse(database=file), Path(file).parent)
"""
# Forks before DuckDB has threads: both kills for the price of one import.
KILLED = """
def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)
statements = list(warehouse._copy_sql({"core.sessions": ["month", "model"]}, []))
def half_way(*_):
    yield from statements[:2]
    die()
for file, name, dying in (sys.argv[1], "_copy_sql", half_way), (sys.argv[2], "_put_in_place", die):
    if not (pid := os.fork()):
        setattr(warehouse, name, dying)
        copy(file)
        os._exit(0)
    assert os.WTERMSIG(os.waitpid(pid, 0)[1]) == signal.SIGKILL, name
"""


def test_killed_the_old_one_stays_and_the_next_run_clears_up(warehouse: Warehouse, tmp_path: Path) -> None:
    write(warehouse, model="sonnet")
    folders = [tmp_path / "half way", tmp_path / "before it is renamed"]
    for folder in folders:
        folder.mkdir()
        for file in ("warehouse.duckdb", FILE):
            shutil.copy2(tmp_path / file, folder)
    files = [str(folder / "warehouse.duckdb") for folder in folders]
    done = subprocess.run([sys.executable, "-c", CHILD + KILLED, *files], cwd=ROOT, check=False)
    assert done.returncode == 0
    for folder in folders:
        assert ask(folder, "SELECT DISTINCT model FROM core.sessions") == [("opus",)]
        assert len(list(folder.glob(f".{FILE}.partial*"))) > 0
        assert write_snapshot(Warehouse(database=str(folder / "warehouse.duckdb")), folder)
        assert ask(folder, "SELECT DISTINCT model FROM core.sessions") == [("sonnet",)]
        assert {path.name for path in folder.iterdir()} == {"warehouse.duckdb", FILE}


def test_on_a_full_disk_the_old_one_stays(warehouse: Warehouse, tmp_path: Path) -> None:
    write(warehouse, model="sonnet")
    script = CHILD + ("try:\n    copy(sys.argv[1])\nexcept warehouse.WarehouseError as error:\n    print(error)")
    small = (tmp_path / FILE).stat().st_size // 2

    def small_disk() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (small, resource.RLIM_INFINITY))

    command = [sys.executable, "-c", script, warehouse.database]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, preexec_fn=small_disk, check=False)
    assert f"cannot use {tmp_path / FILE}" in done.stdout, done.stderr
    assert ask(tmp_path, "SELECT DISTINCT model FROM core.sessions") == [("opus",)]
    assert {path.name for path in tmp_path.iterdir()} == {"warehouse.duckdb", FILE}

"""A kill within a checkpoint, written out as the bytes that it leaves: no signal comes at just that moment."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from sessions_pipeline import checkpoints

PAGE = 4096
# The first block of the file, after three headers.
FIRST_BLOCK = 3 * PAGE
TABLES = 40  # with a description each: their metadata fill some pages of the block


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "warehouse.duckdb"


@pytest.fixture
def running() -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB of the kind that opens the warehouse."""
    with duckdb.connect() as connection:
        checkpoints.only_explicitly(connection)
        yield connection


def attached(running: duckdb.DuckDBPyConnection, file: Path, *statements: str) -> None:
    """Opens `file`, runs `statements`, and closes it with a checkpoint."""
    checkpoints.put_back(file)
    running.execute(f"ATTACH '{file}' AS w")
    for statement in statements:
        running.execute(statement)
    checkpoints.detach(running, "w", file)


def filled(running: duckdb.DuckDBPyConnection, file: Path) -> None:
    """A file with the number 1, whose checkpoints write its first block again."""
    described = [f"CREATE TABLE w.t{n} (i BIGINT); COMMENT ON TABLE w.t{n} IS '{'word ' * 200}'" for n in range(TABLES)]
    attached(running, file, *described, "INSERT INTO w.t0 VALUES (1)")


def killed(running: duckdb.DuckDBPyConnection, file: Path, monkeypatch: pytest.MonkeyPatch, pages: int | None) -> None:
    """Commits the number 2, and leaves what a process leaves that is killed in the checkpoint after it.

    pages: how many of the first block's had been written; None if the checkpoint was done, its end not yet noted.
    """
    folder, before = file.parent, file.parent / "before"

    def put_aside(*given: object) -> None:
        real(*given)  # type: ignore[arg-type]
        before.mkdir()
        for path in folder.glob(f"{file.name}*"):
            shutil.copy(path, before)

    real = checkpoints._put_aside
    with monkeypatch.context() as patched:
        patched.setattr(checkpoints, "_put_aside", put_aside)
        attached(running, file, "INSERT INTO w.t0 VALUES (2)")
    undo = f"{file.name}.undo"
    if pages is None:
        shutil.copy(before / undo, folder)
        return
    written = file.read_bytes()
    for path in before.iterdir():
        shutil.copy(path, folder)
    with file.open("r+b") as torn:
        torn.seek(FIRST_BLOCK)
        torn.write(written[FIRST_BLOCK : FIRST_BLOCK + pages * PAGE])


def numbers(file: Path) -> list[int]:
    """What a DuckDB that knows nothing of this finds in the file."""
    with duckdb.connect(str(file)) as connection:
        return [number for (number,) in connection.execute("SELECT i FROM t0 ORDER BY i").fetchall()]


class TestKilledInACheckpoint:
    def test_duckdb_alone_cannot_open_what_is_left(self, running, file, monkeypatch) -> None:  # type: ignore[no-untyped-def]
        """If this fails, DuckDB writes its metadata elsewhere first, and the module can go."""
        filled(running, file)
        killed(running, file, monkeypatch, pages=1)
        with pytest.raises(duckdb.Error, match="Corrupt database file: computed checksum"):
            numbers(file)

    @pytest.mark.parametrize("pages", [0, 1, 2, 5, 20, 64])
    def test_what_was_committed_is_there(self, running, file, monkeypatch, pages: int) -> None:  # type: ignore[no-untyped-def]
        filled(running, file)
        killed(running, file, monkeypatch, pages)
        checkpoints.put_back(file)
        assert numbers(file) == [1, 2]
        assert [path.name for path in file.parent.glob("*.undo*")] == []

    def test_killed_again_while_it_is_put_back(self, running, file, monkeypatch) -> None:  # type: ignore[no-untyped-def]
        filled(running, file)
        killed(running, file, monkeypatch, pages=20)
        with monkeypatch.context() as patched:
            patched.setattr("os.pwrite", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
            with pytest.raises(KeyboardInterrupt):
                checkpoints._put_back(file)
        checkpoints.put_back(file)
        assert numbers(file) == [1, 2]

    def test_a_checkpoint_that_was_done_stays(self, running, file, monkeypatch) -> None:  # type: ignore[no-untyped-def]
        filled(running, file)
        killed(running, file, monkeypatch, pages=None)
        content = file.read_bytes()
        checkpoints.put_back(file)
        assert file.read_bytes() == content
        assert numbers(file) == [1, 2]

    def test_not_while_this_process_has_the_file_open(self, running, file, monkeypatch) -> None:  # type: ignore[no-untyped-def]
        filled(running, file)
        whole = file.with_name("whole.duckdb")
        shutil.copy(file, whole)
        killed(running, file, monkeypatch, pages=20)
        undo = shutil.copy(f"{file}.undo", f"{whole}.undo")
        with duckdb.connect(str(whole)):
            checkpoints.put_back(whole)
            assert Path(undo).exists()
            script = f"import duckdb; duckdb.connect({str(whole)!r})"
            other = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
            assert "Could not set lock" in other.stderr

    def test_it_goes_on_as_if_nothing_had_been(self, running, file, monkeypatch) -> None:  # type: ignore[no-untyped-def]
        filled(running, file)
        for number in (2, 3, 4):
            killed(running, file, monkeypatch, pages=number)
            shutil.rmtree(file.parent / "before")
            attached(running, file, f"DELETE FROM w.t0 WHERE i = 2; INSERT INTO w.t0 VALUES ({10 * number})")
        assert numbers(file) == [1, 20, 30, 40]


def test_a_commit_of_any_size_makes_no_checkpoint(running: duckdb.DuckDBPyConnection, file: Path) -> None:
    attached(running, file, "CREATE TABLE w.t0 (i VARCHAR)")
    headers = file.read_bytes()[:FIRST_BLOCK]
    running.execute(f"ATTACH '{file}' AS w")
    # Each is above one of the thresholds at which DuckDB checkpoints within a commit: 16 MiB of log, a large commit.
    for _ in range(2):
        running.execute("INSERT INTO w.t0 SELECT repeat(md5(i::VARCHAR), 10) FROM range(60_000) n(i)")
    size = file.with_name(f"{file.name}.wal").stat().st_size
    checkpoints.detach(running, "w", file)
    assert size > 16 * 2**20
    assert file.read_bytes()[:FIRST_BLOCK] != headers
    assert not file.with_name(f"{file.name}.wal").exists()


class TestNewFile:
    def test_a_kill_leaves_no_half_of_it(self, running: duckdb.DuckDBPyConnection, file: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
        seen = []
        monkeypatch.setattr("os.link", lambda new, _: seen.append((Path(new).stat().st_size, file.exists())))
        checkpoints.create(running, file)
        assert seen == [(FIRST_BLOCK, False)]

    def test_one_that_is_there_stays(self, running: duckdb.DuckDBPyConnection, file: Path) -> None:
        checkpoints.create(running, file)
        attached(running, file, "CREATE TABLE w.t0 (i BIGINT)", "INSERT INTO w.t0 VALUES (7)")
        checkpoints.create(running, file)
        assert numbers(file) == [7]
        assert [path.name for path in file.parent.iterdir()] == [file.name]

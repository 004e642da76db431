"""A disk that is full and a state folder that may not be written: a message, exit code 1, and nothing that is lost."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from sessions_pipeline.config import Settings
from sessions_pipeline.sessions.archive import Archive
from sessions_pipeline.sessions.ingest import ingest
from sessions_pipeline_tests.command_line import Ended, cli, dump, process
from sessions_pipeline_tests.lines import human, write
from sessions_pipeline_tests.sessions.test_tree import bound_by_modes
from sessions_pipeline_tests.test_cli import work

TIMES_OF_THE_RUN = {"raw.session_files", "labels.classifications"}


class Disk:
    """A file system of its own, as large as it is told to be."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def mount(self, options: str) -> None:
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", self.folder], check=True, capture_output=True)

    def remount(self, options: str) -> None:
        command = ["mount", "-o", f"remount,{options}", self.folder]
        subprocess.run(command, check=True, capture_output=True)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """A disk of 400 kB. Skipped where this process may not mount one."""
    made = Disk(tmp_path / "disk")
    made.folder.mkdir()
    try:
        made.mount("size=400k")
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"a small disk cannot be mounted here: {error}")
    yield made
    subprocess.run(["umount", "--lazy", made.folder], check=True)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Logs, and the state folder of an undisturbed run on them."""
    folder = tmp_path_factory.mktemp("whole")
    for name in ("s0", "s1"):
        write(folder / "logs" / "p" / f"{name}.jsonl", *work(name, 100))
    done = cli(folder / "home", "run", "--source", str(folder / "logs"))
    assert done.returncode == 0, done.stderr
    return folder / "logs", folder / "home"


def last_line(done: Ended) -> str:
    """What a failed command ended with, which says what failed and what to do, and shows no stack."""
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    last = done.stderr.strip().splitlines()[-1]
    assert "with --home" in last
    return last


def test_an_archive_that_does_not_fit_ends_with_a_message_and_the_next_run_reads_the_rest(
    tmp_path: Path, disk: Disk
) -> None:
    for number in range(8):
        lines = [human(f"{n} " * 200, number * 100 + n, session=f"s{number}") for n in range(200)]
        write(tmp_path / "logs" / f"s{number}.jsonl", *lines)
    home = disk.folder / "home"
    said = last_line(process(home, "run", "--source", str(tmp_path / "logs")))
    assert "No space left on device" in said
    assert f"cannot write {home}/private/archive/" in said
    archive = Archive(home / "private")
    before = {header.file_key for header in archive.headers()}  # each is whole
    assert 0 < len(before) < 8
    disk.remount("size=40000k,ro")
    assert "Read-only file system" in last_line(process(home, "run"))
    disk.remount("rw")
    settings = Settings(sources=(str(tmp_path / "logs"),))
    mended = ingest(archive, settings)
    assert (mended.found, mended.read, mended.problems) == (8, 8 - len(before), ())
    # The same key of the keyed hashes, so that both know lines and sessions by the same.
    (tmp_path / "private").mkdir()
    shutil.copy(home / "private" / "secret.key", tmp_path / "private")
    undisturbed = ingest(Archive(tmp_path / "private"), settings)
    assert mended.book.sessions.sort("session").equals(undisturbed.book.sessions.sort("session"))
    assert mended.book.own.sort("file", "session").equals(undisturbed.book.own.sort("file", "session"))
    assert [path for path in home.rglob(".*") if path.name != ".gitignore"] == []


def test_a_run_that_fills_the_disk_is_made_good_by_the_next(
    whole: tuple[Path, Path], tmp_path: Path, disk: Disk
) -> None:
    """Dagster's own storage lies elsewhere, so that tables, transcripts and reports are what does not fit."""
    logs, undisturbed = whole
    disk.remount("size=2000k")  # the tables of a whole run take twice that
    home = disk.folder / "home"
    for folder in ("private", "dagster"):
        (home / folder).mkdir(parents=True)
    # The same key of the keyed hashes, so that both warehouses can hold the same rows.
    shutil.copy(undisturbed / "private" / "secret.key", home / "private")
    (home / "dagster" / "dagster.yaml").write_text(f"storage:\n  sqlite:\n    base_dir: {tmp_path}/dagster\n")
    done = process(home, "run", "--source", str(logs))
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert any("room" in line and "with --home" in line for line in done.stderr.splitlines())
    stored = dump(home) if (home / "warehouse.duckdb").exists() else {}
    expected = dump(undisturbed)
    assert {row[0] for row in stored.get("core.sessions", [])} <= {row[0] for row in expected["core.sessions"]}
    disk.remount("size=60000k")
    assert cli(home, "run").returncode == 0
    found = dump(home)
    for table in expected.keys() - TIMES_OF_THE_RUN:
        assert found[table] == expected[table], table


def bound(home: Path, *arguments: str) -> Ended:
    """The command in a process that the modes of files bind."""
    return process(home, *arguments, under=tuple(bound_by_modes()))


def test_a_state_folder_that_may_only_be_read_says_so_and_stays_as_it_is(
    whole: tuple[Path, Path], tmp_path: Path
) -> None:
    home = tmp_path / "home"
    shutil.copytree(whole[1], home)
    before = dump(home)
    home.chmod(0o555)
    assert "read-only" in last_line(bound(home, "run"))
    assert bound(home, "report").returncode == 0
    assert bound(home, "settings").returncode == 0
    home.chmod(0o755)
    assert dump(home) == before


def test_tables_or_reports_that_may_only_be_read_are_named(whole: tuple[Path, Path], tmp_path: Path) -> None:
    logs, home = tmp_path / "logs", tmp_path / "home"
    shutil.copytree(whole[0], logs)
    shutil.copytree(whole[1], home)
    before = dump(home)
    write(logs / "p" / "s9.jsonl", *work("s9", 5_000))
    (home / "warehouse.duckdb").chmod(0o444)
    tables = bound(home, "run", "--source", str(logs))
    assert f"cannot use {home}/warehouse.duckdb" in last_line(tables)
    assert dump(home) == before
    (home / "warehouse.duckdb").chmod(0o644)
    (home / "reports").chmod(0o555)
    reports = bound(home, "run")
    assert reports.returncode == 1
    assert "Traceback" not in reports.stderr
    assert f"cannot write {home}/reports/" in reports.stderr
    (home / "reports").chmod(0o755)

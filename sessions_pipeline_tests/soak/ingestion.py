"""Ingestion, killed: the real process, at random moments between its imports and its end.

A twin state folder sees the same sequence of source states undisturbed. In the end every table must be equal row for
row, except the columns of WALL_CLOCK. After each kill the warehouse is read as it was left, from a copy.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import polars as pl

from benchmarks.ingest_once import ingest_once
from sessions_pipeline.folders import Home
from sessions_pipeline.sessions.archive import Archive
from sessions_pipeline.sessions.transcripts import Transcripts
from sessions_pipeline.sessions.tree import find_log_files
from sessions_pipeline.sessions.users import user_rule
from sessions_pipeline.warehouse import Warehouse, WarehouseError
from sessions_pipeline_tests.soak.sources import ChangingLogs

ROOT = Path(__file__).resolve().parents[2]
TABLES = ("raw.session_files", "raw.rejected_lines", "core.sessions")
WALL_CLOCK = {"raw.session_files": ["ingested_at"]}  # when a file was read
KILLS_BETWEEN_CHANGES = 2


@dataclass
class Episode:
    """What one state folder went through. finished: runs that ended before their kill. faults: what was wrong."""

    kills: int = 0
    finished: int = 0
    partial_files_seen: int = 0
    changes: dict[str, int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)


def watched(folder: Path, seed: int, kills: int, sessions: int) -> Episode:
    """An episode that always comes to its end: an exception is a fault of it."""
    seen = Episode()
    try:
        episode(folder, seed, kills, sessions, seen)
    except Exception:  # whatever it is, the other state folders go on
        seen.faults.append(f"after kill {seen.kills}: {traceback.format_exc()}")
    return seen


def episode(folder: Path, seed: int, kills: int, sessions: int, seen: Episode) -> None:
    """Kills `kills` runs on one state folder while its sources change, lets one run end, and compares with the twin.

    seen: filled in. A warehouse that cannot be read after a kill ends it; `folder` has it as it was left.
    """
    rng = Random(seed)
    logs = ChangingLogs.start(folder, seed, sessions)
    killed, twin = Home(folder / "killed").create(), Home(folder / "twin").create()
    Archive(twin.private)
    # The same key of the keyed hashes, so that both can hold the same rows.
    (killed.private / "secret.key").touch(mode=0o600)
    (killed.private / "secret.key").write_bytes((twin.private / "secret.key").read_bytes())
    seconds = _undisturbed(twin, logs)
    while seen.kills < kills:
        if _killed(killed, logs, rng, seconds, seen):
            seen.kills += 1
            seen.partial_files_seen += len(partial_files(killed))
            if fault := unreadable(killed, folder / f"after_kill_{seen.kills}"):
                seen.faults.append(f"after kill {seen.kills}: {fault}")
                return
        else:
            seen.finished += 1
        if (seen.kills + seen.finished) % KILLS_BETWEEN_CHANGES == 0:
            logs.change(_is_kept(killed))
            seconds = _undisturbed(twin, logs)
    seen.changes = logs.changes
    with _start(killed, logs) as last:
        _, said = last.communicate()
    if last.returncode:
        seen.faults.append(f"the run after the kills ended with {last.returncode}: {said[-1500:]}")
    seen.faults += [*differences(killed, twin), *wrong_modes(killed)]
    seen.faults += [f"partial file left: {path.name}" for path in partial_files(killed)]


def _undisturbed(home: Home, logs: ChangingLogs) -> float:
    """The twin's run on what is there now; its seconds."""
    started = time.monotonic()
    ingest_once(home.path, logs.live)
    return time.monotonic() - started


def _start(home: Home, logs: ChangingLogs) -> subprocess.Popen[str]:
    """The ingestion in a process and a process group of its own, about to import."""
    command = [sys.executable, "-m", "benchmarks.ingest_once", "--home", str(home.path), "--source", str(logs.live)]
    return subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )


def _killed(home: Home, logs: ChangingLogs, rng: Random, seconds: float, seen: Episode) -> bool:
    """One run, killed at a random moment of `seconds` after its imports; False if it ended before.

    Every other kill hits only the process itself, as the kernel does when memory runs out: its workers go on.
    """
    alone = rng.random() < 0.5
    with _start(home, logs) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.readline()
        time.sleep(rng.uniform(0, seconds))
        if process.poll() is not None:
            if process.returncode:
                seen.faults.append(f"a run ended with {process.returncode}: {process.stderr.read()[-1500:]}")
            return False
        if alone:
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if alone and lives_on(process.pid):
            seen.faults.append("a worker of a killed run was still there after five seconds")
            os.killpg(process.pid, signal.SIGKILL)
    return True


def unreadable(home: Home, copy: Path) -> str:
    """Why a copy of the warehouse of `home` cannot be read; empty if it can.

    copy: a folder for it, which stays if it cannot be read. What is read is a copy of that: opening it changes it.
    """
    read = copy.with_name(f"{copy.name}_read")
    for folder in (copy, read):
        folder.mkdir()
        for path in home.path.glob(f"{home.warehouse.name}*"):
            if path.is_file():
                shutil.copy(path, folder)
    try:
        for table in TABLES:
            Warehouse(database=str(read / home.warehouse.name)).read(table)
    except WarehouseError as error:
        return str(error)
    finally:
        shutil.rmtree(read)
    shutil.rmtree(copy)
    return ""


def lives_on(group: int) -> bool:
    """Whether a process of the group of a killed run is still there after five seconds."""
    for _ in range(100):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return False
        time.sleep(0.05)
    return True


def _is_kept(home: Home) -> Callable[[Path], bool]:
    """Whether the archive of `home` holds a file as it is now."""
    archive = Archive(home.private)
    kept = {(header.file_key, header.bytes, header.mtime_ns) for header in archive.headers()}
    key = {
        Path(file.location): archive.file_key(file)
        for file in find_log_files([home.path.parent / "live"], user_rule("one")).files
    }

    def is_kept(path: Path) -> bool:
        stat = path.stat()
        return (key.get(path, ""), stat.st_size, stat.st_mtime_ns) in kept

    return is_kept


def differences(one: Home, other: Home) -> list[str]:
    """Tables and months of transcripts that are not equal row for row."""
    found = []
    for table in TABLES:
        try:
            rows, expected = (
                Warehouse(database=str(home.warehouse)).read(table).drop(WALL_CLOCK.get(table, [])).sort(pl.all())
                for home in (one, other)
            )
        except WarehouseError as error:  # names the file; the other state folders go on
            found.append(f"{table}: {error}")
            continue
        if not rows.equals(expected):
            found.append(f"{table}: {_difference(rows, expected)}")
    texts, expected_texts = (Transcripts(home.private) for home in (one, other))
    if texts.months() != expected_texts.months():
        found.append(f"transcripts of {texts.months()}, expected {expected_texts.months()}")
    found += [
        f"transcripts of {month:%Y-%m}: {_difference(texts.read(month), expected_texts.read(month))}"
        for month in expected_texts.months()
        if not texts.read(month).equals(expected_texts.read(month))
    ]
    return found


def _difference(rows: pl.DataFrame, expected: pl.DataFrame) -> str:
    extra, missing = (
        rows.join(expected, on=rows.columns, how="anti", nulls_equal=True),
        expected.join(rows, on=rows.columns, how="anti", nulls_equal=True),
    )
    columns = []
    if extra.height == missing.height:
        columns = [name for name in rows.columns if not extra[name].equals(missing[name])]
    return f"{rows.height} rows, not {expected.height}; {extra.height} unknown, {missing.height} missing {columns}"


def partial_files(home: Home) -> list[Path]:
    """Files under `private` that are not finished: they are written under a name that starts with a dot."""
    return sorted(path for path in home.private.rglob(".*") if path.is_file())


def wrong_modes(home: Home) -> list[str]:
    """What under `private` others than its owner could read."""
    return [
        f"{path.relative_to(home.path)} has mode {path.stat().st_mode & 0o777:o}"
        for path in (home.private, *home.private.rglob("*"))
        if path.stat().st_mode & 0o777 != (0o700 if path.is_dir() else 0o600)
    ]

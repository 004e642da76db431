"""A handful of the soak's kills, and two moments that chance seldom finds."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from sessions_pipeline.folders import Home
from sessions_pipeline_tests.lines import human, reply, text, write
from sessions_pipeline_tests.sessions.tree import read
from sessions_pipeline_tests.soak.ingestion import Episode, lives_on, partial_files, unreadable, watched, wrong_modes

SYNC = """
import os, signal, sys
from pathlib import Path
from sessions_pipeline.sessions import archive
from sessions_pipeline.sessions.tree import find_log_files
from sessions_pipeline.sessions.users import user_rule
def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)
if __name__ == "__main__":
    store, files = archive.Archive(Path(sys.argv[2])), find_log_files([sys.argv[1]], user_rule("one")).files
"""


def sync_and_die(folder: Path, how: str) -> int:
    """Syncs `folder`/logs into `folder`/private in a process group of its own until it kills itself; the group."""
    script = folder / "sync.py"
    script.write_text(SYNC + how)
    command = [sys.executable, str(script), str(folder / "logs"), str(folder / "private")]
    process = subprocess.Popen(command, start_new_session=True)
    assert process.wait() == -signal.SIGKILL
    return process.pid


def some_logs(folder: Path) -> None:
    for number in range(20):
        session = f"k{number}"
        lines = [human("go", number, session=session), reply(number, text("yes"), message=session, session=session)]
        write(folder / "logs" / f"{session}.jsonl", *lines)


def test_killed_at_random_moments_while_sources_change_no_row_differs(tmp_path: Path) -> None:
    seen = watched(tmp_path, seed=5, kills=3, sessions=5)
    assert seen.faults == []
    assert seen.kills == 3
    assert seen.changes
    assert list(tmp_path.glob("after_kill_*")) == []


def test_a_warehouse_that_cannot_be_read_is_kept_as_it_was_left(tmp_path: Path) -> None:
    home = Home(tmp_path / "killed").create()
    home.warehouse.write_bytes(b"DUCK" * 5000)
    assert "warehouse.duckdb" in unreadable(home, tmp_path / "after_kill_1")
    assert (tmp_path / "after_kill_1" / "warehouse.duckdb").read_bytes() == home.warehouse.read_bytes()


def test_an_episode_that_breaks_off_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "killed").write_text("where the state folder should be")
    seen = watched(tmp_path, seed=5, kills=3, sessions=5)
    assert isinstance(seen, Episode)
    assert [fault.splitlines()[0] for fault in seen.faults] == ["after kill 0: Traceback (most recent call last):"]


def test_what_a_killed_run_left_half_written_is_removed_by_the_next(tmp_path: Path) -> None:
    some_logs(tmp_path)
    sync_and_die(tmp_path, "    Path.replace = die\n    store.sync(files, 1790000000000)")
    home = Home(tmp_path)
    assert len(partial_files(home)) == 1
    assert read(tmp_path / "logs", tmp_path / "private").sessions.height == 20
    assert partial_files(home) == []
    (tmp_path / "private").chmod(0o700)
    assert wrong_modes(home) == []


def test_workers_end_when_their_parent_alone_is_killed(tmp_path: Path) -> None:
    some_logs(tmp_path)
    how = "    archive._PARALLEL_BYTES = 0\n    store.sync(files, 1790000000000, progress=die)"
    assert not lives_on(sync_and_die(tmp_path, how))

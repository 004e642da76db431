"""A run that is killed, and the next one that makes it good."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sessions_pipeline_tests.lines import write
from sessions_pipeline_tests.test_cli import cli, dump, work


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with logs and, in `home`, what an undisturbed run makes of them."""
    folder = tmp_path_factory.mktemp("whole")
    for number in range(6):
        session = f"k{number}"
        write(folder / "logs" / "p" / f"{session}.jsonl", *work(session, number * 100, month=number % 3))
    assert cli(folder / "home", "run", "--source", str(folder / "logs")).returncode == 0
    return folder


@pytest.mark.parametrize("seconds", [4.0, 9.0])
def test_a_run_killed_at_any_moment_is_made_good_by_the_next(whole: Path, tmp_path: Path, seconds: float) -> None:
    killed = tmp_path / "killed"
    (killed / "private").mkdir(parents=True)
    # The same key of the keyed hashes, so that both warehouses can hold the same rows.
    (killed / "private" / "secret.key").write_bytes((whole / "home" / "private" / "secret.key").read_bytes())
    command = [sys.executable, "-m", "sessions_pipeline.cli", "--home", str(killed), "run", "--source"]
    process = subprocess.Popen([*command, str(whole / "logs")], stderr=subprocess.DEVNULL, start_new_session=True)
    time.sleep(seconds)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert cli(killed, "run").returncode == 0
    expected, found = dump(whole / "home"), dump(killed)
    for table in expected.keys() - {"raw.session_files", "labels.classifications"}:  # these hold the time of the run
        assert found[table] == expected[table], table

"""A run that is killed, and the next one that makes it good. Kills at hundreds of random moments are in `soak/`."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

from sessions_pipeline_tests.command_line import clean, cli, command, dump
from sessions_pipeline_tests.lines import write
from sessions_pipeline_tests.test_cli import work


def kill_in(stage: str, home: Path, *arguments: str) -> None:
    """Starts a run, and kills it and its workers when it has said that it begins `stage` and Dagster has begun it."""
    run = subprocess.Popen(
        command(home, "run", *arguments), stderr=subprocess.PIPE, text=True, env=clean(), start_new_session=True
    )
    assert run.stderr
    with run.stderr:
        assert any(line.startswith(stage) for line in run.stderr), f"it never said {stage}"
        events = home / "dagster" / "history" / "runs"
        before = set(events.glob("*.db"))
        while not set(events.glob("*.db")) - before - {events / "index.db"} and run.poll() is None:
            time.sleep(0.02)
        time.sleep(0.3)
        os.killpg(run.pid, signal.SIGKILL)
    assert run.wait() == -signal.SIGKILL


def test_a_run_killed_while_it_counts_and_one_while_it_publishes_are_made_good_by_the_next(tmp_path: Path) -> None:
    for number in range(4):
        session = f"k{number}"
        write(tmp_path / "logs" / "p" / f"{session}.jsonl", *work(session, number * 100, month=number % 2))
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    assert cli(whole, "run", "--source", str(tmp_path / "logs")).returncode == 0
    (killed / "private").mkdir(parents=True)
    # The same key of the keyed hashes, so that both warehouses can hold the same rows.
    (killed / "private" / "secret.key").write_bytes((whole / "private" / "secret.key").read_bytes())
    for stage in ("counting", "aggregates, regressions and report"):
        kill_in(stage, killed, "--source", str(tmp_path / "logs"))
    assert cli(killed, "run").returncode == 0
    expected, found = dump(whole), dump(killed)
    for table in expected.keys() - {"raw.session_files", "labels.classifications"}:  # these hold the time of the run
        assert found[table] == expected[table], table

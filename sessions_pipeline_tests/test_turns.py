"""Runs on one state folder take turns, with real processes."""

from __future__ import annotations

import logging
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sessions_pipeline.turns import turn

HOLDER = """
import sys, time
from pathlib import Path
from sessions_pipeline.turns import turn
with turn(Path(sys.argv[1]), "run 1234 of job month"):
    print("held", flush=True)
    sys.stdin.readline()
"""


def holder(folder: Path) -> subprocess.Popen[str]:
    """A process that has its turn."""
    command = [sys.executable, "-c", HOLDER, str(folder)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    assert process.stdout.readline() == "held\n"
    return process


def test_who_waits_says_for_whom_and_goes_on_when_the_other_ends(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with holder(tmp_path) as other:

        class Ends(logging.Handler):
            """Lets the other end once it is waited for."""

            def emit(self, record: logging.LogRecord) -> None:
                assert other.stdin
                other.stdin.write("\n")
                other.stdin.flush()

        logger = logging.getLogger("sessions_pipeline.turns")
        handler = Ends()
        logger.addHandler(handler)
        try:
            with turn(tmp_path, "the command line"):
                assert other.wait(timeout=30) == 0
        finally:
            logger.removeHandler(handler)
    assert f"waiting for run 1234 of job month (process {other.pid})" in caplog.text


def test_the_turn_of_a_killed_process_is_over(tmp_path: Path) -> None:
    with holder(tmp_path) as other:
        other.send_signal(signal.SIGKILL)
        other.wait(timeout=30)
    with turn(tmp_path, "the command line"):
        assert "the command line" in (tmp_path / "run.lock").read_text()

"""Processes that label are killed at random moments; the ledger tells what that cost. More in `soak/labels.py`."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest


@pytest.mark.parametrize(("mode", "kills", "again"), [("batch", 4, 0), ("direct", 3, 3 * 4)])
def test_every_request_is_answered_and_billed_once_whenever_the_process_dies(mode: str, kills: int, again: int) -> None:
    """Direct calls that were under way, at most four at a time, are the only ones that may be billed again."""
    # A process of its own, without threads, because it forks.
    command = [sys.executable, "-m", "sessions_pipeline_tests.soak.labels", "--kills", str(kills), "--mode", mode]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    told = re.search(r"(\d+) kills .* (\d+) requests, (\d+) billed, (\d+) of them again, (\d+) missing", done.stdout)
    assert told, done.stderr
    killed, requests, billed, billed_again, missing = map(int, told.groups())
    assert (killed, missing, billed) == (kills, 0, requests)
    assert billed_again <= again
    assert done.returncode == 0

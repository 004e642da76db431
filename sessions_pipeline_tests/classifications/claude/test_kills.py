"""Processes that label are killed at random moments; the ledger tells what that cost. More in `soak/labels.py`."""

from __future__ import annotations

from pathlib import Path

import pytest

from sessions_pipeline.config import Settings
from sessions_pipeline_tests.soak.labels import killed


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ANTHROPIC_BASE_URL", "ANTHROPIC_API_KEY"):
        monkeypatch.setenv(name, "")


def test_in_batches_every_request_is_billed_once_whenever_the_process_dies(tmp_path: Path) -> None:
    tally = killed(tmp_path, kills=8, mode="batch", seed=1)
    assert tally.kills == 8
    assert tally.missing == 0
    assert tally.billed_again == 0


def test_direct_calls_can_be_billed_again_only_while_they_are_under_way(tmp_path: Path) -> None:
    tally = killed(tmp_path, kills=3, mode="direct", seed=1)
    assert tally.kills == 3
    assert tally.missing == 0
    assert tally.billed_again <= 3 * Settings().direct_requests

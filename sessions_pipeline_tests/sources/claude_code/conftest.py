"""Fixtures of the tests of Claude Code's logs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sessions_pipeline_tests.lines import write
from sessions_pipeline_tests.sessions.tree import Read, read


@pytest.fixture
def one_file(tmp_path: Path) -> Any:
    """Reads these lines as the only log file."""

    def build(*lines: dict[str, Any] | bytes) -> Read:
        write(tmp_path / "logs" / "-srv-app" / "s1.jsonl", *lines)
        return read(tmp_path / "logs", tmp_path / "private")

    return build

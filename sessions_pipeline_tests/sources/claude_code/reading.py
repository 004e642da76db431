"""Reads lines as one log file of Claude Code, without the archive."""

from __future__ import annotations

from typing import Any

from sessions_pipeline.sources import claude_code
from sessions_pipeline.sources.model import FileContents
from sessions_pipeline_tests.lines import START, encode


def entries(*lines: dict[str, Any] | bytes) -> FileContents:
    """What the reader finds in these lines; keyed hashes are readable."""
    return claude_code.read(encode(*lines), key=lambda value: f"key of {value}", written_ms=START + 10**9)

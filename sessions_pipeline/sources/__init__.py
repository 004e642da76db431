"""Log formats: one module each, all yielding the session model of `model.py`.

To add one, write a module with `recognises` and `read` as in `codex`, and put it in `formats`. Entire checkpoints need
none: each holds the agent's own transcript from the session's start, and lines that repeat are known by their keys.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from pathlib import PurePath
from types import ModuleType

from sessions_pipeline.sources.model import FileContents, Rejected

_HEAD_BYTES = 4096
# Gemini CLI wrote its chats as one JSON object until 2026; any other `.json` is no log. Codex packs old rollouts.
_LOG_NAMES = re.compile(r".*\.jsonl|session-\d{4}-\d\d-\d\dT[\w-]+\.json|rollout-.*\.jsonl\.zst", re.DOTALL)


@cache
def formats() -> tuple[ModuleType, ...]:
    """Asked in this order; what none of them recognises is read as Claude Code's.

    Imported with the first file that is read: most runs read none, and their patterns take 50 ms to compile.
    """
    from sessions_pipeline.sources import codex, gemini

    return codex, gemini


def is_log_name(name: str) -> bool:
    """Whether a file of this name may hold sessions."""
    return _LOG_NAMES.fullmatch(name) is not None


def read(data: bytes, *, path: PurePath, key: Callable[[str], str], written_ms: int) -> FileContents:
    """Everything one log file holds, by the first format that recognises it.

    data: the file's bytes. path: where it lies. key: keyed hash for paths and addresses, so that none is kept in clear.
    written_ms: when the file was last changed, milliseconds since 1970.
    """
    from sessions_pipeline.sources.compressed import unpacked

    data, path, problem = unpacked(data, path)
    contents = _read_plain(data, path, key, written_ms)
    if problem:
        contents.rejected.insert(0, Rejected(0, problem))
    return contents


def _read_plain(data: bytes, path: PurePath, key: Callable[[str], str], written_ms: int) -> FileContents:
    from sessions_pipeline.sources import claude_code

    head = data[:_HEAD_BYTES]
    for source in formats():
        if source.recognises(path.name, head):
            contents: FileContents = source.read(data, path=path, key=key, written_ms=written_ms)
            return contents
    return claude_code.read(data, key=key, written_ms=written_ms)

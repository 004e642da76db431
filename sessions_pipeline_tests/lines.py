"""Builds lines of Claude Code logs for tests: each function returns one line as a dict."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

START = 1_760_000_400_000  # 2025-10-09T09:00:00Z
_IDS = itertools.count(1)


def moment(seconds: float) -> str:
    """ISO time `seconds` after START."""
    import datetime as dt

    return (
        dt.datetime.fromtimestamp(START / 1000 + seconds, dt.UTC)
        .isoformat(timespec="milliseconds")
        .replace("+00:00", "Z")
    )


def line(kind: str, at: float, session: str = "s1", **keys: Any) -> dict[str, Any]:
    """A line with the keys that every line of a session has."""
    base = {
        "type": kind,
        "uuid": f"u{next(_IDS)}",
        "parentUuid": None,
        "sessionId": session,
        "timestamp": moment(at),
        "isSidechain": False,
        "cwd": "/srv/app",
        "version": "2.1.80",
        "entrypoint": "cli",
    }
    return {**base, **keys}


def human(text: object, at: float, **keys: Any) -> dict[str, Any]:
    """A user line with these words (a string, or a list of blocks)."""
    return line("user", at, **{"message": {"role": "user", "content": text}, **keys})


def reply(
    at: float,
    *blocks: dict[str, Any],
    message: str = "m1",
    usage: dict[str, Any] | None = None,
    model: str = "claude-sonnet-4-6",
    **keys: Any,
) -> dict[str, Any]:
    """A line of an API response."""
    used = {"input_tokens": 10, "output_tokens": 20} if usage is None else usage
    body = {"id": message, "role": "assistant", "model": model, "content": list(blocks), "usage": used}
    return line("assistant", at, **{"message": body, "requestId": f"r-{message}", **keys})


def text(words: str) -> dict[str, Any]:
    """A text block."""
    return {"type": "text", "text": words}


def call(name: str, call_id: str, **given: Any) -> dict[str, Any]:
    """A tool_use block."""
    return {"type": "tool_use", "id": call_id, "name": name, "input": given}


def result(call_id: str, at: float, output: object = "", detail: object = None, **keys: Any) -> dict[str, Any]:
    """A user line that carries a tool's result."""
    error = {"is_error": keys.pop("is_error")} if "is_error" in keys else {}
    block = {"type": "tool_result", "tool_use_id": call_id, "content": output, **error}
    extra = {} if detail is None else {"toolUseResult": detail}
    return line("user", at, **{"message": {"role": "user", "content": [block]}, **extra, **keys})


def encode(*lines: dict[str, Any] | bytes) -> bytes:
    """Lines as a file's bytes; bytes stand for themselves."""
    return b"".join(
        (item if isinstance(item, bytes) else json.dumps(item, ensure_ascii=False, separators=(",", ":")).encode())
        + b"\n"
        for item in lines
    )


def write(path: Path, *lines: dict[str, Any] | bytes) -> Path:
    """Writes a log file, folders included."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encode(*lines))
    return path

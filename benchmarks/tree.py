"""Makes a large tree of Claude Code logs out of a small one: copies that share no id with each other.

Every session, line, message, request, tool call and agent gets another id in each copy, in the lines and in the names
of files and folders alike: so a copy hangs together as its original does, and no reader may take it for a repeat.
Times, words and token counts stay: n copies hold n times the tokens, in the same months.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath

from sessions_pipeline.sources import formats

_UUID = rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_ID_KEYS = (
    rb"uuid|sessionId|session_id|agentId|requestId|messageId|promptId|tool_use_id|toolUseI[Dd]|parentToolUseID|"
    rb"sourceToolUseID|sourceToolAssistantUUID|parentUuid|logicalParentUuid|leafUuid|parentSessionId|parentLastUuid"
)
# A short `id` is a person's or a tool's own, such as the number of a to-do.
_ID = re.compile(rb'("(?:' + _ID_KEYS + rb')": ?"[^"\\]{1,200}"|"id": ?"[^"\\]{7,80}"|' + _UUID + rb")")
_ONLY_UUID = re.compile(_UUID)
_AGENT_FILE = re.compile(rb"agent-(.+)\.jsonl")


@dataclass(frozen=True)
class Tree:
    """What was written. folder: holds `projects`, as ~/.claude does."""

    folder: Path
    files: int
    bytes: int
    copies: int


def source_files(source: Path) -> list[Path]:
    """Claude Code's log files under `source`, ordered by path. Other formats are left out: the peer reads no others."""
    found = []
    for path in sorted(source.rglob("*.jsonl")):
        if path.is_file() and path.stat().st_size:
            with path.open("rb") as stream:
                head = stream.read(4096)
            if not any(form.recognises(path.name, head) for form in formats()):
                found.append(path)
    return found


def copies_needed(source: Path, least_bytes: int) -> int:
    """How many copies of `source` have at least `least_bytes`. Raises ValueError if it holds no logs."""
    size = sum(path.stat().st_size for path in source_files(source))
    if not size:
        raise ValueError(f"{source} holds no Claude Code logs (*.jsonl)")
    return -(-least_bytes // size)


def replicate(source: Path, folder: Path, copies: int) -> Tree:
    """Writes `copies` copies of the logs under `source` below `folder`/projects."""
    files = written = 0
    for path in source_files(source):
        # Ids are found once; each copy then only joins the pieces anew.
        pieces = _ID.split(path.read_bytes())
        place = path.relative_to(source)
        ids = set(pieces[1::2])
        for copy in range(copies):
            renamed = {token: _renamed(token, copy) for token in ids}
            pieces_of_copy = list(pieces)
            pieces_of_copy[1::2] = [renamed[token] for token in pieces[1::2]]
            target = folder / "projects" / f"copy{copy:03d}" / _renamed_place(place, copy)
            target.parent.mkdir(parents=True, exist_ok=True)
            written += target.write_bytes(b"".join(pieces_of_copy))
            files += 1
    return Tree(folder, files, written, copies)


def _renamed(token: bytes, copy: int) -> bytes:
    """`token` (an id, or `"key":"id"`) with the id that it has in `copy`."""
    if not token.startswith(b'"'):
        return _new_id(token, copy)
    start = token.rindex(b'"', 0, -1) + 1
    return token[:start] + _new_id(token[start:-1], copy) + b'"'


def _new_id(old: bytes, copy: int) -> bytes:
    """One to one within a copy: a UUID stays one, its first 32 bits flipped by the copy's mask; others get a tail."""
    if not _ONLY_UUID.fullmatch(old):
        return b"%sc%03d" % (old, copy)
    mask = int.from_bytes(hashlib.blake2b(b"%d" % copy, digest_size=4).digest(), "big")
    return b"%08x" % (int(old[:8], 16) ^ mask) + old[8:]


def _renamed_place(place: PurePath, copy: int) -> PurePath:
    """Path of a file in `copy`. Hidden folders become visible, so that no reader passes them by."""
    return PurePath(*(_renamed_part(part, copy) for part in place.parts))


def _renamed_part(part: str, copy: int) -> str:
    name = part.encode(errors="surrogateescape")
    if agent := _AGENT_FILE.fullmatch(name):
        name = b"agent-" + _new_id(agent[1], copy) + b".jsonl"
    else:
        name = _ONLY_UUID.sub(lambda match: _new_id(match[0], copy), name)
    if name.startswith(b"."):
        name = b"_" + name[1:]
    return name.decode(errors="surrogateescape")


def log_paths(tree: Path) -> Iterator[Path]:
    """All log files of a tree, ordered by path."""
    yield from sorted(tree.rglob("*.jsonl"))

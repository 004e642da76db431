"""Counts lines added and removed in diffs: unified diffs, and the patches that Codex's `apply_patch` takes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

_FILE = re.compile(r"\*\*\* (Add|Update|Delete) File: (.+)")
_BLOCK = re.compile(r"^\*\*\* Begin Patch\s*$(.*?)(?:^\*\*\* End Patch|\Z)", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class FilePatch:
    """Lines added and removed in one file; path: as the patch has it."""

    path: str
    added: int
    removed: int


def unified_lines(diff: str) -> tuple[int, int]:
    """Lines added and removed in a unified diff of one file: prefixes `+` and `-` from the first hunk on."""
    lines = diff.split("\n")
    start = next((index for index, line in enumerate(lines) if line.startswith("@@")), len(lines))
    return _prefixed(lines[start:])


def patched_files(text: str) -> list[FilePatch]:
    """What the `*** Begin Patch` blocks in `text` change, file by file.

    A deleted file counts as changed with no lines: its content is not in the patch.
    """
    found = []
    for block in _BLOCK.findall(text):
        path, lines = "", list[str]()
        for line in block.split("\n"):
            if match := _FILE.match(line):
                if path:
                    found.append(FilePatch(path, *_prefixed(lines)))
                path, lines = match.group(2).strip(), []
            else:
                lines.append(line)
        if path:
            found.append(FilePatch(path, *_prefixed(lines)))
    return found


def _prefixed(lines: Iterable[str]) -> tuple[int, int]:
    added = removed = 0
    for line in lines:
        added += line.startswith("+")
        removed += line.startswith("-")
    return added, removed

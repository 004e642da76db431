"""Adds up sessions whose entries lie in the archive: what a worker process does, many sessions at a time."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

import msgspec
from xxhash import xxh3_64_hexdigest

from sessions_pipeline.sessions.archive import VERSION, Archive
from sessions_pipeline.sessions.assemble import OwnEntry, assemble
from sessions_pipeline.sessions.eligibility import exclusion
from sessions_pipeline.sources.model import FileContents

# Sub-agents of one session lie in files of their own; sessions that follow share at most these.
_FILES_IN_MEMORY = 4
_DECIDING = ("add_up.py", "assemble.py", "eligibility.py", "transcript.py", "prices.py", "prices.csv")


class Told(NamedTuple):
    """A line (key of its file, position) whose tokens are those that another line tells: see `ownership`."""

    file_key: str
    position: int
    by_file_key: str
    by_position: int


class Located(NamedTuple):
    """Where a session lies: whose it is; key of each file that holds entries of it, and their positions there."""

    user_key: str
    # Not lists: those of a month's sessions wait for the workers, and a number takes nine times the room in one.
    parts: list[tuple[str, array[int]]]
    told: list[Told]


class Way(NamedTuple):
    """The settings that decide what a session's row and transcript look like."""

    rule_set: str
    turn_chars: int
    transcript_chars: int

    def digest(self) -> str:
        """Changes with the settings, the price list, and the code that adds up."""
        return xxh3_64_hexdigest(f"{VERSION} {self} {_code()}".encode())


class Summed(NamedTuple):
    """row: columns of `core.sessions` without `log_digest`. model_use: rows of `core.model_use`.

    text: transcript and opening in UTF-8, which take a quarter of the memory that they take as `str`; None if not
    eligible or its text was purged.
    """

    row: dict[str, object]
    model_use: list[dict[str, object]]
    text: tuple[bytes, bytes] | None
    purged: bool


def add_up(private: Path, sessions: Sequence[Located], way: Way) -> list[Summed]:
    """These sessions, in their order. private: the owner-only folder that holds the archive."""
    contents = lru_cache(maxsize=_FILES_IN_MEMORY)(Archive(private).contents)
    return [_sum(_entries(session, contents), session.user_key, way) for session in sessions]


def _entries(session: Located, contents: Callable[[str], FileContents]) -> list[OwnEntry]:
    found: list[OwnEntry] = []
    told = {(line.file_key, line.position): line for line in session.told}
    for key, positions in session.parts:
        held = contents(key)
        entries, contexts, harness = held.entries, held.contexts, held.harness
        opened = min(entries[position].at for position in positions)
        for position in positions:
            entry = entries[position]
            if told and (line := told.get((key, position))):
                usage = contents(line.by_file_key).entries[line.by_position].usage
                entry = msgspec.structs.replace(entry, usage=usage)
            found.append((entry.at, opened, entry.line, entry.key, len(found), entry, contexts[entry.context], harness))
    return found


def _sum(own: list[OwnEntry], user_key: str, way: Way) -> Summed:
    session = assemble(own, user_key, way.turn_chars, way.transcript_chars)
    rule = exclusion(session.row, way.rule_set)
    row = {**session.row, "is_eligible": rule is None, "exclusion": rule}
    purged = any(item[-3].purged for item in own)
    text = (session.transcript.text.encode(), session.opening.encode()) if rule is None and not purged else None
    return Summed(row, session.model_use, text, purged)


@cache
def _code() -> str:
    """Digest of the files that decide what a row says."""
    here = files("sessions_pipeline.sessions")
    return xxh3_64_hexdigest(b"\0".join(here.joinpath(name).read_bytes() for name in _DECIDING))

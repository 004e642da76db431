"""Remembers where each archived log file lay, so that users follow a changed rule where the file itself is gone.

One file in the owner-only archive: file key -> place (path within its source), and whether it was there when the
sources were last looked at. It is the only thing of an archived file that is kept in clear: patterns cannot be matched
with a hash. Which of two users a session gets is decided in `build`.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

import msgspec

from sessions_pipeline.sessions.archive import Archive, write_atomically
from sessions_pipeline.sessions.tree import LogFile
from sessions_pipeline.sessions.users import UserRule


class Place(msgspec.Struct, frozen=True, array_like=True):
    """Path within the source, as bytes because a name need not be UTF-8; there: seen at the last look."""

    path: bytes
    there: bool


def places(archive: Archive) -> dict[str, Place]:
    """Place by file key; of files that were archived and never seen since, nothing is known."""
    file = archive.folder / "places"
    return msgspec.msgpack.decode(file.read_bytes(), type=dict[str, Place]) if file.exists() else {}


def remember(archive: Archive, files: Sequence[LogFile]) -> dict[str, Place]:
    """Notes that `files` are there now and all others are not; all places."""
    before = places(archive)
    there = {archive.file_key(file): Place(os.fsencode(file.place), True) for file in files}
    now = {key: Place(place.path, False) for key, place in before.items() if key not in there} | there
    if now != before:
        write_atomically(archive.folder / "places", msgspec.msgpack.encode(now))
    return now


def follow_users(archive: Archive, known: dict[str, Place], user_of: UserRule) -> None:
    """Gives archived files of known place the user that the rule now names, without reading the logs again.

    Interrupted half way, the next call does the rest.
    """
    for header in archive.headers():
        place = known.get(header.file_key)
        if place is None:
            continue
        user_key = archive.user_key(user_of(os.fsdecode(place.path)) or "")
        if user_key != header.user_key:
            changed = msgspec.structs.replace(header, user_key=user_key)
            archive.rewrite(changed, archive.contents(header.file_key))

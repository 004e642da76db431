"""Headers and indexes of all files of the archive in one file, so that a run need not open each of them.

Only a cache: every part names the state of the file that it was read from, and counts as long as that file has it.
What is missing or stale is read from the archive's file itself; a cache that is lost, damaged or of another version
costs the time to open them all. Several processes may write it: each writes what it saw, whole.
"""

from __future__ import annotations

import contextlib
import struct
from array import array
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

import msgspec

from sessions_pipeline.folders import StoreError

Header = TypeVar("Header")
# Inode, time of the last change (nanoseconds) and size of a file of the archive. Each write is a new inode.
State = tuple[int, int, int]
# Length of the heads, which stand between the records and this, and how the archive packs its files.
_END = struct.Struct("<Q4s4s")
_MAGIC = b"SPH1"


class Head(NamedTuple, Generic[Header]):
    """What a file of the archive says of itself. records: one per entry, as the archive packs them."""

    state: State
    header: Header
    records: bytes | memoryview


class Heads(Generic[Header]):
    """The headers and indexes of the archive's files, read from the cache `file` or from the files themselves.

    kind: type of a header. form: four bytes that change with how the archive packs its files. read: header and index
    of the archive's file at a path. write: replaces a file at once.
    """

    def __init__(
        self,
        file: Path,
        kind: type[Header],
        form: bytes,
        read: Callable[[str], tuple[Header, bytes]],
        write: Callable[[Path, bytes | bytearray], None],
    ) -> None:
        self.file, self.form, self.read, self.write = file, form, read, write
        self._decoder = msgspec.msgpack.Decoder(list[tuple[str, State, kind, int]])  # type: ignore[valid-type]
        # Path -> what was read of it; None: the cache was not looked at. What the cache has: path -> state.
        self._known: dict[str, Head[Header]] | None = None
        self._cached: dict[str, State] = {}

    def headers(self, files: Sequence[tuple[str, State]]) -> list[Header]:
        """Headers of `files` (path and state of each), in their order."""
        known = self._held()
        found = {path: self._head(known, path, state) for path, state in files}
        self._known = found
        return [head.header for head in found.values()]

    def index(self, files: Sequence[tuple[str, State]]) -> tuple[list[Header], bytearray]:
        """Headers of `files`, and their records one after another. Brings the cache up to date.

        Nothing is held from then on: a run has much else to hold.
        """
        known, self._known = self._held(), None
        records, headers, lengths = bytearray(), list[Header](), array("Q")
        for path, state in files:
            head = self._head(known, path, state)
            # Each part is let go once it is added: the index of a large archive is not held twice.
            known.pop(path, None)
            # Apart from each other: what lies between objects that stay leaves holes in the memory when it goes.
            headers.append(head.header)
            lengths.append(len(head.records))
            records += head.records
        if self._cached != dict(files):
            end = len(records)
            places = zip(files, headers, lengths, strict=True)
            heads = msgspec.msgpack.encode([(*file, header, length) for file, header, length in places])
            records += heads + _END.pack(len(heads), _MAGIC, self.form)
            # A state folder that cannot be written can still be read.
            with contextlib.suppress(StoreError):
                self.write(self.file, records)
            del records[end:]
        self._cached = {}
        return headers, records

    def _head(self, known: dict[str, Head[Header]], path: str, state: State) -> Head[Header]:
        head = known.get(path)
        return head if head and head.state == state else Head(state, *self.read(path))

    def _held(self) -> dict[str, Head[Header]]:
        """What is held, or else what the cache has; empty where it cannot be used."""
        if self._known is not None:
            return self._known
        self._cached = {}
        try:
            data = self.file.read_bytes()
            length, magic, form = _END.unpack_from(data, len(data) - _END.size)
            listed = self._decoder.decode(memoryview(data)[-_END.size - length : -_END.size])
        except (OSError, struct.error, msgspec.MsgspecError):
            return {}
        of_records = sum(bytes_ for *_, bytes_ in listed)
        if (magic, form, of_records) != (_MAGIC, self.form, len(data) - _END.size - length):
            return {}
        found, start, view = {}, 0, memoryview(data)
        for path, state, header, bytes_ in listed:
            found[path] = Head(state, header, view[start : start + bytes_])
            start += bytes_
        self._cached = {path: head.state for path, head in found.items()}
        return found

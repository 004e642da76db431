"""Checkpoints of a DuckDB file that survive a kill at any byte, and making such a file whole or not at all.

At a checkpoint DuckDB writes its log into the file: what it changes goes to free blocks, then comes the header that
names them. A kill before the header leaves the file as it was. Except the blocks of metadata that have room left: these
DuckDB 2.0 writes again where they are, 256 KiB with one checksum. A kill or a power cut within that leaves a block that
is partly old and partly new, and no DuckDB opens the file again: "Corrupt database file: computed checksum ... does not
match". That is rare (once in 760 kills of the ingestion; of DuckDB alone that did nothing else, at the 562nd), and it
costs the whole file. So these blocks (two in a file of 60 MB) are put aside before a checkpoint, and put back if it did
not come to its end. What was committed is in the log beside the file until then.

All that is known here of the file's layout is in https://duckdb.org/docs/stable/internals/storage
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import secrets
import struct
import subprocess
import sys
from pathlib import Path
from typing import BinaryIO

import duckdb

# Three headers of 4 KiB; the two last take turns, and each checkpoint changes one. Blocks follow.
_HEADERS = 3 * 4096
# The length of a block, before each that was put aside: its place.
_LENGTH, _PLACE = struct.Struct("<q"), struct.Struct("<q")
_NO_CHECKPOINTS = (
    "PRAGMA disable_checkpoint_on_shutdown",
    "SET checkpoint_on_detach = 'DISABLED'",
    "SET checkpoint_threshold = '1000000GB'",
    f"SET auto_checkpoint_skip_wal_threshold = {2**62}",
)


def only_explicitly(connection: duckdb.DuckDBPyConnection) -> None:
    """Has a DuckDB that was just started make no checkpoint by itself, so that each is made by `detach`."""
    for statement in _NO_CHECKPOINTS:
        connection.execute(statement)


def create(connection: duckdb.DuckDBPyConnection, file: Path) -> None:
    """Makes the empty DuckDB file `file` unless it is there. Half of its headers would be refused for ever."""
    if file.exists():
        return
    new = file.with_name(f"{file.name}.{secrets.token_hex(4)}.new")
    try:
        connection.execute(f"ATTACH {literal(str(new))} AS new_file (TYPE duckdb)")
        connection.execute("DETACH new_file")
        # Without a link (some network shares have none) DuckDB makes the file where it belongs.
        with contextlib.suppress(OSError):
            os.link(new, file)  # refused if another process was faster
    finally:
        new.unlink(missing_ok=True)


def detach(connection: duckdb.DuckDBPyConnection, catalog: str, file: Path) -> None:
    """Writes the log of `file`, attached as `catalog`, into the file if there is a log, and detaches it.

    Raises duckdb.Error or OSError if that cannot be done: what was committed is then in the log, as it was before.
    """
    log = file.with_name(f"{file.name}.wal")
    if not (log.exists() and log.stat().st_size):
        connection.execute(f"DETACH {catalog}")
        return
    # Open until it is detached: locks of POSIX are a process's, and DuckDB's would end with any closing of the file.
    with file.open("rb") as opened:
        try:
            _put_aside(connection, catalog, file, opened)
            connection.execute(f"CHECKPOINT {catalog}")
            # While nobody else can open the file: the next who checkpoints puts aside its own.
            _aside(file).unlink()
        finally:
            connection.execute(f"DETACH {catalog}")


def put_back(file: Path) -> None:
    """Undoes the checkpoint of a process that was killed within it; call it before `file` is opened.

    Nothing is written where that checkpoint came to its end, or while a process, this one too, holds the file.
    Raises OSError if the blocks cannot be written.
    """
    if not _aside(file).exists():
        return
    # In a process of its own: to close the file in this one would end the locks of all that has it open here.
    command = [sys.executable, "-P", __file__, str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        reason = done.stderr.strip().splitlines()[-1:] or ["it ended without a word"]
        raise OSError(errno.EIO, f"what {_aside(file).name} holds cannot be put back: {reason[0]}")


def _put_back(file: Path) -> None:
    with file.open("r+b") as opened:
        try:
            fcntl.lockf(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)  # the lock that DuckDB takes
        except OSError as error:
            if error.errno in (errno.EACCES, errno.EAGAIN):
                return
            raise
        # It may be gone by now: another process did this, or was still alive and came to its end.
        with contextlib.suppress(FileNotFoundError):
            kept = _aside(file).read_bytes()
            if kept[:_HEADERS] == opened.read(_HEADERS):
                _write_blocks(opened.fileno(), kept)
            _aside(file).unlink()


def _aside(file: Path) -> Path:
    return file.with_name(f"{file.name}.undo")


def _put_aside(connection: duckdb.DuckDBPyConnection, catalog: str, file: Path, opened: BinaryIO) -> None:
    """Copies headers and blocks of metadata to a file beside `file`, whole and on the disk before it has its name."""
    block_bytes = connection.execute(
        "SELECT block_size FROM pragma_database_size() WHERE database_name = $catalog", {"catalog": catalog}
    ).fetchall()[0][0]
    numbers = connection.execute("SELECT block_id FROM pragma_metadata_info($name)", {"name": catalog}).fetchall()
    partial = file.with_name(f"{file.name}.undo.partial")
    with partial.open("wb") as aside:
        aside.write(opened.read(_HEADERS))
        aside.write(_LENGTH.pack(block_bytes))
        for (number,) in numbers:
            place = _HEADERS + number * block_bytes
            opened.seek(place)
            block = opened.read(block_bytes)
            if len(block) == block_bytes:  # else it is new, and no header names it
                aside.write(_PLACE.pack(place) + block)
        aside.flush()
        os.fsync(aside.fileno())
    partial.replace(_aside(file))
    flush(file.parent)


def _write_blocks(descriptor: int, kept: bytes) -> None:
    """Writes the blocks that `_put_aside` copied to where they were."""
    (block_bytes,) = _LENGTH.unpack_from(kept, _HEADERS)
    at = _HEADERS + _LENGTH.size
    while at < len(kept):
        (place,) = _PLACE.unpack_from(kept, at)
        at += _PLACE.size
        os.pwrite(descriptor, kept[at : at + block_bytes], place)
        at += block_bytes
    os.fsync(descriptor)


def flush(path: Path) -> None:
    """Has the operating system write a file, or the names in a folder, to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def literal(text: str) -> str:
    """`text` as SQL has it."""
    return "'" + text.replace("'", "''") + "'"


if __name__ == "__main__":
    _put_back(Path(sys.argv[1]))

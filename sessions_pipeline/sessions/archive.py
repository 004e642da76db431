"""Keeps what was read from every log file, so that nothing is lost when agents delete or rewrite their logs.

One file per log file under `private/archive/`: a header, an index of its entries, and the entries (redacted). Each
write is a rename, so an interrupted run leaves only whole files behind.

What is known of a log file never shrinks:
- one that did not change is not read again;
- one that changed is read again: its lines take the place of what was known of the same lines of the same session, and
  lines that it no longer holds are kept. So a file that has grown replaces; one that shrank, was emptied, went back to
  an earlier state, or was rewritten by a compaction or under another session id loses nothing;
- one that is gone, or cannot be read, stays as it was; if it lies elsewhere now, it is another file with the same
  lines, and `ownership` counts each line once.
"""

from __future__ import annotations

import hmac
import os
import re
import secrets
import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

import msgspec
from xxhash import xxh3_64_intdigest, xxh3_128_hexdigest

from sessions_pipeline.folders import StoreError, unwritable
from sessions_pipeline.sessions.heads import Heads, State
from sessions_pipeline.sessions.processes import workers
from sessions_pipeline.sessions.tree import LogFile, read_log_file
from sessions_pipeline.sources.model import Entry, FileContents, Rejected

if TYPE_CHECKING:
    import numpy as np

# Raise it when entries gain meaning that old archives lack: files that still exist are then read again.
VERSION = 3
# Starting the workers takes as long as two of them save with this much to read.
_PARALLEL_BYTES = 24_000_000
_LENGTHS = struct.Struct("<4sQQ")
_MAGIC = b"SPA2"
# One record of the index, as `struct` writes and numpy reads it.
_RECORD = struct.Struct("<QQQQqI??q")
_RECORD_TYPE = [
    ("key", "<u8"),
    ("session", "<u8"),
    ("agent", "<u8"),
    ("message", "<u8"),
    ("at", "<i8"),
    ("line", "<u4"),
    ("sidechain", "?"),
    ("timed", "?"),
    ("tokens", "<i8"),
]
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL
# Enough to keep a worker busy for longer than it takes to hand it over; few enough to share the work evenly.
_BATCH_BYTES = 8_000_000
_BATCH_FILES = 64
# Name, writer's process id, and for all but the secret a random part: what `write_atomically` and `_secret` make.
_PARTIAL = re.compile(r"\..+\.(\d+)(?:\.[0-9a-f]{8})?")


class Header(msgspec.Struct, frozen=True, array_like=True):
    """What is known of a log file without decoding its entries.

    lines: non-empty lines at the last reading. entries: those of a session, with the `kept` ones of earlier readings.
    pending: the file ended in a line that was still being written.
    """

    version: int
    file_key: str
    harness: str
    user_key: str
    bytes: int
    mtime_ns: int
    digest: str
    lines: int
    rejected: tuple[Rejected, ...]
    entries: int
    kept: int
    ingested_at_ms: int
    pending: bool = False


@dataclass(frozen=True)
class SyncReport:
    """Counts of one look at the sources. unreadable: location and reason of files that could not be opened."""

    read: int
    unreadable: tuple[tuple[str, str], ...]


class Archive:
    """The archive in `private`, the owner-only folder of the state folder."""

    def __init__(self, private: Path) -> None:
        self.private = private
        self.folder = private / "archive"
        self._heads = Heads(self.folder / "heads", Header, _MAGIC, _read_head, write_atomically)
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.secret = _secret(private / "secret.key")

    def key(self, text: str) -> str:
        """Keyed hash of `text`: 32 hexadecimal digits (HMAC-SHA256 with the state folder's secret)."""
        return keyed_hash(self.secret, text)

    def hash64(self, text: str) -> int:
        """64-bit hash of an id, as the index has it."""
        return _hash_of_name(text, _seed(self.secret))

    def sync(
        self, files: Sequence[LogFile], now_ms: int, progress: Callable[[int, int], None] | None = None
    ) -> SyncReport:
        """Reads the files that are new or changed. progress: called with bytes done and bytes to do."""
        remove_partials(self.folder.parent)
        jobs = [_Job(file, self.file_key(file), self.folder, self.secret, now_ms) for file in self.unread(files)]
        total, done, unreadable = sum(job.file.bytes for job in jobs), 0, []
        batches = list(_batches(jobs))
        with workers(worth_it=total > _PARALLEL_BYTES) as each:
            for batch, problems in zip(batches, each(_ingest_all, batches), strict=True):
                done += sum(job.file.bytes for job in batch)
                read = zip(batch, problems, strict=True)
                unreadable += [(job.file.location, problem) for job, problem in read if problem]
                if progress:
                    progress(done, total)
        return SyncReport(len(jobs), tuple(sorted(unreadable)))

    def unread(self, files: Sequence[LogFile]) -> list[LogFile]:
        """The files that are new or changed, by their size, time and user; nothing is opened."""
        known = {header.file_key: header for header in self.headers()}
        headers = [(file, known.get(self.file_key(file))) for file in files]
        return [file for file, header in headers if header is None or _changed(header, file, self.user_key(file.user))]

    def user_key(self, user: str) -> str:
        """Keyed hash of a user's name; empty for nobody."""
        return _user_key(self.secret, user)

    def file_key(self, file: LogFile) -> str:
        """Keyed hash of where the file lies."""
        return _keyed_hash(self.secret, file.location)

    def headers(self) -> list[Header]:
        """Headers of all files, ordered by file key."""
        return self._heads.headers(self._files())

    def index(self) -> tuple[list[Header], np.ndarray]:
        """Headers of all files, ordered by file key, and one record per entry (columns: see `ownership`), in the order
        of the headers and of the entries in their files."""
        import numpy as np

        headers, records = self._heads.index(self._files())
        return headers, np.frombuffer(records, np.dtype(_RECORD_TYPE))

    def _files(self) -> list[tuple[str, State]]:
        """Path of every file of the archive, and its state; ordered by file key."""
        found = []
        for folder in os.scandir(self.folder):
            for entry in os.scandir(folder.path) if len(folder.name) == 2 else ():
                if entry.name.endswith(".entries") and not entry.name.startswith("."):
                    stat = entry.stat()
                    found.append((entry.path, (stat.st_ino, stat.st_mtime_ns, stat.st_size)))
        return sorted(found)

    def contents(self, file_key: str) -> FileContents:
        """The entries of a file."""
        return _read_contents(_path(self.folder, file_key))

    def rewrite(self, header: Header, contents: FileContents) -> None:
        """Replaces the entries of a file, whose header stays."""
        write_atomically(_path(self.folder, header.file_key), _pack(header, contents, _seed(self.secret)))


@dataclass(frozen=True, slots=True)
class _Job:
    file: LogFile
    key: str
    folder: Path
    secret: bytes
    now_ms: int


def _keyed_hash(secret: bytes, text: str) -> str:
    """HMAC-SHA256 of `text`, first 32 hexadecimal digits."""
    return hmac.digest(secret, text.encode(errors="surrogatepass"), "sha256").hex()[:32]


# A folder, a file or a user comes up on many lines that are read one after another.
keyed_hash = lru_cache(maxsize=8192)(_keyed_hash)


def _user_key(secret: bytes, user: str) -> str:
    return keyed_hash(secret, user) if user else ""


def hash64(text: str, seed: int) -> int:
    """64 bits of XXH3: a million keys collide with a probability of 3e-8. The empty text is 0.

    seed: from the secret, so that nobody can write lines whose keys collide.
    """
    return xxh3_64_intdigest(text.encode(errors="surrogatepass"), seed) if text else 0


def write_atomically(path: Path, data: bytes | bytearray) -> None:
    """Writes a file that is either whole or not there, readable by the owner only.

    Raises StoreError if it cannot be written; what was there stays.
    """
    try:
        _write_whole(path, data)
    except OSError as error:
        raise StoreError(unwritable(str(path), error.strerror or str(error))) from error


def _write_whole(path: Path, data: bytes | bytearray) -> None:
    partial = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        handle = os.open(partial, _NEW_FILE, 0o600)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(partial, _NEW_FILE, 0o600)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def remove_partials(private: Path) -> None:
    """Removes what killed processes left half written under `private`: it can hold text that no purge would find."""
    # Not with rglob, which makes a Path of each of thousands of files.
    for folder, _, names in os.walk(private):
        for name in names:
            if name[0] == "." and (writer := _PARTIAL.fullmatch(name)) and not _runs(int(writer[1])):
                Path(folder, name).unlink(missing_ok=True)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # somebody else's
        pass
    return True


def _secret(path: Path) -> bytes:
    """The key of all keyed hashes: made at first use, never in the warehouse."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        partial = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as stream:
                stream.write(secrets.token_bytes(32))
            # A hard link fails if another process made the key first: one key wins for good.
            os.link(partial, path)
        except FileExistsError:
            pass
        finally:
            partial.unlink(missing_ok=True)
    return path.read_bytes()


def _changed(header: Header, file: LogFile, user_key: str) -> bool:
    now = (VERSION, user_key, file.bytes, file.mtime_ns)
    return (header.version, header.user_key, header.bytes, header.mtime_ns) != now


def _batches(jobs: list[_Job]) -> Iterator[list[_Job]]:
    """Jobs in batches, the largest files first, so that no worker is left with a large one at the end."""
    batch: list[_Job] = []
    bytes_in_batch = 0
    for job in sorted(jobs, key=lambda job: -job.file.bytes):
        if batch and (bytes_in_batch + job.file.bytes > _BATCH_BYTES or len(batch) == _BATCH_FILES):
            yield batch
            batch, bytes_in_batch = [], 0
        batch.append(job)
        bytes_in_batch += job.file.bytes
    if batch:
        yield batch


def _ingest_all(jobs: list[_Job]) -> list[str]:
    return [_ingest(job) for job in jobs]


def _ingest(job: _Job) -> str:
    """Reads one log file into the archive; the reason if it cannot be read (what was known stays)."""
    from sessions_pipeline.sources import read
    from sessions_pipeline.sources.sanitise import sanitise

    reason = ""
    written_ms = min(job.file.mtime_ns // 1_000_000, job.now_ms)

    def key(text: str) -> str:
        return keyed_hash(job.secret, text)

    try:
        data = read_log_file(job.file)
        contents = sanitise(read(data, path=PurePath(job.file.location), key=key, written_ms=written_ms))
    except OSError as error:
        reason = f"cannot be read: {error.strerror or type(error).__name__}"
    # Logs are hostile: one that a reader was not ready for must not stop the reading of all others.
    except Exception as error:
        reason = f"cannot be read: its reader stopped with {type(error).__name__}"
    if reason:
        data, contents = b"", FileContents("unknown", 0, [], [], [Rejected(0, reason)])
    path = _path(job.folder, job.key)
    kept = _add_what_was_known(contents, _read_contents(path)) if path.exists() else 0
    header = Header(
        version=VERSION,
        file_key=job.key,
        harness=contents.harness,
        user_key=_user_key(job.secret, job.file.user),
        bytes=job.file.bytes,
        # An unreadable file is tried again by the next run.
        mtime_ns=-1 if reason else job.file.mtime_ns,
        digest=xxh3_128_hexdigest(data),
        lines=contents.lines,
        rejected=tuple(contents.rejected),
        entries=len(contents.entries),
        kept=kept,
        ingested_at_ms=job.now_ms,
        pending=contents.pending,
    )
    write_atomically(path, _pack(header, contents, _seed(job.secret)))
    return reason


def _add_what_was_known(new: FileContents, old: FileContents) -> int:
    """Adds to `new` the entries of `old` that it no longer holds; their number."""
    if not new.lines:
        # Nothing could be read, not even of what kind the file is.
        new.harness = old.harness
    # With the session: a resume that rewrites the session's id makes another line of it.
    held = {(entry.key, entry.session) for entry in new.entries}
    offset = len(new.contexts)
    lost = [
        msgspec.structs.replace(entry, context=entry.context + offset)
        for entry in old.entries
        if (entry.key, entry.session) not in held
    ]
    if lost:
        new.entries += lost
        new.contexts += old.contexts
    return len(lost)


def _pack(header: Header, contents: FileContents, seed: int) -> bytes:
    head = msgspec.msgpack.encode(header)
    index = b"".join([_record(entry, seed) for entry in contents.entries])
    return b"".join([_LENGTHS.pack(_MAGIC, len(head), len(index)), head, index, msgspec.msgpack.encode(contents)])


def _seed(secret: bytes) -> int:
    return int.from_bytes(secret[:8], "little")


_hash_of_name = lru_cache(maxsize=4096)(hash64)


def _record(entry: Entry, seed: int) -> bytes:
    agent, message, usage = entry.agent, entry.message, entry.usage
    return _RECORD.pack(
        hash64(entry.key, seed),
        _hash_of_name(entry.session, seed),
        _hash_of_name(agent, seed) if agent else 0,
        hash64(message, seed) if message else 0,
        entry.at,
        entry.line,
        entry.sidechain,
        entry.timed,
        usage.total if usage else 0,
    )


def _path(folder: Path, file_key: str) -> Path:
    return folder / file_key[:2] / f"{file_key}.entries"


def _read_head(path: str) -> tuple[Header, bytes]:
    """Header and index of a file of the archive. Raises StoreError if another version wrote it."""
    with open(path, "rb") as stream:  # noqa: PTH123 -- a Path of each of thousands of files takes longer
        magic, head, index = _LENGTHS.unpack(stream.read(_LENGTHS.size))
        if magic != _MAGIC:
            raise StoreError(
                f"{path} was written by another version of sessions-pipeline. Use the version that made it, or another "
                "state folder (--home)."
            )
        return msgspec.msgpack.decode(stream.read(head), type=Header), stream.read(index)


def _read_contents(path: Path) -> FileContents:
    data = path.read_bytes()
    _, head, index = _LENGTHS.unpack_from(data)
    return msgspec.msgpack.decode(memoryview(data)[_LENGTHS.size + head + index :], type=FileContents)

"""Keeps what was read from every log file, so that nothing is lost when agents delete or rewrite their logs.

One file per log file under `private/archive/`: a header, an index of its entries, and the entries (redacted). A file
that did not change is not read again; one that was rewritten keeps the entries that the new version no longer holds;
one that is gone stays as it was. Each write is a rename, so an interrupted run leaves only whole files behind.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from sessions_pipeline.sources import is_log_name, read
from sessions_pipeline.sources.model import Entry, FileContents, Rejected
from sessions_pipeline.sources.sanitise import sanitise

# Raise it when entries gain meaning that old archives lack: files that still exist are then read again.
VERSION = 3
_PARALLEL_BYTES = 8_000_000
_LENGTHS = struct.Struct("<4sQQ")
_MAGIC = b"SPA1"
INDEX_DTYPE = np.dtype(
    [
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
)


@dataclass(frozen=True)
class LogFile:
    """A log file as it lies on disk. user: name before hashing."""

    path: Path
    user: str
    bytes: int
    mtime_ns: int


class Header(msgspec.Struct, frozen=True, array_like=True):
    """What is known of a log file without decoding its entries.

    lines: non-empty lines at the last reading. entries: those of a session, with the `kept` ones of earlier readings.
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


@dataclass(frozen=True)
class SyncReport:
    """Counts of one look at the sources. unreadable: path and reason of files that could not be opened."""

    read: int
    unreadable: tuple[tuple[Path, str], ...]


class Archive:
    """The archive in `private`, the owner-only folder of the state folder."""

    def __init__(self, private: Path) -> None:
        self.folder = private / "archive"
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.secret = _secret(private / "secret.key")

    def key(self, text: str) -> str:
        """Keyed hash of `text`: 32 hexadecimal digits (HMAC-SHA256 with the state folder's secret)."""
        return keyed_hash(self.secret, text)

    def sync(
        self, files: Sequence[LogFile], now_ms: int, progress: Callable[[int, int], None] | None = None
    ) -> SyncReport:
        """Reads the files that are new or changed. progress: called with bytes done and bytes to do."""
        known = {header.file_key: header for header in self.headers()}
        jobs = []
        for file in files:
            key = self.file_key(file)
            header = known.get(key)
            if header is None or _changed(header, file, self.key(file.user)):
                jobs.append(_Job(file, key, self.folder, self.secret, now_ms))
        total, done, unreadable = sum(job.file.bytes for job in jobs), 0, []
        for job, problem in _run(jobs, total):
            done += job.file.bytes
            if problem:
                unreadable.append((job.file.path, problem))
            if progress:
                progress(done, total)
        return SyncReport(len(jobs), tuple(sorted(unreadable)))

    def file_key(self, file: LogFile) -> str:
        """Keyed hash of the path."""
        return self.key(str(file.path.absolute()))

    def headers(self) -> list[Header]:
        """Headers of all files, ordered by file key."""
        return [_read_header(path) for path in sorted(self.folder.glob("??/*.entries"))]

    def index(self, header: Header) -> np.ndarray:
        """One record (INDEX_DTYPE) per entry of the file, in order."""
        with _path(self.folder, header.file_key).open("rb") as stream:
            _, head, length = _LENGTHS.unpack(stream.read(_LENGTHS.size))
            stream.seek(head, os.SEEK_CUR)
            return np.frombuffer(stream.read(length), INDEX_DTYPE)

    def contents(self, file_key: str) -> FileContents:
        """The entries of a file."""
        return _read_contents(_path(self.folder, file_key))

    def rewrite(self, header: Header, contents: FileContents) -> None:
        """Replaces the entries of a file, whose header stays."""
        write_atomically(_path(self.folder, header.file_key), _pack(header, contents))


@dataclass(frozen=True)
class _Job:
    file: LogFile
    key: str
    folder: Path
    secret: bytes
    now_ms: int


def keyed_hash(secret: bytes, text: str) -> str:
    """HMAC-SHA256 of `text`, first 32 hexadecimal digits."""
    return hmac.new(secret, text.encode(errors="surrogatepass"), hashlib.sha256).hexdigest()[:32]


def hash64(text: str) -> int:
    """64 bits of BLAKE2b: a million keys collide with a probability of 3e-8. The empty text is 0."""
    return (
        int.from_bytes(hashlib.blake2b(text.encode(errors="surrogatepass"), digest_size=8).digest(), "little")
        if text
        else 0
    )


def write_atomically(path: Path, data: bytes) -> None:
    """Writes a file that is either whole or not there, readable by the owner only."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    partial = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
            stream.write(data)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _secret(path: Path) -> bytes:
    """The key of all keyed hashes: made at first use, never in the warehouse."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        partial = path.with_name(f".{path.name}.{os.getpid()}")
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as stream:
            stream.write(secrets.token_bytes(32))
        try:
            # A hard link fails if another process made the key first: one key wins for good.
            os.link(partial, path)
        except FileExistsError:
            pass
        finally:
            partial.unlink()
    return path.read_bytes()


def _changed(header: Header, file: LogFile, user_key: str) -> bool:
    now = (VERSION, user_key, file.bytes, file.mtime_ns)
    return (header.version, header.user_key, header.bytes, header.mtime_ns) != now


def _run(jobs: list[_Job], total: int) -> Iterator[tuple[_Job, str]]:
    """Each job and its problem ('' if none), on two processes where there is enough to do."""
    cores = min(os.cpu_count() or 1, 8)
    if total < _PARALLEL_BYTES or cores == 1:
        yield from ((job, _ingest(job)) for job in jobs)
        return
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    # Not a fork: the parent may run threads (Dagster, polars) whose locks a forked child would inherit.
    with ProcessPoolExecutor(cores, mp_context=multiprocessing.get_context("spawn")) as pool:
        largest_first = sorted(jobs, key=lambda job: -job.file.bytes)
        yield from zip(largest_first, pool.map(_ingest, largest_first, chunksize=4), strict=True)


def _ingest(job: _Job) -> str:
    """Reads one log file into the archive; the reason if it cannot be read (what was known stays)."""
    try:
        data = job.file.path.read_bytes()
    except OSError as error:
        reason = f"cannot be read: {error.strerror or type(error).__name__}"
        data, contents = b"", FileContents("unknown", 0, [], [], [Rejected(0, reason)])
    else:
        reason = ""
        written_ms = min(job.file.mtime_ns // 1_000_000, job.now_ms)

        def key(text: str) -> str:
            return keyed_hash(job.secret, text)

        contents = sanitise(read(data, path=job.file.path, key=key, written_ms=written_ms))
    path = _path(job.folder, job.key)
    kept = _add_what_was_known(contents, _read_contents(path)) if path.exists() else 0
    header = Header(
        version=VERSION,
        file_key=job.key,
        harness=contents.harness,
        user_key=keyed_hash(job.secret, job.file.user),
        bytes=job.file.bytes,
        # An unreadable file is tried again by the next run.
        mtime_ns=-1 if reason else job.file.mtime_ns,
        digest=hashlib.sha256(data).hexdigest(),
        lines=contents.lines,
        rejected=tuple(contents.rejected),
        entries=len(contents.entries),
        kept=kept,
        ingested_at_ms=job.now_ms,
    )
    write_atomically(path, _pack(header, contents))
    return reason


def _add_what_was_known(new: FileContents, old: FileContents) -> int:
    """Adds to `new` the entries of `old` that it no longer holds; their number."""
    if not new.lines:
        # Nothing could be read, not even of what kind the file is.
        new.harness = old.harness
    held = {entry.key for entry in new.entries}
    offset = len(new.contexts)
    lost = [
        msgspec.structs.replace(entry, context=entry.context + offset) for entry in old.entries if entry.key not in held
    ]
    if lost:
        new.entries += lost
        new.contexts += old.contexts
    return len(lost)


def _pack(header: Header, contents: FileContents) -> bytes:
    head = msgspec.msgpack.encode(header)
    index = np.array([_record(entry) for entry in contents.entries], INDEX_DTYPE).tobytes()
    return _LENGTHS.pack(_MAGIC, len(head), len(index)) + head + index + msgspec.msgpack.encode(contents)


def _record(entry: Entry) -> tuple[int | bool, ...]:
    return (
        hash64(entry.key),
        hash64(entry.session),
        hash64(entry.agent),
        hash64(entry.message),
        entry.at,
        entry.line,
        entry.sidechain,
        entry.timed,
        entry.usage.total if entry.usage else 0,
    )


def _path(folder: Path, file_key: str) -> Path:
    return folder / file_key[:2] / f"{file_key}.entries"


def _read_header(path: Path) -> Header:
    with path.open("rb") as stream:
        magic, head, _ = _LENGTHS.unpack(stream.read(_LENGTHS.size))
        if magic != _MAGIC:
            raise ValueError(f"{path} is no archive file of this version; move it away and run again")
        return msgspec.msgpack.decode(stream.read(head), type=Header)


def _read_contents(path: Path) -> FileContents:
    data = path.read_bytes()
    _, head, index = _LENGTHS.unpack_from(data)
    return msgspec.msgpack.decode(memoryview(data)[_LENGTHS.size + head + index :], type=FileContents)


def find_log_files(folders: Iterable[Path], users: str) -> tuple[list[LogFile], list[tuple[Path, str]]]:
    """Every log file under `folders`, hidden folders included, ordered by path; and the folders that cannot be listed.

    users: `one` for a single user, `folder` where the first folder under the source names the user (a file that
    lies directly in the source then belongs to a user without a name).
    """
    found: dict[Path, LogFile] = {}
    problems: list[tuple[Path, str]] = []

    def note(error: OSError) -> None:
        problems.append((Path(error.filename or "?"), error.strerror or type(error).__name__))

    for folder in folders:
        root = folder.expanduser().absolute()
        for directory, _, names in os.walk(root, onerror=note):
            place = Path(directory).relative_to(root).parts
            user = "one" if users == "one" else place[0] if place else ""
            for name in names:
                if is_log_name(name):
                    path = Path(directory, name)
                    found.setdefault(path, LogFile(path, user, *_stat(path)))
    return [found[path] for path in sorted(found)], problems


def _stat(path: Path) -> tuple[int, int]:
    """Size and time of a file; of a broken link (0, 0): reading it will say what is wrong."""
    try:
        stat = path.stat()
    except OSError:
        return 0, 0
    return stat.st_size, stat.st_mtime_ns

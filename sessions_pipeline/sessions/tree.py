"""Finds and opens log files, in folders of this machine and in buckets and other places that have a URL.

Here belong listing, the size and time of a file, and reading its bytes. What is in a file is the business of
`sources`; what is kept of it, of `archive`; whose it is, of `users`.

A source with `://` in it is a URL and is read with fsspec, which is imported then and not before: a folder does not
pay for it. Its driver (s3fs, gcsfs, adlfs …) takes keys and addresses from where its vendor's own tools take them.
A file is read again when its size or its time has changed. Where a store has no time, or one of whole seconds, its
ETag decides as well; where it has neither, the size alone.

Nothing that cannot be listed or read ends a run: each is returned with its place and the reason.
"""

from __future__ import annotations

import errno
import os
import re
import stat
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sessions_pipeline.folders import SettingsError, is_url
from sessions_pipeline.sessions.users import UserRule
from sessions_pipeline.sources import is_log_name

# Where drivers keep the time of a change, by the name of each: S3, Google, Azure, SFTP, SMB, WebDAV.
_TIMES = ("LastModified", "updated", "last_modified", "mtime", "last_write_time", "modified")
_TAGS = ("ETag", "etag", "checksum")
# The extra of this package that installs a driver, by the beginning of the URL.
_EXTRAS = {"s3": "s3", "s3a": "s3", "gs": "gcs", "gcs": "gcs", "az": "azure", "abfs": "azure", "abfss": "azure"}
# What stands behind a question mark in an address may be a signature that opens the store.
_QUERY = re.compile(r"\?\S+")

Problem = tuple[str, str]


@dataclass(frozen=True, slots=True)
class LogFile:
    """A log file as it lies in a source.

    location: absolute path, or URL. place: path within its source. user: name before hashing, empty if nobody's.
    mtime_ns: nanoseconds since 1970; of a store with ETags, the part below a second tells one content from another.
    """

    location: str
    place: str
    user: str
    bytes: int
    mtime_ns: int


@dataclass(frozen=True)
class Tree:
    """What lies in the sources.

    files: ordered by location. problems: place and reason of what cannot be listed. absent: sources that are not there
    (among the problems too). unmapped: locations of files of which the users' rule says nothing.
    """

    files: list[LogFile]
    problems: list[Problem]
    absent: list[str]
    unmapped: list[str]


def find_log_files(sources: Iterable[str | Path], user_of: UserRule) -> Tree:
    """Every log file under `sources`, hidden folders and those behind links included.

    Raises SettingsError where the driver of a URL is not installed.
    """
    found: dict[str, LogFile] = {}
    tree = Tree([], [], [], [])
    for source in map(str, sources):
        try:
            listing = _in_store(source, tree.problems) if is_url(source) else _in_folder(source, tree.problems)
            for location, place, size, mtime_ns in listing:
                if location not in found:
                    user = user_of(place)
                    found[location] = LogFile(location, place, user or "", size, mtime_ns)
                    if user is None:
                        tree.unmapped.append(location)
        except FileNotFoundError as error:
            tree.absent.append(source)
            tree.problems.append((source, error.strerror or "No such file or directory"))
        except OSError as error:
            tree.problems.append((source, _reason(error)))
    tree.files.extend(found[location] for location in sorted(found))
    return tree


def read_log_file(file: LogFile) -> bytes:
    """All bytes of a log file. Raises OSError, whose strerror says why it cannot be read."""
    if not is_url(file.location):
        return Path(file.location).read_bytes()
    try:
        store, path = _store(file.location)
        return bytes(store.cat_file(path))
    except OSError as error:
        raise OSError(error.errno or errno.EIO, _reason(error)) from error
    # Drivers raise whatever their vendor's package raises.
    except Exception as error:
        raise OSError(errno.EIO, _reason(error)) from error


def _in_folder(source: str, problems: list[Problem]) -> Iterator[tuple[str, str, int, int]]:
    """Location, place, size and time of each log file in a folder of this machine.

    Links to folders are followed after the folders themselves, and each folder is listed once: it is found in its own
    place before it is found behind a link. Raises OSError where the source itself cannot be listed.
    """
    root = str(Path(source).expanduser().absolute())
    folders, links = [root], list[str]()
    seen = set[tuple[int, int]]()
    while folders or links:
        linked = not folders
        folder = links.pop(0) if linked else folders.pop()
        try:
            if linked and _leads_up(folder):
                problems.append((folder, "a link to a folder above it: not followed"))
                continue
            found = os.stat(folder)  # noqa: PTH116 -- a Path of each of thousands of folders takes longer
            if (found.st_dev, found.st_ino) in seen:
                continue
            seen.add((found.st_dev, found.st_ino))
            with os.scandir(folder) as entries:
                listed = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            if folder == root:
                raise
            problems.append((folder, _reason(error)))
            continue
        for entry in listed:
            try:
                inside = entry.is_dir()
            except OSError as error:
                problems.append((entry.path, _reason(error)))
                continue
            if inside:
                (links if entry.is_symlink() else folders).append(entry.path)
            elif is_log_name(entry.name):
                if _waits_for_a_writer(entry):
                    problems.append((entry.path, "a pipe, socket or device, not a file"))
                    continue
                place = entry.path[len(root) :].replace(os.sep, "/").lstrip("/")
                yield entry.path, place, *_size_and_time(entry)


def _leads_up(link: str) -> bool:
    """Whether a link leads to a folder that it lies in."""
    folder = Path(link).parent.resolve()
    return Path(link).resolve() in (folder, *folder.parents)


def _waits_for_a_writer(entry: os.DirEntry[str]) -> bool:
    """Whether reading this would wait, or go on, for ever; a broken link does neither."""
    try:
        return not stat.S_ISREG(entry.stat().st_mode)
    except OSError:
        return False


def _size_and_time(entry: os.DirEntry[str]) -> tuple[int, int]:
    """Size and time of a file; of a broken link (0, 0): reading it will say what is wrong."""
    try:
        found = entry.stat()
    except OSError:
        return 0, 0
    return found.st_size, found.st_mtime_ns


def _in_store(source: str, problems: list[Problem]) -> Iterator[tuple[str, str, int, int]]:
    """Location, place, size and time of each log file under a URL. Raises OSError where it cannot be listed."""
    try:
        store, root = _store(source)
        infos = _listed(store, root, problems)
    except (SettingsError, OSError):
        raise
    except Exception as error:
        raise OSError(errno.EIO, _reason(error)) from error
    for info in infos:
        place = info["name"].removeprefix(root).strip("/")
        if is_log_name(place.rsplit("/", 1)[-1]):
            yield f"{source.rstrip('/')}/{place}", place, int(info.get("size") or 0), mtime_ns(info)


def _listed(store: Any, root: str, problems: list[Problem]) -> list[dict[str, Any]]:
    """What a driver says of each file under `root`."""
    from fsspec.asyn import AsyncFileSystem

    store.invalidate_cache()
    top = store.ls(root, detail=True)  # raises where `find` would find nothing
    if isinstance(store, AsyncFileSystem):
        # Object stores list all keys with a prefix in a few requests; folder by folder would be one request for each.
        return list(store.find(root, detail=True).values())
    files, todo = [], list(top)
    while todo:
        info = todo.pop()
        if info["type"] != "directory":
            files.append(info)
            continue
        try:
            todo += store.ls(info["name"], detail=True)
        except OSError as error:
            problems.append((info["name"], _reason(error)))
    return files


def _store(url: str) -> tuple[Any, str]:
    """The fsspec file system of a URL, and the path in it."""
    import fsspec

    scheme = url.split("://", 1)[0]
    try:
        return fsspec.core.url_to_fs(url)
    except ImportError as error:
        extra = _EXTRAS.get(scheme)
        advice = f'pip install "sessions-pipeline[{extra}]"' if extra else str(error)
        raise SettingsError(f"the source {url} needs a driver that is not installed: {advice}") from error
    except ValueError as error:
        raise SettingsError(
            f"the source {url} cannot be read: {error}. Known: a folder, s3://, gs://, az://"
        ) from error


def mtime_ns(info: Mapping[str, Any]) -> int:
    """When a file of a store changed, nanoseconds since 1970, from what its driver says of it; see LogFile."""
    import datetime as dt

    moment = next((info[name] for name in _TIMES if info.get(name)), 0)
    if isinstance(moment, str):
        moment = dt.datetime.fromisoformat(moment)
    if isinstance(moment, dt.datetime):
        aware = moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
        moment = aware.timestamp()
    tag = next((str(info[name]) for name in _TAGS if info.get(name)), None)
    whole = int(moment) * 1_000_000_000
    return int(moment * 1e9) if tag is None else whole + zlib.crc32(tag.encode()) % 1_000_000_000


def _reason(error: Exception) -> str:
    """An error in one line, without what could open a store."""
    words = getattr(error, "strerror", None) or next(iter(str(error).splitlines()), "") or type(error).__name__
    return _QUERY.sub("?…", words)

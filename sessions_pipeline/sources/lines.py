"""Takes log files apart into JSON objects and times, for the formats that need no typed decoding.

A line that cannot be read costs itself alone and is listed with its reason. A last line that is still being written is
left for the next reading: it is neither counted nor rejected, and the file says that it is pending.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterator
from typing import Any

import msgspec

from sessions_pipeline.sources.model import Entry, FileContents, Rejected

_DAY = 86_400_000
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
# Before the first coding agent of this kind; an earlier time is a broken clock.
_EARLIEST = int(dt.datetime(2025, 1, 1, tzinfo=dt.UTC).timestamp() * 1000)
# No response has this many tokens: a larger number is damage, and would not fit the archive's index.
_MOST_TOKENS = 10**12
_DECODER = msgspec.json.Decoder()
# The parts of almost every time of day in a log, `09:05:17.042Z`: looked up, which is five times faster than parsing.
_MINUTES = {f"{at // 60:02}:{at % 60:02}:": at * 60_000 for at in range(24 * 60)}
_SECONDS = {f"{second:02}": second * 1000 for second in range(60)}
_FRACTIONS = {f".{millisecond:03}Z": millisecond for millisecond in range(1000)}
UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
POINTER = b"version https://git-lfs"
NOT_JSON = "not valid JSON"
NOT_UTF8 = "not valid UTF-8"
TOO_DEEP = "nested too deeply"


def json_lines(data: bytes, contents: FileContents) -> Iterator[tuple[int, dict[str, Any]]]:
    """Number (from 1) and object of every line that holds one; counts lines and rejects in `contents`."""
    lines = data.split(b"\n")
    is_pointer = data.startswith(POINTER)
    for number, raw in enumerate(lines, start=1):
        raw = raw.strip()
        if not raw:
            continue
        value, reason = (None, "Git LFS pointer") if is_pointer else parse(raw)
        if value is None and number == len(lines) and half_written(raw, reason):
            contents.pending = True
            return
        contents.lines += 1
        if value is not None:
            yield number, value
        else:
            contents.rejected.append(Rejected(number, reason))


def half_written(last: bytes, reason: str) -> bool:
    """Whether a file's last line, which no newline ends, may be whole at the next reading.

    reason: what `parse` says against it. A tail of NUL bytes is what a crash leaves, and never grows into a line.
    """
    return last.startswith(b"{") and reason in (NOT_JSON, NOT_UTF8)


def parse(raw: bytes) -> tuple[dict[str, Any] | None, str]:
    """The JSON object in `raw`, or None and why there is none."""
    if raw.startswith(b"\x00") or raw.endswith(b"\x00"):
        return None, "NUL bytes"
    try:
        value = _DECODER.decode(raw)
    except UNREADABLE:
        # The standard library takes lone surrogates and numbers that msgspec refuses.
        try:
            value = json.loads(raw.decode("utf-8", errors="replace"))
            if _SURROGATE.search(raw):
                # Half a character can be neither stored nor hashed: it goes, wherever it stands.
                value = json.loads(json.dumps(value, ensure_ascii=False).encode(errors="ignore"))
        except RecursionError:
            return None, TOO_DEEP
        except ValueError:
            return None, _why_not_json(raw)
    return (value, "") if isinstance(value, dict) else (None, "not a JSON object")


def _why_not_json(raw: bytes) -> str:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return NOT_UTF8
    return NOT_JSON


def token_count(value: object) -> int:
    """A number of tokens; 0 where the log has none that can be true."""
    return value if type(value) is int and 0 < value < _MOST_TOKENS else 0


class Clock:
    """Times of a file's lines: a line without one has the time of the line before it.

    written_ms: when the file was last changed. A time more than a day later, or before 2025, is a broken clock and
    counts as none.
    """

    def __init__(self, written_ms: int) -> None:
        self.at = -1
        self.latest = written_ms + _DAY
        # Milliseconds at its beginning, by the text of a day, `2026-01-31T`.
        self.days: dict[str, int] = {}

    def read(self, text: object) -> tuple[int, bool]:
        """Milliseconds since 1970 UTC (-1 before the first time), and whether `text` is a time of its own."""
        moment = self.moment(text)
        if moment is not None:
            self.at = moment
        return self.at, moment is not None

    def moment(self, text: object) -> int | None:
        """Milliseconds since 1970 UTC of an ISO time; None if it is none or cannot be true."""
        if not isinstance(text, str):
            return None
        milliseconds: int | None
        day, minute, second, fraction = text[:11], text[11:17], text[17:19], text[19:]
        try:
            milliseconds = self.days[day] + _MINUTES[minute] + _SECONDS[second] + _FRACTIONS[fraction]
        except KeyError:
            milliseconds = _milliseconds(text)
            if milliseconds is not None and minute in _MINUTES and second in _SECONDS and fraction in _FRACTIONS:
                self.days[day] = milliseconds - _MINUTES[minute] - _SECONDS[second] - _FRACTIONS[fraction]
        return milliseconds if milliseconds is not None and _EARLIEST <= milliseconds <= self.latest else None


def _milliseconds(text: str) -> int | None:
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        return None
    since = (moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)) - _EPOCH
    return since.days * _DAY + since.seconds * 1000 + round(since.microseconds / 1000)


def give_leading_times(entries: list[Entry], otherwise: int) -> None:
    """Gives entries before the first time of the file that time, or `otherwise` if the file has none."""
    first = next((entry.at for entry in entries if entry.at >= 0), otherwise)
    for index, entry in enumerate(entries):
        if entry.at < 0:
            entries[index] = msgspec.structs.replace(entry, at=first)

"""Renders a session as the text that a judge reads, and reads that text back.

A turn opens with a line `[human]`, `[assistant]` or `[system]`. Inside an assistant turn, a line `[tool] NAME: …`
is a tool call and `[result] ok: …` or `[result] error: …` its result. Lines of the log that look like one of
these markers are escaped with a backslash, so that nothing a session contains can pose as a turn.

Cutting follows the study: each turn is cut in the middle to `turn_chars` characters, then the whole to
`transcript_chars`; head and tail stay, and a line `[cut] N characters` marks what was dropped.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

ROLES = ("human", "assistant", "system")
_HEADER = re.compile(r"^\[(human|assistant|system)\]$", re.MULTILINE)
MARKERS = ("[human]", "[assistant]", "[system]", "[tool]", "[result]", "[cut]")
_MARKER_AHEAD = rf"(?=\\*(?:{'|'.join(map(re.escape, MARKERS))}))"
_MARKER = re.compile(f"^{_MARKER_AHEAD}", re.MULTILINE)
_ESCAPED = re.compile(rf"^\\{_MARKER_AHEAD}", re.MULTILINE)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


@dataclass(frozen=True)
class Turn:
    """What one party said in a row. role: one of ROLES."""

    role: str
    text: str


@dataclass(frozen=True)
class Transcript:
    """text: rendered and cut; chars: length before cutting; truncated: whether anything was cut."""

    text: str
    chars: int
    truncated: bool

    @property
    def sha256(self) -> str:
        """Digest of the text in UTF-8."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def clean(text: str) -> str:
    """`text` without control characters (newline and tab stay) and with its marker-like lines escaped."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    # Tests that run at the speed of memory spare most texts the patterns.
    if not text.replace("\n", "").replace("\t", "").isprintable():
        text = _CONTROL.sub("", text)
    return _MARKER.sub(r"\\", text) if any(map(text.__contains__, MARKERS)) else text


@lru_cache(maxsize=4096)
def short_name(text: str, limit: int = 80) -> str:
    """An id or a name from a log, which repeats from line to line: cleaned and cut to `limit` characters."""
    return clean(text)[:limit]


def cut_middle(text: str, limit: int) -> str:
    """`text` with its middle replaced by a `[cut]` line when longer than `limit` characters."""
    if len(text) <= limit:
        return text
    head = (limit + 1) // 2
    tail_start = len(text) - (limit - head)
    tail = text[tail_start:]
    if text[tail_start - 1] != "\n":
        # The cut may fall between a marker and the backslash that escapes it.
        tail = _MARKER.sub(r"\\", tail, count=1) if _MARKER.match(tail) else tail
    return f"{text[:head]}\n[cut] {tail_start - head} characters\n{tail}"


def render(turns: Iterable[Turn], turn_chars: int = 5_000, transcript_chars: int = 25_000) -> Transcript:
    """The transcript of `turns`, whose texts went through `clean`; empty turns are left out."""
    parts, chars, truncated = [], 0, False
    for turn in turns:
        # Only empty lines go at the ends: a space may be all that keeps a line from being a marker.
        body = turn.text.strip("\n")
        if not body.strip():
            continue
        cut = cut_middle(body, turn_chars)
        truncated |= cut is not body
        chars += len(body)
        parts.append(f"[{turn.role}]\n{cut}\n")
    whole = "\n".join(parts)
    text = cut_middle(whole, transcript_chars)
    return Transcript(text, chars, truncated or text is not whole)


def parse_turns(text: str) -> list[Turn]:
    """The turns of a rendered transcript. Text after a cut belongs to the turn before it until the next header."""
    turns, role, start = [], None, 0
    for match in _HEADER.finditer(text):
        if role is not None:
            turns.append(Turn(role, text[start : match.start()].strip("\n")))
        role, start = match.group(1), match.end()
    if role is not None:
        turns.append(Turn(role, text[start:].strip("\n")))
    return turns


def unescape(text: str) -> str:
    """`text` as it was before `clean` escaped its marker-like lines."""
    return _ESCAPED.sub("", text)

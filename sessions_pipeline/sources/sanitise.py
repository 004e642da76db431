"""Makes what a reader found fit to be stored: secrets out, control characters out, marker-like lines escaped.

One place for all formats. What sub-agents say is in no transcript, so it is not kept at all.
"""

from __future__ import annotations

import re2

from sessions_pipeline.sessions.redaction import redact
from sessions_pipeline.sessions.transcript import MARKERS, clean
from sessions_pipeline.sources.claude_code import WARMUP_PROMPT
from sessions_pipeline.sources.model import Entry, FileContents, ToolCall, ToolResult

SUMMARY_CHARS = 300
EXCERPT_CHARS = 200
# What is cut before it is redacted keeps this much more than is shown, and loses the word at the cut, which may be
# half a secret.
_SPARE = 3
# Finds something in every text that `clean` changes.
_UNCLEAN = re2.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\x{2028}\x{2029}]|(?m:^)\\*(?:" + "|".join(map(re2.escape, MARKERS)) + ")"
)


def sanitise(contents: FileContents) -> FileContents:
    """`contents` with every text redacted and cleaned, tool summaries and excerpts cut to one short line.

    Side-chain lines lose their texts, but for the prompt by which a warm-up is known.
    """
    spoken, calls, results = list[Entry](), list[ToolCall](), list[ToolResult]()
    for entry in contents.entries:
        if entry.sidechain:
            _silence(entry)
            continue
        if entry.text:
            spoken.append(entry)
        calls += [call for call in entry.calls if call.summary]
        results += [result for result in entry.results if result.excerpt]
    for entry, text in zip(spoken, _safe([entry.text for entry in spoken]), strict=True):
        entry.text = text
    summaries = _safe([_head(call.summary, SUMMARY_CHARS * _SPARE) for call in calls])
    for call, text in zip(calls, summaries, strict=True):
        call.summary = _one_line(text)[:SUMMARY_CHARS]
    half = EXCERPT_CHARS // 2
    excerpts = _safe([_ends(result.excerpt, EXCERPT_CHARS * _SPARE) for result in results])
    for result, text in zip(results, excerpts, strict=True):
        line = _one_line(text)
        result.excerpt = line if len(line) <= EXCERPT_CHARS else f"{line[:half]} … {line[-half:]}"
    return contents


def _safe(texts: list[str]) -> list[str]:
    """`texts` redacted and cleaned. They are looked through as one for what `clean` changes: mostly none has any."""
    redacted = [redact(text) for text in texts]
    try:
        if not _UNCLEAN.search("\n".join(redacted)):
            return redacted
    except UnicodeEncodeError:  # half a surrogate pair, which RE2 cannot read
        pass
    return [clean(text) for text in redacted]


def _silence(entry: Entry) -> None:
    if entry.text and entry.text.strip() != WARMUP_PROMPT:
        entry.text = ""
    for call in entry.calls:
        call.summary = ""
    for result in entry.results:
        result.excerpt = ""


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _head(text: str, limit: int) -> str:
    return text if len(text) <= limit else _but_last_word(text[:limit])


def _ends(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    half = limit // 2
    end = text[-half:].split(None, 1)
    return f"{_but_last_word(text[:half])}\n{end[-1] if end else ''}"


def _but_last_word(text: str) -> str:
    words = text.rsplit(None, 1)
    return words[0] if words else ""

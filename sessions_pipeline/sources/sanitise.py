"""Makes what a reader found fit to be stored: secrets out, control characters out, marker-like lines escaped.

One place for all formats. What sub-agents say is in no transcript, so it is not kept at all.
"""

from __future__ import annotations

from sessions_pipeline.sessions.redaction import redact
from sessions_pipeline.sessions.transcript import clean
from sessions_pipeline.sources.claude_code import WARMUP_PROMPT
from sessions_pipeline.sources.model import Entry, FileContents

SUMMARY_CHARS = 300
EXCERPT_CHARS = 200
# What is cut before it is redacted keeps this much more than is shown, and loses the word at the cut, which may be
# half a secret.
_SPARE = 3


def sanitise(contents: FileContents) -> FileContents:
    """`contents` with every text redacted and cleaned, tool summaries and excerpts cut to one short line.

    Side-chain lines lose their texts, but for the prompt by which a warm-up is known.
    """
    for entry in contents.entries:
        if entry.sidechain:
            _silence(entry)
            continue
        if entry.text:
            entry.text = clean(redact(entry.text))
        for call in entry.calls:
            if call.summary:
                call.summary = _one_line(_head(call.summary, SUMMARY_CHARS * _SPARE))[:SUMMARY_CHARS]
        for result in entry.results:
            if result.excerpt:
                line = _one_line(_ends(result.excerpt, EXCERPT_CHARS * _SPARE))
                half = EXCERPT_CHARS // 2
                result.excerpt = line if len(line) <= EXCERPT_CHARS else f"{line[:half]} … {line[-half:]}"
    return contents


def _silence(entry: Entry) -> None:
    if entry.text and entry.text.strip() != WARMUP_PROMPT:
        entry.text = ""
    for call in entry.calls:
        call.summary = ""
    for result in entry.results:
        result.excerpt = ""


def _one_line(text: str) -> str:
    return " ".join(clean(redact(text)).split())


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

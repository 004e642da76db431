"""Makes what a reader found fit to be stored: secrets out, control characters out, marker-like lines escaped.

One place for all formats. The texts of a file are treated together, as one long string: forty patterns on each of
twenty thousand short texts took a third of the reading time, on a few hundred long ones a tenth.
"""

from __future__ import annotations

from sessions_pipeline.sessions.redaction import redact
from sessions_pipeline.sessions.transcript import clean
from sessions_pipeline.sources.model import FileContents, ToolCall, ToolResult

SUMMARY_CHARS = 300
EXCERPT_CHARS = 200
# No pattern of the redaction matches across this: none takes both a line end and a NUL.
_SEPARATOR = "\n\x00\n"
# What is cut before it is redacted keeps this much more than is shown, and loses the word at the cut, which may be
# half a secret.
_SPARE = 3


def sanitise(contents: FileContents) -> FileContents:
    """`contents` with every text redacted and cleaned, tool summaries and excerpts cut to one short line."""
    calls = [call for entry in contents.entries for call in entry.calls if call.summary]
    results = [result for entry in contents.entries for result in entry.results if result.excerpt]
    spoken = [entry for entry in contents.entries if entry.text]
    raw = [entry.text for entry in spoken]
    raw += [_head(call.summary, SUMMARY_CHARS * _SPARE) for call in calls]
    raw += [_ends(result.excerpt, EXCERPT_CHARS * _SPARE) for result in results]
    texts = _clean_together(raw)
    for entry, text in zip(spoken, texts, strict=False):
        entry.text = text
    _shorten(calls, results, texts[len(spoken) :])
    return contents


def _shorten(calls: list[ToolCall], results: list[ToolResult], texts: list[str]) -> None:
    for call, text in zip(calls, texts, strict=False):
        call.summary = " ".join(text.split())[:SUMMARY_CHARS]
    for result, text in zip(results, texts[len(calls) :], strict=True):
        line = " ".join(text.split())
        half = EXCERPT_CHARS // 2
        result.excerpt = line if len(line) <= EXCERPT_CHARS else f"{line[:half]} … {line[-half:]}"


def _clean_together(texts: list[str]) -> list[str]:
    plain = [text.replace("\x00", "") for text in texts]
    parts = redact(_SEPARATOR.join(plain)).split(_SEPARATOR)
    if len(parts) != len(texts):
        # A secret in a shape that nobody foresaw may swallow a separator: then each text by itself.
        parts = [redact(text) for text in plain]
    return [clean(part) for part in parts]


def _head(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[:limit].rsplit(None, 1)[0]


def _ends(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    half = limit // 2
    start, end = text[:half].rsplit(None, 1)[0], text[-half:].split(None, 1)[-1]
    return f"{start}\n{end}"

"""What is stored of a file is clean, however its texts were looked through."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from sessions_pipeline.sessions.transcript import clean
from sessions_pipeline.sources.model import Entry, FileContents, Kind
from sessions_pipeline.sources.sanitise import sanitise

PIECES = [
    "[human]",
    "[cut]",
    "\\",
    "\n",
    "\r",
    "a",
    " ",
    "é",
    "\x00",
    "\x1f",
    "\x7f",
    "\x85",
    "\u2028",
    "\u2029",
    "\ud800",
]
WORDS = st.lists(st.sampled_from(PIECES), max_size=6).map("".join)


@settings(deadline=None)
@given(st.lists(WORDS, max_size=4))
def test_each_text_of_a_file_is_cleaned_as_if_it_stood_alone(texts: list[str]) -> None:
    said = [Entry(f"u{n}", "s1", Kind.PROMPT, 0, True, n, text=text) for n, text in enumerate(texts)]
    stored = sanitise(FileContents("claude_code", len(said), said, [], []))
    assert [entry.text for entry in stored.entries] == [clean(text) for text in texts]

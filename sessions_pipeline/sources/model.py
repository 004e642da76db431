"""The session model that every log format yields: entries in the order of the log.

A reader (one module per format) turns the bytes of one log file into `FileContents`. It leaves texts as the log has
them; `sanitise` redacts and cuts them before anything is stored.
Counts follow from entries in `sessions.assemble`, ownership of copied lines in `sessions.ownership`.
"""

from __future__ import annotations

from enum import IntEnum

import msgspec

# Opens the id of an agent that the program started for itself, in formats whose own ids do not tell.
PROGRAM_AGENT = "program "


# gc=False below: none of these can be part of a cycle, and there are millions of them.
class Kind(IntEnum):
    """What a line of the log is to the session."""

    PROMPT = 1  # a person's words
    AGENT_PROMPT = 2  # words written by the model for a sub-agent
    ASSISTANT = 3  # one piece of an API response
    RESULT = 4  # results of tool calls
    NOTICE = 5  # shown to the agent by the program: commands, notifications, summaries, API errors
    INTERRUPTION = 6  # the person stopped the agent
    COMPACTION = 7  # the history was summarised here
    SUMMARY = 8  # the summary itself
    OTHER = 9  # counts for time only


class Usage(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Tokens of one API response, by class. fast: answered in the fast mode, which has another price."""

    input: int = 0
    output: int = 0
    cache_write_5m: int = 0
    cache_write_1h: int = 0
    cache_read: int = 0
    fast: bool = False

    @property
    def total(self) -> int:
        """All classes together."""
        return self.input + self.output + self.cache_write_5m + self.cache_write_1h + self.cache_read


class Edit(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Lines added and removed in one file; file: keyed hash of its path."""

    file: str
    added: int
    removed: int


class ToolCall(msgspec.Struct, array_like=True, gc=False):
    """A tool that the model called.

    summary: its argument that says most. commits, opens_pr, runs_tests: what a shell command sets out to do.
    edits: what an editing tool would change by its input alone, used where the result does not say.
    """

    id: str
    name: str
    summary: str = ""
    commits: bool = False
    opens_pr: bool = False
    runs_tests: bool = False
    edits: tuple[Edit, ...] = ()


class ToolResult(msgspec.Struct, array_like=True, gc=False):
    """What came back from a tool call.

    excerpt: the output. edits: changes that the result reports, one per file; empty if it reports none. commits,
    pull_requests (hashes) and tests_passed are read off the output and count only where the call set out to do that;
    reported_commit is the program's own word.
    """

    id: str
    ok: bool
    excerpt: str = ""
    edits: tuple[Edit, ...] = ()
    commits: int = 0
    pull_requests: tuple[str, ...] = ()
    tests_passed: bool | None = None
    reported_commit: bool = False


class Entry(msgspec.Struct, array_like=True, gc=False):
    """One line of a log.

    key: the line's id, the same in every copy. at: milliseconds since 1970 UTC, inherited from the line before where
    the log has none. timed: the line has a time of its own. line: 1-based.
    agent: id of the sub-agent that wrote it, else empty. context: index into `FileContents.contexts`.
    message: id of the API response. pull_requests: hashes of linked pull requests. purged: its text was removed.
    """

    key: str
    session: str
    kind: Kind
    at: int
    timed: bool
    line: int
    sidechain: bool = False
    agent: str = ""
    context: int = -1
    text: str = ""
    words: int = 0
    message: str = ""
    model: str = ""
    usage: Usage | None = None
    calls: tuple[ToolCall, ...] = ()
    results: tuple[ToolResult, ...] = ()
    pull_requests: tuple[str, ...] = ()
    purged: bool = False


class Context(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Where and how the harness ran; project: keyed hash of the working directory; empty where the log has none."""

    project: str = ""
    version: str = ""
    entrypoint: str = ""


class Rejected(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A line that could not be read; line 0 is the file as a whole."""

    line: int
    reason: str


class FileContents(msgspec.Struct, array_like=True, gc=False):
    """What one log file holds.

    lines: non-empty lines found, rejected ones included. pending: after them stands a line that is still being written,
    which is left for the next reading.
    """

    harness: str
    lines: int
    entries: list[Entry]
    contexts: list[Context]
    rejected: list[Rejected]
    pending: bool = False

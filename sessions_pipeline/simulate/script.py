"""What happens in a session, apart from how it is logged: prompts, replies, tool calls and their results.

Each event carries its own counts (lines, commits, test results), so that the truth is summed from the events as they
are planned and never read back from a log.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Result:
    """What a tool gives back.

    text: what the model sees. detail: the log's structured copy. missing: the log ends before the result.
    added, removed: lines. changed: path of the file that was edited. test_passed: None if it was no test run.
    """

    text: str
    error: bool = False
    missing: bool = False
    detail: Any = None
    added: int = 0
    removed: int = 0
    changed: str | None = None
    test_passed: bool | None = None
    commits: int = 0
    pull_requests: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reply:
    """One API response: thinking, text and tool calls, each optional. parallel: the calls run at the same time."""

    text: str = ""
    thinking: str | None = None
    calls: tuple[Call, ...] = ()
    parallel: bool = False


@dataclass(frozen=True)
class AgentRun:
    """A sub-agent at work. kind: `task` for real work, else the name of the automation that started it."""

    prompt: str
    replies: tuple[Reply, ...]
    report: str
    kind: str = "task"


@dataclass(frozen=True)
class Call:
    """A tool call and its result. agent: the sub-agent that it starts."""

    name: str
    arguments: Mapping[str, Any]
    result: Result
    agent: AgentRun | None = None


@dataclass(frozen=True)
class Prompt:
    """What a person asks. command: slash command whose argument the text is."""

    text: str
    command: str | None = None


@dataclass(frozen=True)
class Interruption:
    """The person stops the agent. during_tool: while a tool waits for permission or runs."""

    during_tool: bool = False


@dataclass(frozen=True)
class Compaction:
    """The history is replaced by a summary."""

    summary: str


Event = Prompt | Reply | Interruption | Compaction


@dataclass
class Script:
    """A session's events in order, and the decisions that were voiced in them."""

    events: list[Event] = field(default_factory=list)
    planning_user: int = 0
    planning_agent: int = 0
    execution_user: int = 0
    execution_agent: int = 0
    title: str = ""

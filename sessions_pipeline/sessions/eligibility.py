"""Which sessions are in the sample: an ordered list of named rules. The first rule that fits excludes a session.

The study keeps interactive sessions of the command line, the desktop app and the web. Logs without an entry point
(before version 2.1.79) stay in: unknown is not headless.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

# `claude mcp serve` answers another program; Anthropic's GitHub action sets a name of its own for `claude -p`.
_HEADLESS_STARTS = ("sdk-cli", "mcp", "claude-code-github-action", "codex_exec")
_SDK_STARTS = re.compile(r"(?:^|_)sdk(?:$|[-_])")
_IDE = re.compile(r"vscode|jetbrains|cursor|windsurf|\bide\b", re.IGNORECASE)


@dataclass(frozen=True)
class Rule:
    """excludes: takes a row of `core.sessions` (column -> value), says whether the session is out."""

    name: str
    description: str
    excludes: Callable[[Mapping[str, object]], bool]


def _entrypoint(row: Mapping[str, object]) -> str:
    return str(row["entrypoint"] or "")


# Reviewers and the like that the log does not tie to a session: see the formats' readers.
_INTERNAL = Rule(
    "internal_agent", "run of an agent that the program started", lambda row: _entrypoint(row).startswith("subagent ")
)
_NO_PROMPT = Rule("no_human_prompt", "no prompt that a person wrote", lambda row: row["human_prompts"] == 0)
_HEADLESS = Rule(
    "headless",
    "started without a terminal (claude -p, mcp serve, GitHub action, codex exec)",
    lambda row: _entrypoint(row) in _HEADLESS_STARTS,
)
_SDK = Rule("sdk", "driven through the SDK", lambda row: _SDK_STARTS.search(_entrypoint(row)) is not None)
_IDE_RULE = Rule("ide", "run inside an IDE", lambda row: _IDE.search(_entrypoint(row)) is not None)
_NO_REPLY = Rule("no_agent_reply", "no response of the agent", lambda row: row["model_calls"] == 0)
# Last, so that it counts the sessions that a pattern for their files would bring in.
_NO_USER = Rule("no_user", "files that belong to no user, see the setting users", lambda row: row["user_key"] == "")

RULE_SETS: dict[str, tuple[Rule, ...]] = {
    "study": (_INTERNAL, _NO_PROMPT, _HEADLESS, _SDK, _IDE_RULE, _NO_REPLY, _NO_USER),
    "all_interactive": (_INTERNAL, _NO_PROMPT, _HEADLESS, _SDK, _NO_REPLY, _NO_USER),
}


def exclusion(row: Mapping[str, object], rule_set: str) -> str | None:
    """Name of the first rule of `rule_set` that excludes the session; None if it is eligible."""
    return next((rule.name for rule in RULE_SETS[rule_set] if rule.excludes(row)), None)

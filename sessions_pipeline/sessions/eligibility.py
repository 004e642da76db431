"""Which sessions are in the sample: an ordered list of named rules. The first rule that fits excludes a session.

The study keeps interactive sessions of the command line, the desktop app and the web. Logs without an entry point
(before version 2.1.79) stay in: unknown is not headless.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

_IDE = re.compile(r"vscode|jetbrains|cursor|windsurf|\bide\b", re.IGNORECASE)


@dataclass(frozen=True)
class Rule:
    """excludes: takes a row of `core.sessions` (column -> value), says whether the session is out."""

    name: str
    description: str
    excludes: Callable[[Mapping[str, object]], bool]


def _entrypoint(row: Mapping[str, object]) -> str:
    return str(row["entrypoint"] or "")


_NO_PROMPT = Rule("no_human_prompt", "no prompt that a person wrote", lambda row: row["human_prompts"] == 0)
_HEADLESS = Rule("headless", "started without a terminal (claude -p)", lambda row: _entrypoint(row) == "sdk-cli")
_SDK = Rule("sdk", "driven through the SDK", lambda row: _entrypoint(row).startswith("sdk"))
_IDE_RULE = Rule("ide", "run inside an IDE", lambda row: _IDE.search(_entrypoint(row)) is not None)
_NO_REPLY = Rule("no_agent_reply", "no response of the agent", lambda row: row["model_calls"] == 0)

RULE_SETS: dict[str, tuple[Rule, ...]] = {
    "study": (_NO_PROMPT, _HEADLESS, _SDK, _IDE_RULE, _NO_REPLY),
    "all_interactive": (_NO_PROMPT, _HEADLESS, _SDK, _NO_REPLY),
}


def exclusion(row: Mapping[str, object], rule_set: str) -> str | None:
    """Name of the first rule of `rule_set` that excludes the session; None if it is eligible."""
    return next((rule.name for rule in RULE_SETS[rule_set] if rule.excludes(row)), None)

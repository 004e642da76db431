"""Which sessions are in the sample: each rule by itself, their order, and what no rule may touch."""

from __future__ import annotations

from typing import Any

import pytest

from sessions_pipeline.sessions.eligibility import RULE_SETS, exclusion

WORKED: dict[str, Any] = {"entrypoint": "cli", "human_prompts": 3, "model_calls": 9, "user_key": "u1"}

# entry point, rule of the study that excludes it, rule of all_interactive that excludes it
ENTRYPOINTS = [
    ("cli", None, None),
    ("claude-desktop", None, None),
    ("remote", None, None),
    ("codex_cli_rs", None, None),
    ("codex-tui", None, None),
    ("Codex Desktop", None, None),
    ("sdk-cli", "headless", "headless"),
    ("codex_exec", "headless", "headless"),
    ("mcp", "headless", "headless"),
    ("claude-code-github-action", "headless", "headless"),
    ("sdk-ts", "sdk", "sdk"),
    ("sdk-py", "sdk", "sdk"),
    ("codex_sdk_ts", "sdk", "sdk"),
    ("claude-vscode", "ide", None),
    ("codex_vscode", "ide", None),
    ("claude-jetbrains", "ide", None),
    ("some-ide", "ide", None),
    ("subagent guardian", "internal_agent", "internal_agent"),
]
UNKNOWN = [None, "", "hologram", "client", "side-door", "mcp-client", "my-cli-sdks", "video"]


@pytest.mark.parametrize(("entrypoint", "study", "all_interactive"), ENTRYPOINTS)
def test_each_entry_point_has_its_rule(entrypoint: str, study: str | None, all_interactive: str | None) -> None:
    row = {**WORKED, "entrypoint": entrypoint}
    assert (exclusion(row, "study"), exclusion(row, "all_interactive")) == (study, all_interactive)


@pytest.mark.parametrize("entrypoint", UNKNOWN)
@pytest.mark.parametrize("rule_set", RULE_SETS)
def test_an_unknown_entry_point_stays_unknown_and_its_session_in_the_sample(
    entrypoint: str | None, rule_set: str
) -> None:
    assert exclusion({**WORKED, "entrypoint": entrypoint}, rule_set) is None


@pytest.mark.parametrize("rule_set", RULE_SETS)
@pytest.mark.parametrize(
    ("facts", "rule"),
    [
        ({"human_prompts": 0}, "no_human_prompt"),
        ({"model_calls": 0}, "no_agent_reply"),
        ({"human_prompts": 1, "model_calls": 1}, None),
        ({"human_prompts": 0, "model_calls": 0, "entrypoint": "sdk-ts"}, "no_human_prompt"),
        ({"human_prompts": 0, "entrypoint": "subagent guardian"}, "internal_agent"),
        ({"model_calls": 0, "entrypoint": "sdk-ts"}, "sdk"),
        ({"model_calls": 0, "entrypoint": "sdk-cli"}, "headless"),
    ],
)
def test_the_first_rule_that_fits_names_the_reason(rule_set: str, facts: dict[str, Any], rule: str | None) -> None:
    assert exclusion({**WORKED, **facts}, rule_set) == rule


def test_the_two_rule_sets_differ_in_the_ides_alone() -> None:
    names = {name: [rule.name for rule in rules] for name, rules in RULE_SETS.items()}
    assert names == {
        "study": ["internal_agent", "no_human_prompt", "headless", "sdk", "ide", "no_agent_reply", "no_user"],
        "all_interactive": ["internal_agent", "no_human_prompt", "headless", "sdk", "no_agent_reply", "no_user"],
    }

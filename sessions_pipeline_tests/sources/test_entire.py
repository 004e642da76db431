"""Entire checkpoints: the transcript of a session from its start, again at each checkpoint, beside the agent's own log.

They need no reader: a line keeps its id in every copy, whatever the redactor of the checkpoint took out of it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sessions_pipeline_tests.lines import call, human, line, reply, result, text, write
from sessions_pipeline_tests.sessions.tree import Read, read
from sessions_pipeline_tests.sources.test_gemini import CHAT, one_object

USED = {"input_tokens": 5, "output_tokens": 1, "cache_read_input_tokens": 100}
SESSION = [
    {"type": "file-history-snapshot", "messageId": "x", "snapshot": {}, "isSnapshotUpdate": False},
    human("the password is hunter2, build it", 0),
    reply(1, text("Building it now"), usage=USED),
    reply(2, call("Bash", "t1", command="git commit -m x"), usage={**USED, "output_tokens": 90}),
    result("t1", 3, "[main 1a2b3c4] x"),
    human("and test it", 10),
    reply(11, call("Bash", "t2", command="pytest"), message="m2"),
    result("t2", 12, "3 passed"),
    line("system", 20, subtype="turn_duration", durationMs=9),
]


def redacted(entry: dict[str, Any]) -> dict[str, Any]:
    return json.loads(json.dumps(entry).replace("hunter2", "REDACTED"))


def checkpoint(tmp_path: Path, place: str, lines: list[dict[str, Any]]) -> None:
    """A checkpoint as it lies on Entire's branch, or in the work tree."""
    write(tmp_path / "logs" / place / "full.jsonl", *map(redacted, lines))
    usage = {"input_tokens": 10**6, "output_tokens": 10**6, "api_call_count": 99}
    meta = {"checkpoint_id": "0123456789", "agent": "Claude Code", "token_usage": usage, "sessionId": "s1"}
    (tmp_path / "logs" / place / "metadata.json").write_text(json.dumps(meta))


def facts(found: Read) -> tuple[int, ...]:
    session = found.only()
    names = ["human_prompts", "model_calls", "tool_calls", "input_tokens", "output_tokens", "cache_read_tokens"]
    return tuple(session[name] for name in [*names, "assistant_words", "git_commits", "test_runs"])


EXPECTED = (2, 2, 2, 5 + 10, 90 + 20, 100, 3, 1, 1)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    cuts=st.lists(st.integers(1, len(SESSION)), max_size=3),
    places=st.permutations(["0a/1b2c3d4e5f/0", "zz/1b2c3d4e5f/1", ".entire/metadata/s1", "projects/-srv-app"]),
)
def test_a_session_at_many_checkpoints_counts_once(tmp_path: Path, cuts: list[int], places: list[str]) -> None:
    base = tmp_path / f"{len(list(tmp_path.iterdir()))}"
    checkpoint(base, places[0], SESSION)
    for place, cut in zip(places[1:], cuts, strict=False):
        checkpoint(base, place, SESSION[:cut])
    found = read(base / "logs", base / "private")
    assert facts(found) == EXPECTED
    assert sorted(found.files["role"]) == [
        *["no_session"] * cuts.count(1),
        *["repeat"] * (len(cuts) - cuts.count(1)),
        "session",
    ]


@pytest.mark.parametrize("cut", [2, 5, len(SESSION)])
def test_checkpoints_beside_the_agents_own_log_add_nothing(tmp_path: Path, cut: int) -> None:
    write(tmp_path / "logs" / "projects" / "-srv-app" / "s1.jsonl", *SESSION)
    checkpoint(tmp_path, "xy/0123456789/0", SESSION[:cut])
    assert facts(read(tmp_path / "logs", tmp_path / "private")) == EXPECTED


def test_the_counts_that_entire_keeps_are_not_added(tmp_path: Path) -> None:
    checkpoint(tmp_path, "xy/0123456789/0", SESSION)
    found = read(tmp_path / "logs", tmp_path / "private")
    assert found.files.height == 1
    assert facts(found) == EXPECTED


def test_chats_of_other_agents_are_known_by_their_content(tmp_path: Path) -> None:
    path = tmp_path / "logs" / "xy" / "0123456789" / "0" / "full.jsonl"
    path.parent.mkdir(parents=True)
    path.write_bytes(one_object(CHAT, 2))
    later = tmp_path / "logs" / "xy" / "9876543210" / "0" / "full.jsonl"
    later.parent.mkdir(parents=True)
    later.write_bytes(one_object(CHAT[:4], 2))
    session = read(tmp_path / "logs", tmp_path / "private").only()
    assert (session["harness"], session["model_calls"], session["tool_calls"]) == ("gemini", 2, 2)

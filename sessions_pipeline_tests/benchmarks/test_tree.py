"""Copies of logs that no reader can take for repeats, and that hang together as their originals do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.ingest import one_more_line
from benchmarks.tree import copies_needed, replicate
from sessions_pipeline_tests.lines import call, encode, human, reply, result, text, write
from sessions_pipeline_tests.sessions.tree import read

SESSION = "0f8fad5b-d9cb-469f-a165-70867728950e"
LINES = [
    human("count the lines of 0f8fad5b-d9cb-469f-a165-70867728950e", 0, session=SESSION, uuid="line-aaaa"),
    reply(1, call("Agent", "toolu_0123456789"), message="msg_0123456789", session=SESSION, parentUuid="line-aaaa"),
    result("toolu_0123456789", 9, "3", session=SESSION),
]
AGENT = [
    reply(
        5, text("three lines"), message="msg_9876543210", session=SESSION, isSidechain=True, agentId="a1b2c3d4e5f60718a"
    )
]
COPY_WITH_OTHER_SESSION = [{**line, "sessionId": "7c9e6679-7425-40de-944b-e07fc1f90ae7"} for line in LINES]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A session with a sub-agent in a hidden folder, its fork, and a log of another format."""
    folder = tmp_path / "source"
    write(folder / ".claude" / "p" / f"{SESSION}.jsonl", *LINES)
    write(folder / ".claude" / "p" / SESSION / "subagents" / "agent-a1b2c3d4e5f60718a.jsonl", *AGENT)
    write(folder / ".claude" / "p" / "7c9e6679-7425-40de-944b-e07fc1f90ae7.jsonl", *COPY_WITH_OTHER_SESSION)
    write(
        folder / "rollout-2026-01-01.jsonl",
        {"timestamp": "2026-01-01T00:00:00Z", "type": "session_meta", "payload": {}},
    )
    return folder


def test_three_copies_hold_three_times_everything(source: Path, tmp_path: Path) -> None:
    tree = replicate(source, tmp_path / "copies", 3)
    assert (tree.files, tree.copies) == (9, 3)
    assert tree.bytes == sum(path.stat().st_size for path in tree.folder.rglob("*.jsonl"))
    once, thrice = (
        read(folder, tmp_path / name) for folder, name in ((source / ".claude", "one"), (tree.folder, "three"))
    )
    counted = ["human_prompts", "model_calls", "tool_calls", "tool_calls_succeeded", "subagents", "output_tokens"]
    assert once.sessions.height == 1
    assert thrice.sessions.height == 3
    assert thrice.sessions.select(counted).rows() == once.sessions.select(counted).rows() * 3


def test_ids_that_belong_together_stay_together(source: Path, tmp_path: Path) -> None:
    replicate(source, tmp_path / "copies", 2)
    folder = tmp_path / "copies" / "projects" / "copy001" / "_claude" / "p"
    (agent_file,) = folder.rglob("agent-*.jsonl")
    agent = json.loads(agent_file.read_text())
    assert agent_file.stem == f"agent-{agent['agentId']}"
    assert agent_file.parts[-3] == agent["sessionId"] != SESSION
    first, answer, outcome = map(json.loads, (folder / f"{agent['sessionId']}.jsonl").read_text().splitlines())
    assert answer["parentUuid"] == first["uuid"] != "line-aaaa"
    assert first["message"]["content"] == f"count the lines of {agent['sessionId']}"
    assert (
        outcome["message"]["content"][0]["tool_use_id"] == answer["message"]["content"][0]["id"] != "toolu_0123456789"
    )


def test_as_many_copies_as_the_size_takes(source: Path, tmp_path: Path) -> None:
    size = replicate(source, tmp_path / "one", 1).bytes
    assert copies_needed(source, 10 * size) in (10, 11)  # renamed ids are a little longer
    with pytest.raises(ValueError, match="holds no Claude Code logs"):
        copies_needed(tmp_path / "one" / "nowhere", 1)


def test_one_more_line_is_a_prompt_of_the_same_session(tmp_path: Path) -> None:
    data = encode(*LINES)[:-1]  # the last line is still without its newline
    path = tmp_path / "logs" / "s.jsonl"
    path.parent.mkdir()
    path.write_bytes(data + one_more_line(data))
    found = read(tmp_path / "logs", tmp_path / "private")
    assert found.only()["human_prompts"] == 2
    assert found.rejected.is_empty()
    assert one_more_line(b'{"type":"summary"}\n') == b""

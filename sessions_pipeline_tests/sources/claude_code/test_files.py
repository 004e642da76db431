"""Which files are logs, and where a session, its place, version and entry point are read from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sessions_pipeline_tests.lines import encode, human, moment, reply, text, write
from sessions_pipeline_tests.sessions.tree import read

NO_SESSIONS = [
    b"",
    encode({"type": "summary", "summary": "x", "leafUuid": "of another file"}),
    encode({"type": "file-history-snapshot", "messageId": "x", "snapshot": {"timestamp": "2025-10-09T09:00:00Z"}}),
    encode({"type": "teleported-from", "remoteSessionId": "r", "branch": "main", "sessionId": "s1"}),
    encode({"type": "last-prompt", "lastPrompt": "x", "sessionId": "s1"}, {"type": "mode", "sessionId": "s1"}),
    encode({"type": "started", "key": "v2", "agentId": "a1"}, {"type": "result", "key": "v2", "agentId": "a1"}),
    encode({"display": "hello", "pastedContents": {}, "timestamp": 1_760_000_400_000, "sessionId": "s1"}),
    b'{\n  "some": "object",\n  "printed": [\n    "prettily"\n  ]\n}\n',
]


@pytest.mark.parametrize("data", NO_SESSIONS, ids=range(len(NO_SESSIONS)))
def test_files_without_a_line_of_a_conversation_are_no_sessions(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "s1.jsonl").write_bytes(data)
    found = read(tmp_path / "logs", tmp_path / "private")
    assert (found.sessions.height, found.files["role"].to_list()) == (0, ["no_session"])
    assert found.rejected.is_empty()


def test_the_session_is_what_its_lines_say_not_its_first_line_nor_its_folder(one_file: Any) -> None:
    found = one_file(
        {"type": "summary", "summary": "of another session", "leafUuid": "x"},
        {"type": "file-history-snapshot", "messageId": "x", "snapshot": {}},
        {"type": "permission-mode", "permissionMode": "default", "sessionId": "s7"},
        human("go", 0, session="s7", cwd="/srv/one", version="2.1.80", entrypoint="claude-vscode"),
        reply(1, text("ok"), session="s7", cwd="/srv/two", version="2.1.90", entrypoint="cli"),
    )
    session = found.only()
    assert (session["session_id"], session["cli_version"]) == ("s7", "2.1.80")
    assert session["entrypoint"] == "claude-vscode"
    assert session["project_key"] == found.sessions["project_key"].item()
    same_place = one_file(human("go", 0, cwd="/srv/one"), reply(1, text("ok"), cwd="/srv/one"))
    assert same_place.session("s1")["project_key"] == session["project_key"]


OTHER_PROGRAMS = {
    "a workflow's journal": [{"type": "started", "key": "v2:a", "agentId": "a1"}, {"type": "result", "key": "v2:a"}],
    "typed prompts": [{"display": "hi", "pastedContents": {}, "timestamp": 1_760_000_400_000, "project": "/srv/app"}],
    "dotted types": [
        {"type": "session.start", "data": {"sessionId": "x"}, "id": "1", "timestamp": moment(0), "parentId": None},
        {"type": "user.message", "data": {"content": "hi"}, "id": "2", "timestamp": moment(1), "parentId": "1"},
    ],
    "a plugin's transcript": [
        {"type": "user", "timestamp": moment(0), "content": "hi"},
        {"type": "tool_use", "timestamp": moment(1), "tool_name": "bash", "tool_input": {"command": "ls"}},
        {"type": "tool_result", "timestamp": moment(2), "tool_name": "bash", "tool_output": {}},
    ],
    "another agent's session": [
        {"type": "session", "version": 3, "id": "x", "timestamp": moment(0), "cwd": "/srv/app"},
        {"type": "model_change", "id": "1", "parentId": None, "timestamp": moment(1), "modelId": "m"},
        {"type": "message", "id": "2", "parentId": "1", "message": {"role": "user", "content": [text("hi")]}},
    ],
}


@pytest.mark.parametrize("name", OTHER_PROGRAMS)
def test_what_other_programs_log_is_no_session_and_no_reject(one_file: Any, name: str) -> None:
    found = one_file(*OTHER_PROGRAMS[name])
    assert (found.sessions.height, found.rejected.height) == (0, 0)
    assert found.files.select("role", "lines_outside").rows() == [("no_session", len(OTHER_PROGRAMS[name]))]


def test_the_prompts_typed_in_all_projects_beside_the_logs_count_nothing(tmp_path: Path) -> None:
    typed = {
        "display": "go",
        "pastedContents": {},
        "timestamp": 1_760_000_400_000,
        "project": "/srv",
        "sessionId": "s1",
    }
    write(tmp_path / "logs" / ".claude" / "history.jsonl", typed, typed)
    write(tmp_path / "logs" / ".claude" / "projects" / "-srv" / "s1.jsonl", human("go", 0), reply(1, text("ok")))
    found = read(tmp_path / "logs", tmp_path / "private")
    assert found.only()["human_prompts"] == 1
    assert sorted(found.files["role"]) == ["no_session", "session"]


WINDOWS = ["C--Users-ann-app", "c--Users-ann-app"]


def test_the_two_names_that_windows_gives_a_projects_folder_are_one_project(tmp_path: Path) -> None:
    for number, (slug, cwd) in enumerate(zip(WINDOWS, ["C:\\Users\\ann\\app", "c:\\Users\\ann\\app"], strict=True)):
        session, at = f"s{number}", 60 * number
        write(
            tmp_path / "logs" / slug / f"{session}.jsonl",
            human("go", at, session=session, cwd=cwd),
            reply(at + 1, text("ok"), message=f"m{number}", session=session, cwd=cwd),
        )
    found = read(tmp_path / "logs", tmp_path / "private")
    assert (found.sessions.height, found.sessions["project_key"].n_unique()) == (2, 1)


def test_a_project_is_its_folder_not_the_name_of_the_logs_folder(tmp_path: Path) -> None:
    """`/srv/my-app` and `/srv/my/app` have the same folder of logs."""
    for number, cwd in enumerate(["/srv/my-app", "/srv/my/app"]):
        session, at = f"s{number}", 60 * number
        write(
            tmp_path / "logs" / "-srv-my-app" / f"{session}.jsonl",
            human("go", at, session=session, cwd=cwd),
            reply(at + 1, text("ok"), message=f"m{number}", session=session, cwd=cwd),
        )
    assert read(tmp_path / "logs", tmp_path / "private").sessions["project_key"].n_unique() == 2


def test_a_file_of_several_sessions_gives_each_its_own_place_version_and_entry_point(one_file: Any) -> None:
    found = one_file(
        human("go", 0, session="s1", cwd="/srv/one", version="2.1.80", entrypoint="claude-vscode"),
        reply(1, text("ok"), session="s1", cwd="/srv/one", version="2.1.80", entrypoint="claude-vscode"),
        human("go", 9, session="s2", cwd="/srv/two", version="2.1.90", entrypoint="cli"),
        reply(10, text("ok"), message="m2", session="s2", cwd="/srv/two", version="2.1.90", entrypoint="cli"),
    )
    told = found.sessions.select("session_id", "cli_version", "entrypoint", "exclusion").rows()
    assert told == [("s1", "2.1.80", "claude-vscode", "ide"), ("s2", "2.1.90", "cli", None)]
    assert found.sessions["project_key"].n_unique() == 2


def without_entrypoint(*lines: dict[str, Any]) -> list[dict[str, Any]]:
    return [{name: value for name, value in entry.items() if name != "entrypoint"} for entry in lines]


def test_an_entry_point_that_shows_only_later_is_the_sessions(one_file: Any) -> None:
    older = without_entrypoint(human("go", 0), reply(1, text("ok")))
    session = one_file(*older, human("on", 9, entrypoint="sdk-cli"), reply(10, text("ok"), message="m2")).only()
    assert (session["entrypoint"], session["exclusion"]) == ("sdk-cli", "headless")


@pytest.mark.parametrize("operation", ["enqueue", "dequeue"])
def test_a_session_without_an_entry_point_is_not_guessed_to_be_headless(one_file: Any, operation: str) -> None:
    first = {"type": "queue-operation", "operation": operation, "sessionId": "s1", "timestamp": moment(0)}
    session = one_file(first, *without_entrypoint(human("go", 0), reply(1, text("ok")))).only()
    assert (session["entrypoint"], session["is_eligible"]) == (None, True)

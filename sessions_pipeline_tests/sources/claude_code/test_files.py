"""Which files are logs, and where a session, its place, version and entry point are read from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sessions_pipeline_tests.lines import encode, human, reply, text
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

"""What the messages of Gemini CLI's chats mean: one test per habit of real logs, each with its data written out."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path, PurePath
from typing import Any

import polars as pl
import pytest

from sessions_pipeline.schemas import polars_schema
from sessions_pipeline.sessions.attrition import attrition, breaks
from sessions_pipeline.sources import gemini, is_log_name, read
from sessions_pipeline.sources.model import Kind
from sessions_pipeline_tests.lines import START, encode, moment, write
from sessions_pipeline_tests.sessions.tree import KEYED, Read
from sessions_pipeline_tests.sessions.tree import read as read_tree

SESSION = "11111111-2222-3333-4444-555555555555"
PLACE = "tmp/app/chats/session-2025-10-09T09-00-11111111.jsonl"


def header(session: str = SESSION, **keys: Any) -> dict[str, Any]:
    return {"sessionId": session, "projectHash": "ab" * 32, "startTime": moment(0), "lastUpdated": moment(0), **keys}


def message(kind: str, name: str, at: float, content: object, **keys: Any) -> dict[str, Any]:
    return {"id": name, "timestamp": moment(at), "type": kind, "content": content, **keys}


def human(name: str, at: float, words: str, **keys: Any) -> dict[str, Any]:
    return message("user", name, at, [{"text": words}], **keys)


def used(given: int, cached: int, output: int, thoughts: int = 0, tool: int = 0) -> dict[str, int]:
    total = given + output + thoughts + tool
    return {
        "input": given,
        "cached": cached,
        "output": output,
        "thoughts": thoughts,
        "tool": tool,
        "total": total,
    }


def reply(name: str, at: float, words: str = "", *calls: dict[str, Any], **keys: Any) -> dict[str, Any]:
    told = {"model": "gemini-3-flash-preview", "tokens": used(10, 0, 5), **keys}
    return message("gemini", name, at, words, thoughts=[], **({"toolCalls": list(calls)} if calls else {}), **told)


def call(name: str, call_id: str, at: float, output: str = "", **keys: Any) -> dict[str, Any]:
    status, display = keys.pop("status", "success"), keys.pop("resultDisplay", None)
    answer = {"output": output} if status == "success" else {"error": output}
    response = {"functionResponse": {"id": call_id, "name": name, "response": answer}}
    result = {"id": call_id, "name": name, "args": keys, "result": [response], "status": status}
    return {**result, "timestamp": moment(at), "resultDisplay": display}


@pytest.fixture
def one_file(tmp_path: Path) -> Any:
    """Reads these lines as the only log file."""

    def build(*lines: dict[str, Any] | bytes) -> Read:
        write(tmp_path / "logs" / PLACE, *lines)
        return read_tree(tmp_path / "logs", tmp_path / "private")

    return build


def entries(*lines: dict[str, Any] | bytes) -> Any:
    return gemini.read(
        encode(*lines), path=PurePath(PLACE), key=lambda text: f"key of {text}", written_ms=START
    ).entries


LATE = [call("read_file", "c1", 4, "text", file_path="/srv/a"), call("glob", "c2", 5, "none", pattern="*")]
CHAT = [
    header(),
    human("u1", 1, "look around"),
    {"$set": {"lastUpdated": moment(1)}},
    reply("g1", 3, "Looking at it", tokens=used(1000, 600, 40, 25, 7)),
    reply("g1", 3, "Looking at it", *LATE, tokens=used(1000, 600, 40, 25, 7)),
    {"$set": {"lastUpdated": moment(6)}},
    reply("g2", 7, "Done", tokens=used(1200, 1000, 10)),
]


def test_a_message_that_is_written_again_counts_once_as_it_was_last(one_file: Any) -> None:
    found = one_file(*CHAT)
    session = found.only()
    assert (session["human_prompts"], session["model_calls"], session["assistant_words"]) == (1, 2, 4)
    assert (session["tool_calls"], session["tool_calls_succeeded"]) == (2, 2)
    assert (session["harness"], session["model"], session["entrypoint"]) == ("gemini", "gemini-3-flash-preview", None)
    assert (session["session_id"], session["is_eligible"]) == (SESSION, True)
    assert session["api_cost_usd"] == pytest.approx(((407 + 200) * 0.5 + 1600 * 0.05 + 75 * 3) / 1e6, abs=1e-6)
    assert session["started_at"] == dt.datetime(2025, 10, 9, 9)
    # Two calls stand beside seven lines; the header, a prompt, two responses and the calls are the session's.
    assert (found.files["lines"].item(), found.files["lines_outside"].item()) == (7 + 2, 3)


def test_thoughts_are_output_and_what_tools_put_into_the_prompt_is_input(one_file: Any) -> None:
    session = one_file(*CHAT).only()
    assert session["input_tokens"] == (1000 - 600 + 7) + (1200 - 1000)
    assert (session["output_tokens"], session["cache_read_tokens"]) == ((40 + 25) + 10, 600 + 1000)
    assert session["cache_write_5m_tokens"] == session["cache_write_1h_tokens"] == 0


def one_object(lines: list[dict[str, Any]], indent: int | None) -> bytes:
    """The chat as versions before 2026 wrote it: one object, each message once."""
    latest = {item["id"]: item for item in lines if "id" in item}
    return json.dumps({**lines[0], "messages": list(latest.values())}, indent=indent).encode()


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("place", ["session-2025-10-09T09-00-11111111.json", "xy/0123456789/0/full.jsonl"])
def test_the_older_format_gives_the_same_session(tmp_path: Path, one_file: Any, indent: int | None, place: str) -> None:
    plain = one_file(*CHAT)
    path = tmp_path / "old" / place
    path.parent.mkdir(parents=True)
    path.write_bytes(one_object(CHAT, indent))
    older = read_tree(tmp_path / "old", tmp_path / "old-private")
    assert older.sessions.drop(KEYED).equals(plain.sessions.drop(KEYED))
    assert older.transcripts == plain.transcripts
    assert older.rejected.is_empty()


@pytest.mark.parametrize("order", ["az", "za"])
@pytest.mark.parametrize("cut", range(1, len(CHAT) + 1))
def test_an_earlier_state_of_the_chat_takes_nothing_away(tmp_path: Path, order: str, cut: int) -> None:
    write(tmp_path / "logs" / order[0] / "full.jsonl", *CHAT[:cut])
    write(tmp_path / "logs" / order[1] / PLACE, *CHAT)
    session = read_tree(tmp_path / "logs", tmp_path / "private").only()
    assert (session["model_calls"], session["tool_calls"], session["output_tokens"]) == (2, 2, 75)
    assert session["assistant_words"] == 4


PROGRAM_MESSAGES = [
    message("user", "u2", 2, [{"text": "System: Please continue."}]),
    message("user", "u2", 2, "Please continue."),
    message("user", "u2", 2, [{"functionResponse": {"id": "c1", "response": {"output": "x"}}}]),
    message("user", "u2", 2, "<session_context>\nToday is …\n</session_context>"),
    message("info", "u2", 2, "Gemini CLI update available!"),
    message("error", "u2", 2, "Error during discovery"),
    {"$set": {"messages": [human("u9", 2, "from the history")]}},
]


@pytest.mark.parametrize("line", PROGRAM_MESSAGES, ids=range(len(PROGRAM_MESSAGES)))
def test_messages_of_the_program_are_no_prompts(line: dict[str, Any]) -> None:
    found = entries(header(), human("u1", 1, "hello"), line)
    assert sum(entry.kind is Kind.PROMPT for entry in found) == 1


HUMAN_MESSAGES = [
    (message("user", "u1", 1, "fix it"), "fix it"),
    (message("user", "u1", 1, [{"text": "fix"}, {"text": " it"}]), "fix it"),
    (message("user", "u1", 1, [{"text": "x" * 99}], displayContent=[{"text": "fix it"}]), "fix it"),
    (message("user", "u1", 1, [{"text": "fix @a\n--- Content from referenced files ---\nlong"}]), "fix @a"),
    (message("user", "u1", 1, [{"inlineData": {"mimeType": "image/png", "data": "aGk="}}]), "[attachment]"),
]


@pytest.mark.parametrize(("line", "words"), HUMAN_MESSAGES, ids=range(len(HUMAN_MESSAGES)))
def test_prompts_are_what_the_person_typed(line: dict[str, Any], words: str) -> None:
    (_, entry) = entries(header(), line)
    assert (entry.kind, entry.text) == (Kind.PROMPT, words)


def test_what_was_rewound_was_said_and_paid_for(one_file: Any) -> None:
    session = one_file(*CHAT, {"$rewindTo": "g1"}, reply("g3", 9, "Once more")).only()
    assert (session["model_calls"], session["tool_calls"]) == (3, 2)


def test_a_compressed_history_is_one_compaction_and_no_words(one_file: Any) -> None:
    history = [
        human("s1", 8, "<state_snapshot>we did things</state_snapshot>"),
        message("gemini", "s2", 8, "Got it. Thanks for the additional context!"),
        CHAT[-1],
    ]
    session = one_file(*CHAT, {"$set": {"messages": history}}, {"$set": {"messages": [*history, history[0]]}}).only()
    assert (session["compactions"], session["model_calls"], session["human_prompts"]) == (1, 2, 1)


def test_cancelling_is_an_interruption(one_file: Any) -> None:
    cancelled = call("run_shell_command", "c1", 2, "[Operation Cancelled]", status="cancelled", command="sleep 9")
    session = one_file(
        header(), human("u1", 1, "go"), reply("g1", 2, "", cancelled), message("info", "i1", 3, "Request cancelled.")
    ).only()
    assert (session["interruptions"], session["tool_calls"], session["tool_calls_succeeded"]) == (1, 1, 0)


def test_calls_that_have_not_ended_are_not_counted_yet(one_file: Any) -> None:
    session = one_file(
        header(), human("u1", 1, "go"), reply("g1", 2, "", call("x", "c1", 2, status="executing"))
    ).only()
    assert session["tool_calls"] == 0


DIFF = "Index: a.py\n=====\n--- a.py\tCurrent\n+++ a.py\tProposed\n@@ -1,2 +1,3 @@\n same\n-old\n+new\n+++ newer\n"


def display(path: str, diff: str) -> dict[str, Any]:
    return {"fileDiff": diff, "fileName": path.rpartition("/")[2], "filePath": path, "isNewFile": False}


def test_lines_of_an_edit_come_from_its_diff_and_else_from_its_input(one_file: Any) -> None:
    session = one_file(
        header(),
        human("u1", 1, "go"),
        reply(
            "g1",
            2,
            "",
            call("replace", "c1", 2, resultDisplay=display("/srv/a.py", DIFF), file_path="/srv/a.py", old_string="old"),
            call("write_file", "c2", 3, file_path="/srv/b.py", content="one\ntwo\n"),
            call("replace", "c3", 4, file_path="/srv/a.py", old_string="x\ny", new_string="x\nz\nw"),
            call("write_file", "c4", 5, status="error", file_path="/srv/c.py", content="lost"),
            call("read_file", "c5", 6, file_path="/srv/d.py"),
        ),
    ).only()
    assert (session["lines_added"], session["lines_removed"], session["files_changed"]) == (2 + 2 + 2, 1 + 1, 2)


def shell(call_id: str, at: float, command: str, output: str) -> dict[str, Any]:
    return call("run_shell_command", call_id, at, output, command=command, description="x")


def test_commands_that_fail_are_known_by_their_output(one_file: Any) -> None:
    session = one_file(
        header(),
        human("u1", 1, "go"),
        reply(
            "g1",
            2,
            "",
            shell("c1", 2, "git commit -m x", "Output: [main 1a2b3c4] x"),
            shell("c2", 3, "pytest -q", "Command: pytest -q\nOutput: 1 failed\nExit Code: 1"),
            shell("c3", 4, "npm test", "Command: npm test\nOutput: 3 passed\nExit Code: 0"),
            shell("c4", 5, "gh pr create", "Output: https://git.example.com/o/r/pull/12"),
            shell("c5", 6, "hostile", f"Output: x\nExit Code: {'9' * 5000}"),
        ),
    ).only()
    assert (session["tool_calls"], session["tool_calls_succeeded"]) == (5, 3)
    assert (session["git_commits"], session["pull_requests"]) == (1, 1)
    assert (session["test_runs"], session["last_test_passed"]) == (2, True)


def test_the_same_call_id_in_two_messages_is_two_calls(one_file: Any) -> None:
    one, other = call("glob", "c1", 2, pattern="*"), call("glob", "c1", 3, pattern="?")
    session = one_file(header(), human("u1", 1, "go"), reply("g1", 2, "", one), reply("g2", 3, "", other)).only()
    assert session["tool_calls"] == 2


def test_the_transcript_shows_words_tools_and_results(one_file: Any) -> None:
    transcript = one_file(
        header(),
        human("u1", 1, "run the tests"),
        reply("g1", 2, "Running", shell("c1", 3, "pytest", "Output: 2 passed"), shell("c2", 4, "ls", "Output: a.py")),
        message("error", "e1", 5, "API overloaded"),
    ).transcript()
    assert transcript == (
        "[human]\nrun the tests\n\n"
        "[assistant]\nRunning\n[tool] run_shell_command: pytest\n[result] ok: 2 passed\n"
        "[tool] run_shell_command: ls\n[result] ok: a.py\n\n"
        "[system]\nAPI overloaded\n"
    )


def test_a_sub_agents_chat_lies_in_the_folder_of_its_session(tmp_path: Path) -> None:
    agent = "99999999-2222-3333-4444-555555555555"
    write(tmp_path / "logs" / PLACE, *CHAT)
    work = [header(agent, kind="subagent"), human("u7", 4, "search for it"), reply("g7", 5, "two words", LATE[0])]
    write(tmp_path / "logs" / "tmp/app/chats" / SESSION / f"{agent}.jsonl", *work)
    found = read_tree(tmp_path / "logs", tmp_path / "private")
    session = found.only()
    assert (session["human_prompts"], session["model_calls"], session["tool_calls"]) == (1, 3, 3)
    assert (session["subagents"], session["subagent_tool_calls"], session["output_tokens"]) == (1, 1, 80)
    assert sorted(found.files["role"]) == ["session", "subagent"]
    assert "search for it" not in found.transcript()


def test_bad_lines_cost_only_themselves(tmp_path: Path) -> None:
    path = write(tmp_path / "logs" / PLACE, *CHAT[:4], b"{torn", b"\x00\x00", *CHAT[4:])
    path.write_bytes(path.read_bytes() + b'{"id":"g9","ty')
    found = read_tree(tmp_path / "logs", tmp_path / "private")
    assert found.rejected.select("line_number", "reason").rows() == [
        (5, "not valid JSON"),
        (6, "NUL bytes"),
    ]
    assert found.only()["model_calls"] == 2


def test_a_torn_object_is_one_reject(tmp_path: Path) -> None:
    path = tmp_path / "logs" / "session-2025-10-09T09-00-11111111.json"
    path.parent.mkdir()
    path.write_bytes(one_object(CHAT, 2)[:-40])
    found = read_tree(tmp_path / "logs", tmp_path / "private")
    assert found.rejected.select("line_number", "reason").rows() == [(1, "not valid JSON")]
    assert (found.sessions.height, found.files["lines"].item()) == (0, 1)


def test_odd_shapes_are_passed_over(one_file: Any) -> None:
    odd_call = {"id": 3, "name": None, "args": [1], "result": "x", "status": "success", "resultDisplay": [1]}
    found = one_file(
        header(kind=7),
        human("u1", 1, "go"),
        message("hologram", "h1", 2, {"beam": 1}),
        {"newKey": 1},
        message("gemini", "g1", 3, None, tokens={"input": "many", "output": 4}, toolCalls=[odd_call, 5], model=2),
        message("gemini", "g2", 3, [{"text": "two words"}, 3], tokens=None, toolCalls="none"),
    )
    session = found.only()
    assert (session["model_calls"], session["tool_calls"], session["output_tokens"]) == (2, 1, 4)
    assert session["assistant_words"] == 2


def test_lines_add_up(one_file: Any) -> None:
    found = one_file(*CHAT)
    classified = pl.DataFrame(schema=polars_schema("core.classified_sessions"))
    table = attrition(found.files, found.sessions, classified, found.book.months(), "study")
    assert breaks(table) == []
    assert (table.filter(pl.col("unit") == "line")["removed"] >= 0).all()


@pytest.mark.parametrize(
    ("name", "is_log"),
    [
        ("s1.jsonl", True),
        ("a name of\ntwo lines.jsonl", True),
        ("session-2025-10-09T09-00-11111111.json", True),
        ("session-2025-10-09T09-00-11111111.jsonl", True),
        ("sessions-index.json", False),
        ("agent-0a1b2c3d.meta.json", False),
        ("metadata.json", False),
        ("logs.json", False),
        ("package.json", False),
        ("session-notes.json", False),
        ("jsonl", False),
    ],
)
def test_json_files_are_logs_only_under_the_name_of_a_chat(name: str, is_log: bool) -> None:
    assert is_log_name(name) is is_log


def test_a_chat_is_known_by_its_first_keys() -> None:
    def harness(data: bytes) -> str:
        return read(data, path=PurePath("full.jsonl"), key=str, written_ms=START).harness

    assert harness(encode(*CHAT)) == harness(one_object(CHAT, 2)) == harness(one_object(CHAT, None)) == "gemini"
    quoting = {"type": "user", "message": {"content": encode(header()).decode()}}
    assert harness(encode(quoting)) == "claude_code"

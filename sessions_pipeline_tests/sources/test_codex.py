"""What the lines of Codex rollouts mean: one test per habit of real logs, each with its data written out."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path, PurePath
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sessions_pipeline.sources import codex, read
from sessions_pipeline.sources.model import Kind, Usage
from sessions_pipeline_tests.lines import START, encode, moment, write
from sessions_pipeline_tests.sessions.tree import KEYED, Read
from sessions_pipeline_tests.sessions.tree import read as read_tree


def uuid7(seconds: float, tail: str = "0") -> str:
    """An id that opens with the time `seconds` after START, as Codex makes them."""
    digits = f"{int(START + seconds * 1000):012x}"
    return f"{digits[:8]}-{digits[8:]}-7abc-8def-{tail:0>12}"


OWN = uuid7(0)


def line(kind: str, at: float, /, **payload: Any) -> dict[str, Any]:
    return {"timestamp": moment(at), "type": kind, "payload": payload}


def meta(at: float = 0, thread: str = OWN, **keys: Any) -> dict[str, Any]:
    told = {"cwd": "/srv/app", "originator": "codex_cli_rs", "cli_version": "0.47.0", "source": "cli", **keys}
    return line("session_meta", at, id=thread, timestamp=moment(at), **told)


def event(kind: str, at: float, /, **payload: Any) -> dict[str, Any]:
    return line("event_msg", at, type=kind, **payload)


def item(kind: str, at: float, /, **payload: Any) -> dict[str, Any]:
    return line("response_item", at, type=kind, **payload)


def said(role: str, text: str, at: float) -> dict[str, Any]:
    kind = "output_text" if role == "assistant" else "input_text"
    return item("message", at, role=role, content=[{"type": kind, "text": text}])


def human(text: str, at: float) -> list[dict[str, Any]]:
    """A prompt as the program logs it: as an item for the model, and as an event."""
    return [said("user", text, at), event("user_message", at, message=text, kind="plain")]


def context(at: float, model: str = "gpt-5-codex", **keys: Any) -> dict[str, Any]:
    return line("turn_context", at, cwd="/srv/app", model=model, **keys)


def tokens(at: float, total: tuple[int, int, int], last: tuple[int, int, int]) -> dict[str, Any]:
    """A token_count event; totals and last are input, of which cached, output."""

    def used(numbers: tuple[int, int, int]) -> dict[str, int]:
        given, cached, output = numbers
        return {
            "input_tokens": given,
            "cached_input_tokens": cached,
            "output_tokens": output,
            "reasoning_output_tokens": output // 2,
            "total_tokens": given + output,
        }

    return event("token_count", at, info={"total_token_usage": used(total), "last_token_usage": used(last)})


def shell(call: str, at: float, command: object, name: str = "shell", **keys: Any) -> dict[str, Any]:
    arguments = json.dumps({"cmd" if name == "exec_command" else "command": command, **keys})
    return item("function_call", at, name=name, call_id=call, arguments=arguments)


def output(call: str, at: float, text: object, code: int | None = None) -> dict[str, Any]:
    wrapped = json.dumps({"output": text, "metadata": {"exit_code": code}}) if code is not None else text
    return item("function_call_output", at, call_id=call, output=wrapped)


def name(thread: str = OWN) -> str:
    return f"rollout-2025-10-09T09-00-00-{thread}.jsonl"


@pytest.fixture
def one_file(tmp_path: Path) -> Any:
    """Reads these lines as the only log file."""

    def build(*lines: dict[str, Any] | bytes) -> Read:
        write(tmp_path / "logs" / "2025" / "10" / "09" / name(), *lines)
        return read_tree(tmp_path / "logs", tmp_path / "private")

    return build


def tree(tmp_path: Path, files: dict[str, list[Any]], **options: Any) -> Read:
    for place, lines in files.items():
        write(tmp_path / "logs" / place, *lines)
    return read_tree(tmp_path / "logs", tmp_path / "private", **options)


def entries(*lines: dict[str, Any] | bytes) -> Any:
    path = PurePath(name())
    return codex.read(encode(*lines), path=path, key=lambda text: f"key of {text}", written_ms=START + 10**9).entries


TWO_RESPONSES = [
    (1000, 600, 50),
    (2500, 1800, 80),
]
ITEMS = [
    [item("reasoning", 3, summary=[], encrypted_content="x"), shell("c1", 4, ["bash", "-lc", "ls"])],
    [said("assistant", "All is done", 8)],
]


def totals_before_items() -> list[dict[str, Any]]:
    """As version 0.47: tokens come first, and are repeated with every change of the rate limits."""
    first, second = TWO_RESPONSES
    return [
        tokens(2, first, first),
        *ITEMS[0],
        output("c1", 5, "a.py", 0),
        tokens(6, first, first),
        tokens(7, second, (1500, 1200, 30)),
        *ITEMS[1],
        tokens(9, second, (1500, 1200, 30)),
    ]


def totals_after_items() -> list[dict[str, Any]]:
    """As later versions."""
    first, second = TWO_RESPONSES
    return [
        *ITEMS[0],
        tokens(4, first, first),
        output("c1", 5, "a.py", 0),
        tokens(6, first, first),
        *ITEMS[1],
        tokens(9, second, (1500, 1200, 30)),
        event("token_count", 9, info=None, rate_limits={}),
    ]


@pytest.mark.parametrize("work", [totals_before_items(), totals_after_items()], ids=["before", "after"])
def test_cumulative_totals_count_once_and_the_cached_part_is_no_new_input(
    one_file: Any, work: list[dict[str, Any]]
) -> None:
    session = one_file(meta(), *human("look around", 1), context(1), *work).only()
    assert session["model_calls"] == 2
    assert (session["input_tokens"], session["cache_read_tokens"]) == (2500 - 1800, 1800)
    assert (session["output_tokens"], session["cache_write_5m_tokens"]) == (80, 0)
    assert (session["tool_calls"], session["tool_calls_succeeded"], session["assistant_words"]) == (1, 1, 3)
    assert (session["human_prompts"], session["harness"], session["model"]) == (1, "codex", "gpt-5-codex")
    assert (session["cli_version"], session["entrypoint"]) == ("0.47.0", "codex_cli_rs")
    assert session["api_cost_usd"] == pytest.approx((700 * 1.25 + 80 * 10 + 1800 * 0.125) / 1e6)


def test_cache_writes_are_part_of_the_input_too() -> None:
    used = {"input_tokens": 100, "cached_input_tokens": 40, "cache_write_input_tokens": 30, "output_tokens": 10}
    found = entries(meta(), event("token_count", 1, info={"total_token_usage": used, "last_token_usage": used}))
    assert found[1].usage == Usage(30, 10, 30, 0, 40)


def test_totals_without_the_last_response_are_subtracted() -> None:
    def total(given: int, written: int) -> dict[str, Any]:
        return event("token_count", 1, info={"total_token_usage": {"input_tokens": given, "output_tokens": written}})

    found = entries(meta(), total(100, 10), total(150, 30))
    assert [entry.usage for entry in found[1:]] == [Usage(100, 10), Usage(50, 20)]


def test_the_last_response_without_totals_counts() -> None:
    def last(given: int) -> dict[str, Any]:
        return event("token_count", 1, info={"last_token_usage": {"input_tokens": given, "output_tokens": 10}})

    assert [entry.usage for entry in entries(meta(), last(100), last(50))[1:]] == [Usage(100, 10), Usage(50, 10)]


def test_records_of_single_responses_replace_the_totals_beside_them(one_file: Any) -> None:
    used = {"input_tokens": 70, "cached_input_tokens": 20, "output_tokens": 9}
    record = line("token_usage_record", 3, response_id="r1", thread_id=OWN, usage=used)
    session = one_file(
        meta(), *human("go", 1), said("assistant", "ok", 2), record, tokens(3, (70, 20, 9), (70, 20, 9))
    ).only()
    assert (session["model_calls"], session["input_tokens"], session["output_tokens"]) == (1, 50, 9)


def test_an_interrupted_response_without_tokens_is_a_response(one_file: Any) -> None:
    used = (10, 0, 5)
    session = one_file(
        meta(),
        *human("go", 1),
        shell("c1", 2, "sleep 100"),
        event("turn_aborted", 3, reason="interrupted"),
        *human("again", 4),
        said("assistant", "ok", 5),
        tokens(6, used, used),
        event("turn_aborted", 7, reason="replaced"),
    ).only()
    assert (session["model_calls"], session["interruptions"], session["tool_calls_succeeded"]) == (2, 1, 0)


def bare(at: float = 0) -> list[dict[str, Any]]:
    """A rollout of September 2025: no times but the header's, no model, no tokens."""

    def spoken(role: str, text: str) -> dict[str, Any]:
        kind = "output_text" if role == "assistant" else "input_text"
        return {"type": "message", "role": role, "content": [{"type": kind, "text": text}]}

    state = {"record_type": "state"}
    return [
        {"id": OWN, "timestamp": moment(at), "instructions": "# Guidelines", "git": {"branch": "main"}},
        state,
        spoken("user", "<user_instructions>\n# Guidelines\n</user_instructions>"),
        spoken("user", "<environment_context>\n  <cwd>/srv/app</cwd>\n</environment_context>"),
        state,
        spoken("user", "list the files"),
        {"type": "reasoning", "id": "r1", "summary": [{"type": "summary_text", "text": "**Listing**"}]},
        {"type": "function_call", "name": "shell", "call_id": "c1", "arguments": '{"command": ["bash", "-lc", "ls"]}'},
        {"type": "function_call_output", "call_id": "c1", "output": '{"output": "a.py", "metadata": {"exit_code": 0}}'},
        state,
        spoken("assistant", "One file"),
    ]


def test_the_bare_format_has_prompts_calls_and_responses_but_no_tokens(one_file: Any) -> None:
    found = one_file(*bare())
    session = found.only()
    assert (session["session_id"], session["human_prompts"], session["tool_calls"]) == (OWN, 1, 1)
    assert (session["model_calls"], session["assistant_words"], session["active_seconds"]) == (2, 2, 0)
    assert (session["output_tokens"], session["api_cost_usd"], session["model"]) == (0, None, None)
    assert session["started_at"] == session["ended_at"] == dt.datetime(2025, 10, 9, 9)
    assert session["is_eligible"]
    assert (found.files["lines"].item(), found.files["lines_outside"].item()) == (11, 3)


PROGRAM_WORDS = [
    "<environment_context>\n  <cwd>/srv/app</cwd>\n</environment_context>",
    "<user_instructions>be kind</user_instructions>",
    "# AGENTS.md instructions for /srv/app\n\n<INSTRUCTIONS>be kind</INSTRUCTIONS>",
    "<turn_aborted>\nThe user interrupted the previous turn.\n</turn_aborted>",
    "<user_shell_command>ls</user_shell_command>",
    "<subagent_notification>{}</subagent_notification>",
    "   ",
]


@pytest.mark.parametrize("words", PROGRAM_WORDS, ids=range(len(PROGRAM_WORDS)))
def test_words_of_the_program_are_no_prompts_even_without_events(words: str) -> None:
    found = entries(meta(), said("user", words, 1), said("user", "hello", 2))
    assert [entry.kind for entry in found[1:]] == [Kind.NOTICE, Kind.PROMPT]


@pytest.mark.parametrize(
    ("logged", "words"),
    [
        ("fix it", "fix it"),
        ("# Context from my IDE setup:\n\n## Active file: a.py\n\n## My request for Codex:\nfix it\n", "fix it\n"),
        ("# Files mentioned by the user:\n\n## a.png: /tmp/a.png\n\n## My request for Codex:\nfix it", "fix it"),
        ("# Files\nare what I want to talk about", "# Files\nare what I want to talk about"),
    ],
)
def test_context_before_the_words_is_stripped(logged: str, words: str) -> None:
    (_, entry) = entries(meta(), event("user_message", 1, message=logged))
    assert (entry.kind, entry.text) == (Kind.PROMPT, words)


def test_an_image_alone_is_a_prompt() -> None:
    (_, entry, empty) = entries(
        meta(),
        event("user_message", 1, message="", images=["data:image/png;base64,aGk="]),
        event("user_message", 2, message="", images=[]),
    )
    assert (entry.kind, entry.text, empty.kind) == (Kind.PROMPT, "[attachment]", Kind.NOTICE)


def test_a_review_is_a_prompt_if_the_person_says_what_to_look_at() -> None:
    (_, asked, plain) = entries(
        meta(),
        event("entered_review_mode", 1, target={"type": "custom", "instructions": "the locks"}),
        event("entered_review_mode", 2, target={"type": "uncommittedChanges"}),
    )
    assert (asked.kind, asked.text, plain.kind) == (Kind.PROMPT, "/review the locks", Kind.NOTICE)


PATCH = """*** Begin Patch
*** Update File: src/a.py
@@ def f():
 same
-old
+new
+newer
*** Add File: b.py
+one
+two
+three
*** Delete File: /srv/app/c.py
*** End Patch"""


def patch_calls(ok: bool) -> list[list[dict[str, Any]]]:
    done = json.dumps({"output": "Success. Updated the following files", "metadata": {"exit_code": 0 if ok else 1}})
    return [
        [
            item("custom_tool_call", 2, name="apply_patch", call_id="c1", input=PATCH, status="completed"),
            item("custom_tool_call_output", 3, call_id="c1", output=done),
        ],
        [shell("c1", 2, ["apply_patch", PATCH]), item("function_call_output", 3, call_id="c1", output=done)],
        [
            shell("c1", 2, ["bash", "-lc", f"apply_patch <<'EOF'\n{PATCH}\nEOF\n"]),
            item("function_call_output", 3, call_id="c1", output=done),
        ],
        [
            item("local_shell_call", 2, call_id="c1", action={"type": "exec", "command": ["apply_patch", PATCH]}),
            item("function_call_output", 3, call_id="c1", output=done),
        ],
    ]


@pytest.mark.parametrize("form", range(4))
def test_lines_of_a_patch_count_file_by_file_if_it_was_applied(one_file: Any, form: int) -> None:
    session = one_file(meta(), *human("go", 1), *patch_calls(ok=True)[form]).only()
    assert (session["lines_added"], session["lines_removed"], session["files_changed"]) == (2 + 3, 1, 3)


@pytest.mark.parametrize("form", range(4))
def test_a_patch_that_failed_changed_nothing(one_file: Any, form: int) -> None:
    session = one_file(meta(), *human("go", 1), *patch_calls(ok=False)[form]).only()
    assert (session["lines_added"], session["files_changed"], session["tool_calls_succeeded"]) == (0, 0, 0)


CHANGES = [
    {
        "/srv/app/a.py": {"type": "update", "unified_diff": "--- a\n+++ b\n@@ -1 +1,2 @@\n-old\n+new\n+newer\n"},
        "/srv/app/b.py": {"type": "add", "content": "one\ntwo\n"},
        "/srv/app/c.py": {"type": "delete", "content": "gone\n"},
    },
    {
        "/srv/app/a.py": {"update": {"unified_diff": "@@ -1 +1,2 @@\n-old\n+new\n+newer\n", "move_path": None}},
        "/srv/app/b.py": {"add": {"content": "one\ntwo\n"}},
        "/srv/app/c.py": {"delete": {"content": "gone\n"}},
    },
]


@pytest.mark.parametrize("changes", CHANGES, ids=["named", "tagged"])
@pytest.mark.parametrize("patch_id", ["c1", "made-by-the-script"])
def test_what_the_program_reports_of_a_patch_goes_before_the_patch(
    one_file: Any, changes: dict[str, Any], patch_id: str
) -> None:
    session = one_file(
        meta(),
        *human("go", 1),
        item("custom_tool_call", 2, name="exec", call_id="c1", input=f"tools.apply_patch(`{PATCH}`)"),
        event("patch_apply_end", 3, call_id=patch_id, success=True, changes=changes),
        item("custom_tool_call_output", 4, call_id="c1", output="Script completed\nWall time 0.1 seconds\nOutput:\n"),
    ).only()
    assert (session["lines_added"], session["lines_removed"], session["files_changed"]) == (2 + 2, 1 + 1, 3)
    assert session["tool_calls"] == 1


def test_the_same_file_by_relative_and_absolute_path_is_one_file(one_file: Any) -> None:
    def patched(call: str, path: str) -> list[dict[str, Any]]:
        text = f"*** Begin Patch\n*** Update File: {path}\n@@\n+x\n*** End Patch"
        return [shell(call, 2, ["apply_patch", text]), output(call, 3, "Success", 0)]

    session = one_file(meta(), *human("go", 1), *patched("c1", "src/a.py"), *patched("c2", "/srv/app/src/a.py")).only()
    assert (session["lines_added"], session["files_changed"]) == (2, 1)


WRAPPED = json.dumps({"output": "OUTPUT", "metadata": {"exit_code": 0, "duration_seconds": 0.1}})
SHELLS = [
    ("shell", ["bash", "-lc", "COMMAND"], WRAPPED),
    ("shell", ["powershell.exe", "-Command", "COMMAND"], WRAPPED),
    ("shell_command", "COMMAND", "Exit code: 0\nWall time: 0.1 seconds\nOutput:\nOUTPUT"),
    ("exec_command", "COMMAND", "Chunk ID: a\nWall time: 0.1 seconds\nProcess exited with code 0\nOutput:\nOUTPUT"),
]


@pytest.mark.parametrize(("tool", "command", "result"), SHELLS, ids=range(4))
def test_commits_pull_requests_and_tests_are_seen_in_every_shell(
    one_file: Any, tool: str, command: object, result: str
) -> None:
    def ran(call: str, at: float, words: str, printed: str) -> list[dict[str, Any]]:
        given = json.loads(json.dumps(command).replace("COMMAND", words))
        return [shell(call, at, given, tool), output(call, at + 1, result.replace("OUTPUT", printed))]

    session = one_file(
        meta(),
        *human("go", 1),
        *ran("c1", 2, "git commit -am x", "[main 1a2b3c4] x"),
        *ran("c2", 4, "gh pr create --fill", "https://git.example.com/o/r/pull/12"),
        *ran("c3", 6, "pytest -q", "2 failed, 3 passed"),
        *ran("c4", 8, "git log", "[main 1a2b3c4] x"),
    ).only()
    assert (session["git_commits"], session["pull_requests"]) == (1, 1)
    assert (session["test_runs"], session["last_test_passed"]) == (1, False)
    assert (session["tool_calls"], session["tool_calls_succeeded"]) == (4, 4)


FAILED_OUTPUTS = [
    json.dumps({"output": "no", "metadata": {"exit_code": 2}}),
    "Exit code: 127\nWall time: 0 seconds\nOutput:\nnot found",
    "Chunk ID: abc\nWall time: 0.1 seconds\nProcess exited with code 1\nOutput:\nno",
    "apply_patch verification failed: Failed to find expected lines",
    "execution error: Io(Os { code: 2 })",
    "aborted by user after 3.2s",
    {"content": "no", "success": False},
]
FINE_OUTPUTS = [
    "Plan updated",
    [{"type": "input_text", "text": "an image"}, {"type": "input_image", "image_url": "data:"}],
    "Exit code: 0\nWall time: 0 seconds\nOutput:\nExit code: 1",
    {"content": "yes", "success": True},
    '{"output": 3}',
]


@pytest.mark.parametrize(
    ("result", "ok"), [*((text, False) for text in FAILED_OUTPUTS), *((text, True) for text in FINE_OUTPUTS)]
)
def test_how_calls_ended(result: object, ok: bool) -> None:
    (*_, entry) = entries(meta(), shell("c1", 2, "x"), output("c1", 3, result))
    assert [found.ok for found in entry.results] == [ok]


def test_events_say_how_calls_ended(one_file: Any) -> None:
    session = one_file(
        meta(),
        *human("go", 1),
        item("function_call", 2, name="mcp__a__b", call_id="c1", arguments="{}"),
        event("mcp_tool_call_end", 3, call_id="c1", result={"Err": "no"}),
        output("c1", 3, "no"),
        shell("c2", 4, "false"),
        event("exec_command_end", 5, call_id="c2", exit_code=1),
        output("c2", 5, ""),
        item("function_call", 6, name="mcp__a__b", call_id="c3", arguments="{}"),
        event("mcp_tool_call_end", 7, call_id="c3", result={"Ok": {"content": [], "isError": False}}),
        output("c3", 7, "yes"),
    ).only()
    assert (session["tool_calls"], session["tool_calls_succeeded"]) == (3, 1)


def test_a_test_run_ends_where_its_process_does(one_file: Any) -> None:
    running = "Chunk ID: a\nWall time: 1.0 seconds\nProcess running with session ID 42\nOutput:\ncollecting"
    ended = "Chunk ID: b\nWall time: 1.0 seconds\nProcess exited with code 1\nOutput:\n1 failed, 2 passed"

    def poll(call: str, at: float) -> dict[str, Any]:
        return item("function_call", at, name="write_stdin", call_id=call, arguments='{"session_id": 42}')

    session = one_file(
        meta(),
        *human("go", 1),
        shell("c1", 2, "pytest", "exec_command"),
        output("c1", 3, running),
        poll("c2", 4),
        output("c2", 5, running),
        poll("c3", 6),
        output("c3", 7, ended),
        shell("c4", 8, "pytest", "exec_command"),
        output("c4", 9, running),
    ).only()
    assert (session["test_runs"], session["last_test_passed"], session["tool_calls"]) == (1, False, 4)


def test_tools_of_the_vendor_end_in_the_item_that_calls_them(one_file: Any) -> None:
    session = one_file(
        meta(),
        *human("go", 1),
        item("web_search_call", 2, status="completed", action={"type": "search", "query": "x"}),
        item("web_search_call", 3, status="failed", action={"type": "search", "query": "y"}),
    ).only()
    assert (session["tool_calls"], session["tool_calls_succeeded"]) == (2, 1)


def test_a_compaction_counts_once_and_its_copy_of_the_history_not_at_all(one_file: Any) -> None:
    history = [said("user", "go", 1)["payload"], said("assistant", "many words here", 2)["payload"]]
    session = one_file(
        meta(),
        *human("go", 1),
        said("assistant", "ok", 2),
        line("compacted", 3, message="We did things.", replacement_history=history),
        event("context_compacted", 3),
    ).only()
    assert (session["compactions"], session["human_prompts"], session["assistant_words"]) == (1, 1, 1)


def test_the_transcript_shows_words_tools_and_results(one_file: Any) -> None:
    transcript = one_file(
        meta(),
        said("user", "<environment_context>x</environment_context>", 0),
        *human("run the tests", 1),
        event("agent_reasoning", 2, text="secret thought"),
        shell("c1", 3, ["bash", "-lc", "pytest -q"]),
        output("c1", 4, "12 passed", 0),
        event("agent_message", 5, message="All pass"),
        said("assistant", "All pass", 5),
    ).transcript()
    assert transcript == (
        "[human]\nrun the tests\n\n[assistant]\n[tool] shell: pytest -q\n[result] ok: 12 passed\nAll pass\n"
    )


ORIGINATORS = [
    ("codex_cli_rs", "cli", None, None),
    ("codex-tui", "cli", None, None),
    ("Codex Desktop", "vscode", None, None),
    ("codex_vscode", "vscode", "ide", None),
    ("codex_exec", "exec", "headless", "headless"),
    ("a_wrapper", "exec", "headless", "headless"),
    ("codex_sdk_ts", "exec", "sdk", "sdk"),
    ("something_new", "unknown", None, None),
]


@pytest.mark.parametrize(("originator", "source", "study", "all_interactive"), ORIGINATORS)
def test_originators_decide_by_rule_set(
    tmp_path: Path, originator: str, source: str, study: str | None, all_interactive: str | None
) -> None:
    lines = [meta(originator=originator, source=source), *human("go", 1), said("assistant", "ok", 2)]
    for rule_set, expected in (("study", study), ("all_interactive", all_interactive)):
        session = tree(tmp_path, {name(): lines}, rule_set=rule_set).only()
        assert (session["exclusion"], session["is_eligible"]) == (expected, expected is None)


def test_a_start_without_a_word_is_no_session_of_the_sample(one_file: Any) -> None:
    words = "<environment_context>\n  <cwd>/srv/app</cwd>\n</environment_context>"
    assert one_file(meta(), said("user", words, 0)).only()["exclusion"] == "no_human_prompt"


def turn(number: int, at: float, total: int, turn_ids: bool = True) -> list[dict[str, Any]]:
    """A turn that uses 100 tokens of input and 10 of output; total: responses so far, this one included."""
    ids = {"turn_id": uuid7(at, str(number))} if turn_ids else {}
    return [
        event("task_started", at, **ids),
        *human(f"question {number}", at),
        context(at, **ids),
        said("assistant", "an answer", at + 1),
        tokens(at + 1, (100 * total, 0, 10 * total), (100, 0, 10)),
    ]


def restamped(lines: list[dict[str, Any]], at: float) -> list[dict[str, Any]]:
    """Lines as a fork copies them: with the time of the copying."""
    return [{**entry, "timestamp": moment(at + index / 1000)} for index, entry in enumerate(lines)]


PARENT, CHILD, GRANDCHILD = uuid7(0, "a"), uuid7(500, "b"), uuid7(1000, "c")


def facts(session: dict[str, Any]) -> tuple[int, int, int, int]:
    return session["human_prompts"], session["model_calls"], session["input_tokens"], session["output_tokens"]


@pytest.mark.parametrize("turn_ids", [True, False])
@pytest.mark.parametrize("with_parents_meta", [True, False])
def test_a_fork_counts_only_what_it_adds(tmp_path: Path, turn_ids: bool, with_parents_meta: bool) -> None:
    parent = [meta(0, PARENT), *turn(1, 10, 1, turn_ids), *turn(2, 20, 2, turn_ids), *turn(3, 900, 3, turn_ids)]
    copied = parent[: -len(turn(3, 0, 3))]
    child = [
        meta(500, CHILD, forked_from_id=PARENT),
        *restamped(copied if with_parents_meta else copied[1:], 500),
        *turn(4, 520, 3, turn_ids),
    ]
    found = tree(tmp_path, {name(PARENT): parent, name(CHILD): child})
    assert facts(found.session(PARENT)) == (3, 3, 300, 30)
    assert facts(found.session(CHILD)) == (1, 1, 100, 10)
    assert found.session(CHILD)["started_at"] == dt.datetime(2025, 10, 9, 9, 8, 20)
    assert found.files["lines_copied"].sum() == len(copied) - (not with_parents_meta)


def test_in_older_logs_the_copy_ends_where_the_forks_own_header_returns(tmp_path: Path) -> None:
    parent = [meta(0, PARENT), *turn(1, 10, 1, turn_ids=False)]
    header = meta(500, CHILD, forked_from_id=PARENT)
    at_once = turn(2, 500.1, 2, turn_ids=False)
    child = [header, *restamped(parent, 500), meta(500.1, CHILD), *at_once]
    found = tree(tmp_path, {name(PARENT): parent, name(CHILD): child})
    assert facts(found.session(PARENT)) == facts(found.session(CHILD)) == (1, 1, 100, 10)


def test_a_fork_that_never_went_on_adds_nothing(tmp_path: Path) -> None:
    parent = [meta(0, PARENT), *turn(1, 10, 1)]
    found = tree(
        tmp_path,
        {name(PARENT): parent, name(CHILD): [meta(500, CHILD, forked_from_id=PARENT), *restamped(parent, 500)]},
    )
    assert facts(found.session(PARENT)) == (1, 1, 100, 10)
    assert facts(found.session(CHILD)) == (0, 0, 0, 0)


def test_a_fork_of_a_fork_knows_whose_each_turn_is(tmp_path: Path) -> None:
    parent = [meta(0, PARENT), *turn(1, 10, 1)]
    child = [meta(500, CHILD, forked_from_id=PARENT), *restamped(parent, 500), *turn(2, 520, 2)]
    grandchild = [meta(1000, GRANDCHILD, forked_from_id=CHILD), *restamped(child, 1000), *turn(3, 1020, 3)]
    found = tree(tmp_path, {name(PARENT): parent, name(CHILD): child, name(GRANDCHILD): grandchild})
    for thread in (PARENT, CHILD, GRANDCHILD):
        assert facts(found.session(thread)) == (1, 1, 100, 10)


def test_a_parent_that_is_gone_lives_on_in_its_fork(tmp_path: Path) -> None:
    parent = [meta(0, PARENT), *turn(1, 10, 1)]
    child = [meta(500, CHILD, forked_from_id=PARENT), *restamped(parent, 500), *turn(2, 520, 2)]
    found = tree(tmp_path, {name(CHILD): child})
    assert facts(found.session(PARENT)) == (1, 1, 100, 10)
    assert facts(found.session(CHILD)) == (1, 1, 100, 10)


def spawned(parent: str) -> dict[str, Any]:
    return {"source": {"subagent": {"thread_spawn": {"parent_thread_id": parent, "depth": 1}}}}


def test_a_spawned_agent_is_folded_into_its_session_without_the_history_it_starts_from(tmp_path: Path) -> None:
    parent = [meta(0, PARENT), *turn(1, 10, 1)]
    child = [
        meta(500, CHILD, forked_from_id=PARENT, **spawned(PARENT)),
        *restamped(parent, 500),
        *turn(2, 500.01, 2),
        shell("c1", 502, ["bash", "-lc", "ls"]),
        output("c1", 503, "a.py", 0),
    ]
    found = tree(tmp_path, {name(PARENT): parent, name(CHILD): child})
    session = found.only()
    assert facts(session) == (1, 3, 200, 20)  # the agent's call of a tool opens a response that has no tokens yet
    assert (session["subagents"], session["subagent_tool_calls"], session["tool_calls"]) == (1, 1, 1)
    assert sorted(found.files["role"]) == ["session", "subagent"]
    assert "question 2" not in found.transcript()


def test_an_agent_of_an_agent_belongs_to_the_session_of_the_first(tmp_path: Path) -> None:
    parent = [meta(0, PARENT), *turn(1, 10, 1)]
    child = [meta(500, CHILD, session_id=PARENT, **spawned(PARENT)), *turn(2, 510, 1)]
    inner = [meta(1000, GRANDCHILD, session_id=PARENT, **spawned(CHILD)), *turn(3, 1010, 1)]
    session = tree(tmp_path, {name(PARENT): parent, name(CHILD): child, name(GRANDCHILD): inner}).only()
    assert (*facts(session), session["subagents"]) == (1, 3, 300, 30, 2)


@pytest.mark.parametrize(
    ("source", "agents", "responses"),
    [({"subagent": {"other": "guardian"}}, 0, 1), ({"subagent": "compact"}, 0, 1), ({"subagent": "review"}, 1, 2)],
)
def test_agents_of_the_program_cost_tokens_and_a_review_is_work(
    tmp_path: Path, source: object, agents: int, responses: int
) -> None:
    parent = [meta(0, PARENT), *turn(1, 10, 1)]
    child = [meta(500, CHILD, source=source, parent_thread_id=PARENT), *turn(2, 510, 1)]
    session = tree(tmp_path, {name(PARENT): parent, name(CHILD): child}).only()
    assert (session["subagents"], session["model_calls"], session["human_prompts"]) == (agents, responses, 1)
    assert (session["input_tokens"], session["output_tokens"]) == (200, 20)


def test_a_reviewer_that_names_no_session_is_left_out_by_name(one_file: Any) -> None:
    session = one_file(meta(source={"subagent": {"other": "guardian"}}), *turn(1, 10, 1)).only()
    assert (session["exclusion"], session["human_prompts"]) == ("internal_agent", 0)
    assert session["entrypoint"] == "subagent guardian"


SESSION = [meta(0), *turn(1, 10, 1), *turn(2, 20, 2), shell("c1", 30, "ls"), output("c1", 31, "a.py", 0)]


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cut=st.integers(1, len(SESSION)), places=st.permutations(["a", "b", "c"]))
def test_earlier_states_and_archived_copies_change_nothing(tmp_path: Path, cut: int, places: list[str]) -> None:
    base = tmp_path / f"{cut}{''.join(places)}"
    plain = tree(base / "plain", {name(): SESSION})
    files = {
        f"{places[0]}/{name()}": SESSION,
        f"{places[1]}/full.jsonl": SESSION[:cut],
        f"{places[2]}/{name()}": SESSION,
    }
    copied = tree(base / "copied", files)
    assert copied.sessions.drop(KEYED).equals(plain.sessions.drop(KEYED))
    assert copied.transcripts == plain.transcripts


def test_a_rollout_is_known_by_its_name_or_by_its_first_line() -> None:
    head = encode(meta())
    assert codex.recognises(name(), b"")
    assert codex.recognises("full.jsonl", head)
    assert codex.recognises("full.jsonl", encode(*bare()))
    quoting = {"type": "user", "message": {"content": head.decode()}}
    assert not codex.recognises("s1.jsonl", encode(quoting))
    assert not codex.recognises("journal.jsonl", encode({"type": "started", "key": "x"}))


def test_a_pointer_in_place_of_a_rollout_is_rejected(one_file: Any) -> None:
    found = one_file(b"version https://git-lfs.github.com/spec/v1", b"oid sha256:0a", b"size 130")
    assert found.rejected["reason"].to_list() == ["Git LFS pointer"] * 3
    assert (found.files["lines"].item(), found.files["role"].item(), found.files["source"].item()) == (
        3,
        "no_session",
        "codex",
    )


def test_bad_lines_cost_only_themselves(tmp_path: Path) -> None:
    lines = [meta(), *human("go", 1), b"\x00" * 100, b'{"timestamp', b"[1]", said("assistant", "ok", 2)]
    path = write(tmp_path / "logs" / name(), *lines)
    path.write_bytes(path.read_bytes() + b'{"timestamp":"2025')
    found = read_tree(tmp_path / "logs", tmp_path / "private")
    assert found.rejected.select("line_number", "reason").rows() == [
        (4, "NUL bytes"),
        (5, "not valid JSON"),
        (6, "not a JSON object"),
    ]
    assert found.files["lines"].item() == 7
    assert (found.only()["human_prompts"], found.only()["model_calls"]) == (1, 1)


def test_a_torn_first_line_does_not_lose_the_session(one_file: Any) -> None:
    found = one_file(b'{"timestamp":"2025-10-09T09:00:00Z","type":"sess', *turn(1, 10, 1))
    assert (found.only()["session_id"], *facts(found.only())) == (OWN, 1, 1, 100, 10)


def test_unknown_types_and_odd_shapes_are_passed_over(one_file: Any) -> None:
    found = one_file(
        meta(cwd=3),
        *human("go", 1),
        line("hologram", 2, beam=1),
        item("hologram", 2),
        event("hologram", 2),
        {"timestamp": moment(2), "type": "response_item", "payload": [1]},
        item("message", 2, role="assistant", content=[{"type": "output_text"}, 3]),
        item("function_call", 2, name=None, call_id=None, arguments="{torn"),
        item("function_call_output", 2, call_id=7, output=None),
        event("token_count", 2, info={"total_token_usage": 3}),
        event("patch_apply_end", 2, call_id=1, changes=[1]),
        said("assistant", "ok", 3),
    )
    assert found.rejected.is_empty()
    assert (found.only()["human_prompts"], found.only()["assistant_words"]) == (1, 1)


def test_times_that_are_broken_or_missing_come_from_the_line_before(one_file: Any) -> None:
    lines = [meta(), *human("go", 1), said("assistant", "ok", 2), said("assistant", "more", 3)]
    lines[3]["timestamp"] = "[REDACTED]"
    del lines[4]["timestamp"]
    session = one_file(*lines).only()
    assert (session["ended_at"] - session["started_at"]).total_seconds() == 1


def test_the_registry_reads_each_format_as_itself() -> None:
    def harness(data: bytes, path: str) -> str:
        return read(data, path=PurePath(path), key=str, written_ms=START + 10**9).harness

    assert harness(encode(meta()), name()) == "codex"
    assert harness(encode(meta()), "full.jsonl") == "codex"
    assert harness(b"", "s1.jsonl") == "claude_code"


DEEP, LONG = "[" * 50_000, "9" * 5_000


@pytest.mark.parametrize(
    "lines",
    [
        [item("function_call", 2, name="shell", call_id="c1", arguments='{"a":' + DEEP), output("c1", 3, "ok")],
        [shell("c1", 2, "ls"), output("c1", 3, '{"output":' + DEEP)],
        [shell("c1", 2, "ls"), output("c1", 3, f"Exit code: {LONG}\nOutput:\nno")],
        [shell("c1", 2, "ls"), output("c1", 3, f"Process running with session ID {LONG}\nOutput:\nno")],
        [shell("HALF", 2, ["HALF"], workdir="HALF"), output("HALF", 3, "HALF")],
    ],
    ids=["arguments", "result", "exit code", "process", "half a character"],
)
def test_hostile_calls_and_results_stop_nothing(one_file: Any, lines: list[dict[str, Any]]) -> None:
    hostile = (encode(line).replace(b"HALF", rb"\ud83d").rstrip() for line in lines)
    found = one_file(meta(), *human("go", 1), *hostile, said("assistant", "ok", 9))
    assert found.rejected.is_empty()
    assert (found.only()["tool_calls"], found.only()["assistant_words"]) == (1, 1)


def test_lines_nested_too_deeply_are_rejects_and_the_rest_is_read() -> None:
    lists = [b"[" * depth + b"1" + b"]" * depth for depth in range(500, 1000)]
    lines = [b'{"type":"message","role":' + nested + b"}" for nested in lists]
    found = codex.read(encode(*lines), path=PurePath(name()), key=str, written_ms=START + 10**9)
    assert {rejected.reason for rejected in found.rejected} == {"nested too deeply"}
    places = [entry.line for entry in found.entries] + [rejected.line for rejected in found.rejected]
    assert sorted(places) == list(range(1, found.lines + 1))

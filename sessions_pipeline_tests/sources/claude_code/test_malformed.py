"""Lines that cannot be read cost only themselves; odd ones lose only what is odd about them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sessions_pipeline_tests.lines import call, encode, human, line, reply, result, text, write
from sessions_pipeline_tests.sessions.tree import Read, read

BAD_LINES = [
    (b'{"type":"user","uuid":"u1","sess{"type":"user","uuid":"u2","sessionId":"s1"}', "not valid JSON"),
    (b'{"type":"user","uuid":"u1","n":[REDACTED_PHONE],"sessionId":"s1"}', "not valid JSON"),
    (b'{"type":"user","uuid":"u1","content":"my mail is [REDACTED_EMAIL]}', "not valid JSON"),
    (b"  tail of a text whose line ends were not escaped", "not valid JSON"),
    (b"\x00" * 4000, "NUL bytes"),
    (b'{"type":"user","uuid":"x","sess', "not valid JSON"),
    (b'{"a":1}{"b":2}', "not valid JSON"),
    (b"[1, 2]", "not a JSON object"),
    (b'"text"', "not a JSON object"),
    (b'{"type":"user","x":"\xff\xfe', "not valid UTF-8"),
    (b"version https://git-lfs.github.com/spec/v1", "Git LFS pointer"),
    (b"{", "not valid JSON"),
    (b"[" * 100_000, "nested too deeply"),
]


@pytest.mark.parametrize(("bad", "reason"), BAD_LINES, ids=range(len(BAD_LINES)))
def test_a_bad_line_is_counted_and_the_rest_is_read(one_file: Any, bad: bytes, reason: str) -> None:
    found = one_file(human("hello", 0), bad, reply(1, text("hi")))
    assert found.rejected.select("line_number", "reason").rows() == [(2, reason)]
    assert (found.only()["human_prompts"], found.only()["model_calls"]) == (1, 1)
    assert found.files["lines"].item() == 3


def test_lone_surrogates_and_control_characters_do_not_stop_a_line(one_file: Any) -> None:
    raw = encode(human("PLACE", 0)).replace(b"PLACE", rb"before \ud800 \u0007 after").rstrip()
    found = one_file(raw, reply(1, text("hi")))
    assert found.rejected.is_empty()
    assert found.only()["human_prompts"] == 1
    assert "before" in found.transcript()
    assert "\x07" not in found.transcript()
    found.transcript().encode()


@pytest.mark.parametrize("name", ["uuid", "sessionId", "version", "cwd", "agentId"])
def test_half_a_surrogate_pair_in_a_name_of_a_line_stops_nothing(one_file: Any, name: str) -> None:
    raw = encode(human("hello", 0) | {name: "a-PLACE-z"}).replace(b"PLACE", rb"\ud800").rstrip()
    found = one_file(human("go", 0), raw, reply(1, text("hi")))
    assert found.rejected.is_empty()
    assert found.files["lines"].item() == 3


def test_half_a_surrogate_pair_in_a_tool_call_stops_nothing(one_file: Any) -> None:
    raw = encode(reply(1, call("Write", "t-PLACE", file_path="/srv/PLACE", content="x"))).replace(b"PLACE", rb"\ud83d")
    found = one_file(human("go", 0), raw.rstrip(), reply(2, text("hi"), message="m2"))
    assert found.rejected.is_empty()
    assert found.only()["tool_calls"] == 1


def test_invalid_utf8_inside_a_line_costs_only_the_characters(one_file: Any) -> None:
    raw = encode(human("PLACE", 0)).replace(b"PLACE", b"before \xff\xfe after").rstrip()
    found = one_file(raw, reply(1, text("hi")))
    assert found.rejected.is_empty()
    assert "before \ufffd\ufffd after" in found.transcript()


def test_a_line_of_five_megabytes_is_read(one_file: Any) -> None:
    huge = reply(1, call("Read", "t1", file_path="/srv/a"))
    session = one_file(
        human("go", 0), huge, result("t1", 2, "x" * 5_000_000), reply(3, text("ok"), message="m2")
    ).only()
    assert (session["tool_calls_succeeded"], session["model_calls"]) == (1, 2)


def test_keys_of_another_type_lose_only_themselves(one_file: Any) -> None:
    odd = human("go", 0, version=2, gitBranch=["x"], toolUseResult=3, isMeta="no")
    session = one_file(odd, reply(1, text("ok"), usage={"input_tokens": "many", "output_tokens": 4})).only()
    assert (session["human_prompts"], session["output_tokens"], session["cli_version"]) == (1, 4, "2.1.80")


def test_unknown_types_keys_tools_and_blocks_are_passed_over(one_file: Any) -> None:
    found = one_file(
        line("frame-link", 0, whatever={"a": [1]}),
        human("go", 1, newKey=1),
        reply(2, {"type": "hologram", "data": 1}, call("HoloTool", "t1", beam=3)),
        result("t1", 3, [{"type": "tool_reference", "id": 1}]),
    )
    assert found.rejected.is_empty()
    assert (found.only()["tool_calls"], found.only()["tool_calls_succeeded"]) == (1, 1)


def test_a_last_line_without_a_newline_is_read(tmp_path: Path) -> None:
    path = write(tmp_path / "logs" / "p" / "s1.jsonl", human("hello", 0), reply(1, text("hi")))
    path.write_bytes(path.read_bytes().rstrip(b"\n"))
    found = read(tmp_path / "logs", tmp_path / "private")
    assert (found.only()["model_calls"], found.files["lines"].item(), found.rejected.height) == (1, 2, 0)


def alone(tmp_path: Path, data: bytes) -> Read:
    """Reads these bytes as the only log file."""
    path = tmp_path / "logs" / "p" / "s1.jsonl"
    path.parent.mkdir(parents=True)
    path.write_bytes(data)
    return read(tmp_path / "logs", tmp_path / "private")


def test_a_pointer_of_git_lfs_is_no_log_and_says_so(tmp_path: Path) -> None:
    found = alone(tmp_path, b"version https://git-lfs.example.org/spec/v1\noid sha256:4d7a2146\nsize 12345\n")
    assert found.rejected.select("line_number", "reason").rows() == [(n, "Git LFS pointer") for n in (1, 2, 3)]
    assert found.files["role"].to_list() == ["no_session"]


def test_a_log_whose_end_a_crash_filled_with_nul_bytes_loses_only_that(tmp_path: Path) -> None:
    found = alone(tmp_path, encode(human("hello", 0), reply(1, text("hi"))) + b"\x00" * 9000)
    assert found.rejected.select("line_number", "reason").rows() == [(3, "NUL bytes")]
    assert (found.only()["human_prompts"], found.only()["model_calls"]) == (1, 1)


def test_the_tail_of_a_text_with_raw_line_ends_is_as_many_rejects_as_lines(tmp_path: Path) -> None:
    found = alone(tmp_path, b'of the parser.\n\nIt reads\n  - lines\n  - files","uuid":"x"}\n')
    assert found.rejected["line_number"].to_list() == [1, 3, 4, 5]
    assert set(found.rejected["reason"]) == {"not valid JSON"}
    assert (found.sessions.height, found.files["lines"].item()) == (0, 4)


def test_a_redactors_damage_costs_the_lines_it_hit(one_file: Any) -> None:
    spoiled = [
        encode(human("call me at NUMBER", 1)).replace(b'NUMBER"', b"[REDACTED_PHONE]").rstrip(),
        encode(reply(2, text("ok"), message="m2"))
        .replace(b'"output_tokens":20', b'"output_tokens":[REDACTED]')
        .rstrip(),
        encode(human("hello", 3)).replace(b"2.1.80", b"[REDACTED_IP]").rstrip(),
        encode(human("hello", 4)).replace(b"2025-10-09", b"[REDACTED_PHONE]").rstrip(),
    ]
    found = one_file(human("go", 0), *spoiled, reply(9, text("done")))
    assert found.rejected["line_number"].to_list() == [2, 3]
    assert (found.only()["human_prompts"], found.only()["model_calls"]) == (3, 1)
    assert found.only()["cli_version"] == "2.1.80"


def test_a_record_that_is_glued_to_half_of_another_costs_both_and_no_more(one_file: Any) -> None:
    whole = encode(human("lost", 1)).rstrip()
    found = one_file(human("go", 0), whole[:60] + whole, whole[:60], human("kept", 2), reply(3, text("ok")))
    assert found.rejected["line_number"].to_list() == [2, 3]
    assert found.only()["human_prompts"] == 2


PRETTY = [
    {"version": 3, "messages": [{"role": "user", "content": "hello"}]},
    {"type": ["x"], "sessionId": 5, "timestamp": 1_760_000_400_000},
    {"type": "x", "uuid": "u", "message": "text"},
]


@pytest.mark.parametrize("value", PRETTY, ids=range(len(PRETTY)))
@pytest.mark.parametrize("ending", [b"", b"\n"], ids=["", "newline"])
def test_an_object_that_another_program_printed_prettily_is_one_line_of_no_session(
    tmp_path: Path, value: dict[str, Any], ending: bytes
) -> None:
    found = alone(tmp_path, json.dumps(value, indent=2).encode() + ending)
    assert (found.files["lines"].item(), found.files["role"].item()) == (1, "no_session")
    assert found.rejected.is_empty()


def test_empty_lines_are_no_lines_and_keep_their_number(one_file: Any) -> None:
    found = one_file(b"", human("hello", 0), b"  ", b"{torn", b"\r", reply(1, text("hi")))
    assert found.rejected["line_number"].to_list() == [4]
    assert (found.files["lines"].item(), found.only()["model_calls"]) == (3, 1)


def test_windows_line_ends_are_line_ends(tmp_path: Path) -> None:
    found = alone(tmp_path, encode(human("hello", 0), reply(1, text("hi"))).replace(b"\n", b"\r\n"))
    assert (found.only()["human_prompts"], found.only()["model_calls"], found.rejected.height) == (1, 1, 0)


def test_every_way_to_spoil_a_file_is_counted_and_no_line_is_lost_sight_of(tmp_path: Path) -> None:
    spoiled = b"\n".join(bad for bad, _ in BAD_LINES) + b"\n"
    found = alone(tmp_path, encode(human("hello", 0)) + spoiled + encode(reply(1, text("hi")), {"type": "mode"}))
    row = found.files.row(0, named=True)
    assert (row["lines"], row["lines_rejected"], row["lines_outside"]) == (1 + len(BAD_LINES) + 2, len(BAD_LINES), 1)
    assert (found.only()["human_prompts"], found.only()["model_calls"]) == (1, 1)


def test_half_a_character_in_any_key_stops_nothing(one_file: Any) -> None:
    odd = [
        human("go", 0, uuid="PLACEu", cwd="/srv/PLACE", origin={"PLACE": "PLACE", "kind": "human"}),
        reply(1, call("PLACE", "tPLACE", command="PLACE"), message="mPLACE", model="PLACE", agentId=None),
        result("tPLACE", 2, "PLACE"),
    ]
    found = one_file(*(encode(line).replace(b"PLACE", rb"\ud83d").rstrip() for line in odd))
    assert found.rejected.is_empty()
    assert (found.only()["human_prompts"], found.only()["tool_calls_succeeded"], found.only()["output_tokens"]) == (
        1,
        1,
        20,
    )


HOSTILE_TEXTS = [
    "<system-reminder>" * 20_000,
    "<command-name>x</command-name>" + "<command-args>" * 20_000,
    "\n" * 50_000,
    " " * 5_000 + "words",
    "words" + "\n" * 5_000,
]


@pytest.mark.parametrize("hostile", HOSTILE_TEXTS, ids=["reminders", "arguments", "newlines", "spaces", "blank end"])
def test_texts_made_to_stop_a_reader_are_read(one_file: Any, hostile: str) -> None:
    found = one_file(
        human(f"{hostile}go", 0),
        reply(1, call("Bash", "t1", command=f"{hostile}; git commit -m x; pytest; gh pr create")),
        result("t1", 2, hostile),
        reply(3, text("ok"), message="m2"),
    )
    assert (found.only()["tool_calls_succeeded"], found.only()["model_calls"]) == (1, 2)

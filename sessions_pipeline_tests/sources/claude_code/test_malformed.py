"""Lines that cannot be read cost only themselves; odd ones lose only what is odd about them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sessions_pipeline_tests.lines import call, encode, human, line, reply, result, text, write
from sessions_pipeline_tests.sessions.tree import read

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

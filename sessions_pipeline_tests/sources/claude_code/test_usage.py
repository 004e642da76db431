"""Tokens: one response stands on several lines and in several files, and counts once with its last numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sessions_pipeline.sources.model import Usage
from sessions_pipeline_tests.lines import call, human, line, moment, reply, result, text, write
from sessions_pipeline_tests.sessions.tree import read
from sessions_pipeline_tests.sources.claude_code.reading import entries

USED = {
    "input_tokens": 3,
    "output_tokens": 1,
    "cache_creation_input_tokens": 70,
    "cache_read_input_tokens": 900,
    "cache_creation": {"ephemeral_5m_input_tokens": 50, "ephemeral_1h_input_tokens": 20},
}


def test_one_response_over_several_interleaved_lines_counts_once_with_its_last_output(one_file: Any) -> None:
    session = one_file(
        human("please look", 0),
        reply(1, {"type": "thinking", "thinking": "", "signature": "x"}, usage=USED),
        reply(2, text("Looking at it now"), usage=USED),
        reply(3, call("Read", "t1", file_path="/srv/app/a.py"), usage=USED),
        result("t1", 4, "content"),
        reply(5, call("Read", "t2", file_path="/srv/app/b.py"), usage={**USED, "output_tokens": 240}),
        result("t2", 6, "content"),
        reply(7, text("Done"), message="m2", usage={"input_tokens": 5, "output_tokens": 7}),
    ).only()
    assert session["model_calls"] == 2
    assert (session["input_tokens"], session["output_tokens"]) == (3 + 5, 240 + 7)
    assert (session["cache_write_5m_tokens"], session["cache_write_1h_tokens"]) == (50, 20)
    assert session["cache_read_tokens"] == 900
    assert (session["tool_calls"], session["tool_calls_succeeded"]) == (2, 2)
    assert session["assistant_words"] == 5


def test_cost_is_tokens_times_the_list_price_of_each_class(one_file: Any) -> None:
    session = one_file(human("go", 0), reply(1, text("ok"), usage=USED)).only()
    # claude-sonnet-4-6: 3 in, 15 out, 3.75 and 6 for cache writes, 0.3 for cache reads, dollars per million
    assert session["api_cost_usd"] == pytest.approx((3 * 3 + 1 * 15 + 50 * 3.75 + 20 * 6 + 900 * 0.3) / 1e6, abs=1e-6)


def test_a_model_without_a_price_has_no_cost_rather_than_a_cost_of_zero(one_file: Any) -> None:
    assert one_file(human("go", 0), reply(1, text("ok"), model="qwen3:8b")).only()["api_cost_usd"] is None


def test_cache_writes_without_a_split_are_five_minute_writes() -> None:
    used = {"input_tokens": 1, "output_tokens": 2, "cache_creation_input_tokens": 40, "cache_read_input_tokens": None}
    (entry,) = entries(reply(0, text("ok"), usage=used)).entries
    assert entry.usage == Usage(1, 2, 40, 0, 0)


def test_synthetic_messages_are_no_model_calls(one_file: Any) -> None:
    session = one_file(
        human("go", 0),
        reply(1, text("API Error: overloaded"), message="x1", model="<synthetic>", isApiErrorMessage=True),
        reply(2, text("No response requested."), message="x2", model="<synthetic>"),
        reply(3, text("fine"), message="m1"),
    ).only()
    assert (session["model_calls"], session["assistant_words"], session["model"]) == (1, 1, "claude-sonnet-4-6")


def test_a_message_spread_into_numbered_keys_is_no_call(one_file: Any) -> None:
    spread = line("assistant", 1, message={"0": "e", "1": "v"})
    assert one_file(human("go", 0), spread, reply(2, text("ok"))).only()["model_calls"] == 1


def test_progress_lines_with_embedded_usage_count_nothing(one_file: Any) -> None:
    inner = reply(1, text("from the agent"), message="m7", usage={"input_tokens": 100, "output_tokens": 100})
    progress = line("progress", 1, data={"type": "agent_progress", "message": inner})
    assert one_file(human("go", 0), progress, reply(2, text("ok"))).only()["output_tokens"] == 20


def test_usage_that_repeats_elsewhere_is_not_added(one_file: Any) -> None:
    agents_own = {"status": "completed", "agentId": "a1", "totalTokens": 9999, "usage": USED, "totalToolUseCount": 7}
    more = {**USED, "iterations": [USED], "server_tool_use": {"web_search_requests": 1}, "speed": "standard"}
    session = one_file(
        human("go", 0),
        reply(1, call("Agent", "t1", prompt="look"), usage=more),
        result("t1", 2, "found", agents_own),
    ).only()
    assert (session["input_tokens"], session["output_tokens"], session["cache_read_tokens"]) == (3, 1, 900)
    assert (session["cache_write_5m_tokens"], session["tool_calls"], session["subagents"]) == (50, 1, 0)


def test_models_of_other_vendors_without_a_request_id_count_as_calls(one_file: Any) -> None:
    answer = reply(1, text("ok"), model="glm-4.7", usage={"input_tokens": 0, "output_tokens": 0})
    del answer["requestId"]
    session = one_file(human("go", 0), answer).only()
    assert (session["model_calls"], session["model"], session["model_tier"]) == (1, "glm-4.7", "other")


def test_the_output_of_a_response_grows_from_a_stub_and_its_last_line_counts(one_file: Any) -> None:
    def stub(at: float, output: int, *blocks: dict[str, Any]) -> dict[str, Any]:
        return reply(at, *blocks, usage={**USED, "output_tokens": output})

    grown = [stub(1, 1, text("I look")), stub(2, 8, call("Read", "t1")), stub(3, 310, call("Read", "t2"))]
    session = one_file(human("go", 0), *grown, result("t1", 4), result("t2", 5)).only()
    assert (session["output_tokens"], session["cache_read_tokens"], session["model_calls"]) == (310, 900, 1)


@pytest.mark.parametrize("names", ["ab", "ba"])
def test_a_response_that_a_resumed_file_repeats_under_another_request_counts_once(tmp_path: Path, names: str) -> None:
    said = reply(1, text("Looking at it"), usage={**USED, "output_tokens": 240})
    again = {**said, "uuid": "another", "requestId": "r-other", "sessionId": "s2", "timestamp": moment(9000)}
    for name, lines in zip(names, ([human("go", 0), said], [again, human("on", 9001, session="s2")]), strict=True):
        write(tmp_path / "logs" / "p" / f"{name}.jsonl", *lines)
    found = read(tmp_path / "logs", tmp_path / "private")
    assert found.sessions["output_tokens"].sum() == found.session("s1")["output_tokens"] == 240
    assert (found.sessions["model_calls"].sum(), found.sessions["assistant_words"].sum()) == (1, 3)


@pytest.mark.parametrize("stop_reason", [None, "end_turn", "tool_use", "stop_sequence"])
def test_why_a_response_stopped_does_not_matter(one_file: Any, stop_reason: str | None) -> None:
    answer = reply(1, text("two words"), usage=USED)
    answer["message"]["stop_reason"] = stop_reason
    session = one_file(human("go", 0), answer).only()
    assert (session["model_calls"], session["assistant_words"], session["cache_read_tokens"]) == (1, 2, 900)


ERRORS = [
    reply(1, text("API Error: overloaded"), message="x", model="<synthetic>", isApiErrorMessage=True),
    reply(1, text("You've hit your limit · resets 3pm"), message="x", model="<synthetic>", isApiErrorMessage=True),
    reply(1, text("Prompt is too long"), message="x", model="<synthetic>"),
    reply(1, text("Invalid API key"), message="x", model="<synthetic>", isApiErrorMessage=False),
    reply(1, text("No response requested."), message="x", model="<synthetic>", isApiErrorMessage=False),
    reply(1, text("API Error: 529"), message="x", isApiErrorMessage=True),
]


@pytest.mark.parametrize("error", ERRORS, ids=range(len(ERRORS)))
def test_an_error_of_the_api_is_no_response_with_or_without_its_flag(one_file: Any, error: dict[str, Any]) -> None:
    found = one_file(human("go", 0), error, reply(2, text("fine"), usage=USED))
    session = found.only()
    assert (session["model_calls"], session["assistant_words"], session["output_tokens"]) == (1, 1, 1)
    assert session["model"] == "claude-sonnet-4-6"


def test_a_session_of_nothing_but_errors_had_no_reply(one_file: Any) -> None:
    session = one_file(human("go", 0), ERRORS[0]).only()
    assert (session["exclusion"], session["model"], session["model_tier"]) == ("no_agent_reply", None, None)


def test_of_several_models_the_one_of_most_output_names_the_session_and_each_has_its_price(one_file: Any) -> None:
    thousand = 1_000
    session = one_file(
        human("go", 0),
        reply(1, text("a"), message="m1", usage={"output_tokens": 100 * thousand}, model="claude-sonnet-4-5-20250929"),
        reply(2, text("b"), message="m2", usage={"output_tokens": 200 * thousand}, model="claude-haiku-4-5-20251001"),
        reply(3, text("c"), message="m3", usage={"output_tokens": 1}, model="claude-sonnet-4-5-20250929"),
    ).only()
    assert (session["model"], session["model_tier"]) == ("claude-haiku-4-5-20251001", "haiku")
    # List prices: 15 and 5 dollars per million output tokens
    assert session["api_cost_usd"] == pytest.approx(1.5 + 2 * 0.5, abs=1e-4)


@pytest.mark.parametrize("usage", [{}, {"input_tokens": None, "output_tokens": 7}, {"output_tokens": 7}])
def test_usage_of_other_vendors_may_be_partial(one_file: Any, usage: dict[str, Any]) -> None:
    session = one_file(human("go", 0), reply(1, text("ok"), model="deepseek-v4-pro", usage=usage)).only()
    assert (session["model_calls"], session["input_tokens"]) == (1, 0)
    assert session["output_tokens"] == usage.get("output_tokens", 0)


def test_the_split_of_cache_writes_counts_beside_no_sum_of_them(one_file: Any) -> None:
    hour = {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 70}
    session = one_file(human("go", 0), reply(1, text("ok"), usage={**USED, "cache_creation": hour})).only()
    assert (session["cache_write_5m_tokens"], session["cache_write_1h_tokens"]) == (0, 70)


def test_retries_that_the_program_notes_are_no_calls(one_file: Any) -> None:
    retry = line("system", 1, subtype="api_error", retryAttempt=1, maxRetries=10, error={"usage": USED})
    session = one_file(human("go", 0), retry, retry, reply(2, text("ok"), usage=USED)).only()
    assert (session["model_calls"], session["output_tokens"]) == (1, 1)

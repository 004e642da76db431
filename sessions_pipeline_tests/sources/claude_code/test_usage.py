"""Tokens: one response stands on several lines and in several files, and counts once with its last numbers."""

from __future__ import annotations

from typing import Any

import pytest

from sessions_pipeline.sources.model import Usage
from sessions_pipeline_tests.lines import call, human, line, reply, result, text
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

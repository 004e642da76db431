"""Tokens and cost against ccusage 20.0.24: equal, or different by a rule of the README with both numbers in a test.

Where a ccusage binary is at hand (environment variable CCUSAGE, or `ccusage` on the path) it is run; else its numbers
come from `counters.ccusage_rule` alone, which the tests with the binary hold to it.
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sessions_pipeline.sessions.prices import price_list
from sessions_pipeline_tests.lines import encode
from sessions_pipeline_tests.sessions.counters import (
    Counted,
    ccusage_rule,
    sums,
    written_rule,
)
from sessions_pipeline_tests.sessions.log_trees import Files, Line, plain_trees, trees
from sessions_pipeline_tests.sessions.tree import Read, read

VERSION = "20.0.24"
TOKENS = ["input_tokens", "output_tokens", "cache_write_5m_tokens", "cache_write_1h_tokens", "cache_read_tokens"]
NOON = "2026-05-01T12:00:00.000Z"
WRITTEN_NS = 1_780_000_000_000_000_000
Sums = dict[tuple[str, str, str], tuple[int, ...]]
whole_trees = settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))


def encoded(files: Files) -> dict[str, list[bytes]]:
    return {path: encode(*lines).splitlines() for path, lines in files.items()}


_RUNS = itertools.count()


def laid_out(tmp_path: Path, files: Files) -> Path:
    """The tree on disk under a fresh folder, its files written one after another; the folder."""
    folder = tmp_path / f"run-{next(_RUNS)}"
    for number, (path, lines) in enumerate(files.items()):
        file = folder / "projects" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(encode(*lines))
        os.utime(file, ns=(WRITTEN_NS, WRITTEN_NS + number * 1_000_000_000))
    return folder


def ours(tmp_path: Path, files: Files) -> Read:
    folder = laid_out(tmp_path, files)
    return read(folder / "projects", folder / "private")


def our_sums(found: Read) -> Sums:
    """Tokens by class per (session, month, model), as `core.model_use` has them."""
    rows = found.model_use.select("session_id", pl.col("month").dt.strftime("%Y-%m"), "model", *TOKENS).rows()
    return {row[:3]: row[3:] for row in rows if any(row[3:])}


def totals(found: Sums) -> tuple[int, ...]:
    return tuple(map(sum, zip(*found.values(), strict=True))) or (0,) * 5


def outputs(found: Sums) -> dict[str, int]:
    """Output tokens by session, where a session has one month and model."""
    return {session: tokens[1] for (session, _, _), tokens in found.items()}


def outputs_by_month(found: Sums) -> dict[str, int]:
    """Output tokens by month, where a month has one session and model."""
    return {month: tokens[1] for (_, month, _), tokens in found.items()}


@pytest.fixture(scope="module")
def binary() -> str:
    """A ccusage of the version compared with."""
    found = os.environ.get("CCUSAGE") or shutil.which("ccusage")
    if not found:
        pytest.skip("no ccusage: name its binary in the environment variable CCUSAGE, or put it on the path")
    told = subprocess.run([found, "--version"], capture_output=True, text=True, check=True).stdout
    if VERSION not in told:
        pytest.skip(f"compared with ccusage {VERSION}; this is {told.strip()}")
    return found


def run_ccusage(binary: str, folder: Path, report: str = "session", mode: str = "calculate") -> list[dict[str, Any]]:
    """The rows of a report on the tree that `laid_out` wrote."""
    flags = ["--json", "--offline", "--mode", mode, "--timezone", "UTC", "--breakdown"]
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "CLAUDE_CONFIG_DIR": str(folder)}
    done = subprocess.run(
        [binary, "claude", report, *flags], env=environment, capture_output=True, text=True, check=True
    )
    return list(json.loads(done.stdout)[{"session": "sessions", "monthly": "monthly"}[report]])


def by_model(rows: list[dict[str, Any]], key: str) -> dict[tuple[str, str], tuple[int, ...]]:
    """Tokens per (value of `key`, model): input, output, cache writes of both kinds together, cache reads."""
    columns = ("inputTokens", "outputTokens", "cacheCreationTokens", "cacheReadTokens")
    found: dict[tuple[str, str], tuple[int, ...]] = {}
    for row in rows:
        for use in row["modelBreakdowns"]:
            at = (row[key], use["modelName"].removesuffix("-fast"))
            found[at] = tuple(a + use[c] for a, c in zip(found.get(at, (0,) * 4), columns, strict=True))
    return {at: tokens for at, tokens in found.items() if any(tokens)}


def without_split(counted: list[Counted], key: str) -> dict[tuple[str, str], tuple[int, ...]]:
    """The same of what a counter counted; key: `session` or `month`."""
    found: dict[tuple[str, str], tuple[int, ...]] = {}
    for one in counted:
        at = (one.session if key == "session" else f"{one.at:%Y-%m}", one.model)
        tokens = (*one.tokens[:2], one.tokens[2] + one.tokens[3], one.tokens[4])
        found[at] = tuple(a + b for a, b in zip(found.get(at, (0,) * 4), tokens, strict=True))
    return {at: tokens for at, tokens in found.items() if any(tokens)}


@whole_trees
@given(files=trees())
def test_tokens_per_session_month_and_model_follow_the_written_rule(tmp_path: Path, files: Files) -> None:
    found = ours(tmp_path, files)
    assert our_sums(found) == sums(written_rule(encoded(files)))
    added = found.model_use.group_by("session_id").agg(pl.col(TOKENS).sum()).sort("session_id")
    assert added.equals(found.sessions.select("session_id", *TOKENS))


@whole_trees
@given(files=plain_trees())
def test_where_nothing_is_copied_ccusage_and_the_written_rule_agree(tmp_path: Path, files: Files) -> None:
    assert our_sums(ours(tmp_path, files)) == sums(ccusage_rule(encoded(files)))


@whole_trees
@given(files=st.one_of(trees(), plain_trees()))
def test_ccusage_counts_by_its_rule(tmp_path: Path, binary: str, files: Files) -> None:
    folder, counted = laid_out(tmp_path, files), ccusage_rule(encoded(files))
    assert by_model(run_ccusage(binary, folder), "sessionId") == without_split(counted, "session")
    assert by_model(run_ccusage(binary, folder, "monthly"), "month") == without_split(counted, "month")


@settings(whole_trees, max_examples=15)
@given(files=plain_trees())
def test_cost_is_ccusages_to_the_cent(tmp_path: Path, binary: str, files: Files) -> None:
    found = ours(tmp_path, files)
    cost = {row["sessionId"]: row["totalCost"] for row in run_ccusage(binary, laid_out(tmp_path, files))}
    for session, dollars in found.sessions.select("session_id", "api_cost_usd").iter_rows():
        assert dollars == pytest.approx(cost.get(session, 0.0), abs=0.005)


# The differences, each with a tree, our output tokens and ccusage's. README, "How tokens are counted".


def told(message: str | None, output: int, second: int, **keys: Any) -> Line:
    """A line of a response with this id and output tokens; keys: as in the line, None to leave one out."""
    body = {"id": message, "model": "claude-sonnet-4-6", "usage": {"input_tokens": 0, "output_tokens": output}}
    line = {
        "type": "assistant",
        "uuid": f"u{second}",
        "sessionId": "s1",
        "timestamp": f"2025-10-31T23:59:{second:02d}.000Z",
        "requestId": "r1",
        "message": {key: value for key, value in body.items() if value is not None},
    }
    return {key: value for key, value in {**line, **keys}.items() if value is not None}


def priced(model: str, **usage: Any) -> Line:
    body = {"id": "m", "model": model, "usage": {"input_tokens": 0, "output_tokens": 0, **usage}}
    return {**told("m", 0, 0), "message": body}


SAME_LINE = {"uuid": "same"}
SIDE = {"isSidechain": True, "agentId": "a1"}
FIRST = told("a", 1, 0)
WHOLE = encode(told("m", 9, 1)).rstrip()
DIFFERENCES: dict[str, tuple[dict[str, list[Any]], int, int]] = {
    "a response under a second request id": ({"p/s1.jsonl": [told("m", 9, 0), told("m", 9, 1, requestId="r2")]}, 9, 18),
    "a response without its request id": ({"p/s1.jsonl": [told("m", 9, 0), told("m", 9, 1, requestId=None)]}, 9, 18),
    "a response without a request id in two sessions": (
        {
            "p/s1.jsonl": [told("m", 9, 0, requestId=None, **SAME_LINE)],
            "p/s2.jsonl": [told("m", 9, 1, requestId=None, sessionId="s2", **SAME_LINE)],
        },
        9,
        18,
    ),
    "a side-chain replay at another time": (
        {"p/s1.jsonl": [told("m", 9, 0), told("m", 9, 1, requestId="r2", **SIDE)]},
        9,
        18,
    ),
    "a line without a message id, twice": ({"p/s1.jsonl": [told(None, 9, 0), told(None, 9, 0)]}, 9, 18),
    "a line without a time": ({"p/s1.jsonl": [FIRST, told("m", 9, 1, timestamp=None)]}, 10, 1),
    "a time that is damaged": ({"p/s1.jsonl": [FIRST, told("m", 9, 1, timestamp="[X]T09:00:00Z")]}, 10, 1),
    "a null that ccusage does not expect": ({"p/s1.jsonl": [told("m", 9, 0, note={"cwd": None})]}, 9, 0),
    "a version that is no version": ({"p/s1.jsonl": [told("m", 9, 0, version="[X]")]}, 9, 0),
    "tokens on a line of another type": ({"p/s1.jsonl": [FIRST, told("m", 9, 1, type="note")]}, 1, 10),
    "tokens on a line without a uuid": ({"p/s1.jsonl": [FIRST, told("m", 9, 1, uuid=None)]}, 1, 10),
    "tokens on a line without a session": ({"p/s1.jsonl": [FIRST, told("m", 9, 1, sessionId=None)]}, 1, 10),
    "a model without a name": ({"p/s1.jsonl": [priced("", output_tokens=9)]}, 9, 0),
    "a count below zero": ({"p/s1.jsonl": [priced("claude-opus-5", input_tokens=-5, output_tokens=9)]}, 9, 0),
    "a count that is no whole number": (
        {"p/s1.jsonl": [priced("claude-opus-5", input_tokens="7", output_tokens=9)]},
        9,
        0,
    ),
    "a count that cannot be true": (
        {"p/s1.jsonl": [FIRST, priced("claude-opus-5", output_tokens=10**13)]},
        1,
        10**13 + 1,
    ),
    "JSON with spaces": ({"p/s1.jsonl": [json.dumps(told("m", 9, 0)).encode()]}, 9, 0),
    "JSON on several lines": ({"p/s1.jsonl": [json.dumps(told("m", 9, 0), indent=1).encode()]}, 9, 0),
    "a null where a class of tokens stands elsewhere": (
        {"p/s1.jsonl": [told("m", 9, 0, note={"cache_read_input_tokens": None})]},
        9,
        0,
    ),
    "a request id that is no text": ({"p/s1.jsonl": [told("m", 9, 0, requestId=3)]}, 9, 0),
    "a request id that is empty": ({"p/s1.jsonl": [told("m", 9, 0, requestId="")]}, 9, 0),
    "a flag that is none": ({"p/s1.jsonl": [told("m", 9, 0, isSidechain="no")]}, 9, 0),
    "a cost that is no number": ({"p/s1.jsonl": [told("m", 9, 0, costUSD="3")]}, 9, 0),
    "an unknown speed": ({"p/s1.jsonl": [priced("claude-opus-5", output_tokens=9, speed="slow")]}, 9, 0),
    "a cache write of one kind that is none": (
        {"p/s1.jsonl": [priced("claude-opus-5", output_tokens=9, cache_creation={"ephemeral_1h_input_tokens": "7"})]},
        9,
        0,
    ),
    "a key that stands twice": (
        {"p/s1.jsonl": [WHOLE.replace(b'"output_tokens":9', b'"output_tokens":3,"output_tokens":9')]},
        9,
        0,
    ),
    "half a character in an id": ({"p/s1.jsonl": [WHOLE.replace(b'"r1"', rb'"r\ud83d"')]}, 9, 0),
    "a key with an escape": ({"p/s1.jsonl": [WHOLE.replace(b'"usage"', rb'"us\u0061ge"')]}, 9, 0),
    "JSON nested a thousand deep": (
        {"p/s1.jsonl": [FIRST, WHOLE[:-1] + b',"x":' + b"[" * 1000 + b"]" * 1000 + b"}"]},
        1,
        10,
    ),
    "an error of the program": ({"p/s1.jsonl": [FIRST, told("m", 9, 1, isApiErrorMessage=True)]}, 1, 10),
}


@pytest.mark.parametrize(("files", "we_count", "ccusage_counts"), DIFFERENCES.values(), ids=DIFFERENCES)
def test_where_ccusage_counts_otherwise(tmp_path: Path, files: Files, we_count: int, ccusage_counts: int) -> None:
    assert ours(tmp_path, files).sessions["output_tokens"].sum() == we_count
    assert sum(one.tokens[1] for one in ccusage_rule(encoded(files))) == ccusage_counts


@pytest.mark.parametrize(("files", "we_count", "ccusage_counts"), DIFFERENCES.values(), ids=DIFFERENCES)
def test_ccusage_does_count_otherwise(
    tmp_path: Path, binary: str, files: Files, we_count: int, ccusage_counts: int
) -> None:
    assert sum(row["outputTokens"] for row in run_ccusage(binary, laid_out(tmp_path, files))) == ccusage_counts
    assert ccusage_counts != we_count


def test_a_link_to_a_log_is_read_and_ccusage_passes_over_it(tmp_path: Path, binary: str) -> None:
    folder = laid_out(tmp_path, {"p/s1.jsonl": [FIRST]})
    other = laid_out(tmp_path, {"p/s2.jsonl": [told("m", 9, 1, sessionId="s2")]})
    (folder / "projects" / "p" / "s2.jsonl").symlink_to(other / "projects" / "p" / "s2.jsonl")
    assert read(folder / "projects", folder / "private").sessions["output_tokens"].sum() == 10
    assert sum(row["outputTokens"] for row in run_ccusage(binary, folder)) == 1


def test_a_cost_on_the_line_is_not_taken_and_ccusage_takes_it_by_default(tmp_path: Path, binary: str) -> None:
    files: Files = {"p/s1.jsonl": [{**priced("claude-opus-5", output_tokens=1_000_000), "costUSD": 3.0}]}
    folder = laid_out(tmp_path, files)
    assert read(folder / "projects", folder / "private").only()["api_cost_usd"] == 25.0
    assert [row["totalCost"] for row in run_ccusage(binary, folder)] == [25.0]
    assert [row["totalCost"] for row in run_ccusage(binary, folder, mode="auto")] == [3.0]


AFTER_MIDNIGHT = told("m2", 20, 1, timestamp="2025-11-01T00:00:01.000Z", requestId="r2")


def test_a_session_belongs_to_the_month_it_starts_in_and_ccusage_goes_by_the_response(tmp_path: Path) -> None:
    files: Files = {"p/s1.jsonl": [told("m1", 5, 0), AFTER_MIDNIGHT]}
    model = "claude-sonnet-4-6"
    assert our_sums(ours(tmp_path, files)) == {("s1", "2025-10", model): (0, 25, 0, 0, 0)}
    assert sums(ccusage_rule(encoded(files))) == {
        ("s1", "2025-10", model): (0, 5, 0, 0, 0),
        ("s1", "2025-11", model): (0, 20, 0, 0, 0),
    }


def test_a_time_that_cannot_be_right_is_the_one_before_and_ccusage_takes_it_as_it_stands(tmp_path: Path) -> None:
    early = told("m2", 7, 1, timestamp="2024-12-31T23:59:59.000Z", requestId="r2")
    late = told("m3", 8, 2, timestamp="2099-01-01T00:00:00.000Z", requestId="r3")
    files: Files = {"p/s1.jsonl": [told("m1", 5, 0), early, late]}
    model = "claude-sonnet-4-6"
    assert our_sums(ours(tmp_path, files)) == {("s1", "2025-10", model): (0, 20, 0, 0, 0)}
    assert outputs_by_month(sums(ccusage_rule(encoded(files)))) == {"2024-12": 7, "2025-10": 5, "2099-01": 8}


def test_a_session_is_its_id_and_ccusage_goes_by_the_place_of_the_file(tmp_path: Path) -> None:
    files: Files = {"p/one.jsonl": [told("m1", 5, 0)], "p/agent-a1.jsonl": [told("m2", 7, 1, requestId="r2", **SIDE)]}
    assert outputs(our_sums(ours(tmp_path, files))) == {"s1": 12}
    assert outputs(sums(ccusage_rule(encoded(files)))) == {
        "one": 5,
        "agent-a1": 7,
    }


def test_a_fork_leaves_the_tokens_with_the_original_and_ccusage_with_the_first_path(tmp_path: Path) -> None:
    copy = told("m1", 5, 0, sessionId="s2", timestamp="2025-11-05T00:00:00.000Z")
    files: Files = {"p/s1.jsonl": [told("m1", 5, 0)], "p/a-fork.jsonl": [copy, {**AFTER_MIDNIGHT, "sessionId": "s2"}]}
    assert outputs(our_sums(ours(tmp_path, files))) == {"s1": 5, "s2": 20}
    assert outputs(sums(ccusage_rule(encoded(files)))) == {"a-fork": 25}
    assert totals(our_sums(ours(tmp_path, files))) == totals(sums(ccusage_rule(encoded(files))))


def test_the_main_thread_tells_the_tokens_even_where_a_side_chain_has_more_as_in_ccusage(tmp_path: Path) -> None:
    files: Files = {"p/s1.jsonl": [told("m", 5, 0)], "p/s1/subagents/agent-a1.jsonl": [told("m", 97, 0, **SIDE)]}
    assert totals(our_sums(ours(tmp_path, files))) == totals(sums(ccusage_rule(encoded(files)))) == (0, 5, 0, 0, 0)


@pytest.mark.parametrize("names", ["az", "za"])
def test_a_copy_made_when_the_response_was_whole_tells_its_tokens_as_in_ccusage(tmp_path: Path, names: str) -> None:
    stub, whole = told("m", 2, 0), told("m", 300, 0, sessionId="s2", timestamp="2025-10-31T23:59:30.000Z")
    files: Files = {f"p/{names[0]}.jsonl": [stub], f"p/{names[1]}.jsonl": [whole]}
    assert our_sums(ours(tmp_path, files)) == {("s1", "2025-10", "claude-sonnet-4-6"): (0, 300, 0, 0, 0)}
    assert totals(sums(ccusage_rule(encoded(files)))) == (0, 300, 0, 0, 0)


BOTH_CACHES = {"cache_creation": {"ephemeral_5m_input_tokens": 300_000, "ephemeral_1h_input_tokens": 100_000}}
SEARCHED = {"output_tokens": 10_000, "server_tool_use": {"web_search_requests": 9}}
# Dollars by hand, from the price list.
COSTS: dict[str, tuple[str, dict[str, Any], float]] = {
    "base rates": ("claude-sonnet-4-6", {"input_tokens": 400_000, "output_tokens": 300_000}, 0.4 * 3 + 0.3 * 15),
    "beyond 200,000": ("claude-sonnet-4-5-20250929", {"input_tokens": 250_000}, 0.2 * 3 + 0.05 * 6),
    "each class by itself": (
        "claude-sonnet-4",
        {"input_tokens": 150_000, "cache_read_input_tokens": 250_000},
        0.15 * 3 + 0.2 * 0.3 + 0.05 * 0.6,
    ),
    "both caches": ("claude-sonnet-4-5", BOTH_CACHES, 0.2 * 3.75 + 0.1 * 7.5 + 0.1 * 6),
    "fast, six times": ("claude-opus-4-6", {"output_tokens": 10_000, "speed": "fast"}, 6 * 0.01 * 25),
    "fast, twice": ("claude-opus-5", {"output_tokens": 10_000, "speed": "fast"}, 2 * 0.01 * 25),
    "fast where it has no price": ("claude-haiku-4-5", {"output_tokens": 10_000, "speed": "fast"}, 0.01 * 5),
    "a release with dashes": ("gpt-5-2025-08-07", {"input_tokens": 400_000, "output_tokens": 10_000}, 0.4 * 1.25 + 0.1),
    "a prompt of 272,000": ("gpt-5.6-luna", {"input_tokens": 272_000, "output_tokens": 10_000}, 0.272 * 0.2 + 0.012),
    "a longer prompt, with the cache's, makes all dearer": (
        "gpt-5.6-luna",
        {"input_tokens": 150_000, "cache_read_input_tokens": 150_000, "output_tokens": 10_000},
        0.15 * 0.4 + 0.15 * 0.04 + 0.018,
    ),
    "a long answer alone does not": ("gemini-2.5-pro", {"input_tokens": 200_000, "output_tokens": 300_000}, 0.25 + 3),
    "of Gemini beyond 200,000": ("gemini-2.5-pro", {"input_tokens": 200_001}, 0.200001 * 2.5),
    "searches are not priced": ("claude-haiku-4-5@20251001", SEARCHED, 0.01 * 5),
}


@pytest.mark.parametrize(("model", "usage", "dollars"), COSTS.values(), ids=COSTS)
def test_cost_by_hand(tmp_path: Path, model: str, usage: dict[str, Any], dollars: float) -> None:
    found = ours(tmp_path, {"p/s1.jsonl": [priced(model, **usage)]})
    assert found.only()["api_cost_usd"] == pytest.approx(dollars, abs=1e-6)
    assert found.model_use["api_cost_usd"].to_list() == found.sessions["api_cost_usd"].to_list()


@pytest.mark.parametrize(("model", "usage", "dollars"), COSTS.values(), ids=COSTS)
def test_ccusage_has_the_same_cost(
    tmp_path: Path, binary: str, model: str, usage: dict[str, Any], dollars: float
) -> None:
    (row,) = run_ccusage(binary, laid_out(tmp_path, {"p/s1.jsonl": [priced(model, **usage)]}))
    assert row["totalCost"] == pytest.approx(dollars, abs=1e-6)


def test_every_price_on_the_list_is_ccusages(tmp_path: Path, binary: str) -> None:
    long = {"input_tokens": 280_000, "output_tokens": 210_000, "cache_read_input_tokens": 220_000, **BOTH_CACHES}
    usages = ({"input_tokens": 9_000, "output_tokens": 7_000, "cache_read_input_tokens": 5_000}, long)
    files: Files = {
        f"p/{model}-{number}.jsonl": [
            {**priced(model, **usage), "sessionId": f"{model}-{number}", "uuid": f"u-{model}-{number}"}
        ]
        for model in price_list()[1]
        for number, usage in enumerate(usages)
    }
    for model in files.values():
        model[0]["message"]["id"] = model[0]["uuid"]
    found = ours(tmp_path, files)
    cost = {row["sessionId"]: row["totalCost"] for row in run_ccusage(binary, laid_out(tmp_path, files))}
    assert len(cost) == found.sessions.height == len(files)
    for session, dollars in found.sessions.select("session_id", "api_cost_usd").iter_rows():
        assert dollars == pytest.approx(cost[session], abs=0.005), session


CODEX_USED = {
    "input_tokens": 280_000,
    "cached_input_tokens": 250_000,
    "output_tokens": 900,
    "reasoning_output_tokens": 7,
}
CODEX: list[Line] = [
    {
        "timestamp": NOON,
        "type": "session_meta",
        "payload": {"id": "019c0000-0000-7000-8000-000000000001", "cwd": "/srv"},
    },
    {"timestamp": NOON, "type": "turn_context", "payload": {"cwd": "/srv", "model": "gpt-5.5"}},
    *(
        {"timestamp": NOON, "type": "event_msg", "payload": {"type": "token_count", "info": {"last_token_usage": used}}}
        for used in ({**CODEX_USED, "input_tokens": 270_000}, CODEX_USED)
    ),
]
GEMINI: list[Line] = [
    {"sessionId": "11111111-2222-3333-4444-555555555555", "projectHash": "ab" * 32, "startTime": NOON},
    *(
        {"id": str(given), "timestamp": NOON, "type": "gemini", "content": "", "model": "gemini-2.5-pro"}
        | {"tokens": {"input": given, "cached": 9_000, "output": 800, "thoughts": 70, "tool": 0, "total": given + 870}}
        for given in (30_000, 230_000)
    ),
]


@pytest.mark.parametrize(
    ("program", "place", "lines"),
    [
        ("codex", ".codex/sessions/2026/05/01/rollout-2026-05-01T12-00-00-019c.jsonl", CODEX),
        ("gemini", ".gemini/tmp/app/chats/session-2026-05-01T12-00-11111111.jsonl", GEMINI),
    ],
)
def test_other_programs_cost_what_ccusage_reckons(
    tmp_path: Path, binary: str, program: str, place: str, lines: list[Line]
) -> None:
    file = tmp_path / "home" / place
    file.parent.mkdir(parents=True)
    file.write_bytes(encode(*lines))
    row = read(tmp_path / "home", tmp_path / "private").only()
    command = [binary, program, "session", "--json", "--offline"]
    environment = {**os.environ, "HOME": str(tmp_path / "home"), "CODEX_HOME": str(tmp_path / "home" / ".codex")}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    told = json.loads(done.stdout)["totals"]
    columns = {"input_tokens": "inputTokens", "cache_read_tokens": "cacheReadTokens"}
    assert {ours: row[ours] for ours in columns} == {ours: told[theirs] for ours, theirs in columns.items()}
    assert row["api_cost_usd"] == pytest.approx(told.get("costUSD", told.get("totalCost")), abs=0.005)


def test_a_session_with_an_unpriced_model_has_no_cost_and_the_rows_say_which(tmp_path: Path) -> None:
    unknown = {**priced("qwen3:8b", output_tokens=4), "uuid": "u1"}
    unknown["message"]["id"] = "m2"
    found = ours(tmp_path, {"p/s1.jsonl": [priced("claude-opus-5", output_tokens=1_000_000), unknown]})
    assert found.only()["api_cost_usd"] is None
    assert found.model_use.select("model", "responses", "api_cost_usd").rows() == [
        ("claude-opus-5", 1, 25.0),
        ("qwen3:8b", 1, None),
    ]


NONSENSE = [-5, 2**63, 2**70, 1.5, "7", None, True, [], {}]


@pytest.mark.parametrize("count", NONSENSE)
def test_a_count_that_cannot_be_true_is_none_and_costs_nothing_else(tmp_path: Path, count: object) -> None:
    line = priced("claude-sonnet-4-6", input_tokens=count, output_tokens=8)
    session = ours(tmp_path, {"p/s1.jsonl": [line]}).only()
    assert (session["input_tokens"], session["output_tokens"]) == (0, 8)
    assert session["api_cost_usd"] == pytest.approx(8 * 15 / 1e6)


@pytest.mark.parametrize("count", NONSENSE)
def test_a_cache_write_that_cannot_be_true_leaves_the_other_kind_as_it_is(tmp_path: Path, count: object) -> None:
    split = {"ephemeral_5m_input_tokens": count, "ephemeral_1h_input_tokens": 7}
    line = priced("claude-sonnet-4-6", cache_creation_input_tokens=3000, cache_creation=split)
    session = ours(tmp_path, {"p/s1.jsonl": [line]}).only()
    assert (session["cache_write_5m_tokens"], session["cache_write_1h_tokens"]) == (0, 7)

"""Threads: resumes and forks in their three styles, sub-agents in their four places, compactions and their copies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from sessions_pipeline.schemas import polars_schema
from sessions_pipeline.sessions.attrition import attrition, breaks
from sessions_pipeline_tests.lines import call, human, line, moment, reply, result, text, write
from sessions_pipeline_tests.sessions.tree import Read, read


def tree(tmp_path: Path, files: dict[str, list[Any]]) -> Read:
    for name, lines in files.items():
        write(tmp_path / "logs" / name, *lines)
    return read(tmp_path / "logs", tmp_path / "private")


OLD = [
    human("build it", 0),
    reply(10, text("building it now"), usage={"input_tokens": 5, "output_tokens": 50}),
    reply(20, call("Bash", "t1", command="pytest"), message="m2", usage={"output_tokens": 8}),
    result("t1", 30, "3 passed"),
]
RESUMED_AT = 40 * 86_400


def own(session: str, at: float) -> list[dict[str, Any]]:
    """What a person says after resuming or forking."""
    return [
        human("and document it", at, session=session),
        reply(at + 5, text("documented"), message=f"m-{session}", session=session, usage={"output_tokens": 3}),
    ]


def verbatim(lines: list[dict[str, Any]], session: str, at: float = RESUMED_AT) -> list[dict[str, Any]]:
    """2.1.1, 2.1.161, 2.1.197: the prefix as it was, under its old session."""
    return [dict(item) for item in lines]


def renamed(lines: list[dict[str, Any]], session: str, at: float = RESUMED_AT) -> list[dict[str, Any]]:
    """2.1.17 to 2.1.19: the prefix under the new session, at its old times."""
    return [{**item, "sessionId": session} for item in lines]


def rewritten(lines: list[dict[str, Any]], session: str, at: float = RESUMED_AT) -> list[dict[str, Any]]:
    """1.0: the prefix under the new session, all of it at the moment of resuming, in another folder."""
    return [{**item, "sessionId": session, "timestamp": moment(at), "cwd": "/srv/new"} for item in lines]


STYLES = [verbatim, renamed, rewritten]


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("names", ["ab", "ba"])
def test_a_resumed_session_counts_what_is_its_own_and_the_original_keeps_its_time(
    tmp_path: Path, style: Any, names: str
) -> None:
    found = tree(
        tmp_path,
        {
            f"{names[0]}/s1.jsonl": OLD,
            f"{names[1]}/s2.jsonl": [*style(OLD, "s2"), *own("s2", RESUMED_AT + 60)],
        },
    )
    first, second = found.session("s1"), found.session("s2")
    columns = ("human_prompts", "model_calls", "output_tokens", "tool_calls", "test_runs", "assistant_words")
    assert tuple(first[name] for name in columns) == (1, 2, 58, 1, 1, 3)
    assert tuple(second[name] for name in columns) == (1, 1, 3, 0, 0, 1)
    assert (str(first["month"]), str(second["month"])) == ("2025-10-01", "2025-11-01")
    assert (first["ended_at"] - first["started_at"]).total_seconds() == 30
    assert (second["ended_at"] - second["started_at"]).total_seconds() == 5
    assert found.files["lines_copied"].sum() == 4


@pytest.mark.parametrize("style", STYLES)
def test_a_session_resumed_three_times_says_each_prompt_once(tmp_path: Path, style: Any) -> None:
    second = [*style(OLD, "s2"), *own("s2", RESUMED_AT + 60)]
    third = [*style(second, "s3", RESUMED_AT + 900), *own("s3", RESUMED_AT + 960)]
    fork = [*style(second, "s4", RESUMED_AT + 1800), *own("s4", RESUMED_AT + 1860)]
    found = tree(tmp_path, {"d/s1.jsonl": OLD, "c/s2.jsonl": second, "b/s3.jsonl": third, "a/s4.jsonl": fork})
    totals = found.sessions.select("human_prompts", "output_tokens", "model_calls").sum().row(0)
    assert totals == (1 + 3, 58 + 3 * 3, 2 + 3)
    assert found.sessions["human_prompts"].to_list() == [1, 1, 1, 1]


def test_a_fork_whose_original_is_gone_holds_both_sessions_and_the_count_of_files_says_so(tmp_path: Path) -> None:
    found = tree(tmp_path, {"p/s2.jsonl": [*verbatim(OLD, "s2"), *own("s2", 60)]})
    assert (found.session("s1")["human_prompts"], found.session("s2")["human_prompts"]) == (1, 1)
    assert found.files.select("sessions", "role").rows() == [(2, "session")]
    classified = pl.DataFrame(schema=polars_schema("core.classified_sessions"))
    table = attrition(found.files, found.sessions, classified, found.book.months(), "study")
    assert breaks(table) == []
    opening = table.filter((pl.col("unit") == "session") & (pl.col("rule") == "found")).select("removed", "remaining")
    assert opening.rows() == [(-1, 2)]


def test_a_prompt_in_several_forks_is_one_prompt(tmp_path: Path) -> None:
    forks = {f"p/s{n}.jsonl": [*verbatim(OLD, f"s{n}"), *own(f"s{n}", 60 * n)] for n in range(2, 6)}
    found = tree(tmp_path, forks)
    assert found.sessions["human_prompts"].sum() == 1 + 4
    assert found.sessions["output_tokens"].sum() == 58 + 4 * 3


def agent(item: dict[str, Any], name: str) -> dict[str, Any]:
    return {**item, "isSidechain": True, "agentId": name}


def side(item: dict[str, Any], parent: dict[str, Any] | None) -> dict[str, Any]:
    """A line of a sub-agent inside the main file."""
    return {**item, "isSidechain": True, "version": "1.0.80", "parentUuid": parent["uuid"] if parent else None}


def inline(prompt: str, at: float, name: str) -> list[dict[str, Any]]:
    """A sub-agent of the first versions: its thread opens with a line that has no parent."""
    first = side(human(prompt, at), None)
    second = side(reply(at + 1, call("Grep", f"t-{name}", pattern="x"), message=f"m-{name}-1"), first)
    third = side(result(f"t-{name}", at + 2, "found"), second)
    return [first, second, third, side(reply(at + 3, text("two words"), message=f"m-{name}-2"), third)]


def test_two_agents_at_work_at_once_inside_the_main_file_are_two(tmp_path: Path) -> None:
    one, two = inline("look here", 40, "one"), inline("look there", 40.5, "two")
    mixed = [item for pair in zip(one, two, strict=True) for item in pair]
    session = tree(tmp_path, {"p/s1.jsonl": [*OLD, *mixed]}).only()
    assert (session["subagents"], session["subagent_tool_calls"], session["tool_calls"]) == (2, 2, 3)
    assert (session["human_prompts"], session["model_calls"], session["assistant_words"]) == (1, 2 + 4, 3 + 4)


def test_a_warm_up_inside_the_main_file_costs_tokens_and_counts_as_nothing_else(tmp_path: Path) -> None:
    warm, work = inline("Warmup", 40, "warm"), inline("look", 60, "work")
    session = tree(tmp_path, {"p/s1.jsonl": [*OLD, *warm, *work]}).only()
    assert (session["subagents"], session["subagent_tool_calls"]) == (1, 1)
    assert (session["model_calls"], session["assistant_words"]) == (2 + 2, 3 + 2)
    assert session["output_tokens"] == 58 + 4 * 20


def test_an_agent_inside_the_main_file_is_the_same_in_every_copy(tmp_path: Path) -> None:
    lines = [*OLD, *inline("look", 60, "work")]
    found = tree(tmp_path, {"p/s1.jsonl": lines, "p/s2.jsonl": [*rewritten(lines, "s2"), *own("s2", RESUMED_AT)]})
    assert found.session("s1")["subagents"] == 1
    assert found.session("s2")["subagents"] == 0


def test_an_agents_line_is_known_by_its_agent_id_alone(tmp_path: Path) -> None:
    asked = human("look for it", 40)
    answered = reply(41, text("found it"), call("Grep", "t7", pattern="x"), message="m5")
    lines = [{**item, "agentId": "a1"} for item in (asked, answered)]
    found = tree(tmp_path, {"p/s1.jsonl": OLD, "p/s1/subagents/agent-a1.jsonl": lines})
    session = found.only()
    assert (session["subagents"], session["human_prompts"], session["subagent_tool_calls"]) == (1, 1, 1)
    assert "look for it" not in found.transcript()
    assert "found it" not in found.transcript()


def test_agents_of_agents_are_agents_of_the_session(tmp_path: Path) -> None:
    outer = [agent(human("look", 40), "a1"), agent(reply(41, call("Agent", "t7"), message="m5"), "a1")]
    inner = [agent(human("look deeper", 42), "a2"), agent(reply(43, text("ok"), message="m6"), "a2")]
    session = tree(
        tmp_path,
        {"p/s1.jsonl": OLD, "p/s1/subagents/agent-a1.jsonl": outer, "p/s1/subagents/agent-a2.jsonl": inner},
    ).only()
    assert (session["subagents"], session["model_calls"], session["human_prompts"]) == (2, 4, 1)


def test_what_an_agent_in_the_background_brings_later_is_no_prompt(tmp_path: Path) -> None:
    started = {"status": "async_launched", "agentId": "a1", "totalTokens": 700}
    back = human(
        "<task-notification>a1 is done: 700 tokens</task-notification>", 90, origin={"kind": "task-notification"}
    )
    main = [*OLD, reply(40, call("Agent", "t7"), message="m5"), result("t7", 41, "launched", started), back]
    work = [agent(human("look", 42), "a1"), agent(reply(43, text("ok"), message="m6"), "a1")]
    session = tree(tmp_path, {"p/s1.jsonl": main, "p/agent-a1.jsonl": work}).only()
    assert (session["human_prompts"], session["subagents"], session["output_tokens"]) == (1, 1, 58 + 20 + 20)


def test_a_warm_up_whose_session_is_not_there_is_no_session_of_the_sample(tmp_path: Path) -> None:
    warm = [agent(human("Warmup", 0), "w1"), agent(reply(1, text("ready"), message="m5"), "w1")]
    session = tree(tmp_path, {"p/agent-w1.jsonl": warm}).only()
    assert (session["exclusion"], session["model_calls"], session["output_tokens"]) == ("no_human_prompt", 0, 20)


def compacted_copy(name: str) -> list[dict[str, Any]]:
    """The file of the agent that compacts: the whole history, word for word, and its own request."""
    copies = [agent(item, name) for item in OLD]
    return [*copies, agent(reply(50, text("a summary of it all"), message="m-own", usage={"output_tokens": 7}), name)]


@pytest.mark.parametrize("place", ["a/agent-acompact-1.jsonl", "z/s1/subagents/agent-acompact-1.jsonl"])
def test_the_copy_of_a_history_that_compaction_makes_adds_only_its_own_tokens(tmp_path: Path, place: str) -> None:
    boundary = line("system", 55, subtype="compact_boundary", compactMetadata={"trigger": "auto", "preTokens": 9})
    summary = human("This session is being continued from a previous conversation", 56, isCompactSummary=True)
    found = tree(tmp_path, {"m/s1.jsonl": [*OLD, boundary, summary], place: compacted_copy("acompact-1")})
    session = found.only()
    assert (session["human_prompts"], session["model_calls"], session["tool_calls"]) == (1, 2, 1)
    assert (session["output_tokens"], session["subagents"], session["compactions"]) == (58 + 7, 0, 1)
    assert session["assistant_words"] == 3


def test_a_copy_by_compaction_alone_is_no_session_of_the_sample(tmp_path: Path) -> None:
    session = tree(tmp_path, {"p/agent-acompact-1.jsonl": compacted_copy("acompact-1")}).only()
    assert (session["exclusion"], session["human_prompts"]) == ("no_human_prompt", 0)
    assert session["output_tokens"] == 58 + 7


def test_a_summary_that_a_fork_copies_is_one_compaction(tmp_path: Path) -> None:
    boundary = line("system", 55, subtype="compact_boundary", logicalParentUuid="x")
    summary = human("what was said so far", 56, isCompactSummary=True)
    lines = [*OLD, boundary, summary]
    found = tree(tmp_path, {"p/s1.jsonl": lines, "p/s2.jsonl": [*verbatim(lines, "s2"), *own("s2", 90)]})
    assert (found.session("s1")["compactions"], found.session("s2")["compactions"]) == (1, 0)


def test_notes_that_tie_files_together_are_no_part_of_a_conversation(tmp_path: Path) -> None:
    reference = {"type": "fork-context-ref", "parentSessionId": "s1", "parentLastUuid": "x", "contextLength": 9}
    notes = [reference, {"type": "agent-setting", "sessionId": "s1"}, {"type": "teleported-from", "sessionId": "s1"}]
    work = [agent(human("look", 42), "a1"), agent(reply(43, text("ok"), message="m6"), "a1")]
    found = tree(tmp_path, {"p/s1.jsonl": OLD, "p/s1/subagents/agent-a1.jsonl": [*notes, *work]})
    assert found.only()["subagents"] == 1
    assert found.files["lines_outside"].sum() == 3


def test_a_line_written_twice_in_a_file_counts_once(tmp_path: Path) -> None:
    found = tree(tmp_path, {"p/s1.jsonl": [*OLD, OLD[1], OLD[0]]})
    assert (found.only()["human_prompts"], found.only()["output_tokens"]) == (1, 58)
    assert found.files["lines_copied"].item() == 2

"""Adds up the entries of one session: its row of `core.sessions` and its transcript.

Pure: entries in, numbers and text out. Which entries are the session's own is decided in `ownership`; whether the
session is in the sample in `eligibility`.
"""

from __future__ import annotations

import datetime as dt
import itertools
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sessions_pipeline.sessions.prices import cost_usd
from sessions_pipeline.sessions.transcript import Transcript, Turn, render
from sessions_pipeline.sources.model import PROGRAM_AGENT, Context, Edit, Entry, Kind, ToolCall, ToolResult, Usage

# A pause longer than this is not work; the study is silent, five minutes is the life of the short cache.
LONGEST_PAUSE_MS = 300_000
_TOKENS = ("input_tokens", "output_tokens", "cache_write_5m_tokens", "cache_write_1h_tokens", "cache_read_tokens")
_CLAUDE_FAMILY = re.compile(r"claude-(?:[\d.]+-)*([a-z]+)")


class OwnEntry(NamedTuple):
    """An entry that belongs to the session, with what its file knows: context, user and harness."""

    entry: Entry
    context: Context
    user_key: str
    harness: str


@dataclass(frozen=True)
class Assembled:
    """A session's columns by name (without eligibility), its transcript, its first human prompt, its model use.

    model_use: rows of `core.model_use`.
    """

    row: dict[str, object]
    transcript: Transcript
    opening: str
    model_use: list[dict[str, object]]


def assemble(own: Sequence[OwnEntry], turn_chars: int, transcript_chars: int) -> Assembled:
    """The session that `own` adds up to; the order of `own` does not matter."""
    own = sorted(own, key=lambda item: (item.entry.at, item.entry.line, item.entry.key))
    entries = [item.entry for item in own]
    internal = _internal_agents(entries)
    work = [entry for entry in entries if entry.agent not in internal]
    started = _started(entries)
    times = [entry.at for entry in work if entry.timed and entry.at >= started] or [started]
    transcript = render(turns(work), turn_chars, transcript_chars)
    first = own[0]
    model_use = _model_use(entries)
    row: dict[str, object] = {
        "session_id": first.entry.session,
        "harness": first.harness,
        "user_key": first.user_key,
        "project_key": _first(item.context.project for item in own),
        "month": _moment(started).date().replace(day=1),
        "started_at": _moment(started),
        "ended_at": _moment(max(times)),
        "active_seconds": active_seconds(times),
        "cli_version": _first(item.context.version for item in own),
        "entrypoint": _first(item.context.entrypoint for item in own),
        **_session_use(model_use, work),
        **_work_done(work),
        "transcript_chars": transcript.chars,
        "transcript_truncated": transcript.truncated,
        "transcript_sha256": transcript.sha256,
    }
    prompts = (entry.text for entry in work if entry.kind is Kind.PROMPT and not entry.sidechain)
    of_session = {name: row[name] for name in ("session_id", "month")}
    return Assembled(row, transcript, next(prompts, "")[:turn_chars], [{**of_session, **use} for use in model_use])


def _started(entries: Sequence[Entry]) -> int:
    """Earliest time of the main thread, else of any line with a time of its own, else of any line; milliseconds."""
    timed = [entry for entry in entries if entry.timed]
    main = [entry for entry in timed if not entry.sidechain]
    return min(entry.at for entry in main or timed or entries)


def active_seconds(times_ms: Sequence[int]) -> float:
    """Sum of the gaps between distinct times, each counted up to LONGEST_PAUSE_MS; seconds."""
    distinct = sorted(set(times_ms))
    gaps = (after - before for before, after in itertools.pairwise(distinct))
    return sum(min(gap, LONGEST_PAUSE_MS) for gap in gaps) / 1000


def model_tier(model: str) -> str:
    """Family of a model: the word after `claude-` and the version numbers; `other` for other vendors."""
    match = _CLAUDE_FAMILY.match(model)
    return match.group(1) if match else "other"


def turns(entries: Sequence[Entry]) -> list[Turn]:
    """What the main thread said, in order: runs of entries of one role become one turn."""
    spoken: list[tuple[str, list[str]]] = []
    for entry in entries:
        if entry.sidechain:
            continue
        role, texts = _spoken(entry)
        if not texts:
            continue
        if spoken and spoken[-1][0] == role:
            spoken[-1][1].extend(texts)
        else:
            spoken.append((role, list(texts)))
    return [Turn(role, "\n".join(texts)) for role, texts in spoken]


def _spoken(entry: Entry) -> tuple[str, list[str]]:
    if entry.kind is Kind.PROMPT:
        return "human", [entry.text]
    if entry.kind is Kind.ASSISTANT:
        called = [f"[tool] {call.name}: {_one_line(call.summary)}" for call in entry.calls]
        return "assistant", ([entry.text] if entry.text.strip() else []) + called + _returned(entry)
    if entry.kind is Kind.RESULT:
        return "assistant", _returned(entry)
    if entry.kind is Kind.INTERRUPTION:
        return "system", ["The person interrupted the agent."]
    if entry.kind in (Kind.NOTICE, Kind.SUMMARY) and entry.text.strip():
        return "system", [entry.text]
    return "system", []


def _returned(entry: Entry) -> list[str]:
    return [f"[result] {'ok' if result.ok else 'error'}: {result.excerpt}" for result in entry.results]


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _internal_agents(entries: Sequence[Entry]) -> set[str]:
    """Ids of agents that the program started for itself."""
    from sessions_pipeline.sources.claude_code import INTERNAL_AGENTS, WARMUP_PROMPT

    warm = {e.agent for e in entries if e.agent and e.kind is Kind.AGENT_PROMPT and e.text.strip() == WARMUP_PROMPT}
    return warm | {entry.agent for entry in entries if entry.agent.startswith((*INTERNAL_AGENTS, PROGRAM_AGENT))}


@dataclass(frozen=True)
class Response:
    """One API response: the model that answered and its tokens; None if the log tells none."""

    model: str
    usage: Usage | None


def responses(entries: Iterable[Entry]) -> list[Response]:
    """The API responses that `entries` are lines of; the order of `entries` does not matter.

    Every line of a response repeats its usage, and earlier lines carry a placeholder for the output. So the line with
    the most tokens counts, all of it; of equal ones the one in the fast mode, then the earliest.
    """
    best: dict[str, Entry] = {}
    for entry in entries:
        if entry.kind is Kind.ASSISTANT and entry.message:
            known = best.get(entry.message)
            if known is None or _rank(entry) < _rank(known):
                best[entry.message] = entry
    return [Response(entry.model, entry.usage) for entry in best.values()]


def _rank(entry: Entry) -> tuple[object, ...]:
    """Smaller for the line whose usage counts."""
    usage = entry.usage or Usage()
    return (-usage.total, not usage.fast, entry.usage is None, entry.at, entry.line, entry.key)


def _model_use(entries: Sequence[Entry]) -> list[dict[str, object]]:
    """Responses, tokens and cost per model. What internal agents used was billed, so it counts here too."""
    found = responses(entries)
    # A log that tells no tokens at all is no free session.
    told = any(response.usage for response in found)
    by_model: dict[str, list[Usage]] = {}
    for response in found:
        by_model.setdefault(response.model, []).append(response.usage or Usage())
    return [
        {
            "model": model or None,
            "responses": len(usages),
            "input_tokens": sum(usage.input for usage in usages),
            "output_tokens": sum(usage.output for usage in usages),
            "cache_write_5m_tokens": sum(usage.cache_write_5m for usage in usages),
            "cache_write_1h_tokens": sum(usage.cache_write_1h for usage in usages),
            "cache_read_tokens": sum(usage.cache_read for usage in usages),
            "api_cost_usd": _sum_or_none(cost_usd(model, usage) for usage in usages) if told else None,
        }
        for model, usages in sorted(by_model.items())
    ]


def _sum_or_none(costs: Iterable[object]) -> float | None:
    """Their sum, rounded to a millionth; None if one is None."""
    known = list(costs)
    return None if None in known else round(math.fsum(known), 6)  # type: ignore[arg-type]


def _session_use(model_use: Sequence[dict[str, Any]], work: Sequence[Entry]) -> dict[str, object]:
    """A session's tokens and cost over all models; its model is the one of most output among those that did work."""
    assistant = [entry for entry in work if entry.kind is Kind.ASSISTANT]
    of_work = {entry.model for entry in assistant}
    output = {use["model"]: use["output_tokens"] for use in model_use if use["model"] in of_work}
    model = max(output, key=lambda name: output[name], default=None)
    return {
        "model": model,
        "model_tier": model_tier(model) if model else None,
        "model_calls": len({entry.message for entry in assistant if entry.message}),
        **{name: sum(use[name] for use in model_use) for name in _TOKENS},
        "api_cost_usd": _sum_or_none(use["api_cost_usd"] for use in model_use),
    }


def _work_done(work: Sequence[Entry]) -> dict[str, object]:
    calls: dict[str, tuple[Entry, ToolCall]] = {}
    results: dict[str, ToolResult] = {}
    for entry in work:
        for call in entry.calls:
            calls.setdefault(call.id, (entry, call))
        for result in entry.results:
            # A result repeated without its details (an agent's file) must not hide the one that has them.
            if result.id not in results or (result.edits and not results[result.id].edits):
                results[result.id] = result
    done = [(call, results.get(call_id)) for call_id, (_, call) in calls.items()]
    boundaries = sum(entry.kind is Kind.COMPACTION for entry in work)
    summaries = sum(entry.kind is Kind.SUMMARY for entry in work)
    assistant = [entry for entry in work if entry.kind is Kind.ASSISTANT]
    return {
        "human_prompts": sum(entry.kind is Kind.PROMPT and not entry.sidechain for entry in work),
        "tool_calls": len(calls),
        "tool_calls_succeeded": sum(result is not None and result.ok for _, result in done),
        "subagents": len({entry.agent for entry in assistant if entry.agent}),
        "subagent_tool_calls": sum(entry.sidechain for entry, _ in calls.values()),
        "interruptions": sum(entry.kind is Kind.INTERRUPTION for entry in work),
        "compactions": boundaries or summaries,
        "assistant_words": sum(entry.words for entry in assistant),
        **_changes(done),
        **_git(work, done),
        **_tests(done),
    }


def _changes(done: Sequence[tuple[ToolCall, ToolResult | None]]) -> dict[str, object]:
    """Lines and files changed by editing tools that succeeded: by the result's patch, else by the call's input."""
    edits: list[Edit] = []
    for call, result in done:
        if result is not None and result.ok:
            edits += result.edits or call.edits
    return {
        "lines_added": sum(edit.added for edit in edits),
        "lines_removed": sum(edit.removed for edit in edits),
        "files_changed": len({edit.file for edit in edits}),
    }


def _git(work: Sequence[Entry], done: Sequence[tuple[ToolCall, ToolResult | None]]) -> dict[str, object]:
    commits, pull_requests = 0, {key for entry in work for key in entry.pull_requests}
    for call, result in done:
        if result is None:
            continue
        commits += max(result.commits if call.commits else 0, int(result.reported_commit))
        if call.opens_pr:
            pull_requests.update(result.pull_requests)
    return {"git_commits": commits, "pull_requests": len(pull_requests)}


def _tests(done: Sequence[tuple[ToolCall, ToolResult | None]]) -> dict[str, object]:
    """Test runs that came to a result, and the last one's."""
    passed = [result.tests_passed for call, result in done if call.runs_tests and result is not None]
    return {"test_runs": len(passed), "last_test_passed": passed[-1] if passed else None}


def _first(values: Iterable[str]) -> str | None:
    return next((value for value in values if value), None)


def _moment(milliseconds: int) -> dt.datetime:
    """A naive UTC time, as the warehouse stores it."""
    return dt.datetime.fromtimestamp(milliseconds / 1000, dt.UTC).replace(tzinfo=None)

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
_NO_USAGE = Usage()
_CLAUDE_FAMILY = re.compile(r"claude-(?:[\d.]+-)*([a-z]+)")


# An entry that belongs to the session. By the first of these entries sort: its time, the time at which its file goes on
# with the session (a session that is split between two lines of one moment stays in order), its line and key; a number
# that no other has. Then the entry itself, and what its file knows: context and harness. (A tuple with names takes
# three times as long to make.)
OwnEntry = tuple[int, int, int, str, int, Entry, Context, str]


@dataclass(frozen=True)
class Assembled:
    """A session's columns by name (without eligibility), its transcript, its first human prompt, its model use.

    model_use: rows of `core.model_use`.
    """

    row: dict[str, object]
    transcript: Transcript
    opening: str
    model_use: list[dict[str, object]]


def assemble(own: Sequence[OwnEntry], user_key: str, turn_chars: int, transcript_chars: int) -> Assembled:
    """The session of the user `user_key` that `own` adds up to; the order of `own` does not matter."""
    own = sorted(own)
    entries = [item[-3] for item in own]
    internal = _internal_agents(entries)
    work = [entry for entry in entries if entry.agent not in internal] if internal else entries
    started = _started(entries)
    times = sorted({entry.at for entry in work if entry.timed and entry.at >= started}) or [started]
    transcript = render(turns(work), turn_chars, transcript_chars)
    model_use = _model_use(entries)
    row: dict[str, object] = {
        "session_id": entries[0].session,
        "harness": own[0][-1],
        "user_key": user_key,
        "project_key": _first(item[-2].project for item in own),
        "month": _moment(started).date().replace(day=1),
        "started_at": _moment(started),
        "ended_at": _moment(times[-1]),
        "active_seconds": active_seconds(times),
        "cli_version": _first(item[-2].version for item in own),
        "entrypoint": _first(item[-2].entrypoint for item in own),
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
    """Earliest time of the main thread, else of any line with a time of its own, else of any line; milliseconds.

    entries: in order of time.
    """
    timed = None
    for entry in entries:
        if entry.timed:
            if not entry.sidechain:
                return entry.at
            timed = timed or entry
    return (timed or entries[0]).at


def active_seconds(times_ms: Sequence[int]) -> float:
    """Sum of the gaps between times, ascending, each counted up to LONGEST_PAUSE_MS; seconds."""
    gaps = [after - before for before, after in itertools.pairwise(times_ms)]
    return sum([gap if gap < LONGEST_PAUSE_MS else LONGEST_PAUSE_MS for gap in gaps]) / 1000


def model_tier(model: str) -> str:
    """Family of a model: the word after `claude-` and the version numbers; `other` for other vendors."""
    match = _CLAUDE_FAMILY.match(model)
    return match.group(1) if match else "other"


def turns(entries: Sequence[Entry]) -> list[Turn]:
    """What the main thread said, in order: runs of entries of one role become one turn."""
    spoken: list[tuple[str, list[str]]] = []
    before = None
    for entry in entries:
        if entry.sidechain:
            continue
        role, said = _spoken(entry)
        if not said:
            continue
        if role == before:
            spoken[-1][1].extend(said)
        else:
            spoken.append((role, said))
            before = role
    return [Turn(role, "\n".join(said)) for role, said in spoken]


def _spoken(entry: Entry) -> tuple[str, list[str]]:
    """Who speaks in an entry, and what it says; nothing where it is not for a reader."""
    kind = entry.kind
    if kind is Kind.ASSISTANT:
        said = [entry.text] if entry.text.strip() else []
        if entry.calls:
            said += [f"[tool] {call.name}: {_one_line(call.summary)}" for call in entry.calls]
        return "assistant", said + _returned(entry) if entry.results else said
    if kind is Kind.RESULT:
        return "assistant", _returned(entry)
    if kind is Kind.PROMPT:
        return "human", [entry.text]
    if kind is Kind.INTERRUPTION:
        return "system", ["The person interrupted the agent."]
    if kind in (Kind.NOTICE, Kind.SUMMARY) and entry.text.strip():
        return "system", [entry.text]
    return "system", []


def _returned(entry: Entry) -> list[str]:
    return [f"[result] {'ok' if result.ok else 'error'}: {result.excerpt}" for result in entry.results]


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _internal_agents(entries: Sequence[Entry]) -> set[str]:
    """Ids of agents that the program started for itself."""
    from sessions_pipeline.sources.claude_code import INTERNAL_AGENTS, WARMUP_PROMPT

    of_agents = [entry for entry in entries if entry.agent]
    if not of_agents:
        return set()
    asked = (entry for entry in of_agents if entry.kind is Kind.AGENT_PROMPT)
    warm = {entry.agent for entry in asked if entry.text.strip() == WARMUP_PROMPT}
    agents = {entry.agent for entry in of_agents}
    return warm | {agent for agent in agents if agent.startswith((*INTERNAL_AGENTS, PROGRAM_AGENT))}


class Response(NamedTuple):
    """One API response: the model that answered and its tokens; None if the log tells none."""

    model: str
    usage: Usage | None


def responses(entries: Iterable[Entry]) -> list[Response]:
    """The API responses that `entries` are lines of. entries: ordered by time, line and key.

    Every line of a response repeats its usage, and earlier lines carry a placeholder for the output. So the line with
    the most tokens counts, all of it; of equal ones the one in the fast mode, then the earliest.
    """
    best: dict[str, Entry] = {}
    for entry in entries:
        if entry.message and entry.kind is Kind.ASSISTANT:
            known = best.get(entry.message)
            if known is None or (known.usage != entry.usage and _rank(entry) < _rank(known)):
                best[entry.message] = entry
    return [Response(entry.model, entry.usage) for entry in best.values()]


def _rank(entry: Entry) -> tuple[object, ...]:
    """Smaller for the line whose usage counts."""
    usage = entry.usage or _NO_USAGE
    return (-usage.total, not usage.fast, entry.usage is None)


def _model_use(entries: Sequence[Entry]) -> list[dict[str, object]]:
    """Responses, tokens and cost per model. What internal agents used was billed, so it counts here too."""
    found = responses(entries)
    # A log that tells no tokens at all is no free session.
    told = any(response.usage for response in found)
    by_model: dict[str, list[Usage]] = {}
    for response in found:
        by_model.setdefault(response.model, []).append(response.usage or _NO_USAGE)
    return [
        {
            "model": model or None,
            "responses": len(usages),
            "input_tokens": sum([usage.input for usage in usages]),
            "output_tokens": sum([usage.output for usage in usages]),
            "cache_write_5m_tokens": sum([usage.cache_write_5m for usage in usages]),
            "cache_write_1h_tokens": sum([usage.cache_write_1h for usage in usages]),
            "cache_read_tokens": sum([usage.cache_read for usage in usages]),
            "api_cost_usd": _sum_or_none([cost_usd(model, usage) for usage in usages]) if told else None,
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
    # One pass: a session has hundreds of entries, and each further one over them all takes as long as all else here.
    calls: dict[str, ToolCall] = {}
    results: dict[str, ToolResult] = {}
    subagents: set[str] = set()
    pull_requests: set[str] = set()
    prompts = words = subagent_calls = interruptions = boundaries = summaries = 0
    for entry in work:
        kind = entry.kind
        if kind is Kind.ASSISTANT:
            words += entry.words
            if entry.agent:
                subagents.add(entry.agent)
        elif kind is Kind.PROMPT:
            prompts += not entry.sidechain
        elif kind is Kind.INTERRUPTION:
            interruptions += 1
        elif kind is Kind.COMPACTION:
            boundaries += 1
        elif kind is Kind.SUMMARY:
            summaries += 1
        for call in entry.calls:
            if call.id not in calls:
                calls[call.id] = call
                subagent_calls += entry.sidechain
        for result in entry.results:
            # A result repeated without its details (an agent's file) must not hide the one that has them.
            if result.id not in results or (result.edits and not results[result.id].edits):
                results[result.id] = result
        if entry.pull_requests:
            pull_requests.update(entry.pull_requests)
    done = [(call, results.get(call_id)) for call_id, call in calls.items()]
    return {
        "human_prompts": prompts,
        "tool_calls": len(calls),
        "tool_calls_succeeded": sum(result is not None and result.ok for _, result in done),
        "subagents": len(subagents),
        "subagent_tool_calls": subagent_calls,
        "interruptions": interruptions,
        "compactions": boundaries or summaries,
        "assistant_words": words,
        **_changes(done),
        **_git(pull_requests, done),
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


def _git(linked: set[str], done: Sequence[tuple[ToolCall, ToolResult | None]]) -> dict[str, object]:
    """Commits and pull requests. linked: pull requests that the log itself names."""
    commits, pull_requests = 0, set(linked)
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

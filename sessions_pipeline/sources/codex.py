"""Reads Codex rollouts (`~/.codex/sessions/**/rollout-*.jsonl`), of both formats.

Since version 0.44 each line is `{timestamp, type, payload}`. Before, the header and each item stood bare, with no
time, no model and no tokens: such a session starts and ends at its header's time, and its tokens are unknown (0).

A person's words are `user_message` events; user items of responses hold them too, beside context that the program
puts there, and count only in files without such events. Totals of tokens are cumulative and repeated: a response is
counted where they change, with the last response's share. `input_tokens` includes what was read from and written to
the cache, `output_tokens` includes reasoning. What counts twice over files (forks, copies in `archived_sessions`) is
known by keys that hold a line's thread, content and occurrence, but no time, since copying rewrites it.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable
from pathlib import PurePath
from typing import Any

import msgspec

from sessions_pipeline.sessions.transcript import short_name
from sessions_pipeline.sources import codex_calls, tools
from sessions_pipeline.sources.codex_lines import Line, Thread, text_of, threads
from sessions_pipeline.sources.lines import TOO_DEEP, Clock, give_leading_times, json_lines, token_count
from sessions_pipeline.sources.model import (
    PROGRAM_AGENT,
    Context,
    Entry,
    FileContents,
    Kind,
    Rejected,
    ToolCall,
    ToolResult,
    Usage,
)

HARNESS = "codex"

_NAME = re.compile(r"rollout-.*?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.jsonl\Z")
_OPENING = re.compile(
    rb'\A\s*\{(?:[^\n{]*"type"\s*:\s*"session_meta"|"id":"[^"]*","timestamp":"[^"]*","instructions":)'
)
# Opens a user item, or a message, that the program wrote.
_PROGRAM_OPENINGS = (
    "<environment_context",
    "<user_instructions",
    "<turn_aborted",
    "<permissions",
    "<collaboration_mode",
    "<skill",
    "<subagent_notification",
    "<user_shell_command",
    "<model_switch",
    "<hook_context",
    "<INSTRUCTIONS",
    "# AGENTS.md instructions",
)
# IDEs and the desktop app put what is open or attached before the person's words.
_REQUEST = re.compile(r"^## My request for Codex:[ \t]*\n?", re.MULTILINE)
_CWD = re.compile(r"<cwd>(.*?)</cwd>", re.DOTALL)


def recognises(name: str, head: bytes) -> bool:
    """Whether a file of this name that starts with `head` is a rollout."""
    return _NAME.search(name) is not None or _OPENING.match(head) is not None


def read(data: bytes, *, path: PurePath, key: Callable[[str], str], written_ms: int) -> FileContents:
    """Everything one rollout holds.

    data: the file's bytes. path: where it lies. key: keyed hash for paths, so that none is kept in clear.
    written_ms: when the file was last changed, milliseconds since 1970.
    """
    contents = FileContents(HARNESS, 0, [], [], [])
    clock = Clock(written_ms)
    lines = [line for number, value in json_lines(data, contents) if (line := _line(number, value, clock))]
    name = _NAME.search(path.name)
    builder = _Builder(contents, key, lines)
    for line, thread in zip(lines, threads(lines, name.group(1) if name else ""), strict=True):
        if thread is None or not thread.id:
            continue
        try:
            builder.add(line, thread)
        except RecursionError:
            contents.rejected.append(Rejected(line.number, TOO_DEEP))
    give_leading_times(contents.entries, written_ms)
    return contents


def _line(number: int, value: dict[str, Any], clock: Clock) -> Line | None:
    """A line of either format in the shape of the newer one; None for what belongs to no session."""
    at, timed = clock.read(value.get("timestamp"))
    payload, kind = value.get("payload"), text_of(value, "type")
    if isinstance(payload, dict):
        return Line(number, at, timed, kind, payload)
    if kind:
        return Line(number, at, timed, "response_item", value)
    if "id" in value and "timestamp" in value:
        return Line(number, at, timed, "session_meta", value)
    return None


class _Responses:
    """Numbers the responses of a thread.

    The log says where a response ends only by its tokens, which stand before or after its items, depending on the
    version. Without tokens, a response ends where a tool's result or a person follows.
    """

    def __init__(self, with_tokens: bool) -> None:
        self.with_tokens = with_tokens
        self.number = 0
        self.state = "between"

    def item(self) -> int:
        """Number of the response that an item belongs to."""
        if self.state == "between":
            self.number += 1
            self.state = "without tokens"
        return self.number

    def tokens(self) -> int:
        """Number of the response that these tokens belong to."""
        if self.state == "without tokens":
            self.state = "between"
        else:
            self.number += 1
            self.state = "tokens first"
        return self.number

    def result(self) -> None:
        """A tool's result follows."""
        if not self.with_tokens:
            self.state = "between"

    def turn(self) -> None:
        """A person's words follow, or the turn ends."""
        self.state = "between"


class _Builder:
    """Turns the lines of one file into entries, in order."""

    def __init__(self, contents: FileContents, key: Callable[[str], str], lines: list[Line]) -> None:
        self.contents = contents
        self.key = key
        self.reported = codex_calls.reported(lines)
        # Newer logs have one record per response beside the cumulative totals.
        self.has_records = any(line.kind == "token_usage_record" for line in lines)
        has_totals = any(line.subkind == "token_count" and line.payload.get("info") for line in lines)
        self.with_tokens = self.has_records or has_totals
        self.has_user_events = any(line.subkind == "user_message" for line in lines)
        self.contexts: dict[tuple[str, ...], int] = {}
        self.metas: dict[str, dict[str, str]] = {}
        self.responses: dict[str, _Responses] = {}
        self.occurrences: Counter[str] = Counter()
        self.model = ""
        self.totals: object = None
        self.calls: dict[str, tuple[ToolCall, dict[str, Any]]] = {}
        # Id of a process that goes on -> what the call that started it set out to do: commit, open a request, test.
        self.running: dict[str, tuple[bool, bool, bool]] = {}

    def add(self, line: Line, thread: Thread) -> None:
        """Appends the entry of a line."""
        meta = self.metas.setdefault(thread.id, {})
        for name in ("cwd", "cli_version", "originator"):
            if line.kind in ("session_meta", "turn_context"):
                meta[name] = text_of(line.payload, name) or meta.get(name, "")
        if line.kind == "session_meta" and text_of(line.payload, "source"):
            meta["source"] = text_of(line.payload, "source")
        if line.kind == "turn_context":
            self.model = text_of(line.payload, "model") or self.model
        kind, values = self._meaning(line, thread)
        self.contents.entries.append(
            Entry(
                key=self._key(line, thread),
                session=short_name(thread.session),
                kind=kind,
                at=line.at,
                timed=line.timed,
                line=line.number,
                sidechain=bool(thread.agent),
                agent=self._agent(thread),
                context=self._context(meta, thread),
                **values,
            )
        )

    def _meaning(self, line: Line, thread: Thread) -> tuple[Kind, dict[str, Any]]:
        responses = self.responses.setdefault(thread.id, _Responses(self.with_tokens))
        if line.kind == "response_item":
            return self._item(line, thread, responses)
        if line.kind == "token_usage_record":
            return self._tokens(line.payload.get("usage"), thread, responses)
        if line.kind == "compacted":
            return Kind.COMPACTION, {}
        if line.kind == "event_msg":
            return self._event(line, thread, responses)
        return Kind.OTHER, {}

    def _event(self, line: Line, thread: Thread, responses: _Responses) -> tuple[Kind, dict[str, Any]]:
        payload = line.payload
        if line.subkind == "user_message":
            attached = any(payload.get(name) for name in ("images", "local_images"))
            return self._words(text_of(payload, "message"), thread, responses, attached=attached)
        if line.subkind == "token_count" and not self.has_records:
            info = payload.get("info")
            totals = info.get("total_token_usage") if isinstance(info, dict) else None
            if not isinstance(info, dict) or (totals is not None and totals == self.totals):
                return Kind.OTHER, {}
            before, self.totals = self.totals, totals
            return self._tokens(info.get("last_token_usage") or _difference(totals, before), thread, responses)
        if line.subkind == "turn_aborted":
            responses.turn()
            return (Kind.INTERRUPTION if payload.get("reason") == "interrupted" else Kind.OTHER), {}
        if line.subkind in ("task_started", "task_complete", "turn_started", "turn_complete"):
            responses.turn()
        if line.subkind == "entered_review_mode":
            return _review(payload)
        return Kind.OTHER, {}

    def _item(self, line: Line, thread: Thread, responses: _Responses) -> tuple[Kind, dict[str, Any]]:
        payload = line.payload
        if line.subkind == "message":
            return self._message(payload, thread, responses)
        if line.subkind in codex_calls.RESULTS:
            responses.result()
            return Kind.RESULT, {"results": (self._result(payload, thread),)}
        if line.subkind in codex_calls.CALLS or line.subkind in codex_calls.SERVED:
            values: dict[str, Any] = {"calls": (self._call(line, thread),)}
            if line.subkind in codex_calls.SERVED:
                ok = payload.get("status") in (None, "completed")
                values["results"] = (ToolResult(values["calls"][0].id, ok),)
            return Kind.ASSISTANT, {**values, **self._response(thread, responses)}
        if line.subkind == "reasoning":
            return Kind.ASSISTANT, self._response(thread, responses)
        return Kind.OTHER, {}

    def _message(self, payload: dict[str, Any], thread: Thread, responses: _Responses) -> tuple[Kind, dict[str, Any]]:
        content = payload.get("content")
        parts = [part for part in content if isinstance(part, dict)] if isinstance(content, list) else []
        text = content if isinstance(content, str) else "\n".join(filter(None, (text_of(p, "text") for p in parts)))
        if payload.get("role") == "assistant":
            return Kind.ASSISTANT, {
                "text": text,
                "words": len(text.split()),
                **self._response(thread, responses),
            }
        if payload.get("role") != "user":
            return Kind.OTHER, {}
        if place := _CWD.search(text):
            self.metas[thread.id]["cwd"] = self.metas[thread.id].get("cwd") or place.group(1).strip()
        if self.has_user_events:
            return Kind.OTHER, {}
        attached = any(part.get("type") == "input_image" for part in parts)
        return self._words(text, thread, responses, attached=attached)

    def _words(
        self, text: str, thread: Thread, responses: _Responses, *, attached: bool
    ) -> tuple[Kind, dict[str, Any]]:
        """A prompt, if the words are a person's, or for an agent the model's."""
        if text.lstrip().startswith(_PROGRAM_OPENINGS):
            return Kind.NOTICE, {}
        responses.turn()
        request = _REQUEST.search(text)
        words = text[request.end() :] if request else text
        if not words.strip() and not attached:
            return Kind.NOTICE, {}
        kind = Kind.AGENT_PROMPT if thread.agent else Kind.PROMPT
        return kind, {"text": words if words.strip() else "[attachment]"}

    def _response(self, thread: Thread, responses: _Responses) -> dict[str, Any]:
        return {"message": f"{thread.id}:{responses.item()}", "model": short_name(self.model)}

    def _tokens(self, used: object, thread: Thread, responses: _Responses) -> tuple[Kind, dict[str, Any]]:
        usage = _usage(used)
        if usage is None or usage.total == 0:
            return Kind.OTHER, {}
        message = f"{thread.id}:{responses.tokens()}"
        return Kind.ASSISTANT, {"message": message, "model": short_name(self.model), "usage": usage}

    def _call(self, line: Line, thread: Thread) -> ToolCall:
        payload = line.payload
        given = codex_calls.arguments_of(payload)
        command = codex_calls.command_of(payload, given)
        patches = codex_calls.patches_of(payload, given)
        call = ToolCall(
            id=codex_calls.call_id(payload) or f"{thread.id}:{line.number}",
            name=short_name(text_of(payload, "name") or line.subkind.removesuffix("_call")),
            summary=", ".join(patch.path for patch in patches) or command or tools.summary(given),
            commits=tools.commits(command),
            opens_pr=tools.opens_pull_request(command),
            runs_tests=tools.runs_tests(command),
        )
        started = self.running.pop(str(given.get("session_id", "")), None)
        if started is not None:
            call.commits, call.opens_pr, call.runs_tests = started
        self.calls[call.id] = (call, {"patches": patches, "cwd": given.get("workdir")})
        return call

    def _result(self, payload: dict[str, Any], thread: Thread) -> ToolResult:
        name = codex_calls.call_id(payload)
        call, detail = self.calls.get(name, (None, {}))
        outcome, reported = codex_calls.outcome_of(payload), self.reported.get(name, codex_calls.Reported())
        ok = outcome.ok if reported.ok is None else reported.ok
        if call is not None and outcome.running:
            # The later call in whose result the process ends takes over; a test has no result yet.
            self.running[outcome.running] = (call.commits, call.opens_pr, call.runs_tests)
            call.runs_tests = False
        cwd = self.metas[thread.id].get("cwd", "")
        workdir = detail.get("cwd")
        patches = reported.patches or tuple(detail.get("patches", ()))
        opened = tools.pull_requests_in(outcome.output) if ok and call is not None and call.opens_pr else []
        tested = call is not None and call.runs_tests
        return ToolResult(
            id=name,
            ok=ok,
            excerpt=outcome.output,
            edits=codex_calls.edits_of(patches, workdir if isinstance(workdir, str) else cwd, self.key) if ok else (),
            commits=tools.commits_in(outcome.output) if ok and call is not None and call.commits else 0,
            pull_requests=tuple(self.key(url) for url in opened),
            tests_passed=tools.tests_passed(outcome.output, is_error=not ok) if tested else None,
        )

    def _agent(self, thread: Thread) -> str:
        return f"{PROGRAM_AGENT}{thread.agent}"[:80] if thread.kind == "program" else short_name(thread.agent)

    def _context(self, meta: dict[str, str], thread: Thread) -> int:
        place = (meta.get("cwd", ""), meta.get("cli_version", ""), _entrypoint(meta, thread))
        if place not in self.contexts:
            self.contexts[place] = len(self.contexts)
            cwd, version, entrypoint = place
            project = self.key(cwd) if cwd else ""
            self.contents.contexts.append(Context(project, short_name(version, 40), short_name(entrypoint, 40)))
        return self.contexts[place]

    def _key(self, line: Line, thread: Thread) -> str:
        digest = hashlib.blake2b(_identity(line), digest_size=12).hexdigest()
        self.occurrences[f"{thread.id}:{digest}"] += 1
        return f"{thread.id}:{digest}:{self.occurrences[f'{thread.id}:{digest}']}"


def _identity(line: Line) -> bytes:
    """What a copy of the line keeps, even one written by another version of the program."""
    payload = line.payload
    parts: list[object] = [line.kind, line.subkind]
    if line.kind == "session_meta":
        parts.append(text_of(payload, "id"))
    elif line.subkind == "token_count":
        info = payload.get("info")
        parts.append([info.get("total_token_usage"), info.get("last_token_usage")] if isinstance(info, dict) else None)
    elif name := text_of(payload, "call_id") or text_of(payload, "response_id") or text_of(payload, "turn_id"):
        parts.append(name)
    else:
        parts.append(
            [payload.get(name) for name in ("role", "content", "message", "text", "summary", "encrypted_content")]
        )
    return msgspec.json.encode(parts, order="deterministic")


def _entrypoint(meta: dict[str, str], thread: Thread) -> str:
    """What started the thread; `codex_exec` whatever an SDK or wrapper calls itself."""
    if thread.kind == "orphan":
        return f"subagent {thread.source}"
    originator, source = meta.get("originator", ""), meta.get("source", "")
    if source == "exec" and "sdk" not in originator:
        return "codex_exec"
    return originator or source


def _review(payload: dict[str, Any]) -> tuple[Kind, dict[str, Any]]:
    """`/review`: a prompt if the person said what to look at, else a notice."""
    target = payload.get("target")
    instructions = text_of(target, "instructions") if isinstance(target, dict) else ""
    if instructions:
        return Kind.PROMPT, {"text": f"/review {instructions}"}
    return Kind.NOTICE, {"text": "/review"}


def _difference(totals: object, before: object) -> dict[str, int]:
    if not isinstance(totals, dict):
        return {}
    known = before if isinstance(before, dict) else {}
    return {name: token_count(value) - token_count(known.get(name)) for name, value in totals.items()}


def _usage(used: object) -> Usage | None:
    if not isinstance(used, dict):
        return None
    names = ("input_tokens", "cached_input_tokens", "cache_write_input_tokens", "output_tokens")
    given, cached, written, output = (token_count(used.get(name)) for name in names)
    return Usage(input=max(given - cached - written, 0), output=output, cache_write_5m=written, cache_read=cached)

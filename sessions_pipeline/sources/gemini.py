"""Reads chats of Gemini CLI (`~/.gemini/tmp/<project>/chats/session-*`), of both formats.

The older format is one JSON object with `messages`; the newer one a header line, message lines, and `$set` lines that
change the header. A message is written again when it grows, and the last writing counts. Messages that stand only in
a `$set` are the program's (a compressed history); what a `$rewindTo` took back was said and paid for, and stays.

A message is an API response: its words and tokens never change once written, but its tool calls come later, so each
finished call is an entry of its own and counts as a line; an earlier state of the file then takes nothing away.
`input` tokens include the cached ones, `tool` tokens are input besides, `thoughts` are output besides `output`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import PurePath
from typing import Any

from sessions_pipeline.sessions.transcript import short_name
from sessions_pipeline.sources import tools
from sessions_pipeline.sources.lines import Clock, give_leading_times, json_lines, parse, token_count
from sessions_pipeline.sources.model import (
    Context,
    Edit,
    Entry,
    FileContents,
    Kind,
    Rejected,
    ToolCall,
    ToolResult,
    Usage,
)
from sessions_pipeline.sources.patches import unified_lines

HARNESS = "gemini"

_HEADER = re.compile(rb'\A\s*\{\s*"(?:sessionId|projectHash)"\s*:\s*"[^"]*"\s*,\s*"(?:sessionId|projectHash)"\s*:')
# How the program says that the person stopped the agent.
_CANCELLED = "Request cancelled."
# Prompts that the program writes for the person.
_PROGRAM_PROMPTS = ("System: Please continue.", "Please continue.")
_PROGRAM_OPENINGS = ("<session_context>", "<hook_context>", "<state_snapshot>")
_COMPRESSED = "<state_snapshot>"
_FILES = "\n--- Content from referenced files ---"
_EXIT_CODE = re.compile(r"^Exit Code: (-?\d+)", re.MULTILINE)
# Stands before what a command printed, on the same line.
_LABEL = re.compile(r"^Output: ", re.MULTILINE)
_SHELL = "run_shell_command"


def recognises(name: str, head: bytes) -> bool:
    """Whether a file that starts with `head` is a chat; its name does not matter."""
    return _HEADER.match(head) is not None


def read(data: bytes, *, path: PurePath, key: Callable[[str], str], written_ms: int) -> FileContents:
    """Everything one chat holds.

    data: the file's bytes. path: where it lies; a sub-agent's chat lies in a folder named after its session.
    key: keyed hash for paths and addresses. written_ms: when the file was last changed, milliseconds since 1970.
    """
    contents = FileContents(HARNESS, 0, [], [], [])
    header, messages, compressions = _records(data, contents)
    session = _text(header.get("sessionId"))
    if session:
        agent = session if header.get("kind") == "subagent" else ""
        session = path.parent.name if agent else session
        contents.contexts.append(Context(key(_text(header.get("projectHash")))))
        builder = _Builder(contents, key, short_name(session), short_name(agent), Clock(written_ms))
        builder.start(header.get("startTime"))
        for number, message in messages:
            builder.add(number, message)
        for number, message in compressions:
            builder.compressed(number, message)
        give_leading_times(contents.entries, written_ms)
    return contents


_Numbered = list[tuple[int, dict[str, Any]]]


def _records(data: bytes, contents: FileContents) -> tuple[dict[str, Any], _Numbered, _Numbered]:
    """The header, the last writing of each message in the order of the first, and compressed histories.

    Numbers are those of the lines, or in the older format the positions of the messages, where the header is 1.
    """
    whole, reason = parse(data.strip())
    if whole is not None and "messages" in whole:
        return _one_object(whole, contents)
    if data.lstrip().partition(b"\n")[0].strip() == b"{":
        # The older format, torn: none of its lines is an object of its own.
        contents.lines = 1
        contents.rejected.append(Rejected(1, reason))
        return {}, [], []
    header: dict[str, Any] = {}
    latest: dict[str, tuple[int, dict[str, Any]]] = {}
    compressions = []
    for number, value in json_lines(data, contents):
        patch = value.get("$set")
        if isinstance(patch, dict):
            if summary := _summary(patch.get("messages")):
                compressions.append((number, summary))
        elif name := _text(value.get("id")):
            latest[name] = (number, value)
        elif value.get("sessionId"):
            header = {**header, **value}
    return header, list(latest.values()), compressions


def _one_object(value: dict[str, Any], contents: FileContents) -> tuple[dict[str, Any], _Numbered, _Numbered]:
    listed = value["messages"]
    messages = [message for message in listed if isinstance(message, dict)] if isinstance(listed, list) else []
    contents.lines = 1 + len(messages)
    latest = {_text(message.get("id")): (number, message) for number, message in enumerate(messages, start=2)}
    latest.pop("", None)
    return value, list(latest.values()), []


def _summary(messages: object) -> dict[str, Any] | None:
    """The message of a `$set` that took the place of the history; None if the history only lost some of its text."""
    listed = messages if isinstance(messages, list) else []
    return next((m for m in listed if isinstance(m, dict) and _COMPRESSED in _words(m.get("content"))), None)


class _Builder:
    """Turns the messages of one chat into entries."""

    def __init__(
        self, contents: FileContents, key: Callable[[str], str], session: str, agent: str, clock: Clock
    ) -> None:
        self.contents = contents
        self.key = key
        self.session = session
        self.agent = agent
        self.clock = clock

    def start(self, time: object) -> None:
        """The header says when the chat began."""
        self._append("start", 1, Kind.OTHER, time)

    def compressed(self, number: int, message: dict[str, Any]) -> None:
        """A summary took the place of the history; every later `$set` repeats it under the same id."""
        name = f"{_text(message.get('id'))}:compressed"
        self._append(name, number, Kind.COMPACTION, message.get("timestamp"))

    def add(self, number: int, message: dict[str, Any]) -> None:
        """Appends the entries of a message: itself, and its finished tool calls."""
        name, kind, time = _text(message.get("id")), message.get("type"), message.get("timestamp")
        if kind == "gemini":
            self._response(name, number, message)
        elif kind == "user":
            speaker, words = self._speaker(message)
            self._append(name, number, speaker, time, text=words)
        elif kind == "info" and _words(message.get("content")).strip() == _CANCELLED:
            self._append(name, number, Kind.INTERRUPTION, time)
        elif kind in ("error", "warning"):
            self._append(name, number, Kind.NOTICE, time, text=_words(message.get("content")))
        else:
            self._append(name, number, Kind.OTHER, time)

    def _speaker(self, message: dict[str, Any]) -> tuple[Kind, str]:
        """Who speaks in a user message, and the words."""
        # What the person typed; the content also holds the files that the words point to.
        shown = message.get("displayContent") or message.get("content")
        words = _words(shown).partition(_FILES)[0]
        attached = isinstance(shown, list) and any(
            isinstance(part, dict) and ("inlineData" in part or "fileData" in part) for part in shown
        )
        if words.strip() in _PROGRAM_PROMPTS or words.lstrip().startswith(_PROGRAM_OPENINGS):
            return Kind.NOTICE, ""
        if not words.strip() and not attached:
            return Kind.OTHER, ""
        return Kind.AGENT_PROMPT if self.agent else Kind.PROMPT, words if words.strip() else "[attachment]"

    def _response(self, name: str, number: int, message: dict[str, Any]) -> None:
        text = _words(message.get("content"))
        self._append(
            name,
            number,
            Kind.ASSISTANT,
            message.get("timestamp"),
            text=text,
            words=len(text.split()),
            message=f"{self._thread}:{name}",
            model=short_name(_text(message.get("model"))),
            usage=_usage(message.get("tokens")),
        )
        listed = message.get("toolCalls")
        for item in listed if isinstance(listed, list) else ():
            if isinstance(item, dict) and item.get("status") in ("success", "error", "cancelled"):
                call = self._call(name, item)
                result = self._result(call, item)
                time = item.get("timestamp")
                self._append(call.id, number, Kind.ASSISTANT, time, calls=(call,), results=(result,))
                self.contents.lines += 1

    def _call(self, message: str, item: dict[str, Any]) -> ToolCall:
        name = short_name(_text(item.get("name")))
        args = item.get("args")
        given = args if isinstance(args, dict) else {}
        command = _text(given.get("command")) if name == _SHELL else ""
        return ToolCall(
            id=f"{message}:{_text(item.get('id'))}",
            name=name,
            summary=tools.summary(given),
            commits=tools.commits(command),
            opens_pr=tools.opens_pull_request(command),
            runs_tests=tools.runs_tests(command),
            edits=self._edits_by_input(name, given),
        )

    def _result(self, call: ToolCall, item: dict[str, Any]) -> ToolResult:
        output = _output(item.get("result"))
        # A command that fails is a tool that succeeds: only its output tells.
        code = None
        if call.name == _SHELL:
            code, output = _EXIT_CODE.search(output), _LABEL.sub("", output, count=1)
        ok = item["status"] == "success" and (code is None or not code.group(1).strip("-0"))
        opened = tools.pull_requests_in(output) if ok and call.opens_pr else []
        return ToolResult(
            id=call.id,
            ok=ok,
            excerpt=output,
            edits=self._edits_by_result(item.get("resultDisplay")) if call.edits else (),
            commits=tools.commits_in(output) if ok and call.commits else 0,
            pull_requests=tuple(self.key(url) for url in opened),
            tests_passed=tools.tests_passed(output, is_error=not ok) if call.runs_tests else None,
        )

    def _edits_by_input(self, name: str, given: dict[str, Any]) -> tuple[Edit, ...]:
        path = _text(given.get("file_path"))
        if name == "write_file" and path:
            return (Edit(self.key(path), tools.count_lines(_text(given.get("content"))), 0),)
        if name in ("replace", "edit") and path:
            old, new = _text(given.get("old_string")), _text(given.get("new_string"))
            return (Edit(self.key(path), *tools.replaced_lines(old, new)),)
        return ()

    def _edits_by_result(self, display: object) -> tuple[Edit, ...]:
        if not isinstance(display, dict) or not isinstance(display.get("fileDiff"), str):
            return ()
        path = _text(display.get("filePath")) or _text(display.get("fileName"))
        return (Edit(self.key(path), *unified_lines(display["fileDiff"])),)

    @property
    def _thread(self) -> str:
        return self.agent or self.session

    def _append(self, name: str, number: int, kind: Kind, time: object, text: str = "", **values: Any) -> None:
        at, timed = self.clock.read(time)
        self.contents.entries.append(
            Entry(
                key=f"{self._thread}:{name}",
                session=self.session,
                kind=kind,
                at=at,
                timed=timed,
                line=number,
                sidechain=bool(self.agent),
                agent=self.agent,
                context=0,
                text=text,
                **values,
            )
        )


def _words(content: object) -> str:
    """Text of a message: a string, or the texts of its parts."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else [content]
    return "".join(_text(part.get("text")) for part in parts if isinstance(part, dict))


def _output(result: object) -> str:
    """What the functions answered: `[{functionResponse: {response: {output | error}}}]`."""
    texts = []
    for part in result if isinstance(result, list) else ():
        answer = part.get("functionResponse") if isinstance(part, dict) else None
        response = answer.get("response") if isinstance(answer, dict) else None
        if isinstance(response, dict):
            texts.append(_text(response.get("output")) or _text(response.get("error")))
    return "\n".join(filter(None, texts))


def _usage(tokens: object) -> Usage | None:
    if not isinstance(tokens, dict):
        return None
    given, cached, besides, output, thoughts = (
        token_count(tokens.get(name)) for name in ("input", "cached", "tool", "output", "thoughts")
    )
    return Usage(input=max(given - cached, 0) + besides, output=output + thoughts, cache_read=cached)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""

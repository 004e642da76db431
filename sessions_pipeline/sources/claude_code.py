"""Reads Claude Code transcripts (`~/.claude/projects/**/*.jsonl`, CLI 1.0 to 2.1).

What each line means follows from logs of many versions: one line holds one block of an API response, only one user
line in ten is a person's words, sub-agents write side-chain lines, resumes copy lines. Unknown line types, keys,
tools and blocks are passed over. This module says what lines are; which copy of a line counts, and what a session
adds up to, is decided in `sessions`.

Where the log leaves a choice:
- Words typed while the agent works are queued. They count once they reach the agent: as a user line, or as a
  `queued_command` attachment (never both). A `queue-operation` counts nothing: what was queued and taken back, edited
  or never delivered, no agent saw.
- A prompt that the person went back to and wrote anew was said twice and answered twice: both count.
- `!command` is the person at the shell, not a prompt. Words beside a rejection are part of the tool's result.
- A `Write` whose result says nothing counts as a new file: what it replaced is not in the log.
- A commit that git has confirmed stands, even if a later command of the same line fails.
- Sub-agents inside the main file (up to 2.0.30) have no id: the line that opens their thread gives it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import msgspec

from sessions_pipeline.sessions.transcript import short_name
from sessions_pipeline.sources import tools
from sessions_pipeline.sources.lines import (
    POINTER,
    UNREADABLE,
    Clock,
    give_leading_times,
    half_written,
    parse,
    token_count,
)
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

HARNESS = "claude_code"
# Agents that the program starts for itself. Their tokens are billed; nothing else about them is work.
WARMUP_PROMPT = "Warmup"
INTERNAL_AGENTS = ("aprompt_suggestion", "acompact", "aside_question")

# Slash commands that steer the program: their arguments are no instruction to the agent.
_STEERING = frozenset(
    [
        "add-dir",
        "agents",
        "clear",
        "compact",
        "config",
        "context",
        "cost",
        "doctor",
        "effort",
        "exit",
        "export",
        "fast",
        "feedback",
        "help",
        "hooks",
        "ide",
        "login",
        "logout",
        "mcp",
        "memory",
        "model",
        "output-style",
        "permissions",
        "plugin",
        "privacy-settings",
        "quit",
        "release-notes",
        "rename",
        "resume",
        "rewind",
        "status",
        "statusline",
        "tasks",
        "terminal-setup",
        "theme",
        "upgrade",
        "usage",
        "vim",
    ]
)
_IDE_BLOCK = re.compile(r"\s*<(ide_[a-z_]+)>.*?(?:</\1>|\Z)\s*", re.DOTALL)
_SPACE = re.compile(r"\s*")
_COMMAND_NAME = re.compile(r"<command-name>\s*/?([^<\s]*)\s*</command-name>")
_PROGRAM_OPENINGS = (
    "Caveat: The messages below were generated",
    "<local-command-",
    "<bash-",
    "<task-notification",
    "<teammate-message",
    "<fork-boilerplate",
    "<user-prompt-submit-hook",
    "<objective>",
    "Unknown skill:",
    "Unknown slash command:",
)
_SUMMARY_OPENING = "This session is being continued from a previous conversation"
_INTERRUPTED = "[Request interrupted by user"
_EDITING_TOOLS = frozenset({"Edit", "MultiEdit", "Write", "NotebookEdit"})
_SHELLS = frozenset({"Bash", "PowerShell"})


class _CacheCreation(msgspec.Struct, gc=False):
    # Of any type: a count that is none must not take the other with it.
    ephemeral_5m_input_tokens: Any = None
    ephemeral_1h_input_tokens: Any = None


# Other numbers, and times, are checked where they are used: of whatever type, they are decoded with all other lines.
class _Usage(msgspec.Struct, gc=False):
    input_tokens: Any = None
    output_tokens: Any = None
    cache_creation_input_tokens: Any = None
    cache_read_input_tokens: Any = None
    cache_creation: _CacheCreation | None = None
    speed: str | None = None


class _Input(msgspec.Struct, gc=False):
    """Arguments of a tool call: of the usual tools, and what others name alike, of whatever type."""

    command: Any = None
    file_path: Any = None
    notebook_path: Any = None
    path: Any = None
    pattern: Any = None
    query: Any = None
    url: Any = None
    description: Any = None
    skill: Any = None
    content: Any = None
    new_source: Any = None
    old_string: Any = None
    new_string: Any = None
    edits: Any = None


class _Block(msgspec.Struct, gc=False):
    type: str = ""
    text: str | None = None
    id: str | None = None
    name: str | None = None
    input: _Input | None = None
    tool_use_id: str | None = None
    content: Any = None
    is_error: bool | None = None


class _Message(msgspec.Struct, gc=False):
    id: str | None = None
    model: str | None = None
    content: str | list[_Block] | None = None
    usage: _Usage | None = None


class _Hunk(msgspec.Struct, gc=False):
    lines: list[str] = []


class _Detail(msgspec.Struct, gc=False):
    """What the program keeps of a tool's result beside its text."""

    type: Any = None
    filePath: str | None = None  # noqa: N815 (names of the log)
    content: Any = None
    structuredPatch: list[_Hunk] | None = None  # noqa: N815
    gitOperation: Any = None  # noqa: N815


class _Attachment(msgspec.Struct, gc=False):
    type: Any = None
    commandMode: Any = "prompt"  # noqa: N815
    prompt: Any = None
    origin: Any = None


class _Line(msgspec.Struct, gc=False):
    """The keys of a line that matter here; all others are skipped while decoding."""

    type: str | None = None
    uuid: str | None = None
    parentUuid: str | None = None  # noqa: N815 (names of the log)
    sessionId: str | None = None  # noqa: N815
    timestamp: Any = None
    isSidechain: bool | None = None  # noqa: N815
    isMeta: bool | None = None  # noqa: N815
    isCompactSummary: bool | None = None  # noqa: N815
    isApiErrorMessage: bool | None = None  # noqa: N815
    agentId: str | None = None  # noqa: N815
    cwd: str | None = None
    version: str | None = None
    entrypoint: str | None = None
    subtype: str | None = None
    message: _Message | None = None
    toolUseResult: _Detail | str | list[Any] | None = None  # noqa: N815
    attachment: _Attachment | None = None
    origin: dict[str, Any] | None = None
    prUrl: str | None = None  # noqa: N815


_DECODER = msgspec.json.Decoder(_Line)
_fields = cache(msgspec.structs.fields)
# The first line of an object that stands on several lines.
_PRETTY = re.compile(rb"\s*\{[^\S\n]*(?:\n|\Z)")


def read(data: bytes, *, key: Callable[[str], str], written_ms: int) -> FileContents:
    """Everything one file holds.

    data: the file's bytes. key: keyed hash for paths and addresses, so that none is kept in clear.
    written_ms: when the file was last changed, milliseconds since 1970. A line more than a day later, or before 2025,
    has a broken clock and counts as a line without a time; a file without any time gets this one.
    """
    contents = FileContents(HARNESS, 0, [], [], [])
    builder = _Builder(contents, key, Clock(written_ms))
    for number, line in _lines(data, contents):
        contents.lines += 1
        if line is not None:
            builder.add(number, line)
    builder.finish()
    give_leading_times(contents.entries, written_ms)
    return contents


def _lines(data: bytes, contents: FileContents) -> Iterator[tuple[int, _Line | None]]:
    """Number and content of every non-empty line; None, and a reject, where it cannot be read."""
    try:
        # The whole file at once is twice as fast; it fails if a single line is bad.
        decoded = _DECODER.decode_lines(data)
    except UNREADABLE:
        decoded = []
    if len(decoded) == 1:
        # One object, on as many lines as it likes: other programs print their JSON prettily.
        yield 1, decoded[0]
        return
    # Two objects on one line would shift the numbers of all lines after it.
    if decoded and len(decoded) == data.count(b"\n") + (not data.endswith(b"\n")):
        yield from enumerate(decoded, start=1)
        return
    if _PRETTY.match(data) and (whole := parse(data.strip())[0]) is not None:
        yield 1, _coerce(whole)
        return
    is_pointer = data.startswith(POINTER)
    lines = data.split(b"\n")
    for number, raw in enumerate(lines, start=1):
        raw = raw.strip()
        if not raw:
            continue
        try:
            yield number, _DECODER.decode(raw)
            continue
        except UNREADABLE:
            line, reason = _lenient(raw)
        if line is None:
            if number == len(lines) and half_written(raw, reason):
                contents.pending = True
                return
            contents.rejected.append(Rejected(number, "Git LFS pointer" if is_pointer else reason))
        yield number, line


def _lenient(raw: bytes) -> tuple[_Line | None, str]:
    """A line whose JSON is fine but whose keys have other types than usual, or why it cannot be read."""
    if raw.startswith(POINTER):
        return None, "Git LFS pointer"
    value, reason = parse(raw)
    return (None, reason) if value is None else (_coerce(value), "")


def _coerce(value: dict[str, Any]) -> _Line:
    """A line from parsed JSON, leaving out every key whose type is not the usual one."""
    message = value.get("message")
    line = _Line(**_typed(_Line, {name: item for name, item in value.items() if name != "message"}))
    if isinstance(message, dict):
        usage = message.get("usage")
        content = message.get("content")
        line.message = _Message(**_typed(_Message, {k: message.get(k) for k in ("id", "model")}))
        if isinstance(usage, dict):
            line.message.usage = _Usage(**_typed(_Usage, usage))
        if isinstance(content, str):
            line.message.content = content
        elif isinstance(content, list):
            line.message.content = [_Block(**_typed(_Block, block)) for block in content if isinstance(block, dict)]
    return line


def _typed(kind: type[msgspec.Struct], values: dict[str, Any]) -> dict[str, Any]:
    """The entries of `values` that fit the fields of `kind`."""
    kept = {}
    for field in _fields(kind):
        if field.name in values:
            try:
                kept[field.name] = msgspec.convert(values[field.name], field.type)
            except msgspec.ValidationError:
                continue
    return kept


class _Builder:
    """Turns the lines of one file into entries, in order."""

    def __init__(self, contents: FileContents, key: Callable[[str], str], clock: Clock) -> None:
        self.contents = contents
        self.key = key
        self.clock = clock
        self.contexts: dict[tuple[str | None, str | None, str | None], int] = {}
        self.at = -1
        # Calls of this file by id: a result counts as commit or test only if its call set out to do that.
        self.calls: dict[str, ToolCall] = {}
        # What an editing tool was given, until its result says what it changed.
        self.given: dict[str, _Input | None] = {}
        # Line of a sub-agent without an id -> the line that opened its thread.
        self.inline: dict[str, str] = {}
        self.latest_inline = ""

    def add(self, number: int, line: _Line) -> None:
        """Appends the entry of a line, if it is one that belongs to a session."""
        moment = self.clock.moment(line.timestamp)
        timed = moment is not None
        if moment is not None:
            self.at = moment
        if not line.sessionId:
            return
        kind = line.type
        if line.uuid:
            if kind == "assistant":
                self._assistant(number, line, timed)
                return
            if kind == "user":
                self._user(number, line, timed)
                return
            if kind == "attachment":
                self._attachment(number, line, timed)
                return
            if kind == "system":
                boundary = line.subtype == "compact_boundary"
                self._append(number, line, Kind.COMPACTION if boundary else Kind.OTHER, timed)
                return
        if kind == "pr-link" and line.prUrl:
            timed = timed and line.uuid is not None
            self._append(number, line, Kind.OTHER, timed, pull_requests=(self.key(line.prUrl),))

    def finish(self) -> None:
        """Estimates the edits whose result says nothing, by what the tool was given."""
        for call_id, given in self.given.items():
            self.calls[call_id].edits = self._edits_by_input(self.calls[call_id].name, given) if given else ()

    def _context(self, place: tuple[str | None, str | None, str | None]) -> int:
        cwd, version, entrypoint = place
        project = self.key(tools.one_name(cwd)) if cwd else ""
        self.contents.contexts.append(Context(project, short_name(version or "", 40), short_name(entrypoint or "", 40)))
        self.contexts[place] = len(self.contexts)
        return self.contexts[place]

    def _append(
        self,
        number: int,
        line: _Line,
        kind: Kind,
        timed: bool,
        text: str = "",
        words: int = 0,
        message: str = "",
        model: str = "",
        usage: Usage | None = None,
        calls: tuple[ToolCall, ...] = (),
        results: tuple[ToolResult, ...] = (),
        pull_requests: tuple[str, ...] = (),
    ) -> None:
        place = (line.cwd, line.version, line.entrypoint)
        context = self.contexts.get(place)
        agent = line.agentId or (self._inline_agent(line, kind) if line.isSidechain else "")
        # By position: names cost as much again as the entry itself, a quarter of a million times.
        self.contents.entries.append(
            Entry(
                line.uuid or f"{line.sessionId}:{line.type}:{line.prUrl}",
                short_name(line.sessionId or ""),
                kind,
                self.at,
                timed,
                number,
                bool(line.isSidechain or line.agentId),
                short_name(agent) if agent else "",
                self._context(place) if context is None else context,
                text,
                words,
                message,
                model,
                usage,
                calls,
                results,
                pull_requests,
            )
        )

    def _inline_agent(self, line: _Line, kind: Kind) -> str:
        """Id of a side chain's sub-agent that has none."""
        if not line.uuid:
            return ""
        opening = self.inline.get(line.parentUuid or "")
        if opening is None:
            opening = line.uuid if kind is Kind.AGENT_PROMPT else self.latest_inline
        self.inline[line.uuid] = self.latest_inline = opening
        return opening

    def _user(self, number: int, line: _Line, timed: bool) -> None:
        content = line.message.content if line.message else None
        blocks = content if isinstance(content, list) else []
        results = [self._result(block, line.toolUseResult) for block in blocks if block.type == "tool_result"]
        if results:
            self._append(number, line, Kind.RESULT, timed, results=tuple(results))
            return
        texts = [content] if isinstance(content, str) else [b.text for b in blocks if b.type == "text" and b.text]
        attached = any(block.type in ("image", "document") for block in blocks)
        kind, text = _speaker(line, texts, attached)
        self._append(number, line, kind, timed, text)

    def _assistant(self, number: int, line: _Line, timed: bool) -> None:
        message = line.message
        if message is None:
            self._append(number, line, Kind.OTHER, timed)
            return
        texts, uses = [], []
        if isinstance(message.content, str):
            texts.append(message.content)
        else:
            for block in message.content or ():
                if block.type == "text" and block.text:
                    texts.append(block.text)
                elif block.type == "tool_use" and block.id:
                    uses.append(block)
        text = "\n".join(texts)
        if message.model == "<synthetic>" or line.isApiErrorMessage:
            self._append(number, line, Kind.NOTICE, timed, text)
            return
        identified = bool(message.id or message.usage or message.model)
        self._append(
            number,
            line,
            Kind.ASSISTANT if identified else Kind.OTHER,
            timed,
            text,
            len(text.split()) if text else 0,
            message.id or (line.uuid or "" if identified else ""),
            short_name(message.model) if message.model else "",
            _usage(message.usage) if message.usage else None,
            tuple([self._call(block) for block in uses]) if uses else (),
        )

    def _attachment(self, number: int, line: _Line, timed: bool) -> None:
        attachment = line.attachment
        if attachment and attachment.type == "queued_command" and attachment.commandMode == "prompt":
            prompt = attachment.prompt
            texts = [prompt] if isinstance(prompt, str) else []
            if isinstance(prompt, list):
                texts = [b["text"] for b in prompt if isinstance(b, dict) and isinstance(b.get("text"), str)]
            line.origin = attachment.origin if isinstance(attachment.origin, dict) else line.origin
            kind, text = _speaker(line, texts, attached=isinstance(prompt, list) and len(prompt) > len(texts))
            self._append(number, line, kind, timed, text)
        else:
            self._append(number, line, Kind.OTHER, timed)

    def _call(self, block: _Block) -> ToolCall:
        if known := self.calls.get(block.id or ""):
            return known
        tool = short_name(block.name or "")
        given = block.input
        call = ToolCall(block.id or "", tool, _summary(given) if given else "")
        if tool in _SHELLS:
            command = given.command if given else None
            if isinstance(command, str):
                call.commits = tools.commits(command)
                call.opens_pr = tools.opens_pull_request(command)
                call.runs_tests = tools.runs_tests(command)
        elif tool in _EDITING_TOOLS:
            self.given[call.id] = given
        self.calls[call.id] = call
        return call

    def _edits_by_input(self, tool: str, given: _Input) -> tuple[Edit, ...]:
        path = given.file_path or given.notebook_path
        if not isinstance(path, str):
            return ()
        if tool in ("Write", "NotebookEdit"):
            content = given.content if tool == "Write" else given.new_source
            return (Edit(self._file(path), tools.count_lines(content) if isinstance(content, str) else 0, 0),)
        edits = given.edits if tool == "MultiEdit" else [msgspec.structs.asdict(given)]
        added = removed = 0
        for edit in edits if isinstance(edits, list) else ():
            old, new = (edit.get("old_string"), edit.get("new_string")) if isinstance(edit, dict) else (None, None)
            if isinstance(old, str) and isinstance(new, str):
                plus, minus = tools.replaced_lines(old, new)
                added, removed = added + plus, removed + minus
        return (Edit(self._file(path), added, removed),)

    def _result(self, block: _Block, detail: object) -> ToolResult:
        call = self.calls.get(block.tool_use_id or "")
        output = _output(block.content)
        is_error = block.is_error is True or (
            block.is_error is None and isinstance(detail, str) and detail.startswith("Error: ")
        )
        operation = detail.gitOperation if isinstance(detail, _Detail) else None
        edits = call is None or bool(call.edits) or call.id in self.given
        reported = self._edits_by_result(detail) if edits and not is_error else ()
        if call and reported and self.given.pop(call.id, None):
            call.edits = reported
        # A call in another file (a resume cut here) is not known yet: report the facts, assembly decides by the call.
        commits = tools.commits_in(output) if call is None or call.commits else 0
        opened = tools.pull_requests_in(output) if not is_error and (call is None or call.opens_pr) else []
        return ToolResult(
            id=block.tool_use_id or "",
            ok=not is_error,
            excerpt=output,
            edits=reported,
            commits=commits,
            reported_commit=isinstance(operation, dict) and "commit" in operation,
            pull_requests=tuple([self.key(url) for url in opened]) if opened else (),
            tests_passed=tools.tests_passed(output, is_error=is_error) if call is None or call.runs_tests else None,
        )

    def _file(self, path: str) -> str:
        return self.key(tools.one_name(path))

    def _edits_by_result(self, detail: object) -> tuple[Edit, ...]:
        if not isinstance(detail, _Detail) or detail.structuredPatch is None:
            return ()
        added, removed = tools.patch_lines(hunk.lines for hunk in detail.structuredPatch)
        if detail.type == "create" and isinstance(detail.content, str):
            # A created file comes with an empty patch: its lines are those of the content.
            added, removed = tools.count_lines(detail.content), 0
        return (Edit(self._file(detail.filePath) if detail.filePath else "", added, removed),)


def _speaker(line: _Line, texts: list[str], attached: bool) -> tuple[Kind, str]:
    """Who speaks in a user line without tool results, and the words.

    attached: an image or document comes with it, which counts as a prompt even without words.
    """
    whole = "\n".join(texts)
    opening = whole.lstrip()
    if opening.startswith(_INTERRUPTED):
        return Kind.INTERRUPTION, ""
    if line.isCompactSummary or opening.startswith(_SUMMARY_OPENING):
        return Kind.SUMMARY, whole
    if line.isSidechain or line.agentId:
        return Kind.AGENT_PROMPT, whole
    if line.isMeta or (line.origin or {}).get("kind", "human") != "human":
        return Kind.NOTICE, ""
    if opening.startswith(("<command-name>", "<command-message>")):
        return _command(whole)
    words = "\n".join(filter(None, (_own_words(text) for text in texts)))
    if words.lstrip().startswith(_PROGRAM_OPENINGS):
        return Kind.NOTICE, ""
    if words.strip() or attached:
        return Kind.PROMPT, words or "[attachment]"
    return Kind.NOTICE, ""


def _command(text: str) -> tuple[Kind, str]:
    """A slash command: a prompt if it carries an instruction to the agent, else a notice."""
    name, arguments = _COMMAND_NAME.search(text), _tagged(text, "command-args", 0)
    given = text[slice(*arguments)].strip() if arguments else ""
    command = name.group(1) if name else ""
    if given and command not in _STEERING:
        return Kind.PROMPT, f"/{command} {given}"
    return Kind.NOTICE, f"/{command}"


def _own_words(text: str) -> str:
    """A prompt without the context that the IDE or the program put before it."""
    text = _without_reminders(text)
    while match := _IDE_BLOCK.match(text):
        text = text[match.end() :]
    return text


def _summary(given: _Input) -> str:
    """The argument that says most about a tool call."""
    # A shell's command comes first and is there in half of all calls.
    command = given.command
    return command if isinstance(command, str) and command else tools.summary(msgspec.structs.asdict(given))


def _usage(usage: _Usage) -> Usage:
    """Tokens by class. Where cache writes are split by duration the split counts, else all are five-minute writes."""
    split = usage.cache_creation
    written_5m = split.ephemeral_5m_input_tokens if split else usage.cache_creation_input_tokens
    written_1h = split.ephemeral_1h_input_tokens if split else 0
    return Usage(
        token_count(usage.input_tokens),
        token_count(usage.output_tokens),
        token_count(written_5m) if written_5m else 0,
        token_count(written_1h) if written_1h else 0,
        token_count(usage.cache_read_input_tokens),
        usage.speed == "fast",
    )


def _output(content: object) -> str:
    """Text of a tool result, without what the program put there: a string, or the texts of its blocks."""
    if not isinstance(content, str):
        blocks = content if isinstance(content, list) else []
        texts = (block.get("text") for block in blocks if isinstance(block, dict))
        content = "\n".join(text for text in texts if isinstance(text, str))
    return _without_reminders(content)


def _without_reminders(text: str) -> str:
    """`text` without what the program reminds the agent of, and the space after it."""
    kept, at = [], 0
    while reminder := _tagged(text, "system-reminder", at):
        kept.append(text[at : reminder[0] - len("<system-reminder>")])
        at = _SPACE.match(text, reminder[1] + len("</system-reminder>")).end()  # type: ignore[union-attr]
    return "".join([*kept, text[at:]]) if at else text


def _tagged(text: str, tag: str, start: int) -> tuple[int, int] | None:
    """Where the words between the first `<tag>` from `start` on and the `</tag>` after it begin and end.

    A pattern would look for the end anew from every beginning: seconds for a hundred kilobytes of these.
    """
    opened = text.find(f"<{tag}>", start)
    closed = text.find(f"</{tag}>", opened) if opened >= 0 else -1
    return (opened + len(tag) + 2, closed) if closed >= 0 else None

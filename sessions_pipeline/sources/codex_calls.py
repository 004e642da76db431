"""What Codex's tool calls set out to do, and what their results say."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from sessions_pipeline.sources.codex_lines import Line, text_of
from sessions_pipeline.sources.model import Edit
from sessions_pipeline.sources.patches import FilePatch, patched_files, unified_lines
from sessions_pipeline.sources.tools import count_lines

CALLS = frozenset({"function_call", "custom_tool_call", "local_shell_call", "tool_search_call"})
RESULTS = frozenset({"function_call_output", "custom_tool_call_output", "tool_search_output"})
# Tools that run at the vendor: their result is not in the log, only how they ended.
SERVED = frozenset({"web_search_call", "image_generation_call"})
_SHELLS = frozenset({"bash", "sh", "zsh", "fish", "pwsh", "powershell", "cmd"})
# The command inside a script that calls other tools: `tools.exec_command({cmd: "…"})`.
_SCRIPTED = re.compile(r"""\bcmd["']?\s*:\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`)""")
_EXIT_CODE = re.compile(r"^(?:Exit code:|Process exited with code) (-?\d+)", re.MULTILINE)
_RUNNING = re.compile(r"^Process running with session ID (\d+)", re.MULTILINE)
# The program's own words before the output of a command.
_HEADER = re.compile(
    r"\A(?:(?:Chunk ID|Exit code|Wall time|Total output lines|Original token count|Process (?:exited|running)|"
    r"Script (?:completed|failed))[^\n]*\n)+Output:\n?"
)
_FAILURES = (
    "apply_patch verification failed",
    "error: ",
    "err: ",
    "execution error",
    "exec_command failed",
    "write_stdin failed",
    "failed to ",
    "failed in sandbox",
    "tool call error",
    "unsupported call",
    "aborted by user",
    "aborted",
    "exec command rejected",
    "patch rejected",
    "rejected by user",
    "command timed out",
    "Script failed",
)


@dataclass(frozen=True)
class Outcome:
    """output: without the program's header. running: id of the process that goes on, empty if it has ended."""

    ok: bool
    output: str
    running: str = ""


@dataclass(frozen=True)
class Reported:
    """What events beside the result say of a call. ok: None if they do not say."""

    ok: bool | None = None
    patches: tuple[FilePatch, ...] = ()


def arguments_of(payload: dict[str, Any]) -> dict[str, Any]:
    """The arguments of a call by name; empty if it has none that can be read."""
    if payload.get("type") == "local_shell_call":
        action = payload.get("action")
        return action if isinstance(action, dict) else {}
    given = payload.get("arguments")
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except (ValueError, RecursionError):
            return {}
    return given if isinstance(given, dict) else {}


def command_of(payload: dict[str, Any], arguments: dict[str, Any]) -> str:
    """The shell command that a call runs; empty for other tools."""
    script = payload.get("input")
    if isinstance(script, str) and payload.get("name") != "apply_patch":
        return "\n".join(quoted[1:-1] for quoted in _SCRIPTED.findall(script))
    command = arguments.get("command", arguments.get("cmd"))
    if isinstance(command, str):
        return command
    words = [word for word in command if isinstance(word, str)] if isinstance(command, list) else []
    # `bash -lc "…"`: the last word is the command.
    if len(words) > 2 and PurePath(words[0].replace("\\", "/")).stem.lower() in _SHELLS:
        return words[-1]
    return shlex.join(words)


def patches_of(payload: dict[str, Any], arguments: dict[str, Any]) -> list[FilePatch]:
    """What a call would change by its input alone."""
    command = arguments.get("command", arguments.get("cmd"))
    texts = [payload.get("input"), arguments.get("input"), arguments.get("patch"), command]
    texts += command if isinstance(command, list) else []
    return [patch for text in texts if isinstance(text, str) for patch in patched_files(text)]


def outcome_of(payload: dict[str, Any]) -> Outcome:
    """How a call ended, by its result."""
    output = payload.get("output")
    if isinstance(output, dict):
        text = output.get("content")
        return Outcome(output.get("success") is not False, text if isinstance(text, str) else "")
    if isinstance(output, list):
        texts = (item.get("text") for item in output if isinstance(item, dict))
        output = "\n".join(text for text in texts if isinstance(text, str))
    if not isinstance(output, str):
        return Outcome(True, "")
    if output.startswith("{"):
        wrapped = _wrapped(output)
        if wrapped is not None:
            return wrapped
    header = _HEADER.match(output)
    head = header.group() if header else output.partition("\n")[0]
    code, running = _EXIT_CODE.search(head), _RUNNING.search(head)
    # As text: a number of thousands of digits is one that int refuses.
    failed = bool(code.group(1).strip("-0")) if code else output.startswith(_FAILURES)
    return Outcome(not failed, output[len(header.group()) :] if header else output, running.group(1) if running else "")


def _wrapped(output: str) -> Outcome | None:
    """The outcome in `{"output": …, "metadata": {"exit_code": …}}`; None for a result that only looks like it."""
    try:
        value = json.loads(output)
    except (ValueError, RecursionError):
        return None
    metadata = value.get("metadata") if isinstance(value, dict) else None
    if not isinstance(metadata, dict) or not isinstance(value.get("output"), str):
        return None
    return Outcome(metadata.get("exit_code", 0) == 0, value["output"])


def reported(lines: Sequence[Line]) -> dict[str, Reported]:
    """Call id -> what the events of a file say of the call: exit codes, failures, files patched.

    A patch made by a script has an id of its own: it counts for the call before it.
    """
    found: dict[str, Reported] = {}
    calls: set[str] = set()
    latest = ""
    for line in lines:
        if line.subkind in CALLS:
            latest = call_id(line.payload)
            calls.add(latest)
        elif line.kind == "event_msg" and line.subkind in _EVENTS:
            name = text_of(line.payload, "call_id")
            name = name if name in calls else latest
            before, event = found.get(name, Reported()), _EVENTS[line.subkind](line.payload)
            found[name] = Reported(event.ok if before.ok is None else before.ok, before.patches + event.patches)
    return found


def call_id(payload: dict[str, Any]) -> str:
    """The id that a call and its result share."""
    return text_of(payload, "call_id") or text_of(payload, "id")


def _patch_applied(payload: dict[str, Any]) -> Reported:
    if payload.get("success") is False:
        return Reported()
    changes = payload.get("changes")
    items = changes.items() if isinstance(changes, dict) else ()
    return Reported(patches=tuple(_change(path, change) for path, change in items if isinstance(change, dict)))


def _change(path: str, change: dict[str, Any]) -> FilePatch:
    kind = text_of(change, "type") or next(iter(change), "")
    tagged = change.get(kind)
    detail = tagged if isinstance(tagged, dict) else change
    if kind == "update":
        return FilePatch(path, *unified_lines(text_of(detail, "unified_diff")))
    lines = count_lines(text_of(detail, "content"))
    return FilePatch(path, 0, lines) if kind == "delete" else FilePatch(path, lines, 0)


def _exec_ended(payload: dict[str, Any]) -> Reported:
    code = payload.get("exit_code")
    return Reported(ok=code == 0 if isinstance(code, int) else None)


def _mcp_ended(payload: dict[str, Any]) -> Reported:
    result = payload.get("result")
    if not isinstance(result, dict):
        return Reported()
    fine = result.get("Ok")
    return Reported(ok=isinstance(fine, dict) and fine.get("isError", fine.get("is_error")) is not True)


_EVENTS: dict[str, Callable[[dict[str, Any]], Reported]] = {
    "patch_apply_end": _patch_applied,
    "exec_command_end": _exec_ended,
    "mcp_tool_call_end": _mcp_ended,
}


def edits_of(patches: Sequence[FilePatch], cwd: str, key: Callable[[str], str]) -> tuple[Edit, ...]:
    """Edits by keyed hash of the absolute path; cwd: where relative paths start."""
    return tuple(Edit(key(_absolute(patch.path, cwd)), patch.added, patch.removed) for patch in patches)


def _absolute(path: str, cwd: str) -> str:
    import posixpath

    path, cwd = path.replace("\\", "/"), cwd.replace("\\", "/")
    return posixpath.normpath(path if path.startswith("/") or path[1:2] == ":" else f"{cwd}/{path}")

"""What happens to whole files: copies by resuming and forking, companions, disorder and damage.

Turns written sessions into the bytes of log files and says of each file what a reader should make of it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

import msgspec

from sessions_pipeline.simulate.claude_code_lines import Body, fast_uuid, stamp
from sessions_pipeline.simulate.claude_code_writer import SessionWriter
from sessions_pipeline.simulate.irregular_lines import HALF
from sessions_pipeline.simulate.truth import FileTruth

Entry = tuple[Body, int]

HOUR_MS = 3_600_000
MINUTE_MS = 60_000
DAMAGE = ("torn_line", "glued_lines", "nul_line", "not_an_object", "torn_character")
_TRANSFORMS = ("out_of_order", "blank_lines", "no_final_newline", *DAMAGE)
_HALF_BYTES = HALF.encode()


@dataclass
class LogFile:
    """A file to be written: path below `logs/`, lines, role, and what is wrong with it. modified: milliseconds."""

    path: str
    entries: list[Entry]
    role: str
    modified: int
    flaws: tuple[str, ...] = ()


@dataclass
class LogTree:
    """All files of all sessions. companions: other files, path to bytes. seen: how often each irregularity occurs."""

    files: list[LogFile] = field(default_factory=list)
    companions: dict[str, bytes] = field(default_factory=dict)
    seen: Counter[str] = field(default_factory=Counter)


def slug(cwd: str) -> str:
    """The folder name that Claude Code derives from a working directory."""
    return re.sub(r"[^A-Za-z0-9]", "-", cwd)


def arrange(logs: list[SessionWriter], rng: Random) -> LogTree:
    """The files of all sessions, which come in order of their start (parents of forks before their children)."""
    tree = LogTree()
    by_plan = {id(log.plan): log for log in logs}
    for log in logs:
        tree.seen.update(log.seen)
        _move_on(log, rng, tree.seen)
        parent = by_plan[id(log.plan.parent)] if log.plan.parent else None
        _add_session(tree, log, parent, rng)
    _add_files_without_session(tree, logs, rng)
    return tree


def _folder(log: SessionWriter) -> str:
    return f"{log.plan.user.name}/.claude/projects/{slug(log.plan.cwd)}"


def _move_on(log: SessionWriter, rng: Random, seen: Counter[str]) -> None:
    """Half way through, the session goes on in another folder or with another version."""
    entries = log.main.entries
    later = entries[rng.randrange(len(entries) // 2, len(entries)) :] if len(entries) > 3 else []
    for trait, key, value in (
        ("folder_change", "cwd", log.plan.path("sub")),
        ("version_change", "version", ".".join(map(str, (*log.plan.version[:2], log.plan.version[2] + 1)))),
    ):
        if trait in log.plan.traits and later:
            seen[trait] += 1
            for body, _ in later:
                if key in body:
                    body[key] = value


def _add_session(tree: LogTree, log: SessionWriter, parent: SessionWriter | None, rng: Random) -> None:
    folder, plan = _folder(log), log.plan
    own = log.main.entries
    name = f"{folder}/{plan.session_id}.jsonl"
    flaws = tuple(trait for trait in _TRANSFORMS if trait in plan.traits)
    if own:
        copied = _inherited(log, parent, tree.seen) if parent else []
        later: list[Entry] = []
        if "continuation_file" in plan.traits and len(log.prompt_starts) >= 2:
            cut = log.prompt_starts[len(log.prompt_starts) // 2]
            own, later = own[:cut], own[cut:]
        tree.files.append(LogFile(name, copied + own, "session", log.main.entries[-1][1], flaws))
        tree.seen.update(flaws)
        if later:
            path = f"{folder}/{_later_uuid(rng, plan.session_id)}.jsonl"
            tree.files.append(LogFile(path, own + later, "continuation", later[-1][1] + MINUTE_MS))
            tree.seen["continuation_file"] += 1
        _add_repeats(tree, log, rng)
    for agent in log.agent_files:
        role = {"journal": "no_session", "copy": "repeat"}.get(agent.kind, "subagent")
        last = agent.thread.entries[-1][1]
        tree.files.append(LogFile(f"{folder}/{agent.path}", agent.thread.entries, role, last))
        tree.seen["journal_file"] += agent.kind == "journal"
    tree.companions.update({f"{folder}/{path}": content for path, content in log.companions.items()})


def _inherited(log: SessionWriter, parent: SessionWriter, seen: Counter[str]) -> list[Entry]:
    """The lines of the parent that a fork's file starts with, in the manner of its version."""
    limit = log.plan.started - 2 * MINUTE_MS
    ends = [*parent.prompt_starts[1:], len(parent.main.entries)]
    end = max((end for end in ends if all(moment < limit for _, moment in parent.main.entries[:end])), default=0)
    prefix = parent.main.entries[:end]
    # Only a session that has ended is resumed under a new name; the original can then be told by its earlier end
    resumed = "fork_rewritten" not in log.plan.traits or max(parent.tally.moments) < limit
    if not prefix or not resumed:
        return []
    if "fork_verbatim" in log.plan.traits:
        seen["fork_verbatim"] += 1
        return list(prefix)
    renamed = {"sessionId": log.plan.session_id}
    if "fork_rewritten" in log.plan.traits:
        seen["fork_rewritten"] += 1
        return [({**body, **renamed} if "sessionId" in body else body, moment) for body, moment in prefix]
    seen["fork_rewritten_times"] += 1
    moment = log.plan.started - 500
    late = {"timestamp": stamp(moment)}
    return [({**body, **renamed, **late} if "timestamp" in body else body, moment) for body, _ in prefix]


def _add_repeats(tree: LogTree, log: SessionWriter, rng: Random) -> None:
    """Files in which nothing is new: a resumed session that was closed again, or a copy in a second work tree.

    Names and times are such that the original comes first by every order.
    """
    plan, entries = log.plan, log.main.entries
    modified = entries[-1][1] + HOUR_MS
    if "repeat_file" in plan.traits:
        path = f"{_folder(log)}/{_later_uuid(rng, plan.session_id)}.jsonl"
        tree.files.append(LogFile(path, list(entries), "repeat", modified))
        tree.seen["repeat_file"] += 1
    if "repeat_rewritten" in plan.traits:
        name = _later_uuid(rng, plan.session_id)
        copies = [({**body, "sessionId": name} if "sessionId" in body else body, moment) for body, moment in entries]
        tree.files.append(LogFile(f"{_folder(log)}/{name}.jsonl", copies, "repeat", modified))
        tree.seen["repeat_rewritten"] += 1
    if "repeat_in_worktree" in plan.traits:
        path = f"{_folder(log)}2/{plan.session_id}.jsonl"
        tree.files.append(LogFile(path, list(entries), "repeat", modified))
        tree.seen["repeat_in_worktree"] += 1


def _later_uuid(rng: Random, than: str) -> str:
    """A UUID that sorts after `than`."""
    new = fast_uuid(rng)
    return new if new > than else f"f{'f' if than[1] == 'f' else 'e'}{new[2:]}" if than[0] == "f" else f"f{new[1:]}"


def _add_files_without_session(tree: LogTree, logs: list[SessionWriter], rng: Random) -> None:
    """Files that hold no conversation, and companions that are no logs."""
    kinds = ("empty_file", "summary_only_file", "snapshot_only_file", "state_only_file", "pointer_file")
    for i in range(max(10, len(logs) // 28)):
        log, kind = rng.choice(logs), kinds[i % len(kinds)]
        identity = fast_uuid(rng)
        moment = log.plan.started
        inner = {"messageId": identity, "trackedFileBackups": {}, "timestamp": stamp(moment)}
        contents: dict[str, list[Body]] = {
            "summary_only_file": [{"type": "summary", "summary": "Older work", "leafUuid": fast_uuid(rng)}],
            "snapshot_only_file": [{"type": "file-history-snapshot", "messageId": identity, "snapshot": inner}] * 2,
            "state_only_file": [
                {"type": "permission-mode", "permissionMode": "plan", "sessionId": identity},
                {"type": "teleported-from", "remoteSessionId": "r-17", "branch": "main"},
            ],
        }
        flaws = ("pointer",) if kind == "pointer_file" else ()
        path = f"{_folder(log)}/{identity}.jsonl"
        tree.files.append(
            LogFile(path, [(body, moment) for body in contents.get(kind, [])], "no_session", moment, flaws)
        )
        tree.seen[kind] += 1
    for log in rng.sample(logs, min(len(logs), max(2, len(logs) // 100))):
        folder = _folder(log)
        tree.companions[f"{folder}/sessions-index.json"] = b'{"version":1,"entries":[]}'
        tree.companions[f"{folder}/{log.plan.session_id}/tool-results/b1.txt"] = b"a long output\n"
        tree.companions[f"{folder}/memory/MEMORY.md"] = b"- prefers short answers\n"
        tree.seen["companion_files"] += 1


def encode(file: LogFile, rng: Random) -> tuple[bytes, FileTruth]:
    """The file's bytes with its flaws, and what a reader should find in it."""
    entries = _disordered(file.entries, rng) if "out_of_order" in file.flaws else file.entries
    raw = [msgspec.json.encode(body).replace(_HALF_BYTES, b"\\ud83d") for body, _ in entries]
    bad: set[int] = set()
    for line, broken in _insertions(file, rng):
        at = rng.randint(1, len(raw)) if raw else 0
        bad = {number + (number >= at) for number in bad}
        raw.insert(at, line)
        if broken:
            bad.add(at)
    content = b"\n".join(raw)
    lines = sum(line != b"" for line in raw)
    if raw and "no_final_newline" not in file.flaws:
        content += b"\n"
    elif len(raw) - 1 in bad and raw[-1].startswith(b"{"):
        # Half a record that no newline ends is still being written: no line yet, and no bad one.
        bad.remove(len(raw) - 1)
        lines -= 1
    rejected = tuple(sorted(number + 1 for number in bad))
    return content, FileTruth(file.path, file.role, lines, rejected)


def _disordered(entries: list[Entry], rng: Random) -> list[Entry]:
    """Some neighbours have changed places, as late flushes leave them."""
    result = list(entries)
    for _ in range(max(1, len(entries) // 15)):
        i = rng.randrange(len(result) - 1) if len(result) > 1 else 0
        result[i : i + 2] = reversed(result[i : i + 2])
    return result


def _insertions(file: LogFile, rng: Random) -> Iterator[tuple[bytes, bool]]:
    """Lines that come from no writer: what they hold, and whether they can't be read."""
    record = msgspec.json.encode({"type": "file-history-snapshot", "messageId": fast_uuid(rng), "snapshot": {"n": "…"}})
    cut = record[: rng.randint(20, len(record) - 4)]
    if "torn_line" in file.flaws:
        yield cut, True
    if "glued_lines" in file.flaws:
        yield cut + record, True
    if "nul_line" in file.flaws:
        yield b"\0" * rng.randint(900, 5000), True
    if "not_an_object" in file.flaws:
        yield rng.choice((b"[1,2,3]", b'"a text"', b"null", b"42")), True
        yield b"[]", True
    if "torn_character" in file.flaws:
        yield b'{"type":"system","content":"na\xc3', True  # torn within a character
    if "pointer" in file.flaws:
        yield b"version https://git-lfs.example.org/spec/v1", True
        yield b"oid sha256:4d7a2146", True
        yield b"size 12345", True
    if "blank_lines" in file.flaws:
        for _ in range(3):
            yield b"", False

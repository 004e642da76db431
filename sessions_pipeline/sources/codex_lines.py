"""Whose each line of a Codex rollout is: the thread's own, or copied from the thread it was forked from.

A fork, and a sub-agent that starts from its parent's context, opens with its own `session_meta`, then repeats the
parent's history (often its `session_meta` too) with the times of the copying. Those lines belong to the parent, or
every token of the parent counts again with each child. The copy ends at the first turn that began after the thread
did: ids of threads and turns are UUIDs of version 7, which open with the time of their making. In older logs, turns
have no ids; there the copy ends where the thread's own `session_meta` returns, or at the first pause.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

# Copying writes hundreds of lines in a breath; a person, or a model, needs longer than this.
_PAUSE_MS = 1_000


@dataclass(frozen=True)
class Line:
    """A line in the shape of the newer format. kind: `session_meta`, `response_item`, `event_msg`, …; at: ms."""

    number: int
    at: int
    timed: bool
    kind: str
    payload: dict[str, Any]

    @property
    def subkind(self) -> str:
        """Type of the payload, empty if it has none."""
        return text_of(self.payload, "type")


@dataclass(frozen=True)
class Thread:
    """One thread of a conversation.

    session: id of the thread that a person started. agent: the thread's own id if the program or the model started
    it, else empty. kind: `user`, `spawned` (a sub-agent at work), `program` (one that the program runs for itself)
    or `orphan` (of either, whose session the log does not tell).
    """

    id: str
    session: str
    agent: str = ""
    kind: str = "user"
    source: str = ""


def thread_of(meta: dict[str, Any]) -> Thread:
    """The thread that the payload of a `session_meta` tells of."""
    own = text_of(meta, "id") or text_of(meta, "session_id")
    source = meta.get("source")
    agent = source.get("subagent") if isinstance(source, dict) else None
    internal = source.get("internal") if isinstance(source, dict) else None
    if agent is None and internal is None:
        return Thread(own, own)
    spawn = agent.get("thread_spawn") if isinstance(agent, dict) else None
    parent = text_of(meta, "parent_thread_id") or (
        text_of(spawn, "parent_thread_id") if isinstance(spawn, dict) else ""
    )
    root = text_of(meta, "session_id")
    session = root if root and root != own else parent
    name = _name(agent or internal)
    # A review is what a person asked for; the others (guardian, compact, memory_consolidation, …) serve the program.
    at_work = isinstance(spawn, dict) or name == "review"
    if not session:
        return Thread(own, own, own, "orphan", name)
    return Thread(own, session, own, "spawned" if at_work else "program", name)


def _name(agent: object) -> str:
    """`review`, `{"thread_spawn": {…}}` and `{"other": "guardian"}` name their agent in three ways."""
    if isinstance(agent, dict):
        named = agent.get("other", next(iter(agent), ""))
        return named if isinstance(named, str) else "other"
    return str(agent)


def threads(lines: Sequence[Line], otherwise: str) -> list[Thread | None]:
    """The thread of each line; None for a copied line of which it cannot be told whose it is.

    otherwise: id of the file's thread where no line tells it.
    """
    metas = [(index, line) for index, line in enumerate(lines) if line.kind == "session_meta"]
    if not metas:
        return [Thread(otherwise, otherwise) if otherwise else None] * len(lines)
    first, head = metas[0]
    own = thread_of(head.payload)
    ancestors = {found.id: found for _, line in metas if (found := thread_of(line.payload)).id not in ("", own.id)}
    forked_from = text_of(head.payload, "forked_from_id")
    if not ancestors and forked_from:
        ancestors[forked_from] = _unseen(forked_from, own)
    if not ancestors:
        return [own] * len(lines)
    end = _copy_end(lines, first, own.id)
    owners: list[Thread | None] = [own] * len(lines)
    owners[first + 1 : end] = _owners_of_copy(lines[first + 1 : end], list(ancestors.values()))
    return owners


def _unseen(thread_id: str, child: Thread) -> Thread:
    """A thread known by its id alone, from its fork `child`."""
    if child.kind in ("user", "orphan") or child.session == thread_id:
        return Thread(thread_id, thread_id)
    return Thread(thread_id, child.session, thread_id, "spawned")


def _copy_end(lines: Sequence[Line], first: int, own_id: str) -> int:
    """Index of the first line after the copied ones."""
    began = _made_at(own_id)
    turns = [(index, made) for index, line in enumerate(lines) if (made := _made_at(_turn_id(line))) is not None]
    if began is not None and turns:
        return next((index for index, made in turns if made >= began), len(lines))
    foreign = False
    for index in range(first + 1, len(lines)):
        line = lines[index]
        if line.kind == "session_meta":
            if foreign and thread_of(line.payload).id == own_id:
                return index
            foreign = True
        if line.at - lines[index - 1].at > _PAUSE_MS:
            return index
    return len(lines)


def _owners_of_copy(copied: Sequence[Line], ancestors: list[Thread]) -> list[Thread | None]:
    """The ancestor that each copied line belongs to: of several, the youngest that was there when its turn began."""
    if len(ancestors) == 1:
        return [ancestors[0]] * len(copied)
    births = [(made, thread) for thread in ancestors if (made := _made_at(thread.id)) is not None]
    births.sort(key=lambda birth: birth[0])
    owners: list[Thread | None] = []
    current: Thread | None = None
    for line in copied:
        if line.kind == "session_meta":
            owners.append(thread_of(line.payload))
            continue
        made = _made_at(_turn_id(line))
        if made is not None:
            current = next((thread for birth, thread in reversed(births) if birth <= made), None)
        owners.append(current)
    return owners


def _turn_id(line: Line) -> str:
    return text_of(line.payload, "turn_id") if line.kind in ("turn_context", "event_msg") else ""


def _made_at(uuid: str) -> int | None:
    """Milliseconds since 1970 at which a UUID of version 7 was made; None for another id."""
    digits = uuid.replace("-", "")
    if len(digits) != 32 or digits[12] != "7":
        return None
    try:
        return int(digits[:12], 16)
    except ValueError:
        return None


def text_of(payload: dict[str, Any], name: str) -> str:
    """The text under `name`, empty if there is none."""
    value = payload.get(name)
    return value if isinstance(value, str) else ""

"""Two plain counters of the tokens in Claude Code logs, for tests; neither shares code with the pipeline.

`written_rule` counts as the README says this project counts, `ccusage_rule` as ccusage 20.0.24 was found to count when
it was run on small trees. Both are as naive as can be: lists, loops and the json module.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

# ccusage passes over a line in which one of these is null, wherever in the line it stands.
_NOT_NULL = ("cwd", "sessionId", "version", "requestId", "costUSD", "isApiErrorMessage", "model", "id", "speed")
_NOT_NULL += ("cache_creation_input_tokens", "cache_read_input_tokens")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?(Z|[+-]\d\d:\d\d)")
_NAME = re.compile("[^\ud800-\udfff]+")
_SPEEDS = ("fast", "standard")
_VERSION = re.compile(r"\d+\.\d+\.\d+")
CLASSES = ("input", "output", "cache_write_5m", "cache_write_1h", "cache_read")
Tree = dict[str, list[bytes]]


@dataclass(frozen=True)
class Told:
    """One line that tells tokens. tokens: by class, in the order of CLASSES. written: of its file, larger is later."""

    path: str
    written: int
    number: int
    uuid: str
    session: str
    message: str
    request: str
    model: str
    side: bool
    agent: str
    at: dt.datetime | None
    tokens: tuple[int, ...]
    fast: bool
    has_speed: bool

    @property
    def total(self) -> int:
        return sum(self.tokens)


@dataclass(frozen=True)
class Counted:
    """A response that was counted: under which session, at what time, by which model, with which tokens."""

    session: str
    at: dt.datetime
    model: str
    tokens: tuple[int, ...]
    fast: bool


def _told(path: str, written: int, number: int, line: dict[str, object]) -> Told | None:
    message = line.get("message")
    usage = message.get("usage") if isinstance(message, dict) else None
    if not isinstance(message, dict) or not isinstance(usage, dict):
        return None
    split = usage.get("cache_creation")
    five, hour = usage.get("cache_creation_input_tokens", 0), 0
    if split is not None:
        five, hour = split.get("ephemeral_5m_input_tokens", 0), split.get("ephemeral_1h_input_tokens", 0)
    tokens = (usage["input_tokens"], usage["output_tokens"], five, hour, usage.get("cache_read_input_tokens", 0))
    time = line.get("timestamp")
    return Told(
        path,
        written,
        number,
        str(line.get("uuid") or ""),
        str(line.get("sessionId") or ""),
        str(message.get("id") or ""),
        str(line.get("requestId") or ""),
        str(message.get("model") or ""),
        line.get("isSidechain") is True,
        str(line.get("agentId") or ""),
        dt.datetime.fromisoformat(time) if isinstance(time, str) and _TIME.fullmatch(time) else None,
        tokens,
        usage.get("speed") == "fast",
        "speed" in usage,
    )


def _lines(tree: Tree, order: Iterable[str]) -> Iterator[tuple[str, int, int, bytes]]:
    written = {path: number for number, path in enumerate(tree)}
    for path in order:
        for number, raw in enumerate(tree[path]):
            yield path, written[path], number, raw


def ccusage_path_session(path: str) -> str:
    """The session that ccusage takes a file for: its name, or the folder in which it or its `subagents` folder lies."""
    folders, name = path.split("/")[:-1], path.split("/")[-1].removesuffix(".jsonl")
    if len(folders) > 2 and folders[-1] == "subagents":
        folders = folders[:-1]
    return name if len(folders) == 1 else folders[-1]


def ccusage_rule(tree: Tree) -> list[Counted]:
    """What ccusage counts: one record per (message id, request id), files in the order of their paths."""
    records: list[Told] = []
    sessions_seen: list[set[str]] = []
    for path, written, number, raw in _lines(tree, sorted(tree)):
        told = _ccusage_reads(path, written, number, raw)
        if told is None:
            continue
        place = _ccusage_match(told, records, sessions_seen)
        if place is None:
            records.append(told)
            sessions_seen.append({_ccusage_session(told)})
            continue
        sessions_seen[place].add(_ccusage_session(told))
        if _ccusage_better(told, records[place]):
            records[place] = told
    return [Counted(ccusage_path_session(r.path), r.at, r.model, r.tokens, r.fast) for r in records if r.at is not None]


def _ccusage_reads(path: str, written: int, number: int, raw: bytes) -> Told | None:
    """The line, if ccusage takes it: compact JSON in which all that it looks for has the shape that it expects."""
    if b'"usage":{' not in raw or any(f'"{key}":null'.encode() in raw for key in _NOT_NULL):
        return None
    try:
        # How deep a line is nested does not matter to ccusage; it does to the json module.
        line = json.loads(raw.replace(b"[" * 1000 + b"]" * 1000, b"[]"), object_pairs_hook=_without_repeats)
    except ValueError:
        return None
    told, message = _told(path, written, number, line), line.get("message", {})
    named = [line.get("sessionId", "?"), line.get("requestId", "?"), message.get("id", "?"), message.get("model", "?")]
    if told is None or told.at is None or not all(isinstance(name, str) and _NAME.fullmatch(name) for name in named):
        return None
    flags = [line.get("isSidechain", False), line.get("isApiErrorMessage", False)]
    if not all(isinstance(flag, bool) for flag in flags) or type(line.get("costUSD", 0)) not in (int, float):
        return None
    if not _VERSION.match(line.get("version", "1.0.0")) or message["usage"].get("speed", "fast") not in _SPEEDS:
        return None
    return told if all(type(count) is int and count >= 0 for count in told.tokens) else None


def _without_repeats(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """The object that these are the keys and values of. Raises ValueError if a key stands twice."""
    if len({key for key, _ in pairs}) < len(pairs):
        raise ValueError("a key stands twice")
    return dict(pairs)


def _ccusage_session(told: Told) -> str:
    return told.session or ccusage_path_session(told.path)


def _ccusage_match(told: Told, records: list[Told], sessions_seen: list[set[str]]) -> int | None:
    if not told.message:
        return None
    session = _ccusage_session(told)
    for place, known in enumerate(records):
        # Without a request id the session stands in for it.
        same = told.request or _ccusage_session(known) == session
        if same and (known.message, known.request) == (told.message, told.request):
            return place
    for place, known in enumerate(records):
        replay = known.side or told.side
        if replay and (known.message, known.at) == (told.message, told.at) and session in sessions_seen[place]:
            return place
    return None


def _ccusage_better(new: Told, known: Told) -> bool:
    if new.side != known.side:
        return known.side
    if new.total != known.total:
        return new.total > known.total
    return new.has_speed and not known.has_speed


def written_rule(tree: Tree) -> list[Counted]:
    """What this project counts, by the rules of the README; `at` is the session's start."""
    every, times = [], []
    for path, written, number, raw in _lines(tree, tree):
        line = json.loads(raw)
        if line["type"] not in ("user", "assistant"):
            continue
        at = dt.datetime.fromisoformat(line["timestamp"])
        times.append((line["uuid"], line["sessionId"], bool(line.get("isSidechain")), at, written))
        if line["type"] == "assistant" and line["message"]["model"] != "<synthetic>":
            told = _told(path, written, number, line)
            assert told is not None
            every.append(told)
    end = {session: max(at for _, s, _, at, _ in times if s == session) for _, session, *_ in times}
    counts: dict[str, Told] = {}
    for told in sorted(every, key=lambda t: (t.side, t.at, end[t.session], t.written, t.number)):
        counts.setdefault(told.uuid, told)
    by_response: dict[str, list[Told]] = {}
    for told in counts.values():
        by_response.setdefault(told.message or told.uuid, []).append(told)
    start = _starts(times, end)
    counted = []
    for response, lines in by_response.items():
        threads: dict[tuple[str, str, bool], list[Told]] = {}
        for told in lines:
            threads.setdefault((told.session, told.agent, told.side), []).append(told)

        def rank(thread: list[Told]) -> tuple[object, ...]:
            return thread[0].side, -max(t.total for t in thread), min(t.at for t in thread if t.at)

        winner = min(threads.values(), key=rank)
        copies = [t for t in every if (t.message or t.uuid) == response and t.side == winner[0].side]
        most = max(copies, key=lambda t: t.total)
        session = winner[0].session
        counted.append(Counted(session, start[session], most.model, most.tokens, most.fast))
    return counted


def _starts(
    times: list[tuple[str, str, bool, dt.datetime, int]], end: dict[str, dt.datetime]
) -> dict[str, dt.datetime]:
    """The time of the first line of each session's main thread that is no copy; of any such line if it has none."""
    first: dict[str, tuple[str, str, bool, dt.datetime, int]] = {}
    for line in sorted(times, key=lambda t: (t[2], t[3], end[t[1]], t[4])):
        first.setdefault(line[0], line)
    starts: dict[str, dt.datetime] = {}
    for _, session, _, at, _ in sorted(first.values(), key=lambda t: (t[2], t[3])):
        starts.setdefault(session, at)
    return starts


def sums(counted: Iterable[Counted]) -> dict[tuple[str, str, str], tuple[int, ...]]:
    """Tokens by class per (session, month, model); without the keys of which all classes are 0."""
    found: dict[tuple[str, str, str], tuple[int, ...]] = {}
    for one in counted:
        key = (one.session, f"{one.at:%Y-%m}", one.model)
        found[key] = tuple(a + b for a, b in zip(found.get(key, (0,) * 5), one.tokens, strict=True))
    return {key: tokens for key, tokens in found.items() if any(tokens)}

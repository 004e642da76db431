"""Trees of Claude Code logs as hypothesis draws them: forks, resumes, replays, repeats, sub-agents, several models.

Times are unique over all lines that are no copies, so that no rule has to break a tie by names.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from hypothesis import strategies as st

Line = dict[str, Any]
Files = dict[str, list[Line]]
# Sessions may start just before a month ends.
_STARTS = ("2025-10-05T12:00:00+00:00", "2025-10-31T23:59:30+00:00", "2025-11-30T23:58:00+00:00")
MODELS = ("claude-sonnet-4-5-20250929", "claude-opus-4-6", "claude-haiku-4-5-20251001")
_COUNTS = st.sampled_from([0, 3, 50, 1000, 250_001])


class _Session:
    """Writes the lines of one session; `number` keeps its ids and times apart from those of the others."""

    def __init__(self, number: int, start: str) -> None:
        self.id, self.number, self.lines_written = f"s{number}", number, 0
        self.start = dt.datetime.fromisoformat(start) + dt.timedelta(milliseconds=number)

    def line(self, kind: str, **keys: Any) -> Line:
        self.lines_written += 1
        at = self.start + dt.timedelta(seconds=10 * self.lines_written)
        base = {
            "type": kind,
            "uuid": f"{self.id}-{self.lines_written}",
            "sessionId": self.id,
            "timestamp": _iso(at),
            "isSidechain": False,
            "version": "2.1.80",
        }
        return {**base, **keys}

    def prompt(self) -> Line:
        return self.line("user", message={"role": "user", "content": "go on"})


def _iso(at: dt.datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@st.composite
def _response(draw: st.DrawFn, session: _Session, agent: str = "") -> list[Line]:
    """The lines of one response: earlier ones may carry a placeholder for the output."""
    usage: dict[str, Any] = {"input_tokens": draw(_COUNTS), "cache_read_input_tokens": draw(_COUNTS)}
    five, hour = draw(_COUNTS), draw(_COUNTS)
    usage["cache_creation_input_tokens"] = five + hour
    if draw(st.booleans()):
        usage["cache_creation"] = {"ephemeral_5m_input_tokens": five, "ephemeral_1h_input_tokens": hour}
    if draw(st.booleans()):
        usage["speed"] = draw(st.sampled_from(["standard", "fast"]))
    output, model = draw(_COUNTS), draw(st.sampled_from(MODELS))
    message = f"msg_{session.id}_{session.lines_written}"
    sub_agent = {"isSidechain": True, "agentId": agent} if agent else {}
    request = {} if draw(st.integers(0, 4)) == 0 else {"requestId": f"req_{message}"}
    placeholders = draw(st.integers(0, 2))
    return [
        session.line(
            "assistant",
            **sub_agent,
            **request,
            message={
                "id": message,
                "role": "assistant",
                "model": model,
                "content": [],
                "usage": {**usage, "output_tokens": output if number == placeholders else min(output, 2)},
            },
        )
        for number in range(placeholders + 1)
    ]


def _with(line: Line, **keys: Any) -> Line:
    """A copy of a line with other keys; a key that is None goes."""
    return {key: value for key, value in {**line, **keys}.items() if value is not None}


def _grown(line: Line, more: int) -> Line:
    usage = line["message"]["usage"]
    grown = {**usage, "output_tokens": usage["output_tokens"] + more}
    return {**line, "message": {**line["message"], "usage": grown}}


def _later(line: Line, **span: int) -> str:
    return _iso(dt.datetime.fromisoformat(line["timestamp"]) + dt.timedelta(**span))


@st.composite
def _fork(draw: st.DrawFn, of: list[Line], session: _Session) -> list[Line]:
    """A session that starts with a copy of another's first lines: verbatim, or under its own id, or at its own time."""
    kept = of[: draw(st.integers(1, len(of)))]
    rewritten: dict[str, Any] = draw(st.sampled_from([{}, {"sessionId": session.id}]))
    moved = bool(rewritten) and draw(st.booleans())
    copies = [_with(line, **rewritten, **({"timestamp": _later(line, days=30)} if moved else {})) for line in kept]
    if draw(st.booleans()):
        # The copy was written when the response was whole.
        copies = [_grown(line, 700) if line["type"] == "assistant" else line for line in copies]
    return copies


@st.composite
def _repeated(draw: st.DrawFn, responses: list[Line]) -> list[Line]:
    """The same response under another request id, or without one."""
    line = draw(st.sampled_from(responses))
    request = draw(st.sampled_from([None, "req_other"]))
    return [_with(line, uuid=f"{line['uuid']}-again", requestId=request, timestamp=_later(line, hours=5))]


@st.composite
def _replayed(draw: st.DrawFn, responses: list[Line], agent: str) -> list[Line]:
    """A response in the file of a sub-agent that was given the history."""
    line = draw(st.sampled_from(responses))
    other = {} if draw(st.booleans()) else {"uuid": f"{line['uuid']}-{agent}", "requestId": f"req_{agent}"}
    replay = _with(line, isSidechain=True, agentId=agent, **other)
    return [_grown(replay, draw(st.sampled_from([0, 90])))]


@st.composite
def plain_trees(draw: st.DrawFn) -> Files:
    """Sessions in files of their names, sub-agents in their folders, all within a month; nothing is copied."""
    files: Files = {}
    for number in range(draw(st.integers(1, 3))):
        session = _Session(number, _STARTS[0])
        files[f"p/{session.id}.jsonl"] = [session.prompt(), *_flat(draw(st.lists(_response(session), max_size=3)))]
        if draw(st.booleans()):
            agent = f"a{number}"
            files[f"p/{session.id}/subagents/agent-{agent}.jsonl"] = draw(_response(session, agent))
    return files


@st.composite
def trees(draw: st.DrawFn) -> Files:
    """Anything that is found in real folders."""
    files: Files = {}
    original: list[Line] = []
    for number in range(draw(st.integers(1, 3))):
        session = _Session(number, draw(st.sampled_from(_STARTS)) if number == 0 else _STARTS[-1])
        copies = draw(_fork(original, session)) if original and draw(st.booleans()) else []
        own = [session.prompt(), *_flat(draw(st.lists(_response(session), min_size=1, max_size=3)))]
        responses = [line for line in own if line["type"] == "assistant"]
        extra = draw(_repeated(responses)) if draw(st.booleans()) else []
        files[f"p/{draw(st.sampled_from('xyz'))}{session.id}.jsonl"] = [*copies, *own, *extra]
        agent = f"a{number}"
        inside = draw(_response(session, agent)) if draw(st.booleans()) else []
        inside += draw(_replayed(responses, agent)) if draw(st.booleans()) else []
        place = draw(st.sampled_from([f"p/{session.id}/subagents", "p", f"p/{session.id}/subagents/workflows/w"]))
        if inside:
            files[f"{place}/agent-{agent}.jsonl"] = inside
        original = original or own
    return files


def _flat(lists: list[list[Line]]) -> list[Line]:
    return [line for lines in lists for line in lines]

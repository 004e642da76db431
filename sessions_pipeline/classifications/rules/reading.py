"""Reads a rendered transcript back into what was asked, what was done and what came of it.

Here is decided which words are a person's own: pasted logs, code, quotations and documents are not, and neither are
lines that pose as part of the transcript. What the words mean is not known here.
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass, field

from sessions_pipeline.sessions.transcript import parse_turns, unescape

_CALL = re.compile(r"^\[tool\] ([^\s:]+):? ?(.*)$")
_RESULT = re.compile(r"^\[result\] (ok|error): ?(.*)$")
_CUT = re.compile(r"^\[cut\] \d+ characters$")
_FENCE = re.compile(r"^\s*(?:```|~~~)")
_INTERRUPTED = re.compile(r"^(?:\[?request interrupted by user|the person interrupted the agent)", re.IGNORECASE)
_REFUSED = re.compile(r"the user (?:doesn't|does not) want to|user (?:rejected|declined|denied)", re.IGNORECASE)
# What the harness prints when the model could not answer.
_HARNESS_ERROR = re.compile(
    r"^(?:API Error|Request timed out|Claude AI usage limit|You've hit your|You've reached your|.{0,20}limit reached"
    r"|Prompt is too long|Invalid API key|Please run /login|Failed to authenticate|Credit balance is too low"
    r"|Connection error|Not logged in|OAuth |Overloaded|stream error|unexpected status \d)",
    re.IGNORECASE,
)
# A line that a program wrote: time stamps, stack frames, shell prompts, tables, markup, code.
_MACHINE_LINE = re.compile(
    r"""^\s*(?:
      \\*\[(?:human|assistant|system|tool|result|cut)\]      # poses as part of a transcript
    | >\s | \|.*\| | [│├└┌⎿❯➜●✓✗╭╰─]
    | \[?\d{1,4}[-:/.]\d{1,2}[-:/.]\d | \[\d+[.:]\d+ | \d{1,3}[:|→]\s
    | at\s\S+[(:] | File\s"[^"]+",\sline | Traceback | \S+@\s?\S+:\d+$ | .*\(anonymous\)
    | (?:npm|yarn|pnpm|error|warn|warning|info|debug|fatal|hint|remote|trace)\b\s?[\[:!]
    | [\w.]*(?:Error|Exception|Warning)\b[:(] | (?:\w+\.)*[A-Z][a-z]+[A-Z]\w*:\s
    | \$\s\S | PS\s[A-Z]:\\ | [\w.-]+@[\w.-]+[:~\s].*[$\#%]
    | [{}<\[\]();]|</ | "[\w-]+"\s*: | [\w.]+\s*[=(].*[;{]\s*$
    | (?:import|from|def|class|const|let|var|function|export|return|public|private|SELECT|INSERT|CREATE)\s\S.*[({;:=]
    | \++\s | diff\s--git | @@ | [+-]{3}\s | SHA256: | \d+(?:\.\d+)?[KMG]?\s+\d+(?:\.\d+)?[KMG]?\s
    )""",
    re.VERBOSE,
)
_HEADING = re.compile(r"^#{1,4} \S")
# A message with this many headings is a document; people who type write none, or one.
_DOCUMENT_HEADINGS = 3
_SHORTEST_ANSWER = 30
_INLINE_PASTE = re.compile(r"\[(?:Pasted text|Image)[^\]]*\]")


@dataclass
class Call:
    """A tool call. ok: None while no result is known; refused: the person did not let it run."""

    name: str
    summary: str
    ok: bool | None = None
    output: str = ""
    refused: bool = False


@dataclass
class Request:
    """A human turn and all that followed until the next one.

    own: the person's own words; pasted: output of programs in the turn; document: a text with headings in it.
    The request before the first human turn has no words.
    calls and replies: in order. closing: what the agent said after its last call.
    failures: messages of the harness that stand where an answer should be.
    """

    own: str = ""
    pasted: str = ""
    document: str = ""
    calls: list[Call] = field(default_factory=list)
    replies: list[str] = field(default_factory=list)
    closing: str = ""
    failures: int = 0
    ends_in_failure: bool = False
    interrupted: bool = False

    @property
    def answered(self) -> bool:
        """The agent had the last word, and it was its own."""
        return bool(self.closing) and not self.ends_in_failure and not self.interrupted


@dataclass(frozen=True)
class Reading:
    """preamble: what was done before the first human turn in view; requests: the human turns, in order."""

    preamble: Request
    requests: list[Request]

    @property
    def stretches(self) -> list[Request]:
        """The preamble if anything was done in it, then the requests."""
        started = self.preamble.calls or self.preamble.replies or self.preamble.interrupted or self.preamble.failures
        return [self.preamble, *self.requests] if started else self.requests

    @property
    def calls(self) -> list[Call]:
        """All tool calls in order."""
        return [call for stretch in self.stretches for call in stretch.calls]


def split_own_words(text: str) -> tuple[str, str, str]:
    """(own words, pasted output, pasted document) of a human turn.

    Fenced blocks and lines that a program wrote are output; a document is everything from its first heading on.
    """
    own: list[str] = []
    pasted: list[str] = []
    written: list[str] = []
    lines = _INLINE_PASTE.sub(" ", text).split("\n")
    document = sum(1 for line in lines if _HEADING.match(line)) >= _DOCUMENT_HEADINGS
    fenced = False
    for place, line in enumerate(lines):
        if document and _HEADING.match(line):
            written = lines[place:]
            break
        if _FENCE.match(line):
            fenced = not fenced
            continue
        (pasted if fenced or _CUT.match(line) or _MACHINE_LINE.match(line) else own).append(line)
    return unescape("\n".join(own)).strip(), "\n".join(pasted).strip(), "\n".join(written).strip()


def _read_agent_turn(text: str, stretch: Request) -> None:
    """Adds calls, results and replies of an assistant turn to `stretch`.

    Results are matched to calls in order; a call whose result does not come before the agent speaks again has none.
    """
    waiting: deque[Call] = deque(call for call in stretch.calls[-1:] if call.ok is None)
    said: list[str] = []

    def speak() -> None:
        if not said:
            return
        words = "\n".join(said).strip()
        said.clear()
        if not words:
            return
        if _HARNESS_ERROR.match(words):
            stretch.failures += 1
            stretch.ends_in_failure = True
            return
        stretch.replies.append(words)
        stretch.closing = words
        stretch.ends_in_failure = False
        # "Standing by" after an interruption is no answer.
        stretch.interrupted = stretch.interrupted and len(words.split()) < _SHORTEST_ANSWER
        waiting.clear()

    for line in text.split("\n"):
        if not line.startswith("["):
            said.append(line)
        elif line.startswith("[tool]") and (call := _CALL.match(line)):
            speak()
            waiting.append(Call(call.group(1), call.group(2)))
            stretch.calls.append(waiting[-1])
            stretch.closing = ""
            stretch.ends_in_failure = stretch.interrupted = False
        elif line.startswith("[result]") and (result := _RESULT.match(line)):
            speak()
            if waiting:
                done = waiting.popleft()
                done.ok, done.output = result.group(1) == "ok", result.group(2)
                done.refused = not done.ok and bool(_REFUSED.search(done.output) or _INTERRUPTED.match(done.output))
        elif not _CUT.match(line):
            said.append(line)
    speak()


def _read_notice(text: str, stretch: Request) -> None:
    """Adds what the program says in a system turn to `stretch`."""
    for line in text.split("\n"):
        if _INTERRUPTED.match(line):
            stretch.interrupted = True
        elif _HARNESS_ERROR.match(line):
            stretch.failures += 1
            stretch.ends_in_failure = True


def read(transcript: str) -> Reading:
    """What happened in `transcript`, as `sessions.transcript.render` wrote it."""
    preamble = Request()
    requests: list[Request] = []
    for turn in parse_turns(transcript):
        stretch = requests[-1] if requests else preamble
        if turn.role == "human":
            own, pasted, document = split_own_words(turn.text)
            requests.append(Request(own=own, pasted=pasted, document=document))
        elif turn.role == "assistant":
            _read_agent_turn(turn.text, stretch)
        else:
            _read_notice(turn.text, stretch)
    return Reading(preamble, requests)

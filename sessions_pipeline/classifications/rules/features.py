"""What can be counted in a session: one object per session, from which every facet reads.

Facts only; what a fact is evidence for is said by the facets.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from sessions_pipeline.classifications.backend import SessionToLabel
from sessions_pipeline.classifications.classifiers import WORK_MODES
from sessions_pipeline.classifications.rules.actions import CHANGES, CHECKS, EDITS, LOOKS, call_kind
from sessions_pipeline.classifications.rules.lexicon import Lexicon, fold, words_in
from sessions_pipeline.classifications.rules.reading import Call, Request, read, split_own_words
from sessions_pipeline.classifications.rules.words import AGENT_WORDS, WORDS

PEOPLE = Lexicon(WORDS)
AGENTS = Lexicon(AGENT_WORDS)

# Own words beyond this many characters in one turn add nothing that the first ones did not show.
_LONGEST_TURN = 6_000
# A reply says what it is about, and what came of it, in its first words, and what is left in its last.
_REPLY_HEAD = 300
_CLOSING_HEAD = 500
_CLOSING_TAIL = 700
# Paths and context files come early in a session.
_SURROUNDINGS = 6_000
# Up to this many words a turn without any request is talk: a greeting, thanks, a go-ahead.
_TALK_WORDS = 8

# Repeats are bounded and start at the edge of a run, so that no text takes quadratic time.
_NAME = re.compile(
    r"""`[^`\n]{2,80}`
    | (?<![~.\w-])[~.\w-]{0,80}[/\\][\w.\\/-]{2,}
    | (?<![\w-])[\w-]{1,60}\.[a-zA-Z]{1,5}\b(?!\.)
    | \b[a-z]+[A-Z]\w*\b | \b[A-Z][a-z0-9]+[A-Z]\w* | \b[a-zA-Z]\w*_\w+\b
    | (?<!\w)--?[a-zA-Z][\w-]*\b
    | \b\w+\(\)
    | \b[A-Z][A-Z0-9]{1,6}\b
    | \bv?\d+\.\d+(?:\.\d+)*\b
    | "[^"\n]{2,60}\"""",
    re.VERBOSE,
)
# Of the names, those of files, code, options and commands: not acronyms, numbers and quotations.
_CODE_NAME = re.compile(r"[/\\_(`]|\.[a-zA-Z]{1,5}$|^--?[a-zA-Z]|^[a-z]+[A-Z]|^[A-Z][a-z0-9]+[A-Z]")
# What is named is not what is asked for: names of files and addresses are left out when ideas are counted.
_REFERENCE = re.compile(
    r"""https?://\S+
    | `[^`\n]{2,80}`
    | @?"[^"\n]{2,200}"
    | (?<![~.\w-])[~.\w-]{0,80}[/\\][\w.\\/-]{2,}
    | (?<![\w-])[\w-]{1,60}\.[a-zA-Z]{2,5}\b(?!\.)
    | \b\w+_\w+\b""",
    re.VERBOSE,
)
# At the end of a word these make no name of it.
_PUNCTUATION = ",.!?:;"
_COMMAND = re.compile(r"\A/[a-zA-Z][\w:-]*")
# How a request opens before it says what is wanted.
_POLITE = re.compile(
    r"""^(?:(?:please|pls|now|ok|okay|so|also|and|then|next|first|again|hey|hi|hello|well|great|thanks|yes|no|just
    |let's|lets|can\syou|could\syou|would\syou|will\syou|i\swant\s(?:you\s)?to|i\swant|i\sneed\s(?:you\s)?to
    |i\sneed|i'd\slike\s(?:you\s)?to|i\swould\slike\s(?:you\s)?to|help\sme|we\sneed\sto|we\sshould|you\sneed\sto
    |go\sahead\sand|try\sto|your\stask\sis\sto
    |por\sfavor|quiero\sque|quiero|necesito|puedes|podrias|bitte|kannst\sdu|ich\smochte|ich\swill|s'il\ste\splait
    |peux\stu|pouvez\svous|je\sveux|je\svoudrais|quero\sque|eu\squero|quero|preciso|voce\spode|per\sfavore|puoi
    |vorrei|voglio|пожалуйста|нужно|надо|хочу
    )[\s,:.!-]+)+""",
    re.VERBOSE,
)
_OFFICE_NAME = re.compile(r"\.(?:docx?|pptx?|pdf|odt|rtf|key|pages)\b", re.IGNORECASE)
_DATA_NAME = re.compile(r"\.(?:csv|tsv|xlsx?|parquet|ipynb|rmd|zarr|h5|sav|dta)\b", re.IGNORECASE)
_VERB_LAST = re.compile(r"[\u3040-\u30ff\uac00-\ud7af]")
_LEAD_WORDS = 4
_OBJECT_WORDS = 12
_LEAD_CHARACTERS = 14
# The title and first paragraph of a pasted document say what is to be done.
_DOCUMENT_HEAD = 600
# Shorter than this a sentence is an interjection in any language.
_STATEMENT_CHARACTERS = 6
_SENTENCE_END = re.compile(r"[.!?。！？\n]+")
# Without a look behind, each letter of a short word would be tried as the beginning of a long one.
_LONG_WORD = re.compile(r"(?<![^\W\d_])[^\W\d_]{9,}")
ERROR_TEXT = re.compile(r"\b(?:error|exception|traceback|failed|fatal|panic|undefined|cannot)\b", re.IGNORECASE)
_BULLET = re.compile(r"^\s*(?:[-*•]|\d+[.)])\s+\S", re.MULTILINE)
_QUESTION = re.compile(r"[?？]|か。|까\b")


@dataclass(frozen=True)
class Asked:
    """A human turn, read.

    words, statements, bullets: of the person's own text. ideas: of `words.WORDS` in it. leads: ideas of the words with
    which its sentences begin (end, in Japanese and Korean), where a request has its verb. document_ideas: of the head
    of a pasted document. undertaken: of the words in which the agent took the request up. kinds: of the calls that
    followed. office_names, data_names: files of that kind that are named. long_words: distinct words of nine letters
    or more, which terms of art mostly are. new_names, screen_names: identifiers, paths, quoted and technical names, by
    whether they stood in the session before. code_names: those that are files, code, options or commands.
    """

    request: Request
    words: int
    ideas: Counter[str]
    leads: Mapping[str, float]
    document_ideas: Counter[str]
    undertaken: Counter[str]
    kinds: tuple[str, ...]
    office_names: int
    data_names: int
    long_words: int
    new_names: int
    screen_names: int
    code_names: int
    statements: int
    bullets: int
    is_question: bool

    @cached_property
    def intents(self) -> dict[str, int]:
        """Work modes that the words ask for, with how many words do."""
        return {mode: self.ideas[mode] for mode in WORK_MODES if self.ideas[mode]}

    @cached_property
    def is_talk(self) -> bool:
        """A greeting, thanks, a go-ahead: short, without names, and with no request of its own."""
        asks = {mode for mode in self.intents if mode not in ("understand", "communicate")} or (
            self.ideas["make"] + self.ideas["deliver"]
        )
        talk = self.ideas["greeting"] + self.ideas["approval"] + self.ideas["go_on"]
        if self.words > _TALK_WORDS or self.request.pasted or self.request.document or self.new_names:
            return False
        return self.words == 0 or (talk > 0 and not asks) or (self.words <= 2 and not self.intents and not asks)


@dataclass(frozen=True)
class Features:
    """Facts of one session.

    asked: human turns in order. preamble: what was done before the first of them in view. calls and kinds run parallel,
    over the whole session. agent_ideas, closing_ideas: of `words.AGENT_WORDS`, in how replies begin and in the end of
    the last one. ending: how the last piece of work ended: answered, mid_work, waiting, interrupted, harness_error,
    unanswered or nothing. surroundings: arguments and results of the first calls.
    """

    telemetry: Mapping[str, Any]
    asked: Sequence[Asked]
    preamble: Request
    calls: Sequence[Call]
    kinds: Sequence[str]
    counts: Counter[str]
    agent_ideas: Counter[str]
    closing_ideas: Counter[str]
    ending: str
    surroundings: str

    def telemetric(self, column: str) -> int:
        """A count of `core.sessions`; 0 where it is missing."""
        return int(self.telemetry.get(column) or 0)

    def total(self, kinds: frozenset[str]) -> int:
        """Calls of any of `kinds`."""
        return sum(count for kind, count in self.counts.items() if kind in kinds)

    @cached_property
    def tasks(self) -> list[Asked]:
        """Human turns that ask for something."""
        return [turn for turn in self.asked if not turn.is_talk]

    @property
    def actions(self) -> int:
        """Tool calls of the main thread by telemetry, which sees what a cut took out."""
        return max(self.telemetric("tool_calls") - self.telemetric("subagent_tool_calls"), len(self.calls))

    @cached_property
    def edits_done(self) -> int:
        """Edits in view that did not fail."""
        return sum(kind in EDITS and call.ok is not False for call, kind in zip(self.calls, self.kinds, strict=True))

    @cached_property
    def changes_done(self) -> int:
        """Commands in view that changed something and did not fail."""
        return sum(kind in CHANGES and call.ok is True for call, kind in zip(self.calls, self.kinds, strict=True))

    @cached_property
    def wrote(self) -> bool:
        """Something was edited, by telemetry or in view."""
        return self.telemetric("lines_added") + self.telemetric("lines_removed") > 0 or self.edits_done > 0

    @cached_property
    def reply_words(self) -> int:
        """Words of the agent to the person."""
        return max(
            self.telemetric("assistant_words"),
            sum(len(reply.split()) for turn in self.asked for reply in turn.request.replies),
        )

    @cached_property
    def errors(self) -> int:
        """Calls in view that failed, refusals left out."""
        return sum(call.ok is False and not call.refused for call in self.calls)

    @cached_property
    def longest_error_run(self) -> int:
        """Most failed calls in a row."""
        longest = run = 0
        for call in self.calls:
            if call.ok is not None and not call.refused:
                run = 0 if call.ok else run + 1
                longest = max(longest, run)
        return longest

    @cached_property
    def last_result(self) -> bool | None:
        """Result of the last call that came to one."""
        return next((call.ok for call in reversed(self.calls) if call.ok is not None and not call.refused), None)

    @cached_property
    def last_check(self) -> bool | None:
        """Result of the last command that shows whether the work holds; None if none came after the last edit."""
        for call, kind in zip(reversed(self.calls), reversed(self.kinds), strict=True):
            if kind in CHECKS and call.ok is not None:
                return call.ok
            if kind in EDITS:
                return None
        return None

    @cached_property
    def looks(self) -> int:
        """Calls that only look."""
        return self.total(LOOKS)


def features(session: SessionToLabel) -> Features:
    """Facts of `session`, from its transcript and its telemetry."""
    reading = read(session.transcript)
    asked: list[Asked] = []
    seen = _shown(reading.preamble)
    for request in reading.requests:
        asked.append(_asked(request, seen))
        seen += "\n" + request.own + _shown(request)
    calls = reading.calls
    kinds = [*_kinds(reading.preamble), *(kind for turn in asked for kind in turn.kinds)]
    replies = (reply[:_REPLY_HEAD] for stretch in reading.stretches for reply in stretch.replies)
    ending, last = _ending(asked, reading.preamble)
    return Features(
        telemetry=session.telemetry,
        asked=asked,
        preamble=reading.preamble,
        calls=calls,
        kinds=kinds,
        counts=Counter(kinds),
        agent_ideas=AGENTS.count_all(replies),
        closing_ideas=_closing_ideas(last.replies[-1]) if last and last.replies else Counter(),
        ending=ending,
        surroundings="\n".join(f"{call.summary}\n{call.output}" for call in calls)[:_SURROUNDINGS],
    )


def _closing_ideas(reply: str) -> Counter[str]:
    if len(reply) > _CLOSING_HEAD + _CLOSING_TAIL:
        reply = f"{reply[:_CLOSING_HEAD]}\n{reply[-_CLOSING_TAIL:]}"
    return AGENTS.count(reply)


def opening_features(opening: str) -> Asked:
    """Facts of the first human prompt alone."""
    own, pasted, document = split_own_words(opening)
    return _asked(Request(own=own, pasted=pasted, document=document), seen="")


def _shown(stretch: Request) -> str:
    """What the person could read off the screen."""
    lines = [f"{call.summary}\n{call.output}" for call in stretch.calls]
    return "\n".join([*lines, *stretch.replies, stretch.pasted, stretch.document])


@dataclass(frozen=True)
class _Said:
    """What a person's own words hold: the part of `Asked` that neither the answer nor the screen changes."""

    names: frozenset[str]
    words: int
    ideas: Counter[str]
    leads: Mapping[str, float]
    office_names: int
    data_names: int
    long_words: int
    statements: int
    bullets: int
    is_question: bool


# The opening is mostly the first turn again.
@lru_cache(maxsize=32)
def _said(own: str) -> _Said:
    # A slash command is a request in the words of its name.
    plain = _without_references(_COMMAND.sub(lambda match: re.sub(r"[/:_-]", " ", match.group()), own))
    statements = [part for part in _SENTENCE_END.split(plain) if part.strip()]
    return _Said(
        names=frozenset(_names(own)),
        words=words_in(own),
        ideas=PEOPLE.count(plain),
        leads=_leads(statements),
        office_names=len(_OFFICE_NAME.findall(own)),
        data_names=len(_DATA_NAME.findall(own)),
        long_words=len({word.lower() for word in _LONG_WORD.findall(plain)}),
        statements=sum(len(statement.strip()) >= _STATEMENT_CHARACTERS for statement in statements),
        bullets=len(_BULLET.findall(own)),
        is_question=bool(_QUESTION.search(own)),
    )


def _names(text: str) -> list[str]:
    """What `_NAME` finds in `text`.

    The pattern takes half a microsecond for each letter, and only quoted names hold blanks: of lines without quotation
    marks it sees the words that are not plain ones, in lower case after the first letter.
    """
    lines = []
    for line in text.split("\n"):
        if '"' not in line and "`" not in line:
            words = [(word, word.rstrip(_PUNCTUATION)) for word in line.split(" ")]
            line = " ".join([word for word, bare in words if not (bare.isalnum() and bare[1:].islower())])
        lines.append(line)
    return _NAME.findall("\n".join(lines))


def _without_references(text: str) -> str:
    """`text` with a blank in place of each `_REFERENCE`; as in `_names`, plain words are passed over."""
    lines = []
    for line in text.split("\n"):
        if '"' in line or "`" in line:
            line = _REFERENCE.sub(" ", line)
        else:
            words = line.split(" ")
            line = " ".join(
                [word if word.rstrip(_PUNCTUATION).isalnum() else _REFERENCE.sub(" ", word) for word in words]
            )
        lines.append(line)
    return "\n".join(lines)


def _asked(request: Request, seen: str) -> Asked:
    said = _said(request.own[:_LONGEST_TURN])
    on_screen = sum(name.strip('`"') in seen for name in said.names)
    return Asked(
        request=request,
        words=said.words,
        ideas=said.ideas,
        leads=said.leads,
        document_ideas=_ideas_of_head(request.document, _DOCUMENT_HEAD),
        undertaken=_ideas_of_head(request.replies[0], _REPLY_HEAD) if request.replies else Counter(),
        kinds=_kinds(request),
        office_names=said.office_names,
        data_names=said.data_names,
        long_words=said.long_words,
        new_names=len(said.names) - on_screen,
        screen_names=on_screen,
        code_names=sum(bool(_CODE_NAME.search(name)) for name in said.names),
        statements=said.statements,
        bullets=said.bullets,
        is_question=said.is_question,
    )


def _kinds(stretch: Request) -> tuple[str, ...]:
    return tuple(call_kind(call.name, call.summary) for call in stretch.calls)


def _ideas_of_head(text: str, characters: int) -> Counter[str]:
    """Ideas in the first characters of `text`."""
    return PEOPLE.count(_without_references(text[:characters])) if text else Counter()


def _leads(statements: Sequence[str]) -> dict[str, float]:
    """Idea -> strength of the words with which `statements` open.

    What a verb of making makes says which work it is: a page, a test, a chart, a letter. Without an object it is code.
    """
    leads: dict[str, float] = defaultdict(float)
    for statement in statements:
        ideas = PEOPLE.find(_lead(statement))
        if not ideas:
            continue
        opening = Counter(ideas)
        if opening["make"]:
            # "Add a search" asks for no search.
            del opening["understand"]
        for idea, count in opening.items():
            leads[idea] += count
        if opening["make"] and not any(opening[mode] for mode in WORK_MODES):
            made = PEOPLE.count(" ".join(statement.split(maxsplit=_OBJECT_WORDS)[:_OBJECT_WORDS]))
            modes = [mode for mode in WORK_MODES if made[mode] and mode != "understand"] or ["build"]
            for mode in modes:
                leads[mode] += 1 / len(modes)
    return leads


def _lead(statement: str) -> str:
    """The part of a sentence where its verb stands if it is a request."""
    if not statement.isascii() and _VERB_LAST.search(statement):
        return statement.strip()[-_LEAD_CHARACTERS:]
    folded = fold(statement.strip(" \t-*•#>"))
    polite = _POLITE.match(folded)
    request = folded[polite.end() :] if polite else folded
    return " ".join(request.split(maxsplit=_LEAD_WORDS)[:_LEAD_WORDS])


def _ending(asked: Sequence[Asked], preamble: Request) -> tuple[str, Request | None]:
    """(ending, the stretch that ended so): talk after the last piece of work does not count."""
    for turn in reversed(asked):
        request = turn.request
        if not turn.is_talk or request.calls or request.interrupted or request.ends_in_failure:
            return _how_it_ended(request), request
    if preamble.calls or preamble.replies or preamble.failures:
        return _how_it_ended(preamble), preamble
    if asked:
        return ("answered" if asked[0].request.closing else "nothing"), asked[0].request
    return "nothing", None


def _how_it_ended(request: Request) -> str:
    last = request.calls[-1] if request.calls else None
    if request.ends_in_failure:
        return "harness_error"
    if request.interrupted or (last is not None and last.refused and not request.closing):
        return "interrupted"
    if request.closing:
        return "answered"
    if last is None:
        return "unanswered"
    kind = call_kind(last.name, last.summary)
    if kind in ("git_commit", "list") and last.ok and request.replies:
        # Filing what was said to be done is no unfinished work.
        return "answered"
    return "waiting" if kind in ("plan", "ask") else "mid_work"

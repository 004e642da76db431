"""What labelling would cost, before anything is sent: counted from the text, without the network.

Tokens are estimated from characters, and answers by their usual length, so a figure is good to about a quarter either
way. The real cost is stored with each label.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass

from sessions_pipeline.classifications.backend import SessionToLabel
from sessions_pipeline.classifications.classifiers import CLASSIFIERS, Classifier
from sessions_pipeline.classifications.claude.budget import charged
from sessions_pipeline.classifications.claude.judge import ClaudeBackend
from sessions_pipeline.classifications.claude.prompts import POSTING, Ask, canonical
from sessions_pipeline.sources.model import Usage

# English prose has about 4 characters to a token, code and paths about 3.
CHARS_PER_TOKEN = 3.5
ERROR = 0.25
# A shorter prefix is not cached, whatever its mark says.
CACHED_FROM_TOKENS = 2_048
# Tokens of an answer, by what is asked.
_ANSWER_TOKENS = {"categorical": 15, "ordinal": 15, "decisions": 500, "price": 15, POSTING: 250}
_POSTING_CHARS = 900
WAYS = ("batch", "batch_uncached", "direct", "direct_uncached")


@dataclass(frozen=True)
class EstimatedRow:
    """One classifier in one month.

    sessions: without this label; known: with it, or with its answer in the store. Tokens are of the sessions without.
    The last four are US dollars by the way of asking, with and without the cache for what questions share.
    """

    month: str
    classifier: str
    model: str
    sessions: int
    known: int
    input_tokens: int
    output_tokens: int
    batch: float
    batch_uncached: float
    direct: float
    direct_uncached: float


def estimate_month(
    month: dt.date,
    eligible: int,
    missing: Iterable[tuple[SessionToLabel, Sequence[Classifier]]],
    backend: ClaudeBackend,
) -> list[EstimatedRow]:
    """One row per classifier.

    eligible: sessions in the sample. missing: sessions with the classifiers that the warehouse has no label of.
    """
    sums = {name: [0, 0, 0, *(0.0 for _ in WAYS)] for name in CLASSIFIERS}
    priced_before = False
    for session, classifiers in missing:
        wanted = list(_unanswered(session, classifiers, backend))
        sharing = sum(ask.prefix > 0 and ask.step != "task_value" for _, ask in wanted)
        seen = False
        for classifier, ask in wanted:
            total = sums[classifier.name]
            if ask.step == "task_value":
                cache, priced_before = _Cache(marked=True, written=priced_before), True
            else:
                cache = _Cache(marked=ask.prefix > 0 and sharing > 1, written=seen)
                seen = seen or ask.prefix > 0
            tokens, answer = _tokens(ask), _ANSWER_TOKENS[POSTING if ask.step == POSTING else classifier.kind]
            costs = [_cost(ask, tokens, answer, cache, way) for way in WAYS]
            # Both steps of task value belong to one label.
            added = [ask.step != POSTING, tokens, answer, *costs]
            for position, value in enumerate(added):
                total[position] += value
    return [_row(month, name, eligible, total, backend) for name, total in sums.items()]


def totals(rows: Sequence[EstimatedRow]) -> dict[str, float]:
    """Sums over `rows` of all that can be added up."""
    names = ("sessions", "known", "input_tokens", "output_tokens", *WAYS)
    return {name if name != "sessions" else "labels": sum(getattr(row, name) for row in rows) for name in names}


def as_dicts(rows: Sequence[EstimatedRow]) -> list[dict[str, object]]:
    """`rows` for JSON, dollars to the cent's hundredth."""
    return [
        {key: round(value, 4) if isinstance(value, float) else value for key, value in asdict(row).items()}
        for row in rows
    ]


@dataclass(frozen=True)
class _Cache:
    """marked: the prefix carries a cache mark. written: an earlier request wrote it."""

    marked: bool
    written: bool


def _unanswered(
    session: SessionToLabel, classifiers: Sequence[Classifier], backend: ClaudeBackend
) -> Iterator[tuple[Classifier, Ask]]:
    """The asks of `session` that the store has no answer to; for task value both steps."""
    asks = {classifier.name: backend.first_ask(session, classifier) for classifier in classifiers}
    stored = backend.store.answered(ask.name for ask in asks.values())
    for classifier in classifiers:
        ask = asks[classifier.name]
        attempts = stored.get(ask.name, [])
        answered = bool(attempts) and attempts[-1].result.retry is None
        if not answered:
            yield classifier, ask
        if classifier.kind != "price":
            continue
        posting = attempts[-1].result.posting if answered else "x" * _POSTING_CHARS
        if posting is None:
            continue
        price = backend.price_ask(classifier, posting)
        found = backend.store.answered([price.name]).get(price.name, [])
        if not found or found[-1].result.retry is not None:
            yield classifier, price


def _chars(ask: Ask, blocks: int | None = None) -> int:
    """Characters of the request up to its first `blocks` blocks; all of it without."""
    texts = [block["text"] for block in ask.params["messages"][0]["content"][:blocks]]
    fixed = len(ask.params["system"][0]["text"]) + len(canonical(ask.params["output_config"]))
    return fixed + sum(map(len, texts))


def _tokens(ask: Ask) -> int:
    return round(_chars(ask) / CHARS_PER_TOKEN)


def _cost(ask: Ask, tokens: int, answer: int, cache: _Cache, way: str) -> float:
    batch = way.startswith("batch")
    prefix = round(_chars(ask, ask.prefix) / CHARS_PER_TOKEN) if cache.marked else 0
    if way.endswith("_uncached") or prefix < CACHED_FROM_TOKENS:
        usage = Usage(input=tokens, output=answer)
    elif cache.written:
        usage = Usage(input=tokens - prefix, output=answer, cache_read=prefix)
    elif batch:
        usage = Usage(input=tokens - prefix, output=answer, cache_write_1h=prefix)
    else:
        usage = Usage(input=tokens - prefix, output=answer, cache_write_5m=prefix)
    return charged(ask.model, usage, batch)


def _row(month: dt.date, name: str, eligible: int, total: Sequence[float], backend: ClaudeBackend) -> EstimatedRow:
    sessions, tokens, answer = map(int, total[:3])
    batch, batch_uncached, direct, direct_uncached = map(float, total[3:])
    return EstimatedRow(
        f"{month:%Y-%m}",
        name,
        backend.model(CLASSIFIERS[name]),
        sessions,
        eligible - sessions,
        tokens,
        answer,
        batch,
        batch_uncached,
        direct,
        direct_uncached,
    )

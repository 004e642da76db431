"""What requests may cost at worst, and the guard that stops before the first one that could cost too much."""

from __future__ import annotations

import threading

from sessions_pipeline.classifications.claude.prompts import Ask
from sessions_pipeline.sessions.prices import cost_usd, price_list
from sessions_pipeline.sources.model import Usage

# The batch price over the direct one, at Anthropic.
BATCH_FACTOR = 0.5
# The API adds a description of the form of the answer to the system prompt; about 300 tokens, and the schema itself.
_HIDDEN_TOKENS = 1_000


def charged(model: str, usage: Usage, batch: bool) -> float:
    """US dollars for `usage`; 0 where the model has no price (see `unpriced`)."""
    return (cost_usd(model, usage) or 0.0) * (BATCH_FACTOR if batch else 1.0)


def unpriced(model: str) -> str | None:
    """What is wrong if `model` has no price, else None."""
    if cost_usd(model, Usage(input=1)) is not None:
        return None
    date, _ = price_list()
    return f"the model {model} has no price in the list of {date}, so its cost cannot be told or limited"


def worst_case(ask: Ask, batch: bool) -> float:
    """US dollars that no answer to `ask` can exceed: a token is at least a byte, and all input may be a cache write."""
    tokens, limit = ask.bytes + _HIDDEN_TOKENS, ask.params["max_tokens"]
    ways = (Usage(cache_write_1h=tokens, output=limit), Usage(input=tokens, output=limit))
    return max(charged(ask.model, usage, batch) for usage in ways)


class Budget:
    """What one run may spend. limit: US dollars, None for no limit. spent: what it has cost so far.

    May be used from several threads.
    """

    def __init__(self, limit: float | None, spent: float = 0.0) -> None:
        self.limit = limit
        self.spent = spent
        self._reserved = 0.0
        self._lock = threading.Lock()

    def reserve(self, usd: float) -> bool:
        """Sets `usd` aside for a request; False, and nothing set aside, if the run could then exceed its limit."""
        with self._lock:
            if self.limit is not None and self.spent + self._reserved + usd > self.limit:
                return False
            self._reserved += usd
            return True

    def settle(self, reserved: float, paid: float) -> None:
        """Replaces what was set aside by what was paid."""
        with self._lock:
            self._reserved -= reserved
            self.spent += paid

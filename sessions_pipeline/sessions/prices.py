"""What tokens would cost at the API's list prices: a dated table, so that a figure can be made again.

The result is an equivalent, not a bill: many users pay a subscription. A model without a price has no cost rather
than a cost of zero.
"""

from __future__ import annotations

import csv
import datetime as dt
import re
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from operator import mul, sub
from typing import NamedTuple

from sessions_pipeline.sources.model import Usage

# A model's name may carry the day of its release: claude-sonnet-4-5-20250929, on Vertex claude-sonnet-4-5@20250929,
# gpt-5.4-2026-03-05.
_RELEASE = re.compile(r"[-@]20\d\d(-?)\d\d\1\d\d$")
_LONG = 200_000


class Rates(NamedTuple):
    """US dollars per million tokens of each class."""

    input: float
    output: float
    cache_write_5m: float
    cache_write_1h: float
    cache_read: float


@dataclass(frozen=True)
class Price:
    """What a model costs.

    above: the rates of what is long; the base rates where the list has no others. fast_factor: how many times dearer a
    response in the fast mode is.
    whole_request_above: from which length of the prompt, in tokens with those of the cache, the rates `above` hold for
    all of a response. None: they hold for the tokens of a class beyond the first 200,000 that one response has of it.
    """

    base: Rates
    above: Rates
    whole_request_above: int | None
    fast_factor: float


@cache
def price_list() -> tuple[dt.date, dict[str, Price]]:
    """The date of the shipped list, and model name -> price."""
    text = files("sessions_pipeline.sessions").joinpath("prices.csv").read_text()
    rows = list(csv.DictReader(text.splitlines()))
    return dt.date.fromisoformat(rows[0]["as_of"]), {row["model"]: _price(row) for row in rows}


def _price(row: dict[str, str]) -> Price:
    base = Rates(*(float(row[name]) for name in Rates._fields))
    above = Rates(*(float(row[f"{name}_above"] or row[name]) for name in Rates._fields))
    whole = row["whole_request_above"]
    return Price(base, above, int(whole) if whole else None, float(row["fast_factor"]))


def cost_usd(model: str, usage: Usage) -> float | None:
    """Cost of one response in US dollars, or None if the model is not on the list.

    What is long is reckoned as ccusage does: by the class or by the whole request, as the list has it.
    """
    price = _price_of(model)
    if price is None:
        return 0.0 if usage.total == 0 else None
    tokens = (usage.input, usage.output, usage.cache_write_5m, usage.cache_write_1h, usage.cache_read)
    if price.whole_request_above is not None:
        long = usage.total - usage.output > price.whole_request_above
        dollars = sum(map(mul, tokens, price.above if long else price.base))
    else:
        dollars = sum(map(mul, tokens, price.base))
        if price.above != price.base and max(tokens) > _LONG:
            dearer = map(sub, price.above, price.base)
            dollars += sum(map(mul, (max(n - _LONG, 0) for n in tokens), dearer))
    return dollars * (price.fast_factor if usage.fast else 1) / 1_000_000


@lru_cache(maxsize=1024)
def _price_of(model: str) -> Price | None:
    _, prices = price_list()
    return prices.get(model) or prices.get(_RELEASE.sub("", model))

"""What tokens would cost at the API's list prices: a dated table, so that a figure can be made again.

The result is an equivalent, not a bill: many users pay a subscription. A model without a price has no cost rather
than a cost of zero.
"""

from __future__ import annotations

import csv
import datetime as dt
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from sessions_pipeline.sources.model import Usage

# A model's name may carry the day of its release: claude-sonnet-4-5-20250929, on Vertex claude-sonnet-4-5@20250929.
_RELEASE = re.compile(r"[-@]20\d{6}$")
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

    above_200k: rates of the tokens of a class beyond the first 200,000 that one response has of it; the base rates
    where the list has no others. fast_factor: how many times dearer a response in the fast mode is.
    """

    base: Rates
    above_200k: Rates
    fast_factor: float


@cache
def price_list() -> tuple[dt.date, dict[str, Price]]:
    """The date of the shipped list, and model name -> price."""
    text = files("sessions_pipeline.sessions").joinpath("prices.csv").read_text()
    rows = list(csv.DictReader(text.splitlines()))
    return dt.date.fromisoformat(rows[0]["as_of"]), {row["model"]: _price(row) for row in rows}


def _price(row: dict[str, str]) -> Price:
    classes = Rates._fields
    base = Rates(*(float(row[name]) for name in classes))
    above = Rates(*(float(row[f"{name}_above_200k"] or row[name]) for name in classes))
    return Price(base, above, float(row["fast_factor"]))


def cost_usd(model: str, usage: Usage) -> float | None:
    """Cost of one response in US dollars, or None if the model is not on the list.

    The dearer rates apply to each class by itself, as ccusage has it. (A provider may price a whole request by the
    length of its prompt.)
    """
    price = _price_of(model)
    if price is None:
        return 0.0 if usage.total == 0 else None
    classes = (usage.input, usage.output, usage.cache_write_5m, usage.cache_write_1h, usage.cache_read)
    dollars = 0.0
    for tokens, rate, rate_above in zip(classes, price.base, price.above_200k, strict=True):
        if tokens <= _LONG:
            dollars += tokens * rate
        else:
            dollars += _LONG * rate + (tokens - _LONG) * rate_above
    return dollars * (price.fast_factor if usage.fast else 1) / 1_000_000


@cache
def _price_of(model: str) -> Price | None:
    _, prices = price_list()
    return prices.get(model) or prices.get(_RELEASE.sub("", model))

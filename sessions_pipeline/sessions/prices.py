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

from sessions_pipeline.sources.model import Usage

_DATE_SUFFIX = re.compile(r"-20\d{6}$")


@dataclass(frozen=True)
class Price:
    """US dollars per million tokens of each class."""

    input: float
    output: float
    cache_write_5m: float
    cache_write_1h: float
    cache_read: float


@cache
def price_list() -> tuple[dt.date, dict[str, Price]]:
    """The date of the shipped list, and model name -> price."""
    text = files("sessions_pipeline.sessions").joinpath("prices.csv").read_text()
    rows = list(csv.DictReader(text.splitlines()))
    prices = {row["model"]: Price(*(float(row[name]) for name in Price.__dataclass_fields__)) for row in rows}
    return dt.date.fromisoformat(rows[0]["as_of"]), prices


def cost_usd(model: str, usage: Usage) -> float | None:
    """Cost of one response in US dollars, or None if the model is not on the list."""
    _, prices = price_list()
    price = prices.get(model) or prices.get(_DATE_SUFFIX.sub("", model))
    if price is None:
        return 0.0 if usage.total == 0 else None
    return (
        usage.input * price.input
        + usage.output * price.output
        + usage.cache_write_5m * price.cache_write_5m
        + usage.cache_write_1h * price.cache_write_1h
        + usage.cache_read * price.cache_read
    ) / 1_000_000

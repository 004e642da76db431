"""Month arithmetic. A month is the date of its first day, in UTC, everywhere in the project."""

from __future__ import annotations

import datetime as dt
import re

# Before the first public coding agent of this kind kept logs; an earlier timestamp is a wrong clock.
FIRST_MONTH = dt.date(2025, 1, 1)
_MONTH = re.compile(r"([0-9]{4})-([0-9]{2})")


def month_of(moment: dt.datetime) -> dt.date:
    """Month in which `moment` lies; a moment without a time zone is taken as UTC."""
    if moment.tzinfo is not None:
        moment = moment.astimezone(dt.UTC)
    return moment.date().replace(day=1)


def parse_month(text: str) -> dt.date:
    """Month written as YYYY-MM. Raises ValueError with an example for anything else."""
    match = _MONTH.fullmatch(text)
    try:
        if match:
            return dt.date(int(match[1]), int(match[2]), 1)
    except ValueError:
        pass
    raise ValueError(f"{text!r} is not a month: write YYYY-MM, e.g. 2025-10")


def month_key(month: dt.date) -> str:
    """Partition key of `month`: YYYY-MM-01."""
    return _first_day(month).isoformat()


def month_from_key(key: str) -> dt.date:
    """Month of a partition key. Raises ValueError if `key` is not the first day of a month."""
    return _first_day(dt.date.fromisoformat(key))


def add_months(month: dt.date, count: int) -> dt.date:
    """The month `count` months after `month`; before it if negative."""
    years, zero_based = divmod(month.month - 1 + count, 12)
    return dt.date(month.year + years, zero_based + 1, 1)


def months_between(first: dt.date, last: dt.date) -> list[dt.date]:
    """All months from `first` to `last`, both included; none if `last` is earlier."""
    count = 12 * (last.year - first.year) + last.month - first.month + 1
    return [add_months(first, offset) for offset in range(count)]


def window_ending(month: dt.date, length: int) -> list[dt.date]:
    """The `length` months that end with `month`, in order: the window of a vintage."""
    return months_between(add_months(month, 1 - length), month)


def _first_day(day: dt.date) -> dt.date:
    if day.day != 1:
        raise ValueError(f"{day.isoformat()} is not the first day of a month")
    return day

"""How numbers and dates are written in the report: text out, nothing else.

A value that is missing (None or NaN) is written as an em dash, so that no cell is ever silently empty.
"""

from __future__ import annotations

import datetime as dt
import math
from typing import TypeGuard

from sessions_pipeline.report.published import Published

MISSING = "—"
MINUS = "−"


def count(value: float | None) -> str:
    """12345 → 12,345."""
    return _signed(f"{value:,.0f}") if _present(value) else MISSING


def share(value: float | None, decimals: int = 1) -> str:
    """0.275 → 27.5%."""
    return _signed(f"{100 * value:.{decimals}f}%") if _present(value) else MISSING


def change(value: float | None, decimals: int = 0) -> str:
    """0.43 → +43%."""
    return _signed(f"{100 * value:+,.{decimals}f}%") if _present(value) else MISSING


def points(value: float | None) -> str:
    """0.0379 → +3.8 points (percentage points)."""
    return f"{signed_points(value)} points" if _present(value) else MISSING


def signed_points(value: float | None) -> str:
    """0.0379 → +3.8."""
    return _signed(f"{100 * value:+.1f}") if _present(value) else MISSING


def points_interval(low: float | None, high: float | None) -> str:
    """0.015, 0.063 → +1.5 to +6.3 points."""
    ends = interval(signed_points(low), signed_points(high))
    return ends if ends == MISSING else f"{ends} points"


def removed(number: int) -> str:
    """A rule's effect with the sign that makes a column add up: 98 → −98, −14 → +14."""
    return "0" if number == 0 else f"{MINUS if number > 0 else '+'}{count(abs(number))}"


def dollars(value: float | None) -> str:
    """1234.5 → $1,235."""
    return _signed(f"{'-' if value < 0 else ''}${abs(value):,.0f}") if _present(value) else MISSING


def effort(value: float | None) -> str:
    """Actions or words per prompt: 4.93 → 4.9, 3214.2 → 3,214."""
    if not _present(value):
        return MISSING
    return f"{value:.1f}" if value < 100 else f"{value:,.0f}"


def coefficient(value: float | None, decimals: int = 4) -> str:
    """0.0379 → 0.0379."""
    return _signed(f"{value:.{decimals}f}") if _present(value) else MISSING


def p_value(value: float | None) -> str:
    """0.00004 → < 0.001; 0.0312 → 0.031."""
    if not _present(value):
        return MISSING
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def interval(low: str, high: str) -> str:
    """Two written ends → one written interval: 24.1% to 31.0%."""
    return MISSING if MISSING in (low, high) else f"{low} to {high}"


def share_interval(low: float | None, high: float | None) -> str:
    """0.241, 0.31 → 24.1% to 31.0%."""
    return interval(share(low), share(high))


def printed(figure: Published | None) -> str:
    """A published number with the decimals it was printed with."""
    if figure is None:
        return MISSING
    if figure.unit == "share":
        return share(figure.value, max(0, figure.decimals - 2))
    if figure.unit == "relative_change":
        return change(figure.value, max(0, figure.decimals - 2))
    if figure.unit.startswith("probability"):
        return points(figure.value)
    return printed_plain(figure)


def printed_plain(figure: Published | None) -> str:
    """A published number as it stands in the study's table: 0.0379."""
    return MISSING if figure is None else _signed(f"{figure.value:,.{figure.decimals}f}")


def month_name(month: dt.date) -> str:
    """2025-10-01 → October 2025."""
    return f"{_MONTHS[month.month - 1]} {month.year}"


def short_month(month: dt.date) -> str:
    """2025-10-01 → Oct ’25."""
    return f"{_MONTHS[month.month - 1][:3]} ’{month.year % 100:02d}"


def plural(number: int, singular: str, plural_form: str | None = None) -> str:
    """2, user → 2 users."""
    return f"{count(number)} {singular if number == 1 else plural_form or singular + 's'}"


def _present(value: float | None) -> TypeGuard[float]:
    return value is not None and math.isfinite(value)


def _signed(text: str) -> str:
    """A true minus sign, and no minus before a number that is written as zero."""
    if not text.startswith("-"):
        return text
    return MINUS + text[1:] if any(digit in text for digit in "123456789") else text[1:]


_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)

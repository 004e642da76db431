"""Month arithmetic against calendars written out by hand."""

from __future__ import annotations

import datetime as dt

import pytest

from sessions_pipeline.months import (
    add_months,
    month_from_key,
    month_key,
    month_of,
    months_between,
    parse_month,
    window_ending,
)

OCTOBER, APRIL = dt.date(2025, 10, 1), dt.date(2026, 4, 1)
STUDY = [*(dt.date(2025, month, 1) for month in (10, 11, 12)), *(dt.date(2026, month, 1) for month in (1, 2, 3, 4))]


def test_the_studys_seven_months() -> None:
    assert months_between(OCTOBER, APRIL) == STUDY
    assert window_ending(APRIL, 7) == STUDY


def test_one_month_and_none() -> None:
    assert months_between(APRIL, APRIL) == window_ending(APRIL, 1) == [APRIL]
    assert months_between(APRIL, OCTOBER) == []


@pytest.mark.parametrize(
    ("count", "month"),
    [
        (0, (2025, 10)),
        (2, (2025, 12)),
        (3, (2026, 1)),
        (15, (2027, 1)),
        (-9, (2025, 1)),
        (-10, (2024, 12)),
        (-22, (2023, 12)),
    ],
)
def test_adding_crosses_years(count: int, month: tuple[int, int]) -> None:
    assert add_months(OCTOBER, count) == dt.date(*month, 1)


def test_a_moment_is_in_its_month_of_universal_time() -> None:
    late_evening_in_new_york = dt.datetime(2025, 10, 31, 22, tzinfo=dt.timezone(dt.timedelta(hours=-4)))
    assert month_of(late_evening_in_new_york) == dt.date(2025, 11, 1)
    assert month_of(dt.datetime(2025, 10, 31, 23, 59, 59)) == OCTOBER


def test_reading_and_writing() -> None:
    assert parse_month("2025-10") == OCTOBER
    assert month_key(OCTOBER) == "2025-10-01"
    assert month_from_key("2025-10-01") == OCTOBER


@pytest.mark.parametrize(
    "text", ["2025-13", "2025-00", "0000-10", "2025-1", "25-10", "2025-10-01", "October", "", "２０２５-10"]
)
def test_what_is_not_a_month_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a month: write YYYY-MM, e\.g\. 2025-10"):
        parse_month(text)


def test_a_key_is_a_first_day() -> None:
    with pytest.raises(ValueError, match="2025-10-02 is not the first day"):
        month_from_key("2025-10-02")
    with pytest.raises(ValueError, match="2025-10-02 is not the first day"):
        month_key(dt.date(2025, 10, 2))

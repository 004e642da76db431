import datetime as dt
import math

import pytest

from sessions_pipeline.report import numbers


@pytest.mark.parametrize(
    ("write", "value", "text"),
    [
        (numbers.share, 0.275, "27.5%"),
        (numbers.share, 0.00004, "0.0%"),
        (numbers.share, -0.012, "−1.2%"),
        (numbers.share, -0.00004, "0.0%"),
        (numbers.count, 1234567, "1,234,567"),
        (numbers.change, 0.434, "+43%"),
        (numbers.change, -0.061, "−6%"),
        (numbers.points, 0.0379, "+3.8 points"),
        (numbers.dollars, 1234.5, "$1,234"),
        (numbers.dollars, -20.4, "−$20"),
        (numbers.effort, 4.93, "4.9"),
        (numbers.effort, 3214.2, "3,214"),
        (numbers.coefficient, -0.0012, "−0.0012"),
        (numbers.p_value, 0.0004, "< 0.001"),
        (numbers.p_value, 0.0312, "0.031"),
        (numbers.removed, 98, "−98"),
        (numbers.removed, -14, "+14"),
        (numbers.removed, 0, "0"),
    ],
)
def test_numbers_as_a_reader_expects_them(write, value, text):
    assert write(value) == text


@pytest.mark.parametrize("write", [numbers.share, numbers.count, numbers.change, numbers.dollars, numbers.effort])
@pytest.mark.parametrize("value", [None, math.nan, math.inf])
def test_a_missing_value_is_a_dash_never_nan(write, value):
    assert write(value) == "—"


def test_an_interval_with_a_missing_end_is_no_interval():
    assert numbers.share_interval(0.2, None) == "—"
    assert numbers.points_interval(None, 0.1) == "—"
    assert numbers.share_interval(0.241, 0.31) == "24.1% to 31.0%"
    assert numbers.points_interval(-0.015, 0.063) == "−1.5 to +6.3 points"


def test_months_and_plurals():
    assert numbers.month_name(dt.date(2026, 4, 1)) == "April 2026"
    assert numbers.short_month(dt.date(2025, 10, 1)) == "Oct ’25"
    assert numbers.plural(1, "user") == "1 user"
    assert numbers.plural(1200, "user") == "1,200 users"

"""Whichever way rows are looked at, those that break a rule of the model are refused: pandera is the second opinion."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl
import pytest

from sessions_pipeline import schemas
from sessions_pipeline.rows import BadRowsError, valid_rows
from sessions_pipeline.schemas import TABLES, Column, Table, validate

MONTH = dt.date(2026, 1, 1)
FILLERS = {
    pl.Int64(): 1,
    pl.Float64(): 0.5,
    pl.String(): "-",
    pl.Boolean(): False,
    pl.Date(): MONTH,
    pl.Datetime("us"): dt.datetime(2026, 1, 1),
}


def good_row(model: type[Table]) -> dict[str, Any]:
    """A row that keeps every rule."""
    return {name: good_value(column.rules, FILLERS[model.types()[name]]) for name, column in model.columns().items()}


def good_value(rules: Mapping[str, Any], filler: object) -> object:
    if "isin" in rules:
        return next(iter(rules["isin"]))
    return rules["gt"] + 0.5 if "gt" in rules else rules.get("ge", filler)


def breaches(column: Column) -> Iterator[tuple[str, Any]]:
    """What pandera calls each rule of a column, and a value that breaks it."""
    if not column.nullable:
        yield "not_nullable", None
    for rule, limit in column.rules.items():
        yield {
            "ge": lambda limit: (f"greater_than_or_equal_to({limit})", limit - 1),
            "gt": lambda limit: (f"greater_than({limit})", limit),
            "le": lambda limit: (f"less_than_or_equal_to({limit})", limit + 1),
            "isin": lambda allowed: (f"isin({list(allowed)})", type(next(iter(allowed)))(99)),
        }[rule](limit)


def every_kind_of_breach() -> dict[tuple[str, str], tuple[str, str, Any]]:
    """One table, column and value for each pair of a column's type and a rule that some table has."""
    return {
        (str(kind), rule.split("(")[0]): (table, name, value)
        for table, model in TABLES.items()
        for name, kind in model.types().items()
        for rule, value in breaches(model.columns()[name])
    }


@pytest.mark.parametrize("table", TABLES)
def test_a_row_that_keeps_every_rule_enters(table: str) -> None:
    rows = pl.DataFrame([good_row(TABLES[table])], schema=schemas.polars_schema(table))
    assert valid_rows(table, rows, [MONTH]).rows() == validate(table, rows).rows() == rows.rows()


@pytest.mark.parametrize(("broken", "place"), every_kind_of_breach().items(), ids=str)
def test_a_row_that_breaks_one_rule_is_refused(broken: tuple[str, str], place: tuple[str, str, Any]) -> None:
    table, column, value = place
    good = good_row(TABLES[table])
    rows = pl.DataFrame([good, {**good, column: value}], schema=schemas.polars_schema(table))
    rows = rows.with_columns(pl.Series(name, ["a", "b"]) for name, key in TABLES[table].columns().items() if key.unique)
    with pytest.raises(BadRowsError, match=rf"{column}: {broken[1]}\b"):
        valid_rows(table, rows, [MONTH])


def test_a_rule_that_only_pandera_knows_is_left_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    class Named(Table):
        """One row per name."""

        name: str = schemas._column("in lower case", str_matches="^[a-z]+$")
        month: dt.date = schemas._column("of the name")

    monkeypatch.setitem(TABLES, "raw.named", Named)
    lower, upper = (pl.DataFrame({"name": [name], "month": [MONTH]}) for name in ("ann", "Ann"))
    assert valid_rows("raw.named", lower, [MONTH]).height == 1
    with pytest.raises(BadRowsError, match="str_matches"):
        valid_rows("raw.named", upper, [MONTH])


def test_good_rows_do_without_what_takes_long_to_import() -> None:
    script = """
import datetime as dt, sys
import polars as pl
from sessions_pipeline.rows import valid_rows
month = dt.date(2026, 1, 1)
rows = pl.DataFrame({"file_key": ["a"], "month": [month], "line_number": [3], "reason": ["not valid JSON"]})
valid_rows("raw.rejected_lines", rows, [month])
print([name for name in ("pandera", "pandas", "dagster") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"

"""Which rows may enter a table: the model of `schemas.py`, the months, and what no table may hold.

Errors name rows by key and column and never repeat a value, because a value could be somebody's text.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any

import polars as pl
import polars.selectors as cs

from sessions_pipeline import schemas

# What breaks each of pandera's checks; of a column with another check, pandera alone knows.
_BROKEN: dict[str, Callable[[pl.Expr, Any], pl.Expr]] = {
    "ge": lambda column, limit: column < limit,
    "gt": lambda column, limit: column <= limit,
    "le": lambda column, limit: column > limit,
    "isin": lambda column, allowed: ~column.is_in(list(allowed)),
}


class BadRowsError(ValueError):
    """Rows that may not enter a table."""


def valid_rows(table: str, frame: pl.DataFrame, months: Sequence[dt.date]) -> pl.DataFrame:
    """`frame`, columns in the order of `table`, once it is known to be fit for it.

    Raises BadRowsError if a column is missing or unknown, a row breaks the model or lies outside `months`, or a number
    is NaN or infinite (pandera lets both pass, and a single NaN makes every mean above it NaN).
    """
    if any(month.day != 1 for month in months):
        raise ValueError(f"months are named by their first day, not {_listed(months)}")
    if wrong := set(frame.columns) ^ schemas.polars_schema(table).keys():
        raise BadRowsError(f"{table}: columns are missing or unknown: {', '.join(sorted(wrong))}")
    rows = frame.select(list(schemas.polars_schema(table)))
    if not _keeps_all_rules(table, rows):
        _refuse(table, frame)
    for column in rows.select(cs.float()).columns:
        if at := _where(~rows[column].is_finite()):
            raise BadRowsError(f"{table}.{column} is NaN or infinite in {name_rows(rows, at)}: unknown is null")
    if at := _where(~rows["month"].is_in(list(months))):
        raise BadRowsError(f"{table}: outside the months {_listed(months)}: {name_rows(rows, at)}")
    return rows


def _keeps_all_rules(table: str, rows: pl.DataFrame) -> bool:
    """Whether no row breaks the model; False too where only pandera can tell.

    Nearly all rows that are written keep all rules, and this says so without the second that pandera takes to be
    imported and to start.
    """
    model = schemas.TABLES[table]
    if rows.schema != pl.Schema(model.types()):
        return False
    broken: list[pl.Expr] = []
    for name, column in model.columns().items():
        if not column.rules.keys() <= _BROKEN.keys():
            return False
        broken += [_BROKEN[rule](pl.col(name), limit) for rule, limit in column.rules.items()]
        broken += [] if column.nullable else [pl.col(name).is_null()]
        broken += [pl.col(name).is_duplicated()] if column.unique else []
    return not rows.select(pl.any_horizontal(each.any() for each in broken)).item()


def _refuse(table: str, frame: pl.DataFrame) -> None:
    """Raises BadRowsError with every rule that is broken, if one is."""
    import pandera.errors

    try:
        schemas.validate(table, frame)
    except pandera.errors.SchemaErrors as error:
        raise BadRowsError(_broken_rules(table, frame, error.failure_cases)) from None


def _broken_rules(table: str, frame: pl.DataFrame, failures: pl.DataFrame) -> str:
    """One line per column and rule of pandera's failure cases."""
    lines = [f"{table} would hold rows that its model refuses; nothing was written"]
    for (column, rule), cases in failures.group_by("column", "check", maintain_order=True):
        at = cases["index"].drop_nulls().to_list()
        found = name_rows(frame, at) if at else f"the whole column, which is {frame.schema[str(column)]}"
        lines.append(f"  {column}: {rule} does not hold in {found}")
    return "\n".join(lines)


def name_rows(frame: pl.DataFrame, at: Sequence[int]) -> str:
    """The first of the rows `at`, by position and by their first column: a key or a month in every table."""
    key = frame.columns[0]
    named = ", ".join(f"row {row} ({key} {frame[key][row]})" for row in at[:3])
    return f"{named} and {len(at) - 3} more" if len(at) > 3 else named


def _where(mask: pl.Series) -> list[int]:
    return mask.arg_true().to_list()


def _listed(months: Sequence[dt.date]) -> str:
    return ", ".join(month.isoformat() for month in months) or "(none)"

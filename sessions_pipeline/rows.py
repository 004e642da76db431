"""Which rows may enter a table: the model of `schemas.py`, the months, and what no table may hold.

Errors name rows by key and column and never repeat a value, because a value could be somebody's text.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import pandera.errors
import polars as pl
import polars.selectors as cs

from sessions_pipeline import schemas


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
    try:
        rows = schemas.validate(table, frame)
    except pandera.errors.SchemaErrors as error:
        raise BadRowsError(_broken_rules(table, frame, error.failure_cases)) from None
    for column in rows.select(cs.float()).columns:
        if at := _where(~rows[column].is_finite()):
            raise BadRowsError(f"{table}.{column} is NaN or infinite in {name_rows(rows, at)}: unknown is null")
    if at := _where(~rows["month"].is_in(list(months))):
        raise BadRowsError(f"{table}: outside the months {_listed(months)}: {name_rows(rows, at)}")
    return rows


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

"""The reference of tables and columns, written from the models: `python -m sessions_pipeline.table_reference`.

`make docs` puts it into docs/tables.md, and a test fails while that file says anything else.
"""

from __future__ import annotations

from inspect import getdoc

from sessions_pipeline.schemas import TABLES, polars_schema

_HEAD = """# Tables and columns

Written from `sessions_pipeline/schemas.py` by `make docs`. The part of a name before the dot is the table's schema in
`warehouse.duckdb` and its group in the Dagster UI. Times are UTC. A column may be empty (null) only where it says so.
"""


def reference() -> str:
    """Every table with its grain, every column with type and meaning, as Markdown."""
    return "\n".join([_HEAD, *(_table(table) for table in TABLES)])


def _table(table: str) -> str:
    types = polars_schema(table)
    rows = [
        f"| `{name}` | {types[name]}{', null' if column.nullable else ''} | {_cell(column.description or '')} |"
        for name, column in TABLES[table].to_schema().columns.items()
    ]
    return "\n".join(
        [f"## {table}", "", getdoc(TABLES[table]) or "", "", "| column | type | meaning |", "|---|---|---|", *rows, ""]
    )


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    print(reference(), end="")

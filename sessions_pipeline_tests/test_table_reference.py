"""The reference of tables says what the models say."""

from __future__ import annotations

from pathlib import Path

from sessions_pipeline.schemas import TABLES
from sessions_pipeline.table_reference import reference

PAGE = Path(__file__).parents[1] / "docs" / "tables.md"


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == reference(), "run `make docs`"


def test_every_column_of_every_table_has_a_meaning() -> None:
    for table, model in TABLES.items():
        for name, column in model.to_schema().columns.items():
            assert column.description, f"{table}.{name}"
            assert f"| `{name}` |" in reference()

"""What is read off a SQL file: header, columns, dependencies, parameters, lineage; and what is refused."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import pytest

from sessions_pipeline import schemas
from sessions_pipeline.sql import FOLDER, PARAMETERS, SqlModelError, load_models, models_from
from sessions_pipeline_tests.dbt_like_sql.running import fill, models, month, periods, run, table

PERIODS = """\
-- One row per month and period: for a test.
--
-- Made of two
-- lines.
--
-- columns:
--   last_month: the month itself: nothing else
--
-- assertions:
--   unique: month, period
--   each row: first_month <= last_month
--   each month: count(*) <= $window_months

with labels as (
    select * from staging.current_labels where month >= $first_month
),

final as (
    select month, 'month' as period, min(month) as first_month, max(month) as last_month
    from labels
    group by month
)

select * from final
"""


def write(folder: Path, **files: str) -> Path:
    """Writes schema__name="text" as schema/name.sql."""
    for name, text in files.items():
        path = folder / f"{name.replace('__', '/')}.sql"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return folder


def test_reads_all_that_a_file_says(tmp_path: Path) -> None:
    model = load_models(write(tmp_path, staging__periods=PERIODS))["staging.periods"]
    assert model.sql == PERIODS
    assert model.description == "One row per month and period: for a test.\n\nMade of two\nlines."
    assert model.dependencies == ("staging.current_labels",)
    assert model.parameters == ("first_month",)
    assert list(model.columns) == ["month", "period", "first_month", "last_month"]
    assert model.columns["last_month"] == "the month itself: nothing else"
    assert model.columns["first_month"] == "first month of the period"  # from schemas.py
    assert [assertion.text for assertion in model.assertions] == [
        "unique: month, period",
        "each row: first_month <= last_month",
        "each month: count(*) <= $window_months",
    ]
    assert model.lineage == {
        "month": (("staging.current_labels", "month"),),
        "period": (),
        "first_month": (("staging.current_labels", "month"),),
        "last_month": (("staging.current_labels", "month"),),
    }


@pytest.mark.parametrize(
    ("broken", "found"),
    [
        ("select date '2026-01-01', 'month', date '2026-01-01', date '2026-01-01'", [0, 0, 0]),
        ("select date '2026-01-01', 'month', date '2026-02-01', date '2026-01-01'", [0, 1, 0]),
        ("select date '2026-01-01', 'month', null, date '2026-01-01'", [0, 0, 0]),
        ("select date '2026-01-01', 'month', date '2026-01-01', date '2026-01-01' from range(2)", [1, 0, 1]),
        ("select date '2025-01-01', 'month', date '2026-02-01', date '2026-01-01'", [0, 0, 0]),  # not written now
    ],
)
def test_assertions_find_the_rows_that_break_them(tmp_path: Path, broken: str, found: list[int]) -> None:
    model = load_models(write(tmp_path, staging__periods=PERIODS))["staging.periods"]
    values = {"first_month": "2026-01-01", "last_month": "2026-01-01", "window_months": 1}
    with duckdb.connect() as connection:
        connection.execute("create schema staging")
        connection.execute(f"create table staging.periods(month, period, first_month, last_month) as {broken}")
        rows = [
            connection.execute(assertion.sql, {name: values[name] for name in assertion.parameters}).fetchall()
            for assertion in model.assertions
        ]
    assert [len(some) for some in rows] == found


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("-- One row per month and period: for a test.\n", "", "staging/periods.sql: no header"),
        ("-- One row per", "-- Rows per", "staging/periods.sql: no header"),
        ("last_month: the month itself: nothing else", "last_month", "line 7: expected 'name: text'"),
        ("last_month: the", "week: the", "documents week, which it has not"),
        ("each month: count", "all: count", "'all' is none of 'unique'"),
        ("count(*) <= $window_months", "count(* <=", "is not DuckDB SQL"),
        (
            "from staging.current_labels",
            "from staging.currrent_labels",
            "reads staging.currrent_labels, which is neither",
        ),
        ("from labels\n", "from lables\n", "reads lables, which is neither"),
        ("$first_month\n", "$since\n", r"takes \$since; there are \$first_month, "),
        ("'month' as period, ", "", "lacks the columns period, which schemas.TABLES['staging.periods'] has"),
        ("'month' as period, ", "'month' as period, 1 as one, ", "has the columns one, which schemas.TABLES"),
        ("min(month)", "min(moth)", "staging/periods.sql: .*moth"),
        ("select * from final\n", "select * from final; select 1\n", "expected one SELECT"),
        ("select * from final\n", "drop table final\n", "staging/periods.sql: "),
    ],
)
def test_a_file_that_cannot_be_used_is_named_with_the_reason(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in PERIODS
    pattern = message if "\\" in message or ".*" in message else re.escape(message)
    with pytest.raises(SqlModelError, match=pattern) as error:
        load_models(write(tmp_path, staging__periods=PERIODS.replace(old, new)))
    assert str(error.value).startswith("staging/periods.sql")


def test_a_table_without_a_schema_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SqlModelError, match=r"marts/unheard_of\.sql: schemas\.TABLES has no marts\.unheard_of"):
        load_models(write(tmp_path, marts__unheard_of=PERIODS))


def test_files_that_read_each_other_are_refused(tmp_path: Path) -> None:
    shares = """\
-- One row per month.
select month, period, 'plan' as work_mode, 1 as sessions, 1 as users, 1.0 as estimate, 1.0 as ci_low, 1.0 as ci_high,
    false as suppressed
from staging.periods
"""
    circle = PERIODS.replace("staging.current_labels", "marts.work_mode_shares")
    folder = write(tmp_path, staging__periods=circle, marts__work_mode_shares=shares)
    with pytest.raises(SqlModelError, match=r"periods\.sql reads marts/work_mode_shares\.sql.*: a circle"):
        load_models(folder)


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SqlModelError, match="no SQL models"):
        load_models(tmp_path)


def test_every_model_comes_after_what_it_reads() -> None:
    order = list(models())
    assert set(order) == {f"{path.parent.name}.{path.stem}" for path in FOLDER.glob("*/*.sql")}
    for place, (name, model) in enumerate(models().items()):
        made_here = [source for source in model.dependencies if source in models()]
        assert all(order.index(source) < place for source in made_here), name


def test_descriptions_open_with_the_grain_of_the_schema() -> None:
    for name, model in models().items():
        assert model.description.splitlines()[0] == schemas.grain(name)


@pytest.mark.parametrize(
    ("name", "column", "sources"),
    [
        ("core.classified_sessions", "month", {"core.sessions.month"}),
        (
            "core.classified_sessions",
            "actions_per_prompt",
            {"core.sessions.tool_calls", "core.sessions.human_prompts"},
        ),
        (
            "core.classified_sessions",
            "abandoned",
            {"staging.current_labels.outcome", "core.sessions.lines_added"},
        ),
        (
            "staging.current_labels",
            "task_value_usd",
            {
                f"labels.classifications.{column}"
                for column in ("classifier", "value", "classified_at", "prompt_sha256", "model")
            },
        ),
    ],
)
def test_lineage_of_the_models(name: str, column: str, sources: set[str]) -> None:
    assert {".".join(source) for source in models()[name].lineage[column]} == sources


def test_lineage_names_existing_columns_and_covers_the_estimates() -> None:
    for model in models().values():
        for sources in model.lineage.values():
            assert all(column in schemas.polars_schema(source) for source, column in sources)
    assert models()["marts.task_value"].lineage["estimate"] == (("staging.figures", "estimate"),)
    assert ("staging.cells", "y1") in models()["staging.figures"].lineage["estimate"]
    assert ("core.classified_sessions", "task_value_usd") in models()["staging.cells"].lineage["y1"]


def test_every_parameter_is_documented_in_the_readme() -> None:
    documented = re.findall(r"^\| `\$(\w+)` \| (\w+) \| (.+) \|$", (FOLDER / "README.md").read_text(), re.MULTILINE)
    dates = {name for name, kind, _ in documented if kind == "DATE"}
    assert {name: text + (", a DATE" if name in dates else "") for name, _, text in documented} == PARAMETERS


def test_the_readme_shows_how_to_run_a_file_by_hand() -> None:
    [script] = re.findall(r'duckdb -readonly \S+ "\n(.*?)"\n', (FOLDER / "README.md").read_text(), re.DOTALL)
    statements = re.sub(r"\$\(cat (\S+)\)", lambda found: (FOLDER.parent / found[1]).read_text(), script)
    sessions = table(
        "core.classified_sessions",
        month=[month("2026-04")] * 6,
        user_key=[f"user {number}" for number in range(6)],
        work_mode=["fix"] * 6,
        task_value_usd=[10.0, 20, 30, 40, 50, 60],
    )
    tables = {"core.classified_sessions": sessions, "staging.periods": periods(sessions, "2025-10", "2026-04", 7)}
    given = {"first_month": month("2025-10"), "last_month": month("2026-04"), "window_months": 7, "min_users": 1}
    for name in ("staging.cells", "staging.small_levels", "staging.released", "staging.figures"):
        tables[name] = run(name, tables, **given)
    with duckdb.connect() as connection:
        fill(connection, tables)
        rows = connection.execute(statements).fetchall()
    assert [(row[1], row[2], row[5]) for row in rows] == [
        (period, mode, 35.0) for period in ("month", "window") for mode in ("all", "fix")
    ]


def test_models_from_the_cache_are_those_of_the_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = tmp_path / "models.json"
    fresh = models()
    assert models_from(cache) == fresh
    monkeypatch.setattr("sessions_pipeline.sql.load_models", dict)  # what is read now comes from the cache
    kept = models_from(cache)
    assert kept == fresh
    assert [model.lineage for model in kept.values()] == [model.lineage for model in fresh.values()]


@pytest.mark.parametrize("content", ["", "{}", '{"made_of": "other files", "models": []}'])
def test_a_cache_that_is_damaged_or_of_other_files_is_not_used(tmp_path: Path, content: str) -> None:
    cache = tmp_path / "models.json"
    cache.write_text(content)
    assert models_from(cache) == models()


def test_a_cache_that_cannot_be_written_is_done_without(tmp_path: Path) -> None:
    assert models_from(tmp_path / "no such folder" / "models.json") == models()

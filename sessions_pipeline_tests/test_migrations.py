"""A warehouse of every earlier version comes up to this one: whole, or not at all.

`warehouse_versions/N.txt` is the record of version N: table, column and type of all that cannot be made again.
"""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from pathlib import Path

import duckdb
import polars as pl
import pytest

from sessions_pipeline import schemas
from sessions_pipeline.migrations import VERSION, is_derived, steps_for
from sessions_pipeline.schemas import polars_schema
from sessions_pipeline.warehouse import DUCKDB_TYPES, Warehouse, WarehouseError

ROOT = Path(__file__).parents[1]
RECORDS = Path(__file__).parent / "warehouse_versions"
OCTOBER, NOVEMBER, DECEMBER = dt.date(2025, 10, 1), dt.date(2025, 11, 1), dt.date(2025, 12, 1)
# What a row that is older than the column holds: table, column -> value.
OLD_ROWS = {
    ("core.sessions", "log_digest"): "",  # of no lines: the session is added up again
    ("labels.classifications", "probability"): None,
    ("labels.classifications", "reason"): None,
    ("labels.classifications", "cache_write_tokens"): 0,
}
VALUES = {
    "BIGINT": 7,
    "DOUBLE": 0.5,
    "VARCHAR": "x",
    "BOOLEAN": True,
    "DATE": OCTOBER,
    "TIMESTAMP": dt.datetime(2025, 10, 2, 3, 4, 5),
}
LAST_UNNAMED = 4


def record(version: int) -> dict[str, dict[str, str]]:
    """Table -> column -> type, of `version`."""
    found: dict[str, dict[str, str]] = {}
    for line in (RECORDS / f"{version}.txt").read_text().splitlines():
        table, column, kind = line.split(" ", 2)
        found.setdefault(table, {})[column] = kind
    return found


def stored_types(file: Path) -> dict[str, dict[str, str]]:
    """Table -> column -> type, as the file has it."""
    found: dict[str, dict[str, str]] = {}
    with duckdb.connect(str(file)) as connection:
        for table, column, kind in connection.execute(
            "SELECT schema_name || '.' || table_name, column_name, data_type || if(is_nullable, '', ' NOT NULL') "
            "FROM duckdb_columns() WHERE NOT internal ORDER BY column_index"
        ).fetchall():
            found.setdefault(table, {})[column] = kind
    return found


def file_of(version: int, file: Path) -> Path:
    """A file as `version` left it, one row in every table of its record."""
    with duckdb.connect(str(file)) as connection:
        for table, columns in record(version).items():
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS {table.split('.')[0]}")
            connection.execute(
                f"CREATE TABLE {table} ({', '.join(f'{name} {kind}' for name, kind in columns.items())})"
            )
            row = [VALUES[kind.removesuffix(" NOT NULL")] for kind in columns.values()]
            connection.execute(f"INSERT INTO {table} VALUES ({', '.join('?' for _ in row)})", row)
        if version > LAST_UNNAMED:
            connection.execute(f"CREATE TABLE main.schema_version AS SELECT {version} AS version, 'old' AS sha256")
        else:
            connection.execute("CREATE TABLE main.schema_fingerprint AS SELECT 'old' AS sha256")
    return file


def rows_of_today(version: int) -> dict[str, dict[str, object]]:
    """Table -> its row in a file of `version` once that is of today's version; no row in a table that it had not."""
    old = record(version)
    return {
        table: {
            column: VALUES[kind.removesuffix(" NOT NULL")] if column in old[table] else OLD_ROWS[table, column]
            for column, kind in columns.items()
        }
        for table, columns in record(VERSION).items()
        if table in old
    }


def assert_is_today_s(file: Path, version: int | None) -> None:
    """The file opens, has today's tables, and the rows of a file of `version`; none: no rows."""
    warehouse, expected = Warehouse(database=str(file)), rows_of_today(version) if version else {}
    with warehouse.get_connection() as connection:
        for table in record(VERSION):
            rows = connection.sql(f"FROM {table}").pl().rows(named=True)
            assert rows == ([expected[table]] if table in expected else []), table
        assert connection.execute("SELECT version FROM main.schema_version").fetchall() == [(VERSION,)]
    types = stored_types(file)
    for table, columns in record(VERSION).items():
        assert types[table] == columns, table
    assert types.keys() >= schemas.TABLES.keys()


def test_the_record_of_this_version_has_the_columns_of_the_models() -> None:
    now = {
        table: {
            name: DUCKDB_TYPES[column.dtype.type] + ("" if column.nullable else " NOT NULL")
            for name, column in model.to_schema().columns.items()
        }
        for table, model in schemas.TABLES.items()
        if not is_derived(table)
    }
    recorded = record(VERSION)
    changed = [table for table in recorded if recorded[table] != now.get(table)]
    assert not changed, (
        f"columns of {', '.join(changed)} changed, and files with the old ones exist: append a Migration to "
        f"sessions_pipeline/migrations.py, write warehouse_versions/{VERSION + 1}.txt, and say in OLD_ROWS what old "
        "rows hold"
    )
    new = "\n".join(f"{table} {name} {kind}" for table in now.keys() - recorded for name, kind in now[table].items())
    assert not new, f"a new table needs no migration; append it to warehouse_versions/{VERSION}.txt:\n{new}"


def test_every_version_has_its_record() -> None:
    assert sorted(int(path.stem) for path in RECORDS.iterdir()) == list(range(1, VERSION + 1))


@pytest.mark.parametrize("version", [None, *range(1, VERSION + 1)])
def test_a_file_of_every_version_keeps_its_rows_and_an_empty_one_is_of_this(
    tmp_path: Path, version: int | None
) -> None:
    file = tmp_path / "warehouse.duckdb"
    if version:
        file_of(version, file)
    assert_is_today_s(file, version)


@pytest.mark.parametrize("version", range(1, LAST_UNNAMED + 1))
def test_a_file_that_names_no_version_is_known_by_its_columns(version: int) -> None:
    steps = [step.number for step in steps_for(None, record(version))]
    assert steps == list(range(version + 1, VERSION + 1))


def test_a_file_that_names_no_version_may_have_had_its_columns_in_another_order() -> None:
    odd = record(1)
    odd["labels.classifications"]["probability"] = "DOUBLE"
    assert [step.number for step in steps_for(None, odd)][:2] == [2, 4]


def refused(file: Path) -> str:
    """What is said of a file that cannot be opened; the file stays as it is."""
    before = file.read_bytes()
    with pytest.raises(WarehouseError) as caught:
        Warehouse(database=str(file)).read("core.sessions")
    assert file.read_bytes() == before
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_file_of_a_newer_version_is_refused_in_one_line(tmp_path: Path) -> None:
    file = tmp_path / "warehouse.duckdb"
    Warehouse(database=str(file)).read("core.sessions")
    with duckdb.connect(str(file)) as connection:
        connection.execute(f"UPDATE main.schema_version SET version = {VERSION + 1}, sha256 = 'newer'")
    assert f"tables of version {VERSION + 1}; this one knows {VERSION}): update sessions-pipeline" in refused(file)


def test_a_file_that_is_of_no_version_is_refused_in_one_line_and_stays_as_it_is(tmp_path: Path) -> None:
    file = file_of(1, tmp_path / "warehouse.duckdb")
    with duckdb.connect(str(file)) as connection:
        connection.execute("ALTER TABLE labels.classifications ADD COLUMN cache_write_tokens VARCHAR")
    assert "cannot be brought to version 4" in refused(file)


# Forks before DuckDB has threads: all kills for the price of one import.
KILLED = """
import os, signal, sys
from sessions_pipeline import warehouse
apply, transaction = warehouse._apply, warehouse._transaction
def open_and_die(file, moment):
    def die_at(now):
        if now == moment:
            os.kill(os.getpid(), signal.SIGKILL)
    def applied(connection, database, step):
        apply(connection, database, step)
        die_at(f"after step {step.number}")
    @warehouse.contextmanager
    def committed(connection):
        with transaction(connection):
            yield
            die_at("before the commit")
        die_at("after the commit")
    warehouse._apply, warehouse._transaction = applied, committed
    warehouse.Warehouse(database=file).read("core.sessions")
for argument in sys.argv[1:]:
    file, moment = argument.split("=")
    if not (pid := os.fork()):
        open_and_die(file, moment)
        os._exit(0)
    assert os.WTERMSIG(os.waitpid(pid, 0)[1]) == signal.SIGKILL, moment
"""


def test_killed_at_any_moment_an_old_file_is_of_either_version_and_a_new_one_opens(
    tmp_path: Path,
) -> None:
    moments = ["after step 2", "after step 3", "after step 4", "before the commit", "after the commit"]
    files = {moment: file_of(1, tmp_path / f"{moment}.duckdb") for moment in moments}
    old = stored_types(files["after the commit"])
    new = {moment: tmp_path / f"new {moment}.duckdb" for moment in moments[-2:]}
    kills = [f"{file}={moment}" for part in (files, new) for moment, file in part.items()]
    done = subprocess.run([sys.executable, "-c", KILLED, *kills], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    for file in new.values():
        assert_is_today_s(file, None)
    for moment, file in files.items():
        if moment == "after the commit":
            assert stored_types(file).keys() >= schemas.TABLES.keys()
        else:
            assert stored_types(file) == old, moment
        assert_is_today_s(file, 1)


class TestADerivedTableWithNewColumns:
    TABLE = "staging.periods"

    def rows(self, *months: dt.date) -> pl.DataFrame:
        return pl.DataFrame(
            [(month, "month", month, month) for month in months], schema=polars_schema(self.TABLE), orient="row"
        )

    @pytest.fixture
    def warehouse(self, tmp_path: Path) -> Warehouse:
        """A warehouse whose table had another column in an earlier version, with rows of October and November."""
        warehouse = Warehouse(database=str(tmp_path / "warehouse.duckdb"))
        warehouse.replace_window(self.TABLE, self.rows(OCTOBER, NOVEMBER), [OCTOBER, NOVEMBER])
        with warehouse.get_connection() as connection:
            connection.execute(f"ALTER TABLE {self.TABLE} RENAME last_month TO until")
            connection.execute("UPDATE main.schema_version SET sha256 = 'older'")
        return warehouse

    def test_is_made_anew_and_its_months_wait(self, warehouse: Warehouse) -> None:
        assert warehouse.months_to_remake() == [OCTOBER, NOVEMBER]
        with pytest.raises(WarehouseError, match=r"staging\.periods has new columns .* 2025-10 to 2025-11 .*run"):
            warehouse.read(self.TABLE)

    def test_a_month_that_was_run_again_can_be_read_and_the_others_cannot(self, warehouse: Warehouse) -> None:
        warehouse.replace_window(self.TABLE, self.rows(NOVEMBER), [NOVEMBER])
        assert warehouse.months_to_remake() == [OCTOBER]
        assert warehouse.read(self.TABLE, [NOVEMBER]).height == 1
        with pytest.raises(WarehouseError, match="2025-10 to 2025-10"):
            warehouse.read(self.TABLE, [OCTOBER, NOVEMBER])
        with pytest.raises(WarehouseError, match="2025-10 to 2025-10"):
            warehouse.query(f"SELECT count(*) FROM {self.TABLE}")
        warehouse.replace_window(self.TABLE, self.rows(), [OCTOBER])
        assert warehouse.read(self.TABLE).height == 1
        assert warehouse.months_to_remake() == []

    def test_other_tables_and_months_are_read_as_ever(self, warehouse: Warehouse) -> None:
        assert warehouse.read(self.TABLE, [DECEMBER]).height == 0
        assert warehouse.read("core.sessions").height == 0

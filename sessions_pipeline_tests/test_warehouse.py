"""The warehouse keeps its promises with real files, real processes and real kills."""

from __future__ import annotations

import datetime as dt
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import polars as pl
import pytest
from dagster_duckdb import DuckDBResource

from sessions_pipeline import schemas
from sessions_pipeline.rows import BadRowsError
from sessions_pipeline.warehouse import Warehouse, WarehouseBusyError, WarehouseError

ROOT = Path(__file__).parents[1]
OCTOBER, NOVEMBER, DECEMBER = dt.date(2025, 10, 1), dt.date(2025, 11, 1), dt.date(2025, 12, 1)
REJECTED, ATTRITION, FILES = "raw.rejected_lines", "core.attrition", "raw.session_files"

# What the child processes share: `write(n)` makes October n rows of one reason.
CHILD = """
import datetime as dt, os, signal, sys
import polars as pl
from sessions_pipeline import warehouse
store = warehouse.Warehouse(database=sys.argv[1], wait_seconds=60)
def write(reason, rows=3, month=dt.date(2025, 10, 1)):
    numbers = list(range(1, rows + 1))
    frame = pl.DataFrame({"file_key": ["f"] * rows, "month": [month] * rows, "line_number": numbers,
                          "reason": [reason] * rows})
    store.replace_window("raw.rejected_lines", frame, [month])
"""


def child(script: str, *arguments: object, **options: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", CHILD + script, *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, **options)  # type: ignore[call-overload]


def rejected(*rows: tuple[str, dt.date, int, str]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=schemas.polars_schema(REJECTED), orient="row")


FILLERS: dict[object, object] = {pl.Int64: 1, pl.Float64: 0.5, pl.String: "x", pl.Boolean: True, pl.Date: OCTOBER}


def filled(table: str, **values: object) -> pl.DataFrame:
    """One row of `table`: `values`, and something of the right type in every other column."""
    schema = schemas.polars_schema(table)
    row = {column: FILLERS.get(kind, dt.datetime(2026, 1, 2, 3, 4, 5, 678901)) for column, kind in schema.items()}
    return pl.DataFrame([row | values], schema=schema)


def session_file(key: str, month: dt.date) -> pl.DataFrame:
    return filled(FILES, file_key=key, month=month, last_month=None, role="session", bytes=10)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "warehouse.duckdb"


@pytest.fixture
def warehouse(file: Path) -> Warehouse:
    return Warehouse(database=str(file))


class TestReplacingAWindow:
    def test_first_write_makes_the_tables_and_gives_back_every_type(self, warehouse: Warehouse) -> None:
        frame = session_file("a", OCTOBER)
        assert warehouse.replace_window(FILES, frame, [OCTOBER]) == 1
        stored = warehouse.read(FILES)
        assert stored.schema == pl.Schema(schemas.polars_schema(FILES))
        assert stored.rows() == frame.rows()

    def test_columns_go_by_name_not_by_position(self, warehouse: Warehouse) -> None:
        # removed and remaining, unit and rule have the same types: by position they would swap without an error.
        with warehouse.get_connection() as connection:
            columns = "rule, remaining, rule_set, unit, removed, step, month"
            connection.execute(f"CREATE OR REPLACE TABLE {ATTRITION} AS SELECT {columns} FROM {ATTRITION}")
        frame = pl.DataFrame(
            {
                "remaining": [7],
                "rule_set": ["study"],
                "rule": ["duplicate"],
                "removed": [3],
                "unit": ["file"],
                "step": [2],
                "month": [OCTOBER],
            }
        )
        warehouse.replace_window(ATTRITION, frame, [OCTOBER])
        (row,) = warehouse.read(ATTRITION).rows(named=True)
        assert (row["removed"], row["remaining"], row["unit"], row["rule"]) == (3, 7, "file", "duplicate")

    def test_only_the_window_is_replaced(self, warehouse: Warehouse) -> None:
        everything = rejected(("a", OCTOBER, 1, "old"), ("a", NOVEMBER, 1, "old"), ("a", DECEMBER, 1, "old"))
        warehouse.replace_window(REJECTED, everything, [OCTOBER, NOVEMBER, DECEMBER])
        warehouse.replace_window(REJECTED, rejected(("b", NOVEMBER, 9, "new")), [NOVEMBER])
        assert warehouse.read(REJECTED).rows() == [
            ("a", OCTOBER, 1, "old"),
            ("a", DECEMBER, 1, "old"),
            ("b", NOVEMBER, 9, "new"),
        ]
        assert warehouse.read(REJECTED, [NOVEMBER]).rows() == [("b", NOVEMBER, 9, "new")]

    def test_an_empty_frame_empties_the_months(self, warehouse: Warehouse) -> None:
        warehouse.replace_window(
            REJECTED, rejected(("a", OCTOBER, 1, "x"), ("a", NOVEMBER, 1, "x")), [OCTOBER, NOVEMBER]
        )
        assert warehouse.replace_window(REJECTED, rejected(), [OCTOBER]) == 0
        assert warehouse.months(REJECTED) == [NOVEMBER]

    def test_the_same_rows_again_leave_the_file_as_it_is(self, warehouse: Warehouse, file: Path) -> None:
        rows = [("a", OCTOBER, line, "x") for line in range(1, 50)] + [("a", OCTOBER, 1, "x")]
        warehouse.replace_window(REJECTED, rejected(*rows), [OCTOBER])
        before = file.read_bytes()
        warehouse.replace_window(REJECTED, rejected(*reversed(rows)), [OCTOBER])
        assert file.read_bytes() == before

    def test_a_changed_multiplicity_is_a_change(self, warehouse: Warehouse) -> None:
        a, b = ("a", OCTOBER, 1, "x"), ("b", OCTOBER, 1, "x")
        warehouse.replace_window(REJECTED, rejected(a, a, b), [OCTOBER])
        warehouse.replace_window(REJECTED, rejected(a, b, b), [OCTOBER])
        assert warehouse.read(REJECTED).rows() == [a, b, b]

    def test_threads_of_one_process_take_turns(self, warehouse: Warehouse) -> None:
        errors: list[Exception] = []

        def write(name: str) -> None:
            try:
                for line in range(1, 6):
                    warehouse.replace_window(REJECTED, rejected((name, OCTOBER, line, "x")), [OCTOBER])
            except Exception as error:
                errors.append(error)

        threads = [threading.Thread(target=write, args=(name,)) for name in "abcd"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert errors == []
        assert [line for _, _, line, _ in warehouse.read(REJECTED).rows()] == [5]


class TestBadRows:
    @pytest.fixture(autouse=True)
    def _october(self, warehouse: Warehouse) -> Iterator[None]:
        warehouse.replace_window(FILES, session_file("old", OCTOBER), [OCTOBER])
        yield
        assert warehouse.read(FILES).rows() == session_file("old", OCTOBER).rows()

    def refusal(self, warehouse: Warehouse, frame: pl.DataFrame, months: list[dt.date]) -> str:
        with pytest.raises(BadRowsError) as caught:
            warehouse.replace_window(FILES, frame, months)
        assert caught.value.__cause__ is None  # pandera's error would repeat the values
        return str(caught.value)

    def test_a_broken_rule_names_row_and_column_but_not_the_value(self, warehouse: Warehouse) -> None:
        frame = pl.concat([session_file("new", OCTOBER), session_file("bad", OCTOBER)])
        frame = frame.with_columns(role=pl.Series(["session", "a private word"]), bytes=pl.Series([1, -1]))
        message = self.refusal(warehouse, frame, [OCTOBER])
        assert "role" in message
        assert "bytes: greater_than_or_equal_to(0) does not hold in row 1 (file_key bad)" in message
        assert "private" not in message

    def test_a_null_where_none_may_be(self, warehouse: Warehouse) -> None:
        frame = session_file("new", OCTOBER).with_columns(source=pl.lit(None, pl.String))
        assert "source: not_nullable" in self.refusal(warehouse, frame, [OCTOBER])

    def test_a_wrong_type(self, warehouse: Warehouse) -> None:
        frame = session_file("new", OCTOBER).with_columns(pl.col("bytes").cast(pl.Float64))
        assert "the whole column, which is Float64" in self.refusal(warehouse, frame, [OCTOBER])

    def test_missing_and_unknown_columns(self, warehouse: Warehouse) -> None:
        frame = session_file("new", OCTOBER).rename({"digest": "checksum"})
        assert "missing or unknown: checksum, digest" in self.refusal(warehouse, frame, [OCTOBER])

    def test_a_row_outside_the_window(self, warehouse: Warehouse) -> None:
        message = self.refusal(warehouse, session_file("new", NOVEMBER), [OCTOBER])
        assert "outside the months 2025-10-01: row 0 (file_key new)" in message

    def test_a_key_that_another_month_holds(self, warehouse: Warehouse) -> None:
        message = self.refusal(warehouse, session_file("old", NOVEMBER), [NOVEMBER])
        assert "old in 2025-10" in message

    def test_a_window_that_does_not_name_months(self, warehouse: Warehouse) -> None:
        with pytest.raises(ValueError, match="first day, not 2025-10-02"):
            warehouse.replace_window(FILES, session_file("new", OCTOBER), [dt.date(2025, 10, 2)])

    def test_a_table_that_is_not(self, warehouse: Warehouse) -> None:
        with pytest.raises(ValueError, match=r"no table core\.session; there are .*core\.sessions"):
            warehouse.replace_window("core.session", session_file("new", OCTOBER), [OCTOBER])


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_numbers_that_are_none_are_refused(warehouse: Warehouse, number: float) -> None:
    table = "labels.classifications"
    frame = filled(table, value=number, backend="rules", status="ok")
    with pytest.raises(BadRowsError, match="value is NaN or infinite in row 0"):
        warehouse.replace_window(table, frame, [OCTOBER])
    assert warehouse.months(table) == []


class TestReading:
    def test_sorted_whatever_the_order_of_writing(self, warehouse: Warehouse) -> None:
        rows = [("a", OCTOBER, 1, "x"), ("a", OCTOBER, 2, "x"), ("a", NOVEMBER, 1, "x"), ("b", OCTOBER, 1, "x")]
        warehouse.replace_window(REJECTED, rejected(*reversed(rows)), [OCTOBER, NOVEMBER])
        assert warehouse.read(REJECTED).rows() == rows
        assert warehouse.months(REJECTED) == [OCTOBER, NOVEMBER]

    def test_nothing_there(self, warehouse: Warehouse, file: Path) -> None:
        assert warehouse.months(REJECTED) == []
        assert not file.exists()
        assert warehouse.read(REJECTED).schema == pl.Schema(schemas.polars_schema(REJECTED))

    def test_parameters_and_universal_time(self, warehouse: Warehouse) -> None:
        sql = "SELECT $first AS first, '2025-10-01 00:00:00+00'::TIMESTAMPTZ::TIMESTAMP AS utc"
        assert warehouse.query(sql, {"first": OCTOBER}).rows() == [(OCTOBER, dt.datetime(2025, 10, 1))]

    def test_a_query_cannot_write(self, warehouse: Warehouse) -> None:
        warehouse.replace_window(REJECTED, rejected(("a", OCTOBER, 1, "x")), [OCTOBER])
        with pytest.raises(duckdb.TransactionException, match="read-only"):
            warehouse.query(f"DELETE FROM {REJECTED}")
        assert warehouse.read(REJECTED).height == 1


class TestTheTables:
    def test_every_model_is_a_table_with_its_types_and_descriptions(self, warehouse: Warehouse) -> None:
        stored = warehouse.query(
            "SELECT schema_name || '.' || table_name AS t, column_name, data_type, is_nullable, comment "
            "FROM duckdb_columns() WHERE NOT internal AND schema_name <> 'main'"
        ).rows()
        names = {"Int64": "BIGINT", "Float64": "DOUBLE", "String": "VARCHAR", "Boolean": "BOOLEAN", "Date": "DATE"}
        assert sorted(stored) == sorted(
            (table, name, names.get(str(column.dtype.type), "TIMESTAMP"), column.nullable, column.description)
            for table, model in schemas.TABLES.items()
            for name, column in model.to_schema().columns.items()
        )

    def test_tables_say_their_grain(self, warehouse: Warehouse) -> None:
        sql = "SELECT comment FROM duckdb_tables() WHERE schema_name || '.' || table_name = $table"
        for table in schemas.TABLES:
            ((comment,),) = warehouse.query(sql, {"table": table}).rows()
            assert comment.splitlines()[0] == schemas.grain(table)

    def test_another_versions_table_is_refused_by_name(self, warehouse: Warehouse) -> None:
        warehouse.replace_window(REJECTED, rejected(("a", OCTOBER, 1, "x")), [OCTOBER])
        with warehouse.get_connection() as connection:
            connection.execute(
                f"ALTER TABLE {REJECTED} RENAME reason TO cause; UPDATE main.schema_version SET sha256 = 'x'"
            )
        with pytest.raises(WarehouseError) as caught:
            warehouse.read(REJECTED)
        assert "raw.rejected_lines.cause is VARCHAR NOT NULL, expected unknown" in str(caught.value)
        assert "raw.rejected_lines.reason is missing, expected VARCHAR NOT NULL" in str(caught.value)

    def test_a_table_that_a_newer_version_adds_is_made(self, warehouse: Warehouse) -> None:
        warehouse.replace_window(REJECTED, rejected(("a", OCTOBER, 1, "x")), [OCTOBER])
        with warehouse.get_connection() as connection:
            connection.execute(f"DROP TABLE {ATTRITION}; UPDATE main.schema_version SET sha256 = 'older'")
        assert warehouse.read(ATTRITION).height == 0
        assert warehouse.read(REJECTED).height == 1


class TestConnectionsInOneProcess:
    def test_one_that_ends_leaves_the_file_open_for_the_other(self, warehouse: Warehouse) -> None:
        with warehouse.get_connection() as connection:
            warehouse.replace_window(REJECTED, rejected(("a", OCTOBER, 1, "x")), [OCTOBER])
            assert connection.execute(f"SELECT count(*) FROM {REJECTED}").fetchone() == (1,)

    def test_warehouses_of_two_state_folders_in_turn(self, warehouse: Warehouse, tmp_path: Path) -> None:
        other = Warehouse(database=str(tmp_path / "other.duckdb"))
        with warehouse.get_connection():
            other.replace_window(REJECTED, rejected(("b", NOVEMBER, 1, "x")), [NOVEMBER])
            warehouse.replace_window(REJECTED, rejected(("a", OCTOBER, 1, "x")), [OCTOBER])
        assert (warehouse.months(REJECTED), other.months(REJECTED)) == ([OCTOBER], [NOVEMBER])

    def test_what_does_not_fit_in_memory_goes_beside_the_file(self, warehouse: Warehouse, file: Path) -> None:
        assert warehouse.query("SELECT current_setting('temp_directory')").rows() == [(f"{file}.tmp",)]

    def test_beside_dagsters_own_resource(self, warehouse: Warehouse, file: Path) -> None:
        with DuckDBResource(database=str(file)).get_connection() as stock:
            warehouse.replace_window(REJECTED, rejected(("a", OCTOBER, 1, "x")), [OCTOBER])
            assert stock.execute(f"SELECT count(*) FROM {REJECTED}").fetchone() == (1,)

    def test_a_connection_with_another_configuration_is_explained(self, warehouse: Warehouse, file: Path) -> None:
        plain = duckdb.connect(str(file))
        try:
            with pytest.raises(WarehouseError, match="Use Warehouse or DuckDBResource for every connection"):
                warehouse.read(REJECTED)
        finally:
            plain.close()

    def test_an_exception_leaves_no_connection_open(self, warehouse: Warehouse, file: Path) -> None:
        # `connection` outlives the block, as it does in the traceback of a failed run.
        with pytest.raises(ZeroDivisionError), warehouse.get_connection() as connection:
            _ = 1 / 0
        duckdb.connect(str(file)).close()  # refused, for its other configuration, if the file were still open
        with pytest.raises(duckdb.ConnectionException, match="closed"):
            connection.execute("SELECT 1")

    def test_a_failed_query_leaves_no_connection_open(self, warehouse: Warehouse, file: Path) -> None:
        with pytest.raises(duckdb.CatalogException, match="nowhere") as kept:
            warehouse.query("SELECT * FROM core.nowhere")
        duckdb.connect(str(file)).close()
        assert kept.traceback  # its frames were alive when the file was opened again


HOLDER = """
import duckdb, sys, time
connection = duckdb.connect(sys.argv[1], read_only=True)
print("held", flush=True)
time.sleep(float(sys.argv[2]))
"""


class TestOtherProcesses:
    @pytest.fixture
    def hold(self, warehouse: Warehouse, file: Path) -> Iterator[object]:
        """hold(seconds): another process reads the file for so long; returns its process id."""
        warehouse.replace_window(REJECTED, rejected(("a", OCTOBER, 1, "old")), [OCTOBER])
        holders: list[subprocess.Popen[str]] = []

        def start(seconds: float) -> int:
            command = [sys.executable, "-c", HOLDER, str(file), str(seconds)]
            holder = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
            holders.append(holder)
            assert holder.stdout is not None
            assert holder.stdout.readline() == "held\n"
            return holder.pid

        yield start
        for holder in holders:
            holder.kill()
            holder.communicate()

    def test_waits_for_a_reader_and_says_for_whom(self, file: Path, hold, caplog: pytest.LogCaptureFixture) -> None:  # type: ignore[no-untyped-def]
        pid = hold(1.8)
        warehouse = Warehouse(database=str(file), wait_seconds=30)
        warehouse.replace_window(REJECTED, rejected(("a", OCTOBER, 1, "new")), [OCTOBER])
        assert warehouse.read(REJECTED)["reason"].to_list() == ["new"]
        (said,) = caplog.messages
        assert f"(process {pid})" in said

    def test_the_command_line_says_for_whom_it_waits_and_then_goes_on(self, file: Path, hold) -> None:  # type: ignore[no-untyped-def]
        pid = hold(120)
        command = [sys.executable, "-m", "sessions_pipeline.cli", "--home", str(file.parent), "explain", "s1"]
        with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as waiting:
            assert waiting.stderr is not None
            said = waiting.stderr.readline()
            os.kill(pid, signal.SIGKILL)
            _, answer = waiting.communicate(timeout=60)
        assert said.startswith(f"waiting for {file}: in use by ")
        assert f"(process {pid})" in said
        assert "s1" in answer
        assert waiting.returncode == 2

    def test_gives_up_with_advice(self, file: Path, hold) -> None:  # type: ignore[no-untyped-def]
        pid = hold(60)
        started = time.monotonic()
        with pytest.raises(WarehouseBusyError, match=rf"in use by \S+ \(process {pid}\) after 0 s\. Close"):
            Warehouse(database=str(file), wait_seconds=0.3).read(REJECTED)
        assert time.monotonic() - started < 5

    def test_two_writers_at_once_both_succeed(self, file: Path) -> None:
        script = "for n in range(1, 6): write('x', n, dt.date(2025, int(sys.argv[2]), 1))"
        outcomes: list[subprocess.CompletedProcess[str]] = []
        writers = [
            threading.Thread(target=lambda m=month: outcomes.append(child(script, file, m))) for month in (10, 11)
        ]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
        # On a busy machine one may say that it waits for the other.
        assert [done.returncode for done in outcomes] == [0, 0], [done.stderr for done in outcomes]
        counts = Warehouse(database=str(file)).query(
            f"SELECT month, count(*) AS n FROM {REJECTED} GROUP BY 1 ORDER BY 1"
        )
        assert counts.rows() == [(OCTOBER, 5), (NOVEMBER, 5)]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A warehouse with rows outside its block of metadata."""
    file = tmp_path_factory.mktemp("written") / "warehouse.duckdb"
    rows = rejected(*(("f", OCTOBER, number, "x") for number in range(20_000)))
    Warehouse(database=str(file)).replace_window(REJECTED, rows, [OCTOBER])
    assert file.stat().st_size > 500_000
    return file.read_bytes()


def assert_named_and_left(file: Path) -> None:
    """The damage is named with what to do, and the file stays as it is."""
    damaged = file.read_bytes()
    with pytest.raises(WarehouseError, match=r"is damaged.*Move it away.*made anew from private/.*gold labels"):
        Warehouse(database=str(file)).read(REJECTED)
    assert file.read_bytes() == damaged


class TestInterruptions:
    def test_killed_between_delete_and_insert(self, file: Path) -> None:
        script = """
write("old")
warehouse._insert = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
write("new")
"""
        assert child(script, file).returncode == -signal.SIGKILL
        assert Warehouse(database=str(file)).read(REJECTED)["reason"].to_list() == ["old"] * 3

    def test_killed_at_any_moment_a_month_is_whole(self, file: Path) -> None:
        # Forks before DuckDB or polars have threads: eight kills for the price of one import.
        script = """
import random, time
def in_fork(work):
    if not (pid := os.fork()):
        work()
        os._exit(0)
    return pid
def forever():
    while True:
        write("a", 2000)
        write("b", 3000)
def check():
    stored = store.read("raw.rejected_lines")
    kinds = stored.group_by("reason").len().rows()
    os._exit(0 if kinds in ([("a", 2000)], [("b", 3000)]) else 1)
moments = random.Random(20)
os.waitpid(in_fork(lambda: write("a", 2000)), 0)
for _ in range(8):
    pid = in_fork(forever)
    time.sleep(moments.uniform(0.03, 0.2))
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    assert os.waitpid(in_fork(check), 0)[1] == 0
"""
        done = child(script, file)
        assert (done.returncode, done.stderr) == (0, "")
        assert Warehouse(database=str(file)).read(REJECTED).height in (2000, 3000)

    def test_killed_while_duckdb_writes_a_block_again_where_it_is(self, file: Path) -> None:
        script = """
write("old")
def die(self, *given):
    put_aside(self, *given)
    with open(sys.argv[1], "r+b") as torn:
        torn.seek(3 * 4096)  # the first block, after the headers
        torn.write(b"partly new" * 1000)
    os.kill(os.getpid(), signal.SIGKILL)
put_aside, warehouse.checkpoints._put_aside = warehouse.checkpoints._put_aside, die
write("new")
"""
        assert child(script, file).returncode == -signal.SIGKILL
        assert Warehouse(database=str(file)).read(REJECTED)["reason"].to_list() == ["new"] * 3

    @pytest.mark.parametrize(
        ("start", "end"),
        [(0, 12), (100, 200), (4096, 4200), (8192, 8300), (12_288, 20_000), (274_432, 900_000)],
        ids=["its name", "first header", "second header", "third header", "metadata", "rows"],
    )
    def test_a_damaged_file_is_named_with_what_to_do(self, file: Path, written: bytes, start: int, end: int) -> None:
        file.write_bytes(written[:start] + bytes(255 - byte for byte in written[start:end]) + written[end:])
        assert_named_and_left(file)

    @pytest.mark.parametrize("length", [0, 5_000, 12_288 + 100_000, 300_000])
    def test_a_file_that_was_cut_off(self, file: Path, written: bytes, length: int) -> None:
        file.write_bytes(written[:length])
        assert_named_and_left(file)

    def test_a_damaged_file_that_was_moved_away(self, file: Path, warehouse: Warehouse) -> None:
        file.write_bytes(b"damaged")
        assert_named_and_left(file)
        file.rename(file.with_name("moved_away"))
        warehouse.replace_window(REJECTED, rejected(("a", OCTOBER, 1, "x")), [OCTOBER])
        assert warehouse.read(REJECTED).height == 1

    def test_a_log_that_is_no_log_is_as_none(self, file: Path, written: bytes) -> None:
        file.write_bytes(written)
        file.with_name(f"{file.name}.wal").write_bytes(bytes(range(256)) * 20)
        assert Warehouse(database=str(file)).read(REJECTED).height == 20_000

    def test_a_full_disk(self, file: Path) -> None:
        script = """
write("old")
try:
    store.replace_window("raw.rejected_lines", pl.DataFrame({
        "file_key": [os.urandom(40).hex() for _ in range(100_000)], "month": dt.date(2025, 10, 1),
        "line_number": range(100_000), "reason": "new"}), [dt.date(2025, 10, 1)])
except warehouse.WarehouseError as error:
    print(error)
"""

        def small_disk() -> None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (4_000_000, resource.RLIM_INFINITY))

        done = child(script, file, preexec_fn=small_disk)
        assert f"cannot use {file}" in done.stdout, done.stderr
        assert "What was stored is intact" in done.stdout
        assert Warehouse(database=str(file)).read(REJECTED)["reason"].to_list() == ["old"] * 3

    def test_a_folder_that_may_not_be_written(self) -> None:
        script = """
write("old")
os.chmod(sys.argv[1], 0o444)
os.chmod(os.path.dirname(sys.argv[1]), 0o555)
if os.getuid() == 0:
    os.setuid(65534)  # nobody: to root nothing is read-only
try:
    write("new")
except warehouse.WarehouseError as error:
    print(error)
"""
        folder = Path(tempfile.mkdtemp())
        try:
            file = folder / "warehouse.duckdb"
            done = child(script, file)
            assert f"cannot use {file}" in done.stdout, done.stderr
            assert "Permission denied" in done.stdout
            folder.chmod(0o755)
            file.chmod(0o644)
            assert Warehouse(database=str(file)).read(REJECTED)["reason"].to_list() == ["old"] * 3
        finally:
            folder.chmod(0o755)
            shutil.rmtree(folder)

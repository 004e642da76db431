"""The audit of suppression, and tables as files that other programs read."""

from __future__ import annotations

from io import BytesIO

import duckdb
import polars as pl

from sessions_pipeline.exports.released import RELEASED, audit, table_files
from sessions_pipeline.schemas import TABLES
from sessions_pipeline_tests.report import example


def cells(*rows: tuple[int | None, float | None, bool]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=["users", "estimate", "suppressed"], orient="row")


def test_the_audit_counts_suppressed_rows_and_rows_of_too_few_people() -> None:
    found = audit(cells((7, 0.5, False), (None, None, True), (5, 0.3, False), (4, 0.1, False)), min_users=5)
    assert (found.rows, found.suppressed, found.fewest_users, found.below) == (4, 1, 4, 1)


def test_a_zero_of_no_users_and_a_number_that_is_not_shown_are_not_below() -> None:
    found = audit(cells((0, 0.0, False), (3, None, False)), min_users=5)
    assert (found.fewest_users, found.below) == (None, 0)


def test_clusters_of_a_regression_count_as_people() -> None:
    frame = pl.DataFrame({"n_users": [3, 9], "estimate": [0.1, 0.2]})
    assert audit(frame, min_users=5).below == 1


def test_no_released_table_has_a_column_of_a_person_or_a_session() -> None:
    private = {"session_id", "user_key", "project_key", "file_key", "transcript_sha256", "log_digest"}
    assert RELEASED
    for table in RELEASED:
        assert not private & TABLES[table].to_schema().columns.keys(), table
    assert {"core.sessions", "labels.classifications", "core.classified_sessions"}.isdisjoint(RELEASED)


def test_csv_and_parquet_hold_the_same_rows_in_an_order_of_their_own() -> None:
    frame = example.work_mode_shares(example.MONTHS, 700, 120)
    files = table_files({"marts.work_mode_shares": frame})
    again = table_files({"marts.work_mode_shares": frame.sample(fraction=1, shuffle=True, seed=1)})
    assert files == again
    parquet = pl.read_parquet(BytesIO(files["tables/marts.work_mode_shares.parquet"]))
    csv = pl.read_csv(files["tables/marts.work_mode_shares.csv"], schema=parquet.schema)
    assert parquet.height == frame.height
    assert csv.equals(parquet)
    assert duckdb.sql("select count(*) from parquet").fetchall() == [(frame.height,)]

"""Synthetic logs against the truth they were written from: two programs that share no code must count the same."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest

from sessions_pipeline.simulate.logs import write_logs
from sessions_pipeline_tests.sessions.tree import Read, read


@dataclass
class Case:
    """What was written, and what was read."""

    truth: Path
    found: Read


@pytest.fixture(scope="module", params=[1, 20251001])
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Case:
    folder = tmp_path_factory.mktemp("synthetic")
    write_logs(folder, seed=request.param, sessions=250, users=50)
    return Case(folder / "truth", read(folder / "logs", folder / "private", users="folder"))


def test_every_count_of_every_session_is_the_planted_one(case: Case) -> None:
    planted = pl.read_parquet(case.truth / "sessions.parquet").sort("session_id")
    found = case.found.sessions
    assert found["session_id"].to_list() == planted["session_id"].to_list()
    compared = [name for name in planted.columns if name in found.columns and name != "session_id"]
    assert len(compared) >= 29
    for name in compared:
        wrong = planted.select("session_id", name).filter(found[name].ne_missing(planted[name]))
        assert wrong.is_empty(), f"{name}: {wrong.head(3)}"


def test_users_are_told_apart(case: Case) -> None:
    planted = pl.read_parquet(case.truth / "sessions.parquet").select("session_id", "user")
    joined = planted.join(case.found.sessions, on="session_id").select("user", "user_key").unique()
    assert joined.height == planted["user"].n_unique() == joined["user_key"].n_unique()


def test_files_and_lines_add_up_to_what_was_written(case: Case) -> None:
    files = pl.read_parquet(case.truth / "files.parquet")
    found = case.found.files
    assert found.height == files.height
    assert found["lines"].sum() == files["lines"].sum()
    assert found["lines_rejected"].sum() == files["lines_rejected"].sum()
    lost = pl.read_parquet(case.truth / "lines.parquet")
    assert sorted(case.found.rejected["line_number"]) == sorted(lost["line_number"])
    without_session = pl.col("role") == "no_session"
    assert found.filter(without_session).height == files.filter(without_session).height

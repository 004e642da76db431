"""A file of reference labels: what is read, what is left out and named, and which labels of a backend are current."""

from __future__ import annotations

import datetime as dt
import math
from pathlib import Path

import polars as pl
import pytest

from sessions_pipeline.classifications.backend import Decisions
from sessions_pipeline.classifications.classifiers import WORK_MODES
from sessions_pipeline.classifications.reference import (
    FACETS,
    ReferenceFileError,
    backend_ratings,
    read_reference,
    reference_columns,
)
from sessions_pipeline_tests.dbt_like_sql.running import table


def write(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "labels.csv"
    path.write_bytes(text.encode(encoding))
    return path


def labels(frame: pl.DataFrame) -> dict[tuple[str, str, str], str | float | None]:
    """(rater, session, facet) -> label, or the value where there is no label."""
    return {
        (row["rater"], row["session_id"], row["facet"]): row["label"] or row["value"]
        for row in frame.iter_rows(named=True)
    }


def test_every_kind_of_label_is_read(tmp_path: Path) -> None:
    found = read_reference(
        write(
            tmp_path,
            "session_id,pass,work_mode,expertise,failure_signal,user_occupation,planning_user,planning_agent,"
            "execution_user,execution_agent,task_value_usd\n"
            "a,1,fix,4,none,15.0,1,3,0,0,200\n",
        )
    )
    assert labels(found.ratings) == {
        ("pass 1", "a", "work_mode"): "fix",
        ("pass 1", "a", "expertise"): "4",
        ("pass 1", "a", "failure_signal"): "none",
        ("pass 1", "a", "user_occupation"): "15",
        ("pass 1", "a", "user_planning_share"): 0.25,
        ("pass 1", "a", "user_execution_share"): None,
        ("pass 1", "a", "user_decision_share"): 0.25,
        # No execution decision: no share, and an answer. 200 dollars still belong to the first band.
        ("pass 1", "a", "task_value"): "10-200",
    }
    price = found.ratings.row(by_predicate=pl.col("facet") == "task_value", named=True)
    assert price["value"] == pytest.approx(math.log10(200))
    assert found.left_out == {}


def test_prices_beyond_the_scale_count_as_its_ends(tmp_path: Path) -> None:
    found = read_reference(write(tmp_path, "session_id,task_value_usd\na,0\nb,10\nc,60000\nd,50000\n")).ratings
    assert found["label"].to_list() == ["10-200", "10-200", "5000-50000", "5000-50000"]
    assert found["value"].to_list() == pytest.approx([1, 1, math.log10(50_000), math.log10(50_000)])


def test_what_is_not_known_is_named_and_the_rest_is_used(tmp_path: Path) -> None:
    found = read_reference(
        write(
            tmp_path,
            "session_id,pass,work_mode,expertise,mood,task_value_usd,planning_user,file\n"
            "a,1,fix,9,good,cheap,1,x\n"
            "b,1,mend,2,bad,-5,,x\n"
            ",1,fix,2,bad,10,,x\n"
            "a,1,build,2,bad,10,,x\n"
            "c,one,fix,2,bad,10,,x\n"
            "d,1,fix,2,bad,10,,x,too,many\n",
            "utf-8-sig",
        )
    )
    assert labels(found.ratings) == {("pass 1", "a", "work_mode"): "fix", ("pass 1", "b", "expertise"): "2"}
    assert found.left_out == {
        "unknown columns": ["'mood'"],
        "unknown labels in expertise": ["'9' of session a"],
        "unknown labels in task_value_usd": ["'cheap' of session a", "'-5' of session b"],
        "unknown labels in planning_user + planning_agent + execution_user + execution_agent": ["'1///' of session a"],
        "unknown labels in work_mode": ["'mend' of session b"],
        "lines without a session_id, with a wrong pass or with too many cells": ["line 4", "line 6", "line 7"],
        "repeated sessions of the same pass; the first counts": ["a"],
    }


def test_backends_are_compared_with_the_first_pass_of_each_session(tmp_path: Path) -> None:
    found = read_reference(write(tmp_path, "session_id,pass,work_mode\na,2,fix\na,1,build\nb,3,plan\n"))
    assert found.passes == (1, 2, 3)
    assert labels(found.first) == {("pass 1", "a", "work_mode"): "build", ("pass 3", "b", "work_mode"): "plan"}


def test_no_decisions_at_all_is_an_answer_and_nothing_to_compare(tmp_path: Path) -> None:
    """Zeros in the first pass, empty cells in the second; the first pass with a number is that of comparisons."""
    found = read_reference(
        write(
            tmp_path,
            "session_id,pass,planning_user,planning_agent,execution_user,execution_agent\n"
            "a,1,0,0,0,0\na,2,,,,\na,3,1,1,0,0\n",
        )
    )
    decisions = ("user_planning_share", "user_execution_share", "user_decision_share")
    assert labels(found.ratings) == {
        **{("pass 1", "a", share): None for share in decisions},
        ("pass 3", "a", "user_planning_share"): 0.5,
        ("pass 3", "a", "user_execution_share"): None,
        ("pass 3", "a", "user_decision_share"): 0.5,
    }
    assert labels(found.first) == {
        ("pass 3", "a", "user_planning_share"): 0.5,
        ("pass 3", "a", "user_decision_share"): 0.5,
    }


def test_without_a_column_of_passes_there_is_one(tmp_path: Path) -> None:
    assert read_reference(write(tmp_path, "work_mode,session_id\nfix,a\n")).passes == (1,)


@pytest.mark.parametrize(
    ("text", "encoding", "said"),
    [
        ("id,work_mode\na,fix\n", "utf-8", "has no column session_id; expected a CSV file with the columns session_id"),
        ("", "utf-8", "has no column session_id"),
        ("session_id\né\n", "latin-1", "is not valid UTF-8"),
    ],
)
def test_a_file_of_another_kind_is_refused(tmp_path: Path, text: str, encoding: str, said: str) -> None:
    with pytest.raises(ReferenceFileError, match=said):
        read_reference(write(tmp_path, text, encoding))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ReferenceFileError, match=r"cannot read .*nowhere\.csv"):
        read_reference(tmp_path / "nowhere.csv")


def test_every_classifier_has_a_facet_and_a_column() -> None:
    assert len(FACETS) == 13
    assert len(reference_columns()) == 14
    assert FACETS["expertise"].levels == ("1", "2", "3", "4", "5")
    assert FACETS["work_mode"].levels == ()
    assert FACETS["work_mode"].labels == WORK_MODES


def test_current_labels_of_every_backend_are_rated() -> None:
    """As staging.current_labels: ok, of the transcript as it is, and of several versions the last."""
    sessions = table("core.sessions", session_id=["a", "b"], transcript_sha256=["now", "now"])
    rows = [
        ("a", "rules", "work_mode", "fix", None, "now", "ok", 1),
        ("a", "rules", "work_mode", "build", None, "now", "ok", 2),
        ("a", "rules", "outcome", "failed", None, "before", "ok", 3),
        ("b", "rules", "outcome", None, None, "now", "refused", 3),
        ("a", "claude", "work_mode", "test", None, "now", "ok", 1),
        ("a", "claude", "decisions", Decisions(1, 1, 0, 0).label, None, "now", "ok", 1),
        ("a", "claude", "task_value", "200-1000", 1_000.0, "now", "ok", 1),
        ("a", "claude", "mood", "good", None, "now", "ok", 1),
        ("a", "claude", "expertise", "6", 6.0, "now", "ok", 1),
        ("z", "claude", "work_mode", "test", None, "now", "ok", 1),
    ]
    names = ("session_id", "backend", "classifier", "label", "value", "transcript_sha256", "status", "day")
    columns = {name: [row[place] for row in rows] for place, name in enumerate(names)}
    days = [dt.datetime(2026, 1, int(str(day))) for day in columns.pop("day")]
    found = backend_ratings(sessions, table("labels.classifications", **columns, classified_at=days))
    assert labels(found) == {
        ("rules", "a", "work_mode"): "build",
        ("claude", "a", "work_mode"): "test",
        ("claude", "a", "user_planning_share"): 0.5,
        ("claude", "a", "user_decision_share"): 0.5,
        ("claude", "a", "task_value"): "200-1000",
    }
    assert found.row(by_predicate=pl.col("facet") == "task_value", named=True)["value"] == pytest.approx(3)

"""The asset of agreement: what it makes of a file of reference labels, of a bad one, and of none."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from dagster import ExecuteInProcessResult, materialize

from sessions_pipeline.analysis.assets import AGREEMENT, analysis_assets
from sessions_pipeline.config import save_settings
from sessions_pipeline.metadata import asset_key
from sessions_pipeline.state import State
from sessions_pipeline_tests.dbt_like_sql.running import table

MONTH = dt.date(2026, 1, 1)


@pytest.fixture
def state(tmp_path: Path) -> State:
    """Four sessions of one user, labelled fix by the rules; the last is not in the sample."""
    names = ["s0", "s1", "s2", "s3"]
    state = State(home=str(tmp_path / "home"))
    sessions = table(
        "core.sessions",
        session_id=names,
        month=[MONTH] * 4,
        transcript_sha256=names,
        is_eligible=[True, True, True, False],
        human_prompts=[1] * 4,
    )
    labels = table(
        "labels.classifications",
        session_id=names,
        month=[MONTH] * 4,
        transcript_sha256=names,
        backend=["rules"] * 4,
        classifier=["work_mode"] * 4,
        label=["fix"] * 4,
        status=["ok"] * 4,
    )
    state.warehouse.replace_window("core.sessions", sessions, [MONTH])
    state.warehouse.replace_window("labels.classifications", labels, [MONTH])
    return state


def made(state: State, reference: Path | None = None) -> ExecuteInProcessResult:
    if reference:
        save_settings(Path(state.home), {"reference_labels": str(reference)})
    asset = next(found for found in analysis_assets(7) if found.key == asset_key(AGREEMENT))
    return materialize([asset], partition_key=f"{MONTH}", resources={"state": state})


def check(done: ExecuteInProcessResult) -> tuple[bool, str]:
    """Whether the check of the file passed, and what it found."""
    (found,) = (each for each in done.get_asset_check_evaluations() if each.check_name == "reference_labels_are_used")
    return found.passed, ", ".join(f"{name} {value.value}" for name, value in found.metadata.items())


def test_labels_are_compared_with_those_of_the_file(state: State, tmp_path: Path) -> None:
    file = tmp_path / "labels.csv"
    file.write_text("session_id,work_mode\ns0,fix\ns1,build\ns2,fix\ns3,build\n")
    assert check(made(state, file)) == (True, "")
    rows = {row["metric"]: row for row in state.warehouse.read(AGREEMENT).to_dicts()}
    assert rows["exact"]["estimate"] == pytest.approx(2 / 3)
    assert (rows["exact"]["sessions"], rows["exact"]["users"], rows["exact"]["ci_low"]) == (3, 1, None)


def test_what_cannot_be_used_is_counted_and_never_shown(state: State, tmp_path: Path) -> None:
    file = tmp_path / "labels.csv"
    file.write_text("session_id,work_mode,mood\ns0,fix,good\ns1,somebody's words,bad\n")
    assert check(made(state, file)) == (False, "unknown columns 1, unknown labels in work_mode 1")
    assert state.warehouse.read(AGREEMENT).height == 2


def test_without_a_file_or_with_a_missing_one_there_is_nothing_and_the_check_says_why(
    state: State, tmp_path: Path
) -> None:
    assert check(made(state)) == (True, "reference labels none are set")
    passed, said = check(made(state, tmp_path / "nowhere.csv"))
    assert not passed
    assert "cannot read" in said
    assert state.warehouse.read(AGREEMENT).is_empty()

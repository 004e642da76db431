"""The asset of agreement: what it makes of a file of reference labels, of a bad one, and of none."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from dagster import ExecuteInProcessResult, materialize

from benchmarks.coverage import MONTHS, NOW, gold_rows, study
from sessions_pipeline.analysis.assets import AGREEMENT, analysis_assets
from sessions_pipeline.analysis.gold import Plan, draw
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
    in_sample = table("core.classified_sessions", session_id=names[:3], month=[MONTH] * 3)
    state.warehouse.replace_window("core.classified_sessions", in_sample, [MONTH])
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


GOLD_TABLES = ("labels.gold_draws", "labels.gold", "analysis.corrected_estimates", "analysis.label_errors")


def test_gold_labels_reach_the_tables_and_their_check(tmp_path: Path) -> None:
    """Three months, drawn and labelled: the last month's window is corrected, and all rows follow the model."""
    made_up = study(1, 900, expertise_errs=True)
    drawn = draw(made_up.judged, Plan(MONTHS, ("outcome",), 200, 1), NOW)
    state = State(home=str(tmp_path / "home"))
    sessions = table("core.classified_sessions", **{c.name: c for c in made_up.judged if c.null_count() < c.len()})
    state.warehouse.replace_window("core.classified_sessions", sessions, MONTHS)
    state.warehouse.replace_window("labels.gold_draws", drawn, MONTHS)
    state.warehouse.replace_window("labels.gold", gold_rows(drawn, made_up.truth), MONTHS)
    wanted = {asset_key(name) for name in (*GOLD_TABLES, "analysis.sign_sensitivity", "analysis.reliability")}
    assets = [found for found in analysis_assets(7) if found.key in wanted]
    done = materialize(assets, partition_key=f"{MONTHS[-1]}", resources={"state": state})
    checks = {(each.asset_key, each.check_name): each.passed for each in done.get_asset_check_evaluations()}
    assert {key for key, _ in checks} == wanted
    assert all(checks.values())
    assert checks[asset_key("analysis.corrected_estimates"), "gold_labels_suffice"]
    slope = state.warehouse.read("analysis.corrected_estimates").filter(
        period="window", quantity="table_a1_1", correction="outcome"
    )
    assert slope["corrected"].null_count() == 0
    assert not state.warehouse.read("analysis.sign_sensitivity").is_empty()
    assert not state.warehouse.read("analysis.label_errors").is_empty()
    assert state.warehouse.read("labels.gold").height == 200 * 7

"""`simulate study`: what it leaves in the state folder, and that it never mixes with sessions that were read."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner, Result

from sessions_pipeline.cli import main
from sessions_pipeline.config import load_settings
from sessions_pipeline.state import State
from sessions_pipeline_tests.dbt_like_sql.running import table

MONTHS = [dt.date(2025 + (9 + n) // 12, (9 + n) % 12 + 1, 1) for n in range(7)]


@pytest.fixture(autouse=True)
def no_dagster_home(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command names its state folder in the environment; the next test must not find it there."""
    for name in ("DAGSTER_HOME", "SESSIONS_HOME"):
        monkeypatch.setenv(name, "")


def simulated(home: Path, *flags: str) -> Result:
    return CliRunner().invoke(main, ["--home", str(home), "simulate", "study", "--data-only", *flags])


def test_sessions_of_seven_months_are_there_for_marts_and_models_and_again_the_same(tmp_path: Path) -> None:
    done = simulated(tmp_path, "--sessions", "1500", "--seed", "4")
    assert done.exit_code == 0, done.output
    warehouse = State(home=str(tmp_path)).warehouse
    classified, sessions = warehouse.read("core.classified_sessions"), warehouse.read("core.sessions")
    assert classified.height == sessions.height == 1500
    assert warehouse.months("core.classified_sessions") == MONTHS
    assert sessions["is_eligible"].all()
    assert set(sessions["session_id"]) == set(classified["session_id"])
    assert load_settings(tmp_path).settings.window_months == 7

    again = simulated(tmp_path, "--sessions", "1500", "--seed", "4", "--json")
    assert json.loads(again.stdout)["sessions"] == 1500
    assert warehouse.read("core.classified_sessions").equals(classified)


def test_a_state_folder_with_sessions_that_were_read_is_left_alone(tmp_path: Path) -> None:
    state = State(home=str(tmp_path))
    own = table("core.sessions", session_id=["own"], month=[MONTHS[0]], cli_version=["2.1.0"])
    state.warehouse.replace_window("core.sessions", own, [MONTHS[0]])
    refused = simulated(tmp_path, "--sessions", "1000")
    assert refused.exit_code == 1
    assert "holds sessions that were read from logs" in refused.output
    assert state.warehouse.read("core.sessions")["session_id"].to_list() == ["own"]
    assert state.warehouse.read("core.classified_sessions").filter(pl.col("month") == MONTHS[0]).is_empty()

"""The labels as Dagster makes them: a distilled judge on a warehouse in which some sessions were judged."""

from __future__ import annotations

import datetime as dt
import time
from pathlib import Path

import polars as pl
import pytest
from dagster import materialize

from sessions_pipeline.classifications.assets import BUDGET_TAG, classifications
from sessions_pipeline.classifications.classifiers import CLASSIFIERS
from sessions_pipeline.classifications.distilled import FEWEST_SESSIONS
from sessions_pipeline.config import save_settings
from sessions_pipeline.state import State
from sessions_pipeline.testing import FakeApi
from sessions_pipeline_tests.classifications.test_distilled import MONTH, Planted


def labelled(home: Path, judged: int) -> tuple[State, object]:
    """A state folder with planted sessions of which the first are judged, and what came of labelling them."""
    state = State(home=str(home))
    save_settings(state.folders.path, {"backend": "distilled"})
    planted = Planted(FEWEST_SESSIONS + 10)
    state.warehouse.replace_window("core.sessions", planted.sessions, [MONTH])
    state.warehouse.replace_window("labels.classifications", planted.judged(judged), [MONTH])
    state.transcripts.write(MONTH, planted.transcripts)
    done = materialize([classifications], partition_key=f"{MONTH}", resources={"state": state}, raise_on_error=False)
    return state, done


def test_the_rest_is_labelled_at_no_cost_and_the_run_says_how_well(tmp_path: Path) -> None:
    state, done = labelled(tmp_path, FEWEST_SESSIONS)
    rows = state.warehouse.read("labels.classifications")
    ours = rows.filter(pl.col("backend") == "distilled")
    assert ours.height == (FEWEST_SESSIONS + 10) * len(CLASSIFIERS)
    assert ours["cost_usd"].sum() == 0
    assert rows.filter(pl.col("backend") == "claude").height == FEWEST_SESSIONS * len(CLASSIFIERS)
    (event,) = done.asset_materializations_for_node("labels__classifications")  # type: ignore[attr-defined]
    assert event.metadata["training sessions"].value == FEWEST_SESSIONS
    told = event.metadata["agreement with the judge, held out"].value
    assert told["work_mode"]["exact"] == pytest.approx(1, abs=0.1)
    words = "\n".join(str(value) for value in event.metadata.values())
    assert "invariant" not in words


def test_too_few_judged_sessions_fail_the_run_with_what_is_missing(tmp_path: Path) -> None:
    state, done = labelled(tmp_path, 3)
    assert not done.success  # type: ignore[attr-defined]
    (failure,) = done.get_step_failure_events()  # type: ignore[attr-defined]
    assert "work_mode 3" in failure.event_specific_data.error.cause.message
    assert set(state.warehouse.read("labels.classifications")["backend"]) == {"claude"}


def test_one_limit_on_costs_holds_for_all_months_of_a_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state, limit = State(home=str(tmp_path / "home")), 0.12
    save_settings(state.folders.path, {"backend": "claude", "max_cost_usd": limit})
    months = [MONTH, dt.date(2026, 2, 1)]
    for seed, month in enumerate(months):
        planted = Planted(6, seed)
        state.warehouse.replace_window("core.sessions", planted.sessions.with_columns(month=pl.lit(month)), [month])
        state.transcripts.write(month, planted.transcripts)
    with FakeApi(tmp_path / "api") as api:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", api.url)
        monkeypatch.setenv("ANTHROPIC_API_KEY", "key")
        began = str(time.time())
        for month in months:
            done = materialize(
                [classifications],
                partition_key=f"{month}",
                resources={"state": state},
                tags={BUDGET_TAG: began},
                raise_on_error=False,
            )
            (failure,) = done.get_step_failure_events()
            assert f"{limit} US dollars of --max-cost" in failure.event_specific_data.error.message  # type: ignore[union-attr]
    spent = state.warehouse.read("labels.classifications")["cost_usd"].sum()
    # One month alone comes so close to the limit that two months with a limit each would go beyond it.
    assert 0.6 * limit < spent <= limit

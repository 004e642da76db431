"""The judge asked twice: who is asked about again, what is stored and paid, and the reliability that comes of it."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from dagster import ExecuteInProcessResult, materialize

from sessions_pipeline import operate
from sessions_pipeline.analysis.assets import analysis_assets
from sessions_pipeline.classifications.assets import classifications, retests
from sessions_pipeline.classifications.classifiers import CLASSIFIERS
from sessions_pipeline.classifications.labelling import retested
from sessions_pipeline.config import save_settings
from sessions_pipeline.metadata import asset_key
from sessions_pipeline.state import State
from sessions_pipeline.testing import FakeApi
from sessions_pipeline_tests.classifications.test_distilled import MONTH, Planted
from sessions_pipeline_tests.dbt_like_sql.running import table as table_of

SESSIONS = 2


@pytest.fixture
def api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeApi:
    with FakeApi(tmp_path / "api") as fake:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", fake.url)
        monkeypatch.setenv("ANTHROPIC_API_KEY", "key")
        yield fake


def state_of(home: Path, **settings: object) -> State:
    state = State(home=str(home))
    save_settings(state.folders.path, {"backend": "claude", "api_mode": "direct", "min_users": 1, **settings})
    planted = Planted(SESSIONS)
    state.warehouse.replace_window("core.sessions", planted.sessions, [MONTH])
    state.transcripts.write(MONTH, planted.transcripts)
    return state


def made(state: State, *assets: object) -> ExecuteInProcessResult:
    return materialize(list(assets), partition_key=f"{MONTH}", resources={"state": state}, raise_on_error=False)  # type: ignore[arg-type]


def test_a_share_of_the_sessions_is_the_same_every_time_and_larger_shares_hold_smaller_ones() -> None:
    sessions = pl.DataFrame({"session_id": [f"s{number}" for number in range(2_000)]})
    tenth, half = (set(retested(sessions, share)["session_id"]) for share in (0.1, 0.5))
    assert tenth < half
    # 200 and 1,000 expected, give or take 4 standard deviations.
    assert 146 < len(tenth) < 254
    assert 910 < len(half) < 1_090
    assert retested(sessions, 0.0).is_empty()
    assert retested(sessions, 1.0).height == 2_000


def test_second_answers_are_stored_apart_paid_once_and_give_the_reliability(api: FakeApi, tmp_path: Path) -> None:
    state = state_of(tmp_path / "home", retest_share=1.0)
    assert made(state, classifications, retests).success
    first, second = (state.warehouse.read(f"labels.{name}") for name in ("classifications", "retests"))
    assert first.height == second.height == SESSIONS * len(CLASSIFIERS)
    assert second["cost_usd"].sum() > 0
    paid = api.ledger()
    assert made(state, classifications, retests).success
    assert api.ledger() == paid

    # The stand-in answers alike each time: no difference between readings is error.
    state.warehouse.replace_window("core.classified_sessions", _classified(Planted(SESSIONS).sessions), [MONTH])
    table = next(asset for asset in analysis_assets(7) if asset.key == asset_key("analysis.reliability"))
    assert made(state, table).success
    rows = state.warehouse.read("analysis.reliability")
    assert rows["rater"].unique().to_list() == ["judge"]
    signal = rows.filter(facet="success_signal").row(0, named=True)
    assert (signal["error_variance"], signal["sessions"]) == (0, SESSIONS)


def _classified(sessions: pl.DataFrame) -> pl.DataFrame:
    known = {name: sessions[name] for name in ("session_id", "month", "user_key")}
    return table_of("core.classified_sessions", **known)


def test_without_a_share_nobody_is_asked(api: FakeApi, tmp_path: Path) -> None:
    state = state_of(tmp_path / "home")
    assert made(state, retests).success
    assert api.ledger() == []
    assert state.warehouse.read("labels.retests").is_empty()


def test_a_limit_on_costs_holds_for_both_readings_and_says_so(api: FakeApi, tmp_path: Path) -> None:
    state = state_of(tmp_path / "home", retest_share=1.0, max_cost_usd=0.0)
    done = made(state, retests)
    assert not done.success
    (failure,) = done.get_step_failure_events()
    assert "--max-cost" in failure.event_specific_data.user_failure_data.description
    assert api.ledger() == []


def test_the_estimate_counts_second_readings_beside_the_first(tmp_path: Path) -> None:
    state = state_of(tmp_path / "home", retest_share=1.0)
    rows = operate.estimate(state.folders, [MONTH])
    again = [row for row in rows if row.classifier.endswith(", second reading")]
    assert len(again) == len(CLASSIFIERS) == len(rows) - len(again)
    assert sum(row.batch for row in again) == pytest.approx(sum(row.batch for row in rows) / 2)

"""Checks that look across rows, on a warehouse of their own."""

from __future__ import annotations

import datetime as dt
import shutil
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from dagster import ExecuteInProcessResult, asset, materialize

from sessions_pipeline.checks import (
    Verdict,
    decision_shares_sum_to_one,
    every_response_has_a_price,
    no_cell_under_the_threshold,
    no_key_of_a_person,
    shares_sum_to_one,
)
from sessions_pipeline.metadata import asset_key
from sessions_pipeline.partitions import monthly_partitions
from sessions_pipeline.schemas import TABLES, polars_schema
from sessions_pipeline.snapshot import is_published
from sessions_pipeline.sql import SqlModel, _assertion
from sessions_pipeline.sql_assets import _sql_asset
from sessions_pipeline.state import State
from sessions_pipeline_tests.dbt_like_sql.running import table

OCTOBER, NOVEMBER = dt.date(2025, 10, 1), dt.date(2025, 11, 1)


def model_use(*rows: tuple[str, dt.date, str | None, int, float | None]) -> pl.DataFrame:
    """core.model_use of (session, month, model, responses, cost)."""
    named = [dict(zip(("session_id", "month", "model", "responses", "api_cost_usd"), row, strict=True)) for row in rows]
    schema = polars_schema("core.model_use")
    zero = {name: 0 for name in schema if name.endswith("_tokens")}
    return pl.DataFrame([{**zero, **row} for row in named], schema=schema)


def test_models_without_a_price_are_named_with_their_responses_and_sessions(tmp_path: Path) -> None:
    state = State(home=str(tmp_path))
    rows = model_use(
        ("s1", OCTOBER, "claude-opus-5", 7, 1.5),
        ("s1", OCTOBER, "qwen3:8b", 2, None),
        ("s2", OCTOBER, "qwen3:8b", 3, None),
        ("s2", OCTOBER, None, 1, None),
        ("s3", NOVEMBER, "claude-opus-5", 4, 0.0),
    )
    state.warehouse.replace_window("core.model_use", rows, [OCTOBER, NOVEMBER])
    verdict = every_response_has_a_price(state, [OCTOBER])
    assert not verdict.passed
    assert verdict.facts == {"models without a price": "no model named, qwen3:8b", "responses": 6, "sessions": 2}
    assert every_response_has_a_price(state, [NOVEMBER]).passed


def classified(mode_of_users: dict[str, list[str]], month: dt.date = OCTOBER, **columns: object) -> pl.DataFrame:
    """core.classified_sessions: a session of each mode for each user; ids as `ann-plan-2025-10`."""
    rows = [(user, mode) for mode, users in mode_of_users.items() for user in users]
    return table(
        "core.classified_sessions",
        session_id=[f"{user}-{mode}-{month:%Y-%m}" for user, mode in rows],
        user_key=[KEY_OF[user] for user, _ in rows],
        work_mode=[mode for _, mode in rows],
        month=[month] * len(rows),
        human_prompts=[1] * len(rows),
        **columns,
    )


KEY_OF = {name: f"{number:032x}" for number, name in enumerate(("ann", "ben", "cat", "dan", "eve", "fay", "gus"))}
SIX = ["ann", "ben", "cat", "dan", "eve", "fay"]


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse without rows: making the tables takes a third of a second, copying them none."""
    folder = tmp_path_factory.mktemp("empty")
    State(home=str(folder)).warehouse.read("core.sessions")
    return folder / "warehouse.duckdb"


@pytest.fixture
def state(tmp_path: Path, empty: Path) -> State:
    shutil.copy(empty, tmp_path)
    return State(home=str(tmp_path))


def store_all(state: State, month: dt.date = OCTOBER, **frames: pl.DataFrame) -> None:
    for name, frame in frames.items():
        state.warehouse.replace_window(name.replace("__", "."), frame, [month])


class TestDecisionShares:
    """Three decisions by the user and one by the agent: a share of 0.75; no execution decisions: no share."""

    @pytest.fixture(autouse=True)
    def _labels(self, state: State) -> None:
        counts = {"user_planning_decisions": [3], "agent_planning_decisions": [1]}
        counts |= {"user_execution_decisions": [0], "agent_execution_decisions": [0]}
        labels = table("staging.current_labels", session_id=["ann-plan-2025-10"], month=[OCTOBER], **counts)
        store_all(state, staging__current_labels=labels)

    @pytest.mark.parametrize(
        ("planning", "execution", "passed"),
        [(0.75, None, True), (0.25, None, False), (None, None, False), (0.75, 0.5, False)],
    )
    def test_they_sum_to_one_or_are_not_there(
        self, state: State, planning: float | None, execution: float | None, passed: bool
    ) -> None:
        rows = classified({"plan": ["ann"]}, user_planning_share=[planning], user_execution_share=[execution])
        verdict = decision_shares_sum_to_one(state, "core.classified_sessions", rows, [OCTOBER])
        assert verdict.passed == passed
        wrong = "nowhere" if passed else f"user_{'execution' if execution else 'planning'}_share: ann-plan-2025-10"
        assert verdict.facts["where"] == wrong


def shares(*rows: tuple[str, float | None], period: str = "month") -> pl.DataFrame:
    """marts.work_mode_shares of (mode, share); None is withheld."""
    return table(
        "marts.work_mode_shares",
        month=[OCTOBER] * len(rows),
        period=[period] * len(rows),
        work_mode=[mode for mode, _ in rows],
        estimate=[share for _, share in rows],
        suppressed=[share is None for _, share in rows],
    )


class TestSharesOfWorkModes:
    """Ten sessions in October: six plan, three fix, one test."""

    @pytest.fixture(autouse=True)
    def _sessions(self, state: State) -> None:
        periods = table(
            "staging.periods", month=[OCTOBER], period=["month"], first_month=[OCTOBER], last_month=[OCTOBER]
        )
        sessions = classified({"plan": SIX, "fix": SIX[:3], "test": SIX[:1]})
        store_all(state, staging__periods=periods, core__classified_sessions=sessions)

    @pytest.mark.parametrize(
        ("rows", "passed"),
        [
            pytest.param([("plan", 0.6), ("fix", 0.3), ("test", 0.1)], True, id="all shown"),
            pytest.param([("plan", 0.6), ("fix", None), ("test", None)], True, id="two withheld"),
            pytest.param([("plan", 0.6), ("fix", 0.3)], False, id="one lost"),
            pytest.param([("plan", 0.7), ("fix", None), ("test", None)], False, id="one too large"),
        ],
    )
    def test_they_make_one_with_those_that_are_withheld(
        self, state: State, rows: list[tuple[str, float | None]], passed: bool
    ) -> None:
        verdict = shares_sum_to_one(state, "marts.work_mode_shares", shares(*rows), [OCTOBER])
        assert verdict.passed == passed
        assert verdict.facts["do not sum to one"] == ("none" if passed else "2025-10-01 month")


class TestTheUserThreshold:
    """Five users at least, with seven users in all."""

    @pytest.fixture(autouse=True)
    def _sessions(self, state: State) -> None:
        store_all(state, core__classified_sessions=classified({"plan": list(KEY_OF)}))

    def verdict(self, state: State, **row: object) -> Verdict:
        cell = {"month": OCTOBER, "period": "month", "work_mode": "plan", "suppressed": False} | row
        rows = table("marts.work_mode_shares", **{name: [value] for name, value in cell.items()})
        return no_cell_under_the_threshold(state, "marts.work_mode_shares", rows, [OCTOBER])

    @pytest.mark.parametrize(
        "row",
        [
            pytest.param({"users": 5, "sessions": 9, "estimate": 0.5}, id="enough"),
            pytest.param({"users": 0, "sessions": 0, "estimate": 0.0, "ci_high": 0.1}, id="nobody"),
            pytest.param({"suppressed": True}, id="withheld"),
        ],
    )
    def test_what_may_be_shown(self, state: State, row: dict[str, object]) -> None:
        assert self.verdict(state, **row).passed

    @pytest.mark.parametrize(
        "row",
        [
            pytest.param({"users": 4, "sessions": 9, "estimate": 0.5}, id="four users"),
            pytest.param({"users": 4}, id="that there are four"),
            pytest.param({"estimate": 0.5}, id="of nobody knows whom"),
            pytest.param({"users": 5, "estimate": 0.5, "suppressed": True}, id="withheld and shown"),
            pytest.param({"sessions": 9, "suppressed": True}, id="withheld but for its sessions"),
        ],
    )
    def test_what_may_not(self, state: State, row: dict[str, object]) -> None:
        verdict = self.verdict(state, **row)
        assert not verdict.passed
        assert verdict.facts["where"] == "2025-10-01 month plan"

    def test_regressions_say_n_users(self, state: State) -> None:
        row = {"month": OCTOBER, "period": "month", "specification": "table_a1_1", "term": "expertise", "n_users": 4}
        rows = table("analysis.coefficients", **{name: [value] for name, value in row.items()})
        assert not no_cell_under_the_threshold(state, "analysis.coefficients", rows, [OCTOBER]).passed

    def test_degrees_of_freedom_of_a_withheld_row_tell_its_users(self, state: State) -> None:
        row = {"month": OCTOBER, "work_mode": "plan", "part": "total", "suppressed": True}
        for freedom, passes in ((None, True), (2, False)):
            cells = {name: [value] for name, value in (row | {"degrees_of_freedom": freedom}).items()}
            rows = table("analysis.task_value_change", **cells)
            assert no_cell_under_the_threshold(state, "analysis.task_value_change", rows, [OCTOBER]).passed == passes

    def test_one_person_s_own_data_have_none(self, state: State) -> None:
        store_all(state, core__classified_sessions=classified({"plan": ["ann"]}))
        assert self.verdict(state, users=1, sessions=3, estimate=1.0).passed

    def test_every_published_table_says_for_how_many_users_it_stands(self) -> None:
        for name in filter(is_published, TABLES):
            assert {"users", "n_users"} & polars_schema(name).keys(), name


def test_the_id_of_a_session_or_the_key_of_a_user_in_a_published_text_is_found(state: State) -> None:
    store_all(
        state, core__sessions=table("core.sessions", session_id=["s1"], user_key=[KEY_OF["ann"]], month=[OCTOBER])
    )
    row = {"month": [OCTOBER], "specification": ["table_a1_1"], "missing_reason": ["fewer than 5 users"]}
    rows = table("analysis.coefficients", **row)
    assert no_key_of_a_person(state, "analysis.coefficients", rows, [OCTOBER]).passed
    for key in ("s1", KEY_OF["ann"]):
        verdict = no_key_of_a_person(
            state, "analysis.coefficients", rows.with_columns(missing_reason=pl.lit(key)), [OCTOBER]
        )
        assert not verdict.passed
        assert verdict.facts["columns with a key"] == "missing_reason"


SHARES = "marts.work_mode_shares"
MODEL = SqlModel(
    table=SHARES,
    sql="""
        with cells as (
            select month, work_mode, count(*) as sessions, count(distinct user_key) as users
            from core.classified_sessions where month between $first_month and $last_month group by all
        ),
        final as (
            select *, 'month' as period, sessions / sum(sessions) over (partition by month) as share, users < 5 as few
            from cells
        )
        select
            month, period, work_mode, few as suppressed, if(few, null, users) as users,
            if(few, null, sessions) as sessions, if(few, null, share) as estimate,
            null::double as ci_low, null::double as ci_high
        from final
    """,
    description="One row per month and work mode.",
    columns={},
    assertions=(_assertion(SHARES, "each row: suppressed or users >= 5"),),
    dependencies=("core.classified_sessions",),
    parameters=("first_month", "last_month"),
)


class TestAFailedCheck:
    """Of a run on October, whose table was there before: 7 users plan, 3 fix and 2 test; fixing and testing is
    withheld."""

    def run(self, state: State, model: SqlModel) -> ExecuteInProcessResult:
        @asset(deps=[asset_key(SHARES)], partitions_def=monthly_partitions)
        def what_depends() -> None: ...

        return materialize(
            [_sql_asset(model, 7), what_depends],
            partition_key=f"{OCTOBER}",
            resources={"state": state},
            raise_on_error=False,
        )

    @pytest.fixture
    def before(self, state: State) -> pl.DataFrame:
        """The rows of the good run."""
        sessions = classified({"plan": [*SIX, "gus"], "fix": SIX[:3], "test": SIX[3:5]})
        periods = table(
            "staging.periods", month=[OCTOBER], first_month=[OCTOBER], last_month=[OCTOBER], period=["month"]
        )
        store_all(state, core__classified_sessions=sessions, staging__periods=periods)
        done = self.run(state, MODEL)
        assert done.success
        assert [check.passed for check in done.get_asset_check_evaluations()] == [True] * 5
        rows = state.warehouse.read(SHARES)
        assert rows.filter("suppressed")["work_mode"].unique().sort().to_list() == ["fix", "test"]
        return rows

    def failed(self, state: State, model: SqlModel, before: pl.DataFrame) -> dict[str, str]:
        """What the checks that failed say; the month is as it was, and what depends on it was not made."""
        done = self.run(state, model)
        assert not done.success
        assert state.warehouse.read(SHARES).equals(before)
        assert [event.step_key for event in done.get_step_success_events()] == []
        assert not done.asset_materializations_for_node("marts__work_mode_shares")
        found = [check for check in done.get_asset_check_evaluations() if not check.passed]
        assert all(check.blocking for check in found)
        return {check.check_name: str({n: v.value for n, v in check.metadata.items()}) for check in found}

    def test_of_a_cell_under_the_threshold_names_the_cells(self, state: State, before: pl.DataFrame) -> None:
        forgetful = replace(MODEL, sql=MODEL.sql.replace("users < 5", "false"), assertions=())
        said = self.failed(state, forgetful, before)
        assert said.keys() == {"no_cell_under_the_user_threshold"}
        assert "2025-10-01 month fix" in said["no_cell_under_the_user_threshold"]
        assert "2025-10-01 month test" in said["no_cell_under_the_user_threshold"]

    def test_of_an_assertion_names_the_rows(self, state: State, before: pl.DataFrame) -> None:
        stricter = replace(MODEL, assertions=(_assertion(SHARES, "each row: suppressed or work_mode <> 'plan'"),))
        said = self.failed(state, stricter, before)
        assert said.keys() == {"header_assertions_hold"}
        assert "2025-10-01 month plan" in said["header_assertions_hold"]

    def test_of_the_model_names_row_and_column(self, state: State, before: pl.DataFrame) -> None:
        wrong = MODEL.sql.replace("if(few, null, sessions)", "-1")
        said = self.failed(state, replace(MODEL, sql=wrong), before)
        assert said.keys() == {"rows_follow_the_model"}
        assert "sessions: greater_than_or_equal_to(0) does not hold in row" in said["rows_follow_the_model"]

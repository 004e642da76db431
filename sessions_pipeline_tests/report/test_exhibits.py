import datetime as dt

import polars as pl
import pytest

from sessions_pipeline.report import exhibits
from sessions_pipeline.report.exhibits import Cell
from sessions_pipeline.schemas import validate
from sessions_pipeline_tests.report import example

OCTOBER, NOVEMBER = dt.date(2025, 10, 1), dt.date(2025, 11, 1)


@pytest.mark.parametrize("make", [example.inputs, example.personal_inputs, example.empty_inputs])
def test_the_examples_are_tables_as_the_warehouse_releases_them(make):
    from sessions_pipeline.report.inputs import TABLES

    inputs = make()
    for name, table in TABLES.items():
        validate(table, inputs.frames[name])


def test_a_suppressed_row_loses_its_numbers_even_if_the_frame_still_has_them():
    row = {**example.cell(OCTOBER, "window", 0.31, 0.05, 40, 3), "work_mode": "fix", "suppressed": True}
    frame = example.frame("marts.work_mode_shares", [row])
    cell = exhibits.work_mode_shares(frame, OCTOBER)["fix"]
    assert (cell.estimate, cell.low, cell.high, cell.sessions, cell.users) == (None,) * 5
    assert cell.suppressed


def test_work_modes_are_read_from_the_window_of_the_vintage_alone_largest_first():
    rows = [
        {**example.cell(OCTOBER, "window", 0.2, 0.05, 40, 9), "work_mode": "build"},
        {**example.cell(OCTOBER, "window", 0.8, 0.05, 160, 9), "work_mode": "test"},
        {**example.cell(OCTOBER, "month", 0.5, 0.05, 40, 9), "work_mode": "plan"},
        {**example.cell(NOVEMBER, "window", 0.5, 0.05, 40, 9), "work_mode": "fix"},
    ]
    frame = example.frame("marts.work_mode_shares", rows)
    assert list(exhibits.work_mode_shares(frame, OCTOBER)) == ["test", "build"]


def test_a_level_without_sessions_keeps_its_place_with_the_study_s_mean_alone():
    frame = example.effort_by_expertise(example.MONTHS, 702, 120).filter(pl.col("expertise") > 1)
    novices = exhibits.effort(frame, example.MONTHS[-1])["actions_per_prompt"][1]
    assert (novices.sessions, novices.estimate, novices.has_box, novices.suppressed) == (0, None, False, False)
    assert novices.published.value == 4.9
    assert exhibits.effort(frame.clear(), example.MONTHS[-1]) == {}


def test_the_month_range_crosses_the_year_and_fills_gaps():
    months = exhibits.month_range([dt.date(2026, 2, 1), dt.date(2025, 11, 1)])
    assert months == [dt.date(2025, 11, 1), dt.date(2025, 12, 1), dt.date(2026, 1, 1), dt.date(2026, 2, 1)]


def changed(mode: str, last: dt.date, comparison: str = "since_first_month", **numbers) -> dict[str, object]:
    keys = {"month": NOVEMBER, "measure": "task_value", "first_month": OCTOBER, "n_left_out": 0, "suppressed": False}
    return {**keys, "work_mode": mode, "comparison": comparison, "last_month": last, **numbers}


def test_changes_are_those_of_the_vintage_and_the_first_month_has_none():
    rows = [
        changed("all", NOVEMBER, estimate=0.5, ci_low=0.2, ci_high=0.9, sessions=100, users=12),
        changed("all", NOVEMBER, "per_month", estimate=7.0, ci_low=2.0, ci_high=12.0, sessions=100, users=12),
        changed("fix", NOVEMBER, suppressed=True, missing_reason="withheld"),
        {**changed("all", NOVEMBER, estimate=9.0), "measure": "work_mode_share"},
        {**changed("all", OCTOBER, estimate=9.0), "month": OCTOBER},
    ]
    frame = example.frame("analysis.monthly_changes", rows)
    found = exhibits.changes(frame, NOVEMBER, "task_value")
    first, later = Cell(100.0, 80.0, 120.0, 50, 9), Cell(150.0, 120.0, 180.0, 50, 9)
    values = {mode: {OCTOBER: first, NOVEMBER: later} for mode in ("all", "fix", "test")}
    changes = exhibits.value_changes(found, values, OCTOBER)
    assert changes["all"] == {
        OCTOBER: Cell(0.0, None, None, 50, 9),
        NOVEMBER: Cell(0.5, 0.2, 0.9, 100, 12),
    }
    assert changes["fix"][NOVEMBER] == Cell(suppressed=True)
    assert changes["test"][NOVEMBER] == Cell()
    assert exhibits.trends(frame, NOVEMBER, "task_value") == {"all": Cell(7.0, 2.0, 12.0, 100, 12)}


def test_months_before_the_first_that_is_compared_are_left_out():
    """September has sessions, but none with a work mode."""
    axis = [dt.date(2025, 9, 1), OCTOBER, NOVEMBER]
    frame = example.frame("analysis.monthly_changes", [changed("all", NOVEMBER, estimate=0.5)])
    assert exhibits.compared_months(frame, NOVEMBER, axis) == [OCTOBER, NOVEMBER]
    assert exhibits.compared_months(frame, OCTOBER, axis) == exhibits.compared_months(frame.clear(), NOVEMBER, axis)
    assert exhibits.compared_months(frame.clear(), NOVEMBER, axis) == axis


def test_a_mode_without_its_first_month_has_no_change():
    later = {"all": {NOVEMBER: Cell(5.0, 4.0, 6.0)}}
    assert exhibits.value_changes({"all": {NOVEMBER: Cell(0.1)}}, later, OCTOBER) == {"all": {}}


def test_attrition_is_summed_over_months_in_the_order_of_the_rules():
    frame = example.attrition(example.MONTHS, 702)
    steps = exhibits.attrition_steps(frame, example.MONTHS)
    sessions = [step for step in steps if step.unit == "session"]
    assert [step.rule for step in sessions] == [
        "found",
        "no_human_prompt",
        "headless",
        "ide",
        "no_agent_reply",
        "no_clear_goal",
    ]
    assert sessions[4].remaining == 702
    assert sessions[0].remaining - sum(step.removed for step in sessions[1:]) == sessions[-1].remaining
    assert exhibits.unbalanced(steps) == []


@pytest.mark.parametrize("rule", ["found", "subagent", "headless"])
def test_a_month_that_does_not_add_up_is_named(rule):
    frame = example.attrition(example.MONTHS, 702)
    wrong = (pl.col("month") == NOVEMBER) & (pl.col("rule") == rule) & (pl.col("unit") != "line")
    broken = frame.with_columns(
        removed=pl.when(wrong & (pl.col("step") > 4)).then(pl.col("removed") + 1).otherwise("removed")
    )
    found = exhibits.unbalanced(exhibits.attrition_steps(broken, example.MONTHS))
    assert (NOVEMBER, "sessions found" if rule == "found" else rule) in found
    assert {month for month, _ in found} == {NOVEMBER}


def test_without_adjusted_rates_the_panel_shows_raw_ones_and_says_why():
    inputs = example.personal_inputs()
    panels = exhibits.outcome_panels(
        inputs.frames["adjusted_rates"], inputs.frames["outcomes_by_expertise"], inputs.month
    )
    assert [panel.adjusted for panel in panels] == [False, False, False]
    assert panels[0].reason == "one user: standard errors cannot be clustered"
    raw = inputs.frames["outcomes_by_expertise"].filter(
        pl.col("sample") == "all", pl.col("measure") == "verified_success", pl.col("expertise") == 5
    )
    assert panels[0].cells["verified_success", 5].estimate == raw["estimate"].item()


def test_the_panels_name_the_controls_of_their_rates():
    inputs = example.inputs()
    panels = exhibits.outcome_panels(
        inputs.frames["adjusted_rates"], inputs.frames["outcomes_by_expertise"], inputs.month
    )
    assert [panel.controls for panel in panels] == [(5,), (3,), (3,)]


def test_tables_a1_and_a2_pick_their_terms_and_the_published_ones():
    frame = example.coefficients(example.MONTHS, 702, 120)
    a1 = exhibits.table_a1(frame, example.MONTHS[-1])
    assert [row.column for row in a1] == [1, 2, 3, 4, 5, 6]
    assert a1[4].cell.estimate == pytest.approx(0.0391)
    assert a1[4].cell.published.value == 0.0379
    a2 = exhibits.table_a2(frame, example.MONTHS[-1])
    assert {level: row.cell.estimate for level, row in a2.items()} == {2: 0.061, 3: 0.129, 4: 0.143, 5: 0.181}
    assert exhibits.table_a1(frame, example.MONTHS[-1], period="month") == []

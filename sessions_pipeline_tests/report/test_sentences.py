import datetime as dt
import re

from hypothesis import given
from hypothesis import strategies as st

from sessions_pipeline.report import sentences
from sessions_pipeline.report.exhibits import Cell, Coefficient, EffortCell, Panel, RateCell
from sessions_pipeline.report.published import published

OCTOBER, APRIL = dt.date(2025, 10, 1), dt.date(2026, 4, 1)
AXIS = [OCTOBER, APRIL]
CLAIMS = re.compile(r"\b(rose|fell|higher|lower|above every|excludes zero for)\b")


@st.composite
def cells(draw, kind=Cell, low=0.001, high=0.9):
    """A number with an interval that holds it."""
    ends = sorted(draw(st.lists(st.floats(low, high), min_size=3, max_size=3, unique=True)))
    return kind(ends[1], ends[0], ends[2], 100, 20)


def apart(one: Cell, other: Cell) -> bool:
    return one.low > other.high or other.low > one.high


@given(cells(), cells(), cells(low=-0.5, high=0.5))
def test_a_monthly_share_moves_only_if_the_interval_of_its_change_excludes_zero(first, last, change):
    shares = {"fix": {OCTOBER: first, APRIL: last}}
    text = sentences.mode_trends(shares, {"fix": {APRIL: change}}, AXIS)
    assert ("rose" in text) == (change.low > 0)
    assert ("fell" in text) == (change.high < 0)
    assert ("spans zero" in text) == (change.low <= 0 <= change.high)


def test_a_mode_without_a_share_in_the_first_month_is_not_said_to_move():
    later, change = {APRIL: Cell(0.6, 0.5, 0.7)}, Cell(0.2, 0.1, 0.3)
    shares = {"fix": later, "plan": {OCTOBER: Cell(0.4, 0.3, 0.5), **later}}
    text = sentences.mode_trends(shares, {"fix": {APRIL: change}, "plan": {APRIL: change}}, AXIS)
    assert "the share of plan (40.0% to 60.0%) rose" in text
    assert "fix" not in text


@given(cells(EffortCell), cells(EffortCell))
def test_effort_differs_only_if_the_two_intervals_are_apart(novice, expert):
    text = sentences.effort({1: novice, 5: expert}, "actions per prompt")
    assert bool(CLAIMS.search(text)) == apart(novice, expert)
    if apart(novice, expert):
        assert ("higher at level 5" in text) == (expert.estimate > novice.estimate)


@given(cells(RateCell), cells(RateCell))
def test_an_outcome_differs_only_if_the_two_intervals_are_apart(novice, expert):
    rates = {("verified_success", 1): novice, ("verified_success", 5): expert}
    panel = Panel("All", "success", "all", ("verified_success",), True, (5,), None, rates)
    assert bool(CLAIMS.search(sentences.outcomes([panel]))) == apart(novice, expert)


@given(cells(), cells())
def test_cuts_differ_by_expertise_only_if_the_two_intervals_are_apart(novice, expert):
    text = sentences.truncation({1: novice, 5: expert}, {})
    assert bool(CLAIMS.search(text)) == apart(novice, expert)
    assert "head and the tail alone" in text


def test_cuts_are_told_by_mode_and_nothing_of_what_is_suppressed():
    modes = {"build": Cell(0.4), "fix": Cell(0.1), "test": Cell(suppressed=True)}
    assert "runs from 10.0% (fix) to 40.0% (build)" in sentences.truncation({}, modes)
    assert sentences.truncation({1: Cell(suppressed=True)}, {}) == ""
    assert sentences.truncation({1: Cell(0.0), 2: Cell(0.0)}, {}) == "No transcript was cut in any group that is shown."


@given(cells(low=-0.9, high=0.9))
def test_task_value_rises_or_falls_only_if_the_interval_of_the_change_excludes_zero(change):
    text = sentences.value_changes({"all": {APRIL: change}, "fix": {APRIL: change}}, AXIS)
    assert bool(CLAIMS.search(text)) == (change.low > 0 or change.high < 0)
    if change.low > 0:
        assert "rose" in text
    if change.high < 0:
        assert "fell" in text


@given(cells(low=-0.2, high=0.2))
def test_a_slope_whose_interval_spans_zero_is_said_to_be_no_slope(cell):
    text = sentences.slope([Coefficient("(5) … × user occupation", 5, cell, {})])
    assert ("cannot be told from zero" in text) == (cell.low <= 0 <= cell.high)


@given(cells(low=-0.2, high=0.2))
def test_a_step_from_novices_is_claimed_with_its_sign_or_not_at_all(cell):
    text = sentences.steps({3: Coefficient("3 intermediate", 5, cell, {})})
    assert ("higher than among novices" in text) == (cell.low > 0)
    assert ("lower than among novices" in text) == (cell.high < 0)
    assert ("No difference from novices" in text) == (cell.low <= 0 <= cell.high)


@given(cells(low=-0.2, high=0.2), cells(low=-0.2, high=0.2))
def test_a_gap_between_professions_is_claimed_with_its_sign_or_not_at_all(gap, per_month):
    text = sentences.software_gap(gap, per_month)
    assert ("is higher among software users" in text) == (gap.low > 0)
    assert ("is lower among software users" in text) == (gap.high < 0)
    assert ("cannot be told from no change" in text) == (per_month.low <= 0 <= per_month.high)
    assert sentences.software_gap(Cell(0.05), per_month) == ""


@given(cells(low=-0.5, high=0.9))
def test_effort_per_level_is_claimed_only_beyond_the_interval(slope):
    text = sentences.effort_slopes({"actions per prompt": slope})
    assert ("cannot be told from zero" in text) == (slope.low <= 0 <= slope.high)


@given(cells(low=-0.5, high=0.5), cells(low=-0.5, high=0.5))
def test_each_part_of_a_change_of_value_says_whether_it_can_be_told_from_zero(within, between):
    text = sentences.value_parts({"all": {"within": within, "between": between}})
    assert ("the first" in text) == (within.low <= 0 <= within.high)
    assert ("the second" in text) == (between.low <= 0 <= between.high)


def test_a_work_mode_leads_only_if_its_interval_is_above_all_others():
    fix, build, test = Cell(0.4, 0.35, 0.45), Cell(0.36, 0.31, 0.41), Cell(0.1, 0.05, 0.15)
    assert "overlaps with build, so the order of these is not certain" in sentences.largest_share(
        {"fix": fix, "build": build, "test": test}, "mode"
    )
    assert "above every other mode shown" in sentences.largest_share({"fix": fix, "test": test}, "mode")


def test_the_study_s_figure_is_placed_inside_above_or_below_our_interval():
    study = published("figure_1", "work_mode_share", "fix")
    assert sentences.beside_study(Cell(0.3, 0.2, 0.4, published=study)) == "The study’s 26% lies inside this interval."
    assert "lies below" in sentences.beside_study(Cell(0.3, 0.27, 0.4, published=study))
    assert "lies above" in sentences.beside_study(Cell(0.2, 0.1, 0.25, published=study))
    assert sentences.beside_study(Cell(0.2, published=study)) == ""


def test_a_figure_printed_as_26_percent_may_be_anything_that_rounds_to_it():
    study = published("figure_1", "work_mode_share", "fix")
    assert "within its rounding, inside" in sentences.beside_study(Cell(0.252, 0.248, 0.256, published=study))
    assert "agree with our intervals for all 1" in sentences.largest_share(
        {"fix": Cell(0.252, 0.248, 0.256, published=study)}, "mode"
    )
    assert "lies above" in sentences.beside_study(Cell(0.25, 0.246, 0.254, published=study))
    assert "outside our interval for fix" in sentences.largest_share(
        {"fix": Cell(0.25, 0.246, 0.254, published=study)}, "mode"
    )


def test_without_intervals_numbers_are_named_and_nothing_is_claimed():
    text = sentences.effort({1: EffortCell(5.0), 5: EffortCell(11.0)}, "actions per prompt")
    assert "11.0 at level 5 (expert) and 5.0 at level 1 (novice)" in text
    assert "no difference is claimed" in text
    assert not CLAIMS.search(text)
    assert (
        sentences.largest_share({"fix": Cell(0.4)}, "mode") == "Fix takes the largest share of these sessions, 40.0%."
    )


def test_suppressed_cells_are_never_compared():
    hidden = Cell(suppressed=True)
    shown = Cell(0.4, 0.35, 0.45)
    shares = {"fix": {OCTOBER: hidden, APRIL: shown}}
    assert "No work mode has an interval" in sentences.mode_trends(shares, {"fix": {APRIL: hidden}}, AXIS)
    assert sentences.largest_share({"fix": hidden}, "mode") == ""
    assert sentences.largest_share({"fix": shown, "build": hidden}, "mode").startswith("Of the modes shown, fix has")


def test_no_backend_passes_for_the_study_s_judge():
    assert sentences.judged_by("rules") == "by the embedded rules backend, not by the study’s language-model judge"
    assert "not by the study’s" in sentences.judged_by("distilled")
    assert "own prompts" in sentences.judged_by("claude")
    assert sentences.judged_by("claude", "sessions") == "drawn at random with the sessions, by no judge"

from sessions_pipeline.report import numbers
from sessions_pipeline.report.published import published, published_figures


def test_looks_up_a_figure_with_its_precision_and_sample():
    slope = published("table_a1", "expertise_coefficient", "column_5")
    assert slope is not None
    assert (slope.value, slope.standard_error, slope.n, slope.unit) == (0.0379, 0.0009, 351603, "probability_per_level")


def test_what_the_study_does_not_print_is_none():
    assert published("figure_3", "actions_per_prompt", "expertise_3") is None


def test_the_work_mode_shares_of_figure_1_are_all_there_and_add_up_to_their_rounding():
    shares = [figure.value for figure in published_figures().values() if figure.exhibit == "figure_1"]
    assert len(shares) == 9
    assert abs(sum(shares) - 1) < 9 * 0.005


def test_adjusted_rates_of_table_a2_are_recentred_on_the_raw_mean():
    """27.5% both, weighted with the printed numbers of sessions: a slip in copying would show."""
    for measure in ("verified_success_unadjusted", "verified_success_adjusted"):
        rows = [published("table_a2", measure, f"expertise_{level}") for level in range(1, 6)]
        sessions = sum(row.n for row in rows)
        assert round(sum(row.value * row.n for row in rows) / sessions, 3) == 0.275


def test_figures_are_written_as_they_were_printed():
    assert numbers.printed(published("figure_1", "work_mode_share", "fix")) == "26%"
    assert numbers.printed(published("table_a2", "verified_success_adjusted", "expertise_1")) == "14.5%"
    assert numbers.printed(published("figure_3", "words_per_prompt", "expertise_5")) == "3,200"
    assert numbers.printed(published("figure_4", "task_value_change_2025-10_to_2026-04", "build")) == "+43%"
    assert numbers.printed(published("table_a1", "expertise_coefficient", "column_1")) == "+4.3 points"
    assert numbers.printed_plain(published("table_a1", "expertise_coefficient", "column_1")) == "0.0426"
    assert numbers.printed(None) == "—"

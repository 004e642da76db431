"""The regressions are those of the study, on columns that exist."""

from sessions_pipeline.analysis.specifications import (
    CONTROLS,
    DERIVED,
    EVERY_PERIOD,
    EXPERTISE_LEVELS,
    FIGURE_5,
    TABLE_A1,
    TABLE_A2,
    WINDOW_ONLY,
)
from sessions_pipeline.schemas import OUTCOME_MEASURES, SAMPLES, polars_schema, validate
from sessions_pipeline_tests.analysis.sessions import classified_sessions, drawn_sessions


def test_table_a1_adds_one_set_of_controls_per_column() -> None:
    assert [specification.name for specification in TABLE_A1] == [f"table_a1_{column}" for column in range(1, 7)]
    assert [specification.controls for specification in TABLE_A1] == [
        (),
        ("work_mode", "task_value_band"),
        ("work_mode", "task_value_band", "month"),
        ("work_mode", "task_value_band", "month", "task_occupation"),
        ("work_mode", "task_value_band", "month", "task_occupation", "user_occupation"),
        (*CONTROLS["table_a1_5"], "model_tier", "session_length_band"),
    ]
    assert [term.name for term in TABLE_A1[5].terms] == ["expertise", "ln_model_calls", "ln_human_turns"]
    assert {specification.outcome for specification in TABLE_A1} == {"verified_success"}
    assert {specification.terms[0].level for specification in TABLE_A1} == {None}


def test_table_a2_is_column_5_with_novice_left_out() -> None:
    assert TABLE_A2.controls == CONTROLS["table_a1_5"]
    assert [term.level for term in EXPERTISE_LEVELS] == [2, 3, 4, 5]
    assert {term.reference for term in EXPERTISE_LEVELS} == {1}


def test_figure_5_has_three_series_of_all_and_six_of_hit_trouble_sessions() -> None:
    panels = [(specification.sample.name, specification.outcome) for specification in FIGURE_5]
    assert panels == [
        ("all", "at_least_partial"),
        ("all", "judged_success"),
        ("all", "verified_success"),
        *(("hit_trouble", measure) for measure in OUTCOME_MEASURES),
    ]
    assert {sample for sample, _ in panels} == set(SAMPLES)


EVERYTHING = (*EVERY_PERIOD, *WINDOW_ONLY, *FIGURE_5)


def test_every_specification_reads_columns_of_classified_sessions() -> None:
    columns = {*polars_schema("core.classified_sessions"), *DERIVED}
    for specification in EVERYTHING:
        assert {*specification.required, *specification.keys, *specification.sample.keep.meta.root_names()} <= columns


def test_no_specification_computes_with_what_another_only_tells_apart() -> None:
    """Controls and clusters are numbered before models are fitted: their values are gone by then."""
    numbered = set().union(*(specification.keys for specification in EVERYTHING))
    for specification in EVERYTHING:
        values = {column for term in specification.terms for column in term.columns}
        assert not numbered & {specification.outcome, *values, *specification.sample.keep.meta.root_names()}


def test_names_are_unique() -> None:
    names = [specification.name for specification in EVERYTHING]
    assert len(set(names)) == len(names)


def test_the_sessions_of_these_tests_are_valid_classified_sessions() -> None:
    for frame in (classified_sessions(user_key=["a", "b"]), drawn_sessions(seed=0)):
        validate("core.classified_sessions", frame)

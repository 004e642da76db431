"""Nothing published lacks a corrected estimate, or a reason; and what is corrected is what the marts publish."""

from __future__ import annotations

import re
from collections.abc import Iterator

import polars as pl
import pytest

from sessions_pipeline.analysis.corrected_models import ADJUSTED
from sessions_pipeline.analysis.corrected_quantities import MEANS, NOT_CORRECTED, SPECIFICATIONS, Mean
from sessions_pipeline.analysis.corrected_rows import corrected_estimates
from sessions_pipeline.analysis.replication import NOT_RECOMPUTED
from sessions_pipeline.analysis.specifications import EVERY_PERIOD, FIGURE_5, WINDOW_ONLY
from sessions_pipeline.report.published import published_figures
from sessions_pipeline.schemas import polars_schema, validate
from sessions_pipeline_tests.dbt_like_sql.reference import LAST, WINDOW, drawn_sessions, tables_behind
from sessions_pipeline_tests.dbt_like_sql.running import models, month

# Of the marts' measures, those that no label is in, and the reason's name.
WITHOUT_LABELS = {("actions_by_model", "actions_per_prompt"), ("words_by_model", "words_per_prompt")}


def test_every_measure_of_the_marts_is_corrected_or_said_not_to_be() -> None:
    values = re.search(r"measures\(breakdown.*?values(.*?)\),\n\n", models()["staging.figures"].sql, re.DOTALL)
    assert values
    measures = set(re.findall(r"\('(\w+)', '(\w+)', '\w+', '\w+', ", values[1]))
    assert len(measures) > 40
    assert measures - {(mean.cut.breakdown, mean.measure) for mean in MEANS} == WITHOUT_LABELS
    assert "effort_by_model" in NOT_CORRECTED


def test_every_specification_is_corrected_or_said_not_to_be() -> None:
    known = {each.name for each in SPECIFICATIONS}
    for specification in (*EVERY_PERIOD, *WINDOW_ONLY):
        assert (specification.name in known) != (specification.name in NOT_CORRECTED)
    assert set(ADJUSTED) == {f"adjusted_{each.name}" for each in FIGURE_5}


# Published exhibit and measure -> its corrected quantities, or the key of the reason for none.
OF_EXHIBITS: dict[tuple[str, str], tuple[str, ...]] = {
    ("sample", "no_clear_goal_share"): ("outcome",),
    ("sample", "user_occupation_inferred_share"): ("user_occupation_inferred",),
    ("figure_1", "work_mode_share"): ("work_mode",),
    ("section_2_1", "codebase_context_share"): ("codebase_context",),
    ("section_2_1", "code_changed_when_labelled_code"): ("lines_changed_by_codebase_context",),
    ("figure_2", "user_planning_share"): ("user_planning_share", "planning_decisions"),
    ("figure_2", "user_execution_share"): ("user_execution_share", "execution_decisions"),
    ("section_2_2", "actions_per_prompt"): (
        "actions_per_prompt_by_planning_decisions",
        "actions_per_prompt_by_execution_decisions",
    ),
    ("figure_3", "actions_per_prompt"): ("actions_per_prompt_by_expertise",),
    ("figure_3", "words_per_prompt"): ("words_per_prompt_by_expertise",),
    ("figure_3_regression", "actions_per_prompt"): ("figure_3_actions", "figure_3_actions_steps"),
    ("figure_3_regression", "words_per_prompt"): ("figure_3_words", "figure_3_words_steps"),
    ("figure_4", "work_mode_share"): ("work_mode",),
    ("figure_4", "task_value_change_2025-10_to_2026-04"): ("task_value", "task_value_change"),
    **{
        (sample, measure): (f"adjusted_{sample}_{measure}",)
        for sample, measures in (
            ("figure_5_all", ("at_least_partial", "judged_success", "verified_success")),
            ("figure_5_hit_trouble", ("at_least_partial", "judged_success", "verified_success")),
            ("figure_5_hit_trouble", ("judged_failure", "verified_failure", "abandoned")),
        )
        for measure in measures
    },
    **{
        ("figure_6", measure): (f"{measure}_by_occupation_wrote_code", f"figure_6_{measure}")
        for measure in ("at_least_partial", "judged_success", "verified_success")
    },
    ("section_4_2", "verified_success"): (
        "verified_success_by_profession",
        "verified_success_by_profession_wrote_code",
        "software_gap",
    ),
    ("figure_a1", "judged_success"): ("judged_success_by_success_signal", "judged_success_by_failure_signal"),
    ("table_a1", "expertise_coefficient"): tuple(f"table_a1_{column}" for column in range(1, 7)),
    ("table_a1", "r_squared"): ("r_squared",),
    ("table_a1", "fixed_effect_cells"): (),
    ("table_a2", "coefficient_vs_novice"): ("table_a2",),
    ("table_a2", "verified_success_adjusted"): ("adjusted_figure_5_all_verified_success",),
    ("table_a2", "verified_success_unadjusted"): ("verified_success_by_expertise",),
}
# Counts of the telemetry: no label is in them.
COUNTED = {"sessions", "users", "turns_per_session", "actions_per_prompt", "words_per_prompt"}


def test_every_published_figure_that_rests_on_labels_has_corrected_rows() -> None:
    known = {*(mean.quantity for mean in MEANS), *(each.name for each in SPECIFICATIONS), *ADJUSTED, *NOT_CORRECTED}
    for printed in published_figures().values():
        is_counted = printed.exhibit == "sample" and (
            printed.measure in COUNTED or printed.measure.startswith(("users_with", "share_over"))
        )
        if is_counted or printed.exhibit in NOT_RECOMPUTED:
            continue
        quantities = OF_EXHIBITS[printed.exhibit, printed.measure]
        assert set(quantities) <= known
        assert quantities or printed.measure == "fixed_effect_cells"


def in_marts(mean: Mean) -> Iterator[tuple[tuple[str, str], tuple[str, str, str]]]:
    """(quantity, term) -> breakdown, level and measure of staging.figures, for the means that the marts have."""
    for level in mean.cut.levels:
        yield (mean.quantity, mean.cut.term(level)), (mean.cut.breakdown, level, mean.measure)


def test_the_naive_estimates_are_those_of_the_marts_and_nothing_that_these_withhold_is_shown() -> None:
    min_users = 5
    sessions, last = drawn_sessions(1), month(LAST)
    tables = tables_behind(sessions, min_users, LAST, LAST, WINDOW)
    window = sessions.filter(pl.col("month") > month("2025-11"))
    nothing = (pl.DataFrame(schema=polars_schema(name)) for name in ("labels.gold_draws", "labels.gold"))
    rows = validate(
        "analysis.corrected_estimates",
        corrected_estimates(window, *nothing, tables["staging.released"], last, min_users),
    )
    ours = {(row["period"], row["quantity"], row["term"]): row for row in rows.to_dicts()}
    compared = hidden = 0
    for figure in tables["staging.figures"].filter(month=last).to_dicts():
        cell = (figure["breakdown"], figure["level"], figure["measure"])
        for place, ours_of in PLACES.get(cell, {}).items():
            row = ours.get((figure["period"], *place))
            if row is None:
                assert ours_of.cut.many
            elif figure["suppressed"]:
                assert row["suppressed"] or row["naive"] is None
                hidden += 1
            elif not row["suppressed"] and figure["estimate"] is not None:
                assert row["naive"] == pytest.approx(figure["estimate"], rel=1e-6), place
                assert (row["n_sessions"], row["n_users"]) == (figure["n"], figure["clusters"])
                compared += 1
    assert compared > 100
    assert hidden > 50
    known = {figure["breakdown"] for figure in tables["staging.figures"].to_dicts()}
    for mean in MEANS:
        assert mean.cut.breakdown in known or mean.also or mean.cut.windows_only, mean.quantity
    told = rows.filter(~pl.col("suppressed")).drop_nulls("naive")
    assert told["n_users"].min() >= min_users


PLACES: dict[tuple[str, str, str], dict[tuple[str, str], Mean]] = {}
for each_mean in MEANS:
    for own, its_cell in in_marts(each_mean):
        PLACES.setdefault(its_cell, {})[own] = each_mean

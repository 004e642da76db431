"""Published figures beside ours: each has an answer or a reason, ours are counted by hand, small cells are shut."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest
from scipy import stats

from sessions_pipeline.analysis.adjusted import adjusted_rates
from sessions_pipeline.analysis.models import estimate
from sessions_pipeline.analysis.replication import comparison, exhibits
from sessions_pipeline.report.published import published_figures
from sessions_pipeline.schemas import polars_schema, validate
from sessions_pipeline.simulate.study import simulate_study
from sessions_pipeline_tests.analysis.sessions import classified_sessions, of_modes

MONTH = dt.date(2026, 4, 1)
NO_MODELS = tuple(
    pl.DataFrame(schema=polars_schema(table)) for table in ("analysis.coefficients", "analysis.adjusted_rates")
)

ALL_SHOWN = pl.DataFrame(schema=polars_schema("staging.released"))


def compared(
    frame: pl.DataFrame, min_users: int = 1, released: pl.DataFrame = ALL_SHOWN
) -> dict[tuple[str, str, str], dict[str, object]]:
    """The comparison without models, by exhibit, measure and group."""
    table = comparison(frame, *NO_MODELS, released, MONTH, min_users)
    return {(row["exhibit"], row["measure"], row["group"]): row for row in table.iter_rows(named=True)}


def test_every_published_figure_has_an_estimate_or_a_reason() -> None:
    frame = simulate_study(20_000, seed=3).sessions
    # As on a month alone: the models that stand beside them are of no use here, and take time.
    models = estimate(frame, MONTH, "month", 5).with_columns(period=pl.lit("window"))
    rates = adjusted_rates(frame, MONTH, "window", 5)
    table = validate("analysis.published_comparison", comparison(frame, models, rates, ALL_SHOWN, MONTH, 5))
    assert list(zip(table["exhibit"], table["measure"], table["group"], strict=True)) == list(published_figures())
    assert (table["estimate"].is_null() == table["missing_reason"].is_not_null()).all()
    assert {exhibit for exhibit, _, _ in published_figures()} == set(exhibits())
    without = table.filter(pl.col("estimate").is_null())["exhibit"].unique().to_list()
    assert sorted(without) == ["internal_validation", "strong_model_agreement", "task_value_holdout"]
    column = table.filter(exhibit="table_a1", measure="expertise_coefficient", group="column_5").row(0, named=True)
    level = table.filter(exhibit="figure_5_all", measure="verified_success", group="expertise_5").row(0, named=True)
    for row in (column, level):
        assert row["std_errors"] == "CRV1 by user"
        half = float(stats.t.ppf(0.975, row["degrees_of_freedom"])) * row["std_error"]
        assert row["ci_high"] == pytest.approx(row["estimate"] + half)
    # The study was simulated after these: that many of them lie where sampling lets them.
    planted = table.filter(pl.col("exhibit").is_in(["figure_1", "figure_5_all", "figure_5_hit_trouble"]))
    assert (planted["z"].abs() < 3).mean() > 0.9


def test_means_and_their_clustered_errors_are_those_counted_by_hand() -> None:
    """Two users. a: 3 sessions, 2 of them fix; b: 1 session, a build. Share of fix 1/2.

    Sums minus share times sessions: a 2 - 3/2 = 1/2, b 0 - 1/2 = -1/2. Variance 2/1 · (1/4 + 1/4) / 16 = 1/16.
    """
    rows = compared(classified_sessions(user_key=["a", "a", "a", "b"], work_mode=["fix", "fix", "plan", "build"]))
    fix = rows["figure_1", "work_mode_share", "fix"]
    assert (fix["estimate"], fix["sessions"], fix["users"]) == (0.5, 4, 2)
    assert fix["std_error"] == pytest.approx(0.25)
    assert (fix["std_errors"], fix["degrees_of_freedom"]) == ("linearised by user", 1)
    assert fix["difference"] == pytest.approx(0.5 - 0.26)
    assert fix["z"] == pytest.approx((0.5 - 0.26) / 0.25)
    assert rows["sample", "users_with_more_than_1_session", "all"]["estimate"] == 1


def test_geometric_means_leave_out_zeros_and_carry_the_error_of_the_logarithm() -> None:
    """Logarithms 0 and 2 of two users: mean 1, standard error 1, so e and e times 1."""
    rows = compared(
        classified_sessions(
            user_key=["a", "b", "b"], expertise=[1, 1, 1], actions_per_prompt=[1.0, float(np.exp(2)), 0.0]
        )
    )
    mean = rows["figure_3", "actions_per_prompt", "expertise_1"]
    assert mean["estimate"] == pytest.approx(np.e)
    assert mean["std_error"] == pytest.approx(np.e)
    assert mean["sessions"] == 2


def test_what_never_differs_between_users_has_no_interval_and_no_z() -> None:
    """Five actions in every session: the mean of the logarithms is off by a rounding, which is no error."""
    rows = compared(
        classified_sessions(
            user_key=[f"u{i % 30}" for i in range(100)], expertise=[5] * 100, actions_per_prompt=[5.0] * 100
        )
    )
    mean = rows["figure_3", "actions_per_prompt", "expertise_5"]
    assert mean["estimate"] == pytest.approx(5)
    assert (mean["std_error"], mean["ci_low"], mean["ci_high"], mean["z"]) == (None, None, None, None)


def test_growth_of_task_value_is_relative_to_the_first_month() -> None:
    """Means 100 and 150. Users a, b in October (80, 120), c, d in April (150, 150): only October's error counts.

    Ratio 1.5; error of October's mean, each user's part ∓10, over 100: 1.5 · sqrt(4/3 · (0.1² + 0.1²)).
    """
    frame = classified_sessions(
        month=[dt.date(2025, 10, 1)] * 2 + [MONTH] * 2,
        user_key=["a", "b", "c", "d"],
        work_mode=["build"] * 4,
        task_value_usd=[80.0, 120.0, 150.0, 150.0],
    )
    row = compared(frame)["figure_4", "task_value_change_2025-10_to_2026-04", "build"]
    assert row["estimate"] == pytest.approx(0.5)
    assert row["std_error"] == pytest.approx(1.5 * np.sqrt(4 / 3 * 0.02))


@pytest.mark.parametrize(("back", "shown"), [(0, True), (4, False), (5, True)])
def test_months_are_not_compared_where_few_users_came_back(back: int, shown: bool) -> None:
    """Ten in each month: with those of both months one knows how many are in the two."""
    frame = of_modes((dt.date(2025, 10, 1), "build", range(10)), (MONTH, "build", range(10 - back, 20 - back)))
    row = compared(frame, min_users=5)["figure_4", "task_value_change_2025-10_to_2026-04", "build"]
    assert row["suppressed"] != shown
    assert all((row[name] is not None) == shown for name in ("users", "degrees_of_freedom", "estimate"))


def test_months_that_are_not_there_are_said_to_be() -> None:
    rows = compared(classified_sessions(user_key=["a", "b"]))
    assert rows["figure_4", "work_mode_share", "fix@2025-10"]["missing_reason"] == (
        "the window holds no session of 2025-10"
    )
    assert rows["table_a1", "expertise_coefficient", "column_5"]["missing_reason"] == "the model was not estimated"
    assert comparison(classified_sessions(0), *NO_MODELS, ALL_SHOWN, MONTH, 5)["missing_reason"].null_count() == 0


def test_small_cells_and_what_would_give_them_away_are_withheld() -> None:
    """Tests are of two users; fix, with six the next smallest, goes with it, so that neither is total minus shown."""
    users = {"test": 2, "fix": 6, "build": 9, "plan": 12}
    pairs = [(mode, f"{mode}/{user}") for mode, count in users.items() for user in range(count)]
    rows = compared(
        classified_sessions(work_mode=[mode for mode, _ in pairs], user_key=[user for _, user in pairs]), min_users=5
    )
    shares = {mode: rows["figure_1", "work_mode_share", mode] for mode in users}
    assert [mode for mode, row in shares.items() if row["suppressed"]] == ["test", "fix"]
    assert all(shares[mode]["estimate"] is None and shares[mode]["sessions"] is None for mode in ("test", "fix"))
    assert shares["build"]["estimate"] == pytest.approx(9 / 29)


def test_a_window_of_too_few_users_tells_no_number_at_all() -> None:
    rows = compared(classified_sessions(user_key=["a", "a", "b", "c"]), min_users=5)
    assert rows["sample", "sessions", "all"]["suppressed"]
    assert {row["estimate"] for row in rows.values()} | {row["users"] for row in rows.values()} == {None}


def test_a_rare_event_of_a_few_users_is_withheld_too() -> None:
    frame = classified_sessions(user_key=[f"user {i}" for i in range(30)], actions_per_prompt=[600.0] * 2 + [1.0] * 28)
    rows = compared(frame, min_users=5)
    assert rows["sample", "share_over_500_actions_per_prompt", "all"]["suppressed"]
    assert rows["sample", "actions_per_prompt", "mean"]["estimate"] is not None


def test_a_window_of_too_few_users_shows_nothing_of_itself() -> None:
    rows = compared(classified_sessions(user_key=["a", "b", "c", "c"]), min_users=5)
    assert {row["estimate"] for row in rows.values()} == {row["users"] for row in rows.values()} == {None}
    assert rows["sample", "users", "all"]["suppressed"]


def test_what_the_marts_withhold_is_not_compared_either() -> None:
    frame = simulate_study(2_000, seed=3).sessions
    cells = {
        ("figure_1", "work_mode_share", "build"): ("window", "work_mode", "build"),
        ("figure_2", "user_planning_share", "mean"): ("window", "planning", "all"),
        ("section_2_2", "actions_per_prompt", "user_execution_share_over_0.8"): ("window", "execution_bands", "1"),
        ("figure_3", "actions_per_prompt", "expertise_5"): ("window", "actions_by_expertise", "5"),
        ("figure_4", "work_mode_share", "fix@2026-04"): ("month", "work_mode", "fix"),
        ("figure_4", "task_value_change_2025-10_to_2026-04", "all"): ("month", "task_value", "all"),
        ("section_4_2", "verified_success", "software_user"): ("window", "profession", "software"),
    }
    rows = [(MONTH, *cell, True) for cell in cells.values()]
    released = pl.DataFrame(rows, schema=polars_schema("staging.released"), orient="row")
    shown, withheld = compared(frame), compared(frame, released=released)
    for key in cells:
        assert shown[key]["estimate"] is not None
        assert withheld[key]["estimate"] is None
        assert withheld[key]["suppressed"]

"""The table of corrected estimates: what it says with gold labels, with too few, with some, with none, of one user."""

from __future__ import annotations

import datetime as dt
from functools import cache

import numpy as np
import polars as pl
import pytest

from benchmarks.coverage import MONTHS, NOW, gold_rows, study
from sessions_pipeline.analysis.corrected_models import regression_rows
from sessions_pipeline.analysis.corrected_period import MIN_GOLD_SESSIONS, MIN_GOLD_USERS, Period
from sessions_pipeline.analysis.corrected_quantities import MEANS, Cut, Mean
from sessions_pipeline.analysis.corrected_rows import corrected_estimates, mean_rows
from sessions_pipeline.analysis.corrected_sessions import Ready, gold_labels, judged_sessions
from sessions_pipeline.analysis.gold import DRAWS, GOLD, Plan, draw
from sessions_pipeline.analysis.models import Row, estimate
from sessions_pipeline.analysis.specifications import TABLE_A1, TABLE_A2
from sessions_pipeline.schemas import polars_schema, validate
from sessions_pipeline.texts import refuse_texts

LAST = MONTHS[-1]
NO_DRAWS, NO_GOLD = (pl.DataFrame(schema=polars_schema(name)) for name in (DRAWS, GOLD))
ALL_SHOWN = pl.DataFrame(schema=polars_schema("staging.released"))
STUDY = study(1, 1_500, expertise_errs=True)


def drawn(size: int = 300) -> pl.DataFrame:
    return draw(STUDY.judged, Plan(MONTHS, ("outcome",), size, 1), NOW)


@cache
def all_rows() -> pl.DataFrame:
    """Of 900 sessions with gold labels."""
    draws = drawn(900)
    return rows_of(STUDY.judged, draws, gold_rows(draws, STUDY.truth))


def rows_of(
    sessions: pl.DataFrame,
    draws: pl.DataFrame,
    gold: pl.DataFrame,
    month: dt.date = LAST,
    min_users: int = 5,
    released: pl.DataFrame = ALL_SHOWN,
) -> pl.DataFrame:
    rows = corrected_estimates(sessions, draws, gold, released, month, min_users)
    refuse_texts("analysis.corrected_estimates", rows)
    return validate("analysis.corrected_estimates", rows)


def one(rows: pl.DataFrame, quantity: str, term: str = "expertise", correction: str = "outcome") -> dict[str, object]:
    return rows.filter(period="window", quantity=quantity, term=term, correction=correction).row(0, named=True)


def window(sessions: pl.DataFrame, draws: pl.DataFrame, gold: pl.DataFrame, month: dt.date = LAST) -> Period:
    """What the rows of the window that ends in `month` are made of."""
    judged = judged_sessions(sessions)
    return Period("window", month, judged, Ready(judged, gold_labels(draws, gold)), 5)


def column_1(
    sessions: pl.DataFrame, draws: pl.DataFrame, gold: pl.DataFrame, month: dt.date = LAST
) -> dict[object, dict[str, object]]:
    """The rows of Table A1's column 1 alone, by correction."""
    rows = regression_rows(window(sessions, draws, gold, month), TABLE_A1[:1])
    return {row["correction"]: {"corrected": None, **row} for row in rows}


def means_of(quantity: str, sessions: pl.DataFrame, draws: pl.DataFrame, gold: pl.DataFrame) -> dict[object, Row]:
    """The rows of one mean alone, by term."""
    rows = mean_rows(window(sessions, draws, gold), [mean for mean in MEANS if mean.quantity == quantity])
    return {row["term"]: row for row in rows}


def test_every_row_says_so_where_there_are_no_gold_labels_and_keeps_the_judges_estimate() -> None:
    rows = rows_of(STUDY.judged, NO_DRAWS, NO_GOLD)
    assert rows["corrected"].null_count() == rows.height
    missing = rows.filter(pl.col("naive").is_not_null())["missing_reason"].unique().to_list()
    assert len(missing) == 1
    assert missing[0].startswith("there are no gold labels")
    ours = estimate(STUDY.judged, LAST, "window", 5).filter(specification="table_a1_5").row(0, named=True)
    row = one(rows, "table_a1_5")
    assert (row["naive"], row["naive_std_error"]) == (ours["estimate"], ours["std_error"])
    assert row["n_drawn"] == 0
    shares = rows.filter(period="window", quantity="codebase_context")["naive"]
    assert shares.sum() == pytest.approx(1)


def test_gold_labels_correct_shares_and_slopes_towards_the_truth() -> None:
    draws = drawn()
    rows = rows_of(STUDY.judged, draws, gold_rows(draws, STUDY.truth))
    told = rows.drop_nulls("corrected")
    assert {"outcome", "codebase_context", "verified_success_by_expertise", "table_a1_5", "table_a2"} <= set(
        told["quantity"]
    )
    assert told.filter(~pl.col("corrected").is_between("ci_low", "ci_high")).is_empty()
    assert (told["n_gold"] <= 300).all()
    context = one(rows, "codebase_context", "explores_existing", "label")
    truth = (STUDY.truth["codebase_context"] == "explores_existing").mean()
    assert abs(context["corrected"] - truth) < 3 * context["std_error"]  # type: ignore[operator]
    assert (context["n_gold"], context["n_sessions"]) == (300, 1_500)
    # Shares of labels that nobody gave gold labels for stay as judged, with the reason.
    assert one(rows, "work_mode", "fix", "label")["missing_reason"] == "no gold labels of work_mode"


def test_every_share_of_decisions_value_and_occupations_is_corrected_towards_the_truth() -> None:
    """A judge who gives decisions to the user, prices jobs up, takes managers for developers and misses their success.

    All but the last the more, the higher the level. What is corrected lies within two standard errors of the
    true labels' mean over all sessions, the judge's does not.
    """
    rng = np.random.default_rng(12)
    made = study(7, 4_000, expertise_errs=True)
    n = made.judged.height
    lean = (made.truth["expertise"].cast(pl.Float64).to_numpy() - 1) / 4
    own = np.array(["15", "11", "13", "unclear"])[rng.choice(4, n, p=(0.4, 0.3, 0.2, 0.1))]
    judged_own = np.where((own == "11") & (rng.random(n) < 0.2 + 0.4 * lean), "15", own)
    planning, execution = rng.beta(2.1, 0.9, n), rng.beta(0.8, 3.2, n)
    leant = {name: np.clip(true + 0.2 * lean, 0, 1) for name, true in (("p", planning), ("e", execution))}
    usd = np.exp(rng.normal(6, 0.5, n))
    shared = made.judged.with_columns(
        wrote_code=pl.lit(True), lines_added=pl.lit(1, pl.Int64), actions_per_prompt=pl.Series(10 - 5 * planning)
    )
    columns = ("user_planning_share", "user_execution_share", "user_decision_share", "task_value_usd")
    judged = shared.with_columns(
        *map(pl.Series, columns, (leant["p"], leant["e"], (leant["p"] + leant["e"]) / 2, usd * (1 + 0.3 * lean))),
        user_occupation=pl.Series(judged_own),
        software_user=pl.Series(judged_own == "15"),
    )
    success = (made.truth["outcome"] == "succeeded").to_numpy() | ((own == "11") & (rng.random(n) < 0.3))
    values = (planning, execution, (planning + execution) / 2, usd)
    truth = made.truth.drop("user_planning_share", "user_decision_share", "user_occupation").with_columns(
        *map(pl.Series, columns, values),
        pl.Series("task_value", np.log10(usd)),
        user_occupation=pl.Series(own),
        outcome=pl.Series(np.where(success, "succeeded", "failed")),
        task_occupation=judged["task_occupation"],
    )
    draws = draw(judged, Plan(MONTHS, ("outcome", "expertise"), 1_200, 1), NOW)
    rows = rows_of(judged, draws, gold_rows(draws, truth.drop("task_value_usd")))
    known = own != "unclear"
    bins = np.maximum(np.ceil((1 - planning) * 10), 5)
    bins = np.where(planning > 0.5, np.floor((1 - planning) * 10) + 1, bins)
    for quantity, term, correction, want in (
        ("user_planning_share", "all", "decisions", planning.mean()),
        ("user_execution_share", "all", "decisions", execution.mean()),
        ("user_decision_share", "all", "decisions", ((planning + execution) / 2).mean()),
        ("planning_decisions", "bin_01", "label", (bins == 1).mean()),
        ("actions_per_prompt_by_planning_decisions", "band_1", "decisions", (10 - 5 * planning)[bins <= 2].mean()),
        ("task_value", "all", "task_value", usd.mean()),
        ("user_occupation", "11", "label", (own == "11").mean()),
        ("occupations", "11:15", "label", ((own == "11") & (judged["task_occupation"] == "15").to_numpy()).mean()),
        ("occupation_wrote_code", "11", "label", (own[known] == "11").mean()),
        ("judged_success_by_occupation_wrote_code", "11", "outcome_and_user_occupation", success[own == "11"].mean()),
        ("profession", "software", "label", (own[known] == "15").mean()),
    ):
        row = one(rows, quantity, term, correction)
        naive, corrected, error = row["naive"], row["corrected"], row["std_error"]
        assert corrected is not None, row
        assert abs(corrected - want) < 2 * error, quantity  # type: ignore[operator]
        assert abs(naive - want) > 2 * error, quantity  # type: ignore[operator]
    # A dozen pairs are there; the hundreds of others, and those of few gold labels, share a row.
    pairs = rows.filter(period="window", quantity="occupations")
    assert (pairs["term"] == "others").sum() == 1
    assert pairs.height < 15


def test_decisions_of_one_kind_alone_are_an_answer_about_the_other() -> None:
    """By gold labels a third of the sessions have no planning decision: they leave its mean, and are not missing."""
    without = (np.arange(STUDY.truth.height) % 3) == 0
    true = pl.when(~pl.Series(without)).then("user_planning_share")
    truth = STUDY.truth.with_columns(user_planning_share=true)
    draws = drawn(400)
    gold = gold_rows(draws, truth).filter(pl.col("label").is_not_null() | pl.col("value").is_not_null())
    row = means_of("user_planning_share", STUDY.judged, draws, gold)["all"]
    assert row["n_gold"] == 400
    want = STUDY.truth["user_planning_share"].to_numpy()[~without].mean()
    assert abs(row["corrected"] - want) < 2.5 * row["std_error"]  # type: ignore[operator]


def test_no_decisions_at_all_are_an_answer_so_that_a_census_gives_the_truth() -> None:
    """Where the user's share is below 0.6 there are, by gold labels, no decisions; the judge sees some everywhere."""
    share = STUDY.truth["user_planning_share"].to_numpy()
    columns = ("user_planning_share", "user_decision_share")
    judged = STUDY.judged.with_columns(**dict.fromkeys(columns, pl.Series(share)))
    true = pl.when(pl.Series(share >= 0.6)).then(pl.Series(share))
    draws = drawn(1_500)
    gold = gold_rows(draws, STUDY.truth.with_columns(**dict.fromkeys(columns, true)))
    row = means_of("user_planning_share", judged, draws, gold)["all"]
    assert row["naive"] == pytest.approx(share.mean())
    assert row["corrected"] == pytest.approx(share[share >= 0.6].mean())
    assert row["n_gold"] == 1_500


def test_cuts_that_differ_in_their_expression_alone_do_not_share_levels() -> None:
    """Two shares beside one another, of explored code, by cuts of the same name: of all sessions, and of failures."""
    explored = pl.when(pl.col("codebase_context") == "explores_existing").then(pl.lit("yes")).otherwise(pl.lit("no"))
    levels = (explored, pl.when(pl.col("outcome") == "failed").then(explored))
    cuts = [Cut("explored", level, ("yes", "no"), ("codebase_context",), "label") for level in levels]
    period = window(STUDY.judged, NO_DRAWS, NO_GOLD)
    rows = mean_rows(period, [Mean(f"explored_{at}", cut, "label", "share") for at, cut in enumerate(cuts)])
    found = {(row["quantity"], row["term"]): row["n_sessions"] for row in rows}
    assert found["explored_0", "yes"] == STUDY.judged.height
    assert found["explored_1", "yes"] == STUDY.judged.filter(outcome="failed").height


def test_geometric_means_are_corrected_as_logarithms() -> None:
    """Everybody is drawn and labelled: what is left is the geometric mean by true level, and its interval's ends."""
    rng = np.random.default_rng(3)
    words = rng.lognormal(5, 1, STUDY.judged.height)
    sessions = STUDY.judged.with_columns(words_per_prompt=pl.Series(words))
    draws = drawn(1_500)
    gold = gold_rows(draws, STUDY.truth)
    row = means_of("words_per_prompt_by_expertise", sessions, draws, gold)["expertise_3"]
    logs = np.log(words[(STUDY.truth["expertise"] == "3").to_numpy()])
    assert row["corrected"] == pytest.approx(np.exp(logs.mean()))
    assert row["corrected"] ** 2 == pytest.approx(row["ci_low"] * row["ci_high"])  # type: ignore[operator]
    spread = row["corrected"] * logs.std() / np.sqrt(logs.size)  # type: ignore[operator]
    assert row["std_error"] == pytest.approx(spread, rel=0.1)


def test_the_month_alone_has_its_shares_and_what_is_not_corrected_its_reason() -> None:
    rows = all_rows()
    month = rows.filter(period="month", quantity="codebase_context").drop_nulls("corrected")
    assert month.height == 4
    # What the marts do not decide about is not shown by months, which windows could be held against.
    assert rows.filter(quantity="outcome")["period"].unique().to_list() == ["window"]
    assert set(month["n_drawn"]) == {drawn(900).filter(month=LAST).height}
    told = rows.filter(correction="none")
    assert told["naive"].null_count() == told.height
    reasons = dict(told.select("quantity", "missing_reason").rows())
    assert reasons["table_a1_5_user_effects"].startswith("not corrected: differences within users")


def test_an_indicator_needs_gold_labels_at_its_level_and_at_the_one_it_is_compared_with() -> None:
    """Gold labels put everyone at level 3 or more, but for four at level 1: nothing can be compared with these."""
    rare = STUDY.truth["session_id"].is_in(drawn(900)["session_id"].head(4).implode())
    level = pl.when(rare).then(pl.lit("1")).otherwise(pl.col("expertise").replace({"1": "3", "2": "3"}))
    draws = drawn(900)
    gold = gold_rows(draws, STUDY.truth.with_columns(expertise=level))
    rows = regression_rows(window(STUDY.judged, draws, gold), [TABLE_A2])
    (row,) = (row for row in rows if (row["term"], row["correction"]) == ("expertise_4", "outcome_and_expertise"))
    assert row["missing_reason"] == "4 gold labels at expertise 1: at least 10 are needed"


def test_too_few_gold_labels_are_refused_with_the_number_that_is_needed() -> None:
    draws = drawn(size=90)
    row = column_1(STUDY.judged, draws, gold_rows(draws, STUDY.truth))["outcome"]
    assert row["corrected"] is None
    assert f"at least {MIN_GOLD_SESSIONS} sessions and {MIN_GOLD_USERS} users" in str(row["missing_reason"])
    assert row["n_gold"] == 90


def test_a_label_that_most_sessions_lack_is_corrected_from_those_that_have_it() -> None:
    """Half of the drawn have gold labels of the outcome alone: it is corrected, expertise is not."""
    draws = drawn(size=400)
    gold = gold_rows(draws, STUDY.truth).filter(pl.col("facet").is_in(["outcome", "success_signal"]))
    half = draws["session_id"].gather_every(2)
    rows = column_1(STUDY.judged, draws, gold.filter(pl.col("session_id").is_in(half.implode())))
    assert rows["outcome"]["corrected"] is not None
    assert rows["outcome"]["n_gold"] == 200
    assert (
        rows["outcome_and_expertise"]["missing_reason"] == "no gold labels of outcome and success_signal and expertise"
    )


def test_a_window_with_a_month_that_was_not_drawn_from_is_not_corrected() -> None:
    draws = draw(STUDY.judged, Plan(MONTHS[:2], ("outcome",), 300, 1), NOW)
    gold = gold_rows(draws, STUDY.truth)
    row = column_1(STUDY.judged, draws, gold)["outcome"]
    assert "nothing was drawn from 2026-03" in str(row["missing_reason"])
    before = STUDY.judged.filter(pl.col("month") < LAST)
    assert column_1(before, draws, gold, MONTHS[1])["outcome"]["corrected"] is not None


def test_a_month_without_any_label_of_the_judge_does_not_stop_the_others_from_being_corrected() -> None:
    """Of the last month nothing is labelled, so that nothing could be drawn: the window is that of the months before.

    But for the folds of the users, who are more, and whom the weight of the judge's labels is tuned on.
    """
    kept = ("session_id", "month", "user_key")
    schema = polars_schema("core.classified_sessions")
    unlabelled = STUDY.judged.with_columns(
        pl.when(pl.col("month") < LAST).then(pl.col(name)).alias(name) for name in schema if name not in kept
    )
    draws = draw(unlabelled, Plan(MONTHS, ("outcome",), 300, 1), NOW)
    gold = gold_rows(draws, STUDY.truth)
    row = column_1(unlabelled, draws, gold)["outcome"]
    before = column_1(unlabelled.filter(pl.col("month") < LAST), draws, gold)["outcome"]
    assert row["naive"] == pytest.approx(before["naive"])
    assert row["corrected"] == pytest.approx(before["corrected"], abs=0.1 * before["std_error"])  # type: ignore[operator]
    share = means_of("codebase_context", unlabelled, draws, gold)["explores_existing"]
    assert share["n_gold"] == 300
    assert "corrected" in share


def test_sessions_that_came_after_the_draw_are_not_passed_off_as_drawn_from() -> None:
    """Drawn from 1,490 of 1,500 sessions: ten later ones pass. From half of them: no correction, until drawn again."""
    ids = STUDY.judged["session_id"]
    for there, passes in ((ids.head(1_490), True), (ids.gather_every(2), False), (ids, True)):
        draws = draw(
            STUDY.judged.filter(pl.col("session_id").is_in(there.implode())), Plan(MONTHS, ("outcome",), 300, 1), NOW
        )
        row = column_1(STUDY.judged, draws, gold_rows(draws, STUDY.truth))["outcome"]
        assert (row["corrected"] is not None) == passes
        assert passes or str(row["missing_reason"]).startswith("750 of 1500 sessions were not there")


def test_cells_of_few_users_and_what_would_tell_them_are_withheld() -> None:
    """Three users create something new: with the next smallest cell they are hidden, judged and corrected."""
    rare = STUDY.judged.with_columns(
        codebase_context=pl.when(pl.col("session_id").is_in(["s000001", "s000002", "s000003"]))
        .then(pl.lit("creates_new"))
        .when(pl.col("codebase_context") == "creates_new")
        .then(pl.lit("no_codebase"))
        .otherwise("codebase_context")
    )
    draws = drawn()
    rows = rows_of(rare, draws, gold_rows(draws, STUDY.truth)).filter(period="window", quantity="codebase_context")
    hidden = rows.filter("suppressed")
    assert hidden["term"].sort().to_list() == ["creates_new", "explores_existing"]
    numbers = hidden.select("naive", "naive_std_error", "corrected", "std_error", "n_sessions", "n_users", "n_gold")
    assert numbers.null_count().row(0) == (2,) * 7


@pytest.mark.parametrize(("failures", "is_hidden"), [(0, False), (1, True), (4, True), (5, False)])
def test_outcomes_are_told_of_no_window_with_a_month_of_few_users_which_the_next_window_would_tell(
    failures: int, is_hidden: bool
) -> None:
    """In the last month so many users have failed, each once; in the months before many did."""
    users = STUDY.judged.filter(month=LAST)["user_key"].unique().sort().head(failures)
    first = pl.struct("user_key", "month").is_first_distinct()
    sessions = STUDY.judged.with_columns(
        outcome=pl.when(pl.col("month") != LAST)
        .then("outcome")
        .when(pl.col("user_key").is_in(users.implode()) & first)
        .then(pl.lit("failed"))
        .otherwise(pl.lit("succeeded"))
    )
    before = means_of("outcome", sessions.filter(pl.col("month") != LAST), NO_DRAWS, NO_GOLD)
    assert not any(row["suppressed"] for row in before.values())
    after = means_of("outcome", sessions, NO_DRAWS, NO_GOLD)
    assert [row["suppressed"] for row in after.values()] == [is_hidden] * len(after)


def test_a_window_of_too_few_users_tells_no_share_not_even_of_a_label_that_nobody_has() -> None:
    few = STUDY.judged.filter(pl.col("user_key").is_in(STUDY.judged["user_key"].unique().sort().head(3).implode()))
    rows = rows_of(few.with_columns(work_mode=pl.lit("plan")), NO_DRAWS, NO_GOLD)
    assert one(rows, "work_mode", "test", "label")["suppressed"]
    assert rows["naive"].null_count() == rows.height
    assert set(rows["n_users"]) == {None, 0}


def test_one_user_has_estimates_and_no_correction() -> None:
    alone = STUDY.judged.with_columns(user_key=pl.lit("me"))
    draws = drawn()
    rows = rows_of(alone, draws, gold_rows(draws, STUDY.truth), min_users=1)
    assert rows["corrected"].null_count() == rows.height
    context = one(rows, "codebase_context", "no_codebase", "label")
    assert context["naive"] is not None
    assert context["naive_std_error"] is None
    assert "1 users" in str(context["missing_reason"])
    assert "1 user" in str(one(rows, "table_a1_5")["missing_reason"])


def test_no_sessions_at_all_is_no_error() -> None:
    rows = rows_of(STUDY.judged.clear(), NO_DRAWS, NO_GOLD)
    assert rows["naive"].null_count() == rows.height
    assert rows["missing_reason"].null_count() == 0


def test_order_of_rows_changes_nothing() -> None:
    draws = drawn(900)
    gold = gold_rows(draws, STUDY.truth)
    numbers = ["corrected", "std_error", "judge_weight"]
    here = all_rows().select(numbers)
    there = rows_of(*(frame.sample(fraction=1, shuffle=True, seed=2) for frame in (STUDY.judged, draws, gold))).select(
        numbers
    )
    np.testing.assert_allclose(here.fill_null(0), there.fill_null(0), rtol=1e-10)


def test_a_window_of_too_few_users_shows_no_share_not_even_of_a_label_that_nobody_has() -> None:
    few = STUDY.judged.filter(pl.col("user_key").is_in(STUDY.judged["user_key"].unique().sort().head(3).to_list()))
    rows = rows_of(few, NO_DRAWS, NO_GOLD).filter(pl.col("quantity").is_in(["work_mode", "outcome", "expertise"]))
    assert rows["suppressed"].all()
    assert rows["n_users"].null_count() == rows["naive"].null_count() == rows.height


def test_a_share_that_the_marts_withhold_is_withheld_here() -> None:
    released = pl.DataFrame(
        [(LAST, "window", "successes", "3", True), (LAST, "window", "successes", "4", False)],
        schema=polars_schema("staging.released"),
        orient="row",
    )
    rows = rows_of(STUDY.judged, NO_DRAWS, NO_GOLD, released=released).filter(
        period="window", quantity="judged_success_by_expertise"
    )
    naive = dict(rows.select("term", "naive").rows())
    assert naive["expertise_3"] is None
    assert naive["expertise_4"] is not None


def test_effort_and_the_software_gap_are_corrected_for_the_labels_in_them() -> None:
    """The judge takes a fifth of the developers for managers, and levels are misread: both slopes come out too flat.

    Truth: effort rises by 0.1 (logarithm) per true level, developers succeed 0.2 more often. What gold labels of all
    sessions would give is the estimate on the true labels.
    """
    rng = np.random.default_rng(3)
    made = study(4, 3_000, expertise_errs=False)
    level = made.truth["expertise"].cast(pl.Float64).to_numpy()
    developer = rng.random(3_000) < 0.5
    mistaken = developer & (rng.random(3_000) < 0.2)
    success = rng.random(3_000) < np.where(developer, 0.5, 0.3)
    shared = made.judged.with_columns(
        model_tier=pl.lit("opus"),
        wrote_code=pl.lit(True),
        expertise=pl.Series(np.clip(level + rng.choice([-1, 0, 0, 1], 3_000), 1, 5)).cast(pl.Int64),
        words_per_prompt=pl.Series(np.exp(4 + 0.1 * level + rng.normal(0, 0.3, 3_000))),
        outcome=pl.Series(np.where(success, "succeeded", "failed")),
        success_signal=pl.Series(np.where(success, 4, 1)),
        **dict.fromkeys(("verified_success", "judged_success", "at_least_partial"), pl.Series(success)),
    )
    judged, true = (
        shared.with_columns(user_occupation=pl.Series(np.where(of, "15", "11")), software_user=pl.Series(of))
        for of in (developer & ~mistaken, developer)
    )
    true = true.with_columns(expertise=pl.Series(level).cast(pl.Int64))
    truth = true.select(
        "session_id", "outcome", pl.col("success_signal", "expertise").cast(pl.String), "user_occupation"
    )
    draws = draw(judged, Plan(MONTHS, ("outcome",), 900, 1), NOW)
    rows = rows_of(judged, draws, gold_rows(draws, truth))
    gold = estimate(true, LAST, "window", 5)
    for name, term, correction in (
        ("figure_3_words", "expertise", "expertise"),
        ("software_gap", "software_user", "user_occupation"),
        ("software_gap", "software_user", "outcome_and_user_occupation"),
    ):
        row = one(rows, name, term, correction)
        want = gold.filter(specification=name)["estimate"][0]
        assert row["naive"] < want - 0.015
        assert abs(row["corrected"] - want) < 2.5 * row["std_error"], name
        assert row["std_error"] < want / 3
    assert one(rows, "figure_3_actions", "expertise", "expertise")["naive"] is None
    assert set(rows.filter(quantity="figure_3_words")["correction"]) == {"expertise"}
    gap = [
        one(rows, "verified_success_by_profession_wrote_code", who, "outcome_and_user_occupation")
        for who in ("software", "other")
    ]
    for row, of in zip(gap, (developer, ~developer), strict=True):
        assert abs(row["corrected"] - success[of].mean()) < 2.5 * row["std_error"]


def test_coefficients_against_a_level_of_few_users_are_withheld_with_all_their_numbers() -> None:
    """Three users are novices, with whom Table A2 compares the others."""
    novices = pl.col("session_id").is_in(["s000001", "s000002", "s000003"])
    level = pl.when(novices).then(1).otherwise(pl.col("expertise").clip(2, 5)).cast(pl.Int64)
    rows = rows_of(STUDY.judged.with_columns(expertise=level), NO_DRAWS, NO_GOLD).filter(quantity="table_a2")
    assert rows["suppressed"].all()
    numbers = ("naive", "naive_std_error", "corrected", "n_sessions", "n_users", "n_gold", "n_gold_users")
    assert rows.select(numbers).null_count().row(0) == (rows.height,) * len(numbers)

"""The corrected estimator: equal to statsmodels where that can say the same, unbiased over all draws, and covering."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import polars as pl
import pytest
import statsmodels.api as sm
from scipy import stats

from benchmarks.coverage import coverage, study
from sessions_pipeline.analysis.adjusted import choose_controls, series
from sessions_pipeline.analysis.corrected import (
    FOLDS,
    Equations,
    Problem,
    TooFewGoldLabelsError,
    corrected,
    naive_mean,
    solve,
)
from sessions_pipeline.analysis.corrected_models import in_cells
from sessions_pipeline.analysis.corrected_quantities import SPECIFICATIONS
from sessions_pipeline.analysis.corrected_sessions import Labelled, judged_sessions
from sessions_pipeline.analysis.gold import with_gold_labels
from sessions_pipeline.analysis.models import coefficients
from sessions_pipeline.analysis.samples import estimation_sample, in_order, prepare
from sessions_pipeline.analysis.specifications import (
    FIGURE_5,
    FIGURE_6,
    LEVELS,
    TABLE_A1,
    TEN_OCCUPATIONS,
    Specification,
    Term,
)

IN_FULL = np.ones(FOLDS)


def mean_of(values: list[float] | np.ndarray) -> Equations:
    """Equations whose one coefficient is the mean of `values`."""
    return Equations(np.ones((1, len(values))), np.array(values, dtype=float), np.ones(len(values)))


def mean_problem(judged: np.ndarray, gold: np.ndarray, at: np.ndarray, probability: float) -> Problem:
    """Every session has a user of its own."""
    weight = np.full(at.size, 1 / probability)
    return Problem(mean_of(judged), mean_of(gold[at]), at, weight, np.arange(judged.size))


def test_a_mean_by_hand() -> None:
    """Four sessions judged 1 1 0 0; the first and the last are drawn, each with probability one half, and are 0 and 0.

    (1 + 1 + 0 + 0 + 2·(0 - 1) + 2·(0 - 0)) / 4 = 0.
    """
    problem = mean_problem(np.array([1.0, 1, 0, 0]), np.array([0.0, 1, 0, 0]), np.array([0, 3]), 0.5)
    assert solve(problem, IN_FULL)[0] == pytest.approx([0.0])


def test_over_all_draws_the_mean_is_that_of_gold_labels_however_wrong_the_judge_is() -> None:
    judged, gold = np.array([1.0, 1, 1, 0, 1, 0]), np.array([0.0, 0, 1, 1, 0, 0])
    for power in (1.0, 0.3, 0.0):
        estimates = [
            solve(mean_problem(judged, gold, np.array(drawn), 3 / 6), np.full(FOLDS, power))[0][0]
            for drawn in combinations(range(6), 3)
        ]
        assert np.mean(estimates) == pytest.approx(gold.mean())


def window(seed: int = 1, sessions: int = 2_000) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Sessions in the models' order as judged, and with the true outcome and expertise."""
    made = study(seed, sessions, expertise_errs=True)
    judged = in_order(made.judged)
    return judged, with_gold_labels(judged, made.truth, ("outcome", "success_signal", "expertise"))


def with_telemetry(judged: pl.DataFrame) -> pl.DataFrame:
    """What the models read beside labels."""
    rng = np.random.default_rng(5)
    drawn = {
        name: rng.lognormal(size=judged.height)
        for name in ("actions_per_prompt", "words_per_prompt", "model_calls", "human_prompts")
    }
    counted = ("model_calls", "human_prompts")
    return judged.with_columns(
        pl.Series(name, np.ceil(values)).cast(pl.Int64) if name in counted else pl.Series(name, values)
        for name, values in drawn.items()
    ).with_columns(
        active_seconds=pl.lit(60.0),
        model_tier=pl.lit("opus"),
        wrote_code=pl.lit(True),
        software_user=pl.col("user_occupation") == "15",
        expertise_opening=pl.Series(rng.integers(1, 6, judged.height)),
    )


def problem_of(
    judged: pl.DataFrame, gold: pl.DataFrame, at: np.ndarray, probability: np.ndarray, specification: Specification
) -> Problem:
    prepared = prepare(judged, [specification])
    sample = estimation_sample(prepared, specification, 5)
    ready = Labelled(gold[at], at, 1 / probability[at])
    return in_cells(judged_sessions(judged), prepared, sample, specification).problem(ready)


@pytest.mark.parametrize("specification", SPECIFICATIONS, ids=lambda specification: specification.name)
def test_with_the_judges_labels_for_gold_ones_it_is_the_regression_with_absorbed_cells(
    specification: Specification,
) -> None:
    judged, _ = window()
    judged = with_telemetry(judged)
    if specification in FIGURE_6:  # without controls: cells of ten occupations would hold too few users
        ten = np.random.default_rng(6).choice([str(code) for code in TEN_OCCUPATIONS], judged.height)
        judged = judged.with_columns(user_occupation=ten)
    drawn = np.arange(0, judged.height, 4)
    problem = problem_of(judged, judged, drawn, np.full(judged.height, 0.25), specification)
    absorbed = coefficients(prepare(judged, [specification]), specification, 5)
    ours = solve(problem, IN_FULL)[0][: len(absorbed)]
    np.testing.assert_allclose(ours, [row["estimate"] for row in absorbed], rtol=1e-8)


def test_with_the_judges_labels_for_gold_ones_an_adjusted_rate_is_that_of_figure_5() -> None:
    """Levels without a constant, in the average cell: the rates of analysis.adjusted_rates, recentred there by hand."""
    judged = window()[0].with_columns(abandoned=False)
    drawn = np.arange(0, judged.height, 4)
    (specification,) = (each for each in FIGURE_5 if each.name == "figure_5_all_verified_success")
    prepared = prepare(judged, [specification])
    chosen = choose_controls(prepared, specification, 5)
    assert chosen.column == "table_a1_5"
    levels = tuple(Term(f"expertise_{level}", "expertise", level) for level in LEVELS)
    model = replace(specification, terms=levels)
    ready = Labelled(judged[drawn], drawn, np.full(drawn.size, 4.0))
    cells = in_cells(judged_sessions(judged), prepared, chosen.sample, model, constant=False)
    rates = [row["estimate"] for row in series(chosen, specification, 5)]
    np.testing.assert_allclose(solve(cells.problem(ready), IN_FULL)[0][:5], rates, rtol=1e-8)


def dummies(frame: pl.DataFrame, controls: tuple[str, ...]) -> np.ndarray:
    """One column per cell of `controls`."""
    return frame.select(pl.concat_str(controls, separator="|")).to_dummies().to_numpy().astype(float)


def test_errors_in_the_outcome_alone_are_the_regression_of_the_pseudo_outcome_with_cell_dummies() -> None:
    """The regression of ŷ + R/p (y - ŷ), by statsmodels. One user per session, so that its HC1 is our sandwich."""
    specification = TABLE_A1[2]
    judged, gold = (
        in_order(frame.with_columns(pl.col("session_id").alias("user_key"), expertise=window()[0]["expertise"]))
        for frame in window()
    )
    probability = np.where(judged["verified_success"], 0.4, 0.2)
    at = np.flatnonzero(np.random.default_rng(2).random(judged.height) < probability)
    problem = problem_of(judged, gold, at, probability, specification)

    y_hat, y = (frame["verified_success"].cast(pl.Float64).to_numpy() for frame in (judged, gold))
    drawn = np.zeros(judged.height)
    drawn[at] = 1
    pseudo = y_hat + drawn / probability * (y - y_hat)
    sizes = pl.len().over(specification.controls)
    kept = judged.select(sizes >= 5).to_series().to_numpy()
    x = judged["expertise"].cast(pl.Float64).to_numpy()
    design = np.column_stack([x, dummies(judged, specification.controls)])[kept]
    design = design[:, design.any(axis=0)]
    theirs = sm.OLS(pseudo[kept], design).fit(cov_type="HC0")
    found, inverse = solve(problem, IN_FULL)
    assert found[0] == pytest.approx(theirs.params[0], rel=1e-8)

    contribution = problem.judged.along(inverse[0], found)
    contribution[problem.at] += problem.weight * (problem.gold.along(inverse[0], found) - contribution[problem.at])
    # Residuals about cell dummies or about the cells' means differ by what the pseudo-outcome varies between cells.
    assert np.sqrt(np.square(contribution).sum()) == pytest.approx(theirs.bse[0], rel=0.02)


def test_with_gold_labels_of_all_sessions_the_judge_does_not_matter() -> None:
    """Everyone is drawn: the weighted sums of the judge cancel, and without controls statsmodels has the answer."""
    judged, gold = window()
    specification = TABLE_A1[0]
    everyone = np.arange(judged.height)
    problem = problem_of(judged, gold, everyone, np.ones(judged.height), specification)
    x, y = gold["expertise"].cast(pl.Float64).to_numpy(), gold["verified_success"].cast(pl.Float64).to_numpy()
    users = np.unique(gold["user_key"].to_numpy(), return_inverse=True)[1]
    theirs = sm.OLS(y, sm.add_constant(x)).fit(cov_type="cluster", cov_kwds={"groups": users, "use_correction": False})
    found, g = corrected(problem, 0), users.max() + 1
    assert found.estimate == pytest.approx(theirs.params[1], rel=1e-9)
    assert found.std_error == pytest.approx(theirs.bse[1] * np.sqrt(g / (g - len(problem.judged.regressors))), rel=1e-9)


def test_a_good_judge_counts_in_full_and_a_useless_one_not_at_all() -> None:
    rng = np.random.default_rng(5)
    truth = (rng.random(20_000) < 0.3).astype(float)
    at = np.sort(rng.choice(20_000, 2_000, replace=False))
    useless = (rng.random(20_000) < 0.3).astype(float)
    good, bad = (corrected(mean_problem(judged, truth, at, 0.1), 0) for judged in (truth, useless))
    assert good.power > 0.95
    assert bad.power < 0.1
    # Of gold labels alone: sqrt(0.3 · 0.7 / 2000) = 0.0102; of a perfect judge sqrt(0.21 / 20000) = 0.0032.
    assert bad.std_error == pytest.approx(0.0102, rel=0.05)
    assert good.std_error == pytest.approx(0.0032, rel=0.1)


def test_sessions_of_one_user_are_one_draw_of_that_user() -> None:
    """Every session twice, in the same user: standard errors stay those of the users."""
    rng = np.random.default_rng(6)
    truth, judged = ((rng.random(2_000) < 0.4).astype(float) for _ in range(2))
    at = np.arange(0, 2_000, 4)
    once = corrected(mean_problem(judged, truth, at, 0.25), 0)
    at_twice = np.sort(np.concatenate([2 * at, 2 * at + 1]))
    user = np.arange(2_000).repeat(2)
    doubled = Problem(
        mean_of(judged.repeat(2)), mean_of(truth.repeat(2)[at_twice]), at_twice, np.full(at_twice.size, 4.0), user
    )
    twice = corrected(doubled, 0)
    assert twice.estimate == pytest.approx(once.estimate)
    assert twice.std_error == pytest.approx(once.std_error)


def test_the_judges_mean_has_the_clustered_standard_error_of_statsmodels() -> None:
    rng = np.random.default_rng(7)
    values, user = rng.random(300), np.concatenate([np.arange(40), rng.integers(0, 40, 260)])
    mean, error = naive_mean(mean_of(values), user)
    theirs = sm.OLS(values, np.ones(300)).fit(cov_type="cluster", cov_kwds={"groups": user, "use_correction": False})
    assert mean == pytest.approx(values.mean())
    assert error == pytest.approx(theirs.bse[0] * np.sqrt(40 / 39))
    assert naive_mean(mean_of(np.zeros(300)), user) == (0.0, None)
    assert naive_mean(mean_of(np.full(300, 0.1)), user)[1] is None


def test_a_mean_is_the_difference_estimator_with_user_clusters_written_out_in_numpy() -> None:
    """A share of some sessions, continuous, with errors in who is a member: both sums by hand, to ten digits.

    Numerator and denominator are each the judge's sum, weighted, plus the drawn sessions' differences over their
    probability; the weight is tuned by users on the other folds, from a first round where it is one.
    """
    rng = np.random.default_rng(8)
    n, users = 900, 150
    user = np.sort(np.concatenate([np.arange(users), rng.integers(0, users, n - users)]))
    probability = rng.uniform(0.2, 0.6, n)
    at = np.flatnonzero(rng.random(n) < probability)
    y, s = rng.beta(2, 1, n), (rng.random(n) < 0.7).astype(float)
    y_hat, s_hat = np.clip(y + rng.normal(0.1, 0.1, n), 0, 1), np.where(rng.random(n) < 0.1, 1 - s, s)
    one = np.ones((1, n))
    problem = Problem(Equations(one, y_hat, s_hat), Equations(one, y, s).of(at), at, 1 / probability[at], user)

    drawn = np.zeros(n)
    drawn[at] = 1 / probability[at]

    def ratio(weight: np.ndarray) -> tuple[float, float]:
        above = (weight * s_hat * y_hat + drawn * (s * y - weight * s_hat * y_hat)).sum()
        below = (weight * s_hat + drawn * (s - weight * s_hat)).sum()
        return above / below, below

    def by_user(values: np.ndarray) -> np.ndarray:
        return np.array([values[user == one_user].sum() for one_user in range(users)])

    first, _ = ratio(np.ones(n))
    t, b = by_user(drawn * s * (y - first)), by_user((drawn - 1) * s_hat * (y_hat - first))
    fold = np.array([problem.fold[user == one_user][0] for one_user in range(users)])
    tuned = np.array(
        [
            np.clip(t[fold != each] @ b[fold != each] / (b[fold != each] @ b[fold != each]), 0, 1)
            for each in range(FOLDS)
        ]
    )
    weight = tuned[problem.fold]
    mean, below = ratio(weight)
    g, g_hat = s * (y - mean), s_hat * (y_hat - mean)
    h = by_user(weight * g_hat + drawn * (g - weight * g_hat)) / below
    drawn_users = np.unique(user[at][(s + s_hat)[at] > 0]).size
    assert drawn_users < np.unique(user[at]).size
    error = np.sqrt(drawn_users / (drawn_users - 1) * (h**2).sum())
    freedom = (h**2).sum() ** 2 / (h**4).sum() - 1

    found = corrected(problem, 0)
    ours = (found.estimate, found.std_error, found.degrees_of_freedom, found.power)
    np.testing.assert_allclose(ours, (mean, error, freedom, weight.mean()), rtol=1e-10)
    margin = stats.t.ppf(0.975, freedom) * error
    np.testing.assert_allclose((found.ci_low, found.ci_high), (mean - margin, mean + margin), rtol=1e-10)


def test_users_without_a_gold_label_in_the_sample_do_not_count_as_users() -> None:
    """200 users with gold labels, of whom four are in the sample: by gold, by the judge or by both; too few at two."""
    rng = np.random.default_rng(9)
    member = np.zeros(200)
    member[:3] = 1
    judged, gold = (Equations(np.ones((1, 200)), rng.random(200), np.roll(member, by)) for by in (0, 1))
    found = corrected(Problem(judged, gold, np.arange(200), np.ones(200), np.arange(200)), 0)
    # All have gold labels, so that the judge's do not matter: HC1 of a mean of three, with four for three in G/(G - 1).
    theirs = sm.OLS(gold.outcome[1:4], np.ones(3)).fit(cov_type="HC0")
    assert found.estimate == pytest.approx(theirs.params[0])
    assert found.std_error == pytest.approx(theirs.bse[0] * np.sqrt(4 / 3))
    both = replace(judged, member=np.arange(200) < 2)
    with pytest.raises(TooFewGoldLabelsError, match="gold labels of 2 users cannot correct 1 coefficients"):
        corrected(Problem(both, both, np.arange(200), np.ones(200), np.arange(200)), 0)


def test_gold_labels_that_leave_nothing_to_compare_are_refused() -> None:
    """Gold says that everyone is at one level: there is no slope."""
    judged, _ = window()
    at = np.arange(0, judged.height, 4)
    flat = judged.with_columns(expertise=pl.lit(3, dtype=pl.Int64))
    problem = problem_of(judged, flat, at, np.full(judged.height, 0.25), TABLE_A1[0])
    with pytest.raises(TooFewGoldLabelsError, match="hardly vary"):
        corrected(problem, 0)


def test_corrected_intervals_cover_what_was_planted_and_the_judges_do_not() -> None:
    """24 studies of 3,000 sessions, 500 of them drawn: of 24, 23 should cover; 3.5 standard deviations below is 19.

    A slope, a share, a continuous share and the share of an occupation. The judge's errors lean on expertise, so that
    its own intervals miss most of the time.
    """
    studies = 24
    for found in coverage(draws=studies, sessions=3_000, gold_sessions=500).values():
        assert found.draws == studies
        assert found.corrected >= 19 / studies
        assert found.naive < 19 / studies
        assert abs(found.corrected_bias) < 3.5 * found.spread / np.sqrt(studies)

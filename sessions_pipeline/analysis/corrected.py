"""Estimates that carry the error of the labels: the judge's labels of all sessions, corrected by trusted ones of a few.

Here belongs the estimator alone, in arrays; what is estimated is in `corrected_rows.py`, who is drawn for trusted
("gold") labels, and with which probability, in `gold.py`.

Estimator
    Every quantity is least squares, written as its estimating equation: sum over sessions of g_i(b) = 0, with
    g_i = s_i · w_i (y_i - w_i'b), where s says whether a session is in the sample, w are the regressors, y is the
    outcome. A mean has w = 1. Let ĝ be the same with the judge's labels, R_i say that session i has gold labels, and
    p_i be the known probability of having drawn it. Solved is
        sum of [ l · ĝ_i(b) + R_i / p_i · (g_i(b) - l · ĝ_i(b)) ] = 0,
    whose expectation over the draw is the sum that gold labels of all sessions would give, however wrong the judge
    is. With l = 1, and the outcome alone mislabelled, it regresses ŷ + (R/p)(y - ŷ) on w: design-based supervised
    learning (Egami, Hinck, Stewart and Wei 2023). Where w or s are mislabelled, the matrix of the equation (sums of
    s w w') is corrected in the same way: the moment form.
Power tuning
    l is prediction-powered inference's (Angelopoulos, Duchi and Zrnic 2023, "PPI++"): the l with the smallest variance
    of the one coefficient asked for, between 0 (gold labels alone) and 1. With u = a'g and û = a'ĝ, a the
    coefficient's row of the inverse matrix, T and B the sums over each user of (R/p) u and (R/p - 1) û, it is
    sum of T B / sum of B². B has mean zero by design, so any l leaves the estimate unbiased; l is chosen for each fifth
    of the users on the other four fifths (cross-fitting), so that a user's labels do not choose their own weight.
Standard errors
    Sandwich over users: a'(sum over users of h h')a, h a user's sum of the bracket above at the solution, times
    G/(G - k), with G users that have gold labels and k coefficients; t with G - 1 degrees of freedom. Draws within
    strata are of fixed size, which this takes for independent: slightly too wide, never too narrow.
Fixed effects
    Few gold labels cannot fill thousands of cells. So cells enter through the means of the judge's outcome and
    regressors within them (Mundlak 1978), and through what the controls' main effects predict of these means. With the
    judge's labels for gold ones the coefficient then *is* that of absorbed cells, to the last digits. With gold labels
    the controls, and these means, stay the judge's: what is estimated is the gold outcome on gold expertise at given
    controls as judged. If the judge errs on outcome and on expertise differently from one value of a control to
    another, a second-order part of that difference remains.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

CONFIDENCE = 0.95
FOLDS = 5
# Users to folds, always alike. The order in which users are numbered must not matter.
SEED = 20_260_616
# The least share of the judge's that may be left of a direction of the corrected matrix: below, its inverse is noise.
LEAST_INFORMATION = 0.05
# Directions of the cells' means that vary by less than this share of the largest do not vary.
COLLINEAR = 1e-9


class TooFewGoldLabelsError(ValueError):
    """Gold labels do not suffice for a correction. The message says what there is and what is needed."""


@dataclass(frozen=True)
class Equations:
    """One least-squares problem by sessions: regressors (n, k), outcome (n,), member (n,) 1 in the sample and else 0.

    Regressors and outcome of those that are no members do not count; they are numbers all the same.
    """

    regressors: Floats
    outcome: Floats
    member: Floats

    def matrix(self, weight: Floats) -> Floats:
        """Sum of weight · s w w', shape (k, k)."""
        return np.einsum("i,ij,ik->jk", weight * self.member, self.regressors, self.regressors)

    def right_side(self, weight: Floats) -> Floats:
        """Sum of weight · s w y, shape (k,)."""
        return np.einsum("i,ij->j", weight * self.member * self.outcome, self.regressors)

    def along(self, direction: Floats, coefficients: Floats) -> Floats:
        """direction'g of every session at `coefficients`, shape (n,)."""
        residual = self.outcome - np.einsum("ij,j->i", self.regressors, coefficients)
        return self.member * residual * np.einsum("ij,j->i", self.regressors, direction)


@dataclass(frozen=True)
class Problem:
    """The judge's equations of all n sessions, and those of the m with gold labels.

    at (m,): where these stand among all. weight (m,): one over the probability of having been drawn.
    user (n,): numbers from 0, none skipped.
    """

    judged: Equations
    gold: Equations
    at: Integers
    weight: Floats
    user: Integers


@dataclass(frozen=True)
class Corrected:
    """A corrected coefficient. power: l, the weight of the judge's labels, mean over the folds' sessions."""

    estimate: float
    std_error: float
    ci_low: float
    ci_high: float
    power: float
    gold_users: int


def naive(judged: Equations, user: Integers, term: int) -> tuple[float, float]:
    """Coefficient `term` by the judge's labels alone, and its standard error clustered by user (G/(G - 1))."""
    everyone = np.ones(judged.outcome.size)
    matrix = judged.matrix(everyone)
    coefficients: Floats = np.linalg.solve(matrix, judged.right_side(everyone))
    direction: Floats = np.linalg.solve(matrix, np.eye(len(matrix))[term])
    by_user = np.bincount(user, weights=judged.along(direction, coefficients))
    users = np.unique(user[judged.member > 0]).size
    correction = users / (users - 1) if users > 1 else np.nan
    return float(coefficients[term]), float(np.sqrt(correction * np.square(by_user).sum()))


def solve(problem: Problem, power: Floats) -> tuple[Floats, Floats]:
    """Coefficients (k,) and inverse matrix (k, k) with the judge's labels weighted by `power` (n,).

    Raises TooFewGoldLabelsError if the corrected matrix leaves a direction without information.
    """
    of_gold = power[problem.at] * problem.weight
    judged_there = _rows(problem.judged, problem.at)
    matrix = problem.judged.matrix(power) - judged_there.matrix(of_gold) + problem.gold.matrix(problem.weight)
    right = problem.judged.right_side(power) - judged_there.right_side(of_gold)
    right += problem.gold.right_side(problem.weight)
    before = problem.judged.matrix(np.ones(power.size))
    scale = np.sqrt(np.maximum(np.diag(before), np.finfo(float).tiny))
    left = np.linalg.eigvalsh(matrix / np.outer(scale, scale)).min()
    if left < LEAST_INFORMATION * np.linalg.eigvalsh(before / np.outer(scale, scale)).min():
        raise TooFewGoldLabelsError("too few gold labels: corrected by them, the regressors do not vary")
    inverse: Floats = np.linalg.inv(matrix)
    return inverse @ right, inverse


def corrected(problem: Problem, term: int) -> Corrected:
    """Coefficient `term` of `problem`. Raises TooFewGoldLabelsError where `solve` does, or with too few gold users."""
    from scipy.special import stdtrit

    parameters = problem.judged.regressors.shape[1]
    users = int(problem.user.max()) + 1
    gold_users = np.unique(problem.user[problem.at])
    if gold_users.size <= parameters + 1:
        raise TooFewGoldLabelsError(f"gold labels of {gold_users.size} users cannot correct {parameters} coefficients")
    fold = _folds(users, gold_users)[problem.user]
    coefficients, inverse = solve(problem, np.ones(problem.user.size))
    power = _power(problem, coefficients, inverse[term], fold)
    coefficients, inverse = solve(problem, power)
    judged = problem.judged.along(inverse[term], coefficients)
    contribution = power * judged
    gold = problem.gold.along(inverse[term], coefficients)
    contribution[problem.at] += problem.weight * (gold - power[problem.at] * judged[problem.at])
    by_user = np.bincount(problem.user, weights=contribution)
    correction = gold_users.size / (gold_users.size - parameters)
    std_error = float(np.sqrt(correction * np.square(by_user).sum()))
    margin = float(stdtrit(gold_users.size - 1, (1 + CONFIDENCE) / 2)) * std_error
    estimate = float(coefficients[term])
    return Corrected(
        estimate, std_error, estimate - margin, estimate + margin, float(power.mean()), int(gold_users.size)
    )


def _rows(equations: Equations, at: Integers) -> Equations:
    return Equations(equations.regressors[at], equations.outcome[at], equations.member[at])


def _folds(users: int, gold_users: Integers) -> Integers:
    """Fold of each user, shape (users,): those with gold labels, and all others, spread evenly."""
    chance = np.random.default_rng(SEED)
    fold = chance.permutation(users) % FOLDS
    fold[gold_users] = chance.permutation(gold_users.size) % FOLDS
    return fold


def _power(problem: Problem, coefficients: Floats, direction: Floats, fold: Integers) -> Floats:
    """The weight of the judge's labels of each session, shape (n,): tuned on the users of the other folds."""
    judged, gold = problem.judged.along(direction, coefficients), problem.gold.along(direction, coefficients)
    of_gold, of_judge = np.zeros_like(judged), -judged
    of_gold[problem.at] = problem.weight * gold
    of_judge[problem.at] += problem.weight * judged[problem.at]
    of_users = [np.bincount(problem.user, weights=values) for values in (of_gold, of_judge)]
    products, squares = of_users[0] * of_users[1], np.square(of_users[1])
    fold_of_user = np.zeros(products.size, dtype=np.int64)
    fold_of_user[problem.user] = fold
    power = np.empty(FOLDS)
    for number in range(FOLDS):
        others = fold_of_user != number
        below = squares[others].sum()
        power[number] = np.clip(products[others].sum() / below, 0, 1) if below > 0 else 1.0
    return power[fold]


def cell_indices(cell: Integers, main_effects: Floats, values: Floats) -> Floats:
    """What the regressors say of the cells, one row per cell, shape (cells, columns).

    values (n, v): the judge's outcome and regressors of the n sessions in the cells `cell` (n,). main_effects
    (cells, d): indicators of the controls' values. Columns span the constant, the means of `values` within cells, and
    what the main effects predict of them (least squares weighted by sessions); they are orthogonal over sessions,
    without those that others determine.
    """
    sessions = np.bincount(cell).astype(np.float64)
    means = np.stack([np.bincount(cell, weights=column) for column in values.T], axis=1) / sessions[:, None]
    root = np.sqrt(sessions)[:, None]
    predicted = main_effects @ np.linalg.lstsq(root * main_effects, root * means, rcond=None)[0]
    constant = np.ones((sessions.size, 1))
    raw = np.hstack([predicted, means])
    raw = raw - np.average(raw, axis=0, weights=sessions)
    left, sizes, _ = np.linalg.svd(root * raw, full_matrices=False)
    kept = left[:, sizes > max(COLLINEAR * sizes.max(initial=0.0), COLLINEAR * np.sqrt(sessions.sum()))]
    return np.hstack([constant, kept / root * np.sqrt(sessions.sum())])

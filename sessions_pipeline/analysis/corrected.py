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
    G/(G - k), with k coefficients and G users with gold labels of sessions that are in the sample by either label.
    Intervals take t with (sum of c²)² / (sum of c⁴) less 1 degrees of freedom, c = a'h: the number of users, were all
    alike, that would carry the variance (Satterthwaite's idea). Where 20 corrected labels of 1,000 decide, that is 20
    and not 1,000. Draws within strata are of fixed size, which this takes for independent: if anything too wide.
Fixed effects
    Few gold labels cannot fill thousands of cells. So cells enter through the means of the judge's outcome and
    regressors within them (Mundlak 1978), and through what the controls' main effects predict of these means. With the
    judge's labels for gold ones the coefficient then *is* that of absorbed cells, to the last digits. With gold labels
    the controls, and these means, stay the judge's: what is estimated is the gold outcome on gold expertise at given
    controls as judged. If the judge errs on outcome and on expertise differently from one value of a control to
    another, a second-order part of that difference remains.
Adjusted rates
    With an indicator for each group and no constant, a rate is b_t + z̄'c: the group's coefficient, and what the cells'
    means z add in the average session of the sample. Gold labels move sessions into it and out, so z̄ is corrected in
    the same way, sum of [l · ŝ z + (R/p)(s z - l · ŝ z)] over the same without z; the rates' mean, weighted by the
    corrected sizes of the groups, is then the corrected mean of the outcome. A session adds s c'(z - z̄) / sum of s to
    the error, corrected too, which is the sampling variation of z̄.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from sessions_pipeline.analysis.errors import CONFIDENCE
from sessions_pipeline.analysis.suppression import distinct

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

FOLDS = 5
# Users to folds, always alike. The order in which users are numbered must not matter.
SEED = 20_260_616
# The least share of the judge's that may be left of a direction of the corrected matrix: below, its inverse is noise.
LEAST_INFORMATION = 0.05
# Directions of the cells' means that vary by less than this share of the largest do not vary.
COLLINEAR = 1e-9
# A standard error of a share below this is what rounding leaves of zero.
ROUNDING = 1e-12


class TooFewGoldLabelsError(ValueError):
    """Gold labels do not suffice for a correction. The message says what there is and what is needed."""


@dataclass(frozen=True)
class Equations:
    """One least-squares problem by sessions: regressors (k, n), outcome (n,), member (n,) 1 in the sample and else 0.

    Regressors and outcome of those that are no members do not count; they are numbers all the same.
    """

    regressors: Floats
    outcome: Floats
    member: Floats

    def of(self, sessions: Integers) -> Equations:
        """Those of `sessions`, by position."""
        return Equations(self.regressors[:, sessions], self.outcome[sessions], self.member[sessions])

    def sums(self, weight: Floats | float = 1.0) -> tuple[Floats, Floats]:
        """Sum of weight · s w w', shape (k, k), and of weight · s w y, shape (k,)."""
        weighted = self.regressors * (weight * self.member)
        return np.einsum("ji,ki->jk", weighted, self.regressors), np.einsum("ji,i->j", weighted, self.outcome)

    def along(self, direction: Floats, coefficients: Floats) -> Floats:
        """direction'g of every session at `coefficients`, shape (n,)."""
        residual = self.outcome - np.einsum("ji,j->i", self.regressors, coefficients)
        return self.member * residual * np.einsum("ji,j->i", self.regressors, direction)


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

    @cached_property
    def gold_members(self) -> Flags:
        """Whether each session with gold labels is in the sample, by these or by the judge's, shape (m,)."""
        found: Flags = (self.gold.member > 0) | (self.judged.member[self.at] > 0)
        return found

    @cached_property
    def gold_users(self) -> Integers:
        """Users with gold labels."""
        return np.unique(self.user[self.at])

    @cached_property
    def fold(self) -> Integers:
        """Fold of each session, that of its user, shape (n,): users with gold labels, and the others, spread evenly."""
        chance = np.random.default_rng(SEED)
        fold = chance.permutation(int(self.user.max()) + 1) % FOLDS
        fold[self.gold_users] = chance.permutation(self.gold_users.size) % FOLDS
        return fold[self.user]

    @cached_property
    def judged_sums(self) -> list[tuple[Floats, Floats]]:
        """By fold: the judge's sums of all sessions, less those of the sessions with gold labels, weighted."""
        there, found = self.judged.of(self.at), []
        for number in range(FOLDS):
            every = self.judged.of(np.flatnonzero(self.fold == number)).sums()
            drawn = there.sums(self.weight * (self.fold[self.at] == number))
            found.append((every[0] - drawn[0], every[1] - drawn[1]))
        return found

    @cached_property
    def gold_sums(self) -> tuple[Floats, Floats]:
        """The sums of the gold labels, weighted."""
        return self.gold.sums(self.weight)

    def sums(self, power: Floats) -> tuple[Floats, Floats]:
        """The corrected sums, with the judge's labels weighted by `power` (FOLDS,)."""
        matrix, right = self.gold_sums
        for weight, (of_matrix, of_right) in zip(power, self.judged_sums, strict=True):
            matrix, right = matrix + weight * of_matrix, right + weight * of_right
        return matrix, right

    @cached_property
    def judged_matrix(self) -> Floats:
        """The judge's matrix of all sessions."""
        return self.judged.sums()[0]


@dataclass(frozen=True)
class Corrected:
    """A corrected coefficient. power: l, the weight of the judge's labels, mean over the sessions."""

    estimate: float
    std_error: float
    ci_low: float
    ci_high: float
    degrees_of_freedom: float
    power: float


def naive_mean(judged: Equations, user: Integers) -> tuple[float, float | None]:
    """The members' mean outcome by the judge's labels, and its standard error clustered by user.

    None instead of the error with one user, and where nothing varies between users.
    """
    of_member = judged.member * judged.outcome
    mean = float(of_member.sum() / judged.member.sum())
    by_user = np.bincount(user, weights=of_member - judged.member * mean) / judged.member.sum()
    users = distinct(user[judged.member > 0])
    error = float(np.sqrt(users / (users - 1) * np.square(by_user).sum())) if users > 1 else 0.0
    return mean, error if error > ROUNDING else None


def solve(problem: Problem, power: Floats) -> tuple[Floats, Floats]:
    """Coefficients (k,) and inverse matrix (k, k) with the judge's labels weighted by `power` (FOLDS,).

    Raises TooFewGoldLabelsError if the corrected matrix leaves a direction without information.
    """
    matrix, right = problem.sums(power)
    before = problem.judged_matrix
    # What the judge never says, e.g. a rare level, gold labels alone can tell.
    known = np.diag(before) > 0
    sizes = np.where(known, np.diag(before), np.diag(matrix))
    scale = np.sqrt(np.outer(sizes, sizes))
    if not scale.all():
        raise TooFewGoldLabelsError("a regressor does not vary, neither by the judge's labels nor by gold ones")
    if (least := np.linalg.eigvalsh((before / scale)[np.ix_(known, known)]).min(initial=1.0)) < COLLINEAR:
        raise TooFewGoldLabelsError("a regressor does not vary by the judge's labels, or only together with another")
    if np.linalg.eigvalsh(matrix / scale).min() < LEAST_INFORMATION * least:
        raise TooFewGoldLabelsError("too few gold labels: corrected by them, the regressors hardly vary")
    inverse = np.linalg.inv(matrix).astype(np.float64)
    return inverse @ right, inverse


@dataclass(frozen=True)
class _Asked:
    """The number asked for, and what sessions add to its error: by the judge's labels (n,), by gold labels (m,)."""

    estimate: float
    judged: Floats
    gold: Floats


def _asked(problem: Problem, power: Floats, term: int, groups: int) -> _Asked:
    """As `corrected`, with the judge's labels weighted by `power` (FOLDS,)."""
    coefficients, inverse = solve(problem, power)
    wanted, shift = np.zeros((2, coefficients.size))
    wanted[term] = 1
    if groups:
        # The groups' indicators add up to one: their rows, added, are the sums of all regressors over the sample.
        totals = problem.sums(power)[0][:groups].sum(axis=0)
        size = totals[:groups].sum()
        wanted[groups:] = totals[groups:] / size
        shift[groups:] = coefficients[groups:] / size
    direction = np.einsum("jk,k->j", inverse, wanted)
    judged, gold = (each.along(direction, coefficients) for each in (problem.judged, problem.gold))
    if groups:
        centre = float(shift @ wanted)
        judged, gold = (
            part + each.member * (np.einsum("ji,j->i", each.regressors, shift) - centre)
            for part, each in ((judged, problem.judged), (gold, problem.gold))
        )
    return _Asked(float(coefficients @ wanted), judged, gold)


def corrected(problem: Problem, term: int, groups: int = 0) -> Corrected:
    """Coefficient `term` of `problem`; with `groups`, the adjusted rate of group `term`.

    groups: how many regressors, the first ones, are indicators that add up to one in the sample. Raises
    TooFewGoldLabelsError where `solve` does, with too few gold users, or if nothing varies.
    """
    from scipy.special import stdtrit

    parameters = len(problem.judged.regressors)
    users = distinct(problem.user[problem.at[problem.gold_members]])
    if users <= parameters + 1:
        raise TooFewGoldLabelsError(f"gold labels of {users} users cannot correct {parameters} coefficients")
    power = _power(problem, _asked(problem, np.ones(FOLDS), term, groups))
    asked = _asked(problem, power, term, groups)
    weight = power[problem.fold]
    contribution = weight * asked.judged
    contribution[problem.at] += problem.weight * (asked.gold - contribution[problem.at])
    by_user = np.bincount(problem.user, weights=contribution)
    squares = np.square(by_user)
    if not squares.any():
        raise TooFewGoldLabelsError("no residual variation: the standard error would be zero")
    std_error = float(np.sqrt(users / (users - parameters) * squares.sum()))
    freedom = max(float(squares.sum() ** 2 / np.square(squares).sum()) - 1, 1.0)
    margin = float(stdtrit(freedom, (1 + CONFIDENCE) / 2)) * std_error
    estimate = asked.estimate
    return Corrected(estimate, std_error, estimate - margin, estimate + margin, freedom, float(weight.mean()))


def _power(problem: Problem, asked: _Asked) -> Floats:
    """The weight of the judge's labels in each fold, shape (FOLDS,), tuned on the users of the other folds."""
    of_gold, of_judge = np.zeros_like(asked.judged), -asked.judged
    of_gold[problem.at] = problem.weight * asked.gold
    of_judge[problem.at] += problem.weight * asked.judged[problem.at]
    t, b = (np.bincount(problem.user, weights=values) for values in (of_gold, of_judge))
    fold = np.zeros(t.size, dtype=np.int64)
    fold[problem.user] = problem.fold
    products, squares = (np.bincount(fold, weights=values, minlength=FOLDS) for values in (t * b, b * b))
    above, below = products.sum() - products, squares.sum() - squares
    # Where the judge's labels never vary they may count in full: it changes nothing.
    return np.clip(np.divide(above, below, out=np.ones(FOLDS), where=below > 0), 0, 1)


def cell_indices(cell: Integers, main_effects: Floats, values: Floats) -> Floats:
    """What the regressors say of the cells, shape (columns, cells).

    values (v, n): the judge's outcome and regressors of the n sessions in the cells `cell` (n,). main_effects
    (cells, d): indicators of the controls' values. Columns span the constant, the means of `values` within cells, and
    what the main effects predict of them (least squares weighted by sessions); they are orthogonal over sessions,
    without those that others determine.
    """
    sessions = np.bincount(cell).astype(np.float64)
    means = np.stack([np.bincount(cell, weights=column) for column in values], axis=1) / sessions[:, None]
    root = np.sqrt(sessions)[:, None]
    # By the normal equations: of a thousand cells and seventy indicators they are a hundred times as fast.
    weighted = main_effects * sessions[:, None]
    predicted = main_effects @ np.linalg.lstsq(weighted.T @ main_effects, weighted.T @ means, rcond=None)[0]
    constant = np.ones((sessions.size, 1))
    raw = np.hstack([predicted, means])
    raw = raw - np.average(raw, axis=0, weights=sessions)
    left, sizes, _ = np.linalg.svd(root * raw, full_matrices=False)
    kept = left[:, sizes > max(COLLINEAR * sizes.max(initial=0.0), COLLINEAR * np.sqrt(sessions.sum()))]
    return np.hstack([constant, kept / root * np.sqrt(sessions.sum())]).T

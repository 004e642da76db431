"""Standard errors: how far an estimate could have come out otherwise, given that a user's sessions are alike.

Here belong the variance estimators; the fit they start from is in `models.py`. Which one a row of
analysis.coefficients has is in its column `std_errors`.

CRV1 by user (Liang and Zeger 1986)
    (X'X)^-1 · sum over users of s s' · (X'X)^-1, s = X'e of one user, times G/(G - 1) · (N - 1)/(N - K), with N
    sessions, G users, and K = identified terms + cells (or + 1 without controls). Every cell counts in K, also one
    that lies within a single user; user effects, where they are absorbed beside the cells, lie within clusters and do
    not count. t with G - 1 degrees of freedom. This is what statsmodels gives for cell dummies with
    cov_type="cluster" and use_t=True.
CRV1 by user and month (Cameron, Gelbach and Miller 2011)
    V(user) + V(month) - V(user within month), each with its own correction; t with one less than the fewer clusters.
    Months are few, so that this difference can come out far too small, even negative (on the simulated study a fifth
    of the standard error by user alone). So it is never taken below V(user) or V(month): the largest of the three
    standard errors (MacKinnon, Nielsen and Webb 2024, "Jackknife inference with two-way clustering").
CRV3 by user (jackknife; MacKinnon, Nielsen and Webb 2023)
    (G - 1)/G · sum over users of (b without the user - b) squared; t with G - 1. With few users CRV1 is too small,
    most of all when some users weigh far more than others; CRV3 errs towards width. It stands in for CRV1 by itself
    where there are fewer than FEW_CLUSTERS users.
    A user's part of the within-cell sums of squares is known in closed form: leaving out the sessions g of a cell c,
    whose centred sums over g are s and counts n of N, takes away sum of z z' over g, plus s s'/(N - n). So no model is
    fitted again, and a hundred thousand users take less than a second. Logit and effects of users beside the cells
    have no such form: there the models of few users are fitted again without each of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sessions_pipeline.analysis.samples import EstimationSample, Floats, levels_of, without_gaps
from sessions_pipeline.analysis.specifications import Errors

if TYPE_CHECKING:
    from sessions_pipeline.analysis.models import Fit, Within

CONFIDENCE = 0.95
FEW_CLUSTERS = 50
# Residuals (or a standard error) below this share of the outcome's spread are rounding.
PERFECT_FIT = 1e-10
# A direction in which the regressors vary by less than this share of their raw size does not vary: one session
# that differs among four million still stands at 1e-8, rounding at 1e-16.
COLLINEAR = 1e-12
BY_USER, JACKKNIFE, LINEARISED = "CRV1 by user", "CRV3 by user", "linearised by user"
LEANS_ON_ONE = "leaving out one user leaves nothing to estimate this term on"


@dataclass(frozen=True)
class Inference:
    """Uncertainty of one number; all None where there is none to be had."""

    std_error: float | None
    ci_low: float | None
    ci_high: float | None
    p_value: float | None


NO_INFERENCE = Inference(None, None, None, None)


def inference(estimate: float, std_error: float, clusters: int) -> Inference:
    """Two-sided test and interval of `estimate`, t with one degree of freedom less than clusters."""
    from scipy.special import stdtr, stdtrit

    margin = float(stdtrit(clusters - 1, (1 + CONFIDENCE) / 2)) * std_error
    p_value = float(2 * stdtr(clusters - 1, -abs(estimate / std_error)))
    return Inference(std_error, estimate - margin, estimate + margin, p_value)


def clustered_error(influence: Floats, users: int, scale: float) -> float | None:
    """Standard error from each user's part of the error; None with one user, or where nothing varies between users.

    scale: size of the values, against which an error can be told from rounding.
    """
    if users < 2:
        return None
    error = float(np.sqrt(users / (users - 1) * np.square(influence).sum()))
    return error if error > PERFECT_FIT * scale else None


def jackknifed_error(estimate: float, without: Floats, scale: float) -> float | None:
    """CRV3 from the estimate without each user (users,); None where it cannot be had or nothing varies between users.

    scale: as in `clustered_error`.
    """
    if not np.isfinite(without).all():
        return None
    users = without.size
    error = float(np.sqrt((users - 1) / users * np.square(without - estimate).sum()))
    return error if error > PERFECT_FIT * scale else None


def inference_by_user(
    estimate: float, influence: Floats, users: int, scale: float, without: Floats | None = None
) -> Inference:
    """Inference from each user's part of the error or, where it is given, from the estimate `without` each user."""
    error = clustered_error(influence, users, scale) if without is None else jackknifed_error(estimate, without, scale)
    return NO_INFERENCE if error is None else inference(estimate, error, users)


@dataclass(frozen=True)
class Variance:
    """A variance as a sum of squares: variance of c'b = sum over parts of factor · sum over clusters of (c'd)².

    description: what analysis.coefficients calls it. clusters: the fewer, where there are two kinds.
    parts: (factor, deviations d of shape (k, clusters)). unstable: why a term has no variance, by its index.
    floors: parts that are each a variance of their own, below which the sum of all is never taken.
    """

    description: str
    clusters: int
    parts: tuple[tuple[float, Floats], ...]
    unstable: dict[int, str]
    floors: tuple[tuple[float, Floats], ...] = ()

    def of_term(self, index: int) -> float:
        """Variance of one coefficient; zero where there is none."""
        of_parts, of_floors = (
            [factor * float(np.square(deviations[index]).sum()) for factor, deviations in group]
            for group in (self.parts, self.floors)
        )
        return max(sum(of_parts), *of_floors, 0.0)


Refit = Callable[["EstimationSample"], "Fit | None"]


def variance(sample: EstimationSample, fitted: Fit, errors: Errors, refit: Refit) -> Variance:
    """The variance of `fitted` that `errors` asks for; the jackknife in place of few users' CRV1.

    refit: fits the same model to other sessions; None where that cannot be done.
    """
    if errors == "user and month":
        return _by_user_and_month(sample, fitted)
    if fitted.within and (errors == "jackknife" or fitted.n_users < FEW_CLUSTERS):
        return _jackknife(sample, fitted, fitted.within)
    if fitted.n_users < FEW_CLUSTERS:
        return _by_refits(sample, fitted, refit)
    return Variance(BY_USER, fitted.n_users, ((_correction(fitted, fitted.n_users), fitted.influence),), {})


def _correction(fitted: Fit, clusters: int) -> float:
    """Small-sample factor of CRV1; NaN with one cluster."""
    sessions = fitted.n_sessions
    return clusters / (clusters - 1) * (sessions - 1) / (sessions - fitted.n_parameters) if clusters > 1 else np.nan


def _by_user_and_month(sample: EstimationSample, fitted: Fit) -> Variance:
    month = without_gaps(levels_of(sample, "month"))
    months = int(month.max()) + 1
    name = "CRV1 by user and month"
    if months < 2:
        reason = "one month: clusters by month need at least two"
        return Variance(name, months, (), dict.fromkeys(range(len(fitted.coefficients)), reason))
    both = without_gaps(sample.user * months + month)
    (factor, deviations), *one_way = (
        (_correction(fitted, int(cluster.max()) + 1), fitted.scores.by(cluster))
        for cluster in (both, sample.user, month)
    )
    return Variance(name, min(fitted.n_users, months), (*one_way, (-factor, deviations)), {}, tuple(one_way))


def _by_refits(sample: EstimationSample, fitted: Fit, refit: Refit) -> Variance:
    """CRV3, by a fit without each user."""
    k, users = len(fitted.coefficients), fitted.n_users
    deviations, unstable = np.zeros((k, users)), dict[int, str]()
    for user in range(users):
        without = refit(sample.of(sample.user != user))
        if without is None:
            unstable = dict.fromkeys(range(k), LEANS_ON_ONE)
            break
        deviations[:, user] = without.coefficients - fitted.coefficients
        unstable |= {term: LEANS_ON_ONE for term in range(k) if not without.identifies(np.eye(k)[term])}
    return Variance(JACKKNIFE, users, (((users - 1) / users, deviations),), unstable)


def without_each_user(sample: EstimationSample, fitted: Fit, within: Within) -> tuple[Floats, Floats]:
    """Coefficients without each user (users, k), and what the data then say nothing about: directions (users, k, k),
    zero those that they do, of coefficients on regressors of their own scale.

    By the sums that each user takes along: no model is fitted again.
    """
    k, users = len(fitted.coefficients), fitted.n_users
    profiles = within.profiles
    explained = np.einsum("ji,j->i", profiles.x, within.coefficients)
    z = np.stack([profiles.spread(row) for row in (*profiles.x, explained)])
    z[k] += fitted.scores.residuals
    pair_key = sample.user * max(sample.n_cells, 1) + sample.cell
    pairs, pair = np.unique(pair_key, return_inverse=True)
    pair_user, pair_cell = pairs // max(sample.n_cells, 1), pairs % max(sample.n_cells, 1)
    taken, in_cell = np.bincount(pair), np.bincount(sample.cell)[pair_cell]
    sums = np.stack([np.bincount(pair, weights=row) for row in z])
    # A cell that goes as a whole has centred sums of zero and leaves nothing behind.
    weight = np.where(in_cell > taken, 1 / np.maximum(in_cell - taken, 1), 0.0)
    without = np.empty((users, k + 1, k + 1))
    total = np.einsum("ji,ki->jk", z, z)
    for row in range(k + 1):
        for column in range(row, k + 1):
            gone = np.bincount(sample.user, weights=z[row] * z[column], minlength=users) + np.bincount(
                pair_user, weights=sums[row] * sums[column] * weight, minlength=users
            )
            without[:, row, column] = without[:, column, row] = total[row, column] - gone
    eigenvalues, directions = np.linalg.eigh(without[:, :k, :k] / fitted.n_sessions)
    varies = eigenvalues > COLLINEAR
    reciprocal = np.where(varies, 1 / np.where(varies, eigenvalues, 1), 0) / fitted.n_sessions
    projected = np.einsum("gjm,gj->gm", directions, without[:, :k, k]) * reciprocal
    left = np.einsum("gjm,gm->gj", directions, projected)
    return left / profiles.scale, directions * ~varies[:, None, :] / profiles.scale[:, None]


def _jackknife(sample: EstimationSample, fitted: Fit, within: Within) -> Variance:
    """CRV3."""
    k, users = len(fitted.coefficients), fitted.n_users
    left, lost = without_each_user(sample, fitted, within)
    unknown = np.abs(lost * within.profiles.scale[:, None]).max(axis=2, initial=0.0)
    known = np.array([fitted.identifies(direction) for direction in np.eye(k)])
    unstable = {term: LEANS_ON_ONE for term in range(k) if known[term] and (unknown[:, term] > 1e-6).any()}
    deviations = (left - fitted.coefficients).T
    return Variance(JACKKNIFE, users, (((users - 1) / users, deviations),), unstable)

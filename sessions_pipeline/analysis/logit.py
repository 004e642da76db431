"""Logit with one set of cell effects, reported as average marginal effects: what a linear probability model becomes
when chances cannot leave 0 to 1.

Estimator
    Newton's method on the likelihood. The cells' block of the Hessian is diagonal, so that they are solved for first
    (Schur complement), and thousands of them cost sums over sessions and no matrix. Cells whose sessions all end
    alike say nothing about the terms and are dropped, which the result counts.
Average marginal effect
    Of a number: mean over sessions of b p (1 - p). Of a yes or no: mean of p with it minus p without.
Standard error
    Delta method through coefficients and cell effects, clustered by user, with the correction of `errors.py`; the
    sessions themselves are taken as given. statsmodels gives the same for Logit with cell dummies,
    cov_type="cluster" and get_margeff(dummy=True).
"""

from __future__ import annotations

import numpy as np
import polars as pl

from sessions_pipeline.analysis.models import Fit, Scores
from sessions_pipeline.analysis.samples import (
    EstimationSample,
    Floats,
    Integers,
    outcomes,
    regressors,
)
from sessions_pipeline.analysis.specifications import Specification
from sessions_pipeline.analysis.within import NoConvergenceError

MOST_STEPS = 60
CONVERGED = 1e-11


def varying_cells(sample: EstimationSample, outcome: Floats) -> tuple[EstimationSample, Floats, int]:
    """The sample and outcomes (n,) without cells that all end alike, and how many sessions that takes out."""
    share = np.bincount(sample.cell, weights=outcome) / np.bincount(sample.cell)
    keep = ((share > 0) & (share < 1))[sample.cell]
    if not keep.any() or keep.all():
        return sample, outcome, 0
    return sample.of(keep), outcome[keep], int((~keep).sum())


def fit_logit(sample: EstimationSample, specification: Specification) -> tuple[EstimationSample, Fit, int]:
    """Average marginal effects of the terms, the sessions they rest on, and how many more were in constant cells.

    The `Fit` has the effects as coefficients, and each user's part of their error as influence; its r_squared is NaN.
    Raises NoConvergenceError where some term separates the outcomes.
    """
    sample, y, dropped = varying_cells(sample, outcomes(sample, specification))
    x, cell = regressors(sample, specification.terms), sample.cell
    scale = np.sqrt(np.square(x).mean(axis=1))
    scale[scale == 0] = 1
    x = x / scale[:, None]
    coefficients, effects = _maximise(x, y, cell)
    index = np.einsum("ji,j->i", x, coefficients) + effects[cell]
    chance = _logistic(index)
    marginal, weights = [], []
    hessian = _Hessian(x, chance * (1 - chance), cell)
    for number, term in enumerate(specification.terms):
        is_flag = term.level is not None or sample.sessions.schema[term.column] == pl.Boolean
        effect, by_term, by_cell = (_difference if is_flag else _derivative)(
            x, index, cell, number, coefficients[number], 1 / scale[number]
        )
        of_terms, of_cells = hessian.solve(by_term, by_cell)
        marginal.append(effect)
        weights.append(np.einsum("ji,j->i", x, of_terms) + of_cells[cell])
    scores = Scores(np.stack(weights), None, y - chance)
    fitted = Fit(
        coefficients=np.array(marginal),
        influence=scores.by(sample.user),
        null_space=np.zeros((len(marginal), 0)),
        outcome_std=float(y.std()),
        r_squared=float("nan"),
        n_sessions=y.size,
        n_parameters=len(marginal) + max(sample.n_cells, 1),
        scores=scores,
    )
    return sample, fitted, dropped


def _logistic(index: Floats) -> Floats:
    from scipy.special import expit

    result: Floats = expit(index)
    return result


def _sums(cell: Integers, values: Floats) -> Floats:
    """Sums of `values` (n,) by cell."""
    sums: Floats = np.bincount(cell, weights=values).astype(np.float64, copy=False)
    return sums


class _Hessian:
    """Minus the second derivative of the likelihood, cells solved for by the Schur complement."""

    def __init__(self, x: Floats, weight: Floats, cell: Integers) -> None:
        self.cells = _sums(cell, weight)
        self.mixed = np.stack([np.bincount(cell, weights=weight * row) for row in x])
        terms = np.einsum("ji,ki->jk", x * weight, x)
        self.schur = terms - np.einsum("jc,kc->jk", self.mixed / self.cells, self.mixed)

    def solve(self, terms: Floats, cells: Floats) -> tuple[Floats, Floats]:
        """The step for a gradient with respect to terms (k,) and cells (c,)."""
        step = np.linalg.solve(self.schur, terms - np.einsum("jc,c->j", self.mixed, cells / self.cells))
        return step, (cells - np.einsum("jc,j->c", self.mixed, step)) / self.cells


def _maximise(x: Floats, y: Floats, cell: Integers) -> tuple[Floats, Floats]:
    """Coefficients (k,) and cell effects (c,) of the greatest likelihood."""
    share = np.bincount(cell, weights=y) / np.bincount(cell)
    effects = np.log(share / (1 - share))
    coefficients = np.zeros(x.shape[0])
    # Centred within cells, steps for terms and cells hardly disturb one another.
    means = np.stack([np.bincount(cell, weights=row) for row in x]) / np.bincount(cell)
    centred = x - means[:, cell]
    for _ in range(MOST_STEPS):
        chance = _logistic(np.einsum("ji,j->i", centred, coefficients) + effects[cell])
        weight = chance * (1 - chance)
        if weight.min() < np.finfo(float).tiny:
            break
        error = y - chance
        try:
            step, cell_step = _Hessian(centred, weight, cell).solve(
                np.einsum("ji,i->j", centred, error), _sums(cell, error)
            )
        except np.linalg.LinAlgError:
            break
        coefficients, effects = coefficients + step, effects + cell_step
        if max(np.abs(step).max(), np.abs(cell_step).max()) < CONVERGED * (1 + np.abs(coefficients).max()):
            return coefficients, effects - np.einsum("jc,j->c", means, coefficients)
    raise NoConvergenceError(f"no maximum of the likelihood in {MOST_STEPS} steps")


def _derivative(
    x: Floats, index: Floats, cell: Integers, number: int, coefficient: float, unit: float
) -> tuple[float, Floats, Floats]:
    """Mean of b p (1 - p), and its derivatives with respect to terms and cells. unit: of the term, in those of x."""
    chance = _logistic(index)
    slope = chance * (1 - chance)
    bend = slope * (1 - 2 * chance) * coefficient * unit / index.size
    by_term = np.einsum("ji,i->j", x, bend)
    by_term[number] += slope.mean() * unit
    return float(slope.mean() * coefficient * unit), by_term, _sums(cell, bend)


def _difference(
    x: Floats, index: Floats, cell: Integers, number: int, coefficient: float, unit: float
) -> tuple[float, Floats, Floats]:
    """Mean of p with the term minus p without, and its derivatives with respect to terms and cells."""
    without = index - coefficient * x[number]
    ends = [(sign, value, _logistic(without + coefficient * value)) for sign, value in ((1.0, unit), (-1.0, 0.0))]
    effect = sum(sign * chance.mean() for sign, _, chance in ends)
    by_term, by_cell = np.zeros(x.shape[0]), np.zeros(int(cell.max()) + 1)
    for sign, value, chance in ends:
        slope = sign * chance * (1 - chance) / index.size
        at = np.einsum("ji,i->j", x, slope)
        at[number] = value * slope.sum()
        by_term += at
        by_cell += _sums(cell, slope)
    return float(effect), by_term, by_cell

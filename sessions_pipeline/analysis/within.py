"""Regressors within cells, and within users: what is left of them once fixed effects are taken out.

Without user effects, sessions with the same cell and the same regressors differ in nothing but their outcome and user.
They are taken together as one profile: four million simulated sessions at five levels are 47,000 profiles, and all sums
but those of outcomes and users are over these.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sessions_pipeline.analysis.samples import (
    EstimationSample,
    Floats,
    Integers,
    about_cells,
    combinations,
    levels_of,
    regressors,
)
from sessions_pipeline.analysis.specifications import Term

# Of conjugate gradients; the simulated study takes 28 for user effects.
MOST_STEPS = 5_000


class NoConvergenceError(ArithmeticError):
    """No solution was found in the steps allowed. The message says of what."""


@dataclass(frozen=True)
class Profiles:
    """Sessions that are alike in cell and regressors, taken together: p profiles of n sessions.

    x (k, p): regressors, each divided by its scale (k,), about the means of their cells. cell (p,). sessions (p,): how
    many each stands for. of (n,): each session's profile. Where regressors hardly repeat, every session is a profile of
    its own: p = n, `of` is None and `sessions` is 1.
    """

    x: Floats
    scale: Floats
    cell: Integers
    sessions: Floats | float
    of: Integers | None

    def sums(self, values: Floats) -> Floats:
        """Sums of `values` (n,) by profile, (p,)."""
        if self.of is None:
            return values
        sums: Floats = np.bincount(self.of, weights=values).astype(np.float64, copy=False)
        return sums

    def spread(self, values: Floats) -> Floats:
        """`values` of profiles (p,) for each of their sessions, (n,)."""
        return values if self.of is None else values[self.of]


def _alike(sample: EstimationSample, terms: tuple[Term, ...]) -> Integers | None:
    """Each session's profile as a number from 0, (n,); None if there could be more profiles than sessions."""
    columns = dict.fromkeys(column for term in terms for column in term.columns)
    if sample.effect is not None or any(sample.sessions.schema[column].is_float() for column in columns):
        return None
    levels = [levels_of(sample, column) for column in columns]
    levels = [values - values.min() for values in levels]
    if math.prod(int(values.max()) + 1 for values in (sample.cell, *levels)) > sample.cell.size:
        return None
    return combinations((sample.cell, *levels), sample.cell.size)


def profiles_of(sample: EstimationSample, terms: tuple[Term, ...]) -> Profiles:
    """The regressors of `sample`, which has at least one session, within cells and user effects.

    Profiles of several sessions are found once for all outcomes of the same sample.
    """
    if terms in sample.within:
        return sample.within[terms]
    found = _profiles(sample, terms)
    if found.of is not None:
        sample.within[terms] = found
    return found


def _profiles(sample: EstimationSample, terms: tuple[Term, ...]) -> Profiles:
    of = _alike(sample, terms)
    cell, n = sample.cell, sample.cell.size
    sessions: Floats | float = 1.0
    if of is not None:
        counts = np.bincount(of)
        one_of_each = np.zeros(counts.size, dtype=np.int64)
        one_of_each[of] = np.arange(n)
        sessions, cell = counts.astype(np.float64), cell[one_of_each]
        x = regressors(sample, terms, one_of_each)
    else:
        x = regressors(sample, terms)
    scale = np.sqrt((np.square(x) * sessions).sum(axis=1) / n)
    scale[scale == 0] = 1
    x = x / scale[:, None]
    if sample.effect is not None:
        within = within_both(sample.cell, sample.effect)
        x = np.stack([within(row) for row in x])
    else:
        in_cell = np.bincount(sample.cell)
        x = x - np.stack([np.bincount(cell, weights=row * sessions) / in_cell for row in x])[:, cell]
    return Profiles(x, scale, cell, sessions, of)


def within_both(cell: Integers, effect: Integers) -> Callable[[Floats], Floats]:
    """What takes from values (n,) all that cells and levels of a second factor explain together.

    The second factor's effects are means once those of the cells are known, and these solve a system with one equation
    a cell, by conjugate gradients. Raises NoConvergenceError where they do not get there.
    """
    from scipy.sparse import csr_array
    from scipy.sparse.linalg import LinearOperator, cg

    n, in_cell, in_effect = cell.size, np.bincount(cell).astype(np.float64), np.bincount(effect)
    sessions = csr_array((np.ones(n), (cell, effect)), shape=(in_cell.size, in_effect.size))
    by_effect = sessions.T.tocsr()
    shape = (in_cell.size, in_cell.size)
    normal = LinearOperator(shape, matvec=lambda a: in_cell * a - sessions @ ((by_effect @ a) / in_effect))
    scaled = LinearOperator(shape, matvec=lambda a: a / in_cell)

    def within(values: Floats) -> Floats:
        right = np.bincount(cell, weights=about_cells(values, effect))
        rounding = np.linalg.norm(np.bincount(cell, weights=np.abs(values))) * 1e-15
        of_cells, missed = cg(normal, right, rtol=1e-13, atol=rounding, maxiter=MOST_STEPS, M=scaled)
        if missed:
            raise NoConvergenceError(f"user effects and cells were not told apart in {MOST_STEPS} steps")
        return about_cells(values - of_cells[cell], effect)

    return within

"""The one runner of all regressions: sessions and a specification in, tidy coefficients out.

Here belong least squares on a sample and the tidy rows. The models themselves are in `specifications.py`, who is in
(the sample, its cells) in `samples.py`, regressors within cells in `within.py`, standard errors in `errors.py`, logit
in `logit.py`.

Estimator
    The controls of a specification are interacted into one factor, so the within transformation is exact in one pass:
    outcome and regressors minus their cell means (Frisch–Waugh–Lovell), then least squares. Without controls the
    whole sample is the one cell, which is the same as an intercept. Effects of a second factor (users) are taken out
    by least squares on both sets of dummies (scipy's cg, to 1e-13); whoever is there once determines nothing but
    their own effect and is dropped, and so on until nobody is. Standard errors: see `errors.py`.
Engine
    numpy, chosen by measurement on two cores against pyfixest 0.60 (`make bench-models`). The models of Tables A1 and
    A2 and of Figure 5 on 398,198 simulated sessions of 234,751 users: 0.8 s with samples and numbering, against 5.3 s
    for pyfixest's fits alone on samples that are chosen already; a process that does all of it peaks at 420 MB.
    pyfixest also drops the last of collinear terms and reports the others, which here would be differences from a
    level that is not the one named. The tests hold every number equal to statsmodels.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import polars as pl

from sessions_pipeline.analysis.errors import (
    COLLINEAR,
    NO_INFERENCE,
    PERFECT_FIT,
    Inference,
    Variance,
    inference,
    variance,
)
from sessions_pipeline.analysis.samples import (
    EstimationSample,
    Floats,
    Integers,
    Prepared,
    estimation_sample,
    levels_of,
    missing_sample,
    outcomes,
    prepare,
    regressors,
)
from sessions_pipeline.analysis.specifications import EVERY_PERIOD, WINDOW_ONLY, Specification, Term
from sessions_pipeline.analysis.suppression import withheld_levels
from sessions_pipeline.analysis.within import NoConvergenceError, Profiles, profiles_of, within_both
from sessions_pipeline.schemas import polars_schema

Row = dict[str, str | float | int | bool | None]


@dataclass(frozen=True)
class Scores:
    """What each session adds to the error of each coefficient: weight times residual.

    weights (k, p), by profile; profile (n,): that of each session, None where p = n. residuals (n,).
    """

    weights: Floats
    profile: Integers | None
    residuals: Floats

    def by(self, cluster: Integers) -> Floats:
        """Sums by cluster (n,), numbered from 0, shape (k, clusters)."""
        rows = (row if self.profile is None else row[self.profile] for row in self.weights)
        return np.stack([np.bincount(cluster, weights=row * self.residuals) for row in rows])


@dataclass(frozen=True)
class Within:
    """What a jackknife takes apart: the regressors, and the coefficients (k,) on them as they are scaled."""

    profiles: Profiles
    coefficients: Floats


@dataclass(frozen=True)
class Fit:
    """Least squares on an estimation sample of n sessions, G users and k terms.

    coefficients (k,): where terms are collinear, the solution of least norm; ask `identifies` before reading one.
    influence (k, G): what each user contributes to the error of each coefficient, (X'X)^-1 X'e.
    null_space (k, m): directions of the coefficients about which the data say nothing.
    outcome_std: standard deviation of the outcome. r_squared: 1 - residual/total sum of squares about the mean;
    NaN if the outcome does not vary. n_parameters: K of the small-sample correction.
    scores: `influence` by session. within: what a jackknife needs, where there is one.
    """

    coefficients: Floats
    influence: Floats
    null_space: Floats
    outcome_std: float
    r_squared: float
    n_sessions: int
    n_parameters: int
    scores: Scores
    within: Within | None = None

    @property
    def n_users(self) -> int:
        """Clusters."""
        return self.influence.shape[1]

    def identifies(self, combination: Floats) -> bool:
        """Whether the data determine `combination` (k,) of the coefficients."""
        return not self.null_space.size or bool(np.abs(combination @ self.null_space).max() < 1e-6)

    def missing_inference(self) -> str | None:
        """Why no standard error can be computed, or None if it can."""
        if self.n_users < 2:
            return "1 user: standard errors clustered by user need at least 2"
        if self.outcome_std == 0:
            return "the outcome is the same in all sessions"
        if self.n_sessions <= self.n_parameters:
            return f"{self.n_sessions} sessions and as many parameters: no degree of freedom is left"
        if 1 - self.r_squared < PERFECT_FIT:
            return "the model fits perfectly: without residuals there is no standard error"
        return None

    def inference(self, estimate: float, influence: Floats) -> Inference:
        """Uncertainty of `estimate`, to whose error each user contributes `influence` (G,).

        Call only where `missing_inference()` is None. Influences that sum to no variance give NO_INFERENCE.
        """
        users, sessions = self.n_users, self.n_sessions
        correction = users / (users - 1) * (sessions - 1) / (sessions - self.n_parameters)
        return self.tested(estimate, float(np.sqrt(correction * np.square(influence).sum())))

    def tested(self, estimate: float, std_error: float) -> Inference:
        """Uncertainty of `estimate`; a standard error that is rounding gives NO_INFERENCE."""
        if std_error < PERFECT_FIT * self.outcome_std:
            return NO_INFERENCE
        return inference(estimate, std_error, self.n_users)


def fit(sample: EstimationSample, specification: Specification) -> Fit:
    """Least squares of the outcome on the terms within cells. `sample` has at least one session.

    Sums over sessions and users are einsum, not `@`: those do not depend on the number of cores in the last digit,
    and BLAS threads that wait for a busy core made the whole three times slower. Raises NoConvergenceError.
    """
    outcome = outcomes(sample, specification)
    profiles = profiles_of(sample, specification.terms)
    x, cell = profiles.x, profiles.cell
    if sample.effect is None:
        y = outcome
        level = (np.bincount(sample.cell, weights=y) / np.bincount(sample.cell))[cell]
    else:
        y, level = within_both(sample.cell, sample.effect)(outcome), np.zeros(cell.size)

    eigenvalues, directions = np.linalg.eigh(np.einsum("ji,ki->jk", x * profiles.sessions, x) / outcome.size)
    varies = eigenvalues > COLLINEAR
    inverse = (directions[:, varies] / eigenvalues[varies]) @ directions[:, varies].T / outcome.size
    scaled = inverse @ np.einsum("ji,i->j", x, profiles.sums(y) - level * profiles.sessions)
    residuals = y - profiles.spread(level + np.einsum("ji,j->i", x, scaled))
    scores = Scores(np.einsum("ji,jk->ki", x, inverse) / profiles.scale[:, None], profiles.of, residuals)
    total = float(np.square(outcome - outcome.mean()).sum())
    return Fit(
        coefficients=scaled / profiles.scale,
        influence=scores.by(sample.user),
        null_space=directions[:, ~varies] / profiles.scale[:, None],
        outcome_std=float(np.sqrt(total / outcome.size)),
        r_squared=1 - float(np.square(residuals).sum()) / total if total else float("nan"),
        n_sessions=outcome.size,
        n_parameters=int(varies.sum()) + max(sample.n_cells, 1),
        scores=scores,
        within=Within(profiles, scaled) if sample.effect is None else None,
    )


def _hidden(term: Term, present: frozenset[int], withheld: frozenset[int], min_users: int) -> str | None:
    """Why the coefficient of an indicator is absent or must not be shown, or None; other terms always may be."""
    if term.level is None:
        return None
    for level, name in ((term.reference, "the reference level"), (term.level, "this level")):
        if level not in present:
            return f"no session at {name}"
        if level in withheld:
            return f"withheld: fewer than {min_users} users at {name}, or needed to hide such a level"
    return None


def _estimates(
    fitted: Fit, spread: Variance, sample: EstimationSample, specification: Specification, min_users: int
) -> Iterator[Row]:
    """For each term its estimate and inference, or the reason why there is none."""
    levels = {term.column: levels_of(sample, term.column) for term in specification.terms if term.level is not None}
    present = {column: frozenset(np.flatnonzero(np.bincount(level)).tolist()) for column, level in levels.items()}
    withheld = {column: withheld_levels(level, sample.user, min_users) for column, level in levels.items()}
    nothing = frozenset[int]()
    for index, (term, value, direction) in enumerate(
        zip(specification.terms, fitted.coefficients, np.eye(len(specification.terms)), strict=True)
    ):
        missing = _hidden(term, present.get(term.column, nothing), withheld.get(term.column, nothing), min_users)
        if not missing and not fitted.identifies(direction):
            missing = f"{term.name} does not vary within cells, or only together with another term"
        missing = missing or spread.unstable.get(index)
        if missing:
            yield {"missing_reason": missing}
            continue
        std_error = float(np.sqrt(max(spread.of_term(index), 0.0)))
        if std_error < PERFECT_FIT * fitted.outcome_std:
            yield {"missing_reason": "no residual variation behind this term: its standard error would be zero"}
            continue
        yield {"estimate": float(value), **vars(inference(float(value), std_error, spread.clusters))}


@dataclass(frozen=True)
class _Attempt:
    """A model on its sample. fitted: None where `missing` says why. dropped: sessions in cells without variation."""

    sample: EstimationSample
    fitted: Fit | None
    missing: str | None
    dropped: int = 0


def _attempt(prepared: Prepared, specification: Specification, min_users: int) -> _Attempt:
    """The sample of `specification`, and the fit where one is to be had."""
    sample, dropped = estimation_sample(prepared, specification, min_users), 0
    if not sample.sessions.height:
        return _Attempt(sample, None, missing_sample(sample, specification, min_users))
    try:
        fitted = fit(sample, specification)
    except NoConvergenceError as error:
        return _Attempt(sample, None, str(error))
    missing = fitted.missing_inference()
    if not missing and specification.estimator == "logit":
        # logit.py reads this module.
        from sessions_pipeline.analysis.logit import fit_logit

        undetermined = [
            term.name
            for term, direction in zip(specification.terms, np.eye(len(specification.terms)), strict=True)
            if not fitted.identifies(direction)
        ]
        if undetermined:
            return _Attempt(sample, None, f"{undetermined[0]} does not vary within cells, or only with another term")
        try:
            sample, fitted, dropped = fit_logit(sample, specification)
        except NoConvergenceError as error:
            return _Attempt(sample, None, str(error))
        missing = fitted.missing_inference()
    return _Attempt(sample, None if missing else fitted, missing, dropped)


def _refit(specification: Specification, sample: EstimationSample) -> Fit | None:
    """`specification` on `sample`; None where there is no maximum to find, or user effects were not told from cells."""
    try:
        fitted = fit(sample, specification)
        if specification.estimator != "logit":
            return fitted
        if fitted.null_space.size or fitted.missing_inference():
            return None
        from sessions_pipeline.analysis.logit import fit_logit

        return fit_logit(sample, specification)[1]
    except NoConvergenceError:
        return None


def _identifying(sample: EstimationSample, specification: Specification) -> int | None:
    """Levels of the second factor (users) within which the first term varies: those that determine it."""
    if sample.effect is None or not sample.sessions.height:
        return None
    values = regressors(sample, specification.terms[:1])[0]
    ordered = np.lexsort((values, sample.effect))
    same = np.diff(sample.effect[ordered]) == 0
    moved = same & (np.diff(values[ordered]) != 0)
    return len(np.unique(sample.effect[ordered][1:][moved]))


# Of a row of `coefficients`: the number, and what it rests on.
ESTIMATE_AND_BASIS = (
    *("estimate", "std_error", "ci_low", "ci_high", "std_errors", "degrees_of_freedom"),
    *("n_sessions", "n_users", "n_candidates", "n_dropped_small_cells", "n_dropped_singletons", "engine"),
)


def coefficients(prepared: Prepared, specification: Specification, min_users: int) -> list[Row]:
    """One row per term: the columns of analysis.coefficients but month and period.

    What cannot or must not be shown is a row with the reason in `missing_reason`.
    """
    attempt = _attempt(prepared, specification, min_users)
    sample, fitted = attempt.sample, attempt.fitted
    spread = variance(sample, fitted, specification.errors, partial(_refit, specification)) if fitted else None
    identifying = _identifying(sample, specification)
    few = identifying is not None and 0 < identifying < min_users
    missing = f"withheld: fewer than {min_users} users determine it" if few else attempt.missing
    common: Row = {
        "specification": specification.name,
        "outcome": specification.outcome,
        "controls": " × ".join(specification.controls) or None,
        "effects": specification.effects,
        "estimator": specification.estimator,
        "std_errors": spread.description if spread else None,
        "n_sessions": sample.sessions.height,
        "n_users": sample.n_users,
        "n_clusters": spread.clusters if spread else None,
        "n_cells": sample.n_cells,
        "n_identifying_users": None if few else identifying,
        "n_parameters": fitted.n_parameters if fitted else None,
        "r_squared": fitted.r_squared if fitted and not np.isnan(fitted.r_squared) else None,
        "sample": specification.sample.description,
        "n_candidates": sample.n_candidates,
        "n_dropped_small_cells": sample.n_dropped_small_cells,
        "n_dropped_singletons": sample.n_dropped_singletons,
        "n_dropped_constant_cells": attempt.dropped,
        "n_cells_dropped": sample.n_cells_dropped,
        "degrees_of_freedom": spread.clusters - 1 if spread else None,
        "engine": engine(specification),
    }
    estimates: Iterable[Row] = (
        _estimates(fitted, spread, sample, specification, min_users)
        if fitted and spread and not few
        else [{"missing_reason": missing}] * len(specification.terms)
    )
    return [
        {**common, "term": term.name, **result} for term, result in zip(specification.terms, estimates, strict=True)
    ]


def engine(specification: Specification) -> str:
    """Name and version of the libraries that fit `specification`."""
    if specification.effects:
        import scipy

        return f"numpy {np.__version__}, scipy {scipy.__version__} (cg)"
    return f"numpy {np.__version__}"


def estimate(frame: pl.DataFrame, month: dt.date, period: str, min_users: int) -> pl.DataFrame:
    """All models but those of Figure 5 on `frame`, as rows of analysis.coefficients.

    frame: core.classified_sessions of the period: of `month` alone, or of the window that ends in it (`period`).
    min_users: distinct users below which a cell is dropped and a level withheld; 1 where there is one user in all.
    """
    specifications = (*EVERY_PERIOD, *(WINDOW_ONLY if period == "window" else ()))
    prepared = prepare(frame, specifications)
    rows = [
        {"month": month, "period": period, **row}
        for specification in specifications
        for row in coefficients(prepared, specification, min_users)
    ]
    return pl.DataFrame(rows, schema=polars_schema("analysis.coefficients"))

"""The one runner of all regressions: sessions and a specification in, tidy coefficients out.

Here belong the estimation sample (who is in, which cells are dropped), least squares with one set of absorbed cells,
and the tidy rows. The models themselves are in `specifications.py`, standard errors in `errors.py`, logit in
`logit.py`.

Estimator
    The controls of a specification are interacted into one factor, so the within transformation is exact in one pass:
    outcome and regressors minus their cell means (Frisch–Waugh–Lovell), then least squares. Without controls the
    whole sample is the one cell, which is the same as an intercept. Effects of a second factor (users) are taken out
    by least squares on both sets of dummies (scipy's lsmr, to 1e-13); whoever is there once determines nothing but
    their own effect and is dropped, and so on until nobody is. Standard errors: see `errors.py`.
Engine
    numpy, chosen by measurement on two shared cores against pyfixest 0.60 on the same samples. The 15 fits of Table
    A1, A2 and Figure 5 on 400,000 sessions of 235,000 users: 0.2 to 0.35 s against 2.6 to 5 s; a process that does
    all of it peaks at 470 MB against 860 MB, of which 260 MB hold the data. Seven months of 700 sessions, by month
    and by window (210 fits): 0.6 to 0.9 s, samples and adjusted rates included, against 2.2 to 3.2 s plus 1.4 to
    2.4 s and 120 MB for the import. pyfixest also drops the last of collinear terms and reports the others, which
    here would be differences from a level that is not the one named. The tests hold every number equal to statsmodels.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import numpy.typing as npt
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
from sessions_pipeline.analysis.specifications import DERIVED, EVERY_PERIOD, WINDOW_ONLY, Specification, Term
from sessions_pipeline.analysis.suppression import users_per_group, withheld_levels
from sessions_pipeline.schemas import polars_schema

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Row = dict[str, str | float | int | bool | None]


@dataclass(frozen=True)
class EstimationSample:
    """The sessions left to estimate on, with what was dropped on the way.

    sessions: one row per session (n). cell, cluster: each session's fixed-effect cell and cluster (user) of the
    standard errors, as numbers from 0, shape (n,). n_cells: cells absorbed, 0 without controls.
    n_candidates = n + n_dropped_small_cells + n_dropped_singletons. n_cells_dropped: cells that lost all sessions.
    effect: each session's level of the second factor whose effects are absorbed, as a number from 0, if there is one.
    """

    sessions: pl.DataFrame
    cell: Integers
    cluster: Integers
    n_cells: int
    n_candidates: int
    n_dropped_small_cells: int
    n_dropped_singletons: int
    n_cells_dropped: int = 0
    cluster_column: str = "user_key"
    effect: Integers | None = None

    @property
    def n_users(self) -> int:
        """Clusters."""
        return int(self.cluster.max(initial=-1)) + 1

    @property
    def people(self) -> Integers:
        """Each session's user, as a number from 0, shape (n,): what thresholds count."""
        return _cells(self.sessions, ("user_key",))

    def of(self, keep: npt.NDArray[np.bool_]) -> EstimationSample:
        """The sessions for which `keep` (n,) holds, at least one, with cells and clusters numbered anew."""
        cell = without_gaps(self.cell[keep])
        return replace(
            self,
            sessions=self.sessions.filter(pl.Series(keep)),
            cell=cell,
            cluster=without_gaps(self.cluster[keep]),
            n_cells=int(cell.max()) + 1 if self.n_cells else 0,
            effect=None if self.effect is None else without_gaps(self.effect[keep]),
        )


@dataclass(frozen=True)
class Within:
    """Regressors x (k, n), each divided by its scale (k,), within cells; coefficients (k,) on these; residuals (n,)."""

    x: Floats
    scale: Floats
    coefficients: Floats
    residuals: Floats


@dataclass(frozen=True)
class Fit:
    """Least squares on an estimation sample of n sessions, G users and k terms.

    coefficients (k,): where terms are collinear, the solution of least norm; ask `identifies` before reading one.
    influence (k, G): what each user contributes to the error of each coefficient, (X'X)^-1 X'e.
    null_space (k, m): directions of the coefficients about which the data say nothing.
    outcome_std: standard deviation of the outcome. r_squared: 1 - residual/total sum of squares about the mean;
    NaN if the outcome does not vary. n_parameters: K of the small-sample correction.
    contributions (k, n): `influence` by session. within: what a jackknife needs, where there is one.
    """

    coefficients: Floats
    influence: Floats
    null_space: Floats
    outcome_std: float
    r_squared: float
    n_sessions: int
    n_parameters: int
    contributions: Floats
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


def prepare(frame: pl.DataFrame, specifications: Iterable[Specification]) -> pl.DataFrame:
    """What `specifications` read of `frame`, in order of session_id, with users and controls numbered from 0.

    Ordered, because sums then do not depend on the order of rows, not even in the last digit. Numbered once, because
    cells are found for each specification anew and comparing strings took most of the time.
    """
    keys, columns = set[str](), set[str]()
    for specification in specifications:
        keys.update(specification.keys)
        columns.update((*specification.required, *specification.sample.keep.meta.root_names()))
    derived = [expression.alias(name) for name, expression in DERIVED.items() if name in columns | keys]
    return (
        frame.with_columns(derived)
        .select("session_id", *sorted(columns | keys))
        .sort("session_id")
        .drop("session_id")
        .with_columns(_numbered(key) for key in sorted(keys))
    )


def _numbered(column: str) -> pl.Expr:
    """The values of `column` as numbers from 0, none skipped, in order of first appearance; null stays null."""
    # A set of categories of its own: polars' shared set numbers the values of all columns together, and only grows.
    categories = pl.Categorical(pl.Categories.random())
    return pl.col(column).cast(pl.String).cast(categories).to_physical()


def without_gaps(numbers: Integers) -> Integers:
    """`numbers` (n,) from 0, renumbered in the same order so that none is skipped."""
    if not numbers.size:
        return numbers
    used = np.zeros(int(numbers.max()) + 1, dtype=np.bool_)
    used[numbers] = True
    return (np.cumsum(used) - 1)[numbers]


def _cells(sessions: pl.DataFrame, columns: tuple[str, ...]) -> Integers:
    """Each session's combination of the numbered `columns` as a number from 0, shape (n,), none skipped."""
    cell = np.zeros(sessions.height, dtype=np.int64)
    for column in columns:
        value = sessions[column].to_numpy().astype(np.int64)
        cell = without_gaps(cell * (value.max(initial=0) + 1) + value)
    return cell


def estimation_sample(frame: pl.DataFrame, specification: Specification, min_users: int) -> EstimationSample:
    """The sessions of `frame` (as `prepare` leaves it) on which `specification` is estimated.

    Out go, in this order: sessions outside the sample rule or without a value in a column of the model (these are no
    candidates); cells with fewer than `min_users` distinct users (study, section 5, privacy), where without controls
    the whole sample is the one cell; sessions alone in their cell, which determine nothing but their own fixed effect
    (singletons; there are none where a cell needs two users).
    """
    known = pl.all_horizontal(pl.col(column).is_not_null() for column in specification.required)
    candidates = frame.filter(specification.sample.keep & known)
    user, cell = _cells(candidates, ("user_key",)), _cells(candidates, specification.controls)
    demanded = [cell]
    if specification.same_cells:
        demanded.append(_cells(candidates, specification.same_cells))
    effect = _cells(candidates, (specification.effects,)) if specification.effects else None
    left, small, alone = np.arange(candidates.height), 0, 0
    while left.size:
        large = np.all([users_per_group(of[left], user[left])[of[left]] >= min_users for of in demanded], axis=0)
        shared = np.ones_like(large)
        for factor in (cell if specification.controls else None, effect):
            if factor is not None:
                shared &= np.bincount(factor[left])[factor[left]] > 1
        small, alone = small + int((~large).sum()), alone + int((large & ~shared).sum())
        before, left = left.size, left[large & shared]
        # Taking out whole cells of one factor leaves the others of it as they are; with two it can go on.
        if left.size == before or (effect is None and not specification.same_cells):
            break
    sessions = candidates[left]
    kept = without_gaps(cell[left])
    n_cells = int(kept.max(initial=-1)) + 1 if specification.controls else 0
    return EstimationSample(
        sessions=sessions,
        cell=kept,
        cluster=_cells(sessions, (specification.cluster,)),
        n_cells=n_cells,
        n_candidates=candidates.height,
        n_dropped_small_cells=small,
        n_dropped_singletons=alone,
        n_cells_dropped=int(cell.max(initial=-1)) + 1 - n_cells if specification.controls else 0,
        cluster_column=specification.cluster,
        effect=None if effect is None else without_gaps(effect[left]),
    )


def missing_sample(sample: EstimationSample, specification: Specification, min_users: int) -> str:
    """Why nothing is left to estimate on."""
    if not sample.n_candidates:
        return f"no sessions in the sample ({specification.sample.description})"
    if sample.n_dropped_singletons:
        return "every session is alone in its fixed-effect cell, or in a cell with too few users"
    if specification.controls:
        return f"no fixed-effect cell holds {min_users} users"
    return f"fewer than {min_users} users in the sample"


def regressors(sample: EstimationSample, terms: tuple[Term, ...]) -> Floats:
    """The terms' values, shape (k, n)."""
    return np.stack([sample.sessions.select(term.values).to_series().to_numpy() for term in terms])


def about_cells(values: Floats, cell: Integers) -> Floats:
    """`values` minus the mean of their cell, both (n,); cells are numbered from 0."""
    return values - (np.bincount(cell, weights=values) / np.bincount(cell))[cell]


def _within(values: Floats, sample: EstimationSample) -> Floats:
    """`values` (n,) minus the mean of their cell; with a second factor, minus what both explain together."""
    cell, effect = sample.cell, sample.effect
    centred = about_cells(values, cell)
    if effect is None:
        return centred
    from scipy.sparse import csr_array
    from scipy.sparse.linalg import lsmr

    n, n_cells = values.size, int(cell.max()) + 1
    columns = np.stack([cell, n_cells + effect], axis=1).ravel()
    # Columns of length one: lsmr then needs tens of steps instead of hundreds.
    length = np.sqrt(np.concatenate([np.bincount(cell), np.bincount(effect)]))
    dummies = csr_array((1 / length[columns], columns, np.arange(0, 2 * n + 1, 2)), shape=(n, length.size))
    solution = lsmr(dummies, centred, atol=1e-13, btol=1e-13, conlim=0, maxiter=5_000)[0]
    result: Floats = centred - dummies @ solution
    return result


def fit(sample: EstimationSample, specification: Specification) -> Fit:
    """Least squares of the outcome on the terms within cells. `sample` has at least one session.

    Sums over sessions and users are einsum, not `@`: those do not depend on the number of cores in the last digit,
    and BLAS threads that wait for a busy core made the whole three times slower.
    """
    outcome = sample.sessions[specification.outcome].cast(pl.Float64).to_numpy()
    raw = regressors(sample, specification.terms)
    scale = np.sqrt(np.square(raw).mean(axis=1))
    scale[scale == 0] = 1
    x = np.stack([_within(term, sample) for term in raw / scale[:, None]])
    y = _within(outcome, sample)

    eigenvalues, directions = np.linalg.eigh(np.einsum("ji,ki->jk", x, x) / outcome.size)
    varies = eigenvalues > COLLINEAR
    inverse = (directions[:, varies] / eigenvalues[varies]) @ directions[:, varies].T / outcome.size
    scaled = inverse @ np.einsum("ji,i->j", x, y)
    residuals = y - np.einsum("ji,j->i", x, scaled)
    contributions = np.einsum("ji,jk->ki", x * residuals, inverse) / scale[:, None]
    total = float(np.square(outcome - outcome.mean()).sum())
    return Fit(
        coefficients=scaled / scale,
        influence=np.stack([np.bincount(sample.cluster, weights=row) for row in contributions]),
        null_space=directions[:, ~varies] / scale[:, None],
        outcome_std=float(np.sqrt(total / outcome.size)),
        r_squared=1 - float(np.square(residuals).sum()) / total if total else float("nan"),
        n_sessions=outcome.size,
        n_parameters=int(varies.sum()) + max(sample.n_cells, 1),
        contributions=contributions,
        within=Within(x, scale, scaled, residuals) if sample.effect is None else None,
    )


def levels_of(sample: EstimationSample, column: str) -> Integers:
    """Each session's level in `column`, shape (n,)."""
    return sample.sessions[column].to_numpy().astype(np.int64)


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
    present = {column: frozenset(np.unique(level).tolist()) for column, level in levels.items()}
    withheld = {column: withheld_levels(level, sample.people, min_users) for column, level in levels.items()}
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


def _attempt(frame: pl.DataFrame, specification: Specification, min_users: int) -> _Attempt:
    """The sample of `specification`, and the fit where one is to be had."""
    sample, dropped = estimation_sample(frame, specification, min_users), 0
    if not sample.sessions.height:
        return _Attempt(sample, None, missing_sample(sample, specification, min_users))
    fitted = fit(sample, specification)
    missing = fitted.missing_inference()
    if not missing and specification.estimator == "logit":
        # logit.py reads this module.
        from sessions_pipeline.analysis.logit import NoConvergenceError, fit_logit

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
    """`specification` on `sample`; None where a logit has no maximum there."""
    fitted = fit(sample, specification)
    if specification.estimator != "logit":
        return fitted
    if fitted.null_space.size or fitted.missing_inference():
        return None
    from sessions_pipeline.analysis.logit import NoConvergenceError, fit_logit

    try:
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


def coefficients(frame: pl.DataFrame, specification: Specification, min_users: int) -> list[Row]:
    """One row per term: the columns of analysis.coefficients but month and period.

    frame: as `prepare` leaves it. What cannot or must not be shown is a row with the reason in `missing_reason`.
    """
    attempt = _attempt(frame, specification, min_users)
    sample, fitted = attempt.sample, attempt.fitted
    spread = variance(sample, fitted, specification.errors, partial(_refit, specification)) if fitted else None
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
        "n_identifying_users": _identifying(sample, specification),
        "n_parameters": fitted.n_parameters if fitted else None,
        "r_squared": fitted.r_squared if fitted and not np.isnan(fitted.r_squared) else None,
        "sample": specification.sample.description,
        "n_candidates": sample.n_candidates,
        "n_dropped_small_cells": sample.n_dropped_small_cells,
        "n_dropped_singletons": sample.n_dropped_singletons,
        "n_dropped_constant_cells": attempt.dropped,
        "n_cells_dropped": sample.n_cells_dropped,
        "degrees_of_freedom": spread.clusters - 1 if spread else None,
        "engine": _engine(specification),
    }
    estimates: Iterable[Row] = (
        _estimates(fitted, spread, sample, specification, min_users)
        if fitted and spread
        else [{"missing_reason": attempt.missing}] * len(specification.terms)
    )
    return [
        {**common, "term": term.name, **result} for term, result in zip(specification.terms, estimates, strict=True)
    ]


def _engine(specification: Specification) -> str:
    if specification.effects:
        import scipy

        return f"numpy {np.__version__}, scipy {scipy.__version__} (lsmr)"
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

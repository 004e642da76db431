"""The one runner of all regressions: sessions and a specification in, tidy coefficients out.

Here belong the estimation sample (who is in, which cells are dropped), least squares with one set of absorbed cells,
and inference clustered by user. The models themselves are in `specifications.py`.

Estimator
    The controls of a specification are interacted into one factor, so the within transformation is exact in one pass:
    outcome and regressors minus their cell means (Frisch–Waugh–Lovell), then least squares. Without controls the
    whole sample is the one cell, which is the same as an intercept.
Standard errors
    CRV1 (Liang and Zeger 1986): (X'X)^-1 · sum over users of s s' · (X'X)^-1, s = X'e of one user, times
    G/(G - 1) · (N - 1)/(N - K), with N sessions, G users, and K = identified terms + cells (or + 1 without controls).
    Every cell counts in K, also one that lies within a single user. Tests and intervals use t with G - 1 degrees of
    freedom. This is what statsmodels gives for cell dummies with cov_type="cluster" and use_t=True.
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
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from sessions_pipeline.analysis.specifications import (
    TABLE_A1,
    TABLE_A2,
    Specification,
    Term,
)
from sessions_pipeline.analysis.suppression import users_per_group, withheld_levels
from sessions_pipeline.schemas import polars_schema

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Row = dict[str, str | float | int | bool | None]

CONFIDENCE = 0.95
# A direction in which the regressors vary by less than this share of their raw size does not vary: one session
# that differs among four million still stands at 1e-8, rounding at 1e-16.
COLLINEAR = 1e-12
# Residuals (or a standard error) below this share of the outcome's spread are rounding.
PERFECT_FIT = 1e-10


@dataclass(frozen=True)
class EstimationSample:
    """The sessions left to estimate on, with what was dropped on the way.

    sessions: one row per session (n). cell, cluster: each session's fixed-effect cell and cluster (user) of the
    standard errors, as numbers from 0, shape (n,). n_cells: cells absorbed, 0 without controls.
    n_candidates = n + n_dropped_small_cells + n_dropped_singletons.
    """

    sessions: pl.DataFrame
    cell: Integers
    cluster: Integers
    n_cells: int
    n_candidates: int
    n_dropped_small_cells: int
    n_dropped_singletons: int

    @property
    def n_users(self) -> int:
        """Clusters."""
        return int(self.cluster.max(initial=-1)) + 1

    @property
    def people(self) -> Integers:
        """Each session's user, as a number from 0, shape (n,): what thresholds count."""
        return _cells(self.sessions, ("user_key",))


@dataclass(frozen=True)
class Inference:
    """Uncertainty of one number; all None where there is none to be had."""

    std_error: float | None
    ci_low: float | None
    ci_high: float | None
    p_value: float | None


NO_INFERENCE = Inference(None, None, None, None)


@dataclass(frozen=True)
class Fit:
    """Least squares on an estimation sample of n sessions, G users and k terms.

    coefficients (k,): where terms are collinear, the solution of least norm; ask `identifies` before reading one.
    influence (k, G): what each user contributes to the error of each coefficient, (X'X)^-1 X'e.
    null_space (k, m): directions of the coefficients about which the data say nothing.
    outcome_std: standard deviation of the outcome. r_squared: 1 - residual/total sum of squares about the mean;
    NaN if the outcome does not vary. n_parameters: K of the small-sample correction.
    """

    coefficients: Floats
    influence: Floats
    null_space: Floats
    outcome_std: float
    r_squared: float
    n_sessions: int
    n_parameters: int

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
        from scipy.special import stdtr, stdtrit

        users, sessions = self.n_users, self.n_sessions
        correction = users / (users - 1) * (sessions - 1) / (sessions - self.n_parameters)
        std_error = float(np.sqrt(correction * np.square(influence).sum()))
        if std_error < PERFECT_FIT * self.outcome_std:
            return NO_INFERENCE
        margin = float(stdtrit(users - 1, (1 + CONFIDENCE) / 2)) * std_error
        p_value = float(2 * stdtr(users - 1, -abs(estimate / std_error)))
        return Inference(std_error, estimate - margin, estimate + margin, p_value)


def prepare(frame: pl.DataFrame, specifications: Iterable[Specification]) -> pl.DataFrame:
    """What `specifications` read of `frame`, in order of session_id, with users and controls numbered from 0.

    Ordered, because sums then do not depend on the order of rows, not even in the last digit. Numbered once, because
    cells are found for each specification anew and comparing strings took most of the time.
    """
    keys = {"user_key"}
    columns = set[str]()
    for specification in specifications:
        keys.update((specification.cluster, *specification.controls))
        columns.update((*specification.required, *specification.sample.keep.meta.root_names()))
    return (
        frame.select("session_id", *sorted(columns | keys))
        .sort("session_id")
        .drop("session_id")
        .with_columns(_numbered(key) for key in sorted(keys))
    )


def _numbered(column: str) -> pl.Expr:
    """The values of `column` as numbers from 0, none skipped, in order of first appearance; null stays null."""
    # A set of categories of its own: polars' shared set numbers the values of all columns together, and only grows.
    categories = pl.Categorical(pl.Categories.random())
    return pl.col(column).cast(pl.String).cast(categories).to_physical()


def _without_gaps(numbers: Integers) -> Integers:
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
        cell = _without_gaps(cell * (value.max(initial=0) + 1) + value)
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
    cell = _cells(candidates, specification.controls)
    large = users_per_group(cell, _cells(candidates, ("user_key",)))[cell] >= min_users
    shared = np.bincount(cell)[cell] > 1 if specification.controls else np.ones_like(large)
    sessions = candidates.filter(pl.Series(large & shared, dtype=pl.Boolean))
    kept = _without_gaps(cell[large & shared])
    return EstimationSample(
        sessions=sessions,
        cell=kept,
        cluster=_cells(sessions, (specification.cluster,)),
        n_cells=int(kept.max(initial=-1)) + 1 if specification.controls else 0,
        n_candidates=candidates.height,
        n_dropped_small_cells=int((~large).sum()),
        n_dropped_singletons=int((large & ~shared).sum()),
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


def _within(values: Floats, cell: Integers) -> Floats:
    """`values` (n,) minus the mean of their cell."""
    return values - (np.bincount(cell, weights=values) / np.bincount(cell))[cell]


def fit(sample: EstimationSample, specification: Specification) -> Fit:
    """Least squares of the outcome on the terms within cells. `sample` has at least one session.

    Sums over sessions and users are einsum, not `@`: those do not depend on the number of cores in the last digit,
    and BLAS threads that wait for a busy core made the whole three times slower.
    """
    outcome = sample.sessions[specification.outcome].cast(pl.Float64).to_numpy()
    raw = regressors(sample, specification.terms)
    scale = np.sqrt(np.square(raw).mean(axis=1))
    scale[scale == 0] = 1
    x = np.stack([_within(term, sample.cell) for term in raw / scale[:, None]])
    y = _within(outcome, sample.cell)

    eigenvalues, directions = np.linalg.eigh(np.einsum("ji,ki->jk", x, x) / outcome.size)
    varies = eigenvalues > COLLINEAR
    inverse = (directions[:, varies] / eigenvalues[varies]) @ directions[:, varies].T / outcome.size
    scaled = inverse @ np.einsum("ji,i->j", x, y)
    residuals = y - np.einsum("ji,j->i", x, scaled)
    scores = np.stack([np.bincount(sample.cluster, weights=term * residuals) for term in x])
    total = float(np.square(outcome - outcome.mean()).sum())
    return Fit(
        coefficients=scaled / scale,
        influence=np.einsum("jg,jk->kg", scores, inverse) / scale[:, None],
        null_space=directions[:, ~varies] / scale[:, None],
        outcome_std=float(np.sqrt(total / outcome.size)),
        r_squared=1 - float(np.square(residuals).sum()) / total if total else float("nan"),
        n_sessions=outcome.size,
        n_parameters=int(varies.sum()) + max(sample.n_cells, 1),
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


def _estimates(fitted: Fit, sample: EstimationSample, specification: Specification, min_users: int) -> Iterator[Row]:
    """For each term its estimate and inference, or the reason why there is none."""
    levels = {term.column: levels_of(sample, term.column) for term in specification.terms if term.level is not None}
    present = {column: frozenset(np.unique(level).tolist()) for column, level in levels.items()}
    withheld = {column: withheld_levels(level, sample.people, min_users) for column, level in levels.items()}
    nothing = frozenset[int]()
    for term, value, influence, direction in zip(
        specification.terms, fitted.coefficients, fitted.influence, np.eye(len(specification.terms)), strict=True
    ):
        missing = _hidden(term, present.get(term.column, nothing), withheld.get(term.column, nothing), min_users)
        if not missing and not fitted.identifies(direction):
            missing = f"{term.name} does not vary within cells, or only together with another term"
        if missing:
            yield {"missing_reason": missing}
            continue
        inference = fitted.inference(float(value), influence)
        if inference == NO_INFERENCE:
            yield {"missing_reason": "no residual variation behind this term: its standard error would be zero"}
            continue
        yield {"estimate": float(value), **vars(inference)}


def coefficients(frame: pl.DataFrame, specification: Specification, min_users: int) -> list[Row]:
    """One row per term: the columns of analysis.coefficients but month and period.

    frame: as `prepare` leaves it. What cannot or must not be shown is a row with the reason in `missing_reason`.
    """
    sample = estimation_sample(frame, specification, min_users)
    fitted = fit(sample, specification) if sample.sessions.height else None
    missing = fitted.missing_inference() if fitted else missing_sample(sample, specification, min_users)
    has_inference = fitted is not None and missing is None
    common: Row = {
        "specification": specification.name,
        "n_sessions": sample.sessions.height,
        "n_users": sample.n_users,
        "n_cells": sample.n_cells,
        "r_squared": fitted.r_squared if fitted and has_inference else None,
        "sample": specification.sample.description,
        "n_candidates": sample.n_candidates,
        "n_dropped_small_cells": sample.n_dropped_small_cells,
        "n_dropped_singletons": sample.n_dropped_singletons,
        "degrees_of_freedom": sample.n_users - 1 if has_inference else None,
        "engine": f"numpy {np.__version__}",
    }
    estimates: Iterable[Row] = (
        _estimates(fitted, sample, specification, min_users)
        if fitted and has_inference
        else [{"missing_reason": missing}] * len(specification.terms)
    )
    return [
        {**common, "term": term.name, **result} for term, result in zip(specification.terms, estimates, strict=True)
    ]


def estimate(frame: pl.DataFrame, month: dt.date, period: str, min_users: int) -> pl.DataFrame:
    """Table A1 (columns 1 to 5) and Table A2 on `frame`, as rows of analysis.coefficients.

    frame: core.classified_sessions of the period: of `month` alone, or of the window that ends in it (`period`).
    min_users: distinct users below which a cell is dropped and a level withheld; 1 where there is one user in all.
    """
    specifications = (*TABLE_A1, TABLE_A2)
    prepared = prepare(frame, specifications)
    rows = [
        {"month": month, "period": period, **row}
        for specification in specifications
        for row in coefficients(prepared, specification, min_users)
    ]
    return pl.DataFrame(rows, schema=polars_schema("analysis.coefficients"))

"""Regressions and adjusted rates as rows of `analysis.corrected_estimates`: naive and corrected coefficients.

Which these are is data in `corrected_quantities.py` and `specifications.py`; the estimator is in `corrected.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from sessions_pipeline.analysis.adjusted import choose_controls, series
from sessions_pipeline.analysis.corrected import Corrected, Equations, Floats, Integers, Problem, cell_indices
from sessions_pipeline.analysis.corrected_period import (
    MIN_CASES,
    Period,
    corrected_columns,
    corrected_or_why,
    floats,
    gold_counts,
)
from sessions_pipeline.analysis.corrected_quantities import OUTCOME_FACETS, REGRESSOR_FACETS
from sessions_pipeline.analysis.corrected_sessions import Judged, Labelled
from sessions_pipeline.analysis.models import Row, coefficients
from sessions_pipeline.analysis.samples import (
    EstimationSample,
    Prepared,
    estimation_sample,
    prepare,
    without_gaps,
)
from sessions_pipeline.analysis.specifications import (
    CONTROLS,
    DERIVED,
    FIGURE_5,
    HIT_TROUBLE,
    LEVELS,
    SUCCESSES,
    Specification,
    Term,
)

# Quantity -> the specification whose adjusted rates it is.
ADJUSTED: Mapping[str, Specification] = {f"adjusted_{each.name}": each for each in FIGURE_5}


def _placed(prepared: Prepared, sample: EstimationSample, specification: Specification) -> tuple[pl.Series, Floats]:
    """Each session's cell of `sample` (null outside its cells), and the cells' controls as indicators (cells, d)."""
    # Where cells must be large by more controls too, who has the controls alone may be outside the sample.
    keys = list(dict.fromkeys((*specification.controls, *specification.same_cells)))
    everybody = prepared.sessions.select(keys)
    if not keys:
        return pl.zeros(prepared.sessions.height, pl.Int64, eager=True), np.ones((1, 1))
    inside = everybody.filter(pl.Series(sample.inside)).with_columns(cell=pl.Series(sample.cell)).unique()
    placed = everybody.join(inside, on=keys, how="left", maintain_order="left")["cell"]
    if not specification.controls:
        return placed, np.ones((1, 1))
    cells = inside.unique("cell").sort("cell").select(pl.col(specification.controls).cast(pl.String))
    return placed, cells.to_dummies().to_numpy().astype(np.float64)


def _term_values(term: Term, sample: EstimationSample) -> pl.Expr:
    """The regressor; what multiplies it is measured from its mean over `sample`, whoever it is asked for."""
    if term.times is None:
        return term.values
    factor = pl.col(term.times).cast(pl.Float64)
    return replace(term, times=None).values * (factor - sample.sessions[term.times].cast(pl.Float64).mean())


@dataclass(frozen=True)
class InCells:
    """A specification on the n sessions in the cells of its sample, of N in all. Gold labels keep the judge's cells.

    terms: its regressors. indices (k, n): what stands for the cells. place (N,): where a session is among these, -1
    outside. user (n,): numbers from 0, none skipped.
    """

    specification: Specification
    terms: tuple[pl.Expr, ...]
    indices: Floats
    judged: Equations
    place: Integers
    user: Integers

    def problem(self, ready: Labelled) -> Problem:
        """The equations with the gold labels of `ready`."""
        place = self.place[ready.at]
        kept = place >= 0
        gold = ready.sessions.filter(pl.Series(kept))
        equations = _equations(gold, self.specification, self.terms, self.indices[:, place[kept]])
        return Problem(self.judged, equations, place[kept], ready.weight[kept], self.user)


def in_cells(
    judged: Judged,
    prepared: Prepared,
    sample: EstimationSample,
    specification: Specification,
    *,
    constant: bool = True,
) -> InCells:
    """`specification` on the sessions in the cells of `sample`.

    prepared: the judged sessions as `prepare` leaves them. constant: False where the terms add up to one; a coefficient
    is then the mean outcome where its term is one, in the judge's average cell.
    """
    placed, main_effects = _placed(prepared, sample, specification)
    where = placed.is_not_null()
    terms = tuple(_term_values(term, sample) for term in specification.terms)
    values = np.stack([floats(sample.sessions, each) for each in (pl.col(specification.outcome), *terms)])
    of_cells = cell_indices(sample.cell, main_effects, values)[0 if constant else 1 :]
    indices = of_cells[:, placed.drop_nulls().to_numpy()]
    inside = where.to_numpy()
    return InCells(
        specification,
        terms,
        indices,
        _equations(judged.sessions.filter(where), specification, terms, indices),
        np.where(inside, np.cumsum(inside) - 1, -1),
        without_gaps(judged.user[inside]),
    )


def _equations(
    frame: pl.DataFrame, specification: Specification, terms: Sequence[pl.Expr], indices: Floats
) -> Equations:
    """Equations of the sessions of `frame` (n); indices (k, n): what stands for their cells."""
    frame = _with_derived(frame, specification)
    own = np.stack([floats(frame, each) for each in terms])
    outcome = floats(frame, pl.col(specification.outcome))
    return Equations(np.vstack([own, indices]), outcome, floats(frame, _is_member(specification)))


def _with_derived(frame: pl.DataFrame, specification: Specification) -> pl.DataFrame:
    return frame.with_columns(DERIVED[name].alias(name) for name in specification.required if name in DERIVED)


def _is_member(specification: Specification) -> pl.Expr:
    """Whether a session is in the sample, its cell apart."""
    known = pl.all_horizontal(pl.col(column).is_not_null() for column in specification.required)
    return specification.sample.keep & known


def _too_few_at(ready: Labelled, specification: Specification, term: Term) -> str | None:
    """Why an indicator cannot be told by the gold labels at its level, and at the one that it is compared with."""
    if term.level is None:
        return None
    members = _with_derived(ready.sessions, specification).filter(_is_member(specification))[term.column]
    for level in {term.level, term.level if term.reference is None else term.reference}:
        if (cases := int((members == level).sum())) < MIN_CASES:
            return (
                f"{cases} gold labels at {term.column.removesuffix('_code')} {level}: at least {MIN_CASES} are needed"
            )
    return None


def _coefficient(problem: Problem, ready: Labelled, specification: Specification, place: int) -> Corrected | str:
    """Coefficient `place` of `specification`, or why there is none."""
    return _too_few_at(ready, specification, specification.terms[place]) or corrected_or_why(problem, place)


def _corrections(specification: Specification) -> dict[str, tuple[str, ...]]:
    """Correction -> the labels whose gold ones it needs."""
    outcome = OUTCOME_FACETS.get(specification.outcome)
    regressor = REGRESSOR_FACETS[specification.terms[0].column]
    if outcome is None:  # counted, not judged
        return {regressor: (regressor,)}
    return {"outcome": outcome, regressor: (regressor,), f"outcome_and_{regressor}": (*outcome, regressor)}


def regression_rows(period: Period, specifications: Sequence[Specification]) -> Iterator[Row]:
    """The rows of `specifications`; all columns but those that all rows of a period have in common."""
    judged, min_users = period.judged, period.min_users
    prepared = prepare(judged.sessions, specifications)
    for specification in specifications:
        judged_rows = coefficients(prepared, specification, min_users)
        corrections = {name: period.ready.of(facets) for name, facets in _corrections(specification).items()}
        cells = None
        if any(row.get("estimate") is not None for row in judged_rows) and any(
            each for each, _ in corrections.values()
        ):
            sample = estimation_sample(prepared, specification, min_users)
            cells = in_cells(judged, prepared, sample, specification)
        for correction, (ready, reason) in corrections.items():
            problem = cells.problem(ready) if cells and ready else None
            for place, row in enumerate(judged_rows):
                is_hidden = str(row.get("missing_reason") or "").startswith("withheld")
                common: Row = {
                    "quantity": specification.name,
                    "term": row["term"],
                    "correction": correction,
                    "naive": row.get("estimate"),
                    "naive_std_error": row.get("std_error"),
                    "n_sessions": None if is_hidden else row["n_sessions"],
                    "n_users": None if is_hidden else row["n_users"],
                    "suppressed": is_hidden,
                }
                if row.get("estimate") is None or ready is None or problem is None:
                    yield {**common, "missing_reason": row.get("missing_reason") or reason}
                else:
                    found = _coefficient(problem, ready, specification, place)
                    yield {**common, **gold_counts(problem, min_users), **corrected_columns(found)}


def _of_levels(problem: Problem) -> tuple[Problem, list[int]]:
    """`problem`, whose first regressors are indicators of LEVELS, without those that no member has by either label.

    Also the levels that are left, in their order.
    """
    equations = (problem.judged, problem.gold)
    seen = np.any([each.regressors[: len(LEVELS)] @ each.member > 0 for each in equations], axis=0)
    kept = np.concatenate([seen, np.ones(len(problem.judged.regressors) - len(LEVELS), dtype=np.bool_)])
    judged, gold = (replace(each, regressors=each.regressors[kept]) for each in equations)
    there = [level for level, is_seen in zip(LEVELS, seen, strict=True) if is_seen]
    return replace(problem, judged=judged, gold=gold), there


def adjusted_rows(period: Period) -> Iterator[Row]:
    """The adjusted rates of Figure 5 and Table A2; columns as of `regression_rows`.

    An adjusted rate is the mean outcome at a level in the average session's cell: of a model with an indicator of each
    level and no constant, the indicator's coefficient and what the cells add on average. The rates' mean, weighted by
    the levels' sessions, is that of the outcome; of corrected rates, with sizes and mean corrected. Controls are those
    that `adjusted.py` chose by the judge's labels.

    Levels that are not shown, and those that gold labels alone know, are in the model too: their sessions are members,
    whose rate would be zero without an indicator of their own, and bend those of the others.
    """
    prepared = prepare(period.judged.sessions, FIGURE_5)
    for quantity, specification in ADJUSTED.items():
        trouble = specification.sample == HIT_TROUBLE
        breakdown = ("successes" if specification.outcome in SUCCESSES else "failures") + "_in_trouble" * trouble
        needed = (*OUTCOME_FACETS[specification.outcome], *(("failure_signal",) if trouble else ()), "expertise")
        ready, reason = period.ready.of(tuple(dict.fromkeys(needed)))
        choice = choose_controls(prepared, specification, period.min_users)
        rows = {row["expertise"]: row for row in series(choice, specification, period.min_users)}
        model = replace(
            specification,
            controls=CONTROLS[choice.column],
            terms=tuple(Term(f"expertise_{level}", "expertise", level) for level in LEVELS),
        )
        problem, there = None, list[int]()
        if ready is not None and any(row.get("estimate") is not None for row in rows.values()):
            of_all = in_cells(period.judged, prepared, choice.sample, model, constant=False).problem(ready)
            problem, there = _of_levels(of_all)
        for level in LEVELS:
            row = rows[level]
            is_told = period.is_withheld([(breakdown, str(level))])
            common: Row = {
                "quantity": quantity,
                "term": f"expertise_{level}",
                "correction": "outcome_and_expertise",
                "suppressed": bool(row.get("suppressed")) or is_told,
            }
            if common["suppressed"]:
                yield {**common, "missing_reason": period.why_withheld if is_told else row["missing_reason"]}
                continue
            common |= {
                "naive": row.get("estimate"),
                "naive_std_error": row.get("std_error"),
                "n_sessions": row.get("sessions"),
                "n_users": row.get("users"),
            }
            if row.get("estimate") is None or ready is None or problem is None:
                yield {**common, "missing_reason": row.get("missing_reason") or reason}
            else:
                term = model.terms[LEVELS.index(level)]
                found = _too_few_at(ready, model, term) or corrected_or_why(problem, there.index(level), len(there))
                yield {**common, **gold_counts(problem, period.min_users), **corrected_columns(found)}

"""What gold labels correct, as rows of `analysis.corrected_estimates`: naive and corrected estimates side by side.

Which numbers these are is data in `corrected_quantities.py`; the estimator is in `corrected.py`.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np
import polars as pl

from sessions_pipeline.analysis.adjusted import choose_controls, series
from sessions_pipeline.analysis.corrected import (
    Corrected,
    Equations,
    Floats,
    Integers,
    Problem,
    TooFewGoldLabelsError,
    cell_indices,
    corrected,
    naive_mean,
)
from sessions_pipeline.analysis.corrected_quantities import (
    MEANS,
    NOT_CORRECTED,
    OF_EVERY_PERIOD,
    OUTCOME_FACETS,
    REGRESSOR_FACETS,
    SPECIFICATIONS,
    Cut,
    Mean,
)
from sessions_pipeline.analysis.corrected_sessions import (
    Judged,
    Labelled,
    Ready,
    gold_labels,
    judged_sessions,
)
from sessions_pipeline.analysis.models import Row, coefficients
from sessions_pipeline.analysis.samples import (
    EstimationSample,
    Flags,
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
from sessions_pipeline.analysis.suppression import Withheld, distinct, withheld_in_marts, withheld_levels
from sessions_pipeline.schemas import polars_schema

TABLE = "analysis.corrected_estimates"
# Fewer gold labels than these say next to nothing: an error rate of a tenth would be known to within six points.
MIN_GOLD_SESSIONS, MIN_GOLD_USERS = 100, 30
# A share rests on its rarer answer, an indicator on its level and the one it is compared with: normal intervals need
# ten of either.
MIN_CASES = 10
# Quantity -> the specification whose adjusted rates it is.
ADJUSTED: Mapping[str, Specification] = {f"adjusted_{each.name}": each for each in FIGURE_5}
NOTHING_WITHHELD = Withheld(frozenset(), frozenset())


def _floats(frame: pl.DataFrame, values: pl.Expr) -> Floats:
    """`values` of `frame` as numbers; null is 0."""
    return frame.select(values.cast(pl.Float64).fill_null(0.0)).to_series().to_numpy()


@dataclass(frozen=True)
class Period:
    """What rows are made of. name: month or window; month: its last. withheld: what the marts withhold."""

    name: str
    month: dt.date
    judged: Judged
    ready: Ready
    min_users: int
    withheld: Withheld = NOTHING_WITHHELD

    def is_withheld(self, cells: Iterable[tuple[str, str]]) -> bool:
        """Whether the marts withhold one of `cells` (breakdown, level)."""
        return any(self.withheld.has(self.month, self.name, *cell) for cell in cells)

    @property
    def why_withheld(self) -> str:
        """Reason of a row without numbers."""
        return f"withheld: fewer than {self.min_users} users in the cell, or needed to hide such a cell"


def _informative(problem: Problem) -> str | None:
    """Why the gold labels do not suffice for `problem`, or None if they do."""
    member = (problem.gold.member > 0) | (problem.judged.member[problem.at] > 0)
    sessions, users = int(member.sum()), distinct(problem.user[problem.at[member]])
    if sessions < MIN_GOLD_SESSIONS or users < MIN_GOLD_USERS:
        return (
            f"gold labels of {sessions} sessions and {users} users: "
            f"at least {MIN_GOLD_SESSIONS} sessions and {MIN_GOLD_USERS} users are needed"
        )
    return None


def _too_few_cases(problem: Problem) -> str | None:
    """Why a share has too few gold labels of its rarer answer, or None if it has enough."""
    answers = problem.gold.outcome[problem.gold.member > 0]
    rarer = int(min((answers > 0).sum(), (answers == 0).sum()))
    if rarer < MIN_CASES:
        return f"{rarer} gold labels of the rarer answer: at least {MIN_CASES} are needed"
    return None


def _corrected(problem: Problem, term: int) -> Corrected | str:
    """A corrected coefficient, or why there is none."""
    try:
        return _informative(problem) or corrected(problem, term)
    except TooFewGoldLabelsError as error:
        return str(error)


def _columns(found: Corrected | str) -> Row:
    """The columns of a corrected coefficient, or the reason why there is none."""
    if isinstance(found, str):
        return {"missing_reason": found}
    return {
        "corrected": found.estimate,
        "std_error": found.std_error,
        "ci_low": found.ci_low,
        "ci_high": found.ci_high,
        "degrees_of_freedom": found.degrees_of_freedom,
        "judge_weight": found.power,
    }


def _of_exponential(found: Corrected) -> Corrected:
    """A corrected mean of logarithms as the geometric mean: ends of the interval as they are, the error by the delta
    method."""
    estimate = math.exp(found.estimate)
    return replace(
        found,
        estimate=estimate,
        std_error=found.std_error * estimate,
        ci_low=math.exp(found.ci_low),
        ci_high=math.exp(found.ci_high),
    )


def _levels(frame: pl.DataFrame, cut: Cut) -> Integers:
    """Each session's level of `cut` as its place in `cut.levels`, -1 outside, shape (n,)."""
    place = pl.Series(cut.levels, dtype=pl.String).to_frame("level").with_row_index("place")
    found = frame.select(level=cut.level.cast(pl.String)).join(place, on="level", how="left", maintain_order="left")
    return found["place"].cast(pl.Int64).fill_null(-1).to_numpy()


@dataclass(frozen=True)
class _Averaged:
    """A cut and a mean on some sessions. level (n,): as `_levels`. value (n,), and whether there is one (n,); for a
    share there is none."""

    level: Integers
    value: Floats | None
    known: Flags | None

    def members(self, at: int) -> Flags:
        """Sessions whose mean, or among which the share, of level `at` is asked for, shape (n,)."""
        return self.level >= 0 if self.known is None else (self.level == at) & self.known

    def equations(self, at: int, sessions: Integers) -> Equations:
        """Those of `sessions`, by position, whose one coefficient is the mean at level `at`, or its share."""
        outcome = self.level[sessions] == at if self.value is None else self.value[sessions]
        member = self.members(at)[sessions].astype(np.float64)
        return Equations(np.ones((1, sessions.size)), outcome.astype(np.float64), member)


def _averaged(frame: pl.DataFrame, mean: Mean, level: Integers) -> _Averaged:
    if mean.value is None:
        return _Averaged(level, None, None)
    known = frame.select(mean.value.is_not_null()).to_series().to_numpy()
    return _Averaged(level, _floats(frame, mean.value), known)


def mean_rows(period: Period, means: Iterable[Mean]) -> Iterator[Row]:
    """The rows of `means`; all columns but those that all rows of a period have in common."""
    for cut, same in groupby(means, key=lambda mean: mean.cut):
        level = _levels(period.judged.sessions, cut)
        inside = level >= 0
        hidden = withheld_levels(level[inside], period.judged.user[inside], period.min_users)
        for mean in same:
            rows = _rows_of_mean(period, mean, _averaged(period.judged.sessions, mean, level), hidden)
            yield from _pooled(rows, mean, period.ready.of(mean.needed)[1]) if cut.many else rows


def _rows_of_mean(period: Period, mean: Mean, judged: _Averaged, hidden: frozenset[int]) -> Iterator[Row]:
    cut = mean.cut
    ready, reason = period.ready.of(mean.needed)
    gold = _averaged(ready.sessions, mean, _levels(ready.sessions, cut)) if ready else None
    is_told = period.is_withheld(mean.also)
    for at, level in enumerate(cut.levels):
        common: Row = {"quantity": mean.quantity, "term": cut.term(level), "correction": mean.correction}
        if cut.many and (gold is None or (gold.level == at).sum() < MIN_CASES):
            # No need to look at all sessions: `_pooled` leaves it out.
            yield {**common, "missing_reason": reason}
            continue
        member = judged.members(at)
        sessions = np.flatnonzero(member)
        user = without_gaps(period.judged.user[sessions])
        users = int(user.max(initial=-1)) + 1
        # Of a level that nobody has, the cell is empty, and yet its share is one of few users.
        few = 0 < users < period.min_users
        if at in hidden or few or is_told or period.is_withheld([(cut.breakdown, level)]):
            yield {**common, "suppressed": True, "missing_reason": period.why_withheld}
            continue
        common |= {"suppressed": False, "n_sessions": sessions.size, "n_users": users}
        if not users:
            yield {**common, "missing_reason": "no session in the cell"}
            continue
        estimate, error = naive_mean(judged.equations(at, sessions), user)
        if mean.kind == "log":
            estimate = math.exp(estimate)
            error = None if error is None else error * estimate
        common |= {"naive": estimate, "naive_std_error": error}
        if ready is None or gold is None:
            yield {**common, "missing_reason": reason}
            continue
        # Those with gold labels may be members by these.
        member[ready.at] = True
        sessions = np.flatnonzero(member)
        problem = Problem(
            judged.equations(at, sessions),
            gold.equations(at, np.arange(ready.at.size)),
            (np.cumsum(member) - 1)[ready.at],
            ready.weight,
            without_gaps(period.judged.user[sessions]),
        )
        found = (_too_few_cases(problem) if mean.kind == "share" else None) or _corrected(problem, 0)
        if mean.kind == "log" and isinstance(found, Corrected):
            found = _of_exponential(found)
        yield {**common, **_gold_counts(problem, period.min_users), **_columns(found)}


def _pooled(rows: Iterable[Row], mean: Mean, reason: str | None) -> Iterator[Row]:
    """The rows that are corrected, and one that says why the others are not: by `reason`, where all have the same."""
    left = 0
    for row in rows:
        if row.get("corrected") is None:
            left += 1
        else:
            yield row
    if left:
        yield {
            "quantity": mean.quantity,
            "term": "others",
            "correction": mean.correction,
            "suppressed": False,
            "missing_reason": reason
            or f"{left} levels are withheld, without a session, or have fewer than {MIN_CASES} gold labels",
        }


def _gold_counts(problem: Problem, min_users: int) -> Row:
    """Sessions and users with gold labels that the estimate reads; none told of fewer than `min_users`."""
    member = (problem.gold.member > 0) | (problem.judged.member[problem.at] > 0)
    users = distinct(problem.user[problem.at[member]])
    return {"n_gold": int(member.sum()), "n_gold_users": users} if users >= min_users else {}


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
    is then the mean outcome where its term is one, in the average cell.
    """
    placed, main_effects = _placed(prepared, sample, specification)
    where = placed.is_not_null()
    terms = tuple(_term_values(term, sample) for term in specification.terms)
    values = np.stack([_floats(sample.sessions, each) for each in (pl.col(specification.outcome), *terms)])
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
    own = np.stack([_floats(frame, each) for each in terms])
    outcome = _floats(frame, pl.col(specification.outcome))
    return Equations(np.vstack([own, indices]), outcome, _floats(frame, _is_member(specification)))


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
    return _too_few_at(ready, specification, specification.terms[place]) or _corrected(problem, place)


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
                    yield {**common, **_gold_counts(problem, min_users), **_columns(found)}


def adjusted_rows(period: Period) -> Iterator[Row]:
    """The adjusted rates of Figure 5 and Table A2; columns as of `regression_rows`.

    An adjusted rate is the mean outcome at a level in the average cell: with an indicator of each level and no
    constant, cells measured from their mean, it is that indicator's coefficient, and the rates' mean, weighted by the
    levels' sessions, is that of the outcome. Controls are those that `adjusted.py` chose by the judge's labels.
    """
    prepared = prepare(period.judged.sessions, FIGURE_5)
    for quantity, specification in ADJUSTED.items():
        trouble = specification.sample == HIT_TROUBLE
        breakdown = ("successes" if specification.outcome in SUCCESSES else "failures") + "_in_trouble" * trouble
        needed = (*OUTCOME_FACETS[specification.outcome], *(("failure_signal",) if trouble else ()), "expertise")
        ready, reason = period.ready.of(tuple(dict.fromkeys(needed)))
        rows = {row["expertise"]: row for row in series(prepared, specification, period.min_users)}
        there = [level for level in LEVELS if rows[level].get("sessions")]
        choice = choose_controls(prepared, specification, period.min_users)
        model = replace(
            specification,
            controls=CONTROLS[choice.column],
            terms=tuple(Term(f"expertise_{level}", "expertise", level) for level in there),
        )
        problem = None
        if ready is not None and there:
            problem = in_cells(period.judged, prepared, choice.sample, model, constant=False).problem(ready)
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
            if ready is None or problem is None or level not in there:
                yield {**common, "missing_reason": row.get("missing_reason") or reason}
            else:
                found = _coefficient(problem, ready, model, there.index(level))
                yield {**common, **_gold_counts(problem, period.min_users), **_columns(found)}


def _uncorrected_rows(reasons: Mapping[str, str]) -> Iterator[Row]:
    for quantity, reason in reasons.items():
        yield {
            "quantity": quantity,
            "term": "all",
            "correction": "none",
            "suppressed": False,
            "missing_reason": f"not corrected: {reason}",
        }


def corrected_estimates(
    sessions: pl.DataFrame,
    draws: pl.DataFrame,
    gold: pl.DataFrame,
    released: pl.DataFrame,
    month: dt.date,
    min_users: int,
) -> pl.DataFrame:
    """Rows of analysis.corrected_estimates for the window that ends in `month`, and for `month` alone.

    sessions: core.classified_sessions of the window. draws, gold: labels.gold_draws and labels.gold, of all months.
    released: staging.released, by which the marts withhold.
    """
    labels, withheld = gold_labels(draws, gold), withheld_in_marts(released)
    rows = [{"period": "window", "n_drawn": 0, **row} for row in _uncorrected_rows(NOT_CORRECTED)]
    for name, inside in (("month", sessions.filter(pl.col("month") == month)), ("window", sessions)):
        judged = judged_sessions(inside)
        period = Period(name, month, judged, Ready(judged, labels), min_users, withheld)
        drawn = labels.drawn.join(inside, on="session_id", how="semi").height
        common: Row = {"period": name, "n_drawn": drawn, "draw_id": labels.draw_id}
        found = (
            *mean_rows(period, MEANS),
            *regression_rows(period, SPECIFICATIONS if name == "window" else OF_EVERY_PERIOD),
            *adjusted_rows(period),
        )
        rows += [{**common, **row} for row in found]
    return pl.DataFrame([{"month": month, **row} for row in rows], schema=polars_schema(TABLE))

"""Which numbers are corrected by gold labels, as rows of `analysis.corrected_estimates`.

Shares of labels, outcomes by expertise and by profession, and the regressions of Tables A1 and A2, of Figure 3 and of
the software gap. The estimator is in `corrected.py`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from sessions_pipeline.analysis.corrected import (
    Equations,
    Floats,
    Integers,
    Problem,
    TooFewGoldLabelsError,
    cell_indices,
    corrected,
    naive_mean,
)
from sessions_pipeline.analysis.gold import gold_columns, last_draw_with_labels, response_weights, with_gold_labels
from sessions_pipeline.analysis.models import Row, coefficients
from sessions_pipeline.analysis.samples import (
    EstimationSample,
    Prepared,
    estimation_sample,
    in_order,
    prepare,
    user_numbers,
    without_gaps,
)
from sessions_pipeline.analysis.specifications import (
    DERIVED,
    EXPERTISE,
    FIGURE_3_SLOPES,
    LEVELS,
    SOFTWARE_GAP,
    SUCCESSES,
    TABLE_A1,
    TABLE_A2,
    Specification,
)
from sessions_pipeline.analysis.suppression import distinct, withheld_in_marts, withheld_levels
from sessions_pipeline.classifications.classifiers import CODEBASE_CONTEXTS, OUTCOMES, WORK_MODES
from sessions_pipeline.schemas import polars_schema

TABLE = "analysis.corrected_estimates"
# Fewer gold labels than these say next to nothing: an error rate of a tenth would be known to within six points.
MIN_GOLD_SESSIONS, MIN_GOLD_USERS = 100, 30
# The share of sessions that may have come after the draw: they move an estimate by less than that share of an error.
MOST_LATER = 0.01
# A share rests on its rarer answer: normal intervals need ten of either.
MIN_CASES = 10
SHARES: Mapping[str, tuple[str, ...]] = {
    "work_mode": WORK_MODES,
    "outcome": OUTCOMES,
    "codebase_context": CODEBASE_CONTEXTS,
}
OUTCOME_FACETS: Mapping[str, tuple[str, ...]] = {
    "verified_success": ("outcome", "success_signal"),
    "judged_success": ("outcome",),
    "at_least_partial": ("outcome",),
}
# Of a regressor that is a label, or made of one.
REGRESSOR_FACETS: Mapping[str, str] = {"expertise": "expertise", "software_user": "user_occupation"}
# Column 6 has regressors that are no labels, which the moment form does not know.
SPECIFICATIONS = (
    *(column for column in TABLE_A1 if column.terms == EXPERTISE),
    TABLE_A2,
    *FIGURE_3_SLOPES,
    SOFTWARE_GAP,
)
NO_GOLD = "there are no gold labels: draw sessions with `sessions-pipeline gold draw`, label them, and load the file"


@dataclass(frozen=True)
class GoldLabels:
    """Gold labels of one draw. drawn: its rows of labels.gold_draws. columns: as `gold_columns`, of those drawn."""

    drawn: pl.DataFrame
    columns: pl.DataFrame

    @property
    def draw_id(self) -> str | None:
        """The draw; None without labels."""
        return self.drawn["draw_id"][0] if self.drawn.height else None


def gold_labels(draws: pl.DataFrame, gold: pl.DataFrame) -> GoldLabels:
    """The last draw that has labels, with them. draws, gold: labels.gold_draws and labels.gold."""
    drawn = last_draw_with_labels(draws, gold)
    return GoldLabels(drawn, gold_columns(gold.join(drawn, on="session_id", how="semi")))


@dataclass(frozen=True)
class Judged:
    """The window's sessions as the judge has them, in the models' order. user (n,): numbers from 0, none skipped."""

    sessions: pl.DataFrame
    user: Integers


def judged_sessions(sessions: pl.DataFrame) -> Judged:
    """`sessions`: core.classified_sessions of the window."""
    ordered = in_order(sessions)
    return Judged(ordered, user_numbers(ordered))


@dataclass(frozen=True)
class Labelled:
    """Sessions with all the gold labels that are needed.

    sessions: with these labels in place of the judge's. at (m,): where they stand among the judged ones.
    weight (m,): one over the probability to be there.
    """

    sessions: pl.DataFrame
    at: Integers
    weight: Floats


def labelled(judged: Judged, gold: GoldLabels, facets: tuple[str, ...]) -> Labelled:
    """The sessions that have gold labels of all `facets`.

    Raises TooFewGoldLabelsError if there are none, or months, or much of them, were not drawn from.
    """
    there = judged.sessions.select("session_id").with_row_index("at")
    drawn = gold.drawn.join(there, on="session_id", how="semi")
    if undrawn := sorted(set(judged.sessions["month"].unique()) - set(gold.drawn["month"])):
        named = ", ".join(f"{month:%Y-%m}" for month in undrawn)
        raise TooFewGoldLabelsError(f"nothing was drawn from {named}: draw again, with the same seed and all months")
    _none_came_later(judged.sessions, gold.drawn)
    known = gold.columns.drop_nulls(list(facets)).join(drawn, on="session_id", how="semi")
    if known.is_empty():
        raise TooFewGoldLabelsError(f"no gold labels of {' and '.join(facets)}")
    weights = response_weights(drawn, known["session_id"].to_list()).join(there, on="session_id").sort("at")
    at = weights["at"].to_numpy().astype(np.int64)
    return Labelled(with_gold_labels(judged.sessions[at], known, facets), at, weights["weight"].to_numpy())


def _none_came_later(sessions: pl.DataFrame, drawn: pl.DataFrame) -> None:
    """Raises TooFewGoldLabelsError if months hold more labelled sessions than there were to draw from.

    What came later could not be drawn: it would count as the judge has it, under an interval that says otherwise.
    """
    now = sessions.filter(pl.col("labels_backend").is_not_null()).group_by("month").len("now")
    # Drawn sessions over all of their stratum: ones over it add up to the stratum.
    then = drawn.group_by("month").agg(then=(1 / pl.col("probability")).sum())
    counts = now.join(then, on="month")
    later = float((counts["now"] - counts["then"]).clip(0).sum())
    if later > MOST_LATER * float(counts["now"].sum()):
        raise TooFewGoldLabelsError(
            f"{later:.0f} of {counts['now'].sum()} sessions were not there, or had no labels, when gold labels were "
            "drawn: draw again, with the same seed and all months"
        )


def _floats(frame: pl.DataFrame, values: pl.Expr) -> Floats:
    """`values` of `frame` as numbers; null is 0."""
    return frame.select(values.cast(pl.Float64).fill_null(0.0)).to_series().to_numpy()


def _informative(problem: Problem, *, share: bool) -> str | None:
    """Why the gold labels do not suffice for `problem`, or None if they do."""
    member = (problem.gold.member > 0) | (problem.judged.member[problem.at] > 0)
    sessions, users = int(member.sum()), distinct(problem.user[problem.at[member]])
    if sessions < MIN_GOLD_SESSIONS or users < MIN_GOLD_USERS:
        return (
            f"gold labels of {sessions} sessions and {users} users: "
            f"at least {MIN_GOLD_SESSIONS} sessions and {MIN_GOLD_USERS} users are needed"
        )
    answers = problem.gold.outcome[problem.gold.member > 0]
    rarer = int(min((answers > 0).sum(), (answers == 0).sum()))
    if share and rarer < MIN_CASES:
        return f"{rarer} gold labels of the rarer answer: at least {MIN_CASES} are needed"
    return None


def _corrected(problem: Problem, term: int, *, share: bool) -> Row:
    """The columns of a corrected coefficient, or why there is none."""
    missing = _informative(problem, share=share)
    if missing:
        return {"missing_reason": missing}
    try:
        found = corrected(problem, term)
    except TooFewGoldLabelsError as error:
        return {"missing_reason": str(error)}
    return {
        "corrected": found.estimate,
        "std_error": found.std_error,
        "ci_low": found.ci_low,
        "ci_high": found.ci_high,
        "degrees_of_freedom": found.degrees_of_freedom,
        "judge_weight": found.power,
    }


@dataclass(frozen=True)
class Share:
    """A mean of `outcome` over `member`, both of core.classified_sessions; `facets` are the labels in them.

    cell: breakdown and level of the marts that tell the same.
    """

    quantity: str
    term: str
    correction: str
    facets: tuple[str, ...]
    cell: tuple[str, str]
    member: pl.Expr
    outcome: pl.Expr


def _shares() -> Iterator[tuple[Share, ...]]:
    """The shares that are published, in groups of which one is told by the others."""
    for facet, labels in SHARES.items():
        member = pl.col(facet).is_not_null()
        yield tuple(
            Share(facet, label, "label", (facet,), (facet, label), member, pl.col(facet) == label) for label in labels
        )
    is_judged = (
        (pl.col("outcome") != "no_clear_goal")
        & pl.col("success_signal").is_not_null()
        & pl.col("failure_signal").is_not_null()
    )
    for measure in SUCCESSES:
        yield tuple(
            Share(
                f"{measure}_by_expertise",
                f"expertise_{level}",
                "outcome_and_expertise",
                (*OUTCOME_FACETS[measure], "expertise"),
                ("successes", str(level)),
                is_judged & (pl.col("expertise") == level),
                pl.col(measure),
            )
            for level in LEVELS
        )
        yield tuple(
            Share(
                f"{measure}_by_profession_wrote_code",
                profession,
                "outcome_and_user_occupation",
                (*OUTCOME_FACETS[measure], "user_occupation"),
                ("profession_wrote_code", profession),
                is_judged & pl.col("wrote_code") & (pl.col("software_user") == is_software),
                pl.col(measure),
            )
            for profession, is_software in (("software", True), ("other", False))
        )


SHARE_GROUPS = tuple(_shares())


def _mean_equations(frame: pl.DataFrame, share: Share) -> Equations:
    member = _floats(frame, share.member)
    return Equations(np.ones((1, frame.height)), _floats(frame, share.outcome), member)


def _hidden_shares(judged: Judged, group: tuple[Share, ...], min_users: int) -> frozenset[str]:
    """Terms of `group` whose cells are withheld: those of too few users, and what would tell them."""
    by_level = group[0].correction != "label"
    cells = [share.member if by_level else share.member & share.outcome for share in group]
    place = judged.sessions.select(pl.coalesce(pl.when(cell).then(at) for at, cell in enumerate(cells))).to_series()
    inside = place.is_not_null().to_numpy()
    withheld = withheld_levels(place.drop_nulls().cast(pl.Int64).to_numpy(), judged.user[inside], min_users)
    return frozenset(group[at].term for at in withheld)


def _withheld_shares(released: pl.DataFrame, month: dt.date) -> frozenset[tuple[str, str]]:
    """(quantity, term) of the shares whose cells the marts withhold in the window that ends in `month`."""
    withheld = withheld_in_marts(released)
    return frozenset(
        (share.quantity, share.term)
        for group in SHARE_GROUPS
        for share in group
        if withheld.has(month, "window", *share.cell)
    )


def share_rows(
    judged: Judged,
    gold: GoldLabels,
    min_users: int,
    groups: Iterable[tuple[Share, ...]],
    withheld: frozenset[tuple[str, str]] = frozenset(),
) -> Iterator[Row]:
    """The rows of `groups`, each a set of shares of which one is told by the others; all columns but those of
    `corrected_estimates`. withheld: (quantity, term) of those that other tables withhold."""
    for group in groups:
        hidden = _hidden_shares(judged, group, min_users)
        ready, reason = _ready(judged, gold, group[0].facets)
        for share in group:
            equations = _mean_equations(judged.sessions, share)
            users = distinct(judged.user[equations.member > 0])
            # Of a label that nobody has, the cell is empty, and yet its share is one of few users.
            is_withheld = (share.quantity, share.term) in withheld
            is_hidden = share.term in hidden or is_withheld or 0 < users < min_users
            common: Row = {
                "quantity": share.quantity,
                "term": share.term,
                "correction": share.correction,
                "suppressed": is_hidden,
            }
            if is_hidden:
                why = f"withheld: fewer than {min_users} users in the cell, or needed to hide such a cell"
                yield {**common, "missing_reason": why}
                continue
            common |= {"n_sessions": int(equations.member.sum()), "n_users": users}
            if not users:
                yield {**common, "missing_reason": "no session in the cell"}
                continue
            common["naive"], common["naive_std_error"] = naive_mean(equations, judged.user)
            if ready is None:
                yield {**common, "missing_reason": reason}
                continue
            of_gold = _mean_equations(ready.sessions, share)
            problem = Problem(equations, of_gold, ready.at, ready.weight, judged.user)
            yield {**common, **_gold_counts(problem, min_users), **_corrected(problem, 0, share=True)}


def _ready(judged: Judged, gold: GoldLabels, facets: tuple[str, ...]) -> tuple[Labelled | None, str | None]:
    """The sessions with the gold labels of `facets`, or why there are none."""
    if gold.draw_id is None:
        return None, NO_GOLD
    try:
        return labelled(judged, gold, facets), None
    except TooFewGoldLabelsError as error:
        return None, str(error)


def _gold_counts(problem: Problem, min_users: int) -> Row:
    """Sessions and users with gold labels that the estimate reads; none told of fewer than `min_users`."""
    member = (problem.gold.member > 0) | (problem.judged.member[problem.at] > 0)
    users = distinct(problem.user[problem.at[member]])
    return {"n_gold": int(member.sum()), "n_gold_users": users} if users >= min_users else {}


def _placed(prepared: Prepared, sample: EstimationSample, controls: tuple[str, ...]) -> tuple[pl.Series, Floats]:
    """Each session's cell of `sample` (null outside its cells), and the cells' controls as indicators (cells, d)."""
    everybody = prepared.sessions.select(controls)
    if not controls:
        return pl.zeros(prepared.sessions.height, pl.Int64, eager=True), np.ones((1, 1))
    inside = everybody.filter(pl.Series(sample.inside))
    cells = inside.with_columns(cell=pl.Series(sample.cell)).unique().sort("cell")
    placed = everybody.join(cells, on=controls, how="left", maintain_order="left")
    return placed["cell"], cells.select(pl.col(controls).cast(pl.String)).to_dummies().to_numpy().astype(np.float64)


def regression_problem(
    judged: Judged, ready: Labelled, prepared: Prepared, sample: EstimationSample, specification: Specification
) -> Problem:
    """The equations of `specification` on the sessions in the cells of `sample`.

    prepared: the judged sessions as `prepare` leaves them. Cells are judged, also for gold labels.
    """
    placed, main_effects = _placed(prepared, sample, specification.controls)
    where = placed.is_not_null()
    terms = [term.values for term in specification.terms]
    values = np.stack([_floats(sample.sessions, each) for each in (pl.col(specification.outcome), *terms)])
    indices = cell_indices(sample.cell, main_effects, values)[:, placed.drop_nulls().to_numpy()]
    known = pl.all_horizontal(pl.col(column).is_not_null() for column in specification.required)

    def equations(frame: pl.DataFrame, of_cells: Floats) -> Equations:
        frame = frame.with_columns(DERIVED[name].alias(name) for name in specification.required if name in DERIVED)
        own = np.stack([_floats(frame, each) for each in terms])
        member = _floats(frame, specification.sample.keep & known)
        return Equations(np.vstack([own, of_cells]), _floats(frame, pl.col(specification.outcome)), member)

    # Positions among the sessions in cells; those outside have none.
    inside = (where.cum_sum().cast(pl.Int64) - 1).to_numpy()
    kept = where.to_numpy()[ready.at]
    at = inside[ready.at[kept]]
    return Problem(
        judged=equations(judged.sessions.filter(where), indices),
        gold=equations(ready.sessions.filter(pl.Series(kept)), indices[:, at]),
        at=at,
        weight=ready.weight[kept],
        user=without_gaps(judged.user[where.to_numpy()]),
    )


def _corrections(specification: Specification) -> dict[str, tuple[str, ...]]:
    """Correction -> the facets whose gold labels it needs."""
    outcome = OUTCOME_FACETS.get(specification.outcome)
    regressor = REGRESSOR_FACETS[specification.terms[0].column]
    if outcome is None:  # counted, not judged
        return {regressor: (regressor,)}
    return {"outcome": outcome, regressor: (regressor,), f"outcome_and_{regressor}": (*outcome, regressor)}


def regression_rows(
    judged: Judged, gold: GoldLabels, min_users: int, specifications: Sequence[Specification]
) -> Iterator[Row]:
    """The rows of `specifications`; all columns but those of `corrected_estimates`."""
    prepared = prepare(judged.sessions, specifications)
    for specification in specifications:
        judged_rows = coefficients(prepared, specification, min_users)
        sample = estimation_sample(prepared, specification, min_users)
        for correction, facets in _corrections(specification).items():
            ready, reason = _ready(judged, gold, facets)
            problem = None
            if ready is not None and any(row.get("estimate") is not None for row in judged_rows):
                problem = regression_problem(judged, ready, prepared, sample, specification)
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
                if row.get("estimate") is None or problem is None:
                    yield {**common, "missing_reason": row.get("missing_reason") or reason}
                else:
                    yield {**common, **_gold_counts(problem, min_users), **_corrected(problem, place, share=False)}


def corrected_estimates(
    sessions: pl.DataFrame,
    draws: pl.DataFrame,
    gold: pl.DataFrame,
    released: pl.DataFrame,
    month: dt.date,
    min_users: int,
) -> pl.DataFrame:
    """Rows of analysis.corrected_estimates for the window that ends in `month`.

    sessions: core.classified_sessions of the window. draws, gold: labels.gold_draws and labels.gold, of all months.
    released: staging.released, by which the marts withhold.
    """
    labels, judged = gold_labels(draws, gold), judged_sessions(sessions)
    drawn = labels.drawn.join(sessions, on="session_id", how="semi").height
    common: Row = {"month": month, "period": "window", "n_drawn": drawn, "draw_id": labels.draw_id}  # type: ignore[dict-item]
    rows: Iterable[Row] = [
        *share_rows(judged, labels, min_users, SHARE_GROUPS, _withheld_shares(released, month)),
        *regression_rows(judged, labels, min_users, SPECIFICATIONS),
    ]
    return pl.DataFrame([{**common, **row} for row in rows], schema=polars_schema(TABLE))

"""What all corrected rows of a period have in common: its sessions, what is withheld, and how many labels suffice."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

from sessions_pipeline.analysis.corrected import Corrected, Floats, Problem, TooFewGoldLabelsError, corrected
from sessions_pipeline.analysis.corrected_sessions import Judged, Ready
from sessions_pipeline.analysis.models import Row
from sessions_pipeline.analysis.suppression import Withheld, distinct

# Fewer gold labels than these say next to nothing: an error rate of a tenth would be known to within six points.
MIN_GOLD_SESSIONS, MIN_GOLD_USERS = 100, 30
# A share rests on its rarer answer, an indicator on its level and the one it is compared with: normal intervals need
# ten of either.
MIN_CASES = 10
NOTHING_WITHHELD = Withheld(frozenset(), frozenset())


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


def floats(frame: pl.DataFrame, values: pl.Expr) -> Floats:
    """`values` of `frame` as numbers; null is 0."""
    return frame.select(values.cast(pl.Float64).fill_null(0.0)).to_series().to_numpy()


def _informative(problem: Problem) -> str | None:
    """Why the gold labels do not suffice for `problem`, or None if they do."""
    member = problem.gold_members
    sessions, users = int(member.sum()), distinct(problem.user[problem.at[member]])
    if sessions < MIN_GOLD_SESSIONS or users < MIN_GOLD_USERS:
        return (
            f"gold labels of {sessions} sessions and {users} users: "
            f"at least {MIN_GOLD_SESSIONS} sessions and {MIN_GOLD_USERS} users are needed"
        )
    return None


def corrected_or_why(problem: Problem, term: int, groups: int = 0) -> Corrected | str:
    """A corrected coefficient, or adjusted rate (see `corrected`), or why there is none."""
    try:
        return _informative(problem) or corrected(problem, term, groups)
    except TooFewGoldLabelsError as error:
        return str(error)


def corrected_columns(found: Corrected | str) -> Row:
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


def gold_counts(problem: Problem, min_users: int) -> Row:
    """Sessions and users with gold labels that the estimate reads; none told of fewer than `min_users`."""
    member = problem.gold_members
    users = distinct(problem.user[problem.at[member]])
    return {"n_gold": int(member.sum()), "n_gold_users": users} if users >= min_users else {}

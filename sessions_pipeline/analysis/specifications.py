"""The regressions as frozen data: what is regressed on what, on whom, with which standard errors.

Here belong the models of the study's Table A1, Table A2 and Figure 5. How a model is fitted is in `models.py`,
how its coefficients become rates in `adjusted.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import polars as pl


@dataclass(frozen=True)
class Term:
    """One regressor: `column` as a number, or an indicator of one `level` of it, `reference` being left out."""

    name: str
    column: str
    level: int | None = None
    reference: int | None = None

    @property
    def values(self) -> pl.Expr:
        """The regressor as a Float64 column."""
        column = pl.col(self.column)
        return (column if self.level is None else column == self.level).cast(pl.Float64)


@dataclass(frozen=True)
class Sample:
    """A rule that says which sessions a model is estimated on; sessions where `keep` is null are out."""

    name: str
    description: str
    keep: pl.Expr = field(compare=False, repr=False)


@dataclass(frozen=True)
class Specification:
    """A linear probability model.

    outcome: a Boolean column of `core.classified_sessions`.
    controls: columns whose interaction forms one set of absorbed fixed-effect cells; none means an intercept.
    cluster: column whose values are the clusters of the standard errors (CRV1, see `models.py`).
    """

    name: str
    outcome: str
    terms: tuple[Term, ...]
    controls: tuple[str, ...]
    sample: Sample
    cluster: str = "user_key"

    @property
    def required(self) -> tuple[str, ...]:
        """Columns in which a session must have a value."""
        return tuple(dict.fromkeys((self.outcome, *(term.column for term in self.terms), *self.controls)))


LEVELS = (1, 2, 3, 4, 5)
NOVICE = 1
EXPERTISE = (Term("expertise", "expertise"),)
EXPERTISE_LEVELS = tuple(
    Term(f"expertise_{level}", "expertise", level, reference=NOVICE) for level in LEVELS if level != NOVICE
)

ALL_SESSIONS = Sample(
    "all",
    "sessions with a clear goal, a known level of expertise and a label for every control",
    (pl.col("outcome") != "no_clear_goal") & pl.col("expertise").is_not_null(),
)
HIT_TROUBLE = Sample(
    "hit_trouble",
    "sessions with a failure signal of 3 or more, a clear goal, a known level of expertise "
    "and a label for every control",
    ALL_SESSIONS.keep & pl.col("hit_trouble"),
)

# Column of Table A1 -> its controls, from none to the study's preferred column 5.
CONTROLS: dict[str, tuple[str, ...]] = {
    "table_a1_1": (),
    "table_a1_2": ("work_mode", "task_value_band"),
    "table_a1_3": ("work_mode", "task_value_band", "month"),
    "table_a1_4": ("work_mode", "task_value_band", "month", "task_occupation"),
    "table_a1_5": ("work_mode", "task_value_band", "month", "task_occupation", "user_occupation"),
}
PREFERRED = "table_a1_5"

TABLE_A1 = tuple(
    Specification(name, "verified_success", EXPERTISE, controls, ALL_SESSIONS) for name, controls in CONTROLS.items()
)
TABLE_A2 = Specification("table_a2", "verified_success", EXPERTISE_LEVELS, CONTROLS[PREFERRED], ALL_SESSIONS)


def _series(sample: Sample, outcomes: Iterable[str]) -> tuple[Specification, ...]:
    """The Table A2 model of each outcome on `sample`."""
    return tuple(
        Specification(f"figure_5_{sample.name}_{outcome}", outcome, EXPERTISE_LEVELS, CONTROLS[PREFERRED], sample)
        for outcome in outcomes
    )


SUCCESSES = ("at_least_partial", "judged_success", "verified_success")
FAILURES = ("judged_failure", "verified_failure", "abandoned")
FIGURE_5 = (*_series(ALL_SESSIONS, SUCCESSES), *_series(HIT_TROUBLE, (*SUCCESSES, *FAILURES)))

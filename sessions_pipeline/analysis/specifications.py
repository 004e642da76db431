"""The regressions as frozen data: what is regressed on what, on whom, with which standard errors.

Here belong the models of the study's Tables A1 and A2 and Figures 3, 5 and 6, and what stands beside them as a check.
How a model is fitted is in `models.py` and `logit.py`, its standard errors in `errors.py`, how coefficients become
rates in `adjusted.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

import polars as pl

# Study: "session-length band", without the bounds; ours are minutes of activity.
SESSION_LENGTH_MINUTES = (5, 20, 60)
# As the study's Figure 6 lists them; computing, the largest, is what the others are compared with.
TEN_OCCUPATIONS = (15, 11, 23, 13, 29, 27, 41, 17, 25, 19)


def _log(column: str) -> pl.Expr:
    """Natural logarithm; null where there is none."""
    return pl.when(pl.col(column) > 0).then(pl.col(column).log())


# Columns that models read beside those of core.classified_sessions.
DERIVED: Mapping[str, pl.Expr] = {
    "session_length_band": pl.sum_horizontal(
        pl.col("active_seconds") >= 60 * bound for bound in SESSION_LENGTH_MINUTES
    ),
    "log_model_calls": _log("model_calls"),
    "log_human_prompts": _log("human_prompts"),
    "log_actions_per_prompt": _log("actions_per_prompt"),
    "log_words_per_prompt": _log("words_per_prompt"),
    # Months since year 0; models centre it.
    "month_number": (pl.col("month").dt.year() * 12 + pl.col("month").dt.month()).cast(pl.Int64),
    "occupation_code": pl.col("user_occupation").cast(pl.Int64, strict=False),
}


@dataclass(frozen=True)
class Term:
    """One regressor: `column` as a number, or an indicator of one `level` of it, `reference` being left out.

    at_least: the indicator is of this level and all above, so that its coefficient is the step from `reference`, the
    level below. times: another column that multiplies it, measured from its mean over the sample.
    """

    name: str
    column: str
    level: int | None = None
    reference: int | None = None
    at_least: bool = False
    times: str | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that it reads."""
        return (self.column,) if self.times is None else (self.column, self.times)

    @property
    def values(self) -> pl.Expr:
        """The regressor as a Float64 column."""
        column = pl.col(self.column)
        if self.level is not None:
            column = column >= self.level if self.at_least else column == self.level
        values = column.cast(pl.Float64)
        if self.times is not None:
            factor = pl.col(self.times).cast(pl.Float64)
            values = values * (factor - factor.mean())
        return values


@dataclass(frozen=True)
class Sample:
    """A rule that says which sessions a model is estimated on; sessions where `keep` is null are out."""

    name: str
    description: str
    keep: pl.Expr = field(compare=False, repr=False)


Estimator = Literal["least squares", "logit"]
Errors = Literal["user", "user and month", "jackknife"]


@dataclass(frozen=True)
class Specification:
    """A regression.

    outcome: a column of `core.classified_sessions` or of DERIVED; a Boolean one makes a linear probability model.
    controls: columns whose interaction forms one set of absorbed fixed-effect cells; none means an intercept.
    estimator: "logit" reports average marginal effects (see `logit.py`).
    errors: clusters of the standard errors (see `errors.py`).
    effects: one more column whose fixed effects are absorbed beside the cells. Who is there once drops out.
    same_cells: columns whose cells must be large enough too: so models with fewer controls share a sample.
    """

    name: str
    outcome: str
    terms: tuple[Term, ...]
    controls: tuple[str, ...]
    sample: Sample
    estimator: Estimator = "least squares"
    errors: Errors = "user"
    effects: str | None = None
    same_cells: tuple[str, ...] = ()

    @property
    def required(self) -> tuple[str, ...]:
        """Columns in which a session must have a value."""
        of_terms = [column for term in self.terms for column in term.columns]
        return tuple(dict.fromkeys((self.outcome, *of_terms, *self.controls, *self.same_cells)))

    @property
    def read(self) -> tuple[str, ...]:
        """Columns whose values enter the fit and its standard errors; of the others only the cells count."""
        month = ("month",) if self.errors == "user and month" else ()
        return tuple(dict.fromkeys((self.outcome, *(column for term in self.terms for column in term.columns), *month)))

    @property
    def keys(self) -> frozenset[str]:
        """Columns that are only told apart: cells and clusters."""
        month = ("month",) if self.errors == "user and month" else ()
        effects = (self.effects,) if self.effects else ()
        return frozenset(("user_key", *self.controls, *self.same_cells, *month, *effects))


LEVELS = (1, 2, 3, 4, 5)
NOVICE = 1
EXPERTISE = (Term("expertise", "expertise"),)
EXPERTISE_LEVELS = tuple(
    Term(f"expertise_{level}", "expertise", level, reference=NOVICE) for level in LEVELS if level != NOVICE
)
EXPERTISE_STEPS = tuple(
    Term(f"expertise_{level - 1}_to_{level}", "expertise", level, reference=level - 1, at_least=True)
    for level in LEVELS[1:]
)
OPENING = (Term("expertise_opening", "expertise_opening"),)

_CLEAR_GOAL = pl.col("outcome") != "no_clear_goal"
ALL_SESSIONS = Sample(
    "all",
    "sessions with a clear goal, a known level of expertise and a label for every control",
    _CLEAR_GOAL & pl.col("expertise").is_not_null(),
)
HIT_TROUBLE = Sample(
    "hit_trouble",
    "sessions with a failure signal of 3 or more, a clear goal, a known level of expertise "
    "and a label for every control",
    ALL_SESSIONS.keep & pl.col("hit_trouble"),
)
OPENING_KNOWN = Sample(
    "opening",
    "sessions with a clear goal, a level of expertise read from the first prompt alone and a label for every control",
    _CLEAR_GOAL & pl.col("expertise_opening").is_not_null(),
)
WITH_EFFORT = Sample(
    "with_effort",
    "sessions with a known level of expertise, an effort above zero and a label for every control",
    pl.col("expertise").is_not_null(),
)
WITH_EFFORT_OPENING = Sample(
    "with_effort_opening",
    "sessions with a level of expertise read from the first prompt alone, an effort above zero and a label for every "
    "control",
    pl.col("expertise_opening").is_not_null(),
)
WROTE_CODE = Sample(
    "wrote_code",
    "sessions with a clear goal that added at least one line, of users whose occupation is known",
    _CLEAR_GOAL & pl.col("wrote_code") & pl.col("software_user").is_not_null(),
)
WROTE_CODE_TEN = Sample(
    "wrote_code_ten_occupations",
    "sessions with a clear goal that added at least one line, of users in the study's ten largest occupations",
    WROTE_CODE.keep & pl.col("occupation_code").is_in(TEN_OCCUPATIONS),
)

# Column of Table A1 -> its controls, from none to the study's richest. Column 6 has two terms more.
CONTROLS: dict[str, tuple[str, ...]] = {
    "table_a1_1": (),
    "table_a1_2": ("work_mode", "task_value_band"),
    "table_a1_3": ("work_mode", "task_value_band", "month"),
    "table_a1_4": ("work_mode", "task_value_band", "month", "task_occupation"),
    "table_a1_5": ("work_mode", "task_value_band", "month", "task_occupation", "user_occupation"),
}
PREFERRED = "table_a1_5"
COLUMN_6 = (*CONTROLS[PREFERRED], "model_tier", "session_length_band")
COLUMN_6_TERMS = (
    *EXPERTISE,
    Term("ln_model_calls", "log_model_calls"),
    Term("ln_human_turns", "log_human_prompts"),
)

TABLE_A1 = (
    *(
        Specification(name, "verified_success", EXPERTISE, controls, ALL_SESSIONS)
        for name, controls in CONTROLS.items()
    ),
    Specification("table_a1_6", "verified_success", COLUMN_6_TERMS, COLUMN_6, ALL_SESSIONS),
)
# The six columns on the sessions that column 6 keeps.
TABLE_A1_FIXED = tuple(
    replace(column, name=column.name.replace("a1_", "a1_fixed_"), same_cells=COLUMN_6) for column in TABLE_A1
)
TABLE_A2 = Specification("table_a2", "verified_success", EXPERTISE_LEVELS, CONTROLS[PREFERRED], ALL_SESSIONS)

FIGURE_3_CONTROLS = ("work_mode", "task_value_band", "month", "user_occupation", "model_tier")
FIGURE_3_SLOPES = tuple(
    Specification(f"figure_3_{effort}", f"log_{effort}_per_prompt", EXPERTISE, FIGURE_3_CONTROLS, WITH_EFFORT)
    for effort in ("actions", "words")
)
FIGURE_3_STEPS = tuple(replace(slope, name=f"{slope.name}_steps", terms=EXPERTISE_STEPS) for slope in FIGURE_3_SLOPES)


def _series(sample: Sample, outcomes: Iterable[str]) -> tuple[Specification, ...]:
    """The Table A2 model of each outcome on `sample`."""
    return tuple(
        Specification(f"figure_5_{sample.name}_{outcome}", outcome, EXPERTISE_LEVELS, CONTROLS[PREFERRED], sample)
        for outcome in outcomes
    )


SUCCESSES = ("at_least_partial", "judged_success", "verified_success")
FAILURES = ("judged_failure", "verified_failure", "abandoned")
FIGURE_5 = (*_series(ALL_SESSIONS, SUCCESSES), *_series(HIT_TROUBLE, (*SUCCESSES, *FAILURES)))

_AGAINST_SOFTWARE = tuple(
    Term(f"occupation_{code}", "occupation_code", code, reference=TEN_OCCUPATIONS[0]) for code in TEN_OCCUPATIONS[1:]
)
FIGURE_6 = tuple(
    Specification(f"figure_6_{outcome}", outcome, _AGAINST_SOFTWARE, (), WROTE_CODE_TEN) for outcome in SUCCESSES
)
SOFTWARE_USER = Term("software_user", "software_user")
SOFTWARE_GAP = Specification("software_gap", "verified_success", (SOFTWARE_USER,), ("month",), WROTE_CODE)
# What multiplies the month number: by how much the gap, or the return, changes from one month to the next.
SOFTWARE_GAP_TREND = replace(
    SOFTWARE_GAP,
    name="software_gap_trend",
    terms=(SOFTWARE_USER, Term("software_user_per_month", "software_user", times="month_number")),
)
RETURNS_TREND = replace(
    TABLE_A1[4],
    name="returns_trend",
    terms=(*EXPERTISE, Term("expertise_per_month", "expertise", times="month_number")),
)


def _beside(headline: Specification, opening: Sample | None) -> tuple[Specification, ...]:
    """A headline by other means: other clusters, other standard errors, and, where `opening` names their sample, the
    level as the first prompt shows it and user effects (a user's occupation does not change: nothing to compare)."""
    found = [
        replace(headline, name=f"{headline.name}_user_and_month", errors="user and month"),
        replace(headline, name=f"{headline.name}_jackknife", errors="jackknife"),
    ]
    if opening:
        found += [
            replace(headline, name=f"{headline.name}_user_effects", effects="user_key"),
            replace(headline, name=f"{headline.name}_opening", terms=OPENING, sample=opening),
        ]
    return tuple(found)


BESIDE = (
    *_beside(TABLE_A1[4], OPENING_KNOWN),
    replace(TABLE_A1[4], name="table_a1_5_logit", estimator="logit"),
    *(variant for slope in FIGURE_3_SLOPES for variant in _beside(slope, WITH_EFFORT_OPENING)),
    *_beside(SOFTWARE_GAP, None),
    replace(SOFTWARE_GAP, name="software_gap_logit", estimator="logit"),
)

# Estimated on every month alone and on every window; the rest on windows only.
EVERY_PERIOD = (*TABLE_A1, TABLE_A2, *FIGURE_3_SLOPES, SOFTWARE_GAP)
WINDOW_ONLY = (*TABLE_A1_FIXED, *FIGURE_3_STEPS, *FIGURE_6, SOFTWARE_GAP_TREND, RETURNS_TREND, *BESIDE)

# The specification curve: each column of Table A1 on all sessions, and the preferred one on parts of them.
_CURVE_SAMPLES: Mapping[str, pl.Expr] = {
    "hit_trouble": pl.col("hit_trouble"),
    "wrote_code": pl.col("wrote_code"),
    "software_users": pl.col("software_user"),
    "other_professions": ~pl.col("software_user"),
    "whole_transcripts": ~pl.col("transcript_truncated"),
}
CURVE = (
    *TABLE_A1,
    *(
        replace(TABLE_A1[4], sample=Sample(name, f"{name} among the rest", ALL_SESSIONS.keep & keep))
        for name, keep in _CURVE_SAMPLES.items()
    ),
)

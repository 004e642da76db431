"""Which published numbers are corrected by gold labels, as data; and which are not, with the reason.

Here belong the means and shares of the marts, as cuts of the sessions and what is averaged in them, and which
regressions. How they become rows is in `corrected_rows.py`. A test fails for what is in neither list.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

import polars as pl

from sessions_pipeline.analysis.gold import DECISION_SHARES
from sessions_pipeline.analysis.specifications import (
    BESIDE,
    EVERY_PERIOD,
    FAILURES,
    FIGURE_3_STEPS,
    FIGURE_6,
    LEVELS,
    OPENING,
    RETURNS_TREND,
    SOFTWARE_GAP_TREND,
    SUCCESSES,
    TABLE_A1_FIXED,
    Specification,
)
from sessions_pipeline.classifications.classifiers import CODEBASE_CONTEXTS, OUTCOMES, SOC_MAJOR_GROUPS, WORK_MODES
from sessions_pipeline.schemas import EFFORT_MEASURES

# Outcome measure -> the gold labels that it is made of.
OUTCOME_FACETS: Mapping[str, tuple[str, ...]] = {
    "verified_success": ("outcome", "success_signal"),
    "judged_success": ("outcome",),
    "at_least_partial": ("outcome",),
    "judged_failure": ("outcome",),
    "verified_failure": ("outcome", "failure_signal"),
    "abandoned": ("outcome",),
}
# Of a regressor that is a label, or made of one.
REGRESSOR_FACETS: Mapping[str, str] = {
    "expertise": "expertise",
    "expertise_opening": "expertise_opening",
    "software_user": "user_occupation",
    "occupation_code": "user_occupation",
}

_HAS_GOAL = pl.col("outcome") != "no_clear_goal"
_IS_JUDGED = _HAS_GOAL & pl.col("success_signal").is_not_null() & pl.col("failure_signal").is_not_null()
_OCCUPATION = pl.when(pl.col("user_occupation") != "unclear").then("user_occupation")
_PROFESSION = pl.when("software_user").then(pl.lit("software")).when(~pl.col("software_user")).then(pl.lit("other"))
_PROFESSIONS = ("software", "other")
_DECISIONS = dict(zip(("planning", "execution", "overall"), DECISION_SHARES, strict=True))


# Compared by identity: expressions cannot be compared, and cuts that differ in theirs alone are not the same.
@dataclass(frozen=True, eq=False)
class Cut:
    """Sessions by a label.

    breakdown: the marts' name of it, or one of its own. level: each session's level as the marts name it, null outside.
    facets: the labels (columns of core.classified_sessions) that levels are made of; errors: what `correction` calls
    them. prefix: what `term` has before the level. many: levels that gold labels cannot correct share one row.
    windows_only: the marts do not decide what of it is withheld. It is told of windows alone, and of those where no
    month has a level of few users: windows that follow each other tell the months in which they differ.
    """

    breakdown: str
    level: pl.Expr = field(repr=False)
    levels: tuple[str, ...]
    facets: tuple[str, ...]
    errors: str
    prefix: str = ""
    many: bool = False
    windows_only: bool = False

    def term(self, level: str) -> str:
        """What stands for a level in the table."""
        return f"{self.prefix}{level}".replace("|", ":")


@dataclass(frozen=True)
class Mean:
    """For each level of `cut`: its share of the cut's sessions (value None), or the mean of `value` over its sessions.

    Sessions where `value` is null do not count. kind: `share` of sessions, a `mean` of numbers, or, of numbers whose
    logarithm is `value`, the geometric mean. facets: the labels that `value` is made of. measure: the marts' name.
    also: cells (breakdown, level) without which a level would be told by the others: hidden, they hide it.
    """

    quantity: str
    cut: Cut
    correction: str
    measure: str
    value: pl.Expr | None = None
    kind: Literal["share", "mean", "log"] = "share"
    facets: tuple[str, ...] = ()
    also: tuple[tuple[str, str], ...] = ()

    @property
    def needed(self) -> tuple[str, ...]:
        """Labels (columns of core.classified_sessions) that it is made of."""
        return tuple(dict.fromkeys((*self.facets, *self.cut.facets)))


def _within(condition: pl.Expr, level: pl.Expr) -> pl.Expr:
    return pl.when(condition).then(level)


def _text(column: str) -> pl.Expr:
    return pl.col(column).cast(pl.String)


def _shares(cut: Cut, quantity: str = "", also: tuple[tuple[str, str], ...] = ()) -> Mean:
    """Shares of the levels of a cut, in the marts under its own name."""
    return Mean(quantity or cut.breakdown, cut, "label", "share", also=also)


def _bin(column: str) -> pl.Expr:
    """Ten bins of the agent's share as in staging/cells.sql: a border belongs to the bin nearer to a half, a half to
    the fifth. Null where there were no decisions."""
    place = ((1 - pl.col(column)) * 10).round(6)
    return (
        pl.when(place < 5)
        .then(place.floor() + 1)
        .when(place >= 5)
        .then(pl.max_horizontal(place.ceil(), pl.lit(5.0)))
        .cast(pl.Int64)
    )


def _codebase_means() -> Iterator[Mean]:
    yield _shares(
        Cut(
            "codebase_context", pl.col("codebase_context"), CODEBASE_CONTEXTS, ("codebase_context",), "codebase_context"
        )
    )
    changing = ("modifies_existing", "creates_new")
    level = _within(pl.col("codebase_context").is_in(changing), pl.lit("modifies_existing_or_creates_new"))
    cut = Cut("code_changing", level, ("modifies_existing_or_creates_new",), ("codebase_context",), "codebase_context")
    yield Mean(
        "lines_changed_by_codebase_context",
        cut,
        cut.errors,
        "lines_changed",
        (pl.col("lines_added") > 0) | (pl.col("lines_removed") > 0),
        also=tuple(("codebase_context", each) for each in changing),
    )


def _mode_means() -> Iterator[Mean]:
    modes = Cut("work_mode", pl.col("work_mode"), WORK_MODES, ("work_mode",), "work_mode")
    yield _shares(modes)
    yield Mean("truncated_by_work_mode", modes, modes.errors, "truncated", pl.col("transcript_truncated"))
    by_mode = Cut("task_value", pl.col("work_mode"), WORK_MODES, ("work_mode",), "work_mode")
    # Of all sessions no mode needs to be known, and so none to be right.
    known = Cut("task_value", _within(pl.col("work_mode").is_not_null(), pl.lit("all")), ("all",), (), "")
    for quantity, cut, correction in (
        ("task_value", known, "task_value"),
        ("task_value_by_work_mode", by_mode, "task_value_and_work_mode"),
    ):
        usd = pl.col("task_value_usd")
        yield Mean(quantity, cut, correction, "task_value", usd, "mean", ("task_value_usd",))


def _expertise_means() -> Iterator[Mean]:
    level, levels = _text("expertise"), tuple(map(str, LEVELS))

    def cut(breakdown: str, where: pl.Expr, *facets: str) -> Cut:
        errors = "outcome_and_expertise" if facets else "expertise"
        return Cut(breakdown, _within(where, level), levels, (*facets, "expertise"), errors, "expertise_")

    everyone = cut("expertise", pl.lit(True))
    yield _shares(everyone)
    yield Mean("truncated_by_expertise", everyone, "expertise", "truncated", pl.col("transcript_truncated"))
    for measure in EFFORT_MEASURES:
        by_level = cut(measure.replace("per_prompt", "by_expertise"), pl.lit(True))
        log = pl.when(pl.col(measure) > 0).then(pl.col(measure).log())
        yield Mean(f"{measure}_by_expertise", by_level, "expertise", measure, log, "log")
    for breakdown, measures in (("successes", SUCCESSES), ("failures", FAILURES)):
        judged = cut(breakdown, _IS_JUDGED, "outcome")
        troubled = cut(f"{breakdown}_in_trouble", _IS_JUDGED & pl.col("hit_trouble"), "outcome", "failure_signal")
        for each, suffix in ((judged, ""), (troubled, "_hit_trouble")):
            for name in measures:
                yield Mean(
                    f"{name}_by_expertise{suffix}", each, each.errors, name, pl.col(name), facets=OUTCOME_FACETS[name]
                )


def _occupation_means() -> Iterator[Mean]:
    groups = tuple(SOC_MAJOR_GROUPS)
    with_unclear = (*groups, "unclear")
    facets, errors = ("outcome", "user_occupation"), "outcome_and_user_occupation"
    judged = Cut("profession", _within(_IS_JUDGED, _PROFESSION), _PROFESSIONS, facets, errors)
    coded = _IS_JUDGED & pl.col("wrote_code")
    by_profession = Cut("profession_wrote_code", _within(coded, _PROFESSION), _PROFESSIONS, facets, errors)
    by_occupation = Cut("occupation_wrote_code", _within(coded, _OCCUPATION), groups, facets, errors)
    # The marts have the numbers of sessions of both professions that wrote code: their sum is that of all occupations.
    total = tuple(("profession_wrote_code", profession) for profession in _PROFESSIONS)
    for cut, also in ((judged, ()), (by_profession, ()), (by_occupation, total)):
        yield _shares(cut, also=also)
        for name in SUCCESSES:
            yield Mean(f"{name}_by_{cut.breakdown}", cut, errors, name, pl.col(name), facets=OUTCOME_FACETS[name])
    inferred = pl.when(pl.col("user_occupation") == "unclear").then(pl.lit("unclear"))
    yield _shares(
        Cut(
            "user_occupation_inferred",
            _within(pl.col("user_occupation").is_not_null(), inferred.otherwise(pl.lit("inferred"))),
            ("inferred", "unclear"),
            ("user_occupation",),
            "user_occupation",
            windows_only=True,
        )
    )
    pairs = tuple(f"{own}|{task}" for own in with_unclear for task in groups)
    both = ("user_occupation", "task_occupation")
    crossed = pl.concat_str(*both, separator="|")
    yield _shares(Cut("occupations", crossed, pairs, both, "user_and_task_occupation", many=True))
    # A row or column of the crossed table tells a pair that is hidden there.
    every_pair = tuple(("occupations", pair) for pair in pairs)
    for own, levels in zip(both, (with_unclear, groups), strict=True):
        level = _within(crossed.is_not_null(), pl.col(own))
        yield _shares(Cut(own, level, levels, (own,), own), also=every_pair)


def _signal_means() -> Iterator[Mean]:
    for signal in ("success_signal", "failure_signal"):
        levels = tuple(map(str, range(6)))
        cut = Cut(signal, _within(_HAS_GOAL, _text(signal)), levels, ("outcome", signal), f"outcome_and_{signal}")
        yield _shares(cut)
        yield Mean(f"judged_success_by_{signal}", cut, cut.errors, "judged_success", pl.col("judged_success"))


def _decision_means() -> Iterator[Mean]:
    for kind, column in _DECISIONS.items():
        there = Cut(kind, _within(pl.col(column).is_not_null(), pl.lit("all")), ("all",), (column,), "decisions")
        yield Mean(column, there, "decisions", "user_share", pl.col(column), "mean", (column,))
        bins = tuple(f"{number:02d}" for number in range(1, 11))
        level = _bin(column).cast(pl.String).str.zfill(2)
        if kind != "overall":
            yield _shares(Cut(kind, level, bins, (column,), "decisions", "bin_"), f"{kind}_decisions")
        band = ((_bin(column) + 1) // 2).cast(pl.String)
        bands = Cut(f"{kind}_bands", band, tuple(map(str, LEVELS)), (column,), "decisions", "band_")
        for measure in EFFORT_MEASURES:
            quantity = f"{measure}_by_{kind}_decisions"
            yield Mean(quantity, bands, "decisions", measure, pl.col(measure), "mean")


MEANS: tuple[Mean, ...] = (
    *_mode_means(),
    _shares(Cut("outcome", pl.col("outcome"), OUTCOMES, ("outcome",), "outcome", windows_only=True)),
    *_codebase_means(),
    *_signal_means(),
    *_decision_means(),
    *_expertise_means(),
    *_occupation_means(),
)

OF_WINDOWS: tuple[Specification, ...] = (
    *TABLE_A1_FIXED,
    *FIGURE_3_STEPS,
    *FIGURE_6,
    SOFTWARE_GAP_TREND,
    RETURNS_TREND,
    *(each for each in BESIDE if each.terms == OPENING),
)
SPECIFICATIONS = (*EVERY_PERIOD, *OF_WINDOWS)

_OTHER_ERRORS = "the same coefficient with another standard error: the corrected one is clustered by user"
_BESIDE_REASONS: Mapping[str, str] = {
    "user_and_month": _OTHER_ERRORS,
    "jackknife": _OTHER_ERRORS,
    "logit": "an average marginal effect of a logit is no least-squares coefficient, which is what gold labels correct",
    "user_effects": "differences within users: next to no user has two sessions with gold labels",
}
# What the tables publish and gold labels do not correct -> why.
NOT_CORRECTED: Mapping[str, str] = {
    "effort_by_model": "no label is in it: effort is counted, and the log names the model",
    "effort_quantiles": "a quantile is no mean: the geometric mean beside it is corrected",
    "task_value_median": "a median is no mean: the mean is corrected",
    "decision_correlations": "a correlation is neither mean nor coefficient: the mean shares are corrected",
    "task_value_change": "parts of a product of shares and means, of two single months: the means are corrected",
    "r_squared": "how much of the judge's outcomes the judge's labels explain",
    "specification_curve": "the same coefficient by other choices: those of Table A1 are corrected",
    **{
        each.name: next(reason for ending, reason in _BESIDE_REASONS.items() if each.name.endswith(ending))
        for each in BESIDE
        if each not in SPECIFICATIONS
    },
}

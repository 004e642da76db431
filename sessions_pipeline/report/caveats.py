"""What a reader must know before quoting a number: caveats that are due for these inputs, in words."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from sessions_pipeline.report import exhibits, numbers, sentences
from sessions_pipeline.report.inputs import TABLES, ReportInputs

FEW_CLUSTERS = 50
# Headings that exhibits name.
MADE_UP = "Made-up data"
PERSONAL = "For yourself, not for publication"
FEW_USERS = "Few users"
LABELS = ("Labels by rules", "Labels by a distilled judge")
UNCALIBRATED = "Task values are not calibrated"
ASSOCIATION = "Association, not effect"


@dataclass(frozen=True)
class Caveat:
    """A short heading and what follows from it."""

    heading: str
    text: str


def caveats(inputs: ReportInputs) -> list[Caveat]:
    """The caveats that are due, most important first."""
    return [
        caveat
        for caveat in (
            _made_up(inputs),
            _personal(inputs),
            _backend(inputs),
            _unbalanced(inputs),
            _few_users(inputs),
            _suppressed(inputs),
            _gaps(inputs),
            *_ALWAYS,
        )
        if caveat is not None
    ]


_ALWAYS = (
    Caveat(
        UNCALIBRATED,
        "They are the backend’s estimate of a freelance price. The study’s own estimator made small jobs 2.4 times "
        "too dear and the largest 7 times too cheap. Use the order and the relative change, not the dollars.",
    ),
    Caveat(
        ASSOCIATION,
        "Expertise and outcome are read from the same transcript, and nobody assigned expertise at random. "
        "A coefficient says how the two go together.",
    ),
    Caveat(
        "Many numbers, each with its own interval",
        "Intervals and p values are for one number at a time; none is corrected for how many there are. Of a hundred "
        "true values about five lie outside their 95% intervals. A difference that was searched for in these tables "
        "needs stricter evidence than one that was asked about beforehand.",
    ),
    Caveat(
        "The study is another population",
        "Its figures come from other people, other months and another judge. A difference from them mixes all three; "
        "“inside the interval” is not a test that the two are equal.",
    ),
)


def _made_up(inputs: ReportInputs) -> Caveat | None:
    return Caveat(MADE_UP, sentences.made_up(inputs.made_up)) if inputs.made_up else None


def _personal(inputs: ReportInputs) -> Caveat | None:
    if not inputs.personal:
        return None
    return Caveat(
        PERSONAL,
        "These are one user’s own sessions. Nothing is suppressed, and numbers may describe single sessions. "
        "Intervals that are clustered by user cannot be had from one user.",
    )


def _backend(inputs: ReportInputs) -> Caveat | None:
    if inputs.backend == "rules":
        return Caveat(
            LABELS[0],
            "Work mode, expertise, outcome, signals and task value come from the embedded rules backend: fixed rules "
            "on the transcript and the telemetry, not the study’s language-model judge. They are cheaper and cruder. "
            "Error in the labels is in none of the intervals.",
        )
    if inputs.backend == "distilled":
        return Caveat(
            LABELS[1],
            "Labels come from small models that learned those of a language-model judge on a sample of sessions. They "
            "copy its errors and add their own, mostly towards the commoner labels. Error in the labels is in none of "
            "the intervals.",
        )
    return None


def _few_users(inputs: ReportInputs) -> Caveat | None:
    if inputs.personal or not 0 < inputs.users < FEW_CLUSTERS:
        return None
    return Caveat(
        FEW_USERS,
        f"There are {numbers.plural(inputs.users, 'user')}. Below about {FEW_CLUSTERS}, intervals clustered by user "
        "tend to be too narrow; regressions take the jackknife, which errs the other way.",
    )


def _suppressed(inputs: ReportInputs) -> Caveat | None:
    hidden = sum(_hidden(inputs.frame(name), inputs) for name in TABLES)
    if not hidden:
        return None
    return Caveat(
        "Suppressed cells",
        f"{numbers.plural(hidden, 'cell')} of this report’s tables {'is' if hidden == 1 else 'are'} suppressed: fewer "
        f"than {inputs.min_users} users, or a neighbour that would reveal such a cell. They are marked, and are "
        "missing from every comparison. Logs of more people show more. Each of them can see "
        "all of their own in a report of their logs alone; and where all readers may know more, min_users in the "
        "settings can be lower.",
    )


def _hidden(frame: pl.DataFrame, inputs: ReportInputs) -> int:
    """Suppressed cells that the report shows: the vintage's window, and each of its months alone."""
    if "suppressed" not in frame.columns:
        return 0
    if "period" not in frame.columns:
        return frame.filter("suppressed", pl.col("month") == inputs.month).height
    of_window = (pl.col("period") == "window") & (pl.col("month") == inputs.month)
    of_months = (pl.col("period") == "month") & pl.col("month").is_in(list(inputs.months))
    by_month = bool({"work_mode", "profession"} & set(frame.columns))
    return frame.filter("suppressed", (of_window | of_months) if by_month else of_window).height


def _gaps(inputs: ReportInputs) -> Caveat | None:
    missing = [month for month in inputs.window if month not in inputs.months]
    if not missing or not inputs.months:
        return None
    names = ", ".join(numbers.month_name(month) for month in missing)
    return Caveat("Months without sessions", f"The window holds no session in {names}.")


def _unbalanced(inputs: ReportInputs) -> Caveat | None:
    steps = exhibits.attrition_steps(inputs.frame("attrition"), inputs.window)
    wrong = [f"{rule} in {numbers.month_name(month)}" for month, rule in exhibits.unbalanced(steps)]
    counts = [step.remaining for step in steps if step.unit == "session"]
    if counts and inputs.eligible_sessions not in counts:
        wrong.append(f"no rule leaves the {numbers.plural(inputs.eligible_sessions, 'session')} that are analysed")
    return Caveat("The flow does not add up", f"{sentences.capitalised('; '.join(wrong))}.") if wrong else None

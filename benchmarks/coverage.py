"""Coverage of 95% intervals when the judge errs: by the judge's labels alone, and corrected by gold labels of a few.

Sessions are drawn again and again with planted coefficients and shares, from users who differ; the judge misreads
outcomes and expertise, and more so in one direction the higher the expertise. Counted is how many intervals hold what
was planted.

python -m benchmarks.coverage [--draws N] [--sessions N] [--gold N] [--json]
"""

from __future__ import annotations

import argparse
import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
import polars.selectors as cs

from benchmarks.findings import Finding, progress, tell
from sessions_pipeline.analysis.corrected_models import regression_rows
from sessions_pipeline.analysis.corrected_period import Period
from sessions_pipeline.analysis.corrected_quantities import MEANS
from sessions_pipeline.analysis.corrected_rows import mean_rows
from sessions_pipeline.analysis.corrected_sessions import Ready, gold_labels, judged_sessions
from sessions_pipeline.analysis.gold import GOLD, Plan, draw
from sessions_pipeline.analysis.models import Row
from sessions_pipeline.analysis.specifications import PREFERRED, TABLE_A1
from sessions_pipeline.schemas import polars_schema

DRAWS, SESSIONS, GOLD_SESSIONS = 200, 30_000, 1_000
LOWEST, HIGHEST = 0.92, 0.98
MIN_USERS = 5
# The day of the study's publication: a draw's own generator is seeded by it and the draw's number.
SEED = 20_260_616
SLOPE = 0.0379
SHARE_OF_CONTEXT = (0.48, 0.17, 0.14, 0.21)
SHARE_OF_OCCUPATION = (0.6, 0.25, 0.15)
# Of a beta distribution with parameters 2.1 and 0.9.
PLANNING_SHARE = 0.7
MONTHS = tuple(dt.date(2026, month, 1) for month in (1, 2, 3))
NOW = dt.datetime(2026, 4, 1)
# What is looked at: (quantity, term, correction) -> what was planted.
PLANTED: Mapping[tuple[str, str, str], float] = {
    (PREFERRED, "expertise", "outcome"): SLOPE,
    (PREFERRED, "expertise", "outcome_and_expertise"): SLOPE,
    ("codebase_context", "explores_existing", "label"): SHARE_OF_CONTEXT[1],
    ("user_planning_share", "all", "decisions"): PLANNING_SHARE,
    ("user_occupation", "11", "label"): SHARE_OF_OCCUPATION[1],
}
CONTEXTS = ("modifies_existing", "explores_existing", "creates_new", "no_codebase")
OCCUPATIONS = ("15", "11", "13")


@dataclass(frozen=True)
class Study:
    """Rows of core.classified_sessions as the judge labels them, and true labels: session_id and one per facet.

    occupation: what a judge says who errs on it too; in `judged` it is true, for it is a control of what is planted.
    """

    judged: pl.DataFrame
    truth: pl.DataFrame
    occupation: pl.Series


def study(seed: int, sessions: int, *, expertise_errs: bool) -> Study:
    """`sessions` of 0.6 times as many users, most with one; success rises by SLOPE per level of true expertise.

    Users have a usual level and a success of their own. Mode, value and occupations shift both expertise and success,
    so that without controls the slope is another. The judge calls failures successes more often, and successes
    failures less often, the higher the level; where `expertise_errs`, it also draws levels to the middle, and up where
    it saw success. It takes decisions for the user's, and occupations for the first one, the more so too.
    """
    rng = np.random.default_rng((SEED, seed))
    users = int(0.6 * sessions)
    user = rng.choice(users, sessions, p=_heavy(rng, users))
    mode, band = rng.integers(0, 4, sessions), rng.integers(0, 2, sessions)
    task, own = rng.choice(3, sessions, p=(0.7, 0.2, 0.1)), rng.choice(3, users, p=SHARE_OF_OCCUPATION)[user]
    month = rng.integers(0, len(MONTHS), sessions)
    centre = 2.4 + 0.5 * (own == 0) + 0.3 * band - 0.3 * (mode == 1) + rng.normal(0, 0.7, users)[user]
    level = np.clip(np.rint(centre + rng.normal(0, 0.7, sessions)), 1, 5).astype(np.int64)
    chance = 0.1 + SLOPE * level + 0.08 * (mode == 1) - 0.05 * band + 0.06 * (own == 0) + 0.02 * month
    success = rng.random(sessions) < chance + rng.uniform(-0.1, 0.1, users)[user]
    context = rng.choice(4, sessions, p=SHARE_OF_CONTEXT)

    lean = (level - 1) / 4
    wrong = np.where(success, 0.25 - 0.15 * lean, 0.03 + 0.09 * lean)
    judged_success = success ^ (rng.random(sessions) < wrong)
    step = np.where(level > 3, -1, 1) * (rng.random(sessions) < 0.2 * (level != 3))
    step = step + (judged_success & (rng.random(sessions) < 0.1))
    judged_level = np.clip(level + step * expertise_errs, 1, 5)
    judged_context = np.where(rng.random(sessions) < 0.1 + 0.1 * lean, 0, context)

    planning = rng.beta(2.1, 0.9, sessions)
    judged_planning = np.clip(planning + 0.05 + 0.1 * lean + rng.normal(0, 0.1, sessions), 0, 1)
    judged_own = np.where(rng.random(sessions) < 0.1 + 0.2 * lean, 0, own)

    ids = pl.Series("session_id", [f"s{number:06d}" for number in range(sessions)])
    shared = {
        "month": pl.Series(MONTHS)[month],
        "user_key": pl.Series(user).cast(pl.String),
        "work_mode": pl.Series(["build", "fix", "plan", "test"])[mode],
        "task_value_band": pl.Series(["10-200", "200-1000"])[band],
        "task_occupation": pl.Series(OCCUPATIONS)[task],
        "user_occupation": pl.Series(OCCUPATIONS)[own],
        **dict.fromkeys(("user_planning_share", "user_decision_share"), pl.Series(judged_planning)),
    }
    return Study(
        _judged(ids, shared, judged_success, judged_level, judged_context),
        _truth(ids, success, level, context).with_columns(
            shared["user_occupation"].alias("user_occupation"),
            user_planning_share=planning,
            user_decision_share=planning,
        ),
        pl.Series("user_occupation", OCCUPATIONS)[judged_own],
    )


def _heavy(rng: np.random.Generator, users: int) -> np.ndarray:
    """Shares of sessions by user: a few have many, as in the study."""
    weight = rng.pareto(2.5, users) + 1
    return weight / weight.sum()


def _judged(
    ids: pl.Series,
    shared: Mapping[str, pl.Series],
    success: np.ndarray,
    level: np.ndarray,
    context: np.ndarray,
) -> pl.DataFrame:
    outcome = np.where(success, "succeeded", "failed")
    known: dict[str, pl.Series | np.ndarray] = {
        **shared,
        "labels_backend": np.full(len(ids), "rules"),
        "expertise": level,
        "outcome": outcome,
        "success_signal": np.where(success, 4, 1),
        "failure_signal": np.zeros(len(ids), dtype=np.int64),
        "codebase_context": pl.Series(CONTEXTS)[context],
        **dict.fromkeys(("verified_success", "judged_success", "at_least_partial"), success),
        **dict.fromkeys(("judged_failure", "verified_failure"), ~success),
        "hit_trouble": np.zeros(len(ids), dtype=np.bool_),
    }
    empty = [pl.lit(None, dtype=kind).alias(name) for name, kind in polars_schema("core.classified_sessions").items()]
    return pl.DataFrame([ids]).with_columns(empty[1:]).with_columns(pl.Series(name, known[name]) for name in known)


def _truth(ids: pl.Series, success: np.ndarray, level: np.ndarray, context: np.ndarray) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "session_id": ids,
            "outcome": np.where(success, "succeeded", "failed"),
            "success_signal": np.where(success, "4", "1"),
            "expertise": pl.Series(level).cast(pl.String),
            "codebase_context": pl.Series(CONTEXTS)[context],
        }
    )


def gold_rows(draws: pl.DataFrame, truth: pl.DataFrame) -> pl.DataFrame:
    """Rows of labels.gold: the true labels of the sessions of `draws`."""
    drawn, keys = draws.select("session_id", "month").join(truth, on="session_id"), ["session_id", "month"]
    long = pl.concat(
        [
            drawn.select(*keys, kind).unpivot(index=keys, variable_name="facet", value_name=column)
            for column, kind in (("label", cs.string() - cs.by_name(keys)), ("value", cs.float()))
        ],
        how="diagonal",
    )
    fixed = {"pass_number": 1, "file_sha256": "-", "loaded_at": NOW}
    return long.with_columns(pl.lit(value).alias(name) for name, value in fixed.items()).select(
        pl.col(name).cast(kind) for name, kind in polars_schema(GOLD).items()
    )


def one_draw(seed: int, sessions: int, gold_sessions: int, *, expertise_errs: bool) -> Iterator[Row]:
    """What is planted, estimated on one study of which `gold_sessions` are drawn and labelled without error."""
    made = study(seed, sessions, expertise_errs=expertise_errs)
    drawn = draw(made.judged, Plan(MONTHS, ("outcome", "expertise"), gold_sessions, seed), NOW)
    gold = gold_labels(drawn, gold_rows(drawn, made.truth))

    def period(sessions: pl.DataFrame) -> Period:
        judged = judged_sessions(sessions)
        return Period("window", MONTHS[-1], judged, Ready(judged, gold), MIN_USERS)

    planted = {quantity for quantity, _, _ in PLANTED}
    yield from regression_rows(period(made.judged), [column for column in TABLE_A1 if column.name in planted])
    if expertise_errs:
        misread = made.judged.with_columns(made.occupation)
        yield from mean_rows(period(misread), [mean for mean in MEANS if mean.quantity in planted])


@dataclass(frozen=True)
class Coverage:
    """Shares of the intervals that hold what was planted, and mean errors of the estimates."""

    draws: int
    naive: float
    corrected: float
    naive_bias: float
    corrected_bias: float
    mean_std_error: float
    spread: float


def coverage(
    draws: int, sessions: int, gold_sessions: int, first_seed: int = 0
) -> dict[tuple[str, str, str], Coverage]:
    """Coverage of everything in PLANTED over `draws` studies.

    The correction of the outcome alone is looked at where the judge errs on the outcome alone, means where it errs on
    all. Raises KeyError if something planted was not estimated.
    """
    found: dict[tuple[str, str, str], list[Row]] = defaultdict(list)
    for number in range(draws):
        for expertise_errs in (False, True):
            rows = one_draw(first_seed + number, sessions, gold_sessions, expertise_errs=expertise_errs)
            for row in rows:
                key = (str(row["quantity"]), str(row["term"]), str(row["correction"]))
                if key in PLANTED and (key[2] == "outcome") != expertise_errs:
                    found[key].append(row)
        if (number + 1) % 20 == 0:
            progress(f"coverage: {number + 1} of {draws} draws")
    return {key: _summary(dict(found)[key], value) for key, value in PLANTED.items()}


def _summary(rows: list[Row], planted: float) -> Coverage:
    naive, error = (np.array([row[name] for row in rows]) for name in ("naive", "naive_std_error"))
    low, high, estimate, own = (
        np.array([row[name] for row in rows]) for name in ("ci_low", "ci_high", "corrected", "std_error")
    )
    return Coverage(
        draws=len(rows),
        naive=float(np.mean(np.abs(naive - planted) <= 1.96 * error)),
        corrected=float(np.mean((low <= planted) & (planted <= high))),
        naive_bias=float(naive.mean() - planted),
        corrected_bias=float(estimate.mean() - planted),
        mean_std_error=float(own.mean()),
        spread=float(estimate.std(ddof=1)),
    )


def findings(draws: int = DRAWS, sessions: int = SESSIONS, gold_sessions: int = GOLD_SESSIONS) -> list[Finding]:
    """One line for the judge's intervals, without a target, and one for the corrected ones, of each quantity."""
    lines = []
    for (quantity, term, correction), found in coverage(draws, sessions, gold_sessions).items():
        name = f"{quantity} {term}, errors in {correction.replace('_', ' ')}"
        lines.append(Finding(f"{name}: judge", found.naive, f"{found.naive:.1%} (bias {found.naive_bias:+.4f})"))
        shown = (
            f"{found.corrected:.1%} (bias {found.corrected_bias:+.4f}, standard error {found.mean_std_error:.4f}, "
            f"spread {found.spread:.4f})"
        )
        met = LOWEST <= found.corrected <= HIGHEST
        lines.append(Finding(f"{name}: corrected", found.corrected, shown, f"{LOWEST:.0%} to {HIGHEST:.0%}", met))
    return lines


def main() -> None:
    """Runs it and prints the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--draws", type=int, default=DRAWS)
    parser.add_argument("--sessions", type=int, default=SESSIONS)
    parser.add_argument("--gold", type=int, default=GOLD_SESSIONS)
    parser.add_argument("--json", action="store_true", help="a JSON object instead of a table")
    given = parser.parse_args()
    title = f"Coverage of 95% intervals: {given.draws} draws of {given.sessions:,} sessions, {given.gold:,} gold labels"
    tell(title, findings(given.draws, given.sessions, given.gold), given.json)


if __name__ == "__main__":
    main()

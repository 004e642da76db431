"""A simulated study: classified sessions as many as the published ones, with what was planted in them.

Here belongs the drawing of `core.classified_sessions` itself, labels and telemetry, without logs or transcripts (those
are written by `logs.py`). Everything is drawn in whole columns from one seed.

Planted, and exact
    The chance of verified success is a sum: one number for the cell of the preferred controls (work mode, value band,
    month, both occupations) plus one for the level of expertise. So Table A2 estimates the steps of `Planted.steps`
    without bias. Column 5 of Table A1 estimates their best line within cells, which the published steps leave at
    0.0390 under the published counts of levels; that levels 2 and 3 are spread over cells unevenly, and a shift of
    the steps by less than they were rounded, bring it to 0.0379. Logarithms of actions and words per prompt rise by
    the published 9% and 13% per level within the cells of the Figure 3 regressions.
    Users differ: whether a session ends well is decided by a uniform number that a user's sessions share in part
    (a Gaussian copula), so that standard errors have something to be clustered for, and every chance stays as planted.
Calibrated, and approximate
    What the study printed about work modes and their trend, occupations, outcomes, signals, effort and task values.
    What it did not print (how many sessions a month has, say) is made up. `analysis.published_comparison` says how
    near each figure comes.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from sessions_pipeline.classifications.classifiers import TASK_VALUE_BANDS, WORK_MODES
from sessions_pipeline.months import add_months
from sessions_pipeline.schemas import polars_schema

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

SEED = 20260616
# Stands where a log would name the version of the agent: tells simulated sessions from read ones.
VERSION = "simulated study"
SESSIONS = 398_198
FIRST_MONTH = dt.date(2025, 10, 1)
MONTHS = 7
# Published: users by how many sessions they have. The shares within a class are made up.
USERS_BY_SESSIONS = {1: 234_751 - 73_066, 2: 73_066 - 6_382, 6: 6_382 - 1_413, 11: 1_413}
SHARES_OF_2_TO_5 = (0.58, 0.26, 0.11, 0.05)
# Published: sessions of Table A1, column 1, by level. The rest has no clear goal or no level.
LEVEL_COUNTS = (5_911, 73_858, 96_516, 146_879, 36_422)
NO_CLEAR_GOAL = 0.077
STEPS = (0.0, 0.064, 0.138, 0.150, 0.184)
SLOPE = 0.0379
ROUNDING = 0.0005
LOG_ACTIONS_PER_LEVEL, LOG_WORDS_PER_LEVEL = float(np.log(1.09)), float(np.log(1.13))
# Correlations of what a user's sessions share, on the scale of the normal variables behind.
OUTCOME_SHARED, EXPERTISE_SHARED = 0.25, 0.5
# Share with no tool call, and share of very long sessions: 2% of all call tools over 100 times per prompt.
NO_TOOLS = 0.14
LONG_SESSIONS = 0.02 / (1 - NO_TOOLS)
# Of a session without trouble: beyond it, what is left of the chance goes to sessions in trouble.
HIGHEST_CHANCE = 0.97


@dataclass(frozen=True)
class Planted:
    """What the models should find.

    steps: verified success at levels 1 to 5 minus that at level 1. slope: their best line within the cells of column
    5. log_actions, log_words: rise of the logarithms per level.
    chance: each session's chance of verified success, NaN where it has no clear goal or no level; shape (n,).
    """

    steps: tuple[float, ...]
    slope: float
    log_actions: float
    log_words: float
    chance: Floats


@dataclass(frozen=True)
class Study:
    """sessions: rows of `core.classified_sessions`, in order of session_id; planted: the truth behind them."""

    sessions: pl.DataFrame
    planted: Planted


# First month, whole study, last month; where the study printed no end, one that lets the modes sum to one.
_MODE_SHARES: Mapping[str, tuple[float, float, float]] = {
    "plan": (0.050, 0.07, 0.080),
    "build": (0.265, 0.25, 0.210),
    "fix": (0.330, 0.26, 0.190),
    "understand": (0.075, 0.07, 0.060),
    "test": (0.020, 0.02, 0.020),
    "operate": (0.140, 0.17, 0.210),
    "analyze": (0.022, 0.03, 0.035),
    "orchestrate": (0.020, 0.03, 0.030),
    "communicate": (0.078, 0.10, 0.165),
}
# Relative chance of verified success; the product over all five is scaled to the study's mean.
_MODE_ODDS = (0.20, 1.0, 1.65, 0.06, 2.5, 1.45, 0.5, 0.9, 0.08)
_MODE_EFFORT = (0.05, 0.1, 0.15, -0.1, 0.2, 0.15, 0.0, 0.0, -0.5)
_BAND_ODDS = (1.12, 0.95, 0.85, 0.80)
_MONTH_RISE = 0.06
# Growth of the mean task value from the first month to the last.
_VALUE_GROWTH = (0.20, 0.43, 0.32, 0.15, 0.20, 0.34, 0.15, 0.30, 0.02)
_VALUE_MEDIAN = (320.0, 520.0, 230.0, 150.0, 300.0, 270.0, 420.0, 600.0, 210.0)
# Group: share of users, relative chance of verified success.
_OCCUPATIONS: Mapping[str, tuple[float, float]] = {
    "15": (0.55, 1.02),
    "11": (0.09, 1.12),
    "13": (0.08, 0.88),
    "27": (0.06, 0.83),
    "17": (0.05, 0.80),
    "25": (0.045, 0.80),
    "19": (0.04, 0.80),
    "41": (0.03, 0.84),
    "23": (0.02, 1.00),
    "29": (0.015, 0.84),
    "43": (0.01, 0.80),
    "21": (0.005, 0.80),
    "49": (0.005, 0.80),
}
_UNCLEAR_OCCUPATION = 0.3
_LEAN_OF_TASK, _LEAN_OF_OCCUPATION = 2.0, 1.5
_TASK_OF_OWN_OCCUPATION, _TASK_OF_COMPUTING = 0.25, 0.60


def simulate_study(sessions: int = SESSIONS, seed: int = SEED) -> Study:
    """A study of `sessions` sessions; users and levels keep the published proportions, exactly at the full size."""
    if sessions < 1_000:
        raise ValueError(f"{sessions} sessions are too few for the published proportions; ask for 1000 or more")
    rng = np.random.default_rng(seed)
    user = session_users(rng, sessions)
    n_users = int(user.max()) + 1
    month = rng.integers(0, MONTHS, sessions)
    mode = _modes(rng, month, user)
    true_occupation = rng.choice(len(_OCCUPATIONS), n_users, p=_scaled([share for share, _ in _OCCUPATIONS.values()]))
    unclear = rng.random(sessions) < _UNCLEAR_OCCUPATION
    occupation = np.where(unclear, len(_OCCUPATIONS), true_occupation[user])
    task = _tasks(rng, true_occupation[user])
    software = true_occupation[user] == 0
    value = rng.standard_normal(sessions)
    usd = _task_values(value, mode, month)
    band = np.digitize(usd, (200.0, 1000.0, 5000.0))

    clear, known = _known(rng, sessions)
    level = _levels(rng, user, value, software, occupation == 0, month, task, clear & known)
    cell_chance = _cell_chances(mode, band, month, task, occupation)
    cell = _combined(mode, band, month, task, occupation)
    in_sample = clear & known
    mean_cell = 0.275 - float(np.array(STEPS)[level[in_sample] - 1].mean())
    cell_chance *= mean_cell / cell_chance[in_sample].mean()
    steps = _steps(level[in_sample], cell[in_sample])
    chance = cell_chance + steps[level - 1]
    outcomes = _outcomes(rng, user, level, chance)
    planning, execution = rng.beta(2.1, 0.9, sessions), rng.beta(0.8, 3.2, sessions)
    # Fewer actions where the user decides: published for both ends.
    leaning = np.array(_MODE_EFFORT)[mode] - 0.53 * (planning - 0.7) - 0.6 * (execution - 0.2)
    effort = _effort(rng, level, band, leaning, outcomes["verified"])
    wrote_code, lines = _code(rng, level, outcomes)
    frame = pl.DataFrame(
        {
            "session_id": pl.Series(np.arange(sessions)).cast(pl.String).str.zfill(8),
            "month": _picked([add_months(FIRST_MONTH, n) for n in range(MONTHS)], month),
            "user_key": pl.Series(user).cast(pl.String).str.zfill(8),
            "project_key": None,
            "harness": "claude_code",
            "model_tier": _picked(["opus", "sonnet", "haiku"], _shared_choice(rng, user, (0.5, 0.44, 0.06))),
            **effort,
            **lines,
            "git_commits": rng.poisson(np.where(outcomes["verified"] & wrote_code, 0.8, 0.1)),
            "pull_requests": rng.binomial(1, np.where(outcomes["verified"] & wrote_code, 0.15, 0.01)),
            "last_test_passed": None,
            "transcript_truncated": rng.random(sessions) < np.clip(0.05 * level, 0, 1),
            "labels_backend": "claude",
            "work_mode": _picked(list(WORK_MODES), mode),
            "expertise": pl.Series(level),
            "expertise_opening": _opening(rng, level),
            "user_occupation": _picked([*_OCCUPATIONS, "unclear"], occupation),
            "task_occupation": _picked(list(_OCCUPATIONS), task),
            "outcome": _picked(
                ["succeeded", "partially_succeeded", "failed", "no_clear_goal"], np.where(clear, outcomes["outcome"], 3)
            ),
            **_signals(rng, level, outcomes, clear),
            "codebase_context": _contexts(rng, wrote_code),
            "user_planning_share": planning,
            "user_execution_share": execution,
            "user_decision_share": (planning + execution) / 2,
            "task_value_usd": usd,
            "task_value_band": _picked(list(TASK_VALUE_BANDS), band),
            "known": known,
        }
    )
    derived = _derived(frame)
    columns = polars_schema("core.classified_sessions")
    classified = derived.select(pl.col(name).cast(kind) for name, kind in columns.items())
    truth = Planted(
        tuple(float(step) for step in steps),
        _slope_within(steps[level[in_sample] - 1], level[in_sample], cell[in_sample]),
        LOG_ACTIONS_PER_LEVEL,
        LOG_WORDS_PER_LEVEL,
        np.where(in_sample, chance, np.nan),
    )
    return Study(classified, truth)


def telemetry(classified: pl.DataFrame) -> pl.DataFrame:
    """Rows of `core.sessions` for rows of `core.classified_sessions`, all of them eligible; what no log said is null.

    Times are spread evenly over the month; counts that nothing simulated stands behind are zero.
    """
    columns = polars_schema("core.sessions")
    days = pl.col("month").cast(pl.Datetime("us"))
    number = pl.col("session_id").cast(pl.Int64)
    made_up = {
        "started_at": days + pl.duration(minutes=number % (28 * 24 * 60)),
        "ended_at": days + pl.duration(minutes=number % (28 * 24 * 60)) + pl.duration(seconds=pl.col("active_seconds")),
        "cli_version": pl.lit(VERSION),
        "entrypoint": pl.lit("cli"),
        "model": pl.col("model_tier"),
        "files_changed": pl.min_horizontal("lines_added", pl.lit(3)),
        "transcript_chars": 6 * pl.col("assistant_words"),
        "transcript_sha256": pl.concat_str(pl.lit(f"{VERSION} "), "session_id"),
        "log_digest": pl.concat_str(pl.lit(f"{VERSION} "), "session_id"),
        "is_eligible": pl.lit(True),
        "exclusion": pl.lit(None),
    }
    given = set(classified.columns)
    return classified.select(
        (made_up[name] if name in made_up else pl.col(name) if name in given else pl.lit(0)).cast(kind).alias(name)
        for name, kind in columns.items()
    )


def _derived(frame: pl.DataFrame) -> pl.DataFrame:
    """`frame` with the measures of core.classified_sessions; the level is null where it is not `known`."""
    known, outcome = pl.col("known"), pl.col("outcome")
    return frame.with_columns(
        pl.when(known).then("expertise").alias("expertise"),
        ((outcome == "succeeded") & (pl.col("success_signal") >= 4)).alias("verified_success"),
        (outcome == "succeeded").alias("judged_success"),
        outcome.is_in(["succeeded", "partially_succeeded"]).alias("at_least_partial"),
        (outcome == "failed").alias("judged_failure"),
        ((outcome == "failed") & (pl.col("failure_signal") >= 4)).alias("verified_failure"),
        (pl.col("failure_signal") >= 3).alias("hit_trouble"),
        ((outcome == "failed") & (pl.col("lines_added") == 0)).alias("abandoned"),
        (pl.col("lines_added") > 0).alias("wrote_code"),
        pl.when(pl.col("user_occupation") != "unclear").then(pl.col("user_occupation") == "15").alias("software_user"),
        (pl.col("tool_calls") / pl.col("human_prompts")).alias("actions_per_prompt"),
        (pl.col("assistant_words") / pl.col("human_prompts")).alias("words_per_prompt"),
        pl.lit(None).alias("api_cost_usd"),
    )


def session_users(rng: np.random.Generator, sessions: int) -> Integers:
    """Each session's user, shape (sessions,); users with many sessions are as many as published, to scale."""
    scale = sessions / SESSIONS
    # From the top: rounding falls on those with a single session, who are the most.
    many = {least: round(count * scale) for least, count in USERS_BY_SESSIONS.items()}
    counts = [
        rng.choice([2, 3, 4, 5], many[2], p=SHARES_OF_2_TO_5),
        rng.choice([6, 7, 8, 9, 10], many[6], p=(0.36, 0.25, 0.17, 0.12, 0.10)),
    ]
    heavy = np.full(many[11], 11)
    left = sessions - many[1] - sum(int(of_class.sum()) for of_class in counts) - int(heavy.sum())
    # What is left belongs to the heaviest users, more of it to some than to others.
    heavy = heavy + rng.multinomial(left, rng.dirichlet(np.full(many[11], 0.7)))
    per_user = np.concatenate([np.ones(many[1], dtype=np.int64), *counts, heavy])
    rng.shuffle(per_user)
    return rng.permutation(np.repeat(np.arange(per_user.size), per_user))


def _shared(rng: np.random.Generator, user: Integers, share: float) -> Floats:
    """Standard normal numbers, shape (n,), that sessions of the same user share with correlation `share`."""
    of_user = rng.standard_normal(int(user.max()) + 1)
    return np.sqrt(share) * of_user[user] + np.sqrt(1 - share) * rng.standard_normal(user.size)


def _uniform(normal: Floats) -> Floats:
    from scipy.special import ndtr

    result: Floats = ndtr(normal)
    return result


def _shared_choice(rng: np.random.Generator, user: Integers, shares: tuple[float, ...]) -> Integers:
    """An index drawn with `shares`, alike for sessions of the same user."""
    return np.digitize(_uniform(_shared(rng, user, 0.4)), np.cumsum(shares)[:-1])


def _scaled(shares: list[float]) -> Floats:
    return np.array(shares) / np.sum(shares)


def _picked(values: list[str] | list[dt.date], index: Integers) -> pl.Series:
    return pl.Series(values).gather(index)


def _combined(*factors: Integers) -> Integers:
    """Each session's combination of `factors` as a number from 0, shape (n,)."""
    cell = np.zeros(factors[0].size, dtype=np.int64)
    for factor in factors:
        cell = np.unique(cell * (int(factor.max()) + 1) + factor, return_inverse=True)[1]
    return cell


def mode_shares() -> Floats:
    """Shares of the work modes in each month, shape (MONTHS, modes): published ends and mean, by proportional fitting.

    All months count alike. The months in between are those nearest to a straight line whose mean is as published.
    """
    first, whole, last = (_scaled([row[n] for row in _MODE_SHARES.values()]) for n in range(3))
    steps = np.linspace(0, 1, MONTHS)[1:-1, None]
    inner = first + (last - first) * steps
    column_sums = whole * MONTHS - first - last
    for _ in range(200):
        inner *= column_sums / inner.sum(axis=0)
        inner /= inner.sum(axis=1, keepdims=True)
    return np.vstack([first, inner, last])


def _modes(rng: np.random.Generator, month: Integers, user: Integers) -> Integers:
    """Work modes, as indices of WORK_MODES; a user's are alike."""
    bounds = np.cumsum(mode_shares(), axis=1)[:, :-1]
    drawn = _uniform(_shared(rng, user, 0.2))
    return np.sum(drawn[:, None] >= bounds[month], axis=1)


def _tasks(rng: np.random.Generator, own: Integers) -> Integers:
    """Whose work it is, as indices of the occupations: mostly computing, often the user's own."""
    drawn = rng.random(own.size)
    others = rng.choice(len(_OCCUPATIONS), own.size, p=_scaled([share for share, _ in _OCCUPATIONS.values()]))
    return np.where(
        drawn < _TASK_OF_COMPUTING, 0, np.where(drawn < _TASK_OF_COMPUTING + _TASK_OF_OWN_OCCUPATION, own, others)
    )


def _task_values(value: Floats, mode: Integers, month: Integers) -> Floats:
    """US dollars, log-normal within a mode, its mean growing as published."""
    growth = np.log1p(np.array(_VALUE_GROWTH))[mode] * month / (MONTHS - 1)
    usd: Floats = np.round(np.array(_VALUE_MEDIAN)[mode] * np.exp(growth + 1.05 * value), 2)
    return np.clip(usd, 10.0, 50_000.0)


def _known(rng: np.random.Generator, sessions: int) -> tuple[Flags, Flags]:
    """Which sessions have a clear goal, and which a level; exact counts."""
    clear = np.ones(sessions, dtype=np.bool_)
    clear[rng.choice(sessions, round(sessions * NO_CLEAR_GOAL), replace=False)] = False
    known = np.ones(sessions, dtype=np.bool_)
    candidates = np.flatnonzero(clear)
    without = candidates.size - round(sum(LEVEL_COUNTS) * sessions / SESSIONS)
    known[rng.choice(candidates, without, replace=False)] = False
    vague = np.flatnonzero(~clear)
    known[rng.choice(vague, vague.size // 10, replace=False)] = False
    return clear, known


def _levels(
    rng: np.random.Generator,
    user: Integers,
    value: Floats,
    software: Flags,
    known_software: Flags,
    month: Integers,
    task: Integers,
    in_sample: Flags,
) -> Integers:
    """Levels 1 to 5, shape (n,), in the published numbers among `in_sample`.

    They lean on the task's value, the user's occupation, the month and the user. Between 2 and 3 the kind of task and
    the occupation as it is labelled lean once more: that is what brings the line within
    cells below the line over all sessions.
    """
    latent = _shared(rng, user, EXPERTISE_SHARED) + 0.6 * value + 0.35 * software + 0.06 * month
    lower = _shared(rng, user, EXPERTISE_SHARED) + _LEAN_OF_TASK * (task == 0) + _LEAN_OF_OCCUPATION * known_software
    counts = _scaled([float(count) for count in LEVEL_COUNTS])
    bounds = np.quantile(latent[in_sample], np.cumsum(counts)[[0, 2, 3]])
    level = np.array([1, 2, 4, 5])[np.digitize(latent, bounds)]
    middle = level == 2
    between = np.quantile(lower[middle & in_sample], counts[1] / (counts[1] + counts[2]))
    return np.where(middle & (lower > between), 3, level)


def _cell_chances(mode: Integers, band: Integers, month: Integers, task: Integers, occupation: Integers) -> Floats:
    """The cell's part of the chance of verified success, up to a factor, shape (n,)."""
    of_occupation = np.array([*(odds for _, odds in _OCCUPATIONS.values()), 0.9])[occupation]
    level: Floats = np.array(_MODE_ODDS)[mode] * np.array(_BAND_ODDS)[band] * of_occupation
    return level * (1 + _MONTH_RISE * (month - 3)) * np.where(task == 0, 1.05, 0.9)


def _slope_within(values: Floats, level: Integers, cell: Integers) -> float:
    """Slope of `values` on the level within cells, by least squares."""
    cell = np.unique(cell, return_inverse=True)[1]
    counts = np.bincount(cell)
    centred = level - (np.bincount(cell, weights=level) / counts)[cell]
    return float(centred @ values / (centred @ centred))


def _steps(level: Integers, cell: Integers) -> Floats:
    """The published steps, moved by the little that puts their line within cells at the published slope."""
    steps = np.array(STEPS)
    direction = np.array([0.0, 1.0, 1.0, -1.0, -1.0])
    excess = _slope_within(steps[level - 1], level, cell) - SLOPE
    moved = -excess / _slope_within(direction[level - 1], level, cell)
    return steps + moved * direction


def _by_level(first: float, last: float) -> Floats:
    """A rate at levels 1 to 5 that goes from `first` to `last` as verified success does."""
    shape = np.array(STEPS) / STEPS[-1]
    return first + (last - first) * shape


def _outcomes(rng: np.random.Generator, user: Integers, level: Integers, chance: Floats) -> dict[str, npt.NDArray]:
    """Trouble and outcome (0 succeeded, 1 partly, 2 failed), and whether success is verified; each of shape (n,).

    One uniform number decides: below `chance` the session is a verified success, below the next bound a success, and
    so on. In trouble the chance is a fraction of what it is otherwise, so that over both it is `chance`.
    """
    at = level - 1
    share_in_trouble = np.linspace(0.50, 0.35, 5)[at]
    trouble = rng.random(level.size) < share_in_trouble
    fraction = (_by_level(0.04, 0.15) / _by_level(0.145, 0.329))[at]
    smooth = chance * (1 - share_in_trouble * fraction) / (1 - share_in_trouble)
    smooth = np.minimum(smooth, HIGHEST_CHANCE)
    verified = np.where(trouble, (chance - (1 - share_in_trouble) * smooth) / share_in_trouble, smooth)
    rates = {
        name: np.where(trouble, _by_level(*inside)[at], _by_level(*outside)[at])
        for name, inside, outside in (
            ("verified", (0.04, 0.15), (0.25, 0.425)),
            ("judged", (0.10, 0.27), (0.68, 0.855)),
            ("partial", (0.60, 0.80), (0.94, 0.97)),
        )
    }
    judged = verified + (1 - verified) * (rates["judged"] - rates["verified"]) / (1 - rates["verified"])
    partial = judged + (1 - judged) * (rates["partial"] - rates["judged"]) / (1 - rates["judged"])
    drawn = _uniform(_shared(rng, user, OUTCOME_SHARED))
    outcome = np.where(drawn < judged, 0, np.where(drawn < partial, 1, 2))
    return {"trouble": trouble, "verified": drawn < verified, "outcome": outcome}


def _signals(
    rng: np.random.Generator, level: Integers, outcomes: Mapping[str, npt.NDArray], clear: Flags
) -> dict[str, Integers]:
    """Success and failure signals, 0 to 5, that agree with the outcomes."""
    n, failed = level.size, outcomes["outcome"] == 2
    kind = np.select(
        [~clear, outcomes["verified"], outcomes["outcome"] == 0, outcomes["outcome"] == 1], [0, 1, 2, 3], 4
    )
    success = _drawn_from(
        rng,
        kind,
        [
            (0.40, 0.20, 0.40, 0, 0, 0),
            (0, 0, 0, 0, 0.60, 0.40),
            (0.01, 0.04, 0.60, 0.35, 0, 0),
            (0.05, 0.12, 0.30, 0.40, 0.095, 0.035),
            (0.55, 0.28, 0.12, 0.04, 0.009, 0.001),
        ],
    )
    hard = rng.random(n) < _by_level(0.75, 0.90)[level - 1]
    kind = np.select(
        [outcomes["trouble"] & failed & hard, outcomes["trouble"] & failed, outcomes["trouble"], failed],
        [0, 1, 2 + outcomes["outcome"], 4],
        5 + outcomes["outcome"],
    )
    failure = _drawn_from(
        rng,
        kind,
        [
            (0, 0, 0, 0, 0.60, 0.40),
            (0, 0, 0, 1, 0, 0),
            (0, 0, 0, 0.83, 0.15, 0.02),
            (0, 0, 0, 0.64, 0.30, 0.06),
            (0.40, 0.10, 0.50, 0, 0, 0),
            (0.55, 0.35, 0.10, 0, 0, 0),
            (0.35, 0.25, 0.40, 0, 0, 0),
        ],
    )
    return {"success_signal": success, "failure_signal": failure}


def _drawn_from(rng: np.random.Generator, kind: Integers, shares: list[tuple[float, ...]]) -> Integers:
    """For each session a number from 0, drawn with the shares of its kind."""
    bounds = np.cumsum(np.array(shares), axis=1)[:, :-1]
    return np.sum(rng.random(kind.size)[:, None] >= bounds[kind], axis=1)


def _code(
    rng: np.random.Generator, level: Integers, outcomes: Mapping[str, npt.NDArray]
) -> tuple[Flags, dict[str, Integers]]:
    """Which sessions wrote code, and lines added and removed."""
    failed = np.where(outcomes["trouble"], 1 - (_by_level(0.19, 0.07) / _by_level(0.40, 0.20))[level - 1], 0.4)
    wrote = rng.random(level.size) < np.where(
        outcomes["verified"], 0.69, np.where(outcomes["outcome"] == 2, failed, 0.60)
    )
    added = np.where(wrote, np.ceil(np.exp(rng.normal(4.2, 1.4, level.size))), 0).astype(np.int64)
    removed = np.where(wrote, np.floor(added * rng.beta(1, 4, level.size)), 0).astype(np.int64)
    return wrote, {"lines_added": added, "lines_removed": removed}


def _contexts(rng: np.random.Generator, wrote_code: Flags) -> pl.Series:
    """Codebase context, so that those said to create or change code mostly did."""
    names = ["modifies_existing", "creates_new", "explores_existing", "no_codebase"]
    return _picked(
        names, _drawn_from(rng, wrote_code.astype(np.int64), [(0.09, 0.02, 0.37, 0.52), (0.72, 0.21, 0.05, 0.02)])
    )


def _opening(rng: np.random.Generator, level: Integers) -> Integers:
    """The level as the first prompt alone shows it: right in six of ten sessions, else mostly one step off."""
    step = rng.choice([-2, -1, 0, 1, 2], level.size, p=(0.03, 0.19, 0.60, 0.15, 0.03))
    return np.clip(level + step, 1, 5)


def _effort(
    rng: np.random.Generator, level: Integers, band: Integers, leaning: Floats, verified: Flags
) -> dict[str, npt.NDArray]:
    """Telemetry of effort, each of shape (n,).

    A session in seven calls no tool; one in fifty is long, with a Pareto tail as published (2% over 100 actions per
    prompt, 1 in 270 over 200, 1 in 2,300 over 500). Neither depends on the level, and the slope of the others makes
    up for the second.
    """
    n = level.size
    prompts = np.maximum(1, np.round(np.exp(rng.normal(np.log(4.0), 0.9, n)))).astype(np.int64)
    long = rng.random(n) < LONG_SESSIONS
    usual = 1.32 + LOG_ACTIONS_PER_LEVEL / (1 - LONG_SESSIONS) * level + 0.38 * band + leaning
    actions = np.where(long, 100 * rng.random(n) ** (-1 / 2.4), np.exp(usual + rng.normal(0, 0.6, n)))
    tool_calls = np.where(rng.random(n) < NO_TOOLS, 0, np.maximum(1, np.round(actions * prompts))).astype(np.int64)
    words = np.exp(6.02 + LOG_WORDS_PER_LEVEL * level + 0.95 * band + leaning + rng.normal(0, 0.7, n))
    assistant_words = np.maximum(1, np.round(words * prompts)).astype(np.int64)
    calls = np.round((tool_calls + prompts) * np.exp(0.15 * verified + rng.normal(0, 0.25, n)))
    return {
        "active_seconds": np.round(prompts * 90 + tool_calls * np.exp(rng.normal(2.2, 0.5, n)), 1),
        "human_prompts": prompts,
        "model_calls": np.maximum(1, calls).astype(np.int64),
        "tool_calls": tool_calls,
        "tool_calls_succeeded": rng.binomial(tool_calls, 0.93),
        "output_tokens": assistant_words * 2 + tool_calls * 120,
        "assistant_words": assistant_words,
    }

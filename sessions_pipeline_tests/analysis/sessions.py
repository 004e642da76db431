"""Rows of core.classified_sessions for tests of the analysis: written out by hand, or drawn with a planted slope."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np
import polars as pl

from sessions_pipeline.schemas import polars_schema

MONTH = dt.date(2026, 4, 1)

DEFAULTS: dict[str, object] = {
    "month": MONTH,
    "harness": "claude_code",
    "active_seconds": 60.0,
    "human_prompts": 1,
    "model_calls": 1,
    "tool_calls": 0,
    "tool_calls_succeeded": 0,
    "output_tokens": 0,
    "assistant_words": 0,
    "lines_added": 0,
    "lines_removed": 0,
    "git_commits": 0,
    "pull_requests": 0,
    "transcript_truncated": False,
    "work_mode": "build",
    "expertise": 3,
    "user_occupation": "unclear",
    "task_occupation": "15",
    "outcome": "succeeded",
    "success_signal": 4,
    "failure_signal": 0,
    "task_value_band": "200-1000",
    "verified_success": False,
    "judged_success": False,
    "at_least_partial": False,
    "judged_failure": False,
    "verified_failure": False,
    "hit_trouble": False,
    "abandoned": False,
    "wrote_code": False,
    "actions_per_prompt": 0.0,
    "words_per_prompt": 0.0,
}


def classified_sessions(n: int | None = None, **columns: Sequence[object]) -> pl.DataFrame:
    """A frame of core.classified_sessions: `columns` as given, the rest as in DEFAULTS, else null."""
    height = n if n is not None else len(next(iter(columns.values())))
    return pl.DataFrame({"session_id": pl.Series([f"s{i:06d}" for i in range(height)], dtype=pl.String)}).with_columns(
        pl.Series(name, list(columns[name]), dtype=dtype, strict=False)
        if name in columns
        else pl.lit(DEFAULTS.get(name), dtype=dtype).alias(name)
        for name, dtype in polars_schema("core.classified_sessions").items()
        if name != "session_id"
    )


def drawn_sessions(seed: int, n: int = 600, users: int = 60, slope: float = 0.06) -> pl.DataFrame:
    """`n` sessions whose chance of verified success rises by `slope` per level of expertise, with user effects.

    Expertise belongs mostly to the user, and so do the user effects: standard errors that ignore users are too small.
    The other outcomes are drawn to differ from verified success.
    """
    rng = np.random.default_rng(seed)
    user = rng.integers(0, users, n)
    usual_level = rng.integers(1, 6, users)[user]
    expertise = np.where(rng.random(n) < 0.8, usual_level, rng.integers(1, 6, n))
    work_mode = rng.choice(["build", "fix", "operate"], n)
    band = rng.choice(["10-200", "200-1000"], n)
    month = rng.integers(0, 2, n)
    user_effect = rng.uniform(-0.3, 0.3, users)[user]
    chance = 0.3 + slope * expertise + 0.1 * (work_mode == "build") - 0.05 * month + user_effect
    verified = rng.random(n) < chance
    judged = verified | (rng.random(n) < 0.3)
    partial = judged | (rng.random(n) < 0.5)
    return classified_sessions(
        month=[dt.date(2026, 3 + int(m), 1) for m in month],
        user_key=[f"user {u}" for u in user],
        work_mode=work_mode.tolist(),
        task_value_band=band.tolist(),
        task_occupation=rng.choice(["15", "15", "15", "11"], n).tolist(),
        user_occupation=rng.choice(["15", "unclear"], n).tolist(),
        expertise=expertise.tolist(),
        outcome=np.where(judged, "succeeded", np.where(partial, "partially_succeeded", "failed")).tolist(),
        verified_success=verified.tolist(),
        judged_success=judged.tolist(),
        at_least_partial=partial.tolist(),
        judged_failure=(~partial).tolist(),
        verified_failure=(~partial & (rng.random(n) < 0.5)).tolist(),
        abandoned=(~partial & (rng.random(n) < 0.3)).tolist(),
        hit_trouble=(rng.random(n) < 0.5).tolist(),
    )


def of_modes(*cells: tuple[dt.date, str, range]) -> pl.DataFrame:
    """A session of each user of month and mode, no two of one value."""
    each = [(month, mode, user) for month, mode, users in cells for user in users]
    return classified_sessions(
        month=[month for month, _, _ in each],
        work_mode=[mode for _, mode, _ in each],
        user_key=[f"user {user}" for _, _, user in each],
        task_value_usd=[100.0 + i for i in range(len(each))],
    )

"""Adjusted rates by gold labels: of a census whose answers are known, with levels that are hidden or that gold adds."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest

from benchmarks.coverage import gold_rows
from sessions_pipeline.analysis.adjusted import adjusted_rates
from sessions_pipeline.analysis.corrected_models import adjusted_rows
from sessions_pipeline.analysis.corrected_period import Period
from sessions_pipeline.analysis.corrected_sessions import Ready, gold_labels, judged_sessions
from sessions_pipeline.analysis.gold import Plan, draw
from sessions_pipeline.analysis.models import Row
from sessions_pipeline_tests.analysis.sessions import MONTH, classified_sessions

MIN_USERS = 5
MODES = ("build", "fix", "plan", "test")
# Success is the sum of a part of the mode and one of the true level, in tenths.
OF_MODE, OF_LEVEL = (0, 1, 2, 3), {2: 1, 3: 2, 4: 3, 5: 6}


def judged(level: np.ndarray, success: np.ndarray, mode: np.ndarray, user: np.ndarray | None = None) -> pl.DataFrame:
    n = level.size
    return classified_sessions(
        month=[MONTH] * n,
        user_key=[f"u{number}" for number in (np.arange(n) if user is None else user)],
        expertise=level.tolist(),
        work_mode=np.array(MODES)[mode].tolist(),
        labels_backend=["rules"] * n,
        outcome=np.where(success, "succeeded", "failed").tolist(),
        success_signal=np.where(success, 4, 2).tolist(),
        verified_success=success.tolist(),
        judged_success=success.tolist(),
        at_least_partial=success.tolist(),
        judged_failure=(~success).tolist(),
    )


def verified(sessions: pl.DataFrame, gold_level: pl.Series) -> dict[int, Row]:
    """The rows of verified success by level. Every session is drawn; gold differs from the judge in levels alone."""
    draws = draw(sessions, Plan((MONTH,), ("outcome",), sessions.height, 1), dt.datetime(2026, 5, 1))
    truth = sessions.select("session_id", "outcome", pl.col("success_signal").cast(pl.String), expertise=gold_level)
    ours = judged_sessions(sessions)
    period = Period("window", MONTH, ours, Ready(ours, gold_labels(draws, gold_rows(draws, truth))), MIN_USERS)
    rows = [row for row in adjusted_rows(period) if row["quantity"] == "adjusted_figure_5_all_verified_success"]
    return {int(str(row["term"]).removeprefix("expertise_")): row for row in rows}


def naive(sessions: pl.DataFrame) -> dict[int, Row]:
    rows = adjusted_rates(sessions, MONTH, "window", MIN_USERS).filter(sample="all", measure="verified_success")
    return {row["expertise"]: row for row in rows.to_dicts()}


def drawn_at_random(hidden: int = 0) -> tuple[pl.DataFrame, pl.Series]:
    """900 sessions at levels 2 to 4, the first `hidden` at level 1 and as many at level 5 of four users each, who
    nearly always succeed; and the levels as text."""
    rng, n = np.random.default_rng(1), 900
    mode, level, user = rng.integers(0, 4, n), rng.integers(2, 5, n), np.arange(n)
    level[:hidden], level[hidden : 2 * hidden], mode[: 2 * hidden] = 1, 5, 0
    user[: 2 * hidden] = np.arange(2 * hidden) % 4 + 4 * (np.arange(2 * hidden) < hidden)
    success = rng.random(n) < np.where(np.isin(level, (1, 5)), 0.9, 0.1 + 0.15 * mode)
    return judged(level, success, mode, user), pl.Series(level.astype(str))


def planted(counts: dict[tuple[int, int, int | None], int]) -> tuple[pl.DataFrame, pl.Series, dict[int, float]]:
    """Sessions by (mode, judged level, gold level or None for unclear), in tens; the gold levels as text; and by level
    the share that would succeed in the average mode of the sessions whose gold level is clear."""
    mode, level, gold, success = list[int](), list[int](), list[str](), list[bool]()
    for (at, ours, theirs), tens in counts.items():
        tenths = OF_MODE[at] + OF_LEVEL[theirs or ours]
        mode += [at] * 10 * tens
        level += [ours] * 10 * tens
        gold += [str(theirs or "unclear")] * 10 * tens
        success += ([True] * tenths + [False] * (10 - tenths)) * tens
    clear = {key: tens for key, tens in counts.items() if key[2] is not None}
    average = sum(OF_MODE[at] * tens for (at, _, _), tens in clear.items()) / sum(clear.values())
    want = {each: (of + average) / 10 for each, of in OF_LEVEL.items()}
    return judged(np.array(level), np.array(success), np.array(mode)), pl.Series(gold), want


# The shares of levels differ between modes.
ALIKE: dict[tuple[int, int, int | None], int] = {
    **{(0, level, level): tens for level, tens in ((2, 9), (3, 5), (4, 3))},
    **{(1, level, level): tens for level, tens in ((2, 4), (3, 8), (4, 4))},
    **{(2, level, level): tens for level, tens in ((2, 3), (3, 3), (4, 9))},
    **{(3, level, level): tens for level, tens in ((2, 6), (3, 2), (4, 5))},
}


def test_levels_that_are_withheld_stay_in_the_model() -> None:
    """Levels 1 and 5: 150 sessions each, of four users. Gold labels are the judge's, and so are the rates."""
    sessions, level = drawn_at_random(hidden=150)
    rows, want = verified(sessions, level), naive(sessions)
    for hidden in (1, 5):
        assert rows[hidden]["suppressed"]
        assert "corrected" not in rows[hidden]
    for shown in (2, 3, 4):
        assert rows[shown]["corrected"] == pytest.approx(want[shown]["estimate"], rel=1e-9)


def test_a_level_that_gold_labels_alone_know_bends_no_other() -> None:
    """A hundred sessions of the last two modes are at level 5, which the judge never says: it has no rate of theirs."""
    sessions, gold, want = planted({**ALIKE, (2, 4, 5): 2, (3, 4, 5): 8})
    rows = verified(sessions, gold)
    for level in (2, 3, 4):
        assert rows[level]["corrected"] == pytest.approx(want[level], rel=1e-9)
    assert "corrected" not in rows[5]
    assert rows[5]["missing_reason"] == "no session at this level"


def test_corrected_rates_are_those_of_the_average_session_that_gold_labels_leave() -> None:
    """Gold finds the level of 90 sessions of the last mode, and of 10 of the first, unclear: they leave the sample.

    Each rate is the level's part and the average mode's; weighted by the levels' gold sessions their mean is the
    outcome's.
    """
    sessions, gold, want = planted({**ALIKE, (3, 2, None): 5, (3, 4, None): 4, (0, 3, None): 1})
    rows = verified(sessions, gold)
    for level in (2, 3, 4):
        assert rows[level]["corrected"] == pytest.approx(want[level], rel=1e-9)
    sizes = [(gold == str(level)).sum() for level in (2, 3, 4)]
    mean = np.average([rows[level]["corrected"] for level in (2, 3, 4)], weights=sizes)
    assert mean == pytest.approx(sessions.filter(gold != "unclear")["verified_success"].mean(), rel=1e-9)


def test_with_the_judges_labels_of_a_census_a_rate_has_the_standard_error_of_figure_5() -> None:
    """Another implementation of the same: cells absorbed, and the mean's variation through each user's influence.

    But for the corrections for small samples, of the cells' indices here and of all cells there.
    """
    sessions, level = drawn_at_random()
    rows, want = verified(sessions, level), naive(sessions)
    for each in (2, 3, 4):
        assert rows[each]["corrected"] == pytest.approx(want[each]["estimate"], rel=1e-9)
        assert rows[each]["std_error"] == pytest.approx(want[each]["std_error"], rel=2e-3)

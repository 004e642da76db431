"""Agreement against hand counts, a library, and planted users."""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from statsmodels.stats.inter_rater import cohens_kappa

from sessions_pipeline.analysis.agreement import (
    REPLICATES,
    Agreement,
    agreement_rows,
    agreement_with,
    correlation,
    exact,
    intervals,
    kappa,
    quadratic_kappa,
    within_one,
)
from sessions_pipeline.analysis.comparison import compare_with
from sessions_pipeline.classifications.reference import RATINGS, Reference
from sessions_pipeline.schemas import validate
from sessions_pipeline_tests.dbt_like_sql.running import table

# Reference in rows, rater in columns; 10 sessions.
TABLE = np.array([[3.0, 1, 0], [1, 2, 1], [1, 0, 1]])


def test_statistics_of_a_table_counted_by_hand() -> None:
    assert exact(TABLE) == pytest.approx(6 / 10)
    assert within_one(TABLE) == pytest.approx(9 / 10)
    # Chance: (4*5 + 4*3 + 2*2) / 100 = 0.36.
    assert kappa(TABLE) == pytest.approx((0.6 - 0.36) / (1 - 0.36))
    # Squared steps observed: 3 of one step, 1 of two: 7 / 10. Expected over the margins (4, 4, 2) and (5, 3, 2):
    # one step: 4*3 + 4*5 + 4*2 + 2*3 = 46; two steps: 4*(4*2 + 2*5) = 72.
    assert quadratic_kappa(TABLE) == pytest.approx(1 - (7 / 10) / ((46 + 72) / 100))


@settings(deadline=None)
@given(arrays(np.float64, (4, 4), elements=st.integers(0, 20)).filter(lambda table: table.sum() > 0))
def test_kappas_are_those_of_statsmodels(table: np.ndarray) -> None:
    margins = np.outer(table.sum(1), table.sum(0))
    if margins.sum() == np.trace(margins):
        assert np.isnan(kappa(table))
        assert np.isnan(quadratic_kappa(table))
    else:
        assert kappa(table) == pytest.approx(cohens_kappa(table, return_results=False))
        assert quadratic_kappa(table) == pytest.approx(cohens_kappa(table, wt="quadratic", return_results=False))


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(-9, 9), st.integers(-9, 9)), min_size=2, max_size=30))
def test_correlation_is_that_of_numpy(points: list[tuple[int, int]]) -> None:
    x, y = np.array(points, dtype=float).T
    found = correlation(np.array([len(x), x.sum(), y.sum(), x @ x, y @ y, x @ y]))
    if x.std() and y.std():
        assert found == pytest.approx(np.corrcoef(x, y)[0, 1])
    else:
        assert np.isnan(found)


def per_user(tables: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 6, size=(tables, 3, 3)).astype(float)


def test_intervals_draw_whole_users() -> None:
    """One by one: the same draws, the tables of the drawn users added up, the statistic, the percentiles."""
    tables = per_user(7)
    draws = np.random.default_rng(5).multinomial(7, np.full(7, 1 / 7), size=REPLICATES)
    slow = [quadratic_kappa(sum(times * table for times, table in zip(draw, tables, strict=True))) for draw in draws]
    assert intervals(tables, quadratic_kappa, seed=5) == pytest.approx(tuple(np.percentile(slow, [2.5, 97.5])))


def test_more_sessions_of_the_same_users_do_not_narrow_an_interval() -> None:
    tables = per_user(12)
    assert intervals(100 * tables, exact) == pytest.approx(intervals(tables, exact))


def test_intervals_cover_the_truth_about_as_often_as_they_say() -> None:
    """60 users, whose own rates of agreement vary around 0.7; 200 samples: 95% would be 190, and 180 is 3 sigma off."""
    chance = np.random.default_rng(3)
    covered = 0
    for _ in range(200):
        agreed = chance.binomial(8, chance.beta(7, 3, size=60))
        tables = np.zeros((60, 2, 2))
        tables[:, 0, 0], tables[:, 0, 1] = agreed, 8 - agreed
        low, high = intervals(tables, exact) or (math.nan, math.nan)
        covered += low <= 0.7 <= high
    assert 180 <= covered < 200


def test_no_interval_for_one_user_or_where_a_statistic_is_mostly_undefined() -> None:
    assert intervals(per_user(1), exact) is None
    one_label = np.zeros((6, 2, 2))
    one_label[:, 0, 0] = 5
    one_label[0, 1, 1] = 1
    assert intervals(one_label, kappa) is None


def test_raters_who_never_differ_have_no_interval_rather_than_one_without_a_width() -> None:
    alike = np.zeros((6, 2, 2))
    alike[:, [0, 1], [0, 1]] = 5
    assert (exact(alike.sum(0)), kappa(alike.sum(0))) == (1.0, 1.0)
    assert intervals(alike, exact) is None
    assert intervals(alike, kappa) is None


def reference(*rows: tuple[str, str, str, str | None, float | None], passes: tuple[int, ...] = (1,)) -> Reference:
    return Reference(pl.DataFrame(rows, schema=RATINGS, orient="row"), passes, {}, "d" * 64)


def rated(*rows: tuple[str, str, str, str | None, float | None]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=RATINGS, orient="row")


def users(*names: str) -> pl.DataFrame:
    """Sessions s0, s1, … of these users."""
    ids = [f"s{number}" for number in range(len(names))]
    return pl.DataFrame({"session_id": ids, "user_key": names, "month": [dt.date(2026, 1, 1)] * len(names)})


def by_metric(rows: list[Agreement]) -> dict[tuple[str, str, str], Agreement]:
    return {(row.rater, row.facet, row.metric): row for row in rows}


def test_facets_get_the_statistics_that_fit_them() -> None:
    truth, ours = ("fix", "fix", "build", "fix"), ("fix", "build", "build", "fix")
    levels, rules = ("1", "2", "unclear", "5"), ("2", "2", "3", "3")
    shares, guessed = (0.0, 0.5, 0.5, 1.0), (0.2, 0.4, 0.6, 0.8)
    facets = (("work_mode", truth, ours), ("expertise", levels, rules))
    known = [("pass 1", f"s{n}", name, said[n], None) for name, said, _ in facets for n in range(4)]
    given_ = [("rules", f"s{n}", name, said[n], None) for name, _, said in facets for n in range(4)]
    known += [("pass 1", f"s{n}", "user_planning_share", None, share) for n, share in enumerate(shares)]
    given_ += [("rules", f"s{n}", "user_planning_share", None, share) for n, share in enumerate(guessed)]
    rows, confusions = agreement_with(reference(*known), rated(*given_), users("u", "u", "v", "w"))
    found = by_metric(rows)
    assert {(facet, metric) for _, facet, metric in found} == {
        ("work_mode", "exact"),
        ("work_mode", "kappa"),
        ("expertise", "exact"),
        ("expertise", "within_one"),
        ("expertise", "quadratic_kappa"),
        ("user_planning_share", "correlation"),
    }
    mode = found["rules", "work_mode", "exact"]
    assert (mode.estimate, mode.baseline, mode.sessions, mode.users) == (0.75, 0.75, 4, 3)
    # An unclear reference is a label that was missed, and no level.
    level, near = found["rules", "expertise", "exact"], found["rules", "expertise", "within_one"]
    assert (level.estimate, level.sessions) == (0.25, 4)
    assert (near.estimate, near.sessions, near.users) == (pytest.approx(2 / 3), 3, 2)
    # Always answering 1, the first of the three equally frequent levels, is within a step of 1 and 2.
    assert near.baseline == pytest.approx(2 / 3)
    assert found["rules", "user_planning_share", "correlation"].estimate == pytest.approx(
        np.corrcoef(shares, guessed)[0, 1]
    )
    matrix = next(table for table in confusions if table.facet == "work_mode")
    assert (matrix.labels, matrix.counts) == (("build", "fix"), ((1, 0), (1, 2)))
    assert matrix.base_rates() == {"build": (0.25, 0.5), "fix": (0.75, 0.5)}


def test_labels_that_could_have_been_compared_are_counted() -> None:
    """Of four reference labels one is of nobody's session; of three sessions the rater labels two, one as unclear."""
    known = [("pass 1", f"s{n}", "expertise", "3", None) for n in range(4)]
    given_ = [("rules", "s0", "expertise", "3", None), ("rules", "s1", "expertise", "unclear", None)]
    rows, _ = agreement_with(reference(*known), rated(*given_), users("u", "v", "w"))
    assert {row.metric: (row.n_candidates, row.sessions) for row in rows} == {
        "exact": (3, 2),
        "within_one": (3, 1),
        "quadratic_kappa": (3, 1),
    }


def test_shares_of_no_decisions_are_not_compared() -> None:
    """A fourth session without decisions, in either pass, changes no number; a facet of such alone has no statistic."""
    share, other = "user_planning_share", "user_execution_share"
    known = [(f"pass {at}", f"s{n}", share, None, n / at) for at in (1, 2) for n in range(3)]
    given_ = [("rules", f"s{n}", share, None, float(n * n)) for n in range(4)]
    without = [(f"pass {at}", f"s{n}", facet, None, None) for at in (1, 2) for n, facet in ((3, share), (0, other))]
    for ratings in (known, [*known, *without]):
        rows, _ = agreement_with(reference(*ratings, passes=(1, 2)), rated(*given_), users("u", "v", "w", "x"))
        assert [(row.rater, row.facet, row.n_candidates, row.sessions) for row in rows] == [
            ("rules", share, 3, 3),
            ("pass 2", share, 3, 3),
        ]
        assert [row.estimate for row in rows] == pytest.approx([np.corrcoef([0, 1, 2], [0, 1, 4])[0, 1], 1.0])


def test_later_passes_are_compared_with_the_first() -> None:
    known = [("pass 1", "s0", "outcome", "failed", None), ("pass 1", "s1", "outcome", "succeeded", None)]
    again = [("pass 2", "s0", "outcome", "failed", None), ("pass 2", "s1", "outcome", "failed", None)]
    alone = [("pass 2", "s2", "outcome", "failed", None)]
    rows, _ = agreement_with(reference(*known, *again, *alone, passes=(1, 2)), rated(), users("u", "v", "w"))
    assert [(row.rater, row.metric, row.estimate, row.sessions) for row in rows] == [
        ("pass 2", "exact", 0.5, 2),
        ("pass 2", "kappa", 0.0, 2),
    ]


def test_too_few_users_are_suppressed_and_windows_hold_their_months() -> None:
    known = [("pass 1", f"s{n}", "outcome", "failed", None) for n in range(4)]
    given_ = [("rules", f"s{n}", "outcome", "failed", None) for n in range(4)]
    sessions = users("u", "v", "w", "w").with_columns(
        month=pl.Series([dt.date(2026, 1, 1), dt.date(2026, 1, 1), dt.date(2026, 3, 1), dt.date(2026, 3, 1)])
    )
    months = [dt.date(2026, 1, 1), dt.date(2026, 3, 1)]
    rows = validate(
        "analysis.agreement", agreement_rows(reference(*known), rated(*given_), sessions, months, 3, min_users=3)
    )
    shown = {
        (row["month"].month, row["metric"]): (row["suppressed"], row["sessions"], row["users"], row["estimate"])
        for row in rows.iter_rows(named=True)
    }
    assert shown == {
        (1, "exact"): (True, None, None, None),
        (1, "kappa"): (True, None, None, None),
        (3, "exact"): (False, 4, 3, 1.0),
        (3, "kappa"): (False, 4, 3, None),
    }


def test_sessions_that_cannot_be_compared_are_named() -> None:
    sessions = table(
        "core.sessions", session_id=["s0", "s1", "s2"], is_eligible=[True, False, True], transcript_sha256=["t"] * 3
    )
    labels = table(
        "labels.classifications",
        session_id=["s0"],
        backend=["rules"],
        classifier=["outcome"],
        label=["failed"],
        transcript_sha256=["t"],
        status=["ok"],
    )
    known = [("pass 1", name, "outcome", "failed", None) for name in ("s0", "s1", "s2", "gone")]
    known.append(("pass 1", "s0", "work_mode", "fix", None))
    found = compare_with(reference(*known), sessions, labels)
    assert found.sessions == 1
    assert found.left_out == {
        "sessions that are not in the warehouse": ["gone"],
        "sessions that are not in the sample": ["s1"],
        "sessions that no backend labelled": ["s2"],
    }
    assert found.missing == [("rules", "work_mode")]
    assert next(found.left_out_lines()) == "sessions that are not in the warehouse: 1 (gone)"

"""The order of sessions, and who is alike in cell and regressors."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from sessions_pipeline.analysis.models import coefficients
from sessions_pipeline.analysis.samples import _by_user, estimation_sample, in_order, prepare, user_numbers
from sessions_pipeline.analysis.specifications import TABLE_A1, TABLE_A2
from sessions_pipeline.analysis.within import profiles_of, within_both
from sessions_pipeline_tests.analysis.sessions import drawn_sessions


def test_sessions_of_a_user_stand_together_in_an_order_that_rows_do_not_change() -> None:
    frame = drawn_sessions(seed=5, n=300, users=20)
    ordered = in_order(frame)
    number = user_numbers(ordered)
    assert np.unique(number).tolist() == list(range(frame["user_key"].n_unique()))
    assert (np.diff(number) >= 0).all()
    assert ordered.with_columns(number=pl.Series(number)).group_by("user_key").agg(pl.col("number").n_unique())[
        "number"
    ].to_list() == [1] * int(number.max() + 1)
    assert in_order(frame.sample(fraction=1, shuffle=True, seed=1)).equals(ordered)


def test_users_whose_first_bits_are_alike_are_told_apart() -> None:
    """Six rows of three users; two differ in the last bit alone, which the row's number takes the place of."""
    user = np.array([2**40 + 1, 5, 2**40, 2**40 + 1, 5, 2**40], dtype=np.uint64)
    assert user[_by_user(user)].tolist() == sorted(user.tolist())
    assert _by_user(user).tolist() == [1, 4, 2, 5, 0, 3]


def test_models_that_ask_for_the_same_sessions_share_a_sample_and_others_do_not() -> None:
    frame = drawn_sessions(seed=6)
    prepared = prepare(frame, [*TABLE_A1[:2], TABLE_A2])
    for specification in (TABLE_A1[0], TABLE_A1[1]):
        coefficients(prepared, specification, 1)
    assert len(prepared.known) == 2
    coefficients(prepared, TABLE_A1[0], 1)
    assert len(prepared.known) == 2
    coefficients(prepared, TABLE_A1[0], 5)
    assert len(prepared.known) == 3


@pytest.mark.parametrize("specification", [TABLE_A1[0], TABLE_A1[1], TABLE_A2], ids=lambda each: each.name)
def test_a_profile_is_one_cell_at_one_level(specification) -> None:  # type: ignore[no-untyped-def]
    frame = drawn_sessions(seed=7)
    sample = estimation_sample(prepare(frame, [specification]), specification, 1)
    profiles = profiles_of(sample, specification.terms)
    kinds = {*zip(sample.cell.tolist(), sample.sessions["expertise"].to_list(), strict=True)}
    assert profiles.cell.size == len(kinds) < sample.cell.size
    assert profiles.sums(np.ones(sample.cell.size)).tolist() == np.asarray(profiles.sessions).tolist()


def test_what_two_factors_explain_is_taken_out_as_least_squares_takes_it() -> None:
    rng = np.random.default_rng(8)
    cell, effect, values = rng.integers(0, 7, 200), rng.integers(0, 30, 200), rng.normal(size=200)
    dummies = np.hstack([np.eye(7)[cell], np.eye(30)[effect]])
    theirs = values - dummies @ np.linalg.lstsq(dummies, values, rcond=None)[0]
    np.testing.assert_allclose(within_both(cell, effect)(values), theirs, atol=1e-12)
    explained = dummies @ rng.normal(size=37)
    np.testing.assert_allclose(within_both(cell, effect)(explained), np.zeros(200), atol=1e-12)

"""Figure 5 and Table A2 as rates: what share of sessions would end well at each level of expertise, controls equal.

Here belong the choice of controls that the data can carry, recentring, and the intervals of adjusted rates.
The models are in `specifications.py`, least squares and clustering in `models.py`.

Adjusted rate
    a_k = mean outcome + b_k - sum over levels j of share_j · b_j, with b the level's effect (novice 0) in the model of
    Table A2. The session-weighted mean of the a_k is the raw overall mean. It is the predictive margin: the mean
    prediction had every session been at level k in the cell it is in.
    A linear probability model can put a rate or an end of its interval outside 0 to 1: it is shown as it is.
Standard error
    By the delta method through each user's influence: (e_k - share)' (X'X)^-1 X'e + sum of (y - x'b - c)/N, where
    c = mean of y - x'b. The second part is the sampling variation of the overall mean and of the level shares, which
    a conditional standard error would leave out (by as much as all of it for a level that everybody is at). Squared
    and summed over users, times the small-sample correction of `models.py`. Without controls it is the
    clustered standard error of the level's mean. Under 50 users the jackknife (CRV3, see `errors.py`) takes its place:
    mean, shares and coefficients without each user.
Controls
    The preferred controls (column 5) cut small data into cells of too few users, and what survives the privacy
    threshold is then neither most of the sessions nor a random part of them. So each series takes the richest column
    of Table A1 whose estimation sample keeps at least half of the sessions that column 1 would have, leaves a degree
    of freedom, and can compare all its levels with each other within cells; in the last resort column 1, where
    adjusted and unadjusted rates are equal. The rule sees sizes and labels, never an outcome, so it cannot choose a
    result. The `controls` column names the choice, `n_candidates` and `n_sessions` its price. Table A2 itself
    (analysis.coefficients) never falls back.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from sessions_pipeline.analysis.errors import (
    BY_USER,
    FEW_CLUSTERS,
    JACKKNIFE,
    LEANS_ON_ONE,
    NO_INFERENCE,
    inference_by_user,
    without_each_user,
)
from sessions_pipeline.analysis.models import Fit, Row, engine, fit
from sessions_pipeline.analysis.samples import (
    EstimationSample,
    Floats,
    Integers,
    Prepared,
    estimation_sample,
    levels_of,
    missing_sample,
    outcomes,
    prepare,
)
from sessions_pipeline.analysis.specifications import CONTROLS, FIGURE_5, LEVELS, Specification
from sessions_pipeline.analysis.suppression import users_per_group, withheld_levels
from sessions_pipeline.schemas import polars_schema

LEVEL = "expertise"
MIN_SHARE_KEPT = 0.5


@dataclass(frozen=True)
class Choice:
    """The controls that a series can carry.

    column: name of the column of Table A1. n_candidates: sessions that column 1 would start from.
    fitted: the model on `sample`; None if that is empty.
    """

    column: str
    n_candidates: int
    sample: EstimationSample
    fitted: Fit | None


def recentred(effects: Floats, shares: Floats, mean: float) -> Floats:
    """Rates by level (k,) whose mean, weighted with `shares` (k,) that sum to one, is `mean`."""
    rates: Floats = mean + effects - shares @ effects
    return rates


def _directions(level: Integers, specification: Specification) -> dict[int, Floats]:
    """Level in the sample -> e_k - share over the terms (k,): how an adjusted rate depends on the coefficients."""
    shares = np.array([np.mean(level == term.level) for term in specification.terms])
    return {
        int(value): np.array([float(term.level == value) for term in specification.terms]) - shares
        for value in np.flatnonzero(np.bincount(level))
    }


def _carries(sample: EstimationSample, fitted: Fit, specification: Specification) -> bool:
    """Whether `sample` leaves a degree of freedom and compares all its levels with each other within cells."""
    directions = _directions(levels_of(sample, LEVEL), specification)
    return fitted.n_sessions > fitted.n_parameters and all(map(fitted.identifies, directions.values()))


def choose_controls(prepared: Prepared, specification: Specification, min_users: int) -> Choice:
    """The richest column of Table A1 that `prepared` carries for `specification`; column 1 in the last resort."""
    plain = estimation_sample(prepared, replace(specification, controls=()), min_users)
    for column, controls in reversed(CONTROLS.items()):
        model = replace(specification, controls=controls)
        sample = estimation_sample(prepared, model, min_users) if controls else plain
        if not sample.sessions.height or sample.sessions.height < MIN_SHARE_KEPT * plain.n_candidates:
            continue
        fitted = fit(sample, model)
        if not controls or _carries(sample, fitted, model):
            return Choice(column, plain.n_candidates, sample, fitted)
    return Choice(next(iter(CONTROLS)), plain.n_candidates, plain, None)


def _centre_influence(outcome: Floats, explained: Floats, user: Integers) -> Floats:
    """What each user contributes to the error of c, the mean of y - x'b (`explained`), with b held: shape (G,)."""
    rest = outcome - explained
    return np.bincount(user, weights=rest - rest.mean()) / outcome.size


def _jackknifed(outcome: Floats, level: Integers, sample: EstimationSample, fitted: Fit) -> dict[int, Floats | None]:
    """Level in the sample -> its rate without each user (G,); None where one is needed to know it.

    fitted: of the terms of Table A2, which are levels 2 to 5, without a second factor.
    """
    assert fitted.within
    coefficients, lost = without_each_user(sample, fitted, fitted.within)
    user, users = sample.user, fitted.n_users
    left = level.size - np.bincount(user)
    mean = (outcome.sum() - np.bincount(user, weights=outcome)) / left
    sessions = {
        int(value): (level == value).sum() - np.bincount(user[level == value], minlength=users) for value in LEVELS
    }
    shares = np.stack([sessions[value] / left for value in LEVELS[1:]], axis=1)
    found: dict[int, Floats | None] = {}
    for value in np.unique(level).tolist():
        directions = np.array([float(other == value) for other in LEVELS[1:]]) - shares
        known = (sessions[value] > 0).all() and np.abs(np.einsum("gj,gjm->gm", directions, lost)).max() < 1e-6
        found[value] = mean + np.einsum("gj,gj->g", directions, coefficients) if known else None
    return found


def _interval(fitted: Fit, users: int, estimate: float, influence: Floats, without: Floats | None) -> Row:
    """Standard error and interval of the rate of a level with so many users, or why there are none.

    influence (G,): each user's part of its error. without (G,): the rate without each user, of few users.
    """
    missing = fitted.missing_inference()
    if not missing and users < 2:
        missing = "1 user at this level: standard errors clustered by user need at least 2"
    if not missing and fitted.n_users < FEW_CLUSTERS and without is None:
        missing = LEANS_ON_ONE
    if missing:
        return {"missing_reason": missing}
    if without is None:
        found = fitted.inference(estimate, influence)
    else:
        found = inference_by_user(estimate, influence, without.size, fitted.outcome_std, without)
    if found == NO_INFERENCE:
        return {"missing_reason": "no residual variation at this level: its standard error would be zero"}
    return {"std_error": found.std_error, "ci_low": found.ci_low, "ci_high": found.ci_high}


def _rates(sample: EstimationSample, fitted: Fit, specification: Specification, min_users: int) -> dict[int, Row]:
    """Level in the sample -> its columns of analysis.adjusted_rates."""
    level, outcome = levels_of(sample, LEVEL), outcomes(sample, specification)
    directions = _directions(level, specification)
    effect_of = dict(zip((term.level for term in specification.terms), fitted.coefficients, strict=True))
    effects = np.array([effect_of.get(value, 0.0) for value in directions])
    sessions, users = np.bincount(level), users_per_group(level, sample.user)
    estimates = recentred(effects, sessions[list(directions)] / level.size, float(outcome.mean()))
    of_level = np.zeros(level.max() + 1)
    of_level[list(directions)] = effects
    centre = _centre_influence(outcome, of_level[level], sample.user)
    few = fitted.n_users < FEW_CLUSTERS and not fitted.missing_inference()
    without = _jackknifed(outcome, level, sample, fitted) if few else {}
    rows: dict[int, Row] = {}
    for (value, direction), estimate in zip(directions.items(), estimates, strict=True):
        influence = np.einsum("jg,j->g", fitted.influence, direction) + centre
        rows[value] = {
            "sessions": int(sessions[value]),
            "users": int(users[value]),
            "unadjusted": float(outcome[level == value].mean()),
            "estimate": float(estimate),
            **_interval(fitted, int(users[value]), float(estimate), influence, without.get(value)),
        }
    reason = f"withheld: fewer than {min_users} users at this level, or needed to hide such a level"
    for value in withheld_levels(level, sample.user, min_users):
        rows[value] = {"suppressed": True, "missing_reason": reason, "degrees_of_freedom": None, "std_errors": None}
    return rows


def _kind_of_errors(fitted: Fit | None) -> str | None:
    """Which standard errors `_interval` makes; None where there are none."""
    if fitted is None or fitted.missing_inference():
        return None
    return JACKKNIFE if fitted.n_users < FEW_CLUSTERS else BY_USER


def series(choice: Choice, specification: Specification, min_users: int) -> list[Row]:
    """One row per level of expertise: the columns of analysis.adjusted_rates but month and period.

    choice: what `choose_controls` chose for `specification`.
    """
    sample, fitted = choice.sample, choice.fitted
    common: Row = {
        "sample": specification.sample.name,
        "measure": specification.outcome,
        "controls": choice.column,
        "n_candidates": choice.n_candidates,
        "n_sessions": sample.sessions.height,
        "n_users": sample.n_users,
        "n_cells": sample.n_cells,
        "n_dropped_small_cells": sample.n_dropped_small_cells,
        "n_dropped_singletons": sample.n_dropped_singletons,
        "n_cells_dropped": sample.n_cells_dropped,
        "n_parameters": fitted.n_parameters if fitted else None,
        "degrees_of_freedom": sample.n_users - 1 if fitted else None,
        "std_errors": _kind_of_errors(fitted),
        "engine": engine(specification),
        "suppressed": False,
    }
    if fitted is None:
        model = replace(specification, controls=CONTROLS[choice.column])
        missing = missing_sample(sample, model, min_users)
        return [
            {**common, "expertise": level, "suppressed": choice.n_candidates > 0, "missing_reason": missing}
            for level in LEVELS
        ]
    rates = _rates(sample, fitted, specification, min_users)
    absent: Row = {"sessions": 0, "users": 0, "missing_reason": "no session at this level"}
    return [{**common, "expertise": level, **rates.get(level, absent)} for level in LEVELS]


def adjusted_rates(frame: pl.DataFrame, month: dt.date, period: str, min_users: int) -> pl.DataFrame:
    """The nine series of Figure 5 on `frame`, as rows of analysis.adjusted_rates.

    frame: core.classified_sessions of the period: of `month` alone, or of the window that ends in it (`period`).
    min_users: distinct users below which a cell is dropped and a level withheld; 1 where there is one user in all.
    """
    prepared = prepare(frame, FIGURE_5)
    rows = [
        {"month": month, "period": period, **row}
        for specification in FIGURE_5
        for row in series(choose_controls(prepared, specification, min_users), specification, min_users)
    ]
    return pl.DataFrame(rows, schema=polars_schema("analysis.adjusted_rates"))

"""The 15 fits of Tables A1 and A2 and Figure 5 on a study of the published size, against pyfixest.

Both fit the same samples. Ours is timed with everything: numbering, choice of the sample, cells, fit and inference;
pyfixest gets samples that are chosen and cells that are numbered already, in pandas, and is timed on the fits alone.
"""

from __future__ import annotations

import datetime as dt
import importlib.util
import time
from typing import Any

import numpy as np
import polars as pl

from benchmarks.findings import Finding, at_most, progress
from sessions_pipeline.analysis.models import EstimationSample, coefficients, estimation_sample, prepare, regressors
from sessions_pipeline.analysis.specifications import FIGURE_5, TABLE_A1, TABLE_A2, Specification

SESSIONS, USERS, MONTHS, MIN_USERS = 400_000, 235_000, 7, 5
SPECIFICATIONS = (*TABLE_A1, TABLE_A2, *FIGURE_5)
ROUNDS = 3
OF_PYFIXEST, SAME = 1.0, 1e-9


def study(seed: int) -> pl.DataFrame:
    """400,000 sessions with the columns that the models read; success rises by 0.05 per level of expertise."""
    rng = np.random.default_rng(seed)
    user = rng.integers(0, USERS, SESSIONS)
    expertise = rng.integers(1, 6, SESSIONS)
    chance = 0.2 + 0.05 * expertise + rng.uniform(-0.1, 0.1, USERS)[user]
    verified = rng.random(SESSIONS) < chance
    judged = verified | (rng.random(SESSIONS) < 0.3)
    partial = judged | (rng.random(SESSIONS) < 0.5)
    months = [dt.date(2025 + (9 + n) // 12, (9 + n) % 12 + 1, 1) for n in range(MONTHS)]
    return pl.DataFrame(
        {
            "session_id": [f"s{n:06d}" for n in range(SESSIONS)],
            "user_key": pl.Series(user).cast(pl.String),
            "month": pl.Series(months)[rng.integers(0, MONTHS, SESSIONS)],
            "expertise": expertise,
            "outcome": np.where(judged, "succeeded", "failed"),
            "work_mode": _drawn(rng, "mode", 8),
            "task_value_band": _drawn(rng, "band", 6),
            "task_occupation": _drawn(rng, "task", 23),
            "user_occupation": _drawn(rng, "user", 23),
            "verified_success": verified,
            "judged_success": judged,
            "at_least_partial": partial,
            "judged_failure": ~partial,
            "verified_failure": ~partial & (rng.random(SESSIONS) < 0.5),
            "abandoned": ~partial & (rng.random(SESSIONS) < 0.3),
            "hit_trouble": rng.random(SESSIONS) < 0.5,
        }
    )


def _drawn(rng: np.random.Generator, name: str, levels: int) -> pl.Series:
    """A label per session; the first levels are far commoner than the last, as occupations are."""
    shares = 1 / np.arange(1, levels + 1) ** 1.5
    return pl.Series([f"{name} {n}" for n in range(levels)])[rng.choice(levels, SESSIONS, p=shares / shares.sum())]


def findings() -> list[Finding]:
    """Seconds of both, and how far their numbers differ; the fastest of three interleaved rounds counts."""
    frame = study(1)
    prepared = prepare(frame, SPECIFICATIONS)
    samples = [estimation_sample(prepared, specification, MIN_USERS) for specification in SPECIFICATIONS]
    pyfixest = importlib.import_module("pyfixest") if importlib.util.find_spec("pyfixest") else None
    peers = [_peer_data(sample, spec) for sample, spec in zip(samples, SPECIFICATIONS, strict=True)] if pyfixest else []
    mine, theirs, worst = [], [], 0.0
    for number in range(ROUNDS):
        progress(f"regressions: round {number + 1} of {ROUNDS}")
        began = time.perf_counter()
        again = prepare(frame, SPECIFICATIONS)
        rows = [coefficients(again, specification, MIN_USERS) for specification in SPECIFICATIONS]
        mine.append(time.perf_counter() - began)
        if pyfixest:
            began = time.perf_counter()
            fits = [_peer_fit(pyfixest, data, spec) for data, spec in zip(peers, SPECIFICATIONS, strict=True)]
            theirs.append(time.perf_counter() - began)
            worst = max(_difference(ours, fit) for ours, fit in zip(rows, fits, strict=True))
    shown = f"{min(mine):.2f} s"
    found = [Finding(f"{len(SPECIFICATIONS)} fits on {SESSIONS:,} sessions, numpy", min(mine), shown)]
    if not pyfixest:
        missing = "pyfixest is not installed (pip install -e '.[bench]')"
        return [*found, at_most("numpy / pyfixest", None, OF_PYFIXEST, missing=missing)]
    return [
        *found,
        Finding(f"the same fits, pyfixest {pyfixest.__version__}", min(theirs), f"{min(theirs):.2f} s"),
        at_most("numpy / pyfixest", min(mine) / min(theirs), OF_PYFIXEST),
        Finding("largest relative difference", worst, f"{worst:.1e}", f"≤ {SAME:.0e}", worst <= SAME),
    ]


def _peer_data(sample: EstimationSample, specification: Specification) -> Any:
    """The sample as pandas: outcome, one column per term, cell and user."""
    columns = dict(
        zip((term.name for term in specification.terms), regressors(sample, specification.terms), strict=True)
    )
    outcome = sample.sessions[specification.outcome].cast(pl.Float64)
    return pl.DataFrame({"outcome": outcome, **columns, "cell": sample.cell, "user": sample.cluster}).to_pandas()


def _peer_fit(pyfixest: Any, data: Any, specification: Specification) -> Any:
    terms = " + ".join(term.name for term in specification.terms)
    absorbed = " | cell" if specification.controls else ""
    options = {"vcov": {"CRV1": "user"}, "copy_data": False, "store_data": False, "fixef_rm": "none"}
    return pyfixest.feols(f"outcome ~ {terms}{absorbed}", data, **options)


def _difference(ours: list[dict[str, Any]], fit: Any) -> float:
    """Largest relative difference of an estimate."""
    theirs = fit.coef()
    return max(abs(row["estimate"] / theirs[row["term"]] - 1) for row in ours if row.get("estimate") is not None)

"""`make bench-models`: Tables A1 and A2 and Figure 5 on the simulated study, against statsmodels and pyfixest.

    python -m benchmarks.models [--json]

statsmodels' formula interface makes a column per fixed-effect cell and decomposes them all: with the five thousand
cells of the published size that is 14 GB of dummies. So it runs on a study of PEER_SESSIONS sessions, and the engine
here on the same one, in turns. The ratio grows with the size: 15 at 4,000 sessions, 190 at 20,000, 710 at 40,000.
pyfixest runs on the full size, on samples that are chosen and cells that are numbered already, and is timed on the
fits alone. Ours is timed with everything: numbering, choice of the sample, cells, fit and inference.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from benchmarks.findings import Finding, at_least, at_most, progress, tell
from benchmarks.models_once import MIN_USERS, TABLES_AND_FIGURE_5, fitted
from sessions_pipeline.analysis.samples import EstimationSample, estimation_sample, outcomes, prepare, regressors
from sessions_pipeline.analysis.specifications import FIGURE_3_SLOPES, TABLE_A1, TABLE_A2, Specification
from sessions_pipeline.simulate.study import SESSIONS, Study, simulate_study

PEER_SESSIONS, LARGE_SESSIONS, ROUNDS = 20_000, 4_000_000, 3
# Not read by any model.
LEFT_OUT = ("project_key", "harness", "api_cost_usd", "labels_backend", "codebase_context", "last_test_passed")
FASTER_THAN_STATSMODELS, OF_PYFIXEST, SAME = 20.0, 1.0, 1e-8
PEAK_RSS_GB, TIMES_FOR_LARGE = 1.0, 12.0
SEEDS = (1, 2, 3, 4)
# A sample as pandas and the model -> coefficients and standard errors by term.
PeerFit = Callable[[Any, Specification], tuple[Any, Any]]


def findings(scratch: Path) -> list[Finding]:
    """All of it. scratch: a folder for the studies as files."""
    progress(f"models: simulating {SESSIONS:,} sessions")
    began = time.perf_counter()
    study = simulate_study()
    simulated = time.perf_counter() - began
    return [
        Finding(f"a simulated study of {SESSIONS:,} sessions", simulated, f"{simulated:.1f} s"),
        *recovered(study),
        *against_statsmodels(),
        *against_pyfixest(study.sessions),
        *at_scale(study.sessions, scratch),
    ]


def recovered(study: Study) -> list[Finding]:
    """How far the planted coefficients are from their estimates, in standard errors; in other draws too."""
    largest = float(np.abs(_misses(study)).max())
    found = [at_most("farthest of 7 planted coefficients, in standard errors", largest, 2.0)]
    misses = []
    for seed in SEEDS:
        progress(f"models: another draw, seed {seed}")
        misses.append(_misses(simulate_study(seed=seed)))
    share = float((np.abs(np.concatenate(misses)) < 2).mean())
    shown = f"{share:.0%} of {len(SEEDS)} × 7"
    return [*found, Finding("within two standard errors in other draws (95% are expected)", share, shown)]


def _misses(study: Study) -> np.ndarray:
    """Estimate minus truth over standard error: column 5, the steps of Table A2, the slopes of Figure 3."""
    models = (TABLE_A1[4], TABLE_A2, *FIGURE_3_SLOPES)
    rows = [row for of_model in fitted(study.sessions, models) for row in of_model]
    planted = study.planted
    truth = [planted.slope, *planted.steps[1:], planted.log_actions, planted.log_words]
    return np.array(
        [(row["estimate"] - true) / row["std_error"] for row, true in zip(rows, truth, strict=True)]  # type: ignore[operator]
    )


def against_statsmodels() -> list[Finding]:
    """On a study that statsmodels can do."""
    mine, theirs, found = _in_turns("statsmodels formulas", simulate_study(PEER_SESSIONS).sessions, _statsmodels)
    return [*found, at_least("statsmodels / numpy", theirs / mine, FASTER_THAN_STATSMODELS)]


def against_pyfixest(frame: pl.DataFrame) -> list[Finding]:
    """On the study of the published size."""
    if not importlib.util.find_spec("pyfixest"):
        missing = "pyfixest is not installed (pip install -e '.[bench]')"
        return [at_most("numpy / pyfixest", None, OF_PYFIXEST, missing=missing)]
    mine, theirs, found = _in_turns("pyfixest", frame, _pyfixest)
    return [*found, at_most("numpy / pyfixest", mine / theirs, OF_PYFIXEST)]


def _in_turns(peer: str, frame: pl.DataFrame, fit: PeerFit) -> tuple[float, float, list[Finding]]:
    """Seconds of the fastest of three rounds, ours and theirs, and how far coefficients and standard errors differ."""
    prepared = prepare(frame, TABLES_AND_FIGURE_5)
    data = [_peer_data(estimation_sample(prepared, model, MIN_USERS), model) for model in TABLES_AND_FIGURE_5]
    mine, theirs, differences = [], [], []
    for number in range(ROUNDS):
        progress(f"models: {peer}, round {number + 1} of {ROUNDS}")
        began = time.perf_counter()
        rows = fitted(frame, TABLES_AND_FIGURE_5)
        mine.append(time.perf_counter() - began)
        began = time.perf_counter()
        others = [fit(of_model, model) for of_model, model in zip(data, TABLES_AND_FIGURE_5, strict=True)]
        theirs.append(time.perf_counter() - began)
        differences = [
            abs(ours / other - 1)
            for of_model, (coefficients, errors) in zip(rows, others, strict=True)
            for row in of_model
            if row.get("estimate") is not None
            for ours, other in ((row["estimate"], coefficients[row["term"]]), (row["std_error"], errors[row["term"]]))
        ]
    name, worst = f"{len(TABLES_AND_FIGURE_5)} models on {frame.height:,} sessions", float(max(differences))
    what = f"largest relative difference of {len(differences)} coefficients and standard errors"
    return (
        min(mine),
        min(theirs),
        [
            Finding(f"{name}, numpy", min(mine), f"{min(mine):.2f} s"),
            Finding(f"{name}, {peer}", min(theirs), f"{min(theirs):.2f} s"),
            Finding(what, worst, f"{worst:.1e}", f"≤ {SAME:.0e}", worst <= SAME),
        ],
    )


def _peer_data(sample: EstimationSample, specification: Specification) -> Any:
    """The sample as pandas: outcome, one column per term, cell and user."""
    columns = dict(
        zip((term.name for term in specification.terms), regressors(sample, specification.terms), strict=True)
    )
    outcome = outcomes(sample, specification)
    return pl.DataFrame({"outcome": outcome, **columns, "cell": sample.cell, "user": sample.user}).to_pandas()


def _statsmodels(data: Any, specification: Specification) -> tuple[Any, Any]:
    import statsmodels.formula.api as smf

    terms = " + ".join(term.name for term in specification.terms)
    formula = f"outcome ~ {terms}" + (" + C(cell)" if specification.controls else "")
    with warnings.catch_warnings():
        # That the covariance of thousands of dummies has less than full rank says nothing about the terms.
        warnings.simplefilter("ignore")
        fit = smf.ols(formula, data).fit(cov_type="cluster", cov_kwds={"groups": data["user"]}, use_t=True)
    return fit.params, fit.bse


def _pyfixest(data: Any, specification: Specification) -> tuple[Any, Any]:
    import pyfixest

    terms = " + ".join(term.name for term in specification.terms)
    absorbed = " | cell" if specification.controls else ""
    # Every cell counts among the parameters, as statsmodels counts them.
    ssc = pyfixest.ssc(k_adj=True, k_fixef="full", G_adj=True, G_df="conventional")
    options = {"vcov": {"CRV1": "user"}, "ssc": ssc, "copy_data": False, "store_data": False, "fixef_rm": "none"}
    fit: Any = pyfixest.feols(f"outcome ~ {terms}{absorbed}", data, **options)
    return fit.coef(), fit.se()


def at_scale(frame: pl.DataFrame, scratch: Path) -> list[Finding]:
    """Peak memory and seconds of a process of its own, at the published size and at ten times it."""
    study, large = scratch / "study.parquet", scratch / "large.parquet"
    frame.drop(LEFT_OUT).write_parquet(study)
    progress(f"models: simulating {LARGE_SESSIONS:,} sessions")
    of_large = simulate_study(LARGE_SESSIONS).sessions
    of_large.drop(LEFT_OUT).write_parquet(large)
    del of_large
    once, whole, ten = [], _once(study, "--everything"), []
    for number in range(ROUNDS):
        progress(f"models: in processes of their own, round {number + 1} of {ROUNDS}")
        once.append(_once(study))
        ten.append(_once(large))
    seconds, large_seconds = (min(run["seconds"] for run in runs) for runs in (once, ten))
    peak, peak_of_all = (run["peak_rss"] and run["peak_rss"] / 1e9 for run in (once[0], whole))
    missing = "there is no /proc here"
    name = f"{len(TABLES_AND_FIGURE_5)} models"
    return [
        at_most(f"peak RSS, {name} on {frame.height:,} sessions", peak, PEAK_RSS_GB, " GB", missing),
        at_most("peak RSS, with all models beside them", peak_of_all, PEAK_RSS_GB, " GB", missing),
        Finding("all models beside them too", whole["seconds"], f"{whole['seconds']:.1f} s"),
        Finding(f"{name} on {LARGE_SESSIONS:,} sessions", large_seconds, f"{large_seconds:.2f} s"),
        at_most(f"{LARGE_SESSIONS:,} / {frame.height:,} sessions, time", large_seconds / seconds, TIMES_FOR_LARGE),
    ]


def _once(file: Path, *flags: str) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.models_once", str(file), *flags]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ)
    result: dict[str, float] = json.loads(done.stdout)
    return result


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", action="store_true", help="a JSON object instead of a table")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sessions-bench-") as scratch:
        tell("Models", findings(Path(scratch)), given.json)


if __name__ == "__main__":
    main()

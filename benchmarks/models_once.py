"""The models on a file of classified sessions, in a process of its own, so that its peak memory is theirs.

    python -m benchmarks.models_once FILE.parquet [--everything]

Prints one line of JSON: seconds of the fits (numbering, samples, cells, fits and inference; reading is left out), rows,
and the peak RSS of the process in bytes, reading and imports included (null without Linux' /proc).
"""

from __future__ import annotations

import argparse
import json
import re
import time
from pathlib import Path

import polars as pl

from sessions_pipeline.analysis.models import coefficients
from sessions_pipeline.analysis.samples import prepare
from sessions_pipeline.analysis.specifications import (
    EVERY_PERIOD,
    FIGURE_5,
    TABLE_A1,
    TABLE_A2,
    WINDOW_ONLY,
    Specification,
)

MIN_USERS = 5
TABLES_AND_FIGURE_5 = (*TABLE_A1, TABLE_A2, *FIGURE_5)


def fitted(frame: pl.DataFrame, specifications: tuple[Specification, ...]) -> list[list[dict[str, object]]]:
    """Rows of analysis.coefficients, a list for each of `specifications`."""
    prepared = prepare(frame, specifications)
    return [list(map(dict, coefficients(prepared, specification, MIN_USERS))) for specification in specifications]


def peak_rss() -> int | None:
    """Bytes; None where there is no Linux /proc. getrusage would tell the parent's peak where that was higher."""
    status = Path("/proc/self/status")
    found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text()) if status.exists() else None
    return int(found[1]) * 1024 if found else None


def main() -> None:
    """Reads, fits, prints."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--everything", action="store_true", help="also the models that stand beside them")
    given = parser.parse_args()
    frame = pl.read_parquet(given.file)
    began = time.perf_counter()
    models = (*EVERY_PERIOD, *WINDOW_ONLY, *FIGURE_5) if given.everything else TABLES_AND_FIGURE_5
    rows = fitted(frame, models)
    seconds = time.perf_counter() - began
    print(json.dumps({"seconds": seconds, "rows": sum(map(len, rows)), "peak_rss": peak_rss()}))


if __name__ == "__main__":
    main()

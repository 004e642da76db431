"""`replace_window`, killed: a window is the rows before or the rows after, never a mixture, never less.

Each kill hits a fork that writes without end; forked before DuckDB and polars have threads, so that hundreds of kills
cost one import. Runs in a process of its own: `python -m sessions_pipeline_tests.soak.warehouse FILE KILLS SEED`.
"""

from __future__ import annotations

import datetime as dt
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

import polars as pl

from sessions_pipeline.warehouse import Warehouse

TABLE = "raw.rejected_lines"
WINDOW = (dt.date(2025, 10, 1), dt.date(2025, 11, 1))
OTHER_MONTH = dt.date(2025, 12, 1)
# Reason of every row -> rows per month. The larger is far above DuckDB's row group of 122,880 rows.
STATES = {"small": 2_000, "large": 150_000}
UNTOUCHED = 500


def rows(reason: str, per_month: int, months: tuple[dt.date, ...]) -> pl.DataFrame:
    """`per_month` rows of TABLE for each month, all with the same reason."""
    numbers = pl.DataFrame({"line_number": pl.int_range(1, per_month + 1, eager=True)})
    return numbers.join(pl.DataFrame({"month": months}), how="cross").with_columns(
        pl.lit("f").alias("file_key"), pl.lit(reason).alias("reason")
    )


def write_for_ever(file: Path) -> None:
    """Replaces the window by one state and the other in turn."""
    store = Warehouse(database=str(file))
    while True:
        for reason, per_month in STATES.items():
            store.replace_window(TABLE, rows(reason, per_month, WINDOW), WINDOW)


def fault(file: Path) -> str:
    """What is wrong with the stored rows; empty if nothing is."""
    stored = Warehouse(database=str(file)).query(
        f"SELECT month, reason, count(*) AS n, count(DISTINCT line_number) AS lines FROM {TABLE} GROUP BY ALL"
    )
    other = stored.filter(pl.col("month") == OTHER_MONTH)
    if other.rows() != [(OTHER_MONTH, "other", UNTOUCHED, UNTOUCHED)]:
        return f"the month outside the window: {other.rows()}"
    window = sorted(stored.filter(pl.col("month") != OTHER_MONTH).rows())
    whole = [[(month, reason, n, n) for month in WINDOW] for reason, n in STATES.items()]
    return "" if window in whole else f"the window: {window}"


def keep_as_it_is(file: Path) -> None:
    """Copies the warehouse as the kill left it: reading it changes it."""
    copy = file.parent / "as_killed"
    shutil.rmtree(copy, ignore_errors=True)
    copy.mkdir()
    for path in file.parent.glob(f"{file.name}*"):
        if path.is_file():
            shutil.copy(path, copy)


def fork(work: Callable[[], None]) -> int:
    """Process id of a child that does `work` and ends."""
    if not (pid := os.fork()):
        work()
        os._exit(0)
    return pid


def soak(file: Path, kills: int, seed: int) -> None:
    """Raises SystemExit with the first fault."""
    moments = Random(seed)

    def check() -> None:
        if found := fault(file):
            print(found, file=sys.stderr, flush=True)
            os._exit(1)

    def start() -> None:
        store = Warehouse(database=str(file))
        store.replace_window(TABLE, rows("other", UNTOUCHED, (OTHER_MONTH,)), [OTHER_MONTH])
        store.replace_window(TABLE, rows("small", STATES["small"], WINDOW), WINDOW)

    os.waitpid(fork(start), 0)
    for number in range(kills):
        pid = fork(lambda: write_for_ever(file))
        time.sleep(moments.uniform(0.02, 0.8))
        os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        if not os.WIFSIGNALED(status):
            raise SystemExit(f"the writer ended by itself before kill {number + 1}")
        keep_as_it_is(file)
        if os.waitpid(fork(check), 0)[1]:
            raise SystemExit(f"after kill {number + 1} of {kills}, seed {seed}")


if __name__ == "__main__":
    soak(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))

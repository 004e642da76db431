"""An attack on all that is released about one label: what numbers of sessions are consistent with it.

The attacker holds every row of staging.figures, of which the marts are selections: all months, windows, vintages and
breakdowns by the label. They know how many sessions each month has, also of those that a breakdown is about where it
shows any level of the month, and take a level without a row for empty. They ask for the smallest and largest number of
sessions of a cell, in whole numbers. A cell of too few users is safe if fewer sessions than the threshold are possible,
and as many or more: so that it could be of one user, or of enough.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

from sessions_pipeline_tests.dbt_like_sql.reference import tables_behind

ALL = pl.lit(True)


@dataclass(frozen=True)
class Label:
    """A label and its breakdowns. atoms: columns that tell apart what any breakdown tells apart, beside the month.

    breakdowns: name in staging.figures -> (sessions that it is about, its level as text). secrets: what else
    must not be found out, in the same form.
    """

    atoms: tuple[str, ...]
    breakdowns: dict[str, tuple[pl.Expr, pl.Expr]]
    secrets: tuple[tuple[pl.Expr, pl.Expr], ...] = ()


@dataclass
class Knowledge:
    """atoms: one row for each number that the attacker does not know. sums: of those that a row names."""

    atoms: pl.DataFrame
    rows: list[np.ndarray] = field(default_factory=list)
    sums: list[float] = field(default_factory=list)

    def learn(self, inside: np.ndarray, total: int) -> None:
        self.rows.append(inside)
        self.sums.append(total)

    def bounds(self, target: np.ndarray) -> tuple[int, int]:
        """Fewest and most sessions of the atoms `target` together."""
        known = LinearConstraint(csr_array(np.array(self.rows, dtype=float)), self.sums, self.sums)
        ends = [
            milp(sign * target, constraints=known, integrality=np.ones(len(target)), bounds=Bounds(0, np.inf))
            for sign in (1.0, -1.0)
        ]
        assert all(end.success for end in ends)
        return round(ends[0].fun), round(-ends[1].fun)


Release = Callable[[pl.DataFrame, Label, Sequence[dt.date], int, int], pl.DataFrame]


def by_the_rule(
    sessions: pl.DataFrame, label: Label, months: Sequence[dt.date], min_users: int, window: int
) -> pl.DataFrame:
    """All cells of the label's breakdowns: month, period, breakdown, level, sessions (null: withheld)."""
    tables = tables_behind(sessions, min_users, f"{months[0]:%Y-%m}", f"{months[-1]:%Y-%m}", window)
    figures = tables["staging.figures"].filter(
        pl.col("breakdown").is_in(list(label.breakdowns)), pl.col("level") != "all"
    )
    return figures.select("month", "period", "breakdown", "level", "sessions").unique()


def by_users_alone(
    sessions: pl.DataFrame, label: Label, months: Sequence[dt.date], min_users: int, window: int
) -> pl.DataFrame:
    """The same where every cell of enough users is shown."""
    cells = []
    for when, period, inside in periods_of(months, window):
        for breakdown, (who, level) in label.breakdowns.items():
            some = sessions.filter(who & pl.col("month").is_in(inside)).group_by(level.alias("level"))
            counted = some.agg(
                pl.when(pl.col("user_key").n_unique() >= min_users).then(pl.len()).cast(pl.Int64).alias("sessions")
            )
            cells.append(
                counted.select(
                    pl.lit(when).alias("month"),
                    pl.lit(period).alias("period"),
                    pl.lit(breakdown).alias("breakdown"),
                    "level",
                    "sessions",
                )
            )
    return pl.concat(cells)


def periods_of(months: Sequence[dt.date], window: int) -> Iterator[tuple[dt.date, str, Sequence[dt.date]]]:
    """(month, period, months in it) of every month and window."""
    for place, when in enumerate(months):
        yield when, "month", [when]
        yield when, "window", months[max(0, place + 1 - window) : place + 1]


def knowledge(
    sessions: pl.DataFrame, label: Label, cells: pl.DataFrame, months: Sequence[dt.date], window: int
) -> Knowledge:
    """What the attacker has. sessions: only to count the totals, and for the values that the label's columns have."""
    atoms = pl.DataFrame({"month": list(months)})
    for column in label.atoms:
        atoms = atoms.join(sessions.select(pl.col(column).unique()), how="cross")
    known = Knowledge(atoms)
    by_month = cells.filter(pl.col("sessions") > 0, period="month")
    for when in months:
        shown = by_month.filter(month=when)["breakdown"].unique()
        for some in (ALL, *(label.breakdowns[breakdown][0] for breakdown in shown)):
            of_month = some & (pl.col("month") == when)
            count = sessions.filter(of_month).height
            known.learn(atoms.select(of_month.fill_null(False)).to_series().to_numpy(), count)
    seen = {
        (row["month"], row["period"], row["breakdown"], row["level"]): row["sessions"]
        for row in cells.iter_rows(named=True)
    }
    for when, period, inside in periods_of(months, window):
        of_period = atoms["month"].is_in(list(inside))
        for breakdown, (who, level) in label.breakdowns.items():
            there = atoms.select(pl.when(who & of_period).then(level)).to_series()
            for name in there.drop_nulls().unique():
                count = seen.get((when, period, breakdown, name), 0)
                mask = (there == name).fill_null(False).to_numpy()
                if count is not None:
                    known.learn(mask, count)
    return known


def small_cells(
    sessions: pl.DataFrame, label: Label, months: Sequence[dt.date], min_users: int, window: int
) -> Iterator[tuple[pl.Expr, str]]:
    """Months and windows of a secret cell with at least one and fewer than `min_users` users."""
    secrets = (*label.breakdowns.values(), *label.secrets)
    for _, _, inside in periods_of(months, window):
        for who, level in secrets:
            of_period = who & pl.col("month").is_in(list(inside))
            counted = sessions.filter(of_period).group_by(level.alias("level")).agg(pl.col("user_key").n_unique())
            for name, users in counted.sort("level").iter_rows():
                if name is not None and users < min_users:
                    yield of_period & (level == name), f"{name} in {inside[0]} to {inside[-1]}: {who}"


@dataclass(frozen=True)
class Outcome:
    """Numbers of cells shown, of small cells attacked, and what was found out."""

    shown: int
    attacked: int
    found_out: list[str]


def attack(
    release: Release, sessions: pl.DataFrame, label: Label, min_users: int, window: int, months: Sequence[dt.date]
) -> Outcome:
    """The attack on `release` of `sessions`."""
    cells = release(sessions, label, months, min_users, window)
    known = knowledge(sessions, label, cells, months, window)
    targets: dict[bytes, tuple[np.ndarray, str]] = {}
    for cell, name in small_cells(sessions, label, months, min_users, window):
        mask = known.atoms.select(cell.fill_null(False)).to_series().to_numpy()
        targets.setdefault(mask.tobytes(), (mask, name))
    found = []
    for mask, name in targets.values():
        low, high = known.bounds(mask.astype(float))
        if not low < min_users <= high:
            found.append(f"{name}: {low} to {high}")
    return Outcome(cells["sessions"].fill_null(0).gt(0).sum(), len(targets), found)


IN_TROUBLE, WROTE_CODE = pl.col("hit_trouble"), pl.col("wrote_code")
KNOWN = pl.col("user_occupation") != "unclear"
PROFESSION = pl.when(pl.col("user_occupation") == "15").then(pl.lit("software")).otherwise(pl.lit("other"))
CROSSED = pl.col("user_occupation") + "|" + pl.col("task_occupation")


def _text(column: str) -> pl.Expr:
    return pl.col(column).cast(pl.String)


def _bin(column: str, points: int) -> pl.Expr:
    """The bin of the agent's share; the shares here are in the middle of bins of ten points."""
    return (((1 - pl.col(column)) * 100).round() // points + 1).cast(pl.Int64).cast(pl.String)


LABELS = {
    "work mode": Label(("work_mode",), dict.fromkeys(("work_mode", "task_value"), (ALL, pl.col("work_mode")))),
    "expertise": Label(
        ("expertise", "hit_trouble"),
        dict.fromkeys(
            ("expertise", "actions_by_expertise", "words_by_expertise", "successes"), (ALL, _text("expertise"))
        )
        | {"successes_in_trouble": (IN_TROUBLE, _text("expertise"))},
        ((~IN_TROUBLE, _text("expertise")),),
    ),
    "occupation": Label(
        ("user_occupation", "task_occupation", "wrote_code"),
        {
            "profession": (KNOWN, PROFESSION),
            "profession_wrote_code": (KNOWN & WROTE_CODE, PROFESSION),
            "occupation_wrote_code": (KNOWN & WROTE_CODE, pl.col("user_occupation")),
            "occupations": (KNOWN, CROSSED),
        },
        ((KNOWN & ~WROTE_CODE, PROFESSION),),
    ),
    "decisions": Label(
        ("user_planning_share",),
        {
            "planning": (ALL, _bin("user_planning_share", 10).str.zfill(2)),
            "planning_bands": (ALL, _bin("user_planning_share", 20)),
        },
    ),
}

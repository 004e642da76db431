"""The figures that the study printed, for setting ours beside them.

Here belong reading and looking up; what is compared with what is decided by the exhibits.
The numbers are facts, taken down from the study named in `SOURCE` (its text, figures and appendix tables).
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

SOURCE = "“Agentic coding and persistent returns to expertise”, Anthropic, 16 June 2026"
FIRST_MONTH = "2025-10"
LAST_MONTH = "2026-04"


@dataclass(frozen=True)
class Published:
    """One printed number.

    value: in `unit` (shares and relative changes as fractions of one).
    decimals: how many were printed, so that 0.26 is shown as 26% and not as 26.0%.
    """

    exhibit: str
    measure: str
    group: str
    value: float
    decimals: int
    unit: str
    standard_error: float | None
    n: int | None
    note: str


@cache
def published_figures() -> dict[tuple[str, str, str], Published]:
    """Every printed number by (exhibit, measure, group), in the file's order."""
    text = files(__package__).joinpath("published_figures.csv").read_text(encoding="utf-8")
    return {(row["exhibit"], row["measure"], row["group"]): _read(row) for row in csv.DictReader(text.splitlines())}


def published(exhibit: str, measure: str, group: str) -> Published | None:
    """The printed number, or None where the study prints none."""
    return published_figures().get((exhibit, measure, group))


def _read(row: dict[str, str]) -> Published:
    return Published(
        exhibit=row["exhibit"],
        measure=row["measure"],
        group=row["group"],
        value=float(row["value"]),
        decimals=len(row["value"].partition(".")[2]),
        unit=row["unit"],
        standard_error=float(row["standard_error"]) if row["standard_error"] else None,
        n=int(row["n"]) if row["n"] else None,
        note=row["note"] or "",
    )

"""All backends of a warehouse against a file of reference labels: what `sessions-pipeline agreement` says.

Unlike the released table, this is for whoever holds the logs and the labels: nothing is suppressed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import polars as pl

from sessions_pipeline.analysis.agreement import Agreement, Confusion, agreement_with
from sessions_pipeline.classifications.reference import FACETS, Reference, backend_ratings

_NAMED = 5


@dataclass(frozen=True)
class Comparison:
    """left_out: what of the file is not used -> where. missing: (rater, facet) of the file without a statistic."""

    sessions: int
    rows: list[Agreement]
    confusions: list[Confusion]
    left_out: dict[str, list[str]]
    missing: list[tuple[str, str]]

    def left_out_lines(self) -> Iterator[str]:
        """One line for each thing that is left out: how often, and the first places."""
        for what, places in self.left_out.items():
            more = f" and {len(places) - _NAMED} more" if len(places) > _NAMED else ""
            yield f"{what}: {len(places)} ({', '.join(places[:_NAMED])}{more})"

    def as_json(self) -> dict[str, Any]:
        """Everything, in plain types."""
        return {
            "sessions": self.sessions,
            "agreement": [asdict(row) for row in self.rows],
            "confusion": [
                {
                    **asdict(table),
                    "base_rates": {
                        label: {"reference": reference, "rater": rater}
                        for label, (reference, rater) in table.base_rates().items()
                    },
                }
                for table in self.confusions
            ],
            "left_out": self.left_out,
            "missing": [{"rater": rater, "facet": facet} for rater, facet in self.missing],
        }


def compare_with(reference: Reference, sessions: pl.DataFrame, labels: pl.DataFrame) -> Comparison:
    """Every backend's current labels against `reference`. sessions, labels: the tables that are called so."""
    named = set(reference.ratings["session_id"])
    eligible = sessions.filter("is_eligible", pl.col("session_id").is_in(named))
    rated = backend_ratings(eligible, labels)
    rows, confusions = agreement_with(reference, rated, eligible)
    left_out = dict(reference.left_out)
    for what, ids in (
        ("sessions that are not in the warehouse", named - set(sessions["session_id"])),
        ("sessions that are not in the sample", named & set(sessions["session_id"]) - set(eligible["session_id"])),
        ("sessions that no backend labelled", set(eligible["session_id"]) - set(rated["session_id"])),
    ):
        if ids:
            left_out[what] = sorted(ids)
    facets = [name for name in FACETS if name in set(reference.first["facet"])]
    there = {(row.rater, row.facet) for row in rows}
    missing = [
        (rater, facet) for rater in rated["rater"].unique().sort() for facet in facets if (rater, facet) not in there
    ]
    return Comparison(rated["session_id"].n_unique(), rows, confusions, left_out, missing)

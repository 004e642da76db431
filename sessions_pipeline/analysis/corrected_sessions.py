"""Which sessions have trusted ("gold") labels, where they stand among all of a window, and with which weight.

Here belongs joining; the draw and the labels as columns are in `gold.py`, what is corrected with them in
`corrected_rows.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from sessions_pipeline.analysis.corrected import Floats, Integers, TooFewGoldLabelsError
from sessions_pipeline.analysis.gold import (
    DECISION_SHARES,
    DECISIONS,
    gold_columns,
    last_draw_with_labels,
    response_weights,
    with_gold_labels,
)
from sessions_pipeline.analysis.samples import in_order, user_numbers

# The share of sessions that may have come after the draw: they move an estimate by less than that share of an error.
MOST_LATER = 0.01
NO_GOLD = "there are no gold labels: draw sessions with `sessions-pipeline gold draw`, label them, and load the file"


@dataclass(frozen=True)
class GoldLabels:
    """Gold labels of one draw. drawn: its rows of labels.gold_draws. columns: as `gold_columns`, of those drawn."""

    drawn: pl.DataFrame
    columns: pl.DataFrame

    @property
    def draw_id(self) -> str | None:
        """The draw; None without labels."""
        return self.drawn["draw_id"][0] if self.drawn.height else None


def gold_labels(draws: pl.DataFrame, gold: pl.DataFrame) -> GoldLabels:
    """The last draw that has labels, with them. draws, gold: labels.gold_draws and labels.gold."""
    drawn = last_draw_with_labels(draws, gold)
    return GoldLabels(drawn, gold_columns(gold.join(drawn, on="session_id", how="semi")))


@dataclass(frozen=True)
class Judged:
    """The window's sessions as the judge has them, in the models' order. user (n,): numbers from 0, none skipped."""

    sessions: pl.DataFrame
    user: Integers


def judged_sessions(sessions: pl.DataFrame) -> Judged:
    """`sessions`: core.classified_sessions of the window."""
    ordered = in_order(sessions)
    return Judged(ordered, user_numbers(ordered))


@dataclass(frozen=True)
class Labelled:
    """Sessions with all the gold labels that are needed.

    sessions: with these labels in place of the judge's. at (m,): where they stand among the judged ones.
    weight (m,): one over the probability to be there.
    """

    sessions: pl.DataFrame
    at: Integers
    weight: Floats


class Ready:
    """The sessions of a period with gold labels, found once for each set of labels that is asked for."""

    def __init__(self, judged: Judged, gold: GoldLabels) -> None:
        self._judged, self._gold = judged, gold
        self._known: dict[tuple[str, ...], tuple[Labelled | None, str | None]] = {}

    def of(self, facets: tuple[str, ...]) -> tuple[Labelled | None, str | None]:
        """The sessions with gold labels of all `facets`, columns of core.classified_sessions, or why there are none."""
        if facets not in self._known:
            try:
                self._known[facets] = self._labelled(facets), None
            except TooFewGoldLabelsError as error:
                self._known[facets] = None, str(error)
        return self._known[facets]

    @cached_property
    def _drawn(self) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Rows of the draw that are among the judged sessions, and where these stand (session_id, at).

        Raises TooFewGoldLabelsError without a draw, or where months with labels, or much of them, were not drawn from.
        """
        if self._gold.draw_id is None:
            raise TooFewGoldLabelsError(NO_GOLD)
        sessions, drawn = self._judged.sessions, self._gold.drawn
        # A month without the judge's labels has no session in any sample, and could not be drawn from.
        labelled = sessions.filter(pl.col("labels_backend").is_not_null())["month"].unique()
        if undrawn := sorted(set(labelled) - set(drawn["month"])):
            named = ", ".join(f"{month:%Y-%m}" for month in undrawn)
            raise TooFewGoldLabelsError(
                f"nothing was drawn from {named}: draw again, with the same seed and all months"
            )
        _none_came_later(sessions, drawn)
        there = sessions.select("session_id").with_row_index("at").join(drawn, on="session_id", how="semi")
        return drawn.join(there, on="session_id", how="semi"), there

    def _labelled(self, facets: tuple[str, ...]) -> Labelled:
        drawn, there = self._drawn
        # A session without decisions of a kind has no share of these: an answer, and no missing label.
        needed = [DECISIONS if facet in DECISION_SHARES else facet for facet in facets]
        known = self._gold.columns.drop_nulls(needed).join(drawn, on="session_id", how="semi")
        if known.is_empty():
            raise TooFewGoldLabelsError(f"no gold labels of {' and '.join(dict.fromkeys(needed))}")
        weights = response_weights(drawn, known["session_id"].to_list()).join(there, on="session_id").sort("at")
        at = weights["at"].to_numpy().astype(np.int64)
        judged = self._judged.sessions[at]
        return Labelled(with_gold_labels(judged, known, facets), at, weights["weight"].to_numpy())


def _none_came_later(sessions: pl.DataFrame, drawn: pl.DataFrame) -> None:
    """Raises TooFewGoldLabelsError if months hold more labelled sessions than there were to draw from.

    What came later could not be drawn: it would count as the judge has it, under an interval that says otherwise.
    """
    now = sessions.filter(pl.col("labels_backend").is_not_null()).group_by("month").len("now")
    # Drawn sessions over all of their stratum: ones over it add up to the stratum.
    then = drawn.group_by("month").agg(then=(1 / pl.col("probability")).sum())
    counts = now.join(then, on="month")
    later = float((counts["now"] - counts["then"]).clip(0).sum())
    if later > MOST_LATER * float(counts["now"].sum()):
        raise TooFewGoldLabelsError(
            f"{later:.0f} of {counts['now'].sum()} sessions were not there, or had no labels, when gold labels were "
            "drawn: draw again, with the same seed and all months"
        )

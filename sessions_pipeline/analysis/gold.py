"""Sessions drawn for trusted ("gold") labelling: who is drawn, with which probability, and their labels as columns.

Pure frames in and out. Files and the warehouse are the business of `commands/gold.py`; what the labels correct is in
`corrected_rows.py`.

Draw
    Strata are month × the judge's labels of some facets; those of fewer than 10 sessions in their month share one.
    Stratum h of N_h sessions gets n_h in proportion to the square root of N_h (power allocation, Bankier 1988: rare
    labels are where errors bend slopes most), at least 1 and at most N_h. Each session has a number of its own, made
    of the seed and its id; a stratum's n_h smallest are drawn, so each with the probability n_h / N_h. With the same
    seed a larger draw holds all of a smaller one, while the judge's labels stay: gold labels given before still count.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import heapq
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from sessions_pipeline.classifications.reference import FACETS, Reference
from sessions_pipeline.schemas import polars_schema

DRAWS, GOLD = "labels.gold_draws", "labels.gold"
# Facets whose labels are a column of core.classified_sessions under the same name.
STRATIFYING = tuple(name for name, facet in FACETS.items() if facet.labels and facet.kind != "price")
# The user's shares of decisions; one of no decisions at all is null, and an answer all the same.
DECISION_SHARES = ("user_planning_share", "user_execution_share", "user_decision_share")
DECISIONS = "decisions"
SMALL_STRATUM = 10
OTHERS = "others"


class DrawError(ValueError):
    """A draw that cannot be made. The message says what is possible."""


@dataclass(frozen=True)
class Plan:
    """What a draw is asked for. facets: whose labels make the strata. size: sessions in all."""

    months: tuple[dt.date, ...]
    facets: tuple[str, ...]
    size: int
    seed: int

    @property
    def draw_id(self) -> str:
        """Name of the draw: the same plan is the same draw."""
        asked = "|".join([*map(str, self.months), *self.facets, str(self.size), str(self.seed)])
        return hashlib.sha256(asked.encode()).hexdigest()[:12]


def draw(sessions: pl.DataFrame, plan: Plan, drawn_at: dt.datetime) -> pl.DataFrame:
    """Rows of labels.gold_draws for `plan`, in order of month and session_id.

    sessions: `core.classified_sessions`; those of other months and without labels are not drawn from.
    Raises DrawError if there is nothing to draw from, or the plan has fewer sessions than there are strata.
    """
    population = sessions.filter(pl.col("month").is_in(plan.months), pl.col("labels_backend").is_not_null())
    if population.is_empty():
        raise DrawError("no session of these months has labels: there is nothing to draw from")
    label = pl.concat_str([pl.col(facet).cast(pl.String).fill_null("unclear") for facet in plan.facets], separator="/")
    rows = population.select("session_id", "month", label.alias("label")).with_columns(
        stratum=pl.when(pl.len().over("month", "label") < SMALL_STRATUM).then(pl.lit(OTHERS)).otherwise("label"),
        chance=pl.col("session_id").map_elements(lambda name: _chance(plan.seed, name), return_dtype=pl.UInt64),
    )
    strata = rows.group_by("month", "stratum").len("sessions").sort("month", "stratum")
    if plan.size < strata.height:
        raise DrawError(
            f"{plan.size} sessions are fewer than the {strata.height} strata (month by {' × '.join(plan.facets)}): "
            f"draw at least {strata.height}, or name fewer facets with --by"
        )
    drawn = pl.Series("drawn", allocated(strata["sessions"].to_list(), plan.size))
    return (
        rows.join(strata.with_columns(drawn), on=["month", "stratum"])
        .filter(pl.struct("chance", "session_id").rank("ordinal").over("month", "stratum") <= pl.col("drawn"))
        .with_columns(
            pl.lit(plan.draw_id).alias("draw_id"),
            pl.lit(plan.seed, dtype=pl.Int64).alias("seed"),
            pl.lit(drawn_at, dtype=pl.Datetime("us")).alias("drawn_at"),
            (pl.col("drawn") / pl.col("sessions")).alias("probability"),
        )
        .sort("month", "session_id")
        .select(pl.col(name).cast(kind) for name, kind in polars_schema(DRAWS).items())
    )


def _chance(seed: int, session_id: str) -> int:
    return int.from_bytes(hashlib.sha256(f"{seed}:{session_id}".encode()).digest()[:8])


def allocated(sizes: Sequence[int], size: int) -> list[int]:
    """How many of each stratum are drawn: `size` in all, or everybody if there are fewer.

    At least 1 of each and at most all, in proportion to the square root of `sizes` by Sainte-Laguë's method: one by
    one to the stratum with the largest root / (drawn + 1/2). So a larger draw takes no place from any stratum.
    """
    drawn = [1] * len(sizes)
    open_to = [(-(each**0.5) / 1.5, at) for at, each in enumerate(sizes) if each > 1]
    heapq.heapify(open_to)
    for _ in range(min(size, sum(sizes)) - len(sizes)):
        _, at = heapq.heappop(open_to)
        drawn[at] += 1
        if drawn[at] < sizes[at]:
            heapq.heappush(open_to, (-(sizes[at] ** 0.5) / (drawn[at] + 0.5), at))
    return drawn


def last_draw_with_labels(draws: pl.DataFrame, gold: pl.DataFrame) -> pl.DataFrame:
    """The rows of labels.gold_draws of the last draw that has labels; no rows without one."""
    labelled = draws.join(gold, on="session_id", how="semi")
    if labelled.is_empty():
        return draws.clear()
    last = labelled.sort("drawn_at", "draw_id")["draw_id"][-1]
    return draws.filter(pl.col("draw_id") == last)


def column_of(facet: str) -> str:
    """The column of core.classified_sessions with the labels of `facet`."""
    return "task_value_band" if FACETS[facet].kind == "price" else facet


def gold_columns(gold: pl.DataFrame) -> pl.DataFrame:
    """One row per session of labels.gold: session_id, and what its first pass says, in the columns of
    core.classified_sessions: labels as text, shares of decisions and the task value as numbers (null: none given).

    decisions: true where decisions were counted, also where there were none of a kind; else null.
    """
    first = gold.sort("pass_number").unique(["session_id", "facet"], keep="first", maintain_order=True)

    def of(column: str, facet: str) -> pl.Expr:
        return pl.col(column).filter(pl.col("facet") == facet).first()

    labels = {column_of(name): of("label", name) for name, facet in FACETS.items() if facet.labels}
    numbers = {name: of("value", name) for name in DECISION_SHARES}
    numbers[DECISIONS] = pl.when(pl.col("facet").is_in(DECISION_SHARES).any()).then(pl.lit(True))
    numbers["task_value_usd"] = 10 ** of("value", "task_value")
    return first.group_by("session_id", maintain_order=True).agg(**labels, **numbers).sort("session_id")


def response_weights(drawn: pl.DataFrame, labelled: Collection[str]) -> pl.DataFrame:
    """session_id and weight of the drawn sessions that are labelled: one over the probability to be there.

    drawn: session_id, stratum and probability of all that were drawn and are still there. Those without a label count
    as missing at random among the labels of their stratum in all months; a stratum without any is spread over all.
    """
    there = pl.col("session_id").is_in(list(labelled))
    one_over = 1 / pl.col("probability")
    of_stratum = one_over.sum().over("stratum") / one_over.filter(there).sum().over("stratum")
    rows = drawn.with_columns(weight=one_over * of_stratum).filter(there)
    total = float((1 / drawn["probability"]).sum())
    return rows.select("session_id", pl.col("weight") * total / pl.col("weight").sum())


@dataclass(frozen=True)
class Loaded:
    """Labels of a file as rows of labels.gold. left_out: what of the file is not used -> where.

    unlabelled: sessions of the draws that the file belongs to that have no label in it.
    """

    rows: pl.DataFrame
    left_out: Mapping[str, list[str]]
    unlabelled: list[str]


def loaded(reference: Reference, draws: pl.DataFrame, loaded_at: dt.datetime) -> Loaded:
    """The labels of `reference` that are of drawn sessions. draws: labels.gold_draws."""
    drawn = draws.select("session_id", "month").unique()
    rows = (
        reference.ratings.join(drawn, on="session_id")
        .with_columns(
            pl.col("rater").str.strip_prefix("pass ").cast(pl.Int64).alias("pass_number"),
            pl.lit(reference.sha256).alias("file_sha256"),
            pl.lit(loaded_at, dtype=pl.Datetime("us")).alias("loaded_at"),
        )
        .sort("month", "session_id", "pass_number", "facet")
        .select(polars_schema(GOLD).keys())
    )
    left_out = dict(reference.left_out)
    if strangers := sorted(set(reference.ratings["session_id"]) - set(drawn["session_id"])):
        left_out["sessions that were not drawn"] = strangers
    # Two draws share sessions: a file is of the one with most of its sessions, of several the smallest.
    shared = draws.join(rows, on="session_id", how="semi").group_by("draw_id").len("shared")
    sizes = draws.group_by("draw_id").len("size").join(shared, on="draw_id")
    own = sizes.sort("shared", "size", "draw_id", descending=[True, False, False])["draw_id"].head(1)
    unlabelled = draws.filter(pl.col("draw_id").is_in(own.implode())).join(rows, on="session_id", how="anti")
    return Loaded(rows, left_out, unlabelled["session_id"].to_list())


_SIGNAL = {"none": "0"}
_AS_NUMBERS: Mapping[str, pl.Expr] = {
    "expertise": pl.col("expertise"),
    "expertise_opening": pl.col("expertise_opening"),
    "success_signal": pl.col("success_signal").replace(_SIGNAL),
    "failure_signal": pl.col("failure_signal").replace(_SIGNAL),
}


def with_gold_labels(sessions: pl.DataFrame, gold: pl.DataFrame, facets: Sequence[str]) -> pl.DataFrame:
    """`sessions` (rows of core.classified_sessions) with gold labels in the columns `facets`, and the measures of them.

    gold: as `gold_columns`; sessions without a row keep their labels. The measures are those of
    `core.classified_sessions`.
    """
    labels = gold.select("session_id", *facets).with_columns(
        _AS_NUMBERS[facet].cast(pl.Int64, strict=False) for facet in facets if facet in _AS_NUMBERS
    )
    known = labels.with_columns(is_gold=pl.lit(True))
    joined = sessions.join(known, on="session_id", how="left", suffix="_gold", maintain_order="left")
    outcome, success, failure = pl.col("outcome"), pl.col("success_signal"), pl.col("failure_signal")
    return (
        joined.with_columns(
            pl.when(pl.col("is_gold")).then(pl.col(f"{facet}_gold")).otherwise(pl.col(facet)).alias(facet)
            for facet in facets
        )
        .with_columns(
            pl.when(outcome.is_not_null() & success.is_not_null())
            .then((outcome == "succeeded") & (success >= 4))
            .alias("verified_success"),
            (outcome == "succeeded").alias("judged_success"),
            outcome.is_in(["succeeded", "partially_succeeded"]).alias("at_least_partial"),
            (outcome == "failed").alias("judged_failure"),
            pl.when(outcome.is_not_null() & failure.is_not_null())
            .then((outcome == "failed") & (failure >= 4))
            .alias("verified_failure"),
            (failure >= 3).alias("hit_trouble"),
            pl.when(outcome.is_not_null())
            .then((outcome == "failed") & (pl.col("lines_added") == 0))
            .alias("abandoned"),
            pl.when(pl.col("user_occupation") != "unclear")
            .then(pl.col("user_occupation") == "15")
            .alias("software_user"),
        )
        .select(sessions.columns)
    )

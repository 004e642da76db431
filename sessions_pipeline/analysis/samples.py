"""Who a regression is estimated on: the sessions of a specification, their cells and users, as numbers.

Here belong putting sessions in order, numbering what is only told apart, and the rules by which sessions and cells
drop out, each counted. Least squares on the result is in `models.py`.

Sessions of a user stand beside one another, in an order that does not depend on how the rows came: sums are then the
same to the last digit, and sums by user read and write memory in order. In any other order, four million sessions took
four times as long for them. What was found for one specification serves all that ask for the same sessions and cells.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import polars as pl

from sessions_pipeline.analysis.specifications import DERIVED, Specification, Term
from sessions_pipeline.analysis.suppression import groups_with_enough_users

if TYPE_CHECKING:
    from sessions_pipeline.analysis.within import Profiles

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

# Combinations of controls are renumbered when there could be more than these: their counts no longer fit the cache.
MOST_COMBINATIONS = 1 << 22


@dataclass(frozen=True)
class EstimationSample:
    """The sessions left to estimate on, with what was dropped on the way.

    sessions: one row per session (n), of the columns that the outcome and the terms read. inside: which of the
    prepared sessions these are. cell, user: each session's fixed-effect cell and user, as numbers from 0, shape (n,).
    n_cells: cells absorbed, 0 without controls.
    n_candidates = n + n_dropped_small_cells + n_dropped_singletons. n_cells_dropped: cells that lost all sessions.
    effect: each session's level of the second factor whose effects are absorbed, as a number from 0, if there is one.
    within: profiles of the regressors within these cells, by terms, once they were asked for.
    """

    sessions: pl.DataFrame
    inside: Flags
    cell: Integers
    user: Integers
    n_cells: int
    n_candidates: int
    n_dropped_small_cells: int
    n_dropped_singletons: int
    n_cells_dropped: int = 0
    effect: Integers | None = None
    within: dict[tuple[Term, ...], Profiles] = field(default_factory=dict, repr=False, compare=False)

    @property
    def n_users(self) -> int:
        """Distinct users: the clusters."""
        return int(self.user.max(initial=-1)) + 1

    def of(self, keep: Flags) -> EstimationSample:
        """The sessions for which `keep` (n,) holds, at least one, with cells and users numbered anew."""
        inside, cell = self.inside.copy(), without_gaps(self.cell[keep])
        inside[inside] = keep
        return replace(
            self,
            sessions=self.sessions.filter(pl.Series(keep)),
            inside=inside,
            cell=cell,
            user=without_gaps(self.user[keep]),
            n_cells=int(cell.max()) + 1 if self.n_cells else 0,
            effect=None if self.effect is None else without_gaps(self.effect[keep]),
            within={},
        )


@dataclass(frozen=True)
class Prepared:
    """Sessions as `prepare` leaves them. known: samples that were asked for, without their sessions' columns."""

    sessions: pl.DataFrame
    known: dict[tuple[object, ...], EstimationSample] = field(default_factory=dict, repr=False, compare=False)


def in_order(frame: pl.DataFrame) -> pl.DataFrame:
    """Rows of core.classified_sessions, a user's beside one another; the same whatever their order was."""
    if not frame["session_id"].is_sorted():
        frame = frame.sort("session_id")
    # Gathering from the many small chunks that a file or a database gives takes four times as long.
    return frame.rechunk()[_by_user(_user_hash(frame))]


def _user_hash(frame: pl.DataFrame) -> npt.NDArray[np.uint64]:
    """64 bits for each user: quicker to compare than keys, and alike for two of a million users once in 40 million."""
    return frame["user_key"].hash().to_numpy()


def _by_user(user: npt.NDArray[np.uint64]) -> Integers:
    """The order of rows that puts users (n,) in order, and each user's rows as they are."""
    # One sort of plain numbers, the first bits of the user before the row, is ten times as fast as a stable argsort.
    bits = np.uint64(user.size.bit_length())
    row = (np.uint64(1) << bits) - np.uint64(1)
    packed = np.sort((user & ~row) | np.arange(user.size, dtype=np.uint64))
    order = (packed & row).astype(np.int64)
    # Different users with the same first bits: their rows are mixed, and sorted once more.
    same = (packed[1:] & ~row) == (packed[:-1] & ~row)
    mixed = packed[1:][same & (user[order[1:]] != user[order[:-1]])] & ~row
    if mixed.size:
        places = np.flatnonzero(np.isin(packed & ~row, mixed))
        order[places] = order[places][np.argsort(user[order[places]], kind="stable")]
    return order


def prepare(frame: pl.DataFrame, specifications: Iterable[Specification]) -> Prepared:
    """What `specifications` read of `frame`, as `in_order` puts it, with users and controls numbered from 0.

    Numbered once, because cells are found for each sample anew and comparing strings took most of the time.
    """
    keys, columns = set[str](), set[str]()
    for specification in specifications:
        keys.update(specification.keys)
        columns.update((*specification.required, *specification.sample.keep.meta.root_names()))
    read = columns | keys | {"session_id", "user_key"}
    derived = [expression.alias(name) for name, expression in DERIVED.items() if name in read]
    wanted = frame.with_columns(derived).select(sorted(read))
    ordered = in_order(wanted.with_columns(_numbered(wanted[key]) for key in sorted(keys - {"user_key"})))
    return Prepared(ordered.with_columns(user_key=pl.Series(user_numbers(ordered))).drop("session_id"))


def user_numbers(ordered: pl.DataFrame) -> Integers:
    """Each session's user as a number from 0, none skipped, shape (n,). ordered: as `in_order` leaves it."""
    user = _user_hash(ordered)
    changes = np.zeros(user.size, dtype=np.int64)
    changes[1:] = user[1:] != user[:-1]
    return np.cumsum(changes)


def _numbered(values: pl.Series) -> pl.Series:
    """`values` as numbers from 0, none skipped, in their order; null stays null."""
    kinds = values.unique().drop_nulls().sort()
    if values.dtype == pl.String:
        return values.cast(pl.Enum(kinds)).to_physical()
    return values.replace_strict(kinds, range(kinds.len()), default=None, return_dtype=pl.UInt32)


def without_gaps(numbers: Integers) -> Integers:
    """`numbers` (n,) from 0, renumbered in the same order so that none is skipped."""
    if not numbers.size:
        return numbers
    used = np.zeros(int(numbers.max()) + 1, dtype=np.bool_)
    used[numbers] = True
    return (np.cumsum(used) - 1)[numbers]


def combinations(columns: Iterable[npt.NDArray[np.integer]], n: int) -> Integers:
    """Each session's combination of the numbers from 0 in `columns`, all (n,), as a number from 0, none skipped."""
    found, size = np.zeros(n, dtype=np.int64), 1
    for column in columns:
        if not n:
            break
        kinds = int(column.max()) + 1
        if size * kinds > MOST_COMBINATIONS:
            found = without_gaps(found)
            size = int(found.max()) + 1
        found *= kinds
        found += column
        size *= kinds
    return without_gaps(found)


def estimation_sample(prepared: Prepared, specification: Specification, min_users: int) -> EstimationSample:
    """The sessions on which `specification` is estimated.

    Out go, in this order: sessions outside the sample rule or without a value in a column of the model (these are no
    candidates); cells with fewer than `min_users` distinct users (study, section 5, privacy), where without controls
    the whole sample is the one cell; sessions alone in their cell, which determine nothing but their own fixed effect
    (singletons; there are none where a cell needs two users).
    """
    # Columns that have a value in every session keep nobody out.
    with_gaps = frozenset(column for column in specification.required if prepared.sessions[column].null_count())
    controls, effects = specification.controls, specification.effects
    asked = (specification.sample, with_gaps, controls, specification.same_cells, effects, min_users)
    if asked not in prepared.known:
        prepared.known[asked] = _drawn(prepared.sessions, specification, sorted(with_gaps), min_users)
    found = prepared.known[asked]
    return replace(found, sessions=prepared.sessions.select(specification.read).filter(pl.Series(found.inside)))


def _drawn(
    sessions: pl.DataFrame, specification: Specification, with_gaps: list[str], min_users: int
) -> EstimationSample:
    """The sample of `specification`, without the columns of its sessions."""
    keep = specification.sample.keep
    if with_gaps:
        keep = keep & pl.all_horizontal(pl.col(column).is_not_null() for column in with_gaps)
    inside = sessions.select(keep.fill_null(False)).to_series().to_numpy(writable=True)
    candidates = int(inside.sum())

    def numbers(*columns: str) -> Integers:
        return combinations((sessions[column].fill_null(0).to_numpy()[inside] for column in columns), candidates)

    # The user first: everything else is held against it.
    factors = [numbers("user_key"), numbers(*specification.controls)]
    demanded = [1, *([2] if specification.same_cells else [])]
    if specification.same_cells:
        factors.append(numbers(*specification.same_cells))
    alone_in = [1] if specification.controls else []
    if specification.effects:
        alone_in.append(len(factors))
        factors.append(numbers(specification.effects))
    n_cells_before = int(factors[1].max(initial=-1)) + 1
    small, alone = 0, 0
    while factors[0].size:
        user = factors[0]
        large = np.all([groups_with_enough_users(factors[at], user, min_users)[factors[at]] for at in demanded], axis=0)
        shared = np.ones_like(large)
        for at in alone_in:
            shared &= (np.bincount(factors[at]) > 1)[factors[at]]
        stays = large & shared
        if stays.all():
            break
        small, alone = small + int((~large).sum()), alone + int((large & ~shared).sum())
        inside[inside] = stays
        factors = [factor[stays] for factor in factors]
        # Taking out whole cells of one factor leaves the others of it as they are; with two it can go on.
        if not specification.effects and not specification.same_cells:
            break
    cell = without_gaps(factors[1])
    n_cells = int(cell.max(initial=-1)) + 1 if specification.controls else 0
    return EstimationSample(
        sessions=pl.DataFrame(),
        inside=inside,
        cell=cell,
        user=without_gaps(factors[0]),
        n_cells=n_cells,
        n_candidates=candidates,
        n_dropped_small_cells=small,
        n_dropped_singletons=alone,
        n_cells_dropped=n_cells_before - n_cells if specification.controls else 0,
        effect=without_gaps(factors[-1]) if specification.effects else None,
    )


def missing_sample(sample: EstimationSample, specification: Specification, min_users: int) -> str:
    """Why nothing is left to estimate on."""
    if not sample.n_candidates:
        return f"no sessions in the sample ({specification.sample.description})"
    if sample.n_dropped_singletons:
        return "every session is alone in its fixed-effect cell, or in a cell with too few users"
    if specification.controls:
        return f"no fixed-effect cell holds {min_users} users"
    return f"fewer than {min_users} users in the sample"


def regressors(sample: EstimationSample, terms: tuple[Term, ...], at: Integers | None = None) -> Floats:
    """The terms' values, shape (k, n); those of the sessions `at` (p,) alone, shape (k, p)."""
    if at is None or any(term.times for term in terms):
        # What is measured from a mean over the sample needs the whole of it.
        values = np.stack([sample.sessions.select(term.values).to_series().to_numpy() for term in terms])
        return values if at is None else values[:, at]
    some = sample.sessions[at]
    return np.stack([some.select(term.values).to_series().to_numpy() for term in terms])


def outcomes(sample: EstimationSample, specification: Specification) -> Floats:
    """The outcome, shape (n,)."""
    return sample.sessions[specification.outcome].cast(pl.Float64).to_numpy()


def levels_of(sample: EstimationSample, column: str) -> Integers:
    """Each session's level in `column`, shape (n,)."""
    return sample.sessions[column].to_numpy().astype(np.int64)


def about_cells(values: Floats, cell: Integers) -> Floats:
    """`values` minus the mean of their cell, both (n,); cells are numbered from 0."""
    return values - (np.bincount(cell, weights=values) / np.bincount(cell))[cell]

"""Which levels of a published breakdown are withheld, so that nobody's few sessions can be read off it.

Here belong counting distinct users, the rule for one breakdown whose total is known, and what the marts withhold, which
no other table may show. No number is changed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

Flags = npt.NDArray[np.bool_]
Integers = npt.NDArray[np.int64]


def users_per_group(group: Integers, user: Integers) -> Integers:
    """Distinct users in each group, shape (largest group + 1,); `group` and `user`, from 0, have shape (n,)."""
    if not group.size:
        return np.zeros(0, dtype=np.int64)
    n_users = int(user.max()) + 1
    pairs = np.sort(group * n_users + user)
    is_new = np.diff(pairs, prepend=-1) > 0
    return np.bincount(pairs[is_new] // n_users)


def distinct(numbers: Integers) -> int:
    """How many different `numbers` from 0 there are. np.unique took a hundred times as long."""
    return int(np.count_nonzero(np.bincount(numbers)))


def groups_with_enough_users(group: Integers, user: Integers, min_users: int) -> npt.NDArray[np.bool_]:
    """Whether each group holds `min_users` distinct users, shape (largest group + 1,); arguments as above."""
    if not group.size:
        return np.zeros(0, dtype=np.bool_)
    # Each user in one group of theirs: where these are enough, nobody needs to be told apart.
    one_of_theirs = np.full(int(user.max()) + 1, -1)
    one_of_theirs[user] = group
    enough = np.bincount(one_of_theirs[one_of_theirs >= 0], minlength=int(group.max()) + 1) >= min_users
    unsettled = ~enough[group]
    if unsettled.any():
        counted = users_per_group(group[unsettled], user[unsettled])
        enough[: counted.size] |= counted >= min_users
    return enough


def withheld_levels(level: Integers, user: Integers, min_users: int) -> frozenset[int]:
    """Levels that must not be shown, given each session's level and user, both of shape (n,).

    Withheld is every level with fewer than `min_users` distinct users. What is withheld can be had as total minus
    shown, so the next smallest levels follow until the withheld ones together hold `min_users` distinct users.
    """
    there = np.bincount(level) > 0
    if groups_with_enough_users(level, user, min_users)[there].all():
        return frozenset()
    users = users_per_group(level, user)
    by_size = sorted(np.flatnonzero(users).tolist(), key=lambda value: (users[value], value))
    withheld = [value for value in by_size if users[value] < min_users]
    for value in by_size[len(withheld) :]:
        if distinct(user[np.isin(level, withheld)]) >= min_users:
            break
        withheld.append(value)
    return frozenset(withheld)


def few_came_back(months: Sequence[Flags], min_users: int) -> bool:
    """Whether those who are in a cell in more than one month are some, but too few for the months to be compared.

    months: of each, who is in it, (users,). The marts count the users of each month, and a comparison those of all: so
    those who came back are known, and by the errors of two means and of their change the product of what they did.
    """
    return 0 < int(np.count_nonzero(np.sum(months, axis=0) > 1)) < min_users


@dataclass(frozen=True)
class Withheld:
    """What the marts withhold, by staging.released.

    shown: (month, period, breakdown, level). partly: (month, period, breakdown) of which a level is withheld; one
    without sessions is then withheld as well.
    """

    shown: frozenset[tuple[dt.date, str, str, str]]
    partly: frozenset[tuple[dt.date, str, str]]

    def has(self, month: dt.date, period: str, breakdown: str, level: str) -> bool:
        """Whether a level must not be shown."""
        return (month, period, breakdown) in self.partly and (month, period, breakdown, level) not in self.shown


def withheld_in_marts(released: pl.DataFrame) -> Withheld:
    """`released`: rows of staging.released."""
    shown = released.filter(~pl.col("suppressed")).select("month", "period", "breakdown", "level").rows()
    partly = released.filter("suppressed").select("month", "period", "breakdown").rows()
    return Withheld(frozenset(shown), frozenset(partly))


def rates_as_released(rates: pl.DataFrame, released: pl.DataFrame) -> pl.DataFrame:
    """Rows of analysis.adjusted_rates without the numbers of the levels that the marts withhold by staging.released.

    The unadjusted rates, and sessions and users, are of nearly the same cells as those of marts.outcomes_by_expertise.
    """
    withheld = withheld_in_marts(released)
    breakdown = {"all": "successes", "hit_trouble": "successes_in_trouble"}
    hidden = pl.Series(
        [
            withheld.has(month, period, breakdown[sample], str(level))
            for month, period, sample, level in rates.select("month", "period", "sample", "expertise").iter_rows()
        ],
        dtype=pl.Boolean,
    )
    of_level = ("sessions", "users", "unadjusted", "estimate", "std_error", "ci_low", "ci_high")
    numbers = (*of_level, "degrees_of_freedom", "std_errors")
    return rates.with_columns(
        *(pl.when(~hidden).then(pl.col(name)).alias(name) for name in numbers),
        suppressed=pl.col("suppressed") | hidden,
        missing_reason=pl.when(hidden & ~pl.col("suppressed"))
        .then(pl.lit("withheld: as in the table of outcomes by expertise"))
        .otherwise(pl.col("missing_reason")),
    )

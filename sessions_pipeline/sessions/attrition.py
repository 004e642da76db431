"""Counts what each rule removed, from lines and files found to sessions analysed: the rows of `core.attrition`.

Within a unit each step's `remaining` is the step before it minus `removed`. Sessions open with the files that are
left; a file that holds several sessions shows as a negative removal, so that the chain does not break there.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator
from dataclasses import dataclass

import polars as pl

from sessions_pipeline.schemas import polars_schema
from sessions_pipeline.sessions.eligibility import RULE_SETS

FILE_ROLES_REMOVED = ("no_session", "repeat", "continuation", "subagent")


@dataclass(frozen=True)
class Chain:
    """What is counted, how many there were, and what each rule removed, in order."""

    unit: str
    start: int
    removals: tuple[tuple[str, int], ...]


def attrition(
    files: pl.DataFrame, sessions: pl.DataFrame, classified: pl.DataFrame, months: Collection[dt.date], rule_set: str
) -> pl.DataFrame:
    """Rows of `core.attrition` for `months`.

    files: `raw.session_files`; sessions: `core.sessions`; classified: `core.classified_sessions`; the rows of `months`
    at least.
    """
    rows = []
    for month in sorted(months):
        of_month = pl.col("month") == month
        chains = _chains(files.filter(of_month), sessions.filter(of_month), classified.filter(of_month), rule_set)
        step = 0
        for chain in chains:
            remaining = chain.start
            for rule, removed in chain.removals:
                step, remaining = step + 1, remaining - removed
                rows.append((month, step, chain.unit, rule, rule_set, removed, remaining))
    return pl.DataFrame(rows, schema=polars_schema("core.attrition"), orient="row")


def breaks(table: pl.DataFrame) -> list[str]:
    """Where the rows of `core.attrition` miss a rule or do not add up, in words; empty if nothing is wrong."""
    found = []
    for (month,), of_month in table.sort("month", "step").group_by("month", maintain_order=True):
        rule_set = of_month["rule_set"][0]
        expected = [(n, *rule, rule_set) for n, rule in enumerate(rules(rule_set), start=1)]
        if of_month.select("step", "unit", "rule", "rule_set").rows() != expected:
            found.append(f"{month:%Y-%m}: its rows are not the {len(expected)} rules of {rule_set} in their order")
        before: dict[str, int] = {}
        for unit, rule, removed, remaining in of_month.select("unit", "rule", "removed", "remaining").iter_rows():
            start = before.get("file") if unit == "session" and "session" not in before else before.get(unit)
            if start is not None and start - removed != remaining:
                found.append(f"{month:%Y-%m} {unit} {rule}: {start} - {removed} is not {remaining}")
            before[unit] = remaining
    return found


def rules(rule_set: str) -> list[tuple[str, str]]:
    """Unit and rule of every step, in order."""
    files, sessions, classified = (
        pl.DataFrame(schema=polars_schema(table))
        for table in ("raw.session_files", "core.sessions", "core.classified_sessions")
    )
    return [
        (chain.unit, rule) for chain in _chains(files, sessions, classified, rule_set) for rule, _ in chain.removals
    ]


def disagreements(
    table: pl.DataFrame,
    files: pl.DataFrame,
    sessions: pl.DataFrame,
    classified: pl.DataFrame,
    months: Collection[dt.date],
) -> list[str]:
    """Where `core.attrition` counts something else than the tables hold that it stands for; empty if nowhere.

    Rows that add up can still be wrong together: the counts found, in the sample and analysed are those of the tables.
    """
    found = []
    for month in sorted(months):
        of_month = table.filter(pl.col("month") == month)
        left = {(unit, rule): n for unit, rule, n in of_month.select("unit", "rule", "remaining").iter_rows()}
        in_files, in_sessions, in_sample = (
            frame.filter(pl.col("month") == month) for frame in (files, sessions, classified)
        )
        rule_set = of_month["rule_set"][0] if of_month.height else "study"
        last_rule = RULE_SETS[rule_set][-1].name
        analysed = in_sample.drop_nulls(["outcome", "labels_backend", "expertise"]).filter(
            pl.col("outcome") != "no_clear_goal"
        )
        held = {
            ("line", "found"): _total(in_files, "lines"),
            ("file", "found"): in_files.height,
            ("session", "found"): in_sessions.height,
            ("session", last_rule): in_sample.height,
            ("session", "unclear_expertise"): analysed.height,
        }
        found += [
            f"{month:%Y-%m} {unit} {rule}: {left.get((unit, rule), 'no row')} remain, the tables hold {count}"
            for (unit, rule), count in held.items()
            if left.get((unit, rule)) != count
        ]
    return found


def _chains(files: pl.DataFrame, sessions: pl.DataFrame, classified: pl.DataFrame, rule_set: str) -> Iterator[Chain]:
    yield Chain(
        "line",
        _total(files, "lines"),
        (
            ("found", 0),
            ("rejected", _total(files, "lines_rejected")),
            ("outside_sessions", _total(files, "lines_outside")),
            ("kept_from_earlier_readings", -_total(files, "lines_kept")),
            ("copies", _total(files, "lines_copied")),
        ),
    )
    by_role = tuple((role, files.filter(pl.col("role") == role).height) for role in FILE_ROLES_REMOVED)
    yield Chain("file", files.height, (("found", 0), *by_role))
    started = files.filter(pl.col("role") == "session").height
    excluded = tuple(
        (rule.name, sessions.filter(pl.col("exclusion") == rule.name).height) for rule in RULE_SETS[rule_set]
    )
    labelled = classified.filter(pl.col("outcome").is_not_null() & pl.col("labels_backend").is_not_null())
    with_goal = labelled.filter(pl.col("outcome") != "no_clear_goal")
    yield Chain(
        "session",
        started,
        (
            ("found", started - sessions.height),
            *excluded,
            ("unlabelled", classified.height - labelled.height),
            ("no_clear_goal", labelled.height - with_goal.height),
            ("unclear_expertise", with_goal.filter(pl.col("expertise").is_null()).height),
        ),
    )


def _total(frame: pl.DataFrame, column: str) -> int:
    return int(frame[column].sum())

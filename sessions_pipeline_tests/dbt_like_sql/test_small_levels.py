"""Users of several levels of few users together: counted on rows written out here, and against the cells."""

from __future__ import annotations

import polars as pl

from sessions_pipeline_tests.dbt_like_sql.reference import FIRST, LAST, drawn_sessions, tables_behind
from sessions_pipeline_tests.dbt_like_sql.running import month, run, table

DECEMBER, JANUARY = month("2025-12"), month("2026-01")


def test_a_user_of_several_levels_counts_once_and_levels_of_fewest_users_in_the_window_come_first() -> None:
    sessions = [
        (DECEMBER, "opus", "ann"),
        (DECEMBER, "opus", "ben"),
        (JANUARY, "opus", "cleo"),
        (JANUARY, "sonnet", "cleo"),
        (JANUARY, "sonnet", "dora"),
        (JANUARY, "haiku", "cleo"),
        (JANUARY, "fable", "ann"),
        (JANUARY, "fable", "ben"),
        (JANUARY, "fable", "dora"),
    ]
    months, tiers, users = zip(*sessions, strict=True)
    labelled = table("core.classified_sessions", month=months, model_tier=tiers, user_key=users)
    rows = tables_behind(labelled, 3, "2025-12", "2026-01", 3)["staging.small_levels"]
    assert rows.rows() == [
        (DECEMBER, "actions_by_model", "opus", 1, 2),
        # fable has three users, which is enough. opus has as many in the window.
        (JANUARY, "actions_by_model", "haiku", 1, 1),
        (JANUARY, "actions_by_model", "sonnet", 2, 2),
        (JANUARY, "actions_by_model", "opus", 3, 2),
    ]


def test_the_levels_are_those_of_the_cells() -> None:
    # With one level of each breakdown at a time, users together are the level's own.
    tables = tables_behind(drawn_sessions(0), 99, FIRST, LAST, 3)
    cells = tables["staging.cells"].with_columns(pl.col("level").rank("dense").over("breakdown").alias("place"))
    given = {"first_month": month(FIRST), "last_month": month(LAST), "min_users": 99}
    seen = set()
    for (_,), some in cells.filter(pl.col("level") != "all").group_by("place"):
        found = run("staging.small_levels", {**tables, "staging.cells": some.drop("place")}, **given)
        counted = found.join(
            some.filter(pl.col("month") == pl.col("other_month")), on=["month", "breakdown", "level"], validate="1:1"
        )
        assert counted.height == found.height
        assert counted["users_together"].to_list() == counted["users"].to_list()
        seen |= set(found["breakdown"])
    assert len(seen) == 9

"""What was made is remembered, and believed only while nothing it rests on has changed."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from sessions_pipeline.config import Settings
from sessions_pipeline.folders import Home
from sessions_pipeline.made import Made, report_digest, rules_digest

OCTOBER, NOVEMBER = dt.date(2025, 10, 1), dt.date(2025, 11, 1)


def test_a_month_holds_only_with_the_same_source_and_the_same_result(tmp_path: Path) -> None:
    Made(Home(tmp_path)).note("publish", OCTOBER, "logs", "tables", ["a label is missing"])
    made = Made(Home(tmp_path))
    assert made.holds("publish", OCTOBER, "logs", "tables")
    assert not made.holds("publish", OCTOBER, "more logs", "tables")
    assert not made.holds("publish", OCTOBER, "logs", "other tables")
    assert not made.holds("publish", NOVEMBER, "logs", "tables")
    assert not made.holds("join", OCTOBER, "logs", "tables")
    assert made.warnings("publish", [OCTOBER, NOVEMBER]) == ["a label is missing"]


def test_a_damaged_file_is_as_good_as_none(tmp_path: Path) -> None:
    Made(Home(tmp_path)).note("publish", OCTOBER, "logs", "tables", [])
    (tmp_path / "made.json").write_text('{"publish": {"2025-10"')
    assert not Made(Home(tmp_path)).holds("publish", OCTOBER, "logs", "tables")


@pytest.mark.parametrize(
    ("setting", "changes"),
    [
        ({"min_users": 6}, True),
        ({"window_months": 3}, True),
        ({"backend": "claude"}, True),
        ({"rule_set": "all_interactive"}, True),
        ({"transcript_chars": 24_000}, True),
        ({"schedule_day": 5}, False),
        ({"max_cost_usd": 3.0}, False),
        ({"sources": ("/elsewhere",)}, False),
        ({"transcript_retention_days": 90}, False),
    ],
)
def test_settings_that_decide_what_is_counted_change_the_rules_and_others_do_not(
    setting: dict[str, Any], changes: bool
) -> None:
    assert (rules_digest(Settings(**setting)) != rules_digest(Settings())) is changes


def test_what_a_file_holds_that_a_setting_names_is_part_of_the_rules(tmp_path: Path) -> None:
    labels = tmp_path / "labels.csv"
    settings = Settings(reference_labels=labels)
    without = rules_digest(settings)
    labels.write_text("session_id,expertise\n")
    empty = rules_digest(settings)
    labels.write_text("session_id,expertise\ns1,3\n")
    assert len({without, empty, rules_digest(settings)}) == 3


def test_a_figure_that_is_gone_changes_the_digest_of_the_report(tmp_path: Path) -> None:
    home = Home(tmp_path).create()
    figure = home.figures(OCTOBER) / "flow.svg"
    figure.parent.mkdir(parents=True)
    home.report(OCTOBER).write_text("page")
    figure.write_text("<svg/>")
    whole = report_digest(home, OCTOBER)
    figure.unlink()
    assert report_digest(home, OCTOBER) != whole
    assert report_digest(home, NOVEMBER) == report_digest(home, dt.date(2025, 12, 1))

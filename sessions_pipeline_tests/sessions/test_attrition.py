"""What each rule removed: every rule, every month, every unit; and a count that is wrong fails the run."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from sessions_pipeline.checks import attrition_adds_up
from sessions_pipeline.schemas import polars_schema, validate
from sessions_pipeline.sessions.attrition import attrition, breaks, disagreements
from sessions_pipeline.state import State
from sessions_pipeline_tests.command_line import cli
from sessions_pipeline_tests.lines import START, human, reply, text, write
from sessions_pipeline_tests.sessions.tree import Read, read

OCTOBER, NOVEMBER = dt.date(2025, 10, 1), dt.date(2025, 11, 1)
DAYS_40 = 40 * 86_400
LINE_RULES = ["found", "rejected", "outside_sessions", "kept_from_earlier_readings", "copies"]
FILE_RULES = ["found", "no_session", "repeat", "continuation", "subagent"]
LABEL_RULES = ["unlabelled", "no_clear_goal", "unclear_expertise"]
SESSION_RULES = {
    "study": ["internal_agent", "no_human_prompt", "headless", "sdk", "ide", "no_agent_reply", "no_user"],
    "all_interactive": ["internal_agent", "no_human_prompt", "headless", "sdk", "no_agent_reply", "no_user"],
}


def session(name: str, at: float = 0, **keys: Any) -> list[dict[str, Any]]:
    return [
        human("go", at, session=name, **keys),
        reply(at + 1, text("ok"), message=f"m-{name}", session=name, **keys),
    ]


def logs() -> dict[str, list[Any]]:
    """October: one of everything that a rule removes, and one session that stays. November: one that stays."""
    stays = session("stays")
    agent = [{**item, "isSidechain": True, "agentId": "a1"} for item in session("stays", 5)]
    agent[1]["message"]["id"] = "m-agent"
    return {
        "p/stays.jsonl": stays,
        "p/stays/subagents/agent-a1.jsonl": agent,
        "p/stays/subagents/workflows/wf_1/journal.jsonl": [{"type": "started", "key": "k", "agentId": "a1"}],
        "p/empty.jsonl": [],
        "copies/stays.jsonl": stays,
        "more/stays.jsonl": [human("and on", 90, session="stays")],
        "p/silent.jsonl": session("silent")[1:],
        "p/headless.jsonl": session("headless", entrypoint="sdk-cli"),
        "p/sdk.jsonl": session("sdk", entrypoint="sdk-py"),
        "p/ide.jsonl": session("ide", entrypoint="claude-vscode"),
        "p/unanswered.jsonl": [*session("unanswered")[:1], b"{torn"],
        "p/later.jsonl": session("later", DAYS_40),
        "p/sessions-index.json": [{"version": 1}],
        "p/stays/tool-results/t1.txt": [human("no log", 0)],
    }


def classified_of(sessions: pl.DataFrame, **labels: object) -> pl.DataFrame:
    """Rows of `core.classified_sessions` as far as attrition looks at them: all eligible sessions, labelled."""
    given = {"outcome": "fully_achieved", "labels_backend": "rules", "expertise": 3, **labels}
    wanted = {name: kind for name, kind in polars_schema("core.classified_sessions").items() if name in given}
    eligible = sessions.filter("is_eligible").select("session_id", "month")
    return eligible.with_columns(pl.lit(value, dtype=wanted[name]).alias(name) for name, value in given.items())


def look(tmp_path: Path, rule_set: str = "study", **labels: object) -> tuple[Read, pl.DataFrame, pl.DataFrame]:
    for place, lines in logs().items():
        path = write(tmp_path / "logs" / place, *lines)
        if path.name in ("empty.jsonl", "journal.jsonl"):
            # A file without a line of a session belongs to the month of its last change.
            os.utime(path, (START / 1000, START / 1000))
    found = read(tmp_path / "logs", tmp_path / "private", rule_set=rule_set)
    classified = classified_of(found.sessions, **labels)
    table = attrition(found.files, found.sessions, classified, [OCTOBER, NOVEMBER], rule_set)
    return found, classified, validate("core.attrition", table)


def counts(table: pl.DataFrame, month: dt.date, unit: str) -> dict[str, tuple[int, int]]:
    of_unit = table.filter((pl.col("month") == month) & (pl.col("unit") == unit))
    return {rule: (removed, left) for rule, removed, left in of_unit.select("rule", "removed", "remaining").iter_rows()}


@pytest.mark.parametrize("rule_set", SESSION_RULES)
def test_every_rule_has_its_row_in_every_month_in_its_order(tmp_path: Path, rule_set: str) -> None:
    _, _, table = look(tmp_path, rule_set)
    session_rules = ["found", *SESSION_RULES[rule_set], *LABEL_RULES]
    expected = [
        *(("line", rule) for rule in LINE_RULES),
        *(("file", rule) for rule in FILE_RULES),
        *(("session", rule) for rule in session_rules),
    ]
    for month in (OCTOBER, NOVEMBER):
        rows = table.filter(pl.col("month") == month).sort("step")
        assert rows.select("unit", "rule").rows() == expected
        assert set(rows["rule_set"]) == {rule_set}


def test_each_rule_removes_what_it_names(tmp_path: Path) -> None:
    _, _, table = look(tmp_path)
    assert counts(table, OCTOBER, "file") == {
        "found": (0, 11),
        "no_session": (2, 9),
        "repeat": (1, 8),
        "continuation": (1, 7),
        "subagent": (1, 6),
    }
    assert counts(table, OCTOBER, "session") == {
        "found": (0, 6),
        "internal_agent": (0, 6),
        "no_human_prompt": (1, 5),
        "headless": (1, 4),
        "sdk": (1, 3),
        "ide": (1, 2),
        "no_agent_reply": (1, 1),
        "no_user": (0, 1),
        "unlabelled": (0, 1),
        "no_clear_goal": (0, 1),
        "unclear_expertise": (0, 1),
    }
    assert counts(table, NOVEMBER, "session")["no_agent_reply"] == (0, 1)


def test_sessions_in_an_ide_stay_under_the_other_rule_set(tmp_path: Path) -> None:
    _, _, table = look(tmp_path, "all_interactive")
    assert counts(table, OCTOBER, "session")["no_agent_reply"] == (1, 2)


@pytest.mark.parametrize(
    ("labels", "rule"),
    [
        ({"labels_backend": None}, "unlabelled"),
        ({"outcome": None}, "unlabelled"),
        ({"outcome": "no_clear_goal"}, "no_clear_goal"),
        ({"outcome": "no_clear_goal", "expertise": None}, "no_clear_goal"),
        ({"expertise": None}, "unclear_expertise"),
    ],
)
def test_what_is_in_the_sample_and_not_analysed_is_counted(tmp_path: Path, labels: dict[str, Any], rule: str) -> None:
    found, classified, table = look(tmp_path, **labels)
    removed = {name: count for name, (count, _) in counts(table, OCTOBER, "session").items() if name in LABEL_RULES}
    assert removed == {name: int(name == rule) for name in LABEL_RULES}
    assert breaks(table) + disagreements(table, found.files, found.sessions, classified, [OCTOBER, NOVEMBER]) == []


def test_lines_and_files_and_sessions_are_those_on_disk(tmp_path: Path) -> None:
    found, classified, table = look(tmp_path)
    read_as_logs = list((tmp_path / "logs").rglob("*.jsonl"))
    on_disk = sum(len(path.read_bytes().splitlines()) for path in read_as_logs)
    of_files = table.filter((pl.col("unit") == "file") & (pl.col("rule") == "found"))
    of_lines = table.filter((pl.col("unit") == "line") & (pl.col("rule") == "found"))
    assert of_files["remaining"].sum() == len(read_as_logs)
    assert of_lines["remaining"].sum() == on_disk
    left = table.filter((pl.col("unit") == "line") & (pl.col("rule") == "copies"))["remaining"].sum()
    assert left == found.book.own["position"].list.len().sum()
    assert breaks(table) + disagreements(table, found.files, found.sessions, classified, [OCTOBER, NOVEMBER]) == []


def changed(table: pl.DataFrame, rule: str, column: str, by: int) -> pl.DataFrame:
    """`table` with one count of October wrong."""
    here = (pl.col("rule") == rule) & (pl.col("month") == OCTOBER)
    return table.with_columns(pl.when(here).then(pl.col(column) + by).otherwise(column).alias(column))


WRONG = {
    "a rule removed more than it says": lambda table: changed(table, "headless", "removed", 1),
    "a rule left less than it says": lambda table: changed(table, "repeat", "remaining", -1),
    "the last step is wrong": lambda table: changed(table, "unclear_expertise", "remaining", 1),
    "a rule is missing": lambda table: table.filter(pl.col("rule") != "sdk"),
    "a rule is there twice": lambda table: pl.concat([table, table.filter(pl.col("rule") == "sdk")]),
    "two rules have changed places": lambda table: table.with_columns(
        pl.when(pl.col("rule") == "sdk").then(99).otherwise("step").alias("step")
    ),
    "a month is missing": lambda table: table.filter(pl.col("month") != OCTOBER),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_count_that_is_wrong_is_found(tmp_path: Path, name: str) -> None:
    found, classified, table = look(tmp_path)
    wrong = WRONG[name](table)
    assert breaks(wrong) + disagreements(wrong, found.files, found.sessions, classified, [OCTOBER, NOVEMBER])


@pytest.mark.parametrize(("unit", "opening"), [("line", 0), ("file", 1), ("session", -1)])
def test_counts_that_are_wrong_together_are_found_by_the_tables_they_stand_for(
    tmp_path: Path, unit: str, opening: int
) -> None:
    """opening: what the first row of sessions must say to have been removed, so that the chain adds up."""
    found, classified, table = look(tmp_path)
    october, first = pl.col("month") == OCTOBER, (pl.col("unit") == "session") & (pl.col("rule") == "found")
    wrong = table.with_columns(
        pl.when(october & (pl.col("unit") == unit))
        .then(pl.col("remaining") + 1)
        .otherwise("remaining")
        .alias("remaining"),
        pl.when(october & first).then(pl.col("removed") + opening).otherwise("removed").alias("removed"),
    )
    assert breaks(wrong) == []
    assert disagreements(wrong, found.files, found.sessions, classified, [OCTOBER, NOVEMBER])


def test_a_session_that_is_lost_between_two_tables_is_found(tmp_path: Path) -> None:
    found, classified, table = look(tmp_path)
    fewer = classified.filter(pl.col("session_id") != "stays")
    named = disagreements(table, found.files, found.sessions, fewer, [OCTOBER, NOVEMBER])
    assert "2025-10 session no_user: 1 remain, the tables hold 0" in named


def test_a_run_whose_attrition_does_not_add_up_fails_and_publishes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "logs" / "p" / "in.jsonl", *session("in"))
    write(tmp_path / "logs" / "p" / "out.jsonl", *session("out", entrypoint="sdk-cli"))
    home = tmp_path / "home"

    def one_more(*arguments: Any) -> pl.DataFrame:
        planted = pl.when(pl.col("rule") == "headless").then(pl.col("removed") + 1).otherwise("removed")
        return attrition(*arguments).with_columns(planted.alias("removed"))

    monkeypatch.setattr("sessions_pipeline.sessions.assets.attrition", one_more)
    failed = cli(home, "run", "--source", str(tmp_path / "logs"))
    assert failed.returncode == 1
    assert "core/attrition adds_up" in failed.stderr
    assert "2025-10 session headless: 2 - 2 is not 1" in failed.stderr
    assert "2025-10 not published" in failed.stderr
    assert not list(home.glob("reports/*.html"))
    state = State(home=str(home))
    assert state.warehouse.read("core.attrition").is_empty()
    tables = [state.warehouse.read(name) for name in ("raw.session_files", "core.sessions", "core.classified_sessions")]
    rows = attrition(*tables, [OCTOBER], "study")
    assert attrition_adds_up(state, "core.attrition", rows, [OCTOBER]).passed
    wrong = rows.with_columns(removed=pl.when(rule="headless").then(2).otherwise("removed"))
    assert not attrition_adds_up(state, "core.attrition", wrong, [OCTOBER]).passed

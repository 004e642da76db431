"""Decisions: whoever states or chooses it took it; what the agent settles is the agent's."""

from __future__ import annotations

import json

from sessions_pipeline.classifications.backend import Decisions
from sessions_pipeline.sessions.transcript import Turn
from sessions_pipeline_tests.classifications.sessions import agent, answers, human, ok, session, tool


def counts(*turns: Turn, **telemetry: object) -> Decisions:
    answer = answers(session(*turns, **telemetry))["decisions"]
    assert answer.value is None
    return Decisions(**json.loads(answer.label or ""))


def share(user: int, agents: int) -> float:
    return user / (user + agents)


def work(edits: int) -> Turn:
    return agent(*[line for n in range(edits) for line in (tool("Edit", f"src/a{n}.py"), ok("updated"))], "Done.")


def test_the_label_is_canonical_json_of_four_counts() -> None:
    answer = answers(session(human("Add a footer."), work(1)))["decisions"]
    assert answer.label == Decisions(**json.loads(answer.label or "")).label


def test_greetings_decide_nothing() -> None:
    assert counts(human("hi"), agent("Hello!")) == Decisions(0, 0, 0, 0)


def test_much_done_at_one_short_request_is_the_agents_planning() -> None:
    little, much = counts(human("Build a shop."), work(2)), counts(human("Build a shop."), work(40))
    assert share(much.planning_user, much.planning_agent) < share(little.planning_user, little.planning_agent)
    assert much.execution_agent > little.execution_agent


def test_prescribing_files_names_and_values_is_the_users_execution() -> None:
    vague = counts(human("Make the export better."), work(2))
    exact = counts(
        human(
            "In src/export.py rename writeRows() to write_rows(), use csv.DictWriter with delimiter ';', never quote. "
            "Put the header into HEADER_FIELDS, read it from `config/export.toml`, and call flush() at the end."
        ),
        work(2),
    )
    assert share(exact.execution_user, exact.execution_agent) > share(vague.execution_user, vague.execution_agent)


def test_more_requests_are_more_planning_by_the_user() -> None:
    one = counts(human("Add a footer."), work(1))
    three = counts(
        human("Add a footer."), work(1), human("Add a header."), work(1), human("Remove the banner."), work(1)
    )
    assert three.planning_user > one.planning_user


def test_looking_around_is_hardly_a_decision() -> None:
    look = agent(*[line for n in range(4) for line in (tool("Read", f"src/a{n}.py"), ok("code"))], "I read them all.")
    assert counts(human("Look at it."), look).execution_agent < counts(human("Change it."), work(4)).execution_agent


def test_a_handed_over_plan_is_the_users() -> None:
    steps = ["Move `load()` to io.py.", "Delete cache.py and its tests.", "Bump the version."] * 3
    plan = "\n\n".join(f"## Step {n}\n{step}" for n, step in enumerate(steps, start=1))
    without, given = counts(human("Clean up."), work(6)), counts(human(f"Implement this:\n\n{plan}"), work(6))
    assert share(given.planning_user, given.planning_agent) > share(without.planning_user, without.planning_agent)


def test_what_helpers_did_is_no_further_decision() -> None:
    """Calls of sub-agents are not in the main thread: telemetry must not be mistaken for calls that a cut took out."""
    alone = counts(human("Build a shop."), work(4))
    assert counts(human("Build a shop."), work(4), tool_calls=84, subagent_tool_calls=80) == alone
    assert counts(human("Build a shop."), work(4), tool_calls=84) != alone


def test_names_in_a_question_or_a_report_of_trouble_say_where_to_look_and_prescribe_less() -> None:
    names = ", ".join(f"src/part{n}.py" for n in range(12))
    ordered = counts(human(f"Rename {names}."), work(3))
    reported = counts(human(f"We get a wrong total from {names}."), work(3))
    asked = counts(human(f"Why is the total wrong after {names}?"), work(3))
    assert ordered.execution_user > max(reported.execution_user, asked.execution_user)


def test_acronyms_numbers_and_quotations_are_no_files_code_or_commands() -> None:
    plain = counts(human("Add a page for the yearly report."), work(2))
    spoken = counts(human('Add a PDF page for the HR report of 2.5 years called "Our year" and "What comes".'), work(2))
    named = counts(human("Add src/report.py with build_page(), HrReport and --year for the yearly report."), work(2))
    assert spoken.execution_user == plain.execution_user < named.execution_user


def test_who_carries_out_a_handed_over_plan_settles_less() -> None:
    plan = "\n\n".join(f"## Step {n}\nMove part {n} elsewhere." for n in range(1, 4))
    assert counts(human(plan), work(8)).execution_agent < counts(human("Clean up."), work(8)).execution_agent

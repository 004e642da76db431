"""Times that are missing, broken or out of order; days, months and pauses."""

from __future__ import annotations

from typing import Any

import pytest

from sessions_pipeline_tests.lines import call, human, line, moment, reply, result, text


def test_lines_without_a_time_take_the_one_before_and_broken_times_count_as_none(one_file: Any) -> None:
    untimed = reply(5, text("ok"))
    untimed["timestamp"] = "[REDACTED]T09:13:00Z"
    early = human("early", 0)
    early["timestamp"] = "1970-01-01T00:00:00Z"
    session = one_file(human("go", 0), untimed, early, human("more", 60)).only()
    assert (session["ended_at"] - session["started_at"]).total_seconds() == 60


def test_pauses_count_up_to_five_minutes(one_file: Any) -> None:
    session = one_file(human("go", 0), reply(100, text("ok")), human("more", 1000), reply(1010, text("ok"))).only()
    assert session["active_seconds"] == 100 + 300 + 10


def test_lines_before_the_first_time_have_that_time(one_file: Any) -> None:
    untimed = human("go", 0)
    del untimed["timestamp"]
    session = one_file(untimed, reply(100, text("ok")), human("more", 160)).only()
    assert (session["human_prompts"], session["active_seconds"]) == (2, 60)
    assert (session["ended_at"] - session["started_at"]).total_seconds() == 60


def test_lines_out_of_order_are_sorted_by_time(one_file: Any) -> None:
    transcript = one_file(
        human("first", 0),
        result("t1", 3, "a.py"),
        reply(2, call("Bash", "t1", command="ls")),
        reply(20, text("Done"), message="m2"),
        human("second", 10),
    ).transcript()
    assert transcript == (
        "[human]\nfirst\n\n[assistant]\n[tool] Bash: ls\n[result] ok: a.py\n\n[human]\nsecond\n\n[assistant]\nDone\n"
    )


def test_a_session_over_days_belongs_to_the_month_it_began_in(one_file: Any) -> None:
    session = one_file(human("go", 0), reply(1, text("ok")), human("on", 40 * 86_400)).only()
    assert str(session["month"]) == "2025-10-01"
    assert session["active_seconds"] == 1 + 300


def test_times_inside_a_snapshot_are_no_times_of_the_session(one_file: Any) -> None:
    snapshot = {"type": "file-history-snapshot", "messageId": "x", "snapshot": {"timestamp": moment(9_000)}}
    session = one_file(human("go", 0), snapshot, reply(5, text("ok")), snapshot).only()
    assert (session["ended_at"] - session["started_at"]).total_seconds() == 5


@pytest.mark.parametrize("broken", ["[REDACTED_PHONE]T09:13:04.120Z", "", "soon", None, 1_760_000_400_000, ["x"]])
def test_a_time_that_is_none_keeps_the_line_and_leaves_its_place(one_file: Any, broken: object) -> None:
    between = {**human("second", 5), "timestamp": broken}
    found = one_file(human("first", 0), reply(1, text("ok")), between, reply(10, text("fine"), message="m2"))
    assert found.transcript().index("ok") < found.transcript().index("second") < found.transcript().index("fine")
    assert (found.only()["human_prompts"], found.only()["active_seconds"]) == (2, 10)


@pytest.mark.parametrize("wrong", ["1970-01-01T00:00:00Z", "2099-01-01T00:00:00Z", "0001-01-01T00:00:00Z"])
def test_a_clock_that_cannot_be_right_moves_no_session_to_another_month(one_file: Any, wrong: str) -> None:
    session = one_file(human("go", 0), {**reply(1, text("ok")), "timestamp": wrong}, human("on", 60)).only()
    assert (str(session["month"]), session["active_seconds"]) == ("2025-10-01", 60)


def test_a_line_that_was_flushed_late_stands_where_it_happened(one_file: Any) -> None:
    transcript = one_file(
        human("first", 0),
        human("second", 80_000),
        reply(80_005, text("answer two"), message="m2"),
        reply(5, text("answer one")),
    ).transcript()
    assert transcript == "[human]\nfirst\n\n[assistant]\nanswer one\n\n[human]\nsecond\n\n[assistant]\nanswer two\n"


def test_lines_of_the_same_moment_stay_in_the_order_of_the_file(one_file: Any) -> None:
    transcript = one_file(human("one", 0), human("two", 0), reply(0, text("three")), human("four", 0)).transcript()
    assert transcript == "[human]\none\ntwo\n\n[assistant]\nthree\n\n[human]\nfour\n"


def test_days_between_two_lines_are_five_minutes_of_work(one_file: Any) -> None:
    session = one_file(
        human("go", 0), reply(60, text("ok")), human("on", 3 * 86_400), reply(3 * 86_400 + 30, text("ok"), message="m2")
    ).only()
    assert session["active_seconds"] == 60 + 300 + 30
    assert (session["ended_at"] - session["started_at"]).days == 3


def test_what_the_program_measures_of_a_turn_is_no_second_clock(one_file: Any) -> None:
    measured = line("system", 20, subtype="turn_duration", durationMs=999_000, messageCount=4)
    session = one_file(human("go", 0), reply(10, text("ok")), measured).only()
    assert session["active_seconds"] == 20

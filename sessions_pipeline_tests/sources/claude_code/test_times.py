"""Times that are missing, broken or out of order; days, months and pauses."""

from __future__ import annotations

from typing import Any

from sessions_pipeline_tests.lines import call, human, reply, result, text


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

"""Outcome and signals: the tiers and defaults of the study, one case each."""

from __future__ import annotations

import pytest

from sessions_pipeline.sessions.transcript import Turn
from sessions_pipeline_tests.classifications.sessions import (
    INTERRUPTED,
    agent,
    answers,
    error,
    human,
    ok,
    session,
    tool,
)

ASK = human("Add a search field to the member list.")
DONE = agent(
    tool("Read", "src/Members.tsx"),
    ok("code"),
    tool("Edit", "src/Members.tsx"),
    ok("updated"),
    "The search field is in the header of the list.",
)


def labels(*turns: Turn, **telemetry: object) -> tuple[str | None, str | None, str | None]:
    """(outcome, success signal, failure signal)"""
    found = answers(session(*turns, **telemetry))
    return found["outcome"].label, found["success_signal"].label, found["failure_signal"].label


def test_a_clean_short_session_is_succeeded_with_signal_2() -> None:
    """A clean ending with the artefact there and no complaint: the most common short session."""
    assert labels(ASK, DONE, lines_added=12) == ("succeeded", "2", "none")


def test_silence_after_good_work_is_not_failure() -> None:
    outcome, _, failure = labels(ASK, DONE, lines_added=12)
    assert (outcome, failure) == ("succeeded", "none")


def test_a_completed_command_corroborates() -> None:
    built = agent(
        tool("Edit", "src/Members.tsx"), ok("updated"), tool("Bash", "npm run build"), ok("done in 4 s"), "Added it."
    )
    assert labels(ASK, built, lines_added=12)[:2] == ("succeeded", "3")


def test_a_neutral_acknowledgement_corroborates() -> None:
    assert labels(ASK, DONE, human("Now do the same for the list of teams."), DONE, lines_added=24)[1] == "3"


@pytest.mark.parametrize(
    "telemetry",
    [{"git_commits": 1}, {"pull_requests": 1}, {"test_runs": 1, "last_test_passed": True}],
    ids=["commit", "pull request", "tests"],
)
def test_one_hard_signal_is_4(telemetry: dict[str, object]) -> None:
    assert labels(ASK, DONE, lines_added=12, **telemetry)[:2] == ("succeeded", "4")


@pytest.mark.parametrize(
    "words",
    [
        "Perfect, thanks!",
        "¡Perfecto, gracias!",
        "Super, danke!",
        "Parfait, merci",
        "Perfeito, obrigado",
        "Perfetto, grazie",
        "Отлично, спасибо",
        "完美,谢谢",
        "完璧です、ありがとう",
        "완벽해요, 감사합니다",
    ],
)
def test_explicit_approval_is_a_hard_signal(words: str) -> None:
    assert labels(ASK, DONE, human(words), agent("You are welcome."), lines_added=12)[:2] == ("succeeded", "4")


def test_several_hard_signals_are_5() -> None:
    assert labels(ASK, DONE, lines_added=12, git_commits=1, pull_requests=1)[1] == "5"


def test_a_recovered_tool_error_is_at_most_1() -> None:
    """An intermediate tool error that is recovered is at most 1: the final state counts."""
    recovered = agent(
        tool("Bash", "npm run build"),
        error("Exit code 1 cannot find module"),
        tool("Edit", "src/Members.tsx"),
        ok("updated"),
        tool("Bash", "npm run build"),
        ok("done in 4 s"),
        "The field is in and the build passes.",
    )
    outcome, _, failure = labels(ASK, recovered, lines_added=12)
    assert (outcome, failure) == ("succeeded", "1")


def test_brief_looping_is_2() -> None:
    tries = [line for _ in range(3) for line in (tool("Bash", "npm run build"), error("Exit code 1"))]
    looped = agent(*tries, tool("Bash", "npm run build"), ok("done"), "It builds now, the field is in place.")
    outcome, _, failure = labels(ASK, looped, lines_added=12)
    assert (outcome, failure) == ("succeeded", "2")


def test_a_mild_concern_that_was_addressed_is_2() -> None:
    concern = human("You forgot the icon.")
    outcome, _, failure = labels(ASK, DONE, concern, DONE, lines_added=20)
    assert (outcome, failure) == ("succeeded", "2")


def test_giving_up_on_a_part_is_3_at_least_and_not_a_full_success() -> None:
    gave_up = agent(
        tool("Bash", "npm run build"),
        error("Exit code 1"),
        "Unfortunately I couldn't find the component. I'm unable to go on.",
    )
    outcome, _, failure = labels(ASK, gave_up)
    assert outcome in ("failed", "partially_succeeded")
    assert failure in ("3", "4", "5")


def test_failing_tests_at_the_end_are_a_hard_sign() -> None:
    failing = agent(
        tool("Edit", "src/Members.tsx"),
        ok("updated"),
        tool("Bash", "npm test"),
        error("Exit code 1 3 failed"),
        "Three fail.",
    )
    outcome, _, failure = labels(ASK, failing, lines_added=12, test_runs=1, last_test_passed=False)
    assert outcome != "succeeded"
    assert failure in ("4", "5")


@pytest.mark.parametrize(
    "words",
    [
        "It still doesn't work, same error.",
        "Sigue igual, el mismo error",
        "Immer noch nicht, gleicher Fehler",
        "ainda nao funciona, mesmo erro",
        "все еще не работает",
        "还是不行,同样的错误",
        "まだ動かない、同じエラー",
        "여전히 같은 오류가 나요",
    ],
)
def test_an_open_complaint_is_a_hard_sign(words: str) -> None:
    outcome, _, failure = labels(ASK, DONE, human(words), agent("I understand."), lines_added=12)
    assert outcome != "succeeded"
    assert failure in ("4", "5")


@pytest.mark.parametrize(
    "words",
    ["Never mind, I'll do it myself.", "Olvídalo, lo hago yo", "Vergiss es", "Laisse tomber", "算了,我自己来", "됐어"],
)
def test_a_rejection_is_a_hard_sign_whatever_the_agent_answers(words: str) -> None:
    outcome, _, failure = labels(
        ASK, DONE, human(words), agent("All right, the change is still there."), lines_added=12
    )
    assert outcome != "succeeded"
    assert failure in ("4", "5")


def test_reduced_scope_accepted_is_partial() -> None:
    accepted = human("Good enough, leave the rest.")
    outcome, _, failure = labels(ASK, DONE, accepted, agent("As you like."), lines_added=12)
    assert (outcome, failure) == ("partially_succeeded", "3")


def test_several_hard_failures_are_5() -> None:
    again = human("It still doesn't work, same error. This is useless.")
    assert labels(ASK, DONE, again, Turn("system", "API Error: Request timed out."), lines_added=12)[2] == "5"


def test_filing_the_work_after_the_last_words_leaves_nothing_unfinished() -> None:
    filed = agent(DONE.text, tool("Bash", "git commit -qam 'Search field'"), ok())
    outcome, _, failure = labels(ASK, filed, lines_added=12, git_commits=1)
    assert (outcome, failure) == ("succeeded", "none")


def test_work_stopped_before_anything_came_of_it_failed() -> None:
    stopped = agent("Let me look.", tool("Read", "src/Members.tsx"), ok("code"))
    outcome, success, _ = labels(ASK, stopped, INTERRUPTED)
    assert outcome == "failed"
    assert success in ("none", "1")


def test_changes_of_work_that_was_stopped_before_anything_was_handed_over_are_no_part() -> None:
    """Half-made changes alone fail; a request that was finished before the stop is a part that was met."""
    stopped = agent(tool("Edit", "src/Members.tsx"), ok("updated"), tool("Edit", "src/Filter.tsx"))
    assert labels(ASK, stopped, INTERRUPTED, lines_added=12)[0] == "failed"
    after = labels(ASK, DONE, human("Now do the same for the list of teams."), stopped, INTERRUPTED, lines_added=24)
    assert after[0] == "partially_succeeded"


def test_an_answer_that_never_came_failed() -> None:
    assert labels(ASK, Turn("system", "API Error: Request timed out."))[0] == "failed"


def test_some_parts_met_is_partial() -> None:
    first, second = DONE, agent(tool("Read", "src/Teams.tsx"), ok("code"))
    outcome, _, _ = labels(
        ASK, first, human("Now add paging to the list of teams."), second, INTERRUPTED, lines_added=12
    )
    assert outcome == "partially_succeeded"


@pytest.mark.parametrize("words", ["hi", "hello there", "hola", "你好", "bom dia"])
def test_chat_throughout_has_no_clear_goal(words: str) -> None:
    assert labels(human(words), agent("Hello! How can I help you today?"))[0] == "no_clear_goal"


def test_exploration_throughout_has_no_clear_goal() -> None:
    look = agent(tool("Glob", "**/*.md"), ok("README.md"), "There is a read-me and some code. " * 6)
    turns = human("Just looking around here, what can you do?"), look, human("haha ok, what else?"), look
    assert labels(*turns)[0] == "no_clear_goal"


def test_an_answered_question_is_a_goal_that_was_met() -> None:
    answer = agent("A mutex lets one thread in at a time; a semaphore lets in as many as it has permits. " * 2)
    assert labels(human("What is the difference between a mutex and a semaphore?"), answer)[0] == "succeeded"


def test_a_question_back_is_not_the_work() -> None:
    """Only a question came of a request for a change: nothing is there yet."""
    back = agent(tool("Grep", "MemberList"), ok("no matches"), "I found no such list. Which file do you mean?")
    outcome, success, _ = labels(ASK, back)
    assert (outcome, success) == ("failed", "1")


def test_the_truncation_marker_is_never_evidence() -> None:
    """The same ending after a long turn that was cut, and after a short one."""
    long = agent(
        *[line for n in range(400) for line in (tool("Read", f"src/file{n}.tsx"), ok("x" * 60))], "I have read it."
    )
    cut = session(ASK, long, human("Then add the field."), DONE, lines_added=12)
    assert "[cut]" in cut.transcript
    whole = session(
        ASK, agent(tool("Read", "src/a.tsx"), ok("x"), "I have read it."), human("Then add the field."), DONE
    )
    found = {name: answers(case)[name].label for case in (cut,) for name in ("outcome", "failure_signal")}
    assert found == {
        "outcome": answers(whole)["outcome"].label,
        "failure_signal": answers(whole)["failure_signal"].label,
    }


def test_values_are_the_tiers_as_numbers() -> None:
    found = answers(session(ASK, DONE, lines_added=12, git_commits=1))
    assert found["success_signal"].value == 4.0
    assert found["failure_signal"].value == 0.0
    assert found["outcome"].value is None

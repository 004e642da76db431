"""Occupations: the user's from side signs and never from the task; the task's from the work and not its topic."""

from __future__ import annotations

import pytest

from sessions_pipeline.sessions.transcript import Turn
from sessions_pipeline_tests.classifications.sessions import agent, human, label, ok, tool

CODE = agent(tool("Read", "src/app.py"), ok("code"), tool("Edit", "src/app.py"), ok("updated"), "Done.")


def user(*turns: Turn, **telemetry: object) -> str | None:
    return label("user_occupation", *turns, **telemetry)


def task(*turns: Turn, **telemetry: object) -> str | None:
    return label("task_occupation", *turns, **telemetry)


def test_writing_code_is_no_evidence_of_a_coding_profession() -> None:
    words = human("Write a python function that parses the file and implement a class for the records, with a loop.")
    assert user(words, CODE, lines_added=80) == "unclear"


def test_a_topic_is_no_profession() -> None:
    """The task is about contracts; nothing says that the person is a lawyer."""
    assert user(human("Add a page that lists contracts with their end date."), CODE, lines_added=20) == "unclear"


def test_team_customs_of_software_makers_are_a_specific_sign() -> None:
    words = human(
        "PAY-1423 is in this sprint. Our team wants the PR feedback addressed before the release goes to staging."
    )
    assert user(words, CODE, pull_requests=1, test_runs=2) == "15"


@pytest.mark.parametrize(
    ("words", "group"),
    [
        ("I'm a nurse in a clinic and we need a form for the vital signs of our patients.", "29"),
        ("I am a lawyer, my firm drafts an NDA and the clauses on jurisdiction should be compared.", "23"),
        ("As a teacher I want my students to see the quiz and the homework of the semester.", "25"),
        ("I work in a lab, our manuscript needs the assay data of the genome samples.", "19"),
        ("Soy profesora y mis alumnos necesitan ver el temario del curso escolar.", "25"),
        ("Ich bin Anwalt, die Klausel zum Gericht soll in die Klage.", "23"),
        ("我是老师,我的学生需要看教案和课程。", "25"),
    ],
)
def test_what_people_say_of_themselves(words: str, group: str) -> None:
    assert user(human(words), CODE, lines_added=20) == group


def test_no_side_sign_is_unclear() -> None:
    assert user(human("rename the file and add a header"), CODE) == "unclear"


def test_the_work_decides_not_its_topic() -> None:
    """Touching a contract is not legal work."""
    words = human("Fix the crash in the contract module: clauses with an NDA break the parser.")
    assert task(words, CODE, lines_added=5) == "15"


def test_software_work_is_computer_work_whoever_asks() -> None:
    assert task(human("I'm a nurse. Build an app for the vital signs of our patients."), CODE, lines_added=90) == "15"


def test_writing_for_people_is_not_computer_work() -> None:
    poem = agent("Here it is:\n" + "The lamp is low and the harbour sleeps. " * 12)
    assert task(human("Write a short story for a magazine about a harbour at night."), poem) == "27"


def test_a_scientific_analysis_is_science() -> None:
    words = human(
        "Analyze the assay data in results.csv: test the hypothesis for the manuscript with a mixed model, plot it."
    )
    work = agent(
        tool("Bash", "Rscript -e 'library(lme4); summary(lmer(y ~ x + (1|plate), data = d))'"),
        ok("t value 3.1"),
        tool("Write", "analysis/model.Rmd"),
        ok("created"),
        "The effect is there in both replicates.",
    )
    assert task(words, work, lines_added=40) == "19"


def test_there_is_always_an_answer_for_the_task() -> None:
    assert task(human("hi"), agent("Hello!")) == "15"

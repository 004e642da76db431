"""Codebase context: changed, looked at, started, or none."""

from __future__ import annotations

from sessions_pipeline.sessions.transcript import Turn
from sessions_pipeline_tests.classifications.sessions import agent, human, label, ok, tool


def context(*turns: Turn, **telemetry: object) -> str | None:
    return label("codebase_context", *turns, **telemetry)


def test_editing_files_of_a_project_modifies_it() -> None:
    work = agent(tool("Read", "src/a.ts"), ok("code"), tool("Edit", "src/a.ts"), ok("updated"), "Done.")
    assert context(human("Add a footer."), work, lines_added=5, lines_removed=2) == "modifies_existing"


def test_reading_without_change_explores() -> None:
    work = agent(tool("Grep", "footer"), ok("src/a.ts:4"), tool("Read", "src/a.ts"), ok("code"), "It is in a.ts.")
    assert context(human("Where is the footer?"), work) == "explores_existing"


def test_a_project_from_nothing_is_new() -> None:
    files = [line for n in ("main.py", "app.py", "db.py", "cli.py") for line in (tool("Write", n), ok("created"))]
    work = agent(tool("Bash", "git init && uv init shop"), ok("created"), *files, "The project is set up.")
    assert context(human("Start a new project: a shop in python."), work, lines_added=400) == "creates_new"


def test_new_files_in_an_existing_project_are_no_new_project() -> None:
    reads = [line for n in range(5) for line in (tool("Read", f"src/old{n}.py"), ok("code"))]
    work = agent(
        *reads, tool("Write", "src/new.py"), ok("created"), tool("Edit", "src/old1.py"), ok("updated"), "Done."
    )
    assert context(human("Add a module."), work, lines_added=80, lines_removed=1) == "modifies_existing"


def test_talk_has_no_code_base() -> None:
    assert context(human("What is a good name for a cat?"), agent("Minka.")) == "no_codebase"


def test_a_letter_has_no_code_base() -> None:
    work = agent(tool("Write", "/home/me/letters/landlord.docx"), ok("created"), "The letter is ready.")
    assert context(human("Write a letter to my landlord."), work, lines_added=20) == "no_codebase"


def test_settings_of_a_computer_are_no_code_base() -> None:
    work = agent(
        tool("Bash", "nmcli device status"),
        ok("wlan0 down"),
        tool("Bash", "sudo systemctl restart NetworkManager"),
        ok(""),
        tool("Bash", "ping -c 1 router"),
        ok("1 received"),
        "The network is up again.",
    )
    assert context(human("my wifi is gone, bring it back"), work) == "no_codebase"

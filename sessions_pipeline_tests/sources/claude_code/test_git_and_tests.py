"""Commits, pull requests and test runs: by the command that set out to do them and by what it printed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sessions_pipeline_tests.lines import call, human, moment, reply, result, write
from sessions_pipeline_tests.sessions.tree import read
from sessions_pipeline_tests.sources.claude_code.reading import entries


def test_commits_and_pull_requests_count_only_where_the_command_made_them(one_file: Any) -> None:
    made = "[main 1a2b3c4] Fix parser\n 1 file changed"
    opened = "https://git.example.com/o/r/pull/12\n"
    session = one_file(
        human("go", 0),
        reply(1, call("Bash", "t1", command="git add -A && git commit -m 'Fix parser'")),
        result("t1", 2, made),
        reply(3, call("Bash", "t2", command="git log -1")),
        result("t2", 4, made),
        reply(5, call("Bash", "t3", command="git commit -m again")),
        result("t3", 6, "Exit code 1\nnothing to commit", is_error=True),
        reply(7, call("PowerShell", "t4", command="git commit -q -m quiet")),
        result("t4", 8, "", {"gitOperation": {"commit": {"sha": "abc"}}}),
        reply(9, call("Bash", "t5", command="gh pr create --fill")),
        result("t5", 10, opened),
        reply(11, call("Bash", "t6", command="gh pr view")),
        result("t6", 12, "https://git.example.com/o/r/pull/99"),
        {"type": "pr-link", "prUrl": "https://git.example.com/o/r/pull/12", "sessionId": "s1", "timestamp": "x"},
        {"type": "pr-link", "prUrl": "https://git.example.com/o/r/pull/13", "sessionId": "s1", "timestamp": "x"},
    ).only()
    assert (session["git_commits"], session["pull_requests"]) == (2, 2)


COMMIT_OUTPUTS = [
    ("git commit -m x", "[main (root-commit) 1a2b3c4] x\n 1 file changed", 1),
    ("cd app && git add . && git commit -m 'x' && git push", "[detached HEAD 1a2b3c4] x\nTo origin", 1),
    ("git commit -F - <<'EOF'\nsubject\n\nbody\nEOF", "[feature/a 1a2b3c4d5e] subject", 1),
    ("git commit -m a; git commit -m b", "[main 1a2b3c4] a\n[main 2b3c4d5] b", 2),
    ("git -C app commit -q -m x", "", 0),
    ("git log --grep commit", "[main 1a2b3c4] x", 0),
]


@pytest.mark.parametrize(("command", "output", "commits"), COMMIT_OUTPUTS, ids=range(len(COMMIT_OUTPUTS)))
def test_commits_are_what_git_prints(command: str, output: str, commits: int) -> None:
    found = entries(reply(0, call("Bash", "t1", command=command)), result("t1", 1, output)).entries
    ((ran,), (ended,)) = found[0].calls, found[1].results
    assert (ended.commits if ran.commits else 0) == commits


@pytest.mark.parametrize(
    ("command", "output", "error", "runs", "passed"),
    [
        ("pytest -q", "12 passed in 0.1s", False, 1, True),
        ("pytest -q", "1 failed, 11 passed", True, 1, False),
        ("cd x && npm test", "Tests: 2 failed, 3 passed", False, 1, False),
        ("cargo test", "test result: ok. 3 passed; 0 failed", False, 1, True),
        ("go test ./...", "--- FAIL: TestA\nFAIL", False, 1, False),
        ("uv run pytest", "0 failed, 3 passed", False, 1, True),
        ("cat tests/test_a.py", "1 failed", False, 0, None),
        ("grep -rn 'pytest' .", "pytest", False, 0, None),
    ],
)
def test_test_runs_are_known_by_their_runner(
    one_file: Any, command: str, output: str, error: bool, runs: int, passed: bool | None
) -> None:
    session = one_file(
        human("go", 0), reply(1, call("Bash", "t1", command=command)), result("t1", 2, output, is_error=error)
    ).only()
    assert (session["test_runs"], session["last_test_passed"]) == (runs, passed)


def test_the_last_test_run_counts_not_the_first(one_file: Any) -> None:
    session = one_file(
        human("go", 0),
        reply(1, call("Bash", "t1", command="pytest")),
        result("t1", 2, "1 failed", is_error=True),
        reply(3, call("Bash", "t2", command="pytest"), message="m2"),
        result("t2", 4, "2 passed"),
    ).only()
    assert (session["test_runs"], session["last_test_passed"]) == (2, True)


def shell(command: str, output: str, *, name: str = "Bash", detail: object = None, **keys: Any) -> list[dict[str, Any]]:
    """A session in which the agent runs one command."""
    return [
        human("go", 0),
        reply(1, call(name, "t1", command=command)),
        result("t1", 2, output, detail, **keys),
    ]


MADE = "[main 1a2b3c4] Fix parser\n 1 file changed"


def test_a_commit_that_git_prints_and_the_program_reports_is_one(one_file: Any) -> None:
    told = {
        "stdout": MADE,
        "gitOperation": {"commit": {"sha": "1a2b3c4", "kind": "committed"}, "push": {"branch": "x"}},
    }
    assert (
        one_file(*shell("git commit -am x && git push", MADE, name="PowerShell", detail=told)).only()["git_commits"]
        == 1
    )


def test_a_push_that_the_program_reports_is_no_commit(one_file: Any) -> None:
    told = {"gitOperation": {"push": {"branch": "main"}}}
    assert one_file(*shell("git push", "", detail=told)).only()["git_commits"] == 0


def test_a_commit_stands_when_a_later_command_of_the_line_fails(one_file: Any) -> None:
    output = f"Exit code 1\n{MADE}\nerror: failed to push some refs"
    session = one_file(*shell("git commit -am x && git push", output, is_error=True)).only()
    assert (session["git_commits"], session["tool_calls_succeeded"]) == (1, 0)


def test_a_commit_that_prints_nothing_is_invisible(one_file: Any) -> None:
    assert one_file(*shell("git commit -q -m x", "")).only()["git_commits"] == 0


def test_a_commit_copied_into_a_fork_is_made_once(tmp_path: Path) -> None:
    lines = shell("git commit -am x", MADE)
    write(tmp_path / "logs" / "a.jsonl", *lines, human("on", 60, session="s2"))
    write(tmp_path / "logs" / "b.jsonl", *lines)
    assert read(tmp_path / "logs", tmp_path / "private").sessions["git_commits"].sum() == 1


def test_the_result_in_a_later_file_belongs_to_the_call_in_the_earlier_one(tmp_path: Path) -> None:
    start, asked, answered = shell(
        "git commit -am x && gh pr create --fill", f"{MADE}\nhttps://git.example.com/o/r/pull/3"
    )
    write(tmp_path / "logs" / "a.jsonl", start, asked)
    write(tmp_path / "logs" / "b.jsonl", answered)
    session = read(tmp_path / "logs", tmp_path / "private").only()
    assert (session["git_commits"], session["pull_requests"], session["tool_calls_succeeded"]) == (1, 1, 1)


def link(number: int, **keys: Any) -> dict[str, Any]:
    url = f"https://git.example.com/o/r/pull/{number}"
    told = {"prNumber": number, "prUrl": url, "prRepository": "o/r"}
    return {"type": "pr-link", "sessionId": "s1", "timestamp": moment(5), **told, **keys}


def test_links_to_pull_requests_count_once_each_however_often_they_are_written(one_file: Any) -> None:
    opened = shell("gh pr create --fill", "https://git.example.com/o/r/pull/3")
    broken = link(9, prUrl=None)
    assert one_file(*opened, link(3), link(4), link(4), broken).only()["pull_requests"] == 2


def test_a_pull_request_that_is_there_already_is_not_opened(one_file: Any) -> None:
    output = "Exit code 1\na pull request for branch x already exists:\nhttps://git.example.com/o/r/pull/3"
    assert one_file(*shell("gh pr create --fill", output, is_error=True)).only()["pull_requests"] == 0


TEST_COMMANDS = [
    ("npm test", True),
    ("npm run test:unit -- --watch=false", True),
    ("yarn test", True),
    ("pnpm test", True),
    ("bun test src", True),
    ("pytest", True),
    ("python3 -m pytest tests/test_a.py -k x 2>&1 | tail -5", True),
    ("cd /srv/app && source .venv/bin/activate && CI=1 pytest -q", True),
    ("Rscript -e 'testthat::test_dir(\"tests\")'", True),
    ("cargo test --workspace", True),
    ("npm install --save-dev jest", False),
    ("git add tests/ && git commit -m 'test the parser'", False),
    ("ls tests", False),
    ("test -f a.py && echo yes", False),
    ("cat package.json | grep test", False),
    ("echo 'npm test'", False),
    ("curl https://test.example.com", False),
]


@pytest.mark.parametrize(("command", "runs"), TEST_COMMANDS)
def test_the_word_test_alone_is_no_test_run(one_file: Any, command: str, runs: bool) -> None:
    session = one_file(*shell(command, "12 passed")).only()
    assert (session["test_runs"], session["last_test_passed"]) == ((1, True) if runs else (0, None))


def test_a_reminder_of_the_program_in_the_output_is_no_result_of_the_tests(one_file: Any) -> None:
    reminder = "<system-reminder>\nThe last run had 3 failed tests.\n</system-reminder>"
    found = one_file(*shell("pytest", f"12 passed\n\n{reminder}"))
    assert found.only()["last_test_passed"] is True
    assert "reminder" not in found.transcript()


def test_a_test_run_that_was_stopped_has_no_result(one_file: Any) -> None:
    session = one_file(human("go", 0), reply(1, call("Bash", "t1", command="pytest"))).only()
    assert (session["test_runs"], session["last_test_passed"], session["tool_calls"]) == (0, None, 1)

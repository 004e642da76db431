"""Commits, pull requests and test runs: by the command that set out to do them and by what it printed."""

from __future__ import annotations

from typing import Any

import pytest

from sessions_pipeline_tests.lines import call, human, reply, result
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

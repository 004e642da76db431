"""What tool calls did: lines changed, commits, pull requests, test runs. Shared by the log formats.

What is invisible stays uncounted: edits by shell commands (`sed -i`, heredocs, `git apply`) leave no line counts.
"""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Iterable, Mapping

_SUMMARY_KEYS = ("command", "file_path", "notebook_path", "path", "pattern", "query", "url", "description", "skill")
# Options of git itself, with or without a value, may stand before the subcommand.
_COMMIT_COMMAND = re.compile(
    r"""\bgit(?:\.exe)?(?:\s+--?[\w-]+(?:[=\s]\s*(?!-)(?:"[^"\n]*"|'[^'\n]*'|[^\s"'|;&])+)?)*\s+commit(?![\w-])"""
)
# `[main 1a2b3c4] subject`, `[detached HEAD 1a2b3c4] subject`, `[main (root-commit) 1a2b3c4] subject`
_COMMIT_LINE = re.compile(r"^[^\S\n]*\[[^\]\n]{1,200}\s[0-9a-f]{7,40}\] ", re.MULTILINE)
_PR_COMMAND = re.compile(r"\b(?:gh\s+pr\s+create|glab\s+mr\s+create|hub\s+pull-request)\b")
_PR_URL = re.compile(r"https?://[^\s\"'<>]{1,300}/(?:pull|merge_requests|pull-requests)/\d+")
_TEST_RUNNERS = (
    r"(?:python[\d.]*\s+-m\s+)?(?:pytest|py\.test|unittest|nose2)",
    r"(?:npm|yarn|pnpm|bun)\s+(?:run\s+)?(?:-\S+\s+)*test\S*",
    r"(?:npx\s+|bunx\s+|pnpm\s+(?:exec\s+)?|yarn\s+)?(?:jest|vitest|mocha|ava|playwright\s+test|cypress\s+run)",
    r"cargo\s+(?:\S+\s+)?(?:test|nextest)",
    r"go\s+test",
    r"deno\s+test",
    r"node\s+--test",
    r"(?:make|just|task)\s+(?:test|check)\S*",
    r"(?:mvn|\./mvnw|gradle|\./gradlew|sbt)\s[^|;&\n]*\btest",
    r"dotnet\s+test",
    r"ctest|rspec|phpunit|prove|tox|nox|busted",
    r"(?:\./)?vendor/bin/(?:phpunit|pest)",
    r"(?:bundle\s+exec\s+)?(?:rspec|rake\s+test|rails\s+test)",
    r"(?:python[\d.]*\s+)?manage\.py\s+test",
    r"mix\s+test",
    r"swift\s+test|xcodebuild\s[^|;&\n]*\btest",
    r"flutter\s+test|dart\s+test",
)
_RUNNER = re.compile(r"(?:" + "|".join(_TEST_RUNNERS) + r")(?=\s|$|\))")
# What may stand before the runner in the same command: variables, wrappers, environments.
_PREFIX = re.compile(
    r"(?:\w+=\S*|sudo|time|env|then|do|npx|timeout\s+\S+|(?:uv|poetry|pdm|hatch|pipenv)\s+run(?:\s+-\S+)*)\s+|\.?\S*/bin/"
)
_SEGMENTS = re.compile(r"[;&|(\n]+")
# Every runner's name holds one of these: a test that costs nothing for the commands that run no tests.
_HINTS = (
    *("test", "jest", "mocha", "ava", "cypress", "nose2", "check", "rspec", "phpunit", "pest", "busted", "prove"),
    *("tox", "nox"),
)
# `Rscript -e 'testthat::test_dir(…)'` and friends name the runner inside an argument.
_TEST_ARGUMENT = re.compile(r"\bRscript\b.*\b(?:testthat|devtools::test|tinytest)\b", re.DOTALL)
_FAILED_COUNT = re.compile(
    r"\b[1-9]\d*\s+(?:tests?\s+)?(?:failed|failing|failures?|errors?)\b|\b(?:failures|failed|errors):\s*[1-9]", re.I
)
_FAILED_WORD = re.compile(
    r"^(?:FAIL(?:ED)?\b|Exit code [1-9]|--- FAIL)|\btest result: FAILED\b|\bFAILED \(", re.MULTILINE
)


# Pairs of equal lines in two texts up to which they are compared in order, which takes up to a second.
_MOST_PAIRS = 50_000


def one_name(path: str) -> str:
    """`path` in the form that all names of the same place share: Windows writes a drive as `C:` or `c:`."""
    return path[0].upper() + path[1:] if path[1:2] == ":" else path


def summary(given: Mapping[str, object]) -> str:
    """The argument that says most about a tool call; empty if none of the usual ones is there."""
    for name in _SUMMARY_KEYS:
        value = given.get(name)
        if isinstance(value, str) and value:
            return value
    return ""


def commits(command: str) -> bool:
    """Whether a shell command sets out to make a git commit."""
    return "commit" in command and _COMMIT_COMMAND.search(command) is not None


def opens_pull_request(command: str) -> bool:
    """Whether a shell command sets out to open a pull request."""
    return ("create" in command or "pull-request" in command) and _PR_COMMAND.search(command) is not None


def runs_tests(command: str) -> bool:
    """Whether a shell command runs a known test runner; the word "test" alone is far too wide."""
    if not any(map(command.__contains__, _HINTS)):
        return False
    return any(map(_starts_with_runner, _SEGMENTS.split(command))) or _TEST_ARGUMENT.search(command) is not None


def _starts_with_runner(segment: str) -> bool:
    segment = segment.strip()
    while prefix := _PREFIX.match(segment):
        segment = segment[prefix.end() :]
    return _RUNNER.match(segment) is not None


def commits_in(output: str) -> int:
    """Number of `[branch sha] subject` lines, which git prints for each commit unless it is quiet."""
    return len(_COMMIT_LINE.findall(output))


def pull_requests_in(output: str) -> list[str]:
    """Distinct addresses of pull requests, in order."""
    return list(dict.fromkeys(_PR_URL.findall(output)))


def tests_passed(output: str, *, is_error: bool) -> bool:
    """Result of a test run by its output: any failure counted or named, or a failed command, is a fail."""
    if is_error:
        return False
    # Both patterns look at every character of what may be megabytes: most of what they find holds one of these.
    lowered = output.lower()
    if "fa" not in lowered and "error" not in lowered and "Exit code" not in output:
        return True
    return not (_FAILED_COUNT.search(output) or _FAILED_WORD.search(output))


def patch_lines(hunks: Iterable[Iterable[str]]) -> tuple[int, int]:
    """Lines added and removed in a patch: prefixes `+` and `-` of the lines of its hunks."""
    added = removed = 0
    for lines in hunks:
        prefixes = [line[:1] for line in lines]
        added += prefixes.count("+")
        removed += prefixes.count("-")
    return added, removed


def count_lines(text: str) -> int:
    """Lines of a file with this content; a last line without a newline counts."""
    return text.count("\n") + (not text.endswith("\n") if text else 0)


def replaced_lines(old: str, new: str) -> tuple[int, int]:
    """Lines added and removed when `old` becomes `new`: a line diff, for edits whose result gives no patch.

    Of long texts of few different lines, how often each line stands in one and the other: a diff takes minutes there.
    """
    if not old or not new:
        return count_lines(new), count_lines(old)
    added = removed = 0
    # Split, not splitlines: a newline added at the end is an empty line more, as git counts it.
    before, after = old.split("\n"), new.split("\n")
    times_before, times_after = Counter(before), Counter(after)
    if sum(times * times_after[line] for line, times in times_before.items()) > _MOST_PAIRS:
        return (times_after - times_before).total(), (times_before - times_after).total()
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    for tag, old_start, old_end, new_start, new_end in matcher.get_opcodes():
        if tag != "equal":
            removed += old_end - old_start
            added += new_end - new_start
    return added, removed

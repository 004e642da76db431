"""Whose a file is: which pattern decides, what a wrong pattern file says, and that users follow a changed rule."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from sessions_pipeline.folders import SettingsError
from sessions_pipeline.sessions.archive import Archive
from sessions_pipeline.sessions.users import user_rule
from sessions_pipeline_tests.lines import human, reply, text, write
from sessions_pipeline_tests.sessions.tree import Read, read


def mapping(tmp_path: Path, content: str) -> str:
    file = tmp_path / "users.csv"
    file.write_bytes(content.encode())
    return str(file)


def session(name: str, at: float = 0) -> list[dict[str, Any]]:
    return [
        human("do it", at, session=name),
        reply(at + 1, text("done"), message=f"m-{name}", session=name),
    ]


def users_of(found: Read, private: Path) -> dict[str, str]:
    """Session -> name of its user, for names that a test uses."""
    names = {Archive(private).user_key(name): name for name in ("one", "ann", "bob", "anna", "carol")}
    return {row[0]: names.get(row[1], row[1]) for row in found.sessions.select("session_id", "user_key").iter_rows()}


class TestPatterns:
    @pytest.mark.parametrize(
        ("pattern", "place", "matches"),
        [
            ("ann/*", "ann/s.jsonl", True),
            ("ann/*", "ann/p/q/s.jsonl", True),
            ("ann/*", "joann/s.jsonl", False),
            ("ann", "ann/p/s.jsonl", True),
            ("ann/", "ann/p/s.jsonl", True),
            ("ann", "annika/s.jsonl", False),
            ("ann", "p/ann/s.jsonl", False),
            ("*/ann/*", "laptops/ann/s.jsonl", True),
            ("*-ann-*", "-home-ann-app/s.jsonl", True),
            ("**/s?.jsonl", "a/b/s1.jsonl", True),
            ("[ab]/*", "b/s.jsonl", True),
            ("[ab]/*", "c/s.jsonl", False),
            ("Ann/*", "ann/s.jsonl", False),
            ("./ann/*", "ann/s.jsonl", True),
            ("a.n/*", "axn/s.jsonl", False),
            ('"a, b/*"', "a, b/s.jsonl", True),
            ("ünï/*", "ünï/s.jsonl", True),
        ],
    )
    def test_what_a_pattern_covers(self, tmp_path: Path, pattern: str, place: str, matches: bool) -> None:
        rule = user_rule(mapping(tmp_path, f"pattern,user\n{pattern},x\n"))
        assert rule(place) == ("x" if matches else None)

    def test_the_first_match_decides_and_an_empty_user_is_nobody(self, tmp_path: Path) -> None:
        rule = user_rule(mapping(tmp_path, "\ufeffpattern,user\r\n ann/bots/* , \r\nann/*,ann\r\n\r\n*,rest\r\n"))
        assert [rule(place) for place in ("ann/bots/s.jsonl", "ann/s.jsonl", "x.jsonl")] == ["", "ann", "rest"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "line 1: expected pattern,user"),
        ("pattern,user\n", "line 2: expected a pattern and a user"),
        ("path,owner\na,b\n", "line 1: expected the header pattern,user"),
        ("pattern,user\na/*,ann\n\nb/*\n", "line 4: expected 2 cells, pattern and user, found 1"),
        ("pattern,user\na/*,ann,x\n", "line 2: expected 2 cells, pattern and user, found 3"),
        ("pattern,user\n,ann\n", "line 2: expected a pattern before the comma"),
        ('pattern,user\n"a/*,ann\n', "expected CSV"),
    ],
)
def test_a_wrong_pattern_file_is_named_with_its_line_and_what_was_expected(
    tmp_path: Path, content: str, words: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        user_rule(mapping(tmp_path, content))
    assert words in str(caught.value)
    assert f"{tmp_path}/users.csv" in str(caught.value)


def test_a_pattern_file_that_is_missing_or_no_text_says_so(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"cannot read the users of .*nowhere\.csv: No such file"):
        user_rule(str(tmp_path / "nowhere.csv"))
    (tmp_path / "users.csv").write_bytes(b"pattern,user\nann,caf\xe9\n")
    with pytest.raises(SettingsError, match="not valid UTF-8: line 2"):
        user_rule(str(tmp_path / "users.csv"))


def test_patterns_name_users_over_folders(tmp_path: Path) -> None:
    write(tmp_path / "logs/laptop1/s1.jsonl", *session("s1"))
    write(tmp_path / "logs/laptop2/s2.jsonl", *session("s2", 60))
    write(tmp_path / "logs/desk/s3.jsonl", *session("s3", 120))
    users = mapping(tmp_path, "pattern,user\nlaptop*,ann\ndesk/*,bob\n")
    found = read(tmp_path / "logs", tmp_path / "private", users=users)
    assert users_of(found, tmp_path / "private") == {"s1": "ann", "s2": "ann", "s3": "bob"}


def test_what_is_nobodys_is_kept_and_out_of_the_sample_until_a_pattern_names_its_user(tmp_path: Path) -> None:
    write(tmp_path / "logs/ann/s1.jsonl", *session("s1"))
    write(tmp_path / "logs/new/s2.jsonl", *session("s2", 60))
    users = mapping(tmp_path, "pattern,user\nann,ann\n")
    found = read(tmp_path / "logs", tmp_path / "private", users=users)
    assert [(found.session(name)["user_key"] == "", found.session(name)["exclusion"]) for name in ("s1", "s2")] == [
        (False, None),
        (True, "no_user"),
    ]
    assert set(found.transcripts) == {"s1"}
    shutil.rmtree(tmp_path / "logs/new")  # it was read, so it can still be given to somebody
    mapping(tmp_path, "pattern,user\nann,ann\nnew,carol\n")
    found = read(tmp_path / "logs", tmp_path / "private", users=users)
    assert users_of(found, tmp_path / "private") == {"s1": "ann", "s2": "carol"}
    assert found.session("s2")["exclusion"] is None
    assert set(found.transcripts) == {"s1", "s2"}


def test_users_follow_a_changed_rule_also_where_the_logs_are_gone_and_nothing_is_read_again(tmp_path: Path) -> None:
    write(tmp_path / "logs/ann/s1.jsonl", *session("s1"))
    write(tmp_path / "logs/bob/s2.jsonl", *session("s2", 60))
    first = read(tmp_path / "logs", tmp_path / "private")
    assert set(users_of(first, tmp_path / "private").values()) == {"one"}
    shutil.rmtree(tmp_path / "logs/ann")
    by_folder = read(tmp_path / "logs", tmp_path / "private", users="folder")
    assert users_of(by_folder, tmp_path / "private") == {"s1": "ann", "s2": "bob"}
    users = mapping(tmp_path, "pattern,user\n*,carol\n")
    mapped = read(tmp_path / "logs", tmp_path / "private", users=users)
    assert users_of(mapped, tmp_path / "private") == {"s1": "carol", "s2": "carol"}
    assert mapped.sessions.drop("user_key").equals(first.sessions.drop("user_key"))
    assert mapped.files.equals(first.files)


def test_a_session_with_files_of_two_users_belongs_to_the_one_in_whose_file_it_starts(tmp_path: Path) -> None:
    start, answer = session("s1")
    write(tmp_path / "logs/bob/s1.jsonl", start, answer)
    write(tmp_path / "logs/ann/s1-more.jsonl", human("more", 60, session="s1"))
    found = read(tmp_path / "logs", tmp_path / "private", users="folder")
    assert users_of(found, tmp_path / "private") == {"s1": "bob"}
    assert found.only()["human_prompts"] == 2


@pytest.mark.parametrize("later", [False, True])
def test_a_user_folder_that_was_renamed_takes_its_sessions_with_it(tmp_path: Path, later: bool) -> None:
    """later: the session has gone on since, so that the new file is not the old one's copy."""
    lines = session("s1")
    write(tmp_path / "logs/ann/s1.jsonl", *lines)
    read(tmp_path / "logs", tmp_path / "private", users="folder")
    shutil.rmtree(tmp_path / "logs/ann")
    write(tmp_path / "logs/anna/s1.jsonl", *lines, *([human("more", 60, session="s1")] if later else []))
    found = read(tmp_path / "logs", tmp_path / "private", users="folder")
    assert users_of(found, tmp_path / "private") == {"s1": "anna"}
    assert (found.only()["human_prompts"], found.only()["model_calls"]) == (1 + later, 1)

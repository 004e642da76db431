"""Rendering, cutting and reading back."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sessions_pipeline.sessions.transcript import ROLES, Turn, clean, cut_middle, parse_turns, render, unescape

PIECES = ["[human]", "[assistant]", "[tool] x", "[cut]", "\\", "\n", "a", " ", "é", "\x07"]
WORDS = st.lists(st.sampled_from(PIECES), max_size=12).map("".join)


def test_head_and_tail_stay_when_a_turn_is_cut() -> None:
    cut = cut_middle("a" * 6 + "b" * 10 + "c" * 6, 12)
    assert cut == "aaaaaa\n[cut] 10 characters\ncccccc"


def test_each_turn_is_cut_and_then_the_whole() -> None:
    long = render([Turn("human", "x" * 12_000)])
    assert long.truncated
    assert long.chars == 12_000
    assert 5_000 < len(long.text) < 5_100
    many = render([Turn("human", f"{i} " + "y" * 3_000) for i in range(20)])
    assert many.truncated
    assert 25_000 < len(many.text) < 25_100
    assert many.text.startswith("[human]\n0 y")
    assert many.text.rstrip().endswith("y")


def test_a_short_session_is_not_cut() -> None:
    short = render([Turn("human", "hello"), Turn("assistant", ""), Turn("assistant", "hi")])
    assert (short.text, short.chars, short.truncated) == ("[human]\nhello\n\n[assistant]\nhi\n", 7, False)


@given(st.lists(st.tuples(st.sampled_from(ROLES), WORDS), max_size=6))
def test_nothing_in_a_session_can_pose_as_a_turn(spoken: list[tuple[str, str]]) -> None:
    turns = [Turn(role, clean(words)) for role, words in spoken]
    read_back = parse_turns(render(turns).text)
    assert [turn.role for turn in read_back] == [turn.role for turn in turns if turn.text.strip()]
    assert [turn.text for turn in read_back] == [turn.text.strip("\n") for turn in turns if turn.text.strip()]


@given(WORDS)
def test_escapes_can_be_taken_back(words: str) -> None:
    assert unescape(clean(words)) == words.replace("\x07", "")


@given(st.integers(10, 60), st.lists(WORDS, min_size=1, max_size=5))
def test_a_cut_inside_an_escape_opens_no_turn(limit: int, words: list[str]) -> None:
    turns = [Turn("human", clean("\n".join(words)))]
    assert all(
        turn.role == "human" for turn in parse_turns(render(turns, turn_chars=limit, transcript_chars=10**6).text)
    )

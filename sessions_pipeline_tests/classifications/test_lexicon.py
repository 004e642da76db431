"""Shortcuts of the rules' reading find what the patterns that they spare would find."""

import itertools
import re
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from sessions_pipeline.classifications.rules import features
from sessions_pipeline.classifications.rules.lexicon import Lexicon, words_in

TABLE = {"deny": {"en": "don't, no", "fr": "n'est", "ru": "нет"}, "eat": {"en": "caf*, a b", "ja": "食べ"}}
# What sets words apart, joins them or only looks so: apostrophes of all kinds, accents, dashes, other scripts, a
# letter whose lower case is two characters.
PIECES = [
    "don",
    "'",
    "’",
    "`",
    "t",
    "no",
    "n",
    "est",
    "café",
    "CAFE",
    "É",
    "İ",
    "a",
    "b",
    " ",
    "\n",
    "_",
    "—",
    "0",
    "нет",
]
TEXTS = st.lists(st.sampled_from([*PIECES, "食べ", "食", "・", "…", "/", "."]), max_size=12).map("".join)


def counted(text: str) -> Counter[str]:
    """By one pattern over the whole text, as the entries are described: case, accents and quotes do not matter."""
    plain = text.lower().replace("’", "'").replace("`", "'").replace("é", "e")
    words = re.findall(r"[^\W_]+(?:'[^\W_]+)*", plain)
    found = Counter(word for word in words if word in ("don't", "no", "n'est", "нет"))
    eaten = sum(word.startswith("caf") for word in words) + list(itertools.pairwise(words)).count(("a", "b"))
    return +Counter(deny=sum(found.values()), eat=eaten + plain.count("食べ"))


@given(TEXTS)
def test_entries_are_found_as_the_pattern_of_a_word_would_find_them(text: str) -> None:
    assert Lexicon(TABLE).count(text) == counted(text)


@given(st.text(alphabet="ab0'`_ ,\n", max_size=12))
def test_words_of_plain_text_are_runs_of_letters_and_digits(text: str) -> None:
    assert words_in(text) == len(re.findall(r"[a-zA-Z0-9]+(?:'[a-zA-Z0-9]+)*", text))


NAMED = [
    "word",
    "Word",
    "camelCase",
    "API",
    "A1b",
    "snake_case",
    "src/app.ts",
    "x.py",
    "v1.2.3",
    "--flag",
    "f()",
    "é",
    "食",
]
AROUND = [" ", " ", "\n", ",", ".", ":", '"', "`", "(", ")", "'", "\t", "https://a.b/c", "C:\\d"]


@given(st.lists(st.sampled_from([*NAMED, *AROUND]), max_size=14).map("".join))
def test_names_and_references_are_those_of_the_patterns_over_the_whole_text(text: str) -> None:
    assert set(features._names(text)) == set(features._NAME.findall(text))
    assert features._without_references(text) == features._REFERENCE.sub(" ", text)

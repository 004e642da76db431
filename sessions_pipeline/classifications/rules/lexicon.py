"""Counts ideas in a text by the words of a table such as `words.WORDS`. No meaning is known here."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import compress, count

_TOKEN = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
# Traditional Chinese characters of the word lists, which are written in simplified ones.
_TRADITIONAL = (
    "業丟個臨為書務產們眾優會體關養內寫決況幾劃則創別刪劇辦動勢區醫單廳歷發變號嗎啟員圖場壞處備復學實審對"
    "層師幫廣應廢開異歸錄態總戶執護報換據攝數無時顯機權條構標樣檢檔氣匯沒洩測潰滾燈煩環現電畫蓋盤碼確稅競"
    "筆簡糾線組終紹結繪給絡統繼續維編緩網腳裝見規視計認討議記論訟設證評訴詞譯試詢該誤說讀課調謝財敗帳貨賴"
    "趨車載邊遷過運還進連遲遺郵釋裡鈕銷鎖錯鍵鏡閃閉問間閱隊際頁須頻題驗綫"
)
_SIMPLIFIED = (
    "业丢个临为书务产们众优会体关养内写决况几划则创别删剧办动势区医单厅历发变号吗启员图场坏处备复学实审对"
    "层师帮广应废开异归录态总户执护报换据摄数无时显机权条构标样检档气汇没泄测溃滚灯烦环现电画盖盘码确税竞"
    "笔简纠线组终绍结绘给络统继续维编缓网脚装见规视计认讨议记论讼设证评诉词译试询该误说读课调谢财败账货赖"
    "趋车载边迁过运还进连迟遗邮释里钮销锁错键镜闪闭问间阅队际页须频题验线"
)
_ACCENTED = "àáâãäåāçčèéêëēěìíîïīñńòóôõöøōřšùúûüūýÿžё’`´"
_PLAIN = "aaaaaaacceeeeeeiiiiinnooooooorsuuuuuyyzе'''"
_FOLD = dict(zip(_ACCENTED + _TRADITIONAL, _PLAIN + _SIMPLIFIED, strict=True))
_FOLDED = re.compile(f"[{re.escape(''.join(_FOLD))}]")
_ASCII = bytes(range(128))
# ASCII text with blanks for all that sets words apart; an apostrophe does so too unless letters or digits surround it.
_APART = bytes(code if chr(code).isalnum() or chr(code) == "'" else 32 for code in _ASCII) + bytes(128)
_LOOSE_APOSTROPHE = re.compile(r"'(?![a-zA-Z0-9])")
# A text with more distinct characters outside ASCII than this is in another script.
_FEW_CHARACTERS = 24
# Tokens recur, so what a token means is remembered; the limit bounds memory on adversarial input.
_CACHE_LIMIT = 200_000
# Several tables look at the same text one after the other.
_RECENT_TEXTS = 64

# A phrase after its first word: the words that follow, whether the last is a stem, and the idea.
_Rest = tuple[list[str], bool, str]
# Phrases that begin with one word, by the word that comes next; those that go on with a stem.
_Phrases = tuple[dict[str, list[_Rest]], list[_Rest]]
# Ideas of a word, and the phrases that begin with it.
_Meaning = tuple[tuple[str, ...], _Phrases | None]
# Stands between texts that are counted together: a token that no entry has, so that no phrase spans two of them.
_BETWEEN = "\n0zz0\n"


def fold(text: str) -> str:
    """`text` in lower case, without the accents of Latin letters, with straight apostrophes, in simplified Chinese."""
    lowered = text.lower()
    if lowered.isascii():
        return lowered.replace("`", "'")
    # Few characters are folded in most texts: `translate` looks each one up, which took up to eight times as long.
    return _FOLDED.sub(lambda match: _FOLD[match.group()], lowered)


@lru_cache(maxsize=_RECENT_TEXTS)
def _tokens(text: str) -> tuple[str, list[str]]:
    """`text` folded, and its tokens, which nobody may change.

    What `_TOKEN` finds in the folded text. Splitting ASCII text takes a quarter of the pattern's time, so texts with
    no more than dashes, quotation marks and accents outside ASCII are brought there first.
    """
    plain = text if text.isascii() else _as_ascii(text)
    if plain is None:
        folded = fold(text)
        return folded, _TOKEN.findall(folded)
    folded = plain.lower().replace("`", "'")
    return folded, _split(folded)


def _as_ascii(text: str) -> str | None:
    """`text` with ASCII in place of each other character, such that it folds to the same tokens; None if it cannot."""
    encoded = text.encode("utf-8", "surrogatepass")
    strange = set(encoded.translate(None, _ASCII).decode("utf-8", "surrogatepass"))
    if len(strange) > _FEW_CHARACTERS:
        return None
    for character in strange:
        plain = _ascii_for(character)
        if plain is None:
            return None
        text = text.replace(character, plain)
    return text


@lru_cache(maxsize=4_096)
def _ascii_for(character: str) -> str | None:
    """What `character` folds to if that is ASCII, a blank if it sets words apart, None for letters of other scripts."""
    folded = fold(character)
    if folded.isascii():
        return folded
    return None if any(part.isalnum() for part in folded) else " "


def _split(text: str) -> list[str]:
    """What `_TOKEN` finds in ASCII text."""
    # Bytes are translated seven times as fast as characters.
    spaced = text.encode().translate(_APART).decode()
    if "'" in spaced:
        spaced = _LOOSE_APOSTROPHE.sub(" ", spaced).replace(" '", " ").removeprefix("'")
    return spaced.split()


def words_in(text: str) -> int:
    """Number of words; two characters count as one word where words are not set apart (Chinese, Japanese)."""
    if text.isascii():
        return len(_split(text))
    unspaced = len(_UNSPACED.findall(text))
    return len(_TOKEN.findall(_UNSPACED.sub(" ", text) if unspaced else text)) + (unspaced + 1) // 2


class _Known(dict[str, "_Meaning | None"]):
    """Token -> meaning, worked out when first asked for."""

    def __init__(self, meaning: Callable[[str], _Meaning | None]) -> None:
        super().__init__()
        self._of = meaning

    def __missing__(self, token: str) -> _Meaning | None:
        if len(self) >= _CACHE_LIMIT:
            self.clear()
        self[token] = found = self._of(token)
        return found


class Lexicon:
    """A table of ideas (idea -> language -> entries separated by commas), ready to count."""

    def __init__(self, table: Mapping[str, Mapping[str, str]]) -> None:
        self._words: dict[str, set[str]] = {}
        self._phrases: dict[str, _Phrases] = {}
        self._unspaced: dict[str, list[tuple[str, str]]] = {}
        self._known = _Known(self._meaning)
        stems: dict[str, set[str]] = {}
        for idea, languages in table.items():
            for entries in languages.values():
                for entry in entries.split(","):
                    self._add(idea, fold(" ".join(entry.split())), stems)
        # Most tokens begin like no stem, which their first characters tell.
        self._head = min(map(len, stems), default=0)
        self._stems: dict[str, list[tuple[str, set[str]]]] = {}
        for stem, ideas in stems.items():
            self._stems.setdefault(stem[: self._head], []).append((stem, ideas))
        # Without any such entry: a pattern that matches nothing.
        self._unspaced_start = re.compile(f"[{re.escape(''.join(self._unspaced))}]" if self._unspaced else r"(?!)")

    def _add(self, idea: str, entry: str, stems: dict[str, set[str]]) -> None:
        if _CJK.search(entry):
            self._unspaced.setdefault(entry[0], []).append((entry, idea))
            return
        is_stem, (first, *rest) = entry.endswith("*"), _TOKEN.findall(entry)
        if not rest:
            (stems if is_stem else self._words).setdefault(first, set()).add(idea)
            return
        by_next, by_stem = self._phrases.setdefault(first, ({}, []))
        phrases = by_stem if is_stem and len(rest) == 1 else by_next.setdefault(rest[0], [])
        phrases.append((rest, is_stem, idea))

    def _meaning(self, token: str) -> _Meaning | None:
        """What begins with `token`; None if nothing does."""
        ideas = set(self._words.get(token, ()))
        for stem, of_stem in self._stems.get(token[: self._head], ()):
            if token.startswith(stem):
                ideas |= of_stem
        phrases = self._phrases.get(token)
        return (tuple(sorted(ideas)), phrases) if ideas or phrases else None

    def _spoken(self, tokens: list[str]) -> list[str]:
        """One idea for each entry found among `tokens`."""
        found: list[str] = []
        meanings = list(map(self._known.__getitem__, tokens))
        # Most tokens mean nothing here: they are passed over without a step of Python for each.
        for place in compress(count(), meanings):
            ideas, phrases = meanings[place]  # type: ignore[misc]
            found += ideas
            if not phrases or place + 1 == len(tokens):
                continue
            by_next, by_stem = phrases
            after = tokens[place + 1]
            for rest, is_stem, idea in by_next.get(after, ()):
                following = tokens[place + 1 : place + 1 + len(rest)]
                if following == rest or (
                    is_stem
                    and len(following) == len(rest)
                    and following[:-1] == rest[:-1]
                    and following[-1].startswith(rest[-1])
                ):
                    found.append(idea)
            for rest, _, idea in by_stem:
                if after.startswith(rest[0]):
                    found.append(idea)
        return found

    def _written(self, folded: str) -> Iterator[str]:
        """One idea for each Chinese, Japanese or Korean entry found anywhere in `folded`."""
        for match in self._unspaced_start.finditer(folded):
            for entry, idea in self._unspaced[match.group()]:
                if folded.startswith(entry, match.start()):
                    yield idea

    def find(self, text: str) -> list[str]:
        """The idea of each entry that occurs in `text`."""
        folded, tokens = _tokens(text)
        found = self._spoken(tokens)
        if not folded.isascii():
            found += self._written(folded)
        return found

    def count(self, text: str) -> Counter[str]:
        """How often each idea occurs in `text`; ideas that do not occur are absent."""
        return Counter(self.find(text))

    def count_all(self, texts: Iterable[str]) -> Counter[str]:
        """The sum of the counts of `texts`; one pass over many short ones takes half the time."""
        return self.count(_BETWEEN.join(texts))

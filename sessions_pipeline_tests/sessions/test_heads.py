"""The cache of headers and indexes never changes what is known: only how many files are opened to know it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from sessions_pipeline.sessions.archive import Archive
from sessions_pipeline.sessions.heads import Heads
from sessions_pipeline_tests.lines import human, write
from sessions_pipeline_tests.sessions.tree import read


class Folder:
    """Files whose first byte is their header and whose rest are their records, and which of them were opened."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.opened = folder, list[str]()

    def look(self, form: bytes = b"ONE1") -> tuple[list[str], bytes]:
        self.opened.clear()
        files = sorted(path for path in self.folder.iterdir() if path.suffix == ".entries")
        states = [(str(path), (path.stat().st_ino, path.stat().st_mtime_ns, path.stat().st_size)) for path in files]
        heads = Heads(self.folder / "heads", str, form, self._open, lambda path, data: path.write_bytes(data) and None)
        assert heads.headers(states) == [path.read_text()[0] for path in files]
        headers, records = heads.index(states)
        return headers, bytes(records)

    def _open(self, path: str) -> tuple[str, bytes]:
        self.opened.append(Path(path).stem)
        return Path(path).read_text()[0], Path(path).read_bytes()[1:]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    for name, text in {"a": "Axx", "b": "B", "c": "Cyyy"}.items():
        (tmp_path / f"{name}.entries").write_text(text)
    return Folder(tmp_path)


def test_a_file_is_opened_once_and_again_when_it_changed(folder: Folder) -> None:
    assert folder.look() == (["A", "B", "C"], b"xxyyy")
    assert folder.opened == ["a", "b", "c"]
    assert folder.look() == (["A", "B", "C"], b"xxyyy")
    assert folder.opened == []
    (folder.folder / "b.entries").write_text("Bzz")
    (folder.folder / "a.entries").unlink()
    for opened in (["b"], []):
        assert folder.look() == (["B", "C"], b"zzyyy")
        assert folder.opened == opened


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda data: b"", id="empty"),
        pytest.param(lambda data: data[:-1], id="torn"),
        pytest.param(lambda data: data[1:], id="lost its beginning"),
        pytest.param(lambda data: data[: len(data) // 2] + bytes(len(data) // 2), id="NUL bytes"),
        pytest.param(lambda data: b"\xff" * 200, id="something else"),
    ],
)
def test_a_damaged_cache_costs_time_and_nothing_else(folder: Folder, damage: Callable[[bytes], bytes]) -> None:
    before = folder.look()
    cache = folder.folder / "heads"
    cache.write_bytes(damage(cache.read_bytes()))
    assert folder.look() == before
    assert folder.opened == ["a", "b", "c"]


def test_a_cache_of_files_that_were_packed_in_another_way_is_not_used(folder: Folder) -> None:
    folder.look()
    folder.look(form=b"TWO2")
    assert folder.opened == ["a", "b", "c"]


def test_an_archive_says_the_same_with_its_cache_without_it_and_after_a_move(tmp_path: Path) -> None:
    for name in ("s1", "s2"):
        write(tmp_path / "logs" / f"{name}.jsonl", human("go", 0, session=name))
    before = read(tmp_path / "logs", tmp_path / "private")
    assert (tmp_path / "private" / "archive" / "heads").stat().st_mode & 0o077 == 0
    shutil.move(tmp_path / "private", tmp_path / "moved")
    again = read(tmp_path / "logs", tmp_path / "moved")
    (tmp_path / "moved" / "archive" / "heads").unlink()
    anew = Archive(tmp_path / "moved").headers()
    assert again.sessions.equals(before.sessions)
    assert again.book.headers == before.book.headers == anew

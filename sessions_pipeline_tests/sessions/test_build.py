"""Only what changed is added up again, and what is kept is what adding up would give."""

from __future__ import annotations

import datetime as dt
import time
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sessions_pipeline.schemas import polars_schema
from sessions_pipeline.sessions import build, ownership
from sessions_pipeline.sessions.add_up import Way
from sessions_pipeline.sessions.archive import Archive
from sessions_pipeline.sessions.build import Built, build_sessions, ledger
from sessions_pipeline.sessions.purge import purge_before
from sessions_pipeline.sessions.transcripts import Transcripts
from sessions_pipeline.sessions.tree import find_log_files
from sessions_pipeline.sessions.users import user_rule
from sessions_pipeline_tests.lines import human, reply, text, write
from sessions_pipeline_tests.sessions.log_trees import Files, trees

USED = {"input_tokens": 1, "output_tokens": 2}
NOTHING = Built(*(pl.DataFrame(schema=polars_schema(table)) for table in ("core.sessions", "core.model_use")))
WAY = Way("study", turn_chars=5000, transcript_chars=25000)


def lines(name: str, prompts: int) -> list[dict[str, object]]:
    asked = [human(f"do {n}", n * 60, session=name, uuid=f"{name}-{n}") for n in range(prompts)]
    answer = reply(600, text("done"), message=f"m-{name}", session=name, uuid=f"{name}-reply", usage=USED)
    return [*asked, answer]


class Tree:
    """Three sessions in files of their own, and how many sessions each look at them adds up."""

    def __init__(self, folder: Path) -> None:
        self.logs, self.private = folder / "logs", folder / "private"
        for name in ("a", "b", "c"):
            self.write(name, prompts=1)

    def write(self, name: str, prompts: int) -> None:
        write(self.logs / f"{name}.jsonl", *lines(name, prompts))

    def look(self, known: Built = NOTHING, way: Way = WAY) -> tuple[Built, int]:
        archive, counts = Archive(self.private), [0]
        archive.sync(find_log_files([self.logs], user_rule("one")).files, 1_790_000_000_000)
        book = ledger(archive)
        built = build_sessions(
            archive,
            book,
            book.months(),
            known=known,
            transcripts=Transcripts(self.private),
            way=way,
            progress=lambda done, _: counts.append(done),
        )
        return built, max(counts)


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path)


def same(one: Built, other: Built) -> bool:
    return one.sessions.equals(other.sessions) and one.model_use.equals(other.model_use)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(files=trees(), most=st.integers(1, 6))
def test_a_ledger_made_of_few_lines_at_a_time_is_that_of_all_at_once(tmp_path: Path, files: Files, most: int) -> None:
    folder = tmp_path / str(time.monotonic_ns())
    for name, of_file in files.items():
        write(folder / "logs" / name, *of_file)
    archive = Archive(folder / "private")
    archive.sync(find_log_files([folder / "logs"], user_rule("one")).files, 1_790_000_000_000)
    whole = ledger(archive)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ownership, "_LINES_AT_A_TIME", most)
        parts = ledger(archive)
    assert parts.digests() == whole.digests()
    for name, place in {"own": ["file", "session"], "told": ["file", "position"], "sessions": ["session"]}.items():
        assert getattr(parts, name).sort(place).equals(getattr(whole, name).sort(place))


def test_a_second_look_adds_up_nothing_and_gives_the_same(tree: Tree) -> None:
    first, added = tree.look()
    assert added == 3
    again, added = tree.look(first)
    assert added == 0
    assert same(again, first)


def test_one_file_that_grew_is_one_session_added_up(tree: Tree) -> None:
    first, _ = tree.look()
    tree.write("b", prompts=2)
    grown, added = tree.look(first)
    assert added == 1
    assert same(grown, tree.look()[0])
    assert grown.sessions["human_prompts"].to_list() == [1, 2, 1]


def test_other_settings_add_up_every_session(tree: Tree) -> None:
    first, _ = tree.look()
    other = Way("study", turn_chars=5, transcript_chars=25000)
    cut, added = tree.look(first, other)
    assert added == 3
    assert same(cut, tree.look(way=other)[0])


def test_a_session_whose_transcript_is_lost_is_added_up(tree: Tree) -> None:
    first, _ = tree.look()
    store, month = Transcripts(tree.private), first.sessions["month"][0]
    store.write(month, store.read(month).filter(pl.col("session_id") != "b"))
    again, added = tree.look(first)
    assert added == 1
    assert same(again, first)
    assert store.read(month)["session_id"].to_list() == ["a", "b", "c"]


def test_a_purge_is_looked_at_once_and_its_sessions_are_kept_from_then_on(tree: Tree) -> None:
    first, _ = tree.look()
    purge_before(Archive(tree.private), Transcripts(tree.private), dt.date(2027, 1, 1))
    for expected in (3, 0):
        again, added = tree.look(first)
        assert added == expected
        assert same(again, first)
    tree.write("b", prompts=2)
    grown, added = tree.look(first)
    assert added == 1
    assert grown.sessions["human_prompts"].to_list() == [1, 2, 1]


def test_rows_of_another_state_are_not_trusted(tree: Tree, tmp_path: Path) -> None:
    elsewhere = Tree(tmp_path / "elsewhere")
    stale, _ = elsewhere.look()
    built, added = tree.look(stale)
    assert added == 3
    assert same(built, tree.look()[0])


def test_worker_processes_give_what_one_process_gives(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    alone, _ = tree.look()
    monkeypatch.setattr(build, "_PARALLEL_ENTRIES", 0)
    together, added = tree.look()
    assert added == 3
    assert same(together, alone)

"""A last line that is still being written waits for the next reading, in every format; a broken one is a reject.

Times are those that the standard library reads.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sessions_pipeline.schemas import polars_schema
from sessions_pipeline.sessions.archive import Archive
from sessions_pipeline.sessions.attrition import attrition, breaks
from sessions_pipeline.sources.lines import Clock
from sessions_pipeline_tests.lines import encode, human, reply, text
from sessions_pipeline_tests.sessions.tree import KEYED, Read, read
from sessions_pipeline_tests.sources import test_codex as codex
from sessions_pipeline_tests.sources import test_gemini as gemini

CLAUDE = encode(human("hello", 0), reply(1, text("hi")), human("naïve café", 2))
CODEX = encode(codex.meta(), *codex.human("hello", 1), codex.said("assistant", "hi", 2), *codex.human("café", 3))
FORMATS = {
    "claude_code": ("p/s1.jsonl", CLAUDE),
    "codex": (codex.name(), CODEX),
    "gemini": (gemini.PLACE, encode(*gemini.CHAT)),
}


def put(tmp_path: Path, place: str, data: bytes) -> Read:
    """Writes the file as it stands now and reads the folder, with what was read before."""
    path = tmp_path / "logs" / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return read(tmp_path / "logs", tmp_path / "private")


def pending(tmp_path: Path) -> list[bool]:
    return [header.pending for header in Archive(tmp_path / "private").headers()]


def line_removals(found: Read) -> dict[str, int]:
    classified = pl.DataFrame(schema=polars_schema("core.classified_sessions"))
    table = attrition(found.files, found.sessions, classified, found.book.months(), "study")
    assert breaks(table) == []
    counted = table.filter(pl.col("unit") == "line").group_by("rule").agg(pl.col("removed", "remaining").sum())
    return {rule: remaining if rule == "found" else removed for rule, removed, remaining in counted.iter_rows()}


@pytest.mark.parametrize("name", FORMATS)
def test_a_half_written_last_line_is_left_for_the_next_run_and_then_read_whole(tmp_path: Path, name: str) -> None:
    place, whole = FORMATS[name]
    whole_lines = whole.splitlines(keepends=True)
    until_last = b"".join(whole_lines[:-1])
    cut = put(tmp_path, place, until_last + whole_lines[-1][: len(whole_lines[-1]) // 2])
    assert (cut.rejected.height, pending(tmp_path)) == (0, [True])
    alone = put(tmp_path / "alone", place, until_last)
    assert cut.sessions.drop(KEYED).equals(alone.sessions.drop(KEYED))
    assert line_removals(cut) == line_removals(alone)
    grown = put(tmp_path, place, whole)
    undisturbed = put(tmp_path / "undisturbed", place, whole)
    assert (grown.rejected.height, pending(tmp_path)) == (0, [False])
    assert grown.sessions.drop(KEYED).equals(undisturbed.sessions.drop(KEYED))
    assert grown.transcripts == undisturbed.transcripts
    assert line_removals(grown) == line_removals(undisturbed)


def test_every_place_at_which_a_line_may_be_cut_leaves_it_pending(tmp_path: Path) -> None:
    last = CLAUDE.splitlines()[-1]
    until_last = CLAUDE[: -len(last) - 1]
    inside_a_character = last.index("ï".encode()) + 1
    for cut in (1, 5, inside_a_character, len(last) - 1):
        found = put(tmp_path, f"cut{cut}/s1.jsonl", until_last + last[:cut])
        assert found.rejected.is_empty(), cut
    assert pending(tmp_path) == [True] * 4
    assert found.only()["human_prompts"] == 1


def test_a_line_that_is_never_finished_stays_pending_and_everything_else_adds_up(tmp_path: Path) -> None:
    data = CLAUDE + b'{"type":"user","uu'
    for _ in range(2):
        found = put(tmp_path, "p/s1.jsonl", data)
        assert (found.rejected.height, found.files["lines"].item(), pending(tmp_path)) == (0, 3, [True])
        assert line_removals(found) == {
            "found": 3,
            "rejected": 0,
            "outside_sessions": 0,
            "kept_from_earlier_readings": 0,
            "copies": 0,
        }


@pytest.mark.parametrize(
    ("tail", "reason"),
    [
        (b'{"type":"user","uu\n', "not valid JSON"),
        (b'{"type":"user","uu\n\n', "not valid JSON"),
        (b"\x00" * 4000, "NUL bytes"),
        (b'{"type":"user","uu' + b"\x00" * 40, "NUL bytes"),
        (b'tail of a text with line ends"}', "not valid JSON"),
        (b"[1, 2]", "not a JSON object"),
    ],
    ids=range(6),
)
@pytest.mark.parametrize("name", ["claude_code", "codex"])
def test_a_broken_last_line_that_cannot_grow_into_one_is_a_reject(
    tmp_path: Path, name: str, tail: bytes, reason: str
) -> None:
    place, whole = FORMATS[name]
    found = put(tmp_path, place, whole + tail)
    number = whole.count(b"\n") + 1
    assert found.rejected.select("line_number", "reason").rows() == [(number, reason)]
    assert (found.files["lines"].item(), pending(tmp_path)) == (number, [False])
    assert line_removals(found)["rejected"] == 1


def test_a_pending_line_that_turns_out_broken_becomes_a_reject(tmp_path: Path) -> None:
    half = b'{"type":"user","uu'
    put(tmp_path, "p/s1.jsonl", CLAUDE + half)
    later: list[dict[str, Any]] = [reply(9, text("on"), message="m9")]
    found = put(tmp_path, "p/s1.jsonl", CLAUDE + half + encode(*later))
    assert found.rejected.select("line_number", "reason").rows() == [(4, "not valid JSON")]
    assert pending(tmp_path) == [False]


def test_a_file_of_one_half_written_line_is_no_session_yet(tmp_path: Path) -> None:
    first = put(tmp_path, "p/s1.jsonl", CLAUDE[:40])
    assert (first.sessions.height, first.files["role"].to_list(), first.rejected.height) == (0, ["no_session"], 0)
    assert put(tmp_path, "p/s1.jsonl", CLAUDE).only()["human_prompts"] == 2


def standard(text: str) -> int | None:
    """Milliseconds since 1970, by the standard library."""
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
    return round((aware - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) / dt.timedelta(milliseconds=1))


DAYS = ["2026-01-31T", "2026-02-01T", "2026-02-30T", "2026-W05-6T", "2026-01-31 ", "20260131T0", "[REDACTED]T", ""]
MINUTES = ["09:05:", "23:59:", "24:00:", "9:05:0", "09:05", "0905"]
ENDS = ["17.042Z", "17.999Z", "60.000Z", "17Z", "17.042999Z", "17.042+01:00", "1 .042Z", "17", ""]


@settings(deadline=None)
@given(st.lists(st.tuples(*map(st.sampled_from, (DAYS, MINUTES, ENDS))).map("".join), max_size=9))
def test_a_time_is_what_the_standard_library_reads_whatever_was_read_before(texts: list[str]) -> None:
    clock = Clock(written_ms=2_000_000_000_000)
    assert [clock.moment(text) for text in texts] == [standard(text) for text in texts]

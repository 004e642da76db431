"""Which copy counts does not depend on the order of files or rows, nor on the hashes that stand for names."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sessions_pipeline.sessions import ownership
from sessions_pipeline.sessions.ownership import FILES_SCHEMA, INDEX_SCHEMA, Index, owned


@st.composite
def _indices(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Rows of some files, of few lines, sessions, agents, responses and times: copies, forks and replays abound."""
    rows = []
    for file in range(draw(st.integers(1, 5))):
        written, small = draw(st.integers(0, 1)), st.integers(1, 2)
        for position in range(draw(st.integers(0, 3))):
            key, sidechain = draw(st.integers(1, 4)), draw(st.booleans())
            rows.append(
                {
                    "file": file,
                    "position": position,
                    "key": key,
                    "session": draw(small),
                    "agent": draw(small) if sidechain else 0,
                    # As in a log: copies of a line are of the same response.
                    "message": key % 3,
                    "at": draw(st.integers(0, 1)),
                    "line": position + 1,
                    "sidechain": sidechain,
                    "timed": True,
                    "tokens": draw(st.integers(0, 4)) if key % 3 else 0,
                    "written": written,
                    "content": file,
                }
            )
    return rows


def counting(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows that count, with the place of the line that tells their tokens; None where that is their own."""
    records = pl.DataFrame(rows, schema=INDEX_SCHEMA, orient="row")
    index = Index(records.to_numpy(structured=True), records["file"].to_numpy(), records["position"].to_numpy())
    files = pl.DataFrame(list({row["file"]: row for row in rows}.values()), schema=FILES_SCHEMA, orient="row")
    counts, told = owned(index, files)
    by = {row: (file, position) for row, file, position in told.iter_rows()}
    return [{**rows[row], "told_by": by.get(row)} for row in np.flatnonzero(counts)]


def decided(rows: list[dict[str, Any]]) -> list[str]:
    """The rows that count, and by which they are told, with files named by their content."""
    names = {row["file"]: row["content"] for row in rows}
    return sorted(
        repr(
            {
                **row,
                "file": names[row["file"]],
                "told_by": row["told_by"] and (names[row["told_by"][0]], row["told_by"][1]),
            }
        )
        for row in counting(rows)
    )


@settings(max_examples=300, deadline=None)
@given(rows=_indices(), data=st.data())
def test_any_order_of_files_and_rows_gives_the_same(rows: list[dict[str, Any]], data: st.DataObject) -> None:
    files = {row["file"] for row in rows}
    other = dict(zip(files, data.draw(st.permutations(sorted(files))), strict=True))
    shuffled = [{**row, "file": other[row["file"]]} for row in data.draw(st.permutations(rows))]
    assert decided(shuffled) == decided(rows)


@settings(max_examples=300, deadline=None)
@given(rows=_indices(), data=st.data())
def test_other_hashes_give_the_same(rows: list[dict[str, Any]], data: st.DataObject) -> None:
    other = {name: [0, *data.draw(st.permutations(range(1, 5)))] for name in ("key", "session", "agent", "message")}
    renamed = [{**row, **{name: hashes[row[name]] for name, hashes in other.items()}} for row in rows]
    back = {name: dict(zip(hashes, range(5), strict=True)) for name, hashes in other.items()}
    found = [{**row, **{name: hashes[row[name]] for name, hashes in back.items()}} for row in counting(renamed)]
    assert sorted(map(repr, found)) == sorted(map(repr, counting(rows)))


@settings(max_examples=100, deadline=None)
@given(rows=_indices(), most=st.integers(1, 3))
def test_so_many_lines_at_a_time_give_what_all_at_once_give(rows: list[dict[str, Any]], most: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ownership, "_LINES_AT_A_TIME", most)
        few = counting(rows)
    assert few == counting(rows)


@settings(max_examples=300, deadline=None)
@given(rows=_indices())
def test_every_line_and_response_counts_once(rows: list[dict[str, Any]]) -> None:
    kept = counting(rows)
    assert len({row["key"] for row in kept}) == len(kept)
    threads = {(row["message"], row["session"], row["agent"], row["sidechain"]) for row in kept if row["message"]}
    assert {thread[0] for thread in threads} == {row["message"] for row in rows} - {0}
    assert len(threads) == len({thread[0] for thread in threads})
    assert {row["key"] for row in kept if not row["message"]} == {row["key"] for row in rows if not row["message"]}


@settings(max_examples=300, deadline=None)
@given(rows=_indices())
def test_the_tokens_of_a_response_are_the_most_of_its_copies_on_the_same_side(rows: list[dict[str, Any]]) -> None:
    places = {(row["file"], row["position"]): row for row in rows}
    told: dict[tuple[int, bool], int] = {}
    for row in counting(rows):
        if not row["message"]:
            continue
        elsewhere = places.get(row["told_by"], row)
        response = (row["message"], row["sidechain"])
        told[response] = max(told.get(response, 0), row["tokens"], elsewhere["tokens"])
    for (message, side), tokens in told.items():
        copies = [row["tokens"] for row in rows if (row["message"], row["sidechain"]) == (message, side)]
        assert tokens == max(copies)
        assert side == all(row["sidechain"] for row in rows if row["message"] == message)

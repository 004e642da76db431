"""Rollouts that Codex has packed are the sessions they were before, and never a second session."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from sessions_pipeline.sources import is_log_name
from sessions_pipeline.sources.compressed import unpacked
from sessions_pipeline_tests.lines import encode
from sessions_pipeline_tests.sessions.tree import Read, read
from sessions_pipeline_tests.sources.test_codex import (
    context,
    human,
    meta,
    name,
    output,
    said,
    shell,
    tokens,
)

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

ROLLOUT = encode(
    meta(),
    context(1),
    *human("run the tests", 2),
    shell("c1", 3, ["bash", "-lc", "pytest"]),
    tokens(4, (1000, 600, 50), (1000, 600, 50)),
    output("c1", 5, "3 passed", 0),
    said("assistant", "They pass", 6),
    tokens(7, (2500, 1800, 80), (1500, 1200, 30)),
)
PLAIN = f"sessions/2025/10/09/{name()}"
PACKED = f"{PLAIN}.zst"


def put(tmp_path: Path, **files: bytes) -> Read:
    """Reads a folder with these files and no others; plain, packed, or both."""
    for place, kind in ((PLAIN, "plain"), (PACKED, "packed")):
        path = tmp_path / "logs" / place
        path.unlink(missing_ok=True)
        if kind in files:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(files[kind])
    return read(tmp_path / "logs", tmp_path / "private")


def facts(found: Read) -> tuple[object, ...]:
    session = found.only()
    names = ["harness", "human_prompts", "model_calls", "tool_calls", "input_tokens", "cache_read_tokens"]
    return tuple(session[name] for name in [*names, "output_tokens", "test_runs", "last_test_passed"])


EXPECTED = ("codex", 1, 2, 1, 2500 - 1800, 1800, 80, 1, True)


def test_a_packed_rollout_counts_what_the_plain_one_counts(tmp_path: Path) -> None:
    assert facts(put(tmp_path / "plain", plain=ROLLOUT)) == EXPECTED
    found = put(tmp_path / "packed", packed=zstd.compress(ROLLOUT))
    assert facts(found) == EXPECTED
    assert found.files["lines"].item() == ROLLOUT.count(b"\n")
    assert found.rejected.is_empty()


def test_a_rollout_and_its_packed_twin_are_one_session(tmp_path: Path) -> None:
    found = put(tmp_path, plain=ROLLOUT, packed=zstd.compress(ROLLOUT))
    assert facts(found) == EXPECTED
    assert sorted(found.files["role"]) == ["repeat", "session"]


def test_a_rollout_that_is_packed_between_two_runs_stays_one_session_and_can_go_on_unpacked(tmp_path: Path) -> None:
    put(tmp_path, plain=ROLLOUT)
    assert facts(put(tmp_path, packed=zstd.compress(ROLLOUT))) == EXPECTED
    resumed = put(tmp_path, plain=ROLLOUT + encode(*human("once more", 60), said("assistant", "Still", 61)))
    assert (resumed.only()["human_prompts"], resumed.only()["output_tokens"]) == (2, 80)


def test_several_frames_are_one_file(tmp_path: Path) -> None:
    half = ROLLOUT.index(b"\n") + 1
    packed = zstd.compress(ROLLOUT[:half]) + zstd.compress(ROLLOUT[half:])
    assert facts(put(tmp_path, packed=packed)) == EXPECTED


@pytest.mark.parametrize(
    ("packed", "reason"),
    [
        (zstd.compress(ROLLOUT)[:-9], "compressed stream ends too early"),
        (b"this is no stream", "not a whole zstd stream"),
        (zstd.compress(ROLLOUT)[:4] + b"\xff" * 60, "not a whole zstd stream"),
    ],
    ids=["torn", "other bytes", "broken"],
)
def test_what_cannot_be_unpacked_is_a_reject_of_the_file_and_stops_nothing(
    tmp_path: Path, packed: bytes, reason: str
) -> None:
    found = put(tmp_path, packed=packed)
    assert (0, reason) in found.rejected.select("line_number", "reason").rows()
    both = put(tmp_path, plain=ROLLOUT, packed=packed)
    assert facts(both) == EXPECTED


def test_an_empty_packed_file_is_an_empty_file(tmp_path: Path) -> None:
    found = put(tmp_path, packed=b"")
    assert (found.files["role"].to_list(), found.rejected.height) == (["no_session"], 0)


def test_a_few_bytes_that_unpack_without_end_are_refused() -> None:
    bomb = zstd.compress(b"x" * 5_000_000)
    data, path, reason = unpacked(bomb, Path("rollout-1.jsonl.zst"), largest=3_000_000)
    assert (data, path.name, reason) == (b"", "rollout-1.jsonl", "larger than 3000000 bytes when unpacked")
    assert unpacked(bomb, Path("rollout-1.jsonl.zst"))[0] == b"x" * 5_000_000


@pytest.mark.parametrize(
    ("file_name", "is_log"), [(f"{name()}.zst", True), ("other.jsonl.zst", False), ("rollout-1.txt.zst", False)]
)
def test_only_rollouts_are_looked_for_packed(file_name: str, is_log: bool) -> None:
    assert is_log_name(file_name) is is_log

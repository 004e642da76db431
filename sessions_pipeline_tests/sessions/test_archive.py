"""What is known of a log file never shrinks: whatever happens to it, what was read from it once is counted once."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sessions_pipeline.folders import StoreError
from sessions_pipeline.sources import claude_code
from sessions_pipeline_tests.lines import human, reply, text, write
from sessions_pipeline_tests.sessions.tree import Read, read

# Four lines of one session: two prompts, and two responses of 50 and 7 tokens.
LINES = [
    human("build it", 0),
    reply(10, text("built it"), message="m1", usage={"input_tokens": 5, "output_tokens": 50}),
    human("and test it", 20),
    reply(30, text("tested"), message="m2", usage={"input_tokens": 5, "output_tokens": 7}),
]


class Logs:
    """A folder of logs whose files change, and the archive that reads it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.moment = 1_780_000_000

    def put(self, name: str, lines: Sequence[dict[str, Any] | bytes]) -> Logs:
        """Writes a file, later than all before."""
        path = write(self.folder / "logs" / name, *lines)
        self.moment += 60
        os.utime(path, (self.moment, self.moment))
        return self

    def remove(self, name: str) -> Logs:
        (self.folder / "logs" / name).unlink()
        return self

    def read(self) -> Read:
        return read(self.folder / "logs", self.folder / "private")


@pytest.fixture
def logs(tmp_path: Path) -> Logs:
    return Logs(tmp_path)


def counts(found: Read, session: str = "s1") -> tuple[int, int, int]:
    """Prompts, responses and output tokens."""
    row = found.session(session)
    return row["human_prompts"], row["model_calls"], row["output_tokens"]


WHOLE = (2, 2, 57)


def test_a_session_whose_file_is_gone_stays(logs: Logs) -> None:
    before = logs.put("p/s1.jsonl", LINES).put("p/other.jsonl", [human("hi", 0, session="s2")]).read()
    after = logs.remove("p/s1.jsonl").read()
    assert after.sessions.equals(before.sessions)
    assert after.transcripts == before.transcripts
    assert after.files.equals(before.files)


def test_a_session_whose_file_has_grown_is_replaced(logs: Logs) -> None:
    assert counts(logs.put("p/s1.jsonl", LINES[:2]).read()) == (1, 1, 50)
    after = logs.put("p/s1.jsonl", LINES).read()
    assert counts(after) == WHOLE
    assert after.files["lines_kept"].item() == 0


def test_a_response_that_was_half_written_counts_with_its_last_value(logs: Logs) -> None:
    stub = reply(10, text("built"), message="m1", usage={"input_tokens": 5, "output_tokens": 1})
    assert counts(logs.put("p/s1.jsonl", [LINES[0], stub]).read()) == (1, 1, 1)
    assert counts(logs.put("p/s1.jsonl", [LINES[0], stub, LINES[1]]).read()) == (1, 1, 50)


def test_a_line_that_was_torn_while_it_was_written_is_whole_the_next_time(logs: Logs) -> None:
    torn = logs.put("p/s1.jsonl", [*LINES[:3], b'{"type":"assistant","uu']).read()
    assert (counts(torn), torn.rejected.height) == ((2, 1, 50), 1)
    mended = logs.put("p/s1.jsonl", LINES).read()
    assert (counts(mended), mended.rejected.height) == (WHOLE, 0)


SUMMARY = human("This session is being continued from a previous conversation", 40, isCompactSummary=True)


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        pytest.param(LINES[:1], WHOLE, id="shrank"),
        pytest.param([], WHOLE, id="emptied"),
        pytest.param(LINES[2:], WHOLE, id="lost its beginning"),
        pytest.param([b"\x00" * 100], WHOLE, id="overwritten by a crash"),
        pytest.param([SUMMARY, human("go on", 50)], (3, 2, 57), id="rewritten by a compaction"),
    ],
)
def test_a_file_that_shrank_or_was_rewritten_keeps_what_was_known(
    logs: Logs, state: list[dict[str, Any] | bytes], expected: tuple[int, int, int]
) -> None:
    before = logs.put("p/s1.jsonl", LINES).read()
    after = logs.put("p/s1.jsonl", state).read()
    assert counts(after) == expected
    assert after.only()["started_at"] == before.only()["started_at"]
    kept = len([entry for entry in LINES if entry not in state])
    assert after.files["lines_kept"].item() == kept
    again = logs.put("p/s1.jsonl", state).read()
    assert again.sessions.equals(after.sessions)
    assert again.files["lines_kept"].item() == kept


@pytest.mark.parametrize("same_file", [True, False])
@pytest.mark.parametrize("gone", [True, False])
def test_a_resume_that_rewrites_the_session_id_takes_nothing_from_the_session_it_goes_on_from(
    logs: Logs, same_file: bool, gone: bool
) -> None:
    logs.put("p/s1.jsonl", LINES).read()
    later = "2025-12-01T00:00:00.000Z"
    copies = [{**entry, "sessionId": "s2", "timestamp": later} for entry in LINES]
    more = [
        human("again", 60 * 86_400, session="s2"),
        reply(60 * 86_400 + 5, text("yes"), message="m3", session="s2", usage={"output_tokens": 3}),
    ]
    logs.put("p/s1.jsonl" if same_file else "p/s2.jsonl", [*copies, *more])
    if gone and not same_file:
        logs.remove("p/s1.jsonl")
    found = logs.read()
    assert counts(found, "s1") == WHOLE
    assert counts(found, "s2") == (1, 1, 3)


@pytest.mark.parametrize("cut", [1, 2, 3])
def test_a_file_that_went_back_to_an_earlier_state_changes_nothing(logs: Logs, cut: int) -> None:
    logs.put("p/s1.jsonl", LINES[:cut]).read()
    whole = logs.put("p/s1.jsonl", LINES).read()
    earlier = logs.put("p/s1.jsonl", LINES[:cut]).read()
    assert earlier.sessions.equals(whole.sessions)
    assert earlier.transcripts == whole.transcripts


@pytest.mark.parametrize("place", ["p/archive/s1.jsonl", "-srv-app-renamed/s1.jsonl", "a/p/s1.jsonl", "p/other.jsonl"])
def test_a_file_that_was_moved_or_whose_folder_was_renamed_is_not_counted_twice(logs: Logs, place: str) -> None:
    before = logs.put("p/s1.jsonl", LINES).read()
    after = logs.remove("p/s1.jsonl").put(place, LINES).read()
    assert after.sessions.equals(before.sessions)
    assert sorted(after.files["role"]) == ["repeat", "session"]
    grown = logs.put(place, [*LINES, human("more", 60)]).read()
    assert counts(grown) == (3, 2, 57)


def test_a_file_that_comes_back_is_not_counted_twice(logs: Logs) -> None:
    before = logs.put("p/s1.jsonl", LINES).read()
    logs.remove("p/s1.jsonl").read()
    assert logs.put("p/s1.jsonl", LINES).read().sessions.equals(before.sessions)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(states=st.lists(st.lists(st.sampled_from(range(4)), unique=True), min_size=1, max_size=4))
def test_any_states_of_a_file_one_after_another_count_as_all_lines_that_were_ever_in_it(
    tmp_path_factory: pytest.TempPathFactory, states: list[list[int]]
) -> None:
    logs, union = Logs(tmp_path_factory.mktemp("states")), Logs(tmp_path_factory.mktemp("union"))
    for state in states:
        found = logs.put("p/s1.jsonl", [LINES[number] for number in sorted(state)]).read()
    seen = sorted({number for state in states for number in state})
    expected = union.put("p/s1.jsonl", [LINES[number] for number in seen]).read()
    drop = ("user_key", "project_key")
    assert found.sessions.drop(drop).equals(expected.sessions.drop(drop))
    assert found.transcripts == expected.transcripts


CORPUS = Path(__file__).parents[3] / "shared" / "corpus" / "unpack"
# Columns that cannot fall when more of a session is known.
GROWING = ("human_prompts", "model_calls", "tool_calls", "output_tokens", "cache_read_tokens", "lines_added")


@pytest.fixture(scope="module")
def earlier_states() -> Iterator[list[list[Path]]]:
    """States of real log files, of each file in order, the last one last: `_snapshots/1/x` comes before `x`."""
    if not CORPUS.exists():
        pytest.skip(f"there are no real logs beside this checkout: {CORPUS} is missing")
    with TemporaryDirectory() as folder:
        subprocess.run([CORPUS, folder], check=True, stdout=subprocess.DEVNULL)
        states: dict[Path, list[Path]] = {}
        for snapshot in sorted(Path(folder).glob("corpus/*/claude/_snapshots")):
            for state in sorted(snapshot.rglob("*.jsonl")):
                _, *rest = state.relative_to(snapshot).parts
                states.setdefault(snapshot.parent.joinpath(*rest), []).append(state)
        yield [[*earlier, *([last] if last.exists() else [])] for last, earlier in states.items()]


def test_states_of_real_logs_one_after_another_end_as_the_last_state_and_nothing_is_lost(
    tmp_path: Path, earlier_states: list[list[Path]]
) -> None:
    logs, last, back = Logs(tmp_path / "all"), Logs(tmp_path / "last"), Logs(tmp_path / "back")
    steps = max(len(states) for states in earlier_states)
    assert steps >= 2
    found = logs.read()
    for step in range(steps):
        for number, states in enumerate(earlier_states):
            if step < len(states):
                logs.put(f"p/{number}.jsonl", [states[step].read_bytes().rstrip(b"\n")])
        before, found = found, logs.read()
        assert_nothing_lost(before, found)
    for number, states in enumerate(earlier_states):
        last.put(f"p/{number}.jsonl", [states[-1].read_bytes().rstrip(b"\n")])
    shutil.copytree(tmp_path / "all" / "private", tmp_path / "last" / "private", ignore=shutil.ignore_patterns("arch*"))
    expected = last.read()
    assert found.sessions.equals(expected.sessions)
    assert found.transcripts == expected.transcripts
    # And back to the first states: what is known stays.
    shutil.copytree(tmp_path / "all", tmp_path / "back")
    back.moment = logs.moment
    for number, states in enumerate(earlier_states):
        back.put(f"p/{number}.jsonl", [states[0].read_bytes().rstrip(b"\n")])
    assert_nothing_lost(found, back.read())


def assert_nothing_lost(before: Read, after: Read) -> None:
    """Every session of `before` is there, with no less of anything; only numbers of columns reach the message."""
    both = before.sessions.join(after.sessions, on="session_id", how="left", suffix="_after")
    less = [(both[f"{name}_after"].is_null() | (both[f"{name}_after"] < both[name])).sum() for name in GROWING]
    assert dict(zip(GROWING, less, strict=True)) == dict.fromkeys(GROWING, 0)
    assert (both.select(pl.col("started_at_after") <= pl.col("started_at"))).to_series().all()


def test_an_archive_of_another_version_is_refused_and_left_as_it_was(tmp_path: Path) -> None:
    write(tmp_path / "logs" / "s1.jsonl", human("go", 0))
    read(tmp_path / "logs", tmp_path / "private")
    (held,) = (tmp_path / "private").rglob("*.entries")
    older = b"SPA1" + held.read_bytes()[4:]
    held.write_bytes(older)
    with pytest.raises(StoreError, match="another version"):
        read(tmp_path / "logs", tmp_path / "private")
    assert held.read_bytes() == older


def test_a_file_that_stops_its_reader_is_named_keeps_what_was_known_and_stops_no_other(
    logs: Logs, monkeypatch: pytest.MonkeyPatch
) -> None:
    logs.put("p/s1.jsonl", LINES).read()
    logs.put("p/s1.jsonl", [*LINES, human("hostile", 40)])
    logs.put("p/s2.jsonl", [human("go", 0, session="s2")])
    read_well = claude_code.read

    def stops(data: bytes, **given: Any) -> Any:
        return read_well(data, **given) if b"hostile" not in data else [][0]

    with monkeypatch.context() as patched:
        patched.setattr(claude_code, "read", stops)
        found = logs.read()
    assert [reason for _, reason in found.unreadable] == ["cannot be read: its reader stopped with IndexError"]
    assert (counts(found), found.session("s2")["human_prompts"]) == ((2, 2, 57), 1)
    assert counts(logs.read()) == (3, 2, 57)

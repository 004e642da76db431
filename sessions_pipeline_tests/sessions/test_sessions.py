"""Sessions over many files: copies, forks, sub-agents, what is kept when logs change, and what is left out."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sessions_pipeline.schemas import polars_schema, validate
from sessions_pipeline.sessions.archive import Archive
from sessions_pipeline.sessions.attrition import attrition, breaks
from sessions_pipeline.sessions.purge import purge_before
from sessions_pipeline.sessions.transcripts import Transcripts
from sessions_pipeline_tests.lines import call, encode, human, line, reply, result, text, write
from sessions_pipeline_tests.sessions.log_trees import Files, trees
from sessions_pipeline_tests.sessions.tree import KEYED, Read, read
from sessions_pipeline_tests.sources.test_gemini import CHAT, PLACE


def tree(tmp_path: Path, files: dict[str, list[Any]], **options: Any) -> Read:
    for name, lines in files.items():
        write(tmp_path / "logs" / name, *lines)
    return read(tmp_path / "logs", tmp_path / "private", **options)


FIRST = human("build it", 0)
ANSWER = reply(1, text("built it"), message="m1", usage={"input_tokens": 5, "output_tokens": 50})


def in_session(entry: dict[str, Any], session: str, **keys: Any) -> dict[str, Any]:
    return {**entry, "sessionId": session, **keys}


def test_a_fork_that_copies_lines_verbatim_adds_only_its_own(tmp_path: Path) -> None:
    found = tree(
        tmp_path,
        {"p/s1.jsonl": [FIRST, ANSWER], "p/s2.jsonl": [FIRST, ANSWER, human("and more", 60, session="s2")]},
    )
    assert found.session("s1")["human_prompts"] == 1
    assert (found.session("s2")["human_prompts"], found.session("s2")["output_tokens"]) == (1, 0)
    assert sorted(found.files["role"]) == ["session", "session"]


def test_a_resume_that_rewrites_session_and_time_counts_at_the_true_time(tmp_path: Path) -> None:
    rewritten = [
        in_session(entry, "s2", timestamp="2025-12-01T00:00:00.000Z", cwd="/elsewhere") for entry in (FIRST, ANSWER)
    ]
    found = tree(
        tmp_path,
        {
            "p/s2.jsonl": [*rewritten, human("again", 60 * 86_400, session="s2")],
            "p/s1.jsonl": [FIRST, ANSWER],
        },
    )
    assert found.session("s1")["output_tokens"] == 50
    assert (found.session("s2")["human_prompts"], found.session("s2")["output_tokens"]) == (1, 0)


@pytest.mark.parametrize("names", ["ab", "ba"])
def test_a_fork_that_rewrites_the_session_and_keeps_the_times_goes_on_where_the_original_stopped(
    tmp_path: Path, names: str
) -> None:
    copies = [in_session(entry, "s2") for entry in (FIRST, ANSWER)]
    more = human("again", 3600, session="s2")
    answer = reply(3601, text("yes"), message="m2", session="s2")
    found = tree(
        tmp_path,
        {f"{names[0]}/s2.jsonl": [*copies, more, answer], f"{names[1]}/s1.jsonl": [FIRST, ANSWER]},
    )
    for session, tokens in (("s1", 50), ("s2", 20)):
        assert (found.session(session)["human_prompts"], found.session(session)["output_tokens"]) == (1, tokens)


def test_the_same_file_in_the_folders_of_two_worktrees_is_one_session(tmp_path: Path) -> None:
    copy = [{**entry, "cwd": "/srv/app-worktree"} for entry in (FIRST, ANSWER)]
    found = tree(tmp_path, {"-srv-app/s1.jsonl": [FIRST, ANSWER], "-srv-app-worktree/s1.jsonl": copy})
    assert (found.only()["human_prompts"], found.only()["output_tokens"]) == (1, 50)


@pytest.mark.parametrize("cut", [1, 2, 3])
@pytest.mark.parametrize("names", ["ab", "ba"])
def test_an_earlier_state_of_a_file_is_a_repeat(tmp_path: Path, cut: int, names: str) -> None:
    whole = [FIRST, {**ANSWER, "uuid": "early"}, ANSWER, human("thanks", 9)]
    found = tree(tmp_path, {f"{names[0]}/s1.jsonl": whole, f"{names[1]}/s1.jsonl": whole[:cut]})
    assert (found.only()["human_prompts"], found.only()["output_tokens"]) == (2, 50)
    assert sorted(found.files["role"]) == ["repeat", "session"]


def test_a_file_of_nothing_but_copies_is_no_session(tmp_path: Path) -> None:
    copies = [in_session(entry, "s2", timestamp="2025-12-01T00:00:00.000Z") for entry in (FIRST, ANSWER)]
    found = tree(tmp_path, {"p/s1.jsonl": [FIRST, ANSWER], "p/s2.jsonl": copies})
    assert found.only()["session_id"] == "s1"
    assert sorted(found.files["role"]) == ["repeat", "session"]
    assert found.files["lines_copied"].sum() == 2


def agent(entry: dict[str, Any], name: str) -> dict[str, Any]:
    return {**entry, "isSidechain": True, "agentId": name}


AGENT_PLACES = [
    "p/agent-a1b2c3d4.jsonl",
    "p/s1/subagents/agent-a1b2c3d4e5f6a7b8c.jsonl",
    "p/s1/subagents/workflows/wf_1/agent-a1b2c3d4e5f6a7b8c.jsonl",
]


@pytest.mark.parametrize("place", AGENT_PLACES)
def test_sub_agents_are_folded_into_their_session(tmp_path: Path, place: str) -> None:
    work = [
        agent(human("search for it", 2), "a1"),
        agent(reply(3, text("two words"), call("Grep", "t5", pattern="x"), message="m5"), "a1"),
        agent(result("t5", 4, "found"), "a1"),
    ]
    found = tree(tmp_path, {"p/s1.jsonl": [FIRST, ANSWER], place: work})
    session = found.only()
    assert (session["human_prompts"], session["model_calls"], session["output_tokens"]) == (1, 2, 70)
    assert (session["subagents"], session["subagent_tool_calls"], session["tool_calls"]) == (1, 1, 1)
    assert session["assistant_words"] == 2 + 2
    assert "search for it" not in found.transcript()
    assert sorted(found.files["role"]) == ["session", "subagent"]


def test_agents_of_the_program_cost_tokens_and_count_as_nothing_else(tmp_path: Path) -> None:
    def warm(name: str, at: float) -> list[dict[str, Any]]:
        return [agent(human("Warmup", at), name), agent(reply(at, text("ready to go"), message=f"w-{name}"), name)]

    found = tree(
        tmp_path,
        {
            "p/s1.jsonl": [FIRST, ANSWER],
            "p/agent-w1.jsonl": warm("w1", 5),
            "p/s1/subagents/agent-aprompt_suggestion-1.jsonl": [
                agent(reply(6, text("try this"), message="m9"), "aprompt_suggestion-1")
            ],
            "p/s1/subagents/agent-acompact-1.jsonl": [agent(FIRST, "acompact-1"), agent(ANSWER, "acompact-1")],
        },
    )
    session = found.only()
    assert session["output_tokens"] == 50 + 20 + 20
    assert (session["subagents"], session["model_calls"], session["assistant_words"]) == (0, 1, 2)
    assert session["human_prompts"] == 1


def test_a_sub_agent_whose_main_file_is_missing_is_no_session_of_the_sample(tmp_path: Path) -> None:
    orphan = [agent(human("search", 2), "a1"), agent(reply(3, text("two words"), message="m5"), "a1")]
    session = tree(tmp_path, {"p/s1/subagents/agent-a1.jsonl": orphan}).only()
    assert (session["exclusion"], session["human_prompts"], session["output_tokens"]) == ("no_human_prompt", 0, 20)


@pytest.mark.parametrize("name", ["aside_question-1", "aprompt_suggestion-1"])
def test_questions_on_the_side_and_suggestions_are_no_work(tmp_path: Path, name: str) -> None:
    lines = [agent(human("what?", 5), name), agent(reply(6, text("that"), message="m9"), name)]
    session = tree(tmp_path, {"p/s1.jsonl": [FIRST, ANSWER], f"p/s1/subagents/agent-{name}.jsonl": lines}).only()
    assert (session["subagents"], session["model_calls"], session["output_tokens"]) == (0, 1, 70)
    assert (session["ended_at"] - session["started_at"]).total_seconds() == 1


def test_a_replayed_response_counts_in_the_main_thread(tmp_path: Path) -> None:
    replay = agent({**ANSWER, "uuid": "another", "requestId": "r2"}, "a1")
    session = tree(tmp_path, {"p/s1.jsonl": [FIRST, ANSWER], "p/agent-a1.jsonl": [replay]}).only()
    assert (session["output_tokens"], session["assistant_words"], session["model_calls"]) == (50, 2, 1)


def test_inline_side_chains_of_old_versions_are_sub_agents(tmp_path: Path) -> None:
    side = {"isSidechain": True, "version": "1.0.17"}
    session = tree(
        tmp_path,
        {"p/s1.jsonl": [FIRST, ANSWER, human("look", 2, **side), reply(3, text("ok"), message="m3", **side)]},
    ).only()
    assert (session["subagents"], session["human_prompts"], session["model_calls"]) == (1, 1, 2)


def test_compactions_and_interruptions(tmp_path: Path) -> None:
    boundary = line("system", 2, subtype="compact_boundary", content="Conversation compacted")
    summary = human("This session is being continued from a previous conversation", 3, isCompactSummary=True)
    stop = human([text("[Request interrupted by user]")], 4)
    session = tree(tmp_path, {"p/s1.jsonl": [FIRST, ANSWER, boundary, summary, stop]}).only()
    assert (session["compactions"], session["interruptions"]) == (1, 1)


def test_a_compaction_of_the_first_versions_shows_only_in_the_words_of_its_summary(tmp_path: Path) -> None:
    words = "This session is being continued from a previous conversation that ran out of context."
    session = tree(tmp_path, {"p/s1.jsonl": [FIRST, ANSWER, human(words, 3), human("go on", 4)]}).only()
    assert (session["compactions"], session["human_prompts"]) == (1, 2)


ENTRYPOINTS = [
    ("cli", None, None),
    ("claude-desktop", None, None),
    ("sdk-cli", "headless", "headless"),
    ("sdk-ts", "sdk", "sdk"),
    ("sdk-py", "sdk", "sdk"),
    ("claude-vscode", "ide", None),
    (None, None, None),
    ("something-new", None, None),
]


@pytest.mark.parametrize(("entrypoint", "study", "all_interactive"), ENTRYPOINTS)
def test_entry_points_decide_by_rule_set(
    tmp_path: Path, entrypoint: str | None, study: str | None, all_interactive: str | None
) -> None:
    lines = [{**entry, "entrypoint": entrypoint} for entry in (FIRST, ANSWER)]
    if entrypoint is None:
        lines = [{k: v for k, v in entry.items() if k != "entrypoint"} for entry in lines]
    write(tmp_path / "logs" / "p" / "s1.jsonl", *lines)
    for rule_set, expected in (("study", study), ("all_interactive", all_interactive)):
        session = read(tmp_path / "logs", tmp_path / "private", rule_set=rule_set).only()
        assert (session["exclusion"], session["is_eligible"]) == (expected, expected is None)


def test_sessions_without_a_prompt_or_without_a_reply_are_left_out_by_name(tmp_path: Path) -> None:
    found = tree(
        tmp_path,
        {
            "p/s1.jsonl": [human("/clear", 0, isMeta=True), in_session(ANSWER, "s1")],
            "p/s2.jsonl": [human("hello?", 0, session="s2")],
        },
    )
    assert dict(found.sessions.select("session_id", "exclusion").rows()) == {
        "s1": "no_human_prompt",
        "s2": "no_agent_reply",
    }
    assert found.transcripts == {}


def test_users_are_named_by_the_first_folder_and_kept_as_keyed_hashes(tmp_path: Path) -> None:
    found = tree(
        tmp_path,
        {
            "ann/.claude/projects/p/s1.jsonl": [FIRST, ANSWER],
            "bob/.claude/projects/p/s2.jsonl": [
                human("hi", 0, session="s2"),
                reply(1, text("x"), message="m2", session="s2"),
            ],
        },
        users="folder",
    )
    assert found.sessions["user_key"].n_unique() == 2
    assert not set(found.sessions["user_key"]) & {"ann", "bob"}
    other = Archive(tmp_path / "other")
    assert other.key("ann") not in set(found.sessions["user_key"])


@pytest.mark.parametrize(
    "place",
    [
        ".hidden/.claude/projects/-srv-app/s1.jsonl",
        "a folder & more/projects/C--Users-ann-app/s1.jsonl",
        "ünï/プロジェクト/s1.jsonl",
    ],
)
def test_logs_are_found_under_any_name(tmp_path: Path, place: str) -> None:
    assert tree(tmp_path, {place: [FIRST, ANSWER]}).only()["output_tokens"] == 50


def test_files_beside_the_logs_are_left_alone(tmp_path: Path) -> None:
    beside = ["sessions-index.json", "s1/subagents/agent-a1.meta.json", "s1/tool-results/x.txt", "s1.jsonl.bak"]
    found = tree(tmp_path, {"p/s1.jsonl": [FIRST, ANSWER], **{f"p/{name}": [FIRST] for name in beside}})
    assert found.files.height == 1


def logs(tmp_path: Path) -> dict[str, list[Any]]:
    """Three sessions with a fork, a sub-agent and a bad line."""
    return {
        "p/s1.jsonl": [FIRST, ANSWER, human("thanks", 30)],
        "p/s2.jsonl": [
            FIRST,
            ANSWER,
            human("fork", 90, session="s2"),
            reply(91, text("yes"), message="m8", session="s2"),
        ],
        "p/s1/subagents/agent-a1.jsonl": [
            agent(human("go", 5), "a1"),
            agent(reply(6, text("went"), message="m5"), "a1"),
        ],
        "q/s3.jsonl": [human("other", 10, session="s3"), b"{torn", reply(11, text("ok"), message="m6", session="s3")],
    }


def comparable(found: Read) -> list[tuple[Any, ...]]:
    return found.sessions.drop(KEYED).rows()


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_order_of_files_any_copies_and_any_split_give_the_same_sessions(
    tmp_path: Path, data: st.DataObject
) -> None:
    base = Path(os.path.realpath(tmp_path)) / f"run-{time.monotonic_ns()}"
    files = {name: [item for item in lines if not isinstance(item, bytes)] for name, lines in logs(tmp_path).items()}
    plain = tree(base / "plain", files)
    shuffled: dict[str, list[Any]] = {}
    for name, lines in files.items():
        cut = data.draw(st.integers(0, len(lines)))
        copies = data.draw(st.lists(st.sampled_from(lines), max_size=3))
        new = data.draw(st.sampled_from(["a", "z"]))
        shuffled[f"{new}/{name.replace('/', '-')}"] = [*lines[:cut], *copies]
        shuffled[f"m/{name.replace('/', '-')}"] = lines[cut:]
    mixed = tree(base / "mixed", shuffled)
    assert comparable(mixed) == comparable(plain)
    assert mixed.transcripts == plain.transcripts


@pytest.mark.parametrize("cut", range(1, 5))
def test_a_split_between_lines_of_one_moment_changes_nothing(tmp_path: Path, cut: int) -> None:
    lines = [human("go", 1), *(reply(2, text(word), message=word) for word in ("one", "two", "three", "four"))]
    whole = tree(tmp_path / "whole", {"p/s1.jsonl": lines})
    split = tree(tmp_path / "split", {"p/z.jsonl": lines[:cut], "p/a.jsonl": lines[cut:]})
    assert "one" in whole.transcript()
    assert split.transcripts == whole.transcripts


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(files=trees(), data=st.data())
def test_forks_and_replays_are_the_same_sessions_in_any_order_of_files_with_any_copies_and_splits(
    tmp_path: Path, files: Files, data: st.DataObject
) -> None:
    base = tmp_path / f"run-{time.monotonic_ns()}"
    plain = tree(base / "plain", files)
    mixed: Files = {}
    names = data.draw(st.permutations(range(2 * len(files))))
    for number, lines in enumerate(data.draw(st.permutations(list(files.values())))):
        cut = data.draw(st.integers(0, len(lines)))
        copies = data.draw(st.lists(st.sampled_from(lines), max_size=3))
        mixed[f"q/{names[2 * number]}.jsonl"] = [*copies, *lines[:cut]]
        mixed[f"q/{names[2 * number + 1]}.jsonl"] = lines[cut:]
    found = tree(base / "mixed", mixed)
    assert comparable(found) == comparable(plain)
    assert found.model_use.equals(plain.model_use)
    assert found.transcripts == plain.transcripts


def test_a_second_reading_changes_nothing_and_reads_nothing(tmp_path: Path) -> None:
    first = tree(tmp_path, logs(tmp_path))
    stored = {path: path.stat().st_mtime_ns for path in (tmp_path / "private").rglob("*.entries")}
    again = read(tmp_path / "logs", tmp_path / "private")
    assert again.sessions.equals(first.sessions)
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "private").rglob("*.entries")} == stored


def test_an_unreadable_file_is_named_and_keeps_what_was_known(tmp_path: Path) -> None:
    tree(tmp_path, {"p/s1.jsonl": [FIRST, ANSWER]})
    path = tmp_path / "logs" / "p" / "s1.jsonl"
    path.unlink()
    path.symlink_to(tmp_path / "nowhere")
    found = read(tmp_path / "logs", tmp_path / "private")
    assert [reason for _, reason in found.unreadable] == ["cannot be read: No such file or directory"]
    assert found.rejected["line_number"].to_list() == [0]
    assert found.only()["output_tokens"] == 50


def test_every_line_and_file_is_accounted_for(tmp_path: Path) -> None:
    files = logs(tmp_path)
    files["p/empty.jsonl"] = []
    files["p/summary.jsonl"] = [{"type": "summary", "summary": "x", "leafUuid": "y"}]
    found = tree(tmp_path, files)
    classified = pl.DataFrame(schema=polars_schema("core.classified_sessions"))
    months = found.book.months()
    table = validate("core.attrition", attrition(found.files, found.sessions, classified, months, "study"))
    assert breaks(table) == []
    total = table.group_by("unit", "rule").agg(pl.col("removed").sum(), pl.col("remaining").sum())
    facts = {(unit, rule): (removed, remaining) for unit, rule, removed, remaining in total.iter_rows()}
    assert facts["file", "found"] == (0, 6)
    assert facts["file", "no_session"][0] == 2
    assert facts["file", "subagent"] == (1, 3)
    assert facts["session", "found"] == (0, 3)
    assert facts["line", "found"] == (0, 3 + 4 + 2 + 3 + 0 + 1)
    assert facts["line", "rejected"][0] == 1
    assert facts["line", "outside_sessions"][0] == 1
    assert facts["line", "copies"] == (2, 9)


def test_a_broken_chain_is_found(tmp_path: Path) -> None:
    found = tree(tmp_path, logs(tmp_path))
    classified = pl.DataFrame(schema=polars_schema("core.classified_sessions"))
    table = attrition(found.files, found.sessions, classified, found.book.months(), "study")
    wrong = table.with_columns(pl.when(pl.col("rule") == "copies").then(0).otherwise("removed").alias("removed"))
    assert len(breaks(wrong)) == 1


def test_private_files_are_for_the_owner_only(tmp_path: Path) -> None:
    found = tree(tmp_path, logs(tmp_path))
    store = Transcripts(tmp_path / "private")
    store.write(found.book.months()[0], pl.DataFrame({"session_id": ["s1"], "transcript": ["x"], "opening": ["x"]}))
    modes = {path.stat().st_mode & 0o077 for path in (tmp_path / "private").rglob("*") if path.is_file()}
    assert modes == {0}


def test_purged_text_is_gone_and_counts_stay(tmp_path: Path) -> None:
    found = tree(tmp_path, {"p/s1.jsonl": [human("the word is xyzzyplugh", 0), ANSWER]})
    archive = Archive(tmp_path / "private")
    import datetime as dt

    assert purge_before(archive, Transcripts(tmp_path / "private"), dt.date(2026, 1, 1)) == (1, 1)
    assert not any(b"xyzzyplugh" in path.read_bytes() for path in (tmp_path / "private").rglob("*") if path.is_file())
    again = read(tmp_path / "logs", tmp_path / "private")
    counts = ["human_prompts", "output_tokens", "assistant_words"]
    assert again.sessions.select(counts).equals(found.sessions.select(counts))
    assert again.transcripts == {}


SYNC = """
import sys
from pathlib import Path
from sessions_pipeline.sessions.archive import Archive
from sessions_pipeline.sessions.tree import find_log_files
from sessions_pipeline.sessions.users import user_rule
if __name__ == "__main__":
    archive = Archive(Path(sys.argv[2]))
    print("ready", flush=True)
    archive.sync(find_log_files([sys.argv[1]], user_rule("one")).files, 1790000000000)
"""


def test_a_file_that_cannot_be_read_any_more_keeps_its_format(tmp_path: Path) -> None:
    tree(tmp_path, {PLACE: CHAT})
    path = tmp_path / "logs" / PLACE
    path.unlink()
    path.symlink_to(tmp_path / "nowhere")
    found = read(tmp_path / "logs", tmp_path / "private")
    assert (found.only()["harness"], found.files["source"].item()) == ("gemini", "gemini")


@pytest.mark.parametrize("delay", [0.0, 0.01, 0.05, 0.1])
def test_a_reading_killed_at_any_moment_is_made_good_by_the_next(tmp_path: Path, delay: float) -> None:
    for number in range(150):
        session = f"k{number}"
        write(
            tmp_path / "logs" / f"{session}.jsonl",
            human("go", number, session=session),
            *(reply(number + i, text("word " * 50), message=f"{session}-{i}", session=session) for i in range(40)),
        )
    undisturbed = read(tmp_path / "logs", tmp_path / "whole")
    script = tmp_path / "sync.py"
    script.write_text(SYNC)
    shutil.copytree(tmp_path / "whole", tmp_path / "private", ignore=shutil.ignore_patterns("archive"))
    process = subprocess.Popen(
        [sys.executable, str(script), str(tmp_path / "logs"), str(tmp_path / "private")], stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(delay)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert read(tmp_path / "logs", tmp_path / "private").sessions.equals(undisturbed.sessions)


def test_nothing_of_a_transcript_reaches_the_tables(tmp_path: Path) -> None:
    canary = "canarycanary"
    found = tree(
        tmp_path,
        {
            f"{canary}/s1.jsonl": [
                human(f"{canary} please", 0, cwd=f"/srv/{canary}"),
                reply(1, text(canary), call("Bash", "t1", command=f"echo {canary}")),
                result("t1", 2, canary),
                b"{" + canary.encode(),
            ]
        },
        users="folder",
    )
    for frame in (found.sessions, found.files, found.rejected):
        assert canary not in json.dumps(frame.rows(), default=str)
    assert canary in found.transcript()
    assert encode(human(canary, 0)) != b""

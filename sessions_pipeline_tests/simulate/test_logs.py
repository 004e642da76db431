"""The synthetic logs: repeatable, complete, irregular as promised, with the planted structure and a truth that fits."""

from __future__ import annotations

import json
import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from sessions_pipeline.schemas import polars_schema
from sessions_pipeline.simulate.logs import LogsSummary, write_logs

# Every irregularity of real logs that a reader has to survive
IRREGULARITIES = (
    "response_over_lines", "growing_output_tokens", "interleaved_calls", "fork_verbatim", "fork_rewritten",
    "fork_rewritten_times", "continuation_file", "repeat_file", "repeat_rewritten", "repeat_in_worktree",
    "inline_subagent", "sibling_subagent", "nested_subagent", "workflow_subagent", "journal_file", "meta_file",
    "agent_edit_without_detail", "agent_progress", "compaction_copy_agent", "warmup_agent", "prompt_suggestion_agent",
    "side_question_agent", "orphan_agent_file", "slash_bare", "slash_with_args", "slash_builtin_with_args",
    "local_command_system", "bash_mode", "commands_only", "interrupted", "rejected_tool", "compaction",
    "compaction_text_only", "queued_then_user_line", "queued_attachment", "queued_notification", "queued_removed",
    "task_notification", "ide_before_words", "ide_only_line", "image_prompt", "image_only_prompt", "document_prompt",
    "pasted_text", "synthetic_error", "no_response_requested", "spread_message", "unknown_line_type", "unknown_keys",
    "unknown_tool", "unknown_block", "untimed_line", "broken_timestamp", "out_of_order", "missing_result",
    "orphan_result", "folder_change", "version_change", "model_switch", "gateway_model", "git_operation", "pr_link",
    "progress", "no_final_newline", "blank_lines", "torn_line", "glued_lines", "nul_line", "not_an_object",
    "torn_character", "lone_surrogate", "empty_file", "summary_only_file", "snapshot_only_file", "state_only_file",
    "pointer_file", "companion_files",
)  # fmt: skip


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> LogsSummary:
    """The demo's study, as by default."""
    return write_logs(tmp_path_factory.mktemp("logs") / "demo")


@pytest.fixture(scope="module")
def truth(study: LogsSummary) -> pl.DataFrame:
    return pl.read_parquet(study.truth_sessions)


@pytest.fixture(scope="module")
def judged(truth: pl.DataFrame) -> pl.DataFrame:
    """Eligible sessions with a clear goal."""
    verified = (pl.col("truth_outcome") == "succeeded") & pl.col("truth_success_signal").is_in(["4", "5"])
    return truth.filter("is_eligible", pl.col("truth_outcome") != "no_clear_goal").with_columns(verified=verified)


@pytest.fixture(scope="module")
def lines(study: LogsSummary) -> list[tuple[Path, int, Any]]:
    """All lines as a plain reader sees them: file, number, and the JSON object or None."""
    return list(_lines(study.logs))


def _lines(logs: Path) -> Iterator[tuple[Path, int, Any]]:
    for file in sorted(logs.rglob("*.jsonl")):
        for number, raw in enumerate(file.read_bytes().split(b"\n"), start=1):
            if raw:
                try:
                    body = json.loads(raw)
                except ValueError:
                    body = None
                yield file.relative_to(logs), number, body if isinstance(body, dict) else None


def _contents(folder: Path) -> dict[str, tuple[bytes, int]]:
    logs = folder / "logs"
    return {
        str(file.relative_to(folder)): (file.read_bytes(), file.stat().st_mtime_ns if file.suffix == ".jsonl" else 0)
        for file in logs.rglob("*")
        if file.is_file()
    }


SMALL = {"sessions": 16, "users": 6, "months": 2}


def test_the_same_seed_gives_the_same_bytes_and_times(tmp_path: Path) -> None:
    first, second = write_logs(tmp_path / "a", seed=5, **SMALL), write_logs(tmp_path / "b", seed=5, **SMALL)
    assert _contents(tmp_path / "a") == _contents(tmp_path / "b")
    for table in ("truth_sessions", "truth_files", "truth_lines"):
        assert pl.read_parquet(getattr(first, table)).equals(pl.read_parquet(getattr(second, table)))


def test_another_seed_gives_other_sessions(tmp_path: Path) -> None:
    first, second = write_logs(tmp_path / "a", seed=5, **SMALL), write_logs(tmp_path / "b", seed=6, **SMALL)
    ids = [set(pl.read_parquet(summary.truth_sessions)["session_id"]) for summary in (first, second)]
    assert not ids[0] & ids[1]


def test_a_second_call_writes_nothing_and_says_the_same(tmp_path: Path) -> None:
    first = write_logs(tmp_path / "demo", **SMALL)
    before = {file: file.stat().st_ino for file in (tmp_path / "demo").rglob("*")}
    calls: list[tuple[int, int]] = []
    second = write_logs(tmp_path / "demo", **SMALL, progress=lambda done, of: calls.append((done, of)))
    assert second == first
    assert calls == []
    assert {file: file.stat().st_ino for file in (tmp_path / "demo").rglob("*")} == before


def test_other_parameters_replace_what_was_written(tmp_path: Path) -> None:
    write_logs(tmp_path / "demo", seed=1, **SMALL)
    write_logs(tmp_path / "demo", seed=2, **SMALL)
    write_logs(tmp_path / "fresh", seed=2, **SMALL)
    assert _contents(tmp_path / "demo") == _contents(tmp_path / "fresh")


def test_an_interrupted_write_leaves_no_half_study_and_is_redone(tmp_path: Path) -> None:
    def stop(done: int, of: int) -> None:
        if done == of // 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_logs(tmp_path / "demo", **SMALL, progress=stop)
    assert not (tmp_path / "demo").exists()
    (tmp_path / "demo.writing" / "logs" / "someone").mkdir(parents=True)
    write_logs(tmp_path / "demo", **SMALL)
    write_logs(tmp_path / "fresh", **SMALL)
    assert _contents(tmp_path / "demo") == _contents(tmp_path / "fresh")
    assert not (tmp_path / "demo.writing").exists()


def test_progress_counts_every_session(tmp_path: Path) -> None:
    calls: list[tuple[int, int]] = []
    write_logs(tmp_path / "demo", **SMALL, progress=lambda done, of: calls.append((done, of)))
    assert calls == [(done, 16) for done in range(1, 17)]


def test_a_folder_with_other_things_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "precious.txt").write_text("mine")
    with pytest.raises(FileExistsError, match="choose an empty or a new folder"):
        write_logs(tmp_path, **SMALL)
    assert (tmp_path / "logs" / "precious.txt").read_text() == "mine"


@pytest.mark.parametrize("wrong", [{"sessions": 0}, {"users": 0}, {"months": 0}, {"first_month": "October"}])
def test_parameters_without_a_study_are_refused(tmp_path: Path, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"at least 1|does not match"):
        write_logs(tmp_path / "demo", **wrong)
    assert not (tmp_path / "demo").exists()


@pytest.mark.parametrize(
    "shape",
    [
        {"sessions": 1, "users": 1, "months": 1},
        {"sessions": 6, "users": 50, "months": 3},
        {"sessions": 30, "users": 3, "months": 2, "first_month": "2026-08"},
        {"sessions": 20, "users": 3, "months": 14, "first_month": "2025-06"},
    ],
)
def test_studies_of_any_shape_are_complete(tmp_path: Path, shape: dict[str, Any]) -> None:
    summary = write_logs(tmp_path / "demo", **shape)
    truth = pl.read_parquet(summary.truth_sessions)
    assert truth["session_id"].n_unique() == len(truth) == summary.sessions == shape["sessions"]
    assert truth["user"].n_unique() == min(shape["users"], shape["sessions"])
    assert truth["started_at"].dt.strftime("%Y-%m").min() >= shape.get("first_month", "2025-10")


def test_users_and_months_are_as_promised(study: LogsSummary, truth: pl.DataFrame) -> None:
    per_user = truth.group_by("user").len()["len"].sort(descending=True)
    assert (study.sessions, study.users) == (len(truth), per_user.len()) == (700, 120)
    assert study.sessions_per_month == (80, 87, 93, 100, 107, 113, 120)
    assert tuple(truth.group_by("month").len().sort("month")["len"]) == study.sessions_per_month
    assert truth["month"].min().isoformat() == "2025-10-01"
    assert {path.name for path in study.logs.iterdir()} == set(truth["user"])
    assert per_user[:6].sum() > 0.2 * len(truth), "six users of 120 have a fifth of the sessions"
    assert per_user.median() <= 5


def test_truth_has_the_columns_and_types_of_core_sessions(truth: pl.DataFrame) -> None:
    known_elsewhere = {"harness", "user_key", "project_key", "api_cost_usd", "log_digest"}
    wanted = {
        name: kind
        for name, kind in polars_schema("core.sessions").items()
        if name not in known_elsewhere and not name.startswith("transcript_")
    }
    assert {name: kind for name, kind in truth.schema.items() if name in wanted} == wanted


def test_truth_adds_up(study: LogsSummary, truth: pl.DataFrame) -> None:
    files, rejected = pl.read_parquet(study.truth_files), pl.read_parquet(study.truth_lines)
    assert (len(files), files["lines"].sum(), len(rejected)) == (study.files, study.lines, study.lines_rejected)
    per_file = rejected.group_by("path").len().join(files, on="path")
    assert (per_file["len"] == per_file["lines_rejected"]).all()
    assert files["lines_rejected"].sum() == len(rejected)
    broken = truth.filter(
        (pl.col("tool_calls_succeeded") > pl.col("tool_calls"))
        | (pl.col("subagent_tool_calls") > pl.col("tool_calls"))
        | (pl.col("subagent_words") > pl.col("assistant_words"))
        | (pl.col("ended_at") < pl.col("started_at"))
        | (pl.col("active_seconds") > (pl.col("ended_at") - pl.col("started_at")).dt.total_milliseconds() / 1000)
        | ((pl.col("test_runs") == 0) != pl.col("last_test_passed").is_null())
        | (pl.col("is_eligible") != pl.col("exclusion").is_null())
        | (pl.col("month") != pl.col("started_at").dt.truncate("1mo").dt.date())
    )
    assert broken.is_empty()


def test_each_rule_leaves_out_what_it_names(truth: pl.DataFrame) -> None:
    seen = {row["exclusion"]: row for row in truth.iter_rows(named=True)}
    assert set(seen) == {None, "no_human_prompt", "headless", "sdk", "ide", "no_agent_reply"}
    by_entrypoint = {
        name: set(group["entrypoint"])
        for (name,), group in truth.group_by("exclusion")
        if name in ("headless", "sdk", "ide")
    }
    assert by_entrypoint == {
        "headless": {"sdk-cli"},
        "sdk": {"sdk-ts", "sdk-py"},
        "ide": {"claude-vscode", "claude-jetbrains"},
    }
    assert (truth.filter(pl.col("exclusion") == "no_human_prompt")["human_prompts"] == 0).all()
    assert (truth.filter(pl.col("exclusion") == "no_agent_reply")["model_calls"] == 0).all()
    assert set(truth.filter("is_eligible")["entrypoint"]) == {None, "cli", "claude-desktop"}


def test_every_irregularity_occurs_at_least_twice(study: LogsSummary) -> None:
    counts = {name: study.irregularities.get(name, 0) for name in IRREGULARITIES}
    assert {name: count for name, count in counts.items() if count < 2} == {}


def test_rejected_lines_are_those_that_are_no_json_object(
    study: LogsSummary, lines: list[tuple[Path, int, Any]]
) -> None:
    rejected = pl.read_parquet(study.truth_lines)
    assert sorted((str(file), number) for file, number, body in lines if body is None) == rejected.rows()


def test_lines_and_roles_of_files_fit_their_contents(study: LogsSummary, lines: list[tuple[Path, int, Any]]) -> None:
    files = pl.read_parquet(study.truth_files)
    counted = Counter(str(file) for file, _, _ in lines)
    talking = {str(file) for file, _, body in lines if body and body["type"] in ("user", "assistant")}
    assert {path: counted[path] for path in files["path"]} == dict(files.select("path", "lines").iter_rows())
    assert set(files.filter(pl.col("role") != "no_session")["path"]) == talking
    assert set(files["role"]) == {"session", "subagent", "continuation", "repeat", "no_session"}


def test_tokens_are_those_of_the_last_line_of_each_response(
    truth: pl.DataFrame, lines: list[tuple[Path, int, Any]]
) -> None:
    """A second count over all files at once: every response once, by its largest number of output tokens."""
    responses: dict[str, dict[str, Any]] = {}
    for _, _, body in lines:
        message = (body or {}).get("message")
        if body and body["type"] == "assistant" and message.get("model", "<synthetic>") != "<synthetic>":
            known = responses.get(message["id"])
            if not known or message["usage"]["output_tokens"] >= known["output_tokens"]:
                responses[message["id"]] = message["usage"]
    sums: Counter[str] = Counter()
    for usage in responses.values():
        written = usage["cache_creation_input_tokens"]
        one_hour = usage.get("cache_creation", {}).get("ephemeral_1h_input_tokens", 0)
        sums["input_tokens"] += usage["input_tokens"]
        sums["output_tokens"] += usage["output_tokens"]
        sums["cache_read_tokens"] += usage.get("cache_read_input_tokens", 0)
        sums["cache_write_1h_tokens"] += one_hour
        sums["cache_write_5m_tokens"] += written - one_hour
    assert {name: truth[name].sum() for name in sums} == dict(sums)


def test_tool_calls_are_the_distinct_ids_outside_automatic_agents(
    truth: pl.DataFrame, lines: list[tuple[Path, int, Any]]
) -> None:
    automatic = {
        body["agentId"]
        for _, _, body in lines
        if body and "agentId" in body and body["type"] == "user" and body["message"]["content"] == "Warmup"
    }
    calls = {
        block["id"]
        for _, _, body in lines
        if body and body["type"] == "assistant" and body.get("agentId") not in automatic
        for block in body["message"].get("content", ())
        if block["type"] == "tool_use"
    }
    assert len(calls) == truth["tool_calls"].sum()
    assert automatic


def test_who_owns_a_copied_line_does_not_depend_on_how_ties_are_broken(
    study: LogsSummary, truth: pl.DataFrame, lines: list[tuple[Path, int, Any]]
) -> None:
    """Copies with equal times are told apart by nothing in the line, so the original comes first by every order."""
    ended = dict(truth.select("session_id", pl.col("ended_at").dt.timestamp()).iter_rows())
    copies: dict[str, list[tuple[str, str, int, float]]] = defaultdict(list)
    for file, _, body in lines:
        if body and "uuid" in body:
            modified = (study.logs / file).stat().st_mtime_ns
            end = ended.get(body["sessionId"], math.inf)
            copies[f"{body['uuid']} {body.get('timestamp')}"].append((body["sessionId"], str(file), modified, end))
    shared = [places for places in copies.values() if len({place[0] for place in places}) > 1]
    assert shared, "some lines stand under two sessions"
    for places in shared:
        winners = {min(places, key=lambda place, order=order: place[order])[0] for order in range(4)}
        assert len(winners) == 1


def test_work_modes_follow_figure_4(truth: pl.DataFrame) -> None:
    counts = truth.filter("is_eligible").group_by("month", "truth_work_mode").len()
    shares = counts.with_columns(share=pl.col("len") / pl.col("len").sum().over("month"))
    ends = (shares["month"].min(), shares["month"].max())
    share = {(row["month"], row["truth_work_mode"]): row["share"] for row in shares.iter_rows(named=True)}
    for mode, first, last in (("fix", 0.33, 0.19), ("operate", 0.14, 0.21), ("build", 0.28, 0.21)):
        assert share[ends[0], mode] == pytest.approx(first, abs=0.02)
        assert share[ends[1], mode] == pytest.approx(last, abs=0.02)
    papers = [share[end, "communicate"] + share[end, "analyze"] for end in ends]
    assert papers == pytest.approx([0.10, 0.20], abs=0.02)
    assert len({mode for _, mode in share}) == 9


def test_expertise_and_success_follow_table_a2(truth: pl.DataFrame, judged: pl.DataFrame) -> None:
    levels = truth.filter("is_eligible")["truth_expertise"].value_counts(normalize=True)
    shares = dict(levels.iter_rows())
    # n of Table A2 over their sum plus 2% unclear
    assert [shares[str(level)] for level in range(1, 6)] == pytest.approx(
        [0.016, 0.201, 0.263, 0.400, 0.099], abs=0.003
    )
    rates = judged.group_by("truth_expertise").agg(pl.len(), pl.col("verified").sum())
    known = {row["truth_expertise"]: (row["verified"], row["len"]) for row in rates.iter_rows(named=True)}
    for level, adjusted in zip("12345", (0.145, 0.209, 0.283, 0.295, 0.329), strict=True):
        verified, n = known[level]
        assert abs(verified - adjusted * n) <= 1, f"level {level}: {verified} of {n}"


def test_effort_rises_with_expertise(judged: pl.DataFrame) -> None:
    effort = (
        judged.filter(pl.col("truth_expertise") != "unclear")
        .with_columns(
            actions=pl.col("tool_calls") / pl.col("human_prompts"),
            words=pl.col("assistant_words") / pl.col("human_prompts"),
        )
        .group_by("truth_expertise")
        .agg(pl.col("actions", "words").filter(pl.col("tool_calls") > 0).log().mean().exp())
        .sort("truth_expertise")
    )
    # Levels 2 to 5: level 1 has ten sessions
    assert effort["actions"][1:].to_list() == pytest.approx([6.1, 7.6, 9.4, 11.7], rel=0.15)
    assert effort["words"].is_sorted()
    assert effort["words"][4] > 1.5 * effort["words"][1]


def test_task_value_rises_as_in_figure_4(truth: pl.DataFrame) -> None:
    eligible = truth.filter("is_eligible")
    ends = (eligible["month"].min(), eligible["month"].max())

    def growth(modes: list[str]) -> float:
        means = [
            eligible.filter(pl.col("month") == end, pl.col("truth_work_mode").is_in(modes))[
                "truth_task_value_usd"
            ].mean()
            for end in ends
        ]
        return means[1] / means[0] - 1

    assert growth(["build"]) == pytest.approx(0.43, abs=0.15)
    assert growth(["fix"]) == pytest.approx(0.32, abs=0.15)
    assert growth(eligible["truth_work_mode"].unique().to_list()) == pytest.approx(0.27, abs=0.15)
    assert eligible["truth_task_value_usd"].is_between(10, 50_000).all()


def test_occupations_contexts_and_decisions_look_like_the_study(truth: pl.DataFrame) -> None:
    eligible = truth.filter("is_eligible")
    occupations = dict(eligible["truth_user_occupation"].value_counts(normalize=True).iter_rows())
    assert occupations["unclear"] == pytest.approx(0.3, abs=0.05)
    assert 0.15 < occupations["15"] < 0.4
    assert len(occupations) > 12
    contexts = dict(eligible["truth_codebase_context"].value_counts(normalize=True).iter_rows())
    assert contexts["modifies_existing"] == pytest.approx(0.48, abs=0.05)
    changing = eligible.filter(pl.col("truth_codebase_context").is_in(["modifies_existing", "creates_new"]))
    assert (changing["lines_added"] > 0).mean() > 0.9
    for kind, share in (("planning", 0.7), ("execution", 0.2)):
        user, agent = pl.col(f"truth_{kind}_user"), pl.col(f"truth_{kind}_agent")
        voiced = eligible.filter(user + agent > 0).select(user / (user + agent)).to_series()
        assert voiced.mean() == pytest.approx(share, abs=0.06)


def test_the_last_test_mostly_tells_the_outcome(truth: pl.DataFrame) -> None:
    tested = truth.filter(pl.col("last_test_passed").is_not_null())
    good = tested.filter(pl.col("truth_outcome") == "succeeded")["last_test_passed"].mean()
    bad = tested.filter(pl.col("truth_outcome") == "failed")["last_test_passed"].mean()
    assert good > 0.9
    assert bad < 0.1


def test_people_do_not_repeat_one_sentence(lines: list[tuple[Path, int, Any]]) -> None:
    said: dict[str, str] = {}
    for _, _, body in lines:
        if body and body["type"] == "user" and not body["isSidechain"] and not body.get("isMeta"):
            content = body["message"]["content"]
            texts = [content] if isinstance(content, str) else [b["text"] for b in content if b["type"] == "text"]
            said[body["uuid"]] = " ".join(texts)
    prompts = [
        text for text in said.values() if len(text) > 60 and not text.startswith(("<", "Caveat", "This session"))
    ]
    assert len(prompts) > 900
    assert len(set(prompts)) > 0.8 * len(prompts)
    assert Counter(prompts).most_common(1)[0][1] < 0.01 * len(prompts)
    marks = {
        "de": r"\b(bitte|danke|nicht)\b",
        "es": "[¿¡]",
        "fr": r"\b(merci|je|pas)\b",
        "ja": "[ぁ-ん]",
        "zh": "[吗谢还做]",
    }
    for language, mark in marks.items():
        assert sum(bool(re.search(mark, text, re.IGNORECASE)) for text in said.values()) >= 2, language

"""What a perfect reader of the synthetic logs would find: summed from what was planned, never read back."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

from sessions_pipeline.simulate.scenario import ENTRYPOINTS, Plan
from sessions_pipeline.simulate.script import Call, Script

if TYPE_CHECKING:
    import polars as pl

GAP_LIMIT_MS = 300_000
SIGNALS = ("none", "1", "2", "3", "4", "5")


@dataclass
class Tally:
    """Counts of one session, as columns of `core.sessions`.

    moments: times of its user, assistant, system and attachment lines, milliseconds since 1970.
    tests: moment and result of each test run. outputs: output tokens by model.
    agents: sub-agents that did work. subagent_words: of assistant_words, those of sub-agents.
    """

    human_prompts: int = 0
    model_calls: int = 0
    tool_calls: int = 0
    tool_calls_succeeded: int = 0
    subagent_tool_calls: int = 0
    interruptions: int = 0
    boundaries: int = 0
    summaries: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cache_write_5m_tokens: int = 0
    cache_write_1h_tokens: int = 0
    cache_read_tokens: int = 0
    assistant_words: int = 0
    subagent_words: int = 0
    lines_added: int = 0
    lines_removed: int = 0
    git_commits: int = 0
    moments: list[int] = field(default_factory=list)
    tests: list[tuple[int, bool]] = field(default_factory=list)
    outputs: Counter[str] = field(default_factory=Counter)
    agents: set[str] = field(default_factory=set)
    changed: set[str] = field(default_factory=set)
    pull_requests: set[str] = field(default_factory=set)

    def add_call(self, call: Call, moment: int, sidechain: bool) -> None:
        """Count `call` and its result, which came at `moment`."""
        result = call.result
        self.tool_calls += 1
        self.subagent_tool_calls += sidechain
        if not result.missing:
            self.tool_calls_succeeded += not result.error
            self.lines_added += result.added
            self.lines_removed += result.removed
            self.git_commits += result.commits
            self.pull_requests.update(result.pull_requests)
            if result.changed and not result.error:
                self.changed.add(result.changed)
            if result.test_passed is not None:
                self.tests.append((moment, result.test_passed))

    def active_seconds(self) -> float:
        """Gaps between moments, each counted up to five minutes."""
        moments = sorted(set(self.moments))
        gaps = (min(later - earlier, GAP_LIMIT_MS) for earlier, later in pairwise(moments))
        return sum(gaps) / 1000


@dataclass(frozen=True)
class FileTruth:
    """A log file: path under `logs/`, what it is to its session, non-empty lines, numbers of the rejected ones."""

    path: str
    role: str
    lines: int
    rejected: tuple[int, ...]


def exclusion(plan: Plan, tally: Tally) -> str | None:
    """First rule of the rule set `study` that takes the session out."""
    if not tally.human_prompts:
        return "no_human_prompt"
    for kind, names in ENTRYPOINTS.items():
        if plan.entrypoint in names:
            return kind
    return None if tally.model_calls else "no_agent_reply"


def tier(model: str | None) -> str | None:
    """Family of a model."""
    if model is None:
        return None
    return next((name for name in ("opus", "sonnet", "haiku") if name in model), "other")


def session_row(plan: Plan, script: Script | None, tally: Tally) -> dict[str, object]:
    """One row of `truth/sessions.parquet`."""
    started, ended = min(tally.moments), max(tally.moments)
    begin = _utc(started)
    model = max(tally.outputs, key=lambda name: tally.outputs[name]) if tally.outputs else None
    why = exclusion(plan, tally)
    tests = sorted(tally.tests)
    labels = script is not None and plan.has_labels
    return {
        "session_id": plan.session_id,
        "user": plan.user.name,
        "project": plan.cwd,
        "month": dt.date(begin.year, begin.month, 1),
        "started_at": begin,
        "ended_at": _utc(ended),
        "active_seconds": tally.active_seconds(),
        "cli_version": plan.version_text,
        "entrypoint": plan.entrypoint,
        "model": model,
        "model_tier": tier(model),
        "human_prompts": tally.human_prompts,
        "model_calls": tally.model_calls,
        "tool_calls": tally.tool_calls,
        "tool_calls_succeeded": tally.tool_calls_succeeded,
        "subagents": len(tally.agents),
        "subagent_tool_calls": tally.subagent_tool_calls,
        "interruptions": tally.interruptions,
        "compactions": tally.boundaries or tally.summaries,
        "input_tokens": tally.input_tokens,
        "output_tokens": tally.output_tokens,
        "cache_write_5m_tokens": tally.cache_write_5m_tokens,
        "cache_write_1h_tokens": tally.cache_write_1h_tokens,
        "cache_read_tokens": tally.cache_read_tokens,
        "assistant_words": tally.assistant_words,
        "subagent_words": tally.subagent_words,
        "lines_added": tally.lines_added,
        "lines_removed": tally.lines_removed,
        "files_changed": len(tally.changed),
        "git_commits": tally.git_commits,
        "pull_requests": len(tally.pull_requests),
        "test_runs": len(tests),
        "last_test_passed": tests[-1][1] if tests else None,
        "is_eligible": why is None,
        "exclusion": why,
        "truth_work_mode": plan.mode if labels else None,
        "truth_expertise": plan.expertise if labels else None,
        "truth_outcome": plan.outcome if labels else None,
        "truth_success_signal": SIGNALS[plan.success_signal] if labels else None,
        "truth_failure_signal": SIGNALS[plan.failure_signal] if labels else None,
        "truth_user_occupation": plan.user_occupation if labels else None,
        "truth_task_occupation": plan.task_occupation if labels else None,
        "truth_codebase_context": plan.context if labels else None,
        "truth_planning_user": script.planning_user if labels and script else None,
        "truth_planning_agent": script.planning_agent if labels and script else None,
        "truth_execution_user": script.execution_user if labels and script else None,
        "truth_execution_agent": script.execution_agent if labels and script else None,
        "truth_task_value_usd": plan.value if labels else None,
    }


def sessions_frame(rows: Iterable[dict[str, object]]) -> pl.DataFrame:
    """The rows sorted by session, with the types of `core.sessions`."""
    import polars as pl

    times = {name: pl.Datetime("us") for name in ("started_at", "ended_at")}
    texts = {"entrypoint": pl.String, "model": pl.String, "exclusion": pl.String, "last_test_passed": pl.Boolean}
    return pl.DataFrame(list(rows), schema_overrides={**times, **texts}, infer_schema_length=None).sort("session_id")


def files_frame(files: Iterable[FileTruth]) -> pl.DataFrame:
    """One row per log file, sorted by path."""
    import polars as pl

    schema = {"path": pl.String, "role": pl.String, "lines": pl.Int64, "lines_rejected": pl.Int64}
    rows = [(file.path, file.role, file.lines, len(file.rejected)) for file in files]
    return pl.DataFrame(rows, schema=schema, orient="row").sort("path")


def lines_frame(files: Iterable[FileTruth]) -> pl.DataFrame:
    """One row per line that can't be read: path and 1-based number, empty lines counted."""
    import polars as pl

    rows = [(file.path, number) for file in files for number in file.rejected]
    schema = {"path": pl.String, "line_number": pl.Int64}
    return pl.DataFrame(rows, schema=schema, orient="row").sort("path", "line_number")


def _utc(milliseconds: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(milliseconds / 1000, dt.UTC).replace(tzinfo=None)

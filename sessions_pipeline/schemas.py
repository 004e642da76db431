"""The one truth about columns: the model of every table of the warehouse, which becomes a pandera schema.

Here belong names, types, units, allowed values and row checks. Rules that span tables are in `checks.py`;
how a table is stored is in `warehouse.py`. The first words of each docstring are the table's grain.

pandera is imported when a schema of it is asked for: with pandas, which comes along, that takes 0.7 s, and most runs
only need the names and types.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, get_type_hints

import polars as pl

from sessions_pipeline.classifications.classifiers import (
    CODEBASE_CONTEXTS,
    OUTCOMES,
    SOC_MAJOR_GROUPS,
    TASK_VALUE_BANDS,
    WORK_MODES,
)

if TYPE_CHECKING:
    import pandera.polars as pa

PERIODS = ("month", "window")
EFFORT_MEASURES = ("actions_per_prompt", "words_per_prompt")
OUTCOME_MEASURES = (
    "at_least_partial",
    "judged_success",
    "verified_success",
    "judged_failure",
    "verified_failure",
    "abandoned",
)
SAMPLES = ("all", "hit_trouble")
# The column of a published table that says how many people a row stands for: one of these.
USERS_COLUMNS = ("users", "n_users")
BREAKDOWNS = ("expertise", "work_mode")
DECISIONS = ("planning", "execution", "overall")
MODEL_TIERS = ("fable", "haiku", "mythos", "opus", "other", "sonnet")
VALUE_PARTS = ("within", "between", "total")
CHANGE_MEASURES = ("work_mode_share", "task_value")
COMPARISONS = ("since_first_month", "per_month")
CURVE_SAMPLES = ("all", "hit_trouble", "wrote_code", "software_users", "other_professions", "whole_transcripts")
AGREEMENT_METRICS = ("exact", "within_one", "kappa", "quadratic_kappa", "correlation")
CORRECTIONS = (
    "label",
    "outcome",
    "expertise",
    "outcome_and_expertise",
    "expertise_opening",
    "outcome_and_expertise_opening",
    "user_occupation",
    "outcome_and_user_occupation",
    "outcome_and_success_signal",
    "outcome_and_failure_signal",
    "work_mode",
    "task_value",
    "task_value_and_work_mode",
    "decisions",
    "codebase_context",
    "none",
)
SIGN_ERRORS = ("outcome_by_expertise", "expertise_by_outcome", "fewest_wrong_outcomes")
ERROR_GROUPS = ("all", "expertise", "user_occupation")
ERROR_METRICS = ("error_rate", "signed_error")
RATERS = ("judge", "gold")
LABEL_STATUSES = ("ok", "refused", "invalid", "expired", "error")

_TYPES: dict[type, pl.DataType] = {
    int: pl.Int64(),
    float: pl.Float64(),
    str: pl.String(),
    bool: pl.Boolean(),
    dt.date: pl.Date(),
    dt.datetime: pl.Datetime("us"),
}


@dataclass(frozen=True)
class Column:
    """What a column may hold. rules: pandera's checks by name, e.g. ge=0; a null keeps every rule."""

    description: str
    nullable: bool
    unique: bool
    rules: Mapping[str, Any]


class Table:
    """Common to all tables: exact columns, no silent extras."""

    @classmethod
    @cache
    def types(cls) -> dict[str, pl.DataType]:
        """polars type by column, in order; inherited columns come first."""
        return {name: _TYPES[kind] for name, kind in get_type_hints(cls).items()}

    @classmethod
    @cache
    def columns(cls) -> dict[str, Column]:
        """What each column may hold, in order."""
        return {name: getattr(cls, name) for name in cls.types()}

    @classmethod
    @cache
    def to_schema(cls) -> pa.DataFrameSchema:
        """The model as pandera has it."""
        import pandera.polars as pa

        columns = {
            name: pa.Column(
                cls.types()[name],
                [getattr(pa.Check, rule)(limit) for rule, limit in column.rules.items()],
                nullable=column.nullable,
                unique=column.unique,
                description=column.description,
            )
            for name, column in cls.columns().items()
        }
        return pa.DataFrameSchema(columns, strict=True, name=cls.__name__)


def _column(description: str, *, nullable: bool = False, unique: bool = False, **rules: object) -> Any:
    return Column(description, nullable, unique, rules)


def _count(description: str, **rules: Any) -> Any:
    return _column(description, ge=0, **rules)


MONTH = "first day of the month (UTC) in which the session started"


class SessionFiles(Table):
    """One row per log file seen, whether or not it still exists."""

    file_key: str = _column("keyed hash of source and path", unique=True)
    month: dt.date = _column(
        "month of the session it belongs to; of its first line's time, else its last change, if none"
    )
    source: str = _column("log format, e.g. claude_code")
    bytes: int = _count("size when last read")
    mtime_ns: int = _column("modification time when last read, nanoseconds since 1970; -1 if it could not be read")
    digest: str = _column("XXH3 of the bytes read, 128 bits")
    lines: int = _count("non-empty lines when last read; a last line still being written is none yet")
    lines_rejected: int = _count("of these, lines that could not be read")
    lines_outside: int = _count("of these, lines of the program that belong to no session")
    lines_kept: int = _count("lines of earlier readings that the file no longer holds, kept")
    lines_copied: int = _count("lines that repeat a line counted elsewhere")
    sessions: int = _count("sessions that have a line of their own in the file")
    first_month: dt.date = _column("month of the earliest of these sessions", nullable=True)
    last_month: dt.date = _column("month of the latest of these sessions", nullable=True)
    role: str = _column(
        "what the file is to its session",
        isin=("session", "subagent", "continuation", "repeat", "no_session"),
    )
    ingested_at: dt.datetime = _column("when these bytes were read, UTC")


class RejectedLines(Table):
    """One row per line that could not be read; never its text."""

    file_key: str = _column("keyed hash of source and path")
    month: dt.date = _column("month of the file")
    line_number: int = _column("1-based; 0 for the file as a whole", ge=0)
    reason: str = _column("what is wrong with it")


class Sessions(Table):
    """One row per session; totals include its sub-agents."""

    session_id: str = _column("the harness's own id", unique=True)
    harness: str = _column("the agent program, e.g. claude_code")
    user_key: str = _column("keyed hash of the user; empty where the files are nobody's")
    project_key: str = _column("keyed hash of the working directory at the first line", nullable=True)
    month: dt.date = _column(MONTH)
    started_at: dt.datetime = _column("first line, UTC")
    ended_at: dt.datetime = _column("last line, UTC")
    active_seconds: float = _count("sum of the gaps between lines, each counted up to five minutes; seconds")
    cli_version: str = _column("version of the harness at the first line", nullable=True)
    entrypoint: str = _column("how the harness was started (cli, claude-desktop, sdk-cli, …)", nullable=True)
    model: str = _column("model of most output tokens", nullable=True)
    model_tier: str = _column("family of that model (opus, sonnet, haiku, other)", nullable=True)
    human_prompts: int = _count("prompts that a person wrote")
    model_calls: int = _count("API responses")
    tool_calls: int = _count("tools that the model called")
    tool_calls_succeeded: int = _count("of these, with a result that is not an error")
    subagents: int = _count("sub-agents that did work")
    subagent_tool_calls: int = _count("of tool_calls, those made by sub-agents")
    interruptions: int = _count("times the person stopped the agent")
    compactions: int = _count("times the history was summarised")
    input_tokens: int = _count("uncached input tokens")
    output_tokens: int = _count("output tokens")
    cache_write_5m_tokens: int = _count("tokens written to the five-minute cache")
    cache_write_1h_tokens: int = _count("tokens written to the one-hour cache")
    cache_read_tokens: int = _count("tokens read from the cache")
    api_cost_usd: float = _column(
        "what the tokens would cost at the dated price list; null if a model has no price", ge=0, nullable=True
    )
    assistant_words: int = _count("words of assistant text")
    lines_added: int = _count(
        "lines added by editing tools; edits by shell commands (sed -i, heredocs, git apply) are invisible"
    )
    lines_removed: int = _count("lines removed by editing tools; edits by shell commands are invisible")
    files_changed: int = _count("distinct files changed by editing tools; edits by shell commands are invisible")
    git_commits: int = _count("commits reported by git; quiet ones (git commit -q) are invisible")
    pull_requests: int = _count("distinct pull requests created or linked")
    test_runs: int = _count("test runs recognised by their runner; a script that hides it is invisible")
    last_test_passed: bool = _column("result of the last test run; null if there was none", nullable=True)
    transcript_chars: int = _count("characters of the rendered transcript before cutting")
    transcript_truncated: bool = _column("a turn or the whole was cut")
    transcript_sha256: str = _column("digest of the rendered, redacted, cut transcript")
    log_digest: str = _column("digest of the session's lines, and of the code and settings that added them up")
    is_eligible: bool = _column("in the study's sample under the rule set")
    exclusion: str = _column("first rule that excludes it", nullable=True)


class ModelUse(Table):
    """One row per session and model: the tokens and the cost of its API responses."""

    session_id: str = _column("the harness's own id")
    month: dt.date = _column(MONTH)
    model: str = _column("model that answered; null where the log does not say", nullable=True)
    responses: int = _count("API responses, those of the program's own agents too")
    input_tokens: int = _count("input tokens read afresh")
    output_tokens: int = _count("output tokens")
    cache_write_5m_tokens: int = _count("tokens written to the five-minute cache")
    cache_write_1h_tokens: int = _count("tokens written to the one-hour cache")
    cache_read_tokens: int = _count("tokens read from the cache")
    api_cost_usd: float = _column(
        "what the tokens would cost at the dated price list; null if the model has no price", ge=0, nullable=True
    )


class Attrition(Table):
    """One row per month and rule, in order from what was found to what was analysed."""

    month: dt.date = _column("month of the files or sessions")
    step: int = _column("order of the rules", ge=1)
    unit: str = _column("what is counted", isin=("line", "file", "session"))
    rule: str = _column("name of the rule; 'found' opens each unit")
    rule_set: str = _column("rule set in force")
    removed: int = _column("units that the rule removed; negative where it adds (several sessions in one file)")
    remaining: int = _count("units left after the rule")


class Classifications(Table):
    """One row per session, classifier and label version."""

    session_id: str = _column("session")
    month: dt.date = _column(MONTH)
    classifier: str = _column("name of the classifier")
    label: str = _column("the label; for decisions a JSON object of four counts", nullable=True)
    value: float = _column("the label as a number where it has one (level, signal, US dollars)", nullable=True)
    probability: float = _column(
        "how likely the backend holds the label to be right; null if it does not say", ge=0, le=1, nullable=True
    )
    backend: str = _column("who answered", isin=("rules", "claude", "distilled"))
    model: str = _column("model or rule version that answered")
    prompt_sha256: str = _column(
        "digest of what was asked (of a model: all of the prompt and the window), and of the telemetry that is read"
    )
    transcript_sha256: str = _column("digest of the session's transcript, of which the opening is a part")
    status: str = _column("whether there is a label, else why not", isin=LABEL_STATUSES)
    reason: str = _column("why there is no label: a refusal's category, a stop reason, an error's type", nullable=True)
    input_tokens: int = _count("tokens paid, neither written to the cache nor read from it")
    output_tokens: int = _count("tokens paid")
    cache_write_tokens: int = _count("tokens paid")
    cache_read_tokens: int = _count("tokens paid")
    cost_usd: float = _count("US dollars paid, at the dated price list; what two sessions ask alike is paid once")
    batch_id: str = _column("batch in which it was asked", nullable=True)
    classified_at: dt.datetime = _column("UTC")


class Retests(Classifications):
    """One row per session, classifier and label version of the judge's second reading of a share of the sessions."""


class CurrentLabels(Table):
    """One row per session with at least one current label: its labels as columns."""

    session_id: str = _column("session", unique=True)
    month: dt.date = _column(MONTH)
    labels_backend: str = _column("backend of the labels")
    work_mode: str = _column("label", isin=WORK_MODES, nullable=True)
    expertise: int = _column("label, 1 novice to 5 expert; null if unclear", ge=1, le=5, nullable=True)
    expertise_opening: int = _column(
        "the same, read from the first prompt alone; null if unclear", ge=1, le=5, nullable=True
    )
    user_occupation: str = _column("SOC major group, or unclear", isin=(*SOC_MAJOR_GROUPS, "unclear"), nullable=True)
    task_occupation: str = _column("SOC major group", isin=tuple(SOC_MAJOR_GROUPS), nullable=True)
    outcome: str = _column("label", isin=OUTCOMES, nullable=True)
    success_signal: int = _column("0 none to 5", ge=0, le=5, nullable=True)
    failure_signal: int = _column("0 none to 5", ge=0, le=5, nullable=True)
    codebase_context: str = _column("label", isin=CODEBASE_CONTEXTS, nullable=True)
    user_planning_decisions: int = _count("planning decisions taken by the user", nullable=True)
    agent_planning_decisions: int = _count("planning decisions taken by the agent", nullable=True)
    user_execution_decisions: int = _count("execution decisions taken by the user", nullable=True)
    agent_execution_decisions: int = _count("execution decisions taken by the agent", nullable=True)
    task_value_usd: float = _column("freelance-equivalent price, US dollars", ge=0, nullable=True)
    task_value_band: str = _column("US dollars", isin=TASK_VALUE_BANDS, nullable=True)


class ClassifiedSessions(Table):
    """One row per eligible session: telemetry, current labels and derived measures."""

    session_id: str = _column("the harness's own id", unique=True)
    month: dt.date = _column(MONTH)
    user_key: str = _column("keyed hash of the user")
    project_key: str = _column("keyed hash of the working directory", nullable=True)
    harness: str = _column("the agent program")
    model_tier: str = _column("family of the model of most output tokens", nullable=True)
    active_seconds: float = _count("sum of the gaps between lines, each counted up to five minutes; seconds")
    human_prompts: int = _column("prompts that a person wrote", ge=1)
    model_calls: int = _count("API responses")
    tool_calls: int = _count("tools that the model called")
    tool_calls_succeeded: int = _count("of these, with a result that is not an error")
    output_tokens: int = _count("output tokens")
    api_cost_usd: float = _column("what the tokens would cost at the dated price list", ge=0, nullable=True)
    assistant_words: int = _count("words of assistant text")
    lines_added: int = _count(
        "lines added by editing tools; edits by shell commands (sed -i, heredocs, git apply) are invisible"
    )
    lines_removed: int = _count("lines removed by editing tools; edits by shell commands are invisible")
    git_commits: int = _count("commits reported by git; quiet ones (git commit -q) are invisible")
    pull_requests: int = _count("distinct pull requests created or linked")
    last_test_passed: bool = _column("result of the last test run", nullable=True)
    transcript_truncated: bool = _column("the transcript was cut before it was classified")
    labels_backend: str = _column("backend of the labels; null if unlabelled", nullable=True)
    work_mode: str = _column("label", isin=WORK_MODES, nullable=True)
    expertise: int = _column("label, 1 novice to 5 expert; null if unclear", ge=1, le=5, nullable=True)
    expertise_opening: int = _column(
        "the same, read from the first prompt alone; null if unclear", ge=1, le=5, nullable=True
    )
    user_occupation: str = _column("SOC major group, or unclear", isin=(*SOC_MAJOR_GROUPS, "unclear"), nullable=True)
    task_occupation: str = _column("SOC major group", isin=tuple(SOC_MAJOR_GROUPS), nullable=True)
    outcome: str = _column("label", isin=OUTCOMES, nullable=True)
    success_signal: int = _column("0 none to 5", ge=0, le=5, nullable=True)
    failure_signal: int = _column("0 none to 5", ge=0, le=5, nullable=True)
    codebase_context: str = _column("label", isin=CODEBASE_CONTEXTS, nullable=True)
    user_planning_share: float = _column("user's share of planning decisions; null if none", ge=0, le=1, nullable=True)
    user_execution_share: float = _column(
        "user's share of execution decisions; null if none", ge=0, le=1, nullable=True
    )
    user_decision_share: float = _column("user's share of all decisions; null if none", ge=0, le=1, nullable=True)
    task_value_usd: float = _column("freelance-equivalent price, US dollars", ge=0, nullable=True)
    task_value_band: str = _column("US dollars", isin=TASK_VALUE_BANDS, nullable=True)
    verified_success: bool = _column("outcome succeeded and success signal 4 or 5", nullable=True)
    judged_success: bool = _column("outcome succeeded", nullable=True)
    at_least_partial: bool = _column("outcome succeeded or partially_succeeded", nullable=True)
    judged_failure: bool = _column("outcome failed", nullable=True)
    verified_failure: bool = _column("outcome failed and failure signal 4 or 5", nullable=True)
    hit_trouble: bool = _column("failure signal 3 or more", nullable=True)
    abandoned: bool = _column("outcome failed and no line added", nullable=True)
    wrote_code: bool = _column("at least one line added")
    software_user: bool = _column("user occupation is Computer and Mathematical; null if unclear", nullable=True)
    actions_per_prompt: float = _count("tool calls per human prompt")
    words_per_prompt: float = _count("assistant words per human prompt")


class Periods(Table):
    """One row per month and period: the months that a figure is computed over."""

    month: dt.date = _column("the month of the figure")
    period: str = _column("the month alone, or the window that ends in it", isin=PERIODS)
    first_month: dt.date = _column("first month of the period")
    last_month: dt.date = _column("last month of the period, included")


class Cell(Table):
    """What every published cell carries; a suppressed cell keeps its place and loses its numbers."""

    month: dt.date = _column("the month, or the last month of the window")
    period: str = _column("the month alone, or the window that ends in it", isin=PERIODS)
    sessions: int = _count("sessions in the cell; null if suppressed", nullable=True)
    users: int = _count("distinct users in the cell; null if suppressed", nullable=True)
    estimate: float = _column("the figure; null if suppressed", nullable=True)
    ci_low: float = _column("lower end of the 95% interval, clustered by user", nullable=True)
    ci_high: float = _column("upper end of the 95% interval, clustered by user", nullable=True)
    suppressed: bool = _column("fewer users than the threshold, or revealing such a cell")


class WorkModeShares(Cell):
    """One row per month, period and work mode: its share of the sessions with a label. estimate: share."""

    work_mode: str = _column("label", isin=WORK_MODES)


class TaskValue(Cell):
    """One row per month, period and work mode ('all' included): mean task value. estimate: US dollars."""

    work_mode: str = _column("label, or all", isin=(*WORK_MODES, "all"))
    median_usd: float = _column("median task value, US dollars; null if suppressed", nullable=True)


class EffortByExpertise(Cell):
    """One row per month, period, measure and expertise level: distribution of effort per prompt.

    estimate: geometric mean over the sessions where the measure is positive.
    """

    measure: str = _column("actions (tool calls) or words of assistant text, per human prompt", isin=EFFORT_MEASURES)
    expertise: int = _column("level", ge=1, le=5)
    zero_sessions: int = _count("sessions with a measure of zero, left out of the geometric mean", nullable=True)
    p05: float = _count("5th percentile, zeros included", nullable=True)
    p25: float = _count("lower quartile", nullable=True)
    p50: float = _count("median", nullable=True)
    p75: float = _count("upper quartile", nullable=True)
    p95: float = _count("95th percentile", nullable=True)


class OutcomesByExpertise(Cell):
    """One row per month, period, sample, measure and expertise level: unadjusted rate. estimate: share.

    Sessions with no clear goal or unclear expertise are out.
    """

    sample: str = _column("all sessions, or those with a failure signal of 3 or more", isin=SAMPLES)
    measure: str = _column("derived outcome", isin=OUTCOME_MEASURES)
    expertise: int = _column("level", ge=1, le=5)


class TruncationByExpertiseAndMode(Cell):
    """One row per month, period, breakdown and label: share of sessions whose transcript was cut. estimate: share.

    Broken down by expertise level and by work mode, over the sessions that have the label.
    """

    breakdown: str = _column("what the sessions are broken down by", isin=BREAKDOWNS)
    label: str = _column("level of expertise or work mode", isin=("1", "2", "3", "4", "5", *WORK_MODES))


class Cells(Table):
    """One row per breakdown, level, month and other month up to it: sums over users that add up to those of any window.

    The header of staging/cells.sql says what n and y1 to y3 are in each breakdown.
    """

    breakdown: str = _column("population of sessions and the label that cuts it")
    level: str = _column("label, or all")
    month: dt.date = _column(MONTH)
    other_month: dt.date = _column("the month itself, or an earlier one of the same users")
    sessions: int = _count("sessions of the month; 0 where the months differ")
    users: int = _column("distinct users; where the months differ, less those who would count again")
    clusters: int = _column("the same of the users with a session that n counts")
    n: float = _count("sessions in the denominator")
    y1: float = _column("first numerator")
    y2: float = _column("second numerator")
    y3: float = _column("third numerator")
    sessions_sessions: float = _count("sum over users of products of sessions")
    sessions_all: float = _count("sum over users of products of sessions and sessions of the whole population")
    n_n: float = _count("sum over users of products of n")
    y1_n: float = _column("sum over users of products of y1 and n")
    y2_n: float = _column("sum over users of products of y2 and n")
    y3_n: float = _column("sum over users of products of y3 and n")
    y1_y1: float = _column("sum over users of products of y1")
    y2_y2: float = _column("sum over users of products of y2")
    y3_y3: float = _column("sum over users of products of y3")


class SmallLevels(Table):
    """One row per month, breakdown and level of few users: how many users it has together with those of lower rank."""

    month: dt.date = _column(MONTH)
    breakdown: str = _column("population of sessions and the label that cuts it")
    level: str = _column("label")
    rank: int = _column("place of the level, from 1, among those of few users in the month", ge=1)
    users_together: int = _column("distinct users of the month's sessions of this level and those of lower rank", ge=1)


class Figures(Cell):
    """One row per month, period, breakdown, level and measure: estimate and interval, and whether they may be shown."""

    breakdown: str = _column("population of sessions and the label that cuts it")
    level: str = _column("label, or all")
    measure: str = _column("what the estimate is")
    n: int = _count("sessions in the denominator; null if suppressed", nullable=True)
    clusters: int = _count("distinct users of these; null if suppressed", nullable=True)


class Released(Table):
    """One row per month, period, breakdown and level with sessions: whether its numbers are withheld."""

    month: dt.date = _column("the month, or the last month of the window")
    period: str = _column("the month alone, or the window that ends in it", isin=PERIODS)
    breakdown: str = _column("population of sessions and the label that cuts it")
    level: str = _column("label, or all")
    suppressed: bool = _column("fewer users than the threshold, or revealing such a cell")


class DecisionShares(Cell):
    """One row per month, period, kind of decisions and bin: sessions by the agent's share of them. estimate: share."""

    decisions: str = _column("kind of decisions", isin=("planning", "execution"))
    bin: int = _column("ten points of the agent's share each", ge=1, le=10)


class MeanDecisionShares(Cell):
    """One row per month, period and kind of decisions: mean share of them that the user takes. estimate: share."""

    decisions: str = _column("kind of decisions", isin=DECISIONS)


class DecisionCorrelations(Cell):
    """One row per month, period and variable: correlation with the user's share of execution decisions. estimate: r."""

    variable: str = _column(
        "expertise level, or an outcome as 0 or 1", isin=("expertise", "judged_success", "verified_success")
    )


class EffortByDecisionShare(Cell):
    """One row per month, period, kind of decisions, band and measure: effort per prompt. estimate: mean."""

    decisions: str = _column("kind of decisions", isin=DECISIONS)
    band: int = _column("twenty points of the agent's share each", ge=1, le=5)
    measure: str = _column("actions (tool calls) or words of assistant text, per human prompt", isin=EFFORT_MEASURES)


class ActionsByWhoDecides(Cell):
    """One row per month, period and group: mean actions per prompt where one side takes over 80%. estimate: actions."""

    who_decides: str = _column(
        "user takes over 80% of execution decisions, or agent of planning decisions",
        isin=("user_executes", "agent_plans"),
    )


class EffortByModel(Cell):
    """One row per month, period, measure and model family: effort per prompt. estimate: geometric mean."""

    measure: str = _column("actions (tool calls) or words of assistant text, per human prompt", isin=EFFORT_MEASURES)
    model_tier: str = _column("family of the model of most output tokens; other for those not listed", isin=MODEL_TIERS)


class CodebaseContextShares(Cell):
    """One row per month, period and codebase context: its share of the sessions with a label. estimate: share."""

    codebase_context: str = _column("label", isin=CODEBASE_CONTEXTS)


class SuccessBySignal(Cell):
    """One row per month, period, signal and strength: share of the sessions judged succeeded. estimate: share."""

    signal: str = _column("success or failure signal", isin=("success", "failure"))
    strength: int = _column("0 none to 5", ge=0, le=5)


class SuccessByOccupation(Cell):
    """One row per month, period, measure and user occupation: success in sessions that wrote code. estimate: share."""

    measure: str = _column("derived outcome", isin=OUTCOME_MEASURES[:3])
    user_occupation: str = _column("SOC major group", isin=tuple(SOC_MAJOR_GROUPS))
    place: int = _column("rank by sessions among those shown; null if suppressed", ge=1, nullable=True)


class SuccessByProfession(Cell):
    """One row per month, period, sample, measure and profession: success by kind of user. estimate: share."""

    sample: str = _column("all sessions, or those that wrote code", isin=("all", "wrote_code"))
    measure: str = _column("derived outcome", isin=OUTCOME_MEASURES[:3])
    profession: str = _column("user occupation is Computer and Mathematical, or another", isin=("software", "other"))


class OccupationsCrossed(Cell):
    """One row per month, period, user occupation and task occupation: its share of all sessions. estimate: share."""

    user_occupation: str = _column("SOC major group, or unclear", isin=(*SOC_MAJOR_GROUPS, "unclear"))
    task_occupation: str = _column("SOC major group", isin=tuple(SOC_MAJOR_GROUPS))


class Coefficients(Table):
    """One row per as-of month, period, specification and term of a fitted or missing regression."""

    month: dt.date = _column("the month, or the last month of the window")
    period: str = _column("the month alone, or the window that ends in it", isin=PERIODS)
    specification: str = _column("name of the model, e.g. table_a1_5")
    term: str = _column("regressor")
    outcome: str = _column("what is regressed")
    controls: str = _column("columns whose interaction forms the fixed-effect cells; null if none", nullable=True)
    effects: str = _column("column whose fixed effects are absorbed beside the cells", nullable=True)
    estimator: str = _column(
        "least squares, or logit (then the estimate is an average marginal effect)", isin=("least squares", "logit")
    )
    estimate: float = _column("coefficient; null if the model could not be estimated", nullable=True)
    std_error: float = _count("see std_errors", nullable=True)
    ci_low: float = _column("lower end of the 95% interval, t with degrees_of_freedom", nullable=True)
    ci_high: float = _column("upper end of the 95% interval", nullable=True)
    p_value: float = _column("two-sided", ge=0, le=1, nullable=True)
    std_errors: str = _column(
        "variance and clusters: CRV1 by user; CRV3 (jackknife) by user, also in place of CRV1 under 50 users; "
        "CRV1 by user and month",
        nullable=True,
    )
    n_sessions: int = _count("sessions estimated on")
    n_users: int = _count("distinct users of these")
    n_clusters: int = _count("clusters of the standard errors; the fewer, where there are two kinds", nullable=True)
    n_cells: int = _count("fixed-effect cells absorbed")
    n_identifying_users: int = _count(
        "users whose sessions differ in the first term, with user effects: those that determine it; null if they are "
        "fewer than the threshold, which withholds the model",
        nullable=True,
    )
    n_parameters: int = _count("identified terms and cells, of the small-sample correction", nullable=True)
    r_squared: float = _column("share of variance explained, cells and effects included; null for logit", nullable=True)
    sample: str = _column("who is in it")
    n_candidates: int = _count("sessions in the sample before cells were dropped")
    n_dropped_small_cells: int = _count("sessions in cells under the user threshold, dropped")
    n_dropped_singletons: int = _count("sessions alone in their cell or with their user effect, dropped")
    n_dropped_constant_cells: int = _count("sessions in cells whose outcomes are all alike, dropped by logit")
    n_cells_dropped: int = _count("cells without a session left")
    degrees_of_freedom: int = _column("of the t distribution: clusters minus 1", nullable=True)
    engine: str = _column("library that fitted it")
    missing_reason: str = _column("why there is no estimate; null where there is one", nullable=True)


class AdjustedRates(Table):
    """One row per as-of month, period, sample, measure and expertise level: raw and adjusted rate."""

    month: dt.date = _column("the month, or the last month of the window")
    period: str = _column("the month alone, or the window that ends in it", isin=PERIODS)
    sample: str = _column("all sessions, or those with a failure signal of 3 or more", isin=SAMPLES)
    measure: str = _column("derived outcome", isin=OUTCOME_MEASURES)
    expertise: int = _column("level", ge=1, le=5)
    controls: str = _column("column of Table A1 whose controls the data carry: the richest that keeps half of them")
    n_candidates: int = _count("sessions in the sample before cells were dropped")
    n_sessions: int = _count("sessions estimated on, at all levels")
    n_users: int = _count("distinct users of these: the clusters")
    n_cells: int = _count("fixed-effect cells absorbed")
    n_dropped_small_cells: int = _count("sessions in cells under the user threshold, dropped")
    n_dropped_singletons: int = _count("sessions alone in their cell, dropped")
    n_cells_dropped: int = _count("cells without a session left")
    n_parameters: int = _count("identified levels and cells, of the small-sample correction", nullable=True)
    degrees_of_freedom: int = _column("of the t distribution: n_users minus 1; null if suppressed", ge=0, nullable=True)
    std_errors: str = _column(
        "variance and clusters: CRV1 by user, under 50 users CRV3 (jackknife) by user; null without any or if hidden",
        nullable=True,
    )
    engine: str = _column("library that fitted it")
    sessions: int = _count("sessions at this level in the estimation sample; null if suppressed", nullable=True)
    users: int = _count("distinct users among them; null if suppressed", nullable=True)
    unadjusted: float = _column("raw share in the estimation sample", nullable=True)
    estimate: float = _column("adjusted rate: recentred to the raw overall mean", nullable=True)
    std_error: float = _count("of the adjusted rate: see std_errors", nullable=True)
    ci_low: float = _column("lower end of the 95% interval", nullable=True)
    ci_high: float = _column("upper end of the 95% interval", nullable=True)
    suppressed: bool = _column("fewer users than the threshold, or revealing such a level")
    missing_reason: str = _column("why there is no estimate, or no interval; null where both are there", nullable=True)


class PublishedComparison(Table):
    """One row per as-of month and published figure: the printed number beside that of the window.

    A figure that cannot be recomputed is listed with the reason.
    """

    month: dt.date = _column("last month of the window")
    exhibit: str = _column("where the study prints it, e.g. table_a1")
    measure: str = _column("what is measured")
    group: str = _column("of whom, or in which column")
    unit: str = _column("of the published number and of ours")
    published: float = _column("the printed number")
    published_std_error: float = _count("as printed", nullable=True)
    published_rounding: float = _count("half of the last printed digit: how far rounding may have moved it")
    published_sessions: int = _count("sessions behind it, as printed", nullable=True)
    estimate: float = _column("the same figure over the sessions of the window", nullable=True)
    std_error: float = _count("see std_errors; null where the figure has none", nullable=True)
    std_errors: str = _column(
        "by user: linearised (ratio estimator, delta method), or that of the model that the figure is from, CRV1 or "
        "CRV3",
        nullable=True,
    )
    degrees_of_freedom: int = _column("of the t distribution: clusters minus 1", ge=0, nullable=True)
    ci_low: float = _column("lower end of the 95% interval", nullable=True)
    ci_high: float = _column("upper end of the 95% interval", nullable=True)
    sessions: int = _count("sessions behind the estimate", nullable=True)
    users: int = _count("distinct users of these", nullable=True)
    difference: float = _column("estimate minus published", nullable=True)
    z: float = _column("difference in standard errors, those of both sides where both are known", nullable=True)
    suppressed: bool = _column("fewer users than the threshold, or revealing such a cell")
    missing_reason: str = _column("why there is no estimate; null where there is one", nullable=True)


class TaskValueChange(Table):
    """One row per as-of month, work mode ('all' included) and part: how the mean task value changed over the window.

    For every mode, and for all together, within and between add up to the total without a rest. Empty with one month.
    """

    month: dt.date = _column("last month of the window")
    first_month: dt.date = _column("first month of the window with a task value")
    last_month: dt.date = _column("last month of the window with a task value")
    work_mode: str = _column("label, or all", isin=(*WORK_MODES, "all"))
    part: str = _column(
        "within: the same work is worth more; between: more is done of what is worth more", isin=VALUE_PARTS
    )
    sessions: int = _count("sessions of both months; null if suppressed", nullable=True)
    users: int = _count("distinct users of these; null if suppressed", nullable=True)
    estimate: float = _column("contribution to the change of the overall mean, US dollars", nullable=True)
    std_error: float = _count(
        "see std_errors; null where users do not differ, or where a month has one user alone", nullable=True
    )
    std_errors: str = _column(
        "by user: linearised (delta method), under 50 users CRV3 (jackknife) in its place; null with one user, or if "
        "suppressed",
        nullable=True,
    )
    degrees_of_freedom: int = _column(
        "of the t distribution: users of both months, of all modes, minus 1; null if suppressed", ge=0, nullable=True
    )
    n_left_out: int = _count("sessions of both months without a work mode or a task value: left out, in all rows alike")
    ci_low: float = _column("lower end of the 95% interval", nullable=True)
    ci_high: float = _column("upper end of the 95% interval", nullable=True)
    relative: float = _column("the contribution over the overall mean of the first month", nullable=True)
    relative_ci_low: float = _column("lower end of the 95% interval", nullable=True)
    relative_ci_high: float = _column("upper end of the 95% interval", nullable=True)
    suppressed: bool = _column(
        "fewer users than the threshold in a month or, but some, in both; or revealing such a mode, here or in the mart"
    )


class MonthlyChanges(Table):
    """One row per as-of month, measure, work mode ('all' included) and comparison: Figure 4 as changes over the months.

    Users who are in several months count as such: the covariance of months is in every error. Empty with one month.
    """

    month: dt.date = _column("last month of the window")
    measure: str = _column(
        "work_mode_share: of a month's sessions; task_value: mean of the mode, US dollars", isin=CHANGE_MEASURES
    )
    work_mode: str = _column("label, or all (of the task value)", isin=(*WORK_MODES, "all"))
    comparison: str = _column(
        "since_first_month: of last_month with first_month; per_month: the trend over all months", isin=COMPARISONS
    )
    first_month: dt.date = _column("first month of the window with a work mode")
    last_month: dt.date = _column("the month that is compared, or the last one of the trend")
    sessions: int = _count("sessions of the mode in these months; null if suppressed", nullable=True)
    users: int = _count("distinct users of these; null if suppressed", nullable=True)
    estimate: float = _column(
        "since_first_month: difference of shares, or ratio of means less one; per_month: slope of least squares over "
        "sessions, share or US dollars a month",
        nullable=True,
    )
    std_error: float = _count("see std_errors; null where users do not differ", nullable=True)
    std_errors: str = _column(
        "by user: linearised, under 50 users CRV3 (jackknife) in its place; null with one user", nullable=True
    )
    ci_low: float = _column("lower end of the 95% interval; of a ratio, on the logarithm", nullable=True)
    ci_high: float = _column("upper end of the 95% interval", nullable=True)
    degrees_of_freedom: int = _column(
        "of the t distribution: users of these months, of all modes for a share, minus 1", ge=0, nullable=True
    )
    n_left_out: int = _count("sessions of these months without a work mode or, for a task value, without one")
    suppressed: bool = _column(
        "fewer users than the threshold in a month or, but some, in more than one; or revealing such a cell"
    )
    missing_reason: str = _column("why there is no estimate, or, of a few users, no interval", nullable=True)


class SpecificationCurve(Table):
    """One row per as-of month and choice of labels, months, rules, sample and controls: the return to expertise.

    The coefficient on the level of expertise in the linear probability model of verified success.
    """

    month: dt.date = _column("the month, or the last month of the window")
    backend: str = _column("who labelled the sessions", nullable=True)
    period: str = _column("the month alone, or the window that ends in it", isin=PERIODS)
    rule_set: str = _column("which sessions are in the sample")
    sample: str = _column("which of these", isin=CURVE_SAMPLES)
    controls: str = _column("column of Table A1")
    in_force: bool = _column("the choice of the settings, with all sessions and the preferred controls")
    n_unlabelled: int = _count("sessions of the rule set without labels of this backend: left out")
    estimate: float = _column("change of the chance per level; null if it could not be estimated", nullable=True)
    std_error: float = _count("see std_errors", nullable=True)
    ci_low: float = _column("lower end of the 95% interval", nullable=True)
    ci_high: float = _column("upper end of the 95% interval", nullable=True)
    std_errors: str = _column("as in analysis.coefficients", nullable=True)
    degrees_of_freedom: int = _column("of the t distribution: clusters minus 1", ge=0, nullable=True)
    n_sessions: int = _count("sessions estimated on")
    n_users: int = _count("distinct users of these")
    n_cells: int = _count("fixed-effect cells absorbed")
    n_parameters: int = _count("identified terms and cells, of the small-sample correction", nullable=True)
    n_candidates: int = _count("sessions in the sample before cells were dropped")
    n_dropped_small_cells: int = _count("sessions in cells under the user threshold, dropped")
    n_dropped_singletons: int = _count("sessions alone in their cell, dropped")
    n_cells_dropped: int = _count("cells without a session left")
    engine: str = _column("library that fitted it")
    missing_reason: str = _column("why there is no estimate; null where there is one", nullable=True)


class Agreement(Table):
    """One row per as-of month, rater, facet and metric: how far labels agree with the reference labels of the window.

    Empty without reference labels. A rater is a backend, or a later pass of the reference itself (test-retest).
    """

    month: dt.date = _column("last month of the window")
    period: str = _column("the window that ends in the month", isin=PERIODS)
    rater: str = _column("backend of the labels, or 'pass 2', … for the reference's own later passes")
    facet: str = _column("classifier, or the user's share of planning, execution or all decisions")
    metric: str = _column(
        "exact or within_one (shares of sessions), kappa, quadratic_kappa, or correlation (of shares, of log10 value)",
        isin=AGREEMENT_METRICS,
    )
    n_candidates: int = _count(
        "sessions of the sample with a reference label of the facet; null if suppressed", nullable=True
    )
    sessions: int = _count(
        "of these, sessions that the rater labelled too, and, for metrics of levels, that neither called unclear; null "
        "if suppressed",
        nullable=True,
    )
    users: int = _count("distinct users of these; null if suppressed", nullable=True)
    estimate: float = _column("the agreement; null if suppressed or not defined", ge=-1, le=1, nullable=True)
    ci_low: float = _column("lower end of the 95% interval, bootstrap over users", nullable=True)
    ci_high: float = _column("upper end of the 95% interval", nullable=True)
    baseline: float = _column("what always answering the reference's most frequent label gets", nullable=True)
    suppressed: bool = _column("fewer users than the threshold")
    reference_sha256: str = _column("digest of the file of reference labels")


class GoldDraws(Table):
    """One row per session drawn for trusted labels and draw."""

    draw_id: str = _column("the draw: digest of months, facets, size and seed")
    session_id: str = _column("session")
    month: dt.date = _column(MONTH)
    stratum: str = _column("within the month: the judge's labels when it was drawn, or 'others' for rare ones")
    probability: float = _column("with which it was drawn: drawn sessions of the stratum / all of them", gt=0, le=1)
    seed: int = _column("of the numbers that decide who is drawn")
    drawn_at: dt.datetime = _column("UTC")


class Gold(Table):
    """One row per session, pass and facet with a trusted label, of sessions that were drawn for it."""

    session_id: str = _column("session")
    month: dt.date = _column(MONTH)
    pass_number: int = _column("independent readings of the same session, from 1", ge=1)
    facet: str = _column("classifier, or the user's share of planning, execution or all decisions")
    label: str = _column("the label; null for a share", nullable=True)
    value: float = _column(
        "the share (null: no decision of the kind), or log10 of US dollars; null for other labels", nullable=True
    )
    file_sha256: str = _column("digest of the file that it was loaded from")
    loaded_at: dt.datetime = _column("UTC")


class CorrectedEstimates(Table):
    """One row per as-of month, period, quantity, term and correction: the estimate by the judge, and by gold labels.

    Every share and mean of the marts, every adjusted rate and every headline coefficient. What cannot be corrected, for
    want of gold labels or by its kind, says why.
    """

    month: dt.date = _column("last month of the window")
    period: str = _column("the month itself, or the window that ends in it", isin=PERIODS)
    quantity: str = _column("shares of a label, a mean by a label, adjusted rates, or a specification")
    term: str = _column("label or level (all: no label cuts it; others: those that cannot be corrected), or regressor")
    correction: str = _column("whose errors are corrected; none: the quantity is not", isin=CORRECTIONS)
    naive: float = _column("by the judge's labels alone", nullable=True)
    naive_std_error: float = _count(
        "of it, clustered by user: takes the labels for true; null where nothing varies", nullable=True
    )
    corrected: float = _column("corrected by the gold labels", nullable=True)
    std_error: float = _count("of the corrected estimate, clustered by user", nullable=True)
    ci_low: float = _column("lower end of its 95% interval", nullable=True)
    ci_high: float = _column("upper end of its 95% interval", nullable=True)
    degrees_of_freedom: float = _count("of the t distribution: users that carry the variance, minus 1", nullable=True)
    judge_weight: float = _column("weight of the judge's labels, tuned: 0 gold labels alone, 1 in full", nullable=True)
    n_sessions: int = _count("sessions of the judge's estimate; null if suppressed", nullable=True)
    n_users: int = _count("distinct users of these; null if suppressed", nullable=True)
    n_drawn: int = _count("sessions of the period that were drawn for gold labels; 0 where nothing is corrected")
    n_gold: int = _count("of these, sessions with the labels needed that the estimate reads", nullable=True)
    n_gold_users: int = _count("distinct users of these", nullable=True)
    draw_id: str = _column("the draw; null without gold labels", nullable=True)
    suppressed: bool = _column("fewer users than the threshold, or revealing such a cell")
    missing_reason: str = _column("why there is no corrected estimate; null where there is one", nullable=True)


class SignSensitivity(Table):
    """One row per as-of month, specification and error: how wrong the judge would have to be to change the sign."""

    month: dt.date = _column("last month of the window")
    period: str = _column("the window that ends in the month", isin=PERIODS)
    specification: str = _column("name of the model, e.g. table_a1_5")
    error: str = _column("the kind of error that is asked about", isin=SIGN_ERRORS)
    unit: str = _column("of the sizes")
    estimate: float = _column("the slope on expertise by the judge's labels", nullable=True)
    std_error: float = _count("of the slope: see std_errors", nullable=True)
    ci_low: float = _column("lower end of the slope's 95% interval", nullable=True)
    ci_high: float = _column("upper end of the slope's 95% interval", nullable=True)
    std_errors: str = _column("as in analysis.coefficients", nullable=True)
    degrees_of_freedom: int = _column("of the t distribution: clusters minus 1", ge=0, nullable=True)
    to_zero: float = _column("size of the error at which the true slope is zero", nullable=True)
    to_insignificance: float = _column(
        "size at which the end of the 95% interval nearer to zero is zero; 0 if it holds zero already", nullable=True
    )
    n_sessions: int = _count("sessions estimated on")
    n_users: int = _count("clusters")
    n_candidates: int = _count("sessions in the sample before cells were dropped")
    n_dropped_small_cells: int = _count("sessions in cells under the user threshold, dropped")
    n_dropped_singletons: int = _count("sessions alone in their cell, dropped")
    engine: str = _column("library that fitted the slope")
    missing_reason: str = _column("why there is no size; null where there is one", nullable=True)


class LabelErrors(Table):
    """One row per as-of month, facet, group and metric: how often, and which way, the judge differs from gold.

    Weighted by one over the probability of having been drawn.
    """

    month: dt.date = _column("last month of the window")
    period: str = _column("the window that ends in the month", isin=PERIODS)
    facet: str = _column("classifier, share, or outcome measure")
    group_by: str = _column("whose gold labels make the groups, or all", isin=ERROR_GROUPS)
    group_value: str = _column("the group's gold label, or all")
    metric: str = _column(
        "error_rate: share of labels that differ; signed_error: mean of judge minus gold (levels, log10 of US dollars, "
        "shares, or the share of sessions said to have the outcome)",
        isin=ERROR_METRICS,
    )
    sessions: int = _count("sessions with both labels; null if suppressed", nullable=True)
    users: int = _count("distinct users of these; null if suppressed", nullable=True)
    estimate: float = _column("null if suppressed", nullable=True)
    std_error: float = _count("clustered by user; null with one user, or where users do not differ", nullable=True)
    degrees_of_freedom: int = _column("of the t distribution: users minus 1", ge=0, nullable=True)
    ci_low: float = _column("lower end of the 95% interval", nullable=True)
    ci_high: float = _column("upper end of the 95% interval", nullable=True)
    suppressed: bool = _column("fewer users than the threshold, or revealing such a group")


class Reliability(Table):
    """One row per as-of month, rater and facet read twice: how alike the readings are, and what their noise does."""

    month: dt.date = _column("last month of the window")
    period: str = _column("the window that ends in the month", isin=PERIODS)
    rater: str = _column(
        "who read twice: the judge (the backend in force), or the people of the gold labels", isin=RATERS
    )
    facet: str = _column("classifier, or share")
    sessions: int = _count("sessions read twice; null if suppressed", nullable=True)
    users: int = _count("distinct users of these; null if suppressed", nullable=True)
    reliability: float = _column(
        "share of the labels' variance that a second reading repeats; null if nothing varies", le=1, nullable=True
    )
    ci_low: float = _column("lower end of the 95% interval, bootstrap over users", nullable=True)
    ci_high: float = _column("upper end of the 95% interval", nullable=True)
    error_variance: float = _count("variance of one reading about the mean of all", nullable=True)
    attenuation: float = _column(
        "factor by which this noise shrinks the slope of the preferred model; of the judge's expertise alone",
        le=1,
        nullable=True,
    )
    slope: float = _column("that slope by the judge's labels", nullable=True)
    slope_std_error: float = _count("of it, as in analysis.coefficients", nullable=True)
    slope_sessions: int = _count("sessions that it is estimated on", nullable=True)
    slope_users: int = _count("distinct users of these", nullable=True)
    corrected_slope: float = _column("slope / attenuation", nullable=True)
    corrected_std_error: float = _count("by the delta method, both parts uncertain", nullable=True)
    corrected_ci_low: float = _column("lower end of its 95% interval", nullable=True)
    corrected_ci_high: float = _column("upper end of its 95% interval", nullable=True)
    corrected_degrees_of_freedom: int = _column(
        "of the t distribution: clusters of the slope or users of sessions read twice, the fewer, minus 1",
        ge=0,
        nullable=True,
    )
    suppressed: bool = _column("fewer users than the threshold")


# Table name -> model. The schema before the dot is also the Dagster group and the first part of the asset key.
TABLES: dict[str, type[Table]] = {
    "raw.session_files": SessionFiles,
    "raw.rejected_lines": RejectedLines,
    "core.sessions": Sessions,
    "core.model_use": ModelUse,
    "core.attrition": Attrition,
    "labels.classifications": Classifications,
    "staging.current_labels": CurrentLabels,
    "core.classified_sessions": ClassifiedSessions,
    "staging.periods": Periods,
    "staging.cells": Cells,
    "staging.small_levels": SmallLevels,
    "staging.released": Released,
    "staging.figures": Figures,
    "marts.work_mode_shares": WorkModeShares,
    "marts.task_value": TaskValue,
    "marts.effort_by_expertise": EffortByExpertise,
    "marts.outcomes_by_expertise": OutcomesByExpertise,
    "marts.truncation_by_expertise_and_mode": TruncationByExpertiseAndMode,
    "marts.decision_shares": DecisionShares,
    "marts.mean_decision_shares": MeanDecisionShares,
    "marts.decision_correlations": DecisionCorrelations,
    "marts.effort_by_decision_share": EffortByDecisionShare,
    "marts.actions_by_who_decides": ActionsByWhoDecides,
    "marts.effort_by_model": EffortByModel,
    "marts.codebase_context_shares": CodebaseContextShares,
    "marts.success_by_signal": SuccessBySignal,
    "marts.success_by_occupation": SuccessByOccupation,
    "marts.success_by_profession": SuccessByProfession,
    "marts.occupations_crossed": OccupationsCrossed,
    "analysis.coefficients": Coefficients,
    "analysis.adjusted_rates": AdjustedRates,
    "analysis.agreement": Agreement,
    "labels.retests": Retests,
    "labels.gold_draws": GoldDraws,
    "labels.gold": Gold,
    "analysis.corrected_estimates": CorrectedEstimates,
    "analysis.sign_sensitivity": SignSensitivity,
    "analysis.label_errors": LabelErrors,
    "analysis.reliability": Reliability,
    "analysis.published_comparison": PublishedComparison,
    "analysis.task_value_change": TaskValueChange,
    "analysis.monthly_changes": MonthlyChanges,
    "analysis.specification_curve": SpecificationCurve,
}


def grain(table: str) -> str:
    """First line of the model's docstring: what one row of `table` is."""
    return (TABLES[table].__doc__ or "").strip().splitlines()[0]


def polars_schema(table: str) -> dict[str, pl.DataType]:
    """Column name -> polars type of `table`, in the model's order."""
    return dict(TABLES[table].types())


def validate(table: str, frame: pl.DataFrame) -> pl.DataFrame:
    """`frame` with the columns of `table` in order.

    Raises pandera's SchemaErrors, which lists every failing row and column.
    """
    return TABLES[table].to_schema().validate(frame.select(list(polars_schema(table))), lazy=True)

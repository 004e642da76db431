"""What every backend takes and gives. Backends know neither Dagster nor the warehouse."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from sessions_pipeline.classifications.classifiers import Classifier

# `json.dumps` makes an encoder for each call with separators of its own.
_as_json = json.JSONEncoder(separators=(",", ":")).encode


@dataclass(frozen=True)
class SessionToLabel:
    """A session as a judge sees it.

    transcript: rendered, redacted and cut, as `sessions.transcript.render` writes it (`parse_turns` reads it back).
    opening: the first human prompt alone, redacted and cut to one turn.
    telemetry: the session's row of `core.sessions`, column name to value.
    """

    session_id: str
    transcript: str
    opening: str
    telemetry: Mapping[str, Any]


@dataclass(frozen=True)
class Answer:
    """A judge's answer to one classifier for one session.

    label: one of the classifier's labels, or for `decisions` the JSON of `Decisions.label`; None unless status is ok.
    value: the label as a number where it has one (level, signal, US dollars), else None.
    probability: how likely the backend holds the label to be right, 0 to 1; None if it does not say.
    evidence: short names of what led to the label (never transcript text), strongest first.
    reason: why there is no label: a refusal's category, a stop reason, an error's type.
    The tokens are those billed; cost in US dollars.
    """

    session_id: str
    classifier: str
    label: str | None
    value: float | None
    status: str = "ok"
    probability: float | None = None
    evidence: tuple[str, ...] = ()
    input_tokens: int = 0
    output_tokens: int = 0
    cache_write_tokens: int = 0
    cache_read_tokens: int = 0
    cost_usd: float = 0.0
    reason: str | None = None
    batch_id: str | None = None


@dataclass(frozen=True)
class Decisions:
    """Counts of decisions by kind and by who took them."""

    planning_user: int
    planning_agent: int
    execution_user: int
    execution_agent: int

    @property
    def label(self) -> str:
        """Canonical JSON, readable with DuckDB's `label->>'planning_user'`."""
        return _as_json(self.__dict__)


# Backend -> columns of `core.sessions` that its labels rest on beside the transcript. They are part of a label's
# version, so that counts that a better parser corrects give new labels. Backends with an entry cost nothing to ask.
TELEMETRY_READ: Mapping[str, tuple[str, ...]] = {
    "rules": (
        "tool_calls",
        "subagent_tool_calls",
        "interruptions",
        "assistant_words",
        "lines_added",
        "lines_removed",
        "git_commits",
        "pull_requests",
        "test_runs",
        "last_test_passed",
    ),
    "distilled": (
        "active_seconds",
        "human_prompts",
        "model_calls",
        "tool_calls",
        "tool_calls_succeeded",
        "subagents",
        "interruptions",
        "compactions",
        "output_tokens",
        "assistant_words",
        "lines_added",
        "lines_removed",
        "files_changed",
        "git_commits",
        "pull_requests",
        "test_runs",
        "last_test_passed",
        "transcript_chars",
    ),
}
# Backends whose labels the distilled one learns.
JUDGES = ("claude",)


class LabellingStoppedError(RuntimeError):
    """A backend cannot go on, and says why and what to do. Answers given before stay valid."""


class Backend(Protocol):
    """Answers classifiers for sessions. One instance serves one run."""

    name: str

    def model(self, classifier: Classifier) -> str:
        """Model or rule version that will answer `classifier`: part of the label's version."""
        ...

    def prompt_sha256(self, classifier: Classifier) -> str:
        """Digest of what is asked and how much of a session is read: part of the label's version.

        The telemetry that TELEMETRY_READ names is not in it; labelling adds it.
        """
        ...

    def classify(self, sessions: Sequence[SessionToLabel], classifiers: Iterable[Classifier]) -> Iterator[Answer]:
        """One answer for each session and classifier, in any order.

        Raises LabellingStoppedError, after the answers that could be had, if the rest cannot.
        """
        ...

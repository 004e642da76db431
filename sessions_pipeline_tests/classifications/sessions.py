"""Hand-written sessions: turns in, what a backend is given out."""

from __future__ import annotations

import re
from typing import Any

from sessions_pipeline.classifications.backend import Answer, SessionToLabel
from sessions_pipeline.classifications.classifiers import CLASSIFIERS
from sessions_pipeline.classifications.rules import RulesBackend
from sessions_pipeline.sessions.transcript import Turn, clean, render

INTERRUPTED = Turn("system", "The person interrupted the agent.")


def human(text: str) -> Turn:
    """What a person typed, as the reader of the logs hands it on."""
    return Turn("human", clean(text))


def agent(*lines: str) -> Turn:
    """What the agent said and did: lines of text, and of `tool`, `ok` and `error`."""
    return Turn("assistant", "\n".join(lines))


def tool(name: str, summary: str = "") -> str:
    return f"[tool] {name}: {summary}"


def ok(output: str = "") -> str:
    return f"[result] ok: {output}"


def error(output: str = "") -> str:
    return f"[result] error: {output}"


def session(*turns: Turn, **telemetry: Any) -> SessionToLabel:
    """A session of these turns. Telemetry counts what they show; what they cannot show is given by name."""
    transcript = render(turns)
    text = "\n".join(turn.text for turn in turns if turn.role == "assistant")
    prompts = [turn.text for turn in turns if turn.role == "human"]
    shown = {
        "human_prompts": len(prompts),
        "tool_calls": len(re.findall(r"^\[tool\]", text, re.MULTILINE)),
        "tool_calls_succeeded": len(re.findall(r"^\[result\] ok", text, re.MULTILINE)),
        "assistant_words": sum(len(line.split()) for line in text.split("\n") if not line.startswith("[")),
        "interruptions": sum(turn == INTERRUPTED for turn in turns),
        "lines_added": 0,
        "lines_removed": 0,
        "git_commits": 0,
        "pull_requests": 0,
        "test_runs": 0,
        "last_test_passed": None,
        "transcript_truncated": transcript.truncated,
    }
    return SessionToLabel("s", transcript.text, prompts[0] if prompts else "", {**shown, **telemetry})


def answers(labelled: SessionToLabel) -> dict[str, Answer]:
    """Classifier -> the rules' answer."""
    return {answer.classifier: answer for answer in RulesBackend().classify([labelled], CLASSIFIERS.values())}


def label(classifier: str, *turns: Turn, **telemetry: Any) -> str | None:
    """The rules' label of a session of `turns`."""
    return answers(session(*turns, **telemetry))[classifier].label

"""Decisions: how many were taken in planning and in execution, by the person and by the agent.

A decision is the person's if they stated it: each request and each further instruction is a planning decision, each
name, value or piece of code that they prescribe is one of execution. It is the agent's if the agent settled it: the steps
it lays out and the gaps that it fills in a short request are planning, the files that it changes and the commands that
change something are execution. Later ones of a kind count less, as they follow from the first.
"""

from __future__ import annotations

import math

from sessions_pipeline.classifications.backend import Decisions
from sessions_pipeline.classifications.rules.actions import CHANGES, EDITS, LOOKS
from sessions_pipeline.classifications.rules.evidence import Finding
from sessions_pipeline.classifications.rules.features import Asked, Features

# One turn rarely takes more decisions than this; a longer list is one plan in many items.
_MOST_PER_TURN = 6.0


def decisions(seen: Features) -> Finding:
    """Counts of decisions, as the JSON of `Decisions.label`."""
    planned_by_user = sum(_planned(turn) for turn in seen.asked)
    executed_by_user = sum(_prescribed(turn) for turn in seen.asked)
    counts = Decisions(
        planning_user=round(planned_by_user),
        planning_agent=round(_planned_by_agent(seen)),
        execution_user=round(executed_by_user),
        execution_agent=round(_executed_by_agent(seen)),
    )
    evidence = (
        ("user_requests", counts.planning_user),
        ("agent_steps_and_gaps", counts.planning_agent),
        ("user_prescriptions", counts.execution_user),
        ("agent_changes", counts.execution_agent),
    )
    names = tuple(name for name, count in sorted(evidence, key=lambda item: -item[1]) if count)
    return Finding(counts.label, None, names or ("no_decision_seen",))


def _planned(turn: Asked) -> float:
    """Planning decisions that a human turn states."""
    if turn.is_talk:
        # A go-ahead settles what the agent proposed.
        return 0.5 if turn.ideas["go_on"] and turn.kinds else 0.0
    stated = 1.0 + 0.5 * max(turn.statements - 1, 0) + 0.3 * turn.bullets + 0.3 * turn.ideas["constraint"]
    if turn.request.document:
        stated += math.sqrt(len(turn.request.document) / 200)
    return min(stated, _MOST_PER_TURN)


def _prescribed(turn: Asked) -> float:
    """Execution decisions that a human turn prescribes."""
    if turn.is_talk:
        return 0.0
    prescribed = 0.35 * (turn.new_names + turn.screen_names) + 0.15 * turn.ideas["constraint"]
    if turn.request.document:
        # A handed-over plan names files and code throughout.
        prescribed += math.sqrt(len(turn.request.document) / 150)
    return min(prescribed, _MOST_PER_TURN if not turn.request.document else 2 * _MOST_PER_TURN)


def _planned_by_agent(seen: Features) -> float:
    """Steps that the agent laid out, and gaps that it filled: much done for few words."""
    planned = 0.0
    for turn in seen.asked:
        if not turn.kinds and not turn.request.replies:
            continue
        if turn.is_talk and not turn.kinds:
            continue
        done = len(turn.kinds)
        gap = math.sqrt(done) / math.sqrt(1 + turn.words / 20) / 2
        planned += min(0.3 + gap, 2.5) if not turn.request.document else min(0.5 * gap, 1.0)
    planned += 1.5 * (seen.counts["plan"] + min(seen.counts["edit_plan"], 2))
    planned += 0.5 * min(seen.counts["list"], 4)
    return planned


def _executed_by_agent(seen: Features) -> float:
    """What the agent settled while doing: changes first, looking least."""
    cut = seen.actions / max(len(seen.calls), 1)
    edits, changes, looks = seen.total(EDITS), seen.total(CHANGES), seen.total(LOOKS)
    runs = len(seen.calls) - edits - changes - looks
    executed = edits + 0.7 * changes + 0.5 * max(runs, 0) + 0.25 * looks
    answers = sum(bool(turn.request.replies) and not turn.kinds for turn in seen.asked if not turn.is_talk)
    return 1.5 * (executed * min(cut, 3.0)) ** 0.7 + 0.7 * answers

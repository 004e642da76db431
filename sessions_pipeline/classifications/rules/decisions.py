"""Decisions: how many were taken in planning and in execution, by the person and by the agent.

A decision is the person's if they stated it: each request and each further instruction is a planning decision, each
file, piece of code or constraint that they prescribe is one of execution. It is the agent's if the agent settled it:
the steps it lays out and the gaps that it fills in a short request are planning, the files that it changes and the
commands that change something are execution, less so where a plan that it was handed says which. Later ones of a kind
count less, as they follow from the first.
"""

from __future__ import annotations

import math

from sessions_pipeline.classifications.backend import Decisions
from sessions_pipeline.classifications.rules.actions import CHANGES, EDITS, LOOKS
from sessions_pipeline.classifications.rules.evidence import Finding
from sessions_pipeline.classifications.rules.features import Asked, Features

# One turn rarely takes more decisions than this; a longer list is one plan in many items.
_MOST_PER_TURN = 6.0
# How sentences open that order work; questions and reports of trouble name things too, to say where to look.
_ORDERS = ("make", "deliver", "build", "operate", "test", "communicate", "analyze", "orchestrate")
# The part of names outside of orders that say how to do it.
_NAMED_IN_PASSING = 0.5
# The part of what the agent settles that is left to it where it carries out a plan that it was handed.
_LEFT_BY_A_PLAN = 0.5


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
    """Planning decisions that a human turn states: its request, and what further statements add to it."""
    if turn.is_talk:
        # A go-ahead settles what the agent proposed.
        return 0.5 if turn.ideas["go_on"] and turn.kinds else 0.0
    further = max(turn.statements - 1, 0) + turn.bullets + len(turn.request.document) / 200
    return min(1.0 + 0.6 * math.sqrt(further), _MOST_PER_TURN)


def _prescribed(turn: Asked) -> float:
    """Execution decisions that a human turn prescribes."""
    if turn.is_talk:
        return 0.0
    names = turn.code_names * (1.0 if _gives_orders(turn) else _NAMED_IN_PASSING)
    # A handed-over plan names files and code throughout.
    prescribed = names + turn.ideas["constraint"] + len(turn.request.document) / 60
    return min(0.6 * math.sqrt(prescribed), _MOST_PER_TURN)


def _gives_orders(turn: Asked) -> bool:
    """The turn says what to do, rather than asking a question or telling what goes wrong."""
    return not turn.is_question and any(turn.leads.get(idea) for idea in _ORDERS)


def _planned_by_agent(seen: Features) -> float:
    """Steps that the agent laid out, and gaps that it filled: whoever does much at one request decides how to do it.

    A handed-over plan leaves fewer gaps.
    """
    answered = sum(bool(turn.request.replies) and not turn.kinds for turn in seen.tasks)
    handed_over = any(turn.request.document for turn in seen.asked)
    # The first steps follow from the request itself.
    gaps = max(math.sqrt(seen.actions) - 1, 0.0) * (0.3 if handed_over else 0.55)
    return gaps + 0.3 * answered + seen.counts["plan"] + 0.4 * min(seen.counts["list"], 4)


def _executed_by_agent(seen: Features) -> float:
    """What the agent settled while doing: changes first, looking least."""
    edits, changes, looks = seen.total(EDITS), seen.total(CHANGES), seen.total(LOOKS)
    runs = len(seen.calls) - edits - changes - looks
    weight = edits + 0.8 * changes + 0.6 * runs + 0.4 * looks
    # Telemetry counts the calls that a cut took out of view; they are taken to be like the others.
    whole = weight * seen.actions / max(len(seen.calls), 1)
    answers = sum(bool(turn.request.replies) and not turn.kinds for turn in seen.tasks)
    settled = 1.6 * whole**0.6 + 0.7 * answers
    return settled * (_LEFT_BY_A_PLAN if any(turn.request.document for turn in seen.asked) else 1.0)

"""The course of a session: which prompts it has, in order, and which evidence of success or failure it ends with.

Follows from the planted labels; the words come later, in `dialogue.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from sessions_pipeline.simulate.scenario import Plan

# What the agent does after a prompt of each kind: share of a usual prompt's tool calls
WORK = {
    "opening": 1.6,
    "thin": 1.6,
    "next": 1.2,
    "nudge": 1.0,
    "question": 0.3,
    "expert_check": 0.7,
    "correction": 0.9,
    "misbelief": 0.8,
    "novice": 0.2,
    "generic_check": 0.7,
    "concern": 0.9,
    "pushback": 1.1,
    "still_broken": 1.2,
    "rejection": 0.8,
    "no_goal": 0.5,
    "no_goal_next": 0.2,
    "approval": 0.0,
    "acknowledgement": 0.0,
    "complaint": 0.7,
    "give_up": 0.0,
    "accept_partial": 0.0,
}
TROUBLE = ("concern", "pushback", "still_broken")
CLOSING = ("approval", "acknowledgement", "complaint", "give_up", "accept_partial")


@dataclass(frozen=True)
class Course:
    """beats: kinds of prompts, keys of `WORK`. evidence: what the last work shows. edits: files are changed."""

    beats: tuple[str, ...]
    evidence: frozenset[str]
    edits: bool


def plot(plan: Plan, rng: Random) -> Course:
    """The course that fits the plan's labels, about as long as planned."""
    edits = _edits_files(plan, rng)
    evidence = _success_evidence(plan, rng, edits) | _failure_evidence(plan, rng, edits)
    if plan.outcome == "no_clear_goal":
        return Course(("no_goal", *["no_goal_next"] * (plan.prompts - 1)), frozenset(), False)
    opening = "thin" if plan.expertise == "unclear" else "opening"
    closing = _closing(plan, rng, evidence)
    middle = _trouble(plan) + _marks(plan, rng)
    room = max(0, plan.prompts - 1 - len(closing))
    if len(middle) > room:
        trouble = [beat for beat in middle if beat in TROUBLE]
        middle = trouble + [beat for beat in middle if beat not in TROUBLE][: max(0, room - len(trouble))]
    kinds = {"thin": ("nudge",)}.get(opening, ("next", "next", "next", "nudge", "question"))
    middle += rng.choices(kinds, k=max(0, room - len(middle)))
    rng.shuffle(middle)
    middle.sort(key=lambda beat: beat in TROUBLE and rng.random() < 0.7)
    return Course((opening, *middle, *closing), frozenset(evidence), edits)


def _edits_files(plan: Plan, rng: Random) -> bool:
    if plan.mode in ("communicate", "plan", "analyze"):
        return rng.random() < (0.75 if plan.mode == "plan" else 0.5)
    if plan.context not in ("modifies_existing", "creates_new"):
        return False
    return plan.outcome != "failed" or rng.random() < 0.65


def _success_evidence(plan: Plan, rng: Random, edits: bool) -> set[str]:
    """Hard signals: one at tier 4, several at tier 5; a command that ran at tier 3 or a neutral word."""
    if plan.outcome == "no_clear_goal":
        return set()
    if plan.success_signal == 3:
        runs = edits and plan.mode not in ("communicate", "plan")
        return {"command"} if runs and rng.random() < 0.6 else {"acknowledgement"}
    if plan.success_signal < 4:
        return set()
    if plan.outcome != "succeeded":
        return {"commit"} if edits and plan.mode not in ("communicate", "plan") else {"acknowledgement"}
    options = ["approval"]
    if edits and plan.mode in ("fix", "build", "test", "orchestrate"):
        options += ["tests", "tests", "tests", "commit", "commit", "pull_request"]
    elif edits and plan.mode == "operate":
        options += ["deployed", "commit"]
    chosen = {rng.choice(options)}
    if plan.success_signal == 5:
        chosen |= {rng.choice(options), rng.choice(options), "approval", "confirmation"}
    return chosen | ({"commit"} if "pull_request" in chosen else set())


def _failure_evidence(plan: Plan, rng: Random, edits: bool) -> set[str]:
    """Hard signals of failure at tier 4 and 5; tiers below show in the course alone."""
    if plan.failure_signal < 4 or plan.outcome == "succeeded":
        return set()
    options = ["complaint", "final_error"]
    if edits and plan.mode in ("fix", "build", "test", "orchestrate"):
        options += ["tests_red", "tests_red"]
    if plan.mode in ("communicate", "plan", "understand"):
        options = ["complaint"]
    chosen = {rng.choice(options)}
    if plan.failure_signal == 5:
        chosen |= {rng.choice(options), "complaint", "stopped"}
    return chosen


def _closing(plan: Plan, rng: Random, evidence: set[str]) -> list[str]:
    if "complaint" in evidence:
        return ["complaint", "give_up"] if plan.outcome == "failed" else ["complaint", "accept_partial"]
    if plan.outcome == "partially_succeeded":
        return ["accept_partial"] if rng.random() < 0.7 else []
    if plan.outcome == "failed":
        return ["give_up"] if rng.random() < 0.5 else []
    return [beat for beat in ("approval", "acknowledgement") if beat in evidence]


def _trouble(plan: Plan) -> list[str]:
    beats = {2: ["concern"], 3: ["pushback"], 4: ["still_broken"], 5: ["still_broken", "still_broken"]}
    return list(beats.get(plan.failure_signal, ()))


def _marks(plan: Plan, rng: Random) -> list[str]:
    """Prompts that show the user's command of the task."""
    if plan.expertise == "unclear":
        return []
    return {
        1: ["misbelief", "novice", "generic_check", "novice"],
        2: ["misbelief", "generic_check", "novice"],
        3: rng.choice((["question"], ["question", "expert_check"], ["generic_check"])),
        4: rng.choice((["expert_check"], ["expert_check", "correction"], ["expert_check", "question"])),
        5: ["correction", "expert_check", "correction", "expert_check"],
    }[plan.level]

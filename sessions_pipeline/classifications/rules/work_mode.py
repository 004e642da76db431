"""Work mode: the activity that takes the most meaningful work.

Two kinds of evidence, of about equal weight: what was done (each call weighs by the work it stands for, and counts for
the mode that such calls serve) and what was asked (the words of each human turn, weighted by the work that followed it,
because the label follows the work and not the first message). Where little was done, the words decide. Published shares
(Figure 1) break what remains even.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable

from sessions_pipeline.classifications.classifiers import WORK_MODES
from sessions_pipeline.classifications.rules.actions import CODE_WORK, EDITS, searches
from sessions_pipeline.classifications.rules.evidence import Finding, Vote
from sessions_pipeline.classifications.rules.features import ERROR_TEXT, Asked, Features

# Figure 1 of the study, as a prior that decides only between near equals.
PUBLISHED_SHARES = {
    "fix": 0.26,
    "build": 0.25,
    "operate": 0.17,
    "communicate": 0.10,
    "understand": 0.07,
    "plan": 0.07,
    "orchestrate": 0.03,
    "analyze": 0.03,
    "test": 0.02,
}
_PRIOR = 0.1

# Kind of call -> (mode that it serves, the work that it stands for relative to an edit of code).
_SERVES = {
    "edit_code": ("build", 1.0),
    "edit_shell": ("operate", 0.3),
    "edit_test": ("test", 1.0),
    "edit_prose": ("communicate", 1.0),
    "edit_office": ("communicate", 1.0),
    "run_office": ("communicate", 0.5),
    "edit_plan": ("plan", 1.2),
    "plan": ("plan", 1.2),
    "edit_prompt": ("orchestrate", 1.2),
    "edit_infra": ("operate", 0.8),
    "edit_data": ("analyze", 1.0),
    "run_data": ("analyze", 0.7),
    "run_tests": ("test", 0.4),
    "review": ("test", 0.4),
    "deploy": ("operate", 0.8),
    "install": ("operate", 0.8),
    "system_change": ("operate", 0.8),
    "look_system": ("operate", 0.5),
    "service_check": ("operate", 0.3),
    "git_move": ("operate", 0.3),
    "git_commit": ("operate", 0.3),
    "pull_request": ("operate", 0.3),
    "git_look": ("operate", 0.1),
    "run_check": ("build", 0.2),
}
# Where nothing is edited, looking is itself the work, and serves what the words ask for among these.
_LOOKING_MODES = ("understand", "plan", "test", "analyze", "communicate")
_LOOK_WORK = 0.25
# What calls are where nobody touches code or a machine.
_KNOWLEDGE_WORK = {"look_web", "look_file", "list", "ask", "agent", "plan", "other"}
# Programs that are run, and helpers that are sent out, serve whatever is asked for.
_NEUTRAL = ("run_program", "unknown", "agent")
_NEUTRAL_WORK = 0.25
_COMMIT_TYPE = re.compile(
    r"""-\w*m\s+["'$(<a-z\s]*?(feat|add|implement|refactor|perf|style|fix|docs?|tests?|chore|ci|build|bump)\b"""
)
_COMMIT_MODES = {
    "feat": "build",
    "add": "build",
    "implement": "build",
    "refactor": "build",
    "perf": "build",
    "style": "build",
    "fix": "fix",
    "doc": "communicate",
    "docs": "communicate",
    "test": "test",
    "tests": "test",
    "chore": "operate",
    "ci": "operate",
    "build": "operate",
    "bump": "operate",
}


def work_mode(seen: Features) -> Finding:
    """The work mode of a session."""
    asked = _shares(seen, _intents)
    understood = _shares(seen, _taken_up)
    if _away_from_code(seen):
        for shares in (asked, understood):
            shares["communicate"] += shares["understand"]
            shares["understand"] = 0.0
    vote = Vote()
    for mode, share in PUBLISHED_SHARES.items():
        vote.add(mode, "published_share", _PRIOR * share)
    nothing_asked = not any(asked.values())
    for mode, share in asked.items():
        vote.add(mode, f"asked_to_{mode}", share)
    for mode, share in understood.items():
        vote.add(mode, f"agent_set_out_to_{mode}", 0.6 * share)
    done = _done(seen, asked)
    work = sum(done.values())
    # One or two calls say little about what a session was for; ten say it.
    weight = 1.5 * work / (work + 2.0)
    for mode, amount in done.items():
        vote.add(mode, f"work_done_to_{mode}", weight * amount / work if work else 0.0)
    for mode, commits in _committed(seen).items():
        vote.add(mode, f"commit_message_says_{mode}", 0.4 * min(commits, 2))
    if not work and nothing_asked:
        talk = seen.ending != "harness_error" or any(turn.ideas["greeting"] for turn in seen.asked)
        vote.add("communicate" if talk else "operate", "nothing_but_talk" if talk else "nothing_but_api_errors", 0.3)
    if not seen.wrote and not seen.changes_done and seen.ending == "answered":
        # Nothing was changed: a search for a cause without a repair has knowledge as its result.
        vote.add("fix", "nothing_was_repaired", -0.5 * asked["fix"])
        vote.add("understand", "answer_without_change", 0.4 * asked["fix"] + 0.15)
    winner = vote.winner(tuple(PUBLISHED_SHARES))
    return Finding(winner, None, vote.names(winner))


def _away_from_code(seen: Features) -> bool:
    """Nothing was looked at but documents and the web: what is found out so is general knowledge work.

    Searching among files is no sign of code: folders of documents are searched with the same tools.
    """
    read = [kind for call, kind in zip(seen.calls, seen.kinds, strict=True) if not searches(call.name)]
    return "look_web" in read or "look_file" in read if set(read) <= _KNOWLEDGE_WORK else False


def _nothing() -> dict[str, float]:
    return dict.fromkeys(WORK_MODES, 0.0)


def _shares(seen: Features, strengths: Callable[[Asked, bool], dict[str, float]]) -> dict[str, float]:
    """Mode -> share over all requests, by the work that followed each; they sum to 1, or to 0 if none has any.

    strengths: mode -> strength of one request, given whether the session wrote anything.
    """
    shares = _nothing()
    for place, turn in enumerate(seen.tasks):
        found = strengths(turn, seen.wrote)
        total = sum(found.values())
        effort = 1.0 + math.sqrt(len(turn.kinds)) + (0.5 if place == 0 else 0.0)
        for mode, strength in found.items():
            shares[mode] += effort * strength / total if total else 0.0
    whole = sum(shares.values())
    return {mode: amount / whole for mode, amount in shares.items()} if whole else shares


def _taken_up(turn: Asked, wrote: bool) -> dict[str, float]:
    """Mode -> strength of the words in which the agent took one request up."""
    said = {mode: math.sqrt(turn.undertaken.get(mode, 0)) for mode in WORK_MODES}
    # Whatever it does, it begins by looking.
    said["understand"] *= 0.5
    return said


def _intents(turn: Asked, wrote: bool) -> dict[str, float]:
    """Mode -> strength of the words of one turn: the verbs that open its sentences first, then all its words."""
    intents = _nothing()
    if not wrote:
        # Committing and merging deliver the work; they are the work only where nothing else is done.
        intents["operate"] += min(turn.leads["deliver"], 2) + 0.5 * math.sqrt(turn.ideas["deliver"])
    for mode in WORK_MODES:
        # Repeating a word adds less each time.
        said = math.sqrt(turn.ideas.get(mode, 0)) + math.sqrt(turn.document_ideas.get(mode, 0))
        intents[mode] += min(turn.leads.get(mode, 0.0), 2) + 0.4 * said
    if ERROR_TEXT.search(turn.request.pasted):
        intents["fix"] += 1.0
    # The artefact that is named says what kind of work it is.
    intents["communicate"] += 1.0 * min(turn.office_names, 2)
    intents["analyze"] += 0.5 * min(turn.data_names, 2)
    # Words for what is wrong name the task more surely than the things they are wrong with.
    intents["fix"] *= 1.5
    if sum(strength > 0 for strength in intents.values()) > 1:
        # Question words, and orders to read this or that first, accompany every kind of request.
        intents["understand"] *= 0.5
    return intents


def _done(seen: Features, asked: dict[str, float]) -> dict[str, float]:
    """Mode -> work done."""
    done = _nothing()
    for kind, count in seen.counts.items():
        if kind in _SERVES:
            mode, work = _SERVES[kind]
            # Many calls of a kind are often one piece of work.
            done[mode] += work * count**0.75
    if seen.total(CODE_WORK) and not asked["communicate"] and any(asked.values()):
        # Notes kept in a code base serve its work; words for people are written outside of it or on request.
        for mode, share in asked.items():
            done[mode] += done["communicate"] * share
        done["communicate"] = 0.0
    neutral = sum(seen.counts[kind] for kind in _NEUTRAL) ** 0.75
    for mode, share in asked.items():
        done[mode] += _NEUTRAL_WORK * neutral * share
    if not seen.total(EDITS):
        for mode, share in _looked_for(seen, asked).items():
            done[mode] += _LOOK_WORK * seen.looks**0.75 * share
        return _repaired(done, _repair_share(seen, asked))
    # Commands that keep the scaffolding going while files are edited serve the edits.
    done["operate"] *= 0.5
    if seen.counts["edit_code"]:
        # So do notes and tests that are kept up with the code, unless they are what was asked for.
        done["communicate"] *= 0.4 + 0.6 * asked["communicate"]
        done["test"] *= 0.4 + 0.6 * asked["test"]
    for mode in ("analyze", "orchestrate"):
        # There code is the means.
        share = asked[mode] / (asked[mode] + asked["build"] + asked["fix"] + 0.3)
        done[mode] += share * done["build"]
        done["build"] *= 1 - share
    return _repaired(done, _repair_share(seen, asked))


def _repaired(done: dict[str, float], share: float) -> dict[str, float]:
    """`done` with `share` of the changes counted as repair; half of it for tests and settings, which may be new."""
    for mode, part in (("build", share), ("test", 0.5 * share), ("operate", 0.5 * share)):
        done["fix"] += part * done[mode]
        done[mode] *= 1 - part
    return done


def _looked_for(seen: Features, asked: dict[str, float]) -> dict[str, float]:
    """Mode -> share of the looking around that served it, where nothing was edited.

    Looking that came to an answer had knowledge as its result, unless the words ask for a plan, a review or the like.
    Looking that was cut off was on its way to what was asked for.
    """
    served = _nothing()
    for mode, share in asked.items():
        kept = mode in _LOOKING_MODES or seen.ending != "answered"
        served[mode if kept else "understand"] += share
    served["understand"] += 0.1
    whole = sum(served.values())
    return {mode: share / whole for mode, share in served.items()}


def _repair_share(seen: Features, asked: dict[str, float]) -> float:
    """Share of the edits of code that repair something, by what was asked and what the agent says it found."""
    broken = asked["fix"] + 0.15 * min(seen.agent_ideas["cause_found"], 3)
    # Large additions are new work, whatever was broken on the way.
    made = asked["build"] + asked["test"] + 0.2 + min(seen.telemetric("lines_added") / 1_000, 1.0)
    return broken / (broken + made)


def _committed(seen: Features) -> Counter[str]:
    """Mode -> commits whose message names it in the usual form (`feat: …`, `fix …`, `docs: …`)."""
    committed: Counter[str] = Counter()
    for call, kind in zip(seen.calls, seen.kinds, strict=True):
        if kind == "git_commit" and call.ok:
            match = _COMMIT_TYPE.search(call.summary.lower())
            if match:
                committed[_COMMIT_MODES[match.group(1)]] += 1
    return committed

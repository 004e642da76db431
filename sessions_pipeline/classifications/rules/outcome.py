"""Outcome and the two signals.

The signals come first, each as the highest tier that its evidence reaches; the outcome follows from both and from how
the session ended. The final state counts: what went wrong on the way and was made good is a trace and no more.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from sessions_pipeline.classifications.classifiers import SIGNALS
from sessions_pipeline.classifications.rules.actions import CHANGES, CHECKS, EDITS
from sessions_pipeline.classifications.rules.evidence import Finding
from sessions_pipeline.classifications.rules.features import ERROR_TEXT, Asked, Features
from sessions_pipeline.classifications.rules.lexicon import words_in

# Endings after which the agent's last piece of work stands as it meant to leave it.
_CLEAN = ("answered", "waiting")
# An answer shorter than this many words is no artefact by itself.
_ANSWER_WORDS = 15
# A question that holds up the work stands at the end of a reply.
_QUESTION_END = 200
# The tier of success that takes a hard sign.
_HARD = 4
# From this many failed calls in a row on, the agent was going round in circles.
_LOOP = 3
_PUSH = re.compile(r"\bgit\b.*\bpush\b")
# A short turn that follows work and finds fault is about that work; a long one is a new request.
_REACTION_WORDS = 60


@dataclass
class _Tiers:
    """The highest tier reached, and what reached it."""

    tier: int = 0
    hard: int = 0
    names: tuple[tuple[int, str], ...] = ()

    def reach(self, tier: int, name: str, *, hard: bool = False) -> None:
        """Evidence for `tier`; hard evidence is counted apart."""
        self.tier = max(self.tier, tier)
        self.hard += hard
        self.names = (*self.names, (tier, name))

    def finding(self) -> Finding:
        tier = 5 if self.hard >= 2 else self.tier
        names = tuple(name for _, name in sorted(self.names, key=lambda item: (-item[0], item[1])))
        return Finding(SIGNALS[tier], float(tier), names or ("no_evidence",))


@dataclass(frozen=True)
class Reactions:
    """How the person reacted to finished work: counts of turns, and how the last one stands.

    moved_on: turns without objection. results_shown: of these, turns with pasted output that shows no error.
    open_complaint, open_correction: the last reaction, to which the agent did not attend.
    """

    approvals: int
    corrections: int
    complaints: int
    frustrations: int
    moved_on: int
    results_shown: int
    open_complaint: bool
    open_correction: bool
    settled_for_less: bool
    final_approval: bool


def reactions(seen: Features) -> Reactions:
    """Reads each human turn that comes after something was done or said as a reaction to it."""
    turns = seen.asked[0 if seen.preamble.calls or seen.preamble.replies else 1 :]
    found = [_reaction(turn) for turn in turns]
    calm = [turn for turn, reaction in zip(turns, found, strict=True) if reaction in ("approval", "none")]
    last = found[-1] if found else "none"
    answered = bool(turns) and turns[-1].request.answered
    attended = answered and bool(turns[-1].kinds)
    return Reactions(
        approvals=found.count("approval"),
        corrections=found.count("correction"),
        complaints=found.count("complaint") + found.count("rejection"),
        frustrations=found.count("frustration"),
        moved_on=len(calm),
        results_shown=sum(bool(turn.request.pasted) and not ERROR_TEXT.search(turn.request.pasted) for turn in calm),
        # Nothing that the agent says or does mends a rejection.
        open_complaint=last == "rejection" or (last in ("complaint", "frustration") and not attended),
        open_correction=last == "correction" and not answered,
        settled_for_less=any(turn.ideas["settle"] and turn.words <= _REACTION_WORDS for turn in turns),
        final_approval=last == "approval",
    )


def _reaction(turn: Asked) -> str:
    """What a turn says of the work before it: rejection, complaint, frustration, approval, correction or none."""
    ideas = turn.ideas
    about_it = turn.words <= _REACTION_WORDS
    if about_it and ideas["abandon"]:
        return "rejection"
    if about_it and ideas["complaint"]:
        return "complaint"
    if ideas["frustration"] and not ideas["approval"]:
        return "frustration"
    if about_it and ideas["approval"]:
        return "approval"
    return "correction" if about_it and ideas["correction"] else "none"


def success_signal(seen: Features, reacted: Reactions) -> Finding:
    """Strength of the evidence of success."""
    tiers = _Tiers()
    for name in _hard_success(seen, reacted):
        tiers.reach(4, name, hard=True)
    delivered = _delivered(seen)
    if _only_asked_back(seen) or _could_not_begin(seen):
        tiers.reach(1, "work_was_begun")
    elif delivered and seen.ending in _CLEAN:
        tiers.reach(2, "clean_ending")
        if _ran_something(seen):
            tiers.reach(3, "command_completed")
        if reacted.moved_on and not reacted.open_complaint:
            tiers.reach(3, "user_moved_on_without_objection")
    elif delivered:
        tiers.reach(2, "something_was_delivered")
    elif seen.reply_words >= _ANSWER_WORDS:
        tiers.reach(1, "work_was_begun")
    return tiers.finding()


def _hard_success(seen: Features, reacted: Reactions) -> list[str]:
    """Names of the hard signs of success."""
    pushed = any(
        kind == "git_commit" and call.ok and _PUSH.search(call.summary)
        for call, kind in zip(seen.calls, seen.kinds, strict=True)
    )
    tested = seen.telemetry.get("last_test_passed") is True
    signs = {
        "commit_made": seen.telemetric("git_commits") >= 1,
        "several_commits": seen.telemetric("git_commits") >= 2,
        "pull_request_opened": seen.telemetric("pull_requests") >= 1,
        "changes_pushed": pushed,
        "tests_passed_at_end": tested,
        "command_confirmed_result": not tested and seen.last_check is True and seen.closing_ideas["confirmed"] > 0,
        "user_approved": reacted.approvals > 0,
        "user_showed_result": reacted.results_shown > 0,
    }
    return [name for name, holds in signs.items() if holds]


def failure_signal(seen: Features, reacted: Reactions) -> Finding:
    """Strength of the evidence of failure."""
    tiers = _Tiers()
    if seen.errors:
        tiers.reach(1, "errors_on_the_way")
    if seen.longest_error_run >= _LOOP:
        tiers.reach(2, "errors_in_a_row")
    interruptions = max(seen.telemetric("interruptions"), sum(turn.request.interrupted for turn in seen.asked))
    if interruptions:
        often = interruptions > len(seen.asked) / 2 and interruptions > 1
        tiers.reach(3 if often else 2, "user_interrupted")
    if reacted.corrections or reacted.complaints:
        tiers.reach(2, "user_objected_once")
    if seen.agent_ideas["yields"]:
        tiers.reach(2, "agent_conceded_a_mistake")
    if seen.closing_ideas["left_open"] and seen.ending in _CLEAN and not reacted.final_approval:
        tiers.reach(2, "agent_left_a_part_open")
    if reacted.settled_for_less:
        tiers.reach(3, "user_settled_for_less")
    if reacted.corrections + 2 * reacted.complaints >= 3 or reacted.open_correction:
        tiers.reach(3, "user_pushed_back")
    if reacted.frustrations:
        tiers.reach(3, "user_frustrated")
    if reacted.open_complaint:
        tiers.reach(4, "open_complaint", hard=True)
    if seen.closing_ideas["gave_up"] and seen.ending in _CLEAN and not reacted.final_approval:
        tiers.reach(3, "agent_could_not_do_a_part")
    if _only_asked_back(seen):
        tiers.reach(3, "agent_asked_back_without_doing")
    _bad_ending(seen, tiers)
    return tiers.finding()


def _bad_ending(seen: Features, tiers: _Tiers) -> None:
    """The final state, where it is not as the agent meant to leave it."""
    clean = seen.ending in _CLEAN
    if seen.ending == "mid_work":
        tiers.reach(2 if _changed(seen) else 3, "no_closing_words")
    if seen.ending in ("interrupted", "unanswered"):
        tiers.reach(3, "ended_unfinished")
    if seen.ending == "interrupted" and not _changed(seen) and seen.telemetric("interruptions") > 1:
        tiers.reach(4, "stopped_again_and_again", hard=True)
    if seen.ending == "harness_error":
        tiers.reach(4, "ended_in_api_error", hard=True)
    if seen.telemetry.get("last_test_passed") is False and seen.last_check is not True:
        tiers.reach(4, "tests_failed_at_end", hard=True)
    elif seen.last_check is False and seen.last_result is False:
        tiers.reach(3 if clean else 4, "last_command_failed", hard=not clean)


def outcome(seen: Features, reacted: Reactions, success: Finding, failure: Finding) -> Finding:
    """The outcome, by goal, ending and both signals."""
    if _no_goal(seen):
        return Finding("no_clear_goal", None, ("no_request_to_meet",))
    good, bad = float(success.value or 0), float(failure.value or 0)
    if seen.ending == "mid_work" and good < _HARD:
        # Where the words break off, nobody says that it is done.
        label = "partially_succeeded" if _changed(seen) else "failed"
    elif seen.ending == "interrupted" and good < _HARD and not _handed_over(seen):
        label = "failed"
    elif bad <= 2:
        label = "succeeded" if good >= 2 else "failed"
    elif good >= 2 and _delivered(seen):
        # Trouble that was left is a part that was not met; the person's approval at the end overrules it.
        label = "succeeded" if bad == 3 and reacted.final_approval else "partially_succeeded"
    else:
        label = "failed"
    return Finding(label, None, (*failure.evidence[:3], *success.evidence[:3]))


def _handed_over(seen: Features) -> bool:
    """Some request was worked on to its end, so that a part was met before the person stopped the agent.

    Half-made changes are no part: whoever stops the work before anything is handed over has not got what they wanted.
    """
    return any(turn.request.answered and turn.kinds for turn in seen.tasks)


def _no_goal(seen: Features) -> bool:
    """Exploration or talk throughout: no turn asks for anything in particular, and nothing was changed."""
    if _changed(seen):
        return False
    if any(turn.ideas["idle"] for turn in seen.asked):
        return not any(turn.leads[mode] for turn in seen.tasks for mode in ("make", "build", "fix", "operate", "test"))
    return not seen.tasks and not any(turn.kinds for turn in seen.asked)


def _changed(seen: Features) -> bool:
    """Something was edited, or changed by a command."""
    return seen.wrote or seen.changes_done > 0 or seen.telemetric("git_commits") > 0


def _delivered(seen: Features) -> bool:
    """Something came of the session: a change, or an answer to the request that most of the work served."""
    if _changed(seen):
        return True
    main = max(seen.tasks, key=lambda turn: len(turn.kinds), default=None)
    return main is not None and main.request.answered and _is_answer(main)


def _is_answer(turn: Asked) -> bool:
    """In words enough to be an answer, or after looking for it."""
    return bool(turn.kinds) or words_in(turn.request.closing) >= _ANSWER_WORDS


def _ran_something(seen: Features) -> bool:
    """A command came to its end after the last edit."""
    for call, kind in zip(reversed(seen.calls), reversed(seen.kinds), strict=True):
        if call.ok and (kind in CHECKS or kind in CHANGES or kind == "agent"):
            return True
        if kind in EDITS:
            return False
    return False


def _only_asked_back(seen: Features) -> bool:
    """The person asked for a change, and all that came was a question."""
    if _changed(seen) or seen.ending != "answered" or not seen.tasks:
        return False
    last = seen.tasks[-1]
    wanted = any(last.leads[mode] for mode in ("make", "build", "fix", "operate", "test", "communicate"))
    end = last.request.closing[-_QUESTION_END:]
    return wanted and not last.is_question and ("?" in end or "？" in end) and "```" not in last.request.closing


def _could_not_begin(seen: Features) -> bool:
    """The agent says that it cannot, and did nothing."""
    return not seen.calls and seen.closing_ideas["gave_up"] > 0 and not seen.closing_ideas["confirmed"]

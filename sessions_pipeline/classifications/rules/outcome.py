"""Outcome and the two signals.

The signals come first, each as the highest tier that its evidence reaches; the outcome follows from both and from how
the session ended. The final state counts: what went wrong on the way and was made good is a trace and no more.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sessions_pipeline.classifications.classifiers import SIGNALS
from sessions_pipeline.classifications.rules.actions import CHANGES, CHECKS, EDITS, LOOKS
from sessions_pipeline.classifications.rules.evidence import Finding
from sessions_pipeline.classifications.rules.features import ERROR_TEXT, Asked, Features

# Endings after which the agent's last piece of work stands as it meant to leave it.
_CLEAN = ("answered", "waiting")
# An answer shorter than this many words is no artefact by itself.
_ANSWER_WORDS = 15
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
        return Finding(SIGNALS[tier], float(tier), names)


@dataclass(frozen=True)
class Reactions:
    """How the person reacted to finished work.

    approvals: turns with praise. results_shown: output without an error that the person pasted without objection.
    open_complaint, open_correction: nothing better came later.
    """

    approvals: int
    corrections: int
    complaints: int
    frustrations: int
    moved_on: int
    results_shown: int
    open_complaint: bool
    open_correction: bool
    final_approval: bool


def reactions(seen: Features) -> Reactions:
    """Reads each human turn but the first as a reaction to what came before it."""
    approvals = corrections = complaints = frustrations = moved_on = shown = 0
    open_complaint = open_correction = False
    reacting = _after_work(seen)
    for turn in reacting:
        ideas = turn.ideas
        short = turn.words <= _REACTION_WORDS
        frustrated = ideas["frustration"] > 0 and ideas["approval"] == 0
        frustrations += frustrated
        complained = short and ideas["complaint"] > 0
        corrected = short and not complained and ideas["correction"] > 0 and ideas["approval"] == 0
        approved = short and ideas["approval"] > 0 and not complained
        complaints += complained
        corrections += corrected
        approvals += approved
        if not (complained or corrected or frustrated):
            moved_on += 1
            shown += bool(turn.request.pasted) and not ERROR_TEXT.search(turn.request.pasted)
        if approved or not (complained or corrected or frustrated):
            open_complaint = open_correction = False
        open_complaint |= complained or frustrated
        open_correction |= corrected
    final = reacting[-1] if reacting else None
    if final is not None and final.request.answered:
        # The agent dealt with the last objection and nobody objected again.
        open_correction = False
    return Reactions(
        approvals=approvals,
        corrections=corrections,
        complaints=complaints,
        frustrations=frustrations,
        moved_on=moved_on,
        results_shown=shown,
        open_complaint=open_complaint and not (final is not None and final.request.answered and final.request.calls),
        open_correction=open_correction,
        final_approval=final is not None and final.ideas["approval"] > 0 and final.words <= _REACTION_WORDS,
    )


def _after_work(seen: Features) -> Sequence[Asked]:
    """Turns that come after something was done or said."""
    first = 0 if seen.preamble.calls or seen.preamble.replies else 1
    return seen.asked[first:]


def success_signal(seen: Features, reacted: Reactions) -> Finding:
    """Strength of the evidence of success."""
    tiers = _Tiers()
    if seen.telemetric("git_commits"):
        tiers.reach(4, "commit_made", hard=True)
    if seen.telemetric("pull_requests"):
        tiers.reach(4, "pull_request_opened", hard=True)
    if _tests_passed_at_end(seen):
        tiers.reach(4, "tests_passed_at_end", hard=True)
    elif seen.last_check is True and seen.closing_ideas["confirmed"]:
        tiers.reach(4, "command_confirmed_result", hard=True)
    if seen.telemetric("git_commits") >= 2:
        tiers.reach(4, "several_commits", hard=True)
    if any(
        kind == "git_move" and call.ok and _PUSH.search(call.summary)
        for call, kind in zip(seen.calls, seen.kinds, strict=True)
    ):
        tiers.reach(4, "changes_pushed", hard=True)
    if reacted.results_shown:
        tiers.reach(4, "user_showed_result", hard=True)
    if reacted.approvals:
        tiers.reach(4, "user_approved", hard=True)
    clean = seen.ending in _CLEAN
    delivered = _delivered(seen)
    if _asked_back(seen):
        tiers.reach(1, "work_was_begun")
    elif delivered and clean:
        tiers.reach(2, "clean_ending")
        if _ran_something(seen):
            tiers.reach(3, "command_completed")
        if reacted.moved_on and not reacted.open_complaint:
            tiers.reach(3, "user_moved_on_without_objection")
    elif delivered:
        lasting = _finished_before(seen) or seen.edits_done or seen.changes_done
        tiers.reach(2 if lasting else 1, "something_was_delivered")
    elif seen.reply_words >= _ANSWER_WORDS:
        tiers.reach(1, "work_was_begun")
    return tiers.finding()


def failure_signal(seen: Features, reacted: Reactions) -> Finding:
    """Strength of the evidence of failure."""
    tiers = _Tiers()
    clean = seen.ending in _CLEAN
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
    if reacted.corrections + 2 * reacted.complaints >= 3 or reacted.open_correction:
        tiers.reach(3, "user_pushed_back")
    if clean and seen.closing_ideas["gave_up"] and not reacted.final_approval:
        changed = seen.wrote or seen.changes_done
        tiers.reach(2 if changed and not seen.errors else 3, "agent_could_not_do_a_part")
    if _asked_back(seen):
        tiers.reach(3, "agent_asked_back_without_doing")
    if _unfinished(seen):
        tiers.reach(3, "ended_unfinished")
    if seen.ending == "harness_error":
        tiers.reach(4, "ended_in_api_error", hard=True)
    if _tests_failed_at_end(seen):
        tiers.reach(4, "tests_failed_at_end", hard=True)
    elif seen.last_check is False and seen.last_result is False:
        tiers.reach(3 if clean else 4, "last_command_failed", hard=not clean)
    if reacted.open_complaint:
        tiers.reach(4, "open_complaint", hard=True)
    elif reacted.frustrations:
        tiers.reach(3, "user_frustrated")
    return tiers.finding()


def outcome(seen: Features, reacted: Reactions, success: Finding, failure: Finding) -> Finding:
    """The outcome, by goal, ending and both signals."""
    if _no_goal(seen):
        return Finding("no_clear_goal", None, ("no_request_to_meet",))
    good, bad = float(success.value or 0), float(failure.value or 0)
    delivered = _delivered(seen)
    if bad <= 2:
        clean = seen.ending in _CLEAN or (delivered and good >= 2)
        label = "succeeded" if clean else "partially_succeeded" if good >= 2 else "failed"
    elif good >= 2 and delivered:
        # Trouble that was left is a part that was not met; the person's approval at the end overrules it.
        label = "succeeded" if bad == 3 and reacted.final_approval else "partially_succeeded"
    else:
        label = "failed"
    return Finding(label, None, (*failure.evidence[:3], *success.evidence[:3]) or ("thin_evidence",))


def _no_goal(seen: Features) -> bool:
    """Talk throughout: no turn asks for anything, and nothing was changed."""
    if seen.wrote or seen.changes_done:
        return False
    return not seen.tasks and not any(turn.kinds for turn in seen.asked)


def _delivered(seen: Features) -> bool:
    """Something came of the session: an edit, a change outside, or an answer."""
    return seen.wrote or seen.changes_done > 0 or seen.telemetric("git_commits") > 0 or _answered_at_all(seen)


def _answered_at_all(seen: Features) -> bool:
    return any(
        len(turn.request.closing.split()) >= _ANSWER_WORDS for turn in seen.asked if turn.request.answered
    ) or any(turn.request.answered and turn.request.calls for turn in seen.asked)


def _asked_back(seen: Features) -> bool:
    """The person asked for a change, and all that came was a question."""
    if seen.wrote or seen.changes_done or seen.ending != "answered" or not seen.tasks:
        return False
    last = seen.tasks[-1]
    wanted = any(last.leads[mode] for mode in ("build", "fix", "operate", "test", "communicate"))
    return (
        wanted
        and not last.is_question
        and last.request.closing.rstrip(" *_`")[-1:] in ("?", "？")
        and "```" not in (last.request.closing)
    )


def _finished_before(seen: Features) -> bool:
    """An earlier request was answered."""
    return any(turn.request.answered for turn in seen.asked[:-1])


def _ran_something(seen: Features) -> bool:
    """A command came to its end, or a result was looked at after the last edit."""
    for call, kind in zip(reversed(seen.calls), reversed(seen.kinds), strict=True):
        if call.ok and (kind in CHECKS or kind in CHANGES or kind == "agent"):
            return True
        if call.ok and kind in LOOKS:
            return True
        if kind in EDITS:
            return False
    return False


def _unfinished(seen: Features) -> bool:
    """The last piece of work was stopped, or broke off, before it was done."""
    if seen.ending in ("interrupted", "unanswered"):
        return True
    return seen.ending == "mid_work" and not seen.edits_done and not seen.changes_done


def _tests_passed_at_end(seen: Features) -> bool:
    return seen.telemetry.get("last_test_passed") is True


def _tests_failed_at_end(seen: Features) -> bool:
    return seen.telemetry.get("last_test_passed") is False and seen.last_check is not True

"""Expertise: the command of the task that shows in the person's own words.

Three signals of equal weight, each between -2 and +2 and 0 where it is silent: how specific the set-up is, what kind of
checking is asked for, and who corrects whom. Their sum is spread so that levels vary about as much as in the study
(standard deviation 0.97 by Table A2), around 3. Names that stood on the screen before do not count, nor does pasted
output, nor the words of the agent, except where it sets the person right or yields. A specification that the person
hands over counts a little: they may not have written it, but they chose it.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable

from sessions_pipeline.classifications.rules.evidence import Finding, Scale, saturating
from sessions_pipeline.classifications.rules.features import Asked, Features

_LIMIT = 2.0
_SPREAD = 0.65
# Fewer own words than this, over all requests, point nowhere unless they name something.
_THIN_WORDS = 5
# A request of this many words has had room to say what exactly is wanted.
_FULL_WORDS = 40.0


def expertise(seen: Features) -> Finding:
    """Level from the whole session."""
    turns = seen.tasks
    if _thin(turns):
        return Finding("unclear", None, ("too_few_own_words",))
    return _level(_set_up(turns), _checking(turns), _corrections(seen))


def expertise_of_opening(opening: Asked) -> Finding:
    """Level from the first human prompt alone; nobody has corrected anybody yet."""
    if _thin([] if opening.is_talk else [opening]):
        return Finding("unclear", None, ("too_few_own_words",))
    return _level(_set_up([opening]), _checking([opening]), Scale())


def _thin(turns: list[Asked]) -> bool:
    words = sum(turn.words for turn in turns)
    named = sum(turn.new_names + turn.ideas["structure"] for turn in turns)
    handed_over = any(turn.request.document for turn in turns)
    return words < _THIN_WORDS and not (named and words > 1) and not handed_over


def _level(*signals: Scale) -> Finding:
    total = sum(max(-_LIMIT, min(_LIMIT, signal.total)) for signal in signals)
    level = max(1, min(5, math.floor(3.5 + _SPREAD * total)))
    weights = Scale()
    for signal in signals:
        for name, weight in signal.weights.items():
            weights.add(name, weight)
    return Finding(str(level), float(level), weights.names or ("no_sign_either_way",))


def _set_up(turns: list[Asked]) -> Scale:
    """How specific the set-up is.

    Precision (what exactly, under which constraints, in exact words) lifts a generic request to the middle of the scale
    and not beyond; what lies beyond is knowledge of how things behave, and of method.
    """
    scale = Scale()
    ideas = _together(turn.ideas for turn in turns)
    words = sum(turn.words for turn in turns)
    scale.add("generic_framing", -1.0)
    scale.add("says_much_at_once", 0.5 * saturating(max(turn.words for turn in turns), _FULL_WORDS))
    scale.add("exact_vocabulary", 0.7 * saturating(max(turn.long_words for turn in turns), 6))
    scale.add("names_not_on_screen", 0.6 * saturating(sum(turn.new_names for turn in turns), 3))
    scale.add("states_constraints", 0.7 * saturating(ideas["constraint"], 2))
    scale.add("gives_reasons", 0.4 * saturating(ideas["reason"], 2))
    scale.add("speaks_of_method", 0.5 * saturating(ideas["plan"] + ideas["test"], 3))
    scale.add("structural_knowledge", 2.0 * saturating(ideas["structure"], 2))
    handed_over = _together(turn.document_ideas for turn in turns)
    scale.add("hands_over_a_specification", 0.8 * any(turn.request.document for turn in turns))
    scale.add("specification_shows_structure", 0.6 * saturating(handed_over["structure"], 1))
    # In a long text a few helpless phrases say little.
    scale.add("asks_for_the_basics", -1.2 * saturating(ideas["novice"], 1) * min(1.0, 2 * _FULL_WORDS / (words + 1)))
    plain = sum(turn.is_question and not turn.ideas["structure"] and turn.words < _FULL_WORDS for turn in turns)
    scale.add("plain_questions", -0.4 * plain / len(turns))
    return scale


def _together(counts: Iterable[Counter[str]]) -> Counter[str]:
    """The sum of `counts`; adding them with `+` makes a new one for each."""
    total: Counter[str] = Counter()
    for count in counts:
        total.update(count)
    return total


def _checking(turns: list[Asked]) -> Scale:
    """What kind of checking is asked for."""
    scale = Scale()
    pointed = sum(turn.ideas["check"] > 0 and _is_pointed(turn) for turn in turns)
    general = sum(turn.ideas["check"] > 0 and not _is_pointed(turn) for turn in turns)
    questions = sum(turn.is_question and turn.ideas["structure"] > 0 for turn in turns)
    scale.add("pointed_check", 1.6 * saturating(pointed, 1))
    scale.add("question_about_a_mechanism", 1.2 * saturating(questions, 1))
    if not pointed and not questions:
        scale.add("only_general_checks" if general else "no_checks", -0.4)
    return scale


def _is_pointed(turn: Asked) -> bool:
    """The check is about something that the person names or knows the inside of."""
    about = turn.new_names + turn.screen_names + turn.ideas["structure"] + turn.ideas["test"]
    return about > 0 and turn.words > 2 * _THIN_WORDS


def _corrections(seen: Features) -> Scale:
    """Who corrects whom. A bare complaint is no correction: it says that something is wrong, not what is right."""
    scale = Scale()
    catches = 0.0
    for turn in seen.asked[1:]:
        corrects = turn.ideas["correction"] > 0
        substance = turn.ideas["reason"] + turn.ideas["structure"] + turn.new_names
        if corrects and substance and turn.words >= _THIN_WORDS:
            catches += 1
    yields = min(seen.agent_ideas["yields"], len(seen.asked) - 1)
    scale.add("user_corrected_agent", 1.4 * saturating(catches, 1.5))
    scale.add("agent_yielded", 1.0 * saturating(yields, 1))
    scale.add("agent_corrected_user", -1.6 * saturating(seen.agent_ideas["corrects_user"], 1))
    return scale

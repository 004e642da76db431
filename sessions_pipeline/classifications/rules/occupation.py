"""Occupations: what the person does for a living, and whose work the session's work is.

The user's occupation is read from side signs only: words of the trade in what the person says of themselves, in names
of folders and files, and in context files; for software, signs of a team and its customs. Writing code is none.
The task's occupation follows the work: what is done decides, and topic words only where the work is not software.
"""

from __future__ import annotations

import re
from collections import Counter

import re2

from sessions_pipeline.classifications.classifiers import SOC_MAJOR_GROUPS
from sessions_pipeline.classifications.rules.evidence import Finding, Vote, saturating
from sessions_pipeline.classifications.rules.features import Features
from sessions_pipeline.classifications.rules.lexicon import Lexicon
from sessions_pipeline.classifications.rules.professions import FIRST_PERSON, PROFESSIONS

SOFTWARE = "15"
_SELF = next(iter(FIRST_PERSON))
# Words in which people speak of themselves are looked for in the same pass as those of the trades.
TRADES = Lexicon(PROFESSIONS | FIRST_PERSON)
# One specific sign is enough; evidence that weighs less than this is none.
_SPECIFIC = 0.5
# Ticket numbers (ABC-123); names of standards and models look like them.
_TICKET = re.compile(
    r"\b(?!(?:UTF|SHA|ISO|RFC|GPT|AES|MD|CVE|PEP|ES|HTTP|IEEE|ANSI|RSA|CP|UTC|GMT|USB|COVID|TLS|X|V|FIPS|ECMA)-)[A-Z]{2,8}-\d{1,5}\b"
)
_BRANCH = re.compile(r"\b(?:feat|feature|fix|bugfix|hotfix|release|chore)/[\w.-]+\b|\b[a-z]{2,12}/[a-z]{2,6}-\d{2,5}\b")
# Where RE2 does not find these, at the speed of memory, there is no ticket or branch. What is outside ASCII may be a
# letter or digit to `re`, but not to RE2.
_TICKET_HINT = re2.compile(r"[A-Z]{2}-(?:\d|[^\x00-\x7f])")
_BRANCH_HINT = re2.compile(
    r"\b(?:feat|feature|fix|bugfix|hotfix|release|chore)/[\w.-]*(?:\w|[^\x00-\x7f])"
    r"|[a-z]{2}/[a-z]{2,6}-(?:\d|[^\x00-\x7f])"
)
_TEAM_FILE = re2.compile(
    r"(?:^|/)(?:CODEOWNERS|CONTRIBUTING\.md|\.github/pull_request_template|packages/|services/|apps/)"
)
_SENTENCE = re.compile(r"[^.!?。！？\n]+")


def user_occupation(seen: Features) -> Finding:
    """The person's likely profession, or unclear."""
    vote = Vote()
    own = "\n".join(turn.request.own for turn in seen.asked)
    said, around = TRADES.count(own), TRADES.count(seen.surroundings)
    for sentence in _SENTENCE.findall(own) if said[_SELF] else ():
        groups = TRADES.count(sentence)
        if groups.pop(_SELF, 0):
            for group in groups:
                vote.add(group, "speaks_of_own_profession", 1.5)
    for counts in (said, around):
        del counts[_SELF]
    for group, count in said.items():
        vote.add(group, "words_of_the_trade", 1.2 * saturating(count, 2.0 if group == SOFTWARE else 3.0))
    for group, count in around.items():
        if group != SOFTWARE:
            # What lies around in a project is about its subject as often as about its owner.
            vote.add(group, "trade_in_files_and_folders", 1.2 * saturating(count, 4.0))
    _software_signs(seen, vote)
    order = (SOFTWARE, *(group for group in SOC_MAJOR_GROUPS if group != SOFTWARE))
    winner = vote.winner(order)
    if vote.totals()[winner] < _SPECIFIC:
        return Finding("unclear", None, ("no_specific_sign",))
    return Finding(winner, None, vote.names(winner))


def _software_signs(seen: Features, vote: Vote) -> None:
    """Customs of people who make software with others for a living."""
    own = "\n".join(turn.request.own for turn in seen.asked)
    if _TICKET_HINT.search(own) and _TICKET.search(own):
        vote.add(SOFTWARE, "ticket_number", 0.8)
    if seen.counts["review"] or seen.telemetric("pull_requests"):
        vote.add(SOFTWARE, "pull_requests_reviewed_or_opened", 0.7)
    if any(_BRANCH_HINT.search(text) and _BRANCH.search(text) for text in (seen.surroundings, own)):
        vote.add(SOFTWARE, "branch_naming_convention", 0.4)
    if _TEAM_FILE.search(seen.surroundings):
        vote.add(SOFTWARE, "layout_of_a_shared_code_base", 0.3)
    if seen.telemetric("test_runs") or seen.counts["run_tests"] or seen.counts["edit_test"]:
        vote.add(SOFTWARE, "keeps_tests", 0.3)
    delivered = sum(turn.ideas["deliver"] for turn in seen.asked)
    vote.add(SOFTWARE, "talks_in_commits_and_branches", 0.5 * saturating(delivered, 2.0))
    inside = sum(turn.ideas["structure"] for turn in seen.asked)
    vote.add(SOFTWARE, "talks_of_software_structure", 0.6 * saturating(inside, 2.0))


def task_occupation(seen: Features, mode: str) -> Finding:
    """The major group whose workers would typically do this work; mode: the session's work mode."""
    vote = Vote()
    vote.add(SOFTWARE, "software_work", 1.0)
    software = sum(seen.counts[kind] for kind in ("edit_code", "edit_test", "edit_infra", "run_tests", "run_check"))
    vote.add(SOFTWARE, "code_was_changed_or_run", 1.0 * saturating(software, 2.0))
    by_topic = mode in ("communicate", "analyze") or (mode in ("plan", "understand") and not software)
    topics: Counter[str] = _topics(seen) if by_topic else Counter()
    topic = max(SOC_MAJOR_GROUPS, key=lambda group: topics[group])
    if mode == "communicate":
        asked = sum(turn.ideas["communicate"] + turn.office_names > 0 for turn in seen.tasks)
        vote.add("27", "writing", 1.8 * saturating(asked, 0.5))
        vote.add("43", "office_files", 0.6 * saturating(seen.counts["edit_office"] + seen.counts["run_office"], 3.0))
        vote.add(topic, "topic_of_the_writing", 1.2 * saturating(topics[topic], 2.0))
    elif mode == "analyze":
        science = topics["19"] + 0.5 * TRADES.count(seen.surroundings)["19"]
        vote.add("19", "scientific_analysis", 2.2 * saturating(science, 1.5))
        vote.add("13", "business_analysis", 1.8 * saturating(topics["13"], 2.0))
        vote.add(topic, "topic_of_the_analysis", 1.0 * saturating(topics[topic], 3.0))
    elif by_topic:
        vote.add(topic, "topic_of_the_questions", 1.8 * saturating(topics[topic], 2.0))
    winner = vote.winner((SOFTWARE, *(group for group in SOC_MAJOR_GROUPS if group != SOFTWARE)))
    return Finding(winner, None, vote.names(winner))


def _topics(seen: Features) -> Counter[str]:
    """Group -> words of its trade in what was asked for; software is no topic."""
    topics = TRADES.count("\n".join(f"{turn.request.own}\n{turn.request.document[:600]}" for turn in seen.asked))
    topics[SOFTWARE] = 0
    return topics

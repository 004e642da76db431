"""The embedded judge: answers every classifier from the facts of one session. No model, no network, no cost."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache, cached_property, partial
from importlib import resources
from itertools import chain

from sessions_pipeline.classifications.backend import TELEMETRY_READ, Answer, SessionToLabel
from sessions_pipeline.classifications.classifiers import Classifier
from sessions_pipeline.classifications.rules import outcome as outcomes
from sessions_pipeline.classifications.rules.codebase import codebase_context
from sessions_pipeline.classifications.rules.decisions import decisions
from sessions_pipeline.classifications.rules.evidence import Finding
from sessions_pipeline.classifications.rules.expertise import expertise, expertise_of_opening
from sessions_pipeline.classifications.rules.features import Features, features, opening_features
from sessions_pipeline.classifications.rules.occupation import task_occupation, user_occupation
from sessions_pipeline.classifications.rules.value import task_value
from sessions_pipeline.classifications.rules.work_mode import work_mode
from sessions_pipeline.sessions.processes import workers

# One process judges some 250 sessions a second, and others need a second or two to start.
_PARALLEL_SESSIONS = 1_000
_IN_TASK = 20


class Case:
    """One session before the judge: what several facets share is worked out once, and only if asked for."""

    def __init__(self, session: SessionToLabel) -> None:
        self.session = session

    @cached_property
    def seen(self) -> Features:
        return features(self.session)

    @cached_property
    def mode(self) -> Finding:
        return work_mode(self.seen)

    @cached_property
    def reacted(self) -> outcomes.Reactions:
        return outcomes.reactions(self.seen)

    @cached_property
    def success(self) -> Finding:
        return outcomes.success_signal(self.seen, self.reacted)

    @cached_property
    def failure(self) -> Finding:
        return outcomes.failure_signal(self.seen, self.reacted)


FACETS: Mapping[str, Callable[[Case], Finding]] = {
    "work_mode": lambda case: case.mode,
    "expertise": lambda case: expertise(case.seen),
    "expertise_opening": lambda case: expertise_of_opening(opening_features(case.session.opening)),
    "user_occupation": lambda case: user_occupation(case.seen),
    "task_occupation": lambda case: task_occupation(case.seen, case.mode.label),
    "outcome": lambda case: outcomes.outcome(case.seen, case.reacted, case.success, case.failure),
    "success_signal": lambda case: case.success,
    "failure_signal": lambda case: case.failure,
    "decisions": lambda case: decisions(case.seen),
    "codebase_context": lambda case: codebase_context(case.seen),
    "task_value": lambda case: task_value(case.seen, case.mode.label),
}


@cache
def version() -> str:
    """`rules-` and the start of a digest of this package's source: a changed rule is another version."""
    digest = hashlib.sha256()
    files = (file for file in resources.files(__package__).iterdir() if file.name.endswith(".py"))
    for file in sorted(files, key=lambda file: file.name):
        digest.update(file.name.encode() + b"\0" + file.read_bytes().replace(b"\r\n", b"\n") + b"\0")
    return f"rules-{digest.hexdigest()[:12]}"


class RulesBackend:
    """The default backend. Deterministic: the same session gets the same labels."""

    name = "rules"

    def model(self, classifier: Classifier) -> str:
        """Version of the rules; one for all classifiers, as they share their reading of a session."""
        return version()

    def prompt_sha256(self, classifier: Classifier) -> str:
        """The classifier's own digest: a cut transcript has another digest itself."""
        return classifier.sha256

    def classify(self, sessions: Sequence[SessionToLabel], classifiers: Iterable[Classifier]) -> Iterator[Answer]:
        """One answer for each session and classifier, session by session.

        Raises KeyError for a classifier that there is no rule for.
        """
        facets = tuple({classifier.name: FACETS[classifier.name] for classifier in classifiers})
        tasks = [sessions[start : start + _IN_TASK] for start in range(0, len(sessions), _IN_TASK)]
        with workers(worth_it=len(sessions) > _PARALLEL_SESSIONS) as each:
            found = each(partial(_judged, facets), ([_as_read(session) for session in task] for task in tasks))
            for session, findings in zip(sessions, chain.from_iterable(found), strict=True):
                for name, (label, value, evidence) in zip(facets, findings, strict=True):
                    yield Answer(session.session_id, name, label, value, evidence=evidence)


def _as_read(session: SessionToLabel) -> SessionToLabel:
    """`session` with the telemetry that the rules read, and no more to carry to another process."""
    telemetry = {column: session.telemetry.get(column) for column in TELEMETRY_READ["rules"]}
    return replace(session, telemetry=telemetry)


def _judged(facets: Sequence[str], sessions: Sequence[SessionToLabel]) -> list[list[Finding]]:
    """For each of `sessions`, what is found of each of `facets`."""
    return [[FACETS[name](case) for name in facets] for case in map(Case, sessions)]

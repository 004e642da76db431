"""The backend: which requests a session still needs, sent one way or the other, and the labels that come of them."""

from __future__ import annotations

import datetime as dt
import hashlib
import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from sessions_pipeline.classifications.backend import Answer, LabellingStoppedError, SessionToLabel
from sessions_pipeline.classifications.classifiers import CLASSIFIERS, Classifier
from sessions_pipeline.classifications.claude import messages
from sessions_pipeline.classifications.claude.batches import Batches, Pace, ToSend, chunks
from sessions_pipeline.classifications.claude.budget import Budget, unpriced, worst_case
from sessions_pipeline.classifications.claude.calibration import calibration_text
from sessions_pipeline.classifications.claude.client import MaybeDoneError, check_models, explained, make_client
from sessions_pipeline.classifications.claude.prompts import Ask, pricing, prompt_sha256, question
from sessions_pipeline.classifications.claude.results import ask_again
from sessions_pipeline.classifications.claude.store import UNKNOWN, Attempt, Key, Request, Result, Store
from sessions_pipeline.config import Settings
from sessions_pipeline.progress import reporter

if TYPE_CHECKING:
    from anthropic import Anthropic

LOG = logging.getLogger(__name__)
STOPPED_BY_BUDGET = (
    "stopped before the next request, which could have cost more than the {limit:.2f} US dollars of --max-cost "
    "(max_cost_usd) allow; {spent:.4f} spent. What was answered is kept: run again with more to go on."
)


# Failures in a row after which it is the API that is in trouble, and not a request.
MOST_FAILURES = 5


class Case:
    """A session and the classifiers that are to be answered for it. Its requests are made once: their digests cost."""

    def __init__(self, session: SessionToLabel, classifiers: Sequence[Classifier]) -> None:
        self.session = session
        self.classifiers = classifiers
        self._asks: dict[tuple[str, str | None], Ask] = {}

    def ask(self, classifier: Classifier, posting: str | None, make: Callable[[], Ask]) -> Ask:
        """The request for `classifier`, made by `make` at the first time. posting: of the second step of task value."""
        key = (classifier.name, posting)
        if key not in self._asks:
            self._asks[key] = make()
        return self._asks[key]

    @property
    def month(self) -> dt.date:
        """The session's month."""
        found = self.session.telemetry["month"]
        assert isinstance(found, dt.date)
        return found


@dataclass
class History:
    """All attempts at the asks of one run, as the store has them, kept up to date as answers come.

    started: when the run began, seconds since 1970.
    """

    started: float
    attempts: dict[str, list[Attempt]] = field(default_factory=dict)

    def of(self, ask: Ask) -> list[Attempt]:
        """Attempts at `ask`, first one first."""
        return self.attempts.get(ask.name, [])

    def last(self, ask: Ask) -> Result | None:
        """How `ask` ended so far."""
        found = self.of(ask)
        return found[-1].result if found else None

    def wants(self, ask: Ask) -> bool:
        """Whether `ask` is to be sent now."""
        return ask_again(self.of(ask), self.started)

    def key(self, ask: Ask) -> Key:
        """The key of the next attempt."""
        found = self.of(ask)
        return Key(ask.name, found[-1].number + 1 if found else 1)

    def add(self, key: Key, month: dt.date, result: Result) -> None:
        """Takes note of an answer."""
        self.attempts.setdefault(key.ask, []).append(Attempt(key.attempt, month, time.time(), None, result))


class ClaudeBackend:
    """A judge that is asked over the network and never paid twice.

    private: the state folder's private folder, where the store lies. spent_since: the limit on costs counts what was
    sent from this moment on (seconds since 1970); default: the making of this object.
    reading: 2 for a judge who is asked the same a second time; the answers are stored, and paid, beside the first.
    """

    name = "claude"

    def __init__(
        self,
        settings: Settings,
        private: Path,
        spent_since: float | None = None,
        pace: Pace | None = None,
        reading: int = 1,
    ) -> None:
        self.settings = settings
        self.reading = reading
        self.store = Store(private)
        self.started = time.time()
        self.pace = pace or Pace()
        self.calibration = calibration_text(settings.calibration)
        self.spent_since = self.started if spent_since is None else spent_since
        self.budget = Budget(settings.max_cost_usd, self.store.spent_since(self.spent_since))
        self._prompts = {
            name: prompt_sha256(classifier, settings.turn_chars, settings.transcript_chars, self.calibration)
            for name, classifier in CLASSIFIERS.items()
        }
        self._client: Anthropic | None = None
        self._checked = False
        self._failures = 0
        self._charged: set[str] = set()

    def model(self, classifier: Classifier) -> str:
        """The model, or both of them for a classifier in two steps."""
        if classifier.kind == "price":
            return f"{self.settings.posting_model}+{self.settings.pricing_model}"
        return self.settings.judge_model

    def prompt_sha256(self, classifier: Classifier) -> str:
        """Digest of all that is asked, window and calibration postings included, and of a later reading."""
        digest = self._prompts[classifier.name]
        return digest if self.reading == 1 else hashlib.sha256(f"{digest} {self.reading}".encode()).hexdigest()

    def first_ask(self, session: SessionToLabel, classifier: Classifier) -> Ask:
        """The request for `classifier`, or the first of two."""
        model = self.settings.posting_model if classifier.kind == "price" else self.settings.judge_model
        return replace(question(classifier, session, model), reading=self.reading)

    def price_ask(self, classifier: Classifier, posting: str) -> Ask:
        """The second request for a classifier in two steps."""
        ask = pricing(classifier, posting, self.calibration, self.settings.pricing_model)
        return replace(ask, reading=self.reading)

    def classify(self, sessions: Sequence[SessionToLabel], classifiers: Iterable[Classifier]) -> Iterator[Answer]:
        """One answer for each session and classifier that could be had; those that were paid before cost nothing.

        Raises LabellingStoppedError at the end if the API, the models or the budget kept the rest from being asked.
        """
        asked = list(classifiers)
        cases = [Case(session, asked) for session in sessions]
        stopped: LabellingStoppedError | None = None
        with self.store.exclusively():
            history = History(self.started)
            try:
                self._work(cases, history)
            except LabellingStoppedError as error:
                stopped = error
            self._reload(cases, history)
        for case in cases:
            yield from self._answers(case, history)
        if stopped:
            raise stopped

    def _work(self, cases: Sequence[Case], history: History) -> None:
        import httpx2
        from anthropic import APIError

        try:
            if self.store.open_batches():
                self._batches().collect()
            if lost := self.store.end_interrupted(time.time()):
                LOG.warning(
                    "%d direct requests were under way when an earlier run was killed; they are asked again, and the "
                    "API may bill them twice",
                    lost,
                )
            self._reload(cases, history)
            if not any(self._wanted(case, history) for case in cases):
                return
            self._check()
            if self.settings.api_mode == "batch":
                self._in_batches(cases, history)
            else:
                self._directly(cases, history)
        except APIError as error:
            raise LabellingStoppedError(explained(error)) from None
        except MaybeDoneError:
            raise LabellingStoppedError("the API failed again and again to create a batch. Run again later.") from None
        except httpx2.HTTPError:
            raise LabellingStoppedError("the connection broke. Run again: what was answered is kept.") from None

    def _check(self) -> None:
        """Makes sure, before anything is sent, that the models are there and have a price."""
        if self._checked:
            return
        settings = self.settings
        models = {settings.judge_model, settings.posting_model, settings.pricing_model}
        if problems := [problem for model in sorted(models) if (problem := unpriced(model))]:
            raise LabellingStoppedError("; ".join(problems) + ". Nothing was sent. Set another model.")
        check_models(self._api(), models, settings.api_mode == "batch")
        self._checked = True

    def _api(self) -> Anthropic:
        if self._client is None:
            self._client = make_client()
        return self._client

    def _batches(self) -> Batches:
        return Batches(self._api(), self.store, self.pace, self.spent_since, lambda usd: self.budget.settle(0.0, usd))

    def _asks(self, case: Case, history: History) -> Iterator[tuple[Classifier, Ask]]:
        """The requests of a case as far as they are known: the second step of task value follows from the first."""
        for classifier in case.classifiers:
            ask = case.ask(classifier, None, partial(self.first_ask, case.session, classifier))
            yield classifier, ask
            if classifier.kind == "price" and (found := history.last(ask)) and (posting := found.posting):
                price = partial(self.price_ask, classifier, posting)
                yield classifier, case.ask(classifier, posting, price)

    def _wanted(self, case: Case, history: History) -> list[Ask]:
        return [ask for _, ask in self._asks(case, history) if history.wants(ask)]

    def _reload(self, cases: Sequence[Case], history: History) -> None:
        """Reads what the store knows of the cases' asks; twice, because pricing is known only after the posting."""
        for _ in range(2):
            names = {ask.name for case in cases for _, ask in self._asks(case, history)}
            history.attempts = self.store.answered(names)

    def _in_batches(self, cases: Sequence[Case], history: History) -> None:
        batches = self._batches()
        looked = False
        report = reporter(f"labelling {cases[0].month:%Y-%m} in batches", "requests")
        answered = 0
        while requests := self._to_send(cases, history):
            if not looked:
                looked = True
                batches.look_around(len(chunk) for chunk in chunks(requests))
            if batches.adopt((item.ask for item in requests), cases[0].month):
                self._reload(cases, history)
                continue
            affordable, reserved = self._affordable(requests)
            for chunk in chunks(affordable):
                batches.send(chunk)
            report(answered, answered + len(affordable))
            batches.collect()
            self.budget.settle(reserved, 0.0)
            self._reload(cases, history)
            answered += len(affordable)
            report(answered, answered)
            if not affordable:
                raise self._over_budget()

    def _to_send(self, cases: Sequence[Case], history: History) -> list[ToSend]:
        """What is wanted now, a session's requests side by side; what two sessions ask alike goes once."""
        found: dict[str, ToSend] = {}
        for case in cases:
            for ask in self._wanted(case, history):
                if ask.name not in found:
                    found[ask.name] = ToSend(ask, Request(history.key(ask), ask.model, case.month))
        return list(found.values())

    def _affordable(self, requests: Sequence[ToSend]) -> tuple[list[ToSend], float]:
        """The requests up to the first that could exceed the budget, and what is set aside for them."""
        taken, reserved = [], 0.0
        for item in requests:
            worst = worst_case(item.ask, batch=True)
            if not self.budget.reserve(worst):
                break
            taken.append(item)
            reserved += worst
        return taken, reserved

    def _directly(self, cases: Sequence[Case], history: History) -> None:
        """Sessions side by side, the requests of one after another, so that each finds the prefix in the cache."""
        stop, lock = threading.Event(), threading.Lock()
        sending: set[str] = set()

        def work(case: Case) -> None:
            while not stop.is_set():
                with lock:
                    # The same text in another session: whoever comes first asks. What is no longer being sent has its
                    # answer in the history, so both are looked at under the lock.
                    wanted = [ask for ask in self._wanted(case, history) if ask.name not in sending]
                    sending.update(ask.name for ask in wanted)
                if not wanted:
                    return
                shared = Counter(ask.shared() for ask in wanted)
                for ask in wanted:
                    if stop.is_set():
                        return
                    # The calibration postings are the same for every session.
                    marked = shared[ask.shared()] > 1 or ask.step == "task_value"
                    try:
                        self._send_directly(ask, case.month, history, marked=marked)
                    except BaseException:
                        stop.set()
                        raise
                with lock:
                    sending.difference_update(ask.name for ask in wanted)

        with ThreadPoolExecutor(self.settings.direct_requests) as pool:
            report = reporter(f"labelling {cases[0].month:%Y-%m}", "sessions")
            futures = [pool.submit(work, case) for case in cases]
            try:
                for done, future in enumerate(futures, start=1):
                    future.result()
                    report(done, len(futures))
            except BaseException:
                stop.set()
                raise

    def _send_directly(self, ask: Ask, month: dt.date, history: History, *, marked: bool) -> None:
        worst = worst_case(ask, batch=False)
        if not self.budget.reserve(worst):
            raise self._over_budget()
        key, paid = history.key(ask), 0.0
        try:
            request = Request(key, ask.model, month, worst)
            result = messages.send(self._api(), self.store, ask, request, marked=marked)
            # A lost answer may have been billed.
            paid = worst if result.status == UNKNOWN else result.cost_usd
        finally:
            self.budget.settle(worst, paid)
        history.add(key, month, result)
        self._failures = self._failures + 1 if result.retry == "later" else 0
        if self._failures >= MOST_FAILURES:
            raise LabellingStoppedError(f"the API failed at {MOST_FAILURES} requests in a row. Run again later.")

    def _over_budget(self) -> LabellingStoppedError:
        assert self.budget.limit is not None
        return LabellingStoppedError(STOPPED_BY_BUDGET.format(limit=self.budget.limit, spent=self.budget.spent))

    def _answers(self, case: Case, history: History) -> Iterator[Answer]:
        """Answers to the classifiers whose requests came to an end; those that were never sent have none."""
        steps: dict[str, list[Ask]] = {}
        for classifier, ask in self._asks(case, history):
            steps.setdefault(classifier.name, []).append(ask)
        for name, asks in steps.items():
            # What sessions of two months ask alike is a cost of the month that asked first.
            attempts = [
                attempt
                for ask in asks
                if ask.name not in self._charged
                for attempt in history.of(ask)
                if attempt.month == case.month
            ]
            self._charged.update(ask.name for ask in asks)
            # Without an attempt it was never asked: the run stopped before. A posting waits for its price.
            if last := history.of(asks[-1]):
                yield _answer(case.session.session_id, CLASSIFIERS[name], last[-1], attempts)


def _answer(session_id: str, classifier: Classifier, last: Attempt, attempts: Sequence[Attempt]) -> Answer:
    """The answer that `last` gives, at the cost of all `attempts`."""
    result, billed = last.result, [attempt.result for attempt in attempts]
    return Answer(
        session_id=session_id,
        classifier=classifier.name,
        label=result.label,
        value=result.value,
        status="error" if result.status == UNKNOWN else result.status,
        reason=result.reason,
        input_tokens=sum(each.input_tokens for each in billed),
        output_tokens=sum(each.output_tokens for each in billed),
        cache_write_tokens=sum(each.cache_write_tokens for each in billed),
        cache_read_tokens=sum(each.cache_read_tokens for each in billed),
        cost_usd=sum(each.cost_usd for each in billed),
        batch_id=last.batch_id,
    )

"""Message Batches: half the price, up to a day, and each request paid once whenever this process is killed.

The API knows no idempotency key and shows the `custom_id`s of a batch only in its results. So:

1. Before a batch is created, its requests are written down. Their ids follow from what is asked.
2. Creating is never repeated blindly. If it is not known whether it succeeded (a lost connection, a kill), the API's
   list is searched for a batch that is not known here and holds as many requests; whether it is this one is read off
   its results. Only if none turns up within `settle_seconds` (a request that was under way when its process died may
   still arrive) does the batch count as never created.
3. Batches at the API that this state folder knows nothing about are looked through before anything is sent: a folder
   restored from a backup finds there what was paid after the backup was made.
"""

from __future__ import annotations

import datetime as dt
import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from sessions_pipeline.classifications.backend import LabellingStoppedError
from sessions_pipeline.classifications.claude.client import AMBIGUOUS, MaybeDoneError, never_blindly
from sessions_pipeline.classifications.claude.prompts import Ask
from sessions_pipeline.classifications.claude.results import GONE, NO_RESULT, of_batch
from sessions_pipeline.classifications.claude.store import Batch, Key, Request, Result, Store

if TYPE_CHECKING:
    from anthropic import Anthropic
    from anthropic.types.messages import MessageBatch, MessageBatchIndividualResponse

LOG = logging.getLogger(__name__)
# The API takes 100,000 requests or 256 MB; a batch is held in memory twice while it is sent.
MAX_REQUESTS, MAX_BYTES = 20_000, 64_000_000
ADDRESS = "/v1/messages/batches"
KEPT = dt.timedelta(days=29)
_CREATE_TRIES = 3
_READ_TRIES = 3


@dataclass(frozen=True)
class Pace:
    """Seconds: the longest pause between two looks at a batch, and how long a batch may take to turn up in the list."""

    poll_seconds: float = 60.0
    settle_seconds: float = 60.0


@dataclass(frozen=True)
class ToSend:
    """An ask as it goes out now, and what is written down about it."""

    ask: Ask
    request: Request


class Batches:
    """Sends and collects batches.

    paid: called with the US dollars of the answers to what was sent from `since` on (seconds since 1970). What an
    earlier run sent is collected too, and was that run's expense.
    """

    def __init__(
        self, client: Anthropic, store: Store, pace: Pace, since: float, paid: Callable[[float], None]
    ) -> None:
        self.client = client
        self.store = store
        self.pace = pace
        self.since = since
        self.paid = paid

    def send(self, requests: Sequence[ToSend]) -> None:
        """Creates one batch. Raises an APIError if the API turns it down; then nothing was sent."""
        from anthropic import APIError, RequestOptions
        from anthropic.types.messages import MessageBatch

        counts: dict[tuple[object, ...], int] = {}
        for item in requests:
            counts[item.ask.shared()] = counts.get(item.ask.shared(), 0) + 1
        body = [
            {
                "custom_id": item.request.key.custom_id,
                # A cache write costs more than plain input: worth it only where another request reads it.
                "params": item.ask.marked("1h") if counts[item.ask.shared()] > 1 else dict(item.ask.params),
            }
            for item in requests
        ]
        # As bytes: the SDK copies a body part by part, which took most of the time of labelling.
        content = msgspec.json.encode({"requests": body})
        as_json = RequestOptions(headers={"content-type": "application/json"})
        once = self.client.with_options(middleware=[*self.client.middleware, never_blindly(*AMBIGUOUS)])
        for left in reversed(range(_CREATE_TRIES)):
            batch = self.store.intend_batch([item.request for item in requests], time.time())
            try:
                created = once.post(ADDRESS, cast_to=MessageBatch, content=content, options=as_json)
            except MaybeDoneError:
                if self._find(batch):
                    return
                if not left:
                    raise
            except APIError:
                self.store.batch_not_created(batch)
                raise
            else:
                self.store.batch_created(batch, created.id)
                return

    def collect(self) -> None:
        """Finds, waits for and reads every batch that was sent and not read yet, of this run and of earlier ones."""
        for batch in self.store.open_batches():
            if batch.batch_id is None:
                self._find(batch)
        for batch in self.store.open_batches():
            self._collect(batch)

    def look_around(self, sizes: Iterable[int]) -> None:
        """Looks through the batches at the API that this folder does not know, for `adopt`.

        sizes: how many requests the batches to be sent hold. A batch of unknown origin that is still being worked on is
        waited for if it has one of these sizes, as an earlier state of this folder would have sent it.
        """
        known = self.store.known_batch_ids()
        wanted = set(sizes)
        for listed in self._listed():
            if listed.id in known or listed.archived_at is not None:
                continue
            ended = listed.processing_status == "ended"
            if not ended and _size(listed) in wanted:
                LOG.warning("waiting for batch %s: an earlier state of this folder may have sent it", listed.id)
            if ended or _size(listed) in wanted:
                self._look_through(listed.id)

    def adopt(self, asks: Iterable[Ask], month: dt.date) -> bool:
        """Takes over answers to `asks` from the batches that were looked through; whether there were any."""
        by_name = {ask.name: ask for ask in asks}
        adopted = False
        for batch_id, custom_ids in self.store.held_by_strangers(by_name).items():
            if not self._readable(batch_id):
                continue
            responses = self._whole(batch_id, len(custom_ids))
            found = {r.custom_id: r.result for r in responses if r.custom_id in custom_ids}
            rows = []
            for custom_id, result in found.items():
                key = Key.of(custom_id)
                ask = by_name[key.ask]
                rows.append((Request(key, ask.model, month), of_batch(ask.step, result, ask.model)))
            self.store.adopt(batch_id, rows, time.time())
            LOG.warning("batch %s was sent by another state of this folder: %d answers taken over", batch_id, len(rows))
            adopted = adopted or bool(rows)
        return adopted

    def _find(self, batch: Batch) -> bool:
        """Whether the API has `batch`, whose creation was cut short: its id is written, or the batch taken back."""
        expected = self.store.models(batch)
        until = time.monotonic() + self.pace.settle_seconds
        LOG.warning("looking for a batch of %d requests whose creation was cut short", batch.requests)
        while True:
            last_look = time.monotonic() >= until
            known = self.store.known_batch_ids()
            for listed in self._listed():
                if listed.id in known or _size(listed) != batch.requests or listed.archived_at is not None:
                    continue
                if self._look_through(listed.id, expected):
                    self.store.batch_created(batch, listed.id)
                    return True
            if last_look:
                self.store.batch_not_created(batch)
                return False
            time.sleep(self.pace.settle_seconds / 5)

    def _look_through(self, batch_id: str, expected: Mapping[str, str] | None = None) -> bool:
        """Whether a batch of unknown origin holds requests of `expected`; if not, remembers what it holds of ours.

        Its results tell, so it is waited for. If the first is not this program's, the others are not read.
        """
        ours = []
        if self._readable(batch_id):
            first = next(iter(self._results(batch_id)), None)
            if first is not None and _is_ours(first.custom_id):
                ours = [response.custom_id for response in self._whole(batch_id, 1)]
        if expected and any(custom_id in expected for custom_id in ours):
            return True
        self.store.add_stranger(batch_id, [custom_id for custom_id in ours if _is_ours(custom_id)])
        return False

    def _collect(self, batch: Batch) -> None:
        assert batch.batch_id is not None
        models = self.store.models(batch)
        if not self._readable(batch.batch_id):
            LOG.warning("the API no longer has the results of batch %s", batch.batch_id)
            self.store.batch_collected(batch, GONE, time.time())
            return
        rows: list[tuple[Key, Result]] = []
        for response in self._whole(batch.batch_id, batch.requests):
            if (model := models.get(response.custom_id)) is not None:
                key = Key.of(response.custom_id)
                rows.append((key, of_batch(key.ask.rpartition("-")[0], response.result, model)))
        self.store.write(rows, time.time())
        self.store.batch_collected(batch, NO_RESULT, time.time())
        if batch.intended_at >= self.since:
            self.paid(sum(result.cost_usd for _, result in rows))

    def _readable(self, batch_id: str) -> bool:
        """Waits until the API has worked through the batch; whether it still keeps the results."""
        from anthropic import NotFoundError

        pause = min(1.0, self.pace.poll_seconds)
        while True:
            try:
                batch = self.client.messages.batches.retrieve(batch_id)
            except NotFoundError:
                return False
            if batch.processing_status == "ended":
                return batch.archived_at is None and bool(batch.results_url)
            LOG.info("waiting for batch %s of %d requests", batch_id, _size(batch))
            time.sleep(pause)
            pause = min(2 * pause, self.pace.poll_seconds)

    def _listed(self) -> Iterator[MessageBatch]:
        """Batches whose results may still be kept, newest first."""
        oldest = dt.datetime.now(dt.UTC) - KEPT
        for batch in self.client.messages.batches.list(limit=1_000):
            if batch.created_at < oldest:
                return
            yield batch

    def _whole(self, batch_id: str, requests: int) -> list[MessageBatchIndividualResponse]:
        """All results of a batch.

        The SDK does not read on after a connection that broke in the middle, and takes a body that a proxy cut short
        for all there is. So the results are read anew while there are fewer than `requests`, the fewest that it holds.
        Raises LabellingStoppedError if they cannot be read at all.
        """
        import httpx2

        found: list[MessageBatchIndividualResponse] = []
        for _ in range(_READ_TRIES):
            try:
                found = list(self._results(batch_id))
            except (httpx2.HTTPError, ValueError):
                found = []
                LOG.warning("the connection broke while the results of batch %s were read", batch_id)
                continue
            if len(found) >= requests:
                return found
            LOG.warning("%d results of batch %s came, of %d", len(found), batch_id, requests)
        if found:
            return found
        raise LabellingStoppedError("the results of a batch cannot be read to the end. Run again: they are kept.")

    def _results(self, batch_id: str) -> Iterator[MessageBatchIndividualResponse]:
        results = self.client.messages.batches.results(batch_id)
        try:
            yield from results
        finally:
            results.close()


def chunks(requests: Iterable[ToSend]) -> Iterator[list[ToSend]]:
    """`requests` in order, in batches that the API takes."""
    chunk: list[ToSend] = []
    size = 0
    for item in requests:
        if chunk and (len(chunk) == MAX_REQUESTS or size + item.ask.bytes > MAX_BYTES):
            yield chunk
            chunk, size = [], 0
        chunk.append(item)
        size += item.ask.bytes
    if chunk:
        yield chunk


def _size(batch: MessageBatch) -> int:
    """Requests of a batch: the sum of its counts, whatever its state."""
    counts = batch.request_counts
    return counts.processing + counts.succeeded + counts.errored + counts.canceled + counts.expired


def _is_ours(custom_id: str) -> bool:
    """Whether an id has this program's form: step, 32 hexadecimal digits, attempt."""
    step, _, rest = custom_id.partition("-")
    digest, _, attempt = rest.partition("-")
    return bool(step) and len(digest) == 32 and attempt.isdecimal()

"""Every request to the API and its answer, in one SQLite file under `private/`: the memory that nothing is paid twice.

What is about to be sent is written before it is sent; a batch's id directly after it is known; an answer before it
counts as there. Each write is a transaction that has reached the disk when the call returns, so a process may be killed
at any moment. A request is found by a digest of all that was asked, so the file serves every run, month and warehouse
of the state folder.

It holds labels, tokens and costs, and the postings of task value, which are drawn from transcripts: they are as private
as those and go with `purge`. No other text is kept.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import logging
import os
import sqlite3
import threading
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

LOG = logging.getLogger(__name__)
FILE, LOCK = "claude.sqlite", "claude.lock"
# A direct request that was under way when its process ended: the API may have answered and billed it.
UNKNOWN = "unknown"
_LONG_AGO = 0.0
_VARIABLES = 500  # in one statement; SQLite takes 999 or more

# A new version of this module appends statements; `user_version` of the file says how many have run.
_MIGRATIONS = (
    """
    create table batches (
        number integer primary key,
        batch_id text unique,
        intended_at real not null,
        requests integer not null,
        collected integer not null default 0
    )
    """,
    """
    create table requests (
        ask text not null,
        attempt integer not null,
        batch integer references batches,
        model text not null,
        month text not null,
        intended_at real not null,
        answered_at real,
        status text,
        reason text,
        retry text,
        label text,
        value real,
        posting text,
        input_tokens integer not null default 0,
        output_tokens integer not null default 0,
        cache_write_tokens integer not null default 0,
        cache_read_tokens integer not null default 0,
        cost_usd real not null default 0,
        primary key (ask, attempt)
    ) without rowid
    """,
    "create index requests_of_batch on requests (batch)",
    # Batches at the API that this file did not send: looked through once, with the requests of this program in them.
    "create table strangers (batch_id text primary key)",
    "create table strangers_requests (custom_id text, batch_id text, primary key (custom_id, batch_id))",
    "alter table requests add column worst_usd real not null default 0",
)


@dataclass(frozen=True)
class Key:
    """What is asked, and how often it was: together the `custom_id` by which the API's answer is found.

    ask: the step's name and the digest of the request. attempt: 1 for the first time.
    """

    ask: str
    attempt: int

    @property
    def custom_id(self) -> str:
        """At most 64 characters of letters, digits, `_` and `-`."""
        return f"{self.ask}-{self.attempt}"

    @classmethod
    def of(cls, custom_id: str) -> Key:
        """The key written as `custom_id`."""
        ask, _, attempt = custom_id.rpartition("-")
        return cls(ask, int(attempt))


@dataclass(frozen=True)
class Request:
    """What is sent, as far as it is remembered. month: of the session, or the first that asks this.

    worst_usd: what it can cost at most, which counts as spent if nobody knows whether it was billed.
    """

    key: Key
    model: str
    month: dt.date
    worst_usd: float = 0.0


@dataclass(frozen=True)
class Result:
    """How a request ended. status: as in `labels.classifications`, or UNKNOWN.

    retry: whether it may be sent again, for nothing usable was had: in this run (`now`), or in another (`later`); None
    where an answer was paid for or would be the same. posting: text of the first step of task value. The tokens are
    those billed; cost in US dollars.
    """

    status: str
    reason: str | None = None
    retry: Literal["now", "later"] | None = None
    label: str | None = None
    value: float | None = None
    posting: str | None = None
    input_tokens: int = 0
    output_tokens: int = 0
    cache_write_tokens: int = 0
    cache_read_tokens: int = 0
    cost_usd: float = 0.0


@dataclass(frozen=True)
class Attempt:
    """A request that was answered.

    answered_at: seconds since 1970. month: as of the request. batch_id: None for a direct one.
    """

    number: int
    month: dt.date
    answered_at: float
    batch_id: str | None
    result: Result


@dataclass(frozen=True)
class Batch:
    """A batch that was sent or was about to be. batch_id: None while it is not known whether the API has it."""

    number: int
    batch_id: str | None
    intended_at: float
    requests: int


_RESULT = tuple(Result.__dataclass_fields__)
_WRITE = (
    "update requests set answered_at = ?, " + ", ".join(f"{name} = ?" for name in _RESULT) + " "
    "where ask = ? and attempt = ? and status is null"
)


class Store:
    """The requests and answers of one state folder. Its methods may be called from several threads.

    Times are seconds since 1970. Whatever sends does so inside `exclusively`.
    """

    def __init__(self, private: Path) -> None:
        private.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.path = private / FILE
        self._lock_file = private / LOCK
        self._thread = threading.RLock()
        os.close(os.open(self.path, os.O_CREAT | os.O_WRONLY, 0o600))
        self._db = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False, timeout=60)
        for pragma in ("journal_mode = wal", "synchronous = full", "secure_delete = on"):
            self._db.execute(f"pragma {pragma}")
        (done,) = self._db.execute("pragma user_version").fetchone()
        for number, statement in enumerate(_MIGRATIONS[done:], start=done + 1):
            with self._transaction():
                self._db.execute(statement)
                self._db.execute(f"pragma user_version = {number}")

    def close(self) -> None:
        """Closes the file."""
        self._db.close()

    @contextmanager
    def exclusively(self) -> Iterator[None]:
        """Waits until no other process labels with this folder: two that miss the same label would both pay for it.

        The lock goes with the process, also when that is killed.
        """
        with self._lock_file.open("w") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                LOG.warning("waiting for another run that labels in %s", self._lock_file.parent)
                fcntl.flock(handle, fcntl.LOCK_EX)
            yield

    def answered(self, asks: Iterable[str]) -> dict[str, list[Attempt]]:
        """ask -> its answered attempts, first one first; an ask without any is left out."""
        found: dict[str, list[Attempt]] = {}
        columns = ", ".join(("ask", "attempt", "month", "answered_at", "batch_id", *_RESULT))
        query = f"select {columns} from requests left join batches on number = batch where status is not null and ask"
        for part in _parts(list(asks)):
            for ask, attempt, month, at, batch_id, *result in self._rows(
                f"{query} in ({_marks(part)}) order by attempt", part
            ):
                request = Attempt(attempt, dt.date.fromisoformat(month), at, batch_id, Result(*result))
                found.setdefault(ask, []).append(request)
        return found

    def intend_batch(self, requests: Sequence[Request], now: float) -> Batch:
        """Writes that `requests` are about to be sent in one batch."""
        with self._transaction():
            query = "insert into batches (intended_at, requests) values (?, ?)"
            number = self._db.execute(query, (now, len(requests))).lastrowid
            assert number is not None
            self._intend(requests, number, now)
        return Batch(number, None, now, len(requests))

    def intend_direct(self, request: Request, now: float) -> None:
        """Writes that `request` is about to be sent by itself."""
        with self._transaction():
            self._intend([request], None, now)

    def withdraw(self, key: Key) -> None:
        """Takes back a direct request that the API turned down: it was neither answered nor billed."""
        query = "delete from requests where ask = ? and attempt = ? and status is null"
        with self._transaction():
            self._db.execute(query, (key.ask, key.attempt))

    def batch_created(self, batch: Batch, batch_id: str) -> None:
        """Writes the id that the API gave `batch`."""
        with self._transaction():
            self._db.execute("update batches set batch_id = ? where number = ?", (batch_id, batch.number))

    def batch_not_created(self, batch: Batch) -> None:
        """Takes back a batch that the API never got."""
        with self._transaction():
            self._db.execute("delete from requests where batch = ?", (batch.number,))
            self._db.execute("delete from batches where number = ?", (batch.number,))

    def write(self, results: Iterable[tuple[Key, Result]], now: float) -> None:
        """Writes how requests ended, all or none. A request that has an answer keeps it."""
        with self._transaction():
            values = ((now, *(getattr(r, name) for name in _RESULT), key.ask, key.attempt) for key, r in results)
            self._db.executemany(_WRITE, values)

    def batch_collected(self, batch: Batch, rest: Result, now: float) -> None:
        """Writes that the batch's results were read; its requests without one end as `rest`."""
        query = "select ask, attempt from requests where batch = ? and status is null"
        with self._transaction():
            self.write([(Key(*row), rest) for row in self._rows(query, [batch.number])], now)
            self._db.execute("update batches set collected = 1 where number = ?", (batch.number,))

    def open_batches(self) -> list[Batch]:
        """Batches whose results were not read yet, oldest first."""
        query = "select number, batch_id, intended_at, requests from batches where not collected order by number"
        return [Batch(*row) for row in self._rows(query)]

    def models(self, batch: Batch) -> dict[str, str]:
        """custom_id -> model, of the batch's requests."""
        rows = self._rows("select ask, attempt, model from requests where batch = ?", [batch.number])
        return {Key(ask, attempt).custom_id: model for ask, attempt, model in rows}

    def end_interrupted(self, now: float) -> int:
        """Ends direct requests that a killed process left under way as UNKNOWN; how many there were."""
        query = "update requests set status = ?, reason = ?, retry = 'now', answered_at = ?"
        with self._transaction():
            values = (UNKNOWN, "under way when its run was killed", now)
            return self._db.execute(f"{query} where batch is null and status is null", values).rowcount

    def known_batch_ids(self) -> set[str]:
        """Ids of all batches at the API that were sent from here or looked through."""
        query = "select batch_id from batches where batch_id is not null union select batch_id from strangers"
        return {batch_id for (batch_id,) in self._rows(query)}

    def add_stranger(self, batch_id: str, custom_ids: Collection[str]) -> None:
        """Remembers a batch that another state of this folder, or another program, sent; custom_ids: those of ours."""
        with self._transaction():
            self._db.execute("insert or ignore into strangers values (?)", (batch_id,))
            rows = ((custom_id, batch_id) for custom_id in custom_ids)
            self._db.executemany("insert or ignore into strangers_requests values (?, ?)", rows)

    def held_by_strangers(self, asks: Iterable[str]) -> dict[str, set[str]]:
        """batch id -> the custom_ids in it, of first attempts at `asks` and later ones."""
        wanted = set(asks)
        found: dict[str, set[str]] = {}
        for custom_id, batch_id in self._rows("select custom_id, batch_id from strangers_requests"):
            if Key.of(custom_id).ask in wanted:
                found.setdefault(batch_id, set()).add(custom_id)
        return found

    def adopt(self, batch_id: str, results: Sequence[tuple[Request, Result]], now: float) -> None:
        """Writes answers out of a batch that was not sent from here as if it had been; those that are here stay.

        When it was sent is not known: it was before any run that can read this.
        """
        with self._transaction():
            self._db.execute(
                "insert or ignore into batches (batch_id, intended_at, requests, collected) values (?, ?, ?, 1)",
                (batch_id, _LONG_AGO, len(results)),
            )
            ((number,),) = self._rows("select number from batches where batch_id = ?", [batch_id])
            self._intend((request for request, _ in results), number, _LONG_AGO, "insert or ignore")
            self.write([(request.key, result) for request, result in results], now)
            taken = [(request.key.custom_id,) for request, _ in results]
            self._db.executemany("delete from strangers_requests where custom_id = ?", taken)

    def spent_since(self, moment: float) -> float:
        """US dollars of the requests sent from `moment` on that have ended; at worst, where the answer was lost."""
        cost = "sum(case status when ? then worst_usd else cost_usd end)"
        query = f"select coalesce({cost}, 0) from requests where status is not null and intended_at >= ?"
        ((spent,),) = self._rows(query, [UNKNOWN, moment])
        return float(spent)

    def forget_postings(self, before: dt.date) -> int:
        """Removes the postings of sessions that started before the month `before`; how many there were."""
        with self._transaction():
            query = "update requests set posting = null where posting is not null and month < ?"
            removed = self._db.execute(query, (str(before),)).rowcount
        self._db.execute("pragma wal_checkpoint(truncate)")
        return removed

    def _intend(self, requests: Iterable[Request], batch: int | None, now: float, how: str = "insert") -> None:
        rows = ((r.key.ask, r.key.attempt, batch, r.model, str(r.month), now, r.worst_usd) for r in requests)
        columns = "ask, attempt, batch, model, month, intended_at, worst_usd"
        self._db.executemany(f"{how} into requests ({columns}) values (?, ?, ?, ?, ?, ?, ?)", rows)

    def _rows(self, query: str, values: Sequence[object] = ()) -> list[tuple]:
        with self._thread:
            return self._db.execute(query, values).fetchall()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """All or nothing, on the disk at the end; inside another one, a part of that."""
        with self._thread:
            if self._db.in_transaction:
                yield
                return
            self._db.execute("begin immediate")
            try:
                yield
            except BaseException:
                self._db.execute("rollback")
                raise
            self._db.execute("commit")


def _parts(values: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(values), _VARIABLES):
        yield values[start : start + _VARIABLES]


def _marks(values: Sequence[object]) -> str:
    return ",".join("?" * len(values))

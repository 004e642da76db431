"""What is remembered of requests and answers, across processes."""

from __future__ import annotations

import datetime as dt
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from sessions_pipeline.classifications.claude.store import UNKNOWN, Key, Request, Result, Store

JANUARY = dt.date(2026, 1, 1)
A, B = Key("work_mode-a", 1), Key("work_mode-b", 1)
OK = Result("ok", label="fix", cost_usd=0.25)


def request(key: Key) -> Request:
    return Request(key, "claude-sonnet-4-6", JANUARY)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


def test_a_custom_id_says_what_was_asked_and_how_often() -> None:
    assert Key.of("task_value_posting-00ff-12") == Key("task_value_posting-00ff", 12)
    assert Key("task_value_posting-00ff", 12).custom_id == "task_value_posting-00ff-12"


def test_what_is_sent_is_remembered_before_it_has_an_id(store: Store, tmp_path: Path) -> None:
    batch = store.intend_batch([request(A), request(B)], now=10.0)
    (found,) = Store(tmp_path).open_batches()
    assert (found, found.batch_id) == (batch, None)
    assert store.models(found) == {A.custom_id: "claude-sonnet-4-6", B.custom_id: "claude-sonnet-4-6"}
    store.batch_created(batch, "msgbatch_1")
    assert [each.batch_id for each in Store(tmp_path).open_batches()] == ["msgbatch_1"]
    assert store.answered([A.ask, B.ask]) == {}


def test_answers_are_kept_and_the_rest_of_a_batch_ends_as_told(store: Store, tmp_path: Path) -> None:
    batch = store.intend_batch([request(A), request(B)], now=10.0)
    store.batch_created(batch, "msgbatch_1")
    store.write([(A, OK)], now=20.0)
    store.batch_collected(batch, Result("error", "no result", retry="later"), now=30.0)
    found = Store(tmp_path).answered([A.ask, B.ask, "other"])
    assert {
        ask: [(a.number, a.answered_at, a.batch_id, a.result.status) for a in tries] for ask, tries in found.items()
    } == {
        A.ask: [(1, 20.0, "msgbatch_1", "ok")],
        B.ask: [(1, 30.0, "msgbatch_1", "error")],
    }
    assert found[A.ask][0].result == OK
    assert store.open_batches() == []


def test_an_answer_is_never_replaced(store: Store) -> None:
    store.intend_direct(request(A), now=1.0)
    store.write([(A, OK)], now=2.0)
    store.write([(A, Result("refused", "later"))], now=3.0)
    assert [a.result for a in store.answered([A.ask])[A.ask]] == [OK]


def test_a_batch_that_the_api_never_got_leaves_nothing(store: Store) -> None:
    batch = store.intend_batch([request(A)], now=1.0)
    store.batch_not_created(batch)
    assert store.open_batches() == []
    store.intend_batch([request(A)], now=2.0)


def test_a_direct_request_without_an_answer_is_unknown_to_the_next_run(store: Store, tmp_path: Path) -> None:
    store.intend_direct(request(A), now=1.0)
    store.intend_direct(request(B), now=1.0)
    store.withdraw(B)
    assert Store(tmp_path).end_interrupted(now=2.0) == 1
    (attempt,) = store.answered([A.ask])[A.ask]
    assert (attempt.result.status, attempt.result.retry) == (UNKNOWN, "now")


def test_money_is_summed_by_when_the_request_was_sent(store: Store) -> None:
    for number, key in enumerate((A, B)):
        store.intend_direct(request(key), now=float(number))
        store.write([(key, OK)], now=100.0)
    assert (store.spent_since(0.0), store.spent_since(0.5), store.spent_since(9.0)) == (0.5, 0.25, 0.0)


def test_a_lost_answer_counts_as_spent_at_worst_and_one_that_another_state_bought_not_at_all(store: Store) -> None:
    store.intend_direct(Request(A, "claude-sonnet-4-6", JANUARY, worst_usd=0.75), now=1.0)
    assert store.spent_since(1.0) == 0
    store.end_interrupted(now=2.0)
    assert store.spent_since(1.0) == 0.75
    store.adopt("msgbatch_1", [(request(B), OK)], now=3.0)
    assert store.answered([B.ask])[B.ask][0].result == OK
    assert store.spent_since(1.0) == 0.75


def test_only_the_owner_reads_the_file(store: Store) -> None:
    assert stat.S_IMODE(store.path.stat().st_mode) == 0o600


def test_two_processes_do_not_label_at_once(store: Store, tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from sessions_pipeline.classifications.claude.store import Store\n"
        "with Store(Path(sys.argv[1])).exclusively(): print('in')"
    )
    with store.exclusively():
        other = subprocess.Popen(
            [sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert other.stderr is not None
        assert "waiting for another run" in other.stderr.readline()
        assert other.poll() is None
    said, _ = other.communicate(timeout=60)
    assert said == "in\n"

"""The backend against the fake API: labels, what each ending becomes, what is paid, and never twice."""

from __future__ import annotations

import datetime as dt
import logging
import shutil
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from sessions_pipeline.classifications.classifiers import CLASSIFIERS, EXPERTISE, OUTCOME, TASK_VALUE, WORK_MODE
from sessions_pipeline.classifications.claude import ClaudeBackend, client
from sessions_pipeline.testing import FakeApi, Fault
from sessions_pipeline_tests.classifications.claude.conftest import KEY
from sessions_pipeline_tests.classifications.claude.judged import (
    STEPS,
    assert_valid,
    backend,
    labels,
    sessions,
    times_billed,
)

MODES = pytest.mark.parametrize("mode", ["batch", "direct"])


@MODES
def test_every_session_gets_every_label_and_each_is_billed_once(api: FakeApi, tmp_path: Path, mode: str) -> None:
    found, stopped = labels(backend(tmp_path, api_mode=mode), sessions(4))
    assert stopped is None
    assert Counter((a.session_id, a.classifier) for a in found) == Counter(
        (f"s{n}", name) for n in range(4) for name in CLASSIFIERS
    )
    assert {a.status for a in found} == {"ok"}
    assert_valid(found)
    assert len(api.ledger()) == 4 * STEPS
    assert set(times_billed(api).values()) == {1}


@MODES
def test_what_was_answered_is_never_asked_again(api: FakeApi, tmp_path: Path, mode: str) -> None:
    first, _ = labels(backend(tmp_path, api_mode=mode), sessions(3))
    paid, calls = api.ledger(), len(api.received)
    again, _ = labels(backend(tmp_path, api_mode=mode), sessions(3))
    by_key = {(a.session_id, a.classifier): (a.label, a.value, a.cost_usd) for a in first}
    assert {(a.session_id, a.classifier): (a.label, a.value, a.cost_usd) for a in again} == by_key
    assert api.ledger() == paid
    assert len(api.received) == calls, "the API was called although everything was known"


def test_the_way_of_asking_is_no_reason_to_ask_again(api: FakeApi, tmp_path: Path) -> None:
    labels(backend(tmp_path, api_mode="batch"), sessions(2))
    paid = api.ledger()
    labels(backend(tmp_path, api_mode="direct"), sessions(2))
    assert api.ledger() == paid


def test_a_new_session_model_or_calibration_is_asked_and_nothing_else(api: FakeApi, tmp_path: Path) -> None:
    labels(backend(tmp_path), sessions(2))
    labels(backend(tmp_path), sessions(3))
    assert len(api.ledger()) == 3 * STEPS
    labels(backend(tmp_path, judge_model="claude-opus-4-7"), sessions(3))
    assert len(api.ledger()) == 3 * STEPS + 3 * (STEPS - 2)
    (tmp_path / "paid.csv").write_text("title,description,price_usd\nA shop,With a basket and a till,900\n")
    labels(backend(tmp_path, calibration=tmp_path / "paid.csv"), sessions(3))
    assert len(api.ledger()) == 3 * STEPS + 3 * (STEPS - 2) + 3, "the postings were there already"
    assert set(times_billed(api).values()) == {1}


@MODES
def test_the_same_transcript_in_two_sessions_is_paid_once(api: FakeApi, tmp_path: Path, mode: str) -> None:
    one = sessions(1)[0]
    found, _ = labels(backend(tmp_path, api_mode=mode), [one, replace(one, session_id="copy")])
    assert len(api.ledger()) == STEPS
    assert len(found) == 2 * len(CLASSIFIERS)
    by_session = {name: {a.classifier: a for a in found if a.session_id == name} for name in ("s0", "copy")}
    for name in CLASSIFIERS:
        assert by_session["copy"][name].label == by_session["s0"][name].label
        assert by_session["copy"][name].cost_usd == 0 < by_session["s0"][name].cost_usd


def test_what_sessions_of_two_months_ask_alike_is_a_cost_of_the_first_alone(api: FakeApi, tmp_path: Path) -> None:
    one = sessions(1)[0]
    copy = replace(one, session_id="copy", telemetry={"month": dt.date(2026, 2, 1)})
    first, _ = labels(backend(tmp_path), [one])
    second, _ = labels(backend(tmp_path), [copy])
    assert len(api.ledger()) == STEPS
    assert {a.status for a in second} == {"ok"}
    assert all(a.cost_usd > 0 for a in first)
    assert not any(a.cost_usd or a.input_tokens for a in second)


def test_many_sessions_that_read_alike_are_paid_once_however_many_ask_at_the_same_time(
    api: FakeApi, tmp_path: Path
) -> None:
    one = sessions(1)[0]
    copies = [replace(one, session_id=f"copy{number}") for number in range(40)]
    found, _ = labels(backend(tmp_path, api_mode="direct", direct_requests=8), copies, [WORK_MODE, TASK_VALUE])
    assert (len(found), len(api.ledger())) == (80, 3)


@MODES
@pytest.mark.parametrize(
    ("ending", "status", "reason", "billed"),
    [
        ("refused", "refused", "refusal: cyber", 1),
        ("not_json", "invalid", "not the form asked for: not JSON", 2),
        ("wrong_label", "invalid", "not the form asked for: a label that there is not", 2),
        ("max_tokens", "invalid", "max_tokens", 1),
        ("context", "invalid", "model_context_window_exceeded", 1),
        ("rejected", "error", "invalid_request_error", 0),
    ],
)
def test_every_ending_has_a_status(
    api: FakeApi, tmp_path: Path, mode: str, ending: str, status: str, reason: str, billed: int
) -> None:
    api.behaviour.shares = {ending: 1.0}
    (answer,), stopped = labels(backend(tmp_path, api_mode=mode), sessions(1), [WORK_MODE])
    assert stopped is None
    assert (answer.status, answer.reason, answer.label) == (status, reason, None)
    assert len(api.ledger()) == billed
    assert (answer.cost_usd > 0) == (billed > 0)
    api.behaviour.shares = {}
    (later,), _ = labels(backend(tmp_path, api_mode=mode), sessions(1), [WORK_MODE])
    assert (later.status, len(api.ledger())) == (status, billed), "another run asked again"


@pytest.mark.parametrize(("ending", "status", "batches"), [("expired", "expired", 3), ("errored", "error", 3)])
def test_what_came_to_nothing_is_sent_again_three_times_and_by_the_next_run(
    api: FakeApi, tmp_path: Path, ending: str, status: str, batches: int
) -> None:
    api.behaviour.shares = {ending: 1.0}
    (answer,), _ = labels(backend(tmp_path), sessions(1), [WORK_MODE])
    assert (answer.status, answer.cost_usd, len(api.batch_ids())) == (status, 0, batches)
    api.behaviour.shares = {}
    (later,), _ = labels(backend(tmp_path), sessions(1), [WORK_MODE])
    assert (later.status, len(api.ledger())) == ("ok", 1)


def test_a_cancelled_batch_waits_for_the_next_run(api: FakeApi, tmp_path: Path) -> None:
    api.behaviour.shares = {"canceled": 1.0}
    (answer,), _ = labels(backend(tmp_path), sessions(1), [WORK_MODE])
    assert (answer.status, answer.reason, len(api.batch_ids())) == ("error", "the batch was cancelled", 1)
    api.behaviour.shares = {}
    (later,), _ = labels(backend(tmp_path), sessions(1), [WORK_MODE])
    assert later.status == "ok"


def test_a_form_that_is_missed_once_is_asked_again_and_both_are_paid_for(api: FakeApi, tmp_path: Path) -> None:
    asked = sessions(30)
    api.behaviour.shares = {"not_json": 0.3}
    found, _ = labels(backend(tmp_path), asked, [WORK_MODE])
    twice = [a for a in found if a.status == "ok" and a.input_tokens > 1.5 * min(b.input_tokens for b in found)]
    invalid = [a for a in found if a.status == "invalid"]
    assert len(twice) > 0
    assert len(api.ledger()) == 30 + len(twice) + len(invalid)


def test_a_refused_posting_leaves_the_value_unlabelled_and_unpriced(api: FakeApi, tmp_path: Path) -> None:
    api.behaviour.shares = {"refused": 1.0}
    (answer,), _ = labels(backend(tmp_path), sessions(1), [TASK_VALUE])
    assert (answer.status, answer.reason) == ("refused", "refusal: cyber")
    assert [line["model"] for line in api.ledger()] == ["claude-haiku-4-5"]


def test_task_value_is_written_by_one_model_and_priced_by_another(api: FakeApi, tmp_path: Path) -> None:
    (answer,), _ = labels(backend(tmp_path), sessions(1), [TASK_VALUE])
    assert [line["model"] for line in api.ledger()] == ["claude-haiku-4-5", "claude-opus-4-7"]
    assert answer.value is not None
    assert 10 <= answer.value <= 50_000
    posting, price = api.requests()
    assert "matter 0" in str(posting["messages"])
    assert "matter 0" not in str(price["messages"]), "the price must not be read off the transcript"


class TestTrouble:
    @MODES
    def test_rate_limits_and_overload_are_ridden_out(self, api: FakeApi, tmp_path: Path, mode: str) -> None:
        address = "/v1/messages/batches" if mode == "batch" else "/v1/messages"
        api.behaviour.faults = [
            Fault("POST", address, 429, times=2, retry_after=0.01),
            Fault("POST", address, 529, times=2, retry_after=0.01),
        ]
        found, stopped = labels(backend(tmp_path, api_mode=mode), sessions(2), [WORK_MODE])
        assert (stopped, [a.status for a in found]) == (None, ["ok", "ok"])
        assert set(times_billed(api).values()) == {1}

    @pytest.mark.parametrize("status", [500, 504, None])
    @pytest.mark.parametrize("after", [False, True])
    def test_a_batch_that_may_have_been_created_is_looked_for_before_it_is_created_again(
        self, api: FakeApi, tmp_path: Path, status: int | None, after: bool
    ) -> None:
        api.behaviour.faults = [Fault("POST", "/v1/messages/batches", status, after=after)]
        found, stopped = labels(backend(tmp_path), sessions(2), [WORK_MODE])
        assert (stopped, [a.status for a in found]) == (None, ["ok", "ok"])
        assert len(api.batch_ids()) == 1
        assert set(times_billed(api).values()) == {1}

    def test_an_outage_keeps_what_was_answered(self, api: FakeApi, tmp_path: Path) -> None:
        api.behaviour.faults = [Fault("POST", "/v1/messages", 401, times=99)]
        api.behaviour.faults[0].times = 0
        judge = backend(tmp_path, api_mode="direct", direct_requests=1)
        assert len(labels(judge, sessions(1), [WORK_MODE])[0]) == 1
        api.behaviour.faults[0].times = 99
        found, stopped = labels(backend(tmp_path, api_mode="direct"), sessions(3), [WORK_MODE])
        assert [a.session_id for a in found] == ["s0"]
        assert stopped is not None
        assert "ANTHROPIC_API_KEY" in stopped
        assert KEY not in stopped
        api.behaviour.faults = []
        found, stopped = labels(backend(tmp_path, api_mode="direct"), sessions(3), [WORK_MODE])
        assert (len(found), stopped) == (3, None)
        assert set(times_billed(api).values()) == {1}

    def test_results_are_read_again_from_the_start_when_the_connection_breaks(
        self, api: FakeApi, tmp_path: Path
    ) -> None:
        asked = backend(tmp_path)
        api.behaviour.faults = [
            Fault("GET", "/v1/messages/batches/*", None),
            Fault("GET", "/v1/messages/batches/*/results", half=True, times=2),
        ]
        found, stopped = labels(asked, sessions(3), [WORK_MODE, OUTCOME])
        assert (len(found), stopped) == (6, None)
        assert set(times_billed(api).values()) == {1}

    def test_results_that_a_proxy_cut_short_are_read_again_and_not_paid_again(
        self, api: FakeApi, tmp_path: Path
    ) -> None:
        api.behaviour.faults = [Fault("GET", "/v1/messages/batches/*/results", short=True, times=2)]
        found, stopped = labels(backend(tmp_path), sessions(6), [WORK_MODE])
        assert ([a.status for a in found], stopped) == (["ok"] * 6, None)
        assert len(api.ledger()) == 6

    def test_results_that_never_come_whole_are_read_by_the_next_run(self, api: FakeApi, tmp_path: Path) -> None:
        broken = Fault("GET", "/v1/messages/batches/*/results", half=True, times=99)
        api.behaviour.faults = [broken]
        found, stopped = labels(backend(tmp_path), sessions(3), [WORK_MODE])
        assert found == []
        assert stopped is not None
        broken.times = 0
        found, stopped = labels(backend(tmp_path), sessions(3), [WORK_MODE])
        assert (len(found), stopped) == (3, None)
        assert set(times_billed(api).values()) == {1}

    def test_a_direct_answer_that_got_lost_is_asked_again_and_may_be_billed_twice(
        self, api: FakeApi, tmp_path: Path
    ) -> None:
        api.behaviour.faults = [Fault("POST", "/v1/messages", None, after=True)]
        (answer,), _ = labels(backend(tmp_path, api_mode="direct"), sessions(1), [WORK_MODE])
        assert answer.status == "ok"
        assert list(times_billed(api).values()) == [2]

    def test_one_request_that_the_api_fails_at_does_not_hold_up_the_others(
        self, api: FakeApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(client, "RETRIES", 0)
        api.behaviour.faults = [Fault("POST", "/v1/messages", 500)]
        found, stopped = labels(backend(tmp_path, api_mode="direct"), sessions(9), [WORK_MODE])
        assert stopped is None
        assert sorted((a.status, a.reason) for a in found) == [("error", "api_error")] + [("ok", None)] * 8
        api.behaviour.faults = [Fault("POST", "/v1/messages", 500, times=99)]
        found, stopped = labels(backend(tmp_path, api_mode="direct", direct_requests=1), sessions(30), [WORK_MODE])
        assert "failed at 5 requests in a row" in (stopped or "")
        assert len([a for a in found if a.status == "ok"]) == 8
        assert set(times_billed(api).values()) == {1}

    @MODES
    def test_an_answer_that_takes_too_long(
        self, api: FakeApi, tmp_path: Path, mode: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(client, "TIMEOUT_SECONDS", 1.0)
        address = "/v1/messages/batches" if mode == "batch" else "/v1/messages"
        api.behaviour.faults = [Fault("POST", address, 500, seconds=1.5)]
        found, stopped = labels(backend(tmp_path, api_mode=mode), sessions(1), [WORK_MODE])
        assert (stopped, [a.status for a in found]) == (None, ["ok"])
        assert list(times_billed(api).values()) == [1]

    @MODES
    def test_no_api_at_the_address(
        self, api: FakeApi, tmp_path: Path, mode: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(client, "RETRIES", 1)
        monkeypatch.setenv("ANTHROPIC_BASE_URL", "http://127.0.0.1:9")
        found, stopped = labels(backend(tmp_path, api_mode=mode), sessions(1), [WORK_MODE])
        assert found == []
        assert "cannot be reached. Check the network and ANTHROPIC_BASE_URL" in (stopped or "")

    def test_no_key(self, api: FakeApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("ANTHROPIC_API_KEY")
        found, stopped = labels(backend(tmp_path), sessions(1))
        assert found == []
        assert "ANTHROPIC_API_KEY" in (stopped or "")
        assert api.received == []

    @pytest.mark.parametrize(
        ("model", "mode", "problem"),
        [
            ("claude-fable-5", "batch", "the endpoint knows no model claude-fable-5"),
            ("claude-3-5-sonnet", "batch", "the model claude-3-5-sonnet is retired"),
            ("claude-opus-4", "direct", "the model claude-opus-4 cannot do structured outputs"),
            ("claude-opus-4-1", "batch", "the model claude-opus-4-1 cannot do batches"),
            ("gpt-9", "direct", "the model gpt-9 has no price in the list of"),
        ],
    )
    def test_an_unfit_model_is_told_before_anything_is_sent(
        self, api: FakeApi, tmp_path: Path, model: str, mode: str, problem: str
    ) -> None:
        found, stopped = labels(backend(tmp_path, judge_model=model, api_mode=mode), sessions(1))
        assert found == []
        assert problem in (stopped or "")
        assert api.requests() == []

    def test_a_model_that_cannot_do_batches_does_for_direct_calls(self, api: FakeApi, tmp_path: Path) -> None:
        judge = backend(tmp_path, judge_model="claude-opus-4-1", api_mode="direct")
        assert len(labels(judge, sessions(1), [WORK_MODE])[0]) == 1

    @pytest.mark.parametrize("status", [405, 501])
    def test_an_endpoint_that_says_nothing_about_its_models_is_used_all_the_same(
        self, api: FakeApi, tmp_path: Path, status: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(client, "RETRIES", 0)
        api.behaviour.faults = [Fault("GET", "/v1/models/*", status, times=3)]
        found, stopped = labels(backend(tmp_path), sessions(1), [WORK_MODE])
        assert ([a.status for a in found], stopped) == (["ok"], None)


class TestNeverTwice:
    def test_direct_calls_alone_where_batches_are_forbidden(self, api: FakeApi, tmp_path: Path) -> None:
        labels(backend(tmp_path, api_mode="direct"), sessions(2))
        assert not any("batches" in path for _, path in api.received)

    def test_a_state_restored_from_a_backup_takes_over_what_was_paid_since(self, api: FakeApi, tmp_path: Path) -> None:
        labels(backend(tmp_path), sessions(2))
        shutil.copytree(tmp_path / "private", tmp_path / "backup")
        labels(backend(tmp_path), sessions(6))
        paid = api.ledger()
        shutil.rmtree(tmp_path / "private")
        (tmp_path / "backup").rename(tmp_path / "private")
        found, _ = labels(backend(tmp_path), sessions(6))
        assert len(found) == 6 * len(CLASSIFIERS)
        assert api.ledger() == paid

    def test_a_batch_that_was_still_running_when_the_state_was_restored_is_waited_for(
        self, api: FakeApi, tmp_path: Path
    ) -> None:
        api.behaviour.batch_seconds = 1.0
        judge = backend(tmp_path)
        judge.pace = replace(judge.pace, poll_seconds=0.01)
        asked = [judge.first_ask(session, EXPERTISE) for session in sessions(3)]
        import anthropic

        body = [{"custom_id": f"{ask.name}-1", "params": dict(ask.params)} for ask in asked]
        anthropic.Anthropic().messages.batches.create(requests=body)  # type: ignore[arg-type]
        found, _ = labels(judge, sessions(3), [EXPERTISE])
        assert (len(found), len(api.batch_ids()), len(api.ledger())) == (3, 1, 3)

    def test_batches_of_other_programs_are_left_alone(self, api: FakeApi, tmp_path: Path) -> None:
        import anthropic

        params = {
            "model": "claude-sonnet-4-6",
            "max_tokens": 5,
            "messages": [{"role": "user", "content": "hello"}],
        }
        body = [{"custom_id": f"row-{n}", "params": params} for n in range(2)]
        client = anthropic.Anthropic()
        other = client.messages.batches.create(requests=body).id  # type: ignore[arg-type]
        client.messages.batches.retrieve(other)
        found, _ = labels(backend(tmp_path), sessions(2), [WORK_MODE])
        assert [a.status for a in found] == ["ok", "ok"]
        assert len(api.ledger()) == 4

    def test_results_that_are_no_longer_kept_are_a_status_and_bought_anew_by_the_next_run_only(
        self, api: FakeApi, tmp_path: Path
    ) -> None:
        api.behaviour.kept = False
        found, _ = labels(backend(tmp_path), sessions(2), [WORK_MODE])
        assert {(a.status, a.reason) for a in found} == {("expired", "results no longer kept by the API")}
        assert len(api.batch_ids()) == 1
        api.behaviour.kept = True
        found, _ = labels(backend(tmp_path), sessions(2), [WORK_MODE])
        assert {a.status for a in found} == {"ok"}

    def test_a_restart_of_the_api_in_the_middle(self, api: FakeApi, tmp_path: Path) -> None:
        api.behaviour.batch_seconds = 0.3
        judge = backend(tmp_path)
        import threading

        threading.Timer(0.15, api.restart).start()
        found, stopped = labels(judge, sessions(3), [WORK_MODE])
        assert (len(found), stopped) == (3, None)
        assert set(times_billed(api).values()) == {1}


class TestMoney:
    # Tokens of the fake at the list's prices, written out: sonnet 3 in, 15 out, 3.75 and 6 for cache writes of five
    # minutes and an hour, 0.30 for reads, per million; half of it in batches.
    def test_cost_is_tokens_times_the_dated_price(self, api: FakeApi, tmp_path: Path) -> None:
        pair = [WORK_MODE, OUTCOME]
        direct, _ = labels(backend(tmp_path, api_mode="direct"), sessions(1, words=3_000), pair)
        batch, _ = labels(backend(tmp_path, api_mode="batch"), sessions(1, words=3_001), pair)
        for found, write, factor in ((direct, 3.75, 1.0), (batch, 6.0, 0.5)):
            assert sorted(a.cache_write_tokens > 0 for a in found) == [False, True]
            for a in found:
                dollars = 3 * a.input_tokens + 15 * a.output_tokens + write * a.cache_write_tokens
                dollars = factor * (dollars + 0.3 * a.cache_read_tokens) / 1e6
                assert a.cost_usd == pytest.approx(dollars)

    def test_the_questions_of_a_session_share_a_prefix_that_is_written_once(self, api: FakeApi, tmp_path: Path) -> None:
        found, _ = labels(backend(tmp_path, api_mode="direct"), sessions(1, words=3_000))
        about_all = [a for a in found if a.classifier not in ("task_value", "expertise_opening")]
        assert len(about_all) == 9
        assert sum(a.cache_write_tokens > 0 for a in about_all) == 1
        assert sum(a.cache_read_tokens > 0 for a in about_all) == 8

    @MODES
    @pytest.mark.parametrize("limit", [0.0, 0.05, 0.3])
    def test_a_run_stops_before_the_request_that_could_exceed_the_limit(
        self, api: FakeApi, tmp_path: Path, mode: str, limit: float
    ) -> None:
        judge = backend(tmp_path, api_mode=mode, max_cost_usd=limit)
        found, stopped = labels(judge, sessions(40, words=200), [WORK_MODE])
        spent = sum(a.cost_usd for a in found)
        assert judge.budget.spent == pytest.approx(spent)
        assert spent <= limit
        assert len(api.ledger()) == len(found)
        if limit < 0.3:
            assert f"{limit:.2f} US dollars" in (stopped or "")
            assert len(found) < 40
        again, _ = labels(backend(tmp_path, api_mode=mode), sessions(40, words=200), [WORK_MODE])
        assert len(again) == 40
        assert set(times_billed(api).values()) == {1}

    def test_runs_that_belong_together_share_the_limit(self, api: FakeApi, tmp_path: Path) -> None:
        labels(backend(tmp_path), sessions(3), [WORK_MODE])
        judge = backend(tmp_path, max_cost_usd=1.0)
        assert judge.budget.spent == 0
        one_command = ClaudeBackend(judge.settings, tmp_path / "private", spent_since=0.0)
        assert one_command.budget.spent > 0

    def test_what_an_earlier_run_sent_is_not_charged_to_the_limit_of_the_run_that_collects_it(
        self, api: FakeApi, tmp_path: Path
    ) -> None:
        broken = Fault("GET", "/v1/messages/batches/*/results", half=True, times=99)
        api.behaviour.faults = [broken]
        _, stopped = labels(backend(tmp_path), sessions(20, words=200), [WORK_MODE])
        assert "cannot be read to the end" in (stopped or "")
        broken.times = 0
        judge = backend(tmp_path, max_cost_usd=0.05)
        found, stopped = labels(judge, sessions(21, words=200), [WORK_MODE])
        assert (len(found), stopped) == (21, None)
        assert 0 < judge.budget.spent < sum(a.cost_usd for a in found) / 10

    def test_a_direct_answer_that_got_lost_counts_against_the_limit_in_the_next_month_too(
        self, api: FakeApi, tmp_path: Path
    ) -> None:
        began = time.time()
        api.behaviour.faults = [Fault("POST", "/v1/messages", None, after=True, times=3)]
        first = backend(tmp_path, api_mode="direct")
        labels(first, sessions(1), [WORK_MODE])
        later = ClaudeBackend(first.settings, tmp_path / "private", spent_since=began)
        assert later.budget.spent == pytest.approx(first.budget.spent)
        assert later.budget.spent > 0.01


class TestPrivate:
    def test_neither_key_nor_text_is_told_to_anybody(
        self, api: FakeApi, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        logging.getLogger("anthropic").setLevel(logging.DEBUG)
        logging.getLogger("httpx2").setLevel(logging.DEBUG)
        caplog.set_level(logging.DEBUG)
        api.behaviour.faults = [Fault("POST", "/v1/messages", 400, times=1), Fault("POST", "/v1/messages", 403)]
        for mode in ("direct", "batch"):
            _, stopped = labels(backend(tmp_path, api_mode=mode), sessions(2))
            assert "matter" not in (stopped or "")
            assert KEY not in (stopped or "")
        assert "matter" not in caplog.text
        assert KEY not in caplog.text
        stored = b"".join(file.read_bytes() for file in (tmp_path / "private").iterdir())
        assert b"matter" not in stored
        assert KEY.encode() not in stored

    def test_postings_go_with_the_sessions_they_were_drawn_from(self, api: FakeApi, tmp_path: Path) -> None:
        judge = backend(tmp_path)
        labels(judge, sessions(2), [TASK_VALUE])

        def stored() -> bytes:
            return b"".join(file.read_bytes() for file in (tmp_path / "private").iterdir())

        assert b"words of a judge" in stored()
        assert judge.store.forget_postings(dt.date(2026, 1, 1)) == 0
        assert judge.store.forget_postings(dt.date(2026, 2, 1)) == 2
        assert b"words of a judge" not in stored()


@MODES
def test_a_second_reading_is_asked_and_paid_once_more_and_never_a_third_time(
    api: FakeApi, tmp_path: Path, mode: str
) -> None:
    """The same requests to the byte: each is billed twice in all, for two readings, and again for nothing."""
    first, _ = labels(backend(tmp_path, api_mode=mode), sessions(2))
    judge = backend(tmp_path, api_mode=mode, reading=2)
    second, stopped = labels(judge, sessions(2))
    assert stopped is None
    assert Counter(a.classifier for a in second) == Counter(a.classifier for a in first)
    assert len(api.ledger()) == 2 * 2 * STEPS
    assert set(times_billed(api).values()) == {2}
    assert sum(a.cost_usd for a in second) == pytest.approx(sum(a.cost_usd for a in first), rel=0.2)
    for reading in (1, 2):
        labels(backend(tmp_path, api_mode=mode, reading=reading), sessions(2))
    assert len(api.ledger()) == 2 * 2 * STEPS
    assert all(judge.prompt_sha256(c) != backend(tmp_path).prompt_sha256(c) for c in CLASSIFIERS.values())

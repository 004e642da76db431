"""The fake API, as the real SDK sees it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anthropic
import pytest

from sessions_pipeline.testing import Behaviour, FakeApi, Fault
from sessions_pipeline.testing.behaviour import ENDINGS

COLOUR = {
    "type": "object",
    "properties": {"colour": {"type": "string", "enum": ["red", "green"]}},
    "required": ["colour"],
    "additionalProperties": False,
}


def params(text: str = "which colour?", **others: Any) -> dict[str, Any]:
    return {
        "model": "claude-sonnet-4-6",
        "max_tokens": 50,
        "messages": [{"role": "user", "content": text}],
        "output_config": {"format": {"type": "json_schema", "schema": COLOUR}},
        **others,
    }


def requests(count: int) -> list[Any]:
    return [{"custom_id": f"r{number}", "params": params(f"which colour has {number}?")} for number in range(count)]


@pytest.fixture
def api(tmp_path: Path) -> Iterator[FakeApi]:
    with FakeApi(tmp_path / "api") as fake:
        yield fake


def client(api: FakeApi, **options: Any) -> anthropic.Anthropic:
    return anthropic.Anthropic(api_key="any", base_url=api.url, **options)


def test_a_message_fits_its_schema_and_is_on_the_bill(api: FakeApi) -> None:
    message = client(api).messages.create(**params())
    (block,) = message.content
    assert json.loads(block.text)["colour"] in ("red", "green")
    assert message.stop_reason == "end_turn"
    assert message.usage.input_tokens > 0
    (line,) = api.ledger()
    assert (line["model"], line["custom_id"]) == ("claude-sonnet-4-6", None)


def test_the_same_question_gets_the_same_answer(api: FakeApi) -> None:
    first, second = (client(api).messages.create(**params()).content[0].text for _ in range(2))
    assert first == second
    assert len({line["digest"] for line in api.ledger()}) == 1


def test_a_batch_from_its_creation_to_its_results(api: FakeApi) -> None:
    api.behaviour.batch_seconds = 0.2
    batches = client(api).messages.batches
    batch = batches.create(requests=requests(20))
    assert (batch.processing_status, batch.request_counts.processing) == ("in_progress", 20)
    assert api.ledger() == []
    while (batch := batches.retrieve(batch.id)).processing_status != "ended":
        assert batch.results_url is None
    assert batch.request_counts.succeeded == 20
    ids = [result.custom_id for result in batches.results(batch.id)]
    assert sorted(ids) == sorted(f"r{number}" for number in range(20))
    assert ids != [f"r{number}" for number in range(20)], "results come in the order of the requests"
    assert sorted(line["custom_id"] for line in api.ledger()) == sorted(ids)
    batches.retrieve(batch.id)
    assert len(api.ledger()) == 20


def test_every_way_to_end(api: FakeApi) -> None:
    found = {}
    batches = client(api, max_retries=0).messages.batches
    for ending in ENDINGS:
        api.behaviour.shares = {ending: 1.0}
        batch = batches.create(requests=requests(1))
        batches.retrieve(batch.id)
        (result,) = [each.result for each in batches.results(batch.id)]
        message = getattr(result, "message", None)
        found[ending] = (result.type, message.stop_reason if message else None)
    assert found == {
        "refused": ("succeeded", "refusal"),
        "not_json": ("succeeded", "end_turn"),
        "wrong_label": ("succeeded", "end_turn"),
        "max_tokens": ("succeeded", "max_tokens"),
        "context": ("succeeded", "model_context_window_exceeded"),
        "errored": ("errored", None),
        "rejected": ("errored", None),
        "expired": ("expired", None),
        "canceled": ("canceled", None),
    }
    assert len(api.ledger()) == 5


def test_cancelling_listing_and_deleting(api: FakeApi) -> None:
    api.behaviour.batch_seconds = 60
    batches = client(api).messages.batches
    ids = [batches.create(requests=requests(1)).id for _ in range(5)]
    assert [batch.id for batch in batches.list(limit=2)] == ids[::-1]
    assert batches.cancel(ids[0]).processing_status == "canceling"
    api.behaviour.batch_seconds = 0
    assert batches.retrieve(ids[0]).request_counts.canceled == 1
    batches.delete(ids[0])
    with pytest.raises(anthropic.NotFoundError):
        batches.retrieve(ids[0])
    assert api.ledger() == []


def test_what_the_api_turns_down(api: FakeApi) -> None:
    open_schema = {**COLOUR, "additionalProperties": True}
    bounded = {**COLOUR, "properties": {"colour": {"type": "integer", "minimum": 1}}}
    messages = client(api, max_retries=0).messages
    for wrong in (
        params(max_tokens=0),
        params(messages=[{"role": "assistant", "content": "I"}]),
        params(extra_body={"temperature": 0.2}),
        params(output_config={"format": {"type": "json_schema", "schema": open_schema}}),
        params(output_config={"format": {"type": "json_schema", "schema": bounded}}),
    ):
        with pytest.raises(anthropic.BadRequestError):
            messages.create(**wrong)
    with pytest.raises(anthropic.NotFoundError):
        messages.create(**params(model="claude-3-5-sonnet"))
    for wrong_ids in (["a", "a"], ["with space"], ["x" * 65]):
        with pytest.raises(anthropic.BadRequestError):
            messages.batches.create(requests=[{"custom_id": name, "params": params()} for name in wrong_ids])  # type: ignore[arg-type]
    with pytest.raises(anthropic.AuthenticationError):
        anthropic.Anthropic(api_key="wrong", base_url=api.url).messages.create(**params())
    assert api.ledger() == []


def test_models_and_tokens(api: FakeApi) -> None:
    models = client(api).models
    assert models.retrieve("claude-sonnet-4-6").lifecycle == "active"
    assert models.retrieve("claude-3-5-sonnet").lifecycle == "retired"
    assert "claude-opus-4-7" in {model.id for model in models.list()}
    with pytest.raises(anthropic.NotFoundError):
        models.retrieve("claude-nobody")
    asked = {name: value for name, value in params().items() if name != "max_tokens"}
    assert client(api).messages.count_tokens(**asked).input_tokens > 0
    assert api.ledger() == []


def test_what_is_marked_is_written_to_the_cache_once_and_read_from_then_on(api: FakeApi) -> None:
    def asked(question: str) -> Any:
        shared = {"type": "text", "text": "long " * 2_000, "cache_control": {"type": "ephemeral", "ttl": "1h"}}
        blocks = [shared, {"type": "text", "text": question}]
        return client(api).messages.create(**params(messages=[{"role": "user", "content": blocks}])).usage

    first, second = asked("one?"), asked("two?")
    assert first.cache_creation_input_tokens == first.cache_creation.ephemeral_1h_input_tokens > 2_000
    assert (first.cache_read_input_tokens, second.cache_creation_input_tokens) == (0, 0)
    assert second.cache_read_input_tokens == first.cache_creation_input_tokens


def test_failing_calls_before_and_after_the_work_is_done(api: FakeApi) -> None:
    one_try = client(api, max_retries=0).messages
    api.behaviour.faults = [Fault("POST", "/v1/messages", 429, retry_after=0.01)]
    with pytest.raises(anthropic.RateLimitError) as limited:
        one_try.create(**params())
    assert limited.value.response.headers["retry-after"] == "0.01"
    api.behaviour.faults = [Fault("POST", "/v1/messages", 529, times=2)]
    assert client(api, max_retries=2).messages.create(**params()).stop_reason == "end_turn"
    assert len(api.ledger()) == 1
    api.behaviour.faults = [Fault("POST", "/v1/messages", None, after=True)]
    with pytest.raises(anthropic.APIConnectionError):
        one_try.create(**params())
    assert len(api.ledger()) == 2
    api.behaviour.faults = [Fault("GET", "/v1/models/*", 500)]
    with pytest.raises(anthropic.InternalServerError):
        client(api, max_retries=0).models.retrieve("claude-sonnet-4-6")


def test_another_server_on_the_folder_carries_on(tmp_path: Path) -> None:
    with FakeApi(tmp_path, Behaviour(batch_seconds=0.1)) as api:
        batch = client(api).messages.batches.create(requests=requests(3))
    with FakeApi(tmp_path) as api:
        assert client(api).messages.batches.retrieve(batch.id).request_counts.succeeded == 3
        assert len(list(client(api).messages.batches.results(batch.id))) == 3
    assert len(FakeApi(tmp_path).ledger()) == 3


def test_results_that_are_no_longer_kept(api: FakeApi) -> None:
    api.behaviour.kept = False
    batches = client(api).messages.batches
    batch = batches.create(requests=requests(1))
    assert batches.retrieve(batch.id).archived_at is not None
    with pytest.raises(anthropic.AnthropicError):
        batches.results(batch.id)

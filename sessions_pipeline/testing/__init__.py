"""A local stand-in for the Claude API that the real SDK talks to, for tests without a key, a network or a bill.

    from sessions_pipeline.testing import Behaviour, FakeApi

    with FakeApi(folder) as api:
        client = anthropic.Anthropic(api_key="any", base_url=api.url)
        batch = client.messages.batches.create(requests=[...])
        assert api.ledger()[0]["custom_id"] == "..."

It speaks `/v1/messages`, `/v1/messages/count_tokens`, `/v1/models` and `/v1/messages/batches` (create, list, retrieve,
cancel, delete, results), turns down what the API turns down (repeated or malformed ids, schemas with bounds, unknown
models, parameters that no longer exist), and fills in structured output by the request's schema. `Behaviour` makes it
misbehave: every result type, slow batches, rate limits, outages before or after the work was done, lost connections,
results that are no longer kept. Results come in a shuffled order.

All state lies in `folder`, so a server on the same folder carries on where another one stopped or was killed.
`ledger.jsonl` there holds one line for each request that was billed, which is what a test of "never paid twice" reads.

`python -m sessions_pipeline.testing FOLDER` starts it by itself; point ANTHROPIC_BASE_URL at what it prints.
"""

from sessions_pipeline.testing.api import FakeApi
from sessions_pipeline.testing.behaviour import Behaviour, Fault

__all__ = ["Behaviour", "FakeApi", "Fault"]

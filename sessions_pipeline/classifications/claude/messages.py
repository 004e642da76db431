"""Direct calls: full price, answered at once, and covered by zero-data-retention agreements.

An answer is on the disk before the next request of its session is sent. What a kill can cost is the requests that are
under way at that moment, one per thread: the API may have answered and billed them, and nobody can ask it. They are
counted (`Store.end_interrupted`) and asked again.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from sessions_pipeline.classifications.claude.client import MaybeDoneError, never_blindly
from sessions_pipeline.classifications.claude.prompts import Ask
from sessions_pipeline.classifications.claude.results import of_message
from sessions_pipeline.classifications.claude.store import UNKNOWN, Request, Result, Store

if TYPE_CHECKING:
    from anthropic import Anthropic

CUT_SHORT = Result(UNKNOWN, "connection lost before the answer", retry="now")


def send(client: Anthropic, store: Store, ask: Ask, request: Request, *, marked: bool) -> Result:
    """Asks, and returns what was written to the store.

    marked: whether another request will read the shared prefix from the cache.
    Raises an APIError if the API turns the request down for good; then nothing was billed.
    """
    from anthropic import APIError

    store.intend_direct(request, time.time())
    params = ask.marked("5m") if marked else dict(ask.params)
    try:
        answer = client.with_options(middleware=[*client.middleware, never_blindly()]).messages.create(**params)
    except MaybeDoneError:
        result = CUT_SHORT
    except APIError as error:
        if (refused := _turned_down(error)) is None:
            store.withdraw(request.key)
            raise
        result = refused
    else:
        result = of_message(ask.step, answer, ask.model, batch=False)
    store.write([(request.key, result)], time.time())
    return result


def _turned_down(error: Exception) -> Result | None:
    """The result of a request that the API refuses for what it is; None if the trouble lies elsewhere."""
    from anthropic import APIStatusError

    if not isinstance(error, APIStatusError) or error.status_code not in (400, 413, 500):
        return None
    # The SDK has tried a 500 again and again: it may lie in the request, and must not hold up the others.
    return Result("error", str(error.type or error.status_code), retry="later" if error.status_code == 500 else None)

"""The SDK's client as we use it, its errors in our words, and the check of the models before anything is sent."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from sessions_pipeline.classifications.backend import LabellingStoppedError

if TYPE_CHECKING:
    from anthropic import Anthropic, APIError
    from anthropic._middleware import CallNext
    from anthropic._request import APIRequest
    from anthropic._response import APIResponse

LOG = logging.getLogger(__name__)
KEY_VARIABLES = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN")
NO_KEY = (
    "the claude backend needs an API key in the environment variable ANTHROPIC_API_KEY, and there is none. "
    "Set it (it is read from there only and stored nowhere), or use --backend rules."
)
# Of the SDK: 0.5 s, doubling to 8 s, or what the API asks for; 8 of them ride out about a minute of trouble.
RETRIES = 8
TIMEOUT_SECONDS = 600.0
# After these the API may or may not have created what was to be created.
AMBIGUOUS = (408, 409, 500, 502, 504)
_NO_SUCH_ADDRESS = (404, 405, 501)


class MaybeDoneError(Exception):
    """It is not known whether the API did what was asked: the connection or the server failed half way."""


def has_key() -> bool:
    """Whether the environment holds a key."""
    return any(os.environ.get(name) for name in KEY_VARIABLES)


def make_client() -> Anthropic:
    """The client for the endpoint in ANTHROPIC_BASE_URL, or Anthropic's own.

    Raises LabellingStoppedError, saying what to do, without a key in the environment. The SDK would look for
    credentials in files too; a key that nobody named here is not ours to spend.
    """
    if not has_key():
        raise LabellingStoppedError(NO_KEY)
    from anthropic import Anthropic

    # At DEBUG (ANTHROPIC_LOG=debug) the SDK and its HTTP layer write requests, and so transcripts, to the log.
    for name in ("anthropic", "httpx2", "httpcore2"):
        if logging.getLogger(name).getEffectiveLevel() < logging.INFO:
            logging.getLogger(name).setLevel(logging.INFO)
    # Spans could carry the content of requests, where a variable of the environment says so.
    return Anthropic(max_retries=RETRIES, timeout=TIMEOUT_SECONDS, open_telemetry=False)


def never_blindly(*statuses: int) -> Callable[[APIRequest, CallNext], APIResponse[Any]]:
    """Middleware that keeps the SDK from repeating a request that may have been done, and so from paying twice.

    The API knows no idempotency key. What was turned down (429, 529, no connection) the SDK tries again as it likes;
    after a lost connection, a timeout or one of `statuses`, MaybeDoneError is raised instead.
    """
    import httpx2
    from anthropic import APIConnectionError

    def middleware(request: APIRequest, call_next: CallNext) -> APIResponse[Any]:
        try:
            response = call_next(request)
        except APIConnectionError as error:
            if isinstance(error.__cause__, httpx2.ConnectError | httpx2.ConnectTimeout):
                raise  # without a connection nothing was sent
            raise MaybeDoneError from None
        if response.status_code in statuses:
            raise MaybeDoneError
        return response

    return middleware


def explained(error: APIError) -> str:
    """What happened and what to do, without anything that the API quoted from a request."""
    from anthropic import APIStatusError, APITimeoutError

    if not isinstance(error, APIStatusError):
        what = "did not answer in time" if isinstance(error, APITimeoutError) else "cannot be reached"
        return f"the API {what}. Check the network and ANTHROPIC_BASE_URL, and run again: what was answered is kept."
    advice = {
        401: "Check the key in ANTHROPIC_API_KEY.",
        402: "Check the billing of the key's organisation.",
        403: "The key's workspace may not use this model or endpoint.",
        404: "The endpoint does not know this address or model.",
        413: "A request is larger than the endpoint takes.",
        429: "The organisation's rate or spending limit is reached: run again later, or raise the limit.",
    }.get(error.status_code, "Run again later: what was answered is kept, and nothing is paid twice.")
    name = f", {error.type}" if error.type else ""
    reference = f" (request {error.request_id})" if error.request_id else ""
    return f"the API answered HTTP {error.status_code}{name}{reference}. {advice}"


def check_models(client: Anthropic, models: Iterable[str], batches: bool) -> None:
    """Asks the API about every model before anything is sent. Raises LabellingStoppedError, naming what is wrong."""
    problems = [problem for model in sorted(set(models)) for problem in _problems(client, model, batches)]
    if problems:
        raise LabellingStoppedError("; ".join(problems) + ". Nothing was sent. See `sessions-pipeline settings`.")


def _problems(client: Anthropic, model: str, batches: bool) -> list[str]:
    from anthropic import APIError, APIStatusError

    try:
        info = client.models.retrieve(model)
    except APIStatusError as error:
        if error.status_code == 404 and error.type == "not_found_error":
            return [f"the endpoint knows no model {model}"]
        if error.status_code not in _NO_SUCH_ADDRESS:
            raise LabellingStoppedError(explained(error)) from None
        # Compatible endpoints need not have this address.
        LOG.warning("the endpoint says nothing about its models; %s is used unchecked", model)
        return []
    except APIError as error:
        raise LabellingStoppedError(explained(error)) from None
    lifecycle = getattr(info, "lifecycle", "active")
    if lifecycle == "retired":
        return [f"the model {model} is retired"]
    if lifecycle == "deprecated":
        LOG.warning("the model %s is deprecated and will be retired", model)
    needed = {
        "structured outputs": ("structured_outputs",),
        "answers without thinking": ("thinking", "types", "disabled"),
        **({'batches (set api_mode = "direct")': ("batch",)} if batches else {}),
    }
    return [f"the model {model} cannot do {name}" for name, path in needed.items() if _denied(info.capabilities, path)]


def _denied(capabilities: object, path: tuple[str, ...]) -> bool:
    """Whether the endpoint says that it cannot; compatible ones may say nothing."""
    found = capabilities
    for name in path:
        found = getattr(found, name, None)
    return getattr(found, "supported", True) is False

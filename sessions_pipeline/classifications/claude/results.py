"""What an answer of the API means for a label, whatever the way it came. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessions_pipeline.classifications.claude.budget import charged
from sessions_pipeline.classifications.claude.prompts import InvalidAnswerError, Reading, read_answer
from sessions_pipeline.classifications.claude.store import Attempt, Result
from sessions_pipeline.sources.model import Usage

if TYPE_CHECKING:
    from anthropic.types import Message
    from anthropic.types.messages import MessageBatchResult

# Asked again once: that a model misses the form twice says something about the session.
INVALID_TRIES = 2
# A request that comes to nothing and costs nothing is sent this often in one run.
FREE_TRIES = 3
# Errors that lie in the request itself; all others may pass.
_LASTING_ERRORS = ("invalid_request_error", "request_too_large", "not_found_error")
NOT_THE_FORM = "not the form asked for"
GONE = Result("expired", "results no longer kept by the API", retry="later")
NO_RESULT = Result("error", "no result in the batch", retry="later")


def of_message(step: str, message: Message, model: str, batch: bool) -> Result:
    """How a request ended that the model answered to. Tokens and cost are those billed, label or not."""
    billed = _billed(message, batch)
    status, reason, reading = _meaning(step, message)
    return Result(
        status,
        reason,
        None,
        reading.label,
        reading.value,
        reading.text,
        billed.input,
        billed.output,
        billed.cache_write_5m + billed.cache_write_1h,
        billed.cache_read,
        charged(model, billed, batch),
    )


def of_batch(step: str, result: MessageBatchResult, model: str) -> Result:
    """How a request in a batch ended. Only answers are billed."""
    if result.type == "succeeded":
        return of_message(step, result.message, model, batch=True)
    if result.type == "expired":
        return Result("expired", "not answered within a day", retry="now")
    if result.type == "canceled":
        return Result("error", "the batch was cancelled", retry="later")
    # A kind of result that the API adds later has no error to name.
    error = getattr(getattr(result, "error", None), "error", None)
    kind = str(getattr(error, "type", None) or "error of unknown type")
    return Result("error", kind, retry=None if kind in _LASTING_ERRORS else "now")


def ask_again(attempts: list[Attempt], run_started: float) -> bool:
    """Whether to send a request (again), after `attempts` of this run and earlier ones; times in seconds since 1970."""
    if not attempts:
        return True
    last = attempts[-1].result
    if last.status == "invalid" and last.reason and last.reason.startswith(NOT_THE_FORM):
        return sum(attempt.result.status == "invalid" for attempt in attempts) < INVALID_TRIES
    if last.retry is None:
        return False
    now = sum(attempt.answered_at >= run_started for attempt in attempts)
    return now == 0 or (last.retry == "now" and now < FREE_TRIES)


def _meaning(step: str, message: Message) -> tuple[str, str | None, Reading]:
    if message.stop_reason == "refusal":
        category = getattr(getattr(message, "stop_details", None), "category", None)
        return "refused", f"refusal: {category or 'no category'}", Reading()
    if message.stop_reason in ("max_tokens", "model_context_window_exceeded"):
        return "invalid", message.stop_reason, Reading()
    text = "".join(block.text for block in message.content or [] if block.type == "text")
    try:
        return "ok", None, read_answer(step, text)
    except InvalidAnswerError as error:
        return "invalid", f"{NOT_THE_FORM}: {error}", Reading()


def _billed(message: Message, batch: bool) -> Usage:
    """Tokens by class; compatible endpoints leave some out."""
    usage = message.usage
    written = usage.cache_creation_input_tokens or 0
    parts = usage.cache_creation
    if parts is not None:
        short, long = parts.ephemeral_5m_input_tokens or 0, parts.ephemeral_1h_input_tokens or 0
    else:
        short, long = (0, written) if batch else (written, 0)
    return Usage(usage.input_tokens or 0, usage.output_tokens or 0, short, long, usage.cache_read_input_tokens or 0)

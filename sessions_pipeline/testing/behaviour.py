"""How the fake API behaves: which requests end how, and which calls fail. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

# Ways for a request to end: answered with a label, or one of these.
ANSWERED = "answered"
ENDINGS = (
    "refused",  # billed; stop reason `refusal`, with a category
    "not_json",  # billed; text that is not JSON
    "wrong_label",  # billed; JSON of the right form with a label that there is not
    "max_tokens",  # billed; cut in the middle
    "context",  # billed; stop reason `model_context_window_exceeded`
    "errored",  # batches: an error of the server; direct: HTTP 500
    "rejected",  # batches: an error in the request; direct: HTTP 400
    "expired",  # batches only
    "canceled",  # batches only
)
BILLED = (ANSWERED, "refused", "not_json", "wrong_label", "max_tokens", "context")
_ONLY_IN_BATCHES = ("expired", "canceled")


def _model(name: str, lifecycle: str = "active", **unable: bool) -> dict[str, Any]:
    def able(ability: str) -> dict[str, bool]:
        return {"supported": unable.get(ability, True)}

    return {
        "id": name,
        "type": "model",
        "display_name": name,
        "created_at": "2026-02-01T00:00:00Z",
        "lifecycle": lifecycle,
        "deprecated_at": None if lifecycle == "active" else "2026-03-01T00:00:00Z",
        "retires_at": None,
        "max_input_tokens": 200_000,
        "max_tokens": 64_000,
        "capabilities": {
            "batch": able("batch"),
            "structured_outputs": able("structured_outputs"),
            "thinking": {"supported": True, "types": {"disabled": able("thinking_disabled")}},
        },
    }


MODELS: dict[str, dict[str, Any]] = {
    **{name: _model(name) for name in ("claude-sonnet-4-6", "claude-haiku-4-5", "claude-opus-4-7")},
    "claude-3-5-sonnet": _model("claude-3-5-sonnet", lifecycle="retired"),
    "claude-opus-4": _model("claude-opus-4", structured_outputs=False),
    "claude-opus-4-1": _model("claude-opus-4-1", batch=False),
}


@dataclass
class Fault:
    """Makes the next `times` calls to `method` `path` fail. path: the address; `*` stands for any part of it.

    status: HTTP status of the failure; None: the connection is cut without an answer. after: the call is carried out
    (and billed) before it fails. half: so it is, and the connection is cut in the middle of the answer. short: so it
    is, and only the first half of the answer's lines come, as if they were all. retry_after: seconds, for the header
    of that name. seconds: how long the call hangs before it fails.
    """

    method: str
    path: str
    status: int | None = 500
    times: int = 1
    after: bool = False
    half: bool = False
    short: bool = False
    retry_after: float | None = None
    seconds: float = 0.0

    def hits(self, method: str, path: str) -> bool:
        """Whether this call is to fail."""
        return self.times > 0 and method == self.method and fnmatchcase(path, self.path)


@dataclass
class Behaviour:
    """What the server does with requests.

    batch_seconds: how long a batch takes. creation_seconds: how long creating one takes; it is there in the middle of
    that time, so a client that is killed may leave a batch whose id it never heard. shares: ending -> share of requests
    that end so; which ones follows from `seed`, the request and how often it was asked. judge: the value that fits a
    schema, for a request's params. kept: whether results of batches are still kept. faults: failing calls, first match
    first. models: id -> what the API says of it.
    """

    batch_seconds: float = 0.0
    creation_seconds: float = 0.0
    shares: Mapping[str, float] = field(default_factory=dict)
    seed: int = 0
    judge: Callable[[Mapping[str, Any]], object] | None = None
    kept: bool = True
    faults: list[Fault] = field(default_factory=list)
    models: dict[str, dict[str, Any]] = field(default_factory=MODELS.copy)

    def ending(self, digest: str, occasion: str, batch: bool) -> str:
        """How a request ends. occasion: tells one time of asking from another."""
        point = fraction(f"{self.seed}:{digest}:{occasion}")
        for name, share in self.shares.items():
            if name not in ENDINGS:
                raise ValueError(f"no ending {name}; there are {', '.join(ENDINGS)}")
            if point < share:
                return name if batch or name not in _ONLY_IN_BATCHES else ANSWERED
            point -= share
        return ANSWERED

    def answer(self, params: Mapping[str, Any], digest: str) -> str:
        """The text of an answer: JSON by the request's schema, or a word without one."""
        if self.judge:
            return json.dumps(self.judge(params))
        schema = schema_of(params)
        if schema is None:
            return "fine"
        return json.dumps(filled(schema, last_text(params), digest))


def fraction(text: str) -> float:
    """A number in [0, 1) that follows from `text`."""
    return int(hashlib.sha256(text.encode()).hexdigest()[:12], 16) / 16**12


def schema_of(params: Mapping[str, Any]) -> dict[str, Any] | None:
    """The output schema of a request."""
    found = ((params.get("output_config") or {}).get("format") or {}).get("schema")
    return found if isinstance(found, dict) else None


def last_text(params: Mapping[str, Any]) -> str:
    """The last block of text of the last message: where a question stands."""
    content = params["messages"][-1]["content"]
    return content if isinstance(content, str) else str(content[-1].get("text", ""))


def filled(schema: Mapping[str, Any], question: str, seed: str) -> object:
    """A value that fits `schema`, the same for the same `seed`.

    Of several alternatives the one counts whose first key the question names in double quotes.
    """
    if "anyOf" in schema:
        named = [each for each in schema["anyOf"] if f'"{(each.get("required") or [""])[0]}"' in question]
        return filled((named or schema["anyOf"])[0], question, seed)
    if "enum" in schema:
        return schema["enum"][int(fraction(seed) * len(schema["enum"]))]
    kind = schema.get("type")
    if kind == "object":
        return {name: filled(each, question, f"{seed}.{name}") for name, each in schema["properties"].items()}
    if kind == "array":
        count = 1 + int(fraction(seed) * 4)
        return [filled(schema["items"], question, f"{seed}.{position}") for position in range(count)]
    if kind in ("integer", "number"):
        return 10 + int(fraction(seed) * 4_000)
    return f"words of a judge, {hashlib.sha256(seed.encode()).hexdigest()[:8]}"

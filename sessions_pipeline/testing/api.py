"""The fake API's server: addresses, state on disk, ledger."""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import json
import random
import re
import secrets
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec

from sessions_pipeline.testing.behaviour import BILLED, Behaviour, Fault, filled, last_text, schema_of

CHARS_PER_TOKEN = 4
CACHE_FROM_TOKENS = 1_024
_CUSTOM_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_NO_LONGER = ("temperature", "top_p", "top_k")
_BOUNDS = ("minimum", "maximum", "pattern", "minLength", "maxLength", "multipleOf")
_ERRORS = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    504: "timeout_error",
    529: "overloaded_error",
}


class FakeApi:
    """The server, running while used as a context manager. folder: its state; made if missing.

    `behaviour` may be changed while it runs.
    """

    def __init__(self, folder: Path, behaviour: Behaviour | None = None, port: int = 0) -> None:
        self.folder = folder
        self.behaviour = behaviour or Behaviour()
        self.received: list[tuple[str, str]] = []
        (folder / "batches").mkdir(parents=True, exist_ok=True)
        self._port = port
        self._lock = threading.RLock()
        self._asked: dict[str, int] = {}
        self._cached: set[str] = set()

    def __enter__(self) -> FakeApi:
        handler = type("Handler", (_Handler,), {"api": self})
        self._server = _Server(("127.0.0.1", self._port), handler)
        self._port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def restart(self) -> None:
        """Stops the server and starts another on the same port and folder: only what lies in the folder survives."""
        self.__exit__()
        self._asked, self._cached = {}, set()
        self.__enter__()

    def wait(self) -> None:
        """Serves until the process is ended."""
        self._thread.join()

    @property
    def url(self) -> str:
        """What `base_url` or ANTHROPIC_BASE_URL takes."""
        return f"http://127.0.0.1:{self._port}"

    def ledger(self) -> list[dict[str, Any]]:
        """Billed requests, oldest first: digest of the params, model, custom_id and batch (None for direct ones)."""
        return self._lines("ledger.jsonl")

    def requests(self) -> list[dict[str, Any]]:
        """The params of all requests that were accepted, in batches and direct, as they came in."""
        return self._lines("requests.jsonl")

    def batch_ids(self) -> list[str]:
        """Batches that were created, oldest first."""
        return [batch["id"] for batch in reversed(self._batches())]

    def handle(self, method: str, address: str, key: str, body: bytes) -> tuple[int, bytes, dict[str, str]]:
        """Status, body and headers of the answer to a call. Raises ConnectionError to cut the connection."""
        path, query = urlsplit(address).path.rstrip("/"), parse_qs(urlsplit(address).query)
        fault = self._fault(method, path)
        if fault:
            time.sleep(fault.seconds)
        if fault and not (fault.after or fault.half or fault.short):
            return _fails(fault)
        if not key or key == "wrong":
            return _error(401, "invalid x-api-key")
        with self._lock:
            self.received.append((method, path))
        try:
            answer = self._route(method, path, query, msgspec.json.decode(body) if body else {})
        except _RefusedError as refused:
            return _error(refused.status, str(refused))
        if fault and fault.half:
            raise _HalfAnswerError(answer[1])
        if fault and fault.short:
            status, whole, headers = answer
            lines = whole.splitlines(keepends=True)
            return status, b"".join(lines[: len(lines) // 2]), headers
        return _fails(fault) if fault else answer

    def _fault(self, method: str, path: str) -> Fault | None:
        with self._lock:
            for fault in self.behaviour.faults:
                if fault.hits(method, path):
                    fault.times -= 1
                    return fault
        return None

    def _route(
        self, method: str, path: str, query: dict[str, list[str]], body: dict[str, Any]
    ) -> tuple[int, bytes, dict[str, str]]:
        parts = path.removeprefix("/v1/").split("/")
        match (method, parts):
            case ("GET", ["models"]):
                return _json({"data": list(self.behaviour.models.values()), "has_more": False})
            case ("GET", ["models", name]):
                return _json(self._model(name))
            case ("POST", ["messages", "count_tokens"]):
                return _json({"input_tokens": _tokens(body)})
            case ("POST", ["messages"]):
                return self._message(body)
            case ("POST", ["messages", "batches"]):
                time.sleep(self.behaviour.creation_seconds / 2)
                created = self._create(body)
                time.sleep(self.behaviour.creation_seconds / 2)
                return _json(created)
            case ("GET", ["messages", "batches"]):
                return _json(self._list(query))
            case ("GET", ["messages", "batches", name]):
                return _json(self._batch(name))
            case ("GET", ["messages", "batches", name, "results"]):
                return self._results(name)
            case ("POST", ["messages", "batches", name, "cancel"]):
                return _json(self._cancel(name))
            case ("DELETE", ["messages", "batches", name]):
                self._batch(name)
                self._file(f"{name}.json").unlink()
                return _json({"id": name, "type": "message_batch_deleted"})
        raise _RefusedError(404, f"no {method} {path}")

    def _model(self, name: str) -> dict[str, Any]:
        if name not in self.behaviour.models:
            raise _RefusedError(404, f"model: {name}")
        return self.behaviour.models[name]

    def _message(self, params: dict[str, Any]) -> tuple[int, bytes, dict[str, str]]:
        self._check(params)
        digest = _digest(params)
        with self._lock:
            self._asked[digest] = self._asked.get(digest, 0) + 1
            ending = self.behaviour.ending(digest, str(self._asked[digest]), batch=False)
            self._append("requests.jsonl", [params])
            if ending == "errored":
                return _error(500, "internal error")
            if ending == "rejected":
                return _error(400, "the request was turned down")
            message = self._answer(params, digest, ending, batch=False)
            self._append(
                "ledger.jsonl", [{"digest": digest, "model": params["model"], "custom_id": None, "batch": None}]
            )
        return _json(message)

    def _create(self, body: dict[str, Any]) -> dict[str, Any]:
        requests = body.get("requests")
        if not isinstance(requests, list) or not 1 <= len(requests) <= 100_000:
            raise _RefusedError(400, "requests: between 1 and 100000 are allowed")
        ids = [str(request.get("custom_id")) for request in requests]
        if len(set(ids)) < len(ids) or not all(map(_CUSTOM_ID.fullmatch, ids)):
            raise _RefusedError(400, "custom_id: must be unique, 1 to 64 characters of A-Z, a-z, 0-9, _ and -")
        for request in requests:
            self._check(request["params"])
        with self._lock:
            number = len(list((self.folder / "batches").glob("*.json")))
            name = f"msgbatch_{number:06d}{secrets.token_hex(4)}"
            self._append("requests.jsonl", [request["params"] for request in requests])
            self._write(f"{name}.requests", requests)
            counts = {"processing": len(requests), "succeeded": 0, "errored": 0, "canceled": 0, "expired": 0}
            batch = {"id": name, "created": time.time(), "counts": counts, "cancelled": False, "ended": None}
            self._write(f"{name}.json", batch)
            return self._shown(batch)

    def _batches(self) -> list[dict[str, Any]]:
        """All batches, newest first."""
        files = sorted((self.folder / "batches").glob("msgbatch_*.json"), reverse=True)
        return [json.loads(file.read_bytes()) for file in files]

    def _list(self, query: dict[str, list[str]]) -> dict[str, Any]:
        with self._lock:
            shown = [self._shown(batch) for batch in self._batches()]
        if after := query.get("after_id"):
            shown = shown[[batch["id"] for batch in shown].index(after[0]) + 1 :]
        page = shown[: int(query.get("limit", ["20"])[0])]
        first, last = (page[0]["id"], page[-1]["id"]) if page else (None, None)
        return {"data": page, "has_more": len(page) < len(shown), "first_id": first, "last_id": last}

    def _file(self, name: str) -> Path:
        return self.folder / "batches" / name

    def _read(self, name: str) -> dict[str, Any]:
        if not self._file(f"{name}.json").exists():
            raise _RefusedError(404, f"no batch {name}")
        found: dict[str, Any] = json.loads(self._file(f"{name}.json").read_bytes())
        return found

    def _batch(self, name: str) -> dict[str, Any]:
        with self._lock:
            return self._shown(self._worked(self._read(name)))

    def _cancel(self, name: str) -> dict[str, Any]:
        with self._lock:
            batch = self._read(name)
            batch["cancelled"] = batch["ended"] is None
            self._write(f"{name}.json", batch)
            return self._shown(batch)

    def _results(self, name: str) -> tuple[int, bytes, dict[str, str]]:
        with self._lock:
            batch = self._worked(self._read(name))
        if batch["ended"] is None or not self.behaviour.kept:
            raise _RefusedError(404, f"no results of {name}")
        lines = self._file(f"{name}.results").read_bytes().splitlines(keepends=True)
        random.Random(f"{self.behaviour.seed}{name}").shuffle(lines)
        return 200, b"".join(lines), {"content-type": "application/x-jsonl"}

    def _worked(self, batch: dict[str, Any]) -> dict[str, Any]:
        """The batch, worked through and billed if its time has come."""
        if batch["ended"] is not None or time.time() < batch["created"] + self.behaviour.batch_seconds:
            return batch
        name, counts = batch["id"], dict.fromkeys(batch["counts"], 0)
        results, bill = [], []
        for request in msgspec.json.decode(self._file(f"{name}.requests").read_bytes()):
            custom_id, params = request["custom_id"], request["params"]
            digest = _digest(params)
            ending = "canceled" if batch["cancelled"] else self.behaviour.ending(digest, custom_id, batch=True)
            result = self._result(params, digest, ending)
            counts[result["type"]] += 1
            results.append({"custom_id": custom_id, "result": result})
            if ending in BILLED:
                bill.append({"digest": digest, "model": params["model"], "custom_id": custom_id, "batch": name})
        self._file(f"{name}.results").write_bytes(_json_lines(results))
        self._append("ledger.jsonl", bill)
        worked = {**batch, "counts": counts, "ended": time.time()}
        self._write(f"{name}.json", worked)
        return worked

    def _result(self, params: dict[str, Any], digest: str, ending: str) -> dict[str, Any]:
        if ending in BILLED:
            return {"type": "succeeded", "message": self._answer(params, digest, ending, batch=True)}
        if ending in ("expired", "canceled"):
            return {"type": ending}
        kind = "api_error" if ending == "errored" else "invalid_request_error"
        return {"type": "errored", "error": {"type": "error", "error": {"type": kind, "message": "made to fail"}}}

    def _answer(self, params: dict[str, Any], digest: str, ending: str, batch: bool) -> dict[str, Any]:
        text = self.behaviour.answer(params, digest)
        stop, details = "end_turn", None
        if ending == "refused":
            text, stop, details = "", "refusal", {"type": "refusal", "category": "cyber", "explanation": None}
        elif ending == "not_json":
            text = "I would say that it is a good session."
        elif ending == "wrong_label":
            text = json.dumps(_unheard_of(filled(schema_of(params) or {}, last_text(params), digest)))
        elif ending == "max_tokens":
            text, stop = text[: len(text) // 2], "max_tokens"
        elif ending == "context":
            text, stop = "", "model_context_window_exceeded"
        return {
            "id": f"msg_{digest[:20]}",
            "type": "message",
            "role": "assistant",
            "model": params["model"],
            "content": [{"type": "text", "text": text}] if text else [],
            "stop_reason": stop,
            "stop_sequence": None,
            "stop_details": details,
            "usage": self._usage(params, len(text), batch),
        }

    def _usage(self, params: dict[str, Any], answer_chars: int, batch: bool) -> dict[str, Any]:
        """Tokens as the API would count them: everything up to the last cache mark is written once and then read."""
        whole = _tokens(params)
        prefix, ttl = _prefix(params)
        behind = (len(prefix) // CHARS_PER_TOKEN) if prefix else 0
        written = read = 0
        if behind >= CACHE_FROM_TOKENS:
            key = hashlib.sha256(prefix).hexdigest()
            written, read = (0, behind) if key in self._cached else (behind, 0)
            self._cached.add(key)
        long = written if ttl == "1h" else 0
        return {
            "input_tokens": max(whole - written - read, 1),
            "output_tokens": max(answer_chars // CHARS_PER_TOKEN, 1),
            "cache_creation_input_tokens": written,
            "cache_read_input_tokens": read,
            "cache_creation": {"ephemeral_5m_input_tokens": written - long, "ephemeral_1h_input_tokens": long},
            "service_tier": "batch" if batch else "standard",
        }

    def _shown(self, batch: dict[str, Any]) -> dict[str, Any]:
        """The batch as the API shows it: counts stay zero until all of it has ended."""
        ended = batch["ended"] is not None
        url = f"{self.url}/v1/messages/batches/{batch['id']}/results"
        return {
            "id": batch["id"],
            "type": "message_batch",
            "processing_status": "ended" if ended else "canceling" if batch["cancelled"] else "in_progress",
            "request_counts": batch["counts"],
            "created_at": _time(batch["created"]),
            "expires_at": _time(batch["created"] + 86_400),
            "ended_at": _time(batch["ended"]) if ended else None,
            "archived_at": None if self.behaviour.kept or not ended else _time(batch["ended"]),
            "cancel_initiated_at": _time(batch["created"]) if batch["cancelled"] else None,
            "results_url": url if ended and self.behaviour.kept else None,
        }

    def _check(self, params: dict[str, Any]) -> None:
        """Raises what the API would answer to a request that it does not take."""
        model = self._model(str(params.get("model")))
        if model["lifecycle"] == "retired":
            raise _RefusedError(404, f"model: {params['model']}")
        for name in _NO_LONGER:
            if name in params:
                raise _RefusedError(400, f"{name}: unknown parameter")
        limit = params.get("max_tokens")
        if not isinstance(limit, int) or not 1 <= limit <= model["max_tokens"]:
            raise _RefusedError(400, "max_tokens: out of range")
        messages = params.get("messages")
        if not messages or messages[-1]["role"] != "user":
            raise _RefusedError(400, "messages: the last one must be the user's")
        schema = schema_of(params)
        if schema is not None:
            if not model["capabilities"]["structured_outputs"]["supported"]:
                raise _RefusedError(400, "output_config: not supported by this model")
            _check_schema(schema)

    def _lines(self, name: str) -> list[dict[str, Any]]:
        file = self.folder / name
        return [json.loads(line) for line in file.read_bytes().splitlines()] if file.exists() else []

    def _append(self, name: str, lines: list[dict[str, Any]]) -> None:
        with (self.folder / name).open("ab") as stream:
            stream.write(_json_lines(lines))

    def _write(self, name: str, value: object) -> None:
        partial = self._file(f".{name}")
        partial.write_bytes(msgspec.json.encode(value))
        partial.replace(self._file(name))


class _RefusedError(Exception):
    """The call is turned down."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class _HalfAnswerError(ConnectionError):
    """The connection is cut in the middle of this body."""

    def __init__(self, body: bytes) -> None:
        super().__init__()
        self.body = body


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: object, client_address: object) -> None:
        """Says nothing of clients that are gone; other errors are told as usual."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    api: FakeApi
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        key = self.headers.get("x-api-key") or (self.headers.get("authorization") or "").removeprefix("Bearer ")
        try:
            status, answer, headers = self.api.handle(self.command, self.path, key, body)
        except _HalfAnswerError as cut:
            self._start(200, {"content-length": str(len(cut.body))})
            self.wfile.write(cut.body[: len(cut.body) // 2])
            self.close_connection = True
            return
        except ConnectionError:
            self.close_connection = True
            return
        with contextlib.suppress(ConnectionError):  # a client that was killed hears no answer
            self._start(status, {"content-length": str(len(answer)), **headers})
            self.wfile.write(answer)

    def _start(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"content-type": "application/json", "request-id": "req_fake", **headers}.items():
            self.send_header(name, value)
        self.end_headers()

    do_GET = do_POST = do_DELETE = _serve  # noqa: N815 (names that the base class looks for)

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


def _json(value: object) -> tuple[int, bytes, dict[str, str]]:
    return 200, msgspec.json.encode(value), {}


def _json_lines(values: list[dict[str, Any]]) -> bytes:
    return b"".join(msgspec.json.encode(value) + b"\n" for value in values)


def _error(status: int, message: str) -> tuple[int, bytes, dict[str, str]]:
    error = {"type": _ERRORS.get(status, "api_error"), "message": message}
    return status, msgspec.json.encode({"type": "error", "error": error, "request_id": "req_fake"}), {}


def _fails(fault: Fault) -> tuple[int, bytes, dict[str, str]]:
    if fault.status is None:
        raise ConnectionError
    status, body, headers = _error(fault.status, "made to fail")
    if fault.retry_after is not None:
        headers["retry-after"] = str(fault.retry_after)
    return status, body, headers


def _time(seconds: float) -> str:
    return dt.datetime.fromtimestamp(seconds, dt.UTC).isoformat()


def _digest(params: dict[str, Any]) -> str:
    """What a request asks, cache marks left out: they change the bill and not the question."""
    messages = [
        {
            **message,
            "content": [{k: v for k, v in block.items() if k != "cache_control"} for block in message["content"]],
        }
        if isinstance(message["content"], list)
        else message
        for message in params["messages"]
    ]
    return hashlib.sha256(msgspec.json.encode({**params, "messages": messages}, order="deterministic")).hexdigest()


def _texts(params: dict[str, Any]) -> list[str]:
    texts = []
    system = params.get("system") or []
    for content in (system, *(message["content"] for message in params["messages"])):
        texts += [content] if isinstance(content, str) else [block.get("text", "") for block in content]
    return texts


def _tokens(params: dict[str, Any]) -> int:
    schema = len(json.dumps(schema_of(params) or {}))
    return (sum(map(len, _texts(params))) + schema) // CHARS_PER_TOKEN + 10


def _prefix(params: dict[str, Any]) -> tuple[bytes, str]:
    """What lies before the last cache mark, schema included, and the mark's lifetime."""
    passed: list[object] = [params["model"], schema_of(params), params.get("system")]
    prefix, ttl = b"", "5m"
    for message in params["messages"]:
        for block in message["content"] if isinstance(message["content"], list) else []:
            passed.append(block.get("text"))
            if mark := block.get("cache_control"):
                prefix, ttl = msgspec.json.encode(passed), mark.get("ttl", "5m")
    return prefix, ttl


def _check_schema(schema: object) -> None:
    """Objects must be closed and nothing bounded, as the API wants it."""
    if isinstance(schema, dict):
        if schema.get("type") == "object" and schema.get("additionalProperties") is not False:
            raise _RefusedError(400, "output_config.format.schema: additionalProperties must be false")
        for name in _BOUNDS:
            if name in schema and not isinstance(schema[name], dict):
                raise _RefusedError(400, f"output_config.format.schema: {name} is not supported")
        for value in schema.values():
            _check_schema(value)
    elif isinstance(schema, list):
        for value in schema:
            _check_schema(value)


def _unheard_of(value: object) -> object:
    """The same form with a label that nobody offered."""
    if isinstance(value, dict):
        return {name: _unheard_of(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_unheard_of(each) for each in value]
    return "unheard_of" if isinstance(value, str) else -1

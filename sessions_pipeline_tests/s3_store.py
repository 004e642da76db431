"""A stand-in for S3 on this machine: just what a reader asks of it, over real HTTP, so that worker processes can too.

Speaks ListObjectsV2 (prefix, delimiter, pages), HEAD and GET of objects, with sizes, times of whole seconds and ETags.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

PAGE = 3  # keys in one answer, so that few objects make several pages
LONG_AGO = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)


class Store:
    """Objects of one bucket. reads: how often each was read. forbidden: keys that are refused."""

    bucket = "logs"

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.changed: dict[str, dt.datetime] = {}
        self.reads: Counter[str] = Counter()
        self.forbidden: set[str] = set()
        self.url = ""

    def put(self, key: str, data: bytes, changed: dt.datetime = LONG_AGO) -> None:
        """Puts an object in the place of the one with this key."""
        self.objects[key], self.changed[key] = data, changed

    def environment(self) -> dict[str, str]:
        """What a user of the vendor's tools would set to reach the store."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "a",
            "AWS_SECRET_ACCESS_KEY": "b",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_MAX_ATTEMPTS": "1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def listing(self, prefix: str, delimiter: str, after: str) -> str:
        """One page of keys as XML."""
        shown: dict[str, str] = {}
        for key in sorted(self.objects):
            if key.startswith(prefix):
                cut = key.find(delimiter, len(prefix)) if delimiter else -1
                name = key if cut < 0 else key[: cut + 1]
                shown[name] = self._object(key) if cut < 0 else f"<Prefix>{escape(name)}</Prefix>"
        names = [name for name in shown if name > after]
        page, more = names[:PAGE], len(names) > PAGE
        body = "".join(
            f"<CommonPrefixes>{shown[name]}</CommonPrefixes>"
            if name not in self.objects
            else f"<Contents>{shown[name]}</Contents>"
            for name in page
        )
        token = f"<NextContinuationToken>{escape(page[-1])}</NextContinuationToken>" if more else ""
        return (
            '<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
            f"<Name>{self.bucket}</Name><Prefix>{escape(prefix)}</Prefix><KeyCount>{len(page)}</KeyCount>"
            f"<IsTruncated>{str(more).lower()}</IsTruncated>{token}{body}</ListBucketResult>"
        )

    def tag(self, key: str) -> str:
        """The ETag of an object."""
        return f'"{hashlib.md5(self.objects[key]).hexdigest()}"'

    def _object(self, key: str) -> str:
        return (
            f"<Key>{escape(key)}</Key><LastModified>{self.changed[key]:%Y-%m-%dT%H:%M:%S.000Z}</LastModified>"
            f"<ETag>{escape(self.tag(key))}</ETag><Size>{len(self.objects[key])}</Size>"
        )


@contextmanager
def running(store: Store) -> Iterator[Store]:
    """The store answering on a free port of this machine; it ends with the block."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.0"  # a connection for each answer: none outlives the server

        def do_HEAD(self) -> None:
            self.do_GET()

        def do_GET(self) -> None:
            asked = urlsplit(self.path)
            _, bucket, key = f"{unquote(asked.path)}/".split("/", 2)
            query = {name: values[0] for name, values in parse_qs(asked.query).items()}
            key = key.rstrip("/")
            if bucket != store.bucket:
                self.answer(404, b"<Error><Code>NoSuchBucket</Code><Message>no such bucket</Message></Error>")
            elif not key:
                page = store.listing(
                    query.get("prefix", ""), query.get("delimiter", ""), query.get("continuation-token", "")
                )
                self.answer(200, page.encode())
            elif key in store.forbidden:
                self.answer(403, b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>")
            elif key not in store.objects:
                self.answer(404, b"<Error><Code>NoSuchKey</Code><Message>no such key</Message></Error>")
            else:
                if self.command == "GET":
                    store.reads[key] += 1
                self.answer(200, store.objects[key], key)

        def answer(self, code: int, body: bytes, key: str = "") -> None:
            self.send_response(code)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Content-Type", "application/octet-stream" if key else "application/xml")
            if key:
                self.send_header("ETag", store.tag(key))
                self.send_header("Last-Modified", format_datetime(store.changed[key], usegmt=True))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        def log_message(self, format: str, *arguments: object) -> None:
            """Nothing: the tests' output is for the tests."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    store.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield store
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

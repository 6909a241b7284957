"""A real HTTP server on 127.0.0.1 that answers by script, remembers requests, and can misbehave."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

REPLIES = Path(__file__).parents[1] / "replies"
BETWEEN_BYTES = 0.005
"""Seconds a dripping server lets pass; it waits for the end of the test, not for the clock."""

How = Literal["whole", "cut", "drip", "drip-headers", "hang"]


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer, and the manner of sending it."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    how: How = "whole"
    """``cut``: half of the body, then the connection is closed. ``drip``: a byte at a time, without
    end. ``drip-headers``: the same before the body. ``hang``: nothing at all until the test is over."""
    pieces: Iterable[bytes] | None = None
    """In place of a body: sent as they come, chunked; the connection is closed after the last one."""

    @classmethod
    def of(cls, value: object, status: int = 200, **headers: str) -> Reply:
        """Answer with a JSON value; ``x_rate_limit_reset="1"`` becomes a header of that name."""
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        return cls(status, json.dumps(value).encode(), {"content-type": "application/json; charset=utf-8"} | named)

    @classmethod
    def recorded(cls, name: str) -> Reply:
        """Answer with a file of ``tests/replies``: an object with status, headers and body."""
        stored = json.loads((REPLIES / name).read_text(encoding="utf-8"))
        return cls(stored["status"], json.dumps(stored["body"]).encode(), stored["headers"])


@dataclass(frozen=True, slots=True)
class Recorded:
    """One request as it arrived."""

    method: str
    target: str
    """Path and query as sent; a whole address when a proxy is asked."""
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes
    client: tuple[str, int]
    """Address and port it came from: one a connection."""

    @property
    def path(self) -> str:
        """The path alone."""
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        """The query's values; the last one where a name repeats."""
        return {name: values[-1] for name, values in parse_qs(urlsplit(self.target).query).items()}


class Server:
    """Serves in threads of its own until the ``with`` block is left."""

    def __init__(self, *replies: Reply, answer: Callable[[Recorded], Reply] | None = None) -> None:
        """Answer with the replies in order, the last one for ever; or with whatever ``answer`` returns."""
        self.requests: list[Recorded] = []
        self.closing = threading.Event()
        """Set when the test is over; whatever hangs or drips ends then."""
        self._replies = list(replies)
        self.answer = answer or self._next
        handler = type("Handler", (_Handler,), {"owner": self})
        self._http = _Quiet(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    @property
    def url(self) -> str:
        """Where it listens, without a slash at the end."""
        return f"http://127.0.0.1:{self._http.server_port}"

    def __enter__(self) -> Self:
        """Start serving."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop, and end whatever still hangs."""
        self.closing.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def handle(self, request: Recorded) -> Reply:
        """Remember the request and find its answer."""
        self.requests.append(request)
        return self.answer(request)

    def extend(self, replies: Iterable[Reply]) -> None:
        """Go on with these once the script so far has been played."""
        self._replies += replies

    def _next(self, _request: Recorded) -> Reply:
        return self._replies.pop(0) if len(self._replies) > 1 else self._replies[0]


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401  # socketserver's own types
        """Say nothing of clients that hang up: that is what many tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    owner: Server

    def do_GET(self) -> None:
        """Answer a request of any method."""
        length = int(self.headers.get("content-length") or 0)
        headers = {name.lower(): value for name, value in self.headers.items()}
        reply = self.owner.handle(
            Recorded(self.command, self.path, headers, self.rfile.read(length), self.client_address)
        )
        if reply.how == "hang":
            self._leave()
        elif reply.how == "drip-headers":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Endless: ")
            self._drip()
        else:
            self._send(reply)

    do_POST = do_GET  # noqa: N815  # the names are the base class's
    do_PATCH = do_GET  # noqa: N815
    do_PUT = do_GET  # noqa: N815
    do_DELETE = do_GET  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name is the base class's
        """Keep standard error for the test."""

    def _send(self, reply: Reply) -> None:
        self.send_response_only(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if reply.pieces is not None:
            self._stream(reply.pieces)
            return
        length = 10_000_000 if reply.how == "drip" else len(reply.body)
        self.send_header("content-length", str(length))
        self.end_headers()
        if reply.how == "drip":
            self._drip()
        elif reply.how == "cut":
            self.wfile.write(reply.body[: len(reply.body) // 2])
            self.close_connection = True
        else:
            self.wfile.write(reply.body)

    def _stream(self, pieces: Iterable[bytes]) -> None:
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for piece in pieces:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        self.wfile.write(b"0\r\n\r\n")
        self.close_connection = True

    def _drip(self) -> None:
        while not self.owner.closing.wait(BETWEEN_BYTES):
            self.wfile.write(b"x")
        self.close_connection = True

    def _leave(self) -> None:
        self.owner.closing.wait()
        self.close_connection = True

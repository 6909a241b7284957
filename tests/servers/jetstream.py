"""A Jetstream on 127.0.0.1, written to its documented shape: the real one is on no package registry.

``/subscribe?wantedCollections=…&cursor=<µs>`` plays what is kept from the cursor on and then what comes, as JSON in text
frames: ``{did, time_us, kind, commit: {rev, operation, collection, rkey, record, cid}}``; deletes have no record. Events
of accounts and identities come whatever the collection.
"""

from __future__ import annotations

import json
from contextlib import suppress
from http import HTTPStatus
from threading import Condition, Thread
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qs, urlsplit

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import serve

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from websockets.http11 import Request, Response
    from websockets.sync.server import ServerConnection

POST = "app.bsky.feed.post"


class Jetstream:
    """Serves in threads of its own until the ``with`` block is left."""

    def __init__(self, port: int = 0) -> None:
        """Start with an empty past; with a port, where another one was."""
        self.asked: list[dict[str, list[str]]] = []
        """Query of each connection."""
        self.refusal: int | None = None
        """Status with which connections are refused."""
        self.endless = False
        """Whether it plays the same past again and again, and never comes to the present."""
        self._events: list[dict[str, Any]] = []
        self._changed = Condition()
        self._connections: set[ServerConnection] = set()
        self._server = serve(self._serve, "127.0.0.1", port, process_request=self._admit)
        self._thread = Thread(target=self._server.serve_forever, daemon=True)

    @property
    def port(self) -> int:
        """Where it listens."""
        number: int = self._server.socket.getsockname()[1]
        return number

    @property
    def url(self) -> str:
        """Its address."""
        return f"ws://127.0.0.1:{self.port}/subscribe"

    def __enter__(self) -> Self:
        """Start serving."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self.drop()
        self._server.shutdown()
        self._thread.join()

    def post(
        self, number: int, text: str, at: datetime, *, did: str = "", seen: datetime | None = None, **fields: object
    ) -> str:
        """Have somebody post, and return the address; ``seen`` is when it came to the stream, if not ``at``."""
        record: dict[str, Any] = {"$type": POST, "text": text, "createdAt": at.isoformat(), "langs": ["en"], **fields}
        tags = [word[1:] for word in text.split() if word.startswith("#")]
        record["facets"] = [{"features": [{"$type": "app.bsky.richtext.facet#tag", "tag": tag}]} for tag in tags]
        author = did or f"did:plc:invented{number}"
        self.send(author, seen or at, {"operation": "create", "rkey": f"3k{number}", "record": record, "cid": "bafy"})
        return f"at://{author}/{POST}/3k{number}"

    def delete(self, uri: str, at: datetime) -> None:
        """Have a post deleted."""
        _, _, did, _, key = uri.split("/")
        self.send(did, at, {"operation": "delete", "rkey": key})

    def send(self, did: str, at: datetime, commit: Mapping[str, Any]) -> None:
        """Send any commit."""
        self.add({"did": did, "kind": "commit", "commit": {"rev": "3l", "collection": POST, **commit}}, at)

    def add(self, event: Mapping[str, Any], at: datetime) -> None:
        """Send any event."""
        with self._changed:
            self._events.append({**event, "time_us": round(at.timestamp() * 1_000_000)})
            self._changed.notify_all()

    def drop(self) -> None:
        """Break every connection, without a word."""
        with self._changed:
            connections, self._connections = self._connections, set()
            self._changed.notify_all()
        for connection in connections:
            with suppress(OSError):
                connection.socket.close()
            connection.close_socket()

    def copy_past(self, other: Jetstream) -> None:
        """Know what another one knew."""
        self._events = list(other._events)

    def _admit(self, connection: ServerConnection, request: Request) -> Response | None:
        self.asked.append(parse_qs(urlsplit(request.path).query))
        if self.refusal or urlsplit(request.path).path != "/subscribe":
            return connection.respond(HTTPStatus(self.refusal or 404), "no")
        return None

    def _serve(self, connection: ServerConnection) -> None:
        query = parse_qs(urlsplit(connection.request.path).query) if connection.request else {}
        wanted, cursor = query.get("wantedCollections", []), int(query.get("cursor", ["0"])[0])
        with self._changed:
            self._connections.add(connection)
        place = 0
        with suppress(ConnectionClosed, OSError):
            while True:
                if (event := self._next(connection, place)) is None:
                    return
                place = (place + 1) % len(self._events) if self.endless else place + 1
                if event["time_us"] >= cursor and event.get("commit", {}).get("collection", POST) in [*wanted, POST]:
                    connection.send(json.dumps(event))

    def _next(self, connection: ServerConnection, place: int) -> dict[str, Any] | None:
        with self._changed:
            self._changed.wait_for(lambda: place < len(self._events) or connection not in self._connections)
            return self._events[place] if connection in self._connections else None

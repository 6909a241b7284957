"""A look-alike of X's filtered stream beside its search, written by us to their documentation.

One connection at a time, rules with tags, posts as they are written, signs of life when the test says so.
"""

from __future__ import annotations

import json
import queue
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.servers.http_server import Recorded, Reply
from tests.servers.x_api import XApi, problem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

STREAM = "/2/tweets/search/stream"
RULES = f"{STREAM}/rules"
KIND = "https://api.twitter.com/2/problems"


@dataclass
class XStream:
    """The state behind the stream; ``answer`` goes in front of that of search."""

    api: XApi
    rules: list[dict[str, str]] = field(default_factory=list)
    connections: int = 0
    """Made so far."""
    sent: int = 0
    """Lines put on the wire so far, and connections: so often the reader looks at its clock."""
    refuse: Reply | None = None
    """What connecting is answered with, in place of the stream."""
    busy: bool = False
    """Whether somebody else has the one connection."""
    last: bytes = b""
    """The last line of JSON."""
    _lines: queue.Queue[bytes | None] = field(default_factory=queue.Queue)
    _given: int = 1_166_895_166_390_583_299

    def answer(self, request: Recorded) -> Reply | None:
        """Answer what is about the stream; None for the rest."""
        if request.path == RULES:
            return self._list() if request.method == "GET" else self._change(json.loads(request.body))
        return self._connect() if request.path == STREAM else None

    def write(self, at: datetime, text: str = "acme24 works", *, heard: bool = True, **more: Any) -> str:  # noqa: ANN401
        """Add a post, and send it down the stream unless nobody is to hear it there."""
        post_id = self.api.write(at, text)
        post = next(each for each in self.api.posts if each["id"] == post_id)
        if heard:
            matched = [{"id": rule["id"], "tag": rule["tag"]} for rule in self.rules]
            self.send({"data": self.api.named(post), "matching_rules": matched} | more)
        return post_id

    def send(self, value: object) -> None:
        """Send a line of JSON."""
        self.last = json.dumps(value).encode()
        self.raw(self.last + b"\r\n")

    def raw(self, line: bytes) -> None:
        """Send any bytes; an empty line is a sign of life."""
        self.sent += 1
        self._lines.put(line)

    def hang_up(self) -> None:
        """Close the connection from X's side."""
        self._lines.put(None)

    def _connect(self) -> Reply:
        if self.refuse:
            return self.refuse
        if self.busy:
            issue = {"connection_issue": "TooManyConnections"}
            detail = "This stream is currently at the maximum allowed connection limit."
            return problem(429, "ConnectionException", detail, f"{KIND}/streaming-connection", **issue)
        self.connections += 1
        self.sent += 1
        self._lines = queue.Queue()
        return Reply(200, b"", {"content-type": "application/json; charset=utf-8"}, pieces=self._pieces(self._lines))

    @staticmethod
    def _pieces(lines: queue.Queue[bytes | None]) -> Iterator[bytes]:
        while (line := lines.get()) is not None:
            yield line

    def _list(self) -> Reply:
        meta = {"sent": "2026-03-10T14:30:00.000Z", "result_count": len(self.rules)}
        return Reply.of({"meta": meta} | ({"data": self.rules} if self.rules else {}))

    def _change(self, change: dict[str, Any]) -> Reply:
        sent = {"sent": "2026-03-10T14:30:00.000Z"}
        if "delete" in change:
            ids = set(change["delete"]["ids"])
            self.rules = [rule for rule in self.rules if rule["id"] not in ids]
            return Reply.of({"meta": sent | {"summary": {"deleted": len(ids), "not_deleted": 0}}})
        (wanted,) = change["add"]
        if "-is:nullcast" in wanted["value"]:
            errors = [
                {
                    "value": wanted["value"],
                    "title": "UnprocessableEntity",
                    "details": ["Reference to invalid operator 'is:nullcast'."],
                    "type": f"{KIND}/invalid-rules",
                }
            ]
            summary = {"created": 0, "not_created": 1, "valid": 0, "invalid": 1}
            return Reply.of({"meta": sent | {"summary": summary}, "errors": errors})
        self._given += 1
        rule = {"value": wanted["value"], "tag": wanted["tag"], "id": str(self._given)}
        self.rules.append(rule)
        summary = {"created": 1, "not_created": 0, "valid": 1, "invalid": 0}
        return Reply.of({"data": [rule], "meta": sent | {"summary": summary}})

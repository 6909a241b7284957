"""What a server sent before, and by which mark it can say that nothing changed (RFC 9110, 13.1)."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gate.http.replies import Reply

MOST_BYTES = 8 * 1024 * 1024


class _Known(NamedTuple):
    marks: dict[str, str]
    reply: Reply


class Memory:
    """Remembers the replies last used, up to so many bytes."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        """Start empty."""
        self._most = most_bytes
        self._known: OrderedDict[str, _Known] = OrderedDict()

    def marks(self, address: str) -> Mapping[str, str]:
        """Return the headers that ask only for what changed; empty for what is not known."""
        return self._known[address].marks if address in self._known else {}

    def recall(self, address: str) -> Reply | None:
        """Return what came last from there."""
        if address not in self._known:
            return None
        self._known.move_to_end(address)
        return self._known[address].reply

    def keep(self, address: str, reply: Reply) -> None:
        """Remember a reply, if the server gave it a mark; forget the oldest for it."""
        self._known.pop(address, None)
        marks = {
            asked: reply.headers[given]
            for given, asked in (("etag", "If-None-Match"), ("last-modified", "If-Modified-Since"))
            if given in reply.headers
        }
        if not marks or len(reply.content) > self._most:
            return
        self._known[address] = _Known(marks, reply)
        while sum(len(known.reply.content) for known in self._known.values()) > self._most:
            self._known.popitem(last=False)

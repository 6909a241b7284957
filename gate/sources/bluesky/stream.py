"""Posts from the stream: what came since the last poll, and whether that is all."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from gate.errors import SourceFault, SourceRefused
from gate.model import Check, Cost, Fetch, Rate
from gate.sources.bluesky.buffer import Buffer
from gate.sources.bluesky.jetstream import Reader, microseconds

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from gate.model import Request
    from gate.ports import SourceContext
    from gate.sources.bluesky.matching import Query
    from gate.sources.bluesky.options import Options

RELAYED = timedelta(seconds=5)
"""So long a post may take from its author's server to the stream."""
CHECK_SECONDS = 10.0
MARK = "jetstream"


class Stream:
    """Hears the stream; a reader for each period that is asked for."""

    def __init__(self, query: Query, options: Options, context: SourceContext) -> None:
        """Prepare; nothing is connected before the first poll."""
        self._query = query
        self._address = options.jetstream
        self._context = context
        self._readers: dict[datetime, tuple[str, datetime, Reader, Buffer]] = {}
        """By the beginning of the period: the cursor handed out, how far was asked, and who reads."""

    def fetch(self, request: Request) -> Fetch:
        """Return what the stream brought of the asked period and no earlier poll returned.

        Raises:
            SourceRefused: there is no such stream, or what it needs is not installed.
            SourceDown: no connection, and nothing was heard.
        """
        clock = self._context.clock
        self._leave_what_is_over(request)
        reader, buffer = self._reader(request)
        problem = reader.settle(request.timeout.total_seconds())
        fault = reader.fault
        taken = buffer.take(request.until)
        if fault and not (taken.mentions or taken.unreadable or taken.deleted):
            raise fault
        cursor = json.dumps({MARK: taken.at, "seen": taken.seen})
        self._readers[request.since] = (cursor, request.until, reader, buffer)
        found = [each for each in taken.mentions if each.created_at >= request.since]
        edge = clock.now() - RELAYED
        return Fetch(
            tuple(
                replace(each, source=self._context.name, stream=self._context.stream)
                for each in sorted(found, key=lambda mention: (mention.created_at, mention.id))
            ),
            cursor=cursor,
            complete=not problem,
            reason=problem,
            cost=Cost(reads=len(found)),
            unreadable=taken.unreadable,
            settled_until=edge if edge < request.until else None,
            deleted=taken.deleted,
        )

    def check(self) -> Sequence[Check]:
        """Listen for a moment."""
        what = "Jetstream"
        try:
            reader = self._listening(self._buffer(microseconds(self._context.clock.now())))
        except SourceFault as fault:
            return [Check(what, ok=False, detail=fault.message, fix=fault.hint)]
        try:
            problem = reader.settle(CHECK_SECONDS)
            fix = reader.fault.hint if reader.fault else "try again later"
        finally:
            reader.close()
        if problem:
            return [Check(what, ok=False, detail=problem, fix=fix)]
        rate = Rate(look=Cost(), free=True)
        return [
            Check(what, ok=True, detail=f"connected to {reader.host}; it costs nothing but some 100 KB/s", rate=rate)
        ]

    def close(self) -> None:
        """Leave the stream."""
        for _, _, reader, _ in self._readers.values():
            reader.close()
        self._readers.clear()

    def _leave_what_is_over(self, request: Request) -> None:
        """Stop reading for other periods, such as the baseline, once nobody asks for more of them."""
        over = [since for since, each in self._readers.items() if since != request.since and each[1] < request.until]
        for since in over:
            self._readers.pop(since)[2].close()

    def _buffer(self, at: int, seen: tuple[str, ...] = ()) -> Buffer:
        return Buffer(self._query.matches, at, seen)

    def _reader(self, request: Request) -> tuple[Reader, Buffer]:
        cursor = request.cursor or ""
        if request.since in self._readers:
            before, _, reader, buffer = self._readers[request.since]
            if before == cursor:
                return reader, buffer
            reader.close()
        at, seen = _place(request.cursor) if request.cursor else (microseconds(request.since), ())
        buffer = self._buffer(at, seen)
        reader = self._listening(buffer)
        self._readers[request.since] = (cursor, request.until, reader, buffer)
        return reader, buffer

    def _listening(self, buffer: Buffer) -> Reader:
        return Reader(self._address, buffer, self._context.clock, public_only=self._context.public_only)


def is_place(cursor: str) -> bool:
    """Say whether a cursor is one of the stream's."""
    return cursor.startswith(f'{{"{MARK}"')


def _place(cursor: str) -> tuple[int, tuple[str, ...]]:
    try:
        found = json.loads(cursor)
        return int(found[MARK]), tuple(map(str, found["seen"]))
    except (KeyError, TypeError, ValueError):
        message = "the stored place in the stream of Bluesky cannot be read"
        raise SourceRefused(message, hint="it was written by another version; start a new run") from None

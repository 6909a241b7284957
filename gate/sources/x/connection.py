"""Keeps a connection to X's stream: the rule, connecting again, and what it has heard without a gap."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from gate.errors import SourceDown, SourceFault, SourceRefused
from gate.model import Cost
from gate.sources.x import rules
from gate.sources.x.cursor import Cursor, id_at
from gate.sources.x.stream import Catch, Stream

if TYPE_CHECKING:
    from datetime import datetime

    from gate.ports import Clock
    from gate.sources.x.client import Client
    from gate.sources.x.options import Options

BEHIND = timedelta(seconds=30)
"""A post is on the stream within this time of being written: 6 to 7 seconds for 99 of 100, by X's own account."""
JOINT = timedelta(seconds=10)
"""Search reads this far beyond the start of a connection, so that nothing falls in between."""
FIRST_REST = timedelta(seconds=5)
LONGEST_REST = timedelta(seconds=320)
"""How long to leave X alone after failing to connect, at first and at last; twice as long each time, as X asks for."""
PATIENCE = 10.0
"""Seconds that a poll waits for a connection; it then goes on by search, and the next poll finds it standing."""
GOODBYE = timedelta(seconds=3)


class Connection:
    """The stream of one query."""

    def __init__(self, options: Options, clock: Clock, client: Client, query: str) -> None:
        """Connect to nothing yet."""
        self._options = options
        self._clock = clock
        self._client = client
        self._query = query
        self._rule = ""
        self._stream: Stream | None = None
        self._from: datetime | None = None
        """Everything written since then came, up to the last sign of life."""
        self._alive: datetime | None = None
        self._failures = 0
        self._not_before: datetime | None = None
        self._requests = 0
        self._notes: list[str] = []

    def keep_up(self, room: int, timeout: timedelta) -> None:
        """See that the connection stands, unless it was tried in vain just now.

        Raises:
            SourceRefused: X does not let this app have a stream, or this query.
        """
        now = self._clock.now()
        if not self._stream and room and not (self._not_before and now < self._not_before):
            try:
                self._start(room)
            except SourceDown as fault:
                self._failed(fault)
        if not self._stream:
            return
        if self._stream.stands(min(PATIENCE, timeout.total_seconds() / 2)):
            self._failures = 0
            self._from = self._from or self._stream.started
            self._alive = self._stream.alive
        elif failed := self._stream.fault:
            self._stream = None
            if isinstance(failed, SourceRefused):
                raise failed
            self._failed(failed)

    def drain(self) -> Catch:
        """Return what came; note the end of the connection, if it has come."""
        stream = self._stream
        if not stream:
            return Catch()
        ended = stream.ended
        caught = stream.take()
        self._alive = stream.alive or self._alive
        if caught.overflow:
            self._from = self._clock.now()
        if ended:
            self._note(f"the stream of X ended: {ended}")
            stream.close()
            self._stream = None
        return caught

    def carry(self, cursor: Cursor, until: datetime) -> Cursor:
        """Return the cursor moved on to where the connection heard everything, if it joins on to it."""
        if not (self._joined(cursor) and self._alive):
            return cursor
        seen_to = max(min(self._alive - BEHIND, until), cursor.seen_to or until)
        return replace(cursor, seen_to=seen_to, since_id=max(cursor.since_id or 0, id_at(seen_to) - 1))

    def joins(self, cursor: Cursor) -> bool:
        """Say whether the connection stands since before the cursor, so that search has nothing to add."""
        return self._stream is not None and self._joined(cursor)

    def reach(self, until: datetime) -> datetime:
        """Return up to when search has to read."""
        return min(until, self._from + JOINT) if self._stream and self._from else until

    def allow(self, room: int) -> None:
        """Let so many posts be bought."""
        if self._stream:
            self._stream.allow(room)

    def cost(self) -> Cost:
        """Hand over the requests not handed over yet."""
        requests, self._requests = self._requests, 0
        return Cost(requests=requests)

    def notes(self) -> tuple[str, ...]:
        """Hand over warnings not handed over yet."""
        notes, self._notes = self._notes, []
        return tuple(notes)

    def disconnect(self) -> None:
        """Close the connection; what it brought can still be drained."""
        if self._stream:
            self._stream.close()

    def close(self) -> None:
        """Disconnect, and take the rule away."""
        self.disconnect()
        self._stream = None
        if self._rule:
            self._client.give(GOODBYE)
            # What stays costs nothing while nobody is connected, and the next run with this query takes it over.
            with suppress(SourceFault):
                rules.remove(self._client, self._rule)
            self._rule = ""

    def _start(self, room: int) -> None:
        if not self._rule:
            self._requests += 1
            self._rule, strangers = rules.ensure(self._client, self._query)
            if strangers:
                self._note(f"the app has {strangers} other rules for its stream: their posts are paid for as well")
        self._requests += 1
        again = self._backfill()
        if not again:
            self._from = None
        connect = partial(self._client.stream, authors=self._options.author_details, backfill=again)
        self._stream = Stream(connect, self._clock, self._rule, buffer=self._options.buffer, allowance=room)

    def _backfill(self) -> int:
        """Return how many minutes X is to send again: all that are missing, or none."""
        minutes = self._options.backfill_minutes
        if not (minutes and self._from and self._alive):
            return 0
        missing = self._clock.now() - self._alive + BEHIND
        return minutes if missing <= timedelta(minutes=minutes) else 0

    def _failed(self, fault: SourceFault) -> None:
        now = self._clock.now()
        rest = min(FIRST_REST * 2**self._failures, LONGEST_REST)
        self._failures += 1
        self._not_before = max(now + rest, getattr(fault, "until", None) or now)
        self._note(f"no stream of X for now, so search is used: {fault.message}")

    def _joined(self, cursor: Cursor) -> bool:
        return bool(self._from and cursor.seen_to and not cursor.gap and self._from <= cursor.seen_to)

    def _note(self, note: str) -> None:
        self._notes.append(note)

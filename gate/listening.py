"""One source, heard over one run: polled, buffered by time, counted.

What a source delivers is kept back until a look stands at or after the mention's own time, so
that a look never sees the future, live or replayed.
"""

from __future__ import annotations

import heapq
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gate.errors import SourceDown, SourceRefused
from gate.model import Cost, Coverage, Dropped, DropReason, Fetch, Period, Request

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from gate.model import Mention
    from gate.ports import Source

MOST_POLLS = 50
"""Polls of one period in a row while a source says there is more: a bound, not a target."""


@dataclass(frozen=True, slots=True)
class Listener:
    """A configured source, by the name it has in the policy."""

    name: str
    required: bool
    source: Source


@dataclass(slots=True)
class Ear:
    """What one listener delivered for one period (baseline or window) so far."""

    listener: Listener
    period: Period
    since: datetime
    until: datetime
    """End of the period: nothing written at or after it counts."""
    cursor: str | None = None
    heard: bool = False
    complete: bool = False
    permanent: bool = False
    reason: str = "not polled yet"
    fetched: int = 0
    """Delivered by the source, whether or not a look has come to them yet."""
    kept: int = 0
    cost: Cost = field(default_factory=Cost)
    dropped: Counter[str] = field(default_factory=Counter)
    _waiting: list[tuple[datetime, int, Mention]] = field(default_factory=list)
    """A heap by time; the number keeps mentions of one moment in order of arrival."""
    _odd: list[Dropped] = field(default_factory=list)
    _notes: dict[str, None] = field(default_factory=dict)

    def poll(self, until: datetime, timeout: timedelta) -> None:
        """Fetch what is new up to ``until``; remember why, if not everything came."""
        if self.permanent:
            return
        for _ in range(MOST_POLLS):
            fetch = self._fetch(Request(self.since, min(until, self.until), self.cursor, timeout))
            if fetch is None:
                return
            moved = fetch.cursor != self.cursor
            self._take(fetch)
            if fetch.complete or fetch.permanent or not moved:
                return

    def take(self, before: datetime) -> tuple[list[Mention], list[Dropped]]:
        """Hand over what was written before that time and was not handed over yet."""
        ready = []
        while self._waiting and self._waiting[0][0] < before:
            ready.append(heapq.heappop(self._waiting)[2])
        odd, self._odd = self._odd, []
        return ready, odd

    def next_at(self) -> datetime | None:
        """When the earliest mention was written that is still kept back."""
        return self._waiting[0][0] if self._waiting else None

    def notes(self) -> tuple[str, ...]:
        """Hand over warnings not handed over yet."""
        fresh = tuple(note for note, _ in self._notes.items())
        self._notes.clear()
        return fresh

    def coverage(self) -> Coverage:
        """Say how well this source was heard."""
        return Coverage(
            source=self.listener.name,
            required=self.listener.required,
            complete=self.complete,
            reason="" if self.complete else self.reason,
            fetched=self.kept + sum(self.dropped.values()),
            kept=self.kept,
            dropped=dict(sorted(self.dropped.items())),
            cost=self.cost,
            heard=self.heard,
            permanent=self.permanent,
        )

    def _fetch(self, request: Request) -> Fetch | None:
        try:
            return self.listener.source.fetch(request)
        except SourceRefused as fault:
            self.complete, self.permanent, self.reason = False, True, fault.message
        except SourceDown as fault:
            self.complete, self.reason = False, fault.message
        return None

    def _take(self, fetch: Fetch) -> None:
        self.heard = True
        self.cursor, self.complete, self.reason, self.permanent = (
            fetch.cursor,
            fetch.complete,
            fetch.reason,
            fetch.permanent,
        )
        self.cost += fetch.cost
        self._notes.update(dict.fromkeys(f"{self.listener.name}: {note}" for note in fetch.notes))
        for broken in fetch.unreadable:
            detail = f"{broken.why}: {broken.quote}"
            self._odd.append(
                Dropped(broken.where, self.listener.name, None, self.period, DropReason.UNREADABLE, detail)
            )
        for mention in fetch.mentions:
            self.fetched += 1
            if self.since <= mention.created_at < self.until:
                heapq.heappush(self._waiting, (mention.created_at, self.fetched, mention))
            else:
                self._odd.append(
                    Dropped(mention.id, mention.source, mention.created_at, self.period, DropReason.OUTSIDE_WINDOW)
                )

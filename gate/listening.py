"""One source, heard over one run: polled, buffered by time, counted.

What a source delivers is kept back until a look stands at or after the mention's own time, so
that a look never sees the future, live or replayed.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from gate.errors import SourceDown, SourceRefused
from gate.model import Cost, Coverage, Dropped, DropReason, Fetch, Period, Request, Room

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from gate.errors import SourceFault
    from gate.model import Mention
    from gate.ports import Clock, Source
    from gate.spending import Purse, Purses

MOST_POLLS = 50
"""Polls of one period in a row while a source says there is more: a bound, not a target."""
RAISE = "raise the budget of this source, or have the policy ask for less"
TRIES = 4
"""How often a source is asked that must answer now, as no later look will ask it; the last time after a failing host's
rest is over (``gate.http.breaker``)."""


@dataclass(frozen=True, slots=True)
class Listener:
    """A configured source, by the name it has in the policy."""

    name: str
    required: bool
    source: Source
    control: bool = False
    """Whether others are heard there, on something else than the release."""
    purse: Purse | Purses | None = None
    """What the run may spend there, baseline and window together; None where nobody counts."""
    shared: bool = False
    """Whether several runs share it: what another run paid for is had even when the own budget is spent."""


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
    complete: bool = True
    """Nothing that was asked for is missing; so also before the first poll."""
    permanent: bool = False
    reason: str = ""
    hint: str = ""
    failed: bool = False
    """Whether the last poll brought nothing but a fault."""
    settled_until: datetime | None = None
    delivered: int = 0
    """Mentions and unreadable items, whether or not a look has come to them yet."""
    kept: int = 0
    cost: Cost = field(default_factory=Cost)
    dropped: Counter[str] = field(default_factory=Counter)
    _waiting: list[tuple[Mention, datetime]] = field(default_factory=list)
    """In order; with when each was delivered."""
    _odd: list[Dropped] = field(default_factory=list)
    _notes: dict[str, None] = field(default_factory=dict)

    def poll(self, until: datetime, timeout: timedelta, clock: Clock, *, fresh: timedelta | None = None) -> None:
        """Fetch what is new up to ``until`` within ``timeout``; remember why, if not everything came.

        Where several runs share the source, what it told another one this ``fresh`` a time ago will do.
        """
        deadline = clock.now() + timeout
        for _ in range(MOST_POLLS):
            now = clock.now()
            left = deadline - now
            if self.permanent or left <= timedelta(0):
                return
            room = self.listener.purse.room(now, self.until) if self.listener.purse else Room()
            asked = Request(self.since, min(until, self.until), self.cursor, left, self.period, fresh, room)
            fetch = self._fetch(asked)
            if fetch is None:
                return
            if self.listener.purse:
                self.listener.purse.pay(fetch.cost, clock.now())
            moved = fetch.cursor != self.cursor
            self._take(fetch, clock.now())
            if fetch.complete or not moved:
                return

    def insist(self, until: datetime, timeout: timedelta, clock: Clock) -> None:
        """Poll, and once more after 2, 8 and 32 seconds if something is still missing."""
        for attempt in range(TRIES):
            self.poll(until, timeout, clock)
            if self.complete or self.permanent or attempt == TRIES - 1:
                return
            clock.wait(timedelta(seconds=2 * 4**attempt))

    def take(self, before: datetime) -> tuple[list[tuple[Mention, datetime]], list[Dropped]]:
        """Hand over, in order, what was written before that time and was not yet, and when it was delivered."""
        odd, self._odd = self._odd, []
        if odd:
            self.dropped.update(each.reason.value for each in odd)
        if not self._waiting or _written_at(self._waiting[0]) >= before:
            return [], odd
        reached = bisect_left(self._waiting, before, key=_written_at)
        ready = self._waiting[:reached]
        del self._waiting[:reached]
        return ready, odd

    def waiting(self, most: int) -> list[tuple[Mention, datetime]]:
        """Return the first of what is still kept back, in order."""
        return self._waiting[:most]

    def next_at(self) -> datetime | None:
        """When the earliest mention was written that is still kept back."""
        return _written_at(self._waiting[0]) if self._waiting else None

    def notes(self) -> tuple[str, ...]:
        """Hand over warnings not handed over yet."""
        fresh = tuple(self._notes)
        self._notes.clear()
        return fresh

    def coverage(self) -> Coverage:
        """Say how well this source was heard."""
        return Coverage(
            source=self.listener.name,
            required=self.listener.required,
            complete=self.complete,
            reason="" if self.complete else self.reason,
            fetched=self.delivered - len(self._waiting) - len(self._odd),
            kept=self.kept,
            dropped=dict(sorted(self.dropped.items())),
            cost=self.cost,
            heard=self.heard,
            permanent=self.permanent,
            hint="" if self.complete else self.hint,
            control=self.listener.control,
        )

    def mute(self, reason: str, hint: str) -> None:
        """Stop listening for good, and say why."""
        self.complete, self.permanent, self.reason, self.hint = False, True, reason, hint

    def _fetch(self, request: Request) -> Fetch | None:
        if request.room.spent and not self.listener.shared:
            # Not asked at all, so what was heard so far stays heard.
            self.complete, self.permanent = False, request.room.permanent
            self.reason, self.hint = request.room.spent, RAISE
            return None
        try:
            return self.listener.source.fetch(request)
        except (SourceRefused, SourceDown) as fault:
            self._failed(fault)
        return None

    def _failed(self, fault: SourceFault) -> None:
        self.complete, self.permanent, self.failed = False, fault.permanent, True
        # The quote itself stays out of log and evidence: it may hold what somebody wrote.
        self.reason = fault.message
        self.hint = f"{fault.hint} (`gate doctor` quotes it)" if fault.quote else fault.hint

    def _take(self, fetch: Fetch, now: datetime) -> None:
        self.heard, self.failed = True, False
        self.cursor, self.complete, self.permanent = fetch.cursor, fetch.complete, fetch.permanent
        self.reason, self.hint, self.settled_until = fetch.reason, "", fetch.settled_until
        self.cost += fetch.cost
        self.delivered += len(fetch.mentions) + len(fetch.unreadable)
        self._notes.update(dict.fromkeys(f"{self.listener.name}: {note}" for note in fetch.notes))
        if fetch.deleted:
            self._forget(frozenset(fetch.deleted))
        for broken in fetch.unreadable:
            # Without the quote: it may hold what somebody wrote, and the policy may not let that be kept.
            self._odd.append(
                Dropped(
                    broken.where, self.listener.name, None, self.period, DropReason.UNREADABLE, broken.why, seen_at=now
                )
            )
        self._keep_back(fetch.mentions, now)

    def _keep_back(self, mentions: Sequence[Mention], now: datetime) -> None:
        since, until = self.since, self.until
        inside = [each for each in mentions if since <= each.created_at < until]
        if len(inside) < len(mentions):
            outside = (each for each in mentions if not since <= each.created_at < until)
            self._odd += [
                Dropped(each.id, each.source, each.created_at, self.period, DropReason.OUTSIDE_WINDOW, seen_at=now)
                for each in outside
            ]
        self._waiting += [(each, now) for each in inside]
        self._waiting.sort(key=in_order)

    def _forget(self, deleted: frozenset[str]) -> None:
        """Let go of what was deleted before a look came to it; what a look has seen stays, as the verdict rests on it."""
        left = [each for each in self._waiting if each[0].id not in deleted]
        self.delivered -= len(self._waiting) - len(left)
        self._waiting = left
        told = f"{self.listener.name}: posts were deleted since they were heard; `gate purge --sync` forgets them"
        self._notes[told] = None


def in_order(waiting: tuple[Mention, datetime]) -> tuple[datetime, str, str]:
    """Sort by time; those of one moment in an order that is the same however they were delivered."""
    mention = waiting[0]
    return mention.created_at, mention.source, mention.id


def _written_at(waiting: tuple[Mention, datetime]) -> datetime:
    return waiting[0].created_at

"""So many requests a period, for all processes together, at a write for every so many.

Each process takes permits in handfuls from the store and spends them by itself. So the limit is never passed, however
many processes and machines answer; what a process has not spent when the period ends is lost, at most a handful each.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gate.ports import Clock
    from gate.store import Store

HANDFULS = 40
"""In so many a limit is taken."""
MOST_KEYS = 10_000
"""Remembered by a process; the oldest goes for a new one. It loses nothing but what is left of its handful."""


@dataclass(slots=True)
class _Hand:
    until: datetime
    left: int = 0
    used_up: bool = False


@dataclass(frozen=True, slots=True)
class Refusal:
    """None left."""

    seconds: int
    """Until there are some again."""
    first: bool
    """Whether this process says so for the first time in the period."""


class Limiter:
    """Counts requests of one kind. Safe to share between threads."""

    def __init__(self, store: Store, clock: Clock, kind: str, limit: int, period: timedelta) -> None:
        """Take how many a period, which begins at whole multiples of its length."""
        self._store = store
        self._clock = clock
        self._kind = kind
        self._limit = limit
        self._period = period
        self._handful = max(1, limit // HANDFULS)
        self._hands: dict[str, _Hand] = {}
        self._lock = threading.Lock()

    def take(self, who: str) -> Refusal | None:
        """Take one; None if there was one."""
        now = self._clock.now()
        with self._lock:
            hand = self._hand(who, now)
            if hand.left:
                hand.left -= 1
                return None
            if hand.used_up:
                return Refusal(_seconds(hand.until - now), first=False)
        # Not under the lock: others need not wait for the database because of this one.
        got = self._store.take_permits(self._key(who), hand.until, self._handful, self._limit)
        with self._lock:
            if got:
                hand.left += got - 1
                return None
            first, hand.used_up = not hand.used_up, True
            return Refusal(_seconds(hand.until - now), first=first)

    def used_up(self, who: str) -> bool:
        """Whether this process knows that there are none left."""
        with self._lock:
            return self._hand(who, self._clock.now()).used_up

    def give_back(self, who: str) -> None:
        """Undo a ``take``: what it counts did not happen."""
        with self._lock:
            hand = self._hand(who, self._clock.now())
            hand.left += 1
            hand.used_up = False

    def _key(self, who: str) -> str:
        return f"{self._kind} {who}"

    def _hand(self, who: str, now: datetime) -> _Hand:
        hand = self._hands.get(who)
        if hand is None or hand.until <= now:
            self._hands.pop(who, None)
            while len(self._hands) >= MOST_KEYS:
                del self._hands[next(iter(self._hands))]
            hand = self._hands[who] = _Hand(self._end(now))
        return hand

    def _end(self, now: datetime) -> datetime:
        length = int(self._period.total_seconds())
        return datetime.fromtimestamp((int(now.timestamp()) // length + 1) * length, UTC)


def _seconds(left: timedelta) -> int:
    return max(1, round(left.total_seconds()))

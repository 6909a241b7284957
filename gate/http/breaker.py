"""A circuit breaker for each host: who fails again and again is left alone for a while.

Shared by all that use the same clock, that is by the whole process: a breaker's times mean nothing on another clock.
"""

from __future__ import annotations

from datetime import timedelta
from threading import Lock
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from gate.http.faults import CircuitOpen

if TYPE_CHECKING:
    from datetime import datetime

    from gate.ports import Clock

WELL = "the first look after that tries again; see whether the service is up"
FAILURES = 5
"""Failures in a row that open it."""
LONGEST_REST = timedelta(seconds=30)
"""Shorter than what passes before somebody who must have an answer asks for the last time."""


class Breaker:
    """Counts the failures of one host."""

    def __init__(self, host: str) -> None:
        """Start closed: requests pass."""
        self._host = host
        self._lock = Lock()
        self._failures = 0
        self._last = self._hint = ""
        self._closed_until: datetime | None = None
        self._trying = False

    def admit(self, now: datetime) -> None:
        """Let a request pass, or one alone once the rest is over.

        Raises:
            CircuitOpen: the host is left alone.
        """
        with self._lock:
            if self._closed_until is None:
                return
            if now >= self._closed_until and not self._trying:
                self._trying = True
                return
            message = (
                f"{self._host}: {self._last} (the last of {self._failures} failures in a row; it is not asked before "
                f"{self._closed_until:%Y-%m-%d %H:%M:%S} UTC)"
            )
            raise CircuitOpen(message, hint=self._hint)

    def succeeded(self) -> None:
        """Close it: the host answers."""
        with self._lock:
            self._failures, self._closed_until, self._trying = 0, None, False

    def failed(self, why: str, now: datetime, polled: timedelta, hint: str = WELL) -> None:
        """Count a failure; open it if there were too many.

        Args:
            why: one clause, for people.
            now: the time.
            polled: what time the poll was given, at most that between two looks. The rest is half of it at most, so
                that no host is left alone for longer than looks are apart.
            hint: the next step.
        """
        with self._lock:
            self._failures += 1
            self._hint = hint
            self._last = why.removeprefix(f"{self._host}: ")
            if self._failures >= FAILURES:
                self._closed_until = now + min(LONGEST_REST, polled / 2)
            self._trying = False

    def unsure(self) -> None:
        """Let another one try: this request told nothing of the host."""
        with self._lock:
            self._trying = False


_BREAKERS: WeakKeyDictionary[Clock, dict[str, Breaker]] = WeakKeyDictionary()
_LOCK = Lock()


def breaker(host: str, clock: Clock) -> Breaker:
    """Return the one breaker of a host."""
    with _LOCK:
        # A breaker is told the time and never holds the clock: that would keep its own key alive.
        return _BREAKERS.setdefault(clock, {}).setdefault(host, Breaker(host))

"""Further tries, within one budget for the whole poll, however many requests it makes.

Not with stamina: it sleeps by ``time.sleep`` and measures its budget by the machine's own clock, and offers no way to
hand it ours. A wait here is a wait on the injected clock, which hears Ctrl-C and costs tests nothing.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from gate.http.faults import ConnectionFault, RateLimited, ServerFault

if TYPE_CHECKING:
    from gate.errors import SourceFault
    from gate.http.deadline import Deadline
    from gate.ports import Clock


@dataclass(frozen=True, slots=True)
class Retry:
    """How hard to try, in one poll."""

    tries: int = 3
    """Further requests, all together; 0 for none."""
    total: timedelta = timedelta(seconds=15)
    """Waiting, all together."""
    first: timedelta = timedelta(milliseconds=500)
    """Before the first further try; twice as long before each one after it."""
    short: timedelta = timedelta(seconds=10)
    """A server that names its time is waited for if it is not longer than this."""
    spare: timedelta = timedelta(seconds=1)
    """What must be left of the poll's time after waiting, or it is not worth it."""
    jitter: bool = True
    """Shorten each wait of our own by up to half at random, so that many runs do not come back in step."""


class RetryBudget:
    """What is left of it in this poll."""

    def __init__(self, retry: Retry, clock: Clock, deadline: Deadline) -> None:
        """Start full."""
        self._retry = retry
        self._clock = clock
        self._deadline = deadline
        self._tries = 0
        self._waited = timedelta(0)

    def wait_for(self, fault: SourceFault) -> timedelta | None:
        """Return how long to wait before another try after this fault, and book it; None for no other try.

        Raises:
            DeadlinePassed: no time is left for anything.
        """
        wait = self._wait(fault)
        if wait is None or self._tries >= self._retry.tries or self._waited + wait > self._retry.total:
            return None
        if timedelta(seconds=self._deadline.seconds_left()) < wait + self._retry.spare:
            return None
        self._tries += 1
        self._waited += wait
        return wait

    def _wait(self, fault: SourceFault) -> timedelta | None:
        if isinstance(fault, ServerFault) and fault.until is not None:
            wait = fault.until - self._clock.now()
            return wait if wait <= self._retry.short else None
        if isinstance(fault, RateLimited) or not isinstance(fault, ConnectionFault | ServerFault):
            return None
        part = random.uniform(0.5, 1) if self._retry.jitter else 1.0  # noqa: S311 - to spread load, nothing secret
        return self._retry.first * (part * (1 << self._tries))

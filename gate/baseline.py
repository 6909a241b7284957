"""What was written before the deploy: asked for until it was heard, or until waiting longer is no use.

An outage of some seconds just when a run starts must not decide a window of three quarters of an hour.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from gate.listening import Ear
    from gate.ports import Clock
    from gate.remembering import Known

TIMEOUT = timedelta(seconds=60)
"""Of one poll."""


class Beforehand:
    """Hears what was written before the deploy, and goes on asking while a source is down that the run needs."""

    def __init__(self, remember: Callable[[], Known], every: timedelta, end: datetime, *, needed: bool) -> None:
        """Ask nothing yet.

        Args:
            remember: tells what was heard before, and which ears must ask.
            every: how often a source is asked that is down.
            end: when the window closes; half of what is left of it at the start is what the baseline is waited for.
            needed: whether anything is compared with it.
        """
        self._remember = remember
        self._known: Known | None = None
        self._every = every
        self._end = end
        self._patience: datetime | None = None
        self._needed = needed
        self._done = False

    @property
    def known(self) -> Known:
        """What was heard before; asked for once, when it is first needed."""
        if self._known is None:
            self._known = self._remember()
        return self._known

    def ask(self, clock: Clock) -> datetime | None:
        """Ask whoever was not heard yet; return when to come again, or None when it is time to go on without."""
        if self._done:
            return None
        if self._patience is None:
            now = clock.now()
            self._patience = now + (self._end - now) / 2
            for ear in self.known.unheard:
                ear.insist(ear.until, TIMEOUT, clock)
        else:
            for ear in self.known.unheard:
                if not ear.complete:
                    ear.poll(ear.until, TIMEOUT, clock)
        again = clock.now() + self._every if self._needed and self.down() else self._patience
        self._done = again >= self._patience
        return None if self._done else again

    def wait(self, clock: Clock, tell: Callable[[str], None]) -> Known:
        """Ask until it is time to go on, and ``tell`` what is waited for; return what was heard before.

        Raises:
            Cancelled: the process was told to stop.
        """
        while again := self.ask(clock):
            for ear in self.down():
                tell(f"{ear.listener.name}: no baseline yet, asked again at {again:%H:%M:%S} UTC: {ear.reason}")
            clock.wait(again - clock.now())
        return self.known

    def down(self) -> list[Ear]:
        """Return the ears without which the run would be over before it began, or could never pass."""
        ours = [ear for ear in self.known.unheard if not ear.listener.control]
        away = [ear for ear in ours if ear.failed and not (ear.complete or ear.permanent)]
        nobody = len(away) == len(ours) and not self.known.recalled
        return away if nobody else [ear for ear in away if ear.listener.required]

"""Standing watches: listens slowly between releases, so that a baseline is there when a deploy comes.

Any number of workers may do so on one database: whoever moves a watch's next time on is the one who polls.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from gate.errors import Cancelled, GateError, StoreFault
from gate.listening import Ear
from gate.model import Cost, Period, Scored
from gate.remembering import Remembered
from gate.store import WatchedSource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime
    from threading import Event

    from gate.listening import Listener
    from gate.model import Dropped
    from gate.ports import Clock
    from gate.reading import Reader
    from gate.store import StandingWatch, Store

TICK = timedelta(seconds=1)
TIMEOUT = timedelta(minutes=2)
"""For all that one source has to say; what is left is asked for at the next poll."""
AHEAD = timedelta(days=1)
"""Mentions may be dated by clocks that differ; none is lost for it."""
MARGIN = timedelta(days=1)
"""So much older than the longest baseline are mentions when they are forgotten: deploys are announced late."""
SOONEST = timedelta(seconds=5)
RETIRED = timedelta(days=2)
"""What nobody has listened for so long is forgotten: its policy is gone, or another one now."""
FRESH = 2
"""A baseline may lack what was written within so many intervals before the deploy."""
SINGLE_READER = timedelta(days=1)
"""Copies are told from each other, and ids remembered, for so long."""

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Lookout:
    """One policy that is listened to."""

    watch: StandingWatch
    length: timedelta
    """Of its baseline."""
    listen: Callable[[], AbstractContextManager[Sequence[Listener]]]
    """Opens its sources."""
    read: Callable[[bool], Reader]
    """Makes who judges and scores what is written, by whether it is the control's."""


class Lookouts(Protocol):
    """Knows which policies are to be listened to now."""

    def __call__(self) -> Iterable[Lookout]:
        """Return them; the same object as long as a policy is the same."""


class Standing:
    """Listens for every policy that asks for it, one after the other. For one thread."""

    def __init__(self, store: Store, clock: Clock, lookouts: Lookouts) -> None:
        """Take the run log, and what knows the policies."""
        self._store = store
        self._clock = clock
        self._lookouts = lookouts
        self._due: dict[str, datetime] = {}
        self._readers: dict[tuple[str, bool], tuple[datetime, Reader]] = {}

    def listen(self, stopping: Event) -> None:
        """Make the polls that are due until told to stop: whatever goes wrong is said, and tried again."""
        while not stopping.wait(TICK.total_seconds()):
            try:
                self.round()
            except Cancelled:
                return
            except StoreFault as fault:
                _LOG.warning("the run log failed, listening again: %s", fault.message)
            except Exception:  # noqa: BLE001
                # Whatever it was: without this thread nobody would be heard between releases any more.
                _LOG.exception("listening between releases failed, trying again")

    def round(self) -> None:
        """Make the polls that are due.

        Raises:
            StoreFault: the run log cannot be read or written.
            Cancelled: the process was told to stop.
        """
        present = list(self._lookouts())
        for each in present:
            key = each.watch.key
            if self._due.get(key, self._clock.now()) > self._clock.now():
                continue
            mine = self._store.claim(each.watch)
            # Somebody else's may be given up at any time.
            pause = each.watch.every if mine else max(each.watch.every / 10, SOONEST)
            self._due[key] = self._clock.now() + pause
            if mine:
                self._poll(each)
        keys = {each.watch.key for each in present}
        self._readers = {place: reader for place, reader in self._readers.items() if place[0] in keys}
        if present:
            self._store.retire(self._clock.now() - RETIRED)

    def _poll(self, lookout: Lookout) -> None:
        try:
            self._hear(lookout)
        except (Cancelled, StoreFault):
            raise
        except GateError as fault:
            _LOG.warning("the standing watch of %s cannot listen: %s", lookout.watch.name, fault.message)
        except Exception:  # noqa: BLE001 - one broken policy must not keep the others from being heard
            _LOG.exception("the standing watch of %s broke", lookout.watch.name)

    def _hear(self, lookout: Lookout) -> None:
        watch, now = lookout.watch, self._clock.now()
        found = self._store.watch(watch.key)
        known = {each.name: each for each in found.sources} if found else {}
        kept: list[Scored] = []
        dropped: list[Dropped] = []
        heard: list[WatchedSource] = []
        with lookout.listen() as listeners:
            for listener in listeners:
                before = known.get(listener.name) or _nothing(listener.name, now - lookout.length)
                ear = Ear(
                    listener, Period.BASELINE, max(before.since, now - lookout.length), now + AHEAD, before.cursor
                )
                ear.poll(now, TIMEOUT, self._clock)
                mentions, odd = ear.take(ear.until)
                for read in self._reader(lookout, listener).read(mentions):
                    if isinstance(read, Scored):
                        kept.append(replace(read, control=listener.control))
                    else:
                        dropped.append(read)
                dropped += odd
                after = _after(before, ear, now)
                heard.append(replace(after, since=max(after.since, now - lookout.length - MARGIN)))
        self._store.record_heard(watch, kept, dropped, heard, lookout.length + MARGIN)
        about = {"watch": watch.name, "kept": len(kept), "dropped": len(dropped)}
        _LOG.info("listened between releases", extra=about)

    def _reader(self, lookout: Lookout, listener: Listener) -> Reader:
        place, now = (lookout.watch.key, listener.control), self._clock.now()
        made_at, reader = self._readers.get(place) or (now, lookout.read(listener.control))
        if now - made_at > SINGLE_READER:
            made_at, reader = now, lookout.read(listener.control)
        self._readers[place] = made_at, reader
        return reader


class StandingMemory:
    """What the standing watch of a policy has heard, for a run of it."""

    def __init__(self, store: Store, key: str) -> None:
        """Take the run log, and which watch."""
        self._store = store
        self._key = key

    def recall(self, source: str, since: datetime, until: datetime) -> Remembered | None:
        """Return what was heard at a source; None unless it was all heard, but for the very newest."""
        watch = self._store.watch(self._key)
        state = next((each for each in watch.sources if each.name == source), None) if watch else None
        if watch is None or state is None or state.reached is None or state.since > since:
            return None
        if until - state.reached > FRESH * watch.every:
            return None
        kept, dropped = self._store.heard(self._key, source, since, until)
        return Remembered(kept, dropped, min(state.reached, until))


def _nothing(name: str, since: datetime) -> WatchedSource:

    return WatchedSource(name, since, None, None, complete=False, reason="", cost=Cost())


def _after(before: WatchedSource, ear: Ear, now: datetime) -> WatchedSource:
    """Return how far a source was heard after a poll."""
    cost = before.cost + ear.cost
    if not ear.heard:
        return replace(before, complete=False, reason=ear.reason, cost=cost)
    if ear.permanent:
        # Something is lost for good, so that what is whole begins anew.
        return WatchedSource(before.name, now, None, None, complete=False, reason=ear.reason, cost=cost)
    reached = min(now, ear.settled_until or now) if ear.complete else before.reached
    reason = "" if ear.complete else ear.reason
    return replace(before, reached=reached, cursor=ear.cursor, complete=ear.complete, reason=reason, cost=cost)

"""The sources that the runs of one process share, and each run's end of them."""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING

from gate.errors import SourceDown, SourceFault
from gate.model import Cost, Period
from gate.sharing.tape import Place, Tape

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from gate.model import Check, Fetch, Request
    from gate.ports import Clock, Source


MOST_IDLE = 20_000
"""Mentions of baselines that every run has heard; a run that comes late and asks the same need not pay for those."""


class Pool:
    """One source for all runs that ask the same of it; safe to share between threads."""

    def __init__(self, most_idle: int = MOST_IDLE) -> None:
        """Start with none."""
        self._most_idle = most_idle
        self._shared: dict[str, Shared] = {}
        self._idle: OrderedDict[str, tuple[Shared, int]] = OrderedDict()
        """By tape, longest unheard first: whose it is, and how many mentions it has."""
        self._lock = threading.Lock()
        self._numbers = count()

    def join(self, key: str, name: str, make: Callable[[], Source], clock: Clock) -> Source:
        """Return a run's end of a source; the source itself is closed when the last run has closed its own.

        Args:
            key: what is asked, and of whom: runs with the same key share.
            name: what the run calls the source.
            make: builds it, if there is none yet.
            clock: the runs' own.
        """
        with self._lock:
            shared = self._shared.get(key)
            if shared is None:
                shared = self._shared[key] = Shared(make(), clock, self._heard)
            number = next(self._numbers)
            shared.users.add(number)
        return Share(shared, number, name, lambda: self._leave(key, shared, number))

    def _heard(self, shared: Shared, tape: Tape) -> None:
        """Remember that nobody reads a tape any more; forget the oldest of such where they are too many."""
        with self._lock:
            self._idle[tape.name] = shared, sum(len(each.mentions) for each in tape.batches)
            self._idle.move_to_end(tape.name)
            excess, old = sum(count for _, count in self._idle.values()) - self._most_idle, []
            while excess > 0:
                name, (owner, count) = self._idle.popitem(last=False)
                old.append((owner, name))
                excess -= count
        for owner, name in old:
            owner.drop(name)

    def _leave(self, key: str, shared: Shared, number: int) -> None:
        with self._lock:
            shared.users.discard(number)
            last = not shared.users
            if last:
                self._shared.pop(key, None)
        # Outside the lock of the pool: a poll may be on its way.
        shared.leave(number, last=last)


class Shared:
    """One source, asked by one run at a time on behalf of all."""

    def __init__(self, source: Source, clock: Clock, heard: Callable[[Shared, Tape], None]) -> None:
        """Take the source, and who is to be told of tapes that nobody reads any more; nothing is asked yet."""
        self._heard = heard
        self.source = source
        self.users: set[int] = set()
        self.busy = threading.Lock()
        self._clock = clock
        self._tapes: dict[str, Tape] = {}

    def fetch(self, request: Request, reader: int) -> Fetch:
        """Answer from a tape, or ask the source first."""
        asked = self._clock.now()
        if not self.busy.acquire(timeout=max(request.timeout.total_seconds(), 0.0)):
            message = "it did not answer another run in time, and could not be asked meanwhile"
            raise SourceDown(message, hint="it is asked again at the next look")
        idle: list[Tape] = []
        try:
            if request.period is Period.POST:
                idle = self._past_baseline(reader)
            place = Place.load(request.cursor) if request.cursor else None
            tape = self._tape(request, place, reader)
            if place and place.tape != tape.name:
                place = None
            if tape.serves(request, place, asked):
                return tape.answer(request, place, Cost())
            if request.room.spent:
                # Not for good: what another run pays for is this one's as well.
                return replace(tape.answer(request, place, Cost()), complete=False, reason=request.room.spent)
            return tape.answer(request, place, self._poll(tape, request, asked))
        finally:
            self.busy.release()
            for each in idle:
                self._heard(self, each)

    def drop(self, name: str) -> None:
        """Forget a tape, unless somebody reads it again."""
        # Not waited for: whoever polls now may tell of a tape himself.
        if self.busy.acquire(blocking=False):
            try:
                if (tape := self._tapes.get(name)) and not tape.readers:
                    del self._tapes[name]
            finally:
                self.busy.release()

    def leave(self, reader: int, *, last: bool) -> None:
        """Forget what only that run still read."""
        with self.busy:
            for tape in list(self._tapes.values()):
                if tape.readers.pop(reader, None) and tape.readers:
                    tape.let_go()
                elif not tape.readers:
                    del self._tapes[tape.name]
            if last:
                self.source.close()

    def _past_baseline(self, reader: int) -> list[Tape]:
        """Take a run that has heard its baseline off those tapes; returns those that nobody reads any more."""
        read = [each for each in self._tapes.values() if each.period is Period.BASELINE and reader in each.readers]
        for each in read:
            del each.readers[reader]
        return [each for each in read if not each.readers]

    def _tape(self, request: Request, place: Place | None, reader: int) -> Tape:
        tape = self._tapes.get(place.tape) if place else None
        if tape is None:
            fitting = [each for each in self._tapes.values() if each.takes(request, place)]
            tape = max(fitting, key=lambda each: each.since, default=None)
        if tape is None:
            start = place.resume if place else None
            # Random, as a place may come from another process.
            tape = Tape(secrets.token_hex(6), request.period, request.since, start, cursor=start)
            self._tapes[tape.name] = tape
        tape.readers[reader] = min(request.since, tape.readers.get(reader, request.since))
        return tape

    def _poll(self, tape: Tape, request: Request, asked: datetime) -> Cost:
        began = self._clock.now()
        left = request.timeout - (began - asked)
        try:
            fetch = self.source.fetch(replace(request, since=tape.since, cursor=tape.cursor, timeout=left))
        except SourceFault as fault:
            tape.fail(fault, began, self._clock.now())
            return Cost()
        limited = request.room.reads is not None or request.room.usd is not None
        tape.add(fetch, request.until, began, self._clock.now(), limited=limited)
        return fetch.cost


class Share:
    """One run's end of a shared source."""

    def __init__(self, shared: Shared, number: int, name: str, leave: Callable[[], None]) -> None:
        """Take the source, and what to do when the run is over."""
        self._shared = shared
        self._number = number
        self._name = name
        self._leave: Callable[[], None] | None = leave

    def fetch(self, request: Request) -> Fetch:
        """Return what the run was not handed yet of its period, under the name that the run knows.

        Raises:
            SourceRefused: the source said so, to this run or to another one meanwhile.
            SourceDown: it did not answer, this run or another one meanwhile.
        """
        fetch = self._shared.fetch(request, self._number)
        if all(mention.source == self._name for mention in fetch.mentions):
            return fetch
        return replace(fetch, mentions=tuple(replace(each, source=self._name) for each in fetch.mentions))

    def check(self) -> Sequence[Check]:
        """Try the source for real."""
        with self._shared.busy:
            return self._shared.source.check()

    def close(self) -> None:
        """Leave; twice is once."""
        if self._leave:
            self._leave()
            self._leave = None

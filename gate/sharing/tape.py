"""What a source delivered, poll by poll, and what of it a run is still to be handed. Pure: no lock, no clock."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from gate.errors import SourceRefused
from gate.model import Cost, Fetch

if TYPE_CHECKING:
    from gate.errors import SourceFault
    from gate.model import Period, Request

BRIDGE = timedelta(hours=1)
"""A run may join a tape that ends up to this long before its own period; what lies between is fetched for nobody."""
TOGETHER = timedelta(seconds=1)
"""Who asks while somebody else's poll is on its way, or so shortly after it, is answered from it."""
NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Place:
    """How far one run has read a tape."""

    tape: str
    batches: int
    """Polls of the source whose mentions it was handed."""
    until: datetime
    """It was handed nothing written from this time on."""
    resume: str | None
    """The source's own cursor, at which a process without the tape goes on; doubles are dropped there."""

    def dump(self) -> str:
        """Return it as one line."""
        return json.dumps([self.tape, self.batches, self.until.isoformat(), self.resume], separators=(",", ":"))

    @classmethod
    def load(cls, text: str) -> Place:
        """Return what was dumped.

        Raises:
            SourceRefused: it is not ours.
        """
        try:
            tape, batches, until, resume = json.loads(text)
            return cls(str(tape), int(batches), datetime.fromisoformat(until), resume)
        except (TypeError, ValueError):
            message = "the stored place in a shared source cannot be read"
            raise SourceRefused(message, hint="it was written by another version; start a new run") from None


@dataclass(slots=True)
class Tape:
    """What a source delivered for one side of the deploy from a time on."""

    name: str
    period: Period
    since: datetime
    start: str | None = None
    """The source's cursor it began with."""
    batches: list[Fetch] = field(default_factory=list)
    """Polls that brought something or got on, in order."""
    reached: datetime = NEVER
    """Everything written before this was delivered."""
    cursor: str | None = None
    readers: dict[int, datetime] = field(default_factory=dict)
    """The runs that read it, and from when on."""
    _asked_to: datetime = NEVER
    _began: datetime = NEVER
    _ended: datetime = NEVER
    """The last poll: what it asked for, when it began and when it was back."""
    _last: Fetch = field(default_factory=lambda: Fetch((), complete=False, reason="it was not asked yet"))
    _fault: SourceFault | None = None
    _stuck: bool = False
    """The last poll was cut and got no further, so that to ask again at once is no use."""

    def takes(self, request: Request, place: Place | None) -> bool:
        """Say whether a run that has no tape may read this one."""
        if self.period is not request.period or self._last.permanent:
            return False
        if place:  # From another process, whose tape is gone.
            return (self.since, self.start) == (request.since, place.resume)
        if self.start is not None or self.reached == NEVER:
            return (self.since, self.start) == (request.since, None)
        return self.since <= request.since <= self.reached + BRIDGE

    def serves(self, request: Request, place: Place | None, asked: datetime) -> bool:
        """Say whether a request of that time can be answered without asking the source."""
        if self.reached >= request.until:
            return True
        together = self._ended != NEVER and self._ended >= asked - TOGETHER
        recent = request.fresh is not None and self._began >= asked - request.fresh
        if self._fault:
            return together or recent
        if self._last.complete:
            return recent or (together and self._asked_to >= request.until)
        unread = place is None or place.batches < len(self.batches)
        # Who has read all there is of a walk that was cut has it go on, unless that was tried just now, in vain.
        return (together or recent) and (unread or self._stuck)

    def add(self, fetch: Fetch, until: datetime, began: datetime, ended: datetime, *, limited: bool = False) -> None:
        """Take what a poll brought that asked for everything before ``until``.

        A poll for which one run could pay no more than so much (``limited``) says nothing of how far the others come: what
        it left is asked for by the next of them.
        """
        cut = limited and not fetch.complete
        self._stuck = not (fetch.complete or cut) and fetch.cursor == self.cursor
        fetch = replace(fetch, permanent=fetch.permanent and not cut)
        self.cursor, self._last, self._fault = fetch.cursor, fetch, None
        if not cut:
            self._asked_to, self._began, self._ended = until, began, ended
        self.batches.append(fetch)
        if fetch.complete:
            self.reached = max(self.reached, min(until, fetch.settled_until or until))

    def fail(self, fault: SourceFault, began: datetime, ended: datetime) -> None:
        """Take that a poll failed."""
        self._fault, self._began, self._ended = fault, began, ended

    def answer(self, request: Request, place: Place | None, cost: Cost) -> Fetch:
        """Return what a run was not handed yet of its period.

        Raises:
            SourceFault: the last poll failed, and the run needs what it was to bring.
        """
        whole = self.reached >= request.until
        if self._fault and not whole:
            raise self._fault.with_traceback(None)
        seen, until = (place.batches, place.until) if place else (0, request.since)
        mentions, later = [], False
        for number, batch in enumerate(self.batches):
            for mention in batch.mentions:
                later = later or mention.created_at >= request.until
                if request.since <= mention.created_at < request.until and (
                    number >= seen or mention.created_at >= until
                ):
                    mentions.append(mention)
        resume = (place.resume if place else self.start) if later else self.cursor
        here = Place(self.name, len(self.batches), max(until, request.until), resume)
        complete = whole or self._last.complete
        moved = complete or place is None or place.batches < here.batches
        fresh = self.batches[seen:]
        return Fetch(
            tuple(sorted(mentions, key=lambda mention: (mention.created_at, mention.id))),
            cursor=here.dump() if moved else request.cursor,
            complete=complete,
            reason="" if complete else self._last.reason,
            permanent=not complete and self._last.permanent,
            cost=cost,
            unreadable=tuple(each for batch in fresh for each in batch.unreadable),
            notes=tuple(dict.fromkeys(note for batch in fresh for note in batch.notes)),
            deleted=tuple(each for batch in fresh for each in batch.deleted),
            settled_until=None if whole else max(self.reached, request.since) if complete else self._last.settled_until,
        )

    def let_go(self) -> None:
        """Forget what was written before all of its readers' periods."""
        self.since = max(self.since, min(self.readers.values()))
        self.batches = [
            replace(each, mentions=tuple(mention for mention in each.mentions if mention.created_at >= self.since))
            for each in self.batches
        ]

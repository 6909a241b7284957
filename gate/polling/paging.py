"""Walks pages of posts for one poll, within its caps, and says what is missing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from gate.errors import SourceFault
from gate.model import Cost, Fetch
from gate.polling.cursor import Cursor, Gap, short
from gate.polling.page import Page, Stretch, page_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from gate.model import Mention, Request, Unreadable
    from gate.polling.page import Ask
    from gate.ports import Clock, SourceContext

STALE_PAGES = 2
"""Pages in a row with nothing new on them: the server repeats itself."""
OVER = timedelta(seconds=5)
"""A period that ended longer ago is over: polls of one that lasts ask for what was written until now."""
RESOLUTION = timedelta(seconds=1)
"""Many APIs take whole seconds: what is asked for again reaches a second past the last post seen."""


@dataclass(frozen=True, slots=True)
class Paging:
    """How the pages of a channel behave."""

    who: str
    """Name of the service, for people."""
    order: Literal["newest", "oldest", "roughly-newest", "any"] = "newest"
    """Of the posts by the time they were written. ``newest`` ends at the first post from before the stretch,
    ``roughly-newest`` (pinned or late posts in between) after a page of nothing else, ``any`` at the last page."""
    resume: Literal["time", "place"] = "time"
    """How a walk that was cut goes on in a later poll: by asking for a shorter stretch of time, which ``ask`` must
    then hand to the channel, or by ``Page.next``. A page number will do: new posts only push old ones further back."""
    max_pages: int = 10
    """Pages read in one poll; what is left is read by the next poll."""
    overlap: timedelta = timedelta(minutes=2)
    """How far each poll looks back behind the last one, for posts that the channel shows late."""
    lag: timedelta = timedelta(0)
    """How long after it was written a post may take to be shown; the end of the window waits for it."""

    @property
    def looks_back(self) -> timedelta:
        """How far each poll really looks back: what may be shown late is looked for."""
        return max(self.overlap, self.lag)

    def __post_init__(self) -> None:
        """Refuse what could never get past its first pages.

        Raises:
            ValueError: the posts are in no strict order, and a cut walk would start again at the same place.
        """
        if self.order in {"roughly-newest", "any"} and self.resume == "time":
            message = f"order={self.order!r} needs resume='place'"
            raise ValueError(message)


def collect(
    request: Request, ask: Ask, paging: Paging, context: SourceContext, *, spent: Callable[[], Cost] = Cost
) -> Fetch:
    """Read what the period has that earlier polls did not deliver, oldest first.

    Args:
        request: as the source got it.
        ask: makes one request. It is given the stretch to read and, after the first page, the page before's ``next``;
            mentions outside the stretch are left out here, whether or not the channel can be asked for times.
        paging: how the channel behaves.
        context: the source's own; mentions get its name and stream.
        spent: what the requests of this poll cost, e.g. ``client.spent``.

    Raises:
        SourceFault: the first page failed; what fails later makes the fetch incomplete.
    """
    cursor = Cursor.load(request.cursor, paging.who)
    if cursor.done_to and request.until < cursor.done_to:
        # A clock that was set back asks for less than was read; the next poll goes on from there.
        reason = cursor.lost or ("what is left follows once the clock is there again" if cursor.gap else "")
        return Fetch((), cursor=request.cursor, complete=not reason, reason=reason)
    walk = _Walk(request, ask, paging, context.clock, cursor)
    stop = walk.run()
    cursor = walk.cursor.pruned(paging.looks_back)
    over = request.until + OVER <= context.clock.now()
    if stop is None and cursor.lost:
        # While the period lasts there is more to hear, lost posts or not; afterwards nothing can mend it.
        stop = _Stop(cursor.lost, permanent=over)
    named = (replace(each, source=context.name, stream=context.stream) for each in walk.mentions.values())
    edge = context.clock.now() - paging.lag
    return Fetch(
        tuple(sorted(named, key=lambda mention: (mention.created_at, mention.id))),
        cursor=cursor.dump(),
        complete=stop is None,
        reason=stop.reason if stop else "",
        permanent=bool(stop and stop.permanent),
        cost=walk.cost + spent(),
        unreadable=tuple(walk.unreadable),
        notes=tuple(dict.fromkeys(walk.notes)),
        settled_until=edge if paging.lag and edge < request.until else None,
    )


@dataclass(frozen=True, slots=True)
class _Stop:
    reason: str
    permanent: bool = False


class _Walk:
    """The walks of one poll: through what an earlier one left, then through what is new."""

    def __init__(self, request: Request, ask: Ask, paging: Paging, clock: Clock, cursor: Cursor) -> None:
        self.cursor = cursor
        self.mentions: dict[str, Mention] = {}
        self.unreadable: list[Unreadable] = []
        self.notes: list[str] = []
        self.cost = Cost()
        self._request = request
        self._ask = ask
        self._paging = paging
        self._clock = clock
        self._deadline = clock.now() + request.timeout
        self._pages = 0

    def run(self) -> _Stop | None:
        """Return why it was cut; None if everything was read."""
        since, until = self._request.since, self._request.until
        done = self.cursor.done_to
        if gap := self.cursor.gap:
            stop = self._through(gap.stretch, gap.place)
            # A channel so busy that looking back takes more than one poll would never be done with it.
            if stop or (done and done >= until):
                return stop
        if done:
            since = max(since, min(done, until) - self._paging.looks_back)
        if since >= until:
            return None
        stop = self._through(Stretch(since, until), None)
        if stop is None or self.cursor.gap:
            reached = min(until, self._clock.now())
            self.cursor = replace(self.cursor, done_to=max(done or reached, reached))
        return stop

    def _through(self, stretch: Stretch, place: str | None) -> _Stop | None:
        keys: set[str] = set()
        places = {place}
        oldest: datetime | None = None
        newest: datetime | None = None
        stale, read = 0, False
        while True:
            if stop := self._stop():
                break
            try:
                page = page_of(self._paging.who, self._ask, stretch, place)
            except SourceFault as fault:
                if not self._pages:
                    raise
                stop = _Stop(fault.message, fault.permanent)
                break
            read = True
            self._take(page, stretch)
            times = [mention.created_at for mention in page.mentions]
            if times:
                oldest, newest = min([*times, oldest or times[0]]), max([*times, newest or times[0]])
            stale = stale + 1 if page.keys and page.keys <= keys else 0
            keys |= page.keys
            if page.next is None or self._past(page, stretch):
                self._note_end(page, stretch, oldest)
                self.cursor = replace(self.cursor, gap=None)
                return None
            if page.next in places or stale == STALE_PAGES:
                stop = _Stop(f"{self._paging.who} repeats its pages; what comes after them could not be read")
                break
            place = page.next
            places.add(place)
        if read:
            self.cursor = replace(self.cursor, gap=self._rest(stretch, place, oldest, newest))
        return stop

    def _stop(self) -> _Stop | None:
        if self._pages >= self._paging.max_pages:
            return _Stop(f"{self._pages} pages were read (max_pages); what is left follows with the next poll")
        if self._clock.now() >= self._deadline:
            return _Stop("the time for this poll is used up")
        room = self._request.room
        if (room.reads is not None and self.cost.reads >= room.reads) or (
            room.usd is not None and self.cost.usd >= room.usd
        ):
            return _Stop(f"what was left of the budget {room.whose} is used up".replace("  ", " "), room.permanent)
        return None

    def _take(self, page: Page, stretch: Stretch) -> None:
        self._pages += 1
        where = f"page {self._pages}, "
        self.unreadable += [replace(each, where=where + each.where) for each in page.unreadable]
        self.notes += page.notes
        self.cost += Cost(reads=page.reads, usd=page.usd)
        request = self._request
        for mention in page.mentions:
            wanted = stretch.since <= mention.created_at < stretch.until
            if wanted and request.since <= mention.created_at < request.until and not self.cursor.knows(mention):
                self.mentions[mention.id] = mention
        # One and the same cursor for a walk: within it, ids tell what is new.
        seen = {short(each): mention.created_at for each, mention in self.mentions.items()}
        self.cursor = replace(self.cursor, seen=self.cursor.seen | seen, lost=self.cursor.lost or page.lost)

    def _past(self, page: Page, stretch: Stretch) -> bool:
        """Say whether later pages can hold nothing of the stretch."""
        times = [mention.created_at for mention in page.mentions]
        if not times:
            return False
        match self._paging.order:
            case "newest":
                return min(times) < stretch.since
            case "roughly-newest":
                return max(times) < stretch.since
            case "oldest":
                return max(times) >= stretch.until
            case "any":
                return False

    def _note_end(self, page: Page, stretch: Stretch, oldest: datetime | None) -> None:
        if page.next is None and page.ends and oldest and oldest > stretch.since:
            lost = f"{page.ends}; they go back to {oldest:%Y-%m-%d %H:%M} UTC, and what is older cannot be had"
            self.cursor = replace(self.cursor, lost=self.cursor.lost or lost)

    def _rest(self, stretch: Stretch, place: str | None, oldest: datetime | None, newest: datetime | None) -> Gap:
        """Return what is left of a stretch that was cut."""
        if self._paging.resume == "place":
            return Gap(stretch, place)
        since, until = stretch.since, stretch.until
        if self._paging.order == "oldest" and newest:
            since = max(since, newest - RESOLUTION)
        elif self._paging.order == "newest" and oldest:
            until = min(until, oldest + RESOLUTION)
        shorter = Stretch(since, until)
        # More posts in one second than a poll may read: the same stretch again would lead to the same pages.
        return Gap(stretch, place) if shorter == stretch else Gap(shorter, None)

"""One walk through pages of posts, newest first, that may be cut at any page and goes on later."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from gate.errors import SourceFault
from gate.model import Cost
from gate.sources.x import posts
from gate.sources.x.cursor import Cursor, Gap, id_at

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from gate.model import Mention, Unreadable
    from gate.sources.x.spending import Purse


@dataclass(slots=True)
class Haul:
    """What one poll has brought so far."""

    mentions: dict[str, Mention] = field(default_factory=dict)
    unreadable: list[Unreadable] = field(default_factory=list)
    notes: dict[str, None] = field(default_factory=dict)
    cost: Cost = field(default_factory=Cost)
    pages: int = 0


@dataclass(frozen=True, slots=True)
class Stop:
    """Why a walk was cut."""

    reason: str
    permanent: bool = False


@dataclass(frozen=True, slots=True)
class Stretch:
    """The posts one walk is to read: an open end is left to X, which stops 30 seconds ago."""

    after: int
    """Ids above this one."""
    before: int | None
    """Ids below this one."""
    seen_to: datetime | None
    """What the walk will have seen once it is finished; None for a gap, which says nothing new."""
    newest: int = 0
    """Highest id read on an earlier part of this walk."""
    times: tuple[datetime, datetime | None] | None = None
    """The same stretch by time. X takes one or the other; the first walk of a period has no id to go by."""

    def bounds(self) -> dict[str, Any]:
        """Return the parameters that ask for it."""
        if self.times:
            return {"start_time": self.times[0], "end_time": self.times[1]}
        return {"since_id": str(self.after), "until_id": str(self.before) if self.before else None}


class Walker:
    """Walks stretches for one poll, within its caps."""

    def __init__(self, search: Callable[..., dict[str, Any]], purse: Purse, *, page_size: int, max_pages: int) -> None:
        """Take the search call, already bound to its query."""
        self.haul = Haul()
        self._search = search
        self._purse = purse
        self._page_size = page_size
        self._max_pages = max_pages

    def walk(self, cursor: Cursor, stretch: Stretch, *, source: str, stream: str) -> tuple[Cursor, Stop | None]:
        """Read the stretch page by page; return the new cursor, and why it was cut if it was.

        Raises:
            SourceFault: X failed before this poll brought anything.
        """
        low, high = stretch.before, stretch.newest
        token: str | None = None
        tokens: set[str] = set()
        stop = None
        while not (stop := self._stop()):
            try:
                page = self._page(stretch, token, source, stream)
            except SourceFault as fault:
                if not self.haul.pages:
                    raise
                stop = Stop(fault.message, fault.permanent)
                break
            ids = [int(mention.id) for mention in page.mentions]
            fresh = [each for each in ids if str(each) not in self.haul.mentions and (low is None or each < low)]
            self._take(page)
            if fresh:
                low, high = min(fresh), max(high, *fresh)
            token = page.next_token
            if token is None:
                break
            if token in tokens or (ids and not fresh):
                # Going on would buy the same posts again and again.
                useless = bool(ids) and low == stretch.before
                stop = Stop("X repeats its pages; what is older could not be read", permanent=useless)
                break
            tokens.add(token)
        return self._moved(cursor, stretch, low, high, cut=stop is not None), stop

    def _stop(self) -> Stop | None:
        if not self._purse.room():
            return Stop(self._purse.exhausted(), permanent=self._purse.lasting)
        if self.haul.pages >= self._max_pages:
            return Stop(f"{self.haul.pages} pages were read (max_pages); what is older follows with the next poll")
        return None

    def _page(self, stretch: Stretch, token: str | None, source: str, stream: str) -> posts.Page:
        size = min(self._page_size, self._purse.room())
        reply = self._search(max_results=size, next_token=token, **stretch.bounds())
        return posts.page(reply, number=self.haul.pages + 1, source=source, stream=stream)

    def _take(self, page: posts.Page) -> None:
        haul = self.haul
        haul.pages += 1
        haul.cost += self._purse.pay(posts=page.posts, users=page.users)
        haul.mentions |= {mention.id: mention for mention in page.mentions}
        haul.unreadable += page.unreadable
        haul.notes |= dict.fromkeys(page.notes)

    @staticmethod
    def _moved(cursor: Cursor, stretch: Stretch, low: int | None, high: int, *, cut: bool) -> Cursor:
        if cut and not (low and high):
            # Nothing was read of it: the next poll asks for the same stretch again.
            return cursor
        seen_to = stretch.seen_to or cursor.seen_to
        if cut and low:
            return replace(cursor, gap=Gap(stretch.after, low, high), seen_to=seen_to)
        return replace(cursor, since_id=max(cursor.since_id or 0, high) or None, gap=None, seen_to=seen_to)


def gap_stretch(gap: Gap, floor: datetime) -> Stretch:
    """Return the part of a gap that X still has."""
    return Stretch(max(gap.after, id_at(floor) - 1), gap.before, None, gap.newest)

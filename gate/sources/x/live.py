"""Hears a period that still lasts by the stream, and searches for what the stream cannot know.

The cursor is that of search: it says up to when everything was read. A connection that stood since before then carries
it on to its last sign of life. Where it does not reach back that far (at the start, after it broke, after the buffer
was full), search reads up to where it does. What comes both ways is delivered once.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from gate.errors import SourceFault
from gate.model import Cost, Fetch
from gate.sources.x import posts
from gate.sources.x.connection import Connection
from gate.sources.x.cursor import Cursor, id_at
from gate.sources.x.stream import Catch

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from gate.model import Mention, Request
    from gate.ports import SourceContext
    from gate.sources.x.client import Client
    from gate.sources.x.options import Options
    from gate.sources.x.spending import Purse

    Search = Callable[[Request], Fetch]

REMEMBERED = timedelta(minutes=15)
"""Ids of posts are remembered so long, to know them when they come again."""


class Live:
    """The stream of one run."""

    def __init__(self, options: Options, context: SourceContext, purse: Purse) -> None:
        """Connect to nothing yet."""
        self.since: datetime | None = None
        """Start of the period it hears, or heard."""
        self._options = options
        self._context = context
        self._purse = purse
        self._line: Connection | None = None
        self._held: dict[str, Mention] = {}
        self._given: dict[str, None] = {}

    def fetch(self, request: Request, client: Client, query: str, search: Search) -> Fetch:
        """Return the posts of the period that earlier polls did not return, oldest first.

        Raises:
            SourceRefused: the key, the query, or the stream is not for this app; or a cursor that is not ours.
            SourceDown: search gave no proper answer, and the stream brought nothing.
        """
        cursor = Cursor.load(request.cursor)
        self._purse.catch_up(cursor.reads, cursor.usd)
        if self._line is None:
            self._line = Connection(self._options, self._context.clock, client, query)
        line, self.since = self._line, request.since
        news, cost = self._drained(line)
        cursor = line.carry(cursor, request.until)
        line.keep_up(self._purse.room(), request.timeout)
        found = Fetch((), cursor=cursor.dump())
        if not line.joins(cursor):
            found = self._searched(replace(request, cursor=found.cursor, until=line.reach(request.until)), search)
            cursor = line.carry(Cursor.load(found.cursor), request.until)
        line.allow(self._purse.room())
        reason = found.reason
        if news.overflow and found.complete:
            reason = f"more than {self._options.buffer:,} posts came between two polls; search reads what was left out"
        return replace(
            found,
            mentions=self._new((*self._held.values(), *found.mentions), request, cursor),
            cursor=replace(cursor, reads=self._purse.reads, usd=self._purse.usd).dump(),
            complete=not reason,
            reason=reason,
            cost=found.cost + cost + line.cost(),
            unreadable=(*found.unreadable, *news.unreadable),
            notes=(*found.notes, *line.notes()),
            settled_until=cursor.seen_to or found.settled_until or request.since,
        )

    def finish(self, request: Request, search: Search) -> Fetch:
        """Disconnect, as the period is over, and return the rest of it.

        Raises:
            SourceFault: as for ``fetch``.
        """
        news, cost = Catch(), Cost()
        if self._line:
            self._line.disconnect()
            news, cost = self._drained(self._line)
        self.close()
        found = self._searched(request, search)
        mentions = self._new((*self._held.values(), *found.mentions), request, Cursor.load(found.cursor))
        return replace(
            found, mentions=mentions, cost=found.cost + cost, unreadable=(*found.unreadable, *news.unreadable)
        )

    def close(self) -> None:
        """Disconnect, and take the rule away."""
        if self._line:
            self._line.close()
        self._line = None

    def _drained(self, line: Connection) -> tuple[Catch, Cost]:
        news = line.drain()
        page = posts.page(news.as_page(), number=0, source=self._context.name, stream=self._context.stream)
        self._held |= {mention.id: mention for mention in page.mentions}
        news.unreadable = page.unreadable
        return news, replace(self._purse.pay(posts=news.posts, users=news.users), requests=0)

    def _searched(self, request: Request, search: Search) -> Fetch:
        try:
            return search(request)
        except SourceFault as fault:
            if not self._held:
                raise
            return Fetch((), request.cursor, complete=False, reason=fault.message, permanent=fault.permanent)

    def _new(self, mentions: Sequence[Mention], request: Request, cursor: Cursor) -> tuple[Mention, ...]:
        """Return what is of the period and was not delivered before; remember it, and keep what is to come later."""
        fresh = {
            mention.id: mention
            for mention in mentions
            if request.since <= mention.created_at < request.until and mention.id not in self._given
        }
        self._held = {key: each for key, each in self._held.items() if each.created_at >= request.until}
        self._given |= dict.fromkeys(fresh)
        if cursor.seen_to:
            oldest = id_at(cursor.seen_to - REMEMBERED)
            self._given = {key: None for key in self._given if int(key) >= oldest}
        return tuple(sorted(fresh.values(), key=lambda mention: (mention.created_at, int(mention.id))))

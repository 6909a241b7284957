"""The source itself: one query a poll, from where the last poll of the period stopped."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from gate.errors import SourceDown, SourceFault, SourceRefused
from gate.model import Cost, Fetch
from gate.records import MentionReader, zone
from gate.sources.sql import doctor
from gate.sources.sql.cursor import Cursor, short
from gate.sources.sql.database import Database
from gate.sources.sql.harvest import Harvest, Wanted
from gate.sources.sql.rows import Layout
from gate.sources.sql.stamps import Stamps
from gate.sources.sql.statement import ordered_by

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from gate.model import Check, Mention, Request
    from gate.ports import SourceContext
    from gate.sources.sql.options import Options

_FOR_READING = 0.7
"""Part of a poll's time after which what has come is delivered."""
_FOR_DATABASE = 0.9
"""Part of a poll's time after which the database is stopped."""


class Source:
    """Asks one database, poll by poll."""

    def __init__(self, options: Options, context: SourceContext) -> None:
        """Remember the options; nothing is opened before the first poll."""
        self.options = options
        self._context = context
        self._zone = None if options.timezone is None else zone(options.timezone)
        self.stamps = Stamps(options.times, self._zone)
        self._in_order = ordered_by(options.query, options.columns.get("created_at", "created_at"))
        self._database: Database | None = None
        self._told_of_zone = False

    def fetch(self, request: Request) -> Fetch:
        """Return the mentions written in the asked period that this period has not had yet, oldest first.

        Raises:
            SourceRefused: the database refuses us or the query; what it returns are no mentions; the cursor is not ours.
            SourceDown: the database did not answer, or not in time.
        """
        cursor = Cursor.load(request.cursor)
        since = max(request.since, cursor.since or request.since)
        if since >= request.until:
            return Fetch((), cursor=request.cursor)
        wanted = Wanted(since, request.until, self._context.stream, cursor.seen, self.options.max_rows, self._in_order)
        harvest = self.harvest(wanted, request.timeout)
        self._check(harvest, cursor)
        mentions = harvest.mentions()
        return Fetch(
            mentions,
            cursor=self._advanced(cursor, harvest, mentions).dump(),
            complete=harvest.finished and not harvest.more,
            reason=self._shortfall(harvest),
            cost=Cost(requests=1),
            unreadable=tuple(harvest.unreadable),
            notes=self._notes(harvest),
            settled_until=self._settled(request),
        )

    def check(self) -> Sequence[Check]:
        """Run the query once over the last week, and say what it brought."""
        try:
            return doctor.report(self, self._context)
        except SourceFault as fault:
            return doctor.refused(fault)

    def close(self) -> None:
        """Forget the database; no connection is kept between polls."""
        self._database = None

    def open(self) -> Database:
        """Return the database.

        Raises:
            SourceRefused: its URL is missing or wrong, or there is no driver for it.
        """
        if self._database is None:
            url = self.options.url
            address = self._context.secret(url) if url.startswith("${") else url
            database = Database(address, self._context.folder)
            if database.kind == "sqlite" and self.stamps.native:
                message = "SQLite has no type for times, and this source does not say how the table keeps them"
                raise SourceRefused(message, hint="set `times: seconds`, or their format: '%Y-%m-%d %H:%M:%S'")
            self._database = database
        return self._database

    def harvest(self, wanted: Wanted, timeout: timedelta) -> Harvest:
        """Run the query and read its rows.

        Raises:
            SourceRefused: the database refuses us or the query, or a column is missing.
            SourceDown: it did not answer, or not in time.
        """
        clock = self._context.clock
        deadline = clock.now() + timeout * _FOR_READING
        found = Harvest(wanted, MentionReader(self._context.name, self._zone, make_ids=False))
        values = {
            "since": self.stamps.written(wanted.since, rounded_up=False),
            "until": self.stamps.written(wanted.until, rounded_up=True),
        }
        with self.open().rows(self.options.query, values, timeout.total_seconds() * _FOR_DATABASE) as (names, rows):
            found.take(rows, Layout.of(names, self.options.columns), lambda: clock.now() >= deadline)
        return found

    def _check(self, harvest: Harvest, cursor: Cursor) -> None:
        if harvest.unreadable and harvest.newest is None and not cursor.sound:
            first = harvest.unreadable[0]
            message = f"not one row could be read as a mention; {first.where}: {first.why}"
            raise SourceRefused(message, hint="correct the query or the options of this source", quote=first.quote)
        if not harvest.finished and not harvest.ordered:
            message = "the query returns more than can be read in the time of a poll, and not in order of time"
            raise SourceDown(message, hint="let the query ORDER BY the column of the times, or select less")

    def _advanced(self, cursor: Cursor, harvest: Harvest, mentions: tuple[Mention, ...]) -> Cursor:
        """Return where the next poll of this period goes on."""
        whole = harvest.finished and not harvest.more
        reached = harvest.wanted.until if whole else max([harvest.wanted.since, *(m.created_at for m in mentions[-1:])])
        # What was written before this can no longer come late, however far behind the poll is.
        settled = self._context.clock.now() - self.options.delay
        since = max(harvest.wanted.since, min(reached, settled))
        seen = {short(mention.id) for mention in mentions if mention.created_at >= since}
        old = {mark for mark, at in harvest.met.items() if at >= since} if harvest.whole else cursor.seen
        return Cursor(since, frozenset(seen | old | harvest.odd), cursor.sound or harvest.newest is not None)

    def _shortfall(self, harvest: Harvest) -> str:
        if harvest.more:
            return f"the query returned more than {self.options.max_rows:,} mentions; the next poll goes on behind them"
        if not harvest.finished:
            return "the query returned more than could be read in the time of a poll; the next poll goes on there"
        return ""

    def _notes(self, harvest: Harvest) -> tuple[str, ...]:
        if self._told_of_zone or not harvest.reader.times.zoneless:
            return ()
        self._told_of_zone = True
        return (f"the times in {self.open().name} carry no time zone; read as {self.options.timezone}",)

    def _settled(self, request: Request) -> datetime | None:
        if self.options.delay <= timedelta(0):
            return None
        edge = self._context.clock.now() - self.options.delay
        return edge if edge < request.until else None

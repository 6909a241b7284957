"""The source itself: turns the period asked for into walks, within X's seven days and our budget.

X delivers posts up to 30 seconds ago; the last half minute of a period comes with a later poll, and
``Fetch.settled_until`` says so.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from gate.errors import SourceFault, SourceRefused
from gate.model import Cost, Fetch
from gate.sources.x import doctor, lookup, posts, rules
from gate.sources.x.client import Client
from gate.sources.x.cursor import Cursor, id_at, written_at
from gate.sources.x.live import Live
from gate.sources.x.spending import Purse
from gate.sources.x.walk import Stop, Stretch, Walker, gap_stretch

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from gate.model import Check, Gone, Request
    from gate.ports import SourceContext
    from gate.sources.x.options import Options

REACH = timedelta(days=7) - timedelta(seconds=60)
"""How far back recent search goes; a minute less, so that a slow request is not refused."""
LAG = timedelta(seconds=30)
"""X refuses to be asked for anything newer."""
TOLERATED = timedelta(hours=1)
"""How much may be cut off at X's seven days before it is worth saying."""
ENOUGH = timedelta(days=1)
"""What must be left of a period that is cut off there, and half of it, for it to count as heard."""
OVER = timedelta(seconds=5)
"""A period that ended longer ago is over: polls of one that lasts ask for what was written until now."""
CHECK_TIMEOUT = timedelta(seconds=15)


@dataclass(frozen=True, slots=True)
class _Period:
    """What X can be asked for now."""

    floor: datetime
    """Oldest moment X takes."""
    start: datetime
    end: datetime
    """X has nothing to deliver yet, or nothing is asked for, from here on."""
    last: datetime | None
    """The end in whole seconds, as X takes it; None where X itself stops there, 30 seconds ago."""
    settled: datetime | None
    """The end, where more was asked for."""


class Source:
    """Recent search on X, polled; and while a period lasts, the stream if the options say so."""

    def __init__(self, options: Options, context: SourceContext) -> None:
        """Remember the options; nothing is asked before the first poll."""
        self._options = options
        self._context = context
        self._client: Client | None = None
        self._purse = Purse(options.budget, authors=options.author_details)
        self._live = Live(options, context, self._purse)

    def fetch(self, request: Request) -> Fetch:
        """Return posts of the period that earlier polls did not return, oldest first.

        Raises:
            SourceRefused: the key, the query or the quota; or a cursor that is not ours.
            SourceDown: X gave no proper answer before anything could be read.
        """
        if self._options.mode == "stream" and request.until + OVER > self._context.clock.now():
            client = self._open()
            client.give(request.timeout)
            return self._live.fetch(request, client, self._query(), self._search)
        if self._live.since == request.since:
            return self._live.finish(request, self._search)
        return self._search(request)

    def _search(self, request: Request) -> Fetch:
        cursor = Cursor.load(request.cursor)
        self._purse.catch_up(cursor.reads, cursor.usd)
        self._purse.open(request.room)
        period = _period(request, self._context.clock.now())
        if period.end <= period.floor:
            reason = f"X's search goes back seven days, to {period.floor:%Y-%m-%d %H:%M} UTC; this period ended before"
            return Fetch((), cursor=request.cursor, complete=False, reason=reason, permanent=True)
        if period.end <= period.start:
            return Fetch((), cursor=request.cursor, settled_until=period.settled)
        client = self._open()
        client.give(request.timeout)
        search = partial(client.search, self._query(), authors=self._options.author_details)
        walker = Walker(search, self._purse, page_size=self._options.page_size, max_pages=self._options.max_pages)
        cursor, stop = self._advance(cursor, period, request, walker)
        fetch = self._fetched(replace(cursor, reads=self._purse.reads, usd=self._purse.usd), stop, walker)
        return replace(fetch, settled_until=period.settled)

    def check(self) -> Sequence[Check]:
        """Count the last seven days' posts: says whether the key works, what is left, what it will cost."""
        try:
            client = self._open()
            client.give(CHECK_TIMEOUT)
            query = self._query()
            reply, headers = client.count(query), client.headers
            count = posts.total(reply)
            strangers = rules.others(client) if self._options.mode == "stream" else None
        except SourceFault as fault:
            return doctor.refused(fault)
        counted = doctor.report(query, count, headers, self._context.clock.now(), self._purse)
        return [*counted, *doctor.streaming(strangers)]

    def gone(self, ids: Sequence[str]) -> Gone:
        """Look posts up by id; X bills those that are still there. Raises as ``fetch`` does."""
        return lookup.gone(self._open(), ids, CHECK_TIMEOUT)

    def close(self) -> None:
        """Close the connections."""
        self._live.close()
        if self._client:
            self._client.close()
            self._client = None

    def _advance(self, cursor: Cursor, period: _Period, request: Request, walker: Walker) -> tuple[Cursor, Stop | None]:
        walk = partial(walker.walk, source=self._context.name, stream=self._context.stream)
        if request.cursor is None and period.floor - request.since > TOLERATED:
            cut = f"X's search goes back to {period.floor:%Y-%m-%d %H:%M} UTC only"
            if period.end - period.floor >= max(ENOUGH, (request.until - request.since) / 2):
                walker.haul.notes[cut] = None
            else:
                cursor = replace(cursor, lost=f"{cut}: most of the period asked for lies before that")
        cursor = _losses(cursor, period)
        if cursor.gap:
            cursor, stop = walk(cursor, gap_stretch(cursor.gap, period.floor))
            if stop:
                return cursor, stop
        stretch = _new_stretch(cursor, period)
        if stretch is None:
            return cursor, None
        if request.cursor is None and self._options.probe and self._probe(period, walker) == 0:
            # The period stays unread: what X indexes late is still found by the next poll, for nothing.
            return cursor, None
        return walk(cursor, stretch)

    def _probe(self, period: _Period, walker: Walker) -> int | None:
        """Return how many posts X counts in the period; None where it does not let us count."""
        if not self._purse.affords_probe():
            return None
        client = self._open()
        try:
            count = posts.total(client.count(self._query(), start_time=period.start, end_time=period.last))
        except SourceFault as fault:
            # Search has its own access and its own limits, and says itself what is wrong.
            walker.haul.cost += Cost(requests=1)
            walker.haul.notes[f"X did not count the posts beforehand: {fault.message}"] = None
            return None
        walker.haul.cost += self._purse.pay(probes=1)
        if count > self._purse.room():
            note = f"X counts {count:,} posts (${self._purse.price(count):,.2f}) where the budget is {self._purse}"
            walker.haul.notes[note] = None
        return count

    def _fetched(self, cursor: Cursor, stop: Stop | None, walker: Walker) -> Fetch:
        if stop is None and cursor.lost:
            stop = Stop(cursor.lost, permanent=True)
        haul = walker.haul
        return Fetch(
            tuple(sorted(haul.mentions.values(), key=lambda mention: (mention.created_at, int(mention.id)))),
            cursor=cursor.dump(),
            complete=stop is None,
            reason=stop.reason if stop else "",
            permanent=bool(stop and stop.permanent),
            cost=haul.cost,
            unreadable=tuple(haul.unreadable),
            notes=tuple(haul.notes),
        )

    def _open(self) -> Client:
        if self._client is None:
            key = self._options.bearer_token
            token = self._context.secret(key).strip()
            if not (token and token.isascii() and token.isprintable() and " " not in token):
                message = f"what {key} holds is no bearer token: it is empty, or has spaces or odd characters in it"
                raise SourceRefused(message, hint="copy it again from X's developer console, Keys and tokens")
            context = self._context
            self._client = Client(
                self._options.base_url, token, key=key, clock=context.clock, public_only=context.public_only
            )
        return self._client

    def _query(self) -> str:
        if self._options.query:
            return self._options.query
        release = self._context.release.replace('"', " ").strip()
        # A phrase is quoted, so that no word of it acts as an operator.
        query = release if re.fullmatch(r"[#$@]?\w+", release) else f'"{release}"'
        if not release or len(query) > self._options.query_limit:
            message = (
                f"the release {release[:40]!r} cannot be searched for: 1 to {self._options.query_limit} characters"
            )
            raise SourceRefused(message, hint="give the source its own query in the policy")
        return query


def _period(request: Request, now: datetime) -> _Period:
    floor, edge = _up(now - REACH), now - LAG
    last = _up(request.until)
    return _Period(
        floor,
        start=max(_down(request.since), floor),
        end=min(request.until, edge),
        last=last if last <= edge else None,
        settled=edge if edge < request.until else None,
    )


def _losses(cursor: Cursor, period: _Period) -> Cursor:
    """Note what slid out of X's seven days before it was read, e.g. while nothing ran."""
    gap = cursor.gap
    read_to = written_at(gap.after) if gap else cursor.seen_to
    if read_to and period.floor - read_to > TOLERATED:
        lost = f"posts from {read_to:%Y-%m-%d %H:%M} UTC on were not read before X's seven days were over"
        cursor = replace(cursor, lost=lost)
    if gap and gap.before <= id_at(period.floor):
        cursor = replace(cursor, gap=None, since_id=gap.newest)
    return cursor


def _new_stretch(cursor: Cursor, period: _Period) -> Stretch | None:
    """Return what is newer than the last walk, or None if there can be nothing."""
    if cursor.seen_to and period.end <= cursor.seen_to:
        return None
    if cursor.since_id is None:
        return Stretch(id_at(period.start) - 1, None, period.end, times=(period.start, period.last))
    after = max(cursor.since_id, id_at(period.floor) - 1)
    before = id_at(period.last) if period.last else None
    return None if before and before <= after + 1 else Stretch(after, before, period.end)


def _down(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)


def _up(moment: datetime) -> datetime:
    return _down(moment + timedelta(seconds=1, microseconds=-1))

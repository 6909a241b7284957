"""The source itself: one walk for each country, put together."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from gate.errors import SourceFault, SourceRefused
from gate.http import diagnose
from gate.model import Check, Cost, Fetch
from gate.policy.values import format_duration
from gate.polling import Paging, collect
from gate.sources.appstore.connect import Connect
from gate.sources.appstore.feed import Feed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gate.model import Request
    from gate.ports import SourceContext
    from gate.sources.appstore.options import Options

SHORT = timedelta(days=1)
"""A window under this hears next to no review: most are shown later."""


class Source:
    """Reads the newest reviews of an app."""

    def __init__(self, options: Options, context: SourceContext) -> None:
        """Choose the public feed or the official API; nothing is asked before the first poll."""
        self._context = context
        self._store: Feed | Connect = Connect(options, context) if options.official else Feed(options, context)
        # Pages are cached apart from each other, so that one may hold older reviews than the page after it.
        self._paging = Paging(
            self._store.client.who,
            order="roughly-newest",
            resume="place",
            max_pages=options.max_pages,
            overlap=max(options.late, timedelta(minutes=2)),
            lag=options.lag,
        )

    def fetch(self, request: Request) -> Fetch:
        """Return the reviews of the asked period that earlier polls did not return, oldest first.

        Raises:
            SourceRefused: Apple says no, in every country.
            SourceDown: no country gave a proper answer.
        """
        self._store.client.start(request.timeout)
        cursors = _cursors(request.cursor)
        fetches: dict[str, Fetch] = {}
        faults: list[SourceFault] = []
        for country, ask in self._store.walks().items():
            asked = replace(request, cursor=cursors.get(country))
            try:
                fetches[country] = collect(asked, ask, self._paging, self._context)
            except SourceFault as fault:
                faults.append(fault)
                failed = Fetch((), asked.cursor, complete=False, reason=fault.message, permanent=fault.permanent)
                fetches[country] = failed
        if len(faults) == len(fetches):
            raise faults[0]
        return _merged(fetches, self._store.client.spent())

    def check(self) -> Sequence[Check]:
        """Read one page: says whether Apple answers, and how old its newest review is."""
        rate = self._store.rate
        checks = diagnose(self._store.client, self._look, cost=self._store.cost, rate=rate)
        window = self._context.window
        if window is not None and window < SHORT:
            detail = f"the window is {format_duration(window)}, and most reviews are shown hours to days after they were written"
            fix = "lengthen window.length to a day or more, or write required: false for this source"
            checks.append(Check("window", ok=False, detail=detail, fix=fix))
        return checks

    def close(self) -> None:
        """Close the connections."""
        self._store.client.close()

    def _look(self) -> str:
        page = self._store.look()
        if not page.mentions:
            return "no reviews"
        age = self._context.clock.now() - max(mention.created_at for mention in page.mentions)
        return f"the newest review it shows was written {age.total_seconds() / 3600:,.1f} hours ago"


def _cursors(text: str | None) -> dict[str, str]:
    try:
        found = json.loads(text) if text is not None else {}
    except ValueError:
        found = None
    if not isinstance(found, dict) or not all(isinstance(each, str) for each in found.values()):
        message = "the stored place in the reviews cannot be read"
        raise SourceRefused(message, hint="it was written by another version; start a new run")
    return found


def _merged(fetches: dict[str, Fetch], cost: Cost) -> Fetch:
    """Put the countries together; one that fails leaves the others, and is named."""
    partial = {country: fetch for country, fetch in fetches.items() if not fetch.complete}
    reasons = [f"{country}: {fetch.reason}" if country else fetch.reason for country, fetch in partial.items()]
    settled = [fetch.settled_until for fetch in fetches.values() if fetch.settled_until]
    mentions = {mention.id: mention for fetch in fetches.values() for mention in fetch.mentions}
    return Fetch(
        tuple(sorted(mentions.values(), key=lambda mention: (mention.created_at, mention.id))),
        cursor=json.dumps({country: fetch.cursor for country, fetch in fetches.items() if fetch.cursor is not None}),
        complete=not partial,
        reason="; ".join(reasons),
        permanent=all(fetch.permanent for fetch in fetches.values()),
        cost=sum((fetch.cost for fetch in fetches.values()), cost),
        unreadable=tuple(each for fetch in fetches.values() for each in fetch.unreadable),
        notes=tuple(dict.fromkeys(note for fetch in fetches.values() for note in fetch.notes)),
        settled_until=min(settled) if settled else None,
    )

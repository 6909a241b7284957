"""The source itself: the API where there are keys, else the feeds."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from gate import __version__
from gate.http import diagnose
from gate.model import Allowance, Rate
from gate.polling import Paging, collect
from gate.sources.reddit.api import Api
from gate.sources.reddit.feed import Feed
from gate.sources.reddit.posts import from_api, from_feed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gate.model import Check, Fetch, Gone, Mention, Request
    from gate.ports import SourceContext
    from gate.sources.reddit.options import Options

OVERLAP = timedelta(minutes=10)
"""The search shows posts some minutes after they were written."""
LAG = timedelta(minutes=2)
CHECK_TIMEOUT = timedelta(seconds=15)
POORER = "Reddit is read by its public feed, as there are no keys (client_id, client_secret): the newest posts only, no votes"


class Source:
    """Reads one list, newest first."""

    def __init__(self, options: Options, context: SourceContext) -> None:
        """Prepare; nothing is asked before the first poll."""
        self._options = options
        self._context = context
        self._words = tuple(word.casefold() for word in options.words)
        by = f" by /u/{options.contact}" if options.contact else ""
        headers = {"User-Agent": f"python:sentiment-gate:v{__version__}{by and f' ({by.strip()})'}"}
        self._way = (
            Api(options, context, headers, self._api)
            if options.client_id
            else Feed(options, context, headers, self._feed)
        )
        self._told = bool(options.client_id)
        late = options.read == "search"
        self._paging = Paging(
            "Reddit",
            order="any",
            resume="place",
            max_pages=options.max_pages,
            overlap=OVERLAP if late else timedelta(minutes=2),
            lag=LAG if late else timedelta(0),
        )

    def fetch(self, request: Request) -> Fetch:
        """Return the posts of the asked period that earlier polls did not return.

        Raises:
            SourceRefused: Reddit says no.
            SourceDown: no proper answer this time.
        """
        self._way.start(request.timeout)
        fetch = collect(request, self._way.page, self._paging, self._context, spent=self._way.spent)
        if not self._told:
            self._told, fetch = True, replace(fetch, notes=(POORER, *fetch.notes))
        return fetch

    def check(self) -> Sequence[Check]:
        """Log in and ask for one post; without keys, read the feed."""
        self._way.start(CHECK_TIMEOUT)
        pages = self._options.max_pages if self._options.client_id else 1
        cost = f"free; {'1' if pages == 1 else f'1 to {pages}'} requests a look"
        rate = Rate(allowed=Allowance(100, timedelta(minutes=1)) if self._options.client_id else None, free=True)
        return diagnose(self._way.client, self._way.look, cost=cost, rate=rate)

    def gone(self, ids: Sequence[str]) -> Gone:
        """Ask which posts and comments were deleted or removed. Raises as ``fetch`` does."""
        self._way.start(CHECK_TIMEOUT)
        return self._way.gone(ids)

    def close(self) -> None:
        """Close the connections."""
        self._way.close()

    def _api(self, item: Any) -> Mention | None:  # noqa: ANN401  # any JSON
        return self._wanted(from_api(item))

    def _feed(self, entry: Any) -> Mention | None:  # noqa: ANN401  # feedparser's own type
        return self._wanted(from_feed(entry))

    def _wanted(self, mention: Mention | None) -> Mention | None:
        if mention and self._words and not any(word in mention.text.casefold() for word in self._words):
            return None
        return mention

"""Posts by search, a page of 100 at a time, newest first."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from gate.http import diagnose
from gate.model import Allowance, Rate
from gate.polling import Page, Paging, collect
from gate.sources.bluesky import deletions
from gate.sources.bluesky.posts import mention_of_view
from gate.sources.bluesky.session import WHO, Session

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gate.model import Check, Fetch, Gone, Request
    from gate.polling import Stretch
    from gate.ports import SourceContext
    from gate.sources.bluesky.options import Options

MOST = 100
INDEXED = timedelta(seconds=10)
"""So long a post may take until search finds it; the end of the window waits for it."""
SEARCH = "app.bsky.feed.searchPosts"


class Search:
    """Asks the search of Bluesky as an account."""

    def __init__(self, query: str, options: Options, context: SourceContext) -> None:
        """Prepare; nothing is asked before the first poll."""
        self._query = query
        self._context = context
        self._session = Session(options, context)
        self._most_pages = options.max_pages
        # By place, as not every search of this API takes notice of since and until.
        self._paging = Paging(
            WHO, order="roughly-newest", resume="place", max_pages=options.max_pages, lag=INDEXED
        )  # fmt: skip

    def fetch(self, request: Request) -> Fetch:
        """Return what was written in the asked period and not returned before.

        Raises:
            SourceRefused: Bluesky says no.
            SourceDown: nothing could be had this time.
        """
        client = self._session.client.start(request.timeout)
        return collect(request, self._page, self._paging, self._context, spent=client.spent)

    def check(self) -> Sequence[Check]:
        """Log in and search for one post."""
        cost = f"a look asks 1 to {self._most_pages} times; this check asked once and logged in"
        rate = Rate(allowed=Allowance(3000, timedelta(minutes=5)), free=True)
        return diagnose(self._session.client, self._look, cost=cost, rate=rate)

    def gone(self, ids: Sequence[str]) -> Gone:
        """Ask which posts are gone. Raises as ``fetch`` does."""
        return deletions.gone(self._session, ids, self._context.clock)

    def close(self) -> None:
        """Close the connections."""
        self._session.client.close()

    def _look(self) -> str:
        page = self._ask(limit=1)
        if not page.mentions:
            return f"the search for {self._query!r} finds nothing yet"
        return f"the newest post with {self._query!r} is of {page.mentions[0].created_at:%Y-%m-%d %H:%M} UTC"

    def _page(self, stretch: Stretch, place: str | None) -> Page:
        return self._ask(limit=MOST, since=stretch.since, until=stretch.until, cursor=place)

    def _ask(self, **asked: object) -> Page:
        reply = self._session.get(SEARCH, {"q": self._query, "sort": "latest", **asked})
        posts = reply.json_list("posts")
        place = reply.json_object().get("cursor")
        # A page may be empty and yet have one after it: posts are left out after they were counted, e.g. deleted ones.
        return Page.of(posts, mention_of_view, next=place or None)

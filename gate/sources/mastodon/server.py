"""One Mastodon server: pages of a hashtag's timeline, or of a search."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from gate.errors import SourceRefused
from gate.http import Client, Key, diagnose
from gate.model import Allowance, Rate
from gate.polling import Page, Paging, collect
from gate.sources.mastodon.options import TAG
from gate.sources.mastodon.statuses import mention_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from gate.model import Check, Fetch, Mention, Request
    from gate.polling import Stretch
    from gate.ports import SourceContext
    from gate.sources.mastodon.options import Options

MOST = 40
"""Posts a page; the API gives no more."""
LATE = timedelta(minutes=10)
"""So far back each poll looks for posts that took their time from another server. Such a post is sorted in by when it
was written (its id is made of that: ``lib/mastodon/snowflake.rb``), so going forward from the last id (``min_id``)
would never meet it."""
COMMON_WORD = "the"


class Server:
    """Asks one server."""

    def __init__(self, address: str, options: Options, context: SourceContext) -> None:
        """Prepare; nothing is asked before the first poll."""
        self.host = urlsplit(address).netloc
        who = f"Mastodon on {self.host}"
        self._options = options
        self._context = context
        self.client = Client(address.rstrip("/"), context, who=who, key=Key(*options.token_of(self.host)))
        self._paging = Paging(
            who, order="roughly-newest", resume="place", max_pages=options.max_pages, overlap=LATE
        )  # fmt: skip
        self._searches = False

    def fetch(self, request: Request) -> Fetch:
        """Return what is new there in the asked period.

        Raises:
            SourceRefused: the server says no, or the release is no hashtag.
            SourceDown: nothing could be had this time.
        """
        self.client.start(request.timeout)
        return collect(request, self._page, self._paging, self._context, spent=self.client.spent)

    def check(self) -> Sequence[Check]:
        """Ask for one post."""
        cost = f"a look asks 1 to {self._options.max_pages} times; this check asked once"
        rate = Rate(allowed=Allowance(300, timedelta(minutes=5)), free=True)
        return diagnose(self.client, self._look, cost=cost, rate=rate)

    def close(self) -> None:
        """Close the connections."""
        self.client.close()

    def _look(self) -> str:
        page = self._ask({"limit": 1})
        if not page.mentions:
            return f"nothing about {self._wanted()} yet"
        return f"the newest post about {self._wanted()} is of {page.mentions[0].created_at:%Y-%m-%d %H:%M} UTC"

    def _page(self, _stretch: Stretch, place: str | None) -> Page:
        return self._ask({"limit": MOST, "max_id": place})

    def _ask(self, query: Mapping[str, object]) -> Page:
        if self._options.search:
            return self._search(query)
        options = self._options
        tags = {
            f"{name}[]": [tag.removeprefix("#") for tag in getattr(options, name)] for name in ("any", "all", "none")
        }
        reply = self.client.get(f"/api/v1/timelines/tag/{quote(self._tag(), safe='')}", {**query, **tags})
        items = reply.json_list()
        # Not the link itself: behind a proxy some servers put another address into it. Where a proxy took the header
        # away (a page with posts has one always, at least for newer posts), only an empty page is the last one.
        more = reply.link("next") or "link" not in reply.headers
        return Page.of(items, self._mention, next=_last_id(items) if more else None)

    def _search(self, query: Mapping[str, object]) -> Page:
        self._make_sure_it_searches()
        query = {"q": self._options.search, "type": "statuses", **query}
        items = self.client.get("/api/v2/search", query).json_list("statuses")
        return Page.of(items, self._mention, next=_last_id(items))

    def _make_sure_it_searches(self) -> None:
        # A server without full-text search finds nothing, without an error: silence that would look like calm.
        if self._searches:
            return
        query = {"q": COMMON_WORD, "type": "statuses", "limit": 1}
        if not self.client.get("/api/v2/search", query).json_list("statuses"):
            message = f"{self.client.who} finds no post with {COMMON_WORD!r} in it: it does not search the full text"
            raise SourceRefused(message, hint="follow a hashtag there: write tag in place of search")
        self._searches = True

    def _mention(self, status: Mapping[str, Any]) -> Mention:
        return mention_of(status, self.host)

    def _tag(self) -> str:
        tag = self._options.tag or self._context.release.strip()
        if not TAG.fullmatch(tag):
            message = f"the release, {tag!r}, is no hashtag" if tag else "there is no hashtag to follow"
            raise SourceRefused(message, hint="give tag, or search where the server allows it")
        return tag.removeprefix("#")

    def _wanted(self) -> str:
        return repr(self._options.search) if self._options.search else f"#{self._tag()}"


def _last_id(items: Sequence[Any]) -> str | None:
    last = items[-1] if items else None
    found = last.get("id") if isinstance(last, dict) else None
    return found if isinstance(found, str) and found else None

"""The source itself: reads one feed after the other."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from gate.http import Client, Key, diagnose
from gate.model import Allowance, Cost, Rate
from gate.polling import Page, Paging, collect
from gate.sources.github.feeds import Discussions, Feed, Listing, Search

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gate.model import Check, Fetch, Request
    from gate.polling import Stretch
    from gate.ports import SourceContext
    from gate.sources.github.options import Options

HEADERS = {"Accept": "application/vnd.github.html+json", "X-GitHub-Api-Version": "2022-11-28"}


class Source:
    """Reads what is new in some repositories, or what a search finds."""

    def __init__(self, options: Options, context: SourceContext) -> None:
        """Prepare; nothing is asked before the first poll."""
        self._options = options
        self._context = context
        key = Key("token", options.token)
        self._client = Client(options.base_url, context, who="GitHub", key=key, headers=HEADERS)
        self._feeds = [self._search()] if options.query else list(self._listings())
        self._paging = (
            Paging("GitHub's search", max_pages=options.max_pages, overlap=timedelta(minutes=5))
            if options.query
            else Paging("GitHub", order="any", resume="place", max_pages=options.max_pages)
        )

    def fetch(self, request: Request) -> Fetch:
        """Return the posts of the asked period that earlier polls did not return.

        Raises:
            SourceRefused: GitHub says no.
            SourceDown: no proper answer this time.
        """
        self._client.start(request.timeout)
        return collect(request, self._page, self._paging, self._context, spent=self._client.spent)

    def check(self) -> Sequence[Check]:
        """Ask for the repositories, or for one issue of the search."""
        look = f"free; {len(self._feeds)} to {max(self._options.max_pages, len(self._feeds))} requests a look"
        if self._options.token is None:
            look += ", of 60 an hour (5,000 with a token)"
        rate = Rate(look=Cost(requests=len(self._feeds)), allowed=self._allowed(), free=True)
        return diagnose(self._client, self._look, cost=look, rate=rate)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _allowed(self) -> Allowance:
        if self._options.query:
            return Allowance(30 if self._options.token else 10, timedelta(minutes=1))
        return Allowance(5000 if self._options.token else 60, timedelta(hours=1))

    def _look(self) -> str:
        key = "with a token" if self._options.token else "without a token"
        if self._options.query:
            now = self._context.clock.now()
            found = self._client.get(
                "/search/issues", {"q": f"{self._words()} is:issue created:<={now:%Y-%m-%d}", "per_page": 1}
            )
            found.json_list("items")
            return f"{found.json_object().get('total_count', 0):,} issues found so far, {key}"
        return f"{', '.join(self._repository(name) for name in self._options.repositories)}; {key}"

    def _repository(self, name: str) -> str:
        about = self._client.get(f"/repos/{name}").json_object()
        off = [
            what
            for what in ("issues", "discussions")
            if getattr(self._options, what) and about.get(f"has_{what}") is False
        ]
        return f"{name} ({' and '.join(off)} switched off there)" if off else name

    def _words(self) -> str:
        return " ".join([self._options.query, *(f"repo:{name}" for name in self._options.repositories)])

    def _search(self) -> Feed:
        return Search(self._client, self._words(), self._options.staff)

    def _listings(self) -> Sequence[Feed]:
        options, client = self._options, self._client
        feeds: list[Feed] = []
        for name in options.repositories:
            feeds += [Listing.issues(client, name, staff=options.staff)] if options.issues else []
            feeds += [Listing.comments(client, name, staff=options.staff)] if options.comments else []
            feeds += [Discussions(client, name, options.staff)] if options.discussions else []
        return feeds

    def _page(self, stretch: Stretch, place: str | None) -> Page:
        # A place is the number of a feed and the place in it: after the last page of a feed comes the next feed.
        number, _, inside = (place or "0 ").partition(" ")
        page = self._feeds[int(number)].page(stretch, inside or None)
        if page.next is not None:
            return replace(page, next=f"{number} {page.next}")
        following = int(number) + 1
        return replace(page, next=f"{following} " if following < len(self._feeds) else None)

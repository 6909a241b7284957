"""Stories and comments on Hacker News, by its public search."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from gate.errors import SourceDown, SourceFault
from gate.http import Client, address_problem, diagnose
from gate.model import Allowance, Mention, Rate
from gate.polling import Odd, Page, Paging, collect, moment, native_id, plain_text
from gate.ports import About

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from gate.model import Check, Cost, Fetch, Request
    from gate.polling import Stretch
    from gate.ports import SourceContext

ABOUT = About(
    channel="Hacker News: stories and comments that name the release, and comments under such stories",
    auth="none",
    cost="free; 1 request for each 100 posts, and with `author_age` 1 for each author not met before",
    delay="seconds to minutes, until the search has indexed it",
    limits="10,000 requests an hour and address; 1,000 hits a query, passed by asking for shorter stretches of time",
    stored="what the policy keeps of any mention",
    terms="Algolia's search and Y Combinator's API are open to all; be gentle",
)
PAGE_SIZE = 100
MOST_REMEMBERED = 10_000
"""Authors whose age is kept in memory."""


@dataclass(frozen=True, slots=True)
class Options:
    """One search."""

    query: str = ""
    """Words to look for, a phrase in "double quotes"; the policy's release where it is empty."""
    stories: bool = True
    """Hear stories: their title, and what the author says to it."""
    comments: bool = True
    """Hear comments."""
    threads: bool = True
    """Hear also comments that do not name the release, under stories whose title does."""
    author_age: bool = False
    """Ask for the age of each new author's account, for the filter `min_account_age`; one request an author."""
    max_authors: int = 50
    """Authors asked for in one poll; the others' accounts have no age."""
    max_pages: int = 10
    """Pages of 100 posts read in one poll; what is left is read by the next poll."""
    base_url: str = "https://hn.algolia.com/api/v1"
    """Address of the search."""
    users_url: str = "https://hacker-news.firebaseio.com/v0"
    """Address of the API that knows users."""

    def __post_init__(self) -> None:
        """Refuse what cannot work.

        Raises:
            ValueError: nothing to hear, nothing to read, or an address that is none.
        """
        for name in ("base_url", "users_url"):
            if problem := address_problem(getattr(self, name), option=name):
                raise ValueError(problem)
        if not (self.stories or self.comments):
            message = "comments and stories are both off: nothing is left to hear"
            raise ValueError(message)
        if self.max_pages < 1 or self.max_authors < 0:
            message = "max_pages must be at least 1, and max_authors at least 0"
            raise ValueError(message)


class Source:
    """Asks the search for the posts of a period, newest first."""

    def __init__(self, options: Options, context: SourceContext) -> None:
        """Prepare; nothing is asked before the first poll."""
        self._options = options
        self._context = context
        self._client = Client(options.base_url, context, who="the search of Hacker News")
        self._authors = _Authors(options, context)
        self._paging = Paging("the search of Hacker News", max_pages=options.max_pages)

    def fetch(self, request: Request) -> Fetch:
        """Return the posts of the asked period that earlier polls did not return.

        Raises:
            SourceRefused: the search says no.
            SourceDown: no proper answer this time.
        """
        self._client.start(request.timeout)
        self._authors.client.start(request.timeout)
        self._authors.left = self._options.max_authors
        return collect(request, self._page, self._paging, self._context, spent=self._spent)

    def check(self) -> Sequence[Check]:
        """Ask how many posts there ever were."""
        cost = f"free; 1 to {self._options.max_pages} requests a look"
        if self._options.author_age:
            cost += f", and up to {self._options.max_authors} for the age of accounts"
        rate = Rate(allowed=Allowance(10_000, timedelta(hours=1)), free=True)
        return diagnose(self._client, self._count, cost=cost, rate=rate)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()
        self._authors.client.close()

    def _spent(self) -> Cost:
        return self._client.spent() + self._authors.client.spent()

    def _count(self) -> str:
        reply = self._client.get("/search_by_date", {**self._query(), "hitsPerPage": 1})
        reply.json_list("hits")
        return f"no key needed; about {reply.json_object().get('nbHits', 0):,} posts so far with {self._words()!r}"

    def _words(self) -> str:
        return self._options.query or self._context.release

    def _query(self) -> dict[str, object]:
        # The search takes any parameter of Algolia's own. Left alone it would also find words that only look alike,
        # and users of that name.
        kinds = [kind for kind, on in (("story", self._options.stories), ("comment", self._options.comments)) if on]
        places = ["title", "story_text", "comment_text", "url", *(["story_title"] if self._options.threads else [])]
        return {
            "query": self._words(),
            "tags": f"({','.join(kinds)})",
            "typoTolerance": False,
            "advancedSyntax": True,
            "restrictSearchableAttributes": ",".join(places),
        }

    def _page(self, stretch: Stretch, place: str | None) -> Page:
        # Page numbers end at 1,000 hits. Each page is instead the first of a stretch that ends where the last page
        # did; that second is asked for again, because posts of the same second may be left.
        until = place or str(_ceiling(stretch.until))
        times = f"created_at_i>={int(stretch.since.timestamp())},created_at_i<{until}"
        query = {**self._query(), "numericFilters": times, "hitsPerPage": PAGE_SIZE}
        reply = self._client.get("/search_by_date", query)
        hits = reply.json_list("hits")
        answer = reply.json_object()
        if not hits and answer["nbHits"] > 0:
            message = f"the search counts {answer['nbHits']:,} posts and shows none of them"
            raise SourceDown(message, hint="the next look tries again; see whether its API has changed")
        written = (hit.get("created_at_i") for hit in hits if isinstance(hit, dict))
        oldest = min((at for at in written if type(at) is int), default=None)
        more = answer["nbPages"] > 1
        page = Page.of(hits, self._mention, next=str(oldest + 1) if more and oldest else None)
        return self._authors.added(page) if self._options.author_age else page

    def _mention(self, hit: Mapping[str, Any]) -> Mention:
        words = (hit.get("title"), hit.get("story_text"), hit.get("comment_text"))
        text = "\n".join(plain_text(each) for each in words if each)
        if not text:
            message = "it has no title and no text"
            raise Odd(message)
        return Mention(
            id=native_id(hit["objectID"]),
            created_at=moment(hit["created_at_i"]),
            text=text,
            author=hit.get("author") or "",
            url=f"https://news.ycombinator.com/item?id={hit['objectID']}",
            likes=hit.get("points") or 0,
            conversation=str(hit.get("story_id") or hit["objectID"]),
        )


class _Authors:
    """Knows how old accounts are, as far as it may ask."""

    def __init__(self, options: Options, context: SourceContext) -> None:
        self.client = Client(options.users_url, context, who="Hacker News")
        self.left = 0
        """Requests left in this poll."""
        self._known: dict[str, datetime | None] = {}

    def added(self, page: Page) -> Page:
        """Return the page with the age of its authors' accounts. What cannot be had is told, but no fault of the poll."""
        notes: list[str] = []
        mentions = []
        for mention in page.mentions:
            name = mention.author
            if name and name not in self._known and self.left > 0 and not notes:
                try:
                    self._ask(name)
                except SourceFault as fault:
                    notes.append(f"the age of some accounts is not known: {fault.message}")
            mentions.append(replace(mention, author_created_at=self._known.get(name)))
        return replace(page, mentions=tuple(mentions), notes=(*page.notes, *notes))

    def _ask(self, name: str) -> None:
        self.left -= 1
        user = self.client.get(f"/user/{quote(name, safe='')}.json").json()
        if len(self._known) >= MOST_REMEMBERED:
            self._known.clear()
        try:
            self._known[name] = moment(user["created"])
        except (TypeError, KeyError, Odd):
            self._known[name] = None  # the API answers null for whom it does not know


def _ceiling(at: datetime) -> int:
    return -int(-at.timestamp() // 1)

"""RSS and Atom feeds: forum topics, release notes' comments, searches that a site offers as a feed."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote, urlsplit

from gate.errors import SourceDown
from gate.http import Client, Key, Limits, address_problem, diagnose
from gate.model import Mention, Rate
from gate.polling import Odd, Page, Paging, collect, plain_text
from gate.ports import About, Secret

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gate.model import Check, Fetch, Request
    from gate.polling import Stretch
    from gate.ports import SourceContext

ABOUT = About(
    channel="RSS and Atom feeds: forums, blogs, searches offered as a feed",
    auth="none; a token in a header where the feed is private",
    cost="1 request a poll; nothing is sent while nothing changed (ETag)",
    delay="minutes: sites make their feeds anew every few minutes",
    limits="only what the feed shows, often its newest 10 to 50 entries",
    stored="what the policy keeps of any mention",
    terms="those of the site; polling more often than once a minute is impolite",
)
_ENDINGS = (b"</rss>", b"</feed>", b"</rdf:rdf>")
_TAIL = 2000
LARGEST = 2 * 1024 * 1024
"""Bytes of a feed. Parsing cannot be interrupted, and takes seconds a megabyte: more would outlast the poll."""


@dataclass(frozen=True, slots=True)
class Options:
    """One feed."""

    url: str
    """Address of the feed; ``{release}`` in it stands for the policy's release."""
    read: Literal["title", "body", "both"] = "both"
    """What of an entry is read."""
    token: Secret | None = None
    """Key of a private feed, as a reference: ``${NAME}``; sent as a bearer token."""
    lag: timedelta = timedelta(0)
    """How long the site may take to show what was written; the end of the window waits for it."""

    def __post_init__(self) -> None:
        """Refuse what cannot work.

        Raises:
            ValueError: the address is none.
        """
        if problem := address_problem(self.url, option="url", query=True):
            raise ValueError(problem)
        if self.lag < timedelta(0):
            message = "lag must not be below 0s"
            raise ValueError(message)


class Source:
    """Reads one feed, each poll whole: it is one page."""

    def __init__(self, options: Options, context: SourceContext) -> None:
        """Work out the address; nothing is asked before the first poll."""
        self._options = options
        self._context = context
        url = options.url.replace("{release}", quote(context.release, safe=""))
        self._who = f"the feed of {urlsplit(url).netloc}"
        key = Key("token", options.token)
        self._client = Client(url, context, who=self._who, key=key, limits=Limits(body=LARGEST))
        # Late entries come with the times they were written; the feed is at hand, so looking far back costs nothing.
        overlap = timedelta(minutes=10)
        self._paging = Paging(self._who, order="roughly-newest", resume="place", overlap=overlap, lag=options.lag)

    def fetch(self, request: Request) -> Fetch:
        """Return the entries of the asked period that earlier polls did not return.

        Raises:
            SourceRefused: the site says no.
            SourceDown: no feed came this time.
        """
        self._client.start(request.timeout)
        return collect(request, self._page, self._paging, self._context, spent=self._client.spent)

    def check(self) -> Sequence[Check]:
        """Read the feed once."""
        rate = Rate(free=True)
        return diagnose(self._client, self._look, cost="1 request a poll; this check took 1", rate=rate)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _look(self) -> str:
        page = self._read()
        if page.mentions:
            oldest = min(mention.created_at for mention in page.mentions)
            return f"{len(page.mentions)} entries, back to {oldest:%Y-%m-%d %H:%M} UTC"
        return f"a feed without readable entries ({len(page.unreadable)} unreadable)"

    def _page(self, _stretch: Stretch, _place: str | None) -> Page:
        return self._read()

    def _read(self) -> Page:
        import feedparser

        content = self._client.get("", remember=True).content
        # Options off: cleaning HTML and resolving links is slow, and plain text needs neither.
        feed = feedparser.parse(BytesIO(content), sanitize_html=False, resolve_relative_uris=False)
        if not feed.get("version"):
            message = f"{self._who} answered with {len(content)} bytes that are no feed"
            raise SourceDown(message, hint="check url; a login page or a proxy may stand in between")
        if not any(ending in content[-_TAIL:].lower() for ending in _ENDINGS):
            message = f"{self._who} ends in the middle"
            raise SourceDown(message, hint="the next look tries again")
        ends = f"{self._who} shows its newest {len(feed.entries)} entries only"
        return Page.of(feed.entries, self._mention, ends=ends)

    def _mention(self, entry: Mapping[str, Any]) -> Mention:
        written = entry.get("published_parsed") or entry.get("updated_parsed")
        if not written:
            message = "it does not say when it was written"
            raise Odd(message)
        return Mention(
            id=entry.get("id") or entry["link"],
            created_at=datetime.fromtimestamp(calendar.timegm(written), UTC),
            text=self._text(entry),
            author=entry.get("author", ""),
            url=entry.get("link", ""),
        )

    def _text(self, entry: Mapping[str, Any]) -> str:
        title = plain_text(entry.get("title", ""))
        bodies = [each["value"] for each in entry.get("content", []) if each.get("value")]
        body = plain_text(bodies[0] if bodies else entry.get("summary", ""))
        if self._options.read == "both":
            # Many sites begin the body with the title, or make the title of the body's first words.
            return body if body.startswith(title.rstrip("… .")) else f"{title}\n{body}".strip()
        return title if self._options.read == "title" else body

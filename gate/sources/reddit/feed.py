"""Reddit's public feeds, for who has no keys: one page of the newest posts."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any

from gate.errors import SourceDown, SourceRefused
from gate.http import Client, Limits
from gate.polling import Page
from gate.sources.reddit.api import PAGE_SIZE, path_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import timedelta

    from gate.model import Cost, Gone, Mention
    from gate.polling import Stretch
    from gate.ports import SourceContext
    from gate.sources.reddit.options import Options

FEWEST_FULL = 25
"""What a feed holds if Reddit does not heed how many are asked for; with as many, there may be more."""
_TAIL = 2000
LIMITS = Limits(body=2 * 1024 * 1024)
"""A hundred posts take far less. Parsing cannot be interrupted: what takes longer would outlast the poll."""


class Feed:
    """One feed, which shows no more than its newest posts."""

    def __init__(
        self,
        options: Options,
        context: SourceContext,
        headers: Mapping[str, str],
        read: Callable[[Any], Mention | None],
    ) -> None:
        """Prepare; nothing is asked before the first request."""
        self._options = options
        self._context = context
        self._read = read
        hints = {403: "Reddit does not show this to strangers: get keys (client_id, client_secret)"}
        self.client = Client(
            options.reddit_url, context, who="Reddit's feed", headers=headers, hints=hints, limits=LIMITS
        )

    def start(self, timeout: timedelta) -> None:
        """Start a poll."""
        self.client.start(timeout)

    def spent(self) -> Cost:
        """Return the requests of this poll."""
        return self.client.spent()

    def close(self) -> None:
        """Close the connections."""
        self.client.close()

    def look(self) -> str:
        """Read the feed once."""
        page = self._whole()
        return f"{len(page.mentions)} posts in the public feed, as there are no keys: fewer posts than by the API, no votes"

    def page(self, _stretch: Stretch, _place: str | None) -> Page:
        """Read the feed: it is one page."""
        return self._whole()

    def gone(self, _ids: Sequence[str]) -> Gone:
        """Raise: feeds do not tell."""
        message = "Reddit's feeds do not tell which posts were deleted"
        raise SourceRefused(message, hint="get keys (client_id, client_secret), or purge by age (--older-than)")

    def _whole(self) -> Page:
        import feedparser

        query: dict[str, object] = {"limit": PAGE_SIZE}
        if self._options.read == "search":
            words = self._options.query or self._context.release
            query |= {"q": words, "sort": "new", "restrict_sr": True if self._options.subreddits else None}
        ending = "/.rss" if self._options.read == "comments" else ".rss"
        content = self.client.get(path_of(self._options) + ending, query).content
        # Options off: cleaning HTML and resolving links is slow, and plain text needs neither.
        feed = feedparser.parse(BytesIO(content), sanitize_html=False, resolve_relative_uris=False)
        if not feed.get("version") or b"</feed>" not in content[-_TAIL:]:
            message = f"Reddit's feed answered with {len(content)} bytes that are no whole feed"
            raise SourceDown(
                message, hint="the next look tries again; with keys the API is read, which is more reliable"
            )
        count = len(feed.entries)
        ends = f"Reddit's public feed shows its newest {count} posts only" if count >= FEWEST_FULL else ""
        return Page.of(feed.entries, self._read, ends=ends)

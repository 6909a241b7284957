"""Reddit's API: a login for the app, then lists of 100 posts, newest first.

By https://github.com/reddit-archive/reddit/wiki/OAuth2 ("Application Only OAuth") and https://www.reddit.com/dev/api.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from gate.errors import SourceDown, SourceRefused
from gate.http import Client, Key, one_line
from gate.model import Gone
from gate.polling import Odd, Page, moment
from gate.sources.reddit.posts import is_gone

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from gate.http import Reply
    from gate.model import Cost, Mention
    from gate.polling import Stretch
    from gate.ports import SourceContext
    from gate.sources.reddit.options import Options

PAGE_SIZE = 100
MOST_SHOWN = 1000
SHOWN = f"Reddit shows the newest {MOST_SHOWN:,} only"
NEAR = 0.9
"""A list that ends after this part of what Reddit shows at most was probably cut: removed posts count, but do not come."""
SPARE = timedelta(minutes=1)
"""A token is not used in its last minute."""
UNAUTHORIZED = 401
INFO = "/api/info"
_NAME = re.compile(r"t[13]_[a-z0-9]{1,13}")
_SPANS = (
    ("day", timedelta(days=1)),
    ("week", timedelta(days=7)),
    ("month", timedelta(days=30)),
    ("year", timedelta(days=365)),
)


class Api:
    """Lists of the API, as the app."""

    def __init__(
        self,
        options: Options,
        context: SourceContext,
        headers: Mapping[str, str],
        read: Callable[[Any], Mention | None],
    ) -> None:
        """Prepare; nothing is asked, and no secret looked up, before the first request."""
        self._options = options
        self._context = context
        self._read = read
        key = Key("client_secret", options.client_secret, user=options.client_id)
        self._login = Client(options.reddit_url, context, who="Reddit's login", key=key, headers=headers)
        hints = {401: f"check what {options.client_secret} holds", 403: "check subreddits: one is private or banned"}
        self.client = Client(options.oauth_url, context, who="Reddit", headers=headers, hints=hints)
        self._expires: datetime | None = None

    def start(self, timeout: timedelta) -> None:
        """Start a poll."""
        self._login.start(timeout)
        self.client.start(timeout)

    def spent(self) -> Cost:
        """Return the requests of this poll, logins included."""
        return self._login.spent() + self.client.spent()

    def close(self) -> None:
        """Close the connections."""
        self._login.close()
        self.client.close()

    def look(self) -> str:
        """Ask for the newest post."""
        self._ask({**self._query(), "limit": 1}).json_list("data", "children")
        return "the keys are accepted"

    def page(self, stretch: Stretch, place: str | None) -> Page:
        """Read a page; a place is how many posts were before it, and the name of the last one of them."""
        count, _, after = (place or "0 ").partition(" ")
        query = {**self._query(), "limit": PAGE_SIZE, "after": after or None}
        if self._options.read == "search":
            age = self._context.clock.now() - stretch.since
            query["t"] = next((name for name, span in _SPANS if age < span), "all")
        reply = self._ask(query)
        items = reply.json_list("data", "children")
        following = reply.json_object()["data"].get("after")
        total = int(count) + len(items)
        times = [at for item in items if (at := _when(item))]
        reached = min(times, default=None)
        if not following or (reached and reached < stretch.since):
            cut = not following and total >= NEAR * MOST_SHOWN
            page = Page.of(items, self._read, ends=SHOWN if cut else "")
            if cut and reached and reached >= stretch.since and not page.mentions:
                # Without a post that is wanted, nothing else says how far back the list went.
                page = replace(page, lost=f"{SHOWN}; they go back to {reached:%Y-%m-%d %H:%M} UTC, and none was wanted")
            return page
        return Page.of(items, self._read, next=f"{total} {following}")

    def gone(self, ids: Sequence[str]) -> Gone:
        """Ask for posts and comments by their names, 100 at a time; what was deleted or removed comes as a stub."""
        names = [each for each in ids if _NAME.fullmatch(each)]
        lost, there = set[str](), set[str]()
        for start in range(0, len(names), PAGE_SIZE):
            some = names[start : start + PAGE_SIZE]
            for item in self._ask({"id": ",".join(some), "raw_json": 1}, INFO).json_list("data", "children"):
                name = _name(item)
                (lost if is_gone(item) else there).add(name)
        lost &= set(names)
        return Gone(frozenset(lost), len(ids) - len(lost | (there & set(names))), self.spent())

    def _query(self) -> dict[str, object]:
        if self._options.read != "search":
            return {"raw_json": 1}
        words = self._options.query or self._context.release
        within = True if self._options.subreddits else None
        return {"raw_json": 1, "q": words, "sort": "new", "type": "link", "restrict_sr": within}

    def _ask(self, query: Mapping[str, object], path: str = "") -> Reply:
        path = path or path_of(self._options)
        self._authorize()
        reply = self.client.get(path, query, accept=(UNAUTHORIZED,))
        if reply.status != UNAUTHORIZED:
            return reply
        # A token may end before its time; one that was just issued has no such excuse.
        self._expires = None
        self._authorize()
        return self.client.get(path, query)

    def _authorize(self) -> None:
        now = self._context.clock.now()
        if self._expires and now < self._expires:
            return
        answer = self._login.post(
            "/api/v1/access_token", form={"grant_type": "client_credentials"}, again=True
        ).json_object()
        token, lasts = answer.get("access_token"), answer.get("expires_in", 3600)
        if answer.get("error"):
            message = f"Reddit's login refuses the keys: {one_line(str(answer['error']))}"
            raise SourceRefused(message, hint=f"check client_id, and what {self._options.client_secret} holds")
        if not isinstance(token, str) or not token or not isinstance(lasts, int):
            message = "Reddit's login answered without a token"
            raise SourceDown(message, hint="the next look tries again")
        # The first is never sent, as the second takes its place: it only makes sure that it is taken out of replies.
        self.client.authorize(self._context.secret(str(self._options.client_secret)).strip())
        self.client.authorize(token)
        self._expires = now + timedelta(seconds=lasts) - SPARE


def path_of(options: Options) -> str:
    """Return the path of the list, for the API and, with an ending, for the feeds."""
    place = f"/r/{'+'.join(options.subreddits)}" if options.subreddits else ""
    return place + {"search": "/search", "posts": "/new", "comments": "/comments"}[options.read]


def _name(item: Any) -> str:  # noqa: ANN401  # any JSON
    try:
        return str(item["data"]["name"])
    except (KeyError, TypeError):
        return ""


def _when(item: Any) -> datetime | None:  # noqa: ANN401  # any JSON
    try:
        return moment(item["data"]["created_utc"])
    except (KeyError, TypeError, Odd):
        return None

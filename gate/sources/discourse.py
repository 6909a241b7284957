"""Posts on a Discourse forum, public or private."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from gate.errors import SourceDown
from gate.http import Client, Key, address_problem, diagnose
from gate.model import Allowance, Mention, Rate
from gate.polling import Odd, Page, Paging, collect, moment, native_id, plain_text
from gate.ports import About, Secret

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from gate.model import Check, Fetch, Request
    from gate.polling import Stretch
    from gate.ports import SourceContext

ABOUT = About(
    channel="Discourse: all posts of a forum that the key may see, or those with certain words",
    auth="none for public categories; else an API key with the scope posts:list (Admin → API)",
    cost="free; 1 request for each 50 posts of the whole forum",
    delay="none with a key; up to a minute without, when the forum answers from its cache",
    limits="60 requests a minute for an admin's key, 200 for an address; back to the first post",
    stored="what the policy keeps of any mention",
    terms="those of the forum",
)
CACHED = timedelta(minutes=1)
"""Anonymous readers get answers that may be as old."""
LIKE = 2
"""Kind of action, in Discourse's own numbers."""
_OTHERS_WORDS = frozenset({"aside", "blockquote", "pre"})
"""Quotes and previews of links are an ``aside``; listings and logs say nothing of a mood."""


@dataclass(frozen=True, slots=True)
class Options:
    """One forum."""

    server: str
    """Address of the forum, e.g. https://forum.example.com."""
    words: tuple[str, ...] = ()
    """Hear only posts with one of these in their text or their topic's title, in any case; all posts if there are none."""
    key: Secret | None = None
    """API key, as a reference: `${NAME}`; none for a public forum."""
    username: str = "system"
    """User as whom the key reads: what this user sees is heard."""
    staff: bool = False
    """Hear also what moderators and admins write."""
    max_pages: int = 10
    """Pages of 50 posts read in one poll; what is left is read by the next poll."""

    def __post_init__(self) -> None:
        """Refuse what cannot work.

        Raises:
            ValueError: the address is none, or a number is out of range.
        """
        if problem := address_problem(self.server, option="server"):
            raise ValueError(problem)
        if not (self.username.isascii() and self.username.isprintable() and self.username.strip()):
            message = "username must be the name of a user of the forum"
            raise ValueError(message)
        if not all(word.strip() for word in self.words):
            message = "words must not hold an empty word: every post has it"
            raise ValueError(message)
        if self.max_pages < 1:
            message = "max_pages must be at least 1"
            raise ValueError(message)


class Source:
    """Reads the newest posts of the whole forum and keeps those that are wanted.

    Not its search: that returns one post of each topic, and the first 300 characters of it.
    """

    def __init__(self, options: Options, context: SourceContext) -> None:
        """Prepare; nothing is asked before the first poll."""
        self._options = options
        self._context = context
        self._words = tuple(word.casefold() for word in options.words)
        key = Key("key", options.key, header="Api-Key", prefix="")
        headers = {"Api-Username": options.username} if options.key else {}
        self._client = Client(options.server, context, who="the forum", key=key, headers=headers)
        lag = timedelta(0) if options.key else CACHED
        # The end is found here, by the time of every post: most of them may be about something else.
        self._paging = Paging("the forum", order="any", resume="place", max_pages=options.max_pages, lag=lag)

    def fetch(self, request: Request) -> Fetch:
        """Return the posts of the asked period that earlier polls did not return.

        Raises:
            SourceRefused: the forum says no.
            SourceDown: no proper answer this time.
        """
        self._client.start(request.timeout)
        return collect(request, self._page, self._paging, self._context, spent=self._client.spent)

    def check(self) -> Sequence[Check]:
        """Read the newest posts once."""
        cost = f"free; 1 to {self._options.max_pages} requests a look, for 50 posts of the forum each"
        rate = Rate(allowed=Allowance(60 if self._options.key else 200, timedelta(minutes=1)), free=True)
        return diagnose(self._client, self._newest, cost=cost, rate=rate)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _newest(self) -> str:
        posts = self._client.get("/posts.json").json_list("latest_posts")
        page = Page.of(posts, self._mention)
        who = f"as {self._options.username}" if self._options.key else "without a key: public categories only"
        return f"{len(page.mentions)} of the newest {len(posts)} posts are wanted; read {who}"

    def _page(self, stretch: Stretch, place: str | None) -> Page:
        posts = self._client.get("/posts.json", {"before": place}).json_list("latest_posts")
        numbers = [post["id"] for post in posts if isinstance(post, dict) and isinstance(post.get("id"), int)]
        if posts and not numbers:
            message = "the forum answered with posts that have no ids"
            raise SourceDown(message, hint="see whether its API has changed; the next look tries again")
        times = [at for post in posts if isinstance(post, dict) and (at := _when(post))]
        over = bool(times) and max(times) < stretch.since
        return Page.of(posts, self._mention, next=str(min(numbers)) if numbers and not over else None)

    def _mention(self, post: Mapping[str, Any]) -> Mention | None:
        by_machine = post.get("user_id", 0) < 0
        if by_machine or post.get("hidden") or (post.get("staff") and not self._options.staff):
            return None
        title, body = post.get("topic_title") or "", plain_text(post["cooked"], without=_OTHERS_WORDS)
        if self._words and not any(word in f"{title}\n{body}".casefold() for word in self._words):
            return None
        topic, number = post["topic_id"], post.get("post_number", 1)
        likes = (each.get("count") for each in post.get("actions_summary") or () if each.get("id") == LIKE)
        return Mention(
            id=native_id(post["id"]),
            created_at=moment(post["created_at"]),
            text=f"{title}\n{body}".strip() if number == 1 else body,
            author=str(post.get("user_id") or post.get("username") or ""),
            url=f"{self._client.base_url}/t/{topic}/{number}",
            likes=next(likes, 0) or 0,
            conversation=str(topic),
            labels={"category": str(post["category_id"])} if post.get("category_id") else {},
        )


def _when(post: Mapping[str, Any]) -> datetime | None:
    try:
        return moment(post.get("created_at"))
    except Odd:
        return None

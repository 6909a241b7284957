"""Source ``http``: four services that one can describe to it, each with another way of paging."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from gate.ports import Secret
from gate.sources.http import Options
from tests.servers.http_server import Recorded, Reply
from tests.sources.conformance import Channel, Post

if TYPE_CHECKING:
    from collections.abc import Sequence

TOKEN = Secret("${API_TOKEN}")


def newest_first(posts: Sequence[Post]) -> list[Post]:
    """Sort as most services do."""
    return sorted(posts, key=lambda post: (post.at, post.number), reverse=True)


def comments(request: Recorded, posts: Sequence[Post], size: int) -> Reply:
    """A store of comments: times in the query, a cursor in the reply."""
    since, until = (datetime.fromisoformat(request.query[name]) for name in ("from", "to"))
    wanted = newest_first([post for post in posts if since <= post.at < until])
    start = int(request.query.get("after", "0"))
    items = [
        {"key": post.number, "at": post.at.isoformat(), "say": {"html": post.html}, "who": post.author}
        for post in wanted[start : start + size]
    ]
    following = f"{start + size}" if start + size < len(wanted) else None
    return Reply.of({"result": {"comments": items}, "meta": {"after": following}})


def by_cursor(url: str) -> Options:
    """Describe it."""
    return Options(
        url=f"{url}/v1/comments",
        query={"from": "{since}", "to": "{until}", "q": "{release}", "after": "{cursor}"},
        token=TOKEN,
        items="result.comments",
        id="key",
        created_at="at",
        text="say.html",
        html=True,
        author="who",
        paging="cursor",
        next="meta.after",
    )


def forum(request: Recorded, posts: Sequence[Post], size: int) -> Reply:
    """A forum that knows no times, only pages by number, with epochs and plain text, as a list."""
    start = (int(request.query["page"]) - 1) * size
    items: list[Any] = [
        {"id": f"p{post.number}", "created_at": int(post.at.timestamp()), "text": post.text, "author": post.author}
        for post in newest_first(posts)[start : start + size]
    ]
    return Reply.of(items)


def by_number(url: str) -> Options:
    """Describe it."""
    return Options(
        url=f"{url}/latest.json",
        query={"page": "{page}", "search": "{release}"},
        token=TOKEN,
        token_query="key",
        author="author",
        paging="number",
    )


def tickets(request: Recorded, posts: Sequence[Post], size: int) -> Reply:
    """Tickets from the oldest on, with the next page in the Link header, as a whole address."""
    since = datetime.fromtimestamp(int(request.query["updated_since"]) / 1000, UTC)
    wanted = sorted((post for post in posts if post.at >= since), key=lambda post: (post.at, post.number))
    start = int(request.query.get("offset", "0"))
    items = [
        {
            "id": post.number,
            "created_at": post.at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "text": post.text,
            "stars": 4,
            "plan": "gold",
        }
        for post in wanted[start : start + size]
    ]
    address = f"http://{request.headers['host']}{request.path}"
    query = f"updated_since={request.query['updated_since']}&offset={start + size}"
    link = {"link": f'<{address}?{query}>; rel="next"'} if start + size < len(wanted) else {}
    return Reply.of({"tickets": items}, 200, **link)


def by_link(url: str) -> Options:
    """Describe it."""
    return Options(
        url=f"{url}/tickets",
        query={"updated_since": "{since}"},
        times="epoch-ms",
        token=TOKEN,
        token_header="X-Api-Key",
        token_prefix="",
        items="tickets",
        rating="stars",
        labels={"plan": "plan"},
        order="oldest",
        paging="link",
    )


def search(request: Recorded, posts: Sequence[Post], size: int) -> Reply:
    """A search by POST in no order at all, with the next page's path in the reply."""
    start = int(request.query.get("from", "0"))
    wanted = sorted(posts, key=lambda post: post.number * 7 % 11)
    items = [
        {"id": f"{post.number}", "created_at": post.at.isoformat(), "text": post.text}
        for post in wanted[start : start + size]
    ]
    more = start + size < len(wanted)
    return Reply.of({"hits": items, "next": f"{request.path}?from={start + size}" if more else ""})


def by_url(url: str) -> Options:
    """Describe it."""
    return Options(
        url=f"{url}/search",
        method="POST",
        body='{"query": "{release}", "range": ["{since}", "{until}"]}',
        token=TOKEN,
        items="hits",
        order="any",
        paging="url",
        next="next",
    )


CHANNELS = {
    "cursor": Channel(options=by_cursor, answer=comments, token="authorization"),
    "number": Channel(options=by_number, answer=forum, token="?key"),
    "link": Channel(options=by_link, answer=tickets, token="x-api-key"),
    "url": Channel(options=by_url, answer=search, token="authorization"),
}

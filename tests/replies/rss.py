"""Source ``rss``: a feed of RSS 2.0 and one of Atom (RFC 4287)."""

from __future__ import annotations

from email.utils import format_datetime
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from gate.ports import Secret
from gate.sources.rss import Options
from tests.servers.http_server import Reply
from tests.sources.conformance import Channel, Post

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.servers.http_server import Recorded

HEAD = "<title>Brimly talk</title><link>https://talk.example/</link>"


def newest_first(posts: Sequence[Post]) -> list[Post]:
    """Sort as feeds are."""
    return sorted(posts, key=lambda post: (post.at, post.number), reverse=True)


def rss(_request: Recorded, posts: Sequence[Post], _size: int) -> Reply:
    """RSS 2.0: times by RFC 2822, bodies in escaped HTML."""
    items = "".join(
        f"<item><title>Topic</title><link>https://talk.example/t/{post.number}</link>"
        f'<guid isPermaLink="false">talk-{post.number}</guid><pubDate>{format_datetime(post.at)}</pubDate>'
        f"<author>{post.author}@talk.example</author><description>{escape(post.html)}</description></item>"
        for post in newest_first(posts)
    )
    body = f'<?xml version="1.0"?><rss version="2.0"><channel>{HEAD}<description/>{items}</channel></rss>'
    return Reply(200, body.encode(), {"content-type": "application/rss+xml; charset=utf-8"})


def atom(_request: Recorded, posts: Sequence[Post], _size: int) -> Reply:
    """Atom: times by RFC 3339, bodies as HTML."""
    entries = "".join(
        f"<entry><title>Topic</title><id>tag:talk.example,2026:{post.number}</id>"
        f'<link href="https://talk.example/t/{post.number}"/><updated>{post.at.isoformat()}</updated>'
        f"<author><name>{post.author}</name></author>"
        f'<content type="html">{escape(post.html)}</content></entry>'
        for post in newest_first(posts)
    )
    head = "<title>Brimly talk</title><id>tag:talk.example,2026:all</id><updated>2026-03-10T14:00:00Z</updated>"
    body = f'<?xml version="1.0" encoding="utf-8"?><feed xmlns="http://www.w3.org/2005/Atom">{head}{entries}</feed>'
    return Reply(200, body.encode(), {"content-type": "application/atom+xml"})


def channel(answer: Callable[[Recorded, Sequence[Post], int], Reply]) -> Channel:
    """Put one kind of feed on a server."""
    return Channel(
        options=lambda url: Options(url=f"{url}/feed", token=Secret("${FEED_TOKEN}")),
        answer=answer,
        token="authorization",
        paged=False,
        json=False,
    )


CHANNELS = {"rss": channel(rss), "atom": channel(atom)}

"""Source ``reddit``: the app's login, listings of the API, and the public Atom feeds.

Shapes by https://www.reddit.com/dev/api (listings, ``raw_json``), https://github.com/reddit-archive/reddit/wiki/OAuth2
and https://github.com/reddit-archive/reddit/wiki/JSON; the feed is Atom (RFC 4287).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from gate.ports import Secret
from gate.sources.reddit import Options
from tests.servers.http_server import Reply
from tests.sources.conformance import Channel, Post

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.servers.http_server import Recorded

ISSUED = "issued-t0ken"
MOST_SHOWN = 1000
LOGIN = "/api/v1/access_token"


def login(_request: Recorded) -> Reply:
    """Issue a token for a day."""
    return Reply.of({"access_token": ISSUED, "token_type": "bearer", "expires_in": 86_400, "scope": "*"})


def name_of(post: Post, kind: str = "t3") -> str:
    """Return its full name."""
    return f"{kind}_{post.number:05d}"


def markup(post: Post) -> str:
    """Return what somebody wrote, as Reddit marks it."""
    return f'<!-- SC_OFF --><div class="md">{post.html}\n</div><!-- SC_ON -->'


def link(post: Post, **more: Any) -> dict[str, Any]:  # noqa: ANN401  # any field
    """A post with a text."""
    return {
        "kind": "t3",
        "data": {
            "id": f"{post.number:05d}",
            "name": name_of(post),
            "subreddit": "brimly",
            "title": "Is it me & you?",
            "selftext": post.text,
            "selftext_html": markup(post),
            "author": post.author,
            "author_fullname": f"t2_{post.author}",
            "created_utc": float(post.at.timestamp()),
            "score": 4,
            "num_comments": 0,
            "permalink": f"/r/brimly/comments/{post.number:05d}/is_it_me/",
            "is_self": True,
            "removed_by_category": None,
            **more,
        },
    }


def comment(post: Post, **more: Any) -> dict[str, Any]:  # noqa: ANN401  # any field
    """A comment on one post."""
    return {
        "kind": "t1",
        "data": {
            "id": f"{post.number:05d}",
            "name": name_of(post, "t1"),
            "subreddit": "brimly",
            "link_id": "t3_zzz",
            "link_title": "Brimly 3",
            "parent_id": "t3_zzz",
            "body": post.text,
            "body_html": markup(post),
            "author": post.author,
            "author_fullname": f"t2_{post.author}",
            "created_utc": float(post.at.timestamp()),
            "score": 1,
            "permalink": f"/r/brimly/comments/zzz/brimly_3/{post.number:05d}/",
            **more,
        },
    }


def newest_first(posts: Sequence[Post]) -> list[Post]:
    """Sort as all lists here are."""
    return sorted(posts, key=lambda post: (post.at, post.number), reverse=True)


def listing(request: Recorded, posts: Sequence[Post], size: int) -> Reply:
    """Answer with posts or comments after the one that is named; the newest thousand are all there are."""
    make, kind = (comment, "t1") if request.path.endswith("/comments") else (link, "t3")
    shown = newest_first(posts)[:MOST_SHOWN]
    names = [name_of(post, kind) for post in shown]
    start = names.index(request.query["after"]) + 1 if "after" in request.query else 0
    page = shown[start : start + size]
    after = names[start + size - 1] if start + size < len(shown) else None
    children = [make(post) for post in page]
    return Reply.of(
        {"kind": "Listing", "data": {"after": after, "before": None, "dist": len(page), "children": children}},
        x_ratelimit_remaining="996.0",
        x_ratelimit_used="4",
        x_ratelimit_reset="300",
    )


def answer(request: Recorded, posts: Sequence[Post], size: int) -> Reply:
    """Log in, or list."""
    return login(request) if request.path == LOGIN else listing(request, posts, size)


def feed(request: Recorded, posts: Sequence[Post], _size: int) -> Reply:
    """Answer with the newest posts or comments as Atom, with what Reddit adds to each."""
    entries = []
    for post in newest_first(posts)[: int(request.query.get("limit", "25"))]:
        of_comments = "/comments/" in request.path
        title = f"/u/{post.author} on Brimly 3" if of_comments else "Is it me &amp; you?"
        added = (
            ""
            if of_comments
            else f' &#32; submitted by &#32; <a href="https://www.reddit.com/user/{post.author}"> /u/{post.author} </a>'
            '<br/><span><a href="https://www.reddit.com/x">[link]</a></span>'
        )
        where = f"https://www.reddit.com/r/brimly/comments/{'zzz' if of_comments else f'{post.number:05d}'}/brimly/"
        entries.append(
            f"<entry><author><name>/u/{post.author}</name></author><category term='brimly' label='r/brimly'/>"
            f"<content type='html'>{escape(markup(post) + added)}</content>"
            f"<id>{name_of(post, 't1' if of_comments else 't3')}</id><link href='{where}'/>"
            f"<updated>{post.at.isoformat()}</updated><published>{post.at.isoformat()}</published>"
            f"<title>{title}</title></entry>"
        )
    head = "<id>/search.rss</id><title>search results</title><updated>2026-03-10T14:00:00+00:00</updated>"
    body = f'<?xml version="1.0" encoding="UTF-8"?><feed xmlns="http://www.w3.org/2005/Atom">{head}{"".join(entries)}</feed>'
    return Reply(200, body.encode(), {"content-type": "application/atom+xml; charset=UTF-8"})


def keyed(url: str, **more: Any) -> Options:  # noqa: ANN401  # any option
    """Return options with keys for a local server."""
    secret = Secret("${REDDIT_SECRET}")
    return Options(client_id="app", client_secret=secret, oauth_url=url, reddit_url=url, **more)


def by_api(**more: Any) -> Channel:  # noqa: ANN401  # any option
    """Put one list of the API on a server."""
    return Channel(
        options=lambda url: keyed(url, **more),
        answer=answer,
        token=lambda request: request.headers.get("authorization") == f"Bearer {ISSUED}",
        is_page=lambda request: request.path != LOGIN,
    )


def by_feed(**more: Any) -> Channel:  # noqa: ANN401  # any option
    """Put a feed on a server."""
    return Channel(
        options=lambda url: Options(reddit_url=url, **more), answer=feed, token="", paged=False, json=False
    )  # fmt: skip


CHANNELS = {
    "search": by_api(),
    "comments": by_api(read="comments", subreddits=("brimly",)),
    "feed": by_feed(),
}

"""Source ``bluesky``: login and search, to the shape of the API's lexicons."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

from gate.sources.bluesky import Options
from tests.servers.http_server import Reply
from tests.sources.conformance import TOKEN, Channel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.servers.http_server import Recorded
    from tests.sources.conformance import Post

SEARCH = "/xrpc/app.bsky.feed.searchPosts"
LOGIN = "/xrpc/com.atproto.server.createSession"
RENEW = "/xrpc/com.atproto.server.refreshSession"
HANDLE = "acme.test"
ACCESS, REFRESH = "invented-access-token", "invented-refresh-token"


def did(author: str) -> str:
    """Return an account's id."""
    return f"did:plc:invented{author}"


def uri(post: Post) -> str:
    """Return a post's address."""
    return f"at://{did(post.author)}/app.bsky.feed.post/3invented{post.number}"


def stamp(at: datetime) -> str:
    """Return a time as the API writes it."""
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03}Z"


def record(post: Post, **fields: Any) -> dict[str, Any]:  # noqa: ANN401  # any JSON
    """Return what an author's server keeps of a post."""
    return {
        "$type": "app.bsky.feed.post",
        "text": post.text,
        "createdAt": stamp(post.at),
        "langs": ["en"],
        **fields,
    }


def view(post: Post, **fields: Any) -> dict[str, Any]:  # noqa: ANN401  # any JSON
    """Return a post as search shows it."""
    author = {"did": did(post.author), "handle": f"{post.author}.test", "createdAt": "2023-05-04T10:00:00.000Z"}
    return {
        "uri": uri(post),
        "cid": "bafyreiinvented",
        "author": {**author, "displayName": "Somebody Invented", "labels": []},
        "record": record(post),
        "replyCount": 0,
        "repostCount": 0,
        "likeCount": 0,
        "quoteCount": 0,
        "indexedAt": stamp(post.at),
        "labels": [],
        **fields,
    }


def problem(status: int, error: str, message: str) -> Reply:
    """Refuse as the API does."""
    return Reply.of({"error": error, "message": message}, status)


def session(number: int = 1) -> Reply:
    """Open a session."""
    tokens = {"accessJwt": f"{ACCESS}-{number}", "refreshJwt": f"{REFRESH}-{number}"}
    return Reply.of({"did": did("gate"), "handle": HANDLE, "active": True, **tokens})


def answer(request: Recorded, posts: Sequence[Post], size: int) -> Reply:
    """Log in; search newest first within the times asked for, by a cursor that is a number of posts to skip."""
    if request.path == LOGIN:
        login = json.loads(request.body)
        known = login == {"identifier": HANDLE, "password": TOKEN}
        return session() if known else problem(401, "AuthenticationRequired", "Invalid identifier or password")
    since = datetime.fromisoformat(request.query.get("since", "1970-01-01T00:00:00Z"))
    until = datetime.fromisoformat(request.query.get("until", "9999-12-31T00:00:00Z"))
    found = [post for post in posts if since <= post.at < until]
    found.sort(key=lambda post: (post.at, post.number), reverse=True)
    start = int(request.query.get("cursor", "0"))
    shown = found[start : start + min(size, int(request.query["limit"]))]
    more = {"cursor": str(start + size)} if start + size < len(found) else {}
    return Reply.of({"posts": [view(post) for post in shown], "hitsTotal": len(found), **more})


CHANNEL = Channel(
    options=lambda url: Options(server=url, handle=HANDLE),
    answer=answer,
    token=lambda request: request.headers.get("authorization") == f"Bearer {ACCESS}-1",
    is_page=lambda request: request.path == SEARCH,
)

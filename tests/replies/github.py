"""Source ``github``: issues and comments by the REST API, a search, and discussions by GraphQL.

Shapes by GitHub's own description of its API (version 2022-11-28) and of its GraphQL schema.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from gate.ports import Secret
from gate.sources.github import Options
from tests.servers.http_server import Reply
from tests.sources.conformance import Channel, Post

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from tests.servers.http_server import Recorded

REPOSITORY = "brimly/app"


def stamp(at: datetime) -> str:
    """Write a time as GitHub does."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def user(post: Post, kind: str = "User") -> dict[str, Any]:
    """A user as REST gives it."""
    return {"login": post.author, "id": 1000 + post.number, "node_id": "U_x", "type": kind, "site_admin": False}


def issue(post: Post, base: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401  # any field
    """An issue whose body is the post."""
    return {
        "id": 90_000 + post.number,
        "node_id": f"I_{post.number}",
        "number": post.number,
        "url": f"{base}/repos/{REPOSITORY}/issues/{post.number}",
        "repository_url": f"{base}/repos/{REPOSITORY}",
        "html_url": f"https://github.com/{REPOSITORY}/issues/{post.number}",
        "title": "It is about <Login>",
        "state": "open",
        "user": user(post),
        "author_association": "NONE",
        "created_at": stamp(post.at),
        "updated_at": stamp(post.at),
        "body_html": post.html,
        "comments": 0,
        "reactions": {"total_count": 3, "+1": 2, "-1": 1},
        **more,
    }


def comment(post: Post, base: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401  # any field
    """A comment on issue 7."""
    return {
        "id": 90_000 + post.number,
        "node_id": f"IC_{post.number}",
        "url": f"{base}/repos/{REPOSITORY}/issues/comments/{post.number}",
        "html_url": f"https://github.com/{REPOSITORY}/issues/7#issuecomment-{post.number}",
        "issue_url": f"{base}/repos/{REPOSITORY}/issues/7",
        "user": user(post),
        "author_association": "NONE",
        "created_at": stamp(post.at),
        "updated_at": stamp(post.at),
        "body_html": post.html,
        "reactions": {"total_count": 0, "+1": 0},
        **more,
    }


def said(post: Post, **more: Any) -> dict[str, Any]:  # noqa: ANN401  # any field
    """What GraphQL gives of a discussion, a comment or a reply."""
    return {
        "id": f"D_{post.number}",
        "createdAt": stamp(post.at),
        "bodyHTML": post.html,
        "url": f"https://github.com/{REPOSITORY}/discussions/5",
        "upvoteCount": 1,
        "author": {
            "__typename": "User", "login": post.author, "databaseId": 1000 + post.number, "createdAt": "2020-01-02T03:04:05Z",
        },
        "authorAssociation": "NONE",
        **more,
    }  # fmt: skip


def base_of(request: Recorded) -> str:
    """Return the address the request came to."""
    return f"http://{request.headers['host']}"


def newest_first(posts: Sequence[Post]) -> list[Post]:
    """Sort as all lists here are."""
    return sorted(posts, key=lambda post: (post.at, post.number), reverse=True)


def listed(request: Recorded, items: list[dict[str, Any]], size: int) -> Reply:
    """Answer with a page of a list, and the address of the next one in ``Link``."""
    page = int(request.query.get("page", "1"))
    shown = items[(page - 1) * size : page * size]
    following = urlencode({**request.query, "page": page + 1})
    link = f'<{base_of(request)}{request.path}?{following}>; rel="next"'
    return Reply.of(shown, link=link) if page * size < len(items) else Reply.of(shown)


def searched(request: Recorded, posts: Sequence[Post], size: int) -> Reply:
    """Answer a search for issues created in a period."""
    since, until = re.findall(r"(?<=[:.])2[\dTZ:-]+Z", request.query["q"]) or (
        "0001-01-01T00:00:00Z",
        "9999-01-01T00:00:00Z",
    )
    wanted = [post for post in newest_first(posts) if since <= stamp(post.at) <= until]
    page = int(request.query.get("page", "1"))
    items = [issue(post, base_of(request)) for post in wanted[(page - 1) * size : page * size]]
    return Reply.of({"total_count": len(wanted), "incomplete_results": False, "items": items})


def discussed(request: Recorded, posts: Sequence[Post], size: int) -> Reply:
    """Answer GraphQL: each post a discussion of its own."""
    after = int(json.loads(request.body)["variables"]["after"] or 0)
    items = newest_first(posts)
    nodes = [
        said(
            post,
            number=post.number,
            title="Ideas",
            updatedAt=stamp(post.at),
            comments={"pageInfo": {"hasPreviousPage": False}, "nodes": []},
        )
        for post in items[after : after + size]
    ]
    about = {"hasNextPage": after + size < len(items), "endCursor": str(after + size)}
    return Reply.of({"data": {"repository": {"discussions": {"pageInfo": about, "nodes": nodes}}}})


def answer(request: Recorded, posts: Sequence[Post], size: int) -> Reply:
    """Issues are the posts with even numbers, comments those with odd ones."""
    match request.path:
        case "/graphql":
            return discussed(request, posts, size)
        case "/search/issues":
            return searched(request, posts, size)
        case path if path.endswith("/issues/comments"):
            chosen = [post for post in newest_first(posts) if post.number % 2]
            return listed(request, [comment(post, base_of(request)) for post in chosen], size)
        case path if path.endswith("/issues"):
            chosen = [post for post in newest_first(posts) if not post.number % 2]
            return listed(request, [issue(post, base_of(request)) for post in chosen], size)
        case _:
            return Reply.of({"id": 1, "full_name": REPOSITORY, "has_issues": True, "has_discussions": True})


def channel(**more: Any) -> Channel:  # noqa: ANN401  # any option
    """Put one way to listen on a server."""
    return Channel(
        options=lambda url: Options(base_url=url, token=Secret("${GITHUB_TOKEN}"), **more),
        answer=answer,
        token="authorization",
        is_page=lambda request: request.path != f"/repos/{REPOSITORY}",
    )


CHANNELS = {
    "repositories": channel(repositories=(REPOSITORY,)),
    "search": channel(query="brimly"),
    "discussions": channel(repositories=(REPOSITORY,), issues=False, comments=False, discussions=True),
}

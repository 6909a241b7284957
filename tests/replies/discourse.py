"""Source ``discourse``: ``/posts.json``, the newest posts of a forum.

Shapes by https://docs.discourse.org (listPosts): ids fall, ``before`` is the id to go on from, 50 posts a page.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gate.ports import Secret
from gate.sources.discourse import Options
from tests.servers.http_server import Reply
from tests.sources.conformance import Channel, Post

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.servers.http_server import Recorded


def post_of(post: Post, **more: Any) -> dict[str, Any]:  # noqa: ANN401  # any field
    """Every third post opens a topic, the others answer in one."""
    opens = post.number % 3 == 0
    return {
        "id": 5000 + post.number,
        "name": "",
        "username": post.author,
        "user_id": 1000 + post.number,
        "avatar_template": "/a/{size}.png",
        "created_at": post.at.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "cooked": post.html,
        "raw": post.text,
        "post_number": 1 if opens else 2,
        "post_type": 1,
        "topic_id": 700 + post.number if opens else 700,
        "topic_slug": "brimly-3",
        "topic_title": "Brimly 3",
        "category_id": 4,
        "actions_summary": [{"id": 2, "count": 3}],
        "moderator": False,
        "admin": False,
        "staff": False,
        "trust_level": 1,
        "hidden": False,
        **more,
    }


def listed(posts: Sequence[dict[str, Any]], before: str | None, size: int) -> Reply:
    """Answer with a page."""
    below = int(before) if before else 1 << 62
    newest_first = sorted((each for each in posts if each["id"] < below), key=lambda each: each["id"], reverse=True)
    return Reply.of({"latest_posts": newest_first[:size]})


def answer(request: Recorded, posts: Sequence[Post], size: int) -> Reply:
    """All posts of the forum, newest first; it cannot be asked for times."""
    return listed([post_of(post) for post in posts], request.query.get("before"), size)


CHANNEL = Channel(
    options=lambda url: Options(server=url, key=Secret("${FORUM_KEY}")),
    answer=answer,
    token="api-key",
)

"""Source ``hackernews``: Algolia's ``search_by_date``, and Firebase's users.

Shapes by https://hn.algolia.com/api and https://github.com/HackerNews/API.
"""

from __future__ import annotations

import operator
import re
from typing import TYPE_CHECKING, Any

from gate.sources.hackernews import Options
from tests.servers.http_server import Reply
from tests.sources.conformance import Channel, Post

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.servers.http_server import Recorded

CEILING = 1000
"""Hits that the search shows of a query, whatever page is asked for."""
ACCOUNT_MADE = 1_500_000_000
_COMPARED = {">=": operator.ge, "<": operator.lt, ">": operator.gt, "<=": operator.le}


def second(post: Post) -> int:
    """Return when it was written, as ``created_at_i`` has it."""
    return int(post.at.timestamp())


def hit(post: Post) -> dict[str, Any]:
    """Every third post is a story with a text, the others are comments below the one story."""
    number = 40_000_000 + post.number
    common = {
        "objectID": str(number),
        "created_at": post.at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "created_at_i": second(post),
        "author": post.author,
        "_tags": ["story" if post.number % 3 == 0 else "comment", f"author_{post.author}"],
    }
    if post.number % 3 == 0:
        return common | {
            "title": "Brimly", "url": None, "points": 12, "num_comments": 3, "story_text": post.html, "story_id": number,
        }  # fmt: skip
    return common | {
        "comment_text": post.html,
        "parent_id": 1,
        "story_id": 40_000_000,
        "story_title": "Brimly 3 is out",
    }


def allowed(filters: str, post: Post) -> bool:
    """Say whether all numeric filters hold."""
    found = re.findall(r"created_at_i(<=|>=|<|>)(\d+)", filters)
    return all(_COMPARED[sign](second(post), int(number)) for sign, number in found)


def answer(request: Recorded, posts: Sequence[Post], size: int) -> Reply:
    """Newest first; page numbers end at the ceiling; ``hitsPerPage`` is as good as ``size`` here."""
    if request.path.startswith("/v0/user/"):
        name = request.path.removeprefix("/v0/user/").removesuffix(".json")
        return Reply.of({"id": name, "created": ACCOUNT_MADE, "karma": 7, "submitted": [1]})
    wanted = [post for post in posts if allowed(request.query.get("numericFilters", ""), post)]
    newest_first = sorted(wanted, key=lambda post: (post.at, post.number), reverse=True)
    page = int(request.query.get("page", "0"))
    shown = newest_first[:CEILING][page * size : (page + 1) * size]
    pages = -(-min(len(wanted), CEILING) // size)
    return Reply.of(
        {
            "hits": [hit(post) for post in shown],
            "nbHits": len(wanted),
            "page": page,
            "nbPages": pages,
            "hitsPerPage": size,
        }
    )


def options(url: str, **more: Any) -> Options:  # noqa: ANN401  # any option
    """Return options for a local server."""
    return Options(base_url=f"{url}/api/v1", users_url=f"{url}/v0", **more)


CHANNEL = Channel(options=options, answer=answer, token="")

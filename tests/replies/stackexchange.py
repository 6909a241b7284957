"""Source ``stackexchange``: ``/search/advanced`` with the filter ``withbody``.

Shapes by https://api.stackexchange.com/docs/advanced-search, /docs/types/question and /docs/wrapper. Replies are
compressed always, whatever the request says.
"""

from __future__ import annotations

import gzip
import html
import json
from typing import TYPE_CHECKING, Any

from gate.ports import Secret
from gate.sources.stackexchange import Options
from tests.servers.http_server import Reply
from tests.sources.conformance import Channel, Post

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.servers.http_server import Recorded

LAST_PAGE = 25
"""Without a user's login."""


def compressed(value: object, status: int = 200) -> Reply:
    """Answer as the API does."""
    headers = {"content-type": "application/json; charset=utf-8", "content-encoding": "gzip"}
    return Reply(status, gzip.compress(json.dumps(value).encode()), headers)


def error(number: int, name: str, message: str) -> Reply:
    """Answer with one of the API's errors."""
    return compressed({"error_id": number, "error_name": name, "error_message": message}, 400)


def question(post: Post) -> dict[str, Any]:
    """Titles are escaped, bodies HTML."""
    return {
        "question_id": 79_000_000 + post.number,
        "creation_date": int(post.at.timestamp()),
        "last_activity_date": int(post.at.timestamp()) + 60,
        "title": html.escape("Brimly: a < b?"),
        "body": post.html,
        "link": f"https://stackoverflow.com/questions/{79_000_000 + post.number}/brimly",
        "owner": {
            "account_id": 5 + post.number,
            "user_id": 1000 + post.number,
            "user_type": "registered",
            "display_name": post.author,
            "reputation": 11,
        },
        "score": 2,
        "answer_count": 0,
        "is_answered": False,
        "view_count": 9,
        "tags": ["brimly"],
        "content_license": "CC BY-SA 4.0",
    }


def answer(request: Recorded, posts: Sequence[Post], size: int) -> Reply:
    """Both times belong to the period; ``pagesize`` is as good as ``size`` here."""
    query = request.query
    if query.get("sort") != "creation" or query.get("order") != "desc" or not query.get("site"):
        return error(400, "bad_parameter", "site is required")
    since, until = int(query.get("fromdate", "0")), int(query.get("todate", "99999999999"))
    wanted = [post for post in posts if since <= post.at.timestamp() <= until]
    newest_first = sorted(wanted, key=lambda post: (post.at, post.number), reverse=True)
    page = int(query.get("page", "1"))
    if page > LAST_PAGE:
        return error(403, "access_denied", "page above 25 requires access token or app key")
    shown = newest_first[(page - 1) * size : page * size]
    return compressed(
        {
            "items": [question(post) for post in shown],
            "has_more": page * size < len(newest_first),
            "quota_max": 10_000,
            "quota_remaining": 9_990,
        }
    )


CHANNEL = Channel(
    options=lambda url: Options(key=Secret("${STACK_KEY}"), base_url=f"{url}/2.3"),
    answer=answer,
    token="?key",
)

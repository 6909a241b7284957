"""Source ``mastodon``: the timeline of a hashtag, to the shape of Mastodon's own API description."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gate.ports import Secret
from gate.sources.mastodon import Options
from tests.servers.http_server import Reply
from tests.sources.conformance import Channel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.servers.http_server import Recorded
    from tests.sources.conformance import Post

EPOCH_SHIFT = 16
AVATAR = "https://mastodon.example/avatars/missing.png"


def status_id(post: Post) -> str:
    """Return an id as Mastodon makes it: of the time, so that ids sort as posts do."""
    return str((int(post.at.timestamp() * 1000) << EPOCH_SHIFT) + post.number)


def account(name: str, **fields: Any) -> dict[str, Any]:  # noqa: ANN401  # any JSON
    """Return an account with every field that the description asks for."""
    return {
        "id": name.strip("u") or "1",
        "username": name,
        "acct": name,
        "display_name": "Somebody Invented",
        "uri": f"https://mastodon.example/users/{name}",
        "url": f"https://mastodon.example/@{name}",
        "created_at": "2019-05-04T00:00:00.000Z",
        "followers_count": 12,
        "following_count": 3,
        "statuses_count": 45,
        "avatar": AVATAR,
        "avatar_static": AVATAR,
        "header": AVATAR,
        "header_static": AVATAR,
        "bot": False,
        "group": False,
        "locked": False,
        "indexable": True,
        "note": "<p>Invented.</p>",
        "emojis": [],
        "fields": [],
        **fields,
    }


def status(post: Post, **fields: Any) -> dict[str, Any]:  # noqa: ANN401  # any JSON
    """Return a status with every field that the description asks for."""
    uri = f"https://mastodon.example/users/{post.author}/statuses/{status_id(post)}"
    return {
        "id": status_id(post),
        "uri": uri,
        "url": f"https://mastodon.example/@{post.author}/{status_id(post)}",
        "created_at": f"{post.at:%Y-%m-%dT%H:%M:%S}.000Z",
        "content": post.html,
        "spoiler_text": "",
        "sensitive": False,
        "visibility": "public",
        "language": "en",
        "in_reply_to_id": None,
        "in_reply_to_account_id": None,
        "reblog": None,
        "account": account(post.author),
        "favourites_count": 0,
        "reblogs_count": 0,
        "replies_count": 0,
        "media_attachments": [],
        "mentions": [],
        "tags": [{"name": "brimly", "url": "https://mastodon.example/tags/brimly"}],
        "emojis": [],
        "edited_at": None,
        **fields,
    }


def answer(request: Recorded, posts: Sequence[Post], size: int) -> Reply:
    """The newest first, those with an id below ``max_id``, and a link to the next page as long as there is a post."""
    below = int(request.query.get("max_id", 1 << 100))
    found = sorted((post for post in posts if int(status_id(post)) < below), key=lambda post: int(status_id(post)))
    shown = [status(post) for post in found[::-1][: min(size, int(request.query.get("limit", "20")))]]
    link = f'<https://other.example{request.path}?max_id={shown[-1]["id"]}>; rel="next"' if shown else ""
    return Reply.of(shown, link=link)


CHANNEL = Channel(
    options=lambda url: Options(server=url, token=Secret("${MASTODON_TOKEN}")), answer=answer, token="authorization"
)

"""Source ``x``: the look-alike of recent search, which is strict about what it is asked."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from gate.sources.x import Options
from tests.servers.x_api import XApi
from tests.sources.conformance import NOW, TOKEN, Channel, Post

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.servers.http_server import Recorded, Reply

API = XApi(lambda: NOW, token=TOKEN)


def answer(request: Recorded, posts: Sequence[Post], _size: int) -> Reply:
    """Answer as X does; how many a page, the request says."""
    API.posts.clear()
    for post in posts:
        API.write(post.at, f"acme24 {html.escape(post.text, quote=False)}", author_id=str(1000 + post.number))
    API.limits = dict.fromkeys(API.limits, 1_000)
    return API.answer(request)


CHANNEL = Channel(
    options=lambda url: Options(query="acme24", probe=False, base_url=url, page_size=10),
    answer=answer,
    token="authorization",
    size=10,
)

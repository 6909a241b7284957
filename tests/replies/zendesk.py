"""Source ``zendesk``: the cursor-based incremental export of tickets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gate.sources.zendesk import EXPORT, Options
from tests.servers.http_server import Recorded, Reply
from tests.sources.conformance import Channel, Post

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

EMAIL = "gate@brimly.example"


def ticket(post: Post, *, updated: datetime | None = None, **fields: Any) -> dict[str, Any]:  # noqa: ANN401
    """One ticket, as the export shows it."""
    requester = 20_978_392_000 + post.number
    return {
        "url": f"https://brimly.zendesk.com/api/v2/tickets/{post.number}.json",
        "id": 35_436 + post.number,
        "external_id": None,
        "via": {"channel": "web", "source": {"from": {}, "to": {}, "rel": None}},
        "created_at": post.at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "updated_at": (updated or post.at).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "generated_timestamp": int((updated or post.at).timestamp()),
        "type": "incident",
        "subject": "Help",
        "raw_subject": "Help",
        "description": post.text,
        "priority": "high",
        "status": "open",
        "requester_id": requester,
        "submitter_id": requester,
        "is_public": True,
        "tags": ["app", "mobile"],
        "satisfaction_rating": None,
    } | fields


def export(request: Recorded, tickets: Sequence[dict[str, Any]], size: int) -> Reply:
    """Answer as Zendesk does: by the last change, oldest first, from a time or a cursor on."""
    assert request.path == EXPORT
    changed = sorted(tickets, key=lambda each: (each["generated_timestamp"], each["id"]))
    start = 0
    if "cursor" in request.query:
        start = int(request.query["cursor"].removeprefix("MTU4"))
    else:
        since = int(request.query["start_time"])
        start = sum(each["generated_timestamp"] < since for each in changed)
    shown, end = changed[start : start + size], start + size
    cursor = f"MTU4{min(end, len(changed))}"
    told = {
        "after_cursor": cursor,
        "after_url": f"http://{request.headers['host']}{EXPORT}?cursor={cursor}",
        "before_cursor": None,
        "before_url": None,
        "end_of_stream": end >= len(changed),
    }
    return Reply.of({"tickets": shown, **told})


def answer(request: Recorded, posts: Sequence[Post], size: int) -> Reply:
    """Answer with tickets nobody has touched since."""
    return export(request, [ticket(post) for post in posts], size)


CHANNEL = Channel(
    options=lambda url: Options(server=url, email=EMAIL, max_pages=8),
    answer=answer,
    token="authorization",
)

"""Posts, as search shows them and as the stream brings them, → mentions."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from gate.model import Mention
from gate.polling import Odd, moment

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

COLLECTION = "app.bsky.feed.post"
_QUOTES = {"app.bsky.embed.record", "app.bsky.embed.recordWithMedia"}


def mention_of_view(view: Mapping[str, Any]) -> Mention:
    """Return a ``postView`` of search as a mention."""
    author = view["author"]
    return _mention(
        view["uri"],
        author["did"],
        view["record"],
        moment(view["indexedAt"]),
        likes=_count(view, "likeCount"),
        reposts=_count(view, "repostCount"),
        joined=moment(author["createdAt"]) if author.get("createdAt") else None,
    )


def mention_of_event(event: Mapping[str, Any]) -> Mention:
    """Return a post that the stream brought as a mention; of its author it says nothing but the id."""
    commit = event["commit"]
    return _mention(uri_of(event), event["did"], commit["record"], moment(event["time_us"] / 1_000_000))


def uri_of(event: Mapping[str, Any]) -> str:
    """Return the address of what an event is about."""
    commit = event["commit"]
    return f"at://{event['did']}/{commit['collection']}/{commit['rkey']}"


def _mention(  # noqa: PLR0913  # as many as a post has sides
    uri: str,
    did: str,
    record: Mapping[str, Any],
    seen: datetime,
    *,
    likes: int = 0,
    reposts: int = 0,
    joined: datetime | None = None,
) -> Mention:
    root = (record.get("reply") or {}).get("root") or {}
    langs = record.get("langs") or []
    return Mention(
        id=uri,
        created_at=_written(record, seen),
        text=record["text"],
        author=did,
        # Several languages say as little as none: detection decides.
        lang=langs[0].split("-")[0].lower() if len(langs) == 1 else "",
        url=f"https://bsky.app/profile/{did}/post/{uri.rpartition('/')[2]}",
        likes=likes,
        reposts=reposts,
        conversation=root.get("uri") or uri,
        author_created_at=joined,
        labels={"kind": _kind(record)},
    )


def _written(record: Mapping[str, Any], seen: datetime) -> datetime:
    # Clients are free to write any time into a post; Bluesky's own sortAt is the earlier of the two as well.
    with suppress(Odd):
        return min(moment(record.get("createdAt")), seen)
    return seen


def _kind(record: Mapping[str, Any]) -> str:
    embedded = record.get("embed") or {}
    if embedded.get("$type") in _QUOTES:
        return "quote"
    return "reply" if record.get("reply") else "post"


def _count(view: Mapping[str, Any], name: str) -> int:
    value = view.get(name)
    return value if isinstance(value, int) else 0

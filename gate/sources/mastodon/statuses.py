"""Statuses, as Mastodon's API calls posts, → mentions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gate.model import Mention
from gate.polling import moment, plain_text

if TYPE_CHECKING:
    from collections.abc import Mapping


def mention_of(status: Mapping[str, Any], host: str) -> Mention:
    """Return one status as a mention.

    Its id is the URI, which is the same on every server; the ids of a server are strings without a meaning
    (GoToSocial's are ULIDs), and only serve to page.

    Args:
        status: as in the API.
        host: the server that showed it; ids of threads hold there only.
    """
    account = status["account"]
    boosted = status.get("reblog")
    shown = boosted if isinstance(boosted, dict) else status
    warning = shown.get("spoiler_text") or ""
    body = plain_text(shown["content"])
    thread = shown.get("in_reply_to_id") or shown["id"]
    followers = account.get("followers_count")
    joined = account.get("created_at")
    return Mention(
        id=status["uri"],
        created_at=moment(status["created_at"]),
        text=f"{plain_text(warning)}\n{body}" if warning else body,
        # The name of an account is short on its own server and long on others; its address is one.
        author=account.get("uri") or account.get("url") or account["acct"],
        lang=(shown.get("language") or "").split("-")[0].lower(),
        url=status.get("url") or status["uri"],
        likes=_count(shown, "favourites_count"),
        reposts=_count(shown, "reblogs_count"),
        conversation=f"{host}/{thread}",
        author_created_at=moment(joined) if joined else None,
        author_followers=followers if isinstance(followers, int) and followers >= 0 else None,
        labels={"kind": _kind(status), **({"bot": "true"} if account.get("bot") is True else {})},
    )


def _kind(status: Mapping[str, Any]) -> str:
    if status.get("reblog"):
        return "repost"
    if status.get("quote"):
        return "quote"
    return "reply" if status.get("in_reply_to_id") else "post"


def _count(status: Mapping[str, Any], name: str) -> int:
    value = status.get(name)
    return value if isinstance(value, int) else 0

"""From a post or a comment, of the API or of a feed, to a mention."""

from __future__ import annotations

import calendar
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from gate.model import Mention
from gate.polling import Odd, moment, plain_text

if TYPE_CHECKING:
    from collections.abc import Mapping

COMMENT = "t1"
_GONE = frozenset({"[removed]", "[deleted]"})
_MACHINE = "AutoModerator"
_OTHERS_WORDS = frozenset({"blockquote", "pre"})
"""Quotes of others, and listings and logs, which say nothing of a mood."""
_WRITTEN = re.compile(r"<!-- SC_OFF -->(.*?)<!-- SC_ON -->", re.DOTALL)
"""In a feed, what somebody wrote stands between these; after it come links that Reddit adds."""
_THREAD = re.compile(r"/comments/([a-z0-9]+)")


def from_api(item: Mapping[str, Any]) -> Mention | None:
    """Read what a listing of the API holds; None for what is gone, and for what the moderators' machine says."""
    data = item["data"]
    said = data.get("body") if item["kind"] == COMMENT else data.get("selftext")
    if said in _GONE or data.get("removed_by_category") or data.get("author") == _MACHINE:
        return None
    body = plain_text(data.get("body_html") or data.get("selftext_html") or "", without=_OTHERS_WORDS)
    return Mention(
        id=data["name"],
        created_at=moment(data["created_utc"]),
        text=f"{data.get('title') or ''}\n{body}".strip(),
        author=data.get("author_fullname") or "",
        url=f"https://www.reddit.com{data['permalink']}",
        likes=max(int(data.get("score") or 0), 0),
        conversation=data.get("link_id") or data["name"],
        labels={"subreddit": data["subreddit"]},
    )


def is_gone(item: Any) -> bool:  # noqa: ANN401  # any JSON
    """Say whether what the API holds of a post says that it, or its author's account, is no more."""
    data = item.get("data") if isinstance(item, dict) else None
    if not isinstance(data, dict):
        return False
    said = {value for name in ("author", "body", "selftext") if isinstance(value := data.get(name), str)}
    return bool(said & _GONE) or bool(data.get("removed_by_category"))


def from_feed(entry: Mapping[str, Any]) -> Mention | None:
    """Read an entry of a feed; it tells neither votes nor the ids of users, so their names stand for them."""
    written = entry.get("published_parsed") or entry.get("updated_parsed")
    if not written:
        message = "it does not say when it was written"
        raise Odd(message)
    author = entry.get("author", "").removeprefix("/u/")
    if author == _MACHINE:
        return None
    markup = next((each["value"] for each in entry.get("content", []) if each.get("value")), entry.get("summary", ""))
    own = _WRITTEN.search(markup)
    body = plain_text(own[1], without=_OTHERS_WORDS) if own else ""
    if body in _GONE:
        return None
    is_comment = entry["id"].startswith(f"{COMMENT}_")
    thread = _THREAD.search(entry.get("link", ""))
    # The title of a comment says only who answered where.
    title = "" if is_comment else plain_text(entry.get("title", ""))
    return Mention(
        id=entry["id"],
        created_at=datetime.fromtimestamp(calendar.timegm(written), UTC),
        text=f"{title}\n{body}".strip(),
        author=author,
        url=entry.get("link", ""),
        conversation=f"t3_{thread[1]}" if thread else entry["id"],
        labels={"subreddit": tags[0]["term"]} if (tags := entry.get("tags")) else {},
    )

"""X's replies → mentions, in both generations of field names.

Until 2026-08 the API spoke of tweets (``referenced_tweets``, ``retweet_count``, ``note_tweet``,
``tweet_count``), since then of posts (``referenced_posts``, ``repost_count``, ``note_post``,
``post_count``); clients meet either.
"""

from __future__ import annotations

import html
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from gate.errors import SourceDown
from gate.model import Mention, Unreadable
from gate.sources.x.cursor import written_at
from gate.sources.x.refusals import one_line

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

LONGEST_ID = 19
LONGEST_QUOTE = 80
GONE = {"resource-not-found", "not-authorized-for-resource"}
_KINDS = (("retweeted", "repost"), ("quoted", "quote"), ("replied_to", "reply"))
_OLD_LANGUAGE_CODES = {"in": "id", "iw": "he", "ji": "yi"}
_NO_LANGUAGE = {"und", "zxx", "art", "qam", "qct", "qht", "qme", "qst"}
"""Undetermined, no words, emoji, and X's own codes for posts of nothing but mentions, tags, media or links."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of search results."""

    mentions: tuple[Mention, ...]
    unreadable: tuple[Unreadable, ...]
    posts: int
    """Posts returned, readable or not: what X bills."""
    users: int
    """Authors returned beside them: billed too."""
    next_token: str | None
    notes: tuple[str, ...]


def page(reply: Mapping[str, Any], *, number: int, source: str, stream: str) -> Page:
    """Read one search reply.

    Raises:
        SourceDown: it has neither posts nor the count of them, or says that it could not deliver them.
    """
    items, meta = reply.get("data", []), reply.get("meta")
    problem = _first_error(reply)
    if not isinstance(items, list) or not isinstance(meta, dict):
        message = f"X sent a reply without posts: {problem or one_line(', '.join(map(str, reply))) or 'empty'}"
        raise SourceDown(message, hint="the next look tries again; see docs.x.com/status")
    if problem and not items:
        raise _failed(problem)
    counted, token = meta.get("result_count"), meta.get("next_token")
    if (isinstance(counted, int) and counted > 0 and not items) or not (token is None or _is_token(token)):
        message = "X counts posts that it does not send, or names a next page that is none"
        raise SourceDown(message, hint="the next look tries again; see docs.x.com/status")
    users = _list(_object(reply.get("includes")).get("users"))
    authors = {user["id"]: user for user in users if isinstance(user, dict) and isinstance(user.get("id"), str)}
    mentions, unreadable = [], []
    for place, item in enumerate(items, 1):
        try:
            mentions.append(_mention(item, authors, source, stream))
        except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:
            where = f"page {number}, post {place}"
            unreadable.append(Unreadable(where, _why(error), json.dumps(item)[:LONGEST_QUOTE]))
    return Page(
        tuple(mentions),
        tuple(unreadable),
        posts=len(items),
        users=len(users),
        next_token=token or None,
        notes=(f"X could not deliver all of it: {problem}",) if problem else (),
    )


def _is_token(value: object) -> bool:
    return isinstance(value, str) and value.isascii()


def total(reply: Mapping[str, Any]) -> int:
    """Read how many posts a counts reply counts.

    Raises:
        SourceDown: it does not say, or says that it could not count.
    """
    if problem := _first_error(reply):
        raise _failed(problem)
    meta = _object(reply.get("meta"))
    for name in ("total_post_count", "total_tweet_count"):
        if isinstance(meta.get(name), int):
            return int(meta[name])
    buckets = [_object(bucket) for bucket in _list(reply.get("data"))]
    if not buckets:
        message = "X sent counts without a total"
        raise SourceDown(message)
    return sum(_count(bucket, "post_count", "tweet_count") for bucket in buckets)


def _failed(problem: str) -> SourceDown:
    # X sends some failures with status 200; without posts they look like nobody having written.
    return SourceDown(f"X could not deliver it: {problem}", hint="the next look tries again; see docs.x.com/status")


class _Odd(ValueError):
    """What is wrong with a post, in our words."""


def _why(error: Exception) -> str:
    # Python's own messages repeat the value; what a user wrote belongs into the quote alone, which is not stored.
    if isinstance(error, _Odd):
        return str(error)
    return f"no {error.args[0]!r} in it" if isinstance(error, KeyError) else "not of the shape of a post"


def _mention(item: Mapping[str, Any], authors: Mapping[str, Mapping[str, Any]], source: str, stream: str) -> Mention:
    post_id = item["id"]
    if not (isinstance(post_id, str) and post_id.isascii() and post_id.isdecimal() and len(post_id) <= LONGEST_ID):
        message = "what stands as its id is no post id"
        raise _Odd(message)
    note = _object(item.get("note_post") or item.get("note_tweet"))
    metrics = _object(item.get("public_metrics"))
    author = item.get("author_id")
    details = authors.get(author, {}) if isinstance(author, str) else {}
    followers = _object(details.get("public_metrics")).get("followers_count")
    return Mention(
        id=post_id,
        created_at=_time(item["created_at"]) if "created_at" in item else written_at(int(post_id)),
        text=_text(note.get("text") or item["text"]),
        source=source,
        stream=stream,
        author=author if isinstance(author, str) else "",
        lang=_language(item.get("lang")),
        url=f"https://x.com/i/web/status/{post_id}",
        likes=_count(metrics, "like_count"),
        reposts=_count(metrics, "repost_count", "retweet_count"),
        conversation=item["conversation_id"] if isinstance(item.get("conversation_id"), str) else "",
        author_created_at=_time(details["created_at"]) if isinstance(details.get("created_at"), str) else None,
        author_followers=followers if isinstance(followers, int) else None,
        labels={"kind": _kind(item)},
    )


def _kind(item: Mapping[str, Any]) -> str:
    references = _list(item.get("referenced_posts") or item.get("referenced_tweets"))
    types = {_object(reference).get("type") for reference in references}
    return next((kind for name, kind in _KINDS if name in types), "post")


def _text(text: str) -> str:
    # X escapes &, < and > once. A lone surrogate is legal JSON but can be neither stored nor printed.
    return html.unescape(text).encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _language(tag: object) -> str:
    primary = tag.lower().split("-")[0] if isinstance(tag, str) else ""
    return "" if primary in _NO_LANGUAGE else _OLD_LANGUAGE_CODES.get(primary, primary)


def _time(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        message = "a time in it is not RFC 3339"
        raise _Odd(message) from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _count(values: Mapping[str, Any], *names: str) -> int:
    return next((values[name] for name in names if isinstance(values.get(name), int)), 0)


def _first_error(reply: Mapping[str, Any]) -> str:
    for error in map(_object, _list(reply.get("errors"))):
        text = error.get("detail") or error.get("message") or error.get("title")
        if isinstance(text, str):
            return one_line(text)
    return "an error it does not explain" if reply.get("errors") else ""


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def gone(reply: dict[str, Any], asked: Collection[str]) -> tuple[frozenset[str], int]:
    """Return which posts X says may not be shown any more, and how many it returned.

    Deleted is ``resource-not-found``; hidden, suspended or made private is ``not-authorized-for-resource``. Both must be
    forgotten (X Developer Policy, "Content compliance"). Anything else that is wrong with a post says nothing of it.
    """
    errors = reply.get("errors")
    listed = errors if isinstance(errors, list) else []
    found = {
        str(each.get("resource_id"))
        for each in listed
        if isinstance(each, dict) and str(each.get("type")).rpartition("/")[2] in GONE
    }
    data = reply.get("data")
    return frozenset(found & set(asked)), len(data) if isinstance(data, list) else 0

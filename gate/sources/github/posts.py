"""From an issue, a comment or a discussion to a mention."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gate.model import Mention
from gate.polling import Odd, moment, native_id, plain_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

STAFF = frozenset({"OWNER", "MEMBER", "COLLABORATOR"})
_OTHERS_WORDS = frozenset({"blockquote", "pre"})
"""Quotes of others, and listings and logs, which say nothing of a mood."""


def issue(item: Mapping[str, Any], *, staff: bool) -> Mention | None:
    """Read an issue; None for a pull request, a machine's, or the staff's."""
    if "pull_request" in item or not _wanted(item, staff=staff):
        return None
    repository = _repository(item["repository_url"])
    return Mention(
        id=f"issue-{native_id(item['id'])}",
        created_at=moment(item["created_at"]),
        text=f"{item['title']}\n{_words(item)}".strip(),
        author=_author(item),
        url=item["html_url"],
        likes=_likes(item),
        conversation=f"{repository}#{item['number']}",
        labels={"repository": repository},
    )


def comment(item: Mapping[str, Any], *, staff: bool) -> Mention | None:
    """Read a comment on an issue; None for one on a pull request, a machine's, or the staff's."""
    if "/pull/" in item["html_url"] or not _wanted(item, staff=staff):
        return None
    repository, _, number = _repository(item["issue_url"]).rpartition("/issues/")
    return Mention(
        id=f"comment-{native_id(item['id'])}",
        created_at=moment(item["created_at"]),
        text=_words(item),
        author=_author(item),
        url=item["html_url"],
        likes=_likes(item),
        conversation=f"{repository}#{number}",
        labels={"repository": repository},
    )


def talk(discussion: Mapping[str, Any], repository: str) -> Iterator[dict[str, Any]]:
    """Take a discussion apart: it, the comments on it and the replies to these, each with where it belongs."""
    place = {"conversation": f"{repository}#{discussion.get('number')}", "repository": repository}
    yield {**discussion, **place}
    for each in _nodes(discussion, "comments"):
        yield {**each, **place}
        yield from ({**reply, **place} for reply in _nodes(each, "replies"))


def contribution(item: Mapping[str, Any], *, staff: bool) -> Mention | None:
    """Read a discussion or a comment on one, as GraphQL gives it; None for a machine's or the staff's."""
    author = item.get("author") or {}
    if author.get("__typename") == "Bot" or (item.get("authorAssociation") in STAFF and not staff):
        return None
    made = author.get("createdAt")
    return Mention(
        id=item["id"],
        created_at=moment(item["createdAt"]),
        text=f"{item.get('title', '')}\n{plain_text(item['bodyHTML'], without=_OTHERS_WORDS)}".strip(),
        author=str(author.get("databaseId") or author.get("login") or ""),
        url=item["url"],
        likes=item.get("upvoteCount") or 0,
        conversation=item["conversation"],
        author_created_at=moment(made) if made else None,
        labels={"repository": item["repository"]},
    )


def oldest(items: list[Any], name: str = "created_at") -> datetime | None:
    """Return the earliest time among items, wanted or not; None if no item has one."""
    times = []
    for item in items:
        try:
            times.append(moment(item[name]))
        except (Odd, TypeError, KeyError):  # whoever reads the item will say what is wrong with it
            continue
    return min(times, default=None)


def _nodes(item: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    return [each for each in ((item.get(name) or {}).get("nodes") or ()) if isinstance(each, dict)]


def _wanted(item: Mapping[str, Any], *, staff: bool) -> bool:
    machine = (item.get("user") or {}).get("type") == "Bot"
    return not machine and (staff or item.get("author_association") not in STAFF)


def _words(item: Mapping[str, Any]) -> str:
    html = item.get("body_html") or item.get("body") or ""
    return plain_text(html, without=_OTHERS_WORDS)


def _author(item: Mapping[str, Any]) -> str:
    return str((item.get("user") or {}).get("id") or "")


def _likes(item: Mapping[str, Any]) -> int:
    return int((item.get("reactions") or {}).get("+1") or 0)


def _repository(address: str) -> str:
    return address.rpartition("/repos/")[2]

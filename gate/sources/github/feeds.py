"""What is read page by page: the issues of a repository, the comments on them, its discussions, a search."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from gate.errors import SourceDown, SourceRefused
from gate.http import RateLimited, one_line
from gate.polling import Page
from gate.sources.github.posts import comment, contribution, issue, oldest, talk

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from gate.http import Client
    from gate.model import Mention
    from gate.polling import Stretch

PAGE_SIZE = 100
DISCUSSIONS, COMMENTS, REPLIES = 25, 50, 10
_WRITER = "author{__typename login ...on User{databaseId createdAt}} authorAssociation"
_SAID = f"id createdAt bodyHTML url upvoteCount {_WRITER}"
_DISCUSSIONS = f"""
query($owner:String!,$name:String!,$after:String){{
  repository(owner:$owner,name:$name){{
    discussions(first:{DISCUSSIONS},after:$after,orderBy:{{field:UPDATED_AT,direction:DESC}}){{
      pageInfo{{hasNextPage endCursor}}
      nodes{{
        number title updatedAt {_SAID}
        comments(last:{COMMENTS}){{
          pageInfo{{hasPreviousPage}}
          nodes{{ {_SAID} replies(last:{REPLIES}){{pageInfo{{hasPreviousPage}} nodes{{ {_SAID} }}}} }}
        }}
      }}
    }}
  }}
}}"""
_REFUSED = {"NOT_FOUND", "FORBIDDEN", "INSUFFICIENT_SCOPES", "SAML_FAILURE"}


class Feed(Protocol):
    """One list of posts, newest first."""

    def page(self, stretch: Stretch, place: str | None) -> Page:
        """Read the page at ``place`` (None for the first); its ``next`` is None once the stretch is read."""


@dataclass(frozen=True, slots=True)
class Listing:
    """Issues of a repository, or comments on them, by the REST API."""

    client: Client
    path: str
    read: Callable[[Any], Mention | None]

    @classmethod
    def issues(cls, client: Client, repository: str, *, staff: bool) -> Listing:
        """List the issues, closed ones too."""
        path = f"/repos/{repository}/issues?state=all&sort=created&direction=desc&per_page={PAGE_SIZE}"
        return cls(client, path, partial(issue, staff=staff))

    @classmethod
    def comments(cls, client: Client, repository: str, *, staff: bool) -> Listing:
        """List the comments."""
        path = f"/repos/{repository}/issues/comments?sort=created&direction=desc&per_page={PAGE_SIZE}"
        return cls(client, path, partial(comment, staff=staff))

    def page(self, stretch: Stretch, place: str | None) -> Page:
        """Read a page. The address is the same each poll, without ``since``, so that an unchanged one costs nothing."""
        reply = self.client.get(place or self.path, remember=place is None)
        items = reply.json_list()
        first = oldest(items)
        over = first is not None and first < stretch.since
        return Page.of(items, self.read, next=None if over else reply.link("next"))


@dataclass(frozen=True, slots=True)
class Search:
    """Issues that a search finds. Its pages end at 1,000 hits, so each page here is the first of a shorter stretch."""

    client: Client
    query: str
    staff: bool

    def page(self, stretch: Stretch, place: str | None) -> Page:
        """Read the newest issues up to ``place``; those of that second come once more, because some may be left."""
        until = place or _seconds(stretch.until + timedelta(seconds=1))
        words = f"{self.query} is:issue created:{_seconds(stretch.since)}..{until}"
        query = {"q": words, "sort": "created", "order": "desc", "per_page": PAGE_SIZE}
        reply = self.client.get("/search/issues", query)
        items, answer = reply.json_list("items"), reply.json_object()
        if answer.get("incomplete_results"):
            message = "GitHub's search ran out of time and found only a part"
            raise SourceDown(message, hint="ask for less in query, e.g. by repositories; the next look tries again")
        first, total = oldest(items), answer["total_count"]
        if total > 0 and not items:
            message = f"GitHub's search counts {total:,} issues and shows none of them"
            raise SourceDown(message, hint="the next look tries again; see whether its API has changed")
        more = first is not None and total > len(items)
        return Page.of(items, partial(issue, staff=self.staff), next=_seconds(first) if more and first else None)


@dataclass(frozen=True, slots=True)
class Discussions:
    """Discussions of a repository, with comments and replies, by GraphQL, those first where something was said last."""

    client: Client
    repository: str
    staff: bool

    def page(self, stretch: Stretch, place: str | None) -> Page:
        """Read a page of discussions, as far as anything was said in them since the stretch began."""
        owner, _, name = self.repository.partition("/")
        asked = {"query": _DISCUSSIONS, "variables": {"owner": owner, "name": name, "after": place}}
        address = self.client.base_url.removesuffix("/v3") + "/graphql"
        reply = self.client.post(address, json=asked, again=True)
        answer = reply.json_object()
        if answer.get("errors"):
            raise _fault(answer["errors"])
        found = reply.json_list("data", "repository", "discussions", "nodes")
        about = answer["data"]["repository"]["discussions"]["pageInfo"]
        following = about["endCursor"] if about["hasNextPage"] else None
        first = oldest(found, "updatedAt")
        over = first is not None and first < stretch.since
        items = [each for discussion in found for each in _apart(discussion, self.repository)]
        page = Page.of(items, partial(contribution, staff=self.staff), next=None if over else following)
        return replace(page, lost="; ".join(_left_out(found, stretch)))


def _apart(discussion: Any, repository: str) -> list[Any]:  # noqa: ANN401  # any JSON
    return list(talk(discussion, repository)) if isinstance(discussion, dict) else [discussion]


def _left_out(found: list[Any], stretch: Stretch) -> list[str]:
    notes = []
    for each in found:
        comments = each.get("comments") or {} if isinstance(each, dict) else {}
        if _cut(comments, stretch):
            notes.append(f"of discussion #{each.get('number')} only the newest {COMMENTS} comments are read")
        asides = [said.get("replies") or {} for said in comments.get("nodes") or () if isinstance(said, dict)]
        if any(_cut(replies, stretch) for replies in asides):
            notes.append(f"of discussion #{each.get('number')} only the newest {REPLIES} replies to a comment are read")
    return notes


def _cut(said: Mapping[str, Any], stretch: Stretch) -> bool:
    """Say whether some of the stretch may lie before the oldest that is shown."""
    first = oldest(said.get("nodes") or [], "createdAt")
    return bool((said.get("pageInfo") or {}).get("hasPreviousPage") and first and first >= stretch.since)


def _fault(errors: Any) -> SourceDown | SourceRefused:  # noqa: ANN401  # any JSON
    """Return the error for what GraphQL answers with status 200."""
    first: Mapping[str, Any] = errors[0] if isinstance(errors, list) and isinstance(errors[0], dict) else {}
    kind, said = str(first.get("type", "")), one_line(str(first.get("message", "no reason given")))
    if kind == "RATE_LIMITED":
        return RateLimited(f"the rate limit of GitHub's GraphQL is reached: {said}", hint="look less often")
    if kind in _REFUSED:
        hint = "check repositories, and whether the token may read their discussions"
        return SourceRefused(f"GitHub does not show the discussions: {said}", hint=hint)
    return SourceDown(f"GitHub's GraphQL failed: {said}", hint="the next look tries again")


def _seconds(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

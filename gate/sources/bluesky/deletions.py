"""Which posts are gone: first those that are there, 25 at a time, then each of the others for certain."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

from gate.http.statuses import refusal
from gate.model import Gone
from gate.sources.bluesky.session import REFUSALS, WHO, said

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gate.ports import Clock
    from gate.sources.bluesky.session import Session

AT_ONCE = 25
"""Posts in one request, by the lexicon of ``app.bsky.feed.getPosts``."""
TIMEOUT = timedelta(seconds=60)
POSTS, RECORD = "app.bsky.feed.getPosts", "com.atproto.repo.getRecord"
_URI = re.compile(r"at://(did:[a-z]+:[A-Za-z0-9._:%-]+)/([A-Za-z0-9.]+)/([A-Za-z0-9._~:-]+)")
_GONE = {"RecordNotFound", "RepoNotFound", "RepoDeactivated", "RepoTakendown"}
_GONE_WORDS = ("Could not locate record", "Could not find repo")
"""What servers say that do not name the error."""


def gone(session: Session, ids: Sequence[str], clock: Clock) -> Gone:
    """Ask for the posts; one that is not among those shown is asked for by itself, as it may only be hidden from us.

    Raises:
        SourceRefused: Bluesky says no.
        SourceDown: no proper answer.
    """
    client = session.client.start(TIMEOUT)
    asked = [uri for uri in ids if _URI.fullmatch(uri)]
    lost, unanswered = set[str](), len(ids) - len(asked)
    for start in range(0, len(asked), AT_ONCE):
        some = asked[start : start + AT_ONCE]
        shown = session.get(POSTS, {"uris": some}).json_list("posts")
        there = {post.get("uri") for post in shown if isinstance(post, dict)}
        for uri in some:
            if uri not in there:
                known = _is_gone(session, uri, clock)
                lost |= {uri} if known else set()
                unanswered += known is None
    return Gone(frozenset(lost), unanswered, client.spent())


def _is_gone(session: Session, uri: str, clock: Clock) -> bool | None:
    repo, collection, key = uri.removeprefix("at://").split("/")
    reply = session.answer(RECORD, {"repo": repo, "collection": collection, "rkey": key})
    if reply.status not in REFUSALS:
        return False
    error, message = said(reply)
    if error in _GONE or message.startswith(_GONE_WORDS):
        return True
    if error == "InvalidRequest":
        return None
    raise refusal(reply.status, reply.headers, reply.content, who=WHO, now=clock.now(), hints={})

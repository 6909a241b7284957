"""Which statuses are gone: each is asked for where it was written, one by one, as the API knows no other certain way."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

from gate.errors import SourceDown
from gate.http import RateLimited
from gate.model import Cost, Gone

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gate.http import Client
    from gate.ports import Clock

_URI = re.compile(r"https?://([^/]+)/(?:.+/)?statuses/([A-Za-z0-9]{1,40})")
_GONE = (404, 410)
LONGEST_REST = timedelta(minutes=5)
"""A server lets itself be asked 300 times in so long, and a rate limit that ends by then is waited for."""
TIMEOUT = timedelta(seconds=15)


def gone(clients: Mapping[str, Client], ids: Sequence[str], clock: Clock) -> Gone:
    """Ask each post's own server, if it is one of ours: what another server has of it may be a copy, or missing.

    Args:
        clients: of the servers in the policy, by host.
        ids: URIs of statuses.
        clock: on which a rate limit is waited for.

    Raises:
        SourceRefused: a server says no.
        SourceDown: a server gave no proper answer, or its rate limit holds for long.
    """
    lost, unanswered, cost = set[str](), 0, Cost()
    for uri in ids:
        found = _URI.fullmatch(uri)
        client = clients.get(found[1]) if found else None
        if client is None or found is None:
            unanswered += 1
            continue
        there = _is_there(client, found[2], clock)
        cost += client.spent()
        if there is False:
            lost.add(uri)
        unanswered += there is None
    return Gone(frozenset(lost), unanswered, cost)


def _is_there(client: Client, status_id: str, clock: Clock) -> bool | None:
    path = f"/api/v1/statuses/{status_id}"
    try:
        reply = client.start(TIMEOUT).get(path, accept=_GONE)
    except RateLimited as limit:
        rest = limit.until - clock.now() if limit.until else None
        if rest is None or rest > LONGEST_REST:
            raise
        clock.wait(rest)
        reply = client.start(TIMEOUT).get(path, accept=_GONE)
    try:
        said = reply.json_object()
    except SourceDown:
        if reply.status in _GONE:
            return None  # a page of HTML: not the API says so, but something in front of it
        raise
    if reply.status not in _GONE:
        return True
    return False if isinstance(said.get("error"), str) else None

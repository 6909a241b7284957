"""Looks posts up by their ids: which of them are gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gate.model import Cost, Gone
from gate.sources.x import posts
from gate.sources.x.options import READ_USD

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

    from gate.sources.x.client import Client

AT_ONCE = 100
"""Ids in one request."""


def gone(client: Client, ids: Sequence[str], timeout: timedelta) -> Gone:
    """Ask for the posts, 100 at a time; X bills those that are still there.

    Raises:
        SourceRefused: as for ``Client.lookup``.
        SourceDown: as for ``Client.lookup``.
    """
    lost, there, cost = set[str](), 0, Cost()
    for start in range(0, len(ids), AT_ONCE):
        client.give(timeout)
        some = ids[start : start + AT_ONCE]
        deleted, found = posts.gone(client.lookup(some), some)
        lost |= deleted
        there += found
        cost += Cost(requests=1, reads=found, usd=found * READ_USD)
    return Gone(frozenset(lost), unanswered=len(ids) - len(lost) - there, cost=cost)

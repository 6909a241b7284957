"""Asks every server named, and tells one post that several of them show from two."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import reduce
from operator import add
from typing import TYPE_CHECKING

from gate.errors import SourceDown, SourceFault, SourceRefused
from gate.model import Cost, Fetch
from gate.polling.cursor import Cursor
from gate.sources.mastodon import deletions
from gate.sources.mastodon.server import Server

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gate.model import Check, Gone, Mention, Request
    from gate.ports import SourceContext
    from gate.sources.mastodon.options import Options


class Source:
    """One server or several, each with a cursor of its own."""

    def __init__(self, options: Options, context: SourceContext) -> None:
        """Prepare; nothing is asked before the first poll."""
        self._clock = context.clock
        self._servers = [Server(address, options, context) for address in options.addresses]
        self._refused: dict[str, SourceRefused] = {}

    def fetch(self, request: Request) -> Fetch:
        """Return what is new on the servers in the asked period; one that cannot be read leaves it incomplete.

        Raises:
            SourceRefused: every server says no.
            SourceDown: nothing could be had this time.
        """
        cursors = _cursors(request.cursor)
        deadline = self._clock.now() + request.timeout
        fetches: dict[str, Fetch] = {}
        faults: dict[str, SourceFault] = dict(self._refused)
        waiting = [server for server in self._servers if server.host not in faults]
        for number, server in enumerate(waiting):
            share = (deadline - self._clock.now()) / (len(waiting) - number)
            try:
                fetches[server.host] = server.fetch(
                    replace(request, cursor=cursors.get(server.host), timeout=share)
                )  # fmt: skip
            except (SourceRefused, SourceDown) as fault:
                faults[server.host] = fault
        if not fetches:
            raise next((fault for fault in faults.values() if not fault.permanent), next(iter(faults.values())))
        # Who refuses is not asked again, while others answer.
        self._refused = {host: fault for host, fault in faults.items() if isinstance(fault, SourceRefused)}
        return self._merged(fetches, faults, cursors)

    def check(self) -> Sequence[Check]:
        """Ask each server once."""
        return [check for server in self._servers for check in server.check()]

    def gone(self, ids: Sequence[str]) -> Gone:
        """Ask the servers which of their own posts are gone; of others' posts nothing is known. Raises as ``fetch`` does."""
        return deletions.gone({server.host: server.client for server in self._servers}, ids, self._clock)

    def close(self) -> None:
        """Close the connections."""
        for server in self._servers:
            server.close()

    def _merged(
        self, fetches: Mapping[str, Fetch], faults: Mapping[str, SourceFault], cursors: Mapping[str, str]
    ) -> Fetch:
        several = len(self._servers) > 1
        reasons = [f"{host}: {fault.message}" for host, fault in faults.items()]
        reasons += [
            f"{host}: {each.reason}" if several else each.reason for host, each in fetches.items() if each.reason
        ]
        reached = {host: fetch.cursor for host, fetch in fetches.items() if fetch.cursor}
        settled = [fetch.settled_until for fetch in fetches.values() if fetch.settled_until]
        return Fetch(
            _each_once(fetches, cursors),
            cursor=json.dumps({**cursors, **reached}, sort_keys=True),
            complete=not reasons,
            reason="; ".join(reasons),
            permanent=not faults and all(fetch.permanent for fetch in fetches.values()),
            cost=reduce(add, (fetch.cost for fetch in fetches.values()), Cost()),
            unreadable=tuple(
                replace(odd, where=f"{host}, {odd.where}")
                for host, fetch in fetches.items()
                for odd in fetch.unreadable
            ),
            notes=tuple(dict.fromkeys(note for fetch in fetches.values() for note in fetch.notes)),
            settled_until=min(settled, default=None),
        )


def _each_once(fetches: Mapping[str, Fetch], cursors: Mapping[str, str]) -> tuple[Mention, ...]:
    """Return the mentions by time, without those another server showed in this poll or a little before it."""
    before = {host: Cursor.load(text, host) for host, text in cursors.items()}
    found: dict[str, Mention] = {}
    for host, fetch in fetches.items():
        for mention in fetch.mentions:
            if not any(cursor.knows(mention) for other, cursor in before.items() if other != host):
                found.setdefault(mention.id, mention)
    return tuple(sorted(found.values(), key=lambda mention: (mention.created_at, mention.id)))


def _cursors(text: str | None) -> dict[str, str]:
    """Return the cursor of each server.

    Raises:
        SourceRefused: it is not ours.
    """
    if text is None:
        return {}
    try:
        found = json.loads(text)
        if all(isinstance(each, str) for pair in found.items() for each in pair):
            return dict(found)
    except (AttributeError, ValueError):
        pass
    message = "the stored place in the posts of Mastodon cannot be read"
    raise SourceRefused(message, hint="it was written by another version; start a new run")

"""The file that a policy names for its baseline: read once, and heard by every release that is compared with it."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, replace
from datetime import timedelta
from operator import attrgetter
from typing import TYPE_CHECKING

from gate.errors import SourceDown, SourceRefused
from gate.listening import Listener
from gate.model import Fetch, Period, Request

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from gate.model import Check, Mention, Release

PATIENCE = timedelta(days=1)
"""How long reading may take: nothing else is waited for, and no later poll goes on with it."""
_WRITTEN_AT = attrgetter("created_at")


@dataclass(frozen=True, slots=True)
class BaselineFile:
    """What a source had from before any of the releases, by time; or why it had nothing."""

    name: str
    told: Fetch | SourceRefused | SourceDown

    @classmethod
    def read(cls, listener: Listener, since: datetime, until: datetime) -> BaselineFile:
        """Read what was written from ``since`` until before ``until``: that much is held in memory."""
        try:
            told = listener.source.fetch(Request(since, until, None, PATIENCE, Period.BASELINE))
        except (SourceRefused, SourceDown) as fault:
            return cls(listener.name, fault)
        return cls(listener.name, replace(told, mentions=tuple(sorted(told.mentions, key=_WRITTEN_AT))))

    def listener(self, release: Release) -> Listener:
        """Return it as what the live gate hears before this release."""
        return Listener(self.name, required=True, source=_Part(self.told, release.stream))


class _Part:
    """What of the file a release is compared with, as a source."""

    def __init__(self, told: Fetch | SourceRefused | SourceDown, stream: str) -> None:
        self._told = told
        self._stream = stream

    def fetch(self, request: Request) -> Fetch:
        """Return the mentions of the period, once.

        Raises:
            SourceRefused: the file could not be read.
            SourceDown: nor could it be, for now.
        """
        told = self._told
        if not isinstance(told, Fetch):
            # Anew each time: an exception that is raised again and again grows a traceback of all times.
            raise type(told)(told.message, hint=told.hint, quote=told.quote)
        if request.cursor:
            return replace(told, mentions=(), cursor=request.cursor, notes=())
        start, end = (bisect_left(told.mentions, at, key=_WRITTEN_AT) for at in (request.since, request.until))
        mine: Sequence[Mention] = told.mentions[start:end]
        if self._stream:
            mine = [each for each in mine if each.stream == self._stream]
        return replace(told, mentions=tuple(mine), cursor="all")

    def check(self) -> list[Check]:
        """Nothing to try."""
        return []

    def close(self) -> None:
        """Nothing to close."""

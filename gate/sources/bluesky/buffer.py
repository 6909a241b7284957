"""What the stream brought and nobody took yet, shared by the thread that reads and the one that polls."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Condition
from typing import TYPE_CHECKING, Any

from gate.polling import Page
from gate.polling.cursor import short
from gate.sources.bluesky.posts import COLLECTION, mention_of_event, uri_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from threading import Event

    from gate.model import Mention, Unreadable

MOST = 10_000
"""Posts kept; with more the stream is left, and entered again where it was left once there is room."""
REMEMBERED = 60_000_000
"""Microseconds for which a post is known again: connections overlap by less."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What was in it."""

    mentions: tuple[Mention, ...]
    unreadable: tuple[Unreadable, ...]
    deleted: tuple[str, ...]
    """Ids of mentions taken before, since deleted by their authors."""
    at: int
    """From here on the stream must be read to have all that was not taken, in microseconds since 1970."""
    seen: tuple[str, ...]
    """Hashes of what was met shortly before that."""


class Buffer:
    """Posts that are wanted, in the order they came; each once."""

    def __init__(
        self, wanted: Callable[[Mapping[str, Any]], bool], at: int, seen: tuple[str, ...] = (), *, most: int = MOST
    ) -> None:
        """Start empty.

        Args:
            wanted: says of a post's record whether it is meant.
            at: where to begin, in microseconds since 1970.
            seen: hashes of posts that are not wanted again.
            most: posts it holds.
        """
        self.changed = Condition()
        self.at = at
        """Time of the last event that was read."""
        self._wanted = wanted
        self._most = most
        self._seen = dict.fromkeys(seen, at)
        self._waiting: dict[str, tuple[int, Mention]] = {}
        self._unreadable: list[Unreadable] = []
        self._taken: dict[str, None] = {}
        self._deleted: list[str] = []

    @property
    def full(self) -> bool:
        """Say whether it holds no more."""
        return len(self._waiting) + len(self._unreadable) >= self._most

    @property
    def reached(self) -> datetime:
        """Return the time of the last event that was read."""
        return datetime.fromtimestamp(self.at / 1_000_000, UTC)

    def await_room(self, over: Event) -> None:
        """Wait until somebody takes what is in it, or all is over."""
        with self.changed:
            self.changed.notify_all()
            self.changed.wait_for(lambda: over.is_set() or not self.full)

    def take_in(self, text: str | bytes) -> int | None:
        """Take in one event, and return its time in microseconds; None for what is no event."""
        try:
            event = json.loads(text)
            at = event["time_us"]
            with self.changed:
                self._sort_in(event, at)
                self.at = max(self.at, at)
        except (KeyError, RecursionError, TypeError, ValueError):
            return None
        return int(at)

    def take(self, until: datetime) -> Taken:
        """Hand over what was written before that time, and keep the rest."""
        with self.changed:
            ready = {uri: each for uri, each in self._waiting.items() if each[1].created_at < until}
            for uri in ready:
                del self._waiting[uri]
            self._taken |= dict.fromkeys(ready)
            # What stays must be read again by whoever goes on from here in another process.
            at = min([self.at, *(moment - 1 for moment, _ in self._waiting.values())])
            self._seen = {key: moment for key, moment in self._seen.items() if moment >= self.at - REMEMBERED}
            kept = {short(uri) for uri in self._waiting}
            taken = Taken(
                tuple(mention for _, mention in ready.values()),
                tuple(self._unreadable),
                tuple(self._deleted),
                at,
                tuple(key for key in self._seen if key not in kept),
            )
            self._unreadable, self._deleted = [], []
            self.changed.notify_all()
        return taken

    def _sort_in(self, event: Mapping[str, Any], at: int) -> None:
        commit, account = event.get("commit"), event.get("account")
        if isinstance(account, dict) and account.get("status") == "deleted":
            self._forget(lambda uri: uri.startswith(f"at://{event['did']}/"))
        if not isinstance(commit, dict) or commit.get("collection") != COLLECTION:
            return
        uri = uri_of(event)
        if commit.get("operation") == "delete":
            self._forget(lambda each: each == uri)
        elif commit.get("operation") == "create" and short(uri) not in self._seen and self._means(commit):
            self._seen[short(uri)] = at
            page = Page.of([event], mention_of_event)
            self._waiting |= {mention.id: (at, mention) for mention in page.mentions}
            self._unreadable += page.unreadable

    def _means(self, commit: Mapping[str, Any]) -> bool:
        try:
            return self._wanted(commit["record"])
        except (AttributeError, KeyError, TypeError):
            return False  # of another shape than a post: nothing says that it was meant

    def _forget(self, gone: Callable[[str], bool]) -> None:
        self._waiting = {uri: each for uri, each in self._waiting.items() if not gone(uri)}
        for uri in [uri for uri in self._taken if gone(uri)]:
            del self._taken[uri]
            self._deleted.append(uri)

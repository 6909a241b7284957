"""Small real stand-ins that tests share: a clock that tests own, a source that is a list."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from gate.model import Fetch, Mention, Period, Release, Score, Scored
from gate.store import NewOrder

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from gate.model import Check, Request
    from gate.store import Store

DEPLOY = datetime(2026, 3, 10, 14, 0, tzinfo=UTC)


class ManualClock:
    """Time that moves only when somebody waits, or when the test says so."""

    def __init__(self, now: datetime = DEPLOY) -> None:
        """Start at ``now``."""
        self.time = now
        self.on_wait: Callable[[datetime], None] = lambda _now: None

    def now(self) -> datetime:
        """Return the manual time."""
        return self.time

    def wait(self, duration: timedelta) -> None:
        """Move on at once."""
        self.time += max(duration, timedelta(0))
        self.on_wait(self.time)


@dataclass
class ListSource:
    """Delivers the mentions it was given, each once per period, as far as the clock has come."""

    mentions: list[Mention]
    faults: list[Exception] = field(default_factory=list)
    """Raised by the next polls, first one first."""
    polls: list[Request] = field(default_factory=list)
    partial: Callable[[Request], str] = lambda _request: ""
    """Why a poll is not complete; empty when it is."""

    def fetch(self, request: Request) -> Fetch:
        """Return what lies in the period and was not returned under the same cursor."""
        self.polls.append(request)
        if self.faults:
            raise self.faults.pop(0)
        start = int(request.cursor or 0)
        in_time = sorted(self.mentions, key=lambda m: m.created_at)
        found = [(i, m) for i, m in enumerate(in_time) if i >= start and request.since <= m.created_at < request.until]
        reason = self.partial(request)
        cursor = str(found[-1][0] + 1) if found else request.cursor
        return Fetch(tuple(m for _, m in found), cursor=cursor, complete=not reason, reason=reason)

    def check(self) -> list[Check]:
        """Nothing to check."""
        return []

    def close(self) -> None:
        """Nothing to close."""


class WordScorer:
    """Reads "bad" as negative and "good" as positive: enough to steer a run."""

    def score(self, texts: Sequence[str]) -> list[Score | None]:
        """Score by the two words; nothing in a blank text."""
        return [self._one(text) if text.strip() else None for text in texts]

    def languages(self) -> frozenset[str]:
        """Any language."""
        return frozenset()

    def _one(self, text: str) -> Score:
        mood = ("good" in text) - ("bad" in text)
        return Score(negative=0.5 - 0.4 * mood, score=0.8 * mood)


def calls(function: Callable[[str], object], text: str) -> int:
    """Count the calls and returns made while the function reads the text: work without a clock."""
    count = 0

    def counting(_frame: object, _event: str, _argument: object) -> None:
        nonlocal count
        count += 1

    sys.setprofile(counting)
    try:
        function(text)
    finally:
        sys.setprofile(None)
    return count


def mention(number: int, at: datetime, text: str = "fine", **fields: object) -> Mention:
    """Build a mention by an author of its own."""
    values: dict[str, object] = {"author": f"author-{number}", "source": "list", "lang": "en", **fields}
    return Mention(id=f"m{number}", created_at=at, text=text, **values)  # type: ignore[arg-type]


def scored(number: int, negative: float, period: Period = Period.POST, **fields: object) -> Scored:
    """Build a scored mention by an author of its own."""
    values: dict[str, object] = {"author": f"a{number}", "source": "list", "score": 1 - 2 * negative, **fields}
    return Scored(id=f"m{number}", created_at=DEPLOY, period=period, negative=negative, **values)  # type: ignore[arg-type]


def release(length: timedelta = timedelta(minutes=45), before: timedelta = timedelta(days=1)) -> Release:
    """Build a release deployed at ``DEPLOY``."""
    return Release("#brimly", DEPLOY, DEPLOY - before, DEPLOY, DEPLOY + length)


def ordered(store: Store, labels: Mapping[str, str] | None = None, of: Release | None = None) -> str:
    """Begin a durable run that no worker takes up, and return its id."""
    new = NewOrder("ci", "", "", "version: 1", "gate.yml", None)
    return store.order(new, of or release(), {}, dry_run=False, labels=labels or {}, versions={})

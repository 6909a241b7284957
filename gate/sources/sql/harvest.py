"""What one poll takes from a result: the first mentions that are due, however many rows there are."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any

from gate.model import Unreadable
from gate.sources.sql.cursor import short

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from gate.model import Mention
    from gate.records import MentionReader
    from gate.sources.sql.rows import Layout

_CLOCK_EVERY = 200  # rows
_QUOTE = 80


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a poll is after."""

    since: datetime
    until: datetime
    stream: str
    seen: frozenset[str]
    """Short hashes of rows that were delivered before."""
    most: int
    in_order: bool = False
    """Whether the query orders its rows by time, so that none behind the last one taken is due."""


class _Place:
    """An entry of a heap whose top is the last in order, so that it is the one to go."""

    __slots__ = ("mention", "number")

    def __init__(self, mention: Mention, number: int) -> None:
        self.mention, self.number = mention, number

    def __lt__(self, other: _Place) -> bool:
        return (other.mention.created_at, other.number) < (self.mention.created_at, self.number)


@dataclass
class Harvest:
    """Fills while the rows run by; holds no more than ``wanted.most`` mentions."""

    wanted: Wanted
    reader: MentionReader
    unreadable: list[Unreadable] = field(default_factory=list)
    odd: set[str] = field(default_factory=set)
    """Short hashes of the rows that could not be read, those seen before among them."""
    met: dict[str, datetime] = field(default_factory=dict)
    """Short hashes and times of mentions that were delivered before."""
    more: bool = False
    """Whether there were more mentions than the poll may deliver."""
    finished: bool = True
    """Whether the last row was reached in time."""
    whole: bool = True
    """Whether every row was looked at."""
    ordered: bool = True
    """Whether the rows came in order of time."""
    first_time: tuple[object, datetime] | None = None
    """A time as the table has it, and as it was read."""
    newest: datetime | None = None
    """Time of the newest row that could be read; None if none could."""
    _heap: list[_Place] = field(default_factory=list)
    _last: datetime | None = None
    _numbers: Iterator[int] = field(default_factory=count)

    def take(self, rows: Iterator[tuple[Any, ...]], layout: Layout, over: Callable[[], bool]) -> None:
        """Read the rows until they end, or the time is over."""
        for row in rows:
            number = next(self._numbers)
            self._take(number, layout.fields(row))
            if self.more and self.ordered and self.wanted.in_order:
                self.whole = False
                return
            if number % _CLOCK_EVERY == _CLOCK_EVERY - 1 and over():
                self.finished = self.whole = False
                return

    def mentions(self) -> tuple[Mention, ...]:
        """Return what was taken, in order."""
        return tuple(place.mention for place in sorted(self._heap, reverse=True))

    def _take(self, number: int, fields: dict[str, object]) -> None:
        try:
            mention = self.reader.read(fields)
        except ValueError as error:
            self._refuse(number, fields, str(error))
            return
        self.newest = max(self.newest or mention.created_at, mention.created_at)
        self.first_time = self.first_time or (fields["created_at"], mention.created_at)
        wanted = self.wanted
        self.ordered = self.ordered and (self._last is None or self._last <= mention.created_at)
        self._last = mention.created_at
        if not wanted.since <= mention.created_at < wanted.until or wanted.stream not in {"", mention.stream}:
            return
        if (mark := short(mention.id)) in wanted.seen:
            self.met[mark] = mention.created_at
            return
        heapq.heappush(self._heap, _Place(mention, number))
        if len(self._heap) > wanted.most:
            heapq.heappop(self._heap)
            self.more = True

    def _refuse(self, number: int, fields: dict[str, object], why: str) -> None:
        mark = short(repr(sorted(fields.items(), key=lambda item: item[0])))
        if len(self.odd) >= self.wanted.most:
            return
        self.odd.add(mark)
        if mark in self.wanted.seen:
            return
        self.unreadable.append(Unreadable(f"row {number + 1}", why, _quote(fields)))


def _quote(fields: dict[str, object]) -> str:
    said = str(fields.get("text") or fields.get("id") or "")[:_QUOTE]
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in said)

"""Reads a file of mentions poll by poll: each mention once, in time order, and only what is new.

A file need not be in time order, and a recorded one reaches far beyond what is asked for now. So
a poll has delivered exactly the mentions that stood before its byte position *and* were written
before its ``until``; both stand in the cursor, and the next poll owes the rest. What was met on
the way and is not due yet is kept aside, up to a limit; past the limit the file is read again.
"""

from __future__ import annotations

import hashlib
import json
import time
from bisect import bisect_left
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from gate.sources.file.opening import CUT_OFF, Stamp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gate.model import Mention, Request
    from gate.records import MentionReader
    from gate.sources.file.lines import Record

AHEAD = 20_000
"""Mentions kept aside because they are not due yet; some 20 MB."""

_NEVER = datetime.max.replace(tzinfo=UTC)
_EVER = datetime.min.replace(tzinfo=UTC)
_CLOCK_EVERY = 500  # records; a poll overruns its timeout by a few milliseconds at most


@dataclass(frozen=True, slots=True)
class Place:
    """How far a file was read, and how to know this place again."""

    position: int = 0
    """Bytes, in the uncompressed file."""
    line: int = 1
    """Number of the next line."""
    tail: int = 0
    """How many bytes before ``position`` the fingerprint covers."""
    fingerprint: str = ""

    @classmethod
    def behind(cls, record: Record) -> Place:
        """Return the place behind a record."""
        return cls(record.end, record.next_line, len(record.tail), _fingerprint(record.tail))

    def still_in(self, handle: BinaryIO) -> bool:
        """Return whether the file still holds, before this place, what it held then."""
        if not self.position:
            return True
        try:
            handle.seek(self.position - self.tail)
            return _fingerprint(handle.read(self.tail)) == self.fingerprint
        except CUT_OFF:
            return False


@dataclass(frozen=True, slots=True)
class Cursor:
    """What one poll hands to the next of the same period."""

    place: Place
    stamp: Stamp
    until: datetime
    """Everything before ``place`` that was written before this has been delivered."""
    ahead: bool
    """Whether what stands before ``place`` must be read again: something in it is still owed, or none was a mention."""
    lost: str = ""
    """What was missed when a followed file was replaced; stays true for the rest of the period."""

    def encode(self) -> str:
        """Return it as text."""
        return json.dumps(
            {
                "place": asdict(self.place),
                "stamp": list(self.stamp),
                "until": self.until.isoformat(),
                "ahead": self.ahead,
                "lost": self.lost,
            }
        )

    @classmethod
    def decode(cls, text: str) -> Cursor:
        """Read what ``encode`` wrote."""
        found = json.loads(text)
        return cls(
            Place(**found["place"]),
            Stamp(*found["stamp"]),
            datetime.fromisoformat(found["until"]),
            found["ahead"],
            found["lost"],
        )


class _Entry(NamedTuple):
    created_at: datetime
    position: int
    mention: Mention


class Batch(NamedTuple):
    """What reading on brought."""

    mentions: tuple[Mention, ...]
    finished: bool
    """Whether the end of the file was reached in time."""


class Reading:
    """One pass through a file, and what it has set aside: due from ``low`` on, complete up to ``high``."""

    def __init__(self, reader: MentionReader, place: Place, low: datetime, stream: str = "") -> None:
        """Start at ``place``, where nothing before it is owed that was written before ``low``."""
        self._reader = reader
        self._stream = stream
        self._whole = not place.position
        self.place = place
        self._low = low
        self._high = _NEVER
        self._ahead: list[_Entry] = []
        self.stamp: Stamp | None = None
        """Of the file when its end was reached; None before."""
        self.mentions = 0
        """Records that were mentions, whether asked for or not."""
        self._unreadable = 0
        self._first = _NEVER
        self._last = _EVER
        self.cut_off = False
        """Whether the file ended in the middle of its packing."""

    @property
    def ahead(self) -> bool:
        """Whether mentions that were met may still be owed."""
        return bool(self._ahead) or self._high < _NEVER

    @property
    def useless(self) -> bool:
        """Whether the file holds something, and no mention."""
        return self._whole and bool(self._unreadable) and not self.mentions

    def span(self) -> tuple[datetime, datetime] | None:
        """Return the times of the file's first and last mention; None where it has none or was read in part."""
        return (self._first, self._last) if self._whole and self.stamp and self.mentions else None

    @property
    def zoneless(self) -> int:
        """How many times carried no zone so far."""
        return self._reader.times.zoneless

    def serves(self, request: Request, done: Cursor | None) -> bool:
        """Return whether everything the request is owed is set aside or still to be read."""
        owed_from = request.since
        if done is not None and done.place.position == self.place.position:
            owed_from = max(owed_from, done.until)
        return self._low <= owed_from and request.until <= self._high

    def read_on(
        self,
        records: Iterator[Record],
        request: Request,
        done: Cursor | None,
        unreadable: Callable[[Record, str], None],
    ) -> Batch:
        """Read the records that follow, and return what is due now; the rest is set aside.

        Args:
            records: From ``place`` on.
            request: The period and the time allowed.
            done: What earlier polls of this period have delivered.
            unreadable: Told of every record that is no mention.
        """
        # The file is real even when the gate's clock is a recorded one.
        deadline = time.monotonic() + request.timeout.total_seconds()
        # Below `old` a poll cannot be cut short: what it has delivered could not be said in one cursor.
        old = 0 if done is None else done.place.position
        finished = True
        due = self._take_due(request)
        last: Record | None = None
        try:
            for count, record in enumerate(records, start=1):
                last = record
                self._take(record, request, due, unreadable)
                if count % _CLOCK_EVERY == 0 and record.end > old and time.monotonic() >= deadline:
                    finished = False
                    break
        except CUT_OFF:
            self.cut_off = True
        if last is not None:
            self.place = Place.behind(last)
        self._ahead.sort()
        self._low = max(self._low, request.until)
        due.sort()
        owed_from = request.since if done is None else done.until
        mentions = tuple(e.mention for e in due if e.position > old or e.created_at >= owed_from)
        return Batch(mentions, finished)

    def _take_due(self, request: Request) -> list[_Entry]:
        reached = bisect_left(self._ahead, request.until, key=lambda entry: entry.created_at)
        due = [entry for entry in self._ahead[:reached] if entry.created_at >= request.since]
        del self._ahead[:reached]
        return due

    def _take(
        self, record: Record, request: Request, due: list[_Entry], unreadable: Callable[[Record, str], None]
    ) -> None:
        if record.fault or not record.fields:
            if record.fault:
                self._unreadable += 1
                unreadable(record, record.fault)
            return
        try:
            mention = self._reader.read(record.fields)
        except ValueError as error:
            self._unreadable += 1
            unreadable(record, str(error))
            return
        self.mentions += 1
        created_at = mention.created_at
        self._first = min(self._first, created_at)
        self._last = max(self._last, created_at)
        if created_at < request.since or created_at >= self._high or self._stream not in {"", mention.stream}:
            return
        if created_at < request.until:
            due.append(_Entry(created_at, record.end, mention))
            return
        self._ahead.append(_Entry(created_at, record.end, mention))
        if len(self._ahead) > 2 * AHEAD:
            self._ahead.sort()
            self._high = self._ahead[AHEAD].created_at
            del self._ahead[bisect_left(self._ahead, self._high, key=lambda entry: entry.created_at) :]


def _fingerprint(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=8).hexdigest()

"""Mentions recorded in a file: JSON Lines (``.jsonl``, ``.jsonl.gz``), CSV and TSV, also while it grows.

One mention a line; ``id``, ``created_at`` (RFC 3339 or epoch) and ``text`` are needed, ``source``,
``stream``, ``author``, ``lang``, ``url``, ``version``, ``rating``, ``likes``, ``reposts``,
``conversation``, ``author_created_at``, ``author_followers`` and ``labels`` are read where present.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from gate.errors import SourceFault, SourceRefused
from gate.model import Check, Fetch, Unreadable
from gate.ports import About
from gate.records import MentionReader, zone
from gate.sources.file.delimited import delimited
from gate.sources.file.inspection import Inspection
from gate.sources.file.json_lines import json_lines
from gate.sources.file.lines import harmless
from gate.sources.file.opening import is_delimited, opened
from gate.sources.file.options import Options
from gate.sources.file.reading import Cursor, Place, Reading

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager

    from gate.model import Mention, Request
    from gate.ports import SourceContext
    from gate.sources.file.lines import Record
    from gate.sources.file.opening import Opened, Stamp

ABOUT = About(
    channel="a file of mentions: exports, logs, surveys, what another tool collects",
    auth="none; the process must be able to read the file",
    cost="nothing",
    delay="none; a file that grows is read on at each look",
    limits="none; a gigabyte is read in pieces",
    stored="what the policy keeps of any mention",
    terms="those of where the file comes from",
)
UNCOUNTED = "a file is yours and its lines are not counted, so no budget could stop it"
"""Why this source takes no ``budget``."""

__all__ = ["ABOUT", "UNCOUNTED", "Options", "Source"]

_QUOTE = 80


class Source:
    """Reads one file, poll by poll."""

    def __init__(self, options: Options, context: SourceContext) -> None:
        """Remember where the file is; it is opened at each poll and never kept open."""
        self._options = options
        self._context = context
        self._path = context.folder / Path(options.path).expanduser()
        self._reading: Reading | None = None
        self._told: _Known | None = None
        self._misdated: set[datetime] = set()

    def fetch(self, request: Request) -> Fetch:
        """Return the mentions written in the asked period that this period has not had yet.

        Raises:
            SourceRefused: no such file, not a file of mentions, or (with ``bad_lines: refuse``) a line that is none.
            SourceDown: the disk did not answer, or a followed file is not there yet.
        """
        done = Cursor.decode(request.cursor) if request.cursor else None
        # A clock that was set back asks for less than was delivered; the next poll goes on from there.
        if done is not None and request.until < done.until:
            return Fetch((), cursor=request.cursor)
        reading, self._reading = self._reading, None  # put back below: a failed poll must not leave half a pass
        lost, notes = "" if done is None else done.lost, []
        with self._opened() as file:
            if (place := self._replaced(done, reading, file)) is not None:
                why = f"{self._options.path} was replaced or cut after it was read up to line {place.line - 1:,}"
                notes.append(f"{why}; it was read again from its beginning")
                lost = f"{why}; what the old file held after that was not seen" if self._options.follow else ""
                done = reading = self._told = None
            if reading is None or not reading.serves(request, done):
                reading = self._begin(request, done)
            poll = self._poll(file, request, done, reading)
        self._reading = reading
        told = Place() if self._told is None else self._told.place
        self._told = _Known(file.stamp, max(told, reading.place, key=lambda place: place.position))
        # A new process would take a file without one mention for one that was read: it looks again.
        again = reading.ahead or reading.useless
        reason = lost or self._shortfall(poll, reading) or self._staleness(request, file.stamp)
        return Fetch(
            poll.mentions,
            cursor=Cursor(reading.place, file.stamp, request.until, again, lost).encode(),
            complete=not reason,
            reason=reason,
            unreadable=tuple(poll.unreadable),
            notes=(*notes, *poll.notes, *self._misdating(request, reading)),
        )

    def check(self) -> Sequence[Check]:
        """Read the file once (a long one in part) and say what is in it."""
        found = Inspection(self._options.path, self._reader())
        try:
            with self._opened() as file:
                found.read(self._records(file, Place()))
        except SourceFault as fault:
            detail = f"{fault.message}: {fault.quote}" if fault.quote else fault.message
            return [Check(f"file {self._options.path}", ok=False, detail=detail, fix=fault.hint)]
        return found.checks(self._context.stream, skip=self._options.bad_lines == "skip")

    def close(self) -> None:
        """Forget what was set aside."""
        self._reading = self._told = None

    def _poll(self, file: Opened, request: Request, done: Cursor | None, reading: Reading) -> _Poll:
        path = self._options.path
        # A file is read again where too much was set aside, and for each period: what was told stays told.
        told = max(0 if known is None else known.place.position for known in (done, self._told))
        old = 0 if done is None else done.place.position
        unreadable: list[Unreadable] = []

        def tell(record: Record, why: str) -> None:
            if self._options.bad_lines == "refuse":
                raise _refusal(path, record, why)
            if record.end > told:
                unreadable.append(Unreadable(f"{path}:{record.line}", why, _quote(record)))

        said_before, zoneless = reading.place.position < old, reading.zoneless
        if reading.stamp == file.stamp:
            records: Iterator[Record] = iter(())
        else:
            reading.cut_off = False
            records = self._records(file, reading.place)
        batch = reading.read_on(records, request, done, tell)
        reading.stamp = file.stamp if batch.finished else None
        notes = []
        if (count := reading.zoneless - zoneless) and not said_before:
            notes.append(f"{count:,} times in {path} carry no time zone; read as {self._options.timezone}")
        return _Poll(batch.mentions, unreadable, notes, batch.finished)

    def _shortfall(self, poll: _Poll, reading: Reading) -> str:
        path, line = self._options.path, reading.place.line - 1
        if reading.cut_off:
            return f"{path} is cut off or damaged after line {line:,}: its gzip packing does not end"
        if not poll.finished:
            return f"{path} was read up to line {line:,} in the time a poll may take; the next poll goes on there"
        if reading.useless:
            return f"not one line of {path} could be read as a mention"
        return ""

    def _staleness(self, request: Request, stamp: Stamp) -> str:
        """Say since when nothing was written; a period that is over is not stale because time went by since."""
        if (allowed := self._options.stale_after) is None:
            return ""
        written = datetime.fromtimestamp(stamp.modified / 1e9, UTC)
        if min(request.until, self._context.clock.now()) - written <= allowed:
            return ""
        return f"nothing was written to {self._options.path} since {written:%Y-%m-%d %H:%M:%S} UTC (stale_after)"

    def _misdating(self, request: Request, reading: Reading) -> list[str]:
        """Say once a period that the file has nothing from that time at all: the deploy time may be wrong."""
        if (span := reading.span()) is None or request.since in self._misdated:
            return []
        first, last = span
        # What comes after the last mention of a file that is followed is just not written yet.
        if first < request.until and (request.since <= last or self._options.follow):
            return []
        self._misdated.add(request.since)
        there = f"the mentions in {self._options.path} are from {first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} UTC"
        asked = f"the asked period is {request.since:%Y-%m-%d %H:%M} to {request.until:%Y-%m-%d %H:%M} UTC"
        return [f"{there}; {asked}"]

    def _opened(self) -> AbstractContextManager[Opened]:
        return opened(self._path, self._options.path, may_come=self._options.follow)

    def _replaced(self, done: Cursor | None, reading: Reading | None, file: Opened) -> Place | None:
        """Return how far the file was read that is no longer this one; None if it is, grown or not."""
        seen = [(known.stamp, known.place) for known in (done, reading, self._told) if known is not None]
        for stamp, place in seen:
            if stamp == file.stamp:
                continue
            # A log that is rotated gets a new inode; so may a file that is written anew, but that loses nothing.
            rotated = self._options.follow and stamp is not None and stamp.inode != file.stamp.inode
            if rotated or not place.still_in(file.handle):
                return place
        return None

    def _begin(self, request: Request, done: Cursor | None) -> Reading:
        if done is not None and not done.ahead:
            return Reading(self._reader(), done.place, done.until, self._context.stream)
        return Reading(self._reader(), Place(), request.since, self._context.stream)

    def _reader(self) -> MentionReader:
        assumed = None if self._options.timezone is None else zone(self._options.timezone)
        return MentionReader(self._context.name, assumed, make_ids=is_delimited(self._options.path))

    def _records(self, file: Opened, place: Place) -> Iterator[Record]:
        path, growing = self._options.path, self._options.follow
        if is_delimited(path):
            mapping = self._options.columns
            return delimited(file.handle, place.position, place.line, path=path, mapping=mapping, growing=growing)
        return json_lines(file.handle, place.position, place.line, growing=growing)


class _Known(NamedTuple):
    """How far unreadable lines were told, of whatever period."""

    stamp: Stamp
    place: Place


class _Poll(NamedTuple):
    mentions: tuple[Mention, ...]
    unreadable: list[Unreadable]
    notes: list[str]
    finished: bool


def _refusal(path: str, record: Record, why: str) -> SourceRefused:
    hint = "mend the line, or set `bad_lines: skip` to count such lines and go on"
    return SourceRefused(f"{path}:{record.line}: {why}", hint=hint, quote=_quote(record))


def _quote(record: Record) -> str:
    return harmless(record.raw[: 4 * _QUOTE].decode(errors="replace").strip()[:_QUOTE])

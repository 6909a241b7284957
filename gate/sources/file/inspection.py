"""Says what is in a file of mentions, for ``gate doctor``."""

from __future__ import annotations

from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING

from gate.decide.words import mentions
from gate.model import Check, Cost, Rate
from gate.sources.file.opening import CUT_OFF

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from gate.records import MentionReader
    from gate.sources.file.lines import Record

_AT_MOST = 200_000
"""Records; some two seconds. A doctor may not read for minutes."""


class Inspection:
    """Counts what is in the file."""

    def __init__(self, shown: str, reader: MentionReader) -> None:
        """Take the file's name as the user gave it, and the reader with the source's options."""
        self._what = f"file {shown}"
        self._shown = shown
        self._reader = reader
        self._streams: set[str] = set()
        self._mentions = self._bad = 0
        self._first_bad = self._end = ""
        self._first: datetime | None = None
        self._last: datetime | None = None

    def read(self, records: Iterator[Record]) -> None:
        """Go through the records of the whole file, or the first 200,000 of them.

        Raises:
            SourceRefused: not a file of mentions at all.
        """
        try:
            for record in islice(records, _AT_MOST):
                self._count(record)
            if next(records, None) is not None:
                self._end = f" (in the first {_AT_MOST:,} lines)"
        except CUT_OFF:
            self._end = " (the file is cut off there)"

    def checks(self, stream: str, *, skip: bool) -> list[Check]:
        """Return what was found; ``stream`` is the only one that counts, ``skip`` the policy's word on bad lines."""
        whole = "cut off" not in self._end
        checks = [
            Check(
                self._what,
                ok=whole and self._mentions > 0,
                detail=self._content(),
                rate=None if stream else self._rate(),
                fix="" if whole and self._mentions else "look at what writes the file: it is empty or unfinished",
            )
        ]
        if self._bad:
            detail = f"{self._bad:,} {'line is no mention' if self._bad == 1 else 'lines are no mentions'}; the first is {self._first_bad}"
            checks.append(Check(self._what, ok=skip, detail=detail, fix="mend them, or set `bad_lines: skip`"))
        if count := self._reader.times.zoneless:
            checks.append(
                Check(
                    self._what,
                    ok=True,
                    detail=f"{count:,} {'time carries' if count == 1 else 'times carry'} no zone; `timezone:` is used",
                )
            )
        if stream and self._mentions and stream not in self._streams:
            known = ", ".join(sorted(self._streams - {""})[:5]) or "none"
            detail = f"no mention is of the stream {stream!r}; streams in it: {known}"
            checks.append(Check(self._what, ok=False, detail=detail, fix="correct the release's `stream`"))
        return checks

    def _rate(self) -> Rate | None:
        if not (self._first and self._last and self._last > self._first):
            return None
        return Rate(self._mentions / ((self._last - self._first) / timedelta(hours=1)), look=Cost(), free=True)

    def _count(self, record: Record) -> None:
        if not record.fields and not record.fault:
            return
        if record.fault:
            self._count_bad(record, record.fault)
            return
        try:
            mention = self._reader.read(record.fields)
        except ValueError as error:
            self._count_bad(record, str(error))
            return
        self._mentions += 1
        self._streams.add(mention.stream)
        self._first = min(self._first or mention.created_at, mention.created_at)
        self._last = max(self._last or mention.created_at, mention.created_at)

    def _count_bad(self, record: Record, why: str) -> None:
        self._bad += 1
        self._first_bad = self._first_bad or f"{self._shown}:{record.line}: {why}"

    def _content(self) -> str:
        if self._first is None or self._last is None:
            return f"no mentions{self._end}"
        return f"{mentions(self._mentions)}, {self._first:%Y-%m-%d %H:%M} to {self._last:%Y-%m-%d %H:%M} UTC{self._end}"

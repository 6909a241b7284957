"""A run told from its log: when the gate looked, what it saw, why it decided."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from gate.report import safe
from gate.report.glyphs import fit
from gate.report.telling import Sources, tell, time_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime

    from gate.report.telling import Event

LONGEST = 1000
"""Columns of one line."""
INDENT = " " * 10
"""Width of a time and two blanks."""


class Entry(NamedTuple):
    """One event, told."""

    kind: str
    at: datetime
    lines: tuple[str, ...]
    """The first says it, the others add to it; each is safe to print."""


def story(events: Iterable[Event], encoding: str = "utf-8") -> list[str]:
    """Return lines that read from top to bottom, each safe to print in that encoding.

    Nothing is left out: an event of an unknown kind is told by its fields, one that cannot be read says so.
    """
    teller = Teller(encoding)
    return [line for event in events for line in teller.lines(event)]


class Teller:
    """Tells a story as it happens: what is said of an event may lean on those before it."""

    def __init__(self, encoding: str = "utf-8") -> None:
        """Begin with nothing told."""
        self._encoding = encoding
        self._sources = Sources()
        self._day: date | None = None

    def lines(self, event: Event) -> list[str]:
        """Return the lines of the next event, with the day above them where it is another one."""
        entry = _entry(event, self._sources)
        first, *more = entry.lines
        told = [] if entry.at.date() == self._day else [f"{entry.at.date()} (UTC)"]
        self._day = entry.at.date()
        told += [f"{entry.at:%H:%M:%S}  {first}", *(INDENT + line for line in more)]
        return [fit(line, self._encoding) for line in told]


def entries(events: Iterable[Event]) -> list[Entry]:
    """Return the same, not yet laid out."""
    sources = Sources()
    return [_entry(event, sources) for event in events]


def _entry(event: Event, sources: Sources) -> Entry:
    return Entry(event.kind, _when(event), tuple(safe.one_line(line, LONGEST) for line in tell(event, sources)))


def _when(event: Event) -> datetime:
    """Return the time it stands for: a look over recorded mentions was made later than that."""
    verdict = event.data.get("verdict")
    decided = verdict.get("decided_at") if isinstance(verdict, dict) else None
    return time_of(event.data.get("at")) or time_of(decided) or event.at

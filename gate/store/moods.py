"""The mood of a policy over weeks, as its standing watch heard it, with every release in them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import select

from gate.canonical import rfc3339
from gate.store.listing import _COLUMNS, _line_of
from gate.store.opened import Opened
from gate.store.standing_tables import moods, watches
from gate.store.tables import orders, runs

if TYPE_CHECKING:
    from gate.store.listing import Line


@dataclass(frozen=True, slots=True)
class Mood:
    """What was written in one hour."""

    hour: datetime
    """Its beginning."""
    mentions: int
    """Kept ones: copies collapsed, whoever wrote them."""
    share: float
    """Of the negative ones, 0 … 1."""
    score: float
    """Mean mood, -1 … 1; good is high."""


@dataclass(frozen=True, slots=True)
class Moods:
    """The mood of a policy over weeks, and the releases in them."""

    name: str
    hours: tuple[Mood, ...]
    """Oldest first; an hour in which nobody wrote is not there."""
    releases: tuple[Line, ...]
    """Runs of the policy by the time of their deploys, oldest first."""


class MoodReader(Opened):
    """Reads moods."""

    def moods(self, name: str, since: datetime, until: datetime) -> Moods:
        """Return the mood of a policy by the hour, and its releases, from a time on and before another one."""
        query = select(moods).where(moods.c.name == name, moods.c.hour >= rfc3339(since), moods.c.hour < rfc3339(until))
        hours = [
            Mood(
                hour=datetime.fromisoformat(row["hour"]),
                mentions=row["mentions"],
                share=row["negative"] / row["mentions"],
                score=row["score"] / row["mentions"],
            )
            for row in self._rows(query.order_by(moods.c.hour))
        ]
        paths = select(watches.c.path).where(watches.c.name == name)
        wanted = orders.c.path.in_(paths), runs.c.deployed_at >= rfc3339(since), runs.c.deployed_at < rfc3339(until)
        found = self._rows(select(*_COLUMNS).join(orders, orders.c.run_id == runs.c.id).where(*wanted))
        lines = sorted(map(_line_of, found), key=lambda line: (line.deployed_at, line.id))
        return Moods(name, tuple(hours), tuple(lines))

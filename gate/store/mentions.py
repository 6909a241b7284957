"""What a run saw, read back: numbers and hashes, never text."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from gate.canonical import loads
from gate.model import Dropped, DropReason, Period, Scored
from gate.store.opened import Opened
from gate.store.tables import observations

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(slots=True)
class Seen:
    """The mentions of one look, in the order they counted."""

    kept: list[Scored] = field(default_factory=list)
    dropped: list[Dropped] = field(default_factory=list)


class Mentions(Opened):
    """Observations."""

    def seen(self, run_id: str) -> dict[int, Seen]:
        """Return what each look saw, by its number; 0 is the baseline. What was purged has lost its id and author."""
        query = select(observations).where(observations.c.run_id == run_id)
        found: defaultdict[int, Seen] = defaultdict(Seen)
        for row in self._rows(query.order_by(observations.c.seq, observations.c.position)):
            look = found[row["look"]]
            if row["dropped"] is None:
                look.kept.append(_kept(row))
            else:
                look.dropped.append(_dropped(row))
        return dict(found)


def _kept(row: Mapping[str, Any]) -> Scored:
    return Scored(
        id=row["mention"],
        source=row["source"],
        created_at=datetime.fromisoformat(row["created_at"]),
        period=Period(row["period"]),
        negative=row["negative"],
        score=row["score"],
        author=row["author"],
        conversation=row["conversation"],
        lang=row["lang"],
        text_hash=row["text_hash"],
        phrases=tuple(loads(row["phrases"].encode(), "observations.phrases")),
        seen_at=_time(row["seen_at"]),
    )


def _dropped(row: Mapping[str, Any]) -> Dropped:
    return Dropped(
        id=row["mention"],
        source=row["source"],
        created_at=_time(row["created_at"]),
        period=Period(row["period"]),
        reason=DropReason(row["dropped"]),
        detail=row["detail"],
        text_hash=row["text_hash"],
        seen_at=_time(row["seen_at"]),
    )


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None

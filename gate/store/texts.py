"""What people wrote, where the policy keeps it, and the mentions of a run with it.

Texts lie beside the observations: they may be forgotten at any time, and the log still verifies.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import delete, select

from gate.canonical import rfc3339
from gate.model import Period
from gate.store.opened import Opened
from gate.store.rows import storable
from gate.store.tables import events, observations, texts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.engine import Connection

    from gate.model import Scored
    from gate.store.staging import Row


@dataclass(frozen=True, slots=True)
class Said:
    """A mention that counts, as it was recorded."""

    created_at: datetime
    period: Period
    source: str
    negative: float
    score: float
    look: int
    """In which it was first seen; 0 for the baseline."""
    text: str | None = None
    """Only where the policy keeps text, and as long as it is kept."""
    url: str = ""


class Texts(Opened):
    """The part of the run log that knows what was said."""

    def said(self, run_id: str) -> list[Said]:
        """Return the mentions of a run that count, in the order they were folded; nothing for an unknown run."""
        mine = (texts.c.run_id == observations.c.run_id) & (texts.c.seq == observations.c.seq)
        mine &= texts.c.position == observations.c.position
        columns = [observations.c[name] for name in ("created_at", "period", "source", "negative", "score", "look")]
        query = select(*columns, texts.c.text, texts.c.url).join(texts, mine, isouter=True)
        query = query.where(observations.c.run_id == run_id, observations.c.dropped.is_(None))
        rows = self._rows(query.order_by(observations.c.seq, observations.c.position))
        return [
            Said(
                datetime.fromisoformat(row["created_at"]),
                Period(row["period"]),
                row["source"],
                row["negative"],
                row["score"],
                row["look"],
                row["text"],
                row["url"] or "",
            )
            for row in rows
        ]

    def forget_texts(self, before: datetime) -> int:
        """Forget what was recorded before that time was written, and return how many texts went.

        Scores, times and hashes stay: see ``forget`` for those.
        """
        old = select(events.c.seq).where(
            events.c.run_id == texts.c.run_id, events.c.seq == texts.c.seq, events.c.at < rfc3339(before)
        )
        with self._writing() as connection:
            return connection.execute(delete(texts).where(old.exists())).rowcount


def texts_of(run_id: str, seq: int, kept: Iterable[Scored]) -> list[Row]:
    """Return what was said as rows; the place among the kept is that of the observation."""
    return [
        (run_id, seq, position, storable(mention.text), storable(mention.url or ""))
        for position, mention in enumerate(kept)
        if mention.text is not None
    ]


def forget_text(connection: Connection, run_id: str, seq: int, position: int) -> None:
    """Forget what one mention said, within the caller's transaction."""
    mine = (texts.c.run_id == run_id) & (texts.c.seq == seq) & (texts.c.position == position)
    connection.execute(delete(texts).where(mine))

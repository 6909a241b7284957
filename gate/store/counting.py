"""Numbers of the whole run log, for those who watch the service."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from gate.canonical import rfc3339
from gate.store.opened import Opened
from gate.store.rows import State
from gate.store.tables import orders, outbox, runs

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Counts:
    """How many there are of what."""

    states: Mapping[str, int]
    """Runs by state."""
    verdicts: Mapping[tuple[str, str], int]
    """Runs that ended, by outcome and decision."""
    overdue: int
    """Runs under way whose look was due before the time asked about."""
    deliveries: Mapping[str, int]
    """Messages to callers by state."""


class Counting(Opened):
    """Counts of rows; each reads a whole table, so ask once a minute and not more."""

    def counts(self, due_before: datetime) -> Counts:
        """Return them; ``due_before`` says from when on a look that is due is late."""
        states = self._rows(select(runs.c.state, func.count().label("n")).group_by(runs.c.state))
        ended = select(runs.c.outcome, runs.c.decision, func.count().label("n")).where(runs.c.outcome.is_not(None))
        late = (
            select(func.count().label("n"))
            .select_from(orders.join(runs, runs.c.id == orders.c.run_id))
            .where((runs.c.state == State.RUNNING.value) & (orders.c.next_at < rfc3339(due_before)))
        )
        deliveries = self._rows(select(outbox.c.state, func.count().label("n")).group_by(outbox.c.state))
        return Counts(
            states={row["state"]: row["n"] for row in states},
            verdicts={
                (row["outcome"], row["decision"] or ""): row["n"]
                for row in self._rows(ended.group_by(runs.c.outcome, runs.c.decision))
            },
            overdue=self._rows(late)[0]["n"],
            deliveries={row["state"]: row["n"] for row in deliveries},
        )

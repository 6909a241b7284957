"""What callers are still to be told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, update

from gate.canonical import rfc3339
from gate.store.actions import waiting
from gate.store.append import head_of
from gate.store.ending import DELIVERED, EXPIRED, PENDING
from gate.store.opened import Opened
from gate.store.rows import storable
from gate.store.tables import orders, outbox

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message to a caller. Whatever happens, its id always stands for the same body."""

    run_id: str
    version: int
    url: str
    secret: str
    """Reference of the key that signs it; empty for none."""
    body: bytes
    created_at: datetime
    deadline: datetime
    state: str
    """``pending``, ``delivered``, ``expired`` or ``replaced`` (by a newer version)."""
    attempts: int
    next_at: datetime
    fault: str
    """Why the latest attempt failed."""
    ended_at: datetime | None

    @property
    def id(self) -> str:
        """What the receiver tells doubles by."""
        return f"{self.run_id}.{self.version}"


class Outbox(Opened):
    """Messages to callers: what was promised in the same transaction as the verdict."""

    def deliveries(self, run_id: str) -> list[Delivery]:
        """Return every message about a run, oldest first."""
        query = select(outbox).where(outbox.c.run_id == run_id).order_by(outbox.c.version)
        return [_delivery_of(row) for row in self._rows(query)]

    def delivered(self, delivery: Delivery) -> None:
        """Record that the caller has it."""
        self._mark(delivery, DELIVERED)

    def expired(self, delivery: Delivery, fault: str) -> None:
        """Record that the caller could not be told in time."""
        self._mark(delivery, EXPIRED, fault)

    def postpone(self, delivery: Delivery, fault: str, next_at: datetime) -> None:
        """Record that an attempt failed, and when to make the next."""
        values = {"attempts": delivery.attempts + 1, "fault": storable(fault), "next_at": rfc3339(next_at)}
        with self._writing() as connection:
            connection.execute(update(outbox).where(_is(delivery)).values(values))

    def close_order(self, run_id: str) -> bool:
        """Say that all is done for a run; False if there is something new to tell or to do."""
        with self._writing() as connection:
            head_of(connection, run_id)  # Whoever overrides the verdict now waits, and finds the order closed.
            untold = select(outbox.c.version).where((outbox.c.run_id == run_id) & (outbox.c.state == PENDING))
            if connection.execute(untold).first() or waiting(connection, run_id):
                return False
            done = update(orders).where(orders.c.run_id == run_id).values(closed=True, attention=None)
            connection.execute(done)
            return True

    def _mark(self, delivery: Delivery, state: str, fault: str = "") -> None:
        values = {
            "state": state,
            "attempts": delivery.attempts + 1,
            "fault": storable(fault),
            "ended_at": rfc3339(self._clock.now()),
        }
        with self._writing() as connection:
            connection.execute(update(outbox).where(_is(delivery)).values(values))


def _is(delivery: Delivery) -> Any:  # noqa: ANN401 - SQLAlchemy's expressions
    mine = (outbox.c.run_id == delivery.run_id) & (outbox.c.version == delivery.version)
    return mine & (outbox.c.state == PENDING)


def _delivery_of(row: Mapping[str, Any]) -> Delivery:
    times = {name: datetime.fromisoformat(row[name]) for name in ("created_at", "deadline", "next_at")}
    ended_at = datetime.fromisoformat(row["ended_at"]) if row["ended_at"] else None
    return Delivery(**{**row, **times, "body": row["body"].encode(), "fault": row["fault"] or "", "ended_at": ended_at})

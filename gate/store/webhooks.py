"""What other systems asked for by webhook: taken in once, seen to by one worker at a time, until it is done with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, or_, select, update

from gate.canonical import dumps, loads, rfc3339
from gate.model import NOTHING
from gate.store.opened import Opened, upserting
from gate.store.rows import storable
from gate.store.tables import orders
from gate.store.webhook_tables import webhooks

if TYPE_CHECKING:
    from collections.abc import Mapping

AT_ONCE = 100
"""Rows that one round sees to."""


class Receipt(StrEnum):
    """What became of a delivery."""

    NEW = "new"
    AGAIN = "again"
    """The same under the same name: the sender sent it again."""
    REPLAYED = "replayed"
    """The same under another name, or something else under a known one."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """One delivery that was taken in."""

    delivery: str
    asked: Mapping[str, Any]
    received_at: datetime
    next_at: datetime | None
    """When a worker is to see to it; None once it is done with."""
    attempts: int
    """So often it went wrong since it last went well."""
    run_id: str | None
    told: Mapping[str, Any]
    """What the sender was told so far, in the words of whoever tells it."""
    fault: str
    """Why the latest attempt failed, or why there is no run."""
    sealed: str = ""
    """The token that came with it, encrypted; empty once it is done with, or if none came."""

    @property
    def done(self) -> bool:
        """Whether it is done with."""
        return self.next_at is None


class Webhooks(Opened):
    """Deliveries, and how far each has come."""

    def receive_webhook(self, delivery: str, digest: str, asked: Mapping[str, Any], sealed: str = "") -> Receipt:
        """Take a delivery in, once.

        Args:
            delivery: as the sender named it.
            digest: SHA-256 of its bytes.
            asked: what is needed of it.
            sealed: the token that came with it, encrypted. Of one that is sent again, the latest is kept.
        """
        if (known := self._known(delivery, digest)) is not None:
            if known is Receipt.AGAIN and sealed:
                self._renew(delivery, sealed)
            return known
        now = rfc3339(self._clock.now())
        row = {"delivery": delivery, "digest": digest, "asked": dumps(asked).decode(), "received_at": now,
               "next_at": now, "attempts": 0, "sealed": sealed or None}  # fmt: skip
        with self._writing() as connection:
            # The same may come twice at the same moment.
            added = connection.execute(upserting(connection, webhooks).values(row).on_conflict_do_nothing()).rowcount
        return Receipt.NEW if added else self._known(delivery, digest) or Receipt.AGAIN

    def _known(self, delivery: str, digest: str) -> Receipt | None:
        query = select(webhooks.c.delivery, webhooks.c.digest)
        found = self._rows(query.where(or_(webhooks.c.delivery == delivery, webhooks.c.digest == digest)))
        if not found:
            return None
        same = [{"delivery": delivery, "digest": digest}]
        return Receipt.AGAIN if found == same else Receipt.REPLAYED

    def _renew(self, delivery: str, sealed: str) -> None:
        with self._writing() as connection:
            connection.execute(update(webhooks).where(_open(delivery)).values(sealed=sealed))

    def due_webhooks(self, sender: str = "") -> list[Webhook]:
        """Return what a worker is to see to by now, oldest first: everything, or what names of a sender begin."""
        due = webhooks.c.next_at <= rfc3339(self._clock.now())
        due &= webhooks.c.delivery.startswith(f"{sender}:", autoescape=True) if sender else True
        rows = self._rows(select(webhooks).where(due).order_by(webhooks.c.next_at).limit(AT_ONCE))
        return [_webhook_of(row) for row in rows]

    def claim_webhook(self, webhook: Webhook, until: datetime) -> bool:
        """Be the one who sees to it until then; False if somebody else does."""
        seen = rfc3339(webhook.next_at) if webhook.next_at else None
        mine = (webhooks.c.delivery == webhook.delivery) & (webhooks.c.next_at == seen)
        with self._writing() as connection:
            claimed = update(webhooks).where(mine).values(next_at=rfc3339(until))
            return connection.execute(claimed).rowcount == 1

    def mark_webhook(
        self,
        delivery: str,
        next_at: datetime | None,
        *,
        told: Mapping[str, Any] = NOTHING,
        run_id: str | None = None,
        fault: str | None = None,
    ) -> None:
        """Record how far a delivery has come; of one that is done with, nothing changes any more.

        Args:
            delivery: which.
            next_at: when to see to it again; None once it is done with, and the token that came with it goes.
            told: what the sender was told so far, if that is something new.
            run_id: of the run that it asked for, once there is one.
            fault: what went wrong; None if nothing did, and the count of failed attempts begins anew.
        """
        values: dict[str, Any] = {"next_at": rfc3339(next_at) if next_at else None}
        values |= {"told": dumps(told).decode()} if told else {}
        values |= {"run_id": run_id} if run_id else {}
        failed = {"attempts": webhooks.c.attempts + 1, "fault": storable(fault)} if fault is not None else {}
        values |= failed or {"attempts": 0, "fault": None}
        values |= {"sealed": None} if next_at is None else {}
        with self._writing() as connection:
            connection.execute(update(webhooks).where(_open(delivery)).values(values))

    def webhook_of(self, run_id: str) -> Webhook | None:
        """Return the delivery that asked for a run; None if none did."""
        rows = self._rows(select(webhooks).where(webhooks.c.run_id == run_id))
        return _webhook_of(rows[0]) if rows else None

    def run_ordered(self, by: str, key: str) -> str | None:
        """Return the run that an idempotency key of this caller stands for, whatever was ordered with it."""
        rows = self._rows(select(orders.c.run_id).where((orders.c.started_by == by) & (orders.c.key == key)))
        return str(rows[0]["run_id"]) if rows else None

    def forget_webhooks(self, before: datetime) -> None:
        """Forget what is done with and was taken in before that time."""
        old = webhooks.c.next_at.is_(None) & (webhooks.c.received_at < rfc3339(before))
        with self._writing() as connection:
            connection.execute(delete(webhooks).where(old))


def _open(delivery: str) -> Any:  # noqa: ANN401 - SQLAlchemy's expressions
    return (webhooks.c.delivery == delivery) & webhooks.c.next_at.is_not(None)


def _webhook_of(row: Mapping[str, Any]) -> Webhook:
    return Webhook(
        delivery=row["delivery"],
        asked=loads(row["asked"].encode(), "webhooks.asked"),
        received_at=datetime.fromisoformat(row["received_at"]),
        next_at=datetime.fromisoformat(row["next_at"]) if row["next_at"] else None,
        attempts=row["attempts"],
        run_id=row["run_id"],
        told=loads(row["told"].encode(), "webhooks.told") if row["told"] else {},
        fault=row["fault"] or "",
        sealed=row["sealed"] or "",
    )

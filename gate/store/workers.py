"""Which workers there are, so that the runs of one that is gone are taken over."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import delete, select

from gate.canonical import rfc3339
from gate.store.opened import Opened, upserting
from gate.store.tables import workers

if TYPE_CHECKING:
    from collections.abc import Sequence


class Workers(Opened):
    """The list of workers."""

    def alive(self, name: str) -> None:
        """Record that a worker is at work."""
        row = {"name": name, "seen_at": rfc3339(self._clock.now())}
        with self._writing() as connection:
            connection.execute(
                upserting(connection, workers).values(row).on_conflict_do_update(index_elements=["name"], set_=row)
            )

    def workers(self) -> dict[str, datetime]:
        """Return every worker by name, and when it was last at work."""
        return {row["name"]: datetime.fromisoformat(row["seen_at"]) for row in self._rows(select(workers))}

    def forget_workers(self, names: Sequence[str]) -> int:
        """Take workers off the list; returns how many were on it still."""
        with self._writing() as connection:
            return connection.execute(delete(workers).where(workers.c.name.in_(names))).rowcount

"""Counts what was taken in a period, for all processes together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, select

from gate.canonical import rfc3339
from gate.store.access_tables import permits
from gate.store.opened import Opened, upserting
from gate.store.rows import storable

if TYPE_CHECKING:
    from datetime import datetime


class Permits(Opened):
    """So many a period, whoever asks for them."""

    def take_permits(self, key: str, until: datetime, wanted: int, limit: int) -> int:
        """Take some, and return how many there were, 0 … ``wanted``.

        Args:
            key: whose.
            until: the end of the period, in whole seconds; the same for all who count together.
            wanted: how many.
            limit: that many are there in a period.
        """
        row = {"key": storable(key), "until": rfc3339(until), "taken": wanted}
        mine = (permits.c.key == row["key"]) & (permits.c.until == row["until"])
        with self._writing() as connection:
            added = upserting(connection, permits).values(row).on_conflict_do_update(
                index_elements=["key", "until"], set_={"taken": permits.c.taken + wanted}
            )  # fmt: skip
            connection.execute(added)
            taken: int = connection.execute(select(permits.c.taken).where(mine)).scalar_one()
            if taken == wanted:  # The first of a period sweeps up behind those that are over.
                connection.execute(delete(permits).where(permits.c.until < rfc3339(self._clock.now())))
        return max(0, min(wanted, limit - (taken - wanted)))

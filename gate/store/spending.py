"""What all runs spend in a day, so that a budget of the day holds across processes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from gate.model import Cost
from gate.store.opened import Opened, upserting
from gate.store.tables import spending

if TYPE_CHECKING:
    from datetime import date


class Spending(Opened):
    """The ledger of paid reads: one row a day and account."""

    def spent(self, account: str, day: date) -> Cost:
        """Return what all runs spent at an account on that day (UTC)."""
        mine = (spending.c.day == day.isoformat()) & (spending.c.account == account)
        for row in self._rows(select(spending).where(mine)):
            return Cost(row["requests"], row["reads"], row["usd"])
        return Cost()

    def spend(self, account: str, day: date, cost: Cost) -> None:
        """Add to it.

        Raises:
            StoreFault: the database fails.
        """
        added = {"requests": cost.requests, "reads": cost.reads, "usd": cost.usd}
        sums = {name: spending.c[name] + value for name, value in added.items()}
        with self._writing() as connection:
            # One statement, so that two processes cannot both find no row.
            row = upserting(connection, spending).values(day=day.isoformat(), account=account, **added)
            connection.execute(row.on_conflict_do_update(index_elements=["day", "account"], set_=sums))

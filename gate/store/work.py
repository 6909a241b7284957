"""Durable runs as workers see them: what is to be taken up, when to look, and what was already seen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select, update

from gate.canonical import rfc3339
from gate.errors import KeyReused, NoSuchRun, StoreFault
from gate.store.append import head_of
from gate.store.ending import conclude
from gate.store.entries import Entries, baseline_entry, look_entry
from gate.store.rows import State, storable
from gate.store.staging import bring
from gate.store.starting import order_row, start_of
from gate.store.tables import journal, orders, runs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.engine import Connection

    from gate.model import Coverage, Dropped, Look, Release, Scored
    from gate.store.append import Head
    from gate.store.starting import NewOrder


@dataclass(frozen=True, slots=True)
class Assignment:
    """A durable run, as far as whoever watches it must know."""

    run_id: str
    state: State
    policy: str
    """The effective policy, as frozen when the run began: canonical JSON."""
    path: str
    release: str
    deployed_at: datetime
    window_to: datetime
    looks: int
    """Looks recorded so far, the baseline included."""
    next_at: datetime
    """When the next one is due."""
    attention: str | None


@dataclass(frozen=True, slots=True)
class Step:
    """What makes a look durable."""

    number: int
    """Of the look; 0 for the baseline."""
    entries: bytes
    """What it was given: for the journal."""
    next_at: datetime
    """When the next look is due."""
    instead: bool = False
    """Whether ``entries`` stand for those of all looks before it, too."""
    closes: datetime | None = None
    """Of a last look, the end of the window that it knew: where somebody extended it meanwhile, the look does not count."""


@dataclass(frozen=True, slots=True)
class Call:
    """A run that wants a worker's attention."""

    run_id: str
    generation: int
    what: str
    """``start`` or ``wake``."""


class Work(Entries):
    """Orders and journals."""

    def ordered(self, by: str, key: str, fingerprint: str) -> str | None:
        """Return the run that this caller's idempotency key stands for.

        Raises:
            KeyReused: it stands for another order.
        """
        mine = (orders.c.started_by == by) & (orders.c.key == key)
        for row in self._rows(select(orders.c.run_id, orders.c.fingerprint).where(mine)):
            if row["fingerprint"] != fingerprint:
                message = f"the idempotency key {key[:40]!r} stands for another order already: run {row['run_id']}"
                raise KeyReused(message, hint="use another key for another order")
            return str(row["run_id"])
        return None

    def order(
        self,
        new: NewOrder,
        release: Release,
        policy: object,
        *,
        dry_run: bool,
        labels: Mapping[str, str],
        versions: Mapping[str, str],
    ) -> str:
        """Begin a durable run and return its id; the earlier run's for a key that was used before.

        Raises:
            KeyReused: the key stands for another order.
        """
        now = self._clock.now()
        start = start_of(now, release, policy, dry_run=dry_run, named=labels, versions=versions)
        rows = {**start.rows, orders: [order_row(new, start.run_id, now)]}
        try:
            with self._bringing(rows) as connection:
                bring(connection, rows)
        except StoreFault:
            # Perhaps somebody else sent the same order at the same moment.
            if known := self.ordered(storable(new.by), storable(new.key), new.fingerprint):
                return known
            raise
        return start.run_id

    def calls(self) -> list[Call]:
        """Return the runs that want attention."""
        query = select(orders.c.run_id, orders.c.generation, orders.c.attention.label("what"))
        return [Call(**row) for row in self._rows(query.where(orders.c.attention.is_not(None)))]

    def open_orders(self) -> list[Call]:
        """Return the runs that are not done with, whoever watches them."""
        query = select(orders.c.run_id, orders.c.generation).where(orders.c.closed.is_(False))
        return [Call(**row, what="start") for row in self._rows(query)]

    def answered(self, call: Call) -> None:
        """Say that a call was heard; one that came meanwhile stays."""
        same = (orders.c.run_id == call.run_id) & (orders.c.generation == call.generation)
        with self._writing() as connection:
            connection.execute(update(orders).where(same & (orders.c.attention == call.what)).values(attention=None))

    def hush(self, run_id: str) -> None:
        """Say that whoever watches the run has looked up."""
        woken = (orders.c.run_id == run_id) & (orders.c.attention == "wake")
        with self._writing() as connection:
            connection.execute(update(orders).where(woken).values(attention=None))

    def assignment(self, run_id: str) -> Assignment:
        """Return what to do about a run.

        Raises:
            NoSuchRun: it is none of the durable ones.
        """
        of_run = (runs.c.state, runs.c.policy, runs.c.release, runs.c.deployed_at, runs.c.window_to)
        of_order = (orders.c.run_id, orders.c.path, orders.c.looks, orders.c.next_at, orders.c.attention)
        query = select(*of_order, *of_run).join(runs, runs.c.id == orders.c.run_id).where(orders.c.run_id == run_id)
        for row in self._rows(query):
            times = {name: datetime.fromisoformat(row[name]) for name in ("deployed_at", "window_to", "next_at")}
            return Assignment(**{**row, **times, "state": State(row["state"])})
        message = f"there is no durable run {run_id!r}"
        raise NoSuchRun(message, hint="gate runs lists them")

    def policy_text(self, run_id: str) -> str:
        """Return the policy as the caller gave it; empty where nobody ordered the run."""
        rows = self._rows(select(orders.c.policy).where(orders.c.run_id == run_id))
        return str(rows[0]["policy"]) if rows else ""

    def journal(self, run_id: str, looks: int) -> list[bytes]:
        """Return what the first ``looks`` looks were given, oldest first, and not what another worker adds meanwhile."""
        mine = (journal.c.run_id == run_id) & (journal.c.look < looks)
        return [row["entries"] for row in self._rows(select(journal.c.entries).where(mine).order_by(journal.c.look))]

    def record_baseline(
        self,
        run_id: str,
        kept: Sequence[Scored],
        dropped: Sequence[Dropped],
        coverage: Sequence[Coverage],
        notes: Sequence[str],
        *,
        step: Step,
    ) -> bool:
        """Record what was said before the deploy; see ``record_look``."""
        now = self._clock.now()
        make = partial(baseline_entry, run_id, kept, dropped, {"coverage": coverage, "notes": notes})
        with self._adding(run_id, make) as adding:
            head = _record(adding.connection, run_id, step)
            if head is None:
                return False
            adding.append(now, head)
            return True

    def record_look(self, run_id: str, look: Look, *, step: Step) -> bool:
        """Record a look and what it was given; with the last one, that the run is over and who is to be told.

        Returns:
            Whether it was recorded: not if the run is over or was extended, or somebody else made this look.

        Raises:
            StoreFault: the database fails; nothing of it was recorded.
        """
        now = self._clock.now()
        with self._adding(run_id, partial(look_entry, run_id, look)) as adding:
            head = _record(adding.connection, run_id, step)
            if head is None:
                return False
            adding.append(now, head)
            if look.verdict.outcome.final:
                conclude(adding.connection, now, run_id, "verdict", {"verdict": look.verdict})
            return True

    def again(self, call: Call) -> None:
        """Have a run taken up by another workflow."""
        same = (orders.c.run_id == call.run_id) & (orders.c.generation == call.generation)
        values = {"generation": call.generation + 1, "attention": "start"}
        with self._writing() as connection:
            connection.execute(update(orders).where(same & orders.c.closed.is_(False)).values(values))


def _record(connection: Connection, run_id: str, step: Step) -> Head | None:
    """Take the place of a look; None if the run is over already, or somebody else has taken it."""
    head = head_of(connection, run_id)
    if head["state"] != State.RUNNING or (step.closes and rfc3339(step.closes) != head["window_to"]):
        return None
    mine = (orders.c.run_id == run_id) & (orders.c.looks == step.number)
    values = {"looks": step.number + 1, "next_at": rfc3339(step.next_at)}
    if connection.execute(update(orders).where(mine).values(values)).rowcount == 0:
        return None
    if step.instead:
        connection.execute(delete(journal).where(journal.c.run_id == run_id))
    connection.execute(insert(journal).values(run_id=run_id, look=step.number, entries=step.entries))
    return head

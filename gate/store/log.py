"""The run log as the rest of the gate sees it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from gate.errors import NoSuchRun, UsageFault
from gate.model import NOTHING
from gate.store.actions import Actions
from gate.store.append import append_event, head_of
from gate.store.counting import Counting
from gate.store.database import faults, snapshot
from gate.store.ending import end_run, still_open
from gate.store.entries import baseline_entry, look_entry
from gate.store.listing import Listing
from gate.store.mentions import Mentions
from gate.store.moods import MoodReader
from gate.store.opened import fetch
from gate.store.outbox import Outbox
from gate.store.overrides import Overrides
from gate.store.permits import Permits
from gate.store.purging import Purging
from gate.store.rows import State, event_of, run_of, storable
from gate.store.sessions import Sessions
from gate.store.spending import Spending
from gate.store.staging import bring
from gate.store.starting import start_of
from gate.store.tables import events, observations, runs
from gate.store.texts import Texts
from gate.store.tokens import Tokens
from gate.store.verify import check_run
from gate.store.watches import Watches
from gate.store.webhooks import Webhooks
from gate.store.work import Work
from gate.store.workers import Workers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Select

    from gate.model import Coverage, Dropped, Look, Release, Scored, Verdict
    from gate.store.rows import Event, Run
    from gate.store.verify import Problem

_NEWEST_FIRST = (func.rtrim(runs.c.created_at, "Z").desc(), runs.c.id.desc())


class Store(
    Work,
    Workers,
    Overrides,
    Outbox,
    Actions,
    Listing,
    Mentions,
    Texts,
    Counting,
    Spending,
    Purging,
    Tokens,
    Sessions,
    Permits,
    Watches,
    MoodReader,
    Webhooks,
):
    """The run log. Safe to share between threads; several processes may use one database."""

    def start_run(
        self,
        release: Release,
        policy: object,
        *,
        dry_run: bool = False,
        labels: Mapping[str, str] = NOTHING,
        versions: Mapping[str, str] = NOTHING,
    ) -> str:
        """Begin a run and return its id: UTC time and six random characters, e.g. ``261121-202630-x7k2qa``.

        Args:
            release: what is being watched.
            policy: the effective policy, anything ``gate.canonical.to_plain`` takes.
            dry_run: whether the decision is always promote.
            labels: any names and values to find the run by.
            versions: of the gate, the scorer …, for the log.
        """
        now = self._clock.now()
        start = start_of(now, release, policy, dry_run=dry_run, named=labels, versions=versions)
        with self._bringing(start.rows) as connection:
            bring(connection, start.rows)
        return start.run_id

    def append(self, run_id: str, kind: str, data: object) -> None:
        """Record that something happened; allowed after the verdict too, e.g. for what actions did.

        Raises:
            StoreFault: there is no such run, or the database fails.
        """
        with self._writing() as connection:
            append_event(connection, run_id, kind, data, self._clock.now())

    def append_baseline(
        self,
        run_id: str,
        kept: Sequence[Scored],
        dropped: Sequence[Dropped],
        coverage: Sequence[Coverage],
        notes: Sequence[str] = (),
    ) -> None:
        """Record what was said before the deploy, as look 0, in one transaction."""
        make = partial(baseline_entry, run_id, kept, dropped, {"coverage": coverage, "notes": notes})
        with self._adding(run_id, make) as adding:
            adding.append(self._clock.now(), head_of(adding.connection, run_id))

    def append_look(self, run_id: str, look: Look) -> None:
        """Record a look and every mention it saw, in one transaction.

        Raises:
            StoreFault: the run is over already, or the database fails.
        """
        with self._adding(run_id, partial(look_entry, run_id, look)) as adding:
            adding.append(self._clock.now(), still_open(adding.connection, run_id))

    def finish(self, run_id: str, verdict: Verdict) -> None:
        """Record the final verdict.

        Raises:
            StoreFault: the run is over already, or the database fails.
        """
        with self._writing() as connection:
            end_run(connection, self._clock.now(), run_id, "verdict", {"verdict": verdict})

    def cancel(self, run_id: str, why: str) -> None:
        """Record that the run was stopped from outside.

        Raises:
            StoreFault: the run is over already, or the database fails.
        """
        with self._writing() as connection:
            end_run(connection, self._clock.now(), run_id, "cancelled", {"why": storable(why)})

    def break_off(self, run_id: str, why: str) -> None:
        """Record that the gate itself failed, so that the run has no verdict.

        Raises:
            StoreFault: the run is over already, or the database fails.
        """
        with self._writing() as connection:
            end_run(connection, self._clock.now(), run_id, "broken", {"why": storable(why)})

    def runs(
        self, limit: int = 20, *, state: State | None = None, outcome: str | None = None, release: str | None = None
    ) -> list[Run]:
        """Return the newest runs first, only those that match what is given."""
        query = select(runs).order_by(*_NEWEST_FIRST).limit(limit)
        for column, value in ((runs.c.state, state), (runs.c.outcome, outcome), (runs.c.release, release)):
            if value is not None:
                query = query.where(column == str(value))
        return [run_of(row) for row in self._rows(query)]

    def run(self, reference: str) -> Run:
        """Return one run.

        Args:
            reference: its id, the beginning of its id where that is unique, or ``last``.

        Raises:
            UsageFault: no run is meant by that, or several are.
        """
        return run_of(self._row(reference))

    def events(self, run_id: str, *, after: int = 0, limit: int | None = None) -> list[Event]:
        """Return what happened in a run, oldest first: everything, or what came after an event."""
        query = _events_of(run_id).where(events.c.seq > after).limit(limit)
        return [event_of(row) for row in self._rows(query)]

    def verify(self, reference: str) -> list[Problem]:
        """Recompute every hash of a run and return what does not fit: changed, missing and extra rows.

        Args:
            reference: as for ``run``.

        Raises:
            UsageFault: no run is meant by that, or several are.
        """
        run_id = self._row(reference)["id"]
        mentions = select(observations).where(observations.c.run_id == run_id)
        # All three from one moment: the run may be going on, and that is no problem.
        with faults(self._url), snapshot(self._engine) as connection:
            (run,) = fetch(connection, select(runs).where(runs.c.id == run_id))
            happened = fetch(connection, _events_of(run_id))
            seen = fetch(connection, mentions.order_by(observations.c.seq, observations.c.position))
        return check_run(run, happened, seen)

    def _row(self, reference: str) -> dict[str, Any]:
        query = select(runs).order_by(*_NEWEST_FIRST)
        if reference != "last":
            query = query.where(runs.c.id.startswith(reference, autoescape=True))
        found = self._rows(query.limit(1 if reference == "last" else 5))
        meant = [row for row in found if row["id"] == reference] or found
        if len(meant) == 1:
            return meant[0]
        if not found:
            message = "there are no runs yet" if reference == "last" else f"there is no run {reference!r}"
            raise NoSuchRun(message, hint="gate runs lists them")
        message = f"{reference!r} may mean several runs: {', '.join(row['id'] for row in found)}"
        raise UsageFault(message, hint="write more of the id")


def _events_of(run_id: str) -> Select[Any]:
    return select(events).where(events.c.run_id == run_id).order_by(events.c.seq)

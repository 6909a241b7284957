"""Adding to the log of a run, within the caller's transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select, update

from gate.canonical import dumps, rfc3339
from gate.errors import StoreFault
from gate.model import NOTHING
from gate.store.chain import EVENT_FIELDS, fingerprint
from gate.store.rows import storable
from gate.store.tables import events, runs

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy.engine import Connection

    Head = dict[str, Any]
    """Where the log of a run ends: ``events``, ``head``, ``state``, ``glance`` and ``window_to``."""


def head_of(connection: Connection, run_id: str, *, holding: bool = True) -> Head:
    """Return ``Head`` of a run, and, ``holding`` it, keep others from appending to it meanwhile.

    Raises:
        StoreFault: there is no such run.
    """
    # FOR UPDATE holds the run's row on PostgreSQL; on SQLite the transaction holds the whole file already.
    columns = (runs.c.events, runs.c.head, runs.c.state, runs.c.glance, runs.c.window_to)
    query = select(*columns).where(runs.c.id == run_id)
    row = connection.execute(query.with_for_update() if holding else query).one_or_none()
    if row is None:
        message = f"there is no run {run_id!r} in the run log"
        raise StoreFault(message, hint="gate runs lists them")
    return row._asdict()


def append_event(
    connection: Connection, run_id: str, kind: str, data: object, at: datetime, *, head: Head | None = None
) -> None:
    """Add one event within the caller's transaction.

    Args:
        connection: of the transaction.
        run_id: of the run.
        kind: what happened.
        data: what is known of it.
        at: when.
        head: from ``head_of``, where the caller has it from the same transaction.

    Raises:
        StoreFault: there is no such run.
    """
    add_event(connection, run_id, kind, dumps(data).decode(), at, head or head_of(connection, run_id))


def add_event(  # noqa: PLR0913 - the last one by name
    connection: Connection,
    run_id: str,
    kind: str,
    data: str,
    at: datetime,
    head: Head,
    *,
    also: Mapping[str, object] = NOTHING,
) -> None:
    """Add one event, its ``data`` in canonical JSON, after ``head``; ``also`` are columns of the run's row that change."""
    row = event_row(run_id, kind, data, at, head)
    connection.execute(insert(events).values(row))
    connection.execute(update(runs).where(runs.c.id == run_id).values(events=row["seq"], head=row["hash"], **also))


def event_row(run_id: str, kind: str, data: str, at: datetime, head: Head) -> dict[str, Any]:
    """Return the row of the event that follows ``head``."""
    row = {
        "run_id": run_id,
        "seq": head["events"] + 1,
        "at": rfc3339(at),
        "kind": storable(kind),
        "data": data,
        "previous": head["head"],
    }
    row["hash"] = fingerprint([row[name] for name in EVENT_FIELDS])
    return row

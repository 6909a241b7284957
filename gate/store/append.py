"""Adding an event to the chain of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select, update

from gate.canonical import dumps, rfc3339
from gate.errors import StoreFault
from gate.store.chain import EVENT_FIELDS, fingerprint
from gate.store.rows import storable
from gate.store.tables import events, runs

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.engine import Connection


def head_of(connection: Connection, run_id: str) -> dict[str, Any]:
    """Return ``events``, ``head`` and ``state`` of a run, and keep others from appending to it meanwhile.

    Raises:
        StoreFault: there is no such run.
    """
    # FOR UPDATE holds the run's row on PostgreSQL; on SQLite the transaction holds the whole file already.
    query = select(runs.c.events, runs.c.head, runs.c.state).where(runs.c.id == run_id).with_for_update()
    row = connection.execute(query).one_or_none()
    if row is None:
        message = f"there is no run {run_id!r} in the run log"
        raise StoreFault(message, hint="gate runs lists them")
    return row._asdict()


def append_event(connection: Connection, run_id: str, kind: str, data: object, at: datetime) -> None:
    """Add one event within the caller's transaction.

    Raises:
        StoreFault: there is no such run.
    """
    head = head_of(connection, run_id)
    row = {
        "run_id": run_id,
        "seq": head["events"] + 1,
        "at": rfc3339(at),
        "kind": storable(kind),
        "data": dumps(data).decode(),
        "previous": head["head"],
    }
    row["hash"] = fingerprint([row[name] for name in EVENT_FIELDS])
    connection.execute(insert(events).values(row))
    connection.execute(update(runs).where(runs.c.id == run_id).values(events=row["seq"], head=row["hash"]))

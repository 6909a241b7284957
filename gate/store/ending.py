"""How a run ends, and who is told: verdict, end of the run and message to the caller in one transaction."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, insert, select, update

from gate.canonical import dumps, loads, rfc3339
from gate.errors import StoreFault
from gate.model import Decision, Outcome
from gate.store.actions import promise
from gate.store.append import append_event, head_of
from gate.store.rows import State, storable
from gate.store.tables import journal, orders, outbox, runs

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from gate.model import Verdict
    from gate.store.append import Head

ENDINGS = {
    "verdict": State.DONE,
    "approved": State.DONE,
    "rejected": State.DONE,
    "cancelled": State.CANCELLED,
    "broken": State.BROKEN,
}
"""Kind of event to the state it leaves a run in."""
PATIENCE = timedelta(days=1)
"""So long a caller who named no deadline is tried."""
WITHOUT_VERDICT = {"outcome": Outcome.ERROR.value, "decision": Decision.HOLD.value}
"""What callers are told of a run that was cancelled or that the gate broke, as everywhere in the API."""
PENDING = "pending"
DELIVERED = "delivered"
EXPIRED = "expired"
REPLACED = "replaced"


def end_run(connection: Connection, now: datetime, run_id: str, kind: str, data: dict[str, Any]) -> None:
    """End a run that is under way.

    Raises:
        StoreFault: there is none, or it is over already.
    """
    still_open(connection, run_id)
    conclude(connection, now, run_id, kind, data)


def still_open(connection: Connection, run_id: str) -> Head:
    """Return the head of a run that is under way.

    Raises:
        StoreFault: there is none, or it is over already.
    """
    head = head_of(connection, run_id)
    if head["state"] != State.RUNNING:
        message = f"run {run_id} is over already: {head['state']}"
        raise StoreFault(message, hint=f"see how it ended: gate log {run_id}")
    return head


def conclude(connection: Connection, now: datetime, run_id: str, kind: str, data: dict[str, Any]) -> None:
    """Write how a run ended, or how it is to count from now on, what its caller is to be told, and what is to be done."""
    append_event(connection, run_id, kind, data, now)
    if "verdict" in data:
        promise(connection, now, run_id, kind, data["verdict"].outcome.value)
    values = {"state": ENDINGS[kind].value, "finished_at": func.coalesce(runs.c.finished_at, rfc3339(now))}
    values |= _columns(data["verdict"]) if "verdict" in data else {"reason": storable(data["why"])}
    connection.execute(update(runs).where(runs.c.id == run_id).values(values))
    # What people wrote is kept in it, and nobody needs it any more.
    connection.execute(delete(journal).where(journal.c.run_id == run_id))
    _announce(connection, now, run_id)


def _columns(verdict: Verdict) -> dict[str, Any]:
    return {
        "outcome": verdict.outcome.value,
        "decision": verdict.decision.value,
        "code": storable(verdict.code),
        "reason": storable(verdict.reason),
        "latest": dumps(verdict).decode(),
    }


def _announce(connection: Connection, now: datetime, run_id: str) -> None:
    """Put into the outbox what the caller is to be told, if there is one who wants to know."""
    row = connection.execute(select(orders).where(orders.c.run_id == run_id)).one_or_none()
    if row is None or row.callback is None:
        return
    callback = loads(row.callback.encode(), "orders.callback")
    mine = outbox.c.run_id == run_id
    query = select(outbox.c.version, outbox.c.state).where(mine).order_by(outbox.c.version.desc()).limit(1)
    latest = connection.execute(query).one_or_none()
    if latest and latest.state == DELIVERED and not callback["updates"]:
        return
    # What was not accepted for sure must not be the last word: it may have got there, and it may yet.
    pending = update(outbox).where(mine & (outbox.c.state == PENDING))
    connection.execute(pending.values(state=REPLACED, ended_at=rfc3339(now)))
    version = latest.version + 1 if latest else 1
    said = _message(connection, run_id, version)
    deadline = now + PATIENCE
    if callback["deadline"]:
        wanted = datetime.fromisoformat(callback["deadline"])
        # Who waits no longer is told late only what it asked for, or what may take back a promotion.
        late = version > 1 and (callback["updates"] or said["decision"] != Decision.PROMOTE.value)
        deadline = max(wanted, deadline) if late else wanted
    message = {
        "run_id": run_id,
        "version": version,
        "url": callback["url"],
        "secret": callback["secret"],
        "body": dumps(said).decode(),
        "created_at": rfc3339(now),
        "deadline": rfc3339(deadline),
        "state": PENDING,
        "attempts": 0,
        "next_at": rfc3339(now),
    }
    connection.execute(insert(outbox).values(message))


def _message(connection: Connection, run_id: str, version: int) -> dict[str, Any]:
    """Return what the caller is told; the same bytes however often it is sent."""
    run = connection.execute(select(runs).where(runs.c.id == run_id)).one()
    names = ("state", "outcome", "decision", "code", "reason", "release", "deployed_at", "finished_at", "dry_run")
    message = {
        "delivery": f"{run_id}.{version}",
        "run": run_id,
        "version": version,
        "labels": loads(run.labels.encode(), "runs.labels"),
        **{name: getattr(run, name) for name in names},
    }
    # A run without a verdict promotes nothing: receivers that read the decision alone must not have to know that.
    return message if run.outcome else message | WITHOUT_VERDICT | {"code": run.state}

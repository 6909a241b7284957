"""Adding to the log of a run, within the caller's transaction."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select, update

from gate.canonical import dumps, rfc3339
from gate.errors import StoreFault
from gate.model import NOTHING
from gate.store.chain import EVENT_FIELDS, fingerprint, observations_digest
from gate.store.glance import glanced
from gate.store.observations import insert_rows, rows_of
from gate.store.rows import new_run_id, new_run_row, storable
from gate.store.tables import events, runs
from gate.store.tables import labels as label_rows
from gate.store.texts import insert_texts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.engine import Connection

    from gate.model import Dropped, Look, Release, Scored

    Head = dict[str, Any]
    """Where the log of a run ends: ``events``, ``head``, ``state``, ``glance`` and ``window_to``."""


def head_of(connection: Connection, run_id: str) -> Head:
    """Return ``Head`` of a run, and keep others from appending to it meanwhile.

    Raises:
        StoreFault: there is no such run.
    """
    # FOR UPDATE holds the run's row on PostgreSQL; on SQLite the transaction holds the whole file already.
    columns = (runs.c.events, runs.c.head, runs.c.state, runs.c.glance, runs.c.window_to)
    query = select(*columns).where(runs.c.id == run_id)
    row = connection.execute(query.with_for_update()).one_or_none()
    if row is None:
        message = f"there is no run {run_id!r} in the run log"
        raise StoreFault(message, hint="gate runs lists them")
    return row._asdict()


def append_event(  # noqa: PLR0913 - the last two by name, to save statements
    connection: Connection,
    run_id: str,
    kind: str,
    data: object,
    at: datetime,
    *,
    head: Head | None = None,
    also: Mapping[str, object] = NOTHING,
) -> None:
    """Add one event within the caller's transaction.

    Args:
        connection: of the transaction.
        run_id: of the run.
        kind: what happened.
        data: what is known of it.
        at: when.
        head: from ``head_of``, where the caller has it from the same transaction.
        also: columns of the run's row that change with it.

    Raises:
        StoreFault: there is no such run.
    """
    head = head or head_of(connection, run_id)
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
    connection.execute(update(runs).where(runs.c.id == run_id).values(events=row["seq"], head=row["hash"], **also))


def insert_run(  # noqa: PLR0913 - what a run consists of
    connection: Connection,
    now: datetime,
    release: Release,
    policy: object,
    *,
    dry_run: bool,
    labels: Mapping[str, str],
    versions: Mapping[str, str],
) -> str:
    """Begin a run and return its id."""
    run_id = new_run_id(now)
    row = new_run_row(run_id, now, release, dumps(policy), dry_run=dry_run, labels=labels)
    started = {"release": release, "dry_run": dry_run, "labels": labels, "versions": versions}
    connection.execute(insert(runs).values(row))
    append_event(connection, run_id, "started", started | {"policy_digest": row["policy_digest"]}, now)
    _insert_labels(connection, run_id, labels)
    return run_id


def append_baseline(
    connection: Connection,
    now: datetime,
    run_id: str,
    kept: Sequence[Scored],
    dropped: Sequence[Dropped],
    data: dict[str, Any],
) -> None:
    """Add what was said before the deploy, as look 0; ``data`` is its coverage and notes."""
    _append_mentions(connection, now, run_id, (kept, dropped), "baseline", {"number": 0, **data})


def append_look(connection: Connection, now: datetime, run_id: str, look: Look, head: Head | None = None) -> None:
    """Add a look and every mention it saw; ``head`` is from the same transaction, where the caller has it."""
    data = {name: getattr(look, name) for name in ("number", "at", "next_at", "notes", "verdict")}
    head = head or head_of(connection, run_id)
    seen = {"latest": dumps(look.verdict).decode(), "glance": dumps(glanced(head["glance"], look)).decode()}
    _append_mentions(connection, now, run_id, (look.kept, look.dropped), "look", data, head=head, also=seen)


def _append_mentions(  # noqa: PLR0913 - the last two by name, to save statements
    connection: Connection,
    now: datetime,
    run_id: str,
    mentions: tuple[Sequence[Scored], Sequence[Dropped]],
    kind: str,
    data: dict[str, Any],
    *,
    head: Head | None = None,
    also: Mapping[str, object] = NOTHING,
) -> None:
    kept, dropped = mentions
    head = head or head_of(connection, run_id)
    seq = head["events"] + 1
    rows = rows_of(run_id, seq, data["number"], kept, dropped)
    data["kept"], data["dropped"] = len(kept), Counter(each.reason.value for each in dropped)
    data["observations"] = {"count": len(rows), "digest": observations_digest(row[-1] for row in rows)}
    append_event(connection, run_id, kind, data, now, head=head, also=also)
    insert_rows(connection, rows)
    insert_texts(connection, run_id, seq, kept)


def _insert_labels(connection: Connection, run_id: str, named: Mapping[str, str]) -> None:
    if named:
        rows = [{"run_id": run_id, "name": storable(name), "value": storable(named[name])} for name in named]
        connection.execute(insert(label_rows), rows)

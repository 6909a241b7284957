"""A run that begins, worked out before it is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gate.canonical import dumps, rfc3339
from gate.store.append import event_row
from gate.store.rows import new_run_id, new_run_row, storable
from gate.store.tables import events, labels, orders, runs

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy import Table

    from gate.model import Release
    from gate.store.staging import Row, Rows


@dataclass(frozen=True, slots=True)
class NewOrder:
    """What a caller asked for, beside the run itself."""

    by: str
    key: str
    """Idempotency key; empty for none."""
    fingerprint: str
    policy: str
    """Text of gate.yml as it was given."""
    path: str
    callback: Mapping[str, Any] | None
    """``url``, ``secret``, ``deadline``, ``updates``."""


@dataclass(frozen=True, slots=True)
class Start:
    """A run, its first event and its labels."""

    run_id: str
    rows: Rows


def start_of(
    now: datetime,
    release: Release,
    policy: object,
    *,
    dry_run: bool,
    named: Mapping[str, str],
    versions: Mapping[str, str],
) -> Start:
    """Give a run its id and make its rows; ``named`` are its labels."""
    run_id = new_run_id(now)
    run = new_run_row(run_id, now, release, dumps(policy), dry_run=dry_run, labels=named)
    said = {"release": release, "dry_run": dry_run, "labels": named, "versions": versions}
    data = dumps(said | {"policy_digest": run["policy_digest"]}).decode()
    first = event_row(run_id, "started", data, now, run)
    run |= {"events": first["seq"], "head": first["hash"]}
    labelled = [(run_id, storable(name), storable(value)) for name, value in named.items()]
    return Start(run_id, {runs: [_row(runs, run)], events: [_row(events, first)], labels: labelled})


def order_row(new: NewOrder, run_id: str, now: datetime) -> Row:
    """Return the row of an order that a worker is to take up."""
    values = {
        "run_id": run_id,
        "started_by": storable(new.by),
        "key": storable(new.key) or None,
        "fingerprint": new.fingerprint,
        "policy": storable(new.policy),
        "path": storable(new.path),
        "callback": dumps(new.callback).decode() if new.callback else None,
        "looks": 0,
        "next_at": rfc3339(now),
        "generation": 0,
        "closed": False,
        "attention": "start",
    }
    return _row(orders, values)


def _row(table: Table, values: Mapping[str, Any]) -> Row:
    """Return values by name in the order of a table's columns."""
    return tuple(values.get(column.name) for column in table.columns)

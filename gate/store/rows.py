"""Between rows of the run log and the words of the domain."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from gate.canonical import clean, digest, dumps, loads, rfc3339
from gate.errors import EvidenceFault, StoreFault
from gate.model import Decision, Outcome
from gate.store.chain import genesis

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gate.model import Release

# Crockford's base 32 in lower case: nothing in it is mistaken for something else when read aloud.
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


class State(StrEnum):
    """Where a run is in its life."""

    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"
    """Stopped from outside."""
    BROKEN = "broken"
    """The gate itself failed; there is no verdict."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the gate."""

    id: str
    created_at: datetime
    finished_at: datetime | None
    state: State
    release: str
    deployed_at: datetime
    window_to: datetime
    policy_digest: str
    """SHA-256 of ``policy``."""
    policy: str
    """The effective policy, canonical JSON."""
    dry_run: bool
    labels: Mapping[str, str]
    outcome: Outcome | None
    decision: Decision | None
    code: str
    reason: str
    """The verdict's sentence, or why the run was cancelled or broke."""
    events: int
    head: str
    """Hash of the last event: kept elsewhere, it pins the whole log of this run."""


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened in a run."""

    seq: int
    """1, 2, 3 … within the run."""
    at: datetime
    kind: str
    """``started``, ``baseline``, ``look``, ``verdict``, ``cancelled``, ``broken``, or what ``append`` was given."""
    data: Mapping[str, Any]
    previous: str
    hash: str


def new_run_id(now: datetime) -> str:
    """Return an id that sorts by time, and that nobody can guess from another one."""
    return f"{now:%y%m%d-%H%M%S}-" + "".join(secrets.choice(_ALPHABET) for _ in range(6))


def new_run_row(
    run_id: str, created_at: datetime, release: Release, policy: bytes, *, dry_run: bool, labels: Mapping[str, str]
) -> dict[str, Any]:
    """Return the row of a run that begins; ``policy`` is canonical JSON."""
    return {
        "id": run_id,
        "created_at": rfc3339(created_at),
        "state": State.RUNNING.value,
        "release": storable(release.name),
        "deployed_at": rfc3339(release.deployed_at),
        "window_to": rfc3339(release.window_to),
        "policy_digest": digest(policy),
        "policy": policy.decode(),
        "dry_run": dry_run,
        "labels": dumps(labels).decode(),
        "events": 0,
        "head": genesis(run_id),
    }


def run_of(row: Mapping[str, Any]) -> Run:
    """Build a run from its row.

    Raises:
        StoreFault: somebody wrote into the row what cannot stand there.
    """
    try:
        return Run(
            id=row["id"],
            created_at=datetime.fromisoformat(row["created_at"]),
            finished_at=datetime.fromisoformat(row["finished_at"]) if row["finished_at"] else None,
            state=State(row["state"]),
            release=row["release"],
            deployed_at=datetime.fromisoformat(row["deployed_at"]),
            window_to=datetime.fromisoformat(row["window_to"]),
            policy_digest=row["policy_digest"],
            policy=row["policy"],
            dry_run=row["dry_run"],
            labels=_object(row["labels"]),
            outcome=Outcome(row["outcome"]) if row["outcome"] else None,
            decision=Decision(row["decision"]) if row["decision"] else None,
            code=row["code"] or "",
            reason=row["reason"] or "",
            events=row["events"],
            head=row["head"],
        )
    except (ValueError, TypeError, EvidenceFault) as error:
        raise _damaged(error, "runs", row["id"]) from error


def event_of(row: Mapping[str, Any]) -> Event:
    """Build an event from its row.

    Raises:
        StoreFault: somebody wrote into the row what cannot stand there.
    """
    try:
        return Event(
            seq=row["seq"],
            at=datetime.fromisoformat(row["at"]),
            kind=row["kind"],
            data=_object(row["data"]),
            previous=row["previous"],
            hash=row["hash"],
        )
    except (ValueError, TypeError, EvidenceFault) as error:
        raise _damaged(error, "events", row["run_id"]) from error


def storable(text: str) -> str:
    """Return ``text`` without what a database cannot hold: lone surrogates, and NUL in PostgreSQL."""
    return text if text.isascii() and "\0" not in text else clean(text).replace("\0", "\ufffd")


def _object(text: str) -> dict[str, Any]:
    found = loads(text.encode(), "the run log")
    if not isinstance(found, dict):
        message = "not an object"
        raise TypeError(message)
    return found


def _damaged(error: Exception, table: str, run_id: str) -> StoreFault:
    return StoreFault(
        f"a row of run {run_id} in the table {table} is damaged: {error}",
        hint=f"see what changed: gate log {run_id} --verify",
    )

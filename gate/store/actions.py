"""What is to be done about how runs ended: promised with the verdict, claimed by one at a time, and told in the log."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, insert, or_, select, update

from gate.canonical import loads, rfc3339
from gate.store.append import append_event
from gate.store.opened import Opened
from gate.store.rows import storable
from gate.store.tables import actions, events, orders, runs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.engine import Connection

PATIENCE = timedelta(hours=1)
"""So long an action of a durable run is tried."""
PATIENCE_OF_A_PIPELINE = timedelta(minutes=2)
"""So long one of a run in the foreground is tried, for which a pipeline waits."""
DUE = "due"
DONE = "done"
FAILED = "failed"
DRY_RUN = "dry run"
CALLED_OFF = "called off"
"""Because a person changed how the run ended before it was done."""
_SAID = {"approved": "pass", "rejected": "fail"}
"""A person's word stands for the evidence's."""


@dataclass(frozen=True, slots=True)
class Task:
    """One action that is to be done about one run."""

    run_id: str
    seq: int
    """Of the event that made it due."""
    position: int
    """Among what the policy asks for at that moment, what it asks for at any moment behind the rest."""
    type: str
    moment: str
    deadline: datetime
    attempts: int
    """Begun so far."""
    due: datetime
    """When it may be tried next: not while somebody is at it."""
    fault: str
    """Why the latest attempt failed."""

    @property
    def key(self) -> str:
        """What the far side tells doubles by."""
        return f"{self.run_id}.{self.seq}.{self.position}"


class Actions(Opened):
    """The part of the run log that knows what is to be done."""

    def tasks(self, run_id: str) -> list[Task]:
        """Return what is to be done about a run and is not done yet, in order."""
        mine = (actions.c.run_id == run_id) & (actions.c.state == DUE)
        query = select(actions).where(mine).order_by(actions.c.seq, actions.c.position)
        return [_task_of(row) for row in self._rows(query)]

    def claim_task(self, task: Task, claim: str, until: datetime) -> bool:
        """Take a task; False if it is done with, or somebody else is at it.

        Args:
            task: what is to be done.
            claim: nobody else's, and of no other attempt.
            until: when others may take it, because whoever had it must be dead.
        """
        # As text, a time without a fraction is later than one with it, but for the Z.
        now = rfc3339(self._clock.now()).removesuffix("Z")
        free = or_(actions.c.claimed_until.is_(None), func.rtrim(actions.c.claimed_until, "Z") <= now)
        values = {"claim": claim, "claimed_until": rfc3339(until), "attempts": actions.c.attempts + 1}
        with self._writing() as connection:
            return connection.execute(update(actions).where(_is(task) & free).values(values)).rowcount == 1

    def keep_task(self, task: Task, claim: str, until: datetime) -> None:
        """Let a task that was claimed be others' only after that time: it takes longer than most."""
        values = {"claimed_until": rfc3339(until)}
        with self._writing() as connection:
            connection.execute(update(actions).where(_is(task) & (actions.c.claim == claim)).values(values))

    def try_later(self, task: Task, claim: str, fault: str, next_at: datetime) -> None:
        """Let go of a task that failed, or was cut short, and say when it may be tried again."""
        values = {"claim": None, "claimed_until": None, "fault": storable(fault), "next_at": rfc3339(next_at)}
        with self._writing() as connection:
            connection.execute(update(actions).where(_is(task) & (actions.c.claim == claim)).values(values))

    def end_task(self, task: Task, state: str, told: Mapping[str, Any]) -> None:
        """Record what came of a task, in the log of its run, too.

        Args:
            task: what was to be done.
            state: ``done``, ``failed`` or ``dry run``.
            told: what the log says of it, beside that.
        """
        now = self._clock.now()
        with self._writing() as connection:
            append_event(connection, task.run_id, "action", _event(task, state, told), now)
            values = {"state": state, "ended_at": rfc3339(now), "claim": None, "claimed_until": None}
            connection.execute(update(actions).where(_is(task)).values(values))


def promise(connection: Connection, now: datetime, run_id: str, kind: str, outcome: str) -> None:
    """Write down what is to be done about how a run ended, within the caller's transaction and after its event.

    Where a person changes how it ended, what is still to be done about the end before is called off; where that is no
    change, nothing is done twice.

    Args:
        connection: of the transaction.
        now: when it ended.
        run_id: of the run.
        kind: of the event.
        outcome: of the verdict in it.
    """
    run = connection.execute(select(runs.c.events, runs.c.policy).where(runs.c.id == run_id)).one()
    if '"actions":{"' not in run.policy:
        return
    moment = _SAID.get(kind, outcome)
    if moment == _moment_before(connection, run_id, run.events, outcome):
        return
    _call_off(connection, now, run_id)
    wanted = loads(run.policy.encode(), "runs.policy")["actions"]
    ordered = connection.execute(select(orders.c.run_id).where(orders.c.run_id == run_id)).first()
    deadline = now + (PATIENCE if ordered else PATIENCE_OF_A_PIPELINE)
    rows = [
        {
            "run_id": run_id,
            "seq": run.events,
            "position": position,
            "type": each["type"],
            "moment": moment,
            "created_at": rfc3339(now),
            "deadline": rfc3339(deadline),
            "state": DUE,
            "attempts": 0,
            "next_at": rfc3339(now),
        }
        for position, each in enumerate([*wanted.get(moment, ()), *wanted.get("any", ())])
    ]
    if rows:
        connection.execute(insert(actions), rows)
        # So that the log shows what nobody came to do, too.
        due = [{"action": f"{run_id}.{row['seq']}.{row['position']}", "type": row["type"]} for row in rows]
        append_event(connection, run_id, "due", {"moment": moment, "actions": due, "deadline": deadline}, now)


def waiting(connection: Connection, run_id: str) -> bool:
    """Say whether anything is still to be done about a run."""
    query = select(actions.c.seq).where((actions.c.run_id == run_id) & (actions.c.state == DUE))
    return connection.execute(query).first() is not None


def _moment_before(connection: Connection, run_id: str, seq: int, outcome: str) -> str | None:
    """Return how the run had ended before this event; None if it had not."""
    before = (events.c.run_id == run_id) & (events.c.seq < seq) & events.c.kind.in_([*_SAID, "verdict"])
    kind = connection.execute(select(events.c.kind).where(before).order_by(events.c.seq.desc()).limit(1)).scalar()
    # A person's word leaves the outcome what it was.
    return _SAID.get(kind, outcome) if kind else None


def _call_off(connection: Connection, now: datetime, run_id: str) -> None:
    due = (actions.c.run_id == run_id) & (actions.c.state == DUE)
    for row in connection.execute(select(actions).where(due).order_by(actions.c.seq, actions.c.position)).all():
        told = {"said": "a person changed how the run ended before it was done"}
        append_event(connection, run_id, "action", _event(_task_of(row._asdict()), CALLED_OFF, told), now)
    connection.execute(update(actions).where(due).values(state=CALLED_OFF, ended_at=rfc3339(now)))


def _event(task: Task, state: str, told: Mapping[str, Any]) -> dict[str, Any]:
    return {"action": task.key, "type": task.type, "moment": task.moment, "state": state, **told}


def _is(task: Task) -> Any:  # noqa: ANN401 - SQLAlchemy's expressions
    mine = (actions.c.run_id == task.run_id) & (actions.c.seq == task.seq) & (actions.c.position == task.position)
    return mine & (actions.c.state == DUE)


def _task_of(row: Mapping[str, Any]) -> Task:
    due = max(filter(None, (row["next_at"], row["claimed_until"])), key=datetime.fromisoformat)
    return Task(
        run_id=row["run_id"],
        seq=row["seq"],
        position=row["position"],
        type=row["type"],
        moment=row["moment"],
        deadline=datetime.fromisoformat(row["deadline"]),
        attempts=row["attempts"],
        due=datetime.fromisoformat(due),
        fault=row["fault"] or "",
    )

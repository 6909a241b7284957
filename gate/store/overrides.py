"""What people say about a run: each goes into its log with who, when and why, and takes effect in the same transaction."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import case, select, update

from gate.canonical import from_plain, loads, rfc3339
from gate.decide.words import chance, mentions, percent
from gate.errors import NoSuchRun, RunElsewhere, RunOver, UsageFault
from gate.model import Decision, Outcome, Tally, Verdict
from gate.policy.sections import LONGEST
from gate.store.append import append_event, head_of
from gate.store.ending import conclude
from gate.store.opened import Opened
from gate.store.rows import State, run_of, storable
from gate.store.tables import orders, runs

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.engine import Connection

    from gate.store.rows import Run

_DECISIONS = {"approved": Decision.PROMOTE, "rejected": Decision.HALT}
_NOTHING_SEEN = Tally(0, 0, 0, 0, None, None, None, None)


class Overrides(Opened):
    """Approvals, rejections, cancellations and extensions."""

    def override(self, run_id: str, kind: str, by: str, why: str) -> None:
        """Let a person decide: ``approved`` or ``rejected``. The evidence stays what it was.

        Raises:
            NoSuchRun: there is none of that id.
            RunElsewhere: nobody ordered it.
            RunOver: it was cancelled.
        """
        now = self._clock.now()
        with self._writing() as connection:
            run, latest = _held(connection, run_id)
            _ordered(connection, run_id)
            if run.state is State.CANCELLED:
                message = f"run {run_id} was cancelled"
                raise RunOver(message, hint="start a new run")
            verdict = _decided(run, latest, kind, f"{by}: {why}", now)
            conclude(connection, now, run_id, kind, {"by": storable(by), "why": storable(why), "verdict": verdict})
            _call(connection, run_id)

    def call_off(self, run_id: str, by: str, why: str) -> None:
        """End a run without a verdict, because somebody says so.

        Raises:
            NoSuchRun: there is none of that id.
            RunOver: it has ended already.
        """
        with self._writing() as connection:
            _still_running(*_held(connection, run_id))
            data = {"by": storable(by), "why": storable(f"Cancelled by {by}: {why}")}
            conclude(connection, self._clock.now(), run_id, "cancelled", data)
            _call(connection, run_id)

    def extend(self, run_id: str, by: str, why: str, until: datetime) -> None:
        """Let the window close later.

        Raises:
            UsageFault: it closes later than that already, or would close after longer than a window may have.
            NoSuchRun: there is none of that id.
            RunElsewhere: nobody ordered it.
            RunOver: it has ended already.
        """
        with self._writing() as connection:
            run, latest = _held(connection, run_id)
            _ordered(connection, run_id)
            _still_running(run, latest)
            if until <= run.window_to:
                message = f"the window closes at {rfc3339(run.window_to)} already, which is not before {rfc3339(until)}"
                raise UsageFault(message, hint="name a later time")
            if until - run.deployed_at > LONGEST:
                message = f"the window would close {(until - run.deployed_at).days} days after the deploy"
                raise UsageFault(message, hint=f"{LONGEST.days} days are the most, as in a policy")
            data = {"by": storable(by), "why": storable(why), "until": until}
            append_event(connection, run_id, "extended", data, self._clock.now())
            connection.execute(update(runs).where(runs.c.id == run_id).values(window_to=rfc3339(until)))
            _call(connection, run_id)


def _held(connection: Connection, run_id: str) -> tuple[Run, str | None]:
    """Return a run and its latest verdict, and keep others from changing it meanwhile."""
    found = connection.execute(select(runs.c.id).where(runs.c.id == run_id)).one_or_none()
    if found is None:
        message = f"there is no run {run_id!r}"
        raise NoSuchRun(message, hint="gate runs lists them")
    head_of(connection, run_id)
    row = connection.execute(select(runs).where(runs.c.id == run_id)).one()._asdict()
    return run_of(row), row["latest"]


def _ordered(connection: Connection, run_id: str) -> None:
    # Its process goes by what it sees: a decision that never reaches the pipeline would only stand in the log.
    if connection.execute(select(orders.c.run_id).where(orders.c.run_id == run_id)).one_or_none() is None:
        message = f"run {run_id} is one of gate check: its pipeline waits for that process and hears nobody else"
        raise RunElsewhere(message, hint="decide in the pipeline, or start runs with gate start")


def _still_running(run: Run, _latest: str | None) -> None:
    if run.state is not State.RUNNING:
        ended = run.outcome.value if run.outcome else run.state.value
        message = f"run {run.id} has ended already: {ended}"
        raise RunOver(message, hint=f"see how: gate log {run.id}")


def _decided(run: Run, latest: str | None, kind: str, said: str, now: datetime) -> Verdict:
    """Return the verdict as a person has it, with the evidence as it stands."""
    if latest:
        verdict = from_plain(Verdict, loads(latest.encode(), "runs.latest"), "runs.latest")
    else:
        decision = _DECISIONS[kind]
        verdict = Verdict(Outcome.INCONCLUSIVE, decision, kind, "", now, "", None, _NOTHING_SEEN, dry_run=run.dry_run)
    outcome = verdict.outcome if verdict.outcome.final else Outcome.INCONCLUSIVE
    reason = f"{kind.capitalize()} by {said} ({_so_far(verdict)})"
    return replace(
        verdict, outcome=outcome, decision=_DECISIONS[kind], code=kind, reason=reason, rule="", decided_at=now
    )


def _so_far(verdict: Verdict) -> str:
    tally = verdict.tally
    parts = [mentions(tally.mentions_post)]
    if tally.share_after is not None:
        before = f", {percent(tally.share_before)} before" if tally.share_before is not None else ""
        parts.append(f"{percent(tally.share_after)} negative{before}")
    if verdict.odds is not None:
        parts.append(chance(verdict.odds))
    return "; ".join(parts)


def _call(connection: Connection, run_id: str) -> None:
    """See that a worker notices: whoever has the run looks up, and a run that was done with is taken up again."""
    row = (orders.c.run_id == run_id) & orders.c.closed.is_(True)
    values: dict[str, Any] = {"closed": False, "attention": "start", "generation": orders.c.generation + 1}
    if connection.execute(update(orders).where(row).values(values)).rowcount == 0:
        waking = case((orders.c.attention.is_(None), "wake"), else_=orders.c.attention)
        connection.execute(update(orders).where(orders.c.run_id == run_id).values(attention=waking))

"""What ``gate check`` does once there is a verdict: the policy's actions."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from gate.acting import Acting
from gate.cli.terminal import tell
from gate.errors import Cancelled, StoreFault
from gate.report.actions import acted_of
from gate.wiring_actions import build_action, page_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gate.foreground import Record
    from gate.model import Intent
    from gate.ports import Clock
    from gate.report.actions import Acted
    from gate.store import Store, Task


def act(record: Record, store: Store, clock: Clock, environ: Mapping[str, str]) -> tuple[Acted, ...]:
    """Do what the policy asks for about a verdict, and return what came of it; whatever that is, the verdict stands."""
    if record.fault:
        tell("gate: no action was done: the verdict could not be recorded, and without that nothing is done only once")
        return ()
    sent: dict[str, tuple[Intent, ...]] = {}

    def shown(task: Task, intents: Sequence[Intent]) -> None:
        sent[task.key] = tuple(intents)

    acting = Acting(
        store,
        clock,
        lambda task: build_action(record.policy, task, clock, environ),
        url=lambda _run: page_of(environ),
        shown=shown,
    )
    try:
        acting.to_the_end(record.run_id, lambda why: tell(f"gate: {why}"))
    except Cancelled as stop:
        acting.give_up(record.run_id, f"stopped by signal {stop.signal_number}")
    except StoreFault as fault:
        tell(f"gate: whether all actions were done is not known: {fault.message}\n  next: {fault.hint}")
        return ()
    events = store.events(record.run_id)
    acted = [acted_of(event.data) for event in events if event.kind == "action"]
    return tuple(replace(each, intents=sent.get(each.key, each.intents)) for each in acted)

"""From what a check asks to the order of a run: which policy, since when, and who is told how it ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gate.errors import UsageFault
from gate.policy import Overrides, load_text
from gate.runs import Callback, Order
from gate.service.named import read_named

if TYPE_CHECKING:
    from datetime import datetime

    from gate.service.azure.asked import Asked, Wanted
    from gate.service.azure.times import Times
    from gate.service.settings import Settings
    from gate.store import Webhook


def order_for(settings: Settings, webhook: Webhook, asked: Asked, times: Times) -> Order:
    """Return the order of a run whose verdict a check waits for.

    Raises:
        UsageFault: the service holds no such policy, or its window closes when the check is over.
        PolicyFault: the policy is wrong.
    """
    wanted = asked.wanted
    deployed_at = wanted.deployed_at or webhook.received_at
    text, path = read_named(settings.policies.folder, wanted.policy)
    policy = load_text(text, path=path, overrides=Overrides(release=wanted.release or None))
    closes = deployed_at + policy.window.length
    if closes > times.decides:
        needed = asked.minutes + -(-int((closes - times.decides).total_seconds()) // 60)
        message = (
            f"the window of the policy closes at {closes:%H:%M} UTC, and a check of {asked.minutes} minutes must be "
            f"answered by {times.decides:%H:%M}"
        )
        hint = f"give the check a timeout of {needed + 10} minutes or more, and say so in Gate-Timeout-Minutes"
        raise UsageFault(message, hint=hint)
    labels = {**wanted.labels, "azure_project": asked.project, "azure_plan": asked.plan}
    callback = Callback(f"{asked.organization}{asked.address}/events", deadline=times.ends)
    return Order(text, deployed_at, wanted.release or None, labels, callback, webhook.delivery, asked.by, path)


def order_of(settings: Settings, wanted: Wanted, key: str, now: datetime, by: str) -> Order:
    """Return the order of a run whose verdict a check asks for again and again.

    Raises:
        UsageFault: the service holds no such policy.
    """
    text, path = read_named(settings.policies.folder, wanted.policy)
    return Order(text, wanted.deployed_at or now, wanted.release or None, wanted.labels, None, key, by, path)

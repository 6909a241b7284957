"""What a CI system holds until the gate has answered: taken up round after round, whatever goes wrong meanwhile."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from gate.canonical import loads, rfc3339
from gate.errors import Cancelled, GateError, StoreFault
from gate.model import Decision
from gate.store import State

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from gate.ports import Clock
    from gate.store import Standing, Store, Webhook

LEASE = timedelta(seconds=15)
"""So long a worker has to order a run before another one tries; two who try order one."""
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=5), timedelta(minutes=10)
KEPT = timedelta(days=60)
"""So long is remembered what was asked, against those who send it again."""
FORGETS_EVERY = timedelta(hours=1)
OURSELVES = "Sentiment Gate"

_LOG = logging.getLogger(__name__)


class Holding(ABC):
    """One kind of thing that is held; see ``gate.runs.platforms.Platform``."""

    sender: str
    """So the names of its deliveries begin."""
    looks_again: timedelta
    """So often it is seen whether a run has something new to tell."""
    longest_pause: timedelta = LONGEST_PAUSE
    """Between two tries."""

    def __init__(self, store: Store, clock: Clock) -> None:
        """Take the run log."""
        self._store = store
        self._clock = clock
        self._forgets_at = clock.now()

    @abstractmethod
    def begin(self, webhook: Webhook) -> None:
        """Order its run, or answer that there can be none; raises GateError to be tried again."""

    @abstractmethod
    def follow(self, webhook: Webhook, run_id: str, until: datetime) -> datetime | None:
        """Tell what is new of its run; returns when to come again, None once there is nothing left to do."""

    @abstractmethod
    def deadline(self, webhook: Webhook) -> datetime:
        """Return when there is nobody left to answer."""

    def round(self) -> None:
        """See to everything that is due.

        Raises:
            StoreFault: the run log fails.
            Cancelled: the process was told to stop.
        """
        if self._clock.now() >= self._forgets_at:
            self._store.forget_webhooks(self._clock.now() - KEPT)
            self._forgets_at = self._clock.now() + FORGETS_EVERY
        for webhook in self._store.due_webhooks(self.sender):
            until = self._clock.now() + (self.looks_again if webhook.run_id else LEASE)
            if self._store.claim_webhook(webhook, until):
                self._see_to(webhook, until)

    def covers(self, run_id: str) -> bool:
        """Whether a run's verdict is to be told there."""
        webhook = self._store.webhook_of(run_id)
        return webhook is not None and webhook.delivery.startswith(f"{self.sender}:")

    def decision(self, run_id: str, message: Mapping[str, Any]) -> Decision:
        """Return what an end means for what is held; one without a verdict means what the policy says of errors."""
        # Callers are told to hold where there is no verdict; of what is held the policy says more.
        if message.get("decision") and message.get("state") == State.DONE:
            return Decision(message["decision"])
        if message.get("dry_run"):
            return Decision.PROMOTE
        if message.get("state") == State.CANCELLED:
            return Decision.HALT
        policy = loads(self._store.run(run_id).policy.encode(), "the run's policy")
        return Decision(policy["on"]["error"]) if isinstance(policy, dict) else Decision.HALT

    def standing_decision(self, standing: Standing) -> Decision:
        """Return the same of a run as it stands, which is over."""
        line = standing.line
        known = {"decision": line.decision, "dry_run": line.dry_run, "state": line.state.value}
        return self.decision(line.id, known)

    def _see_to(self, webhook: Webhook, until: datetime) -> None:
        """Do what is next for one; whatever goes wrong, it is come back to until it is answered."""
        try:
            if webhook.run_id:
                next_at = self.follow(webhook, webhook.run_id, until)
                if next_at != until or webhook.fault:
                    self._store.mark_webhook(webhook.delivery, next_at)
            else:
                self.begin(webhook)
        except (Cancelled, StoreFault):
            raise
        except GateError as fault:
            self._postpone(webhook, fault.message, getattr(fault, "until", None))
        except Exception as fault:  # noqa: BLE001 - somebody waits for an answer all the same
            _LOG.exception("what is held could not be seen to", extra=self.about(webhook))
            if webhook.run_id is None:
                refusal = {**webhook.told, "refusal": f"The gate itself broke ({type(fault).__name__})."}
                self._store.mark_webhook(webhook.delivery, self._clock.now(), fault="", told=refusal)
            else:
                self._postpone(webhook, type(fault).__name__)

    def _postpone(self, webhook: Webhook, why: str, until: datetime | None = None) -> None:
        now = self._clock.now()
        if now >= self.deadline(webhook):
            _LOG.error("not answered in time: %s", why, extra=self.about(webhook))
            self._store.mark_webhook(webhook.delivery, None, fault=why)
            return
        pause: timedelta = min(FIRST_PAUSE * (1 << min(webhook.attempts, 10)), self.longest_pause)
        next_at = max(now + pause, until or now)
        _LOG.warning("trying again at %s: %s", rfc3339(next_at), why, extra=self.about(webhook))
        self._store.mark_webhook(webhook.delivery, next_at, fault=why)

    def about(self, webhook: Webhook) -> dict[str, str]:
        """Return what log lines say beside their message."""
        return {"event": self.sender, "delivery": webhook.delivery}

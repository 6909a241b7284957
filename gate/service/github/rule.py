"""The worker's side of the protection rule: takes up deployments that wait, tells how they stand, answers them.

Every deployment that was taken in is answered: with the run's verdict, with a person's, with the reason why there can
be no run, and at last, shortly before GitHub gives up waiting, with a rejection.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from gate.canonical import loads
from gate.errors import PolicyFault, SourceDown, UsageFault
from gate.model import Decision
from gate.runs.delivering import HELD
from gate.service.github import comments
from gate.service.github.app import App, Decided, NotThere
from gate.service.github.ordering import caller, order_for
from gate.service.github.payload import SENDER, Held
from gate.service.github.progress import DELAYED, news
from gate.service.holding import OURSELVES, Holding
from gate.store import State

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from gate.ports import Clock
    from gate.runs import Runs
    from gate.service.settings import Settings
    from gate.store import Delivery, Store, Webhook

DECIDES = timedelta(hours=2)
"""So long before the deadline the gate rejects what nobody has decided."""
LAST = timedelta(hours=1)
"""So long before it an answer goes out whatever else happened."""
EVENT = "github"
"""Kind of the events in the run's log."""

_LOG = logging.getLogger(__name__)


def rule_of(
    settings: Settings, clock: Clock, environ: Mapping[str, str]
) -> Callable[[Store, Runs], ProtectionRule] | None:
    """Return what builds the rule for a worker; None if the settings name no App."""
    if settings.github.app is None:
        return None
    app = App(settings.github.app, clock, environ)
    app.tell_of_its_key()
    return lambda store, runs: ProtectionRule(settings, app, store, runs, clock)


class ProtectionRule(Holding):
    """See ``gate.runs.platforms.Platform``."""

    sender = SENDER
    looks_again = timedelta(minutes=1)

    def __init__(self, settings: Settings, app: App, store: Store, runs: Runs, clock: Clock) -> None:
        """Take the run log, what takes orders, and what speaks to GitHub."""
        super().__init__(store, clock)
        self._settings = settings
        self._app = app
        self._runs = runs

    def answer(self, delivery: Delivery) -> datetime | None:
        """Tell GitHub how a run ended; returns when to come again where a person is waited for."""
        webhook = self._store.webhook_of(delivery.run_id)
        message = loads(delivery.body, "outbox.body")
        if webhook is None or not isinstance(message, dict):
            return None
        held = Held.model_validate(webhook.asked)
        decision, reason = self.decision(delivery.run_id, message), str(message.get("reason") or "")
        last = delivery.deadline - LAST
        where = comments.place(self._settings.public_url, delivery.run_id)
        if decision is Decision.HOLD and self._clock.now() < last:
            if delivery.fault != HELD:
                until = self.deadline(webhook) - DECIDES
                self._comment(delivery.run_id, held, comments.waits(reason, until, where))
            return last
        state = "approved" if decision is Decision.PROMOTE else "rejected"
        comment = comments.answered(state, reason, where, dry_run=bool(message.get("dry_run")))
        try:
            self._app.review(held, state, comment)
        except Decided as fault:
            self._note(delivery.run_id, held, state, comment, refused=fault.message)
            raise
        self._note(delivery.run_id, held, state, comment)
        return None

    def begin(self, webhook: Webhook) -> None:
        """Order the run, or reject the deployment if there can be none."""
        held, deadline = Held.model_validate(webhook.asked), self.deadline(webhook)
        if refusal := webhook.told.get("refusal"):
            self._reject(webhook, held, str(refusal))
            return
        try:
            # Ordered already, and the process ended before that was written down.
            run_id = self._store.run_ordered(caller(held), webhook.delivery)
            if run_id is None:
                fetch = lambda path: self._app.file(held, path)  # noqa: E731 - what this deployment's is
                run_id = self._runs.start(order_for(self._settings, webhook, held, deadline, fetch))
        except (PolicyFault, UsageFault, NotThere) as fault:
            why = fault.message + (f" ({fault.hint})" if fault.hint else "")
            _LOG.warning("a deployment is rejected: %s", fault.message, extra=self.about(webhook))
            # Written down first: what is said does not change with a try that comes later.
            self._store.mark_webhook(webhook.delivery, self._clock.now(), told={"refusal": why}, fault=fault.message)
            self._reject(webhook, held, why)
            return
        except SourceDown as fault:
            if webhook.attempts == DELAYED:
                self._app.try_to_comment(held, comments.delayed(fault.message))
            raise
        _LOG.info("watching a deployment that waits", extra=self.about(webhook) | {"run": run_id})
        self._store.mark_webhook(webhook.delivery, self._clock.now(), run_id=run_id)

    def _reject(self, webhook: Webhook, held: Held, why: str) -> None:
        try:
            self._app.review(held, "rejected", comments.refused(why))
        except Decided as fault:
            _LOG.warning("%s", fault.message, extra=self.about(webhook))
        self._store.mark_webhook(webhook.delivery, None, fault=why)
        _LOG.info("rejected a deployment that cannot be watched", extra=self.about(webhook))

    def follow(self, webhook: Webhook, run_id: str, until: datetime) -> datetime | None:
        """Tell what is new of a run; returns when to come again."""
        held, standing, now = Held.model_validate(webhook.asked), self._store.standing(run_id), self._clock.now()
        decides = self.deadline(webhook) - DECIDES
        running = standing.line.state is State.RUNNING
        if not running and self.standing_decision(standing) is not Decision.HOLD:
            return None
        if now >= decides:
            why = f"nobody has decided it, and GitHub waits {self._settings_deadline.days} days at most"
            self._runs.reject(run_id, OURSELVES, why)
            return None
        if not running:
            return decides
        verdict = self._store.verdict(run_id)
        where = comments.place(self._settings.public_url, run_id)
        if fresh := news(webhook.told, standing.line, verdict, now, where):
            # Counted first: GitHub takes ten, and may have taken one whose answer is lost.
            counted = {**webhook.told, "count": fresh.told["count"]}
            self._store.mark_webhook(webhook.delivery, until, told=counted)
            self._comment(run_id, held, fresh.comment)
            self._store.mark_webhook(webhook.delivery, until, told=fresh.told)
        return min(until, decides)

    def _comment(self, run_id: str, held: Held, comment: str) -> None:
        try:
            self._app.comment(held, comment)
        except Decided as fault:
            # Bypassed by an administrator, cancelled, or too many comments: the verdict is sent all the same.
            _LOG.warning("%s", fault.message, extra={"run": run_id})
        else:
            self._note(run_id, held, "comment", comment)

    def _note(self, run_id: str, held: Held, sent: str, comment: str, *, refused: str = "") -> None:
        about = {"sent": sent, "environment": held.environment, "repository": held.name, "workflow_run": held.run,
                 "comment": comment}  # fmt: skip
        self._store.append(run_id, EVENT, about | ({"refused": refused} if refused else {}))

    @property
    def _settings_deadline(self) -> timedelta:
        app = self._settings.github.app
        return app.deadline if app else timedelta(0)

    def deadline(self, webhook: Webhook) -> datetime:
        """Return when GitHub is answered at the latest."""
        made_at = Held.model_validate(webhook.asked).made_at
        return min(made_at or webhook.received_at, webhook.received_at) + self._settings_deadline

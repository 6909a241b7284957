"""The worker's side of the protection rule: takes up deployments that wait, tells how they stand, answers them.

Every deployment that was taken in is answered: with the run's verdict, with a person's, with the reason why there can
be no run, and at last, shortly before GitHub gives up waiting, with a rejection.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from gate.canonical import loads, rfc3339
from gate.errors import Cancelled, GateError, PolicyFault, StoreFault, UsageFault
from gate.model import Decision
from gate.runs.delivering import HELD
from gate.service.github import comments
from gate.service.github.app import App, Decided, NotThere
from gate.service.github.ordering import caller, order_for
from gate.service.github.payload import SENDER, Held
from gate.service.github.progress import news
from gate.store import State

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from gate.ports import Clock
    from gate.runs import Runs
    from gate.service.settings import Settings
    from gate.store import Delivery, Standing, Store, Webhook

LEASE = timedelta(seconds=15)
"""So long a worker has to order a run before another one tries; two who try order one."""
LOOKS_AGAIN = timedelta(minutes=1)
"""So often it is seen whether a run has something new to tell."""
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=5), timedelta(minutes=10)
DECIDES = timedelta(hours=2)
"""So long before the deadline the gate rejects what nobody has decided."""
LAST = timedelta(hours=1)
"""So long before it an answer goes out whatever else happened."""
KEPT = timedelta(days=60)
"""So long deliveries are remembered: for twice as long as GitHub's oldest can be of any use to somebody who replays them."""
OURSELVES = "Sentiment Gate"
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
    return lambda store, runs: ProtectionRule(settings, app, store, runs, clock)


class ProtectionRule:
    """See ``gate.runs.platforms.Platform``."""

    def __init__(self, settings: Settings, app: App, store: Store, runs: Runs, clock: Clock) -> None:
        """Take the run log, what takes orders, and what speaks to GitHub."""
        self._settings = settings
        self._app = app
        self._store = store
        self._runs = runs
        self._clock = clock
        self._forgets_at = clock.now()

    def round(self) -> None:
        """See to every deployment that is due.

        Raises:
            StoreFault: the run log cannot be read or written.
            Cancelled: the process was told to stop.
        """
        if self._forgets_at <= self._clock.now():
            self._store.forget_webhooks(self._clock.now() - KEPT)
            self._forgets_at = self._clock.now() + LAST
        for webhook in self._store.due_webhooks(SENDER):
            until = self._clock.now() + (LOOKS_AGAIN if webhook.run_id else LEASE)
            if self._store.claim_webhook(webhook, until):
                self._see_to(webhook, until)

    def covers(self, run_id: str) -> bool:
        """Whether a run's verdict is to be told to GitHub."""
        webhook = self._store.webhook_of(run_id)
        return webhook is not None and webhook.delivery.startswith(f"{SENDER}:")

    def answer(self, delivery: Delivery) -> datetime | None:
        """Tell GitHub how a run ended; returns when to come again where a person is waited for."""
        webhook = self._store.webhook_of(delivery.run_id)
        message = loads(delivery.body, "outbox.body")
        if webhook is None or not isinstance(message, dict):
            return None
        held = Held.model_validate(webhook.asked)
        decision, reason = self._decision(delivery.run_id, message), str(message.get("reason") or "")
        last = delivery.deadline - LAST
        where = comments.place(self._settings.public_url, delivery.run_id)
        if decision is Decision.HOLD and self._clock.now() < last:
            if delivery.fault != HELD:
                until = self._deadline(webhook, held) - DECIDES
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

    def _see_to(self, webhook: Webhook, until: datetime) -> None:
        """Do what is next for one deployment; whatever goes wrong, it is come back to until it is answered."""
        held = Held.model_validate(webhook.asked)
        try:
            if webhook.run_id:
                next_at = self._follow(webhook, webhook.run_id, held, until)
                if next_at != until or webhook.fault:
                    self._store.mark_webhook(webhook.delivery, next_at)
            else:
                self._begin(webhook, held)
        except (Cancelled, StoreFault):
            raise
        except GateError as fault:
            self._postpone(webhook, held, fault.message, getattr(fault, "until", None))
        except Exception as fault:  # noqa: BLE001 - a job waits for an answer all the same
            _LOG.exception("a deployment that waits could not be seen to", extra=_about(webhook))
            if webhook.run_id is None:
                self._store.mark_webhook(webhook.delivery, self._clock.now(), fault="",
                                         told={"refusal": f"The gate itself broke ({type(fault).__name__})."})  # fmt: skip
            else:
                self._postpone(webhook, held, type(fault).__name__)

    def _begin(self, webhook: Webhook, held: Held) -> None:
        """Order the run, or reject the deployment if there can be none."""
        deadline = self._deadline(webhook, held)
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
            _LOG.warning("a deployment is rejected: %s", fault.message, extra=_about(webhook))
            # Written down first: what is said does not change with a try that comes later.
            self._store.mark_webhook(webhook.delivery, self._clock.now(), told={"refusal": why}, fault=fault.message)
            self._reject(webhook, held, why)
            return
        _LOG.info("watching a deployment that waits", extra=_about(webhook) | {"run": run_id})
        self._store.mark_webhook(webhook.delivery, self._clock.now(), run_id=run_id)

    def _reject(self, webhook: Webhook, held: Held, why: str) -> None:
        try:
            self._app.review(held, "rejected", comments.refused(why))
        except Decided as fault:
            _LOG.warning("%s", fault.message, extra=_about(webhook))
        self._store.mark_webhook(webhook.delivery, None, fault=why)
        _LOG.info("rejected a deployment that cannot be watched", extra=_about(webhook))

    def _follow(self, webhook: Webhook, run_id: str, held: Held, until: datetime) -> datetime | None:
        """Tell what is new of a run; returns when to come again."""
        standing, now = self._store.standing(run_id), self._clock.now()
        decides = self._deadline(webhook, held) - DECIDES
        running = standing.line.state is State.RUNNING
        if not running and self._standing_decision(run_id, standing) is not Decision.HOLD:
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

    def _postpone(self, webhook: Webhook, held: Held, why: str, until: datetime | None = None) -> None:
        now = self._clock.now()
        if now >= self._deadline(webhook, held):
            _LOG.error("a deployment was not answered in time: %s", why, extra=_about(webhook))
            self._store.mark_webhook(webhook.delivery, None, fault=why)
            return
        pause: timedelta = min(FIRST_PAUSE * (1 << min(webhook.attempts, 10)), LONGEST_PAUSE)
        next_at = max(now + pause, until or now)
        _LOG.warning("trying again at %s: %s", rfc3339(next_at), why, extra=_about(webhook))
        self._store.mark_webhook(webhook.delivery, next_at, fault=why)

    @property
    def _settings_deadline(self) -> timedelta:
        app = self._settings.github.app
        return app.deadline if app else timedelta(0)

    def _deadline(self, webhook: Webhook, held: Held) -> datetime:
        return min(held.made_at or webhook.received_at, webhook.received_at) + self._settings_deadline

    def _decision(self, run_id: str, message: Mapping[str, Any]) -> Decision:
        """Return what an end means for the deployment; one without a verdict means what the policy says of errors."""
        # Callers are told to hold where there is no verdict; of a deployment the policy says more.
        if message.get("decision") and message.get("state") == State.DONE:
            return Decision(message["decision"])
        if message.get("dry_run"):
            return Decision.PROMOTE
        if message.get("state") == State.CANCELLED:
            return Decision.HALT
        policy = loads(self._store.run(run_id).policy.encode(), "the run's policy")
        return Decision(policy["on"]["error"]) if isinstance(policy, dict) else Decision.HALT

    def _standing_decision(self, run_id: str, standing: Standing) -> Decision:
        line = standing.line
        known = {"decision": line.decision, "dry_run": line.dry_run, "state": line.state.value}
        return self._decision(run_id, known)


def _about(webhook: Webhook) -> dict[str, str]:
    return {"event": "github", "delivery": webhook.delivery}

"""The worker's side of a check that waits for a callback: orders the run, shows how it stands, ends the check.

Every check that was taken in is ended: with the run's verdict, with a person's, with the reason why there can be no run,
and at last, before Azure's own time is over, as failed. Where Azure has to end it the stage is skipped, and what is to
run where a stage has failed does not run.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from datetime import timedelta
from threading import Lock, RLock
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

from gate.canonical import loads
from gate.errors import PolicyFault, SourceDown, UsageFault
from gate.model import Decision
from gate.service.azure import lines
from gate.service.azure.asked import SENDER, Asked
from gate.service.azure.ordering import order_for
from gate.service.azure.plans import Closed, Plans
from gate.service.azure.sealing import Sealer
from gate.service.azure.times import Times
from gate.service.holding import OURSELVES, Holding
from gate.store import State
from gate.store.ending import PENDING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from gate.ports import Clock
    from gate.runs import Runs
    from gate.service.settings import Settings
    from gate.store import Delivery, Store, Webhook

LOOKS_ON = timedelta(minutes=1)
"""So often it is seen whether the outbox has sent the answer."""
BEGINNING, LEANS_ON = 3, 5
"""Events: start, baseline and first look; and so many before what is new."""
NOT_YET = timedelta(minutes=2)
"""So long after it was asked, Azure's word that nothing waits is not believed: we may have been faster than its own books."""
SUCCEEDED, FAILED = "succeeded", "failed"

_LOG = logging.getLogger(__name__)


def check_of(settings: Settings, clock: Clock, environ: Mapping[str, str]) -> Callable[[Store, Runs], Check] | None:
    """Return what builds it for a worker; None if the settings name no organization.

    Raises:
        SourceRefused: a key is not set.
        UsageFault: a key is too short.
    """
    if settings.azure is None:
        return None
    sealer = Sealer(settings.azure.keys, environ)
    return lambda store, runs: Check(settings, Plans(clock), sealer, store, runs, clock)


class Check(Holding):
    """See ``gate.runs.platforms.Platform``."""

    sender = SENDER
    looks_again = timedelta(seconds=20)
    longest_pause = timedelta(minutes=1)

    def __init__(
        self, settings: Settings, plans: Plans, sealer: Sealer, store: Store, runs: Runs, clock: Clock
    ) -> None:
        """Take the run log, what takes orders, what speaks to Azure, and what reads the tokens for it."""
        super().__init__(store, clock)
        self._settings = settings
        self._plans = plans
        self._sealer = sealer
        self._runs = runs
        self._making = Lock()
        self._turns: WeakValueDictionary[str, RLock] = WeakValueDictionary()

    def deadline(self, webhook: Webhook) -> datetime:
        """Return when Azure waits no more."""
        return Times.of(webhook).ends

    def begin(self, webhook: Webhook) -> None:
        """Order the run, or end the check if there can be none."""
        asked, times = Asked.model_validate(webhook.asked), Times.of(webhook)
        if refusal := webhook.told.get("refusal"):
            self._refuse(webhook, str(refusal))
            return
        try:
            # Ordered already, and the process ended before that was written down.
            run_id = self._store.run_ordered(asked.by, webhook.delivery)
            run_id = run_id or self._runs.start(order_for(self._settings, webhook, asked, times))
        except (PolicyFault, UsageFault) as fault:
            why = fault.message + (f" ({fault.hint})" if fault.hint else "")
            _LOG.warning("a check fails: %s", fault.message, extra=self.about(webhook))
            # Written down first: what is said does not change with a try that comes later.
            told = {**webhook.told, "refusal": why}
            self._store.mark_webhook(webhook.delivery, self._clock.now(), told=told, fault=fault.message)
            return
        _LOG.info("watching for a check", extra=self.about(webhook) | {"run": run_id})
        self._store.mark_webhook(webhook.delivery, self._clock.now(), run_id=run_id)

    def follow(self, webhook: Webhook, run_id: str, until: datetime) -> datetime | None:
        """Show what is new of a run; returns when to come again."""
        with self._turn(webhook.delivery):
            return self._follow(self._store.webhook_of(run_id) or webhook, run_id, until)

    def answer(self, delivery: Delivery) -> datetime | None:
        """End the check as its run ended; returns when to come again where a person is waited for."""
        webhook = self._store.webhook_of(delivery.run_id)
        if webhook is None:
            return None
        with self._turn(webhook.delivery):
            return self._answer(self._store.webhook_of(delivery.run_id) or webhook, delivery)

    def _turn(self, delivery: str) -> RLock:
        """Return what keeps the round and the outbox, each in a thread of its own, from showing the same lines at once."""
        with self._making:
            return self._turns.setdefault(delivery, RLock())

    def _follow(self, webhook: Webhook, run_id: str, until: datetime) -> datetime | None:
        standing, now, times = self._store.standing(run_id), self._clock.now(), Times.of(webhook)
        if now >= times.ends:
            _LOG.error("a check was not answered in time", extra=self.about(webhook) | {"run": run_id})
            return None
        running = standing.line.state is State.RUNNING
        if now >= times.decides and (running or self.standing_decision(standing) is Decision.HOLD):
            # A dry run holds nothing back, whatever keeps it from its end.
            decide = self._runs.approve if standing.line.dry_run else self._runs.reject
            decide(run_id, OURSELVES, "nobody has decided it, and the check's time is nearly over")
            return until
        if not running:
            return self._see_it_end(webhook, run_id, now)
        seen = int(webhook.told.get("seq", 0))
        if standing.events > seen:
            where = lines.place(self._settings.public_url, run_id)
            first = lines.started(standing.line.release, standing.line.window_to, times.decides, where)
            told = self._say(webhook, ([] if seen else first) + self._story(webhook, run_id))
            self._store.mark_webhook(webhook.delivery, until, told={**told, "seq": standing.events})
        return min(until, times.decides)

    def _answer(self, webhook: Webhook, delivery: Delivery) -> datetime | None:
        message = loads(delivery.body, "outbox.body")
        if webhook.told.get("result") or not isinstance(message, dict):
            return None
        if webhook.done:
            fault = "the check's time was over"
            raise Closed(fault)
        run_id, times = delivery.run_id, Times.of(webhook)
        decision, reason = self.decision(run_id, message), str(message.get("reason") or "")
        where = lines.place(self._settings.public_url, run_id)
        if decision is Decision.HOLD and self._clock.now() < times.last:
            if not webhook.told.get("held"):
                told = self._say(webhook, [*self._story(webhook, run_id), *lines.held(reason, times.decides, where)])
                told = {**told, "held": True, "seq": self._store.standing(run_id).events}
                self._store.mark_webhook(webhook.delivery, times.decides, told=told)
            return times.last
        result = SUCCEEDED if decision is Decision.PROMOTE else FAILED
        last = lines.answered(result, reason, where, dry_run=bool(message.get("dry_run")))
        try:
            told = self._end(webhook, result, [*self._story(webhook, run_id), *last])
        except Closed as fault:
            self._note(run_id, webhook, result, refused=fault.message)
            raise
        self._store.mark_webhook(webhook.delivery, None, told={**told, "result": result})
        self._note(run_id, webhook, result)
        return None

    def _see_it_end(self, webhook: Webhook, run_id: str, now: datetime) -> datetime | None:
        """See whether the outbox still has the answer to send; returns when to look again."""
        times, deliveries = Times.of(webhook), self._store.deliveries(run_id)
        if any(each.state == PENDING for each in deliveries) or not deliveries:
            return min(now + LOOKS_ON, times.decides if now < times.decides else times.ends)
        # It has given up: it may have had its turn before it was known that the run is this check's.
        with suppress(Closed):
            if self.answer(deliveries[-1]):
                return times.decides
        return None

    def _story(self, webhook: Webhook, run_id: str) -> list[str]:
        """Return what of the run was not shown yet."""
        seen = int(webhook.told.get("seq", 0))
        # A long run has thousands of events: its beginning and the last ones shown are what new ones lean on.
        known = self._store.events(run_id, limit=BEGINNING)
        known += self._store.events(run_id, after=max(BEGINNING, seen - LEANS_ON))
        return lines.told(known, seen)

    def _refuse(self, webhook: Webhook, why: str) -> None:
        """End the check of which there is no run."""
        with suppress(Closed):
            self._end(webhook, FAILED, lines.refused(why))
        self._store.mark_webhook(webhook.delivery, None, fault=why)
        _LOG.info("a check was failed of which there can be no run", extra=self.about(webhook))

    def _end(self, webhook: Webhook, result: str, said: Sequence[str]) -> Mapping[str, Any]:
        """Show the last lines, then end the check; returns what was told.

        Raises:
            Closed: nothing waits there any more; its token is gone.
            SourceDown: Azure could not be told this time.
        """
        told = webhook.told
        if self._clock.now() < Times.of(webhook).last and not told.get("last"):
            # Only once: a try that comes again is about how it ends, and nothing else.
            told = {**self._say(webhook, said), "last": True}
            self._store.mark_webhook(webhook.delivery, webhook.next_at or self._clock.now(), told=told)
        try:
            self._plans.complete(Asked.model_validate(webhook.asked), self._token(webhook), result)
        except Closed as fault:
            if self._clock.now() < webhook.received_at + NOT_YET:
                raise SourceDown(fault.message, hint=fault.hint) from None
            _LOG.warning("%s", fault.message, extra=self.about(webhook))
            self._store.mark_webhook(webhook.delivery, None, fault=fault.message)
            raise
        _LOG.info("a check is told: %s", result, extra=self.about(webhook))
        return told

    def _say(self, webhook: Webhook, said: Sequence[str]) -> Mapping[str, Any]:
        """Show lines, and keep them; returns what was told. That it cannot be shown keeps nothing from going on."""
        told = dict(webhook.told)
        if told.get("closed") or not said:
            return told
        try:
            asked, token = Asked.model_validate(webhook.asked), self._token(webhook)
            self._plans.show(asked, token, said)
            told["log"] = self._plans.keep(asked, token, said, told.get("log"))
        except Closed as fault:
            if self._clock.now() >= webhook.received_at + NOT_YET:
                told["closed"] = True
            _LOG.warning("a check does not take lines: %s", fault.message, extra=self.about(webhook))
        except SourceDown as fault:
            _LOG.warning("a check could not be shown how it stands: %s", fault.message, extra=self.about(webhook))
        return told

    def _token(self, webhook: Webhook) -> str:
        return self._sealer.open(webhook.sealed, webhook.delivery)

    def _note(self, run_id: str, webhook: Webhook, result: str, *, refused: str = "") -> None:
        asked = Asked.model_validate(webhook.asked)
        about = {"sent": result, "hub": asked.hub, "plan": asked.plan, "project": asked.project}
        self._store.append(run_id, lines.EVENT, about | ({"refused": refused} if refused else {}))

"""Telling callers how their runs ended: signed, again and again until they have it or their deadline is over.

Signed as the Standard Webhooks specification (standardwebhooks.com) has it, so that receivers need no code of ours.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from gate.errors import Cancelled, GateError, StoreFault
from gate.http.webhooks import signed_headers
from gate.runs.platforms import platform_of
from gate.store.ending import PENDING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from gate.ports import Clock
    from gate.runs.platforms import Platform
    from gate.store import Delivery, Store

FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(minutes=5)
RETRY = timedelta(seconds=10)
"""After the run log could not be read or written."""
LAST_CALL = timedelta(seconds=5)
"""So long before the deadline the last attempt is made."""
LONG = timedelta(days=1)
"""After so long an attempt every ``RARELY`` will do."""
RARELY = timedelta(hours=1)
HELD = "told that it is held: a person decides, or the deadline"
"""Stands in place of a fault meanwhile."""

_LOG = logging.getLogger(__name__)


class Deliver(Protocol):
    """Sends one message to a caller's address."""

    def __call__(
        self, url: str, body: bytes, headers: Mapping[str, str], allowed: Sequence[str], within: timedelta
    ) -> None:
        """Send it once, and return when the receiver said 2xx.

        Args:
            url: where to.
            body: canonical JSON.
            headers: id, time and signature.
            allowed: hosts that may be written to.
            within: so long it may take.

        Raises:
            GateError: it did not get there; ``permanent`` if it never will.
            Cancelled: the process was told to stop; whether it got there is not known.
        """


class Delivering:
    """Works through the outbox of a run."""

    def __init__(  # noqa: PLR0913 - the last ones by name
        self,
        store: Store,
        clock: Clock,
        deliver: Deliver,
        secret: Callable[[str], str],
        allowed: Sequence[str] = (),
        *,
        act: Callable[[str], datetime | None] = lambda _run: None,
        platforms: Sequence[Platform] = (),
    ) -> None:
        """Take the run log, what sends, what resolves ``${NAME}`` of signing keys, and what does a policy's actions.

        That says when to come again for the actions of a run; see ``gate.acting``. Each of ``platforms`` is told in a
        form of its own.
        """
        self._store = store
        self._platforms = tuple(platforms)
        self._clock = clock
        self._deliver = deliver
        self._secret = secret
        self._allowed = tuple(allowed)
        self._act = act

    def deliver(self, run_id: str) -> datetime | None:
        """Send what is due, then do the actions that are due.

        Returns:
            When to come again; None once there is nothing left to tell or to do.
        """
        try:
            self._store.hush(run_id)  # Whatever somebody says from now on calls again.
            for delivery in self._pending(run_id):
                if delivery.next_at <= self._clock.now():
                    self._attempt(delivery)
            again = self._act(run_id)
            waiting = [*([again] if again else []), *(each.next_at for each in self._pending(run_id))]
            if waiting:
                return min(waiting)
            return None if self._store.close_order(run_id) else self._clock.now()
        except StoreFault as fault:
            _LOG.warning("the run log failed, trying again: %s", fault.message, extra={"run": run_id})
            return self._clock.now() + RETRY

    def _pending(self, run_id: str) -> list[Delivery]:
        return [each for each in self._store.deliveries(run_id) if each.state == PENDING]

    def _attempt(self, delivery: Delivery) -> None:
        named = {"run": delivery.run_id, "delivery": delivery.id}
        now = self._clock.now()
        if now >= delivery.deadline:
            _LOG.warning("the caller could not be told in time: %s", delivery.fault, extra=named)
            self._store.expired(delivery, delivery.fault or "the deadline was over before the first attempt")
            return
        try:
            held_until = self._send(delivery, now)
        except Cancelled:
            raise
        except GateError as fault:
            if fault.permanent:
                _LOG.warning("the caller cannot be told: %s", fault.message, extra=named)
                self._store.expired(delivery, fault.message)
            else:
                self._store.postpone(delivery, fault.message, self._next_at(delivery, fault))
            return
        except Exception as fault:  # noqa: BLE001 - a bug must not keep a caller from being told at last
            _LOG.exception("telling the caller broke", extra=named)
            self._store.postpone(delivery, type(fault).__name__, self._next_at(delivery, fault))
            return
        if held_until:
            self._store.postpone(delivery, HELD, held_until)
            return
        self._store.delivered(delivery)
        _LOG.info("the caller was told", extra=named)

    def _send(self, delivery: Delivery, now: datetime) -> datetime | None:
        """Send it once; returns when to come again if that was not the last word."""
        if platform := platform_of(self._platforms, delivery.run_id):
            return platform.answer(delivery)
        key = self._secret(delivery.secret) if delivery.secret else ""
        left = delivery.deadline - now
        self._deliver(delivery.url, delivery.body, headers_of(delivery, key, now), self._allowed, left)
        return None

    def _next_at(self, delivery: Delivery, fault: Exception) -> datetime:
        now = self._clock.now()
        pause: timedelta = FIRST_PAUSE * (1 << min(delivery.attempts, 10))
        longest = LONGEST_PAUSE if now < delivery.created_at + LONG else RARELY
        # Whoever limits rates may say when to come again.
        after = max(now + min(pause, longest), getattr(fault, "until", None) or now)
        last = delivery.deadline - LAST_CALL
        return min(after, last if now < last else delivery.deadline)


def headers_of(delivery: Delivery, key: str, now: datetime) -> dict[str, str]:
    """Return what a message is sent with; see ``gate.http.webhooks``."""
    return signed_headers(delivery.id, delivery.body, key, now)

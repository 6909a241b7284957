"""Runs actions: claims each, does it or says what it would do, tries again what may pass, and records what came of it."""

from __future__ import annotations

import logging
import secrets
from contextlib import closing, suppress
from dataclasses import replace
from datetime import timedelta
from traceback import format_tb
from typing import TYPE_CHECKING, Any

from gate.acting.occasions import occasion_of
from gate.canonical import to_plain
from gate.errors import Cancelled, GateError, StoreFault
from gate.policy.secrets import hide_secrets
from gate.report import safe

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from gate.model import Intent, Occasion
    from gate.ports import Action, Clock
    from gate.store import Store, Task

FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(minutes=5)
LEASE = timedelta(seconds=60)
"""After so long whoever claimed an action must be dead: none takes half as long, unless it says so."""
RETRY = timedelta(seconds=10)
"""After the run log could not be read or written."""
LONGEST_SAID = 500
BY_HAND = "its time is over, and nobody tries it again"

_LOG = logging.getLogger(__name__)


class Acting:
    """Does what is due about runs. Safe to share between threads."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        build: Callable[[Task], Action],
        *,
        url: Callable[[str], str] = lambda _run: "",
        shown: Callable[[Task, Sequence[Intent]], None] = lambda _task, _intents: None,
    ) -> None:
        """Take what it works with.

        Args:
            store: the run log.
            clock: for deadlines and pauses.
            build: makes the action that a task asks for.
            url: from the id of a run to the address of its page.
            shown: is told what a dry run would have sent.
        """
        self._store = store
        self._clock = clock
        self._build = build
        self._url = url
        self._shown = shown

    def act(self, run_id: str) -> datetime | None:
        """Do what is due about a run, each thing once.

        Returns:
            When to come again; None once there is nothing left to do.

        Raises:
            Cancelled: the process was told to stop; whoever comes next goes on.
            StoreFault: the run log cannot be read or written.
        """
        for task in self._store.tasks(run_id):
            if task.due <= self._clock.now():
                self._take(task)
        return min((task.due for task in self._store.tasks(run_id)), default=None)

    def to_the_end(self, run_id: str, waits: Callable[[str], None]) -> None:
        """Do all that is to be done about a run, and wait where something must be tried again.

        Args:
            run_id: of the run.
            waits: is told what is waited for.

        Raises:
            Cancelled: as ``act``.
            StoreFault: as ``act``.
        """
        while again := self.act(run_id):
            late = [f"{task.type} ({task.fault})" for task in self._store.tasks(run_id) if task.fault]
            waits(f"action {', '.join(late) or 'of this run'}: tried again at {again:%H:%M:%S} UTC")
            self._clock.wait(again - self._clock.now())

    def give_up(self, run_id: str, why: str) -> None:
        """Record that what is left to do about a run is not done: nobody will come for it."""
        with suppress(StoreFault):
            for task in self._store.tasks(run_id):
                self._fail(task, why, "nobody tries it again", task.attempts)

    def _take(self, task: Task) -> None:
        now, claim = self._clock.now(), secrets.token_hex(8)
        if now >= task.deadline:
            self._fail(task, task.fault or "its time was over before anybody came to do it", BY_HAND, task.attempts)
        elif self._store.claim_task(task, claim, now + LEASE):
            try:
                self._do(task, claim)
            except Cancelled:
                with suppress(StoreFault):
                    self._store.try_later(task, claim, "cut short", self._clock.now())
                raise

    def _do(self, task: Task, claim: str) -> None:
        try:
            told = self._attempt(task, claim)
        except (Cancelled, StoreFault):
            raise
        except GateError as fault:
            self._failed(task, claim, fault)
        except Exception as bug:  # noqa: BLE001 - one broken plug-in must not take the others along
            # Its kind and where it was, not its words: what a plug-in says of itself may hold a secret.
            _LOG.error("an action broke: %s", "".join(format_tb(bug.__traceback__)), extra={"run": task.run_id})
            self._fail(task, f"it broke: {type(bug).__name__}", "read the log of the process", task.attempts + 1)
        else:
            state = "dry run" if "intents" in told else "done"
            self._store.end_task(task, state, {**told, "attempts": task.attempts + 1})
            _LOG.info("action %s: %s", task.type, state, extra={"run": task.run_id})

    def _attempt(self, task: Task, claim: str) -> dict[str, Any]:
        run = self._store.run(task.run_id)
        occasion = occasion_of(self._store, task, self._url(task.run_id))
        with closing(self._build(task)) as action:
            if run.dry_run:
                return {"intents": self._intents(task, action, occasion)}
            if longest := getattr(action, "longest", None):
                self._store.keep_task(task, claim, self._clock.now() + longest + LEASE)
            return {"said": _line(action.run(occasion))}

    def _intents(self, task: Task, action: Action, occasion: Occasion) -> list[Any]:
        self._shown(task, action.intents(occasion))
        # The log keeps what it holds for ever, so what people wrote has no place in it.
        return [to_plain(each) for each in action.intents(replace(occasion, quoting=occasion.markdown))]

    def _failed(self, task: Task, claim: str, fault: GateError) -> None:
        message, now = _line(fault.message), self._clock.now()
        pause: timedelta = FIRST_PAUSE * (1 << min(task.attempts, 10))
        next_at = max(now + min(pause, LONGEST_PAUSE), getattr(fault, "until", None) or now)
        if fault.permanent:
            self._fail(task, message, _line(fault.hint), task.attempts + 1)
        elif next_at >= task.deadline:
            self._fail(task, message, BY_HAND, task.attempts + 1)
        else:
            _LOG.warning("action %s failed, trying again: %s", task.type, message, extra={"run": task.run_id})
            self._store.try_later(task, claim, message, next_at)

    def _fail(self, task: Task, message: str, hint: str, attempts: int) -> None:
        _LOG.error("action %s failed: %s", task.type, message, extra={"run": task.run_id})
        self._store.end_task(task, "failed", {"said": message, "hint": hint, "attempts": attempts})


def _line(text: str) -> str:
    return hide_secrets(safe.one_line(text, LONGEST_SAID))

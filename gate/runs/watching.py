"""Looks of durable runs: each is made once, recorded with what it was given, and made on any machine."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Protocol

from gate.canonical import from_plain
from gate.errors import Cancelled, GateError, StoreFault
from gate.model import Cost, Coverage
from gate.runs.journal import Journal, Misfit
from gate.store import State, Step

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager
    from datetime import datetime

    from gate.engine import Watch
    from gate.model import Look
    from gate.ports import Clock
    from gate.spending import Purse
    from gate.store import Assignment, Store

RETRY = timedelta(seconds=10)
"""After the run log could not be read or written."""
MOST_AWAKE = 2000
"""Runs held in memory between their looks; the others are rebuilt from their journals."""

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Vigil:
    """A run's engine, and when its first look is due."""

    watch: Watch
    first_at: datetime
    purses: Mapping[str, Purse] = field(default_factory=dict)
    """What counts the run's spending, by source."""


class OpenWatch(Protocol):
    """Builds the engine of a run, with sources, clock and scorers that its journal remembers for it."""

    def __call__(self, job: Assignment, journal: Journal) -> AbstractContextManager[Vigil]:
        """Open it; its sources are closed when the block ends."""


class Watching:
    """The runs that one process watches. Safe to share between threads; a run is looked at by one at a time."""

    def __init__(self, store: Store, clock: Clock, open_watch: OpenWatch, *, most_awake: int = MOST_AWAKE) -> None:
        """Hold no run yet."""
        self._store = store
        self._clock = clock
        self._open = open_watch
        self._most = most_awake
        self._awake: OrderedDict[str, _Awake] = OrderedDict()
        self._lock = threading.Lock()

    def look(self, run_id: str) -> datetime | None:
        """Make the look that is due, if one is.

        Returns:
            When to come again; None once the run is over.

        Raises:
            Cancelled: the process was told to stop; nothing of the look was recorded.
        """
        try:
            return self._look(run_id)
        except Cancelled:
            raise
        except StoreFault as fault:
            _LOG.warning("the run log failed, trying again: %s", fault.message, extra={"run": run_id})
            return self._clock.now() + RETRY
        except Exception as fault:  # noqa: BLE001 - one broken run must not take the others along
            _LOG.exception("the run broke", extra={"run": run_id})
            return self._break_off(run_id, fault)

    def close(self) -> None:
        """Let go of every run; each goes on wherever it is looked at next."""
        with self._lock:
            awake = list(self._awake.values())
            self._awake.clear()
        for each in awake:
            each.close()

    def _look(self, run_id: str) -> datetime | None:
        job = self._store.assignment(run_id)
        if job.attention == "wake":
            self._store.hush(run_id)
            job = self._store.assignment(run_id)
        awake = self._take(run_id)
        if awake and (job.state is not State.RUNNING or awake.job.window_to != job.window_to):
            awake.close()
            awake = None
        if job.state is not State.RUNNING:
            return None
        if job.next_at > self._clock.now():
            self._keep(awake)
            return job.next_at
        awake = awake or _wake(job, self._store, self._open, self._clock)
        try:
            next_at = awake.look(self._store)
        except BaseException:
            awake.close()
            raise
        if next_at is None:  # Over, or somebody else's: the next look at the run log tells.
            awake.close()
            return self._clock.now()
        self._keep(awake)
        return next_at

    def _take(self, run_id: str) -> _Awake | None:
        with self._lock:
            return self._awake.pop(run_id, None)

    def _keep(self, awake: _Awake | None) -> None:
        if awake is None:
            return
        with self._lock:
            self._awake[awake.job.run_id] = awake
            longest = self._awake.popitem(last=False)[1] if len(self._awake) > self._most else None
        if longest:
            longest.close()

    def _break_off(self, run_id: str, fault: Exception) -> datetime | None:
        why = fault.message if isinstance(fault, GateError) else type(fault).__name__
        try:
            if self._store.assignment(run_id).state is State.RUNNING:
                self._store.break_off(run_id, why)
        except StoreFault:
            return self._clock.now() + RETRY
        return None


class _Awake:
    """One run between two looks."""

    def __init__(self, job: Assignment, open_watch: OpenWatch, clock: Clock) -> None:
        """Open its engine; nothing is heard yet."""
        self.job = job
        self._clock = clock
        self._count = job.looks
        self._remake: datetime | None = None
        self._journal = Journal(clock)
        self._stack = ExitStack()
        self._vigil = self._stack.enter_context(open_watch(job, self._journal))
        self._looks = self._vigil.watch.looks()

    def close(self) -> None:
        """Let go of its sources; an outage at goodbye is none of the run's."""
        with suppress(GateError, OSError):
            self._stack.close()

    def replay(self, rows: list[bytes]) -> None:
        """Give the engine again what it was given.

        Raises:
            Misfit: it asks for something else.
        """
        for number, row in enumerate(rows):
            with self._journal.replaying(row) as until:
                if until:
                    self._look_from(until)
                elif number == 0:
                    while self._vigil.watch.ask_baseline():
                        pass
                    self._vigil.watch.hear_baseline()
                elif next(self._looks, None) is None:
                    message = "the run was over by what is remembered"
                    raise Misfit(message)

    def remake(self, spent: Mapping[str, Cost]) -> None:
        """Hear everything again at the next look; what the run ``spent`` before, by source, counts still."""
        for name, purse in self._vigil.purses.items():
            purse.spent += spent.get(name, Cost())
        self._remake = self.job.next_at if self._count else None

    def look(self, store: Store) -> datetime | None:
        """Make the next look and record it; returns when the one after it is due, or None if there is none to make."""
        run_id, number = self.job.run_id, self._count
        if number == 0:
            if again := self._vigil.watch.ask_baseline():
                return again
            heard = self._vigil.watch.hear_baseline()
            step = Step(0, self._journal.drain(), self._vigil.first_at)
            recorded = store.record_baseline(run_id, heard.kept, heard.dropped, heard.coverage, heard.notes, step=step)
            next_at: datetime | None = self._vigil.first_at
        else:
            made = self._look_from(self._remake) if self._remake else next(self._looks)
            look = replace(made, number=number)
            entries, next_at = self._journal.drain(self._remake), look.next_at
            closes = None if next_at else self.job.window_to
            step = Step(number, entries, next_at or look.at, instead=bool(self._remake), closes=closes)
            recorded = store.record_look(run_id, look, step=step)
            late = round((self._clock.now() - look.at).total_seconds(), 3)
            about = {"run": run_id, "look": number, "late": late}
            _LOG.info("looked: %s", look.verdict.outcome.value, extra=about)
        self._remake = None
        self._count += 1
        return next_at if recorded else None

    def _look_from(self, due: datetime) -> Look:
        """Make all looks up to the one that is due then, as if for the first time, and return that one."""
        self._vigil.watch.hear_baseline()
        look = next(self._looks)
        while look.at < due and not look.verdict.outcome.final:
            look = next(self._looks)
        return look


def _wake(job: Assignment, store: Store, open_watch: OpenWatch, clock: Clock) -> _Awake:
    """Bring a run to where it stood."""
    awake, rows = _Awake(job, open_watch, clock), store.journal(job.run_id, job.looks)
    try:
        awake.replay(rows)
        if len(rows) == 0 and job.looks:
            awake.remake(_spent(store, job.run_id))
    except (Misfit, StopIteration) as misfit:
        # The engine changed with an upgrade, or the window was extended: nothing is lost, but sources are asked again.
        _LOG.warning("what the run was given does not fit, so it is asked for again: %s", misfit,
                     extra={"run": job.run_id})  # fmt: skip
        awake.close()
        awake = _Awake(job, open_watch, clock)
        awake.remake(_spent(store, job.run_id))
    except BaseException:
        awake.close()
        raise
    return awake


def _spent(store: Store, run_id: str) -> dict[str, Cost]:
    """Return what the run log knows of a run's spending, by source: that of the baseline and of the last look."""
    heard: dict[str, list[Any]] = {}
    for event in store.events(run_id):
        if event.kind in {"baseline", "look"}:
            heard[event.kind] = event.data.get("verdict", event.data).get("coverage", [])
    spent: dict[str, Cost] = {}
    for each in (from_plain(Coverage, plain, "the run log") for coverage in heard.values() for plain in coverage):
        spent[each.source] = spent.get(each.source, Cost()) + each.cost
    return spent

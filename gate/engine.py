"""One run's looks: fetch → filter → score → fold → decide.

The same code serves the live gate and recorded mentions. Looks that were due before now are made
at once, each seeing only what had been written by its time; looks to come are waited for.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from gate.listening import Ear, Listener
from gate.model import Dropped, Look, Outcome, Period, Scored
from gate.reading import Plan, Reader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from gate.decide import Decider
    from gate.model import Coverage, Mention
    from gate.ports import Clock, Scorer

BASELINE_TRIES = 3
BASELINE_TIMEOUT = timedelta(seconds=60)
LONGEST_POLL = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Baseline:
    """What was heard from before the deploy."""

    kept: tuple[Scored, ...]
    dropped: tuple[Dropped, ...]
    coverage: tuple[Coverage, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Parts:
    """The live objects of one run, built by wiring."""

    listeners: Sequence[Listener]
    baseline_listeners: Sequence[Listener] | None
    """Where the baseline is heard, if elsewhere than the window."""
    scorer: Scorer
    decider: Decider
    clock: Clock
    hash_author: Callable[[str, str], str]
    """From source and author to a keyed hash."""


class Watch:
    """Hears the baseline, then looks until there is a final verdict."""

    def __init__(self, plan: Plan, parts: Parts) -> None:
        """Take the plan and the live objects; nothing is fetched yet."""
        self._plan = plan
        self._clock = parts.clock
        self._decider = parts.decider
        release = plan.release
        self._before = [
            Ear(each, Period.BASELINE, release.baseline_from, release.baseline_to)
            for each in (parts.baseline_listeners or parts.listeners)
        ]
        self._after = [Ear(each, Period.POST, release.deployed_at, release.window_to) for each in parts.listeners]
        self._readers = {period: Reader(plan, period, parts.scorer, parts.hash_author) for period in Period}
        self._same_sources = parts.baseline_listeners is None
        self._polled_until: datetime | None = None

    def hear_baseline(self) -> Baseline:
        """Fetch, filter and score what was written before the deploy, and fold it.

        A source that does not answer is asked up to three times. One that never answers takes no
        part in the comparison: its later mentions would be compared with nothing.
        """
        for ear in self._before:
            for attempt in range(BASELINE_TRIES):
                ear.poll(ear.until, BASELINE_TIMEOUT)
                if ear.complete or ear.permanent or attempt == BASELINE_TRIES - 1:
                    break
                self._clock.wait(timedelta(seconds=2 * 4**attempt))
        if self._same_sources:
            self._silence_the_unheard()
        kept, dropped = self._read(self._before, self._plan.release.baseline_to, Period.BASELINE)
        for scored in kept:
            self._decider.fold_baseline(scored)
        notes = [note for ear in self._before for note in ear.notes()]
        partial = [ear for ear in self._before if not ear.complete]
        notes += [f"{ear.listener.name}: the baseline is not complete: {ear.reason}" for ear in partial]
        return Baseline(kept, dropped, tuple(ear.coverage() for ear in self._before), tuple(notes))

    def looks(self) -> Iterator[Look]:
        """Yield each look; the last one has a final outcome. Looks past due that saw nothing are skipped."""
        release, plan = self._plan.release, self._plan
        at, number = release.deployed_at + plan.settle, 0
        while True:
            at = min(at, release.window_to)
            due = self._clock.now() - at
            if due < timedelta(0):
                self._clock.wait(-due)
            self._poll(at)
            next_at = at + plan.every
            kept, dropped = self._read(self._after, at, Period.POST)
            closed = at >= release.window_to
            if not (kept or dropped or closed) and due > plan.every and number:
                at = self._skip_to(next_at)
                continue
            for scored in kept:
                self._decider.fold(scored)
            coverage = tuple(ear.coverage() for ear in self._after)
            verdict = self._decider.decide(at=at, closed=closed, coverage=coverage)
            number += 1
            final = verdict.outcome is not Outcome.WAITING
            notes = tuple(note for ear in self._after for note in ear.notes())
            yield Look(number, at, kept, dropped, verdict, None if final else min(next_at, release.window_to), notes)
            if final:
                return
            at = next_at

    def _poll(self, at: datetime) -> None:
        # One poll serves every look that was due before it.
        if self._polled_until is not None and at <= self._polled_until:
            return
        timeout = min(self._plan.every, LONGEST_POLL) / max(1, len(self._after))
        self._polled_until = max(at, min(self._clock.now(), self._plan.release.window_to))
        for ear in self._after:
            ear.poll(self._polled_until, timeout)

    def _skip_to(self, at: datetime) -> datetime:
        """Return the first look due at or after ``at`` that has something to see."""
        waiting = [when for ear in self._after if (when := ear.next_at())]
        end = min(self._polled_until or at, self._plan.release.window_to)
        target = min([*waiting, end])
        if target <= at:
            return at
        steps = (target - at) // self._plan.every
        return at + steps * self._plan.every

    def _read(
        self, ears: Sequence[Ear], before: datetime, period: Period
    ) -> tuple[tuple[Scored, ...], tuple[Dropped, ...]]:
        taken: list[tuple[Mention, Ear]] = []
        dropped: list[Dropped] = []
        for ear in ears:
            ready, odd = ear.take(before)
            taken += [(mention, ear) for mention in ready]
            dropped += odd
            ear.dropped.update(each.reason.value for each in odd)
        taken.sort(key=lambda pair: (pair[0].created_at, pair[0].source, pair[0].id))
        kept: list[Scored] = []
        for (_, ear), read in zip(taken, self._readers[period].read(m for m, _ in taken), strict=True):
            if isinstance(read, Scored):
                kept.append(read)
                ear.kept += 1
            else:
                dropped.append(read)
                ear.dropped[read.reason.value] += 1
        return tuple(kept), tuple(dropped)

    def _silence_the_unheard(self) -> None:
        for before, after in zip(self._before, self._after, strict=True):
            if not before.heard:
                after.permanent = True
                after.reason = f"its baseline could not be heard: {before.reason}"

"""One run's looks: fetch → filter → score → fold → decide.

The same code serves the live gate and recorded mentions. Looks that were due before now are made
at once, each seeing only what had been written by its time; looks to come are waited for.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from gate.baseline import Beforehand
from gate.hearing import Hearing
from gate.insight.comparability import comparability
from gate.insight.traces import Traces
from gate.listening import Ear, Listener
from gate.model import Look, Period
from gate.reading import Plan, Reader
from gate.remembering import Baseline, recall

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from gate.decide import Decider
    from gate.language import Routes
    from gate.model import Coverage, Dropped, Scored
    from gate.ports import Clock, Scorer
    from gate.remembering import Memory

LONGEST_POLL = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Parts:
    """The live objects of one run, built by wiring."""

    listeners: Sequence[Listener]
    baseline_listeners: Sequence[Listener] | None
    """Where the baseline is heard, if elsewhere than the window."""
    scorer: Scorer | Routes
    decider: Decider
    clock: Clock
    hash_author: Callable[[str, str], str]
    """From source and author to a keyed hash."""
    controls: Sequence[Listener] = ()
    """Where the control is heard, before the deploy and after it."""
    memory: Memory | None = None
    """What was heard before the deploy already."""


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
            for each in (*(parts.baseline_listeners or parts.listeners), *parts.controls)
        ]
        remember = partial(recall, self._before, plan, parts.memory)
        self._beforehand = Beforehand(remember, plan.every, release.window_to, needed=parts.decider.compares())
        self._after = [
            Ear(each, Period.POST, release.deployed_at, release.window_to)
            for each in (*parts.listeners, *parts.controls)
        ]
        # Who votes in the control has a vote still, and what is named there is not named of the release.
        plans = {False: plan, True: replace(plan, phrases=())}
        make = partial(Reader, scorer=parts.scorer, hash_author=parts.hash_author)
        self._same_sources = parts.baseline_listeners is None
        self._polled_until: datetime | None = None
        self._strangers: set[str] = set()
        """Listeners with nothing from before the deploy."""
        self._hearings = {
            when: Hearing({control: make(plans[control], when) for control in plans}, self._strangers)
            for when in Period
        }
        self._partial: dict[str, str] = {}
        """Listeners whose baseline was heard in part, and why."""
        self._kept = {period: Traces() for period in Period}

    def ask_baseline(self) -> datetime | None:
        """Fetch what was written before the deploy; return when to ask again, as a source is down, or None to go on."""
        return self._beforehand.ask(self._clock)

    def hear_baseline(self, tell: Callable[[str], None] = lambda _: None) -> Baseline:
        """Fetch, filter and score what was written before the deploy, and fold it.

        Where a rule compares with it, a source that is down is waited for, and ``tell`` told so each time; one that could
        not be heard takes no part after the deploy, and one that was heard in part leaves the run incomplete.
        """
        known = self._beforehand.wait(self._clock, tell)
        # Who voted before the deploy has a vote after it: nobody asks for that any more, and there may be many runs.
        hearing = self._hearings.pop(Period.BASELINE)
        kept, dropped = known.joined(*hearing.read(known.unheard, self._plan.release.baseline_to, complete=True))
        for scored in kept:
            self._decider.fold_baseline(scored)
        self._trace(Period.BASELINE, kept)
        if self._decider.compares():
            self._carry_over()
        partial = [ear for ear in self._before if not ear.complete]
        notes = [*known.notes, *(note for ear in self._before for note in ear.notes())]
        notes += [f"{ear.listener.name}: the baseline is not complete: {ear.reason}" for ear in partial]
        notes += [f"{name}: nothing from before the deploy, so it is not compared" for name in sorted(self._strangers)]
        return Baseline(kept, dropped, tuple(ear.coverage() for ear in self._before), tuple(notes))

    def looks(self, *, all_looks: bool = True) -> Iterator[Look]:
        """Yield each look; the last one has a final outcome. Looks past due that saw nothing are skipped.

        With ``all_looks`` false, looks that can only say WAITING are made but not yielded: quicker, same last one.
        """
        release, plan = self._plan.release, self._plan
        # What is hopeless from the start need not be waited for.
        first = self._look(1, release.deployed_at, (), (), None)
        if first.verdict.outcome.final:
            yield first
            return
        at, number = release.deployed_at + plan.settle, 0
        while True:
            at = min(at, release.window_to)
            closed = at >= release.window_to
            due = self._clock.now() - at
            if due < timedelta(0):
                self._clock.wait(-due)
            self._poll(at)
            next_at = at + plan.every
            complete = self._polled_until == release.window_to
            kept, dropped = self._hearings[Period.POST].read(self._after, at, complete=complete)
            if not (kept or dropped or closed) and due > plan.every and number:
                at = self._skip_to(next_at)
                continue
            self._fold(kept, dropped)
            if not (all_looks or closed or number == 0 or self._decider.settled(at)):
                at = next_at
                continue
            number += 1
            look = self._look(number, at, kept, dropped, min(next_at, release.window_to))
            yield look
            if look.verdict.outcome.final:
                return
            at = next_at

    def _look(
        self,
        number: int,
        at: datetime,
        kept: tuple[Scored, ...],
        dropped: tuple[Dropped, ...],
        next_at: datetime | None,
    ) -> Look:
        coverage = tuple(self._coverage(ear) for ear in self._after)
        closed = at >= self._plan.release.window_to
        verdict = self._decider.decide(at=at, closed=closed, coverage=coverage)
        notes = tuple(note for ear in self._after for note in ear.notes())
        if verdict.outcome.final and self._plan.evidence and self._decider.compares():
            notes += comparability(self._plan.release, *self._kept.values(), match=self._plan.match)
        return Look(number, at, kept, dropped, verdict, None if verdict.outcome.final else next_at, notes)

    def _fold(self, kept: Sequence[Scored], dropped: Sequence[Dropped]) -> None:
        for scored in kept:
            self._decider.fold(scored)
        self._trace(Period.POST, kept)
        for each in dropped:
            self._decider.fold_dropped(each)

    def _trace(self, period: Period, kept: Sequence[Scored]) -> None:
        if self._plan.evidence:
            self._kept[period].add(scored for scored in kept if not scored.control)

    def _coverage(self, ear: Ear) -> Coverage:
        said, partial = ear.coverage(), self._partial.get(ear.listener.name)
        return replace(said, complete=False, reason=partial) if said.complete and partial else said

    def _poll(self, at: datetime) -> None:
        # One poll serves every look that was due before it.
        if self._polled_until is not None and at <= self._polled_until:
            return
        end = self._plan.release.window_to
        timeout = min(self._plan.every, LONGEST_POLL) / max(1, len(self._after))
        self._polled_until = max(at, min(self._clock.now(), end))
        last = self._polled_until >= end
        for ear in self._after:
            if last:
                self._close(ear, end, timeout)
            else:
                ear.poll(self._polled_until, timeout, self._clock, fresh=self._plan.every / 2)

    def _close(self, ear: Ear, end: datetime, timeout: timedelta) -> None:
        """Poll for the last time: nobody will ask again, so wait for an answer and for what is delivered late."""
        ear.insist(end, timeout, self._clock)
        if ear.settled_until and ear.settled_until < end:
            self._clock.wait(end - ear.settled_until)
            ear.insist(end, timeout, self._clock)
        if ear.complete and ear.settled_until and ear.settled_until < end:
            ear.complete, ear.reason = False, "the newest mentions of the window had not been delivered yet"

    def _skip_to(self, at: datetime) -> datetime:
        """Return the first look due at or after ``at`` that has something to see."""
        waiting = [when for ear in self._after if (when := ear.next_at())]
        target = min([*waiting, self._polled_until or at, self._plan.release.window_to])
        if target <= at:
            return at
        steps = (target - at) // self._plan.every
        return at + steps * self._plan.every

    def _carry_over(self) -> None:
        """Let what was not heard before the deploy count after it for what it is."""
        ours = [ear for ear in self._before if not ear.listener.control]
        if self._same_sources:
            for before, after in zip(self._before, self._after, strict=True):
                if not before.heard:
                    after.mute(f"its baseline could not be heard: {before.reason}", before.hint)
                elif not before.kept:
                    self._strangers.add(after.listener.name)
        for before in ours:
            # A budget that is spent or an archive that ends leaves a smaller baseline; an outage leaves a wrong one.
            sampled = before.permanent and before.kept
            if before.listener.required and not before.complete and not sampled:
                names = [before.listener.name] if self._same_sources else [ear.listener.name for ear in self._after]
                self._partial |= dict.fromkeys(names, f"its baseline was not complete: {before.reason}")
        if not any(ear.kept for ear in ours):
            self._strangers.clear()  # With no baseline at all the rules say what they lack.

"""A baseline that was heard already: what a standing watch wrote down takes the place of asking the sources.

A watch keeps what holds whatever the period: who wrote, when, and how it scored or why it never counts. Whose vote counts,
and which hours are compared, depends on the deploy, and is found out here. Copies are told by the watch, from its own poll
to poll: it keeps no text.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from gate.filters import Sieve
from gate.model import Dropped, DropReason, Mention, Period, Scored
from gate.reading import ANOTHER_HOUR

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from gate.listening import Ear
    from gate.model import Coverage
    from gate.reading import Plan


@dataclass(frozen=True, slots=True)
class Baseline:
    """What was heard from before the deploy."""

    kept: tuple[Scored, ...]
    dropped: tuple[Dropped, ...]
    coverage: tuple[Coverage, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Remembered:
    """What was heard at one source."""

    kept: tuple[Scored, ...]
    """What counts whatever the period, in the order it was written."""
    dropped: tuple[Dropped, ...]
    until: datetime
    """Everything before this was heard."""


class Memory(Protocol):
    """Keeps what was heard before."""

    def recall(self, source: str, since: datetime, until: datetime) -> Remembered | None:
        """Return what was heard at a source in that period; None if it must be asked."""


@dataclass(frozen=True, slots=True)
class Known:
    """What need not be asked for."""

    kept: tuple[Scored, ...]
    dropped: tuple[Dropped, ...]
    notes: tuple[str, ...]
    unheard: tuple[Ear, ...]
    """Those that must ask."""
    recalled: int
    """How many need not."""

    def joined(
        self, kept: tuple[Scored, ...], dropped: tuple[Dropped, ...]
    ) -> tuple[tuple[Scored, ...], tuple[Dropped, ...]]:
        """Return it together with what the others brought, the kept ones in the order they were written."""
        if not self.kept:
            return kept, (*self.dropped, *dropped)
        both = sorted((*self.kept, *kept), key=lambda each: (each.created_at, each.source, each.id))
        return tuple(both), (*self.dropped, *dropped)


def recall(ears: Sequence[Ear], plan: Plan, memory: Memory | None) -> Known:
    """Give each ear what was heard of its period before, if it was."""
    kept: list[Scored] = []
    dropped: list[Dropped] = []
    notes: list[str] = []
    unheard = []
    for ear in ears:
        name = ear.listener.name
        if memory is None or (told := memory.recall(name, ear.since, ear.until)) is None:
            unheard.append(ear)
            continue
        counted = [*recount(told.kept, plan), *(_unless_outside(each, plan) for each in told.dropped)]
        mine = [replace(each, control=ear.listener.control) for each in counted if isinstance(each, Scored)]
        lost = [each for each in counted if isinstance(each, Dropped)]
        ear.heard, ear.delivered, ear.kept = True, len(counted), len(mine)
        ear.dropped = Counter(each.reason.value for each in lost)
        notes.append(f"{name}: the baseline was heard before the deploy, up to {told.until:%Y-%m-%d %H:%M} UTC")
        kept += mine
        dropped += lost
    return Known(tuple(kept), tuple(dropped), tuple(notes), tuple(unheard), len(ears) - len(unheard))


def recount(kept: Sequence[Scored], plan: Plan) -> Iterator[Scored | Dropped]:
    """Say of each mention whether it counts in a baseline of its own."""
    content = {"languages": (), "reposts": "keep", "min_account_age": None, "drop": (), "require": ()}
    votes = Sieve(replace(plan.filters, near_duplicates="keep", **content))  # type: ignore[arg-type]  # by name
    for each in kept:
        if not plan.matches(each.created_at):
            yield _dropped(each, DropReason.OUTSIDE_WINDOW, ANOTHER_HOUR)
            continue
        written = Mention(each.id, each.created_at, "", each.source, author=each.author, conversation=each.conversation)
        found = votes.judge(written, plan.stretch(each.created_at))
        yield _dropped(each, *found) if found else each


def _unless_outside(each: Dropped, plan: Plan) -> Dropped:
    outside = each.created_at and not plan.matches(each.created_at)
    return _dropped(each, DropReason.OUTSIDE_WINDOW, ANOTHER_HOUR) if outside else each


def _dropped(each: Scored | Dropped, reason: DropReason, detail: str) -> Dropped:
    named = reason is not DropReason.OUTSIDE_WINDOW and each.phrases
    return Dropped(each.id, each.source, each.created_at, Period.BASELINE, reason, detail, each.text_hash,
                   author=each.author if named else "", phrases=each.phrases if named else (),
                   seen_at=each.seen_at)  # fmt: skip

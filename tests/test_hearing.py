"""What several sources delivered of one period, look by look."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from gate.filters import Filters
from gate.hearing import AHEAD, Hearing
from gate.listening import Ear, Listener
from gate.model import Dropped, Fetch, Period, Scored
from gate.reading import Plan, Reader
from tests.support import DEPLOY, ManualClock, WordScorer, mention, release
from tests.test_listening import MINUTE, Scripted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gate.model import Score

HOUR = 60 * MINUTE


def heard(*, complete: bool) -> list[tuple[tuple[Scored, ...], tuple[Dropped, ...], list[int]]]:
    """Look every five minutes at what two sources and a control delivered, some of it by one author."""
    chance = random.Random(1)
    clock, ears = ManualClock(DEPLOY + HOUR), []
    for name, control in (("one", False), ("two", False), ("other", True)):
        moments = [DEPLOY + timedelta(seconds=chance.randrange(3600)) for _ in range(2 * AHEAD)]
        written = [mention(i, at, source=name, author=str(chance.randrange(150))) for i, at in enumerate(moments)]
        listener = Listener(name, required=True, source=Scripted([Fetch(tuple(written))]), control=control)
        ears.append(Ear(listener, Period.POST, DEPLOY, DEPLOY + HOUR))
        ears[-1].poll(clock.now(), MINUTE, clock)
    plan = Plan(release(), settle=MINUTE, every=MINUTE, filters=Filters())
    readers = {each: Reader(plan, Period.POST, WordScorer(), lambda _source, author: author) for each in (False, True)}
    hearing, looks = Hearing(readers, {"two"}), []
    for minute in range(5, 65, 5):
        kept, dropped = hearing.read(ears, DEPLOY + minute * MINUTE, complete=complete)
        looks.append((kept, dropped, [ear.coverage().fetched for ear in ears]))
    return looks


def test_what_is_read_ahead_is_handed_over_when_its_look_comes() -> None:
    """Reading the mentions of later looks with those of this one changes nothing: not what counts, nor when, nor of what."""
    looks = heard(complete=True)
    assert looks == heard(complete=False)
    assert sum(len(kept) + len(dropped) for kept, dropped, _ in looks) == 6 * AHEAD
    assert all(each.created_at < DEPLOY + 5 * MINUTE for each in looks[0][0])


class Counting(WordScorer):
    """Remembers how many texts it was given each time."""

    def __init__(self) -> None:
        """Start with none."""
        self.asked: list[int] = []

    def score(self, texts: Sequence[str]) -> list[Score | None]:
        """Count, then score."""
        self.asked.append(len(texts))
        return super().score(texts)


@pytest.mark.parametrize(("complete", "batches"), [(True, 2), (False, 11)])
def test_few_mentions_are_read_in_vain(complete: bool, batches: int) -> None:  # noqa: FBT001
    """A scorer is asked once for many looks, where nothing more will come, and for a hundred mentions of later ones."""
    scorer = Counting()
    written = tuple(mention(i, DEPLOY + i * MINUTE / 4) for i in range(220))
    listener = Listener("one", required=True, source=Scripted([Fetch(written)]))
    ear, clock = Ear(listener, Period.POST, DEPLOY, DEPLOY + HOUR), ManualClock(DEPLOY + HOUR)
    ear.poll(clock.now(), MINUTE, clock)
    plan = Plan(release(), settle=MINUTE, every=MINUTE, filters=Filters())
    hearing = Hearing({False: Reader(plan, Period.POST, scorer, lambda _source, author: author)}, set())
    for minute in range(5, 65, 5):
        hearing.read([ear], DEPLOY + minute * MINUTE, complete=complete)
    assert len(scorer.asked) == batches
    assert max(scorer.asked) <= AHEAD + 20
    assert sum(scorer.asked) == len(written)

"""One source, heard over one run: what is kept back until a look comes to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from gate.listening import Ear, Listener
from gate.model import Check, Fetch, Period, Request
from tests.support import DEPLOY, ManualClock, mention

MINUTE = timedelta(minutes=1)


@dataclass
class Scripted:
    """Answers each poll with the next of these."""

    fetches: list[Fetch] = field(default_factory=list)

    def fetch(self, _request: Request) -> Fetch:
        """Return the next one."""
        return self.fetches.pop(0)

    def check(self) -> list[Check]:
        """Nothing to check."""
        return []

    def close(self) -> None:
        """Nothing to close."""


def test_what_is_deleted_before_a_look_comes_to_it_never_counts() -> None:
    """A post that is still kept back goes, one that was seen stays in the evidence; people are told how to forget it."""
    early, late = mention(1, DEPLOY), mention(2, DEPLOY + 2 * MINUTE)
    source = Scripted([Fetch((early, late)), Fetch((), deleted=(early.id, late.id))])
    ear = Ear(Listener("list", required=True, source=source), Period.POST, DEPLOY, DEPLOY + 60 * MINUTE)
    clock = ManualClock(DEPLOY + 3 * MINUTE)
    ear.poll(clock.now(), MINUTE, clock)
    ready, _ = ear.take(DEPLOY + MINUTE)
    ear.poll(clock.now(), MINUTE, clock)
    assert [each.id for each, _ in ready] == [early.id]
    assert ear.take(DEPLOY + 60 * MINUTE) == ([], [])
    assert ear.coverage().fetched == 1
    assert "gate purge --sync" in ear.notes()[0]

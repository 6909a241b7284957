"""Limits under threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING

from gate.service.auth import limiter
from gate.service.auth.limiter import Limiter

if TYPE_CHECKING:
    import pytest

    from gate.store import Store
    from tests.support import ManualClock

MINUTE = timedelta(minutes=1)


def test_many_threads_of_two_processes(store: Store, clock: ManualClock) -> None:
    """However they come, exactly as many are let through as allowed, and two are told first that it is over."""
    limiters = [Limiter(store, clock, "requests", 200, MINUTE) for _ in range(2)]
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda number: limiters[number % 2].take("ann"), range(400)))
    assert answers.count(None) == 200
    assert sum(1 for refusal in answers if refusal and refusal.first) == 2


def test_what_is_given_back_can_be_taken(store: Store, clock: ManualClock) -> None:
    """Also after the last one was taken."""
    counted = Limiter(store, clock, "logins", 1, MINUTE)
    assert counted.take("here") is None
    assert counted.take("here")
    counted.give_back("here")
    assert counted.take("here") is None
    assert counted.take("here")


def test_memory_is_bounded(store: Store, clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process forgets callers of past periods, so that those who come once do not fill its memory for ever."""
    monkeypatch.setattr(limiter, "MOST_KEYS", 5)
    counted = limiter.Limiter(store, clock, "requests", 1, MINUTE)
    for number in range(50):
        counted.take(f"caller {number}")
        clock.wait(MINUTE / 2)
    assert len(counted._hands) <= 5  # noqa: SLF001 - what is bounded


def test_memory_is_bounded_within_a_period(store: Store, clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many callers there are at once, a process remembers so many; whoever is forgotten has no more for it."""
    monkeypatch.setattr(limiter, "MOST_KEYS", 5)
    counted = limiter.Limiter(store, clock, "requests", 1, MINUTE)
    assert [counted.take(f"caller {number}") for number in range(20)] == [None] * 20
    assert len(counted._hands) <= 5  # noqa: SLF001 - what is bounded
    assert counted.take("caller 0")

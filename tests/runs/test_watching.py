"""Looks of durable runs: made once, whatever happens to the process that makes them."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from gate.errors import SourceDown, StoreFault
from gate.model import Budget, Cost, Outcome
from gate.runs.journal import LONGEST_WAIT
from gate.runs.watching import Vigil, Watching
from gate.store import State
from tests.runs.world import DONE_BY, World, mentions
from tests.support import DEPLOY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gate.model import Fetch, Request
    from gate.runs.journal import Journal
    from gate.store import Assignment, Store
    from tests.support import ManualClock


def looks(world: World, run_id: str) -> list[int]:
    """Return the numbers of the recorded looks."""
    return [each.data["number"] for each in world.store.events(run_id) if each.kind in {"baseline", "look"}]


def told(world: World, run_id: str) -> tuple[object, ...]:
    """Return all that a run came to."""
    run = world.store.run(run_id)
    return run.outcome, run.decision, run.code, run.reason, world.store.verdict(run_id)


@pytest.mark.parametrize(("share", "outcome"), [(0.9, Outcome.FAIL), (0.0, Outcome.PASS)])
def test_a_run_that_is_restarted_at_every_look(world: World, share: float, outcome: Outcome) -> None:
    """A run that another process takes over between any two looks ends as an undisturbed one, and asks nothing twice."""
    world.source.mentions = mentions(share)
    calm, disturbed = world.order(), world.order()
    world.watch(calm)
    asked = len(world.source.polls)
    world.clock.time = world.store.run(calm).created_at
    world.watching = world.restarted()
    world.watch(disturbed, restarting=True)
    assert told(world, disturbed) == told(world, calm)
    assert world.store.run(calm).outcome is outcome
    assert len(world.source.polls) == 2 * asked
    assert looks(world, disturbed) == looks(world, calm) == list(range(len(looks(world, calm))))
    assert world.store.verify(disturbed) == []


def test_the_memory_goes_when_the_run_is_over(world: World) -> None:
    """What people wrote is kept while the run needs it, and no longer."""
    run_id = world.order()
    world.watch(run_id, until=world.clock.now() + timedelta(minutes=6))
    assert len(world.store.journal(run_id, 9)) == 2
    world.watch(run_id)
    assert world.store.journal(run_id, 9) == []


def test_an_outage_is_remembered_too(world: World) -> None:
    """A source that could not be read was not read for whoever takes the run over, and its waits are not waited again."""
    world.source.faults = [SourceDown("it was down", hint="wait")] * 999
    run_id = world.order()
    world.watch(run_id)
    run = world.store.run(run_id)
    assert run.outcome is Outcome.ERROR
    assert "it was down" in run.reason
    assert all(poll.until <= DEPLOY for poll in world.source.polls)
    assert world.store.verify(run_id) == []


@pytest.mark.parametrize("restarting", [False, True])
def test_an_outage_at_the_start_does_not_decide_the_run(world: World, *, restarting: bool) -> None:
    """The baseline is asked for again at the look's pace, and no worker is held up meanwhile."""
    world.source.faults = [SourceDown("it was down", hint="wait")] * 5
    run_id = world.order()
    began, again = world.clock.time, world.watching.look(run_id)
    assert again is not None
    assert world.clock.time - began < timedelta(minutes=1)
    assert looks(world, run_id) == []
    world.watch(run_id, restarting=restarting)
    assert world.store.run(run_id).outcome is Outcome.FAIL
    assert world.source.faults == []
    assert world.store.verify(run_id) == []


def test_an_engine_that_asks_otherwise(world: World) -> None:
    """Where the memory does not fit any more, sources are asked again, and no look is recorded twice."""
    world.source.mentions = mentions(0.0)
    run_id = world.order()
    world.watch(run_id, until=DONE_BY - timedelta(minutes=16))
    before, asked = looks(world, run_id), len(world.source.polls)
    world.forget_journal(run_id)
    world.watching = world.restarted()
    world.watch(run_id, restarting=True)
    assert looks(world, run_id) == list(range(len(before) + 4))
    assert len(world.source.polls) > asked + 4
    assert world.store.run(run_id).outcome is Outcome.PASS
    assert world.store.verify(run_id) == []


def test_what_was_spent_is_spent_after_an_upgrade_too(world: World) -> None:
    """A run that must ask again what it was told before does so within what its budget has left."""
    world.source.mentions, fetch = mentions(0.0), world.source.fetch
    billed = []

    def sold(request: Request) -> Fetch:
        found = fetch(request)
        billed.append(len(found.mentions))
        return replace(found, cost=Cost(reads=len(found.mentions)))

    world.source.fetch = sold  # type: ignore[method-assign]
    world.budget = Budget(reads=10_000)
    run_id = world.order()
    world.watch(run_id, until=DONE_BY - timedelta(minutes=16))
    world.budget = Budget(reads=sum(billed))
    asked = len(world.source.polls)
    world.forget_journal(run_id)
    world.watching = world.restarted()
    world.watch(run_id)
    assert len(world.source.polls) == asked
    assert "the budget of this run is used up" in world.store.run(run_id).reason


@pytest.mark.parametrize("restarting", [True, False])
def test_a_source_that_delivers_late(world: World, *, restarting: bool) -> None:
    """What is delivered hours after the window has closed is waited for, and no look keeps its thread from other runs."""
    world.source.mentions, fetch = mentions(0.0), world.source.fetch

    def late(request: Request) -> Fetch:
        edge = world.clock.now() - timedelta(hours=6)
        return replace(fetch(request), settled_until=edge if edge < request.until else None)

    world.source.fetch = late  # type: ignore[method-assign]
    run_id, longest = world.order(), timedelta(0)
    while True:
        began = world.clock.now()
        next_at = world.watching.look(run_id)
        longest = max(longest, world.clock.now() - began)
        if next_at is None:
            break
        world.clock.time = max(world.clock.time, next_at)
        world.watching = world.restarted() if restarting else world.watching
    run, verdict = world.store.run(run_id), world.store.verdict(run_id)
    assert longest <= LONGEST_WAIT
    assert verdict is not None
    assert (run.outcome, verdict.decided_at, verdict.coverage[0].complete) == (Outcome.PASS, DONE_BY, True)
    assert world.clock.now() >= DONE_BY + timedelta(hours=6)
    assert world.source.polls[-1].until == world.source.polls[-2].until == DONE_BY
    assert looks(world, run_id) == list(range(len(looks(world, run_id))))
    assert world.store.verify(run_id) == []


def test_a_look_that_another_worker_made(world: World) -> None:
    """Of two workers that make the same look one records it, and the other one goes on from there."""
    world.source.mentions = mentions(0.0)
    run_id, other = world.order(), world.restarted()
    for _ in range(3):
        first = world.watching.look(run_id)
        assert first is not None
        world.clock.time = max(world.clock.time, first)
        other.look(run_id)
    world.watch(run_id)
    assert looks(world, run_id) == list(range(len(looks(world, run_id))))
    assert world.store.verify(run_id) == []


@pytest.mark.parametrize("made", [0, 1, 2])
def test_a_look_made_while_a_run_is_brought_back(world: World, made: int) -> None:
    """What another worker records while a run is being opened here does not confuse it: no look is made of half of each."""
    world.source.mentions = mentions(0.0)
    run_id, other = world.order(), world.restarted()
    for _ in range(made):
        world.clock.time = max(world.clock.time, other.look(run_id) or world.clock.now())

    @contextmanager
    def open_slowly(job: Assignment, journal: Journal) -> Iterator[Vigil]:
        with world.open(job, journal) as vigil:
            other.look(run_id)
            yield vigil

    world.watching = Watching(world.store, world.clock, open_slowly)
    assert world.watching.look(run_id) is not None
    assert world.store.run(run_id).state is State.RUNNING
    world.watching = other
    world.watch(run_id)
    assert world.store.run(run_id).outcome is Outcome.PASS
    assert looks(world, run_id) == list(range(len(looks(world, run_id))))


def test_a_run_log_that_fails(world: World) -> None:
    """A look that cannot be recorded is made again later; the run is not lost."""
    world.source.mentions = mentions(0.0)
    world.source.faults = [StoreFault("the disk is full")]
    run_id = world.order()
    assert world.watching.look(run_id) == world.clock.now() + timedelta(seconds=10)
    world.watch(run_id)
    assert world.store.run(run_id).outcome is Outcome.PASS


def test_a_bug_ends_one_run(world: World) -> None:
    """A run that the gate itself breaks is recorded as broken, and its caller is told."""
    world.source.faults = [ZeroDivisionError()]
    run_id = world.order()
    world.watch(run_id)
    run = world.store.run(run_id)
    assert (run.state, run.reason) == (State.BROKEN, "ZeroDivisionError")
    world.tell(run_id)
    assert b'"state":"broken"' in world.receiver.got[0][1]


def test_more_runs_than_fit_into_memory(store: Store, clock: ManualClock, world: World) -> None:
    """Runs that were put away are rebuilt from their memory and end the same."""
    world.watching = type(world.watching)(store, clock, world.open, most_awake=1)
    runs = [world.order() for _ in range(3)]
    for minute in range(5, 35, 5):
        for run_id in runs:
            world.watch(run_id, until=world.store.run(run_id).deployed_at + timedelta(minutes=minute))
    assert {world.store.run(run_id).outcome for run_id in runs} == {Outcome.FAIL}
    assert told(world, runs[0]) == told(world, runs[1]) == told(world, runs[2])

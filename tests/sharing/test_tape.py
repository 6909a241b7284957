"""Runs that share a source are handed what each would have been handed alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate.errors import SourceDown, SourceRefused
from gate.model import Cost, Fetch, Mention, Period, Request, Room
from gate.sharing import Pool
from tests.support import DEPLOY, ManualClock, mention

if TYPE_CHECKING:
    from gate.model import Check
    from gate.ports import Source

MINUTE = timedelta(minutes=1)
POLL = timedelta(seconds=5)


@dataclass
class Paged:
    """A platform that shows posts late, a few at a time, and fails when told to."""

    clock: ManualClock
    posts: list[Mention] = field(default_factory=list)
    page: int = 3
    lag: timedelta = timedelta(0)
    down: bool = False
    polls: list[Request] = field(default_factory=list)
    closed: int = 0

    def fetch(self, request: Request) -> Fetch:
        """Return the next few of the period that the cursor does not know, and whether that is all."""
        self.polls.append(request)
        if self.down:
            message = "no answer"
            raise SourceDown(message)
        known = set((request.cursor or "").split())
        edge = min(request.until, self.clock.now() - self.lag)
        due = [post for post in self.posts if request.since <= post.created_at < edge and post.id not in known]
        room = request.room.reads
        found = due[: self.page if room is None else min(self.page, room)]
        cursor = " ".join(sorted(known | {post.id for post in found}))
        left = len(due) - len(found)
        return Fetch(
            tuple(found),
            cursor=cursor,
            complete=not left,
            reason=f"{left} left" if left else "",
            permanent=bool(left) and room is not None and len(found) == room,
            cost=Cost(requests=1, reads=len(found)),
            settled_until=edge if edge < request.until else None,
        )

    def check(self) -> list[Check]:
        """Nothing to check."""
        return []

    def close(self) -> None:
        """Count it."""
        self.closed += 1


@dataclass
class Reader:
    """One run: polls its end of the source as an ear does."""

    end: Source
    since_minute: int
    cursor: str | None = None
    got: list[str] = field(default_factory=list)
    cost: Cost = field(default_factory=Cost)

    def look(self, clock: ManualClock, *, fresh: timedelta | None = None, room: Room | None = None) -> Fetch | None:
        """Ask until everything is there or nothing more comes; None where the source fails."""
        since = DEPLOY + self.since_minute * MINUTE
        until = max(clock.now(), since)
        while True:
            try:
                asked = Request(since, until, self.cursor, POLL, Period.POST, fresh, room or Room())
                fetch = self.end.fetch(asked)
            except SourceDown:
                return None
            assert all(since <= each.created_at < until for each in fetch.mentions)
            moved, self.cursor = fetch.cursor != self.cursor, fetch.cursor
            self.got += [each.id for each in fetch.mentions]
            self.cost += fetch.cost
            if fetch.complete or not moved:
                return fetch


def joined(pool: Pool, source: Paged, minute: int = 0, name: str = "list") -> Reader:
    """Start a run on the shared source."""
    return Reader(pool.join("key", name, lambda: source, source.clock), minute)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.integers(0, 90)),
        st.tuples(st.just("wait"), st.integers(1, 200)),
        st.tuples(st.just("look"), st.integers(0, 3)),
        st.tuples(st.just("fresh look"), st.integers(0, 3)),
        st.tuples(st.just("outage"), st.integers(0, 1)),
        st.tuples(st.just("restart"), st.just(0)),
    ),
    max_size=40,
)


@given(steps=STEPS, lag=st.integers(0, 60), starts=st.tuples(*[st.integers(0, 3)] * 4))
def test_each_run_gets_its_own_period_once(steps: list[tuple[str, int]], lag: int, starts: tuple[int, ...]) -> None:
    """Whatever the order of looks, late posts, outages and restarts: nothing is lost; without a restart, nothing twice."""
    clock = ManualClock(DEPLOY + 3 * MINUTE)
    source = Paged(clock, lag=timedelta(seconds=lag))
    pool = Pool()
    runs = [joined(pool, source, minute) for minute in starts]
    restarted = False
    for what, number in steps:
        if what == "write":
            at = clock.now() - timedelta(seconds=number)
            source.posts.append(mention(len(source.posts), at))
        elif what == "wait":
            clock.wait(timedelta(seconds=number))
        elif what == "outage":
            source.down = bool(number)
        elif what == "restart":
            pool, restarted = Pool(), True
            for run in runs:
                run.end = pool.join("key", "list", lambda: source, clock)
        else:
            runs[number].look(clock, fresh=30 * timedelta(seconds=1) if what == "fresh look" else None)
    source.down = False
    clock.wait(2 * MINUTE)
    now = clock.now()
    for run in runs:
        last = run.look(clock)
        if last and last.settled_until:
            clock.wait(MINUTE)
            run.look(clock)
        since = DEPLOY + run.since_minute * MINUTE
        wanted = {post.id for post in source.posts if since <= post.created_at < now - MINUTE}
        assert wanted <= set(run.got)
        assert restarted or len(run.got) == len(set(run.got))


def test_a_poll_serves_whoever_asks_within_it() -> None:
    """Asked for the same at the same time: one poll, which the first pays for; each is told it by the name it knows."""
    clock = ManualClock(DEPLOY + 10 * MINUTE)
    source = Paged(clock, [mention(i, DEPLOY + i * MINUTE) for i in range(9)], page=100)
    pool = Pool()
    one, two = joined(pool, source), joined(pool, source, 5, name="other")
    one.look(clock)
    fetch = two.look(clock)
    assert len(source.polls) == 1
    assert fetch
    assert [each.source for each in fetch.mentions] == ["other"] * 4
    assert (one.cost, two.cost) == (Cost(1, 9), Cost())


def test_later_polls_ask_for_the_new_part_only() -> None:
    """A run that starts later reads what is there, and the next poll goes on at the source's own cursor."""
    clock = ManualClock(DEPLOY + 10 * MINUTE)
    source = Paged(clock, [mention(i, DEPLOY + i * MINUTE) for i in range(20)], page=100)
    pool = Pool()
    one, two = joined(pool, source), joined(pool, source, 2)
    one.look(clock)
    clock.wait(5 * MINUTE)
    two.look(clock)
    assert [len((poll.cursor or "").split()) for poll in source.polls] == [0, 10]
    assert len(two.got) == 13
    one.look(clock)
    assert len(source.polls) == 2
    assert len(one.got) == 15


def test_a_look_may_be_answered_with_what_is_fresh() -> None:
    """A look shortly after another run's is not asked again, and says up to when it knows."""
    clock = ManualClock(DEPLOY + 10 * MINUTE)
    source = Paged(clock, page=100)
    pool = Pool()
    one, two = joined(pool, source), joined(pool, source)
    one.look(clock)
    clock.wait(timedelta(seconds=20))
    fetch = two.look(clock, fresh=timedelta(seconds=30))
    assert fetch
    assert (len(source.polls), fetch.complete, fetch.settled_until) == (1, True, DEPLOY + 10 * MINUTE)
    assert two.look(clock) is not None
    assert len(source.polls) == 2


def test_baseline_and_window_are_apart() -> None:
    """What is missing before the deploy does not make what came after it incomplete."""
    clock = ManualClock(DEPLOY + MINUTE)
    source = Paged(clock, [mention(i, DEPLOY - i * MINUTE - MINUTE) for i in range(9)])
    end = Pool().join("key", "list", lambda: source, clock)
    before = end.fetch(Request(DEPLOY - 10 * MINUTE, DEPLOY, None, POLL, Period.BASELINE))
    after = end.fetch(Request(DEPLOY, clock.now(), None, POLL, Period.POST))
    assert (before.complete, before.reason, after.complete) == (False, "6 left", True)


def test_who_has_no_money_left_reads_what_others_pay_for() -> None:
    """A spent budget makes a run incomplete only as long as nobody else pays."""
    clock = ManualClock(DEPLOY + MINUTE)
    source = Paged(clock, [mention(1, DEPLOY)])
    pool = Pool()
    poor, rich = joined(pool, source), joined(pool, source)
    spent = Room(0, 0.0, "the budget of this run is used up (5 of 5 reads)", permanent=True)
    fetch = poor.look(clock, room=spent)
    assert fetch
    assert (fetch.complete, fetch.permanent, fetch.reason) == (False, False, spent.spent)
    assert source.polls == []
    rich.look(clock)
    fetch = poor.look(clock, room=spent)
    assert fetch
    assert (fetch.complete, poor.got, len(source.polls)) == (True, ["m1"], 1)


def test_one_runs_budget_stops_nobody_else() -> None:
    """A run that can pay for a part leaves the rest to the others, look after look, and mutes none of them."""
    clock = ManualClock(DEPLOY + MINUTE)
    source = Paged(clock, [mention(i, DEPLOY + i * timedelta(seconds=1)) for i in range(9)], page=4)
    pool = Pool()
    poor, rich = joined(pool, source), joined(pool, source)
    assert rich.look(clock, fresh=MINUTE / 2)
    source.posts += [mention(i, DEPLOY + MINUTE + i * timedelta(seconds=1)) for i in range(9, 18)]
    clock.wait(MINUTE)
    cursor = None
    for reads in (2, 0):
        room = Room(reads=reads, whose="of this run")
        cut = poor.end.fetch(Request(DEPLOY, clock.now(), cursor, POLL, Period.POST, MINUTE / 2, room))
        cursor = cut.cursor
        assert not cut.complete
    fetch = rich.look(clock, fresh=MINUTE / 2)
    assert fetch
    assert (fetch.complete, fetch.permanent) == (True, False)
    assert sorted(rich.got) == sorted(f"m{i}" for i in range(18))
    late = joined(pool, source).look(clock, fresh=MINUTE / 2)
    assert late
    assert late.complete


def test_a_failure_is_shared_for_a_moment_and_asked_again_after_it() -> None:
    """Runs that ask together fail together; a run that asks later tries again."""
    clock = ManualClock(DEPLOY + MINUTE)
    source = Paged(clock, down=True)
    pool = Pool()
    one, two = joined(pool, source), joined(pool, source)
    assert (one.look(clock), two.look(clock), len(source.polls)) == (None, None, 1)
    source.down = False
    clock.wait(timedelta(seconds=2))
    assert two.look(clock) is not None


def test_the_source_is_closed_with_its_last_run() -> None:
    """Closing twice is once; a run that begins after that builds the source anew."""
    source = Paged(ManualClock())
    pool = Pool()
    one, two = joined(pool, source), joined(pool, source)
    one.end.close()
    one.end.close()
    assert source.closed == 0
    two.end.close()
    assert source.closed == 1
    joined(pool, source).end.close()
    assert source.closed == 2


def test_what_no_run_reads_any_more_is_forgotten() -> None:
    """In a service whose runs overlap without end, a tape does not grow for ever."""
    clock = ManualClock(DEPLOY + 10 * MINUTE)
    source = Paged(clock, [mention(i, DEPLOY + i * MINUTE) for i in range(9)], page=100)
    pool = Pool()
    one, two = joined(pool, source), joined(pool, source, 6)
    one.look(clock)
    two.look(clock)
    one.end.close()
    late = joined(pool, source, 2)
    late.look(clock)
    assert len(source.polls) == 2
    assert len(late.got) == 7


def test_a_strange_cursor_is_refused() -> None:
    """A place that was not written here is no place."""
    end = joined(Pool(), Paged(ManualClock())).end
    with pytest.raises(SourceRefused, match="cannot be read"):
        end.fetch(Request(DEPLOY, DEPLOY + MINUTE, "since_id=5", POLL))

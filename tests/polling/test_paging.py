"""Whatever a channel's pages are like, polls bring every mention of the period once, and say when they did not."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate.errors import SourceDown, SourceRefused
from gate.model import Cost, Fetch, Mention, Request, Room
from gate.polling import Page, Paging, Stretch, collect
from gate.ports import SourceContext
from tests.support import DEPLOY, ManualClock

Order = Literal["newest", "oldest", "roughly-newest", "any"]
SINCE = DEPLOY
UNTIL = DEPLOY + timedelta(minutes=60)
TIMEOUT = timedelta(seconds=8)


@dataclass
class Service:
    """A channel in memory: its posts by minute, and how it pages."""

    minutes: list[float]
    order: Order = "newest"
    by_time: bool = True
    """Whether it can be asked for a stretch of time."""
    size: int = 2
    fails: set[int] = field(default_factory=set)
    """Requests, counted from 0, that fail."""
    asked: int = 0

    def ask(self, stretch: Stretch, place: str | None) -> Page:
        """Answer one request."""
        self.asked += 1
        if self.asked - 1 in self.fails:
            message = "it is down"
            raise SourceDown(message)
        found = [(number, SINCE + timedelta(minutes=minute)) for number, minute in enumerate(self.minutes)]
        if self.by_time:
            found = [each for each in found if stretch.since <= each[1] < stretch.until]
        match self.order:
            case "newest":
                found.sort(key=lambda each: (each[1], each[0]), reverse=True)
            case "oldest":
                found.sort(key=lambda each: (each[1], each[0]))
            case "roughly-newest" | "any":
                found.sort(key=lambda each: -each[0])
        start = int(place or 0)
        more = start + self.size < len(found)
        return Page.of(found[start : start + self.size], read, next=str(start + self.size) if more else None)


def read(item: tuple[int, datetime]) -> Mention:
    """Read one post."""
    return Mention(f"m{item[0]}", item[1], "text")


def context(clock: ManualClock) -> SourceContext:
    """Return a source's context with that clock."""
    return SourceContext("list", "#brimly", Path(), "beta", lambda _: "", clock)


def poll(
    service: Service, cursor: str | None = None, *, until: datetime = UNTIL, now: datetime | None = None, **paging: object
) -> Fetch:  # fmt: skip
    """Poll once."""
    resume = "time" if service.by_time and service.order in {"newest", "oldest"} else "place"
    how = Paging("Acme", order=service.order, resume=resume, **paging)  # type: ignore[arg-type]
    clock = ManualClock(now or until)
    return collect(Request(SINCE, until, cursor, TIMEOUT), service.ask, how, context(clock))


def ids(*fetches: Fetch) -> list[str]:
    """Return the ids delivered, in order."""
    return [mention.id for fetch in fetches for mention in fetch.mentions]


@st.composite
def services(draw: st.DrawFn) -> Service:
    """Make up a channel."""
    kinds: list[tuple[Order, bool]] = [("newest", True), ("newest", False), ("oldest", True), ("any", False)]
    order, by_time = draw(st.sampled_from(kinds))
    # Quarter minutes and half seconds, so that posts share a moment or nearly so, as they do in a rush.
    quarter, half = st.integers(-40, 280).map(lambda number: number / 4), st.sampled_from([0, 0, 1 / 120, 1 / 60])
    minutes = draw(st.lists(st.tuples(quarter, half).map(sum), max_size=40))
    return Service(minutes, order, by_time, size=draw(st.integers(1, 9)), fails=draw(st.sets(st.integers(0, 40))))


@given(services(), st.integers(1, 6), st.lists(st.integers(1, 59), max_size=4))
def test_polls_add_up_to_the_period(service: Service, max_pages: int, looks: list[int]) -> None:
    """However often it is cut, fails, or is asked while the period goes on: in the end each post came exactly once."""
    fetches: list[Fetch] = []
    cursor: str | None = None
    for look in [*sorted(set(looks)), 60, 60]:
        until = SINCE + timedelta(minutes=look)
        for _ in range(len(service.minutes) + len(service.fails) + 5):
            try:
                fetch = poll(service, cursor, until=until, max_pages=max_pages, overlap=timedelta(0))
            except SourceDown:
                continue
            fetches.append(fetch)
            cursor = fetch.cursor
            assert bool(fetch.reason) == (not fetch.complete)
            assert all(SINCE <= mention.created_at < until for mention in fetch.mentions)
            if fetch.complete:
                break
    wanted = [f"m{number}" for number, minute in enumerate(service.minutes) if 0 <= minute < 60]
    assert sorted(ids(*fetches)) == sorted(wanted)
    assert fetches[-1].complete


def test_what_is_shown_late_is_still_found() -> None:
    """A post that the channel shows after a newer one is found by the next poll if it is no older than the overlap."""
    service = Service([1, 20])
    first = poll(service, until=SINCE + timedelta(minutes=21))
    service.minutes += [19.5, 22, 10]
    second = poll(service, first.cursor, until=SINCE + timedelta(minutes=23))
    assert ids(first) == ["m0", "m1"]
    assert ids(second) == ["m2", "m3"], "m4 is older than any overlap"


def test_a_pinned_post_does_not_hide_the_next_page() -> None:
    """Where order is rough, a page ends the walk only if nothing on it belongs to the stretch."""
    service = Service([1, 2, 3, -500, 5], "roughly-newest", by_time=False)
    fetch = poll(service)
    assert ids(fetch) == ["m0", "m1", "m2", "m4"]


def test_an_old_page_ends_the_walk() -> None:
    """Pages behind the period are not asked for, in order or roughly so."""
    for order in ("newest", "roughly-newest"):
        service = Service([*range(-100, 0), 1, 2], order, by_time=False)
        assert ids(poll(service)) == ["m100", "m101"]
        assert service.asked == 2


def test_mentions_are_named() -> None:
    """Mentions carry the source's name and the stream it was asked for."""
    (mention,) = poll(Service([1])).mentions
    assert (mention.source, mention.stream) == ("list", "beta")


def test_a_walk_ends_at_the_deadline() -> None:
    """Once the time is used up no page is asked for, and what was read is kept."""
    clock = ManualClock(UNTIL)
    service = Service([1, 2, 3, 4, 5, 6])

    def slow(stretch: Stretch, place: str | None) -> Page:
        clock.wait(timedelta(seconds=5))
        return service.ask(stretch, place)

    fetch = collect(Request(SINCE, UNTIL, None, TIMEOUT), slow, Paging("Acme"), context(clock))
    assert service.asked == 2
    assert ids(fetch) == ["m2", "m3", "m4", "m5"]
    assert (fetch.complete, fetch.reason) == (False, "the time for this poll is used up")


def test_a_fault_midway_keeps_what_was_read() -> None:
    """A page that fails after another one makes the fetch incomplete, with its reason; the next poll goes on."""
    service = Service([1, 2, 3], fails={1})
    first = poll(service)
    assert (ids(first), first.complete, first.reason) == (["m1", "m2"], False, "it is down")
    assert ids(poll(service, first.cursor)) == ["m0"]


def test_a_busy_channel_is_done_in_the_end() -> None:
    """Where looking back takes more than one poll may read, polls still come to an end."""
    service = Service([59 + number / 100 for number in range(100)])
    fetches = [poll(service, max_pages=2)]
    while not fetches[-1].complete and len(fetches) < 60:
        fetches.append(poll(service, fetches[-1].cursor, max_pages=2))
    assert fetches[-1].complete
    assert len(ids(*fetches)) == len(set(ids(*fetches))) == 100


def test_a_clock_that_was_set_back_loses_nothing() -> None:
    """A poll that asks for less than was read delivers nothing, and the one after it goes on where the reading was."""
    service = Service([10, 20, 30, 40, 50])
    first = poll(service, max_pages=1)
    back = poll(service, first.cursor, until=SINCE + timedelta(minutes=25))
    assert (ids(back), back.complete, back.cursor) == ([], False, first.cursor)
    rest = poll(service, back.cursor)
    assert sorted(ids(first, rest)) == ["m0", "m1", "m2", "m3", "m4"]
    done = poll(service, rest.cursor, until=SINCE + timedelta(minutes=25))
    assert (ids(done), done.complete, done.cursor) == ([], True, rest.cursor)


def test_costs_are_counted() -> None:
    """Items, money and requests of all pages add up."""
    pages = iter([Page.of([1, 2], _none, next="b", usd=0.5), Page.of([3], _none, usd=0.25)])
    fetch = collect(
        Request(SINCE, UNTIL, None, TIMEOUT),
        lambda _stretch, _place: next(pages),
        Paging("Acme"),
        context(ManualClock(UNTIL)),
        spent=lambda: Cost(requests=2),
    )
    assert fetch.cost == Cost(requests=2, reads=3, usd=0.75)


def _none(_item: object) -> None:
    """Read nothing."""


def test_unreadable_items_are_told_with_their_place() -> None:
    """An item that is no post is counted, with page and place, and no other item is lost."""
    first = Page.of([{"id": 1}, (0, SINCE)], read, next="2")
    pages = iter([first, Page.of([None], read)])
    fetch = collect(
        Request(SINCE, UNTIL, None, TIMEOUT), lambda *_: next(pages), Paging("Acme"), context(ManualClock(UNTIL))
    )
    assert ids(fetch) == ["m0"]
    assert [(each.where, each.why) for each in fetch.unreadable] == [
        ("page 1, item 1", "not of the shape of a post"),
        ("page 2, item 1", "not of the shape of a post"),
    ]
    assert fetch.complete


def _short(stretch: Stretch, place: str | None, minutes: list[float]) -> Page:
    page = Service(minutes, by_time=False, size=99).ask(stretch, place)
    return Page(page.mentions, keys=page.keys, ends="it shows its newest 2 only")


def test_what_a_short_feed_lost_is_told_for_good() -> None:
    """A feed that does not reach back to the last poll lost something: every later poll of the period says so."""
    now = SINCE + timedelta(minutes=50)

    def at(cursor: str | None, minutes: list[float], until: datetime, clock: datetime) -> Fetch:
        request = Request(SINCE, until, cursor, TIMEOUT)
        return collect(request, lambda s, p: _short(s, p, minutes), Paging("Acme"), context(ManualClock(clock)))

    first = at(None, [-5, 10], now, now)
    assert first.complete, "it reaches back behind the start"
    burst = at(first.cursor, [55, 56], now + timedelta(minutes=7), now + timedelta(minutes=7))
    assert (burst.complete, burst.permanent) == (False, False)
    assert "newest 2 only; they go back to 2026-03-10 14:55 UTC" in burst.reason
    calm = at(burst.cursor, [55, 56], UNTIL, UNTIL)
    assert not calm.complete, "what was lost stays lost"
    over = at(None, [55, 56], UNTIL, UNTIL + timedelta(minutes=1))
    assert over.permanent, "the period is over, and nothing can mend it"


def test_lag_leaves_the_end_unsettled() -> None:
    """Where posts are shown with a delay, the fetch says until when all is there."""
    lag = timedelta(minutes=3)
    assert poll(Service([1]), lag=lag).settled_until == UNTIL - lag
    assert poll(Service([1]), now=UNTIL + lag, lag=lag).settled_until is None
    assert poll(Service([1])).settled_until is None


def test_a_first_page_that_fails_is_raised() -> None:
    """Nothing at all is no fetch."""
    with pytest.raises(SourceDown):
        poll(Service([1], fails={0}))


@pytest.mark.parametrize(
    "cursor", ["", "{}", "[]", "x", '{"v": 9}', '{"v":1,"done_to":"x","gap":null,"lost":"","seen":{}}']
)
def test_a_cursor_that_is_not_ours_is_refused(cursor: str) -> None:
    """A stored place of another version is refused with a next step, not guessed at."""
    with pytest.raises(SourceRefused) as raised:
        poll(Service([1]), cursor)
    assert "new run" in raised.value.hint


def test_the_cursor_stays_small() -> None:
    """Ids are kept only as far back as the overlap, as hashes, and never without bound."""
    busy = Service([59 + number / 4000 for number in range(3900)], size=5000)
    fetch = poll(busy)
    assert len(fetch.mentions) == 3900
    assert fetch.cursor is not None
    assert len(fetch.cursor) < 80_000
    assert len(poll(Service([1, 2, 3])).cursor or "") < 200


def test_order_that_cannot_be_resumed_by_time_is_refused() -> None:
    """A paging that could never get past its first pages is a mistake of the source's author."""
    with pytest.raises(ValueError, match="resume"):
        Paging("Acme", order="any")


def test_what_may_be_spent_ends_a_poll() -> None:
    """No page is asked for past the room that a poll has; what is left is read once there is room again."""
    service = Service([float(minute) for minute in range(10)])
    clock = ManualClock(UNTIL + timedelta(minutes=1))
    how = Paging("Acme")
    asked = Request(SINCE, UNTIL, None, TIMEOUT, room=Room(reads=4, whose="of the day"))
    fetch = collect(asked, service.ask, how, context(clock))
    assert (fetch.cost.reads, fetch.complete, fetch.permanent) == (4, False, False)
    assert fetch.reason == "what was left of the budget of the day is used up"
    rest = collect(Request(SINCE, UNTIL, fetch.cursor, TIMEOUT), service.ask, how, context(clock))
    assert (rest.complete, len({each.id for each in (*fetch.mentions, *rest.mentions)})) == (True, 10)

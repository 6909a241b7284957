"""Polling X: nothing is lost or bought twice, whatever cuts a poll short."""

from __future__ import annotations

import json
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gate.errors import SourceDown, SourceRefused
from gate.sources.x import Budget
from tests.servers.http_server import Reply
from tests.servers.x_api import COUNTS, SEARCH, XApi
from tests.sources.x_support import LIVE, NOW, ask, minutes, source_at
from tests.support import ManualClock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.servers.http_server import Server


@contextmanager
def x(posts: int = 0, naming: str = "tweet") -> Iterator[tuple[XApi, Server, ManualClock]]:
    """Run a look-alike with so many posts, one a second, the last one just old enough to be found."""
    clock = ManualClock(NOW)
    api = XApi(clock.now, naming=naming)  # type: ignore[arg-type]
    for number in range(posts):
        api.write(LIVE - timedelta(seconds=posts - number), f"acme24 {number}")
    with api.server() as server:
        yield api, server, clock


@pytest.mark.parametrize("naming", ["tweet", "post"])
def test_first_poll_brings_the_period(naming: str) -> None:
    """The first poll returns every post of the period, oldest first, under both generations of names."""
    with x(35, naming) as (api, server, clock):
        api.write(NOW - minutes(31), "acme24 before the period")
        api.write(NOW - minutes(5), "of something else")
        fetch = ask(source_at(server, clock, page_size=10))
    assert [mention.text for mention in fetch.mentions] == [f"acme24 {number}" for number in range(35)]
    assert fetch.complete
    assert fetch.reason == ""
    assert (fetch.cost.reads, fetch.cost.requests) == (35, 4)
    assert fetch.cost.usd == pytest.approx(0.175)
    assert {mention.source for mention in fetch.mentions} == {"x"}


def test_later_polls_bring_only_what_is_new() -> None:
    """A later poll asks by since_id, brings new posts once, and buys nothing twice."""
    with x(5) as (api, server, clock):
        source = source_at(server, clock)
        first = ask(source)
        clock.wait(minutes(1))
        api.write(NOW, "acme24 new")
        second = ask(source, first.cursor, until=clock.now())
        third = ask(source, second.cursor, until=clock.now())
    assert [mention.text for mention in second.mentions] == ["acme24 new"]
    assert third.mentions == ()
    assert third.complete
    assert api.sold == 6
    assert server.requests[1].query["since_id"] == first.mentions[-1].id
    assert not {"start_time", "end_time"} & server.requests[1].query.keys()


def test_newest_seconds_come_with_a_later_poll() -> None:
    """Posts X does not deliver yet are not asked for, and are there half a minute later."""
    with x() as (api, server, clock):
        source = source_at(server, clock)
        api.write(NOW - timedelta(seconds=5), "acme24 just now")
        first = ask(source)
        clock.wait(minutes(1))
        second = ask(source, first.cursor, until=clock.now())
    assert first.mentions == ()
    assert first.complete
    assert [mention.text for mention in second.mentions] == ["acme24 just now"]


def test_the_end_of_a_period_is_settled_half_a_minute_later() -> None:
    """A poll at the end of its period says from when on posts are still to come; 30 seconds later it has them all."""
    end = NOW + timedelta(milliseconds=500)
    with x() as (api, server, clock):
        clock.time = end
        source = source_at(server, clock)
        api.write(end - timedelta(milliseconds=200), "acme24 in the last moment")
        first = ask(source, until=end)
        clock.wait(end - (first.settled_until or end))
        second = ask(source, first.cursor, until=end)
    assert (first.complete, first.settled_until) == (True, end - timedelta(seconds=30))
    assert (second.complete, second.settled_until) == (True, None)
    assert [mention.text for mention in first.mentions + second.mentions] == ["acme24 in the last moment"]


def test_polls_within_one_second_lose_nothing() -> None:
    """What became deliverable between two polls of the same second comes with the second one."""
    with x(3) as (api, server, clock):
        source = source_at(server, clock)
        clock.time = NOW + timedelta(milliseconds=100)
        first = ask(source, until=NOW + minutes(1))
        api.write(LIVE + timedelta(milliseconds=500), "acme24 new")
        clock.time = NOW + timedelta(milliseconds=900)
        second = ask(source, first.cursor, until=NOW + minutes(1))
    assert [mention.text for mention in second.mentions] == ["acme24 new"]
    assert second.settled_until == clock.time - timedelta(seconds=30)


def test_a_past_period_is_settled() -> None:
    """Of a period that ended long enough ago nothing is still to come."""
    with x(3) as (_, server, clock):
        assert ask(source_at(server, clock), until=NOW - minutes(1)).settled_until is None


def test_a_period_that_has_only_begun_asks_nothing() -> None:
    """Within the first half minute of a period there is nothing to ask for, and that is complete."""
    with x(3) as (_, server, clock):
        fetch = ask(source_at(server, clock), since=NOW - timedelta(seconds=10))
    assert (fetch.mentions, fetch.complete, fetch.cursor) == ((), True, None)
    assert fetch.settled_until == LIVE
    assert server.requests == []


def test_cap_cuts_and_the_next_polls_fill_the_gap() -> None:
    """When max_pages cuts a walk, the poll says so, and the next ones read the older posts, then the new ones."""
    with x(45) as (api, server, clock):
        source = source_at(server, clock, page_size=10, max_pages=2)
        first = ask(source)
        clock.wait(minutes(1))
        api.write(NOW, "acme24 new")
        second = ask(source, first.cursor, until=clock.now())
        third = ask(source, second.cursor, until=clock.now())
    assert not first.complete
    assert not first.permanent
    assert "2 pages were read (max_pages)" in first.reason
    assert [mention.text for mention in first.mentions] == [f"acme24 {number}" for number in range(25, 45)]
    assert [mention.text for mention in second.mentions] == [f"acme24 {number}" for number in range(5, 25)]
    assert [mention.text for mention in third.mentions] == [*(f"acme24 {number}" for number in range(5)), "acme24 new"]
    assert third.complete
    assert api.sold == 46


@settings(max_examples=25, deadline=None)
@given(
    posts=st.integers(0, 60),
    pages=st.integers(1, 3),
    steps=st.lists(st.tuples(st.integers(0, 25), st.sampled_from(["", "503", "429", "cut", "restart"])), max_size=6),
)
def test_nothing_is_lost_or_bought_twice(posts: int, pages: int, steps: list[tuple[int, str]]) -> None:
    """Whatever mix of new posts, caps, faults and restarts, each post arrives once and is bought once."""
    with x(posts) as (api, server, clock):
        source = source_at(server, clock, page_size=10, max_pages=pages)
        got: list[str] = []
        cursor = None
        for new, trouble in [*steps, *[(0, "")] * 30]:
            for number in range(new):
                api.write(clock.now() - timedelta(seconds=60 - number), "acme24 more")
            strike = _strikes(trouble)
            api.before_answer = lambda _request, strike=strike: next(strike)  # type: ignore[misc]
            if trouble == "restart":
                source = source_at(server, clock, page_size=10, max_pages=pages)
            try:
                fetch = ask(source, cursor, until=clock.now())
            except SourceDown:
                pass
            else:
                got += [mention.id for mention in fetch.mentions]
                cursor = fetch.cursor
            clock.wait(minutes(2))
    assert sorted(got) == sorted(post["id"] for post in api.posts)
    assert len(got) == len(set(got)) == api.sold


def _strikes(trouble: str) -> Iterator[Reply | None]:
    """Let the first request through and strike at the second."""
    yield None
    if trouble in {"503", "429"}:
        yield Reply(int(trouble), b"{}", {"x-rate-limit-reset": "0"})
    elif trouble == "cut":
        yield Reply(200, b'{"data": [], "meta": {}}', {}, "cut")
    while True:
        yield None


def test_a_fault_midway_keeps_what_came() -> None:
    """When X fails after the first page, that page is kept, the poll is incomplete, and the rest follows."""
    with x(25) as (api, server, clock):
        source = source_at(server, clock, page_size=10)
        replies = iter([None, Reply(503)])
        api.before_answer = lambda _request: next(replies, None)
        first = ask(source)
        second = ask(source, first.cursor)
    assert len(first.mentions) == 10
    assert not first.complete
    assert not first.permanent
    assert "X is not well (503)" in first.reason
    assert len(second.mentions) == 15
    assert second.complete


def test_the_deadline_cuts_between_pages() -> None:
    """A poll ends when its time is used up, keeps what it has, and the next one goes on."""
    with x(25) as (api, server, clock):
        source = source_at(server, clock, page_size=10)

        def slow(_request: object) -> None:
            clock.time += timedelta(seconds=20)

        api.before_answer = slow
        first = ask(source, timeout=timedelta(seconds=30))
        second = ask(source, first.cursor, timeout=timedelta(minutes=5))
    assert len(first.mentions) in {10, 20}
    assert not first.complete
    assert "the time for this poll is used up" in first.reason
    assert len(first.mentions) + len(second.mentions) == 25


def test_the_budget_of_reads_is_never_passed() -> None:
    """The budget ends the reading for good, is not passed by a single post, and outlives a restart."""
    with x(60) as (api, server, clock):
        first = ask(source_at(server, clock, page_size=20, budget=Budget(reads=45)))
        again = ask(source_at(server, clock, page_size=20, budget=Budget(reads=45)), first.cursor)
    assert api.sold == 40
    assert not first.complete
    assert first.permanent
    assert "the budget for X is used up (40 of 45 posts, $0.20)" in first.reason
    assert (again.mentions, again.permanent) == ((), True)


def test_the_budget_of_dollars_counts_authors_and_probes() -> None:
    """With author details a post costs three times as much, and a probe costs too."""
    with x(60) as (api, server, clock):
        budget = Budget(usd=0.4)
        fetch = ask(source_at(server, clock, page_size=10, budget=budget, author_details=True, probe=True))
    assert api.sold == 20
    assert fetch.cost.usd == pytest.approx(20 * 0.015 + 0.005)
    assert fetch.permanent
    assert fetch.mentions[0].author_followers == 12
    assert fetch.mentions[0].author_created_at is not None


def test_authors_are_not_bought_unasked() -> None:
    """Without author_details no expansion is asked for, and authors are known by id alone."""
    with x(3) as (_, server, clock):
        fetch = ask(source_at(server, clock))
    assert "expansions" not in server.requests[0].query
    assert fetch.mentions[0].author == "1000"
    assert fetch.mentions[0].author_created_at is None


def test_a_probe_of_nothing_saves_the_search() -> None:
    """When X counts no post, the search is skipped, and nothing is lost if it counted too early."""
    with x() as (api, server, clock):
        source = source_at(server, clock, probe=True)
        first = ask(source)
        assert [request.path for request in server.requests] == [COUNTS]
        assert (first.mentions, first.complete, first.cost.usd) == ((), True, 0.005)
        api.write(NOW - minutes(10), "acme24 indexed late")
        second = ask(source, first.cursor)
    assert [request.path for request in server.requests] == [COUNTS, SEARCH]
    assert [mention.text for mention in second.mentions] == ["acme24 indexed late"]


def test_a_probe_warns_of_a_volume_past_the_budget() -> None:
    """The probe says how many posts there are when the budget will not reach, before money is spent."""
    with x(40) as (_, server, clock):
        fetch = ask(source_at(server, clock, probe=True, budget=Budget(reads=20)))
    assert any("X counts 40 posts ($0.20)" in note for note in fetch.notes)


def test_a_refused_probe_does_not_stop_the_search() -> None:
    """Counting has its own access and limits: without them the search goes on, with a note."""
    with x(3) as (api, server, clock):
        api.limits[COUNTS] = 0
        fetch = ask(source_at(server, clock, probe=True))
    assert len(fetch.mentions) == 3
    assert fetch.complete
    assert any("did not count" in note for note in fetch.notes)


def test_a_long_baseline_is_cut_at_seven_days() -> None:
    """A period that begins before X's seven days is read from there on, and the poll says from when."""
    with x(3) as (_, server, clock):
        fetch = ask(source_at(server, clock), since=NOW - timedelta(days=9))
    assert len(fetch.mentions) == 3
    assert fetch.complete
    assert any("goes back to 2026-03-03 14:31 UTC only" in note for note in fetch.notes)


@pytest.mark.parametrize(("begin", "end"), [(13, 6.1), (8, 6.5), (21, 0)])
def test_a_baseline_cut_to_little_is_not_complete(begin: float, end: float) -> None:
    """When less than half of a period, or than a day of it, is within X's seven days, the poll is incomplete for good.

    What is within them is delivered all the same.
    """
    with x() as (api, server, clock):
        api.write(NOW - timedelta(days=6.8), "acme24 within reach")
        period = {"since": NOW - timedelta(days=begin), "until": NOW - timedelta(days=end)}
        source = source_at(server, clock)
        first = ask(source, **period)  # type: ignore[arg-type]
        second = ask(source, first.cursor, **period)  # type: ignore[arg-type]
    assert [mention.text for mention in first.mentions] == ["acme24 within reach"]
    for fetch in (first, second):
        assert (fetch.complete, fetch.permanent) == (False, True)
        assert "2026-03-03 14:31 UTC only: most of the period" in fetch.reason


def test_the_usual_baseline_stays_complete() -> None:
    """Seven days before a deploy that was hours ago are a note at most, not a run without a verdict."""
    with x(3) as (_, server, clock):
        deploy = NOW - timedelta(hours=5)
        fetch = ask(source_at(server, clock), since=deploy - timedelta(days=7), until=deploy)
    assert (fetch.complete, len(fetch.notes)) == (True, 1)


def test_a_period_out_of_reach_is_not_quiet() -> None:
    """A period that ended before X's seven days is incomplete for good, without a request."""
    with x(3) as (_, server, clock):
        period = {"since": NOW - timedelta(days=9), "until": NOW - timedelta(days=8)}
        fetch = ask(source_at(server, clock), **period)  # type: ignore[arg-type]
    assert (fetch.complete, fetch.permanent) == (False, True)
    assert "seven days" in fetch.reason
    assert server.requests == []


def test_a_finished_past_period_asks_nothing_more() -> None:
    """A baseline that was read to its end costs no further request."""
    with x(40) as (_, server, clock):
        source = source_at(server, clock, page_size=10, max_pages=1)
        until = NOW - timedelta(seconds=50)
        fetch = ask(source, until=until)
        for _ in range(3):
            fetch = ask(source, fetch.cursor, until=until)
    assert fetch.complete
    assert len(server.requests) == 2


def test_what_slid_out_of_reach_is_said() -> None:
    """When nothing ran for over a week, the posts between are gone, and the source says so from then on."""
    with x(25) as (api, server, clock):
        first = ask(source_at(server, clock, page_size=10, max_pages=1))
        clock.wait(timedelta(days=8))
        api.write(clock.now() - minutes(5), "acme24 much later")
        period = {"since": NOW - minutes(30), "until": clock.now()}
        second = ask(source_at(server, clock), first.cursor, **period)  # type: ignore[arg-type]
        third = ask(source_at(server, clock), second.cursor, **period)  # type: ignore[arg-type]
    assert [mention.text for mention in second.mentions] == ["acme24 much later"]
    for fetch in (second, third):
        assert (fetch.complete, fetch.permanent) == (False, True)
        assert "were not read before X's seven days were over" in fetch.reason


def test_the_release_is_the_query_by_default() -> None:
    """Without a query of its own the source searches for the release, a phrase in quotes."""
    with x() as (_, server, clock):
        ask(source_at(server, clock, query=None))
    assert server.requests[0].query["query"] == "#acme24"


@pytest.mark.parametrize("cursor", ["", "{}", "[]", '{"v": 2}', '{"v": 1, "gap": 3, "seen_to": null}', "\x00"])
def test_a_foreign_cursor_is_refused(cursor: str) -> None:
    """A cursor that is not ours is refused with a next step, before anything is asked."""
    with x() as (_, server, clock), pytest.raises(SourceRefused) as refused:
        ask(source_at(server, clock), cursor)
    assert "start a new run" in refused.value.hint
    assert server.requests == []


def test_the_cursor_is_small_json() -> None:
    """What is stored between polls is one short line of JSON that holds no secret."""
    with x(25) as (_, server, clock):
        fetch = ask(source_at(server, clock, page_size=10, max_pages=1))
    assert fetch.cursor
    assert json.loads(fetch.cursor)["gap"]["before"]
    assert len(fetch.cursor) < 300

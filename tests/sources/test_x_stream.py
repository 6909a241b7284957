"""X's filtered stream: heard by a thread, joined to search without a gap, within the budget, and gone afterwards."""

from __future__ import annotations

import logging
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from gate.errors import SourceRefused
from gate.sources.x import Budget, Source
from gate.sources.x.rules import TAG
from gate.sources.x.stream import NAME
from tests.servers.x_api import SEARCH, TOKEN, XApi, problem
from tests.servers.x_stream import RULES, STREAM, XStream
from tests.sources.x_support import BEGIN, NOW, ask, minutes, source_at
from tests.support import ManualClock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gate.model import Fetch
    from tests.servers.http_server import Server

LIFE = b"\r\n"
UPSTREAM = (
    b'{"errors":[{"title":"operational-disconnect","disconnect_type":"UpstreamOperationalDisconnect",'
    b'"detail":"This stream has been disconnected upstream for operational reasons."}]}\r\n'
)


class HeardClock(ManualClock):
    """A manual clock that knows how often the stream's thread looked at it: once for the start, once for each line."""

    def __init__(self) -> None:
        """Start like all clocks of these tests."""
        super().__init__(NOW)
        self.looked = 0
        self._changed = threading.Condition()

    def now(self) -> datetime:
        """Return the manual time."""
        if threading.current_thread().name == NAME:
            with self._changed:
                self.looked += 1
                self._changed.notify_all()
        return super().now()

    def wait_for(self, looks: int) -> None:
        """Wait until the thread has looked so often."""
        with self._changed:
            assert self._changed.wait_for(lambda: self.looked >= looks, 20)


@dataclass
class Stage:
    """A look-alike, a source that streams from it, and all that was delivered."""

    clock: HeardClock
    x: XStream
    server: Server
    source: Source
    fetches: list[Fetch] = field(default_factory=list)

    def poll(self) -> Fetch:
        """Poll the period that lasts, as the engine does: from the deploy until now."""
        cursor = self.fetches[-1].cursor if self.fetches else None
        # Long, as half of it is all the time a poll leaves the connection to stand up in, and the machine may be busy.
        fetch = ask(self.source, cursor, since=BEGIN, until=self.clock.now(), timeout=minutes(1))
        self.fetches.append(fetch)
        return self.fetches[-1]

    def hear(self, text: str, after: float = 20) -> None:
        """Let time pass, and let somebody write a post that the stream brings."""
        self.clock.wait(timedelta(seconds=after))
        self.x.write(self.clock.time, f"acme24 {text}")
        self.pass_quietly(0)

    def pass_quietly(self, seconds: float) -> None:
        """Let time pass with signs of life alone, and wait until all that was sent is read."""
        self.clock.wait(timedelta(seconds=seconds))
        for _ in range(2):  # when the second one is looked at, the first one and all before are done with
            self.x.raw(LIFE)
        self.clock.wait_for(self.x.sent)

    def hang_up(self) -> None:
        """End the connection from X's side, and wait until it is noticed."""
        self.x.hang_up()
        ended()

    def texts(self) -> list[str]:
        """Return the words of all that was delivered, in order."""
        return [each.text.removeprefix("acme24 ") for fetch in self.fetches for each in fetch.mentions]

    def asked(self, path: str) -> int:
        """Count the requests."""
        return sum(request.path == path for request in self.server.requests)


def ended() -> None:
    """Wait until no thread reads a stream any more."""
    for thread in threading.enumerate():
        if thread.name == NAME:
            thread.join(20)
            assert not thread.is_alive()


@contextmanager
def stage(**options: Any) -> Iterator[Stage]:  # noqa: ANN401  # options of the source
    """Put up a look-alike; everything is closed and checked to be gone afterwards."""
    clock = HeardClock()
    api = XApi(lambda: clock.time)
    x = XStream(api)
    api.before_answer = x.answer
    with api.server() as server:
        source = source_at(server, clock, mode="stream", **options)
        try:
            yield Stage(clock, x, server, source)
        finally:
            source.close()
            x.hang_up()
            ended()


@pytest.fixture
def on() -> Iterator[Stage]:
    """Stand on a stage with a stream that was polled until search had nothing more to add."""
    with stage() as built:
        built.x.write(NOW - minutes(3), "acme24 before", heard=False)
        built.poll()
        built.pass_quietly(50)
        built.poll()
        yield built


def test_posts_come_by_the_stream_without_search(on: Stage) -> None:
    """What was written before the connection is searched for; from then on no search is paid for, and posts come."""
    searched = on.asked(SEARCH)
    for number in range(3):
        on.hear(f"post {number}")
        fetch = on.poll()
        assert fetch.complete
        assert (fetch.cost.requests, fetch.cost.reads, fetch.cost.usd) == (0, 1, 0.005)
    assert on.asked(SEARCH) == searched
    assert on.x.connections == 1
    # The last one was written in this very moment: the period asked for ends before it.
    assert on.texts() == ["before", "post 0", "post 1"]
    on.pass_quietly(1)
    assert [mention.text for mention in on.poll().mentions] == ["acme24 post 2"]


def test_what_is_settled_follows_the_signs_of_life(on: Stage) -> None:
    """Half a minute before the last sign of life everything is there; without one, nothing new is claimed."""
    on.pass_quietly(20)
    first = on.poll()
    on.clock.wait(minutes(5))
    second = on.poll()
    assert first.settled_until == NOW + timedelta(seconds=70) - timedelta(seconds=30)
    assert second.settled_until == first.settled_until


def test_a_gap_is_searched_for(on: Stage) -> None:
    """What is written while the connection is down comes by search, once, and the stream goes on after it."""
    on.hear("one")
    on.hang_up()
    on.clock.wait(minutes(1))
    on.x.write(on.clock.time - timedelta(seconds=40), "acme24 meanwhile", heard=False)
    fetch = on.poll()
    assert "X closed it" in " ".join(fetch.notes)
    assert on.x.connections == 2
    on.hear("two", after=40)
    on.poll()
    on.pass_quietly(1)
    on.poll()
    assert on.texts() == ["before", "one", "meanwhile", "two"]
    assert all(fetch.complete for fetch in on.fetches)


def test_nothing_is_lost_by_a_restart() -> None:
    """A new process goes on from the stored cursor: search brings what no stream could, the stream what comes next."""
    with stage() as first:
        first.poll()
        first.pass_quietly(50)
        first.poll()
        first.hear("one")
        first.pass_quietly(40)
        stored = first.poll()
    with stage() as second:
        second.clock.wait(minutes(4))
        second.x.write(NOW + minutes(3), "acme24 meanwhile", heard=False)
        second.fetches.append(stored)
        second.poll()
        second.hear("two", after=50)
        second.poll()
        second.pass_quietly(1)
        second.poll()
        assert second.texts() == ["one", "meanwhile", "two"]


def test_silence_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that sends not even signs of life is given up, and made anew."""
    monkeypatch.setattr("gate.sources.x.client.SILENCE", 0.2)
    with stage() as on:
        on.poll()
        ended()
        on.clock.wait(minutes(1))
        notes = " ".join(on.poll().notes)
        assert on.x.connections == 2
    assert "no answer in time" in notes


@pytest.mark.parametrize(
    ("send", "said"),
    [
        (UPSTREAM, "disconnected upstream for operational reasons"),
        (b"<html>gone</html>\r\n", "no JSON"),
        (b"[1]\r\n", "does not say why"),
        (b"x" * (1024 * 1024 + 1), "longer than 1,048,576 bytes"),
    ],
    ids=["told", "html", "list", "endless"],
)
def test_a_line_that_is_no_post_ends_the_connection(on: Stage, send: bytes, said: str) -> None:
    """X's own words of why it ends, and anything odd, are told; search fills in, and a new connection is made."""
    on.x.raw(send)
    ended()
    fetch = on.poll()
    assert said in " ".join(fetch.notes)
    assert fetch.complete
    assert on.x.connections == 2


def test_an_odd_post_is_counted() -> None:
    """A post of another shape is unreadable, and the connection stays."""
    with stage() as on:
        on.poll()
        on.x.send({"data": {"id": "no number", "text": 5}})
        on.pass_quietly(60)
        fetch = on.poll()
    assert len(fetch.unreadable) == 1
    assert on.x.connections == 1


def test_while_x_refuses_connections_search_is_used_and_x_left_alone() -> None:
    """After failing to connect, X is left alone for 5, 10, 20 … seconds by the clock; posts come by search meanwhile."""
    with stage() as on:
        on.x.refuse = problem(503, "Service Unavailable", "Over capacity")
        for number in range(7):
            on.x.write(on.clock.time - timedelta(seconds=31), f"acme24 post {number}", heard=False)
            fetch = on.poll()
            assert fetch.complete
            on.clock.wait(timedelta(seconds=5))
        attempts = on.asked(STREAM)
        assert [any("search is used" in note for note in each.notes) for each in on.fetches] == [
            True, True, False, True, False, False, False,
        ]  # fmt: skip
        on.x.refuse = None
        on.clock.wait(minutes(1))
        on.poll()
        assert on.x.connections == 1
    assert attempts == 3
    assert on.texts() == [f"post {number}" for number in range(7)]


def test_another_connection_is_told() -> None:
    """X allows one connection: where another program has it, search is used, until X says one may try again."""
    with stage() as on:
        on.x.busy = True
        fetch = on.poll()
        on.clock.wait(minutes(10))
        on.poll()
        assert on.asked(STREAM) == 1
        on.clock.wait(minutes(6))
        on.poll()
        assert on.asked(STREAM) == 2
    assert fetch.complete
    assert "rate limit is reached until 2026-03-10 14:45:00 UTC" in " ".join(fetch.notes)


def test_an_app_that_may_not_stream_is_told() -> None:
    """No access is no outage: it is refused, and says what to do."""
    with stage() as on:
        on.x.refuse = problem(403, "Forbidden", "Your app may not stream.")
        with pytest.raises(SourceRefused, match="may not stream"):
            on.poll()


def test_a_query_that_is_no_rule_is_told() -> None:
    """The stream lacks operators that search has; X's words name them."""
    with stage(query="acme24 -is:nullcast") as on, pytest.raises(SourceRefused, match="invalid operator") as caught:
        on.poll()
    assert "mode: search" in caught.value.hint


def test_the_rule_is_ours_and_is_removed() -> None:
    """One rule with our tag is added, one that a killed run left is used again, and afterwards only others' are there."""
    foreign = {"id": "1", "value": "cats", "tag": "somebody else's"}
    with stage() as on:
        on.x.rules = [foreign]
        notes = on.poll().notes
        assert [(rule["value"], rule["tag"]) for rule in on.x.rules[1:]] == [("acme24", TAG)]
        again = source_at(on.server, ManualClock(NOW), mode="stream")
        on.x.busy = True
        ask(again)
        assert len(on.x.rules) == 2
        on.source.close()
        assert on.x.rules == [foreign]
    assert any("1 other rules" in note for note in notes)


def test_posts_of_other_rules_are_paid_for_and_left_out(on: Stage) -> None:
    """What the app's other rules match comes down the same connection: it counts as bought, not as said of us."""
    on.x.write(on.clock.time, "cats", matching_rules=[{"id": "1", "tag": "somebody else's"}])
    on.pass_quietly(60)
    fetch = on.poll()
    assert (fetch.mentions, fetch.cost.reads) == ((), 1)


def test_closing_ends_it_at_once(on: Stage) -> None:
    """Closing wakes the thread that waits for a line, and takes the rule away."""
    on.source.close()
    assert not [thread for thread in threading.enumerate() if thread.name == NAME]
    assert on.x.rules == []


def test_the_budget_holds() -> None:
    """With the last post the budget allows, the connection is closed by us, and the source is done."""
    with stage(budget=Budget(reads=12)) as on:
        on.poll()
        for number in range(12):
            on.x.write(on.clock.time, f"acme24 post {number}")
        ended()
        on.x.write(on.clock.time, "acme24 one too many")
        on.clock.wait(minutes(1))
        fetch = on.poll()
        assert sum(each.cost.reads for each in on.fetches) == 12
        assert on.x.connections == 1
    assert len(fetch.mentions) == 12
    assert (fetch.complete, fetch.permanent) == (False, True)
    assert "budget for X is used up" in fetch.reason


def test_more_than_the_buffer_holds_is_told_and_searched_for() -> None:
    """A full buffer makes the poll partial; search brings what was left out, and every post comes once."""
    with stage(buffer=2) as on:
        on.poll()
        on.pass_quietly(50)
        on.poll()
        for number in range(5):
            on.x.write(on.clock.time + timedelta(seconds=number), f"acme24 post {number}")
        on.pass_quietly(10)
        fetch = on.poll()
        assert len(fetch.mentions) == 2
        assert not fetch.complete
        assert "more than 2 posts" in fetch.reason
        on.pass_quietly(60)
        on.poll()
        on.pass_quietly(60)
        assert on.poll().complete
    assert sorted(on.texts()) == [f"post {number}" for number in range(5)]


def test_backfill_stands_in_for_search() -> None:
    """Where X sends again what was missed, no search is needed, and what comes twice is delivered once."""
    with stage(backfill_minutes=5) as on:
        on.poll()
        on.pass_quietly(50)
        on.poll()
        on.hear("one")
        on.hang_up()
        searched = on.asked(SEARCH)
        on.clock.wait(minutes(1))
        on.poll()
        connects = [request.query.get("backfill_minutes") for request in on.server.requests if request.path == STREAM]
        again = next(each for each in on.x.api.posts if each["text"] == "acme24 one")
        on.x.send({"data": again})
        on.hear("two", after=10)
        on.pass_quietly(40)
        on.poll()
        assert on.asked(SEARCH) == searched
    assert connects == [None, "5"]
    assert on.texts() == ["one", "two"]


def test_a_long_break_is_searched_for_in_spite_of_backfill() -> None:
    """X sends five minutes again at most: after a longer break search fills the whole of it."""
    with stage(backfill_minutes=5) as on:
        on.poll()
        on.pass_quietly(50)
        on.poll()
        on.hang_up()
        on.clock.wait(minutes(9))
        on.x.write(on.clock.time - minutes(8), "acme24 meanwhile", heard=False)
        on.poll()
    assert on.texts() == ["meanwhile"]


def test_the_end_of_the_period() -> None:
    """Once the period is over the connection is closed, and search brings its very end; nothing comes twice."""
    with stage() as on:
        on.poll()
        on.pass_quietly(50)
        on.poll()
        on.hear("one")
        end = on.clock.time + timedelta(seconds=5)
        on.x.write(end - timedelta(seconds=1), "acme24 two", heard=False)
        on.x.write(end + timedelta(seconds=1), "acme24 too late", heard=False)
        on.clock.wait(minutes(1))
        on.fetches.append(ask(on.source, on.fetches[-1].cursor, since=BEGIN, until=end))
        assert on.x.rules == []
        ended()
        on.fetches.append(ask(on.source, on.fetches[-1].cursor, since=BEGIN, until=end))
    assert on.texts() == ["one", "two"]
    assert on.fetches[-1].complete


def test_what_is_over_is_searched_for_only() -> None:
    """A baseline needs no stream: none is opened, and no rule is made."""
    with stage() as on:
        on.x.write(NOW - minutes(20), "acme24 before", heard=False)
        fetch = ask(on.source, since=NOW - minutes(60), until=NOW - minutes(10))
        assert {request.path for request in on.server.requests} == {SEARCH}
    assert len(fetch.mentions) == 1


def test_search_that_fails_does_not_take_the_stream_along(on: Stage) -> None:
    """Where search is needed and fails, what the stream brought is delivered, and the poll says why it is partial."""
    on.hear("one")
    on.hang_up()
    on.clock.wait(minutes(1))
    on.x.api.before_answer = lambda request: on.x.answer(request) or problem(503, "Unavailable", "Over capacity")
    fetch = on.poll()
    assert [mention.text for mention in fetch.mentions] == ["acme24 one"]
    assert (fetch.complete, fetch.permanent) == (False, False)
    assert "Over capacity" in fetch.reason


def test_authors_are_bought_where_they_are_wanted() -> None:
    """With author_details each post brings its author, paid for as X does, and ages and followers are known."""
    with stage(author_details=True) as on:
        on.poll()
        on.pass_quietly(50)
        on.poll()
        author = on.x.api._user("1000")  # noqa: SLF001 - the look-alike's own author
        on.x.write(on.clock.time, includes={"users": [author]}, author_id="1000")
        on.pass_quietly(60)
        fetch = on.poll()
        (connect,) = [request for request in on.server.requests if request.path == STREAM]
    assert connect.query["expansions"] == "author_id"
    assert fetch.mentions[0].author_followers == 12
    assert fetch.cost.usd == pytest.approx(0.015)


def test_doctor_looks_at_the_rules() -> None:
    """``gate doctor`` says that the app may stream, and warns of other rules, whose posts would be paid for."""
    with stage() as on:
        assert [check.ok for check in on.source.check()][-1]
        on.x.rules = [{"id": "1", "value": "cats", "tag": "somebody else's"}]
        check = on.source.check()[-1]
        assert on.asked(RULES) == 2
    assert (check.what, check.ok) == ("stream", False)
    assert "1 other rules" in check.detail


def test_the_token_is_never_shown(caplog: pytest.LogCaptureFixture) -> None:
    """With every library at DEBUG, and a stream that echoes it, the token is in no log and no mention."""
    caplog.set_level(logging.DEBUG)
    with stage() as on:
        on.poll()
        on.hear(f"my token is {TOKEN}")
        on.pass_quietly(60)
        fetch = on.poll()
    assert len(fetch.mentions) == 1
    assert TOKEN not in repr(on.fetches)
    assert not [record for record in caplog.records if TOKEN in record.getMessage()]


@pytest.mark.parametrize(
    ("options", "said"),
    [({"backfill_minutes": 6}, "backfill_minutes must be 0 to 5"), ({"buffer": 0}, "buffer must be")],
)
def test_options_that_cannot_work_are_refused(options: dict[str, Any], said: str) -> None:
    """Each names the option and its limits."""
    with pytest.raises(ValueError, match=said):
        source_at("https://x.invalid", mode="stream", **options)

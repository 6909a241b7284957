"""Standing watches: what is heard between releases is there, and paid for, when a deploy comes."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from gate.clock import SystemClock
from gate.errors import Cancelled
from gate.model import Outcome, Period
from gate.runs import Order, Runs
from gate.runs.standing import Standing
from gate.runs.watching import Watching
from gate.store import StandingWatch, State, Store
from gate.store.purging import BETWEEN, Chosen
from gate.wiring_service import Opener, _planned
from gate.wiring_standing import PolicyFolder
from tests.servers.http_server import Recorded, Reply, Server
from tests.support import DEPLOY, ManualClock, scored

pytest.importorskip("dbos")

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from gate.runs.standing import Lookout

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
POLICY = """\
version: 1
release: acme
sources: [{{type: http, url: "{url}/posts", query: {{from: "{{since}}", to: "{{until}}"}}, author: who{more}}}]
window: {{settle: 1m, length: 30m, every: 60s}}
baseline: {{length: {length}}}
scorer: vader
minimum: {{mentions: 5, authors: 5}}
on: {{inconclusive: hold, error: halt}}
watch: {{every: 15m{budget}}}
"""


@dataclass
class Town:
    """A place where somebody writes every ten minutes, and a folder with one policy that hears of it."""

    server: Server
    folder: Path
    store: Store
    clock: ManualClock
    polls: list[tuple[datetime, datetime]] = field(default_factory=list)
    down: bool = False
    text: Callable[[int], str] = lambda number: f"the search is great, thanks ({number})"
    step: timedelta = 10 * MINUTE

    def answer(self, request: Recorded) -> Reply:
        """Say what was written in the period that is asked for."""
        since, until = (datetime.fromisoformat(request.query[name]) for name in ("from", "to"))
        self.polls.append((since, until))
        if self.down:
            return Reply(503)
        first = int((since - DEPLOY) / self.step) - 1
        numbers = range(first, first + int((until - since) / self.step) + 3)
        written = [(number, DEPLOY + number * self.step) for number in numbers]
        posts = [
            {"id": f"m{number}", "created_at": at.isoformat(), "text": self.text(number), "who": f"w{number // 2}"}
            for number, at in reversed(written)
            if since <= at < until
        ]
        return Reply.of(posts)

    def write(self, length: str = "1d", budget: str = "", more: str = "") -> Path:
        """Write the policy."""
        path = self.folder / "acme.yml"
        path.write_text(POLICY.format(url=self.server.url, length=length, budget=budget, more=more))
        return path

    def standing(self) -> Standing:
        """Return what a new worker begins with."""
        return Standing(
            self.store, self.clock, PolicyFolder(self.folder, self.store, self.clock, {}, hashed, self.opener().routes)
        )

    def run(self) -> str:
        """Order a run of the policy, deployed now, and watch it to its end."""
        path = self.folder / "acme.yml"
        runs = Runs(self.store, lambda order: _planned(order, self.clock))
        run_id = runs.start(Order(path.read_text(), self.clock.now(), path=str(path)))
        while next_at := self.watching().look(run_id):
            self.clock.time = max(self.clock.time, next_at)
        return run_id

    def watching(self) -> Watching:
        """Return what looks, each time with nothing in memory."""
        return Watching(self.store, self.clock, self.opener())

    def opener(self) -> Opener:
        """Return what builds engines and scorers."""
        return Opener(self.clock, {}, self.store, hashed, private_addresses=False)


def hashed(source: str, author: str) -> str:
    """Hide an author."""
    return f"{source}/{author}"


@pytest.fixture
def store(request: pytest.FixtureRequest, tmp_path: Path, clock: ManualClock) -> Iterator[Store]:
    """An empty run log, on SQLite unless the test names another database."""
    postgresql = getattr(request, "param", "sqlite") == "postgresql"
    url = request.getfixturevalue("postgresql_url") if postgresql else str(tmp_path / "gate.db")
    with Store(url, clock) as opened:
        yield opened


on_both = pytest.mark.parametrize("store", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture
def town(store: Store, clock: ManualClock, tmp_path: Path) -> Iterator[Town]:
    """The place, its policy written."""
    with Server(Reply()) as server:
        folder = tmp_path / "policies"
        folder.mkdir()
        made = Town(server, folder, store, clock)
        server.answer = made.answer
        made.write()
        yield made


def listen(town: Town, standing: Standing, length: timedelta, step: timedelta = 15 * MINUTE) -> None:
    """Let that time pass, listening whenever it is time, or less often."""
    until = town.clock.now() + length
    while town.clock.now() < until:
        standing.round()
        town.clock.time += step


@on_both
def test_a_run_starts_without_asking_for_its_baseline(town: Town) -> None:
    """The run has the mentions that were heard before the deploy, and asks only for what was written after it."""
    listen(town, town.standing(), 2 * HOUR)
    heard = len(town.polls)
    deploy = town.clock.now()
    run = town.store.run(town.run())
    asked = town.polls[heard:]
    assert asked
    assert min(since for since, _ in asked) >= deploy
    assert (run.state, run.outcome) == (State.DONE, Outcome.INCONCLUSIVE)
    baseline, look, *_ = (event.data for event in town.store.events(run.id) if event.kind in {"baseline", "look"})
    (coverage,) = baseline["coverage"]
    assert coverage["kept"] + sum(coverage["dropped"].values()) == coverage["fetched"] == 144 - 1
    assert coverage["cost"]["requests"] == 0
    assert coverage["dropped"] == {"author_voted": 143 - 96}
    assert "heard before the deploy, up to" in baseline["notes"][0]
    assert look["verdict"]["tally"]["mentions_baseline"] == 96
    assert town.store.verify(run.id) == []


def test_it_is_the_baseline_that_a_run_would_hear(town: Town) -> None:
    """What a watch remembers and what the sources say themselves come to the same numbers."""
    listen(town, town.standing(), HOUR)
    town.standing().round()  # The newest, too.
    known, alone = town.run(), replace(town)
    with Store(str(town.folder / "other.db"), town.clock) as other:
        town.clock.time = town.store.run(known).deployed_at
        alone.store = other
        asked = alone.run()
        tallies = [store.verdict(run_id).tally for store, run_id in ((town.store, known), (other, asked))]  # type: ignore[union-attr]
    assert tallies[0] == tallies[1]
    assert tallies[0].mentions_baseline == 96


def test_listening_is_slow_and_goes_on_where_it_stood(town: Town) -> None:
    """The first poll asks for a whole baseline; later ones only for what is new, as often as the policy says."""
    for _ in range(4):  # A new process each time.
        listen(town, town.standing(), HOUR)
    first, *later = town.polls
    assert first[1] - first[0] == timedelta(days=1)
    assert len(later) == 15
    assert all(until - since <= 20 * MINUTE for since, until in later)
    (watch,) = town.store.watches()
    (source,) = watch.sources
    assert (watch.name, source.complete, source.cost.requests) == ("acme", True, 16)


def test_an_outage_between_releases(town: Town) -> None:
    """After an outage all that was missed is asked for; while it lasts, a run asks for its baseline itself."""
    standing = town.standing()
    listen(town, standing, HOUR)
    town.down = True
    listen(town, standing, 2 * HOUR)
    (source,) = town.store.watches()[0].sources
    assert not source.complete
    assert "503" in source.reason
    town.down = False
    heard = len(town.polls)
    town.run()
    assert min(since for since, _ in town.polls[heard:]) < DEPLOY + HOUR
    listen(town, standing, HOUR)
    (source,) = town.store.watches()[0].sources
    assert source.complete
    moods = town.store.moods("acme", DEPLOY - 24 * HOUR, town.clock.now())
    assert (
        sum(hour.mentions for hour in moods.hours) == (town.clock.now() - 10 * MINUTE - DEPLOY) // (10 * MINUTE) + 144
    )


@on_both
def test_the_mood_over_weeks(town: Town) -> None:
    """Hour by hour there is how many wrote and in what mood, and each release is there by its deploy."""
    town.text = lambda number: "this is awful" if number >= 60 else "this is great"
    standing, began = town.standing(), town.clock.now()
    listen(town, standing, 8 * HOUR, HOUR)
    run_id = town.run()
    listen(town, standing, 15 * HOUR, HOUR)
    moods = town.store.moods("acme", began - 24 * HOUR, town.clock.now())
    by_hour = {mood.hour: mood for mood in moods.hours}
    assert sorted(by_hour) == list(by_hour)
    assert (by_hour[began].mentions, by_hour[began].share) == (6, 0.0)
    assert by_hour[began].score > 0 > by_hour[began + 10 * HOUR].score
    assert by_hour[began + 10 * HOUR].share == 1.0
    (released,) = moods.releases
    assert (released.id, released.deployed_at) == (run_id, town.store.run(run_id).deployed_at)
    assert town.store.moods("acme", began + 100 * HOUR, began + 200 * HOUR).releases == ()


def test_a_policy_that_changes(town: Town) -> None:
    """Another policy is another watch, which begins with its own baseline; the mood by the hour goes on."""
    standing = town.standing()
    listen(town, standing, HOUR)
    town.write(length="2d")
    listen(town, standing, HOUR)
    assert [watch.name for watch in town.store.watches()] == ["acme", "acme"]
    assert max(until - since for since, until in town.polls) == timedelta(days=2)
    listen(town, standing, 60 * HOUR, 5 * HOUR)
    assert len(town.store.watches()) == 1


def test_a_policy_that_is_wrong_or_goes_away(town: Town) -> None:
    """A policy that cannot be read is not listened to, nor one without a watch; the others are."""
    (town.folder / "broken.yml").write_text("version: 2")
    (town.folder / "quiet.yml").write_text(town.write().read_text().partition("watch:")[0])
    standing = town.standing()
    listen(town, standing, HOUR)
    assert [watch.name for watch in town.store.watches()] == ["acme"]
    (town.folder / "acme.yml").unlink()
    heard = len(town.polls)
    listen(town, standing, HOUR)
    assert len(town.polls) == heard


@on_both
def test_two_workers_listen_once(town: Town) -> None:
    """Of several workers one polls; when it is gone, another one does."""
    one, other = town.standing(), town.standing()
    for _ in range(12):
        one.round()
        other.round()
        town.clock.time += 5 * MINUTE
    assert len(town.polls) == 4
    listen(town, other, HOUR)
    assert len(town.polls) == 8


def test_the_budget_of_a_watch(town: Town) -> None:
    """Once the budget of a day is spent nobody is asked before the next day; then all that was missed is."""
    town.write(budget=", budget: {reads_per_day: 150}")
    standing = town.standing()
    listen(town, standing, 9 * HOUR, HOUR)
    (source,) = town.store.watches()[0].sources
    assert not source.complete
    assert "budget of the day" in source.reason
    assert source.cost.reads >= 150
    spent = len(town.polls)
    listen(town, standing, 24 * HOUR, 6 * HOUR)
    assert len(town.polls) > spent


def test_a_stop_while_listening(town: Town) -> None:
    """A poll that is cut short because the process stops is made by whoever comes next."""

    def stop(_request: Recorded) -> Reply:
        from gate.http import interrupt

        interrupt(15)
        return Reply(how="hang")

    from gate.http import resume

    town.server.answer = stop
    try:
        with pytest.raises(Cancelled):
            town.standing().round()
    finally:
        resume()
    town.server.answer = town.answer
    town.clock.time += 15 * MINUTE
    town.standing().round()
    assert town.store.watches()[0].sources[0].complete


def test_parts_of_a_second(store: Store) -> None:
    """What was written half a second after the deploy is none of what came before it, and order is that of the times."""
    watch = StandingWatch("key", "acme", "acme.yml", HOUR, DEPLOY - 24 * HOUR, DEPLOY)
    offsets = (
        timedelta(0),
        timedelta(milliseconds=500),
        HOUR - timedelta(milliseconds=1),
        HOUR,
        HOUR + timedelta(milliseconds=5),
    )
    said = [
        replace(scored(number, 0.1, Period.BASELINE), created_at=DEPLOY - HOUR + offset)
        for number, offset in enumerate(offsets)
    ]
    store.claim(watch)
    store.record_heard(watch, said, [], [], 48 * HOUR)
    kept, _ = store.heard("key", said[0].source, DEPLOY - HOUR, DEPLOY)
    assert [each.created_at for each in kept] == [each.created_at for each in said[:3]]


class Turns(threading.Event):
    """Lets that many seconds pass at once, then says to stop."""

    def __init__(self, turns: int) -> None:
        """Take how many."""
        super().__init__()
        self.turns = turns

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for nothing."""
        del timeout
        self.turns -= 1
        return self.turns < 0


def test_a_bug_between_releases(store: Store, clock: ManualClock) -> None:
    """Whatever a policy of the folder breaks, the others are listened to again a second later."""
    asked: list[str] = []

    def lookouts() -> list[Lookout]:
        asked.append("what to listen to")
        if len(asked) == 1:
            raise ZeroDivisionError
        return []

    Standing(store, clock, lookouts).listen(Turns(3))
    assert len(asked) == 3


@on_both
def test_nobody_keeps_what_was_written(town: Town) -> None:
    """Neither texts nor names of authors are kept between releases, and what is kept can be forgotten."""
    listen(town, town.standing(), HOUR)
    kept, _ = town.store.heard(town.store.watches()[0].key, "http", DEPLOY - 24 * HOUR, town.clock.now())
    assert len(kept) == 144 + 5
    assert {each.text for each in kept} == {None}
    assert {each.author.partition("/")[0] for each in kept} == {"http"}
    assert set(town.store.known_ids("http")) == {each.id for each in kept}
    chosen = Chosen(ids=frozenset({kept[0].id}), authors=frozenset({kept[5].author}))
    found = town.store.choose(chosen)
    assert found[BETWEEN] >= 2
    assert dict(town.store.forget(chosen, "asked")) == found
    assert town.store.choose(chosen) == {}


def test_forgetting_nothing_writes_nothing(tmp_path: Path) -> None:
    """Where no watch is given up, nobody waits for a write; one that is given up is forgotten."""
    clock = ManualClock()
    with Store(str(tmp_path / "gate.db"), clock) as store:
        store.claim(StandingWatch("key", "acme", "acme.yml", HOUR, DEPLOY - 24 * HOUR, DEPLOY))
        with closing(sqlite3.connect(tmp_path / "gate.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")  # A write would wait for this one, and fail.
            store.retire(DEPLOY)
        assert len(store.watches()) == 1
        store.retire(DEPLOY + 99 * HOUR)
        assert store.watches() == []


def test_it_is_forgotten_by_itself(town: Town) -> None:
    """What is older than a baseline can be is deleted."""
    standing = town.standing()
    listen(town, standing, 60 * HOUR, 4 * HOUR)
    key = town.store.watches()[0].key
    kept, _ = town.store.heard(key, "http", DEPLOY - 240 * HOUR, town.clock.now())
    assert town.clock.now() - kept[0].created_at <= timedelta(days=2) + 4 * HOUR
    assert town.store.watches()[0].sources[0].since > DEPLOY


def test_a_worker_listens(town: Town, tmp_path: Path) -> None:
    """A worker that is given a folder of policies listens by itself, and stops at once when it is told to."""
    polled = threading.Event()

    def answer(_request: Recorded) -> Reply:
        polled.set()
        return Reply.of([])

    town.server.answer = answer
    url = str(tmp_path / "real.db")
    environment = {**os.environ, "GATE_POLICIES": str(town.folder), "GATE_STORE": url, "GATE_WORKER": "one"}
    with subprocess.Popen([sys.executable, "-m", "gate", "worker"], env=environment, stderr=subprocess.PIPE) as worker:
        assert polled.wait(60)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(60) == 0
    with Store(url, SystemClock()) as store:
        assert [watch.name for watch in store.watches()] == ["acme"]

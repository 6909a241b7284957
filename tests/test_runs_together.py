"""Whole runs on a real HTTP server: shared polls, budgets, outages, and not one read after the verdict."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from gate import wiring
from gate.model import Outcome, Request
from gate.policy import load_text
from gate.sharing import Pool
from gate.spending import Unrecorded
from gate.store import Store
from tests.servers.http_server import Recorded, Reply
from tests.servers.http_server import Server as HttpServer
from tests.servers.x_api import SEARCH, TOKEN, XApi
from tests.support import DEPLOY, ManualClock

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from gate.foreground import Record
    from gate.model import Verdict
    from gate.ports import Clock, Ledger
    from tests.servers.http_server import Server

MINUTE = timedelta(minutes=1)
POLICY = """\
version: 1
release: acme24
sources:
  - {{type: x, base_url: "{url}", probe: false, budget: {budget}}}
window: {{settle: 1m, length: 20m, every: 60s}}
baseline: {{length: 2h}}
rules: [{{type: threshold, metric: negative_share, max: 0.5, min_mentions: 10}}]
scorer: vader
minimum: {{mentions: 5, authors: 5}}
on: {{inconclusive: hold, error: hold}}
"""
RUNS = 20


class Silent:
    """Shows nothing."""

    def __getattr__(self, _name: str) -> Callable[..., None]:
        """Whatever there is to show."""
        return lambda *_: None


class Lockstep(ManualClock):
    """Time that moves on when all runs wait for it."""

    def __init__(self, runs: int) -> None:
        """Start at the deploy."""
        super().__init__()
        self._duration = timedelta(0)
        self._barrier = threading.Barrier(runs, action=self._move)

    def wait(self, duration: timedelta) -> None:
        """Block until all have come; they all wait for the same."""
        self._duration = duration
        self._barrier.wait(timeout=30)

    def _move(self) -> None:
        self.time += max(self._duration, timedelta(0))


def x_api(clock: Clock, *, bad_from: int = 60) -> XApi:
    """Write a calm hour and more before the deploy, then a post every 20 seconds, bad ones from a minute on."""
    api = XApi(clock.now)
    api.limits = {SEARCH: 10_000}
    for number in range(40):
        api.write(DEPLOY - 2 * number * MINUTE - MINUTE, "acme24 is fine")
    for number in range(80):
        bad = number >= 3 * bad_from
        api.write(DEPLOY + number * timedelta(seconds=20), "acme24 is terrible, awful" if bad else "acme24 is great")
    return api


def run(
    server: Server, clock: Clock, log: Store, *, budget: str = "{}", ledger: Ledger | None = None, pool: Pool | None = None
) -> Record:  # fmt: skip
    """Run the policy to its verdict."""
    policy = load_text(POLICY.format(url=server.url, budget=budget))
    release = wiring.release_of(policy, DEPLOY, clock.now())
    shared = wiring.Shared(ledger or log, pool)
    with wiring.open_run(
        policy,
        release,
        log=log,
        clock=clock,
        environ={"X_BEARER_TOKEN": TOKEN},
        hash_author=lambda _source, author: author,
        shared=shared,
    ) as ready:
        return ready.to_verdict(Silent())


def searches(server: Server) -> int:
    """Count the searches that arrived."""
    return sum(request.path == SEARCH for request in server.requests)


def test_twenty_runs_share_one_poll_a_look(tmp_path: Path) -> None:
    """Twenty runs in threads with one query: as many searches as one run alone makes, counted at the server."""
    alone, clock = ManualClock(), Lockstep(RUNS)
    with Store(str(tmp_path / "one.db"), alone) as log, x_api(alone).server() as server:
        single = run(server, alone, log)
        expected = searches(server)
    api, records, pool = x_api(clock), [], Pool()
    with Store(str(tmp_path / "many.db"), clock, patience=timedelta(seconds=30)) as log, api.server() as server:
        threads = [
            threading.Thread(target=lambda: records.append(run(server, clock, log, pool=pool))) for _ in range(RUNS)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert searches(server) == expected
    looks = len(single.looks)
    assert (looks, expected) == (20, looks + 2)  # The baseline, and the last half minute, which X shows late.
    assert len(records) == RUNS
    assert {(record.verdict.outcome, record.verdict.tally) for record in records} == {
        (single.verdict.outcome, single.verdict.tally)
    }
    paid = sum(each.cost.reads for record in records for each in (*record.baseline.coverage, *record.verdict.coverage))
    assert paid == api.sold == 100


def test_not_one_read_after_the_verdict(tmp_path: Path) -> None:
    """The release fails in mid-window: from then on the server hears nothing more, and what it sold is in the record."""
    clock = ManualClock()
    api = x_api(clock, bad_from=1)
    seen: list[int] = []
    with Store(str(tmp_path / "gate.db"), clock) as log, api.server() as server:

        def finish(run_id: str, verdict: Verdict) -> None:
            seen.append(len(server.requests))
            Store.finish(log, run_id, verdict)

        log.finish = finish  # type: ignore[method-assign]
        record = run(server, clock, log)
        assert len(server.requests) == seen[0]
        heard = (*record.baseline.coverage, *record.verdict.coverage)
        assert (record.verdict.outcome, len(record.looks) < 20) == (Outcome.FAIL, True)
        assert sum(each.cost.reads for each in heard) == api.sold
        assert log.spent("x ${X_BEARER_TOKEN}", DEPLOY.date()).reads == api.sold


@pytest.mark.parametrize(
    ("budget", "reason"),
    [
        ("{reads: 60}", "what is left of the budget of this run buys no page of X"),
        ("{usd: 0.30}", "what is left of the budget of this run buys no page of X"),
        ("{reads_per_day: 60}", "what is left of the budget of the day buys no page of X"),
        ("{reads: 40}", "the budget of this run is used up (40 of 40 reads)"),
        ("{reads_per_day: 40}", "the budget of the day is used up (40 of 40 reads, until 00:00 UTC)"),
        ("{usd_per_day: 0.20}", "the budget of the day is used up (US$ 0.20 of 0.20, until 00:00 UTC)"),
    ],
)
def test_a_spent_budget_is_not_calm(tmp_path: Path, budget: str, reason: str) -> None:
    """What cannot be read any more makes the source incomplete, with the reason; nothing is bought beyond it."""
    clock = ManualClock()
    api = x_api(clock)
    with Store(str(tmp_path / "gate.db"), clock) as log, api.server() as server:
        record = run(server, clock, log, budget=budget)
    assert record.verdict.outcome in {Outcome.INCONCLUSIVE, Outcome.ERROR}
    (heard,) = record.verdict.coverage
    assert (heard.complete, heard.permanent) == (False, True)
    assert reason in heard.reason
    assert api.sold <= 60


def test_the_budget_of_the_day_outlives_the_process(tmp_path: Path) -> None:
    """A second run, on the run log that the first one left, may spend what is left of the day; the next day is new."""
    clock = ManualClock()
    api = x_api(clock)
    sold = []
    for day in (0, 0, 1):
        clock.time = DEPLOY + timedelta(days=day, minutes=30)
        with Store(str(tmp_path / "gate.db"), clock) as log, api.server() as server:
            run(server, clock, log, budget="{reads_per_day: 110}")
        sold.append(api.sold)
    assert sold == [100, 110, 200 + 10]


def test_an_outage_is_caught_up(tmp_path: Path) -> None:
    """A server that is down for five looks and comes back: every post is counted once, in order, seen when it was back."""
    clock = ManualClock()
    api = x_api(clock)
    fell, rose = DEPLOY + 5 * MINUTE, DEPLOY + 10 * MINUTE
    api.before_answer = lambda _: Reply(503, b"down") if fell <= clock.now() < rose else None
    with Store(str(tmp_path / "gate.db"), clock) as log, api.server() as server:
        record = run(server, clock, log)
        reasons = [look.verdict.coverage[0].complete for look in record.looks]
        assert log.verify(record.run_id) == []
    kept = [scored for look in record.looks for scored in look.kept]
    assert [scored.created_at for scored in kept] == sorted(scored.created_at for scored in kept)
    assert len({scored.id for scored in kept}) == len(kept) == 60
    assert (reasons[2], reasons[6], reasons[-1]) == (True, False, True)
    missed = [scored.seen_at for scored in kept if fell <= scored.created_at < rose - MINUTE]
    assert missed
    assert min(each for each in missed if each) >= rose
    assert record.verdict.outcome is Outcome.PASS


def test_a_server_that_restarts_loses_and_doubles_nothing(tmp_path: Path) -> None:
    """The server is killed in mid-answer and another one takes its address: each post is counted once."""
    clock = ManualClock()
    api = x_api(clock)
    dead = {DEPLOY + 6 * MINUTE: "cut", DEPLOY + 7 * MINUTE: "cut"}

    def killed(_request: Recorded) -> Reply | None:
        if clock.now() not in dead:
            return None
        api._tokens.clear()  # noqa: SLF001 - what a server keeps in memory dies with it
        return Reply(200, b'{"data": [' + b" " * 1000, {"content-type": "application/json"}, how="cut")

    api.before_answer = killed
    with Store(str(tmp_path / "gate.db"), clock) as log, api.server() as server:
        record = run(server, clock, log, ledger=Unrecorded())
    ids = [scored.id for look in record.looks for scored in look.kept]
    assert len(ids) == len(set(ids)) == 60
    assert sum(record.verdict.coverage[0].dropped.values()) == 0


def test_different_queries_do_not_wait_for_each_other() -> None:
    """Twenty runs that share a pool and ask one host different things are all on their way at once."""
    all_asked = threading.Barrier(RUNS)

    def answer(_request: Recorded) -> Reply:
        all_asked.wait(timeout=30)
        return Reply.of([])

    def ask(number: int) -> None:
        source = (
            f'{{type: http, url: "{server.url}/posts", query: {{q: "{number}"}}, id: id, created_at: at, text: text}}'
        )
        policy = load_text(
            f"version: 1\nrelease: acme24\nsources: [{source}]\non: {{inconclusive: hold, error: hold}}\n"
        )
        with wiring.open_sources(policy, policy.sources, clock, {}, shared=shared) as (listener,):
            asked = Request(DEPLOY - MINUTE, DEPLOY, None, timedelta(seconds=60))
            heard.append(listener.source.fetch(asked).complete)

    clock, shared, heard = ManualClock(), wiring.Shared(Unrecorded(), Pool()), list[bool]()
    with HttpServer(answer=answer) as server:
        threads = [threading.Thread(target=ask, args=(number,)) for number in range(RUNS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert heard == [True] * RUNS

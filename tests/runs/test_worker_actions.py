"""Actions of durable runs, done by workers in processes of their own: killed amid one, and several at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from gate.clock import SystemClock
from gate.store import Store
from gate.wiring_service import open_service
from tests.receivers.github import GitHubSide
from tests.servers.http_server import Reply

pytest.importorskip("dbos")

from benchmarks._durable.orders import order
from benchmarks._durable.world import FastClock, Job
from tests.runs.test_worker import until_over, wait_for, working

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SPEED = 40.0
MINUTE = timedelta(minutes=1)
ASKS = """\
actions:
  any: [{{type: github-dispatch, workflow: rollback.yml, repository: acme/app, base_url: "{url}"}}]
"""


@pytest.fixture
def side(monkeypatch: pytest.MonkeyPatch) -> Iterator[GitHubSide]:
    """GitHub, and its token where workers look for it."""
    clock = SystemClock()
    made = GitHubSide(clock, {"actions": "write"}, "/dispatches", lambda hub: len(hub.repository.dispatched))
    monkeypatch.setenv("GITHUB_TOKEN", made.token)
    with made:
        yield made


def ordered(url: str, clock: FastClock, folder: Path, side: GitHubSide, count: int) -> list[str]:
    """Order runs whose windows are over."""
    with open_service(url, clock, {}) as counter:
        asked = [
            order(number, folder, clock.now() - 9 * MINUTE, window=3 * MINUTE, every=MINUTE, callback="", after=200)
            for number in range(count)
        ]
        # Of the operator's own folder: a caller's policy may not reach this machine.
        named = str(folder / "named.yml")
        return [
            counter.runs.start(replace(each, policy=each.policy + ASKS.format(url=side.url), path=named))
            for each in asked
        ]


def told(url: str, run_ids: list[str]) -> list[list[tuple[str, int]]]:
    """Return state and attempts of each action of each run."""
    with Store(url, SystemClock()) as store:
        assert [store.verify(each) for each in run_ids] == [[]] * len(run_ids)
        return [
            [(event.data["state"], event.data["attempts"]) for event in store.events(each) if event.kind == "action"]
            for each in run_ids
        ]


def test_killed_between_the_call_and_its_record(tmp_path: Path, side: GitHubSide) -> None:
    """A worker that is killed once GitHub has started the workflow, and before it heard of it, leaves no doubles behind."""
    clock = FastClock(SystemClock().now(), SPEED)
    url, log = str(tmp_path / "gate.db"), tmp_path / "log"
    side.trouble(Reply(how="hang"), done=True)
    run_ids = ordered(url, clock, tmp_path, side, 1)
    with working(Job(url, "one", clock), log=log) as processes:
        wait_for(side.done, 60, log)
        processes[0].kill()
    with working(Job(url, "one", clock), log=log):
        until_over(url, clock, run_ids, log)
    assert side.done() == 1
    (((state, attempts),),) = told(url, run_ids)
    assert (state, attempts > 1) == ("done", True)


def test_two_workers(postgresql_url: str, tmp_path: Path, side: GitHubSide) -> None:
    """However many workers there are, each run's workflow is started once, with an id of its own."""
    clock = FastClock(SystemClock().now(), SPEED)
    log = tmp_path / "log"
    run_ids = ordered(postgresql_url, clock, tmp_path, side, 3)
    with working(Job(postgresql_url, "one", clock), Job(postgresql_url, "two", clock), log=log):
        until_over(postgresql_url, clock, run_ids, log)
    keys = [each["inputs"]["gate-run-id"] for each in side.hub.repository.dispatched]
    assert sorted(key.partition(".")[0] for key in keys) == sorted(run_ids)
    # On a busy machine an answer may come too late, and the attempt after it finds what was done.
    assert [[state for state, _ in each] for each in told(postgresql_url, run_ids)] == [["done"]] * 3

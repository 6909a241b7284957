"""Runs of policies that callers sent reach public addresses only; those that the service holds reach what they name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gate.model import Outcome
from gate.runs import Order
from gate.runs.orders import INLINE
from gate.runs.watching import Watching
from gate.service.github import ordering
from gate.wiring_service import Opener, open_service
from tests.servers.http_server import Reply, Server
from tests.support import DEPLOY, ManualClock

if TYPE_CHECKING:
    from pathlib import Path

    from gate.store import Run

POLICY = """\
version: 1
release: Brimly
sources: [{{type: rss, url: "{url}/feed"}}]
window: {{settle: 5m, length: 10m, every: 5m}}
baseline: {{length: 1d}}
scorer: vader
on: {{inconclusive: hold, error: hold}}
"""
FEED = b"""<?xml version="1.0"?><rss version="2.0"><channel><title>t</title><link>http://a.example</link>
<description>d</description></channel></rss>"""


def watched(folder: Path, order: Order, *, private_addresses: bool = False) -> Run:
    """Order a run, watch it to its end as a worker does, and return it."""
    clock = ManualClock()
    with open_service(str(folder / "gate.db"), clock, {"HOME": str(folder)}) as counter:
        run_id = counter.runs.start(order)
        opener = Opener(clock, {}, counter.store, lambda _, author: author, private_addresses=private_addresses)
        watching = Watching(counter.store, clock, opener)
        while next_at := watching.look(run_id):
            clock.time = max(clock.time, next_at)
        watching.close()
        return counter.store.run(run_id)


@pytest.mark.parametrize("more", [{}, {"path": INLINE}, {"path": ordering.PATH}, {"path": "policies/named.yml"}])
def test_a_policy_of_a_caller(tmp_path: Path, more: dict[str, str]) -> None:
    """Ordered over HTTP, by a commit or by whatever trick, it hears nothing of a private address, and its run says why."""
    with Server(Reply(200, FEED)) as server:
        order = Order(POLICY.format(url=server.url), DEPLOY, **more)  # type: ignore[arg-type]
        run = watched(tmp_path, order)
    assert run.outcome is Outcome.ERROR
    assert "no public address" in run.reason
    assert server.requests == []


def test_where_the_operator_allows_it(tmp_path: Path) -> None:
    """The same policy is heard where the settings say so."""
    with Server(Reply(200, FEED)) as server:
        run = watched(tmp_path, Order(POLICY.format(url=server.url), DEPLOY), private_addresses=True)
    assert run.outcome is Outcome.INCONCLUSIVE
    assert server.requests


def test_a_policy_of_the_service(tmp_path: Path) -> None:
    """A policy that the service holds may listen to its neighbours."""
    with Server(Reply(200, FEED)) as server:
        run = watched(tmp_path, Order(POLICY.format(url=server.url), DEPLOY, path=str(tmp_path / "named.yml")))
    assert run.outcome is Outcome.INCONCLUSIVE
    assert server.requests

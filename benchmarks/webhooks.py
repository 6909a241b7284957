"""How long GitHub waits for its 2xx, and what a thousand redeliveries make.

A real ``gate serve`` on SQLite, on this machine, with a look-alike of GitHub. Signed events of deployments that wait,
each another one, from several connections at once, each timed from its first byte out to the last byte of the answer
(99 in 100 under 100 ms); the worker takes them up meanwhile. Then one event a thousand times from all connections at
once: it must make one run, and one answer.

    python -m benchmarks.webhooks
    python -m benchmarks.webhooks --events 2000 --connections 8
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import requests

from tests.servers.github import GitHub
from tests.service.github.real import Real, real_service
from tests.service.running import wait_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.servers.github_webhooks import Webhook

MILLISECONDS = 100.0
REDELIVERIES = 1000


def main() -> int:
    """Measure, print, and return 0 if all marks were kept."""
    options = read_options()
    with tempfile.TemporaryDirectory() as folder, GitHub() as hub, real_service(Path(folder), hub) as real:
        held = [hub.hold(run=number, environment="quiet") for number in range(1, options.events + 1)]
        webhooks = [real.webhook(each) for each in held]
        kept = told("another one each", send(real, webhooks, options.connections))
        waiting = hub.hold(run=0, environment="bad")
        kept &= told(
            "the same again and again", send(real, [real.webhook(waiting)] * REDELIVERIES, options.connections)
        )
        wait_for(lambda: waiting.reviews, real.service.log, 600)
        found = real.service.get("/v1/runs", params={"label": "github_run=0"}).json()["runs"]
        print(f"{REDELIVERIES} redeliveries made {len(found)} run and {len(waiting.reviews)} answer: {waiting.state}")
        return int(not (kept and len(found) == len(waiting.reviews) == 1))


def read_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--events", type=int, default=500)
    parser.add_argument("--connections", type=int, default=4)
    return parser.parse_args()


def send(real: Real, webhooks: Sequence[Webhook], connections: int) -> list[float]:
    """Deliver them all, and return how long each took, in milliseconds."""
    # Put together before, as GitHub does: only its wait is measured.
    ready = [(each.body, each.headers) for each in webhooks]
    url = f"{real.service.url}/webhooks/github"

    def some(start: int) -> list[float]:
        took = []
        with requests.Session() as session:
            for body, headers in ready[start::connections]:
                began = time.perf_counter()
                reply = session.post(url, data=body, headers=headers, timeout=30)
                took.append((time.perf_counter() - began) * 1000)
                reply.raise_for_status()
        return took

    with ThreadPoolExecutor(connections) as pool:
        return [each for took in pool.map(some, range(connections)) for each in took]


def told(what: str, took: Sequence[float]) -> bool:
    """Print how long they took, and say whether the mark was kept."""
    cuts = statistics.quantiles(took, n=100)
    print(
        f"{len(took)} events, {what}: median {cuts[49]:.1f} ms, 99 % under {cuts[98]:.1f} ms, at most {max(took):.1f} ms"
    )
    return cuts[98] < MILLISECONDS


if __name__ == "__main__":
    sys.exit(main())

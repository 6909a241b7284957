"""How long GitHub waits for its 2xx, and what a thousand redeliveries make.

A real ``gate serve`` on SQLite, on this machine, with a look-alike of GitHub. Signed events of deployments that wait,
each another one, so many a second; each is timed from the moment it was to be sent, so that one that is late makes those
behind it late, to the last byte of the answer (99 in 100 under 100 ms). The worker takes them up meanwhile: it orders a run
for each, hears the baseline and comments. Then one event a thousand times, from several connections as fast as they can: it
must make one run, and one answer.

    python -m benchmarks.webhooks
    python -m benchmarks.webhooks --events 600 --rate 10
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import requests

from gate.clock import SystemClock
from tests.servers.github import GitHub
from tests.service.github.real import real_service
from tests.service.running import wait_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.servers.github_webhooks import Webhook

MILLISECONDS = 100.0
REDELIVERIES = 1000
TURN = 0.0005
"""Seconds: GitHub's look-alike computes in this process, too, and who is timed must not wait behind it for ten times that."""
CONNECTIONS = 4


def main() -> int:
    """Measure, print, and return 0 if all marks were kept."""
    options = read_options()
    sys.setswitchinterval(TURN)
    with tempfile.TemporaryDirectory() as folder, GitHub() as hub, real_service(Path(folder), hub) as real:
        url = f"{real.service.url}/webhooks/github"
        held = [hub.hold(run=number, environment="quiet") for number in range(1, options.events + 1)]
        load = os.getloadavg()[0]
        took = send(url, [hub.webhook(each) for each in held], options.rate)
        cuts = statistics.quantiles(took, n=100)
        print(f"{len(took)} events at {options.rate:g} a second: median {cuts[49]:.1f} ms, 99 % under {cuts[98]:.1f} ms, "
              f"at most {max(took):.1f} ms (load {load:.1f} before, on {os.cpu_count()} processors)")  # fmt: skip
        waiting = hub.hold(run=0, environment="bad")
        began = time.perf_counter()
        send(url, [real.webhook(waiting)] * REDELIVERIES, 0)
        rate = REDELIVERIES / (time.perf_counter() - began)
        wait_for(lambda: waiting.reviews, real.service.log, 600)
        found = real.service.get("/v1/runs", params={"label": "github_run=0"}).json()["runs"]
        print(f"{REDELIVERIES} redeliveries at {rate:.0f} a second made {len(found)} run and {len(waiting.reviews)} answer: "
              f"{waiting.state}")  # fmt: skip
        return int(not (cuts[98] < MILLISECONDS and len(found) == len(waiting.reviews) == 1))


def read_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--events", type=int, default=300)
    parser.add_argument(
        "--rate", type=float, default=2.0, help="events a second; the default is 7,200 deployments an hour"
    )
    return parser.parse_args()


def send(url: str, webhooks: Sequence[Webhook], rate: float) -> list[float]:
    """Deliver them all, so many a second or (0) as fast as can be; returns how long each took, in milliseconds."""
    # Put together before, as GitHub does: only its wait is measured.
    ready = [(each.body, each.headers) for each in webhooks]
    clock, start = SystemClock(), time.perf_counter()

    def some(first: int) -> list[float]:
        took = []
        with requests.Session() as session:
            for number in range(first, len(ready), CONNECTIONS):
                due = start + number / rate if rate else time.perf_counter()
                clock.wait(timedelta(seconds=max(0.0, due - time.perf_counter())))
                body, headers = ready[number]
                session.post(url, data=body, headers=headers, timeout=30).raise_for_status()
                took.append((time.perf_counter() - due) * 1000)
        return took

    with ThreadPoolExecutor(CONNECTIONS) as pool:
        return [each for took in pool.map(some, range(CONNECTIONS)) for each in took]


if __name__ == "__main__":
    sys.exit(main())

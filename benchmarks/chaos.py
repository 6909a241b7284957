"""Durable runs under ``kill -9``: nothing is lost, nothing is said twice, nothing comes out differently.

The same orders go to two run logs. One worker is left alone; the other one is killed at random moments and started
again. Then every run is over on both sides, each verdict is the same as its twin's, every look was recorded once, every
chain verifies, and the receiver of callbacks, which refuses one in ten, has each delivery, always with the same body.

    python -m benchmarks.chaos                                      200 runs, 50 kills, SQLite
    python -m benchmarks.chaos --postgresql                         the same on a server of its own
    python -m benchmarks.chaos --runs 10 --kills 5 --speed 60 --window 1200
"""

from __future__ import annotations

import argparse
import random
import signal
import sys
import tempfile
from collections import Counter
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks._durable.orders import order
from benchmarks._durable.world import FastClock, Job, receiving
from gate.clock import SystemClock
from gate.store import State, Store
from gate.wiring_service import open_service
from tests.servers.postgresql import postgresql

if TYPE_CHECKING:
    from benchmarks._durable.world import Receiver
    from gate.store import Event, Run

EVERY = timedelta(seconds=60)
AFTER = 150
"""Mentions in the window."""
LONGEST = timedelta(minutes=30)
"""Of the whole measurement, whatever happens."""


def main() -> int:
    """Measure, print, and return 0 if nothing went wrong."""
    options = read_options()
    with ExitStack() as stack:
        folder, receiver = Path(stack.enter_context(tempfile.TemporaryDirectory())), stack.enter_context(receiving())
        killed = str(folder / "killed.db")
        if options.postgresql:
            killed = stack.enter_context(postgresql()).new_database()
        stores = {"left alone": str(folder / "alone.db"), "killed": killed}
        clock = FastClock(SystemClock().now(), options.speed)
        jobs = {side: Job(url, side, clock, receiver.address) for side, url in stores.items()}
        placed = place(options, folder, stores, clock, receiver)
        kills = torment(options, jobs, stores, folder)
        wrong = judge(stores, placed, receiver)
        kind = "PostgreSQL" if options.postgresql else "SQLite"
        print(f"{options.runs} runs, {kills} kills, {kind}: {'all well' if not wrong else f'{len(wrong)} wrong'}")
        for each in wrong[:20]:
            print(f"  {each}")
        if wrong:
            print((folder / "killed.log").read_text(encoding="utf-8")[-4000:])
    return int(bool(wrong))


def read_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--postgresql", action="store_true", help="instead of SQLite; the server must be installed")
    parser.add_argument("--speed", type=float, default=12.0, help="of the clock")
    parser.add_argument("--window", type=float, default=2700, help="seconds, on that clock")
    parser.add_argument("--pause", type=float, default=8.0, help="most seconds between two kills, on the real clock")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def place(
    options: argparse.Namespace, folder: Path, stores: dict[str, str], clock: FastClock, receiver: Receiver
) -> dict[str, list[str]]:
    """Order the same runs on both sides; returns their ids."""
    window, deployed_at = timedelta(seconds=options.window), clock.now()
    orders = [
        order(
            number, folder, deployed_at, window=window, every=EVERY, callback=f"http://{receiver.address}/", after=AFTER
        )
        for number in range(options.runs)
    ]
    placed = {}
    for side, url in stores.items():
        with open_service(url, clock, {}) as counter:
            placed[side] = [counter.runs.start(each) for each in orders]
    return placed


def torment(options: argparse.Namespace, jobs: dict[str, Job], stores: dict[str, str], folder: Path) -> int:
    """Let both workers work, and kill one of them again and again; returns how often while runs were under way."""
    dice, clock = random.Random(options.seed), SystemClock()
    began, kills = clock.now(), 0
    alone = jobs["left alone"].start(folder / "alone.log")
    worker = jobs["killed"].start(folder / "killed.log")
    try:
        while (left := [open_runs(url, clock) for url in stores.values()]) != [0, 0]:
            if clock.now() > began + LONGEST:
                print(f"given up with {left} runs open")
                break
            clock.wait(timedelta(seconds=dice.uniform(0, options.pause)))
            if kills < options.kills and open_runs(stores["killed"], clock):
                worker.kill()
                worker.wait()
                kills += 1
                worker = jobs["killed"].start(folder / "killed.log")
    finally:
        for process in (alone, worker):
            process.send_signal(signal.SIGTERM)
            process.wait(60)
    print(f"took {(clock.now() - began).total_seconds():.0f} s")
    return kills


def open_runs(url: str, clock: SystemClock) -> int:
    """Return how many runs are not done with."""
    with Store(url, clock, patience=timedelta(seconds=30)) as store:
        return len(store.open_orders())


def judge(stores: dict[str, str], placed: dict[str, list[str]], receiver: Receiver) -> list[str]:
    """Return what is not as it should be."""
    wrong, ended = [], Counter[str]()
    found: dict[str, list[tuple[object, ...]]] = {}
    for side, url in stores.items():
        with Store(url, SystemClock()) as store:
            found[side] = []
            for run_id in placed[side]:
                run = store.run(run_id)
                found[side].append(said(run, store))
                wrong += [f"{side}, {run_id}: {each}" for each in faults(run, store, receiver)]
                ended[f"{side}: {run.outcome}"] += 1
    for number, (one, other) in enumerate(zip(*found.values(), strict=True)):
        if one != other:
            wrong.append(f"run {number} came out differently: {one} and {other}")
    print(", ".join(f"{what} {count}" for what, count in sorted(ended.items())))
    sent = [len(bodies) for bodies in receiver.bodies.values()]
    print(f"{len(sent)} deliveries, {sum(sent)} attempts")
    return wrong


def said(run: Run, store: Store) -> tuple[object, ...]:
    """Return the verdict of a run, as far as it may not depend on when the worker was there."""
    verdict = store.verdict(run.id)
    if verdict is None:
        return (run.state,)
    return (run.outcome, run.decision, run.code, run.reason, verdict.odds, verdict.tally, verdict.decided_at)


def faults(run: Run, store: Store, receiver: Receiver) -> list[str]:
    """Return what is wrong with one run."""
    wrong = [str(each) for each in store.verify(run.id)]
    if run.state is not State.DONE:
        wrong.append(f"it is {run.state}: {run.reason}")
    if (numbers := looks_of(store.events(run.id))) != list(range(len(numbers))):
        wrong.append(f"looks are not there once each: {numbers}")
    if [each.state for each in store.deliveries(run.id)] != ["delivered"]:
        wrong.append("the callback is not marked as delivered")
    name = f"{run.id}.1"
    if name not in receiver.taken:
        wrong.append("the callback was not received")
    if len(set(receiver.bodies[name])) > 1:
        wrong.append("callbacks conflict")
    return wrong


def looks_of(events: list[Event]) -> list[int]:
    """Return the numbers of the looks, in the order they were recorded; 0 is the baseline."""
    return [int(event.data["number"]) for event in events if event.kind in {"baseline", "look"}]


if __name__ == "__main__":
    sys.exit(main())

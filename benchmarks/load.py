"""One worker and many runs: how late looks are, and what the worker takes.

Runs that look once a minute, their deploys spread over the minute, each with a source and a run of its own. Once all
are under way, looks are counted for a while: how long after it was due each one was recorded (99 in 100 within a
second), how much of a processor the worker took (less than half of one), and how much memory (less than 300 MB).

    python -m benchmarks.load                            1,000 runs for 5 minutes
    python -m benchmarks.load --runs 100 --minutes 2
    python -m benchmarks.load --workers 2 --postgresql   shared by two workers; no look is made twice
"""

from __future__ import annotations

import argparse
import os
import signal
import statistics
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import create_engine, select

from benchmarks._durable.orders import order
from benchmarks._durable.world import FastClock, Job
from gate.canonical import rfc3339
from gate.clock import SystemClock
from gate.store import Store
from gate.store.database import parse_url
from gate.store.tables import orders
from gate.wiring_service import open_service
from tests.servers.postgresql import postgresql

if TYPE_CHECKING:
    import subprocess

    from gate.store import Event

EVERY = timedelta(seconds=60)
LATE_SECONDS, PROCESSORS, MEGABYTES = 1.0, 0.5, 300
WARM_UP = timedelta(minutes=10)
"""So long the worker has to hear every baseline and to catch up with the looks that were due meanwhile."""


def main() -> int:
    """Measure, print, and return 0 if all marks were kept."""
    options = read_options()
    clock = SystemClock()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = stack.enter_context(postgresql()).new_database() if options.postgresql else str(folder / "gate.db")
        runs = place(options, url, folder, clock)
        jobs = [Job(url, f"worker-{number}", FastClock(clock.now(), 1.0)) for number in range(options.workers)]
        workers = [job.start(folder / "worker.log") for job in jobs]
        try:
            warm_up(url, clock)
            began, before = clock.now(), [taken(worker) for worker in workers]
            clock.wait(timedelta(minutes=options.minutes))
            ended, after = clock.now(), [taken(worker) for worker in workers]
        finally:
            for worker in workers:
                worker.send_signal(signal.SIGTERM)
            codes = [worker.wait(60) for worker in workers]
        with Store(url, clock) as store:
            events = {run_id: store.events(run_id) for run_id in runs}
    seconds = (ended - began).total_seconds()
    pairs = list(zip(before, after, strict=True))
    used = [(last.processor - first.processor) / seconds for first, last in pairs]
    waited = [(last.waited - first.waited) / seconds for first, last in pairs]
    return tell(options, Found(events, began, ended, used, waited, [each.megabytes for each in after], codes))


@dataclass(frozen=True, slots=True)
class Taken:
    """What a process has taken so far."""

    processor: float
    """Seconds."""
    megabytes: float
    """At most."""
    waited: float
    """Seconds in which a thread could have gone on and had no processor: the machine's doing, not the worker's."""


@dataclass(frozen=True, slots=True)
class Found:
    """What was measured."""

    events: dict[str, list[Event]]
    began: datetime
    ended: datetime
    processors: list[float]
    waited: list[float]
    megabytes: list[float]
    codes: list[int]


def read_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--postgresql", action="store_true", help="instead of SQLite; the server must be installed")
    return parser.parse_args()


def place(options: argparse.Namespace, url: str, folder: Path, clock: SystemClock) -> list[str]:
    """Order runs whose windows outlast the measurement."""
    now, window = clock.now(), timedelta(minutes=options.minutes + 60)
    with open_service(url, clock, {}) as counter:
        runs = []
        for number in range(options.runs):
            deployed_at = now - EVERY * number / options.runs
            asked = order(number, folder, deployed_at, window=window, every=EVERY, callback="", after=20)
            runs.append(counter.runs.start(asked))
        print(f"ordered {len(runs)} runs in {(clock.now() - now).total_seconds():.1f} s")
        return runs


def warm_up(url: str, clock: SystemClock) -> None:
    """Wait until every run has looked twice, and none is behind."""
    began = clock.now()
    engine = create_engine(parse_url(url))
    while clock.now() < began + WARM_UP:
        clock.wait(timedelta(seconds=5))
        with engine.connect() as connection:
            rows = connection.execute(select(orders.c.looks, orders.c.next_at)).all()
        behind = rfc3339(clock.now() - timedelta(seconds=2))
        if all(row.looks > 2 and row.next_at > behind for row in rows):  # noqa: PLR2004 - the baseline and two looks
            break
    engine.dispose()
    print(f"warm after {(clock.now() - began).total_seconds():.0f} s")


def taken(process: subprocess.Popen[bytes]) -> Taken:
    """Read what a process has taken, from Linux's /proc."""
    times = Path(f"/proc/{process.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    status = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8")
    peak = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    ticks = (int(times[11]) + int(times[12])) / os.sysconf("SC_CLK_TCK")
    delays = [int(each.read_text().split()[1]) for each in Path(f"/proc/{process.pid}/task").glob("*/schedstat")]
    return Taken(ticks, int(peak.split()[1]) / 1024, sum(delays) / 1e9)


def tell(options: argparse.Namespace, found: Found) -> int:
    """Print what was measured, and return 0 if all marks were kept."""
    late, doubled = [], 0
    for events in found.events.values():
        looks = [event for event in events if event.kind == "look"]
        doubled += len(looks) - len({event.data["number"] for event in looks})
        late += [
            (event.at - datetime.fromisoformat(event.data["at"])).total_seconds()
            for event in looks
            if found.began <= event.at < found.ended
        ]
    expected = options.runs * options.minutes
    if len(late) < max(2, expected * 0.9):
        print(f"only {len(late)} of {expected:.0f} looks were made")
        return 1
    cuts = statistics.quantiles(late, n=100)
    print(f"{len(late)} looks by {options.workers} workers; late: median {cuts[49]:.3f} s, 99 % under {cuts[98]:.3f} s, "
          f"at most {max(late):.3f} s; {doubled} made twice")  # fmt: skip
    for used, waited, megabytes in zip(found.processors, found.waited, found.megabytes, strict=True):
        print(f"a worker took {used:.3f} processors, waited for {waited:.3f} more, and took at most {megabytes:.0f} MB")
    print(f"load of the machine {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    kept = cuts[98] < LATE_SECONDS and max(found.processors) < PROCESSORS and max(found.megabytes) < MEGABYTES
    return int(not (kept and doubled == 0 and found.codes == [0] * options.workers))


if __name__ == "__main__":
    sys.exit(main())

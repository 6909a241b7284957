"""A fast clock, a receiver of callbacks, and workers in processes of their own."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
from collections import defaultdict
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

from gate.cli.logs import set_up
from gate.clock import SystemClock, cancellable
from gate.errors import Cancelled
from gate.runs.durable import Settings
from gate.runs.system import system_url
from gate.wiring_service import open_worker

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import timedelta

ROOT = Path(__file__).parents[2]


class FastClock:
    """Runs ``speed`` times as fast as the machine's clock, and says the same in every process that is told the same."""

    def __init__(self, origin: datetime, speed: float) -> None:
        """Stand at the machine's time at ``origin``."""
        self._clock = SystemClock()
        self.origin = origin
        self.speed = speed

    def now(self) -> datetime:
        """Return the fast time."""
        return self.origin + (self._clock.now() - self.origin) * self.speed

    def wait(self, duration: timedelta) -> None:
        """Block for that fast time."""
        self._clock.wait(duration / self.speed)


@dataclass
class Receiver:
    """Takes callbacks, sometimes only at the second try, and remembers every one."""

    address: str
    bodies: defaultdict[str, list[bytes]] = field(default_factory=lambda: defaultdict(list))
    """By delivery id, those refused included."""
    taken: set[str] = field(default_factory=set)


@contextmanager
def receiving(refusals: float = 0.1) -> Iterator[Receiver]:
    """Run a receiver on 127.0.0.1 that refuses a part of what it is sent."""
    dice, lock = random.Random(1), threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            name = self.headers["webhook-id"]
            with lock:
                receiver.bodies[name].append(body)
                refused = dice.random() < refusals
                if not refused:
                    receiver.taken.add(name)
            self.send_response(500 if refused else 204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    receiver = Receiver(f"127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass(frozen=True, slots=True)
class Job:
    """What a worker's process is told."""

    store: str
    name: str
    clock: FastClock
    allowed: str = ""
    """Host and port that callbacks may go to."""

    def start(self, log: Path) -> subprocess.Popen[bytes]:
        """Start the process."""
        clock = [self.clock.origin.isoformat(), str(self.clock.speed)]
        arguments = [self.store, self.name, *clock, self.allowed]
        code = "import sys; from benchmarks._durable.world import work; work(*sys.argv[1:])"
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        with log.open("ab") as file:
            return subprocess.Popen([sys.executable, "-c", code, *arguments], env=environment, stderr=file, cwd=ROOT)


def work(store: str, name: str, origin: str, speed: str, allowed: str) -> None:
    """Be a worker until told to stop: ``gate worker`` with another clock."""
    set_up(json_logs=True)
    clock = FastClock(datetime.fromisoformat(origin), float(speed))
    settings = Settings(system_url(store), name, speed=float(speed))
    with open_worker(settings, store, clock, os.environ, allowed=[f"http://{allowed}"] if allowed else []) as worker:
        try:
            with cancellable():
                worker.launch()
                threading.Event().wait()
        except Cancelled:
            worker.shutdown()

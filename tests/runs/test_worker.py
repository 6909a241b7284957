"""Workers in processes of their own: killed, stopped, and several on one PostgreSQL."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gate.clock import SystemClock
from gate.errors import SourceDown
from gate.runs import Callback
from gate.runs.system import config, system_url
from gate.store import State, Store
from gate.wiring_service import open_service
from tests.looks import look
from tests.servers.running import free_port
from tests.support import ManualClock, release, scored

pytest.importorskip("dbos")

from benchmarks._durable.orders import order
from benchmarks._durable.world import FastClock, Job, receiving
from gate.runs.durable import Settings, Worker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gate.runs import Order
    from tests.runs.world import World

ROOT = Path(__file__).parents[2]
SPEED = 60.0
MINUTE = timedelta(minutes=1)
"""A second on the fast clock."""


def order_runs(url: str, clock: FastClock, folder: Path, count: int, callback: str = "") -> list[str]:
    """Order runs of ten fast minutes."""
    with open_service(url, clock, {}) as counter:
        return [counter.runs.start(each) for each in orders(clock, folder, count, callback)]


def orders(clock: FastClock, folder: Path, count: int, callback: str) -> Iterator[Order]:
    """Say what to order."""
    now = clock.now()
    for number in range(count):
        yield order(number, folder, now, window=10 * MINUTE, every=MINUTE, callback=callback, after=100)


@contextmanager
def working(*jobs: Job, log: Path) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Run workers; they are told to stop in the end, and must have stopped well."""
    processes = [job.start(log) for job in jobs]
    try:
        yield processes
    finally:
        for process in processes:
            process.send_signal(signal.SIGTERM)
        codes = [process.wait(60) for process in processes]
    assert set(codes) <= {0, -signal.SIGKILL}, log.read_text()


def until_over(url: str, clock: FastClock, run_ids: list[str], log: Path) -> None:
    """Wait until every run is done with."""
    with Store(url, clock, patience=timedelta(seconds=30)) as store:
        wait_for(lambda: not store.open_orders(), 120, log)
        assert [store.run(run_id).state for run_id in run_ids] == [State.DONE] * len(run_ids), log.read_text()


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_killed_again_and_again(kind: str) -> None:
    """Runs of a worker that is killed at random moments lose nothing and end as their undisturbed twins."""
    size = ["--runs", "6", "--kills", "3", "--speed", "60", "--window", "900", "--pause", "4"]
    software = ["--postgresql"] if kind == "postgresql" else []
    command = [sys.executable, "-m", "benchmarks.chaos", *size, *software]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "6 runs, 3 kills" in done.stdout
    assert "all well" in done.stdout


def test_two_workers_on_one_database(postgresql_url: str, tmp_path: Path) -> None:
    """Two workers share the runs; each look is made once, and each caller is told once."""
    clock = FastClock(SystemClock().now(), SPEED)
    with receiving(refusals=0) as receiver:
        jobs = [Job(postgresql_url, name, clock, receiver.address) for name in ("one", "two")]
        logs = tmp_path / "log"
        run_ids = order_runs(postgresql_url, clock, tmp_path, 8, f"http://{receiver.address}/")
        with working(*jobs, log=logs):
            until_over(postgresql_url, clock, run_ids, logs)
        assert {name: len(bodies) for name, bodies in receiver.bodies.items()} == {f"{each}.1": 1 for each in run_ids}
    with Store(postgresql_url, clock) as store:
        for run_id in run_ids:
            numbers = [each.data["number"] for each in store.events(run_id) if each.kind in {"baseline", "look"}]
            assert numbers == list(range(len(numbers)))
            assert store.verify(run_id) == []


def test_a_worker_that_is_gone(postgresql_url: str, tmp_path: Path) -> None:
    """The runs of a worker that never comes back are taken over by another one."""
    clock = FastClock(SystemClock().now(), SPEED)
    log = tmp_path / "log"
    run_ids = order_runs(postgresql_url, clock, tmp_path, 2)
    with (
        Store(postgresql_url, clock) as store,
        working(Job(postgresql_url, "one", clock), log=log) as first,
    ):
        wait_for(lambda: all(store.assignment(each).looks > 1 for each in run_ids), 60, log)
        first[0].kill()
    with working(Job(postgresql_url, "two", clock), log=log):
        until_over(postgresql_url, clock, run_ids, log)
    assert "taking over 2 runs" in log.read_text()


def test_a_lost_database_of_workflows(tmp_path: Path) -> None:
    """The run log alone is enough to go on: a backup of it needs nothing beside it."""
    clock = FastClock(SystemClock().now(), SPEED)
    url, log = str(tmp_path / "gate.db"), tmp_path / "log"
    run_ids = order_runs(url, clock, tmp_path, 2)
    with Store(url, clock) as store, working(Job(url, "one", clock), log=log):
        wait_for(lambda: all(store.assignment(each).looks > 1 for each in run_ids), 60, log)
    for file in tmp_path.glob("gate.db-workflows*"):
        file.unlink()
    with working(Job(url, "one", clock), log=log):
        until_over(url, clock, run_ids, log)


def test_an_override_is_noticed_at_once(tmp_path: Path) -> None:
    """A run that is rejected while its worker waits for the next look ends then and there, and its caller is told."""
    clock = SystemClock()
    url, log = str(tmp_path / "gate.db"), tmp_path / "log"
    with receiving(refusals=0) as receiver, open_service(url, clock, {}) as counter:
        callback = Callback(f"http://{receiver.address}/", updates=True)
        day = timedelta(days=1)
        asked = order(0, tmp_path, clock.now(), window=day, every=day / 24, callback="", after=9)
        run_id = counter.runs.start(type(asked)(asked.policy, asked.deployed_at, callback=callback, by="ci"))
        with working(Job(url, "one", FastClock(clock.now(), 1.0), receiver.address), log=log):
            wait_for(lambda: counter.store.assignment(run_id).looks == 1, 60, log)
            counter.runs.reject(run_id, "Ada", "broken login")
            wait_for(lambda: f"{run_id}.1" in receiver.taken, 30, log)
            wait_for(lambda: not counter.store.open_orders(), 30, log)
            counter.runs.approve(run_id, "Bob", "it was mine")
            wait_for(lambda: f"{run_id}.2" in receiver.taken, 30, log)
        said = [json.loads(receiver.bodies[f"{run_id}.{version}"][0])["decision"] for version in (1, 2)]
    assert said == ["halt", "promote"]


def test_a_bell_is_heard_once(world: World) -> None:
    """Who overrides a verdict whose message still waits has the worker look up once, and not every second from then on."""
    run_id = world.order()
    world.store.answered(world.store.calls()[0])
    world.watch(run_id)
    world.receiver.faults = [SourceDown("no answer")] * 9
    worker = Worker(Settings("", "one"), world.store, world.clock, world.watching, world.delivering)
    assert worker.tell(run_id) is not None
    world.runs.approve(run_id, "Ada", "known outage")
    assert [call.what for call in world.store.calls()] == ["wake"]
    assert worker.tell(run_id) is not None
    assert world.store.calls() == []
    assert len(world.receiver.got) == 2, "what a person decided is said at once"
    assert worker.tell(run_id) is not None
    assert len(world.receiver.got) == 2, "it is not time for the next attempt yet"


def test_the_memory_of_workflows_is_private(tmp_path: Path) -> None:
    """The file in which workflows are remembered is closed to other users, like the run log beside it."""
    engine = config(system_url(str(tmp_path / "gate.db")), "one")["system_database_engine"]
    assert engine is not None
    with engine.connect():
        assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


def test_the_service(tmp_path: Path) -> None:
    """One command runs the web server and a worker; it stops both when told to, and a killed one leaves no worker."""
    port, log = free_port(), tmp_path / "log"
    store = str(tmp_path / "gate.db")
    command = [
        sys.executable,
        "-m",
        "gate",
        "serve",
        "--listen",
        f"127.0.0.1:{port}",
        "--store",
        store,
        "--log",
        "json",
    ]
    for ending in (signal.SIGTERM, signal.SIGKILL):
        log.unlink(missing_ok=True)
        with log.open("wb") as file:
            environment = {**os.environ, "PYTHONPATH": str(ROOT)}
            service = subprocess.Popen(command, env=environment, stderr=file, cwd=tmp_path)
        wait_for(lambda: answers(port) and "is at work" in log.read_text(), 60, log)
        service.send_signal(ending)
        assert service.wait(60) == (0 if ending is signal.SIGTERM else -9), log.read_text()
        wait_for(lambda: "has stopped" in log.read_text(), 60, log)
    assert all("time" in json.loads(line) for line in log.read_text().splitlines() if line.startswith("{"))


def test_old_texts_are_forgotten_unasked(tmp_path: Path) -> None:
    """A worker forgets what people wrote when its time is over, whoever recorded it; what is newer stays."""
    url, log = str(tmp_path / "gate.db"), tmp_path / "log"
    clock = ManualClock(SystemClock().now() - timedelta(days=31))
    with Store(url, clock) as store:
        run_id = store.start_run(release(), {})
        store.append_look(run_id, look(1, kept=(scored(1, 0.9, text="old"),)))
        clock.time += timedelta(days=2)
        store.append_look(run_id, look(2, kept=(scored(2, 0.9, text="new"),)))
        with working(Job(url, "one", FastClock(SystemClock().now(), 1.0)), log=log):
            wait_for(lambda: [each.text for each in store.said(run_id)] == [None, "new"], 60, log)


def wait_for(done: Callable[[], object], seconds: float, log: Path) -> None:
    """Look again and again whether it is done; whoever waits in vain is shown the log."""
    clock = SystemClock()
    ends = clock.now() + timedelta(seconds=seconds)
    while not done():
        assert clock.now() < ends, log.read_text()
        clock.wait(timedelta(milliseconds=200))


def answers(port: int) -> bool:
    """Say whether the web server is well."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5) as reply:
            return bool(reply.status == 200)
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False

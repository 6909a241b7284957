"""The worker's side of durable runs: workflows on DBOS, on SQLite or shared by many workers on PostgreSQL.

Which runs there are, and how they stand, the run log alone says. DBOS remembers how far each workflow has come, on
which worker, and gives it to another one. Its database can be lost: workers take up whatever the run log has open.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from dbos import DBOS, SetWorkflowID

from gate.canonical import rfc3339
from gate.errors import Cancelled, StoreFault
from gate.http import stopping
from gate.runs.lanes import LANES
from gate.runs.rounds import thread_of
from gate.runs.silence import Silence
from gate.runs.system import config, share_interpreter, statuses
from gate.runs.workflow import watch_release

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from gate.ports import Clock
    from gate.runs.delivering import Delivering
    from gate.runs.rounds import Round
    from gate.runs.watching import Watching
    from gate.store import Call, Store

QUEUE = "runs"
LOOKS_AT_ONCE = 32
DELIVERIES_AT_ONCE = 8
RUNS_AT_ONCE = 2000
TICK = timedelta(seconds=1)
ALIVE_EVERY = timedelta(seconds=10)
SWEEP_EVERY = timedelta(minutes=5)
KEPT = timedelta(days=1)
"""So long the steps of a run that is done with are kept; the run log keeps what they found."""
FORGOTTEN_AT_ONCE = 200
_FINISHED = ["SUCCESS", "ERROR", "CANCELLED"]

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Settings:
    """Of one worker."""

    system_url: str
    """Of the database that DBOS keeps its own tables in."""
    name: str
    """Stable over restarts, and no other worker's: a worker first goes on with what it was at."""
    runs: int = RUNS_AT_ONCE
    """Most runs it watches at a time."""
    texts: timedelta = timedelta(days=30)
    """How long what people wrote is kept, where a policy keeps it at all."""
    speed: float = 1.0
    """How fast the clock runs: measurements have a faster one."""


class Worker:
    """Watches runs until it is told to stop. One in a process: DBOS knows no second one."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        clock: Clock,
        watching: Watching,
        delivering: Delivering,
        rounds: Sequence[Round] = (),
    ) -> None:
        """Take what it works with, and what it sees to beside the runs; nothing is begun yet."""
        self._settings = settings
        self._store = store
        self._clock = clock
        self._watching = watching
        self._delivering = delivering
        self.looks = ThreadPoolExecutor(LOOKS_AT_ONCE, "looks")
        # Of their own: receivers that keep us waiting must not make looks late.
        self.deliveries = ThreadPoolExecutor(DELIVERIES_AT_ONCE, "deliveries")
        self._bells: dict[str, asyncio.Event] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._tick, name="ticker", daemon=True)]
        self._threads += [thread_of(each, self._stopping, TICK) for each in rounds]
        self._silence = Silence()
        self._due = {self._say_alive: clock.now(), self._sweep: clock.now()}
        self._watch_release: Any = None

    def launch(self) -> None:
        """Take up what was left, and begin to take up what comes."""
        stopping.resume()
        DBOS(config=config(self._settings.system_url, self._settings.name))
        # Steps that time out or fail are ours to repeat: each says itself when to come again.
        self._watch_release = DBOS.workflow(name="watch_release", max_recovery_attempts=None)(
            watch_release(_Steps(self))  # type: ignore[arg-type]
        )
        DBOS.launch()
        share_interpreter()
        DBOS.register_queue(QUEUE, worker_concurrency=self._settings.runs, on_conflict="always_update")
        for thread in self._threads:
            thread.start()

    def shutdown(self) -> None:
        """Stop: looks under way are cut short and made again by whoever goes on with the run."""
        self._stopping.set()
        stopping.interrupt(signal.SIGTERM)
        for thread in self._threads:
            if thread.ident:
                thread.join()
        for each in (self.looks, self.deliveries):
            each.shutdown(wait=True)
        # That each waiting run was cut off is what was meant.
        logging.getLogger("dbos").setLevel(logging.ERROR)
        DBOS.destroy(destroy_registry=True)
        self._watching.close()
        try:
            self._store.forget_workers([self._settings.name])
        except StoreFault as fault:
            _LOG.warning("%s", fault.message)

    async def in_thread(self, threads: ThreadPoolExecutor, do: Callable[[str], datetime | None], run_id: str) -> str:
        """Do it, and say when to come again."""
        self._loop = asyncio.get_running_loop()
        if not self._stopping.is_set():
            try:
                again = await self._loop.run_in_executor(threads, do, run_id)
            except Cancelled:
                _LOG.debug("cut short", extra={"run": run_id})
            else:
                return rfc3339(again) if again else ""
        return await _forever()

    async def wait(self, run_id: str, until: str) -> None:
        """Let that time come, or the bell ring."""
        bell = self._bells.setdefault(run_id, asyncio.Event())
        seconds = (datetime.fromisoformat(until) - self._clock.now()).total_seconds() / self._settings.speed
        try:
            async with asyncio.timeout(max(seconds, 0.0)):
                await bell.wait()
        except TimeoutError:
            pass
        finally:
            self._bells.pop(run_id, None)

    def tell(self, run_id: str) -> datetime | None:
        """Tell the caller what is due, and hear the bell: rung for a message that waits, it would ring every second."""
        with suppress(StoreFault):
            if self._store.assignment(run_id).attention == "wake":
                self._store.hush(run_id)
        return self._delivering.deliver(run_id)

    def _tick(self) -> None:
        while not self._stopping.wait(TICK.total_seconds()):
            try:
                for call in self._store.calls():
                    self._answer(call)
                for do, due in self._due.items():
                    if due <= self._clock.now():
                        self._due[do] = self._clock.now() + do()
            except StoreFault as fault:
                _LOG.warning("the run log failed, trying again: %s", fault.message)
            except Exception:  # noqa: BLE001
                # Whatever it was: without the ticker no run would be taken up any more.
                _LOG.exception("a tick of the worker failed, trying again")

    def _answer(self, call: Call) -> None:
        if call.what == "start":
            self._enqueue(call)
            self._store.answered(call)
        elif self._loop and (bell := self._bells.get(call.run_id)):
            # Answered by the look that follows; where another worker has the run, it rings there.
            self._loop.call_soon_threadsafe(bell.set)

    def _enqueue(self, call: Call) -> None:
        # The same id a second time is no second workflow.
        with SetWorkflowID(_workflow_id(call)):
            DBOS.enqueue_workflow(QUEUE, self._watch_release, call.run_id)

    def _say_alive(self) -> timedelta:
        now = self._clock.now()
        self._store.alive(self._settings.name)
        for name in self._silence.after(self._store.workers(), now):
            # Whoever takes it off the list takes its runs over.
            if self._store.forget_workers([name]):
                left = DBOS.list_workflows(executor_id=name, status="PENDING", load_input=False, load_output=False)
                _LOG.warning("worker %s is gone, taking over %d runs", name, len(left))
                DBOS.resume_workflows([each.workflow_id for each in left], queue_name=QUEUE)
        return ALIVE_EVERY

    def _sweep(self) -> timedelta:
        """Take up runs that no workflow watches, after a restore or where one failed; forget old texts, and steps of old runs."""
        calls = {_workflow_id(call): call for call in self._store.open_orders()}
        status = statuses(list(calls))
        for name, call in calls.items():
            if name not in status:
                self._enqueue(call)
            elif status[name] in _FINISHED:
                _LOG.error("its workflow ended without it, taking it up again", extra={"run": call.run_id})
                self._store.again(call)
        before = rfc3339(self._clock.now() - KEPT)
        done = DBOS.list_workflows(
            status=_FINISHED, completed_before=before, limit=FORGOTTEN_AT_ONCE, load_input=False, load_output=False
        )
        if done:
            DBOS.delete_workflows([each.workflow_id for each in done])
        if gone := self._store.forget_texts(self._clock.now() - self._settings.texts):
            _LOG.info("forgot what was written in %d mentions, as their time was over", gone)
        return SWEEP_EVERY


class _Steps:
    """The steps of the workflow, as DBOS runs them."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self.look = self._step("look", worker.looks, LANES.computing()(worker._watching.look))  # noqa: SLF001 - its other half
        self.deliver = self._step("deliver", worker.deliveries, worker.tell)

    async def wait(self, run_id: str, until: str) -> None:
        await self._worker.wait(run_id, until)

    def _step(
        self, name: str, threads: ThreadPoolExecutor, do: Callable[[str], datetime | None]
    ) -> Callable[[str], Awaitable[str]]:
        async def step(run_id: str) -> str:
            return await self._worker.in_thread(threads, do, run_id)

        made: Callable[[str], Awaitable[str]] = DBOS.step(name=name)(step)
        return made


async def _forever() -> str:
    # The process ends: what is never over is never recorded as done.
    future: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    return await future


def _workflow_id(call: Call) -> str:
    return f"{call.run_id}.{call.generation}" if call.generation else call.run_id

"""Lets go of every server at once when the process is told to stop, whichever thread waits for it.

In the main thread a signal handler that raises is enough: it interrupts what blocks. No signal reaches the
other threads; whoever runs sources in threads calls ``interrupt``, and each of them raises ``Cancelled``.
"""

from __future__ import annotations

import signal
from contextlib import contextmanager, suppress
from datetime import timedelta
from threading import Lock, Thread, Timer
from typing import TYPE_CHECKING, Self

from gate.errors import Cancelled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    from gate.ports import Clock

SLICE = timedelta(milliseconds=500)
"""So often a wait looks up."""


class _State:
    def __init__(self) -> None:
        self.lock = Lock()
        self.waiting: set[CutOff] = set()
        self.signal: int | None = None


class CutOff:
    """Cuts a connection when its time is up: a socket's own timeout starts anew with every byte."""

    def __init__(self, seconds: float, cut: Callable[[], object]) -> None:
        """Call ``cut`` from another thread after that time, unless the block is left before."""
        self.fired = False
        self._cut = cut
        self._timer = Timer(seconds, self.fire)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        """Start counting.

        Raises:
            Cancelled: the process was told to stop.
        """
        with _STATE.lock:
            _STATE.waiting.add(self)
        try:
            go_on()
            self._timer.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Stop counting."""
        self._timer.cancel()
        with _STATE.lock:
            _STATE.waiting.discard(self)

    def fire(self) -> None:
        """Cut now."""
        self.fired = True
        with suppress(OSError, ValueError, RuntimeError):
            self._cut()


_STATE = _State()


def interrupt(signal_number: int) -> None:
    """Cut every connection that is waited for; from now on each request raises ``Cancelled``."""
    with _STATE.lock:
        _STATE.signal = signal_number
        waiting = tuple(_STATE.waiting)
    for each in waiting:
        each.fire()


def resume() -> None:
    """Let requests go out again."""
    with _STATE.lock:
        _STATE.signal = None


@contextmanager
def stoppable() -> Iterator[None]:
    """Turn Ctrl-C and SIGTERM into ``interrupt`` while the block runs: between two requests nothing is cut short.

    Raises:
        Cancelled: from the request that is waited for, or from ``go_on``.
    """

    def stop(number: int, _frame: FrameType | None) -> None:
        # In a thread of its own, as the main one may hold the lock that it needs.
        Thread(target=interrupt, args=(number,)).start()

    previous = {each: signal.signal(each, stop) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for each, handler in previous.items():
            signal.signal(each, handler)
        resume()


def go_on() -> None:
    """Do nothing, unless the process was told to stop.

    Raises:
        Cancelled: it was.
    """
    if (number := _STATE.signal) is not None:
        raise Cancelled(number)


def pause(clock: Clock, duration: timedelta) -> None:
    """Wait on that clock, and look up often enough to stop within a second.

    Raises:
        Cancelled: the process was told to stop.
    """
    while duration > timedelta(0):
        go_on()
        step = min(duration, SLICE)
        clock.wait(step)
        duration -= step
    go_on()

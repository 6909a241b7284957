"""The real clock: the only place that asks the machine for the time or sleeps."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from gate.errors import Cancelled

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType


class SystemClock:
    """Wall-clock time in UTC; waiting ends at once when the process is told to stop."""

    def __init__(self) -> None:
        """Start without having been told to stop."""
        self._woken = threading.Event()

    def now(self) -> datetime:
        """Return the current time in UTC."""
        return datetime.now(UTC)

    def wait(self, duration: timedelta) -> None:
        """Block for ``duration``; a signal handler that raises ends it early."""
        self._woken.wait(max(0.0, duration.total_seconds()))


@contextmanager
def cancellable() -> Iterator[None]:
    """Turn Ctrl-C and SIGTERM into ``Cancelled`` while the block runs.

    Raises:
        Cancelled: from wherever the block happens to be; blocking calls are interrupted.
    """

    def stop(number: int, _frame: FrameType | None) -> None:
        # A second signal must not interrupt the writing down of the first.
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, signal.SIG_IGN)
        raise Cancelled(number)

    previous = {each: signal.signal(each, stop) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for each, handler in previous.items():
            signal.signal(each, handler)

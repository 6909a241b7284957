"""Looks take turns at computing, as Python lets one thread compute at a time anyway.

Thirty that are due at once would each be ready when the last one is. Worse, who writes down a look, or takes up an order,
waits at every statement behind all the others, with the run log locked, and for that everybody waits, the web server
included. A look that waits for a source is in nobody's way, and none waits for its turn for long: one that scores thousands of
mentions must not make others late.
"""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

AT_ONCE = 2
"""One that takes long leaves a way past it."""
PATIENCE = 0.5
"""Seconds that a look waits for its turns, all in all; then it goes ahead."""


class Lanes:
    """The right to compute. Safe to share between threads."""

    def __init__(self, lanes: int = AT_ONCE, patience: float = PATIENCE) -> None:
        """Say how many may compute at once, and how many seconds one waits for that."""
        self._free = threading.Semaphore(lanes)
        self._patience = patience
        self._own = threading.local()

    @contextmanager
    def computing(self) -> Iterator[None]:
        """Compute while the block runs."""
        self._own.left = self._patience
        self._take()
        try:
            yield
        finally:
            self._give()

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Let others compute while the block runs, if this thread does."""
        had = getattr(self._own, "has", False)
        self._give()
        try:
            yield
        finally:
            if had:
                self._take()

    def _take(self) -> None:
        began = time.monotonic()
        self._own.has = self._free.acquire(timeout=max(self._own.left, 0.0))
        self._own.left -= time.monotonic() - began

    def _give(self) -> None:
        if getattr(self._own, "has", False):
            self._own.has = False
            self._free.release()


LANES = Lanes()
"""Of this process."""

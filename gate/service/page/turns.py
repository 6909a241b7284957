"""Pictures are drawn one at a time: while one is drawn no other thread of the process runs, as vl-convert keeps the GIL."""

from __future__ import annotations

from contextlib import contextmanager
from threading import Event, Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

BREATH = 0.01
"""Seconds between two pictures in which the other threads have their turn."""
_DRAWING = Lock()


@contextmanager
def alone() -> Iterator[None]:
    """Draw while nobody else does.

    Several that wait for each other would hand the GIL on among themselves, and whoever asks for a verdict meanwhile
    would wait for all of them.
    """
    with _DRAWING:
        try:
            yield
        finally:
            Event().wait(BREATH)

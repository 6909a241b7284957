"""What was made once of a run, and is good until its log goes on."""

from __future__ import annotations

from threading import Lock
from typing import Generic, TypeVar

_T = TypeVar("_T")


class Shelf(Generic[_T]):
    """Remembers what was made for a state of a run's log. Safe to share between threads."""

    def __init__(self, most: int) -> None:
        """Hold nothing yet."""
        self._most = most
        self._held: dict[tuple[str, ...], _T] = {}
        self._lock = Lock()

    def get(self, key: tuple[str, ...]) -> _T | None:
        """Return what is held under the key."""
        return self._held.get(key)

    def put(self, key: tuple[str, ...], value: _T) -> None:
        """Hold it, and let go of the oldest."""
        with self._lock:
            self._held[key] = value
            while len(self._held) > self._most:
                del self._held[next(iter(self._held))]

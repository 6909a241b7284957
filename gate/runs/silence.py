"""Which workers have fallen silent.

Each worker writes down when it was at work by its own clock, and clocks of machines differ. So what is written is only
compared with what was written before; how long nothing new has come, the listener's own clock tells.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

DEAD_AFTER = timedelta(seconds=60)
"""A worker that has not been heard of for so long has its runs taken over."""


class Silence:
    """Remembers when something new was heard of each worker."""

    def __init__(self) -> None:
        """Have heard of nobody yet."""
        self._heard: dict[str, tuple[datetime, datetime]] = {}

    def after(self, said: Mapping[str, datetime], now: datetime) -> list[str]:
        """Return those who have said nothing new for ``DEAD_AFTER``.

        Args:
            said: by worker, when it was at work, by its clock.
            now: by ours.
        """
        known = {name: self._heard.get(name) for name in said}
        self._heard = {
            name: before if (before := known[name]) and before[0] == at else (at, now) for name, at in said.items()
        }
        return [name for name, (_, since) in self._heard.items() if now - since > DEAD_AFTER]

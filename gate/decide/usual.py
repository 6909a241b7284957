"""How many complaints an hour are usual, by the hour of the day where the baseline is long enough to tell."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

from gate.decide.surges import Block

if TYPE_CHECKING:
    from datetime import datetime

    from gate.model import Release

HOUR = timedelta(hours=1)
MOST_BLOCKS = 1_000
"""Stretches the baseline is cut into at most; of an hour, or longer for long baselines."""
DAILY = 72
"""Hours of baseline from which on the hour of the day is taken into account."""
FLAT = 2.0
"""Days' weight of the flat rate in the profile: one odd night must not become the rule."""


class Usual:
    """Complaints of the baseline, counted by stretch and by hour of the day."""

    def __init__(self, release: Release) -> None:
        """Take the periods."""
        self._from, self._to = release.baseline_from, release.baseline_to
        span = self._to - self._from
        self._block = max(HOUR, span / MOST_BLOCKS)
        self._daily = span >= DAILY * HOUR and self._block == HOUR
        self._complaints: Counter[int] = Counter()
        self._by_hour: Counter[int] = Counter()
        self.total = 0

    def add(self, at: datetime) -> None:
        """Count one complaint from before the deploy."""
        self.total += 1
        self._complaints[(at - self._from) // self._block] += 1
        self._by_hour[at.hour] += 1

    def rate(self, at: datetime) -> float:
        """Complaints an hour that are usual at this time."""
        flat = self.total / ((self._to - self._from) / HOUR)
        if not self._daily:
            return flat
        days = (self._to - self._from) / timedelta(days=1)
        return (self._by_hour[at.hour] + FLAT * flat) / (days + FLAT)

    def between(self, begin: datetime, end: datetime) -> float:
        """Complaints that are usual between two looks."""
        return self.rate(begin + (end - begin) / 2) * ((end - begin) / HOUR)

    def blocks(self) -> list[Block]:
        """Return the stretches of the baseline, each with what was expected in it."""
        hours = self._block / HOUR
        starts = (self._from + k * self._block for k in range(int((self._to - self._from) / self._block)))
        return [
            Block(self._complaints[k], self.rate(start + self._block / 2) * hours, hours)
            for k, start in enumerate(starts)
        ]

"""How many complaints are usual, by the hour of the day where the baseline is long enough to tell, and at most how many.

Model. Complaints come at a rate of its own for each hour of the day (one rate for all where the baseline is shorter than
`DAILY`), the same on every day of the baseline and after it; counts of different hours are independent, with variance phi times
the mean. Hour h was heard for E_h hours before the deploy, in which N_h complaints came.

Bound. By t, w_h(t) hours of hour h have passed since the deploy, and Lambda(t) = sum_h w_h rate_h complaints are usual. Put
a = max_h w_h / E_h and n = sum_h w_h N_h / (E_h a). Weights w_h / (E_h a) are at most 1, and for those E[exp(-s w N)] is at most
what a count of the whole sum's mean has (concavity of 1 - exp(-s w) in w, for Poisson), so the lower tail of n is no heavier
than such a count's, and a (n + margin(n)) with the score bound of `margin` is above Lambda(t). At the end of the k-th clock hour
since the deploy it is taken at alpha / (k (k + 1)), which sums to alpha however long the window is, so a window that is extended
changes no bound of before; in between it is drawn straight. Lambda is straight there too (one hour, one rate), so it lies below at
all t at once with probability 1 - alpha: what the test of `surges` needs. The first hour's bound is that hour's own; later ones
gain from noise that evens out over hours, and no hour's bound is drawn towards the other hours.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import Counter, defaultdict
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING

from gate.decide.surges import Block, margin

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from gate.model import Release

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
MOST_BLOCKS = 1_000
"""Stretches the baseline is cut into at most; of an hour, or longer for long baselines."""
DAILY = 72
"""Hours of baseline from which on the hour of the day is taken into account."""


class Usual:
    """Complaints of the baseline, counted by stretch and by hour of the day."""

    def __init__(self, release: Release, match: timedelta | None = None) -> None:
        """Take the periods.

        Args:
            release: what was deployed when, and what it is compared with.
            match: only baseline hours at the window's time of this cycle (a day, a week) are heard; None for all.
        """
        self._release = release
        span = release.baseline_to - release.baseline_from
        self._daily = span >= DAILY * HOUR
        stretches = _matched(release, match) if match else [(release.baseline_from, release.baseline_to)]
        self._heard: dict[int, float] = defaultdict(float)
        for begin, end in stretches:
            for place, hours in self._exposure(begin, end).items():
                self._heard[place] += hours
        block = max(HOUR, span / MOST_BLOCKS)
        self._blocks = [piece for begin, end in stretches for piece in _cut(begin, end, block)]
        self._starts = [start for start, _ in self._blocks]
        self._complaints: Counter[int] = Counter()
        self._by_hour: Counter[int] = Counter()
        self.total = 0

    def add(self, at: datetime) -> None:
        """Count one complaint from before the deploy."""
        self.total += 1
        self._complaints[bisect_right(self._starts, at) - 1] += 1
        self._by_hour[self._place(at)] += 1

    def heard(self, at: datetime) -> bool:
        """Whether the hour of the day was listened to before the deploy; one that was, and had no complaint, was heard."""
        return self._heard.get(self._place(at), 0.0) > 0

    def between(self, begin: datetime, end: datetime) -> float:
        """Complaints that are usual between two looks."""
        rates = self._by_hour
        return math.fsum(hours * rates[place] / self._heard[place] for place, hours in self._known(begin, end))

    def ceiling(self, phi: float, alpha: float) -> Callable[[datetime], float]:
        """Return what tells at most how many complaints are usual from the deploy on, at all times at once.

        Args:
            phi: how many times the mean the variance of a count is.
            alpha: chance that it is too low at any time.
        """
        begin = self._release.deployed_at
        first = _top(begin)

        @cache
        def by_the_end_of(hour: int) -> float:
            if not hour:
                return 0.0
            return self._score_bound(begin, first + hour * HOUR, phi, alpha / (hour * (hour + 1)))

        def at_most(at: datetime) -> float:
            if not self._daily:
                return self._score_bound(begin, at, phi, alpha)
            hour = (at - first) // HOUR
            start, stop = max(begin, first + hour * HOUR), first + (hour + 1) * HOUR
            low, high = by_the_end_of(hour), by_the_end_of(hour + 1)
            return low + (high - low) * ((at - start) / (stop - start))

        return at_most

    def effective(self, begin: datetime, end: datetime) -> float:
        """As how many complaints, counted once, what is usual between two times is known."""
        weight = self._weight(begin, end)
        return self.between(begin, end) / weight if weight else 0.0

    def blocks(self) -> list[Block]:
        """Return the stretches of the baseline, each with what was expected in it."""
        return [Block(self._complaints[k], self.between(start, end)) for k, (start, end) in enumerate(self._blocks)]

    @property
    def rates(self) -> int:
        """How many rates above 0 were read off the baseline."""
        return len(self._by_hour)

    def _score_bound(self, begin: datetime, end: datetime, phi: float, alpha: float) -> float:
        weight = self._weight(begin, end)
        if not weight:
            return 0.0
        seen = self.between(begin, end) / weight
        return weight * (seen + margin(seen, phi, alpha))

    def _weight(self, begin: datetime, end: datetime) -> float:
        """How many times as long as before the deploy the hour lasted that lasted longest, compared with that."""
        return max((hours / self._heard[place] for place, hours in self._known(begin, end)), default=0.0)

    def _known(self, begin: datetime, end: datetime) -> list[tuple[int, float]]:
        return [(place, hours) for place, hours in self._exposure(begin, end).items() if self._heard[place]]

    def _place(self, at: datetime) -> int:
        return at.hour if self._daily else 0

    def _exposure(self, begin: datetime, end: datetime) -> dict[int, float]:
        """How many hours of each hour of the day lie between two times."""
        if not self._daily:
            return {0: (end - begin) / HOUR}
        days = (end - begin) // DAY
        length = dict.fromkeys(range(24) if days else (), float(days))
        for start, stop in _clock_hours(begin + days * DAY, end):
            length[start.hour] = length.get(start.hour, 0.0) + (stop - start) / HOUR
        return length


def _matched(release: Release, cycle: timedelta) -> list[tuple[datetime, datetime]]:
    """Return the stretches of the baseline at the window's time of the cycle, from its full hour on, as they are read."""
    start, end = _top(release.deployed_at), release.window_to
    if end - start >= cycle:
        return [(release.baseline_from, release.baseline_to)]
    rounds = range((end - release.baseline_from) // cycle, 0, -1)
    found = [(max(start - k * cycle, release.baseline_from), min(end - k * cycle, release.baseline_to)) for k in rounds]
    return [(begin, stop) for begin, stop in found if begin < stop]


def _cut(begin: datetime, end: datetime, length: timedelta) -> Iterator[tuple[datetime, datetime]]:
    while begin < end:
        yield begin, min(begin + length, end)
        begin += length


def _top(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)


def _clock_hours(begin: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Cut a period where the clock strikes."""
    while begin < end:
        stop = min(_top(begin) + HOUR, end)
        yield begin, stop
        begin = stop

"""How often the surge rule halts, by how many times the usual complaints come, and whether its bound on the usual rate holds.

    python tools/simulate_surge.py [--streams 200] [--alpha 0.01] [--jobs 2] [--coverage 1000]

Seeded streams of complaints, 12 an hour, with a look each minute for 12 h. The first table has 12 h of baseline and one rate, the
second a baseline of days in which the window's first hour is as busy as the others, or three times as busy: the rate of each hour
is then read off the baseline. Each cell tells the part of the streams halted, and after how many minutes the median one was
where at least half were. The last table tells how often the bound lies below what is truly usual at any time of a window.
"""

from __future__ import annotations

import argparse
import math
import os
import random
import statistics
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

from gate.decide import Surge
from gate.decide.rules import Context
from gate.decide.surges import FOR_RATE
from gate.decide.usual import Usual
from gate.model import Period, Release, Scored

DEPLOY = datetime(2026, 3, 10, 14, 0, tzinfo=UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
USUAL = 12.0
TIMES = (1.0, 3.0, 4.5, 8.0, 15.0)
NOISES = ("Poisson", "negative binomial, phi 3", "mood of the hour, sd 30 %", "Pareto(1.6) threads")
PARETO_MEAN = 2.2858
"""Of the whole part of a Pareto(1.6) number: the sum of k ** -1.6."""


@dataclass(frozen=True)
class Case:
    """One cell: noise, days of baseline, how busy the hour of the deploy is, and how long is looked."""

    noise: str
    hours: int
    peak: float = 1.0
    window: int = 12

    @property
    def release(self) -> Release:
        """The periods that are compared."""
        return Release("#acme24", DEPLOY, DEPLOY - self.hours * HOUR, DEPLOY, DEPLOY + self.window * HOUR)

    def rate(self, at: datetime) -> float:
        """Complaints an hour that are truly usual then."""
        return USUAL * (self.peak if at.hour == DEPLOY.hour else 1.0)


def drawn(case: Case, chance: random.Random, begin: datetime, hours: int, times: float) -> list[datetime]:
    """Draw the times of the complaints of a period that begins on the hour."""
    found = []
    for start in (begin + k * HOUR for k in range(hours)):
        rate, mean = times * case.rate(start), 1.0
        if case.noise.startswith("mood"):
            rate *= max(0.0, chance.gauss(1, 0.3))
        elif case.noise.startswith("negative"):
            mean = 2 / math.log(3)
        elif case.noise.startswith("Pareto"):
            mean = PARETO_MEAN
        at = chance.expovariate(rate / mean) if rate else 1.0
        while at < 1:
            found += [start + at * HOUR] * thread(case.noise, chance)
            at += chance.expovariate(rate / mean)
    return found


def thread(noise: str, chance: random.Random) -> int:
    """Draw how many complaints come at once."""
    if noise.startswith("Pareto"):
        return int(chance.paretovariate(1.6))
    if not noise.startswith("negative"):
        return 1
    count, left, mass = 1, chance.random(), (2 / 3) / math.log(3)
    while left > mass:
        left -= mass
        count += 1
        mass *= (2 / 3) * (count - 1) / count
    return count


def halted(seed: int, *, case: Case, times: float, alpha: float) -> float:
    """Return the minutes until one stream is halted; infinity where it is not."""
    chance = random.Random(f"surge:{case}:{times}:{seed}")  # noqa: S311 - a simulation
    state = Surge(alpha=alpha).state(Context(case.release, None))
    for at in drawn(case, chance, case.release.baseline_from, case.hours, 1.0):
        state.fold_baseline(Scored("", "", at, Period.BASELINE, 0.9, -0.8))
    left = drawn(case, chance, DEPLOY, case.window, times)[::-1]
    for minute in range(1, 60 * case.window + 1):
        look = DEPLOY + minute * MINUTE
        while left and left[-1] < look:
            state.fold(Scored("", "", left.pop(), Period.POST, 0.9, -0.8))
        state.advance(look)
        if state.harmful():
            return minute
    return math.inf


def broken(seed: int, *, case: Case, alpha: float) -> bool:
    """Tell whether the bound lies below the truth at any quarter of an hour of the window."""
    chance = random.Random(f"bound:{case}:{seed}")  # noqa: S311 - a simulation
    usual = Usual(case.release)
    for at in drawn(case, chance, case.release.baseline_from, case.hours, 1.0):
        usual.add(at)
    at_most, truth = usual.ceiling(1.0, alpha), 0.0
    for quarter in range(4 * case.window):
        at = DEPLOY + quarter * HOUR / 4
        truth += case.rate(at) / 4
        if at_most(at + HOUR / 4) < truth * (1 - 1e-9):
            return True
    return False


def table(pool: ProcessPoolExecutor, cases: dict[str, Case], streams: int, alpha: float) -> None:
    """Print the part halted, a row for each case."""
    print(f"{'':34s}" + "".join(f"{f'×{times:g}':>16s}" for times in TIMES))
    for name, case in cases.items():
        row = []
        for times in TIMES:
            found = list(pool.map(partial(halted, case=case, times=times, alpha=alpha), range(streams), chunksize=10))
            part, median = sum(each < math.inf for each in found) / streams, statistics.median_low(found)
            row.append(f"{part:.1%}" + (f", {median:.0f} min" if median < math.inf else ""))
        print(f"{name:34s}" + "".join(f"{each:>16s}" for each in row), flush=True)


def main() -> int:
    """Simulate and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--streams", type=int, default=200)
    parser.add_argument("--alpha", type=float, default=0.01)
    parser.add_argument("--coverage", type=int, default=1000, help="streams for each row of the last table")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    given = parser.parse_args()
    with ProcessPoolExecutor(given.jobs) as pool:
        print(f"alpha {given.alpha:g}, {given.streams} streams a cell, 12 h of baseline, 12 complaints an hour\n")
        table(pool, {noise: Case(noise, 12) for noise in NOISES}, given.streams, given.alpha)
        print("\nthe rate of each hour read off the baseline, Poisson\n")
        rows = {
            f"{days} days, first hour ×{peak:g}": Case("Poisson", 24 * days, peak)
            for days in (3, 7, 28)
            for peak in (1, 3)
        }
        table(pool, rows, given.streams, given.alpha)
        level = FOR_RATE * given.alpha
        print(f"\nbound below what is usual at any time, in {given.coverage:,} streams; allowed {level:.2%}\n")
        for days in (3, 7):
            for peak in (1, 3):
                for window in (1, 12, 48):
                    case = Case("Poisson", 24 * days, peak, window)
                    found = sum(pool.map(partial(broken, case=case, alpha=level), range(given.coverage), chunksize=50))
                    name = f"{days} days, first hour ×{peak}, window {window} h"
                    print(f"{name:40s}{found / given.coverage:.3%}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())

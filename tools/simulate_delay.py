"""How many mentions the share rule needs, by the change of mood and by how many mentions there were before.

    python tools/simulate_delay.py [--scorer blend] [--streams 40] [--after 1500] [--calm 0] [--tolerate 0.02] [--alpha 0.01] [--jobs 2]

Seeded streams of scores drawn from what the scorer's negative and other posts look like, as measured on labelled posts; a
look after each mention. The mood turns with the deploy, or so many calm mentions later. Prints for each cell the median
number of mentions from the turn to the halt where at least half of the streams were halted, and their part.
"""

from __future__ import annotations

import argparse
import math
import os
import random
import statistics
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import accumulate
from typing import TYPE_CHECKING

from gate.decide.martingale import ShareTest
from gate.wiring_scorers import densities_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from gate.decide import ScoreDensities

CHANGES = ((0.2, 0.3), (0.2, 0.35), (0.2, 0.5), (0.2, 0.7), (0.5, 0.8))
BEFORE = (50, 100, 300, 1000, 5000)


def drawing(densities: ScoreDensities, chance: random.Random) -> Callable[[float], float]:
    """Return what draws the score of one mention that is negative with a given chance."""
    ends = (1.0, *reversed(densities.cuts), 0.0)
    sums = {True: list(accumulate(densities.neg)), False: list(accumulate(densities.non))}
    bins = range(len(densities.neg))

    def draw(share: float) -> float:
        (found,) = chance.choices(bins, cum_weights=sums[chance.random() < share])
        return chance.uniform(ends[found + 1], ends[found])

    return draw


def delay(
    cell: tuple[float, float, int, int], *, scorer: str, calm: int, after: int, alpha: float, tolerate: float
) -> float:
    """Return how many mentions one stream took from the turn on; infinity where it was not halted."""
    share_before, share_after, before, seed = cell
    densities = densities_of(scorer)
    if densities is None:
        message = f"the scorer {scorer} was never measured: tools/measure_densities.py"
        raise ValueError(message)
    draw = drawing(densities, random.Random(f"delay:{cell}"))  # noqa: S311 - a simulation
    scores = [draw(share_before) for _ in range(before)]
    test = ShareTest(scores, alpha=alpha, tolerate=tolerate, densities=densities, seed=seed)
    for count in range(1 - calm, after + 1):
        test.update(draw(share_after if count > 0 else share_before))
        if test.rejected:
            return count
    return math.inf


def main() -> int:
    """Simulate and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scorer", default="blend")
    parser.add_argument("--streams", type=int, default=40)
    parser.add_argument("--after", type=int, default=1500)
    parser.add_argument("--calm", type=int, default=0)
    parser.add_argument("--alpha", type=float, default=0.01)
    parser.add_argument("--tolerate", type=float, default=0.02)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    given = parser.parse_args()
    since = f"a turn {given.calm:,} mentions after the deploy" if given.calm else "the deploy"
    print(f"scorer {given.scorer}, {given.streams} streams of {given.after:,} mentions after {since} a cell,")
    print(
        f"alpha {given.alpha:g}, tolerate {given.tolerate:g}: median mentions from then to the halt, streams halted\n"
    )
    print(f"{'negative':14s}" + "".join(f"{f'{n:,} before':>18s}" for n in BEFORE))
    fixed = {name: getattr(given, name) for name in ("scorer", "calm", "after", "alpha", "tolerate")}
    one = partial(delay, **fixed)
    with ProcessPoolExecutor(given.jobs) as pool:
        for low, high in CHANGES:
            row = []
            for before in BEFORE:
                found = list(pool.map(one, [(low, high, before, seed) for seed in range(given.streams)]))
                halted = sum(each < math.inf for each in found) / len(found)
                median = statistics.median_low(found)
                row.append(f"{median:,.0f}, {halted:.0%}" if median < math.inf else f"{halted:.0%}")
            print(f"{f'{low:.2f} → {high:.2f}':14s}" + "".join(f"{each:>18s}" for each in row), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())

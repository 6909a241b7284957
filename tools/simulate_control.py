"""What a control does for the share rule: how often a mood of everybody's halts, and what is still found of our own harm.

    python -m tools.simulate_control [--scorer blend] [--streams 60] [--before 500] [--after 600] [--level 500] [--jobs 2]

Seeded streams of scores drawn from what the scorer's negative and other posts look like; a look after each of our mentions. The
control is heard equally often, a fifth and a twentieth as often, before the deploy as after it. The first table tells the part
of the streams halted without and with it, and the median mention of ours at the halt where at least half were. The second tells
how often the evidence alone that ours moved more is ever enough where both moved alike: at most `control.BLAMED` is claimed.
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
from typing import NamedTuple

from gate.decide.control import BLAMED, Control
from gate.decide.martingale import ShareTest
from gate.wiring_scorers import densities_of
from tools.simulate_delay import drawing

ALPHA, TOLERATE = 0.01, 0.02
RATES = (1.0, 0.2, 0.05)
LEVELS = tuple((theirs, turned) for theirs in (10, 25, 100, 500) for turned in (0.05, 0.375))
"""Control mentions before the deploy, and the part of both streams that turned."""


class Case(NamedTuple):
    """Negative shares: before the deploy, ours since, the control's since; and after how many mentions they move."""

    before: float
    ours: float
    theirs: float
    onset: int = 0


CASES = (
    Case(0.2, 0.35, 0.35),
    Case(0.2, 0.5, 0.5),
    Case(0.2, 0.5, 0.5, 100),
    Case(0.2, 0.35, 0.2),
    Case(0.2, 0.5, 0.2),
    Case(0.2, 0.7, 0.2),
)


def stream(seed: int, *, case: Case, rate: float, before: int, after: int, scorer: str) -> tuple[float, float]:
    """Return after how many mentions of ours one stream is halted without the control, and with it."""
    densities, chance = densities_of(scorer), random.Random(f"control:{case}:{rate}:{seed}")  # noqa: S311 - a simulation
    if densities is None:
        message = f"the scorer {scorer} was never measured: tools/measure_densities.py"
        raise ValueError(message)
    draw = drawing(densities, chance)
    ours = [draw(case.before) for _ in range(before)]
    control = Control(ours, [draw(case.before) for _ in range(int(before * rate))], densities, tolerate=TOLERATE)
    test = ShareTest(ours, alpha=ALPHA, tolerate=TOLERATE, densities=densities, seed=seed)
    alone = math.inf
    for count in range(1, after + 1):
        score = draw(case.ours if count > case.onset else case.before)
        test.update(score)
        control.add_ours(score)
        if chance.random() < rate:
            control.add(draw(case.theirs if count > case.onset else case.before))
        alone = min(alone, count if test.rejected else math.inf)
        if test.rejected and not control.excuses(test.burstiness):
            return alone, count
    return alone, math.inf


def blamed(seed: int, *, share: float, sizes: tuple[int, int], after: int, turned: float, scorer: str) -> bool:
    """Tell whether the evidence is ever enough where the same part of both streams turned; no test of the policy beside it.

    `sizes`: mentions before the deploy, ours and the control's.
    """
    densities = densities_of(scorer)
    chance = random.Random(f"blamed:{share}:{sizes}:{turned}:{seed}")  # noqa: S311 - a simulation
    if densities is None:
        return False
    draw, since = drawing(densities, chance), share + turned * (1 - share)
    ours, theirs = ([draw(share) for _ in range(size)] for size in sizes)
    control = Control(ours, theirs, densities, tolerate=0.0)
    control.add(draw(since))
    for _ in range(after):
        control.add_ours(draw(since))
        if chance.random() < sizes[1] / sizes[0]:
            control.add(draw(since))
        if not control.excuses(1.0):
            return True
    return False


def main() -> int:
    """Simulate and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scorer", default="blend")
    parser.add_argument("--streams", type=int, default=60)
    parser.add_argument("--before", type=int, default=500)
    parser.add_argument("--after", type=int, default=600)
    parser.add_argument("--level", type=int, default=500, help="streams for each cell of the second table")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    given = parser.parse_args()
    size = {"after": given.after, "scorer": given.scorer}
    with ProcessPoolExecutor(given.jobs) as pool:
        print(f"{given.streams} streams, {given.before} mentions before and {given.after} after, alpha {ALPHA:g}")
        print(f"{'ours, control':34s}" + "".join(f"{f'control ×{rate:g}: without, with':>38s}" for rate in RATES))
        for case in CASES:
            row = []
            for rate in RATES:
                one = partial(stream, case=case, rate=rate, before=given.before, **size)
                found = list(pool.map(one, range(given.streams), chunksize=5))
                row.append(", ".join(told(each) for each in zip(*found, strict=True)))
            name = f"{case.before:.2f} → {case.ours:.2f}, {case.theirs:.2f}" + (
                f" from {case.onset} on" if case.onset else ""
            )
            print(f"{name:34s}" + "".join(f"{each:>38s}" for each in row), flush=True)
        print(f"\nblamed where both turned alike, {given.level:,} streams; claimed: at most {BLAMED:.0%}\n")
        print(f"{'control before, turned':22s}" + "".join(f"{f'{n}, {part:g}':>12s}" for n, part in LEVELS))
        for share in (0.05, 0.2, 0.6):
            parts = []
            for theirs, turned in LEVELS:
                alike = partial(blamed, share=share, sizes=(given.before, theirs), turned=turned, **size)
                parts.append(sum(pool.map(alike, range(given.level), chunksize=50)) / max(1, given.level))
            print(f"{f'{share:.2f} negative':22s}" + "".join(f"{part:>12.1%}" for part in parts), flush=True)
    return 0


def told(found: tuple[float, ...]) -> str:
    """Tell the part halted and the median."""
    median = statistics.median_low(found)
    return f"{sum(each < math.inf for each in found) / len(found):.0%}" + (
        f" ({median:.0f})" if median < math.inf else ""
    )


if __name__ == "__main__":
    sys.exit(main())

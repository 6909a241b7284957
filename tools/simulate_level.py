"""How often the share rule halts streams in which nothing changed, looking after every mention.

    python tools/simulate_level.py [--streams 10000] [--before 100] [--after 200] [--tolerate 0] [--jobs 2]

Each seeded stream of synthetic scores goes through the rule as the gate uses it. Where something is tolerated, just that
much has turned negative after the deploy: the worst that may not halt. Prints, for each kind of scorer and each level,
the part of the streams halted with its 95 % interval (Wilson), and exits with 1 where the interval lies above the level;
but for threads, of which nothing is claimed.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from itertools import repeat
from typing import TYPE_CHECKING

from gate.backtest.calibration import Rate
from gate.decide import ScoreDensities, Share
from gate.decide.rules import Context
from gate.model import Period, Release, Scored

if TYPE_CHECKING:
    from collections.abc import Iterator

LEVELS = (0.05, 0.01, 0.001)
DEPLOY = datetime(2026, 3, 10, 14, 0, tzinfo=UTC)
RELEASE = Release("#acme24", DEPLOY, DEPLOY - timedelta(days=1), DEPLOY, DEPLOY + timedelta(days=1))
KINDS = ("continuous", "seven values", "never measured", "in threads")
"""A scorer with a score of its own for each post, one with seven values, and one whose densities nobody measured; and the first
again where posts come in threads that agree, of Pareto(1.6) lengths."""
NEGATIVE = 0.2
"""Of the mentions, in the mean, before and after."""


def moods(kind: str, chance: random.Random) -> Iterator[float]:
    """Say of post after post whether it is negative, 1 or 0."""
    while True:
        negative = float(chance.random() < NEGATIVE)
        yield from repeat(negative, int(chance.paretovariate(1.6)) if kind == "in threads" else 1)


def draw(kind: str, chance: random.Random, share: float) -> float:
    """Score one mention that is negative with this chance (AUC 0.86)."""
    score = min(1.0, max(0.0, chance.gauss(0.62 if chance.random() < share else 0.3, 0.21)))
    return round(score * 6) / 6 if kind == "seven values" else score


@cache
def densities(kind: str) -> ScoreDensities | None:
    """Measure a scorer on 8,000 posts."""
    if kind == "never measured":
        return None
    chance = random.Random(5)  # noqa: S311 - a simulation
    labels = [k % 4 == 0 for k in range(8000)]
    return ScoreDensities.from_labelled([draw(kind, chance, float(negative)) for negative in labels], labels)


def highest_odds(seed: int, *, kind: str, before: int, after: int, tolerate: float) -> float:
    """Return the highest wealth of one stream: it was halted at every level of which this is the inverse, and above."""
    chance = random.Random(f"{kind}:{seed}")  # noqa: S311 - a simulation
    mood = moods(kind, chance)
    state = Share(tolerate=tolerate).state(Context(RELEASE, densities(kind)))
    for _ in range(before):
        state.fold_baseline(_scored(draw(kind, chance, next(mood)), Period.BASELINE))
    for _ in range(after):
        score = draw(kind, chance, next(mood))
        turned = tolerate and chance.random() < tolerate
        state.fold(_scored(max(score, draw(kind, chance, 1.0)) if turned else score, Period.POST))
    return float(state.judge().numbers["odds"] or 0)


def _scored(negative: float, period: Period) -> Scored:
    return Scored("", "", DEPLOY, period, negative, 1 - 2 * negative)


def main() -> int:
    """Simulate and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--streams", type=int, default=10_000)
    parser.add_argument("--before", type=int, default=100)
    parser.add_argument("--after", type=int, default=200)
    parser.add_argument("--tolerate", type=float, default=0.0)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    arguments = parser.parse_args()
    print(f"{arguments.streams:,} streams, {arguments.before} mentions before and {arguments.after} after,")
    print(f"{arguments.tolerate:g} tolerated and turned; a look after each mention\n")
    print(f"{'scorer':15s}" + "".join(f"{f'alpha {alpha:g}':>25s}" for alpha in LEVELS))
    above = False
    with ProcessPoolExecutor(arguments.jobs) as pool:
        for kind in arguments.kinds:
            size = {"before": arguments.before, "after": arguments.after, "tolerate": arguments.tolerate}
            one = partial(highest_odds, kind=kind, **size)
            odds = list(pool.map(one, range(arguments.streams), chunksize=50))
            cells = []
            for alpha in LEVELS:
                count = sum(each >= 1 / alpha for each in odds)
                low, high = Rate(count, len(odds)).interval()
                above |= low > alpha and kind != "in threads"
                cells.append(f"{f'{count / len(odds):.2%} ({low:.2%} – {high:.2%})':>25s}")
            print(f"{kind:15s}" + "".join(cells), flush=True)
    return int(above)


if __name__ == "__main__":
    sys.exit(main())

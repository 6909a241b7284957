"""Bets on the rank of the next mention: how much each pays, and what the tolerance costs.

A bet is a falling step function g on [0, 1]; the rank p of a new mention among all scores so far is near 0 when it is the most
negative. It aims at one alternative, `before` -> `after`, and is the likelihood ratio of that rank: after over pool, where the
pool is the baseline polluted by the mentions since, over the same for a stream in which just the tolerated share has turned.
Dividing by `(1 - t) E[g | as before] + t E[g | turned]` makes it an e-value (Neyman & Pearson's ratio, and the best e-value in
the sense of Grünwald, de Heide & Koolen, Safe Testing, JRSS-B 2024, wherever the densities and shares are the true ones).
"""

from __future__ import annotations

import math
from bisect import bisect_right
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gate.decide.densities import ScoreDensities

EFFECTS = ((0.35, 0.15), (0.8, 0.45), (1.5, 0.3), (3.0, 0.1))
"""How far the log odds of a negative post may rise, and the weight of each: 0.20 -> 0.26, 0.36, 0.53, 0.83."""

NEGLIGIBLE = 0.03
"""Baseline shares less probable than this get no bet."""


class Bet:
    """One alternative: its share of the wealth, and what it pays in each interval of ranks."""

    __slots__ = ("after", "before", "edges", "log_pays", "log_wealth")

    def __init__(self, before: float, after: float, weight: float) -> None:
        """Aim at `before` -> `after` with this part of the stake."""
        self.before, self.after = before, after
        self.log_wealth = math.log(weight)
        self.edges: list[float] = []
        self.log_pays: list[float] = [0.0]

    def refresh(self, d: ScoreDensities, polluted: float, tolerate: float, *, anything: bool) -> None:
        """Set the pay-off for a pool of which `polluted` came after the deploy: a function of counts alone, never of scores.

        `anything`: what has turned may take any score, and costs max g = g(0). Otherwise it looks like this scorer's negatives.
        """
        turned = self.before + tolerate * (1 - self.before)
        pool = d.mixture(self.before + polluted * (self.after - self.before))
        pool_null = d.mixture(self.before + polluted * (turned - self.before))
        g, least = [], math.inf
        for after, mass, null, mass_null in zip(d.mixture(self.after), pool, d.mixture(turned), pool_null, strict=True):
            least = min(least, after / mass * mass_null / null)
            g.append(least)
        edges = _cumulative(pool)
        worst = g[0] if anything else mean_over_negatives(d, self.before, edges, g)
        fair = (1 - tolerate) * math.fsum(m * x for m, x in zip(pool, g, strict=True)) + tolerate * worst
        self.edges = edges
        self.log_pays = [math.log(x / fair) for x in g]

    def pays(self, p: float) -> float:
        """The logarithm of what this bet pays at rank p."""
        return self.log_pays[bisect_right(self.edges, p)]


def spread(shares: dict[float, float]) -> list[Bet]:
    """One bet for each believable baseline share and each effect, weighted by their product.

    >>> bets = spread({0.2: 0.99, 0.5: 0.01})
    >>> [round(b.after, 2) for b in bets], round(sum(math.exp(b.log_wealth) for b in bets), 12)
    ([0.26, 0.36, 0.53, 0.83], 1.0)
    """
    kept = {share: w for share, w in shares.items() if w >= NEGLIGIBLE}
    total = math.fsum(kept.values())
    return [Bet(share, raised(share, by), w / total * v) for share, w in kept.items() for by, v in EFFECTS]


def raised(share: float, by: float) -> float:
    """The share whose log odds are `by` higher."""
    return 1 / (1 + (1 - share) / share * math.exp(-by))


def mean_over_negatives(d: ScoreDensities, share: float, edges: Sequence[float], g: Sequence[float]) -> float:
    """E[g(p)] for a negative mention ranked in an unpolluted pool with `share` negatives (pollution only raises p, so lowers g).

    With ranks in the very pool the bet was made for this is the sum of neg * g:

    >>> from gate.decide.densities import ScoreDensities
    >>> d = ScoreDensities.generic()
    >>> g = [2 - b / 12 for b in range(24)]
    >>> m = mean_over_negatives(d, 0.3, _cumulative(d.mixture(0.3)), g)
    >>> math.isclose(m, sum(n * x for n, x in zip(d.neg, g)))
    True
    """
    left, k, out = 0.0, 0, 0.0
    for mass, neg in zip(d.mixture(share), d.neg, strict=True):
        right, at, area = left + mass, left, 0.0
        while k < len(edges) and edges[k] < right:
            area += (edges[k] - at) * g[k]
            at = edges[k]
            k += 1
        out += neg * (area + (right - at) * g[k]) / mass
        left = right
    return out


def _cumulative(masses: Sequence[float]) -> list[float]:
    """Where one bin ends and the next begins, in ranks (the last end, 1, left out)."""
    out, total = [], 0.0
    for mass in masses[:-1]:
        total += mass
        out.append(total)
    return out

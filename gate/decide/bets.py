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
from dataclasses import dataclass
from functools import lru_cache
from operator import mul
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gate.decide.densities import ScoreDensities

    Column = tuple[list[float], list[float]]
    """Where the steps of one bet end, and what it pays on each."""

EFFECTS = ((0.35, 0.15), (0.8, 0.45), (1.5, 0.3), (3.0, 0.1))
"""How far the log odds of a negative post may rise, and the weight of each: 0.20 -> 0.26, 0.36, 0.53, 0.83."""

NEGLIGIBLE = 0.03
"""Baseline shares less probable than this get no bet."""
STEP = 0.05
"""Bets suit a pool of which so much more came since they began than for the last ones."""


class Table:
    """What all bets pay: a row for each interval of ranks, a column for each bet."""

    __slots__ = ("_columns", "_rows", "edges")

    def __init__(self, columns: Sequence[Column]) -> None:
        """Take the steps of each bet; a row is laid out when a rank first falls into it, as few ever do in most of them."""
        self._columns = columns
        self.edges = sorted({edge for ends, _ in columns for edge in ends})
        self._rows: list[tuple[float, ...] | None] = [None] * (len(self.edges) + 1)

    def row(self, p: float) -> tuple[float, ...]:
        """What each bet pays for a rank."""
        place = bisect_right(self.edges, p)
        if (row := self._rows[place]) is None:
            row = self._rows[place] = tuple([pays[bisect_right(ends, p)] for ends, pays in self._columns])
        return row


class Family(NamedTuple):
    """The bets on one share before."""

    before: float
    wealth: list[float]
    """The part of all wealth that is staked on each effect at first."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What all bets of one test have in common."""

    densities: ScoreDensities
    tolerate: float
    """Part of the mentions that may have turned."""
    anything: bool
    """Whether what has turned may take any score, as the scorer was never measured."""


class Hands:
    """All bets that began at one mention: what each holds, and what it pays."""

    __slots__ = ("_begun", "_refresh_at", "_shares", "_table", "_terms", "_wealth")

    def __init__(self, terms: Terms, families: Sequence[Family], stake: float = 1.0, begun: int = 0) -> None:
        """Stake what each family is given.

        Args:
            terms: of the test.
            families: the shares before that are believable.
            stake: how much wealth there is for all together.
            begun: mentions after the deploy that were seen by then, and are taken to be like those before.
        """
        self._terms = terms
        self._shares = tuple(family.before for family in families)
        self._wealth = [stake * held for family in families for held in family.wealth]
        self._begun = begun
        self._refresh_at = 0.0
        self._table = Table([])

    def play(self, p: float, exponent: float, later: int, seen: int) -> float:
        """Fold in the rank of one mention and return about what all then hold.

        Args:
            p: its rank.
            exponent: what each pay-off is raised to.
            later: mentions after the deploy before this one.
            seen: all mentions before this one.
        """
        polluted = (later - self._begun) / seen if seen else 0.0
        if polluted >= self._refresh_at:
            steps = int(polluted / STEP)
            self._refresh_at = (steps + 1) * STEP
            self._table = table(self._terms, self._shares, steps)
        row: Sequence[float] = self._table.row(p)
        if exponent != 1:
            row = [pay**exponent for pay in row]
        wealth: list[float] = list(map(mul, self._wealth, row))
        self._wealth = wealth
        return sum(wealth)

    def held(self) -> float:
        """What all bets hold: the sum over families, each rounded but once."""
        wealth, each = self._wealth, len(EFFECTS)
        return math.fsum([math.fsum(wealth[k : k + each]) for k in range(0, len(wealth), each)])

    def divide(self, unit: float) -> None:
        """Count in another unit from now on."""
        self._wealth = [held / unit for held in self._wealth]


def spread(shares: dict[float, float]) -> list[Family]:
    """One family for each believable share before the deploy, weighted by its probability.

    >>> families = spread({0.2: 0.99, 0.5: 0.01})
    >>> [round(raised(f.before, by), 2) for f in families for by, _ in EFFECTS], round(sum(sum(f.wealth) for f in families), 12)
    ([0.26, 0.36, 0.53, 0.83], 1.0)
    """
    kept = {share: w for share, w in shares.items() if w >= NEGLIGIBLE}
    total = math.fsum(kept.values())
    return [Family(share, [w / total * part for _, part in EFFECTS]) for share, w in kept.items()]


@lru_cache(maxsize=256)
def table(terms: Terms, shares: tuple[float, ...], steps: int) -> Table:
    """Lay the bets on the shares before out for a pool of which `steps` times STEP came since the bets began.

    The same for every stream, so made once a process: a function of counts alone, never of scores.
    """
    return Table([column for share in shares for column in columns(terms, share, steps)])


@lru_cache(maxsize=4096)
def columns(terms: Terms, before: float, steps: int) -> list[Column]:
    """Return the bets on one share before, as `table` lays them out."""
    return [pays(terms, before, raised(before, by), steps * STEP) for by, _ in EFFECTS]


def pays(terms: Terms, before: float, after: float, polluted: float) -> Column:
    """Return where the steps of one bet end, and what it pays on each.

    What has turned costs max g = g(0) where it may take any score; otherwise it looks like this scorer's negatives.

    Args:
        terms: of the test.
        before: the share of negatives that it takes for granted.
        after: the share that it bets on.
        polluted: part of the pool that came since the bet began.
    """
    d, tolerate = terms.densities, terms.tolerate
    turned = before + tolerate * (1 - before)
    pool = d.mixture(before + polluted * (after - before))
    pool_null = d.mixture(before + polluted * (turned - before))
    g, least = [], math.inf
    for mass_after, mass, null, mass_null in zip(d.mixture(after), pool, d.mixture(turned), pool_null, strict=True):
        least = min(least, mass_after / mass * mass_null / null)
        g.append(least)
    edges = _cumulative(pool)
    worst = g[0] if terms.anything else mean_over_negatives(d, before, edges, g)
    fair = (1 - tolerate) * math.fsum(m * x for m, x in zip(pool, g, strict=True)) + tolerate * worst
    return edges, [x / fair for x in g]


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

"""What a scorer's negative and other posts look like: two histograms, made monotone in their ratio.

A scorer is measured once, when it is trained: `neg[b]` is the chance that a negative post falls in bin b, `non[b]` that any
other post does, bins running from the most negative scores to the least. Only the *order* of scores and these masses matter to
the share test (its bets live in rank space), so the pair is the scorer's ROC curve in bins.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass
from functools import cached_property
from statistics import NormalDist
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

BINS = 24
"""Bins before merging: finer ones gain less than 1 % of the information."""

SHARES = {0.06: 0.15, 0.13: 0.22, 0.22: 0.23, 0.35: 0.2, 0.53: 0.13, 0.78: 0.07}
"""The grid of negative shares a stream may have, and how probable each is before anything of it is read: people seldom write
about software without a complaint, or of nothing but complaints."""

PIVOT = 0.35
"""The negative share for which shares are estimated with the least noise; at 0.1 or 0.8 it is within 7 % of the least."""


@dataclass(frozen=True)
class ScoreDensities:
    """Masses of negative and other posts in score bins, most negative bin first, neg/non never rising."""

    cuts: tuple[float, ...]
    """Ascending scores between the bins: the first bin holds scores above the last cut."""
    neg: tuple[float, ...]
    """P(bin | the post is negative)."""
    non: tuple[float, ...]
    """P(bin | it is not)."""

    @staticmethod
    def from_labelled(scores: Sequence[float], negative: Sequence[bool], bins: int = BINS) -> ScoreDensities:
        """Measure held-out scores whose labels are known (never the scores of posts the scorer was trained on).

        >>> d = ScoreDensities.from_labelled([.9, .8, .7, .3, .2, .1] * 20, [True, True, False, True, False, False] * 20, bins=3)
        >>> d.cuts, [round(x, 2) for x in d.neg]
        ((0.3, 0.8), [0.33, 0.33, 0.33])
        """
        ordered = sorted(scores)
        cuts = sorted({ordered[len(ordered) * k // bins] for k in range(1, bins)} - {ordered[-1]})
        counts = [[0.5, 0.5] for _ in range(len(cuts) + 1)]
        for s, is_negative in zip(scores, negative, strict=True):
            counts[_bin(cuts, s)][0 if is_negative else 1] += 1
        return _monotone(cuts, counts)

    @staticmethod
    def generic(separation: float = 1.1, bins: int = BINS) -> ScoreDensities:
        """A stand-in for a scorer never measured: binormal, AUC 0.78 at separation 1.1; its cuts say nothing about scores.

        >>> d = ScoreDensities.generic()
        >>> d.cuts == () and d.neg[0] / d.non[0] > 5 > d.neg[-1] / d.non[-1]
        True
        """
        law, mixed = NormalDist(), [k / bins for k in range(1, bins)]
        z = [separation / 2 - law.inv_cdf(k) * math.hypot(1, separation / 2) for k in mixed]
        neg = [law.cdf(separation - x) for x in z] + [1.0]
        non = [law.cdf(-x) for x in z] + [1.0]
        return ScoreDensities((), _steps(neg), _steps(non))

    def mixture(self, share: float) -> list[float]:
        """Masses of the bins when `share` of the posts is negative."""
        return [(1 - share) * a + share * b for a, b in zip(self.non, self.neg, strict=True)]

    def share_of(self, score: float) -> float:
        """A number whose mean over a stream is its negative share: 1 on average over negatives, 0 over the others.

        It is linear in P(negative | bin) at the share PIVOT, the unmixing of least variance there and near it elsewhere (its
        mean is unbiased wherever the masses are right). A scorer never measured gives the score itself.

        >>> d = ScoreDensities((0.5,), (0.8, 0.2), (0.2, 0.8))
        >>> round(0.8 * d.share_of(0.9) + 0.2 * d.share_of(0.1), 9), round(0.2 * d.share_of(0.9) + 0.8 * d.share_of(0.1) + 1, 9)
        (1.0, 1.0)
        """
        return self._unmix[_bin(self.cuts, score)] if self.cuts else score

    def share_range(self) -> tuple[float, float]:
        """The least and the greatest `share_of`."""
        return (self._unmix[-1], self._unmix[0]) if self.cuts else (0.0, 1.0)

    @cached_property
    def _unmix(self) -> list[float]:
        belief = [m * PIVOT / whole for m, whole in zip(self.neg, self.mixture(PIVOT), strict=True)]
        at_neg, at_non = (
            math.fsum(m * x for m, x in zip(masses, belief, strict=True)) for masses in (self.neg, self.non)
        )
        return [(x - at_non) / (at_neg - at_non) for x in belief]

    def posterior(self, scores: Sequence[float]) -> dict[float, float]:
        """Weights of `SHARES` after seeing `scores` (one part in twenty stays what it was, should the masses be off)."""
        log = {share: math.log(weight) for share, weight in SHARES.items()}
        if self.cuts:
            counts = [0] * len(self.neg)
            for s in scores:
                counts[_bin(self.cuts, s)] += 1
            for share in SHARES:
                log[share] += sum(c * math.log(m) for c, m in zip(counts, self.mixture(share), strict=True) if c)
        top = max(log.values())
        total = math.fsum(math.exp(v - top) for v in log.values())
        return {share: 0.95 * math.exp(v - top) / total + 0.05 * SHARES[share] for share, v in log.items()}


def _bin(cuts: Sequence[float], score: float) -> int:
    """The bin of a score, 0 for the most negative; a score on a cut belongs to the milder side."""
    return len(cuts) - bisect_left(cuts, score)


def _steps(cumulative: Sequence[float]) -> tuple[float, ...]:
    return tuple(b - a for a, b in zip((0.0, *cumulative), cumulative, strict=False))


def _monotone(cuts: Sequence[float], counts: Sequence[Sequence[float]]) -> ScoreDensities:
    """Pool adjacent bins until neg/non falls from the most negative bin on (isotonic regression by pooling violators)."""
    blocks: list[tuple[float, float]] = []
    edges: list[float] = []
    upper = [*reversed(cuts), -math.inf]
    for (seen_neg, seen_non), edge in zip(counts, upper, strict=True):
        neg, non = seen_neg, seen_non
        while blocks and neg * blocks[-1][1] >= blocks[-1][0] * non:
            neg, non = neg + blocks[-1][0], non + blocks[-1][1]
            blocks.pop()
            edges.pop()
        blocks.append((neg, non))
        edges.append(edge)
    total_neg, total_non = (math.fsum(b[k] for b in blocks) for k in (0, 1))
    return ScoreDensities(
        tuple(reversed(edges[:-1])), tuple(b[0] / total_neg for b in blocks), tuple(b[1] / total_non for b in blocks)
    )

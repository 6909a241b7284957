"""Rule ``share``: more of the mentions are negative than before the deploy.

A conformal test martingale (Vovk, Gammerman & Shafer, *Algorithmic Learning in a Random World*,
2nd ed., 2022, ch. 8). Under the null hypothesis the mentions after the deploy are exchangeable
with those before, so the smoothed rank p of each new score among all scores so far is uniform
on (0, 1) and independent of earlier ranks. Betting on small ranks with decreasing densities f
keeps the expected wealth at 1, so by Ville's inequality it ever reaches 1/alpha with
probability at most alpha: at every look, however often one looks.
"""

from __future__ import annotations

import math
import zlib
from bisect import bisect_left, bisect_right, insort
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from gate.decide.words import mentions, one_in, percent
from gate.model import Decision, Finding

if TYPE_CHECKING:
    from gate.model import Scored

MIN_BASELINE = 10
"""Below this a rank among the baseline is too coarse to say anything useful."""


@dataclass(frozen=True, slots=True)
class Share:
    """Harm when the negative share rose by more than is tolerated."""

    alpha: float = 0.01
    """Largest chance of halting a harmless release, over all looks together."""
    tolerate: float = 0.02
    """Part of the mentions that may turn negative without it being harm; 0.02 is two points."""
    decision: Literal["halt", "hold"] = "halt"

    def __post_init__(self) -> None:
        """Refuse levels that mean nothing."""
        if not 0 < self.alpha < 1:
            message = f"alpha is a probability between 0 and 1 (0.01 is usual), not {self.alpha:g}"
            raise ValueError(message)
        if not 0 <= self.tolerate < 1:
            message = f"tolerate is a share from 0 to below 1 (0.02 is two points), not {self.tolerate:g}"
            raise ValueError(message)

    def state(self) -> ShareState:
        """Start with wealth 1 and no scores."""
        return ShareState(self)


class RankBets:
    """Wealth of a mixture of step bets on the ranks being small.

    Each bet puts ``height`` on p < ``width`` and the rest of its unit mass evenly on the other
    ranks. The tolerance enters through the normaliser: if up to t of the mentions may have turned
    into anything more negative, the mean of f is at most (1 - t) + t * max f, so f is divided by
    that. (Mentions that only became more negative push the other ranks up, never down, and f is
    decreasing.)
    """

    def __init__(self, tolerate: float) -> None:
        """Spread the stake evenly over the grid."""
        self._bets: list[tuple[float, float, float]] = []
        for width in (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.7):
            for gain in (1.15, 1.35, 1.7, 2.2):
                if gain * width < 1:
                    normaliser = (1 - tolerate) + tolerate * gain
                    inside, outside = gain / normaliser, (1 - gain * width) / (1 - width) / normaliser
                    self._bets.append((width, math.log(inside), math.log(outside)))
        self._log_wealth = [0.0] * len(self._bets)

    def update(self, rank: float) -> float:
        """Bet on one rank; return the log of the mixture's wealth."""
        logs = [
            wealth + (inside if rank < width else outside)
            for wealth, (width, inside, outside) in zip(self._log_wealth, self._bets, strict=True)
        ]
        self._log_wealth = logs
        top = max(logs)
        return top + math.log(sum(math.exp(log - top) for log in logs) / len(logs))


class ShareState:
    """The scores so far, sorted, and what the bets have won."""

    def __init__(self, options: Share) -> None:
        """Take the level and the tolerance."""
        self._options = options
        self._scores: list[float] = []
        self._bets = RankBets(options.tolerate)
        self._best = 0.0
        self._before = [0, 0]
        self._after = [0, 0]

    def fold_baseline(self, scored: Scored) -> None:
        """Add one score from before the deploy to the reference."""
        insort(self._scores, scored.negative)
        self._count(self._before, scored)

    def fold(self, scored: Scored) -> None:
        """Rank one score from after the deploy and bet on it; O(log n) comparisons."""
        self._count(self._after, scored)
        if self._before[0] < MIN_BASELINE:
            return
        low = bisect_left(self._scores, scored.negative)
        high = bisect_right(self._scores, scored.negative)
        above, equal, total = len(self._scores) - high, high - low + 1, len(self._scores) + 1
        rank = (above + _tie_break(scored) * equal) / total
        self._scores.insert(high, scored.negative)
        self._best = max(self._best, self._bets.update(rank))

    def judge(self) -> Finding:
        """Compare the best wealth so far with 1/alpha."""
        count, options = self._before[0], self._options
        if count < MIN_BASELINE:
            sentence = f"{mentions(count)} before the deploy, {MIN_BASELINE} needed for a comparison"
            return Finding(
                "share", harm=False, code="baseline_too_small", sentence=sentence, ready=False, statistical=True
            )
        harm = self._best >= -math.log(options.alpha)
        odds = math.exp(min(self._best, 700.0))
        numbers = {
            "odds": odds,
            "odds_needed": 1 / options.alpha,
            "share_before": _share(self._before),
            "share_after": _share(self._after),
            "mentions_baseline": count,
            "mentions_post": self._after[0],
        }
        return Finding(
            rule="share",
            harm=harm,
            code="share_rose" if harm else "share_held",
            sentence=self._sentence(odds),
            decision=Decision(options.decision),
            ready=self._after[0] > 0,
            statistical=True,
            numbers=numbers,
        )

    def _sentence(self, odds: float) -> str:
        before, after = _share(self._before), _share(self._after)
        if before is None or after is None:
            return "no mention since the deploy yet"
        return (
            f"{percent(after)} of {mentions(self._after[0])} since the deploy are negative, "
            f"{percent(before)} of {self._before[0]:,} before; {one_in(odds)} if the release were harmless"
        )

    @staticmethod
    def _count(side: list[int], scored: Scored) -> None:
        side[0] += 1
        side[1] += scored.negative > 0.5  # noqa: PLR2004 - the even chance


def _share(side: list[int]) -> float | None:
    return side[1] / side[0] if side[0] else None


def _tie_break(scored: Scored) -> float:
    # Ties need a uniform number; one made from the mention's id replays to the same verdict.
    key = f"{scored.source}\0{scored.id}".encode("utf-8", "surrogatepass")
    return (zlib.crc32(key) + 0.5) / 2**32

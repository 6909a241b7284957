"""The share test: did the share of negative mentions rise after the deploy, looking after every mention?

Model. Scores s in [0, 1] (high is negative) arrive one by one: a baseline, then the mentions after the deploy.

Null. Each later mention is exchangeable with the baseline, except that independently, with a probability of at most `tolerate`
(which may differ from mention to mention), it has turned: its score only went up.

1. Ranks. p_i = (how many of all scores so far are higher + U_i * how many are equal, itself among them) / (how many there are),
   U_i uniform from the seed. Without tolerance p_1, p_2, ... are independent and uniform, ties or none (Vovk, Gammerman &
   Shafer, Algorithmic Learning in a Random World, 2nd ed. 2022, ch. 8).
2. Bets. Each bet f_i >= 0 falls in p, integrates to at most 1 and is fixed by the counts of mentions and by the first few of the
   baseline, which are not ranked: given them, the rest is exchangeable still. Hence W_n = sum_k w_k prod_i f_ki(p_i) has
   E[W_n | past] <= W_{n-1}, and P(W_n >= 1 / alpha for any n) <= alpha (Ville 1939; Ramdas, Gruenwald, Vovk & Shafer,
   Game-theoretic statistics and safe anytime-valid inference, Statistical Science 2023).
   (Bets read off the values of the *ranked* baseline would not do: ranks are independent of each other, not of values.)
   A part of the wealth is staked later, as past ranks say (`late`): that, too, is settled before the next rank is seen.
3. Tolerance. Lay the true scores x beside unturned ones z <= x, and let T_i say whether i has turned, T independent of z. A mention
   that has not turned ranks no more negative among x than among z (others only went up), so p_i >= p_i(z) and f falls; one that has
   turned brings at most max f. With D_i = (1 - t) integral f_i + t max f_i as divisor, W_n is at most the product of
   (T_i max f_i + (1 - T_i) f_i(p_i(z))) / D_i, a supermartingale given T and the ranks among z: valid for any scorer where the
   f_i are fixed beforehand. With the scorer's densities we charge t E[f | a typical negative of this scorer] instead, in a pool
   that is neither polluted nor a sample: cheaper, and right as far as those densities and the share before are; a
   working model that is simulated. No density is trusted at t = 0, where validity needs none. A pool of n mentions only
   blurs that: a rank that would be q among all becomes (K + U) / n, K binomial(n - 1, q), a doubly stochastic kernel with
   monotone likelihood ratio, under which a falling density of negatives' ranks stays falling and is majorised by what it was,
   so that the mean of a falling f can only go down.
4. Threads. Each step is raised to the exponent from `bursts`, at most 1: exactly valid at t = 0 (see there). That it also
   holds back streams that come in threads is a working model checked by simulation (not a bound), and so is an exponent
   below 1, or a stake made late, together with t > 0, where past ranks may tell a little of values.
"""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING

from gate.decide import bets
from gate.decide.bounds import Change, ChangeBound
from gate.decide.bursts import Bursts
from gate.decide.densities import ScoreDensities
from gate.decide.late import KEPT, Late
from gate.decide.uniform import uniform

if TYPE_CHECKING:
    from collections.abc import Sequence

EARLY, MOST_EARLY = 20, 20
"""One baseline mention in 20, and no more than 20 of them, the oldest, are set aside to weigh the bets: enough to tell a stream of
complaints from one of praise, and each mention that is not ranked is one the comparison lacks."""
FAINT, STRONG = 1e-100, 1e100
"""Beyond these the wealth is counted in another unit, as floating point ends."""
CLOSE = 1 - 1e-9
"""A sum in floating point is closer than this to the exact one, which takes three times as long."""


class ShareTest:
    """A test martingale against "no more than `tolerate` of the mentions have turned negative".

    >>> from gate.decide.densities import ScoreDensities
    >>> import random
    >>> rng = random.Random(7)
    >>> draw = lambda share: min(0.99, max(0.01, rng.gauss(0.7 if rng.random() < share else 0.3, 0.2)))
    >>> labels = [k % 2 == 0 for k in range(4000)]
    >>> scorer = ScoreDensities.from_labelled([draw(float(n)) for n in labels], labels)
    >>> test = ShareTest([draw(0.2) for _ in range(500)], alpha=0.01, tolerate=0.02, densities=scorer, seed=1)
    >>> for _ in range(200): test.update(draw(0.2))
    >>> test.rejected
    False
    >>> for _ in range(200): test.update(draw(0.6))
    >>> test.rejected, test.max_log_wealth > math.log(100)
    (True, True)
    """

    def __init__(
        self, baseline: Sequence[float], *, alpha: float, tolerate: float, densities: ScoreDensities | None, seed: int
    ) -> None:
        """Take the scores before the deploy in order of arrival.

        Args:
            baseline: scores in [0, 1].
            alpha: largest chance of ever rejecting a harmless release.
            tolerate: part of the mentions that may turn negative.
            densities: of the scorer; None where it was never measured.
            seed: breaks ties.
        """
        if not (0 < alpha < 1 and 0 <= tolerate < 1):
            message = f"alpha must lie in (0, 1) and tolerate in [0, 1): {alpha}, {tolerate}"
            raise ValueError(message)
        early = min(MOST_EARLY, len(baseline) // EARLY) if densities else 0
        self._densities = densities or ScoreDensities.generic()
        # Numbers side by side, not references to them: room is made for one among thousands at each mention.
        self._pool = array("d", sorted(map(_checked, baseline[early:])))
        self._ranked = len(self._pool)
        self._count = 0
        self._limit = math.log(1 / alpha)
        self._uniform = uniform(seed)
        self._bursts = Bursts(baseline[early:], self._uniform)
        terms = bets.Terms(self._densities, tolerate, anything=densities is None)
        families = bets.spread(self._densities.posterior(baseline[:early]))
        late = KEPT / self._bursts.phi**2
        self._hands = bets.Hands(terms, families, 1 - late)
        self._late = Late(terms, families, late)
        self._log_unit = 0.0
        self._change = self._bound(baseline, alpha)
        self._below = CLOSE
        """Wealth that is no more than ever, in the unit of now."""
        self.max_log_wealth = 0.0
        self.rejected = False

    @property
    def log_wealth(self) -> float:
        """Logarithm of the wealth."""
        return self._log_unit + math.log(self._held())

    @property
    def burstiness(self) -> float:
        """phi: 1 for independent posts, else how many posts carry the evidence of one."""
        return self._bursts.phi

    @property
    def odds(self) -> float:
        """The e-value as odds: wealth this large has a chance of at most 1 in `odds` if the release were harmless."""
        return math.exp(min(700.0, self.max_log_wealth))

    def update(self, score: float) -> None:
        """Fold one mention in."""
        later, seen, exponent = self._count, self._ranked + self._count, self._bursts.exponent
        p = self._rank(_checked(score))
        about = self._hands.play(p, exponent, later, seen) + self._late.play(p, exponent, later, seen)
        if not FAINT / CLOSE < about < self._below:
            self._settle()
        self._bursts.feed(p)
        self._change.add(self._densities.share_of(score))

    def estimate(self) -> Change:
        """Negative shares before and after as this scorer's densities unmix them, and 1 - alpha bounds on the change, for all looks.

        Without densities it is the mean score that is compared. A scorer that sees this stream's negatives worse than those it was
        measured on shrinks both shares and the change alike.
        """
        return self._change.now(self._bursts.phi)

    def _rank(self, score: float) -> float:
        """Rank among all scores so far, and put it among them."""
        n = self._ranked + self._count
        pool = self._pool
        above, equal = bisect_right(pool, score), 1
        if above and pool[above - 1] == score:
            equal += above - bisect_left(pool, score, 0, above)
        pool.insert(above, score)
        self._count += 1
        return (n - above + self._uniform() * equal) / (n + 1)

    def _held(self) -> float:
        return self._hands.held() + self._late.held()

    def _settle(self) -> None:
        """Count the wealth exactly, as it may be more than ever, or too little to be counted in this unit."""
        wealth = self._held()
        log_wealth = self._log_unit + math.log(wealth)
        if not FAINT < wealth < STRONG:
            self._log_unit = log_wealth
            self._hands.divide(wealth)
            self._late.divide(wealth)
        self.max_log_wealth = max(self.max_log_wealth, log_wealth)
        self.rejected = self.rejected or log_wealth >= self._limit
        self._below = CLOSE * min(STRONG, math.exp(min(700.0, self.max_log_wealth - self._log_unit)))

    def _bound(self, baseline: Sequence[float], alpha: float) -> ChangeBound:
        share = self._densities.share_of
        low, high = self._densities.share_range()
        return ChangeBound(map(share, baseline), alpha=alpha, low=low, high=high)


def _checked(score: float) -> float:
    if not 0 <= score <= 1:
        message = f"a score must lie in [0, 1], not {score}"
        raise ValueError(message)
    return score

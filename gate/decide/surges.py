"""The surge test: far more complaints an hour than usual at this time, looking whenever one likes.

Model. Complaints in disjoint intervals are independent, and no heavier in the tail than a negative binomial: an interval
expected to have m has variance phi m (threads that start like a Poisson process, each with a logarithmic number of complaints,
give just that; phi = 1 is Poisson). Cutting an interval in two changes nothing.

Null. The rate is at most `tolerate` times the usual one.

Theorem. For z > 1 a count N of this law has E[z^N] = exp(m psi(z)), psi(z) = -ln(1 - (phi - 1)(z - 1)) / (phi - 1), or z - 1 at
phi = 1. It rises with m and phi, so products over intervals of z^N / exp(bound psi(z)), and mixtures of them over z, are
non-negative supermartingales for any rate up to the bound, any phi up to the one used and any cadence of looks, and
P(wealth >= 1 / alpha at any look) <= alpha (Ville). At phi = 1 these are the Poisson likelihood ratios of Lindon & Malek,
Anytime-Valid Inference for Multinomial Count Data, NeurIPS 2022, with a grid in place of their gamma mixture; time-uniform
bounds from psi: Howard, Ramdas, McAuliffe & Sekhon, Annals of Statistics 2021. z = r phi / (1 + r (phi - 1)) grows fastest at r
times the bound. (The likelihood ratio of two negative binomials looks natural but halts falsely when phi is *over*estimated.)

Assumes the model, and phi as estimated. The usual rate is known only as well as the baseline: an upper bound on the complaints
that are usual, which holds at all looks but with a chance of alpha / 10 (see `usual`), stands in for it and the test gets the
other nine tenths. Where an hour's mood, not threads, makes the noise, phi - 1 grows with the rate; hence the test takes
1 + tolerate (phi - 1). A mood of the day that lifts all hours alike is for `tolerate` to absorb.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

RATIOS = ((1.3, 0.25), (1.8, 0.35), (3.0, 0.25), (6.0, 0.15))
"""How far above the tolerated rate a surge may be, and the weight of each."""
FOR_RATE = 0.1
"""Part of alpha that goes to the bound on the usual rate."""
SIGNIFICANT = 1.645
"""phi is 1 unless it is this many standard errors above."""


@dataclass(frozen=True)
class Block:
    """A stretch of the baseline, an hour say."""

    complaints: float
    """Seen in it."""
    expected: float
    """What the (time-matched) profile of the baseline expects in it."""


class SurgeTest:
    """An e-process against "at most `tolerate` times the complaints that are usual".

    >>> calm, bad = (SurgeTest(1.0, alpha=0.01, tolerate=3) for _ in range(2))
    >>> for minute in range(180):
    ...     calm.update(float(minute % 5 < 3), usual=0.2, bound=0.24)
    ...     bad.update(float(minute % 5 < 3) * 3, usual=0.2, bound=0.24)
    >>> calm.rejected, bad.rejected, round(calm.ratio, 6), round(bad.ratio, 6)
    (False, True, 3.0, 9.0)
    """

    def __init__(self, phi: float, *, alpha: float, tolerate: float) -> None:
        """Take the dispersion, the error allowed over all looks (`FOR_RATE` of it spent elsewhere), and what is tolerated."""
        if not (0 < alpha < 1 and tolerate > 0 and phi >= 1):
            message = f"alpha must lie in (0, 1), tolerate above 0, phi from 1 on: {alpha}, {tolerate}, {phi}"
            raise ValueError(message)
        self._tolerate, self._limit = tolerate, -math.log((1 - FOR_RATE) * alpha)
        self.phi = 1 + (phi - 1) * max(1.0, tolerate)
        self._log = [math.log(w) for _, w in RATIOS]
        self._seen = self._usual = 0.0
        self.log_wealth = self.max_log_wealth = 0.0
        self.rejected = False

    def update(self, complaints: float, *, usual: float, bound: float) -> None:
        """One look: complaints (a count, or summed probabilities) since the last one, where so many are usual, and at most so many.

        A bound of 0 says that the bound on all so far needs no raising, not that nothing is known: its complaints count.
        """
        if complaints < 0 or usual < 0 or bound < 0:
            message = f"complaints, usual and bound cannot be negative: {complaints}, {usual}, {bound}"
            raise ValueError(message)
        self._seen += complaints
        self._usual += usual
        bound *= self._tolerate
        if not bound < math.inf:
            return
        self._log = [w + log_pay(complaints, bound, r, self.phi) for w, (r, _) in zip(self._log, RATIOS, strict=True)]
        top = max(self._log)
        self.log_wealth = top + math.log(math.fsum(math.exp(w - top) for w in self._log))
        self.max_log_wealth = max(self.max_log_wealth, self.log_wealth)
        self.rejected = self.rejected or self.log_wealth >= self._limit

    @property
    def odds(self) -> float:
        """Wealth at its best: that much has a chance of at most 1 in ``odds`` if the null were true."""
        return math.exp(min(700.0, self.max_log_wealth))

    @property
    def odds_needed(self) -> float:
        """Wealth at which the null is rejected."""
        return math.exp(self._limit)

    @property
    def ratio(self) -> float:
        """Complaints so far over the usual number."""
        return self._seen / self._usual if self._usual else 1.0


def log_pay(seen: float, mean: float, ratio: float, phi: float) -> float:
    """Logarithm of what the bet on `ratio` times the mean pays for a count.

    Its exponential has mean 1 for a negative binomial with that mean and phi:

    >>> def chance(n, m, phi):
    ...     a, q = m / (phi - 1), 1 / phi
    ...     return math.exp(math.lgamma(n + a) - math.lgamma(a) - math.lgamma(n + 1) + a * math.log(q) + n * math.log(1 - q))
    >>> round(sum(chance(n, 2.0, 2.5) * math.exp(log_pay(n, 2.0, 3.0, 2.5)) for n in range(900)), 9)
    1.0
    """
    if phi <= 1:
        return seen * math.log(ratio) - (ratio - 1) * mean
    z = ratio * phi / (1 + ratio * (phi - 1))
    return seen * math.log(z) + mean * math.log1p(-(phi - 1) * (z - 1)) / (phi - 1)


def dispersion(baseline: Sequence[Block], rates: int = 1) -> float:
    """Variance over mean from Pearson's statistic: 1 unless significantly above, then one standard error higher than it looks.

    `rates`: how many were read off these very blocks to tell what is expected; as many blocks tell nothing of the noise.

    >>> dispersion([Block(n, 10.0) for n in (10, 13, 7)]), dispersion([Block(n, 10.0) for n in (30, 0, 0)]) > 20
    (1.0, True)
    """
    terms = [(b.complaints - b.expected) ** 2 / b.expected for b in baseline if b.expected > 0]
    free = len(terms) - rates
    if free < 1:
        return 1.0
    phi, error = math.fsum(terms) / free, math.sqrt(2 / free)
    return phi * (1 + error) if phi > 1 + SIGNIFICANT * error else 1.0


def margin(total: float, phi: float, alpha: float) -> float:
    """How many more complaints than the `total` seen the baseline might have had in the mean (a score bound; 0 seen works too).

    >>> [round(margin(total, 1.0, 0.001), 1) for total in (0.0, 10.0, 100.0, 10000.0)]
    [9.5, 15.7, 36.0, 313.8]
    """
    z2 = NormalDist().inv_cdf(1 - alpha) ** 2 * phi
    return z2 / 2 + math.sqrt(z2 * (total + z2 / 4))

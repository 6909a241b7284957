"""Bounds on a mean, and on a change of the mean, that hold at every look.

`ChangeBound` is the sharp one, for the report and for `promote_early`. Theorem: let the mean before be measured once with
variance v, and the mean of n values after it have variance s2/n, both normal; put V = v + s2/n. For any r > 0

    M_n = sqrt(V / (V + r2)) exp((D_n - d)^2 r2 / (2 V (V + r2))),   D_n the difference of the means, d the true one

is a martingale with mean 1, so that with probability at least 1 - alpha for all n at once (Ville)

    | D_n - d | <= sqrt(2 V (V + r2) / r2 ln(sqrt((V + r2) / V) / alpha)).

Proof: M_n is the likelihood ratio, mixed over N(d, r2), of what does not depend on the unknown level (D_n is sufficient for
d in it); Robbins' normal mixture, Ann. Math. Stat. 1970, with the baseline's noise in quadrature. Means of many bounded values
are near normal, hence asymptotic (Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas, Annals of Statistics 2024): for baselines of
50 and more.

`MeanBound` and `ExactChangeBound` need no such limit and are half as wide again. Theorem (Waudby-Smith & Ramdas, Estimating
means of bounded random variables by betting, JRSS-B 2024, theorem 2): for X_i in [0, 1] with conditional mean m and predictable
weights w_i in (0, 1), with probability at least 1 - alpha for all n at once,

    | sum w_i X_i / sum w_i - m |  <=  (ln(2 / alpha) + sum (X_i - M_{i-1})^2 psi(w_i)) / sum w_i,    psi(w) = -ln(1 - w) - w

with M_{i-1} the mean so far. Assumes conditional means that stay m (independence is not needed). A burstiness phi widens the
bound by its square root: that factor is a working model, the theorem has none.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

CAP = 0.5
"""The largest weight."""
PRIOR = 0.03
"""Changes of this size, in parts of the range of the values, are bounded best: about seven points of the negative share."""


class MeanBound:
    """Running mean of values in [0, 1] with a bound that may be read at any time and any number of times.

    `horizon`: the number of values, where it is known beforehand: the weights then suit that one look (still valid at all).

    >>> b = MeanBound(alpha=0.05)
    >>> for k in range(2000): b.add((k * 0.618034) % 1)
    >>> low, high = b.interval()
    >>> 0.45 < low < 0.5 < high < 0.55
    True
    """

    def __init__(self, *, alpha: float, horizon: int | None = None) -> None:
        """Take the error allowed over all looks, and the number of values where it is known."""
        self._log = math.log(2 / alpha)
        self._horizon = horizon
        self._count = 0
        self._total, self._squares = 0.5, 0.25
        self._weights = self._weighted = self._spread = 0.0
        self._low, self._high = 0.0, 1.0

    @property
    def mean(self) -> float:
        """The plain mean (0.5 before any value)."""
        return (self._total - 0.5) / self._count if self._count else 0.5

    def add(self, x: float) -> None:
        """Fold one value in."""
        n = self._count + 1
        centre, variance = self._total / n, self._squares / n
        steps = self._horizon or n * math.log(n + 1)
        w = min(CAP, math.sqrt(2 * self._log / (variance * steps)))
        self._weights += w
        self._weighted += w * x
        self._spread += (x - centre) ** 2 * (-math.log1p(-w) - w)
        self._count = n
        self._total += x
        self._squares += (x - self._total / (n + 1)) ** 2
        middle, half = self._weighted / self._weights, (self._log + self._spread) / self._weights
        low, high = max(self._low, middle - half), min(self._high, middle + half)
        if low < high:
            self._low, self._high = low, high

    def interval(self, phi: float = 1.0) -> tuple[float, float]:
        """The bound, about its own middle widened by sqrt(phi)."""
        middle, half = (self._low + self._high) / 2, (self._high - self._low) / 2 * math.sqrt(phi)
        return max(0.0, middle - half), min(1.0, middle + half)


@dataclass(frozen=True)
class Change:
    """What is known of a change in the mean."""

    before: float
    after: float
    low: float
    """after - before is above this ..."""
    high: float
    """... and below this, at every look at once, with the confidence asked for."""

    @property
    def change(self) -> float:
        """The plain difference."""
        return self.after - self.before


class ExactChangeBound:
    """Bound on mean(after) - mean(before) for any sample size: half the error to a baseline seen once, half to what came after.

    >>> wave = [(k * 0.618034) % 1 for k in range(20000)]
    >>> bound = ExactChangeBound(wave, alpha=0.05)
    >>> for x in wave: bound.add(0.8 * x)
    >>> c = bound.now()
    >>> round(c.before, 2), round(c.after, 2), c.low < -0.1 < c.high < 0
    (0.5, 0.4, True)
    """

    def __init__(self, baseline: Iterable[float], *, alpha: float, low: float = 0.0, high: float = 1.0) -> None:
        """Take the values before, the error allowed over all looks, and the interval that values lie in."""
        values = list(baseline)
        self._from, self._width = low, high - low
        self._before = MeanBound(alpha=alpha / 2, horizon=max(1, len(values)))
        self._after = MeanBound(alpha=alpha / 2)
        for x in values:
            self._before.add((x - low) / self._width)

    def add(self, x: float) -> None:
        """One value after the deploy, between `low` and `high`."""
        self._after.add((x - self._from) / self._width)

    def now(self, phi: float = 1.0) -> Change:
        """The change as known now."""
        (b0, b1), (a0, a1) = self._before.interval(phi), self._after.interval(phi)
        w, at = self._width, self._from
        return Change(at + w * self._before.mean, at + w * self._after.mean, w * (a0 - b1), w * (a1 - b0))


class ChangeBound:
    """Bound on mean(after) - mean(before), sharp for baselines of 50 mentions and more.

    `promote_early` may fire when `now().high` lies under the tolerance.

    >>> wave = [(k * 0.618034) % 1 for k in range(4000)]
    >>> bound = ChangeBound(wave, alpha=0.05)
    >>> for x in wave: bound.add(0.8 * x)
    >>> c = bound.now()
    >>> round(c.before, 2), round(c.after, 2), c.low < -0.1 < c.high < -0.07
    (0.5, 0.4, True)
    """

    def __init__(self, baseline: Iterable[float], *, alpha: float, low: float = 0.0, high: float = 1.0) -> None:
        """Take the values before, the error allowed over all looks, and the interval that values lie in."""
        self._alpha, self._low, self._high = alpha, low, high
        self._before, self._after = _Moments(low, high), _Moments(low, high)
        for x in baseline:
            self._before.add(x)

    def add(self, x: float) -> None:
        """One value after the deploy, between `low` and `high`."""
        self._after.add(x)

    def now(self, phi: float = 1.0) -> Change:
        """The change as known now; phi, how many posts carry the evidence of one, multiplies the variance."""
        a, b = self._before, self._after
        width = self._high - self._low
        v = phi * (a.variance() + b.variance())
        r2 = (PRIOR * width) ** 2
        half = half_width(v, r2, self._alpha)
        middle = b.mean() - a.mean()
        return Change(a.mean(), b.mean(), max(-width, middle - half), min(width, middle + half))


def half_width(variance: float, prior: float, alpha: float) -> float:
    """How far a normal estimate strays from the truth at any look, with probability 1 - alpha; see the module's theorem.

    Args:
        variance: of the estimate at this look.
        prior: variance of the mixture, the same at every look.
        alpha: over all looks.
    """
    widened = variance + prior
    return math.sqrt(2 * variance * widened / prior * math.log(math.sqrt(widened / variance) / alpha))


class _Moments:
    """Mean, and variance of the mean, of values in an interval (Welford), begun with one made-up spread so none is ever zero."""

    __slots__ = ("_count", "_mean", "_squares")

    def __init__(self, low: float, high: float) -> None:
        self._count, self._mean, self._squares = 0, (low + high) / 2, (high - low) ** 2 / 4

    def add(self, x: float) -> None:
        self._count += 1
        off = x - self._mean
        if self._count == 1:
            self._mean = x
            return
        self._mean += off / self._count
        self._squares += off * (x - self._mean)

    def mean(self) -> float:
        return self._mean

    def variance(self) -> float:
        return self._squares / max(1, self._count) ** 2

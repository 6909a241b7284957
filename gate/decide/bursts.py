"""How far threads that agree inflate the noise of a stream, seen in the order of its ranks.

People answer each other: n posts in threads carry less evidence than n strangers. The long-run variance of a stationary
sequence over its plain variance, phi = 1 + 2 (r1 + r2 + ...) for autocorrelations r, says how much less (Bartlett's weights:
Newey & West, Econometrica 1987). Evidence is then tempered, wealth growing by e^(1/phi): for log-wealth that is about normal,
n posts in threads have n/phi times the information, and 1/phi is the exponent at which its mean is at most 1 again.
"""

from __future__ import annotations

import math
from collections import deque
from operator import mul
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

LAGS = 20
"""Posts further apart than this count as strangers."""
FAR = 40
"""What a post has in common with the FAR posts before those is the mood of the hour, not a thread."""
DECAY = 0.7
"""How fast the weights of the test fall with the lag: most of the power against short threads is in the first few."""
DOUBT, SURE = 1.5, 3.0
"""Standard errors of correlation: up to DOUBT phi is exactly 1 (in 10 of 11 independent streams), from SURE on the full estimate."""
MILD = 0.4
"""A rank below this counts as leaning to the negative side."""
MEMORY = 8
"""The lean is averaged over about so many posts."""
LEAN, STRONG, LEAST = 0.65, 0.9, 0.2
"""Up to a lean of LEAN the exponent is untouched; it falls to LEAST of it at STRONG. Half of all posts negative lean about 0.55."""
RHYTHM = 4
"""phi is brought up to date every so many posts."""
BEFORE = 2000
"""Of a longer baseline the last so many mentions are asked: more would hardly change the answer."""
HEAVY = 1.8
"""Autocorrelation past LAGS, and threads longer than any seen yet: heavy tails make the windowed estimate low."""

_TEST = [DECAY**k * math.sqrt(1 - DECAY * DECAY) for k in range(LAGS)]
_BARTLETT = [2 * (1 - k / (LAGS + 1)) for k in range(1, LAGS + 1)]


class Bursts:
    """phi, from the baseline in arrival order and then from each rank since.

    phi depends on the *order* of the baseline and on past ranks, never on score values. Under exchangeability order and ranks are
    independent of the next rank (Vovk, Gammerman & Shafer, 2nd ed., ch. 8: smoothed ranks are independent and uniform,
    and ranks within the baseline carry nothing but its order), so an exponent 1/phi chosen this way keeps E[f^(1/phi) | past]
    <= E[f | past]^(1/phi) <= 1 by Jensen: the martingale becomes a supermartingale, whatever the estimate is.

    >>> threads = [k * 0.618034 % 1 for k in range(60) for _ in range(6)]
    >>> import random
    >>> Bursts(threads, random.Random(1).random).phi > 2, Bursts([(k * 0.618034) % 1 for k in range(360)], random.random).phi
    (True, 1.0)
    """

    def __init__(self, baseline: Sequence[float], uniform: Callable[[], float]) -> None:
        """Take the scores before the deploy in order of arrival, and what breaks ties."""
        self._near: deque[float] = deque(maxlen=LAGS)
        self._far: deque[float] = deque(maxlen=FAR)
        self._far_total = 0.0
        self._products = [0.0] * LAGS
        self._squares = 0.0
        self._count = self._post = 0
        self._total = 0.0
        self._fold([rank - 0.5 for rank in _ranks(baseline[-BEFORE:], uniform)])
        self._near.clear()
        self._far.clear()
        self._far_total = 0.0
        self.phi = self._estimate()
        self._lean = MILD

    @property
    def exponent(self) -> float:
        """What the next bet is raised to: 1/phi, less in the midst of a run of negative posts (one long thread, perhaps the first)."""
        if self._lean <= LEAN:
            return 1 / self.phi
        return (1 - (1 - LEAST) * min(1.0, (self._lean - LEAN) / (STRONG - LEAN))) / self.phi

    def feed(self, rank: float) -> None:
        """One more rank in (0, 1), centred on the ranks since the deploy: a mood that has shifted for good is not a thread."""
        mean = (self._total + 5) / (self._post + 10)
        self._total += rank
        self._post += 1
        self._lean += ((rank < MILD) - self._lean) / MEMORY
        self._fold((rank - mean,))
        if self._post % RHYTHM == 0:
            self.phi = self._estimate()

    def _fold(self, values: Sequence[float]) -> None:
        """Add the products of each with its last LAGS neighbours, less what it has in common with those further back."""
        near, far, products = self._near, self._far, self._products
        far_total, squares = self._far_total, self._squares
        for v in values:
            common = far_total / len(far) if far else 0.0
            told = [product + v * (past - common) for product, past in zip(products, near)]  # noqa: B905 - saying so takes longer than the zip
            if len(near) == LAGS:
                products = told
                far_total += near[-1] - (far[-1] if len(far) == FAR else 0.0)
                far.appendleft(near[-1])
            else:
                products[: len(near)] = told
            near.appendleft(v)
            squares += v * v
        self._products, self._far_total, self._squares = products, far_total, squares
        self._count += len(values)

    def _estimate(self) -> float:
        if not self._squares:
            return 1.0
        z: float = sum(map(mul, _TEST, self._products)) * math.sqrt(self._count) / self._squares
        trust = min(1.0, (z - DOUBT) / (SURE - DOUBT))
        if trust <= 0:
            return 1.0
        correlation: float = sum(map(mul, _BARTLETT, self._products))
        return 1 + HEAVY * trust * max(0.0, correlation / self._squares)


def _ranks(scores: Sequence[float], uniform: Callable[[], float]) -> list[float]:
    """Ranks in (0, 1) in order of arrival, ties broken at random (average ranks would tell of values)."""
    out = [0.0] * len(scores)
    for rank, (_, _, k) in enumerate(sorted([(s, uniform(), k) for k, s in enumerate(scores)])):
        out[k] = (rank + 0.5) / len(scores)
    return out

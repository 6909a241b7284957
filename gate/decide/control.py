"""What the control stream says: how far the mood rose where nothing of ours was deployed.

Model. Control and own mentions each keep to their baseline, except that a part c of either has turned negative for a reason that
is not our release (a mood of the platform, an outage elsewhere), and a further part of our own because of it.

Rule. Where the control is heard, harm needs the test of the policy, which tolerates t, and beside it evidence at this look that
more of ours has turned than of the control's and t together. The part that turned is estimated from unmixed shares (see
`ScoreDensities.share_of`): their rise over the room they had. D is the difference of both parts, less t, and V its variance, the
noise of both baselines included; V counts phi mentions as one. The evidence is

    M = 2 Phi(z) sqrt(V / (V + r^2)) exp(z^2 / 2),    z = D r / sqrt(V (V + r^2)),

the likelihood ratio of D, mixed over rises from a half-normal law of scale r = `PRIOR`; see `bounds` for the two-sided one.

Guarantees. (1) A release that is harmless by its own baseline is halted with a chance of at most alpha over all looks, whatever
the control does and even if it depends on our stream: harm needs the test at t, of which that is the theorem (see `martingale`).
(2) Where as much of both streams has turned, or more of the control's, M >= 1 / `BLAMED` ever with a chance of at most `BLAMED`,
over all looks and however thin the control: asymptotically, as means are taken for normal and V for known. Few mentions make V
large, not the error; what small ones do to it is simulated (`tools/simulate_control.py`). Only the rise on average since the
deploy enters, so that a mood that sets in late in both is no harm either. Assumes that the two streams' noise is independent.
(3) A control that did not move costs delay, or the verdict where it is thin: its noise cannot be told from a mood. What the test
of the policy finds and the control may explain is no pass: the window ends inconclusive, and it is said how many mentions of the
control are missing. A control that was not heard before the deploy (`LEAST`) leaves the test of the policy as it is, and so
does one that is silent since, once `DUE` of its mentions should have come: chance alone keeps it silent so long in 1 of 20 runs.
A fall of the control is never held against a release: harm needs the test of the policy whatever the control does.
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING

from gate.decide.densities import ScoreDensities

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

BLAMED = 0.05
"""Largest chance that what turned both streams alike is put down to the release, where the test of the policy finds it."""
PRIOR = 0.3
"""Differences of this size between the two parts are told best."""
LEAST = 10
"""Control mentions before the deploy below which there is nothing to tell a rise from."""
LEAST_ROOM = 0.1
"""Part of the mentions that could turn still, at least: where nearly all were negative before, an estimate would divide by none."""
DUE = 3.0
"""Mentions of the control that should have come by now, at its pace before the deploy, before its silence is taken for deafness."""
MOST = 100_000
"""More mentions than anybody should wait for."""
FAR = -8.0
"""Below this the normal tail is taken from its asymptote, before it ends in floating point."""
NORMAL = NormalDist()


def evidence(difference: float, variance: float, prior: float) -> float:
    """Logarithm of the wealth against "the true difference is 0 or less", for a normal estimate (see the module).

    >>> [round(evidence(difference, 0.01, 0.3), 1) for difference in (-90, -0.2, 0.0, 0.2, 0.4)]
    [-8.1, -2.2, -1.2, 1.3, 6.7]
    """
    widened = variance + prior**2
    z = difference * prior / math.sqrt(variance * widened)
    tail = math.log(2 / (-z * math.sqrt(2 * math.pi))) if z < FAR else math.log(2 * NORMAL.cdf(z)) + z * z / 2
    return tail + math.log(variance / widened) / 2


class Part:
    """Estimates what part of one stream has turned negative since the deploy.

    >>> stream = Part([0.1, 0.2, 0.1, 0.3] * 25, None)
    >>> for _ in range(300): stream.add(0.9)
    >>> stream.turned() > 0.8, stream.variance() < 0.02
    (True, True)
    """

    def __init__(self, baseline: Iterable[float], densities: ScoreDensities | None) -> None:
        """Take the scores before the deploy, and the scorer's densities where it was measured."""
        self._densities = densities or ScoreDensities.generic()
        low, self._high = self._densities.share_range()
        spread = (self._high - low) ** 2 / 4
        self._before, self._after = _Moments(spread), _Moments(spread)
        for score in baseline:
            self._before.add(self._densities.share_of(score))

    @property
    def baseline(self) -> int:
        """Mentions before the deploy."""
        return self._before.count

    @property
    def count(self) -> int:
        """Mentions since the deploy."""
        return self._after.count

    def add(self, score: float) -> None:
        """One mention after the deploy."""
        self._after.add(self._densities.share_of(score))

    def turned(self) -> float:
        """The part that turned; below 0 where the mood is better than before."""
        return (self._after.mean - self._before.mean) / self._room() if self.count else 0.0

    def variance(self, more: int = 0) -> float:
        """Of `turned`, or of what it will be after so many more mentions; the noisier side stands for both."""
        each = max(self._before.variance(), self._after.variance())
        return each * (1 / max(1, self.baseline) + 1 / max(1, self.count + more)) / self._room() ** 2

    def _room(self) -> float:
        return max(LEAST_ROOM, min(1.0, self._high) - max(0.0, self._before.mean))


class Control:
    """Whether more of ours has turned negative than of the control's.

    >>> ours, theirs = [0.1, 0.2, 0.1, 0.9] * 100, [0.1, 0.2, 0.1, 0.9] * 50
    >>> control = Control(ours, theirs, None, tolerate=0.02)
    >>> for k in range(100):
    ...     control.add_ours(0.1 if k % 4 else 0.9)
    ...     control.add(0.1 if k % 4 else 0.9)
    >>> control.excuses(1.0)
    True
    >>> for _ in range(100):
    ...     control.add_ours(0.9)
    >>> control.excuses(1.0)
    False
    """

    def __init__(
        self, ours: Sequence[float], theirs: Sequence[float], densities: ScoreDensities | None, *, tolerate: float
    ) -> None:
        """Take the scores of both streams before the deploy."""
        self._ours, self._theirs = Part(ours, densities), Part(theirs, densities)
        self._tolerate = tolerate

    @property
    def heard(self) -> bool:
        """Whether the control was heard before the deploy and since, or had no time yet to be."""
        ours, theirs = self._ours, self._theirs
        due = ours.count * theirs.baseline / max(1, ours.baseline)
        return theirs.baseline >= LEAST and (theirs.count > 0 or due < DUE)

    @property
    def count(self) -> int:
        """Mentions of the control since the deploy."""
        return self._theirs.count

    def add_ours(self, score: float) -> None:
        """One mention of ours after the deploy."""
        self._ours.add(score)

    def add(self, score: float) -> None:
        """One mention of the control after the deploy."""
        self._theirs.add(score)

    def rise(self) -> float:
        """Estimate the part of the control's mentions that have turned negative, 0 where it did not rise or was not heard."""
        return min(1.0, max(0.0, self._theirs.turned())) if self.heard else 0.0

    def moved(self) -> bool:
        """Whether the control looks as if at least half of what is seen in ours is seen in it as well."""
        return self.rise() >= self._ours.turned() / 2

    def excuses(self, phi: float) -> bool:
        """Whether what the control shows, or is too thin to show, may explain our change; phi as in `bursts`."""
        return self.heard and not self._tells(phi, 0)

    def missing(self, phi: float) -> int | None:
        """How many more mentions of the control would tell, both streams staying as they are; None where no number would."""
        if not self._tells(phi, MOST):
            return None
        low, high = 0, MOST
        while low < high:
            middle = (low + high) // 2
            low, high = (low, middle) if self._tells(phi, middle) else (middle + 1, high)
        return low

    def _tells(self, phi: float, more: int) -> bool:
        difference = self._ours.turned() - self._theirs.turned() - self._tolerate
        variance = phi * (self._ours.variance() + self._theirs.variance(more))
        return evidence(difference, variance, PRIOR) >= math.log(1 / BLAMED)


class _Moments:
    """Mean and variance (Welford), begun with one made-up spread so that none is ever zero."""

    __slots__ = ("_squares", "count", "mean")

    def __init__(self, spread: float) -> None:
        self.count, self.mean, self._squares = 0, 0.0, spread

    def add(self, value: float) -> None:
        self.count += 1
        off = value - self.mean
        self.mean += off / self.count
        self._squares += off * (value - self.mean)

    def variance(self) -> float:
        return self._squares / max(1, self.count)

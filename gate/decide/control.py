"""What the control stream says: how far the mood rose where nothing of ours was deployed.

Model. Control and own mentions each keep to their baseline, except that a part c of either has turned negative for a reason that
is not our release (a mood of the platform, an outage elsewhere), and a further part of our own because of it.

Rule. Beside the test of the policy, which tolerates t, the same test runs at tolerances t + c for c in `STEPS`. At a look the
control's rise is estimated, the estimate is rounded up to a step c, and harm needs the test at t and all those up to t + c.

Guarantees. (1) A release that is harmless by its own baseline is halted with a chance of at most alpha over all looks, whatever
the control does and even if it depends on our stream: harm needs the test at t, of which that is the theorem (see `martingale`).
(2) Where both streams turned by c, the test at the first step at or above c, too, ever rejects with a chance of at most alpha, and
as harm needs every test up to the estimate, a false halt needs that one, or an estimate one step and more too low; the latter is no theorem but simulated in the tests, for a
control that is heard about as often as we are. A control that says little is drawn to no rise by `DOUBT` and excuses little.
(3) Where the control did not move, nothing is lost but the delay its noise costs while it is small; a control that is not
heard at all leaves the test of the policy as it is. A fall of the control is never held against a release.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gate.decide.bounds import ChangeBound
from gate.decide.densities import ScoreDensities
from gate.decide.martingale import ShareTest

if TYPE_CHECKING:
    from collections.abc import Sequence

STEPS = (0.02, 0.04, 0.07, 0.11, 0.17, 0.25, 0.36, 0.5)
"""Tolerances are raised by one of these; a larger rise of the control excuses anything."""
DOUBT = 10
"""The estimate is drawn towards no rise as if so many more control mentions had been as before."""
LEAST = 10
"""Control mentions before the deploy below which there is nothing to tell a rise from."""


class Control:
    """The control's scores before the deploy and the mean of those after it.

    >>> control = Control([0.1, 0.2, 0.1, 0.3] * 25, None)
    >>> for _ in range(50): control.add(0.15)
    >>> control.rise()
    0.0
    >>> for _ in range(200): control.add(0.9)
    >>> control.rise() > 0.5
    True
    """

    def __init__(self, baseline: Sequence[float], densities: ScoreDensities | None) -> None:
        """Take the control's scores before the deploy, and the scorer's densities where it was measured."""
        self._densities = densities or ScoreDensities.generic()
        self._heard = len(baseline) >= LEAST
        low, self._high = self._densities.share_range()
        share = self._densities.share_of
        self._change = ChangeBound(map(share, baseline), alpha=0.5, low=low, high=self._high)
        self.count = 0

    def add(self, score: float) -> None:
        """One control mention after the deploy."""
        self.count += 1
        self._change.add(self._densities.share_of(score))

    def rise(self) -> float:
        """Estimate the part of the control's mentions that have turned negative, 0 where it did not rise or was not heard."""
        if not (self._heard and self.count):
            return 0.0
        change = self._change.now()
        room = max(0.1, min(1.0, self._high) - max(0.0, change.before))
        return min(1.0, max(0.0, change.change / room * self.count / (self.count + DOUBT)))


class Raised:
    """The share test at each raised tolerance."""

    def __init__(
        self, baseline: Sequence[float], *, alpha: float, tolerate: float, densities: ScoreDensities | None, seed: int
    ) -> None:
        """Take what `ShareTest` takes."""
        self._tests = {
            step: ShareTest(baseline, alpha=alpha, tolerate=tolerate + step, densities=densities, seed=seed)
            for step in STEPS
            if tolerate + step < 1
        }

    def update(self, score: float) -> None:
        """Fold one of our own mentions in."""
        for test in self._tests.values():
            test.update(score)

    def rejected(self, rise: float) -> bool:
        """Whether more has turned than the tolerance and this rise of the control together explain."""
        if rise <= 0:
            return True
        nearest = next((step for step in self._tests if step >= rise), None)
        return nearest is not None and all(test.rejected for step, test in self._tests.items() if step <= nearest)

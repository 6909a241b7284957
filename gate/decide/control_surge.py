"""What the control stream says to ``surge``: how many times the usual complaints come where nothing of ours was deployed.

Rule. As for ``share`` (see ``control``): where the control is heard, harm needs the test of the policy, and beside it evidence that
our complaints are more than the tolerated number of times as many as the control's, each against what is usual for it. With S of
ours seen where U are usual, C and X of the control's and r tolerated,

    D = ln((S + 1/2) / U) - ln((C + 1/2) / X) - ln r,    V = phi (1 / (S + 1/2) + 1 / (C + 1/2) + 1 / n_U + 1 / n_X),

n as in `Usual.effective`, and the evidence is `evidence(D, V, LOG_RATIO_SCALE)`.

Guarantees. (1) A release that is harmless by its own baseline is halted with a chance of at most alpha over all looks, whatever
the control does: harm needs the test of the policy. (2) Where both rates rose the same number of times, harm has a chance of at
most `control.BLAMED`, asymptotically: logarithms of counts are taken for normal, and phi for the same in both streams; simulated
for controls with few complaints. A thin control makes V large, and harm waits.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from gate.decide.control import BLAMED, evidence
from gate.decide.usual import Usual

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from gate.model import Release

LOG_RATIO_SCALE = 1.0
"""Changes of this size of the logarithm, 2.7 times, are told best."""
MIN_CONTROL_BASELINE = 10
"""Complaints of the control before the deploy below which nothing is known of its usual rate."""


class ControlSurge:
    """The control's complaints against what is usual for it."""

    def __init__(self, release: Release, match: timedelta | None = None) -> None:
        """Start with no complaint; see `Usual` for what it takes."""
        self._usual = Usual(release, match)
        self._begin = self._at = release.deployed_at
        self.seen = 0
        """Complaints since the deploy, in hours of the day that were heard before it."""

    @property
    def heard(self) -> bool:
        """Whether it complained often enough before the deploy."""
        return self._usual.total >= MIN_CONTROL_BASELINE

    def add(self, at: datetime, *, baseline: bool) -> None:
        """Count one complaint of the control."""
        if baseline:
            self._usual.add(at)
        elif self._usual.heard(at):
            self.seen += 1

    def advance(self, at: datetime) -> None:
        """One look."""
        self._at = at

    def times(self) -> float:
        """Estimate how many times the usual complaints the control has; 1 where it was not heard."""
        usual = self._expected()
        return (self.seen + 0.5) / (usual + 0.5) if self.heard and usual else 1.0

    def moved(self, ours: float) -> bool:
        """Whether the control looks as if it had, on the scale of logarithms, at least half of the surge that we have."""
        return self.times() ** 2 >= ours

    def excuses(self, ours: Usual, seen: int, *, tolerate: float, phi: float) -> bool:
        """Whether the tolerance and the control's own surge together may explain our complaints."""
        usual, theirs = ours.between(self._begin, self._at), self._expected()
        if not (self.heard and usual and theirs):
            return False
        known = (ours.effective(self._begin, self._at), self._usual.effective(self._begin, self._at))
        difference = math.log((seen + 0.5) / usual) - math.log((self.seen + 0.5) / theirs) - math.log(tolerate)
        variance = phi * (1 / (seen + 0.5) + 1 / (self.seen + 0.5) + sum(1 / each for each in known))
        return evidence(difference, variance, LOG_RATIO_SCALE) < math.log(1 / BLAMED)

    def _expected(self) -> float:
        return self._usual.between(self._begin, self._at)

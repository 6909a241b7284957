"""What the control stream says to ``surge``: how many times the usual complaints come where nothing of ours was deployed.

Rule. As for ``share`` (see ``control``): beside the test of the policy, which tolerates r times the usual, the same test runs at
r times each of `STEPS`. At a look the control's own multiple is estimated and rounded up to a step k; harm needs the test at r
and all those up to r k.

Guarantees. (1) A release that is harmless by its own baseline is halted with a chance of at most alpha over all looks, whatever
the control does: harm needs the test at r. (2) Where both rates rose c times, the test at the first step at or above c ever
rejects with a chance of at most alpha, and harm needs it, unless the estimate is too low by more than a step. That is no
theorem; where the control was heard too seldom to tell, `DOUBT` draws it to the usual and it excuses little.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gate.decide.surges import Block, SurgeTest
from gate.decide.usual import Usual

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from gate.model import Release

STEPS = (1.5, 2.0, 3.0, 4.5, 7.0, 12.0)
"""Tolerances are raised so many times; a larger surge of the control excuses anything."""
DOUBT = 5.0
"""The multiple is estimated as if so many more complaints had come and been expected."""
LEAST = 10
"""Complaints of the control before the deploy below which nothing is known of its usual rate."""


class ControlSurge:
    """The control's complaints against what is usual for it, and the tests that excuse by it."""

    def __init__(self, release: Release) -> None:
        """Start with no complaint."""
        self._usual = Usual(release)
        self._seen = self._expected = 0.0
        self._tests: dict[float, SurgeTest] = {}

    @property
    def heard(self) -> bool:
        """Whether it complained often enough before the deploy."""
        return self._usual.total >= LEAST

    def add(self, at: datetime, *, baseline: bool) -> None:
        """Count one complaint of the control."""
        if baseline:
            self._usual.add(at)
        else:
            self._seen += 1

    def begin(self, blocks: Sequence[Block], *, alpha: float, tolerate: float) -> None:
        """Take what the test of the policy takes."""
        if self.heard:
            self._tests = {step: SurgeTest(blocks, alpha=alpha, tolerate=tolerate * step) for step in STEPS}

    def advance(self, begin: datetime, end: datetime, complaints: float, *, hours: float, usual: float) -> None:
        """One look: our own complaints since the last one, as the test of the policy is told them."""
        if not self.heard:
            return
        self._expected += self._usual.between(begin, end)
        for test in self._tests.values():
            test.update(complaints, hours=hours, usual=usual)

    def times(self) -> float:
        """Estimate how many times the usual complaints the control has; 1 where it did not rise or was not heard."""
        return max(1.0, (self._seen + DOUBT) / (self._expected + DOUBT)) if self.heard else 1.0

    def excuses(self) -> bool:
        """Whether the tolerance and the control's own surge together explain our complaints."""
        times = self.times()
        if times == 1 or not self._tests:
            return False
        nearest = next((step for step in STEPS if step >= times), None)
        return nearest is None or not all(test.rejected for step, test in self._tests.items() if step <= nearest)

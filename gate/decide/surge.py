"""Rule ``surge``: far more complaints an hour than is usual at this time.

The mood may be as ever and still a flood of complaints mean harm, above all where most of what people write is a complaint
to begin with. The statistics are in ``surges``; here they become a rule.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from gate.decide.surges import Block, SurgeTest
from gate.decide.words import mentions, one_in
from gate.model import Decision, Finding

if TYPE_CHECKING:
    from datetime import datetime

    from gate.decide.rules import Context
    from gate.model import Scored

HOUR = timedelta(hours=1)
MIN_BASELINE = 10
"""Complaints; with fewer the usual rate is not known well enough."""
MOST_BLOCKS = 1_000
"""Stretches the baseline is cut into at most; of an hour, or longer for long baselines."""
DAILY = 72
"""Hours of baseline from which on the hour of the day is taken into account."""
FLAT = 2.0
"""Days' weight of the flat rate in the profile: one odd night must not become the rule."""


@dataclass(frozen=True, slots=True)
class Surge:
    """Harm when complaints come far faster than before the deploy, matched by the hour of the day."""

    alpha: float = 0.01
    """Largest chance of halting a harmless release, over all looks together."""
    tolerate: float = 3.0
    """How many times the usual number of complaints an hour is no harm: launches make noise."""
    decision: Literal["halt", "hold"] = "halt"
    """What the pipeline is told when this rule finds harm: stop and roll back, or stop and wait for somebody."""

    def __post_init__(self) -> None:
        """Refuse levels that mean nothing."""
        if not 0 < self.alpha < 1:
            message = f"alpha is a probability between 0 and 1 (0.01 is usual), not {self.alpha:g}"
            raise ValueError(message)
        if self.tolerate < 1:
            message = f"tolerate is how many times the usual is no harm, 1 or more (3 is usual), not {self.tolerate:g}"
            raise ValueError(message)

    def state(self, context: Context) -> SurgeState:
        """Start with no complaint."""
        return SurgeState(self, context)


class SurgeState:
    """Complaints by the hour before the deploy, and the test of those after it."""

    def __init__(self, options: Surge, context: Context) -> None:
        """Take the level and the periods."""
        self._options = options
        release = context.release
        self._from, self._to = release.baseline_from, release.baseline_to
        span = self._to - self._from
        self._block = max(HOUR, span / MOST_BLOCKS)
        self._daily = span >= DAILY * HOUR and self._block == HOUR
        self._complaints: Counter[int] = Counter()
        self._by_hour: Counter[int] = Counter()
        self._total = 0
        self._at = release.deployed_at
        self._fresh = self._after = 0
        self._test: SurgeTest | None = None

    def fold_baseline(self, scored: Scored) -> None:
        """Count one complaint from before the deploy."""
        if scored.negative > 0.5:  # noqa: PLR2004 - the even chance
            self._total += 1
            self._complaints[(scored.created_at - self._from) // self._block] += 1
            self._by_hour[scored.created_at.hour] += 1

    def fold(self, scored: Scored) -> None:
        """Count one complaint from after the deploy, up to the look that is being made."""
        self._fresh += scored.compared and scored.negative > 0.5  # noqa: PLR2004 - the even chance

    def advance(self, at: datetime) -> None:
        """Test the complaints since the last look."""
        if at <= self._at or self._total < MIN_BASELINE:
            return
        hours = (at - self._at) / HOUR
        self._started().update(self._fresh, hours=hours, usual=self._usual(self._at + (at - self._at) / 2))
        self._after += self._fresh
        self._fresh, self._at = 0, at

    def harmful(self) -> bool:
        """Whether the wealth ever reached its limit."""
        return self._test is not None and self._test.rejected

    def judge(self) -> Finding:
        """Compare the best wealth so far with its limit."""
        if self._total < MIN_BASELINE:
            sentence = f"{self._total} complaints before the deploy, {MIN_BASELINE} needed for a comparison"
            return Finding(
                "surge", harm=False, code="baseline_too_small", sentence=sentence, ready=False, statistical=True
            )
        test, harm = self._started(), self.harmful()
        sentence = f"{mentions(self._after)} negative since the deploy, {test.ratio:.1f} times the usual at this time"
        return Finding(
            rule="surge",
            harm=harm,
            code="complaints_surged" if harm else "complaints_usual",
            sentence=f"{sentence}; {one_in(test.odds)} if up to {self._options.tolerate:g} times were harmless",
            decision=Decision(self._options.decision),
            statistical=True,
            numbers={
                "surge_odds": test.odds,
                "surge_odds_needed": test.odds_needed,
                "ratio": test.ratio,
                "complaints_baseline": self._total,
                "complaints_post": self._after,
            },
        )

    def _started(self) -> SurgeTest:
        if self._test is None:
            hours = self._block / HOUR
            starts = (self._from + k * self._block for k in range(int((self._to - self._from) / self._block)))
            blocks = [
                Block(self._complaints[k], self._usual(start + self._block / 2) * hours, hours)
                for k, start in enumerate(starts)
            ]
            self._test = SurgeTest(blocks, alpha=self._options.alpha, tolerate=self._options.tolerate)
        return self._test

    def _usual(self, at: datetime) -> float:
        """Complaints an hour that are usual at this time."""
        flat = self._total / ((self._to - self._from) / HOUR)
        if not self._daily:
            return flat
        days = (self._to - self._from) / timedelta(days=1)
        return (self._by_hour[at.hour] + FLAT * flat) / (days + FLAT)

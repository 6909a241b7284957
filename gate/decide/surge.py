"""Rule ``surge``: far more complaints an hour than is usual at this time.

The mood may be as ever and still a flood of complaints mean harm, above all where most of what people write is a complaint
to begin with. The statistics are in ``surges``; here they become a rule.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from gate.decide.control_surge import ControlSurge
from gate.decide.levels import check_alpha
from gate.decide.surges import FOR_RATE, SurgeTest, dispersion
from gate.decide.usual import Usual
from gate.decide.words import EVEN, longer, mentions, one_in
from gate.model import Decision, Finding, Period

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from gate.decide.rules import Context
    from gate.model import Scored

MIN_BASELINE = 10
"""Complaints; with fewer the usual rate is not known well enough."""


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
        check_alpha(self.alpha)
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
        self._usual = Usual(context.release, context.match)
        self._release = context.release
        self._control = ControlSurge(context.release, context.match)
        self._at = context.release.deployed_at
        self._fresh = self._after = 0
        self._test: SurgeTest | None = None
        self._ceiling: Callable[[datetime], float] = lambda _at: 0.0
        self._bound = 0.0
        """The ceiling at the last look."""

    def fold_baseline(self, scored: Scored) -> None:
        """Count one complaint from before the deploy."""
        if scored.negative > EVEN:
            self._usual.add(scored.created_at)

    def fold_control(self, scored: Scored) -> None:
        """Count one complaint of the control, from before the deploy or after it."""
        if scored.negative > EVEN and scored.compared:
            self._control.add(scored.created_at, baseline=scored.period is Period.BASELINE)

    def fold(self, scored: Scored) -> None:
        """Count one complaint from after the deploy, up to the look that is being made."""
        complains = scored.compared and scored.negative > EVEN
        self._fresh += complains and self._usual.heard(scored.created_at)

    def advance(self, at: datetime) -> None:
        """Test the complaints since the last look."""
        if at <= self._at or self._usual.total < MIN_BASELINE:
            return
        test = self._started()
        # Rounding may let the ceiling fall by a hair where nothing more is usual.
        bound = max(self._bound, self._ceiling(at))
        test.update(self._fresh, usual=self._usual.between(self._at, at), bound=bound - self._bound)
        self._control.advance(at)
        self._after += self._fresh
        self._fresh, self._at, self._bound = 0, at, bound

    def harmful(self) -> bool:
        """Whether the wealth ever reached its limit, and the control's own surge does not explain it."""
        return self._rejected() and not self._excused()

    def _rejected(self) -> bool:
        return self._test is not None and self._test.rejected

    def _excused(self) -> bool:
        return self._control.excuses(self._usual, self._after, tolerate=self._options.tolerate, phi=self._started().phi)

    def judge(self) -> Finding:
        """Compare the best wealth so far with its limit."""
        total = self._usual.total
        if total < MIN_BASELINE:
            lack = longer(total, MIN_BASELINE, self._release.baseline_to - self._release.baseline_from)
            sentence = f"{total} complaints before the deploy, {MIN_BASELINE} needed for a comparison; {lack}"
            return Finding(
                "surge", harm=False, code="baseline_too_small", sentence=sentence, ready=False, statistical=True
            )
        test, harm = self._started(), self.harmful()
        excused = self._rejected() and not harm
        return Finding(
            rule="surge",
            harm=harm,
            code="complaints_surged" if harm else self._excuse_code() if excused else "complaints_usual",
            sentence=self._sentence(test) + (self._excuse() if excused else ""),
            decision=Decision(self._options.decision),
            ready=not excused,
            statistical=True,
            numbers={
                "surge_odds": test.odds,
                "surge_odds_needed": test.odds_needed,
                "ratio": test.ratio,
                "complaints_baseline": total,
                "complaints_post": self._after,
                **({"control_ratio": self._control.times()} if self._control.heard else {}),
            },
        )

    def _sentence(self, test: SurgeTest) -> str:
        return (
            f"{mentions(self._after)} negative since the deploy, {test.ratio:.1f} times the usual at this time; "
            f"{one_in(test.odds)} if up to {self._options.tolerate:g} times were harmless"
        )

    def _excuse_code(self) -> str:
        return "control_surged_too" if self._control.moved(self._started().ratio) else "control_too_thin"

    def _excuse(self) -> str:
        times, seen = self._control.times(), f"{self._control.seen:,} of the control's"
        if self._control.moved(self._started().ratio):
            return f"; but {seen} are {times:.1f} times its usual too, and what remains may be chance"
        return f"; but {seen} are too few to tell that it has no surge of its own ({times:.1f} times its usual)"

    def _started(self) -> SurgeTest:
        if self._test is None:
            options = self._options
            phi = dispersion(self._usual.blocks(), self._usual.rates)
            self._test = SurgeTest(phi, alpha=options.alpha, tolerate=options.tolerate)
            self._ceiling = self._usual.ceiling(phi, FOR_RATE * options.alpha)
        return self._test

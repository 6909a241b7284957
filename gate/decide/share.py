"""Rule ``share``: more of the mentions are negative than before the deploy.

The statistics are in ``martingale`` (the test), ``bets``, ``bursts`` and ``bounds``; here they become a rule.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from gate.decide.control import Control
from gate.decide.levels import check_alpha, seed_of
from gate.decide.martingale import ShareTest
from gate.decide.words import EVEN, about, chance, longer, mentions, percent
from gate.model import Decision, Finding, Period

if TYPE_CHECKING:
    from gate.decide.rules import Context
    from gate.model import Scored

MIN_BASELINE = 10
"""Below this a rank among the baseline is too coarse to say anything useful."""
NORMAL = 50
"""Mentions on either side below which the bound on the change, which takes means for normal, rules nothing out."""


@dataclass(frozen=True, slots=True)
class Share:
    """Harm when the negative share rose by more than is tolerated."""

    alpha: float = 0.01
    """Largest chance of halting a harmless release, over all looks together."""
    tolerate: float = 0.02
    """Part of the mentions that may turn negative without it being harm; 0.02 is two points."""
    decision: Literal["halt", "hold"] = "halt"
    """What the pipeline is told when this rule finds harm: stop and roll back, or stop and wait for somebody."""

    def __post_init__(self) -> None:
        """Refuse levels that mean nothing."""
        check_alpha(self.alpha)
        if not 0 <= self.tolerate < 1:
            message = f"tolerate is a share from 0 to below 1 (0.02 is two points), not {self.tolerate:g}"
            raise ValueError(message)

    def state(self, context: Context) -> ShareState:
        """Start with no scores."""
        return ShareState(self, context)


class ShareState:
    """The scores before the deploy, and the test of those after it."""

    def __init__(self, options: Share, context: Context) -> None:
        """Take the level, the tolerance and the scorer's densities."""
        self._options = options
        self._densities = context.densities
        self._release = context.release
        self._baseline: list[float] = []
        self._test: ShareTest | None = None
        self._control_before: list[float] = []
        self._control: Control | None = None
        self._negative_before = self._negative_after = self._after = 0
        self._control_negative = dict.fromkeys(Period, 0)

    def fold_baseline(self, scored: Scored) -> None:
        """Add one score from before the deploy to the reference."""
        self._baseline.append(scored.negative)
        self._negative_before += scored.negative > EVEN

    def fold(self, scored: Scored) -> None:
        """Test one score from after the deploy; O(log n) comparisons."""
        if not scored.compared:
            return
        self._after += 1
        self._negative_after += scored.negative > EVEN
        if len(self._baseline) >= MIN_BASELINE:
            self._started().update(scored.negative)
        if control := self._compared():
            control.add_ours(scored.negative)

    def fold_control(self, scored: Scored) -> None:
        """Add one score of the control, from before the deploy or after it."""
        if scored.period is Period.BASELINE:
            self._control_before.append(scored.negative)
        elif scored.compared and (control := self._compared()):
            control.add(scored.negative)
        else:
            return
        self._control_negative[scored.period] += scored.negative > EVEN

    def harmful(self) -> bool:
        """Whether the wealth ever reached 1/alpha, and the control does not explain it."""
        return self._rejected() and not self._excused()

    def _rejected(self) -> bool:
        return self._test is not None and self._test.rejected

    def _excused(self) -> bool:
        return self._control is not None and self._control.excuses(self._started().burstiness)

    def judge(self) -> Finding:
        """Compare the best wealth so far with 1/alpha."""
        count, options = len(self._baseline), self._options
        if count < MIN_BASELINE:
            lack = longer(count, MIN_BASELINE, self._release.baseline_to - self._release.baseline_from)
            sentence = f"{mentions(count)} before the deploy, {MIN_BASELINE} needed for a comparison; {lack}"
            return Finding(
                "share", harm=False, code="baseline_too_small", sentence=sentence, ready=False, statistical=True
            )
        test, harm = self._started(), self.harmful()
        excused = self._rejected() and not harm
        change = test.estimate()
        return Finding(
            rule="share",
            harm=harm,
            code="share_rose" if harm else self._excuse()[0] if excused else "share_held",
            sentence=self._sentence(test.odds) + (self._excuse()[1] if excused else ""),
            decision=Decision(options.decision),
            ready=self._after > 0 and not excused,
            statistical=True,
            ruled_out=min(count, self._after) >= NORMAL and change.high < options.tolerate,
            numbers={
                "odds": test.odds,
                "odds_needed": 1 / options.alpha,
                "share_before": self._negative_before / count,
                "share_after": self._negative_after / self._after if self._after else None,
                "change_low": change.low,
                "change_high": change.high,
                "burstiness": test.burstiness,
                "mentions_baseline": count,
                "mentions_post": self._after,
                **self._control_numbers(),
            },
        )

    def _control_numbers(self) -> dict[str, float | int | None]:
        if not self._control_before:
            return {}
        before, after, seen = self._control_shares()
        return {
            "control_rise": self._control.rise() if self._control else 0.0,
            "control_share_before": before,
            "control_share_after": after,
            "control_baseline": len(self._control_before),
            "control_post": seen,
        }

    def _control_shares(self) -> tuple[float, float | None, int]:
        """The control's negative share before the deploy and since, and how many mentions that rests on."""
        negative, seen = self._control_negative, self._control.count if self._control else 0
        after = negative[Period.POST] / seen if seen else None
        return negative[Period.BASELINE] / len(self._control_before), after, seen

    def _excuse(self) -> tuple[str, str]:
        """Why harm is not found that the test found: a code and the end of the sentence."""
        control, (before, after, seen) = self._control, self._control_shares()
        if control is None or after is None:
            return "control_too_thin", "; but no mention of the control has come yet, which may have risen as much"
        went = f"from {percent(before)} to {percent(after)} in {mentions(seen)}"
        if control.moved():
            how = "rose" if after > before else "went"
            return (
                "control_rose_too",
                f"; but the control's negative share {how} {went} too, and what remains may be chance",
            )
        missing = control.missing(self._started().burstiness)
        needed = (
            f"{about(missing)} more of them would tell"
            if missing
            else f"{len(self._control_before):,} of them before the deploy are too few to tell ever"
        )
        return (
            "control_too_thin",
            f"; but the control's, which went {went}, may have risen as much for all that is known: {needed}",
        )

    def _compared(self) -> Control | None:
        if self._control is None and self._control_before:
            self._control = Control(
                self._baseline, self._control_before, self._densities, tolerate=self._options.tolerate
            )
        return self._control

    def _started(self) -> ShareTest:
        if self._test is None:
            alpha, tolerate, before = self._options.alpha, self._options.tolerate, self._baseline
            seed = seed_of(self._release, before)
            self._test = ShareTest(before, alpha=alpha, tolerate=tolerate, densities=self._densities, seed=seed)
        return self._test

    def _sentence(self, odds: float) -> str:
        if not self._after:
            return "no mention since the deploy yet"
        before, after = self._negative_before / len(self._baseline), self._negative_after / self._after
        return (
            f"{percent(after)} of {mentions(self._after)} since the deploy are negative, "
            f"{percent(before)} of {len(self._baseline):,} before; {chance(odds)}"
        )

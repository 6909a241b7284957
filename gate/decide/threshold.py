"""Rule ``threshold``: a plain bound on one number, for those who know their own scale.

It is no statistical test: looked at often enough, noise will cross it. ``min_mentions`` keeps a
handful of posts from deciding; ``share`` is the rule to prefer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from gate.decide.words import mentions, percent
from gate.model import Decision, Finding

if TYPE_CHECKING:
    from gate.decide.rules import Context
    from gate.model import Scored


@dataclass(frozen=True, slots=True)
class Threshold:
    """Harm when a metric of the mentions after the deploy leaves its bounds."""

    metric: Literal["mean_score", "negative_share"]
    """``mean_score`` is the mean mood (-1 … 1, good is high); ``negative_share`` the part that reads as negative."""
    min: float | None = None
    """Harm below this."""
    max: float | None = None
    """Harm above this."""
    min_mentions: int = 30
    """Says nothing before this many mentions after the deploy."""
    decision: Literal["halt", "hold"] = "halt"
    """What the pipeline is told when this rule finds harm: stop and roll back, or stop and wait for somebody."""

    def __post_init__(self) -> None:
        """Refuse bounds that can never or always trip."""
        if self.min is None and self.max is None:
            message = "needs min or max"
            raise ValueError(message)
        low, high = (-1.0, 1.0) if self.metric == "mean_score" else (0.0, 1.0)
        for bound in (self.min, self.max):
            if bound is not None and not low <= bound <= high:
                message = f"{self.metric} lies between {low:g} and {high:g}, so a bound of {bound:g} is never reached"
                raise ValueError(message)
        if self.min_mentions < 1:
            message = "min_mentions must be at least 1"
            raise ValueError(message)

    def state(self, context: Context) -> ThresholdState:  # noqa: ARG002 - it needs none of it
        """Start with no mention seen."""
        return ThresholdState(self)


class ThresholdState:
    """Running sums of the mentions after the deploy."""

    def __init__(self, options: Threshold) -> None:
        """Take the bounds."""
        self._options = options
        self._count = 0
        self._score = 0.0
        self._negative = 0

    def fold_baseline(self, scored: Scored) -> None:
        """Nothing: this rule knows no before."""

    def fold(self, scored: Scored) -> None:
        """Count one mention after the deploy."""
        self._count += 1
        self._score += scored.score
        self._negative += scored.negative > 0.5  # noqa: PLR2004 - the even chance

    def harmful(self) -> bool:
        """Whether the metric is out of bounds."""
        return self.judge().harm

    def judge(self) -> Finding:
        """Compare the metric with its bounds."""
        options = self._options
        if self._count < options.min_mentions:
            sentence = f"{mentions(self._count)} since the deploy, {options.min_mentions} needed for {options.metric}"
            return Finding("threshold", harm=False, code="too_few_mentions", sentence=sentence, ready=False)
        value = (self._score if options.metric == "mean_score" else self._negative) / self._count
        low = options.min is not None and value < options.min
        high = options.max is not None and value > options.max
        return Finding(
            rule="threshold",
            harm=low or high,
            code="below_minimum" if low else "above_maximum" if high else "within_bounds",
            sentence=self._sentence(value, low=low, high=high),
            decision=Decision(options.decision),
            numbers={options.metric: value, "min": options.min, "max": options.max, "mentions_post": self._count},
        )

    def _sentence(self, value: float, *, low: bool, high: bool) -> str:
        options = self._options
        mean = options.metric == "mean_score"
        what = "the mean mood" if mean else "the negative share"

        def shown(number: float | None) -> str:
            return "" if number is None else f"{number:+.2f}" if mean else percent(number)

        of = f"{what} of {mentions(self._count)} is {shown(value)}"
        if low:
            return f"{of}, below the minimum of {shown(options.min)}"
        if high:
            return f"{of}, above the maximum of {shown(options.max)}"
        return f"{of}, within bounds"

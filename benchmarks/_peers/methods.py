"""How other release gates decide, written anew from what is documented of them, on scores of mentions.

Each takes P(negative) of the mentions before the deploy, then at each look those of the mentions since the last one, and
tells whether it would halt now. They are given our scorer, our filters and our cadence, so that only the decision differs.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections import Counter
from datetime import timedelta
from functools import partial
from statistics import NormalDist, fmean
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

THRESHOLD = 0.5
"""On a scale from 0, bad, to 1, good: the default of Microsoft's gate, and what we give Argo Rollouts too."""
THRESHOLDS = (0.3, 0.4, 0.45, THRESHOLD, 0.55)
PAGE = 100
"""Microsoft's gate read one page of the newest posts, never more."""
CONFIDENCE, TOLERANCE = 0.98, 0.25
"""Of Kayenta's default judge."""
CONFIDENCES = (0.8, 0.9, 0.95, CONFIDENCE, 0.99, 0.999, 0.9999, 0.99999)
INTERVAL = timedelta(minutes=5)
"""Between two measurements, as in the examples of Argo Rollouts."""
LIMITS = (0, 3, 10, 20, 40, 60, 80)


class Method(Protocol):
    """A gate's rule."""

    def look(self, at: datetime, fresh: Sequence[float]) -> bool:
        """Take P(negative) of the mentions since the last look; tell whether to halt."""


class FixedThreshold:
    """The Twitter gate for Azure Pipelines (2017 to 2023): the mean score must be above a threshold; no post passes.

    Its weights for likes and reposts are left out: most sources have neither. In Azure a sample that fails is taken again
    until a timeout; here the first one that fails halts, as it is the answer at that moment.
    """

    def __init__(self, _baseline: Sequence[float], threshold: float = THRESHOLD) -> None:
        """Know nothing of before."""
        self._threshold = threshold
        self._page: list[float] = []

    def look(self, _at: datetime, fresh: Sequence[float]) -> bool:
        """Compare the mean of the newest page with the threshold."""
        self._page = [*self._page, *(1 - negative for negative in fresh)][-PAGE:]
        return bool(self._page) and fmean(self._page) <= self._threshold


class MannWhitney:
    """The rank-sum test of two samples, the second of which grows: normal approximation with the correction for ties.

    >>> test = MannWhitney([0.1, 0.2, 0.3])
    >>> for x in (0.2, 0.8): test.add(x)
    >>> test.u, round(test.z, 3)
    (4.5, 0.889)
    """

    def __init__(self, before: Sequence[float]) -> None:
        """Take the first sample."""
        self._before = sorted(before)
        self._ties = Counter(before)
        self._cubes = sum(t**3 - t for t in self._ties.values())
        self._after = 0
        self.u = 0.0
        """Pairs in which the second sample is higher, ties counting half."""

    def add(self, x: float) -> None:
        """One value of the second sample."""
        low, high = bisect_left(self._before, x), bisect_right(self._before, x)
        self.u += (low + high) / 2
        tied = self._ties[x]
        self._cubes += 3 * tied * (tied + 1)
        self._ties[x] += 1
        self._after += 1

    @property
    def z(self) -> float:
        """Standard errors by which the second sample is higher than if nothing differed."""
        pairs, total = len(self._before) * self._after, len(self._before) + self._after
        if not pairs:
            return 0.0
        variance = pairs / 12 * (total + 1 - self._cubes / (total * (total - 1)))
        return (self.u - pairs / 2) / math.sqrt(variance) if variance > 0 else 0.0


class RepeatedMannWhitney:
    """Kayenta's judge, asked again at each look about all that is there so far.

    It fails a metric when the 98 % interval of the shift lies beyond a quarter of the shift estimated. Around the normal
    that interval is the estimate with 2.33 standard errors on either side, so it lies there from z = 2.33 / 0.75 = 3.10 on.
    """

    def __init__(self, baseline: Sequence[float], confidence: float = CONFIDENCE) -> None:
        """Take the control sample."""
        self._test = MannWhitney(baseline)
        self._critical = NormalDist().inv_cdf((1 + confidence) / 2) / (1 - TOLERANCE)

    def look(self, _at: datetime, fresh: Sequence[float]) -> bool:
        """Test all so far."""
        for negative in fresh:
            self._test.add(negative)
        return self._test.z > self._critical


class FailureLimit:
    """A metric of Argo Rollouts: the mean of each interval must reach a value; more failures than the limit end the rollout.

    An interval without a post measures nothing and is left out.
    """

    def __init__(self, _baseline: Sequence[float], limit: int) -> None:
        """Allow this many failed measurements."""
        self._left = limit
        self._since: datetime | None = None
        self._scores: list[float] = []

    def look(self, at: datetime, fresh: Sequence[float]) -> bool:
        """Measure when an interval is over."""
        self._scores += (1 - negative for negative in fresh)
        if self._since is None or at - self._since >= INTERVAL:
            self._left -= bool(self._scores) and fmean(self._scores) < THRESHOLD
            self._since, self._scores = at, []
        return self._left < 0


class Setting(NamedTuple):
    """A method with its dial at one place."""

    method: str
    dial: str

    def __str__(self) -> str:
        """``Mann-Whitney 98%``."""
        return f"{self.method} {self.dial}"


METHODS: dict[Setting, Callable[[Sequence[float]], Method]] = {
    **{Setting("threshold", f"{each:g}"): partial(FixedThreshold, threshold=each) for each in THRESHOLDS},
    **{
        Setting("Mann-Whitney", f"{each * 100:g}%"): partial(RepeatedMannWhitney, confidence=each)
        for each in CONFIDENCES
    },
    **{Setting("limit", f"{each}"): partial(FailureLimit, limit=each) for each in LIMITS},
}
"""Each with its dial at several places: a method is as good as the line through its points."""

DOCUMENTED = (
    Setting("threshold", f"{THRESHOLD:g}"),
    Setting("Mann-Whitney", f"{CONFIDENCE * 100:g}%"),
    Setting("limit", "0"),
    Setting("limit", "3"),
)
"""The defaults and examples of those who made them."""

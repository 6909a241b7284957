"""From what came of many pretended deploys to rates, curves and advice. Pure sums."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import NormalDist, median
from typing import TYPE_CHECKING

from gate.backtest.trials import CHANGES, Setting
from gate.decide import Share
from gate.model import Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gate.backtest.trials import Trial
    from gate.decide import Rules

ALPHAS = (0.05, 0.01, 0.001)
TOLERANCES = (0.0, 0.02, 0.05)
PARTS = (0.50, 0.80, 0.95)
"""Parts of the harmful windows for which the smallest change is said."""
USUAL = 0.80
"""The part by which settings are compared: the usual power of a test."""
NEAR = 0.02
"""Settings whose smallest changes differ by less than this count as equally sharp: the grid tells no more."""
FEWEST = 20
"""Windows a setting must have been tried on to be recommended: with fewer, the sharpest is the luckiest."""
CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Rate:
    """How many of how many, with an interval."""

    count: int
    of: int

    @property
    def part(self) -> float:
        """Count over all; 0 of none is 0."""
        return self.count / self.of if self.of else 0.0

    def interval(self) -> tuple[float, float]:
        """Return the 95 % interval of Wilson (1927), sound for few trials and for none or all of them.

        >>> [round(end, 3) for end in Rate(0, 12).interval()]
        [0.0, 0.242]
        """
        if not self.of:
            return 0.0, 1.0
        z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
        n, p = self.of, self.part
        middle = (p + z * z / (2 * n)) / (1 + z * z / n)
        half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
        low = 0.0 if self.count == 0 else middle - half
        return max(0.0, low), 1.0 if self.count == n else min(1.0, middle + half)


@dataclass(frozen=True, slots=True)
class Point:
    """What came of one change."""

    change: float
    """Part of the mentions that turned negative."""
    caught: Rate
    mentions: float | None
    """Median seen when the window was halted; None where none was."""
    hours: float | None
    """Median from the deploy to the halt."""


@dataclass(frozen=True, slots=True)
class Caught:
    """The smallest change caught in a given part of the windows, read off between the points."""

    part: float
    change: float | None
    """None where even the largest change tried is caught less often."""
    mentions: float | None = None
    hours: float | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """One setting on the whole history."""

    setting: Setting
    false_halts: Rate
    inconclusive: int
    """Windows, as they were, that came to no answer."""
    points: tuple[Point, ...]
    """By change; the first is the windows as they were."""

    def caught(self, part: float) -> Caught:
        """Return the smallest change caught in ``part`` of the windows."""
        for low, high in pairwise(self.points):
            if low.caught.part < part <= high.caught.part:
                way = (part - low.caught.part) / (high.caught.part - low.caught.part)
                change = low.change + way * (high.change - low.change)
                return Caught(
                    part, change, _between(low.mentions, high.mentions, way), _between(low.hours, high.hours, way)
                )
        return Caught(part, None)

    def holds(self) -> bool:
        """Whether the false halts are no more than its alpha allows, chance aside."""
        return self.setting.alpha is None or self.false_halts.interval()[0] <= self.setting.alpha


def _between(low: float | None, high: float | None, way: float) -> float | None:
    return high if low is None or high is None else low + way * (high - low)


def settings_of(rules: Rules, times: int) -> list[Setting]:
    """Return the settings to try on windows so many times as long: first the policy's own, then a grid around it.

    A policy without a share rule has no level and no tolerance to choose.
    """
    shares = [rule for rule in rules.rules if isinstance(rule, Share)]
    own = Setting(rules, shares[0].alpha, shares[0].tolerate, times) if shares else Setting(rules, times=times)
    if not shares:
        return [own]
    grid = [
        Setting(_with(rules, alpha, tolerate), alpha, tolerate, times)
        for tolerate in sorted({*TOLERANCES, shares[0].tolerate})
        for alpha in sorted({*ALPHAS, shares[0].alpha}, reverse=True)
    ]
    return [own, *(each for each in grid if each.rules != rules)]


def _with(rules: Rules, alpha: float, tolerate: float) -> Rules:
    changed = (replace(r, alpha=alpha, tolerate=tolerate) if isinstance(r, Share) else r for r in rules.rules)
    return replace(rules, rules=tuple(changed))


def summarise(setting: Setting, windows: Sequence[Sequence[Trial | None]]) -> Result:
    """Sum up one setting.

    Args:
        setting: that was tried.
        windows: what came of it in each window, by change.
    """
    points = []
    for number, change in enumerate(CHANGES):
        trials = [trial for window in windows if (trial := window[number])]
        halted = [trial for trial in trials if trial.outcome is Outcome.FAIL]
        points.append(
            Point(
                change,
                Rate(len(halted), len(trials)),
                median(trial.mentions for trial in halted) if halted else None,
                median(trial.hours for trial in halted) if halted else None,
            )
        )
    unsure = sum(trial.outcome is Outcome.INCONCLUSIVE for window in windows if (trial := window[0]))
    return Result(setting, points[0].caught, unsure, tuple(points))


def recommend(results: Sequence[Result]) -> Result | None:
    """Return the setting that sees the smallest change among those that hold their alpha; None where none does.

    What was tried on too few windows is left out. An alpha above the policy's is never recommended: a larger one always
    sees more, and how many harmless releases may be halted is the user's to say. So is what they tolerate: a smaller
    tolerance always sees more too, as it halts smaller harm. Settings that see about the same are equal; of these, the
    shorter window, then the smaller alpha: each costs nothing then, and halts fewer harmless releases.

    Args:
        results: the policy as it is first.
    """
    own = results[0].setting
    fit = [each for each in _fit(results) if each.setting.tolerate == own.tolerate]
    if not fit:
        return None
    best = min(_change(each) for each in fit)
    equal = [each for each in fit if _change(each) < best + NEAR]
    return min(equal, key=lambda each: (each.setting.times, each.setting.alpha or 0))


def more_tolerant(results: Sequence[Result]) -> Result | None:
    """Return what holds its alpha with the least tolerance above the policy's; of these, what sees the smallest change."""
    own = results[0].setting.tolerate or 0.0
    fit = [each for each in _fit(results) if (each.setting.tolerate or 0.0) > own]
    return min(fit, key=lambda each: (each.setting.tolerate or 0.0, _change(each)), default=None)


def _fit(results: Sequence[Result]) -> list[Result]:
    most = results[0].setting.alpha or 1.0
    tried = [each for each in results if each.false_halts.of >= FEWEST and (each.setting.alpha or 0.0) <= most]
    return [each for each in tried if each.holds() and each.caught(USUAL).change is not None]


def _change(result: Result) -> float:
    return result.caught(USUAL).change or 0.0

"""The share rule's level: unchanged streams, looked at after every mention, are halted no more often than alpha."""

from __future__ import annotations

import math
from functools import cache

import pytest

from gate.backtest.calibration import Rate
from tests.decide.test_martingale import overpay
from tools.simulate_level import KINDS, highest_odds

STREAMS = 120


@cache
def best(kind: str, streams: int, tolerate: float = 0.0) -> list[float]:
    """The highest odds of each of the first streams, 100 mentions before and 200 after."""
    return [highest_odds(seed, kind=kind, before=100, after=200, tolerate=tolerate) for seed in range(streams)]


def most(streams: int, alpha: float) -> float:
    """More halts than this at a true rate of alpha has a chance of about 1 in 1,000."""
    return streams * alpha + 3.1 * math.sqrt(streams * alpha * (1 - alpha))


@pytest.mark.parametrize("alpha", [0.05, 0.01])
@pytest.mark.parametrize("kind", KINDS)
def test_unchanged_streams_are_seldom_halted(kind: str, alpha: float) -> None:
    """Nothing is tolerated, the hardest case; the rule objects are those the gate uses."""
    assert sum(odds >= 1 / alpha for odds in best(kind, STREAMS)) <= most(STREAMS, alpha)


@pytest.mark.parametrize("alpha", [0.05, 0.01])
def test_what_is_tolerated_is_seldom_halted(alpha: float) -> None:
    """Five points have turned negative, and five may."""
    assert sum(odds >= 1 / alpha for odds in best("continuous", 80, 0.05)) <= most(80, alpha)


def test_pay_offs_that_are_too_high_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same simulation fails a rule whose bets pay 3 % more than is fair."""
    overpay(monkeypatch, 1.03)
    odds = [highest_odds(seed, kind="continuous", before=100, after=200, tolerate=0.0) for seed in range(40)]
    assert sum(each >= 1 / 0.05 for each in odds) > most(40, 0.05)


def test_the_level_of_a_part_is_told_with_its_interval() -> None:
    """Wilson's interval: 5 of 100 lies between 2.2 % and 11.2 %, none of 10,000 below 0.04 %."""
    assert [round(x, 3) for x in Rate(5, 100).interval()] == [0.022, 0.112]
    assert Rate(0, 10_000).interval()[1] < 0.0004

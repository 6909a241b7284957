"""What is kept back for a mood that turns late: nothing is won or lost on average, and a turn finds something to grow."""

from __future__ import annotations

import itertools
import math

import pytest

from gate.decide import bets, late
from gate.decide.densities import ScoreDensities
from gate.decide.late import FIRST, KEPT, Late

TERMS = bets.Terms(ScoreDensities.generic(), 0.0, anything=True)
FAMILIES = bets.spread({0.3: 1.0})
BASELINE = 60


def reserve(wealth: float = 1.0) -> Late:
    """Keep so much back."""
    return Late(TERMS, FAMILIES, wealth)


def play(held: Late, ranks: list[float], later: int) -> float:
    """Fold ranks in, the first of which comes after so many mentions since the deploy."""
    for n, p in enumerate(ranks, later):
        held.play(p, 1.0, n, BASELINE + n)
    return held.held()


def means(low: int, high: int) -> list[tuple[float, float]]:
    """Ranks that stand for all, each with its probability: the middle of every step of any bet laid out for these pools."""
    steps = {int((n - begun) / (BASELINE + n) / bets.STEP) for begun in range(low, high) for n in range(begun, high)}
    ends = sorted({0.0, 1.0}.union(*(bets.table(TERMS, (0.3,), each).edges for each in steps)))
    return [((a + b) / 2, b - a) for a, b in itertools.pairwise(ends)]


def test_nothing_is_staked_on_the_first_mentions() -> None:
    """Whatever they say; from the deploy on other bets run."""
    assert play(reserve(), [0.01] * FIRST, 0) == 1.0


def test_what_is_held_is_worth_one_on_average_across_stakes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Over all uniform ranks of four mentions, integrated: at each a stake that fell is taken back and a new one made."""
    monkeypatch.setattr(late, "FIRST", 1)
    places = means(1, 4)
    total = 0.0
    for chosen in itertools.product(places, repeat=3):
        total += math.prod(weight for _, weight in chosen) * play(reserve(), [p for p, _ in chosen], 1)
    assert total == pytest.approx(1, abs=1e-9)


def test_a_turn_grows_what_a_calm_has_left() -> None:
    """After 400 calm mentions a tenth of it is there still, and thirty negative ones make it more than ever."""
    held = reserve(KEPT)
    left = play(held, [k * 0.618034 % 1 for k in range(400)], 0)
    assert KEPT / 10 < left < KEPT
    assert play(held, [0.05] * 30, 400) > 100 * KEPT

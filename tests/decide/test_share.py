"""The share rule keeps its level at every look, and finds a mood that turned."""

from __future__ import annotations

import math
import random

from hypothesis import given
from hypothesis import strategies as st

from gate.decide.share import RankBets, Share
from gate.model import Period
from tests.support import scored

LEVEL = 0.05
RUNS = 300


def false_halts(tolerate: float, turned: float, *, spoil: float = 0.0, runs: int = RUNS) -> int:
    """Count runs of 300 uniform ranks, a share of them turned to the top, that ever reach 1/LEVEL."""
    halted = 0
    for seed in range(runs):
        chance, bets = random.Random(seed), RankBets(tolerate)
        halted += any(
            bets.update(0.0 if chance.random() < turned else chance.random()) + spoil * i >= -math.log(LEVEL)
            for i in range(1, 301)
        )
    return halted


def test_level_holds_at_every_look() -> None:
    """Under looks at every mention at most alpha of the unchanged releases are halted."""
    assert false_halts(0.0, 0.0) <= LEVEL * RUNS


def test_tolerated_change_is_no_harm() -> None:
    """When as many mentions as tolerated turn as bad as can be, the level still holds."""
    assert false_halts(0.05, 0.05) <= LEVEL * RUNS


def test_simulation_would_notice_a_broken_normaliser() -> None:
    """Bets that gain one part in a hundred too much are caught by the same simulation."""
    assert false_halts(0.0, 0.0, spoil=0.02) > LEVEL * RUNS


def test_worse_mood_is_found() -> None:
    """From one in five negative to one in two, two hundred mentions suffice."""
    chance = random.Random(1)
    state = Share().state()
    for i in range(400):
        state.fold_baseline(scored(i, 0.9 if chance.random() < 0.2 else 0.1, Period.BASELINE))
    for i in range(200):
        state.fold(scored(i, 0.9 if chance.random() < 0.5 else 0.1))
    finding = state.judge()
    assert finding.harm
    assert finding.code == "share_rose"


def test_too_small_a_baseline_is_said() -> None:
    """With nine mentions before the deploy the rule refuses to judge, and says what it needs."""
    state = Share().state()
    for i in range(9):
        state.fold_baseline(scored(i, 0.1, Period.BASELINE))
    state.fold(scored(1, 0.9))
    finding = state.judge()
    assert not finding.ready
    assert finding.sentence == "9 mentions before the deploy, 10 needed for a comparison"


@given(st.lists(st.floats(0, 1), min_size=10, max_size=40), st.lists(st.floats(0, 1), max_size=40))
def test_wealth_is_finite_and_folding_is_repeatable(before: list[float], after: list[float]) -> None:
    """Any scores give a finite number, and the same mentions give the same finding."""
    findings = []
    for _ in range(2):
        state = Share().state()
        for i, negative in enumerate(before):
            state.fold_baseline(scored(i, negative, Period.BASELINE))
        for i, negative in enumerate(after):
            state.fold(scored(i, negative))
        findings.append(state.judge())
    assert findings[0] == findings[1]
    assert math.isfinite(float(findings[0].numbers["odds"] or 0))

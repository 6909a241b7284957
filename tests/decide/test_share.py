"""The share rule: when it may judge, what it says, and that it can rule harm out."""

from __future__ import annotations

import math
import random

from hypothesis import given
from hypothesis import strategies as st

from gate.decide.rules import Context
from gate.decide.share import Share, ShareState
from gate.model import Period
from tests.support import release, scored

CONTEXT = Context(release(), None)


def folded(
    before: float, after: float, *, baseline: int = 400, post: int = 200, options: Share | None = None
) -> ShareState:
    """Fold mentions of which these parts are negative."""
    chance = random.Random(1)
    state = (options or Share()).state(CONTEXT)
    for i in range(baseline):
        state.fold_baseline(scored(i, 0.9 if chance.random() < before else 0.1, Period.BASELINE))
    for i in range(post):
        state.fold(scored(i, 0.9 if chance.random() < after else 0.1))
    return state


def test_worse_mood_is_found() -> None:
    """From one in five negative to one in two, two hundred mentions suffice."""
    finding = folded(0.2, 0.5).judge()
    assert finding.harm
    assert finding.code == "share_rose"
    assert not folded(0.5, 0.2).judge().harm


def test_too_small_a_baseline_is_said() -> None:
    """With nine mentions before the deploy the rule refuses to judge, and says what it needs."""
    finding = folded(0.2, 0.9, baseline=9, post=30).judge()
    assert not finding.ready
    assert not finding.harm
    assert finding.sentence == (
        "9 mentions before the deploy, 10 needed for a comparison; "
        "that takes 1 more, or a baseline longer by 3 h at this rate"
    )
    assert folded(0.2, 0.9, baseline=0).judge().sentence == (
        "0 mentions before the deploy, 10 needed for a comparison; "
        "a longer baseline.length or a baseline.file may bring them"
    )


def test_harm_is_ruled_out_only_with_plenty_of_mentions() -> None:
    """The bound on the change falls below the tolerance after thousands of calm mentions, not after two hundred."""
    options = Share(tolerate=0.05)
    assert not folded(0.2, 0.2, options=options).judge().ruled_out
    assert folded(0.2, 0.1, baseline=2000, post=2000, options=options).judge().ruled_out
    assert not folded(0.2, 0.5, baseline=2000, post=2000, options=options).judge().ruled_out


@given(st.lists(st.floats(0, 1), min_size=10, max_size=40), st.lists(st.floats(0, 1), max_size=40))
def test_wealth_is_finite_and_folding_is_repeatable(before: list[float], after: list[float]) -> None:
    """Any scores give a finite number, and the same mentions give the same finding."""
    findings = []
    for _ in range(2):
        state = Share().state(CONTEXT)
        for i, negative in enumerate(before):
            state.fold_baseline(scored(i, negative, Period.BASELINE))
        for i, negative in enumerate(after):
            state.fold(scored(i, negative))
        findings.append(state.judge())
    assert findings[0] == findings[1]
    assert math.isfinite(float(findings[0].numbers["odds"] or 0))

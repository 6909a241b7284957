"""The control stream by simulation: a mood of everybody's is excused, harm of our own is not."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from gate.decide.control import Control, Raised
from gate.decide.rules import Context
from gate.decide.share import Share
from gate.model import Period
from tests.decide.test_martingale import SCORERS
from tests.support import release, scored

if TYPE_CHECKING:
    from gate.decide.share import ShareState

DRAW, DENSITIES = SCORERS["continuous"]


def judged(number: int, ours: float, control: float | None, *, posts: int = 200) -> tuple[bool, bool]:
    """Fold streams of 0.20 negative before and these shares since; whether harm is found with the control, and without."""
    chance = random.Random(f"control:{number}")
    with_control, without = (Share().state(Context(release(), DENSITIES)) for _ in range(2))

    def fold(state: ShareState, share: float, period: Period, *, theirs: bool = False) -> None:
        mention = scored(0, DRAW(chance, share), period, control=theirs)
        if theirs:
            state.fold_control(mention)
        elif period is Period.BASELINE:
            state.fold_baseline(mention)
            without.fold_baseline(mention)
        else:
            state.fold(mention)
            without.fold(mention)

    for _ in range(300):
        fold(with_control, 0.2, Period.BASELINE)
        if control is not None:
            fold(with_control, 0.2, Period.BASELINE, theirs=True)
    found = alone = False
    for _ in range(posts):
        fold(with_control, ours, Period.POST)
        if control is not None:
            fold(with_control, control, Period.POST, theirs=True)
        found, alone = found or with_control.harmful(), alone or without.harmful()
        if found:
            break
    assert alone or not found, "harm that the test without the control does not find"
    return found, alone


def test_what_moves_everybody_halts_nobody() -> None:
    """Both streams 0.20 to 0.50: at most one halt in 16, looking after every mention; most are halted without a control."""
    streams = [judged(k, 0.5, 0.5) for k in range(16)]
    found, alone = (sum(each) for each in zip(*streams, strict=True))
    assert found <= 1
    assert alone >= 10


def test_harm_of_our_own_is_found_beside_a_calm_control() -> None:
    """0.20 to 0.50 within 300 mentions: most of what is found without a control."""
    streams = [judged(k, 0.5, 0.2, posts=300) for k in range(16)]
    found, alone = (sum(each) for each in zip(*streams, strict=True))
    assert found >= 8
    assert found >= 0.7 * alone


def test_a_control_that_says_nothing_changes_nothing() -> None:
    """Without one control mention the finding is that of the test alone."""
    assert all(found == alone for found, alone in (judged(k, 0.5, None) for k in range(5)))


def test_a_fall_of_the_control_is_not_held_against_a_release() -> None:
    """Ours as before, the control calmer: no harm."""
    assert not any(judged(k, 0.2, 0.02)[0] for k in range(5))


def test_what_the_control_excuses_is_said() -> None:
    """Neither harm nor calm: the rule cannot judge, and says why."""
    state = Share().state(Context(release(), None))
    for period, count, share in ((Period.BASELINE, 300, 0.2), (Period.POST, 300, 0.8)):
        chance = random.Random(period.value)
        for i in range(count):
            score = 0.9 if chance.random() < share else 0.1
            (state.fold_baseline if period is Period.BASELINE else state.fold)(scored(i, score, period))
            state.fold_control(scored(i, score, period, control=True))
    finding = state.judge()
    assert (finding.harm, finding.ready, finding.code) == (False, False, "control_rose_too")
    assert "of the control's 300 mentions turned negative too" in finding.sentence
    assert finding.numbers["control_post"] == 300


def test_a_control_without_a_baseline_has_not_risen() -> None:
    """Nine mentions before the deploy are nothing to tell a rise from."""
    control = Control([0.1] * 9, DENSITIES)
    control.add(0.99)
    assert control.rise() == 0


def test_a_rise_beyond_every_step_excuses_anything() -> None:
    """Where more than half of the control turned, nothing is put down to the release."""
    raised = Raised([0.1] * 50, alpha=0.01, tolerate=0.02, densities=None, seed=1)
    assert raised.rejected(0)
    assert not raised.rejected(0.9)

"""The control stream by simulation: a mood of everybody's is excused however thin the control, harm of our own is found."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from gate.decide.control import BLAMED, Control
from gate.decide.rules import Context
from gate.decide.share import Share
from gate.model import Period
from tests.decide.test_martingale import SCORERS
from tests.support import release, scored

if TYPE_CHECKING:
    from gate.decide.share import ShareState
    from gate.model import Finding

DRAW, DENSITIES = SCORERS["continuous"]


def judged(number: int, ours: float, control: float | None, *, posts: int = 250, every: int = 1) -> tuple[bool, bool]:
    """Fold streams of 0.20 negative before and these shares since, the control heard at each so manyth mention of ours.

    Returns whether harm is found with the control, and without.
    """
    chance = random.Random(f"control:{number}")
    state = Share().state(Context(release(), DENSITIES))

    def fold(share: float, period: Period, *, theirs: bool = False) -> None:
        mention = scored(0, DRAW(chance, share), period, control=theirs)
        if theirs:
            state.fold_control(mention)
        elif period is Period.BASELINE:
            state.fold_baseline(mention)
        else:
            state.fold(mention)

    for k in range(300):
        fold(0.2, Period.BASELINE)
        if control is not None and k % every == 0:
            fold(0.2, Period.BASELINE, theirs=True)
    alone = False
    for k in range(posts):
        fold(ours, Period.POST)
        if control is not None and k % every == 0:
            fold(control, Period.POST, theirs=True)
        alone = alone or state._rejected()  # noqa: SLF001 - what the test of the policy says by itself
        if state.harmful():
            return True, alone
    return False, alone


@pytest.mark.parametrize("every", [1, 5, 20])
def test_what_moves_everybody_halts_nobody(every: int) -> None:
    """Both 0.20 to 0.50: none of 10 streams is halted, though most would be, be the control heard as often or seldom."""
    found, alone = (sum(each) for each in zip(*(judged(k, 0.5, 0.5, every=every) for k in range(10)), strict=True))
    assert found == 0
    assert alone >= 6


@pytest.mark.parametrize(("ours", "every"), [(0.6, 1), (0.8, 5)])
def test_harm_of_our_own_is_found_beside_a_calm_control(ours: float, every: int) -> None:
    """Four in five of what is found without a control, a collapse of the mood even where the control is heard a fifth as often."""
    found, alone = (sum(each) for each in zip(*(judged(k, ours, 0.2, every=every) for k in range(12)), strict=True))
    assert found >= 0.8 * alone > 5


def blamed(theirs: int, streams: int = 60, *, known: bool = False) -> float:
    """Return how often the evidence alone is ever enough where 0.20 of both streams went to 0.50; ``known``: noise left out."""
    count = 0
    for number in range(streams):
        chance = random.Random(f"blamed:{theirs}:{number}")
        ours, others = ([DRAW(chance, 0.2) for _ in range(size)] for size in (300, theirs))
        control = Control(ours, others, DENSITIES, tolerate=0)
        if known:
            control._theirs.variance = lambda more=0: 0.0 * more  # type: ignore[method-assign] # noqa: SLF001 - broken
        control.add(DRAW(chance, 0.5))
        for _ in range(100):
            control.add_ours(DRAW(chance, 0.5))
            if chance.random() < theirs / 300:
                control.add(DRAW(chance, 0.5))
            if not control.excuses(1.0):
                count += 1
                break
    return count / streams


@pytest.mark.parametrize("theirs", [15, 60])
def test_a_thin_control_is_no_reason_to_blame_us(theirs: int) -> None:
    """Looking after each mention, at most the part that is claimed; many times as much where its noise is left out."""
    assert blamed(theirs) <= BLAMED
    assert blamed(theirs, known=True) > 4 * BLAMED


def test_a_control_that_says_nothing_changes_nothing() -> None:
    """Without one control mention the finding is that of the test alone."""
    assert all(found == alone for found, alone in (judged(k, 0.5, None) for k in range(5)))


def test_a_control_that_is_silent_since_the_deploy_delays_little() -> None:
    """Until three of its mentions should have come, at its pace among ours, it may speak yet; from then on it is deaf."""
    control = Control([0.1, 0.2, 0.1, 0.9] * 50, [0.1, 0.2, 0.1, 0.9] * 10, None, tolerate=0)
    excused = []
    for _ in range(20):
        control.add_ours(0.9)
        excused.append(control.excuses(1.0))
    assert excused == [True] * 14 + [False] * 6


def test_a_fall_of_the_control_is_not_held_against_a_release() -> None:
    """Ours as before, the control calmer: no harm."""
    assert not any(judged(k, 0.2, 0.02)[0] for k in range(5))


def finding(control: float, *, theirs: int = 300, since: int = 300) -> Finding:
    """Judge 0.20 to 0.80 of ours beside a control of 0.20 before."""
    state: ShareState = Share().state(Context(release(), None))
    for period, ours, share, size in (
        (Period.BASELINE, 0.2, 0.2, theirs),
        (Period.POST, 0.8, control, since),
    ):
        fold = state.fold_baseline if period is Period.BASELINE else state.fold
        for i in range(300):
            fold(scored(i, 0.9 if i % 10 < 10 * ours else 0.1, period))
        for i in range(size):
            state.fold_control(scored(i, 0.9 if i % 10 < 10 * share else 0.1, period, control=True))
    return state.judge()


def test_what_the_control_excuses_is_said() -> None:
    """Neither harm nor calm: the rule cannot judge, and tells the control's share on the scale of ours."""
    told = finding(0.8)
    assert (told.harm, told.ready, told.code) == (False, False, "control_rose_too")
    assert told.sentence.startswith("80 % of 300 mentions since the deploy are negative, 20 % of 300 before; ")
    assert "; but the control's negative share rose from 20 % to 80 % in 300 mentions too" in told.sentence
    assert told.numbers["control_share_before"] == pytest.approx(0.2)
    assert told.numbers["control_share_after"] == pytest.approx(0.8)
    assert told.numbers["control_post"] == 300


def test_how_many_mentions_a_thin_control_lacks_is_said() -> None:
    """With that many more of the same the rule judges."""
    told = finding(0.3, theirs=40, since=10)
    assert (told.harm, told.ready, told.code) == (False, False, "control_too_thin")
    ending = "went from 20 % to 30 % in 10 mentions, may have risen as much for all that is known: "
    missing = int(told.sentence.split(ending)[1].removeprefix("about ").split()[0])
    assert 0 < missing < 100
    assert told.sentence.endswith(" more of them would tell")
    assert finding(0.3, theirs=40, since=10 + -(-missing // 10) * 10).harm


def test_a_control_too_small_before_the_deploy_is_said() -> None:
    """No number of mentions since would tell then."""
    told = finding(0.4, theirs=10, since=10)
    assert (told.harm, told.ready, told.code) == (False, False, "control_too_thin")
    assert told.sentence.endswith("10 of them before the deploy are too few to tell ever")


def test_a_control_without_a_baseline_excuses_nothing() -> None:
    """Nine mentions before the deploy are nothing to tell a rise from."""
    assert finding(0.8, theirs=9).harm
    assert finding(0.8, theirs=9).numbers["control_rise"] == 0

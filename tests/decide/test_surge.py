"""The surge rule: a flood of complaints is found, launch noise is not, and how often one looks changes nothing."""

from __future__ import annotations

import json
import math
import random
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gate.decide.rules import Context
from gate.decide.surge import Surge, SurgeState
from gate.decide.surges import margin
from gate.decide.usual import Usual
from gate.model import Period, Release
from tests.support import DEPLOY, release, scored

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gate.model import Finding, Scored

HOUR = timedelta(hours=1)
USUAL = 12.0
"""Complaints an hour."""


def seen(at: datetime, negative: float, period: Period = Period.POST, *, compared: bool = True) -> Scored:
    """Build a scored mention of some time."""
    return replace(scored(0, negative, period), created_at=at, compared=compared)


def arrivals(chance: random.Random, per_hour: float, begin: datetime, hours: float) -> list[datetime]:
    """Draw the times of complaints that come independently at one rate."""
    times, at = [], chance.expovariate(per_hour)
    while at < hours:
        times.append(begin + at * HOUR)
        at += chance.expovariate(per_hour)
    return times


def started(
    chance: random.Random, per_hour: float = USUAL, *, days: int = 1, options: Surge | None = None
) -> SurgeState:
    """Return the rule after a baseline in which one post in three complains."""
    before = timedelta(days=days)
    state = (options or Surge()).state(Context(release(6 * HOUR, before), None))
    for number, at in enumerate(arrivals(chance, 3 * per_hour, DEPLOY - before, 24 * days)):
        state.fold_baseline(seen(at, 0.2 if number % 3 else 0.9, Period.BASELINE))
    return state


def watched(state: SurgeState, complaints: Sequence[datetime], looks: Sequence[datetime]) -> SurgeState:
    """Let the rule look at these times."""
    left = sorted(complaints)
    for look in looks:
        while left and left[0] < look:
            state.fold(seen(left.pop(0), 0.9))
        state.advance(look)
    return state


def every(minutes: int, hours: float = 6) -> list[datetime]:
    """Return the times of looks."""
    return [DEPLOY + k * timedelta(minutes=minutes) for k in range(1, int(hours * 60 / minutes) + 1)]


def halted(times: float, streams: int = 25) -> int:
    """Count the streams halted within six hours when complaints come so many times as fast."""
    count = 0
    for seed in range(streams):
        chance = random.Random(f"surge:{times}:{seed}")
        state = started(chance)
        count += watched(state, arrivals(chance, times * USUAL, DEPLOY, 6), every(1)).harmful()
    return count


@pytest.mark.parametrize("times", [1, 3])
def test_launch_noise_is_no_harm(times: float) -> None:
    """The usual rate, and three times as much, which is what is tolerated: at most one of 25 streams is halted."""
    assert halted(times) <= 1


def test_a_flood_is_found() -> None:
    """Ten times the usual complaints are found in nearly all streams."""
    assert halted(10) >= 24


def test_posts_that_do_not_complain_are_no_flood() -> None:
    """A hundred cheerful posts a minute are buzz."""
    state = started(random.Random(1))
    for look in every(1, hours=1):
        for _ in range(100):
            state.fold(seen(look, 0.2))
        state.advance(look)
    assert not state.harmful()
    assert state.judge().numbers["complaints_post"] == 0


def test_sources_that_were_not_heard_before_do_not_count() -> None:
    """Complaints with nothing to compare them with are not held against the release."""
    state = started(random.Random(1))
    for look in every(1, hours=1):
        for _ in range(20):
            state.fold(seen(look, 0.9, compared=False))
        state.advance(look)
    assert not state.harmful()


def test_too_small_a_baseline_is_said() -> None:
    """With nine complaints before the deploy the rule refuses to judge, and says what it needs."""
    state = Surge().state(Context(release(), None))
    for _ in range(9):
        state.fold_baseline(seen(DEPLOY - HOUR, 0.9, Period.BASELINE))
    finding = watched(state, [DEPLOY] * 500, every(1, hours=1)).judge()
    assert not finding.harm
    assert not finding.ready
    assert finding.code == "baseline_too_small"
    assert finding.sentence == (
        "9 complaints before the deploy, 10 needed for a comparison; "
        "that takes 1 more, or a baseline longer by 3 h at this rate"
    )


@settings(max_examples=10)
@given(st.integers(0, 10_000), st.sampled_from([2, 5, 15, 60, 360]), st.sampled_from([1, 3]))
def test_how_often_one_looks_changes_nothing(seed: int, minutes: int, days: int) -> None:
    """The same complaints seen each minute or at other looks give the same wealth, up to rounding, with one rate or a rate an hour."""
    chance = random.Random(seed)
    complaints = arrivals(chance, 4 * USUAL, DEPLOY, 6)
    often, seldom = (watched(started(random.Random(seed), days=days), complaints, every(step)) for step in (1, minutes))
    # Odds are the best wealth at any look, which more looks can only raise; the wealth itself is the same.
    assert wealth(often) == pytest.approx(wealth(seldom), abs=1e-6)
    assert float(often.judge().numbers["surge_odds"] or 0) >= float(seldom.judge().numbers["surge_odds"] or 0) * 0.999


def wealth(state: SurgeState) -> float:
    """Return the logarithm of the wealth now."""
    assert state._test is not None  # noqa: SLF001 - no sentence tells the wealth of now
    return state._test.log_wealth  # noqa: SLF001


def plain(finding: Finding) -> str:
    """Write a finding out."""
    return json.dumps([finding.sentence, finding.code, finding.harm, dict(finding.numbers)])


def test_the_same_complaints_give_the_same_finding() -> None:
    """To the byte."""
    first, second = (
        plain(watched(started(random.Random(3)), arrivals(random.Random(4), 50, DEPLOY, 6), every(1)).judge())
        for _ in range(2)
    )
    assert first == second


def test_the_sentence_tells_the_ratio_and_the_odds() -> None:
    """What a release manager reads when complaints flood in."""
    chance = random.Random(5)
    finding = watched(started(chance), arrivals(chance, 10 * USUAL, DEPLOY, 2), every(1, hours=2)).judge()
    assert finding.code == "complaints_surged"
    assert "times the usual at this time; 1 in " in finding.sentence
    assert finding.sentence.endswith(" if up to 3 times were harmless")
    assert 8 < float(finding.numbers["ratio"] or 0) < 12


def test_the_hour_of_the_day_is_taken_into_account() -> None:
    """After a week in which 14 to 20 h had fifteen times the complaints, the same again there is no surge."""
    chance = random.Random(6)
    week = timedelta(days=7)
    state = Surge(tolerate=1).state(Context(release(6 * HOUR, week), None))
    loud = [DEPLOY - day * timedelta(days=1) for day in range(1, 8)]
    times = arrivals(chance, 2, DEPLOY - week, 7 * 24)
    times += [at for begin in loud for at in arrivals(chance, 30, begin, 6)]
    for at in times:
        state.fold_baseline(seen(at, 0.9, Period.BASELINE))
    watched(state, arrivals(chance, 32, DEPLOY, 6), every(1))
    assert not state.harmful()
    assert 0.8 < float(state.judge().numbers["ratio"] or math.inf) < 1.8


@cache
def ceiling(
    seed: int, days: int = 3, peak: float = 3, window: int = 6
) -> tuple[Usual, Callable[[datetime], float], float]:
    """Return what is usual after days in which 14 h is so many times as busy as other hours, its bound, and a complaint's rate."""
    chance = random.Random(f"ceiling:{seed}")
    usual = Usual(release(window * HOUR, days * 24 * HOUR))
    for start in (DEPLOY - k * HOUR for k in range(1, 24 * days + 1)):
        for at in arrivals(chance, 4 * (peak if start.hour == DEPLOY.hour else 1), start, 1):
            usual.add(at)
    return usual, usual.ceiling(1.0, 0.05), 4.0


def exceeded(at_most: Callable[[datetime], float], rate: float, peak: float = 3, window: int = 6) -> bool:
    """Tell whether more is truly usual at any quarter of an hour than the bound says."""
    quarters = range(1, 4 * window + 1)
    return any(at_most(DEPLOY + k * HOUR / 4) < rate * (k + (peak - 1) * min(k, 4)) / 4 for k in quarters)


def test_the_bound_on_the_usual_rate_holds_in_a_busy_hour_at_all_times() -> None:
    """In at most 5 % of 80 streams it is ever too low, as was asked; a bound from the mean over all hours is in nearly all."""
    found = flat = 0
    for seed in range(80):
        usual, at_most, rate = ceiling(seed)
        found += exceeded(at_most, rate)
        even = (usual.total + margin(usual.total, 1.0, 0.05)) / 72
        flat += exceeded(lambda at, even=even: even * ((at - DEPLOY) / HOUR), rate)  # type: ignore[misc]
    assert found <= 4
    assert flat > 40


def test_three_times_the_usual_in_the_busiest_hour_is_no_harm() -> None:
    """40 complaints an hour, three times that at 14 h, and thrice that after the deploy: none of 5 streams is halted."""
    for seed in range(5):
        chance = random.Random(f"busy:{seed}")
        state = Surge().state(Context(release(HOUR, 72 * HOUR), None))
        for start in (DEPLOY - k * HOUR for k in range(1, 73)):
            for at in arrivals(chance, 120 if start.hour == DEPLOY.hour else 40, start, 1):
                state.fold_baseline(seen(at, 0.9, Period.BASELINE))
        assert not watched(state, arrivals(chance, 360, DEPLOY, 1), every(1, hours=1)).harmful()


@settings(max_examples=30)
@given(st.integers(0, 9), st.lists(st.integers(1, 359), max_size=9))
def test_looks_that_span_hours_see_what_is_usual_in_each(seed: int, cuts: list[int]) -> None:
    """However the window is cut, the parts sum to the whole: of what is usual, and of its bound, which never falls."""
    usual, at_most, _ = ceiling(seed)
    times = [DEPLOY + timedelta(minutes=minute) for minute in (0, *sorted(cuts), 360)]
    parts = [usual.between(start, end) for start, end in pairwise(times)]
    assert math.fsum(parts) == pytest.approx(usual.between(DEPLOY, times[-1]))
    assert at_most(DEPLOY) == 0
    assert all(at_most(start) <= at_most(end) for start, end in pairwise(times))
    assert all(at_most(time) >= usual.between(DEPLOY, time) for time in times)


def beside(control: float, ours: float, *, thin: float = 1, number: int = 0) -> SurgeState:
    """Return the rule after six hours in which complaints came so many times as fast; the control has `thin` times ours at most times."""
    chance = random.Random(f"beside:{control}:{ours}:{number}")
    state = started(chance)
    for at in arrivals(chance, thin * USUAL, DEPLOY - 24 * HOUR, 24):
        state.fold_control(seen(at, 0.9, Period.BASELINE))
    theirs = arrivals(chance, thin * control * USUAL, DEPLOY, 6)
    mine = arrivals(chance, ours * USUAL, DEPLOY, 6)
    for look in every(5):
        while theirs and theirs[0] < look:
            state.fold_control(seen(theirs.pop(0), 0.9))
        while mine and mine[0] < look:
            state.fold(seen(mine.pop(0), 0.9))
        state.advance(look)
    return state


@pytest.mark.parametrize(
    ("control", "ours", "code"),
    [
        (1, 10, "complaints_surged"),
        (10, 10, "control_surged_too"),
        (40, 10, "control_surged_too"),
        (2, 40, "complaints_surged"),
        (1, 1, "complaints_usual"),
    ],
)
def test_complaints_are_judged_against_the_controls(control: float, ours: float, code: str) -> None:
    """What floods everybody is excused and said, a flood of our own is not."""
    finding = beside(control, ours).judge()
    assert finding.code == code
    assert finding.harm == (code == "complaints_surged")
    assert finding.ready == (code != "control_surged_too")
    if code == "control_surged_too":
        assert " of the control's are " in finding.sentence
        assert " times its usual too, and what remains may be chance" in finding.sentence
        assert float(finding.numbers["control_ratio"] or 0) > 5


def test_a_thin_control_is_no_reason_to_blame_us() -> None:
    """Six times as many of ours and of a control heard a twentieth as often: none of 12 is halted; it is said that it is too thin."""
    findings = [beside(6, 6, thin=0.05, number=number).judge() for number in range(12)]
    assert not any(finding.harm for finding in findings)
    calm = beside(1, 8, thin=0.05).judge()
    assert (calm.harm, calm.ready, calm.code) == (False, False, "control_too_thin")
    assert " of the control's are too few to tell that it has no surge of its own (" in calm.sentence


def test_a_control_that_was_not_heard_excuses_nothing() -> None:
    """Without complaints of the control before the deploy nobody knows what is usual for it."""
    chance = random.Random(7)
    state = started(chance)
    for at in arrivals(chance, 100, DEPLOY, 1):
        state.fold_control(seen(at, 0.9))
    watched(state, arrivals(chance, 10 * USUAL, DEPLOY, 6), every(1))
    assert state.harmful()


@pytest.mark.parametrize(("options", "named"), [({"alpha": 0}, "alpha"), ({"tolerate": 0.5}, "tolerate")])
def test_levels_that_mean_nothing_are_refused(options: dict[str, float], named: str) -> None:
    """With the name of the option and what is usual."""
    with pytest.raises(ValueError, match=named):
        Surge(**options)  # type: ignore[arg-type]


@pytest.mark.parametrize("cycle", [timedelta(days=1), timedelta(days=7)])
def test_a_baseline_of_matching_hours_is_measured_by_those_hours(cycle: timedelta) -> None:
    """Where only the window's hours were heard before the deploy, as many complaints in it are no surge, and a flood is one."""
    at = release(6 * HOUR, 28 * 24 * HOUR)
    for times, harm in ((1, False), (10, True)):
        chance = random.Random(f"match:{cycle}")
        state = Surge().state(Context(at, None, cycle))
        for begin in (DEPLOY - k * cycle for k in range(1, 28 * 24 * HOUR // cycle + 1)):
            for each in arrivals(chance, USUAL, begin, 6):
                state.fold_baseline(seen(each, 0.9, Period.BASELINE))
        assert watched(state, arrivals(chance, times * USUAL, DEPLOY, 6), every(5)).harmful() is harm
        assert 0.8 * times < float(state.judge().numbers["ratio"] or 0) < 1.3 * times


def clockwork(per_hour: Callable[[datetime], int], begin: datetime, hours: int) -> list[datetime]:
    """Return so many complaints in each hour, at even distances."""
    counts = [(start, per_hour(start)) for start in (begin + k * HOUR for k in range(hours))]
    return [start + (k + 0.5) / count * HOUR for start, count in counts for k in range(count)]


@pytest.mark.parametrize(("flood", "harm"), [(0, False), (2000, True)])
def test_a_flood_in_hours_that_never_had_a_complaint_is_found(flood: int, harm: bool) -> None:  # noqa: FBT001 - a case
    """After a week with 20 complaints an hour by day and none by night, a deploy in the evening and a flood after midnight."""
    deploy = DEPLOY.replace(hour=18)
    days = 7 * 24
    state = Surge().state(Context(Release("#brimly", deploy, deploy - days * HOUR, deploy, deploy + 12 * HOUR), None))
    for at in clockwork(lambda at: 20 if at.hour >= 7 else 0, deploy - days * HOUR, days):
        state.fold_baseline(seen(at, 0.9, Period.BASELINE))
    after = clockwork(lambda at: 20 if at.hour >= 7 else flood, deploy, 8)
    assert watched(state, after, [deploy + k * HOUR / 2 for k in range(1, 17)]).harmful() is harm


def test_a_flood_in_hours_that_were_never_heard_is_left_out() -> None:
    """Where matching hours of 14 to 17 h lie before the archive begins, nobody knows what is usual then, for us and the control."""
    week = timedelta(days=7)
    state = Surge().state(Context(release(6 * HOUR, week - 3 * HOUR), None, week))
    for at in clockwork(lambda _at: 20, DEPLOY + 3 * HOUR - week, 3):
        state.fold_baseline(seen(at, 0.9, Period.BASELINE))
        state.fold_control(seen(at, 0.9, Period.BASELINE))
    flood = clockwork(lambda at: 2000 if at.hour < 17 else 20, DEPLOY, 6)
    for at in flood:
        state.fold_control(seen(at, 0.9))
    numbers = watched(state, flood, every(30)).judge().numbers
    assert not state.harmful()
    assert numbers["complaints_post"] == 60
    assert float(numbers["ratio"] or 0) == pytest.approx(1)
    assert float(numbers["control_ratio"] or 0) == pytest.approx(1)


@pytest.mark.parametrize("seed", range(8))
def test_a_day_that_ends_in_an_hour_without_complaints_can_be_looked_at(seed: int) -> None:
    """The bound on what is usual never falls by rounding, also where the second day begins."""
    chance = random.Random(f"ulp:{seed}")
    state = Surge().state(Context(release(26 * HOUR, 168 * HOUR), None))
    for at in clockwork(lambda at: 0 if at.hour in {12, 13} else chance.randint(0, 3), DEPLOY - 168 * HOUR, 168):
        state.fold_baseline(seen(at, 0.9, Period.BASELINE))
    assert not watched(state, [], every(30, hours=26)).harmful()


def test_a_window_that_is_extended_changes_no_bound_of_before() -> None:
    """So the looks made before come out the same."""
    (_, short, _), (_, long, _) = ceiling(0), ceiling(0, window=30)
    assert all(short(at) == long(at) for at in every(10))

"""Notes on a baseline and a window that are not alike: what is told, and that chance is not."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta
from typing import Any

from gate.insight.comparability import comparability
from gate.insight.traces import Traces
from gate.model import Period, Scored
from tests.support import DEPLOY, release, scored

WEEK = timedelta(days=7)
WINDOW = timedelta(hours=6)
RELEASE = release(WINDOW, WEEK)


def stream(seed: str, since: timedelta, length: timedelta, an_hour: float, **fields: object) -> list[Scored]:
    """Draw mentions at random times, moods about +0.1."""
    chance = random.Random(seed)
    count = int(an_hour * (length / timedelta(hours=1)))
    times = sorted(DEPLOY + since + length * chance.random() for _ in range(count))
    values: dict[str, Any] = {"lang": "en", **fields}
    drawn = [scored(i, min(1.0, max(0.0, chance.gauss(0.45, 0.2))), **values) for i in range(count)]
    return [replace(each, created_at=at) for each, at in zip(drawn, times, strict=True)]


def before(seed: str = "before", an_hour: float = 20, **fields: object) -> list[Scored]:
    """Draw a calm week."""
    return [replace(each, period=Period.BASELINE) for each in stream(seed, -WEEK, WEEK, an_hour, **fields)]


def after(seed: str = "after", an_hour: float = 20, **fields: object) -> list[Scored]:
    """Draw six hours."""
    return stream(seed, timedelta(0), WINDOW, an_hour, **fields)


def test_streams_that_are_alike_are_not_remarked_upon() -> None:
    """Sixty pairs of one kind give no note at all."""
    for k in range(60):
        assert comparability(RELEASE, before(f"b{k}", 5), after(f"a{k}", 10)) == ()


def test_three_times_the_mentions_are_told() -> None:
    """A rush is told, and so is a hush."""
    (rush,) = comparability(RELEASE, before(), after(an_hour=80))
    assert rush == "mentions came 4.0 times as fast as in the baseline, so other people may be speaking"
    (hush,) = comparability(RELEASE, before(), after(an_hour=5))
    assert "3.9 times as slowly" in hush


def test_the_rate_of_matched_hours_is_compared_with_their_time() -> None:
    """Of a week matched by the hour of the day only six hours a day were heard."""
    heard = [each for each in before() if (each.created_at - DEPLOY) % timedelta(days=1) < WINDOW]
    assert comparability(RELEASE, heard, after(), match=timedelta(days=1)) == ()
    assert comparability(RELEASE, heard, after()) != ()


def test_another_mix_is_told_by_its_largest_shift() -> None:
    """Of languages and of sources, the mentions without a language being one too."""
    mixed = [replace(each, lang="pt", source="forum") if i % 2 else each for i, each in enumerate(after())]
    assert comparability(RELEASE, before(), mixed) == (
        "the mix of languages changed: pt 0 % of the mentions before the deploy, 50 % since",
        "the mix of sources changed: list 100 % of the mentions before the deploy, 50 % since",
    )
    (unknown,) = comparability(RELEASE, before(), after(lang=""))
    assert "en 100 % of the mentions before the deploy, 0 % since" in unknown


def test_a_burst_of_praise_or_anger_is_told_with_its_hours() -> None:
    """Three hours in which the mood was another one."""
    calm = before()
    since = calm[0].created_at + timedelta(days=2)
    for mood, what in ((0.9, "praise"), (-0.9, "anger")):
        loud = [
            replace(each, score=mood) if since <= each.created_at < since + timedelta(hours=3) else each
            for each in calm
        ]
        (note,) = comparability(RELEASE, loud, after())
        assert f"the baseline holds a burst of {what}, {since:%Y-%m-%d}" in note
        assert f"mood {mood:+.2f} over " in note


def test_with_nothing_to_compare_nothing_is_said() -> None:
    """Silence on either side is told elsewhere."""
    assert comparability(RELEASE, [], after()) == ()
    assert comparability(RELEASE, before(), []) == ()


def test_traces_are_enough() -> None:
    """The few bytes that a run keeps of each mention lead to the same words as the mentions themselves."""
    old, new = before(lang="de"), after(an_hour=90)
    kept = Traces(), Traces()
    for traces, mentions in zip(kept, (old, new), strict=True):
        traces.add(mentions)
        assert [each.created_at for each in traces] == [each.created_at for each in mentions]
        assert [each.score for each in traces[-3:]] == [each.score for each in mentions[-3:]]
    notes = comparability(RELEASE, *kept)
    assert notes == comparability(RELEASE, old, new)
    assert len(notes) == 2

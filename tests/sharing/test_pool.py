"""What a pool keeps of baselines that every run has heard: enough for runs that come late, and no more."""

from __future__ import annotations

from datetime import timedelta

from gate.model import Period, Request
from gate.sharing import Pool
from tests.support import DEPLOY, ListSource, ManualClock, mention

DAY = timedelta(days=1)
BEFORE = Request(DEPLOY - DAY, DEPLOY, None, timedelta(seconds=10), Period.BASELINE)
AFTER = Request(DEPLOY, DEPLOY + timedelta(minutes=5), None, timedelta(seconds=10), Period.POST)


def sources(count: int, mentions: int) -> list[ListSource]:
    """Return sources that each hold as many mentions from before the deploy."""
    return [
        ListSource([mention(number, DEPLOY - timedelta(seconds=number + 1), "good") for number in range(mentions)])
        for _ in range(count)
    ]


def hear(shared: Pool, source: ListSource, key: str, clock: ManualClock) -> None:
    """Join as a run that hears its baseline, and then looks."""
    joined = shared.join(key, "list", lambda: source, clock)
    assert len(joined.fetch(BEFORE).mentions) == len(source.mentions)
    joined.fetch(AFTER)


def test_a_run_that_comes_late() -> None:
    """A baseline that one run has paid for and is done with serves the next one that asks the same."""
    clock, shared = ManualClock(DEPLOY + timedelta(minutes=6)), Pool()
    (source,) = sources(1, 50)
    for _ in range(3):
        hear(shared, source, "same", clock)
    assert [each.period for each in source.polls].count(Period.BASELINE) == 1


def test_baselines_of_many_runs() -> None:
    """Of many different baselines only the newest are kept; of those forgotten the source is asked again."""
    clock, shared = ManualClock(DEPLOY + timedelta(minutes=6)), Pool(most_idle=120)
    many = sources(4, 50)
    for number, source in enumerate(many):
        hear(shared, source, str(number), clock)
    for number, source in reversed(list(enumerate(many))):
        hear(shared, source, str(number), clock)
    asked = [[each.period for each in source.polls].count(Period.BASELINE) for source in many]
    assert asked == [2, 2, 1, 1]

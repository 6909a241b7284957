"""A run's looks: when they are made, what they may see, and how sources fail."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from gate.decide import Decider, Keyword, Minimum, On, Rules, Share
from gate.engine import Parts, Watch
from gate.errors import SourceDown, SourceRefused
from gate.filters import Filters
from gate.listening import Listener
from gate.model import Decision, Look, Outcome
from gate.reading import Plan
from tests.support import DEPLOY, ListSource, ManualClock, WordScorer, mention, release

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gate.model import Fetch, Request

MINUTE = timedelta(minutes=1)
ON = On(Decision.HOLD, Decision.HOLD)


def history(bad_after: int = 0, often: int = 1) -> ListSource:
    """A calm day at one mention every 3 minutes, then so many a minute, four of five bad from minute ``bad_after`` on."""
    before = [mention(i, DEPLOY - 3 * MINUTE * (i + 1), "bad" if i % 5 == 0 else "fine") for i in range(480)]
    after = [
        mention(
            1000 + i,
            DEPLOY + (MINUTE * i + timedelta(seconds=30)) / often,
            "bad" if bad_after and i >= bad_after * often and i % 5 else "fine",
        )
        for i in range(60 * often)
    ]
    return ListSource(before[::-1] + after)


def watch(
    source: ListSource,
    clock: ManualClock,
    *others: Listener,
    rules: Rules | None = None,
    controls: Sequence[Listener] = (),
    **plan: object,
) -> Watch:
    """Build a run on one required source."""
    fields: dict[str, object] = {"settle": 5 * MINUTE, "every": MINUTE, "filters": Filters(), **plan}
    parts = Parts(
        listeners=[Listener("list", required=True, source=source), *others],
        baseline_listeners=None,
        scorer=WordScorer(),
        decider=Decider(rules or Rules((Share(),), Minimum(mentions=10, authors=5), ON), release()),
        clock=clock,
        hash_author=lambda _source, author: author,
        controls=controls,
    )
    return Watch(Plan(release=release(), **fields), parts)  # type: ignore[arg-type]


def finish(run: Watch) -> list[Look]:
    """Hear the baseline and look until the verdict."""
    run.hear_baseline()
    return list(run.looks())


def test_calm_release_passes_when_the_window_closes() -> None:
    """Live looks come every minute from the settling on, the last one at the window's end."""
    looks = finish(watch(history(), ManualClock()))
    assert [look.at - DEPLOY for look in looks] == [MINUTE * i for i in range(5, 46)]
    assert looks[-1].verdict.outcome is Outcome.PASS
    assert looks[-1].verdict.tally.mentions_post == 45
    assert all(look.verdict.outcome is Outcome.WAITING for look in looks[:-1])


def test_bad_release_halts_before_the_window_closes() -> None:
    """The run ends at the look that has seen enough."""
    looks = finish(watch(history(bad_after=5, often=2), ManualClock()))
    assert looks[-1].verdict.outcome is Outcome.FAIL
    assert looks[-1].at < DEPLOY + 45 * MINUTE


def test_the_last_look_tells_how_the_baseline_differs() -> None:
    """One mention a minute after one in three minutes is told, with the verdict and not before it."""
    looks = finish(watch(history(), ManualClock()))
    assert not any(look.notes for look in looks[:-1])
    assert looks[-1].notes == ("mentions came 3.0 times as fast as in the baseline, so other people may be speaking",)


def moved(bad_before: int, bad_after: int, kind: str) -> ListSource:
    """Draw ten mentions an hour for a day and four a minute since, so many in ten of them bad."""
    texts = {True: "bad", False: "fine"}
    before = [
        mention(i, DEPLOY - 6 * MINUTE * (240 - i), texts[i * 7 % 10 < bad_before], source=kind) for i in range(240)
    ]
    after = [mention(1000 + i, DEPLOY + MINUTE * i / 4, texts[i * 7 % 10 < bad_after], source=kind) for i in range(180)]
    return ListSource(before + after)


@pytest.mark.parametrize(
    ("control", "outcome", "code"),
    [
        (moved(2, 8, "control"), Outcome.INCONCLUSIVE, "control_rose_too"),
        (moved(2, 2, "control"), Outcome.FAIL, "share_rose"),
        (ListSource([]), Outcome.FAIL, "share_rose"),
        (ListSource([], faults=[SourceRefused("key expired")]), Outcome.FAIL, "share_rose"),
    ],
    ids=["rose", "held", "silent", "refused"],
)
def test_a_rise_is_judged_against_the_controls(control: ListSource, outcome: Outcome, code: str) -> None:
    """A mood of everybody's halts nothing; ours alone does, and so does it where the control was not heard."""
    run = watch(
        moved(2, 8, "list"), ManualClock(), controls=[Listener("control", required=False, source=control, control=True)]
    )
    last = finish(run)[-1].verdict
    assert (last.outcome, last.code) == (outcome, code)
    assert last.tally.mentions_baseline == 240
    assert last.tally.sources == 1


def test_a_past_window_gives_the_verdict_of_the_live_one() -> None:
    """Replayed at once or watched as it happens: same verdict, same time, no waiting."""
    live = finish(watch(history(bad_after=5), ManualClock()))
    clock = ManualClock(DEPLOY + timedelta(days=30))
    past = finish(watch(history(bad_after=5), clock))
    assert past[-1].verdict == live[-1].verdict
    assert past[-1].at == live[-1].at
    assert clock.now() == DEPLOY + timedelta(days=30)


def test_no_look_sees_the_future() -> None:
    """At every look, live or replayed, all mentions were written before it."""
    for clock in (ManualClock(), ManualClock(DEPLOY + timedelta(days=30))):
        for look in finish(watch(history(), clock)):
            assert all(each.created_at < look.at for each in look.kept)


def test_a_source_that_dies_midway_is_never_quiet() -> None:
    """Polls that fail make the verdict inconclusive, with the source's own words."""
    source, clock = history(), ManualClock()

    def die(now: object) -> None:
        if now >= DEPLOY + 20 * MINUTE:  # type: ignore[operator]
            source.faults = [SourceDown("list answered 503")]

    clock.on_wait = die
    verdict = finish(watch(source, clock))[-1].verdict
    assert (verdict.outcome, verdict.code) == (Outcome.INCONCLUSIVE, "source_incomplete")
    assert "503" in verdict.reason


@pytest.mark.parametrize(
    ("required", "back", "outcome"),
    [
        (True, 99, Outcome.INCONCLUSIVE),
        (True, 30, Outcome.PASS),
        (False, 99, Outcome.PASS),
    ],
)
def test_one_of_several_sources_dies_midway(required: bool, back: int, outcome: Outcome) -> None:  # noqa: FBT001
    """However well the others are heard, a required source that stays away keeps the release from passing."""
    clock, second = ManualClock(), ListSource([replace(each, source="second") for each in history().mentions])

    def fail(now: object) -> None:
        down = DEPLOY + 20 * MINUTE <= now < DEPLOY + back * MINUTE  # type: ignore[operator]
        second.faults = [SourceDown("second answered 503")] if down else []

    clock.on_wait = fail
    others = (
        Listener("second", required=required, source=second),
        Listener("third", required=False, source=ListSource([])),
    )
    looks = finish(watch(history(), clock, *others))
    verdict = looks[-1].verdict
    assert verdict.outcome is outcome
    first, heard, _ = verdict.coverage
    assert (first.complete, heard.complete) == (True, back == 30)
    assert heard.reason == ("" if heard.complete else "second answered 503")
    assert not any(
        look.verdict.coverage[1].complete for look in looks if 20 <= (look.at - DEPLOY) / MINUTE < min(back, 45)
    )


def test_harm_that_others_heard_is_harm_while_one_is_down() -> None:
    """A required source that is away excuses nothing: what the others heard still halts."""
    before = [replace(each, source="second") for each in history().mentions if each.created_at < DEPLOY]
    clock, second = ManualClock(), ListSource(before)

    def fail(now: object) -> None:
        if now >= DEPLOY + 10 * MINUTE:  # type: ignore[operator]
            second.faults = [SourceDown("second answered 503")]

    clock.on_wait = fail
    run = watch(history(bad_after=1), clock, Listener("second", required=True, source=second))
    assert finish(run)[-1].verdict.outcome is Outcome.FAIL


def test_a_mention_keeps_when_it_was_written_and_when_it_was_seen() -> None:
    """After an outage the two differ by its length; kept or dropped, each mention has both."""
    source, clock = history(), ManualClock()
    clock.on_wait = lambda now: source.faults.extend(
        [SourceDown("away")] if DEPLOY + 10 * MINUTE <= now < DEPLOY + 15 * MINUTE and not source.faults else []
    )
    kept = [scored for look in finish(watch(source, clock)) for scored in look.kept]
    late = [each.seen_at - each.created_at for each in kept if each.seen_at]
    assert len(late) == len(kept)
    assert max(late) > 5 * MINUTE
    assert min(late) >= timedelta(0)


def test_a_gap_is_caught_up() -> None:
    """After an outage of ten looks everything is counted, once."""
    source, clock = history(), ManualClock()

    def outage(now: object) -> None:
        down = DEPLOY + 10 * MINUTE <= now < DEPLOY + 20 * MINUTE  # type: ignore[operator]
        source.faults = [SourceDown("away")] if down else []

    clock.on_wait = outage
    verdict = finish(watch(source, clock))[-1].verdict
    assert verdict.outcome is Outcome.PASS
    assert verdict.tally.mentions_post == 45


def test_a_source_down_from_the_start_is_an_error() -> None:
    """Nothing heard at all ends in ERROR, once there was time enough to come back; no look asks any more."""
    source = ListSource([], faults=[SourceDown("connection refused")] * 999)
    verdict = finish(watch(source, ManualClock()))[-1].verdict
    assert verdict.outcome is Outcome.ERROR
    assert "connection refused" in verdict.reason
    assert all(poll.until <= DEPLOY for poll in source.polls)


def test_a_refused_key_ends_the_run_at_once() -> None:
    """Waiting cannot mend a key; the run says so at the first look."""
    source = ListSource([], faults=[SourceRefused("the bearer token was refused (401)")])
    looks = finish(watch(source, ManualClock()))
    assert len(looks) == 1
    assert looks[0].verdict.code == "source_refused"


def test_an_optional_source_without_baseline_takes_no_part() -> None:
    """Mentions that could be compared with nothing are not fetched, and the report says why."""
    shy = ListSource([mention(5000, DEPLOY + MINUTE, "bad")], faults=[SourceDown("away")] * 4)
    verdict = finish(watch(history(), ManualClock(), Listener("shy", required=False, source=shy)))[-1].verdict
    assert verdict.outcome is Outcome.PASS
    (coverage,) = (each for each in verdict.coverage if each.source == "shy")
    assert not coverage.complete
    assert "baseline" in coverage.reason
    assert len(shy.polls) == 4


def test_fetched_is_kept_plus_dropped() -> None:
    """Every mention is accounted for, also late, double and far-off ones."""
    source = history()
    source.mentions += [mention(1001, DEPLOY + MINUTE), mention(7, DEPLOY + 2 * MINUTE, author="author-1002")]
    looks = finish(watch(source, ManualClock()))
    (coverage,) = looks[-1].verdict.coverage
    assert coverage.fetched == coverage.kept + sum(coverage.dropped.values()) == 47
    assert coverage.dropped == {"author_voted": 1, "duplicate": 1}


def test_hours_are_matched() -> None:
    """With match, only baseline mentions at the window's hours count; the rest say why not."""
    run = watch(history(), ManualClock(), match=timedelta(hours=24))
    baseline = run.hear_baseline()
    assert {each.created_at.hour for each in baseline.kept} == {14}
    assert all(each.detail == "another hour than the window's" for each in baseline.dropped)


def test_empty_baseline_is_inconclusive_at_once() -> None:
    """Where no rule could ever judge, nobody waits three quarters of an hour to hear it."""
    source = ListSource([mention(i, DEPLOY + MINUTE * i) for i in range(60)])
    looks = finish(watch(source, ManualClock()))
    assert len(looks) == 1
    assert looks[0].verdict.code == "baseline_too_small"


def baseline_dies(source: ListSource) -> None:
    """Let the first poll bring the baseline in part, and the next ones nothing."""
    source.partial = lambda request: "connection lost" if request.until <= DEPLOY else ""
    fetch = source.fetch

    def once(request: Request) -> Fetch:
        if request.until <= DEPLOY and request.cursor is not None:
            message = "still away"
            raise SourceDown(message)
        return fetch(request)

    source.fetch = once  # type: ignore[method-assign]


def test_a_baseline_heard_in_part_never_passes() -> None:
    """What is compared with half a baseline is inconclusive, and the source is named."""
    source = history()
    baseline_dies(source)
    verdict = finish(watch(source, ManualClock()))[-1].verdict
    assert (verdict.outcome, verdict.code) == (Outcome.INCONCLUSIVE, "source_incomplete")
    assert "still away" in verdict.reason


def test_an_outage_is_not_told_as_an_empty_baseline() -> None:
    """A required source cut short is named before anything is said about the number of mentions."""
    source = ListSource([mention(i, DEPLOY + MINUTE * i) for i in range(60)])
    source.partial = lambda _request: "the file ends in the middle"
    verdict = finish(watch(source, ManualClock()))[-1].verdict
    assert verdict.code == "source_incomplete"
    assert "ends in the middle" in verdict.reason


def test_a_source_without_a_before_is_not_compared() -> None:
    """A grumpy source that was silent before the deploy does not make the mood worse."""
    grumpy = ListSource([mention(5000 + i, DEPLOY + MINUTE * i, "bad") for i in range(45)])
    run = watch(history(), ManualClock(), Listener("grumpy", required=False, source=grumpy))
    notes = run.hear_baseline().notes
    assert "grumpy: nothing from before the deploy, so it is not compared" in notes
    assert list(run.looks())[-1].verdict.outcome is Outcome.PASS


def test_a_disaster_is_heard_from_people_who_had_their_vote() -> None:
    """Who wrote something harmless before still counts as an author of the phrase."""
    source = history()
    source.mentions += [
        mention(
            7000 + i, DEPLOY + MINUTE * 9 + timedelta(seconds=i), "data loss! all gone", author=f"author-{1000 + i}"
        )
        for i in range(3)
    ]
    clock = ManualClock()
    parts_rules = Rules((Keyword(any=("data loss",)),), Minimum(mentions=10, authors=5), ON)
    look = finish(watch(source, clock, rules=parts_rules, phrases=("data loss",)))[-1]
    assert (look.verdict.outcome, look.verdict.rule) == (Outcome.FAIL, "keyword")


def test_without_a_rule_that_compares_the_baseline_may_be_down() -> None:
    """A keyword policy needs no before."""
    source = history()
    source.faults = [SourceDown("archive away")] * 3
    rules = Rules((Keyword(any=("data loss",)),), Minimum(mentions=10, authors=5), ON)
    assert finish(watch(source, ManualClock(), rules=rules))[-1].verdict.outcome is Outcome.PASS


def test_one_fault_does_not_decide_a_past_window() -> None:
    """A window looked through at once is asked again, as a live one would be."""
    source, clock = history(), ManualClock(DEPLOY + timedelta(days=1))
    run = watch(source, clock)
    run.hear_baseline()
    source.faults = [SourceDown("time-out")]
    assert list(run.looks())[-1].verdict.outcome is Outcome.PASS


def test_what_is_delivered_late_is_waited_for() -> None:
    """A source half a minute behind is asked once more after the window, and its last mentions count."""
    source, clock = history(), ManualClock()
    late = timedelta(seconds=30)
    fetch = source.fetch

    def lagging(request: Request) -> Fetch:
        until = min(request.until, clock.now() - late)
        return replace(fetch(replace(request, until=until)), settled_until=until)

    source.fetch = lagging  # type: ignore[method-assign]
    verdict = finish(watch(source, clock))[-1].verdict
    assert verdict.tally.mentions_post == 45
    assert verdict.outcome is Outcome.PASS
    assert clock.now() >= DEPLOY + 45 * MINUTE + late


def test_what_cannot_pass_is_told_before_the_settling() -> None:
    """A refused key ends the run without waiting for the first look."""
    source, clock = ListSource([], faults=[SourceRefused("no key", hint="set X")]), ManualClock()
    (look,) = finish(watch(source, clock))
    assert clock.now() == DEPLOY
    assert look.verdict.coverage[0].hint == "set X"


def test_an_outage_at_the_start_does_not_decide_the_window() -> None:
    """A baseline that could not be heard is asked for again at every look's time, and compared with as ever."""
    source, clock, told = history(bad_after=5, often=2), ManualClock(), list[str]()
    source.faults = [SourceDown("connection refused")] * 12
    run = watch(source, clock)
    baseline = run.hear_baseline(told.append)
    assert len(baseline.kept) == 480
    assert [each for each in told if "no baseline yet, asked again at 14:" in each and "refused" in each] == told != []
    assert clock.time < DEPLOY + 15 * MINUTE
    assert list(run.looks())[-1].verdict.outcome is Outcome.FAIL


def test_a_host_that_stays_away_is_not_waited_for_until_the_end() -> None:
    """After half of the window the run goes on without the baseline, and says that users were not heard."""
    source, clock = history(), ManualClock()
    source.faults = [SourceDown("connection refused")] * 1000
    verdict = finish(watch(source, clock))[-1].verdict
    assert (verdict.outcome, verdict.code) == (Outcome.ERROR, "source_refused")
    assert DEPLOY + 21 * MINUTE <= clock.time <= DEPLOY + 24 * MINUTE


def test_one_of_two_sources_that_is_not_needed_holds_nobody_up() -> None:
    """An optional source without a baseline takes no part; the other one is judged at once."""
    away = ListSource([], faults=[SourceDown("connection refused")] * 1000)
    clock, told = ManualClock(), list[str]()
    run = watch(history(), clock, Listener("away", required=False, source=away))
    run.hear_baseline(told.append)
    assert (told, clock.time < DEPLOY + MINUTE) == ([], True)


def test_a_window_of_the_past_is_not_waited_for() -> None:
    """Where the window has closed long ago, a source that is down now is down."""
    source, clock = history(), ManualClock(DEPLOY + timedelta(days=1))
    source.faults = [SourceDown("connection refused")] * 1000
    finish(watch(source, clock))
    assert clock.time < DEPLOY + timedelta(days=1, minutes=5)

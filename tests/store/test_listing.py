"""Lists of runs, and how each stands."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest

from gate.errors import NoSuchRun, UsageFault
from gate.model import Outcome
from gate.store import State
from tests.looks import VERDICT, look
from tests.support import ordered, release

if TYPE_CHECKING:
    from gate.store import Store
    from tests.support import ManualClock

SECOND = timedelta(seconds=1)


def test_pages(store: Store, clock: ManualClock) -> None:
    """Page by page every run comes once, the newest first, though others begin meanwhile."""
    began = []
    for number in range(7):
        began.append(store.start_run(release(), {}, labels={"number": str(number)}))
        clock.wait(SECOND)
    found: list[str] = []
    cursor = None
    for _ in range(3):
        page = store.page(3, cursor=cursor)
        found += [line.id for line in page.lines]
        cursor = page.cursor
        store.start_run(release(), {})
        clock.wait(SECOND)
    assert cursor is None
    assert found == began[::-1]


def test_filters(store: Store, clock: ManualClock, finished: str) -> None:
    """Runs are found by any of their labels together, by state, outcome, release and time."""
    clock.wait(SECOND)
    other = store.start_run(release(), {}, labels={"team": "app", "commit": "abc"})

    def ids(**wanted: object) -> list[str]:
        return [line.id for line in store.page(**wanted).lines]  # type: ignore[arg-type]

    assert ids(labels={"team": "app"}) == [other, finished]
    assert ids(labels={"team": "app", "commit": "abc"}) == [other]
    assert ids(labels={"commit": "app"}) == []
    assert ids(state=State.RUNNING) == [other]
    assert ids(outcome=VERDICT.outcome.value) == [finished]
    assert ids(release=release().name) == [other, finished]
    assert ids(release="nothing") == []
    assert ids(created_from=clock.now()) == [other]
    assert ids(created_to=clock.now()) == [finished]


def test_times_of_any_zone_and_year(store: Store, clock: ManualClock) -> None:
    """What counts is the moment, however it is written; before and after all runs are all of them and none."""
    run_id = store.start_run(release(), {})
    now, india = clock.now(), timezone(timedelta(hours=5, minutes=30))

    def found(**wanted: datetime) -> bool:
        return [line.id for line in store.page(**wanted).lines] == [run_id]  # type: ignore[arg-type]

    assert found(created_from=now.astimezone(india), created_to=(now + SECOND).astimezone(india))
    assert not found(created_from=(now + SECOND).astimezone(india))
    assert not found(created_to=now.astimezone(india))
    assert found(created_from=now.replace(year=1998), created_to=now.replace(year=2150))
    assert not found(created_to=now.replace(year=1998))
    assert not found(created_from=now.replace(year=2150))


def test_what_no_database_can_hold(store: Store) -> None:
    """Whatever is looked for, there is an answer, also where the database knows no such character."""
    store.start_run(release(), {}, labels={"team": "app"})
    odd = "a\0\ud800"
    wanted: list[dict[str, object]] = [
        {"release": odd}, {"labels": {odd: odd}}, {"repositories": [odd]}, {"matching": odd},
    ]  # fmt: skip
    assert store.page(cursor="\0").cursor is None
    assert [store.page(**each).lines for each in wanted] == [()] * len(wanted)  # type: ignore[arg-type]
    with pytest.raises(NoSuchRun):
        store.standing(odd)


@pytest.mark.parametrize("wrong", [{"limit": 0}, {"limit": 201}, {"cursor": "ä"}, {"cursor": "x" * 999}])
def test_what_is_no_page(store: Store, wrong: dict[str, object]) -> None:
    """A limit out of bounds and a cursor that is none of ours are refused."""
    with pytest.raises(UsageFault):
        store.page(**wrong)  # type: ignore[arg-type]


def test_a_run_at_a_glance(store: Store) -> None:
    """A line of a list says how the run stands at its latest look, and how its mood went."""
    run_id = store.start_run(release(), {"rules": ["share"]})
    assert (store.page().lines[0].glance, store.verdict(run_id)) == (None, None)
    for number in range(1, 65):
        store.append_look(run_id, look(number))
    seen = look(64).verdict
    glance = store.page().lines[0].glance
    assert glance is not None
    assert (glance.looks, glance.odds, glance.mentions) == (64, seen.odds, seen.tally.mentions_post)
    assert glance.spark == (seen.tally.mood_after,) * 60
    assert store.verdict(run_id) == seen
    store.finish(run_id, VERDICT)
    verdict = store.verdict(run_id)
    assert verdict is not None
    assert verdict.outcome is VERDICT.outcome is not Outcome.WAITING
    with pytest.raises(NoSuchRun):
        store.verdict("nothing")


def test_a_head_tells_whether_anything_changed(store: Store) -> None:
    """The last hash of a log changes with whatever happens in its run, and with nothing else."""
    run_id, other = ordered(store), ordered(store)
    heads = [store.head(run_id)]
    store.append_look(other, look(1))
    assert store.head(run_id) == heads[0] == store.standing(run_id).head
    for happen in (
        lambda: store.append_look(run_id, look(1)),
        lambda: store.override(run_id, "rejected", "ann", "orders are lost"),
        lambda: store.override(run_id, "approved", "bob", "they are not"),
    ):
        happen()  # type: ignore[no-untyped-call]
        heads.append(store.head(run_id))
    assert len(set(heads)) == 4
    with pytest.raises(NoSuchRun):
        store.head("nothing")

"""What people say about a run: it takes effect at once, and stands in the log."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from gate.errors import NoSuchRun, RunElsewhere, RunOver, StoreFault, UsageFault
from gate.model import Decision, Outcome
from gate.report.story import story
from gate.runs import Callback
from gate.store import State
from tests.looks import look
from tests.runs.world import DONE_BY, World, mentions
from tests.support import DEPLOY, release

if TYPE_CHECKING:
    from collections.abc import Callable

    from gate.model import Request

HALFWAY = DONE_BY - timedelta(minutes=15)


@pytest.mark.parametrize(("word", "decision"), [("approve", Decision.PROMOTE), ("reject", Decision.HALT)])
@pytest.mark.parametrize("looked", [True, False])
def test_an_override_while_the_window_is_open(world: World, word: str, decision: Decision, *, looked: bool) -> None:
    """The run ends at once with that decision; the evidence had said nothing yet, and is told so far."""
    world.source.mentions = mentions(0.0)
    run_id = world.order()
    if looked:
        world.watch(run_id, until=HALFWAY)
    getattr(world.runs, word)(run_id, "Ada", "we know this one")
    run, verdict = world.store.run(run_id), world.store.verdict(run_id)
    assert (run.state, run.outcome, run.decision) == (State.DONE, Outcome.INCONCLUSIVE, decision)
    assert run.reason.startswith(f"{word.capitalize().removesuffix('e')}ed by Ada: we know this one (")
    assert "mention" in run.reason
    assert verdict is not None
    assert verdict.reason == run.reason
    assert (world.store.events(run_id)[-1].data["by"], world.store.verify(run_id)) == ("Ada", [])
    assert "Ada: we know this one" in story(world.store.events(run_id))[-2]
    world.clock.wait(timedelta(hours=1))
    world.watch(run_id)
    assert world.store.run(run_id) == run, "nobody looks any more"


def test_an_override_after_the_end(world: World) -> None:
    """What the evidence said stays; what is done about it changes, and so does nothing but that."""
    run_id = world.order()
    world.watch(run_id)
    before = world.store.run(run_id)
    assert (before.outcome, before.decision) == (Outcome.FAIL, Decision.HALT)
    world.clock.wait(timedelta(hours=1))
    world.runs.approve(run_id, "Ada", "they dislike the colour")
    after = world.store.run(run_id)
    assert (after.outcome, after.decision, after.code) == (Outcome.FAIL, Decision.PROMOTE, "approved")
    assert after.finished_at == before.finished_at
    assert [each.kind for each in world.store.events(run_id)][-2:] == ["verdict", "approved"]
    assert world.store.verify(run_id) == []


def test_cancelling(world: World) -> None:
    """A cancelled run has no verdict, and can be neither overridden nor cancelled again."""
    run_id = world.order()
    world.runs.cancel(run_id, "Ada", "wrong build")
    run = world.store.run(run_id)
    assert (run.state, run.decision, run.reason) == (State.CANCELLED, None, "Cancelled by Ada: wrong build")
    for again in (world.runs.cancel, world.runs.approve, world.runs.reject):
        with pytest.raises(RunOver):
            again(run_id, "Ada", "once more")
    assert world.store.verify(run_id) == []


@pytest.mark.parametrize("broken", [True, False])
def test_a_caller_of_a_run_without_verdict(world: World, *, broken: bool) -> None:
    """Where there is no verdict, the caller is told to hold, in the words of the API, and not nothing."""
    world.source.faults = [ZeroDivisionError()] * broken
    run_id = world.order()
    if broken:
        world.watch(run_id)
    else:
        world.runs.cancel(run_id, "Ada", "wrong build")
    world.tell(run_id)
    told = json.loads(world.receiver.got[0][1])
    state = "broken" if broken else "cancelled"
    assert (told["state"], told["outcome"], told["decision"], told["code"]) == (state, "error", "hold", state)


def test_extending(world: World) -> None:
    """The window closes later: the run goes on looking until then, with all it has seen."""
    world.source.mentions = mentions(0.0)
    run_id = world.order()
    world.watch(run_id, until=HALFWAY)
    until = DONE_BY + timedelta(minutes=20)
    world.runs.extend(run_id, "Ada", "quiet day", until)
    world.watch(run_id)
    run, verdict = world.store.run(run_id), world.store.verdict(run_id)
    assert verdict is not None
    assert (run.window_to, verdict.decided_at, run.outcome) == (until, until, Outcome.PASS)
    looks = [each for each in world.store.events(run_id) if each.kind == "look"]
    assert len(world.source.polls) == len(looks) + 1, "what was heard before is not asked for again"
    assert world.store.verify(run_id) == []


def test_extending_to_an_earlier_time(world: World) -> None:
    """A window is never shortened, and not extended once it has closed."""
    run_id = world.order()
    with pytest.raises(UsageFault, match="closes at"):
        world.runs.extend(run_id, "Ada", "why not", HALFWAY)
    world.watch(run_id)
    with pytest.raises(RunOver):
        world.runs.extend(run_id, "Ada", "why not", DONE_BY + timedelta(hours=1))


def test_extending_while_the_last_look_is_made(world: World) -> None:
    """Whoever extends the window while its last look is under way has extended it: the run goes on until then."""
    world.source.mentions = mentions(0.0)
    run_id, until = world.order(), DONE_BY + timedelta(minutes=20)
    extended: list[str] = []

    def extend(request: Request) -> str:
        if request.until == DONE_BY and not extended:
            extended.append("now")
            world.runs.extend(run_id, "Ada", "quiet day", until)
        return ""

    world.source.partial = extend
    world.watch(run_id)
    verdict = world.store.verdict(run_id)
    assert extended
    assert verdict is not None
    assert (verdict.decided_at, verdict.outcome) == (until, Outcome.PASS)
    numbers = [each.data["number"] for each in world.store.events(run_id) if each.kind in {"baseline", "look"}]
    assert numbers == list(range(len(numbers)))
    assert world.store.verify(run_id) == []


def test_extending_without_end(world: World) -> None:
    """No window becomes longer than a policy may ask for: each look of it costs something."""
    run_id = world.order()
    with pytest.raises(UsageFault, match="31 days after the deploy"):
        world.runs.extend(run_id, "Ada", "to be sure", DEPLOY + timedelta(days=31))
    world.runs.extend(run_id, "Ada", "to be sure", DEPLOY + timedelta(days=30))


@pytest.mark.parametrize(("by", "why"), [("Ada", " "), ("", "because"), ("Ada", "x" * 1001), ("A" * 201, "because")])
def test_who_and_why_must_be_said(world: World, by: str, why: str) -> None:
    """An override without a name or a reason, or with a novel for one, is refused."""
    with pytest.raises(UsageFault):
        world.runs.approve(world.order(), by, why)


def test_a_run_that_nobody_ordered(world: World) -> None:
    """The process of a gate check hears of no override, so there is none; one that was cancelled ends at its next look."""
    run_id = world.store.start_run(release(), {})
    with pytest.raises(RunElsewhere, match="gate check"):
        world.runs.approve(run_id, "Ada", "known")
    with pytest.raises(RunElsewhere):
        world.runs.reject(run_id, "Ada", "known")
    with pytest.raises(RunElsewhere):
        world.runs.extend(run_id, "Ada", "known", DONE_BY + timedelta(hours=9))
    assert world.store.run(run_id).state is State.RUNNING
    world.store.append_look(run_id, look(1))
    world.runs.cancel(run_id, "Ada", "its machine is gone")
    with pytest.raises(StoreFault, match="over already: cancelled"):
        world.store.append_look(run_id, look(2))
    assert world.store.verify(run_id) == []


def every(world: World) -> list[Callable[[str, str, str], None]]:
    """Return all that can be said of a run."""
    return [world.runs.approve, world.runs.reject, world.runs.cancel]


def test_no_such_run(world: World) -> None:
    """Whoever overrides a run that is not there is told so; the beginning of an id does not do."""
    run_id = world.order()
    for say in every(world):
        with pytest.raises(NoSuchRun):
            say(run_id[:-1], "Ada", "because")


def test_updates_for_those_who_asked(world: World) -> None:
    """Who asked for updates is told of an override under a new delivery id; who did not is told once."""
    updated = world.order(callback=Callback("https://ci.example/a", updates=True))
    told_once = world.order(callback=Callback("https://ci.example/b"))
    for run_id in (updated, told_once):
        world.watch(run_id)
        world.tell(run_id)
        world.runs.approve(run_id, "Ada", "known")
        assert [each.what for each in world.store.calls() if each.run_id == run_id] == ["start"]
        assert world.watching.look(run_id) is None
        world.tell(run_id)
    sent = [(url, headers["webhook-id"]) for url, _, headers in world.receiver.got]
    assert sent == [
        ("https://ci.example/a", f"{updated}.1"),
        ("https://ci.example/a", f"{updated}.2"),
        ("https://ci.example/b", f"{told_once}.1"),
    ]
    assert b'"decision":"promote"' in world.receiver.got[1][1]

"""What is to be done about how a run ended: once, tried again, recorded; whoever dies meanwhile, and whoever else is at it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from gate.acting import Acting, rehearsal
from gate.acting.runner import LEASE
from gate.errors import Cancelled, GateError, SourceDown, SourceRefused, StoreFault
from gate.evidence import read_pack
from gate.http import RateLimited
from gate.model import Decision, Intent, Occasion, Outcome, Verdict
from gate.report.story import story
from gate.runs import Runs
from gate.store import NewOrder, Store
from tests.looks import VERDICT, look
from tests.support import ManualClock, release, scored

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from gate.store import Task

HELD = replace(VERDICT, outcome=Outcome.INCONCLUSIVE, decision=Decision.HOLD, code="too_few_mentions")


BOTH = pytest.mark.parametrize("world", ["sqlite", "postgresql"], indirect=True)


class Killed(BaseException):
    """The process ends here, whatever it was at."""


@dataclass
class Deed:
    """An action that remembers what it was told, and says in order what it was told to say."""

    faults: list[BaseException] = field(default_factory=list)
    ran: list[Occasion] = field(default_factory=list)
    closed: int = 0

    def intents(self, occasion: Occasion) -> Sequence[Intent]:
        """Say what it would send."""
        return [Intent("POST", "https://api.example/roll-back", {"report": occasion.quoting})]

    def run(self, occasion: Occasion) -> str:
        """Do it, and fail to say so where that is asked."""
        self.ran.append(occasion)
        if self.faults:
            raise self.faults.pop(0)
        return "rolled back"

    def close(self) -> None:
        """Count."""
        self.closed += 1


@dataclass
class World:
    """A run log, actions that do nothing, and time."""

    store: Store
    clock: ManualClock
    deeds: dict[str, Deed] = field(default_factory=dict)

    def acting(self, **fields: Any) -> Acting:  # noqa: ANN401 - any of its own
        """Return what a new process begins with."""
        return Acting(self.store, self.clock, self.build, **fields)

    def build(self, task: Task) -> Deed:
        """Return the same action for the same type."""
        return self.deeds.setdefault(task.type, Deed())

    def run(
        self,
        *types: str,
        others: Mapping[str, list[str]] | None = None,
        verdict: Verdict | None = VERDICT,
        dry_run: bool = False,
    ) -> str:
        """Record a run whose policy asks for these at ``fail``, and for the others when they say."""
        wanted = {"fail": list(types), **(others or {})}
        policy = {
            "actions": {moment: [{"type": each} for each in names] for moment, names in wanted.items()},
            "keep_text": dry_run,
        }
        run_id = self.store.start_run(release(), policy, dry_run=dry_run, labels={"repository": "acme/app"})
        self.store.append_baseline(run_id, [], [], [], [])
        self.store.append_look(run_id, look(1, kept=(scored(1, 0.9, text="it ate my homework"),)))
        if verdict:
            self.store.finish(run_id, verdict)
        return run_id

    def told(self, run_id: str) -> list[tuple[str, str, str]]:
        """Return type, moment and state of what was recorded."""
        events = [each.data for each in self.store.events(run_id) if each.kind == "action"]
        return [(each["type"], each["moment"], each["state"]) for each in events]

    def to_the_end(self, run_id: str) -> list[float]:
        """Do all there is, and return how long was waited between."""
        pauses, acting = [], self.acting()
        while again := acting.act(run_id):
            pauses.append((again - self.clock.now()).total_seconds())
            self.clock.time = max(again, self.clock.now())
        return pauses


@pytest.fixture(params=["sqlite"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """On SQLite, or on whatever a test names."""
    sqlite = request.param == "sqlite"
    url = tmp_path / "gate.db" if sqlite else request.getfixturevalue("postgresql_url")
    clock = ManualClock()
    with Store(str(url), clock) as store:
        yield World(store, clock)


def test_what_the_policy_asks_for_is_done_once(world: World) -> None:
    """What stands under the moment, then what stands under ``any``, in order; and never again, whoever comes."""
    run_id = world.run("one", "two", others={"any": ["three"], "pass": ["four"]})
    assert world.to_the_end(run_id) == []
    assert world.to_the_end(run_id) == []
    assert world.told(run_id) == [(name, "fail", "done") for name in ("one", "two", "three")]
    assert {name: len(deed.ran) for name, deed in world.deeds.items()} == {"one": 1, "two": 1, "three": 1}
    assert all(deed.closed == 1 for deed in world.deeds.values())
    assert world.store.verify(run_id) == []


def test_what_an_action_is_told(world: World) -> None:
    """Run, verdict, release, labels, the page and the report; what people wrote is only in the quoting one."""
    run_id = world.run("one")
    acting = world.acting(url=lambda run: f"https://gate.example/runs/{run}")
    acting.act(run_id)
    (told,) = world.deeds["one"].ran
    assert (told.run, told.moment, told.again) == (run_id, "fail", False)
    assert told.key.startswith(f"{run_id}.")
    assert told.verdict == VERDICT
    assert told.release == release()
    assert told.labels == {"repository": "acme/app"}
    assert told.url == f"https://gate.example/runs/{run_id}"
    assert "FAIL" in told.markdown


@pytest.mark.parametrize("moment", ["pass", "fail", "inconclusive", "error"])
def test_each_moment(world: World, moment: str) -> None:
    """A run that ends with that outcome has done what is asked for then, and nothing else."""
    others = {name: [name] for name in ("pass", "inconclusive", "error")}
    run_id = world.run("fail", others=others, verdict=replace(VERDICT, outcome=Outcome(moment)))
    world.to_the_end(run_id)
    assert world.told(run_id) == [(moment, moment, "done")]


def test_without_a_verdict_nothing_is_done(world: World) -> None:
    """About a run that was cancelled or broke there is nothing to do."""
    for end in (world.store.cancel, world.store.break_off):
        run_id = world.run("one", others={"any": ["two"]}, verdict=None)
        end(run_id, "so")
        assert world.to_the_end(run_id) == []
        assert world.told(run_id) == []


def test_what_may_pass_is_tried_again(world: World) -> None:
    """Less and less often, and told that it was tried before; one entry in the log says what came of it."""
    run_id = world.run("one")
    world.deeds["one"] = Deed(faults=[SourceDown("no answer")] * 3)
    assert world.to_the_end(run_id) == [5, 10, 20]
    assert [told.again for told in world.deeds["one"].ran] == [False, True, True, True]
    assert len({told.key for told in world.deeds["one"].ran}) == 1
    assert world.told(run_id) == [("one", "fail", "done")]


def test_a_rate_limit_is_waited_out(world: World) -> None:
    """Whoever says when to come again is not asked before."""
    run_id = world.run("one")
    world.deeds["one"] = Deed(faults=[RateLimited("slow down", until=world.clock.now() + timedelta(seconds=42))])
    assert world.to_the_end(run_id) == [42]


def test_the_deadline(world: World) -> None:
    """What fails until its time is over is recorded as failed, with how often it was tried; no verdict changes by it."""
    run_id = world.run("one", "two")
    world.deeds["one"] = Deed(faults=[SourceDown("no answer")] * 99)
    pauses = world.to_the_end(run_id)
    assert sum(pauses) < 120
    assert sorted(world.told(run_id)) == [("one", "fail", "failed"), ("two", "fail", "done")]
    (failed,) = [each.data for each in world.store.events(run_id) if each.data.get("state") == "failed"]
    assert (failed["said"], failed["attempts"]) == ("no answer", len(pauses) + 1)
    run = world.store.run(run_id)
    assert (run.outcome, run.decision, run.state) == (VERDICT.outcome, VERDICT.decision, "done")
    assert world.store.verify(run_id) == []


@pytest.mark.parametrize("fault", [SourceRefused("no", hint="mend the token"), ValueError("ghp_secret")])
def test_what_will_not_pass_is_not_tried_again(world: World, fault: Exception) -> None:
    """A refusal comes with its next step; of a plug-in's bug only the kind is kept, as it may hold anything."""
    run_id = world.run("one")
    world.deeds["one"] = Deed(faults=[fault])
    assert world.to_the_end(run_id) == []
    assert world.told(run_id) == [("one", "fail", "failed")]
    said = json.dumps([dict(each.data) for each in world.store.events(run_id) if each.kind == "action"])
    assert ("mend the token" in said) == isinstance(fault, GateError)
    assert "ghp_secret" not in said


@BOTH
def test_killed_between_the_call_and_its_record(world: World) -> None:
    """Nobody else does it while whoever had it may live; then it is tried again, and told that it was tried before."""
    run_id = world.run("one")
    world.deeds["one"] = Deed(faults=[Killed()])
    with pytest.raises(Killed):
        world.acting().act(run_id)
    another = world.acting()
    assert another.act(run_id) == world.clock.now() + LEASE
    assert len(world.deeds["one"].ran) == 1
    world.clock.time += LEASE
    assert another.act(run_id) is None
    assert [told.again for told in world.deeds["one"].ran] == [False, True]
    assert world.told(run_id) == [("one", "fail", "done")]


def test_what_nobody_came_to_do_shows(world: World) -> None:
    """Where a process is killed for good, the log says what was to be done, and that nothing came of it."""
    run_id = world.run("one", "two")
    lines = story(world.store.events(run_id))
    assert any("to do (fail): one, two; until 2026-03-10 14:02:00 UTC" in line for line in lines), lines
    assert not any("action one" in line for line in lines)
    assert world.store.verify(run_id) == []


@BOTH
def test_two_at_the_same_time(world: World) -> None:
    """Whoever comes while another is at it leaves it alone."""
    run_id = world.run("one", "two")
    first, second = world.acting(), world.acting()

    class Slow(Deed):
        def run(self, occasion: Occasion) -> str:
            assert second.act(run_id) is not None
            return super().run(occasion)

    world.deeds["one"] = Slow()
    assert first.act(run_id) is None
    assert {name: len(deed.ran) for name, deed in world.deeds.items()} == {"one": 1, "two": 1}
    assert sorted(world.told(run_id)) == [("one", "fail", "done"), ("two", "fail", "done")]


def test_told_to_stop(world: World) -> None:
    """An attempt that was cut short is taken up at once by whoever comes next, as one of which nobody knows."""
    run_id = world.run("one")
    world.deeds["one"] = Deed(faults=[Cancelled(15)])
    with pytest.raises(Cancelled):
        world.acting().act(run_id)
    assert world.acting().act(run_id) is None
    assert [told.again for told in world.deeds["one"].ran] == [False, True]


def test_done_but_not_recorded(world: World) -> None:
    """Where the run log fails after the call, it is tried again later, as one of which nobody knows."""
    run_id = world.run("one")

    class Failing(Deed):
        def run(self, occasion: Occasion) -> str:
            super().run(occasion)
            if not occasion.again:
                message = "the disk is full"
                raise StoreFault(message)
            return "found"

    world.deeds["one"] = Failing()
    with pytest.raises(StoreFault):
        world.acting().act(run_id)
    assert world.told(run_id) == []
    world.clock.time += LEASE
    assert world.acting().act(run_id) is None
    assert world.told(run_id) == [("one", "fail", "done")]


def test_a_dry_run_sends_nothing(world: World) -> None:
    """It shows exactly what would be sent; the log keeps that, but for what people wrote."""
    run_id = world.run("one", dry_run=True)
    shown: list[Intent] = []
    assert world.acting(shown=lambda _task, intents: shown.extend(intents)).act(run_id) is None
    assert world.deeds["one"].ran == []
    assert world.told(run_id) == [("one", "fail", "dry run")]
    (intent,) = shown
    assert "homework" in str(intent.body)
    kept = json.dumps([dict(each.data) for each in world.store.events(run_id)])
    assert "https://api.example/roll-back" in kept
    assert "homework" not in kept


def ordered(world: World, **actions: list[str]) -> str:
    """Record a durable run under way."""
    plain = {moment: [{"type": each} for each in names] for moment, names in actions.items()}
    new = NewOrder("ci", "", "print", "policy", "gate.yml", None)
    run_id = world.store.order(new, release(), {"actions": plain}, dry_run=False, labels={}, versions={})
    world.store.append_look(run_id, look(1))
    return run_id


def decide(world: World, run_id: str, kind: str) -> None:
    """Let a person decide."""
    runs = Runs(world.store, lambda _order: pytest.fail("nothing is ordered"))
    {"approved": runs.approve, "rejected": runs.reject}[kind](run_id, "Ada", "I know more")


@BOTH
def test_a_person_changes_how_it_ended(world: World) -> None:
    """Approved counts as pass and rejected as fail; what changes nothing is not done again."""
    run_id = ordered(world, fail=["roll-back"], any=["tell"], **{"pass": ["go-on"]})
    world.store.finish(run_id, HELD)
    told = [("tell", "inconclusive", "done")]
    for kind, more in (
        ("approved", [("go-on", "pass", "done"), ("tell", "pass", "done")]),
        ("approved", []),
        ("rejected", [("roll-back", "fail", "done"), ("tell", "fail", "done")]),
        ("rejected", []),
    ):
        world.to_the_end(run_id)
        assert world.told(run_id) == told
        decide(world, run_id, kind)
        told += more
    world.to_the_end(run_id)
    assert world.told(run_id) == told
    assert world.store.verify(run_id) == []


def test_rejecting_what_failed_changes_nothing(world: World) -> None:
    """A person who agrees with the evidence does not roll back twice; one who rejects a run under way rolls back."""
    run_id = ordered(world, fail=["roll-back"])
    world.store.finish(run_id, VERDICT)
    world.to_the_end(run_id)
    decide(world, run_id, "rejected")
    world.to_the_end(run_id)
    assert world.told(run_id) == [("roll-back", "fail", "done")]
    going = ordered(world, fail=["roll-back"])
    decide(world, going, "rejected")
    world.to_the_end(going)
    assert world.told(going) == [("roll-back", "fail", "done")]


def test_what_is_overtaken_is_called_off(world: World) -> None:
    """A rollback that could not be done yet is not done any more once somebody approves, and the log says so."""
    run_id = ordered(world, fail=["roll-back"], **{"pass": ["go-on"]})
    world.store.finish(run_id, VERDICT)
    world.deeds["roll-back"] = Deed(faults=[SourceDown("no answer")] * 9)
    assert world.acting().act(run_id)
    decide(world, run_id, "approved")
    world.to_the_end(run_id)
    assert world.told(run_id) == [("roll-back", "fail", "called off"), ("go-on", "pass", "done")]
    assert len(world.deeds["roll-back"].ran) == 1


def test_a_durable_run_is_patient(world: World) -> None:
    """Nobody waits for it, so its actions are tried for an hour; its order stays open until they are over."""
    run_id = ordered(world, fail=["roll-back"])
    world.store.finish(run_id, VERDICT)
    world.deeds["roll-back"] = Deed(faults=[SourceDown("no answer")] * 99)
    assert not world.store.close_order(run_id)
    assert 2400 < sum(world.to_the_end(run_id)) < 3600
    assert world.store.close_order(run_id)


def test_an_action_that_takes_long(world: World) -> None:
    """Nobody else begins what says that it takes long, until it must be dead; then whoever comes does it again."""
    run_id = world.run("one")
    deed = world.deeds.setdefault("one", Deed([Killed()]))
    deed.longest = timedelta(seconds=30)  # type: ignore[attr-defined]
    with pytest.raises(Killed):
        world.acting().act(run_id)
    world.clock.time += LEASE + timedelta(seconds=29)
    assert world.acting().act(run_id)
    assert len(deed.ran) == 1
    world.clock.time += timedelta(seconds=1)
    assert world.acting().act(run_id) is None
    assert [each.again for each in deed.ran] == [False, True]


def test_charts_and_evidence_of_an_occasion(world: World, tmp_path: Path) -> None:
    """An action can have the run's charts as a PNG, and its evidence as a pack that reads back."""
    run_id = world.run("one")
    world.acting().act(run_id)
    (told,) = world.deeds["one"].ran
    assert told.picture().startswith(b"\x89PNG")
    told.evidence(str(tmp_path / "pack"))
    assert len(read_pack(tmp_path / "pack").looks) == 1


def test_a_rehearsal_can_be_drawn() -> None:
    """What a test sends has charts and says of itself that it is one, whatever it is shown in."""
    occasion = rehearsal("test-1", "#acme24", ManualClock().now())
    assert occasion.picture().startswith(b"\x89PNG")
    assert "this is a test" in occasion.verdict.reason.lower()
    assert "test of Sentiment Gate" in occasion.markdown

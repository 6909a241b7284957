"""A check that waits is ended, whatever happens, once, and shown how it stands meanwhile."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from gate.model import Decision
from gate.report.story import story
from gate.service.azure.times import MOST, SPARE
from gate.store import Receipt
from tests.runs.world import mentions
from tests.servers.http_server import Reply
from tests.service.azure.held import KEY, ON, PAGE, POLICY, Broken
from tests.support import DEPLOY

if TYPE_CHECKING:
    from tests.service.azure.held import Place

MINUTE = timedelta(minutes=1)
OUTAGES = {
    "error": Reply(500),
    "limited": Reply(429, b"{}", {"retry-after": "1"}),
    "cut": Reply(200, b"{}  ", {}, how="cut"),
    "sign-in": Reply(203, b"<html>", {"content-type": "text/html"}),
    "unauthorized": Reply.of({"message": "TF400813"}, 401),
    "forbidden": Reply.of({"message": "Access denied"}, 403),
    "unknown": Reply.of({"message": "TF200016", "typeKey": "ProjectDoesNotExistException"}, 404),
    "redirect": Reply(302, b"", {"location": "https://elsewhere.example/"}),
}


def quiet(place: Place) -> None:
    """Have nobody write anything after the deploy."""
    place.world.source.mentions = mentions(after=0)


@pytest.mark.parametrize(("share", "result"), [(0.9, "failed"), (0.0, "succeeded")])
def test_verdicts(place: Place, share: float, result: str) -> None:
    """A release that does harm fails the check and one that does none lets it succeed; the log says why, and where to look."""
    place.world.source.mentions = mentions(share)
    plan = place.azure.start_check()
    run_id = place.ended(plan)
    assert plan.results == [result]
    assert any("negative" in each for each in plan.feed)
    assert plan.feed[-1] == f"{PAGE}/runs/{run_id}"
    assert plan.shown.splitlines() == plan.feed
    assert [each.state for each in place.store.deliveries(run_id)] == ["delivered"]
    assert [event.data["sent"] for event in place.store.events(run_id) if event.kind == "azure"] == [result]
    assert place.store.verify(run_id) == []


def test_live_lines(place: Place) -> None:
    """While it watches, each look is shown as it is made, once, after a line that says until when; together the run's story."""
    place.world.source.mentions = mentions(0.0)
    plan = place.azure.start_check()
    run_id = place.run_of(plan)
    assert "until 2026-03-10 14:30 UTC" in plan.feed[0]
    for number in range(1, 6):
        place.world.watch(run_id, until=DEPLOY + (5 * number + 2) * MINUTE)
        for _ in range(2):
            place.pass_to(place.clock.now() + MINUTE)
        assert f"look {number}:" in plan.feed[-1]
    told = story(place.store.events(run_id))
    assert plan.feed[2:] == told
    assert (len(plan.logs), plan.completed) == (1, "")


def test_the_token_is_gone_when_it_is_done(place: Place) -> None:
    """While the check waits its token is in the database encrypted only, and afterwards not at all."""
    plan = place.azure.start_check()
    run_id = place.run_of(plan)
    (row,) = place.rows()
    assert row["sealed"]
    assert plan.token not in str(row)
    files = [each for each in place.folder.iterdir() if each.name.startswith("gate.db")]
    assert not any(plan.token.encode() in each.read_bytes() for each in files)
    place.world.watch(run_id)
    place.world.delivering.deliver(run_id)
    assert plan.completed
    assert [each["sealed"] for each in place.rows()] == [None]


def test_redeliveries_are_one_run(place: Place) -> None:
    """The same check again, before it was taken up, after it and with another token, orders nothing new; the last token counts."""
    plan = place.azure.start_check()
    assert place.take(plan) is Receipt.NEW
    assert place.take(plan, **{"Gate-Release": "another"}) is Receipt.AGAIN
    place.check.round()
    plan.token = place.azure._token({f"plan {plan.id}"}, "a-newer-token")  # noqa: SLF001
    assert place.take(plan) is Receipt.AGAIN
    for _ in range(3):
        place.check.round()
    (line,) = place.store.page().lines
    assert "Bearer a-newer-token" in {each.headers["authorization"] for each in place.azure.requests}
    place.world.watch(line.id)
    place.world.delivering.deliver(line.id)
    assert place.take(plan) is Receipt.AGAIN
    place.check.round()
    assert (len(place.store.page().lines), len(plan.results), place.rows()[0]["sealed"]) == (1, 1, None)


@pytest.mark.parametrize(("version", "old"), [(12, True), (13, False)])
def test_the_hub_of_gates(place: Place, version: int, *, old: bool) -> None:
    """In the hub of gates, jobs of old plans are named by their task; both kinds are ended."""
    plan = place.azure.start_check("gates", version)
    place.ended(plan)
    assert (plan.completed, plan.events[0]["jobId"] == plan.task) == ("failed", old)


@pytest.mark.parametrize(("on", "result"), [("promote", "succeeded"), ("halt", "failed"), ("hold", "")])
def test_inconclusive_is_what_the_policy_says(place: Place, on: str, result: str) -> None:
    """What an inconclusive end means stands in the policy, and nowhere else."""
    place.write("named", POLICY + f"on: {{inconclusive: {on}, error: hold}}\n")
    quiet(place)
    plan = place.azure.start_check()
    place.ended(plan)
    assert plan.completed == result


@pytest.mark.parametrize(("on", "result"), [("promote", "succeeded"), ("halt", "failed")])
def test_a_run_that_breaks(place: Place, on: str, result: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the gate itself breaks in the run, the check is ended all the same, as the policy says of errors."""
    place.write("named", POLICY + f"on: {{inconclusive: hold, error: {on}}}\n")
    plan = place.azure.start_check()
    run_id = place.run_of(plan)

    def breaks(*_: object) -> None:
        message = "a bug"
        raise RuntimeError(message)

    monkeypatch.setattr(place.world.source, "fetch", breaks)
    place.world.watching = place.world.restarted()
    place.world.watch(run_id)
    place.world.delivering.deliver(run_id)
    assert (place.store.standing(run_id).line.state.value, plan.completed) == ("broken", result)


def test_held_until_a_person_approves(place: Place) -> None:
    """What is held waits, is told so once, and goes on when somebody approves it."""
    quiet(place)
    plan = place.azure.start_check()
    run_id = place.ended(plan)
    place.world.delivering.deliver(run_id)
    place.pass_to(place.clock.now() + MINUTE)
    assert sum("HELD" in each for each in plan.feed) == 1
    assert any("Approve or reject" in each and f"{PAGE}/runs/{run_id}" in each for each in plan.feed)
    place.world.runs.approve(run_id, "Ada", "seen the forum myself")
    assert place.world.delivering.deliver(run_id) is None
    assert plan.results == ["succeeded"]
    assert any("Approved by Ada" in each for each in plan.feed)


def test_held_and_nobody_decides(place: Place) -> None:
    """What nobody decides fails before Azure's time is over, and run, log and Azure say the same."""
    quiet(place)
    plan = place.azure.start_check()
    run_id = place.ended(plan, **{"Gate-Timeout-Minutes": "120"})
    ends = DEPLOY + 120 * MINUTE - SPARE
    place.pass_to(ends - MOST - MINUTE)
    assert plan.completed == ""
    place.pass_to(ends - MOST + MINUTE)
    place.world.delivering.deliver(run_id)
    assert plan.completed == "failed"
    assert place.store.run(run_id).decision is Decision.HALT
    assert any("nobody has decided" in each for each in plan.feed)


def test_held_without_rounds(place: Place) -> None:
    """Even where the rounds have stopped, the outbox alone ends at last what was held."""
    quiet(place)
    plan = place.azure.start_check()
    run_id = place.ended(plan, **{"Gate-Timeout-Minutes": "120"})
    next_at = place.world.delivering.deliver(run_id)
    assert next_at
    assert DEPLOY + 110 * MINUTE < next_at < DEPLOY + 120 * MINUTE
    place.clock.time = next_at
    place.world.delivering.deliver(run_id)
    assert plan.completed == "failed"


@pytest.mark.parametrize(("dry_run", "result"), [("false", "failed"), ("true", "succeeded")])
def test_extended_past_the_checks_time(place: Place, dry_run: str, result: str) -> None:
    """A window that somebody lets close later than the check waits ends with the check, in time: as failed, but in a dry run."""
    place.write("named", POLICY + ON + f"dry_run: {dry_run}\n")
    place.world.source.mentions = mentions(0.0)
    plan = place.azure.start_check()
    run_id = place.run_of(plan)
    place.world.runs.extend(run_id, "Ada", "few have it yet", DEPLOY + 180 * MINUTE)
    place.pass_to(DEPLOY + 59 * MINUTE - SPARE)
    place.world.watch(run_id)
    place.world.delivering.deliver(run_id)
    assert plan.completed == result


@pytest.mark.parametrize(
    ("path", "outage"), [*(("/events", each) for each in OUTAGES), ("/feed", "error"), ("/logs", "sign-in")]
)
def test_outages(place: Place, path: str, outage: str) -> None:
    """Whatever Azure answers for a while, lines may be missing but the check is ended, once."""
    plan = place.azure.start_check()
    place.azure.trouble("POST", path, OUTAGES[outage], times=3)
    run_id = place.ended(plan)
    place.world.tell(run_id)
    assert plan.results == ["failed"]
    assert place.store.deliveries(run_id)[-1].state == "delivered"


def test_an_answer_that_is_lost(place: Place) -> None:
    """Where Azure took the end and its answer was lost, the next try finds the check over, and leaves it."""
    plan = place.azure.start_check()
    place.azure.trouble("POST", "/events", Reply(500), done=True)
    run_id = place.ended(plan)
    place.world.tell(run_id)
    assert plan.results == ["failed"]
    assert "not in a runnable state" in place.store.deliveries(run_id)[-1].fault
    assert place.rows()[0]["sealed"] is None


def test_a_pipeline_that_is_cancelled(place: Place) -> None:
    """When nothing waits any more the run goes on for the record, is said no further, and its token goes."""
    plan = place.azure.start_check()
    run_id = place.run_of(plan)
    plan.close()
    shown = len(plan.feed)
    place.world.watch(run_id, until=DEPLOY + 12 * MINUTE)
    place.pass_to(place.clock.now() + MINUTE)
    place.pass_to(place.clock.now() + MINUTE)
    asked = len(place.azure.requests)
    place.pass_to(place.clock.now() + MINUTE)
    assert (len(plan.feed), len(place.azure.requests)) == (shown, asked)
    place.world.watch(run_id)
    place.world.tell(run_id)
    assert place.store.run(run_id).outcome
    assert (plan.results, place.rows()[0]["sealed"]) == ([], None)


def test_faster_than_azures_own_books(place: Place) -> None:
    """A check that is answered before Azure has noted that it waits is answered again a little later."""
    plan = place.azure.start_check()
    plan.open = False
    place.write("named", "version: 1\n")
    place.take(plan)
    place.check.round()
    place.check.round()
    plan.open = True
    place.pass_to(place.clock.now() + MINUTE)
    assert plan.results == ["failed"]


def test_never_reached(place: Place) -> None:
    """Where Azure cannot be reached as long as the check waits, it is given up, and the token goes."""
    plan = place.azure.start_check()
    place.azure.trouble("POST", "/", Reply(503), times=10_000)
    run_id = place.ended(plan)
    place.world.tell(run_id)
    place.pass_to(DEPLOY + 61 * MINUTE)
    assert place.store.deliveries(run_id)[-1].state == "expired"
    assert (plan.results, place.rows()[0]["sealed"], place.store.due_webhooks()) == ([], None, [])


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        ("version: 1\nsources: []\n", "sources"),
        (POLICY.replace("30m", "90m") + ON, "timeout of"),
        (None, "no policy"),
    ],
)
def test_nothing_to_watch(place: Place, policy: str | None, words: str) -> None:
    """A policy that is wrong, gone, or longer than the check waits fails the check at once, and says what to mend."""
    plan = place.azure.start_check()
    place.take(plan)
    if policy:
        place.write("named", policy)
    else:
        (place.folder / "named.yml").unlink()
    place.check.round()
    place.check.round()
    assert plan.completed == "failed"
    assert any(words in each for each in plan.feed)
    assert (place.store.page().lines, place.store.due_webhooks(), place.rows()[0]["sealed"]) == ((), [], None)


def test_a_bug_in_the_gate(place: Place) -> None:
    """Where ordering the run breaks for a reason nobody thought of, the check fails and says so."""
    place.settle(runs=lambda store: Broken(store, place.world.runs._plan))  # noqa: SLF001
    plan = place.azure.start_check()
    place.take(plan)
    place.check.round()
    place.check.round()
    assert plan.completed == "failed"
    assert any("RuntimeError" in each for each in plan.feed)


def test_ended_before_it_was_noted_whose_run_it_is(place: Place) -> None:
    """A run that was over and given up by the outbox before its check was noted is told to the check all the same."""
    plan = place.azure.start_check()
    place.take(plan)
    (due,) = place.store.due_webhooks()
    place.check.round()
    (line,) = place.store.page().lines
    with place.store._writing() as connection:  # noqa: SLF001 - as if the process had ended just before
        connection.exec_driver_sql("UPDATE webhooks SET run_id = NULL")
    place.world.watch(line.id)
    (delivery,) = place.store.deliveries(line.id)
    place.store.expired(delivery, "callbacks may not be sent there")
    place.store.mark_webhook(due.delivery, place.clock.now())
    place.settle()
    place.check.round()
    place.pass_to(place.clock.now() + MINUTE)
    assert plan.results == ["failed"]


def test_rotating_the_keys(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    """A new first key reads what the old one sealed as long as the old one stands second; without it, it waits for it."""
    plan = place.azure.start_check()
    run_id = place.run_of(plan)
    place.environ = {"SEAL": KEY, "NEW": "another key of thirty-two characters"}
    place.settle(keys=("${NEW}",))
    place.world.watch(run_id)
    place.world.delivering.deliver(run_id)
    assert plan.completed == ""
    assert "azure.keys" in caplog.text
    place.settle(keys=("${NEW}", "${SEAL}"))
    place.world.tell(run_id)
    assert plan.completed == "failed"


def test_nothing_that_others_wrote_acts(place: Place) -> None:
    """Whatever a release or a reason holds, no line is a command of Azure's, too long, or none at all."""
    quiet(place)
    plan = place.azure.start_check()
    run_id = place.ended(plan, **{"Gate-Release": "##vso[task.complete result=Succeeded]"})
    place.world.runs.approve(run_id, "Ada", " ##vso[task.setvariable variable=x]y " + "🙂" * 900)
    place.world.delivering.deliver(run_id)
    assert plan.completed == "succeeded"
    assert plan.feed
    assert not any("##" in each or "\n" in each for each in plan.feed)
    assert max(len(each.encode("utf-16-le")) // 2 for each in plan.feed) <= 1024

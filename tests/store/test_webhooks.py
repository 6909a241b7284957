"""Deliveries in the run log: taken in once, seen to by one worker at a time, on both databases."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from gate.store import Receipt, Store
from tests.support import DEPLOY, release

if TYPE_CHECKING:
    from tests.support import ManualClock

MINUTE = timedelta(minutes=1)
ASKED = {"name": "acme/app", "run": 5}


def test_taken_in_once(store: Store) -> None:
    """The same is known again, under either name a replay is one, and nothing of it makes a second row."""
    assert store.receive_webhook("one", "aa", ASKED) is Receipt.NEW
    assert store.receive_webhook("one", "aa", ASKED) is Receipt.AGAIN
    assert store.receive_webhook("two", "aa", ASKED) is Receipt.REPLAYED
    assert store.receive_webhook("one", "bb", ASKED) is Receipt.REPLAYED
    assert store.receive_webhook("two", "bb", ASKED) is Receipt.NEW
    assert store.receive_webhook("one", "bb", ASKED) is Receipt.REPLAYED
    assert [each.asked for each in store.due_webhooks()] == [ASKED, ASKED]


def test_one_worker_at_a_time(store: Store, clock: ManualClock) -> None:
    """Whoever claims it first has it until its time is over; then it is due again."""
    store.receive_webhook("one", "aa", ASKED)
    (due,) = store.due_webhooks()
    assert store.claim_webhook(due, DEPLOY + MINUTE)
    assert not store.claim_webhook(due, DEPLOY + MINUTE)
    assert store.due_webhooks() == []
    clock.time += MINUTE
    assert [each.delivery for each in store.due_webhooks()] == ["one"]


def test_how_far_it_has_come(store: Store) -> None:
    """Run, what was told and what went wrong are kept; going well resets the attempts, and no next time is the end."""
    run_id = store.start_run(release(), {})
    store.receive_webhook("one", "aa", ASKED)
    for _ in range(2):
        store.mark_webhook("one", DEPLOY, fault="it was\0 down")
    assert [(each.fault, each.attempts) for each in store.due_webhooks()] == [("it was\ufffd down", 2)]
    store.mark_webhook("one", DEPLOY, run_id=run_id, told={"count": 1})
    store.mark_webhook("one", None)
    found = store.webhook_of(run_id)
    assert found
    assert (found.told, found.fault, found.attempts, found.next_at) == ({"count": 1}, "", 0, None)
    assert store.due_webhooks() == []
    assert store.webhook_of("another") is None


def test_forgetting(store: Store, clock: ManualClock) -> None:
    """What is done with is forgotten after a while; what is not stays."""
    for name in ("done", "open"):
        store.receive_webhook(name, name, ASKED)
    store.mark_webhook("done", None)
    clock.time += MINUTE
    store.forget_webhooks(clock.time)
    assert [each.delivery for each in store.due_webhooks()] == ["open"]
    assert store.receive_webhook("done", "done", ASKED) is Receipt.NEW


def test_of_one_sender(store: Store) -> None:
    """Each sender's worker is given what came from it, and nothing else."""
    for name in ("github:1", "azure:1", "azure_:1"):
        store.receive_webhook(name, name, ASKED)
    assert [each.delivery for each in store.due_webhooks("azure")] == ["azure:1"]
    assert len(store.due_webhooks()) == 3


def test_a_token_that_came_with_it(store: Store) -> None:
    """The latest token is kept as long as a delivery is open, and gone once it is done with, whoever sends it again."""
    store.receive_webhook("azure:1", "aa", ASKED, "sealed")
    assert store.receive_webhook("azure:1", "aa", ASKED, "newer") is Receipt.AGAIN
    assert [each.sealed for each in store.due_webhooks()] == ["newer"]
    run_id = store.start_run(release(), {})
    store.mark_webhook("azure:1", DEPLOY, run_id=run_id)
    store.mark_webhook("azure:1", None, told={"result": "failed"})
    assert store.receive_webhook("azure:1", "aa", ASKED, "newest") is Receipt.AGAIN
    store.mark_webhook("azure:1", DEPLOY, told={"result": "succeeded"})
    found = store.webhook_of(run_id)
    assert found
    assert (found.sealed, found.done, found.told) == ("", True, {"result": "failed"})

"""Callbacks: signed, tried until the deadline, and never two answers under one id."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from gate.clock import SystemClock
from gate.errors import Cancelled, SourceDown, SourceRefused
from gate.runs import Callback
from gate.runs.delivering import headers_of
from tests.runs.world import mentions
from tests.support import DEPLOY

if TYPE_CHECKING:
    from tests.runs.world import World

DEADLINE = DEPLOY + timedelta(hours=1)


def ended(world: World, **fields: object) -> str:
    """Order a run and watch it to its end."""
    run_id = world.order(callback=Callback("https://ci.example/hook", "${KEY}", **fields))  # type: ignore[arg-type]
    world.watch(run_id)
    return run_id


def sent(world: World) -> list[tuple[str, int, str]]:
    """Return id, version and decision of what the receiver was sent."""
    said = [(headers["webhook-id"], json.loads(body)) for _, body, headers in world.receiver.got]
    return [(name, each["version"], each["decision"]) for name, each in said]


def test_what_is_sent(world: World) -> None:
    """The message says how the run ended, and its signature is that of the Standard Webhooks specification."""
    run_id = ended(world)
    world.tell(run_id)
    ((url, body, headers),) = world.receiver.got
    said = json.loads(body)
    assert url == "https://ci.example/hook"
    assert (said["run"], said["delivery"], said["version"]) == (run_id, f"{run_id}.1", 1)
    assert (said["outcome"], said["decision"], said["state"]) == ("fail", "halt", "done")
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(b"key", signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"


def test_it_is_promised_with_the_verdict(world: World) -> None:
    """As soon as there is a verdict there is a message to send, and not before."""
    run_id = world.order()
    assert world.store.deliveries(run_id) == []
    world.watch(run_id)
    assert [each.state for each in world.store.deliveries(run_id)] == ["pending"]


def test_a_receiver_that_is_down_for_a_while(world: World) -> None:
    """It is tried again, less and less often, always with the same body and id."""
    run_id = ended(world)
    world.receiver.faults = [SourceDown("it was down")] * 4
    times = []
    while next_at := world.delivering.deliver(run_id):
        times.append((next_at - world.clock.now()).total_seconds())
        world.clock.time = next_at
    assert times == [5, 10, 20, 40]
    assert len(world.receiver.got) == 5
    assert len({(body, headers["webhook-id"]) for _, body, headers in world.receiver.got}) == 1
    assert [each.state for each in world.store.deliveries(run_id)] == ["delivered"]


def test_the_deadline(world: World) -> None:
    """The last attempt is made shortly before the deadline, and none after it."""
    run_id = ended(world, deadline=DEADLINE)
    world.receiver.faults = [SourceDown("it was down")] * 1000
    world.tell(run_id)
    (delivery,) = world.store.deliveries(run_id)
    assert (delivery.state, delivery.fault) == ("expired", "it was down")
    stamps = [int(headers["webhook-timestamp"]) for _, _, headers in world.receiver.got]
    assert DEADLINE.timestamp() - 10 < max(stamps) < DEADLINE.timestamp()


def test_a_deadline_that_was_over_before(world: World) -> None:
    """Nothing is sent after the deadline, and the reason is kept."""
    run_id = ended(world, deadline=DEPLOY)
    world.tell(run_id)
    assert world.receiver.got == []
    assert [each.state for each in world.store.deliveries(run_id)] == ["expired"]


def test_an_address_that_is_refused(world: World) -> None:
    """What can never get there is not tried again."""
    run_id = ended(world)
    world.receiver.faults = [SourceRefused("not allowed")] * 9
    world.tell(run_id)
    assert [(each.state, each.fault) for each in world.store.deliveries(run_id)] == [("expired", "not allowed")]
    assert len(world.receiver.got) == 1


@pytest.mark.parametrize("updates", [True, False])
@pytest.mark.parametrize("tried", [True, False])
def test_an_override_while_the_receiver_is_down(world: World, *, updates: bool, tried: bool) -> None:
    """Whoever has not accepted an answer yet is sent the newer one only, under an id of its own."""
    run_id = ended(world, updates=updates)
    world.receiver.faults = [SourceDown("it was down")] * tried
    if tried:
        world.delivering.deliver(run_id)
    world.receiver.got.clear()
    world.runs.approve(run_id, "Ada", "known")
    world.runs.reject(run_id, "Bob", "not known at all")
    world.tell(run_id)
    assert sent(world) == [(f"{run_id}.3", 3, "halt")]
    assert [each.state for each in world.store.deliveries(run_id)] == ["replaced", "replaced", "delivered"]
    world.runs.approve(run_id, "Ada", "but it is")
    world.tell(run_id)
    assert len(world.receiver.got) == 1 + updates, "who has an answer is told another only if it asked for that"


def test_an_override_amid_an_attempt(world: World) -> None:
    """Whether or not the older answer got there, the newer one comes after it."""
    for faults in ([], [SourceDown("no answer in time")]):
        world.source.mentions = mentions(0.0)
        run_id = ended(world)
        world.receiver.got.clear()
        world.receiver.faults = list(faults)
        world.receiver.meanwhile = [partial(world.runs.reject, run_id, "Ada", "it burns")]
        world.tell(run_id)
        assert sent(world) == [(f"{run_id}.1", 1, "promote"), (f"{run_id}.2", 2, "halt")]
        assert [each.state for each in world.store.deliveries(run_id)] == ["replaced", "delivered"]


@pytest.mark.parametrize("word", ["approve", "reject"])
def test_an_override_after_the_deadline(world: World, word: str) -> None:
    """Who may have been told to promote hears of a rejection however late, and of nothing else."""
    world.source.mentions = mentions(0.0)
    run_id = ended(world, deadline=DEADLINE)
    world.receiver.faults = [SourceDown("no answer in time")] * 1000
    world.tell(run_id)
    world.clock.time = DEADLINE + timedelta(minutes=1)
    world.receiver.faults.clear()
    world.receiver.got.clear()
    getattr(world.runs, word)(run_id, "Ada", "at last")
    world.tell(run_id)
    assert sent(world) == ([(f"{run_id}.2", 2, "halt")] if word == "reject" else [])


def test_nobody_to_tell(world: World) -> None:
    """A run without a callback is done with as soon as it is over."""
    run_id = world.order(callback=None)
    world.watch(run_id)
    assert world.delivering.deliver(run_id) is None
    assert world.store.open_orders() == []


@pytest.mark.parametrize(("key", "raw"), [("whsec_c2VjcmV0", b"secret"), ("plain", b"plain"), ("whsec_?", b"whsec_?")])
def test_keys(world: World, key: str, raw: bytes) -> None:
    """A key is what the specification says, or any text."""
    run_id = ended(world)
    (delivery,) = world.store.deliveries(run_id)
    headers = headers_of(delivery, key, DEPLOY)
    signed = b".".join([delivery.id.encode(), headers["webhook-timestamp"].encode(), delivery.body])
    assert headers["webhook-signature"] == f"v1,{base64.b64encode(hmac.digest(raw, signed, 'sha256')).decode()}"


def test_the_documented_check(world: World) -> None:
    """What docs/service.md tells receivers to do accepts a callback, and none that was changed, forged or kept."""
    text = (Path(__file__).parents[2] / "docs/service.md").read_text(encoding="utf-8")
    code = text.partition("<!-- verify")[2].partition("```python\n")[2].partition("```")[0]
    known: dict[str, Any] = {}
    exec(code, known)  # noqa: S102 - our own documentation
    verified = known["verified"]
    (delivery,) = world.store.deliveries(ended(world))
    now = SystemClock().now()
    headers = headers_of(delivery, "key", now)
    assert len(code.splitlines()) <= 10
    assert verified(headers, delivery.body, b"key")
    assert not verified(headers, delivery.body + b" ", b"key")
    assert not verified(headers, delivery.body, b"another key")
    assert not verified({**headers, "webhook-id": "another"}, delivery.body, b"key")
    assert not verified(headers_of(delivery, "key", now - timedelta(minutes=6)), delivery.body, b"key")
    assert verified({**headers, "webhook-signature": f"v1,other {headers['webhook-signature']}"}, delivery.body, b"key")


def test_a_stop_amid_an_attempt(world: World) -> None:
    """An attempt that was cut short because the process stops is no failure of the receiver."""
    run_id = ended(world)
    world.receiver.faults = [Cancelled(15)]
    with pytest.raises(Cancelled):
        world.delivering.deliver(run_id)
    assert [(each.state, each.attempts) for each in world.store.deliveries(run_id)] == [("pending", 0)]

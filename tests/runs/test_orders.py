"""Orders: the same one twice is one run."""

from __future__ import annotations

import threading

import pytest

from gate.errors import KeyReused, PolicyFault, UsageFault
from gate.runs import Order
from tests.runs.world import POLICY, World
from tests.support import DEPLOY


def test_the_same_key_gives_the_same_run(world: World) -> None:
    """A caller who did not hear the answer may ask again; another caller's key is another one."""
    first = world.order(key="k")
    assert world.order(key="k") == first
    assert world.order(key="k", by="somebody else") != first
    assert world.order() != world.order()


def test_a_key_for_another_order(world: World) -> None:
    """A key that stands for another order is refused, and nothing is begun."""
    world.order(key="k")
    with pytest.raises(KeyReused):
        world.order(key="k", labels={"commit": "abc"})
    assert len(world.store.page().lines) == 1


def test_the_same_order_at_the_same_moment(world: World) -> None:
    """Of many callers with one key, each gets the one run."""
    got: list[str] = []
    threads = [threading.Thread(target=lambda: got.append(world.order(key="k"))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(got), len(set(got))) == (6, 1)


def test_a_wrong_policy_begins_nothing(world: World) -> None:
    """Whoever sends a policy with faults is told of them, and there is no run."""
    with pytest.raises(PolicyFault):
        world.runs.start(Order(POLICY.replace("every: 5m", "every: soon"), DEPLOY))
    assert world.store.page().lines == ()


@pytest.mark.parametrize("labels", [{str(i): "x" for i in range(21)}, {"": "x"}, {"a": "x" * 201}, {"a" * 201: "x"}])
def test_too_much_in_labels(labels: dict[str, str]) -> None:
    """Labels are few and short."""
    with pytest.raises(UsageFault):
        Order(POLICY, DEPLOY, labels=labels)


def test_the_policy_is_frozen(world: World) -> None:
    """A run goes by the policy it was ordered with, every default of that day written out."""
    run_id = world.order()
    assert '"alpha"' in world.store.assignment(run_id).policy
    assert world.store.assignment(run_id).policy == world.store.run(run_id).policy

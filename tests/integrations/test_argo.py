"""examples/argo-rollouts: what Argo Rollouts does with what the gate answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.integrations.argo import Argo, Phase
from tests.integrations.told import GOES_ON, HOLDS, ROLLS_BACK, table
from tests.test_layout import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.integrations.asking import Gate

FOLDER = ROOT / "examples/argo-rollouts"
ENDS = {"Healthy": GOES_ON, "Degraded": ROLLS_BACK, "Paused": HOLDS}
ANSWERS = {"promote": "pass", "halt": "fail", "hold": "inconclusive"}


def manifests(policy: str = "long") -> list[dict[str, Any]]:
    """Return the documents of the example; the gate holds its policies under other names."""
    found: list[dict[str, Any]] = []
    for name in ("analysis.yml", "rollout.yml"):
        text = (FOLDER / name).read_text(encoding="utf-8").replace("value: checkout}", f"value: {policy}}}", 1)
        found += yaml.safe_load_all(text)
    return found


def deciding(gate: Gate, revision: str, answer: str, after: int) -> Callable[[int], None]:
    """Return what has a person decide after so many measurements."""

    def between(measured: int) -> None:
        if measured == after:
            gate.decide(gate.newest(rollout="checkout", revision=revision), answer)

    return between


@pytest.mark.parametrize(
    ("answer", "since"), [("promote", 1.7), ("promote", 1.8), ("halt", 1.8), ("hold", 1.7), ("hold", 1.8)]
)
def test_a_canary(gate: Gate, answer: str, since: float) -> None:
    """The gate is told to listen, says wait for a while, and then what becomes of the canary, with any Argo Rollouts."""
    revision = f"{answer}-{int(since * 10)}"
    argo = Argo(gate, manifests(), deciding(gate, revision, answer, after=4), since=since)
    end = argo.release(revision)
    said = table()["Argo Rollouts"][ANSWERS[answer]]
    assert (said.sign, said.does) == (f"200 {answer}", ENDS[end])
    assert argo.measured[:4] == [Phase.SUCCESSFUL, *[Phase.INCONCLUSIVE] * 3]
    assert (argo.weights[0], argo.weights[-1]) == (10, {"Healthy": 100, "Degraded": 0, "Paused": 10}[end])


@pytest.mark.parametrize("outcome", ["pass", "fail", "inconclusive"])
def test_what_users_wrote(gate: Gate, outcome: str) -> None:
    """A run that ended by what users wrote is answered alike, and one of another revision is none of it."""
    gate.ended("fail", rollout="app", revision="before")
    gate.ended(outcome, rollout="app", revision=outcome)
    argo = Argo(gate, manifests(), lambda _: None)
    phase = argo.analyse(["users-say"], {"gate": "https://gate.example", "rollout": "app", "revision": outcome})
    assert phase == {"pass": Phase.SUCCESSFUL, "fail": Phase.FAILED, "inconclusive": Phase.INCONCLUSIVE}[outcome]


def test_an_outage_is_no_failure(gate: Gate) -> None:
    """A gate that is away for a while changes nothing; one that stays away aborts, as Argo does, after so many errors."""

    def between(measured: int) -> None:
        if measured == 3:
            gate.away = 150
        if measured == 160:
            gate.decide(gate.newest(rollout="checkout", revision="away"), "promote")

    argo = Argo(gate, manifests(), between)
    assert argo.release("away") == "Healthy"
    assert argo.measured.count(Phase.ERROR) == 150
    argo, gate.away = Argo(gate, manifests(), lambda _: None), 1_000
    try:
        end = argo.release("gone")
    finally:
        gate.away = 0
    assert argo.measured == [Phase.ERROR] * 181
    said = table()["Argo Rollouts"]["error"]
    assert (ENDS[end], said.does) == (ROLLS_BACK, ROLLS_BACK)


def test_the_count_outlasts_the_window() -> None:
    """Whatever is still open when the count is over ends inconclusive, also where a streak of success is not known."""
    (metric,) = manifests()[1]["spec"]["metrics"]
    assert metric["inconclusiveLimit"] == metric["count"] - 1

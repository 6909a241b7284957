"""examples/spinnaker: what Spinnaker does with what the gate answers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.cli.commands import DEPLOY
from tests.integrations.asking import HELD
from tests.integrations.spinnaker import Orca
from tests.integrations.told import GOES_ON, HOLDS, ROLLS_BACK, table
from tests.test_layout import ROOT

if TYPE_CHECKING:
    from tests.integrations.asking import Gate

FOLDER = ROOT / "examples/spinnaker"
BEGAN = {
    "pass": (["Users", "Production"], GOES_ON, "promote"),
    "fail": (["Users", "Roll back"], ROLLS_BACK, "halt"),
    "inconclusive": (["Users", "Ask"], HOLDS, "hold"),
}


def orca(gate: Gate) -> Orca:
    """Return one that is configured as the example says."""
    configuration = yaml.safe_load((FOLDER / "orca-local.yml").read_text(encoding="utf-8"))
    return Orca(gate, configuration, {"GATE_TOKEN": gate.token})


def pipeline(policy: str) -> dict[str, Any]:
    """Return the pipeline of the example; the gate holds its policy under another name."""
    text = (
        (FOLDER / "pipeline.json").read_text(encoding="utf-8").replace('"policy": "checkout"', f'"policy": "{policy}"')
    )
    found: dict[str, Any] = json.loads(text)
    return found


@pytest.mark.parametrize("outcome", BEGAN)
def test_a_pipeline(gate: Gate, outcome: str) -> None:
    """It waits for the users, and goes on with the stage that their answer asks for."""
    began, does, answer = BEGAN[outcome]
    parameters = {"deployedAt": DEPLOY.isoformat()}
    assert orca(gate).run(pipeline(HELD[outcome]), parameters, lambda: False) == began
    said = table()["Spinnaker"][outcome]
    assert (said.sign, said.does) == (answer, does)
    if does == HOLDS:
        assert orca(gate).run(pipeline(HELD[outcome]), parameters, lambda: True) == [*began, "Production"]


def test_an_outage_holds(gate: Gate) -> None:
    """A gate that is not there lets nothing begin: neither production nor the way back."""
    gate.away = 1
    began = orca(gate).run(pipeline("good"), {"deployedAt": DEPLOY.isoformat()}, lambda: True)
    assert began == ["Users"]
    assert table()["Spinnaker"]["error"].does == HOLDS

"""examples/shell: scripts that are run on what users wrote, one by itself and one with a service."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from gate.model import Outcome
from tests.integrations.asking import HELD
from tests.integrations.told import GOES_ON, HOLDS, ROLLS_BACK, table
from tests.test_layout import ROOT

if TYPE_CHECKING:
    from tests.integrations.asking import Gate
    from tests.integrations.shells import Workplace

FOLDER = ROOT / "examples/shell"
CANARY = "deploy canary"
DONE = {GOES_ON: [CANARY, "deploy production"], ROLLS_BACK: [CANARY, "rollback canary"], HOLDS: [CANARY]}


@pytest.mark.parametrize("outcome", ["pass", "fail", "inconclusive", "error"])
def test_by_itself(workplace: Workplace, outcome: str) -> None:
    """It goes on, rolls back or stays, and exits as the gate did."""
    workplace.hear(outcome)
    if outcome in {"pass", "inconclusive"}:  # One that hears users is enough to see that the command is called rightly.
        workplace.exits(Outcome(outcome).exit_code)
    ran = workplace.run([str(FOLDER / "release.sh")])
    said = table()["Shell"][outcome]
    assert (str(ran.returncode), workplace.done) == (said.sign, DONE[said.does]), ran.stderr
    assert ran.returncode == Outcome(outcome).exit_code


@pytest.mark.parametrize("code", [1, 2, 13, 130])
def test_other_codes(workplace: Workplace, code: int) -> None:
    """Whatever else the gate exits with neither deploys nor rolls back."""
    workplace.exits(code)
    assert workplace.run([str(FOLDER / "release.sh")]).returncode == code
    assert workplace.done == [CANARY]


@pytest.mark.skipif(not shutil.which("jq"), reason="needs jq: apt-get install jq")
@pytest.mark.parametrize("outcome", ["pass", "fail", "inconclusive"])
def test_with_a_service(gate: Gate, workplace: Workplace, outcome: str) -> None:
    """By curl alone, with a token that stands on no command line."""
    variables = {"GATE_URL": gate.service.url, "GATE_TOKEN": gate.token, "GATE_POLICY": HELD[outcome],
                 "BUILD_ID": f"build-{outcome}", "GATE_EVERY": "0.2"}  # fmt: skip
    ran = workplace.run([str(FOLDER / "with-service.sh")], **variables)
    assert workplace.done == DONE[table()["Shell"][outcome].does], ran.stderr
    assert ran.returncode == Outcome(outcome).exit_code
    assert gate.token not in ran.stdout + ran.stderr

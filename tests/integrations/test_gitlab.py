"""examples/gitlab: a pipeline that is run on what users wrote."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gate.model import Outcome
from tests.actions.test_documents import checked
from tests.integrations import gitlab
from tests.integrations.gitlab import GREEN, LEFT_OUT, OFFERED, ORANGE, RED
from tests.integrations.told import GOES_ON, HOLDS, ROLLS_BACK, table
from tests.test_layout import ROOT

if TYPE_CHECKING:
    from tests.integrations.shells import Workplace

FILE = ROOT / "examples/gitlab/.gitlab-ci.yml"
CANARY = "deploy canary"
HAPPENS = {
    "pass": ([CANARY, "deploy production"], GREEN, GREEN, GOES_ON),
    "fail": ([CANARY, "rollback canary"], RED, LEFT_OUT, ROLLS_BACK),
    "inconclusive": ([CANARY], ORANGE, ORANGE, HOLDS),
    "error": ([CANARY], ORANGE, ORANGE, HOLDS),
    "broke": ([CANARY], RED, LEFT_OUT, HOLDS),
}


@pytest.mark.parametrize("outcome", HAPPENS)
def test_a_pipeline(workplace: Workplace, outcome: str) -> None:
    """Production, the way back, or neither: as users say, and never the way back because the gate broke."""
    done, users, production, does = HAPPENS[outcome]
    workplace.hear(outcome)
    states = gitlab.pipeline(FILE.read_text(encoding="utf-8"), workplace)
    assert (workplace.done, states["users"], states["production"]) == (done, users, production)
    assert states["production by hand"] == (OFFERED if users != RED else LEFT_OUT)
    if outcome != "broke":
        said = table()["GitLab CI"][outcome]
        assert (said.sign, said.does) == (str(Outcome(outcome).exit_code), does)


def test_it_keeps_to_the_schema() -> None:
    """As GitLab's own schema has it."""
    checked(FILE, "vendor.gitlab-ci")

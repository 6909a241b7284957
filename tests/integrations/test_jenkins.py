"""examples/jenkins: a pipeline that is run on what users wrote."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gate.model import Outcome
from tests.integrations import jenkins
from tests.integrations.told import GOES_ON, HOLDS, ROLLS_BACK, table
from tests.test_layout import ROOT

if TYPE_CHECKING:
    from tests.integrations.shells import Workplace

TEXT = (ROOT / "examples/jenkins/Jenkinsfile").read_text(encoding="utf-8")
CANARY = "deploy canary"
HAPPENS = {
    "pass": ([CANARY, "deploy production"], "SUCCESS", GOES_ON),
    "fail": ([CANARY, "rollback canary"], "FAILURE", ROLLS_BACK),
    "inconclusive": ([CANARY], "ABORTED", HOLDS),
    "error": ([CANARY], "ABORTED", HOLDS),
    "broke": ([CANARY], "ABORTED", HOLDS),
}


@pytest.mark.parametrize("outcome", HAPPENS)
def test_a_pipeline(workplace: Workplace, outcome: str) -> None:
    """Production, the way back, or a question to a person, who says no here."""
    done, result, does = HAPPENS[outcome]
    workplace.hear(outcome)
    ended, began = jenkins.build(TEXT, workplace, lambda: False)
    assert (workplace.done, ended, "Ask" in began) == (done, result, does == HOLDS)
    if outcome != "broke":
        said = table()["Jenkins"][outcome]
        assert (said.sign, said.does) == (str(Outcome(outcome).exit_code), does)


def test_a_person_may_deploy(workplace: Workplace) -> None:
    """Where the gate holds, a yes to the question goes on to production."""
    workplace.hear("broke")
    assert jenkins.build(TEXT, workplace, lambda: True) == ("SUCCESS", ["Canary", "Users", "Ask", "Production"])
    assert workplace.done == [CANARY, "deploy production"]


def test_it_is_whole() -> None:
    """Every brace and quote is closed, and no stage is left out of what the tests run."""
    assert TEXT.count("{") == TEXT.count("}")
    assert TEXT.count("'''") % 2 == 0
    assert [name for name, _ in jenkins.stages(TEXT)] == ["Canary", "Users", "Ask", "Production", "Roll back"]

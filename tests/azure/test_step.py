"""What a step tells Azure Pipelines: variables, issue, summary, progress, and nothing that a stranger chose."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate.ci.azure.commands import command, inert
from gate.ci.azure.step import Azure
from gate.cli import pipelines
from gate.errors import Cancelled, Fault, PolicyFault, SourceDown, UsageFault
from gate.model import Decision, Outcome
from gate.wiring_actions import labels_of, page_of
from tests.azure.agent import RUN, Agent, commands, variables
from tests.hostile import HOSTILE
from tests.report.verdicts import FAIL, NOTHING, hostile_report, report

if TYPE_CHECKING:
    from pathlib import Path

VARIABLES = {
    "outcome", "decision", "code", "reason", "shareBefore", "shareAfter", "odds", "mentions", "run", "report", "runUrl",
}  # fmt: skip


@pytest.fixture
def agent(tmp_path: Path) -> Agent:
    """Return an agent whose step has not begun."""
    return Agent(tmp_path)


def told(agent: Agent, said: list[str]) -> Azure:
    """Return the system inside of which the gate runs."""
    return Azure(agent.environment(), said.append)


@given(st.text(), st.text())
def test_a_command_says_what_was_said(message: str, value: str) -> None:
    """Whatever stands in message or property, the agent reads one command with just that in it."""
    line = command("task.logissue", message, code=value)
    lookalikes = ("%3B", "%0D", "%0A", "%5D", "%AZP25")
    if not any(each in message + value for each in lookalikes):
        (found,) = commands(line)
        assert (found.name, found.data) == ("task.logissue", message)
        assert found.properties == ({"code": value} if value else {})


def test_escapes_are_those_of_azure() -> None:
    """A percent sign is %AZP25 there, and brackets and semicolons end properties."""
    assert command("a.b", "50 %\r\n]", x="1;2]") == "##vso[a.b x=1%3B2%5D;]50 %AZP25%0D%0A]"


@pytest.mark.parametrize("text", ["$(System.AccessToken)", "a $[variables.secret]", "${{ parameters.x }}", "$$((x))"])
def test_a_variable_is_not_expanded_again(text: str) -> None:
    """A server's error message in `reason` cannot fetch a secret into whatever uses the variable."""
    assert not any(sign in inert(text) for sign in ("$(", "$[", "${{"))


def test_a_failed_release_is_told_in_all_places(agent: Agent) -> None:
    """Variables for what follows, a summary for people, and one issue."""
    said: list[str] = []
    told(agent, said).write(report(), 10)
    log = "\n".join(said)
    known = variables(log)
    assert set(known) == VARIABLES
    assert (known["outcome"], known["decision"], known["code"]) == ("fail", "halt", "share_rose")
    assert (known["shareBefore"], known["shareAfter"], known["mentions"]) == ("0.2100", "0.5800", "43")
    assert known["runUrl"] == RUN
    (upload,) = [each for each in commands(log) if each.name == "task.uploadsummary"]
    assert upload.data == known["report"]
    (summary,) = agent.temporary.iterdir()
    assert str(summary) == upload.data
    assert summary.read_text(encoding="utf-8").startswith("## ✗ FAIL → halt the rollout\n")
    (issue,) = [each for each in commands(log) if each.name == "task.logissue"]
    assert issue.properties == {"type": "error"}
    assert issue.data.startswith("Sentiment Gate: FAIL → halt the rollout")


@pytest.mark.parametrize(
    ("outcome", "status", "told_as"),
    [
        (Outcome.PASS, 0, []),
        (Outcome.FAIL, 10, ["error"]),
        (Outcome.FAIL, 0, ["warning", "SucceededWithIssues"]),
        (Outcome.INCONCLUSIVE, 11, ["error"]),
        (Outcome.INCONCLUSIVE, 0, ["warning", "SucceededWithIssues"]),
        (Outcome.ERROR, 12, ["error"]),
        (Outcome.ERROR, 0, ["warning", "SucceededWithIssues"]),
        (Outcome.WAITING, 0, []),
        (Outcome.WAITING, 13, ["error"]),
    ],
)
def test_an_issue_is_as_loud_as_the_step_is_red(
    agent: Agent, outcome: Outcome, status: int, told_as: list[str]
) -> None:
    """Red steps have errors; what went on although users were unhappy or unheard is orange."""
    said: list[str] = []
    told(agent, said).write(report(replace(FAIL, outcome=outcome)), status)
    log = "\n".join(said)
    assert variables(log)["outcome"] == outcome.value
    properties = [each.properties for each in commands(log)]
    assert [found for each in properties if (found := each.get("type") or each.get("result"))] == told_as


def test_hostile_reports_command_nothing(agent: Agent) -> None:
    """Whatever stands in a reason, a source's message or a mention: no command and no variable of its own."""
    ours = ["task.setvariable"] * len(VARIABLES)
    for name, text in HOSTILE:
        said: list[str] = []
        ci = told(agent, said)
        ci.write(hostile_report(text), 10, url=text)
        ci.progress(50, text)
        found = commands("\n".join(said))
        assert [each.name for each in found if each.name != "task.uploadsummary"] == [
            *ours, "task.logissue", "task.setprogress",
        ], name  # fmt: skip
        known = variables("\n".join(said))
        assert set(known) == VARIABLES, name
        assert (known["outcome"], known["decision"]) == ("fail", "halt"), name
        assert all(value.isprintable() and "$(" not in value for value in known.values()), name
        said.clear()
        ci.explain(SourceDown(text, hint=text))
        assert [each.name for each in commands("\n".join(said))] == [*ours, "task.logissue"], name
        assert variables("\n".join(said))["decision"] == "hold"


def test_a_policy_with_faults_is_told_line_by_line(agent: Agent) -> None:
    """Nine faults where they stand, and how many there are; nothing is promoted or rolled back."""
    said: list[str] = []
    faults = tuple(Fault("gate.yml", number, "rules", "wrong", "write it so") for number in range(1, 30))
    told(agent, said).explain(PolicyFault(faults))
    issues = [each for each in commands("\n".join(said)) if each.name == "task.logissue"]
    assert issues[0].properties == {"type": "error", "sourcepath": "gate.yml", "linenumber": "1"}
    assert issues[0].data == "rules: wrong (write it so)"
    assert len(issues) == 10
    assert "29 faults" in issues[-1].data
    known = variables("\n".join(said))
    assert set(known) == VARIABLES
    assert (known["outcome"], known["decision"], known["code"]) == ("error", "hold", "no_verdict")


def test_a_cancelled_job_promotes_nothing(agent: Agent) -> None:
    """Steps that run all the same read that there is no verdict."""
    said: list[str] = []
    told(agent, said).explain(Cancelled(15))
    assert variables("\n".join(said))["decision"] == "hold"


def test_what_is_not_known_is_empty(agent: Agent) -> None:
    """Nobody wrote anything: no shares and no odds, rather than zeros."""
    said: list[str] = []
    silent = replace(FAIL, outcome=Outcome.INCONCLUSIVE, decision=Decision.HOLD, odds=None, tally=NOTHING)
    told(agent, said).write(report(silent), 11)
    known = variables("\n".join(said))
    assert [known[name] for name in ("shareBefore", "shareAfter", "odds", "mentions")] == ["", "", "", "0"]


def test_without_a_place_for_the_summary_the_rest_is_told(agent: Agent) -> None:
    """A disk that is full, or an agent without a temporary folder, changes no verdict."""
    for folder in ("/dev/full", ""):
        said: list[str] = []
        Azure({**agent.environment(), "AGENT_TEMPDIRECTORY": folder}, said.append).write(report(), 10)
        assert variables("\n".join(said))["report"] == ""
        assert "task.uploadsummary" not in "\n".join(said)


def test_a_secret_is_hidden(agent: Agent) -> None:
    """As the agent has it."""
    said: list[str] = []
    told(agent, said).hide("very-secret")
    assert said == ["##vso[task.setsecret]very-secret"]


def test_elsewhere_it_is_refused_or_left_out(agent: Agent) -> None:
    """On another machine --ci azure is wrong usage; without --ci only an agent is told, unless it is not to be."""
    with pytest.raises(UsageFault, match="TF_BUILD"):
        Azure({"CI": "true"}, print)
    for system, environ, tells in (
        (None, agent.environment(), True),
        ("none", agent.environment(), False),
        (None, {"CI": "true"}, False),
    ):
        with pipelines.telling(system, environ) as ci:
            assert (ci is not None) is tells


def test_a_run_is_labelled_and_linked_by_its_pipeline(agent: Agent) -> None:
    """People find the run by repository, commit and branch, and from a message the pipeline's run, or the release."""
    environ = agent.environment()
    assert labels_of(environ) == {"repository": "acme/app", "commit": "c0ffee", "ref": "main"}
    assert page_of(environ) == RUN
    assert told(agent, []).facts() == {**labels_of(environ), "pipeline_run": RUN}
    release = {**environ, "RELEASE_RELEASEWEBURL": "https://dev.azure.com/acme/p/_release?releaseId=7"}
    assert page_of(release) == "https://dev.azure.com/acme/p/_release?releaseId=7"
    assert (labels_of({}), page_of({})) == ({}, "")

"""A check over HTTP: a real web server, worker and database, and a look-alike of Azure DevOps."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from gate.clock import SystemClock
from tests.servers.azure_devops import AzureDevOps
from tests.servers.azure_devops_checks import DEFAULT, Check
from tests.servers.http_server import Reply, Server
from tests.service.azure.held import KEY
from tests.service.github.real import kill, write_policies
from tests.service.running import Service, serving, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    import requests

    from tests.servers.azure_devops_plans import Plan

SETTINGS = """\
azure:
  organizations: ["{url}"]
  keys: ["${{SEAL}}"]
"""
AGO = timedelta(hours=1)
"""The deploy was so long before: its window is closed when the run begins, so that nobody waits for it."""


@dataclass
class Real:
    """A service and its Azure DevOps."""

    azure: AzureDevOps
    service: Service
    deployed_at: datetime
    left: tuple[Plan, ...] = ()
    """Checks that waited when it was killed: one whose run was over, and one that had only just asked."""

    def check(self, policy: str, **more: Any) -> Check:  # noqa: ANN401
        """Return a check as docs/azure-check.md says to set it up."""
        ours = {"Gate-Policy": policy, "Gate-Timeout-Minutes": "120", "Gate-Deployed-At": self.deployed_at.isoformat(),
                "Gate-Commit": "$(Build.SourceVersion)", **more.pop("ours", {})}  # fmt: skip
        password = more.pop("password", self.service.token)
        return Check(f"{self.service.url}/v1/azure/check", password, json.dumps({**DEFAULT, **ours}), **more)


@contextmanager
def real_service(folder: Path, azure: AzureDevOps, *, fresh: bool = True) -> Iterator[Real]:
    """Run one; with ``fresh`` false in a folder where one ran before."""
    marked = folder / "deployed_at"
    deployed_at = SystemClock().now().replace(microsecond=0) - AGO
    if fresh:
        marked.write_text(deployed_at.isoformat())
        write_policies(folder, deployed_at)
    deployed_at = type(deployed_at).fromisoformat(marked.read_text())
    with serving(folder, SETTINGS.format(url=azure.url), environ={"SEAL": KEY}, fresh=fresh) as service:
        yield Real(azure, service, deployed_at)


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Real]:
    """A real service that answers a look-alike of Azure DevOps; it was killed once, and started again."""
    folder = tmp_path_factory.mktemp("service")
    with AzureDevOps() as azure:
        judged, unread = azure.start_check(), azure.start_check()
        with real_service(folder, azure) as first:
            azure.trouble("POST", "/events", Reply(503), times=1000)
            first.check("bad-now").call(azure, judged).raise_for_status()
            wait_for(lambda: any(each.path.endswith("/events") for each in azure.requests), first.service.log)
            first.check("good-now").call(azure, unread).raise_for_status()
            kill(first.service)
        azure.mend()
        with real_service(folder, azure, fresh=False) as second:
            second.service.token = first.service.token
            second.left = judged, unread
            yield second


def test_killed_between_question_and_answer(real: Real) -> None:
    """A service killed after its 200, or with an answer that Azure did not take, ends both checks after its restart, once."""
    judged, unread = real.left
    wait_for(lambda: judged.completed and unread.completed, real.service.log)
    assert (judged.results, unread.results) == (["failed"], ["succeeded"])
    asked = [each for each in real.azure.requests if each.path.endswith("/events") and unread.id in each.path]
    assert len(asked) == 1


@pytest.mark.parametrize(("policy", "result"), [("bad-now", "failed"), ("good-now", "succeeded")])
def test_from_the_question_to_the_answer(real: Real, policy: str, result: str) -> None:
    """A check has its 200 in time; then lines are shown, a log is kept, and it ends as the run did."""
    plan = real.azure.start_check()
    answer = real.check(policy, variables={"Build.SourceVersion": "f95f852"}).call(real.azure, plan)
    assert (answer.status_code, answer.json()["receipt"]) == (200, "new")
    wait_for(lambda: plan.completed, real.service.log)
    assert plan.results == [result]
    assert any("look" in each for each in plan.feed)
    assert plan.shown.splitlines() == plan.feed
    (run,) = real.service.get("/v1/runs", params={"label": f"azure_plan={plan.id}"}).json()["runs"]
    assert (run["labels"]["commit"], plan.feed[-1].rpartition(" ")[0]) == ("f95f852", f"Run {run['id']} of the")


def test_what_is_held_waits_for_a_person(real: Real) -> None:
    """A check with too little evidence is told that it is held; approved on the service it succeeds. Again is no second run."""
    plan = real.azure.start_check()
    check = real.check("quiet-now")
    check.call(real.azure, plan).raise_for_status()
    wait_for(lambda: any("HELD" in each for each in plan.feed), real.service.log)
    assert check.call(real.azure, plan).json()["receipt"] == "again"
    (run,) = real.service.get("/v1/runs", params={"label": f"azure_plan={plan.id}"}).json()["runs"]
    real.service.post(f"/v1/runs/{run['id']}/approve", {"reason": "seen enough"})
    wait_for(lambda: plan.completed, real.service.log)
    assert plan.results == ["succeeded"]


def test_a_foreign_address(real: Real) -> None:
    """A check that wants to be answered elsewhere is refused and logged, and not a byte is sent there, nor the token kept."""
    plan = real.azure.start_check()
    with Server(Reply(200)) as elsewhere:
        answer = real.check("bad-now").call(real.azure, plan, PlanUrl=f"{elsewhere.url}/acme/")
        assert (answer.status_code, answer.json()["type"]) == (403, "urn:sentiment-gate:problem:azure")
        other = real.azure.start_check()
        real.check("bad-now").call(real.azure, other).raise_for_status()
        wait_for(lambda: other.completed, real.service.log)  # A worker has been round since.
        assert elsewhere.requests == []
    assert (plan.results, plan.feed) == ([], [])
    assert "azure.organizations" in real.service.log()


def test_who_may_ask(real: Real) -> None:
    """Nobody without a token that may start runs; and a token for one repository starts runs of that one."""
    plan = real.azure.start_check()
    assert real.check("bad-now", password="nobody").call(real.azure, plan).status_code == 401
    reader = real.service.issue("reader", ["read"])
    assert real.check("bad-now", password=reader).call(real.azure, plan).status_code == 403
    theirs = real.service.issue("theirs", ["run"], ["acme/app"])
    other = {"Gate-Repository": "acme/other"}
    assert real.check("bad-now", password=theirs, ours=other).call(real.azure, plan).status_code == 403
    assert plan.results == []


def test_what_is_refused_is_said(real: Real) -> None:
    """Values in the body or the address, a missing header, a policy there is not: 422, with what to do."""
    plan = real.azure.start_check()
    body = real.check("bad-now", body='{"AuthToken": "$(system.AccessToken)"}').call(real.azure, plan)
    check = real.check("bad-now", body="{}")
    check.address += "?policy=bad-now"
    for answer, words in (
        (body, "headers alone"),
        (check.call(real.azure, plan), "headers alone"),
        (real.check("bad-now").call(real.azure, plan, PlanId="x"), "PlanId"),
        (real.check("none").call(real.azure, plan), "no policy 'none'"),
    ):
        assert (answer.status_code, words in answer.json()["detail"], answer.json()["hint"] != "") == (422, True, True)
        assert plan.token not in answer.text
    assert plan.token not in real.service.log()


@pytest.mark.parametrize(("policy", "passes"), [("good-now", True), ("bad-now", False), ("quiet-now", False)])
def test_the_synchronous_mode(real: Real, policy: str, *, passes: bool) -> None:
    """Asked again and again, one run is made, and the success criterion holds once it promotes and never else."""
    ours = {"Gate-Completion": "ApiResponse", "Gate-Run": f"$(Build.BuildId)-{policy}"}
    check = real.check(policy, ours=ours, callback=False, criteria="eq(root['decision'], 'promote')",
                       variables={"Build.BuildId": "77"})  # fmt: skip
    answers: list[requests.Response] = []

    def final() -> bool:
        answers.append(check.call(real.azure, real.azure.start_check()))
        return bool(answers[-1].json()["final"])

    wait_for(final, real.service.log)
    assert {each.json()["run"] for each in answers} == {answers[0].json()["run"]}
    assert [check.passes(each) for each in answers[:-1]] == [False] * (len(answers) - 1)
    assert check.passes(answers[-1]) is passes

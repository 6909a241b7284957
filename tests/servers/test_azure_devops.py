"""The look-alike of Azure DevOps takes what its description allows, and refuses what it refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests

from tests.servers.azure_devops import AzureDevOps
from tests.servers.http_server import Reply

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.servers.azure_devops_plans import Plan

VERSION = {"api-version": "7.1"}


@pytest.fixture(scope="module")
def azure() -> Iterator[AzureDevOps]:
    """One for all: each test has a plan of its own."""
    with AzureDevOps() as made:
        yield made


def ask(azure: AzureDevOps, plan: Plan, method: str, path: str, **more: Any) -> requests.Response:  # noqa: ANN401
    """Ask something of a plan, with the token of its job."""
    hub = more.pop("hub", plan.hub)
    headers = {"Authorization": f"Bearer {more.pop('token', plan.token)}", **more.pop("headers", {})}
    address = f"{azure.url}/{azure.project}/_apis/distributedtask/hubs/{hub}/plans/{plan.id}{path}"
    return requests.request(method, address, headers=headers, params=more.pop("params", VERSION), timeout=10, **more)


def event(plan: Plan, **over: object) -> dict[str, object]:
    """Return what completes a task."""
    return {"name": "TaskCompleted", "taskId": plan.task, "jobId": plan.job, "result": "succeeded", **over}


def test_a_check_from_feed_to_end(azure: AzureDevOps) -> None:
    """Lines are shown, a log is kept and tied to the task, one completion ends it."""
    plan = azure.start_check()
    lines = {"value": ["listening"], "count": 1}
    assert ask(azure, plan, "POST", f"/timelines/{plan.timeline}/records/{plan.job}/feed", json=lines).ok
    log = ask(azure, plan, "POST", "/logs", json={"path": f"logs\\{plan.task}"}).json()
    octets = {"Content-Type": "application/octet-stream"}
    assert ask(azure, plan, "POST", f"/logs/{log['id']}", data=b"one\n", headers=octets).ok
    record = {"value": [{"id": plan.task, "log": log}], "count": 1}
    assert ask(azure, plan, "PATCH", f"/timelines/{plan.timeline}/records", json=record).ok
    assert ask(azure, plan, "POST", "/events", json=event(plan)).ok
    assert (plan.feed, plan.shown, plan.completed) == (["listening"], "one\n", "succeeded")
    again = ask(azure, plan, "POST", "/events", json=event(plan, result="failed"))
    assert (again.status_code, again.json()["typeKey"]) == (409, "TaskOrchestrationPlanTerminatedException")
    assert plan.completed == "succeeded"


@pytest.mark.parametrize(
    ("over", "more", "status"),
    [
        ({"name": "TaskCompletedEvent"}, {}, 400),
        ({"result": "ok"}, {}, 400),
        ({"jobId": "00000000-0000-0000-0000-000000000000"}, {}, 404),
        ({}, {"params": {}}, 400),
        ({}, {"params": {"api-version": "9.9"}}, 400),
        ({}, {"token": "another"}, 401),
        ({}, {"token": ""}, 203),
        ({}, {"hub": "build"}, 404),
    ],
)
def test_what_is_refused(azure: AzureDevOps, over: dict[str, object], more: dict[str, Any], status: int) -> None:
    """Unknown names and results, other jobs and hubs, no or unknown versions, other tokens."""
    plan = azure.start_check()
    assert ask(azure, plan, "POST", "/events", json=event(plan, **over), **more).status_code == status
    assert plan.completed == ""


@pytest.mark.parametrize(("version", "old"), [(12, True), (13, False)])
def test_the_hub_of_gates(azure: AzureDevOps, version: int, *, old: bool) -> None:
    """Plans up to version 12 know a job by the id of its task, younger ones as every hub does."""
    plan = azure.start_check("gates", version)
    assert ask(azure, plan, "GET", "").json()["version"] == version
    assert ask(azure, plan, "POST", "/events", json=event(plan)).ok is not old
    swapped = event(plan, jobId=plan.task, taskId="00000000-0000-0000-0000-000000000000")
    assert ask(azure, plan, "POST", "/events", json=swapped).ok is old


def test_troubles(azure: AzureDevOps) -> None:
    """It can fail, do the work and lose the answer, and close a plan."""
    plan = azure.start_check()
    azure.trouble("POST", "/events", Reply(503))
    assert ask(azure, plan, "POST", "/events", json=event(plan)).status_code == 503
    azure.trouble("POST", "/events", Reply(500), done=True)
    assert ask(azure, plan, "POST", "/events", json=event(plan)).status_code == 500
    assert plan.completed == "succeeded"
    other = azure.start_check()
    other.close()
    assert ask(azure, other, "POST", "/events", json=event(other)).status_code == 409


def test_pipelines_and_releases(azure: AzureDevOps) -> None:
    """A pipeline is run with its parameters, a release deployed again, by whoever may; what they do not have is refused."""
    token = azure.issue("queue", "release")
    runs, headers = f"{azure.url}/Shop/_apis/pipelines/12/runs", {"Authorization": f"Bearer {token}"}

    def send(method: str, address: str, body: object) -> requests.Response:
        return requests.request(method, address, json=body, headers=headers, params=VERSION, timeout=10)

    assert send("POST", runs, {"templateParameters": {"release": "1.2"}}).json()["id"] == 501
    assert send("POST", runs, {"templateParameters": {"colour": "red"}}).status_code == 400
    assert requests.get(runs, auth=("", token), timeout=10).json()["count"] == 1
    stage = f"{azure.release_url}/Shop/_apis/Release/releases/7/environments/70"
    assert send("PATCH", stage, {"status": "inProgress", "comment": "back"}).ok
    assert send("PATCH", stage, {"status": "inProgress"}).status_code == 400
    assert azure.releases[7].environments[70].asked == [{"status": "inProgress", "comment": "back"}]
    good = {"definitionId": "3", "deploymentStatus": "succeeded", "$top": "1"}
    deployments = f"{azure.release_url}/Shop/_apis/release/deployments"
    assert requests.get(deployments, good, auth=("", token), timeout=10).json()["value"][0]["release"]["id"] == 9
    headers["Authorization"] = f"Bearer {azure.issue()}"
    assert [send("POST", runs, {}).status_code, send("PATCH", stage, {"status": "inProgress"}).status_code] == [
        403,
        403,
    ]

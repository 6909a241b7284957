"""What is particular to the actions on Azure DevOps, on its look-alike."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from gate.actions import azure_release, azure_run
from gate.errors import ActionRefused, SourceRefused
from gate.outgoing.azure import releases_of
from gate.ports import ActionContext
from tests.actions.conformance import NOW, OCCASION
from tests.servers.azure_devops import AzureDevOps
from tests.servers.http_server import Reply, Server
from tests.support import ManualClock

if TYPE_CHECKING:
    from collections.abc import Iterator

AGAIN = replace(OCCASION, again=True)


@pytest.fixture
def azure() -> Iterator[AzureDevOps]:
    """A look-alike with pipeline 12; release 9 is in production, 8 failed there, 7 was good."""
    with AzureDevOps(ManualClock(NOW)) as running:
        yield running


def context(token: str) -> ActionContext:
    """Resolve every secret to that."""
    return ActionContext(Path(), lambda _reference: token, ManualClock(NOW))


def runs(azure: AzureDevOps, **options: Any) -> azure_run.Action:  # noqa: ANN401 - any option
    """Build the action that runs a pipeline."""
    known = {"collection": azure.url, "project": "Shop", "pipeline": 12, "run_parameter": "run", **options}
    return azure_run.Action(azure_run.Options(**known), context(azure.issue("queue")))


def redeploys(url: str, token: str = "secret", **options: Any) -> azure_release.Action:  # noqa: ANN401, S107 - invented
    """Build the action that deploys the last good release again."""
    known = {"collection": f"{url}/acme", "releases": f"{url}/vsrm/acme", "project": "Shop", "definition": 3, **options}
    return azure_release.Action(azure_release.Options(**known), context(token))


def test_a_pipeline_is_run(azure: AzureDevOps) -> None:
    """It gets the parameters, the action's own id, the ref and the stages to skip; the log has its page."""
    options = {"parameters": {"release": "{release}"}, "ref": "refs/heads/main", "stages_to_skip": ("build",)}
    told = runs(azure, **options).run(OCCASION)
    (run,) = azure.pipelines[12].runs
    assert run["templateParameters"] == {"release": OCCASION.release.name, "run": OCCASION.key}
    assert run["resources"]["repositories"]["self"]["refName"] == "refs/heads/main"
    assert run["stagesToSkip"] == ["build"]
    assert told.startswith("pipeline 12 of Shop started: http")
    assert told.endswith("_build/results?buildId=501")


def test_a_run_is_found_though_lists_do_not_tell(azure: AzureDevOps) -> None:
    """Where the list leaves out what a run was told, each recent one is asked; a run of before the verdict is not."""
    action = runs(azure)
    action.run(OCCASION)
    truth = azure.server.answer
    listed = {
        "value": [{"id": 501, "createdDate": "2026-03-10T14:31:00Z"}, {"id": 1, "createdDate": "2026-03-09T14:31:00Z"}]
    }
    azure.server.answer = lambda request: Reply.of(listed) if request.path.endswith("/runs") else truth(request)
    assert "was started already" in action.run(AGAIN)
    assert len(azure.pipelines[12].runs) == 1
    assert not [request for request in azure.requests if request.path.endswith("/runs/1")]


def test_what_azure_refuses(azure: AzureDevOps) -> None:
    """A parameter that the pipeline does not declare is refused for good, in Azure's words, with what to declare."""
    with pytest.raises(SourceRefused, match="gateRunId") as raised:
        runs(azure, run_parameter="gateRunId").run(OCCASION)
    assert "run_parameter" in raised.value.hint


def test_a_page_to_sign_in() -> None:
    """The page that Azure shows to strangers with a status of success is a refusal that names the token."""
    with Server(Reply(203, b"<title>Sign In</title>", {"content-type": "text/html"})) as server:
        options = azure_run.Options(collection=f"{server.url}/acme", project="Shop", pipeline=12)
        with pytest.raises(SourceRefused, match="sign in") as raised:
            azure_run.Action(options, context("secret")).run(OCCASION)
    assert "AZURE_DEVOPS_TOKEN" in raised.value.hint


@pytest.mark.parametrize(("auth", "header"), [("basic", "Basic "), ("bearer", "Bearer secret")])
def test_how_the_token_is_sent(auth: Any, header: str) -> None:  # noqa: ANN401 - of a Literal
    """Personal tokens go as a password, those of Entra as they are."""
    with Server(Reply.of({"id": 1})) as server:
        options = azure_run.Options(collection=f"{server.url}/acme", project="My Shop", pipeline=12, auth=auth)
        azure_run.Action(options, context("secret")).run(OCCASION)
        (request,) = server.requests
    assert request.headers["authorization"].startswith(header)
    assert request.target == "/acme/My%20Shop/_apis/pipelines/12/runs?api-version=7.1"


def test_the_last_good_release(azure: AzureDevOps) -> None:
    """What is deployed again is the newest that succeeded in that stage and is not there now; failed ones are passed over."""
    told = redeploys(azure.server.url, azure.issue("release"), stage="production").run(OCCASION)
    assert told == "Release-7 is deployed to production again, in place of Release-9"
    (asked,) = azure.releases[7].environments[70].asked
    assert asked["status"] == "inProgress"
    assert OCCASION.key in asked["comment"]


def test_the_stage_may_be_a_label(azure: AzureDevOps) -> None:
    """Without a stage in the policy the run's label environment is it; without either nothing is asked."""
    action = redeploys(azure.server.url, azure.issue("release"))
    with pytest.raises(ActionRefused, match="no stage"):
        action.run(replace(OCCASION, labels={}))
    assert azure.requests == []
    assert "Release-7" in action.run(OCCASION)


def test_nothing_to_go_back_to(azure: AzureDevOps) -> None:
    """A first release cannot be taken back, and a stage of another name is none: both say what to do."""
    azure.releases = {9: azure.releases[9]}
    token = azure.issue("release")
    with pytest.raises(ActionRefused, match="no release but Release-9"):
        redeploys(azure.server.url, token).run(OCCASION)
    with pytest.raises(ActionRefused, match="stage Staging"):
        redeploys(azure.server.url, token, stage="Staging").run(OCCASION)


def deployment(number: int, release: int, status: str, minutes: int) -> dict[str, Any]:
    """Return one as Azure tells it, asked for so many minutes after the verdict."""
    at = OCCASION.verdict.decided_at + timedelta(minutes=minutes)
    return {
        "id": number,
        "release": {"id": release, "name": f"Release-{release}"},
        "releaseEnvironment": {"id": release * 10, "name": "Production"},
        "deploymentStatus": status,
        "queuedOn": at.isoformat(),
    }


@pytest.mark.parametrize("status", ["succeeded", "inProgress", "notDeployed"])
@pytest.mark.parametrize("release", [7, 10])
def test_another_release_since(release: int, status: str) -> None:
    """Where a release came after the verdict, whoever sent it, nothing is done, and the bad one never comes back."""
    told, asked = redeployed(deployment(1000, release, status, 2))
    assert asked == []
    assert told == f"Release-{release} is in production or on its way there already: nothing is done"


@pytest.mark.parametrize(("release", "minutes"), [(7, 2), (10, 2), (10, -5)])
def test_what_failed_since_does_not_count(release: int, minutes: int) -> None:
    """A deployment that failed after the deploy changes nothing, neither as the one that is there nor as the way back."""
    told, asked = redeployed(deployment(1000, release, "failed", minutes))
    assert told == "Release-7 is deployed to production again, in place of Release-9"
    assert [target.partition("?")[0] for target in asked] == [
        "/vsrm/acme/Shop/_apis/release/releases/7/environments/70"
    ]


def redeployed(*since: dict[str, Any]) -> tuple[str, list[str]]:
    """Try again with these deployments after those of 9, which the stage's gate rejected, and 7; return what was changed."""
    listed = [*since, deployment(900, 9, "failed", -60), deployment(700, 7, "succeeded", -600)]
    occasion = replace(
        AGAIN, release=replace(AGAIN.release, deployed_at=AGAIN.verdict.decided_at - timedelta(minutes=58))
    )
    with Server(Reply.of({"value": listed})) as server:
        told = redeploys(server.url).run(occasion)
        return told, [request.target for request in server.requests if request.method == "PATCH"]


def test_where_releases_are() -> None:
    """In the cloud, releases have a host of their own; a server has one for all."""
    assert releases_of("https://dev.azure.com/acme") == "https://vsrm.dev.azure.com/acme"
    assert releases_of("https://acme.visualstudio.com") == "https://acme.vsrm.visualstudio.com"
    assert releases_of("https://devops.corp.example/tfs/Main") == "https://devops.corp.example/tfs/Main"


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({"collection": "https://dev.azure.com"}, "must name the organization"),
        ({"collection": "ftp://x"}, "collection must be an https address"),
        ({"project": "a/b"}, "project must be"),
        ({"pipeline": 0}, "pipeline must be"),
        ({"parameters": {"a b": "x"}}, "no name of a parameter"),
        ({"parameters": {"gateRunId": "x"}}, "must not hold gateRunId"),
        ({"parameters": {"a": "{mood}"}}, "which nobody fills"),
    ],
)
def test_faults(options: dict[str, Any], fault: str) -> None:
    """What cannot work is refused before a run."""
    known = {"collection": "https://dev.azure.com/acme", "project": "Shop", "pipeline": 12, **options}
    with pytest.raises(ValueError, match=fault):
        azure_run.Options(**known)

"""What of Azure DevOps rolls back: pipelines that can be run, and classic releases that can be deployed again."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.servers.azure_devops_answers import Refused, said
from tests.servers.http_server import Reply

if TYPE_CHECKING:
    from tests.servers.azure_devops import AzureDevOps
    from tests.servers.http_server import Recorded

FIELDS = {"previewRun", "resources", "stagesToSkip", "templateParameters", "variables", "yamlOverride"}
STATUSES = {
    "notStarted",
    "inProgress",
    "succeeded",
    "canceled",
    "rejected",
    "queued",
    "scheduled",
    "partiallySucceeded",
}
MOST = 50
"""Releases of one answer, unless more are asked for."""


@dataclass
class Pipeline:
    """One of YAML."""

    id: int
    name: str
    parameters: frozenset[str] = frozenset({"release", "reason", "run"})
    stages: frozenset[str] = frozenset({"build", "rollback"})
    refs: frozenset[str] = frozenset({"refs/heads/main"})
    variables: frozenset[str] = frozenset({"gateRun"})
    """That may be set when it is queued."""
    runs: list[dict[str, Any]] = field(default_factory=list)
    """Oldest first: ``id`` and what was asked for."""


@dataclass
class Environment:
    """A stage of a release."""

    id: int
    name: str
    definition: int
    """Of the stage, the same in every release."""
    status: str = "succeeded"
    asked: list[dict[str, Any]] = field(default_factory=list)
    """Changes of it that were taken."""


@dataclass
class Release:
    """A classic one."""

    id: int
    name: str
    definition: int
    environments: dict[int, Environment] = field(default_factory=dict)


def some_pipelines() -> dict[int, Pipeline]:
    """Return the one there is: 12, ``rollback``."""
    return {12: Pipeline(12, "rollback")}


def some_releases() -> dict[int, Release]:
    """Return those of definition 3: 7 was good in production (stage 70), 8 failed there (80), 9 is in it now (90)."""
    made = {}
    for number, status in ((7, "succeeded"), (8, "rejected"), (9, "succeeded")):
        stage = Environment(number * 10, "Production", 31, status)
        made[number] = Release(number, f"Release-{number}", 3, {stage.id: stage})
    return made


def run_pipeline(azure: AzureDevOps, request: Recorded, number: str) -> Reply:
    """Run a pipeline."""
    azure.may(
        request, "queue", "TF215106: Access denied. The identity needs Queue builds permissions for this pipeline."
    )
    pipeline, asked = _pipeline(azure, number), said(request)
    if unknown := set(asked) - FIELDS:
        raise Refused(400, f"Could not find member {min(unknown)} on object of type RunPipelineParameters.")
    if unknown := set(asked.get("templateParameters") or {}) - pipeline.parameters:
        raise Refused(400, f"/rollback.yml: Unexpected parameter '{min(unknown)}'", "PipelineValidationException")
    if unknown := set(asked.get("variables") or {}) - pipeline.variables:
        message = f"You can't set the following variables when queueing: {min(unknown)}."
        raise Refused(400, message, "PipelineValidationException")
    if unknown := set(asked.get("stagesToSkip") or []) - pipeline.stages:
        message = f"Stage {min(unknown)} cannot be skipped: it was not found."
        raise Refused(400, message, "PipelineValidationException")
    ref = ((asked.get("resources") or {}).get("repositories") or {}).get("self", {}).get("refName", "refs/heads/main")
    if ref not in pipeline.refs:
        raise Refused(400, f"The ref {ref} could not be found.", "PipelineValidationException")
    if not all(isinstance(each, str) for each in (asked.get("templateParameters") or {}).values()):
        raise Refused(400, "Values of templateParameters are text.")
    pipeline.runs.append({"id": 500 + len(pipeline.runs) + 1, **asked})
    return Reply.of(_run_told(azure, pipeline, pipeline.runs[-1], whole=True))


def list_runs(azure: AzureDevOps, request: Recorded, number: str) -> Reply:
    """List the runs of a pipeline, newest first."""
    azure.may(request, "queue")
    pipeline = _pipeline(azure, number)
    told = [_run_told(azure, pipeline, each, whole=False) for each in reversed(pipeline.runs)]
    return Reply.of({"count": len(told), "value": told})


def show_run(azure: AzureDevOps, request: Recorded, number: str, run: str) -> Reply:
    """Show a run."""
    azure.may(request, "queue")
    pipeline = _pipeline(azure, number)
    found = next((each for each in pipeline.runs if each["id"] == int(run)), None)
    if found is None:
        raise Refused(404, f"The run {run} of pipeline {number} was not found.", "RunNotFoundException")
    return Reply.of(_run_told(azure, pipeline, found, whole=True))


def release_list(azure: AzureDevOps, request: Recorded) -> Reply:
    """List releases, newest first; with their stages where ``$expand=environments`` asks for them."""
    azure.may(request, "release")
    wanted = request.query.get("definitionId")
    found = [each for each in azure.releases.values() if wanted in {None, str(each.definition)}]
    found = sorted(found, key=lambda each: -each.id)[: int(request.query.get("$top", MOST))]
    whole = "environments" in request.query.get("$expand", "")
    return Reply.of({"count": len(found), "value": [_release_told(each, whole=whole) for each in found]})


def release_show(azure: AzureDevOps, request: Recorded, number: str) -> Reply:
    """Show a release with its stages."""
    azure.may(request, "release")
    return Reply.of(_release_told(_release(azure, number), whole=True))


def release_deployments(azure: AzureDevOps, request: Recorded) -> Reply:
    """List deployments, newest first unless ``queryOrder=ascending``."""
    azure.may(request, "release")
    query = request.query
    found: list[dict[str, Any]] = [
        {"id": stage.id * 10, "deploymentStatus": stage.status, "release": {"id": each.id, "name": each.name},
         "releaseDefinition": {"id": each.definition}, "definitionEnvironmentId": stage.definition,
         "releaseEnvironment": {"id": stage.id, "name": stage.name}}
        for each in azure.releases.values() for stage in each.environments.values()
        if query.get("definitionId") in {None, str(each.definition)}
        and query.get("definitionEnvironmentId") in {None, str(stage.definition)}
        and query.get("deploymentStatus", "all") in {"all", stage.status}
    ]  # fmt: skip
    found.sort(key=lambda each: each["id"], reverse=query.get("queryOrder", "descending") == "descending")
    return Reply.of({"count": len(found), "value": found[: int(query.get("$top", MOST))]})


def release_deploy(azure: AzureDevOps, request: Recorded, number: str, stage: str) -> Reply:
    """Change a stage of a release: ``inProgress`` deploys it, again if it was."""
    azure.may(request, "release", "VS402904: Access denied: the identity needs Manage deployments permissions.")
    found, asked = _release(azure, number).environments.get(int(stage)), said(request)
    if found is None:
        raise Refused(
            404,
            f"VS402872: Stage {stage} of release {number} does not exist.",
            "ReleaseManagementObjectNotFoundException",
        )
    if asked.get("status") not in STATUSES or set(asked) - {
        "status",
        "comment",
        "scheduledDeploymentTime",
        "variables",
    }:
        raise Refused(400, "VS402849: The status is not one that a stage can be given.", "InvalidRequestException")
    if asked["status"] == "inProgress" and found.status in {"inProgress", "queued"}:
        message = f"VS402949: Stage {found.name} of release {number} is being deployed already."
        raise Refused(400, message, "InvalidRequestException")
    found.status = asked["status"]
    found.asked.append(asked)
    return Reply.of({"id": found.id, "name": found.name, "status": found.status, "releaseId": int(number)})


def _pipeline(azure: AzureDevOps, number: str) -> Pipeline:
    if int(number) not in azure.pipelines:
        raise Refused(404, f"Pipeline {number} not found.", "PipelineDoesNotExistException")
    return azure.pipelines[int(number)]


def _release(azure: AzureDevOps, number: str) -> Release:
    if int(number) not in azure.releases:
        raise Refused(404, f"VS402872: Release {number} does not exist.", "ReleaseManagementObjectNotFoundException")
    return azure.releases[int(number)]


def _run_told(azure: AzureDevOps, pipeline: Pipeline, run: dict[str, Any], *, whole: bool) -> dict[str, Any]:
    here = f"{azure.url}/{azure.project}"
    told = {
        "_links": {"web": {"href": f"{here}/_build/results?buildId={run['id']}"}},
        "id": run["id"], "name": f"20261122.{run['id'] - 500}", "state": "inProgress",
        "createdDate": f"{azure.clock.now():%Y-%m-%dT%H:%M:%SZ}", "url": f"{here}/_apis/pipelines/{pipeline.id}/runs/{run['id']}",
        "pipeline": {"id": pipeline.id, "name": pipeline.name}, "templateParameters": run.get("templateParameters") or {},
    }  # fmt: skip
    return told | ({"variables": run.get("variables") or {}, "resources": run.get("resources") or {}} if whole else {})


def _release_told(release: Release, *, whole: bool) -> dict[str, Any]:
    stages = [
        {"id": each.id, "name": each.name, "status": each.status, "definitionEnvironmentId": each.definition}
        for each in release.environments.values()
    ]
    told: dict[str, Any] = {"id": release.id, "name": release.name, "status": "active",
                            "releaseDefinition": {"id": release.definition}}  # fmt: skip
    return told | ({"environments": stages} if whole else {})


_PIPELINES = r"(6\.0|7\.[0-2])(-preview(\.1)?)?"
_RELEASES = r"(5\.[01]|6\.0|7\.[0-2])(-preview(\.\d)?)?"
ROUTES = (
    ("POST", r"pipelines/(\d+)/runs", _PIPELINES, run_pipeline),
    ("GET", r"pipelines/(\d+)/runs", _PIPELINES, list_runs),
    ("GET", r"pipelines/(\d+)/runs/(\d+)", _PIPELINES, show_run),
    ("GET", r"release/releases", _RELEASES, release_list),
    ("GET", r"release/releases/(\d+)", _RELEASES, release_show),
    ("GET", r"release/deployments", _RELEASES, release_deployments),
    ("PATCH", r"release/releases/(\d+)/environments/(\d+)", _RELEASES, release_deploy),
)

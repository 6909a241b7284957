"""What the look-alike of GitHub answers, path by path."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from tests.servers.github_app import App, Refused
from tests.servers.http_server import Reply

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.servers.github import Repository
    from tests.servers.github_issues import Issues
    from tests.servers.github_rules import Waiting
    from tests.servers.http_server import Recorded

STATES = {"error", "failure", "inactive", "in_progress", "queued", "pending", "success"}
LONGEST_DESCRIPTION = 140
MOST_INPUTS, MOST_NAMES, LONGEST_EVENT, LARGEST_EVENT = 25, 10, 100, 64 * 1024
DONE = Reply(204)


def app(about: App) -> dict[str, Any]:
    """Return the App itself."""
    return {"id": about.id, "client_id": about.client_id, "slug": "gate", "name": "gate", "node_id": "A",
            "permissions": about.permissions, "events": ["deployment_protection_rule"],
            "html_url": "https://github.com/apps/gate", "external_url": "https://gate.example",
            "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z"}  # fmt: skip


def installation(about: App) -> dict[str, Any]:
    """Return how it is installed."""
    return {"id": about.installation, "app_id": about.id, "app_slug": "gate", "permissions": about.permissions,
            "events": ["deployment_protection_rule"], "repository_selection": "selected"}  # fmt: skip


def repository(about: Repository) -> dict[str, Any]:
    """Return the repository itself."""
    return {"id": about.id, "node_id": "R", "name": about.name.partition("/")[2], "full_name": about.name}


def review(repository: Repository, run: int, told: Mapping[str, Any]) -> Reply:
    """Take an App's answer about a job that waits.

    Raises:
        Refused: there is none, or what is told is malformed.
    """
    held = [each for each in repository.waiting if each.run == run]
    if not held:
        raise Refused(404, "Not Found")
    fitting = [each for each in held if each.environment == told.get("environment_name")]
    # With nothing that fits, one that is there says what is wrong.
    waiting: Waiting = fitting[0] if fitting else held[0]
    waiting.take(told)
    return DONE


def content(repository: Repository, path: str, request: Recorded) -> Reply:
    """Return a file at a commit.

    Raises:
        Refused: there is none.
    """
    file = repository.files.get((request.query.get("ref", "main"), path))
    if file is None:
        raise Refused(404, "Not Found")
    if "application/vnd.github.raw" in request.headers.get("accept", ""):
        return Reply(200, file, {"content-type": "application/vnd.github.raw+json; charset=utf-8"})
    coded = base64.encodebytes(file).decode()
    return Reply.of({"type": "file", "encoding": "base64", "size": len(file), "name": path.rpartition("/")[2],
                     "path": path, "content": coded, "sha": "0" * 40})  # fmt: skip


def deployments(repository: Repository, request: Recorded) -> Reply:
    """Return deployments of a commit, an environment or all, newest first."""
    wanted = {name: value for name, value in request.query.items() if name in {"sha", "environment", "ref", "task"}}
    return Reply.of([
        {"id": number, **about}
        for number, about in sorted(repository.deployments.items(), reverse=True)
        if all(about.get(name) == value for name, value in wanted.items())
    ])  # fmt: skip


def status(repository: Repository, number: int, told: Mapping[str, Any]) -> Reply:
    """Take the status of a deployment.

    Raises:
        Refused: there is no such deployment, or it is malformed.
    """
    if number not in repository.deployments:
        raise Refused(404, "Not Found")
    allowed = {"state", "target_url", "log_url", "description", "environment", "environment_url", "auto_inactive"}
    if told.get("state") not in STATES or set(told) - allowed:
        raise Refused(422, "Validation Failed: state is not included in the list")
    if len(told.get("description", "")) > LONGEST_DESCRIPTION:
        raise Refused(422, "Validation Failed: description is too long (maximum is 140 characters)")
    for name in ("log_url", "environment_url", "target_url"):
        if told.get(name) and not str(told[name]).startswith(("http://", "https://")):
            raise Refused(422, f"Validation Failed: {name} must use http(s) scheme")
    kept = repository.statuses.setdefault(number, [])
    kept.append(dict(told))
    return Reply.of({"id": len(kept), **told}, 201)


def statuses(repository: Repository, number: int) -> Reply:
    """Return the statuses of a deployment, newest first."""
    kept = repository.statuses.get(number, [])
    return Reply.of([{"id": place + 1, **each} for place, each in reversed(list(enumerate(kept)))])


def dispatch(repository: Repository, workflow: str, told: Mapping[str, Any]) -> Reply:
    """Start a workflow.

    Raises:
        Refused: there is none, it cannot be started so, or what is told is malformed.
    """
    if workflow not in repository.workflows:
        raise Refused(404, "Not Found")
    inputs = told.get("inputs", {})
    if not isinstance(told.get("ref"), str):
        raise Refused(422, 'Invalid request.\n\n"ref" wasn\'t supplied.')
    if told["ref"] not in repository.refs:
        raise Refused(422, f"No ref found for: {told['ref']}")
    if not isinstance(inputs, dict) or len(inputs) > MOST_INPUTS or set(told) - {"ref", "inputs", "return_run_details"}:
        raise Refused(422, "Invalid request.")
    if unexpected := set(inputs) - repository.workflows[workflow]:
        raise Refused(422, f"Unexpected inputs provided: {sorted(unexpected)}")
    repository.dispatched.append({"workflow": workflow, **told})
    if not told.get("return_run_details"):
        return DONE
    number = 9000 + len(repository.dispatched)
    return Reply.of({"workflow_run_id": number, "run_url": f"https://api.github.com/repos/{repository.name}/actions/runs/{number}",
                     "html_url": f"https://github.com/{repository.name}/actions/runs/{number}"})  # fmt: skip


def event(repository: Repository, told: Mapping[str, Any], request: Recorded) -> Reply:
    """Take a repository dispatch.

    Raises:
        Refused: it is malformed.
    """
    name, payload = told.get("event_type"), told.get("client_payload", {})
    if not isinstance(name, str) or not 1 <= len(name) <= LONGEST_EVENT or set(told) - {"event_type", "client_payload"}:
        raise Refused(422, 'Invalid request.\n\n"event_type" wasn\'t supplied, or is too long.')
    if not isinstance(payload, dict) or len(payload) > MOST_NAMES:
        raise Refused(422, "No more than 10 properties are allowed; 11 were supplied.")
    if len(request.body) >= LARGEST_EVENT:
        raise Refused(422, "client_payload is too large.")
    repository.events.append(dict(told))
    return DONE


def search(issues: Issues, request: Recorded) -> Reply:
    """Return what a query finds.

    Raises:
        Refused: there is no query.
    """
    if not request.query.get("q"):
        raise Refused(422, "Validation Failed: q is missing")
    found = issues.search(request.query["q"])
    items = [{**each, "score": 1.0} for each in found]
    return Reply.of({"total_count": len(items), "incomplete_results": False, "search_type": "lexical", "items": items})

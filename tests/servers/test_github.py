"""The look-alike of GitHub: it takes what GitHub's description allows, and refuses what GitHub refuses."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import jwt
import pytest
import requests
from openapi_core.contrib.requests import RequestsOpenAPIRequest, RequestsOpenAPIResponse

from tests.github_described import API, described
from tests.servers.github import LIMITED, SHA, GitHub
from tests.servers.github_webhooks import Webhook
from tests.servers.http_server import Reply, Server
from tests.support import ManualClock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from openapi_core import OpenAPI

REPOSITORY = "/repos/acme/app"
RULE = f"{REPOSITORY}/actions/runs/77/deployment_protection_rule"
OPERATIONS = [
    ("post", "/app/installations/{installation_id}/access_tokens"),
    ("get", "/repos/{owner}/{repo}/installation"),
    ("post", "/repos/{owner}/{repo}/actions/runs/{run_id}/deployment_protection_rule"),
    ("get", "/repos/{owner}/{repo}/contents/{path}"),
    ("post", "/repos/{owner}/{repo}/deployments/{deployment_id}/statuses"),
    ("post", "/repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches"),
    ("post", "/repos/{owner}/{repo}/dispatches"),
    ("post", "/repos/{owner}/{repo}/issues"),
    ("patch", "/repos/{owner}/{repo}/issues/{issue_number}"),
    ("post", "/repos/{owner}/{repo}/issues/{issue_number}/comments"),
    ("get", "/search/issues"),
]
EVERYTHING = {"actions": "write", "contents": "write", "deployments": "write", "issues": "write"}
REVIEW = {"environment_name": "production", "state": "approved", "comment": "fine"}


@pytest.fixture
def hub() -> Iterator[GitHub]:
    """One with a job that waits and a file."""
    with GitHub(ManualClock()) as made:
        made.hold()
        made.repository.files[(SHA, ".github/gate.yml")] = b"version: 1\n"
        yield made


@pytest.fixture(scope="module")
def description(github_packages: Path) -> OpenAPI:
    """Return what GitHub says of what is asked."""
    return described(github_packages, OPERATIONS)


def signed(hub: GitHub, **claims: object) -> str:
    """Return a token of the App, with other claims where wanted."""
    now = int(hub.clock.now().timestamp())
    made = {"iat": now - 60, "exp": now + 540, "iss": str(hub.app.id), **claims}
    return jwt.encode(made, hub.app.private_key, "RS256")


def ask(hub: GitHub, method: str, path: str, body: object = None, *, token: str | None = None) -> requests.Response:
    """Ask with a token for everything, or with that one."""
    held = hub.app.issue(EVERYTHING) if token is None else token
    return requests.request(method, hub.url + path, json=body, headers={"Authorization": f"Bearer {held}"}, timeout=10)


CALLS = [
    ("POST", "/app/installations/987/access_tokens", {"repository_ids": [4711], "permissions": {"deployments": "write"}}),
    ("GET", f"{REPOSITORY}/installation", None),
    ("POST", RULE, REVIEW),
    ("POST", RULE, {"environment_name": "production", "comment": "still looking"}),
    ("GET", f"{REPOSITORY}/contents/.github%2Fgate.yml?ref={SHA}", None),
    ("POST", f"{REPOSITORY}/deployments/1/statuses", {"state": "failure", "log_url": "https://a.example", "description": "x"}),
    ("POST", f"{REPOSITORY}/actions/workflows/rollback.yml/dispatches",
     {"ref": "main", "inputs": {"reason": "bad"}, "return_run_details": True}),
    ("POST", f"{REPOSITORY}/dispatches", {"event_type": "rollback", "client_payload": {"release": "1"}}),
    ("POST", f"{REPOSITORY}/issues", {"title": "Bad release", "body": "see", "labels": ["gate"]}),
    ("GET", "/search/issues?q=repo:acme/app+is:issue+release", None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("method", "path", "body"), CALLS, ids=[f"{place}-{path[:40]}" for place, (_, path, _) in enumerate(CALLS)]
)
def test_calls_fit_githubs_description(hub: GitHub, description: OpenAPI, method: str, path: str, body: object) -> None:
    """What is asked here, and what is answered, is as GitHub describes it."""
    as_app = path.startswith("/app/") or path.endswith("/installation")
    reply = ask(hub, method, path.replace("%2F", "/"), body, token=signed(hub) if as_app else None)
    assert reply.ok
    sent = requests.Request(method, f"{API}{path}", json=body)
    asked = RequestsOpenAPIRequest(sent)
    description.validate_request(asked)
    if reply.status_code != 204:
        description.validate_response(asked, RequestsOpenAPIResponse(reply))


def test_issues_fit_githubs_description(hub: GitHub, description: OpenAPI) -> None:
    """Changing an issue and commenting on it is as GitHub describes it, and a search finds it."""
    ask(hub, "POST", f"{REPOSITORY}/issues", {"title": "Bad release", "body": "marker-7", "labels": ["gate"]})
    for method, path, body in (
        ("PATCH", f"{REPOSITORY}/issues/1", {"state": "closed", "state_reason": "completed"}),
        ("POST", f"{REPOSITORY}/issues/1/comments", {"body": "again"}),
    ):
        reply = ask(hub, method, path, body)
        asked = RequestsOpenAPIRequest(requests.Request(method, f"{API}{path}", json=body))
        description.validate_request(asked)
        description.validate_response(asked, RequestsOpenAPIResponse(reply))
    found = ask(hub, "GET", '/search/issues?q=repo:acme/app+"marker-7"+in:body+state:closed+label:gate').json()
    assert [each["number"] for each in found["items"]] == [1]
    assert ask(hub, "GET", "/search/issues?q=repo:acme/app+marker-7+in:title").json()["total_count"] == 0


@pytest.mark.parametrize(
    "claims",
    [{"exp": 0}, {"iss": "1"}, {"iss": None}, {"iat": None}, {"exp": 10**10}, {"iat": 10**10}, {"exp": "soon"}],
    ids=str,
)
def test_tokens_of_the_app(hub: GitHub, claims: dict[str, object]) -> None:
    """A token that has expired, lives for too long, is of the future or of nobody opens nothing."""
    path = "/app/installations/987/access_tokens"
    assert ask(hub, "POST", path, {}, token=signed(hub)).status_code == 201
    kept = {name: value for name, value in claims.items() if value is not None}
    base = {"iat": int(hub.clock.now().timestamp()) - 60, "exp": int(hub.clock.now().timestamp()) + 540, "iss": "12345"}
    made = {name: value for name, value in {**base, **kept}.items() if name not in claims or name in kept}
    assert ask(hub, "POST", path, {}, token=jwt.encode(made, hub.app.private_key, "RS256")).status_code == 401
    assert ask(hub, "POST", path, {}, token=jwt.encode(made, "x" * 32, "HS256")).status_code == 401


def test_tokens_of_the_installation(hub: GitHub) -> None:
    """A token opens what it was made for, for an hour, and is longer than any of old."""
    asked = {"repository_ids": [4711], "permissions": {"deployments": "write"}}
    path = "/app/installations/987/access_tokens"
    token = ask(hub, "POST", path, asked, token=signed(hub)).json()["token"]
    assert len(token) > 500
    assert ask(hub, "POST", RULE, REVIEW, token=token).status_code == 204
    assert ask(hub, "POST", f"{REPOSITORY}/issues", {"title": "x"}, token=token).status_code == 403
    hub.clock.wait(timedelta(hours=1))
    assert ask(hub, "POST", RULE, REVIEW, token=token).status_code == 401
    for wrong in ({"repository_ids": [99]}, {"permissions": {"issues": "write"}}):
        assert ask(hub, "POST", path, wrong, token=signed(hub)).status_code == 422


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"environment_name": "production"},
        {"environment_name": "staging", "state": "approved"},
        {"environment_name": "production", "state": "pending"},
        {"environment_name": "production", "state": "approved", "comment": "x" * 1025},
        {"environment_name": "production", "comment": "x" * 1025},
        {"environment_name": "production", "comment": 5},
        {"environment_name": ["production"], "state": "approved"},
        {"environment": "production", "state": "approved"},
    ],
    ids=str,
)
def test_reviews_that_are_refused(hub: GitHub, body: object) -> None:
    """Malformed reviews, comments past 1,024 characters and other environments are refused, and the job goes on waiting."""
    assert ask(hub, "POST", RULE, body).status_code == 422
    assert hub.repository.waiting[0].state == "waiting"
    assert ask(hub, "POST", RULE.replace("77", "78"), REVIEW).status_code == 404


def test_ten_comments_and_one_review(hub: GitHub) -> None:
    """The eleventh comment is refused, and so is anything after the review."""
    comment = {"environment_name": "production", "comment": "looking"}
    assert [ask(hub, "POST", RULE, comment).status_code for _ in range(11)] == [204] * 10 + [422]
    assert [ask(hub, "POST", RULE, REVIEW).status_code for _ in range(2)] == [204, 422]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("deployments/1/statuses", {"state": "failed"}),
        ("deployments/1/statuses", {"state": "failure", "description": "x" * 141}),
        ("deployments/1/statuses", {"state": "failure", "log_url": "javascript:alert(1)"}),
        ("actions/workflows/rollback.yml/dispatches", {"inputs": {}}),
        ("actions/workflows/rollback.yml/dispatches", {"ref": "gone"}),
        ("actions/workflows/rollback.yml/dispatches", {"ref": "main", "inputs": {"unknown": "x"}}),
        ("dispatches", {"event_type": "x" * 101}),
        ("dispatches", {"event_type": "x", "client_payload": {str(number): 1 for number in range(11)}}),
        ("dispatches", {"event_type": "x", "client_payload": {"a": "x" * 65_536}}),
        ("issues", {"body": "no title"}),
        ("issues", {"title": "x", "body": "x" * 65_537}),
    ],
    ids=lambda value: str(value)[:50],
)
def test_what_else_is_refused(hub: GitHub, path: str, body: object) -> None:
    """Limits of statuses, dispatches and issues hold."""
    assert ask(hub, "POST", f"{REPOSITORY}/{path}", body).status_code == 422


def test_trouble(hub: GitHub) -> None:
    """It fails as often as it was told to, may do the work all the same, and limits rates."""
    hub.trouble("POST", "/deployment_protection_rule", Reply(500), times=2)
    hub.trouble("POST", "/deployment_protection_rule", LIMITED)
    assert [ask(hub, "POST", RULE, REVIEW).status_code for _ in range(4)] == [500, 500, 403, 204]
    hub.trouble("POST", "/dispatches", Reply(502), done=True)
    assert ask(hub, "POST", f"{REPOSITORY}/dispatches", {"event_type": "x"}).status_code == 502
    assert len(hub.repository.events) == 1


def test_redeliveries_are_the_same_bytes(hub: GitHub) -> None:
    """What is sent again is the same in body, signature and delivery id; the signature is that of GitHub's own example."""
    with Server(Reply(202)) as receiver:
        webhook = hub.webhook(hub.repository.waiting[0])
        webhook.send(receiver.url)
        webhook.send(receiver.url)
    first, second = receiver.requests
    assert (first.body, first.headers["x-github-delivery"]) == (second.body, second.headers["x-github-delivery"])
    assert json.loads(first.body)["deployment_callback_url"] == hub.url + RULE


class _Hello(Webhook):
    """GitHub's example of a signature is over a body that is no JSON."""

    @property
    def body(self) -> bytes:
        return b"Hello, World!"


def test_signature_of_githubs_example() -> None:
    """Secret and body of GitHub's documentation give its signature."""
    signature = _Hello("ping", {}, "It's a Secret to Everybody").headers["X-Hub-Signature-256"]
    assert signature == "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"

"""Everything we ask GitHub, by the product's own hands, held against what GitHub says of its API."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

import pytest
import requests
from openapi_core.contrib.requests import RequestsOpenAPIRequest, RequestsOpenAPIResponse

from gate.clock import SystemClock
from gate.setup.github_check import Asked, check
from tests.actions.conformance import NOW, OCCASION, Attempt, Receiver, found
from tests.github_described import API, described
from tests.servers.github import SHA
from tests.service.github.held import ON
from tests.setup.test_github import Hub
from tests.support import ManualClock

if TYPE_CHECKING:
    from pathlib import Path

    from openapi_core import OpenAPI

    from tests.receivers.github import GitHubSide
    from tests.servers.http_server import Recorded, Reply, Server
    from tests.service.github.held import Place

HERE = "/repos/{owner}/{repo}"
OPERATIONS = [
    ("get", "/app"),
    ("get", "/app/hook/config"),
    ("post", "/app/installations/{installation_id}/access_tokens"),
    ("get", HERE),
    ("get", f"{HERE}/installation"),
    ("post", f"{HERE}/actions/runs/{{run_id}}/deployment_protection_rule"),
    ("get", f"{HERE}/contents/{{path}}"),
    ("get", f"{HERE}/environments/{{environment_name}}/deployment_protection_rules"),
    ("get", f"{HERE}/deployments"),
    ("get", f"{HERE}/deployments/{{deployment_id}}/statuses"),
    ("post", f"{HERE}/deployments/{{deployment_id}}/statuses"),
    ("get", f"{HERE}/actions/workflows/{{workflow_id}}/runs"),
    ("get", f"{HERE}/actions/runs"),
    ("post", f"{HERE}/actions/workflows/{{workflow_id}}/dispatches"),
    ("post", f"{HERE}/dispatches"),
    ("get", f"{HERE}/issues"),
    ("post", f"{HERE}/issues"),
    ("get", f"{HERE}/issues/{{issue_number}}/comments"),
    ("post", f"{HERE}/issues/{{issue_number}}/comments"),
]
OWN = "version: 1\nsources: [{type: rss, url: 'https://127.0.0.1/feed'}]\n" + ON
ACTIONS = {name: each for name, each in found().items() if name.startswith("github-") and isinstance(each, Receiver)}


@pytest.fixture(scope="module")
def description(github_packages: Path) -> OpenAPI:
    """Return what GitHub says of what we ask."""
    return described(github_packages, OPERATIONS, ranges={"created"})


class Listening:
    """Hears what is asked and answered."""

    def __init__(self, server: Server) -> None:
        """Begin."""
        self.said: list[tuple[Recorded, Reply]] = []
        answer = server.answer

        def kept(request: Recorded) -> Reply:
            self.said.append((request, answer(request)))
            return self.said[-1][1]

        server.answer = kept

    def holds(self, description: OpenAPI) -> set[str]:
        """Hold all of it against the description; return which methods and kinds of paths there were."""
        for request, reply in self.said:
            # A path in a path: to the description it is one part.
            target = request.target.replace(".github/gate.yml", ".github%2Fgate.yml")
            headers = {"content-type": request.headers.get("content-type", "")}
            sent = requests.Request(request.method, API + target, headers, data=request.body or None)
            description.validate_request(RequestsOpenAPIRequest(sent))
            if reply.status not in {204, 404} and "raw" not in request.headers["accept"]:
                description.validate_response(RequestsOpenAPIRequest(sent), RequestsOpenAPIResponse(response(reply)))
        return {f"{request.method} {request.path.split('/')[-1]}" for request, _ in self.said}


def response(reply: Reply) -> requests.Response:
    """Return a reply as ``requests`` has it."""
    made = requests.Response()
    made.status_code, made._content = reply.status, reply.body  # noqa: SLF001 - there is no other way to make one
    made.headers.update(reply.headers)
    return made


def test_the_protection_rule(place: Place, description: OpenAPI) -> None:
    """Tokens, the policy of a commit, comments, approvals and rejections."""
    heard = Listening(place.hub.server)
    place.ended(place.hub.hold())
    place.settle(policies={"private_addresses": True})
    place.hub.repository.files[(SHA, ".github/gate.yml")] = OWN.encode()
    place.run_of(place.hub.hold(run=78), installation=None)
    assert heard.holds(description) == {
        "POST access_tokens", "POST deployment_protection_rule", "GET installation", "GET gate.yml",
    }  # fmt: skip


@pytest.mark.parametrize("name", ACTIONS)
def test_actions(name: str, description: OpenAPI) -> None:
    """What each sends, at once, and when it looks first whether it was there before."""
    clock = ManualClock(NOW)
    with cast("GitHubSide", ACTIONS[name].serve(clock)) as side:
        heard = Listening(side.hub.server)
        attempt = Attempt(name, ACTIONS[name], side, clock)
        for occasion in (OCCASION, replace(OCCASION, again=True), replace(OCCASION, key="another.1.0")):
            attempt.action().run(occasion)
        methods = {each.partition(" ")[0] for each in heard.holds(description)}
    assert methods == {"GET", "POST"}


def test_the_check_of_a_setup(description: OpenAPI) -> None:
    """What ``gate setup github --check`` asks, and how it reads the answers."""
    hub = Hub()
    heard = Listening(hub.hub.server)
    with hub.hub:
        asked = Asked(
            "acme/app", "production", "12345", "", hub.hub.url, lambda _: hub.hub.app.private_key, SystemClock()
        )
        assert all(each.ok for each in check(asked))
    assert heard.holds(description) == {
        "GET app", "GET config", "GET installation", "POST access_tokens", "GET deployment_protection_rules",
    }  # fmt: skip

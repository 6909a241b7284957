"""Our requests and our look-alike against GitHub's own description of its API."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import requests
from openapi_core.contrib.requests import RequestsOpenAPIRequest
from openapi_core.exceptions import OpenAPIError

from tests.github_described import API, described
from tests.replies.github import CHANNELS, REPOSITORY
from tests.servers.http_server import Recorded, Reply
from tests.sources.conformance import Service, ask, posts

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from openapi_core import OpenAPI

PATHS = (
    "/repos/{owner}/{repo}",
    "/repos/{owner}/{repo}/issues",
    "/repos/{owner}/{repo}/issues/comments",
    "/search/issues",
)


@pytest.fixture(scope="module")
def description(github_packages: Path) -> OpenAPI:
    """Return what GitHub says of the paths we ask for."""
    return described(github_packages, [("get", path) for path in PATHS])


class _Answer:
    """A reply as openapi-core reads it."""

    def __init__(self, reply: Reply) -> None:
        self.data = reply.body
        self.status_code = reply.status
        self.content_type = "application/json"
        self.headers: Mapping[str, str] = {}


def as_sent(target: str) -> RequestsOpenAPIRequest:
    """Return a request as if it had gone to GitHub itself."""
    return RequestsOpenAPIRequest(requests.Request("GET", f"{API}{target}"))


@pytest.mark.parametrize("kind", ["repositories", "search"])
def test_requests_and_the_look_alike_fit_the_description(description: OpenAPI, kind: str) -> None:
    """Every request we make, pages and doctor's included, and every reply of the look-alike is as GitHub describes them."""
    hub = Service("github", CHANNELS[kind], posts(8))
    said: list[tuple[Recorded, Reply]] = []

    def kept(request: Recorded, _number: int) -> Reply:
        said.append((request, hub.truth(request)))
        return said[-1][1]

    hub.instead = kept
    with hub.server() as server:
        source = hub.source(server)
        assert ask(source).complete
        assert all(check.ok for check in source.check())
    assert len(said) > 2
    for request, reply in said:
        description.validate_request(as_sent(request.target))
        description.validate_response(as_sent(request.target), _Answer(reply))


@pytest.mark.parametrize(
    "target",
    [
        f"/repos/{REPOSITORY}/issues?state=every",
        f"/repos/{REPOSITORY}/issues?sort=newest",
        f"/repos/{REPOSITORY}/issues/comments?direction=down",
        "/search/issues?q=x&sort=age",
        "/search/issues",
    ],
)
def test_the_description_finds_mistaken_requests(description: OpenAPI, target: str) -> None:
    """The check has teeth: a request GitHub would refuse is found."""
    with pytest.raises(OpenAPIError):
        description.validate_request(as_sent(target))


def test_the_description_finds_mistaken_replies(description: OpenAPI) -> None:
    """A field of another type than GitHub's is found."""
    wrong = Reply.of([{"id": "ninety", "created_at": 5}])
    with pytest.raises(OpenAPIError):
        description.validate_response(as_sent(f"/repos/{REPOSITORY}/issues"), _Answer(wrong))

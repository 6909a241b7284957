"""Our requests and our look-alike against GitHub's own description of its API.

It is in the package @octokit/openapi of npm (MIT), as generated/api.github.com.json, 13 MB, and is not ours to ship.
"""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
import requests
from openapi_core import Config, OpenAPI
from openapi_core.contrib.requests import RequestsOpenAPIRequest
from openapi_core.exceptions import OpenAPIError

from tests.replies.github import CHANNELS, REPOSITORY
from tests.servers.http_server import Recorded, Reply
from tests.shared_files import specs_folder
from tests.sources.conformance import Service, ask, posts

if TYPE_CHECKING:
    from collections.abc import Mapping

NAME = "github.json"
PATHS = (
    "/repos/{owner}/{repo}",
    "/repos/{owner}/{repo}/issues",
    "/repos/{owner}/{repo}/issues/comments",
    "/search/issues",
)


@cache
def described() -> OpenAPI:
    """Return what GitHub says of the paths we ask for, or skip."""
    folder = specs_folder()
    if folder is None or not (folder / NAME).is_file():
        pytest.skip(f"needs ../shared/specs/{NAME}: api.github.com.json of the npm package @octokit/openapi")
    whole = json.loads((folder / NAME).read_text(encoding="utf-8"))
    paths = {path: {"get": whole["paths"][path]["get"]} for path in PATHS}
    # Our replies hold the fields we read, in their types, and not the dozens that GitHub sends beside them.
    _drop_required(whole["components"]["schemas"])
    _drop_required(paths)
    description = {**whole, "paths": paths}
    return OpenAPI.from_dict(description, config=Config(spec_validator_cls=None))


def _drop_required(node: Any) -> None:  # noqa: ANN401  # any JSON
    if isinstance(node, dict):
        if isinstance(node.get("required"), list):
            del node["required"]
        for each in node.values():
            _drop_required(each)
    elif isinstance(node, list):
        for each in node:
            _drop_required(each)


class _Answer:
    """A reply as openapi-core reads it."""

    def __init__(self, reply: Reply) -> None:
        self.data = reply.body
        self.status_code = reply.status
        self.content_type = "application/json"
        self.headers: Mapping[str, str] = {}


def as_sent(target: str) -> RequestsOpenAPIRequest:
    """Return a request as if it had gone to GitHub itself."""
    return RequestsOpenAPIRequest(requests.Request("GET", f"https://api.github.com{target}"))


@pytest.mark.parametrize("kind", ["repositories", "search"])
def test_requests_and_the_look_alike_fit_the_description(kind: str) -> None:
    """Every request we make, pages and doctor's included, and every reply of the look-alike is as GitHub describes them."""
    description = described()
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
def test_the_description_finds_mistaken_requests(target: str) -> None:
    """The check has teeth: a request GitHub would refuse is found."""
    with pytest.raises(OpenAPIError):
        described().validate_request(as_sent(target))


def test_the_description_finds_mistaken_replies() -> None:
    """A field of another type than GitHub's is found."""
    wrong = Reply.of([{"id": "ninety", "created_at": 5}])
    with pytest.raises(OpenAPIError):
        described().validate_response(as_sent(f"/repos/{REPOSITORY}/issues"), _Answer(wrong))

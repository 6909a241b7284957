"""Our requests and the look-alike against Mastodon's own description of its API."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
import requests
from openapi_core import Config, OpenAPI
from openapi_core.contrib.requests import RequestsOpenAPIRequest
from openapi_core.exceptions import OpenAPIError

from gate.ports import Secret
from tests.replies.mastodon import answer, status
from tests.servers.http_server import Recorded, Reply, Server
from tests.shared_files import spec
from tests.sources.test_mastodon import hour, posts, source_at

if TYPE_CHECKING:
    from collections.abc import Mapping

TAG, SEARCH = "/api/v1/timelines/tag/{hashtag}", "/api/v2/search"
TOKEN = Secret("${MASTODON_TOKEN}")


@cache
def described() -> OpenAPI:
    """Return Mastodon's description, or skip."""
    description = spec("mastodon-4.7.json")
    for path in (TAG, SEARCH):
        # Ours is a token however it came about; openapi-core knows no OAuth 2.
        description["paths"][path]["get"]["security"] = []
    return OpenAPI.from_dict(description, config=Config(spec_validator_cls=None))


class _Answer:
    """A reply as openapi-core reads it."""

    def __init__(self, reply: Reply) -> None:
        self.data = reply.body
        self.status_code = reply.status
        self.content_type = "application/json"
        self.headers: Mapping[str, str] = {}


def as_sent(target: str) -> RequestsOpenAPIRequest:
    """Return a request as if it had gone to a real server; Rails reads ``any[]`` as what is described as ``any``."""
    return RequestsOpenAPIRequest(
        requests.Request("GET", "https://mastodon.example" + target.replace("%5B%5D=", "="))
    )  # fmt: skip


def test_requests_and_the_look_alike_fit_the_description() -> None:
    """Every request we make, and every reply of the look-alike, is as Mastodon describes them."""
    said: list[tuple[Recorded, Reply]] = []

    def reply(request: Recorded) -> Reply:
        found = answer(request, posts(1, 2, 3, 4, 5), 2)
        if request.path == SEARCH:
            page = [] if "max_id" in request.query else [status(post) for post in posts(2, 1)]
            found = Reply.of({"accounts": [], "statuses": page, "hashtags": []})
        said.append((request, found))
        return found

    with Server(answer=reply) as server:
        tags = source_at(server.url, any=("acme", "acme24"), all=("bug",), none=("ad",))
        tags.fetch(hour())
        tags.check()
        source_at(server.url, search="acme app", token=TOKEN).fetch(hour())
    names = [request.query.keys() for request, _ in said]
    for needed in ("limit", "max_id", "any[]", "all[]", "none[]", "q", "type"):
        assert any(needed in each for each in names), needed
    for request, found in said:
        described().validate_request(as_sent(request.target))
        described().validate_response(as_sent(request.target), _Answer(found))


@pytest.mark.parametrize("fields", [{"id": 7}, {"created_at": 1.5}, {"account": {}}, {"content": None}])
def test_the_description_finds_replies_no_server_sends(fields: dict[str, Any]) -> None:
    """The check has teeth: a status that Mastodon would not send is found."""
    body = json.dumps([status(posts(1)[0], **fields)]).encode()
    with pytest.raises(OpenAPIError):
        described().validate_response(as_sent("/api/v1/timelines/tag/brimly"), _Answer(Reply(200, body)))


@pytest.mark.parametrize("query", [{"limit": "many"}, {"local": "perhaps"}])
def test_the_description_finds_requests_no_server_takes(query: dict[str, str]) -> None:
    """Nor does a query of another type pass."""
    with pytest.raises(OpenAPIError):
        described().validate_request(as_sent(f"/api/v1/timelines/tag/brimly?{urlencode(query)}"))


def test_the_description_wants_what_is_searched_for() -> None:
    """A search without ``q`` is found."""
    with pytest.raises(OpenAPIError):
        described().validate_request(as_sent(f"{SEARCH}?type=statuses"))

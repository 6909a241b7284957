"""Our requests, our recorded replies and our look-alike against X's own description of its API."""

from __future__ import annotations

import json
import threading
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
import requests
from openapi_core import Config, OpenAPI
from openapi_core.contrib.requests import RequestsOpenAPIRequest
from openapi_core.exceptions import OpenAPIError

from gate.sources.x.stream import NAME
from tests.servers.http_server import REPLIES, Recorded, Reply
from tests.servers.x_api import COUNTS, SEARCH, TOKEN, XApi
from tests.servers.x_stream import RULES, STREAM, XStream
from tests.shared_files import spec
from tests.sources.x_support import LIVE, NOW, ask, source_at
from tests.support import ManualClock

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.servers.http_server import Server

SPECS = {"tweet": "x-2.159.json", "post": "x-2.167.json"}
"""The last description with the old names, which tweepy sends, and the first with the new ones."""
UNDESCRIBED = {"error-list.json"}
"""Replies in a shape no description holds, which have been met all the same."""


@cache
def described(naming: str) -> OpenAPI:
    """Return X's description in those names, or skip."""
    description = spec(SPECS[naming])
    for path, method in ((SEARCH, "get"), (COUNTS, "get"), (STREAM, "get"), (RULES, "get"), (RULES, "post")):
        # Ours is the app's bearer token; openapi-core warns of the kinds it does not know.
        description["paths"][path][method]["security"] = [{"BearerToken": []}]
    readers: dict[str, Callable[[bytes], Any]] = {"application/problem+json": json.loads}
    config = Config(spec_validator_cls=None, extra_media_type_deserializers=readers)
    return OpenAPI.from_dict(description, config=config)


class _Answer:
    """A reply as openapi-core reads it."""

    def __init__(self, reply: Reply) -> None:
        self.data = reply.body
        self.status_code = reply.status
        self.content_type = reply.headers["content-type"].split(";")[0]
        self.headers: Mapping[str, str] = {}


def as_sent(request: Recorded) -> RequestsOpenAPIRequest:
    """Return a request as if it had gone to X itself."""
    headers = {name: request.headers[name] for name in ("authorization", "content-type") if name in request.headers}
    address = f"https://api.x.com{request.target}"
    return RequestsOpenAPIRequest(requests.Request(request.method, address, headers=headers, data=request.body))


def scenario(naming: str) -> tuple[Server, list[tuple[Recorded, Reply]]]:
    """Make every kind of request: probe, pages, since_id, a gap, authors, a past period, doctor."""
    clock = ManualClock(NOW)
    api = XApi(clock.now, naming=naming)  # type: ignore[arg-type]
    for number in range(25):
        references = {"referenced_tweets": [{"type": "quoted", "id": "1"}]} if number % 2 else {}
        api.write(LIVE - timedelta(seconds=30 + number), "acme24", **references)
    said: list[tuple[Recorded, Reply]] = []

    def answer(request: Recorded) -> Reply:
        said.append((request, api.answer(request)))
        return said[-1][1]

    with api.server() as server:
        server.answer = answer
        source = source_at(server, clock, page_size=10, max_pages=1, probe=True, author_details=True)
        fetch = ask(source, until=NOW - timedelta(seconds=90, milliseconds=10))
        for minute in range(4):
            fetch = ask(source, fetch.cursor, until=NOW + timedelta(minutes=minute))
            clock.wait(timedelta(minutes=1))
        source.check()
    return server, said


@pytest.mark.parametrize("naming", SPECS)
def test_requests_and_the_look_alike_fit_the_description(naming: str) -> None:
    """Every request we make and every reply of the look-alike is as X describes them."""
    description = described(naming)
    server, said = scenario(naming)
    asked = [request.query.keys() for request in server.requests]
    for needed in ("start_time", "since_id", "until_id", "expansions", "granularity"):
        assert any(needed in names for names in asked), needed
    for request, reply in said:
        description.validate_request(as_sent(request))
        description.validate_response(as_sent(request), _Answer(reply))


@pytest.mark.parametrize("naming", SPECS)
@pytest.mark.parametrize("authors", [False, True])
def test_the_stream_fits_the_description(naming: str, *, authors: bool) -> None:
    """Connecting, at first and again, the rules, and every line of the stream's look-alike are as X describes them."""
    description = described(naming)
    clock = ManualClock(NOW)
    api = XApi(clock.now, naming=naming)  # type: ignore[arg-type]
    x = XStream(api)
    said: list[tuple[Recorded, Reply]] = []
    lines: list[bytes] = []

    def answer(request: Recorded) -> Reply:
        reply = api.answer(request)
        said.append((request, reply))
        return reply

    api.before_answer = x.answer
    with api.server() as server:
        server.answer = answer
        source = source_at(server, clock, mode="stream", author_details=authors, backfill_minutes=5)
        fetch = ask(source)
        for _minute in range(3):
            # The end of a connection, too, is read by the time its thread is gone.
            x.write(clock.now())
            lines.append(x.last)
            x.hang_up()
            for thread in threading.enumerate():
                if thread.name == NAME:
                    thread.join(20)
            fetch = ask(source, fetch.cursor, until=clock.now())
            clock.wait(timedelta(minutes=1))
        source.check()
        source.close()
        x.hang_up()
    asked = {(request.method, request.path) for request, _ in said}
    assert asked >= {("GET", STREAM), ("GET", RULES), ("POST", RULES)}
    connects = [request for request, _ in said if request.path == STREAM]
    assert [request.query.get("backfill_minutes") for request in connects[:2]] == [None, "5"]
    for request, reply in said:
        description.validate_request(as_sent(request))
        if reply.pieces is None:
            description.validate_response(as_sent(request), _Answer(reply))
    for line in lines:
        sent = Reply(200, line, {"content-type": "application/json"})
        description.validate_response(as_sent(connects[0]), _Answer(sent))


@pytest.mark.parametrize("change", [{"add": [{"tag": "no value"}]}, {"delete": {"ids": ["abc"]}}, {"mood": []}])
def test_the_description_finds_wrong_rules(change: dict[str, Any]) -> None:
    """The check of rules has teeth, too."""
    headers = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json"}
    request = as_sent(Recorded("POST", RULES, headers, json.dumps(change).encode(), ("", 0)))
    with pytest.raises(OpenAPIError):
        described("tweet").validate_request(request)


@pytest.mark.parametrize("path", sorted((REPLIES / "x").glob("*.json")), ids=lambda path: path.stem)
def test_recorded_replies_fit_the_description(path: object) -> None:
    """Every reply in tests/replies/x is one X could send, but for those named as not described."""
    name = str(path).rsplit("/", 1)[-1]
    description = described("post" if "post-names" in name else "tweet")
    stored = json.loads((REPLIES / "x" / name).read_text(encoding="utf-8"))
    reply = Reply(stored["status"], json.dumps(stored["body"]).encode(), stored["headers"])
    target = COUNTS if name.startswith("counts") else SEARCH
    request = as_sent(Recorded("GET", f"{target}?query=acme24", {"authorization": f"Bearer {TOKEN}"}, b"", ("", 0)))
    if name in UNDESCRIBED:
        with pytest.raises(OpenAPIError):
            description.validate_response(request, _Answer(reply))
    else:
        description.validate_response(request, _Answer(reply))


@pytest.mark.parametrize("wrong", [{"max_results": "5"}, {"query": ""}, {"since_id": "abc"}, {"tweet.fields": "mood"}])
def test_the_description_finds_mistakes(wrong: dict[str, str]) -> None:
    """The check has teeth: a request X would refuse is found."""
    query = urlencode({"query": "acme24"} | wrong)
    request = as_sent(Recorded("GET", f"{SEARCH}?{query}", {"authorization": f"Bearer {TOKEN}"}, b"", ("", 0)))
    with pytest.raises(OpenAPIError):
        described("tweet").validate_request(request)

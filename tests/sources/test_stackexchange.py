"""Source ``stackexchange``: its quota, the times it wants to be left alone, and errors of its own."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from gate.errors import SourceRefused
from gate.http import RateLimited
from gate.ports import Secret
from gate.sources.stackexchange import Options
from tests.replies.stackexchange import CHANNEL, answer, compressed, error
from tests.sources.conformance import Post, Service, ask, ask_until_complete, numbers, posts

if TYPE_CHECKING:
    from tests.servers.http_server import Recorded, Reply


def service(some: list[Post], **more: Any) -> Service:  # noqa: ANN401  # any option
    """Put the API on a service with these questions."""
    return Service(
        "stackexchange", replace(CHANNEL, options=lambda url: Options(base_url=f"{url}/2.3", **more)), some
    )  # fmt: skip


def told(request: Recorded, some: list[Post], **fields: Any) -> Reply:  # noqa: ANN401  # any field of the wrapper
    """Answer truly, with more fields around the items."""
    true = json.loads(gzip.decompress(answer(request, some, 3).body))
    return compressed(true | fields)


def test_a_backoff_in_a_good_answer_is_kept() -> None:
    """After an answer with ``backoff`` nothing is asked for as many seconds; then the rest comes."""
    stack = service(posts(8))
    stack.instead = lambda request, number: told(request, stack.posts, backoff=30) if number == 0 else None
    with stack.server() as server:
        source = stack.source(server)
        first = ask(source)
        assert len(server.requests) == 1
        assert (len(first.mentions), first.complete, first.permanent) == (3, False, False)
        assert "14:30:30 UTC" in first.reason
        with pytest.raises(RateLimited):
            ask(source, first.cursor)
        assert len(server.requests) == 1
        stack.clock.wait(timedelta(seconds=31))
        rest = ask_until_complete(source, first.cursor)
    came = numbers([*first.mentions, *(mention for fetch in rest for mention in fetch.mentions)])
    assert sorted(came) == list(range(1, 9))


def test_a_quota_that_is_used_up_says_until_when() -> None:
    """The API's own error for too many requests is a rate limit that ends, not a refused request."""
    stack = service([])
    stack.always(
        error(502, "throttle_violation", "too many requests from this IP, more requests available in 300 seconds")
    )
    with stack.server() as server:
        source = stack.source(server)
        for _ in range(2):
            with pytest.raises(RateLimited, match="14:35:00 UTC"):
                ask(source)
        assert len(server.requests) == 1


def test_a_throttle_without_a_time() -> None:
    """Where it does not say until when, the next poll may ask again."""
    stack = service([])
    stack.always(error(502, "throttle_violation", "too many requests from this IP"))
    with stack.server() as server, pytest.raises(RateLimited, match="does not say until when"):
        ask(stack.source(server))


def test_any_other_error_is_refused_in_its_words() -> None:
    """A key that is none, or a site that is none, is refused with what the API says of it."""
    stack = service([])
    stack.always(error(400, "bad_parameter", "No site found for name `stackunderflow`"))
    with stack.server() as server, pytest.raises(SourceRefused, match="No site found") as raised:
        ask(stack.source(server))
    assert "site" in raised.value.hint


@pytest.mark.parametrize(("left", "warned"), [(29, True), (30, False), (None, False)])
def test_a_quota_that_runs_out_is_told(left: int | None, warned: bool) -> None:  # noqa: FBT001  # a column of the table
    """Below a tenth of the day's quota there is a note, once."""
    stack = service(posts(8))
    stack.instead = lambda request, _number: told(request, stack.posts, quota_remaining=left, quota_max=300)
    with stack.server() as server:
        fetch = ask(stack.source(server))
    assert fetch.complete
    assert len(fetch.notes) == warned


def test_check_says_what_is_left_today() -> None:
    """``gate doctor`` gets the quota from the answer's own body, and whether a key is in use."""
    for key, words in ((None, "without a key"), (Secret("${STACK_KEY}"), "with a key")):
        stack = service(posts(1), key=key)
        with stack.server() as server:
            first = stack.source(server).check()[0]
        assert first.ok
        assert f"9,990 of 10,000 requests left today, {words}" in first.detail


@pytest.mark.parametrize(
    ("more", "words", "tagged"),
    [
        ({}, "#brimly", None),
        ({"query": "brimly crash"}, "brimly crash", None),
        ({"tags": ("brimly", "brimly-api")}, None, "brimly;brimly-api"),
        ({"tags": ("brimly",), "query": "crash"}, "crash", "brimly"),
    ],
)
def test_what_is_asked(more: dict[str, Any], words: str | None, tagged: str | None) -> None:
    """Words, tags or both; the policy's release only where there is neither."""
    stack = service([], site="serverfault", **more)
    with stack.server() as server:
        ask(stack.source(server))
    query = stack.asked[0].query
    assert (query.get("q"), query.get("tagged"), query["site"]) == (words, tagged, "serverfault")
    assert "key" not in query


def test_a_question_is_its_title_and_its_words() -> None:
    """The title comes unescaped, the body without listings; the author is an id, or the name of a deleted account."""
    stack = service(posts(1))
    with stack.server() as server:
        (mention,) = ask(stack.source(server)).mentions
        true = json.loads(gzip.decompress(answer(stack.asked[0], stack.posts, 3).body))
        true["items"][0] |= {"body": "<p>It fails:</p><pre><code>awful error</code></pre>"}
        true["items"][0]["owner"] = {"user_type": "does_not_exist", "display_name": "user77"}
        stack.always(compressed(true))
        (other,) = ask(stack.source(server)).mentions
    assert mention.text == "Brimly: a < b?\npost 1: it works"
    assert (mention.author, mention.conversation, mention.likes) == ("1001", "79000001", 2)
    assert other.text == "Brimly: a < b?\nIt fails:"
    assert other.author == "user77"


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ({"site": "a b"}, "site"),
        ({"site": ""}, "site"),
        ({"max_pages": 26}, "max_pages"),
        ({"base_url": "x"}, "base_url"),
    ],
)
def test_options_that_cannot_work(more: dict[str, Any], named: str) -> None:
    """Each is refused by name before anything is asked."""
    with pytest.raises(ValueError, match=f"^{named}"):
        Options(**more)

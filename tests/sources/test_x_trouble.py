"""X in trouble: every way tweepy or X can hurt ends in an error with a next step, in time, without the token."""

from __future__ import annotations

import logging
import traceback
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from gate.errors import SourceDown, SourceFault, SourceRefused
from tests.servers.http_server import Recorded, Reply, Server
from tests.servers.x_api import TOKEN, XApi
from tests.sources.x_support import NOW, ask, source_at
from tests.support import ManualClock

if TYPE_CHECKING:
    from collections.abc import Iterator

SOON = timedelta(milliseconds=300)
"""Time for a poll that the server would like to make last for ever."""
PAGE = {"data": [{"id": "2031371000000000000", "text": "acme24"}], "meta": {"next_token": "more"}}


def fault_of(server: Server, clock: ManualClock | None = None) -> SourceFault:
    """Poll once and return what was raised."""
    with pytest.raises(SourceFault) as raised:
        ask(source_at(server, clock))
    assert raised.value.hint, "no next step"
    return raised.value


@pytest.mark.parametrize(
    ("recorded", "says", "hint"),
    [
        ("error-400-since-id", "'since_id' is older than seven days", "check the query"),
        ("error-401", "does not know the key (401", "${X_BEARER_TOKEN}"),
        ("error-402", "credits are used up (402", "buy credits"),
        ("error-403", "may not do this (403: This app is not enrolled", "access to recent search"),
        ("error-429-usage-cap", "quota or credits are used up (429: Usage cap exceeded", "spending limit"),
    ],
)
def test_refusals_are_final_and_say_what_to_do(recorded: str, says: str, hint: str) -> None:
    """A key, a quota or a query that X refuses is refused for good: one request, a cause, a next step."""
    with Server(Reply.recorded(f"x/{recorded}.json")) as server:
        fault = fault_of(server)
    assert isinstance(fault, SourceRefused)
    assert fault.permanent
    assert says in fault.message
    assert hint in fault.hint
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("reply", "says"),
    [
        (Reply.recorded("x/error-503.json"), "not well (503: Service Unavailable)"),
        (Reply.recorded("x/error-list.json"), "not well (500: Internal error)"),
        (Reply(502, b"<html>Bad gateway</html>"), "not well (502)"),
        (Reply(500, b"[" * 50_000), "not well (500)"),
        (Reply(200, b"<html>Sign in to the wifi</html>", {"content-type": "text/html"}), "text/html instead of JSON"),
        (Reply(200, b'{"data": [{"id": "1", "te', {"content-type": "application/json"}), "instead of JSON"),
        (Reply(200, b""), "with nothing instead of JSON"),
        (Reply(204), "with nothing instead of JSON"),
        (Reply(200, b"[" * 50_000), "instead of JSON"),
        (Reply.of([1, 2]), "JSON of an unknown shape (list)"),
        (Reply.of({"errors": [{"title": "Not all well", "detail": "try later"}]}), "try later"),
        (
            Reply.of({"errors": [{"detail": "try\x1b[2J later"}], "meta": {"result_count": 0}}),
            "deliver it: try [2J later",
        ),
        (Reply.of({"errors": [{"detail": f"{TOKEN} failed"}], "meta": {}}), "deliver it: [redacted] failed"),
        (Reply.of({"data": [], "errors": [{"code": 131}], "meta": {}}), "deliver it: an error it does not explain"),
        (Reply.of({"data": "none", "meta": {}}), "reply without posts"),
        (Reply(200, b'{"data": [], "meta": {}}', {}, "cut"), "broke"),
        (Reply(200, b"\x1f\x8b rubbish", {"content-encoding": "gzip"}), "not proper HTTP"),
        (Reply(304), "nothing instead of JSON"),
    ],
)
def test_no_proper_answer_may_pass(reply: Reply, says: str) -> None:
    """A sick X, a proxy's page, half an answer or none: down for this look, one request, and it says what came."""
    with Server(reply) as server, pytest.raises(SourceDown) as raised:
        ask(source_at(server))
    assert says in raised.value.message
    assert not raised.value.permanent
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "body", [b"[]", b'["x"]', b'[{"code": 88}]', b"null", b'"x"', b"{}", b'{"errors": "x"}', b"\xff"]
)
@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 409, 429, 500])
def test_error_bodies_of_any_shape(status: int, body: bytes) -> None:
    """Whatever JSON an error comes with, it is told as the status says."""
    with Server(Reply(status, body)) as server:
        fault = source_fault(server)
    assert isinstance(fault, SourceDown if status in {429, 500} else SourceRefused)


def source_fault(server: Server) -> SourceFault:
    """Poll once and return what was raised, with or without a hint."""
    with pytest.raises(SourceFault) as raised:
        ask(source_at(server))
    return raised.value


@pytest.mark.parametrize("how", ["hang", "drip", "drip-headers"])
def test_no_server_outlasts_the_deadline(how: str) -> None:
    """A server that says nothing, or a byte at a time for ever, is left when the poll's time is used up."""
    with Server(Reply(how=how)) as server, pytest.raises(SourceDown) as raised:  # type: ignore[arg-type]
        ask(source_at(server), timeout=SOON)
    assert "the time of this poll" in raised.value.message
    assert len(server.requests) <= 1  # busy machines read late


def test_nobody_listens() -> None:
    """A port where nobody listens is an outage, with the address in the message."""
    with Server(Reply()) as server:
        url = server.url
    with pytest.raises(SourceDown) as raised:
        ask(source_at(url))
    assert url.removeprefix("http://") in raised.value.message


def limited(**headers: str) -> Reply:
    """Answer 429 with these headers."""
    return Reply.of({"title": "Too Many Requests"}, 429, **headers)


@pytest.mark.parametrize(
    ("headers", "says"),
    [
        ({"x_rate_limit_reset": str(int((NOW + timedelta(minutes=7)).timestamp()))}, "14:37:00 UTC (in 420 s)"),
        ({"retry_after": "90"}, "14:31:30 UTC (in 90 s)"),
        ({}, "does not say until when"),
        ({"x_rate_limit_reset": "99999999999999999999"}, "does not say until when"),
        ({"x_rate_limit_reset": "soon"}, "does not say until when"),
        ({"x_rate_limit_reset": "-5"}, "does not say until when"),
        ({"x_rate_limit_reset": "12"}, "until 2026-03-10 14:30:00 UTC (in 0 s)"),
    ],
)
def test_a_rate_limit_is_never_waited_for(headers: dict[str, str], says: str) -> None:
    """A 429 with a reset time, without one or with nonsense ends the poll at once and says until when."""
    clock = ManualClock(NOW)
    with Server(limited(**headers)) as server:
        fault = fault_of(server, clock=clock)
    assert isinstance(fault, SourceDown)
    assert says in fault.message
    assert clock.time == NOW
    assert len(server.requests) == 1


def test_a_rate_limited_source_asks_again_only_after_the_reset() -> None:
    """Until the reset no request is made, and after it the source goes on by itself."""
    clock = ManualClock(NOW)
    api = XApi(clock.now, reset=NOW + timedelta(minutes=3))
    with api.server() as server:
        source = source_at(server, clock)
        api.limits = dict.fromkeys(api.limits, 0)
        for _ in range(3):
            with pytest.raises(SourceDown, match="until 2026-03-10 14:33:00 UTC"):
                ask(source)
        assert len(server.requests) == 1
        clock.wait(timedelta(minutes=3))
        api.limits = dict.fromkeys(api.limits, 10)
        assert ask(source).complete


def test_a_rate_limit_midway_keeps_the_pages() -> None:
    """A 429 on the second page: the first page is kept, and the reason says until when."""
    reset = str(int((NOW + timedelta(minutes=7)).timestamp()))
    with Server(Reply.of(PAGE), limited(x_rate_limit_reset=reset)) as server:
        fetch = ask(source_at(server))
    assert len(fetch.mentions) == 1
    assert (fetch.complete, fetch.permanent) == (False, False)
    assert "14:37:00 UTC" in fetch.reason


def test_a_spent_quota_midway_is_final() -> None:
    """Credits that end on the second page: the first page is kept, and no later poll is worth trying."""
    with Server(Reply.of(PAGE), Reply.recorded("x/error-402.json")) as server:
        fetch = ask(source_at(server))
    assert len(fetch.mentions) == 1
    assert (fetch.complete, fetch.permanent) == (False, True)
    assert "credits are used up" in fetch.reason


def test_errors_instead_of_the_second_page() -> None:
    """A failure that X sends with status 200 is no end of the pages: what came is kept, and the poll is incomplete."""
    failed = Reply.of({"errors": [{"detail": "Internal error"}], "meta": {"result_count": 0}})
    with Server(Reply.of(PAGE), failed) as server:
        fetch = ask(source_at(server))
    assert len(fetch.mentions) == 1
    assert (fetch.complete, fetch.permanent) == (False, False)
    assert "could not deliver it: Internal error" in fetch.reason


def test_errors_instead_of_a_count_are_no_silence() -> None:
    """A count that failed is not taken for nobody having written: the search is made, with a note."""
    failed = Reply.of({"errors": [{"detail": "Internal error"}], "meta": {"total_tweet_count": 0}})
    last = Reply.of({**PAGE, "meta": {}})
    with Server(failed, last) as server:
        fetch = ask(source_at(server, probe=True))
    assert len(fetch.mentions) == 1
    assert any("did not count the posts beforehand: X could not deliver it" in note for note in fetch.notes)


def test_the_same_page_for_ever_is_left() -> None:
    """The same page token again and again ends the poll after two pages."""
    with Server(Reply.of(PAGE)) as server:
        fetch = ask(source_at(server))
    assert len(server.requests) == 2
    assert not fetch.complete
    assert "repeats its pages" in fetch.reason


def test_buying_the_same_posts_again_is_stopped_for_good() -> None:
    """If X ignores where we are and sells the same posts at every poll, the source stops for the run."""
    with Server(Reply.of(PAGE)) as server:
        source = source_at(server)
        first = ask(source)
        second = ask(source, first.cursor)
    assert second.permanent
    assert len(server.requests) == 3


def test_endless_new_pages_end_at_the_cap() -> None:
    """Pages without end, each with another token, end at max_pages."""
    numbers = iter(range(1_000))

    def more(_request: Recorded) -> Reply:
        number = next(numbers)
        post = {"id": str(2031371000000000000 - number), "text": "acme24"}
        return Reply.of({"data": [post], "meta": {"next_token": f"page{number}"}})

    with Server(answer=more) as server:
        fetch = ask(source_at(server, max_pages=7))
    assert len(server.requests) == 7
    assert "7 pages were read (max_pages)" in fetch.reason


@pytest.mark.parametrize(
    "location", ["https://elsewhere.example/2/tweets", "http://127.0.0.1:9/", "//elsewhere.example/"]
)
def test_redirects_elsewhere_are_refused(location: str) -> None:
    """A redirect to another address is not followed, so that the token does not travel."""
    with Server(Reply(302, headers={"location": location})) as server:
        fault = fault_of(server)
    assert isinstance(fault, SourceRefused)
    assert "redirects to another address" in fault.message
    assert len(server.requests) == 1


def test_redirects_in_a_circle_end() -> None:
    """A redirect to itself ends after a few rounds."""
    with Server(Reply(302, headers={"location": "/2/tweets/search/recent"})) as server:
        fault = fault_of(server)
    assert "circle" in fault.message
    assert len(server.requests) < 6


def test_an_answer_without_end_is_capped() -> None:
    """An answer larger than any page is left, not held in memory."""
    with Server(Reply(body=b" " * (9 * 1024 * 1024))) as server:
        fault = fault_of(server)
    assert "larger than 8,388,608 bytes" in fault.message


@pytest.mark.parametrize("token", ["", "two words", "line\nbreak", "schlüssel", "   "])
def test_an_odd_token_is_refused_unsent(token: str) -> None:
    """What cannot be a token is refused before any request, and is not repeated in the message."""
    with Server(Reply()) as server:
        source = source_at(server, bearer_token="${ODD}", secret=lambda _reference: token)
        with pytest.raises(SourceRefused) as raised:
            ask(source)
    assert "${ODD}" in raised.value.message
    assert not token.strip() or token not in raised.value.message
    assert server.requests == []


def test_a_missing_key_is_refused() -> None:
    """A secret that is not set is the resolver's refusal, unchanged."""
    with Server(Reply()) as server, pytest.raises(SourceRefused, match="is not set"):
        ask(source_at(server, bearer_token="${NOT_SET}"))


def _talkative_replies() -> Iterator[Reply]:
    echo = f'{{"title": "Odd", "detail": "your token {TOKEN} and Bearer {TOKEN}"}}'.encode()
    for status in (200, 400, 401, 403, 429, 500):
        yield Reply(status, echo, {"x-echo": f"Bearer {TOKEN}", "content-type": "application/json"})
    yield Reply(how="hang")
    yield Reply(200, b'{"data"', {}, "cut")
    yield Reply(302, headers={"location": f"https://elsewhere.example/?token={TOKEN}"})


@pytest.mark.parametrize("reply", list(_talkative_replies()), ids=lambda reply: f"{reply.status}-{reply.how}")
def test_the_token_is_never_shown(reply: Reply, caplog: pytest.LogCaptureFixture) -> None:
    """With every library at DEBUG and a server that echoes it, no log, error, traceback or repr has the token."""
    for name in ("", "tweepy", "urllib3", "requests", "gate"):
        caplog.set_level(logging.DEBUG, logger=name)
    with Server(reply) as server:
        source = source_at(server)
        try:
            ask(source, timeout=SOON)
        except SourceFault as fault:
            shown = [fault.message, fault.hint, repr(fault), *traceback.format_exception(fault)]
            chain = _chain(fault)
        else:
            pytest.fail("every one of these is a fault")
        shown += [repr(vars(each)) for each in chain]
        shown += [repr(source), repr(source._client), repr(vars(source._client))]  # noqa: SLF001  # what a debugger shows
        assert server.requests[0].headers["authorization"] == f"Bearer {TOKEN}"
    assert any(record.name.startswith("tweepy") for record in caplog.records)
    shown += [record.getMessage() + repr(record.__dict__) for record in caplog.records]
    assert not [text for text in shown if TOKEN in text]


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error:
        yield error
        error = error.__cause__ or error.__context__

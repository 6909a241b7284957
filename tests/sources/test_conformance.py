"""Every source there is, held to the same facts on a real server that answers as recorded, or misbehaves."""

from __future__ import annotations

import gzip
import json
import logging
import re
import threading
import traceback
from base64 import b64encode
from contextlib import suppress
from copy import copy
from dataclasses import fields, replace
from datetime import UTC, timedelta
from functools import partial
from itertools import cycle
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from gate.errors import Cancelled, SourceDown, SourceFault, SourceRefused
from gate.http import interrupt, resume
from gate.model import Request, Room
from tests.servers.http_server import Recorded, Reply, Server
from tests.sources.conformance import (
    MOST_REQUESTS,
    NOW,
    SINCE,
    SOON,
    UNTIL,
    Channel,
    Post,
    Service,
    ask,
    ask_until_complete,
    found,
    numbers,
    posts,
    words,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gate.model import Check

FOUND = found()
CHANNELS = {name: channel for name, channel in FOUND.items() if isinstance(channel, Channel)}
RESET = NOW + timedelta(minutes=3)


def of_those(wanted: Callable[[Channel], object]) -> pytest.MarkDecorator:
    """Hold only those channels to a fact that have what it is about."""
    return pytest.mark.parametrize(
        "service", [name for name, channel in CHANNELS.items() if wanted(channel)], indirect=True
    )


PAGED = of_those(lambda channel: channel.paged)
"""The rest shows all it has in one reply."""
JSON = of_those(lambda channel: channel.json)
SECRET = of_those(lambda channel: channel.token)
"""The rest needs none."""
DATED = of_those(lambda channel: channel.skew)
"""The rest does not say what time it is there."""


@pytest.fixture(params=CHANNELS, ids=str)
def service(request: pytest.FixtureRequest) -> Service:
    """Put each channel on a service with a little more than two pages of posts."""
    channel = CHANNELS[request.param]
    return Service(request.param, channel, posts(3 * channel.size - 1))


@pytest.fixture
def server(service: Service) -> Iterator[Server]:
    """Serve it."""
    with service.server() as running:
        yield running


@pytest.mark.parametrize("name", FOUND)
def test_every_source_takes_part(name: str) -> None:
    """Each source has recorded replies, or says why it cannot have any."""
    assert FOUND[name], f"write tests/replies/{name.replace('-', '_')}.py with a CHANNEL, or say why not in EXEMPT"


def test_nothing_happens_before_the_first_poll(service: Service, server: Server) -> None:
    """A source is made and closed without a request and without its secret: policies are read where there are none."""

    def none(reference: str) -> str:
        pytest.fail(f"{reference} was looked up")

    service.source(server, none).close()
    assert server.requests == []


def test_pages_until_done(service: Service, server: Server) -> None:
    """All posts of the period come, each once, oldest first, over as many pages as it takes."""
    fetch = ask(service.source(server))
    assert numbers(fetch.mentions) == [post.number for post in service.posts]
    assert (fetch.complete, fetch.reason, fetch.permanent) == (True, "", False)
    assert len(service.asked) >= (3 if service.channel.paged else 1)
    assert fetch.cost.requests == len(server.requests)
    assert fetch.unreadable == ()


def test_mentions_are_whole(service: Service, server: Server) -> None:
    """Each mention has its own id, the source's name, the platform's time in UTC, and hashable, printable fields."""
    mentions = ask(service.source(server)).mentions
    assert len({mention.id for mention in mentions}) == len(mentions)
    for mention, post in zip(mentions, service.posts, strict=True):
        assert mention.id
        assert mention.source == f"{service.name}-1"
        assert mention.created_at.tzinfo is UTC
        assert abs(mention.created_at - post.at) < service.channel.dated
        assert "<p>" not in mention.text
        assert all(isinstance(getattr(mention, name), str) for name in ("author", "lang", "url", "conversation"))


def test_nothing_from_outside_the_period(service: Service, server: Server) -> None:
    """What was written at the start belongs to the period, what was written at its end or beyond does not."""
    second = timedelta(seconds=1)
    times = [
        SINCE - timedelta(hours=2),
        SINCE - second,
        SINCE,
        UNTIL - second,
        UNTIL,
        UNTIL + second,
        NOW + 900 * second,
    ]
    service.posts = [Post(number, at, f"post {number}: it works") for number, at in enumerate(times, 1)]
    fetch = ask(service.source(server))
    assert numbers(fetch.mentions) == [3, 4]
    assert all(SINCE <= mention.created_at < UNTIL for mention in fetch.mentions)
    assert fetch.complete


def test_nobody_wrote(service: Service, server: Server) -> None:
    """No posts at all is a complete answer."""
    service.posts = []
    fetch = ask(service.source(server))
    assert (fetch.mentions, fetch.complete) == ((), True)


def test_ids_are_stable(service: Service, server: Server) -> None:
    """Two sources asked the same deliver the same mentions, whole."""
    first, second = (ask(service.source(server)).mentions for _ in range(2))
    assert first == second


def test_the_next_poll_brings_what_is_new(service: Service, server: Server) -> None:
    """With the cursor of the last poll only what was written or shown since then comes; a new process can go on."""
    middle = SINCE + (UNTIL - SINCE) / 2
    early = [post for post in service.posts if post.at < middle]
    late = [post for post in service.posts if post.at >= middle]
    service.posts = early
    before = ask(service.source(server), until=middle)
    service.posts = early + late
    source = service.source(server)
    after = ask(source, before.cursor)
    again = ask(source, after.cursor)
    assert numbers(before.mentions) == [post.number for post in early]
    assert numbers(after.mentions) == [post.number for post in late]
    assert (again.mentions, again.complete) == ((), True)


@PAGED
def test_pages_without_end(service: Service, server: Server) -> None:
    """Far more pages than one poll may read: it ends, says so, and the polls after it bring the rest, each post once."""
    service.posts = posts(40 * service.channel.size)
    source = service.source(server)
    fetches = ask_until_complete(source)
    assert len(fetches) > 1, "one poll read forty pages"
    assert not fetches[0].complete
    assert fetches[0].reason
    assert not any(fetch.permanent for fetch in fetches)
    assert fetches[-1].complete
    assert len(server.requests) <= MOST_REQUESTS + 40
    came = [number for fetch in fetches for number in numbers(fetch.mentions)]
    assert sorted(came) == [post.number for post in service.posts]
    assert sum(fetch.cost.requests for fetch in fetches) == len(server.requests)


@PAGED
def test_the_same_page_for_ever(service: Service, server: Server) -> None:
    """A service that gives its first page to every request is left soon, and nothing is counted twice."""
    kept: list[Reply] = []

    def first(request: Recorded, _number: int) -> Reply | None:
        if not service.channel.is_page(request):
            return None
        kept.append(service.truth(request))
        return kept[0]

    service.instead = first
    fetch = ask(service.source(server))
    assert len(server.requests) <= MOST_REQUESTS
    assert not fetch.complete
    assert fetch.reason
    assert len(set(numbers(fetch.mentions))) == len(fetch.mentions)


def fault_of(service: Service, server: Server, reply: Reply, timeout: timedelta = timedelta(seconds=8)) -> SourceFault:
    """Poll once with that reply to everything, and return what was raised; it must say what to do."""
    service.always(reply)
    with pytest.raises(SourceFault) as raised:
        ask(service.source(server), timeout=timeout)
    assert raised.value.message
    assert raised.value.hint, "no next step"
    return raised.value


@pytest.mark.parametrize("how", ["hang", "drip", "drip-headers"])
def test_no_server_outlasts_the_deadline(service: Service, server: Server, how: Any) -> None:  # noqa: ANN401  # a literal
    """A server that says nothing, or a byte at a time for ever, is left when the poll's time is used up."""
    fault = fault_of(service, server, Reply(how=how), timeout=SOON)
    assert isinstance(fault, SourceDown)
    # A server on a machine that is busy enough may not even have read it by then.
    assert len(server.requests) <= 1


def test_an_answer_without_end_is_capped(service: Service, server: Server) -> None:
    """An answer larger than any page is left, not held in memory."""
    fault = fault_of(service, server, Reply(body=b" " * (9 * 1024 * 1024)))
    assert isinstance(fault, SourceDown)
    assert "larger than" in fault.message


def problem(status: int, **headers: str) -> Reply:
    """Answer with that status, as an API does."""
    return Reply.of({"error": "no", "message": "no"}, status, **headers)


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 410])
def test_no_is_no(service: Service, server: Server, status: int) -> None:
    """A request, a key or an address that is refused is refused for good, with one request and a next step."""
    if status == 404 and service.channel.missing == "empty":
        pytest.skip("what nobody wrote about is not there")
    fault = fault_of(service, server, problem(status))
    assert isinstance(fault, SourceRefused)
    assert str(status) in fault.message
    assert len(server.requests) == 1
    if status == 401 and service.channel.token:
        assert "${" in fault.hint, "the hint does not name the key"


@pytest.mark.parametrize(
    "reply",
    [
        problem(500),
        problem(503),
        Reply(502, b"<html><h1>Bad gateway</h1></html>", {"content-type": "text/html"}),
        Reply(200, b"<html><h1>Sign in to the wifi</h1></html>", {"content-type": "text/html"}),
        Reply(200, b""),
        Reply(204),
        Reply(200, b"null"),
        Reply(200, b'"text"'),
        Reply(200, b"[" * 50_000),
        Reply(200, b"\xff\xfe\x00"),
        Reply(200, b"\x1f\x8b rubbish", {"content-encoding": "gzip"}),
        Reply.of({"unexpected": True}),
        Reply(200, b'{"half": "of it"}' * 50, {}, "cut"),
    ],
    ids=[
        "500", "503", "502-html", "200-html", "empty", "204", "null", "text", "deep", "bytes", "gzip", "shape", "cut",
    ],
)  # fmt: skip
def test_no_proper_answer_is_an_outage(service: Service, server: Server, reply: Reply) -> None:
    """A sick service, a proxy's page, half an answer or none is never silence: down, and it may pass."""
    fault = fault_of(service, server, reply)
    assert isinstance(fault, SourceDown)
    assert len(server.requests) <= MOST_REQUESTS


def test_half_an_answer_is_an_outage(service: Service, server: Server) -> None:
    """A true reply cut in half, whole by its length, is no answer."""

    def half(request: Recorded, _number: int) -> Reply | None:
        true = service.truth(request)
        return replace(true, body=true.body[: len(true.body) // 2]) if service.channel.is_page(request) else None

    service.instead = half
    with pytest.raises(SourceDown):
        ask(service.source(server))


@pytest.mark.parametrize(
    ("headers", "until"),
    [
        ({"retry_after": "180"}, True),
        ({"retry_after": RESET.strftime("%a, %d %b %Y %H:%M:%S GMT")}, True),
        ({"x_rate_limit_reset": str(int(RESET.timestamp()))}, True),
        ({}, False),
        ({"retry_after": "99999999999999999999"}, False),
        ({"retry_after": "-5"}, False),
        ({"retry_after": "soon", "x_rate_limit_reset": "later"}, False),
    ],
    ids=["seconds", "date", "epoch", "none", "absurd", "negative", "words"],
)
def test_a_rate_limit_is_told_and_kept(
    service: Service, server: Server, headers: dict[str, str], until: bool  # noqa: FBT001  # a column of the table
) -> None:  # fmt: skip
    """A 429 ends the poll at once; it says until when, as far as the service does, and until then nobody asks again."""
    service.always(problem(429, **headers))
    source = service.source(server)
    for _ in range(2):
        with pytest.raises(SourceDown, match="14:33:00 UTC" if until else "does not say until when"):
            ask(source)
    assert len(server.requests) == (1 if until else 2)
    assert service.clock.time == NOW
    service.heal()
    assert ask(source).complete


@PAGED
@pytest.mark.parametrize(
    "reply",
    [
        problem(500),
        problem(429),
        problem(429, retry_after="60"),
        Reply(200, b"<html>"),
        Reply(how="hang"),
        problem(401),
    ],
    ids=["500", "429", "429-reset", "html", "hang", "401"],
)
def test_a_fault_midway_keeps_what_was_read(service: Service, server: Server, reply: Reply) -> None:
    """A second page that fails leaves the first one's mentions, the reason, and a cursor that leads to the rest."""
    service.after(1, reply)
    first = ask(service.source(server), timeout=SOON if reply.how == "hang" else timedelta(seconds=8))
    assert 0 < len(first.mentions) < len(service.posts)
    assert not first.complete
    assert first.reason
    assert first.permanent == (reply.status == 401)
    service.heal()
    rest = ask_until_complete(service.source(server), first.cursor)
    came = numbers([*first.mentions, *(mention for fetch in rest for mention in fetch.mentions)])
    assert sorted(came) == [post.number for post in service.posts]
    assert rest[-1].complete


@pytest.mark.parametrize("location", ["http://10.0.0.1/", "http://169.254.169.254/latest/", "//elsewhere.example/"])
def test_redirects_elsewhere_are_refused(service: Service, server: Server, location: str) -> None:
    """A redirect to a private or any other address is not followed."""
    fault = fault_of(service, server, Reply(302, headers={"location": location}))
    assert isinstance(fault, SourceRefused)
    assert len(server.requests) == 1


def test_a_redirect_in_a_circle_ends(service: Service, server: Server) -> None:
    """A redirect to itself ends after a few rounds."""
    service.instead = lambda request, _number: Reply(302, headers={"location": request.target})
    with pytest.raises(SourceRefused):
        ask(service.source(server))
    assert len(server.requests) <= 5


TEXTS = (
    "plain",
    "Ünïcödé, 최악이다, 最悪だ, עברית, 🙈 👩\u200d👩\u200d👧 🇩🇪",
    "a < b && c > d, <3 and “quotes” 'and' \"more\"",
    "&amp; &lt;b&gt; &#39; stay as they were written",
    "<script>alert(1)</script> <b>bold</b> <!-- all of it is text",
    "first line\nsecond line",
    "z̷̢a̶l̵g̸o cafe\u0301",
    "::error::not a command ##vso[task.complete]",
)


def test_texts_arrive_as_they_were_written(service: Service, server: Server) -> None:
    """Unicode, markup that somebody wrote as text, and line breaks come through the channel's own encoding."""
    times = posts(len(TEXTS))
    service.posts = [replace(post, text=f"post {post.number}: {text}") for post, text in zip(times, TEXTS, strict=True)]
    fetches = ask_until_complete(service.source(server))
    came = {number: mention.text for fetch in fetches for mention in fetch.mentions for number in numbers([mention])}
    assert fetches[-1].complete
    for post in service.posts:
        assert words(post.text) in words(came[post.number])


@JSON
def test_broken_characters_do_no_harm(service: Service, server: Server) -> None:
    """Half a surrogate pair, legal in JSON, and a zero byte come as something that can be stored and printed."""
    service.posts = [
        Post(1, SINCE, "post 1: half \ud83d of it"),
        Post(2, SINCE + timedelta(seconds=60), "post 2: \x00"),
    ]
    mentions = ask(service.source(server)).mentions
    assert numbers(mentions) == [1, 2]
    assert all(mention.text.encode() for mention in mentions)


ODD: tuple[Any, ...] = (None, 7, -1.5, True, "odd", "half \ud83d", [], {}, [7], {"a": [7]})
"""What no field of any reply holds together: whatever it should be, most of these are something else."""
WORDS = ("id", "text", "author", "lang", "url", "version", "conversation")


def places(value: Any, here: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:  # noqa: ANN401  # any JSON
    """Yield the way to each value in a JSON value, of a list to its first item only."""
    yield here
    inside = value.items() if isinstance(value, dict) else enumerate(value[:1]) if isinstance(value, list) else ()
    for key, inner in inside:
        yield from places(inner, (*here, key))


def unpacked(reply: Reply) -> Reply:
    """Return a reply that is not compressed."""
    if reply.headers.get("content-encoding") != "gzip":
        return reply
    headers = {name: value for name, value in reply.headers.items() if name != "content-encoding"}
    return replace(reply, body=gzip.decompress(reply.body), headers=headers)


def changed(value: Any, place: tuple[str | int, ...], new: Any) -> Any:  # noqa: ANN401  # any JSON
    """Return the value with something else at that place; as it is where there is no such place."""
    if not place:
        return new
    inner = copy(value)
    with suppress(LookupError, TypeError):
        inner[place[0]] = changed(value[place[0]], place[1:], new)
    return inner


def lying(
    service: Service, path: str, place: tuple[str | int, ...], new: Any, request: Recorded, _number: int  # noqa: ANN401  # any JSON
) -> Reply | None:  # fmt: skip
    """Answer with something else at that place of what is asked for there."""
    answer = unpacked(service.truth(request))
    if request.path != path:
        return None
    return replace(answer, body=json.dumps(changed(json.loads(answer.body), place, new)).encode())


@JSON
def test_odd_replies_do_no_harm(service: Service, server: Server) -> None:
    """Whatever stands in any one field of a reply, a poll and ``check`` end in a fault or in mentions that can be kept."""
    ask(service.source(server))
    true = {request.path: unpacked(service.truth(request)) for request in server.requests}
    odd = cycle(ODD)
    for path, reply in true.items():
        for place in places(json.loads(reply.body)):
            new = next(odd)

            service.instead = partial(lying, service, path, place, new)
            service.clock.wait(timedelta(minutes=20))  # any rest is over
            source = service.source(server)
            with suppress(SourceFault):
                for mention in ask(source).mentions:
                    words = [*(getattr(mention, name) for name in WORDS), *mention.labels.values()]
                    assert all(word.encode() is not None for word in words), (place, new)
                    assert {type(mention.likes), type(mention.reposts)} == {int}, (place, new)
            assert all(check.ok or check.fix for check in source.check()), (place, new)


@JSON
def test_items_nested_deeply_do_no_harm(service: Service, server: Server) -> None:
    """A post with a value in it that is nested as deeply as Python reads at all ends in a fault or is unreadable."""
    service.posts = [replace(service.posts[0], text="post 1: DEEP")]
    for depth in (100, 400, 700, 900, 950):

        def deep(request: Recorded, _number: int, depth: int = depth) -> Reply | None:
            answer = unpacked(service.truth(request))
            nested = re.sub(rb'"[^"]*DEEP[^"]*"', b"[" * depth + b"]" * depth, answer.body)
            return replace(answer, body=nested) if service.channel.is_page(request) else None

        service.instead = deep
        service.clock.wait(timedelta(minutes=20))
        with suppress(SourceFault):
            fetch = ask(service.source(server))
            assert fetch.mentions == (), "a list was taken for a text"
            repr(fetch)


@PAGED
def test_a_poll_keeps_to_what_it_may_cost(service: Service, server: Server) -> None:
    """With room for one item, a poll reads one page at most, says that its budget is used up, and loses nothing."""
    source = service.source(server)
    room = Room(reads=1, whose="of the day")
    first = source.fetch(Request(SINCE, UNTIL, None, timedelta(seconds=8), room=room))
    assert len(service.asked) <= 1
    assert (first.complete, first.permanent) == (False, False)
    assert "of the day" in first.reason
    rest = ask_until_complete(source, first.cursor)
    came = numbers([*first.mentions, *(mention for fetch in rest for mention in fetch.mentions)])
    assert sorted(came) == [post.number for post in service.posts]


def checks(service: Service, server: Server) -> list[Check]:
    """Run the source's own check."""
    return list(service.source(server).check())


def test_check_says_what_it_found(service: Service, server: Server) -> None:
    """``gate doctor`` on a healthy service: all well, with few requests, and what a look costs."""
    done = checks(service, server)
    assert done
    assert all(check.ok and check.what and check.detail for check in done), done
    assert any("cost" in f"{check.what} {check.detail}" for check in done)
    assert any(check.rate for check in done), "nothing for the forecast of a run"
    assert 1 <= len(server.requests) <= 3


@pytest.mark.parametrize(
    "reply",
    [
        *map(problem, (400, 401, 402, 403, 404, 429, 500)),
        Reply(502, b"<html>"),
        Reply(200, b""),
        Reply(302, headers={"location": "http://10.0.0.1/"}),
        Reply(200, b"{", {}, "cut"),
    ],
    ids=["400", "401", "402", "403", "404", "429", "500", "502", "empty", "redirect", "cut"],
)
def test_check_never_raises(service: Service, server: Server, reply: Reply) -> None:
    """Whatever is wrong, ``gate doctor`` gets a line that says so and what to do."""
    service.always(reply)
    done = checks(service, server)
    bad = [check for check in done if not check.ok]
    if reply.status == 404 and service.channel.missing == "empty":
        return
    assert bad
    assert all(check.detail and check.fix for check in bad)


@DATED
def test_check_sees_a_clock_that_is_wrong(service: Service, server: Server) -> None:
    """Ten minutes between this machine's clock and the service's are told; posts still come by their own times."""
    service.date = NOW - timedelta(minutes=10)
    assert [check.what for check in checks(service, server) if not check.ok] == ["clock"]
    assert numbers(ask(service.source(server)).mentions) == [post.number for post in service.posts]


@SECRET
def test_a_missing_secret_is_refused(service: Service, server: Server) -> None:
    """A secret that is not set is the resolver's refusal, unchanged, with no request made; and ``check`` says so."""

    def none(reference: str) -> str:
        message = f"{reference} is not set"
        raise SourceRefused(message, hint="set it in the environment")

    source = service.source(server, none)
    with pytest.raises(SourceRefused, match="is not set"):
        ask(source)
    assert [check.ok for check in source.check()] == [False]
    assert server.requests == []


@SECRET
def test_the_secret_is_sent_where_it_belongs(service: Service, server: Server) -> None:
    """Every request for posts carries the secret, where the service wants it."""
    ask(service.source(server))
    assert all(service.channel.shows_secret(request) for request in service.asked)


def _talkative(secret: str) -> Iterator[tuple[str, Reply]]:
    forms = [
        secret,
        quote(secret, safe=""),
        b64encode(secret.encode()).decode(),
        json.dumps(secret).replace("/", "\\/"),
    ]
    echo = json.dumps({"title": "Odd", "detail": f"your token {' '.join(forms[:3])}"}).encode() + forms[3].encode()
    told = json.dumps({"message": f"bad token {' '.join(forms[:3])}"}).encode()
    for status in (200, 400, 401, 403, 429, 500):
        yield f"{status}", Reply(status, told, {"x-echo": f"Bearer {secret}", "content-type": "application/json"})
    yield "no-json", Reply(500, echo)
    yield "hang", Reply(how="hang")
    yield "cut", Reply(200, told, {}, "cut")
    yield "redirect", Reply(302, headers={"location": f"https://elsewhere.example/?token={quote(secret)}"})


@pytest.mark.parametrize("kind", [kind for kind, _ in _talkative("")])
@SECRET
def test_the_secret_is_never_shown(
    service: Service, server: Server, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    """With every library at DEBUG and a server that echoes it, no log, error, traceback or check has the secret."""
    secret = service.channel.secret
    for name in ("", "urllib3", "requests", "gate", service.name):
        caplog.set_level(logging.DEBUG, logger=name)
    service.always(dict(_talkative(secret))[kind])
    source = service.source(server)
    shown = []
    try:
        shown.append(repr(ask(source, timeout=SOON)))
    except SourceFault as fault:
        shown += [fault.message, fault.hint, fault.quote, repr(fault), *traceback.format_exception(fault)]
        shown += [repr(vars(each)) for each in (fault, fault.__cause__, fault.__context__) if each]
    shown += [repr(source), repr(list(source.check())) if kind != "hang" else ""]
    shown += [record.getMessage() + repr(record.__dict__) for record in caplog.records]
    forms = {secret, quote(secret, safe=""), b64encode(secret.encode()).decode()}
    assert not [text for text in shown if any(form in text for form in forms)]


@SECRET
def test_a_secret_that_somebody_posts_is_taken_out(service: Service, server: Server) -> None:
    """Even in what a mention says, and in its other fields, our own secret does not come back."""
    service.posts = [replace(service.posts[0], text=f"post 1: {service.channel.secret}")]
    (mention,) = ask(service.source(server)).mentions
    assert all(service.channel.secret not in str(getattr(mention, each.name)) for each in fields(mention))


def test_told_to_stop(service: Service, server: Server) -> None:
    """A source that waits for a server in a thread of its own lets go at once when the process is told to stop."""
    arrived, raised = threading.Event(), []

    def hang(_request: Recorded, _number: int) -> Reply:
        arrived.set()
        return Reply(how="hang")

    service.instead = hang

    def poll() -> None:
        try:
            ask(service.source(server), timeout=timedelta(hours=1))
        except Cancelled as stop:
            raised.append(stop.signal_number)

    thread = threading.Thread(target=poll)
    thread.start()
    try:
        assert arrived.wait(10)
        interrupt(15)
        thread.join(5)
    finally:
        resume()
    assert raised == [15]

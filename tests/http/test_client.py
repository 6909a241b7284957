"""The client that sources use, against real sockets: what is sent, what comes back, and what is tried again."""

from __future__ import annotations

import signal
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gate import __version__
from gate.clock import cancellable
from gate.errors import Cancelled, SourceDown, SourceRefused
from gate.http import (
    CircuitOpen,
    Client,
    ConnectionFault,
    DeadlinePassed,
    Key,
    RateLimited,
    Retry,
    ServerFault,
    diagnose,
    one_line,
)
from gate.ports import SourceContext
from tests.servers.http_server import Recorded, Reply, Server
from tests.support import ManualClock

NOW = datetime(2026, 3, 10, 14, 30, tzinfo=UTC)
SECRET = "invented-secret"
STEADY = Retry(jitter=False)


def client(server: Server | str, clock: ManualClock | None = None, **options: Any) -> Client:  # noqa: ANN401  # handed on
    """Build a client whose secrets are all the same."""
    url = server if isinstance(server, str) else server.url
    context = SourceContext("acme", "#brimly", Path(), "", lambda _reference: SECRET, clock or ManualClock(NOW))
    return Client(url, context, **{"who": "Acme", "retry": STEADY, **options}).start(timedelta(seconds=60))


def test_a_query_is_written_as_apis_expect() -> None:
    """None is left out, lists repeat, times are RFC 3339 in UTC, and truth is in lower case."""
    with Server(Reply.of({})) as server:
        client(server).get("/posts", {"q": "a&b ü", "tag": ["x", "y"], "since": NOW, "none": None, "all": True, "n": 3})
    assert server.requests[0].target == (
        "/posts?q=a%26b+%C3%BC&tag=x&tag=y&since=2026-03-10T14%3A30%3A00Z&all=true&n=3"
    )
    assert server.requests[0].headers["user-agent"] == f"sentiment-gate/{__version__}"


def test_a_next_page_by_its_address() -> None:
    """The address of a next page, of the same origin, is asked as it stands; one of another is refused."""
    with Server(Reply.of({})) as server:
        client(f"{server.url}/base").get(f"{server.url}/other/posts?page=2", {"n": 3})
        with pytest.raises(SourceRefused, match="another address"):
            client(server).get("https://elsewhere.example/posts")
    assert [request.target for request in server.requests] == ["/other/posts?page=2&n=3"]


def test_bytes_and_other_methods() -> None:
    """Bytes arrive as they are, with the type that the caller says; a value can be sent by another method."""
    with Server(Reply.of({})) as server:
        client(server).post("/logs", raw=b"\x00one\n", headers={"Content-Type": "application/octet-stream"})
        client(server).post("/records", json={}, method="PATCH")
    first, second = server.requests
    assert (first.body, first.headers["content-type"]) == (b"\x00one\n", "application/octet-stream")
    assert (second.method, second.body) == ("PATCH", b"{}")


def test_json_and_forms_are_posted() -> None:
    """A JSON value or a form arrives with its content type."""
    with Server(Reply.of({"id": 1})) as server:
        assert client(server).post("/search", json={"q": "ü"}).json_object() == {"id": 1}
        client(server).post("/token", form={"grant_type": "password"}, query={"a": 1})
    first, second = server.requests
    assert (first.method, first.body, first.headers["content-type"]) == (
        "POST",
        b'{"q": "\\u00fc"}',
        "application/json",
    )
    assert (second.target, second.body) == ("/token?a=1", b"grant_type=password")
    assert second.headers["content-type"] == "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("key", "header", "value"),
    [
        (Key("token", "${T}"), "authorization", f"Bearer {SECRET}"),
        (Key("api_key", "${T}", header="Api-Key", prefix=""), "api-key", SECRET),
        (Key("token", "${T}", user="me/token"), "authorization", f"Basic {b64encode(b'me/token:invented-secret').decode()}"),
        (Key("token", None), "authorization", None),
    ],
    ids=["bearer", "header", "basic", "none"],
)  # fmt: skip
def test_keys_are_sent_as_the_service_wants_them(key: Key, header: str, value: str | None) -> None:
    """As a bearer token, in a header of its own, as a password, or not at all."""
    with Server(Reply.of({})) as server:
        client(server, key=key).get("/posts")
    assert server.requests[0].headers.get(header) == value


def test_a_key_in_the_query_is_on_the_wire_only(caplog: pytest.LogCaptureFixture) -> None:
    """A key that belongs into the query arrives there, and no library writes it down."""
    caplog.set_level("DEBUG")
    with Server(Reply.of({})) as server:
        client(server, key=Key("key", "${T}", query="key")).get("/posts", {"a": 1})
        client(server, key=Key("key", "${T}", query="key")).get("/posts")
    assert [request.target for request in server.requests] == [f"/posts?a=1&key={SECRET}", f"/posts?key={SECRET}"]
    assert "GET /posts" in caplog.text
    assert SECRET not in caplog.text


def test_a_token_that_was_just_issued() -> None:
    """A token from a reply replaces the one before, and is taken out of what comes back."""
    with Server(Reply.of({"you": "fresh-token"})) as server:
        talk = client(server, key=Key("token", "${T}"))
        talk.get("/login")
        talk.authorize("fresh-token")
        assert talk.get("/posts").json() == {"you": "[redacted]"}
    assert server.requests[0].headers["authorization"] == f"Bearer {SECRET}"
    assert server.requests[1].headers["authorization"] == "Bearer fresh-token"


@pytest.mark.parametrize("secret", ["", "two words", "line\nbreak", "schlüssel"])
def test_what_is_no_key_is_not_sent(secret: str) -> None:
    """What cannot be a key is refused before any request, with the option to look at and without the value."""
    context = SourceContext("acme", "", Path(), "", lambda _reference: secret, ManualClock(NOW))
    with Server(Reply.of({})) as server, pytest.raises(SourceRefused) as raised:
        Client(server.url, context, who="Acme", key=Key("api_key", "${T}")).get("/")
    assert "option api_key" in raised.value.hint
    assert not secret.strip() or secret not in raised.value.message
    assert server.requests == []


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"message": "Bad credentials"}, "Bad credentials"),
        ({"error": {"message": "expired", "code": 190}}, "expired"),
        ({"errors": [{"detail": "no such tag"}]}, "no such tag"),
        ({"errors": ["plain words"]}, "plain words"),
        ([{"title": "in a list"}], "in a list"),
        ({"error": "invalid_token", "error_description": "The token expired"}, "The token expired"),
        ({"detail": f"your key {SECRET}"}, "your key [redacted]"),
        ({"detail": "clear\x1b[2Jscreen\nand lines" + "x" * 900}, "clear [2Jscreen and lines"),
        ({"nothing": "known"}, "(401)"),
        ("text", "(401)"),
    ],
    ids=["message", "error-object", "errors", "strings", "list", "description", "secret", "control", "unknown", "text"],
)
def test_a_refusal_says_what_the_service_says(body: object, says: str) -> None:
    """The service's own sentence is in the message, in one printable line, wherever its API puts it."""
    with Server(Reply.of(body, 401)) as server, pytest.raises(SourceRefused) as raised:
        client(server, key=Key("token", "${T}")).get("/")
    assert says in raised.value.message
    assert raised.value.message.isprintable()
    assert len(raised.value.message) < 300
    assert "${T} (option token)" in raised.value.hint


def test_a_source_knows_better_what_to_do() -> None:
    """A source's own hint for a status stands in place of the general one, and a status it accepts is its own affair."""
    with Server(Reply.of({}, 404)) as server:
        with pytest.raises(SourceRefused) as raised:
            client(server, hints={404: "check tag"}).get("/")
        assert raised.value.hint == "check tag"
        assert client(server).get("/", accept={404}).status == 404


def test_no_key_and_a_closed_door() -> None:
    """Where the user gave no key, a 401 says which option wants one."""
    with Server(Reply.of({}, 401)) as server, pytest.raises(SourceRefused) as raised:
        client(server, key=Key("token", None)).get("/")
    assert "give token: ${NAME}" in raised.value.hint


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (Reply.of({}, 503), ServerFault),
        (Reply.of({}, 500), ServerFault),
        (Reply(200, b"half of it", {}, "cut"), ConnectionFault),
        (Reply.of({}, 429, retry_after="3"), RateLimited),
        (Reply.of({}, 503, retry_after="4"), ServerFault),
        (Reply.of({}, 408), ServerFault),
    ],
    ids=["503", "500", "cut", "429", "503-until", "408"],
)
def test_what_may_pass_is_tried_again(reply: Reply, kind: type[SourceDown]) -> None:
    """A fault that may pass at once is followed by other tries, each after a wait on the clock; then it is raised."""
    clock = ManualClock(NOW)
    with Server(reply, Reply.of({"well": True})) as server:
        assert client(server, clock).get("/").json() == {"well": True}
    assert len(server.requests) == 2
    assert timedelta(0) < clock.time - NOW <= timedelta(seconds=4)
    with Server(reply) as server, pytest.raises(kind):
        client(server).get("/")
    assert len(server.requests) == 1 + STEADY.tries


@pytest.mark.parametrize(
    "reply",
    [Reply.of({}, 400), Reply.of({}, 429), Reply.of({}, 429, retry_after="60"), Reply.of({}, 503, retry_after="60")],
    ids=["400", "429", "429-long", "503-long"],
)
def test_what_will_not_pass_soon_is_not(reply: Reply) -> None:
    """No wait is made for what is refused, nor for a limit that ends late or nobody knows when."""
    clock = ManualClock(NOW)
    with Server(reply) as server, pytest.raises((SourceRefused, SourceDown)):
        client(server, clock).get("/")
    assert len(server.requests) == 1
    assert clock.time == NOW


def test_the_budget_is_that_of_the_poll() -> None:
    """Further tries are counted over all requests of a poll; the next poll has them anew."""
    flaky = [Reply.of({}, 503), Reply.of({})] * 3
    with Server(*flaky, Reply.of({}, 503)) as server:
        talk = client(server)
        for _ in range(3):
            talk.get("/")
        with pytest.raises(ServerFault):
            talk.get("/")
        assert len(server.requests) == 7
        assert talk.spent().requests == 7
        talk.start(timedelta(seconds=60))
        with pytest.raises(ServerFault):
            talk.get("/")
        assert talk.spent().requests == 4


def test_no_wait_outlasts_the_poll() -> None:
    """Where waiting would leave no time for an answer, the fault is raised at once."""
    clock = ManualClock(NOW)
    with Server(Reply.of({}, 429, retry_after="5")) as server, pytest.raises(RateLimited):
        client(server, clock).start(timedelta(seconds=5)).get("/")
    assert clock.time == NOW


def test_waits_grow_and_end() -> None:
    """Waits double, and the total is never more than the budget."""
    clock = ManualClock(NOW)
    waits: list[timedelta] = []
    clock.on_wait = lambda time: waits.append(time - NOW)
    with Server(Reply.of({}, 500)) as server, pytest.raises(ServerFault):
        client(server, clock).get("/")
    assert [each.total_seconds() for each in waits] == [0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5]
    with Server(Reply.of({}, 429, retry_after="9")) as server, pytest.raises(RateLimited):
        client(server, clock).get("/")
    assert len(server.requests) == 2, "a second wait of nine seconds is over the budget of fifteen"


def test_what_changes_something_is_sent_once() -> None:
    """A POST is tried again only where the source says that it does no harm."""
    with Server(Reply.of({}, 503)) as server, pytest.raises(ServerFault):
        client(server).post("/", json={})
    assert len(server.requests) == 1
    with Server(Reply.of({}, 503), Reply.of({})) as server:
        client(server).post("/search", json={}, again=True)
    assert len(server.requests) == 2


def test_a_connection_that_went_stale_is_made_anew() -> None:
    """A connection that the server closed between two looks is no outage."""
    with Server(Reply.of({}), Reply(200, b"", {}, "cut"), Reply.of({"well": True})) as server:
        talk = client(server)
        talk.get("/")
        talk.get("/")
        assert talk.get("/").json() == {"well": True}


def test_nothing_changed_is_free() -> None:
    """With ``remember`` the marks of the last reply are sent, and a 304 brings that reply again."""

    def answer(request: Recorded) -> Reply:
        if request.headers.get("if-none-match") == '"1"':
            return Reply(304)
        return Reply.of({"n": 1}, etag='"1"', last_modified="Tue, 10 Mar 2026 14:00:00 GMT")

    with Server(answer=answer) as server:
        talk = client(server)
        first, second, other = (talk.get("/", query, remember=True) for query in (None, None, {"page": 2}))
        forgetful = talk.get("/")
    assert [(each.json(), each.unchanged) for each in (first, second, other, forgetful)] == [
        ({"n": 1}, False),
        ({"n": 1}, True),
        ({"n": 1}, False),
        ({"n": 1}, False),
    ]
    assert server.requests[1].headers["if-modified-since"] == "Tue, 10 Mar 2026 14:00:00 GMT"
    assert "if-none-match" not in server.requests[2].headers


def test_a_304_that_nobody_asked_for_is_no_answer() -> None:
    """A reply without content is no empty page."""
    with Server(Reply(304)) as server, pytest.raises(SourceRefused, match="answered 304"):
        client(server).get("/", remember=True)


def test_a_limit_is_kept_until_its_end() -> None:
    """Until a limit ends nothing is asked, whatever said so: a header, or a body that only the source understands."""
    clock = ManualClock(NOW)
    with Server(Reply.of({"extras": {"wait_seconds": 40}}, 429), Reply.of({})) as server:
        talk = client(server, clock)
        for _ in range(2):
            with pytest.raises(RateLimited, match=r"14:30:40 UTC \(in 40 s\)"):
                talk.get("/")
        assert len(server.requests) == 1
        clock.wait(timedelta(seconds=40))
        talk.start(timedelta(seconds=60)).get("/")
        talk.hold_until(clock.now() + timedelta(seconds=5))
        with pytest.raises(RateLimited, match="in 5 s"):
            talk.get("/")
    assert len(server.requests) == 2


def test_a_forbidden_that_is_a_rate_limit() -> None:
    """GitHub's 403 with nothing remaining is a limit with an end, not a missing right."""
    reset = str(int((NOW + timedelta(minutes=9)).timestamp()))
    reply = Reply.of({"message": "API rate limit exceeded"}, 403, x_ratelimit_remaining="0", x_ratelimit_reset=reset)
    with Server(reply) as server, pytest.raises(RateLimited, match="14:39:00 UTC"):
        client(server).get("/")


def test_a_host_that_fails_again_and_again_is_left_alone() -> None:
    """After five failures in a row the host is not asked, by nobody in the process; then by one; then by all again."""
    clock = ManualClock(NOW)
    with Server(Reply.of({}, 500)) as server:
        talk, other = (client(server, clock, retry=Retry(tries=0)) for _ in range(2))
        for each in (talk, other, talk, other, talk):
            with pytest.raises(ServerFault):
                each.get("/")
        for each in (talk, other):
            with pytest.raises(CircuitOpen, match=r"status 500 \(the last of 5 failures in a row.*before .*14:30:30"):
                each.get("/")
        assert len(server.requests) == 5
        clock.wait(timedelta(seconds=30))
        with pytest.raises(ServerFault):
            talk.start(timedelta(seconds=60)).get("/")
        with pytest.raises(CircuitOpen, match="14:31:00"):
            other.start(timedelta(seconds=60)).get("/")
        server.answer = lambda _request: Reply.of({"well": True})
        clock.wait(timedelta(seconds=30))
        for each in (other, talk):
            assert each.start(timedelta(seconds=60)).get("/").json() == {"well": True}


def test_a_host_that_refuses_is_not_down() -> None:
    """Refusals, limits and short deadlines open no breaker: others may have a better key or more time."""
    clock = ManualClock(NOW)
    replies = [Reply.of({}, status) for status in (401, 403, 404, 429, 400, 401, 403)]
    with Server(*replies, Reply.of({"well": True})) as server:
        for _ in replies:
            with pytest.raises((SourceRefused, RateLimited)):
                client(server, clock).get("/")
        server.answer = lambda _request: Reply(how="hang")
        for _ in range(6):
            with pytest.raises(DeadlinePassed):
                client(server, clock).start(timedelta(milliseconds=50)).get("/")
        server.answer = lambda _request: Reply.of({"well": True})
        assert client(server, clock).get("/").json() == {"well": True}


def test_ctrl_c_while_waiting_for_a_server() -> None:
    """A signal ends the wait for an answer at once, in the main thread, as ``Cancelled`` and not as an outage."""

    def stop(_request: Recorded) -> Reply:
        signal.raise_signal(signal.SIGTERM)
        return Reply(how="hang")

    with Server(answer=stop) as server, cancellable(), pytest.raises(Cancelled) as raised:
        client(server).start(timedelta(hours=1)).get("/")
    assert raised.value.signal_number == signal.SIGTERM


@pytest.mark.parametrize("location", ["ftp://127.0.0.1/", "http://", "http://[broken", "//", "http://\x7f/"])
def test_odd_redirects_are_refused(location: str) -> None:
    """A redirect to what is no address is refused, not a bug."""
    with Server(Reply(302, headers={"location": location})) as server, pytest.raises(SourceRefused):
        client(server).get("/")
    assert len(server.requests) <= 4


def test_replies_say_what_they_are() -> None:
    """Lists, objects and links of a reply are found, and what is missing is an outage that says who sent what."""
    link = '<https://x.example/?page=2>; rel="next", <https://x.example/?page=9>; rel="last"'
    with Server(Reply.of({"data": {"items": [1]}, "n": None}, link=link)) as server:
        reply = client(server).get("/")
    assert reply.json_list("data", "items") == [1]
    assert (reply.link("next"), reply.link("prev")) == ("https://x.example/?page=2", None)
    for names in ((), ("data",), ("n",), ("data", "items", "x")):
        with pytest.raises(SourceDown, match="Acme answered 200 with JSON of an unknown shape"):
            reply.json_list(*names)


def test_doctor_says_what_is_left_and_what_the_time_is() -> None:
    """A check has the answer with the quota, a wrong clock, and the cost."""
    headers = {"x-ratelimit-remaining": "41", "x-ratelimit-limit": "60", "date": "Tue, 10 Mar 2026 14:20:00 GMT"}
    with Server(Reply(200, b"[]", headers)) as server:
        talk = client(server)
        done = diagnose(talk, lambda: f"{len(talk.get('/').json_list())} posts", cost="1 request a look")
    assert [(check.ok, check.detail) for check in done] == [
        (True, "0 posts; 41 of 60 requests left"),
        (False, "this machine's clock is 600 s ahead of that of Acme"),
        (True, "1 request a look"),
    ]


def test_one_line_is_one_line() -> None:
    """What a server says is cut to one printable line."""
    assert one_line("a\nb\x00c" + "d" * 500) == "a b c" + "d" * 195


def test_an_address_in_capitals_is_the_same_one() -> None:
    """Hosts are the same in any case, and a redirect from them to themselves leads nowhere else."""
    with Server(Reply.of({})) as server:
        url = server.url.replace("http://127.0.0.1", "HTTP://LocalHost")
        assert client(url).get("/posts").status == 200

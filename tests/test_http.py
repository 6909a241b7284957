"""The HTTP core against real sockets: time limits, origins, credentials, proxies, rate-limit headers."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gate import http
from gate.errors import SourceDown, SourceRefused
from tests.servers.http_server import Reply, Server
from tests.support import ManualClock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import requests

NOW = datetime(2026, 3, 10, 14, 30, tzinfo=UTC)
SECRET = "invented-secret"
FAST = http.Limits(connect=0.2, read=0.2)
VARIABLES = ["http_proxy", "https_proxy", "all_proxy", "no_proxy", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NETRC"]


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start without the machine's own proxies."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def server() -> Iterator[Server]:
    """Serve an empty object."""
    with Server(Reply.of({})) as running:
        yield running


def adapter(url: str, **options: object) -> http.Adapter:
    """Build an adapter that carries a secret."""
    chosen: dict[str, object] = {"headers": {"Authorization": f"Bearer {SECRET}"}, "secrets": (SECRET,), **options}
    return http.Adapter(url, **chosen)  # type: ignore[arg-type]


def get(url: str, path: str = "/things?page=1", **options: object) -> requests.Response:
    """Ask once, in a session of its own."""
    with http.session(adapter(url, **options)) as session:
        return session.get(url + path)


def test_an_answer_arrives_whole(server: Server) -> None:
    """Status, headers and body of a plain answer are there, and the credentials were sent."""
    response = get(server.url)
    assert (response.status_code, response.json()) == (200, {})
    assert response.headers["content-type"].startswith("application/json")
    assert server.requests[0].headers["authorization"] == f"Bearer {SECRET}"
    assert server.requests[0].target == "/things?page=1"


def test_connections_are_used_again(server: Server) -> None:
    """The requests of a session go over one connection."""
    with http.session(adapter(server.url)) as session:
        for _ in range(3):
            session.get(server.url)
    assert len({request.client for request in server.requests}) == 1


@pytest.mark.parametrize(
    ("how", "says"), [("hang", "no answer in time"), ("drip-headers", "no answer in time"), ("cut", "broke")]
)
def test_limits_hold_without_a_deadline(how: str, says: str) -> None:
    """A server that hangs, trickles headers or hangs up is left within the read timeout."""
    with Server(Reply(body=b"half of this", how=how)) as server, pytest.raises(SourceDown, match=says):  # type: ignore[arg-type]
        get(server.url, limits=FAST)


def test_a_body_that_trickles_is_left() -> None:
    """A server that sends a byte now and then, each within the read timeout, is left at the deadline."""
    with Server(Reply(how="drip")) as server:
        carrier = adapter(server.url)
        carrier.deadline = http.Deadline(ManualClock(NOW), timedelta(milliseconds=200))
        with http.session(carrier) as session, pytest.raises(http.DeadlinePassed, match="too slowly"):
            session.get(server.url)


def test_no_request_without_time(server: Server) -> None:
    """Once the deadline has passed, nothing is sent."""
    clock = ManualClock(NOW)
    carrier = adapter(server.url)
    carrier.deadline = http.Deadline(clock, timedelta(seconds=5))
    clock.wait(timedelta(seconds=5))
    with http.session(carrier) as session, pytest.raises(http.DeadlinePassed):
        session.get(server.url)
    assert server.requests == []


def test_a_refused_connection_is_an_outage() -> None:
    """A port that nobody serves is down, not refused: it may come back."""
    with Server(Reply()) as closed:
        url = closed.url
    with pytest.raises(SourceDown, match="refused: nothing listens there"):
        get(url)


def test_large_bodies_are_left() -> None:
    """A body past the cap is not read to its end, however well it compresses."""
    with Server(Reply(body=b" " * 300_000)) as server, pytest.raises(SourceDown, match="larger than 100,000 bytes"):
        get(server.url, limits=http.Limits(body=100_000))


@pytest.mark.parametrize("location", ["http://127.0.0.1:9/", "https://elsewhere.example/", "//elsewhere.example/x"])
def test_other_origins_are_refused(location: str) -> None:
    """A redirect to another scheme, host or port ends there, and no second request is made."""
    with Server(Reply(307, headers={"location": location})) as server:
        with pytest.raises(SourceRefused, match="redirects to another address"):
            get(server.url)
        assert len(server.requests) == 1


def test_the_same_origin_may_redirect() -> None:
    """A redirect within the origin is followed with the credentials."""
    with Server(Reply(302, headers={"location": "/new"}), Reply.of({"moved": True})) as server:
        assert get(server.url).json() == {"moved": True}
    assert server.requests[1].path == "/new"
    assert server.requests[1].headers["authorization"] == f"Bearer {SECRET}"


def test_an_alias_is_led_to_the_base(server: Server) -> None:
    """A client library with a built-in address is led to ours, path and query kept."""
    carrier = adapter(f"{server.url}/prefix", alias="https://built-in.example")
    with http.session(carrier) as session:
        session.get("https://built-in.example/a/b?c=d%20e")
    assert server.requests[0].target == "/prefix/a/b?c=d%20e"


def test_netrc_is_not_read(server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A .netrc entry for the host does not replace our credentials."""
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login somebody password else\n", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    get(server.url)
    assert server.requests[0].headers["authorization"] == f"Bearer {SECRET}"


def test_a_proxy_of_the_environment_is_used(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """A company's proxy is asked for the real address, and its time limits hold too."""
    monkeypatch.setenv("http_proxy", server.url)
    assert get("http://x.invalid", "/things").json() == {}
    assert server.requests[0].target == "http://x.invalid/things"
    with Server(Reply(how="drip-headers")) as slow:
        monkeypatch.setenv("http_proxy", slow.url)
        with pytest.raises(SourceDown, match="no answer through the proxy"):
            get("http://x.invalid", limits=FAST)


def test_no_proxy_is_honoured(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """An address that is exempt, such as this machine, is asked directly even if a built-in alias is not."""
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    carrier = adapter(server.url, alias="https://built-in.example")
    with http.session(carrier) as session:
        assert session.get("https://built-in.example/a").json() == {}


def test_a_missing_ca_bundle_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A CA bundle that is not there is refused with the variables to look at."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "none.pem"))
    with pytest.raises(SourceRefused) as raised:
        get("https://127.0.0.1:9")
    assert "REQUESTS_CA_BUNDLE" in raised.value.hint


def test_secrets_do_not_come_back(caplog: pytest.LogCaptureFixture) -> None:
    """A server that echoes the credentials does not get them into logs, bodies, headers or the request kept."""
    caplog.set_level(logging.DEBUG)
    with Server(Reply(200, f"<{SECRET}>".encode(), {"x-echo": SECRET})) as server:
        response = get(server.url)
    assert response.text == "<[redacted]>"
    assert response.headers["x-echo"] == "[redacted]"
    assert "authorization" not in response.request.headers
    assert SECRET not in caplog.text


@pytest.mark.parametrize(
    ("headers", "reset"),
    [
        ({"X-Rate-Limit-Reset": str(int(NOW.timestamp()) + 90)}, 90),
        ({"x-ratelimit-reset": "2026-03-10T14:31:00.000Z"}, 60),
        ({"X-RateLimit-Reset": "2026-03-10T15:31:00+01:00"}, 60),
        ({"Retry-After": "120"}, 120),
        ({"Retry-After": format_datetime(NOW + timedelta(minutes=3), usegmt=True)}, 180),
        ({"x-rate-limit-reset": "nonsense", "retry-after": "5"}, 5),
        ({"x-rate-limit-reset": str(int(NOW.timestamp()) - 90)}, 0),
        ({"x-rate-limit-reset": str(int(NOW.timestamp()) + 90_000)}, None),
        ({"retry-after": "9" * 400}, None),
        ({"retry-after": "-1"}, None),
        ({}, None),
    ],
)
def test_resets_are_read(headers: dict[str, str], reset: int | None) -> None:
    """Epoch, ISO 8601, seconds and HTTP dates are read; times gone by mean now, and nonsense means unknown."""
    found = http.reset_at(headers, NOW)
    assert found == (None if reset is None else NOW + timedelta(seconds=reset))


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(["x-rate-limit-reset", "Retry-After", "X-RateLimit-Reset"]), st.text()))
def test_any_header_is_read_or_ignored(headers: dict[str, str]) -> None:
    """Whatever stands in such a header, the result is unknown or within a day from now, in UTC."""
    found = http.reset_at(headers, NOW)
    assert found is None or NOW <= found <= NOW + timedelta(days=1)


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"a": ', b"[]", b"3", b"[" * 100_000, b"\xff\xfe"])
def test_what_is_no_object_is_told(body: bytes) -> None:
    """A body that is no JSON object is an outage that says who sent what."""
    with (
        Server(Reply(200, body, {"content-type": "text/plain"})) as server,
        pytest.raises(SourceDown, match="Acme answered 200"),
    ):
        http.json_object(get(server.url), "Acme")


def test_redaction_ignores_empty_secrets() -> None:
    """An empty secret redacts nothing; each other one is taken out everywhere."""
    assert http.redact("a-b-a", ("a", "")) == "[redacted]-b-[redacted]"

"""What the service refuses: policies that reach for the machine, bodies without end, callers without patience."""

from __future__ import annotations

import socket
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
import requests

from tests.cli.commands import DEPLOY
from tests.service.running import wait_for

if TYPE_CHECKING:
    from tests.service.running import Service

POLICY = "version: 1\nrelease: Brimly\nsources: [{source}]\non: {{inconclusive: hold, error: hold}}\n{more}"
FINE = "{type: hackernews, query: brimly}"
REFUSED = [
    ("{type: file, path: /etc/passwd.jsonl}", "", "sources.0.type"),
    (
        "{type: sql, url: 'sqlite:////x.db', query: 'SELECT * FROM t WHERE at >= :since AND at < :until', times: seconds}",
        "",
        "sources.0.type",
    ),
    ("{type: mastodon, server: 'https://127.0.0.1', token: '${AWS_SECRET_ACCESS_KEY}'}", "", "sources.0.token"),
    ("{type: mastodon, server: 'https://127.0.0.1', token: '${ALLOWED}'}", "", "sources.0.server"),
    ("{type: rss, url: 'https://feeds.example/x', token: '${CALLBACK_KEY}'}", "", "sources.0.token"),
    ("{type: rss, url: 'https://[::1]/feed'}", "", "sources.0.url"),
    ("{type: rss, url: 'https://169.254.169.254/latest/meta-data'}", "", "sources.0.url"),
    ("{type: rss, url: 'http://localhost:5432/'}", "", "sources.0.url"),
    ("{type: http, url: 'https://10.0.0.8/posts', items: posts}", "", "sources.0.url"),
    (FINE, "control: [{type: file, path: a.jsonl}]\n", "control.0.type"),
    (FINE, "baseline: {length: 1d, file: /srv/old.jsonl}\n", "baseline.file"),
    (FINE, "scorer: {type: onnx, path: /srv/model, labels: {negative: negative, positive: positive}}\n", "scorer.type"),
    (
        FINE,
        """scorer: {type: http, url: 'https://192.168.1.4/score', request: '{"q": "{text}"}', score: s, batch_size: 1}\n""",
        "scorer.url",
    ),
]


@pytest.mark.parametrize(("source", "more", "field"), REFUSED)
def test_inline_policy_reaches_for_the_machine(service: Service, source: str, more: str, field: str) -> None:
    """A policy sent by a caller may not name files, databases, foreign secrets or private addresses."""
    policy = POLICY.format(source=source, more=more)
    reply = service.post("/v1/runs", {"policy": policy, "deployed_at": DEPLOY.isoformat()})
    assert reply.status_code == 422, reply.text
    faults = {each["field"]: each for each in reply.json()["errors"]}
    assert field in faults, reply.text
    assert reply.headers["Content-Type"] == "application/problem+json"


def test_a_webhook_for_a_service_without_an_app(service: Service) -> None:
    """Whoever sends GitHub's events to a service that knows no App is told that, and not that a signature is wrong."""
    reply = service.ask("POST", "/webhooks/github", token="", json={})
    assert (reply.status_code, "github.app" in reply.json()["hint"]) == (404, True)


def test_inline_policy_that_is_fine(service: Service) -> None:
    """A policy that listens to public places is taken."""
    policy = POLICY.format(source=FINE, more="window: {settle: 2h, length: 4h}\nbaseline: {length: 1d}\n")
    reply = service.post("/v1/runs", {"policy": policy, "release": "Brimly 2"})
    assert reply.status_code == 202, reply.text
    run = service.get(f"/v1/runs/{reply.json()['id']}").json()
    assert run["release"] == "Brimly 2"
    service.post(f"/v1/runs/{run['id']}/cancel", {"reason": "only a test"})


@pytest.mark.parametrize(
    ("callback", "words"),
    [
        ({"url": "https://evil.example/hook"}, "may not be sent to https://evil.example:443"),
        ({"url": "http://ci.example/hook"}, "may not be sent to http://ci.example:80"),
        ({"url": "https://ci.example:8443/hook"}, "may not be sent to https://ci.example:8443"),
        ({"url": "http://169.254.169.254/"}, "may not be sent"),
        ({"url": "https://ci.example@evil.example/"}, "user name"),
        ({"url": "https://ci.example/hook", "secret": "${HOME}"}, "may not sign"),
        ({"url": "https://ci.example/hook", "secret": "${ALLOWED}"}, "may not sign"),
        ({"url": "https://ci.example/hook", "secret": "a key itself"}, "secret"),
        ({"url": "file:///etc/passwd"}, "url"),
    ],
)
def test_callbacks_to_strangers(service: Service, callback: dict[str, str], words: str) -> None:
    """Verdicts are sent to hosts that the operator listed, and signed with keys that are for it."""
    reply = service.post("/v1/runs", {"policy_name": "good", "callback": callback})
    assert reply.status_code == 422
    assert words in reply.text


@pytest.mark.parametrize(
    "url", ["https://ci.example/hook?a=1", "https://below.wild.example/", "http://127.0.0.1:9/hook"]
)
def test_callbacks_to_hosts_by_every_form(service: Service, url: str) -> None:
    """What may be delivered to may be ordered: names below a wildcard, http and an address where they are written out."""
    reply = service.post("/v1/runs", {"policy_name": "long", "callback": {"url": url}})
    assert reply.status_code == 202, reply.text


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
def test_moments_that_utc_does_not_have(service: Service, moment: str) -> None:
    """A time that no clock of ours can say is a fault of who sends it, wherever it stands."""
    callback = {"url": "https://ci.example/hook", "deadline": moment}
    for order in ({"deployed_at": moment}, {"deployed_at": DEPLOY.isoformat(), "callback": callback}):
        assert service.post("/v1/runs", {"policy_name": "good", **order}).status_code == 422
    for name in ("since", "until"):
        assert service.get("/v1/runs", params={name: moment}).status_code == 422
    run = service.post("/v1/runs", {"policy_name": "long"}).json()["id"]
    assert service.post(f"/v1/runs/{run}/extend", {"reason": "longer", "until": moment}).status_code == 422
    service.post(f"/v1/runs/{run}/cancel", {"reason": "only a test"})


@pytest.mark.parametrize("name", ["../service", "..%2Fservice", "/etc/passwd", "good.yml/../bad", "absent", ""])
def test_names_of_policies_lead_nowhere_else(service: Service, name: str) -> None:
    """A policy is named by its name, never by a path."""
    assert service.post("/v1/runs", {"policy_name": name}).status_code == 422


@pytest.mark.parametrize(
    "run", ["..", "../..", "%2e%2e%2f%2e%2e%2fetc%2fpasswd", "last", "2", "261121-202630-x7k2q%00"]
)
@pytest.mark.parametrize("part", ["", "/evidence", "/log", "/chart.svg", "/events", "/verdict"])
def test_runs_are_named_by_id_only(service: Service, run: str, part: str) -> None:
    """Whatever stands in the place of a run's id, no file and no other run is answered."""
    # Sent as it stands: a client that tidies paths up would ask for something else.
    asked = requests.Request("GET", service.url, headers={"Authorization": f"Bearer {service.token}"}).prepare()
    asked.url = f"{service.url}/v1/runs/{run}{part}"
    reply = requests.Session().send(asked, allow_redirects=False)
    assert reply.status_code in {404, 308}, reply.text
    assert "root:" not in reply.text


def test_strangers_run_looks_like_none(service: Service) -> None:
    """A token of one repository learns nothing of another's runs, can do nothing to them, and starts none for it."""
    order = {"policy_name": "long", "labels": {"repository": "acme/secret"}}
    run = service.post("/v1/runs", order).json()["id"]
    other = service.issue("other-pipeline", ["run", "override"], ["acme/other"])
    absent = service.get("/v1/runs/261121-202630-x7k2qa", token=other).json()
    for part in ("", "/verdict", "/log", "/events", "/evidence", "/chart.svg"):
        reply = service.get(f"/v1/runs/{run}{part}", token=other)
        assert reply.status_code == 404
        assert reply.json()["type"] == absent["type"]
    for what in ("approve", "reject", "cancel"):
        assert service.post(f"/v1/runs/{run}/{what}", {"reason": "mine now"}, token=other).status_code == 404
    assert service.get("/v1/runs", token=other).json()["runs"] == []
    assert service.post("/v1/runs", order, token=other).status_code == 403
    assert service.get(f"/v1/runs/{run}").json()["state"] == "running"
    service.post(f"/v1/runs/{run}/cancel", {"reason": "only a test"})


def test_roles(service: Service) -> None:
    """Who may read starts and ends nothing; who may start cancels, but overrides nothing; who overrides cancels as well."""
    reader, runner = service.issue("reader", ["read"]), service.issue("runner", ["run"])
    assert service.post("/v1/runs", {"policy_name": "good"}, token=reader).status_code == 403
    run = service.post("/v1/runs", {"policy_name": "long"}, token=runner).json()["id"]
    assert service.get(f"/v1/runs/{run}", token=reader).ok
    assert service.post(f"/v1/runs/{run}/approve", {"reason": "trust me"}, token=runner).status_code == 403
    assert service.post(f"/v1/runs/{run}/cancel", {"reason": "only a test"}, token=reader).status_code == 403
    assert service.post(f"/v1/runs/{run}/cancel", {"reason": "only a test"}, token=runner).ok
    # Whoever may halt a release may end its run, too, with no other role.
    other = service.post("/v1/runs", {"policy_name": "long"}, token=runner).json()["id"]
    manager = service.issue("manager", ["override"])
    assert (
        service.post(f"/v1/runs/{other}/cancel", {"reason": "only a test"}, token=manager).json()["state"]
        == "cancelled"
    )


@pytest.mark.parametrize("path", ["/v1/runs", "/v1/openapi.json", "/metrics", "/v1/nothing", "/nothing"])
def test_anonymous_gets_nothing(service: Service, path: str) -> None:
    """Without a token there is nothing to see, not even what there is."""
    assert service.get(path, token="").status_code == 401
    assert service.get("/healthz", token="").text == "ok\n"


def test_hundred_megabytes(service: Service) -> None:
    """A body of 100 MB is refused before it is read, and the service stays as quick as it was."""
    host, port = _address(service)
    with socket.create_connection((host, port), timeout=20) as connection:
        connection.sendall(
            f"POST /v1/runs HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {service.token}\r\n"
            "Content-Type: application/json\r\nContent-Length: 100000000\r\n\r\n".encode()
        )
        assert connection.recv(100).startswith(b"HTTP/1.1 413 ")
    chunks = (b" " * 65536 for _ in range(1600))
    headers = {"Content-Type": "application/json"}
    try:
        reply = service.ask("POST", "/v1/runs", data=chunks, headers=headers)
    except OSError:
        pass  # Cut off in the middle of it.
    else:
        assert reply.status_code == 413
    assert service.get("/v1/runs").ok


def test_slow_loris(service: Service) -> None:
    """Two hundred callers that send a letter now and then keep nobody else waiting, and are cut off and logged."""
    host, port = _address(service)
    with ExitStack() as stack:
        slow = [stack.enter_context(socket.create_connection((host, port), timeout=60)) for _ in range(200)]
        for number, each in enumerate(slow):
            each.sendall(b"GET /v1/runs HTTP/1.1\r\nHost: gate\r\nX-Slow: " + b"a" * (number % 7))
        for _ in range(20):
            assert service.get("/v1/runs", timeout=9).ok
        for each in slow:
            each.sendall(b"b")
        with suppress(ConnectionResetError):
            assert slow[0].recv(10) == b""
    wait_for(lambda: "did not send its request" in service.log(), service.log)


def test_slow_body_holds_no_thread_for_strangers(service: Service) -> None:
    """Strangers that promise a body and send none are answered at once, and others too."""
    host, port = _address(service)
    with ExitStack() as stack:
        slow = [stack.enter_context(socket.create_connection((host, port), timeout=20)) for _ in range(40)]
        for each in slow:
            each.sendall(b"POST /v1/runs HTTP/1.1\r\nHost: gate\r\nContent-Length: 9\r\n\r\n{")
        assert service.get("/v1/runs", timeout=15).ok
        assert all(each.recv(12) == b"HTTP/1.1 401" for each in slow)


def _address(service: Service) -> tuple[str, int]:
    parts = urlsplit(service.url)
    assert parts.hostname
    assert parts.port
    return parts.hostname, parts.port
